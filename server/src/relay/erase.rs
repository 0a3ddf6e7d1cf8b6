//! Erasing, in one place: bodies, documents and files, for retention and for a person's right to be forgotten.
//!
//! Headers stay, so that every log's chain and every signed head stay verifiable; phones are told to forget.

use std::collections::BTreeSet;

use suishou_core::{
    id::{BlobHash, DocumentId},
    store::tables::load_document,
};

use super::{
    engine::{Engine, Work},
    error::Result,
};
use crate::db;

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Erased {
    /// Bodies of entries.
    pub(super) bodies: u64,
    /// Photos, previews, recordings, tracks.
    pub(super) blobs: u64,
}

impl Work<'_> {
    /// Erases bodies of entries by their places among all entries.
    pub(super) fn erase_bodies(&mut self, seqs: &[i64]) -> Result<u64> {
        Ok(db::erase::bodies(self.transaction, seqs)?)
    }

    /// Erases a document with all its bodies, and the blobs that no other document names. Phones that have it
    /// are told to forget it. Files go with [`Engine::drop_files`] after the commit.
    pub(super) fn erase_document(&mut self, id: DocumentId) -> Result<Erased> {
        if let Some(document) = load_document(self.transaction, id)? {
            let before: BTreeSet<i64> =
                db::scope::of_document(self.transaction, id)?.iter().map(|held| held.key).collect();
            self.rescope(&document, &before, &BTreeSet::new())?;
        }
        let blobs = db::erase::blobs_of(self.transaction, id)?;
        let seqs = db::erase::places(self.transaction, id)?;
        let bodies = self.erase_bodies(&seqs)?;
        db::erase::document(self.transaction, id)?;
        self.state.actors.remove(&id);
        Ok(Erased { bodies, blobs: self.erase_blobs(&blobs)? })
    }

    /// Erases blobs that no document names, with their previews.
    pub(super) fn erase_blobs(&mut self, blobs: &[BlobHash]) -> Result<u64> {
        let mut erased = 0;
        for blob in blobs {
            erased += db::erase::blob(self.transaction, *blob)?;
        }
        Ok(erased)
    }
}

impl Engine {
    /// Deletes the files of erased blobs; what a crash leaves behind goes the next time.
    pub(super) fn drop_files(&mut self) -> Result<()> {
        let going = db::erase::going(self.connection())?;
        for blob in &going {
            self.blobs().remove(blob)?;
        }
        if going.is_empty() { Ok(()) } else { self.write(|work| Ok(db::erase::gone(work.transaction)?)) }
    }
}
