//! Haitang: double grids, on the street and online; two departments on one matter; a day's and a week's work.

use std::time::Duration;

use suishou_core::{
    error::Error,
    field::{Remark, ReportDraft, StepDraft},
    id::{Salt, ThemeId},
    model::{
        Role, Severity,
        audience::Audience,
        incident::{DispatchState, IncidentState, IncidentStep, Matter, StepKind},
        notice::NoticeRecord,
        task::{ItemState, TaskAnswer, TaskForm, TaskItem, TaskRecord, TaskState},
    },
    rows::{NoticeRow, TaskRow},
    store::Mine,
    time::Clock as _,
};
use suishou_tests::harness::{Desk, Phone, Plan, Township};

use super::{say, seen, settle, to_department};
use crate::{
    lessons::{grid, member},
    scenarios::photo,
};

/// 31 grids in a row of three cells each, one of its own for the market; 72 micro-grids, each with an online
/// twin that covers the same homes.
fn plan() -> Plan {
    let mut plan = Plan::new("海棠镇")
        .department("police", &["order", "counterfeit"])
        .department("market", &["food_safety", "counterfeit"])
        .handler("police-1", "police")
        .handler("market-1", "market")
        .person("desk", Role::Dispatcher, &[])
        .grid("haitang", "village", None, (0, 0), (3, 32))
        .grid("h32", "dedicated", Some("haitang"), (0, 31), (3, 1))
        .person("m-market", Role::Member, &["h32"]);
    let mut micros = 0;
    for number in 1..=31_u16 {
        let id = format!("h{number:02}");
        plan = plan.grid(&id, "sub", Some("haitang"), (0, number - 1), (3, 1));
        plan = plan.person(&format!("l-{number:02}"), Role::Leader, &[&id]);
        for column in 0..if number <= 10 { 3 } else { 2 } {
            micros += 1;
            let (street, online) = (format!("n{micros:02}"), format!("a{micros:02}"));
            plan = plan.grid(&street, "micro", Some(&id), (column, number - 1), (1, 1));
            plan = plan.grid(&online, "online", Some(&street), (column, number - 1), (1, 1));
            plan = plan.person(&format!("m-{micros:02}"), Role::Member, &[&street]);
        }
    }
    assert_eq!(micros, 72);
    plan
}

#[tokio::test]
async fn a_fake_medicine_sale_brings_police_and_market_supervision_each_with_its_own_state() {
    use DispatchState as D;
    let township = Township::of(2_201, plan()).await;
    assert_eq!(township.relay.settings().await.grids.len(), 1 + 31 + 1 + 72 + 72);
    let mut walker = township.phone("m-14", 1).await;
    let mut police = township.phone("police-1", 2).await;
    let mut market = township.phone("market-1", 3).await;
    let photo_of_it = walker.field().add_photo(&photo(14), &[]).unwrap();
    // The fourteenth micro-grid is the second of the fifth grid.
    let draft = ReportDraft {
        photos: vec![photo_of_it],
        severity: Severity::High,
        ..seen(&township, "counterfeit", "活动室里卖“神药”，一盒九百八，围了二十多个老人", (1, 4))
    };
    let sale = walker.field().report(draft).unwrap();
    let found = walker.field().incident(sale).unwrap().incident.grid.value;
    assert_eq!(found, Some(grid("n14")), "a place on the street lies in no chat group");
    walker.sync().await.unwrap();
    say(&township, sale, IncidentStep::plain(StepKind::Accepted), "联合处置").await;
    say(&township, sale, to_department("police"), "维持秩序，控制人员").await;
    say(&township, sale, to_department("market"), "查扣药品，取样送检").await;
    let states = |phone: &Phone| {
        let incident = phone.field().incident(sale).unwrap().incident;
        let dispatches: Vec<DispatchState> =
            incident.dispatches.iter().map(|dispatch| dispatch.state).collect();
        (incident.state, dispatches)
    };
    // The police begin; the market people settle theirs; then the police settle theirs.
    police.sync().await.unwrap();
    market.sync().await.unwrap();
    let order = |phone: &Phone| phone.field().incident(sale).unwrap().my_dispatch.unwrap();
    assert_ne!(order(&police), order(&market));
    let begin = StepDraft { dispatch: Some(order(&police)), ..StepDraft::plain(StepKind::Handling) };
    police.field().step(sale, begin).unwrap();
    let foreign = StepDraft { dispatch: Some(order(&market)), ..StepDraft::plain(StepKind::Resolved) };
    assert!(matches!(police.field().step(sale, foreign), Err(Error::Refused { .. })), "not theirs to settle");
    police.sync().await.unwrap();
    settle(&mut market, sale, "查扣四十盒", photo(2)).await;
    walker.sync().await.unwrap();
    assert_eq!(states(&walker), (IncidentState::Handling, vec![D::Handling, D::Resolved]));
    let closing = suishou_server::relay::Act::step(IncidentStep::plain(StepKind::Closed));
    assert!(township.relay.act(sale, closing).await.is_err(), "one of two is not yet done");
    let done = StepDraft { dispatch: Some(order(&police)), ..StepDraft::plain(StepKind::Resolved) };
    police.field().step(sale, done).unwrap();
    police.sync().await.unwrap();
    say(&township, sale, IncidentStep::plain(StepKind::Verified), "两家都已办结").await;
    say(&township, sale, IncidentStep::plain(StepKind::Closed), "已立案，药款退回老人").await;
    for phone in [&mut walker, &mut police, &mut market] {
        phone.sync().await.unwrap();
        assert_eq!(states(phone), (IncidentState::Closed, vec![D::Resolved, D::Resolved]));
    }
    // A suggestion about the work itself is between its author and the command centre.
    let suggestion = ReportDraft {
        matter: Some(Matter::Suggestion),
        ..seen(&township, "dispute", "晚上八点后再发通知，老人那时才看手机", (1, 4))
    };
    let suggestion = walker.field().report(suggestion).unwrap();
    walker.sync().await.unwrap();
    let mut leader = township.phone("l-05", 4).await;
    leader.sync().await.unwrap();
    assert!(leader.field().incident(sale).is_ok() && leader.field().incident(suggestion).is_err());
    let shown = township.settled().await.incident(suggestion).await.unwrap();
    assert_eq!(shown.work.reporter.unwrap().member, Some(member("m-14")));
}

