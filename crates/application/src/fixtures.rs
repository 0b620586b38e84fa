//! A practice on the memory store, with a clock that the test sets.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use attune_adapter_memory::MemoryStore;
use attune_domain::calendar::{LocalTimeRange, WeeklySchedule};
use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::meeting::{RoomLimits, TokenPlacement, TokenSettings};
use attune_domain::notification::{Notification, ReminderPlan, RetryPolicy};
use attune_domain::{
    AccessWindow, Booking, BookingId, MeetingBaseUrl, Money, NameFallback, NotifyLevel, Participant, ParticipantRole,
    PersonName, PracticePolicy, Role, SecondFactorPolicy, User, UserId,
};
use attune_ports::{
    BookingFilter, Checkout, CheckoutRequest, CheckoutState, Clock, Email, NewService, OnlinePayments, PageRequest,
    PaidCheckout, Password, Payment, PaymentError, PaymentGateway, PaymentTerms, PriceError, Provider, ProviderRefund,
    Queries, RefundRequest, RefundState, Store, UnitOfWork, Versioned,
};
use attune_test_doubles::{
    CountingWaker, FixedClock, PlainAccessTokens, PlainJoinTokens, PlainMeetingTokens, PlainOneTimeTokens,
    PlainPasswordHasher, PlainTotp, RecordingNotifier, RecordingRoomCloser, SequenceRandom, SystemZones, practice,
};
pub(crate) use attune_test_store_contract::fixtures::{at, email, eur, hours, zone};
use jiff::{SignedDuration, Timestamp};

use crate::accounts::{AccountLinks, AddUserCommand, LogInCommand, LogInError, LoginOrigin, Registration, Tokens};
use crate::bookings::{
    CalendarFeedUrls, Change, ChangeBookingCommand, ChangeBookingError, CreateBookingCommand, CreateBookingError,
    CreatedBooking, PaymentChoice,
};
use crate::meetings::{
    EmailLinkTarget, InviteParticipantCommand, JoinPages, LinkSigning, MeetingLinkError, MeetingLinkView, MeetingLinks,
    ParticipantError, ReserveConference, RoomClosing,
};
use crate::payments::{HandlePaymentWebhook, PayPages, RecordOfflineCommand};
use crate::practice::{CalendarError, SetPolicyCommand, SetScheduleCommand};
use crate::{Deps, Idempotent, RequestMetadata, UseCaseSettings, UseCases};

pub(crate) const NOW: &str = "2024-01-10T09:00:00Z";
/// A Monday.
pub(crate) const TEN: &str = "2024-01-15T10:00:00Z";
pub(crate) const TUESDAY: &str = "2024-01-16T10:00:00Z";
pub(crate) const PASSWORD: &str = "seven quiet herons";

/// The result of a command that was executed, not replayed.
pub(crate) fn executed<T>(result: Idempotent<T>) -> T {
    match result {
        Idempotent::Executed(result) => result,
        Idempotent::Replayed(replay) => panic!("replayed: {replay:?}"),
    }
}

/// A payment provider whose terms and responses the test chooses.
pub(crate) struct TestGateway {
    provider: Provider,
    terms: PaymentTerms,
    /// Whether it responds to no request.
    down: AtomicBool,
    /// The states of its checkouts, by id.
    pub(crate) checkouts: Mutex<BTreeMap<String, CheckoutState>>,
    /// It refuses requests for a checkout with this nonce.
    pub(crate) refused_nonce: Mutex<Option<[u8; 16]>>,
    /// Its refunds, by idempotency key.
    pub(crate) refunds: Mutex<BTreeMap<String, ProviderRefund>>,
    /// The state of a new refund; `None` refuses it.
    pub(crate) new_refunds: Mutex<Option<RefundState>>,
}

