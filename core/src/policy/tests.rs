//! Remarks, hand-overs and cards: who may, whatever their phone lets through.

use super::*;
use crate::{
    entry::{BodyType, Entry},
    id::{CategoryId, DocumentId, EntryId, Salt},
    model::{
        Severity,
        audience::Audience,
        encode,
        household::{FIELD_CARD, FIELD_GRID, HouseholdCard},
        incident::{IncidentRecord, IncidentStep, Matter, StepKind},
        note::Note,
        notice::NoticeRecord,
        patrol::PatrolRecord,
        place::Place,
        step::Origin,
        task::{TaskForm, TaskRecord, TaskStep},
    },
    project::{Incoming, project},
};

const ID: DocumentId = DocumentId::new([1; 16]);
const ME: Author = Author::Alias(1);
const OTHER: Author = Author::Alias(2);

fn grid(code: &str) -> GridId {
    GridId::new(code).unwrap()
}

fn person(code: &str) -> MemberId {
    MemberId::new(code).unwrap()
}

fn rights(role: Role, member: &str, grids: &[&str]) -> Rights {
    Rights {
        role,
        member: Some(person(member)),
        department: (role == Role::Handler).then(|| DepartmentId::new("police").unwrap()),
        grids: grids.iter().map(|code| grid(code)).collect(),
        above: BTreeSet::new(),
    }
}

fn at(code: Option<&str>) -> Place {
    Place { grid: code.map(grid), ..Place::default() }
}

fn incident(matter: Option<Matter>) -> IncidentRecord {
    IncidentRecord {
        salt: Salt::ZERO,
        text: "x".to_owned(),
        category: CategoryId::new("fire").unwrap(),
        severity: Severity::Normal,
        place: at(Some("g1")),
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: None,
        matter,
        source: None,
    }
}

fn card(code: Option<&str>) -> HouseholdCard {
    HouseholdCard {
        salt: Salt::ZERO,
        name: "x".to_owned(),
        address: "y".to_owned(),
        phone: String::new(),
        people: 1,
        purposes: Vec::new(),
        needs: String::new(),
        every_days: 7,
        place: at(code),
    }
}

fn plain() -> Note {
    Note::plain(Salt::ZERO, "seen".to_owned())
}

struct World {
    document: Document,
    kind: DocumentKind,
    entries: i64,
}

impl World {
    fn new(kind: DocumentKind, record: Vec<u8>, author: Author) -> Self {
        let mut world = Self { document: Document::new(ID, kind), kind, entries: 0 };
        world.took(BodyType::Record, record, author, None).unwrap();
        world
    }

    /// What becomes of an entry of somebody with these rights; without rights it was judged elsewhere.
    fn took(
        &mut self,
        body_type: BodyType,
        body: Vec<u8>,
        author: Author,
        rights: Option<&Rights>,
    ) -> Result<EntryId, HeldCode> {
        self.entries += 1;
        let claimed_at = Timestamp::from_millis(self.entries);
        let entry = Entry::new(ID, self.kind, claimed_at, body_type, body).unwrap();
        let id = entry.id();
        let origin = Origin { entry: id, author, claimed_at, received_at: None };
        let incoming = Incoming { entry, origin, rights: rights.cloned() };
        project(&mut self.document, &[incoming]).remove(0).map(|()| id)
    }

    fn note(&mut self, note: &Note, author: Author, rights: &Rights) -> Result<EntryId, HeldCode> {
        self.took(BodyType::Note, encode(note), author, Some(rights))
    }

    fn change(
        &mut self,
        steps: &[Vec<u8>],
        fields: &[(&str, String)],
        author: Author,
        rights: &Rights,
    ) -> Result<EntryId, HeldCode> {
        let actor = [u8::try_from(self.entries).unwrap() + 1; 16];
        let change = self.document.edit(actor, steps, fields).unwrap();
        self.took(BodyType::Change, change, author, Some(rights))
    }
}

