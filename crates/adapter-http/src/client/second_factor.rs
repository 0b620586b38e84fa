//! The second factor of the caller, and step-up.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::accounts::Proof;
use attune_http_common::{Code, HandlerResult};
use attune_ports::Password;
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::accounts::own_text;
use crate::request::auth::{Signed, SignedForSetup};
use crate::request::input::{Fields, FromFields, Request};
use crate::state::State;

/// The current password.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery staple"}))]
pub(crate) struct TotpRequest {
    /// Current password. An account without one needs a step-up instead.
    #[schema(value_type = Option<String>, format = Password)]
    current_password: Option<Password>,
}

impl FromFields for TotpRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { current_password: fields.optional_password("current_password") })
    }
}

/// What an authenticator app needs to know.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpSetup)]
pub(crate) struct TotpSetupBody {
    /// For an app on the same device.
    #[schema(example = "otpauth://totp/Practice:ada%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=Practice")]
    otpauth_uri: String,
    /// The same as a QR code: an SVG document.
    #[schema(example = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>")]
    qr_svg: String,
}

/// A code of the authenticator app.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "492039"}))]
pub(crate) struct TotpCode {
    /// Six digits.
    code: String,
}

impl FromFields for TotpCode {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { code: fields.required("code", |text| Ok(text.to_owned()))? })
    }
}

/// The recovery codes, shown once. Each one replaces a code of the app once, together with the password.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    #[schema(example = json!(["jbsw-y3dp-ehpk-3pxp"]))]
    recovery_codes: Vec<String>,
}

/// The password or a code of the authenticator app: one of both.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery staple"}))]
pub(crate) struct StepUpRequest {
    /// Password of the caller.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Password>,
    /// A code of the authenticator app, instead of the password.
    code: Option<String>,
}

impl FromFields for StepUpRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let code = own_text(fields, "code");
        let password = if code.is_none() || fields.has("password") { fields.password("password") } else { None };
        if code.is_some() && password.is_some() {
            fields.wrong_because("code", Code::InvalidValue, "Send either `password` or `code`.");
        }
        Some(Self { password, code })
    }
}

/// Set up an authenticator app
///
/// Returns a new secret for the app. The second factor counts once a code has confirmed it.
#[utoipa::path(
    post, path = "/api/auth/totp", operation_id = "setUpTotp", tag = "Accounts", security(("bearer" = [])),
    request_body = TotpRequest,
    responses((status = 200, description = "The new secret", body = TotpSetupBody))
)]
pub(crate) async fn set_up(
    state: Data<State>,
    SignedForSetup(caller): SignedForSetup,
    request: Request,
) -> HandlerResult {
    let TotpRequest { current_password } = request.body().await?;
    let use_cases = &state.api.use_cases;
    let practice = use_cases.practice.load().await?;
    let setup = use_cases.second_factor.set_up(&caller, current_password.as_ref(), &practice).await?;
    Ok(HttpResponse::Ok().json(TotpSetupBody { otpauth_uri: setup.uri, qr_svg: setup.qr_svg }))
}

/// Confirm the authenticator app
///
/// With a code of the app. Returns the recovery codes, which are not shown again.
#[utoipa::path(
    post, path = "/api/auth/totp/confirm", operation_id = "confirmTotp", tag = "Accounts", security(("bearer" = [])),
    request_body = TotpCode,
    responses((status = 200, description = "The recovery codes", body = RecoveryCodes))
)]
pub(crate) async fn confirm(
    state: Data<State>,
    SignedForSetup(caller): SignedForSetup,
    request: Request,
) -> HandlerResult {
    let metadata = request.metadata();
    let TotpCode { code } = request.body().await?;
    let recovery_codes = state.api.use_cases.second_factor.confirm(&caller, &code, &metadata).await?;
    Ok(HttpResponse::Ok().json(RecoveryCodes { recovery_codes }))
}

/// Remove the second factor
///
/// The authenticator app and the recovery codes. Requires a step-up.
#[utoipa::path(
    delete, path = "/api/auth/totp", operation_id = "removeTotp", tag = "Accounts", security(("bearer" = [])),
    responses((status = 204, description = "Second factor removed"))
)]
pub(crate) async fn remove(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    request.no_query()?;
    let metadata = request.metadata();
    state.api.use_cases.second_factor.remove(&caller, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Step up the login session
///
/// Confirms with the password, or a code of the authenticator app, that the caller is the owner of the account. For ten
/// minutes, the login session may then change roles and email addresses and remove the second factor.
#[utoipa::path(
    post, path = "/api/auth/step-up", operation_id = "stepUp", tag = "Accounts", security(("bearer" = [])),
    request_body = StepUpRequest,
    responses((status = 204, description = "Stepped up"))
)]
pub(crate) async fn step_up(
    state: Data<State>,
    SignedForSetup(caller): SignedForSetup,
    request: Request,
) -> HandlerResult {
    let metadata = request.metadata();
    let proof = match request.body::<StepUpRequest>().await? {
        StepUpRequest { password: Some(password), .. } => Proof::Password(password),
        StepUpRequest { code, .. } => Proof::Code(code.ok_or(Code::Required)?),
    };
    state.api.use_cases.step_up.run(&caller, &proof, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}
