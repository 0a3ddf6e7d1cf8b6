//! Whatever order entries arrive in, however often: the same document and the same row on every device.
//!
//! Replicas here are core's own documents, and an exchange is a piece of somebody's log. Nothing holds but
//! that a log is read from its beginning.

mod making;

use std::collections::BTreeMap;

use proptest::prelude::*;
use suishou_core::{
    document::{Document, Work},
    entry::{BodyType, Entry},
    id::{DocumentId, EntryId, Salt},
    model::{
        DocumentKind, decode, encode,
        household::{FIELD_CARD, HouseholdCard},
        incident::{IncidentState, StepKind},
        note::Note,
        step::{Author, Origin},
    },
    project::{Incoming, project},
    rows::Row,
};

use self::making::{at, card, record, step};

const ID: DocumentId = DocumentId::new([9; 16]);
const REPLICAS: usize = 3;

/// Numbers to make something of.
type Dice = [u8; 4];

/// What one device does, or whose log it reads on.
#[derive(Clone, Copy, Debug)]
enum Doing {
    Change(usize, Dice),
    Note(usize, Dice),
    Read {
        reader: usize,
        log: usize,
        entries: usize,
    },
    /// The app starts anew: from now on its changes have another actor.
    Restart(usize),
}

fn doing() -> impl Strategy<Value = Doing> {
    let who = 0..REPLICAS;
    prop_oneof![
        4 => (who.clone(), any::<Dice>()).prop_map(|(who, dice)| Doing::Change(who, dice)),
        1 => (who.clone(), any::<Dice>()).prop_map(|(who, dice)| Doing::Note(who, dice)),
        4 => (who.clone(), who.clone(), 1..6_usize)
            .prop_map(|(reader, log, entries)| Doing::Read { reader, log, entries }),
        1 => who.prop_map(Doing::Restart),
    ]
}

/// A device: its document, how far it has read each log, and what did not fit yet.
#[derive(Clone, Debug)]
struct Replica {
    document: Document,
    read: [usize; REPLICAS],
    waiting: Vec<Incoming>,
    actor: [u8; 16],
}

struct World {
    kind: DocumentKind,
    logs: [Vec<Incoming>; REPLICAS],
    replicas: Vec<Replica>,
    starts: u8,
}

impl World {
    fn new(kind: DocumentKind) -> Self {
        let mut world = Self { kind, logs: Default::default(), replicas: Vec::new(), starts: 0 };
        let origin = |entry: &Entry| Origin {
            entry: entry.id(),
            author: Author::Alias(1),
            claimed_at: at(0),
            received_at: Some(at(0)),
        };
        let entry = Entry::new(ID, kind, at(0), BodyType::Record, record(kind)).unwrap();
        let record = Incoming { origin: origin(&entry), entry, rights: None };
        for _ in 0..REPLICAS {
            let mut document = Document::new(ID, kind);
            assert_eq!(project(&mut document, std::slice::from_ref(&record)), [Ok(())]);
            let actor = world.actor();
            world.replicas.push(Replica { document, read: [0; REPLICAS], waiting: Vec::new(), actor });
        }
        world
    }

    fn actor(&mut self) -> [u8; 16] {
        self.starts += 1;
        // Not in the order of starting: an actor's bytes decide between two words said at once.
        [self.starts.wrapping_mul(151); 16]
    }

    fn run(&mut self, doings: &[Doing]) {
        for doing in doings {
            match *doing {
                Doing::Change(who, dice) => self.change(who, dice),
                Doing::Note(who, dice) => self.note(who, dice),
                Doing::Read { reader, log, entries } if reader != log => self.read(reader, log, entries),
                Doing::Read { .. } => {}
                Doing::Restart(who) => self.replicas[who].actor = self.actor(),
            }
        }
    }

