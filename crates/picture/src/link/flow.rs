//! How much may be on its way. The receiver grants bytes: about twice what the link carries in one
//! round trip, so that a thin link is full and yet an urgent record never waits behind minutes of
//! others.

/// Before anything was measured: little enough for a radio link.
pub const CREDIT_START: u32 = 4 * 1024;
const WINDOW_MIN: u64 = 2 * 1024;
const WINDOW_MAX: u64 = 4 << 20;
/// So much more than the round trips need: schedulers are no faster, and parts no smaller.
const SLACK_US: u64 = 150_000;
const SAMPLES: usize = 8;

/// The receiving half: measures and grants.
#[derive(Debug)]
pub struct Grants {
    window: u64,
    /// Granted and not used yet; below zero after an urgent overdraft.
    open: i64,
    round_trip_us: Option<u64>,
    rates: [u64; SAMPLES],
    rate_at: usize,
    since_us: u64,
    received: u64,
}

impl Default for Grants {
    fn default() -> Self {
        Self {
            window: u64::from(CREDIT_START),
            open: i64::from(CREDIT_START),
            round_trip_us: None,
            rates: [0; SAMPLES],
            rate_at: 0,
            since_us: 0,
            received: 0,
        }
    }
}

impl Grants {
    /// Bytes came. False: more than was granted, counting an urgent overdraft.
    pub fn received(&mut self, bytes: u64, now_us: u64) -> bool {
        if bytes as i64 > self.open + OVERDRAFT as i64 {
            return false;
        }
        self.open -= bytes as i64;
        if self.received == 0 {
            // An idle time before the first byte says nothing about the link.
            self.since_us = self.since_us.max(now_us);
        }
        self.received += bytes;
        true
    }

    /// A ping came back. The shortest of the session counts: later ones wait in the very queue
    /// that the window allows, and a window that follows them grows without end.
    pub fn round_trip(&mut self, us: u64) {
        let us = us.max(1);
        self.round_trip_us = Some(self.round_trip_us.map_or(us, |known| known.min(us)));
    }

    /// The shortest round trip of this session.
    pub fn round_trip_us(&self) -> Option<u64> {
        self.round_trip_us
    }

    /// Bytes a second that the link was seen to carry.
    pub fn rate(&self) -> u64 {
        self.rates.iter().copied().max().unwrap_or_default()
    }

    /// What to grant now; 0: nothing.
    pub fn grant(&mut self, now_us: u64) -> u32 {
        let round_trip = self.round_trip_us().unwrap_or(SLACK_US);
        let passed = now_us.saturating_sub(self.since_us);
        let full = self.received >= self.window / 4;
        if passed >= round_trip.saturating_mul(2).max(20_000) && self.received > 0 {
            if full {
                self.rates[self.rate_at % SAMPLES] = self.received * 1_000_000 / passed;
                self.rate_at += 1;
                // A peer may say anything of its round trip.
                let reach = round_trip.saturating_mul(2).saturating_add(SLACK_US);
                let wanted = self.rate().saturating_mul(reach) / 1_000_000;
                self.window = wanted.clamp(WINDOW_MIN, WINDOW_MAX);
            }
            self.received = 0;
        }
        let missing = self.window as i64 - self.open;
        if missing < self.window as i64 / 8 {
            return 0;
        }
        self.open += missing;
        missing as u32
    }
}

/// An urgent part may be sent though nothing is granted, so that it never waits for a grant.
pub const OVERDRAFT: u64 = 4 * 1024;

/// A frame is so much larger than its data at most: names, hashes, keys.
const FRAME_BYTES: i64 = 320;
/// A smaller part is not worth its frame.
const PART_BYTES_MIN: usize = 512;

/// The sending half: what may still be sent.
#[derive(Debug)]
pub struct Credit {
    bytes: i64,
    /// As the other side measured it; 0: not known.
    pub rate: u64,
}

impl Credit {
    /// What the other side's hello grants.
    pub fn new(bytes: u32) -> Self {
        Self { bytes: i64::from(bytes), rate: 0 }
    }

    /// More was granted.
    pub fn granted(&mut self, bytes: u32, rate: u32) {
        // Whoever grants without measure gets no larger a queue for it.
        self.bytes = (self.bytes + i64::from(bytes)).min(4 * WINDOW_MAX as i64);
        if rate > 0 {
            self.rate = u64::from(rate);
        }
    }

    /// Data that the next frame may hold; `None`: too little to be worth a frame.
    pub fn room(&self, urgent: bool) -> Option<usize> {
        let open = self.bytes + if urgent { OVERDRAFT as i64 } else { 0 };
        let wanted = self.part_bytes();
        let room = usize::try_from(open - FRAME_BYTES).ok()?.min(wanted);
        (room >= wanted.min(PART_BYTES_MIN)).then_some(room)
    }

    /// A frame went.
    pub fn used(&mut self, bytes: usize) {
        self.bytes -= bytes as i64;
    }

    /// Data of one part: a tenth of a second, so that urgent ones overtake soon.
    fn part_bytes(&self) -> usize {
        match self.rate {
            0 => 1024,
            rate => (rate / 10).clamp(768, 64 * 1024) as usize,
        }
    }

    /// Records of one transfer: about a second's worth.
    pub fn transfer_bytes(&self) -> usize {
        match self.rate {
            0 => 16 * 1024,
            rate => rate.clamp(2 * 1024, 512 * 1024) as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link that carries `rate` bytes a second with this round trip, always full.
    fn window_on(rate: u64, round_trip_us: u64) -> u64 {
        let mut grants = Grants::default();
        grants.round_trip(round_trip_us);
        let (mut now, mut credit) = (0, u64::from(CREDIT_START));
        for _ in 0..400 {
            let bytes = credit.min(512.min(rate / 20 + 1));
            if bytes == 0 {
                now += round_trip_us;
                credit += u64::from(grants.grant(now)).max(1);
                continue;
            }
            credit -= bytes;
            now += bytes * 1_000_000 / rate;
            assert!(grants.received(bytes, now));
            credit += u64::from(grants.grant(now));
        }
        grants.window
    }

    #[test]
    fn the_window_is_about_two_round_trips_of_what_the_link_carries() {
        let satellite = window_on(8_000, 700_000);
        assert!((8_000..16_000).contains(&satellite), "{satellite}");
        let radio = window_on(875, 3_000_000);
        assert!((3_000..6_500).contains(&radio), "{radio}");
    }

    #[test]
    fn more_than_granted_is_noticed() {
        let mut grants = Grants::default();
        assert!(!grants.received(u64::from(CREDIT_START) + OVERDRAFT + 1, 0));
        assert!(grants.received(u64::from(CREDIT_START) + OVERDRAFT, 0));
        assert!(!grants.received(1, 0));
    }
}
