//! The settings that a video server needs to enforce our tokens.
//!
//! Without them, a self-hosted Jitsi accepts the tokens and silently makes the first participant, or every participant, an
//! owner of the room. Every setting has its reason; secrets are placeholders.

mod limits;

use std::fmt;

use aws_lc_rs::digest;

pub use self::limits::not_enforceable;
use crate::signer::text;
use crate::{Deployment, Secret, SetupError, SigningKey};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerChoices {
    /// `meet.example.org`; not used for JaaS.
    pub host: String,
    pub lobby: bool,
    /// `None`: the server's own limit.
    pub max_occupants: Option<u32>,
    /// Observers join as visitors.
    pub visitors: bool,
    /// Participants keep the name in their link.
    pub lock_display_names: bool,
    /// Our public URL for reservations, to which the server appends `/conference`.
    pub reservations_url: Option<String>,
    /// Our public URL for events: a self-hosted server appends `/events/…`; for JaaS, the URL of its webhook.
    pub events_url: Option<String>,
    /// Whether a secret is configured that authenticates a self-hosted server to us. Without it, we refuse its requests.
    pub server_secret: bool,
    /// Whether links carry their token in the query.
    pub token_in_query: bool,
    /// The id of the key that signs our requests to close rooms; `None` if a self-hosted server closes none for us.
    pub end_meeting_key_id: Option<String>,
}

impl ServerChoices {
    fn usable_reservations_url(&self) -> Option<&str> {
        self.reservations_url.as_deref().filter(|_| self.server_secret)
    }

    fn usable_events_url(&self) -> Option<&str> {
        self.events_url.as_deref().filter(|_| self.server_secret)
    }

    /// Whether a self-hosted server limits the people in our rooms. Our limits come with the reservations.
    fn limits_occupants(&self) -> bool {
        self.max_occupants.is_some() && self.usable_reservations_url().is_some()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    parts: Vec<SettingsPart>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsPart {
    /// Such as the name of a file.
    pub place: String,
    /// A relative path for a copy of this part; `None` if it is no file.
    pub file: Option<String>,
    /// The lines, each with its reason. Secrets are placeholders such as `<jitsi.app_secret>`, unless
    /// [`ServerSettings::with_secrets`] has replaced them.
    pub text: String,
}

impl ServerSettings {
    /// For a self-hosted server, there are two variants, each of several files: for docker-jitsi-meet and for Debian's
    /// packages.
    pub fn new(deployment: &Deployment, choices: &ServerChoices) -> Result<Self, SetupError> {
        for (what, url) in
            [("URL for reservations", &choices.reservations_url), ("URL for events", &choices.events_url)]
        {
            url.as_deref().map(|url| text(what, url)).transpose()?;
        }
        let parts = match deployment {
            Deployment::SelfHosted { issuer, audience, subject, key } => {
                let server = SelfHosted {
                    host: text("host of the rooms", &choices.host)?,
                    issuer: text("issuer", issuer)?,
                    audience: text("audience", audience)?,
                    subject: text("subject", subject)?,
                    public_key: match key {
                        SigningKey::Hs256(_) => None,
                        SigningKey::Rs256 { key_id, .. } => Some(key_file(text("key id", key_id)?)),
                    },
                    end_meeting_key: choices
                        .end_meeting_key_id
                        .as_deref()
                        .map(|id| text("key id", id).map(key_file))
                        .transpose()?,
                    choices,
                };
                let docker = [Some(server.docker()), server.docker_components()];
                let debian = [Some(server.prosody()), server.prosody_globals(), Some(jicofo())];
                docker.into_iter().chain(debian).flatten().collect()
            }
            Deployment::Jaas { key_id, .. } => vec![jaas(text("key id", key_id)?, choices)],
        };
        Ok(Self { parts })
    }

    pub fn parts(&self) -> &[SettingsPart] {
        &self.parts
    }

    /// Replaces the placeholders, for files that the server reads. What only the server's operator knows, such as the URL of
    /// a folder with public keys, remains a placeholder.
    ///
    /// # Errors
    ///
    /// If a secret has characters other than letters, digits and `._:/*@+=-`: quotes, commas and dollar signs mean something
    /// else in each of the formats.
    pub fn with_secrets(mut self, deployment: &Deployment, server_secret: Option<&Secret>) -> Result<Self, SetupError> {
        let app_secret = match deployment {
            Deployment::SelfHosted { key: SigningKey::Hs256(secret), .. } => Some(secret),
            Deployment::SelfHosted { key: SigningKey::Rs256 { .. }, .. } | Deployment::Jaas { .. } => None,
        };
        for (name, placeholder, secret) in
            [("jitsi.app_secret", APP_SECRET, app_secret), ("jitsi.server_secret", SERVER_SECRET, server_secret)]
        {
            let Some(secret) = secret.map(Secret::expose) else { continue };
            if !secret.bytes().all(|byte| is_plain(byte) || b"+=".contains(&byte)) {
                return Err(SetupError::SecretNeedsQuotes(name));
            }
            for part in &mut self.parts {
                part.text = part.text.replace(placeholder, secret);
            }
        }
        Ok(self)
    }
}

impl fmt::Display for ServerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, SettingsPart { place, file: _, text }) in self.parts.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}== {place}\n\n{text}")?;
        }
        Ok(())
    }
}

