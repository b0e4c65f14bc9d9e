//! How an incident's phase, GRIP and teams changed, read from the log once and then followed.

use std::{collections::HashMap, ops::ControlFlow};

use parking_lot::Mutex;
use polder_picture::{
    attributes::{Attributes, timestamp},
    clock::Hlc,
    names::VersionId,
    record::Id,
    standing::RecordStanding,
    team::scaling::{self, Change, Clock, ClockOf, Scaled, Step, changes},
};
use polder_wire::v1::{
    self, ClockKind, GripLevel, Header, ListScalingResponse, RegionStep, ScalingStep, Section,
    content,
};
use prost::Message as _;

use super::{View, history::first_described};
use crate::{node::Node, present, store::engine::EngineError};

const STEPS_MAX: usize = 1_000;
const CLOCKS_MAX: usize = 200;

/// What was read of one incident's data: when it came here, and what decides whether it counts.
#[derive(Debug, Clone)]
struct Read {
    received_ms: i64,
    feed: Id,
    attributes: Attributes,
    step: Step,
}

/// Versions of the data of all incidents, as of one position of the log.
#[derive(Default)]
pub(crate) struct Histories(Mutex<State>);

#[derive(Default)]
struct State {
    epoch: u64,
    lsn: u64,
    /// By the scope for everybody of the incident.
    read: HashMap<Id, Vec<Read>>,
}

impl Histories {
    /// Versions of an incident's data that count and came here up to a moment, in their order.
    fn steps(
        &self,
        node: &Node,
        root: Id,
        incident: &str,
        until_ms: i64,
    ) -> Result<Vec<Step>, EngineError> {
        let mut state = self.0.lock();
        state.follow(node)?;
        let picture = node.picture.read();
        let standing = picture.standing();
        let counts =
            |read: &&Read| read.received_ms <= until_ms && judged(standing, incident, read);
        let read = state.read.get(&root).map(Vec::as_slice).unwrap_or_default();
        let mut steps: Vec<_> = read.iter().filter(counts).map(|one| one.step.clone()).collect();
        steps.sort_by_key(|step| step.at);
        Ok(steps)
    }
}

fn judged(standing: Option<&RecordStanding>, incident: &str, read: &Read) -> bool {
    let Some(standing) = standing else { return true };
    let Some(node) = read.step.node else { return false };
    let (_, version) = read.step.at;
    standing.judge(incident, (node, read.feed), version.sequence, &read.attributes).is_none()
}

