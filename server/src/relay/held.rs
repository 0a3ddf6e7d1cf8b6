//! Entries that take no effect: looked at, tried again on today's state, or turned down with a word to their author.
//!
//! Nothing here removes an entry. What is released takes effect with all that waited for it; what still can't is held
//! with the reason that it has today.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use suishou_core::{
    document::{Document, Record},
    entry::BodyType,
    error::{Error, HeldCode, Problem},
    id::{BlobHash, DeviceId, DocumentId, EntryId},
    model::{DocumentKind, decode, note::Note, step::Author},
    store::{referred, tables::load_document},
    time::Timestamp,
};

use super::{
    Relay,
    devices::WAITING,
    engine::{Engine, Work},
    error::{RelayError, Result},
    project::Known,
};
use crate::db::{
    self, Connection,
    entry::{State, Stored},
    feed::Item,
    held::Held,
};

/// Most rows of one list.
const MAX_LISTED: usize = 500;
/// Entries that are tried again in one transaction.
const AT_ONCE: usize = 512;
/// Longest reply in characters.
const MAX_REPLY_CHARS: usize = 500;

/// What held entries name, but for those erased: somebody may let them through.
pub(super) fn named_by_held(connection: &Connection, erased: &BTreeSet<i64>) -> Result<BTreeSet<BlobHash>> {
    let held = db::entry::held(connection)?;
    let kept = held.iter().filter(|stored| !erased.contains(&stored.seq));
    Ok(kept.flat_map(|stored| referred(&stored.entry)).collect())
}

/// An entry that takes no effect. Who made it is told by device and alias alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HeldShown {
    /// Which.
    pub entry: EntryId,
    /// Of which document.
    pub document: DocumentId,
    /// What the document is.
    #[schema(schema_with = crate::relay::schema::kind_or_other)]
    pub kind: &'static str,
    /// A record, a change or a remark.
    #[schema(schema_with = crate::relay::schema::body_type_or_other)]
    pub what: &'static str,
    /// From which device; none if it is an informant's.
    pub device: Option<DeviceId>,
    /// Who, as the document knows them; none if nothing of theirs takes effect in it.
    pub author: Option<Author>,
    /// Why.
    #[schema(schema_with = crate::relay::schema::held_code)]
    pub code: &'static str,
    /// When it was made, by the phone's clock.
    pub claimed_at: Timestamp,
    /// When it reached the relay.
    pub received_at: Timestamp,
    /// How many bytes are kept of it.
    pub size_bytes: u64,
    /// It was turned down with these words.
    pub reply: Option<String>,
    /// When.
    pub replied_at: Option<Timestamp>,
}

/// A held entry with what can be read of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HeldDetail {
    /// What the list says.
    #[serde(flatten)]
    pub held: HeldShown,
    /// The words in it, if it has any that can be read.
    pub text: Option<String>,
}

/// What came of trying one entry again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Tried {
    /// Which.
    pub entry: EntryId,
    /// It takes effect now.
    pub is_released: bool,
    /// Why not.
    pub code: Option<HeldCode>,
}

/// What came of trying many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Released {
    /// Take effect now.
    pub released: u64,
    /// Still held, by reason.
    pub still_held: BTreeMap<&'static str, u64>,
}

pub(super) fn code_word(code: u8) -> &'static str {
    HeldCode::from_number(code).map_or("unknown", HeldCode::as_str)
}

impl From<Held> for HeldShown {
    fn from(held: Held) -> Self {
        let (reply, replied_at) = held.reply.unzip();
        Self {
            entry: held.entry,
            document: held.document,
            kind: DocumentKind::from_number(held.kind).map_or("other", DocumentKind::as_str),
            what: match BodyType::from_number(held.body_type) {
                Some(BodyType::Record) => "record",
                Some(BodyType::Note) => "note",
                Some(BodyType::Change) => "change",
                None => "other",
            },
            device: (!held.is_informant).then_some(held.device),
            author: held.alias.map(Author::Alias),
            code: code_word(held.code),
            claimed_at: held.claimed_at,
            received_at: held.received_at,
            size_bytes: held.size_bytes,
            reply,
            replied_at,
        }
    }
}

