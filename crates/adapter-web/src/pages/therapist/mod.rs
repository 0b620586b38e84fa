//! The pages of therapists.

use actix_web::http::StatusCode;
use attune_domain::{Booking, User, UserId};
use attune_http_common::{HandlerResult, Problem};
use attune_ports::Caller;

use crate::own_booking::caller;
use crate::visit::Visit;
use crate::web::Web;

mod day;
pub(crate) mod today;

pub(crate) use day::StoredDays;

/// The therapist who visits, or the response to anyone else.
#[expect(clippy::result_large_err, reason = "the response is passed on as it is")]
pub(crate) fn therapist<'a>(web: &Web, visit: &'a Visit<'_>, next: &str) -> Result<&'a Caller, HandlerResult> {
    let caller = caller(web, visit, next)?;
    if caller.user.is_admin() {
        Ok(caller)
    } else {
        Err(visit.say("therapists-only", "therapists-only-sentence", StatusCode::FORBIDDEN))
    }
}

/// The clients of bookings.
pub(crate) struct Clients(Vec<User>);

impl Clients {
    pub(crate) async fn of(web: &Web, bookings: &[Booking]) -> Result<Self, Problem> {
        let mut ids: Vec<UserId> = bookings.iter().map(Booking::client).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(if ids.is_empty() { Vec::new() } else { web.queries.people(&ids).await? }))
    }

    /// The client's name, or else the email address.
    pub(crate) fn name(&self, booking: &Booking) -> String {
        self.0.iter().find(|user| user.id == booking.client()).map(User::display_name).unwrap_or_default()
    }
}
