//! What the tests of the kinds share.

use polder_wire::v1::{Entry, entry::Body};
use prost_types::Timestamp;

use super::examples::examples;
use crate::{check::Checker, entry::check_entry, language::Language};

/// A change to a sound body, the field that it makes wrong, and the reason.
pub(super) type Wrong<B> = (fn(&mut B), &'static str, &'static str);

/// The example of a kind.
pub(super) fn example(kind: &str) -> Entry {
    let found = examples().into_iter().find(|(name, _)| *name == kind);
    found.unwrap_or_else(|| panic!("no example of {kind}")).1
}

/// The example of a kind with a changed body and no text.
pub(super) fn changed<B>(
    kind: &str,
    body: fn(&mut Body) -> Option<&mut B>,
    change: impl FnOnce(&mut B),
) -> Entry {
    let mut entry = example(kind);
    let found = entry.body.as_mut().and_then(body);
    change(found.unwrap_or_else(|| panic!("the example of {kind} has another body")));
    entry
}

/// What is wrong with an entry, as paths from the entry down.
pub(super) fn violations(entry: &Entry) -> Vec<(String, &'static str)> {
    let mut check = Checker::new("");
    check_entry(entry, super::of(entry), &mut check);
    let Err(refusal) = check.finish() else {
        return Vec::new();
    };
    refusal.fields.into_iter().map(|wrong| (wrong.field, wrong.reason)).collect()
}

/// Sees each change refused for exactly its reason, at its field within the body.
pub(super) fn refuses<B>(kind: &str, body: fn(&mut Body) -> Option<&mut B>, rows: &[Wrong<B>]) {
    for (change, field, reason) in rows {
        let entry = changed(kind, body, change);
        assert_eq!(violations(&entry), [(format!("{kind}.{field}"), *reason)]);
    }
}

/// Sees the figures of a kind's example, which stands without texts here, in both languages.
pub(super) fn says(kind: &str, english: &str, dutch: &str) {
    let entry = Entry { texts: Vec::new(), ..example(kind) };
    says_of(&entry, english, dutch);
}

/// Sees the figures of an entry in both languages.
pub(super) fn says_of(entry: &Entry, english: &str, dutch: &str) {
    let kind = super::of(entry).expect("entries in tests have a body");
    assert_eq!((kind.figures)(entry, Language::English), english);
    assert_eq!((kind.figures)(entry, Language::Dutch), dutch);
}

/// A moment that is out of range.
pub(super) fn never() -> Option<Timestamp> {
    Some(Timestamp { seconds: -1, nanos: 0 })
}

/// A moment, in seconds since 1970.
pub(super) fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

/// A text too long by one for a bound.
pub(super) fn long(bound: usize) -> String {
    "x".repeat(bound + 1)
}
