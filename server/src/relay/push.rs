//! Push: what a device sends is checked without the writer, compared with what is held, and stored.
//!
//! Storing knows nothing of documents and runs no Automerge code. Between the check and the receipt
//! there is one commit.

use suishou_core::{
    entry::{Entry, page},
    error::{HeldCode, Problem},
    id::{EntryId, LogHash, LogId},
    log::{Head, LogHead, verify},
    model::decode,
    seeded::{self, Seeded},
    sync::wire::{Cursor, PushOutcome, SignedRequest, SyncRequest},
    time::Timestamp,
};

use super::{
    engine::Work,
    error::{RelayError, Result},
    shared::Shared,
};
use crate::db::{
    self, Connection,
    device::Device,
    entry::{Appender, State},
    log::{Log, Run},
};

/// Largest counter of a log: far beyond any device, far below overflow.
const MAX_COUNTER: u64 = 1 << 48;

/// A request that a known device signed, with a run that leads to the head it signed.
#[derive(Debug)]
pub struct Checked {
    device: Device,
    request: SyncRequest,
    entries: Vec<Chained>,
}

#[derive(Debug)]
struct Chained {
    id: EntryId,
    /// The chain up to and with this entry.
    hash: LogHash,
    entry: Entry,
}

/// What became of a push, for the answer.
#[derive(Clone, Debug)]
pub struct Receipted {
    /// Who.
    pub device: Device,
    /// What is held of the log.
    pub log_head: LogHead,
    /// The device has the entries of this log up to this place among all entries.
    pub own: Option<(i64, i64)>,
    /// The request's nonce.
    pub nonce: suishou_core::id::Nonce,
    /// Up to where the device knows the feed.
    pub cursor: Option<Cursor>,
    /// Which settings it has.
    pub settings_version: u64,
    /// What became of the run.
    pub outcome: PushOutcome,
    /// The last stored entry of all.
    pub stored_seq: i64,
    /// When.
    pub at: Timestamp,
}

/// Reads and checks a request: who sent it, and that its entries lead to the signed head.
pub fn check(connection: &Connection, shared: &Shared, body: &[u8]) -> Result<Checked> {
    let signed: SignedRequest = decode(body, "a signed sync request")?;
    let request = signed.open()?;
    if request.township != shared.identity.township {
        return Err(RelayError::WrongTownship);
    }
    let device = db::device::find(connection, request.device)?
        .filter(|device| device.member.is_some())
        .ok_or(RelayError::UnknownDevice)?;
    signed.verify(&device.public_key).map_err(|_| RelayError::UnknownDevice)?;
    if request.from.counter > MAX_COUNTER || request.head.counter > MAX_COUNTER {
        return Err(RelayError::invalid(Problem::TooLarge {
            what: "the log's counter",
            found: request.from.counter.max(request.head.counter),
            limit: MAX_COUNTER,
        }));
    }
    if request.from.counter == 0 && request.from != Head::START {
        return Err(RelayError::malformed("the beginning of a log"));
    }
    let entries = chain(&request, &device)?;
    Ok(Checked { device, request, entries })
}

fn chain(request: &SyncRequest, device: &Device) -> Result<Vec<Chained>> {
    let Some(page) = &request.page else {
        return if request.from == request.head { Ok(Vec::new()) } else { Err(RelayError::BrokenChain) };
    };
    let signature = request.head_signature.ok_or(RelayError::BrokenChain)?;
    let mut head = request.from;
    let mut entries = Vec::new();
    for (entry, _) in page::unpack(page)? {
        head = head.then(&entry.header);
        entries.push(Chained { id: entry.id(), hash: head.hash, entry });
    }
    if head != request.head {
        return Err(RelayError::BrokenChain);
    }
    verify(&device.public_key, &log_head(request, head), &signature).map_err(|_| RelayError::BrokenChain)?;
    Ok(entries)
}

fn log_head(request: &SyncRequest, head: Head) -> LogHead {
    LogHead { township: request.township, device: request.device, log: request.log, head }
}

/// How a run stands to what is held of its log.
struct Comparison {
    log: Option<Log>,
    outcome: PushOutcome,
    /// How many of the run's entries are held already.
    held: usize,
}

/// Compares a run with what is held. Two chains with one hash have the same entries, so that one hash
/// is compared: that of the last entry which both have.
fn compare(connection: &Connection, checked: &Checked) -> Result<Comparison> {
    let (from, to) = (checked.request.from, checked.request.head);
    let found = db::log::find(connection, checked.request.log)?;
    let log = found.filter(|log| log.device == checked.device.row);
    if log.is_none() && found.is_some() {
        tracing::warn!(device = %checked.device.device, log = %checked.request.log, "another device's log");
        return Ok(Comparison { log: None, outcome: PushOutcome::Forked, held: 0 });
    }
    let ours = log.map_or(Head::START, |log| log.head);
    if ours.counter < from.counter {
        return Ok(Comparison { log, outcome: PushOutcome::Behind, held: 0 });
    }
    let common = ours.counter.min(to.counter);
    let our_hash = match log {
        Some(log) if common != ours.counter => db::log::head_at(connection, log.row, common)?.hash,
        _ => ours.hash,
    };
    let held = usize::try_from(common - from.counter).map_err(|_| RelayError::BrokenChain)?;
    let their_hash = match held.checked_sub(1) {
        None => Some(from.hash),
        Some(last) => checked.entries.get(last).map(|chained| chained.hash),
    };
    if their_hash == Some(our_hash) || seeded::is_on(Seeded::ForkIgnored) {
        return Ok(Comparison { log, outcome: PushOutcome::Stored, held });
    }
    tracing::warn!(
        device = %checked.device.device,
        log = %checked.request.log,
        counter = common,
        "forked: the device's log and the relay's differ"
    );
    Ok(Comparison { log, outcome: PushOutcome::Forked, held: 0 })
}

