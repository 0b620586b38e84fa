//! The OpenAPI document and the pages that show it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;
use attune_http_common::{Document, Problem};
use utoipa_swagger_ui::Config;

/// The documentation pages may load themselves, the OpenAPI document, and the images inside their style sheet.
pub(crate) const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Clients keep the documents and ask each time whether they have changed.
pub(crate) const REVALIDATE: &str = "no-cache";

pub(crate) struct Documents {
    /// Rendered at the first request.
    pub(crate) openapi: LazyLock<Document, Box<dyn FnOnce() -> Document + Send>>,
    pages: Arc<Config<'static>>,
    /// The files of the documentation pages that were requested so far.
    files: Mutex<HashMap<String, Arc<Document>>>,
}

impl Documents {
    /// `openapi` renders the OpenAPI document.
    pub(crate) fn new(openapi: impl FnOnce() -> String + Send + 'static) -> Self {
        // A relative URL also works under a proxy's path. The validator would be a third-party server.
        let pages = Config::from("../api/openapi.json")
            .validator_url("none")
            .doc_expansion("list")
            .default_models_expand_depth(0)
            .use_base_layout();
        let render = || Document::new(HeaderValue::from_static("application/json"), openapi().into());
        Self { openapi: LazyLock::new(Box::new(render)), pages: Arc::new(pages), files: Mutex::default() }
    }

    /// A file of the documentation pages; `None` if there is none of this name. Each file is stored once.
    pub(crate) fn file(&self, name: &str) -> Result<Option<Arc<Document>>, Problem> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = files.get(name) {
            return Ok(Some(document.clone()));
        }
        let served = utoipa_swagger_ui::serve(name, self.pages.clone());
        let Some(file) = served.map_err(|error| Problem::internal(error.as_ref()))? else { return Ok(None) };
        let content_type = HeaderValue::from_str(&file.content_type).map_err(|error| Problem::internal(&error))?;
        let document = Arc::new(Document::new(content_type, Bytes::from(file.bytes.into_owned())));
        files.insert(name.to_owned(), document.clone());
        Ok(Some(document))
    }
}
