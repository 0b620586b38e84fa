//! HTML pages: accessible, without scripts and third-party resources.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};

/// The inline style sheet. A test checks that [`STYLE_HASH`] is its hash.
const STYLE: &str = ":root{color-scheme:light dark}\
body{font:1.125rem/1.6 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;\
overflow-wrap:break-word;color:#1f2430;background:#fff}h1{font-size:1.5rem;line-height:1.3}\
dt{font-weight:600}dd{margin:0 0 .75rem}\
button,a{display:inline-block;box-sizing:border-box;max-width:100%;font:inherit;font-weight:600;\
padding:.75rem 2rem;border:2px solid #14532d;border-radius:.5rem;cursor:pointer}\
button{background:#14532d;color:#fff}a{color:#14532d}\
button:focus-visible,a:focus-visible{outline:3px solid #b45309;outline-offset:3px}\
@media(prefers-color-scheme:dark){body{color:#e6e8ee;background:#171a21}button,a{border-color:#86efac}\
a{color:#86efac}button:focus-visible,a:focus-visible{outline-color:#fbbf24}}";

const STYLE_HASH: &str = "sha256-SOUsRUXEK00sJCoTFZxkxJpO0W2cXX1hpgJ/3qtG3SM=";

pub(crate) struct Page {
    practice: String,
    title: &'static str,
    body: String,
    form_target: String,
    retry_after: Option<u64>,
}

impl Page {
    pub(crate) fn new(practice: &str, title: &'static str, sentence: &str) -> Self {
        let body = format!("<p>{}</p>\n", escape(sentence));
        Self { practice: escape(practice), title, body, form_target: String::new(), retry_after: None }
    }

    /// A list of names and values.
    pub(crate) fn details(mut self, details: &[(&str, &str)]) -> Self {
        self.body.push_str("<dl>\n");
        for (name, value) in details {
            // Writing into a String cannot fail.
            let _ = writeln!(self.body, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
        }
        self.body.push_str("</dl>\n");
        self
    }

    /// A button that posts to the page's own URL.
    pub(crate) fn button(mut self, label: &str) -> Self {
        let _ = writeln!(self.body, "<form method=\"post\"><button type=\"submit\">{}</button></form>", escape(label));
        self
    }

    /// A link that reloads the page.
    pub(crate) fn reload(mut self, label: &str) -> Self {
        let _ = writeln!(self.body, "<p><a href=\"\">{}</a></p>", escape(label));
        self
    }

    /// Another origin to which the button may redirect. Chromium applies the policy to redirects as well, and would
    /// otherwise block it.
    pub(crate) fn redirecting_to(self, origin: &str) -> Self {
        Self { form_target: format!(" {origin}"), ..self }
    }

    pub(crate) fn retry_after(self, seconds: Option<u64>) -> Self {
        Self { retry_after: seconds, ..self }
    }

    pub(crate) fn respond(self, status: StatusCode) -> HttpResponse {
        let Self { practice, title, body, form_target, retry_after } = self;
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{title} – {practice}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<p>{practice}</p>\n<h1>{title}</h1>\n{body}</main>\n\
             </body>\n</html>\n"
        );
        // The page may use its own style sheet, and post its form to this service, which may redirect to the form
        // target.
        let policy = format!(
            "default-src 'none'; style-src '{STYLE_HASH}'; form-action 'self'{form_target}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        let mut response = HttpResponse::build(status);
        response.content_type("text/html; charset=utf-8").insert_header((CONTENT_SECURITY_POLICY, policy));
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.body(html)
    }
}

/// Escapes text for HTML, attributes included.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
