//! What statistics count of each incident: one row of plain numbers, worked out when its document changes.
//!
//! No text, no person and no position stands here, so that the rows stay when retention erases a document:
//! what a year's figures were, they remain.

use rusqlite::{Connection, Row, Transaction, params, params_from_iter, types::Value};
use suishou_core::{
    error::Result,
    id::{DocumentId, GridId},
    model::DocumentKind,
    store::{optional, sql},
    time::Timestamp,
};

use super::id;

/// The tables. `source_of` is what intake says; the others follow from documents.
pub(super) const TABLES_3: &str = "
CREATE TABLE figure (
    document     BLOB PRIMARY KEY,
    day          INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    source       TEXT NOT NULL,
    grid         TEXT,
    category     TEXT NOT NULL,
    outcome      INTEGER NOT NULL,
    matter       TEXT,
    accepted_at  INTEGER,
    handled_at   INTEGER,
    closed_at    INTEGER,
    is_in_time   INTEGER,
    is_reopened  INTEGER NOT NULL,
    rating       INTEGER,
    departments  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX figure_by_time ON figure (received_at);

CREATE TABLE figure_department (
    document     BLOB NOT NULL,
    department   TEXT NOT NULL,
    is_first     INTEGER NOT NULL,
    is_in_time   INTEGER,
    PRIMARY KEY (document, department)
) STRICT, WITHOUT ROWID;

CREATE TABLE figure_source (
    document     BLOB PRIMARY KEY,
    source       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE figure_version (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    version      INTEGER NOT NULL
) STRICT;
INSERT INTO figure_version (id, version) VALUES (1, 0);
";

/// Counts up when figures are worked out in another way.
const VERSION: i64 = 1;

/// What became of an incident; every incident is exactly one of these. Numbers stand in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something is left to do.
    Open,
    /// Closed with an answer.
    Handled,
    /// Not taken up.
    Rejected,
    /// It repeats another one.
    Duplicate,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Open, Self::Handled, Self::Rejected, Self::Duplicate];

    const fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Handled => 1,
            Self::Rejected => 2,
            Self::Duplicate => 3,
        }
    }
}

/// A department that was given an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which.
    pub department: String,
    /// Whether it was done by its due time; none if there was none.
    pub is_in_time: Option<bool>,
}

/// What is counted of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Which.
    pub document: DocumentId,
    /// The day of its receipt.
    pub day: i64,
    /// When it reached the relay.
    pub received_at: Timestamp,
    /// Who brought it: an informant, the grids, the command centre, another system.
    pub source: String,
    /// Where.
    pub grid: Option<String>,
    /// About what.
    pub category: String,
    /// What became of it.
    pub outcome: Outcome,
    /// A complaint or suggestion.
    pub matter: Option<&'static str>,
    /// When it was first taken up.
    pub accepted_at: Option<Timestamp>,
    /// When the work was done.
    pub handled_at: Option<Timestamp>,
    /// When the answer was given.
    pub closed_at: Option<Timestamp>,
    /// Whether all was done by its due time; none if nothing had one.
    pub is_in_time: Option<bool>,
    /// It was taken up again at least once.
    pub is_reopened: bool,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// Departments that were given it.
    pub shares: Vec<Share>,
}

/// Keeps what is counted of an incident.
pub fn keep(transaction: &Transaction<'_>, counted: &Counted) -> Result<()> {
    let millis = |time: Option<Timestamp>| time.map(Timestamp::millis);
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO figure (document, day, received_at, source, grid, category, outcome,
                matter, accepted_at, handled_at, closed_at, is_in_time, is_reopened, rating, departments)
             VALUES (?1, ?2, ?3, coalesce((SELECT s.source FROM figure_source s WHERE s.document = ?1), ?4),
                ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                counted.document.as_ref(),
                counted.day,
                counted.received_at.millis(),
                counted.source,
                counted.grid,
                counted.category,
                counted.outcome.number(),
                counted.matter,
                millis(counted.accepted_at),
                millis(counted.handled_at),
                millis(counted.closed_at),
                counted.is_in_time,
                counted.is_reopened,
                counted.rating,
                i64::try_from(counted.shares.len()).unwrap_or(i64::MAX),
            ])
        })
        .map_err(sql)?;
    transaction
        .prepare_cached("DELETE FROM figure_department WHERE document = ?1")
        .and_then(|mut delete| delete.execute([counted.document.as_ref()]))
        .map_err(sql)?;
    for (place, share) in counted.shares.iter().enumerate() {
        transaction
            .prepare_cached(
                "INSERT INTO figure_department (document, department, is_first, is_in_time)
                 VALUES (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    counted.document.as_ref(),
                    share.department,
                    place == 0,
                    share.is_in_time
                ])
            })
            .map_err(sql)?;
    }
    Ok(())
}

