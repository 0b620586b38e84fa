//! Which adapter implements which port.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context, Result, anyhow, bail};
use attune_adapter_auth::{
    ArgonHasher, HasherConfig, JwtAccessTokens, SignedJoinTokens, SigningSecret, TokenConfig, TotpCodes,
};
use attune_adapter_http::{Api, HttpSettings, Pages, ServerSecret};
use attune_adapter_jitsi::{EndMeeting, JaasSignature, JitsiSigner, Secret as JitsiSecret};
use attune_adapter_payments::LocalGateway;
use attune_adapter_smtp::{FileNotifier, MailComposer, MailConfig, SmtpConfig, SmtpNotifier};
use attune_adapter_web::{Web, WebPorts, WebSettings};
use attune_application::accounts::AccountLinks;
use attune_application::bookings::CalendarFeedUrls;
use attune_application::meetings::{JoinPages, LinkSigning, RoomClosing};
use attune_application::payments::PayPages;
use attune_application::{Deps, UseCaseSettings, UseCases};
use attune_domain::notification::RetryPolicy;
use attune_http_common::RequestLimits;
use attune_ports::{
    Clock, FormTokens, HealthCheck, InstallationChecks, MeetingTokenSigner, Notifier, OnlinePayments, PaymentEvents,
    PaymentGateway, Provider, Random, WebhookVerifier,
};
use attune_wording::Wording;
use url::Url;

use crate::ambient::{FileClock, SystemClock, SystemRandom, Waker};
use crate::backend::Backend;
use crate::health::{Check, Stopping};
use crate::metrics::Measured;
use crate::secret::{create_folder, stored_secret};
use crate::settings::{MailTransport, PaymentConfig, ResolvedConfig, Settings, StripeAccount};
use crate::task_log::TaskLog;
use crate::worker::Worker;

/// The open store, the ports that the command line uses itself, and the use cases.
pub(crate) struct App {
    pub(crate) backend: Arc<Backend>,
    pub(crate) deps: Deps,
    pub(crate) use_cases: UseCases,
    payment_events: Option<Arc<dyn PaymentEvents>>,
    hasher: Arc<ArgonHasher>,
    waker: Arc<Waker>,
    forms: Arc<dyn FormTokens>,
    wording: Arc<Wording>,
}

/// What signs the tokens of requests, links and devices, and encrypts the secrets of authenticator apps.
struct Secrets {
    current: SigningSecret,
    previous: Vec<SigningSecret>,
}

impl App {
    /// Opens the store and starts the threads. `base` is the URL of our own pages.
    pub(crate) async fn build(settings: &Settings, config: &ResolvedConfig, base: &Url) -> Result<Self> {
        create_folder(&config.data_dir)?;
        let secrets = secrets(settings, config, &SystemRandom)?;
        let signer = signer(config)?;
        let wording = wording(config)?;
        let notifier = notifier(config, base, wording.clone())?;
        let (gateway, online, payment_events) = payment_adapters(&config.payments, base)?;
        let backend = Arc::new(Backend::open(config, &settings.database).await?);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let waker = Arc::new(Waker::default());
        let pages = format!("{}/", base.as_str().trim_end_matches('/'));
        let signed_tokens = Arc::new(SignedJoinTokens::new(&secrets.current, &secrets.previous));
        let totp = TotpCodes::new(&secrets.current, &secrets.previous, random.clone());
        let clock = clock(config);
        let hasher = Arc::new(hasher(settings, random.clone())?);
        let deps = Deps {
            store: backend.store(),
            queries: backend.queries(),
            room_closing: end_meeting(config, clock.clone())?
                .map(|closer| RoomClosing { closer: Arc::new(closer), rooms: config.meetings.base.clone() }),
            clock,
            hasher: hasher.clone(),
            random,
            zones: config.zones.clone(),
            access_tokens: Arc::new(JwtAccessTokens::new(TokenConfig {
                secret: secrets.current,
                previous: secrets.previous,
                issuer: "attune".to_owned(),
                audience: "attune-api".to_owned(),
                lifetime: config.access_token_lifetime,
            })),
            devices: signed_tokens.clone(),
            totp: Arc::new(totp),
            account_links: AccountLinks { base: pages.clone(), signer: signed_tokens.clone() },
            notifier,
            waker: waker.clone(),
            gateway,
            online,
            signing: signer.map(|signer| LinkSigning {
                rooms: config.meetings.base.clone(),
                signer,
                settings: config.meetings.tokens,
                placement: config.meetings.placement,
            }),
            join_pages: JoinPages { base: pages.clone(), tokens: signed_tokens.clone() },
            pay_pages: PayPages { base: pages.clone(), tokens: signed_tokens.clone() },
            feed_urls: CalendarFeedUrls { base: pages, tokens: signed_tokens.clone() },
            settings: use_case_settings(settings, config),
        };
        Ok(Self {
            use_cases: UseCases::new(&deps),
            deps,
            backend,
            payment_events,
            hasher,
            waker,
            forms: signed_tokens,
            wording,
        })
    }

