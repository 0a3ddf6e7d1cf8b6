//! The one write path of what this phone does: entry, document, rows and outbox in one transaction.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    phone::{Store, current_log, head},
    search::save_document,
    sql,
    tables::load_document,
};
use crate::{
    document::{Document, Record},
    entry::{BodyType, Entry, Header},
    error::{Error, Result},
    id::{BlobHash, BodyHash, DocumentId},
    log::Head,
    model::{
        DocumentKind,
        blob::BlobKind,
        decode,
        note::Note,
        patrol::PatrolStep,
        step::{Author, Origin},
    },
    policy::Rights,
    project::{Incoming, project},
    time::Timestamp,
};

/// `entry.state`.
pub(super) mod state {
    /// Somebody else's, from the feed.
    pub(crate) const FEED: u8 = 0;
    /// Ours, not receipted.
    pub(crate) const PENDING: u8 = 1;
    /// Ours, receipted.
    pub(crate) const RECEIPTED: u8 = 2;
    /// Ours, kept apart by the relay.
    pub(crate) const HELD: u8 = 3;
    /// Ours, kept apart, and done again by a person.
    pub(crate) const TRIED_AGAIN: u8 = 4;
    /// Salvaged beside an enrolment that can't be read: perhaps another person's, so it is never sent, only
    /// handed over by an export.
    pub(crate) const OWNERLESS: u8 = 5;
    /// Somebody else's change, from the feed of a life of the relay that is over: it counts until the present life's
    /// feed is read to its end, and goes if it did not come again.
    pub(crate) const DOUBTFUL: u8 = 6;
}

/// What this phone's member just made.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// Kept all or none.
    pub entries: Vec<Entry>,
    /// A change that names them in another document. It goes with them if that document can take it; if not they
    /// are kept without it, since nothing that was captured may wait for a link.
    pub mention: Option<Entry>,
}

impl From<Vec<Entry>> for Made {
    fn from(entries: Vec<Entry>) -> Self {
        Self { entries, mention: None }
    }
}

