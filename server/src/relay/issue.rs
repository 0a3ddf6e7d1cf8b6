//! The command centre's own records: tasks, warnings, notices, households, and incidents taken down on the
//! telephone; in the relay's own log, checked before anything is stored.

use suishou_core::{
    document::{Document, Record},
    entry::{BodyType, Entry},
    error::{Error, Problem},
    id::{DocumentId, Salt},
    model::{
        DocumentKind,
        audience::Audience,
        encode,
        household::{FIELD_GRID, HouseholdCard},
        settings::{Named, Settings},
    },
    rows::HouseholdRow,
    time::Timestamp,
};

use super::{
    act::Act,
    engine::{Engine, PROJECTED_AT_ONCE, Work},
    error::{RelayError, Result},
    shown::Imported,
};
use crate::db;

/// Most households compared with those of an import.
const MAX_HOUSEHOLDS: usize = 1_000_000;

impl Engine {
    /// Issues a record in the name of the command centre; answers with the new document's id.
    pub fn issue(&mut self, record: &Record) -> Result<DocumentId> {
        check_record(&self.shared().settings(), record)?;
        self.follow()?;
        self.write(|work| {
            let document = work.issue(record)?;
            work.project(PROJECTED_AT_ONCE)?;
            Ok(document)
        })
    }

    /// Takes households over: one with the same name and address is known, and gets the new card if that is
    /// different. All of them or none.
    pub fn import_households(&mut self, cards: &[HouseholdCard]) -> Result<Imported> {
        let settings = self.shared().settings();
        for card in cards {
            check_record(&settings, &Record::Household(card.clone()))?;
        }
        self.follow()?;
        let imported = self.write(|work| work.import_households(cards))?;
        self.follow()?;
        Ok(imported)
    }
}

impl Work<'_> {
    /// Stores a record; it is not projected yet.
    fn issue(&mut self, record: &Record) -> Result<DocumentId> {
        self.issue_at(record, self.now)
    }

    /// Stores a record of something that was reported at a time; it is not projected yet.
    pub(super) fn issue_at(&mut self, record: &Record, at: Timestamp) -> Result<DocumentId> {
        for member in members(record) {
            self.check_member(member)?;
        }
        let (kind, body) = encoded(record, Salt::new(self.random.bytes()));
        // Says what is wrong with it, where a verdict would say no more than that something is.
        Record::read(kind, &body)?;
        let id = DocumentId::at(self.now, self.random.bytes());
        let entry = Entry::new(id, kind, at, BodyType::Record, body)?;
        self.judge(&mut Document::new(id, kind), std::slice::from_ref(&entry))?;
        self.append_own(&[entry])?;
        Ok(id)
    }

    fn import_households(&mut self, cards: &[HouseholdCard]) -> Result<Imported> {
        let mut imported = Imported { settings_version: self.settings.version, ..Imported::default() };
        let filter = db::work::Filter {
            is_open: true,
            ..db::work::Filter::of(DocumentKind::Household, self.now, MAX_HOUSEHOLDS)
        };
        let known = db::work::list::<HouseholdRow>(self.transaction, &filter)?;
        for card in cards {
            let row = known.iter().map(|placed| &placed.row);
            let mut row = row.filter(|row| row.name == card.name && row.address == card.address);
            let Some(row) = row.next() else {
                self.issue(&Record::Household(card.clone()))?;
                imported.added += 1;
                continue;
            };
            let present = super::reading::card_of(self.transaction, row.document)?;
            let is_moved = card.place.grid.is_some() && card.place.grid != row.grid;
            let is_same = present.is_some_and(|present| is_same(&present, card));
            if is_same && !is_moved {
                imported.unchanged += 1;
                continue;
            }
            let grid = card.place.grid.iter().filter(|_| is_moved);
            let fields = grid.map(|grid| (FIELD_GRID.to_owned(), grid.to_string())).collect();
            let card = (!is_same).then(|| card.clone());
            self.act(row.document, &Act { fields, card, ..Act::default() })?;
            imported.changed += 1;
        }
        Ok(imported)
    }
}