    pub(crate) fn worker(&self) -> Worker {
        let cases = &self.use_cases;
        Worker {
            deliver: cases.deliver.clone(),
            agendas: cases.plan_agendas.clone(),
            expire_holds: cases.expire_holds.clone(),
            reconcile: cases.reconcile.clone(),
            refunds: cases.process_refunds.clone(),
            complete: cases.complete_ended.clone(),
            purge: cases.purge.clone(),
            waker: self.waker.clone(),
            log: Arc::new(TaskLog::new(self.deps.clock.clone())),
        }
    }

    /// What the metrics are about.
    pub(crate) fn measured(&self) -> Measured {
        let Deps { queries, clock, .. } = self.deps.clone();
        Measured { backend: self.backend.clone(), queries, clock, hasher: self.hasher.clone() }
    }

    /// Stores the configured practice at the first start.
    pub(crate) async fn ensure_practice(&self, config: &ResolvedConfig) -> Result<()> {
        let set_up = &self.use_cases.set_up;
        set_up.ensure_practice(&config.practice, mail_domain(config)).await.context("the practice cannot be stored")
    }

    /// Everything that HTTP requests can reach.
    pub(crate) fn api(&self, config: &ResolvedConfig, stopping: Stopping) -> Result<Api> {
        let Deps { queries, clock, random, notifier, .. } = self.deps.clone();
        let checks = [
            Check::Database(self.backend.clone()),
            Check::Migrations(self.backend.clone()),
            Check::Outbox(queries.clone(), clock.clone()),
            Check::Mail(notifier),
            Check::jitsi(&config.meetings)?,
            Check::Payments(queries.clone()),
            Check::Admins(queries.clone()),
            Check::TimeZones(config.zones.clone()),
            Check::Backup { data_dir: config.data_dir.clone(), max_age: config.backup_max_age, clock: clock.clone() },
        ];
        Ok(Api {
            use_cases: self.use_cases.clone(),
            payment_events: self.payment_events.clone(),
            jaas_webhooks: jaas_webhooks(config)?,
            queries,
            clock,
            random,
            wording: self.wording.clone(),
            readiness: [Arc::new(stopping) as Arc<dyn HealthCheck>]
                .into_iter()
                .chain(checks.map(|check| Arc::new(check.shared()) as Arc<dyn HealthCheck>))
                .collect(),
        })
    }

    /// The pages, which the HTTP server shows besides the API, and what tells the open ones of changes. `base` is their URL.
    pub(crate) fn pages(
        &self,
        config: &ResolvedConfig,
        base: &Url,
        installation: Arc<dyn InstallationChecks>,
    ) -> Result<(Pages, Arc<Web>)> {
        let Deps { queries, clock, random, .. } = self.deps.clone();
        let test_checkout = config.payments.provider == Provider::Test;
        let settings = WebSettings {
            base_path: base.path().trim_end_matches('/').to_owned(),
            test_checkout,
            secure: base.scheme() == "https",
            requests: request_limits(config),
        };
        let ports = WebPorts { queries, clock, random, forms: self.forms.clone(), installation };
        let web = Arc::new(Web::new(self.use_cases.clone(), ports, settings, self.wording.clone()));
        let shown = web.clone();
        let pages = Pages {
            endpoints: Arc::new(move || attune_adapter_web::endpoints(test_checkout)),
            configure: Arc::new(move |config| attune_adapter_web::configure(&shown, config)),
            openapi: attune_adapter_web::openapi(),
        };
        Ok((pages, web))
    }
}

