//! Households and people to look after, and the visits to them.

use super::{Field, Inner, ReportDraft, entries::Remark};
use crate::{
    document::{Record, Work},
    entry::Entry,
    error::{Error, Problem, Result},
    id::{BlobHash, DocumentId, EntryId, FormId, GridId, PurposeId, ReasonId},
    model::{
        DocumentKind, encode,
        household::{FIELD_CARD, FIELD_GRID, HouseholdCard, HouseholdStep},
        note::Note,
        place::Fix,
        task::TaskRecord,
        visit::{Answer, VisitOutcome, VisitRecord, VisitStep},
    },
    store::{Made, rows::card},
    time::Timestamp,
    view::{CardView, HouseholdView, VisitView},
};

/// A visit that is ready to be kept.
#[derive(Clone, Debug)]
pub struct VisitDraft {
    /// Whose home; none for somebody who is on no list.
    pub household: Option<DocumentId>,
    /// What for.
    pub purpose: Option<PurposeId>,
    /// Which form was filled in.
    pub form: Option<FormId>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// In the visitor's words.
    pub text: String,
    /// The last known fix; none never blocks.
    pub fix: Option<Fix>,
    /// The grid, if the person chose one; else the household's, else it is found.
    pub grid: Option<GridId>,
    /// Photos that this phone kept.
    pub photos: Vec<BlobHash>,
    /// A recording that this phone kept.
    pub voice: Option<BlobHash>,
    /// How it went.
    pub outcome: VisitOutcome,
    /// Needs that were found, each kept with the visit in one step.
    pub found: Vec<Need>,
}

/// A need that was found on a visit.
#[derive(Clone, Debug)]
pub enum Need {
    /// It becomes an incident.
    Incident(ReportDraft),
    /// It becomes a task, put before the command centre or kept for oneself.
    Task(TaskRecord),
}

/// What was kept of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visited {
    /// The visit.
    pub visit: DocumentId,
    /// What was made of the needs, in their order; the visit itself names none in confidence.
    pub led_to: Vec<DocumentId>,
}

