//! The table of all problems, and the mapping of errors to its rows.
//!
//! A response carries its [`Problem`] until the outermost middleware renders it as `application/problem+json` (RFC
//! 9457), because only there every response has a request id, the framework's own included.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use attune_application::accounts::{
    AddUserError, AuthenticateError, ChangePasswordError, LogInError, ManageUserError, PasswordProblem, RefreshError,
    RegisterError, UpdateProfileError,
};
use attune_application::bookings::{
    AvailabilityError, BookingAccessError, ChangeBookingError, CreateBookingError, CreateSeriesError, SeriesConflict,
};
use attune_application::meetings::{JoinError, MeetingLinkError, ParticipantError, RevokeLinksError};
use attune_application::payments::{
    HandlePaymentWebhookError, OpenCheckoutError, PayTestCheckoutError, RecordOfflineError, RefundPaymentError,
    ResolveProblemError, RevenueError,
};
use attune_application::practice::{CalendarError, ServiceError};
use attune_domain::BookingId;
use attune_domain::booking::{BookError, ChangeError, PayError};
use attune_domain::calendar::{RangeError, RuleError, SeriesError, SlotError};
use attune_domain::payment::RefundError;
use attune_domain::policy::PolicyError;
use attune_domain::terms::TermsError;
use attune_http_common::RateLimited;
use attune_ports::{Conflict, HashError, PaymentError, StoreError};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, RefOr, Response, Responses, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

pub(crate) struct Row {
    pub(crate) status: u16,
    /// Stable; clients match on it.
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    /// A sentence for people. Never contains user input.
    pub(crate) detail: &'static str,
}

macro_rules! codes {
    ($($name:ident: $status:literal $code:literal, $title:literal, $detail:literal;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code { $($name),+ }

        impl Code {
            /// Ordered by status.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            pub(crate) const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row { status: $status, code: $code, title: $title, detail: $detail },)+
                }
            }
        }
    };
}

