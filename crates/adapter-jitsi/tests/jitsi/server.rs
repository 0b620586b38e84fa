//! The settings for video servers: the exact texts, and what Prosody's own parser reads in them.

use attune_adapter_jitsi::{
    Deployment, Secret, ServerChoices, ServerSettings, SetupError, SigningKey, not_enforceable,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixtures::{APP_ID, KEY_ID, SECRET, jaas, public, self_hosted, shared};
use crate::lua;

fn bare() -> ServerChoices {
    ServerChoices { host: "meet.example.org".to_owned(), ..ServerChoices::default() }
}

fn rich() -> ServerChoices {
    ServerChoices {
        lobby: true,
        max_occupants: Some(4),
        visitors: true,
        lock_display_names: true,
        reservations_url: Some("https://api.example.org/jitsi".to_owned()),
        events_url: Some("https://api.example.org/webhooks".to_owned()),
        server_secret: true,
        token_in_query: true,
        end_meeting_key_id: Some("attune-end-1".to_owned()),
        ..bare()
    }
}

fn without_secret() -> ServerChoices {
    ServerChoices { server_secret: false, ..rich() }
}

fn named(issuer: &str, subject: &str) -> Deployment {
    self_hosted([issuer, "jitsi", subject], SigningKey::Hs256(Secret::new(SECRET)))
}

fn deployments() -> [Deployment; 3] {
    [shared(SECRET), public("attune-1", SECRET), jaas(KEY_ID, SECRET)]
}

const ENV: &str = ".env of docker-jitsi-meet";
const DOCKER_FILE: &str = "${CONFIG}/prosody/config/conf.d/attune.cfg.lua of docker-jitsi-meet, a new file";
const DEBIAN_HOST: &str = "/etc/prosody/conf.avail/meet.example.org.cfg.lua of Debian's packages";
const DEBIAN_GLOBAL: &str = "/etc/prosody/prosody.cfg.lua of Debian's packages";
const JICOFO: &str = "/etc/jitsi/jicofo/jicofo.conf of Debian's packages";
const CONSOLE: &str = "JaaS console";

/// The text of the part with this place.
fn text(deployment: &Deployment, choices: &ServerChoices, place: &str) -> String {
    let settings = ServerSettings::new(deployment, choices).unwrap();
    settings.parts().iter().find(|part| part.place == place).expect(place).text.clone()
}

/// The lines that are not comments.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !(line.is_empty() || line.starts_with(['#', '-']))).collect()
}

#[test]
fn the_minimum_for_docker() {
    let minimum = [
        "ENABLE_AUTH=1",
        "AUTH_TYPE=jwt",
        "JWT_APP_ID=practice",
        "JWT_APP_SECRET=<jitsi.app_secret>",
        "JWT_ACCEPTED_ISSUERS=practice",
        "JWT_ACCEPTED_AUDIENCES=jitsi",
        "JICOFO_ENABLE_AUTH=0",
        "ENABLE_AUTO_OWNER=0",
        "WAIT_FOR_HOST_DISABLE_AUTO_OWNERS=1",
        "XMPP_MUC_MODULES=token_affiliation",
        "XMPP_MODULES=filter_iq_jibri,persistent_lobby",
    ];
    assert_eq!(lines(&text(&shared(SECRET), &bare(), ENV)), minimum);
    let by_public_key = minimum.map(|line| match line {
        "JWT_APP_SECRET=<jitsi.app_secret>" => "JWT_ASAP_KEYSERVER=<URL of the folder with the public key>",
        other => other,
    });
    assert_eq!(lines(&text(&public("attune-1", SECRET), &bare(), ENV)), by_public_key);
}

