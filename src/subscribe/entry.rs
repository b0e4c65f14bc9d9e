//! One entry, read with all its current versions.

use polder_picture::{
    filter::Filter,
    live::{Live, Register},
};
use polder_wire::v1::{EntryChange, EntryView};

use crate::{
    node::Node,
    present::{self, Mark, Place},
    store::{engine::EngineError, log::Cursor},
    tail,
};

/// An entry with the contents of its live records.
pub struct ReadEntry {
    /// As it is sent.
    pub change: EntryChange,
    /// Ids of its versions, in the order sent.
    pub versions: Vec<String>,
}

impl ReadEntry {
    /// True when some version holds every word of the filter.
    pub fn matches_text(&self, filter: &Filter) -> bool {
        !filter.needs_text() || self.change.versions.iter().any(|bytes| filter.matches_text(bytes))
    }
}

/// Reads all live records of an entry.
pub fn read(
    node: &Node,
    cursor: &mut Cursor<'_>,
    register: &Register,
    view: EntryView,
) -> Result<ReadEntry, EngineError> {
    let (place, versions, feeds) = {
        let picture = node.picture.read();
        let of = |live: &Live| {
            (live.record, picture.feed(live.record.feed).id, Mark::from(&live.attributes))
        };
        let feeds: Vec<_> = register.live.iter().map(of).collect();
        let versions = present::rivals(&picture, register);
        (Place::of(picture.scope(register.scope)), versions, feeds)
    };
    let name = present::entry_name(&place.incident, register.entry);
    let mut change = EntryChange { name, ..Default::default() };
    for (record, feed, mark) in feeds {
        let stored = cursor.record(feed, record.sequence)?;
        let stored = stored.ok_or_else(|| tail::missing(&versions))?;
        let encoded = present::encode(&stored, mark, &place, &versions, view);
        change.versions.push(encoded.ok_or_else(|| tail::missing(&versions))?);
    }
    Ok(ReadEntry { change, versions })
}