impl Store {
    /// Keeps entries that this phone's member just made, of one document or of several, and does `also` in the
    /// same transaction. Either all of it is durable when this returns, or nothing was done. A step that policy
    /// refuses is refused here, before it is kept.
    pub(super) fn append_once(
        &mut self,
        made: Made,
        rights: &Rights,
        also: impl FnOnce(&Transaction<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut by_document: Vec<Vec<Entry>> = Vec::new();
        for entry in made.entries {
            let is_of = |group: &&mut Vec<Entry>| {
                group.first().is_some_and(|first| first.header.document == entry.header.document)
            };
            match by_document.iter_mut().find(is_of) {
                Some(group) => group.push(entry),
                None => by_document.push(vec![entry]),
            }
        }
        let transaction = self.transaction()?;
        for entries in by_document {
            let judged = Judged::new(&transaction, entries, rights)?;
            judged.keep(&transaction)?;
        }
        if let Some(mention) = made.mention {
            let (document, entry) = (mention.header.document, mention.id());
            match Judged::new(&transaction, vec![mention], rights) {
                Ok(judged) => judged.keep(&transaction)?,
                Err(error @ (Error::Refused { .. } | Error::NotFound { .. } | Error::Corrupt(_))) => {
                    tracing::warn!(%document, %entry, %error, "kept without its mention");
                }
                Err(error) => return Err(error),
            }
        }
        also(&transaction)?;
        transaction.commit().map_err(sql)
    }

    /// The bytes of a change on the document as it is now.
    pub fn edit(
        &mut self,
        document: DocumentId,
        steps: &[Vec<u8>],
        fields: &[(&str, String)],
    ) -> Result<Vec<u8>> {
        let actor = self.actor(document);
        self.document(document)?.edit(actor, steps, fields)
    }

    /// A document with all that is known of it.
    pub fn document(&self, document: DocumentId) -> Result<Document> {
        load_document(&self.connection, document)?.ok_or(Error::NotFound { document })
    }

    /// Keeps a blob: file first, then its row. It is sent once a document refers to it.
    pub fn add_blob(
        &mut self,
        bytes: &[u8],
        kind: BlobKind,
        preview_of: Option<BlobHash>,
        at: Timestamp,
    ) -> Result<BlobHash> {
        self.refuse_if_revoked()?;
        self.check_room(kind, bytes.len())?;
        let hash = self.with_ballast(|store| store.blobs.write(bytes), |store| store.blobs.write(bytes))?;
        self.connection
            .execute(
                "INSERT INTO blob (hash, kind, preview_of, size_bytes, captured_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (hash) DO UPDATE SET size_bytes = excluded.size_bytes, is_lost = 0, trimmed_at = NULL",
                params![
                    hash.as_ref(),
                    kind.as_str(),
                    preview_of.as_ref().map(|photo| photo.as_bytes().to_vec()),
                    i64::try_from(bytes.len()).unwrap_or(i64::MAX),
                    at.millis()
                ],
            )
            .map_err(sql)?;
        self.added.insert(hash);
        Ok(hash)
    }
}

/// Entries of one document that it took; nothing of them is kept yet.
struct Judged {
    document: Document,
    incoming: Vec<Incoming>,
}

impl Judged {
    fn new(transaction: &Transaction<'_>, entries: Vec<Entry>, rights: &Rights) -> Result<Self> {
        let Some(first) = entries.first() else { return Err(Error::Corrupt("no entry")) };
        let (id, kind) = (first.header.document, first.header.kind);
        let mut document = load_document(transaction, id)?.unwrap_or_else(|| Document::new(id, kind));
        let incoming: Vec<Incoming> = entries
            .into_iter()
            .map(|entry| {
                let origin = Origin {
                    entry: entry.id(),
                    author: Author::You,
                    claimed_at: entry.header.claimed_at,
                    received_at: None,
                };
                Incoming { entry, origin, rights: Some(rights.clone()) }
            })
            .collect();
        match project(&mut document, &incoming).into_iter().find_map(Result::err) {
            Some(code) => Err(Error::Refused { code }),
            None => Ok(Self { document, incoming }),
        }
    }

    fn keep(self, transaction: &Transaction<'_>) -> Result<()> {
        let mut record_row = None;
        for one in &self.incoming {
            let row = insert(transaction, &one.entry, Author::You, None, state::PENDING)?
                .ok_or(Error::Corrupt("an entry that was just made is known already"))?;
            chain(transaction, row)?;
            claim_blobs(transaction, &one.entry)?;
            if one.entry.header.body_type == BodyType::Record {
                record_row = Some(row);
            }
        }
        save_document(transaction, &self.document, record_row)
    }
}

/// Inserts an entry; `None` if it is known already.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    entry: &Entry,
    author: Author,
    received_at: Option<Timestamp>,
    state: u8,
) -> Result<Option<i64>> {
    let header = &entry.header;
    let inserted = transaction
        .prepare_cached(
            "INSERT INTO entry (entry_id, document, kind, body_type, claimed_at, received_at, author, body, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (entry_id) DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                entry.id().as_ref(),
                header.document.as_ref(),
                header.kind.number(),
                header.body_type.number(),
                header.claimed_at.millis(),
                received_at.map(Timestamp::millis),
                author.number(),
                entry.body.as_deref().unwrap_or_default(),
                state,
            ])
        })
        .map_err(sql)?;
    Ok((inserted == 1).then(|| transaction.last_insert_rowid()))
}

/// Appends a kept entry to the current log.
pub(super) fn chain(transaction: &Transaction<'_>, entry: i64) -> Result<()> {
    let log = current_log(transaction)?;
    let last = head(transaction, log.row, None)?.unwrap_or(Head::START);
    let next = last.then(&read_entry(transaction, entry)?.header);
    transaction
        .prepare_cached("INSERT INTO log_entry (log, counter, hash, entry) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut statement| {
            let counter = i64::try_from(next.counter).unwrap_or(i64::MAX);
            statement.execute(params![log.row, counter, next.hash.as_ref(), entry])
        })
        .map_err(sql)?;
    Ok(())
}

