//! Booking for a client: who, what, when and how it is paid; every date is checked before anything is saved.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use attune_application::Idempotent;
use attune_application::bookings::{
    CreateBookingCommand, CreateSeriesCommand, CreateSeriesError, PaymentChoice, SlotExplanations,
};
use attune_domain::calendar::{Occurrence, weekly_series};
use attune_domain::{Money, PersonSearch, Role, Service, TimeZoneName, User, UserId};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::{PageRequest, UserFilter};
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use url::form_urlencoded;

use super::inputs::{method_field, offline};
use super::rows::conflict_text;
use super::{People, TherapistVisit, open, paths, receive};
use crate::blocks::{Block, Button, FormBlock, Row};
use crate::choice::{service_name, therapist_name, therapists, zone_name};
use crate::fields::Field;
use crate::own_booking::Tag;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::BOOK_FOR as PATH;

/// People that a search shows.
const MAX_FOUND: u32 = 20;

/// What is asked for. The fields of the first form, which are in the URL, and hidden in the second one.
struct Selection {
    client: User,
    service: Service,
    therapist: UserId,
    first: DateTime,
    every_weeks: u32,
    count: u32,
}

/// `GET /bookings/new`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /bookings/new`
pub(crate) async fn book(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, mut typed| {
        if typed.button() == "search" {
            return page(visit, typed).await;
        }
        let Some(selection) = Selection::read(visit, &|name| typed.get(name).to_owned()).await? else {
            return page(visit, typed).await;
        };
        match save(visit, &mut typed, &selection).await {
            Ok(Some(path)) => visit.done(&path),
            Ok(None) => page(visit, typed).await,
            Err(CreateSeriesError::Conflicts(conflicts)) => {
                let text = conflict_text(visit, "book-for-conflicts", &conflicts);
                page(visit, typed.refused_with(text, StatusCode::CONFLICT)).await
            }
            Err(error) => page(visit, typed.refused(visit.view(), error.into())?).await,
        }
    })
    .await
}

impl Selection {
    /// `None` until everything is chosen.
    async fn read(visit: &TherapistVisit<'_>, get: &impl Fn(&str) -> String) -> Result<Option<Self>, Problem> {
        let Some(client) = client(visit, &get("client")).await? else { return Ok(None) };
        let services = visit.web.queries.all_services().await?;
        let service = services.into_iter().find(|service| service.id.to_string() == get("service"));
        let therapist = get("therapist").parse().unwrap_or(visit.caller.user.id);
        let (date, time) = (get("date").parse::<jiff::civil::Date>(), get("time").parse::<Time>());
        let (Some(service), Ok(date), Ok(time)) = (service, date, time) else { return Ok(None) };
        let number = |name: &str| get(name).parse().unwrap_or(1);
        Ok(Some(Self {
            client,
            service,
            therapist,
            first: date.to_datetime(time),
            every_weeks: number("every"),
            count: number("count"),
        }))
    }

    fn hidden(&self, form: FormBlock) -> FormBlock {
        form.hidden("client", self.client.id)
            .hidden("service", self.service.id)
            .hidden("therapist", self.therapist)
            .hidden("date", self.first.date())
            .hidden("time", self.first.time().strftime("%H:%M"))
            .hidden("every", self.every_weeks)
            .hidden("count", self.count)
    }
}

/// The client with this id, unless their account is disabled.
async fn client(visit: &TherapistVisit<'_>, id: &str) -> Result<Option<User>, Problem> {
    let Ok(id) = id.parse::<UserId>() else { return Ok(None) };
    Ok(visit.web.queries.user(id).await?.filter(|user| !user.disabled))
}

