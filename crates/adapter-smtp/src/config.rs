//! The mail server and how to connect to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// No TLS: the connection does not leave this machine.
    Loopback,
    /// STARTTLS before any other command.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// `Debug` shows no user name and no password.
#[derive(Clone, derive_more::Debug)]
pub struct SmtpConfig {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    #[debug("***")]
    pub(crate) login: Option<(String, String)>,
    pub(crate) connect_timeout: Duration,
    pub(crate) total_timeout: Duration,
    pub(crate) idle_connections: usize,
}

/// The URL of the mail server is invalid. No message contains any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SmtpConfigError {
    #[error("the mail server must be a URL that begins with smtp:// or smtps://")]
    NotAnSmtpUrl,
    #[error("the mail server's URL needs a host name or an IP address")]
    Host,
    #[error("the mail server's URL needs both a user name and a password, percent-encoded, or neither")]
    Login,
    /// Most likely a password that was not percent-encoded.
    #[error("the mail server's URL must end after host and port; percent-encode '/', '?', '#' and '@' in the password")]
    Rest,
}

impl SmtpConfig {
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

    /// For an email, from connecting to the last reply.
    pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

    pub const IDLE_CONNECTIONS: usize = 4;

    /// Parses `smtp://user:password@host:port` (STARTTLS required; port 587), `smtps://…` (TLS from the first byte; port
    /// 465), or `smtp://` with `localhost` or a loopback address (no TLS; port 25).
    pub fn new(url: &str) -> Result<Self, SmtpConfigError> {
        let url = Url::parse(url).map_err(|error| {
            if error == url::ParseError::RelativeUrlWithoutBase {
                SmtpConfigError::NotAnSmtpUrl
            } else {
                // An unescaped '/' or '@' in the password makes the rest invalid, above all the port.
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
            idle_connections: Self::IDLE_CONNECTIONS,
        })
    }

    /// A notifier ends within 30 seconds, so `total` should not be longer.
    #[must_use]
    pub fn with_timeouts(self, connect: Duration, total: Duration) -> Self {
        Self { connect_timeout: connect, total_timeout: total, ..self }
    }

    /// How many idle connections stay open: as many as emails are sent at the same time.
    #[must_use]
    pub fn with_idle_connections(self, idle_connections: usize) -> Self {
        Self { idle_connections, ..self }
    }
}

fn decode(text: &str) -> Result<String, SmtpConfigError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| SmtpConfigError::Login)?;
    // SASL separates user name and password by NUL; SMTP ends commands with line breaks.
    if text.chars().any(char::is_control) { Err(SmtpConfigError::Login) } else { Ok(text.into_owned()) }
}

/// The loopback addresses of `host`, if it is this machine. `localhost` is not resolved, because a resolver could return
/// another machine's address.
pub(crate) fn loopback(host: &str) -> Vec<IpAddr> {
    if host == "localhost" {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    host.parse().ok().filter(IpAddr::is_loopback).into_iter().collect()
}

#[cfg(test)]
mod tests;
