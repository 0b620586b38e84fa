//! The questions that every request asks, put to the server without Diesel.
//!
//! Diesel writes a statement down anew each time it is asked, and these are asked so often that writing them costs more
//! than their answers. They have connections of their own, on which each statement is prepared once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_domain::{Booking, BookingId, LoginSessionId};
use attune_ports::{BookingOrder, BookingPage, BookingPageRequest, Caller, StoreError};
use attune_sql::lists::{PageRow, Phrase, Value, page_of};
use attune_sql::{BookingRow, Columns, SessionRow, USER_COLUMNS, read_user};
use futures_util::future::{BoxFuture, try_join_all};
use futures_util::{FutureExt, TryStreamExt};
use tokio::task::JoinHandle;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Row, Statement};

use crate::crowd::{Question, again};
use crate::dial::{DialError, Dialer, Purpose};
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

impl Dialled for HotLine {
    fn dial(dialer: Arc<Dialer>) -> BoxFuture<'static, Result<Self, DialError>> {
        async move {
            let opening = Arc::clone(&dialer);
            let made = dialer.in_time(async move {
                let (client, driver) = opening.open(Purpose::HotQueries).await?;
                let lookup = client.prepare(&lookup_sql()).await?;
                Ok(Self { client, driver, lookup, prepared: Mutex::default() })
            });
            made.await
        }
        .boxed()
    }

    fn is_dead(&self) -> bool {
        self.driver.is_finished()
    }
}

/// Who has this login, and the booking if one is asked for.
pub(crate) struct Lookup {
    pub(crate) session: LoginSessionId,
    pub(crate) booking: Option<BookingId>,
}

impl Question for Lookup {
    type Answer = Option<(Caller, Option<Booking>)>;
    const MOST: usize = 128;

    async fn ask(line: &HotLine, questions: &[Self]) -> Result<Vec<Result<Self::Answer, StoreError>>, Trouble> {
        let sessions: Vec<i64> = questions.iter().map(|lookup| lookup.session.get()).collect();
        // No booking has this number.
        let bookings: Vec<i64> = questions.iter().map(|lookup| lookup.booking.map_or(0, BookingId::get)).collect();
        let mut answers: Vec<_> = questions.iter().map(|_| Ok(None)).collect();
        for row in line.client.query(&line.lookup, &[&sessions, &bookings]).await? {
            let mut columns = Reader::new(&row);
            let answer = place(&mut columns, &mut answers)?;
            *answer = read_found(&mut columns).map(Some);
        }
        Ok(answers)
    }
}

/// A page of a list.
#[derive(PartialEq)]
pub(crate) struct PageWish {
    pub(crate) phrase: Phrase,
    pub(crate) order: BookingOrder,
    pub(crate) page: BookingPageRequest,
}

impl Question for PageWish {
    type Answer = BookingPage;
    const MOST: usize = 32;

    async fn ask(line: &HotLine, questions: &[Self]) -> Result<Vec<Result<BookingPage, StoreError>>, Trouble> {
        let asked = kinds_of(questions).into_iter().map(async |(text, kind)| {
            Ok::<_, Trouble>(kind.pages.into_iter().zip(line.pages(&text, &kind.values).await?))
        });
        let mut answers: Vec<_> =
            questions.iter().map(|_| Err(StoreError::Corrupt("no page was found".into()))).collect();
        for (mut pages, rows) in try_join_all(asked).await?.into_iter().flatten() {
            let last = pages.pop();
            for page in pages {
                page.answer(rows.clone(), &mut answers);
            }
            if let Some(page) = last {
                page.answer(rows, &mut answers);
            }
        }
        Ok(answers)
    }
}

/// Pages that are found by one statement.
#[derive(Default)]
struct Kind<'a> {
    /// The values of each, which differ.
    values: Vec<Vec<Value>>,
    /// What is to be made of the rows that are found for them.
    pages: Vec<Vec<AskedPage<'a>>>,
}

/// What is wanted of rows, and the places of those who asked for it.
struct AskedPage<'a> {
    wish: &'a PageWish,
    askers: Vec<usize>,
}

/// The statements that find all these pages. What is the same in everything is looked for once.
fn kinds_of(questions: &[PageWish]) -> HashMap<String, Kind<'_>> {
    let mut pages: Vec<AskedPage<'_>> = Vec::new();
    for (asker, wish) in questions.iter().enumerate() {
        match pages.iter_mut().find(|page| page.wish == wish) {
            Some(page) => page.askers.push(asker),
            None => pages.push(AskedPage { wish, askers: vec![asker] }),
        }
    }
    let mut kinds: HashMap<String, Kind<'_>> = HashMap::new();
    for page in pages {
        let (text, values) = page.wish.phrase.named(|number| format!("wanted.value_{number}"));
        let kind = kinds.entry(text).or_default();
        match kind.values.iter().position(|known| *known == values) {
            Some(known) => kind.pages[known].push(page),
            None => {
                kind.values.push(values);
                kind.pages.push(vec![page]);
            }
        }
    }
    kinds
}

