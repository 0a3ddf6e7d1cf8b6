//! Entries: appended once, later marked with what became of them; never deleted.

use rusqlite::{CachedStatement, Connection, Row, Transaction, params};
use suishou_core::{
    entry::{BodyType, Entry, Header},
    error::{Error, HeldCode, Result},
    id::{BodyHash, DocumentId, EntryId},
    model::{DocumentKind, step::Author},
    store::sql,
    time::Timestamp,
};

use super::id;

/// What became of an entry. Numbers stand in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Stored and receipted; its document has not followed yet.
    Stored,
    /// It takes effect.
    Passed,
    /// It takes none.
    Held(HeldCode),
}

impl State {
    const fn number(self) -> u8 {
        match self {
            Self::Stored => 1,
            Self::Passed => 2,
            Self::Held(_) => 3,
        }
    }

    fn held_code(self) -> u8 {
        match self {
            Self::Held(code) => code.number(),
            Self::Stored | Self::Passed => 0,
        }
    }

    fn read(number: u8, held_code: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Stored),
            2 => Some(Self::Passed),
            3 => HeldCode::from_number(held_code).map(Self::Held),
            _ => None,
        }
    }
}

/// Appends entries, one prepared statement for all of a run.
pub struct Appender<'a> {
    transaction: &'a Transaction<'a>,
    insert: CachedStatement<'a>,
    log: i64,
    state: State,
    received_at: Timestamp,
}

impl std::fmt::Debug for Appender<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Appender")
    }
}

impl<'a> Appender<'a> {
    /// For entries of one log that came together.
    pub fn new(
        transaction: &'a Transaction<'a>,
        log: i64,
        state: State,
        received_at: Timestamp,
    ) -> Result<Self> {
        let insert = transaction
            .prepare_cached(
                "INSERT INTO entry (seq, entry_id, document, kind, body_type, state, held_code, log,
                    claimed_at, received_at, erased_hash, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (entry_id) WHERE same_as IS NULL DO NOTHING",
            )
            .map_err(sql)?;
        Ok(Self { transaction, insert, log, state, received_at })
    }

    /// Appends one; one that is stored already becomes a row that points to it.
    pub fn append(&mut self, seq: i64, entry_id: EntryId, entry: &Entry) -> Result<()> {
        let header = &entry.header;
        let erased = entry.body.is_none().then_some(header.body_hash);
        let inserted = self
            .insert
            .execute(params![
                seq,
                entry_id.as_ref(),
                header.document.as_ref(),
                header.kind.number(),
                header.body_type.number(),
                self.state.number(),
                self.state.held_code(),
                self.log,
                header.claimed_at.millis(),
                self.received_at.millis(),
                erased.as_ref().map(AsRef::as_ref),
                entry.body,
            ])
            .map_err(sql)?;
        if inserted == 1 {
            return Ok(());
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO entry (seq, entry_id, document, kind, body_type, state, log, claimed_at,
                    received_at, same_as)
                 SELECT ?1, entry_id, document, kind, body_type, ?3, ?4, claimed_at, ?5, seq
                 FROM entry WHERE entry_id = ?2 AND same_as IS NULL",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    seq,
                    entry_id.as_ref(),
                    State::Stored.number(),
                    self.log,
                    self.received_at.millis()
                ])
            })
            .map_err(sql)?;
        Ok(())
    }
}

/// An entry with what the relay knows of it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its place among all entries.
    pub seq: i64,
    /// Its id.
    pub entry_id: EntryId,
    /// Itself.
    pub entry: Entry,
    /// What became of it.
    pub state: State,
    /// Who, once its document has followed.
    pub author: Author,
    /// The row of its log.
    pub log: i64,
    /// Its place in the feed, 0 if none.
    pub feed_seq: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// The entry it repeats.
    pub same_as: Option<i64>,
}

const COLUMNS: &str = "seq, entry_id, document, kind, body_type, state, held_code, author, log, feed_seq, \
    claimed_at, received_at, same_as, erased_hash, body";

