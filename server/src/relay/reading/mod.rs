//! What operators read of documents: lists and one in full, the same way for every kind.
//!
//! Core's rows and folds are served as they are; what stands beside them is only what core does not know:
//! names, blobs, the order of arrival, and what is due by now.

mod care;
mod incident;
mod notice;
mod task;
mod warning;

use serde::{Serialize, de::DeserializeOwned};
use suishou_core::{
    document::{Document, Record, Work},
    id::{BlobHash, DepartmentId, DocumentId, GridId, MemberId, SourceId},
    model::{
        DocumentKind, Role,
        audience::Audience,
        decode,
        incident::Matter,
        note::Note,
        settings::Settings,
        step::{Author, Origin},
        warning::{WarningLevel, WarningState},
    },
    store::tables::load_document,
    time::Timestamp,
};

pub(super) use care::card_of;
pub use care::{CardShown, HouseholdShown, VisitShown};
pub use incident::{IncidentShown, PatrolShown};
pub use notice::{NoticeShown, QuestionShown, ReaderShown};
pub use task::{AnswerShown, Became, ItemShown, MarkShown, ShelterShown, TaskShown};
pub use warning::{AcknowledgedShown, PostShown, ReportShown, WarningShown};

use super::{
    error::{RelayError, Result},
    identity::{Viewer, is_hidden},
    operators::{HandShown, OperatorRole},
    project::within,
    scope::{covered, department_key},
    shown::{BlobShown, NamedShown, NoteShown, PersonShown},
};
use crate::{
    db::{
        self, Connection,
        entry::Stored,
        work::{Force, Placed},
    },
    words::{Lang, Words},
};

/// Most rows of one list.
const MAX_LISTED: usize = 500;

/// A kind of document as operators read it; implemented by its row.
pub trait Kind: DeserializeOwned + Serialize + utoipa::ToSchema + Send + Sized + 'static {
    /// What a document in full has beside the row, the people and the remarks.
    type Shown: Serialize + utoipa::ToSchema + Send;
    /// Which kind.
    const KIND: DocumentKind;

    /// The states that a list can be asked for.
    fn states() -> Vec<&'static str>;

    /// Takes over what the row's JSON does not know.
    fn set_due(&mut self, _last_at: Option<Timestamp>, _due_at: Option<Timestamp>) {}

    /// A warning's level, with where it stands.
    fn warning(&self, _now: Timestamp) -> Option<(WarningLevel, WarningState)> {
        None
    }

    /// The rest of one in full; none if record and work are another kind's.
    fn shown(context: &Context<'_>, record: &Record, work: Work) -> Result<Option<Self::Shown>>;
}

/// Which documents to list; everything narrows the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkFilter {
    /// In one of these states, or `open`, by their words; in any if empty.
    pub states: Vec<String>,
    /// In this grid or one within it.
    pub grid: Option<GridId>,
    /// With this department to act.
    pub department: Option<DepartmentId>,
    /// Only what was ever dispatched to this department: all that its handlers see.
    pub bound_to: Option<DepartmentId>,
    /// Of this category, form, hazard, theme or purpose.
    pub category: Option<String>,
    /// By this member or with this member to act.
    pub member: Option<MemberId>,
    /// About this document.
    pub about: Option<DocumentId>,
    /// Only complaints or only suggestions.
    pub matter: Option<Matter>,
    /// Taken over from this system.
    pub source: Option<SourceId>,
    /// Only what was reported in confidence.
    pub is_anonymous: bool,
    /// Only what is overdue.
    pub is_overdue: bool,
    /// At most so many; 500 is the most.
    pub limit: usize,
    /// Those that reached the relay before the one with this `seq`, for the next page.
    pub before: Option<u64>,
    /// With these words in the record or a remark, or with this id.
    pub text: Option<String>,
    /// In the order in which it is due, without so many of the first.
    pub by_due: Option<usize>,
}

/// A colour's words in both languages: a colour never stands alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Label {
    /// Simplified Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl Label {
    fn of(level: WarningLevel) -> Self {
        let key = format!("level.{}", level.as_str());
        let word = |lang| Words::of(lang).find(&key).unwrap_or_default();
        Self { zh: word(Lang::Chinese), en: word(Lang::English) }
    }
}

/// A document in a list, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed<R> {
    /// What core's row says.
    #[serde(flatten)]
    pub row: R,
    /// Its place in the order of arrival.
    pub seq: u64,
    /// Whose record; none if it is the command centre's.
    pub member: Option<MemberId>,
    /// The due time has passed.
    pub is_overdue: bool,
    /// Where a warning stands now.
    #[serde(rename = "state", skip_serializing_if = "Option::is_none")]
    pub warning_state: Option<WarningState>,
    /// The words that stand beside a warning's colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level_label: Option<Label>,
}

