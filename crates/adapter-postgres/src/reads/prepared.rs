//! The statements that every request runs, without Diesel.
//!
//! Diesel builds the text of a statement each time it runs, and these run so often that building them costs more than
//! their answers. They have connections of their own, on which each statement is prepared once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_domain::login_session::LoginSession;
use attune_domain::{Booking, BookingId, LoginSessionId, User};
use attune_ports::{BookingOrder, BookingPage, BookingPageRequest, Caller, StoreError};
use attune_sql::lists::{PageRow, Phrase, Value, page_of};
use attune_sql::{BookingRow, Columns, FromRow, LoginSessionRow, UserRow};
use futures_util::future::{BoxFuture, try_join_all};
use futures_util::{FutureExt, TryStreamExt};
use tokio::task::JoinHandle;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Row, Statement};

use crate::connector::{Connector, Purpose};
use crate::error::{ConnectError, QueryError};
use crate::reads::batch_loader::{Key, share};
use crate::reads::pool::Connect;

/// A connection with its prepared statements.
pub(crate) struct PreparedConnection {
    client: Client,
    driver: JoinHandle<()>,
    callers: Statement,
    /// The statements of pages, by their texts.
    pages: Mutex<HashMap<String, Statement>>,
}

/// The most statements that a connection has prepared. There are fewer kinds of pages, unless a caller tries every limit.
const MAX_PREPARED: usize = 100;

impl Connect for PreparedConnection {
    fn connect(connector: Arc<Connector>) -> BoxFuture<'static, Result<Self, ConnectError>> {
        async move {
            let opening = Arc::clone(&connector);
            let prepared = connector.in_time(async move {
                let (client, driver) = opening.open(Purpose::PreparedQueries).await?;
                let callers = client.prepare(&callers_sql()).await?;
                Ok(Self { client, driver, callers, pages: Mutex::default() })
            });
            prepared.await
        }
        .boxed()
    }

    fn is_closed(&self) -> bool {
        self.driver.is_finished()
    }
}

/// The user of a login session, and a booking if one is wanted.
pub(crate) struct CallerKey {
    pub(crate) session: LoginSessionId,
    pub(crate) booking: Option<BookingId>,
}

impl Key for CallerKey {
    type Value = Option<(Caller, Option<Booking>)>;
    type Connection = PreparedConnection;
    const MAX_BATCH: usize = 128;

    async fn load(
        connection: &PreparedConnection,
        keys: &[Self],
    ) -> Result<Vec<Result<Self::Value, StoreError>>, QueryError> {
        let sessions: Vec<i64> = keys.iter().map(|key| key.session.get()).collect();
        // No booking has the id 0.
        let bookings: Vec<i64> = keys.iter().map(|key| key.booking.map_or(0, BookingId::get)).collect();
        let mut values: Vec<_> = keys.iter().map(|_| Ok(None)).collect();
        for row in connection.client.query(&connection.callers, &[&sessions, &bookings]).await? {
            let mut columns = Reader::new(&row);
            let value = place(&mut columns, &mut values)?;
            *value = read_caller(&mut columns).map(Some);
        }
        Ok(values)
    }
}

/// A page of a list.
#[derive(PartialEq)]
pub(crate) struct PageKey {
    pub(crate) phrase: Phrase,
    pub(crate) order: BookingOrder,
    pub(crate) page: BookingPageRequest,
}

impl Key for PageKey {
    type Value = BookingPage;
    type Connection = PreparedConnection;
    const MAX_BATCH: usize = 32;

    async fn load(
        connection: &PreparedConnection,
        keys: &[Self],
    ) -> Result<Vec<Result<BookingPage, StoreError>>, QueryError> {
        let loading = groups_of(keys).into_iter().map(async |(text, group)| {
            Ok::<_, QueryError>(group.pages.into_iter().zip(connection.load_pages(&text, &group.values).await?))
        });
        let mut values: Vec<_> = keys.iter().map(|_| Err(StoreError::Corrupt("no page was found".into()))).collect();
        for (mut pages, rows) in try_join_all(loading).await?.into_iter().flatten() {
            let last = pages.pop();
            for page in pages {
                page.finish(rows.clone(), &mut values);
            }
            if let Some(page) = last {
                page.finish(rows, &mut values);
            }
        }
        Ok(values)
    }
}

