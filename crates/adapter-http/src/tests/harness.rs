//! A practice for tests, and an HTTP client that checks every response.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use attune_adapter_memory::MemoryStore;
use attune_application::accounts::{AddUserCommand, Registration};
use attune_application::meetings::{EmailLinkTarget, JoinPages, LinkSigning};
use attune_application::{Deps, UseCaseSettings, UseCases};
use attune_domain::calendar::{LocalTimeRange, WeeklySchedule};
use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::meeting::{RoomLimits, TokenPlacement, TokenSettings};
use attune_domain::notification::{ReminderPlan, RetryPolicy};
use attune_domain::{
    AccessWindow, Booking, BookingId, Currency, EmailAddress, MeetingBaseUrl, Money, PersonName, Role, TimeZoneName,
    UserId,
};
use attune_ports::{
    HealthCheck, NewService, OnlinePayments, Password, PaymentEvents, PaymentGateway, Provider, Queries, Store,
    WebhookVerifier,
};
use attune_test_doubles::{
    FixedClock, NoopWaker, PlainAccessTokens, PlainJoinTokens, PlainMeetingTokens, PlainPasswordHasher, PlainWebhooks,
    RecordingNotifier, SequenceRandom, SystemZones,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::away::Away;
use super::provider::{TestEvents, TestGateway};
use crate::routes;
use crate::settings::{HttpSettings, ServerSecret};
use crate::state::Api;

/// The time at which every test starts.
pub(crate) const NOW: &str = "2024-01-10T08:00:00Z";

/// A slot that can be booked.
pub(crate) const SLOT: &str = "2024-01-15T10:00:00Z";

/// The password of all users, long enough for admins.
pub(crate) const PASSWORD: &str = "violet teapots on seventeen roofs";

/// The secret of the video server.
pub(crate) const SERVER_SECRET: &str = "Rk3vY8mLq1Zt6Xw0Jd5Hs9Bn2Pc7Fg4A";

/// The parts of a practice.
pub(crate) struct Parts {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) random: Arc<SequenceRandom>,
    pub(crate) hasher: Arc<PlainPasswordHasher>,
    pub(crate) gateway: Arc<TestGateway>,
    pub(crate) readiness: Vec<Arc<dyn HealthCheck>>,
    pub(crate) registration: Registration,
    pub(crate) max_failures: Option<u64>,
    /// Whether the read side of the store is unavailable.
    pub(crate) away: bool,
    /// Whether the video server verifies tokens.
    pub(crate) signed: bool,
    pub(crate) limits: RoomLimits,
    pub(crate) jaas_webhooks: Option<Arc<dyn WebhookVerifier>>,
    /// Reads the events of the payment provider.
    pub(crate) payment_events: Option<Arc<dyn PaymentEvents>>,
    pub(crate) settings: HttpSettings,
}

