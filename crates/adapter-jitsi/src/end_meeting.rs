//! Closes rooms through Jitsi's `mod_muc_end_meeting`.
//!
//! The module verifies tokens as the logins do, with the same algorithm, issuers and audiences, but with keys from a
//! folder of its own. It accepts a token for every room, whatever the token says, so the key must not be that of the
//! links: their users could close all rooms. Where logins are verified with a shared secret, it refuses all tokens.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use attune_domain::MeetingRoom;
use attune_ports::{BoxError, Clock, RoomCloser};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{StatusCode, redirect};
use serde::Serialize;
use thiserror::Error;
use url::Url;

use crate::signer::{header, private_key, text};
use crate::{Secret, SetupError};

/// Validity of a token before and after it is signed, in seconds: the clocks may differ.
const VALID_SECONDS: i64 = 60;
/// A room that does not exist, for [`EndMeeting::check`].
const UNKNOWN_ROOM: &str = "attune-doctor";

#[derive(Debug, Clone)]
pub struct EndMeetingConfig {
    /// Where the module listens, such as `http://xmpp.meet.jitsi:5280/end-meeting`.
    pub url: Url,
    /// The XMPP domain of the rooms, such as `muc.meet.jitsi`.
    pub muc_domain: String,
    /// As for the links, [`crate::Deployment::SelfHosted`].
    pub issuer: String,
    /// As for the links.
    pub audience: String,
    /// As for the links.
    pub subject: String,
    /// The server finds the public key at `<prosody_password_public_key_repo_url>/<sha256 of the key id>.pem`.
    pub key_id: String,
    /// The private key, as for [`crate::SigningKey::Rs256`].
    pub pem: Secret,
    /// How long the server has to respond: a therapist waits for it.
    pub timeout: Duration,
}

impl EndMeetingConfig {
    /// The usual time to respond.
    pub const TIMEOUT: Duration = Duration::from_secs(5);
}

pub struct EndMeeting {
    http: reqwest::Client,
    config: EndMeetingConfig,
    header: Header,
    key: EncodingKey,
    clock: Arc<dyn Clock>,
}

/// Contains no token and no name of a room.
#[derive(Debug, Error)]
pub enum EndMeetingError {
    #[error("the video server is unreachable")]
    Transport(#[source] BoxError),
    #[error("the token cannot be signed")]
    Signing(#[source] BoxError),
    #[error("the video server refuses our token")]
    Refused,
    #[error("the video server responds with {0}; mod_muc_end_meeting may not be loaded")]
    Unexpected(StatusCode),
    #[error("the response is not that of mod_muc_end_meeting")]
    AnotherService,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Response {
    Closed,
    NoSuchRoom,
    /// The request names no room.
    Malformed,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    /// Required, although the module does not compare it.
    room: &'a str,
    nbf: i64,
    exp: i64,
}

impl EndMeeting {
    /// Signs once to test the key, so that a wrong key stops the start.
    pub fn new(config: EndMeetingConfig, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        text("domain of the rooms", &config.muc_domain)?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("attune/", env!("CARGO_PKG_VERSION")))
            .timeout(config.timeout)
            // The module is on a private network, and the token must not be sent anywhere else.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| SetupError::Client(error.into()))?;
        let header = header(Algorithm::RS256, Some(text("key id", config.key_id.clone())?));
        Ok(Self { http, header, key: private_key(&config.pem)?, config, clock })
    }

    /// Whether the module is loaded and accepts our tokens.
    pub async fn check(&self) -> Result<(), EndMeetingError> {
        match self.send(self.config.url.clone(), UNKNOWN_ROOM).await? {
            Response::Malformed => self.close(UNKNOWN_ROOM).await,
            Response::Closed | Response::NoSuchRoom => Err(EndMeetingError::AnotherService),
        }
    }

    async fn close(&self, room: &str) -> Result<(), EndMeetingError> {
        let mut url = self.config.url.clone();
        url.query_pairs_mut().append_pair("conference", &format!("{room}@{}", self.config.muc_domain));
        match self.send(url, room).await? {
            Response::Closed | Response::NoSuchRoom => Ok(()),
            Response::Malformed => Err(EndMeetingError::AnotherService),
        }
    }

    async fn send(&self, url: Url, room: &str) -> Result<Response, EndMeetingError> {
        let request = self.http.post(url).bearer_auth(self.token(room)?).body(Vec::new());
        let transport = |error: reqwest::Error| EndMeetingError::Transport(error.without_url().into());
        let response = request.send().await.map_err(transport)?;
        match response.status() {
            StatusCode::OK => Ok(Response::Closed),
            StatusCode::BAD_REQUEST => Ok(Response::Malformed),
            StatusCode::UNAUTHORIZED => Err(EndMeetingError::Refused),
            // The module's own response is empty; that of a server without the module is a page.
            StatusCode::NOT_FOUND if response.bytes().await.map_err(transport)?.is_empty() => Ok(Response::NoSuchRoom),
            other => Err(EndMeetingError::Unexpected(other)),
        }
    }

    fn token(&self, room: &str) -> Result<String, EndMeetingError> {
        let now = self.clock.now().as_second();
        let EndMeetingConfig { issuer: iss, audience: aud, subject: sub, .. } = &self.config;
        let payload = Payload { iss, aud, sub, room, nbf: now - VALID_SECONDS, exp: now + VALID_SECONDS };
        jsonwebtoken::encode(&self.header, &payload, &self.key).map_err(|error| EndMeetingError::Signing(error.into()))
    }
}

#[async_trait]
impl RoomCloser for EndMeeting {
    async fn close_room(&self, room: &MeetingRoom) -> Result<(), BoxError> {
        Ok(self.close(&room.xmpp_name()).await?)
    }
}
