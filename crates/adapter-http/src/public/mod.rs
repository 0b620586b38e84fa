pub(crate) mod availability;
pub(crate) mod checkout_pages;
pub(crate) mod documentation;
pub(crate) mod health;
pub(crate) mod join;
pub(crate) mod services;
pub(crate) mod test_checkout;
