//! Questions that are answered once: one entry, a list, all versions, the picture as it was.

use std::{collections::HashMap, ops::ControlFlow};

use bytes::Bytes;
use polder_picture::{
    admit::NewScope,
    attributes::{Attributes, NEVER, millis},
    check::Checker,
    filter::Filter,
    live::Register,
    names::EntryName,
    picture::Picture,
    record::Id,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    AsOfSummary, EntryView, GetPictureAsOfRequest, Incident, ListEntriesRequest,
    ListEntriesResponse, ListEntryVersionsRequest, ListEntryVersionsResponse,
};
use uuid::Uuid;

use crate::{
    incident,
    node::Node,
    present,
    publish::Accepted,
    store::{
        engine::EngineError,
        log::{Cursor, Log},
        replay::replay_into,
        rows::Arrival,
    },
    subscribe::{ReadEntry, SubscribeError, read},
    tail,
    token::{Position, Purpose, Unusable},
};

/// A page ends at so many bytes.
const PAGE_BYTES: usize = 768 * 1024;

/// Resolves an entry's name to its register.
fn find(picture: &Picture, name: &str) -> Result<Register, Refusal> {
    let parsed = EntryName::parse(name).ok_or_else(|| {
        let sentence = "must be incidents/{incident}/entries/{lower-case UUID}";
        Refusal::field("name", "MALFORMED_NAME", sentence)
    })?;
    let scope = incident::find_id(picture, parsed.incident.id())?;
    let register = picture.entry(scope, parsed.entry).filter(|register| register.lsn > 0);
    let archived = picture.scope(scope).archived.is_some();
    let missing =
        || if archived { incident::archived(parsed.incident.id()) } else { not_found(name) };
    register.cloned().ok_or_else(missing)
}

fn not_found(name: &str) -> Refusal {
    Refusal::new(Class::NotFound, "ENTRY_NOT_FOUND", format!("{name} is not known here"))
}

/// One entry: the version recorded last, then its rivals.
pub fn entry(node: &Node, name: &str) -> Result<(Bytes, Vec<Bytes>), SubscribeError> {
    let (register, shown) = {
        let picture = node.picture.read();
        let register = find(&picture, name)?;
        let shown = picture.display(&register).map(|live| live.record);
        (register, shown)
    };
    // A record may claim to have been seen before it was: then nothing of the entry is current.
    let Some(shown) = shown else { return Err(not_found(name).into()) };
    let log = node.log();
    let read = read(node, &mut Cursor::new(&log), &register, EntryView::Full)?;
    let shown = register.live.iter().position(|live| live.record == shown);
    let mut versions = read.change.versions;
    let first = versions.remove(shown.unwrap_or(0));
    Ok((first, versions))
}

/// The version that a request put on record, whatever came after it.
pub fn accepted(node: &Node, accepted: Accepted) -> Result<Bytes, SubscribeError> {
    let version = present::version(accepted.feed, accepted.sequence);
    let missing = || tail::missing(std::slice::from_ref(&version));
    let (incident, live) = {
        let picture = node.picture.read();
        let feed = picture.feed(picture.feed_index(accepted.feed).ok_or_else(missing)?);
        let register = picture.entry(feed.scope, accepted.entry);
        let live = register.map(|register| present::rivals(&picture, register));
        (picture.scope(feed.scope).incident.clone(), live.unwrap_or_default())
    };
    if node.is_archived(accepted.feed, accepted.sequence) {
        return Err(incident::archived(&incident).into());
    }
    let stored = node.log().record(accepted.feed, accepted.sequence)?.ok_or_else(missing)?;
    let encoded = present::encode(&stored, false, &incident, &live, EntryView::Full);
    Ok(encoded.ok_or_else(missing)?)
}

/// What a retraction says of the version that it withdraws; empty when nothing can be said.
pub fn withdrawn(node: &Node, scope: u32, entry: Uuid) -> Result<Bytes, SubscribeError> {
    use polder_wire::v1::content::Content;
    let shown = {
        let picture = node.picture.read();
        let shown = picture.entry(scope, entry).and_then(|register| picture.display(register));
        let shown = shown.filter(|live| !live.attributes.is_opaque());
        shown.map(|live| (picture.feed(live.record.feed).id, live.record.sequence))
    };
    let Some((feed, sequence)) = shown else { return Ok(Bytes::new()) };
    let stored = node.log().record(feed, sequence)?;
    Ok(match stored.and_then(|stored| stored.content()) {
        Some(Content::Entry(bytes)) => present::withdrawn(&bytes).unwrap_or_default(),
        Some(Content::Retraction(earlier)) => earlier.withdrawn,
        _ => Bytes::new(),
    })
}

