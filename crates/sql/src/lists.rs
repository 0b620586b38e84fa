//! Lists of bookings, in SQL that both databases support and Diesel cannot express: comparisons of row values, and a total
//! that is returned with its page.

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

use crate::map::{count, millis};
use crate::rows::{BookingRow, FromRow};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(Cow<'static, str>),
    Number(i64),
    Text(Cow<'static, str>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    Number(i64),
    Text(Cow<'static, str>),
}

/// A part of a statement with the values of its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phrase(Vec<Piece>);

impl Phrase {
    #[must_use]
    pub fn words(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Words(words.into()));
        self
    }

    /// Appends a parameter.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        self.0.push(Piece::Number(number));
        self
    }

    #[must_use]
    fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Text(text.into()));
        self
    }

    /// The text, with a name for each parameter, numbered from one, and the values of the parameters.
    pub fn named(&self, name: impl Fn(usize) -> String) -> (String, Vec<Value>) {
        let (mut text, mut values) = (String::with_capacity(1024), Vec::new());
        for piece in &self.0 {
            let value = match piece {
                Piece::Words(words) => {
                    text.push_str(words);
                    continue;
                }
                Piece::Number(number) => Value::Number(*number),
                Piece::Text(text) => Value::Text(text.clone()),
            };
            values.push(value);
            text.push_str(&name(values.len()));
        }
        (text, values)
    }

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
                Piece::Text(text) => out.push_bind_param::<Text, str>(text)?,
            }
        }
        Ok(())
    }
}

/// A filtered list, and whether the statement names the index to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingList {
    filter: BookingFilter,
    names_index: bool,
}

impl BookingList {
    /// The database's planner chooses the index, because it has statistics about the tables.
    pub fn planned(filter: &BookingFilter) -> Self {
        Self { filter: filter.clone(), names_index: false }
    }

    /// The statement names the index.
    pub fn by_index(filter: &BookingFilter) -> Self {
        Self { filter: filter.clone(), names_index: true }
    }

    /// The table, with the index that starts with the columns of the filter and ends with those of the order. A client or
    /// therapist has few enough bookings that other conditions are checked row by row.
    fn table(&self) -> &'static str {
        let BookingFilter { client, ref search, therapist, series, status, payment_status, .. } = self.filter;
        if !self.names_index {
            return "bookings";
        }
        if series.is_some() {
            return "bookings INDEXED BY bookings_by_series";
        }
        if search.is_some() {
            return "bookings INDEXED BY bookings_by_client";
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

    /// The ` WHERE …` clause.
    fn matching(&self) -> Phrase {
        let BookingFilter { client, ref search, therapist, series, status, payment_status, from, to, order: _ } =
            self.filter;
        let mut phrase = Phrase::default().words(" WHERE TRUE");
        let numbers = [
            (" AND client_id = ", client.map(|id| id.get())),
            (" AND therapist_id = ", therapist.map(|id| id.get())),
            (" AND series_id = ", series.map(|id| id.get())),
            (" AND scheduled_at >= ", from.map(millis)),
            (" AND scheduled_at < ", to.map(millis)),
        ];
        let names = [
            (" AND status = ", status.map(|status| status.as_str())),
            (" AND payment_status = ", payment_status.map(|status| status.as_str())),
        ];
        for (words, name) in names {
            if let Some(name) = name {
                phrase = phrase.words(words).text(name);
            }
        }
        for (words, number) in numbers {
            if let Some(number) = number {
                phrase = phrase.words(words).number(number);
            }
        }
        if let Some(search) = search {
            phrase = phrase.words(" AND client_id IN (SELECT id FROM users WHERE TRUE");
            for word in search.words() {
                phrase = phrase.words(" AND search_text LIKE ").text(contains(word)).words(" ESCAPE '!'");
            }
            phrase = phrase.words(")");
        }
        phrase
    }

    /// Whether the total is cheap: the database maintains it, or it is that of one client or series.
    pub fn is_short_to_count(&self) -> bool {
        let is_of_one = self.filter.client.is_some() || self.filter.series.is_some();
        self.filter.search.is_none() && (is_of_one || self.has_maintained_count())
    }

    fn has_maintained_count(&self) -> bool {
        let BookingFilter { client, ref search, therapist, series, status: _, payment_status: _, from, to, order: _ } =
            self.filter;
        client.is_none()
            && series.is_none()
            && search.is_none()
            && therapist.is_none()
            && from.is_none()
            && to.is_none()
    }

    /// The `SELECT` of the number of rows in the list.
    pub fn total(&self) -> Phrase {
        let select = if self.has_maintained_count() {
            "SELECT CAST(coalesce(sum(rows), 0) AS BIGINT) AS total FROM booking_counts".to_owned()
        } else {
            format!("SELECT count(*) AS total FROM {}", self.table())
        };
        Phrase::default().words(select).and(self.matching())
    }

    /// The `SELECT … ORDER BY …` of the rows after a cursor.
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

    /// The same with another condition, ` AND …`.
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

/// The pattern of texts that contain this one, for `LIKE … ESCAPE '!'`.
pub fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

pub fn backwards(order: BookingOrder) -> BookingOrder {
    match order {
        BookingOrder::Earliest => BookingOrder::Latest,
        BookingOrder::Latest => BookingOrder::Earliest,
    }
}

/// How many rows to select, at least one more than the limit to see whether more follow. Rounded up to a few numbers,
/// because each number is another statement for the database to prepare.
pub fn rows_for(limit: u32) -> u32 {
    let one_more = limit.saturating_add(1);
    [11, 51, 201].into_iter().find(|rows| *rows >= one_more).unwrap_or(one_more)
}

/// `SELECT` a total and the columns of bookings.
///
/// `from` joins a table of one row, with the `total`, to `bookings` such that this row remains for an empty page.
pub struct PageQuery<DB: Backend> {
    with: Phrase,
    booking: Columns<BookingRow, DB>,
    from: Phrase,
}

type Columns<T, DB> = <T as Selectable<DB>>::SelectExpression;

impl<DB: Backend> PageQuery<DB> {
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

/// [`BookingList::total`] as a statement of its own.
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

/// A row of a [`PageQuery`].
pub type PageRow = (i64, Option<BookingRow>);

/// The page out of the selected rows: [`rows_for`] its limit, from its start or, if that comes first, up to the end of the
/// list.
pub fn page_of(rows: Vec<PageRow>, order: BookingOrder, page: BookingPageRequest) -> Result<BookingPage, StoreError> {
    let Some((total, ..)) = rows.first() else { return Err(StoreError::Corrupt("a page without a total".into())) };
    let total = count(*total)?;
    let mut items = Vec::with_capacity(rows.len());
    for (_, booking) in rows {
        if let Some(booking) = booking {
            items.push(Booking::from_row(booking)?);
        }
    }
    // Nearly always they are sorted already.
    items.sort_unstable_by(|one, other| {
        let earlier = BookingCursor::from(one).cmp(&BookingCursor::from(other));
        if order == BookingOrder::Latest { earlier.reverse() } else { earlier }
    });
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = match page.start {
        PageStart::After(_) => items.len() > limit,
        PageStart::Offset(offset) => {
            // A page that was cut from the end of the list begins too early when fewer rows follow than were selected.
            let left = usize::try_from(total.saturating_sub(offset)).unwrap_or(usize::MAX);
            items.drain(..items.len().saturating_sub(left));
            left > limit
        }
    };
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(BookingCursor::from);
    Ok(BookingPage { items: items.into(), total, next })
}
