//! Reads what the boards keep of an entry, and what is shown of it.

use bytes::Bytes;
use polder_picture::{
    attributes::Attributes,
    clock::Hlc,
    live::{Live, Register},
    names::VersionId,
    picture::Picture,
    record::Id,
    team::{board::Version, said::Said},
};
use polder_wire::v1::{Entry, EntryView, content::Content};
use prost::Message as _;

use crate::{
    node::Node,
    present::{self, Mark, Place},
    store::{
        engine::EngineError,
        log::{Cursor, StoredRecord},
    },
    tail,
};

/// The live records of an entry, and what must be known of the picture to show them.
pub(super) struct Plan {
    place: Place,
    live: Vec<(Id, Live, Mark)>,
    names: Vec<String>,
}

impl Plan {
    /// Of an entry in a picture, of the present or not. What was erased since is not told either,
    /// which the present one knows.
    pub(super) fn of(picture: &Picture, register: &Register, now: &Picture) -> Self {
        let scope = picture.scope(register.scope);
        let entry = (now.scope_index(scope.id).unwrap_or(u32::MAX), register.entry);
        let of = |live: &Live| {
            let feed = picture.feed(live.record.feed).id;
            let mark = Mark::of(now, entry, (feed, live.record.sequence), &live.attributes);
            (feed, live.clone(), mark)
        };
        Self {
            place: Place::of(scope),
            live: register.live.iter().map(of).collect(),
            names: present::rivals(picture, register),
        }
    }
}

fn stored(
    node: Option<&Node>,
    cursor: &mut Cursor<'_>,
    feed: Id,
    live: &Live,
    plan: &Plan,
) -> Result<StoredRecord, EngineError> {
    // What came just now is in memory, when anybody follows.
    let recent = node.and_then(|node| node.recent.lock().get(live.record));
    match recent.filter(|recent| recent.feed == feed) {
        Some(recent) => Ok(recent),
        None => {
            let found = cursor.record(feed, live.record.sequence)?;
            found.ok_or_else(|| tail::missing(&plan.names))
        }
    }
}

/// What the board keeps of an entry's current versions.
pub(super) fn versions(
    node: &Node,
    cursor: &mut Cursor<'_>,
    plan: &Plan,
) -> Result<Vec<Version>, EngineError> {
    versions_from(Some(node), cursor, plan)
}

/// The same, of a picture whose records have other numbers than those of the present.
pub(super) fn past_versions(
    cursor: &mut Cursor<'_>,
    plan: &Plan,
) -> Result<Vec<Version>, EngineError> {
    versions_from(None, cursor, plan)
}

fn versions_from(
    node: Option<&Node>,
    cursor: &mut Cursor<'_>,
    plan: &Plan,
) -> Result<Vec<Version>, EngineError> {
    let mut versions = Vec::with_capacity(plan.live.len());
    for (feed, live, mark) in &plan.live {
        let stored = stored(node, cursor, *feed, live, plan)?;
        let id = VersionId { feed: feed.0, sequence: live.record.sequence };
        let header = polder_wire::v1::Header::decode(stored.envelope.header.clone());
        let author = header.map(|header| header.author).unwrap_or_default();
        let received_ms = stored.received_ms;
        let said = said(&stored, &live.attributes, live.hlc, *mark);
        versions.push(Version { id, said, author, received_ms });
    }
    Ok(versions)
}

/// What is kept of one version.
pub(super) fn said(stored: &StoredRecord, attributes: &Attributes, hlc: u64, mark: Mark) -> Said {
    let recorded_ms = Hlc::millis(hlc);
    let content = if mark.hides() { None } else { stored.content() };
    match content {
        Some(Content::Entry(bytes)) => match Entry::decode(bytes) {
            Ok(entry) => Said::of(&entry, attributes, recorded_ms),
            Err(_) => Said::without_content("", attributes, recorded_ms),
        },
        Some(Content::Retraction(retraction)) => {
            let party = present::party_of(&retraction.withdrawn).unwrap_or_default();
            Said::without_content(&party, attributes, recorded_ms)
        }
        _ => Said::without_content("", attributes, recorded_ms),
    }
}

/// The current versions of an entry as they are shown, the one recorded last at the end.
pub(super) fn shown(
    cursor: &mut Cursor<'_>,
    plan: &Plan,
    view: EntryView,
) -> Result<Vec<(VersionId, Bytes)>, EngineError> {
    let mut live: Vec<_> = plan.live.iter().collect();
    live.sort_by_key(|(feed, live, _)| (live.hlc, *feed, live.record.sequence));
    let mut shown = Vec::with_capacity(live.len());
    for (feed, live, mark) in live {
        let stored = stored(None, cursor, *feed, live, plan)?;
        let bytes = present::encode(&stored, *mark, &plan.place, &plan.names, view);
        let id = VersionId { feed: feed.0, sequence: live.record.sequence };
        shown.push((id, bytes.ok_or_else(|| tail::missing(&plan.names))?));
    }
    Ok(shown)
}
