//! Meeting links, join pages, participants, the requests of the video server, and ending its conferences.

mod attendance;
mod close_room;
mod end_appointment;
mod join_meeting;
mod links;
mod participants;
mod resend_links;
mod revoke_links;
mod rooms;

pub use attendance::{AttendanceReport, BookingAttendance, RecordAttendance, RecordAttendanceOutcome, RoomReport};
pub use close_room::{CloseRoom, RoomClosing};
pub use end_appointment::{EndAppointment, EndAppointmentCommand, EndedAppointment};
pub use join_meeting::{JoinError, JoinMeeting, JoinOutcome, JoinView};
pub use links::{EmailLinkTarget, JoinPages, LinkSigning, MeetingLinkError, MeetingLinkView, MeetingLinks, Validity};
pub use participants::{InviteParticipantCommand, ManageParticipants, ParticipantError, RevokeParticipantCommand};
pub use resend_links::ResendLinks;
pub use revoke_links::{RevokeLinks, RevokeLinksCommand, RevokeLinksError};
pub use rooms::{ReserveConference, ReserveConferenceError, ReservedConference};

#[cfg(test)]
mod tests;
