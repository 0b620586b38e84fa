//! Which room a booking has.

use std::fmt;

use jiff::Timestamp;
use thiserror::Error;
use url::Url;

use crate::BookingId;

/// Where the practice's Jitsi lives, such as `https://meet.example.org/`. Room names are appended to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingBaseUrl(String);

/// Why an address cannot be the base of meeting links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BaseUrlError {
    /// Not an absolute URL at all.
    #[error("it is not an absolute URL")]
    NotAUrl,
    /// `javascript:`, `file:` and the like.
    #[error("it has to begin with https:// (or http:// for a test on this machine)")]
    Scheme,
    /// User name or password in the URL: every client would see them.
    #[error("it must not carry a user name or password")]
    Credentials,
    /// A query or fragment would swallow the room name.
    #[error("it must not carry a query or a fragment")]
    QueryOrFragment,
}

impl MeetingBaseUrl {
    /// Reads a base URL; a missing slash at the end is added.
    pub fn parse(raw: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(raw.trim()).map_err(|_| BaseUrlError::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(BaseUrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::QueryOrFragment);
        }
        let mut text = url.to_string();
        if !text.ends_with('/') {
            text.push('/');
        }
        Ok(Self(text))
    }

    /// The address, always with a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is said in the room is protected on its way.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// The part of a room's name that nobody can guess: 128 bits from the system's generator.
///
/// On a server without signed links the name of a room is the only thing that keeps strangers out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoomSuffix([u8; 16]);

impl RoomSuffix {
    /// Takes random_bytes random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    fn to_hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

/// What is needed to make a room at the moment a booking becomes scheduled.
#[derive(Clone, Copy)]
pub struct NewRoom<'a> {
    /// Where rooms live now. The finished URL is stored, so a later change never moves an agreed room.
    pub base_url: &'a MeetingBaseUrl,
    /// The unguessable part.
    pub suffix: RoomSuffix,
}

/// A booking's video room. Made when the booking becomes scheduled, never before, and never changed afterwards. `Debug` hides it: whoever
/// knows a room's name can enter it.
#[derive(Clone, PartialEq, Eq)]
pub struct MeetingRoom {
    id: String,
    url: String,
}

impl fmt::Debug for MeetingRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeetingRoom(***)")
    }
}

/// A stored room that no version of this crate can have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a meeting room: the id must match [a-z0-9-]+ and end the URL")]
pub struct InvalidRoom;

impl MeetingRoom {
    /// Names a room `booking-{id}-{unix seconds}-{random}`. All lower case: Jitsi lower-cases room names, and a signed
    /// link must spell the room the way the server does.
    pub fn new(booking: BookingId, now: Timestamp, new: NewRoom<'_>) -> Self {
        let id = format!("booking-{booking}-{}-{}", now.as_second(), new.suffix.to_hex());
        let url = format!("{}{id}", new.base_url.as_str());
        Self { id, url }
    }

    /// Takes a room back from a store.
    pub fn restore(id: String, url: String) -> Result<Self, InvalidRoom> {
        let safe = !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if safe && url.ends_with(&format!("/{id}")) { Ok(Self { id, url }) } else { Err(InvalidRoom) }
    }

    /// The room's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The room's address, without anybody's name in it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The video server alone, as browsers name it: `https://meet.example.org`. Empty for an address that no version of
    /// this crate can have made.
    pub fn origin(&self) -> String {
        Url::parse(&self.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
