//! The name of a request, which its answer carries and each line that is logged about it.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderName;

use crate::state::State;

tokio::task_local! {
    /// The request that is being answered. A span of `tracing` would tell it, too, but is opened, entered and closed in a
    /// registry of all threads, which takes longer than telling the id does.
    static CURRENT: RequestId;
}

/// The name of one request: in the answer, in the log, and on the audit trail.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    /// The client's own, if it is short and harmless; otherwise a random one.
    pub(crate) fn of(request: &ServiceRequest, state: &State) -> Self {
        let harmless = |id: &&str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let given = request.headers().get(Self::HEADER).and_then(|value| value.to_str().ok()).filter(harmless);
        Self(given.map_or_else(|| state.api.random.hex_id().into(), Arc::from))
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Lets the work know this as the request that it is for.
    pub(crate) async fn during<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }
}

/// Lets work that goes on after the answer know the request that it comes from.
pub(crate) fn in_current_request<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let current = CURRENT.try_with(RequestId::clone).ok();
    async move {
        match current {
            Some(id) => id.during(work).await,
            None => work.await,
        }
    }
}

/// The id of the request that the running task answers, for the log. `None` outside of requests.
pub fn current_request_id() -> Option<Arc<str>> {
    CURRENT.try_with(|id| Arc::clone(&id.0)).ok()
}
