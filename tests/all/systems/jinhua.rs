//! Jinhua: colours over 306 micro-grids, a named person for each place at risk, a kitchen fire in a quarter of an hour.

use std::{sync::Arc, time::Duration};

use suishou_core::{
    document::Work,
    field::{Field, Remark, ReportDraft},
    id::{DocumentId, HazardId, Salt},
    model::{
        DocumentKind, Role, Severity,
        audience::Audience,
        incident::{IncidentState, IncidentStep, StepKind},
        task::{ItemState, TaskForm, TaskItem, TaskRecord},
        warning::{PostReport, RiskPost, Warning, WarningLevel, WarningRecord, WarningState, WarningStep},
    },
    rows::{TaskRow, WarningRow},
    store::Query,
    sync::session::{Session, Step},
    time::{Clock as _, Random, SharedClock, Timestamp},
};
use suishou_tests::harness::{Desk, Phone, Plan, TestClock, Township, cell};

use super::{same_row, say, seen, settle, to_department};
use crate::{
    lessons::{grid, member},
    scenarios::photo,
};

/// 18 villages of 17 micro-grids are 306; 14 dedicated grids and 14 emergency ones lie in the first of these.
fn plan() -> Plan {
    let mut plan = Plan::new("金华镇")
        .department("fire", &["fire", "fire_risk"])
        .handler("fire-1", "fire")
        .person("desk", Role::Dispatcher, &[]);
    let mut micros = 0;
    for village in 0..18_u16 {
        let id = format!("v{:02}", village + 1);
        plan = plan.grid(&id, "village", None, (0, village), (17, 1));
        plan = plan.person(&format!("l-{:02}", village + 1), Role::Leader, &[&id]);
        for column in 0..17_u16 {
            micros += 1;
            let micro = format!("n{micros:03}");
            plan = plan.grid(&micro, "micro", Some(&id), (column, village), (1, 1));
            plan = plan.person(&format!("m-{micros:03}"), Role::Member, &[&micro]);
            let special = match column {
                0 if village < 14 => Some(("dedicated", format!("s{:02}", village + 1))),
                1 if village < 14 => Some(("emergency", format!("e{:02}", village + 1))),
                _ => None,
            };
            if let Some((kind, special)) = special {
                plan = plan.grid(&special, kind, Some(&micro), (column, village), (1, 1));
                plan = plan.person(&format!("named-{special}"), Role::Member, &[&special]);
            }
        }
    }
    assert_eq!(micros, 306);
    plan
}

/// Fourteen river bars and slopes, each with its person.
fn warning(now: Timestamp) -> WarningRecord {
    let post = |id: u16| RiskPost {
        id,
        name: format!("第{id}处河滩"),
        grid: Some(grid(&format!("e{id:02}"))),
        member: Some(member(&format!("named-e{id:02}"))),
        position: Some(cell(1, id - 1)),
    };
    WarningRecord {
        salt: Salt::ZERO,
        hazard: HazardId::new("rainstorm").unwrap(),
        level: WarningLevel::Yellow,
        title: "暴雨黄色预警".to_owned(),
        text: "低洼处留人值守".to_owned(),
        from_at: now,
        until_at: now.after(Duration::from_hours(6)),
        audience: Audience::everyone(),
        posts: (1..=14).map(post).collect(),
        asks_report: true,
        photos: Vec::new(),
    }
}

async fn there(township: &Township, document: DocumentId) -> Warning {
    match township.document(document).await.work() {
        Some(Work::Warning(warning)) => warning,
        other => panic!("{other:?}"),
    }
}

fn shows(phone: &Phone, document: DocumentId) -> (WarningLevel, WarningState, bool) {
    let view = phone.field().warning(document).unwrap();
    assert_eq!(view.row.level, view.warning.level);
    (view.warning.level, view.state, view.is_acknowledged)
}

fn set(issue: u16, level: WarningLevel, until_at: Timestamp) -> WarningStep {
    WarningStep::Set { issue, level, until_at }
}

