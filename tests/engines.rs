//! What the store asks of every engine on disk, and what each survives.
//!
//! `POLDER_CRASH_ROUNDS` sets how often each crash is tried; what a machine does not permit
//! (mounts, FUSE) is skipped with a printed line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    env, fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use polder::store::engine::{self, Batch, ENGINES, Engine, EngineError, Tree};
use support::{
    Random, Seen, Task, Tmpfs, Worker, check_prefix, commit_rows, hash_holds, record_key, rows,
    volatile::{Cut, Volatile},
};

/// Not a test of its own: what the crash tests kill.
#[test]
#[ignore = "the crash tests start it"]
fn child() {
    support::work();
}

fn rounds(normally: u64) -> u64 {
    env::var("POLDER_CRASH_ROUNDS").map_or(normally, |rounds| rounds.parse().unwrap())
}

fn names() -> impl Iterator<Item = &'static str> {
    ENGINES.into_iter().map(|(name, _)| name)
}

fn open(name: &str, path: &Path) -> Result<Box<dyn Engine>, EngineError> {
    engine::open(name, path)
}

fn write(tree: Tree, key: &[u8], value: Option<&[u8]>) -> Batch {
    Batch { writes: vec![(tree, key.to_vec(), value.map(<[u8]>::to_vec))] }
}

// Contract; the model test is in support/model.rs.

#[test]
fn an_unknown_engine_and_a_store_of_another_engine_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let Err(EngineError::Failed(said)) = open("paper", home.path()) else { panic!("opened") };
    assert!(said.contains("fjall, sled"), "{said}");
    open("fjall", home.path()).unwrap().close().unwrap();
    assert!(matches!(open("sled", home.path()), Err(EngineError::Failed(_))));
}

/// A kill in the middle of opening leaves such a file now and then, too seldom to wait for it.
#[test]
fn a_summary_that_sled_was_still_writing_when_it_was_killed_does_not_keep_a_store_shut() {
    let home = tempfile::tempdir().unwrap();
    let store = open("sled", home.path()).unwrap();
    store.commit(write(Tree::ALL[0], b"key", Some(b"value"))).unwrap();
    store.close().unwrap();
    let draft = home.path().join("sled/snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&draft, b"half of a summ").unwrap();
    let store = open("sled", home.path()).unwrap();
    assert_eq!(store.get(Tree::ALL[0], b"key").unwrap().unwrap(), &b"value"[..]);
    store.close().unwrap();
    assert!(!draft.exists());
}

#[test]
fn a_store_that_is_open_is_not_opened_again() {
    for name in names() {
        let home = tempfile::tempdir().unwrap();
        let engine = open(name, home.path()).unwrap();
        assert!(matches!(open(name, home.path()), Err(EngineError::Locked(_))), "{name}");
        let mut other = Worker::start(name, home.path(), Task::Commit);
        let said = other.next().unwrap();
        assert!(said.starts_with("not open Locked"), "{name} {said}");
        engine.close().unwrap();
        open(name, home.path()).unwrap();
    }
}

#[test]
fn a_store_whose_making_was_cut_short_is_made_anew() {
    for name in names() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(format!("{name}.new"))).unwrap();
        fs::write(home.path().join(format!("{name}.new")).join("0.jnl"), b"half").unwrap();
        commit_rows(&*open(name, home.path()).unwrap(), 1).unwrap();
    }
}

// Crashes.

#[test]
fn no_acknowledged_row_is_lost_when_the_process_is_killed() {
    for name in names() {
        let home = tempfile::tempdir().unwrap();
        let mut random = Random::new(1);
        for round in 0..rounds(20) {
            let mut worker = Worker::start(name, home.path(), Task::Commit);
            if round > 0 {
                assert!(worker.next().unwrap().starts_with("ack"), "{name} round {round}");
            }
            thread::sleep(Duration::from_millis(random.below(30)));
            let acknowledged = worker.kill();
            let engine = open(name, home.path()).unwrap();
            let last = check_prefix(&*engine).unwrap();
            assert!(last >= acknowledged, "{name} round {round}: {acknowledged} lost, has {last}");
        }
    }
}

