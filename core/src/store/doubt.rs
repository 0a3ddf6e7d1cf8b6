//! Attachments that are not on this phone and of which nobody knows whether the relay's present life has them: given up
//! here for the receipt of an earlier life, or taken with another phone of the same member.

use std::time::Duration;

use rusqlite::{Transaction, params};

use super::{phone::Store, read::read_waiting, sql};
use crate::{
    error::Result,
    id::{BlobHash, DocumentId, Epoch},
    outbox::WaitingBlob,
    time::Timestamp,
};

/// Schema 4: when the relay last said that it has not got one.
pub(super) const TABLES_4: &str = "
CREATE TABLE blob_asked (
    blob BLOB PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Questions of one session: a new phone of somebody with thousands of photos asks on the next times.
const AT_ONCE: u32 = 200;
/// The relay is asked again so often at most: another phone may have brought it since.
const AGAIN_AFTER: Duration = Duration::from_hours(24);
/// Until then another phone of the member is probably still on its way with it.
const LATE_AFTER: Duration = Duration::from_hours(3 * 24);

impl Store {
    /// What to ask about now, the newest first.
    pub fn doubtful_blobs(&self, epoch: Epoch, now: Timestamp) -> Result<Vec<WaitingBlob>> {
        let before = now.millis().saturating_sub(i64::try_from(AGAIN_AFTER.as_millis()).unwrap_or(0));
        self.connection
            .prepare_cached(
                "SELECT b.hash, b.kind, b.preview_of, b.size_bytes, b.captured_at, ?4
                 FROM blob b LEFT JOIN blob_asked a ON a.blob = b.hash
                 WHERE b.trimmed_at IS NOT NULL AND b.stored_epoch IS NOT ?1
                    AND (a.at IS NULL OR a.at <= ?2 OR a.at > ?3)
                    AND EXISTS (SELECT 1 FROM document_blob d WHERE d.blob = coalesce(b.preview_of, b.hash))
                 ORDER BY b.captured_at DESC, b.hash LIMIT ?5",
            )
            .and_then(|mut statement| {
                let bound = params![epoch.as_ref(), before, now.millis(), DocumentId::ZERO.as_ref(), AT_ONCE];
                statement.query_map(bound, read_waiting)?.collect()
            })
            .map_err(sql)
    }

    /// The relay has not got it: lost, unless it may still be on its way. It is asked about again another day.
    pub fn set_blob_missing(&mut self, blob: &WaitingBlob, now: Timestamp) -> Result<()> {
        let is_late = now.since(blob.captured_at) >= LATE_AFTER;
        let transaction = self.transaction()?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO blob_asked (blob, at) VALUES (?1, ?2)")
            .and_then(|mut statement| statement.execute(params![blob.hash.as_ref(), now.millis()]))
            .map_err(sql)?;
        transaction
            .prepare_cached("UPDATE blob SET is_lost = ?2 WHERE hash = ?1")
            .and_then(|mut statement| statement.execute(params![blob.hash.as_ref(), is_late]))
            .map_err(sql)?;
        transaction.commit().map_err(sql)
    }
}

/// There is news of a document, or of the relay itself: what another phone of ours had not brought may have come.
pub(super) fn ask_again(transaction: &Transaction<'_>, document: Option<DocumentId>) -> Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM blob_asked
             WHERE ?1 IS NULL OR blob IN (SELECT blob FROM document_blob WHERE document = ?1)",
        )
        .and_then(|mut statement| statement.execute([document.map(DocumentId::to_array)]))
        .map_err(sql)?;
    Ok(())
}

/// The relay has it after all.
pub(super) fn forget(transaction: &Transaction<'_>, blob: &BlobHash) -> Result<()> {
    transaction
        .prepare_cached("DELETE FROM blob_asked WHERE blob = ?1")
        .and_then(|mut statement| statement.execute([blob.as_ref()]))
        .map_err(sql)?;
    Ok(())
}
