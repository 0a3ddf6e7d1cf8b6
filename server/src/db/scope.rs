//! Scope keys: which documents stand under a key, which keys a member holds, and since when.
//!
//! A row is never deleted: what was lost keeps the place at which it was lost.

use rusqlite::{Connection, Transaction, params};
use suishou_core::{
    error::Result,
    id::DocumentId,
    model::{DocumentKind, task::TaskState},
    store::{optional, sql},
    time::Timestamp,
};

use super::id;

/// The number of a key, if it was ever used.
pub fn find_key(connection: &Connection, name: &str) -> Result<Option<i64>> {
    optional(
        connection
            .prepare_cached("SELECT key FROM scope_key WHERE name = ?1")
            .map_err(sql)?
            .query_row([name], |row| row.get(0)),
    )
}

/// The number of a key, new if it was never used.
pub fn intern(transaction: &Transaction<'_>, name: &str) -> Result<i64> {
    if let Some(key) = find_key(transaction, name)? {
        return Ok(key);
    }
    transaction
        .prepare_cached("INSERT INTO scope_key (name) VALUES (?1)")
        .and_then(|mut insert| insert.execute([name]))
        .map_err(sql)?;
    Ok(transaction.last_insert_rowid())
}

/// A key that is held, and since which place in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub key: i64,
    /// Since when.
    pub since: i64,
}

/// The keys a document stands under now.
pub fn of_document(connection: &Connection, document: DocumentId) -> Result<Vec<Held>> {
    let mut statement = connection
        .prepare_cached("SELECT key, since FROM document_key WHERE document = ?1 AND lost_at IS NULL")
        .map_err(sql)?;
    let rows = statement
        .query_map([document.as_ref()], |row| Ok(Held { key: row.get(0)?, since: row.get(1)? }))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Documents whose keys follow the grids: those about which something is left to do or to look up, every
/// household, and the visits since `visits_since`.
pub fn living_documents(connection: &Connection, visits_since: Timestamp) -> Result<Vec<DocumentId>> {
    let mut statement = connection
        .prepare(
            "SELECT document FROM work
             WHERE is_open = 1 OR kind = ?1 OR (kind = ?2 AND at >= ?3) OR (kind = ?4 AND state = ?5)",
        )
        .map_err(sql)?;
    let parameters = params![
        DocumentKind::Household.number(),
        DocumentKind::Visit.number(),
        visits_since.millis(),
        DocumentKind::Task.number(),
        TaskState::Finished.as_str(),
    ];
    let rows = statement.query_map(parameters, |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Puts a document under a key.
pub fn give_document(
    transaction: &Transaction<'_>,
    document: DocumentId,
    key: i64,
    since: i64,
) -> Result<()> {
    transaction
        .prepare_cached("INSERT INTO document_key (document, key, since) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![document.as_ref(), key, since]))
        .map_err(sql)?;
    Ok(())
}

/// Takes a document from under a key.
pub fn take_document(transaction: &Transaction<'_>, document: DocumentId, key: i64, at: i64) -> Result<()> {
    transaction
        .prepare_cached(
            "UPDATE document_key SET lost_at = ?3 WHERE document = ?1 AND key = ?2 AND lost_at IS NULL",
        )
        .and_then(|mut update| update.execute(params![document.as_ref(), key, at]))
        .map_err(sql)?;
    Ok(())
}

/// Documents that stand under a key or stood there at or after `since`, by their row after `after`.
pub fn ever_under(
    connection: &Connection,
    key: i64,
    since: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, DocumentId)>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT row, document FROM document_key
             WHERE key = ?1 AND row > ?3 AND (lost_at IS NULL OR lost_at >= ?2) ORDER BY row LIMIT ?4",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map(params![key, since, after, limit], |row| Ok((row.get(0)?, id(row, 1)?)))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// The keys a member holds now.
pub fn of_member(connection: &Connection, member: i64) -> Result<Vec<Held>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT key, since FROM member_key WHERE member = ?1 AND lost_at IS NULL ORDER BY key",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map([member], |row| Ok(Held { key: row.get(0)?, since: row.get(1)? }))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Since when a member held the key that was lost at `lost_at`.
pub fn held_before(connection: &Connection, member: i64, key: i64, lost_at: i64) -> Result<Option<i64>> {
    optional(connection.query_row(
        "SELECT since FROM member_key WHERE member = ?1 AND key = ?2 AND lost_at = ?3",
        params![member, key, lost_at],
        |row| row.get(0),
    ))
}

/// Gives a member a key.
pub fn give_member(transaction: &Transaction<'_>, member: i64, key: i64, since: i64) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO member_key (member, key, since) VALUES (?1, ?2, ?3)",
            params![member, key, since],
        )
        .map_err(sql)?;
    Ok(())
}

/// Takes a key from a member.
pub fn take_member(transaction: &Transaction<'_>, member: i64, key: i64, at: i64) -> Result<()> {
    transaction
        .execute(
            "UPDATE member_key SET lost_at = ?3 WHERE member = ?1 AND key = ?2 AND lost_at IS NULL",
            params![member, key, at],
        )
        .map_err(sql)?;
    Ok(())
}

/// Whether a document stands under a key now.
pub fn stands_under(connection: &Connection, document: DocumentId, key: i64) -> Result<bool> {
    let found = optional(
        connection
            .prepare_cached(
                "SELECT 1 FROM document_key WHERE document = ?1 AND lost_at IS NULL AND key = ?2 LIMIT 1",
            )
            .map_err(sql)?
            .query_row(params![document.as_ref(), key], |_| Ok(())),
    )?;
    Ok(found.is_some())
}