impl Parts {
    pub(crate) fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            clock: Arc::new(FixedClock::new(NOW.parse().unwrap())),
            random: Arc::new(SequenceRandom::new(1)),
            hasher: Arc::new(PlainPasswordHasher::new()),
            gateway: Arc::new(TestGateway::new(Provider::Test)),
            readiness: Vec::new(),
            registration: Registration::Open,
            max_failures: None,
            away: false,
            signed: false,
            limits: RoomLimits::default(),
            jaas_webhooks: Some(Arc::new(PlainWebhooks)),
            payment_events: Some(Arc::new(TestEvents)),
            settings: HttpSettings {
                workers: 1,
                test_checkout: true,
                server_secret: Some(ServerSecret::new(SERVER_SECRET.into())),
                ..HttpSettings::default()
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

    pub(crate) fn without_limits(self) -> Self {
        self.settings(|settings| settings.limits.enabled = false)
    }

    fn deps(&self) -> Deps {
        let queries: Arc<dyn Queries> = if self.away { Arc::new(Away) } else { self.store.clone() };
        let meetings = MeetingBaseUrl::parse("https://meet.example.org").unwrap();
        let signing = self.signed.then(|| LinkSigning {
            rooms: meetings.clone(),
            signer: Arc::new(PlainMeetingTokens),
            settings: TokenSettings::default(),
            placement: TokenPlacement::Query,
        });
        Deps {
            store: self.store.clone(),
            queries,
            clock: self.clock.clone(),
            random: self.random.clone(),
            zones: Arc::new(SystemZones),
            hasher: self.hasher.clone(),
            access_tokens: Arc::new(PlainAccessTokens),
            notifier: Arc::new(RecordingNotifier::new()),
            waker: Arc::new(NoopWaker),
            gateway: self.gateway.clone(),
            online: self.gateway.provider().is_online().then(|| self.gateway.clone() as Arc<dyn OnlinePayments>),
            signing,
            join_pages: JoinPages { base: "https://practice.example.org/".into(), tokens: Arc::new(PlainJoinTokens) },
            settings: UseCaseSettings {
                registration: self.registration,
                access_lifetime: SignedDuration::from_mins(15),
                login_sessions: LoginSessionPolicy::default(),
                max_login_failures: self.max_failures,
                practice_zone: TimeZone::get("Europe/Berlin").unwrap(),
                // Therapists without working hours of their own work around the clock.
                default_hours: WeeklySchedule::every_day(
                    TimeZoneName::parse("Europe/Berlin").unwrap(),
                    LocalTimeRange::WHOLE_DAY,
                ),
                meetings,
                window: AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) },
                room_limits: self.limits,
                email_links: if self.signed { EmailLinkTarget::Page } else { EmailLinkTarget::Room },
                reminders: ReminderPlan::new(vec![60, 1440]).unwrap(),
                retry: RetryPolicy::default(),
                parallel_emails: NonZeroUsize::MIN,
            },
        }
    }

    /// The use cases. The webhook is handled whatever the provider is.
    pub(crate) fn use_cases(&self) -> UseCases {
        let online = UseCases::new(&Deps { online: Some(self.gateway.clone()), ..self.deps() });
        UseCases { handle_webhook: online.handle_webhook, ..UseCases::new(&self.deps()) }
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
            readiness: self.readiness.clone(),
        }
    }

    /// Opens the practice: a therapist, Carl (1), and a service (1) for 100 euros.
    pub(crate) async fn open(self) -> Practice {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = crate::serve(listener, Arc::new(self.api()), self.settings.clone()).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()
            .unwrap();
        let practice = Practice { parts: self, address, handle, http, documents: crate::openapi_json() };
        practice.add("carl@example.org", "Carl", "Rogers", Role::Admin).await;
        let mut work = practice.parts.store.begin().await.unwrap();
        work.add_service(&NewService {
            name: "Session".into(),
            description: "Fifty minutes by video.".into(),
            minutes: 50,
            buffer_minutes: 10,
            price: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
        })
        .await
        .unwrap();
        work.commit().await.unwrap();
        practice
    }
}

/// A running practice.
pub(crate) struct Practice {
    pub(crate) parts: Parts,
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
    http: reqwest::Client,
    documents: String,
}

