//! Verifies what came over a link and has it stored, beside the session, so that frames go on
//! while the disk works. Urgent deliveries go first.

use std::{collections::HashMap, sync::Arc};

use polder_picture::{
    admit::{NewScope, ReceiveError},
    fill::Fill,
    jump::Jump,
    link::{Delivery, Fault, FillRefused, Sound, Stored, Unsound, World as _},
    record::{Head, Id},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::Lane;
use tokio::sync::mpsc;

use super::door::Door;
use crate::{node::Node, publish::PublishError};

/// Deliveries that are stored in one commit: so many bytes as they travelled.
const TOGETHER_BYTES: usize = 2 << 20;
const TOGETHER_MAX: usize = 64;
/// A lone delivery of no more is verified where it is: another thread takes as long to wake up.
const IN_PLACE_BYTES: usize = 2 << 10;

/// What became of a delivery.
pub(super) struct Outcome {
    pub(super) feed: FeedName,
    pub(super) bytes: usize,
    pub(super) stored: Result<Stored, Fault>,
    /// Set when it was what a checkpoint left out; `stored` then says nothing.
    pub(super) filled: Option<Result<(), FillRefused>>,
}

/// A delivery after its verification.
#[expect(clippy::large_enum_variant, reason = "most are sound, and none is kept")]
enum Checked {
    Sound(Suffix, NewScope),
    Jump(Box<Jump>, NewScope),
    Fill(Box<Fill>, NewScope),
    Settled(Result<Stored, Fault>),
    /// What came of a checkpoint's left out is not needed any more.
    Late,
}

/// Where deliveries go.
pub(super) struct Inlet {
    urgent: mpsc::UnboundedSender<Delivery>,
    others: mpsc::UnboundedSender<Delivery>,
}

impl Inlet {
    /// Bounded by the credit that the session grants: it stops while too much waits here.
    pub(super) fn push(&self, delivery: Delivery) {
        // What a checkpoint left out is urgent no more, whatever it was.
        let urgent = delivery.feed.lane == Lane::Urgent && delivery.fill.is_none();
        let _ = if urgent { &self.urgent } else { &self.others }.send(delivery);
    }
}

/// Starts storing; outcomes come in the order of the commits.
pub(super) fn start(node: Arc<Node>) -> (Inlet, mpsc::UnboundedReceiver<Outcome>) {
    let (urgent, urgent_in) = mpsc::unbounded_channel();
    let (others, others_in) = mpsc::unbounded_channel();
    let (outcomes, outcomes_in) = mpsc::unbounded_channel();
    tokio::spawn(run(node, urgent_in, others_in, outcomes));
    (Inlet { urgent, others }, outcomes_in)
}

async fn run(
    node: Arc<Node>,
    mut urgent: mpsc::UnboundedReceiver<Delivery>,
    mut others: mpsc::UnboundedReceiver<Delivery>,
    outcomes: mpsc::UnboundedSender<Outcome>,
) {
    loop {
        let first = tokio::select! {
            biased;
            Some(delivery) = urgent.recv() => delivery,
            Some(delivery) = others.recv() => delivery,
            else => return,
        };
        let mut bytes = first.bytes();
        let mut together = vec![first];
        while bytes < TOGETHER_BYTES
            && together.len() < TOGETHER_MAX
            && let Ok(delivery) = urgent.try_recv().or_else(|_| others.try_recv())
        {
            bytes += delivery.bytes();
            together.push(delivery);
        }
        for outcome in store(&node, together).await {
            if outcomes.send(outcome).is_err() {
                return;
            }
        }
    }
}

async fn store(node: &Arc<Node>, deliveries: Vec<Delivery>) -> Vec<Outcome> {
    let verifier = Arc::clone(node);
    let small = |delivery: &Delivery| {
        delivery.bytes().max(delivery.packed.unpacked_bytes as usize) <= IN_PLACE_BYTES
    };
    let checked = match &deliveries[..] {
        [lone] if small(lone) => verify(verifier, deliveries),
        _ => {
            let verified = tokio::task::spawn_blocking(move || verify(verifier, deliveries)).await;
            let Ok(verified) = verified else { return Vec::new() };
            verified
        }
    };
    let mut outcomes = Vec::with_capacity(checked.len());
    let (mut sound, mut fills) = (Vec::new(), Vec::new());
    for (feed, bytes, checked) in checked {
        let mut filled = None;
        let stored = match checked {
            Checked::Sound(suffix, scope) => {
                sound.push((outcomes.len(), (suffix, scope)));
                Ok(Stored::Later)
            }
            // Before what follows on it.
            Checked::Jump(jump, scope) => match node.leap(*jump, scope).await {
                Ok(taken) => settle(taken),
                Err(error) => Err(failed(&error)),
            },
            Checked::Fill(fill, scope) => {
                fills.push((outcomes.len(), fill, scope));
                Ok(Stored::Later)
            }
            Checked::Late => {
                filled = Some(Ok(()));
                Ok(Stored::Later)
            }
            Checked::Settled(stored) => stored,
        };
        outcomes.push(Outcome { feed, bytes, stored, filled });
    }
    if !sound.is_empty() {
        take(node, sound, &mut outcomes).await;
    }
    // Nobody waits for these.
    for (place, fill, scope) in fills {
        match node.fill(*fill, scope).await {
            Ok(taken) => outcomes[place].filled = Some(settle_fill(taken)),
            Err(error) => outcomes[place].stored = Err(failed(&error)),
        }
    }
    outcomes
}

/// Stores what follows on what is held. `sound`: with the place of each in `outcomes`.
async fn take(node: &Arc<Node>, sound: Vec<(usize, (Suffix, NewScope))>, outcomes: &mut [Outcome]) {
    let (places, suffixes): (Vec<_>, Vec<_>) = sound.into_iter().unzip();
    let afters = suffixes.iter().map(|(suffix, _)| (suffix.feed().root().id(), suffix.after()));
    let afters: Vec<_> = afters.collect();
    match node.receive(suffixes).await {
        Ok(received) => {
            for ((place, (feed, after)), received) in places.into_iter().zip(afters).zip(received) {
                let archived = node.is_archived(feed, after.sequence + 1);
                outcomes[place].stored = match received {
                    Err(ReceiveError::Gap { .. }) if archived => Ok(Stored::Archived),
                    received => settle(received),
                };
            }
        }
        Err(error) => {
            for place in places {
                outcomes[place].stored = Err(failed(&error));
            }
        }
    }
}

fn failed(error: &PublishError) -> Fault {
    let sentence = match error {
        PublishError::Stopping => "the node is stopping".to_owned(),
        other => other.to_string(),
    };
    Fault { reason: "STORE_FAILED", sentence }
}

fn settle(received: Result<polder_picture::record::Head, ReceiveError>) -> Result<Stored, Fault> {
    match received {
        Ok(head) => Ok(Stored::Held(head)),
        Err(ReceiveError::Gap { ours }) => Ok(Stored::Gap(ours)),
        Err(ReceiveError::Fork { sequence, .. }) => Ok(Stored::Fork(sequence)),
        Err(ReceiveError::Refused(refusal)) => {
            tracing::warn!(reason = refusal.reason, "records of a peer wait: {}", refusal.sentence);
            Ok(Stored::Later)
        }
        Err(error @ (ReceiveError::Own | ReceiveError::Scope)) => {
            Err(Fault { reason: "RECORD_UNSOUND", sentence: error.to_string() })
        }
    }
}

fn settle_fill(taken: Result<Head, ReceiveError>) -> Result<(), FillRefused> {
    match taken {
        Ok(_) => Ok(()),
        Err(ReceiveError::Refused(refusal)) if refusal.reason == "FILL_DIFFERS" => {
            tracing::error!(reason = refusal.reason, "a feed stays as it is: {}", refusal.sentence);
            Err(FillRefused::ForGood)
        }
        Err(error) => {
            tracing::warn!("earlier records of a feed wait: {error}");
            let full = matches!(&error, ReceiveError::Refused(refusal) if refusal.reason == "DISK_RESERVE");
            Err(if full { FillRefused::Later } else { FillRefused::Feed })
        }
    }
}

fn verify(node: Arc<Node>, deliveries: Vec<Delivery>) -> Vec<(FeedName, usize, Checked)> {
    let (lists, files, offers, proven) = Default::default();
    let door = Door { node, lists, files, offers, proven };
    // Where each feed will end once those before are stored.
    let mut ends: HashMap<Id, Head> = HashMap::new();
    let mut checked = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let id = delivery.feed.id();
        let bytes = delivery.bytes();
        if let Some(gap) = delivery.fill
            && !door.gaps().contains(&gap)
        {
            // Another neighbour was quicker.
            checked.push((delivery.feed, bytes, Checked::Late));
            continue;
        }
        let ours = ends.get(&id).copied().unwrap_or_else(|| door.head(id));
        let previous = if delivery.fill.is_some() {
            Vec::new()
        } else if ours.sequence == delivery.after {
            vec![ours.hash]
        } else {
            door.hashes_at(&delivery.feed, delivery.after)
        };
        let result = match delivery.verify(&previous) {
            Ok(Sound::Suffix(suffix)) => {
                ends.insert(id, suffix.head());
                Checked::Sound(*suffix, delivery.scope.clone())
            }
            Ok(Sound::Jump(jump)) => {
                ends.entry(id).or_insert_with(|| jump.head());
                Checked::Jump(jump, delivery.scope.clone())
            }
            Ok(Sound::Fill(fill)) => Checked::Fill(fill, delivery.scope.clone()),
            Err(Unsound::Gap)
                if door.held_base(id).is_some_and(|base| base.sequence > delivery.after) =>
            {
                Checked::Settled(Ok(Stored::Archived))
            }
            Err(Unsound::Gap) => Checked::Settled(Ok(Stored::Gap(ours))),
            Err(unsound) => Checked::Settled(Err(Fault {
                reason: "RECORD_UNSOUND",
                sentence: format!("{delivery}: {unsound}"),
            })),
        };
        checked.push((delivery.feed, bytes, result));
    }
    checked
}

