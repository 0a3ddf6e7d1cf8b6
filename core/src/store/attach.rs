//! Blobs on their way into a document: what each is, and that none stays which nothing came to name.

use rusqlite::Connection;

use super::{draft::draft_blobs, phone::Store, sql};
use crate::{error::Result, id::BlobHash, model::blob::BlobKind, time::Timestamp};

/// Longer than anybody leaves a form open.
const FORGOTTEN_AFTER_MS: i64 = 7 * 24 * 3_600_000;

impl Store {
    /// What a blob was kept as; `None` if it is not known here.
    pub fn blob_kind(&self, blob: &BlobHash) -> Result<Option<BlobKind>> {
        let word: Option<String> = self
            .connection
            .prepare_cached("SELECT kind FROM blob WHERE hash = ?1")
            .and_then(|mut statement| {
                super::query_optional(&mut statement, [blob.as_ref()], |row| row.get(0))
            })
            .map_err(sql)?;
        Ok(word.as_deref().and_then(BlobKind::from_word))
    }

    /// Photos and recordings that were kept by an earlier process a week ago and that nothing came to name: the
    /// app was killed between the camera and the draft.
    pub(super) fn forgotten(&self, now: Timestamp) -> Result<Vec<BlobHash>> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT hash FROM blob
                 WHERE kind IN ('photo', 'voice') AND captured_at < ?1 AND stored_epoch IS NULL
                    AND NOT EXISTS (SELECT 1 FROM document_blob WHERE document_blob.blob = blob.hash)",
            )
            .map_err(sql)?;
        let old = statement
            .query_map([now.millis() - FORGOTTEN_AFTER_MS], |row| row.get(0).map(BlobHash::new))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(sql)?;
        Ok(old.into_iter().filter(|blob| !self.added.contains(blob)).collect())
    }

    /// Removes those of these blobs that no document and no draft names, with their previews. Files first: a
    /// row without its file is noticed, a file without its row never would be.
    pub fn remove_unnamed(&mut self, blobs: &[BlobHash]) -> Result<()> {
        let drafts = draft_blobs(&self.connection)?;
        let mut gone = Vec::new();
        for blob in blobs {
            if !drafts.contains(blob) && !is_promised(&self.connection, blob)? {
                gone.extend(previews(&self.connection, blob)?);
                gone.push(*blob);
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        for blob in &gone {
            self.blobs.remove(blob)?;
        }
        let transaction = self.transaction()?;
        for blob in &gone {
            transaction
                .prepare_cached("DELETE FROM blob WHERE hash = ?1")
                .and_then(|mut statement| statement.execute([blob.as_ref()]))
                .map_err(sql)?;
        }
        transaction.commit().map_err(sql)
    }
}

impl Store {
    /// The small picture of a photo, if one was made on this phone.
    pub fn preview_of(&self, photo: &BlobHash) -> Result<Option<BlobHash>> {
        Ok(previews(&self.connection, photo)?.into_iter().next())
    }
}

/// A document names it.
fn is_promised(connection: &Connection, blob: &BlobHash) -> Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM document_blob WHERE blob = ?1)")
        .and_then(|mut statement| statement.query_row([blob.as_ref()], |row| row.get(0)))
        .map_err(sql)
}

fn previews(connection: &Connection, photo: &BlobHash) -> Result<Vec<BlobHash>> {
    connection
        .prepare_cached("SELECT hash FROM blob WHERE preview_of = ?1")
        .and_then(|mut statement| {
            statement.query_map([photo.as_ref()], |row| row.get(0).map(BlobHash::new))?.collect()
        })
        .map_err(sql)
}
