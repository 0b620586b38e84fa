//! The branding.

use reqwest::Method;

use super::harness::*;
use crate::settings::Branding;

const BRANDING: &str = "/jitsi/branding";

#[tokio::test(flavor = "multi_thread")]
async fn every_origin_may_read_the_branding() {
    let listed = "https://app.example.org";
    let practice = Parts::new()
        .settings(|settings| {
            settings.cors_origins = vec![listed.into()];
            settings.branding = Branding {
                logo_image_url: Some("https://www.example.org/logo.svg".into()),
                background_color: Some("#14532d".into()),
                avatar_backgrounds: vec!["#14532d".into(), "#b45309".into()],
                ..Branding::default()
            };
        })
        .open()
        .await;
    for origin in [listed, "https://meet.example.org", "null"] {
        let reply = practice.request(Method::GET, BRANDING).header("Origin", origin).send().await;
        let branding = r##"{"logoImageUrl":"https://www.example.org/logo.svg","backgroundColor":"#14532d","##
            .to_owned()
            + r##""avatarBackgrounds":["#14532d","#b45309"]}"##;
        reply.assert_body(200, &branding);
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
        let api = practice.request(Method::GET, "/api/services").header("Origin", origin).send().await;
        assert_ne!(api.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_branding_says_nothing_about_any_room() {
    let (practice, ..) = Parts::new().with_session().await;
    let room = practice.room_name().await;
    for query in
        ["", &format!("?conferenceFqn={room}"), "?conferenceFqn=canary", "?conferenceFqn", "?x=canary&x=%00&%ff", "?"]
    {
        let reply = practice.get(&format!("{BRANDING}{query}"), "").await;
        reply.assert_body(200, "{}");
        assert!(!format!("{:?}", reply.headers).contains("canary"));
    }
}
