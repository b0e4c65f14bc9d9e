//! Frames that hostile nodes make from nothing. They know everything that was ever written, as
//! the worst of them would.

use bytes::Bytes;
use polder_picture::{
    link::{
        LANES,
        codec::{Packed, pack},
        id_of, tips,
    },
    record::{Head, Id, NewHeader, Sealed, Signer},
    suffix::FeedName,
};
use polder_wire::v1::{
    Envelope, Lane, LinkDigest, LinkFileWant, LinkFillFeed, LinkFillReady, LinkFillWant, LinkFrame,
    LinkHead, LinkHeads, LinkPart, LinkPing, LinkRecords, LinkRefused, LinkScope, LinkScopes,
    LinkTips, LinkTransfer, LinkWant, LinkWants, RecordKind, TipStatement, link_frame::Kind,
};
use prost::Message as _;

use crate::{
    after::Written,
    disk::{Disk, by_checkpoint},
    hostile::Trick,
    plan::{Random, scope},
    sim::Sim,
};

/// More than fits into any credit that was granted at the start.
const TOO_MUCH: usize = 100_000;

fn bytes(id: Id) -> Bytes {
    Bytes::copy_from_slice(&id.0)
}

/// A transfer in one part, whatever is in it.
fn transfer(feed: FeedName, number: usize, key: [u8; 32], after: u64, packed: Packed) -> Kind {
    let scope = scope(number);
    let begin = LinkTransfer {
        incident: scope.incident,
        mode: scope.mode.into(),
        audience: scope.audience,
        origin_key: Bytes::copy_from_slice(&key),
        after,
        size_bytes: packed.bytes.len() as u32,
        unpacked_bytes: packed.unpacked_bytes,
        last: after.saturating_add(1),
        ..Default::default()
    };
    let lane = feed.lane.into();
    Kind::Part(LinkPart { lane, begin: Some(begin), data: packed.bytes, end: true })
}

/// A record in any feed's name, signed by whoever.
fn record(feed: FeedName, sequence: u64, previous: [u8; 32], signer: &Signer) -> Envelope {
    let sealed = Sealed::new([1; 16], Bytes::from_static(b"the dike holds, all go home"));
    let header = NewHeader {
        origin: &feed.origin,
        scope: &feed.scope,
        lane: feed.lane,
        sequence,
        previous: &previous,
        hlc: u64::MAX,
        clock_unsynchronised: false,
        kind: RecordKind::Put,
        entry: &[7; 16],
        seen: &[],
        payload_hash: &sealed.hash,
        payload_length: sealed.payload.bytes.len() as u32,
        author: "",
    };
    let header = header.encode();
    let signature = Bytes::copy_from_slice(&signer.sign(&header));
    Envelope { header, payload: Some(sealed.payload), signature }
}

/// A feed by a fair checkpoint of its origin, with something wrong; or as it is, for a peer that
/// holds a part of it, or did not ask for any.
fn forged_jump(
    name: FeedName,
    number: usize,
    key: [u8; 32],
    disk: &Disk,
    own: &Signer,
    random: &mut Random,
) -> Option<Kind> {
    let (id, nothing) = (name.id(), Head::default());
    let leapt = disk.leapt.get(&id).copied();
    let (mut covered, mut kept, mut tail) = by_checkpoint(&name, &disk.feeds[&id].1, leapt)?;
    let last = covered.sequence + tail.len() as u64;
    match random.below(8) {
        0 => drop(kept.pop()),
        1 => kept.push(record(name, covered.sequence, nothing.hash, own)),
        2 => covered.hash = [9; 32],
        3 => covered.sequence -= 1,
        4 => drop(tail.pop()),
        5 => tail.last_mut()?.signature = Bytes::copy_from_slice(&own.sign(b"another")),
        6 => {
            let envelope = kept.first_mut()?;
            envelope.payload.get_or_insert_default().bytes = Bytes::from_static(b"all is well");
        }
        _ => {}
    }
    let count = kept.len() as u32;
    kept.extend(tail);
    let mut kind = transfer(name, number, key, 0, pack(kept));
    if let Kind::Part(part) = &mut kind {
        let begin = part.begin.get_or_insert_default();
        (begin.covered, begin.kept, begin.last) = (covered.sequence, count, last);
        begin.covered_hash = Bytes::copy_from_slice(&covered.hash);
        if random.chance(20) {
            // As what was left out, and nobody asked for it.
            (begin.covered, begin.kept, begin.covered_hash) = (0, 0, Bytes::new());
            (begin.fill_lane, part.lane) = (part.lane, Lane::Bulk.into());
        }
    }
    Some(kind)
}

