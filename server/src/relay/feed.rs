//! The feed as one phone sees it: the places under its member's keys, merged in order.
//!
//! Whether a document is sent or forgotten is decided by what the member may see now. Under a key stand
//! only documents that are under it now, so that a page is a few range scans and costs the same at a
//! thousand and at a million documents. An entry is sent in its order if its document was visible before
//! it; the place where a document became visible stands for its whole history up to there.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use suishou_core::{
    entry::page::{Beside, Packer},
    error::HeldCode,
    id::DocumentId,
    log::{LogHead, Receipt, Revocation},
    model::step::Author,
    seeded::{self, Seeded},
    sync::wire::{Cursor, FeedNotice, Membership, Seen as Told, SyncResponse, VERSION},
};

use super::{
    engine::beginning,
    error::Result,
    merge::{CHUNK, Merge},
    push::Receipted,
    scope::device_key,
    shared::Shared,
};
use crate::db::{
    self, Connection,
    device::Device,
    entry::{State, Stored},
    feed::Item,
    scope::Held,
};

/// zstd level of pages.
const LEVEL: i32 = 3;
/// Most notices in one answer.
const MAX_NOTICES: usize = 1_024;
/// Most places looked at for one answer.
pub const MAX_PLACES: usize = 16_384;
/// Entries of a history read at a time.
const HISTORY_CHUNK: i64 = 256;

/// Who reads, and which keys they hold.
#[derive(Clone, Debug)]
pub struct Reader {
    member: i64,
    keys: Vec<Held>,
    whose: Skip,
}

/// Which entries the phone has because they are its own.
#[derive(Clone, Copy, Debug)]
enum Skip {
    /// Those of the log it has now, up to a place: what it lost, or a copy of it wrote, comes back.
    Log(Option<(i64, i64)>),
    /// Those of all its logs.
    Device(i64),
}

impl Reader {
    /// For an answer to a phone with this log.
    fn of_log(connection: &Connection, device: &Device, own: Option<(i64, i64)>) -> Result<Option<Self>> {
        Self::load(connection, device, Skip::Log(own))
    }

    /// For finding out whether a phone should sync.
    pub fn of_device(connection: &Connection, device: &Device) -> Result<Option<Self>> {
        Self::load(connection, device, Skip::Device(device.row))
    }

    fn load(connection: &Connection, device: &Device, whose: Skip) -> Result<Option<Self>> {
        let Some(member) = device.member else { return Ok(None) };
        let mut keys = db::scope::of_member(connection, member)?;
        if let Some(key) = db::scope::find_key(connection, &device_key(device.device))? {
            keys.push(Held { key, since: 0 });
        }
        Ok(Some(Self { member, keys, whose }))
    }

    /// Numbers of the keys.
    pub fn keys(&self) -> Vec<i64> {
        self.keys.iter().map(|held| held.key).collect()
    }

    /// Since when the reader sees a document; none if not now.
    fn sees_since(&self, connection: &Connection, document: DocumentId) -> Result<Option<i64>> {
        let under = db::scope::of_document(connection, document)?;
        let both = under.iter().filter_map(|document| {
            let held = self.keys.iter().find(|held| held.key == document.key)?;
            Some(held.since.max(document.since))
        });
        Ok(both.min())
    }

    /// Whether the reader may see a document now.
    pub fn sees(&self, connection: &Connection, document: DocumentId) -> Result<bool> {
        self.sees_since(connection, document).map(|since| since.is_some())
    }
}

/// A part of the feed.
#[derive(Debug)]
pub struct Page {
    packer: Packer,
    notices: Vec<FeedNotice>,
    told_seen: BTreeMap<DocumentId, Told>,
    cursor: Cursor,
    has_more: bool,
    /// The member's own keys or role may have changed.
    is_membership_news: bool,
}

impl Page {
    fn has_something(&self) -> bool {
        !self.packer.is_empty()
            || !self.notices.is_empty()
            || !self.told_seen.is_empty()
            || self.is_membership_news
    }
}

/// A cursor that this relay never gave: under its epoch, but where its feed has no place. Each is the last place that
/// was taken, or the one before a place that was begun.
pub fn is_foreign(connection: &Connection, cursor: Option<Cursor>) -> Result<bool> {
    let Some(cursor) = cursor.filter(|cursor| cursor.seq > 0) else { return Ok(false) };
    let snapshot = db::snapshot(connection)?;
    let is_ours = db::meta::read(&snapshot)?.is_some_and(|meta| meta.epoch == cursor.epoch);
    let at = position(cursor.seq);
    Ok(is_ours && !db::feed::has(&snapshot, at)? && !db::feed::has(&snapshot, at.saturating_add(1))?)
}

