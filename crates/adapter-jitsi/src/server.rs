//! What a video server has to be told, so that it does what our tokens say.
//!
//! Without it a self-hosted Jitsi takes the tokens and makes the first person in a room its owner, or everybody, and says
//! nothing about it. The settings stand here once, with the reason for each; secrets are named and never shown.

mod limits;

use std::fmt;

use aws_lc_rs::digest;

pub use self::limits::not_enforceable;
use crate::signer::text;
use crate::{Deployment, SetupError, SigningKey};

/// What the practice decided about its rooms, as far as a server is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerChoices {
    /// The host of the rooms, such as `meet.example.org`. JaaS has its own.
    pub host: String,
    /// People wait outside until a therapist lets them in.
    pub lobby: bool,
    /// How many people a room takes at once; the server's own limit where it is missing.
    pub max_occupants: Option<u32>,
    /// Observers take a visitor's seat.
    pub visitors: bool,
    /// People keep the name that their link gives them.
    pub fixed_names: bool,
    /// Where we answer which rooms may exist, as the public address that is followed by `/conference`.
    pub reservations_url: Option<String>,
    /// Where we are told what happens in rooms: for a self-hosted server the public address that is followed by
    /// `/events/…`, for JaaS that of its webhook.
    pub events_url: Option<String>,
    /// We know the secret that a self-hosted server shows us. Without it we answer none of its questions.
    pub server_secret: bool,
}

impl ServerChoices {
    /// Whom a self-hosted server asks. Without the secret we would not know that it is ours, so it asks nobody.
    fn asked_at(&self) -> Option<&str> {
        self.reservations_url.as_deref().filter(|_| self.server_secret)
    }

    /// Whom a self-hosted server tells, likewise.
    fn told_at(&self) -> Option<&str> {
        self.events_url.as_deref().filter(|_| self.server_secret)
    }
}

/// The settings of the video server that belong to one deployment. `Display` writes them one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    parts: Vec<SettingsPart>,
}

/// The settings for one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsPart {
    /// Where they belong, such as the name of a file.
    pub place: String,
    /// The lines, each with its reason. Where a secret belongs stands its name, such as `<jitsi.app_secret>`.
    pub text: String,
}

