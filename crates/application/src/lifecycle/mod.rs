//! The steps in a booking's life that use cases of bookings, payments and meetings share.

mod confirm;
mod follow_up;
mod holds;

pub(crate) use confirm::ConfirmError;
pub use follow_up::BookingLifecycle;
pub(crate) use follow_up::combine_emails;
pub(crate) use holds::{HoldRelease, SlotAvailability, claim_slot, close_checkouts, refund_parts, release_hold};
