//! The handle that tests hold: behaviour, and what was received.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::{DecodedMail, protocol};

/// A point in the conversation at which something can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    Connect,
    Ehlo,
    /// The reply to STARTTLS, which is offered only if it is to fail.
    StartTls,
    Auth,
    Mail,
    Recipient,
    Data,
    /// While the email is received, after its first line.
    Body,
    /// The reply to the whole email, which is stored unless the reply is an error code.
    Message,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Behaviour {
    #[default]
    Accept,
    /// This code instead of success. For [`Stage::StartTls`] the code 220 agrees and then continues without TLS. At
    /// [`Stage::Body`] it is the same as at [`Stage::Message`].
    Answer {
        stage: Stage,
        code: u16,
    },
    /// No reply, and the connection stays open.
    Stall(Stage),
    Cut(Stage),
    /// Every reply byte by byte, with this delay between two bytes.
    Drip(Duration),
}

impl Behaviour {
    /// Whether it shows before the first email of a connection, so that a new connection is needed.
    pub(crate) fn is_about_connecting(self) -> bool {
        match self {
            Self::Accept => false,
            Self::Drip(_) => true,
            Self::Answer { stage, .. } | Self::Stall(stage) | Self::Cut(stage) => match stage {
                Stage::Connect | Stage::Ehlo | Stage::StartTls | Stage::Auth => true,
                Stage::Mail | Stage::Recipient | Stage::Data | Stage::Body | Stage::Message => false,
            },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The address in MAIL FROM.
    pub sender: String,
    /// The addresses in RCPT TO.
    pub recipients: Vec<String>,
    /// Headers and body as sent, without SMTP's added dots.
    pub raw: Vec<u8>,
    pub connection: u64,
}

impl ReceivedMail {
    pub fn decode(&self) -> DecodedMail {
        DecodedMail::parse(&self.raw)
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    default: Behaviour,
    script: VecDeque<Behaviour>,
    emails: Vec<ReceivedMail>,
    connections: u64,
    commands: Vec<String>,
}

/// The state, shared by the handle and its connections. Every change wakes the tasks that wait for one.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<watch::Sender<State>>);

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut result = None;
        self.0.send_modify(|state| result = Some(change(state)));
        result.expect("the change was made")
    }

    /// Counts a connection and uses up the next behaviour if it concerns connecting.
    pub(crate) fn begin_connection(&self) -> (u64, Behaviour) {
        self.change(|state| {
            state.connections += 1;
            let next = state.script.front().copied().unwrap_or(state.default);
            if next.is_about_connecting() {
                state.script.pop_front();
                (state.connections, next)
            } else {
                (state.connections, Behaviour::Accept)
            }
        })
    }

    /// Whether an open connection has to end so that the client meets the next behaviour.
    pub(crate) fn must_reconnect(&self, current: Behaviour) -> bool {
        let state = self.0.borrow();
        let next = state.script.front().copied().unwrap_or(state.default);
        next.is_about_connecting() && next != current
    }

    pub(crate) fn begin_mail(&self) -> Behaviour {
        self.change(|state| match state.script.front().copied().unwrap_or(state.default) {
            next if next.is_about_connecting() => Behaviour::Accept,
            next => {
                state.script.pop_front();
                next
            }
        })
    }

    pub(crate) fn note_command(&self, line: &str) {
        self.change(|state| state.commands.push(line.to_owned()));
    }

    pub(crate) fn store(&self, mail: ReceivedMail) {
        self.change(|state| state.emails.push(mail));
    }
}

/// A mail server on a free port of this machine. It ends when dropped.
///
/// [`SmtpSink::script`] lists what happens to the next emails or connections, one entry each; [`SmtpSink::set_default`]
/// what happens after that. Behaviours before MAIL concern a connection, the others an email. If the next one concerns
/// a connection, an open connection is closed at its next command.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    shared: Shared,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl SmtpSink {
    pub fn start() -> Self {
        let shared = Shared(Arc::new(watch::Sender::new(State::default())));
        let (address, server) = listen(SocketAddr::from(([127, 0, 0, 1], 0)), &shared);
        Self { address, shared, server: Mutex::new(Some(server)) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.shared.change(|state| state.script = behaviours.into_iter().collect());
    }

    pub fn set_default(&self, behaviour: Behaviour) {
        self.shared.change(|state| state.default = behaviour);
    }

    pub fn messages(&self) -> Vec<ReceivedMail> {
        self.shared.0.borrow().emails.clone()
    }

    /// Reads the emails without copying them. The server waits meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&[ReceivedMail]) -> T) -> T {
        look(&self.shared.0.borrow().emails)
    }

    pub fn connections(&self) -> u64 {
        self.shared.0.borrow().connections
    }

    /// Every command line so far, in order, without the emails.
    pub fn commands(&self) -> Vec<String> {
        self.shared.0.borrow().commands.clone()
    }

    pub async fn wait_for(&self, count: usize, patience: Duration) -> Vec<ReceivedMail> {
        self.wait_until(patience, &format!("{count} emails"), |state| state.emails.len() >= count).await;
        self.messages()
    }

    async fn wait_until(&self, patience: Duration, what: &str, condition: impl FnMut(&State) -> bool) {
        let mut states = self.shared.0.subscribe();
        let came = tokio::time::timeout(patience, states.wait_for(condition)).await.is_ok();
        if !came {
            let state = self.shared.0.borrow();
            let (emails, connections) = (state.emails.len(), state.connections);
            panic!("no {what} within {patience:?}: {emails} emails by {connections} connections so far");
        }
    }

    /// Closes all connections and refuses new ones. The port stays free for [`SmtpSink::restart`] unless another
    /// process takes it.
    pub async fn stop(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            server.abort();
            // Aborted on purpose, so the error is expected.
            let _ = server.await;
        }
    }

    /// Listens again on the same port with the same state.
    pub async fn restart(&self) {
        self.stop().await;
        let (_, server) = listen(self.address, &self.shared);
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        if let Some(server) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            server.abort();
        }
    }
}

fn listen(address: SocketAddr, shared: &Shared) -> (SocketAddr, JoinHandle<()>) {
    let listener = std::net::TcpListener::bind(address).expect("the port is free");
    listener.set_nonblocking(true).expect("a socket can be made non-blocking");
    let bound = listener.local_addr().expect("a bound socket has an address");
    let listener = TcpListener::from_std(listener).expect("there is a Tokio runtime");
    let shared = shared.clone();
    let server = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(protocol::serve(stream, shared.clone()));
                    }
                }
                Some(_) = connections.join_next() => {}
            }
        }
    });
    (bound, server)
}
