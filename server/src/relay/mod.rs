//! The relay: takes what phones push, keeps it, and feeds each phone what its member may see.
//!
//! ```text
//! http ─▶ push (check) ─▶ writer ─▶ engine: push (store) ─▶ project ─▶ scope ─▶ feed ─▶ http
//! ```
//!
//! The engine is plain functions over one connection; [`Relay`] puts a thread, a queue and readers
//! around it.

pub mod act;
pub mod backup;
pub mod audit;
pub mod basemap;
mod bundle;
pub mod check;
pub mod devices;
pub mod engine;
pub mod enrolment;
mod erase;
pub mod error;
pub mod export;
pub mod feed;
pub mod grids;
pub mod held;
pub mod figures;
mod http;
pub mod identity;
pub mod intake;
mod issue;
pub mod keeper;
mod life;
mod marker;
mod members;
mod merge;
mod news;
pub mod operator;
pub mod operators;
pub mod picture;
mod project;
pub mod push;
pub mod quota;
pub mod reading;
pub mod retention;
mod schema;
mod reminders;
mod repetitions;
mod scope;
mod seen;
pub mod settings;
pub mod shared;
pub mod shown;
pub mod subject;
pub mod signature;
pub mod token;
mod tus;
pub mod upload;
pub mod webhooks;
mod work;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use suishou_core::{
    document::Record,
    id::{BlobHash, DocumentId},
    model::{
        household::HouseholdCard,
        settings::{Checkpoint, Department, Settings},
    },
    rows::IncidentRow,
    sync::wire::{BlobKind, PushOutcome, SyncResponse},
    time::{Random, SharedClock},
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::spawn_blocking,
};

pub use act::{Act, Step};
pub use bundle::{BundleDrafts, BundleImported, DraftBlob, DraftReader, DraftShown, Spooled};
pub use devices::DeviceShown;
pub use engine::Engine;
pub use enrolment::Invited;
pub use error::{RelayError, Result};
pub use grids::GridsImported;
pub use held::HeldShown;
pub use news::{Change, News};
pub use operators::OperatorRole;
pub use quota::{Quotas, Terms};
pub use reading::{Kind, Label, Listed, Shown, WorkFilter};
pub use reminders::Reminded;
pub use settings::{SettingsFile, VersionShown};
pub use shown::{BlobShown, Imported, Member, NoteShown, PersonShown, RelayStatus};

use crate::{
    blobs::Blobs,
    db::{Connection, Readers},
    identity::Identity,
};
use shared::Shared;
use writer::Job;

/// Most requests that are worked on at once; the others wait.
const AT_ONCE: usize = 16;
/// Most that wait for that; those beyond are told at once to come back later, so that nobody waits for long.
const WAITING: usize = 256;

/// A running relay; cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    blobs: Arc<Blobs>,
    readers: Readers,
    keeper: keeper::Keeper,
    jobs: mpsc::Sender<Job>,
    turns: Semaphore,
    places: Semaphore,
    gate: operators::Gate,
    writer: Mutex<Option<JoinHandle<()>>>,
    retaining: Arc<tokio::sync::Mutex<()>>,
    /// One photo of an operator's is developed at a time.
    developing: Arc<tokio::sync::Mutex<()>>,
    base_map: basemap::BaseMap,
}

