//! What there is once: the epoch, how far documents have followed, and the settings bundle.

use rusqlite::{Connection, Transaction, params};
use suishou_core::{
    error::Result,
    id::{Epoch, LogId},
    store::{optional, sql},
    time::Timestamp,
};

use super::{count, id, int};

/// The relay's one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Which life.
    pub epoch: Epoch,
    /// The last entry that was taken into its document or held.
    pub projected: i64,
    /// The log of the relay's own entries in this life.
    pub own_log: LogId,
}

/// Reads it; none in a new database.
pub fn read(connection: &Connection) -> Result<Option<Meta>> {
    optional(
        connection
            .prepare_cached("SELECT epoch, projected, own_log FROM meta WHERE id = 1")
            .map_err(sql)?
            .query_row([], |row| {
                Ok(Meta { epoch: id(row, 0)?, projected: row.get(1)?, own_log: id(row, 2)? })
            }),
    )
}

/// Begins a life: a new epoch with a new log for the relay's own entries.
pub fn begin_life(transaction: &Transaction<'_>, epoch: Epoch, own_log: LogId) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO meta (id, epoch, projected, own_log) VALUES (1, ?1, 0, ?2)
             ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, own_log = excluded.own_log",
            params![epoch.as_ref(), own_log.as_ref()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Notes how far documents have followed.
pub fn set_projected(transaction: &Transaction<'_>, seq: i64) -> Result<()> {
    transaction
        .prepare_cached("UPDATE meta SET projected = ?1 WHERE id = 1")
        .and_then(|mut update| update.execute([seq]))
        .map_err(sql)?;
    Ok(())
}

/// The last stored entry.
pub fn stored_seq(connection: &Connection) -> Result<i64> {
    last(connection, "SELECT coalesce(max(seq), 0) FROM entry")
}

/// The last position of the feed.
pub fn feed_seq(connection: &Connection) -> Result<i64> {
    last(connection, "SELECT coalesce(max(seq), 0) FROM feed")
}

fn last(connection: &Connection, statement: &str) -> Result<i64> {
    connection
        .prepare_cached(statement)
        .and_then(|mut find| find.query_row([], |row| row.get(0)))
        .map_err(sql)
}

/// The newest settings bundle as it travels, with its version.
pub fn newest_settings(connection: &Connection) -> Result<Option<(u64, Vec<u8>)>> {
    optional(connection.query_row(
        "SELECT version, bundle FROM settings ORDER BY version DESC LIMIT 1",
        [],
        |row| Ok((count(row.get(0)?), row.get(1)?)),
    ))
}

/// Keeps a version of the settings bundle.
pub fn add_settings(transaction: &Transaction<'_>, version: u64, bundle: &[u8], at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO settings (version, bundle, made_at) VALUES (?1, ?2, ?3)",
            params![int(version), bundle, at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// A version of the settings bundle as it travels.
pub fn settings_of(connection: &Connection, version: u64) -> Result<Option<Vec<u8>>> {
    optional(
        connection
            .query_row("SELECT bundle FROM settings WHERE version = ?1", [int(version)], |row| row.get(0)),
    )
}

/// Every version of the settings with when it was made and how large it is, newest first.
pub fn settings_history(connection: &Connection) -> Result<Vec<(u64, Timestamp, u64)>> {
    let mut statement = connection
        .prepare("SELECT version, made_at, length(bundle) FROM settings ORDER BY version DESC")
        .map_err(sql)?;
    let rows = statement
        .query_map([], |row| {
            Ok((count(row.get(0)?), Timestamp::from_millis(row.get(1)?), count(row.get(2)?)))
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}
