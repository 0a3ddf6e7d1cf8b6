//! Figures: every incident is counted once, parts add up to the whole, and times are the relay's.

use std::time::Duration;

use proptest::prelude::*;
use suishou_core::{
    id::{DepartmentId, DocumentId, TownshipId},
    model::{
        incident::{IncidentStep, StepKind},
        settings::{Department, Settings},
    },
    time::Timestamp,
};

use super::phone::{World, grid};
use crate::{
    db::{
        self,
        figures::{Counted, Outcome, Share},
    },
    relay::{
        Act,
        figures::{By, FIGURES, Figures, Period, Statement, page, statement},
    },
    times,
};

fn ask(world: &mut World, by: By, period: &Period) -> Statement {
    let engine = world.engine();
    let (settings, now) = (engine.shared().settings(), engine.shared().clock.now());
    statement(engine.connection(), &settings, now, by, period).unwrap()
}

fn step(world: &mut World, document: DocumentId, step: IncidentStep) {
    world.engine().act(document, &Act::step(step)).unwrap();
}

fn plain(world: &mut World, document: DocumentId, kind: StepKind) {
    let reason = world.engine().shared().settings().reasons[0].id.clone();
    step(world, document, IncidentStep { reason: Some(reason), ..IncidentStep::plain(kind) });
}

fn dispatch(world: &mut World, document: DocumentId, department: &str, hours: u64) {
    let due_at = Some(Timestamp::from_millis(world.clock_millis()).after(Duration::from_hours(hours)));
    let department = DepartmentId::new(department).ok();
    step(world, document, IncidentStep { department, due_at, ..IncidentStep::plain(StepKind::Dispatched) });
}

impl World {
    fn clock_millis(&mut self) -> i64 {
        self.engine().shared().clock.now().millis()
    }

    fn second_department(&mut self) {
        let department = Department {
            id: DepartmentId::new("market").unwrap(),
            name: "market".to_owned(),
            categories: Vec::new(),
        };
        self.engine().import_departments(vec![department]).unwrap();
    }
}

#[test]
fn what_another_system_handed_over_counts_as_its_own_from_the_first_moment_on() {
    use crate::relay::intake::{SourceForm, SourceKind, tests as intake};
    let mut world = World::new(810);
    world.engine().add_source(intake::source_form(None)).unwrap();
    let letters = suishou_core::id::SourceId::new("letters-2026").unwrap();
    let petition =
        SourceForm { id: letters.clone(), kind: SourceKind::Petition, ..intake::source_form(None) };
    world.engine().add_source(petition).unwrap();
    let mut ina = world.phone("ina");
    ina.report("a");
    ina.sync(&mut world);
    let tickets = [intake::ticket("A-1", 1), intake::ticket("A-2", 1)];
    let taken = world.engine().take_in(&intake::hotline(), &tickets, None).unwrap();
    world.engine().take_in(&letters, &[intake::ticket("B-1", 1)], None).unwrap();
    let received = |world: &mut World| -> Vec<(Option<String>, u64)> {
        let by_source = ask(world, By::Source, &Period::default());
        by_source.groups.into_iter().map(|group| (group.key, group.figures.received)).collect()
    };
    let expected =
        [("hotline", 2), ("informant", 1), ("petition", 1)].map(|(key, n)| (Some(key.to_owned()), n));
    assert_eq!(received(&mut world), expected);
    // Later steps and other content change nothing of who brought it.
    plain(&mut world, taken[0].incident, StepKind::Accepted);
    world.engine().take_in(&intake::hotline(), &[intake::ticket("A-1", 2)], None).unwrap();
    assert_eq!(received(&mut world), expected);
    let total = ask(&mut world, By::Category, &Period::default()).total;
    assert_eq!((total.received, total.accepted), (4, 1));
}

