//! The phone's store: who this phone is, what it knows of the township, where its feed and logs stand.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    blobs::BlobFolder,
    functions::add_functions,
    key_guard::KeyGuard,
    life::Life,
    open::{Lock, lock},
    rows::{renew_rows, set_due_rules},
    search, sql,
};
use crate::{
    error::{Error, Problem, Result},
    id::{BlobHash, DeviceId, DocumentId, LogHash, LogId, Pin, PublicKey, TownshipId},
    log::{Head, Key},
    model::{decode, encode, settings::Settings},
    seeded::{self, Seeded},
    sync::wire::{Cursor, Enrolment, Invitation, Membership},
    time::{Random, Timestamp},
};

/// One phone's store. Exactly one exists per folder; it is the only writer.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    pub(super) blobs: BlobFolder,
    pub(super) random: Random,
    /// Random per document and process start; proves nothing and links nothing.
    pub(super) actors: BTreeMap<DocumentId, [u8; 16]>,
    /// The time in a receipt, until it is compared with the phone's.
    pub(super) relay_said: Option<Timestamp>,
    /// There may be changes of an earlier life of the relay; not known before it was looked for.
    pub(super) may_have_doubtful: bool,
    /// Kept in this process: a screen may be about to name them.
    pub(super) added: BTreeSet<BlobHash>,
    folder: PathBuf,
    pub(super) life: Life,
    guard: KeyGuard,
    _lock: Lock,
}

/// Who this phone is in its township.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Which township.
    pub township: TownshipId,
    /// What it is called.
    pub township_name: String,
    /// This phone's id.
    pub device: DeviceId,
    /// This phone's key.
    pub key: Key,
    /// The key that signs the relay's receipts.
    pub relay_key: PublicKey,
    /// The relay's certificate; none only for plain HTTP on loopback.
    pub pin: Option<Pin>,
    /// Where the relay is; the one that answered last comes first.
    pub addresses: Vec<String>,
    /// What the member may do.
    pub membership: Membership,
    /// The township revoked this phone.
    pub is_revoked: bool,
}

/// The current log and how much of it is receipted.
#[derive(Clone, Copy, Debug)]
pub(super) struct CurrentLog {
    pub(super) row: i64,
    pub(super) log: LogId,
    pub(super) receipted: u64,
}

impl Store {
    /// Opens or creates the store in `folder`.
    pub fn open(folder: &Path, random: Random) -> Result<Self> {
        Self::open_guarded(folder, random, KeyGuard::default())
    }

    /// Opens or creates the store in `folder`, whose key is masked.
    pub fn open_guarded(folder: &Path, random: Random, guard: KeyGuard) -> Result<Self> {
        let lock = lock(folder)?;
        let mut random = random;
        let (mut connection, life) = Life::open(folder, &mut random)?;
        add_functions(&connection)?;
        let transaction = connection.transaction().map_err(sql)?;
        renew_rows(&transaction)?;
        search::renew(&transaction)?;
        transaction.commit().map_err(sql)?;
        let blobs = BlobFolder::open(folder.join("blobs"))?;
        let actors = BTreeMap::new();
        let mut store = Self {
            connection,
            blobs,
            random,
            actors,
            added: BTreeSet::new(),
            relay_said: None,
            may_have_doubtful: true,
            folder: folder.to_owned(),
            life,
            guard,
            _lock: lock,
        };
        store.go_on_sealing();
        store.complete_due_rules()?;
        Ok(store)
    }

    /// A store that was salvaged, or made by an older program, has settings and no due times of them yet.
    fn complete_due_rules(&mut self) -> Result<()> {
        let has_rules: bool = self
            .connection
            .query_row("SELECT EXISTS (SELECT 1 FROM due_rule)", [], |row| row.get(0))
            .map_err(sql)?;
        if has_rules {
            return Ok(());
        }
        let Some(settings) = self.settings()? else { return Ok(()) };
        let transaction = self.transaction()?;
        set_due_rules(&transaction, &settings)?;
        transaction.commit().map_err(sql)
    }

    /// Where the store lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// For reading on the writer's own connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The blobs beside the database.
    pub fn blobs(&self) -> &BlobFolder {
        &self.blobs
    }

