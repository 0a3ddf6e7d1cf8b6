//! Invitations beyond their code's hash, what phones committed to, and the life of each phone's enrolment.

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    error::Result,
    id::{CodeHash, Commitment, DeviceId, LogId, MemberId, Nonce},
    store::{optional, sql},
    time::Timestamp,
};

use super::{code, count, id, int};

/// A part of schema 3.
pub(super) const TABLES_3: &str = "
CREATE TABLE invitation (
    number       INTEGER PRIMARY KEY,
    code_hash    BLOB NOT NULL UNIQUE,
    typed_hash   BLOB NOT NULL UNIQUE,
    made_at      INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;

CREATE TABLE enrol_commitment (
    typed_hash   BLOB NOT NULL,
    commitment   BLOB NOT NULL,
    nonce        BLOB NOT NULL,
    PRIMARY KEY (typed_hash, commitment)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_life (
    device       INTEGER PRIMARY KEY,
    digits       INTEGER,
    is_typed     INTEGER NOT NULL DEFAULT 0,
    revoked_at   INTEGER,
    restored_at  INTEGER,
    is_wiped     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE log_fork (
    log          BLOB PRIMARY KEY,
    device       INTEGER NOT NULL,
    counter      INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// How long a code that is out of date is still known as such, in milliseconds: whoever comes with it is told.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Which invitation a code's hash belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The hash of the code in the QR, which stands for the invitation.
    pub code_hash: CodeHash,
    /// The hash that was asked for is that of the typed code.
    pub is_typed: bool,
    /// An operator took it back.
    pub is_withdrawn: bool,
}

/// The invitation that either of its codes names; one of an older program has only the QR's.
pub fn find(connection: &Connection, hash: CodeHash) -> Result<Known> {
    let found = optional(connection.query_row(
        "SELECT code_hash, typed_hash = ?1, withdrawn_at IS NOT NULL FROM invitation
         WHERE code_hash = ?1 OR typed_hash = ?1",
        [hash.as_ref()],
        |row| Ok(Known { code_hash: id(row, 0)?, is_typed: row.get(1)?, is_withdrawn: row.get(2)? }),
    ))?;
    Ok(found.unwrap_or(Known { code_hash: hash, is_typed: false, is_withdrawn: false }))
}

/// Keeps a new invitation; forgets those that were out of date long ago. Returns its number.
pub fn add(
    transaction: &Transaction<'_>,
    code_hash: CodeHash,
    typed_hash: CodeHash,
    member: i64,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<i64> {
    let old = now.millis().saturating_sub(KEPT_MS);
    transaction
        .execute("DELETE FROM enrol_code WHERE used_by IS NULL AND expires_at < ?1", [old])
        .and_then(|_| {
            transaction.execute_batch(
                "DELETE FROM enrol_commitment WHERE typed_hash IN (SELECT typed_hash FROM invitation
                    WHERE code_hash NOT IN (SELECT code_hash FROM enrol_code));
                 DELETE FROM invitation WHERE code_hash NOT IN (SELECT code_hash FROM enrol_code);",
            )
        })
        .map_err(sql)?;
    super::device::add_code(transaction, code_hash.to_array(), member, expires_at)?;
    transaction
        .execute(
            "INSERT INTO invitation (code_hash, typed_hash, made_at) VALUES (?1, ?2, ?3)",
            params![code_hash.as_ref(), typed_hash.as_ref(), now.millis()],
        )
        .map_err(sql)?;
    Ok(transaction.last_insert_rowid())
}

/// An invitation in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// By which operators name it.
    pub number: i64,
    /// For whom.
    pub member: MemberId,
    /// Since when.
    pub made_at: Timestamp,
    /// Useless from then on.
    pub expires_at: Timestamp,
    /// An operator took it back.
    pub withdrawn_at: Option<Timestamp>,
    /// The phone that used it.
    pub device: Option<DeviceId>,
    /// How often somebody began with its typed code.
    pub begun: u64,
}

const LISTED: &str = "SELECT i.number, m.member, i.made_at, c.expires_at, i.withdrawn_at, d.device,
        (SELECT count(*) FROM enrol_commitment k WHERE k.typed_hash = i.typed_hash)
     FROM invitation i JOIN enrol_code c ON c.code_hash = i.code_hash JOIN member m ON m.row = c.member
     LEFT JOIN device d ON d.row = c.device";

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let device: Option<[u8; 16]> = row.get(5)?;
    Ok(Listed {
        number: row.get(0)?,
        member: code(row, 1)?,
        made_at: Timestamp::from_millis(row.get(2)?),
        expires_at: Timestamp::from_millis(row.get(3)?),
        withdrawn_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
        device: device.map(DeviceId::new),
        begun: count(row.get(6)?),
    })
}

/// Invitations, newest first.
pub fn list(connection: &Connection, limit: usize) -> Result<Vec<Listed>> {
    let mut statement =
        connection.prepare(&format!("{LISTED} ORDER BY i.number DESC LIMIT ?1")).map_err(sql)?;
    let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], listed).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// One invitation.
