//! Three phones and a relay: whatever each does out of reach and whenever each syncs, in the end all show the same.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use suishou_core::{
    document::Work,
    error::{Error, HeldCode},
    field::{Remark, StepDraft},
    id::{CategoryId, DocumentId, PurposeId, ReasonId, Salt},
    model::{
        Severity,
        audience::Audience,
        household::HouseholdCard,
        incident::StepKind,
        task::{ItemState, TaskAnswer, TaskForm, TaskItem, TaskRecord},
    },
    time::Timestamp,
};
use suishou_tests::harness::{Fault, Phone, Township};

use crate::{
    folds::cases,
    lessons::{grid, in_grid, insist, member, notice_for},
    scenarios::report,
};

/// Which phone, what it does, and two numbers to do it with.
type Doing = (usize, u8, u8, u8);

struct Documents {
    task: DocumentId,
    notice: DocumentId,
    household: DocumentId,
    incident: DocumentId,
}

fn card(number: u8) -> HouseholdCard {
    HouseholdCard {
        salt: Salt::ZERO,
        name: format!("第{number}张卡"),
        address: "桥头".to_owned(),
        phone: String::new(),
        people: 1,
        purposes: vec![PurposeId::new("alone").unwrap()],
        needs: String::new(),
        every_days: number.into(),
        place: in_grid("g1"),
    }
}

/// One person's two phones, and their leader's; all of them know the four documents.
async fn set_out(township: &Township, seed: u64) -> (Vec<Phone>, Documents) {
    let mut phones = Vec::new();
    for (number, whose) in (1..).zip(["m1", "m1", "l1"]) {
        phones.push(township.phone(whose, seed + number).await);
    }
    let item = |id| TaskItem { id, text: format!("第{id}户"), address: String::new(), people: id };
    let record = TaskRecord {
        items: (1..=4).map(item).collect(),
        shelters: vec!["小学".to_owned(), "祠堂".to_owned()],
        audience: Audience { grids: vec![grid("v1")], ..Audience::default() },
        ..TaskRecord::plain(TaskForm::Evacuation, "转移")
    };
    let documents = Documents {
        task: phones[2].field().give_task(record, None).unwrap(),
        notice: phones[2].field().publish_notice(notice_for(&["v1"])).unwrap(),
        household: phones[0].field().add_household(card(1), None).unwrap(),
        incident: phones[0].field().report(report("坡上落石", township, 119.605)).unwrap(),
    };
    for _ in 0..2 {
        for phone in &mut phones {
            phone.sync().await.unwrap();
            township.settled().await;
        }
    }
    (phones, documents)
}

/// What is not possible now is refused at once, and nothing is kept of it.
fn may_be_refused(outcome: Result<(), Error>) {
    match outcome {
        Ok(()) | Err(Error::Refused { code: HeldCode::WrongState | HeldCode::NotAllowed }) => {}
        Err(other) => panic!("{other}"),
    }
}

#[expect(clippy::unused_async, reason = "reads as the other moves")]
async fn act(phone: &mut Phone, documents: &Documents, (what, a, b): (u8, u8, u8)) {
    let field = phone.field();
    let remark = if b % 4 == 0 { Remark::text("说明") } else { Remark::default() };
    let Documents { task, notice, household, incident } = *documents;
    may_be_refused(match what % 20 {
        0..=2 => {
            let state = ItemState::ALL[usize::from(b) % ItemState::ALL.len()];
            let shelter = (state == ItemState::Moved).then_some(a / 4 % 2);
            field.mark_item(task, u16::from(a % 4) + 1, state, shelter, &remark)
        }
        3 => field.answer_task(task, TaskAnswer::Accepted, None, &remark),
        4 => field.answer_task(task, TaskAnswer::Declined, ReasonId::new("away").ok(), &remark),
        5 => field.hand_over_task(task, member(["m1", "l1"][usize::from(a % 2)]), &remark),
        6 => field.finish_task(task, &remark),
        7 if a % 3 == 0 => field.close_task(task, &remark),
        7 => field.reopen_task(task, None, &remark),
        8 => field.read_notice(notice),
        9 => field.add_note(notice, &suishou_core::field::Remark::text("问一句")),
        10 => field.change_household(household, card(2 + a % 6), None),
        11 => {
            let cards = field.household(household).unwrap().cards;
            field.choose_card(household, cards[usize::from(a) % cards.len()].entry)
        }
        12 => field.end_household(household, ReasonId::new("moved_away").ok(), &remark),
        13 => field.resume_household(household, &remark),
        14 => {
            let category = CategoryId::new(["fire", "ecology", "order"][usize::from(a % 3)]).ok();
            field.correct(incident, category, Some(Severity::ALL[usize::from(b % 4)]), None, None)
        }
        15 => field.correct(incident, None, None, Some(grid(["g1", "v1"][usize::from(a % 2)])), None),
        16..=18 => {
            let kind = StepKind::ALL[usize::from(a) % StepKind::ALL.len()];
            let draft = StepDraft {
                rating: Some(1 + b % 5),
                reason: ReasonId::new("came_back").ok(),
                ..StepDraft::plain(kind)
            };
            match field.step(incident, draft) {
                // A dispatch or duplicate would have to name something.
                Err(Error::Invalid { .. }) => Ok(()),
                other => other,
            }
        }
        _ => {
            phone.kill();
            phone.start();
            Ok(())
        }
    });
}

