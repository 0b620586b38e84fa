//! Payments: where to pay, what happens once it is paid, and what goes back.

mod handle_webhook;
mod open_checkout;
mod pay_test_checkout;
mod problems;
mod process_refunds;
mod reconcile;
mod record_offline;
mod refund;
mod revenue;
mod settlement;

pub use handle_webhook::{HandlePaymentWebhook, HandlePaymentWebhookError, WebhookOutcome};
pub use open_checkout::{OpenCheckout, OpenCheckoutError};
pub use pay_test_checkout::{PayTestCheckout, PayTestCheckoutError, TestCheckoutOutcome};
pub use problems::{ResolvePaymentProblem, ResolveProblemError};
pub use process_refunds::ProcessRefunds;
pub use reconcile::ReconcilePayments;
pub use record_offline::{RecordOfflineCommand, RecordOfflineError, RecordOfflinePayment};
pub use refund::{RefundPayment, RefundPaymentCommand, RefundPaymentError};
pub use revenue::{Period, RevenueError, RevenueLine, RevenueReport};
pub(crate) use settlement::{Till, books};

#[cfg(test)]
mod tests;
