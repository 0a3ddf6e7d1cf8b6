//! The line around a grid: polygons with holes, checked when made and when decoded.
//!
//! Whether a position is inside is decided in whole numbers here and not by `geo` in floats, so that
//! no rounding gives a shared border to two grids on two devices; what is shown or imported uses
//! `geo`. Boundaries are the bulk of the settings bundle; in CBOR a position takes about four bytes.

use ::geo::{
    Coord, GeodesicArea, InteriorPoint, LineString, MultiPolygon, Validation,
    algorithm::validation::InvalidPolygon,
};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    position::Position,
    ring::{Ring, Side},
};
use crate::error::{Error, Problem, Result};

/// One or more polygons, each an outer ring and its holes; every ring spans an area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    polygons: Vec<Polygon>,
    bounds: Bounds,
}

/// The smallest rectangle of latitude and longitude around something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// Its south-west corner.
    pub south_west: Position,
    /// Its north-east corner.
    pub north_east: Position,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Polygon {
    outer: Ring,
    holes: Vec<Ring>,
    bounds: Bounds,
}

impl Boundary {
    /// Most positions in one boundary: a village's border at 1 m steps has fewer.
    pub const MAX_POSITIONS: usize = 20_000;

    /// From polygons of rings of positions as in GeoJSON, the outer ring first; closes open rings
    /// and turns them the way RFC 7946 wants.
    pub fn new(polygons: Vec<Vec<Vec<Position>>>) -> Result<Self> {
        let count = polygons.iter().flatten().map(Vec::len).fold(0, usize::saturating_add);
        if count > Self::MAX_POSITIONS {
            return Err(Error::invalid(Problem::TooLarge {
                what: "number of positions in a boundary",
                found: u64::try_from(count).unwrap_or(u64::MAX),
                limit: 20_000,
            }));
        }
        let polygons = polygons.into_iter().map(Polygon::new).collect::<Result<Vec<_>>>()?;
        let bounds = polygons.iter().map(|polygon| polygon.bounds).reduce(Bounds::with);
        let bounds = bounds.ok_or_else(|| Error::invalid(Problem::Missing("polygon")))?;
        Ok(Self { polygons, bounds })
    }

    /// From the one ring of a grid in one piece without holes.
    pub fn from_ring(positions: Vec<Position>) -> Result<Self> {
        Self::new(vec![vec![positions]])
    }

    /// Whether `position` lies inside or on an edge, also on the edge of a hole.
    pub fn contains(&self, position: Position) -> bool {
        self.bounds.contains(position) && self.polygons.iter().any(|polygon| polygon.contains(position))
    }

    /// The rectangle around all of it.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Area in square metres on the ellipsoid, holes taken off; for display.
    pub fn area_m2(&self) -> f64 {
        // Not the unsigned variant: it takes a sliver that rounding turned over for the whole Earth.
        self.to_geo(Position::degrees).geodesic_area_signed().abs()
    }

    /// Twice the area in square units, exact: what may decide between grids.
    pub(super) fn twice_area(&self) -> i128 {
        self.polygons.iter().map(Polygon::twice_area).sum()
    }

    /// A position inside, where a label may stand: the middle of the widest stretch on a parallel
    /// about half way north.
    pub fn centre(&self) -> Position {
        let point = self.to_geo(Position::exact).interior_point();
        let inside = point.and_then(|point| Position::nearest_to_exact(point.0));
        // A sliver thinner than a unit has only its edge, and that counts as inside.
        let corner = self.polygons.iter().flat_map(|polygon| polygon.outer.positions()).next().copied();
        inside.filter(|position| self.contains(*position)).or(corner).unwrap_or(self.bounds.south_west)
    }

