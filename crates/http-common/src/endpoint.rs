//! A path, its methods and their handlers.

use actix_web::http::Method;
use actix_web::web;
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};

use crate::Problem;

/// A path and its handlers by method.
pub struct Endpoint {
    path: &'static str,
    verbs: Vec<(Method, Route)>,
}

/// Defines a method of [`Endpoint`] for each HTTP method.
macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident, $method:ident, $route:expr;)+) => {
        $(
            $(#[$doc])*
            pub fn $name<F, Args>(self, handler: F) -> Self
            where
                F: Handler<Args>,
                Args: FromRequest + 'static,
                F::Output: Responder + 'static,
            {
                self.with(Method::$method, $route.to(handler))
            }
        )+
    };
}

impl Endpoint {
    methods! {
        /// Handles `GET`, and `HEAD`, which gets the same headers.
        get, GET, web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        /// Handles `POST`.
        post, POST, web::post();
        /// Handles `PUT`.
        put, PUT, web::put();
        /// Handles `PATCH`.
        patch, PATCH, web::patch();
        /// Handles `DELETE`.
        delete, DELETE, web::delete();
    }

    /// A path without handlers, as a pattern such as `/api/bookings/{id}`.
    pub fn at(path: &'static str) -> Self {
        Self { path, verbs: Vec::new() }
    }

    /// The pattern of the path.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The methods that have a handler of their own.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.verbs.iter().map(|(method, _)| method)
    }

    fn with(mut self, method: Method, route: Route) -> Self {
        self.verbs.push((method, route));
        self
    }

    /// The value of `Allow`.
    fn allow(&self) -> String {
        let names = self.verbs.iter().flat_map(|(method, _)| match method.as_str() {
            "GET" => vec!["GET", "HEAD"],
            other => vec![other],
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// The resource at its path below a scope of this prefix, or at its own path. Other methods get a 405.
    pub fn into_resource(self, scope: &str) -> Resource {
        let allow = self.allow();
        let resource = web::resource(self.path.strip_prefix(scope).unwrap_or(self.path));
        let resource = self.verbs.into_iter().fold(resource, |resource, (_, route)| resource.route(route));
        resource.default_service(web::to(move || {
            let problem = Problem::method_not_allowed(allow.clone());
            async { Err::<HttpResponse, _>(problem) }
        }))
    }
}
