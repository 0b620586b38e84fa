//! Libraries: minimum versions with security fixes, and libraries that were decided against.

use std::collections::BTreeMap;

const AT_LEAST: &[(&str, [u64; 3], &str)] = &[
    ("actix-web", [4, 15, 0], "CVE-2021-38512 and what followed"),
    ("actix-http", [3, 13, 3], "ambiguous lengths are refused, idle connections close on stop"),
    ("jsonwebtoken", [10, 3, 0], "CVE-2026-25537: exp and nbf as strings were skipped"),
    ("lettre", [0, 11, 22], "CVE-2026-46428"),
    ("diesel", [2, 3, 10], "RUSTSEC-2024-0365, RUSTSEC-2026-0111 and following"),
    ("diesel-async", [0, 9, 2], "transactions dangled after cancellation"),
    ("tokio-postgres", [0, 7, 18], "RUSTSEC-2026-0178"),
    ("postgres-protocol", [0, 6, 12], "RUSTSEC-2026-0179, RUSTSEC-2026-0180"),
    ("libsqlite3-sys", [0, 38, 0], "SQLite before 3.51.3 can corrupt its write-ahead log"),
    ("bytes", [1, 11, 1], "RUSTSEC-2026-0007"),
    ("rustls-webpki", [0, 103, 13], "RUSTSEC-2026-0104"),
    ("url", [2, 5, 4], "RUSTSEC-2024-0421"),
    ("idna", [1, 0, 0], "RUSTSEC-2024-0421"),
];

const NEVER: &[(&str, &str)] = &[
    ("rsa", "RUSTSEC-2023-0071: timing, without a patch"),
    ("actix-governor", "GPL"),
    ("h2", "HTTP/2 ends at the proxy; the version actix pulls in has RUSTSEC-2026-0258"),
    ("openssl-sys", "TLS is rustls everywhere"),
    ("native-tls", "TLS is rustls everywhere"),
    ("pq-sys", "the Postgres driver is pure Rust"),
    ("chrono-tz", "bakes in time zone rules that go stale; zones are read at run time"),
];

fn locked() -> BTreeMap<String, Vec<[u64; 3]>> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
    let mut found: BTreeMap<String, Vec<[u64; 3]>> = BTreeMap::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("name = ") {
            name = Some(value.trim_matches('"').to_owned());
        } else if let Some(value) = line.strip_prefix("version = ")
            && let Some(name) = name.take()
        {
            let core = value.trim_matches('"').split(['-', '+']).next().unwrap().to_owned();
            let parts: Vec<u64> = core.split('.').map(|part| part.parse().unwrap()).collect();
            found.entry(name).or_default().push([parts[0], parts[1], parts[2]]);
        }
    }
    found
}

#[test]
fn no_library_is_older_than_its_known_holes() {
    let locked = locked();
    for (name, least, why) in AT_LEAST {
        for version in locked.get(*name).unwrap_or_else(|| panic!("{name} is no longer used; remove it from the list"))
        {
            assert!(version >= least, "{name} {version:?} is older than {least:?}: {why}");
        }
    }
}

#[test]
fn libraries_we_decided_against_stay_out() {
    let locked = locked();
    for (name, why) in NEVER {
        assert!(!locked.contains_key(*name), "{name} must not be used: {why}");
    }
}
