//! The branding of rooms.

use actix_web::HttpResponse;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::web::Data;

use crate::settings::Branding;
use crate::state::State;

/// Retrieve the branding
///
/// For `dynamicBrandingUrl` or `brandingDataUrl` in the video server's `config.js`: Jitsi Meet loads it in the
/// participants' browsers, so pages of every origin may read it. It is the same for all rooms, and contains nothing
/// about any of them.
#[utoipa::path(
    get, path = "/jitsi/branding", operation_id = "getBranding", tag = "Video server",
    params((
        "conferenceFqn" = Option<String>, Query,
        description = "Room that Jitsi Meet loads the branding for; does not affect the response",
        example = "practice/booking-42-1705312800-0123456789abcdef0123456789abcdef"
    )),
    responses((
        status = 200, description = "The branding; absent fields are left to the video server", body = Branding,
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
