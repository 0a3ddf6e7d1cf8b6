//! Webhooks: who is told what, and what they are still to be told.
//!
//! An event is put here in the transaction that takes its entry into the document, so that none is lost or
//! made twice whatever moment the power fails.

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    error::Result,
    id::{DocumentId, SourceId},
    store::{optional, sql},
    time::Timestamp,
};

use super::{code, count, id};

/// The tables. States of items: 1 pending, 2 sent, 3 dead.
pub(super) const TABLES_3: &str = "
CREATE TABLE webhook (
    webhook      TEXT PRIMARY KEY,
    source       TEXT REFERENCES intake_source (source),
    url          TEXT NOT NULL,
    secret       TEXT NOT NULL,
    events       TEXT NOT NULL,
    has_text     INTEGER NOT NULL DEFAULT 0,
    authority    TEXT,
    is_enabled   INTEGER NOT NULL DEFAULT 1,
    made_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_item (
    row          INTEGER PRIMARY KEY,
    webhook      TEXT NOT NULL REFERENCES webhook (webhook),
    event        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    document     BLOB NOT NULL,
    payload      TEXT NOT NULL,
    state        INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    error        TEXT,
    made_at      INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    settled_at   INTEGER,
    UNIQUE (webhook, event)
) STRICT;
CREATE INDEX webhook_item_pending ON webhook_item (webhook, document, row) WHERE state = 1;
CREATE INDEX webhook_item_due ON webhook_item (webhook, next_at) WHERE state = 1;
CREATE INDEX webhook_item_dead ON webhook_item (row) WHERE state = 3;
CREATE INDEX webhook_item_sent ON webhook_item (settled_at) WHERE state = 2;
";

/// Somebody who is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its short name.
    pub id: String,
    /// Only of what was taken over from this system.
    pub source: Option<SourceId>,
    /// Where.
    pub url: String,
    /// Signs what is sent.
    pub secret: String,
    /// Which kinds of events, with spaces between.
    pub events: String,
    /// What people wrote is sent along.
    pub has_text: bool,
    /// The authority that vouches for the receiver, as PEM; the public ones if there is none.
    pub authority: Option<String>,
    /// It is told.
    pub is_enabled: bool,
    /// Since when.
    pub made_at: Timestamp,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").field("id", &self.id).finish_non_exhaustive()
    }
}

const HOOK: &str = "webhook, source, url, secret, events, has_text, authority, is_enabled, made_at";

fn read_hook(row: &Row<'_>) -> rusqlite::Result<Hook> {
    let source: Option<String> = row.get(1)?;
    Ok(Hook {
        id: row.get(0)?,
        source: source.map(|_| code(row, 1)).transpose()?,
        url: row.get(2)?,
        secret: row.get(3)?,
        events: row.get(4)?,
        has_text: row.get(5)?,
        authority: row.get(6)?,
        is_enabled: row.get(7)?,
        made_at: Timestamp::from_millis(row.get(8)?),
    })
}

/// All hooks, by their short names.
pub fn hooks(connection: &Connection) -> Result<Vec<Hook>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {HOOK} FROM webhook ORDER BY webhook")).map_err(sql)?;
    let rows = statement.query_map([], read_hook).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// The hook with this short name.
pub fn hook(connection: &Connection, hook: &str) -> Result<Option<Hook>> {
    optional(
        connection
            .prepare_cached(&format!("SELECT {HOOK} FROM webhook WHERE webhook = ?1"))
            .map_err(sql)?
            .query_row([hook], read_hook),
    )
}

/// Adds a hook.
pub fn add(transaction: &Transaction<'_>, hook: &Hook) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO webhook (webhook, source, url, secret, events, has_text, authority, is_enabled, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                hook.id,
                hook.source.as_ref().map(SourceId::as_str),
                hook.url,
                hook.secret,
                hook.events,
                hook.has_text,
                hook.authority,
                hook.is_enabled,
                hook.made_at.millis(),
            ],
        )
        .map_err(sql)?;
    Ok(())
}

