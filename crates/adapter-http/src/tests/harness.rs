//! A practice for tests, and an HTTP client that checks every response.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use async_trait::async_trait;
use attune_adapter_memory::MemoryStore;
use attune_adapter_web::{Web, WebPorts, WebSettings};
use attune_application::accounts::{AccountLinks, AddUserCommand, Registration};
use attune_application::bookings::CalendarFeedUrls;
use attune_application::meetings::{EmailLinkTarget, JoinPages, LinkSigning, RoomClosing};
use attune_application::payments::PayPages;
use attune_application::{Deps, SaveResponse, UseCaseSettings, UseCases};
use attune_domain::calendar::{LocalTimeRange, WeeklySchedule};
use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, RoomLimits, TokenPlacement, TokenSettings};
use attune_domain::notification::{NotificationKind, ReminderPlan, RetryPolicy};
use attune_domain::payment::RefundStage;
use attune_domain::{
    AccessWindow, Booking, BookingId, Cancellation, Currency, EmailAddress, MeetingBaseUrl, Money, NameFallback,
    NotifyLevel, OneTimePurpose, PaymentId, PersonName, Practice as PracticeProfile, PracticeName, Role,
    SecondFactorPolicy, TimeZoneName, UserId, ViewerId,
};
use attune_ports::{
    Clock, HealthCheck, InstallationCheck, InstallationChecks, NewRefund, NewService, NotificationFilter,
    OneTimeTokenSigner, OnlinePayments, PageRequest, Password, PaymentEvents, PaymentGateway, Provider, Queries,
    RefundCause, Store, UnitOfWork, WebhookVerifier,
};
use attune_test_doubles::{
    FixedClock, NoopWaker, PlainAccessTokens, PlainJoinTokens, PlainMeetingTokens, PlainOneTimeTokens,
    PlainPasswordHasher, PlainTotp, PlainWebhooks, RecordingNotifier, RecordingRoomCloser, SequenceRandom, SystemZones,
    practice,
};
use attune_wording::Wording;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::watch;

use super::provider::{TestEvents, TestGateway};
use super::unavailable::{RecordedReads, UnavailableStore};
use crate::openapi::documented;
use crate::pages::Pages;
use crate::routes::{self, Optional};
use crate::settings::{HttpSettings, ServerSecret};
use crate::state::Api;

/// The time at which every test starts.
pub(crate) const NOW: &str = "2024-01-10T08:00:00Z";

/// A slot that can be booked.
pub(crate) const SLOT: &str = "2024-01-15T10:00:00Z";

/// The first booking.
pub(crate) const FIRST: BookingId = BookingId::new(1).unwrap();

/// The password of all users, long enough for admins.
pub(crate) const PASSWORD: &str = "violet teapots on seventeen roofs";

/// The secret of the video server.
pub(crate) const SERVER_SECRET: &str = "Rk3vY8mLq1Zt6Xw0Jd5Hs9Bn2Pc7Fg4A";

/// The parts of a practice.
pub(crate) struct Parts {
    pub(crate) store: Arc<MemoryStore>,
    /// Where responses for idempotency keys are saved.
    pub(crate) response_store: Arc<dyn Store>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) random: Arc<SequenceRandom>,
    pub(crate) hasher: Arc<PlainPasswordHasher>,
    pub(crate) gateway: Arc<TestGateway>,
    pub(crate) readiness: Vec<Arc<dyn HealthCheck>>,
    pub(crate) registration: Registration,
    pub(crate) name_fallback: NameFallback,
    pub(crate) second_factor: SecondFactorPolicy,
    pub(crate) max_failures: Option<u64>,
    /// Whether the read side of the store is unavailable.
    pub(crate) unavailable: bool,
    /// Records the reads of the store.
    pub(crate) reads: Option<Arc<RecordedReads>>,
    /// Whether the video server verifies tokens.
    pub(crate) signed: bool,
    pub(crate) limits: RoomLimits,
    /// The video server, if it closes rooms for us.
    pub(crate) room_closer: Option<Arc<RecordingRoomCloser>>,
    pub(crate) jaas_webhooks: Option<Arc<dyn WebhookVerifier>>,
    /// Reads the events of the payment provider.
    pub(crate) payment_events: Option<Arc<dyn PaymentEvents>>,
    pub(crate) settings: HttpSettings,
    pub(crate) web: WebSettings,
    /// The configured practice.
    pub(crate) profile: PracticeProfile,
}

