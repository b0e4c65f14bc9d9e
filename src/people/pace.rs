//! How much one caller may ask: calls in a second, calls at once, and calls that fail in a minute.
//! Whoever asks for more is refused and told so, and everybody else is served as before. The
//! operator of the node, who has the machine, is not counted.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;
use polder_picture::refusal::{Class, Refusal};

use super::{Caller, Who};
use crate::wall::system_ms;

/// Callers that are counted apart; more are counted together.
const CALLERS_MAX: usize = 20_000;
const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;

/// What one caller may ask.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls that begin in a second.
    pub calls_per_second: u32,
    /// Calls that wait for their answer at a time; a stream waits until it begins.
    pub calls_at_once: u32,
    /// Calls that fail in a minute.
    pub failures_per_minute: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Person(String),
    Party(String),
    From(Option<IpAddr>),
    /// Everybody who is one too many to be counted apart.
    Others,
}

#[derive(Debug, Default)]
struct Row {
    second_ms: i64,
    calls: u32,
    minute_ms: i64,
    failures: u32,
    running: u32,
}

/// Who asks how much.
#[derive(Debug)]
pub struct Pace {
    limits: Limits,
    rows: Mutex<HashMap<Key, Row>>,
}

/// A call that was let through; ends when it is dropped.
#[derive(Debug)]
pub struct Call {
    pace: Arc<Pace>,
    key: Key,
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(row) = self.pace.rows.lock().get_mut(&self.key) {
            row.running = row.running.saturating_sub(1);
        }
    }
}

impl Call {
    /// Notes that it failed.
    pub fn failed(&self) {
        self.pace.failed(&self.key, system_ms());
    }
}

fn busy(reason: &'static str, sentence: String) -> Refusal {
    Refusal::new(Class::ResourceExhausted, reason, sentence)
}

impl Pace {
    /// Nobody asked anything yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, rows: Mutex::default() }
    }

    fn key(caller: Option<&Caller>, from: Option<IpAddr>) -> Option<Key> {
        match caller.map(Caller::who) {
            Some(Who::Operator) => None,
            Some(Who::Account { name, .. } | Who::Provider { name, .. }) => {
                Some(Key::Person(name.clone()))
            }
            Some(Who::System { party }) => Some(Key::Party(party.clone())),
            Some(Who::Nobody) | None => Some(Key::From(from)),
        }
    }

    /// Lets a call begin, or refuses it. `None`: it is not counted.
    pub fn begin(
        self: &Arc<Self>,
        caller: Option<&Caller>,
        from: Option<IpAddr>,
    ) -> Result<Option<Call>, Refusal> {
        let Some(key) = Self::key(caller, from) else { return Ok(None) };
        let key = self.count(key, system_ms())?;
        Ok(Some(Call { pace: Arc::clone(self), key }))
    }

    fn count(&self, key: Key, now_ms: i64) -> Result<Key, Refusal> {
        let Limits { calls_per_second, calls_at_once, failures_per_minute } = self.limits;
        let mut rows = self.rows.lock();
        if rows.len() >= CALLERS_MAX && !rows.contains_key(&key) {
            rows.retain(|_, row| row.running > 0 || now_ms - row.minute_ms < MINUTE_MS);
        }
        let full = rows.len() >= CALLERS_MAX && !rows.contains_key(&key);
        let key = if full { Key::Others } else { key };
        let row = rows.entry(key.clone()).or_default();
        if now_ms - row.minute_ms >= MINUTE_MS {
            (row.minute_ms, row.failures) = (now_ms, 0);
        }
        if now_ms - row.second_ms >= SECOND_MS {
            (row.second_ms, row.calls) = (now_ms, 0);
        }
        if row.failures >= failures_per_minute {
            let wait_s = (MINUTE_MS - (now_ms - row.minute_ms)) / 1_000 + 1;
            let sentence = format!(
                "{failures_per_minute} of your calls failed within a minute: try again in {wait_s} \
                 seconds"
            );
            return Err(busy("CALLER_FAILS_OFTEN", sentence));
        }
        if row.calls >= calls_per_second {
            let sentence =
                format!("more than {calls_per_second} calls in a second: try again in a second");
            return Err(busy("CALLER_TOO_FAST", sentence));
        }
        if row.running >= calls_at_once {
            let sentence = format!("{calls_at_once} of your calls wait already: wait for them");
            return Err(busy("CALLER_BUSY", sentence));
        }
        (row.calls, row.running) = (row.calls + 1, row.running + 1);
        Ok(key)
    }

    fn failed(&self, key: &Key, now_ms: i64) {
        if let Some(row) = self.rows.lock().get_mut(key) {
            if now_ms - row.minute_ms >= MINUTE_MS {
                (row.minute_ms, row.failures) = (now_ms, 0);
            }
            row.failures = row.failures.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::new(Limits { calls_per_second: 3, calls_at_once: 2, failures_per_minute: 2 })
    }

    fn anna() -> Key {
        Key::Person("anna".into())
    }

    #[test]
    fn one_caller_too_many_calls_is_told_so_and_others_are_served() {
        let pace = pace();
        let reason = |key: Key, ms: i64| pace.count(key, ms).err().map(|refusal| refusal.reason);
        assert_eq!(reason(anna(), 0), None);
        assert_eq!(reason(anna(), 1), None);
        assert_eq!(reason(anna(), 2), Some("CALLER_BUSY"), "two wait already");
        pace.rows.lock().get_mut(&anna()).unwrap().running = 0;
        assert_eq!(reason(anna(), 3), None);
        assert_eq!(reason(anna(), 4), Some("CALLER_TOO_FAST"));
        assert_eq!(reason(Key::Person("bert".into()), 4), None);
        pace.rows.lock().get_mut(&anna()).unwrap().running = 0;
        assert_eq!(reason(anna(), 1_000), None, "a second later");
        pace.failed(&anna(), 1_001);
        pace.failed(&anna(), 1_002);
        assert_eq!(reason(anna(), 2_000), Some("CALLER_FAILS_OFTEN"));
        assert_eq!(reason(anna(), MINUTE_MS), None, "a minute later");
    }

    #[test]
    fn callers_without_end_are_counted_together() {
        let pace = pace();
        for number in 0..CALLERS_MAX {
            pace.count(Key::Person(number.to_string()), 0).unwrap();
        }
        assert_eq!(pace.count(anna(), 1).unwrap(), Key::Others);
        pace.count(anna(), 2).unwrap();
        assert!(pace.count(anna(), 3).is_err());
        assert!(pace.rows.lock().len() <= CALLERS_MAX + 1);
    }
}
