//! Closing a room at the video server.

use async_trait::async_trait;
use attune_domain::MeetingRoom;

use crate::BoxError;

/// Closes rooms of the video server that is in use now. Slow or unreachable servers must not block it for more than a
/// few seconds.
#[async_trait]
pub trait RoomCloser: Send + Sync {
    /// Removes everyone from a room, and those who wait in its lobby. Succeeds if no one was there.
    ///
    /// An error means that people may still be in the room. It contains no token and no name of a room.
    async fn close_room(&self, room: &MeetingRoom) -> Result<(), BoxError>;
}
