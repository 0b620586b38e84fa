//! The settings for the video server as files.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use attune_adapter_jitsi::Secret;

use super::server_settings;
use crate::secret::create_folder;
use crate::settings::ResolvedConfig;

/// Returns which files are there now, and the place of each at the video server. Without `force`, nothing is written if one of
/// the files has another content.
pub(super) fn write(config: &ResolvedConfig, folder: &Path, force: bool) -> Result<String> {
    let deployment = config.meetings.deployment.as_deref();
    let deployment = deployment.context("--write-jitsi: there is nothing to write, because jitsi.mode is plain")?;
    let server_secret = config.meetings.server_secret.as_ref().map(|secret| Secret::new(secret.expose()));
    let settings = server_settings(config, deployment)?
        .with_secrets(deployment, server_secret.as_ref())
        .context("--write-jitsi: the files cannot be written")?;
    let files: Vec<(PathBuf, &str, &str)> = settings
        .parts()
        .iter()
        .filter_map(|part| Some((folder.join(part.file.as_ref()?), part.place.as_str(), part.text.as_str())))
        .collect();
    ensure!(!files.is_empty(), "--write-jitsi: there is nothing to write, because jitsi.mode is jaas");
    let mut changed = Vec::new();
    for (path, _, text) in &files {
        match fs::read(path) {
            Ok(found) if found == text.as_bytes() => {}
            Ok(_) => {
                let path = path.display();
                ensure!(force, "--write-jitsi: {path} has another content; replace all such files with --force");
                changed.push((path.to_string(), *text));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => changed.push((path.display().to_string(), *text)),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
    for (path, text) in changed {
        replace(Path::new(&path), text).with_context(|| format!("cannot write {path}"))?;
    }
    let lines: String = files.iter().map(|(path, place, _)| format!("{}: {place}\n", path.display())).collect();
    Ok(format!("What the video server needs, with its secrets:\n\n{lines}"))
}

/// The file is never readable by others, and either the old or the new one.
fn replace(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(fs::rename(&new, path)?)
}