impl TestGateway {
    fn check_up(&self) -> Result<(), PaymentError> {
        if self.down.load(Ordering::SeqCst) { Err(PaymentError::Unavailable("down".into())) } else { Ok(()) }
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub(crate) fn set_new_refunds(&self, state: Option<RefundState>) {
        *self.new_refunds.lock().unwrap() = state;
    }

    /// The refunds that the provider is processing succeed.
    pub(crate) fn complete_refunds(&self) {
        for refund in self.refunds.lock().unwrap().values_mut() {
            refund.state = RefundState::Succeeded;
        }
    }

    /// The client pays. Returns what the provider reports.
    pub(crate) fn pay(&self, payment: &Payment) -> PaidCheckout {
        let provider_payment_id = format!("pi_{}", payment.provider_checkout_id);
        let (amount, booking) = (payment.amount, Some(payment.booking));
        let paid = PaidCheckout { amount, booking, live: false, provider_payment_id };
        self.set(payment, CheckoutState::Paid(paid.clone()));
        paid
    }

    pub(crate) fn set(&self, payment: &Payment, state: CheckoutState) {
        self.checkouts.lock().unwrap().insert(payment.provider_checkout_id.clone(), state);
    }

    pub(crate) fn checkout(&self, payment: &Payment) -> CheckoutState {
        self.checkouts.lock().unwrap()[&payment.provider_checkout_id].clone()
    }
}

#[async_trait]
impl PaymentGateway for TestGateway {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn terms(&self) -> PaymentTerms {
        self.terms
    }

    /// A currency with three decimals in steps of ten, and at most eight digits, like Stripe's.
    fn check_price(&self, price: Money) -> Result<(), PriceError> {
        let currency = price.currency();
        let (step, most) = (Money::new(10, currency).unwrap(), Money::new(99_999_999, currency).unwrap());
        if self.provider != Provider::Stripe {
            Ok(())
        } else if currency.decimals() == 3 && price.minor() % step.minor() != 0 {
            Err(PriceError::Multiple(step))
        } else if price.minor() > most.minor() {
            Err(PriceError::TooLarge(most))
        } else {
            Ok(())
        }
    }

    async fn open_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentError> {
        self.check_up()?;
        if *self.refused_nonce.lock().unwrap() == Some(request.nonce) {
            return Err(PaymentError::Refused("another request under the same key".into()));
        }
        let id = format!("cs_{:032x}", u128::from_be_bytes(request.nonce));
        self.checkouts.lock().unwrap().entry(id.clone()).or_insert(CheckoutState::Open);
        Ok(Checkout { url: Some(format!("https://pay.example.org/{id}")), id })
    }
}

#[async_trait]
impl OnlinePayments for TestGateway {
    fn is_live(&self) -> bool {
        false
    }

    async fn checkout_state(&self, id: &str) -> Result<CheckoutState, PaymentError> {
        self.check_up()?;
        Ok(self.checkouts.lock().unwrap().get(id).cloned().unwrap_or(CheckoutState::Unknown))
    }

    async fn expire_checkout(&self, id: &str) -> Result<CheckoutState, PaymentError> {
        self.check_up()?;
        let mut checkouts = self.checkouts.lock().unwrap();
        let Some(state) = checkouts.get_mut(id) else { return Ok(CheckoutState::Unknown) };
        if *state == CheckoutState::Open {
            *state = CheckoutState::Expired;
        }
        Ok(state.clone())
    }

    async fn refund(&self, request: &RefundRequest) -> Result<ProviderRefund, PaymentError> {
        self.check_up()?;
        let state = self.new_refunds.lock().unwrap().ok_or(PaymentError::Refused("refused".into()))?;
        let made = || ProviderRefund { id: format!("re_{}", request.idempotency_key), state, amount: request.amount };
        Ok(self.refunds.lock().unwrap().entry(request.idempotency_key.clone()).or_insert_with(made).clone())
    }

    async fn refund_state(&self, id: &str) -> Result<Option<ProviderRefund>, PaymentError> {
        self.check_up()?;
        Ok(self.refunds.lock().unwrap().values().find(|refund| refund.id == id).cloned())
    }
}

/// A practice: its use cases, and the test doubles behind them. Every use case is a field of the practice.
pub(crate) struct TestPractice {
    use_cases: UseCases,
    pub(crate) deps: Deps,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) hasher: Arc<PlainPasswordHasher>,
    pub(crate) notifier: Arc<RecordingNotifier>,
    pub(crate) waker: Arc<CountingWaker>,
    pub(crate) gateway: Arc<TestGateway>,
}

impl Deref for TestPractice {
    type Target = UseCases;

    fn deref(&self) -> &UseCases {
        &self.use_cases
    }
}