/// Size of a page: 0 means `usual`, too much means `max`.
pub fn page_size(size: i32, usual: usize, max: usize) -> Result<usize, Refusal> {
    match size {
        ..0 => Err(Refusal::field("page_size", "OUT_OF_RANGE", "must not be negative")),
        0 => Ok(usual),
        _ => Ok((size as usize).min(max)),
    }
}

/// Reads a page token that belongs to the same question; `None` for the first page.
pub fn page(node: &Node, token: &str, question: u64) -> Result<Option<Position>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let wrong = |reason, sentence: &str| Refusal::field("page_token", reason, sentence);
    let position = node.tokens.read(Purpose::Page, token).map_err(|unusable| match unusable {
        Unusable::Malformed => wrong("TOKEN_MALFORMED", "is not one of this node"),
        Unusable::OtherStore => wrong("STORE_CHANGED", "belongs to another store: start again"),
    })?;
    if position.question != question {
        return Err(wrong("TOKEN_OF_OTHER_FILTER", "belongs to another question: start again"));
    }
    Ok(Some(position))
}

/// Entries that match, the newest first. An entry that changes between two pages is neither
/// skipped nor repeated, for its place in the list is that of its first version.
pub fn list(
    node: &Node,
    request: &ListEntriesRequest,
) -> Result<ListEntriesResponse, SubscribeError> {
    let mut check = Checker::new("");
    check.enumeration::<EntryView>("view", request.view, false);
    check.finish()?;
    let size = page_size(request.page_size, 100, 1_000)?;
    let filter = request.filter.clone().unwrap_or_default();
    let filter = Filter::compile(&filter, "filter", &node.picture.read())?;
    let question = filter.hash() ^ (request.view as u64);
    let from = page(node, &request.page_token, question)?;
    let pinned = node.picture.read().snapshot();
    let lsn = from.map_or(pinned.lsn, |from| from.lsn);
    let mut next = from.map_or(pinned.entries.len(), |from| from.offset as usize);

    let now_ms = node.wall.now_ms();
    let log = node.log();
    let mut cursor = Cursor::new(&log);
    let mut response = ListEntriesResponse::default();
    let mut entries = 0;
    let mut bytes = 0;
    while next > 0 && entries < size && bytes < PAGE_BYTES {
        next -= 1;
        let Some(register) = pinned.entries.get(next) else { continue };
        if !filter.matches(register, now_ms) {
            continue;
        }
        let read = read(node, &mut cursor, register, request.view())?;
        if !read.matches_text(&filter) {
            continue;
        }
        let size: usize = read.change.versions.iter().map(Bytes::len).sum();
        if bytes + size > PAGE_BYTES && entries > 0 {
            next += 1;
            break;
        }
        entries += 1;
        bytes += size;
        response.entries.extend(read.change.versions);
    }
    if next > 0 {
        let position = Position { lsn, question, offset: next as u64 };
        response.next_page_token = node.tokens.write(Purpose::Page, position);
    }
    response.token = resume_token(node, lsn);
    Ok(response)
}

/// A token that any subscription may start from.
pub fn resume_token(node: &Node, lsn: u64) -> String {
    node.tokens.write(Purpose::Resume, Position { lsn, question: 0, offset: 0 })
}

/// Where a record stands in the log: position, feed, number there, and whether it is opaque.
type Found = (u64, Id, u64, bool);

