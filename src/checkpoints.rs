//! Checkpoints that this node writes of its own feeds, so that newcomers need not take every
//! version that was ever written. Beside the writer: it gets one more record to write, now and
//! then, and waits for nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use polder_picture::{
    admit::{Act, Draft, Supersedes},
    charter,
    checkpoint::{List, RECORDS_MIN, SHARE},
    picture::{Feed, Picture},
    record::Id,
    suffix::FeedName,
};
use polder_wire::v1::Lane;
use prost::Message as _;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    node::Node,
    publish::{Desk, PublishError},
    store::engine::EngineError,
};

/// Feeds are looked at no oftener.
const PAUSE: Duration = Duration::from_secs(1);

/// A longer feed is not read again for its checkpoint: that takes memory for each of its records.
pub const RECORDS_MAX: u64 = 500_000;

/// A checkpoint goes to every node like any record. One that would hold up its lane on a thin link
/// is not written.
const LIST_BYTES_MAX: usize = 256 * 1024;
/// The same in the urgent lane: no more than may be sent without credit.
const URGENT_LIST_BYTES_MAX: usize = 4 * 1024;

/// `[checkpoints]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checkpoints {
    /// Whether this node writes any.
    pub write: bool,
    /// A feed is looked at when it has so many records more than at its last checkpoint.
    pub records_min: u64,
    /// Whether feeds of which this node holds nothing come by a checkpoint, if they have one, and
    /// what that left out later.
    pub take: bool,
}

impl Default for Checkpoints {
    fn default() -> Self {
        // The picture at once; what was said before comes after everything else.
        Self { write: true, records_min: RECORDS_MIN, take: true }
    }
}

impl Checkpoints {
    /// Checks what serde cannot.
    pub fn check(&self) -> anyhow::Result<()> {
        if !(16..=RECORDS_MAX).contains(&self.records_min) {
            anyhow::bail!("checkpoints.records_min must be 16 to {RECORDS_MAX}");
        }
        Ok(())
    }
}

/// A feed that may be worth a checkpoint.
struct Due {
    name: FeedName,
    scope: u32,
    until: u64,
}

/// Writes checkpoints for as long as the node lives.
pub async fn keep(node: Arc<Node>) {
    if !node.checkpoints.write {
        return;
    }
    let mut changed = node.changed.subscribe();
    // How long each feed was when it was looked at: what did not pay is not looked at again soon.
    let mut looked: HashMap<Id, u64> = HashMap::new();
    loop {
        for due in due(&node, &looked) {
            looked.insert(due.name.id(), due.until);
            let origin = due.name.id();
            match write(&node, due).await {
                Ok(Some(kept)) => {
                    tracing::info!(feed = %origin, kept, "a checkpoint was written");
                }
                Ok(None) => {}
                Err(PublishError::Stopping) => return,
                Err(error) => tracing::warn!(feed = %origin, %error, "no checkpoint was written"),
            }
        }
        tokio::time::sleep(PAUSE).await;
        if changed.changed().await.is_err() {
            return;
        }
    }
}

/// Own feeds that grew by enough since the last checkpoint or look, and by a quarter: so that all
/// looks together read each record a few times, however long the feed becomes.
fn due(node: &Node, looked: &HashMap<Id, u64>) -> Vec<Due> {
    let picture = node.picture.read();
    let own = |feed: &&Feed| {
        feed.origin == Some(node.key_id())
            && feed.branch.is_none()
            && feed.closed.is_none()
            && feed.base.sequence == 0
            && feed.head.sequence <= RECORDS_MAX
    };
    let grown = |feed: &&Feed| {
        let last = feed.apart.max(looked.get(&feed.id).copied().unwrap_or_default());
        let since = feed.head.sequence.saturating_sub(last);
        since >= node.checkpoints.records_min.max(last / 4)
    };
    let due = |feed: &Feed| {
        let scope = picture.scope(feed.scope);
        let name = feed.name(scope.id).filter(|_| scope.incident != charter::INCIDENT)?;
        Some(Due { name, scope: feed.scope, until: feed.head.sequence })
    };
    picture.held_feeds().filter(own).filter(grown).filter_map(due).collect()
}

