//! How much a therapist wants to hear.

text_enum! {
    /// Which emails a therapist gets about the bookings in their calendar.
    pub enum NotifyLevel {
        /// None.
        None => "none",
        /// About what others do, and about payments that need review.
        Changes => "changes",
        /// Also about what the therapist did, and about payments received.
        All => "all",
    }
}
