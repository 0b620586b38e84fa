//! The pages of therapists.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use attune_application::{IdempotentRequest, RequestMetadata};
use attune_domain::calendar::Occurrence;
use attune_domain::{Booking, Currency, Money, Role, User, UserId};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::{Caller, IdempotencyKey};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::blocks::{Block, BlockPage, Button, FormBlock};
use crate::fields::Field;
use crate::forms::{Form, refuse_forged};
use crate::own_booking::{caller, parameter};
use crate::shell::{Fact, Link};
use crate::typed::Typed;
use crate::visit::{Section, Visit, next_path};
use crate::web::{View, Web};

pub(crate) mod book_for;
pub(crate) mod booking;
pub(crate) mod clients;
pub(crate) mod day;
pub(crate) mod emails;
pub(crate) mod hours;
mod inputs;
pub(crate) mod money;
mod paths;
pub(crate) mod policy;
pub(crate) mod practice;
mod rows;
pub(crate) mod series;
pub(crate) mod services;
pub(crate) mod set_up;
pub(crate) mod team;
pub(crate) mod today;
pub(crate) mod user;
pub(crate) mod week;
pub(crate) mod why;

/// The hidden field with the key under which a form takes effect once.
const KEY: &str = "key";

pub(crate) use crate::blocks::VERSION;
pub(crate) use inputs::method_name;

/// A therapist at one of these pages.
pub(crate) struct TherapistVisit<'a> {
    pub(crate) web: &'a Web,
    pub(crate) http: &'a HttpRequest,
    pub(crate) visit: Visit<'a>,
    pub(crate) caller: Caller,
    /// The zone of the times that are shown and typed: the therapist's own, else the practice's.
    pub(crate) zone: TimeZone,
    /// Where a form leads that is filled in on the way to something else.
    pub(crate) next: String,
}

/// The hidden field with [`TherapistVisit::next`].
const NEXT: &str = "next";

/// The therapist who visits, or the response to anyone else.
#[expect(clippy::result_large_err, reason = "the response is passed on as it is")]
pub(crate) fn therapist<'a>(web: &Web, visit: &'a Visit<'_>, next: &str) -> Result<&'a Caller, HandlerResult> {
    let caller = caller(web, visit, next)?;
    if caller.user.is_admin() {
        Ok(caller)
    } else {
        Err(visit.say("therapists-only", "therapists-only-sentence", StatusCode::FORBIDDEN))
    }
}

