//! What a signed link says about a person, and how it is put together.
//!
//! A signed link is a link with a token in it that only this practice can make. On a server that checks tokens it decides
//! who comes in, when, and as what; the name and the wishes in the fragment stay what they were, mere wishes.
//!
//! Here are the facts only. Which claims they become, and how they are signed, is the business of the adapter that knows
//! the deployment.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use url::form_urlencoded;

use super::access::{AccessState, AccessWindow, TokenValidity, confirmed_room};
use super::fragment::{FALLBACK_NAME, MAX_NAME_UNITS, display_name_parameter, encode_string};
use super::{LinkError, MeetingRoom, ParticipantRole, Viewer, ViewerId};
use crate::Booking;
use crate::text::{clean_line, truncate_utf16};

/// What a person is in a room.
///
/// Jitsi itself knows moderators, participants and visitors only; the other roles are made of those and of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MeetingRole {
    /// A therapist: owns the room, admits people, mutes and removes them.
    Moderator,
    /// The client: talks, is seen, writes and votes.
    Participant,
    /// As a participant, and may show a screen.
    Presenter,
    /// Comes to watch and listen, such as a trainee.
    Observer,
}

/// The standing in the room that a role comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Affiliation {
    /// Runs the room.
    Owner,
    /// Is in it.
    Member,
}

impl Affiliation {
    /// The name in a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }
}

/// What a therapist's link asks the page for: to start with microphone and camera on. A wish, not a right.
const THERAPIST_WISHES: &str = "&config.startWithAudioMuted=false&config.startWithVideoMuted=false";

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
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Moderator, Self::Participant, Self::Presenter, Self::Observer];

    /// The standing in the room.
    pub fn affiliation(self) -> Affiliation {
        match self {
            Self::Moderator => Affiliation::Owner,
            Self::Participant | Self::Presenter | Self::Observer => Affiliation::Member,
        }
    }

    /// What the role may do. Nobody but a moderator ever may record.
    fn features(self, settings: &TokenSettings) -> Features {
        let mut granted = match self {
            Self::Moderator => BTreeSet::from([
                Feature::CreatePolls,
                Feature::FileUpload,
                Feature::Flip,
                Feature::ListVisitors,
                Feature::Lobby,
                Feature::Moderation,
                Feature::ScreenSharing,
                Feature::SendGroupchat,
                Feature::SendPrivateMessage,
            ]),
            Self::Participant => {
                BTreeSet::from([Feature::CreatePolls, Feature::SendGroupchat, Feature::SendPrivateMessage])
            }
            Self::Presenter => BTreeSet::from([
                Feature::CreatePolls,
                Feature::ScreenSharing,
                Feature::SendGroupchat,
                Feature::SendPrivateMessage,
            ]),
            Self::Observer => BTreeSet::new(),
        };
        if self == Self::Moderator && settings.recording == RecordingPolicy::Therapist {
            granted.insert(Feature::Recording);
        }
        if settings.fixed_names {
            granted.insert(Feature::NameReadonly);
        }
        Features(granted)
    }

    /// What the link asks the page for. A wish, not a right: anybody can edit it.
    pub(super) fn wishes(self, settings: &TokenSettings) -> &'static str {
        match self {
            Self::Moderator => THERAPIST_WISHES,
            Self::Participant | Self::Presenter => "",
            Self::Observer if settings.visitors => {
                "&config.startWithAudioMuted=true&config.startWithVideoMuted=true&config.preferVisitor=true"
            }
            Self::Observer => "&config.startWithAudioMuted=true&config.startWithVideoMuted=true",
        }
    }
}

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident => $key:literal,)+) => {
        /// Something that a token allows or forbids: those that the server checks
        /// (`resources/prosody-plugins`) and those that the page knows (`react/features/base/jwt/constants.ts`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Feature {
            $($(#[$doc])* $variant,)+
        }

        impl Feature {
            /// Every feature, in the order of their names.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in a token.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $key,)+
                }
            }
        }
    };
}

features! {
    /// Changing how the pages look.
    Branding => "branding",
    /// Connecting a calendar.
    Calendar => "calendar",
    /// Asking the room a question.
    CreatePolls => "create-polls",
    /// Sharing files in the chat.
    FileUpload => "file-upload",
    /// Taking part from a second device.
    Flip => "flip",
    /// Letting people dial in.
    InboundCall => "inbound-call",
    /// Seeing who watches.
    ListVisitors => "list-visitors",
    /// Having what is said translated.
    LiveTranslation => "live-translation",
    /// Broadcasting the session.
    Livestreaming => "livestreaming",
    /// Letting people wait outside, and in.
    Lobby => "lobby",
    /// Muting others and giving the floor.
    Moderation => "moderation",
    /// Being unable to take another name; enforced where the server loads `muc_displayname`.
    NameReadonly => "name-readonly",
    /// Calling a telephone.
    OutboundCall => "outbound-call",
    /// Recording the session on the server.
    Recording => "recording",
    /// Known to the page, without an effect that anything here counts on.
    Room => "room",
    /// Showing a screen.
    ScreenSharing => "screen-sharing",
    /// Writing to everybody.
    SendGroupchat => "send-groupchat",
    /// Writing to one person.
    SendPrivateMessage => "send-private-message",
    /// Letting SIP devices dial in.
    SipInboundCall => "sip-inbound-call",
    /// Calling a SIP device.
    SipOutboundCall => "sip-outbound-call",
    /// Having what is said written down.
    Transcription => "transcription",
}

/// What a person may do: an answer for every feature, never silence, because the server and the page read a missing
/// answer differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features(BTreeSet<Feature>);

