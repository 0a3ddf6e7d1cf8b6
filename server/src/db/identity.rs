//! Who informants are, sealed; the keeper's key, wrapped; and who asked to see whom.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    error::Result,
    id::{DocumentId, PublicKey},
    store::{optional, sql},
    time::Timestamp,
};

use super::{id, unreadable};
use crate::secret::Wrapped;

/// `keeper_wrap.way`: 1 by the passphrase, 2 by the code of the recovery sheet. `informant_until`: of whoever was
/// an informant once, what they reported until then stays without a name.
pub(super) const TABLES_3: &str = "
CREATE TABLE keeper_key (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    public_key   BLOB NOT NULL,
    made_at      INTEGER NOT NULL,
    failures     INTEGER NOT NULL,
    retry_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE keeper_wrap (
    way          INTEGER PRIMARY KEY,
    salt         BLOB NOT NULL,
    nonce        BLOB NOT NULL,
    cipher       BLOB NOT NULL
) STRICT;

CREATE TABLE identity (
    member       INTEGER PRIMARY KEY REFERENCES member (row),
    sealed       BLOB NOT NULL,
    sealed_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE informant_until (
    member       INTEGER PRIMARY KEY REFERENCES member (row),
    until        INTEGER NOT NULL
) STRICT;

CREATE TABLE reveal (
    row          INTEGER PRIMARY KEY,
    member       INTEGER NOT NULL REFERENCES member (row),
    document     BLOB,
    reason       TEXT NOT NULL,
    asked_by     INTEGER,
    asked_at     INTEGER NOT NULL,
    state        TEXT NOT NULL,
    settled_by   INTEGER,
    settled_at   INTEGER
) STRICT;
";

/// By what the keeper's key can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The passphrase.
    Passphrase,
    /// The code of the recovery sheet.
    Recovery,
}

impl Way {
    const fn number(self) -> i64 {
        match self {
            Self::Passphrase => 1,
            Self::Recovery => 2,
        }
    }
}

/// The keeper's key as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeeperKey {
    /// Identities are sealed to it.
    pub public_key: PublicKey,
    /// Wrong passphrases since the last right one.
    pub failures: u32,
    /// No passphrase is tried before.
    pub retry_at: Timestamp,
}

/// The keeper's key, if there is one.
pub fn keeper_key(connection: &Connection) -> Result<Option<KeeperKey>> {
    optional(
        connection
            .prepare_cached("SELECT public_key, failures, retry_at FROM keeper_key WHERE id = 1")
            .map_err(sql)?
            .query_row([], |row| {
                Ok(KeeperKey {
                    public_key: id(row, 0)?,
                    failures: row.get(1)?,
                    retry_at: Timestamp::from_millis(row.get(2)?),
                })
            }),
    )
}

/// Since when there is a keeper's key.
pub fn keeper_key_since(connection: &Connection) -> Result<Option<Timestamp>> {
    optional(
        connection
            .prepare_cached("SELECT made_at FROM keeper_key WHERE id = 1")
            .map_err(sql)?
            .query_row([], |row| Ok(Timestamp::from_millis(row.get(0)?))),
    )
}

