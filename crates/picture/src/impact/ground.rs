//! Finds which facilities lie in an area, or where a name says: without comparing every facility
//! with every area.

use std::collections::{BTreeMap, HashMap};

use polder_wire::v1::{Geometry, ImpactMatch};
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use super::said::Ground;
use crate::entry::{Extent, extent, meets};

type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Facilities by where they are.
pub(super) struct Map<'b> {
    grounds: Vec<&'b Ground>,
    boxes: RTree<Boxed>,
    places: HashMap<&'b str, Vec<usize>>,
}

impl<'b> Map<'b> {
    /// Of facilities, each known by its place in the list.
    pub(super) fn of(grounds: Vec<&'b Ground>) -> Self {
        let mut boxes = Vec::new();
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, ground) in grounds.iter().enumerate() {
            let around = ground.shape.as_ref().and_then(extent);
            boxes.extend(
                around.iter().flat_map(halves).map(|(low, high)| {
                    GeomWithData::new(Rectangle::from_corners(low, high), number)
                }),
            );
            for place in &ground.places {
                places.entry(place).or_default().push(number);
            }
        }
        Self { grounds, boxes: RTree::bulk_load(boxes), places }
    }

    /// What lies in a surface.
    pub(super) fn inside<'m>(&'m self, area: &'m Geometry) -> impl Iterator<Item = usize> + 'm {
        let around = extent(area);
        let mut near: Vec<usize> = around
            .iter()
            .flat_map(halves)
            .flat_map(|(low, high)| {
                self.boxes.locate_in_envelope_intersecting(&AABB::from_corners(low, high))
            })
            .map(|boxed| boxed.data)
            .collect();
        near.sort_unstable();
        near.dedup();
        near.into_iter().filter(|number| {
            self.grounds[*number].shape.as_ref().is_some_and(|shape| meets(area, shape))
        })
    }

    /// What lies where something is, and how that is known. Names count only where the area of one
    /// of the two is not known.
    pub(super) fn at(&self, ground: &Ground) -> BTreeMap<usize, ImpactMatch> {
        let named = ground.places.iter().filter_map(|place| self.places.get(place.as_str()));
        let mut found: BTreeMap<usize, ImpactMatch> = named
            .flatten()
            .filter(|number| ground.shape.is_none() || self.grounds[**number].shape.is_none())
            .map(|number| (*number, ImpactMatch::Place))
            .collect();
        if let Some(area) = &ground.shape {
            found.extend(self.inside(area).map(|number| (number, ImpactMatch::Area)));
        }
        found
    }
}

/// Corners of a box; of one over the antimeridian of its two parts.
fn halves(around: &Extent) -> Vec<([f64; 2], [f64; 2])> {
    let Extent { south, west, north, east } = *around;
    let ways = if west <= east { vec![(west, east)] } else { vec![(west, 180.0), (-180.0, east)] };
    ways.into_iter().map(|(west, east)| ([west, south], [east, north])).collect()
}
