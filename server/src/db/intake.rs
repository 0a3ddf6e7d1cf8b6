//! Other systems from which matters are taken over, what came from them, and whom to call about it.
//!
//! None of this follows from entries: which ids of other systems are known, and contacts, which no phone sees.

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    error::Result,
    id::{DocumentId, SourceId},
    store::{optional, sql},
    time::Timestamp,
};

use super::{code, count, id};

/// The tables.
pub(super) const TABLES_3: &str = "
CREATE TABLE intake_source (
    source       TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    secret       TEXT NOT NULL,
    rules        TEXT NOT NULL,
    is_enabled   INTEGER NOT NULL DEFAULT 1,
    made_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE intake_item (
    row          INTEGER PRIMARY KEY,
    source       TEXT NOT NULL REFERENCES intake_source (source),
    external_id  TEXT NOT NULL,
    hash         BLOB NOT NULL,
    document     BLOB NOT NULL,
    state        TEXT NOT NULL,
    updates      INTEGER NOT NULL DEFAULT 0,
    received_at  INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (source, external_id)
) STRICT;
CREATE INDEX intake_item_by_document ON intake_item (document);

CREATE TABLE intake_seen (
    source       TEXT NOT NULL,
    signature    BLOB NOT NULL,
    seen_at      INTEGER NOT NULL,
    PRIMARY KEY (source, signature)
) STRICT, WITHOUT ROWID;

CREATE TABLE intake_contact (
    document     BLOB PRIMARY KEY,
    name         TEXT NOT NULL,
    phone        TEXT NOT NULL,
    kept_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// A system from which matters are taken over.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Its short name.
    pub id: SourceId,
    /// What it is, as a word.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// Signs what it sends.
    pub secret: String,
    /// How its words become the township's, as JSON.
    pub rules: String,
    /// It may send.
    pub is_enabled: bool,
    /// Since when it is known.
    pub made_at: Timestamp,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("id", &self.id).finish_non_exhaustive()
    }
}

const SOURCE: &str = "source, kind, name, secret, rules, is_enabled, made_at";

fn read_source(row: &Row<'_>) -> rusqlite::Result<Source> {
    Ok(Source {
        id: code(row, 0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        secret: row.get(3)?,
        rules: row.get(4)?,
        is_enabled: row.get(5)?,
        made_at: Timestamp::from_millis(row.get(6)?),
    })
}

/// All sources, by their short names.
pub fn sources(connection: &Connection) -> Result<Vec<Source>> {
    let mut statement =
        connection.prepare(&format!("SELECT {SOURCE} FROM intake_source ORDER BY source")).map_err(sql)?;
    let rows = statement.query_map([], read_source).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// The source with this short name.
pub fn source(connection: &Connection, source: &SourceId) -> Result<Option<Source>> {
    optional(
        connection
            .prepare_cached(&format!("SELECT {SOURCE} FROM intake_source WHERE source = ?1"))
            .map_err(sql)?
            .query_row([source.as_str()], read_source),
    )
}

/// Adds a source.
pub fn add_source(transaction: &Transaction<'_>, source: &Source) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO intake_source (source, kind, name, secret, rules, is_enabled, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                source.id.as_str(),
                source.kind,
                source.name,
                source.secret,
                source.rules,
                source.is_enabled,
                source.made_at.millis(),
            ],
        )
        .map_err(sql)?;
    Ok(())
}

/// Lets a source send, or not; false if there is none.
pub fn set_enabled(transaction: &Transaction<'_>, source: &SourceId, is_enabled: bool) -> Result<bool> {
    let changed = transaction
        .execute(
            "UPDATE intake_source SET is_enabled = ?2 WHERE source = ?1",
            params![source.as_str(), is_enabled],
        )
        .map_err(sql)?;
    Ok(changed == 1)
}

/// Gives a source another secret; false if there is none.
pub fn set_secret(transaction: &Transaction<'_>, source: &SourceId, secret: &str) -> Result<bool> {
    let changed = transaction
        .execute("UPDATE intake_source SET secret = ?2 WHERE source = ?1", params![source.as_str(), secret])
        .map_err(sql)?;
    Ok(changed == 1)
}

/// Something that a source sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place in the order in which they first came.
    pub row: u64,
    /// From where.
    pub source: SourceId,
    /// Its id there.
    pub external_id: String,
    /// Of the last content.
    pub hash: [u8; 32],
    /// What was made of it.
    pub document: DocumentId,
    /// `taken`, or `updated` if other content came later.
    pub state: String,
    /// How often other content came.
    pub updates: u64,
    /// When it came first.
    pub received_at: Timestamp,
    /// When its content came last.
    pub updated_at: Timestamp,
    /// In which state the incident is, as a word; none before it is projected.
    pub incident: Option<String>,
}

const ITEM: &str = "SELECT i.row, i.source, i.external_id, i.hash, i.document, i.state, i.updates,
        i.received_at, i.updated_at, w.state
    FROM intake_item i LEFT JOIN work w ON w.document = i.document";

fn read_item(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        row: count(row.get(0)?),
        source: code(row, 1)?,
        external_id: row.get(2)?,
        hash: row.get(3)?,
        document: id(row, 4)?,
        state: row.get(5)?,
        updates: count(row.get(6)?),
        received_at: Timestamp::from_millis(row.get(7)?),
        updated_at: Timestamp::from_millis(row.get(8)?),
        incident: row.get(9)?,
    })
}

