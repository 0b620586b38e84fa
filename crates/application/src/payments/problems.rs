//! An admin says that a problem with a payment is settled.

use std::sync::Arc;

use attune_domain::{PaymentProblemId, UserId};
use attune_ports::{AuditEntry, AuditObject, Clock, PaymentProblem, Store, StoreError};
use thiserror::Error;

use crate::RequestMetadata;

/// Why a problem is not settled.
#[derive(Debug, Error)]
pub enum ResolveProblemError {
    /// There is no such problem that is open.
    #[error("there is no such open problem")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ResolveProblemError);

/// Settles problems.
#[derive(Clone)]
pub struct ResolvePaymentProblem {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl ResolvePaymentProblem {
    /// Takes the problem off the list, and writes down who did.
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
            work.add_audit_entry(&AuditEntry {
                at: now,
                actor: Some(admin),
                action: "payment_problem.resolved".to_owned(),
                object,
                request_id: metadata.request_id.clone(),
            })
            .await?;
            work.commit().await?;
            Ok(problem)
        })
        .await
    }
}
