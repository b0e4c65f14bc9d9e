//! What must hold after a run: honest nodes hold what was written and nothing else, the same as
//! one another, and read the same picture from it.

use std::collections::{BTreeMap, BTreeSet};

use polder_picture::{
    attributes::party_hash,
    picture::Picture,
    record::{Id, payload_hash},
    standing::RecordStanding,
    suffix::FeedName,
};

use crate::{
    build::picture_of,
    plan::{Random, scope},
    sim::Sim,
};

/// A feed as its origin wrote it.
pub struct Written {
    pub name: FeedName,
    /// Number of its scope.
    pub scope: usize,
    /// Of each record and of its payload.
    pub hashes: Vec<([u8; 32], [u8; 32])>,
    /// So many records nobody honest may be without in the end.
    pub due: u64,
}

/// Pictures are built after every so manieth seed: it takes longer than the run.
const PICTURES_EVERY: u64 = 8;

impl Sim<'_> {
    /// Honest nodes that are entitled to a scope.
    fn honest_of(&self, number: usize) -> impl Iterator<Item = usize> {
        (0..self.plan.honest()).filter(move |node| self.rights[*node].contains(&number))
    }

    /// What a node took was written by its origin, under this very number.
    pub(crate) fn check_written(&self, feed: Id, after: u64, node: usize) {
        let Some((_, records)) = self.nodes[node].disk.feeds.get(&feed) else { return };
        let written = self.written.get(&feed).map_or(&[][..], |written| &written.hashes);
        for (at, (envelope, hash)) in records.iter().enumerate().skip(after as usize) {
            if envelope.header.is_empty() && self.nodes[node].disk.leapt.contains_key(&feed) {
                // A checkpoint left it out.
                continue;
            }
            let payload = envelope.payload.as_ref().map(|payload| {
                let salt = payload.salt[..].try_into().expect("a salt of 16 bytes");
                payload_hash(salt, &payload.bytes)
            });
            assert_eq!(
                payload.map(|payload| (*hash, payload)).as_ref(),
                written.get(at),
                "node {node} holds record {} of {feed}, which its origin did not write",
                at + 1
            );
        }
    }

    /// Some record of a feed is held by nobody who may give it: the others held it when they were
    /// put back or lost their right to it.
    pub(crate) fn is_lost(&self, feed: Id) -> bool {
        let holders = self.honest_of(self.written[&feed].scope);
        let disks = holders.map(|node| &self.nodes[node].disk);
        let mut held: Vec<_> =
            disks.map(|disk| (disk.edge(feed).sequence, disk.end(feed).sequence)).collect();
        held.sort_unstable();
        let last = held.iter().map(|(_, end)| *end).max().unwrap_or_default();
        let reached =
            held.iter().fold(
                0,
                |reached, (edge, end)| {
                    if *edge <= reached { reached.max(*end) } else { reached }
                },
            );
        reached < last
    }

    pub(crate) fn converged(&self) -> bool {
        self.written.iter().all(|(feed, written)| {
            if self.is_lost(*feed) {
                return true;
            }
            let mut holders = self.honest_of(written.scope).map(|node| &self.nodes[node].disk);
            if holders.any(|disk| disk.leapt.contains_key(feed)) {
                return false;
            }
            let mut ends =
                self.honest_of(written.scope).map(|node| self.nodes[node].disk.end(*feed));
            let first = ends.next();
            first.is_none_or(|first| {
                first.sequence >= written.due && ends.all(|end| end.sequence == first.sequence)
            })
        })
    }

    pub(crate) fn check_the_end(&mut self) {
        for node in 0..self.plan.honest() {
            for (feed, (name, _)) in &self.nodes[node].disk.feeds {
                // What came before a right ended stays.
                let ever = self.plan.entitled[node].iter();
                let mut ever = ever.map(|number| polder_picture::link::id_of(&scope(*number)));
                assert!(ever.any(|scope| scope == name.scope), "node {node} may not hold this");
                self.check_written(*feed, 0, node);
            }
        }
        let lost = self.written.keys().any(|feed| self.is_lost(*feed));
        if self.plan.seed.is_multiple_of(PICTURES_EVERY) && !lost {
            self.check_pictures();
        }
    }

    pub(crate) fn difference(&self) -> String {
        let mut apart = Vec::new();
        for (feed, written) in &self.written {
            let ends = self.honest_of(written.scope);
            let ends: Vec<_> =
                ends.map(|node| (node, self.nodes[node].disk.end(*feed).sequence)).collect();
            if ends.iter().any(|(_, end)| *end < written.due || *end != ends[0].1) {
                let (scope, lane, due) = (written.scope, written.name.lane, written.due);
                apart.push(format!("scope {scope} {lane:?} {feed}: due {due}, ends {ends:?}"));
            }
            let edges = self.honest_of(written.scope);
            let edges = edges.map(|node| (node, self.nodes[node].disk.edge(*feed).sequence));
            let edges: Vec<_> = edges.filter(|(_, edge)| *edge > 0).collect();
            if !edges.is_empty() {
                let lost = self.is_lost(*feed);
                apart.push(format!("{feed}: missing up to {edges:?}, lost: {lost}"));
            }
        }
        format!("seed {}: {}", self.plan.seed, apart.join("; "))
    }

    /// Every node reads the same from what it holds, in whatever order it came; and of each scope
    /// the same as somebody who never heard of the other scopes. And so again once the charter has
    /// cut off some author in the middle of its feeds.
    fn check_pictures(&mut self) {
        let mut random = Random::new(self.plan.seed);
        self.compare_pictures(&mut random, None);
        // Whoever came by a checkpoint lacks what counts again after a cut before it.
        let whole = (0..self.plan.honest()).all(|node| self.nodes[node].disk.leapt.is_empty());
        if let Some(cut) = self.cut_off(&mut random).filter(|_| whole) {
            let aside = self.compare_pictures(&mut random, Some(&cut));
            self.set_aside += aside;
        }
    }

    /// A charter that certifies every author, and cuts one of them off somewhere in each feed.
    fn cut_off(&self, random: &mut Random) -> Option<RecordStanding> {
        let authors: BTreeSet<_> = self.written.values().map(|feed| feed.name.origin).collect();
        let authors: Vec<_> = authors.into_iter().collect();
        let author = *authors.get(random.below(authors.len() as u64) as usize)?;
        let feeds = self.written.values().filter(|feed| feed.name.origin == author);
        let end = |feed: &Written| random.below(feed.hashes.len() as u64 + 1);
        let ends: Vec<_> = feeds.clone().map(end).collect();
        let cut: BTreeMap<_, _> = feeds.map(|feed| feed.name.id()).zip(ends).collect();
        let examples = polder_picture::kinds::examples::examples();
        let names = examples.iter().map(|(_, entry)| entry.party.trim_start_matches("parties/"));
        let parties: Vec<_> = names.map(party_hash).collect();
        let row = |at: &Id| (*at, parties.clone(), Some(&cut).filter(|_| *at == author));
        Some(RecordStanding::new(authors.iter().map(row)))
    }

    /// Builds the picture of every node, and compares them; how many records they set aside.
    fn compare_pictures(&self, random: &mut Random, under: Option<&RecordStanding>) -> u64 {
        let mut set_aside = 0;
        let numbers: BTreeSet<_> = self.written.values().map(|written| written.scope).collect();
        let mut told: BTreeMap<usize, String> = BTreeMap::new();
        for number in numbers {
            let Some(node) = self.honest_of(number).next() else { continue };
            let disk = &self.nodes[node].disk;
            let alone = picture_of(disk, Some(number), random, under);
            told.insert(number, dump(&alone, number));
        }
        for node in 0..self.plan.honest() {
            let picture = picture_of(&self.nodes[node].disk, None, random, under);
            set_aside += picture.set_aside_count();
            for number in &self.rights[node] {
                let alone = told.get(number).map(String::as_str).unwrap_or_default();
                assert_eq!(dump(&picture, *number), alone, "node {node}, scope {number}");
            }
        }
        set_aside
    }
}

