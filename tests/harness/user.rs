//! Somebody with an account.

use std::ops::Deref;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Api, ApiResponse, Instance};

/// A password that passes for clients and admins, different for each number.
pub fn strong_password(number: usize) -> String {
    format!("umbrella-{number}-quiet-heron-harbour")
}

/// Somebody with an account, logged in. What an [`Api`] can, a person can, with their access token.
#[derive(Debug, Clone)]
pub struct User {
    api: Api,
    /// The account.
    pub id: i64,
    /// The address they log in with.
    pub email: String,
    /// The password.
    pub password: String,
    /// The newest access token.
    pub access: String,
    /// The newest refresh token.
    pub refresh: String,
}

impl Deref for User {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl User {
    /// Logs in.
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

    /// Keeps new tokens.
    pub fn take(&mut self, tokens: &Value) {
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        (self.access, self.refresh) = (token("access_token"), token("refresh_token"));
        self.api.secrets.add(&self.access);
        self.api.secrets.add(&self.refresh);
        self.api = self.api.with_token(Some(&self.access));
    }

    /// The same person with a new login, for example after a journey through time.
    pub async fn again(&self) -> Self {
        Self::log_in(&self.api, &self.email, &self.password).await
    }

    /// The same person, with the same tokens, at another instance.
    pub fn at(&self, instance: &Instance) -> Self {
        Self { api: instance.with_token(self.api.token()), ..self.clone() }
    }

    /// Wants a session at this time.
    pub async fn book(&self, starts_at: Timestamp) -> ApiResponse {
        self.post("/api/bookings", json!({"scheduled_at": starts_at.to_string()})).await
    }

    /// The id of a new booking, which has to succeed.
    pub async fn booked(&self, starts_at: Timestamp) -> i64 {
        self.book(starts_at).await.expect(201)["id"].as_i64().unwrap()
    }

    /// Asks for the own link into a session.
    pub async fn link(&self, booking: i64) -> ApiResponse {
        self.get(&format!("/api/meetings/{booking}/link")).await
    }

    /// The own link into a session, which has to be there.
    pub async fn meeting_url(&self, booking: i64) -> String {
        self.link(booking).await.expect(200)["meeting_url"].as_str().unwrap().to_owned()
    }

    /// The own bookings.
    pub async fn bookings(&self) -> Vec<Value> {
        self.get("/api/bookings").await.expect(200)["bookings"].as_array().unwrap().clone()
    }

    /// What an admin sees of a booking.
    pub async fn detail(&self, booking: i64) -> Value {
        self.get(&format!("/api/admin/bookings/{booking}")).await.expect(200)
    }

    /// What an admin sees of the mails about a booking: kind, offset and all.
    pub async fn notifications(&self, booking: i64) -> Vec<Value> {
        self.detail(booking).await["notifications"].as_array().unwrap().clone()
    }

    /// Every booking there is, as an admin sees them, page by page.
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
