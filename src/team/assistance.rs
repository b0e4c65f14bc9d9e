//! Answers what help was asked, offered and sent.

use std::collections::HashMap;

use bytes::Bytes;
use polder_picture::team::{
    assistance::{Help, Moved, Part, Row, Trouble},
    board::EntryRef,
};
use polder_wire::v1::{
    Assistance, AssistanceCount, AssistancePart, AssistanceTrouble, EntryView,
    ListAssistanceRequest, ListAssistanceResponse,
};
use uuid::Uuid;

use super::View;
use crate::{present, store::engine::EngineError};

const REQUESTS_MAX: usize = 200;
const PARTS_MAX: usize = 64;
const FREE_MAX: usize = 50;
const BYTES_MAX: usize = 1 << 20;

/// Help, as far as a caller sees it.
pub fn assistance(
    view: &View,
    request: &ListAssistanceRequest,
) -> Result<ListAssistanceResponse, EngineError> {
    let help = view.ask(|board| board.help(|scope| view.sees(scope)))?;
    let mut rows = help.rows(view.now_ms);
    if request.only_open {
        rows.retain(|row| !row.is_over());
    }
    let mut answer = ListAssistanceResponse::default();
    let mut bytes = 0;
    for row in &rows {
        if answer.requests.len() == REQUESTS_MAX || bytes > BYTES_MAX {
            break;
        }
        let told = tell(view, &help, row)?;
        let parts = told.parts.iter().map(|part| part.entry.len());
        bytes += told.request.len() + parts.sum::<usize>();
        answer.requests.push(told);
    }
    answer.requests_left_out = (rows.len() - answer.requests.len()) as i32;
    let free = help.free(view.now_ms);
    let looked = &free[..free.len().min(FREE_MAX)];
    answer.free_offers_left_out = (free.len() - looked.len()) as i32;
    let mut shown = shown(view, &help, looked.iter().copied())?;
    answer.free_offers = looked.iter().filter_map(|offer| shown.remove(offer)).collect();
    Ok(answer)
}

fn tell(view: &View, help: &Help, row: &Row) -> Result<Assistance, EngineError> {
    let looked = &row.parts[..row.parts.len().min(PARTS_MAX)];
    let entries = looked.iter().map(|part| part.offer).chain([row.request]);
    let mut shown = shown(view, help, entries)?;
    let part = |part: &Part| AssistancePart {
        offer: present::entry_name(&view.incident, part.offer),
        entry: shown.get(&part.offer).cloned().unwrap_or_default(),
        count: Some(count(part.accepted, part.open, part.moved)),
        troubles: part.troubles.iter().map(|trouble| word(*trouble).into()).collect(),
        lacking_support: part.lacking.iter().copied().collect(),
    };
    let parts = looked.iter().map(part).collect();
    Ok(Assistance {
        state: row.state.into(),
        asked: row.asked,
        count: Some(count(row.accepted, row.open, row.moved)),
        short: row.short,
        overdue: row.overdue,
        disputed: row.disputed,
        parts,
        parts_left_out: (row.parts.len() - looked.len()) as i32,
        request: shown.remove(&row.request).unwrap_or_default(),
    })
}

fn count(accepted: i64, open: i64, moved: Moved) -> AssistanceCount {
    let Moved { en_route, arrived, released } = moved;
    AssistanceCount { accepted, open, en_route, arrived, released }
}

/// Entries as they are shown: of several versions the one recorded last.
fn shown(
    view: &View,
    help: &Help,
    entries: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Bytes>, EngineError> {
    let refs: Vec<EntryRef> = entries.filter_map(|entry| help.at.get(&entry).copied()).collect();
    let read = view.entries(&refs, EntryView::Full)?.into_iter();
    let last = read.filter_map(|(at, mut versions)| Some((at.entry, versions.pop()?.1)));
    Ok(last.collect())
}

fn word(trouble: Trouble) -> AssistanceTrouble {
    match trouble {
        Trouble::Unseen => AssistanceTrouble::Unseen,
        Trouble::Elsewhere => AssistanceTrouble::Elsewhere,
        Trouble::Contested => AssistanceTrouble::Contested,
        Trouble::TooMuch => AssistanceTrouble::TooMuch,
        Trouble::Withdrawn => AssistanceTrouble::Withdrawn,
        Trouble::Expired => AssistanceTrouble::Expired,
        Trouble::Disputed => AssistanceTrouble::Disputed,
        Trouble::Unsupported => AssistanceTrouble::Unsupported,
        Trouble::OtherModule => AssistanceTrouble::OtherModule,
    }
}