    /// `N` random bytes, for ids, salts and nonces.
    pub fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        self.random.bytes()
    }

    /// Makes a new device key; nothing is kept of it until the enrolment is.
    pub fn new_key(&mut self) -> Key {
        Key::generate(&mut self.random)
    }

    /// Who this phone is; [`Error::NotEnrolled`] before enrolment.
    pub fn identity(&self) -> Result<Identity> {
        let row = self
            .connection
            .prepare_cached(
                "SELECT township, township_name, device, secret_key, relay_key, pin, addresses, membership, is_revoked
                 FROM enrolment WHERE id = 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([], |row| {
                        Ok((
                            row.get::<_, Vec<u8>>(0)?,
                            row.get::<_, String>(1)?,
                            row.get::<_, Vec<u8>>(2)?,
                            row.get::<_, [u8; 32]>(3)?,
                            row.get::<_, Vec<u8>>(4)?,
                            row.get::<_, Option<Vec<u8>>>(5)?,
                            row.get::<_, String>(6)?,
                            row.get::<_, Vec<u8>>(7)?,
                            row.get::<_, bool>(8)?,
                        ))
                    })
                    .optional()
            })
            .map_err(sql)?
            .ok_or_else(|| self.absent())?;
        let (township, township_name, device, secret, relay_key, pin, addresses, membership, is_revoked) =
            row;
        let device = DeviceId::from_slice(&device)?;
        Ok(Identity {
            township: TownshipId::from_slice(&township)?,
            township_name,
            device,
            key: Key::from_secret(&self.guard.mask(device, &secret)),
            relay_key: PublicKey::from_slice(&relay_key)?,
            pin: pin.map(|pin| Pin::from_slice(&pin)).transpose()?,
            addresses: addresses.lines().map(ToOwned::to_owned).collect(),
            membership: decode(&membership, "the membership")?,
            is_revoked,
        })
    }

    /// Keeps an enrolment. A phone that was enrolled before for the same person keeps all it holds: what was
    /// not receipted goes into a new log under the new device. A store with work of one person is never
    /// enrolled for another: it would be shown and sent as theirs.
    pub fn enrol(
        &mut self,
        invitation: &Invitation,
        enrolment: &Enrolment,
        key: &Key,
        at: Timestamp,
    ) -> Result<()> {
        self.refuse_half_wiped()?;
        let is_another = self.identity().is_ok_and(|before| {
            before.township != enrolment.township || before.membership.member != enrolment.membership.member
        });
        let kept = self.own_entries()? + self.draft_count()?;
        if is_another && kept > 0 {
            return Err(Error::invalid(Problem::FormerWork { entries: kept }));
        }
        let log = LogId::new(self.random.bytes());
        let kept_key = self.guard.mask(enrolment.device, &key.secret());
        let transaction = self.transaction()?;
        if is_another {
            // What the former person was fed is not for this one, and what they agreed to binds nobody else.
            search::clear(&transaction)?;
            transaction
                .execute_batch(
                    "DELETE FROM held_reply; DELETE FROM seen; DELETE FROM entry; DELETE FROM document; DELETE FROM work;
                     DELETE FROM settings; DELETE FROM feed_position; DELETE FROM consent;",
                )
                .map_err(sql)?;
        }
        transaction
            .execute(
                "INSERT OR REPLACE INTO enrolment (id, township, township_name, device, secret_key, relay_key, pin,
                    addresses, membership, is_revoked, enrolled_at)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)",
                params![
                    enrolment.township.as_ref(),
                    enrolment.township_name,
                    enrolment.device.as_ref(),
                    kept_key.as_slice(),
                    invitation.relay_key.as_ref(),
                    invitation.pin.as_ref().map(|pin| pin.as_bytes().to_vec()),
                    invitation.addresses.join("\n"),
                    encode(&enrolment.membership),
                    at.millis(),
                ],
            )
            .map_err(sql)?;
        open_log(&transaction, log)?;
        transaction.commit().map_err(sql)?;
        self.forget_revocation()
    }

    /// Puts the address that answered first.
    pub fn prefer_address(&mut self, address: &str) -> Result<()> {
        let mut addresses = self.identity()?.addresses;
        if addresses.first().is_some_and(|first| first == address) {
            return Ok(());
        }
        addresses.sort_by_key(|known| known != address);
        self.connection
            .execute("UPDATE enrolment SET addresses = ?1 WHERE id = 1", [addresses.join("\n")])
            .map_err(sql)?;
        Ok(())
    }

    /// The township's settings, if they have arrived.
    pub fn settings(&self) -> Result<Option<Settings>> {
        let bundle: Option<Vec<u8>> = self
            .connection
            .query_row("SELECT bundle FROM settings WHERE id = 1", [], |row| row.get(0))
            .optional()
            .map_err(sql)?;
        bundle.map(|bundle| Settings::from_bytes(&bundle)).transpose()
    }

    /// Version of the settings that are here; 0 for none.
    pub fn settings_version(&self) -> Result<u64> {
        let version: Option<i64> = self
            .connection
            .query_row("SELECT version FROM settings WHERE id = 1", [], |row| row.get(0))
            .optional()
            .map_err(sql)?;
        Ok(version.map_or(0, i64::unsigned_abs))
    }

    /// Keeps a verified bundle.
    pub fn set_settings(&mut self, settings: &Settings, bundle: &[u8]) -> Result<()> {
        let transaction = self.transaction()?;
        transaction
            .execute(
                "INSERT OR REPLACE INTO settings (id, version, bundle) VALUES (1, ?1, ?2)",
                params![i64::try_from(settings.version).unwrap_or(i64::MAX), bundle],
            )
            .map_err(sql)?;
        set_due_rules(&transaction, settings)?;
        transaction.commit().map_err(sql)
    }

    /// Keeps what the relay says of the member.
    pub fn set_membership(&mut self, membership: &Membership) -> Result<()> {
        self.connection
            .execute("UPDATE enrolment SET membership = ?1 WHERE id = 1", [encode(membership)])
            .map_err(sql)?;
        Ok(())
    }

    /// Keeps whether the township revoked this phone. What it holds stays.
    pub fn set_revoked(&mut self, is_revoked: bool) -> Result<()> {
        self.connection
            .execute(
                "UPDATE enrolment SET is_revoked = ?1 WHERE id = 1 AND is_revoked = 1 - ?1",
                [is_revoked],
            )
            .map_err(sql)?;
        Ok(())
    }

    /// Where the feed goes on; none before the first page and after a fork.
    pub fn cursor(&self) -> Result<Option<Cursor>> {
        cursor(&self.connection)
    }

    /// How many entries this phone's member made, receipted or not.
    fn own_entries(&self) -> Result<u64> {
        let count: i64 = self
            .connection
            .query_row("SELECT count(*) FROM entry WHERE state <> 0", [], |row| row.get(0))
            .map_err(sql)?;
        Ok(count.unsigned_abs())
    }

    /// How many own entries are not receipted.
    pub fn pending_entries(&self) -> Result<u64> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM entry WHERE state = 1")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(sql)?;
        Ok(count.unsigned_abs())
    }

    pub(super) fn transaction(&mut self) -> Result<Transaction<'_>> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)
    }

    /// The actor of this process for a document.
    pub(super) fn actor(&mut self, document: DocumentId) -> [u8; 16] {
        if seeded::is_on(Seeded::ActorReused) {
            return self.identity().map(|identity| identity.device.to_array()).unwrap_or_default();
        }
        let random = &mut self.random;
        *self.actors.entry(document).or_insert_with(|| random.bytes())
    }
}

