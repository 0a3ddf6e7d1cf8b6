//! Who sees what of each kind, and how the command centre's own documents live.

use suishou_core::{
    document::Record,
    entry::{BodyType, Entry},
    geo::GridFeature,
    id::{CategoryId, DepartmentId, DocumentId, GridId, HazardId, Salt},
    model::{
        DocumentKind, Role, Severity,
        audience::Audience,
        encode,
        household::HouseholdCard,
        incident::{IncidentRecord, IncidentState, IncidentStep, Matter, StepKind},
        notice::NoticeRecord,
        place::Place,
        step::Author,
        task::{ItemState, TaskAnswer, TaskForm, TaskItem, TaskRecord, TaskStep},
        visit::{VisitOutcome, VisitRecord},
        warning::{RiskPost, WarningLevel, WarningRecord, WarningStep},
    },
    rows::{HouseholdRow, TaskRow, WarningRow},
    time::Timestamp,
};

use super::phone::{Phone, World, feature, grid, incident, member, member_id};
use crate::{
    db,
    relay::{Act, RelayError, Step, grids::Import, identity::Viewer, operator, reading},
};

fn soon() -> Timestamp {
    Timestamp::from_millis(1_763_900_000_000)
}

fn report(is_anonymous: bool, matter: Option<Matter>) -> Record {
    Record::Incident(IncidentRecord {
        salt: Salt::ZERO,
        text: "somebody takes money".to_owned(),
        category: CategoryId::new("order").unwrap(),
        severity: Severity::Normal,
        place: at("a"),
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: is_anonymous.then_some(true),
        matter,
        source: None,
    })
}

fn at(code: &str) -> Place {
    Place { grid: Some(grid(code)), ..Place::default() }
}

fn in_grids(codes: &[&str]) -> Audience {
    Audience { grids: codes.iter().map(|code| grid(code)).collect(), ..Audience::default() }
}

fn task(form: TaskForm, audience: Audience) -> Record {
    Record::Task(TaskRecord { audience, ..TaskRecord::plain(form, "to do") })
}

fn household(code: &str) -> Record {
    Record::Household(HouseholdCard {
        salt: Salt::ZERO,
        name: "Granny Li".to_owned(),
        address: "bridge 3".to_owned(),
        phone: String::new(),
        people: 1,
        purposes: Vec::new(),
        needs: String::new(),
        every_days: 7,
        place: at(code),
    })
}

pub(super) fn warning(audience: Audience, post: Option<&str>) -> Record {
    let post = post.map(|member| RiskPost {
        id: 1,
        name: "slope".to_owned(),
        grid: None,
        member: Some(member_id(member)),
        position: None,
    });
    Record::Warning(WarningRecord {
        salt: Salt::ZERO,
        hazard: HazardId::new("any").unwrap(),
        level: WarningLevel::Yellow,
        title: "rain".to_owned(),
        text: "stay in".to_owned(),
        from_at: Timestamp::from_millis(1_763_800_000_000),
        until_at: soon(),
        audience,
        posts: post.into_iter().collect(),
        asks_report: true,
        photos: Vec::new(),
    })
}

/// With a hazard that the township has.
fn issue(world: &mut World, mut record: Record) -> DocumentId {
    if let Record::Warning(record) = &mut record {
        let settings = world.engine().shared().settings();
        record.hazard = settings.hazards.as_ref().unwrap()[0].id.clone();
    }
    world.engine().issue(&record).unwrap()
}

fn push(phone: &mut Phone, kind: DocumentKind, number: u8, body: Vec<u8>) -> DocumentId {
    let document = DocumentId::new([number; 16]);
    phone.append(Entry::new(document, kind, soon(), BodyType::Record, body).unwrap());
    document
}

/// Which of these people see a document, once all have synced.
fn who_sees(world: &mut World, document: DocumentId) -> Vec<&'static str> {
    let people = ["ann", "ben", "lea", "ina", "han"];
    let sees = |whose: &&str| {
        let mut phone = world.phone(whose);
        phone.sync(world);
        phone.sees(document)
    };
    people.into_iter().filter(sees).collect()
}