codes! {
    BadRequest: 400 "bad_request", "Bad request", "The request cannot be understood.";
    MalformedJson: 400 "malformed_json", "Malformed JSON", "The body is not valid JSON.";
    InvalidBookingId: 400 "invalid_booking_id", "Invalid booking ID", "The booking ID must be a positive integer.";
    InvalidSignature: 400 "invalid_signature", "Invalid signature", "The signature is missing, too old, or does not match the body.";
    InvalidId: 400 "invalid_id", "Invalid ID", "The ID must be a positive integer.";
    Unauthenticated: 401 "unauthenticated", "Not logged in", "Log in and send the access token as `Authorization: Bearer …`.";
    InvalidToken: 401 "invalid_token", "Invalid access token", "The access token is invalid, or its login session has ended. Log in again.";
    TokenExpired: 401 "token_expired", "Access token expired", "The access token has expired. Exchange the refresh token for a new one.";
    InvalidCredentials: 401 "invalid_credentials", "Invalid credentials", "The email address or the password is wrong.";
    InvalidRefreshToken: 401 "invalid_refresh_token", "Invalid refresh token", "The refresh token is no longer valid. Log in again.";
    InvalidServerSecret: 401 "invalid_server_secret", "Invalid server secret", "This endpoint is for the practice's video server, which sends its secret as `Authorization: Bearer …`.";
    Forbidden: 403 "forbidden", "Forbidden", "You are not allowed to do this.";
    AccountDisabled: 403 "account_disabled", "Account disabled", "This account is disabled. Please contact the practice.";
    RegistrationClosed: 403 "registration_closed", "Registration closed", "Accounts are created by the practice. Please contact the practice.";
    NotFound: 404 "not_found", "Not found", "There is nothing at this URL.";
    BookingNotFound: 404 "booking_not_found", "Booking not found", "This booking does not exist.";
    MeetingLinkUnavailable: 404 "meeting_link_unavailable", "Meeting link unavailable", "There is no meeting link now: the booking is not confirmed, was cancelled, or is over.";
    CalendarEntryUnavailable: 404 "calendar_entry_unavailable", "Calendar entry unavailable", "There is no calendar entry: the booking was never confirmed.";
    UserNotFound: 404 "user_not_found", "User not found", "This user does not exist.";
    ServiceNotFound: 404 "service_not_found", "Service not found", "This service does not exist.";
    PaymentProblemNotFound: 404 "payment_problem_not_found", "Payment problem not found", "This payment problem does not exist, or has been resolved.";
    TimeOffNotFound: 404 "time_off_not_found", "Schedule exception not found", "This schedule exception does not exist.";
    CheckoutNotFound: 404 "checkout_not_found", "Checkout not found", "This checkout does not exist.";
    LinkNotFound: 404 "link_not_found", "Link not found", "This link is unknown, or incomplete.";
    ParticipantNotFound: 404 "participant_not_found", "Participant not found", "This invitation does not exist.";
    MethodNotAllowed: 405 "method_not_allowed", "Method not allowed", "This URL does not support the method; see the `Allow` header.";
    NotAcceptable: 406 "not_acceptable", "Not acceptable", "The response is JSON, which the `Accept` header rules out.";
    RequestTimeout: 408 "request_timeout", "Request timeout", "The body did not arrive in time.";
    EmailTaken: 409 "email_taken", "Email address taken", "There is already an account with this email address.";
    SlotTaken: 409 "slot_taken", "Slot taken", "This time is no longer available. Please choose another one.";
    HoldExists: 409 "hold_exists", "Slot already held", "You already hold this slot with a booking that awaits its payment; see `booking_id`.";
    AlreadyPaid: 409 "already_paid", "Already paid", "This booking has already been paid.";
    HoldExpired: 409 "hold_expired", "Hold expired", "The time to pay has expired, and the slot has been released. Please book again.";
    PaymentProcessing: 409 "payment_processing", "Payment processing", "The payment is being processed. The booking is confirmed as soon as it is received.";
    RefundInProgress: 409 "refund_in_progress", "Refund in progress", "Another refund of this payment is in progress. Please wait until it has finished.";
    NothingToRefund: 409 "nothing_to_refund", "Nothing to refund", "Nothing is left to refund for this booking.";
    PaymentNotRequired: 409 "payment_not_required", "Payment not required", "No payment is due for this booking.";
    BookingCancelled: 409 "booking_cancelled", "Booking cancelled", "This booking was cancelled.";
    AlreadyInvited: 409 "already_invited", "Already invited", "There is already a participant with this email address.";
    TooManyParticipants: 409 "too_many_participants", "Too many participants", "This booking has the maximum number of participants.";
    MeetingNotConfirmed: 409 "meeting_not_confirmed", "Not confirmed", "This booking is not confirmed, so it has no room.";
    MeetingTooEarly: 409 "meeting_too_early", "Too early", "The room is not open yet.";
    MeetingOver: 409 "meeting_over", "Appointment over", "This appointment is over.";
    InvalidState: 409 "invalid_state", "Invalid state", "The status of the booking does not allow this.";
    WindowClosed: 409 "window_closed", "Too early or too late", "It is too early or too late for this.";
    VersionConflict: 409 "version_conflict", "Version conflict", "The booking has changed since you loaded it. Please load it again.";
    QuoteChanged: 409 "quote_changed", "Refund changed", "The refund has changed. Please request a new quote.";
    DailyLimitReached: 409 "daily_limit_reached", "Daily limit reached", "No more appointments can be booked on this day. Please choose another one.";
    SeriesConflict: 409 "series_conflict", "Dates not available", "Some of the dates cannot be booked; see `errors`.";
    PracticeNotConfigured: 409 "practice_not_configured", "Practice not configured", "The practice does not accept bookings yet.";
    LastAdmin: 409 "last_admin", "Last admin", "The last admin cannot be removed.";
    Conflict: 409 "conflict", "Conflict", "The data has changed in the meantime. Please load it again.";
    CheckoutClosed: 410 "checkout_closed", "Checkout closed", "This checkout is closed.";
    MeetingCancelled: 410 "meeting_cancelled", "Appointment cancelled", "This appointment was cancelled.";
    LinkRevoked: 410 "link_revoked", "Link revoked", "This link is no longer valid.";
    PayloadTooLarge: 413 "payload_too_large", "Body too large", "The body is too large.";
    UnsupportedMediaType: 415 "unsupported_media_type", "Unsupported media type", "Send uncompressed JSON, as `Content-Type: application/json`.";
    ValidationFailed: 422 "validation_failed", "Invalid request", "Some fields are invalid; see `errors`.";
    UnknownField: 422 "unknown_field", "Unknown field", "This field does not exist.";
    DuplicateField: 422 "duplicate_field", "Duplicate field", "The field occurs more than once.";
    Required: 422 "required", "Missing field", "The field is required.";
    WrongType: 422 "wrong_type", "Wrong type", "The value has the wrong type.";
    InvalidValue: 422 "invalid_value", "Invalid value", "The value is not one of the allowed values.";
    OutOfRange: 422 "out_of_range", "Out of range", "The value is outside the allowed range.";
    InvalidCharacters: 422 "invalid_characters", "Invalid characters", "The text contains characters that are not allowed.";
    TooLong: 422 "too_long", "Too long", "The text is too long.";
    InvalidEmail: 422 "invalid_email", "Invalid email address", "This is not a valid email address.";
    InvalidTimestamp: 422 "invalid_timestamp", "Invalid timestamp", "The timestamp must have the form 2024-01-15T10:00:00Z, with `Z` or an offset.";
    InvalidLocalTime: 422 "invalid_local_time", "Invalid local time", "The local time must have the form 2024-01-15T10:00, without `Z` or an offset.";
    InvalidDate: 422 "invalid_date", "Invalid date", "The date must have the form 2024-01-15.";
    InvalidTime: 422 "invalid_time", "Invalid time of day", "The time of day must have the form 09:00, and be at most 24:00.";
    InvalidTimezone: 422 "invalid_timezone", "Unknown time zone", "There is no time zone of this name. Names look like Europe/Berlin.";
    PasswordTooShort: 422 "password_too_short", "Password too short", "The password is too short.";
    PasswordTooLong: 422 "password_too_long", "Password too long", "The password has more than 128 characters.";
    PasswordTooCommon: 422 "password_too_common", "Password too common", "The password is too common.";
    InsufficientNotice: 422 "insufficient_notice", "Insufficient notice", "The appointment starts too soon; the practice needs more notice.";
    OutsideHours: 422 "outside_hours", "Outside working hours", "The appointment is outside the practice's working hours.";
    IdempotencyKeyReused: 422 "idempotency_key_reused", "Idempotency key reused", "This idempotency key was used for a different request.";
    InThePast: 422 "in_the_past", "In the past", "The appointment would start in the past.";
    NonexistentLocalTime: 422 "nonexistent_local_time", "Nonexistent local time", "This local time does not exist on that date, because the clocks are put forward.";
    BeyondBookingHorizon: 422 "beyond_booking_horizon", "Beyond the booking horizon", "The appointment is too far ahead to be booked.";
    InvalidLength: 422 "invalid_length", "Invalid duration", "The duration of an appointment must be between one minute and twelve hours.";
    UnknownUser: 422 "unknown_user", "Unknown user", "There is no user with this ID who can be booked for.";
    UnknownService: 422 "unknown_service", "Unknown service", "There is no service with this ID that can be booked.";
    UnknownTherapist: 422 "unknown_therapist", "Unknown therapist", "There is no therapist with this ID.";
    InvalidRange: 422 "invalid_range", "Invalid range", "The range is empty, or ends before it starts.";
    RangeTooLong: 422 "range_too_long", "Range too long", "The range is longer than 31 days.";
    RangeMixed: 422 "range_mixed", "Date and timestamp mixed", "`from` and `to` must be two dates or two timestamps.";
    OverlappingHours: 422 "overlapping_hours", "Overlapping hours", "Two ranges of this day overlap.";
    TooManyIntervals: 422 "too_many_intervals", "Too many ranges", "A week has at most 42 ranges of working hours.";
    InvalidCurrency: 422 "invalid_currency", "Invalid currency", "The currency must be an ISO 4217 code such as EUR.";
    CurrencyMismatch: 422 "currency_mismatch", "Currency mismatch", "The practice uses another currency.";
    InvalidAmount: 422 "invalid_amount", "Invalid amount", "The amount must be a plain number with at most the currency's decimals, and not negative.";
    AmountMismatch: 422 "amount_mismatch", "Amount mismatch", "The amount must be the price of the booking.";
    RefundTooLarge: 422 "refund_too_large", "Refund too large", "The refund is larger than what is left of the payment.";
    UnknownPayment: 422 "unknown_payment", "Unknown payment", "This booking has no payment with this ID.";
    TooManyRequests: 429 "too_many_requests", "Too many requests", "There were too many requests. Please wait a moment.";
    TooManyFailures: 429 "too_many_failures", "Too many failed attempts", "The password was wrong too often. Please wait before the next attempt.";
    Internal: 500 "internal_error", "Internal error", "Something went wrong on our side. Please try again later.";
    Overloaded: 503 "overloaded", "Overloaded", "The service is overloaded at the moment. Please try again.";
    EventOutOfOrder: 503 "event_out_of_order", "Event out of order", "The event is about something that is not known yet. Please send it again later.";
    Unavailable: 503 "unavailable", "Unavailable", "The service is temporarily unavailable. Please try again soon.";
    TimedOut: 503 "timed_out", "Timed out", "The request took too long. Please try again.";
    PaymentProviderUnavailable: 503 "payment_provider_unavailable", "Payment provider unavailable", "The payment provider is not responding. Please try again soon.";
}

