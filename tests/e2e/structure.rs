//! Which crate may depend on which. Anything not written here is forbidden.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::source::root;

const CORE: &str = "domain ports";

/// Crate, the crates it may use, the crates that its own tests may use besides; separated by blanks.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("domain", "", ""),
    ("ports", "domain", ""),
    ("application", CORE, "adapter-memory test-doubles test-store-contract"),
    ("sql", CORE, ""),
    ("adapter-memory", CORE, "test-doubles test-store-contract"),
    ("adapter-sqlite", "domain ports sql", "test-store-contract"),
    ("adapter-postgres", "domain ports sql", "test-store-contract test-postgres"),
    ("archive", "ports", ""),
    ("ics", "", ""),
    ("wording", "domain", ""),
    ("adapter-smtp", "domain ports ics wording", "test-smtp"),
    ("adapter-auth", CORE, ""),
    ("adapter-payments", CORE, ""),
    ("webhook-signature", "", ""),
    ("adapter-jitsi", "domain ports webhook-signature", ""),
    ("adapter-stripe", "domain ports webhook-signature", "test-stripe"),
    ("http-common", "domain ports application ics wording", "test-doubles"),
    (
        "adapter-http",
        "domain ports application http-common wording",
        "adapter-memory adapter-web test-doubles test-store-contract",
    ),
    ("adapter-web", "domain ports application http-common wording", ""),
    ("adapter-metrics", "ports http-common", "test-doubles"),
    (
        "app",
        "domain ports application adapter-memory adapter-sqlite adapter-postgres adapter-smtp adapter-auth \
         adapter-payments adapter-stripe http-common adapter-http adapter-web adapter-metrics adapter-jitsi archive \
         wording",
        "",
    ),
    ("test-doubles", CORE, ""),
    ("test-store-contract", "domain ports test-doubles", ""),
    ("test-smtp", "", ""),
    ("test-stripe", "", ""),
    ("test-postgres", "", ""),
    // Tests only: the use cases over every store.
    (
        "test-scenarios",
        "domain ports application adapter-memory adapter-payments adapter-postgres adapter-sqlite adapter-stripe \
         test-doubles test-postgres test-stripe",
        "adapter-smtp test-smtp wording",
    ),
    // Load tests and black-box tests know the product from outside only.
    ("bench", "test-smtp test-postgres", ""),
    ("e2e", "test-smtp test-stripe test-postgres", ""),
];

/// Crates that are not part of the product; only these may depend on a crate `test-…`.
fn is_test_crate(name: &str) -> bool {
    name.starts_with("test-") || matches!(name, "bench" | "e2e")
}

/// The only libraries that the domain may use: none does I/O, runs tasks or writes a format.
const DOMAIN_LIBRARIES: &[&str] =
    &["idna", "jiff", "thiserror", "unicode-normalization", "unicode-segmentation", "url"];

/// Libraries that the domain may use in optional features, which the product leaves off.
const OPTIONAL_DOMAIN_LIBRARIES: &[&str] = &["serde"];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Package name without the prefix → (normal and build dependencies, test dependencies) in the workspace.
fn dependencies() -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let with_dependencies = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let (tests, product): (Vec<&Value>, Vec<&Value>) = dependencies.partition(|found| found["kind"] == "dev");
        let own = |found: Vec<&Value>| found.into_iter().filter_map(own_name).collect();
        (own_name(package).unwrap(), (own(product), own(tests)))
    };
    packages().iter().map(with_dependencies).collect()
}

/// The name of a crate of the workspace, without the prefix.
fn own_name(package: &Value) -> Option<String> {
    package["name"].as_str().unwrap().strip_prefix("attune-").map(str::to_owned)
}

#[test]
fn crates_know_only_whom_they_may() {
    let found = dependencies();
    let named: BTreeSet<&str> = ALLOWED.iter().map(|(name, ..)| *name).collect();
    let there: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(there, named, "ALLOWED has a line for every crate of the workspace");
    for (name, product, tests) in ALLOWED {
        let (uses, tests_use) = &found[*name];
        let is_extra = |used: &&String, allowed: &str| !allowed.split(' ').any(|allowed| allowed == *used);
        let extra: Vec<_> = uses.iter().filter(|used| is_extra(used, product)).collect();
        assert!(extra.is_empty(), "{name} must not depend on {extra:?}");
        let extra: Vec<_> = tests_use.iter().filter(|used| is_extra(used, product) && is_extra(used, tests)).collect();
        assert!(extra.is_empty(), "the tests of {name} must not depend on {extra:?}");
    }
}

#[test]
fn the_product_contains_no_test_code() {
    for (name, (uses, _)) in dependencies().iter().filter(|(name, _)| !is_test_crate(name)) {
        let doubles: Vec<_> = uses.iter().filter(|used| is_test_crate(used)).collect();
        assert!(doubles.is_empty(), "{name} is part of the product and depends on {doubles:?}");
    }
}

#[test]
fn the_domain_stays_pure() {
    let packages = packages();
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
    for package in packages() {
        let name = own_name(&package).unwrap();
        let path = package["manifest_path"].as_str().unwrap();
        let folder = if name == "e2e" { "/tests/Cargo.toml".to_owned() } else { format!("/crates/{name}/Cargo.toml") };
        assert!(path.ends_with(&folder), "{name} is at {path}");
    }
}

#[test]
fn every_crate_obeys_the_workspace_lints() {
    for package in packages() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has its own lints", package["name"]);
    }
    let domain = std::fs::read_to_string(root().join("crates/domain/clippy.toml")).unwrap();
    for forbidden in
        ["jiff::Timestamp::now", "std::time::SystemTime::now", "std::env::var", "std::fs::File", "std::net::TcpStream"]
    {
        assert!(domain.contains(forbidden), "crates/domain/clippy.toml forbids {forbidden}");
    }
}
