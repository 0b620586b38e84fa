//! The id of a request, which its response and each log line about it carry.

use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName};
use attune_ports::Random;

tokio::task_local! {
    /// The request that the task processes. A span of `tracing` would do as well, but is opened, entered and closed in a
    /// registry that all threads share, which costs more than logging the id.
    static CURRENT: RequestId;
}

/// The id of one request: in the response, in the log, and on the audit trail.
#[derive(Debug, Clone)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The header that carries it, in both directions.
    pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    /// The client's own, if it is short and harmless; otherwise a random one.
    pub fn of(headers: &HeaderMap, random: &dyn Random) -> Self {
        let harmless = |id: &&str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let given = headers.get(Self::HEADER).and_then(|value| value.to_str().ok()).filter(harmless);
        Self(given.map_or_else(|| random.hex_id().into(), Arc::from))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Runs the work as part of this request.
    pub async fn during<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }
}

/// Runs work that continues after the response as part of the current request.
pub fn in_current_request<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let current = CURRENT.try_with(RequestId::clone).ok();
    async move {
        match current {
            Some(id) => id.during(work).await,
            None => work.await,
        }
    }
}

/// The id of the request that the running task processes, for the log. `None` outside of requests.
pub fn current_request_id() -> Option<Arc<str>> {
    CURRENT.try_with(|id| Arc::clone(&id.0)).ok()
}
