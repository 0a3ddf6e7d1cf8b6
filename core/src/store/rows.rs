//! Rows as a table, the same on phone and relay.

use rusqlite::{Connection, Row as SqlRow, Transaction, params};
use serde::de::DeserializeOwned;

use super::{optional, sql, tables::load_document};
use crate::{
    document::{Document, Work},
    error::{Error, Result},
    geo::Position,
    id::{DepartmentId, DocumentId, EntryId, GridId, MemberId},
    model::{DocumentKind, decode, household::HouseholdCard, note::Note, settings::Settings},
    rows::{Columns, HouseholdRow, MET, Row, VERSION},
    time::Timestamp,
};

/// Keeps a document's row, if its record has arrived.
pub fn save_row(transaction: &Transaction<'_>, document: &Document) -> Result<()> {
    let card = card_in_use(transaction, document)?;
    let Some(row) = Row::of(document, card.as_ref()) else { return Ok(()) };
    let columns = row.columns();
    let json = serde_json::to_string(&row).map_err(|_| Error::Corrupt("a row"))?;
    insert(transaction, &columns, &json)?;
    match row.visited() {
        Some(household) => set_last_visit(transaction, household),
        None => Ok(()),
    }
}

fn insert(transaction: &Transaction<'_>, columns: &Columns<'_>, json: &str) -> Result<()> {
    let units = columns.position.map(Position::units);
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO work (document, kind, state, is_open, grid, category, level, author, at,
                received_at, state_since, due_at, every_ms, latitude_e7, longitude_e7, about, departments,
                members, has_clash, json)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        )
        .map_err(sql)?
        .execute(params![
            columns.document.as_ref(),
            columns.kind.number(),
            columns.state,
            columns.is_open,
            columns.grid.map(GridId::as_str),
            columns.category,
            columns.level,
            columns.author.number(),
            columns.at.millis(),
            columns.received_at.map(Timestamp::millis),
            columns.state_since.millis(),
            columns.due_at.map(Timestamp::millis),
            columns.every_ms,
            units.map(|(latitude, _)| latitude),
            units.map(|(_, longitude)| longitude),
            columns.about.as_ref().map(AsRef::as_ref),
            join(columns.departments.iter().map(DepartmentId::as_str)),
            join(columns.members.iter().map(MemberId::as_str)),
            columns.has_clash,
            json,
        ])
        .map_err(sql)?;
    Ok(())
}

/// When somebody was last met at a household, whichever of visit and household came first.
fn set_last_visit(transaction: &Transaction<'_>, household: DocumentId) -> Result<()> {
    transaction
        .prepare_cached(
            "UPDATE work SET last_at =
                (SELECT max(v.at) FROM work v WHERE v.about = ?1 AND v.kind = ?2 AND v.state = ?3)
             WHERE document = ?1 AND kind = ?4",
        )
        .and_then(|mut update| {
            update.execute(params![
                household.as_ref(),
                DocumentKind::Visit.number(),
                MET,
                DocumentKind::Household.number()
            ])
        })
        .map_err(sql)?;
    Ok(())
}

