use std::collections::BTreeMap;
use std::io::Write;

use super::*;

fn sources(profile: Profile, variables: &[(&str, &str)]) -> Sources {
    let environment: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { profile, file: None, environment }
}

fn resolve(profile: Profile, variables: &[(&str, &str)]) -> anyhow::Result<ResolvedConfig> {
    load(&sources(profile, variables))?.resolve(profile)
}

fn refusal(profile: Profile, variables: &[(&str, &str)]) -> String {
    format!("{:#}", resolve(profile, variables).map(|_| ()).unwrap_err())
}

const SECRET: (&str, &str) = ("ATTUNE__AUTH__SECRET", "0123456789abcdef0123456789abcdef-made-for-tests");

/// What production needs at least.
const PRODUCTION: [(&str, &str); 4] = [
    SECRET,
    ("ATTUNE__HTTP__PUBLIC_URL", "https://booking.example.org"),
    ("ATTUNE__MAIL__TRANSPORT", "smtp"),
    ("ATTUNE__MAIL__SMTP_URL", "smtps://user:canary@mail.example.org"),
];

#[test]
fn without_any_settings_the_defaults_apply() {
    let config = resolve(Profile::Development, &[]).unwrap();
    assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
    assert!(matches!(&config.database, DatabaseUrl::Sqlite(path) if path.ends_with("data/attune.sqlite")));
    assert!(matches!(&config.mail, MailTransport::File(path) if path.ends_with("data/mail")));
    assert_eq!(config.reminders.offsets_minutes(), [1440, 60]);
    assert_eq!(config.payments.provider.as_str(), "test", "the profile development changes the provider");
    assert_eq!(config.first_service.price.to_string(), "100.00 EUR");
}

#[test]
fn production_verifies_addresses_and_asks_admins_for_a_second_factor() {
    use Profile::{Development, Production};
    use attune_application::accounts::Registration::{Closed, Open, Verified};
    use attune_domain::SecondFactorPolicy::{Admins, Everyone, Optional};
    let registration = |value: &'static str| ("ATTUNE__AUTH__REGISTRATION", value);
    let second_factor = |value: &'static str| ("ATTUNE__AUTH__SECOND_FACTOR", value);
    for (profile, variables, expected) in [
        (Development, &[][..], (Open, Optional)),
        (Production, &[], (Verified, Admins)),
        (Development, &[registration("verified"), second_factor("everybody")], (Verified, Everyone)),
        (Production, &[registration("open"), second_factor("optional")], (Open, Optional)),
        (Production, &[registration("closed")], (Closed, Admins)),
    ] {
        let config = resolve(profile, &[&PRODUCTION[..], variables].concat()).unwrap();
        assert_eq!((config.registration, config.second_factor), expected, "{profile:?} {variables:?}");
    }
}

#[test]
fn later_sources_win() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "[practice]\nname = \"From the file\"\ncurrency = \"USD\"\n[reminders]\noffsets_minutes = [30]\n")
        .unwrap();
    let mut sources = sources(Profile::Development, &[("ATTUNE__PRACTICE__CURRENCY", "CHF"), ("UNRELATED", "x")]);
    sources.file = Some(file.path().to_owned());
    let settings = load(&sources).unwrap();
    assert_eq!((settings.practice.name.as_str(), settings.practice.currency.as_str()), ("From the file", "CHF"));
    assert_eq!(settings.resolve(Profile::Development).unwrap().reminders.offsets_minutes(), [30]);
}

