//! The practice's imprint and privacy statement.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use attune_domain::PracticeTexts;
use attune_domain::practice::WebUrl;
use attune_http_common::{Code, HandlerResult, wants_json};

use super::message::Message;
use super::not_found;
use crate::shell::{Link, Shell, plain};
use crate::web::Web;

pub(crate) const IMPRINT: &str = "/imprint";
pub(crate) const PRIVACY: &str = "/privacy";

/// A text of the practice.
#[derive(Template)]
#[template(path = "legal.html")]
struct Legal {
    shell: Shell,
    paragraphs: Vec<String>,
}

/// `GET /imprint`
pub(crate) async fn imprint(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    page(&web, &http, "imprint", |texts| texts.imprint.as_ref()).await
}

/// `GET /privacy`
pub(crate) async fn privacy(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    page(&web, &http, "privacy", |texts| texts.privacy.as_ref()).await
}

async fn page(
    web: &Web,
    http: &HttpRequest,
    heading: &str,
    text: impl Fn(&PracticeTexts) -> Option<&String>,
) -> HandlerResult {
    if wants_json(http) {
        return Err(Code::NotFound.into());
    }
    let view = web.view(http).await;
    let Some(text) = view.practice.text(view.phrases.language(), text) else { return not_found::page(&view) };
    if let Some(url) = WebUrl::only(text) {
        let link = Link { href: url.as_str().to_owned(), text: plain(&url) };
        let message = Message { link: Some(link), ..Message::new(&view, heading, "legal-elsewhere") };
        return message.respond(&view, StatusCode::OK);
    }
    let page = Legal { shell: view.shell(view.text(heading)), paragraphs: paragraphs(text) };
    view.respond(&page, StatusCode::OK)
}

/// Blank lines separate paragraphs; inside them, lines stay as they are.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map(str::trim_end) {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push('\n');
                }
                last.push_str(line);
            }
            Some(last) if last.is_empty() => {}
            Some(_) | None => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests;
