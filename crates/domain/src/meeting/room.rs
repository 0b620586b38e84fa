//! The room of a booking.

use jiff::Timestamp;
use thiserror::Error;
use url::Url;

use crate::BookingId;

/// The URL of the practice's Jitsi server, such as `https://meet.example.org/`. Room names are appended to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingBaseUrl(String);

/// Why a URL cannot be the base of meeting links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BaseUrlError {
    /// Not an absolute URL.
    #[error("it is not an absolute URL")]
    NotAbsolute,
    /// Neither `https` nor `http`.
    #[error("it has to start with https:// (or http:// for a test on this machine)")]
    Scheme,
    /// It has a user name or password, which every client would see.
    #[error("it must not contain a user name or password")]
    Credentials,
    /// It has a query or fragment, which would include the room name.
    #[error("it must not contain a query or a fragment")]
    QueryOrFragment,
}

impl MeetingBaseUrl {
    /// Reads a base URL; appends a missing slash.
    pub fn parse(raw: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(raw.trim()).map_err(|_| BaseUrlError::NotAbsolute)?;
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

    /// The URL, with a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl_from_str!(MeetingBaseUrl: BaseUrlError);

/// The unguessable part of a room's name: 128 random bits.
///
/// On a server without signed links the room's name is the only protection against uninvited people. The type has no
/// `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoomSuffix([u8; 16]);

impl RoomSuffix {
    /// Accepts 16 bytes, which must come from a cryptographically secure generator.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    fn to_hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

/// What [`MeetingRoom::new`] needs when a booking is confirmed.
#[derive(Clone, Copy)]
pub struct NewRoom<'a> {
    /// The current server. The room's URL is stored, so that changing the server does not change existing rooms.
    pub base_url: &'a MeetingBaseUrl,
    /// The unguessable part.
    pub suffix: RoomSuffix,
}

/// The video room of a booking. Created when the booking is confirmed, and never changed. `Debug` hides it, because the
/// room's name may be all that is needed to join.
#[derive(Clone, PartialEq, Eq)]
pub struct MeetingRoom {
    id: String,
    url: String,
}

impl_redacted_debug!(MeetingRoom);

/// A stored room that this crate cannot have created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a meeting room: the id must match [a-z0-9-]+ and end the URL")]
pub struct InvalidRoom;

impl MeetingRoom {
    /// Names the room `booking-{id}-{unix seconds}-{random}`, in lower case: Jitsi lower-cases room names, and a signed
    /// link must spell the room as the server does.
    pub fn new(booking: BookingId, now: Timestamp, new: NewRoom<'_>) -> Self {
        let id = format!("booking-{booking}-{}-{}", now.as_second(), new.suffix.to_hex());
        let url = format!("{}{id}", new.base_url.as_str());
        Self { id, url }
    }

    /// Reads a stored room.
    pub fn restore(id: String, url: String) -> Result<Self, InvalidRoom> {
        let valid = !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid && url.ends_with(&format!("/{id}")) { Ok(Self { id, url }) } else { Err(InvalidRoom) }
    }

    /// The room's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The room's URL, without a viewer's name.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The room's name at the XMPP server of a self-hosted Jitsi: with the tenant in brackets before it, if its URL has one
    /// (`resources/prosody-plugins/util.lib.lua`).
    pub fn xmpp_name(&self) -> String {
        let url = Url::parse(&self.url).ok();
        let segments = url.as_ref().and_then(Url::path_segments).into_iter().flatten();
        match segments.rev().nth(1).filter(|tenant| !tenant.is_empty()) {
            Some(tenant) => format!("[{tenant}]{}", self.id),
            None => self.id.clone(),
        }
    }

    /// The origin of the video server, such as `https://meet.example.org`. Empty for a URL that this crate cannot have
    /// created.
    pub fn origin(&self) -> String {
        Url::parse(&self.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
