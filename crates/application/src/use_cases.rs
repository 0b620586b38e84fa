//! Builds every use case from the ports and settings, once for the server, the worker, the command line and the tests.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use attune_domain::calendar::WeeklySchedule;
use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::meeting::RoomLimits;
use attune_domain::notification::{ReminderPlan, RetryPolicy};
use attune_domain::{AccessWindow, MeetingBaseUrl, NameFallback, Practice, SecondFactorPolicy};
use attune_ports::{
    AccessTokens, Clock, DeviceTokens, Notifier, OnlinePayments, OutboxWaker, PasswordHasher, PaymentGateway, Queries,
    Random, Store, TimeZones, Totp,
};
use jiff::SignedDuration;

use crate::accounts::{
    AccountLinks, AddClient, AddUser, Authenticate, BrowserSessions, ChangeEmail, ChangePassword, CheckCode,
    CheckOwnPassword, IssueTokens, LimitedAttempts, LogIn, LogOut, ManageLoginSessions, ManageSecondFactor, ManageUser,
    OneTimeLinks, OpenLoginSession, OperateAccount, RedeemLoginLink, Refresh, Register, Registration, RequestLink,
    SetPasswordByLink, StepUp, UpdateProfile, VerifyEmail,
};
use crate::bookings::{
    CalendarFeedUrls, CalendarLoader, ChangeBooking, ChangeSeries, CompleteEndedBookings, CreateBooking, CreateSeries,
    EditBooking, ExpireHolds, ExplainSlot, ManageCalendarFeed, ReadCalendarFeed, ShowAvailability, UpcomingBookings,
    ViewBooking,
};
use crate::meetings::{
    AttendanceReport, CloseRoom, EmailLinkTarget, EndAppointment, JoinMeeting, JoinPages, LinkSigning,
    ManageParticipants, MeetingLinks, RecordAttendance, ResendLinks, ReserveConference, RevokeLinks, RoomClosing,
};
use crate::notifications::{DeliverNotifications, HeldNotifications, ManageNotifications, PlanAgendas};
use crate::payments::{
    HandlePaymentWebhook, OpenCheckout, PayPage, PayPages, PayTestCheckout, ProcessRefunds, ReconcilePayments,
    RecordOfflinePayment, RefundPayment, ResolvePaymentProblem, RevenueReport,
};
use crate::practice::{CurrentPractice, LastLogo, ManageCalendar, ManagePracticeProfile, ManageServices};
use crate::setup::SetUpPractice;
use crate::{BookingLifecycle, ClockMonitor, PurgeExpired, SaveResponse};

/// The ports and settings that the use cases need.
#[derive(Clone)]
pub struct Deps {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub zones: Arc<dyn TimeZones>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub access_tokens: Arc<dyn AccessTokens>,
    pub devices: Arc<dyn DeviceTokens>,
    pub totp: Arc<dyn Totp>,
    pub account_links: AccountLinks,
    pub notifier: Arc<dyn Notifier>,
    pub waker: Arc<dyn OutboxWaker>,
    pub gateway: Arc<dyn PaymentGateway>,
    /// The provider that collects online, or did so for earlier bookings. Without it no webhook is handled.
    pub online: Option<Arc<dyn OnlinePayments>>,
    /// `None` where the video server checks no tokens.
    pub signing: Option<LinkSigning>,
    pub join_pages: JoinPages,
    pub pay_pages: PayPages,
    pub feed_urls: CalendarFeedUrls,
    /// `None` where the video server closes no room for us.
    pub room_closing: Option<RoomClosing>,
    pub settings: UseCaseSettings,
}

/// The resolved settings that the use cases need.
#[derive(Debug, Clone)]
pub struct UseCaseSettings {
    pub registration: Registration,
    pub access_lifetime: SignedDuration,
    pub login_sessions: LoginSessionPolicy,
    /// Who needs a second factor.
    pub second_factor: SecondFactorPolicy,
    /// Failed logins per account and day; `None` is no limit.
    pub max_login_failures: Option<u64>,
    /// The practice until another one is stored.
    pub practice: Arc<Practice>,
    /// The working hours of therapists who set none, in the practice's time zone, whatever theirs is.
    pub default_hours: WeeklySchedule,
    pub meetings: MeetingBaseUrl,
    pub window: AccessWindow,
    pub room_limits: RoomLimits,
    pub email_links: EmailLinkTarget,
    /// What the room calls people without a name.
    pub name_fallback: NameFallback,
    pub reminders: ReminderPlan,
    /// How long a slot is held for a client whom the practice asks to pay online.
    pub invite_hold: SignedDuration,
    pub retry: RetryPolicy,
    /// How many emails are sent at the same time.
    pub parallel_emails: NonZeroUsize,
}

