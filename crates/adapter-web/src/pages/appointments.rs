//! The appointments that a visitor has booked as a client.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use attune_domain::payment::RefundStage;
use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus, Role, User};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{BookingCursor, BookingFilter, BookingOrder, BookingPageRequest, PageStart};
use attune_wording::LocalTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::own_booking::{LinkAbout, Names, Tag, caller, can_cancel, parameter, path_of, tag};
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::Web;

pub(crate) const PATH: &str = "/appointments";

/// Earlier appointments on one page.
const PAGE: usize = 20;

/// How many bookings are read at a time.
const CHUNK: u32 = 100;

#[derive(Template)]
#[template(path = "appointments.html")]
struct Appointments {
    shell: Shell,
    /// For therapists, whose own calendar is elsewhere.
    as_client: Option<String>,
    empty: Option<(String, Link)>,
    next: Option<Next>,
    sections: Vec<Rows>,
    earlier: Option<Link>,
    /// To what turns on the calendar feed.
    calendar: Link,
}

/// The next appointment.
struct Next {
    heading: String,
    when: String,
    tag: Tag,
    place: String,
    line: String,
    join: Option<Link>,
    opens: Option<String>,
    links: Vec<LinkAbout>,
}

/// Appointments under a heading.
struct Rows {
    heading: String,
    rows: Vec<Row>,
}

struct Row {
    link: Link,
    tag: Tag,
    details: Vec<String>,
    button: Option<LinkAbout>,
    receipt: Option<LinkAbout>,
}

/// A client's bookings, sorted by what they mean for the client now.
struct Sorted {
    next: Option<Booking>,
    unpaid: Vec<Booking>,
    upcoming: Vec<Booking>,
    past: Vec<Booking>,
    /// Where the earlier ones begin.
    earlier: Option<BookingCursor>,
}

/// What a row is made of.
struct List<'a> {
    web: &'a Web,
    visit: &'a Visit<'a>,
    zone: TimeZone,
    now: Timestamp,
    names: Names,
}

/// `GET /appointments`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    let user = match caller(&web, &visit, PATH) {
        Ok(caller) => &caller.user,
        Err(response) => return response,
    };
    let after = parameter(&http, "before").and_then(|text| cursor(&text));
    match page(&web, &visit, user, after).await {
        Ok(page) => visit.respond(&page, StatusCode::OK),
        Err(problem) => visit.refuse(&problem),
    }
}

async fn page(
    web: &Web,
    visit: &Visit<'_>,
    user: &User,
    after: Option<BookingCursor>,
) -> Result<Appointments, Problem> {
    let view = &visit.view;
    let now = web.clock.now();
    let sorted = Sorted::read(web, user, after, now).await?;
    let all: Vec<Booking> = sorted.all().cloned().collect();
    let list = List {
        web,
        visit,
        zone: web.use_cases.practice.zone_in(&view.practice, user.time_zone.as_ref()),
        now,
        names: Names::of(web, view, &all).await?,
    };
    let mut sections = Vec::new();
    let mut add = |heading: &str, rows: Vec<Row>| {
        if !rows.is_empty() {
            sections.push(Rows { heading: view.text(heading), rows });
        }
    };
    let mut unpaid = Vec::new();
    for booking in &sorted.unpaid {
        unpaid.push(list.unpaid(booking).await?);
    }
    add("appointments-to-do", unpaid);
    add("appointments-upcoming", sorted.upcoming.iter().map(|booking| list.upcoming(booking)).collect());
    let mut past = Vec::new();
    for booking in &sorted.past {
        past.push(list.past(booking).await?);
    }
    let past_heading = if after.is_some() { "appointments-earlier" } else { "appointments-past" };
    add(past_heading, past);
    let is_empty = sorted.next.is_none() && sections.is_empty();
    let empty = is_empty.then(|| {
        let sentence = if after.is_some() { "appointments-none-earlier" } else { "appointments-none" };
        (view.text(sentence), Link { href: view.href("/book"), text: view.text("appointments-book") })
    });
    Ok(Appointments {
        shell: visit.shell(view.text("appointments"), Section::Appointments),
        as_client: (user.role == Role::Admin).then(|| view.text("appointments-as-client")),
        empty,
        next: sorted.next.as_ref().map(|booking| list.next(booking, user)),
        sections,
        earlier: sorted.earlier.map(|cursor| Link {
            href: view.href(&format!("{PATH}?before={}-{}", cursor.scheduled_at.as_second(), cursor.id)),
            text: view.text("appointments-earlier"),
        }),
        calendar: Link { href: view.href("/account#calendar"), text: view.text("appointments-in-calendar") },
    })
}

