//! The picture that a node builds from its disk, whatever came in which order.

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;
use polder_picture::{
    admit::Group,
    clock::Clock,
    fill::{self, Fill, Gap},
    jump::Jump,
    link::id_of,
    picture::Picture,
    record::{Head, Signer, decode},
    standing::RecordStanding,
    suffix::{FeedName, Suffix},
};
use prost::Message as _;

use crate::{
    disk::{Disk, Record, by_checkpoint},
    plan::{Random, scope},
};

const WALL_MS: i64 = 1_626_000_000_000;

/// What is to come of one feed.
enum Left<'d> {
    /// Records that follow a head.
    Rest(&'d FeedName, &'d [Record], Head),
    /// What a checkpoint left out, but for those that it keeps.
    Gap(Gap, BTreeMap<u64, [u8; 32]>),
}

struct Builder<'d> {
    disk: &'d Disk,
    picture: Picture,
    clock: Clock,
    observer: Signer,
}

/// The picture that a node builds from these records, feeds in any order, in pieces; of feeds that
/// came by a checkpoint what that keeps first, and what it left out at any time later.
pub fn picture_of(
    disk: &Disk,
    only: Option<usize>,
    random: &mut Random,
    under: Option<&RecordStanding>,
) -> Picture {
    let (mut picture, clock) = (Picture::default(), Clock::default());
    picture.set_standing(under.cloned());
    let mut builder = Builder { disk, picture, clock, observer: Signer::new(&[0xee; 32]) };
    let wanted = only.map(|number| id_of(&scope(number)));
    let feeds = disk.feeds.values().filter(|(name, _)| wanted.is_none_or(|id| id == name.scope));
    let mut left: Vec<Left<'_>> =
        feeds.map(|(name, records)| Left::Rest(name, &records[..], Head::default())).collect();
    while !left.is_empty() {
        let at = random.below(left.len() as u64) as usize;
        match left.swap_remove(at) {
            Left::Rest(name, records, head) => {
                let came = disk.came.get(&name.id()).filter(|_| head.sequence == 0);
                let leaps = disk.leapt.contains_key(&name.id()) || random.chance(50);
                match came.filter(|_| leaps) {
                    Some(covered) => left.extend(builder.leap(name, *covered)),
                    None => left.extend(builder.follow(name, records, head, random)),
                }
            }
            Left::Gap(gap, kept) => left.extend(builder.fill(gap, kept, random)),
        }
    }
    builder.picture
}

impl<'d> Builder<'d> {
    fn key(&self, name: &FeedName) -> VerifyingKey {
        VerifyingKey::from_bytes(&self.disk.keys[&name.origin]).expect("a key")
    }

    fn follow(
        &mut self,
        name: &'d FeedName,
        records: &'d [Record],
        head: Head,
        random: &mut Random,
    ) -> Option<Left<'d>> {
        let from = random.below(records.len() as u64) as usize;
        let signed = |(envelope, _): &Record| !envelope.signature.is_empty();
        let count = 1 + from + records[from..].iter().position(signed).expect("a signed end");
        let envelopes = records[..count].iter().map(|(envelope, _)| envelope.clone()).collect();
        let suffix = Suffix::verify(&self.key(name), *name, head, envelopes);
        let suffix = suffix.expect("it was verified");
        let next = suffix.head();
        let mut group = Group::new(&self.picture, &self.observer, &mut self.clock);
        let scope = &self.disk.scopes[&name.scope];
        group.receive(suffix, scope, WALL_MS).expect("sound records are received");
        let sealed = group.seal();
        self.picture.install(&sealed);
        (count < records.len()).then(|| Left::Rest(name, &records[count..], next))
    }

    /// Takes a feed by the checkpoint that it came by.
    fn leap(&mut self, name: &'d FeedName, covered: Head) -> Vec<Left<'d>> {
        let (_, records) = &self.disk.feeds[&name.id()];
        let (_, kept, tail) = by_checkpoint(name, records, Some(covered)).expect("it came so");
        let held = kept.iter().map(|envelope| {
            let record = decode(envelope).expect("it was verified");
            (record.header.sequence, record.hash)
        });
        let held = held.collect();
        let jump = Jump::verify(&self.key(name), *name, covered, kept, tail);
        let jump = jump.expect("it was verified");
        let head = jump.head();
        let mut group = Group::new(&self.picture, &self.observer, &mut self.clock);
        let scope = &self.disk.scopes[&name.scope];
        group.leap(jump, scope, WALL_MS).expect("a sound jump");
        let sealed = group.seal();
        self.picture.install(&sealed);
        let rest = &records[head.sequence as usize..];
        let gap = Gap { feed: *name, edge: covered, is_covered: true };
        let mut left = vec![Left::Gap(gap, held)];
        left.extend((!rest.is_empty()).then_some(Left::Rest(name, rest, head)));
        left
    }

    /// Takes a piece of what that left out.
    fn fill(
        &mut self,
        gap: Gap,
        kept: BTreeMap<u64, [u8; 32]>,
        random: &mut Random,
    ) -> Option<Left<'d>> {
        let (_, records) = &self.disk.feeds[&gap.feed.id()];
        let floor = self.disk.edge(gap.feed.id()).sequence as usize;
        let last = gap.edge.sequence as usize;
        let down = records[floor..last].iter().rev();
        let down = down.map(|(envelope, _)| (envelope.encoded_len(), envelope));
        let count = fill::piece(down, floor == 0, random.below(2_000) as usize);
        if count == 0 {
            // The rest has not come.
            return None;
        }
        let piece = records[last - count..last].iter().map(|(envelope, _)| envelope.clone());
        let piece = Fill::verify(&self.key(&gap.feed), gap, piece.collect());
        let piece = piece.expect("it was verified");
        let edge = piece.after();
        let mut group = Group::new(&self.picture, &self.observer, &mut self.clock);
        let scope = &self.disk.scopes[&gap.feed.scope];
        group.fill(piece, &kept, scope, WALL_MS).expect("sound records are taken");
        let sealed = group.seal();
        self.picture.install(&sealed);
        let gap = Gap { edge, is_covered: false, ..gap };
        (edge.sequence > 0).then_some(Left::Gap(gap, kept))
    }
}
