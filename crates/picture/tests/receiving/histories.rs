//! Histories of some nodes that write, pass on and overtake each other, and of one that claims what
//! it likes.

use polder_picture::{admit::Supersedes, record::Id};
use polder_wire::v1::{Content, Lane, Mode, RecordKind, content::Content as Sort};
use proptest::{collection::vec, prelude::*};
use prost::Message as _;
use uuid::Uuid;

use super::world::*;

/// What happens next: what, who, which entry, and two numbers to choose by.
pub type Step = (u8, usize, u128, usize, usize);

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0..9_u8, 0..3_usize, 0..3_u128, 0..64_usize, 0..64_usize), 1..80)
}

/// Brings all of one node's feeds to another.
pub fn bring(nodes: &mut [Node], from: usize, to: usize) {
    let origin = nodes[to].signer.id();
    let all = nodes[from].feeds.values().filter(|held| held.name.origin != origin);
    let all: Vec<_> = all.map(|held| (held.all(), held.scope.clone())).collect();
    for result in nodes[to].receive(all, WALL_MS) {
        result.unwrap();
    }
}

pub fn act(nodes: &mut [Node], (what, who, id, a, b): Step) {
    let lane = [Lane::Urgent, Lane::Routine][b % 2];
    let node = &mut nodes[who];
    let live = node.picture.entry(0, Uuid::from_u128(id + 1));
    let live = live.and_then(|register| register.live.get(a % register.live.len().max(1)));
    let named = live.map(|live| live.record).into_iter().collect();
    let draft = match what {
        0..3 => put(0, a, id, lane, Supersedes::AllHeld),
        3 => put(0, a, id, lane, Supersedes::Exactly(Vec::new())),
        4 => put(0, a, id, lane, Supersedes::Exactly(named)),
        5 => retract(0, a, id, lane),
        6 => incident_draft(0, &scope(Mode::Actual), (b % 4) as i32),
        _ => return bring(nodes, who, a % 3),
    };
    node.write(vec![draft], WALL_MS + (b % 4) as i64 * 3_600_000);
}

/// A node that claims to have seen what it likes, itself and what is to come included.
pub fn stranger(steps: &[Step], feeds: &[Id]) -> Stranger {
    let mut stranger = Stranger::new(9, scope(Mode::Actual), Lane::Routine);
    for &(what, _, id, a, b) in steps {
        let (entry, bytes) = entry(a, id);
        let data = incident_data(&scope(Mode::Actual), 2);
        let sort = |sort| Content { content: Some(sort) }.encode_to_vec().into();
        let (kind, entry, content) = match what {
            0 => (RecordKind::Put, entry, vec![b as u8; 9].into()),
            1 => (RecordKind::Checkpoint, Uuid::nil(), vec![].into()),
            2 => (RecordKind::Put, Uuid::nil(), sort(Sort::Incident(data))),
            _ => (RecordKind::Put, entry, sort(Sort::Entry(bytes))),
        };
        let own = stranger.held.name.id();
        let mut named = feeds.iter().copied().chain([own, own, Id([7; 16])]).cycle().skip(a);
        let first = (named.next().unwrap(), b as u64 % 12);
        let second = (named.next().unwrap(), a as u64 % 12);
        let seen = [first, second];
        let hlc = (WALL_MS as u64) << 16;
        stranger.say(Said { kind, entry, seen: &seen[..b % 3], hlc, content });
    }
    stranger
}
