//! Projection: entries that are stored are taken into their documents, in order, behind the receipts.
//!
//! What passes guard, policy and trial goes into the feed; what does not is held with its code and
//! blocks nothing. Rights are those the author's member has now.

use std::collections::{BTreeMap, BTreeSet};

use suishou_core::{
    document::Document,
    entry::BodyType,
    error::{Error, HeldCode},
    id::{DeviceId, DocumentId, GridId, MemberId},
    model::{
        DocumentKind,
        settings::Settings,
        step::{Author, Origin},
    },
    policy::Rights,
    project::{Incoming, project},
    seeded::{self, Seeded},
    store::{
        referred,
        tables::{load_document, save_document},
    },
    time::Timestamp,
};

use super::{
    engine::Work,
    error::Result,
    scope::{device_key, member_key},
};
use crate::db::{
    self,
    entry::{State, Stored},
    feed::Item,
    webhook::Hook,
};

/// Visits of so many milliseconds follow a change of the grids: the last 90 days.
const VISITS_MS: i64 = 90 * 24 * 3_600_000;

/// Who stands behind a log.
#[derive(Clone, Copy, Debug)]
struct Source {
    device: DeviceId,
    member: Option<i64>,
    is_revoked: bool,
}

/// What one batch has looked up so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    sources: BTreeMap<i64, Source>,
    members: BTreeMap<i64, (MemberId, Rights)>,
    hooks: Option<Vec<Hook>>,
    /// Incidents that something was added to.
    incidents: Vec<DocumentId>,
}

/// An entry to be judged, with what stands behind it.
pub(super) struct Candidate {
    stored: Stored,
    source: Source,
    author: Author,
    rights: Rights,
}

impl Candidate {
    fn incoming(&self) -> Incoming {
        Incoming {
            entry: self.stored.entry.clone(),
            origin: Origin {
                entry: self.stored.entry_id,
                author: self.author,
                claimed_at: self.stored.entry.header.claimed_at,
                received_at: Some(self.stored.received_at),
            },
            rights: Some(self.rights.clone()),
        }
    }
}

