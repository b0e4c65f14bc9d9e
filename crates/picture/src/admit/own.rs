//! What is asked of a draft of this node before it is put on record.

use polder_wire::v1::IncidentState;

use super::{Act, Draft, Group, RIVALS_MAX, SEEN_MAX, Supersedes};
use crate::{
    attributes::Attributes,
    judge,
    live::{Live, RecordRef, Register},
    refusal::{Class, Refusal},
    standing::{SetAside, may_replace},
    suffix::FeedName,
};

/// Attributes of a draft, as every node will compute them.
pub(super) fn attributes(draft: &Draft) -> Attributes {
    match &draft.act {
        Act::Put(attributes) => *attributes,
        Act::Retract | Act::Erase => {
            judge::of_own_retraction(&draft.sealed.payload.bytes, draft.lane)
        }
        Act::Incident(_) => Attributes::bare(draft.lane),
        Act::Control | Act::Checkpoint(_) => Attributes::apart(draft.lane),
    }
}

pub(super) fn check_retractable(register: &Register) -> Result<(), Refusal> {
    if register.live.is_empty() {
        return Err(Refusal::new(Class::NotFound, "ENTRY_NOT_FOUND", "there is no such entry"));
    }
    if register.is_retracted() {
        let sentence = "the entry is retracted already";
        return Err(Refusal::new(Class::FailedPrecondition, "ENTRY_RETRACTED", sentence));
    }
    Ok(())
}

fn not_owner(field: &str) -> Refusal {
    let sentence = "is an entry of a party for which the charter does not let this node speak: say \
                    what you know in an entry of your own, with a relation that contradicts, \
                    supports or annotates this one";
    Refusal::field(field, "NOT_OWNER", sentence)
}

impl Group<'_> {
    /// What the charter would not let count is not written in the first place.
    pub(super) fn check_counts(
        &self,
        scope: u32,
        name: &FeedName,
        attributes: &Attributes,
    ) -> Result<(), Refusal> {
        let sequence = self.head_of(name.id()).sequence + 1;
        let standing = self.picture.standing().filter(|_| !attributes.is_apart());
        let (incident, by) = (self.incident(scope), (name.origin, name.id()));
        let aside = standing.and_then(|s| s.judge(incident, by, sequence, attributes));
        let Some(aside) = aside else { return Ok(()) };
        let sentence = match aside {
            SetAside::NotCertified => "the charter gives this node no certificate",
            SetAside::CutOff => "the charter cut this node off",
            SetAside::PartyNotOfNode => "the charter does not let this node speak for the party",
            SetAside::NotOwner => return Err(not_owner("name")),
        };
        Err(Refusal::new(Class::FailedPrecondition, aside.reason(), sentence))
    }

    /// What would not replace all that it saw, by the charter, is not written either. What erases
    /// takes back what is its party's, and leaves the rest.
    pub(super) fn check_owner(
        &self,
        draft: &Draft,
        register: &Register,
        seen: &[RecordRef],
    ) -> Result<(), Refusal> {
        let field = match draft.act {
            Act::Put(_) => "entry.name",
            Act::Retract => "name",
            _ => return Ok(()),
        };
        let (standing, own) = (self.picture.standing(), Some(self.signer.id()));
        let may = |live: &Live| {
            let of = self.feed_entry(live.record.feed).and_then(|feed| feed.origin);
            may_replace(standing, self.incident(draft.scope), (own, of), live)
        };
        let hides = |live: &&Live| Register::covers(seen, live.record);
        if register.live.iter().filter(hides).all(may) { Ok(()) } else { Err(not_owner(field)) }
    }

    /// Entries are written to open incidents only; an incident's own data may still be corrected.
    pub(super) fn check_open(&self, draft: &Draft) -> Result<(), Refusal> {
        if matches!(draft.act, Act::Erase) {
            // Personal data is not kept longer because an incident is over.
            return Ok(());
        }
        let root = self.root(draft.scope);
        let state = self.data_of(root).iter().map(|(_, data)| data.state()).max();
        if state == Some(IncidentState::Closed) {
            let sentence = "the incident is closed: it can be read, no longer written";
            return Err(Refusal::new(Class::FailedPrecondition, "INCIDENT_CLOSED", sentence));
        }
        Ok(())
    }

    /// What the draft's author has seen. Replacing some rivals but not others is allowed; hiding
    /// one that was not named never is.
    pub(super) fn seen(
        &self,
        supersedes: &Supersedes,
        register: &Register,
    ) -> Result<Vec<RecordRef>, Refusal> {
        let named = match supersedes {
            Supersedes::AllHeld => {
                let seen = register.seen();
                if seen.len() > SEEN_MAX {
                    let sentence = "more than 64 nodes wrote to this entry; use a new entry";
                    return Err(Refusal::new(Class::ResourceExhausted, "SEEN_TOO_LONG", sentence));
                }
                return Ok(seen.to_vec());
            }
            Supersedes::Exactly(named) => named,
            Supersedes::AllCurrent(named) => {
                let all = register.live.iter().all(|live| named.contains(&live.record));
                if !all || named.len() != register.live.len() {
                    let sentence = "the entry has changed since you read it: read it again";
                    return Err(Refusal::new(Class::Aborted, "ENTRY_CHANGED", sentence));
                }
                named
            }
        };
        for version in named {
            if version.sequence == 0 || version.sequence > self.head(version.feed).sequence {
                let sentence = "names a version that this node does not hold";
                return Err(Refusal::field("supersedes", "VERSION_UNKNOWN", sentence));
            }
        }
        let hidden =
            |live: &&Live| Register::covers(named, live.record) && !named.contains(&live.record);
        if register.live.iter().any(|live| hidden(&live)) {
            let sentence = "would hide an older current version that it does not name: name it too";
            return Err(Refusal::field("supersedes", "RIVAL_NOT_NAMED", sentence));
        }
        let stay = register.live.iter().filter(|live| !named.contains(&live.record)).count();
        if stay >= RIVALS_MAX {
            let sentence = "the entry has 12 versions that nobody decided between: decide first, \
                            or use a new entry";
            return Err(Refusal::new(Class::ResourceExhausted, "RIVALS_TOO_MANY", sentence));
        }
        let mut seen = named.clone();
        seen.sort_unstable_by_key(|seen| (seen.feed, std::cmp::Reverse(seen.sequence)));
        seen.dedup_by_key(|seen| seen.feed);
        Ok(seen)
    }
}