impl Sorted {
    /// With a cursor, only the earlier ones.
    async fn read(web: &Web, user: &User, after: Option<BookingCursor>, now: Timestamp) -> Result<Self, Problem> {
        let window = &web.use_cases.links.window;
        let is_ahead = |booking: &Booking| match booking.status() {
            BookingStatus::Scheduled => now < window.closes_at(booking),
            BookingStatus::PendingPayment => {
                booking.payment_status() == PaymentStatus::Processing || !booking.hold_has_expired(now)
            }
            BookingStatus::Completed | BookingStatus::NoShow | BookingStatus::Cancelled | BookingStatus::Expired => {
                false
            }
        };
        let mut sorted = Self { next: None, unpaid: Vec::new(), upcoming: Vec::new(), past: Vec::new(), earlier: None };
        let mine = BookingFilter { client: Some(user.id), ..BookingFilter::default() };
        if after.is_none() {
            let longest = SignedDuration::from_mins(i64::from(Booking::MAX_MINUTES)).saturating_add(window.grace);
            let ahead = BookingFilter {
                from: Some(now.saturating_sub(longest).unwrap_or(Timestamp::MIN)),
                order: BookingOrder::Earliest,
                ..mine.clone()
            };
            let request = BookingPageRequest { limit: CHUNK, start: PageStart::Offset(0) };
            for (status, found) in
                [(BookingStatus::PendingPayment, &mut sorted.unpaid), (BookingStatus::Scheduled, &mut sorted.upcoming)]
            {
                let filter = BookingFilter { status: Some(status), ..ahead.clone() };
                let page = web.queries.bookings(&filter, request).await?;
                found.extend(page.items.iter().filter(|booking| is_ahead(booking)).cloned());
            }
            if !sorted.upcoming.is_empty() {
                sorted.next = Some(sorted.upcoming.remove(0));
            }
        }
        let mut start = after.map_or(PageStart::Offset(0), PageStart::After);
        loop {
            let page = web.queries.bookings(&mine, BookingPageRequest { limit: CHUNK, start }).await?;
            for booking in page.items.iter().filter(|booking| !is_ahead(booking)) {
                if sorted.past.len() == PAGE {
                    sorted.earlier = sorted.past.last().map(BookingCursor::from);
                    return Ok(sorted);
                }
                sorted.past.push(booking.clone());
            }
            match page.next {
                Some(next) => start = PageStart::After(next),
                None => return Ok(sorted),
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Booking> {
        self.next.iter().chain(&self.unpaid).chain(&self.upcoming).chain(&self.past)
    }
}

impl List<'_> {
    fn time(&self, booking: &Booking) -> LocalTime {
        self.visit.view.phrases.local_time(booking.scheduled_at(), &self.zone)
    }

    fn link(&self, booking: &Booking) -> Link {
        Link { href: self.visit.view.href(&path_of(booking)), text: self.time(booking).date_and_time }
    }

    fn about(&self, booking: &Booking) -> String {
        let view = &self.visit.view;
        view.text_with("appointment-about", &[("when", (&self.time(booking).date_and_time).into())])
    }

    fn next(&self, booking: &Booking, user: &User) -> Next {
        let view = &self.visit.view;
        let links = &self.web.use_cases.links;
        let time = self.time(booking);
        let join = links.page_link(booking, &links.viewer(user));
        let opens = links.window.opens_at(booking);
        let opens_time = view.phrases.local_time(opens, &self.zone);
        let link = |path: &str, name: &str| LinkAbout {
            href: view.href(&format!("{}{path}", path_of(booking))),
            text: view.text(name),
            about: self.about(booking),
        };
        let mut more = vec![link("", "appointment-details")];
        if self.now < booking.terms().reschedule_until(booking.scheduled_at()) {
            more.push(link("/move", "appointment-move"));
        }
        if can_cancel(booking, self.now) {
            more.push(link("/cancel", "appointment-cancel"));
        }
        more.push(link("/calendar.ics", "appointment-calendar"));
        Next {
            heading: view.text("appointments-next"),
            when: time.date_and_time,
            tag: tag(view, booking, self.now),
            place: time.place,
            line: self.names.line(view, booking),
            opens: (join.is_some() && self.now < opens).then(|| opens_sentence(self.visit, &opens_time)),
            join: join.map(|href| Link { href, text: view.text("appointment-join") }),
            links: more,
        }
    }

    async fn unpaid(&self, booking: &Booking) -> Result<Row, Problem> {
        let view = &self.visit.view;
        let mut details = vec![self.names.line(view, booking)];
        let mut button = None;
        if booking.payment_status() != PaymentStatus::Processing {
            let amount = self.web.use_cases.open_checkout.amount_due(booking).await?;
            let amount = view.phrases.money(amount);
            if let Some(until) = booking.hold_expires_at() {
                let until = view.phrases.local_time(until, &self.zone).date_and_time;
                details.push(view.text_with("appointments-held", &[("until", (&until).into())]));
            }
            button = Some(LinkAbout {
                href: view.href(&path_of(booking)),
                text: view.text_with("appointments-pay", &[("amount", (&amount).into())]),
                about: self.about(booking),
            });
        }
        Ok(Row { link: self.link(booking), tag: tag(view, booking, self.now), details, button, receipt: None })
    }

    fn upcoming(&self, booking: &Booking) -> Row {
        let view = &self.visit.view;
        let details = vec![self.names.line(view, booking)];
        Row { link: self.link(booking), tag: tag(view, booking, self.now), details, button: None, receipt: None }
    }

    async fn past(&self, booking: &Booking) -> Result<Row, Problem> {
        let mut row = self.upcoming(booking);
        let view = &self.visit.view;
        row.receipt = booking.payment_status().has_been_paid().then(|| LinkAbout {
            href: view.href(&format!("{}/receipt", path_of(booking))),
            text: view.text("payment-receipt"),
            about: self.about(booking),
        });
        // Only these have refunds.
        if booking.payment_status().has_been_paid() && booking.payment_status() != PaymentStatus::Succeeded {
            row.details.extend(refunds(self.web, self.visit, booking, &self.zone).await?);
        }
        Ok(row)
    }
}

/// When the room opens.
pub(crate) fn opens_sentence(visit: &Visit<'_>, opens: &LocalTime) -> String {
    let values = [("short_date", (&opens.short_date).into()), ("time", (&opens.time).into())];
    visit.view.text_with("appointment-opens", &values)
}

/// What became of each refund, oldest first.
pub(crate) async fn refunds(
    web: &Web,
    visit: &Visit<'_>,
    booking: &Booking,
    zone: &TimeZone,
) -> Result<Vec<String>, Problem> {
    let view = &visit.view;
    let refunds = web.queries.refunds(booking.id()).await?;
    let sentence = |name: &str, amount: &str, at: Timestamp| {
        let date = view.phrases.local_time(at, zone).date;
        view.text_with(name, &[("amount", amount.into()), ("date", (&date).into())])
    };
    let texts = refunds.iter().filter_map(|refund| {
        let amount = view.phrases.money(refund.amount);
        match refund.stage {
            RefundStage::Queued | RefundStage::Pending => {
                Some(sentence("appointment-refund-pending", &amount, refund.created_at))
            }
            RefundStage::Succeeded => {
                Some(sentence("appointment-refund-done", &amount, refund.settled_at.unwrap_or(refund.created_at)))
            }
            RefundStage::Failed => Some(sentence("appointment-refund-failed", &amount, refund.created_at)),
            RefundStage::Retried => None,
        }
    });
    Ok(texts.collect())
}

/// The position behind a booking: its start in seconds and its id.
fn cursor(text: &str) -> Option<BookingCursor> {
    let (second, id) = text.rsplit_once('-')?;
    let scheduled_at = Timestamp::from_second(second.parse().ok()?).ok()?;
    Some(BookingCursor { scheduled_at, id: BookingId::new(id.parse().ok()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_start_and_an_id() {
        let read = |text| cursor(text).map(|found| (found.scheduled_at.as_second(), found.id.get()));
        for (text, expected) in [
            ("1705312800-42", Some((1_705_312_800, 42))),
            ("-60-1", Some((-60, 1))),
            ("1705312800", None),
            ("1705312800-0", None),
            ("99999999999999999-1", None),
            ("", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
