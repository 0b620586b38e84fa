//! The parts list: which adapter goes into which port.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context, Result, bail};
use attune_adapter_auth::{ArgonHasher, HasherConfig, JwtAccessTokens, SignedJoinTokens, SigningSecret, TokenConfig};
use attune_adapter_http::{Api, HttpSettings, Limits, PaymentMessages, ServerSecret};
use attune_adapter_jitsi::{JaasSignature, JitsiSigner, Secret as JitsiSecret};
use attune_adapter_payments::LocalGateway;
use attune_adapter_smtp::{FileNotifier, MailComposer, MailConfig, SmtpConfig, SmtpNotifier};
use attune_application::PurgeExpired;
use attune_application::accounts::{
    AddUser, Authenticate, ChangePassword, IssueTokens, LogIn, LogOut, ManageUser, Refresh, Register, UpdateProfile,
};
use attune_application::bookings::{
    BookingLifecycle, CalendarLoader, ChangeBooking, CompleteEndedBookings, CreateBooking, CreateSeries, ExpireHolds,
    ShowAvailability,
};
use attune_application::meetings::{
    AttendanceReport, JoinMeeting, JoinPages, ManageParticipants, MeetingLinks, RecordAttendance, ResendLinks,
    ReserveRooms, RevokeLinks, Signing,
};
use attune_application::notifications::DeliverNotifications;
use attune_application::payments::{
    HandlePaymentWebhook, OpenCheckout, PayTestCheckout, ProcessRefunds, ReconcilePayments, RecordOfflinePayment,
    RefundPayment, ResolvePaymentProblem, RevenueReport,
};
use attune_application::practice::{ManageCalendar, ManageServices};
use attune_application::setup::SetUpPractice;
use attune_domain::notification::RetryPolicy;
use attune_ports::{
    Clock, HealthCheck, MeetingTokenSigner, Notifier, OnlinePayments, PasswordHasher, PaymentEvents, PaymentGateway,
    Provider, Queries, Random, Store, TimeZones, WebhookVerifier,
};
use url::Url;

use crate::ambient::{FileClock, SystemClock, SystemRandom, SystemZones, Waker};
use crate::backend::Backend;
use crate::health;
use crate::secret::{create_folder, stored_secret};
use crate::settings::{MailTransport, PaymentConfig, ResolvedConfig, Settings, StripeAccount};
use crate::worker::Worker;

/// What everything else is made of.
pub(crate) struct Parts {
    pub(crate) backend: Arc<Backend>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) zones: Arc<dyn TimeZones>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) waker: Arc<Waker>,
    pub(crate) lifecycle: BookingLifecycle,
    pub(crate) links: MeetingLinks,
    pub(crate) rules: CalendarLoader,
    pub(crate) gateway: Arc<dyn PaymentGateway>,
    online: Option<Arc<dyn OnlinePayments>>,
    payment_events: Option<Arc<dyn PaymentEvents>>,
    secrets: Secrets,
}

/// What signs access tokens and mailed links.
struct Secrets {
    current: SigningSecret,
    previous: Vec<SigningSecret>,
}

impl Parts {
    /// Opens the store and starts what runs on threads of its own. `base` is where our own pages are.
    pub(crate) async fn assemble(settings: &Settings, config: &ResolvedConfig, base: &Url) -> Result<Self> {
        create_folder(&config.data_dir)?;
        let secrets = secrets(settings, config, &SystemRandom)?;
        let signer = signer(config)?;
        let (gateway, online, payment_events) = collectors(&config.payments, base)?;
        let backend = Arc::new(Backend::open(&config.database, &settings.database).await?);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let waker = Arc::new(Waker::default());
        let half_the_cores = available_parallelism().map_or(1, |cores| (NonZeroUsize::get(cores) / 2).max(1));
        let hasher = ArgonHasher::start(
            HasherConfig {
                threads: if settings.auth.password_hasher_threads == 0 {
                    half_the_cores
                } else {
                    settings.auth.password_hasher_threads
                },
                queue: settings.auth.password_hasher_queue,
                ..HasherConfig::default()
            },
            random.clone(),
        )
        .context("password hashing cannot be started")?;
        let clock: Arc<dyn Clock> = match &config.clock_file {
            Some(path) => Arc::new(FileClock::new(path.clone())),
            None => Arc::new(SystemClock),
        };
        let rules = CalendarLoader {
            queries: backend.queries(),
            zones: Arc::new(SystemZones),
            usual: config.default_hours.clone(),
        };
        let links = MeetingLinks {
            queries: backend.queries(),
            clock: clock.clone(),
            window: config.meetings.window,
            signing: signer.map(|signer| Signing {
                rooms: config.meetings.base.clone(),
                signer,
                settings: config.meetings.tokens,
                placement: config.meetings.placement,
            }),
            pages: JoinPages {
                base: format!("{}/", base.as_str().trim_end_matches('/')),
                tokens: Arc::new(SignedJoinTokens::new(&secrets.current, &secrets.previous)),
            },
            mailed: config.meetings.email_links,
        };
        Ok(Self {
            store: backend.store(),
            queries: backend.queries(),
            backend,
            clock,
            links,
            rules,
            gateway,
            online,
            payment_events,
            secrets,
            zones: Arc::new(SystemZones),
            hasher: Arc::new(hasher),
            lifecycle: BookingLifecycle {
                meetings: config.meetings.base.clone(),
                reminders: config.reminders.clone(),
                random: random.clone(),
                waker: waker.clone(),
            },
            random,
            waker,
        })
    }

