//! Builds every use case from the ports and settings, once for the server, the worker, the command line and the tests.

use std::num::NonZeroUsize;
use std::sync::Arc;

use attune_domain::calendar::WeeklySchedule;
use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::meeting::RoomLimits;
use attune_domain::notification::{ReminderPlan, RetryPolicy};
use attune_domain::{AccessWindow, MeetingBaseUrl};
use attune_ports::{
    AccessTokens, Clock, Notifier, OnlinePayments, OutboxWaker, PasswordHasher, PaymentGateway, Queries, Random, Store,
    TimeZones,
};
use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::accounts::{
    AddUser, Authenticate, ChangePassword, IssueTokens, LogIn, LogOut, ManageUser, Refresh, Register, Registration,
    UpdateProfile,
};
use crate::bookings::{
    CalendarLoader, ChangeBooking, CompleteEndedBookings, CreateBooking, CreateSeries, ExpireHolds, ShowAvailability,
    ViewBooking,
};
use crate::meetings::{
    AttendanceReport, EmailLinkTarget, JoinMeeting, JoinPages, LinkSigning, ManageParticipants, MeetingLinks,
    RecordAttendance, ResendLinks, ReserveConference, RevokeLinks,
};
use crate::notifications::DeliverNotifications;
use crate::payments::{
    HandlePaymentWebhook, OpenCheckout, PayTestCheckout, ProcessRefunds, ReconcilePayments, RecordOfflinePayment,
    RefundPayment, ResolvePaymentProblem, RevenueReport,
};
use crate::practice::{ManageCalendar, ManageServices};
use crate::setup::SetUpPractice;
use crate::{BookingLifecycle, PurgeExpired, SaveResponse};

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
    pub notifier: Arc<dyn Notifier>,
    pub waker: Arc<dyn OutboxWaker>,
    pub gateway: Arc<dyn PaymentGateway>,
    /// The provider that collects online, or did so for earlier bookings. Without it no webhook is handled.
    pub online: Option<Arc<dyn OnlinePayments>>,
    /// `None` where the video server checks no tokens.
    pub signing: Option<LinkSigning>,
    pub join_pages: JoinPages,
    pub settings: UseCaseSettings,
}

/// The resolved settings that the use cases need.
#[derive(Debug, Clone)]
pub struct UseCaseSettings {
    pub registration: Registration,
    pub access_lifetime: SignedDuration,
    pub login_sessions: LoginSessionPolicy,
    /// Failed logins per account and day; `None` is no limit.
    pub max_login_failures: Option<u64>,
    pub practice_zone: TimeZone,
    /// The working hours of therapists who set none.
    pub default_hours: WeeklySchedule,
    pub meetings: MeetingBaseUrl,
    pub window: AccessWindow,
    pub room_limits: RoomLimits,
    pub email_links: EmailLinkTarget,
    pub reminders: ReminderPlan,
    pub retry: RetryPolicy,
    /// How many emails are sent at the same time.
    pub parallel_emails: NonZeroUsize,
}

/// Every use case.
#[derive(Clone)]
pub struct UseCases {
    pub add_user: AddUser,
    pub set_up: SetUpPractice,
    pub register: Register,
    pub log_in: LogIn,
    pub refresh: Refresh,
    pub log_out: LogOut,
    pub authenticate: Authenticate,
    pub update_profile: UpdateProfile,
    pub change_password: ChangePassword,
    pub manage_user: ManageUser,
    pub create_booking: CreateBooking,
    pub create_series: CreateSeries,
    pub view_booking: ViewBooking,
    pub change_booking: ChangeBooking,
    pub availability: ShowAvailability,
    pub complete_ended: CompleteEndedBookings,
    pub expire_holds: ExpireHolds,
    pub services: ManageServices,
    pub calendar: ManageCalendar,
    pub open_checkout: OpenCheckout,
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
    pub record_attendance: RecordAttendance,
    pub attendance: AttendanceReport,
    pub deliver: DeliverNotifications,
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
        let (tokens, settings) = (&deps.access_tokens, &deps.settings);
        let UseCaseSettings { window, meetings, reminders, retry, practice_zone, registration, .. } = settings;
        let (policy, limits, grace) = (settings.login_sessions, settings.room_limits, window.grace);

