//! What is wrong with payments and needs a person, for admins.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::{BookingId, PaymentId, RefundId};
use attune_ports::PaymentProblem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Admin;
use crate::input::{Nothing, Request};
use crate::output::{self, Instant};
use crate::problem::Problem;
use crate::state::State;

/// Most problems in one answer. Whoever has more settles the oldest first.
const MOST: u32 = 200;

/// Something about money that a person has to look at.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentProblem)]
pub(crate) struct PaymentProblemBody {
    /// Which problem.
    #[schema(example = 2)]
    id: i64,
    /// What is wrong.
    #[schema(schema_with = output::payment_problem_kind)]
    kind: &'static str,
    /// With which booking; null if there is none.
    #[schema(required = true, example = 42)]
    booking_id: Option<i64>,
    /// With which payment; null if there is none.
    #[schema(required = true, example = 11)]
    payment_id: Option<i64>,
    /// With which refund; null if it is about money that came in.
    #[schema(required = true, example = json!(null))]
    refund_id: Option<i64>,
    /// The provider's name for it, to find it on the provider's own pages.
    #[schema(required = true, example = "pi_3OYkFz2eZvKYlo2C1a2b3c4d")]
    provider_reference: Option<String>,
    /// Since when it is known.
    #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:02:00Z")]
    since: Instant,
}

impl From<&PaymentProblem> for PaymentProblemBody {
    fn from(problem: &PaymentProblem) -> Self {
        let facts = &problem;
        Self {
            id: problem.id.get(),
            kind: facts.kind.as_str(),
            booking_id: facts.booking.map(BookingId::get),
            payment_id: facts.payment.map(PaymentId::get),
            refund_id: facts.refund.map(RefundId::get),
            provider_reference: facts.reference.clone(),
            since: Instant(facts.at),
        }
    }
}

/// What is wrong with payments.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentProblemList {
    problems: Vec<PaymentProblemBody>,
}

/// What is wrong with payments
///
/// Everything that nobody settled yet, oldest first, at most 200. Empty is good.
#[utoipa::path(
    get, path = "/api/admin/payments/problems", operation_id = "listPaymentProblems", tag = "Admin",
    security(("bearer" = [])),
    responses((status = 200, description = "The problems", body = PaymentProblemList))
)]
pub(crate) async fn list(state: Data<State>, Admin(_): Admin, request: Request) -> Result<HttpResponse, Problem> {
    request.no_query()?;
    let found = state.api.queries.payment_problems(MOST).await?;
    Ok(HttpResponse::Ok().json(PaymentProblemList { problems: found.iter().map(PaymentProblemBody::from).collect() }))
}

/// A problem is settled
///
/// Takes it off the list and writes down who did. Nothing about the booking or its money changes.
#[utoipa::path(
    post, path = "/api/admin/payments/problems/{id}/resolve", operation_id = "resolvePaymentProblem", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The problem's id", example = 2)),
    responses((status = 204, description = "Settled"))
)]
pub(crate) async fn resolve(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.payment_problem_id()?;
    let origin = request.origin();
    let Nothing = request.optional_body().await?;
    state.api.resolve_problem.run(id, caller.user.id, &origin).await?;
    Ok(HttpResponse::NoContent().finish())
}
