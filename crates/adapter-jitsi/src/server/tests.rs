use proptest::prelude::*;

use super::*;
use crate::{JaasAppId, Secret};

const SECRET: &str = "kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud";
const APP_ID: &str = "vpaas-magic-cookie-0a1b2c3d4e5f";

fn own(subject: &str, key: SigningKey) -> Deployment {
    Deployment::SelfHosted {
        issuer: "practice".to_owned(),
        audience: "jitsi".to_owned(),
        subject: subject.to_owned(),
        key,
    }
}

fn shared() -> Deployment {
    own("meet.example.org", SigningKey::Hs256(Secret::new(SECRET)))
}

fn public() -> Deployment {
    own("*", SigningKey::Rs256 { key_id: "attune-1".to_owned(), pem: Secret::new(SECRET) })
}

fn jaas() -> Deployment {
    Deployment::Jaas {
        app_id: JaasAppId::parse(APP_ID).unwrap(),
        key_id: format!("{APP_ID}/9c8b7a"),
        pem: Secret::new(SECRET),
    }
}

fn bare() -> ServerChoices {
    ServerChoices { host: "meet.example.org".to_owned(), ..ServerChoices::default() }
}

fn rich() -> ServerChoices {
    ServerChoices {
        lobby: true,
        max_occupants: Some(4),
        visitors: true,
        fixed_names: true,
        reservations_url: Some("https://api.example.org/jitsi".to_owned()),
        events_url: Some("https://api.example.org/jitsi".to_owned()),
        server_secret: true,
        ..bare()
    }
}

/// For docker-jitsi-meet, Prosody and Jicofo; or for the JaaS console.
fn texts(deployment: &Deployment, choices: &ServerChoices) -> Vec<String> {
    let settings = ServerSettings::new(deployment, choices).unwrap();
    settings.parts().iter().map(|part| part.text.clone()).collect()
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
    assert_eq!(lines(&texts(&shared(), &bare())[0]), minimum);
    let by_public_key = minimum.map(|line| match line {
        "JWT_APP_SECRET=<jitsi.app_secret>" => "JWT_ASAP_KEYSERVER=<URL of the folder with the public key>",
        other => other,
    });
    assert_eq!(lines(&texts(&public(), &bare())[0]), by_public_key);
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
# therapist joins. reservations: a room is created only if we permit it.
XMPP_MODULES=filter_iq_jibri,persistent_lobby,reservations
# The maximum number of participants in a room.
MAX_PARTICIPANTS=4

# The following has no variable and belongs in Prosody's configuration. The host names are the defaults of
# docker-jitsi-meet.
#
# VirtualHost "meet.jitsi"
#     -- The URL of the reservations.
#     reservations_api_prefix = "https://api.example.org/jitsi"
#     -- Authenticates your server to us.
#     reservations_api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }
#     -- Enforces the limit in our response.
#     reservations_enable_max_occupants = true
#     -- Creates the lobby in our response.
#     reservations_enable_lobby_support = true
#
# Component "esync.meet.jitsi" "event_sync_component"
#     -- The rooms whose events are reported.
#     muc_component = "muc.meet.jitsi"
#     -- The URL that receives the events.
#     api_prefix = "https://api.example.org/jitsi"
#     -- Authenticates your server to us.
#     api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }

# token_affiliation has been part of Jitsi since May 2026.
# Available from github.com/jitsi-contrib/prosody-plugins: token_affiliation for an older server,
# token_lobby_bypass, event_sync_component.
# Do not set conferenceRequestUrl in config.js: rooms requested over HTTP are created without asking us.
# Visitors have to be set up on the server. Until then, observers join as participants without features.
# The `sub` of our tokens is meet.example.org. A server that verifies domains requires its own domain, which
# is meet.jitsi unless you renamed it, or the name of a tenant, and otherwise refuses all users.
"#;
    assert_eq!(texts(&shared(), &rich())[0], expected);
}

#[test]
fn all_settings_for_debian() {
    let settings = ServerSettings::new(&public(), &rich()).unwrap();
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
    -- The maximum number of participants in a room.
    muc_max_occupants = 4
    -- Jicofo is in every room and does not count.
    muc_access_whitelist = { "focus@auth.meet.example.org" }

Component "esync.meet.example.org" "event_sync_component"
    -- The rooms whose events are reported.
    muc_component = "conference.meet.example.org"
    -- The URL that receives the events.
    api_prefix = "https://api.example.org/jitsi"
    -- Authenticates your server to us.
    api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }

-- token_affiliation has been part of Jitsi since May 2026.
-- Available from github.com/jitsi-contrib/prosody-plugins: token_affiliation for an older server,
-- token_lobby_bypass, event_sync_component.
-- Do not set conferenceRequestUrl in config.js: rooms requested over HTTP are created without asking us.
-- Visitors have to be set up on the server. Until then, observers join as participants without features.
"#;
    assert_eq!(settings.parts()[1].place, "/etc/prosody/conf.avail/meet.example.org.cfg.lua of Debian's packages");
    assert_eq!(settings.parts()[1].text, expected);
    assert_eq!(
        lines(&settings.parts()[2].text),
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
2. Webhooks: add https://api.example.org/jitsi
   with the events PARTICIPANT_JOINED, PARTICIPANT_LEFT, ROOM_DESTROYED and SETTINGS_PROVISIONING, and set
   jitsi.jaas_webhook_secret to the secret that the console shows for it. JaaS then reports attendance and requests the
   settings for lobby and participants.
"
    );
    assert_eq!(texts(&jaas(), &rich()), [expected]);
    assert!(texts(&jaas(), &ServerChoices::default())[0].contains("2. Webhooks: none"));
}

