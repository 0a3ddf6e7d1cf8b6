//! For operators: counts of everything.

use rusqlite::{Connection, ToSql, params_from_iter, types::Value};
use suishou_core::{error::Result, id::DocumentId, model::DocumentKind, store::sql};

use super::count;

/// How many entries of a document are held.
pub fn count_held(connection: &Connection, document: DocumentId) -> Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM entry WHERE document = ?1 AND state = 3")
        .and_then(|mut find| find.query_row([document.as_ref()], |row| row.get(0)))
        .map(count)
        .map_err(sql)
}

/// How many entries take effect in a document.
pub fn count_passed(connection: &Connection, document: DocumentId) -> Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM entry WHERE document = ?1 AND state = 2 AND same_as IS NULL")
        .and_then(|mut find| find.query_row([document.as_ref()], |row| row.get(0)))
        .map(count)
        .map_err(sql)
}

/// Numbers of things by a number or word.
fn grouped<T: ToSql>(
    connection: &Connection,
    statement: &str,
    parameters: &[T],
) -> Result<Vec<(Value, u64)>> {
    let mut statement = connection.prepare(statement).map_err(sql)?;
    let rows = statement
        .query_map(params_from_iter(parameters), |row| Ok((row.get(0)?, count(row.get(1)?))))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

fn numbered(found: Vec<(Value, u64)>) -> Vec<(u8, u64)> {
    let number = |value| match value {
        Value::Integer(number) => u8::try_from(number).ok(),
        _ => None,
    };
    found.into_iter().filter_map(|(value, count)| Some((number(value)?, count))).collect()
}

/// Documents by the number of their kind.
pub fn documents_by_kind(connection: &Connection) -> Result<Vec<(u8, u64)>> {
    grouped::<i64>(connection, "SELECT kind, count(*) FROM document GROUP BY kind", &[]).map(numbered)
}

/// Held entries by the number of their code.
pub fn held_by_code(connection: &Connection) -> Result<Vec<(u8, u64)>> {
    let statement =
        "SELECT held_code, count(*) FROM entry INDEXED BY entry_held WHERE state = 3 GROUP BY held_code";
    grouped::<i64>(connection, statement, &[]).map(numbered)
}

/// Incidents by the word of their state.
pub fn incidents_by_state(connection: &Connection) -> Result<Vec<(String, u64)>> {
    let found = grouped(
        connection,
        "SELECT state, count(*) FROM work WHERE kind = ?1 GROUP BY state",
        &[i64::from(DocumentKind::Incident.number())],
    )?;
    let word = |value| match value {
        Value::Text(word) => Some(word),
        _ => None,
    };
    Ok(found.into_iter().filter_map(|(value, count)| Some((word(value)?, count))).collect())
}

/// Entries each counted once, phones not revoked, members.
pub fn totals(connection: &Connection) -> Result<(u64, u64, u64)> {
    connection
        .query_row(
            "SELECT (SELECT count(*) FROM entry INDEXED BY entry_by_id WHERE same_as IS NULL),
                (SELECT count(*) FROM device WHERE member IS NOT NULL AND is_revoked = 0),
                (SELECT count(*) FROM member)",
            [],
            |row| Ok((count(row.get(0)?), count(row.get(1)?), count(row.get(2)?))),
        )
        .map_err(sql)
}