/// Declares the problems of an operation, besides those that all operations of its kind have in common. The type is one
/// of the operation's `responses`.
macro_rules! problems {
    ($name:ident: $($code:ident),+) => {
        pub(crate) enum $name {}

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                $crate::response::problem::declare(&[$($crate::response::problem::Code::$code),+])
            }
        }
    };
}

pub(crate) use problems;

/// The key of declared problems among the responses, until [`declared`] replaces it by those of the statuses.
const DECLARED: &str = "problems";

/// Only documented types can be among the responses of an operation, so the codes are in a description.
pub(crate) fn declare(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    BTreeMap::from([(DECLARED.to_owned(), Response::new(codes.join(" ")).into())])
}

/// Takes the declared problems out of the responses of an operation.
pub(crate) fn declared(responses: &mut Responses) -> Vec<Code> {
    let Some(RefOr::T(response)) = responses.responses.remove(DECLARED) else { return Vec::new() };
    let codes: Vec<&str> = response.description.split(' ').collect();
    Code::ALL.iter().filter(|code| codes.contains(&code.as_str())).copied().collect()
}

impl Code {
    pub(crate) fn status(self) -> StatusCode {
        // A test checks that all codes of the table are valid, so the fallback is never used.
        StatusCode::from_u16(self.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.row().code
    }

    /// The value of `WWW-Authenticate` (RFC 6750, section 3): without an error code if the request had no token.
    pub(crate) fn challenge(self) -> Option<&'static str> {
        if matches!(self, Self::InvalidToken | Self::TokenExpired | Self::InvalidRefreshToken) {
            Some(r#"Bearer error="invalid_token""#)
        } else {
            (self.status() == StatusCode::UNAUTHORIZED).then_some("Bearer")
        }
    }

    /// For the framework's own responses.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            408 => Self::RequestTimeout,
            413 => Self::PayloadTooLarge,
            415 => Self::UnsupportedMediaType,
            503 => Self::Unavailable,
            400..=499 => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Stable error code."))
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .examples([Self::SlotTaken.as_str()])
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        "ErrorCode".into()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct FieldError {
    /// Empty for the body as a whole.
    pub(crate) field: String,
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl FieldError {
    /// With the message of the table.
    pub(crate) fn new(field: impl Into<String>, code: Code) -> Self {
        Self::with_message(field, code, code.row().detail)
    }

    /// With a more precise message.
    pub(crate) fn with_message(field: impl Into<String>, code: Code, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

/// An error response. `Debug` shows the code alone, because the framework logs failures at debug level, and names of
/// unknown fields are user input.
#[derive(Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) errors: Vec<FieldError>,
    /// Seconds to wait before a retry. Every 429 and 503 has it.
    pub(crate) retry_after: Option<u64>,
    /// The methods that the path supports, for a 405.
    pub(crate) allow: Option<String>,
    /// The caller's own booking that conflicts.
    pub(crate) booking: Option<BookingId>,
}

/// In seconds, for a 429 or 503 without a value of its own.
const DEFAULT_RETRY_AFTER: u64 = 2;

impl Problem {
    /// Invalid fields. The problem has their common code, if there is one.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let code = match errors.split_first() {
            Some((first, rest)) if rest.iter().all(|e| e.code == first.code) => first.code,
            _ => Code::ValidationFailed,
        };
        Self { errors, ..Self::from(code) }
    }

    pub(crate) fn field(field: &str, code: Code) -> Self {
        Self::invalid(vec![FieldError::new(field, code)])
    }

    /// With a time to wait before a retry.
    pub(crate) fn after(code: Code, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::from(code) }
    }

    pub(crate) fn method_not_allowed(allow: String) -> Self {
        Self { allow: Some(allow), ..Self::from(Code::MethodNotAllowed) }
    }

    /// The error of an admin who books for a client.
    pub(crate) fn booked_for_client(error: CreateBookingError) -> Self {
        if matches!(error, CreateBookingError::UnknownClient) {
            Self::field("user_id", Code::UnknownUser)
        } else {
            error.into()
        }
    }

    /// The cause is only logged.
    pub(crate) fn internal(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "request failed");
        Code::Internal.into()
    }

