//! Registration, login, tokens and passwords.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::accounts::{
    ChangePasswordCommand, ChangePasswordError, LogInCommand, LogInError, LogOutCommand, LoginOrigin, OwnPasswordError,
    RefreshCommand, RegisterCommand, Registered, Tokens,
};
use attune_domain::{ChosenSlot, EmailAddress, PersonName, ServiceId, TimeZoneName, UserId};
use attune_http_common::HandlerResult;
use attune_ports::Password;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::mailed_links::{Accepted, accepted};
use crate::client::me::{UserBody, name, timezone};
use crate::request::auth::{Signed, SignedForSetup};
use crate::request::input::{Fields, FromFields, Request};
use crate::state::State;

/// The account to register.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@example.org", "password": "correct horse battery staple",
    "first_name": "Ada", "last_name": "Lovelace", "timezone": "Europe/Berlin",
}))]
pub(crate) struct RegisterRequest {
    /// Email address, also used to log in. Case-insensitive; the domain may be internationalised.
    #[schema(value_type = String, format = "idn-email", max_length = 254)]
    email: EmailAddress,
    /// 12 to 128 characters of any kind. Common passwords are rejected. Without one, the client logs in with mailed links,
    /// and can set a password later.
    #[schema(value_type = Option<String>, format = Password, min_length = 12, max_length = 128)]
    password: Option<Password>,
    /// Given name, at most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100)]
    first_name: Option<PersonName>,
    /// Family name, at most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100)]
    last_name: Option<PersonName>,
    /// IANA time zone of the times in emails.
    #[schema(value_type = Option<String>)]
    timezone: Option<TimeZoneName>,
    /// ID of the service that was chosen before, together with `scheduled_at`.
    #[schema(value_type = Option<i64>, minimum = 1, example = 1)]
    service_id: Option<ServiceId>,
    /// The start that was chosen before, with `service_id`. The slot is not held: the link in the email, if one is sent,
    /// leads back to it.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Timestamp>,
    /// ID of the therapist that was chosen before, with `service_id` and `scheduled_at`. The default is the first one.
    #[schema(value_type = Option<i64>, minimum = 1, example = 1)]
    therapist_id: Option<UserId>,
}

impl RegisterRequest {
    fn slot(&self) -> Option<ChosenSlot> {
        Some(ChosenSlot {
            service: self.service_id?,
            starts_at: self.scheduled_at?,
            therapist: self.therapist_id,
            time_zone: None,
        })
    }
}

fn service(fields: &mut Fields, name: &str) -> Option<ServiceId> {
    fields.whole(name, ServiceId::new)
}

impl FromFields for RegisterRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.email("email");
        let password = fields.optional_password("password");
        let first_name = fields.optional("first_name", name);
        let last_name = fields.optional("last_name", name);
        let timezone = fields.optional("timezone", timezone);
        let chooses = ["service_id", "scheduled_at", "therapist_id"].iter().any(|name| fields.has(name));
        let service_id = if chooses { fields.need("service_id", service) } else { None };
        let scheduled_at = if chooses { fields.start("scheduled_at") } else { None };
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let email = email?;
        Some(Self { email, password, first_name, last_name, timezone, service_id, scheduled_at, therapist_id })
    }
}

/// The new account.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisteredUser {
    user: UserBody,
    /// Send it with the first login from this device, so that wrong passwords of others cannot prevent it.
    #[schema(example = "AQAAAAAAAAAHABEiM0RVZneImaq7zN3u_8Zk3wq0J3mB7cJx5uQ2v8w")]
    device_token: String,
}

/// Credentials.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.org", "password": "correct horse battery staple"}))]
pub(crate) struct LoginRequest {
    /// Email address of the account.
    email: String,
    /// Password of the account.
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// A code of the authenticator app, or a recovery code.
    code: Option<String>,
    /// From the response to an earlier login on this device. Such a device has a limit of its own for wrong passwords.
    device_token: Option<String>,
}

impl FromFields for LoginRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", |text| Ok(text.to_owned()));
        let password = fields.password("password");
        let (code, device_token) = (own_text(fields, "code"), own_text(fields, "device_token"));
        Some(Self { email: email?, password: password?, code, device_token })
    }
}