/// Writes a checkpoint, if so few records stay that it pays; how many do.
async fn write(node: &Arc<Node>, due: Due) -> Result<Option<usize>, PublishError> {
    let (name, scope) = (due.name, due.scope);
    let reader = Arc::clone(node);
    let look = move || {
        // A shallow copy: nobody waits for the count.
        let entries = reader.picture.read().entries().clone();
        let index = reader.picture.read().feed_index(name.id());
        let live = entries.iter().filter(|entry| entry.scope == scope);
        let live = live.flat_map(|entry| &entry.live);
        let own = live.filter(|live| Some(live.record.feed) == index).count() as u64;
        if own.saturating_mul(SHARE) > due.until {
            return Ok(None);
        }
        reader.log().what_stays(&name, due.until).map(Some)
    };
    let list: Result<Option<List>, EngineError> = tokio::task::spawn_blocking(look)
        .await
        .map_err(|error| PublishError::Failed(error.to_string()))?;
    let list = list.map_err(|error| PublishError::Failed(error.to_string()))?;
    let Some(list) = list.filter(|list| fits(list, name.lane)) else { return Ok(None) };
    let kept = list.kept().len();
    let sealed = list.sealed(rand::random());
    let weight = sealed.payload.bytes.len();
    let draft = Draft {
        scope,
        entry: Uuid::nil(),
        sealed,
        act: Act::Checkpoint(list),
        lane: name.lane,
        author: String::new(),
        supersedes: Supersedes::AllHeld,
    };
    let task = Box::new(move |desk: &mut Desk<'_, '_>| vec![desk.author(draft)]);
    let mut receipt = node.submit(Lane::Bulk, None, weight, task).await?;
    match receipt.results.pop() {
        Some(Err(status)) => {
            // A closed incident, a full disk: the feed is looked at again when it has grown.
            tracing::debug!(feed = %name.id(), "no checkpoint now: {}", status.message);
            Ok(None)
        }
        _ => Ok(Some(kept)),
    }
}

fn fits(list: &List, lane: Lane) -> bool {
    let most = if lane == Lane::Urgent { URGENT_LIST_BYTES_MAX } else { LIST_BYTES_MAX };
    list.pays() && list.message().encoded_len() <= most
}

/// Whether a picture has a feed of which most may be left out, as far as that shows without
/// reading it.
pub(crate) fn may_be_offered(picture: &Picture, feed: Id) -> bool {
    let feed = picture.feed_index(feed).map(|index| picture.feed(index));
    feed.is_some_and(|feed| {
        let judged = feed.covered.sequence > 0 || feed.head.sequence <= 2 * RECORDS_MAX;
        feed.apart > 0 && feed.base.sequence == 0 && feed.closed.is_none() && judged
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_bounds() {
        assert!(Checkpoints::default().check().is_ok());
        for records_min in [0, 15, RECORDS_MAX + 1] {
            assert!(Checkpoints { records_min, ..Checkpoints::default() }.check().is_err());
        }
    }

    #[test]
    fn a_list_for_the_urgent_lane_is_short() {
        let list = |kept: u64| {
            let kept = (1..=kept).map(|number| (number, [7; 32])).collect();
            let base = polder_picture::record::Head { sequence: 100_000, hash: [1; 32] };
            List::new(base, kept)
        };
        assert!(fits(&list(100), Lane::Urgent) && !fits(&list(1_000), Lane::Urgent));
        assert!(fits(&list(7_000), Lane::Routine) && !fits(&list(9_000), Lane::Routine));
        assert!(!fits(&List::new(list(1).base(), list(25_001).kept().clone()), Lane::Bulk));
    }
}