/// Without what is told differently to different readers: who is "you".
fn bare(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(name, _)| name != "author")
                .map(|(name, value)| (name, bare(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(bare).collect()),
        other => other,
    }
}

fn amounts_to(work: &Work) -> Value {
    let value = match work {
        Work::Incident(incident) => serde_json::to_value(incident),
        Work::Patrol(patrol) => serde_json::to_value(patrol),
        Work::Household(household) => serde_json::to_value(household),
        Work::Visit(visit) => serde_json::to_value(visit),
        Work::Task(task) => serde_json::to_value(task),
        Work::Warning(warning) => serde_json::to_value(warning),
        Work::Notice(notice) => serde_json::to_value(notice),
    };
    bare(value.unwrap())
}

async fn all_show_the_same(township: &Township, phones: &[Phone], documents: &Documents) {
    let Documents { task, notice, household, incident } = *documents;
    let mut there = Vec::new();
    for document in [task, notice, household, incident] {
        let row: Value = township.row(document).await;
        there.push((bare(row), amounts_to(&township.document(document).await.work().unwrap())));
    }
    for (number, phone) in phones.iter().enumerate() {
        let field = phone.field();
        let view = field.task(task).unwrap();
        let row = |row: serde_json::Result<Value>| bare(row.unwrap());
        assert_eq!(row(serde_json::to_value(&view.row)), there[0].0, "phone {number}");
        assert_eq!(amounts_to(&Work::Task(view.task)), there[0].1, "phone {number}");
        assert_eq!(
            row(serde_json::to_value(&field.notice(notice).unwrap().row)),
            there[1].0,
            "phone {number}"
        );
        let view = field.household(household).unwrap();
        assert_eq!(amounts_to(&Work::Household(view.household)), there[2].1, "phone {number}");
        let in_use = view.cards.iter().filter(|card| card.is_in_use).count();
        assert_eq!((in_use, view.row.name.as_str()), (1, view.card.name.as_str()), "phone {number}");
        assert_eq!(Value::from(view.row.name), there[2].0["name"], "phone {number}");
        let view = field.incident(incident).unwrap();
        assert_eq!(amounts_to(&Work::Incident(view.incident)), there[3].1, "phone {number}");
        assert_eq!(field.counts().unwrap().entries_pending, 0);
    }
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn after_any_history_every_phone_shows_what_the_relay_shows(
        seed in 0_u64..1_000_000,
        doings in proptest::collection::vec((0..3_usize, any::<u8>(), any::<u8>(), any::<u8>()), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(history(seed, &doings));
    }
}

async fn history(seed: u64, doings: &[Doing]) {
    let township = Township::new(seed).await;
    // Whole minutes: a feed tells others' times no finer.
    township.time.set(Timestamp::from_millis(1_763_800_020_000));
    let (mut phones, documents) = set_out(&township, seed * 10).await;
    for (who, what, a, b) in doings {
        township.time.advance(Duration::from_mins(1));
        let phone = &mut phones[*who];
        match what % 4 {
            0 => {
                if a % 5 == 0 {
                    phone.network.break_next([Fault::RequestLost, Fault::Portal]);
                }
                drop(phone.sync().await);
                phone.network.heal();
                township.settled().await;
            }
            _ => act(phone, &documents, (what / 4, *a, *b)).await,
        }
    }
    for _ in 0..3 {
        for phone in &mut phones {
            insist(phone).await;
            township.settled().await;
        }
    }
    all_show_the_same(&township, &phones, &documents).await;
}
