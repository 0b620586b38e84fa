//! What was paid for an appointment of the visitor, and refunded, to print or to keep.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use attune_domain::practice::WebUrl;
use attune_http_common::{HandlerResult, Problem};
use attune_ports::Payment;

use super::appointments::refunds;
use super::therapist::method_name;
use crate::own_booking::OwnBooking;
use crate::shell::{Fact, Link, Shell};
use crate::visit::{Section, Visit};
use crate::web::Web;

pub(crate) const PATH: &str = "/appointments/{id}/receipt";

#[derive(Template)]
#[template(path = "receipt.html")]
struct Receipt {
    shell: Shell,
    practice: String,
    /// The practice's imprint, in lines, unless it is a link.
    imprint: Option<String>,
    facts: Vec<Fact>,
    hint: String,
    back: Link,
}

/// `GET /appointments/{id}/receipt`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    let own = match OwnBooking::of(&web, &http, &visit, "/receipt").await {
        Ok(own) => own,
        Err(response) => return response,
    };
    match page(&web, &visit, &own).await {
        Ok(Some(page)) => visit.respond(&page, StatusCode::OK),
        Ok(None) => visit.redirect(&own.path()),
        Err(problem) => visit.refuse(&problem),
    }
}

/// `None` if nothing was paid.
async fn page(web: &Web, visit: &Visit<'_>, own: &OwnBooking) -> Result<Option<Receipt>, Problem> {
    let view = &visit.view;
    let booking = &own.booking;
    let payments = web.queries.payments(booking.id()).await?;
    let paid: Vec<&Payment> = payments.iter().filter(|payment| payment.state.is_paid()).collect();
    if paid.is_empty() {
        return Ok(None);
    }
    let fact = |name, value, detail| Fact { name: view.text(name), value, detail };
    let mut facts = vec![fact(
        "payment-receipt-client",
        own.client.display_name(),
        own.client.name().map(|_| own.client.email.as_str().to_owned()),
    )];
    facts.extend(own.facts(view));
    facts.push(fact("appointment-price", view.phrases.money(booking.price()), None));
    for payment in paid {
        let at = payment.settled_at.unwrap_or(payment.created_at);
        let date = view.phrases.local_time(at, &own.zone).date;
        let amount = view.phrases.money(payment.amount);
        let text = view.text_with("booking-payment", &[("amount", (&amount).into()), ("at", (&date).into())]);
        facts.push(fact(
            "payment-receipt-paid",
            text,
            payment.method.as_deref().map(|method| method_name(view, method)),
        ));
    }
    let refunds = refunds(web, visit, booking, &own.zone).await?;
    facts.extend(refunds.into_iter().map(|refund| fact("appointment-refund", refund, None)));
    facts.push(fact("appointment-number", booking.id().to_string(), None));
    let imprint = view.practice.text(view.phrases.language(), |texts| texts.imprint.as_ref());
    Ok(Some(Receipt {
        shell: visit.shell(view.text("payment-receipt"), Section::Appointments),
        practice: view.practice.name.as_str().to_owned(),
        imprint: imprint.filter(|text| WebUrl::only(text).is_none()).map(str::to_owned),
        facts,
        hint: view.text("payment-receipt-keep"),
        back: Link { href: view.href(&own.path()), text: view.text("payment-receipt-back") },
    }))
}
