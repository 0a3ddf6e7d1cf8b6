//! What screens and the sync session read.

use rusqlite::{Connection, Row as SqlRow, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    append::entry_columns,
    optional,
    phone::{CurrentLog, Store, current_log, cursor, head},
    rows::{find, read_household, read_json},
    sql,
};
use crate::{
    entry::{BodyType, Entry, page::Packer},
    error::{Error, HeldCode, Result},
    id::{BlobHash, DocumentId, EntryId, Epoch, LogId},
    log::Head,
    model::{
        DocumentKind,
        blob::BlobKind,
        decode,
        note::Note,
        step::{Author, Origin},
    },
    outbox::{Stored, WaitingBlob},
    rows::{HouseholdRow, IncidentRow, PatrolRow, VisitRow},
    time::Timestamp,
};

/// A run that is ready to be pushed.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Which log.
    pub log: LogId,
    /// Where the run begins.
    pub from: Head,
    /// The run as a page; none if everything is receipted.
    pub page: Option<Vec<u8>>,
    /// How many entries it has.
    pub entries: u64,
    /// The log's head after it.
    pub head: Head,
}

/// A remark as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteShown {
    /// What was said.
    pub note: Note,
    /// Who and when.
    pub origin: Origin,
}

/// An entry of ours that takes no effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldEntry {
    /// Which.
    pub entry: EntryId,
    /// Of which document.
    pub document: DocumentId,
    /// What it holds.
    pub body_type: BodyType,
    /// When it was made.
    pub claimed_at: Timestamp,
    /// Why.
    pub code: HeldCode,
    /// What the township says to it.
    pub reply: Option<String>,
}

/// Counts for the honest banner: on this phone, stored, held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Own entries in all.
    pub entries: u64,
    /// Of these, not receipted.
    pub entries_pending: u64,
    /// Of these, held.
    pub entries_held: u64,
    /// Own blobs that belong to a document, previews included.
    pub blobs: u64,
    /// Of these, not receipted in the relay's present life.
    pub blobs_pending: u64,
    /// Of these, neither on this phone nor at the relay: lost before they were sent, or removed by the township when
    /// their time was over.
    pub blobs_lost: u64,
}

impl Store {
    /// The next run of the current log, about one page of it.
    pub fn outgoing(&self, level: i32) -> Result<Outgoing> {
        let log = current_log(&self.connection)?;
        self.run_after(&log, log.receipted, level)
    }