    pub(crate) fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        let row = self.code.row();
        ProblemBody {
            r#type: format!("urn:attune:problem:{}", row.code),
            title: row.title,
            status: row.status,
            detail: match self.errors.as_slice() {
                [only] => &only.message,
                _ => row.detail,
            },
            code: row.code,
            request_id,
            booking_id: self.booking.map(BookingId::get),
            errors: self
                .errors
                .iter()
                .map(|e| FieldErrorBody { field: &e.field, code: e.code.as_str(), message: &e.message })
                .collect(),
        }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        let retry_after = matches!(code.row().status, 429 | 503).then_some(DEFAULT_RETRY_AFTER);
        Self { code, errors: Vec::new(), retry_after, allow: None, booking: None }
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({})", self.code.as_str())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// An empty response that carries the problem; the outermost middleware renders the body.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.code.status());
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// An error (RFC 9457). Match on `code`, which is stable, and not on the texts.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// URN of the kind of problem.
    #[schema(example = "urn:attune:problem:slot_taken")]
    r#type: String,
    /// Short title of the kind of problem.
    #[schema(example = "Slot taken")]
    title: &'a str,
    /// HTTP status code.
    #[schema(example = 409)]
    status: u16,
    /// Explanation for people.
    #[schema(example = "This time is no longer available. Please choose another one.")]
    detail: &'a str,
    /// Stable error code.
    #[schema(value_type = Code)]
    code: &'a str,
    /// ID of the request, as in `X-Request-Id` and in the logs.
    #[schema(example = "3f2b8c0e9a4d4f6c8e1a2b3c4d5e6f70")]
    request_id: &'a str,
    /// For `hold_exists`: ID of the caller's own booking, which awaits its payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 42)]
    booking_id: Option<i64>,
    /// The invalid fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldErrorBody<'a>>,
}

