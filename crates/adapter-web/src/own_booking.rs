//! What the pages about a client's own bookings share.

use actix_web::HttpRequest;
use attune_application::payments::PayState;
use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus, Role, Service, User, UserId};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::{BookingView, Caller, Provider};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use url::form_urlencoded;

use crate::shell::Fact;
use crate::visit::Visit;
use crate::web::{View, Web, segment};

/// A therapist who has booked for themselves is a client here, under the terms of clients.
pub(crate) const ROLE: Role = Role::Client;

/// The state of a booking, as a word and by the name of its sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) state: &'static str,
    pub(crate) text: String,
}

/// A link whose text occurs several times on a page. Screen readers get what it is about as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkAbout {
    pub(crate) href: String,
    pub(crate) text: String,
    pub(crate) about: String,
}

/// The caller, or the response to a visitor who has to log in or to set up a second factor first.
#[expect(clippy::result_large_err, reason = "the response is passed on as it is")]
pub(crate) fn caller<'a>(web: &Web, visit: &'a Visit<'_>, next: &str) -> Result<&'a Caller, HandlerResult> {
    let caller = visit.caller.as_ref().ok_or_else(|| visit.log_in_first(next))?;
    if web.use_cases.authenticate.requires_setup(caller) {
        return Err(visit.redirect("/account/second-factor"));
    }
    Ok(caller)
}

/// A booking of the visitor with what its pages say about it.
pub(crate) struct OwnBooking {
    pub(crate) booking: Booking,
    pub(crate) client: User,
    /// The client's time zone, else the practice's.
    pub(crate) zone: TimeZone,
    /// The name of the service, in the reader's language.
    pub(crate) service: Option<String>,
    pub(crate) therapist: Option<String>,
    pub(crate) now: Timestamp,
}

impl OwnBooking {
    /// The booking that the path names, or the response to a visitor who may not see it.
    pub(crate) async fn of(
        web: &Web,
        http: &HttpRequest,
        visit: &Visit<'_>,
        page: &str,
    ) -> Result<Self, HandlerResult> {
        let id = segment(http, "id").parse().ok().and_then(BookingId::new);
        let path = id.map(|id| format!("/appointments/{id}{page}"));
        let caller = caller(web, visit, path.as_deref().unwrap_or("/appointments"))?;
        let Some(id) = id else { return Err(visit.refuse(&Code::BookingNotFound.into())) };
        match Self::load(web, &visit.view, caller, id).await {
            Ok(Some(own)) => Ok(own),
            Ok(None) => Err(visit.refuse(&Code::BookingNotFound.into())),
            Err(problem) => Err(visit.refuse(&problem)),
        }
    }

    async fn load(web: &Web, view: &View<'_>, caller: &Caller, id: BookingId) -> Result<Option<Self>, Problem> {
        let found = web.queries.booking(id).await?;
        let Some(BookingView { booking, client }) = found.filter(|found| found.client.id == caller.user.id) else {
            return Ok(None);
        };
        let names = Names::of(web, view, std::slice::from_ref(&booking)).await?;
        Ok(Some(Self {
            zone: web.use_cases.practice.zone_in(&view.practice, client.time_zone.as_ref()),
            service: names.service(&booking),
            therapist: names.therapist(&booking),
            now: web.clock.now(),
            booking,
            client,
        }))
    }

    pub(crate) fn path(&self) -> String {
        path_of(&self.booking)
    }

    /// The time, what was booked and with whom.
    pub(crate) fn facts(&self, view: &View<'_>) -> Vec<Fact> {
        let begins = view.phrases.local_time(self.booking.scheduled_at(), &self.zone);
        let fact = |name, value, detail| Fact { name: view.text(name), value, detail };
        let minutes = view.phrases.minutes(self.booking.minutes());
        let mut facts = vec![fact("appointment-when", begins.date_and_time, Some(begins.place))];
        match &self.service {
            Some(service) => facts.push(fact("appointment-service", service.clone(), Some(minutes))),
            None => facts.push(fact("appointment-duration", minutes, None)),
        }
        facts.extend(self.therapist.clone().map(|name| fact("appointment-therapist", name, None)));
        facts
    }

    /// Until when the client may move the booking; `None` if no one can.
    pub(crate) fn move_until(&self) -> Option<Timestamp> {
        let until = self.booking.terms().reschedule_until(self.booking.scheduled_at());
        (self.booking.status() == BookingStatus::Scheduled).then_some(until)
    }

