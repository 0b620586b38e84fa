//! The routes of the pages, and the states in which each page can be looked at.

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use attune_http_common::Endpoint;

use crate::pages::account::{calendar, changes};
use crate::pages::therapist::{
    book_for, booking, clients, emails, hours, money, policy, practice, series, services, set_up, team, today, user,
    week, why,
};
use crate::pages::{
    account, appointment, appointments, assets, book, book_summary, book_who, cancel_appointment, checkout,
    confirm_email, forgot_password, front, invitation, join, legal, log_in, log_out, login, move_appointment,
    not_found, pay, receipt, register, reset, second_factor, test_checkout, undo_email, verify,
};
use crate::web::Web;

/// A page, for tests that look at every page in every state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The pattern of its path, such as `/j/{token}`.
    pub path: &'static str,
    /// The names of its states.
    pub states: &'static [&'static str],
}

/// A page and its handlers. Only an endpoint that shows no page of its own is without states.
struct Route {
    states: &'static [&'static str],
    endpoint: Endpoint,
}

fn route(endpoint: Endpoint, states: &'static [&'static str]) -> Route {
    Route { states, endpoint }
}

fn routes(test_checkout: bool) -> Vec<Route> {
    let legal = &["text", "link", "missing"];
    let mut routes = vec![
        route(Endpoint::at(front::PATH).get(front::show), &["default"]),
        // There is no link into an unconfirmed booking, so no one sees it there.
        route(
            Endpoint::at(join::PATH).get(join::show).post(join::enter),
            &["early", "open", "over", "cancelled", "revoked", "invalid"],
        ),
        // A payment is processed at an online provider only.
        route(
            Endpoint::at(pay::PATH).get(pay::show).post(pay::pay),
            &["due", "paid", "expired", "cancelled", "invalid"],
        ),
        // The password is a client's or an admin's, who needs a longer one.
        route(
            Endpoint::at(reset::PATH).get(reset::show).post(reset::set),
            &["form", "admin", "short", "long", "common", "done", "forged", "expired", "unknown"],
        ),
        route(
            Endpoint::at(invitation::PATH).get(invitation::show).post(invitation::accept),
            &["form", "short", "done", "expired", "unknown"],
        ),
        route(
            Endpoint::at(verify::PATH).get(verify::show).post(verify::verify),
            &["form", "done", "free", "taken", "no-password", "expired", "unknown"],
        ),
        route(
            Endpoint::at(confirm_email::PATH).get(confirm_email::show).post(confirm_email::confirm),
            &["form", "done", "taken", "expired", "unknown"],
        ),
        route(
            Endpoint::at(undo_email::PATH).get(undo_email::show).post(undo_email::undo),
            &["form", "done", "expired", "unknown"],
        ),
        route(
            Endpoint::at(login::PATH).get(login::show).post(login::log_in),
            &["form", "code", "missing", "wrong", "done", "expired", "unknown"],
        ),
        route(
            Endpoint::at(log_in::PATH).get(log_in::show).post(log_in::log_in),
            &["form", "wrong", "code", "wrong-code"],
        ),
        route(
            Endpoint::at(register::PATH).get(register::show).post(register::register),
            &["form", "invalid", "mailed"],
        ),
        route(
            Endpoint::at(forgot_password::FORGOT)
                .get(forgot_password::show_password)
                .post(forgot_password::ask_password),
            &["form", "invalid", "mailed"],
        ),
        route(
            Endpoint::at(forgot_password::LOGIN_LINK).get(forgot_password::show_login).post(forgot_password::ask_login),
            &["form", "mailed"],
        ),
        // It leads to the login page.
        route(Endpoint::at(log_out::PATH).post(log_out::log_out), &[]),
        // Only accounts of an earlier release are given time to set up a second factor.
        route(
            Endpoint::at(account::PATH).get(account::show),
            &["form", "second-factor", "no-password", "first-password", "calendar"],
        ),
        route(Endpoint::at(changes::PROFILE).get(changes::back).post(changes::profile), &["saved", "names", "zone"]),
        route(
            Endpoint::at(changes::EMAIL).get(changes::back).post(changes::email),
            &["mailed", "invalid", "same", "wrong"],
        ),
        route(Endpoint::at(changes::PASSWORD).get(changes::back).post(changes::password), &["saved", "wrong", "short"]),
        route(Endpoint::at(changes::PASSWORD_LINK).get(changes::back).post(changes::password_link), &["mailed"]),
        route(Endpoint::at(changes::SESSIONS).get(changes::back).post(changes::sessions), &["one", "others"]),
        route(
            Endpoint::at(calendar::PATH).get(changes::back).post(changes::calendar),
            &["added", "renewed", "removed"],
        ),
        // Who is waiting is reported by the video server.
        route(Endpoint::at(today::PATH).get(today::show).post(today::change), &["day", "empty", "changed", "client"]),
        // It tells the open page when to load itself again.
        route(Endpoint::at(today::EVENTS).get(today::events), &[]),
        route(
            Endpoint::at(set_up::PATH).get(set_up::show).post(set_up::finish),
            &["you", "second-factor", "hours", "service", "practice", "video"],
        ),
        route(Endpoint::at(week::PATH).get(week::show), &["week"]),
        route(Endpoint::at(week::MONTH).get(week::show_month), &["month"]),
        route(
            Endpoint::at(book_for::PATH).get(book_for::show).post(book_for::book),
            &["search", "found", "single", "series", "refused", "past"],
        ),
        route(
            Endpoint::at(booking::PATH).get(booking::show).post(booking::change),
            &["confirmed", "unpaid", "paid", "running", "completed", "cancelled", "invalid", "changed", "unknown"],
        ),
        route(Endpoint::at(series::PATH).get(series::show).post(series::change), &["left", "refused"]),
        route(Endpoint::at(clients::PATH).get(clients::show).post(clients::add), &["list", "found", "none", "invalid"]),
        route(
            Endpoint::at(user::PATH).get(user::show).post(user::change),
            &["client", "invited", "therapist", "wrong", "disabled"],
        ),
        route(
            Endpoint::at(hours::PATH).get(hours::show).post(hours::change),
            &["hours", "invalid", "in-the-way", "time-off"],
        ),
        route(
            Endpoint::at(hours::EXCEPTION).get(hours::show_exception).post(hours::change_exception),
            &["dates", "period", "extra"],
        ),
        route(Endpoint::at(why::PATH).get(why::show), &["offered", "hours", "taken"]),
        route(Endpoint::at(practice::PATH).get(practice::menu), &["menu"]),
        route(Endpoint::at(practice::PROFILE).get(practice::show).post(practice::change), &["profile", "invalid"]),
        route(Endpoint::at(practice::LOGO).get(practice::back).post(practice::change_logo), &["invalid"]),
        route(Endpoint::at(policy::PATH).get(policy::show).post(policy::change), &["policy", "invalid"]),
        route(Endpoint::at(services::PATH).get(services::show).post(services::add), &["list", "invalid"]),
        route(Endpoint::at(services::SERVICE).get(services::show_one).post(services::change), &["service"]),
        route(Endpoint::at(money::PATH).get(money::show).post(money::resolve), &["money", "range"]),
        // It is a table for other programs.
        route(Endpoint::at(money::CSV).get(money::csv), &[]),
        route(Endpoint::at(emails::PATH).get(emails::show).post(emails::change), &["list", "none"]),
        route(Endpoint::at(team::PATH).get(team::show), &["team"]),
        route(
            Endpoint::at(second_factor::PATH).get(second_factor::show).post(second_factor::set_up),
            &["off", "on", "no-password", "wrong", "code"],
        ),
        route(
            Endpoint::at(second_factor::CONFIRM).get(second_factor::back).post(second_factor::confirm),
            &["wrong", "done"],
        ),
        route(
            Endpoint::at(second_factor::REMOVE).get(second_factor::back).post(second_factor::remove),
            &["wrong", "done"],
        ),
        route(Endpoint::at(appointments::PATH).get(appointments::show), &["empty", "admin", "all", "earlier"]),
        // The payment of an offline practice has no form; what a refused checkout says is that of the payment page.
        route(
            Endpoint::at(appointment::PATH).get(appointment::show),
            &[
                "confirmed",
                "unpaid",
                "expired",
                "cancelled",
                "completed",
                "foreign",
                "booked",
                "held",
                "moved",
                "note-cancelled",
                "paid",
                "open",
            ],
        ),
        route(
            Endpoint::at(appointment::PAY).get(appointment::before_pay).post(appointment::pay),
            &["checkout", "forged"],
        ),
        route(Endpoint::at(appointment::CALENDAR).get(appointment::calendar), &["none"]),
        route(Endpoint::at(receipt::PATH).get(receipt::show), &["paid", "none"]),
        route(
            Endpoint::at(cancel_appointment::PATH).get(cancel_appointment::show).post(cancel_appointment::cancel),
            &["full", "part", "nothing", "unpaid", "too-long", "changed", "closed", "foreign"],
        ),
        route(
            Endpoint::at(move_appointment::PATH).get(move_appointment::show).post(move_appointment::reschedule),
            &["times", "confirm", "taken", "changed", "closed"],
        ),
        route(
            Endpoint::at(book::PATH).get(book::show),
            &["times", "chosen", "taken", "later", "none", "full", "closed"],
        ),
        // The first time of a new practice is the next whole hour or earlier, so it is free and too late to move.
        route(
            Endpoint::at(book_summary::PATH).get(book_summary::show).post(book_summary::book),
            &["who", "summary", "zone", "free", "note", "taken"],
        ),
        route(
            Endpoint::at(book_who::PATH).get(book_who::back).post(book_who::register),
            &["mailed", "invalid", "taken", "forged"],
        ),
        route(Endpoint::at(checkout::DONE).get(checkout::done), &["default"]),
        route(Endpoint::at(checkout::CANCELLED).get(checkout::cancelled), &["default"]),
        route(Endpoint::at(legal::IMPRINT).get(legal::imprint), legal),
        route(Endpoint::at(legal::PRIVACY).get(legal::privacy), legal),
    ];
    if test_checkout {
        routes.push(route(
            Endpoint::at(test_checkout::PATH).get(test_checkout::show).post(test_checkout::pay),
            &["open", "paid", "closed", "invalid"],
        ));
    }
    routes
}

/// All pages, including the one for unknown paths. The test checkout exists only with its payment provider.
pub fn pages(test_checkout: bool) -> Vec<Page> {
    let page = |route: Route| Page { path: route.endpoint.path(), states: route.states };
    let unknown = Page { path: not_found::PATH, states: &["default"] };
    let shown = routes(test_checkout).into_iter().filter(|route| !route.states.is_empty());
    shown.map(page).chain([unknown]).collect()
}

/// The endpoints of all pages and of the files that they load.
pub fn endpoints(test_checkout: bool) -> Vec<Endpoint> {
    let files = Endpoint::at(assets::PATH).get(assets::show);
    routes(test_checkout).into_iter().map(|route| route.endpoint).chain([files]).collect()
}

/// Adds what the handlers of the endpoints need, and the handler of paths without an endpoint.
pub fn configure(web: &Arc<Web>, config: &mut ServiceConfig) {
    config.app_data(Data::from(web.clone())).default_service(web::to(not_found::show));
}