async fn save(
    visit: &TherapistVisit<'_>,
    typed: &mut Typed,
    selection: &Selection,
) -> Result<Option<String>, CreateSeriesError> {
    let amount = visit.read_amount(typed, "amount", selection.service.price.currency());
    let payment = match typed.get("payment") {
        "paid" => offline(visit, typed).map(|(method, memo)| PaymentChoice::PaidOffline { method, memo }),
        "waived" => Some(PaymentChoice::Waived),
        _ if visit.web.use_cases.open_checkout.gateway.provider().has_checkout_page() => Some(PaymentChoice::Requested),
        _ => Some(PaymentChoice::ByProvider),
    };
    let (Some(amount), Some(payment)) = (amount, payment) else { return Ok(None) };
    let has_taken_place = typed.has("past");
    let mut command = CreateBookingCommand {
        client: selection.client.id,
        booked_by: visit.caller.user.id,
        role: Role::Admin,
        scheduled_at: Timestamp::UNIX_EPOCH,
        service: Some(selection.service.id),
        therapist: Some(selection.therapist),
        note: Some(typed.lines("note")).filter(|note| !note.is_empty() && selection.count == 1),
        payment,
        amount: amount.filter(|amount| *amount != selection.service.price).map(|amount| amount.to_decimal()),
        has_taken_place,
        override_hours: typed.has("override") || has_taken_place,
        metadata: visit.metadata(),
        idempotency: None,
    };
    if selection.count > 1 {
        let zone = TimeZoneName::parse(zone_name(&visit.zone)).map_err(|_| CreateSeriesError::UnknownTimeZone)?;
        let command = CreateSeriesCommand {
            booking: command,
            first: selection.first,
            zone,
            count: selection.count,
            every_weeks: selection.every_weeks,
            skip_conflicts: typed.has("skip"),
        };
        let outcome = visit.web.use_cases.create_series.run(command).await?;
        return Ok(Some(paths::series(outcome.series)));
    }
    let Occurrence::At(at) = Occurrence::of(selection.first, &visit.zone)? else {
        typed.wrong("time", visit.text("refused-nonexistent-time"));
        return Ok(None);
    };
    command.scheduled_at = at;
    command.idempotency = visit.idempotency(&format!("POST {PATH}"), typed);
    match visit.web.use_cases.create_booking.run(command).await? {
        Idempotent::Executed(created) => Ok(Some(paths::booking(created.booking.id()))),
        Idempotent::Replayed(attune_application::Replay::Unanswered(id)) => Ok(Some(paths::booking(id))),
        // No response is saved for this route.
        Idempotent::Replayed(attune_application::Replay::Response(_)) => Ok(Some(paths::TODAY.to_owned())),
    }
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let get = |name: &str| {
        if typed.has(name) { typed.get(name).to_owned() } else { visit.parameter(name) }
    };
    let mut blocks = Vec::new();
    match client(visit, &get("client")).await? {
        None => blocks.extend(search(visit, &typed).await?),
        Some(client) => {
            blocks.push(Block::Facts(vec![visit.fact("booking-client", client.display_name())]));
            blocks.push(Block::Form(selection_form(visit, &client, &get).await?));
            if let Some(selection) = Selection::read(visit, &get).await? {
                blocks.extend(check(visit, &typed, &selection).await?);
            }
        }
    }
    visit.respond(visit.text("book-for-title"), Section::Week, None, &typed, blocks)
}

/// Who it is for. The search is not in the URL, because names are personal.
async fn search(visit: &TherapistVisit<'_>, typed: &Typed) -> Result<Vec<Block>, Problem> {
    let view = visit.view();
    let field = typed.input(view, "q", "search", "clients-search", "").hint(view.text("clients-search-hint"));
    let form = keep_time(visit, visit.form(PATH, vec![field], "search", "search"));
    let mut blocks = vec![Block::Form(form)];
    if let Some(search) = PersonSearch::parse(typed.get("q")) {
        let filter = UserFilter { search: Some(search), role: None, disabled: Some(false) };
        let found = visit.web.queries.users(&filter, PageRequest { limit: MAX_FOUND, offset: 0 }).await?;
        let row = |user: &User| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("client", &user.id.to_string());
            for name in TIME {
                let value = if typed.has(name) { typed.get(name).to_owned() } else { visit.parameter(name) };
                if !value.is_empty() {
                    query.append_pair(name, &value);
                }
            }
            Row {
                title: user.display_name(),
                href: Some(view.href(&format!("{PATH}?{}", query.finish()))),
                details: vec![user.email.as_str().to_owned()],
                ..Row::default()
            }
        };
        blocks.push(match found.items.is_empty() {
            true => Block::Text(visit.text("clients-none-found")),
            false => Block::Rows(found.items.iter().map(row).collect()),
        });
    }
    blocks.push(Block::Links(vec![visit.link(&format!("{}?book=1", paths::CLIENTS), "clients-add")]));
    Ok(blocks)
}

/// What may be chosen before the client is.
const TIME: [&str; 4] = ["service", "therapist", "date", "time"];

fn keep_time(visit: &TherapistVisit<'_>, form: FormBlock) -> FormBlock {
    let given = TIME.map(|name| (name, visit.parameter(name)));
    given.into_iter().filter(|(_, value)| !value.is_empty()).fold(form, |form, (name, value)| form.hidden(name, value))
}

async fn selection_form(
    visit: &TherapistVisit<'_>,
    client: &User,
    get: &impl Fn(&str) -> String,
) -> Result<FormBlock, Problem> {
    let view = visit.view();
    let services = visit.web.queries.all_services().await?;
    let people = therapists(visit.web).await?;
    let typed = Typed::default();
    let service_text = |service: &Service| {
        let price = visit.money(service.price);
        let minutes = view.phrases.minutes(service.minutes);
        format!("{}, {minutes}, {price}", service_name(view, service))
    };
    let items = services.iter().map(|service| (service.id.to_string(), service_text(service))).collect();
    let mut fields: Vec<Field> = vec![typed.select(view, "service", "field-service", &get("service"), items)];
    let whose = Some(get("therapist")).filter(|id| !id.is_empty());
    let whose = whose.unwrap_or_else(|| visit.caller.user.id.to_string());
    if people.len() > 1 {
        let items = people.iter().map(|user| (user.id.to_string(), therapist_name(view, user))).collect();
        fields.push(typed.select(view, "therapist", "field-therapist", &whose, items));
    }
    let or = |value: String, usual: &str| if value.is_empty() { usual.to_owned() } else { value };
    fields.push(typed.input(view, "date", "date", "field-first-date", &get("date")));
    fields.push(typed.input(view, "time", "time", "field-time", &get("time")));
    fields.push(
        typed.input(view, "count", "number", "field-count", &or(get("count"), "1")).hint(view.text("field-count-hint")),
    );
    fields.push(typed.input(view, "every", "number", "field-every", &or(get("every"), "1")));
    Ok(FormBlock::query(fields, visit.text("book-for-check")).hidden("client", client.id))
}