/// A validation error of one field.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorBody<'a> {
    /// Field of the body, or query parameter; empty for the body as a whole.
    #[schema(example = "scheduled_at")]
    field: &'a str,
    /// Stable error code.
    #[schema(value_type = Code)]
    code: &'a str,
    /// Error message for people.
    #[schema(example = "The appointment would start in the past.")]
    message: &'a str,
}

/// An error and its causes, in one line for the log.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl From<RateLimited> for Problem {
    fn from(error: RateLimited) -> Self {
        match error {
            RateLimited::Requests(seconds) => Self::after(Code::TooManyRequests, seconds),
            RateLimited::LoginAttempts(seconds) => Self::after(Code::TooManyFailures, seconds),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Conflict(Conflict::EmailTaken) => Code::EmailTaken.into(),
            StoreError::Conflict(Conflict::SlotTaken) => Code::SlotTaken.into(),
            StoreError::Conflict(Conflict::AlreadyInvited) => Code::AlreadyInvited.into(),
            StoreError::Conflict(
                Conflict::Stale
                | Conflict::ProviderIdTaken
                | Conflict::RefundExists
                | Conflict::RefundTooLarge
                | Conflict::LedgerUnbalanced
                | Conflict::ConferenceOpen
                | Conflict::IdempotencyKeyTaken,
            ) => Code::Conflict.into(),
            StoreError::Contended => Code::Overloaded.into(),
            StoreError::Unavailable(_) => {
                tracing::error!(error = chain(&error), "store unavailable");
                Code::Unavailable.into()
            }
            StoreError::Corrupt(_) | StoreError::Failed(_) => Self::internal(&error),
        }
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::after(Code::Overloaded, 1),
            HashError::Failed(_) => Self::internal(&error),
        }
    }
}

impl From<PasswordProblem> for Problem {
    fn from(error: PasswordProblem) -> Self {
        let error = match error {
            PasswordProblem::TooShort(min) => FieldError::with_message(
                "password",
                Code::PasswordTooShort,
                format!("The password must have at least {min} characters."),
            ),
            PasswordProblem::TooLong => FieldError::new("password", Code::PasswordTooLong),
            PasswordProblem::TooCommon => FieldError::new("password", Code::PasswordTooCommon),
        };
        Self::invalid(vec![error])
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Invalid => Code::InvalidToken.into(),
            AuthenticateError::Expired => Code::TokenExpired.into(),
            AuthenticateError::Store(error) => error.into(),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Closed => Code::RegistrationClosed.into(),
            RegisterError::Add(AddUserError::EmailTaken) => Code::EmailTaken.into(),
            RegisterError::Add(AddUserError::Password(error)) => error.into(),
            RegisterError::Add(AddUserError::UnknownTimeZone) => Self::field("timezone", Code::InvalidTimezone),
            RegisterError::Add(AddUserError::Hash(error)) => error.into(),
            RegisterError::Add(AddUserError::Store(error)) => error.into(),
        }
    }
}

impl From<LogInError> for Problem {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::InvalidCredentials => Code::InvalidCredentials.into(),
            LogInError::Disabled => Code::AccountDisabled.into(),
            // Failures count for a day; an hour is a guess.
            LogInError::TooManyFailures => Self::after(Code::TooManyFailures, 3600),
            LogInError::Hash(error) => error.into(),
            LogInError::Sign(_) => Self::internal(&error),
            LogInError::Store(error) => error.into(),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Invalid => Code::InvalidRefreshToken.into(),
            RefreshError::Sign(_) => Self::internal(&error),
            RefreshError::Store(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::WrongPassword => Code::InvalidCredentials.into(),
            ChangePasswordError::Password(error) => error.into(),
            ChangePasswordError::Hash(error) => error.into(),
            ChangePasswordError::Store(error) => error.into(),
        }
    }
}

impl From<UpdateProfileError> for Problem {
    fn from(error: UpdateProfileError) -> Self {
        match error {
            UpdateProfileError::UnknownTimeZone => Self::field("timezone", Code::InvalidTimezone),
            UpdateProfileError::Store(error) => error.into(),
        }
    }
}