impl AskedPage<'_> {
    fn answer(self, rows: Rows, answers: &mut [Result<BookingPage, StoreError>]) {
        let page = rows.read().and_then(|rows| page_of(rows, self.wish.order, self.wish.page)).map_err(Arc::new);
        for asker in self.askers {
            if let Some(answer) = answers.get_mut(asker) {
                *answer = page.clone().map_err(|error| again(&error));
            }
        }
    }
}

/// The rows of a page, until one of them makes no sense.
#[derive(Clone, Default)]
struct Rows {
    good: Vec<PageRow>,
    spoilt: bool,
}

impl Rows {
    fn read(self) -> Result<Vec<PageRow>, StoreError> {
        if self.spoilt { Err(StoreError::Corrupt("a row of a page".into())) } else { Ok(self.good) }
    }
}

impl HotLine {
    /// The rows of many pages of one kind: one for each set of values.
    async fn pages(&self, text: &str, wanted: &[Vec<Value>]) -> Result<Vec<Rows>, Trouble> {
        let lists = lists_of(wanted);
        let statement = self.statement(pages_sql(text, &lists)).await?;
        let rows: Vec<Row> =
            self.client.query_raw(&statement, lists.iter().map(List::as_sql)).await?.try_collect().await?;
        let mut pages = vec![Rows::default(); wanted.len()];
        for row in &rows {
            let mut columns = Reader::new(row);
            let rows = place(&mut columns, &mut pages)?;
            match read_page_row(&mut columns) {
                Ok(row) => rows.good.push(row),
                Err(_) => rows.spoilt = true,
            }
        }
        Ok(pages)
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

/// The values of one parameter, for all pages of a kind.
enum List {
    Numbers(Vec<i64>),
    Names(Vec<&'static str>),
}

impl List {
    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Numbers(numbers) => numbers,
            Self::Names(names) => names,
        }
    }
}

/// Turns the values of each page into the values of each parameter. Pages of one kind have parameters of the same types.
fn lists_of(wanted: &[Vec<Value>]) -> Vec<List> {
    let mut lists: Vec<List> = Vec::new();
    for values in wanted {
        for (at, value) in values.iter().enumerate() {
            match (lists.get_mut(at), value) {
                (Some(List::Numbers(numbers)), Value::Number(number)) => numbers.push(*number),
                (Some(List::Names(names)), Value::Name(name)) => names.push(name),
                (_, Value::Number(number)) => lists.push(List::Numbers(vec![*number])),
                (_, Value::Name(name)) => lists.push(List::Names(vec![name])),
            }
        }
    }
    lists
}

/// A statement for many pages, made of the one for a single page in which the values have the names `wanted.value_1` and
/// so on. Each row says first which page it is of, counted from one.
fn pages_sql(text: &str, lists: &[List]) -> String {
    if lists.is_empty() {
        return format!("SELECT 1::bigint, page.* FROM ({text}) AS page");
    }
    let arrays = (1..).zip(lists).map(|(number, list)| match list {
        List::Numbers(_) => format!("${number}::bigint[]"),
        List::Names(_) => format!("${number}::text[]"),
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

/// Where the answer belongs that a row is of, which says so first, counted from one.
fn place<'a, T>(columns: &mut Reader<'_>, answers: &'a mut [T]) -> Result<&'a mut T, StoreError> {
    let number = columns.number()?;
    let place = usize::try_from(number - 1).ok().and_then(|place| answers.get_mut(place));
    place.ok_or_else(|| StoreError::Corrupt("an answer to nothing".into()))
}

fn read_page_row(columns: &mut Reader<'_>) -> Result<PageRow, StoreError> {
    let total = columns.number()?;
    Ok((total, columns.is_there()?.then(|| BookingRow::read(columns)).transpose()?))
}

fn lookup_sql() -> String {
    format!(
        "SELECT wanted.place, {}, {}, {} \
         FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS wanted (session, booking, place) \
         JOIN login_sessions ON login_sessions.id = wanted.session JOIN users ON users.id = login_sessions.user_id \
         LEFT JOIN bookings ON bookings.id = wanted.booking",
        of_table("login_sessions", &SessionRow::COLUMNS),
        of_table("users", &USER_COLUMNS),
        of_table("bookings", &BookingRow::COLUMNS),
    )
}

fn read_found(columns: &mut Reader<'_>) -> Result<(Caller, Option<Booking>), StoreError> {
    let session = SessionRow::read(columns)?;
    let caller = Caller { user: read_user(columns)?, session: session.try_into()? };
    let booking = columns.is_there()?.then(|| BookingRow::read(columns)).transpose()?;
    Ok((caller, booking.map(Booking::try_from).transpose()?))
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
