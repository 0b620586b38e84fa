//! What a store is doing, for operators.

/// The state of a store at one moment. To read it takes no time worth mentioning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreActivity {
    /// Its groups of connections.
    pub pools: Vec<PoolActivity>,
    /// Its reads that share statements or transactions.
    pub batches: Vec<BatchActivity>,
}

/// A group of connections, of which a call needs one for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolActivity {
    /// What they are for: `write`, `read` or `lookup`.
    pub name: &'static str,
    /// The most connections that there can be.
    pub size: u64,
    /// Those that are open.
    pub open: u64,
    /// Open ones that no call is using.
    pub idle: u64,
    /// Calls that wait for a connection.
    pub waiting: u64,
    /// Calls that waited for one in vain, since the store was opened.
    pub timeouts: u64,
}

/// Reads that are done together with others of the same moment, since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchActivity {
    /// What is read: `caller`, `page` or `lookup`.
    pub name: &'static str,
    /// Batches, each a statement or a transaction.
    pub batches: u64,
    /// Reads in all of them.
    pub reads: u64,
}
