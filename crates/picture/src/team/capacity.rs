//! What can be sent and for how long. Every unit counts once, whoever speaks of it and however
//! often:
//!
//! - a resource with a call sign is one unit, and the newest of all that name it counts; one
//!   without is told apart by its entry;
//! - staff is told apart by party, unit, sort and function;
//! - what was made known to another audience counts once, for a reader who sees both.
//!
//! What others, or other current versions, say of the same unit is shown as disputed, and adds
//! nothing.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use polder_wire::v1::{Count, Entry, Resource, ResourceState, StaffSort, Staffing, entry::Body};
use uuid::Uuid;

use super::{
    assistance::released_from,
    board::{Board, EntryRef, Version},
    subject::plain,
};
use crate::{attributes::millis, names::VersionId, record::Id};

/// What ended is told for so long.
const ENDED_MS: i64 = 24 * 3_600_000;

/// What a version of an entry says about units or people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrengthSaid {
    /// Units or people.
    pub strength: Strength,
    /// The entry that it makes known to another audience.
    pub released_from: Option<Uuid>,
}

/// Units or people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strength {
    /// Units or goods.
    Units(Units),
    /// People.
    Staff(Staff),
}

/// Units or goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    /// Type as it was written.
    pub sort: String,
    /// Of a single unit; empty: not said.
    pub call_sign: String,
    /// What it does.
    pub state: ResourceState,
    /// How many; one when that is not said.
    pub count: i64,
    /// People with them.
    pub personnel: i64,
    /// Available until; milliseconds since 1970.
    pub until_ms: Option<i64>,
}

/// People of one team, unit or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Its name as it was written.
    pub unit: String,
    /// Whose people they are.
    pub sort: StaffSort,
    /// What they do, as it was written.
    pub function: String,
    /// How many of them are where.
    pub heads: Heads,
    /// When the shift began; milliseconds since 1970, as those below.
    pub begin_ms: Option<i64>,
    /// When it ends.
    pub end_ms: Option<i64>,
    /// When others take over.
    pub relief_ms: Option<i64>,
    /// Longest time on duty that was told.
    pub longest_ms: Option<i64>,
}

/// How many people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heads {
    /// All that are there.
    pub present: i64,
    /// Could be sent now.
    pub available: i64,
    /// On duty.
    pub on_duty: i64,
    /// Resting.
    pub resting: i64,
}

impl StrengthSaid {
    /// Of a sound entry, if it tells of units or people.
    pub fn of(entry: &Entry) -> Option<Self> {
        let strength = match &entry.body {
            Some(Body::Resource(body)) => Strength::Units(Units::of(body)),
            Some(Body::Staffing(body)) => Strength::Staff(Staff::of(body)),
            _ => return None,
        };
        Some(Self { strength, released_from: released_from(entry) })
    }
}

fn number(count: Option<&Count>) -> i64 {
    count.map_or(0, |count| count.value)
}

impl Units {
    fn of(body: &Resource) -> Self {
        Self {
            sort: body.r#type.clone(),
            call_sign: body.call_sign.clone(),
            state: body.state(),
            count: body.quantity.as_ref().map_or(1, |count| count.value),
            personnel: number(body.personnel.as_ref()),
            until_ms: body.available_until.as_ref().map(millis),
        }
    }
}

impl Staff {
    fn of(body: &Staffing) -> Self {
        Self {
            unit: body.unit.clone(),
            sort: body.sort(),
            function: body.function.clone(),
            heads: Heads {
                present: number(body.present.as_ref()),
                available: number(body.available.as_ref()),
                on_duty: number(body.on_duty.as_ref()),
                resting: number(body.resting.as_ref()),
            },
            begin_ms: body.shift_begin.as_ref().map(millis),
            end_ms: body.shift_end.as_ref().map(millis),
            relief_ms: body.relief_expected.as_ref().map(millis),
            longest_ms: body.longest_duty.as_ref().map(|duty| duty.seconds * 1_000),
        }
    }

    /// How long they are on duty at a moment; what was told grew since, until the shift ended or
    /// nobody knows any more.
    fn duty_ms(&self, told_ms: i64, expire_ms: Option<i64>, now_ms: i64) -> i64 {
        let until_ms = [self.end_ms, expire_ms].into_iter().flatten().fold(now_ms, i64::min);
        let since = |from_ms: i64| until_ms.saturating_sub(from_ms).max(0);
        let by_shift = self.begin_ms.map_or(0, since);
        let by_word = self.longest_ms.map_or(0, |ms| ms.saturating_add(since(told_ms)));
        if self.heads.on_duty > 0 { by_shift.max(by_word) } else { 0 }
    }
}

