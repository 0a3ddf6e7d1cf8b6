//! The people of the command centre: who may log in, their sessions, one-time links, and whose hand wrote
//! which of the relay's own entries.
//!
//! Of tokens and codes only hashes stand here, of passwords only what Argon2id makes of them.

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    error::Result,
    id::{DepartmentId, DocumentId, EntryId},
    store::{optional, sql},
    time::Timestamp,
};

use super::{id, unreadable};

/// Tables of migration 3.
pub(super) const TABLES_3: &str = "
CREATE TABLE operator (
    operator      INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    shown_name    TEXT NOT NULL,
    roles         TEXT NOT NULL,
    department    TEXT,
    password_hash TEXT,
    is_disabled   INTEGER NOT NULL DEFAULT 0,
    made_at       INTEGER NOT NULL,
    last_login_at INTEGER
) STRICT;

CREATE TABLE session (
    token_hash    BLOB PRIMARY KEY,
    operator      INTEGER NOT NULL REFERENCES operator (operator),
    made_at       INTEGER NOT NULL,
    used_at       INTEGER NOT NULL,
    confirmed_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_operator ON session (operator);

CREATE TABLE login_link (
    link_hash     BLOB PRIMARY KEY,
    operator      INTEGER REFERENCES operator (operator),
    expires_at    INTEGER NOT NULL,
    used_at       INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_entry (
    entry         BLOB PRIMARY KEY,
    operator      INTEGER NOT NULL REFERENCES operator (operator)
) STRICT, WITHOUT ROWID;
";

/// An operator as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Their number; never given to somebody else.
    pub row: i64,
    /// What they log in with.
    pub name: String,
    /// What colleagues call them.
    pub shown_name: String,
    /// Their roles by their words, with spaces between.
    pub roles: String,
    /// A handler's department.
    pub department: Option<DepartmentId>,
    /// What Argon2id made of the password; none until they have chosen one.
    pub password_hash: Option<String>,
    /// May not log in.
    pub is_disabled: bool,
    /// Since when they are known.
    pub made_at: Timestamp,
    /// When they last logged in.
    pub last_login_at: Option<Timestamp>,
}

const COLUMNS: &str = "o.operator, o.name, o.shown_name, o.roles, o.department, o.password_hash,
    o.is_disabled, o.made_at, o.last_login_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let department: Option<String> = row.get(4)?;
    Ok(Kept {
        row: row.get(0)?,
        name: row.get(1)?,
        shown_name: row.get(2)?,
        roles: row.get(3)?,
        department: department.map(|word| DepartmentId::new(&word)).transpose().map_err(|_| unreadable(4))?,
        password_hash: row.get(5)?,
        is_disabled: row.get(6)?,
        made_at: Timestamp::from_millis(row.get(7)?),
        last_login_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
    })
}

/// The operator with this number.
pub fn get(connection: &Connection, row: i64) -> Result<Option<Kept>> {
    optional(
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM operator o WHERE o.operator = ?1"))
            .map_err(sql)?
            .query_row([row], read),
    )
}

/// The operator who logs in with this name.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Kept>> {
    optional(
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM operator o WHERE o.name = ?1"))
            .map_err(sql)?
            .query_row([name], read),
    )
}

/// Everyone, in the order in which they came.
pub fn all(connection: &Connection) -> Result<Vec<Kept>> {
    let mut statement =
        connection.prepare(&format!("SELECT {COLUMNS} FROM operator o ORDER BY o.operator")).map_err(sql)?;
    let rows = statement.query_map([], read).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Adds an operator; their row is given here, not taken from `kept`.
pub fn add(transaction: &Transaction<'_>, kept: &Kept) -> Result<i64> {
    transaction
        .execute(
            "INSERT INTO operator (name, shown_name, roles, department, password_hash, is_disabled, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                kept.name,
                kept.shown_name,
                kept.roles,
                kept.department.as_ref().map(DepartmentId::as_str),
                kept.password_hash,
                kept.is_disabled,
                kept.made_at.millis(),
            ],
        )
        .map_err(sql)?;
    Ok(transaction.last_insert_rowid())
}

/// Writes down what may change of an operator.
pub fn set(transaction: &Transaction<'_>, kept: &Kept) -> Result<()> {
    transaction
        .execute(
            "UPDATE operator SET shown_name = ?2, roles = ?3, department = ?4, password_hash = ?5,
                is_disabled = ?6, last_login_at = ?7
             WHERE operator = ?1",
            params![
                kept.row,
                kept.shown_name,
                kept.roles,
                kept.department.as_ref().map(DepartmentId::as_str),
                kept.password_hash,
                kept.is_disabled,
                kept.last_login_at.map(Timestamp::millis),
            ],
        )
        .map_err(sql)?;
    Ok(())
}

/// A session with whose it is.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose.
    pub operator: Kept,
    /// When it began.
    pub made_at: Timestamp,
    /// When it was last used, give or take a minute.
    pub used_at: Timestamp,
    /// When the password was last given again.
    pub confirmed_at: Option<Timestamp>,
}

