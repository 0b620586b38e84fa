//! The page for paths without a route.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use attune_http_common::{Code, HandlerResult};

use super::message::Message;
use crate::web::{View, Web};

/// Stands for all of them.
pub(crate) const PATH: &str = "/{unknown}";

/// A page for browsers, a problem for programs.
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let accept = http.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_browser = accept.is_some_and(|accept| accept.contains("text/html"));
    let reads = matches!(*http.method(), Method::GET | Method::HEAD);
    if reads && is_browser && !http.path().starts_with("/api/") {
        page(&web.view(&http).await)
    } else {
        Err(Code::NotFound.into())
    }
}

pub(crate) fn page(view: &View<'_>) -> HandlerResult {
    Message::new(view, "not-found", "not-found-sentence").respond(view, StatusCode::NOT_FOUND)
}
