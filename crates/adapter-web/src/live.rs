//! Tells the open pages of therapists when the day that they show has changed, by server-sent events.
//!
//! One loop per process reads the store for all open pages, and only while there are any. An event says that something has
//! changed and nothing about it: the page then loads itself again. See `docs/decisions/pages.md`.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use async_trait::async_trait;
use attune_domain::{LoginSessionId, UserId};
use attune_http_common::{Code, Problem};
use attune_ports::StoreError;
use futures_util::future::join;
use futures_util::stream::{self, Stream, StreamExt};
use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, Interval, interval_at, sleep};

/// How often the store is read. A login session that has ended is noticed as fast.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Shorter than the time after which proxies and mobile networks cut an idle connection.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// A browser has six connections to a host without HTTP/2, and needs some of them to load pages.
const MAX_PER_LOGIN_SESSION: usize = 4;
const MAX_PER_PROCESS: usize = 200;
/// Seconds after which a page that found no place may try again.
const RETRY_AFTER: u64 = 10;
/// Comes first: milliseconds after which a browser connects again.
const BEGINNING: &str = "retry: 3000\n\n";
const HEARTBEAT: &str = ":\n\n";

/// The bookings of one therapist between two instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    pub(crate) therapist: UserId,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// Changes with what the page of a day shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) u64);

impl Version {
    /// Reads what [`fmt::Display`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What the loop reads.
#[async_trait]
pub(crate) trait LiveSource: Send + Sync {
    /// The versions of these days, in their order.
    async fn versions(&self, days: &[Day]) -> Result<Vec<Version>, StoreError>;

    /// Those of these login sessions that may still see the days.
    async fn admitted(&self, sessions: &[LoginSessionId]) -> Result<Vec<LoginSessionId>, StoreError>;
}

/// The open streams of this process.
pub(crate) struct Live {
    source: Box<dyn LiveSource>,
    streams: Mutex<Streams>,
    opened: Notify,
}

#[derive(Default)]
struct Streams {
    /// In the order in which they were opened.
    open: Vec<OpenStream>,
    last_id: u64,
    is_stopped: bool,
}

/// The server's end of a stream, which ends when this is dropped.
struct OpenStream {
    id: u64,
    session: LoginSessionId,
    day: Day,
    /// What the page shows, as far as it is known.
    version: Option<Version>,
    sender: watch::Sender<Option<Event>>,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Changed(Version),
    /// Another page of the same browser took the place of this one, which must not connect again at once.
    Replaced,
}

impl Event {
    /// Browsers ignore an event without data.
    fn frame(self) -> String {
        match self {
            Self::Changed(version) => format!("event: changed\nid: {version}\ndata:\n\n"),
            Self::Replaced => "event: replaced\ndata:\n\n".to_owned(),
        }
    }
}

/// The place of a stream among the open ones, until it is dropped.
struct Place {
    live: Arc<Live>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.streams().open.retain(|stream| stream.id != self.id);
    }
}

impl Live {
    pub(crate) fn new(source: Box<dyn LiveSource>) -> Self {
        Self { source, streams: Mutex::default(), opened: Notify::new() }
    }

    /// Opens a stream for a page of this login session. `version` is what the page shows; without it, the first event comes
    /// with the next reading of the store. The oldest stream of the login session ends if there are too many.
    ///
    /// Fails with [`Code::Overloaded`] while the process has too many streams, and once it stops.
    pub(crate) fn open(
        self: &Arc<Self>,
        session: LoginSessionId,
        day: Day,
        version: Option<Version>,
    ) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + use<>, Problem> {
        let (sender, receiver) = watch::channel(None);
        let mut streams = self.streams();
        let own = |stream: &OpenStream| stream.session == session;
        if streams.open.iter().filter(|stream| own(stream)).count() >= MAX_PER_LOGIN_SESSION
            && let Some(oldest) = streams.open.iter().position(own)
        {
            streams.open.remove(oldest).sender.send_replace(Some(Event::Replaced));
        }
        if streams.is_stopped || streams.open.len() >= MAX_PER_PROCESS {
            return Err(Problem::after(Code::Overloaded, RETRY_AFTER));
        }
        streams.last_id += 1;
        let id = streams.last_id;
        streams.open.push(OpenStream { id, session, day, version, sender });
        drop(streams);
        self.opened.notify_one();
        Ok(frames(receiver, Place { live: self.clone(), id }))
    }

    /// Serves the streams until `stop`, and ends all of them then.
    pub(crate) async fn run(&self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.poll_while_open() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        let mut streams = self.streams();
        streams.is_stopped = true;
        streams.open.clear();
    }

    async fn poll_while_open(&self) {
        loop {
            if self.streams().open.is_empty() {
                self.opened.notified().await;
            } else {
                self.poll().await;
                sleep(POLL_INTERVAL).await;
            }
        }
    }

    /// Ends the streams of login sessions that have ended, and tells the others what has changed. While the store cannot be
    /// read, the streams stay open: they say nothing then.
    async fn poll(&self) {
        let (sessions, days) = {
            let streams = self.streams();
            let sessions: BTreeSet<_> = streams.open.iter().map(|stream| stream.session).collect();
            let days: BTreeSet<_> = streams.open.iter().map(|stream| stream.day).collect();
            (Vec::from_iter(sessions), Vec::from_iter(days))
        };
        let (admitted, versions) = join(self.source.admitted(&sessions), self.source.versions(&days)).await;
        let mut streams = self.streams();
        match admitted {
            Ok(admitted) => {
                // One that was opened in the meantime is not known yet.
                let has_ended = |id: &LoginSessionId| sessions.contains(id) && !admitted.contains(id);
                streams.open.retain(|stream| !has_ended(&stream.session));
            }
            Err(error) => tracing::warn!(%error, "login sessions of open pages not readable"),
        }
        match versions {
            Ok(versions) => {
                for stream in &mut streams.open {
                    let found = days.binary_search(&stream.day).ok().and_then(|index| versions.get(index));
                    stream.show(found.copied());
                }
            }
            Err(error) => tracing::warn!(%error, "days of open pages not readable"),
        }
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenStream {
    /// Sends an event if the page does not show this version yet.
    fn show(&mut self, version: Option<Version>) {
        let Some(version) = version.filter(|_| version != self.version) else { return };
        self.version = Some(version);
        self.sender.send_replace(Some(Event::Changed(version)));
    }
}

/// The client's end of a stream.
struct Receiver {
    events: watch::Receiver<Option<Event>>,
    heartbeat: Interval,
    _place: Place,
}

fn frames(
    events: watch::Receiver<Option<Event>>,
    place: Place,
) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let heartbeat = interval_at(Instant::now() + HEARTBEAT_INTERVAL, HEARTBEAT_INTERVAL);
    let receiver = Receiver { events, heartbeat, _place: place };
    let rest = stream::unfold(receiver, |mut receiver| async move {
        let frame = receiver.next().await?;
        Some((frame, receiver))
    });
    stream::iter([Bytes::from_static(BEGINNING.as_bytes())]).chain(rest).map(Ok)
}

impl Receiver {
    /// The next event or heartbeat; `None` once the stream has ended.
    async fn next(&mut self) -> Option<Bytes> {
        tokio::select! {
            changed = self.events.changed() => {
                changed.ok()?;
                (*self.events.borrow_and_update()).map(|event| Bytes::from(event.frame()))
            }
            _ = self.heartbeat.tick() => Some(Bytes::from_static(HEARTBEAT.as_bytes())),
        }
    }
}

#[cfg(test)]
mod tests;