#[test]
fn every_setting_can_come_from_the_environment() {
    let config = resolve(
        Profile::Development,
        &[
            ("ATTUNE__HTTP__BIND", "[::1]:0"),
            ("ATTUNE__HTTP__CORS_ORIGINS", "https://a.example,https://b.example"),
            ("ATTUNE__REMINDERS__OFFSETS_MINUTES", "2880, 120,15"),
            ("ATTUNE__DATABASE__URL", "memory:"),
            ("ATTUNE__PRACTICE__FIRST_SERVICE_PRICE", "0"),
            ("ATTUNE__LIMITS__ENABLED", "false"),
            ("ATTUNE__AUTH__SECRET", "12345678901234567890123456789012"),
            ("ATTUNE__JITSI__BASE_URL", "https://meet.example.org"),
        ],
    )
    .unwrap();
    assert_eq!(config.reminders.offsets_minutes(), [2880, 120, 15]);
    assert!(matches!(config.database, DatabaseUrl::Memory));
    assert!(config.first_service.price.is_zero());
    let one = [("ATTUNE__REMINDERS__OFFSETS_MINUTES", "90")];
    assert_eq!(resolve(Profile::Development, &one).unwrap().reminders.offsets_minutes(), [90]);
    let none = [("ATTUNE__REMINDERS__OFFSETS_MINUTES", "")];
    assert!(resolve(Profile::Development, &none).unwrap().reminders.offsets_minutes().is_empty());
}

#[test]
fn a_misspelt_key_stops_the_start_and_is_named() {
    let message = refusal(Profile::Development, &[("ATTUNE__MAIL__TRANSPRT", "smtp")]);
    assert_eq!(message, "the environment has the unknown setting mail.transprt; did you mean mail.transport?");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "[telephony]\nnumber = 1\n").unwrap();
    let mut sources = sources(Profile::Development, &[]);
    sources.file = Some(file.path().to_owned());
    let message = format!("{:#}", load(&sources).unwrap_err());
    assert!(message.contains("unknown setting telephony.number") && message.contains("default.toml"), "{message}");
}

#[test]
fn a_renamed_key_stops_the_start_and_its_successor_is_named() {
    let defaults: toml::Table = include_str!("../../../../config/default.toml").parse().unwrap();
    for (old, new) in load::RENAMED {
        let variable = format!("ATTUNE__{}", old.replace('.', "__").to_uppercase());
        let message = refusal(Profile::Development, &[(&variable, "1")]);
        assert_eq!(message, format!("the environment has the setting {old}, which was renamed to {new}"));
        let (section, key) = new.split_once('.').unwrap();
        assert!(defaults[section].get(key).is_some(), "{new}");
    }
    let message = refusal(Profile::Development, &[("ATTUNE__MAIL__JOIN_LINK", "gateway")]);
    assert_eq!(message, "mail.join_link has the value gateway, which was renamed to page");
}

