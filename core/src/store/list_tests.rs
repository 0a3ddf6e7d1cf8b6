//! Lists, held against a plain filter of all rows.

mod made;

use std::collections::BTreeSet;

use self::made::Made;
use super::{
    Listed, Query, Similar, Sort, TallyBy,
    conditions::Conditions,
    search_tests::{Fed, at, id},
};
use crate::{
    entry::{BodyType, Entry},
    error::Error,
    geo::Position,
    id::{CategoryId, DocumentId, GridId, Salt},
    model::{
        DocumentKind, Severity, encode,
        incident::{IncidentRecord, IncidentStep, StepKind},
        place::Place,
    },
    time::Random,
};
fn documents(found: &[Listed]) -> Vec<DocumentId> {
    found.iter().map(|listed| listed.row.columns().document).collect()
}

#[test]
fn a_list_is_what_a_plain_filter_keeps_and_its_count_is_its_rows() {
    let mut hits = 0;
    for seed in 0..3 {
        let mut made = Made::new(seed);
        (0..90).for_each(|_| made.add());
        let all = made.all();
        assert_eq!(all.len(), 90);
        for number in 0..160 {
            let query = made.query();
            let (found, total) = made.pages(&query, |_| ());
            let mut expected: Vec<DocumentId> = documents(
                &all.iter().filter(|listed| made.expects(&query, listed)).cloned().collect::<Vec<_>>(),
            );
            let mut listed = documents(&found);
            listed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(listed, expected, "seed {seed}, query {number}: {query:?}");
            assert_eq!(total, found.len() as u64, "seed {seed}, query {number}: {query:?}");
            assert!(Made::is_sorted(&query, &found), "seed {seed}, query {number}: {query:?}");
            let asker = Made::asker();
            for by in [TallyBy::Kind, TallyBy::State, TallyBy::Category, TallyBy::Grid, TallyBy::Level] {
                let tally = made.phone.store.tally(&query, &asker, by).unwrap();
                assert_eq!(tally.iter().map(|(_, count)| count).sum::<u64>(), total);
                for (code, count) in tally.into_iter().filter(|(code, _)| !code.is_empty()) {
                    let has = |listed: &&Listed| {
                        let columns = listed.row.columns();
                        match by {
                            TallyBy::Kind => listed.kind.as_str() == code,
                            TallyBy::State => columns.state == code,
                            TallyBy::Category => columns.category == Some(code.as_str()),
                            TallyBy::Grid => columns.grid.is_some_and(|grid| grid.as_str() == code),
                            TallyBy::Level => columns.level.is_some_and(|level| level.to_string() == code),
                        }
                    };
                    assert_eq!(found.iter().filter(has).count() as u64, count, "{by:?} {code}");
                }
            }
            hits += found.len();
        }
    }
    assert!(hits > 2_000, "the queries find something: {hits}");
}

#[test]
fn pages_skip_and_repeat_nothing_while_rows_come() {
    for seed in 10..14 {
        let mut made = Made::new(seed);
        (0..60).for_each(|_| made.add());
        for _ in 0..12 {
            let query = Query { limit: 3, ..made.query() };
            let before: BTreeSet<DocumentId> = made
                .all()
                .iter()
                .filter(|listed| made.expects(&query, listed))
                .map(|listed| listed.row.columns().document)
                .collect();
            // A visit that comes would move its household's due time: that row may change its place.
            let moves = query.sort == Sort::DueFirst || query.overdue;
            let (found, _) = made.pages(&query, |made| {
                if !moves {
                    made.add();
                }
            });
            let shown = documents(&found);
            let unique: BTreeSet<DocumentId> = shown.iter().copied().collect();
            assert_eq!(unique.len(), shown.len(), "seed {seed}: no row twice: {query:?}");
            assert!(unique.is_superset(&before), "seed {seed}: no row skipped: {query:?}");
        }
    }
}

