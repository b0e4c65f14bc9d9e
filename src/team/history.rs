//! What was said before of some entries: versions that others replaced.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::ControlFlow,
};

use polder_picture::{
    attributes::Attributes, clock::Hlc, names::VersionId, record::Id, team::said::Said,
};
use polder_wire::v1::{Entry, EntryView, Section};
use prost::Message as _;
use uuid::Uuid;

use super::{View, read::said};
use crate::{
    present::{self, Mark, Place},
    store::{
        engine::EngineError,
        log::{Cursor, StoredRecord},
    },
};

/// Of more versions than this the oldest are not read.
const VERSIONS_MAX: usize = 5_000;

/// One version of an entry.
pub(super) struct Earlier {
    pub(super) scope: Id,
    pub(super) entry: Uuid,
    pub(super) version: VersionId,
    pub(super) said: Said,
    /// Who wrote it, by the name with which they signed in.
    pub(super) author: String,
}

/// One record of an entry, where it stands.
struct Found {
    scope: u32,
    entry: Uuid,
    version: VersionId,
    attributes: Attributes,
    hlc: u64,
}

/// All versions of some entries that count and can be read, as far as they are held here, known at
/// the moment that is looked at, in the order in which they were recorded: earlier ones that a
/// checkpoint left out come later. One pass over the log.
/// `withdrawals`: those too that withdraw an entry.
pub(super) fn history(
    view: &View,
    entries: &BTreeSet<(Id, Uuid)>,
    withdrawals: bool,
) -> Result<Vec<Earlier>, EngineError> {
    let found = find(view, entries, withdrawals)?;
    let log = view.node().log();
    let mut cursor = Cursor::new(&log);
    let mut versions = Vec::with_capacity(found.len());
    for one in found {
        let scope = view.node().picture.read().scope(one.scope).id;
        if let Some((said, author)) = read(view, &mut cursor, &one)? {
            let Found { entry, version, .. } = one;
            versions.push(Earlier { scope, entry, version, said, author });
        }
    }
    Ok(versions)
}

/// The same as they are shown, and whether older ones were left out.
pub(super) fn entries_of(
    view: &View,
    entries: &BTreeSet<(Id, Uuid)>,
) -> Result<(Vec<Entry>, bool), EngineError> {
    let found = find(view, entries, true)?;
    let missing = {
        let picture = view.node().picture.read();
        picture.gaps().any(|gap| entries.iter().any(|(scope, _)| *scope == gap.feed.scope))
    };
    let left_out = missing || found.len() == VERSIONS_MAX;
    let log = view.node().log();
    let mut cursor = Cursor::new(&log);
    let mut versions = Vec::with_capacity(found.len());
    for one in found {
        let Some((stored, mark)) = stored(view, &mut cursor, &one)? else { continue };
        let place = Place::of(view.node().picture.read().scope(one.scope));
        let shown = present::encode(&stored, mark, &place, &[], EntryView::Full);
        versions.extend(shown.and_then(|bytes| Entry::decode(bytes).ok()));
    }
    Ok((versions, left_out))
}

/// What a version says and who wrote it, if it counts and can be read.
fn read(
    view: &View,
    cursor: &mut Cursor<'_>,
    one: &Found,
) -> Result<Option<(Said, String)>, EngineError> {
    let Some((stored, mark)) = stored(view, cursor, one)? else { return Ok(None) };
    let header = polder_wire::v1::Header::decode(stored.envelope.header.clone());
    let author = header.map(|header| header.author).unwrap_or_default();
    Ok(Some((said(&stored, &one.attributes, one.hlc, mark), author)))
}

/// A version that counts and can be read.
fn stored(
    view: &View,
    cursor: &mut Cursor<'_>,
    one: &Found,
) -> Result<Option<(StoredRecord, Mark)>, EngineError> {
    let (feed, sequence) = (Id(one.version.feed), one.version.sequence);
    if view.node().is_archived(feed, sequence) {
        return Ok(None);
    }
    let picture = view.node().picture.read();
    let mark = Mark::of(&picture, (one.scope, one.entry), (feed, sequence), &one.attributes);
    drop(picture);
    if mark.is_aside() || mark.hides() {
        return Ok(None);
    }
    // What was erased meanwhile is not told.
    Ok(cursor.record(feed, sequence)?.map(|stored| (stored, mark)))
}

