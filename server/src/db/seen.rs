//! Up to where the command centre has seen what phones added to a document, by places of the feed: what takes effect
//! after a look was not there to be seen.

use rusqlite::{Connection, Transaction, params};
use suishou_core::{
    error::Result,
    id::DocumentId,
    store::{optional, sql},
    time::Timestamp,
};

/// Schema 4.
pub(super) const TABLES_4: &str = "
CREATE TABLE seen (
    document     BLOB PRIMARY KEY,
    first_at     INTEGER NOT NULL,
    upto         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The place of the newest entry of a phone in a document, if it was not seen.
pub fn unseen(connection: &Connection, document: DocumentId) -> Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT max(e.feed_seq) FROM entry e
             JOIN log l ON l.row = e.log JOIN device d ON d.row = l.device
             WHERE e.document = ?1 AND e.state = 2 AND e.same_as IS NULL AND d.member IS NOT NULL
                AND e.feed_seq > coalesce((SELECT upto FROM seen WHERE document = ?1), 0)",
        )
        .and_then(|mut find| find.query_row([document.as_ref()], |row| row.get(0)))
        .map_err(sql)
}

/// Notes that all up to a place was seen; the first look stays the first.
pub fn note(transaction: &Transaction<'_>, document: DocumentId, upto: i64, at: Timestamp) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO seen (document, first_at, upto) VALUES (?1, ?2, ?3)
             ON CONFLICT (document) DO UPDATE SET upto = max(upto, excluded.upto)",
        )
        .and_then(|mut note| note.execute(params![document.as_ref(), at.millis(), upto]))
        .map_err(sql)?;
    Ok(())
}

/// When somebody first looked.
pub fn first_at(connection: &Connection, document: DocumentId) -> Result<Option<Timestamp>> {
    let found: Option<i64> = optional(
        connection
            .prepare_cached("SELECT first_at FROM seen WHERE document = ?1")
            .map_err(sql)?
            .query_row([document.as_ref()], |row| row.get(0)),
    )?;
    Ok(found.map(Timestamp::from_millis))
}

/// The first look, and how many of a member's entries were seen; none if none was.
pub fn of_member(
    connection: &Connection,
    document: DocumentId,
    member: i64,
) -> Result<Option<(Timestamp, u32)>> {
    let found: Option<(i64, u32)> = optional(
        connection
            .prepare_cached(
                "SELECT s.first_at, count(*) FROM seen s
                 JOIN entry e ON e.document = s.document AND e.feed_seq <= s.upto
                 JOIN log l ON l.row = e.log JOIN device d ON d.row = l.device
                 WHERE s.document = ?1 AND d.member = ?2 AND e.state = 2 AND e.same_as IS NULL
                    AND e.feed_seq > 0
                 GROUP BY s.first_at",
            )
            .map_err(sql)?
            .query_row(params![document.as_ref(), member], |row| Ok((row.get(0)?, row.get(1)?))),
    )?;
    Ok(found.map(|(at, entries)| (Timestamp::from_millis(at), entries)))
}