/// Every use case.
#[derive(Clone)]
pub struct UseCases {
    pub add_user: AddUser,
    pub add_client: AddClient,
    pub set_up: SetUpPractice,
    pub register: Register,
    pub log_in: LogIn,
    pub refresh: Refresh,
    pub log_out: LogOut,
    pub login_sessions: ManageLoginSessions,
    pub authenticate: Authenticate,
    pub browser_sessions: BrowserSessions,
    pub update_profile: UpdateProfile,
    pub change_password: ChangePassword,
    pub one_time_links: OneTimeLinks,
    pub request_link: RequestLink,
    pub set_password_by_link: SetPasswordByLink,
    pub redeem_login_link: RedeemLoginLink,
    pub verify_email: VerifyEmail,
    pub change_email: ChangeEmail,
    pub second_factor: ManageSecondFactor,
    pub step_up: StepUp,
    pub operate_account: OperateAccount,
    pub manage_user: ManageUser,
    pub create_booking: CreateBooking,
    pub create_series: CreateSeries,
    pub change_series: ChangeSeries,
    pub view_booking: ViewBooking,
    pub change_booking: ChangeBooking,
    pub edit_booking: EditBooking,
    pub upcoming: UpcomingBookings,
    pub availability: ShowAvailability,
    pub explain_slot: ExplainSlot,
    pub calendar_feed: ManageCalendarFeed,
    pub read_calendar_feed: ReadCalendarFeed,
    pub complete_ended: CompleteEndedBookings,
    pub expire_holds: ExpireHolds,
    pub services: ManageServices,
    pub practice: CurrentPractice,
    pub profile: ManagePracticeProfile,
    pub calendar: ManageCalendar,
    pub open_checkout: OpenCheckout,
    pub pay_pages: PayPages,
    pub pay_page: PayPage,
    pub pay_test_checkout: PayTestCheckout,
    pub record_offline: RecordOfflinePayment,
    pub refund: RefundPayment,
    pub process_refunds: ProcessRefunds,
    pub reconcile: ReconcilePayments,
    /// `None` where no provider collects online.
    pub handle_webhook: Option<HandlePaymentWebhook>,
    pub revenue: RevenueReport,
    pub resolve_problem: ResolvePaymentProblem,
    pub links: MeetingLinks,
    pub join: JoinMeeting,
    pub resend_links: ResendLinks,
    pub revoke_links: RevokeLinks,
    pub participants: ManageParticipants,
    pub rooms: ReserveConference,
    pub end_appointment: EndAppointment,
    pub record_attendance: RecordAttendance,
    pub attendance: AttendanceReport,
    pub deliver: DeliverNotifications,
    pub plan_agendas: PlanAgendas,
    pub manage_notifications: ManageNotifications,
    pub held_notifications: HeldNotifications,
    pub save_response: SaveResponse,
    pub purge: PurgeExpired,
}

/// A struct whose fields are clones of the variables of the same names.
macro_rules! of {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        $name { $($field: $field.clone()),+ }
    };
}