/// A household's card in use, if it is not the record.
fn card_in_use(connection: &Connection, document: &Document) -> Result<Option<HouseholdCard>> {
    if document.kind() != DocumentKind::Household {
        return Ok(None);
    }
    match document.work() {
        Some(Work::Household(household)) => match household.card.value {
            Some(entry) => card(connection, document.id(), entry),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// The card that a note of this document carries.
pub fn card(connection: &Connection, document: DocumentId, entry: EntryId) -> Result<Option<HouseholdCard>> {
    let body: Option<Vec<u8>> = optional(
        connection
            .prepare_cached("SELECT body FROM entry WHERE entry_id = ?1 AND document = ?2 AND body_type = 2")
            .map_err(sql)?
            .query_row([entry.as_ref(), document.as_ref()], |row| row.get(0)),
    )?;
    Ok(body.and_then(|body| decode::<Note>(&body, "a note").ok()).and_then(|note| note.card))
}

/// Removes a document's row.
pub(super) fn delete_row(transaction: &Transaction<'_>, document: DocumentId) -> Result<()> {
    let about: Option<Option<[u8; 16]>> = optional(
        transaction
            .prepare_cached("SELECT about FROM work WHERE document = ?1")
            .map_err(sql)?
            .query_row([document.as_ref()], |row| row.get(0)),
    )?;
    transaction
        .prepare_cached("DELETE FROM work WHERE document = ?1")
        .and_then(|mut delete| delete.execute([document.as_ref()]))
        .map_err(sql)?;
    match about.flatten() {
        Some(household) => set_last_visit(transaction, DocumentId::new(household)),
        None => Ok(()),
    }
}

/// Reads a row of its kind from a column with its JSON.
pub fn read_json<T: DeserializeOwned>(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<T> {
    let json: String = row.get(column)?;
    serde_json::from_str(&json).map_err(|_| unreadable(column))
}

/// Reads a household from `json, last_at, due`, of which the first is the column `first`.
pub fn read_household(row: &SqlRow<'_>, first: usize) -> rusqlite::Result<HouseholdRow> {
    let household: HouseholdRow = read_json(row, first)?;
    Ok(HouseholdRow {
        last_visit_at: row.get::<_, Option<i64>>(first + 1)?.map(Timestamp::from_millis),
        due_at: row.get::<_, Option<i64>>(first + 2)?.map(Timestamp::from_millis),
        ..household
    })
}

/// Reads a row of whichever kind from `kind, json, last_at, due`.
pub fn read_row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let kind = DocumentKind::from_number(row.get(0)?).ok_or_else(|| unreadable(0))?;
    Ok(match kind {
        DocumentKind::Incident => Row::Incident(read_json(row, 1)?),
        DocumentKind::Patrol => Row::Patrol(read_json(row, 1)?),
        DocumentKind::Household => Row::Household(read_household(row, 1)?),
        DocumentKind::Visit => Row::Visit(read_json(row, 1)?),
        DocumentKind::Task => Row::Task(read_json(row, 1)?),
        DocumentKind::Warning => Row::Warning(read_json(row, 1)?),
        DocumentKind::Notice => Row::Notice(read_json(row, 1)?),
    })
}

fn unreadable(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "row".to_owned(), rusqlite::types::Type::Null)
}

/// One row of its kind, from its JSON.
pub fn find<T: DeserializeOwned>(connection: &Connection, document: DocumentId) -> Result<Option<T>> {
    optional(
        connection
            .prepare_cached("SELECT json FROM work WHERE document = ?1")
            .map_err(sql)?
            .query_row([document.as_ref()], |row| read_json(row, 0)),
    )
}

/// Takes over the hours that the settings give each step of an incident.
pub fn set_due_rules(transaction: &Transaction<'_>, settings: &Settings) -> Result<()> {
    transaction.execute("DELETE FROM due_rule", []).map_err(sql)?;
    for rule in settings.due_rules() {
        transaction
            .prepare_cached("INSERT INTO due_rule (category, level, state, after_ms) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| {
                insert.execute(params![
                    rule.category.as_str(),
                    rule.severity.number(),
                    rule.state.as_str(),
                    i64::from(rule.hours) * 3_600_000
                ])
            })
            .map_err(sql)?;
    }
    Ok(())
}

/// Works out all rows anew if they were made by another version of this program.
pub fn renew_rows(transaction: &Transaction<'_>) -> Result<()> {
    let version: i64 = transaction
        .query_row("SELECT version FROM rows_version WHERE id = 1", [], |row| row.get(0))
        .map_err(sql)?;
    if version == VERSION {
        return Ok(());
    }
    transaction.execute("DELETE FROM work", []).map_err(sql)?;
    let documents: Vec<[u8; 16]> = transaction
        .prepare("SELECT document FROM document ORDER BY document")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(sql)?;
    for document in documents {
        if let Some(document) = load_document(transaction, DocumentId::new(document))? {
            save_row(transaction, &document)?;
        }
    }
    transaction.execute("UPDATE rows_version SET version = ?1", [VERSION]).map_err(sql)?;
    Ok(())
}

/// Codes have no white space.
fn join<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    codes.collect::<Vec<_>>().join(" ")
}
