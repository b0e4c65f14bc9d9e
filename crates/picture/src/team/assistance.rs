//! Help: what was asked, offered, accepted, and where it is. Every unit counts once:
//!
//! - an offer counts for the request that it names; one that names none for the only request that
//!   accepts it; one that several accept for none of them, until somebody decides;
//! - of an offer no more counts than there is of it, and only as far as whoever asks accepted it;
//! - of a withdrawn offer only what has left already.
//!
//! What a guest needs and nobody said to have is told beside the offer, and changes no count.
//!
//! Requests and offers of which several versions are current count as they are shown, and say so.

use std::collections::{BTreeMap, BTreeSet};

use polder_wire::v1::{
    AssistanceOffer, AssistanceRequest, Entry, OfferState, RelationType, RequestState, entry::Body,
};
use uuid::Uuid;

use super::board::EntryRef;
use crate::{
    attributes::{Attributes, NEVER, millis},
    names::EntryName,
};

/// So often an entry is followed to the one that it was released from.
const RELEASES_MAX: usize = 8;

/// What a version of an entry says about help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpSaid {
    /// A request, or an offer.
    pub sort: HelpSort,
    /// The entry that it makes known to another audience.
    pub released_from: Option<Uuid>,
}

/// A request, or an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpSort {
    /// A request.
    Asked(Asked),
    /// An offer.
    Offered(Offered),
}

impl HelpSaid {
    /// Of a sound entry, if it is about help.
    pub fn of(entry: &Entry, attributes: &Attributes) -> Option<Self> {
        let sort = match &entry.body {
            Some(Body::AssistanceRequest(body)) => HelpSort::Asked(Asked::of(body)),
            Some(Body::AssistanceOffer(body)) => {
                let expire_ms = Some(attributes.expire_ms).filter(|ms| *ms != NEVER);
                HelpSort::Offered(Offered::of(body, expire_ms))
            }
            _ => return None,
        };
        Some(Self { sort, released_from: released_from(entry) })
    }
}

/// The entry that one makes known to another audience.
pub(super) fn released_from(entry: &Entry) -> Option<Uuid> {
    let mut relations = entry.relations.iter();
    let released = relations.find(|r| r.r#type() == RelationType::ReleasedFrom)?;
    EntryName::parse(&released.entry).map(|name| name.entry)
}

/// A request, by its entry, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// How many; 0: not said.
    pub quantity: i64,
    /// What its author says of it.
    pub state: RequestState,
    /// Milliseconds since 1970.
    pub needed_by_ms: Option<i64>,
    /// Offers that it accepts, and how much of each.
    pub accepted: BTreeMap<Uuid, i64>,
    /// Which capacity, by its number in the contract; 0: not said.
    pub module: i32,
    /// What whoever asks has for guests, by its number in the contract.
    pub provided: BTreeSet<i32>,
    /// Several versions are current.
    pub disputed: bool,
}

/// An offer, by its entry, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// How many.
    pub quantity: i64,
    /// The request that it answers.
    pub request: Option<Uuid>,
    /// Withdrawn by whoever made it.
    pub withdrawn: bool,
    /// On their way, there, and released again: never more than the quantity together.
    pub moved: Moved,
    /// From then on it no longer stands; milliseconds since 1970.
    pub expire_ms: Option<i64>,
    /// Which capacity, by its number in the contract; 0: not said.
    pub module: i32,
    /// What the giver needs of the receiver, by its number in the contract.
    pub needed: BTreeSet<i32>,
    /// Several versions are current.
    pub disputed: bool,
}

/// Where units are that have left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// On their way.
    pub en_route: i64,
    /// There.
    pub arrived: i64,
    /// There no longer: they did their part.
    pub released: i64,
}

/// What is known of help.
#[derive(Debug, Clone, Default)]
pub struct Help {
    /// By entry.
    pub requests: BTreeMap<Uuid, Asked>,
    /// By entry.
    pub offers: BTreeMap<Uuid, Offered>,
    /// Where each of them is.
    pub at: BTreeMap<Uuid, EntryRef>,
    /// Requests that make another one known, by entry: that one.
    copies: BTreeMap<Uuid, Uuid>,
}

