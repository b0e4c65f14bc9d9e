//! Answers the picture of the nation: what came from each region, how it is linked, and what all of
//! them say, joined.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use polder_picture::{
    attributes::timestamp,
    record::Id,
    team::{
        board::Version,
        situation::{Line, Regional, open_contradictions, regional, situation as find},
        tally::SECTIONS,
    },
};
use polder_wire::v1::{
    GetNationalPictureRequest, GetNationalPictureResponse, Link, LinkState, RegionPicture,
    RegionScaling, SectionPicture, SectionState, SituationLine,
};
use prost_types::Timestamp;

use super::{
    View,
    handover::last,
    situation::{lines_wanted, tell_lines},
};
use crate::{links::Links, node::Node, store::engine::EngineError, subscribe::SubscribeError};

const REGIONS_MAX: usize = 200;
const REQUESTS_MAX: usize = 5;
const BYTES_MAX: usize = 2 << 20;

/// Whose nodes there are, and how they are linked.
pub(crate) struct Regions {
    own: String,
    nodes: HashMap<Id, Arc<str>>,
    links: BTreeMap<String, Link>,
    known: RefCell<HashMap<[u8; 16], Option<Arc<str>>>>,
}

impl Regions {
    /// As this node knows it now.
    pub(crate) fn of_links(node: &Node, links: &Links) -> Self {
        let own = node.identity().party.clone();
        let mut nodes: HashMap<_, _> =
            node.own_keys().into_iter().map(|key| (key, own.as_str().into())).collect();
        let mut best: BTreeMap<String, Link> = BTreeMap::new();
        for row in links.report().links {
            let party = row.party.trim_start_matches("parties/").to_owned();
            let Some(id) = row.node.strip_prefix("nodes/").and_then(Id::parse) else { continue };
            if party.is_empty() {
                continue;
            }
            nodes.insert(id, party.as_str().into());
            match best.get_mut(&party) {
                Some(known) if rank(known) <= rank(&row) => {}
                Some(known) => *known = row,
                None => drop(best.insert(party, row)),
            }
        }
        Self { own, nodes, links: best, known: RefCell::default() }
    }

    /// The region at whose node a version was written; of a node that is not known, who says it.
    pub(super) fn of(&self, node: &Node, version: &Version) -> Arc<str> {
        let mut known = self.known.borrow_mut();
        let region = known.entry(version.id.feed).or_insert_with(|| {
            // The caller may hold the lock already.
            let picture = node.picture.read_recursive();
            let feed = picture.feed_index(Id(version.id.feed))?;
            self.nodes.get(&picture.feed(feed).origin?).cloned()
        });
        region.clone().unwrap_or_else(|| version.said.party.as_str().into())
    }
}

/// The better a link, the lower.
fn rank(link: &Link) -> u8 {
    match link.state() {
        LinkState::Connected => 0,
        LinkState::Indirect => 1,
        LinkState::CutOff => 2,
        LinkState::Unspecified => 3,
    }
}

/// What is put together of one region.
#[derive(Default)]
struct Joined {
    scalings: Vec<RegionScaling>,
    entries: usize,
    stale: usize,
    last_ms: Option<i64>,
    contradicting: usize,
    /// The incident, by its place among those asked, and the request.
    requests: Vec<(Option<i64>, usize, polder_picture::team::board::EntryRef)>,
}

