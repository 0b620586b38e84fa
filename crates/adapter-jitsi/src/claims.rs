//! The JSON in a token.

use std::collections::BTreeMap;

use attune_domain::MeetingTokenClaims;
use attune_domain::meeting::Feature;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// For Prosody's `mod_auth_token`, `mod_token_affiliation` and `mod_filter_iq_jibri`.
    SelfHosted,
    /// As documented by 8x8.
    Jaas,
}

/// The documented features; the page reports others as errors.
const JAAS_FEATURES: [Feature; 9] = [
    Feature::FileUpload,
    Feature::InboundCall,
    Feature::ListVisitors,
    Feature::Livestreaming,
    Feature::OutboundCall,
    Feature::Recording,
    Feature::SipInboundCall,
    Feature::SipOutboundCall,
    Feature::Transcription,
];

/// Absent values are omitted: Prosody would write a `null` into presences as `userdata: (nil)`.
#[derive(Serialize)]
pub(crate) struct Payload<'a> {
    iss: &'a str,
    /// Not an array, which RFC 7519 allows but luajwtjitsi refuses.
    aud: &'a str,
    sub: &'a str,
    room: &'a str,
    nbf: i64,
    /// Required: a token without it never expires.
    exp: i64,
    context: Context,
}

#[derive(Serialize)]
struct Context {
    user: User,
    features: BTreeMap<&'static str, Flag>,
}

#[derive(Serialize)]
struct User {
    id: String,
    name: String,
    moderator: Flag,
    #[serde(skip_serializing_if = "Option::is_none")]
    affiliation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lobby_bypass: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

/// A boolean, or a string for JaaS.
#[derive(Serialize)]
#[serde(untagged)]
enum Flag {
    Plain(bool),
    Quoted(&'static str),
}

impl Dialect {
    fn flag(self, yes: bool) -> Flag {
        match self {
            Self::SelfHosted => Flag::Plain(yes),
            Self::Jaas => Flag::Quoted(if yes { "true" } else { "false" }),
        }
    }

    fn supports(self, feature: Feature) -> bool {
        match self {
            Self::SelfHosted => true,
            Self::Jaas => JAAS_FEATURES.contains(&feature),
        }
    }
}

impl<'a> Payload<'a> {
    pub(crate) fn new(
        claims: &'a MeetingTokenClaims,
        dialect: Dialect,
        (iss, aud, sub): (&'a str, &'a str, &'a str),
    ) -> Self {
        let own_server = dialect == Dialect::SelfHosted;
        let validity = claims.validity();
        Self {
            iss,
            aud,
            sub,
            room: claims.room(),
            nbf: validity.not_before.as_second(),
            exp: validity.expires_at.as_second(),
            context: Context {
                user: User {
                    id: claims.subject(),
                    name: claims.name(),
                    moderator: dialect.flag(claims.is_moderator()),
                    affiliation: own_server.then(|| claims.affiliation().as_str()),
                    lobby_bypass: (own_server && claims.bypasses_lobby()).then_some(true),
                    role: claims.is_visitor().then_some("visitor"),
                },
                features: claims
                    .features()
                    .iter()
                    .filter(|(feature, _)| dialect.supports(*feature))
                    .map(|(feature, allowed)| (feature.as_str(), dialect.flag(allowed)))
                    .collect(),
            },
        }
    }
}
