//! Lists of bookings, in words that both databases know and Diesel does not: rows compared as a whole, and a total that
//! comes with the page it belongs to.

use std::borrow::Cow;

use attune_domain::Booking;
use attune_ports::{
    BookingCursor, BookingFilter, BookingOrder, BookingPage, BookingPageRequest, PageStart, StoreError,
};
use diesel::backend::Backend;
use diesel::dsl::SqlTypeOf;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Nullable, Text};

use crate::map::millis;
use crate::rows::BookingRow;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(Cow<'static, str>),
    Number(i64),
    Name(&'static str),
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value {
    /// A number.
    Number(i64),
    /// One of our names for things.
    Name(&'static str),
}

/// A part of a statement, with the values that belong into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phrase(Vec<Piece>);

impl Phrase {
    /// Goes on with these words.
    #[must_use]
    pub fn words(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Words(words.into()));
        self
    }

    /// Goes on with a number, as a parameter.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        self.0.push(Piece::Number(number));
        self
    }

    /// Goes on with one of our names for things, as a parameter.
    #[must_use]
    fn name(mut self, name: &'static str) -> Self {
        self.0.push(Piece::Name(name));
        self
    }

    /// The text, with a name for each of its parameters, counted from one, and their values.
    pub fn named(&self, name: impl Fn(usize) -> String) -> (String, Vec<Value>) {
        let (mut text, mut values) = (String::with_capacity(1024), Vec::new());
        for piece in &self.0 {
            let value = match piece {
                Piece::Words(words) => {
                    text.push_str(words);
                    continue;
                }
                Piece::Number(number) => Value::Number(*number),
                Piece::Name(name) => Value::Name(name),
            };
            values.push(value);
            text.push_str(&name(values.len()));
        }
        (text, values)
    }

    /// Goes on with another phrase.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }
}

impl<DB> QueryFragment<DB> for Phrase
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for piece in &self.0 {
            match piece {
                Piece::Words(words) => out.push_sql(words),
                Piece::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Piece::Name(name) => out.push_bind_param::<Text, str>(name)?,
            }
        }
        Ok(())
    }
}

/// Which part of a table a list is, and by which index it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingList {
    filter: BookingFilter,
    /// Whether the index is named in the statement.
    names_index: bool,
}

impl BookingList {
    /// A list of which the planner decides how it is read, because it knows what is in the tables.
    pub fn planned(filter: &BookingFilter) -> Self {
        Self { filter: *filter, names_index: false }
    }

    /// A list that is read by the index named in the statement.
    pub fn by_index(filter: &BookingFilter) -> Self {
        Self { filter: *filter, names_index: true }
    }

    /// The table, with the index whose first columns are the filter's and whose last ones are the list's order. A client
    /// has few bookings and a therapist not many, so other conditions are looked at row by row there.
    fn table(&self) -> &'static str {
        let BookingFilter { client, therapist, status, payment_status, .. } = self.filter;
        if !self.names_index {
            return "bookings";
        }
        match (client, therapist, status, payment_status) {
            (Some(_), ..) => "bookings INDEXED BY bookings_by_client",
            (None, Some(_), ..) => "bookings INDEXED BY bookings_by_therapist",
            (None, None, Some(_), Some(_)) => "bookings INDEXED BY bookings_by_both",
            (None, None, Some(_), None) => "bookings INDEXED BY bookings_by_status",
            (None, None, None, Some(_)) => "bookings INDEXED BY bookings_by_payment_status",
            (None, None, None, None) => "bookings INDEXED BY bookings_by_start",
        }
    }

    /// ` WHERE …`, for the rows that the filter lets through.
    fn matching(&self) -> Phrase {
        let BookingFilter { client, therapist, status, payment_status, from, to, order: _ } = self.filter;
        let mut phrase = Phrase::default().words(" WHERE TRUE");
        let numbers = [
            (" AND client_id = ", client.map(|id| id.get())),
            (" AND therapist_id = ", therapist.map(|id| id.get())),
            (" AND scheduled_at >= ", from.map(millis)),
            (" AND scheduled_at < ", to.map(millis)),
        ];
        let names = [
            (" AND status = ", status.map(|status| status.as_str())),
            (" AND payment_status = ", payment_status.map(|status| status.as_str())),
        ];
        for (words, name) in names {
            if let Some(name) = name {
                phrase = phrase.words(words).name(name);
            }
        }
        for (words, number) in numbers {
            if let Some(number) = number {
                phrase = phrase.words(words).number(number);
            }
        }
        phrase
    }

    /// Whether counting the rows takes no long walk: the database keeps count of them, or they are one client's.
    pub fn is_short_to_count(&self) -> bool {
        self.filter.client.is_some() || self.is_kept_count_of()
    }

    fn is_kept_count_of(&self) -> bool {
        let BookingFilter { client, therapist, status: _, payment_status: _, from, to, order: _ } = self.filter;
        client.is_none() && therapist.is_none() && from.is_none() && to.is_none()
    }

    /// `SELECT …`, for how many rows the list has. What the database keeps count of is not counted.
    pub fn total(&self) -> Phrase {
        let select = if self.is_kept_count_of() {
            "SELECT CAST(coalesce(sum(rows), 0) AS BIGINT) AS total FROM booking_counts".to_owned()
        } else {
            format!("SELECT count(*) AS total FROM {}", self.table())
        };
        Phrase::default().words(select).and(self.matching())
    }

    /// `SELECT … ORDER BY …`, for some columns of the rows behind a place, from one end or the other.
    pub fn rows(&self, columns: &'static str, after: Option<BookingCursor>, order: BookingOrder) -> Phrase {
        let than = match order {
            BookingOrder::Earliest => ">",
            BookingOrder::Latest => "<",
        };
        let behind = after.map(|BookingCursor { scheduled_at, id }| {
            Phrase::default()
                .words(format!(" AND (scheduled_at, id) {than} ("))
                .number(millis(scheduled_at))
                .words(", ")
                .number(id.get())
                .words(")")
        });
        self.rows_where(columns, behind.unwrap_or_default(), order)
    }

    /// The same for the rows that fulfil another condition, ` AND …`, too.
    pub fn rows_where(&self, columns: &'static str, condition: Phrase, order: BookingOrder) -> Phrase {
        let direction = match order {
            BookingOrder::Earliest => "ASC",
            BookingOrder::Latest => "DESC",
        };
        Phrase::default()
            .words(format!("SELECT {columns} FROM {}", self.table()))
            .and(self.matching())
            .and(condition)
            .words(format!(" ORDER BY scheduled_at {direction}, id {direction}"))
    }
}

