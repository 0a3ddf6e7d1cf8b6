//! A damaged database: noticed at the start, set aside, and replaced by a new one with everything that can be read.
//!
//! Own entries are known for whole by their ids, which are hashes; they go into a new log, and the relay knows those
//! that it has. Documents and rows are made anew from entries, what others did comes again through the feed.
//! The damaged files are renamed, never deleted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, Transaction, TransactionBehavior, config::DbConfig, params};
use serde::{Deserialize, Serialize};

use super::{
    append::{chain, claim_blobs, entry_columns, insert, referred, state},
    blobs::{BlobFolder, sync_folder},
    feed::rebuild,
    found::{Found, FoundEntry},
    life::{DATABASE, nowhere, read_json, write_json},
    open::{reader, writer},
    rows::read_row,
    schema::PHONE,
    sql,
    tables::load_document,
    wal::Wal,
};
use crate::{
    error::{Error, Result},
    id::{BlobHash, DocumentId, LogId},
    model::{DocumentKind, decode, settings::Settings, step::Author},
    sync::wire::Membership,
    time::{Random, Timestamp},
};

/// The new database until it takes the damaged one's place.
const SALVAGED: &str = "field.db.salvaged";
/// What a salvage came to, beside the database until the person has seen it.
const REPORT: &str = "salvage.json";
/// Tables that are copied row by row as far as SQLite reads them: work that is in no entry yet.
const COPIED: [&str; 7] =
    ["patrol_fix", "draft", "draft_blob", "consent", "held_reply", "enrolment_check", "seen"];

/// What a salvage came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalvageReport {
    /// Own entries that are whole.
    pub entries: u64,
    /// Own entries of which there are traces and no whole copy; there may have been more.
    pub entries_lost: u64,
    /// Attachments that are whole.
    pub blobs: u64,
    /// Nobody can be told from the damaged database: the phone must be enrolled again, and entries that were not
    /// sent are only handed over by an export.
    pub is_enrolment_lost: bool,
    /// Where the damaged database lies.
    pub set_aside: PathBuf,
}

/// Opens the database of a folder; a damaged one is salvaged first.
pub(super) fn open(folder: &Path, was_running: bool, random: &mut Random) -> Result<Connection> {
    let path = folder.join(DATABASE);
    let log = folder.join(format!("{DATABASE}-wal"));
    let wal = Wal::read(&log);
    let is_headless = !path.exists() && wal.frames().next().is_some();
    // Only a first start writes a journal: if it was cut off then, nothing has been kept, and SQLite begins anew.
    let is_begun = folder.join(format!("{DATABASE}-journal")).exists();
    if is_headless || wal.is_damaged() || (!is_begun && has_foreign_header(&path)) {
        tracing::error!("the database's first bytes or its log are damaged");
    } else {
        drop(wal);
        match writer(&path, PHONE) {
            Ok(connection) if !was_running => return Ok(connection),
            Ok(connection) if is_sound(&connection)? => {
                drop_unreadable_settings(&connection)?;
                return Ok(connection);
            }
            Ok(connection) => {
                tracing::error!("the database is damaged");
                // Closing would write the log into the pages: what they held before may be what is needed.
                let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
                connection.set_db_config(keep, true).map_err(sql)?;
            }
            Err(error) if is_damage(&error, &path) => tracing::error!(%error, "the database can't be opened"),
            Err(error) => return Err(error),
        }
    }
    salvage(folder, random)?;
    writer(&path, PHONE)
}

/// Puts a finished salvage in its place; what an earlier process began too.
pub(super) fn finish(folder: &Path) -> Result<()> {
    let salvaged = folder.join(SALVAGED);
    if !salvaged.exists() {
        return Ok(());
    }
    let aside = aside(folder);
    let failed = Error::file("setting a damaged database aside");
    // The log first: should this stop in between, the same name is found again.
    for suffix in ["-wal", "-shm", ""] {
        let from = folder.join(format!("{DATABASE}{suffix}"));
        if from.exists() {
            let mut to = aside.as_os_str().to_owned();
            to.push(suffix);
            fs::rename(&from, PathBuf::from(to)).map_err(&failed)?;
        }
    }
    sync_folder(folder)?;
    fs::rename(&salvaged, folder.join(DATABASE)).map_err(&failed)?;
    sync_folder(folder)
}

/// What the last salvage came to, until it was seen.
pub(super) fn last_report(folder: &Path) -> Option<SalvageReport> {
    read_json(&folder.join(REPORT))
}

impl super::Store {
    /// What a salvage came to that the person has not seen yet.
    pub fn salvage(&self) -> Option<&SalvageReport> {
        self.life.salvage.as_ref()
    }

    /// The person has seen what the salvage came to.
    pub fn salvage_seen(&mut self) -> Result<()> {
        match fs::remove_file(self.folder().join(REPORT)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file("removing a report")(error));
            }
            _ => self.life.salvage = None,
        }
        sync_folder(self.folder())
    }
}