#[test]
fn a_bad_value_stops_the_start_and_its_key_is_named() {
    for (name, value, key) in [
        ("ATTUNE__HTTP__BIND", "localhost", "http.bind"),
        ("ATTUNE__HTTP__WORKERS", "many", "http.workers"),
        ("ATTUNE__HTTP__PUBLIC_URL", "booking.example.org", "http.public_url"),
        ("ATTUNE__DATABASE__URL", "mysql://user:canary@host/db", "database.url"),
        ("ATTUNE__DATABASE__URL", "sqlite:", "database.url"),
        ("ATTUNE__AUTH__ACCESS_TOKEN_MINUTES", "16", "auth.access_token_minutes"),
        ("ATTUNE__AUTH__REGISTRATION", "maybe", "auth.registration"),
        ("ATTUNE__AUTH__REGISTRATION", "", "auth.registration"),
        ("ATTUNE__AUTH__SECOND_FACTOR", "clients", "auth.second_factor"),
        ("ATTUNE__AUTH__SECOND_FACTOR", "", "auth.second_factor"),
        ("ATTUNE__PRACTICE__NAME_FALLBACK", "Neutral", "practice.name_fallback"),
        ("ATTUNE__AUTH__FIRST_ADMIN_EMAIL", "nobody", "auth.first_admin_email"),
        ("ATTUNE__PRACTICE__TIMEZONE", "Europe/Atlantis", "practice.timezone"),
        ("ATTUNE__PRACTICE__CURRENCY", "euro", "practice.currency"),
        ("ATTUNE__PRACTICE__FIRST_SERVICE_PRICE", "1.234", "practice.first_service_price"),
        ("ATTUNE__PRACTICE__FIRST_SERVICE_MINUTES", "0", "practice.first_service_minutes"),
        ("ATTUNE__JITSI__BASE_URL", "javascript:alert(1)", "jitsi.base_url"),
        ("ATTUNE__PRACTICE__DEFAULT_OPENS", "7", "practice.default_opens"),
        ("ATTUNE__PRACTICE__DEFAULT_OPENS", "21:00", "practice.default_closes"),
        ("ATTUNE__JITSI__MODE", "magic", "jitsi.mode"),
        ("ATTUNE__JITSI__MODE", "jwt", "jitsi.app_id"),
        ("ATTUNE__JITSI__MODE", "jaas", "jitsi.app_id"),
        ("ATTUNE__JITSI__APP_SECRET", "canary-canary-canary-canary-canary", "jitsi.mode"),
        ("ATTUNE__JITSI__SERVER_SECRET", "canary", "jitsi.server_secret"),
        ("ATTUNE__JITSI__TOKEN_PLACEMENT", "cookie", "jitsi.token_placement"),
        ("ATTUNE__JITSI__MAX_OCCUPANTS", "1", "jitsi.max_occupants"),
        ("ATTUNE__JITSI__JOIN_EARLY_MINUTES", "1441", "jitsi.join_early_minutes"),
        ("ATTUNE__MAIL__JOIN_LINK", "pigeon", "mail.join_link"),
        ("ATTUNE__BRANDING__LOGO_URL", "http://example.org/logo.png", "branding.logo_url"),
        ("ATTUNE__BRANDING__BACKGROUND_COLOR", "url(https://evil.example)", "branding.background_color"),
        ("ATTUNE__BRANDING__AVATAR_BACKGROUNDS", "#123456,red", "branding.avatar_backgrounds"),
        ("ATTUNE__PAYMENTS__PROVIDER", "paypal", "payments.provider"),
        ("ATTUNE__PAYMENTS__PROVIDER", "stripe", "payments.stripe_key"),
        ("ATTUNE__PAYMENTS__STRIPE_WEBHOOK_SECRET", "whsec_canary-canary-canary", "payments.stripe_webhook_secret"),
        ("ATTUNE__PAYMENTS__HOLD_MINUTES", "0", "payments.hold_minutes"),
        ("ATTUNE__PAYMENTS__INVITE_HOLD_HOURS", "0", "payments.invite_hold_hours"),
        ("ATTUNE__MAIL__TRANSPORT", "pigeon", "mail.transport"),
        ("ATTUNE__MAIL__TRANSPORT", "smtp", "mail.smtp_url"),
        ("ATTUNE__MAIL__FROM", "nobody", "mail.from"),
        ("ATTUNE__MAIL__CONNECTIONS", "0", "mail.connections"),
        ("ATTUNE__MAIL__CONNECTIONS", "51", "mail.connections"),
        ("ATTUNE__MAIL__CONNECTIONS", "few", "mail.connections"),
        ("ATTUNE__REMINDERS__OFFSETS_MINUTES", "60,60", "reminders.offsets_minutes"),
        ("ATTUNE__LOG__FORMAT", "xml", "log.format"),
    ] {
        let message = refusal(Profile::Development, &[(name, value)]);
        assert!(message.contains(key), "{name}={value}: {message}");
        assert!(!message.contains('\n') && !message.contains("canary"), "{message}");
    }
}

