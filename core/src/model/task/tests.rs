//! Tasks: counts, answers, hand-over, names of fields.

use super::*;
use crate::{
    id::EntryId,
    model::{
        choice::Fields,
        encode,
        step::{Author, Origin, RawStep, StepId},
    },
};

fn member(code: &str) -> MemberId {
    MemberId::new(code).unwrap()
}

fn origin(second: i64) -> Origin {
    Origin {
        entry: EntryId::ZERO,
        author: Author::Alias(1),
        claimed_at: Timestamp::from_millis(second * 1_000),
        received_at: None,
    }
}

fn fold(record: &TaskRecord, steps: &[TaskStep], fields: &Fields) -> Task {
    let raw: Vec<RawStep> = (0_u16..)
        .zip(steps)
        .map(|(index, step)| RawStep {
            id: StepId::derive(&[7; 16], index + 1, 0),
            body: encode(step),
            origin: origin(i64::from(index)),
            is_latest: false,
        })
        .collect();
    Task::fold(record, &origin(0), &raw, fields)
}

fn evacuation() -> TaskRecord {
    let item = |id, people| TaskItem { id, text: format!("第{id}户"), address: String::new(), people };
    TaskRecord {
        items: vec![item(1, 4), item(2, 2), item(3, 1)],
        shelters: vec!["小学".to_owned(), "祠堂".to_owned()],
        ..TaskRecord::plain(TaskForm::Evacuation, "转移")
    }
}

fn answered(code: &str, answer: TaskAnswer) -> TaskStep {
    TaskStep::Answered { member: member(code), answer, reason: None }
}

#[test]
fn people_are_counted_once_whoever_marked_them_and_a_clash_is_shown() {
    let fields = Fields::from([
        ("i1".to_owned(), vec!["moved:0".to_owned(), "moved:1".to_owned()]),
        ("i2".to_owned(), vec!["absent".to_owned()]),
        ("i3".to_owned(), vec!["absent".to_owned(), "elsewhere".to_owned()]),
    ]);
    let counts = fold(&evacuation(), &[], &fields).counts();
    assert_eq!((counts.people, counts.people_accounted, counts.clashes), (7, 5, 2));
    assert_eq!(counts.by_shelter, [(0, 4)].into());
}

#[test]
fn an_errand_is_declined_only_when_all_whom_it_names_declined() {
    let record = TaskRecord {
        audience: Audience::of([member("a"), member("b")]),
        ..TaskRecord::plain(TaskForm::Errand, "x")
    };
    let one = [answered("a", TaskAnswer::Declined)];
    assert_eq!(fold(&record, &one, &Fields::new()).state, TaskState::Open);
    let both = [answered("a", TaskAnswer::Declined), answered("b", TaskAnswer::Declined)];
    assert_eq!(fold(&record, &both, &Fields::new()).state, TaskState::Declined);
}

#[test]
fn what_is_handed_over_is_open_for_the_other() {
    let record =
        TaskRecord { audience: Audience::of([member("a")]), ..TaskRecord::plain(TaskForm::Errand, "x") };
    let handed = TaskStep::HandedOver { member: member("a"), to: member("b") };
    let steps = [answered("a", TaskAnswer::Accepted), handed.clone()];
    let task = fold(&record, &steps, &Fields::new());
    assert_eq!((task.state, task.named.len()), (TaskState::Open, 2));
    let steps = [handed, TaskStep::Finished { member: Some(member("b")) }];
    assert_eq!(fold(&record, &steps, &Fields::new()).state, TaskState::Finished);
}

#[test]
fn a_muster_stays_open_until_the_centre_closes_it() {
    let record =
        TaskRecord { audience: Audience::everyone(), ..TaskRecord::plain(TaskForm::Muster, "集结") };
    let steps = [
        answered("a", TaskAnswer::Accepted),
        answered("b", TaskAnswer::Declined),
        answered("a", TaskAnswer::Arrived),
        TaskStep::Finished { member: Some(member("a")) },
    ];
    let task = fold(&record, &steps, &Fields::new());
    let counts = task.counts();
    assert_eq!(task.state, TaskState::Underway);
    assert_eq!((counts.accepted, counts.declined, counts.arrived), (0, 1, 1));
    let closed = [steps.as_slice(), &[TaskStep::Closed, answered("c", TaskAnswer::Accepted)]].concat();
    let task = fold(&record, &closed, &Fields::new());
    assert_eq!((task.state, task.without_effect.len()), (TaskState::Closed, 1));
}

#[test]
fn only_exact_names_are_items_fields() {
    assert_eq!(field_item("i12"), Some(12));
    for wrong in ["i", "i+1", "i01", "i70000", "card", "1"] {
        assert_eq!(field_item(wrong), None, "{wrong}");
    }
    assert_eq!(read_item_word("moved:1"), Some((ItemState::Moved, Some(1))));
    assert_eq!(read_item_word("moved:"), None);
}

#[test]
fn a_list_with_one_number_twice_or_without_a_shelter_is_refused() {
    let mut record = evacuation();
    record.items.push(TaskItem { id: 2, text: String::new(), address: String::new(), people: 1 });
    assert!(record.check().is_err());
    let record = TaskRecord { shelters: Vec::new(), ..evacuation() };
    assert!(record.check().is_err());
    assert!(evacuation().check().is_ok());
}
