pub(crate) mod auth;
pub(crate) mod idempotency;
pub(crate) mod input;
pub(crate) mod paging;
