//! Which problems each operation can respond with.

use std::collections::BTreeMap;

use attune_domain::BookingId;
use attune_http_common::{Code, Problem};
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, Type,
    example::{Example, ExampleBuilder},
    path::{Operation, ParameterIn},
};

use super::ids::ids_in;

/// Operations whose fields are all optional, and therefore the body as well.
pub(super) const OPTIONAL_BODY: &[&str] = &[
    "logOut",
    "cancelBooking",
    "cancelAnyBooking",
    "cancelBookingSeries",
    "completeBooking",
    "markNoShow",
    "reopenBooking",
    "endAppointment",
    "refundPayment",
];

/// Operations that accept an idempotency key.
pub(super) const IDEMPOTENT: &[&str] = &[
    "createBooking",
    "rescheduleBooking",
    "cancelBooking",
    "createBookingForClient",
    "rescheduleAnyBooking",
    "reassignBooking",
    "cancelAnyBooking",
    "recordOfflinePayment",
    "refundPayment",
];

/// Defines [`own_problems`] from a table.
macro_rules! own_problems {
    ($($($operation:literal)|+: $($code:ident),+;)+) => {
        /// The problems of an operation, besides those that all operations of its kind have in common.
        fn own_problems(operation: &str) -> &'static [Code] {
            match operation {
                $($($operation)|+ => &[$(Code::$code),+],)+
                _ => &[],
            }
        }
    };
}

