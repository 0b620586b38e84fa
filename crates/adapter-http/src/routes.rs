//! The routes and their methods.

#[cfg(test)]
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use attune_http_common::{Code, Endpoint, HandlerResult};

use crate::admin;
use crate::client::{
    accounts, bookings, calendar_feed, calendar_file, changes, login_sessions, mailed_links, me, meetings, payments,
    second_factor,
};
use crate::public::{self, availability, documentation, health, services, therapists};
use crate::request::auth::admins_only;
use crate::settings::HttpSettings;
use crate::state::Api;
use crate::webhooks::{jitsi, stripe};

/// Everything under this path is for admins.
pub(crate) const ADMIN: &str = "/api/admin";

/// Which endpoints exist only because they are configured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Optional {
    /// Those of the video server.
    pub(crate) server: bool,
    /// The webhook of JaaS.
    pub(crate) jaas: bool,
    /// The webhook of Stripe.
    pub(crate) stripe: bool,
}

impl Optional {
    pub(crate) fn of(api: &Api, settings: &HttpSettings) -> Self {
        Self {
            server: settings.server_secret.is_some(),
            jaas: api.jaas_webhooks.is_some(),
            stripe: api.payment_events.is_some(),
        }
    }
}

/// The routes that do not require an admin.
fn common(optional: Optional) -> Vec<Endpoint> {
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
        Endpoint::at("/api/auth/forgot-password").post(mailed_links::forgot_password),
        Endpoint::at("/api/auth/reset-password").post(mailed_links::reset_password),
        Endpoint::at("/api/auth/accept-invitation").post(mailed_links::accept_invitation),
        Endpoint::at("/api/auth/login-link").post(mailed_links::request_login_link),
        Endpoint::at("/api/auth/login-link/redeem").post(mailed_links::redeem_login_link),
        Endpoint::at("/api/auth/verify-email").post(mailed_links::verify_email),
        Endpoint::at("/api/auth/resend-verification").post(mailed_links::resend_verification),
        Endpoint::at("/api/auth/change-email").post(mailed_links::change_email),
        Endpoint::at("/api/auth/confirm-email").post(mailed_links::confirm_email),
        Endpoint::at("/api/auth/undo-email").post(mailed_links::undo_email),
        Endpoint::at("/api/auth/totp").post(second_factor::set_up).delete(second_factor::remove),
        Endpoint::at("/api/auth/totp/confirm").post(second_factor::confirm),
        Endpoint::at("/api/auth/step-up").post(second_factor::step_up),
        Endpoint::at("/api/auth/sessions").get(login_sessions::list).delete(login_sessions::end_others),
        Endpoint::at("/api/auth/sessions/{id}").delete(login_sessions::end),
        Endpoint::at("/api/auth/me").get(me::show).patch(me::update),
        Endpoint::at("/api/me/calendar-feed")
            .get(calendar_feed::show)
            .put(calendar_feed::turn_on)
            .delete(calendar_feed::turn_off),
        Endpoint::at(public::calendar_feed::PATH).get(public::calendar_feed::read),
        Endpoint::at("/api/services").get(services::list),
        Endpoint::at("/api/therapists").get(therapists::list),
        Endpoint::at("/api/availability").get(availability::show),
        Endpoint::at("/api/bookings/{id}").get(bookings::show),
        Endpoint::at("/api/bookings/{id}/reschedule").post(changes::reschedule),
        Endpoint::at("/api/bookings/{id}/cancellation-quote").get(changes::quote),
        Endpoint::at("/api/bookings/{id}/cancel").post(changes::cancel),
        Endpoint::at("/api/bookings/{id}/calendar.ics").get(calendar_file::show),
        Endpoint::at("/api/bookings/{id}/payment").get(payments::show).post(payments::open),
        Endpoint::at("/api/meetings/recover").post(meetings::recover),
        Endpoint::at("/jitsi/branding").get(jitsi::branding::show),
    ];
    if optional.jaas {
        endpoints.push(Endpoint::at("/api/webhooks/jaas").post(jitsi::jaas::receive));
    }
    if optional.stripe {
        endpoints.push(Endpoint::at("/api/webhooks/stripe").post(stripe::receive));
    }
    if optional.server {
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
        Endpoint::at("/api/admin/bookings/{id}").get(admin::bookings::show).patch(admin::changes::edit),
        Endpoint::at("/api/admin/bookings/{id}/reschedule").post(admin::changes::reschedule),
        Endpoint::at("/api/admin/bookings/{id}/reassign").post(admin::changes::reassign),
        Endpoint::at("/api/admin/bookings/{id}/cancel").post(admin::changes::cancel),
        Endpoint::at("/api/admin/bookings/{id}/complete").post(admin::changes::complete),
        Endpoint::at("/api/admin/bookings/{id}/no-show").post(admin::changes::no_show),
        Endpoint::at("/api/admin/bookings/{id}/reopen").post(admin::changes::reopen),
        Endpoint::at("/api/admin/bookings/{id}/end").post(admin::end::end),
        Endpoint::at("/api/admin/bookings/{id}/payment").get(admin::payment::show).post(admin::payment::open),
        Endpoint::at("/api/admin/bookings/{id}/payments/offline").post(admin::bookings::record_offline),
        Endpoint::at("/api/admin/bookings/{id}/refunds").post(admin::refunds::refund),
        Endpoint::at("/api/admin/bookings/{id}/links/revoke").post(admin::bookings::revoke_links),
        Endpoint::at("/api/admin/bookings/{id}/participants").post(admin::participants::invite),
        Endpoint::at("/api/admin/bookings/{id}/participants/{participant_id}").delete(admin::participants::revoke),
        Endpoint::at("/api/admin/series/{id}").get(admin::series::show),
        Endpoint::at("/api/admin/series/{id}/cancellation-quote").get(admin::series::quote),
        Endpoint::at("/api/admin/series/{id}/cancel").post(admin::series::cancel),
        Endpoint::at("/api/admin/series/{id}/reschedule").post(admin::series::reschedule),
        Endpoint::at("/api/admin/notifications").get(admin::notifications::list),
        Endpoint::at("/api/admin/notifications/{id}/retry").post(admin::notifications::retry),
        Endpoint::at("/api/admin/notifications/{id}/cancel").post(admin::notifications::cancel),
        Endpoint::at("/api/admin/payments/problems").get(admin::payment_problems::list),
        Endpoint::at("/api/admin/payments/problems/{id}/resolve").post(admin::payment_problems::resolve),
        Endpoint::at("/api/admin/reports/attendance").get(admin::attendance::report),
        Endpoint::at("/api/admin/reports/revenue").get(admin::revenue::report),
        Endpoint::at("/api/admin/services").get(admin::services::list).post(admin::services::add),
        Endpoint::at("/api/admin/services/{id}").patch(admin::services::change),
        Endpoint::at("/api/admin/schedule").get(admin::schedule::show).put(admin::schedule::set),
        Endpoint::at("/api/admin/time-off").get(admin::time_off::list).post(admin::time_off::add),
        Endpoint::at("/api/admin/time-off/{id}").patch(admin::time_off::update).delete(admin::time_off::remove),
        Endpoint::at("/api/admin/practice").get(admin::practice::show).patch(admin::practice::change),
        Endpoint::at("/api/admin/practice/logo")
            .put(admin::practice::replace_logo)
            .delete(admin::practice::remove_logo),
        Endpoint::at("/api/admin/policy").get(admin::policy::show).put(admin::policy::set),
        Endpoint::at("/api/admin/users").get(admin::users::list).post(admin::users::add),
        Endpoint::at("/api/admin/users/{id}").get(admin::users::show).patch(admin::users::update),
        Endpoint::at("/api/admin/users/{id}/invitation")
            .post(admin::users::invite_again)
            .delete(admin::users::withdraw_invitation),
        Endpoint::at("/api/admin/users/{id}/change-email").post(admin::users::change_email),
    ]
}

pub(crate) fn mount(config: &mut ServiceConfig, optional: Optional) {
    let scope = admin_routes()
        .into_iter()
        .fold(web::scope(ADMIN), |scope, endpoint| scope.service(endpoint.into_resource(ADMIN)));
    config.service(scope.default_service(web::to(not_found)).wrap(from_fn(admins_only)));
    for endpoint in common(optional) {
        config.service(endpoint.into_resource(""));
    }
}

pub(crate) async fn not_found() -> HandlerResult {
    Err(Code::NotFound.into())
}

pub(crate) fn patterns(optional: Optional) -> impl Iterator<Item = &'static str> {
    common(optional).into_iter().chain(admin_routes()).map(|endpoint| endpoint.path())
}

/// Every method of every path, for the tests of the documentation and of the permissions.
#[cfg(test)]
pub(crate) fn table(optional: Optional) -> Vec<(Method, &'static str)> {
    let all = common(optional).into_iter().chain(admin_routes());
    all.flat_map(|endpoint| {
        let path = endpoint.path();
        endpoint.methods().cloned().map(move |method| (method, path)).collect::<Vec<_>>()
    })
    .collect()
}
