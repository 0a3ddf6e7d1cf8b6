//! The relay's housekeeping beside its work: one backup or check at a time, what came of the last, and when the
//! next is due. What must be known after a restart stands in `keeping.json`.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use suishou_core::time::Timestamp;

use super::{
    Relay, RelayError,
    backup::{KeepingError, Order, Progress, Seal, Shelf, Shipped, Snapshot, Source, Taken, ship, take},
    check::{CheckReport, check},
};
use crate::{
    config::BackupConfig,
    folder::{self, Folder},
};

/// After a failure, until a due backup is tried again.
const RETRY_AFTER: Duration = Duration::from_hours(1);

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Chore {
    /// A backup is taken.
    Backup,
    /// Everything is looked at.
    Check,
}

/// `keeping.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = KeepingKept)]
#[serde(default)]
pub struct Kept {
    /// The last backup that was whole.
    pub backup_at: Option<Timestamp>,
    /// Where it is.
    #[schema(value_type = Option<String>)]
    pub backup_to: Option<PathBuf>,
    /// The last that was not.
    pub failed_at: Option<Timestamp>,
    /// Why, by its code.
    pub failed: Option<String>,
    /// The last check.
    pub check_at: Option<Timestamp>,
    /// How many damages it found.
    pub check_damage: u64,
}

/// Something under way.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RunningShown {
    /// What.
    pub what: Chore,
    /// Since when.
    pub since: Timestamp,
    /// How far.
    pub done: u64,
    /// Of how much.
    pub total: u64,
}

/// How something ended.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
#[schema(as = ChoreEnded)]
pub struct Ended {
    /// Why it was not done, by its code.
    pub error: Option<String>,
    /// More about it.
    pub detail: String,
    /// The backup.
    pub taken: Option<Taken>,
    /// The check.
    pub report: Option<CheckReport>,
    /// Grows with everything that ends, so that who waits knows the new from the old.
    pub number: u64,
}

/// How the housekeeping stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeepingShown {
    /// What is under way.
    pub running: Option<RunningShown>,
    /// How the last one of this run ended; none for who does not keep house.
    pub ended: Option<Ended>,
    /// What is known across restarts.
    pub kept: Kept,
    /// Where scheduled backups go.
    #[schema(value_type = Option<String>)]
    pub to: Option<PathBuf>,
    /// How often; 0 for never.
    pub every_hours: u32,
    /// The last backup is older than it should be.
    pub is_overdue: bool,
}

impl KeepingShown {
    /// The same without what names a folder.
    #[must_use]
    pub fn without_places(self) -> Self {
        Self { ended: None, to: None, kept: Kept { backup_to: None, ..self.kept }, ..self }
    }
}

/// The housekeeping of a relay.
#[derive(Debug)]
pub struct Keeper {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    config: BackupConfig,
    running: Option<(Chore, Timestamp, Arc<Progress>)>,
    ended: Option<Ended>,
    kept: Kept,
    shipped: Shipped,
}

