//! What a subscriber asked, as they may have it answered now.

use polder_picture::{filter::Filter, refusal::Refusal};
use polder_wire::v1::EntryFilter;

use crate::{
    node::Node,
    people::{Caller, rights::Right},
};

/// What was asked and by whom, and when it was last looked at what they may see.
pub(super) struct Asked {
    pub(super) question: EntryFilter,
    pub(super) caller: Caller,
    pub(super) version: (u64, u64),
    pub(super) scopes: usize,
}

/// A question as its caller may have it answered now.
pub(super) struct View {
    pub(super) filter: Filter,
    pub(super) version: (u64, u64),
    pub(super) scopes: usize,
}

impl View {
    pub(super) fn of(
        node: &Node,
        caller: &Caller,
        question: &EntryFilter,
    ) -> Result<Self, Refusal> {
        let version = caller.people().version();
        let picture = node.picture.read();
        caller.require(Right::Read)?;
        let filter = Filter::compile(question, "filter", &picture, caller.sight(&picture))?;
        Ok(Self { filter, version, scopes: picture.scopes().len() })
    }
}
