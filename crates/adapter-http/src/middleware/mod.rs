//! What happens to every request and every response, whatever they are about.

pub(crate) mod client;
mod cors;
mod edge;
mod unread;

pub(crate) use edge::{RequestId, edge};
