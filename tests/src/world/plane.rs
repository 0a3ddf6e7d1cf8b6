//! The township laid flat: metres east and north of its middle, and back to positions on Earth.
//!
//! Shapes are drawn in metres and rounded once into whole units of 1e-7 degree; from there on areas
//! are whole numbers, so that shared borders can be compared exactly.

use suishou_core::geo::Position;

const ORIGIN_LATITUDE: f64 = 29.08;
const ORIGIN_LONGITUDE: f64 = 119.65;
const METRES_PER_DEGREE: f64 = 111_195.0;

/// Metres east and north of the township's middle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    pub(super) const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// The point `share` of the way to `other`.
    pub(super) fn toward(self, other: Self, share: f64) -> Self {
        Self::new(self.x + (other.x - self.x) * share, self.y + (other.y - self.y) * share)
    }

    /// The point `distance_m` away at `angle`, counted from east to north.
    pub(super) fn polar(self, distance_m: f64, angle: f64) -> Self {
        Self::new(self.x + distance_m * angle.cos(), self.y + distance_m * angle.sin())
    }

    pub(super) fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// Distance to the straight line from `from` to `to`.
    pub(super) fn distance_to_line(self, from: Self, to: Self) -> f64 {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let square = dx * dx + dy * dy;
        if square == 0.0 {
            return self.distance(from);
        }
        let share = ((self.x - from.x) * dx + (self.y - from.y) * dy) / square;
        self.distance(from.toward(to, share.clamp(0.0, 1.0)))
    }

    /// Where on Earth this is.
    pub(super) fn position(self) -> Position {
        let latitude = ORIGIN_LATITUDE + self.y / METRES_PER_DEGREE;
        let longitude = ORIGIN_LONGITUDE + self.x / metres_per_degree_of_longitude();
        Position::new(latitude, longitude).expect("a township lies on Earth")
    }

    /// The point of the plane for a position on Earth.
    pub(super) fn of(position: Position) -> Self {
        Self::new(
            (position.longitude() - ORIGIN_LONGITUDE) * metres_per_degree_of_longitude(),
            (position.latitude() - ORIGIN_LATITUDE) * METRES_PER_DEGREE,
        )
    }
}

fn metres_per_degree_of_longitude() -> f64 {
    METRES_PER_DEGREE * ORIGIN_LATITUDE.to_radians().cos()
}

/// Each side of a closed ring, the closing one included.
pub(super) fn sides(ring: &[Position]) -> impl Iterator<Item = (Position, Position)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Twice the area in square units of 1e-7 degree: positive if the ring turns left.
pub(super) fn doubled_area(ring: &[Position]) -> i128 {
    let cross = |(from, to): (Position, Position)| {
        let ((y1, x1), (y2, x2)) = (from.units(), to.units());
        i128::from(x1) * i128::from(y2) - i128::from(x2) * i128::from(y1)
    };
    sides(ring).map(cross).sum()
}

/// Whether `at` lies inside a closed ring.
pub(super) fn is_inside(ring: &[Position], at: Position) -> bool {
    let (y, x) = at.units();
    let crosses = |(from, to): &(Position, Position)| {
        let ((y1, x1), (y2, x2)) = (from.units(), to.units());
        if (y1 > y) == (y2 > y) {
            return false;
        }
        let wide = |a: i32, b: i32| i64::from(a) - i64::from(b);
        let side = wide(x, x1) * wide(y2, y1) - wide(x2, x1) * wide(y, y1);
        (side < 0) == (y2 > y1)
    };
    sides(ring).filter(crosses).count() % 2 == 1
}
