//! Runs every fuzz seed through the same checks as the fuzz targets, so that plain `cargo test`
//! covers what fuzzing once found.

#![allow(clippy::unwrap_used, reason = "helpers of a test stop at what they did not expect")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use polder_picture::{
    admit::{Act, Draft, Group, NewScope, Supersedes},
    attributes::Attributes,
    clock::Clock,
    kinds::{self, examples::examples},
    picture::Picture,
    record::{Sealed, Signer},
};
use polder_wire::v1::{Content, IncidentData, Lane, Mode, content};
use prost::Message as _;
use uuid::Uuid;

#[path = "../../../fuzz/checks/entry.rs"]
mod entry;
#[path = "../../../fuzz/checks/envelope.rs"]
mod envelope;
#[path = "../../../fuzz/checks/fields.rs"]
mod fields;

fn directory(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target)
}

/// Runs a check on every seed of a target; the output tells at which seed it failed.
fn each(target: &str, checks: &[fn(&[u8])]) {
    let mut files: Vec<_> = fs::read_dir(directory(target))
        .unwrap_or_else(|error| panic!("fuzz/seeds/{target}: {error}"))
        .map(|file| file.expect("seeds are readable").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "fuzz/seeds/{target} has no seeds");
    for file in files {
        let seed = fs::read(&file).expect("seeds are readable");
        println!("{}", file.display());
        checks.iter().for_each(|check| check(&seed));
        // A seed that is cut short or has one bit wrong is what a disk or a network makes of it.
        for at in (0..seed.len()).step_by(seed.len() / 64 + 1) {
            checks.iter().for_each(|check| check(&seed[..at]));
            let mut flipped = seed.clone();
            flipped[at] ^= 1 << (at % 8);
            checks.iter().for_each(|check| check(&flipped));
        }
    }
}

#[test]
fn entries() {
    each("entry", &[entry::check, entry::check_across_kinds]);
}

#[test]
fn envelopes() {
    each("envelope", &[envelope::check]);
}

#[test]
fn walked_fields() {
    each("fields", &[fields::check]);
}

/// Seeds that follow from the examples: target, file name, bytes.
fn made() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (kind, entry) in examples() {
        let bytes = entry.encode_to_vec();
        seeds.push(("entry", kind.to_owned(), bytes.clone()));
        seeds.push(("fields", kind.to_owned(), bytes));
    }
    // Of a newer program: an unknown field, and a group, which no field of ours is.
    let (_, entry) = examples().remove(0);
    let mut newer = entry.encode_to_vec();
    newer.extend_from_slice(&[0xc2, 0x3e, 2, b'h', b'i', 0xcb, 0x3e, 0x08, 1, 0xcc, 0x3e]);
    seeds.push(("entry", "newer".to_owned(), newer.clone()));
    seeds.push(("fields", "newer".to_owned(), newer));
    seeds.push(("envelope", "feed".to_owned(), feed()));
    seeds
}

/// A short feed as it is written: an incident, an entry of each kind, one signature at the end.
fn feed() -> Vec<u8> {
    let (picture, mut clock) = (Picture::default(), Clock::default());
    let signer = Signer::new(&[7; 32]);
    let mut group = Group::new(&picture, &signer, &mut clock);
    let scope =
        NewScope { incident: "maas-2021".into(), mode: Mode::Exercise, audience: "all".into() };
    let scope = group.open_scope(scope).unwrap();
    let mut author = |id: u128, act: Act, content: content::Content| {
        let bytes = Content { content: Some(content) }.encode_to_vec();
        let draft = Draft {
            scope,
            entry: Uuid::from_u128(id),
            act,
            lane: Lane::Routine,
            sealed: Sealed::new([9; 16], bytes.into()),
            author: String::new(),
            supersedes: Supersedes::AllHeld,
        };
        group.author(draft, 1_626_300_000_000 + id as i64).unwrap();
    };
    let data = IncidentData { audience: "all".into(), ..Default::default() };
    author(0, Act::Incident(Box::new(data.clone())), content::Content::Incident(data));
    for (id, (_, entry)) in (1..).zip(examples()) {
        let field = kinds::of(&entry).unwrap().field;
        let attributes = Attributes::of_entry(&entry, "zuid-limburg", field, Lane::Routine);
        let bytes = Bytes::from(entry.encode_to_vec());
        author(id, Act::Put(attributes), content::Content::Entry(bytes));
    }
    let sealed = group.seal();
    let records = sealed.admitted.iter();
    records.flat_map(|record| record.envelope().encode_length_delimited_to_vec()).collect()
}

#[test]
fn seeds_follow_the_examples() {
    for (target, name, bytes) in made() {
        let kept = fs::read(directory(target).join(&name)).unwrap_or_default();
        assert!(
            kept == bytes,
            "fuzz/seeds/{target}/{name} is not what the examples make; if that is meant, run \
             `cargo test -p polder-picture --test seeds -- --ignored`"
        );
    }
}

#[test]
#[ignore = "writes fuzz/seeds anew from the examples"]
fn write_seeds() {
    for (target, name, bytes) in made() {
        fs::create_dir_all(directory(target)).unwrap();
        fs::write(directory(target).join(name), bytes).unwrap();
    }
}