impl State {
    fn follow(&mut self, node: &Node) -> Result<(), EngineError> {
        let (epoch, until) = (node.epoch(), node.picture.read().lsn());
        if epoch != self.epoch {
            *self = Self { epoch, ..Self::default() };
        }
        if self.lsn >= until {
            return Ok(());
        }
        let log = node.log();
        let branches = log.branches()?;
        let mut found = Vec::new();
        let mut last = self.lsn;
        log.arrivals(self.lsn + 1, &mut |lsn, arrival| {
            for (at, record) in arrival.records.iter().enumerate() {
                let lsn = lsn + at as u64;
                let nil = record.entry.iter().all(|byte| *byte == 0);
                if lsn <= self.lsn || lsn > until || !nil {
                    continue;
                }
                if let Some(feed) = arrival.feeds.get(record.feed as usize)
                    && let (Some(scope), Some(id)) = (Id::from_slice(&feed.scope), feed.id())
                    && let Some(attributes) = Attributes::decode(&record.attributes)
                    && !attributes.is_apart()
                {
                    let feed = branches.place(id, record.sequence);
                    found.push((scope, feed, record.sequence, record.hlc, attributes));
                }
            }
            last = last.max((lsn + arrival.records.len() as u64).saturating_sub(1));
            if last >= until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        for (scope, feed, sequence, hlc, attributes) in found {
            // What was archived is no longer there.
            let Some(stored) = log.record(feed, sequence)? else { continue };
            let Some(content::Content::Incident(data)) = stored.content() else { continue };
            let header = Header::decode(stored.envelope.header.clone()).unwrap_or_default();
            let picture = node.picture.read();
            let origin = picture.feed_index(feed).and_then(|feed| picture.feed(feed).origin);
            let state = data.state();
            let step = Step {
                at: (hlc, VersionId { feed: feed.0, sequence }),
                recorded_ms: Hlc::millis(hlc),
                node: origin,
                author: header.author,
                incident: data.incident.unwrap_or_default(),
                state,
            };
            let read = Read { received_ms: stored.received_ms, feed, attributes, step };
            self.read.entry(scope).or_default().push(read);
        }
        self.lsn = until;
        Ok(())
    }
}

impl View {
    /// Versions of the incident's data, in their order, as of the moment that is looked at.
    pub(super) fn steps(&self) -> Result<Vec<Step>, EngineError> {
        let until_ms = if self.is_present() { i64::MAX } else { self.now_ms };
        self.node().histories.steps(self.node(), self.root(), &self.incident, until_ms)
    }

    /// Time that is given for something, those that are late first, then those that run.
    pub(super) fn clocks(&self, steps: &[Step]) -> Result<Vec<v1::Clock>, EngineError> {
        let mut clocks = self.ask(|board| {
            scaling::section_clocks(board, steps, self.now_ms, |scope| self.sees(scope))
        })?;
        // What was corrected or withdrawn since had been described all the same.
        let late = clocks.iter_mut().find(|clock| {
            let told = clock.met_ms.is_some() && !clock.is_late(self.now_ms);
            clock.of == ClockOf::Description && !told
        });
        if let Some(clock) = late
            && let Some(first_ms) = first_described(self, clock.met_ms.unwrap_or(self.now_ms))?
        {
            clock.met_ms = Some(first_ms.max(clock.start_ms));
        }
        {
            let charter = self.node().charter.read();
            let plan = |region: &str| charter.as_ref().and_then(|charter| charter.plan(region));
            clocks.extend(scaling::team_clocks(steps, plan));
        }
        let now_ms = self.now_ms;
        clocks.sort_by_key(|clock| {
            (!clock.is_late(now_ms), clock.met_ms.is_some(), clock.due_ms, clock.of)
        });
        let told = clocks.iter().take(CLOCKS_MAX).map(|clock| tell_clock(clock, now_ms));
        Ok(told.collect())
    }
}

fn tell_clock(clock: &Clock, now_ms: i64) -> v1::Clock {
    let (kind, section, team, late_count) = match clock.of {
        ClockOf::Description => (ClockKind::Description, Section::Incident.into(), 0, 0),
        ClockOf::Processing(section, late) => (ClockKind::Processing, section, 0, late),
        ClockOf::Team(team) => (ClockKind::Team, 0, team, 0),
    };
    v1::Clock {
        kind: kind.into(),
        section,
        team,
        region: clock.region.clone(),
        start_time: Some(timestamp(clock.start_ms)),
        due_time: Some(timestamp(clock.due_ms)),
        met_time: clock.met_ms.map(timestamp),
        late: clock.is_late(now_ms),
        late_count: late_count as i32,
    }
}

/// How phase, GRIP and teams changed, the oldest first.
pub(crate) fn scaling(view: &View) -> Result<ListScalingResponse, EngineError> {
    let mut steps = view.steps()?;
    let found = changes(&mut steps);
    let left_out = found.len().saturating_sub(STEPS_MAX);
    let told = found[left_out..].iter().map(|change| tell(view, change));
    Ok(ListScalingResponse { steps: told.collect(), steps_left_out: left_out as i32 })
}

fn tell(view: &View, change: &Change<'_>) -> ScalingStep {
    let Change { step, phase_before, grip_rijk_before, state_before, regions } = change;
    let (_, version) = step.at;
    ScalingStep {
        time: Some(timestamp(step.recorded_ms)),
        version: present::version(Id(version.feed), version.sequence),
        node: step.node.map(|node| format!("nodes/{node}")).unwrap_or_default(),
        author: step.author.clone(),
        phase_before: (*phase_before).into(),
        phase: step.incident.phase,
        grip_rijk_before: *grip_rijk_before,
        grip_rijk: step.incident.grip_rijk,
        state_before: (*state_before).into(),
        state: step.state.into(),
        regions: regions.iter().map(|region| tell_region(view, region)).collect(),
    }
}

fn tell_region(view: &View, scaled: &Scaled) -> RegionStep {
    let [before, grip] = scaled.grip;
    let numbers = |teams: &[v1::Team]| teams.iter().map(|team| (*team).into()).collect();
    RegionStep {
        region: scaled.region.clone(),
        before: before.into(),
        grip: grip.into(),
        started: numbers(&scaled.started),
        ended: numbers(&scaled.ended),
        called: called(view, &scaled.region, before, grip),
    }
}

/// Parties that the plan of a region brings in on the way from one level up to another.
fn called(view: &View, region: &str, before: GripLevel, grip: GripLevel) -> Vec<String> {
    let charter = view.node().charter.read();
    let region = region.trim_start_matches("parties/");
    let Some(plan) = charter.as_ref().and_then(|charter| charter.plan(region)) else {
        return Vec::new();
    };
    let known: Vec<_> = plan.parties(before.into()).collect();
    let new = plan.parties(grip.into()).filter(|party| !known.contains(party));
    let mut parties: Vec<_> = new.map(|party| format!("parties/{party}")).collect();
    parties.sort_unstable();
    parties.dedup();
    parties
}
