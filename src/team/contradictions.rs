//! Answers what contradicts what.

use bytes::Bytes;
use polder_picture::team::{
    board::EntryRef,
    contradictions::{Contradiction as Found, contradictions as find},
    subject::Stance,
};
use polder_wire::v1::{
    Contradiction, DisputedSubject, EntryView, ListContradictionsRequest,
    ListContradictionsResponse,
};

use super::View;
use crate::{present, store::engine::EngineError};

const CONTRADICTIONS_MAX: usize = 200;
const VERSIONS_MAX: usize = 50;
const AGREEING_MAX: usize = 20;
const DECISIONS_MAX: usize = 10;
const BYTES_MAX: usize = 1 << 20;

/// Contradictions among what a caller sees.
pub(crate) fn contradictions(
    view: &View,
    request: &ListContradictionsRequest,
) -> Result<ListContradictionsResponse, EngineError> {
    let mut found = view.ask(|board| find(board, view.now_ms, |scope| view.sees(scope)))?;
    if request.only_open {
        found.retain(|one| one.decided_by.is_empty());
    }
    let mut answer = ListContradictionsResponse::default();
    let mut bytes = 0;
    for one in &found {
        if answer.contradictions.len() == CONTRADICTIONS_MAX || bytes > BYTES_MAX {
            break;
        }
        let told = tell(view, one)?;
        let parts = told.versions.iter().chain(&told.agreeing).chain(&told.decisions);
        bytes += parts.map(Bytes::len).sum::<usize>();
        answer.contradictions.push(told);
    }
    answer.contradictions_left_out = (found.len() - answer.contradictions.len()) as i32;
    Ok(answer)
}

pub(super) fn tell(view: &View, found: &Found) -> Result<Contradiction, EngineError> {
    let subjects = found.subjects.iter().map(|(subject, named)| DisputedSubject {
        aspect: subject.aspect.to_owned(),
        detail: subject.detail.clone(),
        place: named.clone(),
        expected: subject.stance == Stance::Expected,
    });
    let (versions, versions_left_out) = shown(view, &found.entries, VERSIONS_MAX)?;
    let (agreeing, _) = shown(view, &found.agreeing, AGREEING_MAX)?;
    let (decisions, _) = shown(view, &found.decided_by, DECISIONS_MAX)?;
    let name = present::entry_name(&view.incident, found.id);
    let subjects = subjects.collect();
    Ok(Contradiction { name, subjects, versions, agreeing, decisions, versions_left_out })
}

/// Versions of entries, and how many more there are.
fn shown(view: &View, entries: &[EntryRef], max: usize) -> Result<(Vec<Bytes>, i32), EngineError> {
    let looked = &entries[..entries.len().min(max)];
    let entries_left = entries.len() - looked.len();
    let read = view.entries(looked, EntryView::Full)?;
    let mut versions: Vec<_> =
        read.into_iter().flat_map(|(_, versions)| versions).map(|(_, bytes)| bytes).collect();
    let left = versions.len().saturating_sub(max) + entries_left;
    versions.truncate(max);
    Ok((versions, left as i32))
}