/// But for the salt and what only the phone knew of the place.
fn is_same(present: &HouseholdCard, card: &HouseholdCard) -> bool {
    let place = suishou_core::model::place::Place {
        grid: present.place.grid.clone(),
        grid_source: present.place.grid_source,
        position: card.place.position.or(present.place.position),
        ..present.place.clone()
    };
    let card = HouseholdCard { salt: present.salt, place: place.clone(), ..card.clone() };
    place.position == present.place.position && card == *present
}

/// The body with a salt of its own.
fn encoded(record: &Record, salt: Salt) -> (DocumentKind, Vec<u8>) {
    match record.clone() {
        Record::Incident(mut record) => {
            record.salt = salt;
            (DocumentKind::Incident, encode(&record))
        }
        Record::Patrol(mut record) => {
            record.salt = salt;
            (DocumentKind::Patrol, encode(&record))
        }
        Record::Household(mut card) => {
            card.salt = salt;
            (DocumentKind::Household, encode(&card))
        }
        Record::Visit(mut record) => {
            record.salt = salt;
            (DocumentKind::Visit, encode(&record))
        }
        Record::Task(mut record) => {
            record.salt = salt;
            (DocumentKind::Task, encode(&record))
        }
        Record::Warning(mut record) => {
            record.salt = salt;
            (DocumentKind::Warning, encode(&record))
        }
        Record::Notice(mut record) => {
            record.salt = salt;
            (DocumentKind::Notice, encode(&record))
        }
    }
}

fn audience(record: &Record) -> Option<&Audience> {
    match record {
        Record::Task(record) => Some(&record.audience),
        Record::Warning(record) => Some(&record.audience),
        Record::Notice(record) => Some(&record.audience),
        Record::Incident(_) | Record::Patrol(_) | Record::Household(_) | Record::Visit(_) => None,
    }
}

/// Whom it names.
fn members(record: &Record) -> Vec<&suishou_core::id::MemberId> {
    let mut members: Vec<_> = audience(record).into_iter().flat_map(|audience| &audience.members).collect();
    if let Record::Warning(record) = record {
        members.extend(record.posts.iter().filter_map(|post| post.member.as_ref()));
    }
    members
}

/// Refuses codes that the township does not have; tells all of them at once.
fn check_record(settings: &Settings, record: &Record) -> Result<()> {
    let mut problems = Vec::new();
    let mut add = |checked: suishou_core::error::Result<()>| {
        if let Err(Error::Invalid { problems: found }) = checked {
            problems.extend(found);
        }
    };
    if let Some(audience) = audience(record) {
        audience.grids.iter().for_each(|grid| add(settings.check_grid(grid)));
        audience.departments.iter().for_each(|department| add(settings.check_department(department)));
    }
    match record {
        Record::Incident(record) => {
            add(settings.check_category(&record.category));
            record.place.grid.iter().for_each(|grid| add(settings.check_grid(grid)));
        }
        Record::Household(card) => {
            card.place.grid.iter().for_each(|grid| add(settings.check_grid(grid)));
            card.purposes.iter().for_each(|id| add(known("the purpose", settings.purposes.as_ref(), id)));
        }
        Record::Task(record) => record.place.grid.iter().for_each(|grid| add(settings.check_grid(grid))),
        Record::Warning(record) => {
            add(known("the hazard", settings.hazards.as_ref(), &record.hazard));
            let grids = record.posts.iter().filter_map(|post| post.grid.as_ref());
            grids.for_each(|grid| add(settings.check_grid(grid)));
        }
        Record::Notice(record) => {
            record.theme.iter().for_each(|id| add(known("the theme", settings.themes.as_ref(), id)));
        }
        Record::Patrol(_) | Record::Visit(_) => {}
    }
    if problems.is_empty() { Ok(()) } else { Err(RelayError::Core(Error::Invalid { problems })) }
}

fn known<Id: PartialEq + ToString>(
    what: &'static str,
    list: Option<&Vec<Named<Id>>>,
    id: &Id,
) -> suishou_core::error::Result<()> {
    if list.into_iter().flatten().any(|known| known.id == *id) {
        return Ok(());
    }
    Err(Error::invalid(Problem::Unknown { what, code: id.to_string() }))
}