/// A name for the damaged database; the same until a database has it.
fn aside(folder: &Path) -> PathBuf {
    let names = (1..).map(|number: u32| folder.join(format!("{DATABASE}.damaged-{number}")));
    let mut free = names.skip_while(|name| name.exists());
    free.next().unwrap_or_else(|| folder.join(format!("{DATABASE}.damaged")))
}

/// Whether an error says that the file itself is at fault.
fn is_damage(error: &Error, path: &Path) -> bool {
    match error {
        Error::Corrupt(_) => true,
        // A statement that every sound database of ours takes was refused.
        Error::Store(what) => what == "Unknown" || what == "a statement failed",
        // The number alone says so, and the tables are those of today: the number is damaged.
        Error::TooNew { .. } => reader(path).is_ok_and(|connection| tables(&connection) == nowhere_tables()),
        _ => false,
    }
}

/// Whether the first page does not begin as that of every database of ours: SQLite would take the file for
/// another's, or pass over its log.
fn has_foreign_header(path: &Path) -> bool {
    let mut header = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(100).read_to_end(&mut header));
    if read.is_err() || header.len() < 100 {
        return false;
    }
    let is = |from: usize, expected: &[u8]| header.get(from..from + expected.len()) == Some(expected);
    // Name, page size, write and read version (WAL), nothing reserved, fractions; schema format; UTF-8.
    let is_ours = is(0, b"SQLite format 3\0\x10\x00\x02\x02\x00\x40\x20\x20")
        && (is(44, &[0, 0, 0, 4]) || is(44, &[0; 4]))
        && (is(56, &[0, 0, 0, 1]) || is(56, &[0; 4]));
    !is_ours
}

/// Settings that can't be read would keep reports from being kept; the relay sends them again.
fn drop_unreadable_settings(connection: &Connection) -> Result<()> {
    let bundle: rusqlite::Result<Vec<u8>> =
        connection.query_row("SELECT bundle FROM settings WHERE id = 1", [], |row| row.get(0));
    let is_readable = match bundle {
        Ok(bundle) => Settings::from_bytes(&bundle).is_ok(),
        Err(rusqlite::Error::QueryReturnedNoRows) => true,
        Err(_) => false,
    };
    if !is_readable {
        tracing::error!("the settings on this phone are damaged; they are asked for again");
        connection.execute("DELETE FROM settings", []).map_err(sql)?;
    }
    Ok(())
}

fn nowhere_tables() -> Option<Vec<String>> {
    tables(&nowhere().ok()?)
}

fn tables(connection: &Connection) -> Option<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").ok()?;
    statement.query_map([], |row| row.get(0)).ok()?.collect::<rusqlite::Result<_>>().ok()
}

/// Whether tables and structure are whole, and every entry is what its id says.
fn is_sound(connection: &Connection) -> Result<bool> {
    if tables(connection) != nowhere_tables() {
        return Ok(false);
    }
    let found = check_structure(connection).and_then(|is_whole| Ok(is_whole && check_entries(connection)?));
    match found {
        Ok(is_sound) => Ok(is_sound && check_rows(connection)),
        Err(rusqlite::Error::SqliteFailure(failure, _))
            if matches!(
                failure.code,
                rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::OutOfMemory
            ) =>
        {
            Err(Error::Busy)
        }
        // A row that can't be read is damage too.
        Err(_) => Ok(false),
    }
}

fn check_structure(connection: &Connection) -> rusqlite::Result<bool> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(said == "ok")
}

/// SQLite does not notice a changed byte within a row: ids do, and the index knows the state of what is unsent.
fn check_entries(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        "SELECT document, kind, claimed_at, body_type, body, entry_id, state FROM entry NOT INDEXED",
    )?;
    let mut rows = statement.query([])?;
    let mut unsettled = 0_i64;
    while let Some(row) = rows.next()? {
        let id: [u8; 32] = row.get(5)?;
        let is_whole = entry_columns(row)?.is_some_and(|entry| *entry.id().as_bytes() == id);
        if !is_whole {
            return Ok(false);
        }
        unsettled += i64::from(matches!(row.get::<_, u8>(6)?, state::PENDING | state::HELD));
    }
    let indexed: i64 = connection.query_row(
        "SELECT count(*) FROM entry INDEXED BY entry_unsettled WHERE state IN (1, 3)",
        [],
        |row| row.get(0),
    )?;
    Ok(indexed == unsettled)
}

