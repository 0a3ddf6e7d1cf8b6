//! Straight borders made crooked as streams and ridges are, and walked around areas.
//!
//! Each border is drawn once and belongs to both its neighbours, so they agree to the last digit. A
//! border stays inside the rhombus between its two sites, so borders never cross.

use std::cmp::Reverse;

use suishou_core::geo::Position;

use super::{
    dice::Dice,
    plane::{self, Point},
    tessellation::{Side, Site},
};

/// A drawn border between two cells.
#[derive(Clone, Debug)]
pub(super) struct Border {
    pub(super) cells: [usize; 2],
    corners: [usize; 2],
    line: Vec<Position>,
}

/// Draws one side as a crooked line.
pub(super) fn draw(side: &Side, dice: &mut Dice) -> Border {
    let [from, to] = side.ends;
    let middle = from.toward(to, 0.5);
    let length = from.distance(to);
    let [left, right] = side.sites.map(|site| apex(site, from, to, middle, length));
    let [one, other] = side.sites;
    let depth = match length / one.at.distance(other.at) {
        _ if length < 40.0 => 0,
        share if share < 0.15 => 0,
        share if share < 0.3 => 1,
        share if share < 0.48 => 2,
        _ => 3,
    };
    let mut points = vec![from];
    roughen([from, left, to, right], depth, dice, &mut points);
    points.push(to);
    let mut line: Vec<Position> = points.into_iter().map(Point::position).collect();
    line.dedup();
    Border { cells: side.sites.map(|site| site.number), corners: side.corners, line }
}

/// How far the border may swing toward `site`: a point over its middle, inside the site's own share.
fn apex(site: Site, from: Point, to: Point, middle: Point, length: f64) -> Point {
    let (ux, uy) = ((to.x - from.x) / length, (to.y - from.y) / length);
    let (sx, sy) = (site.at.x - middle.x, site.at.y - middle.y);
    let (along, height) = (sx * ux + sy * uy, sy * ux - sx * uy);
    let half = length / 2.0;
    let free = height.abs() * half / (along.abs() + half);
    let reach = (0.9 * free).min(0.5 * length).copysign(height);
    Point::new(middle.x - uy * reach, middle.y + ux * reach)
}

/// Splits a quadrilateral at a random inner point and goes on in the two quadrilaterals beside it
/// (noisy edges, after Amit Patel's map generator).
fn roughen(corners: [Point; 4], depth: u32, dice: &mut Dice, points: &mut Vec<Point>) {
    let Some(deeper) = depth.checked_sub(1) else { return };
    let [from, left, to, right] = corners;
    let (along, across) = (dice.between(0.2, 0.8), dice.between(0.25, 0.75));
    let (near, far) = (from.toward(right, along), left.toward(to, along));
    let (start, end) = (from.toward(left, across), right.toward(to, across));
    let inner = near.toward(far, across);
    let (one, other) = (dice.between(0.75, 1.0), dice.between(0.75, 1.0));
    roughen([from, inner.toward(start, one), inner, inner.toward(near, other)], deeper, dice, points);
    points.push(inner);
    roughen([inner, inner.toward(far, one), to, inner.toward(end, other)], deeper, dice, points);
}

/// Walks the borders around an area: rings without a repeated end, the outer one first and turning
/// left, holes turning right.
pub(super) fn rings<'a>(borders: impl Iterator<Item = &'a Border>) -> Vec<Vec<Position>> {
    let mut unused: Vec<&Border> = borders.collect();
    let mut rings = Vec::new();
    while let Some(first) = unused.pop() {
        let [start, mut corner] = first.corners;
        let mut ring = first.line.clone();
        while corner != start {
            let Some(next) = unused.iter().position(|border| border.corners.contains(&corner)) else {
                break;
            };
            let next = unused.swap_remove(next);
            let [from, to] = next.corners;
            if from == corner {
                ring.extend(next.line.iter().skip(1));
                corner = to;
            } else {
                ring.extend(next.line.iter().rev().skip(1));
                corner = from;
            }
        }
        ring.pop();
        rings.push(ring);
    }
    rings.sort_by_key(|ring| Reverse(plane::doubled_area(ring).abs()));
    for (index, ring) in rings.iter_mut().enumerate() {
        if (plane::doubled_area(ring) > 0) != (index == 0) {
            ring.reverse();
        }
    }
    rings
}
