//! Compiles `proto/` with protox (no `protoc`), twice over the same descriptors: once as they are,
//! for reflection and JSON, and once with some message fields turned into `bytes`.
//!
//! A message field and a `bytes` field look the same on the wire. Where a node only passes an
//! entry on, it therefore handles the author's bytes themselves: unknown fields survive, one
//! encoding is shared by all subscribers, and nothing is decoded only to be encoded again.

use std::{env, fs, path::PathBuf};

use prost::Message as _;
use prost_types::field_descriptor_proto::Type;

/// Message fields that the generated code sees as `bytes`.
const OPAQUE: &[(&str, &str)] = &[
    ("PublishItem", "entry"),
    ("GetEntryResponse", "entry"),
    ("GetEntryResponse", "rivals"),
    ("RetractEntryResponse", "entry"),
    ("ReleaseEntryResponse", "entry"),
    ("RecallEntryResponse", "recall"),
    ("RecallEntryResponse", "entry"),
    ("EraseEntryResponse", "erasure"),
    ("ListEntriesResponse", "entries"),
    ("ListEntryVersionsResponse", "versions"),
    ("GetPictureAsOfResponse", "entries"),
    ("SubscribeResponse", "changes"),
    ("EntryChange", "versions"),
    ("Contradiction", "versions"),
    ("Contradiction", "agreeing"),
    ("Contradiction", "decisions"),
    ("ListAssistanceResponse", "free_offers"),
    ("Assistance", "request"),
    ("AssistancePart", "entry"),
    ("Attended", "entry"),
    ("HandoverLine", "entry"),
    ("SituationLine", "entry"),
    ("DigestLine", "entry"),
    ("ListSitrepsResponse", "sitreps"),
    ("GetImpactResponse", "entries"),
    ("ComparedScenario", "entry"),
    ("ListSignalsResponse", "unheard"),
    ("Signal", "threshold"),
    ("Signal", "entry"),
    ("CapacityEnd", "entry"),
    ("RestBreach", "entry"),
    ("DisputedUnit", "versions"),
    ("ReportGroup", "representative"),
    ("ReportGroup", "promoted"),
    ("TimedWarning", "entry"),
    ("CitedContact", "entry"),
    ("BookContact", "entry"),
    ("Content", "entry"),
    ("Retraction", "withdrawn"),
];

fn main() {
    let root =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));

    let mut files: Vec<_> = fs::read_dir(root.join("polder/v1"))
        .expect("proto/polder/v1 is part of the source")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "proto"))
        .collect();
    files.sort();

    let descriptors = match protox::compile(&files, [&root]) {
        Ok(descriptors) => descriptors,
        Err(error) => panic!("proto/ does not compile: {error}"),
    };
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())
        .expect("OUT_DIR is writable");

    let mut patched = descriptors;
    for (message, field) in OPAQUE {
        let file = patched.file.iter_mut().find(|file| {
            file.package() == "polder.v1" && file.message_type.iter().any(|m| m.name() == *message)
        });
        let field = file
            .and_then(|file| file.message_type.iter_mut().find(|m| m.name() == *message))
            .and_then(|m| m.field.iter_mut().find(|f| f.name() == *field))
            .unwrap_or_else(|| {
                panic!("OPAQUE names {message}.{field}, which proto/ does not have")
            });
        field.set_type(Type::Bytes);
        field.type_name = None;
    }

    tonic_prost_build::configure()
        .bytes(".polder.v1")
        .emit_rerun_if_changed(false)
        .compile_fds(patched)
        .expect("generated code is writable");
}
