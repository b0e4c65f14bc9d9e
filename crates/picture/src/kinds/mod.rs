//! Entry kinds: one `.proto`, one file here and one row in [`KINDS`] each.

use std::time::Duration;

use polder_wire::v1::{Count, CountBasis, CountQualifier, Entry};

use crate::check::Checker;

mod water_level;

/// One kind of entry.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Number of the body's field in `Entry`; frozen.
    pub field: u32,
    /// Name of the body's field in `Entry`.
    pub name: &'static str,
    /// How long it counts as current when the author did not say. `None`: does not go stale.
    pub useful_life: Option<Duration>,
    /// True when rivals need no person: the newest is shown (positions, gauges).
    pub settles_itself: bool,
    /// True when it says nothing without a text.
    pub text_required: bool,
    /// Checks the body. The checker stands inside the body's field.
    pub check: fn(&Entry, &mut Checker<'_>),
}

/// All kinds, in the order of their field numbers.
pub const KINDS: &[Kind] = &[
    water_level::KIND,
];

/// Looks a kind up by the number of its body's field.
pub fn by_field(field: u32) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.field == field)
}

/// Looks a kind up by name.
pub fn by_name(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

const fn hours(hours: u64) -> Option<Duration> {
    Some(Duration::from_secs(hours * 3600))
}

/// Checks a count: 0 to 1,000,000,000 with known words.
fn count(check: &mut Checker<'_>, field: &'static str, count: Option<&Count>) {
    let Some(count) = count else { return };
    check.within(field, |check| {
        check.integer("value", count.value, 0..=1_000_000_000);
        check.enumeration::<CountBasis>("basis", count.basis, false);
        check.enumeration::<CountQualifier>("qualifier", count.qualifier, false);
    });
}