#[test]
fn all_settings_for_docker() {
    let expected = r#"# Only users with a token can join.
ENABLE_AUTH=1
# The tokens are JSON Web Tokens.
AUTH_TYPE=jwt
# The app id of the tokens; without it, no token is checked.
JWT_APP_ID=practice
# The secret that signs our tokens.
JWT_APP_SECRET=<jitsi.app_secret>
# The `iss` of our tokens.
JWT_ACCEPTED_ISSUERS=practice
# The `aud` of our tokens.
JWT_ACCEPTED_AUDIENCES=jitsi
# Otherwise Jicofo makes every authenticated user an owner.
JICOFO_ENABLE_AUTH=0
# Otherwise Jicofo makes the first participant of a room its owner.
ENABLE_AUTO_OWNER=0
# Otherwise Prosody makes every user with a token an owner.
WAIT_FOR_HOST_DISABLE_AUTO_OWNERS=1
# token_affiliation: only therapists are owners of the room. muc_displayname: participants keep the name in
# their token. token_lobby_bypass: therapists bypass the lobby.
XMPP_MUC_MODULES=token_affiliation,muc_displayname,token_lobby_bypass
# filter_iq_jibri: only users whose token permits it can record. persistent_lobby: the lobby exists before a
# therapist joins.
XMPP_MODULES=filter_iq_jibri,persistent_lobby
# A room is created only if we permit it.
PROSODY_RESERVATION_ENABLED=1
# The URL of the reservations.
PROSODY_RESERVATION_REST_BASE_URL=https://api.example.org/jitsi
# Prosody's settings for the reservations: authentication, retries and our limits. Commas separate them, so
# the secret must contain neither a comma nor a single quote.
XMPP_CONFIGURATION='reservations_api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" },reservations_api_retry_count = 10,reservations_api_retry_delay = 3,reservations_enable_max_occupants = true,reservations_enable_lobby_support = true'
# Enables limits. This one is for rooms that we do not know; ours comes with the reservation. It also limits
# every lobby, so it must be generous.
MAX_PARTICIPANTS=1000
# muc_end_meeting: a therapist can end a session for everyone.
GLOBAL_MODULES=muc_end_meeting
# The URL of a folder that contains only our public key for ending sessions (`openssl pkey -in
# <jitsi.end_meeting_key_file> -pubout`) as the file
# 83ec0470a3fa1caad02d1c221834abde411d43f42ad516bffd9da32cd03191f6.pem. With the key of the links in it,
# everyone who has a link could close all rooms.
GLOBAL_CONFIG='prosody_password_public_key_repo_url = "<URL of another folder>"'

# Docker's image contains all of these modules.
# Do not set conferenceRequestUrl in config.js: rooms requested over HTTP are created without asking us.
# Visitors have to be set up on the server. Until then, observers join as participants without features.
# Prosody's HTTP port must be reachable by us and not from the internet.
# If your server is newer than May 2024, set jitsi.token_placement to fragment: tokens then appear in no
# access log.
# The `sub` of our tokens is meet.example.org. A server that verifies domains requires its own domain, which
# is meet.jitsi unless you renamed it, or the name of a tenant, and otherwise refuses all users.
"#;
    assert_eq!(text(&shared(SECRET), &rich(), ENV), expected);
}

#[test]
fn all_settings_for_debian() {
    let deployment = public("attune-1", SECRET);
    let expected = r#"-- The first two sections exist already: add these lines, and keep the modules in their lists except
-- muc_allowners, which makes every user an owner.

VirtualHost "meet.example.org"
    modules_enabled = {
        -- existing modules
        "filter_iq_jibri"; -- only users whose token permits it can record
        "persistent_lobby"; -- the lobby exists before a therapist joins
        "reservations"; -- a room is created only if we permit it
    }
    -- Only users with one of our tokens can join.
    authentication = "token"
    -- The app id of the tokens; without it, no token is checked.
    app_id = "practice"
    -- The URL of the folder that contains our public key (`openssl pkey -in <private key> -pubout`) as the
    -- file 43617672c9bf48ce510efbec28f4b7444871f8d088a667bd96247f40a15f3073.pem
    asap_key_server = "<URL of the folder with the public key>"
    -- The `iss` of our tokens.
    asap_accepted_issuers = { "practice" }
    -- The `aud` of our tokens.
    asap_accepted_audiences = { "jitsi" }
    -- A user without a token would be a host and own the room.
    allow_empty_token = false
    -- The URL of the reservations.
    reservations_api_prefix = "https://api.example.org/jitsi"
    -- Authenticates your server to us.
    reservations_api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }
    -- Repeats requests while we restart or are unreachable: for 30 seconds, while the person who joins waits.
    reservations_api_retry_count = 10
    -- Seconds between two attempts.
    reservations_api_retry_delay = 3
    -- Enforces the limit in our response.
    reservations_enable_max_occupants = true
    -- Creates the lobby in our response.
    reservations_enable_lobby_support = true

