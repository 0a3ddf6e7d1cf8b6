//! Room on the phone: what may go because the relay holds it, and what is kept back so that text always fits.
//!
//! A photo goes only if the relay's present life receipted it, nothing that is unsent or held names it, and the
//! entries that name it are old by the relay's clock and the phone's. The row stays and says so.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

use super::{
    append::{Made, entry_columns, referred, state},
    ballast::keep_ballast,
    copies,
    draft::draft_blobs,
    life::DATABASE,
    phone::{Store, cursor},
    read::present_epoch,
    sql,
};
use crate::{
    error::{Error, Result},
    id::BlobHash,
    model::blob::BlobKind,
    outbox::WaitingBlob,
    policy::Rights,
    seeded::{self, Seeded},
    time::Timestamp,
};

/// Schema 2's part for the phone's life.
pub(super) const SCHEMA_2: &str = "
ALTER TABLE blob ADD COLUMN trimmed_at INTEGER;
ALTER TABLE enrolment ADD COLUMN relay_at INTEGER;
";

/// How long a sent photo stays: longer than two backup periods of the relay.
pub const KEPT_FOR: Duration = Duration::from_hours(14 * 24);
/// How long a file that nothing names stays: somebody may be about to name it.
const ORPHAN_AFTER: Duration = Duration::from_hours(24);
/// A photo that would leave less than this free is refused.
const RESERVE_BYTES: u64 = 1024 * 1024;
/// Below this the person is told.
const LOW_BYTES: u64 = 64 * 1024 * 1024;

/// What a trim freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trimmed {
    /// Attachments whose files went; the relay holds them.
    pub blobs: u64,
    /// How many bytes they had, with those of files that nothing named.
    pub bytes: u64,
}

/// Attachments of one kind that are on this phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindStorage {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Where the room on this phone went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StorageReport {
    /// The database with its log.
    pub database_bytes: u64,
    /// Copies of it from before migrations: they go after 30 days.
    pub copies_bytes: u64,
    /// The township's base map.
    pub base_map_bytes: u64,
    /// Photos.
    pub photos: KindStorage,
    /// Their previews.
    pub previews: KindStorage,
    /// Voice recordings.
    pub voice: KindStorage,
    /// Track segments.
    pub tracks: KindStorage,
    /// Of all these, what the relay does not hold.
    pub unsent_bytes: u64,
    /// What a trim would free now.
    pub trimmable_bytes: u64,
    /// What the device has free.
    pub free_bytes: u64,
    /// So little is free that photos may soon not fit.
    pub is_low: bool,
}

/// An attachment that may go.
struct Candidate {
    hash: BlobHash,
    size_bytes: u64,
    captured_at: Timestamp,
}

impl Store {
    /// Keeps entries that this phone's member just made, of one document or of several: see `append_once`. On a
    /// full disk the ballast is given up for them: text can always be saved.
    pub fn append(&mut self, made: impl Into<Made>, rights: &Rights) -> Result<()> {
        self.append_and(made.into(), rights, |_| Ok(()))
    }

    /// The same, with `also` in the same transaction.
    pub(super) fn append_and(
        &mut self,
        made: Made,
        rights: &Rights,
        also: impl Fn(&Transaction<'_>) -> Result<()>,
    ) -> Result<()> {
        self.refuse_if_revoked()?;
        let again = made.clone();
        self.with_ballast(
            |store| store.append_once(made, rights, &also),
            |store| store.append_once(again, rights, &also),
        )
    }

    /// Refuses a photo for which there is no room beside the text that may still come.
    pub(super) fn check_room(&self, kind: BlobKind, size_bytes: usize) -> Result<()> {
        // A segment of a track is small and ends a patrol: it is treated like text.
        if kind == BlobKind::Track {
            return Ok(());
        }
        let free = fs4::available_space(self.folder()).map_err(Error::file("asking for the free space"))?;
        let needed = RESERVE_BYTES.saturating_add(size_bytes as u64);
        if free < needed { Err(Error::StorageFull) } else { Ok(()) }
    }

    /// Lets the database not grow any more, or grow again.
    #[cfg(feature = "seeded-faults")]
    pub fn fill_disk(&self, is_full: bool) -> Result<()> {
        let pages: i64 = self.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(sql)?;
        let most = if is_full { pages } else { i64::from(u32::MAX - 1) };
        self.connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).map_err(sql)
    }

