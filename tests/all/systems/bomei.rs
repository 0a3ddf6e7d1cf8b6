//! Bomei: eighty-four people under one command; a hill fire, and a woman who knew nothing of relief.

use suishou_core::{
    field::{Need, Remark, ReportDraft, VisitDraft},
    id::{FormId, PurposeId, QuestionId, ReasonId, Salt},
    model::{
        Role, Severity,
        audience::Audience,
        household::HouseholdCard,
        incident::{IncidentState, IncidentStep, StepKind},
        place::Place,
        step::Author,
        task::{TaskAnswer, TaskForm, TaskRecord, TaskState, TaskStep},
        visit::{Answer, AnswerValue, VisitOutcome},
    },
    rows::{HouseholdRow, TaskRow, VisitRow},
    store::Mine,
};
use suishou_tests::harness::{Desk, Phone, Plan, Township};

use super::{fix, is_written, same_row, say, seen, settle, to_department};
use crate::{lessons::grid, scenarios::photo};

const SQUADS: u16 = 12;

/// One brigade, three squadrons, twelve squads: 1 + 3 + 12 leaders and 68 members are 84.
fn people() -> Vec<(String, Role, String)> {
    let mut people = vec![("b-1".to_owned(), Role::Leader, "brigade".to_owned())];
    people.extend(
        (1..=3).map(|squadron| (format!("s-{squadron}"), Role::Leader, format!("squadron{squadron}"))),
    );
    for squad in 1..=SQUADS {
        let grid = format!("squad{squad:02}");
        people.push((format!("t-{squad:02}"), Role::Leader, grid.clone()));
        let members = if squad <= 8 { 6 } else { 5 };
        people.extend(
            (1..=members).map(|number| (format!("m-{squad:02}{number}"), Role::Member, grid.clone())),
        );
    }
    people
}

fn plan() -> Plan {
    let mut plan = Plan::new("博美镇")
        .department("civil", &["relief"])
        .department("police", &["order", "drugs", "smuggling"])
        .handler("civil-1", "civil")
        .handler("police-1", "police")
        .person("desk", Role::Dispatcher, &[])
        .person("vendor-1", Role::Informant, &[])
        .grid("brigade", "village", None, (0, 0), (12, 1));
    for squadron in 0..3 {
        let id = format!("squadron{}", squadron + 1);
        plan = plan.grid(&id, "sub", Some("brigade"), (squadron * 4, 0), (4, 1));
        for squad in 0..4 {
            let number = squadron * 4 + squad;
            plan = plan.grid(&format!("squad{:02}", number + 1), "micro", Some(&id), (number, 0), (1, 1));
        }
    }
    for (id, role, grid) in people() {
        plan = plan.person(&id, role, &[&grid]);
    }
    plan
}