#[test]
fn a_page_key_of_another_order_and_nearness_without_a_place_are_refused() {
    let mut made = Made::new(20);
    (0..5).for_each(|_| made.add());
    let asker = Made::asker();
    let newest = Query { limit: 1, ..Query::default() };
    let after = made.phone.store.page(&newest, &asker).unwrap().next;
    assert!(after.is_some());
    let other = Query { sort: Sort::WorstFirst, after, ..Query::default() };
    assert!(matches!(made.phone.store.page(&other, &asker), Err(Error::Invalid { .. })));
    let near = Query { sort: Sort::Nearest, ..Query::default() };
    assert!(matches!(made.phone.store.page(&near, &asker), Err(Error::Invalid { .. })));
}

#[test]
fn the_box_around_a_place_holds_all_that_is_near() {
    let mut dice = Random::seeded(3);
    for _ in 0..20_000 {
        let units = |dice: &mut Random, reach: u64| {
            i64::try_from(dice.below(reach * 2 + 1)).unwrap() - i64::try_from(reach).unwrap()
        };
        let from = Position::from_units(
            i32::try_from(units(&mut dice, 900_000_000)).unwrap(),
            i32::try_from(units(&mut dice, 1_800_000_000)).unwrap(),
        )
        .unwrap();
        let spread = 10_u64.pow(u32::try_from(3 + dice.below(6)).unwrap());
        let (north, east) = (units(&mut dice, spread), units(&mut dice, spread));
        let (latitude, longitude) = from.units();
        let moved = (i64::from(latitude) + north, i64::from(longitude) + east);
        let wrapped = (moved.1 + 1_800_000_000).rem_euclid(3_600_000_000) - 1_800_000_000;
        let (Ok(latitude), Ok(longitude)) = (i32::try_from(moved.0), i32::try_from(wrapped)) else {
            continue;
        };
        let Ok(to) = Position::from_units(latitude, longitude) else { continue };
        let radius = super::list::whole(from.distance_m(to).ceil());
        let (latitudes, longitudes) = super::conditions::around(from, radius);
        assert!((latitudes.0..=latitudes.1).contains(&i64::from(latitude)), "{from:?} {to:?}");
        let fits = longitudes.is_none_or(|(west, east)| (west..=east).contains(&i64::from(longitude)));
        assert!(fits, "{from:?} {to:?}");
    }
}

fn report(number: u8, text: &str, hours: i64, metres: i32, category: &str) -> Entry {
    // Nine units of 1e-7 degree are a decimetre.
    let position = Position::from_units(290_000_000 + metres * 90, 1_196_000_000).ok();
    let record = IncidentRecord {
        salt: Salt::ZERO,
        text: text.to_owned(),
        category: CategoryId::new(category).unwrap(),
        severity: Severity::Normal,
        place: Place { position, grid: GridId::new("g1").ok(), ..Place::default() },
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: None,
        matter: None,
        source: None,
    };
    Entry::new(id(number), DocumentKind::Incident, at(hours * 3_600), BodyType::Record, encode(&record))
        .unwrap()
}

