//! Closes a room at the video server, outside of any unit of work.

use std::sync::Arc;

use attune_domain::{Booking, MeetingBaseUrl};
use attune_ports::RoomCloser;

/// What can close the rooms of the current video server.
#[derive(Clone)]
pub struct RoomClosing {
    pub closer: Arc<dyn RoomCloser>,
    /// The base URL of that server. A room on another one, created before the practice changed its server, stays open.
    pub rooms: MeetingBaseUrl,
}

#[derive(Clone)]
pub struct CloseRoom {
    /// `None` where the video server closes no room for us.
    pub closing: Option<RoomClosing>,
}

impl CloseRoom {
    /// Whether no one is in the room of the booking any longer. Failures are logged: what the caller stored stays valid.
    pub(crate) async fn of(&self, booking: &Booking) -> bool {
        let (Some(closing), Some(room)) = (&self.closing, booking.room()) else { return false };
        if !room.url().starts_with(closing.rooms.as_str()) {
            return false;
        }
        let closed = closing.closer.close_room(room).await;
        if let Err(error) = &closed {
            tracing::warn!(booking = %booking.id(), %error, "the room could not be closed");
        }
        closed.is_ok()
    }
}
