//! The relay's database: the one place in the server where SQL stands.
//!
//! One writer's connection and a few readers beside it. Functions take a connection to read and a
//! transaction to write; what they decide is nothing, they only keep and find.

pub mod audit;
pub mod blob;
pub mod device;
pub mod enrolment;
pub mod entry;
pub mod erase;
pub mod export;
pub mod feed;
pub mod keeping;
pub mod identity;
pub mod held;
pub mod home;
pub mod intake;
pub mod figures;
pub mod list;
pub mod log;
pub mod member;
pub mod meta;
pub mod phone;
pub mod quota;
pub mod retention;
pub mod operator;
pub mod schema;
pub mod scope;
pub mod seen;
pub mod subject;
pub mod webhook;
pub mod work;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rusqlite::TransactionBehavior;
pub use rusqlite::{Connection, Transaction};
use suishou_core::{
    error::Result,
    store::{open, sql},
};

/// The database's file within the relay's folder.
pub const FILE: &str = "township.db";
/// Most readers kept open for the next request.
const IDLE_READERS: usize = 8;
/// Pages kept in memory by each connection, at most.
const CACHE_KIB: i64 = 16 * 1024;

/// Opens the writer's connection, creating or migrating the database.
pub fn writer(folder: &Path) -> Result<Connection> {
    cached(open::writer(&folder.join(FILE), schema::SCHEMA)?)
}

/// Opens a connection that can't write.
fn reader(path: &Path) -> Result<Connection> {
    cached(open::reader(path)?)
}

/// With 2 MB, SQLite's default, the inner pages of a large township's indexes are read from the file again
/// within one answer.
fn cached(connection: Connection) -> Result<Connection> {
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(sql)?;
    Ok(connection)
}

/// Begins a transaction that writes.
pub fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)
}

/// Begins a transaction that only reads, so that several statements see one state.
pub fn snapshot(connection: &Connection) -> Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Deferred).map_err(sql)
}

/// Commits: when this returns, everything is on the disk.
pub fn commit(transaction: Transaction<'_>) -> Result<()> {
    transaction.commit().map_err(sql)
}

/// Moves the log file's content into the database and empties it.
pub fn checkpoint(connection: &Connection) -> Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(sql)
}

/// When this connection closes, what stands in the log file stays there.
pub fn keep_log_at_end(connection: &Connection) {
    if connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).is_err() {
        tracing::error!("SQLite does not leave its log as it is");
    }
}

/// The same, and says whether the log file is empty now: a reader may hold it for longer than one waits.
pub fn scrub(connection: &Connection) -> Result<bool> {
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .map(|is_busy| is_busy == 0)
        .map_err(sql)
}

/// Connections that read, handed out one request at a time.
#[derive(Debug)]
pub struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Readers of the database in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join(FILE), idle: Mutex::new(Vec::new()) }
    }

    /// Runs `read` on a connection of its own.
    pub fn with<T, E: From<suishou_core::error::Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => reader(&self.path)?,
        };
        let found = read(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.is_autocommit() && idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        found
    }
}

/// A count or position as SQLite has it.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A count or position for SQLite.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An id of fixed width from a column.
fn id<const N: usize, Kind>(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<suishou_core::id::Bytes<N, Kind>> {
    row.get::<_, [u8; N]>(column).map(suishou_core::id::Bytes::new)
}

/// A code from a column; it was checked when it was written.
fn code<Kind>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<suishou_core::id::Code<Kind>> {
    suishou_core::id::Code::new(&row.get::<_, String>(column)?).map_err(|_| unreadable(column))
}

fn unreadable(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "column".to_owned(), rusqlite::types::Type::Null)
}

/// Opens the database of a folder to read it while no relay runs.
pub fn readable(folder: &Path) -> Result<Connection> {
    reader(&folder.join(FILE))
}
