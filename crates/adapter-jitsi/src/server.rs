//! The settings that a video server needs to enforce our tokens.
//!
//! Without them, a self-hosted Jitsi accepts the tokens and silently makes the first participant, or every participant, an
//! owner of the room. Every setting has its reason; secrets are placeholders.

mod limits;

use std::fmt;

use aws_lc_rs::digest;

pub use self::limits::not_enforceable;
use crate::signer::text;
use crate::{Deployment, SetupError, SigningKey};

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
    pub fixed_names: bool,
    /// Our public URL for reservations, to which the server appends `/conference`.
    pub reservations_url: Option<String>,
    /// Our public URL for events: a self-hosted server appends `/events/…`; for JaaS, the URL of its webhook.
    pub events_url: Option<String>,
    /// Whether a secret is configured that authenticates a self-hosted server to us. Without it, we refuse its requests.
    pub server_secret: bool,
}

impl ServerChoices {
    fn usable_reservations_url(&self) -> Option<&str> {
        self.reservations_url.as_deref().filter(|_| self.server_secret)
    }

    fn usable_events_url(&self) -> Option<&str> {
        self.events_url.as_deref().filter(|_| self.server_secret)
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
    /// The lines, each with its reason. Secrets are placeholders such as `<jitsi.app_secret>`.
    pub text: String,
}

impl ServerSettings {
    /// For a self-hosted server, there are two variants: for docker-jitsi-meet and for Debian's packages.
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
                    choices,
                };
                vec![server.docker(), server.prosody(), jicofo()]
            }
            Deployment::Jaas { key_id, .. } => vec![jaas(text("key id", key_id)?, choices)],
        };
        Ok(Self { parts })
    }

    pub fn parts(&self) -> &[SettingsPart] {
        &self.parts
    }
}

impl fmt::Display for ServerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, SettingsPart { place, text }) in self.parts.iter().enumerate() {
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
    choices: &'a ServerChoices,
}

/// Prosody requests `<asap_key_server>/<SHA-256 of the key id>.pem` (`token/util.lib.lua`).
fn key_file(key_id: &str) -> String {
    let hash = digest::digest(&digest::SHA256, key_id.as_bytes());
    format!("{}.pem", attune_webhook_signature::hex(hash.as_ref()))
}

/// The name of a module, and its effect.
struct Module(&'static str, &'static str);

struct Line {
    why: String,
    setting: String,
}

fn line(why: impl Into<String>, setting: impl Into<String>) -> Line {
    Line { why: why.into(), setting: setting.into() }
}

const WHY_APP_ID: &str = "The app id of the tokens; without it, no token is checked.";
const WHY_SECRET: &str = "The secret that signs our tokens.";
const WHY_ISSUER: &str = "The `iss` of our tokens.";
const WHY_AUDIENCE: &str = "The `aud` of our tokens.";
const WHY_LIMIT: &str = "The maximum number of participants in a room.";
const KEY_SERVER: &str = "<URL of the folder with the public key>";

