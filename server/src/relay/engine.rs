//! The relay without threads and sockets: one writer's connection and plain functions over it.
//!
//! A simulator drives it as it is; the server puts a thread and a queue around it. Everything that is
//! written goes through [`Engine::write`]: one transaction, and nothing is told before it is committed.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use suishou_core::{
    error::{Error, HeldCode},
    id::{DeviceId, Epoch, LogId},
    model::settings::Settings,
    seeded::{self, Seeded},
    store::{
        open::{Lock, lock},
        rows::{renew_rows, set_due_rules},
    },
    sync::wire::{Cursor, SyncResponse},
    time::{Random, SharedClock, Timestamp},
};

pub(super) use super::work::{State, Work};
use super::{
    error::{RelayError, Result},
    feed,
    life::Life,
    marker::Marker,
    push::{self, Checked, Receipted},
    shared::Shared,
    token::TokenKey,
};
use crate::{
    blobs::Blobs,
    db::{self, Connection},
    identity::Identity,
};

/// Most entries that are projected in one transaction.
pub const PROJECTED_AT_ONCE: usize = 1_024;
/// So many places of the feed, and up to as many again by chance, are left out at each start. Where a phone stands
/// that got its place from a run that was lost since, there is none: so it shows that an older database was put back,
/// even if as much has happened since.
const LEAP: i64 = 1 << 19;
/// The marker is renewed at least so often while there is work.
const MARKER_AGE: Duration = Duration::from_mins(1);

/// The relay's single writer.
#[derive(Debug)]
pub struct Engine {
    connection: Connection,
    folder: PathBuf,
    shared: Arc<Shared>,
    blobs: Arc<Blobs>,
    random: Random,
    state: State,
    contacts: BTreeMap<i64, Timestamp>,
    marker: Marker,
    marked_at: Timestamp,
    may_be_copied_back: bool,
    /// How many entries are projected in one transaction: fewer after a failure, to find its cause.
    batch: usize,
    life: Life,
    /// In whose name the present call acts.
    operator: Option<i64>,
    _lock: Lock,
}

