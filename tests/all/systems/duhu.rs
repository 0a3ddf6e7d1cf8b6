//! Duhu in the storm: a hundred and fifty people moved door by door, each accounted for once.

use suishou_core::{
    document::Work,
    error::Error,
    field::Remark,
    id::DocumentId,
    model::{
        Role,
        audience::Audience,
        task::{ItemState, Task, TaskForm, TaskItem, TaskRecord, TaskState, TaskStep},
    },
    rows::TaskRow,
    time::Clock as _,
};
use suishou_tests::harness::{Desk, Phone, Plan, Township};

use super::same_row;
use crate::{lessons::grid, scenarios::photo};

const HOUSEHOLDS: u16 = 50;

/// 18 villages with 26 second-level grids, 35 full-time members and 1,192 part-time ones.
fn plan() -> Plan {
    let mut plan = Plan::new("都斛镇").person("desk", Role::Dispatcher, &[]);
    let mut subs = Vec::new();
    for village in 0..18_u16 {
        let id = format!("v{:02}", village + 1);
        plan = plan.grid(&id, "village", None, (0, village), (2, 1));
        plan = plan.person(&format!("l-{:02}", village + 1), Role::Leader, &[&id]);
        for column in 0..if village < 8 { 2 } else { 1 } {
            let sub = format!("{id}-{column}");
            plan = plan.grid(&sub, "sub", Some(&id), (column, village), (1, 1));
            subs.push(sub);
        }
    }
    assert_eq!(subs.len(), 26);
    for number in 0..35 {
        plan = plan.person(&format!("full-{number:02}"), Role::Member, &[&subs[number % 26]]);
    }
    for number in 0..1_192 {
        plan = plan.person(&format!("part-{number:04}"), Role::Member, &[&subs[number % 26]]);
    }
    plan
}

fn in_village(form: TaskForm, title: &str) -> TaskRecord {
    TaskRecord {
        audience: Audience { grids: vec![grid("v01")], ..Audience::default() },
        ..TaskRecord::plain(form, title)
    }
}

/// Fifty households of one to five people: a hundred and fifty.
fn evacuation() -> TaskRecord {
    let item = |id: u16| TaskItem {
        id,
        text: format!("第{id}户"),
        address: format!("河边{id}号"),
        people: 1 + (id - 1) % 5,
    };
    TaskRecord {
        items: (1..=HOUSEHOLDS).map(item).collect(),
        shelters: vec!["镇小学".to_owned(), "文化楼".to_owned()],
        ..in_village(TaskForm::Evacuation, "河边转移")
    }
}

async fn there(township: &Township, task: DocumentId) -> Task {
    match township.document(task).await.work() {
        Some(Work::Task(task)) => task,
        other => panic!("{other:?}"),
    }
}

fn moved(phone: &Phone, task: DocumentId, item: u16, shelter: u8) {
    phone.field().mark_item(task, item, ItemState::Moved, Some(shelter), &Remark::default()).unwrap();
}

async fn all_agree(township: &Township, phones: &mut [Phone], task: DocumentId) -> TaskRow {
    // Twice: the first phone hears of the last one's words the second time.
    for _ in 0..2 {
        for phone in &mut *phones {
            phone.sync().await.unwrap();
            township.settled().await;
        }
    }
    let row: TaskRow = township.row(task).await;
    let centre = there(township, task).await;
    for phone in phones {
        let here = phone.field().task(task).unwrap();
        assert_eq!(here.task.items, centre.items, "item by item");
        assert_eq!(here.task.parts, centre.parts);
        same_row(&here.row, &row);
        assert!(here.about.held.is_empty());
    }
    row
}

