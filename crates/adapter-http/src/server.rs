//! The running server: how connections are treated.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};

use crate::middleware::edge;
use crate::openapi::openapi_json;
use crate::response::documents::Documents;
use crate::route_names::RouteNames;
use crate::routes;
use crate::settings::HttpSettings;
use crate::state::{Api, State};

/// Starts to answer requests that come in through the listener.
///
/// Signals are left to the caller: a [`actix_web::dev::ServerHandle`] of the returned server stops it. The future has
/// to be polled by a Tokio runtime, on whatever thread. Errors: the listener cannot be used.
pub fn serve(listener: TcpListener, api: Arc<Api>, settings: HttpSettings) -> std::io::Result<Server> {
    let server = settings.clone();
    let routes = RouteNames::new(routes::patterns(&settings));
    let state = Data::new(State::new(api, settings, routes, Documents::new(openapi_json())));
    let factory = move || {
        App::new()
            .app_data(state.clone())
            .configure(|config| routes::mount(config, &state.settings))
            .default_service(web::to(routes::nothing_here))
            .wrap(from_fn(edge))
    };
    Ok(HttpServer::new(factory)
        .workers(server.workers.max(1))
        .max_connections(server.max_connections_per_worker)
        .client_request_timeout(server.head_timeout)
        .client_disconnect_timeout(server.disconnect_timeout)
        .keep_alive(server.keep_alive)
        .shutdown_timeout(server.shutdown_timeout.as_secs())
        .disable_signals()
        .listen(listener)?
        .run())
}