fn hand_over(member: &str, to: &str) -> Vec<u8> {
    encode(&TaskStep::HandedOver { member: person(member), to: person(to) })
}

#[test]
fn nobody_orders_others_by_way_of_a_task_for_themselves() {
    for audience in [Audience::of([person("me")]), Audience::default()] {
        let record = encode(&TaskRecord { audience, ..TaskRecord::plain(TaskForm::Errand, "x") });
        let mut world = World::new(DocumentKind::Task, record, ME);
        for role in [Role::Informant, Role::Member, Role::Handler] {
            let refused = world.change(&[hand_over("me", "you")], &[], ME, &rights(role, "me", &["g1"]));
            assert_eq!(refused, Err(HeldCode::NotAllowed), "{role:?}");
        }
        let leader = rights(Role::Leader, "me", &["g1"]);
        assert!(world.change(&[hand_over("me", "you")], &[], ME, &leader).is_ok());
    }
    // Who was asked may still find somebody else.
    let audience = Audience::of([person("you")]);
    let record = encode(&TaskRecord { audience, ..TaskRecord::plain(TaskForm::Errand, "x") });
    let mut world = World::new(DocumentKind::Task, record, Author::Centre);
    let asked = rights(Role::Informant, "you", &[]);
    assert!(world.change(&[hand_over("you", "me")], &[], OTHER, &asked).is_ok());
    let stranger = rights(Role::Informant, "third", &[]);
    let refused = world.change(&[hand_over("third", "me")], &[], Author::Alias(3), &stranger);
    assert_eq!(refused, Err(HeldCode::NotAllowed));
}

#[test]
fn a_remark_is_for_those_who_may_see_the_document() {
    let mut world = World::new(DocumentKind::Incident, encode(&incident(None)), ME);
    let refused = Err(HeldCode::NotAllowed);
    let stranger = rights(Role::Informant, "s", &["g1"]);
    let elsewhere = rights(Role::Member, "e", &["g2"]);
    let handler = rights(Role::Handler, "h", &[]);
    for (who, rights) in [("informant", &stranger), ("elsewhere", &elsewhere), ("handler", &handler)] {
        assert_eq!(world.note(&plain(), OTHER, rights), refused, "{who}");
    }
    let near = rights(Role::Member, "n", &["g1"]);
    assert!(world.note(&plain(), OTHER, &near).is_ok());
    assert!(world.note(&plain(), ME, &stranger).is_ok(), "their own report");
    assert!(world.note(&plain(), Author::Centre, &Rights::centre()).is_ok());
    let sent = IncidentStep {
        department: DepartmentId::new("police").ok(),
        ..IncidentStep::plain(StepKind::Dispatched)
    };
    let steps = [encode(&IncidentStep::plain(StepKind::Accepted)), encode(&sent)];
    world.change(&steps, &[], Author::Centre, &Rights::centre()).unwrap();
    assert!(world.note(&plain(), OTHER, &handler).is_ok(), "whoever was sent");
    // In confidence the grid is no reason.
    let record = encode(&incident(Some(Matter::Complaint)));
    let mut world = World::new(DocumentKind::Incident, record, ME);
    assert_eq!(world.note(&plain(), OTHER, &near), refused);
}

#[test]
fn what_a_record_should_have_said_is_said_by_its_author_or_the_centre() {
    let mut world = World::new(DocumentKind::Incident, encode(&incident(None)), ME);
    let correction = Note { is_correction: Some(true), ..plain() };
    let leader = rights(Role::Leader, "l", &["g1"]);
    assert_eq!(world.note(&correction, OTHER, &leader), Err(HeldCode::NotAllowed));
    assert!(world.note(&plain(), OTHER, &leader).is_ok());
    assert!(world.note(&correction, ME, &rights(Role::Informant, "i", &[])).is_ok());
    assert!(world.note(&correction, Author::Centre, &Rights::centre()).is_ok());
}