own_problems! {
    "getDocsFile": NotFound;
    "registerAccount": RegistrationClosed, UnknownService, UnknownTherapist, InvalidTimestamp, OutOfRange, EmailTaken,
        InvalidEmail, InvalidTimezone, PasswordTooShort, PasswordTooLong, PasswordTooCommon, TooLong, TooManyRequests, Overloaded;
    "logIn": InvalidCredentials, SecondFactorRequired, InvalidCode, EmailNotVerified, AccountDisabled, TooManyRequests,
        TooManyFailures, Overloaded;
    "forgotPassword" | "requestLoginLink": InvalidEmail, TooManyRequests;
    "resendVerification": InvalidEmail, TooManyRequests, TooManyFailures, Overloaded;
    "resetPassword" | "acceptInvitation": LinkNotFound, LinkExpired, PasswordTooShort, PasswordTooLong,
        PasswordTooCommon, TooManyRequests, Overloaded;
    "redeemLoginLink": LinkNotFound, LinkExpired, SecondFactorRequired, InvalidCode, TooManyRequests, TooManyFailures;
    "verifyEmail" | "undoEmail": LinkNotFound, LinkExpired, TooManyRequests, EmailTaken;
    "confirmEmail": LinkNotFound, LinkExpired, EmailTaken, TooManyRequests;
    "changeEmail": StepUpRequired, InvalidEmail;
    "changeEmailOfClient": StepUpRequired, UserNotFound, EmailTaken, InvalidEmail;
    "setUpTotp": InvalidCredentials, StepUpRequired, SecondFactorExists, TooManyFailures;
    "confirmTotp": InvalidCode, SecondFactorExists, SecondFactorNotStarted, TooManyFailures, Conflict;
    "removeTotp": StepUpRequired, Conflict;
    "stepUp": InvalidCredentials, InvalidCode, InvalidValue, TooManyFailures;
    "inviteUser": UserNotFound, InvitationAccepted;
    "withdrawInvitation": UserNotFound, InvitationAccepted;
    "refreshTokens": InvalidRefreshToken, TooManyRequests;
    "changePassword": InvalidCredentials, StepUpRequired, PasswordTooShort, PasswordTooLong, PasswordTooCommon,
        TooManyFailures;
    "updateCurrentUser": InvalidTimezone, InvalidTime, InvalidValue, TooLong, Conflict;
    "listAvailableSlots": PracticeNotConfigured, InvalidTimestamp, InvalidTimezone, UnknownService, UnknownTherapist,
        InvalidLength, InvalidRange, RangeTooLong, RangeMixed, TooManyRequests, Overloaded;
    "listBookings": InvalidValue, InvalidTimestamp;
    "createBooking": AccountDisabled, SlotTaken, HoldExists, DailyLimitReached, PracticeNotConfigured,
        InvalidTimestamp, InsufficientNotice, OutsideHours, InThePast, BeyondBookingHorizon, TooLong, OutOfRange,
        UnknownService, UnknownTherapist, InvalidLength;
    "listNotifications": InvalidValue, OutOfRange;
    "retryNotification" | "cancelNotification": NotificationNotFound, InvalidState;
    "getBooking": Forbidden, BookingNotFound;
    "rescheduleBooking" | "rescheduleAnyBooking": Forbidden, BookingNotFound, SlotTaken, DailyLimitReached,
        InvalidState, WindowClosed, VersionConflict, Conflict, InvalidTimestamp, InsufficientNotice, OutsideHours,
        InThePast, BeyondBookingHorizon, OutOfRange, TooLong;
    "reassignBooking": BookingNotFound, SlotTaken, DailyLimitReached, InvalidState, WindowClosed, VersionConflict,
        Conflict, OutsideHours, OutOfRange, UnknownTherapist;
    "quoteCancellation": Forbidden, BookingNotFound, InvalidState, WindowClosed;
    "cancelBooking" | "cancelAnyBooking": Forbidden, BookingNotFound, InvalidState, WindowClosed, VersionConflict,
        QuoteChanged, Conflict, InvalidAmount, TooLong, OutOfRange;
    "downloadCalendarFile": Forbidden, BookingNotFound, CalendarEntryUnavailable;
    "readCalendarFeed": LinkNotFound, TooManyRequests;
    "turnOnCalendarFeed" | "turnOffCalendarFeed": Conflict;
    "getPayment": Forbidden, BookingNotFound;
    "openCheckout": Forbidden, BookingNotFound, AlreadyPaid, HoldExpired, PaymentProcessing, PaymentNotRequired,
        BookingCancelled, PaymentProviderUnavailable;
    "receiveStripeWebhook": InvalidSignature, NotAcceptable, Conflict, EventOutOfOrder;
    "getMeetingLink": Forbidden, BookingNotFound, MeetingLinkUnavailable;
    "resendJoinLinks": InvalidEmail, TooManyRequests;
    "showJoinPage": LinkNotFound, MeetingNotConfirmed, MeetingCancelled, LinkRevoked;
    "showPaymentPage": LinkNotFound;
    "showPasswordResetPage" | "showInvitationPage" | "showVerificationPage" | "showEmailConfirmationPage"
        | "showEmailUndoPage" | "showLoginPage": LinkNotFound, LinkExpired;
    "resetPasswordByPage" | "acceptInvitationByPage": Forbidden, LinkNotFound, LinkExpired, PasswordTooShort,
        PasswordTooLong, PasswordTooCommon, BadRequest, RequestTimeout, PayloadTooLarge, Overloaded;
    "verifyEmailByPage": Forbidden, LinkNotFound, LinkExpired, BadRequest, RequestTimeout, PayloadTooLarge;
    "confirmEmailByPage" | "undoEmailByPage": Forbidden, LinkNotFound, LinkExpired, EmailTaken, BadRequest,
        RequestTimeout, PayloadTooLarge;
    "logInByPage": Forbidden, LinkNotFound, LinkExpired, SecondFactorRequired, InvalidCode, TooManyFailures, BadRequest,
        RequestTimeout, PayloadTooLarge;
    "payForBooking": Forbidden, LinkNotFound, PaymentProcessing, AlreadyPaid, BookingCancelled, HoldExpired,
        PaymentProviderUnavailable, RequestTimeout, PayloadTooLarge, BadRequest;
    "joinMeeting": Forbidden, LinkNotFound, MeetingNotConfirmed, MeetingTooEarly, MeetingOver, MeetingCancelled, LinkRevoked,
        RequestTimeout, PayloadTooLarge, BadRequest;
    "listAllBookings": InvalidValue, InvalidTimestamp, TooLong;
    "listUsers": TooLong;
    "createBookingForClient": SlotTaken, HoldExists, DailyLimitReached, PracticeNotConfigured, InvalidTimestamp,
        InsufficientNotice, OutsideHours, InThePast, BeyondBookingHorizon, TooLong, OutOfRange, InvalidValue,
        InvalidAmount, UnknownUser, UnknownService, UnknownTherapist, InvalidLength;
    "createBookingSeries": SeriesConflict, SlotTaken, DailyLimitReached, PracticeNotConfigured, InvalidLocalTime,
        InvalidTimezone, NonexistentLocalTime, InsufficientNotice, OutsideHours, InThePast, BeyondBookingHorizon,
        TooLong, OutOfRange, InvalidValue, InvalidAmount, UnknownUser, UnknownService, UnknownTherapist, InvalidLength;
    "getBookingSeries": SeriesNotFound, InvalidId, InvalidTimestamp;
    "quoteSeriesCancellation": SeriesNotFound, InvalidState, InvalidId, InvalidTimestamp;
    "cancelBookingSeries": SeriesNotFound, InvalidState, WindowClosed, QuoteChanged, Conflict, InvalidTimestamp,
        InvalidAmount, TooLong;
    "rescheduleBookingSeries": SeriesNotFound, InvalidState, WindowClosed, SeriesConflict, SlotTaken, DailyLimitReached,
        Conflict, InvalidTimestamp, InvalidLocalTime, InvalidTimezone, NonexistentLocalTime, InsufficientNotice,
        OutsideHours, InThePast, BeyondBookingHorizon, InvalidValue, TooLong;
    "getAnyBooking": BookingNotFound;
    "updateAnyBooking": BookingNotFound, InvalidState, WindowClosed, SlotTaken, VersionConflict, Conflict, TooLong,
        OutOfRange, InvalidAmount, AmountMismatch, UnknownService, InvalidLength;
    "completeBooking" | "markNoShow" | "reopenBooking" | "endAppointment": BookingNotFound, InvalidState, WindowClosed, VersionConflict,
        Conflict, OutOfRange;
    "getAnyPayment": BookingNotFound;
    "openCheckoutForClient": BookingNotFound, AlreadyPaid, HoldExpired, PaymentProcessing, PaymentNotRequired,
        BookingCancelled, PaymentProviderUnavailable;
    "recordOfflinePayment": BookingNotFound, AlreadyPaid, HoldExpired, PaymentProcessing, PaymentNotRequired, BookingCancelled,
        SlotTaken, Conflict, InvalidAmount, AmountMismatch, TooLong;
    "refundPayment": BookingNotFound, RefundInProgress, NothingToRefund, Conflict, InvalidAmount, RefundTooLarge,
        UnknownPayment, TooLong, OutOfRange;
    "revokeJoinLinks": BookingNotFound, InvalidState, Conflict;
    "inviteParticipant": BookingNotFound, InvalidState, AlreadyInvited, TooManyParticipants, InvalidEmail,
        InvalidTimezone, InvalidValue, TooLong;
    "endLoginSession": LoginSessionNotFound, InvalidId;
    "revokeInvitation": BookingNotFound, ParticipantNotFound, Conflict;
    "createUser": EmailTaken, InvalidEmail, InvalidTimezone, InvalidValue, TooLong;
    "getUser": UserNotFound;
    "updateUser": UserNotFound, StepUpRequired, LastAdmin, VersionConflict, TooLong, OutOfRange, InvalidValue;
    "getAttendanceReport": InvalidValue, InvalidTimestamp;
    "getRevenueReport": InvalidValue, InvalidDate, InvalidRange, RangeTooLong;
    "resolvePaymentProblem": PaymentProblemNotFound;
    "createService": TooLong, OutOfRange, InvalidLength, InvalidCurrency, CurrencyMismatch, InvalidAmount;
    "updateService": ServiceNotFound, VersionConflict, TooLong, OutOfRange, InvalidLength, InvalidAmount;
    "getWorkingHours": UnknownTherapist;
    "replaceWorkingHours": VersionConflict, OutOfRange, InvalidTimezone, InvalidTime, UnknownTherapist, InvalidRange,
        OverlappingHours, TooManyIntervals;
    "createScheduleException": InvalidValue, OutOfRange, InvalidTimestamp, InvalidDate, InvalidTime, UnknownTherapist,
        InvalidRange, TooLong;
    "updateScheduleException": TimeOffNotFound, InvalidTimestamp, InvalidDate, InvalidTime, InvalidRange, TooLong;
    "deleteScheduleException": TimeOffNotFound;
    "replaceBookingPolicy": VersionConflict, OutOfRange;
    "updatePractice": VersionConflict, Conflict, TooLong, OutOfRange, InvalidEmail, InvalidTimezone, InvalidPhone, InvalidUrl, InvalidColor,
        InvalidValue;
    "replaceLogo": VersionConflict, Conflict, OutOfRange, InvalidImage, BadRequest, RequestTimeout, PayloadTooLarge, UnsupportedMediaType;
    "removeLogo": VersionConflict, Conflict, OutOfRange;
    "openConference": Required, InvalidServerSecret;
    "getConference" | "closeConference": InvalidServerSecret;
    "receiveRoomEvent": MalformedJson, InvalidServerSecret;
    "receiveJaasWebhook": MalformedJson, InvalidSignature, NotAcceptable;
    "payTestCheckout": Forbidden, CheckoutNotFound, CheckoutClosed, RequestTimeout, PayloadTooLarge, BadRequest;
}

