//! Tickets: each id once, whatever is sent how often.

use std::collections::BTreeMap;

use suishou_core::{
    entry::BodyType,
    id::{CategoryId, DocumentId, Salt, SourceId},
    model::{
        Severity,
        incident::{IncidentRecord, IncidentStep, StepKind},
        place::Place,
    },
    rows::IncidentRow,
    time::Timestamp,
};

use super::*;
use crate::relay::{Act, WorkFilter, reading, tests::phone::World};

pub(in crate::relay) fn source_form(callback: Option<&str>) -> SourceForm {
    SourceForm {
        id: SourceId::new("hotline").unwrap(),
        kind: SourceKind::Hotline,
        name: "12345".to_owned(),
        rules: Rules { category: CategoryId::new("fire").ok(), ..Rules::default() },
        callback: callback.map(str::to_owned),
        authority: None,
        with_text: false,
    }
}

pub(in crate::relay) fn hotline() -> SourceId {
    SourceId::new("hotline").unwrap()
}

pub(in crate::relay) fn ticket(id: &str, content: u8) -> Ticket {
    Ticket {
        external_id: id.to_owned(),
        hash: [content; 32],
        record: IncidentRecord {
            salt: Salt::ZERO,
            text: format!("CANARYTEXT {content}"),
            category: CategoryId::new("fire").unwrap(),
            severity: Severity::High,
            place: Place::default(),
            photos: Vec::new(),
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        },
        update: format!("now {content}"),
        reported_at: Some(Timestamp::from_millis(1_763_700_000_000)),
        contact: Some(Contact { name: "CANARYNAME".to_owned(), phone: "13900001234".to_owned() }),
    }
}

fn remarks(world: &mut World, document: DocumentId) -> Vec<String> {
    let shown = crate::relay::tests::phone::incident(
        world.engine().connection(),
        Timestamp::from_millis(1_763_900_000_000),
        document,
    );
    shown.unwrap().notes.into_iter().map(|note| note.text).collect()
}

fn incidents(world: &mut World, filter: WorkFilter) -> Vec<IncidentRow> {
    let engine = world.engine();
    let settings = engine.shared().settings();
    let now = engine.shared().clock.now();
    let listed = reading::list::<IncidentRow>(engine.connection(), &settings, now, filter);
    listed.unwrap().into_iter().map(|listed| listed.row).collect()
}

#[test]
fn an_id_of_another_system_becomes_one_incident_and_other_content_a_remark() {
    let mut world = World::new(601);
    world.engine().add_source(source_form(None)).unwrap();
    let mut ann = world.phone("ann");
    ann.report("a");
    ann.sync(&mut world);
    let take = |world: &mut World, content, signed: Option<&Signed>| {
        world.engine().take_in(&hotline(), &[ticket("A-1", content)], signed).unwrap().pop().unwrap()
    };
    let first = take(&mut world, 1, Some(&Signed(vec![1])));
    assert_eq!(first.outcome, Outcome::Added);
    // The same again, signed anew, and replayed.
    assert_eq!(take(&mut world, 1, Some(&Signed(vec![2]))).outcome, Outcome::Unchanged);
    let second = take(&mut world, 2, Some(&Signed(vec![3])));
    assert_eq!((second.outcome, second.incident), (Outcome::Updated, first.incident));
    // What was signed first is worth nothing a second time: the newer content stands.
    assert_eq!(take(&mut world, 1, Some(&Signed(vec![1]))).outcome, Outcome::Unchanged);
    assert_eq!(remarks(&mut world, first.incident), ["now 2"]);
    // Said anew, it is news.
    assert_eq!(take(&mut world, 1, Some(&Signed(vec![4]))).outcome, Outcome::Updated);
    assert_eq!(remarks(&mut world, first.incident), ["now 2", "now 1"]);

    let of_hotline = WorkFilter { source: Some(hotline()), limit: 10, ..WorkFilter::default() };
    let rows = incidents(&mut world, of_hotline);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].document, rows[0].source.clone()), (first.incident, Some(hotline())));
    assert_eq!(rows[0].reported_at, Timestamp::from_millis(1_763_700_000_000));
    assert_eq!(incidents(&mut world, WorkFilter { limit: 10, ..WorkFilter::default() }).len(), 2);
}