/// The national picture of some incidents, each as the caller sees it.
pub(crate) fn national(
    views: &[View],
    request: &GetNationalPictureRequest,
    regions: &Regions,
) -> Result<GetNationalPictureResponse, SubscribeError> {
    let wanted = lines_wanted(request.lines, 12, 100)?;
    let mut answer = GetNationalPictureResponse::default();
    let mut joined: BTreeMap<String, Joined> = BTreeMap::new();
    let mut lines: [Vec<(usize, Line)>; SECTIONS.len()] = Default::default();
    let mut states =
        SECTIONS.map(|section| SectionState { section: section.into(), ..SectionState::default() });
    let mut stale = [0; SECTIONS.len()];
    let mut counts = [0; SECTIONS.len()];
    for (place, view) in views.iter().enumerate() {
        let seen = |scope: Id| view.sees(scope);
        let (open, listed, regional) = view.ask(|board| {
            let (open, contradicting) = open_contradictions(board, view.now_ms, seen);
            let listed = find(board, view.now_ms, &contradicting, wanted, |_| true, seen);
            let of = |version: &Version| regions.of(view.node(), version);
            (open, listed, regional(board, view.now_ms, &contradicting, of, seen))
        })?;
        answer.open_contradictions += open as i32;
        answer.incidents.push(format!("incidents/{}", view.incident));
        for (at, listed) in listed.into_iter().enumerate() {
            states[at].entry_count += (listed.count + listed.stale_left_out) as i32;
            counts[at] += listed.count;
            states[at].stale_count += listed.stale_left_out as i32;
            stale[at] += listed.stale_left_out as i32;
            lines[at].extend(listed.entries.into_iter().map(|line| (place, line)));
        }
        scale(view, &mut joined)?;
        regional.into_iter().for_each(|(region, came)| join(&mut joined, &region, place, came));
    }
    if views.iter().all(View::is_present) {
        regions.links.keys().for_each(|party| {
            joined.entry(party.clone()).or_default();
        });
    }
    let mut room = BYTES_MAX;
    for (((state, mut lines), stale_left_out), count) in
        states.into_iter().zip(lines).zip(stale).zip(counts)
    {
        lines.sort_unstable_by_key(|(_, line)| line.order());
        let mut told = Vec::new();
        for (place, line) in lines.iter().take(wanted) {
            told.extend(tell_lines(&views[*place], &[*line], 1, regions, &mut room)?);
        }
        let left_out = (count - told.len()) as i32;
        let state = Some(state);
        answer.sections.push(SectionPicture { state, lines: told, left_out, stale_left_out });
    }
    let mut told = Vec::new();
    for (region, joined) in joined {
        told.push(tell(views, regions, region, joined, &mut room)?);
    }
    let weight = |one: &RegionPicture| {
        let grip = one.scalings.iter().map(|scaling| scaling.grip).max();
        let cut = one.link() == LinkState::CutOff;
        (Reverse(cut), Reverse(grip), Reverse(one.request_count), Reverse(one.entry_count))
    };
    // Of equals the name decides, by which they are sorted already.
    told.sort_by_key(weight);
    told.truncate(REGIONS_MAX);
    answer.regions = told;
    Ok(answer)
}

fn scale(view: &View, joined: &mut BTreeMap<String, Joined>) -> Result<(), EngineError> {
    let data = view.data()?;
    for scaling in &data.scalings {
        let region = scaling.region.trim_start_matches("parties/").to_owned();
        joined.entry(region).or_default().scalings.push(RegionScaling {
            incident: format!("incidents/{}", view.incident),
            phase: data.phase,
            grip: scaling.grip,
            teams: scaling.teams.clone(),
        });
    }
    Ok(())
}

fn join(joined: &mut BTreeMap<String, Joined>, region: &str, place: usize, came: Regional) {
    let of = joined.entry(region.to_owned()).or_default();
    of.entries += came.filled.entries;
    of.stale += came.filled.stale;
    of.last_ms = of.last_ms.max(came.filled.last_ms);
    of.contradicting += came.contradicting;
    of.requests.extend(came.requests.into_iter().map(|(due, at)| (due, place, at)));
}

fn tell(
    views: &[View],
    regions: &Regions,
    region: String,
    mut joined: Joined,
    room: &mut usize,
) -> Result<RegionPicture, SubscribeError> {
    joined.requests.sort_unstable_by_key(|(due, place, at)| (due.is_none(), *due, *place, *at));
    let request_count = joined.requests.len() as i32;
    let mut requests = Vec::new();
    for (_, place, at) in joined.requests.into_iter().take(REQUESTS_MAX) {
        let Some(entry) = last(&views[place], at)?.filter(|_| *room > 0) else { continue };
        *room = room.saturating_sub(entry.len());
        requests.push(SituationLine {
            entry,
            contradicts: false,
            region: format!("parties/{region}"),
            incident: format!("incidents/{}", views[place].incident),
        });
    }
    joined.scalings.sort_by_key(|scaling| Reverse(scaling.grip));
    let present = views.iter().all(View::is_present);
    let own = region == regions.own;
    let link = regions.links.get(&region).filter(|_| present && !own);
    let time = |of: fn(&Link) -> Option<Timestamp>| link.and_then(of);
    Ok(RegionPicture {
        scalings: joined.scalings,
        link: link.map_or(0, |link| link.state),
        link_since: time(|link| link.since),
        last_heard: time(|link| link.last_heard),
        own,
        last_time: joined.last_ms.map(timestamp),
        entry_count: joined.entries as i32,
        stale_count: joined.stale as i32,
        contradicting_count: joined.contradicting as i32,
        requests,
        request_count,
        region: format!("parties/{region}"),
    })
}
