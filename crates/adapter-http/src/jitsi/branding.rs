//! How rooms look.

use actix_web::HttpResponse;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::web::Data;

use crate::settings::Branding;
use crate::state::State;

/// How rooms look
///
/// For `dynamicBrandingUrl` or `brandingDataUrl` in the video server's `config.js`: Jitsi Meet fetches it in everybody's
/// browser, so the pages of every origin may read it. It is the same for all rooms, and says nothing about any of them.
#[utoipa::path(
    get, path = "/jitsi/branding", operation_id = "branding", tag = "Video server",
    params((
        "conferenceFqn" = Option<String>, Query,
        description = "Which room is asked about. Jitsi Meet sends it; the answer does not depend on it",
        example = "practice/booking-42-1705312800-0123456789abcdef0123456789abcdef"
    )),
    responses((
        status = 200, description = "The looks; what is missing is left to the video server", body = Branding,
        headers(
            ("Access-Control-Allow-Origin" = String, description = "`*`"),
            ("Cache-Control" = String, description = "`public, max-age=300`")
        )
    ))
)]
pub(crate) async fn show(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(&state.settings.branding)
}
