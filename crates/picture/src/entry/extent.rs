//! The box around a geometry, and whether two boxes meet.

use polder_wire::v1::{Circle, Geometry, Polygon, Position, geometry::Shape};

/// Length of one degree of latitude where it is shortest: a box too large finds what it should.
const METRES_PER_DEGREE: f64 = 110_570.0;

/// Degrees that may be lost where lengths of boxes are compared.
const ROUNDING: f64 = 1e-9;

/// A box in degrees WGS 84. `west` greater than `east` crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Lowest latitude.
    pub south: f64,
    /// Where it starts, going east.
    pub west: f64,
    /// Highest latitude.
    pub north: f64,
    /// Where it ends.
    pub east: f64,
}

/// The box around a sound geometry; `None` when it has no shape or no point.
pub fn extent(geometry: &Geometry) -> Option<Extent> {
    match geometry.shape.as_ref()? {
        Shape::Point(point) => path_extent(std::slice::from_ref(point)),
        Shape::Line(line) => path_extent(&line.points),
        Shape::Polygon(polygon) => polygon_extent(polygon),
        Shape::Circle(circle) => circle_extent(circle),
        // A multi within a multi is refused, so this does not go deeper than one level.
        Shape::Multi(multi) => {
            let simple = |part: &&Geometry| !matches!(part.shape, Some(Shape::Multi(_)));
            multi.geometries.iter().filter(simple).filter_map(extent).reduce(|a, b| a.around(&b))
        }
    }
}

impl Extent {
    /// True when the two have at least one point in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.south <= other.north
            && other.south <= self.north
            && (self.spans(other.west) || other.spans(self.west))
    }

    /// The smallest box around both.
    fn around(&self, other: &Self) -> Self {
        // Of the ways to span both, one starts at one's west and ends at one's east.
        let ways = [
            (self.west, self.east),
            (other.west, other.east),
            (self.west, other.east),
            (other.west, self.east),
        ];
        let holds = |(west, east): (f64, f64)| {
            let way = Self { west, east, ..*self };
            [self, other].iter().all(|inner| {
                // Both ends inside is not enough: the other may run the rest of the way around.
                let end = eastward(west, inner.west) + inner.width();
                way.spans(inner.west) && way.spans(inner.east) && end <= way.width() + ROUNDING
            })
        };
        let (west, east) = ways
            .into_iter()
            .filter(|way| holds(*way))
            .min_by(|a, b| eastward(a.0, a.1).total_cmp(&eastward(b.0, b.1)))
            .unwrap_or((-180.0, 180.0));
        let (south, north) = (self.south.min(other.south), self.north.max(other.north));
        Self { south, west, north, east }
    }

    /// Latitude and longitude of its middle.
    pub fn centre(&self) -> (f64, f64) {
        let east = self.west + self.width() / 2.0;
        (self.south.midpoint(self.north), if east > 180.0 { east - 360.0 } else { east })
    }

    fn width(&self) -> f64 {
        eastward(self.west, self.east)
    }

    fn spans(&self, longitude: f64) -> bool {
        // 180 and -180 are the same meridian; either may be asked for.
        let inside = |longitude: f64| {
            if self.west <= self.east {
                (self.west..=self.east).contains(&longitude)
            } else {
                longitude >= self.west || longitude <= self.east
            }
        };
        inside(longitude) || (longitude.abs() == 180.0 && inside(-longitude))
    }
}

/// Degrees from one longitude to another, going east.
fn eastward(from: f64, to: f64) -> f64 {
    if to >= from { to - from } else { to - from + 360.0 }
}

/// The box around a path that takes the shorter way between neighbours.
fn path_extent(points: &[Position]) -> Option<Extent> {
    let first = points.first()?;
    let (mut south, mut north) = (first.latitude, first.latitude);
    // A step of more than 180 degrees goes over the antimeridian, into the next turn. Longitudes
    // are compared turn first and never recomputed: that would lose digits and leave a point
    // outside its own box.
    let mut turn = 0;
    let (mut west, mut east) = ((turn, first.longitude), (turn, first.longitude));
    for (before, point) in points.iter().zip(&points[1..]) {
        (south, north) = (south.min(point.latitude), north.max(point.latitude));
        let step = point.longitude - before.longitude;
        turn += i32::from(step < -180.0) - i32::from(step > 180.0);
        let here = (turn, point.longitude);
        west = if here < west { here } else { west };
        east = if here > east { here } else { east };
    }
    let width = 360.0 * f64::from(east.0 - west.0) + east.1 - west.1;
    let (west, east) = if width < 360.0 { (west.1, east.1) } else { (-180.0, 180.0) };
    Some(Extent { south, west, north, east })
}

