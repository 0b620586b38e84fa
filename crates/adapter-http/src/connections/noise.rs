//! What strangers do to connections, counted. An attack is worth a line in a minute, not a line for each request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use attune_http_common::network_name;

/// Networks that are counted separately in one period.
const COUNTED: usize = 1_000;

/// Networks that have a line of their own.
const REPORTED: usize = 20;

/// How a connection ended that did not end well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its network had too many.
    Refused,
    /// The client did not take a response, or did not complete a request.
    TimedOut,
    /// What the client sent was no HTTP.
    Unparsable,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    refused: u64,
    timed_out: u64,
    unparsable: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.refused += other.refused;
        self.timed_out += other.timed_out;
        self.unparsable += other.unparsable;
    }

    fn total(self) -> u64 {
        self.refused + self.timed_out + self.unparsable
    }
}

impl From<Kind> for Counts {
    fn from(kind: Kind) -> Self {
        let mut counts = Self::default();
        match kind {
            Kind::Refused => counts.refused = 1,
            Kind::TimedOut => counts.timed_out = 1,
            Kind::Unparsable => counts.unparsable = 1,
        }
        counts
    }
}

/// The counts of one period.
#[derive(Default)]
struct Table {
    networks: HashMap<String, Counts>,
    /// Of all networks that found no place.
    others: Counts,
}

impl Table {
    fn add(&mut self, network: String, counts: Counts) {
        let full = self.networks.len() >= COUNTED;
        match self.networks.entry(network) {
            Entry::Occupied(mut known) => known.get_mut().add(counts),
            Entry::Vacant(_) if full => self.others.add(counts),
            Entry::Vacant(new) => drop(new.insert(counts)),
        }
    }

    /// A line for each of the noisiest networks, and one for all others.
    fn lines(self) -> Vec<(String, Counts)> {
        let mut lines: Vec<_> = self.networks.into_iter().collect();
        lines.sort_by(|(a, one), (b, other)| other.total().cmp(&one.total()).then_with(|| a.cmp(b)));
        let mut others = self.others;
        lines.drain(REPORTED.min(lines.len())..).for_each(|(_, counts)| others.add(counts));
        if others != Counts::default() {
            lines.push(("others".to_owned(), others));
        }
        lines
    }
}

/// Counts, and reports once in a period.
pub(super) struct Noise {
    period: Duration,
    /// Of the current period, which starts with the first event after the previous one.
    table: Arc<Mutex<Option<Table>>>,
}

impl Noise {
    pub(super) fn new(period: Duration) -> Self {
        Self { period, table: Arc::default() }
    }

    /// Counts an event. Has to be called on a thread of the server.
    pub(super) fn record(&self, address: IpAddr, kind: Kind) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.is_none() {
            let (period, table) = (self.period, self.table.clone());
            actix_web::rt::spawn(async move {
                tokio::time::sleep(period).await;
                let ended = table.lock().unwrap_or_else(PoisonError::into_inner).take();
                ended.into_iter().flat_map(Table::lines).for_each(|(network, counts)| report(&network, counts));
            });
        }
        table.get_or_insert_default().add(network_name(address), kind.into());
    }
}

fn report(network: &str, Counts { refused, timed_out, unparsable }: Counts) {
    tracing::warn!(network, refused, timed_out, unparsable, "connections of a network failed");
}

#[cfg(test)]
mod tests;
