//! What a mailed link stands for.

use super::ViewerId;
use crate::BookingId;

/// The right to ask for one person's link into one session, at any time, as often as they like. It holds no time and no
/// name: it leads to the session as it is when the link is opened, wherever it was moved to.
///
/// A ticket is good while its version is the booking's [`crate::BookingRecord::link_version`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JoinToken {
    /// Which session.
    pub booking: BookingId,
    /// Whose link.
    pub viewer: ViewerId,
    /// The version of the booking's links when the ticket was made.
    pub link_version: u32,
}
