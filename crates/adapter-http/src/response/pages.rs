//! The pages that people see: plain, readable without a mouse or a screen, with no script and nothing from elsewhere.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};

/// The style sheet, inside the page. Its hash is in [`STYLE_HASH`]; a test keeps the two together.
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

/// What the policy calls exactly [`STYLE`].
const STYLE_HASH: &str = "sha256-SOUsRUXEK00sJCoTFZxkxJpO0W2cXX1hpgJ/3qtG3SM=";

/// A page in the making.
pub(crate) struct Page {
    practice: String,
    title: &'static str,
    body: String,
    leads_to: String,
    retry_after: Option<u64>,
}

impl Page {
    /// A page of the practice with a title and a sentence.
    pub(crate) fn new(practice: &str, title: &'static str, sentence: &str) -> Self {
        let body = format!("<p>{}</p>\n", escape(sentence));
        Self { practice: escape(practice), title, body, leads_to: String::new(), retry_after: None }
    }

    /// Facts, each with its name.
    pub(crate) fn facts(mut self, facts: &[(&str, &str)]) -> Self {
        self.body.push_str("<dl>\n");
        for (name, value) in facts {
            // Writing into a String cannot fail.
            let _ = writeln!(self.body, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
        }
        self.body.push_str("</dl>\n");
        self
    }

    /// A button that posts to the page's own address.
    pub(crate) fn button(mut self, label: &str) -> Self {
        let _ = writeln!(self.body, "<form method=\"post\"><button type=\"submit\">{}</button></form>", escape(label));
        self
    }

    /// A link to the page's own address, to look at it again.
    pub(crate) fn again(mut self, label: &str) -> Self {
        let _ = writeln!(self.body, "<p><a href=\"\">{}</a></p>", escape(label));
        self
    }

    /// Where the button may lead besides home, as an origin. A browser that holds the policy against redirects, too, as
    /// Chromium does, would otherwise stop at the page.
    pub(crate) fn leading_to(self, origin: &str) -> Self {
        Self { leads_to: format!(" {origin}"), ..self }
    }

    /// In how many seconds trying again makes sense.
    pub(crate) fn retry_after(self, seconds: Option<u64>) -> Self {
        Self { retry_after: seconds, ..self }
    }

    /// The response.
    pub(crate) fn respond(self, status: StatusCode) -> HttpResponse {
        let Self { practice, title, body, leads_to, retry_after } = self;
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{title} – {practice}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<p>{practice}</p>\n<h1>{title}</h1>\n{body}</main>\n\
             </body>\n</html>\n"
        );
        // What a page may do: be styled by exactly its style sheet, and send its form home and to where home leads.
        let policy = format!(
            "default-src 'none'; style-src '{STYLE_HASH}'; form-action 'self'{leads_to}; base-uri 'none'; \
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

/// Text that stays text inside HTML, in attributes too.
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