impl Heads {
    fn add(&mut self, other: Self) {
        for (sum, more) in [
            (&mut self.present, other.present),
            (&mut self.available, other.available),
            (&mut self.on_duty, other.on_duty),
            (&mut self.resting, other.resting),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// What tells one unit from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    CallSign(String),
    Entry(Uuid),
    Staff(String, String, StaffSort, String),
}

/// Units or goods of one type of one party.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitRow {
    /// Who tells of them, without `parties/`.
    pub party: String,
    /// Type as it is written.
    pub sort: String,
    /// How many, by the number of the state in the contract.
    pub states: BTreeMap<i32, i64>,
    /// People with them.
    pub personnel: i64,
    /// Of all, how many are told of by figures past their time.
    pub stale: i64,
}

/// People of one sort and function of one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    /// Who tells of them, without `parties/`.
    pub party: String,
    /// Whose people they are.
    pub sort: StaffSort,
    /// What they do.
    pub function: String,
    /// Teams, units or groups.
    pub units: i32,
    /// How many.
    pub heads: Heads,
    /// Teams, units or groups told of by figures past their time.
    pub stale_units: i32,
}

/// When something ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// By whose word.
    pub at: EntryRef,
    /// When; milliseconds since 1970.
    pub time_ms: i64,
    /// How many units or people.
    pub count: i64,
}

/// A unit of which different things are said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputed {
    /// Call sign or name.
    pub unit: String,
    /// Who speaks of it; the version that counts last.
    pub versions: Vec<(EntryRef, VersionId)>,
}

/// What can be sent and for how long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capacity {
    /// By party and type.
    pub units: Vec<UnitRow>,
    /// By party, sort and function.
    pub staff: Vec<StaffRow>,
    /// What ends and nobody takes over, the first to end first.
    pub ends: Vec<End>,
    /// Staff that lacks rest and for how long it is on duty, the longest first.
    pub breaches: Vec<(EntryRef, i64)>,
    /// Units of which different things are said.
    pub disputed: Vec<Disputed>,
}

/// One version that speaks of a unit.
#[derive(Clone, Copy)]
struct Mention<'b> {
    at: EntryRef,
    version: &'b Version,
    strength: &'b Strength,
}

impl Mention<'_> {
    fn unit(&self) -> Unit {
        match self.strength {
            Strength::Units(units) if !plain(&units.call_sign).is_empty() => {
                Unit::CallSign(plain(&units.call_sign))
            }
            Strength::Units(_) => Unit::Entry(self.at.entry),
            Strength::Staff(staff) => Unit::Staff(
                self.version.said.party.clone(),
                plain(&staff.unit),
                staff.sort,
                plain(&staff.function),
            ),
        }
    }

    fn rank(&self) -> (i64, i64, VersionId) {
        (self.version.said.when_ms, self.version.said.recorded_ms, self.version.id)
    }

    fn party(&self) -> &str {
        &self.version.said.party
    }
}

/// What can be sent, as far as somebody sees it. `duty_max_ms`: who is longer on duty lacks rest.
pub fn capacity(
    board: &Board,
    now_ms: i64,
    duty_max_ms: i64,
    party: Option<&str>,
    seen: impl Fn(Id) -> bool,
) -> Capacity {
    let mut units: BTreeMap<Unit, Vec<Mention<'_>>> = BTreeMap::new();
    let told: BTreeSet<EntryRef> = board.manning().filter(|at| seen(at.scope)).collect();
    let entries: BTreeSet<Uuid> = told.iter().map(|at| at.entry).collect();
    for at in told {
        for version in board.versions(at) {
            let Some(said) = version.said.strength.as_deref() else { continue };
            // A copy of what is seen as well.
            if said.released_from.is_some_and(|from| from != at.entry && entries.contains(&from)) {
                continue;
            }
            let mention = Mention { at, version, strength: &said.strength };
            units.entry(mention.unit()).or_default().push(mention);
        }
    }
    let mut sums = Sums::default();
    for mut mentions in units.into_values() {
        mentions.sort_by_key(Mention::rank);
        let Some(counts) = mentions.last().copied() else { continue };
        if party.is_none_or(|party| party == counts.party()) {
            sums.add(counts, now_ms, duty_max_ms);
            sums.dispute(&mentions, now_ms);
        }
    }
    sums.finish()
}

/// How often something is written so.
type Written = BTreeMap<String, usize>;

#[derive(Default)]
struct Sums {
    units: BTreeMap<(String, String), (UnitRow, Written)>,
    staff: BTreeMap<(String, StaffSort, String), (StaffRow, Written)>,
    found: Capacity,
}

