//! The files that pages load.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use attune_http_common::{Code, HandlerResult};

use crate::accent;
use crate::assets::{ICON, ICON_NAME, SCRIPT, SCRIPT_NAME, STYLE_SHEET, STYLE_SHEET_NAME, accent_of};
use crate::web::{Web, segment};

pub(crate) const PATH: &str = "/assets/{file}";

/// For files whose name changes with their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// For an accent colour: a new release may correct it in another way.
const FOR_A_DAY: &str = "public, max-age=86400";

/// `GET /assets/{file}`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let name = segment(&http, "file");
    if name == *STYLE_SHEET_NAME {
        return Ok(file("text/css; charset=utf-8", FOR_EVER).body(STYLE_SHEET));
    }
    if name == *SCRIPT_NAME {
        return Ok(file("text/javascript; charset=utf-8", FOR_EVER).body(SCRIPT));
    }
    if name == *ICON_NAME {
        return Ok(file("image/svg+xml", FOR_EVER).body(ICON));
    }
    if let Some(color) = accent_of(name) {
        return Ok(file("text/css; charset=utf-8", FOR_A_DAY).body(accent::style_sheet(color)));
    }
    let practice = web.use_cases.practice.load().await?;
    if practice.logo.as_ref().is_some_and(|logo| logo.as_str() == name)
        && let Some(logo) = web.use_cases.practice.logo(&practice).await?
    {
        return Ok(file(logo.format().media_type(), FOR_EVER).body(logo.bytes().to_vec()));
    }
    Err(Code::NotFound.into())
}

fn file(content_type: &str, caching: &'static str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(content_type).insert_header((CACHE_CONTROL, caching));
    response
}
