//! Rules that the made-up township keeps.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    World,
    dice::Dice,
    grids::{self, Grid, GridKind, MICRO_GRIDS, SPECIAL_GRIDS, VILLAGES},
    people::{self, Role},
    plane, texts,
};

fn area(grid: &Grid) -> i128 {
    grid.rings.iter().map(|ring| plane::doubled_area(ring)).sum()
}

#[test]
fn the_township_has_334_grids_under_18_villages() {
    let world = World::new(1);
    let counts = |kind| world.grids_of(kind).count();
    assert_eq!(counts(GridKind::Village), VILLAGES);
    assert_eq!(counts(GridKind::Micro), MICRO_GRIDS);
    assert_eq!(counts(GridKind::Dedicated), SPECIAL_GRIDS);
    assert_eq!(counts(GridKind::Emergency), SPECIAL_GRIDS);
    assert_eq!(world.grids.len(), 334 + 18);
    let codes: BTreeSet<_> = world.grids.iter().map(|grid| &grid.id).collect();
    let names: BTreeSet<_> = world.grids.iter().map(|grid| &grid.name).collect();
    assert_eq!((codes.len(), names.len()), (352, 352));
    for grid in &world.grids {
        let parent = grid.parent.as_deref().and_then(|id| world.grid(id)).map(|parent| parent.kind);
        let expected = match grid.kind {
            GridKind::Village => None,
            GridKind::Micro => Some(GridKind::Village),
            GridKind::Dedicated | GridKind::Emergency => Some(GridKind::Micro),
        };
        assert_eq!(parent, expected, "{}", grid.id);
    }
}

/// Each side of the map belongs to two micro-grids, once in each direction, or lies on the rim of
/// the township: then neither gap nor overlap is possible between neighbours.
#[test]
fn micro_grids_tile_the_township_exactly() {
    for seed in [1, 2, 3] {
        let world = World::new(seed);
        let mut sides = BTreeSet::new();
        for ring in world.grids_of(GridKind::Micro).flat_map(|grid| &grid.rings) {
            for side in plane::sides(ring) {
                assert!(sides.insert(side), "seed {seed}: a side stands twice");
            }
        }
        let rim: BTreeMap<_, _> = sides.iter().filter(|(a, b)| !sides.contains(&(*b, *a))).copied().collect();
        let mut outline = vec![*rim.keys().next().unwrap()];
        while let Some(next) = rim.get(outline.last().unwrap()).filter(|next| **next != outline[0]) {
            outline.push(*next);
        }
        assert_eq!(outline.len(), rim.len(), "seed {seed}: the rim is one ring");
        let micros: i128 = world.grids_of(GridKind::Micro).map(area).sum();
        let villages: i128 = world.grids_of(GridKind::Village).map(area).sum();
        assert_eq!(micros, plane::doubled_area(&outline), "seed {seed}");
        assert_eq!(villages, micros, "seed {seed}");
    }
}

#[test]
fn every_village_is_the_union_of_its_micro_grids() {
    let world = World::new(4);
    for village in world.grids_of(GridKind::Village) {
        let mine = |grid: &&Grid| grid.parent.as_ref() == Some(&village.id);
        assert_eq!(world.grids_of(GridKind::Micro).filter(mine).map(area).sum::<i128>(), area(village));
    }
}

#[test]
fn micro_grids_have_one_simple_ring_of_some_forty_corners() {
    let world = World::new(5);
    let mut corners = 0;
    for grid in world.grids_of(GridKind::Micro) {
        assert_eq!(grid.rings.len(), 1, "{}", grid.id);
        let ring = &grid.rings[0];
        assert!((18..=80).contains(&ring.len()), "{}: {}", grid.id, ring.len());
        corners += ring.len();
        let sides: Vec<_> = plane::sides(ring).map(|(a, b)| (a.units(), b.units())).collect();
        for (index, one) in sides.iter().enumerate() {
            let crossing = sides[index + 1..].iter().any(|other| cross(*one, *other));
            assert!(!crossing, "{} crosses itself", grid.id);
        }
    }
    assert!((30..=60).contains(&(corners / MICRO_GRIDS)), "{}", corners / MICRO_GRIDS);
}

type Ends = ((i32, i32), (i32, i32));

