//! The OpenAPI document and the pages that show it.

use std::sync::Arc;

use actix_web::web::Bytes;
use utoipa_swagger_ui::Config;

/// The documentation pages may load themselves, the OpenAPI document, and the images inside their style sheet.
pub(crate) const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) struct Documents {
    pub(crate) json: Bytes,
    pub(crate) pages: Arc<Config<'static>>,
}

impl Documents {
    /// `openapi` is the OpenAPI document.
    pub(crate) fn new(openapi: String) -> Self {
        // A relative URL also works under a proxy's path. The validator would be a third-party server.
        let pages = Config::from("../api/openapi.json")
            .validator_url("none")
            .doc_expansion("list")
            .default_models_expand_depth(0)
            .use_base_layout();
        Self { json: openapi.into(), pages: Arc::new(pages) }
    }
}
