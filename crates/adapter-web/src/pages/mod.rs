//! The pages, one file each: route, page and view.

pub(crate) mod assets;
pub(crate) mod checkout;
pub(crate) mod front;
pub(crate) mod join;
pub(crate) mod legal;
pub(crate) mod message;
pub(crate) mod not_found;
pub(crate) mod pay;
pub(crate) mod test_checkout;
