//! What devices say of each kind, made of numbers.

use suishou_core::{
    id::{BlobHash, CategoryId, DepartmentId, DocumentId, GridId, HazardId, MemberId, ReasonId, Salt},
    model::{
        DocumentKind, Severity,
        audience::Audience,
        encode,
        household::{FIELD_CARD, FIELD_GRID, HouseholdCard, HouseholdStep},
        incident::{FIELD_CATEGORY, FIELD_SEVERITY, IncidentRecord, IncidentStep, StepKind},
        notice::{NoticeRecord, NoticeStep},
        place::Place,
        task::{ItemState, TaskAnswer, TaskForm, TaskItem, TaskRecord, TaskStep},
        visit::{VisitOutcome, VisitRecord, VisitStep},
        warning::{PostReport, WarningLevel, WarningRecord, WarningStep},
    },
    time::Timestamp,
};

use super::{Dice, Replica};

pub(super) fn code<T>(new: impl Fn(&str) -> Result<T, suishou_core::error::Error>, word: &str) -> T {
    new(word).unwrap()
}

pub(super) fn member(number: u8) -> MemberId {
    code(MemberId::new, ["ann", "ben", "cho"][usize::from(number % 3)])
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_763_800_000_000 + second * 1_000)
}

pub(super) fn record(kind: DocumentKind) -> Vec<u8> {
    let place = Place { grid: Some(code(GridId::new, "g1")), ..Place::default() };
    match kind {
        DocumentKind::Incident => encode(&IncidentRecord {
            salt: Salt::ZERO,
            text: "路面塌陷".to_owned(),
            category: code(CategoryId::new, "order"),
            severity: Severity::Normal,
            place,
            photos: Vec::new(),
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        }),
        DocumentKind::Household => encode(&card(0)),
        DocumentKind::Visit => encode(&VisitRecord {
            salt: Salt::ZERO,
            household: None,
            purpose: None,
            form: None,
            answers: Vec::new(),
            text: "看望".to_owned(),
            place,
            photos: Vec::new(),
            voice: None,
            outcome: VisitOutcome::Met,
            led_to: Vec::new(),
        }),
        DocumentKind::Task => encode(&TaskRecord {
            items: (1..=3)
                .map(|id| TaskItem { id, text: String::new(), address: String::new(), people: id })
                .collect(),
            shelters: vec!["小学".to_owned(), "祠堂".to_owned()],
            audience: Audience::of([member(0), member(1)]),
            ..TaskRecord::plain(TaskForm::Evacuation, "转移")
        }),
        DocumentKind::Warning => encode(&WarningRecord {
            salt: Salt::ZERO,
            hazard: code(HazardId::new, "rainstorm"),
            level: WarningLevel::Blue,
            title: "暴雨".to_owned(),
            text: String::new(),
            from_at: at(0),
            until_at: at(3_600),
            audience: Audience::everyone(),
            posts: Vec::new(),
            asks_report: false,
            photos: Vec::new(),
        }),
        DocumentKind::Notice => encode(&NoticeRecord {
            salt: Salt::ZERO,
            theme: None,
            title: "须知".to_owned(),
            text: String::new(),
            audience: Audience::everyone(),
            photos: Vec::new(),
            from_at: None,
            until_at: None,
            asks_read: true,
        }),
        DocumentKind::Patrol => unreachable!("a patrol has one author"),
    }
}

pub(super) fn card(number: u8) -> HouseholdCard {
    HouseholdCard {
        salt: Salt::new([number; 8]),
        name: format!("第{number}张"),
        address: String::new(),
        phone: String::new(),
        people: 1,
        purposes: Vec::new(),
        needs: String::new(),
        every_days: 7,
        place: Place { grid: Some(code(GridId::new, "g1")), ..Place::default() },
    }
}