/// Composes and signs the answer to an exchange.
pub fn answer(connection: &Connection, shared: &Shared, receipted: &Receipted) -> Result<SyncResponse> {
    let snapshot = db::snapshot(connection)?;
    let epoch = db::meta::read(&snapshot)?.map_or(suishou_core::id::Epoch::ZERO, |meta| meta.epoch);
    let receipt = Receipt {
        log_head: receipted.log_head,
        epoch,
        seq: u64::try_from(receipted.stored_seq).unwrap_or(0),
        at: receipted.at,
        nonce: receipted.nonce,
    };
    let settings_version = shared.settings().version;
    let mut response = SyncResponse {
        version: VERSION,
        receipt,
        signature: shared.identity.key.sign(&receipt),
        outcome: receipted.outcome,
        page: None,
        notices: Vec::new(),
        cursor: None,
        has_more: false,
        settings_version,
        token: None,
        is_revoked: receipted.device.is_revoked,
        membership: None,
        revocation: None,
        seen: None,
    };
    if receipted.device.is_revoked {
        let LogHead { township, device, .. } = receipted.log_head;
        let revocation = Revocation { township, device, epoch, nonce: receipted.nonce };
        response.revocation = Some(shared.identity.key.sign(&revocation));
        return Ok(response);
    }
    let Some(reader) = Reader::of_log(&snapshot, &receipted.device, receipted.own)? else {
        return Ok(response);
    };
    let is_any_taken = seeded::is_on(Seeded::EpochNotCompared);
    let cursor = receipted.cursor.filter(|cursor| cursor.epoch == epoch || is_any_taken);
    let cursor = cursor.map_or(beginning(epoch), |cursor| Cursor { epoch, ..cursor });
    let page = read(&snapshot, &reader, cursor, shared.max_places.load(Ordering::Relaxed))?;
    if page.is_membership_news || receipted.settings_version != settings_version {
        response.membership = Some(membership(&snapshot, reader.member)?);
    }
    if !page.packer.is_empty() {
        response.page = Some(page.packer.finish(LEVEL)?);
    }
    response.notices = page.notices;
    response.seen = (!page.told_seen.is_empty()).then(|| page.told_seen.into_values().collect());
    response.cursor = Some(page.cursor);
    response.has_more = page.has_more;
    response.token = Some(shared.tokens.token(receipted.device.device, shared.clock.now()));
    Ok(response)
}

/// What a member is, for their phone.
pub fn membership(connection: &Connection, member: i64) -> Result<Membership> {
    let member = db::member::get(connection, member)?;
    Ok(Membership {
        member: member.id,
        role: member.role,
        grids: member.grids,
        department: member.department,
    })
}

/// Whether there is anything for this reader after a cursor. If not, the second value is from where
/// to look the next time.
pub fn has_news(connection: &Connection, reader: &Reader, cursor: Cursor) -> Result<(bool, Cursor)> {
    let snapshot = db::snapshot(connection)?;
    let page = read(&snapshot, reader, cursor, MAX_PLACES)?;
    Ok((page.has_something() || page.has_more, page.cursor))
}

/// Reads on from a cursor until a page is full.
pub fn read(connection: &Connection, reader: &Reader, cursor: Cursor, max_places: usize) -> Result<Page> {
    let mut builder = Builder {
        connection,
        reader,
        packer: Packer::default(),
        notices: Vec::new(),
        told_seen: BTreeMap::new(),
        is_membership_news: false,
        seen: BTreeMap::new(),
        own_logs: BTreeMap::new(),
        places: max_places,
        is_cut: false,
    };
    let (at, has_more) = builder.run(cursor)?;
    Ok(Page {
        packer: builder.packer,
        notices: builder.notices,
        told_seen: builder.told_seen,
        cursor: at,
        has_more,
        is_membership_news: builder.is_membership_news,
    })
}

