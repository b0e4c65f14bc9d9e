//! Checks a geometry: every coordinate on Earth, every shape whole and bounded.
//!
//! Counts are checked before points are walked, and points are walked once without allocating, so
//! that a shape costs no more than its bytes did.

use polder_wire::v1::{Circle, Geometry, MultiGeometry, Polygon, Position, Ring, geometry::Shape};

use crate::check::Checker;

const POINTS_MAX: usize = 20_000;
const SHAPES_MAX: usize = 100;
const METRES_MAX: f64 = 1_000_000.0;

/// Square degrees; some 1,000 square millimetres. Rounding alone makes a flat ring that large.
const AREA_MIN: f64 = 1e-13;

/// Checks a geometry. The checker stands inside its field.
pub fn check_geometry(geometry: &Geometry, check: &mut Checker<'_>) {
    if let Some(Shape::Multi(multi)) = &geometry.shape {
        check.within("multi", |check| check_multi(multi, check));
    } else {
        check_simple(geometry, check);
    }
    check.range("accuracy_m", geometry.accuracy_m, 0.0..=METRES_MAX);
}

fn check_multi(multi: &MultiGeometry, check: &mut Checker<'_>) {
    let points: usize = multi.geometries.iter().map(count_points).sum();
    if multi.geometries.len() <= SHAPES_MAX && points > POINTS_MAX {
        return too_many_points("geometries", points, check);
    }
    check.each("geometries", &multi.geometries, 1..=SHAPES_MAX, |check, geometry| {
        if matches!(geometry.shape, Some(Shape::Multi(_))) {
            return check.wrong("multi", "NESTED", "may not stand within another multi");
        }
        check_simple(geometry, check);
        check.range("accuracy_m", geometry.accuracy_m, 0.0..=METRES_MAX);
    });
}

fn check_simple(geometry: &Geometry, check: &mut Checker<'_>) {
    match &geometry.shape {
        Some(Shape::Point(point)) => {
            check.within("point", |check| check_position(check, point));
        }
        Some(Shape::Line(line)) => check.within("line", |check| {
            check.each("points", &line.points, 2..=POINTS_MAX, check_position);
        }),
        Some(Shape::Polygon(polygon)) => {
            check.within("polygon", |check| check_polygon(polygon, check));
        }
        Some(Shape::Circle(circle)) => check.within("circle", |check| check_circle(circle, check)),
        Some(Shape::Multi(_)) | None => check.wrong("", "REQUIRED", "needs a shape"),
    }
}

fn check_polygon(polygon: &Polygon, check: &mut Checker<'_>) {
    let points = count_ring_points(polygon);
    if points > POINTS_MAX {
        return too_many_points("rings", points, check);
    }
    let mut outer = true;
    check.each("rings", &polygon.rings, 1..=POINTS_MAX / 4, |check, ring| {
        check_ring(ring, outer, check);
        outer = false;
    });
}

fn check_ring(ring: &Ring, outer: bool, check: &mut Checker<'_>) {
    let mut area = Area::default();
    check.each("points", &ring.points, 4..=POINTS_MAX, |check, point| {
        check_position(check, point);
        area.add(point);
    });
    let [first, _, _, .., last] = ring.points.as_slice() else {
        return;
    };
    let finite = |point: &Position| point.latitude.is_finite() && point.longitude.is_finite();
    if first != last && finite(first) && finite(last) {
        check.wrong("points", "NOT_CLOSED", "must end with the point that they start with");
    } else if outer && area.is_nothing() {
        check.wrong("points", "NO_AREA", "must enclose an area");
    }
}

fn check_circle(circle: &Circle, check: &mut Checker<'_>) {
    match &circle.center {
        Some(center) => check.within("center", |check| check_position(check, center)),
        None => check.wrong("center", "REQUIRED", "is required"),
    }
    check.range("radius_m", circle.radius_m, f64::MIN_POSITIVE..=METRES_MAX);
}

fn check_position(check: &mut Checker<'_>, position: &Position) {
    check.range("latitude", position.latitude, -90.0..=90.0);
    check.range("longitude", position.longitude, -180.0..=180.0);
}

fn too_many_points(field: &'static str, points: usize, check: &mut Checker<'_>) {
    let sentence = format!("hold {points} points, at most {POINTS_MAX} are allowed");
    check.wrong(field, "TOO_MANY", sentence);
}

