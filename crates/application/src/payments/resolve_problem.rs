//! An admin resolves a payment problem.

use std::sync::Arc;

use attune_domain::{PaymentProblemId, UserId};
use attune_ports::{AuditObject, Clock, PaymentProblem, Store, StoreError};
use thiserror::Error;

use crate::audit::{AuditContext, RequestMetadata};

#[derive(Debug, Error)]
pub enum ResolveProblemError {
    /// No such problem, or it is resolved already.
    #[error("open problem not found")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ResolveProblemError);

#[derive(Clone)]
pub struct ResolvePaymentProblem {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

impl ResolvePaymentProblem {
    /// Removes the problem from the list, with an audit entry.
    pub async fn run(
        &self,
        id: PaymentProblemId,
        admin: UserId,
        metadata: &RequestMetadata,
    ) -> Result<PaymentProblem, ResolveProblemError> {
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let problem = work.resolve_payment_problem(id, now).await?.ok_or(ResolveProblemError::NotFound)?;
            let object = problem.booking.map_or(AuditObject::User(admin), AuditObject::Booking);
            AuditContext::new(Some(admin), metadata, now)
                .record(&mut *work, "payment_problem.resolved", object)
                .await?;
            work.commit().await?;
            Ok(problem)
        })
        .await
    }
}
