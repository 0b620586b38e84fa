//! The content of a signed link and how its URL is built.
//!
//! A signed link contains a token that only the practice can create. A server that verifies tokens decides by it who may
//! join, when, and in which role; the name and the configuration overrides in the fragment still grant no rights.
//!
//! This module knows the content only. The adapter of the deployment maps it to claims and signs them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use url::form_urlencoded;

use super::access::{AccessState, AccessWindow, TokenValidity, confirmed_room};
use super::fragment::{FALLBACK_NAME, MAX_NAME_UNITS, display_name_parameter, encode_string};
use super::{LinkError, MeetingRoom, ParticipantRole, Viewer, ViewerId};
use crate::Booking;
use crate::text::{clean_line, truncate_utf16};

text_enum! {
    /// The role of a viewer in a room.
    ///
    /// Jitsi itself only has moderators, participants and visitors; the other roles are combinations of these and
    /// features.
    pub enum MeetingRole {
        /// A therapist: owns the room, admits, mutes and removes people.
        Moderator => "moderator",
        /// The client: audio, video, chat and polls.
        Participant => "participant",
        /// Like a participant, and may share a screen.
        Presenter => "presenter",
        /// Watches and listens, for example a trainee.
        Observer => "observer",
    }
}

text_enum! {
    /// The XMPP affiliation that comes with a role; the names are those in a token.
    pub enum Affiliation {
        /// Manages the room.
        Owner => "owner",
        /// Takes part.
        Member => "member",
    }
}

/// Starts the therapist with microphone and camera on.
const MODERATOR_OVERRIDES: &str = "&config.startWithAudioMuted=false&config.startWithVideoMuted=false";

impl From<ParticipantRole> for MeetingRole {
    fn from(role: ParticipantRole) -> Self {
        match role {
            ParticipantRole::Participant => Self::Participant,
            ParticipantRole::Presenter => Self::Presenter,
            ParticipantRole::Observer => Self::Observer,
        }
    }
}

impl MeetingRole {
    /// The affiliation of the role.
    pub fn affiliation(self) -> Affiliation {
        match self {
            Self::Moderator => Affiliation::Owner,
            Self::Participant | Self::Presenter | Self::Observer => Affiliation::Member,
        }
    }

    /// The features of the role. Recording is only ever allowed to a moderator.
    fn features(self, settings: &TokenSettings) -> Features {
        use Feature as F;
        const PARTICIPANT: [Feature; 3] = [F::CreatePolls, F::SendGroupchat, F::SendPrivateMessage];
        const MODERATOR: [Feature; 6] =
            [F::FileUpload, F::Flip, F::ListVisitors, F::Lobby, F::Moderation, F::ScreenSharing];
        let more: &[Feature] = match self {
            Self::Moderator => &MODERATOR,
            Self::Presenter => &[F::ScreenSharing],
            Self::Participant | Self::Observer => &[],
        };
        let mut granted = BTreeSet::from_iter(more.iter().copied());
        if self != Self::Observer {
            granted.extend(PARTICIPANT);
        }
        if self == Self::Moderator && settings.recording == RecordingPolicy::Therapist {
            granted.insert(F::Recording);
        }
        if settings.lock_display_names {
            granted.insert(F::NameReadonly);
        }
        Features(granted)
    }

    /// Parameters for the page, which the viewer can edit.
    pub(super) fn config_overrides(self, settings: &TokenSettings) -> &'static str {
        match self {
            Self::Moderator => MODERATOR_OVERRIDES,
            Self::Participant | Self::Presenter => "",
            Self::Observer if settings.visitors => {
                "&config.startWithAudioMuted=true&config.startWithVideoMuted=true&config.preferVisitor=true"
            }
            Self::Observer => "&config.startWithAudioMuted=true&config.startWithVideoMuted=true",
        }
    }
}

text_enum! {
    /// A feature that a token allows or forbids, by its name in the token: those that the server checks
    /// (`resources/prosody-plugins`) and those that the page knows (`react/features/base/jwt/constants.ts`).
    pub enum Feature {
        /// Changing the appearance of the pages.
        Branding => "branding",
        /// Connecting a calendar.
        Calendar => "calendar",
        /// Creating polls.
        CreatePolls => "create-polls",
        /// Sharing files in the chat.
        FileUpload => "file-upload",
        /// Moving the call to a second device.
        Flip => "flip",
        /// Allowing people to dial in by telephone.
        InboundCall => "inbound-call",
        /// Seeing the list of visitors.
        ListVisitors => "list-visitors",
        /// Live translation of speech.
        LiveTranslation => "live-translation",
        /// Broadcasting the session.
        Livestreaming => "livestreaming",
        /// Enabling the lobby and admitting people from it.
        Lobby => "lobby",
        /// Muting others and granting the right to speak.
        Moderation => "moderation",
        /// Being unable to change one's name; enforced where the server loads `muc_displayname`.
        NameReadonly => "name-readonly",
        /// Calling a telephone.
        OutboundCall => "outbound-call",
        /// Recording the session on the server.
        Recording => "recording",
        /// Known to the page, without an effect that this crate relies on.
        Room => "room",
        /// Sharing a screen.
        ScreenSharing => "screen-sharing",
        /// Writing to all people in the room.
        SendGroupchat => "send-groupchat",
        /// Writing to one person.
        SendPrivateMessage => "send-private-message",
        /// Allowing SIP devices to dial in.
        SipInboundCall => "sip-inbound-call",
        /// Calling a SIP device.
        SipOutboundCall => "sip-outbound-call",
        /// Transcribing the session.
        Transcription => "transcription",
    }
}

/// The allowed features of a viewer. Tokens list every feature as allowed or forbidden, because the server and the page
/// interpret a missing one differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features(BTreeSet<Feature>);