    /// Whether an attachment has a row here.
    pub fn knows_blob(&self, blob: &BlobHash) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT count(*) FROM blob WHERE hash = ?1")
            .and_then(|mut count| count.query_row([blob.as_ref()], |row| row.get(0)))
            .map_err(sql)
    }

    /// Whether the relay can be expected to have an attachment: its present life receipted it, or it belongs to
    /// somebody else's work that the relay sent. One that is here alone, or lost, or not yet asked about, is not.
    pub fn is_on_relay(&self, blob: &BlobHash) -> Result<bool> {
        let epoch = present_epoch(&self.connection)?;
        let found = self
            .connection
            .prepare_cached("SELECT stored_epoch IS ?2 AND is_lost = 0 FROM blob WHERE hash = ?1")
            .and_then(|mut find| {
                super::query_optional(&mut find, [blob.as_ref(), epoch.as_ref()], |row| row.get(0))
            })
            .map_err(sql)?;
        Ok(found.unwrap_or(true))
    }

    /// Whether an attachment's file went because the relay had receipted it.
    fn is_trimmed(&self, blob: &BlobHash) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT count(*) FROM blob WHERE hash = ?1 AND trimmed_at IS NOT NULL")
            .and_then(|mut count| count.query_row([blob.as_ref()], |row| row.get(0)))
            .map_err(sql)
    }

    /// The bytes of a blob that is to be sent; none of one that is gone or damaged, which is marked lost, so that it
    /// keeps nothing back.
    pub fn readable(&mut self, blob: &WaitingBlob) -> Result<Option<Vec<u8>>> {
        match self.blobs.read(&blob.hash) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::BlobMissing | Error::Corrupt(_)) => {
                tracing::warn!(blob = %blob.hash, "an attachment is gone from this phone before it was sent");
                self.set_blob_lost(&blob.hash)?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the files of attachments that the relay holds and that are old, and what nothing names.
    pub fn trim(&mut self, now: Timestamp) -> Result<Trimmed> {
        let candidates = self.candidates(now)?;
        let transaction = self.transaction()?;
        for candidate in &candidates {
            transaction
                .prepare_cached("UPDATE blob SET trimmed_at = ?2 WHERE hash = ?1")
                .and_then(|mut update| update.execute(params![candidate.hash.as_ref(), now.millis()]))
                .map_err(sql)?;
        }
        transaction.commit().map_err(sql)?;
        // From here on a crash leaves files that a row calls trimmed: the sweep takes them the next time.
        let mut trimmed = Trimmed::default();
        for candidate in &candidates {
            self.blobs.remove(&candidate.hash)?;
            trimmed.blobs += 1;
            trimmed.bytes += candidate.size_bytes;
        }
        let forgotten = self.forgotten(now)?;
        self.remove_unnamed(&forgotten)?;
        trimmed.bytes += self.sweep(now)? + copies::drop_old(&self.folder().join(DATABASE), now);
        keep_ballast(self.folder());
        Ok(trimmed)
    }

    /// Where the room went.
    pub fn storage(&self, now: Timestamp) -> Result<StorageReport> {
        let epoch = present_epoch(&self.connection)?;
        let mut report = StorageReport {
            database_bytes: ["", "-wal", "-shm"]
                .iter()
                .map(|suffix| size(&self.folder().join(format!("{DATABASE}{suffix}"))))
                .sum(),
            copies_bytes: copies::bytes(&self.folder().join(DATABASE)),
            base_map_bytes: self.base_maps_bytes(),
            trimmable_bytes: self.candidates(now)?.iter().map(|candidate| candidate.size_bytes).sum(),
            free_bytes: fs4::available_space(self.folder())
                .map_err(Error::file("asking for the free space"))?,
            ..StorageReport::default()
        };
        report.is_low = report.free_bytes < LOW_BYTES;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT kind, count(*), sum(size_bytes),
                    coalesce(sum(size_bytes) FILTER (WHERE stored_epoch IS NULL OR stored_epoch <> ?1), 0)
                 FROM blob WHERE is_lost = 0 AND trimmed_at IS NULL GROUP BY kind",
            )
            .map_err(sql)?;
        let rows = statement
            .query_map([epoch.as_ref()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get(3)?))
            })
            .map_err(sql)?;
        for row in rows {
            let (kind, count, bytes, unsent): (_, _, _, i64) = row.map_err(sql)?;
            let of_kind = match BlobKind::from_word(&kind) {
                Some(BlobKind::Photo) => &mut report.photos,
                Some(BlobKind::Preview) => &mut report.previews,
                Some(BlobKind::Voice) => &mut report.voice,
                Some(BlobKind::Track) => &mut report.tracks,
                None => continue,
            };
            *of_kind = KindStorage { count: count.unsigned_abs(), bytes: bytes.unsigned_abs() };
            report.unsent_bytes += unsent.unsigned_abs();
        }
        Ok(report)
    }

    /// Attachments that may go now.
    fn candidates(&self, now: Timestamp) -> Result<Vec<Candidate>> {
        let (Some(cursor), Some(relay_at)) = (cursor(&self.connection)?, self.relay_at()?) else {
            return Ok(Vec::new());
        };
        let is_careless = seeded::is_on(Seeded::TrimsUnsent);
        // The earlier of two clocks: one that ran ahead makes nothing old.
        let now = now.min(relay_at);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT hash, size_bytes, captured_at FROM blob
                 WHERE kind <> 'preview' AND (stored_epoch = ?1 OR ?2) AND is_lost = 0 AND trimmed_at IS NULL",
            )
            .map_err(sql)?;
        let stored: Vec<Candidate> = statement
            .query_map(params![cursor.epoch.as_ref(), is_careless], |row| {
                Ok(Candidate {
                    hash: BlobHash::new(row.get(0)?),
                    size_bytes: row.get::<_, i64>(1)?.unsigned_abs(),
                    captured_at: Timestamp::from_millis(row.get(2)?),
                })
            })
            .and_then(Iterator::collect)
            .map_err(sql)?;
        if !is_careless && stored.iter().all(|candidate| now.since(candidate.captured_at) < KEPT_FOR) {
            return Ok(Vec::new());
        }
        let (named, protected) = (self.named_since()?, draft_blobs(&self.connection)?);
        let is_old = |candidate: &Candidate| {
            let since = named.get(&candidate.hash).copied().flatten();
            is_careless
                || since.is_some_and(|since| now.since(since.max(candidate.captured_at)) >= KEPT_FOR)
                    && !protected.contains(&candidate.hash)
        };
        Ok(stored.into_iter().filter(is_old).collect())
    }

    /// Since when, by the relay's clock, every own entry that names a blob is settled; none if one is not.
    fn named_since(&self) -> Result<BTreeMap<BlobHash, Option<Timestamp>>> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT document, kind, claimed_at, body_type, body, state, received_at FROM entry
                 WHERE state NOT IN (0, 6) AND document IN (SELECT document FROM document_blob)",
            )
            .map_err(sql)?;
        let mut named = BTreeMap::new();
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let Some(entry) = entry_columns(row).map_err(sql)? else { continue };
            let (state, received_at): (u8, Option<i64>) =
                (row.get(5).map_err(sql)?, row.get(6).map_err(sql)?);
            let is_settled = matches!(state, state::RECEIPTED | state::TRIED_AGAIN);
            let since = received_at.filter(|_| is_settled).map(Timestamp::from_millis);
            for blob in referred(&entry) {
                let known = named.entry(blob).or_insert(since);
                *known = match (*known, since) {
                    (Some(known), Some(since)) => Some(known.max(since)),
                    _ => None,
                };
            }
        }
        Ok(named)
    }

    /// The relay's time at its last receipt.
    fn relay_at(&self) -> Result<Option<Timestamp>> {
        let found: Option<Option<i64>> = self
            .connection
            .prepare_cached("SELECT relay_at FROM enrolment WHERE id = 1")
            .and_then(|mut find| super::query_optional(&mut find, [], |row| row.get(0)))
            .map_err(sql)?;
        Ok(found.flatten().map(Timestamp::from_millis))
    }

    /// Removes files that no row and no draft names, or whose row says that they went; returns their bytes.
    fn sweep(&self, now: Timestamp) -> Result<u64> {
        let protected = draft_blobs(&self.connection)?;
        let mut swept = 0;
        for path in self.blobs.files()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_wanted = match name.parse::<BlobHash>() {
                Ok(hash) => {
                    protected.contains(&hash) || (self.knows_blob(&hash)? && !self.is_trimmed(&hash)?)
                }
                Err(_) => path.extension().is_none_or(|extension| extension != "part"),
            };
            if is_wanted || !is_older(&path, now, ORPHAN_AFTER) {
                continue;
            }
            swept += size(&path);
            fs::remove_file(&path).map_err(Error::file("sweeping"))?;
        }
        Ok(swept)
    }
}

