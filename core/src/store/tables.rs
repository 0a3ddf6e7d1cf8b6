//! Documents and rows as tables, the same on phone and relay.
//!
//! Both databases have a table `entry` whose columns `entry_id`, `document`, `body_type`, `claimed_at`,
//! `received_at`, `author` and `body` mean the same; everything here but those columns can be dropped and
//! rebuilt from them.

use rusqlite::{Connection, Row as SqlRow, Transaction, params};

use super::{
    optional,
    rows::{delete_row, save_row},
    sql,
};
use crate::{
    document::{Document, Stored},
    error::{Error, Result},
    id::{DocumentId, EntryId},
    model::{
        DocumentKind,
        step::{Author, Origin},
    },
    time::Timestamp,
};

/// The tables of schema 1; a part of both databases' first migration.
pub const SCHEMA_1: &str = "
CREATE TABLE document (
    document     BLOB PRIMARY KEY,
    kind         INTEGER NOT NULL,
    record_row   INTEGER,
    snapshot     BLOB NOT NULL,
    facts        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE incident (
    document     BLOB PRIMARY KEY,
    state        TEXT NOT NULL,
    category     TEXT NOT NULL,
    severity     TEXT NOT NULL,
    grid         TEXT,
    latitude_e7  INTEGER,
    longitude_e7 INTEGER,
    excerpt      TEXT NOT NULL,
    photos       INTEGER NOT NULL,
    author       INTEGER NOT NULL,
    reported_at  INTEGER NOT NULL,
    received_at  INTEGER,
    state_since  INTEGER NOT NULL,
    due_at       INTEGER,
    departments  TEXT NOT NULL,
    members      TEXT NOT NULL,
    has_clash    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_by_state ON incident (state, reported_at);

CREATE TABLE patrol (
    document     BLOB PRIMARY KEY,
    state        TEXT NOT NULL,
    grid         TEXT,
    author       INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    distance_m   INTEGER NOT NULL,
    tracked_s    INTEGER NOT NULL,
    visited      INTEGER NOT NULL,
    left_over    INTEGER NOT NULL,
    gaps         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What schema 2 changes: one table for the rows of every kind. `every_ms` is how often a household is
/// due, `last_at` when somebody was last met there; `json` is the row itself.
pub const SCHEMA_2: &str = "
DROP TABLE incident;
DROP TABLE patrol;

CREATE TABLE work (
    document     BLOB PRIMARY KEY,
    kind         INTEGER NOT NULL,
    state        TEXT NOT NULL,
    is_open      INTEGER NOT NULL,
    grid         TEXT,
    category     TEXT,
    level        INTEGER,
    author       INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    received_at  INTEGER,
    state_since  INTEGER NOT NULL,
    due_at       INTEGER,
    every_ms     INTEGER,
    last_at      INTEGER,
    latitude_e7  INTEGER,
    longitude_e7 INTEGER,
    about        BLOB,
    departments  TEXT NOT NULL,
    members      TEXT NOT NULL,
    has_clash    INTEGER NOT NULL,
    json         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX work_by_time ON work (kind, at);
CREATE INDEX work_by_state ON work (kind, state, at);
CREATE INDEX work_by_subject ON work (about) WHERE about IS NOT NULL;

CREATE TABLE due_rule (
    category TEXT NOT NULL,
    level    INTEGER NOT NULL,
    state    TEXT NOT NULL,
    after_ms INTEGER NOT NULL,
    PRIMARY KEY (category, level, state)
) STRICT, WITHOUT ROWID;

CREATE VIEW work_due AS
    SELECT w.*, CASE
        WHEN w.is_open = 0 THEN NULL
        WHEN w.due_at IS NOT NULL THEN w.due_at
        WHEN w.every_ms IS NOT NULL THEN coalesce(w.last_at, w.at) + w.every_ms
        WHEN w.kind = 1 THEN w.state_since + r.after_ms
    END AS due
    FROM work w LEFT JOIN due_rule r
        ON w.kind = 1 AND r.category = w.category AND r.level = w.level AND r.state = w.state;

CREATE TABLE rows_version (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO rows_version (id, version) VALUES (1, 0);
";

/// Reads a document; `None` if nothing of it is here.
pub fn load_document(connection: &Connection, document: DocumentId) -> Result<Option<Document>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT d.kind, d.snapshot, d.facts, e.body, e.entry_id, e.author, e.claimed_at, e.received_at
             FROM document d LEFT JOIN entry e ON e.rowid = d.record_row
             WHERE d.document = ?1",
        )
        .map_err(sql)?;
    let found = optional(statement.query_row([document.as_ref()], |row| {
        let stored = Stored { snapshot: row.get(1)?, facts: row.get(2)? };
        let record = match row.get::<_, Option<Vec<u8>>>(3)? {
            Some(body) => Some((body, row.get::<_, Vec<u8>>(4)?, row.get::<_, u16>(5)?, times(row, 6, 7)?)),
            None => None,
        };
        Ok((row.get::<_, u8>(0)?, stored, record))
    }))?;
    let Some((kind, stored, record)) = found else { return Ok(None) };
    let kind = DocumentKind::from_number(kind).ok_or(Error::Corrupt("a document's kind"))?;
    let record = match &record {
        Some((body, entry, author, (claimed_at, received_at))) => {
            let origin = Origin {
                entry: EntryId::from_slice(entry)?,
                author: Author::from_number(*author),
                claimed_at: *claimed_at,
                received_at: *received_at,
            };
            Some((body.as_slice(), origin))
        }
        None => None,
    };
    Document::from_stored(document, kind, stored, record).map(Some)
}

fn times(
    row: &SqlRow<'_>,
    claimed: usize,
    received: usize,
) -> rusqlite::Result<(Timestamp, Option<Timestamp>)> {
    let received: Option<i64> = row.get(received)?;
    Ok((Timestamp::from_millis(row.get(claimed)?), received.map(Timestamp::from_millis)))
}

/// Keeps a settled document and its row. `record_row` is the `rowid` of its record's entry.
pub fn save_document(
    transaction: &Transaction<'_>,
    document: &Document,
    record_row: Option<i64>,
) -> Result<()> {
    let stored = document.to_stored();
    transaction
        .prepare_cached(
            "INSERT INTO document (document, kind, record_row, snapshot, facts) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (document) DO UPDATE SET
                record_row = coalesce(excluded.record_row, record_row),
                snapshot = excluded.snapshot, facts = excluded.facts",
        )
        .map_err(sql)?
        .execute(params![
            document.id().as_ref(),
            document.kind().number(),
            record_row,
            stored.snapshot,
            stored.facts
        ])
        .map_err(sql)?;
    save_row(transaction, document)
}

/// Drops a document and its row; its entries are the caller's affair.
pub fn delete_document(transaction: &Transaction<'_>, document: DocumentId) -> Result<()> {
    transaction
        .prepare_cached("DELETE FROM document WHERE document = ?1")
        .and_then(|mut delete| delete.execute([document.as_ref()]))
        .map_err(sql)?;
    delete_row(transaction, document)
}