/// Tells a hook, or not; false if there is none. What waits for it waits on.
pub fn set_enabled(transaction: &Transaction<'_>, hook: &str, is_enabled: bool) -> Result<bool> {
    let changed = transaction
        .execute("UPDATE webhook SET is_enabled = ?2 WHERE webhook = ?1", params![hook, is_enabled])
        .map_err(sql)?;
    Ok(changed == 1)
}

/// Gives the hooks of a source its new secret.
pub fn set_secret(transaction: &Transaction<'_>, source: &SourceId, secret: &str) -> Result<()> {
    transaction
        .execute("UPDATE webhook SET secret = ?2 WHERE source = ?1", params![source.as_str(), secret])
        .map_err(sql)?;
    Ok(())
}

/// An event for one hook.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The same whenever the same thing is told.
    pub id: &'a str,
    /// Its kind's word.
    pub kind: &'a str,
    /// About which document.
    pub document: DocumentId,
    /// The body.
    pub payload: &'a str,
}

/// Puts an event into a hook's queue; one that was there already stays as it is. False if so.
pub fn enqueue(transaction: &Transaction<'_>, hook: &str, event: &Event<'_>, at: Timestamp) -> Result<bool> {
    let added = transaction
        .prepare_cached(
            "INSERT INTO webhook_item (webhook, event, kind, document, payload, state, made_at, since, next_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6, ?6) ON CONFLICT (webhook, event) DO NOTHING",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                hook,
                event.id,
                event.kind,
                event.document.as_ref(),
                event.payload,
                at.millis()
            ])
        })
        .map_err(sql)?;
    Ok(added == 1)
}

/// An event in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub row: i64,
    /// For whom.
    pub hook: String,
    /// The event's id.
    pub event: String,
    /// Its kind's word.
    pub kind: String,
    /// About which document.
    pub document: DocumentId,
    /// The body; empty once it is sent.
    pub payload: String,
    /// 1 pending, 2 sent, 3 dead.
    pub state: u8,
    /// How often it was tried.
    pub attempts: u64,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it happened.
    pub made_at: Timestamp,
    /// Since when it is tried: anew after a retry.
    pub since: Timestamp,
    /// When it is tried next.
    pub next_at: Timestamp,
}

const ITEM: &str =
    "row, webhook, event, kind, document, payload, state, attempts, error, made_at, since, next_at";

fn read_item(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        row: row.get(0)?,
        hook: row.get(1)?,
        event: row.get(2)?,
        kind: row.get(3)?,
        document: id(row, 4)?,
        payload: row.get(5)?,
        state: row.get(6)?,
        attempts: count(row.get(7)?),
        error: row.get(8)?,
        made_at: Timestamp::from_millis(row.get(9)?),
        since: Timestamp::from_millis(row.get(10)?),
        next_at: Timestamp::from_millis(row.get(11)?),
    })
}

/// The item of a hook that is to be sent now: the first of its document, due, the longest due first.
pub fn due(connection: &Connection, hook: &str, now: Timestamp) -> Result<Option<Item>> {
    optional(
        connection
            .prepare_cached(&format!(
                "SELECT {ITEM} FROM webhook_item i
                 WHERE i.webhook = ?1 AND i.state = 1 AND i.next_at <= ?2 AND NOT EXISTS (
                    SELECT 1 FROM webhook_item earlier
                    WHERE earlier.webhook = i.webhook AND earlier.document = i.document
                        AND earlier.state = 1 AND earlier.row < i.row)
                 ORDER BY i.next_at, i.row LIMIT 1"
            ))
            .map_err(sql)?
            .query_row(params![hook, now.millis()], read_item),
    )
}

