use attune_domain::Booking;
use attune_ports::{BookingFilter, BookingPageRequest, PageStart, Queries, StoreError};

/// Bookings read at once.
const PAGE: u32 = 200;

/// All bookings that match a filter, in its order. They are read page by page, so one that is moved meanwhile may be in two
/// places, or in none.
pub(super) async fn read_all(queries: &dyn Queries, filter: &BookingFilter) -> Result<Vec<Booking>, StoreError> {
    let (mut found, mut start) = (Vec::new(), PageStart::Offset(0));
    loop {
        let page = queries.bookings(filter, BookingPageRequest { limit: PAGE, start }).await?;
        found.extend(page.items.iter().cloned());
        let Some(next) = page.next else { return Ok(found) };
        start = PageStart::After(next);
    }
}