    fn change(&mut self, who: usize, dice: Dice) {
        let kind = self.kind;
        let replica = &mut self.replicas[who];
        let (steps, mut fields) = step(replica, kind, dice);
        for (name, value) in &mut fields {
            // A card that was really written, if there is one.
            if name == FIELD_CARD {
                let cards: Vec<EntryId> =
                    self.logs[who].iter().filter_map(card_of).map(|(id, _)| id).collect();
                *value = cards.first().map_or(value.clone(), ToString::to_string);
            }
        }
        let fields: Vec<(&str, String)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let change = replica.document.edit(replica.actor, &steps, &fields).unwrap();
        self.keep(who, BodyType::Change, change);
    }

    fn note(&mut self, who: usize, dice: Dice) {
        let salt = Salt::new([dice[1]; 8]);
        let is_card = self.kind == DocumentKind::Household;
        let note = Note { card: is_card.then(|| card(dice[2])), ..Note::plain(salt, format!("{dice:?}")) };
        self.keep(who, BodyType::Note, encode(&note));
    }

    /// An own entry takes effect at once and goes into the own log.
    fn keep(&mut self, who: usize, body_type: BodyType, body: Vec<u8>) {
        let number = i64::try_from(self.logs.iter().map(Vec::len).sum::<usize>()).unwrap() + 1;
        let entry = Entry::new(ID, self.kind, at(number), body_type, body).unwrap();
        let origin = Origin {
            entry: entry.id(),
            author: Author::Alias(u16::try_from(who).unwrap() + 1),
            claimed_at: at(number),
            received_at: Some(at(number + 1)),
        };
        let incoming = Incoming { entry, origin, rights: None };
        let verdict = project(&mut self.replicas[who].document, std::slice::from_ref(&incoming));
        assert_eq!(verdict, [Ok(())], "what somebody does on their own document fits it");
        self.logs[who].push(incoming);
        self.replicas[who].read[who] += 1;
    }

    fn read(&mut self, reader: usize, log: usize, entries: usize) {
        let replica = &mut self.replicas[reader];
        let from = replica.read[log];
        let to = (from + entries).min(self.logs[log].len());
        replica.waiting.extend(self.logs[log][from..to].iter().cloned());
        replica.read[log] = to;
        let waiting = std::mem::take(&mut replica.waiting);
        replica.waiting = take_all(&mut replica.document, waiting);
    }

    fn read_everything(&mut self) {
        for reader in 0..REPLICAS {
            for log in 0..REPLICAS {
                self.read(reader, log, usize::MAX / 2);
            }
            assert!(self.replicas[reader].waiting.is_empty(), "all fits in the end");
        }
    }

    fn cards(&self) -> BTreeMap<EntryId, HouseholdCard> {
        self.logs.iter().flatten().filter_map(card_of).collect()
    }

    fn seen(&self, document: &Document) -> (Work, Row) {
        let work = document.work().unwrap();
        let card = match &work {
            Work::Household(household) => household.card.value.and_then(|card| self.cards().remove(&card)),
            _ => None,
        };
        (work, Row::of(document, card.as_ref()).unwrap())
    }
}

fn card_of(incoming: &Incoming) -> Option<(EntryId, HouseholdCard)> {
    let is_note = incoming.entry.header.body_type == BodyType::Note;
    let body = incoming.entry.body.as_deref().filter(|_| is_note)?;
    Some((incoming.origin.entry, decode::<Note>(body, "a note").ok()?.card?))
}

/// Takes what fits, over and over, and gives back the rest; one by one as after a restored backup.
fn take_all(document: &mut Document, mut waiting: Vec<Incoming>) -> Vec<Incoming> {
    loop {
        let before = waiting.len();
        let verdicts = project(document, &waiting);
        let mut verdicts = verdicts.iter();
        waiting.retain(|_| verdicts.next().is_some_and(Result::is_err));
        if waiting.is_empty() || waiting.len() == before {
            return waiting;
        }
    }
}