/// What is wrong with an offer, for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It is accepted here and not held here: of another audience, or still on its way.
    Unseen,
    /// It is for another request.
    Elsewhere,
    /// Several requests accept it, and it names none.
    Contested,
    /// More was accepted than there is.
    TooMuch,
    /// It was accepted and then withdrawn.
    Withdrawn,
    /// It stands no longer, and was not accepted whole.
    Expired,
    /// Several versions of it are current.
    Disputed,
    /// It needs support that the request does not say to have.
    Unsupported,
    /// It is another capacity than was asked.
    OtherModule,
}

/// An offer, for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its entry.
    pub offer: Uuid,
    /// What counts of it here.
    pub accepted: i64,
    /// What could be accepted still.
    pub open: i64,
    /// Where that is which was accepted.
    pub moved: Moved,
    /// What is wrong with it.
    pub troubles: BTreeSet<Trouble>,
    /// What it needs and the request does not say to have, by its number in the contract.
    pub lacking: BTreeSet<i32>,
}

/// A request with what was offered for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its entry.
    pub request: Uuid,
    /// How many were asked; 0: not said.
    pub asked: i64,
    /// When it must be there; milliseconds since 1970.
    pub needed_by_ms: Option<i64>,
    /// How far it has come, by the offers; by its author where there are none.
    pub state: RequestState,
    /// Sums of its offers.
    pub accepted: i64,
    /// What could be accepted still.
    pub open: i64,
    /// Where that is which was accepted.
    pub moved: Moved,
    /// What nobody has promised yet.
    pub short: i64,
    /// It is past the time at which it was needed, and not all is there.
    pub overdue: bool,
    /// Several versions of it are current.
    pub disputed: bool,
    /// Offers for it, and offers that it accepts.
    pub parts: Vec<Part>,
}

impl Asked {
    /// Of a sound body.
    pub fn of(body: &AssistanceRequest) -> Self {
        let entry = |name: &str| EntryName::parse(name).map(|name| name.entry);
        let accepted = body.accepted.iter();
        Self {
            quantity: body.quantity.as_ref().map_or(0, |quantity| quantity.value),
            state: body.state(),
            needed_by_ms: body.needed_by.as_ref().map(millis),
            accepted: accepted
                .filter_map(|one| Some((entry(&one.offer)?, one.quantity.into())))
                .collect(),
            module: body.module,
            provided: body.provided_support.iter().copied().collect(),
            disputed: false,
        }
    }

    fn is_over(&self) -> bool {
        [RequestState::Refused, RequestState::Withdrawn].contains(&self.state)
    }
}

impl Offered {
    /// Of a sound body; `expire_ms`: until when the entry holds.
    pub fn of(body: &AssistanceOffer, expire_ms: Option<i64>) -> Self {
        let [en_route, arrived, released] =
            [body.en_route, body.arrived, body.released].map(i64::from);
        Self {
            quantity: body.quantity.as_ref().map_or(0, |quantity| quantity.value),
            request: EntryName::parse(&body.request).map(|name| name.entry),
            withdrawn: body.state() == OfferState::Withdrawn,
            moved: Moved { en_route, arrived, released },
            expire_ms,
            module: body.module,
            needed: body.needed_support.iter().copied().collect(),
            disputed: false,
        }
    }
}

impl Row {
    /// Nothing is expected any more.
    pub fn is_over(&self) -> bool {
        use RequestState::{Met, Refused, Withdrawn};
        [Met, Refused, Withdrawn].contains(&self.state)
    }
}

impl Moved {
    /// All that has left.
    pub fn total(self) -> i64 {
        self.en_route.saturating_add(self.there())
    }

    /// What came.
    pub fn there(self) -> i64 {
        self.arrived.saturating_add(self.released)
    }

