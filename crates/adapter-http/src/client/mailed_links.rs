//! Links that are mailed to the owners of accounts: asking for one, and using it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::accounts::{CorrectEmailCommand, LoginOrigin, RedeemLoginLinkCommand};
use attune_application::bookings::AvailabilityError;
use attune_domain::calendar::SlotQuery;
use attune_domain::{ChosenSlot, EmailAddress, UserId};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::Password;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::accounts::{TokensBody, own_text};
use crate::client::me::UserBody;
use crate::request::auth::Signed;
use crate::request::input::{Fields, FromFields, Request};
use crate::response::output::Instant;
use crate::state::State;

/// The request was received, whether or not the address is known.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Always `accepted`.
    #[schema(example = "accepted")]
    status: &'static str,
}

/// The response to every address alike.
pub(crate) fn accepted() -> HttpResponse {
    HttpResponse::Accepted().json(Accepted { status: "accepted" })
}

/// An email address.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.org"}))]
pub(crate) struct LinkRequest {
    /// Email address.
    #[schema(value_type = String, format = "idn-email", max_length = 254)]
    pub(crate) email: EmailAddress,
}

impl FromFields for LinkRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { email: fields.email("email")? })
    }
}

/// The address of a new account, and the right one if it was mistyped.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@exampel.org", "password": "correct horse battery staple", "new_email": "ada@example.org"}))]
pub(crate) struct VerificationRequest {
    /// Email address with which the account was registered.
    #[schema(value_type = String, format = "idn-email", max_length = 254)]
    email: EmailAddress,
    /// Password of the account; only with `new_email`.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Password>,
    /// The address that was meant.
    #[schema(value_type = Option<String>, format = "idn-email", max_length = 254)]
    new_email: Option<EmailAddress>,
}

impl FromFields for VerificationRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.email("email");
        let corrects = fields.has("new_email") || fields.has("password");
        let password = if corrects { fields.password("password") } else { None };
        let new_email = if corrects { fields.email("new_email") } else { None };
        Some(Self { email: email?, password, new_email })
    }
}

/// The token of a mailed link.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "AQEAAAAAAAAAB0_Xl1Jg8b0kq3vY5mZr2uE"}))]
pub(crate) struct LinkToken {
    /// The last segment of the link's path.
    token: String,
}

impl FromFields for LinkToken {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { token: fields.required("token", |text| Ok(text.to_owned()))? })
    }
}

/// The token of a mailed link, and the password to set.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "AQEAAAAAAAAAB0_Xl1Jg8b0kq3vY5mZr2uE", "password": "seventeen violet teapots"}))]
pub(crate) struct NewPassword {
    /// The last segment of the link's path.
    token: String,
    /// New password: 12 to 128 characters, for admins at least 15.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

impl FromFields for NewPassword {
    fn read(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", |text| Ok(text.to_owned()));
        let password = fields.password("password");
        Some(Self { token: token?, password: password? })
    }
}

/// The token of a login link.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "AQEAAAAAAAAAB0_Xl1Jg8b0kq3vY5mZr2uE"}))]
pub(crate) struct LoginLink {
    /// The last segment of the link's path.
    token: String,
    /// A code of the authenticator app. Recovery codes are accepted together with the password only.
    code: Option<String>,
    /// From the response to an earlier login on this device.
    device_token: Option<String>,
}

impl FromFields for LoginLink {
    fn read(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", |text| Ok(text.to_owned()));
        let (code, device_token) = (own_text(fields, "code"), own_text(fields, "device_token"));
        Some(Self { token: token?, code, device_token })
    }
}

/// A slot that was chosen before the address was verified.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChosenSlotBody {
    /// Service ID.
    #[schema(example = 1)]
    service_id: i64,
    /// When the appointment would start.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    scheduled_at: Instant,
    /// Therapist ID; null if none was chosen.
    #[schema(required = true, example = 1)]
    therapist_id: Option<i64>,
    /// Whether it can still be booked.
    #[schema(example = true)]
    available: bool,
}

/// The account whose address is verified.
#[derive(Serialize, ToSchema)]
#[schema(as = VerifiedAccount)]
pub(crate) struct VerifiedAccountBody {
    user: UserBody,
    /// Send it with the next login from this device, so that wrong passwords of others cannot prevent it.
    #[schema(example = "AQAAAAAAAAAHABEiM0RVZneImaq7zN3u_8Zk3wq0J3mB7cJx5uQ2v8w")]
    device_token: String,
    /// What was chosen at the registration; null if nothing was chosen.
    #[schema(required = true)]
    slot: Option<ChosenSlotBody>,
    /// For an account without a password, which is thereby logged in; null for any other.
    #[schema(required = true)]
    tokens: Option<TokensBody>,
}

