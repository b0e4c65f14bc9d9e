//! What may travel between the two sides: asked again for every frame, for rights may end at any
//! moment.

use std::collections::BTreeSet;

use super::{
    Fault, World,
    receive::Receiving,
    session::{Session, Shared},
};
use crate::{account, admit::NewScope, charter, record::Id};

impl Session {
    /// What may travel has changed: nothing more is said of what may not, and both sides compare
    /// anew what they hold. A transfer in the middle of which a right ended ends the session.
    pub fn ruled(
        &mut self,
        now_us: u64,
        world: &dyn World,
        shared: &mut Shared,
    ) -> Result<(), Fault> {
        self.strangers = 0;
        if self.is_open() {
            self.forget(world, shared)?;
            (self.same, self.apart, self.checked_us) = (false, false, now_us);
            self.say(self.own_digest(world, true));
        }
        Ok(())
    }

    /// Forgets all scopes that may travel no longer.
    fn forget(&mut self, world: &dyn World, shared: &mut Shared) -> Result<(), Fault> {
        let known = self.scopes.iter();
        let gone = known.filter(|(_, scope)| !self.travels(world, &scope.name));
        let gone: BTreeSet<Id> = gone.map(|(id, _)| *id).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let feeds = self.feeds.iter().filter(|(_, state)| gone.contains(&state.name.scope));
        let feeds: BTreeSet<Id> = feeds.map(|(feed, _)| *feed).collect();
        let going = self.sending.iter().flatten().any(|sending| feeds.contains(&sending.feed));
        let coming = self.receiving.iter().flatten();
        let coming = coming.map(Receiving::feed).any(|feed| feeds.contains(&feed));
        if going || coming {
            let sentence = "the right to records that were on their way has ended";
            return Err(Fault::new("RIGHT_ENDED", sentence));
        }
        self.scopes_due.retain(|scope| !gone.contains(scope));
        self.heads_due.retain(|(scope, _)| !gone.contains(scope));
        self.heads_end_due.retain(|scope| !gone.contains(scope));
        self.wants_due.retain(|feed, _| !feeds.contains(feed));
        self.held_due.retain(|feed, _| !feeds.contains(feed));
        self.lacking.retain(|feed| !feeds.contains(feed));
        self.pending.iter_mut().for_each(|lane| lane.retain(|feed| !feeds.contains(feed)));
        self.leaps.forget(&feeds);
        self.forget_fills(&feeds);
        self.feeds.retain(|feed, _| !feeds.contains(feed));
        self.scopes.retain(|scope, _| !gone.contains(scope));
        feeds.iter().for_each(|feed| shared.wants.release(*feed, self.local.link));
        Ok(())
    }

    /// Scopes that are held here and may travel.
    pub(super) fn scopes_shared(&self, world: &dyn World) -> Vec<NewScope> {
        let Some(peer) = &self.peer else { return Vec::new() };
        let mut scopes = world.scopes(peer.node);
        scopes.retain(|scope| self.lists(&scope.incident) && scope.incident != account::INCIDENT);
        scopes
    }

    /// Whether a scope may travel, in both directions.
    pub(super) fn travels(&self, world: &dyn World, scope: &NewScope) -> bool {
        let peer = self.peer.as_ref();
        scope.incident != account::INCIDENT
            && peer.is_some_and(|peer| world.allows(peer.node, scope))
            && (scope.incident == charter::INCIDENT || self.lists(&scope.incident))
    }

    /// Whether a scope was named on this link, and may still travel.
    pub(super) fn still_travels(&self, world: &dyn World, scope: Id) -> bool {
        self.scopes.get(&scope).is_some_and(|scope| self.travels(world, &scope.name))
    }

    fn lists(&self, incident: &str) -> bool {
        let on = |list: &[String]| list.is_empty() || list.iter().any(|known| known == incident);
        on(&self.local.incidents) && self.peer.as_ref().is_some_and(|peer| on(&peer.incidents))
    }
}
