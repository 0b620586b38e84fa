//! Money, time and states in JSON.

use std::fmt;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, HttpResponseBuilder};
use attune_domain::notification::{NotificationKind, NotificationState};
use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{Currency, Formality, Language, Money, NotifyLevel, ParticipantRole};
use attune_http_common::schema::words;
use attune_ports::{ProblemKind, Provider, RefundCause};
use jiff::Timestamp;
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// An amount of money as a JSON number with exactly the currency's decimals, such as `100.00`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount(pub(crate) Money);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_decimal()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// A sum of payments and refunds, which may be negative: a number like [`Amount`], such as `-12.50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) minor: i64,
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

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportFormat {
    Json,
    Csv,
}

pub(crate) const REPORT_FORMATS: &[(&str, ReportFormat)] = &[("json", ReportFormat::Json), ("csv", ReportFormat::Csv)];

/// A table as a file to download (RFC 4180).
pub(crate) fn as_csv(mut response: HttpResponseBuilder, name: &str, table: String) -> HttpResponse {
    response
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .body(table)
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

pub(crate) fn json(body: &impl Serialize) -> String {
    // Strings, numbers and lists of them always have a JSON form.
    serde_json::to_string(body).unwrap_or_default()
}

/// A choice between words, the first of which is the default.
fn choice<const N: usize>(words: [&'static str; N]) -> Object {
    let first = words.first().copied();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).default(first.map(Into::into)).build()
}

pub(crate) fn report_format() -> Object {
    choice(["json", "csv"])
}

pub(crate) fn revenue_period() -> Object {
    choice(["day", "month"])
}

pub(crate) fn booking_order() -> Object {
    choice(["-scheduled_at", "scheduled_at"])
}

pub(crate) fn health_status() -> Object {
    words("State: `warn` if it works, but needs attention.", ["ok", "warn", "failing"])
}

pub(crate) fn provider() -> Object {
    let description = "Payment provider: `none`, `offline` (the practice itself), `test` or `stripe`.";
    words(description, Provider::ALL.map(Provider::as_str))
}

pub(crate) fn payment_state() -> Object {
    let description = "State of the payment: `opening`, `open` and `closing` until the attempt is over, `processing` \
                       while the provider processes it, `settled` if it pays for the booking, `unapplied` if it was \
                       received when no booking needed it, `closed` if nothing was received.";
    words(description, PaymentState::ALL.map(PaymentState::as_str))
}

pub(crate) fn refund_stage() -> Object {
    let description = "Status of the refund: `queued` until it is sent to the provider or paid out by hand, `pending` \
                       while the provider processes it, `succeeded` when it was paid out, `failed` if it was not or \
                       came back, `retried` if it failed and another refund replaced it.";
    words(description, RefundStage::ALL.map(RefundStage::as_str))
}

pub(crate) fn refund_status() -> Object {
    use RefundStage as R;
    let description = "Status of the refund: `queued` until it is sent to the provider or paid out by hand, `pending` \
                       while the provider processes it, `succeeded` when it was paid out, `failed` if it was not or \
                       came back, until it is retried.";
    words(description, [R::Queued, R::Pending, R::Succeeded, R::Failed].map(R::as_str))
}

pub(crate) fn refund_cause() -> Object {
    let description = "Cause: `cancelled` together with the booking, `requested` by an admin, `unapplied` because \
                       nothing was due when the payment was received, `external` if it was made in the provider's \
                       dashboard.";
    words(description, RefundCause::ALL.map(RefundCause::as_str))
}

pub(crate) fn ledger_kind() -> Object {
    let description = "Kind of entry: `captured` for a payment, `refunded` for a refund, `refund_reversed` for a \
                       refund that the client's bank returned.";
    words(description, LedgerKind::ALL.map(LedgerKind::as_str))
}

pub(crate) fn payment_problem_kind() -> Object {
    let description = "Kind of problem: `wrong_amount`, `wrong_currency`, `wrong_mode` (a test payment instead of a \
                       live one, or vice versa) or `wrong_booking` if a payment does not match what is due, \
                       `unknown_checkout` if the provider does not know a checkout that it had opened, \
                       `unknown_booking` if a payment belongs to no booking, `refund_failed` if a refund failed.";
    words(description, ProblemKind::ALL.map(ProblemKind::as_str))
}

pub(crate) fn settlement() -> Object {
    let description = "How the price is settled: `online` if the client is asked by email to pay, `offline_paid` if it \
                       has been paid already, `waived` if nothing is due. Defaults to `online`, or, where the practice \
                       collects payments itself, to an email about how to pay.";
    optional(words(description, ["online", "offline_paid", "waived"]))
}

pub(crate) fn on_conflict() -> Object {
    let description = "What happens if some of the dates cannot be booked: `fail` books none of them, `skip` books \
                       the others. Defaults to `fail`.";
    optional(words(description, ["fail", "skip"]))
}

/// The choice as a field of a request: null is the same as leaving it out.
fn optional(mut choice: Object) -> Object {
    choice.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
    if let Some(values) = &mut choice.enum_values {
        values.push(Value::Null);
    }
    choice
}

pub(crate) fn notification_kind() -> Object {
    let kinds = NotificationKind::WITHOUT_OFFSET.into_iter().chain([NotificationKind::Reminder { minutes_before: 0 }]);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(kinds.map(NotificationKind::as_str))).build()
}

pub(crate) fn notification_state() -> Object {
    words("State of the email.", NotificationState::ALL.map(NotificationState::as_str))
}

pub(crate) fn notify_level() -> Object {
    let description = "Which emails a therapist gets about the bookings in their calendar: `none`, `changes` for what others \
                       book, move and cancel and for payments that need review, `all` also for what the therapist did and for \
                       payments received.";
    words(description, NotifyLevel::ALL.map(NotifyLevel::as_str))
}

pub(crate) fn new_notify_level() -> Object {
    optional(notify_level())
}

pub(crate) fn user_language() -> Object {
    let description = "Language (BCP 47) of emails, and of pages in a browser in which no other was chosen; emails are in \
                       English if null.";
    optional(words(description, Language::ALL.map(Language::as_str)))
}

pub(crate) fn participant_language() -> Object {
    let description = "Language (BCP 47) of emails and of the join page; the client's if null.";
    optional(words(description, Language::ALL.map(Language::as_str)))
}

pub(crate) fn formality() -> Object {
    let description = "How German emails and pages address their reader: `formal` with Sie, `informal` with du.";
    words(description, Formality::ALL.map(Formality::as_str))
}

pub(crate) fn new_formality() -> Object {
    optional(formality())
}

pub(crate) fn recipient_role() -> Object {
    words("Role of the recipient.", ["client", "admin", "participant"])
}

pub(crate) fn participant_role() -> Object {
    let description = "Role in the room: `participant` takes part like the client, `presenter` can also share a \
                       screen, `observer` watches and listens.";
    words(description, ParticipantRole::ALL.map(ParticipantRole::as_str))
}

pub(crate) fn history_actor() -> Object {
    let description = "Who did it: the `client`, an `admin`, the service itself (`system`), or the payment provider \
                       (`webhook`).";
    words(description, ["client", "admin", "system", "webhook"])
}

pub(crate) fn attendance_role() -> Object {
    let description = "Role of the person: `participant` was invited without an account, `unknown` joined without a \
                       signed link and stands for one connection.";
    words(description, ["client", "therapist", "participant", "unknown"])
}

#[cfg(test)]
mod tests;
