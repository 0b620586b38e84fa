//! What the messages of video servers have in common.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use attune_application::meetings::{Reported, RoomReport};
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_ports::StoreError;
use jiff::{SignedDuration, Timestamp, Unit};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::request::auth::bearer_token;
use crate::response::problem::{Code, Problem};
use crate::state::State;

/// Largest message about what happened in a room, in bytes. The one about its end lists everybody who was in it.
pub(super) const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// The practice's own video server, which showed its secret. Whoever does not is told so before anything is read.
pub(crate) struct VideoServer;

impl FromRequest for VideoServer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(shows_secret(http))
    }
}

fn shows_secret(http: &HttpRequest) -> Result<VideoServer, Problem> {
    let secret = State::of(http)?.settings.server_secret.as_ref().ok_or(Code::NotFound)?;
    let shown = bearer_token(http).map_err(|_| Code::InvalidServerSecret)?;
    // Of the digests, because nobody can use how long it takes to find two of them different.
    if Sha256::digest(shown) == Sha256::digest(secret.expose()) {
        Ok(VideoServer)
    } else {
        Err(Code::InvalidServerSecret.into())
    }
}

/// A failure of the store, as a machine should see it: whatever it was, trying again is right, and video servers do that
/// for 5xx alone.
pub(super) fn try_again(error: StoreError) -> Problem {
    let problem = Problem::from(error);
    if problem.code.row().status == 503 { problem } else { Code::Unavailable.into() }
}

/// Keeps a report. Returns how many facts were new.
pub(super) async fn keep(state: &State, report: &RoomReport) -> Result<u64, Problem> {
    match state.api.record_attendance.run(report).await.map_err(try_again)? {
        Reported::UnknownRoom => Ok(0),
        Reported::Kept(new) => Ok(new),
    }
}

/// The end of a room.
pub(super) fn ended(at: Timestamp) -> AttendanceEvent {
    AttendanceEvent { at, kind: AttendanceEventKind::Ended, occupant: String::new(), participant: None }
}

/// The breakout room that a message is about, if it is about one.
pub(super) fn breakout_room(is_breakout: &Loose, id: &Loose) -> Option<String> {
    is_breakout.is_true().then(|| id.text().unwrap_or_else(|| "breakout".to_owned()))
}

/// The name of a connection. In a breakout room it is another one, because people come and go between that room and the
/// main one with the same connection.
pub(super) fn occupant(connection: &str, breakout: Option<&str>) -> String {
    breakout.map_or_else(|| connection.to_owned(), |room| format!("{room}/{connection}"))
}

/// A value in a message as it was written. Servers disagree on how they write numbers and truth.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Loose(Option<Box<RawValue>>);

impl Loose {
    /// The value, if it has this form.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.as_ref()?.get()).ok()
    }

    /// A text.
    pub(super) fn text(&self) -> Option<String> {
        self.read()
    }

    /// Whether it says yes, as a boolean or as a text.
    pub(super) fn is_true(&self) -> bool {
        self.0.as_ref().is_some_and(|json| json.get().trim_matches('"') == "true")
    }

    /// An instant in seconds since 1970, to the millisecond.
    pub(super) fn seconds(&self) -> Option<Timestamp> {
        instant(self.number()?)
    }

    /// An instant in milliseconds since 1970.
    pub(super) fn milliseconds(&self) -> Option<Timestamp> {
        instant(self.number()? / 1000.0)
    }

    /// A number, also in quotes.
    fn number(&self) -> Option<f64> {
        self.0.as_ref()?.get().trim_matches('"').parse().ok()
    }
}

fn instant(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since).ok()?.round(Unit::Millisecond).ok()
}