    /// Refuses a ring that crosses or touches itself and a hole that is not within its outer ring:
    /// mistakes of drawing. For imports only, as it takes a second for a ring of 10,000 positions.
    pub(super) fn check_rings(&self) -> Result<(), Problem> {
        self.to_geo(Position::exact).0.iter().try_for_each(|polygon| match polygon.check_validation() {
            Ok(()) => Ok(()),
            Err(InvalidPolygon::SelfIntersection(_)) => Err(Problem::CrossingRing),
            Err(_) => Err(Problem::BadHole),
        })
    }

    /// The GeoJSON geometry, a `Polygon` or `MultiPolygon`, for the console's map.
    pub fn to_geojson(&self) -> Value {
        match self.polygons.as_slice() {
            [polygon] => json!({ "type": "Polygon", "coordinates": polygon.to_coordinates() }),
            polygons => {
                let coordinates: Value = polygons.iter().map(Polygon::to_coordinates).collect();
                json!({ "type": "MultiPolygon", "coordinates": coordinates })
            }
        }
    }

    fn to_geo(&self, coord: fn(Position) -> Coord) -> MultiPolygon {
        self.polygons.iter().map(|polygon| polygon.to_geo(coord)).collect()
    }
}

impl Bounds {
    /// Whether `position` lies in the rectangle or on its edge.
    pub fn contains(&self, position: Position) -> bool {
        self.nearest_to(position) == position
    }

    /// The position of the rectangle that is nearest to `position`; exact enough at the size of a
    /// county, where parallels are straight.
    pub fn nearest_to(&self, position: Position) -> Position {
        position.clamp_into(self.south_west, self.north_east)
    }

    fn of(position: Position) -> Self {
        Self { south_west: position, north_east: position }
    }

    fn with(self, other: Self) -> Self {
        Self {
            south_west: self.south_west.south_west_of(other.south_west),
            north_east: self.north_east.north_east_of(other.north_east),
        }
    }
}

impl Polygon {
    fn new(rings: Vec<Vec<Position>>) -> Result<Self> {
        let mut rings = rings.into_iter();
        let missing = || Error::invalid(Problem::Missing("ring"));
        let outer = Ring::new(rings.next().ok_or_else(missing)?)?.counter_clockwise();
        let holes = rings.map(|ring| Ok(Ring::new(ring)?.clockwise())).collect::<Result<Vec<_>>>()?;
        let bounds = outer.positions().iter().copied().map(Bounds::of).reduce(Bounds::with);
        Ok(Self { bounds: bounds.ok_or_else(missing)?, outer, holes })
    }

    fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.outer).chain(&self.holes)
    }

    fn contains(&self, position: Position) -> bool {
        self.bounds.contains(position)
            && self.outer.side(position) != Side::Outside
            && self.holes.iter().all(|hole| hole.side(position) != Side::Inside)
    }

    fn twice_area(&self) -> i128 {
        let holes: i128 = self.holes.iter().map(|hole| hole.twice_signed_area().abs()).sum();
        self.outer.twice_signed_area().abs() - holes
    }

    fn to_geo(&self, coord: fn(Position) -> Coord) -> ::geo::Polygon {
        let line = |ring: &Ring| -> LineString { ring.positions().iter().copied().map(coord).collect() };
        ::geo::Polygon::new(line(&self.outer), self.holes.iter().map(line).collect())
    }

    fn to_coordinates(&self) -> Value {
        let ring = |ring: &Ring| -> Value {
            ring.positions().iter().map(|p| json!([p.longitude(), p.latitude()])).collect()
        };
        self.rings().map(ring).collect()
    }
}