/// Whether everything that follows from entries can be read, and the enrolment.
fn check_rows(connection: &Connection) -> bool {
    let all = |query: &str, read: fn(&rusqlite::Row<'_>) -> rusqlite::Result<bool>| {
        let mut statement = connection.prepare(query)?;
        let mut rows = statement.query_map([], read)?;
        rows.try_fold(true, |all, one| Ok::<bool, rusqlite::Error>(all && one?))
    };
    let documents = || -> rusqlite::Result<Vec<[u8; 16]>> {
        connection.prepare("SELECT document FROM document")?.query_map([], |row| row.get(0))?.collect()
    };
    let enrolment =
        all("SELECT membership, addresses, township, device, relay_key, secret_key FROM enrolment", |row| {
            let membership: Vec<u8> = row.get(0)?;
            row.get::<_, String>(1)?;
            for column in [2, 3] {
                row.get::<_, [u8; 16]>(column)?;
            }
            for column in [4, 5] {
                row.get::<_, [u8; 32]>(column)?;
            }
            Ok(decode::<Membership>(&membership, "the membership").is_ok())
        });
    let rows = all("SELECT kind, json, last_at, due FROM work_due", |row| Ok(read_row(row).is_ok()));
    let is_loaded = |document: &[u8; 16]| load_document(connection, DocumentId::new(*document)).is_ok();
    [enrolment, rows].into_iter().all(|found| found.unwrap_or(false))
        && documents().is_ok_and(|documents| documents.iter().all(is_loaded))
}

/// Makes a new database of what can be read, and sets the damaged one aside.
fn salvage(folder: &Path, random: &mut Random) -> Result<()> {
    let path = folder.join(DATABASE);
    let found = Found::read(&path);
    let part = folder.join(format!("{SALVAGED}.part"));
    for suffix in ["", "-wal", "-shm", "-journal"] {
        drop(fs::remove_file(folder.join(format!("{SALVAGED}.part{suffix}"))));
    }
    let blobs = BlobFolder::open(folder.join("blobs"))?;
    let mut connection = writer(&part, PHONE)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    let is_enrolled = keep_enrolment(&transaction, &found)?;
    let log = is_enrolled.then(|| LogId::new(random.bytes()));
    let whole_blobs = keep_blobs(&transaction, &found, &blobs)?;
    keep_entries(&transaction, &found, log)?;
    transaction.commit().map_err(sql)?;
    copy_tables(&mut connection, &path);
    let closed = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(sql);
    closed?;
    drop(connection);
    let report = SalvageReport {
        entries: found.own().count() as u64,
        entries_lost: found.entries_lost(),
        blobs: whole_blobs,
        is_enrolment_lost: !is_enrolled && !found.own_is_empty(),
        set_aside: aside(folder),
    };
    tracing::error!(
        entries = report.entries,
        entries_lost = report.entries_lost,
        blobs = report.blobs,
        "a damaged database was salvaged"
    );
    write_json(&folder.join(REPORT), &report)?;
    fs::rename(&part, folder.join(SALVAGED)).map_err(Error::file("naming a salvaged database"))?;
    sync_folder(folder)?;
    finish(folder)
}

fn keep_enrolment(transaction: &Transaction<'_>, found: &Found) -> Result<bool> {
    if let Some((version, bundle)) = &found.settings {
        transaction
            .execute(
                "INSERT INTO settings (id, version, bundle) VALUES (1, ?1, ?2)",
                params![version, bundle],
            )
            .map_err(sql)?;
    }
    let Some(enrolment) = &found.enrolment else { return Ok(false) };
    transaction
        .execute(
            "INSERT INTO enrolment (id, township, township_name, device, secret_key, relay_key, pin, addresses,
                membership, is_revoked, enrolled_at)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                enrolment.township,
                enrolment.township_name,
                enrolment.device,
                enrolment.secret_key,
                enrolment.relay_key,
                enrolment.pin,
                enrolment.addresses,
                enrolment.membership,
                enrolment.is_revoked,
                enrolment.enrolled_at
            ],
        )
        .map_err(sql)?;
    Ok(true)
}

