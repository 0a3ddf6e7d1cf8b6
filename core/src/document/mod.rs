//! A document: the record, the steps and fields that entries of one document id amount to.
//!
//! The working document is Automerge's, kept as a snapshot that is only a cache: the entries are the
//! truth. Steps are read off the guarded changes themselves, so that showing a document never runs
//! Automerge; fields, which several people may set at once, are merged by it. A change takes effect
//! only after a trial: applied to a copy, saved, loaded, and found the same.

mod erased;
mod latest;
mod record;
mod working;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

pub use erased::{ERASED, erased_body};
pub use record::{Record, Work};
pub use working::Working;

use crate::{
    entry::{BodyType, Entry},
    error::{Error, HeldCode, Result},
    guard::{Checked, Edit, check},
    id::{DocumentId, EntryId},
    model::{
        DocumentKind, decode, encode,
        incident::Incident,
        note::Note,
        patrol::Patrol,
        step::{Author, Origin, RawStep, StepId},
    },
    time::Timestamp,
};

/// Most changes in one document: beyond it something is wrong with a device.
pub const MAX_CHANGES: usize = 4_096;

/// A record with who and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// What.
    pub record: Record,
    /// Who and when.
    pub origin: Origin,
}

/// An entry that was read and may take effect, if policy agrees.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// A record.
    Record(Record),
    /// A remark.
    Note(Note),
    /// A change that passed the guard and fits the document.
    Change(Box<Checked>),
}

/// A document as it is kept: the record is kept as its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Automerge's save.
    pub snapshot: Vec<u8>,
    /// Steps, fields and actors.
    pub facts: Vec<u8>,
}

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    id: DocumentId,
    kind: DocumentKind,
    captured: Option<Captured>,
    facts: Facts,
    snapshot: Vec<u8>,
    working: Option<Working>,
    pending: Vec<Checked>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Facts {
    #[n(0)]
    steps: Vec<StepFact>,
    #[n(1)]
    fields: BTreeMap<String, Vec<String>>,
    #[n(2)]
    actors: Vec<ActorFact>,
    /// Notes with a household's card that took effect, sorted; none in a document that an older program kept,
    /// which did not write them down.
    #[n(3)]
    cards: Option<Vec<EntryId>>,
    /// The steps that decided and that nobody who decided later knew of; none in a document that an older program
    /// kept, until the next one.
    #[n(4)]
    latest: Option<Vec<StepId>>,
}

/// A step in the document's causal order: operation counter, then actor.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct StepFact {
    #[n(0)]
    counter: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    actor: [u8; 16],
    #[n(2)]
    id: StepId,
    #[cbor(n(3), with = "minicbor::bytes")]
    body: Vec<u8>,
    #[n(4)]
    entry: EntryId,
    #[n(5)]
    author: u16,
    #[n(6)]
    claimed_at: Timestamp,
    #[n(7)]
    received_at: Option<Timestamp>,
}

/// Who used an actor id first: it is theirs from then on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct ActorFact {
    #[cbor(n(0), with = "minicbor::bytes")]
    actor: [u8; 16],
    #[n(1)]
    author: u16,
    #[n(2)]
    sequence: u16,
}

impl Document {
    /// A document of which nothing has arrived.
    pub fn new(id: DocumentId, kind: DocumentKind) -> Self {
        Self {
            id,
            kind,
            captured: None,
            facts: Facts { cards: Some(Vec::new()), latest: Some(Vec::new()), ..Facts::default() },
            snapshot: Vec::new(),
            working: None,
            pending: Vec::new(),
        }
    }

    /// A document as it was kept, with the body and origin of its record's entry.
    pub fn from_stored(
        id: DocumentId,
        kind: DocumentKind,
        stored: Stored,
        record: Option<(&[u8], Origin)>,
    ) -> Result<Self> {
        let captured = record
            .map(|(body, origin)| Record::read(kind, body).map(|record| Captured { record, origin }))
            .transpose()?;
        let facts: Facts =
            decode(&stored.facts, "a document's facts").map_err(|_| Error::Corrupt("a document's facts"))?;
        Ok(Self { captured, facts, snapshot: stored.snapshot, ..Self::new(id, kind) })
    }

    /// What to keep. Only after [`Document::settle`].
    pub fn to_stored(&self) -> Stored {
        Stored { snapshot: self.snapshot.clone(), facts: encode(&self.facts) }
    }

    /// Which document this is.
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// What it is.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// What was captured, if it has arrived.
    pub fn captured(&self) -> Option<&Captured> {
        self.captured.as_ref()
    }

