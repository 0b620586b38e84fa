//! Prosody's own parser reads the settings that we print.

use attune_adapter_jitsi::{Deployment, Secret, ServerChoices, ServerSettings, SigningKey};
use serde_json::{Value, json};

use crate::lua;

fn deployment(issuer: &str, key: SigningKey) -> Deployment {
    Deployment::SelfHosted {
        issuer: issuer.to_owned(),
        audience: "jitsi".to_owned(),
        subject: "meet.example.org".to_owned(),
        key,
    }
}

fn shared(issuer: &str) -> Deployment {
    deployment(issuer, SigningKey::Hs256(Secret::new("kV3n0yQxJ7pWq1Zt8RbLm5Xc2HsGf9Ud")))
}

fn choices() -> ServerChoices {
    ServerChoices {
        host: "meet.example.org".to_owned(),
        lobby: true,
        max_occupants: Some(4),
        visitors: true,
        fixed_names: true,
        reservations_url: Some("https://api.example.org/jitsi".to_owned()),
        events_url: Some("https://api.example.org/told".to_owned()),
        server_secret: true,
    }
}

fn text(deployment: &Deployment, choices: &ServerChoices, place: &str) -> String {
    let settings = ServerSettings::new(deployment, choices).expect("good settings");
    settings.parts().iter().find(|part| part.place.contains(place)).expect("such a part").text.clone()
}

fn read(configuration: &str) -> Value {
    lua::answer("configuration.lua", configuration)
}

#[test]
fn prosody_reads_the_settings_for_debian() {
    let secret = json!({ "Authorization": "Bearer <jitsi.server_secret>" });
    assert_eq!(
        read(&text(&shared("practice"), &choices(), "/etc/prosody")),
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
                "reservations_api_headers": secret,
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
                "muc_max_occupants": 4,
                "muc_access_whitelist": ["focus@auth.meet.example.org"],
            },
            "esync.meet.example.org": {
                "component_module": "event_sync_component",
                "load_global_modules": false,
                "muc_component": "conference.meet.example.org",
                "api_prefix": "https://api.example.org/told",
                "api_headers": secret,
            },
        })
    );
}

#[test]
fn prosody_reads_the_minimum() {
    let public = SigningKey::Rs256 { key_id: "attune-1".to_owned(), pem: Secret::new("") };
    let minimum = ServerChoices { host: "meet.example.org".to_owned(), ..ServerChoices::default() };
    assert_eq!(
        read(&text(&deployment("practice", public), &minimum, "/etc/prosody")),
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

#[test]
fn prosody_reads_the_settings_without_variables_in_docker() {
    let env = text(&shared("practice"), &choices(), "docker");
    let (_, rest) = env.split_once("docker-jitsi-meet.\n").expect("the part without variables");
    let (rest, _) = rest.split_once("\n\n").expect("notes after it");
    let configuration: String =
        rest.lines().map(|line| format!("{}\n", line.strip_prefix('#').expect("a comment"))).collect();
    let secret = json!({ "Authorization": "Bearer <jitsi.server_secret>" });
    assert_eq!(
        read(&configuration),
        json!({
            "*": {},
            "meet.jitsi": {
                "defined": true,
                "reservations_api_prefix": "https://api.example.org/jitsi",
                "reservations_api_headers": secret,
                "reservations_enable_max_occupants": true,
                "reservations_enable_lobby_support": true,
            },
            "esync.meet.jitsi": {
                "component_module": "event_sync_component",
                "load_global_modules": false,
                "muc_component": "muc.meet.jitsi",
                "api_prefix": "https://api.example.org/told",
                "api_headers": secret,
            },
        })
    );
}

#[test]
fn no_value_becomes_code() {
    for value in ["a\"b", "a\\", "\\\"", "a'b", "]]", "\"};os.exit(1)--", "--", "é"] {
        let mut choices = choices();
        choices.events_url = Some(value.to_owned());
        let read = read(&text(&shared(value), &choices, "/etc/prosody"));
        assert_eq!(read["meet.example.org"]["app_id"], value);
        assert_eq!(read["esync.meet.example.org"]["api_prefix"], value);
    }
}