/// A step of the kind, sensible or not, and the fields beside it.
pub(super) fn step(
    replica: &Replica,
    kind: DocumentKind,
    dice: Dice,
) -> (Vec<Vec<u8>>, Vec<(String, String)>) {
    let [what, a, b, c] = dice;
    let mut fields = Vec::new();
    let step = match kind {
        DocumentKind::Incident => return incident_step(replica, dice),
        DocumentKind::Household => {
            fields.extend((what % 4 == 2).then(|| (FIELD_GRID.to_owned(), format!("g{}", a % 3))));
            match what % 4 {
                0 => encode(&HouseholdStep::Ended {
                    reason: (a % 2 == 0).then(|| code(ReasonId::new, "away")),
                }),
                1 => encode(&HouseholdStep::Resumed),
                _ if fields.is_empty() => {
                    let word = BlobHash::of(&[a % 4]).to_string();
                    return (Vec::new(), vec![(FIELD_CARD.to_owned(), word)]);
                }
                _ => return (Vec::new(), fields),
            }
        }
        DocumentKind::Visit => encode(&VisitStep::LedTo { document: DocumentId::new([a % 5; 16]) }),
        DocumentKind::Task => {
            let step = task_step(what, a, b, c);
            fields.extend(step.field());
            encode(&step)
        }
        DocumentKind::Warning => encode(&warning_step(what, a, b, c)),
        DocumentKind::Notice if what % 5 == 0 => encode(&NoticeStep::Withdrawn),
        DocumentKind::Notice => encode(&NoticeStep::Read { member: member(a) }),
        DocumentKind::Patrol => unreachable!("a patrol has one author"),
    };
    (vec![step], fields)
}

pub(super) fn incident_step(replica: &Replica, dice: Dice) -> (Vec<Vec<u8>>, Vec<(String, String)>) {
    let [what, a, b, c] = dice;
    let mut fields = Vec::new();
    if what % 5 == 0 {
        fields.push((FIELD_CATEGORY.to_owned(), ["fire", "ecology", "order"][usize::from(a % 3)].to_owned()));
        fields.push((FIELD_SEVERITY.to_owned(), Severity::ALL[usize::from(b % 4)].as_str().to_owned()));
        return (Vec::new(), fields);
    }
    let dispatches = replica.document.incident().map(|incident| incident.dispatches).unwrap_or_default();
    let kind = StepKind::ALL[usize::from(a) % StepKind::ALL.len()];
    let is_about = matches!(kind, StepKind::Handling | StepKind::Resolved | StepKind::Returned);
    let dispatch = dispatches.get(usize::from(c) % dispatches.len().max(1)).map(|dispatch| dispatch.step);
    let step = IncidentStep {
        department: Some(code(DepartmentId::new, ["police", "market"][usize::from(b % 2)])),
        reason: Some(code(ReasonId::new, "outside")),
        rating: Some(1 + b % 5),
        of: Some(DocumentId::ZERO),
        dispatch: dispatch.filter(|_| is_about),
        due_at: Some(at(i64::from(b) * 60)),
        ..IncidentStep::plain(kind)
    };
    (vec![encode(&step)], fields)
}

pub(super) fn task_step(what: u8, a: u8, b: u8, c: u8) -> TaskStep {
    match what % 10 {
        0 | 1 => TaskStep::Answered {
            member: member(a),
            answer: [TaskAnswer::Accepted, TaskAnswer::Declined, TaskAnswer::Arrived][usize::from(b % 3)],
            reason: None,
        },
        2 => TaskStep::HandedOver { member: member(a), to: member(b) },
        3 => TaskStep::Finished { member: (!a.is_multiple_of(3)).then(|| member(a)) },
        4 if a.is_multiple_of(3) => TaskStep::Cancelled { reason: None },
        4 => TaskStep::Closed,
        5 => TaskStep::Reopened { reason: None },
        _ => TaskStep::Marked {
            member: Some(member(c)),
            item: u16::from(a % 3) + 1,
            state: ItemState::ALL[usize::from(b) % ItemState::ALL.len()],
            shelter: (b % 7 == 3).then_some(c % 2),
        },
    }
}

pub(super) fn warning_step(what: u8, a: u8, b: u8, c: u8) -> WarningStep {
    match what % 6 {
        0..=2 => WarningStep::Set {
            issue: u16::from(a % 8) + 1,
            level: WarningLevel::ALL[usize::from(b % 4)],
            until_at: at(i64::from(c) * 60),
        },
        3 => WarningStep::Ended { issue: u16::from(a % 8) + 1 },
        4 => WarningStep::Acknowledged { member: member(a), issue: u16::from(b % 8) },
        _ => WarningStep::Reported {
            member: member(a),
            post: (!b.is_multiple_of(3)).then_some(u16::from(b % 3)),
            report: [PostReport::Safe, PostReport::NeedHelp][usize::from(c % 2)],
            people: Some(c.into()),
        },
    }
}
