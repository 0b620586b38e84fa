use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use attune_domain::{BookingId, JoinToken, MeetingRoom, MeetingTokenClaims, ViewerId};
use attune_ports::{BoxError, JoinTokens, MeetingTokenSigner, PayTokens, RoomCloser, WebhookVerifier};
use jiff::Timestamp;

/// The claims in plain text: `plain.{booking}.{viewer}.{link version}`.
pub struct PlainJoinTokens;

impl JoinTokens for PlainJoinTokens {
    fn sign(&self, token: &JoinToken) -> String {
        format!("plain.{}.{}.{}", token.booking, token.viewer, token.link_version)
    }

    fn verify(&self, text: &str) -> Option<JoinToken> {
        let mut parts = text.strip_prefix("plain.")?.split('.');
        let booking = parts.next()?.parse().ok().and_then(BookingId::new)?;
        let viewer = ViewerId::parse(parts.next()?)?;
        let link_version = parts.next()?.parse().ok()?;
        // As with a real signature, a token has one spelling: no sign, no leading zero, nothing after it.
        Some(JoinToken { booking, viewer, link_version }).filter(|token| self.sign(token) == text)
    }
}

impl PayTokens for PlainJoinTokens {
    fn sign_payment(&self, booking: BookingId) -> String {
        format!("pay.{booking}")
    }

    fn verify_payment(&self, text: &str) -> Option<BookingId> {
        let booking = text.strip_prefix("pay.")?.parse().ok().and_then(BookingId::new)?;
        Some(booking).filter(|booking| self.sign_payment(*booking) == text)
    }
}

/// Subject, role and validity in plain text: `plain.{subject}.{role}.{nbf}.{exp}`, in seconds.
pub struct PlainMeetingTokens;

impl MeetingTokenSigner for PlainMeetingTokens {
    fn sign(&self, claims: &MeetingTokenClaims) -> Result<String, BoxError> {
        let validity = claims.validity();
        Ok(format!(
            "plain.{}.{}.{}.{}",
            claims.subject(),
            claims.affiliation().as_str(),
            validity.not_before.as_second(),
            validity.expires_at.as_second()
        ))
    }
}

/// Accepts the one signature `genuine`, for every body and every time.
pub struct PlainWebhooks;

impl WebhookVerifier for PlainWebhooks {
    fn is_genuine(&self, signature: &str, _: &[u8], _: Timestamp) -> bool {
        signature == "genuine"
    }
}

/// Remembers the names of the rooms that it was asked to close, and can be unreachable.
#[derive(Default)]
pub struct RecordingRoomCloser {
    closed: Mutex<Vec<String>>,
    down: AtomicBool,
}

impl RecordingRoomCloser {
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// The names since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.closed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl RoomCloser for RecordingRoomCloser {
    async fn close_room(&self, room: &MeetingRoom) -> Result<(), BoxError> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).push(room.id().to_owned());
        if self.down.load(Ordering::SeqCst) { Err("the video server is unreachable".into()) } else { Ok(()) }
    }
}
