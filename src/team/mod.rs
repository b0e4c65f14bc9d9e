//! What crisis teams work with, on the node's side: boards that follow the log from the first
//! question on, and questions to them as they are now or as they were known at a moment.

mod assistance;
mod attention;
mod capacity;
mod contradictions;
mod forecasts;
mod handover;
mod history;
mod impact;
mod nation;
mod read;
mod reports;
mod review;
mod scaling;
mod signals;
mod sitrep;
mod situation;
mod view;
mod warnings;

use std::collections::HashMap;

use parking_lot::Mutex;
use polder_picture::{
    charter::EVERYBODY,
    live::Register,
    picture::{Picture, Scope},
    record::{Id, scope_id},
    team::board::{Board, EntryRef},
};

pub(crate) use self::assistance::assistance;
pub(crate) use self::attention::{Delivered, acknowledged_by, attention, usual_addressee};
pub(crate) use self::capacity::capacity;
pub(crate) use self::contradictions::contradictions;
pub(crate) use self::forecasts::forecasts;
pub(crate) use self::handover::{check_since, gaps, handover};
pub(crate) use self::impact::{impact, scenarios};
pub(crate) use self::nation::{Regions, national};
pub(crate) use self::reports::report_groups;
pub(crate) use self::review::review;
pub(crate) use self::scaling::{Histories, scaling};
pub(crate) use self::signals::signals;
pub(crate) use self::sitrep::{check_cited, draft, next_number, sitreps};
pub(crate) use self::situation::{digest, situation};
pub(crate) use self::view::View;
pub(crate) use self::warnings::{Shelf, cited_name, contacts, warnings};

use self::read::{Plan, versions};
use crate::{
    node::Node,
    store::{engine::EngineError, log::Cursor},
};

/// Entries that are looked up under the picture's lock at a time.
const ENTRIES_MAX: usize = 512;

/// The boards of all incidents, as of one position of the log.
#[derive(Default)]
pub(crate) struct Boards(Mutex<State>);

#[derive(Default)]
struct State {
    /// How often the picture had been built anew; then nothing that was read before counts.
    epoch: u64,
    lsn: u64,
    /// By the scope for everybody of the incident.
    boards: HashMap<Id, Board>,
}

/// The scope for everybody of an incident, whether it is known here or not.
pub(crate) fn root_of(scope: &Scope) -> Id {
    scope_id(&scope.incident, scope.mode, EVERYBODY)
}

impl Boards {
    /// Forgets all: what was read may have been erased.
    pub(crate) fn clear(&self) {
        *self.0.lock() = State::default();
    }

    /// Asks the board of an incident, up to date with what is committed.
    pub(crate) fn ask<T>(
        &self,
        node: &Node,
        root: Id,
        question: impl FnOnce(&Board) -> T,
    ) -> Result<T, EngineError> {
        let mut state = self.0.lock();
        while state.step(node)? {}
        Ok(question(state.boards.entry(root).or_default()))
    }
}

impl State {
    /// Takes the next changes; false when there are no more.
    fn step(&mut self, node: &Node) -> Result<bool, EngineError> {
        let (epoch, plans, next) = {
            let picture = node.picture.read();
            let epoch = node.epoch();
            if epoch != self.epoch {
                *self = Self { epoch, ..Self::default() };
            }
            let mut plans = Vec::new();
            let mut next = picture.lsn();
            for (lsn, slot) in picture.changes().after(self.lsn) {
                let register = picture.entries().get(slot as usize);
                // Of an entry that changed again, the later row counts.
                let Some(register) = register.filter(|register| register.lsn == lsn) else {
                    continue;
                };
                plans.push(planned(&picture, register, &picture));
                if plans.len() == ENTRIES_MAX {
                    next = lsn;
                    break;
                }
            }
            (epoch, plans, next)
        };
        let log = node.log();
        let mut cursor = Cursor::new(&log);
        for (root, at, plan) in &plans {
            match versions(node, &mut cursor, plan) {
                Ok(versions) => self.boards.entry(*root).or_default().update(*at, versions),
                // What was archived meanwhile is no longer there: the picture was built anew.
                Err(_) if node.epoch() != epoch => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        self.lsn = next;

        Ok(!plans.is_empty())
    }
}

fn planned(picture: &Picture, register: &Register, now: &Picture) -> (Id, EntryRef, Plan) {
    let scope = picture.scope(register.scope);
    let at = EntryRef { entry: register.entry, scope: scope.id };
    (root_of(scope), at, Plan::of(picture, register, now))
}
