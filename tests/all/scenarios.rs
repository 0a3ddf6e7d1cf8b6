//! What the townships of the mission do, end to end, on real core and relay code.

use std::time::Duration;

use suishou_core::{
    field::{ReportDraft, StepDraft},
    geo::Position,
    id::{CategoryId, DepartmentId, DocumentId, ReasonId},
    model::{
        Severity,
        incident::{IncidentState, IncidentStep, StepKind},
        place::{Fix, FixSource},
        step::Author,
        track::TrackFix,
    },
    rows::PatrolRow,
    store::Mine,
    time::{Clock as _, Timestamp},
};
use suishou_server::relay::{Act, WorkFilter};
use suishou_tests::harness::{Phone, Township};

pub(crate) fn report(text: &str, township: &Township, longitude: f64) -> ReportDraft {
    ReportDraft {
        text: text.to_owned(),
        category: CategoryId::new("food_safety").unwrap(),
        severity: Severity::Normal,
        fix: Some(Fix {
            position: Position::new(29.005, longitude).unwrap(),
            accuracy_m: 8,
            taken_at: township.time.now(),
            source: FixSource::Satellite,
            is_mock: false,
        }),
        grid: None,
        photos: Vec::new(),
        voice: None,
        is_anonymous: false,
        matter: None,
    }
}