impl Parts {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::new();
        Self {
            response_store: store.clone(),
            store,
            clock: Arc::new(FixedClock::new(NOW.parse().unwrap())),
            random: Arc::new(SequenceRandom::new(1)),
            hasher: Arc::new(PlainPasswordHasher::new()),
            gateway: Arc::new(TestGateway::new(Provider::Test)),
            readiness: Vec::new(),
            registration: Registration::Open,
            name_fallback: NameFallback::Email,
            second_factor: SecondFactorPolicy::Optional,
            max_failures: None,
            unavailable: false,
            reads: None,
            signed: false,
            limits: RoomLimits::default(),
            room_closer: None,
            jaas_webhooks: Some(Arc::new(PlainWebhooks)),
            payment_events: Some(Arc::new(TestEvents)),
            settings: HttpSettings {
                workers: 1,
                server_secret: Some(ServerSecret::new(SERVER_SECRET.into())),
                ..HttpSettings::default()
            },
            web: WebSettings { test_checkout: true, ..WebSettings::default() },
            profile: PracticeProfile {
                name: PracticeName::parse("Dr. <Rogers> & Co").unwrap(),
                ..practice("Europe/Berlin")
            },
        }
    }

    pub(crate) fn provider(mut self, provider: Provider) -> Self {
        self.gateway = Arc::new(TestGateway::new(provider));
        self
    }

    /// The video server verifies tokens.
    pub(crate) fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    pub(crate) fn settings(mut self, change: impl FnOnce(&mut HttpSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Changes the configured practice.
    pub(crate) fn profile(mut self, change: impl FnOnce(&mut PracticeProfile)) -> Self {
        change(&mut self.profile);
        self
    }

    pub(crate) fn without_limits(self) -> Self {
        self.settings(|settings| settings.limits.enabled = false)
    }

    fn deps(&self) -> Deps {
        let queries: Arc<dyn Queries> = match &self.reads {
            _ if self.unavailable => Arc::new(UnavailableStore),
            Some(reads) => reads.clone(),
            None => self.store.clone(),
        };
        let meetings = MeetingBaseUrl::parse("https://meet.example.org").unwrap();
        let signing = self.signed.then(|| LinkSigning {
            rooms: meetings.clone(),
            signer: Arc::new(PlainMeetingTokens),
            settings: TokenSettings::default(),
            placement: TokenPlacement::Query,
        });
        let room_closing = self.room_closer.clone().map(|closer| RoomClosing { closer, rooms: meetings.clone() });
        Deps {
            store: self.store.clone(),
            queries,
            clock: self.clock.clone(),
            random: self.random.clone(),
            zones: Arc::new(SystemZones),
            hasher: self.hasher.clone(),
            access_tokens: Arc::new(PlainAccessTokens),
            devices: Arc::new(PlainOneTimeTokens),
            totp: Arc::new(PlainTotp),
            account_links: AccountLinks {
                base: "https://practice.example.org/".into(),
                signer: Arc::new(PlainOneTimeTokens),
            },
            notifier: Arc::new(RecordingNotifier::new()),
            waker: Arc::new(NoopWaker),
            gateway: self.gateway.clone(),
            online: self.gateway.provider().is_online().then(|| self.gateway.clone() as Arc<dyn OnlinePayments>),
            signing,
            join_pages: JoinPages { base: "https://practice.example.org/".into(), tokens: Arc::new(PlainJoinTokens) },
            pay_pages: PayPages { base: "https://practice.example.org/".into(), tokens: Arc::new(PlainJoinTokens) },
            feed_urls: CalendarFeedUrls {
                base: "https://practice.example.org/".into(),
                tokens: Arc::new(PlainOneTimeTokens),
            },
            room_closing,
            settings: UseCaseSettings {
                registration: self.registration,
                access_lifetime: SignedDuration::from_mins(15),
                login_sessions: LoginSessionPolicy::default(),
                second_factor: self.second_factor,
                max_login_failures: self.max_failures,
                practice: Arc::new(self.profile.clone()),
                // Therapists without working hours of their own work around the clock.
                default_hours: WeeklySchedule::every_day(
                    TimeZoneName::parse("Europe/Berlin").unwrap(),
                    LocalTimeRange::WHOLE_DAY,
                ),
                meetings,
                window: AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) },
                room_limits: self.limits,
                email_links: if self.signed { EmailLinkTarget::Page } else { EmailLinkTarget::Room },
                name_fallback: self.name_fallback,
                reminders: ReminderPlan::new(vec![60, 1440]).unwrap(),
                invite_hold: SignedDuration::from_hours(72),
                retry: RetryPolicy::default(),
                parallel_emails: NonZeroUsize::MIN,
            },
        }
    }

    /// The use cases. The webhook is handled whatever the provider is.
    pub(crate) fn use_cases(&self) -> UseCases {
        let online = UseCases::new(&Deps { online: Some(self.gateway.clone()), ..self.deps() });
        let save_response = SaveResponse { store: self.response_store.clone() };
        UseCases { handle_webhook: online.handle_webhook, save_response, ..UseCases::new(&self.deps()) }
    }

    pub(crate) fn api(&self) -> Api {
        let deps = self.deps();
        Api {
            use_cases: self.use_cases(),
            payment_events: self.payment_events.clone(),
            jaas_webhooks: self.jaas_webhooks.clone(),
            queries: deps.queries,
            clock: deps.clock,
            random: deps.random,
            wording: wording(),
            readiness: self.readiness.clone(),
        }
    }

    /// The pages, and what tells the open ones of changes.
    fn pages(&self) -> (Pages, Arc<Web>) {
        let Deps { queries, clock, random, .. } = self.deps();
        let ports = WebPorts {
            queries,
            clock,
            random,
            forms: Arc::new(PlainOneTimeTokens),
            installation: Arc::new(NoVideoServer),
        };
        let web = Web::new(self.use_cases(), ports, self.web.clone(), wording());
        let (web, test_checkout) = (Arc::new(web), self.web.test_checkout);
        let shown = web.clone();
        let pages = Pages {
            endpoints: Arc::new(move || attune_adapter_web::endpoints(test_checkout)),
            configure: Arc::new(move |config| attune_adapter_web::configure(&shown, config)),
            openapi: attune_adapter_web::openapi(),
        };
        (pages, web)
    }

    /// Every method of every path, pages included.
    pub(crate) fn routes(&self) -> Vec<(actix_web::http::Method, &'static str)> {
        let pages = attune_adapter_web::endpoints(self.web.test_checkout);
        let pages = pages.iter().flat_map(|page| page.methods().map(|method| (method.clone(), page.path())));
        let optional = Optional {
            server: self.settings.server_secret.is_some(),
            jaas: self.jaas_webhooks.is_some(),
            stripe: self.payment_events.is_some(),
        };
        routes::table(optional).into_iter().chain(pages).collect()
    }

    /// Opens the practice: a therapist, Carl (1), and a service (1) for 100 euros.
    pub(crate) async fn open(self) -> Practice {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (pages, web) = self.pages();
        let (server, _) = crate::serve(listener, Arc::new(self.api()), self.settings.clone(), pages).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move { web.run_live(stopped).await });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()
            .unwrap();
        let practice = Practice { parts: self, address, handle, stop, http };
        practice.add("carl@example.org", "Carl", "Rogers", Role::Admin).await;
        let service = NewService {
            name: "Session".into(),
            description: "Fifty minutes by video.".into(),
            minutes: 50,
            buffer_minutes: 10,
            price: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
            translations: BTreeMap::new(),
        };
        practice.write(async |work| work.add_service(&service).await.unwrap()).await;
        practice
    }

    /// Opens the practice with a client, Ada (2), and returns her token and Carl's.
    pub(crate) async fn with_ada(self) -> (Practice, String, String) {
        let practice = self.open().await;
        let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
        (practice, ada, carl)
    }

    /// The same with an unpaid booking (1) of Ada's.
    pub(crate) async fn with_hold(self) -> (Practice, String, String) {
        let (practice, ada, carl) = self.with_ada().await;
        practice.book(&ada, SLOT).await;
        (practice, ada, carl)
    }

    /// The same with a confirmed booking (1) of Ada's.
    pub(crate) async fn with_session(self) -> (Practice, String, String) {
        let practice = self.open().await;
        let (ada, carl) = (practice.session().await, practice.admin().await);
        (practice, ada, carl)
    }
}