struct SelfHosted<'a> {
    host: &'a str,
    issuer: &'a str,
    audience: &'a str,
    subject: &'a str,
    /// The name of the file with our public key, if there is one.
    public_key: Option<String>,
    /// The same for the key of [`ServerChoices::end_meeting_key_id`].
    end_meeting_key: Option<String>,
    choices: &'a ServerChoices,
}

/// Prosody requests `<asap_key_server>/<SHA-256 of the key id>.pem` (`token/util.lib.lua`).
fn key_file(key_id: &str) -> String {
    let hash = digest::digest(&digest::SHA256, key_id.as_bytes());
    format!("{}.pem", attune_webhook_signature::hex(hash.as_ref()))
}

/// The name of a module, and its effect.
type Module = (&'static str, &'static str);

/// The reason for a setting, and the setting.
type Line = (String, String);

fn line(why: impl Into<String>, setting: impl Into<String>) -> Line {
    (why.into(), setting.into())
}

/// Those items whose condition holds.
fn applicable<T>(items: impl IntoIterator<Item = (bool, T)>) -> Vec<T> {
    items.into_iter().filter_map(|(applies, item)| applies.then_some(item)).collect()
}

const WHY_APP_ID: &str = "The app id of the tokens; without it, no token is checked.";
const WHY_SECRET: &str = "The secret that signs our tokens.";
const WHY_ISSUER: &str = "The `iss` of our tokens.";
const WHY_AUDIENCE: &str = "The `aud` of our tokens.";
const WHY_LIMIT: &str = "Enables limits. This one is for rooms that we do not know; ours comes with the reservation.";
const APP_SECRET: &str = "<jitsi.app_secret>";
const SERVER_SECRET: &str = "<jitsi.server_secret>";
const KEY_SERVER: &str = "<URL of the folder with the public key>";
const END_MEETING_KEY_SERVER: &str = "<URL of another folder>";
const WHY_END_MEETING: &str = "a therapist can end a session for everyone";
/// Docker's image limits lobbies as well: people who knock must not fill them.
const SERVER_LIMIT: u32 = 1_000;
const WHY_RETRY: &str = "Repeats requests while we restart or are unreachable";
/// Reports wait for an hour: a lost one would falsify attendance.
const EVENT_RETRIES: (u32, u32) = (240, 15);
/// A person who joins waits for the response.
const RESERVATION_RETRIES: (u32, u32) = (10, 3);

