//! Hybrid clock: wall time that never runs backwards. It orders what is concurrent; nothing is
//! ever refused for its time, because our own clock may be the wrong one.
//!
//! ```
//! use polder_picture::clock::{Clock, Hlc};
//!
//! let mut clock = Clock::default();
//! let first = clock.tick(1_000);
//! assert!(clock.tick(900) > first, "wall time went back, the clock did not");
//! assert_eq!(Hlc::millis(first), 1_000);
//! ```

/// A remote clock moves ours by at most this.
const LEAD_MAX_MS: u64 = 5 * 60 * 1000;

/// Reading of a hybrid clock: milliseconds since 1970 above, a counter in the lower 16 bits.
#[derive(Debug, Clone, Copy)]
pub struct Hlc;

impl Hlc {
    /// The wall-time part, in milliseconds since 1970.
    pub fn millis(reading: u64) -> i64 {
        (reading >> 16) as i64
    }
}

/// A node's hybrid clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    last: u64,
}

impl Clock {
    /// Goes on after the last reading that was stored.
    pub fn after(last: u64) -> Self {
        Self { last }
    }

    /// A new reading, later than all before.
    pub fn tick(&mut self, wall_ms: i64) -> u64 {
        let wall = (wall_ms.max(0) as u64) << 16;
        self.last = wall.max(self.last + 1);
        self.last
    }

    /// Takes note of a remote reading: ours moves past it, but never far ahead of the wall.
    pub fn observe(&mut self, remote: u64, wall_ms: i64) {
        let ceiling = (wall_ms.max(0) as u64 + LEAD_MAX_MS) << 16;
        self.last = self.last.max(remote.min(ceiling));
    }

    /// Last reading.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// True when the wall lags so far behind what was stored that one of the two is wrong.
    pub fn doubts(&self, wall_ms: i64) -> bool {
        Hlc::millis(self.last) > wall_ms + LEAD_MAX_MS as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_clock_moves_ours_by_at_most_five_minutes() {
        let mut clock = Clock::default();
        clock.tick(1_000_000);
        clock.observe((1_000_000 + 86_400_000) << 16, 1_000_000);
        assert_eq!(Hlc::millis(clock.last()), 1_000_000 + 300_000);
        assert!(!clock.doubts(1_000_000));
        assert!(clock.doubts(0));
    }
}