pub fn get(connection: &Connection, number: i64) -> Result<Option<Listed>> {
    optional(connection.query_row(&format!("{LISTED} WHERE i.number = ?1"), [number], listed))
}

/// Takes an invitation back.
pub fn withdraw(transaction: &Transaction<'_>, number: i64, at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "UPDATE invitation SET withdrawn_at = ?2 WHERE number = ?1 AND withdrawn_at IS NULL",
            params![number, at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// The nonce that a commitment was answered with.
pub fn nonce_of(
    connection: &Connection,
    typed_hash: CodeHash,
    commitment: Commitment,
) -> Result<Option<Nonce>> {
    optional(connection.query_row(
        "SELECT nonce FROM enrol_commitment WHERE typed_hash = ?1 AND commitment = ?2",
        params![typed_hash.as_ref(), commitment.as_ref()],
        |row| id(row, 0),
    ))
}

/// How many commitments were taken for a code.
pub fn commitments(connection: &Connection, typed_hash: CodeHash) -> Result<u64> {
    connection
        .query_row(
            "SELECT count(*) FROM enrol_commitment WHERE typed_hash = ?1",
            [typed_hash.as_ref()],
            |row| row.get(0),
        )
        .map(count)
        .map_err(sql)
}

/// Takes a commitment.
pub fn commit_to(
    transaction: &Transaction<'_>,
    typed_hash: CodeHash,
    commitment: Commitment,
    nonce: Nonce,
) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO enrol_commitment (typed_hash, commitment, nonce) VALUES (?1, ?2, ?3)",
            params![typed_hash.as_ref(), commitment.as_ref(), nonce.as_ref()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Keeps the digits of an enrolment.
pub fn set_check(transaction: &Transaction<'_>, device: i64, digits: u32, is_typed: bool) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO device_life (device, digits, is_typed) VALUES (?1, ?2, ?3)",
            params![device, digits, is_typed],
        )
        .map_err(sql)?;
    Ok(())
}

/// Revokes a device, or wants it back; each is noted once.
pub fn set_revoked(transaction: &Transaction<'_>, device: i64, change: Change, at: Timestamp) -> Result<()> {
    let (is_revoked, is_wiped) = match change {
        Change::Revoked => (true, false),
        Change::Restored { is_wiped } => (false, is_wiped),
    };
    let changed = transaction
        .execute(
            "UPDATE device SET is_revoked = ?2 WHERE row = ?1 AND is_revoked = 1 - ?2",
            params![device, is_revoked],
        )
        .map_err(sql)?;
    if changed == 0 {
        return Ok(());
    }
    transaction.execute("INSERT OR IGNORE INTO device_life (device) VALUES (?1)", [device]).map_err(sql)?;
    let (revoked_at, restored_at) = if is_revoked { (Some(at), None) } else { (None, Some(at)) };
    transaction
        .execute(
            "UPDATE device_life SET revoked_at = coalesce(?2, revoked_at), restored_at = ?3,
                is_wiped = max(is_wiped, ?4) WHERE device = ?1",
            params![device, revoked_at.map(Timestamp::millis), restored_at.map(Timestamp::millis), is_wiped],
        )
        .map_err(sql)?;
    Ok(())
}

/// What becomes of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It gets nothing more.
    Revoked,
    /// It is wanted again.
    Restored {
        /// It was told that it is revoked, and has wiped itself.
        is_wiped: bool,
    },
}

/// Notes that a device holds another history of a log than the relay.
pub fn note_fork(
    transaction: &Transaction<'_>,
    log: LogId,
    device: i64,
    counter: u64,
    at: Timestamp,
) -> Result<()> {
    transaction
        .execute(
            "INSERT OR IGNORE INTO log_fork (log, device, counter, seen_at) VALUES (?1, ?2, ?3, ?4)",
            params![log.as_ref(), device, int(counter), at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}