/// Notes the relay's time beside a receipt; at most once an hour, so that a sync with nothing new writes nothing.
pub(super) fn note_relay_time(connection: &Connection, at: Timestamp) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE enrolment SET relay_at = ?1
             WHERE id = 1 AND (relay_at IS NULL OR abs(relay_at - ?1) >= 3600000)",
        )
        .and_then(|mut update| update.execute([at.millis()]))
        .map_err(sql)?;
    Ok(())
}

pub(super) fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// Whether a file was last written so long ago; not if that is unsure.
fn is_older(path: &Path, now: Timestamp, age: Duration) -> bool {
    let Ok(written) = fs::metadata(path).and_then(|found| found.modified()) else { return false };
    let Ok(written) = written.duration_since(std::time::UNIX_EPOCH) else { return false };
    now.since(Timestamp::default().after(written)) >= age
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        entry::{BodyType, Entry},
        id::{CategoryId, DeviceId, DocumentId, EnrolCode, MemberId, Nonce, PublicKey, Salt, TownshipId},
        model::{DocumentKind, Role, Severity, encode, incident::IncidentRecord, place::Place},
        sync::wire::{Enrolment, Invitation, Membership, VERSION},
        time::Random,
    };

    pub(crate) fn papers() -> (Invitation, Enrolment) {
        let township = TownshipId::new([1; 16]);
        let invitation = Invitation {
            version: VERSION,
            addresses: vec!["http://127.0.0.1:1".to_owned()],
            pin: None,
            relay_key: PublicKey::new([2; 32]),
            township,
            code: EnrolCode::new([3; 16]),
        };
        let membership = Membership {
            member: MemberId::new("m1").unwrap(),
            role: Role::Member,
            grids: Vec::new(),
            department: None,
        };
        let enrolment = Enrolment {
            version: VERSION,
            township,
            township_name: "t".to_owned(),
            device: DeviceId::new([4; 16]),
            membership,
            nonce: Nonce::new([5; 16]),
        };
        (invitation, enrolment)
    }

    fn store(folder: &Path) -> Store {
        let mut store = Store::open(folder, Random::seeded(1)).unwrap();
        let (invitation, enrolment) = papers();
        let key = store.new_key();
        store.enrol(&invitation, &enrolment, &key, Timestamp::default()).unwrap();
        store
    }

    fn report(store: &mut Store, number: u8) -> Result<()> {
        let record = IncidentRecord {
            salt: Salt::new([number; 8]),
            text: "x".repeat(600),
            category: CategoryId::new("order").unwrap(),
            severity: Severity::Normal,
            place: Place::default(),
            photos: Vec::new(),
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        };
        let document = DocumentId::at(Timestamp::default(), [number; 10]);
        let at = Timestamp::default();
        let entry = Entry::new(document, DocumentKind::Incident, at, BodyType::Record, encode(&record))?;
        let rights = Rights { role: Role::Member, ..Rights::centre() };
        store.append(vec![entry], &rights)
    }

    #[test]
    fn a_database_that_may_not_grow_says_so_and_keeps_nothing_half() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        assert!(folder.path().join("ballast").exists());
        let limit = |store: &Store, pages: i64| {
            let query = format!("PRAGMA max_page_count = {pages}");
            store.connection.query_row(&query, [], |_| Ok(())).unwrap();
        };
        limit(&store, 1);
        let mut kept = 0;
        while report(&mut store, kept).is_ok() {
            kept += 1;
        }
        assert!(matches!(report(&mut store, kept), Err(Error::StorageFull)));
        assert!(!folder.path().join("ballast").exists(), "it was given up for a text");
        assert_eq!(store.pending_entries().unwrap(), u64::from(kept));
        assert_eq!(store.counts().unwrap().entries, u64::from(kept));
        limit(&store, 1_000_000);
        report(&mut store, kept).unwrap();
        store.trim(Timestamp::default()).unwrap();
        assert!(folder.path().join("ballast").exists(), "and made again");
    }

    #[test]
    fn a_photo_that_can_not_be_written_leaves_no_half() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        let hash = BlobHash::of(b"photo");
        // Something stands where its file would be finished.
        std::fs::create_dir_all(store.blobs().path(&hash).join("in the way")).unwrap();
        assert!(store.add_blob(b"photo", BlobKind::Photo, None, Timestamp::default()).is_err());
        assert!(!store.blobs().path(&hash).with_extension("part").exists());
        assert!(!store.knows_blob(&hash).unwrap());
    }
}