impl SelfHosted<'_> {
    fn docker(&self) -> SettingsPart {
        let mut lines = vec![
            line("Only users with a token can join.", "ENABLE_AUTH=1"),
            line("The tokens are JSON Web Tokens.", "AUTH_TYPE=jwt"),
            line(WHY_APP_ID, variable("JWT_APP_ID", self.issuer)),
            match &self.public_key {
                None => line(WHY_SECRET, format!("JWT_APP_SECRET={APP_SECRET}")),
                Some(file) => line(why_key_server(file), format!("JWT_ASAP_KEYSERVER={KEY_SERVER}")),
            },
            line(WHY_ISSUER, variable("JWT_ACCEPTED_ISSUERS", self.issuer)),
            line(WHY_AUDIENCE, variable("JWT_ACCEPTED_AUDIENCES", self.audience)),
            line("Otherwise Jicofo makes every authenticated user an owner.", "JICOFO_ENABLE_AUTH=0"),
            line("Otherwise Jicofo makes the first participant of a room its owner.", "ENABLE_AUTO_OWNER=0"),
            line("Otherwise Prosody makes every user with a token an owner.", "WAIT_FOR_HOST_DISABLE_AUTO_OWNERS=1"),
            module_variable("XMPP_MUC_MODULES", &self.room_modules()),
            module_variable("XMPP_MODULES", &self.host_modules()),
        ];
        if let Some(url) = self.choices.usable_reservations_url() {
            lines.push(line("A room is created only if we permit it.", "PROSODY_RESERVATION_ENABLED=1"));
            lines.push(line("The URL of the reservations.", variable("PROSODY_RESERVATION_REST_BASE_URL", url)));
            let settings: Vec<String> = self.reservation_settings().into_iter().map(|(_, setting)| setting).collect();
            lines.push(line(
                "Prosody's settings for the reservations: authentication, retries and our limits. Commas separate them, so \
                 the secret must contain neither a comma nor a single quote.",
                format!("XMPP_CONFIGURATION='{}'", settings.join(",")),
            ));
        }
        if self.choices.limits_occupants() {
            lines.push(line(
                format!("{WHY_LIMIT} It also limits every lobby, so it must be generous."),
                format!("MAX_PARTICIPANTS={SERVER_LIMIT}"),
            ));
        }
        if let Some(file) = &self.end_meeting_key {
            lines.push(module_variable("GLOBAL_MODULES", &[("muc_end_meeting", WHY_END_MEETING)]));
            lines.push(line(why_end_meeting_key_server(file), format!("GLOBAL_CONFIG='{}'", end_meeting_setting())));
        }
        let mut text = render(&lines, "", "#");
        text.push_str(&self.notes("meet.jitsi", "#", &["Docker's image contains all of these modules."]));
        part(".env of docker-jitsi-meet", "docker-jitsi-meet/attune.env", text)
    }

    /// What has no variable. The host names are the defaults.
    fn docker_components(&self) -> Option<SettingsPart> {
        let text = self.events("muc.meet.jitsi", "esync.meet.jitsi")?;
        let place = "${CONFIG}/prosody/config/conf.d/attune.cfg.lua of docker-jitsi-meet, a new file";
        Some(part(place, "docker-jitsi-meet/attune.cfg.lua", text))
    }

    fn prosody(&self) -> SettingsPart {
        let host = self.host;
        let rooms = format!("conference.{host}");
        let checks = [
            line("Only users with one of our tokens can join.", "authentication = \"token\""),
            line(WHY_APP_ID, format!("app_id = {}", lua(self.issuer))),
            match &self.public_key {
                None => line(WHY_SECRET, format!("app_secret = \"{APP_SECRET}\"")),
                Some(file) => line(why_key_server(file), format!("asap_key_server = {}", lua(KEY_SERVER))),
            },
            line(WHY_ISSUER, format!("asap_accepted_issuers = {{ {} }}", lua(self.issuer))),
            line(WHY_AUDIENCE, format!("asap_accepted_audiences = {{ {} }}", lua(self.audience))),
            line("A user without a token would be a host and own the room.", "allow_empty_token = false"),
        ];
        let mut room_modules = vec![("token_verification", "a token is valid for one room")];
        room_modules.extend(self.room_modules());
        let mut room_settings = vec![line(
            "Otherwise every user with a token becomes an owner where rooms wait for a host. Effective in the section of the rooms only.",
            "wait_for_host_disable_auto_owners = true",
        )];
        if self.choices.limits_occupants() {
            room_modules.push(("muc_max_occupants", "limits the number of participants"));
            room_settings.push(line(WHY_LIMIT, format!("muc_max_occupants = {SERVER_LIMIT}")));
            let jicofo = lua(&format!("focus@auth.{host}"));
            room_settings.push(line(
                "Jicofo is in every room and does not count.",
                format!("muc_access_whitelist = {{ {jicofo} }}"),
            ));
        }
        let mut text = comment(
            "The first two sections exist already: add these lines, and keep the modules in their lists except muc_allowners, which makes every user an owner.",
            "",
            "--",
        );
        text.push_str(&format!("\nVirtualHost {}\n", lua(host)));
        let mut host_modules = self.host_modules();
        if self.choices.usable_reservations_url().is_some() {
            host_modules.push(("reservations", "a room is created only if we permit it"));
        }
        text.push_str(&module_list(&host_modules));
        text.push_str(&render(&checks, "    ", "--"));
        if let Some(url) = self.choices.usable_reservations_url() {
            let prefix = line("The URL of the reservations.", format!("reservations_api_prefix = {}", lua(url)));
            text.push_str(&render(&[prefix], "    ", "--"));
            text.push_str(&render(&self.reservation_settings(), "    ", "--"));
        }
        text.push_str(&format!("\nComponent {} \"muc\"\n", lua(&rooms)));
        text.push_str(&module_list(&room_modules));
        text.push_str(&render(&room_settings, "    ", "--"));
        if let Some(events) = self.events(&rooms, &format!("esync.{host}")) {
            text.push_str(&format!("\n{events}"));
        }
        let contributed = applicable([
            (true, "token_affiliation for an older server"),
            (self.choices.lobby, "token_lobby_bypass"),
            (self.choices.usable_events_url().is_some(), "event_sync_component"),
        ]);
        let contributed = format!(
            "From github.com/jitsi-contrib/prosody-plugins into /usr/share/jitsi-meet/prosody-plugins: {}.",
            contributed.join(", ")
        );
        let notes = ["token_affiliation has been part of Jitsi since May 2026.", contributed.as_str()];
        text.push_str(&self.notes(host, "--", &notes));
        let file = format!("debian/{}.cfg.lua", host.replace('/', "_"));
        part(format!("/etc/prosody/conf.avail/{host}.cfg.lua of Debian's packages"), file, text)
    }

    /// What concerns no host.
    fn prosody_globals(&self) -> Option<SettingsPart> {
        let file = self.end_meeting_key.as_ref()?;
        let mut text = comment("Before the first VirtualHost: keep the modules in the list.", "", "--");
        let module = [("muc_end_meeting", WHY_END_MEETING)];
        text.extend(
            module_list(&module).lines().map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned() + "\n"),
        );
        text.push_str(&render(&[line(why_end_meeting_key_server(file), end_meeting_setting())], "", "--"));
        Some(part("/etc/prosody/prosody.cfg.lua of Debian's packages", "debian/prosody.cfg.lua", text))
    }

    fn room_modules(&self) -> Vec<Module> {
        applicable([
            (true, ("token_affiliation", "only therapists are owners of the room")),
            (self.choices.lock_display_names, ("muc_displayname", "participants keep the name in their token")),
            (self.choices.lobby, ("token_lobby_bypass", "therapists bypass the lobby")),
        ])
    }

    fn host_modules(&self) -> Vec<Module> {
        vec![
            ("filter_iq_jibri", "only users whose token permits it can record"),
            ("persistent_lobby", "the lobby exists before a therapist joins"),
        ]
    }

    /// Besides the URL.
    fn reservation_settings(&self) -> Vec<Line> {
        let (count, delay) = RESERVATION_RETRIES;
        let why_retry = format!("{WHY_RETRY}: for {} seconds, while the person who joins waits.", count * delay);
        applicable([
            (true, line("Authenticates your server to us.", authorization("reservations_api_headers"))),
            (true, line(why_retry, format!("reservations_api_retry_count = {count}"))),
            (true, line("Seconds between two attempts.", format!("reservations_api_retry_delay = {delay}"))),
            (
                self.choices.max_occupants.is_some(),
                line("Enforces the limit in our response.", "reservations_enable_max_occupants = true"),
            ),
            (
                self.choices.lobby,
                line("Creates the lobby in our response.", "reservations_enable_lobby_support = true"),
            ),
        ])
    }

    fn events(&self, rooms: &str, component: &str) -> Option<String> {
        let url = self.choices.usable_events_url()?;
        let (count, delay) = EVENT_RETRIES;
        let why_retry = format!(
            "{WHY_RETRY}, for {} minutes: a lost report of a person who left falsifies attendance.",
            count * delay / 60
        );
        let lines = [
            line("The rooms whose events are reported.", format!("muc_component = {}", lua(rooms))),
            line("The URL that receives the events.", format!("api_prefix = {}", lua(url))),
            line("Authenticates your server to us.", authorization("api_headers")),
            line(why_retry, format!("api_retry_count = {count}")),
            line("Seconds between two attempts.", format!("api_retry_delay = {delay}")),
        ];
        Some(format!("Component {} \"event_sync_component\"\n{}", lua(component), render(&lines, "    ", "--")))
    }

    /// Notes that begin with those of one variant.
    fn notes(&self, xmpp_domain: &str, mark: &str, own: &[&str]) -> String {
        let choices = self.choices;
        let has_reservations = choices.usable_reservations_url().is_some();
        let domain = format!(
            "The `sub` of our tokens is {}. A server that verifies domains requires its own domain, which is {xmpp_domain} \
             unless you renamed it, or the name of a tenant, and otherwise refuses all users.",
            self.subject
        );
        let notes = applicable([
            (
                has_reservations,
                "Do not set conferenceRequestUrl in config.js: rooms requested over HTTP are created without asking us.",
            ),
            (
                !choices.server_secret,
                "jitsi.server_secret is not set, so your server sends us no requests: we refuse and end no room, and there is no \
                 attendance.",
            ),
            (choices.lobby && !has_reservations, "The lobby needs the reservations, which enable it."),
            (
                choices.max_occupants.is_some() && !has_reservations,
                "The number of participants needs the reservations, which limit it.",
            ),
            (
                choices.visitors,
                "Visitors have to be set up on the server. Until then, observers join as participants without features.",
            ),
            (
                choices.end_meeting_key_id.is_some(),
                "Prosody's HTTP port must be reachable by us and not from the internet.",
            ),
            (
                choices.token_in_query,
                "If your server is newer than May 2024, set jitsi.token_placement to fragment: tokens then appear in no access \
                 log.",
            ),
            (self.subject != "*" && !self.subject.eq_ignore_ascii_case(xmpp_domain), domain.as_str()),
        ]);
        let lines: String = own.iter().copied().chain(notes).map(|note| comment(note, "", mark)).collect();
        format!("\n{lines}")
    }
}

