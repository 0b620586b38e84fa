//! A case that is written but not listed would never run.

use std::collections::BTreeSet;
use std::path::Path;

macro_rules! collect_cases {
    ($($group:ident { $($case:ident,)* })*) => {
        fn listed() -> BTreeSet<String> {
            [$($(concat!(stringify!($group), "::", stringify!($case)),)*)*].map(str::to_owned).into()
        }
    };
}

attune_test_store_contract::each_store_case!(collect_cases);

#[test]
fn every_written_case_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    let mut written = BTreeSet::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let group = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            if let Some((name, _)) = line.strip_prefix("pub async fn ").and_then(|rest| rest.split_once('(')) {
                written.insert(format!("{group}::{name}"));
            }
        }
    }
    assert!(!written.is_empty());
    assert_eq!(listed(), written);
}
