use super::*;
use crate::routes::{self, Optional};

/// A path that matches the pattern.
fn example(pattern: &str) -> String {
    let mut parts = pattern.split('{');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |path, part| path + "some-42" + part.split_once('}').map_or("", |(_, rest)| rest))
}

#[test]
fn every_route_has_its_name() {
    let optional = Optional { server: true, jaas: true, stripe: true };
    let names = RouteNames::new(routes::patterns(optional));
    for pattern in routes::patterns(optional) {
        assert_eq!(names.of(&example(pattern)).pattern(), pattern);
    }
}

#[test]
fn other_paths_have_none() {
    let names = RouteNames::new(routes::patterns(Optional { server: false, jaas: false, stripe: false }));
    for path in ["", "/", "/api", "/api/bookings/", "/api/bookings/1/2", "/zebulonia", "//api/bookings", "*"] {
        assert_eq!(names.of(path).pattern(), "(none)", "{path}");
    }
}
