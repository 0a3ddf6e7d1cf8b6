//! The township's grids: villages cut into micro-grids without gap or overlap, and small dedicated
//! and emergency grids inside some of them; as data and as the GeoJSON file an operator imports.

use std::collections::BTreeMap;

use serde_json::json;
use suishou_core::geo::Position;

use super::{
    borders,
    dice::Dice,
    layout,
    names::NAMES,
    plane::{self, Point},
};

const COUNTY: &str = "330702";
/// Micro-grids of the township.
pub const MICRO_GRIDS: usize = 306;
/// Villages above them.
pub const VILLAGES: usize = 18;
/// Dedicated grids, and as many emergency grids.
pub const SPECIAL_GRIDS: usize = 14;

/// What a grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GridKind {
    /// 村: the union of its micro-grids.
    Village,
    /// 微网格: some tens of households.
    Micro,
    /// 专属网格: a school, hospital, care home or building site.
    Dedicated,
    /// 应急网格: a river bar, landslide site or forest edge.
    Emergency,
}

impl GridKind {
    /// The kind as the GeoJSON file writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Village => "village",
            Self::Micro => "micro",
            Self::Dedicated => "dedicated",
            Self::Emergency => "emergency",
        }
    }
}

/// One grid.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Its code, such as `330702-05-017`.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// What it is.
    pub kind: GridKind,
    /// The grid above it; none above a village.
    pub parent: Option<String>,
    /// Outer ring first, then holes; the first position isn't repeated at the end.
    pub rings: Vec<Vec<Position>>,
}

impl Grid {
    /// Whether `at` lies in this grid.
    pub fn contains(&self, at: Position) -> bool {
        self.rings.iter().filter(|ring| plane::is_inside(ring, at)).count() % 2 == 1
    }

    /// A place in this grid, any one as likely as another.
    pub fn random_point(&self, dice: &mut Dice) -> Position {
        let outer: Vec<Point> = self.rings.iter().flatten().copied().map(Point::of).collect();
        let extent = |axis: fn(&Point) -> f64| {
            let values = outer.iter().map(axis);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
        };
        let ((west, east), (south, north)) = (extent(|point| point.x), extent(|point| point.y));
        loop {
            let at = Point::new(dice.between(west, east), dice.between(south, north)).position();
            if self.contains(at) {
                return at;
            }
        }
    }

    fn clearance(&self, at: Position) -> f64 {
        let here = Point::of(at);
        let sides = self.rings.iter().flat_map(|ring| plane::sides(ring));
        let distances = sides.map(|(from, to)| here.distance_to_line(Point::of(from), Point::of(to)));
        distances.fold(f64::INFINITY, f64::min)
    }
}

/// Makes all grids: villages first, then micro, dedicated and emergency grids.
pub fn make(dice: &mut Dice) -> Vec<Grid> {
    let (mut village_names, mut hamlets) = (NAMES.villages.clone(), NAMES.hamlets.clone());
    dice.shuffle(&mut village_names);
    let layout = layout::lay_out(MICRO_GRIDS, VILLAGES, dice);
    let mut cells_of = BTreeMap::<usize, Vec<usize>>::new();
    for (cell, village) in &layout.village_of {
        cells_of.entry(*village).or_default().push(*cell);
    }
    let mut villages = Vec::new();
    let mut micros = Vec::new();
    for (index, (cells, name)) in cells_of.values().zip(&village_names).enumerate() {
        let is_mine = |cell: &usize| cells.contains(cell);
        let edge =
            layout.borders.iter().filter(|border| border.cells.iter().filter(|c| is_mine(c)).count() == 1);
        let village = Grid {
            id: format!("{COUNTY}-{:02}", index + 1),
            name: NAMES.village.replace("{village}", name),
            kind: GridKind::Village,
            parent: None,
            rings: borders::rings(edge),
        };
        dice.shuffle(&mut hamlets);
        for (number, (cell, hamlet)) in cells.iter().zip(&hamlets).enumerate() {
            let edge = layout.borders.iter().filter(|border| border.cells.contains(cell));
            micros.push(Grid {
                id: format!("{}-{:03}", village.id, number + 1),
                name: NAMES.micro.replace("{village}", name).replace("{hamlet}", hamlet),
                kind: GridKind::Micro,
                parent: Some(village.id.clone()),
                rings: borders::rings(edge),
            });
        }
        villages.push(village);
    }
    let special = special_grids(&micros, dice);
    villages.into_iter().chain(micros).chain(special).collect()
}

