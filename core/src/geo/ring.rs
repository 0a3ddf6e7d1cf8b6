//! One closed line around an area or a hole, and its exact arithmetic.
//!
//! Every question that decides is answered in whole units of 1e-7 degree, never in floats, so that
//! all devices give the same answer.

use minicbor::decode;

use super::position::Position;
use crate::error::{Error, Problem, Result};

/// At least three positions that span an area, the first one repeated at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ring(Vec<Position>);

/// Where a position lies, seen from a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Inside,
    Edge,
    Outside,
}

impl Ring {
    /// Closes the ring if it is open and drops positions that repeat the one before, as files
    /// rounded to fewer digits have them.
    pub(super) fn new(mut positions: Vec<Position>) -> Result<Self> {
        positions.dedup();
        while positions.len() > 1 && positions.first() == positions.last() {
            positions.pop();
        }
        if positions.len() >= 3 {
            positions.extend(positions.first().copied());
            let ring = Self(positions);
            if ring.twice_signed_area() != 0 {
                return Ok(ring);
            }
        }
        Err(Error::invalid(Problem::BadRing))
    }

    /// The same ring with the area to its left, as RFC 7946 wants an outer ring.
    pub(super) fn counter_clockwise(mut self) -> Self {
        if self.twice_signed_area() < 0 {
            self.0.reverse();
        }
        self
    }

    /// The same ring with the area to its right, as RFC 7946 wants a hole.
    pub(super) fn clockwise(mut self) -> Self {
        if self.twice_signed_area() > 0 {
            self.0.reverse();
        }
        self
    }

    /// All positions, the last equal to the first.
    pub(super) fn positions(&self) -> &[Position] {
        &self.0
    }

    /// The line pieces of the ring.
    pub(super) fn edges(&self) -> impl Iterator<Item = (Position, Position)> {
        self.0.iter().copied().zip(self.0.iter().copied().skip(1))
    }

    /// Twice the area in square units, positive if counter-clockwise (shoelace formula).
    pub(super) fn twice_signed_area(&self) -> i128 {
        self.edges()
            .map(|(from, to)| {
                let ((from_y, from_x), (to_y, to_x)) = (wide(from), wide(to));
                from_x * to_y - to_x * from_y
            })
            .sum()
    }

    /// On which side of the ring a position lies, by the even-odd rule.
    pub(super) fn side(&self, position: Position) -> Side {
        let (y, x) = position.units();
        let mut is_inside = false;
        for (from, to) in self.edges() {
            let ((from_y, from_x), (to_y, to_x)) = (from.units(), to.units());
            if from_y.max(to_y) < y || from_y.min(to_y) > y || from_x.max(to_x) < x {
                continue;
            }
            let turn = turn(from, to, position);
            if turn == 0 && from_x.min(to_x) <= x {
                return Side::Edge;
            }
            // The edge crosses the parallel of `position`; it counts if it does so to the east,
            // that is with `position` to the left of a northward or the right of a southward edge.
            if (from_y > y) != (to_y > y) && (turn > 0) == (to_y > from_y) {
                is_inside = !is_inside;
            }
        }
        if is_inside { Side::Inside } else { Side::Outside }
    }

    /// Zigzag varints of the steps from position to position, latitude first, without the closing
    /// position; the first step starts at (0, 0).
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (mut last_latitude, mut last_longitude) = (0, 0);
        for (position, _) in self.edges() {
            let (latitude, longitude) = position.units();
            put_varint(&mut bytes, i64::from(latitude) - i64::from(last_latitude));
            put_varint(&mut bytes, i64::from(longitude) - i64::from(last_longitude));
            (last_latitude, last_longitude) = (latitude, longitude);
        }
        bytes
    }

    /// The positions that [`Self::to_bytes`] wrote, `limit` at most; not yet checked as a ring.
    pub(super) fn positions_from_bytes(
        mut bytes: &[u8],
        limit: usize,
    ) -> Result<Vec<Position>, decode::Error> {
        let mut positions = Vec::new();
        let (mut latitude, mut longitude) = (0, 0);
        while !bytes.is_empty() {
            if positions.len() >= limit {
                return Err(decode::Error::message("boundary with too many positions"));
            }
            latitude = step(&mut bytes, latitude)?;
            longitude = step(&mut bytes, longitude)?;
            let position = Position::from_units(latitude, longitude)
                .map_err(|_| decode::Error::message("boundary leaves the Earth"))?;
            positions.push(position);
        }
        Ok(positions)
    }
}