    /// The run of a log that follows `after` entries of it.
    pub(super) fn run_after(&self, log: &CurrentLog, after: u64, level: i32) -> Result<Outgoing> {
        let from = head(&self.connection, log.row, Some(after))?
            .ok_or(Error::Corrupt("the log ends before what is receipted"))?;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT e.document, e.kind, e.claimed_at, e.body_type, e.body
                 FROM log_entry l JOIN entry e ON e.id = l.entry
                 WHERE l.log = ?1 AND l.counter > ?2 ORDER BY l.counter",
            )
            .map_err(sql)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![log.row, after]).map_err(sql)?;
        let mut packer = Packer::default();
        let mut end = from;
        while let Some(row) = rows.next().map_err(sql)? {
            if packer.is_full() {
                break;
            }
            let entry: Entry = entry_columns(row).map_err(sql)?.ok_or(Error::Corrupt("an entry"))?;
            end = end.then(&entry.header);
            packer.push(&entry, None);
        }
        let entries = packer.len() as u64;
        let page = if packer.is_empty() { None } else { Some(packer.finish(level)?) };
        Ok(Outgoing { log: log.log, from, page, entries, head: end })
    }

    /// Own blobs on this phone that the relay does not hold in its present life.
    pub fn waiting_blobs(&self) -> Result<Vec<WaitingBlob>> {
        let epoch = present_epoch(&self.connection)?;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT b.hash, b.kind, b.preview_of, b.size_bytes, b.captured_at, min(d.document)
                 FROM blob b JOIN document_blob d ON d.blob = coalesce(b.preview_of, b.hash)
                 WHERE b.is_lost = 0 AND b.trimmed_at IS NULL AND b.stored_epoch IS NOT ?1
                 GROUP BY b.hash",
            )
            .map_err(sql)?;
        let rows = statement.query_map([epoch.as_ref()], read_waiting).map_err(sql)?;
        rows.collect::<rusqlite::Result<_>>().map_err(sql)
    }

    /// The same with those that nothing names yet, or only a draft.
    pub(super) fn unsent_blobs(&self) -> Result<Vec<WaitingBlob>> {
        let epoch = present_epoch(&self.connection)?;
        self.connection
            .prepare_cached(
                "SELECT b.hash, b.kind, b.preview_of, b.size_bytes, b.captured_at, ?2 FROM blob b
                 WHERE b.is_lost = 0 AND b.stored_epoch IS NOT ?1",
            )
            .and_then(|mut statement| {
                statement.query_map([epoch.as_ref(), DocumentId::ZERO.as_ref()], read_waiting)?.collect()
            })
            .map_err(sql)
    }

    /// Incidents, newest first.
    pub fn incidents(&self, is_mine_only: Mine, limit: u32, offset: u32) -> Result<Vec<IncidentRow>> {
        self.newest(DocumentKind::Incident, is_mine_only, limit, offset)
    }

    /// Patrols, newest first.
    pub fn patrols(&self, is_mine_only: Mine, limit: u32, offset: u32) -> Result<Vec<PatrolRow>> {
        self.newest(DocumentKind::Patrol, is_mine_only, limit, offset)
    }

    /// A document's row.
    pub fn row<T: DeserializeOwned>(&self, document: DocumentId) -> Result<T> {
        find(&self.connection, document)?.ok_or(Error::NotFound { document })
    }

    /// A household's row, with when somebody was last met there and when the next visit is due.
    pub fn household_row(&self, document: DocumentId) -> Result<HouseholdRow> {
        let found = optional(
            self.connection
                .prepare_cached("SELECT json, last_at, due FROM work_due WHERE document = ?1 AND kind = 3")
                .map_err(sql)?
                .query_row([document.as_ref()], |row| read_household(row, 0)),
        )?;
        found.ok_or(Error::NotFound { document })
    }

    /// The visits to a household, newest first.
    pub fn visits_to(&self, household: DocumentId) -> Result<Vec<VisitRow>> {
        self.list(
            "SELECT json FROM work WHERE about = ?1 AND kind = 4 ORDER BY at DESC, document",
            [household.as_ref()],
            |row| read_json(row, 0),
        )
    }

    fn newest<T: DeserializeOwned>(
        &self,
        kind: DocumentKind,
        whose: Mine,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<T>> {
        let only_mine = u8::from(whose == Mine::Only);
        self.list(
            "SELECT json FROM work WHERE kind = ?1 AND (?2 = 0 OR author = 0)
             ORDER BY at DESC, document LIMIT ?3 OFFSET ?4",
            params![kind.number(), only_mine, limit, offset],
            |row| read_json(row, 0),
        )
    }

    fn list<T>(
        &self,
        query: &str,
        parameters: impl rusqlite::Params,
        read: fn(&SqlRow<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.connection
            .prepare_cached(query)
            .and_then(|mut statement| statement.query_map(parameters, read)?.collect())
            .map_err(sql)
    }

    /// Remarks on a document, in the order in which they came.
    pub fn notes(&self, document: DocumentId) -> Result<Vec<NoteShown>> {
        let rows: Vec<(Vec<u8>, [u8; 32], u16, i64, Option<i64>)> = self
            .connection
            .prepare_cached(
                "SELECT body, entry_id, author, claimed_at, received_at FROM entry
                 WHERE document = ?1 AND body_type = 2 AND state IN (0, 1, 2) ORDER BY id",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([document.as_ref()], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                    })?
                    .collect()
            })
            .map_err(sql)?;
        let shown = rows.into_iter().filter_map(|(body, entry, author, claimed_at, received_at)| {
            let note: Note = decode(&body, "a note").ok()?;
            let origin = Origin {
                entry: EntryId::new(entry),
                author: Author::from_number(author),
                claimed_at: Timestamp::from_millis(claimed_at),
                received_at: received_at.map(Timestamp::from_millis),
            };
            Some(NoteShown { note, origin })
        });
        Ok(shown.collect())
    }

    /// How much of a document's own part the relay holds, and how much of that the command centre has seen. What was
    /// seen counts only as far as it is stored and takes effect.
    pub fn stored(&self, document: DocumentId) -> Result<Stored> {
        let epoch = present_epoch(&self.connection)?;
        self.connection
            .prepare_cached(
                "SELECT
                    (SELECT count(*) FROM entry WHERE document = ?1 AND state <> 0),
                    (SELECT count(*) FROM entry WHERE document = ?1 AND state IN (2, 3, 4)),
                    (SELECT count(*) FROM document_blob WHERE document = ?1),
                    (SELECT count(*) FROM document_blob d JOIN blob b ON b.hash = d.blob
                     WHERE d.document = ?1 AND b.stored_epoch = ?2),
                    (SELECT count(*) FROM entry WHERE document = ?1 AND state = 2),
                    (SELECT entries FROM seen WHERE document = ?1),
                    (SELECT at FROM seen WHERE document = ?1)",
            )
            .and_then(|mut statement| {
                statement.query_row(params![document.as_ref(), epoch.as_ref()], |row| {
                    let entries_seen = row.get::<_, u32>(4)?.min(row.get::<_, Option<u32>>(5)?.unwrap_or(0));
                    let seen_at: Option<i64> = row.get(6)?;
                    Ok(Stored {
                        entries: row.get(0)?,
                        entries_stored: row.get(1)?,
                        blobs: row.get(2)?,
                        blobs_stored: row.get(3)?,
                        entries_seen,
                        seen_at: seen_at.filter(|_| entries_seen > 0).map(Timestamp::from_millis),
                    })
                })
            })
            .map_err(sql)
    }

    /// Entries of ours that take no effect, for the person to see.
    pub fn held(&self) -> Result<Vec<HeldEntry>> {
        let rows: Vec<([u8; 32], [u8; 16], u8, i64, u8, Option<String>)> = self
            .connection
            .prepare_cached(
                "SELECT e.entry_id, e.document, e.body_type, e.claimed_at, e.held_code, r.text
                 FROM entry e LEFT JOIN held_reply r ON r.entry = e.entry_id
                 WHERE e.state = 3 ORDER BY e.id",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
                    })?
                    .collect()
            })
            .map_err(sql)?;
        let held = rows.into_iter().filter_map(|(entry, document, body_type, claimed_at, code, reply)| {
            Some(HeldEntry {
                entry: EntryId::new(entry),
                document: DocumentId::new(document),
                body_type: BodyType::from_number(body_type)?,
                claimed_at: Timestamp::from_millis(claimed_at),
                code: HeldCode::from_number(code)?,
                reply,
            })
        });
        Ok(held.collect())
    }

    /// Counts over everything of ours.
    pub fn counts(&self) -> Result<Counts> {
        let epoch = present_epoch(&self.connection)?;
        let count = |value: i64| value.unsigned_abs();
        self.connection
            .prepare_cached(
                "SELECT
                    (SELECT count(*) FROM entry WHERE state <> 0),
                    (SELECT count(*) FROM entry WHERE state = 1),
                    (SELECT count(*) FROM entry WHERE state = 3),
                    count(*), count(*) FILTER (WHERE stored_epoch IS NOT ?1 AND is_lost = 0),
                    count(*) FILTER (WHERE is_lost = 1)
                 FROM blob b WHERE EXISTS
                    (SELECT 1 FROM document_blob d WHERE d.blob = coalesce(b.preview_of, b.hash))",
            )
            .and_then(|mut statement| {
                statement.query_row([epoch.as_ref()], |row| {
                    Ok(Counts {
                        entries: count(row.get(0)?),
                        entries_pending: count(row.get(1)?),
                        entries_held: count(row.get(2)?),
                        blobs: count(row.get(3)?),
                        blobs_pending: count(row.get(4)?),
                        blobs_lost: count(row.get(5)?),
                    })
                })
            })
            .map_err(sql)
    }
}

pub(super) fn read_waiting(row: &SqlRow<'_>) -> rusqlite::Result<WaitingBlob> {
    let preview_of: Option<[u8; 32]> = row.get(2)?;
    Ok(WaitingBlob {
        hash: BlobHash::new(row.get(0)?),
        kind: BlobKind::from_word(&row.get::<_, String>(1)?).unwrap_or(BlobKind::Photo),
        preview_of: preview_of.map(BlobHash::new),
        size_bytes: row.get::<_, i64>(3)?.unsigned_abs(),
        captured_at: Timestamp::from_millis(row.get(4)?),
        document: DocumentId::new(row.get(5)?),
    })
}

/// The life of the relay in which the feed stands; the zero one, in which nothing is held, before its first page.
pub(super) fn present_epoch(connection: &Connection) -> Result<Epoch> {
    Ok(cursor(connection)?.map_or(Epoch::ZERO, |cursor| cursor.epoch))
}

/// Whose documents a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mine {
    /// Only this member's own.
    Only,
    /// All that this phone may see.
    OrOthers,
}