/// Pages for people alone.
pub(crate) fn is_undocumented(path: &str) -> bool {
    let menus = [
        "/account",
        "/appointments",
        "/book",
        "/bookings",
        "/clients",
        "/emails",
        "/forgot-password",
        "/hours",
        "/login-link",
        "/logout",
        "/money",
        "/month",
        "/practice",
        "/register",
        "/series",
        "/services",
        "/set-up",
        "/team",
        "/today",
        "/users",
        "/week",
    ];
    matches!(path, "/" | "/imprint" | "/privacy" | "/assets/{file}" | "/login")
        || menus.iter().any(|menu| path.strip_prefix(menu).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The OpenAPI document, pages included.
pub(crate) fn openapi() -> String {
    crate::openapi_json(attune_adapter_web::openapi())
}

/// Nothing is checked.
struct NoVideoServer;

#[async_trait]
impl InstallationChecks for NoVideoServer {
    async fn video_server(&self) -> Vec<InstallationCheck> {
        Vec::new()
    }
}

/// A running practice.
pub(crate) struct Practice {
    pub(crate) parts: Parts,
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
    stop: watch::Sender<bool>,
    http: reqwest::Client,
}

/// For all practices: rendering and reading it takes longer than most tests.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&openapi()).unwrap());

impl Drop for Practice {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // The command is sent when the future is created, so it need not be awaited.
        drop(self.handle.stop(false));
    }
}

impl Practice {
    /// A practice with the test provider.
    pub(crate) async fn open() -> Self {
        Parts::new().open().await
    }

    /// Creates an account with the common password.
    pub(crate) async fn add(&self, email: &str, first: &str, last: &str, role: Role) -> UserId {
        let command = AddUserCommand {
            email: EmailAddress::parse(email).unwrap(),
            first_name: PersonName::parse(first).unwrap(),
            last_name: PersonName::parse(last).unwrap(),
            time_zone: None,
            role,
            notify: NotifyLevel::None,
            password: Password::new(PASSWORD.into()),
        };
        self.parts.use_cases().add_user.run(command).await.unwrap().id
    }

    /// An access token for an existing account.
    pub(crate) async fn token(&self, email: &str) -> String {
        let tokens = self.log_in(email, PASSWORD).await.assert_status(200).json();
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// A new client and their token.
    pub(crate) async fn client(&self, name: &str) -> String {
        let email = format!("{}@example.org", name.to_lowercase());
        self.add(&email, name, "Client", Role::Client).await;
        self.token(&email).await
    }

    /// The therapist's token.
    pub(crate) async fn admin(&self) -> String {
        self.token("carl@example.org").await
    }

    /// Sets the clock and returns a token of Ada's that is valid then.
    pub(crate) async fn ada_at(&self, now: &str) -> String {
        self.set_time(now);
        self.token("ada@example.org").await
    }

    /// Sets the clock and returns a token of the therapist's that is valid then.
    pub(crate) async fn admin_at(&self, now: &str) -> String {
        self.set_time(now);
        self.admin().await
    }

    /// Books the slot and returns the booking.
    pub(crate) async fn book(&self, token: &str, at: &str) -> Value {
        self.post("/api/bookings", token, &slot(at)).await.assert_status(201).json()
    }

    /// The path of the checkout page of a booking.
    pub(crate) async fn checkout_path(&self, booking: i64) -> String {
        let payments = self.parts.store.payments(BookingId::new(booking).unwrap()).await.unwrap();
        format!("/test-checkout/{}", payments[0].provider_checkout_id)
    }

    /// Pays a booking.
    pub(crate) async fn pay(&self, booking: i64) {
        self.post_empty(&self.checkout_path(booking).await, "").await.assert_status(303);
    }

    /// A confirmed booking (1) of a new client, Ada, and her token.
    pub(crate) async fn session(&self) -> String {
        let ada = self.client("Ada").await;
        self.book(&ada, SLOT).await;
        self.pay(1).await;
        ada
    }

    /// Writes to the store.
    pub(crate) async fn write<T>(&self, write: impl AsyncFnOnce(&mut dyn UnitOfWork) -> T) -> T {
        let mut work = self.parts.store.begin().await.unwrap();
        let result = write(&mut *work).await;
        work.commit().await.unwrap();
        result
    }

    /// Changes booking 1 in the store.
    pub(crate) async fn change(&self, change: impl FnOnce(Booking) -> Booking) {
        self.write(async |work| {
            let booking = work.booking(FIRST).await.unwrap().unwrap();
            work.save_booking(&change(booking)).await.unwrap();
        })
        .await;
    }

    /// Cancels booking 1 in the store, without a refund.
    pub(crate) async fn cancel_at(&self, now: &str) {
        let (at, by) = (now.parse().unwrap(), UserId::new(1).unwrap());
        self.change(|booking| {
            let refund = Money::new(0, booking.price().currency()).unwrap();
            let cancellation = Cancellation { at, by, late: false, reason: None, refund };
            booking.cancel(cancellation, Role::Admin).unwrap().0
        })
        .await;
    }

    /// Adds attendance events to booking 1.
    pub(crate) async fn add_attendance(&self, events: &[AttendanceEvent]) {
        self.write(async |work| work.add_attendance(FIRST, events).await.unwrap()).await;
    }

    /// The kinds of the emails about booking 1, in the order in which they were enqueued.
    pub(crate) async fn emails(&self) -> Vec<&'static str> {
        let emails = self.parts.store.notifications(FIRST).await.unwrap();
        emails.iter().map(|email| email.content.kind.as_str()).collect()
    }

    /// The number of emails of one kind.
    pub(crate) async fn count_emails(&self, kind: &str) -> u64 {
        let kind = Some(NotificationKind::parse(kind, 0).unwrap());
        let filter = NotificationFilter { kind, ..NotificationFilter::default() };
        self.parts.store.outbox(&filter, PageRequest { limit: 1, offset: 0 }).await.unwrap().total
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Advances the clock.
    /// Confirms the password again in the login session of this token.
    pub(crate) async fn step_up(&self, token: &str) {
        let body = serde_json::json!({"password": PASSWORD}).to_string();
        self.post("/api/auth/step-up", token, &body).await.assert_status(204);
    }

    /// The token of the newest mailed link of this kind.
    pub(crate) async fn mailed_token(&self, user: i64, purpose: OneTimePurpose) -> String {
        let tokens = self.parts.store.open_one_time_tokens(UserId::new(user).unwrap()).await.unwrap();
        let token = tokens.iter().find(|token| token.purpose == purpose).expect("a mailed link");
        PlainOneTimeTokens.sign_one_time(token.purpose, token.id, &token.nonce)
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.parts.clock.advance(by);
    }

    /// Sets the clock.
    pub(crate) fn set_time(&self, now: &str) {
        self.parts.clock.set(now.parse::<Timestamp>().unwrap());
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Reply {
        self.request(Method::GET, path).token(token).send().await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &str) -> Reply {
        self.request(Method::POST, path).token(token).json(body).send().await
    }

    /// A request without a body.
    pub(crate) async fn post_empty(&self, path: &str, token: &str) -> Reply {
        self.request(Method::POST, path).token(token).send().await
    }

    pub(crate) async fn post_with_key(&self, key: &str, path: &str, token: &str, body: &str) -> Reply {
        self.request(Method::POST, path).token(token).header("Idempotency-Key", key).json(body).send().await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Reply {
        self.request(Method::DELETE, path).token(token).send().await
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: &str) -> Reply {
        self.request(Method::PUT, path).token(token).json(body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, token: &str, body: &str) -> Reply {
        self.request(Method::PATCH, path).token(token).json(body).send().await
    }

    /// Checks that each query gets status 422 with exactly the error of its row.
    pub(crate) async fn assert_invalid_queries(&self, path: &str, token: &str, rows: Invalid<'_>) {
        for (field, code, queries) in rows {
            for query in *queries {
                self.get(&format!("{path}?{query}"), token).await.assert_invalid(field, code);
            }
        }
    }

    /// Checks that each body gets status 422 with exactly the error of its row.
    pub(crate) async fn assert_invalid_bodies(&self, method: Method, path: &str, token: &str, rows: Invalid<'_>) {
        for (field, code, bodies) in rows {
            for body in *bodies {
                self.request(method.clone(), path).token(token).json(body).send().await.assert_invalid(field, code);
            }
        }
    }

    /// The same with one field of a valid body replaced by each value, or removed where the value is empty.
    pub(crate) async fn assert_invalid_values(
        &self,
        method: Method,
        path: &str,
        token: &str,
        valid: &str,
        rows: Invalid<'_>,
    ) {
        for (field, code, values) in rows {
            let member = field.split(['.', '[']).next().unwrap();
            for value in *values {
                let body = with_member(valid, member, value);
                self.assert_invalid_bodies(method.clone(), path, token, &[(field, code, &[&body])]).await;
            }
        }
    }

    /// A request to build.
    pub(crate) fn request(&self, method: Method, path: &str) -> Call<'_> {
        let builder = self.http.request(method.clone(), format!("http://{}{path}", self.address));
        Call { practice: self, method, path: path.to_owned(), sent: String::new(), builder }
    }
}

/// Rows of invalid requests: the field and the code of the error, and the inputs that cause it.
pub(crate) type Invalid<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

/// The body of a request for this slot.
pub(crate) fn slot(at: &str) -> String {
    format!(r#"{{"scheduled_at":"{at}"}}"#)
}

/// The object with one member replaced by this JSON text, or without it if the text is empty.
fn with_member(object: &str, name: &str, value: &str) -> String {
    let mut members: BTreeMap<&str, &RawValue> = serde_json::from_str(object).unwrap();
    members.remove(name);
    if !value.is_empty() {
        members.insert(name, serde_json::from_str(value).unwrap());
    }
    serde_json::to_string(&members).unwrap()
}

/// The object with some members changed.
pub(crate) fn but(object: &Value, changes: &Value) -> Value {
    let mut object = object.clone();
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// One member of each object in a list.
pub(crate) fn column(list: &Value, name: &str) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|item| item[name].clone()).collect()
}

/// Some members of each object in a list, separated by spaces.
pub(crate) fn lines(list: &Value, names: &[&str]) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = |item: &Value| names.iter().map(|name| text(&item[*name])).collect::<Vec<_>>().join(" ");
    list.as_array().unwrap().iter().map(line).collect()
}

pub(crate) fn account(user: i64) -> Option<ViewerId> {
    UserId::new(user).map(ViewerId::Account)
}

/// An attendance event of a connection.
pub(crate) fn event(
    at: &str,
    kind: AttendanceEventKind,
    connection: &str,
    participant: Option<ViewerId>,
) -> AttendanceEvent {
    AttendanceEvent { at: at.parse().unwrap(), kind, occupant: connection.into(), participant }
}

/// A refund that was requested at this time and has reached this stage.
pub(crate) fn refund(payment: PaymentId, amount: Money, stage: RefundStage, at: Timestamp) -> NewRefund {
    NewRefund {
        id: (),
        booking: FIRST,
        payment,
        idempotency_key: format!("{payment}-{at}"),
        amount,
        cause: RefundCause::Requested,
        reason: None,
        requested_by: None,
        stage,
        provider_refund_id: None,
        attempts: 0,
        next_at: None,
        last_error: None,
        created_at: at,
        settled_at: Some(at),
    }
}

/// Checks some members of an object.
#[track_caller]
pub(crate) fn assert_members(object: &Value, wanted: &Value) {
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&object[name], value, "{name} in {object}");
    }
}

/// A request to build.
pub(crate) struct Call<'a> {
    practice: &'a Practice,
    method: Method,
    path: String,
    /// Headers and JSON, for the messages of assertions.
    sent: String,
    builder: reqwest::RequestBuilder,
}

