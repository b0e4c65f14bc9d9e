//! A region that scales up brings in those whom its plan names: in the commit that puts the new
//! level on record, so that no crash leaves the one without the other.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use polder_picture::{
    attributes::timestamp,
    charter::{self, Charter, EVERYBODY, PlanRow},
    record::Id,
    refusal::Refusal,
    team::scaling::{start_within, team_name},
};
use polder_wire::v1::{
    Addressee, Assessment, Attention, CharterChange, CharterStatement, Discipline, Entry,
    GripLevel, Incident, Lane, Message, PlanCall, PublishItem, Statement, Team, Text, Urgency,
    Verification, VerificationState, charter_change::Change, entry::Body,
};
use prost::Message as _;

use crate::{
    charter::record_of,
    intake::{Usual, check_item},
    node::Node,
    publish::{Desk, Task},
};

/// Within which whoever is called says that they saw it.
const SEEN_WITHIN_S: i64 = 15 * 60;
/// Addressees of one message.
const ADDRESSEES_MAX: usize = 16;

/// What this node called and signed and the charter has not taken in yet: a commit may hold several
/// calls, and no number of the key may be given twice.
#[derive(Debug, Default)]
pub(crate) struct Calling(Mutex<Called>);

#[derive(Debug, Default)]
struct Called {
    signed: u64,
    levels: HashMap<(String, String), i32>,
}

/// A region whose plan is to be called on.
#[derive(Debug)]
struct Owed {
    region: String,
    display_name: String,
    discipline: Discipline,
    grip: i32,
    /// Who is brought in now, by id.
    parties: Vec<String>,
    /// Teams of the new levels, each with the minutes within which it is at work.
    teams: Vec<(Team, Option<i64>)>,
    charter: Id,
    sequence: u64,
}

fn id(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, id)| id)
}

impl Node {
    /// Regions of this node that scaled up further than their plan was called on.
    fn owed(&self, incident: &str, data: &Incident) -> Vec<Owed> {
        let charter = self.charter.read();
        let Some(charter) = charter.as_ref() else { return Vec::new() };
        let mut calling = self.calling.0.lock();
        let mut owed = Vec::new();
        for scaling in &data.scalings {
            let region = id(&scaling.region);
            let key = (incident.to_owned(), region.to_owned());
            let called = charter.called(incident, region);
            let before = calling.levels.get(&key).map_or(called, |level| called.max(*level));
            let Some(plan) = charter.plan(region) else { continue };
            let ours = charter.speaks_for(self.key_id(), region)
                && charter.may_see(region, incident, EVERYBODY);
            if !ours || !adds(plan, before, scaling.grip) {
                continue;
            }
            calling.signed = calling.signed.max(charter.next_sequence(self.key_id()) - 1) + 1;
            let (sequence, levels) = (calling.signed, before..=scaling.grip);
            owed.push(of_plan(charter, plan, region, levels, sequence));
            calling.levels.insert(key, scaling.grip);
        }
        owed
    }
}

/// Whether a level brings in more than one below it.
fn adds(plan: &PlanRow, before: i32, grip: i32) -> bool {
    plan.parties(grip).count() > plan.parties(before).count()
        || plan.teams(grip).count() > plan.teams(before).count()
}

fn of_plan(
    charter: &Charter,
    plan: &PlanRow,
    region: &str,
    levels: std::ops::RangeInclusive<i32>,
    sequence: u64,
) -> Owed {
    let (before, grip) = levels.into_inner();
    let known: Vec<_> = plan.parties(before).collect();
    let new = plan.parties(grip).filter(|party| !known.contains(party) && *party != region);
    let mut parties: Vec<String> = Vec::new();
    for party in new {
        if !parties.iter().any(|named| named == party) {
            parties.push(party.to_owned());
        }
    }
    let row = charter.parties().find(|(name, _)| *name == region);
    let party = row.map(|(_, row)| &row.party);
    let names = party.map_or(&[][..], |party| &party.display_names[..]);
    let teams = plan.teams(grip).filter(|(at, _)| *at > before);
    Owed {
        region: region.to_owned(),
        display_name: names.first().map_or_else(|| region.to_owned(), |name| name.text.clone()),
        discipline: party.map(|party| party.discipline()).unwrap_or_default(),
        grip,
        parties,
        teams: teams.map(|(_, team)| (team.team(), start_within(team).map(|s| s / 60))).collect(),
        charter: charter.id(),
        sequence,
    }
}

/// Calls on the plans of those regions that scaled up, in the commit of the incident's new data.
pub(crate) fn call(desk: &mut Desk<'_, '_>, scope: u32) -> Vec<Result<(), Refusal>> {
    let Some((.., data)) = desk.incident_data(scope) else { return Vec::new() };
    let incident = data.incident.unwrap_or_default();
    let name = id(&incident.name).to_owned();
    let node = desk.node();
    let mut results = Vec::new();
    for owed in node.owed(&name, &incident) {
        tracing::info!(
            incident = name,
            region = owed.region,
            parties = owed.parties.len(),
            "the plan of a region was called on"
        );
        let said = statement(desk, &name, &owed);
        if said.is_err() {
            node.calling.0.lock().levels.remove(&(name.clone(), owed.region.clone()));
            results.push(said);
            continue;
        }
        results.push(said);
        for entry in messages(&name, &owed) {
            let told = tell(desk, scope, &entry);
            if let Err(refusal) = &told {
                tracing::warn!(incident = name, "those who are called in are not told: {refusal}");
            }
            results.push(told);
        }
    }
    results
}

