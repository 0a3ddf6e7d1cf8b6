//! Records, steps and drafts of the kinds that came with version 2.

use std::collections::BTreeMap;

use suishou_core::{
    id::{
        BlobHash, CategoryId, DepartmentId, DocumentId, EntryId, FormId, GridId, HazardId, MemberId,
        PurposeId, QuestionId, ReasonId, Salt, ThemeId, TownshipId,
    },
    model::{
        Role, Severity,
        audience::Audience,
        draft::DraftBody,
        household::{HouseholdCard, HouseholdStep},
        incident::{IncidentRecord, Matter},
        note::Note,
        notice::{NoticeRecord, NoticeStep},
        patrol::PatrolStep,
        settings::Settings,
        task::{ItemState, TaskAnswer, TaskForm, TaskItem, TaskRecord, TaskStep},
        visit::{Answer, AnswerValue, VisitOutcome, VisitRecord, VisitStep},
        warning::{PostReport, RiskPost, WarningLevel, WarningRecord, WarningStep},
    },
};

use super::{at, golden, holds, place, record};

fn document(number: u8) -> DocumentId {
    DocumentId::at(at(0), [number; 10])
}

fn member(id: &str) -> MemberId {
    MemberId::new(id).unwrap()
}

fn reason() -> ReasonId {
    ReasonId::new("unclear").unwrap()
}

fn audience() -> Audience {
    Audience {
        is_everyone: false,
        grids: vec![GridId::new("330702-05-017").unwrap()],
        members: vec![member("M017")],
        departments: vec![DepartmentId::new("police").unwrap()],
        roles: vec![Role::Informant],
    }
}

fn card() -> HouseholdCard {
    HouseholdCard {
        salt: Salt::new([7; 8]),
        name: "李奶奶".to_owned(),
        address: "桥头3号".to_owned(),
        phone: "0579-1234".to_owned(),
        people: 2,
        purposes: vec![PurposeId::new("alone").unwrap()],
        needs: "买药".to_owned(),
        every_days: 14,
        place: place(),
    }
}

#[test]
fn incidents_and_notes_of_version_2_are_read_for_ever() {
    let report = IncidentRecord {
        patrol: None,
        is_anonymous: Some(true),
        matter: Some(Matter::Complaint),
        ..record()
    };
    holds("incident-record-2.cbor", &report);
    holds("patrol-step-found-2.cbor", &PatrolStep::Found { incident: document(1) });
    let note = Note {
        voice: Some(BlobHash::of(b"voice")),
        card: Some(card()),
        answers: Some(EntryId::new([4; 32])),
        is_correction: Some(true),
        ..Note::plain(Salt::new([8; 8]), "门牌写错了".to_owned())
    };
    holds("note-2.cbor", &note);
}

#[test]
fn care_is_read_for_ever() {
    holds("household-card-2.cbor", &card());
    holds(
        "household-steps-2.cbor",
        &vec![HouseholdStep::Ended { reason: Some(reason()) }, HouseholdStep::Resumed],
    );
    let question = |id: &str, value| Answer { question: QuestionId::new(id).unwrap(), value };
    let visit = VisitRecord {
        salt: Salt::new([6; 8]),
        household: Some(document(2)),
        purpose: Some(PurposeId::new("alone").unwrap()),
        form: Some(FormId::new("elder").unwrap()),
        answers: vec![
            question("eats_well", AnswerValue::Yes(true)),
            question("heating", AnswerValue::Option(QuestionId::new("coal").unwrap())),
            question("people", AnswerValue::Number(2)),
            question("wish", AnswerValue::Text("想修灯".to_owned())),
        ],
        text: "精神不错".to_owned(),
        place: place(),
        photos: vec![BlobHash::of(b"one")],
        voice: Some(BlobHash::of(b"voice")),
        outcome: VisitOutcome::Met,
        led_to: vec![document(1)],
    };
    holds("visit-record-2.cbor", &visit);
    holds("visit-step-2.cbor", &VisitStep::LedTo { document: document(1) });
}

