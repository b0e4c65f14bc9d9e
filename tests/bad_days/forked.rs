//! A key that was used twice, and twice again: what the store makes of it, on both engines.

use std::{ops::ControlFlow, path::Path, sync::Arc};

use polder::{
    backup, maintain,
    node::{self, Node, NodeOptions, Writer},
    wall::Wall,
};
use polder_picture::{
    admit::NewScope,
    record::{Head, Id, NewHeader, Sealed, Signer, record_hash, scope_id},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::*;
use prost::Message as _;
use uuid::Uuid;

use crate::harness::*;

fn open(path: &Path) -> (Arc<Node>, Writer) {
    Node::open(path, Wall::System, &NodeOptions::default()).unwrap()
}

/// A line of records: those that it shares with `before`, then its own, all about one entry, each
/// by an author who had seen the one before it.
fn line(signer: &Signer, before: &[Envelope], own: u64, title: &str) -> Vec<Envelope> {
    let name = FeedName::new(signer.id(), scope_id("flood", Mode::Actual, "all"), Lane::Routine);
    let mut envelopes = before.to_vec();
    for _ in 0..own {
        let sequence = envelopes.len() as u64 + 1;
        let previous = envelopes.last().map_or([0; 32], |last| record_hash(&last.header));
        let entry = Entry {
            name: format!("incidents/flood/entries/{}", Uuid::from_u128(5)),
            party: "parties/stranger".into(),
            ..observation("flood", &format!("{title} {sequence}"))
        };
        let content = content::Content::Entry(entry.encode_to_vec().into());
        let content = Content { content: Some(content) }.encode_to_vec();
        let sealed = Sealed::new([sequence as u8; 16], content.into());
        let seen = [(name.id(), sequence - 1)];
        let header = NewHeader {
            origin: &name.origin,
            scope: &name.scope,
            lane: name.lane,
            sequence,
            previous: &previous,
            hlc: sequence << 16,
            clock_unsynchronised: false,
            kind: RecordKind::Put,
            entry: &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5],
            seen: if sequence > 1 { &seen } else { &[] },
            payload_hash: &sealed.hash,
            payload_length: sealed.payload.bytes.len() as u32,
            author: "",
        };
        let header = header.encode();
        let signature = signer.sign(&header).to_vec().into();
        envelopes.push(Envelope { header, payload: Some(sealed.payload), signature });
    }
    envelopes
}

async fn receive(node: &Arc<Node>, signer: &Signer, envelopes: &[Envelope]) {
    let name = FeedName::new(signer.id(), scope_id("flood", Mode::Actual, "all"), Lane::Routine);
    let suffix = Suffix::verify(&signer.public(), name, Head::default(), envelopes.to_vec());
    let scope = NewScope { incident: "flood".into(), mode: Mode::Actual, audience: "all".into() };
    node.receive(vec![(suffix.unwrap(), scope)]).await.unwrap().pop().unwrap().unwrap();
}

type Said = (Vec<(Id, Head)>, Vec<(Id, u64)>);

/// Where feeds end, and which versions of the entry are current.
fn said(node: &Node) -> Said {
    let picture = node.picture.read();
    let mut heads: Vec<_> = picture.held_feeds().map(|feed| (feed.id, feed.head)).collect();
    heads.sort_by_key(|(feed, _)| *feed);
    let register = picture.entries().get(0).unwrap();
    let mut live: Vec<_> = register
        .live
        .iter()
        .map(|live| (picture.feed(live.record.feed).id, live.record.sequence))
        .collect();
    live.sort_unstable();
    (heads, live)
}

fn sound(node: &Node) -> bool {
    let log = node.log();
    let heads = maintain::stored_heads(&log).unwrap();
    let carry_on = &mut |_| ControlFlow::Continue(());
    maintain::verify(&log, &heads, node.identity(), carry_on).unwrap().sound
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_used_many_times_gives_one_picture_on_every_disk_whatever_came_first() {
    let signer = Signer::new(&[7; 32]);
    let trunk = line(&signer, &[], 8, "trunk");
    let further = line(&signer, &trunk[..6], 5, "further");
    let within = line(&signer, &further[..9], 3, "within");
    let early = line(&signer, &trunk[..2], 4, "early");
    let first = line(&signer, &[], 1, "first");
    let lines = [&trunk, &further, &within, &early, &first];
    let orders: [[usize; 5]; 5] =
        [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [1, 3, 0, 4, 2], [3, 2, 1, 0, 4]];
    let mut expected: Option<Said> = None;
    for (at, order) in orders.into_iter().enumerate() {
        let home = Home::of(if at % 2 == 0 { "fjall" } else { "sled" });
        for line in order {
            // A start between any two: what is on disk says all.
            let (node, writer) = open(home.data());
            receive(&node, &signer, lines[line]).await;
            node::close(node, writer);
        }
        let (node, writer) = open(home.data());
        for line in lines {
            receive(&node, &signer, line).await;
        }
        assert_eq!(node.picture.read().lsn(), 8 + 5 + 3 + 4 + 1, "nothing twice, nothing lost");
        let now = said(&node);
        assert_eq!(now.1.len(), 5, "the last of each branch: {:?}", now.1);
        assert_eq!(expected.get_or_insert_with(|| now.clone()), &now);
        assert!(sound(&node));
        let mut file = Vec::new();
        let pinned = backup::Pinned::of(&node).unwrap();
        backup::write(&node.log(), node.identity(), pinned, None, &mut |bytes, _| {
            file.extend_from_slice(&bytes);
            ControlFlow::Continue(())
        })
        .unwrap();
        node::close(node, writer);

        let path = home.beside("restored");
        backup::restore(&file[..], &path, "fjall", &mut |_, _| ()).unwrap();
        let (node, writer) = open(&path);
        assert_eq!(said(&node), now);
        assert!(sound(&node));
        node::close(node, writer);
    }
}
