//! Where feeds that came by a checkpoint are held from, as one session has heard.

use std::collections::BTreeMap;

use polder_picture::suffix::FeedName;

use crate::node::Node;

/// The last record of each such feed that is missing.
#[derive(Debug, Default)]
pub(super) struct Edges(BTreeMap<FeedName, u64>);

impl Edges {
    pub(super) fn of(node: &Node) -> Self {
        let picture = node.picture.read();
        Self(picture.gaps().map(|gap| (gap.feed, gap.edge.sequence)).collect())
    }

    /// Feeds of which earlier records are held than before, and the last that is missing now.
    pub(super) fn moved(&mut self, node: &Node) -> Vec<(FeedName, u64)> {
        let before = std::mem::replace(self, Self::of(node)).0;
        let now = |feed: &FeedName| self.0.get(feed).copied().unwrap_or_default();
        let edges = before.into_iter().map(|(feed, before)| (feed, before, now(&feed)));
        edges.filter(|(_, before, now)| now < before).map(|(feed, _, now)| (feed, now)).collect()
    }
}
