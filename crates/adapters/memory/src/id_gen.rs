use core::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;
use vuzo_domain::port::IdGen;

/// Ids that count up, and bytes that anybody can foretell. For tests only.
#[derive(Debug, Default)]
pub struct SequentialIds {
    next: AtomicU64,
}

impl SequentialIds {
    /// Ids from the first on.
    pub fn new() -> Self {
        Self::default()
    }

    fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

impl IdGen for SequentialIds {
    fn uuid(&self) -> Uuid {
        // The number stands where a version 7 keeps its milliseconds, so that the
        // ids sort like those of production.
        let number = u128::from(self.next());
        Uuid::from_u128((number << 80) | (0x7 << 76) | (0b10 << 62) | number)
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            // An odd multiplier spreads the count over all bytes.
            let spread = self.next().wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let bytes = spread.to_le_bytes();
            for (slot, byte) in chunk.iter_mut().zip(bytes) {
                *slot = byte;
            }
        }
    }
}
