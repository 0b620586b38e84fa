#![doc = include_str!("../README.md")]

pub mod booking;
pub mod ids;
pub mod meeting;
pub mod notice;
pub mod payment;
pub mod service;
pub mod session;
pub mod text;
pub mod user;

pub use booking::{Booking, BookingEvent, BookingRecord, BookingStatus, Cancellation};
pub use ids::{BookingId, NoticeId, PaymentId, ServiceId, SessionId, UserId};
pub use meeting::{LinkRefusal, MeetingBaseUrl, MeetingLinkPolicy, MeetingRoom, PersonalLink, RoomTail, Viewer};
pub use payment::{Currency, Money, PaymentStatus};
pub use service::Service;
pub use user::{EmailAddress, PersonName, Role, TimeZoneName, User};
