//! Stores with feeds that came by a checkpoint, after damage and after commits that were cut off.

use std::{ops::ControlFlow, path::Path};

use polder::{
    maintain, node,
    store::{
        engine::{Batch, EngineError, Tree},
        log::Log,
        memory::Disk,
        rows::{Chunk, record_key},
    },
};
use polder_picture::{
    admit::{Group, NewScope},
    clock::Clock,
    jump::Jump,
    picture::Picture,
    record::Signer,
    suffix::Suffix,
};
use prost::Message as _;

use crate::{
    harness::*,
    jumps::{Written, author, dump, leap},
    receiving::{open, patiently, scope},
};

/// What is wrong with a store; empty when nothing is.
pub fn problem(data: &Path) -> String {
    let (_directory, log, identity) = patiently(|| maintain::open_offline(data).ok());
    let heads = maintain::stored_heads(&log).unwrap();
    let verdict = maintain::verify(&log, &heads, &identity, &mut |_| ControlFlow::Continue(()));
    let verdict = verdict.unwrap();
    assert_eq!(verdict.sound, verdict.bad_record.is_none());
    log.close().unwrap();
    verdict.bad_record.map(|bad| format!("{} {}", bad.sequence, bad.problem)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_record_that_is_gone_changed_or_too_many_is_found() {
    let (home, _) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    node::close(from, from_writer);
    let (jump, feed) = (written.jump(), written.name.id());
    let kept: Vec<_> = jump.list().kept().keys().copied().collect();
    let (last, left_out) = (kept[kept.len() - 1], kept[kept.len() - 1] - 10);
    assert!(!kept.contains(&left_out));
    let chunk = |at: u64| {
        let envelopes = vec![written.envelopes[at as usize - 1].encode_to_vec().into()];
        Chunk { received_ms: 1, envelopes }.encode_to_vec()
    };
    let covered = [&b"covered/"[..], &feed.0].concat();
    let row =
        |at: u64, value: Option<Vec<u8>>| (Tree::Records, record_key(feed, at).to_vec(), value);
    let (first, said) = (kept[0], jump.covered().sequence + 1);
    let damages = [
        (row(first, None), format!("{first} ")),
        (row(first, Some(chunk(left_out))), format!("{first} ")),
        (row(left_out, Some(chunk(left_out))), format!("{left_out} ")),
        ((Tree::Meta, covered, None), format!("{} ", first + 1)),
        (row(kept[1], None), format!("{said} ")),
    ];
    for engine in ["fjall", "sled"] {
        for (damage, place) in damages.clone() {
            let there = Home::of(engine);
            let (node, writer) = open(there.data());
            leap(&written, &node).await;
            node::close(node, writer);
            assert_eq!(problem(there.data()), "");
            let (directory, log, _) = patiently(|| maintain::open_offline(there.data()).ok());
            let lies = |at| log.chunk(feed, at).unwrap().unwrap();
            assert_eq!((lies(first).0, lies(first).1.envelopes.len()), (first, 1));
            assert_eq!((lies(last).0, lies(said).0), (kept[1], kept[1]), "one goes on in the tail");
            log.engine().commit(Batch { writes: vec![damage] }).unwrap();
            log.close().unwrap();
            drop(directory);
            let found = problem(there.data());
            assert!(found.starts_with(&place), "{engine}: {found:?}, not {place:?}");
        }
    }
}

/// What a node takes, a commit each.
enum Part {
    Jump(Jump),
    Suffix(Suffix),
}

fn commit(log: &Log, picture: &mut Picture, part: &Part) -> Result<(), EngineError> {
    let (signer, mut clock) = (Signer::new(&[9; 32]), Clock::default());
    let mut group = Group::new(picture, &signer, &mut clock);
    let place: NewScope = scope();
    match part {
        Part::Jump(jump) => drop(group.leap(jump.clone(), &place, 1).unwrap()),
        Part::Suffix(suffix) => drop(group.receive(suffix.clone(), &place, 1).unwrap()),
    }
    let sealed = group.seal();
    log.append(picture, &sealed, picture.lsn() + 1, 1, Vec::new())?;
    picture.install(&sealed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_at_any_commit_a_jump_is_there_whole_or_not_at_all() {
    let (home, _) = author().await;
    let (from, from_writer) = open(home.data());
    let written = Written::of(&from);
    node::close(from, from_writer);
    let said = written.jump().covered().sequence + 1;
    let begin = written.envelopes[..said as usize].to_vec();
    let cut = Written { envelopes: begin, name: written.name, key: written.key };
    let whole = written;
    let parts = [Part::Jump(cut.jump()), Part::Suffix(whole.suffix(said))];
    let mut ends = Vec::new();
    for cut_at in 0..=parts.len() {
        let disk = Disk::default();
        let mut log = Log::new(disk.open().unwrap());
        let mut picture = Picture::default();
        for (at, part) in parts.iter().enumerate() {
            if at == cut_at {
                disk.fail_next(EngineError::NoSpace("told to".to_owned()));
                assert!(commit(&log, &mut picture, part).is_err());
                drop(log);
                log = Log::new(disk.open().unwrap());
                let opened = log.open().unwrap().picture;
                assert_eq!(dump(&opened), dump(&picture));
                assert_eq!(log.covered().unwrap().len(), at.min(1));
                picture = opened;
            }
            commit(&log, &mut picture, part).unwrap();
        }
        drop(log);
        let log = Log::new(disk.open().unwrap());
        let opened = log.open().unwrap().picture;
        assert_eq!(dump(&opened), dump(&picture));
        let index = opened.feed_index(whole.name.id()).unwrap();
        assert_eq!(opened.feed(index).covered, cut.jump().covered());
        ends.push(dump(&opened));
    }
    assert!(ends.iter().all(|end| *end == ends[0]));
}