fn jicofo() -> SettingsPart {
    let text = "\
jicofo {
  authentication {
    # Otherwise every authenticated user becomes an owner.
    enabled = false
  }
  conference {
    # Otherwise the first participant of a room becomes its owner.
    enable-auto-owner = false
  }
}
";
    part("/etc/jitsi/jicofo/jicofo.conf of Debian's packages", "debian/jicofo.conf", text.to_owned())
}

fn jaas(key_id: &str, choices: &ServerChoices) -> SettingsPart {
    let webhooks = match &choices.events_url {
        Some(url) => format!(
            "\
2. Webhooks: add {url}
   with the events PARTICIPANT_JOINED, PARTICIPANT_LEFT, ROOM_DESTROYED and SETTINGS_PROVISIONING, and set
   jitsi.jaas_webhook_secret to the secret that the console shows for it. JaaS then reports attendance and requests the
   settings for lobby and participants.
"
        ),
        None => "\
2. Webhooks: none, because we have no public URL. There is no attendance, and we set no limits.
"
        .to_owned(),
    };
    let text = format!(
        "\
There is no server to set up. Two steps are needed in the JaaS console:

1. API keys: upload our public key (`openssl pkey -in <private key> -pubout`). The id that the console shows for it has
   to be the configured one, which is {key_id}.
{webhooks}"
    );
    SettingsPart { place: "JaaS console".to_owned(), file: None, text }
}