#[test]
fn what_is_said_in_confidence_reaches_only_those_who_handle_it() {
    for (seed, is_anonymous, matter) in [(1, true, None), (2, false, Some(Matter::Complaint))] {
        let mut world = World::new(seed);
        let mut ina = world.phone("ina");
        let Record::Incident(record) = report(is_anonymous, matter) else { panic!() };
        let document = push(&mut ina, DocumentKind::Incident, 7, encode(&record));
        ina.sync(&mut world);
        assert_eq!(who_sees(&mut world, document), ["ina"], "before it is dispatched");
        let dispatched = IncidentStep {
            department: DepartmentId::new("police").ok(),
            ..IncidentStep::plain(StepKind::Dispatched)
        };
        let steps = vec![IncidentStep::plain(StepKind::Accepted).into(), dispatched.into()];
        world.engine().act(document, &Act { steps, ..Act::default() }).unwrap();
        assert_eq!(who_sees(&mut world, document), ["ina", "han"], "and then the department alone");
        let shown = incident(world.engine().connection(), soon(), document).unwrap();
        assert_eq!(shown.listed.row.is_anonymous, is_anonymous);
        assert_eq!(shown.work.reporter.unwrap().name, "", "an informant has no name for anybody");
        let mut han = world.phone("han");
        han.sync(&mut world);
        assert!(han.authors(document).contains(&Author::Alias(1)), "the handler reads no name");
    }
}

#[test]
fn a_household_is_for_those_who_look_after_it() {
    let mut world = World::new(3);
    let document = issue(&mut world, household("a"));
    assert_eq!(who_sees(&mut world, document), ["ann", "lea"]);
}

#[test]
fn a_task_reaches_exactly_those_it_is_for() {
    let mut world = World::new(4);
    let of_two = Audience::of([member_id("ann"), member_id("ben")]);
    let document = issue(&mut world, task(TaskForm::Errand, of_two));
    assert_eq!(who_sees(&mut world, document), ["ann", "ben"], "nobody above them");
    let document = issue(&mut world, task(TaskForm::Errand, in_grids(&["a"])));
    assert_eq!(who_sees(&mut world, document), ["ann", "lea"], "with those who lead the grid");
    let document = issue(&mut world, task(TaskForm::Errand, in_grids(&["town"])));
    assert_eq!(who_sees(&mut world, document), ["ann", "ben", "lea"], "with the grids within it");
    let document = issue(&mut world, task(TaskForm::Relief, Audience::default()));
    assert_eq!(who_sees(&mut world, document), Vec::<&str>::new(), "a matter of the command centre");
}

#[test]
fn a_hand_over_gives_the_whole_history() {
    let mut world = World::new(5);
    let document = issue(&mut world, task(TaskForm::Errand, Audience::of([member_id("ann")])));
    let answered =
        TaskStep::Answered { member: member_id("ann"), answer: TaskAnswer::Accepted, reason: None };
    let act = Act { remark: Some("on my way".to_owned()), ..Act::step(Step::Task(answered)) };
    world.engine().act(document, &act).unwrap();
    let mut ina = world.phone("ina");
    ina.sync(&mut world);
    assert!(!ina.sees(document));
    let handed = TaskStep::HandedOver { member: member_id("ann"), to: member_id("ina") };
    world.engine().act(document, &Act::step(Step::Task(handed))).unwrap();
    ina.sync(&mut world);
    assert_eq!(ina.seen[&document].len(), 4, "record, answer, remark and hand-over");
    assert_eq!(who_sees(&mut world, document), ["ann", "ina"]);
}

#[test]
fn a_role_is_reached_also_by_those_who_come_later() {
    let mut world = World::new(6);
    let record = Record::Notice(NoticeRecord {
        salt: Salt::ZERO,
        theme: None,
        title: "pay".to_owned(),
        text: "by the end of the month".to_owned(),
        audience: Audience { roles: vec![Role::Informant], ..Audience::default() },
        photos: Vec::new(),
        from_at: None,
        until_at: None,
        asks_read: true,
    });
    let document = issue(&mut world, record);
    assert_eq!(who_sees(&mut world, document), ["ina"]);
    world.engine().import_members(vec![member("new", Role::Informant, &[])]).unwrap();
    let mut new = world.phone("new");
    new.sync(&mut world);
    assert!(new.sees(document));
    world.engine().import_members(vec![member("new", Role::Member, &["a"])]).unwrap();
    new.sync(&mut world);
    assert!(!new.sees(document), "with the role the notice goes");
}

