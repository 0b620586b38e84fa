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

/// The texts of one deployment: docker-jitsi-meet, Prosody, Jicofo; or the console of JaaS.
fn texts(deployment: &Deployment, choices: &ServerChoices) -> Vec<String> {
    let settings = ServerSettings::new(deployment, choices).unwrap();
    settings.parts().iter().map(|part| part.text.clone()).collect()
}

/// The lines that do something.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !(line.is_empty() || line.starts_with(['#', '-']))).collect()
}

#[test]
fn the_least_that_docker_needs() {
    let least = [
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
    assert_eq!(lines(&texts(&shared(), &bare())[0]), least);
    let by_public_key = least.map(|line| match line {
        "JWT_APP_SECRET=<jitsi.app_secret>" => "JWT_ASAP_KEYSERVER=<address of the folder with the public key>",
        other => other,
    });
    assert_eq!(lines(&texts(&public(), &bare())[0]), by_public_key);
}

#[test]
fn docker_to_the_letter() {
    let expected = r#"# Only people with a token come in.
ENABLE_AUTH=1
# The tokens are ours.
AUTH_TYPE=jwt
# The name of whoever makes the tokens; nothing is checked without it.
JWT_APP_ID=practice
# The secret that signs our tokens.
JWT_APP_SECRET=<jitsi.app_secret>
# The `iss` of our tokens.
JWT_ACCEPTED_ISSUERS=practice
# The `aud` of our tokens.
JWT_ACCEPTED_AUDIENCES=jitsi
# Else Jicofo makes everybody who logged in an owner.
JICOFO_ENABLE_AUTH=0
# Else Jicofo makes the first person in a room its owner.
ENABLE_AUTO_OWNER=0
# Else Prosody makes everybody with a token an owner.
WAIT_FOR_HOST_DISABLE_AUTO_OWNERS=1
# token_affiliation: therapists own the room, and nobody else does. muc_displayname: people keep the name in
# their token. token_lobby_bypass: therapists walk past the lobby.
XMPP_MUC_MODULES=token_affiliation,muc_displayname,token_lobby_bypass
# filter_iq_jibri: nobody records whose token does not say so. persistent_lobby: a lobby is there before the
# therapist is. reservations: we are asked before a room is made.
XMPP_MODULES=filter_iq_jibri,persistent_lobby,reservations
# How many people a room takes at once.
MAX_PARTICIPANTS=4

# What follows has no variable. It belongs into Prosody's own configuration. The names of hosts are those that
# docker-jitsi-meet gives by itself.
#
# VirtualHost "meet.jitsi"
#     -- Whom to ask.
#     reservations_api_prefix = "https://api.example.org/jitsi"
#     -- How we know that it is your server who asks.
#     reservations_api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }
#     -- The limit in our answer holds.
#     reservations_enable_max_occupants = true
#     -- The lobby in our answer is made.
#     reservations_enable_lobby_support = true
#
# Component "esync.meet.jitsi" "event_sync_component"
#     -- Whose comings and goings.
#     muc_component = "muc.meet.jitsi"
#     -- Whom to tell.
#     api_prefix = "https://api.example.org/jitsi"
#     -- How we know that it is your server who tells.
#     api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }

# token_affiliation comes with Jitsi since May 2026.
# To be had from github.com/jitsi-contrib/prosody-plugins: token_affiliation for an older server,
# token_lobby_bypass, event_sync_component.
# Leave out conferenceRequestUrl in config.js: rooms that are asked for over HTTP are made without asking us.
# Visitors have to be set up on the server. Until they are, observers come in as participants without
# features.
# The `sub` of our tokens is meet.example.org. A server that verifies domains wants its own there, which is
# meet.jitsi unless you renamed it, or the name of a tenant, and else lets nobody in.
"#;
    assert_eq!(texts(&shared(), &rich())[0], expected);
}

#[test]
fn debian_to_the_letter() {
    let settings = ServerSettings::new(&public(), &rich()).unwrap();
    let expected = r#"-- The first two parts exist already: add to them, and keep what their lists of modules hold, all but
-- muc_allowners, which makes everybody an owner.

VirtualHost "meet.example.org"
    modules_enabled = {
        -- what is here already
        "filter_iq_jibri"; -- nobody records whose token does not say so
        "persistent_lobby"; -- a lobby is there before the therapist is
        "reservations"; -- we are asked before a room is made
    }
    -- Only people with a token of ours come in.
    authentication = "token"
    -- The name of whoever makes the tokens; nothing is checked without it.
    app_id = "practice"
    -- Where the server finds the public half of our key, which `openssl pkey -in <private key> -pubout`
    -- writes, under the name 43617672c9bf48ce510efbec28f4b7444871f8d088a667bd96247f40a15f3073.pem
    asap_key_server = "<address of the folder with the public key>"
    -- The `iss` of our tokens.
    asap_accepted_issuers = { "practice" }
    -- The `aud` of our tokens.
    asap_accepted_audiences = { "jitsi" }
    -- Somebody without a token would count as a host, and own the room.
    allow_empty_token = false
    -- Whom to ask.
    reservations_api_prefix = "https://api.example.org/jitsi"
    -- How we know that it is your server who asks.
    reservations_api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }
    -- The limit in our answer holds.
    reservations_enable_max_occupants = true
    -- The lobby in our answer is made.
    reservations_enable_lobby_support = true

Component "conference.meet.example.org" "muc"
    modules_enabled = {
        -- what is here already
        "token_verification"; -- a token opens the one room it names
        "token_affiliation"; -- therapists own the room, and nobody else does
        "muc_displayname"; -- people keep the name in their token
        "token_lobby_bypass"; -- therapists walk past the lobby
        "muc_max_occupants"; -- a room can be full
    }
    -- Else everybody with a token is made an owner where rooms wait for a host. It counts here only, in the
    -- part of the rooms.
    wait_for_host_disable_auto_owners = true
    -- How many people a room takes at once.
    muc_max_occupants = 4
    -- Jicofo is in every room and is nobody.
    muc_access_whitelist = { "focus@auth.meet.example.org" }

Component "esync.meet.example.org" "event_sync_component"
    -- Whose comings and goings.
    muc_component = "conference.meet.example.org"
    -- Whom to tell.
    api_prefix = "https://api.example.org/jitsi"
    -- How we know that it is your server who tells.
    api_headers = { ["Authorization"] = "Bearer <jitsi.server_secret>" }

-- token_affiliation comes with Jitsi since May 2026.
-- To be had from github.com/jitsi-contrib/prosody-plugins: token_affiliation for an older server,
-- token_lobby_bypass, event_sync_component.
-- Leave out conferenceRequestUrl in config.js: rooms that are asked for over HTTP are made without asking us.
-- Visitors have to be set up on the server. Until they are, observers come in as participants without
-- features.
"#;
    assert_eq!(settings.parts()[1].place, "/etc/prosody/conf.avail/meet.example.org.cfg.lua of Debian's packages");
    assert_eq!(settings.parts()[1].text, expected);
    assert_eq!(
        lines(&settings.parts()[2].text),
        ["jicofo {", "authentication {", "enabled = false", "}", "conference {", "enable-auto-owner = false", "}", "}"]
    );
}

