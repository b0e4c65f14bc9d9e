//! Answers how forecasts moved, and what came true.

use std::collections::BTreeSet;

use polder_picture::{
    attributes::timestamp,
    record::Id,
    team::{
        board::{Board, EntryRef},
        forecast::{Forecast as Told, Outcome, Quantity, Span, Track, forecasts as find},
        subject::Stance,
    },
};
use polder_wire::v1::{
    Entry, Forecast, ForecastFigure, ForecastOutcome, ForecastSource, ForecastTrack,
    ListForecastsResponse,
};
use prost::Message as _;
use uuid::Uuid;

use super::{View, history::entries_of};
use crate::store::engine::EngineError;

const TRACKS_MAX: usize = 200;
const FORECASTS_MAX: usize = 100;
const OUTCOMES_MAX: usize = 20;
const BYTES_MAX: usize = 1 << 20;

/// Forecasts, as far as a caller sees them.
pub(crate) fn forecasts(view: &View) -> Result<ListForecastsResponse, EngineError> {
    let entries = view.ask(|board| concerned(board, |scope| view.sees(scope)))?;
    let (versions, earlier_versions_left_out) = entries_of(view, &entries)?;
    let found = find(&versions);
    let mut answer =
        ListForecastsResponse { earlier_versions_left_out, ..ListForecastsResponse::default() };
    let mut bytes = 0;
    for track in &found {
        if answer.tracks.len() == TRACKS_MAX || bytes > BYTES_MAX {
            break;
        }
        let told = tell(track);
        bytes += told.encoded_len();
        answer.tracks.push(told);
    }
    answer.tracks_left_out = (found.len() - answer.tracks.len()) as i32;
    Ok(answer)
}

/// Entries that forecast something now or may have before, and those that speak of the same.
fn concerned(board: &Board, seen: impl Fn(Id) -> bool) -> BTreeSet<(Id, Uuid)> {
    let mut wanted: BTreeSet<EntryRef> = BTreeSet::new();
    for (at, versions) in board.entries().filter(|(at, _)| seen(at.scope)) {
        for said in versions.iter().map(|version| &version.said) {
            let subjects = || said.claims.iter().map(|claim| &claim.subject);
            let ahead = subjects().any(|subject| subject.stance == Stance::Expected)
                || !said.expects.is_empty();
            // Of water each figure may be a highest point that somebody forecast.
            let water = subjects().any(|subject| subject.aspect.starts_with("water_level."));
            if ahead || water || said.retracted {
                wanted.insert(at);
            }
            if ahead {
                let other = subjects().flat_map(|subject| board.of_subject(subject));
                wanted.extend(other.filter(|at| seen(at.scope)));
            }
        }
    }
    wanted.into_iter().map(|at| (at.scope, at.entry)).collect()
}

fn tell(track: &Track<'_>) -> ForecastTrack {
    let (aspect, detail) = track.quantity.named();
    let late = track.forecasts.len().saturating_sub(FORECASTS_MAX);
    let forecasts = track.forecasts[late..].iter();
    ForecastTrack {
        aspect: aspect.to_owned(),
        detail: detail.to_owned(),
        place: track.place.clone(),
        of_time: track.quantity.is_time(),
        forecasts: forecasts.map(|one| tell_one(&track.quantity, one)).collect(),
    }
}

fn tell_one(quantity: &Quantity, one: &Told<'_>) -> Forecast {
    let much = |by: f64| if quantity.is_time() { by / 1_000.0 } else { by };
    let outcome = |outcome: &Outcome<'_>| ForecastOutcome {
        source: Some(source(outcome.version)),
        figure: Some(figure(quantity, outcome.span)),
        error: much(outcome.error),
    };
    // What is itself of a moment is not for another one.
    let at_ms = one.at_ms.filter(|_| !quantity.is_time());
    let bound = |ms: i64| (ms.unsigned_abs() < 1 << 53).then(|| timestamp(ms));
    Forecast {
        source: Some(source(one.version)),
        figure: Some(figure(quantity, one.span)),
        from: at_ms.and_then(|at| bound(at.0)),
        until: at_ms.and_then(|at| bound(at.1)),
        moved: one.moved.map(much),
        replaced: one.replaced,
        outcomes: one.outcomes.iter().take(OUTCOMES_MAX).map(outcome).collect(),
    }
}

fn source(version: &Entry) -> ForecastSource {
    ForecastSource {
        version: format!("{}/versions/{}", version.name, version.version),
        party: version.party.clone(),
        recorded_time: version.recorded_time,
    }
}

fn figure(quantity: &Quantity, span: Span) -> ForecastFigure {
    let Span { low, high } = span;
    if quantity.is_time() {
        let (low_time, high_time) = (Some(timestamp(low as i64)), Some(timestamp(high as i64)));
        return ForecastFigure { low_time, high_time, ..ForecastFigure::default() };
    }
    ForecastFigure { low, high, ..ForecastFigure::default() }
}
