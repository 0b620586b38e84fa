#![doc = include_str!("../README.md")]

mod address;
mod lifecycle;
mod pending_body;
mod rate_limits;
mod request_id;
mod security_headers;

pub use address::{AddressRange, InvalidAddressRange, client_address, network_name};
pub use lifecycle::{Ending, Interruption, run};
pub use pending_body::PendingBody;
pub use rate_limits::{LoginAttempt, RateLimited, RateLimiter, RateLimits};
pub use request_id::{RequestId, current_request_id, in_current_request};
pub use security_headers::{NO_CONTENT_POLICY, add_security_headers};
