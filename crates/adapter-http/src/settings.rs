//! The settings of the HTTP side. Where they come from is the app's affair.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

/// How the service presents itself and how much it lets through.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// What the practice is called, on the pages that people see.
    pub practice_name: String,
    /// A domain of the practice, as the right part of the UIDs of calendar entries: the one that its mails use there, so
    /// that a calendar program knows both for the same appointment.
    pub calendar_domain: String,
    /// Whether the test provider's checkout page is there. Whoever presses its button has paid, so: never with clients.
    pub test_checkout: bool,
    /// What the video server shows to prove that it is ours. Without it, its addresses are not there.
    pub server_secret: Option<ServerSecret>,
    /// How the rooms look.
    pub branding: Branding,
    /// Origins whose pages may call the API, each exactly as browsers write it, such as `https://app.example.org`.
    /// None: CORS is off, and only pages of the same origin can.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed. None: the address of the connection counts, and the header does not.
    pub trusted_proxies: Vec<AddressRange>,
    /// Whether to tell browsers to use HTTPS only. Right behind a proxy that ends TLS, wrong without one.
    pub hsts: bool,
    /// How often things may be done.
    pub limits: Limits,
    /// Threads that answer requests.
    pub workers: usize,
    /// Open connections of each worker; more have to wait in the listener's queue.
    pub max_connections_per_worker: usize,
    /// Largest body, in bytes.
    pub max_body_bytes: usize,
    /// How long the head of a request may take to arrive.
    pub head_timeout: Duration,
    /// How long the body may take.
    pub body_timeout: Duration,
    /// How long everything may take, from the head to the answer.
    pub request_timeout: Duration,
    /// How long an idle connection is kept for the next request.
    pub keep_alive: Duration,
    /// How long a client gets to close its side of the connection.
    pub disconnect_timeout: Duration,
    /// How long requests under way get to finish when the service stops.
    pub shutdown_timeout: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            practice_name: "Attune".into(),
            calendar_domain: "attune.localhost".into(),
            test_checkout: false,
            server_secret: None,
            branding: Branding::default(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            hsts: false,
            limits: Limits::default(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_connections_per_worker: 2_000,
            max_body_bytes: 64 * 1024,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(15),
            keep_alive: Duration::from_secs(15),
            disconnect_timeout: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

/// What the video server shows to prove that it is ours. `Debug` hides it.
#[derive(Clone)]
pub struct ServerSecret(String);

impl ServerSecret {
    /// Takes the secret as the video server has it.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSecret(***)")
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

/// How often things may be done, counted in the memory of this process.
///
/// A network is one IPv4 address or one IPv6 /64, because a household or a server gets at least that.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `false` lifts all of these, for a test that makes thousands of requests from one place.
    pub enabled: bool,
    /// Logins of one network in a minute, good and bad.
    pub logins_per_minute: u32,
    /// New accounts from one network in an hour.
    pub registrations_per_hour: u32,
    /// Token refreshes of one network in a minute.
    pub refreshes_per_minute: u32,
    /// Requests of one network for lost links in an hour.
    pub recoveries_per_hour: u32,
    /// Looks of one network for free time in a minute.
    pub availability_per_minute: u32,
    /// Wrong passwords for one account from one network that cost nothing. Each further one doubles a delay, from one
    /// second on.
    pub free_login_failures: u32,
    /// Longest such delay, in seconds.
    pub max_login_delay_secs: u32,
    /// Requests of one person in a second, in the long run.
    pub api_per_second: u32,
    /// Requests of one person at once.
    pub api_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enabled: true,
            logins_per_minute: 30,
            registrations_per_hour: 10,
            refreshes_per_minute: 60,
            recoveries_per_hour: 20,
            availability_per_minute: 120,
            free_login_failures: 5,
            max_login_delay_secs: 60,
            api_per_second: 20,
            api_burst: 40,
        }
    }
}

/// One IP address, or all that begin alike: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    prefix: u32,
}

/// The text is no address and no range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an IP address or a range such as 10.0.0.0/8")]
pub struct NotAnAddressRange;

impl AddressRange {
    /// Whether the address is one of these.
    pub fn contains(&self, address: IpAddr) -> bool {
        shorten(address, self.prefix, self.prefix) == self.network
            && address.to_canonical().is_ipv4() == self.network.is_ipv4()
    }
}

impl From<IpAddr> for AddressRange {
    fn from(address: IpAddr) -> Self {
        let network = address.to_canonical();
        Self { network, prefix: if network.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for AddressRange {
    type Err = NotAnAddressRange;

    fn from_str(text: &str) -> Result<Self, NotAnAddressRange> {
        let Some((address, prefix)) = text.split_once('/') else {
            return text.parse::<IpAddr>().map(Self::from).map_err(|_| NotAnAddressRange);
        };
        let address: IpAddr = address.parse().map_err(|_| NotAnAddressRange)?;
        let prefix: u32 = prefix.parse().map_err(|_| NotAnAddressRange)?;
        if prefix > if address.is_ipv4() { 32 } else { 128 } {
            return Err(NotAnAddressRange);
        }
        Ok(Self { network: shorten(address, prefix, prefix), prefix })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

/// The address with all but its first bits cleared: so many of an IPv4 address, so many of an IPv6 one.
pub(crate) fn shorten(address: IpAddr, v4: u32, v6: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(a) => {
            IpAddr::V4((a.to_bits() & u32::MAX.checked_shl(32_u32.saturating_sub(v4)).unwrap_or(0)).into())
        }
        IpAddr::V6(a) => {
            IpAddr::V6((a.to_bits() & u128::MAX.checked_shl(128_u32.saturating_sub(v6)).unwrap_or(0)).into())
        }
    }
}

#[cfg(test)]
mod tests;