impl Engine {
    /// Tries a held entry again on today's state. One that takes effect already is released; asking twice is harmless.
    pub fn release(&mut self, entry: EntryId) -> Result<Tried> {
        self.write(|work| {
            let stored = db::entry::by_id(work.transaction, entry)?.ok_or(RelayError::NotFound)?;
            if let State::Held(_) = stored.state {
                db::held::set_reply(work.transaction, entry, None, work.now)?;
                work.try_again(stored.entry.header.document, vec![stored])?;
            }
            let now = db::entry::by_id(work.transaction, entry)?.ok_or(RelayError::NotFound)?;
            let (is_released, code) = match now.state {
                State::Passed => (true, None),
                State::Held(code) => (false, Some(code)),
                State::Stored => (false, None),
            };
            tracing::info!(%entry, is_released, "a held entry was tried again");
            Ok(Tried { entry, is_released, code })
        })
    }

    /// Tries again all that is held because a device was revoked.
    pub fn release_of(&mut self, device: DeviceId) -> Result<Released> {
        db::phone::get(self.connection(), device)?.ok_or(RelayError::NotFound)?;
        let mut released = Released::default();
        let mut after = 0;
        loop {
            let waiting = db::held::of_device(self.connection(), device, WAITING.number(), after, AT_ONCE)?;
            let Some(last) = waiting.last().copied() else { break };
            self.write(|work| work.release_all(&waiting, &mut released))?;
            after = last;
        }
        tracing::info!(%device, released = released.released, "a revoked device's work was tried again");
        Ok(released)
    }

    /// Turns a held entry down: it stays held, and its author is told why. A later word replaces an earlier one.
    pub fn reject(&mut self, entry: EntryId, reply: &str) -> Result<HeldShown> {
        let reply = checked_reply(reply)?;
        self.write(|work| {
            let stored = db::entry::by_id(work.transaction, entry)?.ok_or(RelayError::NotFound)?;
            let State::Held(code) = stored.state else { return Err(not_held()) };
            if db::held::reply(work.transaction, entry)?.as_deref() != Some(reply) {
                db::held::set_reply(work.transaction, entry, Some(reply), work.now)?;
                let device = db::log::device_of(work.transaction, stored.log)?;
                let from = db::device::get(work.transaction, device)?;
                let item = Item::Held { entry: stored.seq, code: code.number() };
                work.tell_author(from.device, from.member, item)?;
            }
            tracing::info!(%entry, "a held entry was turned down");
            let held = db::held::get(work.transaction, entry)?.ok_or(RelayError::NotFound)?;
            Ok(held.into())
        })
    }
}

fn not_held() -> RelayError {
    RelayError::Refused { code: HeldCode::WrongState }
}

fn checked_reply(reply: &str) -> Result<&str> {
    let reply = reply.trim();
    let found = reply.chars().count();
    if reply.is_empty() {
        return Err(RelayError::invalid(Problem::Missing("the word to the sender")));
    }
    if found > MAX_REPLY_CHARS {
        let (found, limit) = (found as u64, MAX_REPLY_CHARS as u64);
        return Err(RelayError::invalid(Problem::TooLarge { what: "the word to the sender", found, limit }));
    }
    Ok(reply)
}