#[test]
fn a_remark_on_an_order_or_a_patrol_is_for_those_asked_and_those_who_lead_them() {
    let (near, far) = (rights(Role::Member, "n", &["g1"]), rights(Role::Member, "f", &["g2"]));
    let leader = rights(Role::Leader, "l", &["g1"]);
    let audience = Audience { grids: vec![grid("g1")], ..Audience::default() };
    let task = TaskRecord { audience: audience.clone(), ..TaskRecord::plain(TaskForm::Errand, "x") };
    let notice = NoticeRecord {
        salt: Salt::ZERO,
        theme: None,
        title: "x".to_owned(),
        text: "y".to_owned(),
        audience,
        photos: Vec::new(),
        from_at: None,
        until_at: None,
        asks_read: false,
    };
    for (kind, record) in [(DocumentKind::Task, encode(&task)), (DocumentKind::Notice, encode(&notice))] {
        let mut world = World::new(kind, record, Author::Centre);
        assert_eq!(world.note(&plain(), ME, &far), Err(HeldCode::NotAllowed), "{kind:?}");
        assert!(world.note(&plain(), ME, &near).is_ok() && world.note(&plain(), OTHER, &leader).is_ok());
    }
    let patrol =
        PatrolRecord { salt: Salt::ZERO, purpose: String::new(), grid: Some(grid("g1")), route: Vec::new() };
    let mut world = World::new(DocumentKind::Patrol, encode(&patrol), ME);
    assert_eq!(world.note(&plain(), OTHER, &near), Err(HeldCode::NotAllowed), "a colleague's way");
    assert!(world.note(&plain(), OTHER, &leader).is_ok());
}

#[test]
fn a_household_that_lies_nowhere_is_put_right_by_its_author() {
    let mut world = World::new(DocumentKind::Household, encode(&card(None)), ME);
    let corrected = Note { card: Some(card(Some("g1"))), ..plain() };
    let (mine, theirs) = (rights(Role::Member, "m", &["g1"]), rights(Role::Member, "n", &["g2"]));
    assert_eq!(world.note(&corrected, OTHER, &theirs), Err(HeldCode::NotAllowed));
    let entry = world.note(&corrected, ME, &mine).unwrap();
    let fields = [(FIELD_CARD, entry.to_string()), (FIELD_GRID, "g1".to_owned())];
    world.change(&[], &fields, ME, &mine).unwrap();
    let Some(crate::document::Work::Household(household)) = world.document.work() else { panic!() };
    assert_eq!((household.card.value, household.grid.value), (Some(entry), Some(grid("g1"))));
}

#[test]
fn only_a_card_that_took_effect_can_be_chosen() {
    let mut world = World::new(DocumentKind::Household, encode(&card(Some("g1"))), ME);
    let mine = rights(Role::Member, "m", &["g1"]);
    let first = world.document.captured().unwrap().origin.entry;
    let remark = world.note(&plain(), ME, &mine).unwrap();
    let second = world.note(&Note { card: Some(card(Some("g1"))), ..plain() }, ME, &mine).unwrap();
    let choose = |world: &mut World, value: String| world.change(&[], &[(FIELD_CARD, value)], ME, &mine);
    for unknown in [remark, EntryId::ZERO] {
        assert_eq!(choose(&mut world, unknown.to_string()), Err(HeldCode::DependsOnHeld));
    }
    assert_eq!(choose(&mut world, "none".to_owned()), Err(HeldCode::Malformed));
    for known in [second, first] {
        assert!(choose(&mut world, known.to_string()).is_ok());
    }
    // Also after it was kept and read again.
    let captured = world.document.captured().unwrap().origin;
    let record = encode(&card(Some("g1")));
    let stored = world.document.to_stored();
    let again =
        Document::from_stored(ID, DocumentKind::Household, stored, Some((&record, captured))).unwrap();
    assert!(again.has_card(second) && again.has_card(first) && !again.has_card(remark));
}