impl Work<'_> {
    /// Takes at most `limit` stored entries into their documents.
    pub(super) fn project(&mut self, limit: usize) -> Result<()> {
        let entries = db::entry::after(self.transaction, self.state.meta.projected, limit)?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(()) };
        let mut known = Known::default();
        let mut order = Vec::new();
        let mut by_document: BTreeMap<DocumentId, Vec<Stored>> = BTreeMap::new();
        for entry in entries {
            let document = entry.entry.header.document;
            let of_document = by_document.entry(document).or_default();
            if of_document.is_empty() {
                order.push(document);
            }
            of_document.push(entry);
        }
        for document in order {
            let entries = by_document.remove(&document).unwrap_or_default();
            self.project_document(document, entries, &mut known)?;
        }
        db::meta::set_projected(self.transaction, last)?;
        self.state.meta.projected = last;
        self.answer_repetitions(&known.incidents)?;
        self.bring_home()
    }

    /// Holds the next entry unseen: it makes the relay fail.
    pub(super) fn set_aside(&mut self, code: HeldCode) -> Result<()> {
        for stored in db::entry::after(self.transaction, self.state.meta.projected, 1)? {
            db::entry::settle(self.transaction, stored.seq, State::Held(code), stored.author, 0)?;
            let source = self.source(stored.log, &mut Known::default())?;
            let item = Item::Held { entry: stored.seq, code: code.number() };
            self.tell_author(source.device, source.member, item)?;
            db::meta::set_projected(self.transaction, stored.seq)?;
            self.state.meta.projected = stored.seq;
        }
        Ok(())
    }

    fn project_document(&mut self, id: DocumentId, entries: Vec<Stored>, known: &mut Known) -> Result<()> {
        let mut aliases = db::member::aliases(self.transaction, id)?;
        let (mut fresh, mut waiting) = (Vec::new(), Vec::new());
        for stored in entries {
            match (stored.same_as, stored.state) {
                (Some(original), _) => {
                    waiting.extend(self.appended_again(&stored, original, &mut aliases, known)?);
                }
                (None, State::Stored) => fresh.push(self.candidate(stored, None, &mut aliases, known)?),
                (None, State::Passed | State::Held(_)) => {}
            }
        }
        let (loaded, is_damaged) = match load_document(self.transaction, id) {
            Ok(loaded) => (loaded, false),
            Err(Error::Corrupt(what)) => {
                tracing::error!(document = %id, what, "a document is damaged; its entries are held");
                (None, true)
            }
            Err(error) => return Err(error.into()),
        };
        if is_damaged {
            for candidate in &fresh {
                self.hold(candidate, HeldCode::Trial)?;
            }
            return Ok(());
        }
        let is_new = loaded.is_none();
        let Some(kind) = fresh.first().or(waiting.first()).map(|first| first.stored.entry.header.kind) else {
            return Ok(());
        };
        let mut document = loaded.unwrap_or_else(|| Document::new(id, kind));
        let mut passed = Vec::new();
        let incoming: Vec<_> = fresh.iter().map(Candidate::incoming).collect();
        let verdicts = project(&mut document, &incoming);
        for (candidate, verdict) in fresh.into_iter().zip(verdicts) {
            match verdict {
                Ok(()) => passed.push(candidate),
                Err(code) => self.hold(&candidate, code)?,
            }
        }
        if !passed.is_empty() {
            for stored in db::entry::waiting(self.transaction, id)? {
                waiting.push(self.candidate(stored, None, &mut aliases, known)?);
            }
        }
        self.release(&mut document, waiting, &mut passed)?;
        if passed.is_empty() {
            return Ok(());
        }
        self.keep(&document, is_new, &passed, &aliases, known)
    }

    /// Who and with which rights; a member who is new to the document gets the next alias.
    pub(super) fn candidate(
        &mut self,
        stored: Stored,
        judged_as: Option<i64>,
        aliases: &mut Vec<(i64, u16)>,
        known: &mut Known,
    ) -> Result<Candidate> {
        let source = self.source(stored.log, known)?;
        let Some(member) = source.member else {
            return Ok(Candidate { stored, source, author: Author::Centre, rights: Rights::centre() });
        };
        let alias = if let Some((_, alias)) = aliases.iter().find(|(known, _)| *known == member) {
            *alias
        } else {
            let next = aliases.iter().map(|(_, alias)| *alias).max().unwrap_or(0).saturating_add(1);
            let is_leak = seeded::is_on(Seeded::AliasLeaks);
            let alias = if is_leak { u16::try_from(member).unwrap_or(next) } else { next };
            db::member::add_alias(self.transaction, stored.entry.header.document, member, alias)?;
            aliases.push((member, alias));
            alias
        };
        let (_, rights) = self.member(judged_as.unwrap_or(member), known)?;
        let rights = rights.clone();
        Ok(Candidate { stored, source, author: Author::Alias(alias), rights })
    }

    /// An entry that is stored already takes effect once. If it is held, and the same person's good
    /// device sends it again, it is judged again.
    fn appended_again(
        &mut self,
        stored: &Stored,
        original: i64,
        aliases: &mut Vec<(i64, u16)>,
        known: &mut Known,
    ) -> Result<Option<Candidate>> {
        db::entry::settle(self.transaction, stored.seq, State::Passed, stored.author, 0)?;
        let again = self.source(stored.log, known)?;
        let Some(original) = db::entry::get(self.transaction, original)? else { return Ok(None) };
        let first = self.source(original.log, known)?;
        let is_held = matches!(original.state, State::Held(_));
        let is_turned_down = is_held && db::held::reply(self.transaction, original.entry_id)?.is_some();
        if again.is_revoked || first.member != again.member || !is_held || is_turned_down {
            return Ok(None);
        }
        self.candidate(original, again.member, aliases, known).map(Some)
    }

    /// Tries what waited for something that may have arrived now, until nothing more passes.
    pub(super) fn release(
        &mut self,
        document: &mut Document,
        mut waiting: Vec<Candidate>,
        passed: &mut Vec<Candidate>,
    ) -> Result<()> {
        waiting.sort_by_key(|candidate| candidate.stored.seq);
        waiting.dedup_by_key(|candidate| candidate.stored.seq);
        while !waiting.is_empty() {
            let incoming: Vec<_> = waiting.iter().map(Candidate::incoming).collect();
            let verdicts = project(document, &incoming);
            let before = waiting.len();
            let mut left = Vec::new();
            for (candidate, verdict) in waiting.into_iter().zip(verdicts) {
                match verdict {
                    Ok(()) => {
                        let Source { device, member, .. } = candidate.source;
                        self.tell_author(device, member, Item::Released { entry: candidate.stored.seq })?;
                        passed.push(candidate);
                    }
                    Err(code) if candidate.stored.state == State::Held(code) => left.push(candidate),
                    Err(code) => {
                        self.hold(&candidate, code)?;
                        let state = State::Held(code);
                        left.push(Candidate { stored: Stored { state, ..candidate.stored }, ..candidate });
                    }
                }
            }
            if left.len() == before {
                break;
            }
            waiting = left;
        }
        Ok(())
    }

    fn hold(&mut self, candidate: &Candidate, code: HeldCode) -> Result<()> {
        let Candidate { stored, source, author, .. } = candidate;
        tracing::info!(entry = %stored.entry_id, device = %source.device, %code, "held");
        db::entry::settle(self.transaction, stored.seq, State::Held(code), *author, 0)?;
        let item = Item::Held { entry: stored.seq, code: code.number() };
        self.tell_author(source.device, source.member, item)
    }

    /// Tells the phone that sent an entry what became of it, and its member's other phones: after a life of the relay was
    /// lost each of them may have sent it, and each shows it as done.
    pub(super) fn tell_author(&mut self, device: DeviceId, member: Option<i64>, item: Item) -> Result<()> {
        let seq = self.tell(item)?;
        let key = self.key(&device_key(device))?;
        self.show(key, seq)?;
        let Some(member) = member else { return Ok(()) };
        let member = db::member::get(self.transaction, member)?;
        let key = self.key(&member_key(&member.id))?;
        self.show(key, seq)
    }

    /// Keeps a document with its row, and puts what passed into the feed.
    pub(super) fn keep(
        &mut self,
        document: &Document,
        is_new: bool,
        passed: &[Candidate],
        aliases: &[(i64, u16)],
        known: &mut Known,
    ) -> Result<()> {
        let id = document.id();
        let is_record = |candidate: &&Candidate| candidate.stored.entry.header.body_type == BodyType::Record;
        save_document(
            self.transaction,
            document,
            passed.iter().find(is_record).map(|candidate| candidate.stored.seq),
        )?;
        let author = document.captured().map(|captured| captured.origin.author);
        let author = match author.and_then(|author| by_alias(aliases, author)) {
            Some(row) => Some(self.member(row, known)?.0.clone()),
            None => None,
        };
        self.count(document, author.as_ref())?;
        let after = self.scope_of(document, author.as_ref())?;
        let before: BTreeSet<i64> = if is_new {
            let since = self.state.feed_seq;
            for key in &after {
                db::scope::give_document(self.transaction, id, *key, since)?;
            }
            after.clone()
        } else {
            db::scope::of_document(self.transaction, id)?.iter().map(|held| held.key).collect()
        };
        if document.kind() == DocumentKind::Incident {
            known.incidents.push(id);
        }
        self.note_astray(id)?;
        for candidate in passed {
            let entry = candidate.stored.seq;
            let place = self.tell(Item::Entry { entry, document: id })?;
            db::entry::settle(self.transaction, entry, State::Passed, candidate.author, place)?;
            for key in before.intersection(&after) {
                self.show_from(*key, place, Some(candidate.source.device))?;
            }
            self.refer(id, candidate)?;
        }
        self.announce(document, passed.iter().map(|candidate| &candidate.stored), &mut known.hooks)?;
        self.rescope(document, &before, &after)
    }

    /// Notes which blobs an entry names: who sees the document may read them.
    fn refer(&mut self, document: DocumentId, candidate: &Candidate) -> Result<()> {
        for blob in referred(&candidate.stored.entry) {
            db::blob::refer(self.transaction, blob, document)?;
        }
        Ok(())
    }

    fn source(&self, log: i64, known: &mut Known) -> Result<Source> {
        if let Some(source) = known.sources.get(&log) {
            return Ok(*source);
        }
        let device = db::device::get(self.transaction, db::log::device_of(self.transaction, log)?)?;
        let source = Source { device: device.device, member: device.member, is_revoked: device.is_revoked };
        known.sources.insert(log, source);
        Ok(source)
    }

    fn member<'k>(&self, row: i64, known: &'k mut Known) -> Result<&'k (MemberId, Rights)> {
        use std::collections::btree_map::Entry;
        match known.members.entry(row) {
            Entry::Occupied(occupied) => Ok(occupied.into_mut()),
            Entry::Vacant(vacant) => {
                let member = db::member::get(self.transaction, row)?;
                let rights = Rights {
                    role: member.role,
                    member: Some(member.id.clone()),
                    department: member.department.clone(),
                    grids: within(&self.settings, &member.grids),
                    above: self.settings.above(&member.grids),
                };
                Ok(vacant.insert((member.id, rights)))
            }
        }
    }

    /// After the grids changed: what somebody may still look up is put under the keys that it should stand
    /// under now.
    pub(super) fn rehome(&mut self) -> Result<()> {
        let since = self.now.millis().saturating_sub(VISITS_MS);
        for id in db::scope::living_documents(self.transaction, Timestamp::from_millis(since))? {
            let Some(document) = load_document(self.transaction, id)? else { continue };
            let aliases = db::member::aliases(self.transaction, id)?;
            let author = document.captured().and_then(|captured| by_alias(&aliases, captured.origin.author));
            let author = match author {
                Some(row) => Some(db::member::get(self.transaction, row)?.id),
                None => None,
            };
            let after = self.scope_of(&document, author.as_ref())?;
            let before = db::scope::of_document(self.transaction, id)?.iter().map(|held| held.key).collect();
            self.rescope(&document, &before, &after)?;
        }
        Ok(())
    }
}

/// The row of the member with this alias.
fn by_alias(aliases: &[(i64, u16)], author: Author) -> Option<i64> {
    aliases.iter().find(|(_, alias)| Author::Alias(*alias) == author).map(|(member, _)| *member)
}

/// These grids and all that lie within them, at any depth.
pub(super) fn within(settings: &Settings, grids: &[GridId]) -> BTreeSet<GridId> {
    let mut children: BTreeMap<&GridId, Vec<&GridId>> = BTreeMap::new();
    for grid in &settings.grids {
        if let Some(parent) = &grid.parent {
            children.entry(parent).or_default().push(&grid.id);
        }
    }
    let mut found = BTreeSet::new();
    let mut to_look_at: Vec<&GridId> = grids.iter().collect();
    while let Some(grid) = to_look_at.pop() {
        if found.insert(grid.clone()) {
            to_look_at.extend(children.get(grid).into_iter().flatten());
        }
    }
    found
}
