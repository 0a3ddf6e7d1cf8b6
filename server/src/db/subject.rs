//! What is held about one person: found to be handed out, and erased.

use rusqlite::{Connection, Transaction, params};
use suishou_core::{
    error::Result,
    id::{BlobHash, DeviceId, DocumentId},
    model::DocumentKind,
    store::sql,
    time::Timestamp,
};

use super::{blob::UploadId, id};

/// `doomed_blob`: their rows are gone, their files must follow, whatever happens in between.
pub(super) const TABLES_3: &str = "
CREATE TABLE erasure (
    row          INTEGER PRIMARY KEY,
    certificate  TEXT NOT NULL,
    erased_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE doomed_blob (
    hash         BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
";

/// What a statement finds, row by row.
fn column<T>(
    connection: &Connection,
    statement: &str,
    parameters: impl rusqlite::Params,
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare(statement).map_err(sql)?;
    let rows = statement.query_map(parameters, |row| read(row)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// The blobs that a document names.
pub fn blobs_of(connection: &Connection, document: DocumentId) -> Result<Vec<BlobHash>> {
    column(connection, "SELECT hash FROM document_blob WHERE document = ?1", [document.as_ref()], |row| {
        id(row, 0)
    })
}

/// A photo's previews.
pub fn previews_of(connection: &Connection, photo: BlobHash) -> Result<Vec<BlobHash>> {
    column(connection, "SELECT hash FROM blob WHERE preview_of = ?1", [photo.as_ref()], |row| id(row, 0))
}

/// The member's phones with when they were enrolled and last heard of.
pub fn devices(
    connection: &Connection,
    member: i64,
) -> Result<Vec<(DeviceId, Timestamp, Option<Timestamp>, bool)>> {
    column(
        connection,
        "SELECT device, enrolled_at, last_contact_at, is_revoked FROM device WHERE member = ?1 ORDER BY row",
        [member],
        |row| {
            let contact: Option<i64> = row.get(2)?;
            Ok((
                id(row, 0)?,
                Timestamp::from_millis(row.get(1)?),
                contact.map(Timestamp::from_millis),
                row.get(3)?,
            ))
        },
    )
}

/// Uploads of the member's phones that are under way.
pub fn uploads(connection: &Connection, member: i64) -> Result<Vec<UploadId>> {
    let statement = "SELECT u.upload FROM upload u JOIN device d ON d.row = u.device WHERE d.member = ?1";
    column(connection, statement, [member], |row| id(row, 0))
}

/// Whether something is left to do in a document.
pub fn is_open(connection: &Connection, document: DocumentId) -> Result<bool> {
    column(connection, "SELECT is_open FROM work WHERE document = ?1", [document.as_ref()], |row| row.get(0))
        .map(|found| found.first().copied().unwrap_or(false))
}

/// Whether this is a document of that kind.
pub fn is_kind(connection: &Connection, document: DocumentId, kind: DocumentKind) -> Result<bool> {
    let statement = "SELECT count(*) FROM document WHERE document = ?1 AND kind = ?2";
    column(connection, statement, params![document.as_ref(), kind.number()], |row| row.get::<_, i64>(0))
        .map(|found| found.first().is_some_and(|count| *count > 0))
}

/// Takes a blob from a document.
pub fn unname(transaction: &Transaction<'_>, blob: BlobHash, document: DocumentId) -> Result<()> {
    transaction
        .execute(
            "DELETE FROM document_blob WHERE hash = ?1 AND document = ?2",
            params![blob.as_ref(), document.as_ref()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Drops a blob's row and notes that its file must go.
pub fn doom(transaction: &Transaction<'_>, blob: BlobHash) -> Result<()> {
    transaction.execute("DELETE FROM blob WHERE hash = ?1", [blob.as_ref()]).map_err(sql)?;
    transaction
        .execute("INSERT OR IGNORE INTO doomed_blob (hash) VALUES (?1)", [blob.as_ref()])
        .map_err(sql)?;
    Ok(())
}

/// Blobs whose files must go.
pub fn doomed(connection: &Connection) -> Result<Vec<BlobHash>> {
    column(connection, "SELECT hash FROM doomed_blob", [], |row| id(row, 0))
}

/// A doomed blob's file is gone.
pub fn forget_doomed(transaction: &Transaction<'_>, blob: BlobHash) -> Result<()> {
    transaction.execute("DELETE FROM doomed_blob WHERE hash = ?1", [blob.as_ref()]).map_err(sql)?;
    Ok(())
}

/// Forgets a member: name, phone, unused codes, why somebody asked for them; their phones are revoked.
/// Returns how many phones that were.
pub fn forget_member(transaction: &Transaction<'_>, member: i64) -> Result<u64> {
    super::identity::clear_member(transaction, member)?;
    super::identity::delete(transaction, member)?;
    transaction.execute("UPDATE reveal SET reason = '-' WHERE member = ?1", [member]).map_err(sql)?;
    transaction
        .execute("DELETE FROM enrol_code WHERE member = ?1 AND used_by IS NULL", [member])
        .map_err(sql)?;
    let revoked = transaction
        .execute("UPDATE device SET is_revoked = 1 WHERE member = ?1 AND is_revoked = 0", [member])
        .map_err(sql)?;
    Ok(revoked as u64)
}

/// Keeps an erasure's certificate.
pub fn add_erasure(transaction: &Transaction<'_>, certificate: &str, at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO erasure (certificate, erased_at) VALUES (?1, ?2)",
            params![certificate, at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}
