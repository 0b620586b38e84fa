//! Payments: where to pay, what happens once it is paid, and what goes back.

mod confirm;
mod hear;
mod open_checkout;
mod problems;
mod record_offline;
mod refund;
mod report;
mod settle_refunds;
mod till;
mod watch;

pub use confirm::{ConfirmPayment, ConfirmPaymentError, Confirmed};
pub use hear::{HearPaymentEvent, HearPaymentEventError, Heard};
pub use open_checkout::{OpenCheckout, OpenCheckoutError};
pub use problems::{ResolvePaymentProblem, ResolveProblemError};
pub use record_offline::{RecordOfflineCommand, RecordOfflineError, RecordOfflinePayment};
pub use refund::{RefundBooking, RefundBookingCommand, RefundBookingError};
pub use report::{Period, RevenueError, RevenueLine, RevenueReport};
pub use settle_refunds::SettleRefunds;
pub(crate) use till::{Till, books};
pub use watch::WatchPayments;

#[cfg(test)]
mod tests;
