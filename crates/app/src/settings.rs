//! Settings: loaded, then resolved. The only place that reads settings files and the environment.

mod load;
mod meetings;
mod payments;
mod production;
mod resolve;

use std::path::PathBuf;

use attune_adapter_http::RateLimits;
use serde::{Deserialize, Serialize};

pub(crate) use load::{Profile, Sources, load};
pub(crate) use meetings::MeetingConfig;
pub(crate) use payments::{PaymentConfig, StripeAccount};
pub(crate) use resolve::{DatabaseUrl, LogFormat, MailTransport, ResolvedConfig};

/// The settings as written; `config/default.toml` has a value for each.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The file given with `--config`.
    #[serde(skip)]
    pub(crate) file: Option<PathBuf>,
    pub(crate) data_dir: String,
    pub(crate) http: Http,
    pub(crate) database: Database,
    pub(crate) auth: Auth,
    pub(crate) practice: Practice,
    pub(crate) jitsi: Jitsi,
    pub(crate) branding: Branding,
    pub(crate) payments: Payments,
    pub(crate) mail: Mail,
    pub(crate) reminders: Reminders,
    pub(crate) limits: RateLimits,
    pub(crate) log: Log,
    pub(crate) metrics: Metrics,
    pub(crate) backup: Backup,
    pub(crate) testing: Testing,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) bind: String,
    pub(crate) public_url: String,
    pub(crate) workers: usize,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) hsts: bool,
    pub(crate) stop_delay_seconds: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) url: Secret,
    pub(crate) url_file: String,
    pub(crate) allow_plaintext: bool,
    pub(crate) sqlite_readers: usize,
    pub(crate) postgres_connections: u32,
    pub(crate) postgres_readers: usize,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    pub(crate) secret: Secret,
    pub(crate) secret_file: String,
    pub(crate) previous_secret: Secret,
    pub(crate) previous_secret_file: String,
    pub(crate) access_token_minutes: u32,
    pub(crate) login_session_idle_days: u32,
    pub(crate) login_session_max_days: u32,
    pub(crate) refresh_overlap_seconds: u32,
    pub(crate) registration: String,
    pub(crate) second_factor: String,
    pub(crate) max_login_failures_per_day: u64,
    pub(crate) password_hasher_threads: usize,
    pub(crate) password_hasher_queue: usize,
    pub(crate) first_admin_email: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Practice {
    pub(crate) name: String,
    pub(crate) timezone: String,
    pub(crate) currency: String,
    pub(crate) phone: String,
    pub(crate) email: String,
    pub(crate) website: String,
    pub(crate) imprint: String,
    pub(crate) privacy: String,
    pub(crate) offline_payment: String,
    pub(crate) accent_color: String,
    pub(crate) name_fallback: String,
    pub(crate) first_service_name: String,
    pub(crate) first_service_minutes: u32,
    pub(crate) first_service_buffer_minutes: u32,
    pub(crate) first_service_price: String,
    pub(crate) default_opens: String,
    pub(crate) default_closes: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jitsi {
    pub(crate) base_url: String,
    pub(crate) mode: String,
    pub(crate) join_early_minutes: u32,
    pub(crate) grace_minutes: u32,
    pub(crate) app_id: String,
    pub(crate) app_secret: Secret,
    pub(crate) app_secret_file: String,
    pub(crate) key_file: String,
    pub(crate) key_id: String,
    pub(crate) audience: String,
    pub(crate) subject: String,
    pub(crate) token_placement: String,
    pub(crate) recording: bool,
    pub(crate) visitors: bool,
    pub(crate) lock_display_names: bool,
    pub(crate) max_occupants: u32,
    pub(crate) lobby: bool,
    pub(crate) server_secret: Secret,
    pub(crate) server_secret_file: String,
    pub(crate) jaas_webhook_secret: Secret,
    pub(crate) jaas_webhook_secret_file: String,
    pub(crate) end_meeting_url: String,
    pub(crate) end_meeting_key_file: String,
    pub(crate) end_meeting_key_id: String,
    pub(crate) muc_domain: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Branding {
    pub(crate) logo_url: String,
    pub(crate) logo_click_url: String,
    pub(crate) background_color: String,
    pub(crate) background_image_url: String,
    pub(crate) premeeting_background: String,
    pub(crate) invite_domain: String,
    pub(crate) avatar_backgrounds: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payments {
    pub(crate) provider: String,
    pub(crate) hold_minutes: u32,
    pub(crate) offline_hold_hours: u32,
    pub(crate) invite_hold_hours: u32,
    pub(crate) stripe_key: Secret,
    pub(crate) stripe_key_file: String,
    pub(crate) stripe_webhook_secret: Secret,
    pub(crate) stripe_webhook_secret_file: String,
    pub(crate) stripe_previous_webhook_secret: Secret,
    pub(crate) stripe_previous_webhook_secret_file: String,
    pub(crate) stripe_product_name: String,
    pub(crate) stripe_success_url: String,
    pub(crate) stripe_cancel_url: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) transport: String,
    pub(crate) smtp_url: Secret,
    pub(crate) smtp_url_file: String,
    pub(crate) from: String,
    pub(crate) connections: usize,
    pub(crate) dir: String,
    pub(crate) join_link: String,
    pub(crate) templates_dir: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reminders {
    pub(crate) offsets_minutes: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backup {
    pub(crate) recipients: Vec<String>,
    pub(crate) max_age_hours: u32,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: String,
    pub(crate) level: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metrics {
    pub(crate) bind: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Testing {
    pub(crate) clock_file: String,
    pub(crate) stripe_api: String,
    pub(crate) pseudo_language: bool,
}

impl Settings {
    /// The files with secrets that are named, but for the one in the data folder and the settings file.
    pub(crate) fn secret_files(&self) -> impl Iterator<Item = &str> {
        let Self { database, auth, mail, payments, jitsi, .. } = self;
        let all = [
            &database.url_file,
            &auth.secret_file,
            &auth.previous_secret_file,
            &mail.smtp_url_file,
            &payments.stripe_key_file,
            &payments.stripe_webhook_secret_file,
            &payments.stripe_previous_webhook_secret_file,
            &jitsi.app_secret_file,
            &jitsi.key_file,
            &jitsi.server_secret_file,
            &jitsi.jaas_webhook_secret_file,
            &jitsi.end_meeting_key_file,
        ];
        all.into_iter().filter_map(|path| optional(path))
    }
}

fn optional(text: &str) -> Option<&str> {
    (!text.trim().is_empty()).then_some(text)
}

/// Never printed, neither by `Debug` nor by `attune config`.
#[derive(Clone, Default, Deserialize, derive_more::Debug)]
#[debug("{:?}", self.redacted())]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    fn redacted(&self) -> &'static str {
        if self.is_set() { "***" } else { "" }
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.redacted())
    }
}

#[cfg(test)]
mod tests;