fn statement(desk: &mut Desk<'_, '_>, incident: &str, owed: &Owed) -> Result<(), Refusal> {
    let call = PlanCall {
        incident: format!("incidents/{incident}"),
        region: format!("parties/{}", owed.region),
        grip: owed.grip,
        node: Bytes::copy_from_slice(&desk.signer().id().0),
    };
    let changes = vec![CharterChange { change: Some(Change::Call(call)), replaces: Vec::new() }];
    let time = timestamp(desk.wall_ms());
    let mut statement: CharterStatement =
        charter::write(Some(owed.charter), rand::random(), time, changes, "");
    charter::endorse(&mut statement, desk.signer(), owed.sequence);
    let scope = desk.charter_scope(owed.charter);
    desk.author(record_of(scope, statement))
}

/// What those who are called must see.
fn messages(incident: &str, owed: &Owed) -> Vec<Entry> {
    let level = owed.grip - i32::from(GripLevel::GripLevel0);
    let teams = |dutch: bool| {
        let one = |(team, minutes): &(Team, Option<i64>)| {
            let name = team_name(*team, dutch);
            match minutes {
                Some(minutes) if dutch => format!("{name} (binnen {minutes} min)"),
                Some(minutes) => format!("{name} (within {minutes} min)"),
                None => name.to_owned(),
            }
        };
        owed.teams.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let text = |language: &str, title: String, body: String| {
        let title = title.chars().take(200).collect();
        Text { language: language.into(), title, body, ..Text::default() }
    };
    let region = &owed.display_name;
    let body = |dutch: bool| match teams(dutch) {
        teams if teams.is_empty() => String::new(),
        teams if dutch => format!("Teams: {teams}."),
        teams => format!("Teams: {teams}."),
    };
    let one = |parties: &[String]| Entry {
        name: format!("incidents/{incident}"),
        statement: Statement::Fact.into(),
        discipline: owed.discipline.into(),
        party: format!("parties/{}", owed.region),
        texts: vec![
            text("nl", format!("GRIP {level} {region}: opgeroepen volgens plan"), body(true)),
            text("en", format!("GRIP {level} {region}: called in by the plan"), body(false)),
        ],
        assessment: Some(Assessment {
            urgency: Urgency::Immediate.into(),
            verification: Some(Verification {
                state: VerificationState::Verified.into(),
                verified_by: format!("parties/{}", owed.region),
                ..Verification::default()
            }),
            ..Assessment::default()
        }),
        attention: Some(Attention {
            addressees: parties
                .iter()
                .map(|party| Addressee {
                    party: format!("parties/{party}"),
                    ..Addressee::default()
                })
                .collect(),
            within: Some(prost_types::Duration { seconds: SEEN_WITHIN_S, nanos: 0 }),
        }),
        body: Some(Body::Message(Message {
            addressees: parties.iter().map(|party| format!("parties/{party}")).collect(),
            ..Message::default()
        })),
        ..Entry::default()
    };
    owed.parties.chunks(ADDRESSEES_MAX).map(one).collect()
}

fn tell(desk: &mut Desk<'_, '_>, scope: u32, entry: &Entry) -> Result<(), Refusal> {
    let item = PublishItem { entry: entry.encode_to_vec().into(), ..PublishItem::default() };
    let retention = desk.node().erasure.retention;
    let usual = Usual { party: id(&entry.party), now_ms: desk.wall_ms(), retention };
    let checked = check_item(&item, "items[0]", usual)?;
    let draft = checked.draft(desk.picture(), scope, "", "items[0]")?;
    desk.author(draft)
}

/// Calls on plans that came after their region had scaled up, and where it was let in after.
pub(crate) async fn keep(node: Arc<Node>) {
    let mut ruled = node.charter_changed.subscribe();
    loop {
        for scope in node.own_incidents() {
            let task: Task = Box::new(move |desk| call(desk, scope));
            if let Err(error) = node.submit(Lane::Urgent, None, 1024, task).await {
                tracing::warn!(%error, "a plan could not be called on");
            }
        }
        if ruled.changed().await.is_err() {
            return;
        }
    }
}

impl Node {
    /// Incidents whose current data this node wrote and whose regions owe a call.
    fn own_incidents(&self) -> Vec<u32> {
        let charter = self.charter.read();
        let Some(charter) = charter.as_ref() else { return Vec::new() };
        let own = self.own_keys();
        let picture = self.picture.read();
        let mut found = Vec::new();
        for (index, scope) in picture.scopes().iter().enumerate() {
            let index = index as u32;
            let Some((live, data)) =
                picture.current(index).filter(|_| picture.root(index) == index)
            else {
                continue;
            };
            let origin = picture.feed(live.record.feed).origin;
            let Some(incident) = data.incident.as_ref() else { continue };
            let owes = |scaling: &polder_wire::v1::Scaling| {
                let region = id(&scaling.region);
                let before = charter.called(&scope.incident, region);
                charter.plan(region).is_some_and(|plan| adds(plan, before, scaling.grip))
                    && charter.may_see(region, &scope.incident, EVERYBODY)
            };
            if origin.is_some_and(|origin| own.contains(&origin))
                && incident.scalings.iter().any(owes)
            {
                found.push(index);
            }
        }
        found
    }
}