/// A stored blob, for an operator.
#[derive(Clone, Debug)]
pub struct BlobRead {
    /// What it is.
    pub kind: BlobKind,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Relay {
    /// Takes the folder's lock, opens or creates `township.db` and `blobs/`, starts the writer.
    pub fn start(folder: &Path, identity: Identity, clock: SharedClock, random: Random) -> Result<Self> {
        let mut engine = Engine::open(folder, identity, clock, random)?;
        if let Err(error) = engine.drop_stale_uploads() {
            tracing::warn!(%error, "old uploads could not be dropped");
        }
        if let Err(error) = engine.drop_doomed_blobs() {
            tracing::warn!(%error, "files of erased attachments could not be removed");
        }
        let (shared, blobs) = (Arc::clone(engine.shared()), Arc::clone(engine.blobs()));
        let (jobs, queue) = mpsc::channel(writer::QUEUE);
        let writer = Mutex::new(Some(writer::start(engine, queue)?));
        let readers = Readers::new(folder);
        let (turns, places) = (Semaphore::new(AT_ONCE), Semaphore::new(AT_ONCE + WAITING));
        let keeper = keeper::Keeper::new(folder);
        let base_map = basemap::BaseMap::open(folder);
        let gate = operators::Gate::default();
        let (retaining, developing) = (Arc::default(), Arc::default());
        let inner = Inner {
            shared,
            blobs,
            readers,
            keeper,
            jobs,
            turns,
            places,
            gate,
            writer,
            retaining,
            developing,
            base_map,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Everything under `/v1`.
    pub fn device_router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// Finishes what was begun, checkpoints, ends the writer.
    pub async fn stop(&self) {
        self.inner.keeper.cancel();
        drop(self.inner.jobs.send(Job::Stop).await);
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && !matches!(spawn_blocking(move || writer.join()).await, Ok(Ok(())))
        {
            tracing::error!("the writer ended in a panic");
        }
    }

    /// One exchange with a phone.
    pub async fn sync(&self, body: Vec<u8>) -> Result<SyncResponse> {
        let _place = self.inner.places.try_acquire().map_err(|_| RelayError::Overloaded)?;
        let _turn = self.inner.turns.acquire().await.map_err(|_| RelayError::Stopped)?;
        let checked = self
            .with(move |connection, shared| {
                let checked = push::check(connection, shared, &body)?;
                quota::admit_push(connection, shared, &checked)?;
                Ok(checked)
            })
            .await?;
        if !checked.is_pull() {
            self.inner.blobs.check_room_for_entries()?;
        }
        let receipted = if checked.is_pull() {
            // Without the writer; if it is too busy to note the contact, the next one will be noted.
            drop(self.inner.jobs.try_send(Job::Contact(checked.device().row)));
            let receipted = self
                .with(move |connection, shared| checked.receipt_of_pull(connection, shared.clock.now()))
                .await?;
            if receipted.outcome == PushOutcome::Forked {
                let receipted = receipted.clone();
                self.call(move |engine| engine.note_fork(&receipted)).await?;
            }
            receipted
        } else {
            let (answer, receipt) = oneshot::channel();
            self.queue(Job::Push(Box::new(checked), answer))?;
            receipt.await.map_err(|_| RelayError::Stopped)??
        };
        let (device, cursor) = (receipted.device.device, receipted.cursor);
        if self.with(move |connection, _| feed::is_foreign(connection, cursor)).await? {
            self.call(move |engine| engine.suspect_copy_back(device)).await?;
        }
        self.with(move |connection, shared| {
            let is_foreign = feed::is_foreign(connection, receipted.cursor)?;
            let cursor = receipted.cursor.filter(|_| !is_foreign);
            feed::answer(connection, shared, &push::Receipted { cursor, ..receipted })
        })
        .await
    }

    /// The township's settings.
    #[expect(clippy::unused_async, reason = "like every other question")]
    pub async fn settings(&self) -> Arc<Settings> {
        self.inner.shared.settings()
    }

    /// Adds or changes members; nobody is removed by not being named.
    pub async fn import_members(&self, members: Vec<Member>) -> Result<Imported> {
        self.call(move |engine| engine.import_members(members)).await
    }

    /// Adds or changes departments; none is removed by not being named.
    pub async fn import_departments(&self, departments: Vec<Department>) -> Result<Imported> {
        self.call(move |engine| engine.import_departments(departments)).await
    }

    /// All members.
    pub async fn members(&self) -> Result<Vec<Member>> {
        let members = self.with(|connection, _| Ok(crate::db::member::all(connection)?)).await?;
        Ok(members.into_iter().map(Member::from).collect())
    }

    /// Documents of a kind, newest first.
    pub async fn list<R: Kind>(&self, filter: WorkFilter) -> Result<Vec<Listed<R>>> {
        self.with(|connection, shared| {
            reading::list(connection, &shared.settings(), shared.clock.now(), filter)
        })
        .await
    }

    /// All of a document of a kind, as everybody may see it.
    pub async fn show<R: Kind>(&self, document: DocumentId) -> Result<Shown<R>> {
        self.show_to(document, identity::Viewer::Other).await
    }

    /// All of a document of a kind, for whose eyes it is.
    pub async fn show_to<R: Kind>(&self, document: DocumentId, viewer: identity::Viewer) -> Result<Shown<R>> {
        self.with(move |connection, shared| {
            reading::show(connection, &shared.settings(), shared.clock.now(), document, viewer)
        })
        .await
    }

    /// Incidents, newest first.
    pub async fn incidents(&self, filter: WorkFilter) -> Result<Vec<Listed<IncidentRow>>> {
        self.list(filter).await
    }

    /// All of an incident.
    pub async fn incident(&self, document: DocumentId) -> Result<Shown<IncidentRow>> {
        self.show(document).await
    }

    /// An operator's action on whichever document.
    pub async fn act(&self, document: DocumentId, act: Act) -> Result<()> {
        self.call(move |engine| engine.act(document, &act)).await
    }

    /// A record in the name of the command centre; answers with the new document's id.
    pub async fn issue(&self, record: Record) -> Result<DocumentId> {
        self.call(move |engine| engine.issue(&record)).await
    }

    /// Says of incidents that they repeat another one; all of them or none.
    pub async fn merge(
        &self,
        primary: DocumentId,
        others: Vec<DocumentId>,
        remark: Option<String>,
        seen: Option<u64>,
    ) -> Result<()> {
        self.call(move |engine| engine.merge(primary, &others, remark.as_deref(), seen)).await
    }

    /// Adds households, or gives those that are known a new card.
    pub async fn import_households(&self, cards: Vec<HouseholdCard>) -> Result<Imported> {
        self.call(move |engine| engine.import_households(&cards)).await
    }

    /// Takes a settings file in place of the present settings.
    pub async fn import_settings(&self, file: SettingsFile) -> Result<Imported> {
        self.call(move |engine| engine.import_settings(file)).await
    }

    /// Adds or changes checkpoints.
    pub async fn import_checkpoints(&self, checkpoints: Vec<Checkpoint>) -> Result<Imported> {
        self.call(move |engine| engine.import_checkpoints(checkpoints)).await
    }

    /// The settings of a version.
    pub async fn settings_version(&self, version: u64) -> Result<SettingsFile> {
        self.with(move |connection, _| settings::version(connection, version)).await
    }

    /// Every version of the settings, newest first.
    pub async fn settings_history(&self) -> Result<Vec<VersionShown>> {
        self.with(|connection, _| settings::history(connection)).await
    }

    /// Whether a document names a blob.
    pub async fn names_blob(&self, document: DocumentId, hash: BlobHash) -> Result<bool> {
        self.with(move |connection, _| Ok(crate::db::blob::is_of(connection, hash, document)?)).await
    }

    /// A stored blob, for an operator's eyes.
    pub async fn blob(&self, hash: BlobHash) -> Result<BlobRead> {
        let found = self.with(move |connection, _| Ok(crate::db::blob::find(connection, hash)?)).await?;
        self.read_blob(found.ok_or(RelayError::NotFound)?).await
    }

    /// The preview of a photo, for an operator's eyes.
    pub async fn preview(&self, photo: BlobHash) -> Result<BlobRead> {
        let found =
            self.with(move |connection, _| Ok(crate::db::blob::find_preview(connection, photo)?)).await?;
        self.read_blob(found.ok_or(RelayError::NotFound)?).await
    }

    /// Takes into documents all that is stored, before whatever is asked for next.
    pub async fn follow(&self) -> Result<()> {
        self.call(|engine| {
            while engine.project()? {}
            Ok(())
        })
        .await
    }

    /// How the relay is.
    pub async fn status(&self) -> Result<RelayStatus> {
        self.with(operator::status).await
    }

    async fn read_blob(&self, blob: crate::db::blob::Blob) -> Result<BlobRead> {
        let blobs = Arc::clone(&self.inner.blobs);
        let bytes =
            spawn_blocking(move || blobs.read(&blob.hash)).await.map_err(|_| RelayError::Stopped)??;
        Ok(BlobRead { kind: blob.kind, bytes })
    }

    /// The blobs on disk, and the disk's own state.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// Reads on a connection beside the writer's.
    async fn with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, &Shared) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        let span = tracing::Span::current();
        let reading =
            move || span.in_scope(|| inner.readers.with(|connection| read(connection, &inner.shared)));
        spawn_blocking(reading).await.map_err(|_| RelayError::Stopped)?
    }

    /// Does something on the writer's thread.
    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let (operator, span) = (operators::acting(), tracing::Span::current());
        self.queue(Job::Call(Box::new(move |engine| {
            // What is logged on the way is the request's, whichever thread it is on.
            let _entered = span.enter();
            drop(answer.send(engine.in_name_of(operator, call)));
        })))?;
        answered.await.map_err(|_| RelayError::Stopped)?
    }

    /// A full queue is told at once: the phone comes back later.
    fn queue(&self, job: Job) -> Result<()> {
        self.inner.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RelayError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => RelayError::Stopped,
        })
    }
}