impl Call<'_> {
    /// Adds the token, unless it is empty.
    pub(crate) fn token(self, token: &str) -> Self {
        if token.is_empty() { self } else { self.header("Authorization", &format!("Bearer {token}")) }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.sent += &format!(" {name}: {value}");
        self.builder = self.builder.header(name, value);
        self
    }

    pub(crate) fn json(mut self, body: &str) -> Self {
        self.sent += &format!(" {body:.500}");
        self.header("Content-Type", "application/json").body(body.to_owned())
    }

    /// Sends a form as one of our pages in a browser does.
    pub(crate) fn form(self, body: &str) -> Self {
        self.header("Content-Type", "application/x-www-form-urlencoded")
            .header("Sec-Fetch-Site", "same-origin")
            .body(body.to_owned())
    }

    pub(crate) fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.body(body);
        self
    }

    /// Sends it and returns the response once its head has arrived. Its body may take a minute.
    pub(crate) async fn open(self) -> reqwest::Response {
        self.builder.timeout(Duration::from_secs(60)).send().await.unwrap()
    }

    pub(crate) async fn send(self) -> Reply {
        let response = self.builder.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let now = self.practice.parts.clock.now();
        let request = format!("{} {} at {now}:{:.1000}", self.method, self.path, self.sent);
        let reply = Reply { status, headers, text: response.text().await.unwrap(), request };
        reply.check(self.practice, &self.method, &self.path);
        reply
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// What was requested and when, for the messages of assertions.
    request: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// What every repetition of the request has to receive as well: status, body and location.
    pub(crate) fn response(&self) -> (u16, String, Option<String>) {
        (self.status.as_u16(), self.text.clone(), self.header("location").map(str::to_owned))
    }

    /// Whether it is the stored response to an earlier request.
    pub(crate) fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// The problem's code.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        (self.status.as_u16(), self.code())
    }

    /// Fields and codes of all errors.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.json()["errors"].as_array().unwrap().iter().map(|e| (text(&e["field"]), text(&e["code"]))).collect()
    }

    #[track_caller]
    pub(crate) fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text);
        self
    }

    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.problem(), (status, code.to_owned()), "{}: {}", self.request, self.text);
        self
    }

    /// Status 422, and this error only.
    #[track_caller]
    pub(crate) fn assert_invalid(&self, field: &str, code: &str) {
        self.assert_problem(422, code);
        assert_eq!(self.errors(), [(field.to_owned(), code.to_owned())], "{}", self.request);
    }

    #[track_caller]
    pub(crate) fn assert_body(&self, status: u16, body: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.text.as_str()), (status, body), "{}", self.request);
        self
    }

    /// Checks that the body contains all of these texts.
    #[track_caller]
    pub(crate) fn assert_contains(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.text.contains(text), "{}: {text} is not in {}", self.request, self.text);
        }
    }

    /// Checks that the body contains none of these texts.
    #[track_caller]
    pub(crate) fn assert_lacks(&self, texts: &[&str]) {
        for text in texts {
            assert!(!self.text.contains(text), "{}: {text} is in {}", self.request, self.text);
        }
    }

    /// Checks some members of the body.
    #[track_caller]
    pub(crate) fn assert_members(&self, wanted: &Value) -> &Self {
        assert_members(&self.json(), wanted);
        self
    }

    /// Checks that apply to every response.
    fn check(&self, practice: &Practice, method: &Method, path: &str) {
        let about = format!("{self:?}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{about}");
        let html = self.header("content-type") == Some("text/html; charset=utf-8");
        let page = html && !path.starts_with("/docs");
        assert_eq!(self.header("referrer-policy"), Some(if page { "same-origin" } else { "no-referrer" }), "{about}");
        let cached = match path {
            path if path.starts_with("/calendar/") && matches!(self.status.as_u16(), 200 | 304) => "private, no-cache",
            _ if self.status == 304 => "no-cache",
            _ if self.status != 200 => "no-store",
            path if path == "/api/openapi.json" || path.starts_with("/docs/") => "no-cache",
            path if path.starts_with("/jitsi/branding") => "public, max-age=300",
            path if path.starts_with("/assets/accent-") => "public, max-age=86400",
            path if path.starts_with("/assets/") => "public, max-age=31536000, immutable",
            _ => "no-store",
        };
        assert_eq!(self.header("cache-control"), Some(cached), "{about}");
        assert_eq!(self.header("x-robots-tag"), Some("noindex"), "{about}");
        assert!(self.header("content-security-policy").unwrap().contains("default-src 'none'"), "{about}");
        assert!(self.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"), "{about}");
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty() && id.len() <= 64), "{about}");
        assert_eq!(self.header("server"), None, "{about}");
        let status = self.status.as_u16();
        assert!(status < 500 || status == 503 || self.text.contains("internal_error"), "{about}");
        assert_eq!(self.header("retry-after").is_some(), matches!(status, 429 | 503), "{about}");
        assert_eq!(self.header("www-authenticate").is_some(), status == 401, "{about}");
        assert_eq!(self.header("allow").is_some(), status == 405, "{about}");
        if method == Method::HEAD {
            return;
        }
        // Rejections for Prosody have its own format.
        let prosody = path.starts_with("/jitsi/conference") && self.header("content-type") == Some("application/json");
        if status < 400 || page || prosody {
            self.check_documented(practice, method, path, false);
            return;
        }
        if path == "/health/ready" && self.header("content-type") == Some("application/json") {
            return;
        }
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{about}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{about}");
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{about}");
        for member in ["type", "title", "detail", "code"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member} {about}");
        }
        self.check_documented(practice, method, path, true);
    }

    /// The documented response of this operation and status, if there is one.
    fn documented(&self, practice: &Practice, method: &Method, path: &str) -> Option<&'static Value> {
        let path = path.split('?').next().unwrap();
        let fits = |pattern: &str| {
            path.split('/').count() == pattern.split('/').count()
                && path.split('/').zip(pattern.split('/')).all(|(part, name)| {
                    part == name || (name.starts_with('{') && (!part.is_empty() || name.contains('*')))
                })
        };
        let table = practice.parts.routes();
        let (_, pattern) = table.iter().find(|(m, p)| m.as_str() == method.as_str() && fits(p))?;
        let operation = &DOCUMENT["paths"][documented(pattern)][method.as_str().to_lowercase()];
        if is_undocumented(pattern) {
            return None;
        }
        let response = &operation["responses"][self.status.as_str()];
        assert!(response.is_object(), "{method} {pattern} does not document {}", self.status);
        Some(&response["content"])
    }

    /// Responses of operations are documented and have exactly the documented fields.
    fn check_documented(&self, practice: &Practice, method: &Method, path: &str, is_problem: bool) {
        let Some(content) = self.documented(practice, method, path) else { return };
        let schema = if is_problem {
            let example = &content["application/problem+json"]["examples"][self.code()];
            assert!(example.is_object(), "{} does not document {:?}", self.request, self.problem());
            &DOCUMENT["components"]["schemas"]["Problem"]
        } else if self.header("content-type") == Some("application/json") && path != "/api/openapi.json" {
            &content["application/json"]["schema"]
        } else {
            return;
        };
        assert!(schema.is_object(), "{} has no documented schema", self.request);
        conforms(&DOCUMENT, schema, &self.json()).unwrap_or_else(|why| panic!("{}: {why}", self.request));
    }
}

