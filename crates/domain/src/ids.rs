//! Row identities as distinct types, so that a user's id can never be passed where a booking's is meant.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Accepts positive numbers only; anything else is no identity.
            pub fn new(value: i64) -> Option<Self> {
                (value > 0).then_some(Self(value))
            }

            /// The number as stores and clients know it.
            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A person with an account: client or therapist.
    UserId
);
id!(
    /// A booking, for its whole life: rescheduling keeps it.
    BookingId
);
id!(
    /// A service the practice offers.
    ServiceId
);
id!(
    /// A signed-in session: one login and all refreshes that follow from it.
    LoginSessionId
);
id!(
    /// A mail owed to somebody.
    NotificationId
);
id!(
    /// One attempt to collect the price of a booking.
    PaymentId
);
id!(
    /// An invitation of somebody without an account into one session.
    ParticipantId
);
id!(
    /// A room that the video server opened, from its opening to its end.
    ConferenceId
);
id!(
    /// Time off, or extra hours, of one therapist.
    ScheduleExceptionId
);
id!(
    /// Money that goes back, or should.
    RefundId
);
id!(
    /// Something about money that a person has to look at.
    PaymentProblemId
);
