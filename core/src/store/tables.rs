//! Documents and rows as tables, the same on phone and relay.
//!
//! Both databases have a table `entry` whose columns `entry_id`, `document`, `body_type`, `claimed_at`,
//! `received_at`, `author` and `body` mean the same; everything here but those columns can be dropped and
//! rebuilt from them.

use rusqlite::{Connection, Row as SqlRow, Transaction, params};

use super::{optional, sql};
use crate::{
    document::{Document, Stored},
    error::{Error, Result},
    geo::Position,
    id::{CategoryId, DepartmentId, DocumentId, EntryId, GridId, MemberId},
    model::{
        DocumentKind, Severity,
        incident::IncidentState,
        patrol::PatrolState,
        step::{Author, Origin},
    },
    rows::{IncidentRow, PatrolRow, Row},
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
    match Row::of(document) {
        Some(Row::Incident(row)) => save_incident(transaction, &row),
        Some(Row::Patrol(row)) => save_patrol(transaction, &row),
        None => Ok(()),
    }
}

/// Drops a document and its row; its entries are the caller's affair.
pub fn delete_document(transaction: &Transaction<'_>, document: DocumentId) -> Result<()> {
    for statement in [
        "DELETE FROM document WHERE document = ?1",
        "DELETE FROM incident WHERE document = ?1",
        "DELETE FROM patrol WHERE document = ?1",
    ] {
        transaction
            .prepare_cached(statement)
            .and_then(|mut delete| delete.execute([document.as_ref()]))
            .map_err(sql)?;
    }
    Ok(())
}

fn save_incident(transaction: &Transaction<'_>, row: &IncidentRow) -> Result<()> {
    let units = row.position.map(Position::units);
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO incident (document, state, category, severity, grid, latitude_e7,
                longitude_e7, excerpt, photos, author, reported_at, received_at, state_since, due_at,
                departments, members, has_clash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )
        .map_err(sql)?
        .execute(params![
            row.document.as_ref(),
            row.state.as_str(),
            row.category.as_str(),
            row.severity.as_str(),
            row.grid.as_ref().map(GridId::as_str),
            units.map(|(latitude, _)| latitude),
            units.map(|(_, longitude)| longitude),
            row.excerpt,
            row.photos,
            row.author.number(),
            row.reported_at.millis(),
            row.received_at.map(Timestamp::millis),
            row.state_since.millis(),
            row.due_at.map(Timestamp::millis),
            join(row.departments.iter().map(DepartmentId::as_str)),
            join(row.members.iter().map(MemberId::as_str)),
            row.has_clash,
        ])
        .map_err(sql)?;
    Ok(())
}

fn save_patrol(transaction: &Transaction<'_>, row: &PatrolRow) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO patrol (document, state, grid, author, started_at, finished_at,
                distance_m, tracked_s, visited, left_over, gaps)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )
        .map_err(sql)?
        .execute(params![
            row.document.as_ref(),
            row.state.as_str(),
            row.grid.as_ref().map(GridId::as_str),
            row.author.number(),
            row.started_at.millis(),
            row.finished_at.map(Timestamp::millis),
            i64::try_from(row.distance_m).unwrap_or(i64::MAX),
            i64::try_from(row.tracked_s).unwrap_or(i64::MAX),
            row.visited,
            row.left,
            row.gaps,
        ])
        .map_err(sql)?;
    Ok(())
}

/// The columns of an incident's row, for a `SELECT` of the caller's that ends in [`read_incident`].
pub const INCIDENT_COLUMNS: &str = "document, state, category, severity, grid, latitude_e7, longitude_e7, \
    excerpt, photos, author, reported_at, received_at, state_since, due_at, departments, members, has_clash";

/// Reads [`INCIDENT_COLUMNS`].
pub fn read_incident(row: &SqlRow<'_>) -> rusqlite::Result<IncidentRow> {
    let text = |index: usize| row.get::<_, String>(index);
    let position = match (row.get::<_, Option<i32>>(5)?, row.get::<_, Option<i32>>(6)?) {
        (Some(latitude), Some(longitude)) => Position::from_units(latitude, longitude).ok(),
        _ => None,
    };
    Ok(IncidentRow {
        document: DocumentId::from_slice(&row.get::<_, Vec<u8>>(0)?).map_err(|_| unreadable(0))?,
        state: IncidentState::from_word(&text(1)?).ok_or_else(|| unreadable(1))?,
        category: CategoryId::new(&text(2)?).map_err(|_| unreadable(2))?,
        severity: Severity::from_word(&text(3)?).ok_or_else(|| unreadable(3))?,
        grid: row.get::<_, Option<String>>(4)?.and_then(|grid| GridId::new(&grid).ok()),
        position,
        excerpt: text(7)?,
        photos: row.get(8)?,
        author: Author::from_number(row.get(9)?),
        reported_at: Timestamp::from_millis(row.get(10)?),
        received_at: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_millis),
        state_since: Timestamp::from_millis(row.get(12)?),
        due_at: row.get::<_, Option<i64>>(13)?.map(Timestamp::from_millis),
        departments: split(&text(14)?, |code| DepartmentId::new(code).ok()),
        members: split(&text(15)?, |code| MemberId::new(code).ok()),
        has_clash: row.get(16)?,
    })
}

/// The columns of a patrol's row, for a `SELECT` of the caller's that ends in [`read_patrol`].
pub const PATROL_COLUMNS: &str =
    "document, state, grid, author, started_at, finished_at, distance_m, tracked_s, visited, left_over, gaps";

/// Reads [`PATROL_COLUMNS`].
pub fn read_patrol(row: &SqlRow<'_>) -> rusqlite::Result<PatrolRow> {
    Ok(PatrolRow {
        document: DocumentId::from_slice(&row.get::<_, Vec<u8>>(0)?).map_err(|_| unreadable(0))?,
        state: PatrolState::from_word(&row.get::<_, String>(1)?).ok_or_else(|| unreadable(1))?,
        grid: row.get::<_, Option<String>>(2)?.and_then(|grid| GridId::new(&grid).ok()),
        author: Author::from_number(row.get(3)?),
        started_at: Timestamp::from_millis(row.get(4)?),
        finished_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
        distance_m: row.get::<_, i64>(6)?.unsigned_abs(),
        tracked_s: row.get::<_, i64>(7)?.unsigned_abs(),
        visited: row.get(8)?,
        left: row.get(9)?,
        gaps: row.get(10)?,
    })
}

fn unreadable(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "row".to_owned(), rusqlite::types::Type::Null)
}

/// Codes have no white space.
fn join<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    codes.collect::<Vec<_>>().join(" ")
}

fn split<T>(codes: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
    codes.split_whitespace().filter_map(read).collect()
}
