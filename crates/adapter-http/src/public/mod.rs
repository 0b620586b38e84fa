pub(crate) mod availability;
pub(crate) mod calendar_feed;
pub(crate) mod documentation;
pub(crate) mod health;
pub(crate) mod services;
pub(crate) mod therapists;
