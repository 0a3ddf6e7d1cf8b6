//! Grids that are taken away or divided: their open work finds another grid, or nothing changes.

use std::collections::BTreeSet;

use suishou_core::{
    error::Error,
    field::{Field, ReportDraft},
    geo::{GridFeature, read_geojson},
    id::{DocumentId, GridId},
};
use suishou_server::relay::{Imported, Member, RelayError, WorkFilter, grids::GridsImported};
use suishou_tests::harness::Township;

use crate::scenarios::report;

/// The village with its grids, each a strip from one meridian to another.
fn map(strips: &[(&str, f64, f64)]) -> Vec<GridFeature> {
    let feature = |id: &str, name: &str, kind: &str, parent: &str, west: f64, east: f64| {
        format!(
            r#"{{"type":"Feature","properties":{{"id":"{id}","name":"{name}","kind":"{kind}"{parent}}},
            "geometry":{{"type":"Polygon","coordinates":[[[{west},29.00],[{east},29.00],[{east},29.01],[{west},29.01],[{west},29.00]]]}}}}"#
        )
    };
    let mut features = vec![feature("v1", "桥头村", "village", "", 119.60, 119.62)];
    let parent = r#","parent":"v1""#;
    features.extend(strips.iter().map(|(id, west, east)| feature(id, id, "micro", parent, *west, *east)));
    let json = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    read_geojson(json.as_bytes()).unwrap()
}

/// Grid g1 as it is, and the two into which it is divided.
const BOTH: [(&str, f64, f64); 4] =
    [("g1", 119.60, 119.61), ("g1a", 119.60, 119.604), ("g1b", 119.604, 119.61), ("g2", 119.61, 119.62)];
const DIVIDED: [(&str, f64, f64); 3] = [BOTH[1], BOTH[2], BOTH[3]];

fn grid(id: &str) -> GridId {
    GridId::new(id).unwrap()
}

/// Gives m1 these grids.
async fn assign(township: &Township, grids: &[&str]) {
    let members = township.relay.members().await.unwrap();
    let known = members.into_iter().find(|member| member.id.as_str() == "m1").unwrap();
    let grids = grids.iter().map(|id| grid(id)).collect();
    township.relay.import_members(vec![Member { grids, ..known }]).await.unwrap();
}

fn seen(field: &Field) -> BTreeSet<DocumentId> {
    let listed = field.incidents(suishou_core::store::Mine::OrOthers, 100, 0).unwrap();
    listed.into_iter().map(|listed| listed.row.document).collect()
}

fn problems(refused: Result<GridsImported, RelayError>) -> Vec<String> {
    match refused {
        Err(RelayError::Core(Error::Invalid { problems })) => {
            problems.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn open_work_of_a_divided_grid_moves_by_its_place_and_stays_seen() {
    let mut township = Township::new(901).await;
    let mut reporter = township.phone("i1", 1).await;
    let (west, east) = (
        reporter.field().report(report("西边", &township, 119.602)).unwrap(),
        reporter.field().report(report("东边", &township, 119.607)).unwrap(),
    );
    reporter.sync().await.unwrap();
    township.settled().await;
    let mut member = township.phone("m1", 2).await;
    member.sync().await.unwrap();
    assert_eq!(seen(member.field()), [west, east].into());

    // While somebody works in it, it can't go.
    let version = township.relay.settings().await.version;
    let refused = problems(township.relay.import_grids(map(&DIVIDED)).await);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0].contains("g1 can't") && refused[0].contains("1 members work in it: m1;"),
        "{refused:?}"
    );
    assert_eq!(township.relay.settings().await.version, version);

    township.relay.import_grids(map(&BOTH)).await.unwrap();
    assign(&township, &["g1a"]).await;
    let foreseen = township.relay.foresee_grids(map(&DIVIDED)).await.unwrap();
    let version = township.relay.settings().await.version;
    let done = township.relay.import_grids(map(&DIVIDED)).await.unwrap();
    let to = |document| done.moved.iter().find(|one| one.document == document).map(|one| one.to.clone());
    assert_eq!((done.moved.len(), to(west), to(east)), (2, Some(grid("g1a")), Some(grid("g1b"))));
    assert_eq!((&foreseen.moved, foreseen.is_dry_run), (&done.moved, true));
    let expected =
        Imported { unchanged: 4, removed: 1, settings_version: version + 1, ..Imported::default() };
    assert_eq!(done.imported, expected);

    // By an entry: phones learn it, and a restore keeps it.
    reporter.sync().await.unwrap();
    let grid_of = |field: &Field, document| field.incident(document).unwrap().incident.grid.value;
    assert_eq!(grid_of(reporter.field(), west), Some(grid("g1a")));
    assert_eq!(grid_of(reporter.field(), east), Some(grid("g1b")));
    member.sync().await.unwrap();
    assert_eq!(seen(member.field()), [west].into());
    assign(&township, &["g1a", "g1b"]).await;
    let backup = township.backup().await;
    township.copy_back(&backup).await;
    township.reconnect(&mut member);
    member.sync().await.unwrap();
    assert_eq!(seen(member.field()), [west, east].into());
    assert_eq!(township.relay.incident(east).await.unwrap().listed.row.grid, Some(grid("g1b")));
}

#[tokio::test]
async fn what_finds_no_grid_keeps_the_old_ones_all_or_nothing_and_is_named() {
    let township = Township::new(902).await;
    let mut reporter = township.phone("i1", 1).await;
    let nowhere =
        ReportDraft { fix: None, grid: Some(grid("g1")), ..report("没有定位", &township, 119.605) };
    let lost = reporter.field().report(nowhere).unwrap();
    let placed = reporter.field().report(report("有定位", &township, 119.605)).unwrap();
    reporter.sync().await.unwrap();
    township.settled().await;
    assign(&township, &["g2"]).await;
    let wide = [("g2", 119.604, 119.62)];
    let version = township.relay.settings().await.version;
    for refused in
        [township.relay.foresee_grids(map(&wide)).await, township.relay.import_grids(map(&wide)).await]
    {
        let refused = problems(refused);
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].contains("1 open incidents") && refused[0].contains(&lost.to_string()));
        assert!(!refused[0].contains(&placed.to_string()), "{refused:?}");
    }
    assert_eq!(township.relay.settings().await.version, version);
    let shown = township.relay.incident(placed).await.unwrap();
    assert_eq!(shown.listed.row.grid, Some(grid("g1")), "nothing of it happened");
    assert!(shown.work.steps.is_empty());

    // Somebody says where it belongs, and then the grid can go; what is in g2 now lies in what g2 is now.
    let fields = vec![("grid".to_owned(), "g2".to_owned())];
    let act = suishou_server::relay::Act { fields, ..Default::default() };
    township.relay.act(lost, act).await.unwrap();
    let done = township.relay.import_grids(map(&wide)).await.unwrap();
    assert_eq!(done.moved.iter().map(|one| one.document).collect::<Vec<_>>(), [placed]);
    let mut member = township.phone("m1", 3).await;
    member.sync().await.unwrap();
    assert_eq!(seen(member.field()), [lost, placed].into());
}

