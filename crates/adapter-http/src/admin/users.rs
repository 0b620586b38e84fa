//! User accounts, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use attune_application::accounts::{AddClientCommand, ManageUserCommand};
use attune_application::bookings::{CancelledUpcoming, ChangeBookingError};
use attune_domain::{Booking, EmailAddress, Language, PersonName, PersonSearch, Role, TimeZoneName, User, UserId};
use attune_http_common::{Code, HandlerResult, Problem, schema};
use attune_ports::{PageRequest, UserFilter};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::filters::search;
use crate::client::changes::version;
use crate::client::mailed_links::LinkRequest;
use crate::client::me::{UserBody, language, name, timezone};
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Nothing, Request};
use crate::request::paging::{PageQuery, page};
use crate::response::output::Instant;
use crate::state::State;

/// A user, as admins see it.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminUser)]
pub(crate) struct AdminUserBody {
    #[serde(flatten)]
    user: UserBody,
    /// Whether the account is disabled.
    #[schema(example = false)]
    disabled: bool,
    /// Version of the account: 1 at first, then one more with each change but that of the password.
    #[schema(example = 2)]
    version: u32,
}

impl From<&User> for AdminUserBody {
    fn from(user: &User) -> Self {
        Self { user: user.into(), disabled: user.disabled, version: user.version }
    }
}

/// A booking of a client whose account is disabled.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpcomingBooking {
    /// Booking ID.
    #[schema(example = 42)]
    id: i64,
    /// Therapist ID.
    #[schema(example = 1)]
    therapist_id: i64,
    /// When the appointment starts.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    scheduled_at: Instant,
    /// Duration in minutes.
    #[schema(example = 50)]
    duration: u32,
    #[schema(schema_with = schema::booking_status)]
    status: &'static str,
}

impl From<&Booking> for UpcomingBooking {
    fn from(booking: &Booking) -> Self {
        Self {
            id: booking.id().get(),
            therapist_id: booking.therapist().get(),
            scheduled_at: Instant(booking.scheduled_at()),
            duration: booking.minutes(),
            status: booking.status().as_str(),
        }
    }
}

/// A booking that could not be cancelled.
#[derive(Serialize, ToSchema)]
pub(crate) struct FailedCancellation {
    /// Booking ID.
    #[schema(example = 42)]
    id: i64,
    /// Error code of the cancellation.
    #[schema(example = "invalid_state")]
    code: &'static str,
}

/// The updated user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpdatedUser {
    #[serde(flatten)]
    user: AdminUserBody,
    /// With `disabled`: the client's bookings that have not ended and still stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    upcoming_bookings: Option<Vec<UpcomingBooking>>,
    /// With `cancel_bookings`: the bookings that were cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_bookings: Option<Vec<UpcomingBooking>>,
    /// With `cancel_bookings`: the bookings that could not be cancelled. Sending the request again tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_cancellations: Option<Vec<FailedCancellation>>,
}

/// A page of the list of users.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserList {
    users: Vec<AdminUserBody>,
    /// Total number of matches.
    #[schema(example = 1)]
    total: u64,
    /// Maximum number of results on this page.
    #[schema(example = 50)]
    limit: u32,
    /// Number of results skipped.
    #[schema(example = 0)]
    offset: u64,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// Words that all occur in the names or the email address, in any case: `ann müller`.
    #[param(value_type = Option<String>, max_length = 200)]
    q: Option<PersonSearch>,
    /// `true` for admins only, `false` for clients only.
    is_admin: Option<bool>,
    /// `true` for disabled users only, `false` for enabled users only.
    disabled: Option<bool>,
    #[param(ignore)]
    page: PageRequest,
}

impl FromFields for UsersQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            q: search(fields),
            is_admin: fields.flag("is_admin"),
            disabled: fields.flag("disabled"),
            page: page(fields),
        })
    }
}