/// What a source sent under this id.
pub fn item(connection: &Connection, source: &SourceId, external_id: &str) -> Result<Option<Item>> {
    optional(
        connection
            .prepare_cached(&format!("{ITEM} WHERE i.source = ?1 AND i.external_id = ?2"))
            .map_err(sql)?
            .query_row(params![source.as_str(), external_id], read_item),
    )
}

/// From where a document was taken over, and its id there.
pub fn origin(connection: &Connection, document: DocumentId) -> Result<Option<(SourceId, String)>> {
    optional(
        connection
            .prepare_cached("SELECT source, external_id FROM intake_item WHERE document = ?1")
            .map_err(sql)?
            .query_row([document.as_ref()], |row| Ok((code(row, 0)?, row.get(1)?))),
    )
}

/// What came, newest first; of one source or of all.
pub fn items(
    connection: &Connection,
    source: Option<&SourceId>,
    before: u64,
    limit: usize,
) -> Result<Vec<Item>> {
    let mut statement = connection
        .prepare_cached(&format!(
            "{ITEM} WHERE (?1 IS NULL OR i.source = ?1) AND i.row < ?2 ORDER BY i.row DESC LIMIT ?3"
        ))
        .map_err(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement
        .query_map(params![source.map(SourceId::as_str), super::int(before), limit], read_item)
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Notes what was made of something that came for the first time.
pub fn add_item(
    transaction: &Transaction<'_>,
    source: &SourceId,
    external_id: &str,
    hash: &[u8; 32],
    document: DocumentId,
    at: Timestamp,
) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO intake_item (source, external_id, hash, document, state, received_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, 'taken', ?5, ?5)",
        )
        .and_then(|mut insert| {
            insert.execute(params![source.as_str(), external_id, hash, document.as_ref(), at.millis()])
        })
        .map_err(sql)?;
    Ok(())
}

/// Notes that other content came under a known id.
pub fn update_item(
    transaction: &Transaction<'_>,
    source: &SourceId,
    external_id: &str,
    hash: &[u8; 32],
    at: Timestamp,
) -> Result<()> {
    transaction
        .prepare_cached(
            "UPDATE intake_item SET hash = ?3, state = 'updated', updates = updates + 1, updated_at = ?4
             WHERE source = ?1 AND external_id = ?2",
        )
        .and_then(|mut update| update.execute(params![source.as_str(), external_id, hash, at.millis()]))
        .map_err(sql)?;
    Ok(())
}

/// Notes a signature; false if it was seen before. Those seen before `since` are forgotten: their time has
/// passed, so that they are refused for that.
pub fn note_seen(
    transaction: &Transaction<'_>,
    source: &SourceId,
    signature: &[u8],
    now: Timestamp,
    since: Timestamp,
) -> Result<bool> {
    transaction
        .prepare_cached("DELETE FROM intake_seen WHERE source = ?1 AND seen_at < ?2")
        .and_then(|mut delete| delete.execute(params![source.as_str(), since.millis()]))
        .map_err(sql)?;
    let added = transaction
        .prepare_cached(
            "INSERT INTO intake_seen (source, signature, seen_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (source, signature) DO NOTHING",
        )
        .and_then(|mut insert| insert.execute(params![source.as_str(), signature, now.millis()]))
        .map_err(sql)?;
    Ok(added == 1)
}

/// Keeps whom to call about a document, in place of who was there.
pub fn keep_contact(
    transaction: &Transaction<'_>,
    document: DocumentId,
    name: &str,
    phone: &str,
    at: Timestamp,
) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO intake_contact (document, name, phone, kept_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (document) DO UPDATE SET name = excluded.name, phone = excluded.phone,
                kept_at = excluded.kept_at",
        )
        .and_then(|mut insert| insert.execute(params![document.as_ref(), name, phone, at.millis()]))
        .map_err(sql)?;
    Ok(())
}

/// Whom to call about a document: name and telephone.
pub fn contact(connection: &Connection, document: DocumentId) -> Result<Option<(String, String)>> {
    optional(
        connection
            .prepare_cached("SELECT name, phone FROM intake_contact WHERE document = ?1")
            .map_err(sql)?
            .query_row([document.as_ref()], |row| Ok((row.get(0)?, row.get(1)?))),
    )
}

/// Forgets whom to call about a document.
pub fn forget_contact(transaction: &Transaction<'_>, document: DocumentId) -> Result<()> {
    transaction
        .prepare_cached("DELETE FROM intake_contact WHERE document = ?1")
        .and_then(|mut delete| delete.execute([document.as_ref()]))
        .map_err(sql)?;
    Ok(())
}

/// Whom to call about which document: name and telephone, in the order of the documents.
pub fn contacts(connection: &Connection) -> Result<Vec<(DocumentId, String, String)>> {
    let mut statement = connection
        .prepare_cached("SELECT document, name, phone FROM intake_contact ORDER BY document")
        .map_err(sql)?;
    let rows = statement.query_map([], |row| Ok((id(row, 0)?, row.get(1)?, row.get(2)?))).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}
