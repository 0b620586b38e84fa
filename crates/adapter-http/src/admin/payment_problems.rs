//! Payment problems that need review, for admins.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::{BookingId, PaymentId, PaymentProblemId, RefundId};
use attune_http_common::HandlerResult;
use attune_ports::PaymentProblem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::filters::TherapistQuery;
use crate::request::auth::Admin;
use crate::request::input::{Nothing, Request};
use crate::response::output::{self, Instant};
use crate::state::State;

/// Maximum number of problems in a response.
const MAX_PROBLEMS: u32 = 200;

/// A payment problem that needs review.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentProblem)]
pub(crate) struct PaymentProblemBody {
    /// Payment problem ID.
    #[schema(example = 2)]
    id: i64,
    #[schema(schema_with = output::payment_problem_kind)]
    kind: &'static str,
    /// Booking ID; null if there is none.
    #[schema(required = true, example = 42)]
    booking_id: Option<i64>,
    /// Payment ID; null if there is none.
    #[schema(required = true, example = 11)]
    payment_id: Option<i64>,
    /// Refund ID; null if the problem is about a payment.
    #[schema(required = true, example = json!(null))]
    refund_id: Option<i64>,
    /// The provider's ID, to find it in the provider's dashboard.
    #[schema(required = true, example = "pi_3OYkFz2eZvKYlo2C1a2b3c4d")]
    provider_reference: Option<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2024-01-10T08:02:00Z")]
    created_at: Instant,
}

impl From<&PaymentProblem> for PaymentProblemBody {
    fn from(problem: &PaymentProblem) -> Self {
        Self {
            id: problem.id.get(),
            kind: problem.kind.as_str(),
            booking_id: problem.booking.map(BookingId::get),
            payment_id: problem.payment.map(PaymentId::get),
            refund_id: problem.refund.map(RefundId::get),
            provider_reference: problem.provider_reference.clone(),
            created_at: Instant(problem.at),
        }
    }
}

/// Payment problems that need review.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentProblemList {
    problems: Vec<PaymentProblemBody>,
}

/// List payment problems
///
/// Returns everything that needs review, oldest first, 200 at most.
#[utoipa::path(
    get, path = "/api/admin/payments/problems", operation_id = "listPaymentProblems",
    params(TherapistQuery),
    responses((status = 200, description = "The payment problems", body = PaymentProblemList))
)]
pub(crate) async fn list(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    let TherapistQuery { therapist_id } = request.query()?;
    let found = state.api.queries.payment_problems(therapist_id, MAX_PROBLEMS).await?;
    Ok(HttpResponse::Ok().json(PaymentProblemList { problems: found.iter().map(PaymentProblemBody::from).collect() }))
}

/// Resolve a payment problem
///
/// Removes the problem from the list and records who resolved it. The booking and its payments do not change.
#[utoipa::path(
    post, path = "/api/admin/payments/problems/{id}/resolve", operation_id = "resolvePaymentProblem",
    responses((status = 204, description = "Payment problem resolved"))
)]
pub(crate) async fn resolve(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.id("id", PaymentProblemId::new)?;
    let metadata = request.metadata();
    let Nothing = request.body().await?;
    state.api.use_cases.resolve_problem.run(id, caller.user.id, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}
