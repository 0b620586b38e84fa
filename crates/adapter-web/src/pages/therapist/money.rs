//! Money: what was received and refunded by month, and the payments that need review.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use attune_application::payments::{Period, RevenueError, RevenueLine};
use attune_domain::{PaymentProblemId, PaymentStatus};
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::{BookingFilter, BookingOrder, BookingPageRequest, PageStart, PaymentProblem};
use jiff::civil::Date;

use super::rows::{booking_row, link_about, signed};
use super::{People, TherapistVisit, open, paths, receive};
use crate::blocks::{Block, FormBlock, Row, Table};
use crate::own_booking::Names;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::{MONEY as PATH, REVENUE as CSV};

/// Problems, and unpaid bookings, that are shown.
const MAX_SHOWN: u32 = 100;

/// `GET /money`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /money`
pub(crate) async fn resolve(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, typed| {
        let id: PaymentProblemId = typed.get("problem").parse().map_err(|_| Code::PaymentProblemNotFound)?;
        visit.web.use_cases.resolve_problem.run(id, visit.caller.user.id, &visit.metadata()).await?;
        visit.done(PATH)
    })
    .await
}

/// `GET /money/revenue.csv`
pub(crate) async fn csv(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| {
        let (from, to) = range(visit);
        let zone = visit.web.use_cases.practice.zone().await?;
        let lines = visit.web.use_cases.revenue.run(&zone, from, to, Period::Day).await?;
        Ok(HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"revenue-{from}-{to}.csv\"")))
            .body(attune_http_common::revenue_csv(&lines, Period::Day)))
    })
    .await
}

/// The days of the report: those that are asked for, else the months of this year so far.
fn range(visit: &TherapistVisit<'_>) -> (Date, Date) {
    let today = visit.zone.to_datetime(visit.now()).date();
    let date = |name: &str, usual: Date| visit.parameter(name).parse().unwrap_or(usual);
    (date("from", today.first_of_year()), date("to", today.last_of_month()))
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let view = visit.view();
    let mut blocks = problems(visit).await?;
    blocks.extend(unpaid(visit).await?);
    blocks.push(Block::Heading(visit.text("money-revenue")));
    let (from, to) = range(visit);
    let fields = vec![
        typed.input(view, "from", "date", "field-first-date", &from.to_string()),
        typed.input(view, "to", "date", "field-last-date", &to.to_string()),
    ];
    blocks.push(Block::Form(FormBlock::query(fields, visit.text("show"))));
    let zone = visit.web.use_cases.practice.zone().await?;
    match visit.web.use_cases.revenue.run(&zone, from, to, Period::Month).await {
        Ok(lines) if lines.is_empty() => blocks.push(Block::Text(visit.text("money-none"))),
        Ok(lines) => {
            blocks.push(Block::Table(table(visit, &lines)));
            let link = visit.link(&format!("{CSV}?from={from}&to={to}"), "money-export");
            blocks.push(Block::Links(vec![link]));
        }
        Err(RevenueError::Backwards | RevenueError::TooLong) => blocks.push(Block::Alert(visit.text("refused-range"))),
        Err(error) => return Err(error.into()),
    }
    let back = visit.link(paths::PRACTICE, "tab-practice");
    visit.respond(visit.text("money-title"), Section::Practice, Some(back), &typed, blocks)
}

fn table(visit: &TherapistVisit<'_>, lines: &[RevenueLine]) -> Table {
    let row = |line: &RevenueLine| {
        let amount = |minor| signed(visit, minor, line.currency);
        (visit.view().phrases.month(line.from), vec![amount(line.received), amount(line.refunded), amount(line.net())])
    };
    let columns = ["money-month", "money-received", "money-refunded", "money-net"];
    Table {
        caption: visit.text("money-revenue"),
        columns: columns.map(|name| visit.text(name)).into(),
        rows: lines.iter().map(row).collect(),
    }
}

async fn problems(visit: &TherapistVisit<'_>) -> Result<Vec<Block>, Problem> {
    let found = visit.web.queries.payment_problems(None, MAX_SHOWN).await?;
    let row = |problem: &PaymentProblem| {
        let title = visit.text(&format!("payment-problem.{}", problem.kind.as_str()));
        let at = visit.when(problem.at);
        let about = format!("{title}, {at}");
        let resolve = visit.button(PATH, "resolve", "money-resolve", &about).hidden("problem", problem.id);
        let link = problem.booking.map(|id| link_about(visit, &paths::booking(id), "emails-booking", &about));
        let reference = problem.provider_reference.as_ref();
        let reference = reference.map(|reference| visit.text_of("money-reference", "reference", reference));
        Row {
            title,
            details: [Some(at), reference].into_iter().flatten().collect(),
            links: link.into_iter().collect(),
            forms: vec![resolve],
            ..Row::default()
        }
    };
    let rows: Vec<Row> = found.iter().map(row).collect();
    let content = if rows.is_empty() { Block::Text(visit.text("money-no-problems")) } else { Block::Rows(rows) };
    Ok(vec![Block::Heading(visit.text("money-problems")), content])
}

/// The appointments to come that are not paid.
async fn unpaid(visit: &TherapistVisit<'_>) -> Result<Vec<Block>, Problem> {
    let filter = BookingFilter {
        payment_status: Some(PaymentStatus::Pending),
        from: Some(visit.now()),
        order: BookingOrder::Earliest,
        ..BookingFilter::default()
    };
    let request = BookingPageRequest { limit: MAX_SHOWN, start: PageStart::Offset(0) };
    let found = visit.web.queries.bookings(&filter, request).await?;
    let now = visit.now();
    let held: Vec<_> = found.items.iter().filter(|booking| !booking.hold_has_expired(now)).cloned().collect();
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let names = Names::of(visit.web, visit.view(), &held).await?;
    let people = People::clients(visit.web, &held).await?;
    let rows = held.iter().map(|booking| booking_row(visit, booking, &names, Some(&people.name(booking.client()))));
    Ok(vec![Block::Heading(visit.text("money-unpaid")), Block::Rows(rows.collect())])
}