    pub(crate) fn add_user(&self) -> AddUser {
        AddUser {
            store: self.store.clone(),
            hasher: self.hasher.clone(),
            clock: self.clock.clone(),
            zones: self.zones.clone(),
        }
    }

    pub(crate) fn set_up(&self) -> SetUpPractice {
        SetUpPractice { store: self.store.clone(), add_user: self.add_user(), random: self.random.clone() }
    }

    pub(crate) fn worker(&self, config: &ResolvedConfig, notifier: Arc<dyn Notifier>) -> Worker {
        Worker {
            deliver: DeliverNotifications {
                store: self.store.clone(),
                queries: self.queries.clone(),
                notifier,
                clock: self.clock.clone(),
                random: self.random.clone(),
                zones: self.zones.clone(),
                links: self.links.clone(),
                reminders: config.reminders.clone(),
                retry: RetryPolicy::default(),
                practice_zone: config.zone.clone(),
                at_a_time: config.mail_connections,
            },
            expire_holds: self.sweep(),
            reconcile: self.watch(),
            refunds: ProcessRefunds {
                store: self.store.clone(),
                queries: self.queries.clone(),
                clock: self.clock.clone(),
                lifecycle: self.lifecycle.clone(),
                online: self.online.clone(),
            },
            complete: CompleteEndedBookings {
                store: self.store.clone(),
                queries: self.queries.clone(),
                clock: self.clock.clone(),
                lifecycle: self.lifecycle.clone(),
                grace: config.meetings.window.grace,
            },
            purge: PurgeExpired { store: self.store.clone(), clock: self.clock.clone() },
            waker: self.waker.clone(),
        }
    }

    pub(crate) fn record_offline(&self) -> RecordOfflinePayment {
        RecordOfflinePayment {
            store: self.store.clone(),
            queries: self.queries.clone(),
            clock: self.clock.clone(),
            lifecycle: self.lifecycle.clone(),
        }
    }

    pub(crate) fn open_checkout(&self) -> OpenCheckout {
        OpenCheckout {
            store: self.store.clone(),
            queries: self.queries.clone(),
            gateway: self.gateway.clone(),
            random: self.random.clone(),
            clock: self.clock.clone(),
        }
    }

    fn watch(&self) -> ReconcilePayments {
        ReconcilePayments {
            checkout: self.open_checkout(),
            online: self.online.clone(),
            lifecycle: self.lifecycle.clone(),
        }
    }

    fn sweep(&self) -> ExpireHolds {
        ExpireHolds { store: self.store.clone(), clock: self.clock.clone(), watch: self.watch() }
    }

    pub(crate) fn create_booking(&self) -> CreateBooking {
        CreateBooking {
            store: self.store.clone(),
            clock: self.clock.clone(),
            lifecycle: self.lifecycle.clone(),
            rules: self.rules.clone(),
            checkout: self.open_checkout(),
            holds: self.sweep(),
        }
    }

    /// How the provider's own messages are taken, if there is a provider that sends any and a secret to know them by.
    fn payment_messages(&self) -> Option<PaymentMessages> {
        let (online, reader) = (self.online.clone()?, self.payment_events.clone()?);
        let hear = HandlePaymentWebhook {
            store: self.store.clone(),
            queries: self.queries.clone(),
            clock: self.clock.clone(),
            lifecycle: self.lifecycle.clone(),
            online,
        };
        Some(PaymentMessages { reader, hear })
    }

    fn access_tokens(&self) -> JwtAccessTokens {
        JwtAccessTokens::new(TokenConfig {
            secret: self.secrets.current.clone(),
            previous: self.secrets.previous.clone(),
            issuer: "attune".to_owned(),
            audience: "attune-api".to_owned(),
        })
    }