impl TestPractice {
    /// A practice without payments: one therapist, one service of 50 minutes with a buffer of 10. Rooms open 15 minutes
    /// before and close 30 minutes after the session. Therapists who set no hours work around the clock, so that a test
    /// can book at any time.
    pub(crate) async fn free() -> Self {
        Self::with(Provider::None, PaymentTerms::NothingDue).await
    }

    /// The same, but sessions are paid within 15 minutes.
    pub(crate) async fn paid() -> Self {
        Self::with(Provider::Test, PaymentTerms::Due { hold: SignedDuration::from_mins(15) }).await
    }

    /// The practice collects itself: holds of three days.
    pub(crate) async fn offline() -> Self {
        Self::with(Provider::Offline, PaymentTerms::Due { hold: SignedDuration::from_hours(72) }).await
    }

    /// The same, and they are paid at an online provider.
    pub(crate) async fn online() -> Self {
        Self::with(Provider::Stripe, PaymentTerms::Due { hold: SignedDuration::from_mins(15) }).await
    }

    /// The same practice with a video server that checks tokens.
    pub(crate) fn signed(mut self) -> Self {
        self.deps.signing = Some(LinkSigning {
            rooms: self.deps.settings.meetings.clone(),
            signer: Arc::new(PlainMeetingTokens),
            settings: TokenSettings::default(),
            placement: TokenPlacement::Query,
        });
        self.deps.settings.email_links = EmailLinkTarget::Page;
        Self { use_cases: UseCases::new(&self.deps), ..self }
    }

    /// The same practice with a video server that closes rooms, and what it was asked to close.
    pub(crate) fn closing_rooms(mut self) -> (Self, Arc<RecordingRoomCloser>) {
        let closer = Arc::new(RecordingRoomCloser::default());
        let rooms = self.deps.settings.meetings.clone();
        self.deps.room_closing = Some(RoomClosing { closer: closer.clone(), rooms });
        (Self { use_cases: UseCases::new(&self.deps), ..self }, closer)
    }

