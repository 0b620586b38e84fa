//! The forms of a booking's page.

use attune_application::bookings::{Change, ChangeBookingCommand, EditBookingCommand, EditBookingError};
use attune_application::meetings::{
    EndAppointmentCommand, InviteParticipantCommand, RevokeLinksCommand, RevokeParticipantCommand,
};
use attune_application::payments::{RecordOfflineCommand, RecordOfflineError, RefundPaymentCommand};
use attune_domain::{
    Booking, BookingId, EmailAddress, Language, Money, ParticipantId, ParticipantRole, PersonName, Role,
};
use attune_http_common::{Code, HandlerResult, Problem};

use super::{PATH, page};
use crate::pages::therapist::emails::change_email;
use crate::pages::therapist::inputs::{offline, reason};
use crate::pages::therapist::{TherapistVisit, VERSION, id, paths};
use crate::typed::Typed;

/// What a form wants. `None` if something that was typed is wrong.
type Outcome = Result<(), Problem>;

pub(super) async fn submit(visit: &TherapistVisit<'_>, mut typed: Typed) -> HandlerResult {
    let id: BookingId = id(visit.http, Code::BookingNotFound)?;
    let booking = visit.web.queries.booking(id).await?.ok_or(Code::BookingNotFound)?.booking;
    let button = typed.button().to_owned();
    let outcome = match button.as_str() {
        "complete" => change(visit, &typed, &booking, Change::Complete).await,
        "no-show" => change(visit, &typed, &booking, Change::NoShow).await,
        "reopen" => change(visit, &typed, &booking, Change::Reopen).await,
        "move" => reschedule(visit, &mut typed, &booking).await,
        "reassign" => reassign(visit, &mut typed, &booking).await,
        "cancel" => cancel(visit, &mut typed, &booking).await,
        "edit" => edit(visit, &mut typed, &booking).await,
        "end" => end(visit, &typed, &booking).await,
        "pay" => pay(visit, &mut typed, &booking).await,
        "refund" => refund(visit, &mut typed, &booking).await,
        "checkout" => checkout(visit, &booking).await,
        "invite" => invite(visit, &mut typed, &booking).await,
        "revoke-invitation" => revoke_invitation(visit, &typed, &booking).await,
        "revoke-links" => revoke_links(visit, &booking).await,
        "send-again" | "cancel-email" => change_email(visit, &typed).await,
        _ => Ok(()),
    };
    let typed = match outcome {
        Ok(()) if typed.is_refused() => typed,
        Ok(()) => return visit.done(&paths::booking(booking.id())),
        Err(problem) => typed.refused(visit.view(), problem)?,
    };
    page(visit, typed).await
}

fn version(typed: &Typed) -> Option<u32> {
    typed.get(VERSION).parse().ok()
}

async fn change(visit: &TherapistVisit<'_>, typed: &Typed, booking: &Booking, change: Change) -> Outcome {
    let command = ChangeBookingCommand {
        actor: visit.caller.user.id,
        role: Role::Admin,
        booking: booking.id(),
        change,
        version: version(typed),
        metadata: visit.metadata(),
        idempotency: None,
    };
    visit.web.use_cases.change_booking.run_on(booking, command).await?;
    Ok(())
}

async fn reschedule(visit: &TherapistVisit<'_>, typed: &mut Typed, booking: &Booking) -> Outcome {
    let (to, reason) = (visit.read_time(typed, "move_date", "move_time"), reason(visit, typed, "move_reason"));
    let (Some(to), Some(reason)) = (to, reason) else { return Ok(()) };
    let override_hours = typed.has("move_override");
    change(visit, typed, booking, Change::Reschedule { to, override_hours, reason }).await
}

async fn reassign(visit: &TherapistVisit<'_>, typed: &mut Typed, booking: &Booking) -> Outcome {
    let to = typed.read(visit.view(), "to", "refused-unknown-therapist", |text| text.parse().ok());
    let Some(to) = to else { return Ok(()) };
    let override_hours = typed.has("reassign_override");
    change(visit, typed, booking, Change::Reassign { to, override_hours }).await
}

async fn cancel(visit: &TherapistVisit<'_>, typed: &mut Typed, booking: &Booking) -> Outcome {
    let Some(reason) = reason(visit, typed, "cancel_reason") else { return Ok(()) };
    // Without it, it is not the form that the page shows.
    let expected = Money::parse_decimal(typed.get("expected_refund"), booking.price().currency()).ok();
    let Some(expected_refund) = expected else { return Err(Code::QuoteChanged.into()) };
    change(visit, typed, booking, Change::Cancel { reason, expected_refund: Some(expected_refund) }).await
}