/// All that a picture says of one scope, without what is local to a node.
fn dump(picture: &Picture, number: usize) -> String {
    let Some(index) = picture.scope_index(polder_picture::link::id_of(&scope(number))) else {
        return String::new();
    };
    let name = |feed: u32| picture.feed(feed).id;
    let register = |register: &polder_picture::live::Register| {
        let live = register.live.iter();
        let live = live.map(|l| (name(l.record.feed), l.record.sequence, l.hlc, l.attributes));
        let mut live: Vec<_> = live.map(|live| format!("{live:?}")).collect();
        live.sort();
        let seen = register.seen();
        let mut seen: Vec<_> = seen.iter().map(|s| (name(s.feed), s.sequence)).collect();
        seen.sort();
        let shown = register.display(name).map(|l| (name(l.record.feed), l.record.sequence));
        format!("{live:?} {seen:?} {shown:?}")
    };
    let of = picture.scope(index);
    let current = picture.current(index).map(|(live, data)| (name(live.record.feed), data));
    let mut lines = vec![format!(
        "{:?} {} {:?} {current:?} {}",
        of.mode,
        of.entry_count,
        of.state(),
        register(&of.register)
    )];
    for entry in picture.entries().iter().filter(|entry| entry.scope == index) {
        lines.push(format!("{} {}", entry.entry, register(entry)));
    }
    lines.sort();
    lines.join("\n")
}