/// Shows a page to a therapist.
pub(crate) async fn open(
    web: &Web,
    http: &HttpRequest,
    page: impl AsyncFnOnce(&TherapistVisit<'_>) -> HandlerResult,
) -> HandlerResult {
    let next = http.uri().path_and_query().map_or(http.path(), |path| path.as_str());
    match TherapistVisit::of(web, http, next).await? {
        Ok(visit) => visit.respond_with(page(&visit).await),
        Err(response) => Ok(response),
    }
}

/// Receives a form of such a page. The key of its form token is `purpose`.
pub(crate) async fn receive(
    web: &Web,
    http: &HttpRequest,
    payload: Payload,
    purpose: &str,
    change: impl AsyncFnOnce(&TherapistVisit<'_>, Typed) -> HandlerResult,
) -> HandlerResult {
    if let Some(refusal) = refuse_forged(web, http).await {
        return refusal;
    }
    let mut visit = match TherapistVisit::of(web, http, http.path()).await? {
        Ok(visit) => visit,
        Err(response) => return Ok(response),
    };
    let mut form = Form::read_with_texts(web, http, payload).await?;
    if let Err(problem) = visit.visit.check_form(&mut form, purpose) {
        return visit.visit.refuse(&problem);
    }
    visit.next = form.take(NEXT);
    visit.respond_with(change(&visit, Typed::of(form)).await)
}

impl<'a> TherapistVisit<'a> {
    async fn of(web: &'a Web, http: &'a HttpRequest, next: &str) -> Result<Result<Self, HttpResponse>, Problem> {
        let visit = web.visit(http).await?;
        let caller = match therapist(web, &visit, next) {
            Ok(caller) => caller.clone(),
            Err(response) => return response.map(Err),
        };
        let zone = web.use_cases.practice.zone_in(&visit.view.practice, caller.user.time_zone.as_ref());
        Ok(Ok(Self { web, http, visit, caller, zone, next: String::new() }))
    }

    fn respond_with(&self, outcome: HandlerResult) -> HandlerResult {
        outcome.or_else(|problem| self.visit.refuse(&problem))
    }

    pub(crate) fn view(&self) -> &View<'a> {
        &self.visit.view
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.view().text(name)
    }

    /// A message with one value.
    pub(crate) fn text_of(&self, name: &str, variable: &'static str, value: &str) -> String {
        self.view().text_with(name, &[(variable, value.into())])
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.web.clock.now()
    }

    pub(crate) fn metadata(&self) -> RequestMetadata {
        self.web.settings.requests.metadata(self.http)
    }

    /// A date and a time, without the zone.
    pub(crate) fn when(&self, at: Timestamp) -> String {
        self.view().phrases.local_time(at, &self.zone).date_and_time
    }

    pub(crate) fn money(&self, amount: Money) -> String {
        self.view().phrases.money(amount)
    }

    pub(crate) fn link(&self, path: &str, name: &str) -> Link {
        Link { href: self.view().href(path), text: self.text(name) }
    }

    pub(crate) fn fact(&self, name: &str, value: String) -> Fact {
        Fact { name: self.text(name), value, detail: None }
    }

    pub(crate) fn parameter(&self, name: &str) -> String {
        parameter(self.http, name).unwrap_or_default()
    }

    /// A form with a button, by the name of its text.
    pub(crate) fn form(&self, purpose: &str, fields: Vec<Field>, value: &'static str, text: &str) -> FormBlock {
        let form = FormBlock::new(self.visit.form_token(purpose), fields, Button::new(value, self.text(text)));
        if self.next.is_empty() { form } else { form.hidden(NEXT, &self.next) }
    }

    /// A button in a row, with what it is about for screen readers.
    pub(crate) fn button(&self, purpose: &str, value: &'static str, text: &str, about: &str) -> FormBlock {
        let button = Button::new(value, self.text(text)).link(self.about(about));
        FormBlock::new(self.visit.form_token(purpose), Vec::new(), button)
    }

    /// What a link or a button is about, for screen readers after its text.
    pub(crate) fn about(&self, about: &str) -> String {
        self.text_of("appointment-about", "when", about)
    }

    /// A form that is closed until it is asked for, by the name of its heading. It stays open while it is refused.
    pub(crate) fn fold(&self, summary: &str, typed: &Typed, form: FormBlock, before: Vec<Block>) -> Block {
        let is_open = typed.is_refused() && form.buttons.iter().any(|button| button.value == typed.button());
        let mut content = before;
        content.push(Block::Form(form));
        Block::Fold { summary: self.text(summary), is_open, content }
    }

    /// The page after the change that a form has made.
    pub(crate) fn done(&self, path: &str) -> HandlerResult {
        if !self.next.is_empty() {
            return self.visit.redirect(&next_path(&self.next, Role::Admin));
        }
        let separator = if path.contains('?') { '&' } else { '?' };
        self.visit.redirect(&format!("{path}{separator}saved"))
    }

    pub(crate) fn respond(
        &self,
        heading: String,
        section: Section,
        back: Option<Link>,
        typed: &Typed,
        content: Vec<Block>,
    ) -> HandlerResult {
        let shell = self.visit.shell(heading, section);
        let shell = if typed.is_refused() { self.view().with_error(shell) } else { shell };
        let is_saved = !typed.is_refused() && parameter(self.http, "saved").is_some();
        let mut blocks: Vec<Block> = typed.alert(self.view()).into_iter().collect();
        blocks.extend(is_saved.then(|| Block::Done(self.text("saved"))));
        blocks.extend(content);
        self.visit.respond(&BlockPage { shell, back, blocks }, typed.status())
    }

    /// Makes a form take effect once, however often it is sent.
    pub(crate) fn once(&self, form: FormBlock) -> FormBlock {
        form.hidden(KEY, self.web.random.hex_id())
    }

    /// The key of such a form. A program that sends none takes its own care.
    pub(crate) fn idempotency(&self, route: &str, typed: &Typed) -> Option<IdempotentRequest> {
        let key = typed.get(KEY);
        let is_key = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_key.then(|| IdempotentRequest {
            key: IdempotencyKey { user: self.caller.user.id, route: route.to_owned(), key: key.to_owned() },
            request_hash: typed.digest(),
        })
    }

    /// A date and a time that were typed, as an instant, or notes what is wrong with them.
    pub(crate) fn read_time(&self, typed: &mut Typed, date: &str, time: &str) -> Option<Timestamp> {
        let view = self.view();
        let day: Option<Date> = typed.read(view, date, "field-date-invalid", |text| text.parse().ok());
        let clock: Option<Time> = typed.read(view, time, "field-time-invalid", |text| text.parse().ok());
        match Occurrence::of(day?.to_datetime(clock?), &self.zone) {
            Ok(Occurrence::At(at)) => Some(at),
            Ok(Occurrence::Nonexistent(_)) => {
                typed.wrong(time, view.text("refused-nonexistent-time"));
                None
            }
            Err(_) => {
                typed.wrong(date, view.text("field-date-invalid"));
                None
            }
        }
    }

    /// The fields that [`Self::read_time`] reads.
    pub(crate) fn time_fields(&self, typed: &Typed, date: &str, time: &str, at: Option<Timestamp>) -> Vec<Field> {
        let local = at.map(|at| self.zone.to_datetime(at));
        let day = local.map(|local| local.date().to_string()).unwrap_or_default();
        let clock = local.map(|local| local.time().strftime("%H:%M").to_string()).unwrap_or_default();
        vec![
            typed.input(self.view(), date, "date", "field-date", &day),
            typed.input(self.view(), time, "time", "field-time", &clock),
        ]
    }

    /// An amount that was typed, with a point or a comma. The outer `None` is for what is wrong.
    pub(crate) fn read_amount(&self, typed: &mut Typed, name: &str, currency: Currency) -> Option<Option<Money>> {
        typed.read_optional(self.view(), name, "refused-amount", |text| {
            Money::parse_decimal(&text.replace(',', "."), currency).ok()
        })
    }
}

/// The part of the path with an id, or the response for an id that cannot exist.
pub(crate) fn id<T: std::str::FromStr>(http: &HttpRequest, code: Code) -> Result<T, Problem> {
    crate::web::segment(http, "id").parse().map_err(|_| Problem::from(code))
}

/// Several people by their ids.
pub(crate) struct People(Vec<User>);

impl People {
    pub(crate) async fn load(web: &Web, ids: impl IntoIterator<Item = UserId>) -> Result<Self, Problem> {
        let mut ids: Vec<UserId> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(if ids.is_empty() { Vec::new() } else { web.queries.people(&ids).await? }))
    }

    /// The clients of bookings.
    pub(crate) async fn clients(web: &Web, bookings: &[Booking]) -> Result<Self, Problem> {
        Self::load(web, bookings.iter().map(Booking::client)).await
    }

    /// The name, or else the email address; empty for someone unknown.
    pub(crate) fn name(&self, id: UserId) -> String {
        self.0.iter().find(|user| user.id == id).map(User::display_name).unwrap_or_default()
    }
}