fn position(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn cursor_at(epoch: suishou_core::id::Epoch, seq: i64, inside: i64) -> Cursor {
    Cursor { epoch, seq: u64::try_from(seq).unwrap_or(0), inside: u64::try_from(inside).unwrap_or(0) }
}

/// What a page knows of a document.
#[derive(Clone, Copy, Debug)]
struct Seen {
    since: Option<i64>,
    own_alias: Option<u16>,
}

struct Builder<'a> {
    connection: &'a Connection,
    reader: &'a Reader,
    packer: Packer,
    notices: Vec<FeedNotice>,
    /// What the command centre has seen, once for each document.
    told_seen: BTreeMap<DocumentId, Told>,
    is_membership_news: bool,
    seen: BTreeMap<DocumentId, Seen>,
    own_logs: BTreeMap<i64, bool>,
    /// How many more places may be looked at.
    places: usize,
    /// What follows must not come with what is here.
    is_cut: bool,
}

/// Whether something was taken to its end.
enum Taken {
    Whole,
    /// The page is full; the last place within it that was taken.
    UpTo(i64),
}

impl Builder<'_> {
    fn run(&mut self, cursor: Cursor) -> Result<(Cursor, bool)> {
        let mut at = position(cursor.seq);
        let end = db::meta::feed_seq(self.connection)?;
        let mut merge = Merge::new(self.reader.keys.iter().map(|held| {
            // The place at which the key was given stands under the member's own key.
            (held.key, at.max(held.since.saturating_sub(1)))
        }));
        loop {
            if self.is_full() {
                let has_more = merge.peek(self.connection)?.is_some();
                return Ok((cursor_at(cursor.epoch, if has_more { at } else { end }, 0), has_more));
            }
            let Some(place) = merge.next(self.connection)? else {
                return Ok((cursor_at(cursor.epoch, end.max(at), 0), false));
            };
            if seeded::is_on(Seeded::FeedSkipsLate) && place == end {
                at = place;
                continue;
            }
            // Only the place where the last page ended was begun; it may be gone by now.
            let was_begun = place.checked_sub(1) == Some(position(cursor.seq));
            let inside = if was_begun { position(cursor.inside) } else { 0 };
            if let Taken::UpTo(last) = self.take(place, inside)? {
                return Ok((cursor_at(cursor.epoch, place - 1, last), true));
            }
            self.places = self.places.saturating_sub(1);
            at = place;
        }
    }

    fn is_full(&self) -> bool {
        self.is_cut
            || self.packer.is_full()
            || self.notices.len() + self.told_seen.len() >= MAX_NOTICES
            || self.places == 0
    }

    fn take(&mut self, place: i64, inside: i64) -> Result<Taken> {
        match db::feed::get(self.connection, place)? {
            Item::Entry { entry, document } => {
                let seen = self.seen(document)?;
                if seen.since.is_some_and(|since| place > since)
                    && let Some(entry) = db::entry::get(self.connection, entry)?
                {
                    self.push(&entry, seen)?;
                }
            }
            Item::DocumentGained { document } => {
                let seen = self.seen(document)?;
                if seen.since == Some(place) {
                    return self.history(document, seen, inside, place);
                }
            }
            Item::DocumentLost { document } => match self.seen(document)?.since {
                None => self.notices.push(FeedNotice::Forget { document }),
                // It comes anew, and a notice is taken after the page that it comes with: another page.
                Some(since) if since > place => {
                    self.notices.push(FeedNotice::Forget { document });
                    self.is_cut = true;
                }
                Some(_) => {}
            },
            Item::MemberGained { key } => {
                self.is_membership_news = true;
                if self.reader.keys.contains(&Held { key, since: place }) {
                    return self.histories_under(key, inside, place);
                }
            }
            Item::MemberLost { key } => {
                self.is_membership_news = true;
                return self.forget_under(key, inside, place);
            }
            Item::Held { entry, code } => {
                if let (Some(entry), Some(code)) =
                    (db::entry::get(self.connection, entry)?, HeldCode::from_number(code))
                {
                    let reply = db::held::reply(self.connection, entry.entry_id)?;
                    self.notices.push(FeedNotice::Held { entry: entry.entry_id, code, reply });
                }
            }
            Item::Released { entry } => {
                if let Some(entry) = db::entry::get(self.connection, entry)? {
                    self.notices.push(FeedNotice::Released { entry: entry.entry_id });
                }
            }
            Item::Seen { document } => {
                let found = db::seen::of_member(self.connection, document, self.reader.member)?;
                let told = found.map(|(at, entries)| (document, Told { document, at, entries }));
                self.told_seen.extend(told);
            }
        }
        Ok(Taken::Whole)
    }

    /// All of a document before the place at which it became visible.
    fn history(&mut self, document: DocumentId, seen: Seen, inside: i64, before: i64) -> Result<Taken> {
        let mut last = inside;
        loop {
            let entries = db::entry::history(self.connection, document, last, before, HISTORY_CHUNK)?;
            if entries.is_empty() {
                return Ok(Taken::Whole);
            }
            for entry in &entries {
                if self.is_full() {
                    return Ok(Taken::UpTo(last));
                }
                self.push(entry, seen)?;
                self.places = self.places.saturating_sub(1);
                last = entry.feed_seq;
            }
        }
    }

    /// All documents that became visible when the member was given a key, in the feed's order.
    fn histories_under(&mut self, key: i64, inside: i64, before: i64) -> Result<Taken> {
        let mut last = inside;
        loop {
            let places = db::feed::places(self.connection, key, last, CHUNK)?;
            let places: Vec<i64> = places.into_iter().filter(|place| *place < before).collect();
            if places.is_empty() {
                return Ok(Taken::Whole);
            }
            for place in places {
                if self.is_full() {
                    return Ok(Taken::UpTo(last));
                }
                last = place;
                self.places = self.places.saturating_sub(1);
                let Item::Entry { entry, document } = db::feed::get(self.connection, place)? else {
                    continue;
                };
                let seen = self.seen(document)?;
                if seen.since == Some(before)
                    && let Some(entry) = db::entry::get(self.connection, entry)?
                {
                    self.push(&entry, seen)?;
                }
            }
        }
    }

    /// All documents that were visible by a key which the member lost, and are not visible now.
    fn forget_under(&mut self, key: i64, inside: i64, lost_at: i64) -> Result<Taken> {
        let since = db::scope::held_before(self.connection, self.reader.member, key, lost_at)?;
        let Some(since) = since else { return Ok(Taken::Whole) };
        let mut last = inside;
        loop {
            let documents = db::scope::ever_under(self.connection, key, since, last, CHUNK)?;
            if documents.is_empty() {
                return Ok(Taken::Whole);
            }
            for (row, document) in documents {
                if self.is_full() {
                    return Ok(Taken::UpTo(last));
                }
                self.places = self.places.saturating_sub(1);
                last = row;
                if self.seen(document)?.since.is_none() {
                    self.notices.push(FeedNotice::Forget { document });
                }
            }
        }
    }

    fn seen(&mut self, document: DocumentId) -> Result<Seen> {
        if let Some(seen) = self.seen.get(&document) {
            return Ok(*seen);
        }
        let aliases = db::member::aliases(self.connection, document)?;
        let own = aliases.iter().find(|(member, _)| *member == self.reader.member);
        let seen = Seen {
            since: self.reader.sees_since(self.connection, document)?,
            own_alias: own.map(|(_, alias)| *alias),
        };
        self.seen.insert(document, seen);
        Ok(seen)
    }

    fn push(&mut self, stored: &Stored, seen: Seen) -> Result<()> {
        if stored.state != State::Passed || self.is_own(stored)? {
            return Ok(());
        }
        let author = match (stored.author, seen.own_alias) {
            (Author::Alias(alias), Some(own)) if alias == own => Author::You,
            (author, _) => author,
        };
        // All that one phone sent together has one time to the millisecond: told so finely it would link a
        // person's documents across their aliases.
        let received_at = match author {
            Author::Alias(_) => to_the_minute(stored.received_at),
            Author::You | Author::Centre => stored.received_at,
        };
        self.packer.push(&stored.entry, Some(Beside { author, received_at }));
        Ok(())
    }

    fn is_own(&mut self, stored: &Stored) -> Result<bool> {
        let log = stored.log;
        match self.reader.whose {
            Skip::Log(own) => Ok(own.is_some_and(|(own, until)| own == log && stored.seq <= until)),
            Skip::Device(device) => {
                if let Some(is_own) = self.own_logs.get(&log) {
                    return Ok(*is_own);
                }
                let is_own = db::log::device_of(self.connection, log)? == device;
                self.own_logs.insert(log, is_own);
                Ok(is_own)
            }
        }
    }
}

fn to_the_minute(time: suishou_core::time::Timestamp) -> suishou_core::time::Timestamp {
    suishou_core::time::Timestamp::from_millis(time.millis().div_euclid(60_000) * 60_000)
}