    /// Everything that HTTP requests can ask for.
    pub(crate) fn api(&self, settings: &Settings, config: &ResolvedConfig, notifier: Arc<dyn Notifier>) -> Result<Api> {
        let issue = IssueTokens {
            tokens: Arc::new(self.access_tokens()),
            random: self.random.clone(),
            clock: self.clock.clone(),
            access_lifetime: config.access_token_lifetime,
        };
        let (store, queries, clock) = (&self.store, &self.queries, &self.clock);
        let create_booking = self.create_booking();
        let readiness: Vec<Arc<dyn HealthCheck>> = vec![
            Arc::new(health::Database(queries.clone())),
            Arc::new(health::Migrations(self.backend.clone())),
            Arc::new(health::Outbox { queries: queries.clone(), clock: clock.clone() }),
            Arc::new(health::Mail(notifier)),
            Arc::new(health::Jitsi::new(&config.meetings)),
            Arc::new(health::Payments(queries.clone())),
        ];
        Ok(Api {
            register: Register { registration: config.registration, add_user: self.add_user() },
            log_in: LogIn {
                store: store.clone(),
                queries: queries.clone(),
                hasher: self.hasher.clone(),
                issue: issue.clone(),
                clock: clock.clone(),
                max_failures: settings.limits.enabled.then_some(settings.auth.max_login_failures_per_day),
            },
            authenticate: Authenticate {
                queries: queries.clone(),
                tokens: issue.tokens.clone(),
                clock: clock.clone(),
                policy: config.login_sessions,
            },
            refresh: Refresh { store: store.clone(), issue, clock: clock.clone(), policy: config.login_sessions },
            log_out: LogOut { store: store.clone(), clock: clock.clone() },
            update_profile: UpdateProfile { store: store.clone(), zones: self.zones.clone(), clock: clock.clone() },
            change_password: ChangePassword {
                store: store.clone(),
                queries: queries.clone(),
                hasher: self.hasher.clone(),
                clock: clock.clone(),
            },
            manage_user: ManageUser { store: store.clone(), clock: clock.clone() },
            create_series: CreateSeries { sessions: create_booking.clone() },
            change_booking: ChangeBooking {
                store: store.clone(),
                queries: queries.clone(),
                clock: clock.clone(),
                lifecycle: self.lifecycle.clone(),
                rules: self.rules.clone(),
                holds: self.sweep(),
            },
            availability: ShowAvailability {
                queries: queries.clone(),
                clock: clock.clone(),
                rules: self.rules.clone(),
            },
            services: ManageServices { store: store.clone(), clock: clock.clone() },
            calendar: ManageCalendar { store: store.clone(), zones: self.zones.clone(), clock: clock.clone() },
            open_checkout: create_booking.checkout.clone(),
            create_booking,
            pay_test_checkout: PayTestCheckout {
                store: store.clone(),
                queries: queries.clone(),
                clock: clock.clone(),
                lifecycle: self.lifecycle.clone(),
            },
            record_offline: self.record_offline(),
            refund: RefundPayment {
                store: store.clone(),
                queries: queries.clone(),
                clock: clock.clone(),
                lifecycle: self.lifecycle.clone(),
            },
            revenue: RevenueReport { queries: queries.clone(), zone: config.zone.clone() },
            resolve_problem: ResolvePaymentProblem { store: store.clone(), clock: clock.clone() },
            payment_messages: self.payment_messages(),
            links: self.links.clone(),
            join: JoinMeeting {
                links: self.links.clone(),
                zones: self.zones.clone(),
                practice_zone: config.zone.clone(),
            },
            recover_links: ResendLinks {
                store: store.clone(),
                queries: queries.clone(),
                clock: clock.clone(),
                waker: self.waker.clone(),
                window: config.meetings.window,
            },
            revoke_links: RevokeLinks { store: store.clone(), clock: clock.clone(), lifecycle: self.lifecycle.clone() },
            participants: ManageParticipants {
                store: store.clone(),
                zones: self.zones.clone(),
                clock: clock.clone(),
                lifecycle: self.lifecycle.clone(),
            },
            rooms: ReserveRooms {
                store: store.clone(),
                queries: queries.clone(),
                clock: clock.clone(),
                window: config.meetings.window,
                limits: config.meetings.limits,
            },
            record_attendance: RecordAttendance {
                store: store.clone(),
                queries: queries.clone(),
                clock: clock.clone(),
            },
            attendance: AttendanceReport {
                queries: queries.clone(),
                clock: clock.clone(),
                window: config.meetings.window,
            },
            jaas_webhooks: jaas_webhooks(config)?,
            queries: queries.clone(),
            clock: clock.clone(),
            random: self.random.clone(),
            readiness,
        })
    }
}

