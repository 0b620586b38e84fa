//! The settings of the video rooms, resolved.

use anyhow::{Context, Result, anyhow, bail, ensure};
use attune_adapter_http::Branding;
use attune_adapter_jitsi::{Deployment, EndMeetingConfig, JaasAppId, Secret as JitsiSecret, SigningKey};
use attune_application::meetings::EmailLinkTarget;
use attune_domain::meeting::{RecordingPolicy, RoomLimits, TokenPlacement, TokenSettings};
use attune_domain::{AccessWindow, MeetingBaseUrl};
use jiff::SignedDuration;
use url::Url;

use super::{Secret, Settings, optional};

const SERVER_SECRET_MIN: usize = 32;

#[derive(Debug, Clone)]
pub(crate) struct MeetingConfig {
    pub(crate) base: MeetingBaseUrl,
    pub(crate) window: AccessWindow,
    /// `None`: the video server checks no tokens, so links are not signed.
    pub(crate) deployment: Option<Box<Deployment>>,
    pub(crate) tokens: TokenSettings,
    pub(crate) placement: TokenPlacement,
    pub(crate) limits: RoomLimits,
    pub(crate) email_links: EmailLinkTarget,
    pub(crate) server_secret: Option<Secret>,
    pub(crate) jaas_webhook_secret: Option<Secret>,
    /// `None`: the video server closes no room for us.
    pub(crate) end_meeting: Option<Box<EndMeetingConfig>>,
    pub(crate) branding: Branding,
}

impl Settings {
    pub(super) fn meeting_config(&self, production: bool) -> Result<MeetingConfig> {
        let jitsi = &self.jitsi;
        let configured =
            MeetingBaseUrl::parse(&jitsi.base_url).map_err(|why| anyhow!("jitsi.base_url is invalid: {why}"))?;
        ensure!(!production || configured.is_https(), "jitsi.base_url must begin with https:// in production");
        ensure!(jitsi.grace_minutes <= 24 * 60, "jitsi.grace_minutes must be at most 1440");
        ensure!(jitsi.join_early_minutes <= 24 * 60, "jitsi.join_early_minutes must be at most 1440");
        let (base, deployment) = match jitsi.mode.as_str() {
            "plain" => {
                let unused = [
                    ("app_id", !jitsi.app_id.is_empty()),
                    ("app_secret", jitsi.app_secret.is_set()),
                    ("key_file", !jitsi.key_file.is_empty()),
                ];
                if let Some((key, _)) = unused.into_iter().find(|(_, set)| *set) {
                    bail!(
                        "jitsi.{key} is set, but jitsi.mode is plain: no link is signed; set jitsi.mode to jwt or jaas"
                    );
                }
                (configured, None)
            }
            "jwt" => {
                let deployment = self.self_hosted(&configured)?;
                (configured, Some(Box::new(deployment)))
            }
            "jaas" => {
                let app_id =
                    JaasAppId::parse(&jitsi.app_id).map_err(|why| anyhow!("jitsi.app_id is invalid: {why}"))?;
                ensure!(!jitsi.app_secret.is_set(), "jitsi.app_secret is for jitsi.mode jwt; JaaS uses jitsi.key_file");
                let base = app_id.base_url().clone();
                let key_id = jitsi.key_id.clone();
                (base, Some(Box::new(Deployment::Jaas { app_id, key_id, pem: self.private_key()? })))
            }
            other => bail!("jitsi.mode must be plain, jwt or jaas, not {other:?}"),
        };
        let is_signed = deployment.is_some();
        let email_links = match self.mail.join_link.as_str() {
            "auto" if is_signed => EmailLinkTarget::Page,
            "auto" => EmailLinkTarget::Room,
            "page" => EmailLinkTarget::Page,
            "gateway" => bail!("mail.join_link has the value gateway, which was renamed to page"),
            "direct" if is_signed => bail!(
                "mail.join_link must not be direct when jitsi.mode is {}: a signed link cannot be revoked",
                jitsi.mode
            ),
            "direct" => EmailLinkTarget::Room,
            other => bail!("mail.join_link must be auto, direct or page, not {other:?}"),
        };
        let end_meeting = self.end_meeting(deployment.as_deref(), &base)?.map(Box::new);
        let minutes = |m: u32| SignedDuration::from_mins(i64::from(m));
        Ok(MeetingConfig {
            base,
            window: AccessWindow { early: minutes(jitsi.join_early_minutes), grace: minutes(jitsi.grace_minutes) },
            deployment,
            tokens: TokenSettings {
                recording: if jitsi.recording { RecordingPolicy::Therapist } else { RecordingPolicy::Off },
                visitors: jitsi.visitors,
                lock_display_names: jitsi.lock_display_names,
            },
            placement: match jitsi.token_placement.as_str() {
                "query" => TokenPlacement::Query,
                "fragment" => TokenPlacement::Fragment,
                other => bail!("jitsi.token_placement must be query or fragment, not {other:?}"),
            },
            limits: RoomLimits {
                max_occupants: match jitsi.max_occupants {
                    0 => None,
                    1 => bail!("jitsi.max_occupants must be 0 (no limit from us) or at least 2"),
                    most => Some(most),
                },
                lobby: jitsi.lobby,
            },
            email_links,
            server_secret: long_enough("jitsi.server_secret", &jitsi.server_secret)?,
            jaas_webhook_secret: jitsi.jaas_webhook_secret.is_set().then(|| jitsi.jaas_webhook_secret.clone()),
            end_meeting,
            branding: self.branding()?,
        })
    }

