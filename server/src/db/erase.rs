//! Takes out bodies and what is made of them, leaving what the logs' chains need: header, id, hash.

use rusqlite::{Transaction, params};
use suishou_core::{
    error::Result,
    id::{BlobHash, BodyHash, DocumentId},
    store::{optional, sql, tables::delete_document},
};

use super::id;

/// Erases the bodies of entries by their places; each leaves the hash that its header has. Answers how many
/// had one. Doing it again changes nothing.
pub fn bodies(transaction: &Transaction<'_>, seqs: &[i64]) -> Result<u64> {
    let mut erased = 0;
    for seq in seqs {
        let body: Option<Option<Vec<u8>>> = optional(
            transaction
                .prepare_cached("SELECT body FROM entry WHERE seq = ?1")
                .map_err(sql)?
                .query_row([seq], |row| row.get(0)),
        )?;
        let Some(Some(body)) = body else { continue };
        transaction
            .prepare_cached("UPDATE entry SET body = NULL, erased_hash = ?2 WHERE seq = ?1")
            .and_then(|mut update| update.execute(params![seq, BodyHash::of(&body).as_ref()]))
            .map_err(sql)?;
        erased += 1;
    }
    Ok(erased)
}

/// The places of all entries of a document that have a body.
pub fn places(transaction: &Transaction<'_>, document: DocumentId) -> Result<Vec<i64>> {
    let mut statement = transaction
        .prepare_cached("SELECT seq FROM entry WHERE document = ?1 AND body IS NOT NULL ORDER BY seq")
        .map_err(sql)?;
    let rows = statement.query_map([document.as_ref()], |row| row.get(0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// The blobs that a document names.
pub fn blobs_of(transaction: &Transaction<'_>, document: DocumentId) -> Result<Vec<BlobHash>> {
    let mut statement =
        transaction.prepare_cached("SELECT hash FROM document_blob WHERE document = ?1").map_err(sql)?;
    let rows = statement.query_map([document.as_ref()], |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Drops what is made of a document's entries: the document, its row, who took part, which blobs it names.
pub fn document(transaction: &Transaction<'_>, document: DocumentId) -> Result<()> {
    delete_document(transaction, document)?;
    for statement in [
        "DELETE FROM document_author WHERE document = ?1",
        "DELETE FROM document_blob WHERE document = ?1",
        "DELETE FROM track_coarse WHERE document = ?1",
        "DELETE FROM intake_contact WHERE document = ?1",
    ] {
        transaction
            .prepare_cached(statement)
            .and_then(|mut delete| delete.execute([document.as_ref()]))
            .map_err(sql)?;
    }
    Ok(())
}

/// Forgets a blob with its previews, if no document names it, and notes that the files are to go. Answers how
/// many.
pub fn blob(transaction: &Transaction<'_>, blob: BlobHash) -> Result<u64> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO blob_going (hash)
             SELECT b.hash FROM blob b WHERE (b.hash = ?1 OR b.preview_of = ?1)
                AND NOT EXISTS (SELECT 1 FROM document_blob d WHERE d.hash = ?1 OR d.hash = b.hash)",
        )
        .and_then(|mut insert| insert.execute([blob.as_ref()]))
        .map_err(sql)?;
    forget_going(transaction)
}

/// Files that are to go.
pub fn going(connection: &super::Connection) -> Result<Vec<BlobHash>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT g.hash FROM blob_going g WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.hash = g.hash)",
        )
        .map_err(sql)?;
    let rows = statement.query_map([], |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// All of them are gone.
pub fn gone(transaction: &Transaction<'_>) -> Result<()> {
    transaction.execute("DELETE FROM blob_going", []).map_err(sql)?;
    Ok(())
}

/// Forgets a blob with its previews although documents still name it, and notes that the files are to go.
pub fn named_blob(transaction: &Transaction<'_>, blob: BlobHash) -> Result<u64> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO blob_going (hash)
             SELECT b.hash FROM blob b WHERE b.hash = ?1 OR b.preview_of = ?1",
        )
        .and_then(|mut insert| insert.execute([blob.as_ref()]))
        .map_err(sql)?;
    forget_going(transaction)
}

fn forget_going(transaction: &Transaction<'_>) -> Result<u64> {
    let gone = transaction
        .prepare_cached("DELETE FROM blob WHERE hash IN (SELECT g.hash FROM blob_going g)")
        .and_then(|mut delete| delete.execute([]))
        .map_err(sql)?;
    Ok(gone as u64)
}
