//! The sink as tests hold it: what it was told to do, and what it got.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::{DecodedMail, protocol};

/// A point in the conversation at which something can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The greeting.
    Connect,
    /// The answer to EHLO.
    Ehlo,
    /// The answer to STARTTLS, which the sink offers only when told to fail here.
    StartTls,
    /// The answer to AUTH.
    Auth,
    /// The answer to MAIL.
    Mail,
    /// The answer to RCPT.
    Recipient,
    /// The answer to DATA.
    Data,
    /// While the mail comes in, after its first line.
    Body,
    /// The answer to the whole mail. The sink has it by then and keeps it, unless it answers with an error code.
    Message,
}

/// What the sink does to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// Takes the mail.
    Accept,
    /// Gives this code instead of the good answer. For [`Stage::StartTls`] the code 220 agrees, and then talks on
    /// without TLS. At [`Stage::Body`] it is the same as at [`Stage::Message`].
    Answer {
        /// Instead of which answer.
        stage: Stage,
        /// The reply code, such as 451.
        code: u16,
    },
    /// Says nothing any more, and keeps the connection open.
    Stall(Stage),
    /// Closes the connection instead of answering.
    Cut(Stage),
    /// Sends every answer byte by byte, with this pause between two bytes.
    Drip(Duration),
}

impl Behaviour {
    /// Whether it shows before the first mail of a connection, so that a new connection is needed to see it.
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

/// A mail the sink took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The address in MAIL FROM.
    pub sender: String,
    /// The addresses in RCPT TO.
    pub recipients: Vec<String>,
    /// Headers and body as sent, without the dots that SMTP adds.
    pub raw: Vec<u8>,
    /// Number of the connection it came by, from 1.
    pub connection: u64,
}

impl ReceivedMail {
    /// The mail as its reader sees it.
    ///
    /// # Panics
    ///
    /// As [`DecodedMail::parse`].
    pub fn decode(&self) -> DecodedMail {
        DecodedMail::parse(&self.raw)
    }
}

/// What tests may ask about and change while connections are served.
#[derive(Debug)]
pub(crate) struct State {
    default: Behaviour,
    script: VecDeque<Behaviour>,
    mails: Vec<ReceivedMail>,
    connections: u64,
    commands: Vec<String>,
}

/// The state, shared by the sink and its connections. Every change wakes those who wait for one.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<watch::Sender<State>>);

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut result = None;
        self.0.send_modify(|state| result = Some(change(state)));
        result.expect("the change was made")
    }

    /// Counts a connection, and takes the next behaviour if it is about connecting.
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

    /// Whether an open connection with this behaviour must end, so that the client meets the next one.
    pub(crate) fn must_reconnect(&self, current: Behaviour) -> bool {
        let state = self.0.borrow();
        let next = state.script.front().copied().unwrap_or(state.default);
        next.is_about_connecting() && next != current
    }

    /// Takes the behaviour towards the next mail.
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

    pub(crate) fn keep(&self, mail: ReceivedMail) {
        self.change(|state| state.mails.push(mail));
    }
}

/// A mail server on a free port of this machine. It ends when dropped.
///
/// A new sink takes every mail. [`SmtpSink::script`] lists what happens to the next mails or connections, one entry
/// each; after the last entry, [`SmtpSink::set_default`] says how it goes on. Behaviours before MAIL belong to a
/// connection, the others to a mail. If the next one belongs to a connection, a connection that is open already is
/// closed at its next command, so that the client has to make a new one.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    shared: Shared,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl SmtpSink {
    /// Starts on a free port. To be called inside a Tokio runtime.
    ///
    /// # Panics
    ///
    /// When this machine has no free port, or outside a runtime.
    pub fn start() -> Self {
        let state = State {
            default: Behaviour::Accept,
            script: VecDeque::new(),
            mails: Vec::new(),
            connections: 0,
            commands: Vec::new(),
        };
        let shared = Shared(Arc::new(watch::Sender::new(state)));
        let (address, server) = listen(SocketAddr::from(([127, 0, 0, 1], 0)), &shared);
        Self { address, shared, server: Mutex::new(Some(server)) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as `smtp://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Says what happens to the next connections and mails, in place of what was left of an earlier script.
    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.shared.change(|state| state.script = behaviours.into_iter().collect());
    }

    /// Says what happens when there is no script, or after it.
    pub fn set_default(&self, behaviour: Behaviour) {
        self.shared.change(|state| state.default = behaviour);
    }

    /// Every mail taken so far.
    pub fn messages(&self) -> Vec<ReceivedMail> {
        self.shared.0.borrow().mails.clone()
    }

    /// Looks at every mail taken so far, without copying them. The sink waits meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&[ReceivedMail]) -> T) -> T {
        look(&self.shared.0.borrow().mails)
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> u64 {
        self.shared.0.borrow().connections
    }

    /// Every command line received so far, in order, without the mails themselves.
    pub fn commands(&self) -> Vec<String> {
        self.shared.0.borrow().commands.clone()
    }

    /// Waits until at least `count` mails have come, and returns all of them.
    ///
    /// # Panics
    ///
    /// When they have not come within `patience`.
    pub async fn wait_for(&self, count: usize, patience: Duration) -> Vec<ReceivedMail> {
        self.wait_until(patience, &format!("{count} mails"), |state| state.mails.len() >= count).await;
        self.messages()
    }

    /// Waits until at least `count` connections were made.
    ///
    /// # Panics
    ///
    /// When they were not made within `patience`.
    pub async fn wait_for_connections(&self, count: u64, patience: Duration) {
        self.wait_until(patience, &format!("{count} connections"), |state| state.connections >= count).await;
    }

    async fn wait_until(&self, patience: Duration, what: &str, condition: impl FnMut(&State) -> bool) {
        let mut states = self.shared.0.subscribe();
        let came = tokio::time::timeout(patience, states.wait_for(condition)).await.is_ok();
        if !came {
            let state = self.shared.0.borrow();
            let (mails, connections) = (state.mails.len(), state.connections);
            panic!("no {what} within {patience:?}: {mails} mails by {connections} connections so far");
        }
    }

    /// Breaks all connections and refuses new ones, as a mail server that is down does. The port stays reserved for
    /// [`SmtpSink::restart`] only as far as the system does not give it to somebody else.
    pub async fn stop(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            server.abort();
            // Aborting is what was asked for, so its error is the good outcome.
            let _ = server.await;
        }
    }

    /// Listens again on the same port, with everything it had before.
    ///
    /// # Panics
    ///
    /// When somebody else took the port meanwhile, or outside a runtime.
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

/// Binds and begins to serve. The connections end with the returned task.
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