/// Rounds of power cuts on one engine; returns how many stores did not open again.
fn cut_power(name: &str, how: Cut, rounds: u64) -> Option<u64> {
    let at = tempfile::tempdir().unwrap();
    let disk = match Volatile::mount(at.path()) {
        Ok(disk) => disk,
        Err(error) => {
            println!("skipped: mounting FUSE: {error}");
            return None;
        }
    };
    let mut random = Random::new(2);
    let (mut store, mut unopened, mut commits) = (0, 0, 0);
    for round in 0..rounds {
        let home = at.path().join(store.to_string());
        let mut worker = Worker::start(name, &home, Task::Commit);
        // Every fourth round may cut the power while the store is made or opened.
        if round % 4 != 0 {
            worker.next();
        }
        thread::sleep(Duration::from_millis(random.below(40)));
        let acknowledged = worker.kill();
        disk.cut(how, &mut random);
        match open(name, &home).and_then(|engine| check_prefix(&*engine)) {
            Ok(last) => {
                assert!(
                    last >= acknowledged,
                    "{name} {how:?} round {round}: {acknowledged} lost, has {last}"
                );
                commits += last;
                // A young store and an old one both have their ways to break.
                store += u64::from(random.below(4) == 0);
            }
            Err(error) => {
                println!("{name} {how:?} round {round}: {error}");
                unopened += 1;
                store += 1;
            }
        }
    }
    println!("{name} {how:?}: {rounds} cuts, {commits} commits read back, {unopened} not opened");
    Some(unopened)
}

#[test]
fn fjall_opens_with_every_acknowledged_row_after_a_power_cut() {
    for how in [Cut::Dropped, Cut::AtRandom] {
        assert!(matches!(cut_power("fjall", how, rounds(16)), None | Some(0)), "{how:?}");
    }
}

/// sled uses a segment again before what replaced it is synced; a store that was cut in such a
/// moment does not open, and nothing outside of it can help that.
#[test]
fn sled_loses_no_acknowledged_row_in_stores_that_open_after_a_power_cut() {
    for how in [Cut::Dropped, Cut::AtRandom] {
        let rounds = rounds(16);
        if let Some(unopened) = cut_power("sled", how, rounds) {
            assert!(unopened <= 1 + rounds / 10, "{unopened} of {rounds} did not open");
        }
    }
}

/// Which page of a batch is lost is up to the disk; here it is one in the middle.
#[test]
fn fjall_opens_without_a_commit_whose_middle_was_lost() {
    let home = tempfile::tempdir().unwrap();
    let engine = open("fjall", home.path()).unwrap();
    for number in 1..=11 {
        commit_rows(&*engine, number).unwrap();
    }
    engine.close().unwrap();
    let journal = home.path().join("fjall").join("0.jnl");
    let bytes = fs::read(&journal).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    // The last commit has 40 kB, so this page is inside of it.
    let page = (end - 20_000) / 4096 * 4096;
    let file = fs::File::options().write(true).open(&journal).unwrap();
    file.write_all_at(&[0; 4096], page as u64).unwrap();
    let engine = open("fjall", home.path()).unwrap();
    assert_eq!(check_prefix(&*engine).unwrap(), 10);
    engine.close().unwrap();
    // A bit flipped in a commit that was whole is damage, and nothing is cut off for it.
    let file = fs::File::options().write(true).open(&journal).unwrap();
    file.write_all_at(&[bytes[100] ^ 1], 100).unwrap();
    for _ in 0..2 {
        assert!(matches!(open("fjall", home.path()), Err(EngineError::Damaged(_))));
    }
}

// Disks.

#[test]
fn a_full_disk_is_named_and_takes_no_acknowledged_row() {
    for name in names() {
        let at = tempfile::tempdir().unwrap();
        let Some(disk) = Tmpfs::mount(at.path(), 64) else {
            return;
        };
        let engine = open(name, at.path()).unwrap();
        let mut acknowledged = 0;
        let error = loop {
            match commit_rows(&*engine, acknowledged + 1) {
                Ok(()) => acknowledged += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, EngineError::NoSpace(_)), "{name}: {error}");
        assert_eq!(commit_rows(&*engine, acknowledged + 1), Err(error), "{name}");
        let seen = Seen::of(&*engine, acknowledged);
        // sled refuses reads as well once a write failed; neither may read something else.
        let answered = seen.right + if name == "sled" { seen.errors } else { 0 };
        assert_eq!(answered, acknowledged * 2, "{name}: {seen}");
        drop(engine);
        disk.grow(256);
        let engine = open(name, at.path()).unwrap();
        let last = check_prefix(&*engine).unwrap();
        assert!(last >= acknowledged, "{name}: {acknowledged} lost, has {last}");
        commit_rows(&*engine, last + 1).unwrap();
        println!("{name}: 64 MB took {acknowledged} commits");
    }
}

