//! Meeting links, the people in a room, and what the video server asks and tells.

mod attendance;
mod join;
mod links;
mod participants;
mod recover;
mod revoke;
mod rooms;

pub use attendance::{AttendanceReport, AttendedSession, RecordAttendance, Reported, RoomReport};
pub use join::{Entrance, JoinError, JoinSession, JoinView};
pub use links::{JoinPages, MailedLink, MeetingLinkError, MeetingLinks, PersonalView, Signing, Validity};
pub use participants::{InviteParticipantCommand, ManageParticipants, ParticipantError, RevokeParticipantCommand};
pub use recover::RecoverLinks;
pub use revoke::{RevokeLinks, RevokeLinksCommand, RevokeLinksError};
pub use rooms::{ReserveError, ReserveRooms, ReservedRoom};

#[cfg(test)]
mod tests;
