#![doc = include_str!("../README.md")]

pub mod booking;
pub mod calendar;
pub mod ids;
pub mod meeting;
pub mod notice;
pub mod payment;
pub mod policy;
pub mod service;
pub mod session;
pub mod text;
pub mod user;

pub use booking::{Booking, BookingEvent, BookingRecord, BookingStatus, Cancellation};
pub use calendar::{Availability, BookingRules, Calendar, Interval, SessionLength, Slot, SlotRefusal, WeeklyHours};
pub use ids::{
    BookingId, ConferenceId, NoticeId, ParticipantId, PaymentId, PaymentProblemId, RefundId, ServiceId, SessionId,
    TimeOffId, UserId,
};
pub use meeting::{
    AccessWindow, JoinTicket, LinkRefusal, MeetingBaseUrl, MeetingLinkPolicy, MeetingRole, MeetingRoom,
    MeetingTokenClaims, Participant, ParticipantRole, Person, PersonalLink, RoomTail, SignedLink, Viewer,
};
pub use payment::{Currency, Money, PaymentStatus};
pub use policy::{CancellationQuote, ChangeTerms, PracticePolicy};
pub use service::Service;
pub use user::{EmailAddress, PersonName, Role, TimeZoneName, User};
