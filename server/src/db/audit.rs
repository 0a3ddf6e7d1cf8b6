//! The audit log's rows: appended, read, never changed.

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    error::Result,
    store::{optional, sql},
    time::Timestamp,
};

use super::{count, int};

/// Table of migration 3.
pub(super) const TABLES_3: &str = "
CREATE TABLE audit (
    number        INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    operator      INTEGER,
    address       TEXT,
    method        TEXT NOT NULL,
    route         TEXT NOT NULL,
    target        TEXT,
    began         INTEGER,
    status        INTEGER,
    reason        TEXT,
    unwritten     INTEGER NOT NULL,
    previous_hash BLOB NOT NULL,
    hash          BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_operator ON audit (operator, number);
";

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its place, from 1 without a gap.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Which operator; none for a program of this machine, or somebody who did not log in.
    pub operator: Option<i64>,
    /// From where.
    pub address: Option<String>,
    /// GET, POST …
    pub method: String,
    /// As the router has it.
    pub route: String,
    /// The ids in the path.
    pub target: Option<String>,
    /// The entry whose outcome this one tells.
    pub began: Option<u64>,
    /// How it ended; none while it is only begun.
    pub status: Option<u16>,
    /// Why, if that was asked for.
    pub reason: Option<String>,
    /// Refusals before this entry that were only counted.
    pub unwritten: u64,
    /// The hash of the entry before; zeros for the first.
    pub previous_hash: [u8; 32],
    /// Over all of the above.
    pub hash: [u8; 32],
}

const COLUMNS: &str = "number, at, operator, address, method, route, target, began, status, reason,
    unwritten, previous_hash, hash";

fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        number: count(row.get(0)?),
        at: Timestamp::from_millis(row.get(1)?),
        operator: row.get(2)?,
        address: row.get(3)?,
        method: row.get(4)?,
        route: row.get(5)?,
        target: row.get(6)?,
        began: row.get::<_, Option<i64>>(7)?.map(count),
        status: row.get(8)?,
        reason: row.get(9)?,
        unwritten: count(row.get(10)?),
        previous_hash: row.get(11)?,
        hash: row.get(12)?,
    })
}

/// The newest entry's place and hash.
pub fn head(connection: &Connection) -> Result<Option<(u64, [u8; 32])>> {
    optional(
        connection
            .prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
            .map_err(sql)?
            .query_row([], |row| Ok((count(row.get(0)?), row.get(1)?))),
    )
}

/// Appends one.
pub fn append(transaction: &Transaction<'_>, kept: &Kept) -> Result<()> {
    transaction
        .prepare_cached(&format!(
            "INSERT INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        ))
        .and_then(|mut insert| {
            insert.execute(params![
                int(kept.number),
                kept.at.millis(),
                kept.operator,
                kept.address,
                kept.method,
                kept.route,
                kept.target,
                kept.began.map(int),
                kept.status,
                kept.reason,
                int(kept.unwritten),
                kept.previous_hash,
                kept.hash,
            ])
        })
        .map_err(sql)?;
    Ok(())
}

/// Which entries to list; everything narrows the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// By this operator.
    pub operator: Option<i64>,
    /// Before this one, for the next page.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Entries, newest first.
pub fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Kept>> {
    let mut statement = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM audit
             WHERE (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR operator = ?2) AND (?3 IS NULL OR number < ?3)
             ORDER BY number DESC LIMIT ?4"
        ))
        .map_err(sql)?;
    let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
    let values = params![filter.since.map(Timestamp::millis), filter.operator, filter.before.map(int), limit];
    let rows = statement.query_map(values, read).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Goes through all entries, oldest first, until `visit` says that it has seen enough. An entry that can't be
/// read is given as none.
pub fn walk(connection: &Connection, mut visit: impl FnMut(Option<Kept>) -> bool) -> Result<()> {
    let mut statement =
        connection.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY number")).map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        if !visit(read(row).ok()) {
            break;
        }
    }
    Ok(())
}