pub(crate) fn photo(seed: u64) -> Vec<u8> {
    let shade = |value: u64| u8::try_from(value % 256).unwrap();
    let picture = image::RgbImage::from_fn(640, 480, |x, y| {
        let x = u64::from(x);
        let y = u64::from(y);
        image::Rgb([shade(x * seed + y), shade(x + y * 3), shade(x * y / 64 + seed)])
    });
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.encode(picture.as_raw(), 640, 480, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

pub(crate) fn act(kind: StepKind, remark: &str) -> Act {
    Act { remark: Some(remark.to_owned()), ..Act::step(IncidentStep::plain(kind)) }
}

fn dispatch(department: &str) -> Act {
    let step = IncidentStep {
        department: Some(DepartmentId::new(department).unwrap()),
        due_at: Some(Timestamp::from_millis(1_763_900_000_000)),
        ..IncidentStep::plain(StepKind::Dispatched)
    };
    Act { remark: Some("请尽快处理".to_owned()), ..Act::step(step) }
}

async fn everything(township: &Township) -> Vec<DocumentId> {
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let listed = township.settled().await.incidents(filter).await.unwrap();
    listed.into_iter().map(|incident| incident.row.document).collect()
}

/// Dispatched to a department, acted on there, handed back.
async fn handle(handler: &mut Phone, incident: DocumentId) {
    handler.sync().await.unwrap();
    let view = handler.field().incident(incident).unwrap();
    let dispatch = view.incident.dispatches[0].step;
    for kind in [StepKind::Handling, StepKind::Resolved] {
        let step = StepDraft {
            dispatch: Some(dispatch),
            remark: Some("已到现场".to_owned()),
            ..StepDraft::plain(kind)
        };
        handler.field().step(incident, step).unwrap();
    }
    handler.sync().await.unwrap();
}

#[tokio::test]
async fn report_written_offline_reaches_the_dispatcher_once_and_its_answer_comes_back() {
    let township = Township::new(1).await;
    let mut vendor = township.phone("i1", 11).await;
    let mut handler = township.phone("h2", 12).await;

    // Offline: the vendor snaps and goes on.
    let photo = vendor.field().add_photo(&photo(3), &[]).unwrap();
    let draft = ReportDraft { photos: vec![photo], ..report("摊位卖变质猪肉", &township, 119.605) };
    let incident = vendor.field().report(draft).unwrap();
    let view = vendor.field().incident(incident).unwrap();
    assert_eq!((view.about.stored.entries_stored, view.about.stored.blobs_stored), (0, 0));
    assert_eq!(view.place.grid.unwrap().as_str(), "g1");

    // Online: once, with its photo.
    vendor.sync().await.unwrap();
    assert_eq!(everything(&township).await, [incident]);
    assert!(vendor.field().incident(incident).unwrap().about.stored.is_whole());
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!(shown.work.text, "摊位卖变质猪肉");
    assert!(shown.work.photo_blobs[0].is_stored && shown.work.photo_blobs[0].has_preview);
    assert!(shown.work.reporter.is_some_and(|reporter| reporter.is_hidden && reporter.member.is_none()));

    // The township acts, the department handles, the centre closes.
    township.relay.act(incident, act(StepKind::Accepted, "已受理")).await.unwrap();
    township.relay.act(incident, dispatch("market")).await.unwrap();
    handle(&mut handler, incident).await;
    township.relay.act(incident, act(StepKind::Verified, "已核查")).await.unwrap();
    township.relay.act(incident, act(StepKind::Closed, "问题肉已下架，谢谢您")).await.unwrap();

    // The answer reaches the vendor, who rates it; and the rating reaches the township.
    vendor.sync().await.unwrap();
    let view = vendor.field().incident(incident).unwrap();
    assert_eq!(view.incident.state, IncidentState::Closed);
    assert!(
        view.about.notes.iter().any(|note| note.text.contains("谢谢您") && note.author == Author::Centre)
    );
    vendor
        .field()
        .step(incident, StepDraft { rating: Some(5), ..StepDraft::plain(StepKind::Rated) })
        .unwrap();
    vendor.sync().await.unwrap();
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!((shown.listed.row.state, shown.listed.row.rating), (IncidentState::Rated, Some(5)));
    assert!(township.settled().await.held().await.unwrap().is_empty());
}

#[tokio::test]
async fn nobody_but_the_command_centre_learns_who_reported() {
    let township = Township::new(2).await;
    let mut vendor = township.phone("i1", 21).await;
    let mut other = township.phone("i2", 22).await;
    let mut member = township.phone("m1", 23).await;
    let mut elsewhere = township.phone("m2", 24).await;
    let incident = vendor.field().report(report("邻居打架", &township, 119.605)).unwrap();
    vendor.sync().await.unwrap();
    for phone in [&mut other, &mut member, &mut elsewhere] {
        phone.sync().await.unwrap();
    }
    assert!(other.field().incident(incident).is_err(), "another informant");
    assert!(elsewhere.field().incident(incident).is_err(), "another grid's member");
    let seen = member.field().incident(incident).unwrap();
    assert_eq!(seen.author, Author::Alias(1));
    let json = serde_json::to_string(&seen).unwrap();
    for secret in ["秘密姓名", "\"i1\"", "10000000000"] {
        assert!(!json.contains(secret), "{secret} is in what a member sees");
    }
}

#[tokio::test]
async fn a_refused_report_tells_its_reporter_why() {
    let township = Township::new(3).await;
    let mut vendor = township.phone("i1", 31).await;
    let incident = vendor.field().report(report("隔壁县的事", &township, 119.605)).unwrap();
    vendor.sync().await.unwrap();
    let step = IncidentStep {
        reason: Some(ReasonId::new("outside").unwrap()),
        ..IncidentStep::plain(StepKind::Rejected)
    };
    let refusal = Act::step(step);
    township.relay.act(incident, refusal).await.unwrap();
    vendor.sync().await.unwrap();
    let view = vendor.field().incident(incident).unwrap();
    assert_eq!(view.incident.state, IncidentState::Rejected);
    assert_eq!(view.incident.reason.unwrap().as_str(), "outside");
    assert!(view.possible.contains(&StepKind::Reopened));
}

#[tokio::test]
async fn a_step_that_came_too_late_is_held_shown_and_can_be_tried_again() {
    let township = Township::new(4).await;
    let mut member = township.phone("m1", 41).await;
    let incident = member.field().report(report("路面塌陷", &township, 119.605)).unwrap();
    member.sync().await.unwrap();
    // Offline the member begins on the spot, while the centre dispatches it to the police.
    member.field().step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
    member.field().step(incident, StepDraft::plain(StepKind::Resolved)).unwrap();
    township.relay.act(incident, act(StepKind::Accepted, "已受理")).await.unwrap();
    township.relay.act(incident, dispatch("police")).await.unwrap();
    member.sync().await.unwrap();
    member.sync().await.unwrap();
    let view = member.field().incident(incident).unwrap();
    assert_eq!(view.about.held.len(), 2, "both steps are shown as not done");
    assert_eq!(view.incident.state, IncidentState::Dispatched, "the phone counts what the relay counts");
    assert_eq!(
        township.settled().await.incident(incident).await.unwrap().listed.row.state,
        IncidentState::Dispatched
    );
    assert_eq!(member.field().counts().unwrap().entries_pending, 0, "nothing behind it is blocked");
    // After the police hand it back the member may do it after all.
    let handed_back = IncidentStep {
        dispatch: Some(view.incident.dispatches[0].step),
        ..IncidentStep::plain(StepKind::Returned)
    };
    township.relay.act(incident, Act::step(handed_back)).await.unwrap();
    member.sync().await.unwrap();
    assert!(
        member.field().try_again(view.about.held[0].entry).is_err(),
        "a dispatch was made: policy still says no"
    );
}

#[tokio::test]
async fn a_patrol_survives_its_app_and_never_counts_a_gap() {
    let township = Township::new(5).await;
    let mut member = township.phone("m1", 51).await;
    let mut leader = township.phone("l1", 52).await;
    let grid = suishou_core::id::GridId::new("g1").unwrap();
    let patrol = member.field().start_patrol("雨前排查", Some(grid), Vec::new()).unwrap();
    let walk = |phone: &Phone, from: u32| {
        for step in from..from + 20 {
            township.time.advance(Duration::from_secs(5));
            let position = Position::new(29.002 + 0.000_06 * f64::from(step), 119.605).unwrap();
            let fix = TrackFix { at: township.time.now(), position, accuracy_m: 5 };
            phone.field().patrol_fix(fix).unwrap();
        }
    };
    walk(&member, 0);
    member.kill();
    township.time.advance(Duration::from_secs(1_200));
    member.start();
    assert_eq!(member.field().open_patrol().unwrap(), Some(patrol));
    walk(&member, 500);
    let incident = member.field().report(report("排水沟堵塞", &township, 119.605)).unwrap();
    member.field().pause_patrol().unwrap();
    township.time.advance(Duration::from_secs(600));
    member.field().resume_patrol().unwrap();
    walk(&member, 520);
    member.field().finish_patrol().unwrap();
    let view = member.field().patrol(patrol).unwrap();
    // 3 × 19 steps of 6.7 m; the 3 km between the first and the second stretch are a gap.
    assert!((340..400).contains(&view.row.distance_m), "{} m", view.row.distance_m);
    let reasons: Vec<String> =
        view.patrol.gaps.iter().map(|gap| serde_json::to_string(&gap.reason).unwrap()).collect();
    assert_eq!(reasons, ["\"killed\"", "\"paused\""]);
    member.sync().await.unwrap();
    let shown = township.settled().await.show::<PatrolRow>(patrol).await.unwrap();
    assert_eq!(shown.listed.row.distance_m, view.row.distance_m);
    assert!(shown.work.segments.iter().all(|segment| segment.is_stored));
    assert_eq!(view.patrol.incidents, [incident], "the patrol names what was found on the way");
    leader.sync().await.unwrap();
    assert_eq!(leader.field().patrols(Mine::OrOthers, 10, 0).unwrap().len(), 1, "the leader sees it");
}

#[tokio::test]
async fn a_thousand_reports_of_many_phones_arrive_each_once() {
    let township = Township::new(6).await;
    let mut sent = std::collections::BTreeSet::new();
    for (member, seed) in [("m1", 61), ("m2", 62), ("i1", 63), ("i2", 64)] {
        let mut phone = township.phone(member, seed).await;
        for number in 0..250 {
            sent.insert(phone.field().report(report(&format!("第{number}件"), &township, 119.615)).unwrap());
        }
        let figures = phone.sync().await.unwrap();
        assert_eq!(figures.entries_receipted, 250);
    }
    let status = township.settled().await.status().await.unwrap();
    assert_eq!(status.documents.get("incident"), Some(&1_000));
    assert_eq!(sent.len(), 1_000);
}