pub(super) fn cursor(connection: &Connection) -> Result<Option<Cursor>> {
    let found = connection
        .prepare_cached("SELECT epoch, seq, inside FROM feed_position WHERE id = 1")
        .and_then(|mut statement| {
            statement
                .query_row([], |row| {
                    Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
                })
                .optional()
        })
        .map_err(sql)?;
    Ok(found.map(|(epoch, seq, inside)| Cursor {
        epoch: crate::id::Epoch::new(epoch),
        seq: seq.unsigned_abs(),
        inside: inside.unsigned_abs(),
    }))
}

pub(super) fn current_log(connection: &Connection) -> Result<CurrentLog> {
    connection
        .prepare_cached("SELECT id, log, receipted FROM log ORDER BY id DESC LIMIT 1")
        .and_then(|mut statement| {
            statement
                .query_row([], |row| {
                    Ok(CurrentLog {
                        row: row.get(0)?,
                        log: LogId::new(row.get(1)?),
                        receipted: row.get::<_, i64>(2)?.unsigned_abs(),
                    })
                })
                .optional()
        })
        .map_err(sql)?
        .ok_or(Error::NotEnrolled)
}

/// The head of a log at its end, or at an earlier counter.
pub(super) fn head(connection: &Connection, log_row: i64, at: Option<u64>) -> Result<Option<Head>> {
    if at == Some(0) {
        return Ok(Some(Head::START));
    }
    let counter = at.map(|counter| i64::try_from(counter).unwrap_or(i64::MAX));
    let found = connection
        .prepare_cached(
            "SELECT counter, hash FROM log_entry WHERE log = ?1 AND counter = coalesce(?2, counter)
             ORDER BY counter DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![log_row, counter], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
                })
                .optional()
        })
        .map_err(sql)?;
    Ok(match found {
        Some((counter, hash)) => Some(Head { counter: counter.unsigned_abs(), hash: LogHash::new(hash) }),
        None if at.is_none() => Some(Head::START),
        None => None,
    })
}

/// Begins a new log with everything that is not receipted, and reads the feed anew: after a fork the
/// relay may hold entries of ours that this phone does not.
pub(super) fn open_log(transaction: &Transaction<'_>, log: LogId) -> Result<()> {
    transaction.execute("INSERT INTO log (log, receipted) VALUES (?1, 0)", [log.as_ref()]).map_err(sql)?;
    transaction.execute("UPDATE feed_position SET seq = 0, inside = 0", []).map_err(sql)?;
    let pending: Vec<i64> = transaction
        .prepare_cached("SELECT id FROM entry WHERE state = 1 ORDER BY id")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(sql)?;
    for entry in pending {
        super::append::chain(transaction, entry)?;
    }
    Ok(())
}