    /// The part of it that a number of units can be: those that got furthest first.
    fn within(self, most: i64) -> Self {
        let released = self.released.min(most);
        let arrived = self.arrived.min(most - released);
        let en_route = self.en_route.min(most - released - arrived);
        Self { en_route, arrived, released }
    }

    fn add(&mut self, other: Self) {
        self.en_route = self.en_route.saturating_add(other.en_route);
        self.arrived = self.arrived.saturating_add(other.arrived);
        self.released = self.released.saturating_add(other.released);
    }
}

impl Help {
    /// Of entries as they are shown, and whether several versions of each are current. What was
    /// made known to another audience counts once, for a reader who sees both.
    pub fn of<'s>(shown: impl Iterator<Item = (EntryRef, &'s HelpSaid, bool)>) -> Self {
        let shown: BTreeMap<Uuid, _> =
            shown.map(|(at, said, disputed)| (at.entry, (at, said, disputed))).collect();
        let source = |mut entry: Uuid| {
            // Released and released again; who goes round in circles is not followed for ever.
            for _ in 0..RELEASES_MAX {
                let from = shown.get(&entry).and_then(|(_, said, _)| said.released_from);
                match from.filter(|from| shown.contains_key(from)) {
                    Some(from) => entry = from,
                    None => break,
                }
            }
            entry
        };
        let mut help = Self::default();
        for (entry, (at, said, disputed)) in &shown {
            let original = source(*entry);
            if original != *entry {
                if matches!(said.sort, HelpSort::Asked(_)) {
                    help.copies.insert(*entry, original);
                }
                continue;
            }
            help.at.insert(*entry, *at);
            match said.sort.clone() {
                HelpSort::Asked(mut asked) => {
                    asked.disputed = *disputed;
                    for (offer, quantity) in std::mem::take(&mut asked.accepted) {
                        let held = asked.accepted.entry(source(offer)).or_insert(0);
                        *held = i64::saturating_add(*held, quantity);
                    }
                    help.requests.insert(*entry, asked);
                }
                HelpSort::Offered(mut offered) => {
                    offered.disputed = *disputed;
                    offered.request = offered.request.map(source);
                    help.offers.insert(*entry, offered);
                }
            }
        }
        help
    }

    /// Every request with its offers at a moment: what is late first, then by when it is needed;
    /// at the end what is over.
    pub fn rows(&self, now_ms: i64) -> Vec<Row> {
        let mut accepting: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
        for (request, asked) in &self.requests {
            for offer in asked.accepted.keys() {
                accepting.entry(*offer).or_default().insert(*request);
            }
        }
        let mut concerns: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
        for (offer, requests) in &accepting {
            requests.iter().for_each(|request| {
                concerns.entry(*request).or_default().insert(*offer);
            });
        }
        for (offer, offered) in &self.offers {
            if let Some(request) = offered.request {
                concerns.entry(request).or_default().insert(*offer);
            }
        }
        let none = BTreeSet::new();
        let row = |(request, asked): (&Uuid, &Asked)| {
            let offers = concerns.get(request).unwrap_or(&none).iter();
            let parts = offers.map(|offer| {
                let several = accepting.get(offer).is_some_and(|requests| requests.len() > 1);
                self.part(*request, asked, *offer, several, now_ms)
            });
            row(*request, asked, parts.collect(), now_ms)
        };
        let mut rows: Vec<_> = self.requests.iter().map(row).collect();
        rows.sort_by_key(|row| {
            let needed_by_ms = row.needed_by_ms.unwrap_or(i64::MAX);
            (row.is_over(), !row.overdue, needed_by_ms, row.request)
        });
        rows
    }

    /// Requests of which nothing is expected any more at a moment, because offers have met them or
    /// their author says so; with what makes them known to others.
    pub fn over(&self, now_ms: i64) -> BTreeSet<Uuid> {
        let rows = self.rows(now_ms).into_iter().filter(Row::is_over);
        let mut over: BTreeSet<Uuid> = rows.map(|row| row.request).collect();
        let copies = self.copies.iter().filter(|(_, original)| over.contains(original));
        let copies: Vec<_> = copies.map(|(copy, _)| *copy).collect();
        over.extend(copies);
        over
    }

    /// Offers that stand, name no request and are accepted by none.
    pub fn free(&self, now_ms: i64) -> Vec<Uuid> {
        let accepted: BTreeSet<_> =
            self.requests.values().flat_map(|asked| asked.accepted.keys()).collect();
        let free = self.offers.iter().filter(|(offer, offered)| {
            offered.request.is_none() && stands(offered, now_ms) && !accepted.contains(offer)
        });
        free.map(|(offer, _)| *offer).collect()
    }

    fn part(&self, request: Uuid, asked: &Asked, offer: Uuid, several: bool, now_ms: i64) -> Part {
        let wanted = asked.accepted.get(&offer).copied().unwrap_or_default();
        let mut part = Part {
            offer,
            accepted: 0,
            open: 0,
            moved: Moved::default(),
            troubles: BTreeSet::new(),
            lacking: BTreeSet::new(),
        };
        let Some(offered) = self.offers.get(&offer) else {
            // Whoever asks has accepted it, and knows better than we do.
            part.accepted = wanted;
            part.troubles.insert(Trouble::Unseen);
            return part;
        };
        if offered.disputed {
            part.troubles.insert(Trouble::Disputed);
        }
        match offered.request {
            Some(other) if other != request => {
                part.troubles.insert(Trouble::Elsewhere);
                return part;
            }
            None if several => {
                part.troubles.insert(Trouble::Contested);
                return part;
            }
            _ => {}
        }
        if wanted > offered.quantity {
            part.troubles.insert(Trouble::TooMuch);
        }
        part.lacking = offered.needed.difference(&asked.provided).copied().collect();
        if !part.lacking.is_empty() {
            part.troubles.insert(Trouble::Unsupported);
        }
        if asked.module != 0 && offered.module != 0 && asked.module != offered.module {
            part.troubles.insert(Trouble::OtherModule);
        }
        part.accepted = wanted.min(offered.quantity);
        if offered.withdrawn {
            if part.accepted > 0 {
                part.troubles.insert(Trouble::Withdrawn);
            }
            part.accepted = part.accepted.min(offered.moved.total());
        }
        part.moved = offered.moved.within(part.accepted);
        let left = offered.quantity - part.accepted;
        if stands(offered, now_ms) {
            part.open = left;
        } else if !offered.withdrawn && left > 0 {
            part.troubles.insert(Trouble::Expired);
        }
        part
    }
}

