//! Answers what citizens told, in groups.

use polder_picture::{
    attributes::timestamp,
    team::reports::{Group, groups as find},
};
use polder_wire::v1::{ListReportGroupsRequest, ListReportGroupsResponse, ReportGroup};

use super::{View, handover::last};
use crate::{present, store::engine::EngineError};

const GROUPS_MAX: usize = 200;
const REPORTS_MAX: usize = 256;
const PROMOTED_MAX: usize = 16;
const BYTES_MAX: usize = 1 << 20;

/// Groups of reports, as far as a caller sees them.
pub(crate) fn report_groups(
    view: &View,
    request: &ListReportGroupsRequest,
) -> Result<ListReportGroupsResponse, EngineError> {
    let (mut found, left_out) = view.ask(|board| find(board, |scope| view.sees(scope)))?;
    if request.only_waiting {
        found.retain(|group| group.waiting > 0);
    }
    let mut answer = ListReportGroupsResponse {
        reports_left_out: left_out as i32,
        ..ListReportGroupsResponse::default()
    };
    let mut bytes = 0;
    for group in &found {
        if answer.groups.len() == GROUPS_MAX || bytes > BYTES_MAX {
            break;
        }
        let told = tell(view, group)?;
        let parts = told.promoted.iter().map(bytes::Bytes::len).sum::<usize>();
        let names = told.reports.iter().map(String::len).sum::<usize>();
        bytes += told.representative.len() + parts + names;
        answer.groups.push(told);
    }
    answer.groups_left_out = (found.len() - answer.groups.len()) as i32;
    Ok(answer)
}

fn tell(view: &View, group: &Group) -> Result<ReportGroup, EngineError> {
    let name = |entry| present::entry_name(&view.incident, entry);
    let reports = group.reports.iter().take(REPORTS_MAX);
    let reports: Vec<_> = reports.map(|at| name(at.entry)).collect();
    let mut promoted = Vec::new();
    for at in group.promoted.iter().take(PROMOTED_MAX) {
        promoted.extend(last(view, *at)?);
    }
    Ok(ReportGroup {
        name: name(group.id),
        category: group.category.into(),
        report_count: group.count,
        waiting_count: group.waiting,
        waiting_entry_count: group.waiting_entries as i32,
        first_time: Some(timestamp(group.told_ms.0)),
        last_time: Some(timestamp(group.told_ms.1)),
        representative: last(view, group.representative)?.unwrap_or_default(),
        reports_left_out: (group.reports.len() - reports.len()) as i32,
        reports,
        promoted,
    })
}