fn part(place: impl Into<String>, file: impl Into<String>, text: String) -> SettingsPart {
    SettingsPart { place: place.into(), file: Some(file.into()), text }
}

fn why_key_server(file: &str) -> String {
    format!(
        "The URL of the folder that contains our public key (`openssl pkey -in <private key> -pubout`) as the file \
         {file}"
    )
}

fn why_end_meeting_key_server(file: &str) -> String {
    format!(
        "The URL of a folder that contains only our public key for ending sessions (`openssl pkey -in \
         <jitsi.end_meeting_key_file> -pubout`) as the file {file}. With the key of the links in it, everyone who has a link \
         could close all rooms."
    )
}

fn end_meeting_setting() -> String {
    format!("prosody_password_public_key_repo_url = {}", lua(END_MEETING_KEY_SERVER))
}

fn authorization(name: &str) -> String {
    format!("{name} = {{ [\"Authorization\"] = \"Bearer {SERVER_SECRET}\" }}")
}

/// docker-jitsi-meet adds these modules to its own.
fn module_variable(name: &str, modules: &[Module]) -> Line {
    let names: Vec<&str> = modules.iter().map(|(name, _)| *name).collect();
    let reasons: Vec<String> = modules.iter().map(|(name, why)| format!("{name}: {why}.")).collect();
    line(reasons.join(" "), format!("{name}={}", names.join(",")))
}

