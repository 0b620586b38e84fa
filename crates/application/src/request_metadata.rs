//! Where a command came from.

/// Where a command came from, for the audit trail and for limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestMetadata {
    /// As in the log and in the response.
    pub request_id: Option<String>,
    /// The caller's network, shortened so that it identifies no one (IPv4 /24, IPv6 /64).
    pub network: Option<String>,
}