/// All problems of an operation.
fn problems_of(path: &str, operation: &Operation) -> Vec<Code> {
    use Code as C;
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let mut codes = own_problems(id).to_vec();
    // Requests in formats of other programs are read differently.
    if id == "receiveStripeWebhook" || operation.tags.iter().flatten().any(|tag| tag == "Video server") {
        if operation.request_body.is_some() {
            codes.extend([C::BadRequest, C::RequestTimeout, C::PayloadTooLarge]);
        }
        if id != "getBranding" {
            codes.extend([C::Overloaded, C::Internal, C::Unavailable, C::TimedOut]);
        }
    } else {
        codes.extend(common_problems(path, operation));
    }
    codes.sort_by_key(|code| Code::ALL.iter().position(|c| c == code));
    codes.dedup();
    codes
}

/// The problems that all operations of the same kind have in common.
fn common_problems(path: &str, operation: &Operation) -> Vec<Code> {
    use Code as C;
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let mut codes = Vec::new();
    if path.starts_with("/api/") {
        codes.extend([C::NotAcceptable, C::UnknownField]);
    }
    if operation.security.is_some() {
        codes.extend([C::Unauthenticated, C::InvalidToken, C::TokenExpired, C::TooManyRequests, C::Overloaded]);
    }
    if path.starts_with("/api/admin/") {
        codes.push(C::Forbidden);
    }
    let sets_up = matches!(id, "logOut" | "getCurrentUser" | "setUpTotp" | "confirmTotp" | "stepUp");
    if operation.security.is_some() && !sets_up {
        codes.push(C::SecondFactorSetupRequired);
    }
    for id in ids_in(path) {
        codes.push(if id.description == "Booking ID" { C::InvalidBookingId } else { C::InvalidId });
    }
    if operation.parameters.iter().flatten().any(|p| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Query)) {
        codes.extend([C::ValidationFailed, C::DuplicateField, C::WrongType, C::OutOfRange, C::InvalidCharacters]);
    }
    if IDEMPOTENT.contains(&id) {
        codes.extend([C::IdempotencyKeyReused, C::InvalidIdempotencyKey]);
    }
    // These accept an empty body as well.
    let is_json = operation.request_body.is_some() && !id.ends_with("ByPage") && id != "replaceLogo";
    if is_json
        || matches!(
            id,
            "openCheckout"
                | "revokeJoinLinks"
                | "resolvePaymentProblem"
                | "retryNotification"
                | "cancelNotification"
                | "inviteUser"
                | "turnOnCalendarFeed"
        )
    {
        codes.extend([
            C::BadRequest,
            C::MalformedJson,
            C::RequestTimeout,
            C::PayloadTooLarge,
            C::UnsupportedMediaType,
            C::ValidationFailed,
            C::DuplicateField,
            C::WrongType,
            C::InvalidCharacters,
        ]);
    }
    if is_json && !OPTIONAL_BODY.contains(&id) {
        codes.push(C::Required);
    }
    // The liveness endpoints depend on nothing that could fail.
    if !matches!(id, "getHealth" | "getLiveness") {
        codes.extend([C::Internal, C::Unavailable, C::TimedOut]);
    }
    codes
}

