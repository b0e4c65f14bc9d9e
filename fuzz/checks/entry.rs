//! Any bytes that decode as an entry can be checked, summed up, boxed and searched.

use std::sync::LazyLock;

use polder_picture::{
    attributes::Attributes,
    check::Checker,
    entry::{check_entry, extent, summary_line},
    filter::Filter,
    kinds::{self, KINDS},
    picture::Picture,
};
use polder_wire::v1::{Entry, EntryFilter, Lane};
use prost::Message as _;

static WORDS: LazyLock<Filter> = LazyLock::new(|| {
    let filter = EntryFilter { text: "Dijk water é".into(), ..Default::default() };
    Filter::compile(&filter, "filter", &Picture::default(), polder_picture::sight::Sight::All)
        .expect("a sound filter")
});

/// Panics when an entry makes something panic, or when what was accepted breaks a promise.
pub(crate) fn check(data: &[u8]) {
    // Searching reads bytes that nobody decoded.
    WORDS.matches_text(data);
    let Ok(entry) = Entry::decode(data) else { return };
    let kind = kinds::of(&entry);
    let mut check = Checker::new("items[0].entry");
    check_entry(&entry, kind, &mut check);
    let accepted = match check.finish() {
        Ok(()) => true,
        Err(refusal) => {
            assert!((1..=16).contains(&refusal.fields.len()));
            let inside = |field: &str| field.starts_with("items[0].entry");
            assert!(refusal.fields.iter().all(|wrong| inside(&wrong.field)), "{refusal:?}");
            false
        }
    };
    let field = kind.map_or(1_000, |kind| kind.field);
    let lines = ["nl", "en-GB", "pap", ""].map(|language| summary_line(&entry, language));
    let shape = entry.geometry.as_ref().and_then(extent);
    if !accepted {
        return;
    }
    for line in lines {
        assert!(!line.trim().is_empty() && !line.contains('\n'), "not one line: {line:?}");
    }
    assert_eq!(shape.is_some(), entry.geometry.is_some(), "an accepted shape has an extent");
    let attributes = Attributes::of_entry(&entry, "zuid-limburg", field, Lane::Routine);
    if let (Some(shape), Some(rounded)) = (shape, attributes.extent()) {
        assert!(shape.meets(&rounded) && rounded.meets(&shape), "{shape:?} {rounded:?}");
        assert!(rounded.south <= shape.south && rounded.north >= shape.north);
    }
    let mut bytes = Vec::new();
    attributes.encode(&mut bytes);
    assert_eq!(Attributes::decode(&bytes), Some(attributes));
    attributes.recorded_at(1_626_300_000_000).is_stale(1_626_400_000_000);
}

/// Runs every kind's own checks and figures on an entry of any other kind: a body that does not
/// fit must not bring anything down either.
#[allow(dead_code, reason = "only the seeds are worth this much work")]
pub(crate) fn check_across_kinds(data: &[u8]) {
    let Ok(entry) = Entry::decode(data) else { return };
    for kind in KINDS {
        let mut check = Checker::new("entry");
        check_entry(&entry, Some(kind), &mut check);
        let _ = check.finish();
    }
}
