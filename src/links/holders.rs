//! Which nodes are known to hold what: what a publisher can be told.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;
use polder_picture::record::Id;
use tokio::sync::watch;

/// Known holdings of the neighbours, since this node started.
#[derive(Debug, Default)]
pub struct Holders {
    feeds: Mutex<HashMap<Id, BTreeMap<Id, Vec<Step>>>>,
    changed: watch::Sender<()>,
}

/// Up to where, and since when.
#[derive(Debug, Clone, Copy)]
struct Step {
    sequence: u64,
    at_ms: i64,
}

/// So many steps are kept of a feed and node: enough to say when for what is recent.
const STEPS_MAX: usize = 32;

impl Holders {
    /// A node holds a feed up to here.
    pub fn note(&self, node: Id, feed: Id, sequence: u64, at_ms: i64) {
        let mut feeds = self.feeds.lock();
        let steps = feeds.entry(feed).or_default().entry(node).or_default();
        if steps.last().is_some_and(|last| last.sequence >= sequence) || sequence == 0 {
            return;
        }
        if steps.len() >= STEPS_MAX {
            steps.remove(0);
        }
        steps.push(Step { sequence, at_ms });
        drop(feeds);
        self.changed.send_replace(());
    }

    /// Nodes that hold a record, and when this node came to know.
    pub fn of(&self, feed: Id, sequence: u64) -> Vec<(Id, i64)> {
        let feeds = self.feeds.lock();
        let nodes = feeds.get(&feed).into_iter().flatten();
        let holds = |(node, steps): (&Id, &Vec<Step>)| {
            let step = steps.iter().find(|step| step.sequence >= sequence)?;
            Some((*node, step.at_ms))
        };
        nodes.filter_map(holds).collect()
    }

    /// Up to where a node is known to hold a feed; 0: nothing is known.
    pub fn end(&self, feed: Id, node: Id) -> u64 {
        let feeds = self.feeds.lock();
        let steps = feeds.get(&feed).and_then(|nodes| nodes.get(&node));
        steps.and_then(|steps| steps.last()).map_or(0, |last| last.sequence)
    }

    /// Wakes when somebody holds more.
    pub fn changed(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
