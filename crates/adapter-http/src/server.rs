//! The server and its connection settings.

use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;

use actix_http::HttpServiceBuilder;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, map_config};
use actix_web::dev::{AppConfig, Server, Service, ServiceFactory, fn_factory, fn_service};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App, Error};
use attune_http_common::{SLICE, Traffic};

use crate::connections::{self, Connections};
use crate::middleware::lifecycle;
use crate::openapi::openapi_of;
use crate::pages::Pages;
use crate::response::documents::Documents;
use crate::route_names::RouteNames;
use crate::routes::{self, Optional};
use crate::settings::HttpSettings;
use crate::state::{Api, State};

/// Starts the server, which shows the API and the pages, on the listener. Also returns what it counts. Fails if the listener
/// cannot be used.
///
/// Signals are left to the caller, who stops the returned server through its [`actix_web::dev::ServerHandle`]. The
/// future has to be polled by a Tokio runtime, on any thread.
pub fn serve(
    listener: TcpListener,
    api: Arc<Api>,
    settings: HttpSettings,
    pages: Pages,
) -> std::io::Result<(Server, Traffic)> {
    let server = settings.clone();
    let Pages { endpoints, configure, openapi } = pages;
    let patterns = endpoints().into_iter().map(|endpoint| endpoint.path());
    let optional = Optional::of(&api, &settings);
    let patterns: Vec<_> = routes::patterns(optional).chain(patterns).collect();
    let routes = RouteNames::new(patterns.iter().copied());
    let open = Connections::new(&settings, api.random.clone());
    let documents = Documents::new(move || openapi_of(openapi, &patterns));
    let state = Data::new(State::new(api, settings, routes, documents));
    let traffic = Traffic { routes: state.routes.all().to_vec(), limiter: state.limiter.clone() };
    let limiter = Data::from(state.limiter.clone());
    let app = move || {
        App::new()
            .app_data(state.clone())
            .app_data(limiter.clone())
            .configure(|config| routes::mount(config, optional))
            .configure(|config| {
                for page in endpoints() {
                    config.service(page.into_resource(""));
                }
            })
            .configure(&*configure)
            .wrap(from_fn(lifecycle))
            .into_factory()
            .map_err(|error: Error| error.error_response())
    };
    connections::prepare(&listener, server.write_timeout)?;
    let builder = Server::build()
        .workers(server.workers.max(1))
        .max_concurrent_connections(server.max_connections_per_worker)
        .shutdown_timeout(server.shutdown_timeout.as_secs())
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let listening = builder.listen("http", listener, move || {
        let stopping = stopping.clone();
        let http = HttpServiceBuilder::default()
            .client_request_timeout(server.head_timeout)
            .client_disconnect_timeout(server.disconnect_timeout)
            .keep_alive(server.keep_alive)
            .h1_write_buffer_size(SLICE)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .h1(map_config(app(), |()| AppConfig::default()));
        let connections = open.clone();
        fn_factory(move || {
            let (http, connections) = (http.new_service(()), connections.clone());
            async move {
                let http = Rc::new(http.await?);
                Ok::<_, ()>(fn_service(move |socket: TcpStream| {
                    let (http, connections) = (http.clone(), connections.clone());
                    connections.accept(socket, move |connection| http.call(connection))
                }))
            }
        })
    })?;
    Ok((listening.run(), traffic))
}
