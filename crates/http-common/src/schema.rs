//! Schemas of values that several adapters write, for the OpenAPI document.

use attune_domain::{BookingStatus, PaymentStatus};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// The status of a booking.
pub fn booking_status() -> Object {
    words("Status of the booking.", BookingStatus::ALL.map(BookingStatus::as_str))
}

/// The payment status of a booking.
pub fn payment_status() -> Object {
    words("Payment status of the booking.", PaymentStatus::ALL.map(PaymentStatus::as_str))
}

/// A choice between words; the first one is the example.
pub fn words<const N: usize>(description: &str, words: [&'static str; N]) -> Object {
    let first = words.first().copied();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words))
        .examples(first)
        .build()
}
