//! A series of bookings: what is left of it can be moved or cancelled from one of them on.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use attune_application::bookings::{ChangeBookingError, ChangeSeriesCommand, ChangeSeriesError, SeriesChange};
use attune_domain::{Booking, BookingStatus, Money, SeriesId, TimeZoneName};
use attune_http_common::{Code, HandlerResult, Problem};
use jiff::Timestamp;

use super::inputs::reason;
use super::rows::{booking_row, conflict_text};
use super::{People, TherapistVisit, id, open, paths, receive};
use crate::blocks::{Block, FormBlock};
use crate::choice::zone_name;
use crate::own_booking::Names;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::SERIES as PATH;

/// `GET /series/{id}`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /series/{id}`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, mut typed| {
        let series: SeriesId = id(visit.http, Code::SeriesNotFound)?;
        let typed = match submit(visit, &mut typed, series).await {
            Ok(()) if typed.is_refused() => typed,
            Ok(()) => return visit.done(&paths::series(series)),
            Err(ChangeSeriesError::Conflicts(conflicts)) => {
                let text = conflict_text(visit, "series-move-conflicts", &conflicts);
                typed.refused_with(text, StatusCode::CONFLICT)
            }
            Err(error) => typed.refused(visit.view(), error.into())?,
        };
        page(visit, typed).await
    })
    .await
}

async fn submit(visit: &TherapistVisit<'_>, typed: &mut Typed, series: SeriesId) -> Result<(), ChangeSeriesError> {
    let from: Option<Timestamp> = typed.get("from").parse().ok();
    let change = if typed.button() == "cancel" {
        let all = visit.web.use_cases.change_series.list(series, None).await?;
        let currency = all.first().map(|booking| booking.price().currency()).ok_or(ChangeSeriesError::NotFound)?;
        let expected = Money::parse_decimal(typed.get("expected_refund"), currency).ok();
        let expected = expected.ok_or(ChangeBookingError::QuoteChanged)?;
        let Some(reason) = reason(visit, typed, "cancel_reason") else { return Ok(()) };
        SeriesChange::Cancel { reason, expected_refund: Some(expected) }
    } else {
        let to = visit.read_time(typed, "move_date", "move_time");
        let (Some(to), Some(reason)) = (to, reason(visit, typed, "move_reason")) else { return Ok(()) };
        let zone = TimeZoneName::parse(zone_name(&visit.zone)).map_err(|_| ChangeSeriesError::UnknownTimeZone)?;
        SeriesChange::Reschedule {
            first: visit.zone.to_datetime(to),
            zone,
            override_hours: typed.has("move_override"),
            reason,
            skip_conflicts: typed.has("skip"),
        }
    };
    let command = ChangeSeriesCommand { admin: visit.caller.user.id, series, from, change, metadata: visit.metadata() };
    visit.web.use_cases.change_series.run(command).await?;
    Ok(())
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let series: SeriesId = id(visit.http, Code::SeriesNotFound)?;
    let bookings = visit.web.use_cases.change_series.list(series, None).await?;
    let names = Names::of(visit.web, visit.view(), &bookings).await?;
    let people = People::clients(visit.web, &bookings).await?;
    let client = bookings.first().map(|booking| people.name(booking.client())).unwrap_or_default();
    let mut blocks =
        vec![Block::Rows(bookings.iter().map(|booking| booking_row(visit, booking, &names, None)).collect())];
    let now = visit.now();
    let is_left = |booking: &&Booking| {
        matches!(booking.status(), BookingStatus::Scheduled | BookingStatus::PendingPayment)
            && booking.scheduled_at() > now
    };
    let left: Vec<&Booking> = bookings.iter().filter(is_left).collect();
    if let Some(first) = left.first() {
        blocks.extend(change_blocks(visit, series, &left, first, &typed).await?);
    }
    let heading = visit.text_of("series-title", "client", &client);
    visit.respond(heading, Section::Week, None, &typed, blocks)
}

async fn change_blocks(
    visit: &TherapistVisit<'_>,
    series: SeriesId,
    left: &[&Booking],
    first: &Booking,
    typed: &Typed,
) -> Result<Vec<Block>, Problem> {
    let view = visit.view();
    let asked: Option<Timestamp> = visit.parameter("from").parse().ok();
    let typed_from: Option<Timestamp> = typed.get("from").parse().ok();
    let from = typed_from.or(asked).unwrap_or(first.scheduled_at());
    let chosen = left.iter().find(|booking| booking.scheduled_at() >= from).copied().unwrap_or(first);
    let items = left.iter().map(|booking| (booking.scheduled_at().to_string(), visit.when(booking.scheduled_at())));
    let select =
        Typed::default().select(view, "from", "series-from", &chosen.scheduled_at().to_string(), items.collect());
    let mut blocks = vec![
        Block::Heading(visit.text("series-changes")),
        Block::Form(FormBlock::query(vec![select], visit.text("show"))),
    ];
    let from_here = |form: FormBlock| form.hidden("from", chosen.scheduled_at());
    let mut fields = visit.time_fields(typed, "move_date", "move_time", Some(chosen.scheduled_at()));
    fields.push(typed.check(view, "move_override", "field-override", false));
    fields.push(typed.check(view, "skip", "series-skip", false));
    fields.push(typed.area(view, "move_reason", "field-reason-for-client", ""));
    let form = from_here(visit.form(PATH, fields, "move", "series-move-button"));
    blocks.push(visit.fold("series-move", typed, form, vec![Block::Text(visit.text("series-move-sentence"))]));
    let quote = visit.web.use_cases.change_series.quote(series, Some(chosen.scheduled_at())).await?;
    let count = u32::try_from(quote.bookings.len()).unwrap_or(u32::MAX);
    let refund = visit.money(quote.refund);
    let sentence = view.text_with("series-cancel-sentence", &[("count", count.into()), ("refund", (&refund).into())]);
    let fields = vec![typed.area(view, "cancel_reason", "field-reason-for-client", "")];
    let form = from_here(visit.form(PATH, fields, "cancel", "series-cancel-button"))
        .hidden("expected_refund", quote.refund.to_decimal())
        .danger();
    blocks.push(visit.fold("series-cancel", typed, form, vec![Block::Note(sentence)]));
    Ok(blocks)
}
