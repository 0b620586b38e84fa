//! The states of a booking.

text_enum! {
    /// The state of a booking.
    pub enum BookingStatus {
        /// Payment is due; the booking keeps its slot until the hold expires.
        PendingPayment => "pending_payment",
        /// Confirmed: the booking has a room, and its emails are enqueued.
        Scheduled => "scheduled",
        /// The session was held.
        Completed => "completed",
        /// The client did not attend.
        NoShow => "no_show",
        /// Cancelled by the client or the practice.
        Cancelled => "cancelled",
        /// The hold expired before the payment.
        Expired => "expired",
    }
}

impl BookingStatus {
    /// Whether the booking occupies the therapist's calendar. Stores refuse two such bookings of one therapist that
    /// overlap.
    pub fn blocks_calendar(self) -> bool {
        matches!(self, Self::PendingPayment | Self::Scheduled | Self::Completed | Self::NoShow)
    }

    /// Whether a booking in this state was confirmed and so must have a room. A cancelled booking may have one.
    pub fn has_room(self) -> bool {
        matches!(self, Self::Scheduled | Self::Completed | Self::NoShow)
    }
}