impl<C> Encode<C> for Boundary {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        let length = |len: usize| u64::try_from(len).map_err(encode::Error::message);
        e.array(length(self.polygons.len())?)?;
        for polygon in &self.polygons {
            e.array(length(polygon.holes.len() + 1)?)?;
            for ring in polygon.rings() {
                e.bytes(&ring.to_bytes())?;
            }
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Boundary {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let start = d.position();
        let definite = || decode::Error::message("a boundary is arrays of known length").at(start);
        let mut polygons = Vec::new();
        let mut left = Self::MAX_POSITIONS;
        // Declared lengths only end the loops: each turn eats input, and what is held is bounded
        // by `left`, since no ring may be empty.
        for _ in 0..d.array()?.ok_or_else(definite)? {
            let mut rings = Vec::new();
            for _ in 0..d.array()?.ok_or_else(definite)? {
                let positions = Ring::positions_from_bytes(d.bytes()?, left)?;
                if positions.is_empty() {
                    return Err(decode::Error::message("empty ring").at(start));
                }
                left -= positions.len();
                rings.push(positions);
            }
            if rings.is_empty() {
                return Err(decode::Error::message("polygon without rings").at(start));
            }
            polygons.push(rings);
        }
        Self::new(polygons).map_err(|_| decode::Error::message("not a boundary").at(start))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    fn square(south: f64, west: f64, size: f64) -> Vec<Position> {
        let (north, east) = (south + size, west + size);
        vec![at(south, west), at(south, east), at(north, east), at(north, west)]
    }

    fn encoded(boundary: &Boundary) -> Vec<u8> {
        minicbor::to_vec(boundary).unwrap()
    }

    #[test]
    fn a_hole_is_outside_and_its_edge_is_inside() {
        let with_hole =
            Boundary::new(vec![vec![square(29.0, 119.0, 1.0), square(29.4, 119.4, 0.2)]]).unwrap();
        assert!(with_hole.contains(at(29.1, 119.5)));
        assert!(!with_hole.contains(at(29.5, 119.5)));
        assert!(with_hole.contains(at(29.4, 119.5)));
        assert!(!with_hole.contains(at(28.9, 119.5)));
        assert!(with_hole.contains(with_hole.centre()));
        let whole = Boundary::from_ring(square(29.0, 119.0, 1.0)).unwrap();
        assert!(whole.area_m2() > with_hole.area_m2());
    }

    #[test]
    fn an_island_belongs_to_its_boundary() {
        let mainland_and_island =
            Boundary::new(vec![vec![square(29.0, 119.0, 0.1)], vec![square(30.0, 119.0, 0.2)]]).unwrap();
        assert!(mainland_and_island.contains(at(29.05, 119.05)));
        assert!(mainland_and_island.contains(at(30.1, 119.1)));
        assert!(!mainland_and_island.contains(at(29.5, 119.05)));
        assert_eq!(mainland_and_island.centre(), at(30.1, 119.1));
        assert_eq!(mainland_and_island.bounds().north_east, at(30.2, 119.2));
        assert_eq!(mainland_and_island.to_geojson()["type"], "MultiPolygon");
    }

    #[test]
    fn area_is_that_of_the_ellipsoid() {
        let area = Boundary::from_ring(square(29.0, 119.0, 0.01)).unwrap().area_m2();
        let side = at(29.0, 119.0).distance_m(at(29.01, 119.0));
        let expected = side * at(29.005, 119.0).distance_m(at(29.005, 119.01));
        assert!((area / expected - 1.0).abs() < 5e-3, "{area} {expected}");
    }

    #[test]
    fn the_centre_of_a_horseshoe_is_inside() {
        let horseshoe = [(0, 0), (0, 30), (30, 30), (30, 20), (10, 20), (10, 10), (30, 10), (30, 0)];
        let ring = horseshoe.iter().map(|&(y, x)| Position::from_units(y * 1000, x * 1000).unwrap());
        let boundary = Boundary::from_ring(ring.collect()).unwrap();
        assert!(boundary.contains(boundary.centre()));
        assert!(!boundary.contains(Position::from_units(20_000, 15_000).unwrap()));
    }

    #[test]
    fn what_encloses_nothing_or_is_too_long_is_refused() {
        assert!(Boundary::new(vec![]).is_err());
        assert!(Boundary::new(vec![vec![]]).is_err());
        assert!(Boundary::from_ring(vec![at(1.0, 1.0); 5]).is_err());
        let long = (0..=20_000).map(|n| Position::from_units(n, n % 7).unwrap()).collect();
        let error = Boundary::from_ring(long).unwrap_err().to_string();
        assert!(error.contains("20001"), "{error}");
    }

    #[test]
    fn declared_lengths_without_content_are_refused_at_once() {
        for hostile in
            ["9bffffffffffffffff", "81 9bffffffffffffffff", "819bffffffffffffffff40", "8180", "80", "9f"]
        {
            let bytes = data_encoding::HEXLOWER.decode(hostile.replace(' ', "").as_bytes()).unwrap();
            assert!(minicbor::decode::<Boundary>(&bytes).is_err(), "{hostile}");
        }
    }

    #[test]
    fn a_position_of_a_village_border_takes_few_bytes() {
        let ring = (0..1000).map(|step| {
            let angle = f64::from(step) / 1000.0 * std::f64::consts::TAU;
            at(29.0 + 0.01 * angle.sin(), 119.6 + 0.01 * angle.cos())
        });
        let bytes = encoded(&Boundary::from_ring(ring.collect()).unwrap());
        assert!(bytes.len() < 5_000, "{}", bytes.len());
    }

    fn positions() -> impl Strategy<Value = Vec<Position>> {
        let position = (-900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32);
        proptest::collection::vec(position.prop_map(|(y, x)| Position::from_units(y, x).unwrap()), 3..20)
    }

    fn boundaries() -> impl Strategy<Value = Boundary> {
        let rings = proptest::collection::vec(positions(), 1..4);
        proptest::collection::vec(rings, 1..4)
            .prop_filter_map("without an area", |polygons| Boundary::new(polygons).ok())
    }

    proptest! {
        #[test]
        fn cbor_round_trips(boundary in boundaries()) {
            let bytes = encoded(&boundary);
            prop_assert_eq!(&minicbor::decode::<Boundary>(&bytes).unwrap(), &boundary);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = minicbor::decode::<Boundary>(&bytes);
        }

        #[test]
        fn a_damaged_encoding_never_panics(
            boundary in boundaries(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut bytes = encoded(&boundary);
            let place = place.index(bytes.len());
            bytes[place] = byte;
            if let Ok(other) = minicbor::decode::<Boundary>(&bytes) {
                prop_assert_eq!(minicbor::decode::<Boundary>(&encoded(&other)).unwrap(), other);
            }
        }

        #[test]
        fn tangled_rings_never_panic(
            rings in proptest::collection::vec(proptest::collection::vec((0..6_i32, 0..6_i32), 3..9), 1..4),
        ) {
            let ring = |ring: Vec<(i32, i32)>| ring.iter().map(|&(y, x)| Position::from_units(y, x).unwrap()).collect();
            let Ok(boundary) = Boundary::new(vec![rings.into_iter().map(ring).collect()]) else { return Ok(()) };
            let centre = boundary.centre();
            prop_assert!(boundary.check_rings().is_err() || boundary.contains(centre));
            prop_assert!(boundary.area_m2().is_finite());
        }

        #[test]
        fn the_centre_is_inside(outer in positions()) {
            let Ok(boundary) = Boundary::from_ring(outer) else { return Ok(()) };
            prop_assert!(boundary.contains(boundary.centre()));
        }

        #[test]
        fn where_a_ring_starts_and_how_it_turns_is_the_same(ring in positions(), from in 0..20_usize) {
            let Ok(boundary) = Boundary::from_ring(ring.clone()) else { return Ok(()) };
            let mut turned = ring.clone();
            turned.rotate_left(from % ring.len());
            turned.reverse();
            let turned = Boundary::from_ring(turned).unwrap();
            let probe = boundary.centre();
            prop_assert_eq!(turned.contains(probe), boundary.contains(probe));
            for corner in ring {
                prop_assert!(boundary.contains(corner) && turned.contains(corner));
            }
        }
    }
}