/// Brings unrolled longitudes back to -180 to 180.
fn roll(west: f64, east: f64) -> (f64, f64) {
    if east - west >= 360.0 {
        return (-180.0, 180.0);
    }
    let back = |longitude: f64| {
        if (-180.0..=180.0).contains(&longitude) {
            longitude
        } else {
            longitude - 360.0 * (longitude / 360.0).round()
        }
    };
    (back(west), back(east))
}

/// Holes lie within the outer ring and add nothing.
fn polygon_extent(polygon: &Polygon) -> Option<Extent> {
    let points = &polygon.rings.first()?.points;
    let mut extent = path_extent(points)?;
    let jumps = points
        .iter()
        .zip(&points[1..])
        .filter(|(before, point)| (point.longitude - before.longitude).abs() > 180.0);
    // An odd number of crossings closes only around a pole, which then lies inside.
    if jumps.count() % 2 == 1 {
        (extent.west, extent.east) = (-180.0, 180.0);
        if extent.north + extent.south >= 0.0 {
            extent.north = 90.0;
        } else {
            extent.south = -90.0;
        }
    }
    Some(extent)
}

fn circle_extent(circle: &Circle) -> Option<Extent> {
    let center = circle.center.as_ref()?;
    let reach = circle.radius_m / METRES_PER_DEGREE;
    let (south, north) = (center.latitude - reach, center.latitude + reach);
    if south <= -90.0 || north >= 90.0 {
        let (south, north) = (south.max(-90.0), north.min(90.0));
        return Some(Extent { south, west: -180.0, north, east: 180.0 });
    }
    // Meridians come together towards the pole: the widest place is beyond the centre.
    let ratio = reach.to_radians().sin() / center.latitude.to_radians().cos();
    let wide = ratio.min(1.0).asin().to_degrees();
    let (west, east) = roll(center.longitude - wide, center.longitude + wide);
    Some(Extent { south, west, north, east })
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Line, MultiGeometry, Ring};
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position { latitude, longitude }
    }

    fn points(points: &[(f64, f64)]) -> Vec<Position> {
        points.iter().map(|(north, east)| at(*north, *east)).collect()
    }

    fn of(shape: Shape) -> Option<Extent> {
        extent(&Geometry { shape: Some(shape), accuracy_m: 0.0 })
    }

    fn boxed(south: f64, west: f64, north: f64, east: f64) -> Extent {
        Extent { south, west, north, east }
    }

    fn line(of: &[(f64, f64)]) -> Shape {
        Shape::Line(Line { points: points(of) })
    }

    #[test]
    fn the_box_follows_the_shape() {
        let ring = |of: &[(f64, f64)]| {
            Shape::Polygon(Polygon { rings: vec![Ring { points: points(of) }] })
        };
        for (shape, expected) in [
            (Shape::Point(at(51.5, 5.9)), boxed(51.5, 5.9, 51.5, 5.9)),
            (line(&[(50.0, 5.0), (51.0, 6.0), (52.0, 4.0)]), boxed(50.0, 4.0, 52.0, 6.0)),
            (line(&[(0.0, 170.0), (1.0, -170.0)]), boxed(0.0, 170.0, 1.0, -170.0)),
            (line(&[(0.0, -170.0), (1.0, 170.0), (0.0, -160.0)]), boxed(0.0, 170.0, 1.0, -160.0)),
            (ring(&[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)]), boxed(0.0, 0.0, 1.0, 1.0)),
            (
                ring(&[(80.0, 0.0), (81.0, 120.0), (80.0, -120.0), (80.0, 0.0)]),
                boxed(80.0, -180.0, 90.0, 180.0),
            ),
            (
                ring(&[(-80.0, 0.0), (-81.0, 120.0), (-80.0, -120.0), (-80.0, 0.0)]),
                boxed(-90.0, -180.0, -80.0, 180.0),
            ),
        ] {
            assert_eq!(of(shape), Some(expected));
        }
        assert_eq!(extent(&Geometry::default()), None);
        assert_eq!(of(line(&[])), None);
    }

    #[test]
    fn parts_of_a_multi_share_the_narrowest_box() {
        let multi = |parts: &[&[(f64, f64)]]| {
            let part = |of: &&[(f64, f64)]| Geometry { shape: Some(line(of)), accuracy_m: 0.0 };
            of(Shape::Multi(MultiGeometry { geometries: parts.iter().map(part).collect() }))
        };
        let near = multi(&[&[(0.0, 4.0), (0.0, 5.0)], &[(1.0, 6.0), (1.0, 7.0)]]);
        assert_eq!(near, Some(boxed(0.0, 4.0, 1.0, 7.0)));
        let across = multi(&[&[(0.0, 178.0), (0.0, 179.0)], &[(1.0, -179.0), (1.0, -178.0)]]);
        assert_eq!(across, Some(boxed(0.0, 178.0, 1.0, -178.0)));
        let inside = multi(&[&[(0.0, 1.0), (0.0, 9.0)], &[(1.0, 3.0), (1.0, 4.0)]]);
        assert_eq!(inside, Some(boxed(0.0, 1.0, 1.0, 9.0)));
        assert_eq!(multi(&[]), None);
    }

    #[test]
    fn a_circle_reaches_further_in_degrees_near_a_pole() {
        let circle = |latitude, longitude, radius_m| {
            of(Shape::Circle(Circle { center: Some(at(latitude, longitude)), radius_m })).unwrap()
        };
        let here = circle(60.0, 5.0, 11_057.0);
        assert!((here.north - 60.1).abs() < 1e-9 && (here.south - 59.9).abs() < 1e-9);
        assert!((here.east - 5.2).abs() < 1e-3 && (here.west - 4.8).abs() < 1e-3);
        let across = circle(0.0, 179.95, 11_057.0);
        assert!(across.west > across.east && across.spans(180.0) && across.spans(-180.0));
        assert_eq!(circle(89.9, 5.0, 50_000.0).north, 90.0);
        assert_eq!(circle(-89.9, 5.0, 50_000.0).west, -180.0);
    }

    #[test]
    fn boxes_meet_across_the_antimeridian() {
        let (pacific, limburg) = (boxed(-10.0, 170.0, 10.0, -170.0), boxed(50.7, 5.5, 51.8, 6.2));
        let world = boxed(-90.0, -180.0, 90.0, 180.0);
        assert!(pacific.meets(&boxed(0.0, -175.0, 1.0, -174.0)));
        assert!(pacific.meets(&boxed(0.0, 100.0, 1.0, 171.0)));
        assert!(pacific.meets(&boxed(5.0, 160.0, 20.0, -179.0)));
        assert!(!pacific.meets(&boxed(0.0, -169.0, 1.0, 169.0)));
        assert!(!pacific.meets(&boxed(11.0, 170.0, 12.0, -170.0)));
        assert!(!pacific.meets(&limburg) && limburg.meets(&limburg));
        assert!(world.meets(&pacific) && world.meets(&limburg));
        assert!(boxed(0.0, 170.0, 1.0, 180.0).meets(&boxed(0.0, -180.0, 1.0, -170.0)));
    }

    fn boxes() -> impl Strategy<Value = Extent> {
        let degrees = || -90.0..90.0_f64;
        (degrees(), degrees(), -180.0..180.0_f64, -180.0..180.0_f64)
            .prop_map(|(a, b, west, east)| boxed(a.min(b), west, a.max(b), east))
    }

    proptest! {
        #[test]
        fn meeting_is_mutual_and_what_surrounds_both_meets_both(a in boxes(), b in boxes()) {
            prop_assert_eq!(a.meets(&b), b.meets(&a));
            prop_assert!(a.meets(&a));
            let both = a.around(&b);
            prop_assert!(both.meets(&a) && both.meets(&b));
            for longitude in [a.west, a.east, b.west, b.east] {
                prop_assert!(both.spans(longitude));
            }
        }

        #[test]
        fn a_line_lies_within_its_box(
            start in -180.0..180.0_f64,
            steps in prop::collection::vec((-90.0..90.0_f64, -20.0..20.0_f64), 1..40),
        ) {
            let mut longitude = start;
            let walk = steps.iter().map(|(latitude, step)| {
                longitude = roll(longitude + step, longitude + step).0;
                at(*latitude, longitude)
            });
            let points: Vec<_> = walk.collect();
            let extent = of(Shape::Line(Line { points: points.clone() })).unwrap();
            let (mut low, mut high, mut east) = (0.0_f64, 0.0_f64, 0.0);
            for (_, step) in &steps[1..] {
                east += step;
                (low, high) = (low.min(east), high.max(east));
            }
            prop_assert!((extent.width() - (high - low).min(360.0)).abs() < 1e-6);
            for point in points {
                prop_assert!(extent.meets(&of(Shape::Point(point)).unwrap()));
            }
        }

        #[test]
        fn a_circle_lies_within_its_box(
            latitude in -89.9..89.9_f64,
            longitude in -180.0..180.0_f64,
            radius_m in 1.0..1_000_000.0_f64,
            bearing in 0.0..std::f64::consts::TAU,
        ) {
            let circle = Circle { center: Some(at(latitude, longitude)), radius_m };
            let extent = of(Shape::Circle(circle)).unwrap();
            // A point on the rim of the sphere of the Earth's mean radius.
            let (angle, from) = (radius_m / 6_371_009.0, latitude.to_radians());
            let sine = from.sin() * angle.cos() + from.cos() * angle.sin() * bearing.cos();
            let east = (bearing.sin() * angle.sin() * from.cos())
                .atan2(angle.cos() - from.sin() * sine);
            let east = longitude + east.to_degrees();
            let (rim, _) = roll(east, east);
            let north = sine.asin().to_degrees();
            prop_assert!(extent.meets(&boxed(north, rim, north, rim)));
        }
    }
}
