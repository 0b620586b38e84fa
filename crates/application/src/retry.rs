//! Retries units of work that are contended.

use attune_ports::StoreError;

/// How often a contended unit of work is tried in all.
const ATTEMPTS: usize = 4;

/// An error that may be a store's.
pub(crate) trait MaybeContended {
    /// Whether trying again from the start may work.
    fn is_contended(&self) -> bool;
}

impl MaybeContended for StoreError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Contended)
    }
}

/// Runs an attempt until it is no longer contended, at most [`ATTEMPTS`] times.
///
/// There is no pause in between: the store itself waits for its locks, so an attempt that comes back contended has
/// already waited.
pub(crate) async fn retrying<T, E, F>(mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    E: MaybeContended,
    F: Future<Output = Result<T, E>>,
{
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if error.is_contended() => tracing::debug!("unit of work contended, trying again"),
            other => return other,
        }
    }
    attempt().await
}

/// Implements [`MaybeContended`] for an error enum with a `Store(StoreError)` variant.
macro_rules! contended_through_store {
    ($($error:ty),+ $(,)?) => {$(
        impl $crate::retry::MaybeContended for $error {
            fn is_contended(&self) -> bool {
                matches!(self, Self::Store(attune_ports::StoreError::Contended))
            }
        }
    )+};
}
pub(crate) use contended_through_store;