/// The client to add.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.org", "first_name": "Ada", "timezone": "Europe/Berlin", "language": "en"}))]
pub(crate) struct NewClient {
    /// Email address. Case-insensitive; the domain may be internationalised.
    #[schema(value_type = String, format = "idn-email", max_length = 254)]
    email: EmailAddress,
    /// Given name, at most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100)]
    first_name: Option<PersonName>,
    /// Family name, at most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100)]
    last_name: Option<PersonName>,
    /// IANA time zone of the times in emails.
    #[schema(value_type = Option<String>)]
    timezone: Option<TimeZoneName>,
    /// Language of emails: `en`, `de` …
    #[schema(value_type = Option<String>, pattern = "^(en|de|fr|es)$")]
    language: Option<Language>,
    /// Whether to mail an invitation to set a password, good for seven days. True by default.
    #[schema(value_type = Option<bool>)]
    invite: bool,
}

impl FromFields for NewClient {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.email("email");
        let (first_name, last_name) = (fields.optional("first_name", name), fields.optional("last_name", name));
        let timezone = fields.optional("timezone", timezone);
        let language = fields.optional("language", language);
        let invite = fields.flag("invite").unwrap_or(true);
        Some(Self { email: email?, first_name, last_name, timezone, language, invite })
    }
}

/// Changes of a user. Omitted fields stay as they are; null or an empty string clears a name.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"disabled": true, "version": 2}))]
pub(crate) struct UserUpdate {
    /// Given name, at most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100)]
    first_name: Option<Option<PersonName>>,
    /// Family name, at most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100)]
    last_name: Option<Option<PersonName>>,
    /// Whether the user is an admin (therapist).
    is_admin: Option<bool>,
    /// Whether the account is disabled. Takes effect with the user's next request.
    disabled: Option<bool>,
    /// With `disabled`: also cancel the client's upcoming bookings as the practice, which refunds everything that was paid.
    #[schema(value_type = Option<bool>)]
    cancel_bookings: bool,
    /// The `version` that the change is based on. If the account has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(minimum = 1)]
    version: Option<u32>,
}

impl FromFields for UserUpdate {
    fn read(fields: &mut Fields) -> Option<Self> {
        let disabled = fields.flag("disabled");
        let cancel_bookings = fields.flag("cancel_bookings").unwrap_or(false);
        if cancel_bookings && disabled != Some(true) {
            let message = "This is only allowed together with `disabled`.";
            fields.wrong_because("cancel_bookings", Code::InvalidValue, message);
        }
        Some(Self {
            first_name: fields.change("first_name", name),
            last_name: fields.change("last_name", name),
            is_admin: fields.flag("is_admin"),
            disabled,
            cancel_bookings,
            version: version(fields),
        })
    }
}

fn role(is_admin: bool) -> Role {
    if is_admin { Role::Admin } else { Role::Client }
}

/// List users
#[utoipa::path(
    get, path = "/api/admin/users", operation_id = "listUsers",
    params(UsersQuery, PageQuery),
    responses((status = 200, description = "The users", body = UserList))
)]
pub(crate) async fn list(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    let query: UsersQuery = request.query()?;
    let filter = UserFilter { search: query.q, role: query.is_admin.map(role), disabled: query.disabled };
    let found = state.api.queries.users(&filter, query.page).await?;
    let PageRequest { limit, offset } = query.page;
    let users = found.items.iter().map(AdminUserBody::from).collect();
    Ok(HttpResponse::Ok().json(UserList { users, total: found.total, limit, offset }))
}

/// Create a client
///
/// Adds a client who has never logged in, for example one who calls. The client can be booked for and receives emails, and
/// is invited to set a password. Until then, every login is refused like one with a wrong password.
#[utoipa::path(
    post, path = "/api/admin/users", operation_id = "createUser",
    request_body = NewClient,
    responses((
        status = 201, description = "The new user", body = AdminUserBody,
        headers(("Location" = String, description = "URL of the new user"))
    ))
)]
pub(crate) async fn add(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let (admin, metadata) = (caller.user.id, request.metadata());
    let NewClient { email, first_name, last_name, timezone: time_zone, language, invite } = request.body().await?;
    let command = AddClientCommand { admin, email, first_name, last_name, time_zone, language, invite, metadata };
    let user = state.api.use_cases.add_client.run(command).await?;
    let location = format!("/api/admin/users/{}", user.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(AdminUserBody::from(&user)))
}