        let lifecycle = of!(BookingLifecycle { meetings, reminders, random, waker });
        let calendars = CalendarLoader {
            queries: queries.clone(),
            zones: zones.clone(),
            default_hours: settings.default_hours.clone(),
        };
        let issue = IssueTokens {
            tokens: tokens.clone(),
            random: random.clone(),
            clock: clock.clone(),
            access_lifetime: settings.access_lifetime,
        };
        let links = MeetingLinks {
            queries: queries.clone(),
            clock: clock.clone(),
            window: *window,
            signing: deps.signing.clone(),
            pages: deps.join_pages.clone(),
            email_target: settings.email_links,
        };
        let add_user = of!(AddUser { store, hasher, clock, zones });
        let checkout = of!(OpenCheckout { store, queries, gateway, random, clock });
        let reconcile = of!(ReconcilePayments { checkout, online, lifecycle });
        let holds = of!(ExpireHolds { store, clock, reconcile });
        let view = of!(ViewBooking { queries });
        let create_booking = of!(CreateBooking { store, clock, lifecycle, calendars, checkout, holds });
        Self {
            set_up: of!(SetUpPractice { store, add_user, random }),
            register: of!(Register { registration, add_user }),
            log_in: LogIn {
                store: store.clone(),
                queries: queries.clone(),
                hasher: hasher.clone(),
                issue: issue.clone(),
                clock: clock.clone(),
                max_failures: settings.max_login_failures,
            },
            refresh: of!(Refresh { store, issue, clock, policy }),
            log_out: of!(LogOut { store, clock }),
            authenticate: of!(Authenticate { queries, tokens, clock, policy }),
            update_profile: of!(UpdateProfile { store, zones, clock }),
            change_password: of!(ChangePassword { store, queries, hasher, clock }),
            manage_user: of!(ManageUser { store, clock }),
            create_series: of!(CreateSeries { create_booking }),
            change_booking: of!(ChangeBooking { store, queries, clock, lifecycle, calendars, holds, view }),
            availability: of!(ShowAvailability { queries, clock, calendars }),
            complete_ended: of!(CompleteEndedBookings { store, queries, clock, lifecycle, grace }),
            services: of!(ManageServices { store, clock }),
            calendar: of!(ManageCalendar { store, zones, clock }),
            pay_test_checkout: of!(PayTestCheckout { store, queries, clock, lifecycle }),
            record_offline: of!(RecordOfflinePayment { store, queries, clock, lifecycle }),
            refund: of!(RefundPayment { store, queries, clock, lifecycle }),
            process_refunds: of!(ProcessRefunds { store, queries, clock, lifecycle, online }),
            handle_webhook: online
                .as_ref()
                .map(|online| of!(HandlePaymentWebhook { store, queries, clock, lifecycle, online })),
            revenue: RevenueReport { queries: queries.clone(), zone: practice_zone.clone() },
            resolve_problem: of!(ResolvePaymentProblem { store, clock }),
            join: of!(JoinMeeting { links, zones, practice_zone }),
            resend_links: of!(ResendLinks { store, queries, clock, waker, window }),
            revoke_links: of!(RevokeLinks { store, clock, lifecycle }),
            participants: of!(ManageParticipants { store, zones, clock, lifecycle }),
            rooms: of!(ReserveConference { store, queries, clock, window, limits }),
            record_attendance: of!(RecordAttendance { store, queries, clock }),
            attendance: of!(AttendanceReport { queries, clock, window }),
            deliver: DeliverNotifications {
                store: store.clone(),
                queries: queries.clone(),
                notifier: notifier.clone(),
                clock: clock.clone(),
                random: random.clone(),
                zones: zones.clone(),
                links: links.clone(),
                reminders: reminders.clone(),
                retry: *retry,
                practice_zone: practice_zone.clone(),
                parallel_emails: settings.parallel_emails,
            },
            save_response: of!(SaveResponse { store }),
            purge: of!(PurgeExpired { store, clock }),
            add_user,
            view_booking: view,
            links,
            open_checkout: checkout,
            reconcile,
            expire_holds: holds,
            create_booking,
        }
    }
}
