//! Who informants are: sealed to the keeper's key as soon as there is one, opened only by the keeper's
//! passphrase.
//!
//! The relay can put identities in and never take them out by itself. What stands in the `member` table of an
//! informant is the number alone.

mod error;
mod reveal;
mod view;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::Error,
    id::MemberId,
    log::Key,
    model::Role,
    seal::{Opener, Sealer},
    time::Timestamp,
};
use tokio::task::spawn_blocking;

pub use error::KeeperError;
pub use reveal::{RevealAsk, RevealShown, Revealed};
pub use view::{Viewer, is_hidden};

use super::{
    Relay,
    engine::{Engine, Work},
    error::{RelayError, Result},
    operators::OperatorRole,
};
use crate::{
    db::{self, Connection, identity::Way, member::Kept},
    secret::{self, Wrapped},
};

/// Fewest characters of the keeper's passphrase.
pub const MIN_PASSPHRASE_CHARS: usize = 12;
/// What a sealed identity is for; it opens only with the same words.
const PURPOSE: &[u8] = b"suishou/identity/1";
/// What the wrapped private half is for.
const KEY_PURPOSE: &[u8] = b"suishou/keeper-key/1";
/// Boxes are of these sizes: the length of a name says nothing.
const PADDED_BYTES: usize = 512;
/// So many wrong passphrases cost no time but that of deriving.
const FREE_TRIES: u32 = 3;
/// What the next one costs; each further one twice as much.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// What one costs at most.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// A passphrase or recovery code on its way; never printed.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Passphrase(String);

impl Passphrase {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn check(&self) -> Result<()> {
        if self.0.chars().count() < MIN_PASSPHRASE_CHARS {
            return Err(KeeperError::TooShort(MIN_PASSPHRASE_CHARS).into());
        }
        Ok(())
    }

    /// A recovery code as it was wrapped: however it is typed.
    fn as_code(&self) -> String {
        self.0.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

/// What is sealed of a member.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Person {
    /// What people call them.
    pub name: String,
    /// How to reach them; may be empty.
    pub phone: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person")
    }
}

/// What `identity init` came to.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct KeeperMade {
    /// How many identities are sealed now.
    pub sealed: u64,
    /// Old copies of the database that were removed: they had the names in clear.
    pub copies_removed: u64,
    /// The code for the recovery sheet; told this once.
    pub recovery_code: String,
}

impl std::fmt::Debug for KeeperMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeeperMade").field("sealed", &self.sealed).finish_non_exhaustive()
    }
}

/// How the identities are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct IdentityStatus {
    /// There is a keeper's key.
    pub has_keeper_key: bool,
    /// Since when.
    pub keeper_key_since: Option<Timestamp>,
    /// Operators who can log in and open a reveal as the second person.
    pub keepers: u64,
    /// Others of them who can log in and ask for one.
    pub askers: u64,
    /// Sealed identities.
    pub sealed: u64,
    /// Informants whose names stand in clear.
    pub in_clear: u64,
}

/// How the identities are kept.
pub(super) fn status(connection: &Connection) -> Result<IdentityStatus> {
    let keeper_key_since = db::identity::keeper_key_since(connection)?;
    let operators = db::operator::all(connection)?;
    let (mut keepers, mut askers) = (0, 0);
    for known in operators.iter().filter(|known| !known.is_disabled && known.password_hash.is_some()) {
        let roles = OperatorRole::read(&known.roles);
        if roles.contains(&OperatorRole::IdentityKeeper) {
            keepers += 1;
        } else if roles.contains(&OperatorRole::Dispatcher) || roles.contains(&OperatorRole::Leader) {
            askers += 1;
        }
    }
    Ok(IdentityStatus {
        has_keeper_key: keeper_key_since.is_some(),
        keeper_key_since,
        keepers,
        askers,
        sealed: db::identity::sealed(connection)?.len() as u64,
        in_clear: db::identity::count_clear(connection)?,
    })
}

