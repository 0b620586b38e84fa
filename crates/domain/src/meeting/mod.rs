//! Video rooms and the personal links into them.
//!
//! Read in this order: [`room`] (the room of a booking), [`policy`] (who gets which link), [`fragment`] (how a name is
//! encoded in a link), then for servers that verify tokens [`access`] (when a room is open) and [`token`] (the claims of a
//! signed link). [`participant`] covers people without an account, [`join_token`] the links in emails, [`reservation`]
//! and [`mod@attendance`] the requests of the video server.

pub mod access;
pub mod attendance;
pub mod fragment;
pub mod join_token;
pub mod participant;
pub mod policy;
pub mod reservation;
pub mod room;
pub mod token;

pub use access::{AccessState, AccessWindow, TokenValidity};
pub use attendance::{AttendanceEvent, AttendanceEventKind, AttendanceSummary, attendance};
pub use join_token::JoinToken;
pub use participant::{Participant, ParticipantRole, ViewerId};
pub use policy::{AccountViewer, LinkError, MeetingLinkPolicy, PersonalLink, Viewer};
pub use reservation::{Reservation, ReservationError, RoomLimits};
pub use room::{MeetingBaseUrl, MeetingRoom, NewRoom, RoomSuffix};
pub use token::{
    Affiliation, Feature, Features, MeetingRole, MeetingTokenClaims, RecordingPolicy, SignedLink, TokenPlacement,
    TokenSettings, claims_for,
};