impl Engine {
    /// Takes the folder's lock and opens or creates what is in it.
    pub fn open(folder: &Path, identity: Identity, clock: SharedClock, mut random: Random) -> Result<Self> {
        let lock = lock(folder)?;
        let life = Life::begin(folder)?;
        let mut connection = db::writer(folder)?;
        let blobs = Arc::new(Blobs::open(folder)?);
        let tokens = TokenKey::generate(&mut random);
        let is_new = db::meta::read(&connection)?.is_none();
        let (settings, bundle) = set_up(&mut connection, &identity, &mut random, clock.now())?;
        let mut state = State::read(&connection)?;
        if !is_new {
            state.leap = LEAP + i64::try_from(random.below(LEAP.unsigned_abs())).unwrap_or(0);
        }
        let shared = Arc::new(Shared::new(identity, clock, tokens, settings, bundle, state.feed_seq));
        let marker = state.marker();
        let marked_at = shared.clock.now();
        let mut engine = Self {
            connection,
            folder: folder.to_owned(),
            shared,
            blobs,
            random,
            state,
            contacts: BTreeMap::new(),
            marker,
            marked_at,
            may_be_copied_back: true,
            batch: PROJECTED_AT_ONCE,
            life,
            operator: None,
            _lock: lock,
        };
        if !is_new
            && !seeded::is_on(Seeded::MarkerIgnored)
            && !Marker::read(folder).is_some_and(|kept| kept.agrees_with(&marker))
        {
            tracing::warn!("the database is not the one that the marker knows: a new life begins");
            engine.begin_life()?;
        }
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a method's path does not fit every lifetime of the transaction"
        )]
        let renewed = engine.write(|work| work.renew_member_keys())?;
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a method's path does not fit every lifetime of the transaction"
        )]
        engine.write(|work| work.renew_figures())?;
        if renewed > 0 {
            tracing::info!(members = renewed, "scope keys of an older version were renewed");
        }
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method alone is not general enough"
        )]
        let answered = engine.write(|work| work.answer_left_over())?;
        if answered > 0 {
            tracing::info!(incidents = answered, "repetitions of answered incidents get their answer");
        }
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method alone is not general enough"
        )]
        let moved = engine.write(|work| work.bring_left_over_home())?;
        if moved > 0 {
            tracing::info!(documents = moved, "what came late into a grid that is not any more moves");
        }
        engine.marker = engine.state.marker();
        engine.marker.write(folder)?;
        engine.life.drop_old_copies(engine.marked_at);
        Ok(engine)
    }

    /// What all parts share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The blobs on disk.
    pub fn blobs(&self) -> &Arc<Blobs> {
        &self.blobs
    }

    /// For reading on the writer's own connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Does something in the name of an operator: the relay's own entries of it are theirs.
    pub fn in_name_of<T>(&mut self, operator: Option<i64>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.operator = operator;
        let done = work(self);
        self.operator = None;
        done
    }

    /// Chance, for who works beside the writer.
    pub(super) fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        self.random.bytes()
    }

    /// The relay's life.
    pub fn epoch(&self) -> Epoch {
        self.state.meta.epoch
    }

    /// Judges a request on the writer's own connection; nothing is stored yet.
    pub fn check(&self, body: &[u8]) -> Result<Checked> {
        push::check(&self.connection, &self.shared, body)
    }

    /// One exchange from beginning to end, for whoever drives the relay in one thread.
    pub fn sync(&mut self, body: &[u8]) -> Result<SyncResponse> {
        let checked = self.check(body)?;
        let receipted = self.store(std::slice::from_ref(&checked))?.pop();
        let receipted = receipted.ok_or(RelayError::Stopped)?;
        while self.project()? {}
        self.answer(receipted)
    }

    /// Stores what several devices pushed in one commit; each gets what its receipt will say.
    pub fn store(&mut self, pushes: &[Checked]) -> Result<Vec<Receipted>> {
        if seeded::is_on(Seeded::ReceiptBeforeCommit) && self.random.below(8) == 0 {
            // It is told, and then the commit fails.
            let mut told = Err(RelayError::Stopped);
            drop(self.write(|work| {
                told = pushes.iter().map(|push| work.store(push)).collect();
                Err::<(), _>(RelayError::Stopped)
            }));
            return told;
        }
        self.write(|work| pushes.iter().map(|push| work.store(push)).collect())
    }

    /// The answer to an exchange whose push is stored.
    pub fn answer(&mut self, mut receipted: Receipted) -> Result<SyncResponse> {
        if feed::is_foreign(&self.connection, receipted.cursor)? {
            self.suspect_copy_back(receipted.device.device)?;
            receipted.cursor = None;
        }
        feed::answer(&self.connection, &self.shared, &receipted)
    }

    /// Takes entries that are stored into their documents; true if there are more. An entry that
    /// makes the relay itself fail is found by halving and held: it must not stop the others.
    pub fn project(&mut self) -> Result<bool> {
        if !self.has_unprojected() {
            return Ok(false);
        }
        let batch = self.batch;
        match self.project_batch(batch) {
            Ok(()) => self.batch = (batch * 2).min(PROJECTED_AT_ONCE),
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) if batch > 1 => {
                tracing::error!(%error, batch, "a batch could not be projected");
                self.batch = batch / 2;
            }
            Err(error) => {
                tracing::error!(%error, "an entry could not be projected and is held");
                self.write(|work| work.set_aside(HeldCode::Trial))?;
            }
        }
        Ok(self.has_unprojected())
    }

    fn project_batch(&mut self, batch: usize) -> Result<()> {
        let done = catch_unwind(AssertUnwindSafe(|| self.write(|work| work.project(batch))));
        done.unwrap_or_else(|_| {
            self.recover();
            Err(Error::Corrupt("a panic in projection").into())
        })
    }

    /// After a panic: nothing that was learnt or counted since the last commit is true.
    pub(super) fn recover(&mut self) {
        self.operator = None;
        self.state.forget();
        self.look_again();
    }

    /// Documents are behind the entries.
    pub fn has_unprojected(&self) -> bool {
        self.state.meta.projected < self.state.stored_seq
    }

    /// A phone that only asked holds another history of its log.
    pub fn note_fork(&mut self, receipted: &Receipted) -> Result<()> {
        let head = receipted.log_head;
        self.write(|work| work.note_fork(head.log, receipted.device.row, head.head.counter))
    }

    /// Remembers that a device was heard of; kept with the next commit.
    pub fn note_contact(&mut self, device: i64) {
        let now = self.shared.clock.now();
        self.contacts.insert(device, now);
    }

    /// A device stands where the feed has no place: the database was copied back under the same epoch. That can be so only once after a start; a second time the device is wrong.
    pub fn suspect_copy_back(&mut self, device: DeviceId) -> Result<()> {
        if !self.may_be_copied_back {
            tracing::warn!(%device, "a device claims to stand where the feed has no place");
            return Ok(());
        }
        tracing::warn!(%device, "a device stands where the feed has no place: a new life begins");
        self.begin_life()
    }

    /// Begins a life by an operator's order: every phone asks whether the relay has what it once sent.
    pub fn renew_life(&mut self) -> Result<()> {
        self.begin_life()?;
        self.renew_marker()
    }

    fn begin_life(&mut self) -> Result<()> {
        self.may_be_copied_back = false;
        let (epoch, log) = (Epoch::new(self.random.bytes()), LogId::new(self.random.bytes()));
        self.write(|work| {
            db::meta::begin_life(work.transaction, epoch, log)?;
            work.state.meta.epoch = epoch;
            work.state.meta.own_log = log;
            Ok(())
        })?;
        tracing::info!(%epoch, "a new life of the relay");
        Ok(())
    }

    /// Keeps what is only in memory and empties the write-ahead log; at the end and when idle.
    pub fn rest(&mut self) -> Result<()> {
        if self.blobs.has_disk_failed() {
            return Err(self.stop_for_good());
        }
        if !self.contacts.is_empty() {
            self.write(|_| Ok(()))?;
        }
        self.renew_marker()?;
        db::checkpoint(&self.connection)?;
        Ok(())
    }

    /// Empties the write-ahead log, so that nothing of what was overwritten is left in a file. What it follows is
    /// committed: if somebody reads for longer than one waits, that is said in the log, and the next one does it.
    pub(super) fn scrub(&mut self) {
        match db::scrub(&self.connection) {
            Ok(true) => {}
            Ok(false) => tracing::warn!("the write-ahead log is being read and could not be emptied yet"),
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be emptied yet"),
        }
    }

    /// Removes the copies that migrations kept: they have what was sealed or erased since. Returns how many.
    pub(super) fn drop_old_copies(&self) -> Result<u64> {
        let failed = Error::file("removing an old copy of the database");
        let mut removed = 0;
        for file in std::fs::read_dir(&self.folder).map_err(&failed)?.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.strip_suffix(".db").is_some_and(|name| name.starts_with("township.before-")) {
                std::fs::remove_file(file.path()).map_err(&failed)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn renew_marker(&mut self) -> Result<()> {
        let now = self.state.marker();
        self.marked_at = self.shared.clock.now();
        if now != self.marker {
            now.write(&self.folder)?;
            self.marker = now;
        }
        Ok(())
    }

    /// One transaction: all of `work` or nothing. What it returns may be told: it is on the disk.
    pub(super) fn write<T>(&mut self, work: impl FnOnce(&mut Work<'_>) -> Result<T>) -> Result<T> {
        if self.blobs.has_disk_failed() {
            return Err(self.stop_for_good());
        }
        let before = (self.state.meta, self.state.stored_seq, self.state.feed_seq, self.state.leap);
        let done = self.try_write(work);
        if done.as_ref().is_err_and(is_of_the_disk) {
            return Err(self.stop_for_good());
        }
        if done.is_err() {
            (self.state.meta, self.state.stored_seq, self.state.feed_seq, self.state.leap) = before;
            self.state.forget();
            if let Err(RelayError::Core(Error::Store(_) | Error::Corrupt(_))) = &done {
                self.open_again();
            }
            self.look_again();
            return done;
        }
        self.contacts.clear();
        self.state.actors_within_limit();
        if self.state.feed_seq != before.2 {
            self.shared.publish(self.state.feed_seq, std::mem::take(&mut self.state.touched));
        }
        if std::mem::take(&mut self.state.is_announced) {
            self.shared.events.notify_one();
        }
        let is_due = self.shared.clock.now().since(self.marked_at) >= MARKER_AGE;
        if (is_due || self.marker.is_old(&self.state.marker()))
            && let Err(error) = self.renew_marker()
        {
            tracing::warn!(%error, "the marker could not be renewed");
        }
        done
    }

    fn try_write<T>(&mut self, work: impl FnOnce(&mut Work<'_>) -> Result<T>) -> Result<T> {
        let transaction = db::begin(&mut self.connection)?;
        for (device, at) in &self.contacts {
            db::device::set_contact(&transaction, *device, *at)?;
        }
        let mut under_way = Work {
            transaction: &transaction,
            state: &mut self.state,
            shared: &self.shared,
            random: &mut self.random,
            settings: self.shared.settings(),
            now: self.shared.clock.now(),
            operator: self.operator,
        };
        let done = work(&mut under_way)?;
        if self.blobs.are_syncs_refused() {
            return Err(Error::Store(DISK_ERROR.to_owned()).into());
        }
        db::commit(transaction)?;
        Ok(done)
    }

    /// The disk did not take what it was given. What the kernel holds of it may be called clean now and never
    /// reach the disk: nothing more is written, nothing is tidied up, and the next start makes the database anew.
    fn stop_for_good(&mut self) -> RelayError {
        self.blobs.set_disk_failed();
        if self.life.is_disk_failure_noted() {
            return RelayError::Stopped;
        }
        tracing::error!("the disk failed: the relay takes nothing more and stops");
        db::keep_log_at_end(&self.connection);
        self.life.note_disk_failure();
        RelayError::Stopped
    }

    /// After a failed write the connection is not trusted any more.
    fn open_again(&mut self) {
        match db::writer(&self.folder) {
            Ok(connection) => self.connection = connection,
            Err(error) => tracing::error!(%error, "the database could not be opened again"),
        }
    }

    /// After a failure nothing is certain but what the disk says: a commit that failed may have
    /// happened.
    fn look_again(&mut self) {
        match State::read(&self.connection) {
            Ok(state) => {
                (self.state.meta, self.state.stored_seq, self.state.feed_seq) =
                    (state.meta, state.stored_seq, state.feed_seq);
            }
            Err(error) => tracing::error!(%error, "the database can't be read"),
        }
    }
}

/// What SQLite says when the disk fails to read, write or sync.
const DISK_ERROR: &str = "SystemIoFailure";

fn is_of_the_disk(error: &RelayError) -> bool {
    matches!(error, RelayError::Core(Error::Store(what)) if what == DISK_ERROR)
}

/// What goes away by itself, or at least is not the entries' fault.
fn is_passing(error: &RelayError) -> bool {
    matches!(
        error,
        RelayError::Stopped
            | RelayError::Core(Error::StorageFull | Error::Busy | Error::Store(_) | Error::File { .. })
    )
}

/// The first rows of a new database, and the settings of any.
fn set_up(
    connection: &mut Connection,
    identity: &Identity,
    random: &mut Random,
    now: Timestamp,
) -> Result<(Settings, Vec<u8>)> {
    let transaction = db::begin(connection)?;
    if db::meta::read(&transaction)?.is_none() {
        let (epoch, log) = (Epoch::new(random.bytes()), LogId::new(random.bytes()));
        db::meta::begin_life(&transaction, epoch, log)?;
    }
    if db::device::find(&transaction, identity.device)?.is_none() {
        db::device::add(&transaction, identity.device, None, identity.key.public(), now)?;
    }
    let (settings, bundle) = if let Some((_, bundle)) = db::meta::newest_settings(&transaction)? {
        (Settings::from_bytes(&bundle)?, bundle)
    } else {
        let settings = Settings::new(identity.township, identity.name.clone());
        let bundle = settings.to_bytes()?;
        db::meta::add_settings(&transaction, settings.version, &bundle, now)?;
        (settings, bundle)
    };
    set_due_rules(&transaction, &settings)?;
    renew_rows(&transaction)?;
    db::commit(transaction)?;
    Ok((settings, bundle))
}

/// Where a phone without a cursor begins.
pub fn beginning(epoch: Epoch) -> Cursor {
    Cursor { epoch, seq: 0, inside: 0 }
}
