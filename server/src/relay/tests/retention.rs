//! Retention: a dry run tells what a run does; open, held and reserved work stays; what goes is gone.

use std::{fs, time::Duration};

use suishou_core::{
    entry::{BodyType, Entry},
    geo::Position,
    id::{BlobHash, DocumentId, GridId, Salt},
    log::Head,
    model::{
        DocumentKind, encode,
        incident::{IncidentStep, StepKind},
        patrol::{PatrolRecord, PatrolStep},
        track::{TrackFix, TrackSegment},
    },
    sync::wire::BlobKind,
    time::Timestamp,
};

use super::phone::{Phone, World, grid};
use crate::{
    db,
    relay::{
        Act, RelayError,
        figures::{By, Period, statement},
        retention::{DueShown, RunShown, dry_run, dues, rule::Rule, unnamed},
        upload::{Promise, Standing},
    },
};

const YEARS: Duration = Duration::from_hours(24 * 366 * 6);

fn settle(world: &mut World, document: DocumentId) {
    let steps = [StepKind::Accepted, StepKind::Closed].map(|kind| IncidentStep::plain(kind).into()).to_vec();
    world.engine().act(document, &Act { steps, ..Act::default() }).unwrap();
}

fn dry(world: &mut World) -> Vec<DueShown> {
    let engine = world.engine();
    let now = engine.shared().clock.now();
    dry_run(engine.connection(), now).unwrap().into_iter().filter(|due| due.documents > 0).collect()
}

/// A run as the relay drives it; cut short after so many batches, as a kill would.
fn run(world: &mut World, batches: usize) -> Option<RunShown> {
    let engine = world.engine();
    let run = engine.begin_retention(false).unwrap();
    let mut left = batches;
    for (rule, due) in dues(engine.connection(), engine.shared().clock.now()).unwrap() {
        let mut after = None;
        loop {
            let found = db::retention::due(engine.connection(), &due, after, 3).unwrap();
            let Some(last) = found.last().copied() else { break };
            if left == 0 {
                return None;
            }
            left -= 1;
            engine.retain(run, rule, &due, &found).unwrap();
            after = Some(last);
        }
        let found = unnamed(engine.connection(), rule, engine.shared().clock.now()).unwrap();
        for batch in found.chunks(2) {
            engine.retain_unnamed(run, rule, batch).unwrap();
        }
    }
    Some(engine.end_retention(run).unwrap())
}

fn upload(world: &mut World, phone: &Phone, kind: BlobKind, bytes: &[u8]) -> BlobHash {
    let device = db::device::find(world.engine().connection(), phone.device).unwrap().unwrap();
    let promise =
        Promise { hash: Some(BlobHash::of(bytes)), kind, preview_of: None, size_bytes: bytes.len() as u64 };
    let Standing::UnderWay(upload) = world.engine().begin_upload(&device, &promise).unwrap() else {
        panic!()
    };
    world.engine().blobs().write(upload.upload, 0, bytes).unwrap();
    world.engine().raise_offset(&device, &upload, bytes.len() as u64).unwrap();
    BlobHash::of(bytes)
}

