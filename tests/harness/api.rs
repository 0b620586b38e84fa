//! An HTTP client of the API.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::ApiResponse;
use crate::secrets::Secrets;

#[derive(Debug, Clone)]
pub struct Api {
    http: Client,
    base: String,
    token: Option<String>,
    pub(crate) secrets: Secrets,
}

impl Api {
    pub(crate) fn new(base: String, secrets: Secrets) -> Self {
        // Redirects are responses to look at, and no proxy stands between the test and the service.
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { http, base, token: None, secrets }
    }

    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// An error means that there was no response.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<ApiResponse> {
        let request = request.build()?;
        let name = format!("{} {}", request.method(), request.url().path());
        ApiResponse::read(name, self.http.execute(request).await?).await
    }

    pub async fn send(&self, request: RequestBuilder) -> ApiResponse {
        self.try_send(request).await.expect("the service responds")
    }

    pub async fn get(&self, path: &str) -> ApiResponse {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> ApiResponse {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> ApiResponse {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> ApiResponse {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }
}