#[test]
fn what_is_near_in_place_time_and_words_is_offered_first() {
    let mut phone = Fed::new();
    phone.feed(vec![
        report(1, "南门口水管破裂，路面积水", 0, 20, "order"),
        report(2, "南门口有人占道经营", 0, 20, "order"),
        report(3, "南门口水管破裂，路面积水", 0, 400, "order"),
        report(4, "南门口水管破裂，路面积水", -80, 20, "order"),
        report(5, "南门口水管破裂，路面积水", 0, 20, "fire"),
        report(6, "南门口水管破裂，路面积水", 0, 20, "drugs"),
        report(7, "南门口水管破裂，路面积水", 0, 20, "order"),
    ]);
    let reject = IncidentStep {
        reason: Some(crate::id::ReasonId::new("none").unwrap()),
        ..IncidentStep::plain(StepKind::Rejected)
    };
    let change = phone.store.edit(id(7), &[encode(&reject)], &[]).unwrap();
    let settled_at = at(-60 * 3_600);
    phone
        .feed(vec![Entry::new(id(7), DocumentKind::Incident, settled_at, BodyType::Change, change).unwrap()]);
    let related = ["order", "fire"].map(|code| CategoryId::new(code).unwrap());
    let mut to = Similar {
        position: Position::from_units(290_000_000, 1_196_000_000).ok(),
        grid: GridId::new("g1").ok(),
        category: CategoryId::new("order").unwrap(),
        at: at(3_600),
        text: "水管破裂，南门口都是水".to_owned(),
        except: None,
    };
    let numbers = |phone: &Fed, to: &Similar| -> Vec<DocumentId> {
        phone.store.similar(to, &related).unwrap().iter().map(|found| found.row.document).collect()
    };
    assert_eq!(numbers(&phone, &to), [id(1), id(5), id(2)]);
    let best = phone.store.similar(&to, &related).unwrap().remove(0);
    assert_eq!((best.distance_m, best.apart_s), (Some(20), 3_600));
    assert!(best.score > 75 && best.score <= 100, "{}", best.score);
    to.except = Some(id(1));
    assert_eq!(numbers(&phone, &to), [id(5), id(2)]);
    // Without a position the grid decides, and the 400 metres are not known.
    to.position = None;
    assert_eq!(numbers(&phone, &to), [id(3), id(5), id(2)]);
    to.grid = None;
    assert!(numbers(&phone, &to).is_empty());
}

#[test]
fn usual_lists_read_an_index() {
    let mut made = Made::new(30);
    (0..10).for_each(|_| made.add());
    let plan = |statement: &str| -> String {
        let connection = &made.phone.store.connection;
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        let unbound = vec![rusqlite::types::Null; statement.parameter_count()];
        let lines =
            statement.query_map(rusqlite::params_from_iter(unbound), |row| row.get::<_, String>(3)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let newest = "ORDER BY w.at DESC, w.document DESC LIMIT 51";
    for listed in [
        format!("SELECT w.document FROM work w WHERE w.kind = 1 {newest}"),
        format!(
            "SELECT w.document FROM work w WHERE w.kind = 1 AND w.is_open = 1 AND w.grid = 'g1' {newest}"
        ),
        format!(
            "SELECT w.document FROM work w WHERE w.kind = 1 AND (w.at, w.document) < (5, x'00') {newest}"
        ),
    ] {
        let plan = plan(&listed);
        assert!(plan.contains("COVERING INDEX") && !plan.contains("TEMP B-TREE"), "{listed}: {plan}");
    }
    for counted in [
        "work w WHERE w.kind = 1 AND w.is_open = 1",
        "work w WHERE w.kind = 1 AND w.grid = 'g1'",
        "work_due w WHERE w.due < 5",
        "work w WHERE w.author = 0",
        "work w WHERE w.latitude_e7 BETWEEN 1 AND 5",
        "work w WHERE instr(w.members || ' ' || w.departments, 'm1')",
    ] {
        let plan = plan(&format!("SELECT count(*) FROM {counted}"));
        assert!(plan.contains("COVERING INDEX"), "{counted}: {plan}");
    }
    for query in [
        Query { for_me: true, ..Query::default() },
        Query { overdue: true, is_open: Some(true), ..Query::default() },
        Query { grid: GridId::new("v1").ok(), categories: vec!["fire".to_owned()], ..Query::default() },
        Query { near: Position::new(29.0, 119.6).ok().map(|from| (from, 500)), ..Query::default() },
    ] {
        let conditions = Conditions::of(&query, &Made::asker(), None);
        let plan = plan(&format!("SELECT count(*) FROM {} w WHERE {}", conditions.table(), conditions.sql));
        assert!(plan.contains("w USING COVERING INDEX work_list"), "{query:?}: {plan}");
    }
    let unsent = plan("SELECT document FROM entry WHERE state IN (1, 3) AND state = 1");
    assert!(unsent.contains("INDEX entry_unsettled"), "{unsent}");
}