fn contains(folder: &std::path::Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|item| {
        let path = item.path();
        if path.is_dir() {
            return contains(&path, needle);
        }
        fs::read(&path).unwrap_or_default().windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn a_dry_run_tells_what_a_run_does_and_open_work_stays() {
    let mut world = World::new(811);
    let mut ina = world.phone("ina");
    let reports: Vec<DocumentId> = (0..8).map(|_| ina.report("a")).collect();
    ina.note(reports[0], "CANARY-of-retention");
    let photo = upload(&mut world, &ina, BlobKind::Photo, b"a photo of somebody's CANARY-door");
    let with_photo = ina.report_with(Some("a"), vec![photo]);
    ina.sync(&mut world);
    for document in reports.iter().take(6).chain([&with_photo]) {
        settle(&mut world, *document);
    }
    let (open, reserved) = (reports[7], reports[5]);
    world.engine().hold(reserved, "complaint under review").unwrap();
    assert!(dry(&mut world).is_empty(), "nothing is old enough");
    world.engine().rest().unwrap();
    assert!(contains(world.folder.path(), b"CANARY-of-retention"));

    world.clock.pass(YEARS);
    let told = dry(&mut world);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].kind, told[0].documents), (Rule::Incidents, 6));
    let before = {
        let engine = world.engine();
        let settings = engine.shared().settings();
        let now = engine.shared().clock.now();
        statement(engine.connection(), &settings, now, By::Category, &Period::default()).unwrap().total
    };
    let done = run(&mut world, usize::MAX).unwrap();
    assert_eq!(done.counts[&Rule::Incidents].documents, 6);
    assert_eq!(done.counts[&Rule::Incidents].blobs, 1);
    assert!(done.counts[&Rule::Incidents].bodies >= 13, "records, changes and a note");
    assert!(dry(&mut world).is_empty());

    assert!(!contains(world.folder.path(), b"CANARY-of-retention"), "neither in the database nor in its log");
    assert!(!contains(world.folder.path(), b"CANARY-door"));
    let now = Timestamp::from_millis(1_963_900_000_000);
    for document in [open, reserved, reports[6]] {
        assert!(super::phone::incident(world.engine().connection(), now, document).is_ok());
    }
    let gone = super::phone::incident(world.engine().connection(), now, reports[0]);
    assert!(matches!(gone, Err(RelayError::NotFound)));
    let after = {
        let engine = world.engine();
        let settings = engine.shared().settings();
        let now = engine.shared().clock.now();
        statement(engine.connection(), &settings, now, By::Category, &Period::default()).unwrap().total
    };
    assert_eq!(after.received, before.received, "what a year's figures were, they remain");

    // The chain is verifiable without the bodies, also in the middle of a run.
    let log = db::log::find(world.engine().connection(), ina.log).unwrap().unwrap();
    let counters = 1..=log.head.counter;
    let heads: Vec<Head> = counters
        .map(|counter| db::log::head_at(world.engine().connection(), log.row, counter).unwrap())
        .collect();
    assert_eq!(heads.last(), Some(&ina.head()));
    ina.sync(&mut world);
    assert!(ina.forgotten.contains(&reports[0]) && !ina.forgotten.contains(&open), "phones forget it too");
    // A late remark on what is gone is held and brings nothing back.
    ina.note(reports[0], "late");
    ina.sync(&mut world);
    assert!(super::phone::incident(world.engine().connection(), now, reports[0]).is_err());
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_stopped() {
    let mut world = World::new(812);
    let mut ina = world.phone("ina");
    let reports: Vec<DocumentId> = (0..10).map(|_| ina.report("a")).collect();
    ina.sync(&mut world);
    for document in &reports {
        settle(&mut world, *document);
    }
    world.clock.pass(YEARS);
    assert_eq!(dry(&mut world)[0].documents, 10);
    assert_eq!(run(&mut world, 2), None);
    // As after kill -9: nothing was tidied up.
    world.start();
    assert_eq!(dry(&mut world)[0].documents, 4);
    let cut_short = &db::retention::runs(world.engine().connection(), 5).unwrap()[0];
    assert_eq!(cut_short.ended_at, None);
    let number = cut_short.run;
    let done = run(&mut world, usize::MAX).unwrap();
    assert_eq!((done.run, done.counts[&Rule::Incidents].documents), (number, 10));
    assert!(done.ended_at.is_some());
    let next = run(&mut world, usize::MAX).unwrap();
    assert_eq!((next.run, next.counts.len()), (number + 1, 0));
}

