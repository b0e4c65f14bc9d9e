//! Whether two geometries have a point in common: exactly, where the boxes around them only say that
//! they may.

use geo::{
    Closest, Coord, Distance, Geometry as Flat, Haversine, HaversineClosestPoint, Intersects as _,
    LineString, Point, Polygon as FlatPolygon,
};
use polder_wire::v1::{Geometry, Polygon, Position, geometry::Shape};

/// A geometry without parts, on a map that has the other geometry in its middle.
enum Part {
    Flat(Flat),
    Round { center: Point, radius_m: f64 },
}

/// Whether a geometry is one or more polygons or circles and nothing else.
pub fn is_surface(geometry: &Geometry) -> bool {
    let simple =
        |shape: &Option<Shape>| matches!(shape, Some(Shape::Polygon(_) | Shape::Circle(_)));
    match &geometry.shape {
        Some(Shape::Multi(multi)) => {
            !multi.geometries.is_empty() && multi.geometries.iter().all(|part| simple(&part.shape))
        }
        shape => simple(shape),
    }
}

/// Whether two sound geometries have a point in common. What lies around a pole meets only what
/// lies within the lines between its points.
pub fn meets(one: &Geometry, other: &Geometry) -> bool {
    let Some(middle) = first(other) else { return false };
    let others = parts(other, middle);
    parts(one, middle).iter().any(|part| others.iter().any(|other| part.meets(other)))
}

impl Part {
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Flat(one), Self::Flat(other)) => one.intersects(other),
            (Self::Round { center, radius_m }, Self::Flat(flat))
            | (Self::Flat(flat), Self::Round { center, radius_m }) => {
                match flat.haversine_closest_point(center) {
                    Closest::Intersection(_) => true,
                    Closest::SinglePoint(near) => Haversine.distance(*center, near) <= *radius_m,
                    Closest::Indeterminate => false,
                }
            }
            (
                Self::Round { center, radius_m },
                Self::Round { center: other, radius_m: other_m },
            ) => Haversine.distance(*center, *other) <= radius_m + other_m,
        }
    }
}

/// Longitude of the first point.
fn first(geometry: &Geometry) -> Option<f64> {
    let position = match geometry.shape.as_ref()? {
        Shape::Point(point) => Some(point),
        Shape::Line(line) => line.points.first(),
        Shape::Polygon(polygon) => polygon.rings.first()?.points.first(),
        Shape::Circle(circle) => circle.center.as_ref(),
        Shape::Multi(multi) => {
            return multi.geometries.iter().filter(|p| !is_multi(p)).find_map(first);
        }
    };
    position.map(|position| position.longitude)
}

fn is_multi(geometry: &Geometry) -> bool {
    matches!(geometry.shape, Some(Shape::Multi(_)))
}

fn parts(geometry: &Geometry, middle: f64) -> Vec<Part> {
    match &geometry.shape {
        Some(Shape::Point(point)) => vec![Part::Flat(Flat::Point(near(point, middle).into()))],
        Some(Shape::Line(line)) => {
            vec![Part::Flat(Flat::LineString(path(&line.points, middle)))]
        }
        Some(Shape::Polygon(polygon)) => vec![Part::Flat(Flat::Polygon(surface(polygon, middle)))],
        Some(Shape::Circle(circle)) => {
            let center = circle.center.as_ref().map(|center| near(center, middle).into());
            center
                .map(|center| Part::Round { center, radius_m: circle.radius_m })
                .into_iter()
                .collect()
        }
        Some(Shape::Multi(multi)) => {
            let simple = multi.geometries.iter().filter(|part| !is_multi(part));
            simple.flat_map(|part| parts(part, middle)).collect()
        }
        None => Vec::new(),
    }
}

/// A place with the longitude counted from the middle: at most half way around.
fn near(position: &Position, middle: f64) -> Coord {
    let east = position.longitude - middle;
    Coord { x: east - 360.0 * (east / 360.0).round(), y: position.latitude }
}

/// A path that takes the shorter way between neighbours, also over the antimeridian.
fn path(points: &[Position], middle: f64) -> LineString {
    let mut before: Option<f64> = None;
    let unrolled = points.iter().map(|point| {
        let Coord { mut x, y } = near(point, middle);
        if let Some(before) = before {
            x += 360.0 * ((before - x) / 360.0).round();
        }
        before = Some(x);
        Coord { x, y }
    });
    LineString::new(unrolled.collect())
}

