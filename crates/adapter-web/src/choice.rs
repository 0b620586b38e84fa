//! What a visitor has chosen on the way to a booking: service, therapist, time and time zone.

use attune_application::bookings::AvailabilityError;
use attune_domain::calendar::SlotQuery;
use attune_domain::{Booking, BookingStatus, ChosenSlot, Role, Service, ServiceId, TimeZoneName, User, UserId};
use attune_http_common::Problem;
use attune_ports::{BookingFilter, BookingPageRequest, PageRequest, PageStart, UserFilter};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::form_urlencoded;

use crate::forms::Form;
use crate::language::LanguageLink;
use crate::visit::Visit;
use crate::web::{View, Web};

/// Far more than a practice has.
const MAX_THERAPISTS: u32 = 1_000;

/// The steps of a booking, as URLs name them. What is left out is the first service, the first therapist, and the time
/// zone of the visitor's account or else of the practice.
#[derive(Debug, Deserialize, Default, Clone)]
#[serde(default)]
pub(crate) struct ChoiceQuery {
    pub(crate) service: String,
    pub(crate) therapist: String,
    pub(crate) zone: String,
    /// The first date that is shown.
    pub(crate) from: String,
    /// The start of the chosen slot.
    pub(crate) at: String,
    /// The start of a slot that could not be booked.
    pub(crate) taken: String,
}

impl ChoiceQuery {
    /// The hidden fields of a form.
    pub(crate) fn read(form: &mut Form) -> Self {
        let mut take = |name| form.take(name);
        let (service, therapist, zone, at) = (take("service"), take("therapist"), take("zone"), take("at"));
        Self { service, therapist, zone, at, ..Self::default() }
    }

    /// What [`Self::slot`] reads again.
    pub(crate) fn of(slot: &ChosenSlot) -> Self {
        let ChosenSlot { service, starts_at, therapist, time_zone } = slot;
        Self {
            service: service.to_string(),
            therapist: therapist.map(|id| id.to_string()).unwrap_or_default(),
            zone: time_zone.as_ref().map(|zone| zone.as_str().to_owned()).unwrap_or_default(),
            at: slot_text(*starts_at),
            ..Self::default()
        }
    }

    /// The slot that is chosen, if it is named completely.
    pub(crate) fn slot(&self) -> Option<ChosenSlot> {
        Some(ChosenSlot {
            service: self.service.parse().ok()?,
            starts_at: parse_slot(&self.at)?,
            therapist: self.therapist.parse().ok(),
            time_zone: TimeZoneName::parse(&self.zone).ok(),
        })
    }

    /// The chosen slot as hidden fields.
    pub(crate) fn hidden(&self) -> Vec<(&'static str, String)> {
        let Self { service, therapist, zone, at, .. } = self.clone();
        let fields = [("service", service), ("therapist", therapist), ("zone", zone), ("at", at)];
        fields.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// The page of a chosen slot.
pub(crate) const SUMMARY: &str = "/book/summary";

/// The path of a page with a chosen slot.
pub(crate) fn slot_path(path: &str, slot: &ChosenSlot) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(ChoiceQuery::of(slot).hidden()).finish();
    format!("{path}?{query}")
}

/// What can be booked, and what is chosen of it.
pub(crate) struct Choice {
    pub(crate) services: Vec<Service>,
    pub(crate) therapists: Vec<User>,
    pub(crate) service: Service,
    pub(crate) therapist: User,
    pub(crate) zone: TimeZone,
    pub(crate) practice_zone: TimeZone,
    /// The time zone where the URL names none.
    usual_zone: TimeZone,
    /// Whether the URL names a service or a therapist that cannot be booked.
    pub(crate) is_outdated: bool,
}

impl Choice {
    /// `None` if the practice has no service or no therapist.
    pub(crate) async fn load(web: &Web, visit: &Visit<'_>, query: &ChoiceQuery) -> Result<Option<Self>, Problem> {
        let services = web.queries.services().await?;
        let therapists = therapists(web).await?;
        let service_id = query.service.parse::<ServiceId>().ok();
        let therapist_id = query.therapist.parse::<UserId>().ok();
        let named_service = services.iter().find(|service| Some(service.id) == service_id);
        let named_therapist = therapists.iter().find(|user| Some(user.id) == therapist_id);
        let is_outdated = (!query.service.is_empty() && named_service.is_none())
            || (!query.therapist.is_empty() && named_therapist.is_none());
        let (Some(service), Some(therapist)) =
            (named_service.or(services.first()).cloned(), named_therapist.or(therapists.first()).cloned())
        else {
            return Ok(None);
        };
        let practice = &web.use_cases.practice;
        let practice_zone = practice.zone_of(&visit.view.practice);
        let own = visit.caller.as_ref().and_then(|caller| caller.user.time_zone.as_ref());
        let usual_zone = practice.zone_in(&visit.view.practice, own);
        let zone = find_zone(web, &query.zone).unwrap_or_else(|| usual_zone.clone());
        Ok(Some(Self { services, therapists, service, therapist, zone, practice_zone, usual_zone, is_outdated }))
    }

    /// The path of a step with this choice, which ends so that another parameter can follow. Parameters that say what is
    /// usual are left out: the page with all slots contains this path a hundred times.
    pub(crate) fn path(&self, path: &str) -> String {
        self.path_with(path, self.service.id, self.therapist.id)
    }

    /// The same with another service or therapist.
    pub(crate) fn path_with(&self, path: &str, service: ServiceId, therapist: UserId) -> String {
        let mut path = format!("{path}?");
        if self.services.first().is_none_or(|first| first.id != service) {
            path += &format!("service={service}&");
        }
        if self.therapists.first().is_none_or(|first| first.id != therapist) {
            path += &format!("therapist={therapist}&");
        }
        if self.zone != self.usual_zone {
            // The names of zones have no other character with a meaning in URLs.
            path += &format!("zone={}&", zone_name(&self.zone).replace('+', "%2B"));
        }
        path
    }

