//! Finds the grid that a position lies in, offline, the same one on every device.
//!
//! An R-tree over bounding boxes narrows the choice, exact arithmetic decides. The phone proposes
//! what is found; the person may correct it.

use std::cmp::Reverse;

use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

use super::{boundary::Boundary, position::Position};
use crate::id::GridId;

/// All grids of a township, ready to be asked.
#[derive(Debug, Default)]
pub struct GridFinder {
    /// In order of preference, so that the first that contains a position is the answer.
    entries: Vec<Entry>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

#[derive(Debug)]
struct Entry {
    id: GridId,
    boundary: Boundary,
}

impl GridFinder {
    /// From each grid's id, depth in the grid tree (0 = top) and boundary. Deeper grids are
    /// preferred, then smaller ones, then the least id; the order given does not matter.
    pub fn new(grids: impl IntoIterator<Item = (GridId, u8, Boundary)>) -> Self {
        let mut grids: Vec<_> = grids.into_iter().collect();
        grids
            .sort_by_cached_key(|(id, depth, boundary)| (Reverse(*depth), boundary.twice_area(), id.clone()));
        let entries: Vec<Entry> = grids.into_iter().map(|(id, _, boundary)| Entry { id, boundary }).collect();
        let boxes = entries.iter().enumerate().map(|(index, entry)| {
            let bounds = entry.boundary.bounds();
            let corners = Rectangle::from_corners(point(bounds.south_west), point(bounds.north_east));
            GeomWithData::new(corners, index)
        });
        Self { tree: RTree::bulk_load(boxes.collect()), entries }
    }

    /// The grid that `position` belongs to: of all that contain it the deepest, then the smallest,
    /// then the one with the least id, so that a shared border belongs to one grid everywhere.
    pub fn find(&self, position: Position) -> Option<GridId> {
        self.containing(position).next().map(|entry| entry.id.clone())
    }

    /// Every grid that contains `position`, the answer of [`Self::find`] first.
    pub fn find_all(&self, position: Position) -> Vec<GridId> {
        self.containing(position).map(|entry| entry.id.clone()).collect()
    }