#[test]
fn production_refuses_settings_for_trials() {
    assert!(resolve(Profile::Production, &PRODUCTION).is_ok());
    let url = "ATTUNE__DATABASE__URL";
    for (name, value, key) in [
        ("ATTUNE__AUTH__SECRET", "", "auth.secret"),
        (url, "memory:", "database.url must not be memory:"),
        (url, "postgres://u:canary@db.example.org/d", "database.allow_plaintext"),
        (url, "postgres://u:canary@db.example.org/d?sslmode=disable", "?sslmode=verify-full"),
        (url, "postgres://u:canary@localhost,db.example.org/d?sslmode=prefer", "database.allow_plaintext"),
        (url, "postgres://u:canary@", "the database URL cannot be used"),
        ("ATTUNE__LIMITS__ENABLED", "false", "limits.enabled"),
        ("ATTUNE__MAIL__TRANSPORT", "file", "mail.transport"),
        ("ATTUNE__HTTP__PUBLIC_URL", "", "http.public_url"),
        ("ATTUNE__HTTP__TRUSTED_PROXIES", "10.0.0.1,0.0.0.0/0", "http.trusted_proxies"),
        ("ATTUNE__HTTP__TRUSTED_PROXIES", "::/0", "http.trusted_proxies"),
        ("ATTUNE__PAYMENTS__PROVIDER", "test", "payments.provider"),
        ("ATTUNE__JITSI__BASE_URL", "http://meet.example.org", "jitsi.base_url"),
        ("ATTUNE__HTTP__PUBLIC_URL", "http://booking.example.org", "http.public_url"),
        ("ATTUNE__TESTING__CLOCK_FILE", "/tmp/clock", "testing.clock_file"),
        ("ATTUNE__TESTING__PSEUDO_LANGUAGE", "true", "testing.pseudo_language"),
    ] {
        let message = refusal(Profile::Production, &[&PRODUCTION[..], &[(name, value)]].concat());
        assert!(message.contains(key), "{name}: {message}");
        assert!(!message.contains("canary"), "{message}");
    }
    for more in [
        &[(url, "postgres://u:p@db.example.org/d?sslmode=require")][..],
        &[(url, "postgres://u:p@db.example.org/d?sslmode=verify-full")],
        &[(url, "postgres://u:p@127.0.0.1/d")],
        &[(url, "postgres://u:p@%2Fvar%2Frun%2Fpostgresql/d")],
        &[(url, "postgres://u:p@db.example.org/d"), ("ATTUNE__DATABASE__ALLOW_PLAINTEXT", "true")],
        &[("ATTUNE__HTTP__TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8")],
    ] {
        assert!(resolve(Profile::Production, &[&PRODUCTION[..], more].concat()).is_ok(), "{more:?}");
    }
}

#[test]
fn an_instance_that_stops_waits_at_most_a_minute() {
    let delay = |seconds: &'static str| [("ATTUNE__HTTP__STOP_DELAY_SECONDS", seconds)];
    assert_eq!(resolve(Profile::Development, &delay("60")).unwrap().stop_delay.as_secs(), 60);
    assert!(refusal(Profile::Development, &delay("61")).contains("http.stop_delay_seconds"));
}