impl SelfHosted<'_> {
    fn docker(&self) -> SettingsPart {
        let mut lines = vec![
            line("Only users with a token can join.", "ENABLE_AUTH=1"),
            line("The tokens are JSON Web Tokens.", "AUTH_TYPE=jwt"),
            line(WHY_APP_ID, variable("JWT_APP_ID", self.issuer)),
            match &self.public_key {
                None => line(WHY_SECRET, "JWT_APP_SECRET=<jitsi.app_secret>"),
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
        if let Some(most) = self.choices.max_occupants {
            lines.push(line(WHY_LIMIT, format!("MAX_PARTICIPANTS={most}")));
        }
        let mut text = render(&lines, "", "#");
        let mut extra = self.reservations();
        if !extra.is_empty() {
            extra.insert_str(0, "\nVirtualHost \"meet.jitsi\"\n");
        }
        extra.push_str(&self.events("muc.meet.jitsi", "esync.meet.jitsi"));
        if !extra.is_empty() {
            text.push('\n');
            text.push_str(&comment(
                "The following has no variable and belongs in Prosody's configuration. The host names are the defaults of docker-jitsi-meet.",
                "",
                "#",
            ));
            text.extend(extra.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n"));
        }
        text.push_str(&self.notes("meet.jitsi", "#"));
        SettingsPart { place: ".env of docker-jitsi-meet".to_owned(), text }
    }

    fn prosody(&self) -> SettingsPart {
        let host = self.host;
        let rooms = format!("conference.{host}");
        let checks = [
            line("Only users with one of our tokens can join.", "authentication = \"token\""),
            line(WHY_APP_ID, format!("app_id = {}", lua(self.issuer))),
            match &self.public_key {
                None => line(WHY_SECRET, "app_secret = \"<jitsi.app_secret>\""),
                Some(file) => line(why_key_server(file), format!("asap_key_server = {}", lua(KEY_SERVER))),
            },
            line(WHY_ISSUER, format!("asap_accepted_issuers = {{ {} }}", lua(self.issuer))),
            line(WHY_AUDIENCE, format!("asap_accepted_audiences = {{ {} }}", lua(self.audience))),
            line("A user without a token would be a host and own the room.", "allow_empty_token = false"),
        ];
        let mut room_modules = vec![Module("token_verification", "a token is valid for one room")];
        room_modules.extend(self.room_modules());
        let mut room_settings = vec![line(
            "Otherwise every user with a token becomes an owner where rooms wait for a host. Effective in the section of the rooms only.",
            "wait_for_host_disable_auto_owners = true",
        )];
        if let Some(most) = self.choices.max_occupants {
            room_modules.push(Module("muc_max_occupants", "limits the number of participants"));
            room_settings.push(line(WHY_LIMIT, format!("muc_max_occupants = {most}")));
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
        text.push_str(&module_list(&self.host_modules()));
        text.push_str(&render(&checks, "    ", "--"));
        text.push_str(&self.reservations());
        text.push_str(&format!("\nComponent {} \"muc\"\n", lua(&rooms)));
        text.push_str(&module_list(&room_modules));
        text.push_str(&render(&room_settings, "    ", "--"));
        text.push_str(&self.events(&rooms, &format!("esync.{host}")));
        text.push_str(&self.notes(host, "--"));
        SettingsPart { place: format!("/etc/prosody/conf.avail/{host}.cfg.lua of Debian's packages"), text }
    }

    fn room_modules(&self) -> Vec<Module> {
        let mut modules = vec![Module("token_affiliation", "only therapists are owners of the room")];
        if self.choices.fixed_names {
            modules.push(Module("muc_displayname", "participants keep the name in their token"));
        }
        if self.choices.lobby {
            modules.push(Module("token_lobby_bypass", "therapists bypass the lobby"));
        }
        modules
    }

    fn host_modules(&self) -> Vec<Module> {
        let mut modules = vec![
            Module("filter_iq_jibri", "only users whose token permits it can record"),
            Module("persistent_lobby", "the lobby exists before a therapist joins"),
        ];
        if self.choices.usable_reservations_url().is_some() {
            modules.push(Module("reservations", "a room is created only if we permit it"));
        }
        modules
    }

    fn reservations(&self) -> String {
        let Some(url) = self.choices.usable_reservations_url() else { return String::new() };
        let mut lines = vec![
            line("The URL of the reservations.", format!("reservations_api_prefix = {}", lua(url))),
            line("Authenticates your server to us.", authorization("reservations_api_headers")),
        ];
        if self.choices.max_occupants.is_some() {
            lines.push(line("Enforces the limit in our response.", "reservations_enable_max_occupants = true"));
        }
        if self.choices.lobby {
            lines.push(line("Creates the lobby in our response.", "reservations_enable_lobby_support = true"));
        }
        render(&lines, "    ", "--")
    }

    fn events(&self, rooms: &str, component: &str) -> String {
        let Some(url) = self.choices.usable_events_url() else { return String::new() };
        let lines = [
            line("The rooms whose events are reported.", format!("muc_component = {}", lua(rooms))),
            line("The URL that receives the events.", format!("api_prefix = {}", lua(url))),
            line("Authenticates your server to us.", authorization("api_headers")),
        ];
        format!("\nComponent {} \"event_sync_component\"\n{}", lua(component), render(&lines, "    ", "--"))
    }

    fn notes(&self, xmpp_domain: &str, mark: &str) -> String {
        let mut notes = vec!["token_affiliation has been part of Jitsi since May 2026.".to_owned()];
        let mut contributed = vec!["token_affiliation for an older server"];
        if self.choices.lobby {
            contributed.push("token_lobby_bypass");
        }
        if self.choices.usable_events_url().is_some() {
            contributed.push("event_sync_component");
        }
        notes.push(format!("Available from github.com/jitsi-contrib/prosody-plugins: {}.", contributed.join(", ")));
        if self.choices.usable_reservations_url().is_some() {
            notes.push(
                "Do not set conferenceRequestUrl in config.js: rooms requested over HTTP are created without asking us."
                    .to_owned(),
            );
        }
        if !self.choices.server_secret {
            notes.push(
                "jitsi.server_secret is not set, so your server sends us no requests: we refuse and end no room, and there is no \
                 attendance."
                    .to_owned(),
            );
        }
        if self.choices.lobby && self.choices.usable_reservations_url().is_none() {
            notes.push("The lobby needs the reservations, which enable it.".to_owned());
        }
        if self.choices.visitors {
            notes.push(
                "Visitors have to be set up on the server. Until then, observers join as participants without features."
                    .to_owned(),
            );
        }
        if self.subject != "*" && !self.subject.eq_ignore_ascii_case(xmpp_domain) {
            notes.push(format!(
                "The `sub` of our tokens is {}. A server that verifies domains requires its own domain, which is {xmpp_domain} \
                 unless you renamed it, or the name of a tenant, and otherwise refuses all users.",
                self.subject
            ));
        }
        let lines: String = notes.iter().map(|note| comment(note, "", mark)).collect();
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
    SettingsPart { place: "/etc/jitsi/jicofo/jicofo.conf of Debian's packages".to_owned(), text: text.to_owned() }
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
    SettingsPart { place: "JaaS console".to_owned(), text }
}

fn why_key_server(file: &str) -> String {
    format!(
        "The URL of the folder that contains our public key (`openssl pkey -in <private key> -pubout`) as the file \
         {file}"
    )
}

fn authorization(name: &str) -> String {
    format!("{name} = {{ [\"Authorization\"] = \"Bearer <jitsi.server_secret>\" }}")
}

/// docker-jitsi-meet adds these modules to its own.
fn module_variable(name: &str, modules: &[Module]) -> Line {
    let names: Vec<&str> = modules.iter().map(|Module(name, _)| *name).collect();
    let reasons: Vec<String> = modules.iter().map(|Module(name, why)| format!("{name}: {why}.")).collect();
    line(reasons.join(" "), format!("{name}={}", names.join(",")))
}

fn module_list(modules: &[Module]) -> String {
    let lines: String = modules.iter().map(|Module(name, why)| format!("        {}; -- {why}\n", lua(name))).collect();
    format!("    modules_enabled = {{\n        -- existing modules\n{lines}    }}\n")
}

/// Each setting follows its reason.
fn render(lines: &[Line], indent: &str, mark: &str) -> String {
    lines.iter().map(|Line { why, setting }| comment(why, indent, mark) + indent + setting + "\n").collect()
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
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/*@-".contains(&b));
    if plain { format!("{name}={value}") } else { format!("{name}='{}'", value.replace('\'', "\\'")) }
}

#[cfg(test)]
mod tests;