/// Pages that one statement finds.
#[derive(Default)]
struct Group<'a> {
    /// The distinct sets of parameters.
    values: Vec<Vec<Value>>,
    /// The pages made of the rows for each set.
    pages: Vec<Vec<WantedPage<'a>>>,
}

/// A page and the positions of its requests in the batch.
struct WantedPage<'a> {
    key: &'a PageKey,
    positions: Vec<usize>,
}

/// Groups pages by statement. Equal requests become one page, and equal parameters one search.
fn groups_of(keys: &[PageKey]) -> HashMap<String, Group<'_>> {
    let mut pages: Vec<WantedPage<'_>> = Vec::new();
    for (position, key) in keys.iter().enumerate() {
        match pages.iter_mut().find(|page| page.key == key) {
            Some(page) => page.positions.push(position),
            None => pages.push(WantedPage { key, positions: vec![position] }),
        }
    }
    let mut groups: HashMap<String, Group<'_>> = HashMap::new();
    for page in pages {
        let (text, values) = page.key.phrase.named(|number| format!("wanted.value_{number}"));
        let group = groups.entry(text).or_default();
        match group.values.iter().position(|known| *known == values) {
            Some(known) => group.pages[known].push(page),
            None => {
                group.values.push(values);
                group.pages.push(vec![page]);
            }
        }
    }
    groups
}

impl WantedPage<'_> {
    fn finish(self, rows: Rows, values: &mut [Result<BookingPage, StoreError>]) {
        let page = rows.read().and_then(|rows| page_of(rows, self.key.order, self.key.page)).map_err(Arc::new);
        for position in self.positions {
            if let Some(value) = values.get_mut(position) {
                *value = page.clone().map_err(|error| share(&error));
            }
        }
    }
}

/// The rows of a page. An invalid row spoils the page, but no other one.
#[derive(Clone, Default)]
struct Rows {
    valid: Vec<PageRow>,
    spoilt: bool,
}

impl Rows {
    fn read(self) -> Result<Vec<PageRow>, StoreError> {
        if self.spoilt { Err(StoreError::Corrupt("a row of a page".into())) } else { Ok(self.valid) }
    }
}

impl PreparedConnection {
    /// The rows of a group: one page for each set of parameters.
    async fn load_pages(&self, text: &str, wanted: &[Vec<Value>]) -> Result<Vec<Rows>, QueryError> {
        let lists = lists_of(wanted);
        let statement = self.prepare(pages_sql(text, &lists)).await?;
        let rows: Vec<Row> =
            self.client.query_raw(&statement, lists.iter().map(List::as_sql)).await?.try_collect().await?;
        let mut pages = vec![Rows::default(); wanted.len()];
        for row in &rows {
            let mut columns = Reader::new(row);
            let rows = place(&mut columns, &mut pages)?;
            match read_page_row(&mut columns) {
                Ok(row) => rows.valid.push(row),
                Err(_) => rows.spoilt = true,
            }
        }
        Ok(pages)
    }

    async fn prepare(&self, text: String) -> Result<Statement, QueryError> {
        if let Some(statement) = self.prepared_pages().get(&text) {
            return Ok(statement.clone());
        }
        // Two callers at the same moment both prepare it, and one of the two statements is stored.
        let statement = self.client.prepare(&text).await?;
        let mut pages = self.prepared_pages();
        if pages.len() >= MAX_PREPARED {
            pages.clear();
        }
        pages.insert(text, statement.clone());
        Ok(statement)
    }

    fn prepared_pages(&self) -> MutexGuard<'_, HashMap<String, Statement>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The values of one parameter, for all pages of a group.
enum List {
    Numbers(Vec<i64>),
    Texts(Vec<Cow<'static, str>>),
}

impl List {
    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Numbers(numbers) => numbers,
            Self::Texts(texts) => texts,
        }
    }
}

