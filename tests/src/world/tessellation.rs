//! Cells around sites, by the Voronoi rule: each place belongs to its nearest site.
//!
//! Built as the dual of a Delaunay triangulation (Bowyer–Watson), because that gives every corner of
//! the map one identity: two cells that meet there mean the very same point.

use std::collections::BTreeMap;

use super::plane::Point;

/// A site and its number; cells carry the number of their site.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) number: usize,
    pub(super) at: Point,
}

/// The straight border between two cells, from corner to corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) sites: [Site; 2],
    pub(super) corners: [usize; 2],
    pub(super) ends: [Point; 2],
}

#[derive(Clone, Copy, Debug)]
struct Triangle {
    sites: [Site; 3],
    middle: Point,
    radius: f64,
}

impl Triangle {
    fn new(sites: [Site; 3]) -> Self {
        let [a, b, c] = sites.map(|site| site.at);
        let (bx, by, cx, cy) = (b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y);
        let doubled = 2.0 * (bx * cy - by * cx);
        let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
        let offset = Point::new((cy * b2 - by * c2) / doubled, (bx * c2 - cx * b2) / doubled);
        let middle = Point::new(a.x + offset.x, a.y + offset.y);
        Self { sites, middle, radius: offset.x.hypot(offset.y) }
    }

    fn edges(&self) -> [[Site; 2]; 3] {
        let [a, b, c] = self.sites;
        [[a, b], [b, c], [c, a]]
    }
}

/// All borders between the cells of `sites`; cells at the rim of the plane stay open.
pub(super) fn tessellate(sites: &[Point]) -> Vec<Side> {
    let far = 1e6;
    let frame = [(-far, -far), (far, -far), (0.0, 1.5 * far)].map(|(x, y)| Point::new(x, y));
    let framed = |(number, at)| Site { number: usize::MAX - number, at };
    let mut triangles: Vec<Triangle> = Vec::new();
    if let Ok(corners) = frame.into_iter().enumerate().map(framed).collect::<Vec<_>>().try_into() {
        triangles.push(Triangle::new(corners));
    }
    for (number, at) in sites.iter().copied().enumerate() {
        let (hit, kept): (Vec<_>, Vec<_>) =
            triangles.into_iter().partition(|triangle| triangle.middle.distance(at) < triangle.radius);
        triangles = kept;
        let mut rim = BTreeMap::<_, (u32, [Site; 2])>::new();
        for edge in hit.iter().flat_map(Triangle::edges) {
            rim.entry(key(edge)).or_insert((0, edge)).0 += 1;
        }
        let outer = rim.into_values().filter(|(count, _)| *count == 1);
        triangles.extend(outer.map(|(_, [a, b])| Triangle::new([a, b, Site { number, at }])));
    }
    let mut meeting = BTreeMap::<_, ([Site; 2], Vec<(usize, Point)>)>::new();
    for (corner, triangle) in triangles.iter().enumerate() {
        for edge in triangle.edges() {
            meeting.entry(key(edge)).or_insert((edge, Vec::new())).1.push((corner, triangle.middle));
        }
    }
    let side = |(sites, corners): ([Site; 2], Vec<(usize, Point)>)| match *corners.as_slice() {
        [(first, from), (second, to)] => Some(Side { sites, corners: [first, second], ends: [from, to] }),
        _ => None,
    };
    meeting.into_values().filter_map(side).collect()
}

fn key([a, b]: [Site; 2]) -> (usize, usize) {
    (a.number.min(b.number), a.number.max(b.number))
}