/// An optional text; an empty one is none.
pub(crate) fn own_text(fields: &mut Fields, name: &str) -> Option<String> {
    fields.optional(name, |text| Ok((!text.is_empty()).then(|| text.to_owned())))
}

/// An access token and a refresh token.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensBody {
    /// Send it with each request, as `Authorization: Bearer …`.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl")]
    access_token: String,
    /// Exchange it for new tokens; can be used once.
    #[schema(example = "Zk3wq0J3mB7cJx5uQ2v8y1RrTtYyUuIiOoPpAaSsDdF")]
    refresh_token: String,
    /// Send it with the next login from this device. Only after a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "AQAAAAAAAAAHABEiM0RVZneImaq7zN3u_8Zk3wq0J3mB7cJx5uQ2v8w")]
    device_token: Option<String>,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Lifetime of the access token in seconds.
    #[schema(example = 900)]
    expires_in: i64,
    /// The user who logged in.
    user: UserBody,
}

impl TokensBody {
    pub(crate) fn new(state: &State, tokens: Tokens) -> Self {
        Self {
            user: UserBody::own(state, &tokens.user),
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            device_token: tokens.device_token,
            token_type: "Bearer",
            expires_in: tokens.expires_in,
        }
    }
}

/// The refresh token to exchange.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "Zk3wq0J3mB7cJx5uQ2v8y1RrTtYyUuIiOoPpAaSsDdF"}))]
pub(crate) struct RefreshRequest {
    /// The latest refresh token.
    refresh_token: String,
}

impl FromFields for RefreshRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { refresh_token: fields.required("refresh_token", |text| Ok(text.to_owned()))? })
    }
}

/// The login sessions to end. Without a body: that of the access token.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"all": true}))]
pub(crate) struct LogoutRequest {
    /// A refresh token of the caller, whose login session ends as well.
    refresh_token: Option<String>,
    /// Whether to end all login sessions of the caller.
    #[schema(value_type = Option<bool>)]
    all: bool,
}

impl FromFields for LogoutRequest {
    const OPTIONAL: bool = true;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            refresh_token: fields.optional("refresh_token", |text| Ok(Some(text.to_owned()))),
            all: fields.flag("all").unwrap_or(false),
        })
    }
}

/// The current and the new password.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "current_password": "correct horse battery staple", "password": "seventeen violet teapots",
}))]
pub(crate) struct ChangePasswordRequest {
    /// Current password. An account without one needs a step-up instead.
    #[schema(value_type = Option<String>, format = Password)]
    current_password: Option<Password>,
    /// New password: 12 to 128 characters, for admins at least 15.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

impl FromFields for ChangePasswordRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let current_password = fields.optional_password("current_password");
        let password = fields.password("password");
        Some(Self { current_password, password: password? })
    }
}

/// Register an account
///
/// The account has the client role. Where addresses are verified (`auth.registration`), and without a password, the response
/// is the same for every address, known or not, and an email says how to go on; otherwise the account can log in immediately.
#[utoipa::path(
    post, path = "/api/auth/register", operation_id = "registerAccount", tag = "Accounts",
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "The new account", body = RegisteredUser),
        (status = 202, description = "Accepted, whether or not the address was known", body = Accepted)
    )
)]
pub(crate) async fn register(state: Data<State>, request: Request) -> HandlerResult {
    let address = request.address();
    let metadata = request.metadata();
    let body: RegisterRequest = request.body().await?;
    state.limiter.registration(address)?;
    let slot = body.slot();
    let RegisterRequest { email, password, first_name, last_name, timezone: time_zone, .. } = body;
    let command = RegisterCommand { email, password, first_name, last_name, time_zone, language: None, slot, metadata };
    match state.api.use_cases.register.run(command).await? {
        Registered::Account { user, device_token } => {
            Ok(HttpResponse::Created().json(RegisteredUser { user: UserBody::from(&*user), device_token }))
        }
        Registered::Mailed => Ok(accepted()),
    }
}

