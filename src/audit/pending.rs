//! Acts that wait to be written down. Readers never wait for the disk, so there is a bound, and
//! what is beyond it is counted and said.

use std::collections::{BTreeMap, HashSet};

use parking_lot::Mutex;
use polder_wire::v1::{Act, ActKind};

use super::done;
use crate::wall::system_ms;

/// Acts that wait at most.
const WAITING_MAX: usize = 10_000;
/// The same act by the same person again is counted, if it is among so many before.
const ALIKE: usize = 64;
/// Names under which failures are counted at a time; those of more are counted under none.
const FAILURES_MAX: usize = 1_000;
/// Failures are written down so long after the first of them.
const FAILURES_MS: i64 = 10_000;
/// Tokens of identity providers that are known to have been brought before.
const TOKENS_MAX: usize = 10_000;

#[derive(Debug, Default)]
struct Waiting {
    acts: Vec<Act>,
    lost: u64,
    failures: BTreeMap<(String, &'static str), Act>,
    failing_since_ms: Option<i64>,
    tokens: HashSet<(String, i64)>,
}

/// What waits to be written down.
#[derive(Debug, Default)]
pub struct Pending {
    waiting: Mutex<Waiting>,
    /// One writes at a time, so that acts keep their order.
    pub(super) writing: tokio::sync::Mutex<()>,
}

fn alike(one: &Act, other: &Act) -> bool {
    let plain = |act: &Act| Act { time: None, count: 0, ..act.clone() };
    one.kind == other.kind && one.person == other.person && plain(one) == plain(other)
}

impl Waiting {
    fn push(&mut self, act: Act) {
        if let Some(same) = self.acts.iter_mut().rev().take(ALIKE).find(|one| alike(one, &act)) {
            same.count = same.count.max(1) + act.count.max(1);
        } else if self.acts.len() >= WAITING_MAX {
            if self.lost == 0 {
                tracing::warn!("too many acts of people wait: some are only counted");
            }
            self.lost += act.count.max(1) as u64;
        } else {
            self.acts.push(act);
        }
    }
}

impl Pending {
    pub(super) fn push(&self, act: Act) {
        self.waiting.lock().push(act);
    }

    /// Somebody was kept out. `account`: one that exists; what was typed may be a secret.
    pub fn kept_out(&self, account: &str, reason: &'static str) {
        let mut waiting = self.waiting.lock();
        waiting.failing_since_ms.get_or_insert_with(system_ms);
        let full = waiting.failures.len() >= FAILURES_MAX;
        let name = if full { "" } else { account };
        let row = waiting.failures.entry((name.to_owned(), reason)).or_insert_with(|| Act {
            person: name.to_owned(),
            detail: reason.to_owned(),
            ..done(ActKind::KeptOut)
        });
        row.count += 1;
    }

    /// Whether a token was not brought before, as far as is known.
    pub fn is_new_token(&self, person: &str, expire_ms: i64) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.tokens.len() >= TOKENS_MAX {
            waiting.tokens.clear();
        }
        waiting.tokens.insert((person.to_owned(), expire_ms))
    }

    /// Whether there is something to write down now.
    pub(super) fn is_due(&self) -> bool {
        let waiting = self.waiting.lock();
        let since = waiting.failing_since_ms;
        !waiting.acts.is_empty()
            || waiting.lost > 0
            || since.is_some_and(|since| system_ms() - since >= FAILURES_MS)
    }

    /// The next acts, the oldest first; failures and what was lost last.
    pub(super) fn take(&self, count: usize) -> Vec<Act> {
        let mut waiting = self.waiting.lock();
        if waiting.acts.len() < count {
            waiting.failing_since_ms = None;
            let failures = std::mem::take(&mut waiting.failures);
            waiting.acts.extend(failures.into_values());
            let lost = std::mem::take(&mut waiting.lost) as i64;
            if lost > 0 {
                waiting.acts.push(Act { count: lost, ..done(ActKind::ActsLost) });
            }
        }
        let count = count.min(waiting.acts.len());
        waiting.acts.drain(..count).collect()
    }

    /// Acts that could not be written.
    pub(super) fn put_back(&self, acts: Vec<Act>) {
        let mut waiting = self.waiting.lock();
        let newer = std::mem::take(&mut waiting.acts);
        acts.into_iter().chain(newer).for_each(|act| waiting.push(act));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(person: &str) -> Act {
        Act { person: person.to_owned(), ..done(ActKind::EntryRead) }
    }

    #[test]
    fn what_is_beyond_the_bound_is_counted_and_said() {
        let pending = Pending::default();
        for number in 0..WAITING_MAX + 3 {
            pending.push(read(&number.to_string()));
        }
        let mut all = Vec::new();
        loop {
            let acts = pending.take(200);
            if acts.is_empty() {
                break;
            }
            all.extend(acts);
        }
        assert_eq!(all.len(), WAITING_MAX + 1);
        let last = all.last().unwrap();
        assert_eq!((last.kind(), last.count), (ActKind::ActsLost, 3));
        assert!(!pending.is_due());
    }

    #[test]
    fn the_same_again_is_counted_and_failures_are_one_row_for_each_account() {
        let pending = Pending::default();
        (0..5).for_each(|_| pending.push(read("paul")));
        pending.push(read("fien"));
        (0..7).for_each(|_| pending.kept_out("paul", "SIGN_IN_WRONG"));
        let acts = pending.take(200);
        let told: Vec<_> = acts.iter().map(|act| (&act.person[..], act.count)).collect();
        assert_eq!(told, [("paul", 5), ("fien", 0), ("paul", 7)]);
        pending.put_back(acts.clone());
        assert_eq!(pending.take(200), acts);
    }

    #[test]
    fn names_that_failures_are_counted_under_are_bounded() {
        let pending = Pending::default();
        (0..FAILURES_MAX + 50).for_each(|name| pending.kept_out(&name.to_string(), "X"));
        let acts = pending.take(FAILURES_MAX * 2);
        assert_eq!(acts.len(), FAILURES_MAX + 1);
        assert_eq!(acts.iter().map(|act| act.count).sum::<i64>(), FAILURES_MAX as i64 + 50);
    }
}
