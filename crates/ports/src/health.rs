//! Readiness checks of the parts of the system.

use async_trait::async_trait;

/// The health of a part of the system. The texts are fixed, short and public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// The part works.
    Ok,
    /// The part works, but an operator should investigate.
    Warn(&'static str),
    /// The part does not work; the instance should receive no requests.
    Failing(&'static str),
}

/// A part of the system whose health can be checked.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// The name of the part in the readiness response: `instance`, `database`, `migrations`, `outbox`, `payments`, `admins`,
    /// `mail`, `jitsi`, `time_zones`, `backup`.
    fn name(&self) -> &'static str;

    /// The version of the part, where it is of interest.
    fn version(&self) -> Option<&str> {
        None
    }

    /// Checks the part. Completes within a few seconds.
    async fn check(&self) -> Health;
}
