//! Where the micro-grids lie: small ones around village centres, wide ones in the hills, and which
//! village each belongs to.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    borders::{self, Border},
    dice::Dice,
    plane::Point,
    tessellation,
};

/// Half the township's extent east–west and north–south, in metres.
const HALF_WIDTH_M: f64 = 12_700.0;
const HALF_HEIGHT_M: f64 = 10_900.0;
/// Sites outside the township: they only bound its cells and are dropped afterwards.
const OUTSIDE: usize = 240;

/// The township cut into cells.
#[derive(Debug)]
pub(super) struct Layout {
    /// Each cell's village, both counted from 0.
    pub(super) village_of: BTreeMap<usize, usize>,
    /// Every border that a cell of the township has, the outer ones too.
    pub(super) borders: Vec<Border>,
}

/// Lays out `cells` micro-grids in `villages` villages, each village in one piece.
pub(super) fn lay_out(cells: usize, villages: usize, dice: &mut Dice) -> Layout {
    let outline = Outline::new(dice);
    let centres = outline.centres(villages, dice);
    let mut sites = Vec::new();
    for _ in 0..cells {
        place(&mut sites, &centres, || outline.inside(0.99, dice));
    }
    for _ in 0..OUTSIDE {
        place(&mut sites, &centres, || outline.outside(dice));
    }
    relax(&mut sites, cells);
    let all = tessellation::tessellate(&sites);
    let is_cell = |site: &tessellation::Site| site.number < cells;
    let touching: Vec<_> = all.iter().filter(|side| side.sites.iter().any(is_cell)).collect();
    let neighbours = touching
        .iter()
        .filter(|side| side.sites.iter().all(is_cell))
        .map(|side| side.sites.map(|site| (site.number, site.at)));
    let village_of = grow(&sites, cells, &centres, neighbours, dice);
    Layout { village_of, borders: touching.into_iter().map(|side| borders::draw(side, dice)).collect() }
}

/// Puts one more site where it keeps its distance best, measured by how dense that place may be.
fn place(sites: &mut Vec<Point>, centres: &[Point], mut candidate: impl FnMut() -> Point) {
    let spacing = |at: Point| {
        let nearest = centres.iter().enumerate().map(|(index, centre)| {
            let busy = if index == 0 { 160.0 } else { 420.0 };
            busy + 0.42 * centre.distance(at)
        });
        nearest.fold(1_700.0, f64::min)
    };
    let room =
        |at: Point| sites.iter().map(|site| site.distance(at)).fold(f64::INFINITY, f64::min) / spacing(at);
    let candidates = (0..24).map(|_| candidate());
    let best = candidates.map(|at| (room(at), at)).max_by(|a, b| a.0.total_cmp(&b.0));
    sites.extend(best.map(|(_, at)| at));
}

/// Moves each site some way to the middle of its cell's corners, so that no cell is a sliver.
fn relax(sites: &mut [Point], cells: usize) {
    let mut corners = BTreeMap::<usize, Vec<Point>>::new();
    for side in tessellation::tessellate(sites) {
        for site in side.sites.iter().filter(|site| site.number < cells) {
            corners.entry(site.number).or_default().extend(side.ends);
        }
    }
    for (cell, corners) in corners {
        let count = f64::from(u32::try_from(corners.len()).unwrap_or(u32::MAX));
        let sum = corners.iter().fold(Point::default(), |sum, at| Point::new(sum.x + at.x, sum.y + at.y));
        if let Some(site) = sites.get_mut(cell) {
            *site = site.toward(Point::new(sum.x / count, sum.y / count), 0.6);
        }
    }
}

/// Grows every village from its centre, the nearest free neighbour first; some grow faster.
fn grow(
    sites: &[Point],
    cells: usize,
    centres: &[Point],
    neighbours: impl Iterator<Item = [(usize, Point); 2]>,
    dice: &mut Dice,
) -> BTreeMap<usize, usize> {
    let mut beside = BTreeMap::<usize, Vec<(usize, f64)>>::new();
    for [(one, at), (other, there)] in neighbours {
        beside.entry(one).or_default().push((other, at.distance(there)));
        beside.entry(other).or_default().push((one, at.distance(there)));
    }
    let mut village_of = BTreeMap::new();
    let mut front = BTreeSet::new();
    let pace: Vec<f64> = centres.iter().map(|_| dice.between(0.8, 1.25)).collect();
    for (village, centre) in centres.iter().enumerate() {
        let free = sites.iter().take(cells).enumerate().filter(|(cell, _)| !village_of.contains_key(cell));
        let nearest = free.min_by(|a, b| a.1.distance(*centre).total_cmp(&b.1.distance(*centre)));
        if let Some((cell, _)) = nearest {
            village_of.insert(cell, village);
            front.insert((0_u64, cell, village));
        }
    }
    while let Some((cost, cell, village)) = front.pop_first() {
        if *village_of.entry(cell).or_insert(village) != village {
            continue;
        }
        for (next, distance) in beside.get(&cell).into_iter().flatten() {
            if !village_of.contains_key(next) {
                front.insert((
                    cost + millimetres(distance * pace.get(village).unwrap_or(&1.0)),
                    *next,
                    village,
                ));
            }
        }
    }
    village_of
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a distance on the map, in mm")]
fn millimetres(distance_m: f64) -> u64 {
    (distance_m * 1_000.0) as u64
}

/// The township's rough outline: an ellipse with bays and headlands.
#[derive(Debug)]
struct Outline(Vec<(f64, f64, f64)>);

impl Outline {
    fn new(dice: &mut Dice) -> Self {
        let waves = [(2.0, 0.07), (3.0, 0.08), (4.0, 0.05), (5.0, 0.05), (7.0, 0.035), (11.0, 0.02)];
        Self(waves.map(|(count, size)| (count, size, dice.between(0.0, std::f64::consts::TAU))).to_vec())
    }

    /// How far out `at` is: below 1 inside.
    fn reach(&self, at: Point) -> f64 {
        let (x, y) = (at.x / HALF_WIDTH_M, at.y / HALF_HEIGHT_M);
        let angle = y.atan2(x);
        let wave = |(count, size, phase): &(f64, f64, f64)| size * (count * angle + phase).sin();
        x.hypot(y) / (1.0 + self.0.iter().map(wave).sum::<f64>())
    }

    fn inside(&self, limit: f64, dice: &mut Dice) -> Point {
        self.find(1.35, dice, |reach| reach < limit)
    }

    fn outside(&self, dice: &mut Dice) -> Point {
        self.find(1.6, dice, |reach| reach > 1.01)
    }

    fn find(&self, extent: f64, dice: &mut Dice, fits: impl Fn(f64) -> bool) -> Point {
        loop {
            let x = dice.between(-extent, extent) * HALF_WIDTH_M;
            let y = dice.between(-extent, extent) * HALF_HEIGHT_M;
            if fits(self.reach(Point::new(x, y))) {
                return Point::new(x, y);
            }
        }
    }

    /// Village centres, well apart; the first one is the town.
    fn centres(&self, count: usize, dice: &mut Dice) -> Vec<Point> {
        let mut centres = vec![self.inside(0.3, dice)];
        while centres.len() < count {
            let apart = |at: &Point| centres.iter().map(|c| c.distance(*at)).fold(f64::INFINITY, f64::min);
            let candidates: Vec<Point> = (0..12).map(|_| self.inside(0.88, dice)).collect();
            let best = candidates.into_iter().max_by(|a, b| apart(a).total_cmp(&apart(b)));
            centres.extend(best);
        }
        centres
    }
}
