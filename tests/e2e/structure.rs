//! Who may depend on whom. Anything not written here is forbidden.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Crates that an adapter may know.
const CORE: &[&str] = &["domain", "ports"];

/// Crate, what it may use in the product, what it may use besides in its own tests.
const ALLOWED: &[(&str, &[&str], &[&str])] = &[
    ("domain", &[], &[]),
    ("ports", &["domain"], &[]),
    ("application", CORE, &["adapter-memory", "test-store-contract"]),
    ("sql", CORE, &[]),
    ("adapter-memory", CORE, &["test-store-contract"]),
    ("adapter-sqlite", &["domain", "ports", "sql"], &["test-store-contract"]),
    ("adapter-postgres", &["domain", "ports", "sql"], &["test-store-contract", "test-postgres"]),
    ("adapter-smtp", CORE, &["test-smtp"]),
    ("adapter-auth", CORE, &[]),
    ("adapter-payments", CORE, &[]),
    ("webhook-signature", &[], &[]),
    ("adapter-jitsi", &["domain", "ports", "webhook-signature"], &[]),
    ("adapter-stripe", &["domain", "ports", "webhook-signature"], &["test-stripe"]),
    ("adapter-http", &["domain", "ports", "application"], &["adapter-memory", "test-store-contract"]),
    ("http-common", &[], &[]),
    ("test-doubles", CORE, &[]),
    ("test-store-contract", CORE, &[]),
    ("test-smtp", &[], &[]),
    ("test-stripe", &[], &[]),
    ("test-postgres", &[], &[]),
    // Tools that measure: they know the product only from outside, too.
    ("bench", &["test-smtp"], &[]),
    // Only tests: the use cases over every store.
    (
        "test-scenarios",
        &[
            "domain",
            "ports",
            "application",
            "adapter-memory",
            "adapter-payments",
            "adapter-postgres",
            "adapter-sqlite",
            "adapter-stripe",
            "test-stripe",
            "test-postgres",
        ],
        &["adapter-smtp", "test-smtp"],
    ),
    (
        "app",
        &[
            "domain",
            "ports",
            "application",
            "adapter-memory",
            "adapter-sqlite",
            "adapter-postgres",
            "adapter-smtp",
            "adapter-auth",
            "adapter-payments",
            "adapter-stripe",
            "adapter-http",
            "adapter-jitsi",
        ],
        &[],
    ),
    // The black-box tests know the product only from outside.
    ("e2e", &["test-smtp", "test-stripe", "test-postgres"], &[]),
];

/// What the domain may pull in at all: nothing that could do I/O, run tasks or write a format.
const DOMAIN_LIBRARIES: &[&str] = &["jiff", "thiserror", "unicode-normalization", "unicode-segmentation", "url"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Package name without the prefix → (product dependencies, test dependencies), all names as Cargo knows them.
fn dependencies() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let mut product = BTreeSet::new();
            let mut tests = BTreeSet::new();
            for dependency in package["dependencies"].as_array().unwrap() {
                let name = dependency["name"].as_str().unwrap().to_owned();
                if dependency["kind"] == "dev" {
                    tests.insert(name)
                } else {
                    product.insert(name)
                };
            }
            (own(package["name"].as_str().unwrap()).unwrap().to_owned(), (product, tests))
        })
        .collect()
}

fn own(name: &str) -> Option<&str> {
    name.strip_prefix("attune-")
}

#[test]
fn crates_know_only_whom_they_may() {
    let found = dependencies();
    let named: BTreeSet<&str> = ALLOWED.iter().map(|(name, ..)| *name).collect();
    let there: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(there, named, "every crate of the workspace has its line in ALLOWED");
    for (name, product, tests) in ALLOWED {
        let (uses, tests_use) = &found[*name];
        let allowed: BTreeSet<&str> = product.iter().copied().collect();
        let extra: Vec<&str> = uses.iter().filter_map(|d| own(d)).filter(|d| !allowed.contains(d)).collect();
        assert!(extra.is_empty(), "{name} must not depend on {extra:?}");
        let extra: Vec<&str> =
            tests_use.iter().filter_map(|d| own(d)).filter(|d| !allowed.contains(d) && !tests.contains(d)).collect();
        assert!(extra.is_empty(), "the tests of {name} must not depend on {extra:?}");
    }
}

#[test]
fn the_domain_stays_pure() {
    let (uses, _) = &dependencies()["domain"];
    let allowed: BTreeSet<&str> = DOMAIN_LIBRARIES.iter().copied().collect();
    let extra: Vec<&String> = uses.iter().filter(|d| !allowed.contains(d.as_str())).collect();
    assert!(extra.is_empty(), "the domain must not depend on {extra:?}");
}

#[test]
fn packages_are_named_after_their_folders() {
    for package in metadata()["packages"].as_array().unwrap() {
        let name = own(package["name"].as_str().unwrap()).unwrap();
        let path = package["manifest_path"].as_str().unwrap();
        let folder = if name == "e2e" { "/tests/Cargo.toml".to_owned() } else { format!("/crates/{name}/Cargo.toml") };
        assert!(path.ends_with(&folder), "{name} lives in {path}");
    }
}

#[test]
fn every_crate_obeys_the_workspace_lints() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for package in metadata()["packages"].as_array().unwrap() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has its own lints", package["name"]);
    }
    let domain = std::fs::read_to_string(root.join("crates/domain/clippy.toml")).unwrap();
    for outlawed in
        ["jiff::Timestamp::now", "std::time::SystemTime::now", "std::env::var", "std::fs::File", "std::net::TcpStream"]
    {
        assert!(domain.contains(outlawed), "crates/domain/clippy.toml outlaws {outlawed}");
    }
}