/// A document in full.
#[derive(Clone, Debug, Serialize)]
#[serde(bound = "R: Kind")]
pub struct Shown<R: Kind> {
    /// As in the list.
    #[serde(flatten)]
    pub listed: Listed<R>,
    /// Which entry recorded it, whose and when.
    pub origin: Origin,
    /// Whose record; none if it is the command centre's.
    pub by: Option<PersonShown>,
    /// Everyone who took part; not `people`, for a household's row has that.
    #[serde(rename = "participants")]
    pub people: Vec<PersonShown>,
    /// What is of its kind alone.
    #[serde(flatten)]
    pub work: R::Shown,
    /// Every remark, in the order of arrival.
    pub notes: Vec<NoteShown>,
    /// Which operator's hand wrote what the command centre did, by the entry of the step or remark.
    pub operators: Vec<HandShown>,
    /// How many entries of it are held.
    pub held: u64,
    /// How many take effect: what was seen, for a step that must not be taken on anything else.
    pub changes: u64,
    /// When the command centre first looked at what a phone brought; the phone is told.
    pub seen_at: Option<Timestamp>,
}

/// What a document in full is made from.
#[derive(Debug)]
pub struct Context<'a> {
    connection: &'a Connection,
    settings: &'a Settings,
    now: Timestamp,
    id: DocumentId,
    by: Option<PersonShown>,
    people: Vec<PersonShown>,
    notes: Vec<(Stored, Note)>,
}

/// Documents of a kind, newest first.
pub fn list<R: Kind>(
    connection: &Connection,
    settings: &Settings,
    now: Timestamp,
    filter: WorkFilter,
) -> Result<Vec<Listed<R>>> {
    let mut wanted = db::work::Filter {
        grids: filter.grid.map(|grid| within(settings, &[grid]).into_iter().collect()).unwrap_or_default(),
        department: filter.department,
        category: filter.category,
        member: filter.member,
        about: filter.about,
        key: filter.bound_to.map(|department| bound_key(connection, &department)).transpose()?,
        matter: filter.matter.map(|matter| match matter {
            Matter::Complaint => "complaint",
            Matter::Suggestion => "suggestion",
        }),
        source: filter.source,
        is_anonymous: filter.is_anonymous,
        is_overdue: filter.is_overdue,
        before: filter.before,
        text: filter.text,
        by_due: filter.by_due,
        ..db::work::Filter::of(R::KIND, now, filter.limit.clamp(1, MAX_LISTED))
    };
    for state in filter.states {
        match (R::KIND, state.as_str()) {
            (DocumentKind::Warning, "announced") => wanted.force.push(Force::Announced),
            (DocumentKind::Warning, "in_force") => wanted.force.push(Force::InForce),
            (DocumentKind::Warning, "expired") => wanted.force.push(Force::Expired),
            // What still holds or is still to come.
            (DocumentKind::Warning, "open") => wanted.force.extend([Force::Announced, Force::InForce]),
            (_, "open") => wanted.is_open = true,
            _ => wanted.states.push(state),
        }
    }
    let found = db::work::list(connection, &wanted)?;
    Ok(found.into_iter().map(|placed| listed(placed, now)).collect())
}

/// The number of a department's scope key; one that stands nowhere if nothing was ever dispatched to it.
fn bound_key(connection: &Connection, department: &DepartmentId) -> Result<i64> {
    Ok(db::scope::find_key(connection, &department_key(department))?.unwrap_or(-1))
}

/// Whether a document was ever dispatched to a department.
pub fn is_dispatched_to(connection: &Connection, id: DocumentId, department: &DepartmentId) -> Result<bool> {
    let key = bound_key(connection, department)?;
    Ok(db::scope::stands_under(connection, id, key)?)
}

fn listed<R: Kind>(placed: Placed<R>, now: Timestamp) -> Listed<R> {
    let Placed { seq, mut row, member, due_at, last_at } = placed;
    row.set_due(last_at, due_at);
    let has_a_duty = matches!(R::KIND, DocumentKind::Incident | DocumentKind::Household | DocumentKind::Task);
    let warning = row.warning(now);
    Listed {
        seq,
        member,
        is_overdue: has_a_duty && due_at.is_some_and(|due_at| due_at < now),
        warning_state: warning.map(|(_, state)| state),
        level_label: warning.map(|(level, _)| Label::of(level)),
        row,
    }
}

/// All of a document.
pub fn show<R: Kind>(
    connection: &Connection,
    settings: &Settings,
    now: Timestamp,
    id: DocumentId,
    viewer: Viewer,
) -> Result<Shown<R>> {
    let snapshot = db::snapshot(connection)?;
    let placed = db::work::find::<R>(&snapshot, R::KIND, id)?.ok_or(RelayError::NotFound)?;
    let document = load_document(&snapshot, id)?.ok_or(RelayError::NotFound)?;
    shown(&snapshot, settings, now, placed, &document, viewer)
}

