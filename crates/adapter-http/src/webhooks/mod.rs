pub(crate) mod jitsi;
pub(crate) mod stripe;
