//! How long what is kept, what is on hold, what each run took out; and which documents are due to go.
//!
//! A document is due when nothing of it arrived for its time, by the relay's clock: a phone's clock decides
//! nothing here.

use rusqlite::{Connection, Transaction, params, params_from_iter, types::Value};
use suishou_core::{
    error::Result,
    id::{BlobHash, DocumentId},
    model::DocumentKind,
    store::{optional, sql},
    sync::wire::BlobKind,
    time::Timestamp,
};

use super::{count, id, int};

/// The tables. None of them follows from entries.
pub(super) const TABLES_3: &str = "
CREATE TABLE retention_rule (
    kind         TEXT PRIMARY KEY,
    amount       INTEGER NOT NULL,
    set_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE retention_hold (
    document     BLOB PRIMARY KEY,
    reason       TEXT NOT NULL,
    held_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE retention_run (
    run          INTEGER PRIMARY KEY,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    is_daily     INTEGER NOT NULL,
    counts       TEXT NOT NULL
) STRICT;

CREATE TABLE blob_going (
    hash         BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE track_coarse (
    document     BLOB NOT NULL,
    hash         BLOB NOT NULL,
    track        BLOB NOT NULL,
    PRIMARY KEY (document, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_blob_by_document ON document_blob (document);
";

/// What of a document is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// All of it.
    Whole,
    /// Its photos and recordings, while the rest stays until it has not arrived since this time.
    Blobs(BlobKind, Option<Timestamp>),
    /// Whom to call about it, likewise.
    Contact(Option<Timestamp>),
}

/// Which documents are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Of this kind.
    pub kind: DocumentKind,
    /// What of them.
    pub what: What,
    /// Of which nothing arrived since then.
    pub before: Timestamp,
}

/// The conditions, with what they need. Open work, entries that are held or still to be judged, and what is on
/// hold are never due.
fn conditions(due: &Due) -> (String, Vec<Value>) {
    let before = due.before.millis();
    let mut words = vec![
        "w.kind = ?",
        "NOT EXISTS (SELECT 1 FROM retention_hold h WHERE h.document = w.document)",
        "NOT EXISTS (SELECT 1 FROM entry e WHERE e.document = w.document
            AND (e.state <> 2 OR e.received_at >= ?))",
    ];
    let mut values: Vec<Value> = vec![i64::from(due.kind.number()).into(), before.into()];
    match due.kind {
        // What repeats something open waits for its answer.
        DocumentKind::Incident => words.push(
            "w.is_open = 0 AND NOT EXISTS
                (SELECT 1 FROM work p WHERE p.document = w.about AND p.is_open = 1)",
        ),
        // Finished is what those say who did it; closed, who gave the order.
        DocumentKind::Task => words.push(
            "w.state IN ('closed', 'cancelled') AND NOT EXISTS
                (SELECT 1 FROM work p WHERE p.document = w.about AND p.is_open = 1 AND p.kind = 1)",
        ),
        DocumentKind::Patrol | DocumentKind::Household => words.push("w.is_open = 0"),
        DocumentKind::Warning | DocumentKind::Notice => {
            words.push("(w.is_open = 0 OR w.due_at < ?)");
            values.push(before.into());
        }
        DocumentKind::Visit => {}
    }
    if let What::Blobs(kind, _) = due.what {
        words.push(
            "EXISTS (SELECT 1 FROM document_blob d JOIN blob b ON b.hash = d.hash OR b.preview_of = d.hash
                WHERE d.document = w.document AND (b.kind = ? OR ? = 0) AND NOT EXISTS
                    (SELECT 1 FROM document_blob o JOIN work ow ON ow.document = o.document
                     WHERE o.hash = d.hash AND o.document <> w.document AND (ow.is_open = 1 OR EXISTS
                        (SELECT 1 FROM retention_hold oh WHERE oh.document = o.document))))",
        );
        values.extend([Value::from(kind.as_str().to_owned()), i64::from(kind == BlobKind::Track).into()]);
    }
    if let What::Contact(_) = due.what {
        words.push("EXISTS (SELECT 1 FROM intake_contact c WHERE c.document = w.document)");
    }
    if let What::Blobs(_, Some(whole)) | What::Contact(Some(whole)) = due.what {
        words.push("EXISTS (SELECT 1 FROM entry e WHERE e.document = w.document AND e.received_at >= ?)");
        values.push(whole.millis().into());
    }
    (words.join(" AND "), values)
}

/// The next documents that are due, in the order of their ids.
pub fn due(
    connection: &Connection,
    due: &Due,
    after: Option<DocumentId>,
    limit: usize,
) -> Result<Vec<DocumentId>> {
    let (words, mut values) = conditions(due);
    let statement =
        format!("SELECT w.document FROM work w WHERE {words} AND w.document > ? ORDER BY w.document LIMIT ?");
    values.push(after.map_or_else(Vec::new, |after| after.as_ref().to_vec()).into());
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let mut statement = connection.prepare_cached(&statement).map_err(sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Whether this document is due.
pub fn is_due(connection: &Connection, due: &Due, document: DocumentId) -> Result<bool> {
    let (words, mut values) = conditions(due);
    values.push(document.as_ref().to_vec().into());
    let statement = format!("SELECT 1 FROM work w WHERE {words} AND w.document = ?");
    let mut statement = connection.prepare_cached(&statement).map_err(sql)?;
    statement.exists(params_from_iter(values)).map_err(sql)
}

/// How many are due, the oldest and the newest.
pub fn count_due(
    connection: &Connection,
    due: &Due,
) -> Result<(u64, Option<DocumentId>, Option<DocumentId>)> {
    let (words, values) = conditions(due);
    let statement = format!("SELECT count(*), min(w.document), max(w.document) FROM work w WHERE {words}");
    let mut statement = connection.prepare_cached(&statement).map_err(sql)?;
    statement
        .query_row(params_from_iter(values), |row| {
            let found = |column| -> rusqlite::Result<Option<DocumentId>> {
                Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(DocumentId::new))
            };
            Ok((count(row.get(0)?), found(1)?, found(2)?))
        })
        .map_err(sql)
}

/// The stored blobs that a document names, of this kind or, for photos, of whichever.
pub fn stored_blobs(connection: &Connection, document: DocumentId, kind: BlobKind) -> Result<Vec<BlobHash>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT DISTINCT d.hash FROM document_blob d JOIN blob b ON b.hash = d.hash OR b.preview_of = d.hash
             WHERE d.document = ?1 AND (b.kind = ?2 OR ?3 = 0)",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map(params![document.as_ref(), kind.as_str(), kind == BlobKind::Track], |row| id(row, 0))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Keeps the coarse track that stands for an original.
pub fn keep_coarse(
    transaction: &Transaction<'_>,
    document: DocumentId,
    hash: BlobHash,
    track: &[u8],
) -> Result<()> {
    transaction
        .prepare_cached("INSERT OR IGNORE INTO track_coarse (document, hash, track) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![document.as_ref(), hash.as_ref(), track]))
        .map_err(sql)?;
    Ok(())
}

/// The coarse track that stands for an original.
pub fn coarse(connection: &Connection, document: DocumentId, hash: BlobHash) -> Result<Option<Vec<u8>>> {
    optional(
        connection
            .prepare_cached("SELECT track FROM track_coarse WHERE document = ?1 AND hash = ?2")
            .map_err(sql)?
            .query_row(params![document.as_ref(), hash.as_ref()], |row| row.get(0)),
    )
}

/// What operators set, by the word of its kind.
pub fn rules(connection: &Connection) -> Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare("SELECT kind, amount FROM retention_rule").map_err(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, count(row.get(1)?)))).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Sets how long a kind is kept.
pub fn set_rule(transaction: &Transaction<'_>, kind: &str, amount: u64, at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO retention_rule (kind, amount, set_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (kind) DO UPDATE SET amount = excluded.amount, set_at = excluded.set_at",
            params![kind, int(amount), at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// What is on hold, why and since when.
pub fn holds(connection: &Connection) -> Result<Vec<(DocumentId, String, Timestamp)>> {
    let mut statement = connection
        .prepare("SELECT document, reason, held_at FROM retention_hold ORDER BY held_at, document")
        .map_err(sql)?;
    let rows = statement
        .query_map([], |row| Ok((id(row, 0)?, row.get(1)?, Timestamp::from_millis(row.get(2)?))))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Puts a document on hold.
pub fn hold(transaction: &Transaction<'_>, document: DocumentId, reason: &str, at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT OR REPLACE INTO retention_hold (document, reason, held_at) VALUES (?1, ?2, ?3)",
            params![document.as_ref(), reason, at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Ends a hold; whether there was one.
pub fn release(transaction: &Transaction<'_>, document: DocumentId) -> Result<bool> {
    transaction
        .execute("DELETE FROM retention_hold WHERE document = ?1", [document.as_ref()])
        .map(|changed| changed > 0)
        .map_err(sql)
}

/// A run as it is kept.
#[derive(Clone, Debug)]
pub struct Run {
    /// Counts up.
    pub run: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// Begun by itself.
    pub is_daily: bool,
    /// What went, as JSON.
    pub counts: String,
}

const RUN: &str = "SELECT run, started_at, ended_at, is_daily, counts FROM retention_run";

fn read_run(row: &rusqlite::Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        run: row.get(0)?,
        started_at: Timestamp::from_millis(row.get(1)?),
        ended_at: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_millis),
        is_daily: row.get(3)?,
        counts: row.get(4)?,
    })
}

/// The last runs, newest first.
pub fn runs(connection: &Connection, limit: u32) -> Result<Vec<Run>> {
    let mut statement = connection.prepare(&format!("{RUN} ORDER BY run DESC LIMIT ?1")).map_err(sql)?;
    let rows = statement.query_map([limit], read_run).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// One run.
pub fn run(connection: &Connection, run: i64) -> Result<Option<Run>> {
    optional(connection.query_row(&format!("{RUN} WHERE run = ?1"), [run], read_run))
}

/// The run that was cut short, or a new one.
pub fn begin_run(transaction: &Transaction<'_>, is_daily: bool, at: Timestamp) -> Result<i64> {
    let cut_short = optional(transaction.query_row(
        "SELECT run FROM retention_run WHERE ended_at IS NULL ORDER BY run LIMIT 1",
        [],
        |row| row.get(0),
    ))?;
    if let Some(run) = cut_short {
        return Ok(run);
    }
    transaction
        .execute(
            "INSERT INTO retention_run (started_at, is_daily, counts) VALUES (?1, ?2, '{}')",
            params![at.millis(), is_daily],
        )
        .map_err(sql)?;
    Ok(transaction.last_insert_rowid())
}

/// Keeps what went so far.
pub fn set_counts(transaction: &Transaction<'_>, run: i64, counts: &str) -> Result<()> {
    transaction
        .execute("UPDATE retention_run SET counts = ?2 WHERE run = ?1", params![run, counts])
        .map_err(sql)?;
    Ok(())
}

/// A run came to its end.
pub fn end_run(transaction: &Transaction<'_>, run: i64, at: Timestamp) -> Result<()> {
    transaction
        .execute("UPDATE retention_run SET ended_at = ?2 WHERE run = ?1", params![run, at.millis()])
        .map_err(sql)?;
    Ok(())
}
