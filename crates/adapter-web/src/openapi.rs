//! The pages that the OpenAPI document describes: those that programs use as well, or that other documents name.

use utoipa::OpenApi;

use crate::pages::{checkout, confirm_email, invitation, join, login, pay, reset, test_checkout, undo_email, verify};

#[derive(OpenApi)]
#[openapi(paths(
    reset::show,
    reset::set,
    invitation::show,
    invitation::accept,
    verify::show,
    verify::verify,
    confirm_email::show,
    confirm_email::confirm,
    undo_email::show,
    undo_email::undo,
    login::show,
    login::log_in,
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
