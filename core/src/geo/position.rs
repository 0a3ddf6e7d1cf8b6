//! One place on Earth, WGS-84, in whole units of 1e-7 degree (11 mm at the equator).

use std::f64::consts::PI;

use ::geo::{Coord, Distance, Haversine, Point};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Problem, Result};

const UNITS_PER_DEGREE: f64 = 1e7;

/// A WGS-84 position. Only positions on Earth can be made; GCJ-02 and BD-09 exist only in
/// [`super::shift`], for drawing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(array)]
#[serde(into = "Degrees", try_from = "Degrees")]
pub struct Position {
    #[n(0)]
    latitude_e7: i32,
    #[n(1)]
    longitude_e7: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Degrees {
    latitude: f64,
    longitude: f64,
}

impl Position {
    /// From degrees; refuses NaN, infinities and what is not on Earth.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self> {
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return Err(Error::invalid(Problem::BadPosition));
        }
        #[expect(clippy::cast_possible_truncation, reason = "180e7 fits an i32")]
        let units = |degrees: f64| (degrees * UNITS_PER_DEGREE).round() as i32;
        Ok(Self { latitude_e7: units(latitude), longitude_e7: units(longitude) })
    }

    /// From whole units of 1e-7 degree, as the wire carries them.
    pub fn from_units(latitude_e7: i32, longitude_e7: i32) -> Result<Self> {
        if latitude_e7.unsigned_abs() > 900_000_000 || longitude_e7.unsigned_abs() > 1_800_000_000 {
            return Err(Error::invalid(Problem::BadPosition));
        }
        Ok(Self { latitude_e7, longitude_e7 })
    }

    /// Latitude and longitude in whole units of 1e-7 degree.
    pub fn units(self) -> (i32, i32) {
        (self.latitude_e7, self.longitude_e7)
    }

    /// Degrees north.
    pub fn latitude(self) -> f64 {
        f64::from(self.latitude_e7) / UNITS_PER_DEGREE
    }

    /// Degrees east.
    pub fn longitude(self) -> f64 {
        f64::from(self.longitude_e7) / UNITS_PER_DEGREE
    }

    /// Great-circle distance in metres (haversine; good to 0.5 %).
    pub fn distance_m(self, other: Self) -> f64 {
        // Opposite ends of the Earth may come out as NaN, which `min` drops.
        Haversine.distance(Point(self.degrees()), Point(other.degrees())).min(PI * Haversine.radius())
    }

    /// For measuring: degrees, longitude first.
    pub(super) fn degrees(self) -> Coord {
        Coord { x: self.longitude(), y: self.latitude() }
    }

    /// For predicates: whole units, longitude first. Every `i32` is exact in an `f64`, and `geo`'s
    /// orientation predicate is exact for such input.
    pub(super) fn exact(self) -> Coord {
        Coord { x: self.longitude_e7.into(), y: self.latitude_e7.into() }
    }

    /// The position nearest to a place in units, as [`Self::exact`] gives them.
    pub(super) fn nearest_to_exact(units: Coord) -> Option<Self> {
        Self::new(units.y / UNITS_PER_DEGREE, units.x / UNITS_PER_DEGREE).ok()
    }

    /// Nearest position between two corners, each axis for itself.
    pub(super) fn clamp_into(self, south_west: Self, north_east: Self) -> Self {
        self.north_east_of(south_west).south_west_of(north_east)
    }

    /// The more southern latitude and the more western longitude of both.
    pub(super) fn south_west_of(self, other: Self) -> Self {
        Self {
            latitude_e7: self.latitude_e7.min(other.latitude_e7),
            longitude_e7: self.longitude_e7.min(other.longitude_e7),
        }
    }

    /// The more northern latitude and the more eastern longitude of both.
    pub(super) fn north_east_of(self, other: Self) -> Self {
        Self {
            latitude_e7: self.latitude_e7.max(other.latitude_e7),
            longitude_e7: self.longitude_e7.max(other.longitude_e7),
        }
    }
}

/// Length in metres of the way along `positions`; a gap must not be among them, since nobody knows
/// the way taken there.
pub fn path_length_m(positions: &[Position]) -> f64 {
    positions.iter().zip(positions.iter().skip(1)).map(|(from, to)| from.distance_m(*to)).sum()
}

impl From<Position> for Degrees {
    fn from(position: Position) -> Self {
        Self { latitude: position.latitude(), longitude: position.longitude() }
    }
}

impl TryFrom<Degrees> for Position {
    type Error = Error;

    fn try_from(degrees: Degrees) -> Result<Self> {
        Self::new(degrees.latitude, degrees.longitude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_on_earth_are_positions() {
        for (latitude, longitude) in [(f64::NAN, 0.0), (90.1, 0.0), (0.0, -180.1), (0.0, f64::INFINITY)] {
            assert!(Position::new(latitude, longitude).is_err());
        }
        assert!(Position::from_units(i32::MIN, 0).is_err());
    }

    #[test]
    fn a_degree_of_latitude_is_about_111_km() {
        let distance = Position::new(29.0, 119.6).unwrap().distance_m(Position::new(30.0, 119.6).unwrap());
        assert!((111_000.0..111_400.0).contains(&distance), "{distance}");
    }

    #[test]
    fn opposite_ends_of_the_earth_are_half_its_girth_apart() {
        let here = Position::new(59.489_082_2, 158.507_948_6).unwrap();
        let distance = here.distance_m(Position::new(-59.489_082_1, -21.492_051_4).unwrap());
        assert!((distance / 20_015_115.0 - 1.0).abs() < 1e-6, "{distance}");
    }

    #[test]
    fn a_path_is_as_long_as_its_legs() {
        let at = |latitude| Position::new(latitude, 119.6).unwrap();
        let there_and_back = path_length_m(&[at(29.0), at(29.1), at(29.0)]);
        assert!((there_and_back - 2.0 * at(29.0).distance_m(at(29.1))).abs() < 1e-6);
        assert!(path_length_m(&[at(29.0)]).abs() < f64::EPSILON);
    }
}
