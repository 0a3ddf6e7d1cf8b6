//! Uploads: what of a blob is on the disk, and when it is whole.
//!
//! The offset in the database is raised only after the bytes are synced, and only from the offset that
//! the writer of those bytes knew: of two requests for one upload one wins, and the other is told.

use std::time::Duration;

use suishou_core::{
    error::Problem,
    id::{BlobHash, Epoch},
    log::BlobReceipt,
    model::{decode, encode},
    seeded::{self, Seeded},
    sync::wire::{
        BlobKind, HeldAnswer, HeldQuestion, MAX_BLOB_BYTES, MAX_HELD_ASKED, SignedBlobReceipt,
        SignedHeldAnswer, known_version,
    },
};

use super::{
    engine::Engine,
    error::{RelayError, Result},
    shared::Shared,
};
use crate::{
    blobs::{Blobs, Found},
    db::{
        self, Connection,
        blob::{Blob, Upload, UploadId},
        device::Device,
    },
};

/// An upload that is not finished after this is dropped at the next start.
const STALE_AFTER: Duration = Duration::from_hours(60 * 24);

/// What a client promises of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// What the bytes will amount to; named by content if none.
    pub hash: Option<BlobHash>,
    /// What it is.
    pub kind: BlobKind,
    /// A preview's photo.
    pub preview_of: Option<BlobHash>,
    /// How many bytes.
    pub size_bytes: u64,
}

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Bytes are missing.
    UnderWay(Upload),
    /// The relay has it whole.
    Whole(Blob),
}

impl Engine {
    /// Begins an upload, or finds the one that the device began before.
    pub fn begin_upload(&mut self, device: &Device, promise: &Promise) -> Result<Standing> {
        if promise.size_bytes > MAX_BLOB_BYTES {
            return Err(RelayError::TooLarge { limit: MAX_BLOB_BYTES });
        }
        if promise.size_bytes == 0 {
            return Err(RelayError::invalid(Problem::Missing("the blob's bytes")));
        }
        if let Some(hash) = promise.hash {
            if let Some(blob) = self.stored_blob(hash)? {
                return Ok(Standing::Whole(blob));
            }
            let known = db::blob::find_upload_of(self.connection(), device.row, hash, promise.size_bytes)?;
            if let Some(upload) = known {
                if seeded::is_on(Seeded::RetryAnsweredDone) {
                    let Upload { kind, preview_of, size_bytes, device, .. } = upload;
                    return Ok(Standing::Whole(Blob { hash, kind, preview_of, size_bytes, device }));
                }
                return self.standing(upload);
            }
        }
        let most = self.shared().terms().quotas.uploads;
        if db::blob::count_uploads(self.connection(), device.row)? >= most {
            return Err(super::quota::put_off(self.shared(), device, self.shared().clock.now()));
        }
        self.blobs().check_room(promise.size_bytes)?;
        let upload = self.write(|work| {
            let upload = Upload {
                upload: UploadId::new(work.random.bytes()),
                device: device.row,
                hash: promise.hash,
                kind: promise.kind,
                preview_of: promise.preview_of,
                size_bytes: promise.size_bytes,
                offset_bytes: 0,
            };
            db::blob::add_upload(work.transaction, &upload, work.now)?;
            Ok(upload)
        })?;
        Ok(Standing::UnderWay(upload))
    }

    /// A blob that is known and whole on the disk. After a restore the database may know of files that are
    /// gone: those are asked for again, never receipted.
    pub fn stored_blob(&self, hash: BlobHash) -> Result<Option<Blob>> {
        let known = db::blob::find(self.connection(), hash)?;
        // By its content: a receipt for a file that rotted would end the phone's care for the good one.
        Ok(known.filter(|_| matches!(self.blobs().look(&hash), Ok(Found::Whole))))
    }

    /// Where an upload stands; one that is complete is finished.
    pub fn upload(&mut self, device: &Device, upload: UploadId) -> Result<Standing> {
        let found = db::blob::find_upload(self.connection(), upload, device.row)?;
        self.standing(found.ok_or(RelayError::NotFound)?)
    }

    /// Bytes of an upload are on the disk: counts them, and finishes the upload with the last.
    pub fn raise_offset(&mut self, device: &Device, before: &Upload, written: u64) -> Result<Standing> {
        let now = db::blob::find_upload(self.connection(), before.upload, device.row)?;
        let now = now.ok_or(RelayError::NotFound)?;
        if now.offset_bytes != before.offset_bytes {
            return Err(RelayError::OffsetConflict { offset: now.offset_bytes });
        }
        let offset_bytes = now.offset_bytes.saturating_add(written).min(now.size_bytes);
        self.write(|work| {
            db::blob::set_offset(work.transaction, now.upload, offset_bytes)?;
            work.count_use(device.row, 0, offset_bytes - now.offset_bytes)
        })?;
        self.standing(Upload { offset_bytes, ..now })
    }

    fn set_offset(&mut self, upload: UploadId, offset_bytes: u64) -> Result<()> {
        self.write(|work| Ok(db::blob::set_offset(work.transaction, upload, offset_bytes)?))
    }

