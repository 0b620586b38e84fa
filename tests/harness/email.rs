//! What the recipient finds in an email.

pub fn unescape(html: &str) -> String {
    html.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x2f;", "/")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// The target of the only link in an HTML part.
pub fn button_target(html: &str) -> String {
    let links: Vec<&str> = html.split("<a ").skip(1).collect();
    let [button] = links.as_slice() else { panic!("one link, not {}", links.len()) };
    assert!(button.contains(">Join the appointment</a>"), "the button says what it does");
    let (_, rest) = button.split_once("href=\"").expect("the button leads somewhere");
    unescape(rest.split('"').next().unwrap())
}

/// The only link in a text part, on a line of its own.
pub fn link_in_text(text: &str) -> &str {
    let links: Vec<&str> = text.lines().filter(|line| line.starts_with("http")).collect();
    let [link] = links.as_slice() else { panic!("one link, not {}", links.len()) };
    link
}
