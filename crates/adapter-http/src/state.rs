//! What every handler can reach: the use cases, the settings, the limits.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;
use attune_application::accounts::{
    Authenticate, ChangePassword, LogIn, LogOut, ManageUser, Refresh, Register, UpdateProfile,
};
use attune_application::bookings::{ChangeBooking, CreateBooking, CreateSeries, ShowAvailability};
use attune_application::meetings::{
    AttendanceReport, JoinMeeting, ManageParticipants, MeetingLinks, RecordAttendance, ResendLinks, ReserveRooms,
    RevokeLinks,
};
use attune_application::payments::{
    HandlePaymentWebhook, OpenCheckout, PayTestCheckout, RecordOfflinePayment, RefundPayment, ResolvePaymentProblem,
    RevenueReport,
};
use attune_application::practice::{ManageCalendar, ManageServices};
use attune_ports::{Clock, HealthCheck, PaymentEvents, Queries, Random, WebhookVerifier};

use crate::limits::Limiter;
use crate::response::documents::Documents;
use crate::response::problem::{Code, Problem};
use crate::route_names::RouteNames;
use crate::settings::HttpSettings;

/// How messages of the payment provider are taken.
pub struct PaymentMessages {
    /// Knows which ones are genuine.
    pub reader: Arc<dyn PaymentEvents>,
    /// Applies them.
    pub hear: HandlePaymentWebhook,
}

/// Everything the HTTP side calls.
pub struct Api {
    /// Makes clients' accounts.
    pub register: Register,
    /// Lets people in.
    pub log_in: LogIn,
    /// Trades refresh tokens.
    pub refresh: Refresh,
    /// Ends sessions.
    pub log_out: LogOut,
    /// Says who makes a request.
    pub authenticate: Authenticate,
    /// Changes profiles.
    pub update_profile: UpdateProfile,
    /// Replaces passwords.
    pub change_password: ChangePassword,
    /// Changes accounts, for admins.
    pub manage_user: ManageUser,
    /// PaymentLedger sessions.
    pub create_booking: CreateBooking,
    /// PaymentLedger standing appointments.
    pub create_series: CreateSeries,
    /// Moves, calls off, completes and corrects bookings.
    pub change_booking: ChangeBooking,
    /// Looks for free time.
    pub availability: ShowAvailability,
    /// Manages services.
    pub services: ManageServices,
    /// Manages hours, time off and the policy.
    pub calendar: ManageCalendar,
    /// Opens checkouts.
    pub open_checkout: OpenCheckout,
    /// Confirms payments.
    pub pay_test_checkout: PayTestCheckout,
    /// Records payments that came in outside.
    pub record_offline: RecordOfflinePayment,
    /// Gives money back.
    pub refund: RefundPayment,
    /// Adds up what came in.
    pub revenue: RevenueReport,
    /// Settles problems with payments.
    pub resolve_problem: ResolvePaymentProblem,
    /// Hears the payment provider; without it that address is not there.
    pub payment_messages: Option<PaymentMessages>,
    /// Makes links into the video room.
    pub links: MeetingLinks,
    /// Answers mailed links.
    pub join: JoinMeeting,
    /// Mails links again.
    pub recover_links: ResendLinks,
    /// Takes mailed links back.
    pub revoke_links: RevokeLinks,
    /// Invites people into sessions.
    pub participants: ManageParticipants,
    /// Tells the video server which rooms may exist.
    pub rooms: ReserveRooms,
    /// Keeps what the video server tells.
    pub record_attendance: RecordAttendance,
    /// Works out who was there.
    pub attendance: AttendanceReport,
    /// Checks what JaaS sends; without it that address is not there.
    pub jaas_webhooks: Option<Arc<dyn WebhookVerifier>>,
    /// The read side of the store.
    pub queries: Arc<dyn Queries>,
    /// Tells the time, for limits.
    pub clock: Arc<dyn Clock>,
    /// Names requests.
    pub random: Arc<dyn Random>,
    /// The parts that the readiness answer is about.
    pub readiness: Vec<Arc<dyn HealthCheck>>,
}

/// What every handler can reach.
pub(crate) struct State {
    pub(crate) api: Arc<Api>,
    pub(crate) settings: HttpSettings,
    pub(crate) limiter: Limiter,
    pub(crate) documents: Documents,
    pub(crate) routes: RouteNames,
}

impl State {
    pub(crate) fn new(api: Arc<Api>, settings: HttpSettings, routes: RouteNames, documents: Documents) -> Self {
        let limiter = Limiter::new(settings.limits.clone(), api.clock.clone());
        Self { api, settings, limiter, documents, routes }
    }

    /// The state that a request can reach.
    pub(crate) fn of(http: &HttpRequest) -> Result<&Self, Problem> {
        http.app_data::<Data<Self>>().map(|data| &***data).ok_or_else(|| Code::Internal.into())
    }
}