/// When something of a hook is to be tried next, if anything waits and is not due by now.
pub fn next_at(connection: &Connection, hook: &str, now: Timestamp) -> Result<Option<Timestamp>> {
    connection
        .prepare_cached(
            "SELECT min(next_at) FROM webhook_item WHERE webhook = ?1 AND state = 1 AND next_at > ?2",
        )
        .and_then(|mut find| find.query_row(params![hook, now.millis()], |row| row.get::<_, Option<i64>>(0)))
        .map(|at| at.map(Timestamp::from_millis))
        .map_err(sql)
}

/// An item by its row.
pub fn item(connection: &Connection, row: i64) -> Result<Option<Item>> {
    optional(
        connection
            .prepare_cached(&format!("SELECT {ITEM} FROM webhook_item WHERE row = ?1"))
            .map_err(sql)?
            .query_row([row], read_item),
    )
}

/// Notes that an item was taken; what it said is not kept. Those taken before `forget` are forgotten.
pub fn settle_sent(transaction: &Transaction<'_>, row: i64, now: Timestamp, forget: Timestamp) -> Result<()> {
    transaction
        .prepare_cached(
            "UPDATE webhook_item SET state = 2, payload = '', attempts = attempts + 1, error = NULL,
                settled_at = ?2 WHERE row = ?1 AND state = 1",
        )
        .and_then(|mut update| update.execute(params![row, now.millis()]))
        .map_err(sql)?;
    transaction
        .prepare_cached("DELETE FROM webhook_item WHERE state = 2 AND settled_at < ?1")
        .and_then(|mut delete| delete.execute([forget.millis()]))
        .map_err(sql)?;
    Ok(())
}

/// Notes that an item was not taken; it is tried again at `next_at`, or never if there is none.
pub fn settle_failed(
    transaction: &Transaction<'_>,
    row: i64,
    error: &str,
    now: Timestamp,
    next_at: Option<Timestamp>,
) -> Result<()> {
    let (state, settled_at) = match next_at {
        Some(_) => (1, None),
        None => (3, Some(now.millis())),
    };
    transaction
        .prepare_cached(
            "UPDATE webhook_item SET state = ?2, attempts = attempts + 1, error = ?3,
                next_at = coalesce(?4, next_at), settled_at = ?5
             WHERE row = ?1 AND state = 1",
        )
        .and_then(|mut update| {
            update.execute(params![row, state, error, next_at.map(Timestamp::millis), settled_at])
        })
        .map_err(sql)?;
    Ok(())
}

/// Has a hook's dead items tried again, or one of them; how many.
pub fn retry(transaction: &Transaction<'_>, hook: &str, row: Option<i64>, now: Timestamp) -> Result<usize> {
    transaction
        .execute(
            "UPDATE webhook_item SET state = 1, attempts = 0, since = ?3, next_at = ?3, settled_at = NULL
             WHERE webhook = ?1 AND state = 3 AND (?2 IS NULL OR row = ?2)",
            params![hook, row, now.millis()],
        )
        .map_err(sql)
}

/// Dead items, newest first.
pub fn dead(connection: &Connection, hook: Option<&str>, limit: usize) -> Result<Vec<Item>> {
    let mut statement = connection
        .prepare(&format!(
            "SELECT {ITEM} FROM webhook_item WHERE state = 3 AND (?1 IS NULL OR webhook = ?1)
             ORDER BY row DESC LIMIT ?2"
        ))
        .map_err(sql)?;
    let rows = statement
        .query_map(params![hook, i64::try_from(limit).unwrap_or(i64::MAX)], read_item)
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// How many items wait for a hook and how many are dead; of all hooks if none is named.
pub fn counts(connection: &Connection, hook: Option<&str>) -> Result<(u64, u64)> {
    connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM webhook_item WHERE state = 1 AND (?1 IS NULL OR webhook = ?1)),
                (SELECT count(*) FROM webhook_item WHERE state = 3 AND (?1 IS NULL OR webhook = ?1))",
        )
        .and_then(|mut find| find.query_row([hook], |row| Ok((count(row.get(0)?), count(row.get(1)?)))))
        .map_err(sql)
}
