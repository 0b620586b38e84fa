//! Whether a part of the system can do its work now.

use async_trait::async_trait;

/// What a part says of itself. The words are fixed, short and public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// All is well.
    Ok,
    /// It works, and somebody should look at it.
    Warn(&'static str),
    /// It does not work; the instance should get no requests.
    Failing(&'static str),
}

/// A part that can be asked.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// The part's name in the readiness answer: `database`, `migrations`, `outbox`, `mail`, `jitsi`.
    fn name(&self) -> &'static str;

    /// Asks it. Ends within a few seconds.
    async fn check(&self) -> Health;
}