impl Relay {
    /// Makes the keeper's key and seals every informant's identity to it.
    pub async fn init_identity(&self, passphrase: Passphrase) -> Result<KeeperMade> {
        passphrase.check()?;
        let has_key = self.with(|connection, _| Ok(db::identity::keeper_key(connection)?.is_some())).await?;
        if has_key {
            return Err(KeeperError::KeyExists.into());
        }
        let (key, code, first, second) = self
            .call(|engine| {
                engine.write(|work| {
                    let code = recovery_code(work.random.bytes());
                    let mut fresh = || (work.random.bytes::<16>(), work.random.bytes::<12>());
                    let (first, second) = (fresh(), fresh());
                    Ok((Key::generate(work.random), code, first, second))
                })
            })
            .await?;
        let secret = key.secret();
        let typed = Passphrase::new(code.clone()).as_code();
        let wraps = spawn_blocking(move || -> Result<_> {
            Ok((
                secret::wrap(&*secret, &passphrase.0, first, KEY_PURPOSE)?,
                secret::wrap(&*secret, &typed, second, KEY_PURPOSE)?,
            ))
        });
        let (by_passphrase, by_code) = wraps.await.map_err(|_| RelayError::Stopped)??;
        let (sealed, copies_removed) =
            self.call(move |engine| engine.init_identity(&key, &by_passphrase, &by_code)).await?;
        Ok(KeeperMade { sealed, copies_removed, recovery_code: code })
    }

    /// Wraps the keeper's key with another passphrase; the present one or the recovery code proves the keeper.
    pub async fn change_passphrase(&self, present: Passphrase, next: Passphrase) -> Result<()> {
        next.check()?;
        let key = self.unlock(present).await?;
        let fresh = self
            .call(|engine| engine.write(|work| Ok((work.random.bytes::<16>(), work.random.bytes::<12>()))))
            .await?;
        let wrapped = spawn_blocking(move || secret::wrap(&*key.secret(), &next.0, fresh, KEY_PURPOSE));
        let wrapped = wrapped.await.map_err(|_| RelayError::Stopped)??;
        self.call(move |engine| {
            engine.write(|work| Ok(db::identity::put_wrap(work.transaction, Way::Passphrase, &wrapped)?))?;
            engine.scrub();
            Ok(())
        })
        .await
    }

    /// Opens the keeper's key. Each try is counted before it is made, so that several at once do not help.
    pub(super) async fn unlock(&self, passphrase: Passphrase) -> Result<Key> {
        let wraps = self.call(Engine::begin_try).await?;
        let opened = spawn_blocking(move || open_key(&wraps, &passphrase));
        let key = opened.await.map_err(|_| RelayError::Stopped)??.ok_or(KeeperError::WrongPassphrase)?;
        self.call(|engine| {
            engine.write(|work| Ok(db::identity::set_failures(work.transaction, 0, work.now)?))
        })
        .await?;
        Ok(key)
    }
}

/// The key, if this is its passphrase or recovery code.
fn open_key(wraps: &[(Way, Wrapped)], passphrase: &Passphrase) -> Result<Option<Key>> {
    for (way, wrapped) in wraps {
        let text = match way {
            Way::Passphrase => passphrase.0.clone(),
            Way::Recovery => passphrase.as_code(),
        };
        let secret = secret::unwrap(wrapped, &text, KEY_PURPOSE)?;
        if let Some(secret) = secret.and_then(|secret| <[u8; 32]>::try_from(secret).ok()) {
            return Ok(Some(Key::from_secret(&secret)));
        }
    }
    Ok(None)
}

/// 100 bits in groups that can be written down and typed.
fn recovery_code(random: [u8; 15]) -> String {
    let text = data_encoding::BASE32_NOPAD.encode(&random);
    let groups: Vec<String> =
        text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into()).collect();
    groups.join("-")
}

/// How long after so many wrong passphrases the next one is tried.
fn pause(failures: u32) -> Duration {
    match failures.checked_sub(FREE_TRIES + 1) {
        None => Duration::ZERO,
        Some(beyond) => {
            FIRST_PAUSE.saturating_mul(1_u32.checked_shl(beyond).unwrap_or(u32::MAX)).min(LONGEST_PAUSE)
        }
    }
}