#[test]
fn held_entries_and_late_news_keep_a_document() {
    let mut world = World::new(813);
    let (mut ina, mut ben) = (world.phone("ina"), world.phone("ben"));
    let (held, news) = (ina.report("a"), ina.report("a"));
    ina.sync(&mut world);
    for document in [held, news] {
        settle(&mut world, document);
    }
    // Somebody who may not takes a step.
    ina.sync(&mut world);
    ben.seen = ina.seen.clone();
    ben.change(held, &[IncidentStep::plain(StepKind::Reopened)], &[]);
    ben.sync(&mut world);
    assert_eq!(ben.held.len(), 1);
    world.clock.pass(YEARS);
    ina.note(news, "it is there again");
    ina.sync(&mut world);
    assert!(dry(&mut world).is_empty());
    let engine = world.engine();
    assert!(engine.set_retention(Rule::Visits, 1).is_err(), "too short to be meant");
    assert!(engine.set_retention(Rule::Visits, 1_201).is_err());
    engine.set_retention(Rule::Incidents, 0).unwrap();
    assert!(
        dues(engine.connection(), soon(engine)).unwrap().iter().all(|(rule, _)| *rule != Rule::Incidents)
    );
    assert!(matches!(engine.hold(DocumentId::ZERO, "x"), Err(RelayError::NotFound)));
    assert!(engine.hold(news, " ").is_err());
    assert!(matches!(engine.release_hold(news), Err(RelayError::NotFound)));
}

fn soon(engine: &crate::relay::Engine) -> Timestamp {
    engine.shared().clock.now()
}

#[test]
fn a_caller_is_forgotten_a_year_after_the_matter_is_settled_and_with_the_matter() {
    use crate::relay::intake::tests::{hotline, source_form, ticket};
    let mut world = World::new(815);
    world.engine().add_source(source_form(None)).unwrap();
    let taken = world.engine().take_in(&hotline(), &[ticket("A-1", 1), ticket("A-2", 1)], None).unwrap();
    let (settled, open) = (taken[0].incident, taken[1].incident);
    settle(&mut world, settled);
    let is_kept = |world: &mut World, document| {
        db::intake::contact(world.engine().connection(), document).unwrap().is_some()
    };
    world.clock.pass(Duration::from_hours(24 * 360));
    assert!(dry(&mut world).is_empty());
    world.clock.pass(Duration::from_hours(24 * 10));
    let told = dry(&mut world);
    assert_eq!((told.len(), told[0].kind, told[0].documents), (1, Rule::Contacts, 1));
    assert_eq!(run(&mut world, usize::MAX).unwrap().counts[&Rule::Contacts].documents, 1);
    assert!(!is_kept(&mut world, settled) && is_kept(&mut world, open));
    assert!(dry(&mut world).is_empty());
    let now = soon(world.engine());
    assert!(super::phone::incident(world.engine().connection(), now, settled).is_ok(), "the matter stays");
    // Kept for ever by the township's own rule, a caller still goes with the matter.
    world.engine().set_retention(Rule::Contacts, 0).unwrap();
    settle(&mut world, open);
    world.clock.pass(YEARS);
    assert_eq!(run(&mut world, usize::MAX).unwrap().counts[&Rule::Incidents].documents, 2);
    assert!(!is_kept(&mut world, open));
    assert!(!contains(world.folder.path(), b"CANARYNAME") && !contains(world.folder.path(), b"13900001234"));
}

