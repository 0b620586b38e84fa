//! The pages that people see: plain, readable without a mouse or a screen, with no script and nothing from elsewhere.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_SECURITY_POLICY;

/// The style sheet, inside the page. Its hash is in [`POLICY`]; a test keeps the two together.
const STYLE: &str = "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;\
color:#1f2430;background:#fff}h1{font-size:1.5rem;line-height:1.3}dt{font-weight:600}dd{margin:0 0 .75rem}\
button{font:inherit;font-weight:600;padding:.75rem 2rem;border:2px solid #14532d;border-radius:.5rem;\
background:#14532d;color:#fff;cursor:pointer}button:focus-visible{outline:3px solid #b45309;outline-offset:3px}\
@media(prefers-color-scheme:dark){body{color:#e6e8ee;background:#171a21}button{border-color:#86efac}}";

/// What a page may do: be styled by exactly [`STYLE`], and send its form home.
const POLICY: &str = "default-src 'none'; \
     style-src 'sha256-lWOvOrdBD2x9yStPOQvUAR4lWDfUQ3xZbO1GyN4pNd8='; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page in the making.
pub(crate) struct Page {
    practice: String,
    title: &'static str,
    body: String,
}

impl Page {
    /// A page of the practice with a title and a sentence.
    pub(crate) fn new(practice: &str, title: &'static str, sentence: &str) -> Self {
        Self { practice: escape(practice), title, body: format!("<p>{}</p>\n", escape(sentence)) }
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

    /// The response.
    pub(crate) fn respond(self, status: StatusCode) -> HttpResponse {
        let Self { practice, title, body } = self;
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{title} – {practice}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<p>{practice}</p>\n<h1>{title}</h1>\n{body}</main>\n\
             </body>\n</html>\n"
        );
        HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .body(html)
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
