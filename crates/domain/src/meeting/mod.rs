//! The practice's video room, and the personal link into it.
//!
//! Read in this order: [`room`] says which room a booking has, [`policy`] says who gets which link and who is refused,
//! [`fragment`] says how a name travels in a link without ever becoming more than a name. For servers that check tokens,
//! [`access`] says when a room is open and [`token`] what a signed link says about a person. [`participant`] is about
//! people who are invited without an account, [`join_token`] about what a mailed link stands for. What a server asks and tells
//! us is in [`reservation`] and [`mod@attendance`].

pub mod access;
pub mod attendance;
pub mod fragment;
pub mod join_token;
pub mod participant;
pub mod policy;
pub mod reservation;
pub mod room;
#[cfg(test)]
pub(crate) mod testkit;
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