impl Features {
    /// Whether the token allows it.
    pub fn allows(&self, feature: Feature) -> bool {
        self.0.contains(&feature)
    }

    /// Every feature with whether it is allowed, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (Feature, bool)> + '_ {
        Feature::ALL.into_iter().map(|feature| (feature, self.allows(feature)))
    }
}

/// Who may record sessions on the server. Live streams, transcripts, translations and telephone calls are never allowed,
/// because each of them transmits the session to third parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordingPolicy {
    /// No one.
    #[default]
    Off,
    /// The therapist.
    Therapist,
}

/// The settings of all tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenSettings {
    /// Who may record.
    pub recording: RecordingPolicy,
    /// Whether the server supports visitors, so that observers can join without being seen or heard. Otherwise they join
    /// as members without features, and the link merely mutes them at the start.
    pub visitors: bool,
    /// Whether viewers cannot change the name in the link ([`Feature::NameReadonly`]).
    pub lock_display_names: bool,
}

/// The content of a token. Only [`claims_for`] creates it, so that nothing else can be signed. `Debug` hides room and
/// name.
#[derive(Clone, PartialEq, Eq)]
pub struct MeetingTokenClaims {
    room: MeetingRoom,
    viewer: ViewerId,
    display_name: String,
    role: MeetingRole,
    validity: TokenValidity,
    settings: TokenSettings,
}

/// The content of a viewer's token for the room of a booking.
///
/// The viewer is checked first, so that others learn nothing about the state of the booking. A token may be created
/// before the room opens; its `nbf` makes it invalid until then. Rescheduling or cancelling does not affect existing
/// tokens, so they are created when a viewer requests the link, and never emailed.
pub fn claims_for(
    booking: &Booking,
    viewer: Viewer<'_>,
    window: &AccessWindow,
    settings: &TokenSettings,
    now: Timestamp,
) -> Result<MeetingTokenClaims, LinkError> {
    let authorized = viewer.authorize(booking)?;
    let room = confirmed_room(booking)?;
    if window.state(booking, now) == AccessState::Ended {
        return Err(LinkError::Ended);
    }
    Ok(MeetingTokenClaims {
        room: room.clone(),
        viewer: authorized.viewer,
        display_name: authorized.display_name.to_owned(),
        role: authorized.role,
        validity: window.token_validity(booking),
        settings: *settings,
    })
}

impl MeetingTokenClaims {
    /// The room's name, spelled as the server does.
    pub fn room(&self) -> &str {
        self.room.id()
    }

    /// The viewer, in the format of [`ViewerId`].
    pub fn subject(&self) -> String {
        self.viewer.to_string()
    }

    /// The name for the page: cleaned, at most [`MAX_NAME_UNITS`] long. Unlike a name in a fragment it is not shown with
    /// HTML entities, so no character is replaced.
    pub fn name(&self) -> String {
        let clean = clean_line(&self.display_name);
        let cut = truncate_utf16(&clean, MAX_NAME_UNITS);
        if clean_line(cut).is_empty() { FALLBACK_NAME.to_owned() } else { cut.to_owned() }
    }

    /// The validity period.
    pub fn validity(&self) -> TokenValidity {
        self.validity
    }

    /// The role.
    pub fn role(&self) -> MeetingRole {
        self.role
    }

    /// The affiliation.
    pub fn affiliation(&self) -> Affiliation {
        self.role.affiliation()
    }

    /// Whether the viewer owns the room, for servers with a claim for moderators.
    pub fn is_moderator(&self) -> bool {
        self.affiliation() == Affiliation::Owner
    }

    /// The features.
    pub fn features(&self) -> Features {
        self.role.features(&self.settings)
    }

    /// Whether the viewer bypasses the lobby, to admit the others.
    pub fn bypasses_lobby(&self) -> bool {
        self.is_moderator()
    }

    /// Whether the viewer joins as a visitor: an observer, if the server supports visitors.
    pub fn is_visitor(&self) -> bool {
        self.role == MeetingRole::Observer && self.settings.visitors
    }
}

impl_redacted_debug!(MeetingTokenClaims { viewer, role, validity });

/// The position of the token in a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenPlacement {
    /// `?jwt=…`, which every Jitsi version reads.
    #[default]
    Query,
    /// `#jwt=…`, which Jitsi reads since May 2024 and which does not appear in access logs.
    Fragment,
}

/// A link with a token. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedLink {
    /// The URL to open. It authenticates the viewer, so it must be opened and never displayed.
    pub url: String,
    /// The viewer's name, not shortened.
    pub display_name: String,
    /// The viewer's role.
    pub role: MeetingRole,
    /// The end of the token's validity.
    pub expires_at: Timestamp,
}

impl SignedLink {
    /// Builds the link from the claims and the token that was signed for them.
    ///
    /// The rest of the fragment is that of an unsigned link: the name, for the page before the token is read, and the
    /// configuration overrides.
    pub fn new(claims: &MeetingTokenClaims, token: &str, placement: TokenPlacement) -> Self {
        let room = claims.room.url();
        let rest = format!(
            "{}{}",
            display_name_parameter(&claims.display_name),
            claims.role.config_overrides(&claims.settings)
        );
        let url = match placement {
            TokenPlacement::Query => {
                // Encoding does not change a valid token, and keeps any other text inside the parameter.
                let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
                format!("{room}?jwt={token}#{rest}")
            }
            TokenPlacement::Fragment => format!("{room}#jwt={}&{rest}", encode_string(token)),
        };
        Self {
            url,
            display_name: claims.display_name.clone(),
            role: claims.role,
            expires_at: claims.validity.expires_at,
        }
    }
}

impl_redacted_debug!(SignedLink { role, expires_at });

#[cfg(test)]
mod tests;
