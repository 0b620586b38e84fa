//! The API documentation.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;

use crate::request::input::Request;
use crate::response::problem::{Code, Problem, problems};
use crate::state::State;

/// Retrieve the OpenAPI document
///
/// The document has the OpenAPI 3.1 format.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "getOpenApiDocument", tag = "Documentation",
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json", body = Object))
)]
pub(crate) async fn openapi_document(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    request.no_query()?;
    Ok(HttpResponse::Ok().content_type("application/json").body(state.documents.json.clone()))
}

/// Redirect to the API documentation
///
/// Redirects to the pages under `/docs/`, which load nothing from other hosts.
#[utoipa::path(
    get, path = "/docs", operation_id = "redirectToDocs", tag = "Documentation",
    responses((status = 303, description = "Redirect to the documentation pages"))
)]
pub(crate) async fn to_docs() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "docs/")).finish()
}

problems! { GetDocsFileProblems: NotFound }

/// Retrieve a documentation file
#[utoipa::path(
    get, path = "/docs/{file}", operation_id = "getDocsFile", tag = "Documentation",
    params(("file" = String, Path, description = "File name; `index.html` if empty", example = "index.html")),
    responses(
        (status = 200, description = "The file", content_type = "text/html", body = String),
        GetDocsFileProblems
    )
)]
pub(crate) async fn docs_file(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    let served = utoipa_swagger_ui::serve(request.segment("file"), state.documents.pages.clone());
    let file = served.map_err(|error| Problem::internal(error.as_ref()))?.ok_or(Code::NotFound)?;
    Ok(HttpResponse::Ok().content_type(file.content_type).body(file.bytes.into_owned()))
}