    fn standing(&mut self, upload: Upload) -> Result<Standing> {
        if upload.offset_bytes >= upload.size_bytes {
            return self.finish(&upload).map(Standing::Whole);
        }
        let len = self.blobs().len(upload.upload);
        if len < upload.offset_bytes {
            tracing::error!(upload = %upload.upload, "an upload's file is shorter than it was");
            self.set_offset(upload.upload, len)?;
            return Ok(Standing::UnderWay(Upload { offset_bytes: len, ..upload }));
        }
        Ok(Standing::UnderWay(upload))
    }

    /// Moves a complete upload to the blobs. If it is not what was promised it begins again at 0.
    fn finish(&mut self, upload: &Upload) -> Result<Blob> {
        let Some(hash) = self.blobs().finish(upload.upload, upload.hash)? else {
            self.set_offset(upload.upload, 0)?;
            self.blobs().discard(upload.upload)?;
            return Err(RelayError::WrongHash);
        };
        let blob = Blob {
            hash,
            kind: upload.kind,
            preview_of: upload.preview_of,
            size_bytes: upload.size_bytes,
            device: upload.device,
        };
        let id = upload.upload;
        self.write(|work| {
            db::blob::add(work.transaction, &blob, work.now)?;
            Ok(db::blob::delete_upload(work.transaction, id)?)
        })?;
        Ok(blob)
    }

    /// Drops an upload.
    pub fn end_upload(&mut self, device: &Device, upload: UploadId) -> Result<()> {
        let found = db::blob::find_upload(self.connection(), upload, device.row)?;
        let found = found.ok_or(RelayError::NotFound)?;
        self.write(|work| Ok(db::blob::delete_upload(work.transaction, found.upload)?))?;
        Ok(self.blobs().discard(found.upload)?)
    }

    /// Drops what nobody finished for a long time.
    pub fn drop_stale_uploads(&mut self) -> Result<()> {
        let now = self.shared().clock.now();
        let before = now.millis().saturating_sub(i64::try_from(STALE_AFTER.as_millis()).unwrap_or(0));
        let before = suishou_core::time::Timestamp::from_millis(before);
        for upload in db::blob::stale_uploads(self.connection(), before)? {
            self.write(|work| Ok(db::blob::delete_upload(work.transaction, upload)?))?;
            self.blobs().discard(upload)?;
        }
        Ok(())
    }

    /// What is told of a whole blob.
    pub fn blob_receipt(&self, blob: &Blob) -> SignedBlobReceipt {
        let identity = &self.shared().identity;
        let receipt = BlobReceipt {
            township: identity.township,
            blob: blob.hash,
            size_bytes: blob.size_bytes,
            epoch: self.epoch(),
        };
        SignedBlobReceipt { receipt, signature: identity.key.sign(&receipt) }
    }
}

/// Says of each attachment of a question whether it is here. By its row and its file's length: to look into thousands of
/// files is the check's work, and whoever asks has none to send.
pub fn held(connection: &Connection, shared: &Shared, blobs: &Blobs, question: &[u8]) -> Result<Vec<u8>> {
    let asked: HeldQuestion = decode(question, "a question")?;
    known_version("the question", asked.version)?;
    if asked.blobs.len() > MAX_HELD_ASKED {
        return Err(RelayError::TooLarge { limit: MAX_HELD_ASKED as u64 });
    }
    let snapshot = db::snapshot(connection)?;
    let epoch = db::meta::read(&snapshot)?.map_or(Epoch::ZERO, |meta| meta.epoch);
    let size = |hash: &BlobHash| -> Result<u64> {
        let known = db::blob::find(&snapshot, *hash)?;
        Ok(known.filter(|blob| blobs.has(hash, blob.size_bytes)).map_or(0, |blob| blob.size_bytes))
    };
    let answer = HeldAnswer {
        township: shared.identity.township,
        epoch,
        question: *blake3::hash(question).as_bytes(),
        sizes: asked.blobs.iter().map(size).collect::<Result<_>>()?,
    };
    let signature = shared.identity.key.sign(&answer);
    Ok(encode(&SignedHeldAnswer { answer, signature }))
}

/// The blob, if the reader may see a document that names it.
pub fn readable(connection: &Connection, device: &Device, hash: BlobHash) -> Result<Blob> {
    let blob = db::blob::find(connection, hash)?.ok_or(RelayError::NotFound)?;
    let named = match blob.preview_of {
        Some(photo) => photo,
        None => hash,
    };
    if may_read(connection, device, named)? { Ok(blob) } else { Err(RelayError::NotFound) }
}

/// The preview of a photo, if the reader may see a document that names the photo.
pub fn readable_preview(connection: &Connection, device: &Device, photo: BlobHash) -> Result<Blob> {
    if !may_read(connection, device, photo)? {
        return Err(RelayError::NotFound);
    }
    db::blob::find_preview(connection, photo)?.ok_or(RelayError::NotFound)
}

fn may_read(connection: &Connection, device: &Device, named: BlobHash) -> Result<bool> {
    let snapshot = db::snapshot(connection)?;
    let Some(reader) = super::feed::Reader::of_device(&snapshot, device)? else { return Ok(false) };
    for document in db::blob::documents(&snapshot, named)? {
        if reader.sees(&snapshot, document)? {
            return Ok(true);
        }
    }
    Ok(false)
}
