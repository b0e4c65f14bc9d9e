//! Feeds by a checkpoint, made ready beside the sessions: to see that a checkpoint is fair takes
//! reading the whole feed, and the next newcomer asks for the same.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use polder_picture::{
    link::{Offer, Offered, codec::TRANSFER_BYTES_MAX},
    record::Id,
    suffix::FeedName,
};

use crate::{checkpoints::may_be_offered, node::Node};

/// What was found is used for so long: later records follow by themselves.
const KEPT: Duration = Duration::from_secs(60);
/// Bytes of all that is ready.
const BYTES_MAX: usize = 32 << 20;

/// What was found of a feed.
enum Found {
    /// It is being read.
    Looking,
    /// None: it has no checkpoint that may be given.
    Ready { offer: Option<Arc<Offered>>, until: Instant },
}

impl Found {
    fn bytes(&self) -> usize {
        match self {
            Self::Ready { offer: Some(offered), .. } => offered.bytes(),
            _ => 0,
        }
    }
}

/// What is ready for newcomers.
#[derive(Default)]
pub(super) struct Offers {
    found: Mutex<HashMap<Id, Found>>,
}

impl Offers {
    /// How a feed is given to a newcomer.
    pub(super) fn offer(self: &Arc<Self>, node: &Arc<Node>, feed: &FeedName) -> Offer {
        let id = feed.id();
        if !may_be_offered(&node.picture.read(), id) {
            return Offer::Whole;
        }
        let mut found = self.found.lock();
        let now = Instant::now();
        found.retain(|_, found| !matches!(found, Found::Ready { until, .. } if *until < now));
        match found.get(&id) {
            Some(Found::Looking) => return Offer::Later,
            Some(Found::Ready { offer: Some(offered), .. }) => {
                return Offer::Leap(Arc::clone(offered));
            }
            Some(Found::Ready { offer: None, .. }) => return Offer::Whole,
            None => {}
        }
        // One at a time: each takes memory for all records of its feed.
        if !found.values().any(|found| matches!(found, Found::Looking)) {
            found.insert(id, Found::Looking);
            tokio::spawn(Arc::clone(self).look(Arc::clone(node), *feed));
        }
        Offer::Later
    }

    async fn look(self: Arc<Self>, node: Arc<Node>, feed: FeedName) {
        let read = move || {
            let parts = node.log().read_jump(&feed, TRANSFER_BYTES_MAX);
            let parts = parts.unwrap_or_else(|error| {
                tracing::error!(%error, "a feed could not be read for a newcomer");
                None
            });
            parts.and_then(|parts| Offered::new(parts.covered, parts.kept, parts.tail))
        };
        let offer = tokio::task::spawn_blocking(read).await.ok().flatten().map(Arc::new);
        let until = Instant::now() + KEPT;
        let mut found = self.found.lock();
        found.insert(feed.id(), Found::Ready { offer, until });
        while found.values().map(Found::bytes).sum::<usize>() > BYTES_MAX {
            let others = found.iter().filter(|(id, found)| **id != feed.id() && found.bytes() > 0);
            let oldest = others.min_by_key(|(_, found)| match found {
                Found::Ready { until, .. } => *until,
                Found::Looking => until,
            });
            let Some(oldest) = oldest.map(|(id, _)| *id) else { return };
            found.remove(&oldest);
        }
    }
}
