//! The settings of the HTTP adapter.

use std::time::Duration;

use attune_http_common::{RateLimits, RequestLimits};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The secret that the video server authenticates with. Without it, the endpoints for it do not exist.
    pub server_secret: Option<ServerSecret>,
    pub branding: Branding,
    /// Origins whose pages may call the API, each exactly as browsers write it, such as `https://app.example.org`.
    /// Without any, CORS is off, and only pages of the same origin can.
    pub cors_origins: Vec<String>,
    /// How requests are read.
    pub requests: RequestLimits,
    /// Whether responses make browsers use HTTPS only. Requires a proxy that terminates TLS.
    pub hsts: bool,
    pub limits: RateLimits,
    /// Threads that handle requests.
    pub workers: usize,
    /// Open connections of each worker; others wait in the listener's queue.
    pub max_connections_per_worker: usize,
    /// Time limit for the head of a request.
    pub head_timeout: Duration,
    /// Time limit from the head of a request to its response.
    pub request_timeout: Duration,
    /// Time limit for a client to take a part of a response.
    pub write_timeout: Duration,
    /// How long connections that failed are counted before the log says how many there were.
    pub noise_period: Duration,
    /// How long an idle connection stays open for the next request.
    pub keep_alive: Duration,
    /// Time limit for a client to close its side of the connection.
    pub disconnect_timeout: Duration,
    /// Time limit for pending requests when the service stops.
    pub shutdown_timeout: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            server_secret: None,
            branding: Branding::default(),
            cors_origins: Vec::new(),
            requests: RequestLimits::default(),
            hsts: false,
            limits: RateLimits::default(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_connections_per_worker: 2_000,
            head_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(20),
            noise_period: Duration::from_secs(60),
            keep_alive: Duration::from_secs(15),
            disconnect_timeout: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

/// The secret that the video server authenticates with. `Debug` hides it.
#[derive(Clone, derive_more::Debug)]
#[debug("ServerSecret(***)")]
pub struct ServerSecret(String);

impl ServerSecret {
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// Branding of the practice's rooms, in the format of Jitsi's dynamic branding (`config.js`, `dynamicBrandingUrl`). The
/// video server uses its own defaults for absent fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Branding {
    /// URL of the practice's logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://www.example.org/logo.svg")]
    pub logo_image_url: Option<String>,
    /// URL that the logo links to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://www.example.org")]
    pub logo_click_url: Option<String>,
    /// Background colour, as in CSS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "#14532d")]
    pub background_color: Option<String>,
    /// URL of the background image.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://www.example.org/room.jpg")]
    pub background_image_url: Option<String>,
    /// Background of the page on which participants check camera and microphone, as in CSS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "#f3f4f6")]
    pub premeeting_background: Option<String>,
    /// Host of the invite links that are copied inside a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "meet.example.org")]
    pub invite_domain: Option<String>,
    /// Background colours of avatars with initials, as in CSS.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["#14532d", "#b45309"]))]
    pub avatar_backgrounds: Vec<String>,
}