impl Keeper {
    pub(super) fn new(folder: &Path) -> Self {
        let text = std::fs::read(file(folder)).unwrap_or_default();
        let kept = serde_json::from_slice(&text).unwrap_or_default();
        Self { folder: folder.to_owned(), state: Mutex::new(State { kept, ..State::default() }) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what config.toml says.
    pub fn configure(&self, config: BackupConfig) {
        self.state().config = config;
    }

    /// How things stand.
    pub fn show(&self, now: Timestamp) -> KeepingShown {
        let state = self.state();
        let running = state.running.as_ref().map(|(what, since, progress)| RunningShown {
            what: *what,
            since: *since,
            done: progress.done.load(Ordering::Relaxed),
            total: progress.total.load(Ordering::Relaxed),
        });
        let every = state.config.every();
        let limit = every.map(|every| every * 2);
        let is_overdue = match (limit, state.kept.backup_at) {
            (Some(limit), Some(at)) => now.since(at) > limit,
            (Some(_), None) => true,
            (None, _) => false,
        };
        KeepingShown {
            running,
            ended: state.ended.clone(),
            kept: state.kept.clone(),
            to: state.config.to.clone(),
            every_hours: state.config.every_hours,
            is_overdue,
        }
    }

    /// The order of the backups that config.toml asks for.
    pub fn order(&self) -> Result<Order, KeepingError> {
        let config = self.state().config.clone();
        Ok(Order {
            to: config.to.ok_or(KeepingError::NoFolder)?,
            seal: config.encrypt_to.as_deref().map(Seal::to).transpose()?,
            key: None,
            keep: Some(config.keep).filter(|keep| *keep > 0),
        })
    }

    /// A scheduled backup that should be taken now.
    fn due(&self, now: Timestamp) -> Option<Order> {
        let every = self.state().config.every()?;
        let kept = self.state().kept.clone();
        let is_due = kept.backup_at.is_none_or(|at| now.since(at) >= every);
        let may_try = kept.failed_at.is_none_or(|at| now.since(at) >= RETRY_AFTER.min(every));
        (is_due && may_try).then(|| self.order().ok()).flatten()
    }

    /// Whether the folder held backups before and is not there now.
    fn check_gone(&self, order: &Order) -> Result<(), KeepingError> {
        let was_there = self.state().kept.backup_to.as_ref() == Some(&order.to);
        if was_there && matches!(Shelf::open(&order.to), Err(KeepingError::NoBackup(_))) {
            return Err(KeepingError::Gone(order.to.display().to_string()));
        }
        Ok(())
    }

    fn enter(&self, what: Chore, now: Timestamp) -> Result<Arc<Progress>, KeepingError> {
        let mut state = self.state();
        if state.running.is_some() {
            return Err(KeepingError::Running);
        }
        let progress = Arc::new(Progress::default());
        state.running = Some((what, now, Arc::clone(&progress)));
        Ok(progress)
    }

    fn leave(&self, now: Timestamp, done: Result<(Option<Taken>, Option<CheckReport>), &KeepingError>) {
        let mut state = self.state();
        let is_backup = matches!(state.running, Some((Chore::Backup, ..)));
        state.running = None;
        let number = state.ended.as_ref().map_or(0, |ended| ended.number) + 1;
        let mut ended = Ended { number, ..Ended::default() };
        match done {
            Ok((taken, report)) => {
                if let Some(taken) = &taken {
                    state.kept.backup_at = Some(now);
                    state.kept.backup_to = Some(PathBuf::from(&taken.to));
                    (state.kept.failed_at, state.kept.failed) = (None, None);
                }
                if let Some(report) = &report {
                    state.kept.check_at = Some(now);
                    state.kept.check_damage = if report.is_repaired { 0 } else { report.damage() };
                }
                (ended.taken, ended.report) = (taken, report);
            }
            Err(error) => {
                if is_backup {
                    state.kept.failed_at = Some(now);
                    state.kept.failed = Some(error.code().to_owned());
                }
                ended.error = Some(error.code().to_owned());
                ended.detail = error.detail();
            }
        }
        state.ended = Some(ended);
        let kept = state.kept.clone();
        drop(state);
        let json = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        if let Err(error) = folder::replace_private(&file(&self.folder), &json) {
            tracing::warn!(%error, "keeping.json can't be written");
        }
    }

    /// Asks what is under way to come to an end.
    pub(super) fn cancel(&self) {
        if let Some((_, _, progress)) = &self.state().running {
            progress.is_cancelled.store(true, Ordering::Relaxed);
        }
    }
}

fn file(folder: &Path) -> PathBuf {
    Folder::new(folder).path().join("keeping.json")
}

impl Relay {
    /// The housekeeping.
    pub fn keeper(&self) -> &Keeper {
        &self.inner.keeper
    }

    /// Jobs that wait for the writer.
    pub fn queue_depth(&self) -> usize {
        self.inner.jobs.max_capacity() - self.inner.jobs.capacity()
    }

    /// How the housekeeping stands.
    pub fn keeping(&self) -> KeepingShown {
        self.inner.keeper.show(self.inner.shared.clock.now())
    }

    /// Takes a backup beside the relay's work.
    pub async fn back_up(&self, order: Order) -> Result<Taken, KeepingError> {
        let relay = self.clone();
        let progress = self.inner.keeper.enter(Chore::Backup, self.inner.shared.clock.now())?;
        let done = tokio::task::spawn_blocking(move || {
            let inner = &relay.inner;
            inner.keeper.check_gone(&order)?;
            inner.readers.with(|connection| {
                let source = Source {
                    folder: &inner.keeper.folder,
                    township: inner.shared.identity.township,
                    connection,
                    blobs: &inner.blobs,
                    at: inner.shared.clock.now(),
                };
                take(&source, &order, &progress)
            })
        });
        let done = done.await.unwrap_or_else(|_| Err(KeepingError::Setup("a panic".to_owned())));
        match &done {
            Ok(taken) => tracing::info!(
                snapshot = %taken.name, blobs = taken.blobs, copied = taken.blobs_copied, "a backup is whole"
            ),
            Err(error) => tracing::error!(code = error.code(), "a backup failed"),
        }
        let outcome = done.as_ref().map(|taken| (Some(taken.clone()), None));
        self.inner.keeper.leave(self.inner.shared.clock.now(), outcome);
        done
    }

    /// Looks at everything that is kept, and, if asked to, has the phones bring again what is damaged.
    pub async fn check_all(&self, is_deep: bool, repair: bool) -> Result<CheckReport, KeepingError> {
        let relay = self.clone();
        let progress = self.inner.keeper.enter(Chore::Check, self.inner.shared.clock.now())?;
        let checked = tokio::task::spawn_blocking(move || {
            let inner = &relay.inner;
            let township = inner.shared.identity.township;
            inner.readers.with(|connection| check(connection, &inner.blobs, township, is_deep, &progress))
        });
        let mut done = checked.await.unwrap_or_else(|_| Err(KeepingError::Setup("a panic".to_owned())));
        if let Ok(report) = &mut done
            && repair
            && !(report.missing_blobs.is_empty() && report.damaged_blobs.is_empty())
        {
            match self.ask_again(report.damaged_blobs.clone()).await {
                Ok(()) => report.is_repaired = true,
                Err(error) => done = Err(KeepingError::Setup(error.to_string())),
            }
        }
        if let Ok(report) = &done {
            tracing::info!(damage = report.damage(), blobs = report.blobs, "everything was looked at");
        }
        let outcome = done.as_ref().map(|report| (None, Some(report.clone())));
        self.inner.keeper.leave(self.inner.shared.clock.now(), outcome);
        done
    }

    /// Puts damaged blobs aside and begins a new life, in which every phone asks whether the relay has what it
    /// once sent: what is gone comes again.
    async fn ask_again(&self, damaged: Vec<suishou_core::id::BlobHash>) -> Result<(), RelayError> {
        for hash in &damaged {
            self.inner.blobs.put_aside(hash)?;
        }
        self.call(super::Engine::renew_life).await
    }

    /// Puts what the command centre did since into the folder of the last backup; how many runs.
    pub async fn ship_journal(&self) -> Result<usize, KeepingError> {
        let relay = self.clone();
        let shipping = tokio::task::spawn_blocking(move || {
            let inner = &relay.inner;
            let (to, mut shipped) = {
                let state = inner.keeper.state();
                (state.kept.backup_to.clone(), state.shipped.clone())
            };
            let Some(to) = to else { return Ok(0) };
            let shelf = Shelf::open(&to)?;
            let at = inner.shared.clock.now();
            let done = inner.readers.with(|connection| ship(connection, &shelf, &mut shipped, at));
            inner.keeper.state().shipped = shipped;
            done
        });
        shipping.await.unwrap_or_else(|_| Err(KeepingError::Setup("a panic".to_owned())))
    }

    /// Takes the scheduled backup if one is due; whether one was tried. Between them the relay's own log goes into
    /// the backup folder.
    pub async fn keep_house(&self) -> bool {
        if let Err(error) = self.ship_journal().await {
            tracing::warn!(code = error.code(), "the command centre's work is not in the backup folder yet");
        }
        match self.inner.keeper.due(self.inner.shared.clock.now()) {
            Some(order) => !matches!(self.back_up(order).await, Err(KeepingError::Running)),
            None => false,
        }
    }

    /// Begins a backup and does not wait for its end; the number of the last one that ended before.
    pub fn begin_backup(&self, order: Order) -> Result<u64, KeepingError> {
        let before = self.begin()?;
        let relay = self.clone();
        tokio::spawn(async move { drop(relay.back_up(order).await) });
        Ok(before)
    }

    /// Begins a check likewise.
    pub fn begin_check(&self, is_deep: bool, repair: bool) -> Result<u64, KeepingError> {
        let before = self.begin()?;
        let relay = self.clone();
        tokio::spawn(async move { drop(relay.check_all(is_deep, repair).await) });
        Ok(before)
    }

    fn begin(&self) -> Result<u64, KeepingError> {
        let shown = self.keeping();
        if shown.running.is_some() {
            return Err(KeepingError::Running);
        }
        Ok(shown.ended.map_or(0, |ended| ended.number))
    }

    /// The snapshots in the folder of scheduled backups.
    pub async fn snapshots(&self) -> Result<Vec<Snapshot>, KeepingError> {
        let order = self.inner.keeper.order()?;
        let listed = tokio::task::spawn_blocking(move || Shelf::open(&order.to)?.snapshots());
        listed.await.unwrap_or_else(|_| Err(KeepingError::Setup("a panic".to_owned())))
    }
}

/// What SQLite finds wrong in a township's database at a quick look, whether its relay runs or not.
pub fn quick_look(folder: &Path) -> Result<Vec<String>, KeepingError> {
    let connection = crate::db::keeping::open_copy(&folder.join(crate::db::FILE))?;
    Ok(crate::db::keeping::structure(&connection, false)?)
}

/// A township whose relay does not run: the folder is locked, the database only read.
#[derive(Debug)]
pub struct Resting {
    folder: PathBuf,
    identity: crate::identity::Identity,
    blobs: crate::blobs::Blobs,
    clock: suishou_core::time::SharedClock,
    _lock: suishou_core::store::open::Lock,
}

impl Resting {
    /// Locks the folder; [`KeepingError::Running`] if a relay has it.
    pub fn open(folder: &Path, clock: suishou_core::time::SharedClock) -> Result<Self, KeepingError> {
        let identity = crate::identity::Identity::load(&Folder::new(folder))
            .map_err(|error| KeepingError::Setup(error.to_string()))?;
        let lock = suishou_core::store::open::lock(folder).map_err(|error| match error {
            suishou_core::error::Error::Busy => KeepingError::Running,
            other => other.into(),
        })?;
        let blobs = crate::blobs::Blobs::open(folder)?;
        Ok(Self { folder: folder.to_owned(), identity, blobs, clock, _lock: lock })
    }

    fn keeper(&self, what: Chore) -> Result<(Keeper, Arc<Progress>), KeepingError> {
        let keeper = Keeper::new(&self.folder);
        let progress = keeper.enter(what, self.clock.now())?;
        Ok((keeper, progress))
    }

    /// Takes a backup.
    pub fn back_up(&self, order: &Order) -> Result<Taken, KeepingError> {
        let (keeper, progress) = self.keeper(Chore::Backup)?;
        let run = || {
            keeper.check_gone(order)?;
            let connection = crate::db::keeping::open_copy(&self.folder.join(crate::db::FILE))?;
            let source = Source {
                folder: &self.folder,
                township: self.identity.township,
                connection: &connection,
                blobs: &self.blobs,
                at: self.clock.now(),
            };
            take(&source, order, &progress)
        };
        let done = run();
        keeper.leave(self.clock.now(), done.as_ref().map(|taken| (Some(taken.clone()), None)));
        done
    }

    /// Looks at everything that is kept.
    pub fn check(&self, is_deep: bool) -> Result<CheckReport, KeepingError> {
        let (keeper, progress) = self.keeper(Chore::Check)?;
        let run = || {
            let connection = crate::db::keeping::open_copy(&self.folder.join(crate::db::FILE))?;
            check(&connection, &self.blobs, self.identity.township, is_deep, &progress)
        };
        let done = run();
        keeper.leave(self.clock.now(), done.as_ref().map(|report| (None, Some(report.clone()))));
        done
    }
}
