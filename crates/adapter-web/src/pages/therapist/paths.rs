//! The paths of these pages, which lead to each other.

use attune_domain::{BookingId, SeriesId, ServiceId, UserId};
use jiff::Timestamp;
use url::form_urlencoded;

use super::TherapistVisit;

pub(crate) const TODAY: &str = "/today";
pub(crate) const WEEK: &str = "/week";
pub(crate) const MONTH: &str = "/month";
pub(crate) const BOOK_FOR: &str = "/bookings/new";
pub(crate) const BOOKING: &str = "/bookings/{id}";
pub(crate) const SERIES: &str = "/series/{id}";
pub(crate) const CLIENTS: &str = "/clients";
pub(crate) const USER: &str = "/users/{id}";
pub(crate) const HOURS: &str = "/hours";
pub(crate) const EXCEPTION: &str = "/hours/exceptions/{id}";
pub(crate) const WHY: &str = "/hours/why";
pub(crate) const PRACTICE: &str = "/practice";
pub(crate) const PROFILE: &str = "/practice/profile";
pub(crate) const LOGO: &str = "/practice/logo";
pub(crate) const POLICY: &str = "/practice/policy";
pub(crate) const SERVICES: &str = "/services";
pub(crate) const SERVICE: &str = "/services/{id}";
pub(crate) const MONEY: &str = "/money";
pub(crate) const REVENUE: &str = "/money/revenue.csv";
pub(crate) const EMAILS: &str = "/emails";
pub(crate) const TEAM: &str = "/team";
pub(crate) const SET_UP: &str = "/set-up";

pub(crate) fn booking(id: BookingId) -> String {
    format!("/bookings/{id}")
}

pub(crate) fn series(id: SeriesId) -> String {
    format!("/series/{id}")
}

pub(crate) fn user(id: UserId) -> String {
    format!("/users/{id}")
}

/// The page on which a time is booked that is chosen already.
pub(super) fn book_for(visit: &TherapistVisit<'_>, service: ServiceId, therapist: UserId, at: Timestamp) -> String {
    let local = visit.zone.to_datetime(at);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("service", &service.to_string())
        .append_pair("therapist", &therapist.to_string())
        .append_pair("date", &local.date().to_string())
        .append_pair("time", &local.time().strftime("%H:%M").to_string())
        .finish();
    format!("{BOOK_FOR}?{query}")
}
