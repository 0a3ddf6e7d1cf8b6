//! A bundle: what a phone had not sent when it was revoked, brought by hand and stored as from that phone.
//!
//! The whole bundle is opened and checked before anything of it is stored: by what checks a push. Importing it
//! again changes nothing. Whose it is and how much is in it is not told of an informant: held entries and reports that
//! come with it would say whose they are. Drafts were sent to nobody: they are opened apart from it, and stored never.

use std::{
    collections::{BTreeMap, BTreeSet},
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
    identity::{KeeperError, is_hidden},
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
    /// Whose phone that was; not told of an informant.
    pub member: Option<MemberId>,
    /// Entries in it. This and the other counts are not told of an informant: they would tie reports to the phone.
    pub entries: Option<u64>,
    /// Of these, stored by this import.
    pub entries_new: Option<u64>,
    /// Attachments in it.
    pub blobs: Option<u64>,
    /// Of these, stored by this import.
    pub blobs_new: Option<u64>,
    /// Drafts in it: begun and never sent. They are no entries and stay in the file.
    pub drafts: Option<u64>,
    /// An informant's: whether there are drafts is told to the identity keeper alone.
    pub drafts_withheld: bool,
}

impl BundleImported {
    /// All that is told of an informant's.
    fn withheld(device: DeviceId) -> Self {
        Self {
            device,
            member: None,
            entries: None,
            entries_new: None,
            blobs: None,
            blobs_new: None,
            drafts: None,
            drafts_withheld: true,
        }
    }
}

/// The drafts of a bundle: they belong to the person whose phone it was.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct BundleDrafts {
    /// Whose bundle it is.
    pub device: DeviceId,
    /// The drafts.
    pub opened: Vec<DraftShown>,
}

/// Who opens drafts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftReader {
    /// The identity keeper: an informant's too.
    Keeper,
    /// Somebody else: the staff's.
    Other,
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
    owner: Owner,
    manifest: SignedManifest,
    runs: Vec<Checked>,
    drafts: Vec<BundledDraft>,
}

/// Whose phone it was.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    Staff(MemberId),
    /// Somebody who is an informant or was one.
    Informant,
}

/// A file of the relay's own folder that goes with the import.
#[derive(Debug)]
pub struct Spooled {
    path: PathBuf,
    blobs: Arc<Blobs>,
}

impl Drop for Spooled {
    fn drop(&mut self) {
        // One that was kept under another name is not here any more.
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(kind = ?error.kind(), "an imported bundle's copy could not be removed");
        }
    }
}

impl Spooled {
    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

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

    /// Opens a bundle with the township's key, checks all of it, and stores it as from its phone.
    pub async fn import_bundle(&self, spooled: Spooled) -> Result<BundleImported> {
        let spooled = Arc::new(spooled);
        let file = Arc::clone(&spooled);
        let opened = self.with(move |connection, shared| open(connection, shared, &file.path)).await?;
        let Opened { device, owner, manifest, runs, drafts } = opened;
        let manifest = manifest.manifest;
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
        let device = manifest.device;
        let Owner::Staff(member) = owner else {
            tracing::info!(%device, "a bundle was imported");
            return Ok(BundleImported::withheld(device));
        };
        let drafts = drafts.len() as u64;
        tracing::info!(%device, entries_new, blobs_new, drafts, "a bundle was imported");
        Ok(BundleImported {
            member: Some(member),
            entries: Some(manifest.entries),
            entries_new: Some(entries_new),
            blobs: Some(manifest.blobs.len() as u64),
            blobs_new: Some(blobs_new),
            drafts: Some(drafts),
            drafts_withheld: false,
            ..BundleImported::withheld(device)
        })
    }

    /// Opens the drafts of a bundle and stores nothing of it; says whose device it is also if it refuses.
    pub async fn open_drafts(
        &self,
        spooled: Spooled,
        reader: DraftReader,
    ) -> Result<(DeviceId, Result<BundleDrafts>)> {
        let spooled = Arc::new(spooled);
        let file = Arc::clone(&spooled);
        let opened = self.with(move |connection, shared| open(connection, shared, &file.path)).await?;
        let Opened { owner, manifest, drafts, .. } = opened;
        let manifest = manifest.manifest;
        let device = manifest.device;
        if owner == Owner::Informant && reader != DraftReader::Keeper {
            return Ok((device, Err(KeeperError::KeeperOnly.into())));
        }
        let (source, blobs) = (self.reader(&spooled)?, Arc::clone(&self.inner.blobs));
        let show = move || show_all(&drafts, &manifest.blobs, source, &blobs);
        let opened = spawn_blocking(show).await.map_err(|_| RelayError::Stopped)??;
        tracing::info!(%device, "the drafts of a bundle were opened");
        Ok((device, Ok(BundleDrafts { device, opened })))
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
    let device = db::device::find(connection, manifest.manifest.device)?.ok_or(RelayError::UnknownDevice)?;
    let member = db::member::get(connection, device.member.ok_or(RelayError::UnknownDevice)?)?;
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
    let owner =
        if is_hidden(connection, &member, None)? { Owner::Informant } else { Owner::Staff(member.id) };
    Ok(Opened { device, owner, manifest, runs, drafts })
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

/// Drafts with their attachments out of the bundle, or, if they came before, out of the relay's folder.
fn show_all<R: Read>(
    drafts: &[BundledDraft],
    promised: &[BundledBlob],
    mut source: BundleReader<R>,
    stored: &Blobs,
) -> Result<Vec<DraftShown>> {
    let bodies: Vec<_> = drafts.iter().map(|draft| DraftBody::from_bytes(&draft.body).ok()).collect();
    let wanted: BTreeSet<BlobHash> = bodies.iter().flatten().flat_map(DraftBody::blobs).collect();
    let mut found = BTreeMap::new();
    for blob in promised {
        let (next, bytes) = next_blob(source)?;
        source = next;
        if wanted.contains(&blob.hash) {
            found.insert(blob.hash, (blob.kind, BASE64.encode(&bytes)));
        }
    }
    let attached = |hash: BlobHash| match found.get(&hash) {
        Some((kind, base64)) => DraftBlob { hash, kind: *kind, base64: Some(base64.clone()) },
        None => DraftBlob {
            hash,
            kind: BlobKind::Photo,
            base64: stored.read(&hash).ok().map(|bytes| BASE64.encode(&bytes)),
        },
    };
    Ok(drafts.iter().zip(bodies).map(|(draft, body)| shown(draft, body, &attached)).collect())
}

/// A draft as it can be read.
fn shown(
    draft: &BundledDraft,
    body: Option<DraftBody>,
    attached: &impl Fn(BlobHash) -> DraftBlob,
) -> DraftShown {
    let unread_base64 = body.is_none().then(|| BASE64.encode(&draft.body));
    let severity = body.as_ref().map(|body| body.severity);
    let body = body.unwrap_or_default();
    DraftShown {
        draft: draft.id,
        kind: DocumentKind::from_number(draft.kind),
        started_at: draft.started_at,
        changed_at: draft.changed_at,
        blobs: body.blobs().map(attached).collect(),
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
    pub(super) fn keep_blob(&mut self, device: &Device, promise: &Promise, bytes: &[u8]) -> Result<bool> {
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