impl From<ManageUserError> for Problem {
    fn from(error: ManageUserError) -> Self {
        match error {
            ManageUserError::NotFound => Code::UserNotFound.into(),
            ManageUserError::Forbidden => Code::Forbidden.into(),
            ManageUserError::LastAdmin => Code::LastAdmin.into(),
            ManageUserError::Store(error) => error.into(),
        }
    }
}

impl From<CreateBookingError> for Problem {
    fn from(error: CreateBookingError) -> Self {
        match error {
            CreateBookingError::Rule(BookError::InThePast) => Self::field("scheduled_at", Code::InThePast),
            CreateBookingError::Rule(BookError::BeyondBookingHorizon) => {
                Self::field("scheduled_at", Code::BeyondBookingHorizon)
            }
            CreateBookingError::Rule(BookError::Length) => Self::field("service_id", Code::InvalidLength),
            CreateBookingError::Rule(BookError::Note) => Self::field("note", Code::TooLong),
            CreateBookingError::Slot(why) => why.into(),
            CreateBookingError::KeyReused => Code::IdempotencyKeyReused.into(),
            CreateBookingError::SlotTaken => Code::SlotTaken.into(),
            CreateBookingError::HoldExists { booking } => {
                Self { booking: Some(booking), ..Self::from(Code::HoldExists) }
            }
            CreateBookingError::UnknownService => Self::field("service_id", Code::UnknownService),
            CreateBookingError::UnknownTherapist => Self::field("therapist_id", Code::UnknownTherapist),
            CreateBookingError::PracticeNotConfigured => Code::PracticeNotConfigured.into(),
            CreateBookingError::UnknownClient => Code::AccountDisabled.into(),
            CreateBookingError::Store(error) => error.into(),
        }
    }
}

impl From<SlotError> for Problem {
    fn from(why: SlotError) -> Self {
        let code = Code::from(why);
        if code.row().status == 422 { Self::field("scheduled_at", code) } else { code.into() }
    }
}

impl From<SlotError> for Code {
    fn from(why: SlotError) -> Self {
        match why {
            SlotError::InThePast => Self::InThePast,
            SlotError::InsufficientNotice => Self::InsufficientNotice,
            SlotError::BeyondBookingHorizon => Self::BeyondBookingHorizon,
            SlotError::OutsideHours | SlotError::OffGrid => Self::OutsideHours,
            SlotError::DailyLimitReached => Self::DailyLimitReached,
            SlotError::Taken => Self::SlotTaken,
        }
    }
}

impl From<&SeriesConflict> for Code {
    fn from(date: &SeriesConflict) -> Self {
        date.reason.map_or(Self::NonexistentLocalTime, Self::from)
    }
}

impl From<CreateSeriesError> for Problem {
    fn from(error: CreateSeriesError) -> Self {
        match error {
            CreateSeriesError::Series(SeriesError::Count) => Self::field("count", Code::OutOfRange),
            CreateSeriesError::Series(SeriesError::Weeks) => Self::field("every_weeks", Code::OutOfRange),
            CreateSeriesError::Series(SeriesError::OutOfRange) => Self::field("first", Code::BeyondBookingHorizon),
            CreateSeriesError::UnknownTimeZone => Self::field("timezone", Code::InvalidTimezone),
            CreateSeriesError::Conflicts(dates) => {
                let errors = dates.iter().map(|date| {
                    let code = Code::from(date);
                    let when = date.local_time.strftime("%Y-%m-%d at %H:%M");
                    FieldError::with_message("first", code, format!("{when}: {}", code.row().detail))
                });
                Self { errors: errors.collect(), ..Self::from(Code::SeriesConflict) }
            }
            CreateSeriesError::Booking(error) => Self::booked_for_client(error),
        }
    }
}

impl From<AvailabilityError> for Problem {
    fn from(error: AvailabilityError) -> Self {
        match error {
            AvailabilityError::UnknownService => Self::field("service_id", Code::UnknownService),
            AvailabilityError::UnknownTherapist => Self::field("therapist_id", Code::UnknownTherapist),
            AvailabilityError::PracticeNotConfigured => Code::PracticeNotConfigured.into(),
            AvailabilityError::Length(_) => Self::field("service_id", Code::InvalidLength),
            AvailabilityError::Store(error) => error.into(),
        }
    }
}

impl From<RangeError> for Problem {
    fn from(error: RangeError) -> Self {
        match error {
            RangeError::EndBeforeStart => Self::field("to", Code::InvalidRange),
            RangeError::TooLong => Self::field("to", Code::RangeTooLong),
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Code::ServiceNotFound.into(),
            ServiceError::Length(_) => Self::field("duration", Code::InvalidLength),
            ServiceError::Store(error) => error.into(),
        }
    }
}