#[tokio::test]
async fn a_report_that_arrives_after_its_grid_was_divided_moves_by_its_place_too() {
    let mut township = Township::new(911).await;
    let mut reporter = township.phone("i1", 1).await;
    // Written without a network, while the grid is divided.
    let west = reporter.field().report(report("西边", &township, 119.602)).unwrap();
    let nowhere =
        ReportDraft { fix: None, grid: Some(grid("g1")), ..report("没有定位", &township, 119.605) };
    let lost = reporter.field().report(nowhere).unwrap();
    township.relay.import_grids(map(&BOTH)).await.unwrap();
    assign(&township, &["g1a"]).await;
    assert!(township.relay.import_grids(map(&DIVIDED)).await.unwrap().moved.is_empty());
    reporter.sync().await.unwrap();
    let grid_of = async |township: &Township, document| {
        township.settled().await.incident(document).await.unwrap().listed.row.grid
    };
    assert_eq!(grid_of(&township, west).await, Some(grid("g1a")));
    assert_eq!(grid_of(&township, lost).await, Some(grid("g1")), "there is no place to find one by");
    let listed = township.relay.incidents(WorkFilter { limit: 10, ..WorkFilter::default() }).await.unwrap();
    assert!(listed.iter().any(|listed| listed.row.document == lost), "the command centre has it");
    reporter.sync().await.unwrap();
    let known = reporter.field().incident(west).unwrap().incident.grid;
    assert_eq!(known.value, Some(grid("g1a")), "by an entry, which phones get");
    let mut member = township.phone("m1", 2).await;
    member.sync().await.unwrap();
    assert_eq!(seen(member.field()), [west].into());

    // Once: not again at the next start, nor when something is added.
    let entries = township.relay.status().await.unwrap().entries;
    township.restart().await;
    township.settled().await;
    assert_eq!(township.relay.status().await.unwrap().entries, entries);

    // What has no place is in no map's way.
    assign(&township, &["g2"]).await;
    let done = township.relay.import_grids(map(&[("g2", 119.60, 119.62)])).await.unwrap();
    assert_eq!(done.moved.iter().map(|one| one.document).collect::<Vec<_>>(), [west]);
}

#[tokio::test]
async fn what_lies_in_a_grid_of_long_ago_moves_with_the_first_map_that_has_its_place() {
    let township = Township::new(912).await;
    let mut reporter = township.phone("i1", 1).await;
    let east = reporter.field().report(report("东头", &township, 119.617)).unwrap();
    let members = township.relay.members().await.unwrap();
    let known = members.into_iter().find(|member| member.id.as_str() == "m2").unwrap();
    township.relay.import_members(vec![Member { grids: vec![grid("g1")], ..known }]).await.unwrap();
    let members = township.relay.members().await.unwrap();
    let leader = members.into_iter().find(|member| member.id.as_str() == "l1").unwrap();
    township.relay.import_members(vec![Member { grids: vec![grid("g1")], ..leader }]).await.unwrap();
    // A map that leaves the east out, as the village's boundary does.
    let mut without_east = map(&[("g1", 119.60, 119.61)]);
    without_east.retain(|feature| feature.id == grid("g1"));
    for feature in &mut without_east {
        feature.parent = None;
    }
    township.relay.import_grids(without_east).await.unwrap();
    reporter.sync().await.unwrap();
    let shown = township.settled().await.incident(east).await.unwrap();
    assert_eq!(shown.listed.row.grid, Some(grid("g2")), "nowhere to go");
    let done =
        township.relay.import_grids(map(&[("g1", 119.60, 119.61), ("g3", 119.61, 119.62)])).await.unwrap();
    assert_eq!((done.moved.len(), done.moved[0].to.clone()), (1, grid("g3")));
    assert_eq!(township.relay.incident(east).await.unwrap().listed.row.grid, Some(grid("g3")));
}
