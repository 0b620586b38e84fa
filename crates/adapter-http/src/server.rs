//! The server and its connection settings.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};

use crate::middleware::lifecycle;
use crate::openapi::openapi_json;
use crate::response::documents::Documents;
use crate::route_names::RouteNames;
use crate::routes;
use crate::settings::HttpSettings;
use crate::state::{Api, State};

/// Starts the server on the listener. Fails if the listener cannot be used.
///
/// Signals are left to the caller, who stops the returned server through its [`actix_web::dev::ServerHandle`]. The
/// future has to be polled by a Tokio runtime, on any thread.
pub fn serve(listener: TcpListener, api: Arc<Api>, settings: HttpSettings) -> std::io::Result<Server> {
    let server = settings.clone();
    let routes = RouteNames::new(routes::patterns(&settings));
    let state = Data::new(State::new(api, settings, routes, Documents::new(openapi_json())));
    let factory = move || {
        App::new()
            .app_data(state.clone())
            .configure(|config| routes::mount(config, &state.settings))
            .default_service(web::to(routes::not_found))
            .wrap(from_fn(lifecycle))
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