/// Says where an incident came from, if that is another system: for intake, in the transaction that makes the
/// incident or later.
pub fn set_source(transaction: &Transaction<'_>, document: DocumentId, source: &str) -> Result<()> {
    transaction
        .execute(
            "INSERT OR REPLACE INTO figure_source (document, source) VALUES (?1, ?2)",
            params![document.as_ref(), source],
        )
        .and_then(|_| {
            transaction.execute(
                "UPDATE figure SET source = ?2 WHERE document = ?1",
                params![document.as_ref(), source],
            )
        })
        .map_err(sql)?;
    Ok(())
}

/// All incidents, if figures were worked out by another version of this program; empty if not.
pub fn to_renew(connection: &Connection) -> Result<Vec<DocumentId>> {
    let version: i64 = connection
        .query_row("SELECT version FROM figure_version WHERE id = 1", [], |row| row.get(0))
        .map_err(sql)?;
    if version == VERSION {
        return Ok(Vec::new());
    }
    let mut statement =
        connection.prepare("SELECT document FROM document WHERE kind = ?1 ORDER BY document").map_err(sql)?;
    let rows = statement.query_map([DocumentKind::Incident.number()], |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Figures are those of this version.
pub fn set_renewed(transaction: &Transaction<'_>) -> Result<()> {
    transaction.execute("UPDATE figure_version SET version = ?1 WHERE id = 1", [VERSION]).map_err(sql)?;
    Ok(())
}

/// By what incidents are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Their grid.
    Grid,
    /// Their category.
    Category,
    /// Each department that was given them.
    Department,
    /// Who brought them.
    Source,
    /// The day of receipt.
    Day,
}

/// Which incidents.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Received from then on.
    pub from: Timestamp,
    /// Received before then.
    pub to: Timestamp,
    /// At this moment.
    pub now: Timestamp,
    /// In one of these grids; in any if empty.
    pub grids: Vec<GridId>,
}

/// The group of an incident.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// It has none of it.
    None,
    /// A code.
    Code(String),
    /// A day.
    Day(i64),
}

/// An incident on its way into a group.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is counted on its own")]
pub struct Seen {
    /// Its group.
    pub key: Key,
    /// What became of it.
    pub outcome: Outcome,
    /// When it came.
    pub received_at: i64,
    /// When it was taken up.
    pub accepted_at: Option<i64>,
    /// When the work was done.
    pub handled_at: Option<i64>,
    /// When the answer was given.
    pub closed_at: Option<i64>,
    /// In time as a whole.
    pub is_in_time: Option<bool>,
    /// In time as far as this group is concerned.
    pub is_own_in_time: Option<bool>,
    /// Taken up again.
    pub is_reopened: bool,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// Several departments were given it.
    pub is_shared: bool,
    /// Not yet seen in another group.
    pub is_first: bool,
    /// Something is due since before now.
    pub is_overdue: bool,
}

/// Goes through the incidents of a period once; one that several departments were given comes once for each.
pub fn each(
    connection: &Connection,
    column: Column,
    wanted: &Wanted,
    mut take: impl FnMut(Seen),
) -> Result<()> {
    let (key, own, first, join) = match column {
        Column::Grid => ("f.grid", "f.is_in_time", "1", ""),
        Column::Category => ("f.category", "f.is_in_time", "1", ""),
        Column::Source => ("f.source", "f.is_in_time", "1", ""),
        Column::Day => ("f.day", "f.is_in_time", "1", ""),
        Column::Department => (
            "d.department",
            "CASE WHEN d.department IS NULL THEN f.is_in_time ELSE d.is_in_time END",
            "coalesce(d.is_first, 1)",
            "LEFT JOIN figure_department d ON d.document = f.document",
        ),
    };
    let within = match wanted.grids.len() {
        0 => String::new(),
        count => format!("AND f.grid IN ({})", vec!["?"; count].join(", ")),
    };
    let statement = format!(
        "SELECT {key}, f.outcome, f.received_at, f.accepted_at, f.handled_at, f.closed_at, f.is_in_time,
            {own}, f.is_reopened, f.rating, f.departments, {first},
            CASE WHEN f.outcome = 0 THEN (SELECT w.due FROM work_due w WHERE w.document = f.document) END
         FROM figure f {join}
         WHERE f.matter IS NULL AND f.received_at >= ? AND f.received_at < ? {within}"
    );
    let mut values: Vec<Value> = vec![wanted.from.millis().into(), wanted.to.millis().into()];
    values.extend(wanted.grids.iter().map(|grid| Value::from(grid.to_string())));
    let mut statement = connection.prepare_cached(&statement).map_err(sql)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        take(seen(row, wanted.now.millis()).map_err(sql)?);
    }
    Ok(())
}

