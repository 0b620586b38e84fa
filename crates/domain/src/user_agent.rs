//! Which program a user logged in with, in a few words.

/// Browsers by the tokens that tell them apart. Most name those that they descend from, too, so the order counts.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("Mozilla/", "Browser"),
];

/// Systems, more special ones first.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Unix"),
];

/// The longest name of a program that is no browser, in characters.
const MAX_NAME: usize = 40;

/// A `User-Agent` header (RFC 9110, section 10.1.5) in a few words, such as `Firefox, Linux`: enough to recognise a login, and
/// too little to recognise a person. A program that is no browser is called by its first name, such as `curl`. `None` if the
/// header names nothing.
pub fn user_agent_name(header: &str) -> Option<String> {
    let named =
        |names: &'static [(&str, &str)]| names.iter().find(|(token, _)| header.contains(token)).map(|(_, name)| *name);
    if let Some(browser) = named(&BROWSERS) {
        return Some(named(&SYSTEMS).map_or_else(|| browser.to_owned(), |system| format!("{browser}, {system}")));
    }
    let product = header.split([' ', '/']).next().unwrap_or_default();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = product.chars().filter(|c| is_word(*c)).take(MAX_NAME).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests;
