//! Whoever guesses must wait, longer each time. Counted for each name and address, so that nobody
//! locks a colleague out from elsewhere, and more generously for the name alone, so that a guesser
//! with many addresses gets no further.

use std::{collections::HashMap, net::IpAddr};

use parking_lot::Mutex;
use polder_picture::refusal::{Class, Refusal};

/// Failures that cost nothing.
const FREE: u32 = 5;
/// The same for a name, from everywhere together.
const FREE_FOR_NAME: u32 = 50;
/// The longest wait of one address, and of a name.
const WAIT_MAX_MS: i64 = 15 * 60_000;
const WAIT_MAX_FOR_NAME_MS: i64 = 60_000;
/// After so long without failure all is forgotten.
const FORGOTTEN_MS: i64 = 3_600_000;
/// Names and addresses that are remembered.
const TRACES_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    From(String, Option<IpAddr>),
    Name(String),
}

#[derive(Debug, Clone, Copy, Default)]
struct Trace {
    failures: u32,
    last_ms: i64,
}

impl Trace {
    fn wait_ms(self, free: u32, longest: i64) -> i64 {
        let Some(over) = self.failures.checked_sub(free) else { return 0 };
        (1_000_i64 << over.min(20)).min(longest)
    }
}

/// Who failed how often.
#[derive(Debug, Default)]
pub struct Patience {
    traces: Mutex<HashMap<Key, Trace>>,
}

impl Patience {
    fn keys(name: &str, from: Option<IpAddr>) -> [(Key, u32, i64); 2] {
        [
            (Key::From(name.to_owned(), from), FREE, WAIT_MAX_MS),
            (Key::Name(name.to_owned()), FREE_FOR_NAME, WAIT_MAX_FOR_NAME_MS),
        ]
    }

    /// Refuses who must wait still.
    pub fn check(&self, name: &str, from: Option<IpAddr>, now_ms: i64) -> Result<(), Refusal> {
        let traces = self.traces.lock();
        let waits = Self::keys(name, from).map(|(key, free, longest)| {
            let trace = traces.get(&key).copied().unwrap_or_default();
            trace.last_ms + trace.wait_ms(free, longest) - now_ms
        });
        match waits.into_iter().max() {
            Some(wait_ms) if wait_ms > 0 => {
                let seconds = (wait_ms + 999) / 1_000;
                let sentence = format!("too many attempts failed: wait {seconds} s");
                Err(Refusal::new(Class::ResourceExhausted, "SIGN_IN_LOCKED", sentence))
            }
            _ => Ok(()),
        }
    }

    /// Notes a failure.
    pub fn failed(&self, name: &str, from: Option<IpAddr>, now_ms: i64) {
        let mut traces = self.traces.lock();
        if traces.len() >= TRACES_MAX {
            traces.retain(|_, trace| now_ms - trace.last_ms < FORGOTTEN_MS);
        }
        if traces.len() >= TRACES_MAX {
            // A flood of names: those that failed least are forgotten, not those that guess hard.
            let mut counts: Vec<_> = traces.values().map(|trace| trace.failures).collect();
            counts.sort_unstable();
            let middle = counts[counts.len() / 2];
            traces.retain(|_, trace| trace.failures > middle);
        }
        for (key, ..) in Self::keys(name, from) {
            let trace = traces.entry(key).or_default();
            if now_ms - trace.last_ms >= FORGOTTEN_MS {
                trace.failures = 0;
            }
            trace.failures = trace.failures.saturating_add(1);
            trace.last_ms = now_ms;
        }
    }

    /// Forgets the failures of who got in.
    pub fn succeeded(&self, name: &str, from: Option<IpAddr>) {
        self.traces.lock().remove(&Key::From(name.to_owned(), from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_longer_each_time_and_others_do_not() {
        let patience = Patience::default();
        let (guesser, colleague) = ("192.0.2.1".parse().ok(), "192.0.2.2".parse().ok());
        let mut now_ms = 1_000_000;
        let mut waits = Vec::new();
        for _ in 0..12 {
            while patience.check("anna", guesser, now_ms).is_err() {
                now_ms += 1_000;
                waits.push(now_ms);
            }
            patience.failed("anna", guesser, now_ms);
        }
        assert_eq!(waits.len(), 1 + 2 + 4 + 8 + 16 + 32 + 64, "twice as long each time");
        assert!(patience.check("anna", colleague, now_ms).is_ok());
        assert!(patience.check("ben", guesser, now_ms).is_ok());
        patience.succeeded("anna", guesser);
        assert!(patience.check("anna", guesser, now_ms).is_ok());
    }

    #[test]
    fn many_addresses_get_no_further_and_a_flood_of_names_fits() {
        let patience = Patience::default();
        for last in 0..60 {
            patience.failed("anna", format!("192.0.2.{last}").parse().ok(), 1_000);
        }
        let fresh = "198.51.100.1".parse().ok();
        assert_eq!(patience.check("anna", fresh, 1_001).unwrap_err().reason, "SIGN_IN_LOCKED");
        for name in 0..TRACES_MAX {
            patience.failed(&format!("n{name}"), fresh, 2_000);
        }
        assert!(patience.traces.lock().len() <= TRACES_MAX + 2);
        assert!(patience.check("anna", fresh, 2_001).is_err(), "who guesses hard is remembered");
    }
}