impl Sim<'_> {
    /// Frames from one hostile node to a peer.
    pub(crate) fn forge(&mut self, node: usize, peer: usize) -> Vec<LinkFrame> {
        let tricks = &self.plan.hostile[node - self.plan.honest()];
        let trick = tricks[self.random.below(tricks.len() as u64) as usize];
        let mut random = Random::new(self.random.next());
        let kinds = match trick {
            Trick::ForbiddenScopes => self.trespass(node, peer, &mut random),
            Trick::Forges => self.forged(node, peer, &mut random).into_iter().collect(),
            Trick::AbusesCredit => self.beyond_credit(node, &mut random),
            Trick::Giants => self.giants(node, &mut random),
            Trick::Floods => self.flood(node, &mut random),
            Trick::Garbage => noise(&mut random),
            Trick::LyingHeads => self.imaginary(node, &mut random),
            _ => Vec::new(),
        };
        kinds.into_iter().map(|kind| LinkFrame { kind: Some(kind) }).collect()
    }

    /// A feed that anybody wrote; by choice one that both sides, or not both, may have.
    fn any_feed(&self, random: &mut Random, fits: impl Fn(&Written) -> bool) -> Option<Id> {
        let of = self.written.iter().filter(|(_, written)| fits(written));
        let feeds: Vec<_> = of.map(|(feed, _)| *feed).collect();
        (!feeds.is_empty()).then(|| feeds[random.below(feeds.len() as u64) as usize])
    }

    /// Names, heads, wants and records of scopes that do not travel between the two.
    fn trespass(&self, node: usize, peer: usize, random: &mut Random) -> Vec<Kind> {
        let (ours, theirs) = (&self.plan.entitled[node], &self.plan.entitled[peer]);
        let apart =
            |written: &Written| !(ours.contains(&written.scope) && theirs.contains(&written.scope));
        let Some(feed) = self.any_feed(random, apart) else { return Vec::new() };
        let written = &self.written[&feed];
        let (name, end) = (written.name, written.hashes.len() as u64);
        let named = scope(written.scope);
        let (digest, hash) = (Bytes::from_static(&[7; 32]), Bytes::from_static(&[7; 32]));
        match random.below(5) {
            0 => vec![Kind::Scopes(LinkScopes {
                scopes: vec![LinkScope {
                    incident: named.incident,
                    mode: named.mode.into(),
                    audience: named.audience,
                    digest,
                }],
                complete: true,
            })],
            1 => {
                let head = LinkHead {
                    origin: bytes(name.origin),
                    lane: name.lane.into(),
                    sequence: end + 9,
                    hash,
                    ..Default::default()
                };
                let scope = bytes(name.scope);
                vec![Kind::Heads(LinkHeads { scope, heads: vec![head], complete: true })]
            }
            2 | 3 => {
                let want = LinkWant {
                    scope: bytes(name.scope),
                    origin: bytes(name.origin),
                    lane: name.lane.into(),
                    ..Default::default()
                };
                let file = LinkFileWant { sha256: Bytes::from_static(&[9; 32]), offset: 0 };
                vec![Kind::Wants(LinkWants { wants: vec![want] }), Kind::FileWant(file)]
            }
            _ => {
                let holder = self.nodes.iter().find(|node| node.disk.feeds.contains_key(&feed));
                let Some(holder) = holder else { return Vec::new() };
                let records = holder.disk.feeds[&feed].1.iter();
                let envelopes = records.map(|(envelope, _)| envelope.clone()).collect();
                let key = holder.disk.keys[&name.origin];
                vec![transfer(name, written.scope, key, 0, pack(envelopes))]
            }
        }
    }

    /// Records that their origin did not write like that.
    fn forged(&self, node: usize, peer: usize, random: &mut Random) -> Option<Kind> {
        // A feed of its own it could only fork, which is another matter.
        let own = &self.nodes[node].signer;
        let both = |written: &Written| {
            let entitled = &self.plan.entitled;
            entitled[node].contains(&written.scope)
                && entitled[peer].contains(&written.scope)
                && written.name.origin != own.id()
        };
        let feed = self.any_feed(random, both)?;
        let written = &self.written[&feed];
        let name = written.name;
        let holder = self.nodes.iter().find(|node| node.disk.feeds.contains_key(&feed))?;
        let key = holder.disk.keys[&name.origin];
        let held = self.nodes[peer].disk.end(feed);
        let next = (held.sequence, held.hash);
        let one =
            |envelope, after| Some(transfer(name, written.scope, key, after, pack(vec![envelope])));
        let records = &holder.disk.feeds[&feed].1;
        let mut real: Vec<_> = records.iter().map(|(envelope, _)| envelope.clone()).collect();
        let at = random.below(real.len() as u64) as usize;
        match random.below(13) {
            // In its name, under our signature; and as if the feed were ours.
            0 => return one(record(name, next.0 + 1, next.1, own), next.0),
            1 => {
                let envelope = record(name, next.0 + 1, next.1, own);
                let ours = *own.public().as_bytes();
                return Some(transfer(name, written.scope, ours, 0, pack(vec![envelope])));
            }
            2 => return one(record(name, next.0 + 7, next.1, own), next.0 + 6),
            3 => return one(record(name, 1, [9; 32], own), u64::MAX),
            4 => {
                let mut header = real[at].header.to_vec();
                let bit = random.below(header.len() as u64) as usize;
                header[bit] ^= 1;
                real[at].header = header.into();
            }
            5 => real[at].signature = Bytes::copy_from_slice(&own.sign(&real[at].header)),
            6 => {
                let last = real.last_mut()?;
                last.signature = Bytes::new();
            }
            7 => drop(real.remove(at)),
            8 => {
                let payload = real[at].payload.get_or_insert_default();
                payload.bytes = Bytes::from_static(b"something else");
            }
            _ => return forged_jump(name, written.scope, key, &holder.disk, own, random),
        }
        Some(transfer(name, written.scope, key, 0, pack(real)))
    }

    /// A feed and scope of its own that a hostile node can use as it likes.
    fn own_feed(&self, node: usize, random: &mut Random) -> (FeedName, usize, [u8; 32]) {
        let number = self.plan.entitled[node].first().copied().unwrap_or_default();
        let lane = LANES[random.below(3) as usize];
        let signer = &self.nodes[node].signer;
        let name = FeedName::new(signer.id(), id_of(&scope(number)), lane);
        (name, number, *signer.public().as_bytes())
    }

    fn beyond_credit(&self, node: usize, random: &mut Random) -> Vec<Kind> {
        let (name, number, key) = self.own_feed(node, random);
        let data = vec![0; TOO_MUCH].into();
        vec![transfer(name, number, key, 0, Packed { bytes: data, unpacked_bytes: 0 })]
    }

    fn giants(&self, node: usize, random: &mut Random) -> Vec<Kind> {
        let (name, number, key) = self.own_feed(node, random);
        let small = Packed { bytes: Bytes::from_static(&[0; 9]), unpacked_bytes: 0 };
        let mut kind = transfer(name, number, key, 0, small);
        let Kind::Part(part) = &mut kind else { return Vec::new() };
        let begin = part.begin.get_or_insert_default();
        match random.below(6) {
            0 => begin.size_bytes = u32::MAX,
            1 => begin.unpacked_bytes = u32::MAX,
            2 => (begin.size_bytes, part.end) = (16 << 20, false),
            3 => {
                // Records of nothing at all, a hundred thousand of them in a few bytes.
                let envelopes = vec![Envelope::default(); 100_000];
                let packed = pack(envelopes);
                return vec![transfer(name, number, key, 0, packed)];
            }
            4 => {
                let scope = bytes(name.scope);
                let head = |at: u64| LinkHead {
                    origin: bytes(Id(Random::new(at).id())),
                    lane: Lane::Bulk.into(),
                    sequence: u64::MAX,
                    hash: Bytes::from_static(&[1; 32]),
                    ..Default::default()
                };
                let base = random.next();
                let heads = (0..40).map(|at| head(base.wrapping_add(at))).collect();
                return vec![Kind::Heads(LinkHeads { scope, heads, complete: false })];
            }
            _ => {
                // A sign of life that would choke the thin links that it is passed on to.
                let signer = &self.nodes[node].signer;
                let public_key = Bytes::copy_from_slice(signer.public().as_bytes());
                let number = u64::MAX;
                let tip = TipStatement { public_key, number, ..Default::default() };
                let mut fat = tips::sign(signer, &tip);
                let padding = Envelope { header: vec![0; 9_000].into(), ..Default::default() };
                let mut statement = tip.encode_to_vec();
                // A field that nobody knows, number 15.
                statement.push(0x7a);
                statement.extend(padding.encode_length_delimited_to_vec());
                fat.signature =
                    Bytes::copy_from_slice(&signer.sign_bytes(b"polder tip v1\n", &statement));
                fat.statement = statement.into();
                return vec![Kind::Tips(LinkTips { tips: vec![fat] })];
            }
        }
        vec![kind]
    }

    fn flood(&self, node: usize, random: &mut Random) -> Vec<Kind> {
        let (name, ..) = self.own_feed(node, random);
        match random.below(7) {
            5 => {
                let feed = LinkFillFeed { feed: bytes(name.id()), sequence: random.below(9) };
                let feeds = vec![feed; 2_000];
                vec![Kind::FillReady(LinkFillReady { feeds })]
            }
            6 => {
                let want = LinkFillWant {
                    scope: bytes(name.scope),
                    origin: bytes(name.origin),
                    lane: name.lane.into(),
                    sequence: [0, 1, 9, u64::MAX][random.below(4) as usize],
                    hash: Bytes::from_static(&[4; 32]),
                    covered: true,
                };
                vec![Kind::FillWant(want); 300]
            }
            0 => vec![Kind::Ping(LinkPing { time_ms: i64::MIN }); 3_000],
            1 => vec![Kind::Wants(LinkWants { wants: vec![LinkWant::default(); 20_000] })],
            2 => {
                let digest = LinkDigest { digest: Bytes::new(), answer: true };
                vec![Kind::Digest(digest); 30]
            }
            3 => vec![Kind::Refused(LinkRefused::default()); 30],
            _ => {
                let want = LinkWant {
                    scope: bytes(name.scope),
                    origin: bytes(name.origin),
                    lane: name.lane.into(),
                    after: u64::MAX,
                    ..Default::default()
                };
                vec![Kind::Wants(LinkWants { wants: vec![want; 100] })]
            }
        }
    }

    /// Feeds that do not exist, and ends that nobody reached.
    fn imaginary(&self, node: usize, random: &mut Random) -> Vec<Kind> {
        let number = self.plan.entitled[node].first().copied().unwrap_or_default();
        let scope = id_of(&scope(number));
        let known = self.any_feed(random, |written| written.scope == number);
        let origin = known.map_or(Id(random.id()), |feed| self.written[&feed].name.origin);
        let lane = LANES[random.below(3) as usize].into();
        let sequence = [u64::MAX, 1_000_000, 1][random.below(3) as usize];
        let (origin, hash) = (bytes(origin), Bytes::copy_from_slice(&[random.next() as u8; 32]));
        let heads = vec![LinkHead { origin, lane, sequence, hash, ..Default::default() }];
        vec![Kind::Heads(LinkHeads { scope: bytes(scope), heads, complete: false })]
    }
}

/// Whatever decodes of random bytes.
fn noise(random: &mut Random) -> Vec<Kind> {
    let tags = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18];
    let tag = tags[random.below(tags.len() as u64) as usize];
    let length = random.below(40);
    let mut bytes = vec![(tag << 3 | 2) as u8];
    if tag > 15 {
        // The number of the field takes two bytes from here on.
        bytes = vec![0x82 | ((tag - 16) << 3) as u8, 0x01];
    }
    bytes.push(length as u8);
    bytes.extend((0..length).map(|_| random.next() as u8));
    let frame = LinkFrame::decode(&bytes[..]).ok();
    // Records of nothing are noise, too.
    let records = LinkRecords::default().encode_to_vec();
    let part = LinkPart { lane: 9, data: records.into(), ..Default::default() };
    frame.and_then(|frame| frame.kind).into_iter().chain([Kind::Part(part)]).collect()
}
