//! `attune serve --demo`: two example users, a booking, and commands that print their meeting links.

use anyhow::{Context, Result};
use attune_application::accounts::{AddUserCommand, AddUserError};
use attune_application::bookings::{CreateBookingCommand, CreateBookingError, PaymentChoice};
use attune_application::{Idempotent, RequestMetadata};
use attune_domain::{BookingId, BookingStatus, EmailAddress, PersonName, Role, UserId};
use attune_ports::{BookingFilter, BookingOrder, PageRequest, Password};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{ToSpan, Zoned};
use url::Url;

use crate::settings::ResolvedConfig;
use crate::wiring::App;

struct DemoUser {
    id: UserId,
    email: &'static str,
    password: String,
}

/// Creates what is missing and sets new passwords. Returns the text to print.
pub(crate) async fn prepare(app: &App, config: &ResolvedConfig, base: &Url) -> Result<String> {
    let smith = user(app, "dr.smith@example.com", "Dr.", "Smith", Role::Admin).await?;
    let john = user(app, "john.doe@example.com", "John", "Doe", Role::Client).await?;
    let booking = booking(app, config, &smith, &john).await.context("the demo booking cannot be created")?;
    Ok(text(base.as_str().trim_end_matches('/'), &smith, &john, booking))
}

/// Passwords are random: a fixed one would open every demo that is reachable from elsewhere.
async fn user(app: &App, email: &'static str, first: &str, last: &str, role: Role) -> Result<DemoUser> {
    let mut bytes = [0; 15];
    app.deps.random.fill(&mut bytes);
    let password = URL_SAFE_NO_PAD.encode(bytes);
    let address = EmailAddress::parse(email)?;
    let added = app
        .use_cases
        .add_user
        .run(AddUserCommand {
            email: address.clone(),
            first_name: PersonName::parse(first)?,
            last_name: PersonName::parse(last)?,
            time_zone: None,
            role,
            password: Password::new(password.clone()),
        })
        .await;
    let id = match added {
        Ok(user) => user.id,
        Err(AddUserError::EmailTaken) => {
            let found = app.deps.queries.credentials(&address).await?.context("a demo account disappeared")?;
            let hash = app.deps.hasher.hash(&Password::new(password.clone())).await?;
            let mut work = app.deps.store.begin().await?;
            work.set_password(found.user.id, &hash).await?;
            work.commit().await?;
            found.user.id
        }
        Err(other) => return Err(other.into()),
    };
    Ok(DemoUser { id, email, password })
}

/// John's next booking, or a new one on the next free morning.
async fn booking(app: &App, config: &ResolvedConfig, smith: &DemoUser, john: &DemoUser) -> Result<BookingId> {
    let filter = BookingFilter {
        client: Some(john.id),
        status: Some(BookingStatus::Scheduled),
        from: Some(app.deps.clock.now()),
        order: BookingOrder::Earliest,
        ..BookingFilter::default()
    };
    let existing = app.deps.queries.bookings(&filter, PageRequest { limit: 1, offset: 0 }.into()).await?;
    if let Some(booking) = existing.items.first() {
        return Ok(booking.id());
    }
    let create = &app.use_cases.create_booking;
    let today = Zoned::new(app.deps.clock.now(), config.zone.clone());
    for days in 1..30 {
        let morning = today.checked_add(days.days())?.date().at(10, 0, 0, 0).to_zoned(config.zone.clone())?;
        let created = create
            .run(CreateBookingCommand {
                client: john.id,
                booked_by: smith.id,
                scheduled_at: morning.timestamp(),
                service: None,
                therapist: Some(smith.id),
                note: None,
                payment: PaymentChoice::PaidOffline { method: "demo".to_owned(), memo: None },
                override_hours: true,
                metadata: RequestMetadata::default(),
                idempotency: None,
            })
            .await;
        let booking = match created {
            Ok(Idempotent::Executed(created)) => created.booking,
            // Without an idempotency key, nothing is replayed.
            Ok(Idempotent::Replayed(_)) | Err(CreateBookingError::SlotTaken) => continue,
            Err(other) => return Err(other.into()),
        };
        return Ok(booking.id());
    }
    anyhow::bail!("the next thirty mornings are booked")
}

fn text(base: &str, smith: &DemoUser, john: &DemoUser, booking: BookingId) -> String {
    let link = |title: &str, user: &DemoUser| {
        let DemoUser { email, password, .. } = user;
        format!(
            "# {title}\n\
             TOKEN=$(curl -s {base}/api/auth/login -H 'Content-Type: application/json' \\\n  \
             -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\
             curl -s {base}/api/meetings/{booking}/link -H \"Authorization: Bearer $TOKEN\"\n"
        )
    };
    format!(
        "A demo practice is ready: Dr. Smith is the therapist, John Doe has a session booked and paid.\n\
         Their passwords change at each start. Paste these commands into another terminal:\n\n\
         {}\n{}\n\
         The API can be tried at {base}/docs\n",
        link("John Doe's own meeting link", john),
        link("Dr. Smith's own link to the same meeting", smith),
    )
}
