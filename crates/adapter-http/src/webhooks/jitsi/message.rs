//! What the messages of video servers have in common.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use attune_application::meetings::{RecordAttendanceOutcome, RoomReport};
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_http_common::{Code, Problem};
use attune_ports::StoreError;
use jiff::{SignedDuration, Timestamp, Unit};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::request::auth::bearer_token;
use crate::state::State;

/// Maximum size of an event, in bytes. The one about the end of a room lists everyone who was in it.
pub(super) const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// The practice's own video server, authenticated by its secret before anything is read.
pub(crate) struct VideoServer;

impl FromRequest for VideoServer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(http))
    }
}

fn authenticate(http: &HttpRequest) -> Result<VideoServer, Problem> {
    let secret = State::of(http)?.settings.server_secret.as_ref().ok_or(Code::NotFound)?;
    let token = bearer_token(http).map_err(|_| Code::InvalidServerSecret)?;
    // Digests, because the time to compare them reveals nothing.
    if Sha256::digest(token) == Sha256::digest(secret.expose()) {
        Ok(VideoServer)
    } else {
        Err(Code::InvalidServerSecret.into())
    }
}

/// Video servers retry after 5xx responses only, and a retry is right after every failure of the store.
pub(super) fn try_again(error: StoreError) -> Problem {
    let problem = Problem::from(error);
    if problem.code.row().status == 503 { problem } else { Code::Unavailable.into() }
}

/// Returns the number of new events.
pub(super) async fn record(state: &State, report: &RoomReport) -> Result<u64, Problem> {
    match state.api.use_cases.record_attendance.run(report).await.map_err(try_again)? {
        RecordAttendanceOutcome::UnknownRoom => Ok(0),
        RecordAttendanceOutcome::Recorded(new) => Ok(new),
    }
}

pub(super) fn ended(at: Timestamp) -> AttendanceEvent {
    AttendanceEvent { at, kind: AttendanceEventKind::Ended, occupant: String::new(), participant: None }
}

pub(super) fn breakout_room(is_breakout: &Loose, id: &Loose) -> Option<String> {
    is_breakout.is_true().then(|| id.text().unwrap_or_else(|| "breakout".to_owned()))
}

/// The ID of a connection. It is another one in a breakout room, because people move between the rooms with the same
/// connection.
pub(super) fn occupant(connection: &str, breakout: Option<&str>) -> String {
    breakout.map_or_else(|| connection.to_owned(), |room| format!("{room}/{connection}"))
}

/// An unparsed value. Servers disagree on how to write numbers and booleans.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Loose(Option<Box<RawValue>>);

impl Loose {
    /// The value, if it has this type.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.as_ref()?.get()).ok()
    }

    pub(super) fn text(&self) -> Option<String> {
        self.read()
    }

    /// Whether it is true, as a boolean or as a string.
    pub(super) fn is_true(&self) -> bool {
        self.0.as_ref().is_some_and(|json| json.get().trim_matches('"') == "true")
    }

    /// A Unix timestamp in seconds, rounded to milliseconds.
    pub(super) fn seconds(&self) -> Option<Timestamp> {
        instant(self.number()?)
    }

    /// A Unix timestamp in milliseconds.
    pub(super) fn milliseconds(&self) -> Option<Timestamp> {
        instant(self.number()? / 1000.0)
    }

    /// A number, also as a string.
    fn number(&self) -> Option<f64> {
        self.0.as_ref()?.get().trim_matches('"').parse().ok()
    }
}

fn instant(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since).ok()?.round(Unit::Millisecond).ok()
}