/// Adds to an operation the problems that it can respond with.
pub(super) fn add_problems(path: &str, operation: &mut Operation) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in problems_of(path, operation) {
        by_status.entry(code.row().status).or_default().push(code);
    }
    for (status, codes) in by_status {
        let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .examples_from_iter(codes.iter().map(|code| {
                let name = code.as_str();
                (name, RefOr::<Example>::Ref(Ref::new(format!("#/components/examples/{name}"))))
            }))
            .build();
        let fresh = ResponseBuilder::new().description(names.join(", ")).build();
        let responses = &mut operation.responses.responses;
        let response = responses.entry(status.to_string()).or_insert_with(|| RefOr::T(fresh));
        let RefOr::T(response) = response else { continue };
        response.content.insert("application/problem+json".into(), content.into());
        for (name, description) in headers(status) {
            let kind = if *name == "Retry-After" { Type::Integer } else { Type::String };
            let header = HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(kind)))
                .description(Some(*description))
                .build();
            response.headers.insert((*name).to_owned(), header.into());
        }
    }
}

fn headers(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        401 => &[("WWW-Authenticate", "`Bearer`, with `error=\"invalid_token\"` if the request had a token")],
        429 | 503 => &[("Retry-After", "Seconds to wait before retrying")],
        _ => &[],
    }
}

pub(super) fn example(code: Code) -> Example {
    let booking = BookingId::new(42).filter(|_| code == Code::HoldExists);
    let problem = Problem { booking, ..code.into() };
    let value = serde_json::to_value(problem.body("3f2b8c0e9a4d4f6c8e1a2b3c4d5e6f70")).ok();
    ExampleBuilder::new().summary(code.row().title).value(value).build()
}