fn stands(offered: &Offered, now_ms: i64) -> bool {
    !offered.withdrawn && offered.expire_ms.is_none_or(|expire| now_ms < expire)
}

fn row(request: Uuid, asked: &Asked, parts: Vec<Part>, now_ms: i64) -> Row {
    let sum = |of: fn(&Part) -> i64| parts.iter().map(of).fold(0_i64, i64::saturating_add);
    let (accepted, open) = (sum(|part| part.accepted), sum(|part| part.open));
    let mut moved = Moved::default();
    parts.iter().for_each(|part| moved.add(part.moved));
    let asked_for = if asked.quantity > 0 { asked.quantity } else { accepted };
    let state = if asked.is_over() || parts.is_empty() {
        asked.state
    } else if moved.there() >= asked_for && moved.there() > 0 {
        RequestState::Met
    } else if moved.there() > 0 {
        RequestState::PartlyMet
    } else if accepted >= asked_for && accepted > 0 {
        RequestState::Accepted
    } else {
        RequestState::Asked
    };
    let ended = asked.is_over() || state == RequestState::Met;
    Row {
        request,
        asked: asked.quantity,
        needed_by_ms: asked.needed_by_ms,
        state,
        accepted,
        open,
        moved,
        short: if ended { 0 } else { (asked.quantity - accepted).max(0) },
        overdue: !ended && asked.needed_by_ms.is_some_and(|needed_by| needed_by <= now_ms),
        disputed: asked.disputed,
        parts,
    }
}

#[cfg(test)]
mod tests;