/// Retrieve a user
#[utoipa::path(
    get, path = "/api/admin/users/{id}", operation_id = "getUser",
    responses((status = 200, description = "The user", body = AdminUserBody))
)]
pub(crate) async fn show(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    let id = request.id("id", UserId::new)?;
    request.no_query()?;
    let user = state.api.queries.user(id).await?.ok_or(Code::UserNotFound)?;
    Ok(HttpResponse::Ok().json(AdminUserBody::from(&user)))
}

/// Update a user
///
/// A change of role, which requires a step-up, and the disabling of an account take effect with the user's next request. The
/// last admin cannot be removed. The response to disabling a client lists their upcoming bookings, which stand unless `cancel_bookings` is true.
#[utoipa::path(
    patch, path = "/api/admin/users/{id}", operation_id = "updateUser",
    request_body = UserUpdate,
    responses((status = 200, description = "The updated user", body = UpdatedUser))
)]
pub(crate) async fn update(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let (admin, user) = (caller.user.id, request.id("id", UserId::new)?);
    let metadata = request.metadata();
    let UserUpdate { first_name, last_name, is_admin, disabled, cancel_bookings, version } = request.body().await?;
    let role = is_admin.map(role);
    let audit = metadata.clone();
    let command = ManageUserCommand { admin: caller, user, first_name, last_name, role, disabled, version, metadata };
    let user = state.api.use_cases.manage_user.run(command).await?;
    let mut body = UpdatedUser {
        user: (&user).into(),
        upcoming_bookings: None,
        cancelled_bookings: None,
        failed_cancellations: None,
    };
    if disabled == Some(true) {
        let upcoming = &state.api.use_cases.upcoming;
        if cancel_bookings {
            let CancelledUpcoming { cancelled, failed } = upcoming.cancel(admin, user.id, &audit).await?;
            body.cancelled_bookings = Some(cancelled.iter().map(UpcomingBooking::from).collect());
            body.failed_cancellations = Some(failed.into_iter().map(failed_cancellation).collect());
        }
        body.upcoming_bookings = Some(upcoming.of(user.id).await?.iter().map(UpcomingBooking::from).collect());
    }
    Ok(HttpResponse::Ok().json(body))
}

fn failed_cancellation((booking, error): (Booking, ChangeBookingError)) -> FailedCancellation {
    tracing::warn!(booking = booking.id().get(), %error, "booking of a disabled client not cancelled");
    FailedCancellation { id: booking.id().get(), code: Problem::from(error).code.as_str() }
}

/// Invite a user again
///
/// Mails a new link to set a password, good for seven days; earlier ones end.
#[utoipa::path(
    post, path = "/api/admin/users/{id}/invitation", operation_id = "inviteUser",
    responses((status = 202, description = "The invitation will be mailed"))
)]
pub(crate) async fn invite_again(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let (user, metadata) = (request.id("id", UserId::new)?, request.metadata());
    let Nothing = request.body().await?;
    state.api.use_cases.add_client.invite_again(caller.user.id, user, &metadata).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Withdraw an invitation
///
/// Ends the mailed links. The account stays, and can be booked for.
#[utoipa::path(
    delete, path = "/api/admin/users/{id}/invitation", operation_id = "withdrawInvitation",
    responses((status = 204, description = "Invitation withdrawn"))
)]
pub(crate) async fn withdraw_invitation(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let (user, metadata) = (request.id("id", UserId::new)?, request.metadata());
    request.no_query()?;
    state.api.use_cases.add_client.withdraw(caller.user.id, user, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Change the email address of a client
///
/// Mails a link to the new address, which confirms it. An address that was never verified is replaced immediately. Requires
/// a step-up.
#[utoipa::path(
    post, path = "/api/admin/users/{id}/change-email", operation_id = "changeEmailOfClient",
    request_body = LinkRequest,
    responses((status = 202, description = "The user; the address changes once it is confirmed", body = AdminUserBody))
)]
pub(crate) async fn change_email(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let (user, metadata) = (request.id("id", UserId::new)?, request.metadata());
    let email = request.body::<LinkRequest>().await?.email;
    let user = state.api.use_cases.change_email.request_for_client(&caller, user, &email, &metadata).await?;
    Ok(HttpResponse::Accepted().json(AdminUserBody::from(&user)))
}
