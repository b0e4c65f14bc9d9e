//! Questions that are answered once: one entry, a list, all versions, the picture as it was.

use std::{collections::HashMap, ops::ControlFlow};

use bytes::Bytes;
use polder_picture::{
    admit::NewScope,
    attributes::Attributes,
    check::Checker,
    filter::Filter,
    live::{Live, Register},
    names::EntryName,
    picture::Picture,
    record::Id,
    refusal::{Class, Refusal},
    sight::Sight,
};
use polder_wire::v1::{
    EntryView, ListEntriesRequest, ListEntriesResponse, ListEntryVersionsRequest,
    ListEntryVersionsResponse,
};
use uuid::Uuid;

use crate::{
    incident,
    node::Node,
    people::unknown_incident,
    present::{self, Mark, Place},
    publish::Accepted,
    store::{
        engine::EngineError,
        log::{Cursor, Log},
        rows::Arrival,
    },
    subscribe::{SubscribeError, read},
    tail,
    token::{Position, Purpose, Unusable},
};

mod as_of;

pub use as_of::AsOf;

/// A page ends at so many bytes.
const PAGE_BYTES: usize = 768 * 1024;

/// Resolves an entry's name to its register, among what may be seen. An entry whose id stands in
/// several audiences is that of the widest.
pub fn find(picture: &Picture, name: &str, sight: &Sight) -> Result<Register, Refusal> {
    let parsed = EntryName::parse(name).ok_or_else(|| {
        let sentence = "must be incidents/{incident}/entries/{lower-case UUID}";
        Refusal::field("name", "MALFORMED_NAME", sentence)
    })?;
    let incident = parsed.incident.id();
    let seen: Vec<_> = picture.audiences(incident).filter(|scope| sight.covers(*scope)).collect();
    if seen.is_empty() {
        return Err(unknown_incident(incident));
    }
    let held = |scope: &u32| picture.entry(*scope, parsed.entry).filter(|entry| entry.lsn > 0);
    let archived = seen.iter().any(|scope| picture.scope(*scope).archived.is_some());
    let missing = || if archived { incident::archived(incident) } else { not_found(name) };
    seen.iter().find_map(held).cloned().ok_or_else(missing)
}

/// Parties of the current versions of an entry: it is theirs to change.
pub fn owners(node: &Node, register: &Register) -> Result<Vec<String>, SubscribeError> {
    use polder_wire::v1::content::Content;
    let records: Vec<_> = {
        let picture = node.picture.read();
        let of = |live: &Live| (picture.feed(live.record.feed).id, live.record.sequence);
        register.live.iter().filter(|live| !live.attributes.is_opaque()).map(of).collect()
    };
    let log = node.log();
    let mut owners = Vec::new();
    for (feed, sequence) in records {
        let party = match log.record(feed, sequence)?.and_then(|stored| stored.content()) {
            Some(Content::Entry(bytes)) => present::party_of(&bytes),
            Some(Content::Retraction(retraction)) => present::party_of(&retraction.withdrawn),
            _ => None,
        };
        owners.extend(party.filter(|party| !owners.contains(party)));
    }
    Ok(owners)
}

fn not_found(name: &str) -> Refusal {
    Refusal::new(Class::NotFound, "ENTRY_NOT_FOUND", format!("{name} is not known here"))
}