#[tokio::test]
async fn smoke_on_a_patrol_becomes_a_hill_fire_and_all_eighty_four_answer_the_call() {
    let township = Township::of(2_101, plan()).await;
    let mut desk = Desk::open(&township, "desk", 1).await;
    let mut phones: Vec<Phone> = Vec::new();
    for (number, (id, _, _)) in (0..).zip(people()) {
        phones.push(township.phone(&id, 1_000 + number).await);
    }
    assert_eq!(phones.len(), 84);
    // On patrol: smoke, a photo, a closer look, a report. Offline until the ridge.
    let patroller = people().iter().position(|(id, _, _)| id == "m-051").unwrap();
    let field = phones[patroller].field();
    let patrol = field.start_patrol("林区巡护", Some(grid("squad05")), Vec::new()).unwrap();
    let smoke = field.add_photo(&photo(84), &[]).unwrap();
    let draft = ReportDraft {
        photos: vec![smoke],
        severity: Severity::High,
        ..seen(&township, "fire", "北坡冒烟", (4, 0))
    };
    let fire = field.report(draft).unwrap();
    let confirmed = Some("走近看是山火，约两亩，往东烧");
    field.correct(fire, None, Some(Severity::Urgent), None, confirmed).unwrap();
    phones[patroller].sync().await.unwrap();
    let shown = township.settled().await.incident(fire).await.unwrap();
    assert_eq!(
        (shown.listed.row.severity, shown.listed.row.grid.as_ref()),
        (Severity::Urgent, Some(&grid("squad05")))
    );
    assert!(shown.work.photo_blobs[0].is_stored);
    say(&township, fire, IncidentStep::plain(StepKind::Accepted), "已确认山火，全员集结").await;
    // The call to everyone in the brigade.
    let muster = desk
        .give(
            &township,
            TaskRecord {
                text: "带灭火耙，北坡路口集合".to_owned(),
                audience: Audience { grids: vec![grid("brigade")], ..Audience::default() },
                source: Some(fire),
                place: Place::captured(
                    Some(&fix(&township, (4, 0))),
                    Some(grid("squad05")),
                    shown.listed.row.reported_at,
                ),
                ..TaskRecord::plain(TaskForm::Muster, "山火集结")
            },
        )
        .await;
    // Two of three are in reach and answer; every twelfth can't come and says why.
    let answer = |phone: &Phone, number: usize| {
        let view = phone.field().task(muster).unwrap();
        assert!(view.is_for_me && view.row.source == Some(fire));
        let (answer, reason) = match number % 12 {
            7 => (TaskAnswer::Declined, ReasonId::new("away").ok()),
            _ => (TaskAnswer::Accepted, None),
        };
        phone.field().answer_task(muster, answer, reason, &Remark::default()).unwrap();
    };
    for (number, phone) in phones.iter_mut().enumerate().filter(|(number, _)| number % 3 != 2) {
        phone.sync().await.unwrap();
        answer(phone, number);
        phone.sync().await.unwrap();
    }
    let counts = township.row::<TaskRow>(muster).await.counts;
    assert_eq!(counts.accepted + counts.declined, 56);
    // The rest come out of the valley later; they see the call and who is there already.
    for (number, phone) in phones.iter_mut().enumerate().filter(|(number, _)| number % 3 == 2) {
        assert!(phone.field().task(muster).is_err(), "out of reach");
        phone.sync().await.unwrap();
        answer(phone, number);
    }
    for (number, phone) in phones.iter_mut().enumerate() {
        if number % 12 != 7 {
            phone.field().answer_task(muster, TaskAnswer::Arrived, None, &Remark::default()).unwrap();
        }
        phone.sync().await.unwrap();
    }
    let row = township.row::<TaskRow>(muster).await;
    assert_eq!((row.counts.arrived, row.counts.declined, row.counts.accepted), (77, 7, 0));
    assert_eq!(row.state, TaskState::Underway, "a call is open until the centre ends it");
    let task = desk_sees(&township, muster).await;
    assert_eq!(task.parts.len(), 84, "an answer from each");
    assert!(
        task.parts
            .values()
            .filter(|part| part.answer == Some(TaskAnswer::Declined))
            .all(|part| part.reason.is_some())
    );
    desk.say_of_task(&township, muster, &TaskStep::Closed).await;
    say(&township, fire, IncidentStep::plain(StepKind::Resolved), "明火已灭").await;
    say(&township, fire, IncidentStep::plain(StepKind::Closed), "无人受伤").await;
    let row = township.row::<TaskRow>(muster).await;
    for phone in &mut phones {
        phone.sync().await.unwrap();
        let here = phone.field().task(muster).unwrap();
        assert_eq!((&here.row.counts, here.row.state), (&row.counts, TaskState::Closed));
        assert_eq!(phone.field().counts().unwrap().entries_held, 0);
    }
    phones[patroller].field().finish_patrol().unwrap();
    phones[patroller].sync().await.unwrap();
    assert_eq!(phones[patroller].field().patrol(patrol).unwrap().patrol.incidents, [fire]);
    assert_eq!(phones[patroller].field().incident(fire).unwrap().incident.state, IncidentState::Closed);
}

async fn desk_sees(
    township: &Township,
    task: suishou_core::id::DocumentId,
) -> suishou_core::model::task::Task {
    match township.document(task).await.work() {
        Some(suishou_core::document::Work::Task(task)) => task,
        other => panic!("{other:?}"),
    }
}

const NAME: &str = "林素芬";