/// The session of a token.
pub fn session(connection: &Connection, token_hash: [u8; 32]) -> Result<Option<Session>> {
    optional(
        connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS}, s.made_at, s.used_at, s.confirmed_at
                 FROM session s JOIN operator o ON o.operator = s.operator WHERE s.token_hash = ?1"
            ))
            .map_err(sql)?
            .query_row([token_hash], |row| {
                Ok(Session {
                    operator: read(row)?,
                    made_at: Timestamp::from_millis(row.get(9)?),
                    used_at: Timestamp::from_millis(row.get(10)?),
                    confirmed_at: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_millis),
                })
            }),
    )
}

/// Begins a session, and forgets those that began or were used before these moments.
pub fn add_session(
    transaction: &Transaction<'_>,
    token_hash: [u8; 32],
    operator: i64,
    now: Timestamp,
    (made_before, used_before): (Timestamp, Timestamp),
) -> Result<()> {
    transaction
        .execute(
            "DELETE FROM session WHERE made_at < ?1 OR used_at < ?2",
            params![made_before.millis(), used_before.millis()],
        )
        .map_err(sql)?;
    transaction
        .execute(
            "INSERT INTO session (token_hash, operator, made_at, used_at) VALUES (?1, ?2, ?3, ?3)",
            params![token_hash, operator, now.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Notes that a session was used.
pub fn use_session(transaction: &Transaction<'_>, token_hash: [u8; 32], now: Timestamp) -> Result<()> {
    transaction
        .execute("UPDATE session SET used_at = ?2 WHERE token_hash = ?1", params![token_hash, now.millis()])
        .map_err(sql)?;
    Ok(())
}

/// Notes that the password was given again.
pub fn confirm_session(transaction: &Transaction<'_>, token_hash: [u8; 32], now: Timestamp) -> Result<()> {
    transaction
        .execute(
            "UPDATE session SET confirmed_at = ?2 WHERE token_hash = ?1",
            params![token_hash, now.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Ends one session.
pub fn end_session(transaction: &Transaction<'_>, token_hash: [u8; 32]) -> Result<()> {
    transaction.execute("DELETE FROM session WHERE token_hash = ?1", [token_hash]).map_err(sql)?;
    Ok(())
}

/// Ends all sessions of an operator.
pub fn end_sessions(transaction: &Transaction<'_>, operator: i64) -> Result<()> {
    transaction.execute("DELETE FROM session WHERE operator = ?1", [operator]).map_err(sql)?;
    Ok(())
}

/// A one-time link as kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// For whom; none for the first administrator, who is not known yet.
    pub operator: Option<i64>,
    /// Useless from then on.
    pub expires_at: Timestamp,
    /// Somebody used it.
    pub is_used: bool,
}

/// The link with this hash.
pub fn link(connection: &Connection, link_hash: [u8; 32]) -> Result<Option<Link>> {
    optional(connection.query_row(
        "SELECT operator, expires_at, used_at IS NOT NULL FROM login_link WHERE link_hash = ?1",
        [link_hash],
        |row| {
            Ok(Link {
                operator: row.get(0)?,
                expires_at: Timestamp::from_millis(row.get(1)?),
                is_used: row.get(2)?,
            })
        },
    ))
}

/// Keeps a link; one that is known stays as it is.
pub fn add_link(transaction: &Transaction<'_>, link_hash: [u8; 32], link: &Link) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO login_link (link_hash, operator, expires_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (link_hash) DO NOTHING",
            params![link_hash, link.operator, link.expires_at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// From now on a link is good for nothing.
pub fn use_link(transaction: &Transaction<'_>, link_hash: [u8; 32], now: Timestamp) -> Result<()> {
    transaction
        .execute("UPDATE login_link SET used_at = ?2 WHERE link_hash = ?1", params![link_hash, now.millis()])
        .map_err(sql)?;
    Ok(())
}

/// Every link of an operator that nobody used is good for nothing from now on.
pub fn drop_links(transaction: &Transaction<'_>, operator: i64) -> Result<()> {
    transaction
        .execute("DELETE FROM login_link WHERE operator = ?1 AND used_at IS NULL", [operator])
        .map_err(sql)?;
    Ok(())
}

/// Notes whose hand wrote one of the relay's own entries.
pub fn add_entry(transaction: &Transaction<'_>, entry: EntryId, operator: i64) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO operator_entry (entry, operator) VALUES (?1, ?2) ON CONFLICT (entry) DO NOTHING",
        )
        .and_then(|mut insert| insert.execute(params![entry.as_ref(), operator]))
        .map_err(sql)?;
    Ok(())
}

/// Which operators wrote which entries of a document, in the order of arrival: entry, number, shown name, roles.
pub fn entries(connection: &Connection, document: DocumentId) -> Result<Vec<(EntryId, i64, String, String)>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT e.entry_id, o.operator, o.shown_name, o.roles FROM entry e
             JOIN operator_entry x ON x.entry = e.entry_id JOIN operator o ON o.operator = x.operator
             WHERE e.document = ?1 AND e.same_as IS NULL ORDER BY e.seq",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map([document.as_ref()], |row| Ok((id(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}
