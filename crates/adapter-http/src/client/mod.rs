pub(crate) mod accounts;
pub(crate) mod bookings;
pub(crate) mod calendar_file;
pub(crate) mod changes;
pub(crate) mod login_sessions;
pub(crate) mod me;
pub(crate) mod meetings;
pub(crate) mod payments;
