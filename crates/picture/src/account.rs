//! The account: who did what at one node, in a scope that never leaves it.
//!
//! The scope bears a name that no incident can have, so that no node of any version takes it from
//! another ([`ReceiveError::Scope`](crate::admit::ReceiveError)). Its feeds have no
//! [`FeedName`](crate::suffix::FeedName), without which nothing goes on a link or into a file, and
//! stand in no list of feeds but that of [`Picture::all_held_feeds`], which is for the node itself.

use std::sync::LazyLock;

use polder_wire::v1::Mode;

use crate::{
    admit::NewScope,
    picture::{Feed, Picture},
    record::Id,
};

/// What the account's scope bears in place of an incident's id; it is the form of none.
pub const INCIDENT: &str = "@account";

static ID: LazyLock<Id> = LazyLock::new(|| scope().id());

/// The scope of the account.
pub fn scope() -> NewScope {
    NewScope { incident: INCIDENT.into(), mode: Mode::Actual, audience: "node".into() }
}

/// Id of that scope, the same on every node.
pub fn id() -> Id {
    *ID
}

impl Picture {
    /// Feeds of which records are held, also those that nobody else may be told of. For what a
    /// node does with its own store: checks, copies and backups.
    pub fn all_held_feeds(&self) -> impl Iterator<Item = &Feed> {
        self.feeds().iter().filter(|feed| feed.origin.is_some())
    }

    /// Whether a scope is the account's.
    pub fn is_account(&self, scope: u32) -> bool {
        self.scope(scope).id == id()
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Lane;

    use super::*;
    use crate::{names::IncidentName, record::Signer, sight::Sight};

    #[test]
    fn feeds_of_the_account_have_no_name_and_stand_in_no_list_for_others() {
        let mut picture = Picture::default();
        let NewScope { incident, mode, audience } = scope();
        let own = picture.add_scope(&incident, mode, &audience);
        let other = picture.add_scope("flood", Mode::Actual, "all");
        let origin = Signer::new(&[7; 32]).id();
        let own_feed = picture.add_feed(origin, own, Lane::Routine);
        let other_feed = picture.add_feed(origin, other, Lane::Routine);
        assert_eq!(picture.feed(own_feed).name(id()), None);
        assert!(picture.feed(other_feed).name(picture.scope(other).id).is_some());
        assert_eq!(picture.feeds_of(own).count(), 0);
        assert_eq!((picture.held_feeds().count(), picture.all_held_feeds().count()), (1, 2));
        assert!(picture.is_account(own) && !picture.is_account(other));
        assert_eq!(picture.incident_count(), 1);
        assert!(IncidentName::parse(&format!("incidents/{INCIDENT}")).is_none());
        assert!(Sight::All.covers(own), "so the lists must not rest on sight");
    }
}