#[test]
fn a_track_becomes_coarse_after_ninety_days_and_the_figures_stay() {
    let mut world = World::new(814);
    let mut ann = world.phone("ann");
    let fix = |second: i32| TrackFix {
        at: Timestamp::from_millis(1_763_800_000_000 + i64::from(second) * 1_000),
        position: Position::new(29.05 + f64::from(second) * 1e-5, 119.05).unwrap(),
        accuracy_m: 5,
    };
    let exact = TrackSegment { fixes: (0..60).map(|number| fix(number * 10)).collect() };
    let blob = upload(&mut world, &ann, BlobKind::Track, &exact.to_bytes());
    let document = DocumentId::new([9; 16]);
    let record = PatrolRecord {
        salt: Salt::ZERO,
        purpose: "round".to_owned(),
        grid: Some::<GridId>(grid("a")),
        route: Vec::new(),
    };
    let at = exact.fixes[0].at;
    let entry = Entry::new(document, DocumentKind::Patrol, at, BodyType::Record, encode(&record)).unwrap();
    ann.append(entry);
    let steps = [
        PatrolStep::Segment { blob, fixes: 60, distance_m: 590, from: at, to: exact.fixes[59].at },
        PatrolStep::Finished,
    ];
    let steps: Vec<Vec<u8>> = steps.iter().map(encode).collect();
    let mut working = suishou_core::document::Document::new(document, DocumentKind::Patrol);
    let change = working.edit([3; 16], &steps, &[]).unwrap();
    ann.append(Entry::new(document, DocumentKind::Patrol, at, BodyType::Change, change).unwrap());
    ann.sync(&mut world);
    let row = |world: &mut World| {
        suishou_core::store::rows::find::<suishou_core::rows::PatrolRow>(
            world.engine().connection(),
            document,
        )
        .unwrap()
        .unwrap()
    };
    let before = row(&mut world);
    assert_eq!((before.distance_m, before.tracked_s), (590, 590));
    // The map has the line, as exact as it still is.
    let line = |world: &mut World| {
        let map = super::exporting::map(world, crate::relay::export::What::Patrols);
        assert_eq!(map["features"][0]["geometry"]["type"], "MultiLineString");
        map["features"][0]["geometry"]["coordinates"][0].as_array().unwrap().clone()
    };
    let walked = line(&mut world);
    assert_eq!((walked.len(), &walked[0]), (60, &serde_json::json!([119.05, 29.05])));
    world.clock.pass(Duration::from_hours(24 * 89));
    assert!(dry(&mut world).is_empty());
    world.clock.pass(Duration::from_hours(24 * 2));
    let told = dry(&mut world);
    assert_eq!((told.len(), told[0].kind, told[0].documents), (1, Rule::Tracks, 1));
    let done = run(&mut world, usize::MAX).unwrap();
    assert_eq!((done.counts[&Rule::Tracks].documents, done.counts[&Rule::Tracks].blobs), (1, 1));
    assert!(dry(&mut world).is_empty());
    assert_eq!(row(&mut world), before);
    assert!(world.engine().blobs().read(&blob).is_err());
    let coarse = db::retention::coarse(world.engine().connection(), document, blob).unwrap().unwrap();
    let coarse = TrackSegment::from_bytes(&coarse).unwrap();
    assert_eq!(coarse.fixes.len(), 2);
    assert_eq!(line(&mut world).len(), 2);
    assert!(coarse.fixes.iter().all(|fix| fix.position.units().0 % 9_000 == 0));
}

#[test]
fn photos_that_no_document_names_go_after_the_time_of_photos() {
    let mut world = World::new(819);
    let (mut ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    let photo = upload(&mut world, &ann, BlobKind::Photo, b"canary of a draft's photo");
    let track = upload(&mut world, &ann, BlobKind::Track, b"canary of a track");
    let named = upload(&mut world, &ann, BlobKind::Photo, b"canary of a named photo");
    let waiting = upload(&mut world, &ann, BlobKind::Photo, b"canary of a photo that waits");
    ann.report_with(Some("a"), vec![named]);
    ann.sync(&mut world);
    lea.report_with(Some("a"), vec![waiting]);
    world.engine().revoke(lea.device).unwrap();
    lea.exchange(world.engine()).unwrap();
    let stored = |world: &mut World, blob| db::blob::find(world.engine().connection(), blob).unwrap();
    let due = |world: &mut World, rule| {
        let now = world.engine().shared().clock.now();
        let shown = dry_run(world.engine().connection(), now).unwrap();
        shown.iter().find(|shown| shown.kind == rule).unwrap().unnamed_blobs
    };
    let day = Duration::from_hours(24);
    world.clock.pass(day * 100);
    assert_eq!((due(&mut world, Rule::Media), due(&mut world, Rule::Tracks)), (0, 1));
    run(&mut world, 100).unwrap();
    assert!(stored(&mut world, track).is_none() && stored(&mut world, photo).is_some());
    world.clock.pass(day * 366 * 3);
    assert_eq!(due(&mut world, Rule::Media), 1);
    let done = run(&mut world, 100).unwrap();
    assert_eq!((done.counts[&Rule::Media].blobs, done.counts[&Rule::Media].documents), (1, 0));
    assert!(!contains(world.folder.path(), b"canary of a draft's photo"));
    assert!(stored(&mut world, named).is_some(), "its report is open");
    assert!(stored(&mut world, waiting).is_some(), "somebody may let its report through");
}
