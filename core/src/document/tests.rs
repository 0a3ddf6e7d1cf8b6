//! Documents from entries: order of arrival, held entries, hostile changes.

use super::*;
use crate::{
    id::{CategoryId, Salt},
    model::{
        Severity,
        incident::{FIELD_CATEGORY, IncidentRecord, IncidentState, IncidentStep, StepKind},
        place::Place,
    },
    project::{Incoming, project},
};

const ID: DocumentId = DocumentId::new([1; 16]);

fn record() -> Vec<u8> {
    encode(&IncidentRecord {
        salt: Salt::ZERO,
        text: "桥头有积水".to_owned(),
        category: CategoryId::new("disaster").unwrap(),
        severity: Severity::High,
        place: Place::default(),
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: None,
        matter: None,
        source: None,
    })
}

fn incoming(body_type: BodyType, body: Vec<u8>, author: Author) -> Incoming {
    let at = Timestamp::from_millis(1_000);
    let entry = Entry::new(ID, DocumentKind::Incident, at, body_type, body).unwrap();
    let origin = Origin { entry: entry.id(), author, claimed_at: at, received_at: None };
    Incoming { entry, origin, rights: None }
}

fn reported() -> Document {
    let mut document = Document::new(ID, DocumentKind::Incident);
    let verdicts = project(&mut document, &[incoming(BodyType::Record, record(), Author::You)]);
    assert_eq!(verdicts, [Ok(())]);
    document
}

fn step(kind: StepKind) -> Vec<u8> {
    encode(&IncidentStep::plain(kind))
}

fn stored_and_back(document: &Document) -> Document {
    let captured = document.captured().unwrap();
    Document::from_stored(
        ID,
        DocumentKind::Incident,
        document.to_stored(),
        Some((&record(), captured.origin)),
    )
    .unwrap()
}

#[test]
fn a_step_takes_effect_and_survives_storing() {
    let mut document = reported();
    let change =
        document.edit([5; 16], &[step(StepKind::Accepted)], &[(FIELD_CATEGORY, "fire".to_owned())]).unwrap();
    let verdicts = project(&mut document, &[incoming(BodyType::Change, change, Author::Centre)]);
    assert_eq!(verdicts, [Ok(())]);
    let incident = stored_and_back(&document).incident().unwrap();
    assert_eq!(incident.state, IncidentState::Accepted);
    assert_eq!(incident.category.value.as_str(), "fire");
    assert_eq!(incident.steps[0].origin.author, Author::Centre);
}

#[test]
fn two_offline_edits_meet_the_same_in_either_order() {
    let base = reported();
    let change = |actor: u8, word: &str, kind| {
        base.clone().edit([actor; 16], &[step(kind)], &[(FIELD_CATEGORY, word.to_owned())]).unwrap()
    };
    let one = incoming(BodyType::Change, change(1, "fire", StepKind::Handling), Author::You);
    let other = incoming(BodyType::Change, change(2, "ecology", StepKind::Accepted), Author::Centre);
    let (mut first, mut second) = (stored_and_back(&base), stored_and_back(&base));
    project(&mut first, &[one.clone(), other.clone()]);
    project(&mut second, &[other]);
    let mut second = stored_and_back(&second);
    project(&mut second, &[one]);
    let (first, second) = (first.incident().unwrap(), second.incident().unwrap());
    assert_eq!(first, second);
    assert_eq!(first.category.others.len(), 1, "both values stand");
}

#[test]
fn a_change_that_depends_on_a_missing_one_waits_and_nothing_breaks() {
    let mut ahead = reported();
    let first = ahead.edit([1; 16], &[step(StepKind::Handling)], &[]).unwrap();
    project(&mut ahead, &[incoming(BodyType::Change, first, Author::You)]);
    let second = ahead.edit([1; 16], &[step(StepKind::Resolved)], &[]).unwrap();
    let mut behind = reported();
    let verdicts = project(&mut behind, &[incoming(BodyType::Change, second, Author::You)]);
    assert_eq!(verdicts, [Err(HeldCode::DependsOnHeld)]);
    assert_eq!(behind.incident().unwrap().state, IncidentState::Reported);
}

#[test]
fn an_actor_belongs_to_whoever_used_it_first() {
    let mut document = reported();
    let change = document.edit([1; 16], &[step(StepKind::Handling)], &[]).unwrap();
    project(&mut document, &[incoming(BodyType::Change, change.clone(), Author::You)]);
    let next = document.edit([1; 16], &[step(StepKind::Resolved)], &[]).unwrap();
    let verdicts = project(
        &mut document,
        &[
            incoming(BodyType::Change, next, Author::Alias(9)),
            incoming(BodyType::Change, change, Author::You),
        ],
    );
    assert_eq!(verdicts, [Err(HeldCode::ActorTaken), Err(HeldCode::ActorTaken)]);
}

#[test]
fn what_is_not_readable_is_held_and_the_rest_goes_on() {
    let mut document = Document::new(ID, DocumentKind::Incident);
    let note = encode(&Note::plain(Salt::ZERO, "x".to_owned()));
    let verdicts = project(
        &mut document,
        &[
            incoming(BodyType::Note, note.clone(), Author::You),
            incoming(BodyType::Record, b"nonsense".to_vec(), Author::You),
            incoming(BodyType::Record, record(), Author::You),
            incoming(BodyType::Record, record(), Author::You),
            incoming(BodyType::Change, vec![0; 100], Author::You),
            incoming(BodyType::Note, note, Author::You),
        ],
    );
    assert_eq!(
        verdicts,
        [
            Err(HeldCode::NoRecord),
            Err(HeldCode::Malformed),
            Ok(()),
            Err(HeldCode::SecondRecord),
            Err(HeldCode::Guard),
            Ok(())
        ]
    );
}
