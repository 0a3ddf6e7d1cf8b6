//! The feed: the relay's ordered output. Under each key stand the places of all that it shows now.

use rusqlite::{Connection, Transaction, params};
use suishou_core::{
    error::{Error, Result},
    id::DocumentId,
    model::DocumentKind,
    store::{optional, sql},
};

use super::id;

/// What stands at a place of the feed. Numbers stand in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// An entry that takes effect.
    Entry {
        /// Its place among all entries.
        entry: i64,
        /// Its document.
        document: DocumentId,
    },
    /// A document came under a key.
    DocumentGained {
        /// Which.
        document: DocumentId,
    },
    /// A document left a key.
    DocumentLost {
        /// Which.
        document: DocumentId,
    },
    /// A member was given a key.
    MemberGained {
        /// Which key.
        key: i64,
    },
    /// A key was taken from a member.
    MemberLost {
        /// Which key.
        key: i64,
    },
    /// An entry of the device is held.
    Held {
        /// Its place among all entries.
        entry: i64,
        /// Why, as its number.
        code: u8,
    },
    /// An entry of the device takes effect after all.
    Released {
        /// Its place among all entries.
        entry: i64,
    },
    /// The command centre has seen work of the member.
    Seen {
        /// In which document.
        document: DocumentId,
    },
}

/// Puts an item at the end of the feed.
pub fn add(transaction: &Transaction<'_>, seq: i64, item: Item) -> Result<()> {
    let (what, entry, document, key, code) = match item {
        Item::Entry { entry, document } => (1, Some(entry), Some(document), None, None),
        Item::DocumentGained { document } => (2, None, Some(document), None, None),
        Item::DocumentLost { document } => (3, None, Some(document), None, None),
        Item::MemberGained { key } => (4, None, None, Some(key), None),
        Item::MemberLost { key } => (5, None, None, Some(key), None),
        Item::Held { entry, code } => (6, Some(entry), None, None, Some(code)),
        Item::Released { entry } => (7, Some(entry), None, None, None),
        Item::Seen { document } => (8, None, Some(document), None, None),
    };
    transaction
        .prepare_cached(
            "INSERT INTO feed (seq, what, entry, document, key, code) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut insert| {
            insert.execute(params![seq, what, entry, document.as_ref().map(AsRef::as_ref), key, code])
        })
        .map_err(sql)?;
    Ok(())
}

/// Shows a place of the feed under a key.
pub fn show(transaction: &Transaction<'_>, key: i64, seq: i64) -> Result<()> {
    transaction
        .prepare_cached("INSERT OR IGNORE INTO feed_key (key, seq) VALUES (?1, ?2)")
        .and_then(|mut insert| insert.execute([key, seq]))
        .map_err(sql)?;
    Ok(())
}

/// Shows a place of the feed under a key no more.
pub fn hide(transaction: &Transaction<'_>, key: i64, seq: i64) -> Result<()> {
    transaction
        .prepare_cached("DELETE FROM feed_key WHERE key = ?1 AND seq = ?2")
        .and_then(|mut delete| delete.execute([key, seq]))
        .map_err(sql)?;
    Ok(())
}

/// The next places under a key.
pub fn places(connection: &Connection, key: i64, after: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = connection
        .prepare_cached("SELECT seq FROM feed_key WHERE key = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")
        .map_err(sql)?;
    let rows = statement.query_map([key, after, limit], |row| row.get(0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Whether there is such a place.
pub fn has(connection: &Connection, seq: i64) -> Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM feed WHERE seq = ?1)")
        .and_then(|mut find| find.query_row([seq], |row| row.get(0)))
        .map_err(sql)
}

/// What stands at a place.
pub fn get(connection: &Connection, seq: i64) -> Result<Item> {
    let found = optional(
        connection
            .prepare_cached("SELECT what, entry, document, key, code FROM feed WHERE seq = ?1")
            .map_err(sql)?
            .query_row([seq], |row| {
                let document = || id(row, 2);
                Ok(match row.get::<_, i64>(0)? {
                    1 => Some(Item::Entry { entry: row.get(1)?, document: document()? }),
                    2 => Some(Item::DocumentGained { document: document()? }),
                    3 => Some(Item::DocumentLost { document: document()? }),
                    4 => Some(Item::MemberGained { key: row.get(3)? }),
                    5 => Some(Item::MemberLost { key: row.get(3)? }),
                    6 => Some(Item::Held { entry: row.get(1)?, code: row.get(4)? }),
                    7 => Some(Item::Released { entry: row.get(1)? }),
                    8 => Some(Item::Seen { document: document()? }),
                    _ => None,
                })
            }),
    )?;
    found.flatten().ok_or(Error::Corrupt("a place of the feed"))
}

/// Documents in which something took effect, was held or released, between two places; under a key only what
/// stands under it now.
pub fn changes(
    connection: &Connection,
    after: i64,
    upto: i64,
    key: Option<&str>,
    limit: usize,
) -> Result<Vec<(i64, DocumentId, DocumentKind, bool)>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT f.seq, e.document, e.kind, f.what FROM feed f JOIN entry e ON e.seq = f.entry
             WHERE f.seq > ?1 AND f.seq <= ?2 AND f.what IN (1, 6, 7)
                 AND (?3 IS NULL OR EXISTS (
                     SELECT 1 FROM document_key d JOIN scope_key s ON s.key = d.key
                     WHERE d.document = e.document AND d.lost_at IS NULL AND s.name = ?3))
             ORDER BY f.seq LIMIT ?4",
        )
        .map_err(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement
        .query_map(params![after, upto, key, limit], |row| {
            Ok((row.get(0)?, id(row, 1)?, row.get::<_, u8>(2)?, row.get::<_, i64>(3)? != 1))
        })
        .map_err(sql)?;
    let mut found = Vec::new();
    for row in rows {
        let (seq, document, kind, is_held) = row.map_err(sql)?;
        let kind = DocumentKind::from_number(kind).ok_or(Error::Corrupt("a document's kind"))?;
        found.push((seq, document, kind, is_held));
    }
    Ok(found)
}