#[test]
fn a_misspelt_prefix_is_noticed() {
    for (name, meant) in [
        ("ATTUNE_HTTP__BIND", "ATTUNE__HTTP__BIND"),
        ("ATTUNE_HTTP_BIND", "ATTUNE__HTTP__BIND"),
        ("attune_database_url", "ATTUNE__DATABASE__URL"),
        ("ATTUNE_DATA_DIR", "ATTUNE__DATA_DIR"),
    ] {
        let message = refusal(Profile::Development, &[(name, "canary")]);
        assert!(message.contains(name) && message.contains(meant), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
    let others = [("ATTUNE_CONFIG", "x.toml"), ("ATTUNE_PROFILE", "production"), ("ATTUNE_BACKUPS", "/backups")];
    assert!(resolve(Profile::Development, &others).is_ok(), "variables of other programs");
}

const SIGNED: [(&str, &str); 5] = [
    SECRET,
    ("ATTUNE__JITSI__MODE", "jwt"),
    ("ATTUNE__JITSI__BASE_URL", "https://meet.example.org"),
    ("ATTUNE__JITSI__APP_ID", "attune"),
    ("ATTUNE__JITSI__APP_SECRET", "canary-canary-canary-canary-canary"),
];

#[test]
fn signed_links_are_never_sent_by_email_and_need_a_public_url() {
    use attune_application::meetings::EmailLinkTarget;
    let with = |more: &[(&'static str, &'static str)]| [&PRODUCTION[..], &SIGNED[..], more].concat();
    assert_eq!(resolve(Profile::Development, &[]).unwrap().meetings.email_links, EmailLinkTarget::Room);
    let page = [("ATTUNE__MAIL__JOIN_LINK", "page")];
    assert_eq!(resolve(Profile::Development, &page).unwrap().meetings.email_links, EmailLinkTarget::Page);
    assert_eq!(resolve(Profile::Development, &SIGNED).unwrap().meetings.email_links, EmailLinkTarget::Page);
    let direct = refusal(Profile::Development, &with(&[("ATTUNE__MAIL__JOIN_LINK", "direct")]));
    assert!(direct.contains("mail.join_link") && !direct.contains("canary"), "{direct}");
    assert!(resolve(Profile::Production, &with(&[])).is_ok());
    let public_server = with(&[("ATTUNE__JITSI__BASE_URL", "https://meet.jit.si")]);
    assert!(
        refusal(Profile::Development, &public_server).contains("meet.jit.si"),
        "no one else's tokens are accepted there"
    );
    let two_keys = with(&[("ATTUNE__JITSI__KEY_FILE", "/nowhere/key.pem")]);
    assert!(refusal(Profile::Development, &two_keys).contains("jitsi.app_secret and jitsi.key_file"));
}

#[test]
fn ending_meetings_needs_a_key_of_its_own() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (links, end, copy) = (path("links", "canary 1"), path("end", "canary 2"), path("copy", "canary 1"));
    let signed = [
        SECRET,
        ("ATTUNE__JITSI__MODE", "jwt"),
        ("ATTUNE__JITSI__BASE_URL", "https://meet.example.org"),
        ("ATTUNE__JITSI__APP_ID", "attune"),
        ("ATTUNE__JITSI__KEY_FILE", links.as_str()),
        ("ATTUNE__JITSI__KEY_ID", "attune-1"),
        ("ATTUNE__JITSI__END_MEETING_URL", "http://xmpp.meet.jitsi:5280/end-meeting"),
        ("ATTUNE__JITSI__END_MEETING_KEY_FILE", end.as_str()),
        ("ATTUNE__JITSI__END_MEETING_KEY_ID", "attune-end-1"),
    ];
    let with = |more: (&'static str, &str)| {
        let settings: Vec<(&str, &str)> = signed.into_iter().filter(|(name, _)| *name != more.0).collect();
        resolve(Profile::Development, &[&settings[..], &[more]].concat()).map(|config| config.meetings.end_meeting)
    };
    let end_meeting = with(("ATTUNE__JITSI__LOBBY", "true")).unwrap().unwrap();
    assert_eq!(
        (end_meeting.muc_domain.as_str(), end_meeting.issuer.as_str()),
        ("conference.meet.example.org", "attune")
    );
    let docker = with(("ATTUNE__JITSI__MUC_DOMAIN", "muc.meet.jitsi")).unwrap().unwrap();
    assert_eq!(docker.muc_domain, "muc.meet.jitsi");
    assert!(with(("ATTUNE__JITSI__END_MEETING_URL", "")).unwrap().is_none());
    for (name, value, part) in [
        ("ATTUNE__JITSI__END_MEETING_URL", "xmpp.meet.jitsi", "jitsi.end_meeting_url must be a URL"),
        ("ATTUNE__JITSI__END_MEETING_KEY_FILE", "", "must be set"),
        ("ATTUNE__JITSI__END_MEETING_KEY_FILE", "/nowhere/key.pem", "jitsi.end_meeting_key_file: cannot read"),
        ("ATTUNE__JITSI__END_MEETING_KEY_FILE", copy.as_str(), "must not be the key of the links"),
        ("ATTUNE__JITSI__END_MEETING_KEY_ID", "", "must be set"),
        ("ATTUNE__JITSI__END_MEETING_KEY_ID", "attune-1", "must not be the key of the links"),
    ] {
        let message = format!("{:#}", with((name, value)).unwrap_err());
        assert!(message.contains(part) && !message.contains("canary"), "{name}={value}: {message}");
    }
    for (mode, more) in [("plain", &[][..]), ("jwt with a shared secret", &SIGNED[..])] {
        let url = [("ATTUNE__JITSI__END_MEETING_URL", "http://xmpp.meet.jitsi:5280/end-meeting")];
        let message = refusal(Profile::Development, &[more, &url].concat());
        assert!(message.contains("needs jitsi.mode jwt and jitsi.key_file"), "{mode}: {message}");
    }
}

#[test]
fn stripe_needs_its_secrets() {
    let with = |more: &[(&'static str, &'static str)]| {
        let stripe = [
            ("ATTUNE__PAYMENTS__PROVIDER", "stripe"),
            ("ATTUNE__PAYMENTS__STRIPE_KEY", "sk_live_canary"),
            ("ATTUNE__PAYMENTS__STRIPE_WEBHOOK_SECRET", "whsec_canary-canary-canary"),
        ];
        [&PRODUCTION[..], &stripe[..], more].concat()
    };
    let live = resolve(Profile::Production, &with(&[])).unwrap().payments;
    assert_eq!((live.provider.as_str(), live.hold.as_mins()), ("stripe", 15));
    assert!(live.stripe.is_some());
    for (name, value, key) in [
        ("ATTUNE__PAYMENTS__STRIPE_KEY", "sk_test_canary", "payments.stripe_key"),
        ("ATTUNE__PAYMENTS__STRIPE_KEY", "rk_test_canary", "payments.stripe_key"),
        ("ATTUNE__PAYMENTS__STRIPE_WEBHOOK_SECRET", "", "payments.stripe_webhook_secret"),
        ("ATTUNE__PAYMENTS__STRIPE_SUCCESS_URL", "http://app.example.org/paid", "payments.stripe_success_url"),
        ("ATTUNE__PAYMENTS__STRIPE_CANCEL_URL", "javascript:alert(1)", "payments.stripe_cancel_url"),
        ("ATTUNE__TESTING__STRIPE_API", "http://127.0.0.1:1", "testing.stripe_api"),
    ] {
        let message = refusal(Profile::Production, &with(&[(name, value)]));
        assert!(message.contains(key) && !message.contains("canary"), "{name}={value}: {message}");
    }
    // In development, Stripe's test mode is right, and webhooks are optional.
    let trying = [("ATTUNE__PAYMENTS__STRIPE_KEY", "sk_test_canary"), ("ATTUNE__PAYMENTS__STRIPE_WEBHOOK_SECRET", "")];
    assert!(resolve(Profile::Development, &with(&trying)).is_ok());
    // Another provider collects payments now, and earlier ones can still be refunded through Stripe.
    let past = resolve(Profile::Production, &with(&[("ATTUNE__PAYMENTS__PROVIDER", "offline")])).unwrap().payments;
    assert_eq!((past.provider.as_str(), past.stripe.is_some()), ("offline", true));
}

#[test]
fn secrets_never_print() {
    let canary = "canary-canary-canary-canary-canary";
    let settings = load(&sources(
        Profile::Development,
        &[
            ("ATTUNE__AUTH__SECRET", canary),
            ("ATTUNE__AUTH__PREVIOUS_SECRET", canary),
            ("ATTUNE__DATABASE__URL", &format!("postgres://u:{canary}@h/d")),
            ("ATTUNE__MAIL__SMTP_URL", &format!("smtp://u:{canary}@h")),
            ("ATTUNE__JITSI__MODE", "jwt"),
            ("ATTUNE__JITSI__BASE_URL", "https://meet.example.org"),
            ("ATTUNE__JITSI__APP_ID", "attune"),
            ("ATTUNE__JITSI__APP_SECRET", canary),
            ("ATTUNE__JITSI__SERVER_SECRET", canary),
            ("ATTUNE__JITSI__JAAS_WEBHOOK_SECRET", canary),
            ("ATTUNE__PAYMENTS__STRIPE_KEY", canary),
            ("ATTUNE__PAYMENTS__STRIPE_WEBHOOK_SECRET", canary),
            ("ATTUNE__PAYMENTS__STRIPE_PREVIOUS_WEBHOOK_SECRET", canary),
        ],
    ))
    .unwrap();
    let printed = toml::to_string_pretty(&settings).unwrap();
    assert!(!printed.contains("canary") && printed.contains("secret = \"***\""), "{printed}");
    assert!(!format!("{settings:?} {:?}", settings.resolve(Profile::Development).unwrap()).contains("canary"));
}

#[test]
fn secrets_can_be_kept_in_files() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "0123456789abcdef0123456789abcdef").unwrap();
    let path = file.path().to_str().unwrap();
    let settings = load(&sources(Profile::Development, &[("ATTUNE__AUTH__SECRET_FILE", path)])).unwrap();
    assert_eq!(settings.auth.secret.expose(), "0123456789abcdef0123456789abcdef");
    let both = refusal(Profile::Development, &[SECRET, ("ATTUNE__AUTH__SECRET_FILE", path)]);
    assert!(both.contains("auth.secret and auth.secret_file"), "{both}");
    let gone = refusal(Profile::Development, &[("ATTUNE__AUTH__SECRET_FILE", "/nowhere/secret")]);
    assert!(gone.contains("auth.secret_file"), "{gone}");
}