impl UseCases {
    pub fn new(deps: &Deps) -> Self {
        let Deps { store, queries, clock, random, zones, hasher, notifier, waker, gateway, online, .. } = deps;
        let Deps { access_tokens: tokens, signing, join_pages: pages, room_closing: closing, settings, .. } = deps;
        let Deps { pay_pages, feed_urls, devices, totp, account_links, .. } = deps;
        let UseCaseSettings { window, meetings, reminders, retry, practice: configured, registration, .. } = settings;
        let UseCaseSettings { access_lifetime, default_hours, parallel_emails, invite_hold, .. } = settings;
        let UseCaseSettings { login_sessions: policy, max_login_failures: max_failures, second_factor, .. } = settings;
        let UseCaseSettings { room_limits: limits, email_links: email_target, name_fallback, .. } = settings;
        let grace = window.grace;
        let planned = Arc::new(Mutex::new(None));
        let last_logo = LastLogo::default();

        let monitor = ClockMonitor::new(clock.clone(), queries.clone());
        let lifecycle = of!(BookingLifecycle { meetings, reminders, random, waker });
        let practice = of!(CurrentPractice { queries, zones, configured, last_logo });
        let calendars = of!(CalendarLoader { queries, zones, practice, default_hours });
        let issue = of!(IssueTokens { tokens, random, clock, access_lifetime });
        let links = of!(MeetingLinks { queries, clock, window, signing, pages, email_target, name_fallback });
        let attempts = of!(LimitedAttempts { store, clock, max_failures });
        let own_password = of!(CheckOwnPassword { queries, hasher, attempts, clock });
        let check_code = of!(CheckCode { totp });
        let open = of!(OpenLoginSession { queries, issue, random, devices, waker });
        let one_time_links = of!(OneTimeLinks { queries, random, account_links });
        let add_user = of!(AddUser { store, hasher, clock, zones });
        let checkout = of!(OpenCheckout { store, queries, gateway, random, clock });
        let reconcile = of!(ReconcilePayments { checkout, online, lifecycle });
        let holds = of!(ExpireHolds { store, clock, reconcile, monitor });
        let manage_notifications = of!(ManageNotifications { store, clock, waker });
        let view = of!(ViewBooking { queries });
        let close_room = of!(CloseRoom { closing });
        let create_booking = of!(CreateBooking { store, clock, lifecycle, calendars, checkout, invite_hold, holds });
        let change_booking =
            of!(ChangeBooking { store, queries, clock, lifecycle, calendars, holds, view, window, close_room });
        Self {
            set_up: of!(SetUpPractice { store, gateway, add_user, random }),
            refresh: of!(Refresh { store, issue, clock, policy }),
            log_out: of!(LogOut { store, clock }),
            login_sessions: of!(ManageLoginSessions { store, queries, clock, policy }),
            authenticate: of!(Authenticate { queries, tokens, clock, policy, second_factor }),
            browser_sessions: of!(BrowserSessions { store, queries, clock, policy }),
            update_profile: of!(UpdateProfile { store, zones, clock }),
            change_password: of!(ChangePassword { store, hasher, clock, own_password, waker }),
            manage_user: of!(ManageUser { store, clock, waker }),
            log_in: of!(LogIn { store, queries, hasher, clock, attempts, check_code, open, registration }),
            second_factor: of!(ManageSecondFactor { store, own_password, clock, random, attempts, check_code, waker }),
            step_up: of!(StepUp { store, clock, own_password, attempts, check_code }),
            operate_account: of!(OperateAccount { store, queries, hasher, clock, one_time_links, attempts }),
            add_client: of!(AddClient { add_user, one_time_links, waker }),
            register: of!(Register { registration, add_user, clock, one_time_links, attempts, open, waker }),
            request_link: of!(RequestLink { store, clock, one_time_links, attempts, waker }),
            set_password_by_link: of!(SetPasswordByLink { store, hasher, clock, one_time_links, attempts, waker }),
            redeem_login_link: of!(RedeemLoginLink { store, clock, one_time_links, attempts, check_code, open }),
            verify_email: of!(VerifyEmail { store, hasher, clock, one_time_links, attempts, open, waker }),
            change_email: of!(ChangeEmail { store, clock, one_time_links, attempts, waker }),
            one_time_links,
            create_series: of!(CreateSeries { create_booking }),
            edit_booking: of!(EditBooking { store, queries, gateway, clock, lifecycle, holds }),
            upcoming: of!(UpcomingBookings { queries, clock, change_booking }),
            change_series: of!(ChangeSeries { change_booking }),
            change_booking,
            availability: of!(ShowAvailability { queries, clock, calendars }),
            explain_slot: of!(ExplainSlot { queries, clock, calendars }),
            calendar_feed: of!(ManageCalendarFeed { store, queries, clock, random, feed_urls }),
            read_calendar_feed: of!(ReadCalendarFeed { queries, clock, feed_urls }),
            complete_ended: of!(CompleteEndedBookings { store, queries, clock, monitor, lifecycle, grace }),
            services: of!(ManageServices { store, gateway, clock }),
            calendar: of!(ManageCalendar { store, zones, calendars, clock }),
            profile: of!(ManagePracticeProfile { store, zones, clock, practice }),
            pay_test_checkout: of!(PayTestCheckout { store, queries, clock, lifecycle }),
            record_offline: of!(RecordOfflinePayment { store, queries, clock, lifecycle }),
            refund: of!(RefundPayment { store, queries, clock, lifecycle }),
            process_refunds: of!(ProcessRefunds { store, queries, clock, lifecycle, online }),
            handle_webhook: online
                .as_ref()
                .map(|online| of!(HandlePaymentWebhook { store, queries, clock, lifecycle, online })),
            pay_page: PayPage {
                pages: pay_pages.clone(),
                practice: practice.clone(),
                checkout: checkout.clone(),
                reconcile: reconcile.clone(),
            },
            pay_pages: pay_pages.clone(),
            revenue: of!(RevenueReport { queries }),
            resolve_problem: of!(ResolvePaymentProblem { store, clock }),
            join: of!(JoinMeeting { links, practice }),
            resend_links: of!(ResendLinks { store, queries, clock, waker, window }),
            revoke_links: of!(RevokeLinks { store, clock, lifecycle }),
            participants: of!(ManageParticipants { store, zones, clock, lifecycle }),
            end_appointment: of!(EndAppointment { store, clock, lifecycle, window, close_room }),
            rooms: of!(ReserveConference { store, queries, clock, window, limits }),
            record_attendance: of!(RecordAttendance { store, queries, clock }),
            attendance: of!(AttendanceReport { queries, clock, window }),
            deliver: of!(DeliverNotifications {
                store,
                queries,
                notifier,
                clock,
                monitor,
                random,
                links,
                pay_pages,
                account_links,
                reminders,
                retry,
                practice,
                parallel_emails
            }),
            plan_agendas: of!(PlanAgendas { store, queries, clock, monitor, practice, planned }),
            held_notifications: of!(HeldNotifications { queries, reconcile, manage_notifications }),
            manage_notifications,
            save_response: of!(SaveResponse { store }),
            purge: of!(PurgeExpired { store, clock, monitor }),
            add_user,
            practice,
            view_booking: view,
            links,
            open_checkout: checkout,
            reconcile,
            expire_holds: holds,
            create_booking,
        }
    }
}
