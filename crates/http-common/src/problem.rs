//! The table of all problems, and the mapping of errors to its rows.
//!
//! A response carries its [`Problem`] until the outermost middleware renders it as `application/problem+json` (RFC
//! 9457), because only there every response has a request id, the framework's own included.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use attune_application::accounts::{
    AddUserError, AuthenticateError, ChangeEmailError, ChangePasswordError, ChosenSlotError, CorrectEmailError,
    EndLoginSessionError, InvitationError, LogInError, ManageUserError, OneTimeLinkError, OwnPasswordError,
    PasswordProblem, RedeemLoginLinkError, RefreshError, RegisterError, SecondFactorError, SetPasswordByLinkError,
    StepUpError, UpdateProfileError, VerifyEmailError,
};
use attune_application::bookings::{
    AvailabilityError, BookingAccessError, ChangeBookingError, ChangeSeriesError, CreateBookingError,
    CreateSeriesError, EditBookingError, SeriesConflict,
};
use attune_application::meetings::{JoinError, MeetingLinkError, ParticipantError, RevokeLinksError};
use attune_application::notifications::ManageNotificationError;
use attune_application::payments::{
    HandlePaymentWebhookError, OpenCheckoutError, PayPageError, PayTestCheckoutError, RecordOfflineError,
    RefundPaymentError, ResolveProblemError, RevenueError,
};
use attune_application::practice::{CalendarError, PracticeProfileError, ServiceError};
use attune_domain::BookingId;
use attune_domain::booking::{BookError, ChangeError, EditError, PayError};
use attune_domain::calendar::{RangeError, RuleError, ScheduleExceptionChangeError, SeriesError, SlotError};
use attune_domain::payment::RefundError;
use attune_domain::policy::PolicyError;
use attune_domain::terms::TermsError;
use attune_ports::{Conflict, HashError, PaymentError, PriceError, StoreError};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::RateLimited;

/// A row of the table.
pub struct Row {
    /// HTTP status.
    pub status: u16,
    /// Stable; clients match on it.
    pub code: &'static str,
    /// A short title for people.
    pub title: &'static str,
    /// A sentence for people. Never contains user input.
    pub detail: &'static str,
}

