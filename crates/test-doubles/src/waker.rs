use std::sync::atomic::{AtomicU64, Ordering};

use attune_ports::OutboxWaker;

pub struct NoopWaker;

impl OutboxWaker for NoopWaker {
    fn wake(&self) {}
}

#[derive(Default)]
pub struct CountingWaker {
    wakes: AtomicU64,
}

impl CountingWaker {
    pub fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::SeqCst)
    }
}

impl OutboxWaker for CountingWaker {
    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
    }
}