impl Field {
    /// Puts a household on the list. Its place is worked out from the fix if the card has none.
    pub fn add_household(&self, card: HouseholdCard, fix: Option<&Fix>) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        let card = inner.complete(card, fix, now)?;
        let (document, entry) = inner.record(DocumentKind::Household, encode(&card), now)?;
        let rights = inner.rights()?;
        inner.store.append(vec![entry], &rights)?;
        Ok(document)
    }

    /// Gives a household a new card. If somebody else gave it one at the same time both stay, and a person
    /// chooses with [`Field::choose_card`].
    pub fn change_household(
        &self,
        document: DocumentId,
        card: HouseholdCard,
        fix: Option<&Fix>,
    ) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let card = inner.complete(card, fix, now)?;
        let grid = card.place.grid.clone();
        let note = Note { card: Some(card), ..Note::plain(inner.salt(), String::new()) };
        let note = inner.note_entry(document, DocumentKind::Household, &note, now)?;
        let mut fields = vec![(FIELD_CARD, note.id().to_string())];
        let known = inner.household(document)?.grid.value;
        fields.extend(
            grid.filter(|grid| known.as_ref() != Some(grid)).map(|grid| (FIELD_GRID, grid.to_string())),
        );
        let mut entries = vec![note];
        let kind = DocumentKind::Household;
        entries.extend(inner.change(document, kind, &[], &fields, &Remark::default(), now)?);
        let rights = inner.rights()?;
        inner.store.append(entries, &rights)
    }

    /// Chooses among cards that stand side by side.
    pub fn choose_card(&self, document: DocumentId, entry: EntryId) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let fields = [(FIELD_CARD, entry.to_string())];
        let kind = DocumentKind::Household;
        let entries = inner.change(document, kind, &[], &fields, &Remark::default(), now)?;
        let rights = inner.rights()?;
        inner.store.append(entries, &rights)
    }

    /// Takes a household off the list.
    pub fn end_household(
        &self,
        document: DocumentId,
        reason: Option<ReasonId>,
        remark: &Remark,
    ) -> Result<()> {
        self.household_step(document, &HouseholdStep::Ended { reason }, remark)
    }

    /// Puts a household back on the list.
    pub fn resume_household(&self, document: DocumentId, remark: &Remark) -> Result<()> {
        self.household_step(document, &HouseholdStep::Resumed, remark)
    }

    fn household_step(&self, document: DocumentId, step: &HouseholdStep, remark: &Remark) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let kind = DocumentKind::Household;
        let entries = inner.change(document, kind, &[encode(step)], &[], remark, now)?;
        let rights = inner.rights()?;
        inner.store.append(entries, &rights)
    }

    /// Keeps a visit, and what was made of the needs found, all or nothing. What was said in confidence is told
    /// to the caller alone: who sees the visit must not learn of it, nor who handles it of the visit.
    pub fn keep_visit(&self, draft: VisitDraft) -> Result<Visited> {
        let now = self.now();
        let mut inner = self.inner();
        inner.check_form(&draft)?;
        let grid = match (&draft.grid, draft.household) {
            (None, Some(household)) => inner.household(household)?.grid.value,
            (grid, _) => grid.clone(),
        };
        let place = inner.place(draft.fix.as_ref(), grid, now)?;
        let needs = draft.found.into_iter().map(|need| inner.need(need, now)).collect::<Result<Vec<_>>>()?;
        let led_to = needs.iter().map(|need| need.entry.header.document).collect();
        let record = VisitRecord {
            salt: inner.salt(),
            household: draft.household,
            purpose: draft.purpose,
            form: draft.form,
            answers: draft.answers,
            text: draft.text.trim().to_owned(),
            place,
            photos: draft.photos,
            voice: draft.voice,
            outcome: draft.outcome,
            led_to: named(&needs).collect(),
        };
        record.check()?;
        inner.check_attached(&record.photos, record.voice)?;
        let (visit, entry) = inner.record(DocumentKind::Visit, encode(&record), now)?;
        let mut made = inner.made(needs, now);
        made.entries.push(entry);
        let rights = inner.rights()?;
        inner.store.append(made, &rights)?;
        Ok(Visited { visit, led_to })
    }

    /// Makes an incident or task of a need that was found on an earlier visit, in one step; of one in confidence
    /// the visit does not tell.
    pub fn follow_up(&self, visit: DocumentId, need: Need) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        inner.store.document(visit)?;
        let needs = vec![inner.need(need, now)?];
        let steps: Vec<Vec<u8>> =
            named(&needs).map(|document| encode(&VisitStep::LedTo { document })).collect();
        let led_to = needs.first().map(|need| need.entry.header.document);
        let document = led_to.ok_or(Error::Corrupt("a need without an entry"))?;
        let mut made = inner.made(needs, now);
        if !steps.is_empty() {
            let kind = DocumentKind::Visit;
            made.entries.extend(inner.change(visit, kind, &steps, &[], &Remark::default(), now)?);
        }
        let rights = inner.rights()?;
        inner.store.append(made, &rights)?;
        Ok(document)
    }

    /// One household with its cards and visits.
    pub fn household(&self, document: DocumentId) -> Result<HouseholdView> {
        let inner = self.inner();
        let found = inner.store.document(document)?;
        let household = inner.household(document)?;
        let missing = Error::NotFound { document };
        let Some(captured) = found.captured() else { return Err(missing) };
        let Record::Household(first) = &captured.record else { return Err(missing) };
        let mut cards = vec![CardView {
            entry: captured.origin.entry,
            card: first.clone(),
            author: captured.origin.author,
            at: captured.origin.claimed_at,
            is_in_use: false,
        }];
        for shown in inner.store.notes(document)? {
            if let Some(card) = shown.note.card {
                let is_in_use = household.card.value == Some(shown.origin.entry);
                let (author, at) = (shown.origin.author, shown.origin.claimed_at);
                cards.push(CardView { entry: shown.origin.entry, card, author, at, is_in_use });
            }
        }
        // The first card holds as long as no other that is here does: also where a person chose it again.
        let is_first = !cards.iter().any(|card| card.is_in_use);
        cards.iter_mut().take(1).for_each(|first| first.is_in_use = is_first);
        let card = match household.card.value {
            Some(entry) => card(inner.store.connection(), document, entry)?.unwrap_or_else(|| first.clone()),
            None => first.clone(),
        };
        let mut about = inner.about(document)?;
        about.notes.retain(|note| !note.text.is_empty() || !note.photos.is_empty() || note.voice.is_some());
        Ok(HouseholdView {
            row: inner.store.household_row(document)?,
            card,
            cards,
            household,
            visits: inner.store.visits_to(document)?,
            about,
        })
    }

    /// One visit with everything that this phone may know of it.
    pub fn visit(&self, document: DocumentId) -> Result<VisitView> {
        let inner = self.inner();
        let found = inner.store.document(document)?;
        let missing = || Error::NotFound { document };
        let (Some(captured), Some(Work::Visit(visit))) = (found.captured(), found.work()) else {
            return Err(missing());
        };
        let Record::Visit(record) = &captured.record else { return Err(missing()) };
        Ok(VisitView {
            row: inner.store.row(document)?,
            photos: inner.photos(&record.photos)?,
            voice: record.voice.map(|voice| inner.voice(voice)),
            record: record.clone(),
            visit,
            about: inner.about(document)?,
        })
    }
}

