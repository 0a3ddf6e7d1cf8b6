//! Photos that operators add: developed as on a phone, and kept as the relay's own until a step names them.

use std::sync::Arc;

use serde::Serialize;
use suishou_core::{capture, error::Problem, id::BlobHash, sync::wire::BlobKind};
use tokio::task::spawn_blocking;

use super::{
    Relay,
    engine::Work,
    error::{RelayError, Result},
    push::own_device,
    upload::Promise,
};
use crate::db;

/// A photo that was taken in; no document names it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PhotoAdded {
    /// Names it.
    pub hash: BlobHash,
    /// How many bytes it has now.
    pub bytes: u64,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

impl Relay {
    /// Takes in a photo as a camera wrote it: turned upright, made small, without anything but pixels. One at a time:
    /// a picture of 50 megapixels takes a hundred megabytes while it is developed.
    pub async fn add_photo(&self, original: Vec<u8>) -> Result<PhotoAdded> {
        let turn = Arc::clone(&self.inner.developing).lock_owned().await;
        let developed = spawn_blocking(move || capture::develop(&original, &[]));
        let photo = developed.await.map_err(|_| RelayError::Stopped)??;
        drop(turn);
        let capture::Photo { jpeg, width, height, hash, preview } = photo;
        let bytes = jpeg.len() as u64;
        self.call(move |engine| {
            let device = own_device(engine.connection(), engine.shared())?;
            let kept = [
                (BlobKind::Photo, None, hash, jpeg),
                (BlobKind::Preview, Some(hash), preview.hash, preview.jpeg),
            ];
            for (kind, preview_of, hash, bytes) in kept {
                let size_bytes = bytes.len() as u64;
                engine.keep_blob(
                    &device,
                    &Promise { hash: Some(hash), kind, preview_of, size_bytes },
                    &bytes,
                )?;
            }
            Ok(())
        })
        .await?;
        Ok(PhotoAdded { hash, bytes, width, height })
    }
}

impl Work<'_> {
    /// Refuses photos that no operator added, and those that stand somewhere already: whoever names a photo can see it.
    pub(super) fn check_photos(&self, photos: &[BlobHash]) -> Result<()> {
        if photos.is_empty() {
            return Ok(());
        }
        let own = own_device(self.transaction, self.shared)?;
        for hash in photos {
            let known = db::blob::find(self.transaction, *hash)?;
            let is_own = known.is_some_and(|blob| blob.kind == BlobKind::Photo && blob.device == own.row);
            if !is_own || !db::blob::documents(self.transaction, *hash)?.is_empty() {
                let code = hash.to_string();
                return Err(RelayError::invalid(Problem::Unknown { what: "the photo", code }));
            }
        }
        Ok(())
    }
}
