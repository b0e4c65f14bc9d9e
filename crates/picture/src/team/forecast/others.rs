//! What entries of other kinds than water levels say will be, and what came true of it: by the same
//! claims, of the same subjects, as contradictions.

use polder_wire::v1::{ClosureState, Entry, OutageState, Statement, entry::Body};

use super::{Quantity, Span, made_ms, when_ms};
use crate::{
    attributes::{Attributes, millis},
    kinds,
    team::{
        claims::claims,
        subject::{Figure, Subject},
    },
};

/// Later than so long after its moment nothing is what was meant.
const REPAIRED_MS: i64 = 7 * 86_400_000;

/// What one version says of one subject.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stated {
    /// The place or thing, as it is compared.
    pub(super) place: String,
    /// The same as it was written.
    pub(super) named: String,
    pub(super) quantity: Quantity,
    pub(super) span: Span,
    /// For when it is.
    pub(super) period: (i64, i64),
    /// It is to be, and not so yet.
    pub(super) ahead: bool,
}

/// What a version of an entry says that is to be, or is so.
pub(super) fn stated(version: &Entry) -> Vec<Stated> {
    let party = version.party.trim_start_matches("parties/");
    let Some(kind) = kinds::of(version) else { return Vec::new() };
    let attributes = Attributes::of_entry(version, party, kind.field, version.lane());
    let attributes = attributes.recorded_at(made_ms(version));
    let forecast = version.statement() == Statement::Forecast;
    let mut found = Vec::new();
    for claim in claims(version, &attributes) {
        let Subject { aspect, detail, place, .. } = claim.subject;
        let mut add = |quantity: Quantity, (low, high): (f64, f64), period, ahead| {
            let (place, named) = (place.clone(), claim.named.clone());
            let span = Span::new(low, Some(high));
            found.push(Stated { place, named, quantity, span, period, ahead });
        };
        let period = (claim.from_ms, claim.until_ms);
        match &claim.figure {
            Figure::Range(range) => {
                add(Quantity::Of(aspect, detail), range.told, period, forecast);
            }
            // What is out or closed says when it will be no longer.
            Figure::Word(_) => {
                let Some((of, expected_ms, ended)) = end(version, aspect) else { continue };
                let quantity = Quantity::When(of, detail);
                if ended && !forecast {
                    let at_ms = when_ms(version);
                    add(quantity, (at_ms as f64, at_ms as f64), (at_ms, at_ms), false);
                } else if let Some(at_ms) = expected_ms.filter(|_| !ended) {
                    let made = made_ms(version);
                    let until = at_ms.max(made).saturating_add(REPAIRED_MS);
                    add(quantity, (at_ms as f64, at_ms as f64), (made, until), true);
                }
            }
            Figure::Moment(..) | Figure::Advice(..) => {}
        }
    }
    found
}

/// What says when a state ends, when that is expected, and whether it has ended.
fn end(version: &Entry, aspect: &str) -> Option<(&'static str, Option<i64>, bool)> {
    match (&version.body, aspect) {
        (Some(Body::Outage(body)), "outage.state") => {
            let expected = body.expected_repair_time.as_ref().map(millis);
            Some(("outage.expected_repair_time", expected, body.state() == OutageState::Restored))
        }
        (Some(Body::Closure(body)), "closure.state") => {
            let expected = body.expected_reopening_time.as_ref().map(millis);
            Some(("closure.expected_reopening_time", expected, body.state() == ClosureState::Open))
        }
        _ => None,
    }
}