fn module_list(modules: &[Module]) -> String {
    let lines: String = modules.iter().map(|(name, why)| format!("        {}; -- {why}\n", lua(name))).collect();
    format!("    modules_enabled = {{\n        -- existing modules\n{lines}    }}\n")
}

/// Each setting follows its reason.
fn render(lines: &[Line], indent: &str, mark: &str) -> String {
    lines.iter().map(|(why, setting)| comment(why, indent, mark) + indent + setting + "\n").collect()
}

fn comment(words: &str, indent: &str, mark: &str) -> String {
    const WIDTH: usize = 110;
    let start = format!("{indent}{mark}");
    let mut lines = String::new();
    let mut line = start.clone();
    for word in words.split(' ') {
        if line != start && line.len() + word.len() >= WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            line.clone_from(&start);
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}

/// A string literal.
fn lua(raw: &str) -> String {
    format!("\"{}\"", raw.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A line of an `.env`. Single quotes disable all special characters.
fn variable(name: &str, value: &str) -> String {
    if value.bytes().all(is_plain) {
        format!("{name}={value}")
    } else {
        format!("{name}='{}'", value.replace('\'', "\\'"))
    }
}

/// Whether this character means itself in an `.env`, in a string literal and in a list with commas.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._:/*@-".contains(&byte)
}