fn relief_visit(household: suishou_core::id::DocumentId, draft: ReportDraft) -> VisitDraft {
    let answer = |question: &str, value| Answer { question: QuestionId::new(question).unwrap(), value };
    VisitDraft {
        household: Some(household),
        purpose: PurposeId::new("ill").ok(),
        form: FormId::new("care").ok(),
        answers: vec![
            answer("health", AnswerValue::Option(QuestionId::new("serious").unwrap())),
            answer("food", AnswerValue::Yes(true)),
            answer("relief_known", AnswerValue::Yes(false)),
        ],
        text: format!("{NAME}五十岁，查出癌症，不知道有医疗救助"),
        fix: None,
        grid: None,
        photos: Vec::new(),
        voice: None,
        outcome: VisitOutcome::Met,
        found: vec![Need::Incident(draft)],
    }
}

#[tokio::test]
async fn a_visit_finds_a_woman_in_need_the_money_is_granted_and_only_those_with_a_part_in_it_know_her_name() {
    let township = Township::of(2_102, plan()).await;
    let mut visitor = township.phone("m-031", 1).await;
    let mut civil = township.phone("civil-1", 2).await;
    let card = HouseholdCard {
        salt: Salt::ZERO,
        name: NAME.to_owned(),
        address: "三队七号".to_owned(),
        phone: String::new(),
        people: 2,
        purposes: vec![PurposeId::new("ill").unwrap()],
        needs: String::new(),
        every_days: 14,
        place: Place::default(),
    };
    // In her yard, without signal: the household, then the visit with what came of it, all or nothing.
    let household = visitor.field().add_household(card, Some(&fix(&township, (2, 0)))).unwrap();
    let need = seen(&township, "relief", &format!("{NAME}患癌，家里无力支付，未申请过救助"), (2, 0));
    let kept = visitor.field().keep_visit(relief_visit(household, need)).unwrap();
    let [matter] = kept.led_to[..] else { panic!("{kept:?}") };
    visitor.sync().await.unwrap();
    let row: VisitRow = township.row(kept.visit).await;
    assert_eq!((row.led_to, row.household), (1, Some(household)));
    let due = visitor.field().household(household).unwrap().row;
    assert_eq!((due.last_visit_at, due.grid), (Some(row.at), Some(grid("squad03"))));
    assert_eq!(township.row::<HouseholdRow>(household).await.name, NAME);
    // The command centre passes it on; civil affairs grants the money.
    say(&township, matter, IncidentStep::plain(StepKind::Accepted), "请民政核实").await;
    say(&township, matter, to_department("civil"), "符合条件请从快").await;
    settle(&mut civil, matter, "医疗救助八千元已批", photo(50)).await;
    say(&township, matter, IncidentStep::plain(StepKind::Verified), "已到账").await;
    say(&township, matter, IncidentStep::plain(StepKind::Closed), "救助金已发放").await;
    visitor.sync().await.unwrap();
    let view = visitor.field().incident(matter).unwrap();
    assert_eq!(view.incident.state, IncidentState::Closed);
    assert!(view.about.notes.iter().any(|note| note.author == Author::Centre && note.text == "救助金已发放"));
    assert!(visitor.field().visit(kept.visit).unwrap().visit.led_to.contains(&matter));
    // Civil affairs knows the matter, not the household's card or the visit.
    assert!(civil.field().incident(matter).is_ok());
    assert!(civil.field().household(household).is_err() && civil.field().visit(kept.visit).is_err());
    // Her squad and those above it look after her; nobody else has her name on the phone, in no file.
    for (whose, seed, has_part) in [
        ("t-03", 11, true),
        ("m-036", 12, true),
        ("s-1", 13, true),
        ("b-1", 14, true),
        ("m-041", 15, false),
        ("t-04", 16, false),
        ("s-2", 17, false),
        ("police-1", 18, false),
        ("vendor-1", 19, false),
    ] {
        let mut phone = township.phone(whose, seed).await;
        phone.sync().await.unwrap();
        assert_eq!(phone.field().household(household).is_ok(), has_part, "{whose}");
        assert_eq!(is_written(phone.folder(), NAME), has_part, "{whose}'s files");
        if has_part {
            let here = phone.field().visit(kept.visit).unwrap();
            same_row(
                &here.row,
                &VisitRow { at: here.row.at, received_at: here.row.received_at, ..row.clone() },
            );
        } else {
            assert!(phone.field().incidents(Mine::OrOthers, 10, 0).unwrap().is_empty());
        }
    }
    assert!(township.settled().await.held().await.unwrap().is_empty());
}