#[test]
fn a_post_reaches_its_keeper_outside_the_audience() {
    let mut world = World::new(7);
    let document = issue(&mut world, warning(in_grids(&["a"]), Some("ben")));
    assert_eq!(who_sees(&mut world, document), ["ann", "ben", "lea"]);
    let engine = world.engine();
    let settings = engine.shared().settings();
    let shown =
        reading::show::<WarningRow>(engine.connection(), &settings, soon(), document, Viewer::Other).unwrap();
    let waiting: Vec<_> = shown.work.waiting.iter().map(|named| named.of.as_str()).collect();
    assert_eq!(waiting, ["ann", "ben"], "whoever only leads is not asked");
}

#[test]
fn a_warnings_issues_count_up_and_an_ended_one_is_not_raised() {
    let mut world = World::new(8);
    let document = issue(&mut world, warning(Audience::everyone(), None));
    let set = |level| Act::step(Step::Warning(WarningStep::Set { issue: 0, level, until_at: soon() }));
    world.engine().act(document, &set(WarningLevel::Red)).unwrap();
    world.engine().act(document, &set(WarningLevel::Orange)).unwrap();
    world.engine().act(document, &Act::step(Step::Warning(WarningStep::Ended { issue: 0 }))).unwrap();
    let refused = world.engine().act(document, &set(WarningLevel::Red)).unwrap_err();
    assert!(matches!(refused, RelayError::Refused { .. }), "{refused}");
    let engine = world.engine();
    let settings = engine.shared().settings();
    let shown =
        reading::show::<WarningRow>(engine.connection(), &settings, soon(), document, Viewer::Other).unwrap();
    let issues: Vec<_> = shown.work.issues.iter().map(|issue| (issue.issue, issue.level)).collect();
    let levels = [WarningLevel::Yellow, WarningLevel::Red, WarningLevel::Orange].map(Some);
    assert_eq!(issues, [(0, levels[0]), (1, levels[1]), (2, levels[2]), (3, None)]);
}

#[test]
fn an_evacuation_tells_who_is_missing_and_who_has_not_answered() {
    let mut world = World::new(9);
    let item = |id, people| TaskItem { id, text: format!("family {id}"), address: String::new(), people };
    let record = TaskRecord {
        items: vec![item(1, 4), item(2, 3)],
        shelters: vec!["school".to_owned()],
        audience: in_grids(&["town"]),
        ..TaskRecord::plain(TaskForm::Evacuation, "riverside")
    };
    let document = issue(&mut world, Record::Task(record));
    let marked = |item, shelter| {
        Act::step(Step::Task(TaskStep::Marked {
            member: Some(member_id("ann")),
            item,
            state: ItemState::Moved,
            shelter: Some(shelter),
        }))
    };
    world.engine().act(document, &marked(1, 0)).unwrap();
    for wrong in [marked(9, 0), marked(2, 1)] {
        assert_eq!(world.engine().act(document, &wrong).unwrap_err().status(), 400);
    }
    let engine = world.engine();
    let settings = engine.shared().settings();
    let shown =
        reading::show::<TaskRow>(engine.connection(), &settings, soon(), document, Viewer::Other).unwrap();
    assert_eq!((shown.listed.row.counts.people_accounted, shown.work.people_missing), (4, 3));
    assert_eq!(shown.work.shelters[0].people, 4);
    assert_eq!(shown.work.items[0].marks[0].by.as_ref().unwrap().name, "name of ann");
    let waiting: Vec<_> = shown.work.waiting.iter().map(|named| named.of.as_str()).collect();
    assert_eq!(waiting, ["ben", "lea"], "lea works in the town's own grid");
    let json = serde_json::to_value(&shown).unwrap();
    assert_eq!(
        (json["items"][0]["state"].as_str(), json["state"].as_str()),
        (Some("moved"), Some("underway"))
    );
    assert_eq!(json["answers"][0]["name"], "name of ann");
}

