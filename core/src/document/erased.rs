//! What is left of a record or remark whose text was erased: what counts, folds and rights need, and nothing
//! that a person said, nobody's name, no position, no photo.
//!
//! It is the same wherever it is made. The entry keeps its header and with it its place in the log.

use super::Record;
use crate::{
    entry::BodyType,
    id::Salt,
    model::{
        DocumentKind, decode, encode, household::HouseholdCard, note::Note, place::Place, visit::AnswerValue,
    },
};

/// Stands where something must stand.
pub const ERASED: &str = "—";

/// What is left of a body; none if nothing can be left of it.
pub fn erased_body(kind: DocumentKind, body_type: BodyType, body: &[u8]) -> Option<Vec<u8>> {
    match body_type {
        BodyType::Record => Record::read(kind, body).ok().map(|record| erased_record(record).to_body()),
        BodyType::Note => {
            let note: Note = decode(body, "a note").ok()?;
            Some(encode(&Note {
                salt: Salt::ZERO,
                text: ERASED.to_owned(),
                voice: None,
                photos: None,
                card: note.card.map(erased_card),
                ..note
            }))
        }
        // Steps and fields have no text and nobody's name.
        BodyType::Change => None,
    }
}

fn erased_record(record: Record) -> Record {
    let said = || ERASED.to_owned();
    match record {
        Record::Incident(mut record) => {
            (record.salt, record.text, record.voice) = (Salt::ZERO, said(), None);
            record.photos.clear();
            record.place = erased_place(record.place);
            Record::Incident(record)
        }
        Record::Patrol(mut record) => {
            (record.salt, record.purpose) = (Salt::ZERO, said());
            Record::Patrol(record)
        }
        Record::Household(card) => Record::Household(erased_card(card)),
        Record::Visit(mut record) => {
            (record.salt, record.text, record.voice) = (Salt::ZERO, said(), None);
            record.answers.retain(|answer| !matches!(answer.value, AnswerValue::Text(_)));
            record.photos.clear();
            record.place = erased_place(record.place);
            Record::Visit(record)
        }
        Record::Task(mut record) => {
            (record.salt, record.title, record.text) = (Salt::ZERO, said(), said());
            for item in &mut record.items {
                (item.text, item.address) = (said(), String::new());
            }
            record.photos.clear();
            record.place = erased_place(record.place);
            Record::Task(record)
        }
        Record::Warning(mut record) => {
            (record.salt, record.title, record.text) = (Salt::ZERO, said(), said());
            record.photos.clear();
            Record::Warning(record)
        }
        Record::Notice(mut record) => {
            (record.salt, record.title, record.text) = (Salt::ZERO, said(), said());
            record.photos.clear();
            Record::Notice(record)
        }
    }
}

fn erased_card(card: HouseholdCard) -> HouseholdCard {
    HouseholdCard {
        salt: Salt::ZERO,
        name: ERASED.to_owned(),
        address: String::new(),
        phone: String::new(),
        needs: String::new(),
        place: erased_place(card.place),
        ..card
    }
}

/// The grid stays: it counts, and it says who may see the document.
fn erased_place(place: Place) -> Place {
    Place { grid: place.grid, grid_source: place.grid_source, ..Place::default() }
}