#[test]
fn a_disk_that_takes_no_writes_is_named() {
    for name in names() {
        let at = tempfile::tempdir().unwrap();
        let Some(disk) = Tmpfs::mount(at.path(), 64) else {
            return;
        };
        open(name, at.path()).unwrap().close().unwrap();
        disk.read_only();
        let error = open(name, at.path()).err();
        assert!(matches!(error, Some(EngineError::ReadOnly(_))), "{name}: {error:?}");
    }
}

// Damage.

fn files(below: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out.sort();
    out
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}

/// Flips a bit in a byte that is written, and says where.
fn flip(below: &Path, random: &mut Random) -> String {
    let files = files(below);
    loop {
        // By file, not by size: the small ones say how to read the large one.
        let path = &files[random.below(files.len() as u64) as usize];
        let len = path.metadata().unwrap().len();
        if len == 0 {
            continue;
        }
        let file = fs::File::options().read(true).write(true).open(path).unwrap();
        let at = random.below(len);
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        if byte != [0] {
            file.write_all_at(&[byte[0] ^ 1 << random.below(8)], at).unwrap();
            return format!("{} at {at} of {len}", path.strip_prefix(below).unwrap().display());
        }
    }
}

#[test]
fn a_flipped_bit_never_gives_a_wrong_row_that_looks_right() {
    const COMMITS: u64 = 6_000;
    for name in names() {
        let home = tempfile::tempdir().unwrap();
        let whole = home.path().join("whole");
        let engine = open(name, &whole).unwrap();
        for first in (1..=COMMITS).step_by(100) {
            let numbers = first..first + 100;
            let all = numbers.flat_map(rows).map(|(tree, key, value)| (tree, key, Some(value)));
            engine.commit(Batch { writes: all.collect() }).unwrap();
        }
        engine.close().unwrap();
        let mut random = Random::new(3);
        let (mut refused, mut sum) = (0, Seen::default());
        let rounds = rounds(10);
        for _ in 0..rounds {
            let damaged = home.path().join("damaged");
            copy(&whole, &damaged);
            let place = flip(&damaged.join(name), &mut random);
            let mut reader = Worker::start(name, &damaged, Task::Read(COMMITS));
            let said = reader.next();
            assert!(reader.finish(), "{name} ended: a bit flipped in {place}, {said:?}");
            let said = said.unwrap();
            if said.starts_with("not open") {
                refused += 1;
            } else {
                let seen: Seen = said.parse().unwrap();
                assert_eq!(seen.unnoticed, 0, "{name}: a bit flipped in {place}");
                sum.missing += seen.missing;
                sum.errors += seen.errors;
                sum.wrong += seen.wrong;
                sum.right += seen.right;
            }
            fs::remove_dir_all(&damaged).unwrap();
        }
        let Seen { right, missing, errors, wrong, .. } = sum;
        println!(
            "{name}: {rounds} flips, {refused} not opened; of the others {right} rows right, \
             {missing} missing, {errors} refused, {wrong} wrong by their own hash"
        );
    }
}

#[test]
fn values_of_300_kb_come_back_and_heads_are_overwritten() {
    for name in names() {
        let home = tempfile::tempdir().unwrap();
        let engine = open(name, home.path()).unwrap();
        let large = Random::new(4).bytes(300_000);
        for n in 0..50u8 {
            engine.commit(write(Tree::Heads, b"feed", Some(&[n; 60]))).unwrap();
        }
        engine.commit(write(Tree::Records, &record_key(1), Some(&large))).unwrap();
        engine.close().unwrap();
        let engine = open(name, home.path()).unwrap();
        assert_eq!(engine.get(Tree::Heads, b"feed").unwrap().unwrap(), &[49; 60][..]);
        assert!(engine.get(Tree::Records, &record_key(1)).unwrap().unwrap() == large);
        assert!(hash_holds(&rows(1)[0].2) && !hash_holds(&large));
        assert!(engine.size_bytes().unwrap() > 300_000);
        assert_eq!(engine.name(), name);
    }
}
