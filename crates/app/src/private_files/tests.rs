use std::fs::{Permissions, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::settings::{Profile, Sources, load};

fn set_mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_every_user_can_read_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    let (data, key) = (folder.path().join("data"), folder.path().join("stripe-key"));
    let file = folder.path().join("attune.toml");
    std::fs::create_dir(&data).unwrap();
    write(&key, "canary").unwrap();
    write(&file, "[mail]\nsmtp_url = \"smtps://user:canary@mail.example.org\"\n").unwrap();
    for name in ["secret", "attune.sqlite"] {
        write(data.join(name), "canary").unwrap();
    }
    let environment = [("ATTUNE__DATA_DIR", &data), ("ATTUNE__PAYMENTS__STRIPE_KEY_FILE", &key)];
    let environment =
        environment.into_iter().map(|(name, path)| (name.to_owned(), path.display().to_string())).collect();
    let sources = Sources { profile: Profile::Development, file: Some(file.clone()), environment };
    let settings = load(&sources).unwrap();
    let config = settings.resolve(Profile::Development).unwrap();
    let all = [data.clone(), data.join("secret"), data.join("attune.sqlite"), file, key];
    let closed = || {
        set_mode(&data, 0o700);
        all[1..].iter().for_each(|path| set_mode(path, 0o640));
    };
    closed();
    assert!(exposed(&settings, &config).is_empty(), "its owner and group can read it");
    for path in &all {
        for bit in [0o004, 0o002] {
            closed();
            set_mode(path, 0o700 | bit);
            let found = exposed(&settings, &config);
            let [sentence] = found.as_slice() else { panic!("{path:?}, {bit:o}: {found:?}") };
            assert!(sentence.ends_with(&format!("chmod o-rwx {}", path.display())), "{sentence}");
        }
    }
}

#[test]
fn every_setting_that_names_a_file_with_a_secret_is_looked_at() {
    let defaults: toml::Table = include_str!("../../../../config/default.toml").parse().unwrap();
    let mut environment = std::collections::BTreeMap::new();
    let folder = tempfile::TempDir::new().unwrap();
    for (section, keys) in &defaults {
        let names = keys.as_table().into_iter().flat_map(toml::Table::keys);
        // The clock is no secret.
        for name in names.filter(|name| name.ends_with("_file") && *name != "clock_file") {
            let path = folder.path().join(name);
            write(&path, "canary").unwrap();
            let variable = format!("ATTUNE__{}__{}", section.to_uppercase(), name.to_uppercase());
            environment.insert(variable, path.display().to_string());
        }
    }
    let named = environment.values().cloned().collect::<std::collections::BTreeSet<_>>();
    let settings = load(&Sources { profile: Profile::Development, file: None, environment }).unwrap();
    assert_eq!(settings.secret_files().map(str::to_owned).collect::<std::collections::BTreeSet<_>>(), named);
}