fn secrets(settings: &Settings, config: &ResolvedConfig, random: &dyn Random) -> Result<Secrets> {
    let kept;
    let secret = if settings.auth.secret.is_set() {
        &settings.auth.secret
    } else {
        kept = stored_secret(&config.data_dir, random)?;
        &kept
    };
    let read = |name: &'static str, text: &str| {
        SigningSecret::new(text.as_bytes().to_vec()).map_err(|why| anyhow::anyhow!("{name} cannot be used: {why}"))
    };
    let mut previous = Vec::new();
    if settings.auth.previous_secret.is_set() {
        previous.push(read("auth.previous_secret", settings.auth.previous_secret.expose())?);
    }
    Ok(Secrets { current: read("auth.secret", secret.expose())?, previous })
}

/// What signs links, if the video server checks them.
pub(crate) fn signer(config: &ResolvedConfig) -> Result<Option<Arc<dyn MeetingTokenSigner>>> {
    let Some(deployment) = &config.meetings.deployment else { return Ok(None) };
    let signer = JitsiSigner::new((**deployment).clone())
        .map_err(|why| anyhow::anyhow!("the settings jitsi.* are invalid: {why}"))?;
    Ok(Some(Arc::new(signer)))
}

fn jaas_webhooks(config: &ResolvedConfig) -> Result<Option<Arc<dyn WebhookVerifier>>> {
    let Some(secret) = &config.meetings.jaas_webhook_secret else { return Ok(None) };
    let verifier = JaasSignature::new(vec![JitsiSecret::new(secret.expose())])
        .map_err(|why| anyhow::anyhow!("jitsi.jaas_webhook_secret cannot be used: {why}"))?;
    Ok(Some(Arc::new(verifier)))
}

/// Who collects the price, who did so online, and who knows the latter's messages.
type Collectors = (Arc<dyn PaymentGateway>, Option<Arc<dyn OnlinePayments>>, Option<Arc<dyn PaymentEvents>>);

/// `base` is where our own pages are.
fn collectors(collecting: &PaymentConfig, base: &Url) -> Result<Collectors> {
    let stripe = collecting.stripe.as_ref().map(|stripe| stripe.gateway(base)).transpose()?.map(Arc::new);
    let events = collecting.stripe.as_ref().map(StripeAccount::events).transpose()?.flatten();
    let gateway: Arc<dyn PaymentGateway> = match (collecting.provider, &stripe) {
        (Provider::None, _) => Arc::new(LocalGateway::none()),
        (Provider::Offline, _) => Arc::new(LocalGateway::offline(collecting.hold)),
        (Provider::Test, _) => Arc::new(LocalGateway::test(collecting.hold, base.clone())),
        (Provider::Stripe, Some(stripe)) => {
            if events.is_none() {
                tracing::warn!("payments.stripe_webhook_secret is not set: payments are noticed minutes later");
            }
            stripe.clone()
        }
        (Provider::Stripe, None) => bail!("payments.stripe_key must be set when payments.provider is stripe"),
    };
    let online = stripe.map(|stripe| stripe as Arc<dyn OnlinePayments>);
    Ok((gateway, online, events.map(|events| Arc::new(events) as Arc<dyn PaymentEvents>)))
}

/// The practice's own domain, as mails and calendar entries are named after it.
fn mail_domain(config: &ResolvedConfig) -> &str {
    config.mail_from.as_str().rsplit_once('@').map_or("attune.localhost", |(_, domain)| domain)
}

/// How mail leaves.
pub(crate) fn notifier(settings: &Settings, config: &ResolvedConfig) -> Result<Arc<dyn Notifier>> {
    let composer = MailComposer::new(MailConfig {
        practice_name: settings.practice.name.clone(),
        message_domain: mail_domain(config).to_owned(),
        from: config.mail_from.clone(),
        templates_dir: config.templates_dir.clone(),
    })
    .context("the mail templates cannot be used")?;
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

/// How requests are served.
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
            .map(|p| p.parse().map_err(|_| anyhow::anyhow!("http.trusted_proxies: {p:?} is no address")))
            .collect::<Result<_>>()?,
        hsts: settings.http.hsts,
        workers: if settings.http.workers == 0 { defaults.workers } else { settings.http.workers },
        limits: Limits {
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
