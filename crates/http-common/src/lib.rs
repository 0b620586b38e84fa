#![doc = include_str!("../README.md")]

mod address;
mod body;
mod calendar_file;
mod document;
mod endpoint;
mod lifecycle;
mod pending_body;
mod problem;
mod rate_limits;
mod request_id;
mod revenue_csv;
pub mod schema;
mod security_headers;
mod sliced_body;
mod traffic;

pub use address::{AddressRange, InvalidAddressRange, Network, client_address, network_name};
pub use body::{RequestLimits, wants_json};
pub use calendar_file::{CALENDAR_TYPE, calendar_feed, calendar_file};
pub use document::Document;
pub use endpoint::Endpoint;
pub use lifecycle::{Ending, Interruption, run};
pub use pending_body::PendingBody;
pub use problem::{Code, FieldError, FieldErrorBody, HandlerResult, Problem, ProblemBody, Row};
pub use rate_limits::{LoginAttempt, RateLimited, RateLimiter, RateLimits};
pub use request_id::{RequestId, current_request_id, in_current_request};
pub use revenue_csv::{period_name, revenue_csv};
pub use security_headers::{NO_CONTENT_POLICY, add_security_headers};
pub use sliced_body::SLICE;
pub use traffic::{Durations, RouteTraffic, Traffic};