impl Engine {
    fn init_identity(&mut self, key: &Key, by_passphrase: &Wrapped, by_code: &Wrapped) -> Result<(u64, u64)> {
        let sealed = self.write(|work| {
            if db::identity::keeper_key(work.transaction)?.is_some() {
                return Err(KeeperError::KeyExists.into());
            }
            db::identity::add_keeper_key(work.transaction, key.public(), work.now)?;
            db::identity::put_wrap(work.transaction, Way::Passphrase, by_passphrase)?;
            db::identity::put_wrap(work.transaction, Way::Recovery, by_code)?;
            let mut sealed = 0;
            for mut member in db::member::all(work.transaction)? {
                let (row, was) = (member.row, member.name.clone());
                if let Some(sealed_box) = work.seal_member(&mut member)? {
                    db::identity::put(work.transaction, row, &sealed_box, work.now)?;
                    db::identity::clear_member(work.transaction, row)?;
                    sealed += u64::from(!was.is_empty());
                }
            }
            Ok(sealed)
        })?;
        self.scrub();
        tracing::info!(sealed, "identities are sealed from now on");
        // The recovery code is told once, in the answer: nothing after the commit may keep it from being told.
        let removed = self.drop_old_copies().unwrap_or_else(|error| {
            tracing::error!(%error, "old copies of the database still have names in clear");
            0
        });
        Ok((sealed, removed))
    }

    fn begin_try(&mut self) -> Result<Vec<(Way, Wrapped)>> {
        self.write(|work| {
            let key = db::identity::keeper_key(work.transaction)?.ok_or(KeeperError::NoKey)?;
            if key.retry_at > work.now {
                let left = key.retry_at.since(work.now);
                return Err(KeeperError::TryLater(left.as_secs() + 1).into());
            }
            let failures = key.failures.saturating_add(1);
            db::identity::set_failures(work.transaction, failures, work.now.after(pause(failures)))?;
            let mut wraps = Vec::new();
            for way in [Way::Passphrase, Way::Recovery] {
                wraps.extend(db::identity::wrap(work.transaction, way)?.map(|wrapped| (way, wrapped)));
            }
            Ok(wraps)
        })
    }
}

impl Work<'_> {
    /// Takes name and phone out of an informant who is to be kept, if there is a keeper's key; returns them
    /// sealed. One whose name is empty is sealed already.
    pub(super) fn seal_member(&mut self, member: &mut Kept) -> Result<Option<Vec<u8>>> {
        if member.role != Role::Informant || (member.name.is_empty() && member.phone.is_empty()) {
            return Ok(None);
        }
        let Some(key) = db::identity::keeper_key(self.transaction)? else { return Ok(None) };
        let person =
            Person { name: std::mem::take(&mut member.name), phone: std::mem::take(&mut member.phone) };
        let mut bytes = serde_json::to_vec(&person).map_err(|_| Error::Corrupt("a person"))?;
        bytes.resize(bytes.len().next_multiple_of(PADDED_BYTES), b' ');
        let mut sealer = Sealer::begin(Vec::new(), &key.public_key, &purpose(&member.id), self.random)?;
        sealer.frame(&bytes)?;
        Ok(Some(sealer.finish()?))
    }

    /// Keeps what was sealed of a member who was just put, and what must be known if their role changed.
    pub(super) fn keep_identity(
        &mut self,
        row: i64,
        was: Option<&Kept>,
        now: &Kept,
        sealed: Option<&[u8]>,
    ) -> Result<()> {
        if let Some(sealed) = sealed {
            db::identity::put(self.transaction, row, sealed, self.now)?;
        }
        if was.is_some_and(|was| was.role == Role::Informant) && now.role != Role::Informant {
            db::identity::set_until(self.transaction, row, self.now)?;
            db::identity::delete(self.transaction, row)?;
        }
        Ok(())
    }
}

/// A box opens as this member's and nobody else's.
fn purpose(member: &MemberId) -> Vec<u8> {
    [PURPOSE, b"\0", member.as_str().as_bytes()].concat()
}

/// Opens a member's box with the keeper's key.
pub(super) fn open_box(sealed: &[u8], member: &MemberId, key: &Key) -> Result<Person> {
    let mut opener = Opener::begin(sealed, key, &purpose(member))?;
    let bytes = opener.frame()?.ok_or(Error::Corrupt("a sealed identity"))?;
    Ok(serde_json::from_slice(&bytes).map_err(|_| Error::Corrupt("a sealed identity"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_passphrases_cost_more_and_more_time() {
        assert_eq!(pause(FREE_TRIES), Duration::ZERO);
        assert_eq!(pause(FREE_TRIES + 1), FIRST_PAUSE);
        assert_eq!(pause(FREE_TRIES + 3), FIRST_PAUSE * 4);
        for many in [FREE_TRIES + 20, FREE_TRIES + 40, u32::MAX] {
            assert_eq!(pause(many), LONGEST_PAUSE);
        }
    }
}