/// Keeps the public half of a new keeper's key.
pub fn add_keeper_key(transaction: &Transaction<'_>, public_key: PublicKey, at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO keeper_key (id, public_key, made_at, failures, retry_at) VALUES (1, ?1, ?2, 0, 0)",
            params![public_key.as_ref(), at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Notes how often a wrong passphrase was given, and when the next one is tried.
pub fn set_failures(transaction: &Transaction<'_>, failures: u32, retry_at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "UPDATE keeper_key SET failures = ?1, retry_at = ?2 WHERE id = 1",
            params![failures, retry_at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Keeps the private half, wrapped in one way, in place of what was there.
pub fn put_wrap(transaction: &Transaction<'_>, way: Way, wrapped: &Wrapped) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO keeper_wrap (way, salt, nonce, cipher) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (way) DO UPDATE SET salt = excluded.salt, nonce = excluded.nonce,
                cipher = excluded.cipher",
            params![way.number(), wrapped.salt, wrapped.nonce, wrapped.cipher],
        )
        .map_err(sql)?;
    Ok(())
}

/// The private half, wrapped in one way.
pub fn wrap(connection: &Connection, way: Way) -> Result<Option<Wrapped>> {
    optional(connection.query_row(
        "SELECT salt, nonce, cipher FROM keeper_wrap WHERE way = ?1",
        [way.number()],
        |row| Ok(Wrapped { salt: row.get(0)?, nonce: row.get(1)?, cipher: row.get(2)? }),
    ))
}

/// Keeps a member's sealed identity.
pub fn put(transaction: &Transaction<'_>, member: i64, sealed: &[u8], at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO identity (member, sealed, sealed_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (member) DO UPDATE SET sealed = excluded.sealed, sealed_at = excluded.sealed_at",
            params![member, sealed, at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// A member's sealed identity.
pub fn get(connection: &Connection, member: i64) -> Result<Option<Vec<u8>>> {
    optional(
        connection.query_row("SELECT sealed FROM identity WHERE member = ?1", [member], |row| row.get(0)),
    )
}

/// Forgets a member's sealed identity.
pub fn delete(transaction: &Transaction<'_>, member: i64) -> Result<()> {
    transaction.execute("DELETE FROM identity WHERE member = ?1", [member]).map_err(sql)?;
    Ok(())
}

/// Takes name and phone out of a member's row.
pub fn clear_member(transaction: &Transaction<'_>, member: i64) -> Result<()> {
    transaction.execute("UPDATE member SET name = '', phone = '' WHERE row = ?1", [member]).map_err(sql)?;
    Ok(())
}

/// The rows of all whose identity is sealed.
pub fn sealed(connection: &Connection) -> Result<BTreeSet<i64>> {
    let mut statement = connection.prepare_cached("SELECT member FROM identity").map_err(sql)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// How many informants there are whose name stands in clear.
pub fn count_clear(connection: &Connection) -> Result<u64> {
    connection
        .query_row("SELECT count(*) FROM member WHERE role = 'informant' AND name <> ''", [], |row| {
            row.get(0)
        })
        .map(super::count)
        .map_err(sql)
}

/// Notes until when a member was an informant.
pub fn set_until(transaction: &Transaction<'_>, member: i64, until: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO informant_until (member, until) VALUES (?1, ?2)
             ON CONFLICT (member) DO UPDATE SET until = excluded.until",
            params![member, until.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Until when a member was an informant.
pub fn until(connection: &Connection, member: i64) -> Result<Option<Timestamp>> {
    optional(
        connection
            .prepare_cached("SELECT until FROM informant_until WHERE member = ?1")
            .map_err(sql)?
            .query_row([member], |row| row.get(0).map(Timestamp::from_millis)),
    )
}

/// What became of a reveal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevealState {
    /// Nobody has opened or refused it.
    Pending,
    /// It was opened, once.
    Opened,
    /// It was refused.
    Refused,
}

impl RevealState {
    /// As in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Opened => "opened",
            Self::Refused => "refused",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Opened, Self::Refused].into_iter().find(|state| state.as_str() == word)
    }
}

/// Somebody asks who a reporter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// Its number.
    pub row: i64,
    /// The row of the member.
    pub member: i64,
    /// The document by which the member was named; none if by number.
    pub document: Option<DocumentId>,
    /// Why.
    pub reason: String,
    /// The operator who asked; none for this machine.
    pub asked_by: Option<i64>,
    /// When.
    pub asked_at: Timestamp,
    /// What became of it.
    pub state: RevealState,
    /// The operator who opened or refused it; none for this machine.
    pub settled_by: Option<i64>,
    /// When.
    pub settled_at: Option<Timestamp>,
}

const REVEAL: &str =
    "SELECT row, member, document, reason, asked_by, asked_at, state, settled_by, settled_at FROM reveal";

fn read_reveal(row: &Row<'_>) -> rusqlite::Result<Reveal> {
    let document: Option<[u8; 16]> = row.get(2)?;
    let settled_at: Option<i64> = row.get(8)?;
    Ok(Reveal {
        row: row.get(0)?,
        member: row.get(1)?,
        document: document.map(DocumentId::new),
        reason: row.get(3)?,
        asked_by: row.get(4)?,
        asked_at: Timestamp::from_millis(row.get(5)?),
        state: RevealState::from_word(&row.get::<_, String>(6)?).ok_or_else(|| unreadable(6))?,
        settled_by: row.get(7)?,
        settled_at: settled_at.map(Timestamp::from_millis),
    })
}

/// Keeps a new reveal; returns its number.
pub fn add_reveal(
    transaction: &Transaction<'_>,
    member: i64,
    document: Option<DocumentId>,
    reason: &str,
    asked_by: Option<i64>,
    asked_at: Timestamp,
) -> Result<i64> {
    transaction
        .execute(
            "INSERT INTO reveal (member, document, reason, asked_by, asked_at, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                member,
                document.as_ref().map(AsRef::as_ref),
                reason,
                asked_by,
                asked_at.millis(),
                RevealState::Pending.as_str()
            ],
        )
        .map_err(sql)?;
    Ok(transaction.last_insert_rowid())
}

/// The reveal with this number.
pub fn find_reveal(connection: &Connection, row: i64) -> Result<Option<Reveal>> {
    optional(connection.query_row(&format!("{REVEAL} WHERE row = ?1"), [row], read_reveal))
}

/// Reveals, the newest first.
pub fn reveals(connection: &Connection, limit: i64) -> Result<Vec<Reveal>> {
    let mut statement = connection.prepare(&format!("{REVEAL} ORDER BY row DESC LIMIT ?1")).map_err(sql)?;
    let rows = statement.query_map([limit], read_reveal).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Notes what became of a pending reveal.
pub fn settle_reveal(
    transaction: &Transaction<'_>,
    row: i64,
    state: RevealState,
    by: Option<i64>,
    at: Timestamp,
) -> Result<()> {
    transaction
        .execute(
            "UPDATE reveal SET state = ?2, settled_by = ?3, settled_at = ?4 WHERE row = ?1",
            params![row, state.as_str(), by, at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}