/// Keeps what is known of blobs, and of those that are only files what entries say they are.
fn keep_blobs(transaction: &Transaction<'_>, found: &Found, blobs: &BlobFolder) -> Result<u64> {
    let mut whole = BTreeMap::new();
    for path in blobs.files()? {
        let Some(hash) = path.file_name().and_then(|name| name.to_str()?.parse::<BlobHash>().ok()) else {
            continue;
        };
        if let Ok(bytes) = blobs.read(&hash) {
            whole.insert(hash, bytes.len());
        }
    }
    let mut insert = transaction
        .prepare(
            "INSERT INTO blob (hash, kind, preview_of, size_bytes, captured_at, stored_epoch, is_lost, trimmed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )
        .map_err(sql)?;
    for (hash, blob) in &found.blobs {
        let is_lost = blob.stored_epoch.is_none() && !whole.contains_key(hash);
        insert
            .execute(params![
                hash.as_ref(),
                blob.kind.as_str(),
                blob.preview_of.as_ref().map(AsRef::as_ref),
                blob.size_bytes,
                blob.captured_at,
                blob.stored_epoch.as_ref().map(<[u8; 16]>::as_slice),
                is_lost,
                blob.trimmed_at,
            ])
            .map_err(sql)?;
    }
    // Named by own entries, and no row of them is left.
    for one in found.own() {
        for (hash, kind) in one.names() {
            let size = whole.get(&hash).copied();
            if size.is_none() && one.state != state::PENDING {
                continue;
            }
            let captured_at = one.entry.header.claimed_at.millis();
            let size_bytes = i64::try_from(size.unwrap_or(0)).unwrap_or(i64::MAX);
            let no_bytes: Option<&[u8]> = None;
            let no_time: Option<i64> = None;
            insert
                .execute(params![
                    hash.as_ref(),
                    kind.as_str(),
                    no_bytes,
                    size_bytes,
                    captured_at,
                    no_bytes,
                    size.is_none(),
                    no_time
                ])
                .map_err(sql)?;
        }
    }
    Ok(whole.len() as u64)
}

/// Keeps entries in their old order; what may be unsent goes into the new log, if there is one.
fn keep_entries(transaction: &Transaction<'_>, found: &Found, log: Option<LogId>) -> Result<()> {
    if let Some(log) = log {
        transaction
            .execute("INSERT INTO log (log, receipted) VALUES (?1, 0)", [log.as_ref()])
            .map_err(sql)?;
    }
    let mut in_order: Vec<&FoundEntry> = found.entries.values().collect();
    in_order.sort_by_key(|one| (one.rowid, one.entry.header.claimed_at));
    let mut documents: BTreeMap<DocumentId, DocumentKind> = BTreeMap::new();
    for one in in_order {
        let now = match (one.state, log) {
            (state::FEED, Some(_)) => state::FEED,
            // Of others, and nobody says who may see it.
            (state::FEED, None) => continue,
            (state::HELD | state::TRIED_AGAIN, _) if one.held_code.is_some() => one.state,
            (_, Some(_)) => state::PENDING,
            (_, None) => state::OWNERLESS,
        };
        let author = if now == state::FEED { Author::from_number(one.author) } else { Author::You };
        let received_at = one.received_at.map(Timestamp::from_millis);
        let Some(row) = insert(transaction, &one.entry, author, received_at, now)? else { continue };
        if matches!(now, state::HELD | state::TRIED_AGAIN) {
            transaction
                .execute("UPDATE entry SET held_code = ?2 WHERE id = ?1", params![row, one.held_code])
                .map_err(sql)?;
        }
        if now == state::PENDING {
            chain(transaction, row)?;
        }
        if now != state::FEED && knows_all(transaction, &referred(&one.entry))? {
            claim_blobs(transaction, &one.entry)?;
        }
        if now != state::OWNERLESS {
            documents.insert(one.entry.header.document, one.entry.header.kind);
        }
    }
    documents.into_iter().try_for_each(|(document, kind)| rebuild(transaction, document, kind))
}

fn knows_all(transaction: &Transaction<'_>, blobs: &[BlobHash]) -> Result<bool> {
    let known: BTreeSet<bool> = blobs
        .iter()
        .map(|blob| {
            transaction
                .prepare_cached("SELECT count(*) FROM blob WHERE hash = ?1")
                .and_then(|mut count| count.query_row([blob.as_ref()], |row| row.get(0)))
                .map_err(sql)
        })
        .collect::<Result<_>>()?;
    Ok(!known.contains(&false))
}

/// Copies what SQLite still reads of tables whose rows prove nothing about themselves.
fn copy_tables(connection: &mut Connection, from: &Path) {
    let Ok(old) = reader(from) else { return };
    for table in COPIED {
        if let Err(error) = copy_table(connection, &old, table) {
            tracing::warn!(table, %error, "a table could not be copied whole");
        }
    }
}

fn copy_table(connection: &mut Connection, old: &Connection, table: &str) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    let mut select = old.prepare(&format!("SELECT * FROM {table}")).map_err(sql)?;
    let names = select.column_names().collect::<Vec<_>>().join(", ");
    let holes = vec!["?"; select.column_count()].join(", ");
    let mut insert = transaction
        .prepare(&format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({holes})"))
        .map_err(sql)?;
    let columns = select.column_count();
    let mut rows = select.query([]).map_err(sql)?;
    // Up to the first row that can't be read.
    while let Ok(Some(row)) = rows.next() {
        let values: rusqlite::Result<Vec<rusqlite::types::Value>> =
            (0..columns).map(|column| row.get(column)).collect();
        let Ok(values) = values else { break };
        insert.execute(rusqlite::params_from_iter(values)).map_err(sql)?;
    }
    drop(insert);
    drop(rows);
    transaction.commit().map_err(sql)
}