#[test]
fn every_setting_is_explained() {
    let text = include_str!("../../../../config/default.toml");
    let mut explained = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            explained = true;
        } else if line.is_empty() || line.starts_with('[') {
            explained = false;
        } else {
            // Related settings share the comment above the first of them.
            assert!(explained, "config/default.toml does not explain {line}");
        }
    }
}

#[test]
fn metrics_are_off_and_never_where_clients_are() {
    let at =
        |metrics: &'static str, http: &'static str| [("ATTUNE__METRICS__BIND", metrics), ("ATTUNE__HTTP__BIND", http)];
    assert_eq!(resolve(Profile::Development, &[]).unwrap().metrics_bind, None);
    for (metrics, http) in [
        ("127.0.0.1:9464", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "192.0.2.1:8080"),
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("0.0.0.0:9464", "0.0.0.0:8080"),
    ] {
        let config = resolve(Profile::Production, &[&PRODUCTION[..], &at(metrics, http)].concat()).unwrap();
        assert_eq!(config.metrics_bind.map(|bind| bind.to_string()).as_deref(), Some(metrics));
    }
    for (metrics, http) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("0.0.0.0:8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "0.0.0.0:8080"),
        ("127.0.0.1:8080", "[::]:8080"),
    ] {
        let refused = refusal(Profile::Development, &at(metrics, http));
        assert!(
            refused.starts_with("metrics.bind must have another port than http.bind"),
            "{metrics} {http}: {refused}"
        );
    }
    let refused = refusal(Profile::Development, &[("ATTUNE__METRICS__BIND", "9464")]);
    assert_eq!(refused, "metrics.bind must be an address and a port such as 127.0.0.1:9464, not \"9464\"");
}

#[test]
fn the_age_of_the_last_backup_is_checked_where_it_is_asked_for() {
    for (hours, expected) in [("0", None), ("26", Some(26 * 3_600))] {
        for (profile, others) in [(Profile::Development, &[][..]), (Profile::Production, &PRODUCTION[..])] {
            let config = resolve(profile, &[others, &[("ATTUNE__BACKUP__MAX_AGE_HOURS", hours)]].concat()).unwrap();
            assert_eq!(config.backup_max_age.map(|age| age.as_secs()), expected, "{profile:?} {hours}");
        }
    }
    assert_eq!(resolve(Profile::Production, &PRODUCTION).unwrap().backup_max_age, None);
}
