//! The one write path of what the relay tells this phone: receipts, entries of others, notices.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use super::{
    append::{entry_columns, expect_blobs, insert, state},
    doubt,
    phone::{Store, current_log, head, open_log},
    search::{self, save_document},
    sql,
    tables::{delete_document, load_document},
};
use crate::{
    document::Document,
    entry::{BodyType, Entry, page::Beside},
    error::{Error, HeldCode, Result},
    guard::{Edit, check},
    id::{BlobHash, DocumentId, EntryId, Epoch, LogId},
    log::{Head, Receipt},
    model::{
        DocumentKind,
        step::{Author, Origin},
    },
    policy::Rights,
    project::{Incoming, project},
    seeded::{self, Seeded},
    sync::wire::{Cursor, FeedNotice, PushOutcome, Seen},
    time::Timestamp,
};

/// What a receipt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptTaken {
    /// So many more entries are receipted.
    Receipted(u64),
    /// The relay holds less than it did: so many entries go again.
    Again(u64),
    /// The relay holds another history of this log: a new one was opened.
    Forked,
}

impl Store {
    /// Takes a verified receipt for the current log.
    pub fn take_receipt(&mut self, receipt: &Receipt, outcome: PushOutcome) -> Result<ReceiptTaken> {
        let new_log = LogId::new(self.random.bytes());
        self.relay_said = Some(receipt.at);
        let transaction = self.transaction()?;
        let log = current_log(&transaction)?;
        let held = receipt.log_head.head;
        let own = head(&transaction, log.row, Some(held.counter))?;
        let taken = if outcome == PushOutcome::Forked || own.is_none_or(|own: Head| own.hash != held.hash) {
            open_log(&transaction, new_log)?;
            ReceiptTaken::Forked
        } else if held.counter < log.receipted {
            let again: Vec<i64> = transaction
                .prepare_cached(
                    "SELECT e.id FROM log_entry l JOIN entry e ON e.id = l.entry
                     WHERE l.log = ?1 AND l.counter > ?2 AND e.state IN (2, 3, 4) ORDER BY l.counter",
                )
                .and_then(|mut find| {
                    let after = params![log.row, i64::try_from(held.counter).unwrap_or(i64::MAX)];
                    find.query_map(after, |row| row.get(0))?.collect()
                })
                .map_err(sql)?;
            judge_anew(&transaction, &again)?;
            set_receipted(&transaction, log.row, held.counter)?;
            ReceiptTaken::Again(again.len() as u64)
        } else {
            let receipted = mark_receipted(&transaction, log.row, log.receipted, held.counter, receipt.at)?;
            set_receipted(&transaction, log.row, held.counter)?;
            ReceiptTaken::Receipted(receipted)
        };
        super::space::note_relay_time(&transaction, receipt.at)?;
        transaction.commit().map_err(sql)?;
        Ok(taken)
    }

    /// Believes that the relay has everything: only for the fault of that name.
    pub(crate) fn believe(&mut self) -> Result<()> {
        self.connection
            .execute_batch(
                "UPDATE entry SET state = 2 WHERE state = 1;
                 UPDATE log SET receipted = (SELECT coalesce(max(l.counter), 0) FROM log_entry l WHERE l.log = log.id);",
            )
            .map_err(sql)
    }

    /// Takes a page of the feed and moves the cursor, all or nothing.
    pub fn take_feed(
        &mut self,
        page: Vec<(Entry, Option<Beside>)>,
        notices: &[FeedNotice],
        seen: &[Seen],
        next: Cursor,
    ) -> Result<()> {
        let known = self.cursor()?;
        if page.is_empty() && notices.is_empty() && seen.is_empty() && known == Some(next) {
            return Ok(());
        }
        let transaction = self.transaction()?;
        let is_new_life = known.is_some_and(|known| known.epoch != next.epoch);
        if is_new_life && !seeded::is_on(Seeded::EpochNotCompared) {
            offer_old_logs_again(&transaction)?;
            doubt::ask_again(&transaction, None)?;
            doubt::changes_of_others(&transaction)?;
        }
        let mut by_document: BTreeMap<DocumentId, Vec<(Entry, Beside)>> = BTreeMap::new();
        for (entry, beside) in page {
            let beside = beside.ok_or(Error::malformed("a feed page"))?;
            by_document.entry(entry.header.document).or_default().push((entry, beside));
        }
        for (document, entries) in by_document {
            take_entries(&transaction, document, entries)?;
        }
        let mut rebuilt = Vec::new();
        for notice in notices {
            rebuilt.extend(take_notice(&transaction, notice)?);
        }
        for seen in seen {
            super::seen::keep(&transaction, seen)?;
        }
        transaction
            .execute(
                "INSERT OR REPLACE INTO feed_position (id, epoch, seq, inside) VALUES (1, ?1, ?2, ?3)",
                params![
                    next.epoch.as_ref(),
                    i64::try_from(next.seq).unwrap_or(i64::MAX),
                    i64::try_from(next.inside).unwrap_or(i64::MAX)
                ],
            )
            .map_err(sql)?;
        transaction.commit().map_err(sql)?;
        self.may_have_doubtful |= is_new_life;
        // The held change used up its actor's number: what follows must come from another.
        for document in rebuilt {
            self.actors.remove(&document);
        }
        Ok(())
    }

