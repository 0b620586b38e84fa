//! Pages of bookings: the rows and the total of the list in one statement, so that both are of one moment.

use std::sync::LazyLock;

use attune_ports::{BookingFilter, BookingPageRequest, PageStart};
use attune_sql::BookingRow;
use attune_sql::lists::{BookingList, PageQuery, Phrase, backwards, rows_for};
use diesel::pg::Pg;

use crate::reads::prepared::of_table;

static SELECT_SHORT: LazyLock<String> =
    LazyLock::new(|| format!("SELECT total, {} ", of_table("bookings", BookingRow::COLUMNS)));

/// More rows than any list has.
const BEYOND: i64 = i64::MAX / 4;

/// The statement for a page. Its rows are for [`attune_sql::lists::page_of`].
///
/// The limit is part of the text: a plan for any limit would be one for many rows.
pub(crate) enum PageStatement {
    /// Takes the same time for any page of any list: the total, and the columns of [`BookingRow::read`].
    Short(Phrase),
    /// May have to count or to skip many rows.
    Long(PageQuery<Pg>),
}

pub(crate) fn page_statement(filter: &BookingFilter, page: BookingPageRequest) -> PageStatement {
    let list = BookingList::planned(filter);
    let place = match page.start {
        PageStart::Offset(0) => None,
        PageStart::After(place) => Some(place),
        PageStart::Offset(skipped) => {
            let skipped = i64::try_from(skipped).unwrap_or(BEYOND).min(BEYOND);
            return PageStatement::Long(middle(&list, filter, page.limit, skipped));
        }
    };
    let from = beginning(list.rows("*", place, filter.order), list.total(), page.limit);
    if list.is_short_to_count() {
        PageStatement::Short(Phrase::default().words(SELECT_SHORT.as_str()).and(from))
    } else {
        PageStatement::Long(PageQuery::new(Phrase::default(), from))
    }
}

fn beginning(rows: Phrase, total: Phrase, limit: u32) -> Phrase {
    Phrase::default()
        .words("FROM (")
        .and(total)
        .words(") AS whole LEFT JOIN (")
        .and(rows)
        .words(format!(" LIMIT {}) AS bookings ON TRUE", rows_for(limit)))
}

/// The rows after so many others, counted from the nearer end of the list. The page is cut from an index alone, so that
/// the rows before it are not read. Only one half of the statement is run: the condition of the other one does not depend
/// on its rows, and is evaluated first.
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
        .words(format!(" - {rows}, 0) FROM whole))) AS page ON TRUE LEFT JOIN bookings ON bookings.id = page.id"));
    PageQuery::new(with, from)
}
