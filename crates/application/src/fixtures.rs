//! A practice on the memory store, with a clock that is set by hand.

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
use attune_domain::notification::{ReminderPlan, RetryPolicy};
use attune_domain::{
    AccessWindow, Booking, BookingId, Currency, EmailAddress, MeetingBaseUrl, Money, Participant, ParticipantRole,
    PersonName, Role, TimeZoneName, User,
};
use attune_ports::{
    Checkout, CheckoutRequest, CheckoutState, Clock, OnlinePayments, PaidCheckout, Password, Payment, PaymentError,
    PaymentGateway, PaymentTerms, Provider, ProviderRefund, Queries, RefundRequest, RefundState, Store,
};
use attune_test_doubles::{
    CountingWaker, FixedClock, PlainAccessTokens, PlainJoinTokens, PlainMeetingTokens, PlainPasswordHasher,
    RecordingNotifier, SequenceRandom, SystemZones,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::accounts::{AddUserCommand, LogInCommand, LogInError, Registration, Tokens};
use crate::bookings::{CreateBookingCommand, CreateBookingError, CreatedBooking, PaymentChoice};
use crate::meetings::{
    EmailLinkTarget, InviteParticipantCommand, JoinPages, LinkSigning, MeetingLinkError, MeetingLinkView, MeetingLinks,
    ParticipantError, ReserveConference,
};
use crate::payments::HandlePaymentWebhook;
use crate::setup::FirstService;
use crate::{Deps, Idempotent, RequestMetadata, UseCaseSettings, UseCases};

pub(crate) const NOW: &str = "2024-01-10T09:00:00Z";
pub(crate) const PASSWORD: &str = "seven quiet herons";

/// What was granted now, not before.
pub(crate) fn now<T>(granted: Idempotent<T>) -> T {
    match granted {
        Idempotent::Executed(granted) => granted,
        Idempotent::Replayed(kept) => panic!("granted before: {kept:?}"),
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A provider whose terms and answers the test chooses.
pub(crate) struct TestGateway {
    pub(crate) provider: Provider,
    pub(crate) terms: PaymentTerms,
    pub(crate) down: AtomicBool,
}

#[async_trait]
impl PaymentGateway for TestGateway {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn terms(&self) -> PaymentTerms {
        self.terms
    }

    async fn open_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(PaymentError::Unavailable("told to be down".into()));
        }
        let reference = format!("ref-{:032x}", u128::from_be_bytes(request.nonce));
        Ok(Checkout { url: Some(format!("https://pay.example.org/{reference}")), id: reference })
    }
}

/// A provider that collects online, whose answers the test chooses.
#[derive(Default)]
pub(crate) struct OnlineGateway {
    /// Whether it answers nothing.
    pub(crate) down: AtomicBool,
    /// Where each of its checkouts stands.
    pub(crate) checkouts: Mutex<BTreeMap<String, CheckoutState>>,
    /// What it refuses to be asked again.
    pub(crate) worn_out: Mutex<Option<[u8; 16]>>,
    /// Its refunds by key.
    pub(crate) refunds: Mutex<BTreeMap<String, ProviderRefund>>,
    /// What becomes of a new refund; refused if nothing.
    pub(crate) refunding: Mutex<Option<RefundState>>,
}

impl OnlineGateway {
    fn check_up(&self) -> Result<(), PaymentError> {
        if self.down.load(Ordering::SeqCst) { Err(PaymentError::Unavailable("told to be down".into())) } else { Ok(()) }
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// The refunds that the provider is processing succeed.
    pub(crate) fn complete_refunds(&self) {
        for refund in self.refunds.lock().unwrap().values_mut() {
            refund.state = RefundState::Succeeded;
        }
    }

    /// The client pays, and what the provider tells about it.
    pub(crate) fn pay(&self, payment: &Payment) -> PaidCheckout {
        let facts = &payment;
        let charge = format!("pi_{}", facts.provider_checkout_id);
        let paid = PaidCheckout {
            amount: facts.amount,
            booking: Some(facts.booking),
            live: false,
            provider_payment_id: charge,
        };
        self.set(payment, CheckoutState::Paid(paid.clone()));
        paid
    }

    pub(crate) fn set(&self, payment: &Payment, state: CheckoutState) {
        self.checkouts.lock().unwrap().insert(payment.provider_checkout_id.clone(), state);
    }
}

#[async_trait]
impl PaymentGateway for OnlineGateway {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn terms(&self) -> PaymentTerms {
        PaymentTerms::Due { hold: SignedDuration::from_mins(15) }
    }

    async fn open_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentError> {
        self.check_up()?;
        if *self.worn_out.lock().unwrap() == Some(request.nonce) {
            return Err(PaymentError::Refused("another request under the same key".into()));
        }
        let reference = format!("cs_{:032x}", u128::from_be_bytes(request.nonce));
        self.checkouts.lock().unwrap().entry(reference.clone()).or_insert(CheckoutState::Open);
        Ok(Checkout { url: Some(format!("https://pay.example.org/{reference}")), id: reference })
    }
}

#[async_trait]
impl OnlinePayments for OnlineGateway {
    fn is_live(&self) -> bool {
        false
    }

    async fn checkout_state(&self, reference: &str) -> Result<CheckoutState, PaymentError> {
        self.check_up()?;
        Ok(self.checkouts.lock().unwrap().get(reference).cloned().unwrap_or(CheckoutState::Unknown))
    }

    async fn expire_checkout(&self, reference: &str) -> Result<CheckoutState, PaymentError> {
        self.check_up()?;
        let mut checkouts = self.checkouts.lock().unwrap();
        let Some(state) = checkouts.get_mut(reference) else { return Ok(CheckoutState::Unknown) };
        if *state == CheckoutState::Open {
            *state = CheckoutState::Expired;
        }
        Ok(state.clone())
    }

    async fn refund(&self, request: &RefundRequest) -> Result<ProviderRefund, PaymentError> {
        self.check_up()?;
        let Some(state) = *self.refunding.lock().unwrap() else {
            return Err(PaymentError::Refused("told to refuse".into()));
        };
        let made = || ProviderRefund { id: format!("re_{}", request.idempotency_key), state, amount: request.amount };
        Ok(self.refunds.lock().unwrap().entry(request.idempotency_key.clone()).or_insert_with(made).clone())
    }

    async fn refund_state(&self, reference: &str) -> Result<Option<ProviderRefund>, PaymentError> {
        self.check_up()?;
        Ok(self.refunds.lock().unwrap().values().find(|refund| refund.id == reference).cloned())
    }
}

/// A practice: its use cases, and the test doubles behind them. Every use case is a field of the practice.
pub(crate) struct World {
    use_cases: UseCases,
    pub(crate) deps: Deps,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) hasher: Arc<PlainPasswordHasher>,
    pub(crate) notifier: Arc<RecordingNotifier>,
    pub(crate) waker: Arc<CountingWaker>,
    /// The provider whose answers the test chooses.
    pub(crate) local: Arc<TestGateway>,
}

impl Deref for World {
    type Target = UseCases;

    fn deref(&self) -> &UseCases {
        &self.use_cases
    }
}

impl World {
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

    /// The same, and they are paid at an online provider.
    pub(crate) async fn online() -> (Self, Arc<OnlineGateway>) {
        let online = Arc::new(OnlineGateway::default());
        *online.refunding.lock().unwrap() = Some(RefundState::Succeeded);
        let world = Self::paid().await.rewired(|deps| {
            deps.gateway = online.clone();
            deps.online = Some(online.clone());
        });
        (world, online)
    }

    /// The same practice with a video server that checks tokens.
    pub(crate) fn signed(self) -> Self {
        self.rewired(|deps| {
            deps.signing = Some(LinkSigning {
                rooms: deps.settings.meetings.clone(),
                signer: Arc::new(PlainMeetingTokens),
                settings: TokenSettings::default(),
                placement: TokenPlacement::Query,
            });
            deps.settings.email_links = EmailLinkTarget::Page;
        })
    }

    fn rewired(mut self, change: impl FnOnce(&mut Deps)) -> Self {
        change(&mut self.deps);
        Self { use_cases: UseCases::new(&self.deps), ..self }
    }

    async fn with(provider: Provider, terms: PaymentTerms) -> Self {
        let memory = MemoryStore::new();
        let clock = Arc::new(FixedClock::new(at(NOW)));
        let hasher = Arc::new(PlainPasswordHasher::new());
        let notifier = Arc::new(RecordingNotifier::new());
        let waker = Arc::new(CountingWaker::default());
        let local = Arc::new(TestGateway { provider, terms, down: AtomicBool::new(false) });
        let deps = Deps {
            store: memory.clone(),
            queries: memory,
            clock: clock.clone(),
            random: Arc::new(SequenceRandom::new(1)),
            zones: Arc::new(SystemZones),
            hasher: hasher.clone(),
            access_tokens: Arc::new(PlainAccessTokens),
            notifier: notifier.clone(),
            waker: waker.clone(),
            gateway: local.clone(),
            online: None,
            signing: None,
            join_pages: JoinPages { base: "https://practice.example.org/".into(), tokens: Arc::new(PlainJoinTokens) },
            settings: UseCaseSettings {
                registration: Registration::Open,
                access_lifetime: SignedDuration::from_mins(15),
                login_sessions: LoginSessionPolicy::default(),
                max_login_failures: Some(3),
                practice_zone: TimeZone::get("Europe/Berlin").unwrap(),
                default_hours: WeeklySchedule::every_day(
                    TimeZoneName::parse("Europe/Berlin").unwrap(),
                    LocalTimeRange::WHOLE_DAY,
                ),
                meetings: MeetingBaseUrl::parse("https://meet.example.org").unwrap(),
                window: AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) },
                room_limits: RoomLimits::default(),
                email_links: EmailLinkTarget::Room,
                reminders: ReminderPlan::new(vec![1440, 60]).unwrap(),
                retry: RetryPolicy::default(),
                parallel_emails: NonZeroUsize::new(4).unwrap(),
            },
        };
        let (store, queries) = (deps.store.clone(), deps.queries.clone());
        let world =
            Self { use_cases: UseCases::new(&deps), deps, store, queries, clock, hasher, notifier, waker, local };
        world.add("therapist@example.org", Role::Admin).await;
        let price = Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap();
        let service = FirstService { name: "Session".into(), minutes: 50, buffer_minutes: 10, price };
        world.set_up.ensure_service(&service).await.unwrap();
        world
    }

    pub(crate) fn webhook(&self) -> &HandlePaymentWebhook {
        self.handle_webhook.as_ref().expect("an online provider")
    }

    pub(crate) fn rooms_with(&self, limits: RoomLimits) -> ReserveConference {
        ReserveConference { limits, ..self.rooms.clone() }
    }

    /// Invites someone into a session in the name of the first therapist.
    pub(crate) async fn invite(
        &self,
        booking: &Booking,
        email: &str,
        role: ParticipantRole,
    ) -> Result<Participant, ParticipantError> {
        self.participants
            .invite(InviteParticipantCommand {
                admin: booking.therapist(),
                booking: booking.id(),
                email: EmailAddress::parse(email).unwrap(),
                display_name: PersonName::parse("Kim Lee").unwrap().unwrap(),
                role,
                time_zone: None,
                metadata: RequestMetadata::default(),
            })
            .await
    }

    pub(crate) async fn add(&self, email: &str, role: Role) -> User {
        self.add_user
            .run(AddUserCommand {
                email: EmailAddress::parse(email).unwrap(),
                first_name: PersonName::parse("Alex").unwrap(),
                last_name: PersonName::parse(email.split('@').next().unwrap()).unwrap(),
                time_zone: None,
                role,
                password: Password::new(PASSWORD.into()),
            })
            .await
            .unwrap()
    }

    pub(crate) async fn client(&self) -> User {
        self.add("client@example.org", Role::Client).await
    }

    /// What a client asks for who wants a session at this time.
    pub(crate) fn request(&self, client: &User, start: &str) -> CreateBookingCommand {
        CreateBookingCommand {
            client: client.id,
            booked_by: client.id,
            scheduled_at: at(start),
            service: None,
            therapist: None,
            note: None,
            payment: PaymentChoice::ByProvider,
            override_hours: false,
            metadata: RequestMetadata::default(),
            idempotency: None,
        }
    }

    pub(crate) async fn book(&self, client: &User, start: &str) -> Result<CreatedBooking, CreateBookingError> {
        self.create_booking.run(self.request(client, start)).await.map(now)
    }

    pub(crate) async fn booking(&self, id: BookingId) -> Booking {
        self.queries.booking(id).await.unwrap().unwrap().booking
    }

    pub(crate) async fn enter(&self, email: &str, password: &str) -> Result<Tokens, LogInError> {
        self.enter_from(email, password, "198.51.100.0/24").await
    }

    pub(crate) async fn enter_from(&self, email: &str, password: &str, network: &str) -> Result<Tokens, LogInError> {
        self.log_in
            .run(LogInCommand {
                email: email.into(),
                password: Password::new(password.into()),
                metadata: RequestMetadata { request_id: None, network: Some(network.into()) },
            })
            .await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl MeetingLinks {
    /// The viewer's link into one booking.
    pub(crate) async fn get(&self, viewer: &User, booking: BookingId) -> Result<MeetingLinkView, MeetingLinkError> {
        self.into_booking(viewer, self.queries.booking(booking).await?.map(|view| view.booking))
    }
}
