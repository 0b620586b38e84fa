//! Mail that leaves through a mail server.
//!
//! The mail library speaks the protocol; connections are kept here. Its own pool takes a connection back in whatever
//! state a cancelled call left it, so that the late answer to one mail could be read as the answer to the next. Here a
//! connection is put back only after a mail went through it completely, and is simply closed in every other case.

use std::future::Future;
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
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::composer::{ComposedMail, MailComposer};
use crate::config::{Security, SmtpConfig, loopback};
use crate::one_line::OneLineAtATime;

/// An idle connection older than this is not used again. Mail servers hang up after a minute at the earliest.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// A connection that was used this short a time ago is not asked before a mail whether it is still there.
const SURELY_THERE: Duration = Duration::from_secs(1);

/// Mails per connection; some mail servers refuse the hundred-and-first.
const MAILS_PER_CONNECTION: u32 = 100;

/// Longest time for the readiness check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// TLS cannot be set up; a fault of this machine, not of the mail server.
#[derive(Debug, Error)]
#[error("TLS cannot be set up for the mail server")]
pub struct SmtpSetupError(#[source] smtp::Error);

/// Sends mail through a mail server.
pub struct SmtpNotifier {
    config: SmtpConfig,
    composer: MailComposer,
    route: Route,
    hello: ClientId,
    kept: Mutex<Vec<Kept>>,
}

/// How a connection comes about.
enum Route {
    /// Plain, to these addresses of this machine.
    Loopback(Vec<SocketAddr>),
    /// Plain at first, and then TLS before anything else is said.
    StartTls(TlsParameters),
    /// TLS from the first byte.
    Tls(TlsParameters),
}

/// A connection that waits for the next mail.
struct Kept {
    connection: AsyncSmtpConnection,
    since: Instant,
    mails: u32,
}

impl SmtpNotifier {
    /// Reads the system's certificates if the URL asks for TLS. Does not connect; [`Notifier::check`] does.
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
        Ok(Self { config, composer, route, hello, kept: Mutex::new(Vec::new()) })
    }

    async fn deliver(&self, mail: &ComposedMail) -> Result<(), NotifyError> {
        let mut kept = self.connection(SURELY_THERE).await?;
        let mut announced = announce(&mut kept.connection, mail).await;
        if kept.mails > 0 && announced.is_err_and(hung_up) {
            // A mail server may end a connection between two mails whenever it likes. Nothing but the sender was named yet.
            kept = self.new_connection().await?;
            announced = announce(&mut kept.connection, mail).await;
        }
        announced?;
        transfer(&mut kept.connection, mail).await?;
        kept.mails += 1;
        self.keep(kept);
        Ok(())
    }

    /// An idle connection that was used less than `trusted` ago or still answers, or a new one.
    async fn connection(&self, trusted: Duration) -> Result<Kept, NotifyError> {
        while let Some(mut kept) = self.take_kept() {
            let idle = kept.since.elapsed();
            if idle >= KEPT_FOR || kept.mails >= MAILS_PER_CONNECTION {
                continue;
            }
            if idle < trusted
                || timeout(self.config.connect_timeout, kept.connection.test_connected()).await == Ok(true)
            {
                return Ok(kept);
            }
        }
        self.new_connection().await
    }

    async fn new_connection(&self) -> Result<Kept, NotifyError> {
        Ok(Kept { connection: self.connect().await?, since: Instant::now(), mails: 0 })
    }

    fn take_kept(&self) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, kept: Kept) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < self.config.kept_connections {
            all.push(Kept { since: Instant::now(), ..kept });
        }
    }

    /// Connects, protects the connection and logs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, NotifyError> {
        let server = (self.config.host.as_str(), self.config.port);
        let mut connection = match &self.route {
            Route::Loopback(addresses) => {
                let stream = self.tcp(TcpStream::connect(&addresses[..])).await?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello).await.map_err(before_mail)?
            }
            Route::StartTls(tls) => {
                let stream = Box::new(OneLineAtATime::new(self.tcp(TcpStream::connect(server)).await?));
                let mut connection =
                    AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await.map_err(before_mail)?;
                connection.starttls(tls.clone(), &self.hello).await.map_err(before_mail)?;
                connection
            }
            Route::Tls(tls) => {
                let (patience, tls) = (Some(self.config.connect_timeout), Some(tls.clone()));
                AsyncSmtpConnection::connect_tokio1(server, patience, &self.hello, tls, None)
                    .await
                    .map_err(before_mail)?
            }
        };
        if let Some((user, password)) = &self.config.login {
            let credentials = Credentials::new(user.clone(), password.clone());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(before_mail)?;
        }
        Ok(connection)
    }

    async fn tcp(
        &self,
        connecting: impl Future<Output = std::io::Result<TcpStream>>,
    ) -> Result<TcpStream, NotifyError> {
        match timeout(self.config.connect_timeout, connecting).await {
            Ok(Ok(stream)) => {
                // The library writes the end of a mail separately. Without this, each mail would wait 40 ms for it.
                stream.set_nodelay(true).map_err(|_| CONNECTION)?;
                Ok(stream)
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::TimedOut => Err(TIMEOUT),
            Ok(Err(_)) => Err(CONNECTION),
            Err(_) => Err(TIMEOUT),
        }
    }
}