impl Sums {
    fn add(&mut self, mention: Mention<'_>, now_ms: i64, duty_max_ms: i64) {
        let said = &mention.version.said;
        let stale = said.is_stale(now_ms);
        match mention.strength {
            Strength::Units(units) => self.add_units(mention, units, stale, now_ms),
            Strength::Staff(staff) => {
                self.add_staff(mention, staff, stale, now_ms);
                let duty_ms = staff.duty_ms(said.when_ms, said.expire_ms, now_ms);
                if duty_ms > duty_max_ms {
                    self.found.breaches.push((mention.at, duty_ms));
                }
            }
        }
    }

    fn add_units(&mut self, mention: Mention<'_>, units: &Units, stale: bool, now_ms: i64) {
        if units.state == ResourceState::Released {
            return;
        }
        let key = (mention.party().to_owned(), plain(&units.sort));
        let (row, written) = self.units.entry(key).or_default();
        *written.entry(units.sort.clone()).or_default() += 1;
        mention.party().clone_into(&mut row.party);
        let sum = row.states.entry(units.state.into()).or_default();
        *sum = sum.saturating_add(units.count);
        row.personnel = row.personnel.saturating_add(units.personnel);
        if stale {
            row.stale = row.stale.saturating_add(units.count);
        }
        let ends = units.until_ms.filter(|_| units.state != ResourceState::OutOfOrder);
        self.end(mention, ends, units.count, now_ms);
    }

    fn add_staff(&mut self, mention: Mention<'_>, staff: &Staff, stale: bool, now_ms: i64) {
        let (party, sort) = (mention.party().to_owned(), staff.sort);
        let (row, written) =
            self.staff.entry((party.clone(), sort, plain(&staff.function))).or_insert_with(|| {
                let (function, heads) = (String::new(), Heads::default());
                let row = StaffRow { party, sort, function, units: 0, heads, stale_units: 0 };
                (row, BTreeMap::new())
            });
        *written.entry(staff.function.clone()).or_default() += 1;
        row.units += 1;
        row.heads.add(staff.heads);
        row.stale_units += i32::from(stale);
        let relieved = |end: &i64| staff.relief_ms.is_some_and(|relief| relief <= *end);
        let heads = if staff.heads.on_duty > 0 { staff.heads.on_duty } else { staff.heads.present };
        self.end(mention, staff.end_ms.filter(|end| !relieved(end)), heads, now_ms);
    }

    fn end(&mut self, mention: Mention<'_>, time_ms: Option<i64>, count: i64, now_ms: i64) {
        let told = time_ms.filter(|time| now_ms.saturating_sub(*time) <= ENDED_MS);
        self.found.ends.extend(told.map(|time_ms| End { at: mention.at, time_ms, count }));
    }

    /// Notes what others say of a unit, or other current versions: `mentions` of one, the one that
    /// counts last. One party's later word on a unit is news and no dispute.
    fn dispute(&mut self, mentions: &[Mention<'_>], now_ms: i64) {
        let Some((counts, others)) = mentions.split_last() else { return };
        let differs = |other: &&Mention<'_>| {
            let rival = other.party() != counts.party() || other.at == counts.at;
            rival && !other.version.said.is_stale(now_ms) && other.strength != counts.strength
        };
        let mut versions: Vec<_> = others.iter().filter(differs).collect();
        if versions.is_empty() {
            return;
        }
        versions.push(counts);
        let unit = match counts.strength {
            Strength::Units(units) if units.call_sign.is_empty() => &units.sort,
            Strength::Units(units) => &units.call_sign,
            Strength::Staff(staff) => &staff.unit,
        };
        let versions = versions.into_iter().map(|one| (one.at, one.version.id)).collect();
        self.found.disputed.push(Disputed { unit: unit.clone(), versions });
    }

    fn finish(mut self) -> Capacity {
        let units = self.units.into_values();
        self.found.units =
            units.map(|(row, written)| UnitRow { sort: usual(written), ..row }).collect();
        let staff = self.staff.into_values();
        self.found.staff =
            staff.map(|(row, written)| StaffRow { function: usual(written), ..row }).collect();
        self.found.ends.sort_by_key(|end| (end.time_ms, end.at));
        self.found.breaches.sort_by_key(|(at, duty)| (Reverse(*duty), *at));
        self.found.disputed.sort_by(|a, b| (&a.unit, &a.versions).cmp(&(&b.unit, &b.versions)));
        self.found
    }
}

/// As most write it; of those that are as many the first by the alphabet.
fn usual(written: Written) -> String {
    let most = written.into_iter().min_by_key(|(text, count)| (Reverse(*count), text.clone()));
    most.map(|(text, _)| text).unwrap_or_default()
}

#[cfg(test)]
mod tests;