    async fn with(provider: Provider, terms: PaymentTerms) -> Self {
        let memory = MemoryStore::new();
        let clock = Arc::new(FixedClock::new(at(NOW)));
        let hasher = Arc::new(PlainPasswordHasher::new());
        let notifier = Arc::new(RecordingNotifier::new());
        let waker = Arc::new(CountingWaker::default());
        let gateway = Arc::new(TestGateway {
            provider,
            terms,
            down: AtomicBool::new(false),
            checkouts: Mutex::default(),
            refused_nonce: Mutex::default(),
            refunds: Mutex::default(),
            new_refunds: Mutex::new(Some(RefundState::Succeeded)),
        });
        let deps = Deps {
            store: memory.clone(),
            queries: memory,
            clock: clock.clone(),
            random: Arc::new(SequenceRandom::new(1)),
            zones: Arc::new(SystemZones),
            hasher: hasher.clone(),
            access_tokens: Arc::new(PlainAccessTokens),
            devices: Arc::new(PlainOneTimeTokens),
            totp: Arc::new(PlainTotp),
            account_links: AccountLinks {
                base: "https://practice.example.org/".into(),
                signer: Arc::new(PlainOneTimeTokens),
            },
            notifier: notifier.clone(),
            waker: waker.clone(),
            gateway: gateway.clone(),
            online: provider.is_online().then(|| gateway.clone() as Arc<dyn OnlinePayments>),
            signing: None,
            join_pages: JoinPages { base: "https://practice.example.org/".into(), tokens: Arc::new(PlainJoinTokens) },
            pay_pages: PayPages { base: "https://practice.example.org/".into(), tokens: Arc::new(PlainJoinTokens) },
            feed_urls: CalendarFeedUrls {
                base: "https://practice.example.org/".into(),
                tokens: Arc::new(PlainOneTimeTokens),
            },
            room_closing: None,
            settings: UseCaseSettings {
                registration: Registration::Open,
                access_lifetime: SignedDuration::from_mins(15),
                login_sessions: LoginSessionPolicy::default(),
                second_factor: SecondFactorPolicy::Optional,
                max_login_failures: Some(3),
                practice: Arc::new(practice("Europe/Berlin")),
                default_hours: WeeklySchedule::every_day(zone("Europe/Berlin"), LocalTimeRange::WHOLE_DAY),
                meetings: MeetingBaseUrl::parse("https://meet.example.org").unwrap(),
                window: AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) },
                room_limits: RoomLimits::default(),
                email_links: EmailLinkTarget::Room,
                name_fallback: NameFallback::Email,
                reminders: ReminderPlan::new(vec![1440, 60]).unwrap(),
                invite_hold: SignedDuration::from_hours(72),
                retry: RetryPolicy::default(),
                parallel_emails: NonZeroUsize::new(4).unwrap(),
            },
        };
        let (store, queries) = (deps.store.clone(), deps.queries.clone());
        let practice =
            Self { use_cases: UseCases::new(&deps), deps, store, queries, clock, hasher, notifier, waker, gateway };
        practice.add("therapist", Role::Admin).await;
        let (name, description, price) = ("Session".into(), String::new(), eur(10_000));
        let service =
            NewService { name, description, minutes: 50, buffer_minutes: 10, price, translations: BTreeMap::new() };
        practice.set_up.ensure_service(&service).await.unwrap();
        practice
    }

    /// Adds an account named Alex, whose address and last name begin with `local`.
    pub(crate) async fn add(&self, local: &str, role: Role) -> User {
        self.add_user
            .run(AddUserCommand {
                email: email(local),
                first_name: PersonName::parse("Alex").unwrap(),
                last_name: PersonName::parse(local).unwrap(),
                time_zone: None,
                role,
                notify: NotifyLevel::None,
                password: Password::new(PASSWORD.into()),
            })
            .await
            .unwrap()
    }

    pub(crate) async fn client(&self) -> User {
        self.add("client", Role::Client).await
    }

    pub(crate) async fn therapist(&self) -> User {
        self.queries.credentials(&email("therapist")).await.unwrap().unwrap().user
    }

    /// A client with a booking at [`TEN`].
    pub(crate) async fn booked(&self) -> (User, Booking) {
        let client = self.client().await;
        let booking = self.book(&client, TEN).await.unwrap().booking;
        (client, booking)
    }

    /// A client's request for a session.
    pub(crate) fn request(&self, client: &User, start: &str) -> CreateBookingCommand {
        CreateBookingCommand {
            client: client.id,
            booked_by: client.id,
            role: Role::Client,
            scheduled_at: at(start),
            service: None,
            therapist: None,
            note: None,
            payment: PaymentChoice::ByProvider,
            amount: None,
            has_taken_place: false,
            override_hours: false,
            metadata: RequestMetadata::default(),
            idempotency: None,
        }
    }

    pub(crate) async fn book(&self, client: &User, start: &str) -> Result<CreatedBooking, CreateBookingError> {
        self.create_booking.run(self.request(client, start)).await.map(executed)
    }

    pub(crate) async fn change(
        &self,
        actor: &User,
        booking: &Booking,
        change: Change,
    ) -> Result<Booking, ChangeBookingError> {
        self.change_booking.run(change_command(actor, booking, change)).await.map(executed)
    }

    pub(crate) async fn booking(&self, id: BookingId) -> Booking {
        self.queries.booking(id).await.unwrap().unwrap().booking
    }

    pub(crate) async fn count_bookings(&self) -> u64 {
        let page = PageRequest { limit: 1, offset: 0 };
        self.queries.bookings(&BookingFilter::default(), page.into()).await.unwrap().total
    }

    /// The actions in the audit trail of a booking.
    pub(crate) async fn actions(&self, booking: &Booking) -> Vec<String> {
        self.queries.history(booking.id()).await.unwrap().into_iter().map(|entry| entry.action).collect()
    }

    pub(crate) async fn notifications(&self, booking: &Booking) -> Vec<Notification> {
        self.queries.notifications(booking.id()).await.unwrap()
    }

    /// Delivers everything that is due. Returns all emails that were sent so far.
    pub(crate) async fn delivered(&self) -> Vec<Email> {
        while self.deliver.run().await.unwrap().claimed > 0 {}
        self.notifier.sent()
    }

    /// Changes the store directly.
    pub(crate) async fn edit<T>(&self, steps: impl AsyncFnOnce(&mut dyn UnitOfWork) -> T) -> T {
        let mut work = self.store.begin().await.unwrap();
        let result = steps(&mut *work).await;
        work.commit().await.unwrap();
        result
    }

    pub(crate) async fn save_user(&self, user: User) {
        self.edit(async |work| work.save_user(&user).await.unwrap()).await;
    }

    /// Changes a booking in the store, without the emails about it.
    pub(crate) async fn edit_booking(&self, booking: &Booking, change: impl FnOnce(Booking) -> Booking) {
        self.edit(async |work| {
            let stored = work.booking(booking.id()).await.unwrap().unwrap();
            work.save_booking(&change(stored)).await.unwrap();
        })
        .await;
    }

    pub(crate) async fn set_schedule(&self, therapist: UserId, schedule: WeeklySchedule) -> Result<u32, CalendarError> {
        let (admin, metadata) = (self.therapist().await.id, RequestMetadata::default());
        self.calendar.set_schedule(SetScheduleCommand { admin, therapist, schedule, version: None, metadata }).await
    }

    pub(crate) async fn set_policy(&self, policy: PracticePolicy) -> Result<Versioned<PracticePolicy>, CalendarError> {
        let (admin, metadata) = (self.therapist().await.id, RequestMetadata::default());
        self.calendar.set_policy(SetPolicyCommand { admin, policy, version: None, metadata }).await
    }

    /// Invites someone into a session in the name of its therapist.
    pub(crate) async fn invite(
        &self,
        booking: &Booking,
        local: &str,
        role: ParticipantRole,
    ) -> Result<Participant, ParticipantError> {
        self.participants.invite(invitation(booking, local, role)).await
    }

    pub(crate) fn webhook(&self) -> &HandlePaymentWebhook {
        self.handle_webhook.as_ref().expect("an online provider")
    }

    pub(crate) fn rooms_with(&self, limits: RoomLimits) -> ReserveConference {
        ReserveConference { limits, ..self.rooms.clone() }
    }

    pub(crate) async fn log_in_as(&self, email: &str, password: &str) -> Result<Tokens, LogInError> {
        self.log_in_from("198.51.100.0/24", email, password).await
    }

    pub(crate) async fn log_in_from(&self, network: &str, email: &str, password: &str) -> Result<Tokens, LogInError> {
        self.log_in
            .run(LogInCommand {
                email: email.into(),
                password: Password::new(password.into()),
                code: None,
                origin: origin(network),
            })
            .await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance_minutes(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }
}

