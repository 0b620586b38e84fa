//! Which mail server, and how to speak to it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// Not at all, because it does not leave this machine.
    Loopback,
    /// Begins in plain text and must change to TLS before anything else is said.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A mail server and how long it may take. `Debug` shows no user name and no password.
#[derive(Clone)]
pub struct SmtpConfig {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<(String, String)>,
    pub(crate) connect_timeout: Duration,
    pub(crate) total_timeout: Duration,
    pub(crate) kept_connections: usize,
}

/// What is wrong with the URL of a mail server. No message repeats any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SmtpConfigError {
    /// No URL, or one with another scheme.
    #[error("the mail server must be a URL that begins with smtp:// or smtps://")]
    NotAnSmtpUrl,
    /// No host, or not the form of one.
    #[error("the mail server's URL needs a host name or an IP address")]
    Host,
    /// Only one of both, or not percent-encoded UTF-8.
    #[error("the mail server's URL needs both a user name and a password, percent-encoded, or neither")]
    Login,
    /// A path, a query or a fragment; most likely a password that was not percent-encoded.
    #[error("the mail server's URL must end after host and port; percent-encode '/', '?', '#' and '@' in the password")]
    Rest,
}

impl SmtpConfig {
    /// Longest wait for a connection, unless [`SmtpConfig::with_timeouts`] says otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

    /// Longest time for a mail from connecting to the last answer, unless [`SmtpConfig::with_timeouts`] says otherwise.
    pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

    /// How many idle connections are kept, unless [`SmtpConfig::with_kept_connections`] says otherwise.
    pub const KEPT_CONNECTIONS: usize = 4;

    /// Reads `smtp://user:password@host:port` (STARTTLS required; port 587), `smtps://…` (TLS from the first byte; port
    /// 465), or `smtp://` with `localhost` or a loopback address (no TLS; port 25).
    pub fn new(url: &str) -> Result<Self, SmtpConfigError> {
        let url = Url::parse(url).map_err(|error| {
            if error == url::ParseError::RelativeUrlWithoutBase {
                SmtpConfigError::NotAnSmtpUrl
            } else {
                // A password with a bare '/' or '@' makes nonsense of what follows, the port above all.
                SmtpConfigError::Rest
            }
        })?;
        let tls = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(SmtpConfigError::NotAnSmtpUrl),
        };
        let host =
            url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_name = host.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
        if !is_name && host.parse::<IpAddr>().is_err() {
            return Err(SmtpConfigError::Host);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(SmtpConfigError::Rest);
        }
        let login = match (url.username(), url.password().unwrap_or_default()) {
            ("", "") => None,
            ("", _) | (_, "") => return Err(SmtpConfigError::Login),
            (user, password) => Some((decode(user)?, decode(password)?)),
        };
        let (security, default_port) = match (tls, loopback(&host).is_empty()) {
            (true, _) => (Security::Tls, 465),
            (false, true) => (Security::StartTls, 587),
            (false, false) => (Security::Loopback, 25),
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(default_port),
            security,
            login,
            connect_timeout: Self::CONNECT_TIMEOUT,
            total_timeout: Self::TOTAL_TIMEOUT,
            kept_connections: Self::KEPT_CONNECTIONS,
        })
    }

    /// Sets how long a connection and a whole mail may take. A notifier promises to end within 30 seconds, so `total`
    /// should not be more.
    #[must_use]
    pub fn with_timeouts(self, connect: Duration, total: Duration) -> Self {
        Self { connect_timeout: connect, total_timeout: total, ..self }
    }

    /// Sets how many idle connections are kept for the next mails: as many as mails are sent at a time. More mails than
    /// that at a time are fine; they use connections of their own.
    #[must_use]
    pub fn with_kept_connections(self, kept: usize) -> Self {
        Self { kept_connections: kept, ..self }
    }
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("login", &self.login.as_ref().map(|_| "***"))
            .field("connect_timeout", &self.connect_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("kept_connections", &self.kept_connections)
            .finish()
    }
}

fn decode(text: &str) -> Result<String, SmtpConfigError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| SmtpConfigError::Login)?;
    // SASL separates user name and password by NUL, and SMTP commands by line ends.
    if text.chars().any(char::is_control) { Err(SmtpConfigError::Login) } else { Ok(text.into_owned()) }
}

/// The addresses behind a host of this machine; none for any other. `localhost` is not looked up, because a resolver
/// could give it away to another machine.
pub(crate) fn loopback(host: &str) -> Vec<IpAddr> {
    if host == "localhost" {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    host.parse().ok().filter(IpAddr::is_loopback).into_iter().collect()
}

#[cfg(test)]
mod tests;
