//! What a screen draws: the files of photos and recordings, and the path of a patrol.

use std::path::PathBuf;

use super::Field;
use crate::{
    error::{Error, Result},
    id::{BlobHash, DocumentId},
    model::track::TrackSegment,
};

impl Field {
    /// Where the file of a photo or recording lies; none if it is not on this phone.
    pub fn blob_file(&self, blob: &BlobHash) -> Result<Option<PathBuf>> {
        let inner = self.inner();
        Ok(inner.is_here(blob).then(|| inner.store.blobs().path(blob)))
    }

    /// Where the small picture of a photo lies, else the photo itself; none if neither is on this phone.
    pub fn preview_file(&self, photo: &BlobHash) -> Result<Option<PathBuf>> {
        let preview = self.inner().store.preview_of(photo)?;
        match preview.map(|preview| self.blob_file(&preview)).transpose()?.flatten() {
            Some(file) => Ok(Some(file)),
            None => self.blob_file(photo),
        }
    }

    /// The path of a patrol as far as it is on this phone, in stretches: nothing joins one to the next.
    pub fn track(&self, patrol: DocumentId) -> Result<Vec<TrackSegment>> {
        let inner = self.inner();
        let known = inner.store.document(patrol)?.patrol().ok_or(Error::NotFound { document: patrol })?;
        let mut stretches = Vec::new();
        for segment in &known.segments {
            match inner.store.blobs().read(segment) {
                Ok(bytes) => stretches.push(TrackSegment::from_bytes(&bytes)?),
                Err(Error::BlobMissing) => {}
                Err(error) => return Err(error),
            }
        }
        stretches.push(TrackSegment { fixes: inner.store.fixes(patrol)? });
        stretches.retain(|stretch| !stretch.fixes.is_empty());
        Ok(stretches)
    }
}
