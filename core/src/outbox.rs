//! What is not receipted yet, and the order in which it goes.
//!
//! Entries first, because a report is some 400 bytes; then previews, so that the dispatcher sees
//! something in seconds; then photos, voice and tracks. The order is asked for again before every
//! request, so that a new report goes between two pieces of a photo.

use serde::Serialize;

use crate::{
    id::{BlobHash, DocumentId},
    model::blob::BlobKind,
    time::Timestamp,
};

/// A blob that the relay does not hold yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingBlob {
    /// Which.
    pub hash: BlobHash,
    /// What it is.
    pub kind: BlobKind,
    /// A preview's photo.
    pub preview_of: Option<BlobHash>,
    /// Its size.
    pub size_bytes: u64,
    /// When it was captured.
    pub captured_at: Timestamp,
    /// The document whose promise it is part of.
    pub document: DocumentId,
}

/// What goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Entries are waiting.
    Entries,
    /// This blob.
    Blob(WaitingBlob),
    /// Everything is receipted.
    Nothing,
}

/// Chooses among what waits.
pub fn next(pending_entries: u64, waiting: Vec<WaitingBlob>) -> Next {
    if pending_entries > 0 {
        return Next::Entries;
    }
    let order = |blob: &WaitingBlob| (blob.kind, blob.captured_at, blob.hash);
    waiting.into_iter().min_by_key(order).map_or(Next::Nothing, Next::Blob)
}

/// How much of a document the relay holds: record and photos are one promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// Own entries of the document.
    pub entries: u32,
    /// Of these, receipted.
    pub entries_stored: u32,
    /// Own photos, voice recordings and track segments; previews are not counted.
    pub blobs: u32,
    /// Of these, receipted.
    pub blobs_stored: u32,
    /// Of the entries stored, those that somebody of the command centre has seen.
    pub entries_seen: u32,
    /// When the command centre first looked, by the relay's clock; none before. Never who.
    pub seen_at: Option<Timestamp>,
}

impl Stored {
    /// The relay holds all of it, fsynced.
    pub fn is_whole(&self) -> bool {
        self.entries == self.entries_stored && self.blobs == self.blobs_stored
    }

    /// The command centre has seen all that this phone added to it.
    pub fn is_seen(&self) -> bool {
        self.entries > 0 && self.entries == self.entries_seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(kind: BlobKind, at: i64) -> WaitingBlob {
        WaitingBlob {
            hash: BlobHash::of(&at.to_be_bytes()),
            kind,
            preview_of: None,
            size_bytes: 1,
            captured_at: Timestamp::from_millis(at),
            document: DocumentId::ZERO,
        }
    }

    #[test]
    fn a_report_goes_before_every_blob() {
        assert_eq!(next(1, vec![blob(BlobKind::Preview, 1)]), Next::Entries);
    }

    #[test]
    fn previews_go_before_photos_and_tracks_last() {
        let waiting = vec![
            blob(BlobKind::Track, 1),
            blob(BlobKind::Photo, 2),
            blob(BlobKind::Preview, 4),
            blob(BlobKind::Preview, 3),
        ];
        assert_eq!(next(0, waiting), Next::Blob(blob(BlobKind::Preview, 3)));
        assert_eq!(
            next(0, vec![blob(BlobKind::Track, 1), blob(BlobKind::Voice, 9)]),
            Next::Blob(blob(BlobKind::Voice, 9))
        );
        assert_eq!(next(0, Vec::new()), Next::Nothing);
    }
}