impl Checked {
    /// Nothing to store: the writer is not needed.
    pub fn is_pull(&self) -> bool {
        self.entries.is_empty()
    }

    /// Which log its run is of.
    pub fn log(&self) -> LogId {
        self.request.log
    }

    /// How many entries its run has.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Whose request it is.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What the receipt of a mere pull says.
    pub fn receipt_of_pull(&self, connection: &Connection, at: Timestamp) -> Result<Receipted> {
        let Comparison { log, outcome, .. } = compare(connection, self)?;
        let stored_seq = db::meta::stored_seq(connection)?;
        self.receipted(connection, log, outcome, stored_seq, at)
    }

    fn receipted(
        &self,
        connection: &Connection,
        log: Option<Log>,
        outcome: PushOutcome,
        stored_seq: i64,
        at: Timestamp,
    ) -> Result<Receipted> {
        // A phone that was copied or set back may not have all that its log has here: that comes back.
        let own = match log {
            Some(log) if outcome == PushOutcome::Stored => {
                let has = self.request.head.counter;
                let is_all = has >= log.head.counter;
                Some((log.row, if is_all { i64::MAX } else { db::log::seq_at(connection, log.row, has)? }))
            }
            _ => None,
        };
        let is_false = seeded::is_on(Seeded::ForkIgnored)
            || (seeded::is_on(Seeded::RevokedDropped) && self.device.is_revoked);
        let held = log.map_or(Head::START, |log| log.head);
        let told = if is_false && outcome == PushOutcome::Stored { self.request.head } else { held };
        Ok(Receipted {
            device: self.device,
            log_head: log_head(&self.request, told),
            own,
            nonce: self.request.nonce,
            cursor: self.request.cursor,
            settings_version: self.request.settings_version,
            outcome,
            stored_seq,
            at,
        })
    }
}

/// The relay itself, as the device of its own entries and photos.
pub(super) fn own_device(connection: &Connection, shared: &Shared) -> Result<Device> {
    let own = db::device::find(connection, shared.identity.device)?;
    Ok(own.ok_or(suishou_core::error::Error::Corrupt("the relay's own device"))?)
}

impl Work<'_> {
    /// Stores what of the run is not held yet.
    pub(super) fn store(&mut self, checked: &Checked) -> Result<Receipted> {
        // Looked up again: it may have been revoked since the check.
        let device = db::device::get(self.transaction, checked.device.row)?;
        db::device::set_contact(self.transaction, device.row, self.now)?;
        let Comparison { mut log, outcome, held } = compare(self.transaction, checked)?;
        let fresh = checked.entries.get(held..).unwrap_or_default();
        if outcome == PushOutcome::Stored
            && !fresh.is_empty()
            && !(device.is_revoked && seeded::is_on(Seeded::RevokedDropped))
            && let Some(signature) = checked.request.head_signature
        {
            let known = match log {
                Some(log) => log,
                None => db::log::add(self.transaction, checked.request.log, device.row)?,
            };
            let state = if device.is_revoked { State::Held(HeldCode::Revoked) } else { State::Stored };
            let first_seq = self.state.stored_seq + 1;
            let mut appender = Appender::new(self.transaction, known.row, state, self.now)?;
            for chained in fresh {
                self.state.stored_seq += 1;
                appender.append(self.state.stored_seq, chained.id, &chained.entry)?;
            }
            let to = checked.request.head;
            let run = Run { from: known.head, to, signature, first_seq, received_at: self.now };
            db::log::append(self.transaction, known.row, &run)?;
            log = Some(Log { head: to, ..known });
            self.count_use(device.row, fresh.len(), 0)?;
        }
        if outcome == PushOutcome::Forked {
            self.note_fork(checked.request.log, device.row, checked.request.from.counter)?;
        }
        let stored_seq = self.state.stored_seq;
        let receipted = checked.receipted(self.transaction, log, outcome, stored_seq, self.now)?;
        Ok(Receipted { device, ..receipted })
    }

    /// Keeps for the operators that a phone, or a copy of it, holds another history of a log.
    pub(super) fn note_fork(&mut self, log: LogId, device: i64, counter: u64) -> Result<()> {
        Ok(db::enrolment::note_fork(self.transaction, log, device, counter, self.now)?)
    }

    /// Appends the relay's own entries to its own log, signed like any device's.
    pub(super) fn append_own(&mut self, entries: &[Entry]) -> Result<()> {
        let identity = &self.shared.identity;
        let device = own_device(self.transaction, self.shared)?;
        let log_id = self.state.meta.own_log;
        let log = match db::log::find(self.transaction, log_id)? {
            Some(log) => log,
            None => db::log::add(self.transaction, log_id, device.row)?,
        };
        let first_seq = self.state.stored_seq + 1;
        let mut appender = Appender::new(self.transaction, log.row, State::Stored, self.now)?;
        let mut head = log.head;
        for entry in entries {
            self.state.stored_seq += 1;
            head = head.then(&entry.header);
            appender.append(self.state.stored_seq, entry.id(), entry)?;
            super::operators::attribute(self.transaction, entry.id(), self.operator)?;
        }
        let signed = LogHead { township: identity.township, device: identity.device, log: log_id, head };
        let signature = identity.key.sign(&signed);
        let run = Run { from: log.head, to: head, signature, first_seq, received_at: self.now };
        db::log::append(self.transaction, log.row, &run)?;
        Ok(())
    }
}
