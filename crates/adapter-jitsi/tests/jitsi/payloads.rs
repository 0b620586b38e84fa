//! The exact content of tokens and links.

use attune_adapter_jitsi::JaasAppId;
use attune_domain::Role;
use attune_domain::meeting::{SignedLink, TokenPlacement, TokenSettings, Viewer, claims_for};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::fixtures::{
    APP_ID, KEY_ID, ROOM, START, WINDOW, account, at, booking, jaas, private_pem, servers, signed, viewers,
};

/// No nulls, one audience, times in whole seconds: whatever differs would be in the payload.
#[test]
fn every_viewer_gets_the_expected_token_and_the_same_one_again() {
    for server in servers() {
        for viewer in viewers() {
            let case = format!("{}: {}", server.name, viewer.who);
            let token = server.sign(&viewer.claims);
            let parts: Vec<&str> = token.split('.').collect();
            let [header, payload] = [0, 1].map(|part: usize| -> Value {
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[part]).unwrap()).unwrap()
            });
            assert_eq!(parts.len(), 3, "{case}");
            assert_eq!(header, server.header, "{case}");
            assert_eq!(payload, server.payload(&viewer), "{case}");
            assert_eq!(server.sign(&viewer.claims), token, "{case}");
        }
    }
}

#[test]
fn the_format_of_a_jaas_link() {
    let app_id = JaasAppId::parse(APP_ID).unwrap();
    let viewer = account(7, "John Doe", Role::Client);
    let (booking, settings) = (booking(app_id.base_url()), TokenSettings::default());
    let claims = claims_for(&booking, Viewer::Account(&viewer), &WINDOW, &settings, at(START)).unwrap();
    let token = signed(jaas(KEY_ID, &private_pem(0)), &claims);
    let link = SignedLink::new(&claims, &token, TokenPlacement::Query);
    assert_eq!(link.url, format!("https://8x8.vc/{APP_ID}/{ROOM}?jwt={token}#userInfo.displayName=%22John%20Doe%22"));
    let url = url::Url::parse(&link.url).unwrap();
    assert_eq!(url.query_pairs().next().unwrap(), ("jwt".into(), token.into()));
    // The room in the token does not include the AppID.
    assert_eq!(claims.room(), ROOM);
}
