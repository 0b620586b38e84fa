//! Files that pages load: the style sheet, the script, the accent colour and an icon.

use std::sync::LazyLock;

use attune_domain::practice::AccentColor;
use sha2::{Digest, Sha256};

/// The style sheet of all pages.
pub(crate) const STYLE_SHEET: &str = include_str!("../assets/attune.css");

/// The script of all pages.
pub(crate) const SCRIPT: &str = include_str!("../assets/attune.js");

/// The icon of pages without a logo.
pub(crate) const ICON: &str = include_str!("../assets/icon.svg");

/// The name of the style sheet. It changes with the content, so that browsers may keep the file for ever.
pub(crate) static STYLE_SHEET_NAME: LazyLock<String> =
    LazyLock::new(|| format!("attune-{}.css", fingerprint(STYLE_SHEET.as_bytes())));

/// The name of the script, which changes with the content.
pub(crate) static SCRIPT_NAME: LazyLock<String> =
    LazyLock::new(|| format!("attune-{}.js", fingerprint(SCRIPT.as_bytes())));

/// The name of the icon, which changes with the content.
pub(crate) static ICON_NAME: LazyLock<String> = LazyLock::new(|| format!("icon-{}.svg", fingerprint(ICON.as_bytes())));

/// The name of the style sheet for an accent colour, such as `accent-14532d.css`.
pub(crate) fn accent_name(color: AccentColor) -> String {
    format!("accent-{}.css", color.to_string().trim_start_matches('#'))
}

/// The accent colour in the name of a file.
pub(crate) fn accent_of(name: &str) -> Option<AccentColor> {
    let digits = name.strip_prefix("accent-")?.strip_suffix(".css")?;
    AccentColor::parse(&format!("#{digits}")).ok().filter(|color| accent_name(*color) == name)
}

fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
