//! The account of this node: who was let in or kept out, who read what where the incident requires
//! it, and who took what along. What was published, changed or withdrawn stands in records already
//! and is not written twice; [`list`] answers from both.
//!
//! ```text
//! reading, signing in  ->  Pending  ->  one record for many acts, twice a second   (note)
//! taking along, accounts  ->  a record that is on disk before anything happens     (put_on_record)
//! statements of a charter  ->  a record in the commit that brings them             (author_act)
//! ```
//!
//! Acts are records of kind control in a scope that never leaves the node, see
//! `polder_picture::account`. They are chained, signed, verified and backed up like all others.

pub mod asked;
pub mod list;
mod pending;
pub mod reading;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use polder_picture::{
    admit::{Act as Doing, Draft, Supersedes},
    attributes::timestamp,
    charter,
    record::Sealed,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{Act, ActKind, Acts, Content, Lane, content};
use prost::Message as _;
use uuid::Uuid;

pub(crate) use self::pending::Pending;
use crate::{
    bundle::export::Plan,
    node::Node,
    people::{Caller, Who},
    publish::PublishError,
    wall::system_ms,
};

/// Acts of one record.
const ACTS_MAX: usize = 200;
/// Audiences that an act names; one that reached more names none.
const AUDIENCES_MAX: usize = 20;
/// Characters of each text of an act.
const TEXT_MAX: usize = 1_000;
/// How often acts that wait are written down.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// How long somebody who is let in waits until that is written down.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// Something that a caller does.
pub fn act(caller: &Caller, kind: ActKind) -> Act {
    let person = match caller.who() {
        Who::System { party } => format!("parties/{party}"),
        _ => caller.author().to_owned(),
    };
    Act { person, caller: caller.kind().into(), ..done(kind) }
}

/// Something that nobody who is known does.
pub fn done(kind: ActKind) -> Act {
    Act { time: Some(timestamp(system_ms())), kind: kind.into(), ..Default::default() }
}

/// What somebody takes along in a file: one act for each incident, and one at least.
pub fn taken_along(whole: &Act, plan: &Plan) -> Vec<Act> {
    let subject = plan.reader.map(|node| format!("nodes/{node}")).unwrap_or_default();
    let whole = Act { subject, ..whole.clone() };
    let incidents = plan.incidents().into_iter();
    let incidents = incidents.filter(|(incident, _)| incident != charter::INCIDENT);
    let acts = incidents.map(|(incident, (audiences, records))| Act {
        incident: format!("incidents/{incident}"),
        audiences: audiences.into_iter().map(|id| format!("audiences/{id}")).collect(),
        count: records as i64,
        ..whole.clone()
    });
    let acts: Vec<_> = acts.collect();
    if acts.is_empty() { vec![whole] } else { acts }
}

/// What could not be put on record must not be done.
pub fn not_recorded(error: PublishError) -> Refusal {
    match error {
        PublishError::Refused(refusal) => refusal,
        PublishError::Failed(problem) => {
            Refusal::new(Class::FailedPrecondition, "STORE_FAILED", problem)
        }
        PublishError::Stopping => {
            let sentence = "the node is shutting down";
            Refusal::new(Class::FailedPrecondition, "SHUTTING_DOWN", sentence)
        }
    }
}

/// Keeps an act within its bounds.
fn bounded(mut act: Act) -> Act {
    for text in [&mut act.person, &mut act.subject, &mut act.detail] {
        if let Some((end, _)) = text.char_indices().nth(TEXT_MAX) {
            text.truncate(end);
        }
    }
    if act.audiences.len() > AUDIENCES_MAX {
        act.audiences.clear();
    }
    act
}

fn draft(scope: u32, lane: Lane, acts: Vec<Act>) -> Draft {
    let content = Content { content: Some(content::Content::Acts(Acts { acts })) };
    Draft {
        scope,
        entry: Uuid::nil(),
        act: Doing::Control,
        lane,
        sealed: Sealed::new(rand::random(), Bytes::from(content.encode_to_vec())),
        author: String::new(),
        supersedes: Supersedes::Exactly(Vec::new()),
    }
}

impl Node {
    /// Notes an act that is written down soon. Never waits: past a bound acts are counted only.
    pub fn note(&self, act: Act) {
        self.acts.push(bounded(self.timed(act)));
    }

    /// By the node's own clock: a replayed scenario has another than the machine.
    fn timed(&self, act: Act) -> Act {
        Act { time: Some(timestamp(self.wall.now_ms())), ..act }
    }

    /// Notes that somebody was let in, and has it written down before they do anything, so that an
    /// account tells it first. A disk that hangs keeps nobody out.
    pub async fn note_first(self: &Arc<Self>, act: Act) {
        self.note(act);
        let node = Arc::clone(self);
        // In a task of its own: what was taken out to be written must not be lost at the limit.
        let written = tokio::spawn(async move { node.write_pending().await });
        if tokio::time::timeout(FIRST_WAIT, written).await.is_err() {
            tracing::warn!("an act is written down later than what follows it: the disk is slow");
        }
    }

    /// Puts acts on record and waits until they are on disk. Whoever cannot wait for that must not
    /// do what they say. Room that the disk keeps for urgent records is used for them.
    pub async fn put_on_record(self: &Arc<Self>, acts: Vec<Act>) -> Result<(), PublishError> {
        let acts = acts.into_iter().map(|act| bounded(self.timed(act))).collect();
        self.write_acts(Lane::Urgent, acts).await
    }

    /// Puts an act on record in the commit of what it tells.
    pub(crate) fn author_act(
        &self,
        desk: &mut crate::publish::Desk<'_, '_>,
        act: Act,
    ) -> Result<(), Refusal> {
        let scope = desk.account_scope();
        desk.author(draft(scope, Lane::Urgent, vec![bounded(self.timed(act))]))
    }

    async fn write_acts(self: &Arc<Self>, lane: Lane, acts: Vec<Act>) -> Result<(), PublishError> {
        let weight = acts.iter().map(Act::encoded_len).sum();
        let task = move |desk: &mut crate::publish::Desk<'_, '_>| {
            let scope = desk.account_scope();
            let records = acts.chunks(ACTS_MAX).map(|acts| draft(scope, lane, acts.to_vec()));
            records.map(|record| desk.author(record)).collect()
        };
        let receipt = self.submit(lane, None, weight, Box::new(task)).await?;
        match receipt.results.into_iter().find_map(Result::err) {
            None => Ok(()),
            Some(status) => {
                let sentence = format!("the account cannot be written: {}", status.message);
                Err(Refusal::new(Class::ResourceExhausted, "DISK_RESERVE", sentence).into())
            }
        }
    }

    /// Writes down what waits, and waits for the disk. Who asks right after finds it.
    pub async fn write_pending(self: &Arc<Self>) {
        let _one = self.acts.writing.lock().await;
        loop {
            let acts = self.acts.take(ACTS_MAX);
            if acts.is_empty() {
                return;
            }
            if let Err(error) = self.write_acts(Lane::Routine, acts.clone()).await {
                // They wait for room on the disk, within the bound.
                tracing::warn!(%error, "acts of people could not be written down yet");
                return self.acts.put_back(acts);
            }
        }
    }
}

/// Writes down what was noted, for as long as the node is served.
pub(crate) async fn keep(node: Arc<Node>) {
    loop {
        tokio::time::sleep(WRITE_EVERY).await;
        if node.failure().is_none() && node.acts.is_due() {
            node.write_pending().await;
        }
    }
}
