//! Payments: checkouts, what their providers report, the payment ledger and refunds.

mod apply_observation;
mod handle_webhook;
mod open_checkout;
mod pay_page;
mod pay_test_checkout;
mod process_refunds;
mod reconcile;
mod record_offline;
mod refund;
mod resolve_problem;
mod revenue;
mod settlement;

pub(crate) use apply_observation::lock_booking;
pub use handle_webhook::{HandlePaymentWebhook, HandlePaymentWebhookError, WebhookOutcome};
pub use open_checkout::{OpenCheckout, OpenCheckoutError};
pub use pay_page::{PayOutcome, PayPage, PayPageError, PayPages, PayState, PayView};
pub use pay_test_checkout::{PayTestCheckout, PayTestCheckoutError, TestCheckoutOutcome};
pub use process_refunds::ProcessRefunds;
pub use reconcile::ReconcilePayments;
pub use record_offline::{RecordOfflineCommand, RecordOfflineError, RecordOfflinePayment};
pub use refund::{RefundPayment, RefundPaymentCommand, RefundPaymentError};
pub use resolve_problem::{ResolvePaymentProblem, ResolveProblemError};
pub use revenue::{Period, RevenueError, RevenueLine, RevenueReport};
pub(crate) use settlement::{Settlement, amount_due, booking_ledger, payment_ledger};

#[cfg(test)]
mod pay_page_tests;
#[cfg(test)]
mod tests;