fn seen(row: &Row<'_>, now: i64) -> rusqlite::Result<Seen> {
    let outcome: i64 = row.get(1)?;
    let due: Option<i64> = row.get(12)?;
    Ok(Seen {
        key: match row.get(0)? {
            Value::Text(code) => Key::Code(code),
            Value::Integer(day) => Key::Day(day),
            _ => Key::None,
        },
        outcome: Outcome::ALL.into_iter().find(|known| known.number() == outcome).unwrap_or(Outcome::Open),
        received_at: row.get(2)?,
        accepted_at: row.get(3)?,
        handled_at: row.get(4)?,
        closed_at: row.get(5)?,
        is_in_time: row.get(6)?,
        is_own_in_time: row.get(7)?,
        is_reopened: row.get(8)?,
        rating: row.get(9)?,
        is_shared: row.get::<_, i64>(10)? > 1,
        is_first: row.get(11)?,
        is_overdue: due.is_some_and(|due| due < now),
    })
}

/// Incidents, complaints and suggestions by who brought them, what they are about, and what became of them.
pub fn counts(
    connection: &Connection,
    wanted: &Wanted,
) -> Result<Vec<(String, String, Option<String>, bool, u64)>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT source, category, matter, outcome = 1, count(*) FROM figure
             WHERE received_at >= ?1 AND received_at < ?2 GROUP BY source, category, matter, outcome = 1
             ORDER BY source, category, matter, outcome = 1",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map([wanted.from.millis(), wanted.to.millis()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, super::count(row.get(4)?)))
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// When an incident was taken up, done and answered, for an export.
pub fn times(connection: &Connection, document: DocumentId) -> Result<Option<[Option<i64>; 3]>> {
    optional(
        connection
            .prepare_cached("SELECT accepted_at, handled_at, closed_at FROM figure WHERE document = ?1")
            .map_err(sql)?
            .query_row([document.as_ref()], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])),
    )
}

/// A row of work of a kind, as JSON, with its grid and its columns of time.
#[derive(Clone, Debug)]
pub struct Worked {
    /// Which.
    pub document: DocumentId,
    /// Its state.
    pub state: String,
    /// Something is left to do.
    pub is_open: bool,
    /// Its category, purpose, hazard, theme or form.
    pub category: Option<String>,
    /// When, by the author's clock, but never later than its receipt.
    pub at: Timestamp,
    /// When the next thing is due.
    pub due_at: Option<Timestamp>,
    /// The row.
    pub json: String,
}

/// Goes through the rows of a kind that belong to a period: by the author's clock, for what was done offline is
/// of the day on which it was done, unless that clock was ahead of the relay's.
pub fn each_work(
    connection: &Connection,
    kind: DocumentKind,
    wanted: &Wanted,
    mut take: impl FnMut(Worked) -> Result<()>,
) -> Result<()> {
    let within = match wanted.grids.len() {
        0 => String::new(),
        count => format!("AND w.grid IN ({})", vec!["?"; count].join(", ")),
    };
    let statement = format!(
        "SELECT w.document, w.state, w.is_open, w.category,
            CASE WHEN w.received_at < w.at THEN w.received_at ELSE w.at END, w.due, w.json
         FROM work_due w WHERE w.kind = ? {within}
            AND CASE WHEN w.received_at < w.at THEN w.received_at ELSE w.at END >= ?
            AND CASE WHEN w.received_at < w.at THEN w.received_at ELSE w.at END < ?
         ORDER BY w.at DESC, w.document"
    );
    let mut values: Vec<Value> = vec![i64::from(kind.number()).into()];
    values.extend(wanted.grids.iter().map(|grid| Value::from(grid.to_string())));
    values.extend([wanted.from.millis().into(), wanted.to.millis().into()]);
    let mut statement = connection.prepare_cached(&statement).map_err(sql)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let worked = Worked {
            document: id(row, 0).map_err(sql)?,
            state: row.get(1).map_err(sql)?,
            is_open: row.get(2).map_err(sql)?,
            category: row.get(3).map_err(sql)?,
            at: Timestamp::from_millis(row.get(4).map_err(sql)?),
            due_at: row.get::<_, Option<i64>>(5).map_err(sql)?.map(Timestamp::from_millis),
            json: row.get(6).map_err(sql)?,
        };
        take(worked)?;
    }
    Ok(())
}