/// Whether two sides cross in a point that is an end of neither.
fn cross(one: Ends, other: Ends) -> bool {
    let side = |(from, to): Ends, at: (i32, i32)| {
        let wide = |a: i32, b: i32| i128::from(a) - i128::from(b);
        (wide(to.0, from.0) * wide(at.1, from.1) - wide(to.1, from.1) * wide(at.0, from.0)).signum()
    };
    side(one, other.0) * side(one, other.1) < 0 && side(other, one.0) * side(other, one.1) < 0
}

#[test]
fn dedicated_and_emergency_grids_lie_inside_their_micro_grid() {
    let world = World::new(6);
    for grid in
        world.grids.iter().filter(|grid| matches!(grid.kind, GridKind::Dedicated | GridKind::Emergency))
    {
        let host = world.grid(grid.parent.as_deref().unwrap()).unwrap();
        assert!(area(grid) > 0 && grid.rings[0].iter().all(|at| host.contains(*at)), "{}", grid.id);
    }
}

#[test]
fn random_points_lie_in_their_grid_and_in_no_neighbour() {
    let world = World::new(7);
    let mut dice = Dice::new(1);
    for grid in world.grids_of(GridKind::Micro).step_by(10) {
        let at = world.random_point(&grid.id, &mut dice).unwrap();
        let holders: Vec<_> = world.grids_of(GridKind::Micro).filter(|grid| grid.contains(at)).collect();
        assert_eq!(holders.iter().map(|grid| &grid.id).collect::<Vec<_>>(), [&grid.id]);
        let round = world.round(&grid.id, 6, &mut dice);
        assert_eq!(round.len(), 7);
        assert_eq!(round.first(), round.last());
    }
}

#[test]
fn the_boundary_file_is_geojson_with_closed_rings() {
    let world = World::new(8);
    let file: serde_json::Value = serde_json::from_str(&grids::to_geojson(&world.grids)).unwrap();
    let features = file["features"].as_array().unwrap();
    assert_eq!(features.len(), 352);
    for (feature, grid) in features.iter().zip(&world.grids) {
        assert_eq!(feature["properties"]["id"], grid.id.as_str());
        assert_eq!(feature["properties"]["kind"], grid.kind.as_str());
        let ring = feature["geometry"]["coordinates"][0].as_array().unwrap();
        assert_eq!(ring.first(), ring.last());
        assert_eq!(ring.len(), grid.rings[0].len() + 1);
        let longitude = ring[0][0].as_f64().unwrap();
        assert!((119.4..119.9).contains(&longitude) && longitude.to_string().len() <= 11);
    }
}

#[test]
fn every_micro_grid_has_a_member_and_every_special_grid_a_named_person() {
    let world = World::new(9);
    let count = |role| world.people.iter().filter(|person| person.role == role).count();
    assert_eq!([Role::Member, Role::Leader, Role::Informant, Role::Handler].map(count), [306, 18, 13, 10]);
    let covered: BTreeSet<_> = world.people.iter().flat_map(|person| &person.grids).collect();
    assert_eq!(covered, world.grids.iter().map(|grid| &grid.id).collect());
}

#[test]
fn the_lists_are_csv_and_every_category_has_a_department() {
    let world = World::new(10);
    let members = people::members_csv(&world.people);
    let lines: Vec<Vec<&str>> = members.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["id", "name", "role", "grids", "department", "phone"]);
    assert_eq!(lines.len(), 1 + world.people.len());
    assert!(lines.iter().all(|line| line.len() == 6));
    assert_eq!(lines[1][5], "10000000001");
    let departments = people::departments_csv(&world.departments);
    assert_eq!(departments.lines().count(), 6);
    for category in texts::CATEGORIES {
        assert!(world.departments.iter().any(|d| d.categories.iter().any(|c| c == category)), "{category}");
    }
}

#[test]
fn the_same_seed_writes_the_same_files() {
    let written = |seed| {
        let directory = tempfile::tempdir().unwrap();
        World::new(seed).write_files(directory.path()).unwrap();
        ["grids.geojson", "members.csv", "departments.csv"]
            .map(|name| std::fs::read(directory.path().join(name)).unwrap())
    };
    assert_eq!(written(11), written(11));
    assert_ne!(written(11), written(12));
}
