//! The questions that every request asks, put to the server without Diesel.
//!
//! Diesel writes a statement down anew each time it is asked, and these are asked so often that writing them costs more
//! than their answers. They have connections of their own, on which each statement is prepared once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_domain::Booking;
use attune_ports::{Caller, StoreError};
use attune_sql::lists::{PageRow, Phrase, Value};
use attune_sql::{BookingRow, Columns, SessionRow, USER_COLUMNS, read_user};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Row, Statement};

use crate::dial::{CONNECT_DEADLINE, DialError, Dialer};
use crate::error::Trouble;
use crate::readers::Dialled;

/// A connection with its prepared statements.
pub(crate) struct HotLine {
    client: Client,
    driver: JoinHandle<()>,
    lookup: Statement,
    /// Other statements by their texts.
    prepared: Mutex<HashMap<String, Statement>>,
}

/// The most statements that a connection keeps. There are fewer ways to ask for a page, unless somebody tries every limit.
const MOST_PREPARED: usize = 100;

/// What a lookup finds: who has this login, and the booking if there is one.
pub(crate) type Found = (Caller, Option<Booking>);

impl Dialled for HotLine {
    fn dial(dialer: Arc<Dialer>) -> BoxFuture<'static, Result<Self, DialError>> {
        async move {
            let (client, driver) = dialer.dial_plain().await?;
            let lookup =
                timeout(CONNECT_DEADLINE, client.prepare(&lookup_sql())).await.map_err(|_| DialError::Late)??;
            Ok(Self { client, driver, lookup, prepared: Mutex::default() })
        }
        .boxed()
    }

    fn is_dead(&self) -> bool {
        self.driver.is_finished()
    }
}

impl HotLine {
    /// Looks many logins up, each with the booking next to it in the other list (0: none), in one statement.
    ///
    /// What is found is handed out with its place in the lists; places without a login are left out.
    pub(crate) async fn look_up(
        &self,
        sessions: &[i64],
        bookings: &[i64],
        mut found: impl FnMut(usize, Result<Found, StoreError>),
    ) -> Result<(), Trouble> {
        for row in self.client.query(&self.lookup, &[&sessions, &bookings]).await? {
            let mut columns = Reader::new(&row);
            // Counted from one.
            let place = usize::try_from(columns.number()? - 1).map_err(|e| StoreError::Corrupt(e.into()))?;
            found(place, read_found(&mut columns));
        }
        Ok(())
    }

    /// Asks for a page of a list.
    pub(crate) async fn page(&self, phrase: &Phrase) -> Result<Vec<PageRow>, Trouble> {
        let (text, values) = phrase.numbered();
        let statement = self.statement(text).await?;
        let parameters = values.iter().map(|value| match value {
            Value::Number(number) => number as &(dyn ToSql + Sync),
            Value::Name(name) => name,
        });
        let rows: Vec<Row> = self.client.query_raw(&statement, parameters).await?.try_collect().await?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = Reader::new(row);
            let total = columns.number()?;
            page.push((total, columns.is_there()?.then(|| BookingRow::read(&mut columns)).transpose()?));
        }
        Ok(page)
    }

    async fn statement(&self, text: String) -> Result<Statement, Trouble> {
        if let Some(statement) = self.prepared().get(&text) {
            return Ok(statement.clone());
        }
        // Two who come at the same moment both prepare it, and one of the two is kept.
        let statement = self.client.prepare(&text).await?;
        let mut prepared = self.prepared();
        if prepared.len() >= MOST_PREPARED {
            prepared.clear();
        }
        prepared.insert(text, statement.clone());
        Ok(statement)
    }

    fn prepared(&self) -> MutexGuard<'_, HashMap<String, Statement>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lookup_sql() -> String {
    format!(
        "SELECT wanted.place, {}, {}, {} \
         FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS wanted (session, booking, place) \
         JOIN sessions ON sessions.id = wanted.session JOIN users ON users.id = sessions.user_id \
         LEFT JOIN bookings ON bookings.id = wanted.booking",
        of_table("sessions", &SessionRow::COLUMNS),
        of_table("users", &USER_COLUMNS),
        of_table("bookings", &BookingRow::COLUMNS),
    )
}

fn read_found(columns: &mut Reader<'_>) -> Result<Found, StoreError> {
    let session = SessionRow::read(columns)?;
    let caller = Caller { user: read_user(columns)?, session: session.try_into()? };
    let booking = columns.is_there()?.then(|| BookingRow::read(columns)).transpose()?;
    Ok((caller, booking.map(Booking::try_from).transpose()?))
}

/// `bookings.id, bookings.client_id, …`
fn of_table(table: &str, columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
}

/// Reads a row from left to right.
struct Reader<'a> {
    row: &'a Row,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(row: &'a Row) -> Self {
        Self { row, at: 0 }
    }

    /// Whether the table that comes next has a row here.
    fn is_there(&self) -> Result<bool, StoreError> {
        let first: Option<i64> = self.row.try_get(self.at).map_err(|e| StoreError::Corrupt(e.into()))?;
        Ok(first.is_some())
    }

    fn next<T: FromSql<'a>>(&mut self) -> Result<T, StoreError> {
        let value = self.row.try_get(self.at).map_err(|e| StoreError::Corrupt(e.into()))?;
        self.at += 1;
        Ok(value)
    }
}

impl Columns for Reader<'_> {
    fn number(&mut self) -> Result<i64, StoreError> {
        self.next()
    }

    fn optional_number(&mut self) -> Result<Option<i64>, StoreError> {
        self.next()
    }

    fn text(&mut self) -> Result<String, StoreError> {
        self.next()
    }

    fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        self.next()
    }

    fn flag(&mut self) -> Result<bool, StoreError> {
        self.next()
    }

    fn optional_flag(&mut self) -> Result<Option<bool>, StoreError> {
        self.next()
    }
}
