//! How money, time and states are written in JSON.

use attune_domain::notice::NoticeState;
use attune_domain::{BookingStatus, Money, ParticipantRole, PaymentStatus};
use jiff::Timestamp;
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// An amount of money as a JSON number with exactly the currency's decimals, such as `100.00`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount(pub(crate) Money);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_decimal()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// An instant, RFC 3339 in UTC, to the second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = Timestamp::from_second(self.0.as_second()).map_err(S::Error::custom)?;
        serializer.collect_str(&whole)
    }
}

/// Writes an answer down.
pub(crate) fn json(answer: &impl Serialize) -> String {
    // Texts, numbers and lists of them always have a JSON form.
    serde_json::to_string(answer).unwrap_or_default()
}

/// The words for where a booking is in its life, for the description of the API.
pub(crate) fn booking_status() -> Object {
    words("Where the booking is in its life.", BookingStatus::ALL.map(BookingStatus::as_str))
}

/// The words for what is known about the money.
pub(crate) fn payment_status() -> Object {
    words("What is known about the money.", PaymentStatus::ALL.map(PaymentStatus::as_str))
}

/// The words for how the price of a session is settled that a therapist books.
pub(crate) fn asked_payment() -> Object {
    let description = "How the price is settled: `online` as if the client had booked, `offline_paid` when it came in \
                       already, `waived` when nothing is due. `online` when left out.";
    words(description, ["online", "offline_paid", "waived"])
}

/// The words for what happens to a series when some of its dates cannot be booked.
pub(crate) fn on_conflict() -> Object {
    let description = "What happens when some of the dates cannot be booked: `fail` books none of them, `skip` books the \
                       others. `fail` when left out.";
    words(description, ["fail", "skip"])
}

/// The words for where a mail is in its life.
pub(crate) fn notice_state() -> Object {
    words("Where the mail is in its life.", NoticeState::ALL.map(NoticeState::as_str))
}

/// The words for what somebody is invited as.
pub(crate) fn participant_role() -> Object {
    let description = "What somebody is invited as: `participant` takes part as the client does, `presenter` may show a \
                       screen besides, `observer` comes to watch and listen.";
    words(description, ParticipantRole::ALL.map(ParticipantRole::as_str))
}

/// The words for as what somebody was in a room.
pub(crate) fn attendance_role() -> Object {
    let description = "As what: `participant` is somebody invited without an account, `unknown` somebody who came in \
                       without a signed link, and then stands for one connection.";
    words(description, ["client", "therapist", "participant", "unknown"])
}

fn words<const N: usize>(description: &str, words: [&'static str; N]) -> Object {
    let first = words.first().copied();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words))
        .examples(first)
        .build()
}
