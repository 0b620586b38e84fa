#![doc = include_str!("../README.md")]

mod admin;
mod client;
mod limits;
mod middleware;
mod openapi;
mod public;
mod request;
mod response;
mod route_names;
mod routes;
mod server;
mod settings;
mod state;
mod webhooks;

pub use middleware::current_request_id;
pub use openapi::{openapi, openapi_json};
pub use server::serve;
pub use settings::{AddressRange, Branding, HttpSettings, Limits, NotAnAddressRange, ServerSecret};
pub use state::Api;

#[cfg(test)]
mod tests;