Component "conference.meet.example.org" "muc"
    modules_enabled = {
        -- existing modules
        "token_verification"; -- a token is valid for one room
        "token_affiliation"; -- only therapists are owners of the room
        "muc_displayname"; -- participants keep the name in their token
        "token_lobby_bypass"; -- therapists bypass the lobby
        "muc_max_occupants"; -- limits the number of participants
    }
    -- Otherwise every user with a token becomes an owner where rooms wait for a host. Effective in the
    -- section of the rooms only.
    wait_for_host_disable_auto_owners = true
    -- Enables limits. This one is for rooms that we do not know; ours comes with the reservation.
    muc_max_occupants = 1000
    -- Jicofo is in every room and does not count.
    muc_access_whitelist = { "focus@auth.meet.example.org" }

Component "esync.meet.example.org" "event_sync_component"
    -- The rooms whose events are reported.
    muc_component = "conference.meet.example.org"
    -- The URL that receives the events.
    api_prefix = "https://api.example.org/webhooks"
    -- Authenticates your server to us.
    api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }
    -- Repeats requests while we restart or are unreachable, for 60 minutes: a lost report of a person who
    -- left falsifies attendance.
    api_retry_count = 240
    -- Seconds between two attempts.
    api_retry_delay = 15

-- token_affiliation has been part of Jitsi since May 2026.
-- From github.com/jitsi-contrib/prosody-plugins into /usr/share/jitsi-meet/prosody-plugins: token_affiliation
-- for an older server, token_lobby_bypass, event_sync_component.
-- Do not set conferenceRequestUrl in config.js: rooms requested over HTTP are created without asking us.
-- Visitors have to be set up on the server. Until then, observers join as participants without features.
-- Prosody's HTTP port must be reachable by us and not from the internet.
-- If your server is newer than May 2024, set jitsi.token_placement to fragment: tokens then appear in no
-- access log.
"#;
    assert_eq!(text(&deployment, &rich(), DEBIAN_HOST), expected);
    assert_eq!(
        lines(&text(&deployment, &rich(), JICOFO)),
        ["jicofo {", "authentication {", "enabled = false", "}", "conference {", "enable-auto-owner = false", "}", "}"]
    );
}

#[test]
fn all_steps_for_jaas() {
    let expected = format!(
        "\
There is no server to set up. Two steps are needed in the JaaS console:

1. API keys: upload our public key (`openssl pkey -in <private key> -pubout`). The id that the console shows for it has
   to be the configured one, which is {APP_ID}/9c8b7a.
2. Webhooks: add https://api.example.org/webhooks
   with the events PARTICIPANT_JOINED, PARTICIPANT_LEFT, ROOM_DESTROYED and SETTINGS_PROVISIONING, and set
   jitsi.jaas_webhook_secret to the secret that the console shows for it. JaaS then reports attendance and requests the
   settings for lobby and participants.
"
    );
    assert_eq!(text(&jaas(KEY_ID, SECRET), &rich(), CONSOLE), expected);
    assert!(text(&jaas(KEY_ID, SECRET), &ServerChoices::default(), CONSOLE).contains("2. Webhooks: none"));
}

#[test]
fn without_a_secret_the_server_sends_no_requests() {
    let all = ServerSettings::new(&shared(SECRET), &without_secret()).unwrap().to_string();
    for absent in [
        "\"reservations\"",
        "RESERVATION",
        "reservations_",
        "api_prefix",
        "event_sync",
        "server_secret>",
        "MAX_",
        "muc_max",
    ] {
        assert!(!all.contains(absent), "{absent}: {all}");
    }
    assert!(all.contains("jitsi.server_secret is not set"));
    assert!(all.contains("The lobby needs the reservations"));
    assert!(all.contains("The number of participants needs the reservations"));
}

#[test]
fn the_subject_has_to_be_the_domain() {
    let warns = |subject: &str| {
        let deployment = named("practice", subject);
        let [docker, prosody] =
            [ENV, DEBIAN_HOST].map(|place| text(&deployment, &bare(), place).contains("The `sub` of our tokens is"));
        (docker, prosody)
    };
    assert_eq!(warns("*"), (false, false));
    assert_eq!(warns("meet.jitsi"), (false, true));
    assert_eq!(warns("Meet.Example.org"), (true, false));
    assert_eq!(warns("elsewhere.example.org"), (true, true));
}

