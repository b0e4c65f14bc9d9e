//! Hostile nodes: they keep to the protocol as far as it gets them in, and then lie, forge and
//! withhold. What they send is twisted on its way out, and more is put beside it.

use std::collections::BTreeMap;

use bytes::Bytes;
use polder_picture::link::LANES;
use polder_wire::v1::{LinkFrame, LinkPart, link_frame::Kind};
use prost::Message as _;

use crate::{plan::Random, sim::Sim};

/// What a hostile node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trick {
    /// Digests that are not its own, or those that it was sent.
    LyingDigests,
    /// Heads beyond what it holds, or before it.
    LyingHeads,
    /// Never answers wants, or stops in the middle.
    Withholds,
    /// Parts that trickle, so that a transfer never ends.
    Trickles,
    /// Sends again what it sent before.
    Replays,
    /// Records and names of scopes that it may not have, and wants of them.
    ForbiddenScopes,
    /// Jumps of sequence numbers, wrong hashes, signatures that do not hold, records in somebody
    /// else's name, checkpoints that do not fit what comes with them or that nobody asked for.
    Forges,
    /// Writes records from the end of time.
    FutureClock,
    /// Sends beyond credit; grants none, nothing or everything.
    AbusesCredit,
    /// Sizes, counts and packed data that would fill the memory.
    Giants,
    /// Bits that flipped, and frames of noise.
    Garbage,
    /// Pings, wants and digests without end, and never a pause.
    Floods,
}

const TRICKS: [Trick; 12] = [
    Trick::LyingDigests,
    Trick::LyingHeads,
    Trick::Withholds,
    Trick::Trickles,
    Trick::Replays,
    Trick::ForbiddenScopes,
    Trick::Forges,
    Trick::FutureClock,
    Trick::AbusesCredit,
    Trick::Giants,
    Trick::Garbage,
    Trick::Floods,
];

impl Trick {
    pub fn some(random: &mut Random) -> Vec<Self> {
        let count = 1 + random.below(4);
        (0..count).map(|_| TRICKS[random.below(TRICKS.len() as u64) as usize]).collect()
    }
}

/// What a hostile node remembers of a wire.
#[derive(Debug, Default)]
pub struct Malice {
    /// Parts that it sent, to be sent again.
    sent: Vec<LinkFrame>,
    /// Digest that it was sent last.
    digest: Bytes,
    /// Transfers that it does not end, by lane, in this session.
    trickles: BTreeMap<i32, u32>,
}