    /// What this document amounts to, if its record has arrived.
    pub fn work(&self) -> Option<Work> {
        let captured = self.captured.as_ref()?;
        Some(captured.record.fold(&captured.origin, &self.raw_steps(), &self.facts.fields))
    }

    /// The incident that this document amounts to, if it is one.
    pub fn incident(&self) -> Option<Incident> {
        match self.work()? {
            Work::Incident(incident) => Some(incident),
            _ => None,
        }
    }

    /// The patrol that this document amounts to, if it is one.
    pub fn patrol(&self) -> Option<Patrol> {
        match self.work()? {
            Work::Patrol(patrol) => Some(patrol),
            _ => None,
        }
    }

    fn raw_steps(&self) -> Vec<RawStep> {
        let raw = |fact: &StepFact| RawStep {
            id: fact.id,
            body: fact.body.clone(),
            origin: Origin {
                entry: fact.entry,
                author: Author::from_number(fact.author),
                claimed_at: fact.claimed_at,
                received_at: fact.received_at,
            },
            is_latest: self.facts.latest.as_ref().is_some_and(|latest| latest.contains(&fact.id)),
        };
        self.facts.steps.iter().map(raw).collect()
    }

    /// Whether an entry is one of this household's cards: its record, or a note that took effect.
    pub fn has_card(&self, entry: EntryId) -> bool {
        let is_first = self.captured.as_ref().is_some_and(|captured| captured.origin.entry == entry);
        is_first || self.facts.cards.as_ref().is_none_or(|cards| cards.contains(&entry))
    }

    /// How many more changes it can take.
    pub fn room(&self) -> usize {
        MAX_CHANGES.saturating_sub(self.changes())
    }

    fn changes(&self) -> usize {
        self.facts.actors.iter().map(|actor| usize::from(actor.sequence)).sum()
    }

    /// The change is in the document.
    pub fn has(&self, change: &Checked) -> bool {
        self.facts.actors.iter().any(|known| known.actor == change.actor && known.sequence >= change.sequence)
    }

    /// Reads an entry and says whether it fits this document as it stands: guard, actor, dependencies.
    pub fn read(&mut self, entry: &Entry, author: Author) -> Result<Arrival, HeldCode> {
        if entry.header.kind != self.kind {
            return Err(HeldCode::WrongKind);
        }
        let body = entry.body.as_deref().ok_or(HeldCode::Malformed)?;
        match entry.header.body_type {
            BodyType::Record if self.captured.is_some() => Err(HeldCode::SecondRecord),
            BodyType::Record => {
                Record::read(self.kind, body).map(Arrival::Record).map_err(|_| HeldCode::Malformed)
            }
            _ if self.captured.is_none() => Err(HeldCode::NoRecord),
            BodyType::Note => {
                let note: Note = decode(body, "a note").map_err(|_| HeldCode::Malformed)?;
                note.check().map_err(|_| HeldCode::Malformed)?;
                Ok(Arrival::Note(note))
            }
            BodyType::Change => {
                let checked = check(body)?;
                self.check_edits(&checked)?;
                self.check_actor(&checked, author)?;
                self.check_dependencies(&checked)?;
                Ok(Arrival::Change(Box::new(checked)))
            }
        }
    }

    /// Steps must be readable as this kind's, fields among those it has.
    fn check_edits(&self, checked: &Checked) -> Result<(), HeldCode> {
        let is_known = checked.edits.iter().all(|edit| record::is_known(self.kind, edit));
        if is_known { Ok(()) } else { Err(HeldCode::Malformed) }
    }

    fn check_actor(&self, checked: &Checked, author: Author) -> Result<(), HeldCode> {
        let known = self.facts.actors.iter().find(|known| known.actor == checked.actor);
        let last = match known {
            Some(known) if known.author != author.number() => return Err(HeldCode::ActorTaken),
            Some(known) => known.sequence,
            None => 0,
        };
        if checked.sequence <= last {
            return Err(HeldCode::ActorTaken);
        }
        if checked.sequence != last + 1 {
            return Err(HeldCode::DependsOnHeld);
        }
        Ok(())
    }

    fn check_dependencies(&mut self, checked: &Checked) -> Result<(), HeldCode> {
        if self.room() == 0 {
            return Err(HeldCode::Quota);
        }
        let mut expected = 1;
        for dep in checked.change.deps() {
            let pending = self.pending.iter().find(|pending| pending.change.hash() == *dep);
            let max_op = match pending {
                Some(pending) => Some(pending.change.max_op()),
                None => self.working()?.max_op_of(dep),
            };
            expected = expected.max(max_op.ok_or(HeldCode::DependsOnHeld)? + 1);
        }
        if checked.change.start_op().get() == expected { Ok(()) } else { Err(HeldCode::Guard) }
    }