async fn edit(visit: &TherapistVisit<'_>, typed: &mut Typed, booking: &Booking) -> Outcome {
    let view = visit.view();
    let service = typed.read(view, "service", "refused-unknown-service", |text| text.parse().ok());
    let amount = visit.read_amount(typed, "amount", booking.price().currency());
    let (Some(service), Some(amount)) = (service, amount) else { return Ok(()) };
    let note = typed.lines("note");
    let command = EditBookingCommand {
        admin: visit.caller.user.id,
        booking: booking.id(),
        service: (service != booking.service()).then_some(service),
        amount: amount.filter(|amount| *amount != booking.price()).map(|amount| amount.to_decimal()),
        note: (booking.note().unwrap_or_default() != note).then(|| Some(note).filter(|note| !note.is_empty())),
        version: version(typed),
        metadata: visit.metadata(),
    };
    match visit.web.use_cases.edit_booking.run(command).await {
        Ok(_) => Ok(()),
        Err(EditBookingError::PartPaid { received }) => {
            typed.wrong("amount", visit.text_of("booking-part-paid", "received", &visit.money(received)));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn end(visit: &TherapistVisit<'_>, typed: &Typed, booking: &Booking) -> Outcome {
    let command = EndAppointmentCommand {
        admin: visit.caller.user.id,
        booking: booking.id(),
        version: version(typed),
        metadata: visit.metadata(),
    };
    visit.web.use_cases.end_appointment.run(command).await?;
    Ok(())
}

async fn pay(visit: &TherapistVisit<'_>, typed: &mut Typed, booking: &Booking) -> Outcome {
    let amount = visit.read_amount(typed, "paid_amount", booking.price().currency());
    let (Some(amount), Some((method, memo))) = (amount, offline(visit, typed)) else { return Ok(()) };
    let command = RecordOfflineCommand {
        admin: visit.caller.user.id,
        booking: booking.id(),
        amount,
        method,
        memo,
        metadata: visit.metadata(),
        idempotency: visit.idempotency(&format!("POST {PATH} pay"), typed),
    };
    match visit.web.use_cases.record_offline.run(command).await {
        Ok(_) => Ok(()),
        Err(RecordOfflineError::Amount { left }) => {
            typed.wrong("paid_amount", visit.text_of("booking-amount-left", "left", &visit.money(left)));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn refund(visit: &TherapistVisit<'_>, typed: &mut Typed, booking: &Booking) -> Outcome {
    let amount = visit.read_amount(typed, "refund_amount", booking.price().currency());
    let (Some(amount), Some(reason)) = (amount, reason(visit, typed, "refund_reason")) else { return Ok(()) };
    let command = RefundPaymentCommand {
        admin: visit.caller.user.id,
        booking: booking.id(),
        payment: typed.get("payment").parse().ok(),
        amount,
        reason,
        metadata: visit.metadata(),
        idempotency: visit.idempotency(&format!("POST {PATH} refund"), typed),
    };
    visit.web.use_cases.refund.run(command).await?;
    Ok(())
}

/// Opens the checkout of the client, so that it is ready when they follow the link.
async fn checkout(visit: &TherapistVisit<'_>, booking: &Booking) -> Outcome {
    visit.web.use_cases.open_checkout.run(booking.id(), booking.client()).await?;
    Ok(())
}

async fn invite(visit: &TherapistVisit<'_>, typed: &mut Typed, booking: &Booking) -> Outcome {
    let view = visit.view();
    let name = typed.read(view, "guest_name", "field-name-invalid", |text| PersonName::parse(text).ok().flatten());
    let email = typed.read(view, "guest_email", "field-email-invalid", |text| EmailAddress::parse(text).ok());
    let role = typed.read(view, "guest_role", "refused-out-of-range", ParticipantRole::parse);
    let (Some(display_name), Some(email), Some(role)) = (name, email, role) else { return Ok(()) };
    let command = InviteParticipantCommand {
        admin: visit.caller.user.id,
        booking: booking.id(),
        email,
        display_name,
        role,
        time_zone: None,
        language: Language::parse(typed.get("guest_language")),
        metadata: visit.metadata(),
    };
    visit.web.use_cases.participants.invite(command).await?;
    Ok(())
}

async fn revoke_invitation(visit: &TherapistVisit<'_>, typed: &Typed, booking: &Booking) -> Outcome {
    let participant: ParticipantId = typed.get("participant").parse().map_err(|_| Code::ParticipantNotFound)?;
    let command = RevokeParticipantCommand {
        admin: visit.caller.user.id,
        booking: booking.id(),
        participant,
        metadata: visit.metadata(),
    };
    visit.web.use_cases.participants.revoke(command).await?;
    Ok(())
}

async fn revoke_links(visit: &TherapistVisit<'_>, booking: &Booking) -> Outcome {
    let command = RevokeLinksCommand { admin: visit.caller.user.id, booking: booking.id(), metadata: visit.metadata() };
    visit.web.use_cases.revoke_links.run(command).await?;
    Ok(())
}