impl Sim<'_> {
    pub(crate) fn has(&self, node: usize, trick: Trick) -> bool {
        let at = node.checked_sub(self.plan.honest());
        at.is_some_and(|at| self.plan.hostile[at].contains(&trick))
    }

    /// What a hostile node really sends instead of a frame.
    pub(crate) fn twist(&mut self, wire: usize, end: usize, frame: LinkFrame) -> Vec<LinkFrame> {
        let node = self.plan.wires[wire].ends[end];
        let number = self.lines[wire].session;
        let has = |trick| self.has(node, trick);
        let tricks = TRICKS.map(has);
        let does = |trick| tricks[TRICKS.iter().position(|known| *known == trick).unwrap_or(0)];
        let random = &mut self.random;
        let malice = self.malice.entry(wire).or_default();
        let mut frame = frame;
        match &mut frame.kind {
            Some(Kind::Hello(hello)) if does(Trick::AbusesCredit) => {
                hello.credit_bytes = [0, 1, u32::MAX][random.below(3) as usize];
            }
            Some(Kind::Digest(digest)) if does(Trick::LyingDigests) => {
                digest.digest = match random.below(3) {
                    0 => Bytes::copy_from_slice(&[random.next() as u8; 32]),
                    1 => malice.digest.clone(),
                    _ => Bytes::from_static(b"short"),
                };
            }
            Some(Kind::Heads(heads)) if does(Trick::LyingHeads) => {
                for head in &mut heads.heads {
                    match random.below(5) {
                        0 => head.sequence = u64::MAX,
                        1 => head.sequence += random.below(1_000),
                        2 => head.sequence = random.below(head.sequence + 1),
                        3 => head.hash = Bytes::copy_from_slice(&[random.next() as u8; 32]),
                        _ => {}
                    }
                }
                heads.complete |= random.chance(20);
            }
            Some(Kind::Held(held)) if does(Trick::LyingHeads) => {
                held.feeds.iter_mut().for_each(|held| held.sequence = u64::MAX);
            }
            Some(Kind::Part(_)) if does(Trick::Withholds) && random.chance(70) => {
                return Vec::new();
            }
            Some(Kind::Part(part)) if does(Trick::Trickles) => {
                if malice.trickles.get(&part.lane) == Some(&number) {
                    return Vec::new();
                }
                if let Some(begin) = &mut part.begin {
                    (begin.size_bytes, begin.unpacked_bytes) = (16 << 20, 0);
                    malice.trickles.insert(part.lane, number);
                }
                part.data.truncate(1);
                part.end = false;
            }
            Some(Kind::Part(part)) if does(Trick::Forges) => {
                if let Some(begin) = part.begin.as_mut().filter(|begin| begin.fill_lane != 0) {
                    // Asked for, and something is wrong with it.
                    match random.below(7) {
                        0 => begin.last -= 1,
                        1 => begin.after += 1,
                        2 => begin.covered = 1,
                        3 => begin.fill_lane = begin.fill_lane % 3 + 1,
                        4 => part.data = part.data.iter().map(|byte| byte ^ 1).collect(),
                        5 => begin.origin_key = Bytes::from_static(&[3; 32]),
                        _ => {}
                    }
                }
            }
            Some(Kind::Refused(refused)) if does(Trick::Withholds) && refused.fill => {
                return Vec::new();
            }
            Some(Kind::Credit(credit)) if does(Trick::AbusesCredit) => {
                match random.below(3) {
                    0 => return Vec::new(),
                    1 => credit.bytes = 0,
                    _ => (credit.bytes, credit.bytes_per_second) = (u32::MAX, u32::MAX),
                };
            }
            Some(Kind::Pong(pong)) if does(Trick::Floods) => {
                pong.time_ms = [0, -1, i64::MIN, i64::MAX][random.below(4) as usize];
                pong.wall_ms = [0, i64::MIN, i64::MAX][random.below(3) as usize];
            }
            _ => {}
        }
        if does(Trick::Garbage) && random.chance(5) {
            let mut bytes = frame.encode_to_vec();
            for _ in 0..1 + random.below(4) {
                let at = random.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << random.below(8);
            }
            // What no longer decodes is refused by the transport.
            return LinkFrame::decode(&bytes[..]).into_iter().collect();
        }
        if does(Trick::Replays) {
            if matches!(frame.kind, Some(Kind::Part(_))) && malice.sent.len() < 40 {
                malice.sent.push(frame.clone());
            }
            if !malice.sent.is_empty() && random.chance(20) {
                let again = malice.sent[random.below(malice.sent.len() as u64) as usize].clone();
                return vec![frame, again];
            }
        }
        vec![frame]
    }

    /// A hostile node listens, too.
    pub(crate) fn overhear(&mut self, wire: usize, frame: &LinkFrame) {
        if let Some(Kind::Digest(digest)) = &frame.kind {
            self.malice.entry(wire).or_default().digest = digest.digest.clone();
        }
    }

    /// Time passes; hostile nodes add to what they say.
    pub(crate) fn torment(&mut self) {
        for wire in 0..self.lines.len() {
            let ends = self.plan.wires[wire].ends;
            let Some(end) = ends.iter().position(|node| self.is_hostile(*node)) else { continue };
            let session = self.nodes[ends[end]].sessions.get(&wire);
            if !self.lines[wire].up || !session.is_some_and(|session| session.is_open()) {
                continue;
            }
            for frame in self.trickle(wire) {
                self.send(wire, end, frame);
            }
            if self.random.chance(6) {
                for frame in self.forge(ends[end], ends[1 - end]) {
                    self.send(wire, end, frame);
                }
            }
        }
    }

    /// One more byte of each transfer that shall never end.
    fn trickle(&mut self, wire: usize) -> Vec<LinkFrame> {
        let number = self.lines[wire].session;
        let Some(malice) = self.malice.get(&wire) else { return Vec::new() };
        let random = &mut self.random;
        let lanes = LANES.iter().map(|lane| *lane as i32);
        let under_way = lanes.filter(|lane| malice.trickles.get(lane) == Some(&number));
        let part = |lane| LinkPart { lane, data: Bytes::from_static(&[0]), ..Default::default() };
        let frame = |lane| LinkFrame { kind: Some(Kind::Part(part(lane))) };
        under_way.filter(|_| random.chance(20)).map(frame).collect()
    }
}
