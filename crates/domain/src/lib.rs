#![doc = include_str!("../README.md")]
// Other services depend on this crate, so every public item states its meaning, units and errors.
#![warn(missing_docs)]

#[macro_use]
mod macros;

pub mod booking;
pub mod calendar;
#[cfg(test)]
mod fixtures;
pub mod ids;
pub mod language;
pub mod login_session;
pub mod meeting;
pub mod notification;
mod notify_level;
pub mod one_time_token;
pub mod payment;
pub mod policy;
pub mod practice;
pub mod search;
pub mod second_factor;
#[cfg(feature = "serde")]
mod serialization;
pub mod service;
pub mod terms;
pub mod text;
pub mod user;
mod user_agent;

pub use booking::{
    Booking, BookingEvent, BookingRecord, BookingStatus, Cancellation, CancellationQuote, CancelledPayment,
};
pub use calendar::{
    AppointmentLength, Availability, BookingRules, Interval, Slot, SlotCalculator, SlotError, WeeklyHours,
};
pub use ids::{
    BookingId, ConferenceId, LoginSessionId, NotificationId, OneTimeTokenId, ParticipantId, PaymentId,
    PaymentProblemId, RefundId, ScheduleExceptionId, SeriesId, ServiceId, UserId,
};
pub use language::Language;
pub use meeting::{
    AccessWindow, AccountViewer, JoinToken, LinkError, MeetingBaseUrl, MeetingLinkPolicy, MeetingRole, MeetingRoom,
    MeetingTokenClaims, Participant, ParticipantRole, PersonalLink, RoomSuffix, SignedLink, ViewerId,
};
pub use notify_level::NotifyLevel;
pub use one_time_token::{ChosenSlot, OneTimePurpose, OneTimeToken};
pub use payment::{Currency, Money, PaymentStatus};
pub use policy::PracticePolicy;
pub use practice::{Formality, Installation, Practice, PracticeName, PracticeTexts};
pub use search::PersonSearch;
pub use second_factor::SecondFactorPolicy;
pub use service::Service;
pub use terms::ChangeTerms;
pub use user::{EmailAddress, NameFallback, PersonName, Role, TimeZoneName, User};
pub use user_agent::user_agent_name;