    fn working(&mut self) -> Result<&mut Working, HeldCode> {
        if self.working.is_none() {
            self.working = Some(Working::load(&self.snapshot).ok_or(HeldCode::Trial)?);
        }
        self.working.as_mut().ok_or(HeldCode::Trial)
    }

    /// Takes what [`Document::read`] gave. Changes count for the fold at once and for Automerge at
    /// [`Document::settle`].
    pub fn take(&mut self, arrival: Arrival, origin: Origin) {
        match arrival {
            Arrival::Record(record) => self.captured = Some(Captured { record, origin }),
            Arrival::Note(note) => {
                if let Some(cards) = self.facts.cards.as_mut().filter(|_| note.card.is_some())
                    && let Err(at) = cards.binary_search(&origin.entry)
                {
                    cards.insert(at, origin.entry);
                }
            }
            Arrival::Change(checked) => {
                self.take_steps(&checked, origin);
                self.pending.push(*checked);
            }
        }
    }

    fn take_steps(&mut self, checked: &Checked, origin: Origin) {
        let author = origin.author.number();
        match self.facts.actors.iter_mut().find(|known| known.actor == checked.actor) {
            Some(known) => known.sequence = checked.sequence,
            None => {
                self.facts.actors.push(ActorFact {
                    actor: checked.actor,
                    author,
                    sequence: checked.sequence,
                });
            }
        }
        for edit in &checked.edits {
            match edit {
                Edit::Step { id, counter, body } => {
                    let order = (*counter, checked.actor);
                    let at = self.facts.steps.partition_point(|step| (step.counter, step.actor) < order);
                    let fact = StepFact {
                        counter: *counter,
                        actor: checked.actor,
                        id: *id,
                        body: body.clone(),
                        entry: origin.entry,
                        author,
                        claimed_at: origin.claimed_at,
                        received_at: origin.received_at,
                    };
                    self.facts.steps.insert(at, fact);
                }
                // Until Automerge has merged it; in a row of changes of one person that is the merge.
                Edit::Field { name, value } => {
                    self.facts.fields.insert(name.clone(), vec![value.clone()]);
                }
            }
        }
    }

    /// The trial: all changes taken since the last one are applied to a copy, saved, loaded, and the
    /// heads compared. On an error the document must be thrown away.
    pub fn settle(&mut self) -> Result<(), HeldCode> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let changes: Vec<_> = pending.iter().map(|checked| checked.change.clone()).collect();
        let has_fields = !self.facts.fields.is_empty();
        let working = self.working()?;
        let heads = working.heads();
        let trial = working.try_apply(changes, has_fields).ok_or(HeldCode::Trial)?;
        latest::follow(&mut self.facts, self.kind, &pending, heads, &trial.working);
        self.snapshot = trial.snapshot;
        self.working = Some(trial.working);
        if has_fields {
            self.facts.fields = trial.fields;
        }
        Ok(())
    }

    /// The bytes of a change that makes these edits now, by `actor`; the document itself stays as it
    /// is until the change comes back as an entry.
    pub fn edit(&mut self, actor: [u8; 16], steps: &[Vec<u8>], fields: &[(&str, String)]) -> Result<Vec<u8>> {
        let last =
            self.facts.actors.iter().find(|known| known.actor == actor).map_or(0, |known| known.sequence);
        let sequence = last.checked_add(1).ok_or(Error::Refused { code: HeldCode::Quota })?;
        let refused = |code| Error::Refused { code };
        let working = self.working().map_err(refused)?;
        working.edit(actor, sequence, steps, fields).ok_or(Error::Refused { code: HeldCode::Trial })
    }

    /// Notes the relay's times beside the steps that an own entry brought.
    pub fn set_received(&mut self, entry: EntryId, received_at: Timestamp) {
        for step in self.facts.steps.iter_mut().filter(|step| step.entry == entry) {
            step.received_at = Some(received_at);
        }
        if let Some(captured) = self.captured.as_mut().filter(|captured| captured.origin.entry == entry) {
            captured.origin.received_at = Some(received_at);
        }
    }
}

#[cfg(test)]
impl Document {
    /// As if it had so many changes more.
    pub(crate) fn use_up(&mut self, changes: u16) {
        self.facts.actors.push(ActorFact { actor: [0xEE; 16], author: 0, sequence: changes });
    }
}

#[cfg(test)]
mod tests;