/// The account after the change.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfirmedEmail {
    user: UserBody,
}

/// Ask for a password reset link
///
/// Mails a link with which a new password is set, good for an hour. The response is the same for every address.
#[utoipa::path(
    post, path = "/api/auth/forgot-password", operation_id = "forgotPassword", tag = "Accounts",
    request_body = LinkRequest,
    responses((status = 202, description = "Accepted, whether or not the address is known", body = Accepted))
)]
pub(crate) async fn forgot_password(state: Data<State>, request: Request) -> HandlerResult {
    let address = request.address();
    let LinkRequest { email } = request.body().await?;
    state.limiter.recovery(address)?;
    state.api.use_cases.request_link.reset_password(&email).await?;
    Ok(accepted())
}

/// Reset the password
///
/// Sets a new password with the token of a mailed link, which works once. Ends all login sessions and all other links of
/// the account, and tells its owner.
#[utoipa::path(
    post, path = "/api/auth/reset-password", operation_id = "resetPassword", tag = "Accounts",
    request_body = NewPassword,
    responses((status = 204, description = "Password set"))
)]
pub(crate) async fn reset_password(state: Data<State>, request: Request) -> HandlerResult {
    let (address, metadata) = (request.address(), request.metadata());
    let NewPassword { token, password } = request.body().await?;
    state.limiter.login(address)?;
    state.api.use_cases.set_password_by_link.reset(&token, &password, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Accept an invitation
///
/// Sets the first password of an account that the practice added, and verifies its address.
#[utoipa::path(
    post, path = "/api/auth/accept-invitation", operation_id = "acceptInvitation", tag = "Accounts",
    request_body = NewPassword,
    responses((status = 204, description = "Password set"))
)]
pub(crate) async fn accept_invitation(state: Data<State>, request: Request) -> HandlerResult {
    let (address, metadata) = (request.address(), request.metadata());
    let NewPassword { token, password } = request.body().await?;
    state.limiter.login(address)?;
    state.api.use_cases.set_password_by_link.accept_invitation(&token, &password, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ask for a login link
///
/// Mails a link that logs in without a password, good for 15 minutes. It works however many wrong passwords were tried. The
/// response is the same for every address.
#[utoipa::path(
    post, path = "/api/auth/login-link", operation_id = "requestLoginLink", tag = "Accounts",
    request_body = LinkRequest,
    responses((status = 202, description = "Accepted, whether or not the address is known", body = Accepted))
)]
pub(crate) async fn request_login_link(state: Data<State>, request: Request) -> HandlerResult {
    let address = request.address();
    let LinkRequest { email } = request.body().await?;
    state.limiter.recovery(address)?;
    state.api.use_cases.request_link.log_in(&email, None).await?;
    Ok(accepted())
}

/// Log in with a link
///
/// Exchanges the token of a mailed link, which works once, for an access token and a refresh token. An account with a second
/// factor also needs a `code`; without it, the link remains as it was.
#[utoipa::path(
    post, path = "/api/auth/login-link/redeem", operation_id = "redeemLoginLink", tag = "Accounts",
    request_body = LoginLink,
    responses((status = 200, description = "The access and refresh tokens", body = TokensBody))
)]
pub(crate) async fn redeem_login_link(state: Data<State>, request: Request) -> HandlerResult {
    let (address, user_agent, metadata) = (request.address(), request.user_agent(), request.metadata());
    let LoginLink { token, code, device_token } = request.body().await?;
    state.limiter.login(address)?;
    let origin = LoginOrigin { device_token, browser: false, user_agent, metadata };
    let command = RedeemLoginLinkCommand { token, code, origin };
    let tokens = state.api.use_cases.redeem_login_link.run(command).await?.tokens;
    Ok(HttpResponse::Ok().json(TokensBody::new(&state, tokens)))
}

