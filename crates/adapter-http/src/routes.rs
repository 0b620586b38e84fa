//! The routes and their methods.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};

use crate::admin;
use crate::client::{accounts, bookings, calendar_file, changes, me, meetings, payments};
use crate::public::{availability, checkout_pages, documentation, health, join, services, test_checkout};
use crate::request::auth::admins_only;
use crate::response::problem::{Code, Problem};
use crate::settings::HttpSettings;
use crate::webhooks::{jitsi, stripe};

/// Everything under this path is for admins.
pub(crate) const ADMIN: &str = "/api/admin";

/// A path and its handlers by method.
pub(crate) struct Endpoint {
    path: &'static str,
    verbs: Vec<(Method, Route)>,
}

/// Defines a method of [`Endpoint`] for each HTTP method.
macro_rules! methods {
    ($($name:ident, $method:ident, $route:expr;)+) => {
        $(
            fn $name<F, Args>(self, handler: F) -> Self
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
        // `HEAD` gets the same headers.
        get, GET, web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        post, POST, web::post();
        put, PUT, web::put();
        patch, PATCH, web::patch();
        delete, DELETE, web::delete();
    }

    fn at(path: &'static str) -> Self {
        Self { path, verbs: Vec::new() }
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

    fn into_resource(self, path: &str) -> Resource {
        let allow = self.allow();
        let resource = self.verbs.into_iter().fold(web::resource(path), |resource, (_, route)| resource.route(route));
        resource.default_service(web::to(move || {
            let problem = Problem::method_not_allowed(allow.clone());
            async { Err::<HttpResponse, _>(problem) }
        }))
    }
}

/// The routes that do not require an admin.
fn common(settings: &HttpSettings) -> Vec<Endpoint> {
    // They are tried in this order, so the most frequent ones come first.
    let mut endpoints = vec![
        Endpoint::at("/api/meetings/{id}/link").get(meetings::link),
        Endpoint::at("/api/bookings").get(bookings::list).post(bookings::create),
        Endpoint::at("/health").get(health::health),
        Endpoint::at("/health/live").get(health::live),
        Endpoint::at("/health/ready").get(health::ready),
        Endpoint::at("/api/openapi.json").get(documentation::openapi_document),
        Endpoint::at("/docs").get(documentation::to_docs),
        Endpoint::at("/docs/{file:.*}").get(documentation::docs_file),
        Endpoint::at("/api/auth/register").post(accounts::register),
        Endpoint::at("/api/auth/login").post(accounts::log_in),
        Endpoint::at("/api/auth/refresh").post(accounts::refresh),
        Endpoint::at("/api/auth/logout").post(accounts::log_out),
        Endpoint::at("/api/auth/change-password").post(accounts::change_password),
        Endpoint::at("/api/auth/me").get(me::show).patch(me::update),
        Endpoint::at("/api/services").get(services::list),
        Endpoint::at("/api/availability").get(availability::show),
        Endpoint::at("/api/bookings/{id}").get(bookings::show),
        Endpoint::at("/api/bookings/{id}/reschedule").post(changes::reschedule),
        Endpoint::at("/api/bookings/{id}/cancellation-quote").get(changes::quote),
        Endpoint::at("/api/bookings/{id}/cancel").post(changes::cancel),
        Endpoint::at("/api/bookings/{id}/calendar.ics").get(calendar_file::show),
        Endpoint::at("/api/bookings/{id}/payment").get(payments::show).post(payments::open),
        Endpoint::at("/api/meetings/recover").post(meetings::recover),
        Endpoint::at("/j/{token}").get(join::show).post(join::enter),
        Endpoint::at("/checkout/done").get(checkout_pages::done),
        Endpoint::at("/checkout/cancelled").get(checkout_pages::cancelled),
        Endpoint::at("/jitsi/branding").get(jitsi::branding::show),
        Endpoint::at("/api/webhooks/jaas").post(jitsi::jaas::receive),
        Endpoint::at("/api/webhooks/stripe").post(stripe::receive),
    ];
    if settings.test_checkout {
        endpoints.push(Endpoint::at("/test-checkout/{reference}").get(test_checkout::show).post(test_checkout::pay));
    }
    if settings.server_secret.is_some() {
        endpoints.extend([
            Endpoint::at("/jitsi/conference").post(jitsi::reservation::open),
            Endpoint::at("/jitsi/conference/{id}").get(jitsi::reservation::show).delete(jitsi::reservation::close),
            Endpoint::at("/jitsi/events/{about}/{happened}").post(jitsi::events::receive),
        ]);
    }
    endpoints
}

fn admin_routes() -> Vec<Endpoint> {
    vec![
        Endpoint::at("/api/admin/bookings").get(admin::bookings::list).post(admin::bookings::create),
        // Before the route with an ID, which matches every segment.
        Endpoint::at("/api/admin/bookings/series").post(admin::series::create),
        Endpoint::at("/api/admin/bookings/{id}").get(admin::bookings::show),
        Endpoint::at("/api/admin/bookings/{id}/reschedule").post(admin::changes::reschedule),
        Endpoint::at("/api/admin/bookings/{id}/cancel").post(admin::changes::cancel),
        Endpoint::at("/api/admin/bookings/{id}/complete").post(admin::changes::complete),
        Endpoint::at("/api/admin/bookings/{id}/no-show").post(admin::changes::no_show),
        Endpoint::at("/api/admin/bookings/{id}/reopen").post(admin::changes::reopen),
        Endpoint::at("/api/admin/bookings/{id}/payments/offline").post(admin::bookings::record_offline),
        Endpoint::at("/api/admin/bookings/{id}/refunds").post(admin::refunds::refund),
        Endpoint::at("/api/admin/bookings/{id}/links/revoke").post(admin::bookings::revoke_links),
        Endpoint::at("/api/admin/bookings/{id}/participants").post(admin::participants::invite),
        Endpoint::at("/api/admin/bookings/{id}/participants/{participant_id}").delete(admin::participants::revoke),
        Endpoint::at("/api/admin/payments/problems").get(admin::payment_problems::list),
        Endpoint::at("/api/admin/payments/problems/{id}/resolve").post(admin::payment_problems::resolve),
        Endpoint::at("/api/admin/reports/attendance").get(admin::attendance::report),
        Endpoint::at("/api/admin/reports/revenue").get(admin::revenue::report),
        Endpoint::at("/api/admin/services").get(admin::services::list).post(admin::services::add),
        Endpoint::at("/api/admin/services/{id}").patch(admin::services::change),
        Endpoint::at("/api/admin/schedule").get(admin::schedule::show).put(admin::schedule::set),
        Endpoint::at("/api/admin/time-off").get(admin::time_off::list).post(admin::time_off::add),
        Endpoint::at("/api/admin/time-off/{id}").delete(admin::time_off::remove),
        Endpoint::at("/api/admin/policy").get(admin::policy::show).put(admin::policy::set),
        Endpoint::at("/api/admin/users").get(admin::users::list),
        Endpoint::at("/api/admin/users/{id}").get(admin::users::show).patch(admin::users::update),
    ]
}

pub(crate) fn mount(config: &mut ServiceConfig, settings: &HttpSettings) {
    let scope = admin_routes().into_iter().fold(web::scope(ADMIN), |scope, endpoint| {
        let relative = endpoint.path.strip_prefix(ADMIN).unwrap_or(endpoint.path);
        scope.service(endpoint.into_resource(relative))
    });
    config.service(scope.default_service(web::to(not_found)).wrap(from_fn(admins_only)));
    for endpoint in common(settings) {
        let path = endpoint.path;
        config.service(endpoint.into_resource(path));
    }
}

pub(crate) async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Code::NotFound.into())
}

pub(crate) fn patterns(settings: &HttpSettings) -> impl Iterator<Item = &'static str> {
    common(settings).into_iter().chain(admin_routes()).map(|endpoint| endpoint.path)
}

/// Every method of every path, for the tests of the documentation and of the permissions.
#[cfg(test)]
pub(crate) fn table(settings: &HttpSettings) -> Vec<(Method, &'static str)> {
    let all = common(settings).into_iter().chain(admin_routes());
    all.flat_map(|endpoint| {
        let path = endpoint.path;
        endpoint.verbs.into_iter().map(move |(method, _)| (method, path))
    })
    .collect()
}