fn hasher(settings: &Settings, random: Arc<dyn Random>) -> Result<ArgonHasher> {
    let half_the_cores = available_parallelism().map_or(1, |cores| (NonZeroUsize::get(cores) / 2).max(1));
    let auth = &settings.auth;
    let config = HasherConfig {
        threads: if auth.password_hasher_threads == 0 { half_the_cores } else { auth.password_hasher_threads },
        queue: auth.password_hasher_queue,
        ..HasherConfig::default()
    };
    ArgonHasher::start(config, random).context("password hashing cannot be started")
}

fn use_case_settings(settings: &Settings, config: &ResolvedConfig) -> UseCaseSettings {
    let meetings = &config.meetings;
    UseCaseSettings {
        registration: config.registration,
        access_lifetime: config.access_token_lifetime,
        login_sessions: config.login_sessions,
        second_factor: config.second_factor,
        max_login_failures: settings.limits.enabled.then_some(settings.auth.max_login_failures_per_day),
        practice: Arc::new(config.practice.clone()),
        default_hours: config.default_hours.clone(),
        meetings: meetings.base.clone(),
        window: meetings.window,
        room_limits: meetings.limits,
        email_links: meetings.email_links,
        name_fallback: config.name_fallback,
        reminders: config.reminders.clone(),
        invite_hold: config.payments.invite_hold,
        retry: RetryPolicy::default(),
        parallel_emails: config.mail_connections,
    }
}

fn secrets(settings: &Settings, config: &ResolvedConfig, random: &dyn Random) -> Result<Secrets> {
    let stored;
    let secret = if settings.auth.secret.is_set() {
        &settings.auth.secret
    } else {
        stored = stored_secret(&config.data_dir, random)?;
        &stored
    };
    let read = |name: &'static str, text: &str| {
        SigningSecret::new(text.as_bytes().to_vec()).map_err(|why| anyhow!("{name} is invalid: {why}"))
    };
    let mut previous = Vec::new();
    if settings.auth.previous_secret.is_set() {
        previous.push(read("auth.previous_secret", settings.auth.previous_secret.expose())?);
    }
    Ok(Secrets { current: read("auth.secret", secret.expose())?, previous })
}

/// `None` if the video server checks no tokens.
pub(crate) fn signer(config: &ResolvedConfig) -> Result<Option<Arc<dyn MeetingTokenSigner>>> {
    let Some(deployment) = &config.meetings.deployment else { return Ok(None) };
    let signer =
        JitsiSigner::new((**deployment).clone()).map_err(|why| anyhow!("the settings jitsi.* are invalid: {why}"))?;
    Ok(Some(Arc::new(signer)))
}

pub(crate) fn clock(config: &ResolvedConfig) -> Arc<dyn Clock> {
    match &config.clock_file {
        Some(path) => Arc::new(FileClock::new(path.clone())),
        None => Arc::new(SystemClock),
    }
}

/// `None` if the video server closes no room for us.
pub(crate) fn end_meeting(config: &ResolvedConfig, clock: Arc<dyn Clock>) -> Result<Option<EndMeeting>> {
    let Some(end_meeting) = &config.meetings.end_meeting else { return Ok(None) };
    let end_meeting = EndMeeting::new((**end_meeting).clone(), clock)
        .map_err(|why| anyhow!("the settings jitsi.end_meeting_* are invalid: {why}"))?;
    Ok(Some(end_meeting))
}

fn jaas_webhooks(config: &ResolvedConfig) -> Result<Option<Arc<dyn WebhookVerifier>>> {
    let Some(secret) = &config.meetings.jaas_webhook_secret else { return Ok(None) };
    let verifier = JaasSignature::new(vec![JitsiSecret::new(secret.expose())])
        .map_err(|why| anyhow!("jitsi.jaas_webhook_secret is invalid: {why}"))?;
    Ok(Some(Arc::new(verifier)))
}

