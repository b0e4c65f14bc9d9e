//! What can be told of each node: connected or cut off, since when, how far behind, and why.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use polder_picture::{
    attributes::timestamp,
    link::{Behind, LANES, Peer},
    record::Id,
};
use polder_wire::v1::{LaneBehind, Link, LinkState, WatchLinksResponse};
use prost_types::Duration;
use tokio::sync::watch;

use super::{DialPlan, Links, dial::because};
use crate::store::covered::CoveredRow;

/// A row for each node that ever answered, and for each address that never did.
#[derive(Debug, Default)]
pub struct Board {
    nodes: Mutex<BTreeMap<Id, Row>>,
    dialled: Mutex<BTreeMap<usize, Dialled>>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Clone)]
struct Row {
    peer: Peer,
    address: String,
    connected: bool,
    since_ms: i64,
    heard_ms: i64,
    problem: String,
    /// `None` until the session measured: nothing known is not zero.
    figures: Option<Figures>,
}

/// What a session measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) behind: [Behind; 3],
    pub(super) round_trip_us: Option<u64>,
    pub(super) bytes: (u64, u64),
    pub(super) rates: (u64, u64),
    pub(super) clock_offset_ms: i64,
}

#[derive(Debug, Clone)]
struct Dialled {
    node: Option<Id>,
    since_ms: i64,
    problem: String,
}

impl Board {
    pub(super) fn connected(&self, peer: &Peer, dialled: Option<(usize, &str)>, now_ms: i64) {
        let address = dialled.map(|(_, address)| address.to_owned()).unwrap_or_default();
        if let Some((plan, _)) = dialled {
            let row = Dialled { node: Some(peer.node), since_ms: now_ms, problem: String::new() };
            self.dialled.lock().insert(plan, row);
        }
        let row = Row {
            peer: peer.clone(),
            address,
            connected: true,
            since_ms: now_ms,
            heard_ms: now_ms,
            problem: String::new(),
            figures: None,
        };
        self.nodes.lock().insert(peer.node, row);
        self.changed.send_replace(());
    }

    pub(super) fn figures(&self, node: Id, figures: Figures, heard_ms: i64) {
        if let Some(row) = self.nodes.lock().get_mut(&node) {
            row.heard_ms = row.heard_ms.max(heard_ms);
            if row.figures != Some(figures) {
                row.figures = Some(figures);
                self.changed.send_replace(());
            }
        }
    }

    pub(super) fn cut_off(&self, node: Id, problem: &str, now_ms: i64) {
        if let Some(row) = self.nodes.lock().get_mut(&node)
            && row.connected
        {
            row.connected = false;
            row.since_ms = now_ms;
            problem.clone_into(&mut row.problem);
            self.changed.send_replace(());
        }
    }

    pub(super) fn failed(&self, plan: usize, problem: String, now_ms: i64) {
        let mut dialled = self.dialled.lock();
        let fresh = || Dialled { node: None, since_ms: now_ms, problem: String::new() };
        let row = dialled.entry(plan).or_insert_with(fresh);
        if row.problem == problem {
            return;
        }
        row.problem.clone_from(&problem);
        let node = row.node;
        drop(dialled);
        if let Some(row) =
            node.and_then(|node| self.nodes.lock().get_mut(&node).map(|r| (r.connected, node)))
            && !row.0
            && let Some(held) = self.nodes.lock().get_mut(&row.1)
        {
            held.problem = problem;
        }
        self.changed.send_replace(());
    }

