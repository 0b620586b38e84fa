//! The emails in the outbox, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::notifications::NotificationChange;
use attune_domain::notification::{Notification, NotificationKind, NotificationState};
use attune_domain::{BookingId, NotificationId, Role, UserId, ViewerId};
use attune_http_common::HandlerResult;
use attune_ports::{NotificationFilter, PageRequest, StoreError};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::booking_detail::NotificationBody;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Nothing, Request};
use crate::request::paging::{PageQuery, page};
use crate::response::output;
use crate::state::State;

/// An email, as the list of all emails shows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OutboxNotification {
    #[serde(flatten)]
    notification: NotificationBody,
    /// Booking ID; null if the email is about no booking.
    #[schema(required = true, example = 42)]
    booking_id: Option<i64>,
    recipient: NotificationRecipient,
}

/// Who receives an email. The address is not shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationRecipient {
    /// ID of the user, or of the invitation of a participant.
    #[schema(example = 7)]
    id: i64,
    #[schema(schema_with = output::recipient_role)]
    role: &'static str,
}

/// A page of the list of emails.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationList {
    notifications: Vec<OutboxNotification>,
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
pub(crate) struct NotificationsQuery {
    /// State of the email.
    #[param(schema_with = output::notification_state)]
    state: Option<NotificationState>,
    /// Kind of email, such as `reminder`.
    #[param(schema_with = output::notification_kind)]
    kind: Option<NotificationKind>,
    /// Emails about this booking only.
    #[param(value_type = Option<i64>, minimum = 1)]
    booking_id: Option<BookingId>,
    #[param(ignore)]
    page: PageRequest,
}

impl FromFields for NotificationsQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        let kinds =
            NotificationKind::WITHOUT_OFFSET.into_iter().chain([NotificationKind::Reminder { minutes_before: 0 }]);
        let kinds: Vec<_> = kinds.map(|kind| (kind.as_str(), kind)).collect();
        Some(Self {
            state: fields.choice("state", &NotificationState::ALL.map(|state| (state.as_str(), state))),
            kind: fields.choice("kind", &kinds),
            booking_id: fields.whole("booking_id", BookingId::new),
            page: page(fields),
        })
    }
}

/// List emails
///
/// Returns the emails of the outbox, newest first: sent, waiting, and given up.
#[utoipa::path(
    get, path = "/api/admin/notifications", operation_id = "listNotifications",
    params(NotificationsQuery, PageQuery),
    responses((status = 200, description = "The emails", body = NotificationList))
)]
pub(crate) async fn list(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    let query: NotificationsQuery = request.query()?;
    let filter = NotificationFilter { state: query.state, kind: query.kind, booking: query.booking_id };
    let found = state.api.queries.outbox(&filter, query.page).await?;
    let PageRequest { limit, offset } = query.page;
    let notifications = bodies(&state, &found.items).await?;
    Ok(HttpResponse::Ok().json(NotificationList { notifications, total: found.total, limit, offset }))
}

/// Send an email again
///
/// Possible for an email that was sent, expired or given up; another is a conflict (409 `invalid_state`). It is sent at once,
/// unless it says what is no longer true: then it is skipped. An email that was sent before gets a new Message-ID, so that its
/// reader sees it; one that was never delivered keeps its own. The limit on announcements to one recipient applies.
#[utoipa::path(
    post, path = "/api/admin/notifications/{id}/retry", operation_id = "retryNotification",
    responses((status = 200, description = "The email, pending", body = OutboxNotification))
)]
pub(crate) async fn retry(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    change(&state, caller.user.id, request, NotificationChange::Retry).await
}

/// Cancel an email
///
/// Possible while the email is pending and not being sent; otherwise it is a conflict (409 `invalid_state`).
#[utoipa::path(
    post, path = "/api/admin/notifications/{id}/cancel", operation_id = "cancelNotification",
    responses((status = 200, description = "The email, cancelled", body = OutboxNotification))
)]
pub(crate) async fn cancel(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    change(&state, caller.user.id, request, NotificationChange::Cancel).await
}

async fn change(state: &State, admin: UserId, request: Request, change: NotificationChange) -> HandlerResult {
    let id = request.id("id", NotificationId::new)?;
    let metadata = request.metadata();
    let Nothing = request.body().await?;
    let changed = state.api.use_cases.manage_notifications.run(id, change, Some(admin), &metadata).await?;
    let body = bodies(state, &[changed]).await?.pop();
    Ok(HttpResponse::Ok().json(body))
}

/// The emails, with the role of each recipient.
async fn bodies(state: &State, emails: &[Notification]) -> Result<Vec<OutboxNotification>, StoreError> {
    let accounts = BTreeSet::from_iter(emails.iter().filter_map(|email| email.content.recipient.account()));
    let people = state.api.queries.people(&Vec::from_iter(accounts)).await?;
    let role = |id| people.iter().find(|user| user.id == id).map_or(Role::Client, |user| user.role);
    let recipient = |viewer| match viewer {
        ViewerId::Account(id) => NotificationRecipient { id: id.get(), role: role(id).as_str() },
        ViewerId::Participant(id) => NotificationRecipient { id: id.get(), role: "participant" },
    };
    let body = |email: &Notification| OutboxNotification {
        notification: NotificationBody::from(email),
        booking_id: email.content.subject.booking().map(BookingId::get),
        recipient: recipient(email.content.recipient),
    };
    Ok(emails.iter().map(body).collect())
}
