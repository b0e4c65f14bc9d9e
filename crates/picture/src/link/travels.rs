//! What may travel between the two sides: asked again for every frame, for rights may end at any
//! moment.

use super::{World, session::Session};
use crate::{admit::NewScope, charter};

impl Session {
    /// What may travel has changed: both sides compare anew what they hold.
    pub fn ruled(&mut self, now_us: u64, world: &dyn World) {
        if self.is_open() {
            (self.same, self.apart, self.checked_us) = (false, false, now_us);
            self.say(self.own_digest(world, true));
        }
    }

    /// Scopes that are held here and may travel.
    pub(super) fn scopes_shared(&self, world: &dyn World) -> Vec<NewScope> {
        let Some(peer) = &self.peer else { return Vec::new() };
        let mut scopes = world.scopes(peer.node);
        scopes.retain(|scope| self.lists(&scope.incident));
        scopes
    }

    /// Whether a scope may travel, in both directions.
    pub(super) fn travels(&self, world: &dyn World, scope: &NewScope) -> bool {
        let peer = self.peer.as_ref();
        peer.is_some_and(|peer| world.allows(peer.node, scope))
            && (scope.incident == charter::INCIDENT || self.lists(&scope.incident))
    }

    fn lists(&self, incident: &str) -> bool {
        let on = |list: &[String]| list.is_empty() || list.iter().any(|known| known == incident);
        on(&self.local.incidents) && self.peer.as_ref().is_some_and(|peer| on(&peer.incidents))
    }
}
