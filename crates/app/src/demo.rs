//! `attune serve --demo`: two people, a session ahead, and commands that end in their links.

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

use crate::settings::Meaning;
use crate::wiring::Parts;

struct DemoPerson {
    id: UserId,
    email: &'static str,
    password: String,
}

/// Makes what is missing and gives both people new passwords. Returns what to print.
pub(crate) async fn prepare(parts: &Parts, meaning: &Meaning, base: &Url) -> Result<String> {
    let smith = person(parts, "dr.smith@example.com", "Dr.", "Smith", Role::Admin).await?;
    let john = person(parts, "john.doe@example.com", "John", "Doe", Role::Client).await?;
    let booking = booked(parts, meaning, &smith, &john).await.context("the demo booking cannot be made")?;
    Ok(text(base.as_str().trim_end_matches('/'), &smith, &john, booking))
}

/// The person with a new random password: a demo password that works everywhere would be an open door.
async fn person(parts: &Parts, email: &'static str, first: &str, last: &str, role: Role) -> Result<DemoPerson> {
    let mut bytes = [0; 15];
    parts.random.fill(&mut bytes);
    let password = URL_SAFE_NO_PAD.encode(bytes);
    let address = EmailAddress::parse(email)?;
    let added = parts
        .add_user()
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
            let found = parts.queries.credentials(&address).await?.context("a demo account vanished")?;
            let hash = parts.hasher.hash(&Password::new(password.clone())).await?;
            let mut work = parts.store.begin().await?;
            work.set_password(found.user.id, &hash).await?;
            work.commit().await?;
            found.user.id
        }
        Err(other) => return Err(other.into()),
    };
    Ok(DemoPerson { id, email, password })
}

/// John's next session: one that is there, or a new one on the next morning that is free.
async fn booked(parts: &Parts, meaning: &Meaning, smith: &DemoPerson, john: &DemoPerson) -> Result<BookingId> {
    let filter = BookingFilter {
        client: Some(john.id),
        status: Some(BookingStatus::Scheduled),
        from: Some(parts.clock.now()),
        order: BookingOrder::Earliest,
        ..BookingFilter::default()
    };
    let known = parts.queries.bookings(&filter, PageRequest { limit: 1, offset: 0 }.into()).await?;
    if let Some(booking) = known.items.first() {
        return Ok(booking.id());
    }
    let book = parts.create_booking();
    let today = Zoned::new(parts.clock.now(), meaning.zone.clone());
    for days in 1..30 {
        let morning = today.checked_add(days.days())?.date().at(10, 0, 0, 0).to_zoned(meaning.zone.clone())?;
        let placed = book
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
        let booking = match placed {
            Ok(Idempotent::Executed(placed)) => placed.booking,
            // Only a wish with a key can have been granted before.
            Ok(Idempotent::Replayed(_)) | Err(CreateBookingError::SlotTaken) => continue,
            Err(other) => return Err(other.into()),
        };
        return Ok(booking.id());
    }
    anyhow::bail!("the next thirty mornings are taken")
}

fn text(base: &str, smith: &DemoPerson, john: &DemoPerson, booking: BookingId) -> String {
    let link = |who: &str, person: &DemoPerson| {
        let DemoPerson { email, password, .. } = person;
        format!(
            "# {who}\n\
             TOKEN=$(curl -s {base}/api/auth/login -H 'Content-Type: application/json' \\\n  \
             -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\
             curl -s {base}/api/meetings/{booking}/link -H \"Authorization: Bearer $TOKEN\"\n"
        )
    };
    format!(
        "A demo practice is ready: Dr. Smith is the therapist, John Doe has a session booked and paid.\n\
         Their passwords are new at each start. Paste these commands into another terminal:\n\n\
         {}\n{}\n\
         The API can be tried out at {base}/docs\n",
        link("John Doe's own link into the meeting", john),
        link("Dr. Smith's own link into the same meeting", smith),
    )
}
