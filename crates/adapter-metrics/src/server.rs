//! The server of the metrics.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;

use crate::snapshot::Source;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Scrapers are few.
const CONNECTIONS: usize = 64;
/// Time limit for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts the server, which responds to `GET /metrics`, on the listener. Fails if the listener cannot be used.
///
/// Signals are left to the caller, as with the server of the API.
pub fn serve(listener: TcpListener, source: Arc<dyn Source>) -> std::io::Result<Server> {
    let source = Data::from(source);
    let app = move || App::new().app_data(source.clone()).service(web::resource("/metrics").get(show));
    let server = HttpServer::new(app)
        .workers(1)
        .max_connections(CONNECTIONS)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(1)
        .disable_signals();
    Ok(server.listen(listener)?.run())
}

/// In OpenMetrics if the scraper accepts it, otherwise in the older format, which every one reads.
async fn show(request: HttpRequest, source: Data<dyn Source>) -> HttpResponse {
    let accept = request.headers().get_all(ACCEPT).filter_map(|line| line.to_str().ok());
    let openmetrics = accept.into_iter().any(|line| line.contains("application/openmetrics-text"));
    let mut registry = Registry::default();
    registry.register_collector(Box::new(source.snapshot().await));
    let mut body = String::new();
    let (encoded, format) = if openmetrics {
        (text::encode(&mut body, &registry), OPENMETRICS)
    } else {
        (prometheus_text::encode(&mut body, &registry), prometheus_text::CONTENT_TYPE)
    };
    if encoded.is_err() {
        return HttpResponse::InternalServerError().finish();
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
}
