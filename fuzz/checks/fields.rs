//! Walking fields must agree with prost: the two read the same bytes on the way in and out.

use polder_picture::fields;
use polder_wire::v1::Entry;
use prost::Message as _;

/// Panics when the walk and prost disagree.
pub(crate) fn check(data: &[u8]) {
    let mut seen = Vec::new();
    let walked = fields::walk(data, |number, field| {
        assert!(!field.is_empty(), "a field without a key");
        assert!(fields::content(field).len() < field.len());
        seen.extend_from_slice(field);
        assert!(number > 0);
    });
    // `()` knows no field, so prost skips all of them by the rules of the wire format alone.
    assert_eq!(walked.is_ok(), <()>::decode(data).is_ok(), "walk and prost disagree");
    if walked.is_err() {
        assert!(data.starts_with(&seen));
        return;
    }
    assert_eq!(seen, data, "the walk lost bytes");

    let output_only = |number: u32| (60..100).contains(&number);
    let own = fields::retain(data, |number| !output_only(number)).expect("walked before");
    let added = fields::retain(data, output_only).expect("walked before");
    assert_eq!(own.len() + added.len(), data.len(), "retain lost bytes");
    let Ok(entry) = Entry::decode(data) else { return };
    let own = Entry::decode(&own[..]).expect("it decoded with more fields in it");
    assert_eq!(own.encode_to_vec(), without_output(entry).encode_to_vec());
}

/// What prost makes of the author's fields alone.
fn without_output(entry: Entry) -> Entry {
    Entry {
        name: entry.name,
        statement: entry.statement,
        discipline: entry.discipline,
        party: entry.party,
        hazards: entry.hazards,
        texts: entry.texts,
        geometry: entry.geometry,
        times: entry.times,
        assessment: entry.assessment,
        label: entry.label,
        sources: entry.sources,
        relations: entry.relations,
        attachments: entry.attachments,
        place: entry.place,
        body: entry.body,
        ..Entry::default()
    }
}
