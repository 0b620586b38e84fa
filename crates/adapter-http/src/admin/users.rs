//! User accounts, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::accounts::ManageUserCommand;
use attune_domain::{PersonName, Role, User};
use attune_ports::{PageRequest, UserFilter};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::client::me::{UserBody, name};
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::request::paging::{PageQuery, page};
use crate::response::problem::{Code, Problem, problems};
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
}

impl From<&User> for AdminUserBody {
    fn from(user: &User) -> Self {
        Self { user: user.into(), disabled: user.disabled }
    }
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
    /// `true` for admins only, `false` for clients only.
    is_admin: Option<bool>,
    /// `true` for disabled users only, `false` for enabled users only.
    disabled: Option<bool>,
    #[param(ignore)]
    page: PageRequest,
}

impl FromFields for UsersQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { is_admin: fields.flag("is_admin"), disabled: fields.flag("disabled"), page: page(fields) })
    }
}

/// Changes of a user. Omitted fields stay as they are; null or an empty string clears a name.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"disabled": true}))]
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
}

impl FromFields for UserUpdate {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            first_name: fields.change("first_name", name),
            last_name: fields.change("last_name", name),
            is_admin: fields.flag("is_admin"),
            disabled: fields.flag("disabled"),
        })
    }
}

fn role(is_admin: bool) -> Role {
    if is_admin { Role::Admin } else { Role::Client }
}

/// List users
#[utoipa::path(
    get, path = "/api/admin/users", operation_id = "listUsers", tag = "Admin", security(("bearer" = [])),
    params(UsersQuery, PageQuery),
    responses((status = 200, description = "The users", body = UserList))
)]
pub(crate) async fn list(state: Data<State>, Admin(_): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let query: UsersQuery = request.query()?;
    let filter = UserFilter { role: query.is_admin.map(role), disabled: query.disabled };
    let found = state.api.queries.users(&filter, query.page).await?;
    let PageRequest { limit, offset } = query.page;
    let users = found.items.iter().map(AdminUserBody::from).collect();
    Ok(HttpResponse::Ok().json(UserList { users, total: found.total, limit, offset }))
}

problems! { GetUserProblems: UserNotFound }

/// Retrieve a user
#[utoipa::path(
    get, path = "/api/admin/users/{id}", operation_id = "getUser", tag = "Admin", security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "User ID", example = 7)),
    responses((status = 200, description = "The user", body = AdminUserBody), GetUserProblems)
)]
pub(crate) async fn show(state: Data<State>, Admin(_): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let id = request.user_id()?;
    request.no_query()?;
    let user = state.api.queries.user(id).await?.ok_or(Code::UserNotFound)?;
    Ok(HttpResponse::Ok().json(AdminUserBody::from(&user)))
}

problems! { UpdateUserProblems: UserNotFound, LastAdmin, TooLong }

/// Update a user
///
/// A change of role and the disabling of an account take effect with the user's next request. The last admin cannot be
/// removed.
#[utoipa::path(
    patch, path = "/api/admin/users/{id}", operation_id = "updateUser", tag = "Admin", security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "User ID", example = 7)),
    request_body = UserUpdate,
    responses((status = 200, description = "The updated user", body = AdminUserBody), UpdateUserProblems)
)]
pub(crate) async fn update(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.user_id()?;
    let metadata = request.metadata();
    let change: UserUpdate = request.body().await?;
    let user = state
        .api
        .use_cases
        .manage_user
        .run(ManageUserCommand {
            admin: caller.user.id,
            user: id,
            first_name: change.first_name,
            last_name: change.last_name,
            role: change.is_admin.map(role),
            disabled: change.disabled,
            metadata,
        })
        .await?;
    Ok(HttpResponse::Ok().json(AdminUserBody::from(&user)))
}