    /// Grids whose bounding box lies within `distance_m` metres, nearest first: what a person may
    /// choose from when a fix is weak.
    pub fn near(&self, position: Position, distance_m: f64) -> Vec<GridId> {
        let mut near: Vec<(f64, &GridId)> = self
            .entries
            .iter()
            .map(|entry| (entry.boundary.bounds().nearest_to(position).distance_m(position), &entry.id))
            .filter(|(distance, _)| *distance <= distance_m)
            .collect();
        // Stable: grids as near as each other stay in order of preference.
        near.sort_by(|(distance, _), (other, _)| distance.total_cmp(other));
        near.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// How many grids there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn containing(&self, position: Position) -> impl Iterator<Item = &Entry> {
        let here = AABB::from_point(point(position));
        let mut boxes: Vec<usize> =
            self.tree.locate_in_envelope_intersecting(&here).map(|found| found.data).collect();
        boxes.sort_unstable();
        boxes
            .into_iter()
            .filter_map(|index| self.entries.get(index))
            .filter(move |entry| entry.boundary.contains(position))
    }
}

/// Units as floats, in which the tree's areas can't overflow.
fn point(position: Position) -> [f64; 2] {
    let units = position.exact();
    [units.x, units.y]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(y: i32, x: i32) -> Position {
        Position::from_units(290_000_000 + y, 1_196_000_000 + x).unwrap()
    }

    fn id(code: &str) -> GridId {
        GridId::new(code).unwrap()
    }

    fn square(y: i32, x: i32, size: i32) -> Boundary {
        Boundary::from_ring(vec![at(y, x), at(y, x + size), at(y + size, x + size), at(y + size, x)]).unwrap()
    }

    /// A town, two villages in it, and nine grids of 10 x 10 units in each village.
    fn town() -> Vec<(GridId, u8, Boundary)> {
        let mut grids = vec![(id("town"), 0, square(0, 0, 60))];
        for (village, west) in [("east", 30), ("west", 0)] {
            grids.push((id(village), 1, square(0, west, 30)));
            for n in 0..9 {
                let boundary = square(n / 3 * 10, west + n % 3 * 10, 10);
                grids.push((id(&format!("{village}-{n}")), 2, boundary));
            }
        }
        grids
    }

    #[test]
    fn the_deepest_grid_wins_then_the_smallest_then_the_least_id() {
        let finder = GridFinder::new(town());
        assert_eq!(finder.find(at(5, 5)), Some(id("west-0")));
        assert_eq!(finder.find_all(at(5, 5)), [id("west-0"), id("west"), id("town")]);
        assert_eq!(finder.find(at(5, 30)), Some(id("east-0")), "the border of both villages");
        assert_eq!(finder.find(at(45, 45)), Some(id("town")));
        assert_eq!(finder.find(at(61, 0)), None);
        let flat = GridFinder::new([
            (id("a"), 1, square(0, 0, 20)),
            (id("b"), 1, square(0, 0, 10)),
            (id("c"), 1, square(0, 0, 10)),
        ]);
        assert_eq!(flat.find_all(at(5, 5)), [id("b"), id("c"), id("a")]);
    }

    #[test]
    fn near_grids_come_nearest_first() {
        let metre = 90;
        let finder = GridFinder::new([
            (id("far"), 2, square(200 * metre, 0, 10 * metre)),
            (id("here"), 0, square(-metre, -metre, 10 * metre)),
            (id("close"), 2, square(50 * metre, 0, 10 * metre)),
        ]);
        assert_eq!(finder.near(at(0, 0), 100.0), [id("here"), id("close")]);
        assert_eq!(finder.near(at(0, 0), 1_000.0).len(), 3);
        assert_eq!(finder.near(at(0, 0), f64::NAN), []);
    }

    #[test]
    fn a_township_without_grids_finds_none() {
        assert!(GridFinder::default().is_empty());
        assert_eq!(GridFinder::new([]).find(at(0, 0)), None);
    }

    proptest! {
        #[test]
        fn the_order_of_grids_does_not_matter(
            grids in Just(town()).prop_shuffle(), y in -2..62_i32, x in -2..62_i32,
        ) {
            let (finder, other) = (GridFinder::new(town()), GridFinder::new(grids));
            prop_assert_eq!(finder.find_all(at(y, x)), other.find_all(at(y, x)));
            prop_assert_eq!(finder.near(at(y, x), 1.0), other.near(at(y, x), 1.0));
        }

        #[test]
        fn a_shared_border_belongs_to_exactly_one(
            size in 1..1_000_i32, along in 0.0..=1.0_f64, kind in 0..3_u8,
        ) {
            // Four squares around one corner; points on the borders between them.
            let squares = [("nw", 0, -size), ("ne", 0, 0), ("sw", -size, -size), ("se", -size, 0)];
            let grids = squares.map(|(code, y, x)| (id(code), 1, square(y, x, size)));
            #[expect(clippy::cast_possible_truncation, reason = "at most 1,000")]
            let offset = (f64::from(size) * along) as i32;
            let (y, x) = match kind { 0 => (0, offset), 1 => (offset, 0), _ => (-offset, 0) };
            let mut reversed = grids.clone();
            reversed.reverse();
            let (finder, other) = (GridFinder::new(grids), GridFinder::new(reversed));
            prop_assert!(finder.find_all(at(y, x)).len() >= 2);
            prop_assert_eq!(finder.find(at(y, x)), other.find(at(y, x)));
            prop_assert_eq!(finder.find(at(y, x)), finder.find_all(at(y, x)).into_iter().min());
        }

        #[test]
        fn the_tree_finds_what_asking_every_boundary_finds(y in -2..62_i32, x in -2..62_i32) {
            let mut expected: Vec<_> = town()
                .into_iter()
                .filter(|(_, _, boundary)| boundary.contains(at(y, x)))
                .map(|(id, ..)| id)
                .collect();
            let mut found = GridFinder::new(town()).find_all(at(y, x));
            expected.sort();
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