#[test]
fn jaas_to_the_letter() {
    let expected = format!(
        "\
No server has to be set up. Two things are done in the console of JaaS:

1. API keys: upload the public half of our key, which `openssl pkey -in <private key> -pubout` writes. The id that the
   console shows for it has to be ours, which is {APP_ID}/9c8b7a.
2. Webhooks: add https://api.example.org/jitsi
   with the events PARTICIPANT_JOINED, PARTICIPANT_LEFT, ROOM_DESTROYED and SETTINGS_PROVISIONING, and set
   jitsi.jaas_webhook_secret to the secret that the console shows for it. JaaS then tells us who was there, and asks us
   for the lobby and the number of people.
"
    );
    assert_eq!(texts(&jaas(), &rich()), [expected]);
    assert!(texts(&jaas(), &ServerChoices::default())[0].contains("2. Webhooks: nothing"));
}

#[test]
fn without_a_secret_the_server_is_not_told_to_ask() {
    let mute = ServerChoices { server_secret: false, ..rich() };
    let all = ServerSettings::new(&shared(), &mute).unwrap().to_string();
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
fn what_is_written_shows_no_secret() {
    for deployment in [shared(), public(), jaas()] {
        for choices in [bare(), rich()] {
            let settings = ServerSettings::new(&deployment, &choices).unwrap();
            assert!(!settings.to_string().contains(SECRET) && !format!("{settings:?}").contains(SECRET));
        }
    }
}

#[test]
fn parts_are_written_one_after_the_other() {
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
    assert!(all.lines().all(|line| line.len() <= 120), "lines that a terminal shows whole");
}

#[test]
fn what_cannot_be_written_is_named() {
    let with = |change: fn(&mut ServerChoices)| {
        let mut choices = rich();
        change(&mut choices);
        ServerSettings::new(&shared(), &choices).unwrap_err().to_string()
    };
    for (error, what) in [
        (with(|c| c.host.clear()), "host of the rooms"),
        (with(|c| c.host = "a\nb".to_owned()), "host of the rooms"),
        (with(|c| c.reservations_url = Some(String::new())), "address for reservations"),
        (with(|c| c.events_url = Some("https://a b".to_owned())), "address for events"),
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
fn values_that_mean_something_in_an_env_are_quoted() {
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

/// What the sentences begin with.
fn topics(deployment: Option<&Deployment>, choices: &ServerChoices) -> Vec<&'static str> {
    not_enforceable(deployment, choices).iter().map(|sentence| sentence.split([':', ',']).next().unwrap()).collect()
}

const SIGNED_TOPICS: [&str; 4] = [
    "That a link is used by the one it was made for",
    "The end of a link for those inside",
    "Moving or calling off a session",
    "Sharing a screen",
];

#[test]
fn plain_links_enforce_next_to_nothing() {
    let expected = [
        "Who moderates",
        "Who comes in",
        "Who somebody is",
        "When",
        "What people may do",
        "Recording",
        "Who was there",
    ];
    assert_eq!(topics(None, &bare()), expected);
    assert_eq!(topics(None, &rich()), expected);
}

#[test]
fn signed_links_leave_a_few_things_open() {
    const OBSERVER: &str = "That an observer is neither seen nor heard";
    let has = |deployment: &Deployment, choices: &ServerChoices, topic: &str| {
        let all = topics(Some(deployment), choices);
        assert!(SIGNED_TOPICS.iter().all(|always| all.contains(always)), "{all:?}");
        all.contains(&topic)
    };
    let mute = ServerChoices { server_secret: false, ..rich() };
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
            assert_eq!(has(&deployment, &mute, topic), with_mute, "{topic}");
        }
    }
    for (topic, with_bare, with_rich) in [
        ("Roles", false, false),
        (OBSERVER, true, false),
        ("The end of a room", true, true),
        ("The lobby and the number of people before you tried them", false, true),
        ("Names", true, true),
    ] {
        assert_eq!(has(&jaas(), &bare(), topic), with_bare, "{topic}");
        assert_eq!(has(&jaas(), &rich(), topic), with_rich, "{topic}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_becomes_a_line_of_its_own(issuer in "\\PC{1,20}", host in "\\PC{1,20}", url in "\\PC{1,40}") {
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
