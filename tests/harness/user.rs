//! A user with an account.

use std::ops::Deref;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Api, ApiResponse, Instance};

/// A valid password, different for each number.
pub fn strong_password(number: usize) -> String {
    format!("umbrella-{number}-quiet-heron-harbour")
}

/// A logged-in user; an [`Api`] with its access token.
#[derive(Debug, Clone)]
pub struct User {
    api: Api,
    pub id: i64,
    pub email: String,
    pub password: String,
    pub access: String,
    pub refresh: String,
}

impl Deref for User {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl User {
    pub async fn log_in(api: &Api, email: &str, password: &str) -> Self {
        let body = json!({"email": email, "password": password});
        let tokens = api.with_token(None).post("/api/auth/login", body).await.expect(200);
        let mut person = Self {
            api: api.clone(),
            id: tokens["user"]["id"].as_i64().unwrap(),
            email: email.to_owned(),
            password: password.to_owned(),
            access: String::new(),
            refresh: String::new(),
        };
        person.take(&tokens);
        person
    }

    pub fn take(&mut self, tokens: &Value) {
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        (self.access, self.refresh) = (token("access_token"), token("refresh_token"));
        self.api.secrets.add(&self.access);
        self.api.secrets.add(&self.refresh);
        self.api = self.api.with_token(Some(&self.access));
    }

    /// Confirms the password again, which roles and addresses need.
    pub async fn step_up(&self) {
        self.post("/api/auth/step-up", json!({"password": self.password})).await.expect(204);
    }

    /// The same user with a new login, for example after the clock was moved.
    pub async fn again(&self) -> Self {
        Self::log_in(&self.api, &self.email, &self.password).await
    }

    /// The same user with the same tokens at another instance.
    pub fn at(&self, instance: &Instance) -> Self {
        Self { api: instance.with_token(self.api.token()), ..self.clone() }
    }

    pub async fn book(&self, starts_at: Timestamp) -> ApiResponse {
        self.post("/api/bookings", json!({"scheduled_at": starts_at.to_string()})).await
    }

    pub async fn booked(&self, starts_at: Timestamp) -> i64 {
        self.book(starts_at).await.expect(201)["id"].as_i64().unwrap()
    }

    pub async fn link(&self, booking: i64) -> ApiResponse {
        self.get(&format!("/api/meetings/{booking}/link")).await
    }

    pub async fn meeting_url(&self, booking: i64) -> String {
        self.link(booking).await.expect(200)["meeting_url"].as_str().unwrap().to_owned()
    }

    pub async fn bookings(&self) -> Vec<Value> {
        self.get("/api/bookings").await.expect(200)["bookings"].as_array().unwrap().clone()
    }

    pub async fn detail(&self, booking: i64) -> Value {
        self.get(&format!("/api/admin/bookings/{booking}")).await.expect(200)
    }

    pub async fn notifications(&self, booking: i64) -> Vec<Value> {
        self.detail(booking).await["notifications"].as_array().unwrap().clone()
    }

    /// The actions in the history of a booking.
    pub async fn history(&self, booking: i64) -> Vec<String> {
        let detail = self.detail(booking).await;
        let actions = detail["history"].as_array().unwrap().iter().map(|entry| &entry["action"]);
        actions.map(|action| action.as_str().unwrap().to_owned()).collect()
    }

    pub async fn all_bookings(&self) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = self.get(&format!("/api/admin/bookings?limit=200&offset={}", all.len())).await.expect(200);
            let rows = page["bookings"].as_array().unwrap();
            all.extend(rows.iter().cloned());
            if rows.is_empty() || page["total"] == all.len() {
                return all;
            }
        }
    }
}
