//! Which facilities lie in an area, or where a name says: kept up as entries change, without
//! comparing every facility with every area.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polder_wire::v1::{Geometry, ImpactMatch};
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use super::said::{DangerSaid, Ground, ImpactSaid};
use crate::{
    entry::{Extent, extent, meets},
    team::board::{EntryRef, Version},
};

type Entries = BTreeMap<EntryRef, Vec<Version>>;
type Boxed = GeomWithData<Rectangle<[f64; 2]>, EntryRef>;

/// Where some entries are.
#[derive(Debug, Clone, Default)]
struct Spots {
    boxes: RTree<Boxed>,
    places: HashMap<String, BTreeSet<EntryRef>>,
}

impl Spots {
    fn put(&mut self, at: EntryRef, ground: &Ground) {
        for (low, high) in around(ground) {
            self.boxes.insert(GeomWithData::new(Rectangle::from_corners(low, high), at));
        }
        for place in &ground.places {
            self.places.entry(place.clone()).or_default().insert(at);
        }
    }

    fn remove(&mut self, at: EntryRef, ground: &Ground) {
        for (low, high) in around(ground) {
            self.boxes.remove(&GeomWithData::new(Rectangle::from_corners(low, high), at));
        }
        for place in &ground.places {
            if let Some(held) = self.places.get_mut(place) {
                held.remove(&at);
                if held.is_empty() {
                    self.places.remove(place);
                }
            }
        }
    }

    /// Those that may be where something is.
    fn near(&self, ground: &Ground) -> BTreeSet<EntryRef> {
        let named = ground.places.iter().filter_map(|place| self.places.get(place)).flatten();
        let mut near: BTreeSet<_> = named.copied().collect();
        near.extend(ground.shape.iter().flat_map(|shape| self.boxed(shape)));
        near
    }

    /// Those whose box meets that of a shape.
    fn boxed(&self, shape: &Geometry) -> BTreeSet<EntryRef> {
        let halves = extent(shape).iter().flat_map(halves).collect::<Vec<_>>();
        let found = halves.into_iter().flat_map(|(low, high)| {
            self.boxes.locate_in_envelope_intersecting(&AABB::from_corners(low, high))
        });
        found.map(|boxed| boxed.data).collect()
    }
}

/// Facilities and what endangers, by where they are, and which touch each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    facilities: BTreeSet<EntryRef>,
    facility_spots: Spots,
    danger_spots: Spots,
    /// Of each entry that endangers facilities: which, by which of its versions, and how that is
    /// known.
    touches: BTreeMap<EntryRef, BTreeMap<(usize, EntryRef), ImpactMatch>>,
    /// What touches each facility.
    touched: HashMap<EntryRef, BTreeSet<EntryRef>>,
}

impl PartialEq for Kept {
    /// The trees depend on the order in which they were filled; what they say does not.
    fn eq(&self, other: &Self) -> bool {
        let names = |one: &Spots, other: &Spots| {
            one.places == other.places && one.boxes.size() == other.boxes.size()
        };
        self.facilities == other.facilities
            && self.touches == other.touches
            && self.touched == other.touched
            && names(&self.facility_spots, &other.facility_spots)
            && names(&self.danger_spots, &other.danger_spots)
    }
}

impl Kept {
    /// Takes in an entry that was put among the others.
    pub(crate) fn put(&mut self, at: EntryRef, entries: &Entries) {
        let Some(versions) = entries.get(&at) else { return };
        if let Some(ground) = facility(versions) {
            self.facilities.insert(at);
            self.facility_spots.put(at, ground);
            for danger in self.danger_spots.near(ground) {
                let told = entries.get(&danger).map(Vec::as_slice).unwrap_or_default();
                for (number, said) in dangers(told) {
                    self.touch((danger, number, &said.ground), (at, ground));
                }
            }
        }
        for (number, said) in dangers(versions) {
            self.danger_spots.put(at, &said.ground);
            for other in self.facility_spots.near(&said.ground) {
                let ground = entries.get(&other).and_then(|versions| facility(versions));
                if let Some(ground) = ground {
                    self.touch((at, number, &said.ground), (other, ground));
                }
            }
        }
    }

    /// Forgets an entry that is no longer among the others.
    pub(crate) fn remove(&mut self, at: EntryRef, versions: &[Version]) {
        for (_, said) in dangers(versions) {
            self.danger_spots.remove(at, &said.ground);
        }
        for (_, other) in self.touches.remove(&at).unwrap_or_default().into_keys() {
            if let Some(held) = self.touched.get_mut(&other) {
                held.remove(&at);
                if held.is_empty() {
                    self.touched.remove(&other);
                }
            }
        }
        let Some(ground) = facility(versions) else { return };
        self.facilities.remove(&at);
        self.facility_spots.remove(at, ground);
        for danger in self.touched.remove(&at).unwrap_or_default() {
            if let Some(held) = self.touches.get_mut(&danger) {
                held.retain(|(_, touched), _| *touched != at);
                if held.is_empty() {
                    self.touches.remove(&danger);
                }
            }
        }
    }