#[cfg(test)]
mod tests {
    use polder_picture::{
        fill::Gap,
        link::{codec, id_of},
    };
    use polder_wire::v1::Mode;

    use super::*;

    #[test]
    fn what_a_checkpoint_left_out_waits_behind_what_is_urgent_whatever_it_was() {
        let (urgent, mut urgent_in) = mpsc::unbounded_channel();
        let (others, mut others_in) = mpsc::unbounded_channel();
        let inlet = Inlet { urgent, others };
        let incident = "flood".to_owned();
        let scope = NewScope { incident, mode: Mode::Actual, audience: "all".to_owned() };
        let feed = FeedName::new(Id([1; 16]), id_of(&scope), Lane::Urgent);
        let gap = Gap { feed, edge: Head { sequence: 9, hash: [2; 32] }, is_covered: true };
        for fill in [Some(gap), None] {
            inlet.push(Delivery {
                feed,
                scope: scope.clone(),
                origin_key: [3; 32],
                after: 0,
                leap: None,
                fill,
                packed: codec::pack(Vec::new()),
            });
        }
        assert!(urgent_in.try_recv().unwrap().fill.is_none() && urgent_in.try_recv().is_err());
        assert!(others_in.try_recv().unwrap().fill.is_some() && others_in.try_recv().is_err());
    }
}
