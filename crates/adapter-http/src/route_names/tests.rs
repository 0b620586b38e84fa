use super::*;
use crate::routes;
use crate::settings::HttpSettings;

/// A path that matches the pattern.
fn example(pattern: &str) -> String {
    let mut parts = pattern.split('{');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |path, part| path + "some-42" + part.split_once('}').map_or("", |(_, rest)| rest))
}

#[test]
fn every_route_has_its_name() {
    let settings = HttpSettings {
        test_checkout: true,
        server_secret: Some(crate::settings::ServerSecret::new("s".repeat(32))),
        ..Default::default()
    };
    let names = RouteNames::new(routes::patterns(&settings));
    for pattern in routes::patterns(&settings) {
        assert_eq!(names.of(&example(pattern)), pattern);
    }
}

#[test]
fn other_paths_have_none() {
    let names = RouteNames::new(routes::patterns(&HttpSettings::default()));
    for path in ["", "/", "/api", "/api/bookings/", "/api/bookings/1/2", "/zebulonia", "//api/bookings", "*"] {
        assert_eq!(names.of(path), "(none)", "{path}");
    }
}