/// Verify the email address
///
/// Opens a new account with the token of a mailed link. One without a password is also logged in.
#[utoipa::path(
    post, path = "/api/auth/verify-email", operation_id = "verifyEmail", tag = "Accounts",
    request_body = LinkToken,
    responses((status = 200, description = "The account", body = VerifiedAccountBody))
)]
pub(crate) async fn verify_email(state: Data<State>, request: Request) -> HandlerResult {
    let (address, user_agent, metadata) = (request.address(), request.user_agent(), request.metadata());
    let LinkToken { token } = request.body().await?;
    state.limiter.login(address)?;
    let origin = LoginOrigin { device_token: None, browser: false, user_agent, metadata };
    let verified = state.api.use_cases.verify_email.run(&token, &origin).await?;
    let slot = match verified.slot {
        Some(slot) => Some(ChosenSlotBody {
            service_id: slot.service.get(),
            scheduled_at: Instant(slot.starts_at),
            therapist_id: slot.therapist.map(UserId::get),
            available: is_available(&state, &slot).await?,
        }),
        None => None,
    };
    let user = UserBody::from(&verified.user);
    let tokens = verified.tokens.map(|tokens| TokensBody::new(&state, tokens));
    Ok(HttpResponse::Ok().json(VerifiedAccountBody { user, device_token: verified.device_token, slot, tokens }))
}

async fn is_available(state: &State, slot: &ChosenSlot) -> Result<bool, Problem> {
    let until = slot.starts_at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(slot.starts_at);
    let Ok(query) = SlotQuery::new(slot.starts_at, until, TimeZone::UTC) else { return Ok(false) };
    match state.api.use_cases.availability.run(Some(slot.service), slot.therapist, &query).await {
        Ok(found) => Ok(found.slots.values().flatten().any(|free| free.start == slot.starts_at)),
        Err(AvailabilityError::Store(error)) => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// Send the verification link again
///
/// To the same address, or with `password` and `new_email` to the one that was meant. The response is the same for every
/// address and password.
#[utoipa::path(
    post, path = "/api/auth/resend-verification", operation_id = "resendVerification", tag = "Accounts",
    request_body = VerificationRequest,
    responses((status = 202, description = "Accepted, whether or not the address is known", body = Accepted))
)]
pub(crate) async fn resend_verification(state: Data<State>, request: Request) -> HandlerResult {
    let address = request.address();
    let VerificationRequest { email, password, new_email } = request.body().await?;
    state.limiter.recovery(address)?;
    match (password, new_email) {
        (Some(password), Some(new_email)) => {
            let command = CorrectEmailCommand { email, password, new_email };
            state.api.use_cases.verify_email.correct(&command).await?;
        }
        _ => state.api.use_cases.request_link.verification(&email).await?,
    }
    Ok(accepted())
}

/// Change the email address
///
/// Mails a link to the new address, which confirms it. Requires a step-up. The response does not disclose whether the
/// address belongs to another account.
#[utoipa::path(
    post, path = "/api/auth/change-email", operation_id = "changeEmail", tag = "Accounts", security(("bearer" = [])),
    request_body = LinkRequest,
    responses((status = 202, description = "Accepted, whether or not the address is free", body = Accepted))
)]
pub(crate) async fn change_email(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let LinkRequest { email } = request.body().await?;
    state.api.use_cases.change_email.request(&caller, &email, &metadata).await?;
    Ok(accepted())
}

/// Confirm a new email address
///
/// Replaces the address of the account with the token of a link that was mailed to the new one. The former address is told,
/// and can undo it for 72 hours.
#[utoipa::path(
    post, path = "/api/auth/confirm-email", operation_id = "confirmEmail", tag = "Accounts",
    request_body = LinkToken,
    responses((status = 200, description = "The account", body = ConfirmedEmail))
)]
pub(crate) async fn confirm_email(state: Data<State>, request: Request) -> HandlerResult {
    let (address, metadata) = (request.address(), request.metadata());
    let LinkToken { token } = request.body().await?;
    state.limiter.login(address)?;
    let user = state.api.use_cases.change_email.confirm(&token, &metadata).await?;
    Ok(HttpResponse::Ok().json(ConfirmedEmail { user: UserBody::from(&user) }))
}

/// Undo a change of the email address
///
/// Restores the former address with the token of a link that was mailed there. Ends all login sessions, removes a second
/// factor that was set up since, and mails a link to set a new password.
#[utoipa::path(
    post, path = "/api/auth/undo-email", operation_id = "undoEmail", tag = "Accounts",
    request_body = LinkToken,
    responses((status = 204, description = "Address restored"))
)]
pub(crate) async fn undo_email(state: Data<State>, request: Request) -> HandlerResult {
    let (address, metadata) = (request.address(), request.metadata());
    let LinkToken { token } = request.body().await?;
    state.limiter.login(address)?;
    state.api.use_cases.change_email.undo(&token, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}