#[tokio::test]
async fn a_red_rain_warning_is_raised_answered_at_every_post_lowered_extended_and_ended() {
    use WarningLevel as L;
    use WarningState as S;
    let township = Township::of(2_401, plan()).await;
    township.time.set(Timestamp::from_millis(1_763_800_020_000));
    let now = township.time.now();
    let hours = |hours: u64| now.after(Duration::from_hours(hours));
    let mut desk = Desk::open(&township, "desk", 1).await;
    let mut named = Vec::new();
    for post in 1..=14_u64 {
        named.push(township.phone(&format!("named-e{post:02}"), 10 + post).await);
    }
    let mut far = township.phone("m-200", 30).await;
    let mut never = township.phone("m-201", 31).await;
    let warning = desk.warn(&township, warning(now)).await;
    // The first hears of yellow and acknowledges it, out of reach of what follows.
    far.sync().await.unwrap();
    assert_eq!(shows(&far, warning), (L::Yellow, S::InForce, false));
    far.field().acknowledge_warning(warning).unwrap();
    assert_eq!(shows(&far, warning), (L::Yellow, S::InForce, true));
    desk.say_of_warning(&township, warning, &set(1, L::Orange, hours(6))).await;
    desk.say_of_warning(&township, warning, &set(2, L::Red, hours(4))).await;
    // Those who are named hear of red at once, acknowledge and report.
    for (post, phone) in (1..).zip(&mut named) {
        phone.sync().await.unwrap();
        assert_eq!(shows(phone, warning), (L::Red, S::InForce, false));
        let view = phone.field().warning(warning).unwrap();
        let mine: Vec<u16> = view.posts.iter().filter(|post| post.is_mine).map(|post| post.post.id).collect();
        assert_eq!(mine, [post]);
        phone.field().acknowledge_warning(warning).unwrap();
        let (report, people) = match post % 7 {
            0 => (PostReport::NeedHelp, None),
            3 => (PostReport::Moving, Some(9)),
            _ => (PostReport::Watching, Some(0)),
        };
        phone.field().report_post(warning, Some(post), report, people, &Remark::default()).unwrap();
        phone.sync().await.unwrap();
    }
    let row: WarningRow = township.row(warning).await;
    assert_eq!((row.level, row.issue, row.posts), (L::Red, 2, 14));
    assert_eq!((row.acknowledged, row.heard, row.need_help), (14, 14, 2));
    // The late word about yellow arrives after red: it is kept, and neither lowers red nor passes for it.
    far.sync().await.unwrap();
    township.settled().await;
    far.sync().await.unwrap();
    assert_eq!(shows(&far, warning), (L::Red, S::InForce, false));
    let warned = there(&township, warning).await;
    assert_eq!(warned.acknowledged.len(), 15);
    assert_eq!(warned.acknowledged[&member("m-200")].0, 0);
    assert_eq!(township.row::<WarningRow>(warning).await.acknowledged, 14);
    // A phone that first looks when all is said shows red too.
    never.sync().await.unwrap();
    assert_eq!(shows(&never, warning), (L::Red, S::InForce, false));
    assert_eq!(never.field().warning(warning).unwrap().warning.issues.len(), 3);
    // Help came; then lowered. Its time runs out on a phone without signal; extended, it holds again.
    let safe = Remark::text("人都在坡上");
    named[6].field().report_post(warning, Some(7), PostReport::Safe, Some(4), &safe).unwrap();
    named[6].sync().await.unwrap();
    assert_eq!(township.row::<WarningRow>(warning).await.need_help, 1);
    desk.say_of_warning(&township, warning, &set(3, L::Orange, hours(4))).await;
    far.sync().await.unwrap();
    assert_eq!(shows(&far, warning).0, L::Orange);
    township.time.advance(Duration::from_hours(5));
    assert_eq!(shows(&far, warning), (L::Orange, S::Expired, false));
    desk.say_of_warning(&township, warning, &set(4, L::Orange, hours(9))).await;
    far.sync().await.unwrap();
    assert_eq!(shows(&far, warning), (L::Orange, S::InForce, false));
    desk.say_of_warning(&township, warning, &WarningStep::Ended { issue: 5 }).await;
    for phone in named.iter_mut().chain([&mut far, &mut never]) {
        phone.sync().await.unwrap();
        assert_eq!(shows(phone, warning).1, S::Ended);
        let view = phone.field().warning(warning).unwrap();
        same_row(&view.row, &township.row::<WarningRow>(warning).await);
        let levels: Vec<Option<L>> = view.warning.issues.iter().map(|issue| issue.level).collect();
        let said = [Some(L::Yellow), Some(L::Orange), Some(L::Red), Some(L::Orange), Some(L::Orange), None];
        assert_eq!(levels, said, "and what was said when stays to be read");
    }
    assert!(township.settled().await.held().await.unwrap().is_empty());
}

#[tokio::test]
async fn forty_five_people_are_moved_in_thirty_minutes_by_the_persons_named() {
    let township = Township::of(2_402, plan()).await;
    township.time.set(Timestamp::from_millis(1_763_800_020_000));
    let given_at = township.time.now();
    let mut desk = Desk::open(&township, "desk", 1).await;
    let item = |id: u16| TaskItem { id, text: format!("第{id}户"), address: String::new(), people: 3 };
    let named: Vec<String> = (1..=3).map(|number| format!("named-e{number:02}")).collect();
    let record = TaskRecord {
        items: (1..=15).map(item).collect(),
        shelters: vec!["村小学".to_owned()],
        audience: Audience::of(named.iter().map(|code| member(code))),
        due_at: Some(given_at.after(Duration::from_mins(30))),
        ..TaskRecord::plain(TaskForm::Evacuation, "河滩转移")
    };
    let task = desk.give(&township, record).await;
    let mut phones = Vec::new();
    for (seed, whose) in (1..).zip(&named) {
        phones.push(township.phone(whose, seed).await);
    }
    for item in 1..=15_u16 {
        township.time.advance(Duration::from_mins(1));
        let phone = &mut phones[usize::from(item) % 3];
        phone.field().mark_item(task, item, ItemState::Moved, Some(0), &Remark::default()).unwrap();
        phone.sync().await.unwrap();
    }
    phones[0].field().finish_task(task, &Remark::text("四十五人全部到位")).unwrap();
    phones[0].sync().await.unwrap();
    let row: TaskRow = township.row(task).await;
    assert_eq!((row.counts.people, row.counts.people_accounted, row.counts.clashes), (45, 45, 0));
    assert_eq!(row.counts.by_shelter, [(0, 45)].into());
    assert_eq!(row.state_since.since(given_at), Duration::from_mins(15));
    assert!(row.state_since < row.due_at.unwrap());
}

