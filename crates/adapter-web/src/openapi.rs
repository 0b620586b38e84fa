//! The pages that the OpenAPI document describes: those that programs use as well, or that other documents name.

use utoipa::OpenApi;

use crate::pages::{checkout, join, pay, test_checkout};

#[derive(OpenApi)]
#[openapi(paths(
    join::show,
    join::enter,
    pay::show,
    pay::pay,
    checkout::done,
    checkout::cancelled,
    test_checkout::show,
    test_checkout::pay
))]
struct Description;

/// The operations, for the document of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}
