//! Checkpoints at the door: those that this node writes, and the feeds of others that it takes by
//! theirs.

use super::{Draft, Group, NewScope, ReceiveError, bounds::Bounds};
use crate::{
    charter,
    checkpoint::List,
    jump::Jump,
    refusal::{Class, Refusal},
    suffix::FeedName,
};

impl Group<'_> {
    /// A checkpoint speaks of the feed that it stands in, as that is held here.
    pub(super) fn check_checkpoint(&self, draft: &Draft, list: &List) -> Result<(), Refusal> {
        let (scope, _) = self.scope(draft.scope);
        if self.incident(draft.scope) == charter::INCIDENT {
            // Its records leave no mark on any register: nothing of it would stay.
            let sentence = "statements of a charter all stay: their feeds have no checkpoints";
            return Err(Refusal::new(Class::InvalidArgument, "CHECKPOINT_OF_CHARTER", sentence));
        }
        let head = self.head_of(FeedName::new(self.signer.id(), scope, draft.lane).id());
        List::read(&list.message(), head.sequence + 1)?;
        if list.base().sequence == head.sequence && list.base().hash != head.hash {
            let sentence = "is not that of the feed's last record";
            return Err(Refusal::field("checkpoint.hash", "CHECKPOINT_HASH", sentence));
        }
        Ok(())
    }

    /// Admits another node's feed by a checkpoint, and says how many records. Only a feed of which
    /// nothing is held here: what a checkpoint keeps does not tell whether records that are held
    /// and not kept are those of the origin. Of any other feed the records after the checkpoint's
    /// last are received like any.
    pub fn leap(
        &mut self,
        jump: Jump,
        scope: &NewScope,
        wall_ms: i64,
    ) -> Result<usize, ReceiveError> {
        let name = *jump.feed();
        self.check_place(&name, scope)?;
        let covered = jump.covered();
        let (kept, tail) = jump.apart();
        let held = self.feed_index(name.id()).and_then(|index| self.feed_entry(index));
        if held.is_some_and(|feed| feed.origin.is_some()) || scope.incident == charter::INCIDENT {
            return self.receive(tail, scope, wall_ms);
        }
        let mut bounds = Bounds::of(&name);
        bounds.keep(self, kept.iter().map(|(_, record)| record))?;
        for (_, record) in tail.envelopes() {
            bounds.add(self, record)?;
        }
        bounds.finish(self)?;
        let index = self.known_scope(scope);
        let feed = self.feed(index, name, None);
        self.origins.insert(name.origin, *tail.key().as_bytes());
        self.heads.insert(feed, tail.head());
        self.jumps.insert(feed, covered);
        let before = self.admitted.len();
        for (envelope, record) in kept.into_iter().chain(tail.after_sequence(covered.sequence)) {
            self.clock.observe(record.header.hlc, wall_ms);
            self.take(index, feed, scope, envelope, &record);
        }
        Ok(self.admitted.len() - before)
    }
}