/// Reads an entry by its row.
pub(super) fn read_entry(connection: &Connection, row: i64) -> Result<Entry> {
    let found = connection
        .prepare_cached("SELECT document, kind, claimed_at, body_type, body FROM entry WHERE id = ?1")
        .and_then(|mut statement| statement.query_row([row], entry_columns).optional())
        .map_err(sql)?;
    found.flatten().ok_or(Error::Corrupt("an entry"))
}

/// Builds an entry from `document, kind, claimed_at, body_type, body`; `None` if a number is unknown.
pub(super) fn entry_columns(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Entry>> {
    let document = DocumentId::new(row.get(0)?);
    let kind = DocumentKind::from_number(row.get(1)?);
    let claimed_at = Timestamp::from_millis(row.get(2)?);
    let body_type = BodyType::from_number(row.get(3)?);
    let body: Vec<u8> = row.get(4)?;
    let (Some(kind), Some(body_type)) = (kind, body_type) else { return Ok(None) };
    let header = Header { document, kind, claimed_at, body_type, body_hash: BodyHash::of(&body) };
    Ok(Some(Entry { header, body: Some(body) }))
}

/// The blobs that an entry refers to are part of its document's promise from now on.
pub(super) fn claim_blobs(transaction: &Transaction<'_>, entry: &Entry) -> Result<Vec<BlobHash>> {
    let named = referred(entry);
    for hash in &named {
        transaction
            .prepare_cached(
                "INSERT INTO document_blob (document, blob) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )
            .and_then(|mut statement| {
                statement.execute(params![entry.header.document.as_ref(), hash.as_ref()])
            })
            .map_err(sql)?;
    }
    Ok(named)
}

/// Every blob that an entry names.
pub fn referred(entry: &Entry) -> Vec<BlobHash> {
    let Some(body) = entry.body.as_deref() else { return Vec::new() };
    match entry.header.body_type {
        BodyType::Record => {
            Record::read(entry.header.kind, body).map(|record| record.blobs()).unwrap_or_default()
        }
        BodyType::Note => decode::<Note>(body, "a note").map(|note| note.blobs()).unwrap_or_default(),
        BodyType::Change if entry.header.kind == DocumentKind::Patrol => track_blobs(body),
        BodyType::Change => Vec::new(),
    }
}

/// What an own entry that came back from the relay refers to and this phone never had: another phone of its author
/// took it, and whether it arrived is asked of the relay. Until then it counts as not stored.
pub(super) fn expect_blobs(transaction: &Transaction<'_>, entry: &Entry, at: Timestamp) -> Result<()> {
    let named = claim_blobs(transaction, entry)?;
    let kind = match entry.header.body_type {
        BodyType::Change => BlobKind::Track,
        BodyType::Record | BodyType::Note => BlobKind::Photo,
    };
    for hash in named {
        transaction
            .prepare_cached(
                "INSERT INTO blob (hash, kind, size_bytes, captured_at, trimmed_at) VALUES (?1, ?2, 0, ?3, ?3)
                 ON CONFLICT (hash) DO NOTHING",
            )
            .and_then(|mut statement| {
                statement.execute(params![hash.as_ref(), kind.as_str(), at.millis()])
            })
            .map_err(sql)?;
    }
    Ok(())
}

fn track_blobs(change: &[u8]) -> Vec<BlobHash> {
    let edits = crate::guard::check(change).map(|checked| checked.edits).unwrap_or_default();
    edits
        .iter()
        .filter_map(|edit| match edit {
            crate::guard::Edit::Step { body, .. } => match decode::<PatrolStep>(body, "a step") {
                Ok(PatrolStep::Segment { blob, .. }) => Some(blob),
                _ => None,
            },
            crate::guard::Edit::Field { .. } => None,
        })
        .collect()
}
