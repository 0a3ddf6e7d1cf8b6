//! What keeping the database takes: a copy of it while it is written, SQLite's own checks, and walks over
//! everything that is stored.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use rusqlite::{Connection, params};
use suishou_core::{
    error::{Error, Result},
    id::{BlobHash, DocumentId, LogId, PublicKey, Signature},
    log::Head,
    store::sql,
};

use super::{count, id, log::Log};

/// The new database, until it takes the old one's place.
const FRESH: &str = "township.db.fresh";
/// There if the new one is whole.
const READY: &str = "township.db.fresh-ready";
/// Most lines of SQLite's own report that are kept.
const MAX_LINES: usize = 20;

/// Writes a copy of the database as it is now into a new file, without holding up the writer: a reader sees one
/// state for as long as it takes.
pub fn copy_into(connection: &Connection, path: &Path) -> Result<()> {
    connection.execute("VACUUM INTO ?1", [path.to_string_lossy()]).map_err(sql)?;
    Ok(())
}

/// Makes the database anew in a new file, from what can be read of it; after a failed sync the old file's pages
/// may be clean in memory and stale on the disk.
pub fn make_anew(folder: &Path) -> Result<()> {
    let (path, fresh) = (folder.join(super::FILE), folder.join(FRESH));
    let failed = Error::file("making the database anew");
    finish_anew(folder)?;
    if !path.exists() {
        return Ok(());
    }
    remove(&fresh)?;
    copy_into(&super::reader(&path)?, &fresh)?;
    File::open(&fresh).and_then(|file| file.sync_all()).map_err(&failed)?;
    File::create(folder.join(READY)).and_then(|file| file.sync_all()).map_err(&failed)?;
    sync(folder)?;
    finish_anew(folder)
}

/// Puts a new file that is whole in the old one's place; can be repeated after a crash at any point.
fn finish_anew(folder: &Path) -> Result<()> {
    let (path, fresh, ready) = (folder.join(super::FILE), folder.join(FRESH), folder.join(READY));
    if !ready.exists() {
        return Ok(());
    }
    if fresh.exists() {
        for end in ["-wal", "-shm"] {
            remove(&folder.join(format!("{}{end}", super::FILE)))?;
        }
        sync(folder)?;
        fs::rename(&fresh, &path).map_err(Error::file("making the database anew"))?;
        sync(folder)?;
    }
    remove(&ready)?;
    sync(folder)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file("making the database anew")(error))
        }
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("syncing a folder"))
}

/// Opens a copy for reading.
pub fn open_copy(path: &Path) -> Result<Connection> {
    super::reader(path)
}

/// What SQLite finds wrong with its own structure; nothing if it is sound.
pub fn structure(connection: &Connection, is_deep: bool) -> Result<Vec<String>> {
    let check = if is_deep { "PRAGMA integrity_check(20)" } else { "PRAGMA quick_check(20)" };
    let mut statement = connection.prepare(check).map_err(sql)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(sql)?;
    let lines: Vec<String> = lines.take(MAX_LINES).collect::<rusqlite::Result<_>>().map_err(sql)?;
    let mut found: Vec<String> = lines.into_iter().filter(|line| line != "ok").collect();
    if is_deep {
        let mut statement = connection.prepare("PRAGMA foreign_key_check").map_err(sql)?;
        let tables = statement.query_map([], |row| row.get::<_, String>(0)).map_err(sql)?;
        for table in tables.take(MAX_LINES) {
            found.push(format!("foreign key of {}", table.map_err(sql)?));
        }
    }
    Ok(found)
}

/// A blob as the database knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBlob {
    /// Which.
    pub hash: BlobHash,
    /// How many bytes.
    pub size_bytes: u64,
}

