//! Sends emails through a mail server.
//!
//! The library implements the protocol, but its pool also reuses a connection after a cancelled call, so that the late
//! reply to one email could be read as the reply to the next. Here a connection is reused only after an email was sent
//! completely, and closed in every other case.

use std::future::Future;
use std::io::ErrorKind;
use std::iter::successors;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Email, Notifier, NotifyError, NotifyFailure};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use thiserror::Error;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use crate::composer::{ComposedEmail, MailComposer};
use crate::config::{Security, SmtpConfig, loopback};
use crate::one_line::OneLineAtATime;

/// Mail servers close idle connections after a minute at the earliest.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// A connection that was used this recently is not tested before it is used again.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Some mail servers refuse the 101st email of a connection.
const EMAILS_PER_CONNECTION: u32 = 100;

const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// A fault of this machine, not of the mail server.
#[derive(Debug, Error)]
#[error("TLS cannot be set up for the mail server")]
pub struct SmtpSetupError(#[source] smtp::Error);

pub struct SmtpNotifier {
    config: SmtpConfig,
    composer: MailComposer,
    route: Route,
    hello: ClientId,
    idle: Mutex<Vec<Connection>>,
}

/// See [`Security`].
enum Route {
    Loopback(Vec<SocketAddr>),
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

struct Connection {
    smtp: AsyncSmtpConnection,
    last_used: Instant,
    emails: u32,
}

impl SmtpNotifier {
    /// Loads the system's certificates if the URL requires TLS. Does not connect; [`Notifier::check`] does.
    pub fn new(config: SmtpConfig, composer: MailComposer) -> Result<Self, SmtpSetupError> {
        let tls = || TlsParameters::new(config.host.clone()).map_err(SmtpSetupError);
        let route = match config.security {
            Security::Loopback => {
                let addresses = loopback(&config.host).into_iter();
                Route::Loopback(addresses.map(|ip| SocketAddr::new(ip, config.port)).collect())
            }
            Security::StartTls => Route::StartTls(tls()?),
            Security::Tls => Route::Tls(tls()?),
        };
        let hello = ClientId::Domain(composer.domain().to_owned());
        Ok(Self { config, composer, route, hello, idle: Mutex::new(Vec::new()) })
    }

    async fn deliver(&self, email: &ComposedEmail) -> Result<(), NotifyError> {
        let mut connection = self.connection(TRUSTED_IDLE).await?;
        let mut begun = mail_from(&mut connection.smtp, email).await;
        if connection.emails > 0 && begun.is_err_and(is_disconnected) {
            // A mail server may close a connection between two emails. Only the sender was transmitted so far.
            connection = self.new_connection().await?;
            begun = mail_from(&mut connection.smtp, email).await;
        }
        begun?;
        transfer(&mut connection.smtp, email).await?;
        connection.emails += 1;
        self.put_back(connection);
        Ok(())
    }

    /// An idle connection that was used less than `trusted` ago or passes a test, or a new one.
    async fn connection(&self, trusted: Duration) -> Result<Connection, NotifyError> {
        while let Some(mut connection) = self.take_idle() {
            let idle = connection.last_used.elapsed();
            if idle >= MAX_IDLE || connection.emails >= EMAILS_PER_CONNECTION {
                continue;
            }
            if idle < trusted
                || timeout(self.config.connect_timeout, connection.smtp.test_connected()).await == Ok(true)
            {
                return Ok(connection);
            }
        }
        self.new_connection().await
    }

    async fn new_connection(&self) -> Result<Connection, NotifyError> {
        Ok(Connection { smtp: self.connect().await?, last_used: Instant::now(), emails: 0 })
    }

    fn take_idle(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.config.idle_connections {
            idle.push(Connection { last_used: Instant::now(), ..connection });
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, NotifyError> {
        let opened = self.open().await;
        // The library does not tell an unknown host from a broken connection.
        let is_unknown = opened.as_ref().is_err_and(|error| *error == CONNECTION)
            && self.in_time(lookup_host((self.config.host.as_str(), self.config.port))).await?.is_err();
        if is_unknown { Err(UNKNOWN_HOST) } else { opened }
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, NotifyError> {
        let server = (self.config.host.as_str(), self.config.port);
        let mut connection = match &self.route {
            Route::Loopback(addresses) => {
                let stream = self.tcp(TcpStream::connect(&addresses[..])).await?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello)
                    .await
                    .map_err(connection_error)?
            }
            Route::StartTls(tls) => {
                let stream = Box::new(OneLineAtATime::new(self.tcp(TcpStream::connect(server)).await?));
                let mut connection =
                    AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await.map_err(connection_error)?;
                if !connection.can_starttls() {
                    return Err(NotifyError::Unavailable { reason: NotifyFailure::NoStartTls });
                }
                connection.starttls(tls.clone(), &self.hello).await.map_err(connection_error)?;
                connection
            }
            Route::Tls(tls) => {
                let (limit, tls) = (Some(self.config.connect_timeout), Some(tls.clone()));
                AsyncSmtpConnection::connect_tokio1(server, limit, &self.hello, tls, None)
                    .await
                    .map_err(connection_error)?
            }
        };
        if let Some((user, password)) = &self.config.login {
            let credentials = Credentials::new(user.clone(), password.clone());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(login_error)?;
        }
        Ok(connection)
    }

    async fn tcp(
        &self,
        connecting: impl Future<Output = std::io::Result<TcpStream>>,
    ) -> Result<TcpStream, NotifyError> {
        let stream = self.in_time(connecting).await?.map_err(|error| io_failure(&error))?;
        // The library writes the end of an email separately, which would be delayed by 40 ms.
        stream.set_nodelay(true).map_err(|_| CONNECTION)?;
        Ok(stream)
    }

    async fn in_time<T>(&self, connecting: impl Future<Output = T>) -> Result<T, NotifyError> {
        timeout(self.config.connect_timeout, connecting).await.map_err(|_| TIMEOUT)
    }
}

#[async_trait]
impl Notifier for SmtpNotifier {
    async fn send(&self, email: &Email) -> Result<(), NotifyError> {
        let email = self.composer.compose(email)?;
        // The library has a timeout for connecting only.
        timeout(self.config.total_timeout, self.deliver(&email)).await.unwrap_or(Err(TIMEOUT))
    }

    async fn check(&self) -> Result<(), NotifyError> {
        let deadline = self.config.total_timeout.min(CHECK_TIMEOUT);
        let connection = timeout(deadline, self.connection(Duration::ZERO)).await.unwrap_or(Err(TIMEOUT))?;
        self.put_back(connection);
        Ok(())
    }
}

/// The first command of a mail transaction (RFC 5321, section 3.3).
async fn mail_from(connection: &mut AsyncSmtpConnection, email: &ComposedEmail) -> Result<(), NotifyError> {
    let sender = Mail::new(Some(email.sender.clone()), Vec::new());
    expect(Severity::PositiveCompletion, connection.command(sender).await)
}

async fn transfer(connection: &mut AsyncSmtpConnection, email: &ComposedEmail) -> Result<(), NotifyError> {
    let recipient = Rcpt::new(email.recipient.clone(), Vec::new());
    expect(Severity::PositiveCompletion, connection.command(recipient).await)?;
    expect(Severity::PositiveIntermediate, connection.command(Data).await)?;
    expect(Severity::PositiveCompletion, connection.message(&email.bytes).await)
}

fn is_disconnected(error: NotifyError) -> bool {
    matches!(error, NotifyError::Unavailable { reason: NotifyFailure::Connection | NotifyFailure::Deferred(421) })
}

/// The library accepts any 2xx or 3xx as success, but a 3xx in the wrong place would lose an email.
fn expect(severity: Severity, reply: Result<Response, smtp::Error>) -> Result<(), NotifyError> {
    match reply {
        Ok(response) if response.code().severity == severity => Ok(()),
        Ok(_) => Err(CONNECTION),
        Err(error) => match error.status() {
            Some(code) if error.is_permanent() => Err(NotifyError::Refused { code: code.into() }),
            Some(_) | None => Err(unavailable(&error)),
        },
    }
}

/// A refusal before the first email is about us or the connection, not about the email.
fn connection_error(error: smtp::Error) -> NotifyError {
    if let Some(code) = error.status().filter(|_| error.is_permanent()) {
        tracing::warn!(code = u16::from(code), "mail server refused the connection or the login");
    }
    unavailable(&error)
}

/// The codes are those of RFC 4954, sections 4 and 6.
fn login_error(error: smtp::Error) -> NotifyError {
    let reason = match error.status().map(u16::from) {
        Some(530 | 538) => NotifyFailure::TlsRequired,
        Some(534 | 535) => NotifyFailure::LoginRefused,
        _ => return connection_error(error),
    };
    tracing::warn!(%reason, "mail server refused the login");
    NotifyError::Unavailable { reason }
}

/// For the library, a broken connection and a timeout are neither transient nor permanent. Everything but a permanent
/// refusal is worth a retry.
fn unavailable(error: &smtp::Error) -> NotifyError {
    match error.status() {
        Some(code) if error.is_transient() => NotifyError::Unavailable { reason: NotifyFailure::Deferred(code.into()) },
        Some(_) | None if error.is_timeout() => TIMEOUT,
        Some(_) => CONNECTION,
        None => {
            let causes = successors(std::error::Error::source(error), |cause| cause.source());
            causes.filter_map(|cause| cause.downcast_ref()).map(io_failure).next().unwrap_or(CONNECTION)
        }
    }
}

fn io_failure(error: &std::io::Error) -> NotifyError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    let reason = match tls {
        Some(rustls::Error::InvalidCertificate(_)) => NotifyFailure::UntrustedCertificate,
        Some(rustls::Error::InvalidMessage(_)) => NotifyFailure::NoTls,
        Some(_) => NotifyFailure::Connection,
        None if error.kind() == ErrorKind::ConnectionRefused => NotifyFailure::ConnectionRefused,
        None if error.kind() == ErrorKind::TimedOut => NotifyFailure::Timeout,
        None => NotifyFailure::Connection,
    };
    NotifyError::Unavailable { reason }
}

const TIMEOUT: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Timeout };
const CONNECTION: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Connection };
const UNKNOWN_HOST: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::UnknownHost };