#[test]
fn no_secret_is_shown() {
    for deployment in deployments() {
        for choices in [bare(), rich()] {
            let settings = ServerSettings::new(&deployment, &choices).unwrap();
            assert!(!settings.to_string().contains(SECRET) && !format!("{settings:?}").contains(SECRET));
        }
    }
}

#[test]
fn parts_have_headings() {
    let all = ServerSettings::new(&shared(SECRET), &rich()).unwrap().to_string();
    let places: Vec<&str> = all.lines().filter(|line| line.starts_with("== ")).collect();
    assert_eq!(
        places,
        [
            format!("== {ENV}"),
            format!("== {DOCKER_FILE}"),
            format!("== {DEBIAN_HOST}"),
            format!("== {DEBIAN_GLOBAL}"),
            format!("== {JICOFO}"),
        ]
    );
    // The settings in a variable cannot be on several lines.
    let mut fitting = all.lines().filter(|line| !line.starts_with("XMPP_CONFIGURATION="));
    assert!(fitting.all(|line| line.len() <= 120), "lines fit on a terminal");
}

#[test]
fn invalid_values_are_named() {
    let with = |change: fn(&mut ServerChoices)| {
        let mut choices = rich();
        change(&mut choices);
        ServerSettings::new(&shared(SECRET), &choices).unwrap_err().to_string()
    };
    for (error, what) in [
        (with(|c| c.host.clear()), "host of the rooms"),
        (with(|c| c.host = "a\nb".to_owned()), "host of the rooms"),
        (with(|c| c.reservations_url = Some(String::new())), "URL for reservations"),
        (with(|c| c.events_url = Some("https://a b".to_owned())), "URL for events"),
    ] {
        assert!(error.contains(what), "{error}");
    }
    let issuer = named("a\nENABLE_AUTH=0", "*");
    assert!(matches!(ServerSettings::new(&issuer, &rich()), Err(SetupError::Text("issuer"))));
}

#[test]
fn special_characters_in_an_env_are_quoted() {
    for (value, quoted) in [
        ("practice", "practice"),
        ("https://a.example/b-c_d", "https://a.example/b-c_d"),
        ("a$b", "'a$b'"),
        ("a#b", "'a#b'"),
        ("a'b", r"'a\'b'"),
    ] {
        let text = text(&named(value, "*"), &bare(), ENV);
        assert!(lines(&text).contains(&format!("JWT_APP_ID={quoted}").as_str()), "{value}: {text}");
    }
}

fn topics(deployment: Option<&Deployment>, choices: &ServerChoices) -> Vec<&'static str> {
    not_enforceable(deployment, choices).iter().map(|sentence| sentence.split([':', ',']).next().unwrap()).collect()
}

const SIGNED_TOPICS: [&str; 4] =
    ["Sharing a link", "Expiry for participants in the room", "Rescheduling or cancelling", "Sharing a screen"];

#[test]
fn plain_links_enforce_hardly_anything() {
    let expected = ["Who moderates", "Access", "Identity", "Time", "Rights", "Recording", "Attendance"];
    assert_eq!(topics(None, &bare()), expected);
    assert_eq!(topics(None, &rich()), expected);
}

#[test]
fn limits_of_signed_links() {
    let found = |deployment: &Deployment, choices: &ServerChoices, topic: &str| {
        let all = topics(Some(deployment), choices);
        assert!(SIGNED_TOPICS.iter().all(|always| all.contains(always)), "{all:?}");
        all.contains(&topic)
    };
    for deployment in [shared(SECRET), public("attune-1", SECRET)] {
        for (topic, expected) in [
            ("Roles", [true, true, true]),
            ("Observers", [true, true, true]),
            ("Observers' messages", [true, false, false]),
            ("Visitors' messages", [false, true, true]),
            ("The end of a room", [true, false, true]),
            ("The lobby", [false, false, true]),
            ("The number of participants", [false, false, true]),
            ("A seat for the therapist", [false, false, false]),
            ("Names", [true, false, false]),
        ] {
            let all = [bare(), rich(), without_secret()];
            assert_eq!(all.map(|choices| found(&deployment, &choices, topic)), expected, "{topic}");
        }
    }
    for (topic, expected) in [
        ("Roles", [false, false]),
        ("Observers", [true, false]),
        ("Observers' messages", [true, false]),
        ("The end of a room", [true, true]),
        ("The lobby and the number of participants", [false, true]),
        ("Names", [true, true]),
    ] {
        assert_eq!([bare(), rich()].map(|choices| found(&jaas(KEY_ID, SECRET), &choices, topic)), expected, "{topic}");
    }
}

