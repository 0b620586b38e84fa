//! What happens to every request and every response, whatever they are about.

pub(crate) mod client;
mod cors;
mod edge;
mod request_id;
mod unread;

pub(crate) use edge::edge;
pub use request_id::current_request_id;
pub(crate) use request_id::{RequestId, in_current_request};
