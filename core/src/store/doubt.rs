//! What an earlier life of the relay had and the present one may not. Attachments that are not on this phone: given up
//! here for the receipt of an earlier life, or taken with another phone of the same member. And what others did to
//! documents: the command centre's own steps come back with nobody's phone, and a screen that shows them would say
//! "dispatched" of something that nobody was sent to.

use std::time::Duration;

use rusqlite::{Transaction, params};

use super::{
    append::state,
    feed::rebuild,
    phone::Store,
    read::{present_epoch, read_waiting},
    sql,
};
use crate::{
    entry::BodyType,
    error::Result,
    id::{BlobHash, DocumentId, EntryId, Epoch},
    model::DocumentKind,
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

/// Attachments of one question.
const AT_ONCE: u32 = 2_000;
/// The relay is asked again so often at most: another phone may have brought it since.
const AGAIN_AFTER: Duration = Duration::from_hours(24);
/// Until then another phone of the member is probably still on its way with it.
const LATE_AFTER: Duration = Duration::from_hours(3 * 24);

impl Store {
    /// What to ask about now, the newest first.
    pub fn doubtful_blobs(&self, now: Timestamp) -> Result<Vec<WaitingBlob>> {
        let epoch = present_epoch(&self.connection)?;
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

    /// What the relay signed of them: the size of each, 0 of one that it has not got. Such a one is lost, unless it may
    /// still be on its way, and is asked about again another day. Answers how many are missing.
    pub fn take_held(
        &mut self,
        blobs: &[WaitingBlob],
        sizes: &[u64],
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<usize> {
        let transaction = self.transaction()?;
        let mut missing = 0;
        for (blob, size) in blobs.iter().zip(sizes) {
            // The size of what another phone took is not known here; another size is another file.
            if *size > 0 && [*size, 0].contains(&blob.size_bytes) {
                set_stored(&transaction, &blob.hash, *size, epoch)?;
                continue;
            }
            missing += 1;
            let is_late = now.since(blob.captured_at) >= LATE_AFTER;
            transaction
                .prepare_cached("INSERT OR REPLACE INTO blob_asked (blob, at) VALUES (?1, ?2)")
                .and_then(|mut statement| statement.execute(params![blob.hash.as_ref(), now.millis()]))
                .map_err(sql)?;
            transaction
                .prepare_cached("UPDATE blob SET is_lost = ?2 WHERE hash = ?1")
                .and_then(|mut statement| statement.execute(params![blob.hash.as_ref(), is_late]))
                .map_err(sql)?;
        }
        transaction.commit().map_err(sql)?;
        Ok(missing)
    }
}

impl Store {
    /// The feed of the relay's present life is read to its end: what others changed in an earlier one and did not come
    /// again is not in this one. Of documents without it, what is left takes effect; records and remarks stay.
    pub fn end_doubt(&mut self) -> Result<()> {
        if !self.may_have_doubtful {
            return Ok(());
        }
        let transaction = self.transaction()?;
        let gone: Vec<([u8; 16], u8)> = transaction
            .prepare("SELECT DISTINCT document, kind FROM entry WHERE state = ?1")
            .and_then(|mut find| {
                find.query_map([state::DOUBTFUL], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .map_err(sql)?;
        transaction.execute("DELETE FROM entry WHERE state = ?1", [state::DOUBTFUL]).map_err(sql)?;
        for (document, kind) in &gone {
            if let Some(kind) = DocumentKind::from_number(*kind) {
                rebuild(&transaction, DocumentId::new(*document), kind)?;
            }
        }
        transaction.commit().map_err(sql)?;
        for (document, _) in gone {
            self.actors.remove(&DocumentId::new(document));
        }
        self.may_have_doubtful = false;
        Ok(())
    }
}

/// Another life of the relay begins: whether it has what others changed is seen from its feed.
pub(super) fn changes_of_others(transaction: &Transaction<'_>) -> Result<()> {
    transaction
        .execute(
            "UPDATE entry SET state = ?1 WHERE state = ?2 AND body_type = ?3",
            params![state::DOUBTFUL, state::FEED, BodyType::Change.number()],
        )
        .map_err(sql)?;
    Ok(())
}

/// An entry came again.
pub(super) fn is_there_still(transaction: &Transaction<'_>, entry: EntryId) -> Result<()> {
    transaction
        .prepare_cached("UPDATE entry SET state = ?2 WHERE entry_id = ?1 AND state = ?3")
        .and_then(|mut update| update.execute(params![entry.as_ref(), state::FEED, state::DOUBTFUL]))
        .map_err(sql)?;
    Ok(())
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

/// Marks an attachment as held by the relay in this life, by what it signed: nobody needs to ask about it any more.
pub(super) fn set_stored(
    transaction: &Transaction<'_>,
    blob: &BlobHash,
    size_bytes: u64,
    epoch: Epoch,
) -> Result<()> {
    let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
    transaction
        .prepare_cached("UPDATE blob SET stored_epoch = ?2, size_bytes = ?3, is_lost = 0 WHERE hash = ?1")
        .and_then(|mut update| update.execute(params![blob.as_ref(), epoch.as_ref(), size_bytes]))
        .map_err(sql)?;
    transaction
        .prepare_cached("DELETE FROM blob_asked WHERE blob = ?1")
        .and_then(|mut statement| statement.execute([blob.as_ref()]))
        .map_err(sql)?;
    Ok(())
}
