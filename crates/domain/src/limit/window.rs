use core::time::Duration;

use crate::time::Timestamp;

/// The length of a sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RateWindow {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
}

impl RateWindow {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Its length in seconds.
    pub const fn secs(self) -> u64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The length of one of its [`SlidingWindow::SLOTS`] slots in seconds.
    pub const fn slot_secs(self) -> u64 {
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
            Self::Day => 1_440,
        }
    }
}

/// A sliding window: sixty slots and a running sum.
///
/// The slot that is only partly inside the window counts whole, so no span of the
/// window's length ever holds more than the limit; in return an event may count up
/// to one slot (a sixtieth of the window) too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlidingWindow {
    window: RateWindow,
    slots: [u64; Self::RING],
    newest: i64,
    sum: u64,
}

impl SlidingWindow {
    /// How many whole slots a window has.
    pub const SLOTS: usize = 60;
    /// The slots kept: the whole ones, and the one that is partly outside.
    const RING: usize = 61;

    /// An empty window.
    pub const fn new(window: RateWindow) -> Self {
        Self {
            window,
            slots: [0; Self::RING],
            newest: 0,
            sum: 0,
        }
    }

    /// What counts at `now`.
    pub fn count(&mut self, now: Timestamp) -> u64 {
        self.advance(now);
        self.sum
    }

    /// Adds to the slot of `now`.
    pub fn add(&mut self, now: Timestamp, amount: u64) {
        self.advance(now);
        let newest = self.newest;
        if let Some(slot) = self.slot(newest) {
            *slot = slot.saturating_add(amount);
            self.sum = self.sum.saturating_add(amount);
        }
    }

    /// Takes back what was added too much, newest first.
    pub fn subtract(&mut self, now: Timestamp, amount: u64) {
        self.advance(now);
        let mut left = amount.min(self.sum);
        self.sum = self.sum.saturating_sub(left);
        let newest = self.newest;
        for age in 0..=60_i64 {
            let Some(slot) = self.slot(newest.saturating_sub(age)) else {
                return;
            };
            let taken = left.min(*slot);
            *slot = slot.saturating_sub(taken);
            left = left.saturating_sub(taken);
        }
    }

    /// How long until `amount` more fits under `limit`, if nothing else comes.
    /// The whole window where it never fits.
    pub fn wait_for(&mut self, now: Timestamp, amount: u64, limit: u64) -> Duration {
        self.advance(now);
        let mut count = self.sum;
        let slot_micros = self.slot_micros();
        let newest = self.newest;
        for age in (0..=60_i64).rev() {
            if count.saturating_add(amount) <= limit {
                break;
            }
            let index = newest.saturating_sub(age);
            count = count.saturating_sub(self.slot(index).map_or(0, |slot| *slot));
            if count.saturating_add(amount) <= limit {
                let leaves_at = index.saturating_add(61).saturating_mul(slot_micros);
                return Timestamp::from_micros(leaves_at).since(now);
            }
        }
        Duration::from_secs(self.window.secs())
    }

    fn slot_micros(&self) -> i64 {
        i64::try_from(self.window.slot_secs())
            .unwrap_or(1)
            .saturating_mul(1_000_000)
    }

    fn slot(&mut self, index: i64) -> Option<&mut u64> {
        let ring = i64::try_from(Self::RING).ok()?;
        let position = usize::try_from(index.checked_rem_euclid(ring)?).ok()?;
        self.slots.get_mut(position)
    }

    /// Forgets the slots that have left the window. A clock that steps back counts
    /// into the newest slot.
    fn advance(&mut self, now: Timestamp) {
        let current = now
            .as_micros()
            .checked_div_euclid(self.slot_micros())
            .unwrap_or(0);
        let steps = current.saturating_sub(self.newest);
        if steps <= 0 {
            return;
        }
        if steps > 60 {
            self.slots = [0; Self::RING];
            self.sum = 0;
        } else {
            for step in 1..=steps {
                let index = self.newest.saturating_add(step);
                let left = self.slot(index).map_or(0, core::mem::take);
                self.sum = self.sum.saturating_sub(left);
            }
        }
        self.newest = current;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + millis * 1_000)
    }

    #[test]
    fn no_minute_ever_holds_more_than_the_limit() {
        let mut window = SlidingWindow::new(RateWindow::Minute);
        let limit = 60;
        let mut admitted: Vec<i64> = Vec::new();
        // Bursts at odd times, many at the edges of minutes.
        for step in 0..4_000_i64 {
            let millis = step * 137 + (step % 7) * 11;
            for _ in 0..=(step % 5) {
                if window.count(at(millis)) < limit {
                    window.add(at(millis), 1);
                    admitted.push(millis);
                }
            }
        }
        for (first, start) in admitted.iter().enumerate() {
            let within = admitted[first..]
                .iter()
                .take_while(|t| **t < start + 60_000)
                .count();
            assert!(within <= 60, "{within} from {start}");
        }
        assert!(
            admitted.len() > 400,
            "it lets calls through: {}",
            admitted.len()
        );
    }

    #[test]
    fn waiting_as_told_is_enough() {
        let mut window = SlidingWindow::new(RateWindow::Minute);
        window.add(at(0), 30);
        window.add(at(10_500), 30);
        let wait = window.wait_for(at(11_000), 1, 60);
        assert!(
            wait >= Duration::from_secs(49) && wait <= Duration::from_secs(51),
            "{wait:?}"
        );
        let then = at(11_000).after(wait);
        assert_eq!(window.count(then), 30);
        assert_eq!(window.wait_for(then, 100, 60), Duration::from_secs(60));
    }

    #[test]
    fn what_was_added_too_much_comes_back() {
        let mut window = SlidingWindow::new(RateWindow::Hour);
        window.add(at(0), 10);
        window.add(at(200_000), 10);
        window.subtract(at(200_000), 15);
        assert_eq!(window.count(at(200_000)), 5);
        window.subtract(at(200_000), 50);
        assert_eq!(window.count(at(200_000)), 0);
    }
}