/// Where the records of one entry stand in the log.
fn records_of(log: &Log, scope: Id, entry: Uuid) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    let branches = log.branches()?;
    log.arrivals(1, &mut |lsn, arrival| {
        for (at, record) in arrival.records.iter().enumerate() {
            if record.entry[..] == entry.as_bytes()[..]
                && let Some(feed) = feed_in(&arrival, record.feed, scope)
                && let feed = branches.place(feed, record.sequence)
                && let Some(attributes) = Attributes::decode(&record.attributes)
                && !attributes.is_apart()
            {
                found.push((lsn + at as u64, feed, record.sequence, attributes.is_opaque()));
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn feed_in(arrival: &Arrival, feed: u32, scope: Id) -> Option<Id> {
    let feed = arrival.feeds.get(feed as usize)?;
    if Id::from_slice(&feed.scope)? == scope { feed.id() } else { None }
}

/// All versions of an entry, oldest first.
pub fn versions(
    node: &Node,
    request: &ListEntryVersionsRequest,
) -> Result<ListEntryVersionsResponse, SubscribeError> {
    let size = page_size(request.page_size, 100, 1_000)?;
    let (register, scope, incident, live) = {
        let picture = node.picture.read();
        let register = find(&picture, &request.name)?;
        let scope = picture.scope(register.scope);
        let live = present::rivals(&picture, &register);
        (register, scope.id, scope.incident.clone(), live)
    };
    let question = polder_picture::attributes::party_hash(&request.name);
    let from = page(node, &request.page_token, question)?.map_or(0, |from| from.offset);
    let log = node.log();
    let found = records_of(&log, scope, register.entry)?;
    let mut cursor = Cursor::new(&log);
    let mut response = ListEntryVersionsResponse::default();
    let mut bytes = 0;
    for (lsn, feed, sequence, opaque) in found {
        if lsn <= from || node.is_archived(feed, sequence) {
            continue;
        }
        if response.versions.len() >= size || bytes > PAGE_BYTES {
            let position = Position { lsn, question, offset: lsn - 1 };
            response.next_page_token = node.tokens.write(Purpose::Page, position);
            break;
        }
        let stored = cursor.record(feed, sequence)?;
        let stored = stored.ok_or_else(|| tail::missing(&[present::version(feed, sequence)]))?;
        let encoded = present::encode(&stored, opaque, &incident, &live, EntryView::Full);
        let encoded = encoded.ok_or_else(|| tail::missing(&[present::version(feed, sequence)]))?;
        bytes += encoded.len();
        response.versions.push(encoded);
    }
    Ok(response)
}

/// The picture as it was known at one moment, perhaps narrowed to what held at another.
pub struct AsOf {
    picture: Picture,
    filter: Filter,
    view: EntryView,
    valid_ms: Option<i64>,
    now_ms: i64,
    next: usize,
    lsn: u64,
    scope: u32,
    entries: i64,
    contradictions: i64,
}

impl AsOf {
    /// Rebuilds the incident's picture from what had arrived by then.
    pub fn open(node: &Node, request: &GetPictureAsOfRequest) -> Result<Self, SubscribeError> {
        let mut check = Checker::new("");
        check.enumeration::<EntryView>("view", request.view, false);
        check.time("known_at", request.known_at.as_ref());
        check.time("valid_at", request.valid_at.as_ref());
        let filter = request.filter.clone().unwrap_or_default();
        if filter.incidents.len() != 1 {
            check.within("filter", |check| {
                check.wrong("incidents", "REQUIRED", "must name exactly one incident");
            });
        }
        check.finish()?;
        let (filter, wanted) = {
            let picture = node.picture.read();
            let filter = Filter::compile(&filter, "filter", &picture)?;
            let wanted = picture.scope(filter.scopes()[0]).id;
            (filter, wanted)
        };
        let now_ms = node.tell_ms();
        let known_ms = request.known_at.as_ref().map_or(i64::MAX, millis);
        let mut picture = Picture::default();
        picture.expect_archived(&node.picture.read().archived());
        let mut lsn = 0;
        let mut bad = None;
        let log = node.log();
        let branches = log.branches()?;
        log.arrivals(1, &mut |first, arrival| {
            if arrival.received_ms > known_ms {
                return ControlFlow::Break(());
            }
            let ours = |picture: &Picture, scope: u32| picture.scope(scope).id == wanted;
            if let Err(problem) = replay_into(&mut picture, &branches, &arrival, ours) {
                bad = Some(EngineError::Damaged(problem));
                return ControlFlow::Break(());
            }
            lsn = first + arrival.records.len() as u64 - 1;
            ControlFlow::Continue(())
        })?;
        if let Some(bad) = bad {
            return Err(bad.into());
        }
        let scope = filter.scopes()[0];
        Ok(Self {
            filter,
            view: request.view(),
            valid_ms: request.valid_at.as_ref().map(millis),
            now_ms: request.known_at.as_ref().map_or(now_ms, millis).min(now_ms),
            next: 0,
            lsn,
            scope,
            entries: 0,
            contradictions: 0,
            picture,
        })
    }

    fn holds(&self, attributes: &Attributes) -> bool {
        self.valid_ms.is_none_or(|at| {
            attributes.valid_from_ms <= at
                && (attributes.expire_ms == NEVER || attributes.expire_ms > at)
        })
    }

    /// The next entries; `None` when there are no more.
    pub fn next(&mut self, node: &Node) -> Result<Option<Vec<Bytes>>, SubscribeError> {
        let log = node.log();
        let mut cursor = Cursor::new(&log);
        let mut entries = Vec::new();
        let mut bytes = 0;
        while bytes < PAGE_BYTES / 4
            && let Some(register) = self.picture.entries().get(self.next)
        {
            self.next += 1;
            let live = register.live.iter();
            let holds = live.clone().any(|live| self.holds(&live.attributes));
            if !holds || !self.filter.matches(register, self.now_ms) {
                continue;
            }
            let read = self.read(&mut cursor, register)?;
            if !read.matches_text(&self.filter) {
                continue;
            }
            self.entries += 1;
            self.contradictions += i64::from(register.is_contradictory());
            bytes += read.change.versions.iter().map(Bytes::len).sum::<usize>();
            entries.extend(read.change.versions);
        }
        Ok((!entries.is_empty()).then_some(entries))
    }

    fn read(&self, cursor: &mut Cursor<'_>, register: &Register) -> Result<ReadEntry, EngineError> {
        let incident = &self.picture.scope(register.scope).incident;
        let versions = present::rivals(&self.picture, register);
        let mut change = polder_wire::v1::EntryChange::default();
        for live in register.live.iter().filter(|live| self.holds(&live.attributes)) {
            let feed = self.picture.feed(live.record.feed).id;
            let stored = cursor.record(feed, live.record.sequence)?;
            let stored = stored.ok_or_else(|| tail::missing(&versions))?;
            let opaque = live.attributes.is_opaque();
            let encoded = present::encode(&stored, opaque, incident, &versions, self.view);
            change.versions.push(encoded.ok_or_else(|| tail::missing(&versions))?);
        }
        Ok(ReadEntry { change, versions })
    }

    /// What the answer rests on.
    pub fn summary(&mut self, node: &Node) -> Result<AsOfSummary, SubscribeError> {
        Ok(AsOfSummary {
            entry_count: self.entries,
            contradiction_count: self.contradictions,
            token: resume_token(node, self.lsn),
            incident: self.incident(node)?,
        })
    }

    fn incident(&mut self, node: &Node) -> Result<Option<Incident>, EngineError> {
        let id = {
            let picture = node.picture.read();
            let scope = picture.scope(self.scope);
            if scope.archived.is_some() {
                // What it was then is only in the file.
                return Ok(incident::view(&picture, self.scope));
            }
            scope.id
        };
        let Some(index) = self.picture.scope_index(id) else { return Ok(None) };
        let live: Vec<_> = self.picture.scope(index).register.live.iter().cloned().collect();
        let log = node.log();
        for live in live {
            let data = log.incident_data(&self.picture, &live)?;
            self.picture.set_incident_data(index, live.record, data);
        }
        Ok(incident::view(&self.picture, index))
    }
}

/// How many current versions cite each attachment.
pub fn citations(node: &Node) -> Result<HashMap<[u8; 32], u32>, EngineError> {
    let mut cited = HashMap::new();
    each_citation(node, |sha256, _| *cited.entry(sha256).or_insert(0) += 1)?;
    Ok(cited)
}

/// Scopes whose current versions cite each attachment.
pub fn citing_scopes(node: &Node) -> Result<HashMap<[u8; 32], Vec<NewScope>>, EngineError> {
    let mut cited: HashMap<[u8; 32], Vec<NewScope>> = HashMap::new();
    each_citation(node, |sha256, scope| {
        let scope = node.picture.read().scope(scope).name();
        let scopes = cited.entry(sha256).or_default();
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    })?;
    Ok(cited)
}

fn each_citation(node: &Node, mut visit: impl FnMut([u8; 32], u32)) -> Result<(), EngineError> {
    let pinned = node.picture.read().snapshot();
    let log = node.log();
    let mut cursor = Cursor::new(&log);
    for register in pinned.entries.iter() {
        for live in register.live.iter().filter(|live| live.attributes.has_attachments()) {
            let feed = node.picture.read().feed(live.record.feed).id;
            let stored = cursor.record(feed, live.record.sequence)?;
            stored.iter().flat_map(cited_by).for_each(|sha256| visit(sha256, register.scope));
        }
    }
    Ok(())
}

fn cited_by(stored: &crate::store::log::StoredRecord) -> Vec<[u8; 32]> {
    use polder_wire::v1::content::Content;
    use prost::Message as _;
    let Some(Content::Entry(bytes)) = stored.content() else { return Vec::new() };
    let Ok(entry) = polder_wire::v1::Entry::decode(bytes) else { return Vec::new() };
    let parse = |reference: &polder_wire::v1::AttachmentReference| {
        polder_picture::names::AttachmentName::parse(&reference.attachment).map(|n| n.sha256)
    };
    entry.attachments.iter().filter_map(parse).collect()
}