#[test]
fn a_joint_dispatch_counts_once_in_all_and_once_for_each_department() {
    let mut world = World::new(801);
    world.second_department();
    let mut ina = world.phone("ina");
    let (joint, rejected, open) = (ina.report("a"), ina.report("b"), ina.report("b"));
    ina.sync(&mut world);
    world.clock.pass(Duration::from_hours(1));
    plain(&mut world, joint, StepKind::Accepted);
    dispatch(&mut world, joint, "police", 10);
    dispatch(&mut world, joint, "market", 1);
    world.clock.pass(Duration::from_hours(2));
    plain(&mut world, joint, StepKind::Resolved);
    plain(&mut world, joint, StepKind::Closed);
    plain(&mut world, rejected, StepKind::Rejected);

    let all = ask(&mut world, By::Department, &Period::default());
    assert_eq!((all.total.received, all.total.shared), (3, 1));
    assert_eq!((all.total.handled, all.total.rejected, all.total.open), (1, 1, 1));
    assert_eq!((all.total.in_time, all.total.late), (0, 1), "market was late, and so was the whole");
    assert_eq!((all.total.accept_hours, all.total.close_hours), (Some(1.0), Some(3.0)));
    let of = |department: &str| -> Figures {
        all.groups.iter().find(|group| group.key.as_deref() == Some(department)).unwrap().figures.clone()
    };
    assert_eq!((of("police").in_time, of("police").late, of("police").shared), (1, 0, 1));
    assert_eq!((of("market").in_time, of("market").late, of("market").shared), (0, 1, 1));

    plain(&mut world, joint, StepKind::Reopened);
    world.clock.pass(Duration::from_hours(24 * 30));
    let again = ask(&mut world, By::Source, &Period::default());
    assert_eq!(again.groups.len(), 1);
    assert_eq!(again.groups[0].key.as_deref(), Some("informant"));
    assert_eq!((again.total.reopened, again.total.handled, again.total.open), (1, 0, 2));
    assert_eq!(again.total.overdue, 2, "both wait for a step that is due");
    let _ = open;
}

#[test]
fn figures_of_an_older_version_are_worked_out_anew_at_the_start() {
    let mut world = World::new(802);
    let mut ann = world.phone("ann");
    ann.report("a");
    ann.sync(&mut world);
    let before = ask(&mut world, By::Grid, &Period::default());
    assert_eq!((before.total.received, before.groups[0].key.as_deref()), (1, Some("a")));
    world
        .engine()
        .write(|work| {
            work.transaction
                .execute_batch("DELETE FROM figure; UPDATE figure_version SET version = 0")
                .unwrap();
            Ok(())
        })
        .unwrap();
    assert_eq!(ask(&mut world, By::Grid, &Period::default()).total.received, 0);
    world.stop();
    world.start();
    let after = ask(&mut world, By::Grid, &Period::default());
    assert_eq!(after.groups, before.groups);
    let inner = Period { grid: Some(grid("town")), ..Period::default() };
    assert_eq!(ask(&mut world, By::Day, &inner).total.received, 1, "a grid has those within it");
    let other = Period { grid: Some(grid("b")), ..Period::default() };
    assert_eq!(ask(&mut world, By::Day, &other).total.received, 0);
}

const HOUR: i64 = 3_600_000;
const BASE: i64 = 1_763_800_000_000;

fn counted() -> impl Strategy<Value = Counted> {
    let times = (0..2_000_i64, prop::option::of(0..50_i64), 0..50_i64, 0..50_i64);
    let words = (0..4_usize, prop::option::of(0..3_usize), 0..3_usize);
    let marks = (0..4_usize, any::<Option<bool>>(), any::<bool>(), prop::option::of(1..=5_u8));
    let shares = prop::collection::vec(any::<Option<bool>>(), 0..4);
    (times, words, marks, shares).prop_map(|(times, words, marks, shares)| {
        let received_at = Timestamp::from_millis(BASE + times.0 * HOUR);
        let after = |hours: i64| Timestamp::from_millis(received_at.millis() + hours * HOUR);
        let outcome = [Outcome::Open, Outcome::Handled, Outcome::Rejected, Outcome::Duplicate][marks.0];
        let is_handled = outcome == Outcome::Handled;
        Counted {
            document: DocumentId::ZERO,
            day: times::day(received_at),
            received_at,
            source: ["informant", "grid", "centre", "hotline"][words.0].to_owned(),
            grid: words.1.map(|grid| ["a", "b", "town"][grid].to_owned()),
            category: ["fire", "order", "dispute"][words.2].to_owned(),
            outcome,
            matter: None,
            accepted_at: times.1.map(after),
            handled_at: is_handled.then(|| after(times.2)),
            closed_at: is_handled.then(|| after(times.2 + times.3)),
            is_in_time: marks.1.filter(|_| is_handled),
            is_reopened: marks.2,
            rating: marks.3.filter(|_| is_handled),
            shares: shares
                .into_iter()
                .zip(["police", "market", "fire", "water"])
                .map(|(is_in_time, department)| Share { department: department.to_owned(), is_in_time })
                .collect(),
        }
    })
}

fn numbers(figures: &Figures) -> [u64; 12] {
    [
        figures.received,
        figures.accepted,
        figures.handled,
        figures.in_time,
        figures.late,
        figures.without_due,
        figures.rejected,
        figures.duplicates,
        figures.open,
        figures.reopened,
        figures.shared,
        figures.ratings,
    ]
}