/// Positive if `position` lies to the left of the line from `from` to `to`, zero if on it.
fn turn(from: Position, to: Position, position: Position) -> i128 {
    let ((from_y, from_x), (to_y, to_x), (y, x)) = (wide(from), wide(to), wide(position));
    (to_x - from_x) * (y - from_y) - (to_y - from_y) * (x - from_x)
}

fn wide(position: Position) -> (i128, i128) {
    let (latitude, longitude) = position.units();
    (latitude.into(), longitude.into())
}

fn put_varint(bytes: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest > 0x7f {
        bytes.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    bytes.push(rest.to_le_bytes()[0]);
}

/// Takes one varint off `bytes` and goes that far from `start`.
fn step(bytes: &mut &[u8], start: i32) -> Result<i32, decode::Error> {
    let mut rest = 0_u64;
    // 33 bits and a sign hold any step on Earth: five bytes of seven bits.
    for shift in (0..35).step_by(7) {
        let (&byte, tail) = bytes.split_first().ok_or_else(decode::Error::end_of_input)?;
        *bytes = tail;
        rest |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let value = (rest >> 1).cast_signed() ^ -(rest & 1).cast_signed();
            return i32::try_from(i64::from(start) + value)
                .map_err(|_| decode::Error::message("boundary leaves the Earth"));
        }
    }
    Err(decode::Error::message("step of a boundary too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(units: &[(i32, i32)]) -> Result<Ring> {
        Ring::new(units.iter().map(|&(y, x)| Position::from_units(y, x).unwrap()).collect())
    }

    fn at(y: i32, x: i32) -> Position {
        Position::from_units(y, x).unwrap()
    }

    #[test]
    fn rings_without_an_area_are_refused() {
        for bad in [&[][..], &[(0, 0)], &[(0, 0), (1, 1), (0, 0)], &[(0, 0), (1, 1), (2, 2), (0, 0)]] {
            assert!(ring(bad).is_err(), "{bad:?}");
        }
        assert!(ring(&[(0, 0), (0, 0), (5, 5), (5, 5), (0, 0), (0, 0)]).is_err());
    }

    #[test]
    fn open_and_closed_rings_are_the_same() {
        let open = ring(&[(0, 0), (0, 9), (9, 9)]).unwrap();
        assert_eq!(open, ring(&[(0, 0), (0, 9), (0, 9), (9, 9), (0, 0), (0, 0)]).unwrap());
        assert_eq!(open.positions().len(), 4);
        assert_eq!(open.twice_signed_area(), 81);
        assert_eq!(open.clone().clockwise().counter_clockwise(), open);
    }

    #[test]
    fn edges_and_corners_are_told_from_inside_and_outside() {
        let notched = ring(&[(0, 0), (0, 10), (10, 10), (5, 5), (10, 0)]).unwrap();
        for (y, x, side) in [
            (2, 2, Side::Inside),
            (5, 4, Side::Inside),
            (0, 0, Side::Edge),
            (5, 5, Side::Edge),
            (0, 7, Side::Edge),
            (7, 7, Side::Edge),
            (10, 5, Side::Outside),
            (10, -1, Side::Outside),
            (5, 11, Side::Outside),
            (5, -1, Side::Outside),
            (0, -1, Side::Outside),
            (0, 11, Side::Outside),
        ] {
            assert_eq!(notched.side(at(y, x)), side, "({y}, {x})");
        }
    }

    #[test]
    fn a_ring_around_the_whole_earth_does_not_overflow() {
        let (y, x) = (900_000_000, 1_800_000_000);
        let earth = ring(&[(-y, -x), (-y, x), (y, x), (y, -x)]).unwrap();
        assert_eq!(earth.side(at(0, 0)), Side::Inside);
        assert_eq!(earth.side(at(y, 5)), Side::Edge);
        assert_eq!(Ring::positions_from_bytes(&earth.to_bytes(), 4).unwrap().len(), 4);
    }

    #[test]
    fn steps_that_leave_the_earth_or_never_end_are_refused() {
        assert!(Ring::positions_from_bytes(&[0xff; 40], 9).is_err());
        assert!(Ring::positions_from_bytes(&[0x02], 9).is_err());
        assert!(Ring::positions_from_bytes(&[0; 20], 9).is_err());
        assert!(Ring::positions_from_bytes(&[0xfe, 0xff, 0xff, 0xff, 0x7f, 0], 9).is_err());
    }
}
