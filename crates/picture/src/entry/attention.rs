//! Who must see an entry: the fields that say so.

use std::ops::RangeInclusive;

use polder_wire::v1::{Attention, Relation, RelationType};

use crate::{
    check::{Checker, PARTY},
    names::{PartyName, VersionId},
};

/// How long somebody may have, in seconds.
const WITHIN_S: RangeInclusive<i64> = 1..=7 * 86_400;

/// Checks who must see an entry.
pub(super) fn check_attention(attention: &Attention, check: &mut Checker<'_>) {
    let mut index = 0;
    check.each("addressees", &attention.addressees, 1..=16, |check, addressee| {
        check.name("party", &addressee.party, true, PartyName::parse, PARTY);
        check.text("role", &addressee.role, 0..=200);
        check.name("second", &addressee.second, false, PartyName::parse, PARTY);
        let earlier = &attention.addressees[..index];
        if !addressee.party.is_empty() && earlier.iter().any(|e| e.party == addressee.party) {
            check.wrong("party", "DUPLICATE", "is given twice");
        }
        if !addressee.second.is_empty() && addressee.second == addressee.party {
            check.wrong("second", "DUPLICATE", "must be another party than the one asked first");
        }
        index += 1;
    });
    match &attention.within {
        None => check.wrong("within", "REQUIRED", "is required"),
        Some(within) if WITHIN_S.contains(&within.seconds) && within.nanos == 0 => {}
        Some(_) => {
            check.wrong("within", "OUT_OF_RANGE", "must be whole seconds, 1 to 604,800");
        }
    }
}

/// Checks which version a relation means.
pub(super) fn check_version(relation: &Relation, check: &mut Checker<'_>) {
    let required = relation.r#type() == RelationType::Acknowledges;
    check.name("version", &relation.version, required, VersionId::parse, "{feed}-{sequence}");
}
