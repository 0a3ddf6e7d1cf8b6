//! The phone's text index: what records and notes say, found offline to the single character.
//!
//! What is indexed is an entry, never a document: an entry does not change, so that what it put into the index
//! can be worked out again and taken out without a trace, and a remark costs the index its own words alone. The
//! index keeps where tokens stand and no text. It follows the entries in the transaction that keeps them.

use rusqlite::{Connection, Transaction, params};

use super::{query_optional, sql, tables, words};
use crate::{
    document::{Document, Record, Work},
    entry::BodyType,
    error::Result,
    id::{DocumentId, EntryId},
    model::{DocumentKind, decode, household::HouseholdCard, note::Note, visit::AnswerValue},
    rows,
};

/// Counts up whenever a text or its tokens come out in another way: what is in the index could not be taken
/// out any more.
const VERSION: i64 = 1;

/// What schema 2 adds: the index, and which entries stand in it. `has_card`: with the household's card.
pub(super) const TABLES_2: &str = "
CREATE VIRTUAL TABLE search USING fts5(
    words, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);

CREATE TABLE indexed (
    id       INTEGER PRIMARY KEY,
    document BLOB NOT NULL,
    has_card INTEGER NOT NULL
) STRICT;

CREATE TABLE search_version (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO search_version (id, version) VALUES (1, 0);
";

/// The documents that have a term.
pub(super) const FOUND: &str =
    "SELECT i.document FROM search s CROSS JOIN indexed i ON i.id = s.rowid WHERE s.search MATCH";

/// Keeps a settled document with its row, and indexes what is new of it.
pub(super) fn save_document(
    transaction: &Transaction<'_>,
    document: &Document,
    record_row: Option<i64>,
) -> Result<()> {
    tables::save_document(transaction, document, record_row)?;
    index(transaction, document)
}

/// Brings the index up to date with a document's entries.
fn index(transaction: &Transaction<'_>, document: &Document) -> Result<()> {
    let household = match document.kind() {
        DocumentKind::Household => document.work(),
        _ => None,
    };
    let card = match household {
        Some(Work::Household(household)) => Card::Of(household.card.value),
        _ => Card::None,
    };
    bring(transaction, document.id(), card)
}

/// Which card of a household is in use.
#[derive(Clone, Copy)]
enum Card {
    /// There is none.
    None,
    /// That of this note, or of the record.
    Of(Option<EntryId>),
}

impl Card {
    fn is_in(self, body_type: BodyType, entry: EntryId) -> bool {
        match (self, body_type) {
            (Self::Of(None), BodyType::Record) => true,
            (Self::Of(Some(note)), BodyType::Note) => note == entry,
            _ => false,
        }
    }
}

fn bring(transaction: &Transaction<'_>, document: DocumentId, card: Card) -> Result<()> {
    let entries: Vec<(i64, [u8; 32], u8, bool, Option<bool>)> = transaction
        .prepare_cached(
            "SELECT e.id, e.entry_id, e.body_type, e.state IN (0, 1, 2), i.has_card
             FROM entry e LEFT JOIN indexed i ON i.id = e.id
             WHERE e.document = ?1 AND e.body_type IN (1, 2)",
        )
        .and_then(|mut statement| {
            statement
                .query_map([document.as_ref()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })?
                .collect()
        })
        .map_err(sql)?;
    for (row, entry, body_type, has_effect, known) in entries {
        let Some(body_type) = BodyType::from_number(body_type) else { continue };
        let wanted = has_effect.then(|| card.is_in(body_type, EntryId::new(entry)));
        if known == wanted {
            continue;
        }
        let text = Text::of(transaction, row)?;
        if let Some(has_card) = known {
            take_out(transaction, row, &text.words(has_card))?;
        }
        if let Some(has_card) = wanted {
            put_in(transaction, row, document, has_card, &text.words(has_card))?;
        }
    }
    Ok(())
}

/// Takes a document out of the index. Its entries must still be here.
pub(super) fn remove(transaction: &Transaction<'_>, document: DocumentId) -> Result<()> {
    let entries: Vec<(i64, bool)> = transaction
        .prepare_cached(
            "SELECT i.id, i.has_card FROM entry e JOIN indexed i ON i.id = e.id WHERE e.document = ?1",
        )
        .and_then(|mut statement| {
            statement.query_map([document.as_ref()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .map_err(sql)?;
    for (row, has_card) in entries {
        take_out(transaction, row, &Text::of(transaction, row)?.words(has_card))?;
    }
    Ok(())
}

/// Empties the index.
pub(super) fn clear(transaction: &Transaction<'_>) -> Result<()> {
    transaction
        .execute_batch("INSERT INTO search (search) VALUES ('delete-all'); DELETE FROM indexed;")
        .map_err(sql)
}

/// Makes the index anew if another version of this program made it.
pub(super) fn renew(transaction: &Transaction<'_>) -> Result<()> {
    // Which card is in use is worked out as rows are.
    let version = rows::VERSION * 1_000 + VERSION;
    let found: i64 = transaction
        .query_row("SELECT version FROM search_version WHERE id = 1", [], |row| row.get(0))
        .map_err(sql)?;
    if found == version {
        return Ok(());
    }
    clear(transaction)?;
    let documents: Vec<([u8; 16], u8)> = transaction
        .prepare("SELECT document, kind FROM document ORDER BY document")
        .and_then(|mut statement| statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(sql)?;
    for (document, kind) in documents {
        let document = DocumentId::new(document);
        if kind != DocumentKind::Household.number() {
            bring(transaction, document, Card::None)?;
        } else if let Some(document) = tables::load_document(transaction, document)? {
            index(transaction, &document)?;
        }
    }
    transaction.execute("UPDATE search_version SET version = ?1", [version]).map_err(sql)?;
    Ok(())
}

fn put_in(
    transaction: &Transaction<'_>,
    row: i64,
    document: DocumentId,
    has_card: bool,
    words: &str,
) -> Result<()> {
    if !words.is_empty() {
        transaction
            .prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![row, words]))
            .map_err(sql)?;
    }
    transaction
        .prepare_cached("INSERT INTO indexed (id, document, has_card) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![row, document.as_ref(), has_card]))
        .map_err(sql)?;
    Ok(())
}

fn take_out(transaction: &Transaction<'_>, row: i64, words: &str) -> Result<()> {
    if !words.is_empty() {
        transaction
            .prepare_cached("INSERT INTO search (search, rowid, words) VALUES ('delete', ?1, ?2)")
            .and_then(|mut delete| delete.execute(params![row, words]))
            .map_err(sql)?;
    }
    transaction
        .prepare_cached("DELETE FROM indexed WHERE id = ?1")
        .and_then(|mut delete| delete.execute([row]))
        .map_err(sql)?;
    Ok(())
}

/// What an entry says.
struct Text {
    /// In every case.
    plain: Vec<String>,
    /// If its card is the one in use.
    card: Option<HouseholdCard>,
}

impl Text {
    fn of(connection: &Connection, row: i64) -> Result<Self> {
        let nothing = Self { plain: Vec::new(), card: None };
        let found = connection
            .prepare_cached("SELECT kind, body_type, body FROM entry WHERE id = ?1")
            .and_then(|mut statement| {
                query_optional(&mut statement, [row], |row| {
                    Ok((row.get::<_, u8>(0)?, row.get::<_, u8>(1)?, row.get::<_, Vec<u8>>(2)?))
                })
            })
            .map_err(sql)?;
        let Some((kind, body_type, body)) = found else { return Ok(nothing) };
        let kind = DocumentKind::from_number(kind);
        Ok(match (BodyType::from_number(body_type), kind) {
            (Some(BodyType::Record), Some(kind)) => {
                Record::read(kind, &body).map_or(nothing, Self::of_record)
            }
            (Some(BodyType::Note), _) => decode::<Note>(&body, "a note")
                .map_or(nothing, |note| Self { plain: vec![note.text], card: note.card }),
            _ => nothing,
        })
    }

    fn of_record(record: Record) -> Self {
        let plain = match record {
            Record::Incident(record) => vec![record.text],
            Record::Patrol(record) => vec![record.purpose],
            Record::Household(card) => return Self { plain: Vec::new(), card: Some(card) },
            Record::Visit(record) => {
                let answers = record.answers.into_iter().filter_map(|answer| match answer.value {
                    AnswerValue::Text(text) => Some(text),
                    AnswerValue::Yes(_) | AnswerValue::Option(_) | AnswerValue::Number(_) => None,
                });
                std::iter::once(record.text).chain(answers).collect()
            }
            Record::Task(record) => {
                let items = record.items.into_iter().flat_map(|item| [item.text, item.address]);
                [record.title, record.text].into_iter().chain(items).chain(record.shelters).collect()
            }
            Record::Warning(record) => {
                let posts = record.posts.into_iter().map(|post| post.name);
                [record.title, record.text].into_iter().chain(posts).collect()
            }
            Record::Notice(record) => vec![record.title, record.text],
        };
        Self { plain, card: None }
    }

    /// Its tokens; none reaches from one text into the next.
    fn words(&self, has_card: bool) -> String {
        let card = self.card.iter().filter(|_| has_card);
        let card = card.flat_map(|card| [&card.name, &card.address, &card.phone, &card.needs]);
        let texts: Vec<&str> = self.plain.iter().chain(card).map(String::as_str).collect();
        words::indexed(&texts.join("\n"))
    }
}