    /// Wakes when a row changed.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

fn duration_us(us: i64) -> Duration {
    Duration { seconds: us / 1_000_000, nanos: (us % 1_000_000) as i32 * 1_000 }
}

/// Bytes that a record takes on the wire; about 600 while none went.
fn size(behind: &Behind) -> u64 {
    if behind.mean_bytes == 0 { 600 } else { behind.mean_bytes }
}

impl Row {
    fn link(&self) -> Link {
        let measured = self.figures.is_some();
        let Figures { behind, round_trip_us, bytes, rates, .. } = self.figures.unwrap_or_default();
        let state = if self.connected { LinkState::Connected } else { LinkState::CutOff };
        let lanes =
            LANES.iter().zip(behind).filter(|_| measured).map(|(lane, behind)| LaneBehind {
                lane: (*lane).into(),
                records_to_receive: behind.ours as i64,
                records_to_send: behind.theirs as i64,
                bytes_to_receive: (behind.ours * size(&behind)) as i64,
                bytes_to_send: (behind.theirs * size(&behind)) as i64,
            });
        let missing: u64 =
            behind.iter().map(|behind| (behind.ours + behind.theirs) * size(behind)).sum();
        let slower = rates.0.max(rates.1);
        let catch_up = match (missing, slower) {
            (0, _) => Some(Duration::default()),
            (_, 0) => None,
            (_, rate) => Some(duration_us((missing.saturating_mul(1_000_000) / rate) as i64)),
        };
        Link {
            node: format!("nodes/{}", self.peer.node),
            display_name: self.peer.display_name.clone(),
            party: format!("parties/{}", self.peer.party),
            address: self.address.clone(),
            state: state.into(),
            since: Some(timestamp(self.since_ms)),
            last_heard: Some(timestamp(self.heard_ms)),
            through: String::new(),
            problem: self.problem.clone(),
            clock_offset: self
                .figures
                .map(|figures| duration_us(figures.clock_offset_ms.saturating_mul(1_000))),
            round_trip: round_trip_us.map(|us| duration_us(us as i64)),
            lanes: lanes.collect(),
            catch_up: catch_up.filter(|_| self.connected && measured),
            bytes_sent: bytes.0 as i64,
            bytes_received: bytes.1 as i64,
            receive_rate: rates.0 as i64,
            send_rate: rates.1 as i64,
            ..Default::default()
        }
    }
}

impl Links {
    /// A row; of a node that is cut off, what is written here meanwhile counts as lacking there.
    fn told_of(&self, row: &Row) -> Link {
        let mut link = row.link();
        if row.connected || link.lanes.is_empty() {
            return link;
        }
        let plan = self.config().dial.iter().find(|plan| plan.address == row.address);
        let all: &[String] = &[];
        let incidents = plan.map_or(all, |plan| plan.incidents.as_slice());
        link.lanes.iter_mut().for_each(|lane| lane.records_to_send = 0);
        let picture = self.node.picture.read();
        for feed in picture.held_feeds().filter(|feed| feed.origin != Some(row.peer.node)) {
            let incident = &picture.scope(feed.scope).incident;
            let travels = incidents.is_empty() || incidents.contains(incident);
            let held = self.holders.end(feed.id, row.peer.node);
            let lane = link.lanes.iter_mut().find(|lane| lane.lane() == feed.lane);
            if let Some(lane) = lane.filter(|_| travels) {
                lane.records_to_send += feed.head.sequence.saturating_sub(held) as i64;
                let behind = row.figures.unwrap_or_default().behind;
                let at = LANES.iter().position(|known| *known == lane.lane()).unwrap_or_default();
                lane.bytes_to_send = lane.records_to_send * size(&behind[at]) as i64;
            }
        }
        link
    }

    fn told_of_limits(&self, plan: &DialPlan, link: &mut Link) {
        let (lanes, held) = self.lanes_now(plan);
        link.lanes_now = lanes.into_iter().map(Into::into).collect();
        link.held_back = held.map(|held| because(Some(held)).to_owned()).unwrap_or_default();
        link.bytes_today = self.meters.today(&plan.address, &jiff::Zoned::now()) as i64;
        link.budget_bytes_per_day = plan.budget_bytes_per_day.unwrap_or_default() as i64;
    }

    /// The state of all links now.
    pub fn report(&self) -> WatchLinksResponse {
        let rows = self.board.nodes.lock().clone();
        let mut links: Vec<Link> = rows.values().map(|row| self.told_of(row)).collect();
        let dialled = self.board.dialled.lock().clone();
        for (plan, row) in &dialled {
            // One that answered has a row by its node.
            if row.node.is_none() {
                links.push(Link {
                    address: self.config().dial[*plan].address.clone(),
                    state: LinkState::CutOff.into(),
                    since: Some(timestamp(row.since_ms)),
                    problem: row.problem.clone(),
                    ..Default::default()
                });
            }
        }
        for link in &mut links {
            if let Some(plan) = self.config().dial.iter().find(|p| p.address == link.address) {
                self.told_of_limits(plan, link);
            }
        }
        let shared = self.shared.lock();
        for (node, heard) in shared.tips.nodes() {
            let name = format!("nodes/{node}");
            let received = timestamp(heard.received_ms);
            if let Some(link) = links.iter_mut().find(|link| link.node == name) {
                let later = link.last_heard.is_none_or(|last| {
                    (received.seconds, received.nanos) > (last.seconds, last.nanos)
                });
                // Cut off from us, and yet heard through somebody else.
                if later && link.state() == LinkState::CutOff {
                    link.last_heard = Some(received);
                    link.through =
                        heard.through.map(|id| format!("nodes/{id}")).unwrap_or_default();
                }
            } else if *node != self.node.key_id() {
                links.push(Link {
                    node: name,
                    display_name: heard.statement.display_name.clone(),
                    party: format!("parties/{}", heard.statement.party),
                    state: LinkState::Indirect.into(),
                    last_heard: Some(received),
                    through: heard.through.map(|id| format!("nodes/{id}")).unwrap_or_default(),
                    ..Default::default()
                });
            }
        }
        drop(shared);
        links.sort_by(|a, b| (&a.display_name, &a.node).cmp(&(&b.display_name, &b.node)));
        WatchLinksResponse {
            links,
            node_time: Some(timestamp(self.node.tell_ms())),
            earlier_record_count: self.earlier_records() as i64,
        }
    }

    /// Records that checkpoints left out here and that are still to come.
    fn earlier_records(&self) -> u64 {
        if self.node.picture.read().gaps().next().is_none() {
            return 0;
        }
        let covered = self.node.log().covered().unwrap_or_else(|error| {
            tracing::error!(%error, "what is still to come could not be counted");
            BTreeMap::new()
        });
        covered.values().map(CoveredRow::left_out).sum()
    }
}