fn count_points(geometry: &Geometry) -> usize {
    match &geometry.shape {
        Some(Shape::Line(line)) => line.points.len(),
        Some(Shape::Polygon(polygon)) => count_ring_points(polygon),
        // A nested one is refused by its shape, not counted.
        Some(Shape::Point(_) | Shape::Circle(_) | Shape::Multi(_)) | None => 1,
    }
}

fn count_ring_points(polygon: &Polygon) -> usize {
    polygon.rings.iter().map(|ring| ring.points.len()).sum()
}

/// Sums up the area of a ring, twice and signed, as its points pass by.
#[derive(Default)]
struct Area {
    first: Option<Position>,
    /// The point before, in degrees from the first one, across the antimeridian where it goes.
    east: f64,
    north: f64,
    doubled: f64,
}

impl Area {
    fn add(&mut self, point: &Position) {
        let first = *self.first.get_or_insert(*point);
        // Offsets from the first point keep the digits that a small ring far from 0, 0 needs.
        let north = point.latitude - first.latitude;
        let step = shorter_way(point.longitude - first.longitude - self.east);
        let east = self.east + step;
        self.doubled += self.east * north - east * self.north;
        (self.east, self.north) = (east, north);
    }

    /// True when there is none. A closed ring that ends a turn away has gone around a pole.
    fn is_nothing(&self) -> bool {
        self.east.abs() < 180.0 && self.doubled.abs() < 2.0 * AREA_MIN
    }
}