#[test]
fn an_update_after_the_end_is_a_remark_too() {
    let mut world = World::new(602);
    world.engine().add_source(source_form(None)).unwrap();
    let taken = world.engine().take_in(&hotline(), &[ticket("A-1", 1)], None).unwrap().pop().unwrap();
    let reason = world.engine().shared().settings().reasons[0].id.clone();
    let rejected = IncidentStep { reason: Some(reason), ..IncidentStep::plain(StepKind::Rejected) };
    world.engine().act(taken.incident, &Act::step(rejected)).unwrap();
    let again = world.engine().take_in(&hotline(), &[ticket("A-1", 2)], None).unwrap().pop().unwrap();
    assert_eq!((again.outcome, again.incident), (Outcome::Updated, taken.incident));
    assert_eq!(remarks(&mut world, taken.incident), ["now 2"]);
}

#[test]
fn a_contact_is_in_no_entry() {
    let mut world = World::new(603);
    world.engine().add_source(source_form(None)).unwrap();
    let taken = world.engine().take_in(&hotline(), &[ticket("A-1", 1)], None).unwrap().pop().unwrap();
    let engine = world.engine();
    assert_eq!(
        db::intake::contact(engine.connection(), taken.incident).unwrap(),
        Some(("CANARYNAME".to_owned(), "13900001234".to_owned()))
    );
    let entries = db::entry::after(engine.connection(), 0, 100).unwrap();
    assert_eq!(entries.len(), 1);
    for stored in entries {
        let body = stored.entry.body.unwrap();
        let has = |canary: &str| body.windows(canary.len()).any(|part| part == canary.as_bytes());
        assert!(has("CANARYTEXT") && !has("CANARYNAME") && !has("13900001234"));
    }
}

#[test]
fn one_bad_ticket_of_a_request_takes_none_of_it() {
    let mut world = World::new(604);
    world.engine().add_source(source_form(None)).unwrap();
    let late = Ticket { reported_at: Some(Timestamp::from_millis(1_999_000_000_000)), ..ticket("A-2", 1) };
    assert!(world.engine().take_in(&hotline(), &[ticket("A-1", 1), late], None).is_err());
    assert!(db::intake::items(world.engine().connection(), None, u64::MAX, 10).unwrap().is_empty());
    assert!(!world.engine().has_unprojected());
    let fine: Vec<Ticket> = (0..300).map(|number| ticket(&format!("B-{number}"), 1)).collect();
    let taken = world.engine().take_in(&hotline(), &fine, None).unwrap();
    let documents: std::collections::BTreeSet<_> = taken.iter().map(|taken| taken.incident).collect();
    assert_eq!(documents.len(), 300);
}

#[test]
fn a_phone_can_not_pass_its_report_off_as_another_systems() {
    let mut world = World::new(605);
    let mut ann = world.phone("ann");
    let record = IncidentRecord { source: Some(hotline()), ..ticket("A-1", 1).record };
    let document = DocumentId::new([7; 16]);
    let (_, entry) = ann.entry(document, BodyType::Record, suishou_core::model::encode(&record));
    ann.append(entry);
    ann.sync(&mut world);
    assert_eq!(ann.held.len(), 1);
}

#[test]
fn rules_name_only_what_the_township_has() {
    let mut world = World::new(606);
    let form = |rules| SourceForm { rules, ..source_form(None) };
    let nowhere = Rules { grid: suishou_core::id::GridId::new("nowhere").ok(), ..Rules::default() };
    assert!(world.engine().add_source(form(nowhere)).is_err());
    let categories = BTreeMap::from([("x".to_owned(), CategoryId::new("nothing").unwrap())]);
    assert!(world.engine().add_source(form(Rules { categories, ..Rules::default() })).is_err());
    world.engine().add_source(source_form(None)).unwrap();
    assert!(world.engine().add_source(source_form(None)).is_err(), "a name stands once");
    let before = db::intake::source(world.engine().connection(), &hotline()).unwrap().unwrap().secret;
    let after = world.engine().rotate_source(&hotline()).unwrap().secret;
    assert!(before.len() == 64 && after.len() == 64 && before != after);
}