impl Work<'_> {
    fn release_all(&mut self, places: &[i64], released: &mut Released) -> Result<()> {
        let mut by_document: BTreeMap<DocumentId, Vec<Stored>> = BTreeMap::new();
        for place in places {
            let stored = db::entry::get(self.transaction, *place)?;
            // Something before it in this document may have brought it along.
            if let Some(stored) = stored.filter(|stored| matches!(stored.state, State::Held(_))) {
                by_document.entry(stored.entry.header.document).or_default().push(stored);
            }
        }
        for (document, entries) in by_document {
            self.try_again(document, entries)?;
        }
        for place in places {
            match db::entry::get(self.transaction, *place)?.map(|stored| stored.state) {
                Some(State::Passed) => released.released += 1,
                Some(State::Held(code)) => *released.still_held.entry(code.as_str()).or_default() += 1,
                Some(State::Stored) | None => {}
            }
        }
        Ok(())
    }

    /// Tries held entries of one document again, with what waits for them.
    fn try_again(&mut self, id: DocumentId, entries: Vec<Stored>) -> Result<()> {
        let Some(kind) = entries.first().map(|stored| stored.entry.header.kind) else { return Ok(()) };
        let loaded = match load_document(self.transaction, id) {
            Err(Error::Corrupt(what)) => {
                tracing::error!(document = %id, what, "a document is damaged; its entries stay held");
                return Ok(());
            }
            loaded => loaded?,
        };
        let (mut known, mut aliases) = (Known::default(), db::member::aliases(self.transaction, id)?);
        let mut waiting = Vec::new();
        for stored in entries.into_iter().chain(db::entry::waiting(self.transaction, id)?) {
            waiting.push(self.candidate(stored, None, &mut aliases, &mut known)?);
        }
        let is_new = loaded.is_none();
        let mut document = loaded.unwrap_or_else(|| Document::new(id, kind));
        let mut passed = Vec::new();
        self.release(&mut document, waiting, &mut passed)?;
        if passed.is_empty() {
            return Ok(());
        }
        self.keep(&document, is_new, &passed, &aliases, &mut known)
    }
}

impl Relay {
    /// Entries that take no effect, newest first; those that were turned down only if they are wanted.
    pub async fn held_items(&self, with_rejected: bool) -> Result<Vec<HeldShown>> {
        self.with(move |connection, _| {
            Ok(db::held::list(connection, with_rejected, MAX_LISTED)?.into_iter().map(Into::into).collect())
        })
        .await
    }

    /// All entries that take no effect, newest first.
    pub async fn held(&self) -> Result<Vec<HeldShown>> {
        self.held_items(true).await
    }

    /// One held entry, with what can be read of it.
    pub async fn held_item(&self, entry: EntryId) -> Result<HeldDetail> {
        self.with(move |connection, _| {
            let held = db::held::get(connection, entry)?.ok_or(RelayError::NotFound)?;
            let stored = db::entry::by_id(connection, entry)?.ok_or(RelayError::NotFound)?;
            Ok(HeldDetail { held: held.into(), text: text(&stored) })
        })
        .await
    }

    /// The bytes of a held entry as they came.
    pub async fn held_raw(&self, entry: EntryId) -> Result<Vec<u8>> {
        self.with(move |connection, _| raw(connection, entry)).await
    }

    /// Tries a held entry again.
    pub async fn release(&self, entry: EntryId) -> Result<Tried> {
        self.call(move |engine| engine.release(entry)).await
    }

    /// Tries again all that is held because a device was revoked.
    pub async fn release_of(&self, device: DeviceId) -> Result<Released> {
        self.call(move |engine| engine.release_of(device)).await
    }

    /// Turns a held entry down with a word to its author.
    pub async fn reject(&self, entry: EntryId, reply: String) -> Result<HeldShown> {
        self.call(move |engine| engine.reject(entry, &reply)).await
    }
}

fn raw(connection: &Connection, entry: EntryId) -> Result<Vec<u8>> {
    let stored = db::entry::by_id(connection, entry)?.ok_or(RelayError::NotFound)?;
    match stored.state {
        State::Held(_) => stored.entry.body.ok_or(RelayError::NotFound),
        State::Stored | State::Passed => Err(RelayError::NotFound),
    }
}

fn text(stored: &Stored) -> Option<String> {
    let body = stored.entry.body.as_deref()?;
    let header = &stored.entry.header;
    match header.body_type {
        BodyType::Note => decode::<Note>(body, "a note").ok().map(|note| note.text),
        BodyType::Record => match Record::read(header.kind, body).ok()? {
            Record::Incident(record) => Some(record.text),
            _ => None,
        },
        BodyType::Change => None,
    }
    .filter(|text| !text.is_empty())
}
