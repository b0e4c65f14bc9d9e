//! What was said before of some entries: versions that others replaced.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    ops::ControlFlow,
};

use polder_picture::{attributes::Attributes, names::VersionId, record::Id, team::said::Said};
use uuid::Uuid;

use super::{View, read::said};
use crate::{
    present::Mark,
    store::{engine::EngineError, log::Cursor},
};

/// Of more versions than this the oldest are not read.
const VERSIONS_MAX: usize = 5_000;

/// One record of an entry, where it stands.
struct Found {
    scope: u32,
    entry: Uuid,
    version: VersionId,
    attributes: Attributes,
    hlc: u64,
}

/// All versions of some entries that count and can be read, as far as they are held here, known at
/// the moment that is looked at: in the order in which they came. One pass over the log.
pub(super) fn history(
    view: &View,
    entries: &BTreeSet<(Id, Uuid)>,
) -> Result<Vec<(Id, Uuid, VersionId, Said)>, EngineError> {
    let scopes: HashMap<Id, u32> = {
        let picture = view.node().picture.read();
        let known = entries.iter().filter_map(|(id, _)| Some((*id, picture.scope_index(*id)?)));
        known.collect()
    };
    let log = view.node().log();
    let branches = log.branches()?;
    let mut found: VecDeque<(Id, Found)> = VecDeque::new();
    log.arrivals(1, &mut |_, arrival| {
        if view.known_ms().is_some_and(|known| arrival.received_ms > known) {
            return ControlFlow::Break(());
        }
        for record in &arrival.records {
            let entry = Uuid::from_slice(&record.entry).ok();
            let feed = arrival.feeds.get(record.feed as usize);
            let Some((entry, feed)) = entry.zip(feed) else { continue };
            let Some(scope) = Id::from_slice(&feed.scope) else { continue };
            let wanted = scopes.get(&scope).filter(|_| entries.contains(&(scope, entry)));
            let attributes = Attributes::decode(&record.attributes);
            let Some(((index, feed), attributes)) = wanted.zip(feed.id()).zip(attributes) else {
                continue;
            };
            if attributes.is_apart() || attributes.retracted() {
                continue;
            }
            let feed = branches.place(feed, record.sequence);
            let version = VersionId { feed: feed.0, sequence: record.sequence };
            let (scope_index, hlc) = (*index, record.hlc);
            found.push_back((scope, Found { scope: scope_index, entry, version, attributes, hlc }));
            if found.len() > VERSIONS_MAX {
                found.pop_front();
            }
        }
        ControlFlow::Continue(())
    })?;
    let mut cursor = Cursor::new(&log);
    let mut versions = Vec::with_capacity(found.len());
    for (scope, one) in found {
        let (feed, sequence) = (Id(one.version.feed), one.version.sequence);
        if view.node().is_archived(feed, sequence) {
            continue;
        }
        let record = (feed, sequence);
        let picture = view.node().picture.read();
        let mark = Mark::of(&picture, (one.scope, one.entry), record, &one.attributes);
        drop(picture);
        if mark.is_aside() || mark.hides() {
            continue;
        }
        // What was erased meanwhile is not told.
        let Some(stored) = cursor.record(feed, sequence)? else { continue };
        versions.push((
            scope,
            one.entry,
            one.version,
            said(&stored, &one.attributes, one.hlc, mark),
        ));
    }
    Ok(versions)
}
