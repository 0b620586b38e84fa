//! `attune serve --demo`: two example users, a booking, and commands that print their meeting links.

use anyhow::{Context, Result};
use attune_application::accounts::{AddUserCommand, AddUserError};
use attune_application::bookings::{CreateBookingCommand, CreateBookingError, PaymentChoice};
use attune_application::{Idempotent, RequestMetadata};
use attune_domain::{BookingId, BookingStatus, EmailAddress, NotifyLevel, OneTimePurpose, PersonName, Role, UserId};
use attune_ports::{BookingFilter, BookingOrder, NewOneTimeToken, PageRequest, Password};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{ToSpan, Zoned};
use url::Url;

use crate::wiring::App;

struct DemoUser {
    id: UserId,
    email: &'static str,
    password: String,
}

/// Creates what is missing and sets new passwords. Returns the text to print. Everyone who reads a login link in it can log
/// in, so it has them only if no other machine reaches the server.
pub(crate) async fn prepare(app: &App, base: &Url, is_local: bool) -> Result<String> {
    let smith = user(app, "dr.smith@example.com", "Dr.", "Smith", Role::Admin).await?;
    let john = user(app, "john.doe@example.com", "John", "Doe", Role::Client).await?;
    let booking = booking(app, &smith, &john).await.context("the demo booking cannot be created")?;
    let base = base.as_str().trim_end_matches('/');
    let mut text = text(base, &smith, &john, booking);
    if is_local {
        let (johns, smiths) = (login_link(app, &john).await?, login_link(app, &smith).await?);
        text += &format!(
            "These links log in once, within 15 minutes:\n  as John Doe    {johns}\n  as Dr. Smith   {smiths}\n"
        );
    }
    Ok(text)
}

async fn login_link(app: &App, user: &DemoUser) -> Result<String> {
    let now = app.deps.clock.now();
    let purpose = OneTimePurpose::LogIn;
    let token = NewOneTimeToken {
        user: user.id,
        purpose,
        nonce: app.deps.random.random_bytes(),
        email: EmailAddress::parse(user.email)?,
        slot: None,
        created_at: now,
        expires_at: now.checked_add(purpose.lifetime())?,
    };
    let mut work = app.deps.store.begin().await?;
    work.add_one_time_token(&token).await?;
    work.commit().await?;
    let token = app.deps.queries.one_time_token_issued_at(user.id, purpose, now).await?;
    let token = token.context("the login link was not stored")?;
    Ok(app.use_cases.one_time_links.account_links.url(&token))
}

/// Passwords are random: a fixed one would open every demo that is reachable from elsewhere.
async fn user(app: &App, email: &'static str, first: &str, last: &str, role: Role) -> Result<DemoUser> {
    let mut bytes = [0; 15];
    app.deps.random.fill(&mut bytes);
    let password = URL_SAFE_NO_PAD.encode(bytes);
    let address = EmailAddress::parse(email)?;
    let command = AddUserCommand {
        email: address.clone(),
        first_name: PersonName::parse(first)?,
        last_name: PersonName::parse(last)?,
        time_zone: None,
        role,
        notify: NotifyLevel::Changes,
        password: Password::new(password.clone()),
    };
    let id = match app.use_cases.add_user.run(command).await {
        Ok(user) => user.id,
        Err(AddUserError::EmailTaken) => {
            let found = app.deps.queries.credentials(&address).await?.context("a demo account disappeared")?;
            let hash = app.deps.hasher.hash(&Password::new(password.clone())).await?;
            let mut work = app.deps.store.begin().await?;
            work.set_password(found.user.id, Some(&hash)).await?;
            work.commit().await?;
            found.user.id
        }
        Err(other) => return Err(other.into()),
    };
    Ok(DemoUser { id, email, password })
}

/// John's next booking, or a new one on the next free morning.
async fn booking(app: &App, smith: &DemoUser, john: &DemoUser) -> Result<BookingId> {
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
    let zone = app.use_cases.practice.zone().await?;
    let today = Zoned::new(app.deps.clock.now(), zone.clone());
    for days in 1..30 {
        let morning = today.checked_add(days.days())?.date().at(10, 0, 0, 0).to_zoned(zone.clone())?;
        let command = CreateBookingCommand {
            client: john.id,
            booked_by: smith.id,
            role: Role::Admin,
            scheduled_at: morning.timestamp(),
            service: None,
            therapist: Some(smith.id),
            note: None,
            payment: PaymentChoice::PaidOffline { method: "demo".to_owned(), memo: None },
            amount: None,
            has_taken_place: false,
            override_hours: true,
            metadata: RequestMetadata::default(),
            idempotency: None,
        };
        match app.use_cases.create_booking.run(command).await {
            Ok(Idempotent::Executed(created)) => return Ok(created.booking.id()),
            // Without an idempotency key, nothing is replayed.
            Ok(Idempotent::Replayed(_)) | Err(CreateBookingError::SlotTaken) => {}
            Err(other) => return Err(other.into()),
        }
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
         The API can be tried at {base}/docs\n\
         In the browser, clients book at {base}/book and find their appointments at {base}/appointments\n",
        link("John Doe's own meeting link", john),
        link("Dr. Smith's own link to the same meeting", smith),
    )
}