/// The selected provider, the online provider of earlier or new payments, and the reader of its webhooks.
type PaymentAdapters = (Arc<dyn PaymentGateway>, Option<Arc<dyn OnlinePayments>>, Option<Arc<dyn PaymentEvents>>);

/// `base` is the URL of our own pages.
fn payment_adapters(config: &PaymentConfig, base: &Url) -> Result<PaymentAdapters> {
    let stripe = config.stripe.as_ref().map(|stripe| stripe.gateway(base)).transpose()?.map(Arc::new);
    let events = config.stripe.as_ref().map(StripeAccount::events).transpose()?.flatten();
    let gateway: Arc<dyn PaymentGateway> = match (config.provider, &stripe) {
        (Provider::None, _) => Arc::new(LocalGateway::none()),
        (Provider::Offline, _) => Arc::new(LocalGateway::offline(config.hold)),
        (Provider::Test, _) => Arc::new(LocalGateway::test(config.hold, base.clone())),
        (Provider::Stripe, Some(stripe)) => {
            if events.is_none() {
                tracing::warn!(
                    "payments.stripe_webhook_secret is not set: payments are detected by polling, minutes later"
                );
            }
            stripe.clone()
        }
        (Provider::Stripe, None) => bail!("payments.stripe_key must be set when payments.provider is stripe"),
    };
    let online = stripe.map(|stripe| stripe as Arc<dyn OnlinePayments>);
    Ok((gateway, online, events.map(|events| Arc::new(events) as Arc<dyn PaymentEvents>)))
}

/// For Message-IDs, and the UIDs of the calendar entries that releases before the installation's id mailed.
fn mail_domain(config: &ResolvedConfig) -> &str {
    config.mail_from.as_str().rsplit_once('@').map_or("attune.localhost", |(_, domain)| domain)
}

pub(crate) fn wording(config: &ResolvedConfig) -> Result<Arc<Wording>> {
    let wording = if config.pseudo_language { Wording::pseudo() } else { Wording::load() };
    Ok(Arc::new(wording.context("the built-in texts are invalid")?))
}

pub(crate) fn notifier(config: &ResolvedConfig, base: &Url, wording: Arc<Wording>) -> Result<Arc<dyn Notifier>> {
    let mail = MailConfig {
        message_domain: mail_domain(config).to_owned(),
        public_url: base.clone(),
        from: config.mail_from.clone(),
        templates_dir: config.templates_dir.clone(),
    };
    let composer = MailComposer::new(mail, wording).context("the email templates are invalid")?;
    Ok(match &config.mail {
        MailTransport::File(folder) => {
            Arc::new(FileNotifier::new(folder.clone(), composer).context("mail.dir cannot be used")?)
        }
        MailTransport::Smtp(url) => {
            let smtp = SmtpConfig::new(url.expose()).context("mail.smtp_url cannot be used")?;
            let smtp = smtp.with_idle_connections(config.mail_connections.get());
            Arc::new(SmtpNotifier::new(smtp, composer).context("mail.smtp_url cannot be used")?)
        }
    })
}

pub(crate) fn http_settings(settings: &Settings, config: &ResolvedConfig) -> Result<HttpSettings> {
    let defaults = HttpSettings::default();
    Ok(HttpSettings {
        server_secret: config.meetings.server_secret.as_ref().map(|s| ServerSecret::new(s.expose().to_owned())),
        branding: config.meetings.branding.clone(),
        cors_origins: settings.http.cors_origins.iter().filter(|o| !o.is_empty()).cloned().collect(),
        requests: request_limits(config),
        hsts: settings.http.hsts,
        workers: if settings.http.workers == 0 { defaults.workers } else { settings.http.workers },
        limits: settings.limits.clone(),
        ..defaults
    })
}

fn request_limits(config: &ResolvedConfig) -> RequestLimits {
    RequestLimits { trusted_proxies: config.trusted_proxies.clone(), ..RequestLimits::default() }
}