fn shown<R: Kind>(
    connection: &Connection,
    settings: &Settings,
    now: Timestamp,
    placed: Placed<R>,
    document: &Document,
    viewer: Viewer,
) -> Result<Shown<R>> {
    let id = document.id();
    let (Some(captured), Some(work)) = (document.captured(), document.work()) else {
        return Err(RelayError::NotFound);
    };
    let mut people = people(connection, id, captured.origin.received_at)?;
    let in_confidence =
        matches!(&captured.record, Record::Incident(record) if record.is_anonymous == Some(true));
    if in_confidence && viewer == Viewer::Other {
        let reporter = people.iter_mut().find(|person| person.author == captured.origin.author);
        if let Some(person) = reporter {
            person.hide(None);
        }
    }
    let by = people.iter().find(|person| person.author == captured.origin.author).cloned();
    let notes = db::entry::notes(connection, id)?.into_iter().filter_map(|stored| {
        let note = decode(stored.entry.body.as_deref()?, "a note").ok()?;
        Some((stored, note))
    });
    let context = Context { connection, settings, now, id, by, people, notes: notes.collect() };
    let work = R::shown(&context, &captured.record, work)?.ok_or(RelayError::NotFound)?;
    Ok(Shown {
        listed: listed(placed, now),
        origin: captured.origin,
        work,
        notes: context.notes()?,
        operators: hands(connection, id)?,
        held: db::list::count_held(connection, id)?,
        changes: db::list::count_passed(connection, id)?,
        seen_at: db::seen::first_at(connection, id)?,
        by: context.by,
        people: context.people,
    })
}

fn hands(connection: &Connection, document: DocumentId) -> Result<Vec<HandShown>> {
    let hands = db::operator::entries(connection, document)?;
    let hands = hands.into_iter().map(|(entry, id, name, roles)| HandShown {
        entry,
        id,
        name,
        roles: OperatorRole::read(&roles),
    });
    Ok(hands.collect())
}

fn people(
    connection: &Connection,
    document: DocumentId,
    came_at: Option<Timestamp>,
) -> Result<Vec<PersonShown>> {
    let mut people = Vec::new();
    for (row, alias) in db::member::aliases(connection, document)? {
        let member = db::member::get(connection, row)?;
        let is_hidden = is_hidden(connection, &member, came_at)?;
        let mut person = PersonShown {
            author: Author::Alias(alias),
            member: Some(member.id),
            name: member.name,
            role: Some(member.role),
            phone: member.phone,
            is_hidden,
        };
        if is_hidden {
            person.hide(Some(Role::Informant));
        }
        people.push(person);
    }
    Ok(people)
}

fn origin(stored: &Stored) -> Origin {
    Origin {
        entry: stored.entry_id,
        author: stored.author,
        claimed_at: stored.entry.header.claimed_at,
        received_at: Some(stored.received_at),
    }
}

impl Context<'_> {
    fn notes(&self) -> Result<Vec<NoteShown>> {
        self.notes.iter().map(|(stored, note)| self.note(stored, note)).collect()
    }

    fn note(&self, stored: &Stored, note: &Note) -> Result<NoteShown> {
        Ok(NoteShown {
            text: note.text.clone(),
            origin: origin(stored),
            step: note.step,
            answers: note.answers,
            is_correction: note.is_correction == Some(true),
            photos: self.blobs(note.photos.as_deref().unwrap_or_default())?,
            voice: note.voice.map(|voice| self.blob(voice)).transpose()?,
        })
    }

    fn blobs(&self, hashes: &[BlobHash]) -> Result<Vec<BlobShown>> {
        hashes.iter().map(|hash| self.blob(*hash)).collect()
    }

    fn blob(&self, hash: BlobHash) -> Result<BlobShown> {
        Ok(BlobShown {
            hash,
            is_stored: db::blob::find(self.connection, hash)?.is_some(),
            has_preview: db::blob::find_preview(self.connection, hash)?.is_some(),
        })
    }

    /// What a member is called.
    fn named(&self, member: &MemberId) -> Result<NamedShown> {
        let known = db::member::find(self.connection, member)?;
        Ok(known.map_or_else(
            || NamedShown {
                of: member.clone(),
                member: Some(member.clone()),
                name: String::new(),
                phone: String::new(),
                is_hidden: false,
            },
            |known| NamedShown::of(&known),
        ))
    }

    /// Those of an audience for whom `is_missing` holds.
    fn missing(
        &self,
        audience: &Audience,
        is_missing: impl Fn(&MemberId) -> bool,
    ) -> Result<Vec<NamedShown>> {
        let members = db::member::all(self.connection)?;
        let covered = covered(self.settings, audience, &members);
        Ok(covered.filter(|member| is_missing(&member.id)).map(NamedShown::of).collect())
    }
}