impl ServerSettings {
    /// Writes the settings down. For a self-hosted server they come twice, as docker-jitsi-meet and as Debian's packages
    /// want them; the operator takes one of the two. Errors: a name or an address that cannot be.
    pub fn new(deployment: &Deployment, choices: &ServerChoices) -> Result<Self, SetupError> {
        for (what, url) in
            [("address for reservations", &choices.reservations_url), ("address for events", &choices.events_url)]
        {
            url.as_deref().map(|url| text(what, url)).transpose()?;
        }
        let parts = match deployment {
            Deployment::SelfHosted { issuer, audience, subject, key } => {
                let server = OwnServer {
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

    /// The settings, place by place.
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

/// A Jitsi of the practice's own.
struct OwnServer<'a> {
    host: &'a str,
    issuer: &'a str,
    audience: &'a str,
    subject: &'a str,
    /// The name of the file in which the server looks for the public half of our key, where the key has two.
    public_key: Option<String>,
    choices: &'a ServerChoices,
}

/// Prosody asks for `<asap_key_server>/<SHA-256 of the key's name>.pem` (`token/util.lib.lua`).
fn key_file(key_id: &str) -> String {
    let hash = digest::digest(&digest::SHA256, key_id.as_bytes());
    format!("{}.pem", attune_webhook_signature::hex(hash.as_ref()))
}

/// A module of Prosody's, and what is so because of it.
struct Module(&'static str, &'static str);

/// One setting and why it is there.
struct Line {
    why: String,
    setting: String,
}

fn line(why: impl Into<String>, setting: impl Into<String>) -> Line {
    Line { why: why.into(), setting: setting.into() }
}

const WHY_APP_ID: &str = "The name of whoever makes the tokens; nothing is checked without it.";
const WHY_SECRET: &str = "The secret that signs our tokens.";
const WHY_ISSUER: &str = "The `iss` of our tokens.";
const WHY_AUDIENCE: &str = "The `aud` of our tokens.";
const WHY_LIMIT: &str = "How many people a room takes at once.";
/// Nobody but the operator knows where the key is served.
const KEY_SERVER: &str = "<address of the folder with the public key>";

impl OwnServer<'_> {
    /// Lines of docker-jitsi-meet's `.env`.
    fn docker(&self) -> SettingsPart {
        let mut lines = vec![
            line("Only people with a token come in.", "ENABLE_AUTH=1"),
            line("The tokens are ours.", "AUTH_TYPE=jwt"),
            line(WHY_APP_ID, variable("JWT_APP_ID", self.issuer)),
            match &self.public_key {
                None => line(WHY_SECRET, "JWT_APP_SECRET=<jitsi.app_secret>"),
                Some(file) => line(why_key_server(file), format!("JWT_ASAP_KEYSERVER={KEY_SERVER}")),
            },
            line(WHY_ISSUER, variable("JWT_ACCEPTED_ISSUERS", self.issuer)),
            line(WHY_AUDIENCE, variable("JWT_ACCEPTED_AUDIENCES", self.audience)),
            line("Else Jicofo makes everybody who logged in an owner.", "JICOFO_ENABLE_AUTH=0"),
            line("Else Jicofo makes the first person in a room its owner.", "ENABLE_AUTO_OWNER=0"),
            line("Else Prosody makes everybody with a token an owner.", "WAIT_FOR_HOST_DISABLE_AUTO_OWNERS=1"),
            module_variable("XMPP_MUC_MODULES", &self.room_modules()),
            module_variable("XMPP_MODULES", &self.host_modules()),
        ];
        if let Some(most) = self.choices.max_occupants {
            lines.push(line(WHY_LIMIT, format!("MAX_PARTICIPANTS={most}")));
        }
        let mut text = written(&lines, "", "#");
        let mut beside = self.reservations();
        if !beside.is_empty() {
            beside.insert_str(0, "\nVirtualHost \"meet.jitsi\"\n");
        }
        beside.push_str(&self.events("muc.meet.jitsi", "esync.meet.jitsi"));
        if !beside.is_empty() {
            text.push('\n');
            text.push_str(&comment(
                "What follows has no variable. It belongs into Prosody's own configuration. The names of hosts are those \
                 that docker-jitsi-meet gives by itself.",
                "",
                "#",
            ));
            text.extend(beside.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n"));
        }
        text.push_str(&self.notes("meet.jitsi", "#"));
        SettingsPart { place: ".env of docker-jitsi-meet".to_owned(), text }
    }

    /// Lines of Prosody's configuration, as Debian's packages lay it out.
    fn prosody(&self) -> SettingsPart {
        let host = self.host;
        let rooms = format!("conference.{host}");
        let checks = [
            line("Only people with a token of ours come in.", "authentication = \"token\""),
            line(WHY_APP_ID, format!("app_id = {}", lua(self.issuer))),
            match &self.public_key {
                None => line(WHY_SECRET, "app_secret = \"<jitsi.app_secret>\""),
                Some(file) => line(why_key_server(file), format!("asap_key_server = {}", lua(KEY_SERVER))),
            },
            line(WHY_ISSUER, format!("asap_accepted_issuers = {{ {} }}", lua(self.issuer))),
            line(WHY_AUDIENCE, format!("asap_accepted_audiences = {{ {} }}", lua(self.audience))),
            line("Somebody without a token would count as a host, and own the room.", "allow_empty_token = false"),
        ];
        let mut room_modules = vec![Module("token_verification", "a token opens the one room it names")];
        room_modules.extend(self.room_modules());
        let mut doors = vec![line(
            "Else everybody with a token is made an owner where rooms wait for a host. It counts here only, in the part of \
             the rooms.",
            "wait_for_host_disable_auto_owners = true",
        )];
        if let Some(most) = self.choices.max_occupants {
            room_modules.push(Module("muc_max_occupants", "a room can be full"));
            doors.push(line(WHY_LIMIT, format!("muc_max_occupants = {most}")));
            let jicofo = lua(&format!("focus@auth.{host}"));
            doors
                .push(line("Jicofo is in every room and is nobody.", format!("muc_access_whitelist = {{ {jicofo} }}")));
        }
        let mut text = comment(
            "The first two parts exist already: add to them, and keep what their lists of modules hold, all but \
             muc_allowners, which makes everybody an owner.",
            "",
            "--",
        );
        text.push_str(&format!("\nVirtualHost {}\n", lua(host)));
        text.push_str(&module_list(&self.host_modules()));
        text.push_str(&written(&checks, "    ", "--"));
        text.push_str(&self.reservations());
        text.push_str(&format!("\nComponent {} \"muc\"\n", lua(&rooms)));
        text.push_str(&module_list(&room_modules));
        text.push_str(&written(&doors, "    ", "--"));
        text.push_str(&self.events(&rooms, &format!("esync.{host}")));
        text.push_str(&self.notes(host, "--"));
        SettingsPart { place: format!("/etc/prosody/conf.avail/{host}.cfg.lua of Debian's packages"), text }
    }

    /// Modules of the rooms.
    fn room_modules(&self) -> Vec<Module> {
        let mut modules = vec![Module("token_affiliation", "therapists own the room, and nobody else does")];
        if self.choices.fixed_names {
            modules.push(Module("muc_displayname", "people keep the name in their token"));
        }
        if self.choices.lobby {
            modules.push(Module("token_lobby_bypass", "therapists walk past the lobby"));
        }
        modules
    }

    /// Modules of the server itself.
    fn host_modules(&self) -> Vec<Module> {
        let mut modules = vec![
            Module("filter_iq_jibri", "nobody records whose token does not say so"),
            Module("persistent_lobby", "a lobby is there before the therapist is"),
        ];
        if self.choices.asked_at().is_some() {
            modules.push(Module("reservations", "we are asked before a room is made"));
        }
        modules
    }

    /// Settings with which the server asks us before it makes a room.
    fn reservations(&self) -> String {
        let Some(url) = self.choices.asked_at() else { return String::new() };
        let mut lines = vec![
            line("Whom to ask.", format!("reservations_api_prefix = {}", lua(url))),
            line("How we know that it is your server who asks.", proof("reservations_api_headers")),
        ];
        if self.choices.max_occupants.is_some() {
            lines.push(line("The limit in our answer holds.", "reservations_enable_max_occupants = true"));
        }
        if self.choices.lobby {
            lines.push(line("The lobby in our answer is made.", "reservations_enable_lobby_support = true"));
        }
        written(&lines, "    ", "--")
    }

    /// A component that tells us who comes and goes.
    fn events(&self, rooms: &str, component: &str) -> String {
        let Some(url) = self.choices.told_at() else { return String::new() };
        let lines = [
            line("Whose comings and goings.", format!("muc_component = {}", lua(rooms))),
            line("Whom to tell.", format!("api_prefix = {}", lua(url))),
            line("How we know that it is your server who tells.", proof("api_headers")),
        ];
        format!("\nComponent {} \"event_sync_component\"\n{}", lua(component), written(&lines, "    ", "--"))
    }

    /// What the operator has to know besides.
    fn notes(&self, xmpp_domain: &str, mark: &str) -> String {
        let mut notes = vec!["token_affiliation comes with Jitsi since May 2026.".to_owned()];
        let mut foreign = vec!["token_affiliation for an older server"];
        if self.choices.lobby {
            foreign.push("token_lobby_bypass");
        }
        if self.choices.told_at().is_some() {
            foreign.push("event_sync_component");
        }
        notes.push(format!("To be had from github.com/jitsi-contrib/prosody-plugins: {}.", foreign.join(", ")));
        if self.choices.asked_at().is_some() {
            notes.push(
                "Leave out conferenceRequestUrl in config.js: rooms that are asked for over HTTP are made without asking us."
                    .to_owned(),
            );
        }
        if !self.choices.server_secret {
            notes.push(
                "jitsi.server_secret is not set, so your server neither asks nor tells us anything: we refuse and end no \
                 room, and do not know who was there."
                    .to_owned(),
            );
        }
        if self.choices.lobby && self.choices.asked_at().is_none() {
            notes.push("The lobby needs the reservations: without them nobody switches it on.".to_owned());
        }
        if self.choices.visitors {
            notes.push(
                "Visitors have to be set up on the server. Until they are, observers come in as participants without \
                 features."
                    .to_owned(),
            );
        }
        if self.subject != "*" && !self.subject.eq_ignore_ascii_case(xmpp_domain) {
            notes.push(format!(
                "The `sub` of our tokens is {}. A server that verifies domains wants its own there, which is {xmpp_domain} \
                 unless you renamed it, or the name of a tenant, and else lets nobody in.",
                self.subject
            ));
        }
        let lines: String = notes.iter().map(|note| comment(note, "", mark)).collect();
        format!("\n{lines}")
    }
}

/// Lines of Jicofo's configuration, the same for everybody.
fn jicofo() -> SettingsPart {
    let text = "\
jicofo {
  authentication {
    # Else everybody who logged in becomes an owner.
    enabled = false
  }
  conference {
    # Else the first person in a room becomes its owner.
    enable-auto-owner = false
  }
}
";
    SettingsPart { place: "/etc/jitsi/jicofo/jicofo.conf of Debian's packages".to_owned(), text: text.to_owned() }
}

/// What to do in the console of JaaS.
fn jaas(key_id: &str, choices: &ServerChoices) -> SettingsPart {
    let webhooks = match &choices.events_url {
        Some(url) => format!(
            "\
2. Webhooks: add {url}
   with the events PARTICIPANT_JOINED, PARTICIPANT_LEFT, ROOM_DESTROYED and SETTINGS_PROVISIONING, and set
   jitsi.jaas_webhook_secret to the secret that the console shows for it. JaaS then tells us who was there, and asks us
   for the lobby and the number of people.
"
        ),
        None => "\
2. Webhooks: nothing, because we have no public address. We do not know who was there, and set no limits.
"
        .to_owned(),
    };
    let text = format!(
        "\
No server has to be set up. Two things are done in the console of JaaS:

1. API keys: upload the public half of our key, which `openssl pkey -in <private key> -pubout` writes. The id that the
   console shows for it has to be ours, which is {key_id}.
{webhooks}"
    );
    SettingsPart { place: "console of JaaS".to_owned(), text }
}

fn why_key_server(file: &str) -> String {
    format!(
        "Where the server finds the public half of our key, which `openssl pkey -in <private key> -pubout` writes, under \
         the name {file}"
    )
}

/// What a self-hosted server shows us with each request.
fn proof(name: &str) -> String {
    format!("{name} = {{ [\"Authorization\"] = \"Bearer <jitsi.server_secret>\" }}")
}

/// The modules in a variable of docker-jitsi-meet, which adds them to its own.
fn module_variable(name: &str, modules: &[Module]) -> Line {
    let names: Vec<&str> = modules.iter().map(|Module(name, _)| *name).collect();
    let reasons: Vec<String> = modules.iter().map(|Module(name, why)| format!("{name}: {why}.")).collect();
    line(reasons.join(" "), format!("{name}={}", names.join(",")))
}

/// The modules in a list of Prosody's.
fn module_list(modules: &[Module]) -> String {
    let lines: String = modules.iter().map(|Module(name, why)| format!("        {}; -- {why}\n", lua(name))).collect();
    format!("    modules_enabled = {{\n        -- what is here already\n{lines}    }}\n")
}

/// Each setting below its reason.
fn written(lines: &[Line], indent: &str, mark: &str) -> String {
    lines.iter().map(|Line { why, setting }| comment(why, indent, mark) + indent + setting + "\n").collect()
}

/// A comment, in lines that are not too long to read.
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

/// A text that stands in quotes in Lua.
fn lua(raw: &str) -> String {
    format!("\"{}\"", raw.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A line of an `.env`. What could mean something there is put into single quotes, between which nothing does.
fn variable(name: &str, value: &str) -> String {
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/*@-".contains(&b));
    if plain { format!("{name}={value}") } else { format!("{name}='{}'", value.replace('\'', "\\'")) }
}

#[cfg(test)]
mod tests;