fn database(all: &[Counted]) -> (tempfile::TempDir, db::Connection) {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = db::writer(folder.path()).unwrap();
    let transaction = db::begin(&mut connection).unwrap();
    for (number, counted) in all.iter().enumerate() {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let counted = Counted { document: DocumentId::new(id), ..counted.clone() };
        db::figures::keep(&transaction, &counted).unwrap();
    }
    db::commit(transaction).unwrap();
    (folder, connection)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_grouping_adds_up_to_the_whole(all in prop::collection::vec(counted(), 0..60), from in 0..2_000_i64) {
        let (_folder, connection) = database(&all);
        let settings = Settings::new(TownshipId::ZERO, "township".to_owned());
        let now = Timestamp::from_millis(BASE + 5_000 * HOUR);
        let from = Timestamp::from_millis(BASE + from * HOUR);
        for period in [Period::default(), Period { from: Some(from), ..Period::default() }] {
            let mine: Vec<&Counted> =
                all.iter().filter(|counted| period.from.is_none_or(|from| counted.received_at >= from)).collect();
            let mut totals = Vec::new();
            for by in By::ALL {
                let found = statement(&connection, &settings, now, by, &period).unwrap();
                let total = found.total.clone();
                prop_assert_eq!(total.received, mine.len() as u64);
                prop_assert_eq!(total.received, total.handled + total.rejected + total.duplicates + total.open);
                prop_assert_eq!(total.handled, total.in_time + total.late + total.without_due);
                let sum = |place: usize| found.groups.iter().map(|group| numbers(&group.figures)[place]).sum::<u64>();
                if by == By::Department {
                    // Each department beyond an incident's first adds one more.
                    let more: u64 = mine.iter().map(|counted| (counted.shares.len() as u64).saturating_sub(1)).sum();
                    prop_assert_eq!(sum(0), total.received + more);
                    let shared: u64 = mine.iter().map(|counted| counted.shares.len() as u64).filter(|shares| *shares > 1).sum();
                    prop_assert_eq!(sum(10), shared);
                } else {
                    for (place, whole) in numbers(&total).into_iter().enumerate() {
                        prop_assert_eq!(sum(place), whole, "{:?} {}", by, place);
                    }
                }
                totals.push(total);
            }
            prop_assert!(totals.iter().all(|total| *total == totals[0]), "the whole is the same however it is cut");
            let mut waits: Vec<i64> = mine
                .iter()
                .filter_map(|counted| Some(counted.accepted_at?.millis() - counted.received_at.millis()))
                .collect();
            waits.sort_unstable();
            let median = (!waits.is_empty()).then(|| {
                let (one, other) = (waits[(waits.len() - 1) / 2], waits[waits.len() / 2]);
                #[expect(clippy::cast_precision_loss, reason = "hours")]
                { (one + other) as f64 / 2.0 / HOUR as f64 }
            });
            prop_assert_eq!(totals[0].accept_hours_median, median);
        }
    }
}

#[test]
fn no_figure_takes_or_names_a_person() {
    for word in By::ALL.iter().map(|by| by.as_str()).chain(FIGURES) {
        assert!(!["member", "author", "person", "walker", "informant"].contains(&word));
    }
    assert!("member".parse::<By>().is_err());
    let mut world = World::new(803);
    let mut ina = world.phone("ina");
    ina.report("a");
    ina.sync(&mut world);
    for by in By::ALL {
        let json = serde_json::to_string(&ask(&mut world, by, &Period::default())).unwrap();
        assert!(!json.contains("ina") && !json.contains("name of"), "{json}");
    }
}

#[test]
fn a_grids_page_names_who_is_in_charge_and_nobody_who_is_looked_after() {
    let mut world = World::new(804);
    let mut ann = world.phone("ann");
    ann.report("a");
    ann.sync(&mut world);
    let (settings, now) = {
        let engine = world.engine();
        (engine.shared().settings(), engine.shared().clock.now())
    };
    let sheet =
        crate::relay::figures::sheet(world.engine().connection(), &settings, now, &grid("a")).unwrap();
    assert_eq!((sheet.incidents.count, sheet.in_charge.len()), (1, 1));
    let html = page(&sheet, &settings);
    for part in ["name of ann", "@page{size:A4", " <small>received</small>"] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("water on the bridge") && !html.contains("<script") && !html.contains("src="));
    let bad = crate::relay::figures::sheet(world.engine().connection(), &settings, now, &grid("nowhere"));
    assert!(bad.is_err());
}
