//! What only therapists may do. The guard in front of all of it is in [`crate::auth`].

pub(crate) mod attendance;
pub(crate) mod bookings;
pub(crate) mod participants;
pub(crate) mod users;