/// Blobs in the order of their hashes, after one of them.
pub fn blobs_after(connection: &Connection, after: BlobHash, limit: u32) -> Result<Vec<KnownBlob>> {
    let mut statement = connection
        .prepare_cached("SELECT hash, size_bytes FROM blob WHERE hash > ?1 ORDER BY hash LIMIT ?2")
        .map_err(sql)?;
    let rows = statement
        .query_map(params![after.as_ref(), limit], |row| {
            Ok(KnownBlob { hash: id(row, 0)?, size_bytes: count(row.get(1)?) })
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// How many blobs there are.
pub fn count_blobs(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT count(*) FROM blob", [], |row| row.get(0)).map(count).map_err(sql)
}

/// A log with whose key its heads are signed.
#[derive(Clone, Copy, Debug)]
pub struct SignedLog {
    /// Itself.
    pub log: Log,
    /// Its id.
    pub id: LogId,
    /// Its device.
    pub device: suishou_core::id::DeviceId,
    /// The device's public key.
    pub public_key: PublicKey,
}

/// All logs.
pub fn logs(connection: &Connection) -> Result<Vec<SignedLog>> {
    let mut statement = connection
        .prepare(
            "SELECT l.row, l.log, l.device, l.counter, l.hash, d.device, d.public_key
             FROM log l JOIN device d ON d.row = l.device ORDER BY l.row",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map([], |row| {
            let head = Head { counter: count(row.get(3)?), hash: id(row, 4)? };
            Ok(SignedLog {
                log: Log { row: row.get(0)?, device: row.get(2)?, head },
                id: id(row, 1)?,
                device: id(row, 5)?,
                public_key: id(row, 6)?,
            })
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// A run as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptRun {
    /// Where it begins.
    pub from: Head,
    /// Where it ends.
    pub to: Head,
    /// The device's signature of the end.
    pub signature: Signature,
    /// The first entry's place.
    pub first_seq: i64,
    /// When it came.
    pub received_at: suishou_core::time::Timestamp,
}

/// A log's runs after a counter, in order.
pub fn runs_after(connection: &Connection, log: i64, counter: u64) -> Result<Vec<KeptRun>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT from_counter, from_hash, to_counter, head_hash, head_signature, first_seq, received_at
             FROM run WHERE log = ?1 AND from_counter >= ?2 ORDER BY from_counter",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map(params![log, super::int(counter)], |row| {
            Ok(KeptRun {
                from: Head { counter: count(row.get(0)?), hash: id(row, 1)? },
                to: Head { counter: count(row.get(2)?), hash: id(row, 3)? },
                signature: id(row, 4)?,
                first_seq: row.get(5)?,
                received_at: suishou_core::time::Timestamp::from_millis(row.get(6)?),
            })
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Documents in the order of their ids, after one of them.
pub fn documents_after(connection: &Connection, after: DocumentId, limit: u32) -> Result<Vec<DocumentId>> {
    let mut statement = connection
        .prepare_cached("SELECT document FROM document WHERE document > ?1 ORDER BY document LIMIT ?2")
        .map_err(sql)?;
    let rows = statement.query_map(params![after.as_ref(), limit], |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Every how many-th document to look at for at most `at_most` of them.
pub fn count_documents(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT count(*) FROM document", [], |row| row.get(0)).map(count).map_err(sql)
}

/// The row of a document as it is kept.
pub fn kept_row(connection: &Connection, document: DocumentId) -> Result<Option<String>> {
    suishou_core::store::optional(
        connection
            .prepare_cached("SELECT json FROM work WHERE document = ?1")
            .map_err(sql)?
            .query_row([document.as_ref()], |row| row.get(0)),
    )
}

/// The entries of a document that take effect, in the order in which they took it.
pub fn effective(connection: &Connection, document: DocumentId) -> Result<Vec<super::entry::Stored>> {
    super::entry::history(connection, document, 0, i64::MAX, i64::MAX)
}

/// Entries of a run with their ids as they are kept and as they must be.
pub fn ids_of_run(connection: &Connection, first_seq: i64, entries: u64) -> Result<Vec<super::log::Chained>> {
    super::log::chained(connection, first_seq, first_seq.saturating_add(super::int(entries)))
}
