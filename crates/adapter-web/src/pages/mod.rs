//! The pages, one file each: route, page and view.

pub(crate) mod appointment;
pub(crate) mod appointments;
pub(crate) mod assets;
pub(crate) mod cancel_appointment;
pub(crate) mod checkout;
pub(crate) mod confirm_email;
pub(crate) mod forgot_password;
pub(crate) mod front;
pub(crate) mod invitation;
pub(crate) mod join;
pub(crate) mod legal;
pub(crate) mod log_in;
pub(crate) mod log_out;
pub(crate) mod login;
pub(crate) mod mailed_link;
pub(crate) mod message;
pub(crate) mod move_appointment;
pub(crate) mod new_password;
pub(crate) mod not_found;
pub(crate) mod pay;
pub(crate) mod register;
pub(crate) mod reset;
pub(crate) mod test_checkout;
pub(crate) mod undo_email;
pub(crate) mod verify;
