//! Rows for exports, one after the other and never all at once.

use rusqlite::{Connection, params};
use suishou_core::{
    error::Result,
    model::{DocumentKind, step::Author},
    store::sql,
    time::Timestamp,
};

/// A row of work with what stands beside it.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Core's row, as JSON.
    pub json: String,
    /// Its state.
    pub state: String,
    /// Whose, by alias.
    pub author: Author,
    /// When the next thing is due.
    pub due_at: Option<Timestamp>,
    /// An incident: when it was taken up, done, answered.
    pub times: [Option<Timestamp>; 3],
    /// The record's body, unless it was erased.
    pub body: Option<Vec<u8>>,
}

/// Goes through a kind's rows that are of a period by their receipt, or by their author's clock where the row
/// has no receipt, in the order of that time.
pub fn each<E: From<suishou_core::error::Error>>(
    connection: &Connection,
    kind: DocumentKind,
    from: Timestamp,
    to: Timestamp,
    mut take: impl FnMut(Exported) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = connection
        .prepare_cached(
            "SELECT w.json, w.state, w.author, w.due, f.accepted_at, f.handled_at, f.closed_at, e.body
             FROM work_due w
             LEFT JOIN document d ON d.document = w.document
             LEFT JOIN entry e ON e.seq = d.record_row
             LEFT JOIN figure f ON f.document = w.document
             WHERE w.kind = ?1 AND coalesce(w.received_at, w.at) >= ?2 AND coalesce(w.received_at, w.at) < ?3
             ORDER BY coalesce(w.received_at, w.at), w.document",
        )
        .map_err(sql)?;
    let mut rows = statement.query(params![kind.number(), from.millis(), to.millis()]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let time = |column| -> rusqlite::Result<Option<Timestamp>> {
            Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
        };
        let read = || -> rusqlite::Result<Exported> {
            Ok(Exported {
                json: row.get(0)?,
                state: row.get(1)?,
                author: Author::from_number(row.get(2)?),
                due_at: time(3)?,
                times: [time(4)?, time(5)?, time(6)?],
                body: row.get(7)?,
            })
        };
        take(read().map_err(sql)?)?;
    }
    Ok(())
}
