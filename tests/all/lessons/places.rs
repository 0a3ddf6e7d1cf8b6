//! Lessons 11 to 13: tracks under battery managers, fixes that are missing or old, clocks that are wrong.

use std::{collections::BTreeMap, time::Duration};

use suishou_core::rows::PatrolRow;
use suishou_core::{
    error::Error,
    field::{Remark, ReportDraft},
    geo::Position,
    id::DocumentId,
    model::{
        audience::Audience,
        patrol::{GapReason, PatrolState},
        place::{Fix, FixSource},
        task::{ItemState, TaskAnswer, TaskForm, TaskItem, TaskRecord, TaskState},
        track::{TrackFix, TrackSegment},
    },
    rows::TaskRow,
    time::{Clock as _, Timestamp},
};
use suishou_server::relay::Shown;
use suishou_tests::harness::{Phone, Township};

use super::{grid, insist};
use crate::scenarios::report;

const YEARS_10: i64 = 10 * 365 * 86_400_000;

fn fix_at(township: &Township, step: u32) -> TrackFix {
    let position = Position::new(29.002 + 0.000_06 * f64::from(step), 119.605).unwrap();
    TrackFix { at: township.time.now(), position, accuracy_m: 5 }
}

/// Every fix that the relay holds of a patrol, by its segments' own bytes.
async fn fixes_there(township: &Township, patrol: &Shown<PatrolRow>) -> BTreeMap<Timestamp, Position> {
    let mut fixes = BTreeMap::new();
    for segment in &patrol.work.segments {
        let blob = township.relay.blob(segment.hash).await.unwrap();
        let segment = TrackSegment::from_bytes(&blob.bytes).unwrap();
        fixes.extend(segment.fixes.into_iter().map(|fix| (fix.at, fix.position)));
    }
    fixes
}

async fn finished(township: &Township, phone: &mut Phone, patrol: DocumentId) -> Shown<PatrolRow> {
    phone.field().finish_patrol().unwrap();
    insist(phone).await;
    township.settled().await.show::<PatrolRow>(patrol).await.unwrap()
}

#[tokio::test]
async fn lesson_11_every_fix_outlives_the_app_and_every_hole_in_the_track_is_declared() {
    let township = Township::new(1_011).await;
    let mut phone = township.phone("m1", 11).await;
    let patrol = phone.field().start_patrol("巡河", Some(grid("g1")), Vec::new()).unwrap();
    let mut walked = BTreeMap::new();
    let mut walk = |phone: &Phone, step: u32, after_s: u64| {
        township.time.advance(Duration::from_secs(after_s));
        let fix = fix_at(&township, step);
        phone.field().patrol_fix(fix).unwrap();
        walked.insert(fix.at, fix.position);
    };
    // The battery manager ends the app after every single fix.
    for step in 0..12 {
        walk(&phone, step, 5);
        phone.kill();
        phone.start();
        assert_eq!(phone.field().open_patrol().unwrap(), Some(patrol));
    }
    // Ended for twenty minutes; then alive but without a sky for five.
    walk(&phone, 300, 1_200);
    for step in 301..310 {
        walk(&phone, step, 5);
    }
    walk(&phone, 400, 300);
    walk(&phone, 401, 5);
    // The manager lets it live for one fix in every two minutes.
    for step in 0..6 {
        phone.kill();
        phone.start();
        walk(&phone, 410 + step, 120);
    }
    let shown = finished(&township, &mut phone, patrol).await;
    let reasons: Vec<GapReason> = shown.work.gap_list.iter().map(|gap| gap.reason).collect();
    let killed = [GapReason::Killed; 6];
    assert_eq!(reasons, [&[GapReason::Killed, GapReason::NoFix], &killed[..]].concat());
    let holes: Vec<u64> = shown.work.gap_list.iter().map(|gap| gap.to.since(gap.from).as_secs()).collect();
    assert_eq!(holes, [1_200, 300, 120, 120, 120, 120, 120, 120]);
    assert_eq!(fixes_there(&township, &shown).await, walked, "each fix, and none that nobody walked");
    // 11 and 9 steps of 6.7 m and one more; nothing across a hole.
    assert!((120..150).contains(&shown.listed.row.distance_m), "{} m", shown.listed.row.distance_m);
    assert_eq!(shown.listed.row.tracked_s, 55 + 45 + 5);
    assert_eq!(shown.listed.row.state, PatrolState::Finished);
}

