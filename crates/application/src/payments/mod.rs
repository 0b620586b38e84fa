//! Payments: where to pay, and what happens once it is paid.

mod confirm;
mod open_checkout;
mod record_offline;

pub use confirm::{ConfirmPayment, ConfirmPaymentError, Confirmed};
pub use open_checkout::{OpenCheckout, OpenCheckoutError};
pub use record_offline::{RecordOfflineCommand, RecordOfflineError, RecordOfflinePayment};

#[cfg(test)]
mod tests;