    /// Marks a blob as held by the relay, by its verified receipt.
    pub fn set_blob_stored(&mut self, blob: &BlobHash, size_bytes: u64, epoch: Epoch) -> Result<()> {
        let transaction = self.transaction()?;
        doubt::set_stored(&transaction, blob, size_bytes, epoch)?;
        transaction.commit().map_err(sql)
    }

    /// Marks a blob whose file is gone or damaged: the report goes without it, and says so.
    pub fn set_blob_lost(&mut self, blob: &BlobHash) -> Result<()> {
        self.connection
            .execute("UPDATE blob SET is_lost = 1 WHERE hash = ?1", [blob.as_ref()])
            .map_err(sql)?;
        Ok(())
    }

    /// Does a held change again on the document as it is today.
    pub fn try_again(&mut self, entry: EntryId, rights: &Rights, at: Timestamp) -> Result<()> {
        let held: Option<Entry> = self
            .connection
            .prepare_cached(
                "SELECT document, kind, claimed_at, body_type, body FROM entry WHERE entry_id = ?1 AND state = 3",
            )
            .and_then(|mut statement| super::query_optional(&mut statement, [entry.as_ref()], entry_columns))
            .map_err(sql)?
            .flatten();
        let held = held.ok_or(Error::Refused { code: HeldCode::WrongState })?;
        let header = &held.header;
        let body = held.body.as_deref().unwrap_or_default();
        if header.body_type != BodyType::Change {
            return Err(Error::Refused { code: HeldCode::Malformed });
        }
        let edits = check(body).map_err(|code| Error::Refused { code })?.edits;
        let steps: Vec<Vec<u8>> = edits
            .iter()
            .filter_map(|edit| match edit {
                Edit::Step { body, .. } => Some(body.clone()),
                Edit::Field { .. } => None,
            })
            .collect();
        let fields: Vec<(&str, String)> = edits
            .iter()
            .filter_map(|edit| match edit {
                Edit::Field { name, value } => Some((name.as_str(), value.clone())),
                Edit::Step { .. } => None,
            })
            .collect();
        let change = self.edit(header.document, &steps, &fields)?;
        let again = Entry::new(header.document, header.kind, at, BodyType::Change, change)?;
        // Both or neither: done again and still held it would ask to be done a third time.
        self.append_and(vec![again].into(), rights, |transaction| {
            transaction
                .execute("UPDATE entry SET state = 4 WHERE entry_id = ?1 AND state = 3", [entry.as_ref()])
                .map_err(sql)?;
            Ok(())
        })
    }
}

fn set_receipted(transaction: &Transaction<'_>, log: i64, counter: u64) -> Result<()> {
    transaction
        .execute(
            "UPDATE log SET receipted = ?2 WHERE id = ?1 AND receipted <> ?2",
            params![log, i64::try_from(counter).unwrap_or(i64::MAX)],
        )
        .map_err(sql)?;
    Ok(())
}