impl From<CalendarError> for Problem {
    fn from(error: CalendarError) -> Self {
        match error {
            CalendarError::UnknownTherapist => Self::field("therapist_id", Code::UnknownTherapist),
            CalendarError::UnknownTimeZone => Self::field("timezone", Code::InvalidTimezone),
            CalendarError::Overlapping(hours) => {
                let day = format!("hours.{:?}", hours.weekday).to_ascii_lowercase();
                Self::field(&day, Code::OverlappingHours)
            }
            CalendarError::TooManyIntervals => Self::field("hours", Code::TooManyIntervals),
            CalendarError::Policy(error) => error.into(),
            CalendarError::NotFound => Code::TimeOffNotFound.into(),
            CalendarError::Store(error) => error.into(),
        }
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        let field = match error {
            PolicyError::Rules(RuleError::Notice) => {
                return Self::invalid(vec![FieldError::with_message(
                    "notice_minutes",
                    Code::OutOfRange,
                    "The notice must be shorter than the booking horizon.",
                )]);
            }
            PolicyError::Rules(RuleError::Horizon) => "horizon_days",
            PolicyError::Rules(RuleError::Step) => "step_minutes",
            PolicyError::Rules(RuleError::DailyLimit) => "daily_limit",
            PolicyError::Terms(TermsError::Minutes) => "cancellation.free_minutes",
            PolicyError::Terms(TermsError::Percent) => "cancellation.late_refund_percent",
        };
        Self::field(field, Code::OutOfRange)
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::InvalidState => Code::InvalidState.into(),
            ChangeError::WindowClosed => Code::WindowClosed.into(),
            // The refund is computed from the terms, so it never is.
            ChangeError::RefundTooLarge => Self::internal(&error),
        }
    }
}

impl From<ChangeBookingError> for Problem {
    fn from(error: ChangeBookingError) -> Self {
        match error {
            ChangeBookingError::NotFound => Code::BookingNotFound.into(),
            ChangeBookingError::Forbidden => Code::Forbidden.into(),
            ChangeBookingError::State(why) => why.into(),
            ChangeBookingError::Time(BookError::InThePast) => Self::field("scheduled_at", Code::InThePast),
            ChangeBookingError::Time(BookError::BeyondBookingHorizon) => {
                Self::field("scheduled_at", Code::BeyondBookingHorizon)
            }
            // Rescheduling keeps the length and the note.
            ChangeBookingError::Time(BookError::Length | BookError::Note) => Self::internal(&error),
            ChangeBookingError::Slot(why) => why.into(),
            ChangeBookingError::SlotTaken => Code::SlotTaken.into(),
            ChangeBookingError::VersionConflict => Code::VersionConflict.into(),
            ChangeBookingError::QuoteChanged => Code::QuoteChanged.into(),
            ChangeBookingError::KeyReused => Code::IdempotencyKeyReused.into(),
            ChangeBookingError::Store(error) => error.into(),
        }
    }
}

impl From<PayError> for Problem {
    fn from(error: PayError) -> Self {
        match error {
            PayError::AlreadyPaid => Code::AlreadyPaid.into(),
            PayError::NotRequired => Code::PaymentNotRequired.into(),
            PayError::Cancelled => Code::BookingCancelled.into(),
            PayError::HoldExpired => Code::HoldExpired.into(),
        }
    }
}

impl From<OpenCheckoutError> for Problem {
    fn from(error: OpenCheckoutError) -> Self {
        match error {
            OpenCheckoutError::NotFound => Code::BookingNotFound.into(),
            OpenCheckoutError::Forbidden => Code::Forbidden.into(),
            OpenCheckoutError::NotPayable(why) => why.into(),
            OpenCheckoutError::Processing => Code::PaymentProcessing.into(),
            OpenCheckoutError::Provider(PaymentError::Unavailable(_) | PaymentError::Refused(_)) => {
                tracing::error!(error = chain(&error), "checkout not opened");
                Self::after(Code::PaymentProviderUnavailable, 10)
            }
            OpenCheckoutError::Store(error) => error.into(),
        }
    }
}

impl From<PayTestCheckoutError> for Problem {
    fn from(error: PayTestCheckoutError) -> Self {
        match error {
            PayTestCheckoutError::NotFound => Code::CheckoutNotFound.into(),
            PayTestCheckoutError::Store(error) => error.into(),
        }
    }
}

