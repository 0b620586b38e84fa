//! Where a command came from.

/// Where a command came from, for the audit trail and for limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestMetadata {
    /// The request's id, as in the log and in the answer.
    pub request_id: Option<String>,
    /// The caller's network, shortened so that it names no single person (IPv4 /24, IPv6 /64).
    pub network: Option<String>,
}