/// Marks what the receipt newly covers and notes the relay's time beside it.
fn mark_receipted(transaction: &Transaction<'_>, log: i64, from: u64, to: u64, at: Timestamp) -> Result<u64> {
    let range = params![log, i64::try_from(from).unwrap_or(i64::MAX), i64::try_from(to).unwrap_or(i64::MAX)];
    let newly: Vec<(i64, [u8; 32], [u8; 16])> = transaction
        .prepare_cached(
            "SELECT e.id, e.entry_id, e.document FROM log_entry l JOIN entry e ON e.id = l.entry
             WHERE l.log = ?1 AND l.counter > ?2 AND l.counter <= ?3 AND e.state = 1",
        )
        .and_then(|mut statement| {
            statement.query_map(range, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })
        .map_err(sql)?;
    let mut documents: BTreeMap<DocumentId, Vec<EntryId>> = BTreeMap::new();
    for (row, entry, document) in &newly {
        transaction
            .prepare_cached(
                "UPDATE entry SET state = 2, received_at = coalesce(received_at, ?2) WHERE id = ?1",
            )
            .and_then(|mut statement| statement.execute(params![row, at.millis()]))
            .map_err(sql)?;
        documents.entry(DocumentId::new(*document)).or_default().push(EntryId::new(*entry));
    }
    for (id, entries) in documents {
        if let Some(mut document) = load_document(transaction, id)? {
            for entry in entries {
                document.set_received(entry, at);
            }
            save_document(transaction, &document, None)?;
        }
    }
    Ok(newly.len() as u64)
}

/// A relay that begins a new life may have lost what older logs of this phone held: everything of ours
/// that is not in the current log goes into it. What the relay still has it knows by its id.
pub(super) fn offer_old_logs_again(transaction: &Transaction<'_>) -> Result<()> {
    let log = current_log(transaction)?;
    let elsewhere: Vec<i64> = transaction
        .prepare_cached(
            "SELECT id FROM entry WHERE state IN (2, 3, 4) AND id NOT IN
                (SELECT entry FROM log_entry WHERE log = ?1) ORDER BY id",
        )
        .and_then(|mut statement| statement.query_map([log.row], |row| row.get(0))?.collect())
        .map_err(sql)?;
    judge_anew(transaction, &elsewhere)?;
    for row in elsewhere {
        super::append::chain(transaction, row)?;
    }
    Ok(())
}

/// Own entries that go to the relay again count as if they had never been there: what it held in an earlier life it may
/// let through in this one, and what it lets through must have effect here too. What it still holds it says again.
fn judge_anew(transaction: &Transaction<'_>, rows: &[i64]) -> Result<()> {
    let mut held: BTreeMap<DocumentId, DocumentKind> = BTreeMap::new();
    for row in rows {
        let (state, document, kind): (u8, [u8; 16], u8) = transaction
            .prepare_cached("SELECT state, document, kind FROM entry WHERE id = ?1")
            .and_then(|mut find| find.query_row([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))
            .map_err(sql)?;
        transaction
            .prepare_cached(
                "UPDATE entry SET state = 1, held_code = NULL WHERE id = ?1 AND state IN (2, 3, 4)",
            )
            .and_then(|mut update| update.execute([row]))
            .map_err(sql)?;
        if let (state::HELD | state::TRIED_AGAIN, Some(kind)) = (state, DocumentKind::from_number(kind)) {
            held.insert(DocumentId::new(document), kind);
        }
    }
    for (document, kind) in held {
        rebuild(transaction, document, kind)?;
    }
    Ok(())
}

/// Takes entries of one document in the feed's order.
fn take_entries(transaction: &Transaction<'_>, id: DocumentId, entries: Vec<(Entry, Beside)>) -> Result<()> {
    let Some(kind) = entries.first().map(|(entry, _)| entry.header.kind) else { return Ok(()) };
    let mut incoming = Vec::new();
    let mut record_row = None;
    for (entry, beside) in entries {
        // Ours come back after a fork or a restored backup; held ones never come.
        let state = if beside.author == Author::You { state::RECEIPTED } else { state::FEED };
        let Some(row) = insert(transaction, &entry, beside.author, Some(beside.received_at), state)? else {
            doubt::is_there_still(transaction, entry.id())?;
            continue;
        };
        if beside.author == Author::You {
            expect_blobs(transaction, &entry, beside.received_at)?;
        }
        if entry.header.body_type == BodyType::Record {
            record_row = Some(row);
        }
        let origin = Origin {
            entry: entry.id(),
            author: beside.author,
            claimed_at: entry.header.claimed_at,
            received_at: Some(beside.received_at),
        };
        incoming.push(Incoming { entry, origin, rights: None });
    }
    if incoming.is_empty() {
        return Ok(());
    }
    doubt::ask_again(transaction, Some(id))?;
    let mut document = load_document(transaction, id)?.unwrap_or_else(|| Document::new(id, kind));
    if lacks_own_changes(transaction, &document)? {
        // They were left aside while the document was out of sight.
        return rebuild(transaction, id, kind);
    }
    let verdicts = project(&mut document, &incoming);
    if verdicts.iter().all(Result::is_ok) {
        return save_document(transaction, &document, record_row);
    }
    // Something of ours stands in the way, such as a step that the relay is about to hold.
    rebuild(transaction, id, kind)
}

fn lacks_own_changes(transaction: &Transaction<'_>, document: &Document) -> Result<bool> {
    let own: Vec<Vec<u8>> = transaction
        .prepare_cached(
            "SELECT body FROM entry
             WHERE document = ?1 AND body_type = 3 AND author = 0 AND state IN (1, 2)",
        )
        .and_then(|mut statement| statement.query_map([document.id().as_ref()], |row| row.get(0))?.collect())
        .map_err(sql)?;
    Ok(own.iter().any(|change| !check(change).is_ok_and(|change| document.has(&change))))
}

/// Takes a notice; tells the document whose actor must change, if one must.
fn take_notice(transaction: &Transaction<'_>, notice: &FeedNotice) -> Result<Option<DocumentId>> {
    match notice {
        FeedNotice::Forget { document } => forget(transaction, *document).map(|()| Some(*document)),
        FeedNotice::Held { entry, code, reply } => {
            super::reply::keep(transaction, *entry, reply.as_deref())?;
            set_held(transaction, *entry, Some(*code))
        }
        FeedNotice::Released { entry } => {
            super::reply::keep(transaction, *entry, None)?;
            set_held(transaction, *entry, None)
        }
    }
}

fn set_held(
    transaction: &Transaction<'_>,
    entry: EntryId,
    code: Option<HeldCode>,
) -> Result<Option<DocumentId>> {
    let found: Option<(u8, [u8; 16], u8)> = transaction
        .prepare_cached("SELECT state, document, kind FROM entry WHERE entry_id = ?1")
        .and_then(|mut statement| {
            super::query_optional(&mut statement, [entry.as_ref()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
        })
        .map_err(sql)?;
    let Some((was, document, kind)) = found else { return Ok(None) };
    let now = match (was, code) {
        (state::PENDING | state::RECEIPTED, Some(_)) => state::HELD,
        (state::HELD | state::TRIED_AGAIN, None) => state::RECEIPTED,
        // Held for another reason now; it takes no effect either way.
        (state::HELD, Some(code)) => {
            transaction
                .execute(
                    "UPDATE entry SET held_code = ?2 WHERE entry_id = ?1",
                    params![entry.as_ref(), code.number()],
                )
                .map_err(sql)?;
            return Ok(None);
        }
        _ => return Ok(None),
    };
    transaction
        .execute(
            "UPDATE entry SET state = ?2, held_code = ?3 WHERE entry_id = ?1",
            params![entry.as_ref(), now, code.map(HeldCode::number)],
        )
        .map_err(sql)?;
    let id = DocumentId::new(document);
    if let Some(kind) = DocumentKind::from_number(kind) {
        rebuild(transaction, id, kind)?;
    }
    Ok(Some(id))
}

/// Removes what is not ours of a document; unsent and sent work of ours stays.
fn forget(transaction: &Transaction<'_>, document: DocumentId) -> Result<()> {
    search::remove(transaction, document)?;
    if seeded::is_on(Seeded::ForgetTooMuch) {
        transaction
            .execute(
                "DELETE FROM log_entry WHERE entry IN (SELECT id FROM entry WHERE document = ?1)",
                [document.as_ref()],
            )
            .and_then(|_| transaction.execute("DELETE FROM entry WHERE document = ?1", [document.as_ref()]))
            .map_err(sql)?;
    }
    transaction
        .execute("DELETE FROM entry WHERE document = ?1 AND state IN (0, 6)", [document.as_ref()])
        .map_err(sql)?;
    let kind: Option<u8> = transaction
        .prepare_cached("SELECT kind FROM entry WHERE document = ?1 LIMIT 1")
        .and_then(|mut statement| {
            super::query_optional(&mut statement, [document.as_ref()], |row| row.get(0))
        })
        .map_err(sql)?;
    match kind.and_then(DocumentKind::from_number) {
        Some(kind) => rebuild(transaction, document, kind),
        None => delete_document(transaction, document),
    }
}

/// Makes a document anew from its entries, without those that are held. Goes over what did not fit
/// until nothing more does, since entries of ours and of the feed may stand in another order here.
pub(super) fn rebuild(transaction: &Transaction<'_>, id: DocumentId, kind: DocumentKind) -> Result<()> {
    let mut waiting: Vec<(i64, Incoming)> = Vec::new();
    {
        let mut statement = transaction
            .prepare_cached(
                "SELECT document, kind, claimed_at, body_type, body, id, author, received_at FROM entry
                 WHERE document = ?1 AND state IN (0, 1, 2, 6) ORDER BY id",
            )
            .map_err(sql)?;
        let rows = statement
            .query_map([id.as_ref()], |row| {
                let entry = entry_columns(row)?;
                Ok((entry, row.get::<_, i64>(5)?, row.get::<_, u16>(6)?, row.get::<_, Option<i64>>(7)?))
            })
            .map_err(sql)?;
        for found in rows {
            let (Some(entry), row, author, received_at) = found.map_err(sql)? else { continue };
            let origin = Origin {
                entry: entry.id(),
                author: Author::from_number(author),
                claimed_at: entry.header.claimed_at,
                received_at: received_at.map(Timestamp::from_millis),
            };
            waiting.push((row, Incoming { entry, origin, rights: None }));
        }
    }
    let mut document = Document::new(id, kind);
    let mut record_row = None;
    loop {
        let before = waiting.len();
        waiting.retain(|(row, one)| {
            let fits = project(&mut document, std::slice::from_ref(one)).iter().all(Result::is_ok);
            if fits && one.entry.header.body_type == BodyType::Record {
                record_row = Some(*row);
            }
            !fits
        });
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    delete_document(transaction, id)?;
    save_document(transaction, &document, record_row)
}
