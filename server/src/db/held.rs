//! Entries that take no effect, and what operators said to them.

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    error::Result,
    id::{DeviceId, DocumentId, EntryId},
    store::{optional, sql},
    time::Timestamp,
};

use super::{count, id};

/// A part of schema 3. By the entry's id, which stays the same in every life of the relay.
pub(super) const TABLES_3: &str = "
CREATE TABLE held_reply (
    entry        BLOB PRIMARY KEY,
    reply        TEXT NOT NULL,
    replied_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// A held entry.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which.
    pub entry: EntryId,
    /// Of which document.
    pub document: DocumentId,
    /// The number of its document's kind.
    pub kind: u8,
    /// The number of what it holds.
    pub body_type: u8,
    /// From which device.
    pub device: DeviceId,
    /// That is an informant's, or was one once.
    pub is_informant: bool,
    /// The author's alias in the document, if they have one.
    pub alias: Option<u16>,
    /// Why, as its number.
    pub code: u8,
    /// When it was made, by the phone's clock.
    pub claimed_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// How many bytes; 0 if they were erased.
    pub size_bytes: u64,
    /// What an operator said to it, and when.
    pub reply: Option<(String, Timestamp)>,
}

const COLUMNS: &str = "
    SELECT e.entry_id, e.document, e.kind, e.body_type, d.device, a.alias, e.held_code, e.claimed_at,
        e.received_at, coalesce(length(e.body), 0), r.reply, r.replied_at,
        coalesce(m.role = 'informant' OR m.row IN (SELECT member FROM informant_until), 0)
    FROM entry e INDEXED BY entry_held
    JOIN log l ON l.row = e.log JOIN device d ON d.row = l.device
    LEFT JOIN member m ON m.row = d.member
    LEFT JOIN document_author a ON a.document = e.document AND a.member = d.member
    LEFT JOIN held_reply r ON r.entry = e.entry_id
    WHERE e.state = 3";

fn read(row: &Row<'_>) -> rusqlite::Result<Held> {
    let reply: Option<String> = row.get(10)?;
    let replied_at: Option<i64> = row.get(11)?;
    Ok(Held {
        entry: id(row, 0)?,
        document: id(row, 1)?,
        kind: row.get(2)?,
        body_type: row.get(3)?,
        device: id(row, 4)?,
        alias: row.get(5)?,
        code: row.get(6)?,
        claimed_at: Timestamp::from_millis(row.get(7)?),
        received_at: Timestamp::from_millis(row.get(8)?),
        size_bytes: count(row.get(9)?),
        is_informant: row.get(12)?,
        reply: reply.zip(replied_at.map(Timestamp::from_millis)),
    })
}

/// Held entries, newest first; those that got a reply only if they are wanted.
pub fn list(connection: &Connection, with_replied: bool, limit: usize) -> Result<Vec<Held>> {
    let statement = format!("{COLUMNS} AND (?1 OR r.entry IS NULL) ORDER BY e.seq DESC LIMIT ?2");
    let mut statement = connection.prepare_cached(&statement).map_err(sql)?;
    let rows = statement
        .query_map(params![with_replied, i64::try_from(limit).unwrap_or(i64::MAX)], read)
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// A held entry by its id.
pub fn get(connection: &Connection, entry: EntryId) -> Result<Option<Held>> {
    // The entry is found by its own index, not among all that are held.
    let statement = format!("{} AND e.entry_id = ?1", COLUMNS.replace("INDEXED BY entry_held", ""));
    let mut statement = connection.prepare_cached(&statement).map_err(sql)?;
    let mut rows = statement.query_map([entry.as_ref()], read).map_err(sql)?;
    rows.next().transpose().map_err(sql)
}

/// How many entries of each device are held, by the number of the code.
pub fn codes_of(connection: &Connection, device: DeviceId) -> Result<Vec<(u8, u64)>> {
    let mut statement = connection
        .prepare(
            "SELECT e.held_code, count(*) FROM entry e INDEXED BY entry_held
             JOIN log l ON l.row = e.log JOIN device d ON d.row = l.device
             WHERE e.state = 3 AND d.device = ?1 GROUP BY e.held_code ORDER BY e.held_code",
        )
        .map_err(sql)?;
    let rows =
        statement.query_map([device.as_ref()], |row| Ok((row.get(0)?, count(row.get(1)?)))).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Places of a device's entries that are held for one reason and got no reply, in order.
pub fn of_device(
    connection: &Connection,
    device: DeviceId,
    code: u8,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT e.seq FROM entry e INDEXED BY entry_held
             JOIN log l ON l.row = e.log JOIN device d ON d.row = l.device
             WHERE e.state = 3 AND e.held_code = ?2 AND d.device = ?1 AND e.seq > ?3
                AND NOT EXISTS (SELECT 1 FROM held_reply r WHERE r.entry = e.entry_id)
             ORDER BY e.seq LIMIT ?4",
        )
        .map_err(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows =
        statement.query_map(params![device.as_ref(), code, after, limit], |row| row.get(0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// What is said to an entry.
pub fn reply(connection: &Connection, entry: EntryId) -> Result<Option<String>> {
    optional(
        connection
            .prepare_cached("SELECT reply FROM held_reply WHERE entry = ?1")
            .map_err(sql)?
            .query_row([entry.as_ref()], |row| row.get(0)),
    )
}

/// Keeps what is said to an entry; none takes it back.
pub fn set_reply(
    transaction: &Transaction<'_>,
    entry: EntryId,
    reply: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    let done = match reply {
        Some(text) => transaction.execute(
            "INSERT OR REPLACE INTO held_reply (entry, reply, replied_at) VALUES (?1, ?2, ?3)",
            params![entry.as_ref(), text, at.millis()],
        ),
        None => transaction.execute("DELETE FROM held_reply WHERE entry = ?1", [entry.as_ref()]),
    };
    done.map(drop).map_err(sql)
}
