//! The content of an emailed link.

use super::ViewerId;
use crate::BookingId;

/// What the signed part of a join page's URL identifies. It has neither time nor name: the link opens the session as it
/// is then, also after it was moved, and can be used any number of times.
///
/// A token is valid while its version is the booking's [`crate::BookingRecord::link_version`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JoinToken {
    /// The booking.
    pub booking: BookingId,
    /// The viewer for whom the link was made.
    pub viewer: ViewerId,
    /// The booking's link version at that time.
    pub link_version: u32,
}