#[test]
fn keys_of_an_older_version_are_renewed_once() {
    let mut world = World::new(10);
    let feed_seq = |world: &mut World| {
        let engine = world.engine();
        operator::status(engine.connection(), engine.shared()).unwrap().feed_seq
    };
    let document = issue(
        &mut world,
        task(TaskForm::Plan, Audience { roles: vec![Role::Member], ..Audience::default() }),
    );
    // As if the members had been there before there were keys for roles.
    world
        .engine()
        .write(|work| {
            let key = work.key("role:member")?;
            for member in db::member::all(work.transaction)? {
                db::scope::take_member(work.transaction, member.row, key, 1)?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(who_sees(&mut world, document), Vec::<&str>::new());
    let mut ann = world.phone("ann");
    ann.sync(&mut world);
    let before = feed_seq(&mut world);
    world.stop();
    world.start();
    let renewed = feed_seq(&mut world);
    assert!(renewed > before);
    ann.sync(&mut world);
    assert!(ann.sees(document), "a phone that was there before is told");
    world.stop();
    world.start();
    assert_eq!(feed_seq(&mut world), renewed, "the feed does not grow with every start");
}

#[test]
fn another_map_moves_what_is_open_and_whom_people_look_after() {
    let mut world = World::new(11);
    let mut ann = world.phone("ann");
    let household = issue(&mut world, household("a"));
    let visit = |when: Timestamp, number, ann: &mut Phone| {
        let record = VisitRecord {
            salt: Salt::new([number; 8]),
            household: Some(household),
            purpose: None,
            form: None,
            answers: Vec::new(),
            text: "well".to_owned(),
            place: at("a"),
            photos: Vec::new(),
            voice: None,
            outcome: VisitOutcome::Met,
            led_to: Vec::new(),
        };
        let document = DocumentId::new([number; 16]);
        let entry = Entry::new(document, DocumentKind::Visit, when, BodyType::Record, encode(&record));
        ann.append(entry.unwrap());
        document
    };
    let new = visit(Timestamp::from_millis(1_763_700_000_000), 1, &mut ann);
    let old = visit(Timestamp::from_millis(1_753_000_000_000), 2, &mut ann);
    ann.sync(&mut world);
    let order = issue(&mut world, task(TaskForm::Errand, in_grids(&["town"])));
    let alert = issue(&mut world, warning(in_grids(&["town"]), None));
    let mut lea = world.phone("lea");
    for phone in [&mut lea, &mut ann] {
        phone.sync(&mut world);
        assert!([household, new, old, order, alert].iter().all(|document| phone.sees(*document)));
    }
    // Grid a belongs to the town no more.
    let map: Vec<GridFeature> = vec![feature("town", None), feature("a", None), feature("b", Some("town"))];
    world.engine().import_grids(map, Import::Do).unwrap();
    lea.sync(&mut world);
    ann.sync(&mut world);
    assert!(!lea.sees(household) && !lea.sees(new), "what lies in grid a is no longer lea's");
    assert!(lea.sees(old), "what was long ago stays where it was");
    assert!(lea.sees(order) && lea.sees(alert));
    assert!(!ann.sees(order) && !ann.sees(alert), "and ann is no longer among those of the town");
    assert!(ann.sees(household) && ann.sees(new));
}

#[test]
fn what_repeats_an_incident_gets_its_answer() {
    let mut world = World::new(12);
    let (mut ann, mut ina) = (world.phone("ann"), world.phone("ina"));
    let primary = ann.report("a");
    let other = ina.report("a");
    let third = ina.report("a");
    ann.sync(&mut world);
    ina.sync(&mut world);
    assert_eq!(world.engine().merge(primary, &[primary], None, None).unwrap_err().status(), 400);
    assert_eq!(
        world.engine().merge(primary, &[other, DocumentId::ZERO], None, None).unwrap_err().status(),
        404
    );
    let state = |world: &mut World, document| {
        incident(world.engine().connection(), soon(), document).unwrap().listed.row
    };
    assert_eq!(state(&mut world, other).state, IncidentState::Reported, "all of them or none");
    world.engine().merge(primary, &[other, third], Some("known already"), None).unwrap();
    assert_eq!(state(&mut world, other).duplicate_of, Some(primary));
    let chained = world.engine().merge(other, &[third], None, None).unwrap_err();
    assert_eq!(chained.status(), 400, "not into one that repeats another itself");
    // One is taken up again by itself: it does not get the answer of the first.
    world.engine().act(third, &Act::step(IncidentStep::plain(StepKind::Reopened))).unwrap();
    world.engine().act(primary, &Act::step(IncidentStep::plain(StepKind::Accepted))).unwrap();
    let closed = IncidentStep::plain(StepKind::Closed);
    let act = Act { remark: Some("mended, thank you".to_owned()), ..Act::step(closed) };
    world.engine().act(primary, &act).unwrap();
    let row = state(&mut world, other);
    assert_eq!((row.state, row.duplicate_of), (IncidentState::Closed, Some(primary)));
    assert_eq!(state(&mut world, third).state, IncidentState::Reopened);
    ina.sync(&mut world);
    assert_eq!(ina.document(other).incident().unwrap().state, IncidentState::Closed);
    let shown = incident(world.engine().connection(), soon(), other).unwrap();
    assert!(shown.notes.iter().any(|note| note.text == "mended, thank you"));
    assert_eq!(incident(world.engine().connection(), soon(), primary).unwrap().work.repeated_by, [other]);
}

#[test]
fn what_is_answered_in_confidence_is_not_told_to_those_who_reported_it_openly() {
    let mut world = World::new(17);
    let (mut ann, mut ina) = (world.phone("ann"), world.phone("ina"));
    let confidential = |record: Record| match record {
        Record::Incident(record) => encode(&record),
        other => panic!("{other:?}"),
    };
    let primary =
        push(&mut ina, DocumentKind::Incident, 7, confidential(report(false, Some(Matter::Complaint))));
    let anonymous = push(&mut ina, DocumentKind::Incident, 8, confidential(report(true, None)));
    let open = ann.report("a");
    ann.sync(&mut world);
    ina.sync(&mut world);
    world.engine().merge(primary, &[open, anonymous], None, None).unwrap();
    world.engine().act(primary, &Act::step(IncidentStep::plain(StepKind::Accepted))).unwrap();
    let closed = Act::step(IncidentStep::plain(StepKind::Closed));
    let act = Act { remark: Some("the leader was dismissed".to_owned()), ..closed };
    world.engine().act(primary, &act).unwrap();
    for (document, notes) in [(primary, 1), (anonymous, 1), (open, 0)] {
        let shown = incident(world.engine().connection(), soon(), document).unwrap();
        assert_eq!((shown.listed.row.state, shown.notes.len()), (IncidentState::Closed, notes));
    }
}

#[test]
fn households_are_imported_again_without_doubling() {
    let mut world = World::new(13);
    let Record::Household(card) = household("a") else { panic!() };
    let first = world.engine().import_households(std::slice::from_ref(&card)).unwrap();
    assert_eq!((first.added, first.changed), (1, 0));
    let again = world.engine().import_households(std::slice::from_ref(&card)).unwrap();
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 1));
    let changed = HouseholdCard { phone: "1".to_owned(), place: at("b"), ..card };
    let changed = world.engine().import_households(&[changed]).unwrap();
    assert_eq!((changed.added, changed.changed), (0, 1));
    let engine = world.engine();
    let settings = engine.shared().settings();
    let filter = crate::relay::WorkFilter { limit: 9, ..Default::default() };
    let listed =
        reading::list::<HouseholdRow>(engine.connection(), &settings, soon(), filter.clone()).unwrap();
    assert_eq!((listed.len(), listed[0].row.grid.as_ref().map(GridId::as_str)), (1, Some("b")));
    let id = listed[0].row.document;
    let shown =
        reading::show::<HouseholdRow>(engine.connection(), &settings, soon(), id, Viewer::Other).unwrap();
    assert_eq!((shown.work.card.phone.as_str(), shown.work.cards.len()), ("1", 2));
    assert!(!shown.work.cards[0].is_in_use && shown.work.cards[1].is_in_use);
    let later = Timestamp::from_millis(1_763_800_000_000 + 8 * 86_400_000);
    let overdue = crate::relay::WorkFilter { is_overdue: true, ..filter };
    for (now, count) in [(soon(), 0), (later, 1)] {
        let listed =
            reading::list::<HouseholdRow>(engine.connection(), &settings, now, overdue.clone()).unwrap();
        assert_eq!(listed.len(), count);
    }
    assert_eq!(who_sees(&mut world, id), ["ben", "lea"]);
}
