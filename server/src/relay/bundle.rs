//! A bundle: what a phone had not sent when it was revoked, brought by hand and stored as from that phone.
//!
//! The whole bundle is opened and checked before anything of it is stored: by what checks a push. Importing it
//! again changes nothing.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, Read, Seek as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use data_encoding::BASE64;
use serde::Serialize;
use suishou_core::{
    geo::Position,
    id::{BlobHash, CategoryId, DeviceId, DraftId, GridId, MemberId},
    model::{DocumentKind, Severity, blob::BlobKind, draft::DraftBody},
    sync::{
        bundle::{BundleReader, BundledBlob, BundledDraft, Item, SignedManifest, read_township},
        wire::{MAX_BLOB_BYTES, PushOutcome},
    },
    time::Timestamp,
};
use tokio::task::spawn_blocking;

use super::{
    Relay,
    engine::Engine,
    error::{RelayError, Result},
    push::{self, Checked},
    shared::Shared,
    upload::{Promise, Standing},
};
use crate::{
    blobs::Blobs,
    db::{self, Connection, device::Device},
};

/// What an import came to.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct BundleImported {
    /// Whose bundle it is.
    pub device: DeviceId,
    /// Whose phone that was.
    pub member: Option<MemberId>,
    /// Entries in it.
    pub entries: u64,
    /// Of these, stored by this import.
    pub entries_new: u64,
    /// Attachments in it.
    pub blobs: u64,
    /// Of these, stored by this import.
    pub blobs_new: u64,
    /// Drafts in it: begun and never sent. They are no entries and stay in the file.
    pub drafts: u64,
    /// The drafts themselves, if they were asked for: they belong to the person whose phone it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<DraftShown>,
}

/// A draft out of a bundle, for the person who began it.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DraftShown {
    /// Which.
    pub draft: DraftId,
    /// What it was to become.
    pub kind: Option<DocumentKind>,
    /// When it was begun, by the phone's clock.
    pub started_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// In the person's words.
    pub text: String,
    /// What it is about.
    pub category: Option<CategoryId>,
    /// How much it matters.
    pub severity: Option<Severity>,
    /// Where, WGS-84.
    pub position: Option<Position>,
    /// The grid, if the person chose one.
    pub grid: Option<GridId>,
    /// Fields of other kinds' forms.
    pub extra: BTreeMap<String, String>,
    /// Its photos and its recording.
    pub blobs: Vec<DraftBlob>,
    /// What was kept, as base64, if this program can't read it.
    pub unread_base64: Option<String>,
}

/// A photo or a recording of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DraftBlob {
    /// Which.
    pub hash: BlobHash,
    /// What it is.
    pub kind: BlobKind,
    /// Its bytes; none if the phone had lost them.
    pub base64: Option<String>,
}

/// A bundle that is what its phone signed.
struct Opened {
    device: Device,
    manifest: SignedManifest,
    runs: Vec<Checked>,
    drafts: Vec<BundledDraft>,
}

/// A file of the relay's own folder that goes with the import.
#[derive(Debug)]
pub struct Spooled {
    path: PathBuf,
    blobs: Arc<Blobs>,
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(kind = ?error.kind(), "an imported bundle's copy could not be removed");
        }
    }
}

impl Spooled {
    /// Writes the next piece of the bundle.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        self.blobs.check_room(bytes.len() as u64)?;
        let written = File::options()
            .append(true)
            .open(&self.path)
            .and_then(|mut file| io::Write::write_all(&mut file, bytes));
        Ok(written.map_err(suishou_core::error::Error::file("taking in a bundle"))?)
    }
}

impl Relay {
    /// Where a bundle that is being brought is put together.
    pub async fn spool_bundle(&self) -> Result<Spooled> {
        let blobs = Arc::clone(&self.inner.blobs);
        let spooled = spawn_blocking(move || Ok(Spooled { path: blobs.spool()?, blobs }));
        spooled.await.map_err(|_| RelayError::Stopped)?
    }

