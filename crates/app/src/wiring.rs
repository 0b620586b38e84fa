//! Which adapter implements which port.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context, Result, bail};
use attune_adapter_auth::{ArgonHasher, HasherConfig, JwtAccessTokens, SignedJoinTokens, SigningSecret, TokenConfig};
use attune_adapter_http::{Api, HttpSettings, RateLimits, ServerSecret};
use attune_adapter_jitsi::{JaasSignature, JitsiSigner, Secret as JitsiSecret};
use attune_adapter_payments::LocalGateway;
use attune_adapter_smtp::{FileNotifier, MailComposer, MailConfig, SmtpConfig, SmtpNotifier};
use attune_application::meetings::{JoinPages, LinkSigning};
use attune_application::{Deps, UseCaseSettings, UseCases};
use attune_domain::notification::RetryPolicy;
use attune_ports::{
    HealthCheck, MeetingTokenSigner, Notifier, OnlinePayments, PaymentEvents, PaymentGateway, Provider, Random,
    WebhookVerifier,
};
use url::Url;

use crate::ambient::{FileClock, SystemClock, SystemRandom, SystemZones, Waker};
use crate::backend::Backend;
use crate::health;
use crate::secret::{create_folder, stored_secret};
use crate::settings::{MailTransport, PaymentConfig, ResolvedConfig, Settings, StripeAccount};
use crate::worker::Worker;

/// The open store, the ports that the command line uses itself, and the use cases.
pub(crate) struct App {
    pub(crate) backend: Arc<Backend>,
    pub(crate) deps: Deps,
    pub(crate) use_cases: UseCases,
    payment_events: Option<Arc<dyn PaymentEvents>>,
    waker: Arc<Waker>,
}

/// The keys that sign access tokens and join tokens.
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
        let notifier = notifier(settings, config)?;
        let (gateway, online, payment_events) = payment_adapters(&config.payments, base)?;
        let backend = Arc::new(Backend::open(&config.database, &settings.database).await?);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let waker = Arc::new(Waker::default());
        let join_tokens = Arc::new(SignedJoinTokens::new(&secrets.current, &secrets.previous));
        let deps = Deps {
            store: backend.store(),
            queries: backend.queries(),
            clock: match &config.clock_file {
                Some(path) => Arc::new(FileClock::new(path.clone())),
                None => Arc::new(SystemClock),
            },
            hasher: Arc::new(hasher(settings, random.clone())?),
            random,
            zones: Arc::new(SystemZones),
            access_tokens: Arc::new(JwtAccessTokens::new(TokenConfig {
                secret: secrets.current,
                previous: secrets.previous,
                issuer: "attune".to_owned(),
                audience: "attune-api".to_owned(),
            })),
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
            join_pages: JoinPages { base: format!("{}/", base.as_str().trim_end_matches('/')), tokens: join_tokens },
            settings: use_case_settings(settings, config),
        };
        Ok(Self { use_cases: UseCases::new(&deps), deps, backend, payment_events, waker })
    }

    pub(crate) fn worker(&self) -> Worker {
        let cases = &self.use_cases;
        Worker {
            deliver: cases.deliver.clone(),
            expire_holds: cases.expire_holds.clone(),
            reconcile: cases.reconcile.clone(),
            refunds: cases.process_refunds.clone(),
            complete: cases.complete_ended.clone(),
            purge: cases.purge.clone(),
            waker: self.waker.clone(),
        }
    }

    /// Everything that HTTP requests can reach.
    pub(crate) fn api(&self, config: &ResolvedConfig) -> Result<Api> {
        let Deps { queries, clock, random, notifier, .. } = self.deps.clone();
        let readiness: Vec<Arc<dyn HealthCheck>> = vec![
            Arc::new(health::Database(queries.clone())),
            Arc::new(health::Migrations(self.backend.clone())),
            Arc::new(health::Outbox { queries: queries.clone(), clock: clock.clone() }),
            Arc::new(health::Mail(notifier)),
            Arc::new(health::Jitsi::new(&config.meetings)),
            Arc::new(health::Payments(queries.clone())),
        ];
        Ok(Api {
            use_cases: self.use_cases.clone(),
            payment_events: self.payment_events.clone(),
            jaas_webhooks: jaas_webhooks(config)?,
            queries,
            clock,
            random,
            readiness,
        })
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
        max_login_failures: settings.limits.enabled.then_some(settings.auth.max_login_failures_per_day),
        practice_zone: config.zone.clone(),
        default_hours: config.default_hours.clone(),
        meetings: meetings.base.clone(),
        window: meetings.window,
        room_limits: meetings.limits,
        email_links: meetings.email_links,
        reminders: config.reminders.clone(),
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
        SigningSecret::new(text.as_bytes().to_vec()).map_err(|why| anyhow::anyhow!("{name} is invalid: {why}"))
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
    let signer = JitsiSigner::new((**deployment).clone())
        .map_err(|why| anyhow::anyhow!("the settings jitsi.* are invalid: {why}"))?;
    Ok(Some(Arc::new(signer)))
}

fn jaas_webhooks(config: &ResolvedConfig) -> Result<Option<Arc<dyn WebhookVerifier>>> {
    let Some(secret) = &config.meetings.jaas_webhook_secret else { return Ok(None) };
    let verifier = JaasSignature::new(vec![JitsiSecret::new(secret.expose())])
        .map_err(|why| anyhow::anyhow!("jitsi.jaas_webhook_secret is invalid: {why}"))?;
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

/// For Message-IDs and the UIDs of calendar entries.
fn mail_domain(config: &ResolvedConfig) -> &str {
    config.mail_from.as_str().rsplit_once('@').map_or("attune.localhost", |(_, domain)| domain)
}

pub(crate) fn notifier(settings: &Settings, config: &ResolvedConfig) -> Result<Arc<dyn Notifier>> {
    let composer = MailComposer::new(MailConfig {
        practice_name: settings.practice.name.clone(),
        message_domain: mail_domain(config).to_owned(),
        from: config.mail_from.clone(),
        templates_dir: config.templates_dir.clone(),
    })
    .context("the email templates are invalid")?;
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
    let limits = &settings.limits;
    let defaults = HttpSettings::default();
    Ok(HttpSettings {
        practice_name: settings.practice.name.clone(),
        calendar_domain: mail_domain(config).to_owned(),
        test_checkout: config.payments.provider == Provider::Test,
        server_secret: config.meetings.server_secret.as_ref().map(|s| ServerSecret::new(s.expose().to_owned())),
        branding: config.meetings.branding.clone(),
        cors_origins: settings.http.cors_origins.iter().filter(|o| !o.is_empty()).cloned().collect(),
        trusted_proxies: settings
            .http
            .trusted_proxies
            .iter()
            .filter(|p| !p.is_empty())
            .map(|p| p.parse().map_err(|_| anyhow::anyhow!("http.trusted_proxies: {p:?} is not an address")))
            .collect::<Result<_>>()?,
        hsts: settings.http.hsts,
        workers: if settings.http.workers == 0 { defaults.workers } else { settings.http.workers },
        limits: RateLimits {
            enabled: limits.enabled,
            logins_per_minute: limits.logins_per_minute,
            registrations_per_hour: limits.registrations_per_hour,
            refreshes_per_minute: limits.refreshes_per_minute,
            recoveries_per_hour: limits.link_recoveries_per_hour,
            availability_per_minute: limits.availability_per_minute,
            free_login_failures: limits.login_failures_before_delay,
            max_login_delay_secs: limits.max_login_delay_seconds,
            api_per_second: limits.api_per_second,
            api_burst: limits.api_burst,
        },
        ..defaults
    })
}