/// The same step in longitude, the shorter way around the Earth.
fn shorter_way(degrees: f64) -> f64 {
    degrees - 360.0 * (degrees / 360.0).round()
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Line;
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position { latitude, longitude }
    }

    fn of(shape: Shape) -> Geometry {
        Geometry { shape: Some(shape), accuracy_m: 0.0 }
    }

    fn ring(points: &[(f64, f64)]) -> Ring {
        Ring { points: points.iter().map(|(north, east)| at(*north, *east)).collect() }
    }

    fn polygon(rings: Vec<Ring>) -> Geometry {
        of(Shape::Polygon(Polygon { rings }))
    }

    /// A star-shaped ring around a centre: sound whatever the distances.
    fn star(center: Position, distances: &[f64]) -> Ring {
        let corner = |(index, distance): (usize, &f64)| {
            let angle = std::f64::consts::TAU * index as f64 / distances.len() as f64;
            let longitude = shorter_way(center.longitude + distance * angle.sin());
            at(center.latitude + distance * angle.cos(), longitude)
        };
        let mut points: Vec<_> = distances.iter().enumerate().map(corner).collect();
        points.push(points[0]);
        Ring { points }
    }

    fn violations(geometry: &Geometry) -> Vec<(String, &'static str)> {
        let mut check = Checker::new("geometry");
        check_geometry(geometry, &mut check);
        let Err(refusal) = check.finish() else {
            return Vec::new();
        };
        refusal.fields.into_iter().map(|wrong| (wrong.field, wrong.reason)).collect()
    }

    #[test]
    fn each_wrong_field_is_named() {
        let flat = ring(&[(51.0, 5.0), (51.1, 5.1), (51.3, 5.3), (51.0, 5.0)]);
        let open = ring(&[(51.0, 5.0), (51.0, 5.1), (51.1, 5.1), (51.1, 5.0)]);
        let short = ring(&[(51.0, 5.0), (51.0, 5.1), (51.0, 5.0)]);
        let sound = star(at(51.0, 5.0), &[0.1, 0.1, 0.1]);
        let multi = |geometries| of(Shape::Multi(MultiGeometry { geometries }));
        let point = of(Shape::Point(at(51.0, 5.0)));
        let line = |count| of(Shape::Line(Line { points: vec![at(51.0, 5.0); count] }));
        let circle = |center, radius_m| of(Shape::Circle(Circle { center, radius_m }));
        let long = star(at(51.0, 5.0), &vec![0.1; 10_000]);
        for (geometry, field, reason) in [
            (Geometry::default(), "", "REQUIRED"),
            (of(Shape::Point(at(90.1, 5.0))), ".point.latitude", "OUT_OF_RANGE"),
            (of(Shape::Point(at(51.0, -181.0))), ".point.longitude", "OUT_OF_RANGE"),
            (Geometry { accuracy_m: -1.0, ..point.clone() }, ".accuracy_m", "OUT_OF_RANGE"),
            (Geometry { accuracy_m: f64::NAN, ..point.clone() }, ".accuracy_m", "OUT_OF_RANGE"),
            (line(1), ".line.points", "TOO_FEW"),
            (line(20_001), ".line.points", "TOO_MANY"),
            (polygon(vec![]), ".polygon.rings", "TOO_FEW"),
            (polygon(vec![short]), ".polygon.rings[0].points", "TOO_FEW"),
            (polygon(vec![open.clone()]), ".polygon.rings[0].points", "NOT_CLOSED"),
            (polygon(vec![sound, open]), ".polygon.rings[1].points", "NOT_CLOSED"),
            (polygon(vec![flat]), ".polygon.rings[0].points", "NO_AREA"),
            (polygon(vec![long.clone(), long.clone()]), ".polygon.rings", "TOO_MANY"),
            (circle(None, 1.0), ".circle.center", "REQUIRED"),
            (circle(Some(at(91.0, 0.0)), 1.0), ".circle.center.latitude", "OUT_OF_RANGE"),
            (circle(Some(at(0.0, 0.0)), 0.0), ".circle.radius_m", "OUT_OF_RANGE"),
            (circle(Some(at(0.0, 0.0)), 1_000_000.5), ".circle.radius_m", "OUT_OF_RANGE"),
            (multi(vec![]), ".multi.geometries", "TOO_FEW"),
            (multi(vec![point.clone(); 101]), ".multi.geometries", "TOO_MANY"),
            (multi(vec![line(10_000), line(10_001)]), ".multi.geometries", "TOO_MANY"),
            (multi(vec![line(2), multi(vec![point])]), ".multi.geometries[1].multi", "NESTED"),
            (multi(vec![Geometry::default()]), ".multi.geometries[0]", "REQUIRED"),
        ] {
            assert_eq!(violations(&geometry), [(format!("geometry{field}"), reason)]);
        }
        assert_eq!(violations(&line(20_000)), []);
        assert_eq!(violations(&multi(vec![line(10_000), line(10_000)])), []);
        assert_eq!(violations(&polygon(vec![long])), []);
    }

    #[test]
    fn a_million_points_are_refused_unwalked() {
        let nan = ring(&vec![(f64::NAN, f64::NAN); 1_000_000]);
        let expected = [("geometry.polygon.rings".to_owned(), "TOO_MANY")];
        assert_eq!(violations(&polygon(vec![nan])), expected);
    }

    #[test]
    fn a_ring_may_cross_the_antimeridian_or_go_around_a_pole() {
        let fiji = ring(&[(-17.0, 179.9), (-17.0, -179.9), (-16.0, -179.9), (-17.0, 179.9)]);
        let cap = ring(&[(80.0, 0.0), (80.0, 120.0), (80.0, -120.0), (80.0, 0.0)]);
        let meadow = star(at(51.9, -179.99999), &[0.00002; 6]);
        for ring in [fiji, cap, meadow] {
            assert_eq!(violations(&polygon(vec![ring])), []);
        }
    }

    fn rings() -> impl Strategy<Value = Ring> {
        let distances = prop::collection::vec(1e-5..4.0_f64, 3..40);
        (-85.0..85.0_f64, -180.0..180.0_f64, distances)
            .prop_map(|(latitude, longitude, distances)| star(at(latitude, longitude), &distances))
    }

    fn bad(limit: f64) -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            (limit + 1e-9)..1e300,
            -1e300..(-limit - 1e-9),
        ]
    }

    proptest! {
        #[test]
        fn sound_polygons_are_accepted(rings in prop::collection::vec(rings(), 1..4)) {
            prop_assert_eq!(violations(&polygon(rings)), []);
        }

        #[test]
        fn one_bad_coordinate_is_named(
            ring in rings(),
            index: prop::sample::Index,
            high in bad(90.0),
            wide in bad(180.0),
            latitude: bool,
        ) {
            let mut ring = ring;
            // The last point repeats the first; changing one of them would also open the ring.
            let index = 1 + index.index(ring.points.len() - 2);
            let field = if latitude {
                ring.points[index].latitude = high;
                "latitude"
            } else {
                ring.points[index].longitude = wide;
                "longitude"
            };
            let path = format!("geometry.polygon.rings[0].points[{index}].{field}");
            prop_assert_eq!(violations(&polygon(vec![ring])), [(path, "OUT_OF_RANGE")]);
        }
    }
}
