//! A sitrep: the fields of a numbered statement of the picture.

use polder_wire::v1::{Entry, Sitrep, SitrepLine, SitrepTheme, entry::Body};

use crate::{
    check::{Checker, PARTY},
    names::{PartyName, VersionName},
};

const VERSION: &str = "incidents/{incident}/entries/{entry}/versions/{version}";

/// Checks a sitrep, and that it stands where one may.
pub(super) fn check_sitrep(sitrep: &Sitrep, entry: &Entry, check: &mut Checker<'_>) {
    if !matches!(entry.body, Some(Body::Message(_))) {
        check.wrong("", "NOT_ALLOWED", "stands in an entry of kind message only");
    }
    check.integer("number", sitrep.number.into(), 1..=100_000);
    check.integer("version", sitrep.version.into(), 1..=1_000);
    check.text("team", &sitrep.team, 1..=200);
    check.text("issued_by", &sitrep.issued_by, 1..=200);
    for (field, time) in [("issued_time", &sitrep.issued_time), ("known_at", &sitrep.known_at)] {
        check.time(field, time.as_ref());
        if time.is_none() {
            check.wrong(field, "REQUIRED", "is required");
        }
    }
    check.time("next_time", sitrep.next_time.as_ref());
    check.each("scalings", &sitrep.scalings, 0..=64, |check, scaling| {
        check.text("", scaling, 1..=200);
    });
    let mut index = 0;
    check.each("sections", &sitrep.sections, 1..=16, |check, section| {
        check.enumeration::<SitrepTheme>("theme", section.theme, true);
        if sitrep.sections[..index].iter().any(|earlier| earlier.theme == section.theme) {
            check.wrong("theme", "DUPLICATE", "is given twice");
        }
        check.text("remark", &section.remark, 0..=4_000);
        check.each("lines", &section.lines, 0..=100, check_line);
        for (field, count) in
            [("stale_left_out", section.stale_left_out), ("left_out", section.left_out)]
        {
            check.integer(field, count.into(), 0..=i64::from(i32::MAX));
        }
        index += 1;
    });
}

fn check_line(check: &mut Checker<'_>, line: &SitrepLine) {
    check.name("version", &line.version, true, VersionName::parse, VERSION);
    check.text("dutch", &line.dutch, 1..=500);
    check.text("english", &line.english, 1..=500);
    check.name("party", &line.party, true, PartyName::parse, PARTY);
    check.time("observed", line.observed.as_ref());
}
