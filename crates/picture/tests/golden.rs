//! Records that were written once stay readable, verifiable and the same for ever. The samples in
//! `golden/` are never changed: a test that fails here has broken stores in the field.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use polder_picture::{
    admit::{Act, Draft, Group, NewScope, Supersedes},
    attributes::{Attributes, timestamp},
    check::Checker,
    checkpoint::{Keeping, List},
    clock::{Clock, Hlc},
    entry::{check_entry, extent},
    fields,
    kinds::{self, examples::examples},
    names::EntryName,
    picture::Picture,
    record::{Head, Sealed, Signer, decode, verify_signature},
};
use polder_wire::v1::{
    Content, Entry, Envelope, Incident, IncidentData, IncidentState, Lane, Mode, Phase, Retraction,
    Text, content,
};
use prost::Message as _;
use uuid::Uuid;

const SUMMARIES: &str = "summaries.txt";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The key of all samples. Not a secret.
fn signer() -> Signer {
    Signer::new(&[0x42; 32])
}

fn samples() -> Vec<(String, Vec<u8>)> {
    let mut samples: Vec<_> = fs::read_dir(golden())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    samples.sort();
    samples
}

/// What a record says, in lines that no later field or wording changes.
fn summary(name: &str, bytes: &[u8]) -> String {
    let envelope = Envelope::decode(bytes).unwrap();
    let record = decode(&envelope).unwrap();
    let header = &record.header;
    let mut out = format!("{name}\n");
    let mut line =
        |key: &str, value: &dyn std::fmt::Debug| writeln!(out, "  {key}: {value:?}").unwrap();
    line("feed", &record.feed);
    line("sequence", &header.sequence);
    line("lane", &header.lane());
    line("kind", &header.kind());
    line("entry", &Uuid::from_slice(&header.entry).unwrap());
    line("hlc", &(Hlc::millis(header.hlc), header.hlc & 0xffff));
    line("seen", &header.seen.len());
    line("author", &header.author);
    line("hash", &hex(&record.hash));
    let content = Content::decode(envelope.payload.unwrap().bytes).unwrap().content.unwrap();
    match content {
        content::Content::Entry(bytes) => {
            let entry = Entry::decode(bytes.clone()).unwrap();
            let mut body = 0;
            fields::walk(&bytes, |field, _| body = if field >= 100 { field } else { body })
                .unwrap();
            let party = entry.party.trim_start_matches("parties/");
            let attributes = Attributes::of_entry(&entry, party, body, header.lane());
            let mut encoded = Vec::new();
            attributes.recorded_at(Hlc::millis(header.hlc)).encode(&mut encoded);
            line("name", &entry.name);
            line("body", &(body, kinds::by_field(body).map(|kind| kind.name)));
            line("statement", &entry.statement().as_str_name());
            line("discipline", &entry.discipline().as_str_name());
            line("party", &entry.party);
            for text in &entry.texts {
                line("text", &(&text.language, &text.title));
            }
            line("extent", &entry.geometry.as_ref().and_then(extent));
            line("attributes", &hex(&encoded));
            line("content", &hex(&fnv(&bytes).to_be_bytes()));
        }
        content::Content::Retraction(retraction) => {
            line("retracts", &retraction.name);
            line("reason", &retraction.reason);
        }
        content::Content::Incident(data) => {
            let incident = data.incident.clone().unwrap();
            line("incident", &incident.name);
            line("mode", &incident.mode().as_str_name());
            line("phase", &incident.phase().as_str_name());
            line("title", &incident.titles[0].title);
            line("state", &data.state().as_str_name());
            line("audience", &data.audience);
        }
        content::Content::Statement(statement) => {
            line("statement", &hex(&statement.body));
            line("signatures", &statement.endorsements.len());
        }
        content::Content::Acts(acts) => line("acts", &acts.acts.len()),
        content::Content::Checkpoint(checkpoint) => {
            let list = List::read(&checkpoint, header.sequence).unwrap();
            line("keeps", &list.kept().len());
            line("covers", &(checkpoint.sequence, hex(&checkpoint.hash)));
            line("steps", &checkpoint.steps);
            line("hashes", &hex(&checkpoint.hashes));
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn there_is_a_sample_of_every_kind_and_of_every_sort_of_record() {
    let names: Vec<_> = samples().into_iter().map(|(name, _)| name).collect();
    for kind in kinds::KINDS {
        assert!(names.iter().any(|name| name == kind.name), "no sample of {}", kind.name);
    }
    for name in ["retraction", "incident_data", "opaque", "checkpoint"] {
        assert!(names.iter().any(|found| found == name), "no sample of {name}");
    }
}

#[test]
fn every_sample_still_verifies() {
    for (name, bytes) in samples() {
        let envelope = Envelope::decode(&bytes[..]).unwrap();
        let record = decode(&envelope).unwrap_or_else(|damage| panic!("{name}: {damage}"));
        assert_eq!(record.origin, signer().id(), "{name}");
        assert!(
            verify_signature(&signer().public(), &envelope.header, &envelope.signature),
            "{name}"
        );
        assert_eq!(envelope.encode_to_vec(), bytes, "{name} is written as it was read");
    }
}

#[test]
fn every_sample_still_says_the_same() {
    let expected = fs::read_to_string(golden().join(SUMMARIES)).unwrap();
    let said: String = samples().iter().map(|(name, bytes)| summary(name, bytes)).collect();
    assert_eq!(said, expected);
}

#[test]
fn every_sample_would_still_be_accepted_and_no_field_of_it_is_unknown() {
    for (name, bytes) in samples() {
        let envelope = Envelope::decode(&bytes[..]).unwrap();
        let content = Content::decode(envelope.payload.unwrap().bytes).unwrap().content.unwrap();
        let content::Content::Entry(bytes) = content else { continue };
        let entry = Entry::decode(bytes.clone()).unwrap();
        assert!(EntryName::parse(&entry.name).is_some(), "{name}");
        let mut check = Checker::new("entry");
        check_entry(&entry, kinds::by_name(&name), &mut check);
        assert_eq!(check.finish(), Ok(()), "{name}");
        if name != "opaque" {
            assert_eq!(entry.encode_to_vec(), bytes, "{name} lost a field when it was decoded");
        }
    }
}

/// Writes samples that do not exist yet. Run once for a new kind, with
/// `cargo test -p polder-picture --test golden -- --ignored`; what exists is never written again.
#[test]
#[ignore = "writes files; only for new kinds"]
fn write_samples_that_are_missing() {
    let mut contents: Vec<(String, Uuid, Act, Lane, Content)> = Vec::new();
    let of = |content| Content { content: Some(content) };
    let title =
        |title: &str| Text { language: "nl".into(), title: title.into(), ..Text::default() };
    let data = IncidentData {
        incident: Some(Incident {
            name: "incidents/limburg-2021".into(),
            mode: Mode::Exercise.into(),
            titles: vec![title("Hoogwater Limburg")],
            phase: Phase::Warm.into(),
            create_time: Some(timestamp(WALL_MS)),
            ..Incident::default()
        }),
        state: IncidentState::Open.into(),
        audience: "all".into(),
        ..IncidentData::default()
    };
    contents.push((
        "incident_data".into(),
        Uuid::nil(),
        Act::Incident(Box::new(data.clone())),
        Lane::Urgent,
        of(content::Content::Incident(data)),
    ));
    for (kind, entry) in examples() {
        let id = EntryName::parse(&entry.name).unwrap().entry;
        let field = kinds::by_name(kind).unwrap().field;
        let party = entry.party.trim_start_matches("parties/");
        let act = Act::Put(Attributes::of_entry(&entry, party, field, Lane::Routine));
        let content = of(content::Content::Entry(entry.encode_to_vec().into()));
        contents.push((kind.into(), id, act, Lane::Routine, content));
    }
    let (_, first) = &examples()[0];
    let retracted = EntryName::parse(&first.name).unwrap().entry;
    let retraction = Retraction {
        name: first.name.clone(),
        reason: "Berustte op een misverstand".into(),
        ..Default::default()
    };
    let content = of(content::Content::Retraction(retraction));
    contents.push(("retraction".into(), retracted, Act::Retract, Lane::Routine, content));
    let opaque = Uuid::from_u128(900);
    let mut bytes = Entry {
        name: format!("incidents/limburg-2021/entries/{opaque}"),
        statement: 1,
        texts: vec![title("Van een nieuwer programma")],
        ..Entry::default()
    }
    .encode_to_vec();
    bytes.extend_from_slice(&[0xa2, 0x38, 2, 8, 1]);
    let act =
        Act::Put(Attributes::of_entry(&Entry::decode(&bytes[..]).unwrap(), "", 900, Lane::Bulk));
    let content = of(content::Content::Entry(bytes.into()));
    contents.push(("opaque".into(), opaque, act, Lane::Bulk, content));

    let (mut picture, mut clock) = (Picture::default(), Clock::default());
    let (mut written, mut scope) = (0, None);
    let (mut keeping, mut end) = (Keeping::default(), None);
    for (number, (name, entry, act, lane, content)) in contents.into_iter().enumerate() {
        let signer = signer();
        let mut group = Group::new(&picture, &signer, &mut clock);
        let scope = *scope.get_or_insert_with(|| {
            let incident = "limburg-2021".into();
            group
                .open_scope(NewScope { incident, mode: Mode::Exercise, audience: "all".into() })
                .unwrap()
        });
        let sealed = Sealed::new([number as u8; 16], Bytes::from(content.encode_to_vec()));
        let author = "officier-van-dienst".to_owned();
        let supersedes = Supersedes::AllHeld;
        let draft = Draft { scope, entry, act, lane, sealed, author, supersedes };
        group.author(draft, WALL_MS + number as i64).unwrap();
        let sealed = group.seal();
        let path = golden().join(format!("{name}.bin"));
        if !path.exists() {
            fs::write(&path, sealed.admitted[0].envelope().encode_to_vec()).unwrap();
            written += 1;
        }
        let record = decode(sealed.admitted[0].envelope()).unwrap();
        if lane == Lane::Routine {
            end = Some((record.feed, Head { sequence: record.header.sequence, hash: record.hash }));
            keeping.add(&record);
        }
        picture.install(&sealed);
    }
    let (feed, end) = end.unwrap();
    let list = List::new(end, keeping.kept(feed));
    let draft = Draft {
        scope: scope.unwrap(),
        entry: Uuid::nil(),
        sealed: list.sealed([0x77; 16]),
        act: Act::Checkpoint(list),
        lane: Lane::Routine,
        author: String::new(),
        supersedes: Supersedes::AllHeld,
    };
    let signer = signer();
    let mut group = Group::new(&picture, &signer, &mut clock);
    group.author(draft, WALL_MS + 1_000).unwrap();
    let path = golden().join("checkpoint.bin");
    if !path.exists() {
        fs::write(&path, group.seal().admitted[0].envelope().encode_to_vec()).unwrap();
        written += 1;
    }
    // Summaries are appended for what is new; lines that exist are what must hold.
    let path = golden().join(SUMMARIES);
    let held = fs::read_to_string(&path).unwrap_or_default();
    let all: String = samples().iter().map(|(name, bytes)| summary(name, bytes)).collect();
    assert!(held.lines().all(|line| all.lines().any(|other| other == line)), "a summary changed");
    fs::write(&path, all).unwrap();
    println!("{written} samples written");
}

const WALL_MS: i64 = 1_626_328_800_000;
