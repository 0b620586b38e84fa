//! The settings of the adapter, and the parts of a database URL.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use url::form_urlencoded;

use crate::error::OpenError;

/// A database URL. It contains a password, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// [`crate::PostgresStore::connect`] parses it.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// Whether no one else can read what is sent: TLS is required, or every server is on this machine.
    pub fn is_encrypted_or_local(&self) -> Result<bool, OpenError> {
        let address = Address::parse(self)?;
        Ok(matches!(address.tls, TlsMode::Always(_)) || address.servers.iter().all(is_local))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(***)")
    }
}

/// The database and the number of connections to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    pub url: DatabaseUrl,
    /// The most connections for units of work, at least one. They are opened when they are needed.
    pub writers: u32,
    /// The connections that all queries share, at least one.
    pub readers: usize,
}

impl PostgresConfig {
    /// Two connections for units of work per core and two more, and two for queries.
    pub fn new(url: impl Into<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let writers = u32::try_from(cores).unwrap_or(u32::MAX).saturating_mul(2).saturating_add(2);
        Self { url: DatabaseUrl::new(url), writers, readers: 2 }
    }
}

#[derive(Debug)]
pub(crate) struct Address {
    /// One for each host of the URL, in its order.
    pub(crate) servers: Vec<tokio_postgres::Config>,
    pub(crate) tls: TlsMode,
    /// The value of `sslrootcert`.
    pub(crate) roots: Option<PathBuf>,
}

/// The values of `sslmode`, as in libpq (PostgreSQL's documentation, section "SSL Support").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// `disable`
    Off,
    /// `allow` and `prefer`
    IfOffered,
    /// `require` and more
    Always(Verification),
}

/// What is verified of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verification {
    /// Nothing: an attacker on the network can pose as the server.
    Nothing,
    /// That a trusted authority has signed it: `verify-ca`, and `require` with `sslrootcert`.
    Authority,
    /// That it is for the host of the URL as well: `verify-full`.
    AuthorityAndHost,
}

impl Address {
    /// The driver's message about an invalid URL is not passed on, because it quotes from the URL.
    pub(crate) fn parse(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let url = url.0.trim();
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(OpenError::Url("it has to begin with postgres://"));
        }
        // Like the driver, this takes a question mark before the first @ as part of the password.
        let login = url.find('@').unwrap_or(0);
        let (base, query) = match url[login..].find('?') {
            Some(found) => (&url[..login + found], &url[login + found + 1..]),
            None => (url, ""),
        };
        let (mut mode, mut roots, mut session, mut rest) = (None, None, None, Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            // A plus sign stands for itself here, though for a space in HTML forms.
            let plain = parameter.replace('+', "%2B");
            match form_urlencoded::parse(plain.as_bytes()).next() {
                Some((key, value)) if key == "sslmode" => mode = Some(value.into_owned()),
                Some((key, value)) if key == "sslrootcert" => roots = Some(PathBuf::from(value.into_owned())),
                Some((key, value)) if key == "target_session_attrs" => session = Some(value.into_owned()),
                // The driver takes a list in this place as one name.
                Some((key, value)) if key == "host" => rest.extend(value.split(',').map(|host| format!("host={host}"))),
                _ => rest.push(parameter.to_owned()),
            }
        }
        let mut servers = servers_of(base, &rest)?;
        let several = servers.len() > 1;
        let writable = match session.as_deref() {
            Some("read-write" | "primary") => true,
            None => several,
            Some("any") if !several => false,
            Some(_) => {
                return Err(OpenError::Url(
                    "target_session_attrs has to be read-write or primary, because every instance writes",
                ));
            }
        };
        let tls = match mode.as_deref() {
            Some("disable") => TlsMode::Off,
            Some("allow" | "prefer") => TlsMode::IfOffered,
            Some("require") if roots.is_none() => TlsMode::Always(Verification::Nothing),
            Some("require" | "verify-ca") => TlsMode::Always(Verification::Authority),
            Some("verify-full") => TlsMode::Always(Verification::AuthorityAndHost),
            Some(_) => {
                return Err(OpenError::Url(
                    "sslmode has to be disable, allow, prefer, require, verify-ca or verify-full",
                ));
            }
            None if servers.iter().all(is_local) => TlsMode::Off,
            None => TlsMode::IfOffered,
        };
        for server in &mut servers {
            server.ssl_mode(match tls {
                TlsMode::Off => SslMode::Disable,
                TlsMode::IfOffered => SslMode::Prefer,
                TlsMode::Always(_) => SslMode::Require,
            });
            server.target_session_attrs(if writable { TargetSessionAttrs::ReadWrite } else { TargetSessionAttrs::Any });
        }
        Ok(Self { servers, tls, roots })
    }
}

/// The servers of a URL without its query and of the parameters that are the driver's. They differ in the host alone.
fn servers_of(base: &str, parameters: &[String]) -> Result<Vec<tokio_postgres::Config>, OpenError> {
    let read = |base: &str, parameters: &[&str]| -> Result<tokio_postgres::Config, OpenError> {
        format!("{base}?{}", parameters.join("&")).parse().map_err(|_| {
            OpenError::Url(
                "it has to look like postgres://user:password@host:5432/database, with special characters in the \
                 password written as %40 and the like",
            )
        })
    };
    let all: Vec<&str> = parameters.iter().map(String::as_str).collect();
    let every_host = read(base, &all)?;
    let (hosts, addresses, ports) = (every_host.get_hosts(), every_host.get_hostaddrs(), every_host.get_ports());
    let count = hosts.len().max(addresses.len());
    if count == 0 {
        return Err(OpenError::Url("it names no host"));
    }
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(OpenError::Url("it has to name as many addresses (hostaddr) as hosts"));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(OpenError::Url("it has to name one port, or as many as hosts"));
    }
    let is_place = |parameter: &&str| {
        let key = parameter.split('=').next().unwrap_or_default();
        matches!(key, "host" | "hostaddr" | "port")
    };
    let others: Vec<&str> = all.into_iter().filter(|parameter| !is_place(parameter)).collect();
    let without_host = read(&without_hosts(base), &others)?;
    let servers = (0..count).map(|number| {
        let mut server = without_host.clone();
        match hosts.get(number) {
            Some(Host::Tcp(name)) => drop(server.host(name)),
            Some(Host::Unix(folder)) => drop(server.host_path(folder)),
            None => {}
        }
        if let Some(address) = addresses.get(number) {
            server.hostaddr(*address);
        }
        if let Some(port) = ports.get(number).or_else(|| ports.first()) {
            server.port(*port);
        }
        server
    });
    Ok(servers.collect())
}

/// A URL without its list of hosts and ports.
fn without_hosts(base: &str) -> String {
    let after_scheme = base.find("://").map_or(0, |scheme| scheme + 3);
    let begin = base.find('@').map_or(after_scheme, |login| login + 1);
    let (before, rest) = base.split_at(begin);
    format!("{before}{}", rest.find('/').map_or("", |path| &rest[path..]))
}

/// Whether nothing that is sent to the server leaves this machine.
fn is_local(server: &tokio_postgres::Config) -> bool {
    let on_this_machine = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
    };
    server.get_hosts().iter().all(on_this_machine) && server.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests;