#[test]
fn without_a_secret_the_server_sends_no_requests() {
    let without_secret = ServerChoices { server_secret: false, ..rich() };
    let all = ServerSettings::new(&shared(), &without_secret).unwrap().to_string();
    for absent in ["\"reservations\"", ",reservations", "api_prefix", "event_sync", "server_secret>"] {
        assert!(!all.contains(absent), "{absent}: {all}");
    }
    assert!(all.contains("jitsi.server_secret is not set"));
    assert!(all.contains("The lobby needs the reservations"));
}

#[test]
fn the_subject_has_to_be_the_domain() {
    let warns = |subject: &str| {
        let deployment = own(subject, SigningKey::Hs256(Secret::new(SECRET)));
        let [docker, prosody] =
            [0, 1].map(|part| texts(&deployment, &bare())[part].contains("The `sub` of our tokens is"));
        (docker, prosody)
    };
    assert_eq!(warns("*"), (false, false));
    assert_eq!(warns("meet.jitsi"), (false, true));
    assert_eq!(warns("Meet.Example.org"), (true, false));
    assert_eq!(warns("elsewhere.example.org"), (true, true));
}

#[test]
fn no_secret_is_shown() {
    for deployment in [shared(), public(), jaas()] {
        for choices in [bare(), rich()] {
            let settings = ServerSettings::new(&deployment, &choices).unwrap();
            assert!(!settings.to_string().contains(SECRET) && !format!("{settings:?}").contains(SECRET));
        }
    }
}

#[test]
fn parts_have_headings() {
    let all = ServerSettings::new(&shared(), &rich()).unwrap().to_string();
    let places: Vec<&str> = all.lines().filter(|line| line.starts_with("== ")).collect();
    assert_eq!(
        places,
        [
            "== .env of docker-jitsi-meet",
            "== /etc/prosody/conf.avail/meet.example.org.cfg.lua of Debian's packages",
            "== /etc/jitsi/jicofo/jicofo.conf of Debian's packages",
        ]
    );
    assert!(all.lines().all(|line| line.len() <= 120), "lines fit on a terminal");
}

#[test]
fn invalid_values_are_named() {
    let with = |change: fn(&mut ServerChoices)| {
        let mut choices = rich();
        change(&mut choices);
        ServerSettings::new(&shared(), &choices).unwrap_err().to_string()
    };
    for (error, what) in [
        (with(|c| c.host.clear()), "host of the rooms"),
        (with(|c| c.host = "a\nb".to_owned()), "host of the rooms"),
        (with(|c| c.reservations_url = Some(String::new())), "URL for reservations"),
        (with(|c| c.events_url = Some("https://a b".to_owned())), "URL for events"),
    ] {
        assert!(error.contains(what), "{error}");
    }
    let issuer = Deployment::SelfHosted {
        issuer: "a\nENABLE_AUTH=0".to_owned(),
        audience: "jitsi".to_owned(),
        subject: "*".to_owned(),
        key: SigningKey::Hs256(Secret::new(SECRET)),
    };
    assert!(matches!(ServerSettings::new(&issuer, &rich()), Err(SetupError::Text("issuer"))));
}

#[test]
fn special_characters_in_an_env_are_quoted() {
    for (value, expected) in [
        ("practice", "A=practice"),
        ("https://a.example/b-c_d", "A=https://a.example/b-c_d"),
        ("a$b", "A='a$b'"),
        ("a#b", "A='a#b'"),
        ("a'b", r"A='a\'b'"),
    ] {
        assert_eq!(variable("A", value), expected);
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
    const OBSERVER: &str = "Observers";
    let has = |deployment: &Deployment, choices: &ServerChoices, topic: &str| {
        let all = topics(Some(deployment), choices);
        assert!(SIGNED_TOPICS.iter().all(|always| all.contains(always)), "{all:?}");
        all.contains(&topic)
    };
    let without_secret = ServerChoices { server_secret: false, ..rich() };
    for deployment in [shared(), public()] {
        for (topic, with_bare, with_rich, with_mute) in [
            ("Roles", true, true, true),
            (OBSERVER, true, true, true),
            ("The end of a room", true, false, true),
            ("The lobby", false, false, true),
            ("Names", true, false, false),
        ] {
            assert_eq!(has(&deployment, &bare(), topic), with_bare, "{topic}");
            assert_eq!(has(&deployment, &rich(), topic), with_rich, "{topic}");
            assert_eq!(has(&deployment, &without_secret, topic), with_mute, "{topic}");
        }
    }
    for (topic, with_bare, with_rich) in [
        ("Roles", false, false),
        (OBSERVER, true, false),
        ("The end of a room", true, true),
        ("The lobby and the number of participants", false, true),
        ("Names", true, true),
    ] {
        assert_eq!(has(&jaas(), &bare(), topic), with_bare, "{topic}");
        assert_eq!(has(&jaas(), &rich(), topic), with_rich, "{topic}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_adds_a_line(issuer in "\\PC{1,20}", host in "\\PC{1,20}", url in "\\PC{1,40}") {
        let deployment = Deployment::SelfHosted {
            issuer,
            audience: "jitsi".to_owned(),
            subject: "*".to_owned(),
            key: SigningKey::Hs256(Secret::new(SECRET)),
        };
        let choices = ServerChoices { host, reservations_url: Some(url.clone()), events_url: Some(url), ..rich() };
        if let Ok(settings) = ServerSettings::new(&deployment, &choices) {
            let usual = ServerSettings::new(&own("*", SigningKey::Hs256(Secret::new(SECRET))), &rich()).unwrap();
            for (part, like) in settings.parts().iter().zip(usual.parts()) {
                prop_assert_eq!(lines(&part.text).len(), lines(&like.text).len());
            }
        }
    }
}