/// Dedicated grids where micro-grids are small, as in town; emergency grids where they are wide, as
/// in the hills.
fn special_grids(micros: &[Grid], dice: &mut Dice) -> Vec<Grid> {
    let of_micro = NAMES.micro.rsplit('}').next().unwrap_or_default();
    let mut hosts: Vec<&Grid> = micros.iter().collect();
    hosts.sort_by_key(|grid| grid.rings.iter().map(|ring| plane::doubled_area(ring).abs()).sum::<i128>());
    let wide = hosts.split_off(MICRO_GRIDS / 2);
    let kinds =
        [(GridKind::Dedicated, hosts, &NAMES.dedicated), (GridKind::Emergency, wide, &NAMES.emergency)];
    let mut grids = Vec::new();
    for (kind, mut hosts, endings) in kinds {
        dice.shuffle(&mut hosts);
        for (host, ending) in hosts.into_iter().zip(endings).take(SPECIAL_GRIDS) {
            let letter = if kind == GridKind::Dedicated { 'Z' } else { 'Y' };
            grids.push(Grid {
                id: format!("{}-{letter}1", host.id),
                name: ending.replace("{host}", host.name.trim_end_matches(of_micro)),
                kind,
                parent: Some(host.id.clone()),
                rings: vec![plot(host, kind, dice)],
            });
        }
    }
    grids
}

/// A small closed shape well inside `host`: walls have corners, a river bar is long and ragged.
fn plot(host: &Grid, kind: GridKind, dice: &mut Dice) -> Vec<Position> {
    let tries: Vec<Position> = (0..80).map(|_| host.random_point(dice)).collect();
    let deepest = tries.into_iter().max_by(|a, b| host.clearance(*a).total_cmp(&host.clearance(*b)));
    let Some(middle) = deepest else { return Vec::new() };
    let (largest, corners, flatness, ragged) = match kind {
        GridKind::Emergency => (430.0, 22, dice.between(0.25, 0.6), 0.08),
        _ => (170.0, 6, dice.between(0.55, 0.9), 0.1),
    };
    let radius = (0.75 * host.clearance(middle)).min(largest);
    let turn = dice.between(0.0, std::f64::consts::PI);
    let corner = |index: u32| {
        let angle = f64::from(index) / f64::from(corners) * std::f64::consts::TAU;
        let out = radius * (1.0 - dice.between(0.0, 2.0 * ragged));
        let (along, across) = (out * angle.cos(), out * flatness * angle.sin());
        Point::of(middle).polar(along.hypot(across), turn + across.atan2(along)).position()
    };
    (0..corners).map(corner).collect()
}

/// The grids as one GeoJSON `FeatureCollection`, a feature a line, WGS-84, seven decimals.
pub fn to_geojson(grids: &[Grid]) -> String {
    let features: Vec<String> = grids.iter().map(|grid| feature(grid).to_string()).collect();
    format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n", features.join(",\n"))
}

fn feature(grid: &Grid) -> serde_json::Value {
    let close = |ring: &Vec<Position>| {
        let closed = ring.iter().chain(ring.first());
        closed.map(|at| json!([at.longitude(), at.latitude()])).collect::<Vec<_>>()
    };
    json!({
        "type": "Feature",
        "properties": {
            "id": grid.id,
            "name": grid.name,
            "kind": grid.kind.as_str(),
            "parent": grid.parent,
        },
        "geometry": { "type": "Polygon", "coordinates": grid.rings.iter().map(close).collect::<Vec<_>>() },
    })
}
