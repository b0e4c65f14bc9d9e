//! Feeds that came by a checkpoint, for as long as something that it left out is missing.

use super::{Feed, Picture};
use crate::{fill::Gap, record::Head};

impl Picture {
    /// Notes up to where a feed is held only as far as a checkpoint keeps it; 0: it is whole.
    /// `is_covered`: up to there the checkpoint speaks.
    pub fn set_covered(&mut self, index: u32, covered: Head, is_covered: bool) {
        let feed = &mut self.feeds[index as usize];
        (feed.covered, feed.is_covered) = (covered, is_covered);
        if covered.sequence > 0 {
            self.covered.insert(index);
        } else {
            self.covered.remove(&index);
        }
    }

    /// Where records are missing that a checkpoint left out.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.covered.iter().filter_map(|index| {
            let Feed { scope, covered: edge, is_covered, .. } = *self.feed(*index);
            let feed = self.feed(*index).name(self.scope(scope).id)?;
            Some(Gap { feed, edge, is_covered })
        })
    }
}