#[tokio::test]
async fn a_kitchen_fire_goes_from_report_to_handled_in_fifteen_minutes_by_the_relays_own_times() {
    let township = Township::of(2_403, plan()).await;
    township.time.set(Timestamp::from_millis(1_763_800_020_000));
    let mut member_nearby = township.phone("m-040", 1).await;
    let mut brigade = township.phone("fire-1", 2).await;
    // The fortieth micro-grid: third village, sixth cell. The phone's clock is an hour slow.
    let now = township.time.now();
    township.time.set(Timestamp::from_millis(now.millis() - 3_600_000));
    let smoke = member_nearby.field().add_photo(&photo(40), &[]).unwrap();
    let draft = ReportDraft {
        photos: vec![smoke],
        severity: Severity::Urgent,
        ..seen(&township, "fire", "厨房起火，屋里老人已扶出", (5, 2))
    };
    let fire = member_nearby.field().report(draft).unwrap();
    township.time.set(now);
    member_nearby.sync().await.unwrap();
    let minutes = |minutes| township.time.advance(Duration::from_mins(minutes));
    minutes(1);
    say(&township, fire, IncidentStep::plain(StepKind::Accepted), "消防队出动").await;
    say(&township, fire, to_department("fire"), "三村六组").await;
    minutes(14);
    settle(&mut brigade, fire, "明火扑灭，无人伤亡", photo(41)).await;
    let shown = township.settled().await.incident(fire).await.unwrap();
    assert_eq!(shown.listed.row.grid, Some(grid("n040")));
    assert_eq!(shown.listed.row.state, IncidentState::Resolved);
    let received = shown.listed.row.received_at.unwrap();
    assert_eq!(shown.listed.row.state_since.since(received), Duration::from_mins(15));
    assert_eq!(
        received.since(shown.listed.row.reported_at),
        Duration::from_hours(1),
        "the slow clock is told"
    );
    member_nearby.sync().await.unwrap();
    let view = member_nearby.field().incident(fire).unwrap();
    assert_eq!(view.incident.state, IncidentState::Resolved);
    assert_eq!(view.incident.state_since.since(received), Duration::from_mins(15));
    let result = view.about.notes.iter().find(|note| note.text.starts_with("明火扑灭")).unwrap();
    assert_eq!((result.photos.len(), result.step.is_some()), (1, true));
}

#[tokio::test]
async fn a_warning_whose_time_is_over_is_open_no_more_by_the_relays_clock_on_any_phone() {
    let township = Township::of(2_402, plan()).await;
    let mut desk = Desk::open(&township, "desk", 1).await;
    let now = township.time.now();
    let warning = desk.warn(&township, warning(now)).await;
    let mut phone = township.phone("m-200", 2).await;
    phone.sync().await.unwrap();
    let open = Query { kinds: vec![DocumentKind::Warning], is_open: Some(true), ..Query::default() };
    let over = Query { is_open: Some(false), ..open.clone() };
    let listed = |field: &Field| (field.count(&open).unwrap(), field.count(&over).unwrap());
    assert_eq!(listed(phone.field()), (1, 0));
    phone.kill();
    // The clock of this phone is ten years ahead: it hears the relay once, and knows.
    let years = Duration::from_hours(10 * 365 * 24);
    let ahead = Arc::new(TestClock::at(now.after(years)));
    let field = Field::open(phone.folder(), Arc::clone(&ahead) as SharedClock, Random::seeded(5)).unwrap();
    let mut session = Session::default();
    while let Step::Send(request) = field.ask(&mut session).unwrap() {
        let response = phone.network.carry(request).await.unwrap();
        field.answer(&mut session, &response).unwrap();
    }
    assert_eq!(field.warning(warning).unwrap().state, WarningState::InForce);
    assert_eq!(listed(&field), (1, 0));
    // Six hours later, with no network: its time is over, and the counts say so.
    ahead.advance(Duration::from_hours(6));
    assert_eq!(field.warning(warning).unwrap().state, WarningState::Expired);
    assert_eq!(listed(&field), (0, 1));
    assert_eq!(field.list(&open).unwrap().total, 0);
}