/// Turns the values of each page into the values of each parameter. The parameters of a group have the same types.
fn lists_of(wanted: &[Vec<Value>]) -> Vec<List> {
    let mut lists: Vec<List> = Vec::new();
    for values in wanted {
        for (at, value) in values.iter().enumerate() {
            match (lists.get_mut(at), value) {
                (Some(List::Numbers(numbers)), Value::Number(number)) => numbers.push(*number),
                (Some(List::Texts(texts)), Value::Text(text)) => texts.push(text.clone()),
                (_, Value::Number(number)) => lists.push(List::Numbers(vec![*number])),
                (_, Value::Text(text)) => lists.push(List::Texts(vec![text.clone()])),
            }
        }
    }
    lists
}

/// A statement for many pages, made of the one for a single page in which the values are named `wanted.value_1` and so on.
/// The first column of a row is the position of its page, counted from one.
fn pages_sql(text: &str, lists: &[List]) -> String {
    if lists.is_empty() {
        return format!("SELECT 1::bigint, page.* FROM ({text}) AS page");
    }
    let arrays = (1..).zip(lists).map(|(number, list)| match list {
        List::Numbers(_) => format!("${number}::bigint[]"),
        List::Texts(_) => format!("${number}::text[]"),
    });
    let names = (1..=lists.len()).map(|number| format!("value_{number}"));
    let (arrays, names): (Vec<_>, Vec<_>) = (arrays.collect(), names.collect());
    format!(
        "SELECT wanted.place, page.* FROM unnest({}) WITH ORDINALITY AS wanted ({}, place) \
         CROSS JOIN LATERAL ({text}) AS page",
        arrays.join(", "),
        names.join(", "),
    )
}

/// The value that a row belongs to: the row's first column is its position, counted from one.
fn place<'a, T>(columns: &mut Reader<'_>, values: &'a mut [T]) -> Result<&'a mut T, StoreError> {
    let number: i64 = columns.next()?;
    let place = usize::try_from(number - 1).ok().and_then(|place| values.get_mut(place));
    place.ok_or_else(|| StoreError::Corrupt("a row of no request".into()))
}

fn read_page_row(columns: &mut Reader<'_>) -> Result<PageRow, StoreError> {
    let total = columns.next()?;
    Ok((total, columns.has_row()?.then(|| BookingRow::read(columns)).transpose()?))
}

fn callers_sql() -> String {
    format!(
        "SELECT wanted.place, {}, {}, {} \
         FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS wanted (session, booking, place) \
         JOIN login_sessions ON login_sessions.id = wanted.session JOIN users ON users.id = login_sessions.user_id \
         LEFT JOIN bookings ON bookings.id = wanted.booking",
        of_table("login_sessions", LoginSessionRow::COLUMNS),
        of_table("users", UserRow::COLUMNS),
        of_table("bookings", BookingRow::COLUMNS),
    )
}

fn read_caller(columns: &mut Reader<'_>) -> Result<(Caller, Option<Booking>), StoreError> {
    let session = LoginSessionRow::read(columns)?;
    let caller = Caller { user: User::from_row(UserRow::read(columns)?)?, session: LoginSession::from_row(session)? };
    let booking = columns.has_row()?.then(|| BookingRow::read(columns)).transpose()?;
    Ok((caller, booking.map(Booking::from_row).transpose()?))
}

/// `bookings.id, bookings.client_id, …`
pub(crate) fn of_table(table: &str, columns: &[&str]) -> String {
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

    /// Whether the outer join of the next table found a row.
    fn has_row(&self) -> Result<bool, StoreError> {
        let first: Option<i64> = self.row.try_get(self.at).map_err(|e| StoreError::Corrupt(e.into()))?;
        Ok(first.is_some())
    }
}

impl<'a, T: FromSql<'a>> Columns<T> for Reader<'a> {
    fn next(&mut self) -> Result<T, StoreError> {
        let value = self.row.try_get(self.at).map_err(|e| StoreError::Corrupt(e.into()))?;
        self.at += 1;
        Ok(value)
    }
}
