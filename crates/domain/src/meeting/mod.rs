//! The practice's video room, and the personal link into it.
//!
//! Read in this order: [`room`] says which room a booking has, [`policy`] says who gets which link and who is refused,
//! [`fragment`] says how a name travels in a link without ever becoming more than a name. For servers that check tokens,
//! [`access`] says when a room is open and [`token`] what a signed link says about a person.

pub mod access;
pub mod fragment;
pub mod policy;
pub mod room;
pub mod token;

pub use access::{AccessState, AccessWindow, TokenValidity};
pub use policy::{LinkRefusal, MeetingLinkPolicy, PersonalLink, Viewer};
pub use room::{MeetingBaseUrl, MeetingRoom, NewRoom, RoomTail};
pub use token::{
    Affiliation, Attendee, Feature, Features, Guest, GuestId, GuestRole, MeetingRole, MeetingTokenClaims, NotAGuestId,
    RecordingPolicy, SignedLink, TokenPlacement, TokenRefusal, TokenSettings, claims_for,
};