/// The order that begins at the other end.
pub fn backwards(order: BookingOrder) -> BookingOrder {
    match order {
        BookingOrder::Earliest => BookingOrder::Latest,
        BookingOrder::Latest => BookingOrder::Earliest,
    }
}

/// How many rows to ask for, so that it is known whether more follow. There are few such numbers, because each one makes
/// another statement for the database to prepare.
pub fn rows_for(limit: u32) -> u32 {
    let one_more = limit.saturating_add(1);
    [11, 51, 201].into_iter().find(|rows| *rows >= one_more).unwrap_or(one_more)
}

/// `SELECT` a total, and whole bookings.
///
/// What follows is `FROM …`, with a table of one row that has the `total`, and the table `bookings` joined to it in a way
/// that leaves this row when it has none.
pub struct PageQuery<DB: Backend> {
    with: Phrase,
    booking: Columns<BookingRow, DB>,
    from: Phrase,
}

type Columns<T, DB> = <T as Selectable<DB>>::SelectExpression;

impl<DB: Backend> PageQuery<DB> {
    /// A statement that begins with `with`, and goes on with `from` after its columns.
    pub fn new(with: Phrase, from: Phrase) -> Self {
        Self { with, booking: <BookingRow as Selectable<DB>>::construct_selection(), from }
    }
}

impl<DB: Backend> Query for PageQuery<DB> {
    type SqlType = (BigInt, Nullable<SqlTypeOf<Columns<BookingRow, DB>>>);
}

impl<DB: Backend> QueryId for PageQuery<DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, Connection> RunQueryDsl<Connection> for PageQuery<DB> {}

impl<DB> QueryFragment<DB> for PageQuery<DB>
where
    DB: Backend,
    Phrase: QueryFragment<DB>,
    Columns<BookingRow, DB>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.with.walk_ast(out.reborrow())?;
        out.push_sql("SELECT total, ");
        self.booking.walk_ast(out.reborrow())?;
        out.push_sql(" ");
        self.from.walk_ast(out)
    }
}

/// [`BookingList::total`] as a question of its own.
pub struct TotalQuery(pub Phrase);

impl Query for TotalQuery {
    type SqlType = BigInt;
}

impl QueryId for TotalQuery {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Connection> RunQueryDsl<Connection> for TotalQuery {}

impl<DB: Backend> QueryFragment<DB> for TotalQuery
where
    Phrase: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

/// What a [`PageQuery`] gives.
pub type PageRow = (i64, Option<BookingRow>);

/// The page that was asked for, out of the rows that were found: [`rows_for`] its limit, from its start on, or up to the
/// end of the list if that comes first.
///
/// Errors: [`StoreError::Corrupt`] for rows that make no sense.
pub fn page_of(rows: Vec<PageRow>, order: BookingOrder, page: BookingPageRequest) -> Result<BookingPage, StoreError> {
    let Some((total, ..)) = rows.first() else { return Err(StoreError::Corrupt("a page without a total".into())) };
    let total = u64::try_from(*total).map_err(|e| StoreError::Corrupt(e.into()))?;
    let mut items = Vec::with_capacity(rows.len());
    for (_, booking) in rows {
        if let Some(booking) = booking {
            items.push(Booking::try_from(booking)?);
        }
    }
    // Nearly always they are in order already.
    items.sort_unstable_by(|one, other| {
        let earlier = BookingCursor::from(one).cmp(&BookingCursor::from(other));
        if order == BookingOrder::Latest { earlier.reverse() } else { earlier }
    });
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = match page.start {
        PageStart::After(_) => items.len() > limit,
        PageStart::Offset(offset) => {
            // A page that was cut from the end of the list begins too early where the list is too short behind it.
            let left = usize::try_from(total.saturating_sub(offset)).unwrap_or(usize::MAX);
            items.drain(..items.len().saturating_sub(left));
            left > limit
        }
    };
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(BookingCursor::from);
    Ok(BookingPage { items: items.into(), total, next })
}