    fn self_hosted(&self, base: &MeetingBaseUrl) -> Result<Deployment> {
        let jitsi = &self.jitsi;
        ensure!(
            !jitsi.app_id.is_empty(),
            "jitsi.app_id must be set when jitsi.mode is jwt: the JWT_APP_ID of the server"
        );
        ensure!(
            !base.as_str().starts_with("https://meet.jit.si/"),
            "jitsi.mode jwt needs a server of your own; meet.jit.si accepts no tokens of others (jitsi.base_url)"
        );
        let key = match (jitsi.app_secret.is_set(), jitsi.key_file.is_empty()) {
            (true, true) => SigningKey::Hs256(JitsiSecret::new(jitsi.app_secret.expose())),
            (false, false) => SigningKey::Rs256 { key_id: jitsi.key_id.clone(), pem: self.private_key()? },
            (true, false) => bail!("jitsi.app_secret and jitsi.key_file are both set; remove one of them"),
            (false, true) => {
                bail!("jitsi.app_secret (or app_secret_file, or key_file for RS256) must be set when jitsi.mode is jwt")
            }
        };
        Ok(Deployment::SelfHosted {
            issuer: jitsi.app_id.clone(),
            audience: jitsi.audience.clone(),
            subject: optional(&jitsi.subject).map_or_else(|| host_of(base), str::to_owned),
            key,
        })
    }

    fn private_key(&self) -> Result<JitsiSecret> {
        let path = &self.jitsi.key_file;
        ensure!(
            !path.is_empty(),
            "jitsi.key_file must be the path of the private key when jitsi.mode is {}",
            self.jitsi.mode
        );
        Ok(JitsiSecret::new(read_key("jitsi.key_file", path)?))
    }

    fn end_meeting(&self, deployment: Option<&Deployment>, base: &MeetingBaseUrl) -> Result<Option<EndMeetingConfig>> {
        let jitsi = &self.jitsi;
        let Some(url) = optional(&jitsi.end_meeting_url) else { return Ok(None) };
        let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.context("jitsi.end_meeting_url must be a URL such as http://xmpp.meet.jitsi:5280/end-meeting")?;
        let Some(Deployment::SelfHosted { issuer, audience, subject, key: SigningKey::Rs256 { key_id, .. } }) =
            deployment
        else {
            bail!(
                "jitsi.end_meeting_url needs jitsi.mode jwt and jitsi.key_file: mod_muc_end_meeting refuses all tokens \
                 where links are signed with a shared secret"
            )
        };
        ensure!(
            !jitsi.end_meeting_key_file.is_empty() && !jitsi.end_meeting_key_id.is_empty(),
            "jitsi.end_meeting_key_file and jitsi.end_meeting_key_id must be set when jitsi.end_meeting_url is set"
        );
        let pem = read_key("jitsi.end_meeting_key_file", &jitsi.end_meeting_key_file)?;
        ensure!(
            jitsi.end_meeting_key_id != *key_id && pem != read_key("jitsi.key_file", &jitsi.key_file)?,
            "jitsi.end_meeting_key_file must not be the key of the links: everyone with a link could close all rooms"
        );
        Ok(Some(EndMeetingConfig {
            url,
            muc_domain: optional(&jitsi.muc_domain)
                .map_or_else(|| format!("conference.{}", host_of(base)), str::to_owned),
            issuer: issuer.clone(),
            audience: audience.clone(),
            subject: subject.clone(),
            key_id: jitsi.end_meeting_key_id.clone(),
            pem: JitsiSecret::new(pem),
            timeout: EndMeetingConfig::TIMEOUT,
        }))
    }

    fn branding(&self) -> Result<Branding> {
        let branding = &self.branding;
        let url = |key: &str, text: &str| -> Result<Option<String>> {
            let Some(text) = optional(text) else { return Ok(None) };
            let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.has_host());
            url.with_context(|| format!("branding.{key} must be a URL that begins with https://"))
                .map(|u| Some(u.into()))
        };
        let colour = |key: &str, text: &str| -> Result<Option<String>> {
            let Some(text) = optional(text) else { return Ok(None) };
            let digits = text.strip_prefix('#').unwrap_or_default();
            let known = matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit());
            ensure!(known, "branding.{key} must be a colour such as #14532d");
            Ok(Some(text.to_owned()))
        };
        let invite_domain = optional(&branding.invite_domain).map(str::to_owned);
        ensure!(
            invite_domain.as_ref().is_none_or(|d| d.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b))),
            "branding.invite_domain must be a host name such as meet.example.org"
        );
        Ok(Branding {
            logo_image_url: url("logo_url", &branding.logo_url)?,
            logo_click_url: url("logo_click_url", &branding.logo_click_url)?,
            background_color: colour("background_color", &branding.background_color)?,
            background_image_url: url("background_image_url", &branding.background_image_url)?,
            premeeting_background: colour("premeeting_background", &branding.premeeting_background)?,
            invite_domain,
            avatar_backgrounds: branding
                .avatar_backgrounds
                .iter()
                .filter_map(|text| colour("avatar_backgrounds", text.trim()).transpose())
                .collect::<Result<_>>()?,
        })
    }
}

fn host_of(base: &MeetingBaseUrl) -> String {
    Url::parse(base.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn read_key(name: &str, path: &str) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{name}: cannot read {path}"))
}

fn long_enough(name: &str, secret: &Secret) -> Result<Option<Secret>> {
    if !secret.is_set() {
        return Ok(None);
    }
    let fits = secret.expose().len() >= SERVER_SECRET_MIN && secret.expose().bytes().all(|b| b.is_ascii_graphic());
    ensure!(
        fits,
        "{name} must have at least {SERVER_SECRET_MIN} visible ASCII characters; create one with `openssl rand -hex 32`"
    );
    Ok(Some(secret.clone()))
}