impl From<RecordOfflineError> for Problem {
    fn from(error: RecordOfflineError) -> Self {
        match error {
            RecordOfflineError::NotFound => Code::BookingNotFound.into(),
            RecordOfflineError::AmountMismatch { price } => Self::invalid(vec![FieldError::with_message(
                "amount",
                Code::AmountMismatch,
                format!("The amount must be the price of the booking, {price}."),
            )]),
            RecordOfflineError::NotPayable(why) => why.into(),
            RecordOfflineError::KeyReused => Code::IdempotencyKeyReused.into(),
            RecordOfflineError::SlotLost => Code::SlotTaken.into(),
            RecordOfflineError::Store(error) => error.into(),
        }
    }
}

impl From<RefundPaymentError> for Problem {
    fn from(error: RefundPaymentError) -> Self {
        match error {
            RefundPaymentError::NotFound => Code::BookingNotFound.into(),
            RefundPaymentError::UnknownPayment => Self::field("payment_id", Code::UnknownPayment),
            RefundPaymentError::InProgress => Code::RefundInProgress.into(),
            RefundPaymentError::NotRefundable(RefundError::NothingToRefund) => Code::NothingToRefund.into(),
            RefundPaymentError::NotRefundable(RefundError::ExceedsRefundable { refundable }) => {
                Self::invalid(vec![FieldError::with_message(
                    "amount",
                    Code::RefundTooLarge,
                    format!("At most {refundable} can be refunded."),
                )])
            }
            RefundPaymentError::NotRefundable(RefundError::ZeroAmount) => Self::field("amount", Code::InvalidAmount),
            RefundPaymentError::KeyReused => Code::IdempotencyKeyReused.into(),
            RefundPaymentError::Store(error) => error.into(),
        }
    }
}

impl From<HandlePaymentWebhookError> for Problem {
    fn from(error: HandlePaymentWebhookError) -> Self {
        match error {
            HandlePaymentWebhookError::OutOfOrder => Self::after(Code::EventOutOfOrder, 60),
            HandlePaymentWebhookError::Store(error) => error.into(),
        }
    }
}

impl From<RevenueError> for Problem {
    fn from(error: RevenueError) -> Self {
        match error {
            RevenueError::Backwards => Self::field("to", Code::InvalidRange),
            RevenueError::TooLong => Self::invalid(vec![FieldError::with_message(
                "to",
                Code::RangeTooLong,
                "A report by day covers at most 366 days, one by month at most 60 months.",
            )]),
            RevenueError::Store(error) => error.into(),
        }
    }
}

impl From<ResolveProblemError> for Problem {
    fn from(error: ResolveProblemError) -> Self {
        match error {
            ResolveProblemError::NotFound => Code::PaymentProblemNotFound.into(),
            ResolveProblemError::Store(error) => error.into(),
        }
    }
}

impl From<BookingAccessError> for Problem {
    fn from(error: BookingAccessError) -> Self {
        match error {
            BookingAccessError::NotFound => Code::BookingNotFound.into(),
            BookingAccessError::Forbidden => Code::Forbidden.into(),
            BookingAccessError::Store(error) => error.into(),
        }
    }
}

impl From<MeetingLinkError> for Problem {
    fn from(error: MeetingLinkError) -> Self {
        match error {
            MeetingLinkError::NotFound => Code::BookingNotFound.into(),
            MeetingLinkError::Forbidden => Code::Forbidden.into(),
            MeetingLinkError::Unavailable(_) => Code::MeetingLinkUnavailable.into(),
            MeetingLinkError::Signing(_) => Self::internal(&error),
            MeetingLinkError::Store(error) => error.into(),
        }
    }
}

impl From<JoinError> for Problem {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Unknown => Code::LinkNotFound.into(),
            JoinError::Cancelled => Code::MeetingCancelled.into(),
            JoinError::Revoked => Code::LinkRevoked.into(),
            JoinError::NotConfirmed => Code::MeetingNotConfirmed.into(),
            JoinError::Signing(_) => Self::internal(&error),
            JoinError::Store(error) => error.into(),
        }
    }
}

impl From<ParticipantError> for Problem {
    fn from(error: ParticipantError) -> Self {
        match error {
            ParticipantError::BookingNotFound => Code::BookingNotFound.into(),
            ParticipantError::NotFound => Code::ParticipantNotFound.into(),
            ParticipantError::InvalidState => Code::InvalidState.into(),
            ParticipantError::UnknownTimeZone => Self::field("timezone", Code::InvalidTimezone),
            ParticipantError::AlreadyInvited => Code::AlreadyInvited.into(),
            ParticipantError::TooMany => Code::TooManyParticipants.into(),
            ParticipantError::Store(error) => error.into(),
        }
    }
}

impl From<RevokeLinksError> for Problem {
    fn from(error: RevokeLinksError) -> Self {
        match error {
            RevokeLinksError::NotFound => Code::BookingNotFound.into(),
            RevokeLinksError::State(_) => Code::InvalidState.into(),
            RevokeLinksError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