macro_rules! codes {
    ($($name:ident: $status:literal $code:literal, $title:literal, $detail:literal;)+) => {
        /// The kind of a problem: a row of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($name),+ }

        impl Code {
            /// Ordered by status.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Status, code and texts.
            pub const fn row(self) -> Row {
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
    InvalidIdempotencyKey: 400 "invalid_idempotency_key", "Invalid idempotency key", "Send the header `Idempotency-Key` once, with 1 to 255 visible ASCII characters and no spaces.";
    InvalidSignature: 400 "invalid_signature", "Invalid signature", "The signature is missing, too old, or does not match the body.";
    InvalidId: 400 "invalid_id", "Invalid ID", "The ID must be a positive integer.";
    Unauthenticated: 401 "unauthenticated", "Not logged in", "Log in and send the access token as `Authorization: Bearer …`.";
    InvalidToken: 401 "invalid_token", "Invalid access token", "The access token is invalid, or its login session has ended. Log in again.";
    TokenExpired: 401 "token_expired", "Access token expired", "The access token has expired. Exchange the refresh token for a new one.";
    InvalidCredentials: 401 "invalid_credentials", "Invalid credentials", "The email address or the password is wrong.";
    SecondFactorRequired: 401 "second_factor_required", "Second factor required", "Send a code of the authenticator app as `code` as well.";
    InvalidCode: 401 "invalid_code", "Invalid code", "The code is wrong, has expired, or was used before.";
    InvalidRefreshToken: 401 "invalid_refresh_token", "Invalid refresh token", "The refresh token is no longer valid. Log in again.";
    InvalidServerSecret: 401 "invalid_server_secret", "Invalid server secret", "This endpoint is for the practice's video server, which sends its secret as `Authorization: Bearer …`.";
    Forbidden: 403 "forbidden", "Forbidden", "You are not allowed to do this.";
    AccountDisabled: 403 "account_disabled", "Account disabled", "This account is disabled. Please contact the practice.";
    EmailNotVerified: 403 "email_not_verified", "Email address not verified", "Please open the link in the email that confirms your address. It can be sent again.";
    SecondFactorSetupRequired: 403 "second_factor_setup_required", "Second factor must be set up", "This account needs a second factor. Set up an authenticator app first.";
    StepUpRequired: 403 "step_up_required", "Step-up required", "Confirm with your password or a code first; it counts for ten minutes.";
    RegistrationClosed: 403 "registration_closed", "Registration closed", "Accounts are created by the practice. Please contact the practice.";
    NotFound: 404 "not_found", "Not found", "There is nothing at this URL.";
    BookingNotFound: 404 "booking_not_found", "Booking not found", "This booking does not exist.";
    MeetingLinkUnavailable: 404 "meeting_link_unavailable", "Meeting link unavailable", "There is no meeting link now: the booking is not confirmed, was cancelled, or is over.";
    CalendarEntryUnavailable: 404 "calendar_entry_unavailable", "Calendar entry unavailable", "There is no calendar entry: the booking was never confirmed.";
    UserNotFound: 404 "user_not_found", "User not found", "This user does not exist.";
    ServiceNotFound: 404 "service_not_found", "Service not found", "This service does not exist.";
    NotificationNotFound: 404 "notification_not_found", "Notification not found", "This notification does not exist.";
    PaymentProblemNotFound: 404 "payment_problem_not_found", "Payment problem not found", "This payment problem does not exist, or has been resolved.";
    LoginSessionNotFound: 404 "login_session_not_found", "Login session not found", "You have no such login session, or it has ended.";
    SeriesNotFound: 404 "series_not_found", "Series not found", "This series does not exist.";
    TimeOffNotFound: 404 "time_off_not_found", "Schedule exception not found", "This schedule exception does not exist.";
    CheckoutNotFound: 404 "checkout_not_found", "Checkout not found", "This checkout does not exist.";
    LinkNotFound: 404 "link_not_found", "Link not found", "This link is unknown, or incomplete.";
    ParticipantNotFound: 404 "participant_not_found", "Participant not found", "This invitation does not exist.";
    MethodNotAllowed: 405 "method_not_allowed", "Method not allowed", "This URL does not support the method; see the `Allow` header.";
    NotAcceptable: 406 "not_acceptable", "Not acceptable", "The response is JSON, which the `Accept` header rules out.";
    RequestTimeout: 408 "request_timeout", "Request timeout", "The request did not arrive in time.";
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
    InvalidState: 409 "invalid_state", "Invalid state", "The status of the booking, or of the email, does not allow this.";
    WindowClosed: 409 "window_closed", "Too early or too late", "It is too early or too late for this.";
    VersionConflict: 409 "version_conflict", "Version conflict", "This has changed since you loaded it. Please load it again.";
    QuoteChanged: 409 "quote_changed", "Refund changed", "The refund has changed. Please request a new quote.";
    DailyLimitReached: 409 "daily_limit_reached", "Daily limit reached", "No more appointments can be booked on this day. Please choose another one.";
    SeriesConflict: 409 "series_conflict", "Dates not available", "Some of the dates cannot be booked; see `errors`.";
    PracticeNotConfigured: 409 "practice_not_configured", "Practice not configured", "The practice does not accept bookings yet.";
    SecondFactorExists: 409 "second_factor_exists", "Second factor exists", "There is a second factor already. Remove it first to set up another one.";
    SecondFactorNotStarted: 409 "second_factor_not_started", "Second factor not started", "No authenticator app is being set up. Request a new secret first.";
    InvitationAccepted: 409 "invitation_accepted", "Invitation accepted", "This account is in use, or was disabled, so it cannot be invited.";
    LastAdmin: 409 "last_admin", "Last admin", "The last admin cannot be removed.";
    Conflict: 409 "conflict", "Conflict", "The data has changed in the meantime. Please load it again.";
    CheckoutClosed: 410 "checkout_closed", "Checkout closed", "This checkout is closed.";
    MeetingCancelled: 410 "meeting_cancelled", "Appointment cancelled", "This appointment was cancelled.";
    LinkExpired: 410 "link_expired", "Link expired", "This link was used before, has expired, or was replaced. Please request a new one.";
    LinkRevoked: 410 "link_revoked", "Link revoked", "This link is no longer valid.";
    PayloadTooLarge: 413 "payload_too_large", "Body too large", "The body is too large.";
    UnsupportedMediaType: 415 "unsupported_media_type", "Unsupported media type", "Send uncompressed JSON, as `Content-Type: application/json`, or a logo as `image/png`, `image/jpeg` or `image/webp`.";
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
    InvalidPhone: 422 "invalid_phone", "Invalid phone number", "The phone number must have 3 to 15 digits, with an optional + in front.";
    InvalidUrl: 422 "invalid_url", "Invalid URL", "The URL must begin with https:// or http://, and contain no password.";
    InvalidColor: 422 "invalid_color", "Invalid colour", "The colour must have the form #14532d.";
    InvalidImage: 422 "invalid_image", "Invalid image", "The body must be a PNG, JPEG or WebP image.";
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
    AmountMismatch: 422 "amount_mismatch", "Amount mismatch", "The amount must be above zero and at most what is left to pay.";
    RefundTooLarge: 422 "refund_too_large", "Refund too large", "The refund is larger than what is left of the payment.";
    UnknownPayment: 422 "unknown_payment", "Unknown payment", "This booking has no payment with this ID.";
    TooManyRequests: 429 "too_many_requests", "Too many requests", "There were too many requests. Please wait a moment.";
    TooManyFailures: 429 "too_many_failures", "Too many failed attempts", "The password or the code was wrong too often. Please wait, or request a login link by email.";
    HeadTooLarge: 431 "head_too_large", "Head too large", "The URL and the headers of the request are too large.";
    Internal: 500 "internal_error", "Internal error", "Something went wrong on our side. Please try again later.";
    Overloaded: 503 "overloaded", "Overloaded", "The service is overloaded at the moment. Please try again.";
    EventOutOfOrder: 503 "event_out_of_order", "Event out of order", "The event is about something that is not known yet. Please send it again later.";
    Unavailable: 503 "unavailable", "Unavailable", "The service is temporarily unavailable. Please try again soon.";
    TimedOut: 503 "timed_out", "Timed out", "The request took too long. Please try again.";
    PaymentProviderUnavailable: 503 "payment_provider_unavailable", "Payment provider unavailable", "The payment provider is not responding. Please try again soon.";
}

impl Code {
    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        // A test checks that all codes of the table are valid, so the fallback is never used.
        StatusCode::from_u16(self.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The code that clients match on.
    pub fn as_str(self) -> &'static str {
        self.row().code
    }

    /// The value of `WWW-Authenticate` (RFC 6750, section 3): without an error code if the request had no token.
    pub fn challenge(self) -> Option<&'static str> {
        if matches!(self, Self::InvalidToken | Self::TokenExpired | Self::InvalidRefreshToken) {
            Some(r#"Bearer error="invalid_token""#)
        } else {
            (self.status() == StatusCode::UNAUTHORIZED).then_some("Bearer")
        }
    }

    /// For the framework's own responses.
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            408 => Self::RequestTimeout,
            413 => Self::PayloadTooLarge,
            415 => Self::UnsupportedMediaType,
            431 => Self::HeadTooLarge,
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

/// What every handler returns.
pub type HandlerResult = Result<HttpResponse, Problem>;

/// An invalid field of a request.
#[derive(Debug, Clone)]
pub struct FieldError {
    /// Empty for the body as a whole.
    pub field: String,
    /// What is wrong with it.
    pub code: Code,
    /// A sentence for people.
    pub message: String,
}

impl FieldError {
    /// With the message of the table.
    pub fn new(field: impl Into<String>, code: Code) -> Self {
        Self::with_message(field, code, code.row().detail)
    }

    /// With a more precise message.
    pub fn with_message(field: impl Into<String>, code: Code, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

/// An error response. `Debug` shows the code alone, because the framework logs failures at debug level, and names of
/// unknown fields are user input.
#[derive(Clone, derive_more::Debug)]
#[debug("Problem({})", code.as_str())]
pub struct Problem {
    /// The row of the table.
    pub code: Code,
    /// The invalid fields.
    pub errors: Vec<FieldError>,
    /// Seconds to wait before a retry. Every 429 and 503 has it.
    pub retry_after: Option<u64>,
    /// The methods that the path supports, for a 405.
    pub allow: Option<String>,
    /// The caller's own booking that conflicts.
    pub booking: Option<BookingId>,
}

/// In seconds, for a 429 or 503 without a value of its own.
const DEFAULT_RETRY_AFTER: u64 = 2;

impl Problem {
    /// Invalid fields. The problem has their common code, if there is one.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let code = match errors.split_first() {
            Some((first, rest)) if rest.iter().all(|e| e.code == first.code) => first.code,
            _ => Code::ValidationFailed,
        };
        Self { errors, ..Self::from(code) }
    }

    /// One invalid field.
    pub fn field(field: &str, code: Code) -> Self {
        Self::field_because(field, code, code.row().detail)
    }

    /// The dates of a series on which there can be no booking.
    fn series_conflict(dates: &[SeriesConflict]) -> Self {
        let errors = dates.iter().map(|date| {
            let code = Code::from(date);
            let when = date.local_time.strftime("%Y-%m-%d at %H:%M");
            FieldError::with_message("first", code, format!("{when}: {}", code.row().detail))
        });
        Self { errors: errors.collect(), ..Code::SeriesConflict.into() }
    }

    /// One invalid field, with a more precise message than the table's.
    pub fn field_because(field: &str, code: Code, message: impl Into<String>) -> Self {
        Self { errors: vec![FieldError::with_message(field, code, message)], ..code.into() }
    }

    /// With a time to wait before a retry.
    pub fn after(code: Code, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::from(code) }
    }

    /// With the value of `Allow`.
    pub fn method_not_allowed(allow: String) -> Self {
        Self { allow: Some(allow), ..Self::from(Code::MethodNotAllowed) }
    }

    /// The error of an admin who books for a client.
    pub fn booked_for_client(error: CreateBookingError) -> Self {
        if matches!(error, CreateBookingError::UnknownClient) {
            Self::field("user_id", Code::UnknownUser)
        } else {
            error.into()
        }
    }

    /// The cause is only logged.
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "request failed");
        Code::Internal.into()
    }

    /// The JSON of the response.
    pub fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
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
pub struct ProblemBody<'a> {
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
pub struct FieldErrorBody<'a> {
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

/// Wrong guesses count for a day; an hour is a guess. A mailed login link works at once.
fn too_many_guesses() -> Problem {
    Problem::after(Code::TooManyFailures, 3600)
}

/// Maps the variants of each error to what converts into a [`Problem`]: a code, or another error.
macro_rules! errors {
    ($($error:ident: $name:ident {
        $($variant:ident $(($($field:tt)*))? $({ $named:ident })? => $problem:expr),+ $(,)?
    })+) => {
        $(
            impl From<$name> for Problem {
                fn from($error: $name) -> Self {
                    match $error {
                        $($name::$variant $(($($field)*))? $({ $named })? => $problem.into(),)+
                    }
                }
            }
        )+
    };
}

errors! {
    error: RateLimited {
        Requests(seconds) => Problem::after(Code::TooManyRequests, seconds),
        LoginAttempts(seconds) => Problem::after(Code::TooManyFailures, seconds),
    }
    error: StoreError {
        Conflict(Conflict::EmailTaken) => Code::EmailTaken,
        Conflict(Conflict::SlotTaken) => Code::SlotTaken,
        Conflict(Conflict::AlreadyInvited) => Code::AlreadyInvited,
        Conflict(
            Conflict::Stale
            | Conflict::ProviderIdTaken
            | Conflict::RefundExists
            | Conflict::RefundTooLarge
            | Conflict::LedgerUnbalanced
            | Conflict::ConferenceOpen
            | Conflict::IdempotencyKeyTaken
        ) => Code::Conflict,
        Contended => Code::Overloaded,
        Unavailable(_) => {
            tracing::error!(error = chain(&error), "store unavailable");
            Code::Unavailable
        },
        Corrupt(_) => Problem::internal(&error),
        Failed(_) => Problem::internal(&error),
    }
    error: HashError { Busy => Problem::after(Code::Overloaded, 1), Failed(_) => Problem::internal(&error) }
    error: PasswordProblem {
        TooShort(min) => Problem::field_because(
            "password", Code::PasswordTooShort, format!("The password must have at least {min} characters."),
        ),
        TooLong => Problem::field("password", Code::PasswordTooLong),
        TooCommon => Problem::field("password", Code::PasswordTooCommon),
    }
    error: AuthenticateError { Invalid => Code::InvalidToken, Expired => Code::TokenExpired, Store(source) => source }
    error: RegisterError {
        Closed => Code::RegistrationClosed,
        Slot(source) => source,
        Add(source) => source,
        Store(source) => source,
    }
    error: ChosenSlotError {
        UnknownService => Problem::field("service_id", Code::UnknownService),
        UnknownTherapist => Problem::field("therapist_id", Code::UnknownTherapist),
        Store(source) => source,
    }
    error: AddUserError {
        EmailTaken => Code::EmailTaken,
        Password(source) => source,
        UnknownTimeZone => Problem::field("timezone", Code::InvalidTimezone),
        Hash(source) => source,
        Store(source) => source,
    }
    error: LogInError {
        InvalidCredentials => Code::InvalidCredentials,
        Disabled => Code::AccountDisabled,
        EmailNotVerified => Code::EmailNotVerified,
        SecondFactorRequired => Code::SecondFactorRequired,
        WrongCode => Code::InvalidCode,
        Totp(_) => Problem::internal(&error),
        TooManyFailures => too_many_guesses(),
        Hash(source) => source,
        Sign(_) => Problem::internal(&error),
        Store(source) => source,
    }
    error: RefreshError {
        Invalid => Code::InvalidRefreshToken,
        Sign(_) => Problem::internal(&error),
        Store(source) => source,
    }
    error: OwnPasswordError {
        Wrong => Code::InvalidCredentials,
        TooManyFailures => too_many_guesses(),
        Missing => Problem::field("current_password", Code::Required),
        StepUpRequired => Code::StepUpRequired,
        Hash(source) => source,
        Store(source) => source,
    }
    error: StepUpError {
        Password(source) => source,
        WrongCode => Code::InvalidCode,
        TooManyFailures => too_many_guesses(),
        Totp(_) => Problem::internal(&error),
        Store(source) => source,
    }
    error: SecondFactorError {
        Exists => Code::SecondFactorExists,
        NotStarted => Code::SecondFactorNotStarted,
        Password(source) => source,
        WrongCode => Code::InvalidCode,
        TooManyFailures => too_many_guesses(),
        StepUp(_) => Code::StepUpRequired,
        Totp(_) => Problem::internal(&error),
        Store(source) => source,
    }
    error: OneTimeLinkError { Unknown => Code::LinkNotFound, Dead(_) => Code::LinkExpired, Store(source) => source }
    error: VerifyEmailError { Link(source) => source, Sign(_) => Problem::internal(&error), Store(source) => source }
    error: SetPasswordByLinkError {
        Link(source) => source,
        Password(source) => source,
        Hash(source) => source,
        Store(source) => source,
    }
    error: RedeemLoginLinkError {
        Link(source) => source,
        SecondFactorRequired => Code::SecondFactorRequired,
        WrongCode => Code::InvalidCode,
        TooManyFailures => too_many_guesses(),
        Totp(_) => Problem::internal(&error),
        Sign(_) => Problem::internal(&error),
        Store(source) => source,
    }
    error: CorrectEmailError { TooManyFailures => too_many_guesses(), Hash(source) => source, Store(source) => source }
    error: ChangeEmailError {
        StepUp(_) => Code::StepUpRequired,
        NotFound => Code::UserNotFound,
        Forbidden => Code::Forbidden,
        EmailTaken => Code::EmailTaken,
        Link(source) => source,
        Store(source) => source,
    }
    error: InvitationError {
        NotFound => Code::UserNotFound,
        Accepted => Code::InvitationAccepted,
        Store(source) => source,
    }
    error: ChangePasswordError {
        Current(source) => source,
        Password(source) => source,
        Hash(source) => source,
        Store(source) => source,
    }
    error: EndLoginSessionError { NotFound => Code::LoginSessionNotFound, Store(source) => source }
    error: UpdateProfileError {
        UnknownTimeZone => Problem::field("timezone", Code::InvalidTimezone),
        Store(source) => source,
    }
    error: ManageUserError {
        NotFound => Code::UserNotFound,
        Forbidden => Code::Forbidden,
        StepUp(_) => Code::StepUpRequired,
        VersionConflict => Code::VersionConflict,
        LastAdmin => Code::LastAdmin,
        Store(source) => source,
    }
    error: CreateBookingError {
        Rule(BookError::InThePast) => Problem::field("scheduled_at", Code::InThePast),
        Rule(BookError::BeyondBookingHorizon) => Problem::field("scheduled_at", Code::BeyondBookingHorizon),
        Rule(BookError::Length) => Problem::field("service_id", Code::InvalidLength),
        Rule(BookError::Note) => Problem::field("note", Code::TooLong),
        Rule(BookError::NotEnded) => Problem::field_because(
            "scheduled_at", Code::OutOfRange, "The appointment has not ended yet.",
        ),
        Rule(BookError::TooLongAgo) => Problem::field_because(
            "scheduled_at", Code::OutOfRange, "The appointment was more than 90 days ago.",
        ),
        Amount => Problem::field("amount", Code::InvalidAmount),
        Price(source) => source,
        NotSettled => Problem::field_because(
            "payment", Code::InvalidValue, "An appointment that has taken place is `offline_paid` or `waived`.",
        ),
        Slot(source) => source,
        KeyReused => Code::IdempotencyKeyReused,
        NotOnline => Problem::field_because(
            "payment", Code::InvalidValue, "No provider collects online, so `online` is not possible.",
        ),
        NoTimeToPay => Problem::field_because(
            "scheduled_at",
            Code::InsufficientNotice,
            "The appointment starts too soon to wait for an online payment. Settle the price in another way, or choose a later time.",
        ),
        SlotTaken => Code::SlotTaken,
        HoldExists { booking } => Problem { booking: Some(booking), ..Code::HoldExists.into() },
        UnknownService => Problem::field("service_id", Code::UnknownService),
        UnknownTherapist => Problem::field("therapist_id", Code::UnknownTherapist),
        PracticeNotConfigured => Code::PracticeNotConfigured,
        UnknownClient => Code::AccountDisabled,
        Store(source) => source,
    }
    error: CreateSeriesError {
        Series(SeriesError::Count) => Problem::field("count", Code::OutOfRange),
        Series(SeriesError::Weeks) => Problem::field("every_weeks", Code::OutOfRange),
        Series(SeriesError::OutOfRange) => Problem::field("first", Code::BeyondBookingHorizon),
        UnknownTimeZone => Problem::field("timezone", Code::InvalidTimezone),
        Conflicts(dates) => Problem::series_conflict(&dates),
        Booking(source) => Problem::booked_for_client(source),
    }
    error: ChangeSeriesError {
        NotFound => Code::SeriesNotFound,
        UnknownTimeZone => Problem::field("timezone", Code::InvalidTimezone),
        // The number of bookings and of weeks does not change.
        Series(SeriesError::Count | SeriesError::Weeks | SeriesError::OutOfRange) => {
            Problem::field("first", Code::BeyondBookingHorizon)
        },
        Conflicts(dates) => Problem::series_conflict(&dates),
        Booking(source) => source,
    }
    error: AvailabilityError {
        UnknownService => Problem::field("service_id", Code::UnknownService),
        UnknownTherapist => Problem::field("therapist_id", Code::UnknownTherapist),
        PracticeNotConfigured => Code::PracticeNotConfigured,
        Length(_) => Problem::field("service_id", Code::InvalidLength),
        Store(source) => source,
    }
    error: RangeError {
        EndBeforeStart => Problem::field("to", Code::InvalidRange),
        TooLong => Problem::field("to", Code::RangeTooLong),
    }
    error: ServiceError {
        NotFound => Code::ServiceNotFound,
        VersionConflict => Code::VersionConflict,
        Length(_) => Problem::field("duration", Code::InvalidLength),
        Price(source) => source,
        Store(source) => source,
    }
    error: PriceError {
        Currency(currency) => price_problem(format!("The payment provider does not support {currency}.")),
        Multiple(step) => price_problem(format!("The payment provider charges multiples of {step} only.")),
        TooSmall(least) => price_problem(format!("The payment provider charges at least {least}.")),
        TooLarge(most) => price_problem(format!("The payment provider charges at most {most}.")),
    }
    error: CalendarError {
        UnknownTherapist => Problem::field("therapist_id", Code::UnknownTherapist),
        UnknownTimeZone => Problem::field("timezone", Code::InvalidTimezone),
        Overlapping(hours) => {
            let day = format!("hours.{:?}", hours.weekday).to_ascii_lowercase();
            Problem::field(&day, Code::OverlappingHours)
        },
        TooManyIntervals => Problem::field("hours", Code::TooManyIntervals),
        VersionConflict => Code::VersionConflict,
        Policy(source) => source,
        Exception(ScheduleExceptionChangeError::OtherKind(field)) => Problem::field(field.as_str(), Code::UnknownField),
        Exception(ScheduleExceptionChangeError::Backwards(field)) => Problem::field(field.as_str(), Code::InvalidRange),
        NotFound => Code::TimeOffNotFound,
        Store(source) => source,
    }
    error: PracticeProfileError {
        UnknownTimeZone => Problem::field("timezone", Code::InvalidTimezone),
        VersionConflict => Code::VersionConflict,
        Store(source) => source,
    }
    error: PolicyError {
        Rules(RuleError::Notice) => Problem::field_because(
            "notice_minutes", Code::OutOfRange, "The notice must be shorter than the booking horizon.",
        ),
        Rules(RuleError::Horizon) => Problem::field("horizon_days", Code::OutOfRange),
        Rules(RuleError::Step) => Problem::field("step_minutes", Code::OutOfRange),
        Rules(RuleError::DailyLimit) => Problem::field("daily_limit", Code::OutOfRange),
        Terms(TermsError::Minutes) => Problem::field("cancellation.free_minutes", Code::OutOfRange),
        Terms(TermsError::Grace) => Problem::field("cancel_grace_period_minutes", Code::OutOfRange),
        Terms(TermsError::Percent) => Problem::field("cancellation.late_refund_percent", Code::OutOfRange),
    }
    error: ChangeError {
        InvalidState => Code::InvalidState,
        WindowClosed => Code::WindowClosed,
        // The refund is computed from the terms, so it never is.
        RefundTooLarge => Problem::internal(&error),
    }
    error: ChangeBookingError {
        NotFound => Code::BookingNotFound,
        Forbidden => Code::Forbidden,
        State(source) => source,
        Time(BookError::InThePast) => Problem::field("scheduled_at", Code::InThePast),
        Time(BookError::BeyondBookingHorizon) => Problem::field("scheduled_at", Code::BeyondBookingHorizon),
        // Rescheduling keeps the length and the note.
        Time(BookError::Length | BookError::Note | BookError::NotEnded | BookError::TooLongAgo) => {
            Problem::internal(&error)
        },
        Slot(source) => source,
        SlotTaken => Code::SlotTaken,
        UnknownTherapist => Problem::field("therapist_id", Code::UnknownTherapist),
        VersionConflict => Code::VersionConflict,
        QuoteChanged => Code::QuoteChanged,
        KeyReused => Code::IdempotencyKeyReused,
        Store(source) => source,
    }
    error: EditBookingError {
        NotFound => Code::BookingNotFound,
        UnknownService => Problem::field("service_id", Code::UnknownService),
        Amount => Problem::field("amount", Code::InvalidAmount),
        Price(source) => source,
        PartPaid { received } => Problem::field_because(
            "amount", Code::AmountMismatch, format!("The price must be above what has been paid already, {received}."),
        ),
        Edit(EditError::State(source)) => source,
        // The amount is read in the currency of the booking.
        Edit(EditError::Currency) => Problem::field("service_id", Code::UnknownService),
        Edit(EditError::Content(BookError::Note)) => Problem::field("note", Code::TooLong),
        Edit(EditError::Content(_)) => Problem::field("service_id", Code::InvalidLength),
        SlotTaken => Code::SlotTaken,
        VersionConflict => Code::VersionConflict,
        Store(source) => source,
    }
    error: PayError {
        AlreadyPaid => Code::AlreadyPaid,
        NotRequired => Code::PaymentNotRequired,
        Cancelled => Code::BookingCancelled,
        HoldExpired => Code::HoldExpired,
    }
    error: OpenCheckoutError {
        NotFound => Code::BookingNotFound,
        Forbidden => Code::Forbidden,
        NotPayable(source) => source,
        Processing => Code::PaymentProcessing,
        Provider(PaymentError::Unavailable(_) | PaymentError::Refused(_)) => {
            tracing::error!(error = chain(&error), "checkout not opened");
            Problem::after(Code::PaymentProviderUnavailable, 10)
        },
        Store(source) => source,
    }
    error: PayPageError {
        Unknown => Code::LinkNotFound,
        Checkout(source) => source,
        NotOnline => Code::PaymentProviderUnavailable,
        Store(source) => source,
    }
    error: PayTestCheckoutError { NotFound => Code::CheckoutNotFound, Store(source) => source }
    error: RecordOfflineError {
        NotFound => Code::BookingNotFound,
        Amount { left } => Problem::field_because(
            "amount", Code::AmountMismatch, format!("The amount must be above zero and at most what is left to pay, {left}."),
        ),
        Processing => Code::PaymentProcessing,
        NotPayable(source) => source,
        KeyReused => Code::IdempotencyKeyReused,
        SlotLost => Code::SlotTaken,
        Store(source) => source,
    }
    error: RefundPaymentError {
        NotFound => Code::BookingNotFound,
        UnknownPayment => Problem::field("payment_id", Code::UnknownPayment),
        InProgress => Code::RefundInProgress,
        NotRefundable(RefundError::NothingToRefund) => Code::NothingToRefund,
        NotRefundable(RefundError::ExceedsRefundable { refundable }) => Problem::field_because(
            "amount", Code::RefundTooLarge, format!("At most {refundable} can be refunded."),
        ),
        NotRefundable(RefundError::ZeroAmount) => Problem::field("amount", Code::InvalidAmount),
        KeyReused => Code::IdempotencyKeyReused,
        Store(source) => source,
    }
    error: HandlePaymentWebhookError {
        OutOfOrder => Problem::after(Code::EventOutOfOrder, 60),
        Store(source) => source,
    }
    error: RevenueError {
        Backwards => Problem::field("to", Code::InvalidRange),
        TooLong => Problem::field_because(
            "to", Code::RangeTooLong, "A report by day covers at most 366 days, one by month at most 60 months.",
        ),
        Store(source) => source,
    }
    error: ManageNotificationError {
        NotFound => Code::NotificationNotFound,
        InvalidState => Code::InvalidState,
        Store(source) => source,
    }
    error: ResolveProblemError { NotFound => Code::PaymentProblemNotFound, Store(source) => source }
    error: BookingAccessError { NotFound => Code::BookingNotFound, Forbidden => Code::Forbidden, Store(source) => source }
    error: MeetingLinkError {
        NotFound => Code::BookingNotFound,
        Forbidden => Code::Forbidden,
        Unavailable(_) => Code::MeetingLinkUnavailable,
        Signing(_) => Problem::internal(&error),
        Store(source) => source,
    }
    error: JoinError {
        Unknown => Code::LinkNotFound,
        Cancelled => Code::MeetingCancelled,
        Revoked => Code::LinkRevoked,
        NotConfirmed => Code::MeetingNotConfirmed,
        Signing(_) => Problem::internal(&error),
        Store(source) => source,
    }
    error: ParticipantError {
        BookingNotFound => Code::BookingNotFound,
        NotFound => Code::ParticipantNotFound,
        InvalidState => Code::InvalidState,
        UnknownTimeZone => Problem::field("timezone", Code::InvalidTimezone),
        AlreadyInvited => Code::AlreadyInvited,
        TooMany => Code::TooManyParticipants,
        Store(source) => source,
    }
    error: RevokeLinksError { NotFound => Code::BookingNotFound, State(_) => Code::InvalidState, Store(source) => source }
}

/// About a price that the payment provider cannot charge.
fn price_problem(message: String) -> Problem {
    Problem::field_because("amount", Code::InvalidAmount, message)
}

impl From<SlotError> for Problem {
    fn from(error: SlotError) -> Self {
        let code = Code::from(error);
        if code.row().status == 422 { Self::field("scheduled_at", code) } else { code.into() }
    }
}

impl From<SlotError> for Code {
    fn from(error: SlotError) -> Self {
        match error {
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

#[cfg(test)]
mod tests;
