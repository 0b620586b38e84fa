//! Links and signatures that a test can read. Anybody can forge them.

use attune_domain::{BookingId, JoinToken, MeetingTokenClaims, ViewerId};
use attune_ports::{BoxError, JoinTokens, MeetingTokenSigner, WebhookVerifier};
use jiff::Timestamp;

/// Writes tickets as they are: `plain.{booking}.{person}.{link version}`.
pub struct PlainJoinTokens;

impl JoinTokens for PlainJoinTokens {
    fn seal(&self, ticket: &JoinToken) -> String {
        format!("plain.{}.{}.{}", ticket.booking, ticket.viewer, ticket.link_version)
    }

    fn open(&self, text: &str) -> Option<JoinToken> {
        let mut parts = text.strip_prefix("plain.")?.split('.');
        let booking = parts.next()?.parse().ok().and_then(BookingId::new)?;
        let viewer = ViewerId::parse(parts.next()?)?;
        let link_version = parts.next()?.parse().ok()?;
        // One spelling per ticket, as with a real seal: no sign, no leading zero, nothing after it.
        Some(JoinToken { booking, viewer, link_version }).filter(|ticket| self.seal(ticket) == text)
    }
}

/// Writes down who a token is for and for which time: `plain.{person}.{role}.{nbf}.{exp}`, in seconds.
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

/// Takes the one signature `genuine`, whatever it stands under.
pub struct PlainWebhooks;

impl WebhookVerifier for PlainWebhooks {
    fn is_genuine(&self, signature: &str, _: &[u8], _: Timestamp) -> bool {
        signature == "genuine"
    }
}