pub(crate) fn origin(network: &str) -> LoginOrigin {
    let metadata = RequestMetadata { network: Some(network.into()), ..RequestMetadata::default() };
    LoginOrigin { metadata, ..LoginOrigin::default() }
}

/// A free practice with a client and their booking at [`TEN`].
pub(crate) async fn booked() -> (TestPractice, User, Booking) {
    let practice = TestPractice::free().await;
    let (client, booking) = practice.booked().await;
    (practice, client, booking)
}

pub(crate) fn change_command(actor: &User, booking: &Booking, change: Change) -> ChangeBookingCommand {
    ChangeBookingCommand {
        actor: actor.id,
        role: actor.role,
        booking: booking.id(),
        change,
        version: None,
        metadata: RequestMetadata::default(),
        idempotency: None,
    }
}

pub(crate) fn cancel() -> Change {
    Change::Cancel { reason: Some("ill".into()), expected_refund: None }
}

pub(crate) fn reschedule(start: &str) -> Change {
    Change::Reschedule { to: at(start), override_hours: false, reason: None }
}

/// A payment of the price in cash.
pub(crate) fn offline_payment(booking: &Booking) -> RecordOfflineCommand {
    RecordOfflineCommand {
        admin: booking.therapist(),
        booking: booking.id(),
        amount: None,
        method: "cash".into(),
        memo: None,
        metadata: RequestMetadata::default(),
        idempotency: None,
    }
}

impl MeetingLinks {
    /// The viewer's link into one booking.
    pub(crate) async fn get(&self, viewer: &User, booking: BookingId) -> Result<MeetingLinkView, MeetingLinkError> {
        self.into_booking(viewer, self.queries.booking(booking).await?.map(|view| view.booking))
    }
}

/// An invitation by the therapist of the session.
pub(crate) fn invitation(booking: &Booking, local: &str, role: ParticipantRole) -> InviteParticipantCommand {
    InviteParticipantCommand {
        admin: booking.therapist(),
        booking: booking.id(),
        email: email(local),
        display_name: PersonName::parse("Kim Lee").unwrap().unwrap(),
        role,
        time_zone: None,
        language: None,
        metadata: RequestMetadata::default(),
    }
}