/// All logs mixed, each in its own order.
fn mixed(logs: &[Vec<Incoming>; REPLICAS], order: &[usize]) -> Vec<Incoming> {
    let mut next = [0; REPLICAS];
    let mut all = Vec::new();
    for log in order.iter().copied().chain((0..REPLICAS).flat_map(|log| std::iter::repeat_n(log, 200))) {
        all.extend(logs[log].get(next[log]).cloned());
        next[log] += 1;
    }
    all
}

fn check(kind: DocumentKind, doings: &[Doing], order: &[usize], twice: &[usize]) {
    let mut world = World::new(kind);
    world.run(doings);
    world.read_everything();
    let expected = world.seen(&world.replicas[0].document);
    for replica in &world.replicas {
        assert_eq!(world.seen(&replica.document), expected);
    }
    // A device that comes last, in yet another order, and told some of it twice.
    let fresh = World::new(kind);
    let mut latecomer = fresh.replicas[0].document.clone();
    let mut left = take_all(&mut latecomer, mixed(&world.logs, order));
    assert!(left.is_empty());
    for number in twice {
        let all: Vec<&Incoming> = world.logs.iter().flatten().collect();
        let Some(again) = all.get(number % all.len().max(1)) else { continue };
        left.push(Incoming::clone(again));
    }
    let verdicts = project(&mut latecomer, &left);
    for (again, verdict) in left.iter().zip(verdicts) {
        let is_change = again.entry.header.body_type == BodyType::Change;
        assert_eq!(verdict.is_err(), is_change, "a change counts once");
    }
    assert_eq!(world.seen(&latecomer), expected);
    // Kept and read again.
    let captured = latecomer.captured().unwrap().origin;
    let body = record(kind);
    let again = Document::from_stored(ID, kind, latecomer.to_stored(), Some((&body, captured))).unwrap();
    assert_eq!(world.seen(&again), expected);
    if let Work::Warning(warning) = &expected.0 {
        let highest = warning.issues.iter().map(|issue| issue.issue).max();
        assert_eq!(Some(warning.issue), highest);
        let said = warning.issues.iter().filter(|issue| Some(issue.issue) == highest);
        let worst = said.clone().filter_map(|issue| issue.level).max();
        assert_eq!(warning.is_ended, worst.is_none());
        assert!(worst.is_none_or(|worst| worst == warning.level), "of two with one number the worse");
    }
    if let Work::Incident(incident) = &expected.0 {
        let mut steps = incident.steps.iter().filter(|step| step.kind != StepKind::Reminded);
        let is_undone = steps.all(|step| !step.took_effect);
        assert_eq!(is_undone, incident.state == IncidentState::Reported);
    }
}

/// How many histories are tried: `PROPTEST_CASES`, or so many.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(usual), failure_persistence: None, ..ProptestConfig::default() }
}

fn doings() -> impl Strategy<Value = Vec<Doing>> {
    proptest::collection::vec(doing(), 1..40)
}

fn order() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..REPLICAS, 0..60)
}

fn twice() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(any::<usize>(), 0..4)
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn an_incident_is_the_same_in_any_order(doings in doings(), order in order(), twice in twice()) {
        check(DocumentKind::Incident, &doings, &order, &twice);
    }

    #[test]
    fn a_household_is_the_same_in_any_order(doings in doings(), order in order(), twice in twice()) {
        check(DocumentKind::Household, &doings, &order, &twice);
    }

    #[test]
    fn a_visit_is_the_same_in_any_order(doings in doings(), order in order(), twice in twice()) {
        check(DocumentKind::Visit, &doings, &order, &twice);
    }

    #[test]
    fn a_task_is_the_same_in_any_order(doings in doings(), order in order(), twice in twice()) {
        check(DocumentKind::Task, &doings, &order, &twice);
    }

    #[test]
    fn of_a_warning_the_highest_issue_holds_in_any_order(doings in doings(), order in order(), twice in twice()) {
        check(DocumentKind::Warning, &doings, &order, &twice);
    }

    #[test]
    fn a_notice_is_the_same_in_any_order(doings in doings(), order in order(), twice in twice()) {
        check(DocumentKind::Notice, &doings, &order, &twice);
    }
}