#[tokio::test]
async fn lesson_12_a_report_needs_no_place_and_a_fix_says_how_old_and_how_good_it_is() {
    let township = Township::new(1_012).await;
    let mut phone = township.phone("i1", 12).await;
    let now = township.time.now();
    let before = |seconds: i64| Timestamp::from_millis(now.millis() - seconds * 1_000);
    let fix = |taken_at, source, is_mock| Fix {
        position: Position::new(29.005, 119.605).unwrap(),
        accuracy_m: 8,
        taken_at,
        source,
        is_mock,
    };
    let keep = |text: &str, fix: Option<Fix>, chosen: Option<&str>| {
        let draft = ReportDraft { fix, grid: chosen.map(grid), ..report(text, &township, 0.0) };
        phone.field().report(draft).unwrap()
    };
    let nowhere = keep("没有定位", None, None);
    let chosen = keep("没有定位，选了网格", None, Some("g2"));
    let fresh = keep("刚刚定位", Some(fix(before(120), FixSource::Satellite, false)), None);
    let stale = keep("十分钟前的定位", Some(fix(before(600), FixSource::Network, false)), None);
    let ancient = keep("去年的定位", Some(fix(before(31_536_000), FixSource::Fused, false)), None);
    let mocked = keep("模拟定位", Some(fix(now, FixSource::Satellite, true)), None);
    let corrected = keep("定位在邻格", Some(fix(now, FixSource::Satellite, false)), Some("g2"));
    phone.sync().await.unwrap();
    let mut places = BTreeMap::new();
    for incident in [nowhere, chosen, fresh, stale, ancient, mocked, corrected] {
        let here = phone.field().incident(incident).unwrap().place;
        let there = township.settled().await.incident(incident).await.unwrap().work.place;
        assert_eq!(here, there, "the centre sees the same label");
        places.insert(incident, there);
    }
    assert_eq!((places[&nowhere].position, places[&nowhere].grid.as_ref()), (None, None));
    assert_eq!(places[&chosen].grid, Some(grid("g2")));
    let age = |incident: &DocumentId| (places[incident].age_s, places[incident].is_stale());
    assert_eq!(age(&fresh), (Some(120), false));
    assert_eq!(age(&stale), (Some(600), true));
    assert_eq!(age(&ancient), (Some(31_536_000), true));
    assert_eq!(places[&stale].source, Some(FixSource::Network));
    assert_eq!((places[&mocked].is_mock, places[&fresh].is_mock), (Some(true), None));
    assert_eq!(places[&corrected].grid, Some(grid("g2")), "the person knows better than the satellite");
    assert_eq!(places[&fresh].grid, Some(grid("g1")));
    assert!(matches!(Position::new(f64::NAN, 119.0), Err(Error::Invalid { .. })), "and no fix is nonsense");
}

#[tokio::test]
async fn lesson_13_a_track_whose_clock_jumps_ten_years_forth_and_back_counts_no_year() {
    let township = Township::new(1_113).await;
    let mut phone = township.phone("m1", 13).await;
    let patrol = phone.field().start_patrol("夜巡", Some(grid("g1")), Vec::new()).unwrap();
    let mut fixes = 0;
    for jump in [0, YEARS_10, -YEARS_10, -YEARS_10, YEARS_10] {
        let jumped = township.time.now().millis() + jump;
        township.time.set(Timestamp::from_millis(jumped));
        for _ in 0..10 {
            township.time.advance(Duration::from_secs(5));
            phone.field().patrol_fix(fix_at(&township, fixes)).unwrap();
            fixes += 1;
        }
    }
    let shown = finished(&township, &mut phone, patrol).await;
    assert!(shown.listed.row.tracked_s <= 50 * 5, "{} s", shown.listed.row.tracked_s);
    assert!(shown.listed.row.distance_m <= 50 * 7, "{} m", shown.listed.row.distance_m);
    assert_eq!(fixes_there(&township, &shown).await.len(), 50, "each fix is kept as the phone claimed it");
}

#[tokio::test]
async fn lesson_13_clocks_ten_years_off_order_nothing_and_a_restored_relay_is_refilled() {
    let mut township = Township::new(1_013).await;
    let mut leader = township.phone("l1", 14).await;
    let mut early = township.phone("m1", 15).await;
    let mut late = township.phone("m2", 16).await;
    let now = township.time.now();
    let at = |offset: i64| township.time.set(Timestamp::from_millis(now.millis() + offset));
    let task = {
        let item = |id| TaskItem { id, text: format!("第{id}处"), address: String::new(), people: 0 };
        let record = TaskRecord {
            items: vec![item(1), item(2)],
            audience: Audience { grids: vec![grid("v1")], ..Audience::default() },
            ..TaskRecord::plain(TaskForm::Inspection, "查低洼路段")
        };
        let task = leader.field().give_task(record, None).unwrap();
        leader.sync().await.unwrap();
        township.settled().await;
        for phone in [&mut early, &mut late] {
            phone.sync().await.unwrap();
        }
        task
    };
    // The one whose clock says 2035 marks first; then, having seen it, the one whose clock says 2015.
    at(YEARS_10);
    late.field().answer_task(task, TaskAnswer::Accepted, None, &Remark::default()).unwrap();
    late.field().mark_item(task, 1, ItemState::Faulty, None, &Remark::text("积水")).unwrap();
    late.sync().await.unwrap();
    township.settled().await;
    at(-YEARS_10);
    early.sync().await.unwrap();
    early.field().mark_item(task, 1, ItemState::Done, None, &Remark::text("已抽干")).unwrap();
    early.field().mark_item(task, 2, ItemState::Done, None, &Remark::default()).unwrap();
    early.sync().await.unwrap();
    at(0);
    let older = township.backup().await;
    for phone in [&mut leader, &mut early, &mut late] {
        township.reconnect(phone);
    }
    // After the backup: the last word, which the restored relay has never heard.
    leader.sync().await.unwrap();
    leader.field().finish_task(task, &Remark::default()).unwrap();
    leader.sync().await.unwrap();
    let check = |row: &TaskRow| {
        assert_eq!((row.counts.items, row.counts.accounted, row.counts.clashes), (2, 2, 0));
        assert_eq!(row.counts.by_state.get("done"), Some(&2), "the later word holds, not the later clock");
        assert_eq!(row.state, TaskState::Finished);
    };
    check(&township.row(task).await);
    township.copy_back(&older).await;
    for phone in [&mut leader, &mut early, &mut late] {
        township.reconnect(phone);
        insist(phone).await;
        township.settled().await;
    }
    insist(&mut early).await;
    insist(&mut late).await;
    check(&township.row(task).await);
    for phone in [&leader, &early, &late] {
        let view = phone.field().task(task).unwrap();
        check(&view.row);
        assert_eq!(view.items[0].state.marks.len(), 2, "and both words are kept");
        assert!(view.about.held.is_empty());
    }
}