/// What the calendar says about each date, and the form that saves them.
async fn check(visit: &TherapistVisit<'_>, typed: &Typed, selection: &Selection) -> Result<Vec<Block>, Problem> {
    let view = visit.view();
    let dates = match weekly_series(selection.first, &visit.zone, selection.count, selection.every_weeks) {
        Ok(dates) => dates,
        Err(_) => return Ok(vec![Block::Alert(visit.text("book-for-count-invalid"))]),
    };
    let starts: Vec<Timestamp> = dates
        .iter()
        .filter_map(|date| match date {
            Occurrence::At(at) => Some(*at),
            Occurrence::Nonexistent(_) => None,
        })
        .collect();
    let explain = &visit.web.use_cases.explain_slot;
    let SlotExplanations { rules, slots } = explain.run(selection.service.id, selection.therapist, &starts).await?;
    let conflicts: Vec<_> = slots.iter().flat_map(|slot| slot.conflicts.iter().cloned()).collect();
    let people = People::clients(visit.web, &conflicts).await?;
    let mut rows: Vec<Row> = slots
        .iter()
        .map(|slot| {
            let (state, name) = match (slot.is_offered(), slot.can_override) {
                (true, _) => ("sure", "book-for-free"),
                (false, true) => ("open", "book-for-outside"),
                (false, false) => ("stop", "book-for-taken"),
            };
            let why = (!slot.is_offered()).then(|| super::why::sentence(visit, slot, rules, &people));
            let tag = Some(Tag { state, text: visit.text(name) });
            Row { title: visit.when(slot.starts_at), tag, details: why.into_iter().collect(), ..Row::default() }
        })
        .collect();
    let skipped = dates.len() - starts.len();
    rows.extend((0..skipped).map(|_| Row { title: visit.text("refused-nonexistent-time"), ..Row::default() }));
    let free = slots.iter().filter(|slot| slot.is_offered()).count();
    let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let summary =
        view.text_with("book-for-summary", &[("free", whole(free).into()), ("all", whole(dates.len()).into())]);
    let is_past = starts.first().is_some_and(|at| *at <= visit.now());
    let form = save_form(visit, typed, selection, free < dates.len(), is_past);
    Ok(vec![Block::Heading(visit.text("book-for-before")), Block::Note(summary), Block::Rows(rows), Block::Form(form)])
}

fn save_form(
    visit: &TherapistVisit<'_>,
    typed: &Typed,
    selection: &Selection,
    is_hindered: bool,
    is_past: bool,
) -> FormBlock {
    let view = visit.view();
    let mut fields = Vec::new();
    let has_price = !selection.service.price.is_zero();
    if has_price {
        let request = if visit.web.use_cases.open_checkout.gateway.provider().has_checkout_page() {
            "book-for-request"
        } else {
            "book-for-instructions"
        };
        let items = vec![
            ("request".to_owned(), visit.text(request)),
            ("paid".to_owned(), visit.text("book-for-paid")),
            ("waived".to_owned(), visit.text("book-for-waived")),
        ];
        fields.push(typed.radios(view, "payment", "book-for-payment", if is_past { "paid" } else { "request" }, items));
        fields.push(method_field(visit, typed, "method").hint(view.text("book-for-method-hint")));
        fields.push(typed.input(view, "reference", "text", "field-reference", "").optional());
    }
    let price: Money = selection.service.price;
    fields.push(typed.input(view, "amount", "text", "field-price", &price.to_decimal()));
    if selection.count == 1 {
        fields.push(typed.area(view, "note", "booking-note", "").hint(view.text("booking-note-hint")));
    }
    if is_past {
        fields.push(typed.check(view, "past", "book-for-past", true));
    } else if is_hindered {
        fields.push(typed.check(view, "override", "field-override", false));
        if selection.count > 1 {
            fields.push(typed.check(view, "skip", "book-for-skip", false));
        }
    }
    let value = if selection.count > 1 { "series" } else { "book" };
    let name = if selection.count > 1 { "book-for-button-series" } else { "book-for-button" };
    let button = Button::new(value, visit.text(name));
    visit.once(selection.hidden(FormBlock::new(visit.visit.form_token(PATH), fields, button)))
}