/// One entry: the version recorded last, then its rivals.
pub fn entry(
    node: &Node,
    name: &str,
    sight: &Sight,
) -> Result<(Bytes, Vec<Bytes>), SubscribeError> {
    let (register, shown) = {
        let picture = node.picture.read();
        let register = find(&picture, name, sight)?;
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
    let (place, live) = {
        let picture = node.picture.read();
        let feed = picture.feed(picture.feed_index(accepted.feed).ok_or_else(missing)?);
        let register = picture.entry(feed.scope, accepted.entry);
        let live = register.map(|register| present::rivals(&picture, register));
        (Place::of(picture.scope(feed.scope)), live.unwrap_or_default())
    };
    if node.is_archived(accepted.feed, accepted.sequence) {
        return Err(incident::archived(&place.incident).into());
    }
    let stored = node.log().record(accepted.feed, accepted.sequence)?.ok_or_else(missing)?;
    let encoded = present::encode(&stored, Mark::default(), &place, &live, EntryView::Full);
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
    sight: Sight,
) -> Result<ListEntriesResponse, SubscribeError> {
    let mut check = Checker::new("");
    check.enumeration::<EntryView>("view", request.view, false);
    check.finish()?;
    let size = page_size(request.page_size, 100, 1_000)?;
    let filter = request.filter.clone().unwrap_or_default();
    let filter = Filter::compile(&filter, "filter", &node.picture.read(), sight)?;
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

/// Where a record stands in the log: position, feed, number there, and what filters know of it.
type Found = (u64, Id, u64, Attributes);

/// Where the records of one entry stand in the log.
pub(crate) fn records_of(log: &Log, scope: Id, entry: Uuid) -> Result<Vec<Found>, EngineError> {
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
                found.push((lsn + at as u64, feed, record.sequence, attributes));
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

/// Puts records that came after those which follow them in their feed, for a checkpoint had left
/// them out, where they belong: before the first of those that came.
fn in_their_order(found: &mut [Found]) {
    let mut by_feed: Vec<_> = found.iter().map(|(lsn, feed, at, _)| (*feed, *at, *lsn)).collect();
    by_feed.sort_unstable_by_key(|(feed, at, _)| (*feed, std::cmp::Reverse(*at)));
    let mut places: HashMap<(Id, u64), u64> = HashMap::new();
    let mut last: Option<(Id, u64)> = None;
    for (feed, at, lsn) in by_feed {
        let after = last.filter(|(of, _)| *of == feed).map_or(u64::MAX, |(_, after)| after);
        last = Some((feed, lsn.min(after)));
        places.insert((feed, at), lsn.min(after));
    }
    found.sort_by_key(|(lsn, feed, at, _)| (places.get(&(*feed, *at)).copied(), *at, *lsn));
}

/// All versions of an entry, oldest first.
pub fn versions(
    node: &Node,
    request: &ListEntryVersionsRequest,
    sight: &Sight,
) -> Result<ListEntryVersionsResponse, SubscribeError> {
    let size = page_size(request.page_size, 100, 1_000)?;
    let (register, scope, place, live, covered) = {
        let picture = node.picture.read();
        let register = find(&picture, &request.name, sight)?;
        let scope = picture.scope(register.scope);
        let live = present::rivals(&picture, &register);
        let mut seen = register.seen().into_iter();
        let covered = seen.any(|seen| picture.feed(seen.feed).covered.sequence > 0);
        (register, scope.id, Place::of(scope), live, covered)
    };
    let question = polder_picture::attributes::party_hash(&request.name);
    // What comes between two pages changes no place in the list.
    let held = || Position { lsn: node.picture.read().lsn(), question, offset: 0 };
    let from = page(node, &request.page_token, question)?.unwrap_or_else(held);
    let log = node.log();
    let mut found = records_of(&log, scope, register.entry)?;
    found.retain(|(lsn, ..)| *lsn <= from.lsn);
    in_their_order(&mut found);
    let mut cursor = Cursor::new(&log);
    let mut response =
        ListEntryVersionsResponse { earlier_versions_left_out: covered, ..Default::default() };
    let mut bytes = 0;
    for (at, (_, feed, sequence, attributes)) in (0..).zip(found) {
        if at < from.offset || node.is_archived(feed, sequence) {
            continue;
        }
        if response.versions.len() >= size || bytes > PAGE_BYTES {
            let position = Position { offset: at, ..from };
            response.next_page_token = node.tokens.write(Purpose::Page, position);
            break;
        }
        let stored = cursor.record(feed, sequence)?;
        let stored = stored.ok_or_else(|| tail::missing(&[present::version(feed, sequence)]))?;
        let of = (register.scope, register.entry);
        let mark = Mark::of(&node.picture.read(), of, (feed, sequence), &attributes);
        let encoded = present::encode(&stored, mark, &place, &live, EntryView::Full);
        let encoded = encoded.ok_or_else(|| tail::missing(&[present::version(feed, sequence)]))?;
        bytes += encoded.len();
        response.versions.push(encoded);
    }
    Ok(response)
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

pub(crate) fn cited_by(stored: &crate::store::log::StoredRecord) -> Vec<[u8; 32]> {
    use polder_wire::v1::content::Content;
    use prost::Message as _;
    let Some(Content::Entry(bytes)) = stored.content() else { return Vec::new() };
    let Ok(entry) = polder_wire::v1::Entry::decode(bytes) else { return Vec::new() };
    let parse = |reference: &polder_wire::v1::AttachmentReference| {
        polder_picture::names::AttachmentName::parse(&reference.attachment).map(|n| n.sha256)
    };
    entry.attachments.iter().filter_map(parse).collect()
}