    /// Whether nothing but the start of a slot has to be named.
    pub(crate) fn is_usual(&self) -> bool {
        self.path("").len() == 1
    }

    /// The slot of this choice that starts at `at`.
    pub(crate) fn slot(&self, at: Timestamp) -> ChosenSlot {
        let is_usual = self.zone == self.usual_zone;
        ChosenSlot {
            service: self.service.id,
            starts_at: at,
            therapist: Some(self.therapist.id),
            time_zone: if is_usual { None } else { TimeZoneName::parse(zone_name(&self.zone)).ok() },
        }
    }

    /// Whether times differ from those of the practice.
    pub(crate) fn is_abroad(&self) -> bool {
        self.zone != self.practice_zone
    }
}

/// All therapists who are not disabled, by id.
pub(crate) async fn therapists(web: &Web) -> Result<Vec<User>, Problem> {
    let filter = UserFilter { role: Some(Role::Admin), disabled: Some(false), search: None };
    Ok(web.queries.users(&filter, PageRequest { limit: MAX_THERAPISTS, offset: 0 }).await?.items)
}

/// The path without what it ends with when nothing follows.
pub(crate) fn finished(path: &str) -> &str {
    path.trim_end_matches(['?', '&'])
}

/// The links to other languages keep what is chosen; `path` is that of the page, with its parameters.
pub(crate) fn keep_choice(languages: &mut [LanguageLink], path: &str) {
    let query = path.split_once('?').map_or("", |(_, query)| finished(query));
    for link in languages.iter_mut().filter(|_| !query.is_empty()) {
        link.href = format!("{}&{query}", link.href);
    }
}

pub(crate) fn find_zone(web: &Web, name: &str) -> Option<TimeZone> {
    web.use_cases.availability.calendars.zones.find(&TimeZoneName::parse(name).ok()?)
}

/// The name of a zone that was found by its name.
pub(crate) fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// The start of a slot in a URL, in seconds since 1970: the page with all slots contains a hundred of them.
pub(crate) fn slot_text(at: Timestamp) -> String {
    at.as_second().to_string()
}

/// Reads what [`slot_text`] wrote, or a time such as `2024-01-15T09:00:00Z`.
pub(crate) fn parse_slot(text: &str) -> Option<Timestamp> {
    text.parse().map_or_else(|_| text.parse().ok(), |second| Timestamp::from_second(second).ok())
}

pub(crate) fn service_name<'a>(view: &View<'_>, service: &'a Service) -> &'a str {
    let translated = service.translations.get(&view.phrases.language());
    translated.and_then(|texts| texts.name.as_deref()).unwrap_or(&service.name)
}

/// Not the email address, which is for the practice to publish.
pub(crate) fn therapist_name(view: &View<'_>, therapist: &User) -> String {
    therapist.name().unwrap_or_else(|| view.text("book-therapist-unnamed"))
}

/// Whether a slot can be booked.
pub(crate) async fn is_free(
    web: &Web,
    service: ServiceId,
    therapist: Option<UserId>,
    at: Timestamp,
) -> Result<bool, Problem> {
    let Ok(query) = SlotQuery::new(at, a_second_later(at), TimeZone::UTC) else { return Ok(false) };
    match web.use_cases.availability.run(Some(service), therapist, &query).await {
        Ok(found) => Ok(found.slots.values().flatten().any(|free| free.start == at)),
        // The conversion logs the cause.
        Err(AvailabilityError::Store(error)) => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// The client's own booking of a slot, confirmed or waiting for the payment.
pub(crate) async fn own_booking(
    web: &Web,
    client: UserId,
    therapist: UserId,
    at: Timestamp,
) -> Result<Option<Booking>, Problem> {
    let filter = BookingFilter {
        client: Some(client),
        therapist: Some(therapist),
        from: Some(at),
        to: Some(a_second_later(at)),
        ..BookingFilter::default()
    };
    let page = BookingPageRequest { limit: 20, start: PageStart::Offset(0) };
    let found = web.queries.bookings(&filter, page).await?;
    let now = web.clock.now();
    let is_live = |booking: &&Booking| {
        matches!(booking.status(), BookingStatus::PendingPayment | BookingStatus::Scheduled)
            && !booking.hold_has_expired(now)
    };
    Ok(found.items.iter().find(is_live).cloned())
}

fn a_second_later(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_in_urls_are_read_again() {
        let at: Timestamp = "2024-01-15T09:00:00Z".parse().unwrap();
        assert_eq!(slot_text(at), "1705309200");
        for (text, expected) in [
            ("1705309200", Some(at)),
            ("2024-01-15T09:00:00Z", Some(at)),
            ("2024-01-15T10:00+01:00", Some(at)),
            ("9223372036854775807", None),
            ("2024-01-15", None),
            ("", None),
        ] {
            assert_eq!(parse_slot(text), expected, "{text}");
        }
    }

    #[test]
    fn links_to_other_languages_keep_the_choice() {
        let link = || LanguageLink { href: "/book?lang=de".to_owned(), tag: "de", name: "Deutsch", is_current: false };
        for (path, expected) in [
            ("/book?", "/book?lang=de"),
            ("/book?service=2&", "/book?lang=de&service=2"),
            ("/book?service=2&at=1705309200", "/book?lang=de&service=2&at=1705309200"),
        ] {
            let mut links = [link()];
            keep_choice(&mut links, path);
            assert_eq!(links[0].href, expected);
        }
    }
}