    pub(crate) fn can_move(&self) -> bool {
        self.move_until().is_some_and(|until| self.now < until)
    }

    pub(crate) fn can_cancel(&self) -> bool {
        can_cancel(&self.booking, self.now)
    }
}

pub(crate) fn path_of(booking: &Booking) -> String {
    format!("/appointments/{}", booking.id())
}

/// Whether its client can cancel it.
pub(crate) fn can_cancel(booking: &Booking, now: Timestamp) -> bool {
    match booking.status() {
        BookingStatus::Scheduled => now < booking.scheduled_at(),
        BookingStatus::PendingPayment => booking.payment_status() != PaymentStatus::Processing,
        BookingStatus::Completed | BookingStatus::NoShow | BookingStatus::Cancelled | BookingStatus::Expired => false,
    }
}

/// The names of services and therapists.
pub(crate) struct Names {
    services: Vec<Service>,
    people: Vec<User>,
    language: attune_domain::Language,
}

impl Names {
    pub(crate) async fn of(web: &Web, view: &View<'_>, bookings: &[Booking]) -> Result<Self, Problem> {
        let mut therapists: Vec<UserId> = bookings.iter().map(Booking::therapist).collect();
        therapists.sort_unstable();
        therapists.dedup();
        let (services, people) = if therapists.is_empty() {
            (Vec::new(), Vec::new())
        } else {
            (web.queries.all_services().await?, web.queries.people(&therapists).await?)
        };
        Ok(Self { services, people, language: view.phrases.language() })
    }

    pub(crate) fn service(&self, booking: &Booking) -> Option<String> {
        let service = self.services.iter().find(|service| service.id == booking.service())?;
        let own = service.translations.get(&self.language).and_then(|texts| texts.name.clone());
        Some(own.unwrap_or_else(|| service.name.clone()))
    }

    pub(crate) fn therapist(&self, booking: &Booking) -> Option<String> {
        self.people.iter().find(|user| user.id == booking.therapist())?.name()
    }

    /// What was booked, with whom and for how long, as one line.
    pub(crate) fn line(&self, view: &View<'_>, booking: &Booking) -> String {
        let minutes = view.phrases.minutes(booking.minutes());
        match (self.service(booking), self.therapist(booking)) {
            (Some(service), Some(therapist)) => view.text_with(
                "appointment-line-with",
                &[("service", (&service).into()), ("therapist", (&therapist).into()), ("duration", (&minutes).into())],
            ),
            (Some(service), None) => {
                view.text_with("appointment-line", &[("service", (&service).into()), ("duration", (&minutes).into())])
            }
            (None, _) => minutes,
        }
    }
}

/// The state of a booking, in a word.
pub(crate) fn tag(view: &View<'_>, booking: &Booking, now: Timestamp) -> Tag {
    let (state, name) = match booking.status() {
        BookingStatus::PendingPayment if booking.payment_status() == PaymentStatus::Processing => {
            ("open", "appointment-state-processing")
        }
        BookingStatus::PendingPayment if booking.hold_has_expired(now) => ("stop", "appointment-state-expired"),
        BookingStatus::PendingPayment => ("open", "appointment-state-unpaid"),
        BookingStatus::Scheduled if now < booking.ends_at() => ("sure", "appointment-state-confirmed"),
        BookingStatus::Scheduled => ("past", "appointment-state-over"),
        BookingStatus::Completed => ("past", "appointment-state-completed"),
        BookingStatus::NoShow => ("past", "appointment-state-missed"),
        BookingStatus::Cancelled => ("stop", "appointment-state-cancelled"),
        BookingStatus::Expired => ("stop", "appointment-state-expired"),
    };
    Tag { state, text: view.text(name) }
}

/// What is still to be paid for a booking, and where.
pub(crate) async fn pay_state(web: &Web, own: &OwnBooking) -> Result<(PayState, Provider), Problem> {
    let found = BookingView { booking: own.booking.clone(), client: own.client.clone() };
    let page = web.use_cases.pay_page.page(&found).await?;
    Ok((page.state, web.use_cases.open_checkout.gateway.provider()))
}

/// The value of a parameter in the URL.
pub(crate) fn parameter(http: &HttpRequest, name: &str) -> Option<String> {
    let query = http.query_string().as_bytes();
    form_urlencoded::parse(query).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}
