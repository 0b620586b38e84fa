//! The description of the API, for programs and for people.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data};
use utoipa_swagger_ui::Config;

use crate::input::Request;
use crate::problem::{Code, Problem};
use crate::state::State;

/// What the documentation pages may load: themselves, the description, and the pictures inside their style sheet.
pub(crate) const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The documents, made once.
pub(crate) struct Documents {
    json: Bytes,
    pages: Arc<Config<'static>>,
}

impl Documents {
    pub(crate) fn new() -> Self {
        // Relative, so that it also works below a proxy's path. And no validator: that would be somebody else's server.
        let pages = Config::from("../api/openapi.json")
            .validator_url("none")
            .doc_expansion("list")
            .default_models_expand_depth(0)
            .use_base_layout();
        Self { json: Bytes::from(crate::openapi_json()), pages: Arc::new(pages) }
    }
}

/// The description of the API
///
/// In the form of OpenAPI 3.1.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "openapi", tag = "Documentation",
    responses((status = 200, description = "The description", content_type = "application/json", body = Object))
)]
pub(crate) async fn openapi_document(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    request.no_query()?;
    Ok(HttpResponse::Ok().content_type("application/json").body(state.documents.json.clone()))
}

/// The description of the API, for people
///
/// Leads to the pages below `/docs/`, which load nothing from anywhere else.
#[utoipa::path(
    get, path = "/docs", operation_id = "docs", tag = "Documentation",
    responses((status = 303, description = "To the pages"))
)]
pub(crate) async fn to_docs() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "docs/")).finish()
}

/// A file of the documentation pages
#[utoipa::path(
    get, path = "/docs/{file}", operation_id = "docsFile", tag = "Documentation",
    params(("file" = String, Path, description = "The file; `index.html` when empty", example = "index.html")),
    responses((status = 200, description = "The file", content_type = "text/html", body = String))
)]
pub(crate) async fn docs_file(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    let served = utoipa_swagger_ui::serve(request.segment("file"), state.documents.pages.clone());
    let file = served.map_err(|error| Problem::internal(error.as_ref()))?.ok_or(Code::NotFound)?;
    Ok(HttpResponse::Ok().content_type(file.content_type).body(file.bytes.into_owned()))
}
