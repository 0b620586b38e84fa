//! Which form of which page does what an operation of the API does for admins.

use crate::pages::therapist::{
    book_for, booking, clients, emails, hours, money, policy, practice, series, services, user,
};

/// A form that changes what an operation under `/api/admin` changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminForm {
    /// The id of the operation in the OpenAPI document.
    pub operation: &'static str,
    /// The pattern of the page's path.
    pub path: &'static str,
    /// The value of the form's button.
    pub button: &'static str,
}

const fn form(operation: &'static str, path: &'static str, button: &'static str) -> AdminForm {
    AdminForm { operation, path, button }
}

/// One for each operation under `/api/admin` that changes something.
pub const ADMIN_FORMS: &[AdminForm] = &[
    form("createBookingForClient", book_for::PATH, "book"),
    form("createBookingSeries", book_for::PATH, "series"),
    form("updateAnyBooking", booking::PATH, "edit"),
    form("cancelBookingSeries", series::PATH, "cancel"),
    form("rescheduleBookingSeries", series::PATH, "move"),
    form("rescheduleAnyBooking", booking::PATH, "move"),
    form("reassignBooking", booking::PATH, "reassign"),
    form("cancelAnyBooking", booking::PATH, "cancel"),
    form("completeBooking", booking::PATH, "complete"),
    form("markNoShow", booking::PATH, "no-show"),
    form("reopenBooking", booking::PATH, "reopen"),
    form("endAppointment", booking::PATH, "end"),
    form("recordOfflinePayment", booking::PATH, "pay"),
    form("refundPayment", booking::PATH, "refund"),
    form("revokeJoinLinks", booking::PATH, "revoke-links"),
    form("inviteParticipant", booking::PATH, "invite"),
    form("revokeInvitation", booking::PATH, "revoke-invitation"),
    form("openCheckoutForClient", booking::PATH, "checkout"),
    form("createUser", clients::PATH, "add"),
    form("updateUser", user::PATH, "names"),
    form("updateUser", user::PATH, "admin"),
    form("updateUser", user::PATH, "client"),
    form("updateUser", user::PATH, "disable"),
    form("updateUser", user::PATH, "enable"),
    form("inviteUser", user::PATH, "invite"),
    form("withdrawInvitation", user::PATH, "withdraw"),
    form("changeEmailOfClient", user::PATH, "email"),
    form("retryNotification", emails::PATH, "send-again"),
    form("cancelNotification", emails::PATH, "cancel-email"),
    form("resolvePaymentProblem", money::PATH, "resolve"),
    form("createService", services::PATH, "add"),
    form("updateService", services::SERVICE, "change"),
    form("replaceWorkingHours", hours::PATH, "week"),
    form("createScheduleException", hours::PATH, "exception"),
    form("deleteScheduleException", hours::PATH, "remove"),
    form("updateScheduleException", hours::EXCEPTION, "change"),
    form("replaceBookingPolicy", policy::PATH, "policy"),
    form("updatePractice", practice::PROFILE, "profile"),
    form("replaceLogo", practice::PROFILE, "upload"),
    form("removeLogo", practice::PROFILE, "remove"),
];