    fn touch(
        &mut self,
        (danger, number, ground): (EntryRef, usize, &Ground),
        (at, of): (EntryRef, &Ground),
    ) {
        if let Some(found) = how(ground, of) {
            self.touches.entry(danger).or_default().insert((number, at), found);
            self.touched.entry(at).or_default().insert(danger);
        }
    }

    /// Facilities, in the order of their ids.
    pub(super) fn facilities(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.facilities.iter().copied()
    }

    /// Entries that endanger facilities, in the order of their ids, each with which, by its version.
    pub(super) fn touching(
        &self,
    ) -> impl Iterator<Item = (EntryRef, &BTreeMap<(usize, EntryRef), ImpactMatch>)> {
        self.touches.iter().map(|(at, touches)| (*at, touches))
    }
}

/// Some of the facilities that are kept, each known by its place in a list.
pub(super) struct Around<'k> {
    kept: &'k Kept,
    numbers: HashMap<EntryRef, usize>,
    grounds: Vec<&'k Ground>,
}

impl<'k> Around<'k> {
    pub(super) fn of(kept: &'k Kept, grounds: Vec<(EntryRef, &'k Ground)>) -> Self {
        let numbers = grounds.iter().enumerate().map(|(number, (at, _))| (*at, number)).collect();
        let grounds = grounds.into_iter().map(|(_, ground)| ground).collect();
        Self { kept, numbers, grounds }
    }

    /// The place of a facility in the list, if it is there.
    pub(super) fn number(&self, at: EntryRef) -> Option<usize> {
        self.numbers.get(&at).copied()
    }

    /// What lies in a surface.
    pub(super) fn inside(&self, area: &Geometry) -> Vec<usize> {
        let near = self.kept.facility_spots.boxed(area);
        let near = near.into_iter().filter_map(|at| self.number(at));
        let inside = |number: &usize| {
            self.grounds[*number].shape.as_ref().is_some_and(|shape| meets(area, shape))
        };
        let mut found: Vec<_> = near.filter(inside).collect();
        found.sort_unstable();
        found
    }

    /// What lies where something is, and how that is known.
    pub(super) fn at(&self, ground: &Ground) -> BTreeMap<usize, ImpactMatch> {
        let near = self.kept.facility_spots.near(ground);
        let near = near.into_iter().filter_map(|at| self.number(at));
        near.filter_map(|number| Some((number, how(ground, self.grounds[number])?))).collect()
    }
}

/// Whether a facility lies where something is, and how that is known. Names count only where the
/// area of one of the two is not known.
fn how(ground: &Ground, facility: &Ground) -> Option<ImpactMatch> {
    match (&ground.shape, &facility.shape) {
        (Some(area), Some(shape)) => meets(area, shape).then_some(ImpactMatch::Area),
        _ => {
            let named = ground.places.iter().any(|place| facility.places.contains(place));
            named.then_some(ImpactMatch::Place)
        }
    }
}

/// Where the facility is of which an entry tells, by the version that was recorded last.
fn facility(versions: &[Version]) -> Option<&Ground> {
    match versions.last()?.said.impact.as_deref() {
        Some(ImpactSaid::Facility(said)) => Some(&said.ground),
        _ => None,
    }
}

/// What versions of an entry say of danger, each with its place among them.
fn dangers(versions: &[Version]) -> impl Iterator<Item = (usize, &DangerSaid)> {
    versions.iter().enumerate().filter_map(|(number, version)| {
        match version.said.impact.as_deref() {
            Some(ImpactSaid::Danger(said)) => Some((number, said)),
            _ => None,
        }
    })
}

fn around(ground: &Ground) -> Vec<([f64; 2], [f64; 2])> {
    ground.shape.as_ref().and_then(extent).iter().flat_map(halves).collect()
}

/// Corners of a box; of one over the antimeridian of its two parts.
fn halves(around: &Extent) -> Vec<([f64; 2], [f64; 2])> {
    let Extent { south, west, north, east } = *around;
    let ways = if west <= east { vec![(west, east)] } else { vec![(west, 180.0), (-180.0, east)] };
    ways.into_iter().map(|(west, east)| ([west, south], [east, north])).collect()
}
