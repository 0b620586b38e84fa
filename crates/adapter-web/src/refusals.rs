//! What keeps a change from being made, in the reader's language.

use attune_http_common::Code;

use crate::web::View;

/// The problems that a reader can do something about, and the sentences that say so.
const SENTENCES: &[(&[Code], &str)] = &[
    (&[Code::EmailTaken], "refused-email-taken"),
    (&[Code::SlotTaken, Code::HoldExists], "refused-slot-taken"),
    (&[Code::AlreadyPaid, Code::PaymentNotRequired], "refused-already-paid"),
    (&[Code::HoldExpired], "refused-hold-expired"),
    (&[Code::PaymentProcessing], "refused-payment-processing"),
    (&[Code::RefundInProgress], "refused-refund-in-progress"),
    (&[Code::NothingToRefund, Code::UnknownPayment], "refused-nothing-to-refund"),
    (
        &[Code::BookingCancelled, Code::InvalidState, Code::MeetingNotConfirmed, Code::MeetingOver],
        "refused-invalid-state",
    ),
    (&[Code::AlreadyInvited], "refused-already-invited"),
    (&[Code::TooManyParticipants], "refused-too-many-participants"),
    (&[Code::WindowClosed, Code::MeetingTooEarly], "refused-window-closed"),
    (&[Code::VersionConflict, Code::Conflict], "refused-version-conflict"),
    (&[Code::QuoteChanged], "refused-quote-changed"),
    (&[Code::DailyLimitReached], "refused-daily-limit"),
    (&[Code::SeriesConflict], "refused-series-conflict"),
    (&[Code::PracticeNotConfigured], "refused-practice-not-configured"),
    (&[Code::InvitationAccepted], "refused-invitation-accepted"),
    (&[Code::LastAdmin], "refused-last-admin"),
    (&[Code::InvalidCredentials], "account-password-wrong"),
    (&[Code::TooManyFailures], "account-too-many"),
    (&[Code::StepUpRequired], "refused-step-up"),
    (&[Code::InvalidTimezone], "account-zone-invalid"),
    (&[Code::InvalidImage, Code::PayloadTooLarge, Code::UnsupportedMediaType], "refused-image"),
    (&[Code::InsufficientNotice], "refused-notice"),
    (&[Code::OutsideHours], "refused-outside-hours"),
    (&[Code::InThePast], "refused-in-the-past"),
    (&[Code::NonexistentLocalTime], "refused-nonexistent-time"),
    (&[Code::BeyondBookingHorizon], "refused-horizon"),
    (&[Code::InvalidLength], "refused-length"),
    (&[Code::UnknownUser, Code::UserNotFound], "refused-unknown-client"),
    (&[Code::UnknownService, Code::ServiceNotFound], "refused-unknown-service"),
    (&[Code::UnknownTherapist], "refused-unknown-therapist"),
    (&[Code::InvalidRange, Code::RangeTooLong], "refused-range"),
    (&[Code::OverlappingHours], "refused-overlapping-hours"),
    (&[Code::TooManyIntervals], "refused-too-many-hours"),
    (&[Code::CurrencyMismatch, Code::InvalidAmount, Code::AmountMismatch], "refused-amount"),
    (&[Code::RefundTooLarge], "refused-refund-too-large"),
    (&[Code::PaymentProviderUnavailable], "refused-provider"),
    (&[Code::OutOfRange, Code::ValidationFailed, Code::InvalidValue], "refused-out-of-range"),
    (&[Code::IdempotencyKeyReused], "refused-sent-twice"),
];

/// The sentence for a problem; `None` for one that is an error of ours.
pub(crate) fn refusal(view: &View<'_>, code: Code) -> Option<String> {
    SENTENCES.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, name)| view.text(name))
}