#[test]
fn a_room_without_a_lobby_keeps_no_seat() {
    let without_lobby = ServerChoices { lobby: false, ..rich() };
    assert!(topics(Some(&shared(SECRET)), &without_lobby).contains(&"A seat for the therapist"));
    let without_limit = ServerChoices { max_occupants: None, ..without_lobby };
    assert!(!topics(Some(&shared(SECRET)), &without_limit).contains(&"A seat for the therapist"));
}

#[test]
fn what_an_old_link_opens_depends_on_the_server() {
    let says = |choices: &ServerChoices, words: &str| {
        let all = not_enforceable(Some(&shared(SECRET)), choices);
        let old = all.iter().find(|sentence| sentence.starts_with("Rescheduling or cancelling")).expect("a sentence");
        old.contains(words)
    };
    let reserves = ServerChoices { end_meeting_key_id: None, ..rich() };
    for (words, expected) in [
        ("remains valid until it expires", [true, true, true]),
        ("someone is still inside", [false, true, false]),
        ("We close the room", [false, false, true]),
    ] {
        assert_eq!([&bare(), &reserves, &rich()].map(|choices| says(choices, words)), expected, "{words}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_adds_a_line(issuer in "\\PC{1,20}", host in "\\PC{1,20}", url in "\\PC{1,40}") {
        let deployment = named(&issuer, "*");
        let choices = ServerChoices { host, reservations_url: Some(url.clone()), events_url: Some(url), ..rich() };
        if let Ok(settings) = ServerSettings::new(&deployment, &choices) {
            let usual = ServerSettings::new(&named("practice", "*"), &rich()).unwrap();
            for (part, like) in settings.parts().iter().zip(usual.parts()) {
                prop_assert_eq!(lines(&part.text).len(), lines(&like.text).len());
            }
        }
    }
}

fn read(configuration: &str) -> Value {
    lua::run("configuration.lua", configuration)
}

/// What Prosody reads in the settings for Debian.
fn read_debian(deployment: &Deployment, choices: &ServerChoices) -> Value {
    read(&text(deployment, choices, DEBIAN_HOST))
}

/// The component that reports events, with its server's rooms.
fn events_component(rooms: &str) -> Value {
    json!({
        "component_module": "event_sync_component",
        "load_global_modules": false,
        "muc_component": rooms,
        "api_prefix": "https://api.example.org/webhooks",
        "api_headers": { "Authorization": "Bearer <jitsi.server_secret>" },
        "api_retry_count": 240,
        "api_retry_delay": 15,
    })
}

#[test]
fn prosody_reads_the_settings_for_debian() {
    assert_eq!(
        read_debian(&shared(SECRET), &rich()),
        json!({
            "*": {},
            "meet.example.org": {
                "defined": true,
                "authentication": "token",
                "app_id": "practice",
                "app_secret": "<jitsi.app_secret>",
                "asap_accepted_issuers": ["practice"],
                "asap_accepted_audiences": ["jitsi"],
                "allow_empty_token": false,
                "modules_enabled": ["filter_iq_jibri", "persistent_lobby", "reservations"],
                "reservations_api_prefix": "https://api.example.org/jitsi",
                "reservations_api_headers": { "Authorization": "Bearer <jitsi.server_secret>" },
                "reservations_api_retry_count": 10,
                "reservations_api_retry_delay": 3,
                "reservations_enable_max_occupants": true,
                "reservations_enable_lobby_support": true,
            },
            "conference.meet.example.org": {
                "component_module": "muc",
                "load_global_modules": false,
                "modules_enabled": [
                    "token_verification",
                    "token_affiliation",
                    "muc_displayname",
                    "token_lobby_bypass",
                    "muc_max_occupants",
                ],
                "wait_for_host_disable_auto_owners": true,
                "muc_max_occupants": 1000,
                "muc_access_whitelist": ["focus@auth.meet.example.org"],
            },
            "esync.meet.example.org": events_component("conference.meet.example.org"),
        })
    );
}

#[test]
fn prosody_reads_the_minimum() {
    assert_eq!(
        read_debian(&public("attune-1", SECRET), &bare()),
        json!({
            "*": {},
            "meet.example.org": {
                "defined": true,
                "authentication": "token",
                "app_id": "practice",
                "asap_key_server": "<URL of the folder with the public key>",
                "asap_accepted_issuers": ["practice"],
                "asap_accepted_audiences": ["jitsi"],
                "allow_empty_token": false,
                "modules_enabled": ["filter_iq_jibri", "persistent_lobby"],
            },
            "conference.meet.example.org": {
                "component_module": "muc",
                "load_global_modules": false,
                "modules_enabled": ["token_verification", "token_affiliation"],
                "wait_for_host_disable_auto_owners": true,
            },
        })
    );
}

/// The value of a variable in single quotes, as Docker's template writes it into Prosody's configuration.
fn expanded(env: &str, name: &str, separator: &str) -> String {
    let line = lines(env).into_iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).expect(name);
    let value = line.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).expect("quotes");
    value.split(separator).map(|setting| format!("{setting}\n")).collect()
}