    /// Opens a bundle with the township's key, checks all of it, and stores it as from its phone. Shows its drafts
    /// if `with_drafts`.
    pub async fn import_bundle(&self, spooled: Spooled, with_drafts: bool) -> Result<BundleImported> {
        let spooled = Arc::new(spooled);
        let file = Arc::clone(&spooled);
        let opened = self.with(move |connection, shared| open(connection, shared, &file.path)).await?;
        let Opened { device, manifest, runs, drafts } = opened;
        let manifest = manifest.manifest;
        let member = self.with(move |connection, _| member_of(connection, &device)).await?;
        let entries_new = self.call(move |engine| engine.store_runs(&runs)).await?;
        let mut blobs_new = 0;
        let mut reader = self.reader(&spooled)?;
        for blob in &manifest.blobs {
            let (next, bytes) =
                spawn_blocking(move || next_blob(reader)).await.map_err(|_| RelayError::Stopped)??;
            reader = next;
            let promise = promise(blob);
            let is_new = self.call(move |engine| engine.keep_blob(&device, &promise, &bytes)).await?;
            blobs_new += u64::from(is_new);
        }
        let count = drafts.len() as u64;
        let opened = if with_drafts {
            let (blobs, promised) = (Arc::clone(&self.inner.blobs), manifest.blobs.clone());
            let show = move || drafts.iter().map(|draft| shown(draft, &promised, &blobs)).collect();
            spawn_blocking(show).await.map_err(|_| RelayError::Stopped)?
        } else {
            Vec::new()
        };
        let imported = BundleImported {
            device: manifest.device,
            member,
            entries: manifest.entries,
            entries_new,
            blobs: manifest.blobs.len() as u64,
            blobs_new,
            drafts: count,
            opened,
        };
        tracing::info!(device = %imported.device, entries_new, blobs_new, drafts = count, "a bundle was imported");
        Ok(imported)
    }

    fn reader(&self, spooled: &Spooled) -> Result<BundleReader<BufReader<File>>> {
        read(&self.inner.shared, &spooled.path)
    }
}

fn read(shared: &Shared, path: &Path) -> Result<BundleReader<BufReader<File>>> {
    let failed = suishou_core::error::Error::file("reading a bundle");
    let mut file = BufReader::new(File::open(path).map_err(&failed)?);
    file.rewind().map_err(&failed)?;
    if read_township(&mut file)? != shared.identity.township {
        return Err(RelayError::WrongTownship);
    }
    Ok(BundleReader::open(file, shared.identity.township, &shared.identity.key)?)
}

/// Reads a bundle to its end: everything in it is what the phone signed.
fn open(connection: &Connection, shared: &Shared, path: &Path) -> Result<Opened> {
    let mut reader = read(shared, path)?;
    let manifest = reader.manifest().clone();
    let device = db::device::find(connection, manifest.manifest.device)?
        .filter(|device| device.member.is_some())
        .ok_or(RelayError::UnknownDevice)?;
    manifest.verify(&device.public_key).map_err(|_| RelayError::UnknownDevice)?;
    let (mut runs, mut drafts) = (Vec::new(), Vec::new());
    let mut blobs = manifest.manifest.blobs.iter();
    while let Some(item) = reader.item()? {
        match item {
            Item::Run { request } => {
                let run = push::check(connection, shared, &request)?;
                if run.device().device != manifest.manifest.device || run.log() != manifest.manifest.log {
                    return Err(RelayError::BrokenChain);
                }
                runs.push(run);
            }
            Item::Blob { bytes } => {
                let expected = blobs.next().ok_or_else(damaged)?;
                check_blob(expected, &bytes)?;
            }
            Item::Draft { draft } => drafts.push(draft),
        }
    }
    let entries: usize = runs.iter().map(Checked::entries).sum();
    let promised = manifest.manifest.drafts.unwrap_or(0);
    let is_whole = entries as u64 == manifest.manifest.entries && drafts.len() as u64 == promised;
    if blobs.next().is_some() || !is_whole {
        return Err(damaged());
    }
    Ok(Opened { device, manifest, runs, drafts })
}

