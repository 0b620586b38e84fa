use std::sync::atomic::{AtomicU64, Ordering};

use attune_ports::Random;

/// Bytes that look random and are the same in every run; they are predictable.
pub struct SequenceRandom {
    position: AtomicU64,
}

impl SequenceRandom {
    /// Each seed has a sequence of its own.
    pub fn new(seed: u64) -> Self {
        Self { position: AtomicU64::new(seed.wrapping_mul(0xd134_2543_de82_ef95)) }
    }
}

impl Random for SequenceRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            // A Weyl sequence and the mixing function of SplitMix64: well distributed, and no value repeats.
            let step = self.position.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let bytes = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}
