//! The front page: whose appointments these are, and where to go.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use attune_http_common::{Code, HandlerResult, wants_json};

use crate::shell::{Contact, Link, Shell};
use crate::web::Web;

pub(crate) const PATH: &str = "/";

#[derive(Template)]
#[template(path = "front.html")]
struct Front {
    shell: Shell,
    book: Link,
    sentence: String,
    lost_link: String,
    lost_link_sentence: String,
    contact_heading: String,
    /// With the name of each way.
    contact: Vec<(String, Link)>,
}

/// `GET /`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    if wants_json(&http) {
        return Err(Code::NotFound.into());
    }
    let view = web.view(&http).await;
    let heading = view.text_with("front", &[("practice", view.practice.name.as_str().into())]);
    let ways = Contact::of(&view.practice);
    let ways = [("front-phone", ways.phone), ("front-email", ways.email), ("front-website", ways.website)];
    let docs = Link { href: format!("{}/docs/", web.settings.base_path), text: view.text("for-developers") };
    let page = Front {
        // The heading has the practice's name, and the page itself says how to reach it.
        shell: Shell { title: heading.clone(), contact: Vec::new(), more: vec![docs], ..view.shell(heading) },
        book: Link { href: view.href("/book"), text: view.text("book-button-front") },
        sentence: view.text("front-sentence"),
        lost_link: view.text("front-lost-link"),
        lost_link_sentence: view.text("front-lost-link-sentence"),
        contact_heading: view.text("front-contact"),
        contact: ways.into_iter().filter_map(|(name, link)| Some((view.text(name), link?))).collect(),
    };
    view.respond(&page, StatusCode::OK)
}