#[async_trait]
impl Notifier for SmtpNotifier {
    async fn send(&self, mail: &Email) -> Result<(), NotifyError> {
        let mail = self.composer.compose(mail)?;
        // The library limits the wait for a connection only; a server that stalls or drips would hold it for ever.
        timeout(self.config.total_timeout, self.deliver(&mail)).await.unwrap_or(Err(TIMEOUT))
    }

    async fn check(&self) -> Result<(), NotifyError> {
        let deadline = self.config.total_timeout.min(CHECK_TIMEOUT);
        let kept = timeout(deadline, self.connection(Duration::ZERO)).await.unwrap_or(Err(TIMEOUT))?;
        self.keep(kept);
        Ok(())
    }
}

/// The beginning of a mail over an open connection (RFC 5321, section 3.3).
async fn announce(connection: &mut AsyncSmtpConnection, mail: &ComposedMail) -> Result<(), NotifyError> {
    let sender = Mail::new(Some(mail.sender.clone()), Vec::new());
    expect(Severity::PositiveCompletion, connection.command(sender).await)
}

/// The rest of it.
async fn transfer(connection: &mut AsyncSmtpConnection, mail: &ComposedMail) -> Result<(), NotifyError> {
    let recipient = Rcpt::new(mail.recipient.clone(), Vec::new());
    expect(Severity::PositiveCompletion, connection.command(recipient).await)?;
    expect(Severity::PositiveIntermediate, connection.command(Data).await)?;
    expect(Severity::PositiveCompletion, connection.message(&mail.bytes).await)
}

/// Whether the connection is no use any more, for this mail or another.
fn hung_up(error: NotifyError) -> bool {
    matches!(error, NotifyError::Unavailable { reason: NotifyFailure::Connection | NotifyFailure::Deferred(421) })
}

/// The library takes any 2xx or 3xx for success. Taking "go on" for "done" would lose a mail.
fn expect(wanted: Severity, answer: Result<Response, smtp::Error>) -> Result<(), NotifyError> {
    match answer {
        Ok(response) if response.code().severity == wanted => Ok(()),
        Ok(_) => Err(CONNECTION),
        Err(error) => match error.status() {
            Some(code) if error.is_permanent() => Err(NotifyError::Refused { code: code.into() }),
            Some(_) | None => Err(unavailable(&error)),
        },
    }
}

/// A refusal before the first mail is about us or the connection: the mail is as good as before.
fn before_mail(error: smtp::Error) -> NotifyError {
    if let Some(code) = error.status().filter(|_| error.is_permanent()) {
        tracing::warn!(code = u16::from(code), "the mail server refuses the connection or the login");
    }
    unavailable(&error)
}

/// The library counts a broken connection and a timeout as neither transient nor permanent; whatever is not a final
/// refusal is worth another try.
fn unavailable(error: &smtp::Error) -> NotifyError {
    match error.status() {
        Some(code) if error.is_transient() => NotifyError::Unavailable { reason: NotifyFailure::Deferred(code.into()) },
        Some(_) | None if error.is_timeout() => TIMEOUT,
        Some(_) | None => CONNECTION,
    }
}

const TIMEOUT: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Timeout };
const CONNECTION: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Connection };
