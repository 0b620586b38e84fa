//! Which crate may depend on which. Anything not written here is forbidden.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const CORE: &[&str] = &["domain", "ports"];

/// Crate, the crates it may use, the crates that its own tests may use besides.
const ALLOWED: &[(&str, &[&str], &[&str])] = &[
    ("domain", &[], &[]),
    ("ports", &["domain"], &[]),
    ("application", CORE, &["adapter-memory", "test-doubles", "test-store-contract"]),
    ("sql", CORE, &[]),
    ("adapter-memory", CORE, &["test-doubles", "test-store-contract"]),
    ("adapter-sqlite", &["domain", "ports", "sql"], &["test-store-contract"]),
    ("adapter-postgres", &["domain", "ports", "sql"], &["test-store-contract", "test-postgres"]),
    ("ics", &[], &[]),
    ("adapter-smtp", &["domain", "ports", "ics"], &["test-smtp"]),
    ("adapter-auth", CORE, &[]),
    ("adapter-payments", CORE, &[]),
    ("webhook-signature", &[], &[]),
    ("adapter-jitsi", &["domain", "ports", "webhook-signature"], &[]),
    ("adapter-stripe", &["domain", "ports", "webhook-signature"], &["test-stripe"]),
    ("http-common", CORE, &["test-doubles"]),
    (
        "adapter-http",
        &["domain", "ports", "application", "http-common", "ics"],
        &["adapter-memory", "test-doubles", "test-store-contract"],
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
    ("test-doubles", CORE, &[]),
    ("test-store-contract", &["domain", "ports", "test-doubles"], &[]),
    ("test-smtp", &[], &[]),
    ("test-stripe", &[], &[]),
    ("test-postgres", &[], &[]),
    // Tests only: the use cases over every store.
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
            "test-doubles",
            "test-postgres",
            "test-stripe",
        ],
        &["adapter-smtp", "test-smtp"],
    ),
    // Load tests and black-box tests know the product from outside only.
    ("bench", &["test-smtp"], &[]),
    ("e2e", &["test-smtp", "test-stripe", "test-postgres"], &[]),
];

/// Crates that are not part of the product; only these may depend on a crate `test-…`.
fn is_test_crate(name: &str) -> bool {
    name.starts_with("test-") || matches!(name, "bench" | "e2e")
}

/// The only libraries that the domain may use: none does I/O, runs tasks or writes a format.
const DOMAIN_LIBRARIES: &[&str] = &["jiff", "thiserror", "unicode-normalization", "unicode-segmentation", "url"];

/// Libraries that the domain may use in optional features, which the product leaves off.
const OPTIONAL_DOMAIN_LIBRARIES: &[&str] = &["serde"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Package name without the prefix → (normal and build dependencies, test dependencies), with Cargo's names.
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
    assert_eq!(there, named, "ALLOWED has a line for every crate of the workspace");
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
fn the_product_contains_no_test_code() {
    for (name, (uses, _)) in dependencies().iter().filter(|(name, _)| !is_test_crate(name)) {
        let doubles: Vec<&str> = uses.iter().filter_map(|d| own(d)).filter(|d| is_test_crate(d)).collect();
        assert!(doubles.is_empty(), "{name} is part of the product and depends on {doubles:?}");
    }
}

#[test]
fn the_domain_stays_pure() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let dependencies = |package: &Value| package["dependencies"].as_array().unwrap().clone();
    let domain = packages.iter().find(|package| package["name"] == "attune-domain").unwrap();
    for dependency in dependencies(domain).iter().filter(|dependency| dependency["kind"] != "dev") {
        let (name, is_optional) = (dependency["name"].as_str().unwrap(), dependency["optional"] == true);
        let allowed = if is_optional { OPTIONAL_DOMAIN_LIBRARIES } else { DOMAIN_LIBRARIES };
        assert!(allowed.contains(&name), "the domain must not depend on {name}");
    }
    for dependency in packages.iter().flat_map(dependencies).filter(|found| found["name"] == "attune-domain") {
        assert_eq!(dependency["features"], serde_json::json!([]), "the domain's types stay without serde");
    }
}

#[test]
fn packages_are_named_after_their_folders() {
    for package in metadata()["packages"].as_array().unwrap() {
        let name = own(package["name"].as_str().unwrap()).unwrap();
        let path = package["manifest_path"].as_str().unwrap();
        let folder = if name == "e2e" { "/tests/Cargo.toml".to_owned() } else { format!("/crates/{name}/Cargo.toml") };
        assert!(path.ends_with(&folder), "{name} is at {path}");
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
    for forbidden in
        ["jiff::Timestamp::now", "std::time::SystemTime::now", "std::env::var", "std::fs::File", "std::net::TcpStream"]
    {
        assert!(domain.contains(forbidden), "crates/domain/clippy.toml forbids {forbidden}");
    }
}
