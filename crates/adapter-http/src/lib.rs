#![doc = include_str!("../README.md")]

mod admin;
mod client;
mod connections;
mod middleware;
mod openapi;
mod pages;
mod public;
mod request;
mod response;
mod route_names;
mod routes;
mod server;
mod settings;
mod state;
mod webhooks;

pub use attune_http_common::{RateLimits, current_request_id};
pub use openapi::openapi_json;
pub use pages::Pages;
pub use server::serve;
pub use settings::{Branding, HttpSettings, ServerSecret};
pub use state::Api;

#[cfg(test)]
mod tests;