fn read(row: &Row<'_>) -> Result<Stored> {
    let seen = || -> rusqlite::Result<_> {
        let numbers: (u8, u8, u8, u8) = (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
        let erased: Option<[u8; 32]> = row.get(13)?;
        let body: Option<Vec<u8>> = row.get(14)?;
        let header = Header {
            document: id(row, 2)?,
            kind: DocumentKind::Incident,
            claimed_at: Timestamp::from_millis(row.get(10)?),
            body_type: BodyType::Record,
            body_hash: erased.map_or(BodyHash::ZERO, BodyHash::new),
        };
        let stored = Stored {
            seq: row.get(0)?,
            entry_id: id(row, 1)?,
            entry: Entry { header, body },
            state: State::Stored,
            author: Author::from_number(row.get(7)?),
            log: row.get(8)?,
            feed_seq: row.get(9)?,
            received_at: Timestamp::from_millis(row.get(11)?),
            same_as: row.get(12)?,
        };
        Ok((stored, numbers))
    };
    let (mut stored, (kind, body_type, state, held_code)) = seen().map_err(sql)?;
    let header = &mut stored.entry.header;
    header.kind = DocumentKind::from_number(kind).ok_or(Error::Corrupt("a document's kind"))?;
    header.body_type = BodyType::from_number(body_type).ok_or(Error::Corrupt("a body type"))?;
    stored.state = State::read(state, held_code).ok_or(Error::Corrupt("an entry's state"))?;
    Ok(stored)
}

fn query(connection: &Connection, statement: &str, parameters: impl rusqlite::Params) -> Result<Vec<Stored>> {
    let mut statement = connection.prepare_cached(statement).map_err(sql)?;
    let mut rows = statement.query(parameters).map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Entries after a place, in order. The body hash in a header is zero unless the body was erased:
/// nothing here needs it.
pub fn after(connection: &Connection, seq: i64, limit: usize) -> Result<Vec<Stored>> {
    let statement = select("WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    query(connection, &statement, params![seq, i64::try_from(limit).unwrap_or(i64::MAX)])
}

/// One entry.
pub fn get(connection: &Connection, seq: i64) -> Result<Option<Stored>> {
    Ok(query(connection, &select("WHERE seq = ?1"), [seq])?.pop())
}

/// One entry by its id.
pub fn by_id(connection: &Connection, entry: EntryId) -> Result<Option<Stored>> {
    Ok(query(connection, &select("WHERE entry_id = ?1 AND same_as IS NULL"), [entry.as_ref()])?.pop())
}

/// The held entries of a document that may take effect once something else has arrived, but those that an operator
/// turned down.
pub fn waiting(connection: &Connection, document: DocumentId) -> Result<Vec<Stored>> {
    query(
        connection,
        &select(
            "WHERE document = ?1 AND state = 3 AND held_code IN (?2, ?3)
                AND NOT EXISTS (SELECT 1 FROM held_reply r WHERE r.entry = entry.entry_id)
             ORDER BY seq LIMIT 64",
        ),
        params![document.as_ref(), HeldCode::DependsOnHeld.number(), HeldCode::NoRecord.number()],
    )
}

/// The entries of a document that take effect, from one place in the feed to before another.
pub fn history(
    connection: &Connection,
    document: DocumentId,
    after_feed: i64,
    before_feed: i64,
    limit: i64,
) -> Result<Vec<Stored>> {
    query(
        connection,
        &select(
            "WHERE document = ?1 AND state = 2 AND feed_seq > ?2 AND feed_seq < ?3
             ORDER BY feed_seq LIMIT ?4",
        ),
        params![document.as_ref(), after_feed, before_feed, limit],
    )
}

/// The remarks on a document that take effect, in the order of arrival.
pub fn notes(connection: &Connection, document: DocumentId) -> Result<Vec<Stored>> {
    query(
        connection,
        &select("WHERE document = ?1 AND state = 2 AND body_type = ?2 AND same_as IS NULL ORDER BY seq"),
        params![document.as_ref(), BodyType::Note.number()],
    )
}

/// Everything that a member's phones sent, in the order of arrival.
pub fn of_member(connection: &Connection, member: i64) -> Result<Vec<Stored>> {
    let condition =
        "WHERE log IN (SELECT l.row FROM log l JOIN device d ON d.row = l.device WHERE d.member = ?1)
         ORDER BY seq";
    query(connection, &select(condition), [member])
}

/// What is held and has a body: what these name stands with no document.
pub fn held(connection: &Connection) -> Result<Vec<Stored>> {
    query(connection, &select("INDEXED BY entry_held WHERE state = 3 AND body IS NOT NULL"), [])
}

/// Everything of a document, in the order of arrival.
pub fn of_document(connection: &Connection, document: DocumentId) -> Result<Vec<Stored>> {
    query(connection, &select("WHERE document = ?1 ORDER BY seq"), [document.as_ref()])
}

/// Puts what is left in place of a body, and keeps the hash that the header has.
pub fn erase(transaction: &Transaction<'_>, seq: i64, hash: BodyHash, left: Option<&[u8]>) -> Result<()> {
    transaction
        .execute(
            "UPDATE entry SET erased_hash = coalesce(erased_hash, ?2), body = ?3 WHERE seq = ?1",
            params![seq, hash.as_ref(), left],
        )
        .map_err(sql)?;
    Ok(())
}

/// The places in the feed of all entries of a document.
pub fn feed_seqs(connection: &Connection, document: DocumentId) -> Result<Vec<i64>> {
    let mut statement = connection
        .prepare_cached("SELECT feed_seq FROM entry WHERE document = ?1 AND feed_seq > 0")
        .map_err(sql)?;
    let rows = statement.query_map([document.as_ref()], |row| row.get(0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

fn select(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM entry {condition}")
}

/// Marks what became of an entry.
pub fn settle(
    transaction: &Transaction<'_>,
    seq: i64,
    state: State,
    author: Author,
    feed_seq: i64,
) -> Result<()> {
    transaction
        .prepare_cached(
            "UPDATE entry SET state = ?2, held_code = ?3, author = ?4, feed_seq = ?5 WHERE seq = ?1",
        )
        .and_then(|mut update| {
            update.execute(params![seq, state.number(), state.held_code(), author.number(), feed_seq])
        })
        .map_err(sql)?;
    Ok(())
}

/// Whether entries of a document are stored that it has not followed yet.
pub fn is_behind(connection: &Connection, document: DocumentId) -> Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entry WHERE document = ?1 AND state = 1 AND same_as IS NULL)",
        )
        .and_then(|mut statement| statement.query_row([document.as_ref()], |row| row.get(0)))
        .map_err(sql)
}