impl Drop for Practice {
    fn drop(&mut self) {
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
            password: Password::new(PASSWORD.into()),
        };
        self.parts.use_cases().add_user.run(command).await.unwrap().id
    }

    /// An access token for an existing account.
    pub(crate) async fn token(&self, email: &str) -> String {
        let reply =
            self.post("/api/auth/login", "", &format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#)).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["access_token"].as_str().unwrap().to_owned()
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

    /// Books the usual slot and returns the response.
    pub(crate) async fn book(&self, token: &str, at: &str) -> Value {
        let reply = self.post("/api/bookings", token, &format!(r#"{{"scheduled_at":"{at}"}}"#)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()
    }

    /// Pays a new booking.
    pub(crate) async fn pay(&self, booking: &Value) {
        let reply = self.request(Method::POST, &checkout_path(booking)).send().await;
        assert_eq!(reply.status, 303, "{}", reply.text);
    }

    /// Ada's confirmed booking (1), and her token.
    pub(crate) async fn agreed(&self) -> String {
        let ada = self.client("Ada").await;
        let held = self.book(&ada, SLOT).await;
        self.pay(&held).await;
        ada
    }

    /// Changes booking 1 in the store.
    pub(crate) async fn change(&self, change: impl FnOnce(Booking) -> Booking) {
        let mut work = self.parts.store.begin().await.unwrap();
        let booking = work.booking(BookingId::new(1).unwrap()).await.unwrap().unwrap();
        work.save_booking(&change(booking)).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Advances the clock.
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

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Reply {
        self.request(Method::DELETE, path).token(token).send().await
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: &str) -> Reply {
        self.request(Method::PUT, path).token(token).json(body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, token: &str, body: &str) -> Reply {
        self.request(Method::PATCH, path).token(token).json(body).send().await
    }

    /// A request to build.
    pub(crate) fn request(&self, method: Method, path: &str) -> Call<'_> {
        let builder = self.http.request(method.clone(), format!("http://{}{path}", self.address));
        Call { practice: self, method, path: path.to_owned(), builder }
    }
}

/// The path of the checkout page of a new booking.
pub(crate) fn checkout_path(booking: &Value) -> String {
    let url = booking["checkout_url"].as_str().unwrap();
    format!("/test-checkout/{}", url.rsplit('/').next().unwrap())
}

/// A request to build.
pub(crate) struct Call<'a> {
    practice: &'a Practice,
    method: Method,
    path: String,
    builder: reqwest::RequestBuilder,
}

impl Call<'_> {
    /// Adds the token, unless it is empty.
    pub(crate) fn token(self, token: &str) -> Self {
        if token.is_empty() { self } else { self.header("Authorization", &format!("Bearer {token}")) }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub(crate) fn json(self, body: &str) -> Self {
        self.header("Content-Type", "application/json").body(body.to_owned())
    }

    pub(crate) fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.body(body);
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let response = self.builder.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let reply = Reply { status, headers, text: response.text().await.unwrap() };
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
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
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

    /// Checks that apply to every response.
    fn check(&self, practice: &Practice, method: &Method, path: &str) {
        let about = format!("{method} {path} -> {self:?}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{about}");
        assert_eq!(self.header("referrer-policy"), Some("no-referrer"), "{about}");
        let looks = path.starts_with("/jitsi/branding") && self.status == 200;
        let cached = if looks { "public, max-age=300" } else { "no-store" };
        assert_eq!(self.header("cache-control"), Some(cached), "{about}");
        assert_eq!(self.header("x-robots-tag"), Some("noindex"), "{about}");
        assert!(self.header("content-security-policy").unwrap().contains("default-src 'none'"), "{about}");
        assert!(self.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"), "{about}");
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty() && id.len() <= 64), "{about}");
        assert_eq!(self.header("server"), None, "{about}");
        let status = self.status.as_u16();
        let for_people = path.starts_with("/test-checkout/") || path.starts_with("/j/");
        let page = for_people && self.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
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
            self.check_schema(practice, method, path);
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
        self.check_documented(practice, method, path);
    }

    /// The documented response of this operation and status, if there is one.
    fn described<'a>(
        &self,
        document: &'a Value,
        practice: &Practice,
        method: &Method,
        path: &str,
    ) -> Option<&'a Value> {
        let path = path.split('?').next().unwrap();
        let fits = |pattern: &str| {
            path.split('/').count() == pattern.split('/').count()
                && path.split('/').zip(pattern.split('/')).all(|(part, name)| {
                    part == name || (name.starts_with('{') && (!part.is_empty() || name.contains('*')))
                })
        };
        let table = routes::table(&practice.parts.settings);
        let (_, pattern) = table.iter().find(|(m, p)| m.as_str() == method.as_str() && fits(p))?;
        let operation = &document["paths"][documented(pattern)][method.as_str().to_lowercase()];
        let response = &operation["responses"][self.status.as_str()];
        assert!(response.is_object(), "{method} {pattern} does not tell {}", self.status);
        Some(&response["content"])
    }

    /// Problems of operations are documented.
    fn check_documented(&self, practice: &Practice, method: &Method, path: &str) {
        let document: Value = serde_json::from_str(&practice.documents).unwrap();
        let Some(content) = self.described(&document, practice, method, path) else { return };
        let example = &content["application/problem+json"]["examples"][self.code()];
        assert!(example.is_object(), "{method} {path} does not tell {:?}", self.problem());
        let problem = &document["components"]["schemas"]["Problem"];
        conforms(&document, problem, &self.json()).unwrap_or_else(|why| panic!("{method} {path}: {why}"));
    }

    /// Responses have exactly the documented fields.
    fn check_schema(&self, practice: &Practice, method: &Method, path: &str) {
        let document: Value = serde_json::from_str(&practice.documents).unwrap();
        let Some(content) = self.described(&document, practice, method, path) else { return };
        if self.header("content-type") == Some("application/json") && path != "/api/openapi.json" {
            let schema = &content["application/json"]["schema"];
            assert!(schema.is_object(), "{method} {path} tells no form");
            conforms(&document, schema, &self.json()).unwrap_or_else(|why| panic!("{method} {path}: {why}"));
        }
    }
}

/// The path as documented: without the router's patterns.
pub(crate) fn documented(pattern: &str) -> String {
    pattern.replace("{file:.*}", "{file}")
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