#[tokio::test]
async fn a_daily_reminder_a_weekly_plan_and_the_weeks_theme_are_read_done_and_counted() {
    let township = Township::of(2_202, plan()).await;
    let mut desk = Desk::open(&township, "desk", 1).await;
    let now = township.time.now();
    let week = now.after(Duration::from_hours(7 * 24));
    let members = Audience { roles: vec![Role::Member], ..Audience::default() };
    let reminder = TaskRecord {
        text: "今天降温，看看独居老人的炭火".to_owned(),
        audience: members.clone(),
        from_at: Some(now),
        due_at: Some(now.after(Duration::from_hours(12))),
        ..TaskRecord::plain(TaskForm::Reminder, "每日提醒")
    };
    let reminder = desk.give(&township, reminder).await;
    let item = |id, text: &str| TaskItem { id, text: text.to_owned(), address: String::new(), people: 0 };
    let plan = TaskRecord {
        items: vec![item(1, "走访独居老人"), item(2, "查沿街店铺电线"), item(3, "群里发反诈提示")],
        audience: Audience::of([member("m-01")]),
        from_at: Some(now),
        due_at: Some(week),
        ..TaskRecord::plain(TaskForm::Plan, "本周计划")
    };
    let plan = desk.give(&township, plan).await;
    let notice = NoticeRecord {
        salt: Salt::ZERO,
        theme: ThemeId::new("fraud").ok(),
        title: "反诈宣传周".to_owned(),
        text: "陌生电话说您中奖，都是骗人的".to_owned(),
        audience: members,
        photos: Vec::new(),
        from_at: Some(now),
        until_at: Some(week),
        asks_read: true,
    };
    let notice = desk.publish(&township, notice).await;
    let mut phones = Vec::new();
    for number in 1..=6_u64 {
        phones.push(township.phone(&format!("m-{number:02}"), 100 + number).await);
    }
    let mut handler = township.phone("police-1", 107).await;
    handler.sync().await.unwrap();
    assert!(handler.field().notice(notice).is_err() && handler.field().task(reminder).is_err());
    // Offline each reads the notice, some more than once; each says that they saw the reminder.
    for phone in &phones {
        for _ in 0..3 {
            phone.field().read_notice(notice).unwrap();
        }
        let view = phone.field().task(reminder).unwrap();
        assert!(view.is_for_me && view.my_part.is_none());
        phone.field().answer_task(reminder, TaskAnswer::Accepted, None, &Remark::default()).unwrap();
    }
    phones[0].field().mark_item(plan, 1, ItemState::Done, None, &Remark::text("九户都看了")).unwrap();
    phones[0].field().mark_item(plan, 2, ItemState::Faulty, None, &Remark::text("三家私拉电线")).unwrap();
    phones[0].field().mark_item(plan, 3, ItemState::Done, None, &Remark::default()).unwrap();
    phones[0].field().finish_task(plan, &Remark::default()).unwrap();
    assert!(phones[1].field().task(plan).is_err(), "another's plan");
    for phone in &mut phones {
        assert_eq!(phone.field().notice(notice).unwrap().row.readers, 1, "so far only one's own reading");
        phone.sync().await.unwrap();
    }
    let row: NoticeRow = township.row(notice).await;
    assert_eq!((row.readers, row.theme.as_ref().map(ThemeId::as_str)), (6, Some("fraud")));
    let row: TaskRow = township.row(reminder).await;
    assert_eq!((row.counts.accepted, row.state), (6, TaskState::Underway));
    let row: TaskRow = township.row(plan).await;
    assert_eq!((row.counts.items, row.counts.accounted, row.counts.finished), (3, 3, 1));
    assert_eq!(row.counts.by_state.get("faulty"), Some(&1));
    for phone in &mut phones {
        phone.sync().await.unwrap();
        assert!(phone.field().notice(notice).unwrap().is_read);
        assert_eq!(phone.field().notice(notice).unwrap().row.readers, 6);
        assert_eq!(phone.field().task(reminder).unwrap().row.counts.accepted, 6);
    }
    // Withdrawn, it is no longer passed on.
    desk.withdraw(&township, notice).await;
    phones[3].sync().await.unwrap();
    assert!(phones[3].field().notice(notice).unwrap().is_withdrawn);
    assert!(phones[3].field().incidents(Mine::OrOthers, 10, 0).unwrap().is_empty());
    assert!(township.settled().await.held().await.unwrap().is_empty());
}