#[tokio::test]
async fn a_hundred_and_fifty_people_are_moved_by_phones_that_see_each_other_late_and_each_counts_once() {
    let township = Township::of(2_301, plan()).await;
    // Whole minutes: a feed tells others' times no finer.
    township.time.set(suishou_core::time::Timestamp::from_millis(1_763_800_020_000));
    assert_eq!(township.relay.members().await.unwrap().len(), 1 + 18 + 35 + 1_192);
    let mut desk = Desk::open(&township, "desk", 1).await;
    let task = desk.give(&township, evacuation()).await;
    let mut phones = Vec::new();
    for (number, whose) in (10..).zip(["l-01", "full-00", "full-01", "part-0000", "part-0001"]) {
        phones.push(township.phone(whose, number).await);
    }
    let row = &phones[0].field().task(task).unwrap().row;
    assert_eq!((row.counts.items, row.counts.people, row.counts.people_accounted), (50, 150, 0));
    // The mast is down: five phones, each door by door, none hears of another.
    for item in 1..=HOUSEHOLDS {
        let who = usize::from(item - 1) / 10;
        moved(&phones[who], task, item, u8::try_from(item % 2).unwrap());
    }
    // Door 10 was knocked at twice: to two shelters. Door 20 twice, to the same one. At door 30 the one found
    // nobody and the other had moved them; at door 40 one phone corrects itself.
    moved(&phones[1], task, 10, 1);
    moved(&phones[2], task, 20, 0);
    phones[3].field().mark_item(task, 30, ItemState::Absent, None, &Remark::text("没人应门")).unwrap();
    phones[3].field().mark_item(task, 40, ItemState::Elsewhere, None, &Remark::text("去女儿家了")).unwrap();
    let row = all_agree(&township, &mut phones, task).await;
    let counts = &row.counts;
    assert_eq!((counts.items, counts.people), (50, 150));
    assert_eq!(counts.people_accounted, 150, "absent for one is still moved for the other");
    assert_eq!(counts.clashes, 2, "doors 10 and 30, and not door 20");
    assert_eq!(counts.by_state.values().sum::<u32>(), 150, "nobody twice");
    assert_eq!(counts.by_state.get("elsewhere"), Some(&5));
    assert!(counts.by_shelter.values().sum::<u32>() <= 145);
    assert_eq!(row.state, TaskState::Underway);
    // The leader rings up and chooses; each choice is an entry like any other.
    let entries = township.settled().await.status().await.unwrap().entries;
    phones[0]
        .field()
        .mark_item(task, 10, ItemState::Moved, Some(1), &Remark::text("电话核实在文化楼"))
        .unwrap();
    phones[0].field().mark_item(task, 30, ItemState::Moved, Some(0), &Remark::default()).unwrap();
    let row = all_agree(&township, &mut phones, task).await;
    assert_eq!((row.counts.clashes, row.counts.people_accounted), (0, 150));
    assert_eq!(row.counts.by_shelter.values().sum::<u32>(), 145);
    let status = township.settled().await.status().await.unwrap();
    assert_eq!(status.entries - entries, 3, "two changes and a remark");
    let item = there(&township, task).await.items[9].clone();
    assert_eq!(item.state.value, (ItemState::Moved, Some(1)));
    assert_eq!(item.marks.len(), 3, "who said what stays to be seen");
    assert_eq!(item.marks[2].member.as_ref().unwrap().as_str(), "l-01");
    // Done, and closed by whoever gave the order; a late word is refused and told.
    phones[0].field().finish_task(task, &Remark::text("全部转移完毕")).unwrap();
    phones[0].sync().await.unwrap();
    desk.say_of_task(&township, task, &TaskStep::Closed).await;
    let row = all_agree(&township, &mut phones, task).await;
    assert_eq!((row.state, row.counts.people_accounted), (TaskState::Closed, 150));
    let late = phones[1].field().mark_item(task, 1, ItemState::Absent, None, &Remark::default());
    assert!(matches!(late, Err(Error::Refused { .. })));
    let nowhere = phones[1].field().mark_item(task, 1, ItemState::Moved, Some(2), &Remark::default());
    assert!(matches!(nowhere, Err(Error::Invalid { .. })), "there are two shelters");
}

#[tokio::test]
async fn dangerous_houses_are_gone_through_and_the_faulty_ones_have_a_photo() {
    let township = Township::of(2_302, plan()).await;
    township.time.set(suishou_core::time::Timestamp::from_millis(1_763_800_020_000));
    let mut desk = Desk::open(&township, "desk", 1).await;
    let house = |id| TaskItem { id, text: format!("危房{id}"), address: String::new(), people: 0 };
    let record = TaskRecord {
        items: (1..=12).map(house).collect(),
        needs_proof: true,
        due_at: Some(township.time.now().after(std::time::Duration::from_hours(2))),
        ..in_village(TaskForm::Inspection, "雨前排查危房")
    };
    let task = desk.give(&township, record).await;
    let mut phones = vec![township.phone("l-01", 1).await, township.phone("full-00", 2).await];
    let outside = township.phone("full-02", 3).await;
    assert!(outside.field().task(task).is_err(), "another village's list");
    for item in 1..=12_u16 {
        let phone = &phones[usize::from(item % 2)];
        let crack = Remark {
            text: "山墙开裂".to_owned(),
            photos: vec![phone.field().add_photo(&photo(item.into()), &[]).unwrap()],
            voice: None,
        };
        match item % 5 {
            0 => phone.field().mark_item(task, item, ItemState::Faulty, None, &crack).unwrap(),
            _ => phone.field().mark_item(task, item, ItemState::Done, None, &Remark::default()).unwrap(),
        }
    }
    let row = all_agree(&township, &mut phones, task).await;
    assert_eq!((row.counts.accounted, row.counts.by_state.get("faulty")), (12, Some(&2)));
    let bare = phones[0].field().finish_task(task, &Remark::text("查完了"));
    assert!(matches!(bare, Err(Error::Invalid { .. })), "without a photo it is not finished");
    let proof = phones[0].field().add_photo(&photo(99), &[]).unwrap();
    let proof = Remark { text: "查完了".to_owned(), photos: vec![proof], voice: None };
    phones[0].field().finish_task(task, &proof).unwrap();
    let row = all_agree(&township, &mut phones, task).await;
    assert_eq!(row.state, TaskState::Finished);
    let stored = township.settled().await.status().await.unwrap().blobs["photo"].count;
    assert_eq!(stored, 3);
    let notes = phones[1].field().task(task).unwrap().about.notes;
    let explained = notes.iter().filter(|note| !note.photos.is_empty() && note.step.is_some()).count();
    assert_eq!(explained, 3, "each photo stands beside the step that it explains");
}