fn surface(polygon: &Polygon, middle: f64) -> FlatPolygon {
    let mut rings = polygon.rings.iter().map(|ring| path(&ring.points, middle));
    let outside = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
    FlatPolygon::new(outside, rings.collect())
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Circle, Line, MultiGeometry, Ring};
    use proptest::prelude::*;

    use super::*;
    use crate::entry::extent;

    fn of(shape: Shape) -> Geometry {
        Geometry { shape: Some(shape), accuracy_m: 0.0 }
    }

    fn at(latitude: f64, longitude: f64) -> Position {
        Position { latitude, longitude }
    }

    fn ring(south: f64, west: f64, north: f64, east: f64) -> Ring {
        let corners = [(south, west), (south, east), (north, east), (north, west), (south, west)];
        Ring { points: corners.iter().map(|(north, east)| at(*north, *east)).collect() }
    }

    fn point(latitude: f64, longitude: f64) -> Geometry {
        of(Shape::Point(at(latitude, longitude)))
    }

    fn circle(latitude: f64, longitude: f64, radius_m: f64) -> Geometry {
        of(Shape::Circle(Circle { center: Some(at(latitude, longitude)), radius_m }))
    }

    #[test]
    fn a_point_in_a_hole_is_outside_and_one_on_the_edge_inside() {
        let rings = vec![ring(50.0, 5.0, 51.0, 6.0), ring(50.4, 5.4, 50.6, 5.6)];
        let area = of(Shape::Polygon(Polygon { rings }));
        for (latitude, longitude, inside) in
            [(50.1, 5.1, true), (50.5, 5.5, false), (50.0, 5.5, true), (51.1, 5.5, false)]
        {
            assert_eq!(meets(&area, &point(latitude, longitude)), inside, "{latitude} {longitude}");
        }
        assert!(meets(&area, &circle(50.5, 5.5, 12_000.0)), "it reaches over the hole");
        assert!(!meets(&area, &circle(50.5, 5.5, 1_000.0)), "it lies in the hole");
    }

    #[test]
    fn a_box_that_meets_is_not_enough() {
        let round = circle(50.86, 5.83, 5_000.0);
        assert!(meets(&round, &point(50.86, 5.89)));
        let corner = point(50.895, 5.89);
        assert!(extent(&round).unwrap().meets(&extent(&corner).unwrap()));
        assert!(!meets(&round, &corner));
        let line = of(Shape::Line(Line { points: vec![at(50.0, 5.0), at(51.5, 6.45)] }));
        assert!(meets(&round, &line) && !meets(&round, &point(50.0, 5.0)));
        let both = vec![point(0.0, 0.0), point(50.86, 5.83)];
        assert!(meets(&round, &of(Shape::Multi(MultiGeometry { geometries: both }))));
    }

    #[test]
    fn areas_over_the_antimeridian_hold_what_lies_in_them() {
        let area = of(Shape::Polygon(Polygon { rings: vec![ring(-10.0, 170.0, 10.0, -170.0)] }));
        for (longitude, inside) in
            [(175.0, true), (-175.0, true), (180.0, true), (165.0, false), (0.0, false)]
        {
            assert_eq!(meets(&area, &point(0.0, longitude)), inside, "{longitude}");
        }
        assert!(meets(&circle(0.0, 179.99, 5_000.0), &point(0.0, -179.99)));
    }

    proptest! {
        #[test]
        fn meeting_is_mutual_and_never_beyond_the_boxes(
            (south, west, north, east) in (-60.0..60.0_f64, -180.0..179.0_f64, 0.01..5.0_f64, 0.01..5.0_f64),
            (latitude, longitude) in (-6.0..6.0_f64, -6.0..6.0_f64),
            radius_m in 1.0..400_000.0_f64,
        ) {
            let rolled = |longitude: f64| longitude - 360.0 * (longitude / 360.0).round();
            let rings = vec![ring(south, west, south + north, rolled(west + east))];
            let area = of(Shape::Polygon(Polygon { rings }));
            let (latitude, longitude) = (south + latitude, rolled(west + longitude));
            for other in [point(latitude, longitude), circle(latitude, longitude, radius_m)] {
                let meeting = meets(&area, &other);
                prop_assert_eq!(meeting, meets(&other, &area));
                // Boxes follow the lines between points as the map draws them, circles the Earth:
                // a line far from the equator bends a little on one and not on the other.
                if meeting && matches!(other.shape, Some(Shape::Point(_))) {
                    prop_assert!(extent(&area).unwrap().meets(&extent(&other).unwrap()));
                }
            }
        }
    }
}
