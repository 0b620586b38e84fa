//! Lists of bookings: a page and how many rows the whole list has, in one statement, so that both are of one moment.

use attune_ports::{BookingFilter, BookingPageRequest, PageStart};
use attune_sql::lists::{BookingList, PageQuery, Phrase, backwards, rows_for};
use diesel::pg::Pg;

/// No list has so many rows that its middle could be behind this.
const BEYOND: i64 = i64::MAX / 4;

/// The statement for a page. What it gives is for [`attune_sql::lists::page_of`].
///
/// How many rows are wanted is written into the text: a plan for any number of them would have to be one for many.
pub(crate) fn page_query(filter: &BookingFilter, page: BookingPageRequest) -> PageQuery<Pg> {
    let list = BookingList::planned(filter);
    match page.start {
        PageStart::Offset(0) => beginning(list.rows("*", None, filter.order), list.total(), page.limit),
        PageStart::After(place) => beginning(list.rows("*", Some(place), filter.order), list.total(), page.limit),
        PageStart::Offset(skipped) => {
            middle(&list, filter, page.limit, i64::try_from(skipped).unwrap_or(BEYOND).min(BEYOND))
        }
    }
}

/// The first of these rows.
fn beginning(rows: Phrase, total: Phrase, limit: u32) -> PageQuery<Pg> {
    let from = Phrase::default().words("FROM (").and(total).words(") AS whole LEFT JOIN (").and(rows).words(format!(
        " LIMIT {}) AS bookings ON TRUE LEFT JOIN users ON users.id = bookings.client_id",
        rows_for(limit)
    ));
    PageQuery::new(Phrase::default(), from)
}

/// The rows behind so many others, counted from the nearer end of the list. The page is cut from an index alone, so that
/// the rows before it are not looked up. Only one of the two halves of the statement is run: what the other one rests on
/// does not depend on its rows, and is looked at first.
fn middle(list: &BookingList, filter: &BookingFilter, limit: u32, skipped: i64) -> PageQuery<Pg> {
    let rows = rows_for(limit);
    let half = |condition: &'static str, order| {
        list.rows_where("id", Phrase::default().words(condition).number(skipped).words(")"), order)
    };
    let with = Phrase::default().words("WITH whole AS MATERIALIZED (").and(list.total()).words(") ");
    let from = Phrase::default()
        .words("FROM whole LEFT JOIN ((")
        .and(half(" AND (SELECT total / 2 FROM whole) >= (", filter.order))
        .words(format!(" LIMIT {rows} OFFSET "))
        .number(skipped)
        .words(") UNION ALL (")
        .and(half(" AND (SELECT total / 2 FROM whole) < (", backwards(filter.order)))
        .words(format!(" LIMIT {rows} OFFSET (SELECT greatest(total - "))
        .number(skipped)
        .words(format!(
            " - {rows}, 0) FROM whole))) AS page ON TRUE LEFT JOIN bookings ON bookings.id = page.id \
             LEFT JOIN users ON users.id = bookings.client_id"
        ));
    PageQuery::new(with, from)
}