#[test]
fn tasks_are_read_for_ever() {
    let item = TaskItem { id: 1, text: "王家".to_owned(), address: "沿河路1号".to_owned(), people: 3 };
    let task = TaskRecord {
        salt: Salt::new([5; 8]),
        form: TaskForm::Evacuation,
        title: "转移".to_owned(),
        text: "今晚8点前".to_owned(),
        items: vec![item],
        audience: audience(),
        from_at: Some(at(0)),
        due_at: Some(at(3_600)),
        place: place(),
        source: Some(document(3)),
        photos: vec![BlobHash::of(b"map")],
        shelters: vec!["中学".to_owned()],
        needs_proof: true,
    };
    holds("task-record-2.cbor", &task);
    let forms = [
        TaskForm::Errand,
        TaskForm::Reminder,
        TaskForm::Plan,
        TaskForm::Inspection,
        TaskForm::Muster,
        TaskForm::Evacuation,
        TaskForm::Relief,
    ];
    holds("task-forms-2.cbor", &forms.to_vec());
    let answered = |answer| TaskStep::Answered { member: member("M017"), answer, reason: Some(reason()) };
    let marked = |state, shelter| TaskStep::Marked { member: Some(member("M017")), item: 1, state, shelter };
    let steps = vec![
        answered(TaskAnswer::Accepted),
        answered(TaskAnswer::Declined),
        answered(TaskAnswer::Arrived),
        TaskStep::HandedOver { member: member("M017"), to: member("M018") },
        marked(ItemState::Moved, Some(0)),
        marked(ItemState::Open, None),
        TaskStep::Finished { member: None },
        TaskStep::Cancelled { reason: Some(reason()) },
        TaskStep::Closed,
        TaskStep::Reopened { reason: Some(reason()) },
    ];
    holds("task-steps-2.cbor", &steps);
}

#[test]
fn warnings_and_notices_are_read_for_ever() {
    let post = RiskPost {
        id: 1,
        name: "3号坝".to_owned(),
        grid: Some(GridId::new("330702-05-017").unwrap()),
        member: Some(member("M017")),
        position: place().position,
    };
    let warning = WarningRecord {
        salt: Salt::new([4; 8]),
        hazard: HazardId::new("typhoon").unwrap(),
        level: WarningLevel::Orange,
        title: "台风".to_owned(),
        text: "今夜到明天".to_owned(),
        from_at: at(0),
        until_at: at(86_400),
        audience: audience(),
        posts: vec![post],
        asks_report: true,
        photos: Vec::new(),
    };
    holds("warning-record-2.cbor", &warning);
    let reported =
        |report| WarningStep::Reported { member: member("M017"), post: Some(1), report, people: Some(5) };
    let steps = vec![
        WarningStep::Set { issue: 1, level: WarningLevel::Red, until_at: at(90_000) },
        WarningStep::Set { issue: 2, level: WarningLevel::Blue, until_at: at(90_000) },
        WarningStep::Set { issue: 3, level: WarningLevel::Yellow, until_at: at(90_000) },
        WarningStep::Ended { issue: 4 },
        WarningStep::Acknowledged { member: member("M017"), issue: 1 },
        reported(PostReport::Safe),
        reported(PostReport::Watching),
        reported(PostReport::Moving),
        reported(PostReport::NeedHelp),
    ];
    holds("warning-steps-2.cbor", &steps);
    let notice = NoticeRecord {
        salt: Salt::new([3; 8]),
        theme: Some(ThemeId::new("fraud").unwrap()),
        title: "防诈骗".to_owned(),
        text: "不转账".to_owned(),
        audience: audience(),
        photos: vec![BlobHash::of(b"poster")],
        from_at: Some(at(0)),
        until_at: Some(at(86_400)),
        asks_read: true,
    };
    holds("notice-record-2.cbor", &notice);
    holds("notice-steps-2.cbor", &vec![NoticeStep::Read { member: member("M017") }, NoticeStep::Withdrawn]);
}

#[test]
fn drafts_are_read_for_ever() {
    let draft = DraftBody {
        text: "还没写完".to_owned(),
        category: Some(CategoryId::new("order").unwrap()),
        severity: Severity::Low,
        fix: None,
        grid: Some(GridId::new("330702-05-017").unwrap()),
        photos: vec![BlobHash::of(b"one")],
        voice: Some(BlobHash::of(b"voice")),
        is_anonymous: true,
        extra: BTreeMap::from([("screen".to_owned(), "2".to_owned())]),
        matter: Some(Matter::Suggestion),
    };
    holds("draft-body-2.cbor", &draft);
}

#[test]
fn settings_of_version_2_are_read_for_ever() {
    let settings = Settings::new(TownshipId::new([1; 16]), "金华镇".to_owned());
    let kept = golden("settings-2.bin", &settings.to_bytes().unwrap());
    let read = Settings::from_bytes(&kept).unwrap();
    let forms = |settings: &Settings| settings.forms.as_ref().map(std::vec::Vec::len);
    assert_eq!((read.township, &read.name), (settings.township, &settings.name));
    assert!(
        forms(&read).is_some_and(|count| count > 0) && read.purposes.is_some_and(|list| !list.is_empty())
    );
    assert!(read.step_hours.is_some() && read.hazards.is_some() && read.themes.is_some());
}