impl Features {
    /// Whether the token allows it.
    pub fn allows(&self, feature: Feature) -> bool {
        self.0.contains(&feature)
    }

    /// Every feature with its answer, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (Feature, bool)> + '_ {
        Feature::ALL.iter().map(|feature| (*feature, self.allows(*feature)))
    }
}

/// Whether a session can be recorded on the server. Live streams, transcripts, translations and telephones are granted to
/// nobody at all: each of them carries what is said in the room to somebody outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordingPolicy {
    /// AuditContext nobody.
    #[default]
    Off,
    /// AuditContext the therapist.
    Therapist,
}

/// What the practice decides for all of its rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenSettings {
    /// Who may record.
    pub recording: RecordingPolicy,
    /// The server seats visitors, so observers can be given a seat in which they are neither seen nor heard. Where it
    /// does not, they come as members without features, muted only by their own wish.
    pub visitors: bool,
    /// People keep the name that the link gives them ([`Feature::NameReadonly`]).
    pub fixed_names: bool,
}

/// The facts that a token states. Made by [`claims_for`] only, so no signer can be given others. `Debug` shows neither the
/// room nor the name.
#[derive(Clone, PartialEq, Eq)]
pub struct MeetingTokenClaims {
    room: MeetingRoom,
    viewer: ViewerId,
    display_name: String,
    role: MeetingRole,
    validity: TokenValidity,
    settings: TokenSettings,
}

/// What a person's token into a booking's room says, or why they get none.
///
/// Whose booking it is comes first, so that a stranger learns nothing about its state. A token may be made before the room
/// opens; its `nbf` keeps it shut until then. It outlives what it was made from, though: moving or calling off a booking
/// does not reach tokens that are out already. So they are made when somebody asks for their link, and never mailed.
pub fn claims_for(
    booking: &Booking,
    viewer: Viewer<'_>,
    window: &AccessWindow,
    settings: &TokenSettings,
    now: Timestamp,
) -> Result<MeetingTokenClaims, LinkError> {
    let admitted = viewer.admitted_to(booking)?;
    let room = confirmed_room(booking)?;
    if window.state(booking, now) == AccessState::Ended {
        return Err(LinkError::Ended);
    }
    Ok(MeetingTokenClaims {
        room: room.clone(),
        viewer: admitted.viewer,
        display_name: admitted.display_name.to_owned(),
        role: admitted.role,
        validity: window.token_validity(booking),
        settings: *settings,
    })
}

impl MeetingTokenClaims {
    /// The one room, spelled as the server spells it.
    pub fn room(&self) -> &str {
        self.room.id()
    }

    /// Who, as [`ViewerId`] writes it.
    pub fn subject(&self) -> String {
        self.viewer.to_string()
    }

    /// The name that the page shows: cleaned, at most [`MAX_NAME_UNITS`] long. Unlike a name in a fragment it is shown
    /// as it is, so nothing in it has to be swapped for a look-alike.
    pub fn name(&self) -> String {
        let clean = clean_line(&self.display_name);
        let cut = truncate_utf16(&clean, MAX_NAME_UNITS);
        if clean_line(cut).is_empty() { FALLBACK_NAME.to_owned() } else { cut.to_owned() }
    }

    /// From when until when.
    pub fn validity(&self) -> TokenValidity {
        self.validity
    }

    /// As what.
    pub fn role(&self) -> MeetingRole {
        self.role
    }

    /// With which standing.
    pub fn affiliation(&self) -> Affiliation {
        self.role.affiliation()
    }

    /// Whether the person runs the room: the same as being its owner, for servers that ask this way.
    pub fn is_moderator(&self) -> bool {
        self.affiliation() == Affiliation::Owner
    }

    /// With which features.
    pub fn features(&self) -> Features {
        self.role.features(&self.settings)
    }

    /// Whether the person walks past the lobby, to let the others in.
    pub fn bypasses_lobby(&self) -> bool {
        self.is_moderator()
    }

    /// Whether the person takes a visitor's seat: an observer, where there are such seats.
    pub fn is_visitor(&self) -> bool {
        self.role == MeetingRole::Observer && self.settings.visitors
    }
}

impl fmt::Debug for MeetingTokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeetingTokenClaims")
            .field("viewer", &self.viewer)
            .field("role", &self.role)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

/// Where in a link the token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenPlacement {
    /// `?jwt=…`, which every Jitsi reads.
    #[default]
    Query,
    /// `#jwt=…`, which Jitsi reads since May 2024 and which never reaches an access log.
    Fragment,
}

/// A link with a token in it. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedLink {
    /// The address to open. Whoever has it is that person to the server, so it is opened and never shown.
    pub url: String,
    /// The name it carries, unshortened.
    pub display_name: String,
    /// What the person is in the room.
    pub role: MeetingRole,
    /// Until when it can be opened.
    pub expires_at: Timestamp,
}

impl SignedLink {
    /// Puts the link together from the facts and the token that was signed over them.
    ///
    /// The rest of the fragment is that of an unsigned link: the name again, for the page that is shown before the token
    /// is read, and the wishes.
    pub fn new(claims: &MeetingTokenClaims, token: &str, placement: TokenPlacement) -> Self {
        let room = claims.room.url();
        let rest = format!("{}{}", display_name_parameter(&claims.display_name), claims.role.wishes(&claims.settings));
        let url = match placement {
            TokenPlacement::Query => {
                // A token has no character that this changes; anything else could not get out of the parameter.
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

impl fmt::Debug for SignedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedLink")
            .field("role", &self.role)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
