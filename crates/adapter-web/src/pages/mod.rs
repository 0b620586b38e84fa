//! The pages, one file each: route, page and view.

pub(crate) mod assets;
pub(crate) mod book;
pub(crate) mod book_summary;
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
pub(crate) mod new_password;
pub(crate) mod not_found;
pub(crate) mod pay;
pub(crate) mod register;
pub(crate) mod reset;
pub(crate) mod test_checkout;
pub(crate) mod undo_email;
pub(crate) mod verify;