/// Whether a value matches a schema and has no other fields. Supports only what our document uses.
fn conforms(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return conforms(document, document.pointer(&reference[1..]).unwrap(), value);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| conforms(document, choice, value).is_ok()).count();
        return if fitting == 1 { Ok(()) } else { Err(format!("{value} has {fitting} of the forms {schema}")) };
    }
    let types: Vec<&str> = if let Some(one) = schema["type"].as_str() {
        vec![one]
    } else if let Some(several) = schema["type"].as_array() {
        several.iter().filter_map(Value::as_str).collect()
    } else if schema["allOf"].is_array() {
        vec!["object"]
    } else {
        return Err(format!("no type in {schema}"));
    };
    let actual = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.iter().any(|wanted| *wanted == actual || (*wanted == "number" && actual == "integer")) {
        return Err(format!("{value} is no {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Err(format!("{value} is none of {}", schema["enum"]));
    }
    for item in value.as_array().into_iter().flatten() {
        conforms(document, &schema["items"], item)?;
    }
    let Some(fields) = value.as_object() else { return Ok(()) };
    let (mut known, mut required) = (Vec::new(), Vec::new());
    collect(document, schema, &mut known, &mut required);
    for name in required {
        value.get(name).ok_or_else(|| format!("{name} is missing"))?;
    }
    for (name, field) in fields {
        let own = known.iter().find(|(known, _)| known == name).map(|(_, form)| *form);
        let form = own.or(Some(&schema["additionalProperties"]).filter(|rest| rest.is_object()));
        let form = form.ok_or_else(|| format!("{name} is not described"))?;
        conforms(document, form, field).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(())
}

/// The fields of an object, including those of its parts.
fn collect<'a>(
    document: &'a Value,
    schema: &'a Value,
    known: &mut Vec<(&'a str, &'a Value)>,
    required: &mut Vec<&'a str>,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        return collect(document, document.pointer(&reference[1..]).unwrap(), known, required);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(document, part, known, required);
    }
    known.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, form)| (name.as_str(), form)));
    required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
}

fn wording() -> Arc<Wording> {
    Arc::new(Wording::load().unwrap())
}
