//! Photos and voice recordings on their way into a report or a remark.

use super::{Field, Inner};
use crate::{
    capture::{self, Blur, voice},
    error::{Error, Problem, Result},
    id::BlobHash,
    model::blob::BlobKind,
};

/// A recording that is kept on this phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoiceKept {
    /// Names it.
    pub hash: BlobHash,
    /// How long it plays.
    pub duration_ms: u32,
}

impl Field {
    /// Develops a photo (turned, stripped of all metadata, made small) and keeps it with its preview. What lies
    /// under `blurs` is in neither.
    pub fn add_photo(&self, original: &[u8], blurs: &[Blur]) -> Result<BlobHash> {
        let photo = capture::develop(original, blurs)?;
        let now = self.now();
        self.inner().keep_photo(&photo, now)
    }

    /// Keeps a voice recording as it is: Opus in Ogg, or AAC in ADTS or MP4, at most
    /// [`voice::VOICE_MAX_MS`] and [`voice::VOICE_MAX_BYTES`].
    pub fn add_voice(&self, bytes: &[u8]) -> Result<VoiceKept> {
        let duration_ms = voice::check(bytes)?.duration_ms;
        let now = self.now();
        let hash = self.inner().store.add_blob(bytes, BlobKind::Voice, None, now)?;
        Ok(VoiceKept { hash, duration_ms })
    }
}

impl Inner {
    /// A report may promise only what is on this phone, each as what it was kept as.
    pub(super) fn check_attached(&self, photos: &[BlobHash], voice: Option<BlobHash>) -> Result<()> {
        let photos = photos.iter().map(|photo| (photo, BlobKind::Photo));
        for (blob, expected) in photos.chain(voice.as_ref().map(|voice| (voice, BlobKind::Voice))) {
            match self.store.blob_kind(blob)? {
                Some(kind) if kind != expected => {
                    return Err(Error::invalid(Problem::WrongBlobKind { expected: expected.as_str() }));
                }
                Some(_) if self.is_here(blob) => {}
                _ => return Err(Error::BlobMissing),
            }
        }
        Ok(())
    }

    pub(super) fn is_here(&self, blob: &BlobHash) -> bool {
        self.store.blobs().path(blob).is_file()
    }
}
