//! Crafted Automerge changes with valid lengths and checksums, taken as the relay takes a phone's: whatever they are,
//! nothing panics, nothing takes long, and a document that took one is still read as it was written.

mod change;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use suishou_core::{
    document::Document,
    entry::{BodyType, Entry},
    error::HeldCode,
    id::{CategoryId, DocumentId, Salt},
    model::{
        DocumentKind, Severity, encode,
        incident::{FIELD_CATEGORY, IncidentRecord, IncidentStep, StepKind},
        place::Place,
        step::{Author, Origin},
    },
    project::{Incoming, project},
    time::{Random, Timestamp},
};
use tokio::time::Instant;

pub use change::Parts;

const AT: Timestamp = Timestamp::from_millis(1_763_800_000_000);

/// An honest change and the document that it was made on.
#[derive(Debug)]
pub struct Base {
    record: Incoming,
    before: Document,
    change: Vec<u8>,
}

/// What came of many mutants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// How many.
    pub mutants: u64,
    /// Of these, taken.
    pub taken: u64,
    /// Of these, held by the guard.
    pub guarded: u64,
    /// Held for another reason.
    pub held: u64,
    /// The longest that one took.
    pub longest: Duration,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            mutants: self.mutants + other.mutants,
            taken: self.taken + other.taken,
            guarded: self.guarded + other.guarded,
            held: self.held + other.held,
            longest: self.longest.max(other.longest),
        }
    }
}

fn incoming(document: DocumentId, body_type: BodyType, body: Vec<u8>) -> Incoming {
    let entry = Entry::new(document, DocumentKind::Incident, AT, body_type, body).expect("the body is small");
    let origin = Origin { entry: entry.id(), author: Author::Alias(1), claimed_at: AT, received_at: None };
    Incoming { entry, origin, rights: None }
}

/// Honest changes of several people on one document, each with the document before it.
pub fn bases(seed: u64) -> Vec<Base> {
    let mut random = Random::seeded(seed);
    let id = DocumentId::at(AT, random.bytes());
    let record = IncidentRecord {
        salt: Salt::new(random.bytes()),
        text: "路灯不亮".to_owned(),
        category: CategoryId::new("order").expect("a code"),
        severity: Severity::Normal,
        place: Place::default(),
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: None,
        matter: None,
        source: None,
    };
    let mut document = Document::new(id, DocumentKind::Incident);
    let record = incoming(id, BodyType::Record, encode(&record));
    project(&mut document, std::slice::from_ref(&record));
    let actors: Vec<[u8; 16]> = (0..3).map(|_| random.bytes()).collect();
    let kinds = [StepKind::Accepted, StepKind::Handling, StepKind::Resolved, StepKind::Verified];
    let mut bases = Vec::new();
    for number in 0..24_usize {
        let actor = actors.get(number % actors.len()).copied().unwrap_or_default();
        let step = kinds.get(number % kinds.len()).copied().unwrap_or(StepKind::Accepted);
        let steps = if number % 3 == 2 { Vec::new() } else { vec![encode(&IncidentStep::plain(step))] };
        let category = if number % 2 == 0 { "order" } else { "drugs" };
        let fields = if number % 3 == 0 { Vec::new() } else { vec![(FIELD_CATEGORY, category.to_owned())] };
        let before = document.clone();
        let change = document.clone().edit(actor, &steps, &fields).expect("an honest change");
        let verdicts = project(&mut document, &[incoming(id, BodyType::Change, change.clone())]);
        assert_eq!(verdicts, [Ok(())], "an honest change is taken");
        bases.push(Base { record: record.clone(), before, change });
    }
    bases
}

/// Makes and tries mutants; an error names the first that did what none may do.
pub fn run(seed: u64, count: u64) -> Result<Tally, String> {
    let bases = bases(seed);
    let mut random = Random::seeded(seed);
    let mut tally = Tally::default();
    for _ in 0..count {
        let at = usize::try_from(random.below(bases.len() as u64)).unwrap_or(0);
        let other = usize::try_from(random.below(bases.len() as u64)).unwrap_or(0);
        let (Some(base), Some(other)) = (bases.get(at), bases.get(other)) else { continue };
        let mutant = change::mutant(&mut random, &base.change, &other.change);
        let begun = Instant::now();
        let verdict = catch_unwind(AssertUnwindSafe(|| take(base, &mutant)));
        let took = begun.elapsed();
        let hex = || data_encoding::HEXLOWER.encode(&mutant);
        match verdict {
            Err(_) => return Err(format!("a panic that nobody contained: {}", hex())),
            Ok(Err(what)) => return Err(format!("{what}: {}", hex())),
            Ok(Ok(Ok(()))) => tally.taken += 1,
            Ok(Ok(Err(HeldCode::Guard))) => tally.guarded += 1,
            Ok(Ok(Err(_))) => tally.held += 1,
        }
        tally.mutants += 1;
        tally.longest = tally.longest.max(took);
    }
    Ok(tally)
}

/// Takes a change as the relay does; whoever takes it can read it again.
fn take(base: &Base, change: &[u8]) -> Result<Result<(), HeldCode>, String> {
    let (before, record) = (&base.before, &base.record);
    let mut document = before.clone();
    let one = incoming(before.id(), BodyType::Change, change.to_vec());
    let verdict = project(&mut document, std::slice::from_ref(&one)).pop().ok_or("no verdict")?;
    if verdict.is_err() {
        let is_same = document.to_stored().snapshot == before.to_stored().snapshot;
        return if is_same { Ok(verdict) } else { Err("what was held left something behind".to_owned()) };
    }
    let body = record.entry.body.as_deref().unwrap_or_default();
    let kept = Some((body, record.origin));
    let mut again = Document::from_stored(document.id(), document.kind(), document.to_stored(), kept)
        .map_err(|error| format!("the document can't be read again: {error}"))?;
    if again.to_stored().snapshot != document.to_stored().snapshot {
        return Err("the document is another one when it is read again".to_owned());
    }
    let next = again.edit(*b"somebody-else-16", &[], &[(FIELD_CATEGORY, "fire".to_owned())]);
    let next = next.map_err(|error| format!("nobody can change the document any more: {error}"))?;
    match project(&mut again, &[incoming(before.id(), BodyType::Change, next)]).pop() {
        Some(Ok(())) => Ok(verdict),
        other => Err(format!("what is done after it is refused: {other:?}")),
    }
}
