//! Meeting links, the people in a room, and what the video server asks and tells.

mod attendance;
mod join_meeting;
mod links;
mod participants;
mod resend_links;
mod revoke_links;
mod rooms;

pub use attendance::{AttendanceReport, BookingAttendance, RecordAttendance, Reported, RoomReport};
pub use join_meeting::{JoinError, JoinMeeting, JoinOutcome, JoinView};
pub use links::{EmailLinkTarget, JoinPages, MeetingLinkError, MeetingLinkView, MeetingLinks, Signing, Validity};
pub use participants::{InviteParticipantCommand, ManageParticipants, ParticipantError, RevokeParticipantCommand};
pub use resend_links::ResendLinks;
pub use revoke_links::{RevokeLinks, RevokeLinksCommand, RevokeLinksError};
pub use rooms::{ReserveError, ReserveRooms, ReservedRoom};

#[cfg(test)]
mod tests;
