//! The API documentation.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use attune_http_common::{Code, HandlerResult};

use crate::request::input::Request;
use crate::response::documents::REVALIDATE;
use crate::state::State;

/// Retrieve the OpenAPI document
///
/// The document has the OpenAPI 3.1 format.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "getOpenApiDocument", tag = "Documentation",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the document that the client has")),
    responses(
        (status = 200, description = "The OpenAPI document", content_type = "application/json", body = Object,
         headers(("ETag" = String, description = "Identifies this version of the document"))),
        (status = 304, description = "The client has this version of the document")
    )
)]
pub(crate) async fn openapi_document(state: Data<State>, request: Request) -> HandlerResult {
    request.no_query()?;
    Ok(state.documents.openapi.respond(request.http(), REVALIDATE))
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

/// Retrieve a documentation file
#[utoipa::path(
    get, path = "/docs/{file}", operation_id = "getDocsFile", tag = "Documentation",
    params(
        ("file" = String, Path, description = "File name; `index.html` if empty", example = "index.html"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the file that the client has")
    ),
    responses(
        (status = 200, description = "The file", content_type = "text/html", body = String,
         headers(("ETag" = String, description = "Identifies this version of the file"))),
        (status = 304, description = "The client has this version of the file")
    )
)]
pub(crate) async fn docs_file(state: Data<State>, request: Request) -> HandlerResult {
    let file = state.documents.file(request.segment("file"))?.ok_or(Code::NotFound)?;
    Ok(file.respond(request.http(), REVALIDATE))
}
