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

/// Makes a folder that only its owner can enter, unless it is there.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))
}

/// The secret kept in the data folder; made at the first start. Two processes that start together agree on one.
pub(crate) fn kept_secret(data_dir: &Path, random: &dyn Random) -> Result<Secret> {
    let path = data_dir.join("secret");
    if let Some(secret) = read(&path)? {
        return Ok(secret);
    }
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let text = URL_SAFE_NO_PAD.encode(bytes);
    // Written aside and linked into place: whoever comes second finds the first one's secret, whole.
    let aside = data_dir.join(format!("secret.{}", URL_SAFE_NO_PAD.encode(&bytes[..6]).replace(['-', '_'], "x")));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)
        .with_context(|| format!("cannot write {}", aside.display()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", aside.display()))?;
    let linked = std::fs::hard_link(&aside, &path);
    let _ = std::fs::remove_file(&aside);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot write {}", path.display()))
        }
        _ => read(&path)?.with_context(|| format!("cannot read {}", path.display())),
    }
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