impl Inner {
    fn household(&self, document: DocumentId) -> Result<crate::model::household::Household> {
        match self.store.document(document)?.work() {
            Some(Work::Household(household)) => Ok(household),
            _ => Err(Error::NotFound { document }),
        }
    }

    fn complete(
        &mut self,
        mut card: HouseholdCard,
        fix: Option<&Fix>,
        now: Timestamp,
    ) -> Result<HouseholdCard> {
        card.salt = self.salt();
        if fix.is_some() || card.place.position.is_none() {
            card.place = self.place(fix, card.place.grid.clone(), now)?;
        }
        card.check()?;
        Ok(card)
    }

    /// The answers must be those of the form, and complete if somebody was met.
    fn check_form(&mut self, draft: &VisitDraft) -> Result<()> {
        let Some(wanted) = &draft.form else {
            return if draft.answers.is_empty() {
                Ok(())
            } else {
                Err(Error::invalid(Problem::Missing("the form of the answers")))
            };
        };
        let Some(township) = self.township()? else { return Ok(()) };
        let forms = township.settings.forms.as_deref().unwrap_or_default();
        match forms.iter().find(|form| form.id == *wanted) {
            Some(form) if draft.outcome == VisitOutcome::Met => form.check(&draft.answers),
            Some(_) => Ok(()),
            None => Err(Error::invalid(Problem::Unknown { what: "the form", code: wanted.to_string() })),
        }
    }

    fn need(&mut self, need: Need, now: Timestamp) -> Result<Needed> {
        match need {
            Need::Incident(draft) => {
                let is_confidential = draft.is_confidential();
                let at = if is_confidential { blurred(now) } else { now };
                let document = DocumentId::at(at, self.store.random_bytes());
                let entry = self.report_entry(document, draft, at)?;
                Ok(Needed { entry, is_confidential })
            }
            Need::Task(record) => {
                let (_, entry) = self.task_entry(record, now)?;
                Ok(Needed { entry, is_confidential: false })
            }
        }
    }

    /// Records of needs, with the mention of those that a patrol may name.
    fn made(&mut self, needs: Vec<Needed>, now: Timestamp) -> Made {
        let is_incident = |need: &&Needed| need.entry.header.kind == DocumentKind::Incident;
        let found = needs.iter().filter(is_incident).filter(|need| !need.is_confidential);
        let found: Vec<DocumentId> = found.map(|need| need.entry.header.document).collect();
        let mention = self.mention(&found, now);
        Made { entries: needs.into_iter().map(|need| need.entry).collect(), mention }
    }
}

/// What was made of a need.
struct Needed {
    entry: Entry,
    is_confidential: bool,
}

/// Which of them a visit may name.
fn named(needs: &[Needed]) -> impl Iterator<Item = DocumentId> {
    needs.iter().filter(|need| !need.is_confidential).map(|need| need.entry.header.document)
}

/// The hour, without its minutes: what is said in confidence on a visit must not be found again by the visit's
/// moment. A coarse time is still a true one, where a drawn one would be a lie; and a minute would still single
/// one visit out.
fn blurred(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis() - at.millis().rem_euclid(3_600_000))
}
