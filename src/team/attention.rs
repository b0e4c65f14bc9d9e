//! Answers who must see what, and who has.

use std::collections::HashMap;

use polder_picture::{
    attributes::timestamp,
    check::Checker,
    names::{EntryName, PartyName, VersionId},
    record::Id,
    refusal::Refusal,
    team::attention::{Asked, Attended as Found, attended},
};
use polder_wire::v1::{
    AddresseeState, Attended, Entry, EntryView, ListAttentionRequest, ListAttentionResponse,
};
use prost::Message as _;

use super::{View, handover::last};
use crate::{links::Links, subscribe::SubscribeError};

const ENTRIES_MAX: usize = 500;
const BYTES_MAX: usize = 1 << 20;

/// What is known here of who holds what.
pub(crate) struct Delivered {
    /// Nodes of each party, this one among them.
    nodes: HashMap<String, Vec<Id>>,
    own: Id,
    links: std::sync::Arc<Links>,
}

impl Delivered {
    /// As it is now.
    pub(crate) fn of(view: &View, links: &std::sync::Arc<Links>) -> Self {
        let own = view.node().key_id();
        let mut nodes: HashMap<String, Vec<Id>> = HashMap::new();
        for row in links.report().links {
            let id = row.node.strip_prefix("nodes/").and_then(Id::parse);
            let party = row.party.trim_start_matches("parties/").to_owned();
            nodes.entry(party).or_default().extend(id);
        }
        nodes.entry(view.node().identity().party.clone()).or_default().push(own);
        Self { nodes, own, links: std::sync::Arc::clone(links) }
    }

    /// When this node came to know that a node of a party holds a version.
    fn at(&self, party: &str, version: VersionId, received_ms: i64) -> Option<i64> {
        let nodes = self.nodes.get(party)?;
        if nodes.contains(&self.own) {
            return Some(received_ms);
        }
        let holders = self.links.holders.of(Id(version.feed), version.sequence);
        let theirs = holders.into_iter().filter(|(node, _)| nodes.contains(node));
        theirs.map(|(_, at_ms)| at_ms).min()
    }
}

/// Entries that somebody must see, and how far each is. `delivered`: nothing of the past.
pub(crate) fn attention(
    view: &View,
    request: &ListAttentionRequest,
    delivered: Option<&Delivered>,
) -> Result<ListAttentionResponse, SubscribeError> {
    let mut check = Checker::new("");
    check.name("party", &request.party, false, PartyName::parse, "parties/{party}");
    check.finish()?;
    let party = request.party.strip_prefix("parties/");
    let mut found = view.ask(|board| attended(board, view.now_ms, |scope| view.sees(scope)))?;
    found.retain(|one| party.is_none_or(|party| one.asks(party)));
    found.retain(|one| !request.only_waiting || one.waits());
    let mut answer = ListAttentionResponse::default();
    let mut bytes = 0;
    for one in &found {
        if answer.entries.len() == ENTRIES_MAX || bytes > BYTES_MAX {
            break;
        }
        let Some(told) = tell(view, one, delivered)? else { continue };
        bytes += told.entry.len();
        answer.entries.push(told);
    }
    answer.entries_left_out = (found.len() - answer.entries.len()) as i32;
    Ok(answer)
}

fn tell(
    view: &View,
    found: &Found,
    delivered: Option<&Delivered>,
) -> Result<Option<Attended>, SubscribeError> {
    let Some(entry) = last(view, found.at)? else { return Ok(None) };
    let known = view.ask(|board| {
        board.versions(found.at).last().map(|version| (version.id, version.received_ms))
    })?;
    let state = |asked: &Asked| {
        let at = |party: &str| {
            let (version, received_ms) = known?;
            delivered?.at(party, version, received_ms)
        };
        let read = asked.read.as_ref();
        // Who has read it had it, whatever links tell.
        let held = at(&asked.addressee.party)
            .or(read.filter(|read| read.party == asked.addressee.party).map(|read| read.when_ms));
        let second = asked.addressee.second.as_ref().filter(|_| asked.escalated);
        AddresseeState {
            party: format!("parties/{}", asked.addressee.party),
            role: asked.addressee.role.clone(),
            delivered_time: held.map(timestamp),
            read_time: read.map(|read| timestamp(read.when_ms)),
            reader: read.map(|read| read.reader.clone()).unwrap_or_default(),
            read_earlier: asked.read_earlier,
            overdue: asked.overdue,
            escalated_to: second.map(|party| format!("parties/{party}")).unwrap_or_default(),
        }
    };
    let addressees = found.asked.iter().map(state).collect();
    Ok(Some(Attended { entry, due_time: Some(timestamp(found.due_ms)), addressees }))
}

/// The current versions of an entry, to be acknowledged, and what its newest one says.
pub(crate) fn acknowledged_by(
    view: &View,
    name: &str,
) -> Result<(Vec<VersionId>, Entry), SubscribeError> {
    let not_found = || {
        let sentence = format!("{name} is not known here");
        let class = polder_picture::refusal::Class::NotFound;
        SubscribeError::from(Refusal::new(class, "ENTRY_NOT_FOUND", sentence))
    };
    let parsed = EntryName::parse(name).ok_or_else(not_found)?;
    let at = view.ask(|board| board.of_id(parsed.entry).find(|at| view.sees(at.scope)))?;
    let read = view.entries(&[at.ok_or_else(not_found)?], EntryView::Full)?;
    let (_, versions) = read.into_iter().next().ok_or_else(not_found)?;
    let last = versions.last().ok_or_else(not_found)?;
    let entry = Entry::decode(last.1.clone()).map_err(|_| not_found())?;
    Ok((versions.iter().map(|(version, _)| *version).collect(), entry))
}

/// For which party somebody says that they read an entry who does not say so: the first addressee,
/// or second, among those for which they may speak.
pub(crate) fn usual_addressee(entry: &Entry, speaks_for: impl Fn(&str) -> bool) -> Option<String> {
    let attention = entry.attention.as_ref()?;
    let first = attention.addressees.iter().map(|addressee| &addressee.party);
    let second = attention.addressees.iter().map(|addressee| &addressee.second);
    let all = first.chain(second).map(|party| party.trim_start_matches("parties/"));
    let mut all = all.filter(|party| !party.is_empty());
    all.find(|party| speaks_for(party)).map(str::to_owned)
}
