//! The folder for data, and the secret that is made in it when none was given.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use attune_ports::Random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::settings::Secret;

/// Creates the folder for its owner only, unless it exists.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create the folder {}", path.display()))
}

/// The secret in the data folder, which is generated at the first start. Two processes that start together use the same.
pub(crate) fn stored_secret(data_dir: &Path, random: &dyn Random) -> Result<Secret> {
    let path = data_dir.join("secret");
    if let Some(secret) = existing_secret(data_dir)? {
        return Ok(secret);
    }
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let text = URL_SAFE_NO_PAD.encode(bytes);
    // Written to a temporary file and linked: a second process finds the complete secret of the first one.
    let temporary = data_dir.join(format!("secret.{}", URL_SAFE_NO_PAD.encode(&bytes[..6]).replace(['-', '_'], "x")));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .with_context(|| format!("cannot write {}", temporary.display()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", temporary.display()))?;
    let linked = std::fs::hard_link(&temporary, &path);
    let _ = std::fs::remove_file(&temporary);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot write {}", path.display()))
        }
        _ => read(&path)?.with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The secret in the data folder, if there is one.
pub(crate) fn existing_secret(data_dir: &Path) -> Result<Option<Secret>> {
    read(&data_dir.join("secret"))
}

fn read(path: &Path) -> Result<Option<Secret>> {
    let mut text = String::new();
    match std::fs::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|mut file| file.read_to_string(&mut text)),
    }
    .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(Secret::new(text.trim().to_owned())))
}