/// Log in
///
/// Exchanges an email address and a password for an access token and a refresh token; an account with a second factor also
/// needs a `code`. An unknown email address and a wrong password receive the same response. After five failed attempts, each further attempt has to wait: one second,
/// two, four, up to one minute.
#[utoipa::path(
    post, path = "/api/auth/login", operation_id = "logIn", tag = "Accounts",
    request_body = LoginRequest,
    responses((status = 200, description = "The access and refresh tokens", body = TokensBody))
)]
pub(crate) async fn log_in(state: Data<State>, request: Request) -> HandlerResult {
    let (address, user_agent, metadata) = (request.address(), request.user_agent(), request.metadata());
    state.limiter.login(address)?;
    let LoginRequest { email, password, code, device_token } = request.body().await?;
    let attempt = state.limiter.password(&email, address)?;
    let origin = LoginOrigin { device_token, browser: false, user_agent, metadata };
    let outcome = state.api.use_cases.log_in.run(LogInCommand { email, password, code, origin }).await;
    match &outcome {
        Ok(_) | Err(LogInError::Disabled | LogInError::EmailNotVerified) => state.limiter.login_succeeded(&attempt),
        Err(LogInError::InvalidCredentials | LogInError::WrongCode) => {}
        Err(
            LogInError::SecondFactorRequired
            | LogInError::TooManyFailures
            | LogInError::Totp(_)
            | LogInError::Hash(_)
            | LogInError::Sign(_)
            | LogInError::Store(_),
        ) => state.limiter.login_abandoned(&attempt),
    }
    Ok(HttpResponse::Ok().json(TokensBody::new(&state, outcome?)))
}

/// Refresh tokens
///
/// A refresh token can be used once. Reusing a spent token ends the whole login session, because the token may have
/// been stolen. Concurrent requests of one client are tolerated.
#[utoipa::path(
    post, path = "/api/auth/refresh", operation_id = "refreshTokens", tag = "Accounts",
    request_body = RefreshRequest,
    responses((status = 200, description = "The new tokens", body = TokensBody))
)]
pub(crate) async fn refresh(state: Data<State>, request: Request) -> HandlerResult {
    let (address, metadata) = (request.address(), request.metadata());
    state.limiter.refresh(address)?;
    let RefreshRequest { refresh_token } = request.body().await?;
    let tokens = state.api.use_cases.refresh.run(RefreshCommand { refresh_token, metadata }).await?;
    Ok(HttpResponse::Ok().json(TokensBody::new(&state, tokens)))
}

/// Log out
///
/// Ends the login session of the access token immediately, and others on request.
#[utoipa::path(
    post, path = "/api/auth/logout", operation_id = "logOut", tag = "Accounts", security(("bearer" = [])),
    request_body = LogoutRequest,
    responses((status = 204, description = "Logged out"))
)]
pub(crate) async fn log_out(
    state: Data<State>,
    SignedForSetup(caller): SignedForSetup,
    request: Request,
) -> HandlerResult {
    let metadata = request.metadata();
    let LogoutRequest { refresh_token, all } = request.body().await?;
    state.api.use_cases.log_out.run(LogOutCommand { caller, refresh_token, all, metadata }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Change the password
///
/// Or sets the first one. Ends all other login sessions of the caller. Wrong current passwords are throttled like failed logins.
#[utoipa::path(
    post, path = "/api/auth/change-password", operation_id = "changePassword", tag = "Accounts",
    security(("bearer" = [])),
    request_body = ChangePasswordRequest,
    responses((status = 204, description = "Password changed"))
)]
pub(crate) async fn change_password(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let (address, metadata) = (request.address(), request.metadata());
    let body: ChangePasswordRequest = request.body().await?;
    let attempt = state.limiter.password(caller.user.email.as_str(), address)?;
    let command = ChangePasswordCommand { caller, current: body.current_password, new: body.password, metadata };
    let outcome = state.api.use_cases.change_password.run(command).await;
    match &outcome {
        Ok(()) | Err(ChangePasswordError::Password(_)) => state.limiter.login_succeeded(&attempt),
        Err(ChangePasswordError::Current(OwnPasswordError::Wrong)) => {}
        Err(ChangePasswordError::Current(_) | ChangePasswordError::Hash(_) | ChangePasswordError::Store(_)) => {
            state.limiter.login_abandoned(&attempt);
        }
    }
    outcome?;
    Ok(HttpResponse::NoContent().finish())
}
