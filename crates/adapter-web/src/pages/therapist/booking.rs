//! A booking with everything that is known about it, and everything that can be done about it.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::bookings::ChangeBookingError;
use attune_domain::meeting::{AccessState, AttendanceSummary};
use attune_domain::notification::Notification;
use attune_domain::{Booking, BookingId, BookingStatus, Money, Participant, ParticipantRole, Role, Service, ViewerId};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::{AuditEntry, BookingView, Payment, Refund};
use jiff::Timestamp;

use super::inputs::{language_field, method_field, method_name};
use super::rows::{email_row, state_tag};
use super::{People, TherapistVisit, id, open, paths, receive};
use crate::blocks::{Block, FormBlock, Row};
use crate::choice::{service_name, therapist_name, therapists};
use crate::own_booking::{Tag, tag};
use crate::shell::{Fact, Link};
use crate::typed::Typed;
use crate::visit::Section;

mod changes;
mod history;

pub(crate) use super::paths::BOOKING as PATH;

/// `GET /bookings/{id}`
pub(crate) async fn show(web: Data<crate::web::Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /bookings/{id}`
pub(crate) async fn change(web: Data<crate::web::Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, typed| changes::submit(visit, typed).await).await
}

/// A booking with what its page says about it.
struct Detail {
    view: BookingView,
    services: Vec<Service>,
    /// Therapists and all who changed the booking or attended its session.
    people: People,
    payments: Vec<Payment>,
    refunds: Vec<Refund>,
    participants: Vec<Participant>,
    emails: Vec<Notification>,
    attendance: Vec<AttendanceSummary>,
    history: Vec<AuditEntry>,
    /// Why it was moved, by its version.
    reasons: Vec<(u32, String)>,
}

impl Detail {
    async fn load(visit: &TherapistVisit<'_>) -> Result<Self, Problem> {
        let id: BookingId = id(visit.http, Code::BookingNotFound)?;
        let web = visit.web;
        let view = web.queries.booking(id).await?.ok_or(Code::BookingNotFound)?;
        let (services, payments, refunds, participants, emails, history, reasons, attendance) = tokio::try_join!(
            web.queries.all_services(),
            web.queries.payments(id),
            web.queries.refunds(id),
            web.queries.participants(id),
            web.queries.notifications(id),
            web.queries.history(id),
            web.queries.change_reasons(id),
            web.use_cases.attendance.of(&view.booking),
        )?;
        let states = history.iter().filter_map(|entry| entry.booking);
        let attendees = attendance.iter().filter_map(|summary| summary.participant?.account());
        let ids = history.iter().filter_map(|entry| entry.actor).chain(states.map(|state| state.therapist));
        let people = People::load(web, ids.chain(attendees).chain([view.booking.therapist()])).await?;
        Ok(Self { view, services, people, payments, refunds, participants, emails, attendance, history, reasons })
    }

    fn booking(&self) -> &Booking {
        &self.view.booking
    }
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let detail = Detail::load(visit).await?;
    let booking = detail.booking();
    let mut blocks = vec![about(visit, &detail)];
    blocks.extend(joining(visit, booking));
    blocks.extend(status_forms(visit, booking));
    blocks.push(Block::Heading(visit.text("booking-changes")));
    blocks.extend(change_forms(visit, &detail, &typed).await?);
    blocks.extend(payment_blocks(visit, &detail, &typed));
    blocks.extend(participants(visit, &detail, &typed));
    blocks.extend(emails(visit, &detail));
    blocks.extend(attendance(visit, &detail));
    blocks.push(history::block(visit, &detail));
    let client = detail.view.client.display_name();
    let begins = visit.view().phrases.local_time(booking.scheduled_at(), &visit.zone);
    let heading = visit
        .view()
        .text_with("booking-heading", &[("client", (&client).into()), ("when", (&begins.short_date).into())]);
    let date = visit.zone.to_datetime(booking.scheduled_at()).date();
    let back = visit.link(&format!("{}?date={date}&therapist={}", paths::TODAY, booking.therapist()), "booking-back");
    visit.respond(heading, Section::Week, Some(back), &typed, blocks)
}

fn about(visit: &TherapistVisit<'_>, detail: &Detail) -> Block {
    let view = visit.view();
    let booking = detail.booking();
    let begins = view.phrases.local_time(booking.scheduled_at(), &visit.zone);
    let state = tag(view, booking, visit.now());
    let fact = |name: &str, value: String, more: Option<String>| Fact { name: view.text(name), value, detail: more };
    let service = detail.services.iter().find(|service| service.id == booking.service());
    let service = service.map(|service| service_name(view, service).to_owned()).unwrap_or_default();
    let client = &detail.view.client;
    let paid = crate::pages::appointment::payment_word(booking.payment_status()).map(|name| view.text(name));
    let mut facts = vec![
        fact("booking-status", state.text, None),
        fact("appointment-when", begins.date_and_time, Some(begins.place)),
        fact("appointment-service", service, Some(view.phrases.minutes(booking.minutes()))),
        fact("booking-client", client.display_name(), Some(client.email.as_str().to_owned())),
    ];
    facts.push(fact("booking-therapist", detail.people.name(booking.therapist()), None));
    facts.push(fact("appointment-price", visit.money(booking.price()), paid));
    if booking.status() == BookingStatus::PendingPayment
        && let Some(until) = booking.hold_expires_at()
    {
        facts.push(fact("booking-held-until", visit.when(until), None));
    }
    if let Some(cancellation) = booking.cancellation() {
        let by = if cancellation.by == client.id { "booking-by-client" } else { "appointment-by-practice" };
        facts.push(fact("appointment-cancelled-at", visit.when(cancellation.at), Some(view.text(by))));
        facts.extend(cancellation.reason.clone().map(|reason| fact("appointment-reason", reason, None)));
    }
    facts.extend(booking.note().map(|note| fact("booking-note", note.to_owned(), None)));
    facts.push(fact("appointment-number", booking.id().to_string(), None));
    Block::Facts(facts)
}

/// The way into the room, the client's page, and the series.
fn joining(visit: &TherapistVisit<'_>, booking: &Booking) -> Vec<Block> {
    let links = &visit.web.use_cases.links;
    let is_open =
        booking.status() == BookingStatus::Scheduled && links.window.state(booking, visit.now()) == AccessState::Open;
    let join = links.page_link(booking, &links.viewer(&visit.caller.user)).filter(|_| is_open);
    let mut blocks: Vec<Block> =
        join.into_iter().map(|href| Block::Action(Link { href, text: visit.text("today-join") })).collect();
    let mut ways = vec![visit.link(&paths::user(booking.client()), "booking-to-client")];
    if let Some(series) = booking.series() {
        ways.push(visit.link(&paths::series(series), "booking-to-series"));
    }
    blocks.push(Block::Links(ways));
    blocks
}

/// What can be said about an appointment that has begun.
fn status_forms(visit: &TherapistVisit<'_>, booking: &Booking) -> Option<Block> {
    let now = visit.now();
    let mut buttons = super::day::changes(booking, now);
    let is_correctable = booking.ends_at().saturating_add(Booking::CORRECTION_WINDOW).is_ok_and(|until| now < until);
    let is_over = matches!(booking.status(), BookingStatus::Completed | BookingStatus::NoShow);
    if is_over && is_correctable && buttons.is_empty() {
        buttons.push(("reopen", "today-reopen"));
    }
    if booking.room().is_some() && booking.scheduled_at() <= now {
        let is_open = visit.web.use_cases.links.window.state(booking, now) == AccessState::Open;
        buttons.extend(is_open.then_some(("end", "booking-end")));
    }
    let form =
        |(value, text)| visit.form(PATH, Vec::new(), value, text).hidden(super::VERSION, booking.version()).quiet();
    let row =
        Row { title: visit.text("booking-mark"), forms: buttons.into_iter().map(form).collect(), ..Row::default() };
    (!row.forms.is_empty()).then(|| Block::Rows(vec![row]))
}

async fn change_forms(visit: &TherapistVisit<'_>, detail: &Detail, typed: &Typed) -> Result<Vec<Block>, Problem> {
    let booking = detail.booking();
    let view = visit.view();
    let versioned = |form: FormBlock| form.versioned(booking.version());
    let mut blocks = Vec::new();
    if booking.status() == BookingStatus::Scheduled {
        let mut fields = visit.time_fields(typed, "move_date", "move_time", Some(booking.scheduled_at()));
        fields.push(typed.check(view, "move_override", "field-override", false));
        fields.push(typed.area(view, "move_reason", "field-reason-for-client", ""));
        let form = versioned(visit.form(PATH, fields, "move", "booking-move-button"));
        blocks.push(visit.fold("booking-move", typed, form, Vec::new()));
    }
    let is_upcoming = matches!(booking.status(), BookingStatus::Scheduled | BookingStatus::PendingPayment);
    let others: Vec<_> =
        therapists(visit.web).await?.into_iter().filter(|user| user.id != booking.therapist()).collect();
    if is_upcoming && !others.is_empty() {
        let items = others.iter().map(|user| (user.id.to_string(), therapist_name(view, user))).collect();
        let fields = vec![
            typed.select(view, "to", "field-therapist", "", items),
            typed.check(view, "reassign_override", "field-override", false),
        ];
        let form = versioned(visit.form(PATH, fields, "reassign", "booking-reassign-button"));
        blocks.push(visit.fold("booking-reassign", typed, form, Vec::new()));
    }
    let services =
        detail.services.iter().map(|service| (service.id.to_string(), service_name(view, service).to_owned()));
    let fields = vec![
        typed.select(view, "service", "field-service", &booking.service().to_string(), services.collect()),
        typed
            .input(view, "amount", "text", "field-price", &booking.price().to_decimal())
            .hint(view.text("booking-price-hint")),
        typed
            .area(view, "note", "booking-note", booking.note().unwrap_or_default())
            .hint(view.text("booking-note-hint")),
    ];
    let form = versioned(visit.form(PATH, fields, "edit", "save"));
    blocks.push(visit.fold("booking-edit", typed, form, Vec::new()));
    if is_upcoming && let Some((sentence, form)) = cancel_form(visit, booking, typed).await? {
        blocks.push(visit.fold("appointment-cancel", typed, versioned(form), vec![Block::Note(sentence)]));
    }
    if booking.status() == BookingStatus::Scheduled {
        let form = versioned(visit.form(PATH, Vec::new(), "revoke-links", "booking-revoke-links-button"));
        let why = Block::Text(view.text("booking-revoke-links-sentence"));
        blocks.push(visit.fold("booking-revoke-links", typed, form, vec![why]));
    }
    Ok(blocks)
}

/// What a cancellation would refund, before its button.
async fn cancel_form(
    visit: &TherapistVisit<'_>,
    booking: &Booking,
    typed: &Typed,
) -> Result<Option<(String, FormBlock)>, Problem> {
    let cases = &visit.web.use_cases.change_booking;
    let quote = match cases.quote(visit.caller.user.id, Role::Admin, booking.id()).await {
        Ok((_, quote)) => quote,
        Err(ChangeBookingError::State(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let sentence = if quote.refund.is_zero() {
        visit.text("booking-cancel-nothing")
    } else {
        visit.text_of("booking-cancel-refund", "refund", &visit.money(quote.refund))
    };
    let reason = typed.area(visit.view(), "cancel_reason", "field-reason-for-client", "");
    let form = visit.form(PATH, vec![reason], "cancel", "cancel-button").danger();
    Ok(Some((sentence, form.hidden("expected_refund", quote.refund.to_decimal()))))
}

fn payment_blocks(visit: &TherapistVisit<'_>, detail: &Detail, typed: &Typed) -> Vec<Block> {
    let view = visit.view();
    let booking = detail.booking();
    let mut blocks = vec![Block::Heading(visit.text("booking-payments"))];
    let rows = payment_rows(visit, detail);
    blocks.push(if rows.is_empty() { Block::Text(visit.text("booking-no-payments")) } else { Block::Rows(rows) });
    if booking.status() == BookingStatus::PendingPayment {
        let cases = &visit.web.use_cases;
        let pay_page = cases.pay_pages.url_of(booking, cases.open_checkout.gateway.provider());
        if let Some(url) = pay_page.filter(|_| !booking.hold_has_expired(visit.now())) {
            blocks.push(Block::Facts(vec![visit.fact("booking-pay-page", url)]));
            let form = visit.form(PATH, Vec::new(), "checkout", "booking-checkout-button");
            blocks.push(visit.fold(
                "booking-checkout",
                typed,
                form,
                vec![Block::Text(visit.text("booking-checkout-why"))],
            ));
        }
    }
    let may_be_paid = !booking.payment_status().has_been_paid() && !booking.price().is_zero();
    let is_live = !matches!(booking.status(), BookingStatus::Cancelled | BookingStatus::Expired);
    if may_be_paid && is_live {
        let fields = vec![
            typed
                .input(view, "paid_amount", "text", "field-amount", "")
                .hint(view.text("booking-paid-hint"))
                .optional(),
            method_field(visit, typed, "method"),
            typed.input(view, "reference", "text", "field-reference", "").optional(),
        ];
        let form = visit.once(visit.form(PATH, fields, "pay", "booking-pay-button"));
        blocks.push(visit.fold("booking-pay", typed, form, Vec::new()));
    }
    if detail.payments.iter().any(|payment| payment.state.is_paid()) {
        let mut fields = Vec::new();
        let paid: Vec<_> = detail.payments.iter().filter(|payment| payment.state.is_paid()).collect();
        if paid.len() > 1 {
            let items = paid.iter().map(|payment| (payment.id.to_string(), payment_title(visit, payment))).collect();
            fields.push(typed.select(view, "payment", "field-payment", "", items));
        }
        fields.push(
            typed
                .input(view, "refund_amount", "text", "field-amount", "")
                .hint(view.text("booking-refund-hint"))
                .optional(),
        );
        fields.push(typed.input(view, "refund_reason", "text", "field-reason", "").optional());
        let form = visit.once(visit.form(PATH, fields, "refund", "booking-refund-button"));
        blocks.push(visit.fold("booking-refund", typed, form, Vec::new()));
    }
    blocks
}

fn payment_title(visit: &TherapistVisit<'_>, payment: &Payment) -> String {
    amount_at(visit, "booking-payment", payment.amount, payment.settled_at.unwrap_or(payment.created_at))
}

fn amount_at(visit: &TherapistVisit<'_>, name: &str, amount: Money, at: Timestamp) -> String {
    let (amount, at) = (visit.money(amount), visit.when(at));
    visit.view().text_with(name, &[("amount", (&amount).into()), ("at", (&at).into())])
}

fn payment_rows(visit: &TherapistVisit<'_>, detail: &Detail) -> Vec<Row> {
    let of_payment = |payment: &Payment| {
        let method = payment.method.as_deref().map(|method| method_name(visit.view(), method));
        let details = [method, payment.memo.clone()].into_iter().flatten().collect();
        Row {
            title: payment_title(visit, payment),
            tag: Some(state_tag(visit, "payment-state", payment.state.as_str(), payment.state.is_paid())),
            details,
            ..Row::default()
        }
    };
    let of_refund = |refund: &Refund| {
        let at = refund.settled_at.unwrap_or(refund.created_at);
        let stage = refund.stage.as_str();
        Row {
            title: amount_at(visit, "booking-refunded", refund.amount, at),
            tag: Some(state_tag(visit, "refund-stage", stage, refund.settled_at.is_some())),
            details: refund.reason.clone().into_iter().collect(),
            ..Row::default()
        }
    };
    detail.payments.iter().map(of_payment).chain(detail.refunds.iter().map(of_refund)).collect()
}

fn participants(visit: &TherapistVisit<'_>, detail: &Detail, typed: &Typed) -> Vec<Block> {
    let view = visit.view();
    let (booking, all) = (detail.booking(), &detail.participants);
    let is_upcoming = booking.status() == BookingStatus::Scheduled && visit.now() < booking.ends_at();
    if all.is_empty() && !is_upcoming {
        return Vec::new();
    }
    let row = |participant: &Participant| {
        let name = participant.display_name.as_str().to_owned();
        let (revoked, form) = if participant.is_invited() {
            let form = visit.button(PATH, "revoke-invitation", "booking-revoke-invitation", &name);
            (None, is_upcoming.then(|| form.hidden("participant", participant.id)))
        } else {
            (Some(Tag { state: "stop", text: visit.text("booking-invitation-revoked") }), None)
        };
        Row {
            title: name,
            tag: revoked,
            details: vec![
                participant.email.as_str().to_owned(),
                visit.text(&format!("participant-role.{}", participant.role.as_str())),
            ],
            forms: form.into_iter().collect(),
            ..Row::default()
        }
    };
    let mut blocks = vec![Block::Heading(visit.text("booking-participants"))];
    if !all.is_empty() {
        blocks.push(Block::Rows(all.iter().map(row).collect()));
    }
    if is_upcoming {
        let roles = [ParticipantRole::Participant, ParticipantRole::Presenter, ParticipantRole::Observer];
        let items = roles.map(|role| (role.as_str().to_owned(), visit.text(&format!("participant-role.{role}"))));
        let fields = vec![
            typed.input(view, "guest_name", "text", "field-name", ""),
            typed.input(view, "guest_email", "email", "field-email", ""),
            typed.select(view, "guest_role", "field-role", roles[0].as_str(), items.to_vec()),
            language_field(visit, typed, "guest_language", None),
        ];
        let form = visit.form(PATH, fields, "invite", "booking-invite-button");
        blocks.push(visit.fold("booking-invite", typed, form, Vec::new()));
    }
    blocks
}

fn emails(visit: &TherapistVisit<'_>, detail: &Detail) -> Vec<Block> {
    if detail.emails.is_empty() {
        return Vec::new();
    }
    let rows = detail.emails.iter().map(|email| email_row(visit, PATH, email)).collect();
    vec![Block::Heading(visit.text("booking-emails")), Block::Rows(rows)]
}

fn attendance(visit: &TherapistVisit<'_>, detail: &Detail) -> Vec<Block> {
    if detail.attendance.is_empty() {
        return Vec::new();
    }
    let row = |summary: &AttendanceSummary| {
        let name = match summary.participant {
            Some(ViewerId::Account(id)) => detail.people.name(id),
            Some(ViewerId::Participant(id)) => {
                let found = detail.participants.iter().find(|participant| participant.id == id);
                found.map(|participant| participant.display_name.as_str().to_owned()).unwrap_or_default()
            }
            None => visit.text("booking-attendance-unknown"),
        };
        let time = |at| visit.view().phrases.local_time(at, &visit.zone).time;
        let (from, to) = (summary.joined_at.map(time), summary.left_at.map(time));
        let range = match (from, to) {
            (Some(from), Some(to)) => {
                visit.view().text_with("today-range", &[("from", (&from).into()), ("to", (&to).into())])
            }
            (Some(from), None) => visit.text_of("today-since", "time", &from),
            (None, to) => to.unwrap_or_default(),
        };
        let details = vec![range, visit.view().phrases.minutes(summary.minutes)];
        Row { title: name, details, ..Row::default() }
    };
    vec![Block::Heading(visit.text("booking-attendance")), Block::Rows(detail.attendance.iter().map(row).collect())]
}