#[test]
fn prosody_reads_the_settings_for_docker() {
    let (deployment, choices) = (shared(SECRET), rich());
    let env = text(&deployment, &choices, ENV);
    let configuration = format!(
        "{}VirtualHost \"meet.jitsi\"\n{}{}",
        expanded(&env, "GLOBAL_CONFIG", "\\n"),
        expanded(&env, "XMPP_CONFIGURATION", ","),
        text(&deployment, &choices, DOCKER_FILE),
    );
    assert_eq!(
        read(&configuration),
        json!({
            "*": { "prosody_password_public_key_repo_url": "<URL of another folder>" },
            "meet.jitsi": {
                "defined": true,
                "reservations_api_headers": { "Authorization": "Bearer <jitsi.server_secret>" },
                "reservations_api_retry_count": 10,
                "reservations_api_retry_delay": 3,
                "reservations_enable_max_occupants": true,
                "reservations_enable_lobby_support": true,
            },
            "esync.meet.jitsi": events_component("muc.meet.jitsi"),
        })
    );
    // Without reports, there is no file of our own.
    let settings = ServerSettings::new(&deployment, &bare()).unwrap();
    assert!(settings.parts().iter().all(|part| part.place != DOCKER_FILE));
}

#[test]
fn prosody_reads_the_global_settings_for_debian() {
    assert_eq!(
        read(&text(&public("attune-1", SECRET), &rich(), DEBIAN_GLOBAL)),
        json!({
            "*": {
                "modules_enabled": ["muc_end_meeting"],
                "prosody_password_public_key_repo_url": "<URL of another folder>",
            },
        })
    );
}

/// Docker's image limits the lobby as well: a limit of our own there would lock the therapist out of it.
#[test]
fn the_limit_of_the_server_is_generous_and_that_of_our_rooms_is_ours() {
    let choices = ServerChoices { max_occupants: Some(3), ..rich() };
    let (env, debian) = (text(&shared(SECRET), &choices, ENV), text(&shared(SECRET), &choices, DEBIAN_HOST));
    assert!(lines(&env).contains(&"MAX_PARTICIPANTS=1000"), "{env}");
    assert!(env.contains("reservations_enable_max_occupants = true"), "{env}");
    assert!(lines(&debian).contains(&"muc_max_occupants = 1000"), "{debian}");
}

#[test]
fn tokens_in_the_query_are_advised_against() {
    for (token_in_query, expected) in [(true, true), (false, false)] {
        let choices = ServerChoices { token_in_query, ..rich() };
        for place in [ENV, DEBIAN_HOST] {
            let text = text(&shared(SECRET), &choices, place);
            assert_eq!(text.contains("set jitsi.token_placement to fragment"), expected, "{text}");
        }
    }
}

#[test]
fn no_value_becomes_code() {
    for value in ["a\"b", "a\\", "\\\"", "a'b", "]]", "\"};os.exit(1)--", "--", "é"] {
        let choices = ServerChoices { events_url: Some(value.to_owned()), ..rich() };
        let read = read_debian(&named(value, "*"), &choices);
        assert_eq!(read["meet.example.org"]["app_id"], value);
        assert_eq!(read["esync.meet.example.org"]["api_prefix"], value);
    }
}
