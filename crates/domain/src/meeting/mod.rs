//! The practice's video room, and the personal link into it.
//!
//! Read in this order: [`room`] says which room a booking has, [`policy`] says who gets which link and who is refused,
//! [`fragment`] says how a name travels in a link without ever becoming more than a name.

pub mod fragment;
pub mod policy;
pub mod room;

pub use policy::{LinkRefusal, MeetingLinkPolicy, PersonalLink, Viewer};
pub use room::{MeetingBaseUrl, MeetingRoom, NewRoom, RoomTail};