/// When the first version of the incident's own section was recorded, of those recorded up to a
/// moment, whether it was corrected or withdrawn since. One pass over the log.
pub(super) fn first_described(view: &View, until_ms: i64) -> Result<Option<i64>, EngineError> {
    let scopes: HashMap<Id, u32> = {
        let picture = view.node().picture.read();
        let known = picture.audiences(&view.incident).map(|scope| (picture.scope(scope).id, scope));
        known.filter(|(id, _)| view.sees(*id)).collect()
    };
    let mut found: BTreeMap<(u64, VersionId), Found> = BTreeMap::new();
    each(view, |scope, entry, version, attributes, hlc| {
        let Some(scope) = scopes.get(&scope) else { return };
        let says = !attributes.retracted() && !attributes.is_opaque();
        if says && attributes.kind != 0 && Hlc::millis(hlc) <= until_ms {
            let one = Found { scope: *scope, entry, version, attributes, hlc };
            found.insert((hlc, version), one);
            if found.len() > VERSIONS_MAX {
                found.pop_last();
            }
        }
    })?;
    let log = view.node().log();
    let mut cursor = Cursor::new(&log);
    for one in found.values() {
        if let Some((said, _)) = read(view, &mut cursor, one)?
            && said.section == Section::Incident
        {
            return Ok(Some(said.recorded_ms));
        }
    }
    Ok(None)
}

/// Where those versions stand.
fn find(
    view: &View,
    entries: &BTreeSet<(Id, Uuid)>,
    withdrawals: bool,
) -> Result<Vec<Found>, EngineError> {
    let scopes: HashMap<Id, u32> = {
        let picture = view.node().picture.read();
        let known = entries.iter().filter_map(|(id, _)| Some((*id, picture.scope_index(*id)?)));
        known.collect()
    };
    let mut found: BTreeMap<(u64, VersionId), Found> = BTreeMap::new();
    each(view, |scope, entry, version, attributes, hlc| {
        let wanted = scopes.get(&scope).filter(|_| entries.contains(&(scope, entry)));
        let Some(index) = wanted.filter(|_| withdrawals || !attributes.retracted()) else { return };
        found.insert((hlc, version), Found { scope: *index, entry, version, attributes, hlc });
        if found.len() > VERSIONS_MAX {
            found.pop_first();
        }
    })?;
    Ok(found.into_values().collect())
}

/// Every record of an entry that is held here and was known at the moment that is looked at, in the
/// order in which they came: its scope, its entry, which it is, and what filters know of it.
fn each(
    view: &View,
    mut look: impl FnMut(Id, Uuid, VersionId, Attributes, u64),
) -> Result<(), EngineError> {
    let log = view.node().log();
    let branches = log.branches()?;
    log.arrivals(1, &mut |_, arrival| {
        if view.known_ms().is_some_and(|known| arrival.received_ms > known) {
            return ControlFlow::Break(());
        }
        for record in &arrival.records {
            let entry = Uuid::from_slice(&record.entry).ok();
            let feed = arrival.feeds.get(record.feed as usize);
            let Some((entry, feed)) = entry.zip(feed) else { continue };
            let attributes = Attributes::decode(&record.attributes);
            let scope = Id::from_slice(&feed.scope);
            let Some(((scope, feed), attributes)) = scope.zip(feed.id()).zip(attributes) else {
                continue;
            };
            if attributes.is_apart() {
                continue;
            }
            let feed = branches.place(feed, record.sequence);
            let version = VersionId { feed: feed.0, sequence: record.sequence };
            look(scope, entry, version, attributes, record.hlc);
        }
        ControlFlow::Continue(())
    })
}