fn check_blob(expected: &BundledBlob, bytes: &[u8]) -> Result<()> {
    let size_bytes = bytes.len() as u64;
    if size_bytes > MAX_BLOB_BYTES {
        return Err(RelayError::TooLarge { limit: MAX_BLOB_BYTES });
    }
    if size_bytes != expected.size_bytes || BlobHash::of(bytes) != expected.hash {
        return Err(damaged());
    }
    Ok(())
}

fn next_blob<R: Read>(mut reader: BundleReader<R>) -> Result<(BundleReader<R>, Vec<u8>)> {
    loop {
        match reader.item()?.ok_or_else(damaged)? {
            Item::Run { .. } | Item::Draft { .. } => {}
            Item::Blob { bytes } => return Ok((reader, bytes)),
        }
    }
}

/// A draft as it can be read; the attachments are in the relay's folder by now.
fn shown(draft: &BundledDraft, promised: &[BundledBlob], blobs: &Blobs) -> DraftShown {
    let (body, unread_base64) = match DraftBody::from_bytes(&draft.body) {
        Ok(body) => (Some(body), None),
        Err(_) => (None, Some(BASE64.encode(&draft.body))),
    };
    let severity = body.as_ref().map(|body| body.severity);
    let body = body.unwrap_or_default();
    let attached = body.blobs().map(|hash| DraftBlob {
        hash,
        kind: promised.iter().find(|blob| blob.hash == hash).map_or(BlobKind::Photo, |blob| blob.kind),
        base64: blobs.read(&hash).ok().map(|bytes| BASE64.encode(&bytes)),
    });
    DraftShown {
        draft: draft.id,
        kind: DocumentKind::from_number(draft.kind),
        started_at: draft.started_at,
        changed_at: draft.changed_at,
        blobs: attached.collect(),
        text: body.text,
        category: body.category,
        severity,
        position: body.fix.map(|fix| fix.position),
        grid: body.grid,
        extra: body.extra,
        unread_base64,
    }
}

fn promise(blob: &BundledBlob) -> Promise {
    Promise {
        hash: Some(blob.hash),
        kind: blob.kind,
        preview_of: blob.preview_of,
        size_bytes: blob.size_bytes,
    }
}

fn member_of(connection: &Connection, device: &Device) -> Result<Option<MemberId>> {
    match device.member {
        Some(row) => Ok(Some(db::member::get(connection, row)?.id)),
        None => Ok(None),
    }
}

fn damaged() -> RelayError {
    RelayError::malformed("an undamaged sealed box")
}

impl Engine {
    /// Stores runs of one log in order; tells how many entries are new.
    fn store_runs(&mut self, runs: &[Checked]) -> Result<u64> {
        let before = db::meta::stored_seq(self.connection())?;
        let receipted = self.store(runs)?;
        if receipted.iter().any(|receipted| receipted.outcome != PushOutcome::Stored) {
            return Err(RelayError::BrokenChain);
        }
        let after = db::meta::stored_seq(self.connection())?;
        Ok(u64::try_from(after - before).unwrap_or(0))
    }

    /// Keeps an attachment as if its phone had uploaded it; false if it is here already.
    fn keep_blob(&mut self, device: &Device, promise: &Promise, bytes: &[u8]) -> Result<bool> {
        let mut standing = self.begin_upload(device, promise)?;
        if matches!(standing, Standing::Whole(_)) {
            return Ok(false);
        }
        // What the phone itself had begun may be damaged: then it begins again, once.
        for _ in 0..2 {
            let Standing::UnderWay(upload) = standing else { return Ok(true) };
            let from = usize::try_from(upload.offset_bytes).unwrap_or(usize::MAX);
            let rest = bytes.get(from..).ok_or_else(damaged)?;
            self.blobs().write(upload.upload, upload.offset_bytes, rest)?;
            standing = match self.raise_offset(device, &upload, rest.len() as u64) {
                Err(RelayError::WrongHash) => self.begin_upload(device, promise)?,
                other => other?,
            };
        }
        if matches!(standing, Standing::Whole(_)) { Ok(true) } else { Err(RelayError::WrongHash) }
    }
}
