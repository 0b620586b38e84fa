//! How money, time and states are written in JSON.

use std::fmt;

use attune_domain::notification::NotificationState;
use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{BookingStatus, Currency, Money, ParticipantRole, PaymentStatus};
use attune_ports::{ProblemKind, RefundCause};
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

/// A sum of what came and went, in minor units, which may be below zero: a number like [`Amount`], such as `-12.50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Balance {
    /// In minor units.
    pub(crate) minor: i64,
    /// Says how many decimals it has.
    pub(crate) currency: Currency,
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.currency.decimal(self.minor))
    }
}

impl Serialize for Balance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
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

/// The words for where an attempt to collect the price stands.
pub(crate) fn payment_state() -> Object {
    let description = "Where the attempt stands: `opening`, `open` and `closing` until it is over, `processing` while the \
                       money is on its way, `settled` when the booking stands on it, `surplus` when it came and was not \
                       needed any more, `closed` when nothing came.";
    words(description, PaymentState::ALL.map(PaymentState::as_str))
}

/// The words for where a refund stands.
pub(crate) fn refund_stage() -> Object {
    let description = "Where the refund stands: `queued` until somebody gave it back, `pending` while the provider works on \
                       it, `succeeded` when the money left, `failed` when it did not or came back, `retried` when it \
                       failed and another refund took its place.";
    words(description, RefundStage::ALL.map(RefundStage::as_str))
}

/// The words for where a refund stands, for the client who gets it.
pub(crate) fn refund_status() -> Object {
    use RefundStage as R;
    let description = "Where the refund stands: `queued` until somebody gave it back, `pending` while the provider works on \
                       it, `succeeded` when the money left, `failed` when it did not or came back, until it is tried again.";
    words(description, [R::Queued, R::Pending, R::Succeeded, R::Failed].map(R::as_str))
}

/// The words for why money goes back.
pub(crate) fn refund_cause() -> Object {
    let description = "Why: `cancelled` with the session, `asked` by an admin, `surplus` because it came when nothing was \
                       due any more, `elsewhere` by somebody on the provider's own pages.";
    words(description, RefundCause::ALL.map(RefundCause::as_str))
}

/// The words for which way money went.
pub(crate) fn ledger_kind() -> Object {
    let description = "Which way the money went: `captured` came in, `refunded` went back, `refund_reversed` had gone back \
                       and came in again, because the client's bank did not take it.";
    words(description, LedgerKind::ALL.map(LedgerKind::as_str))
}

/// The words for what a person has to look at.
pub(crate) fn payment_problem_kind() -> Object {
    let description = "What is wrong: `wrong_amount`, `wrong_currency`, `wrong_mode` (test money for real money, or the \
                       other way round) or `wrong_booking` when that came which was not asked for, `unknown_checkout` \
                       when the provider does not know a checkout of its own, `unknown_booking` when money came for no \
                       booking of ours, `refund_failed` when money did not go back.";
    words(description, ProblemKind::ALL.map(ProblemKind::as_str))
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
    words("Where the mail is in its life.", NotificationState::ALL.map(NotificationState::as_str))
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

#[cfg(test)]
mod tests;
