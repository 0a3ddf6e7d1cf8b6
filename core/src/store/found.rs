//! What of a damaged database is recognised: rows by their shape, entries by their ids, which are hashes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    append::{referred, state},
    carve::{Row, Value, rows},
};
use crate::{
    document::Record,
    entry::{BodyType, Entry},
    error::HeldCode,
    id::{BlobHash, DocumentId, EntryId},
    model::{DocumentKind, blob::BlobKind, decode, note::Note, settings::Settings},
    sync::wire::Membership,
    time::Timestamp,
};

/// How an entry's columns begin in the file: no value (the row's number), 32 bytes, 16 bytes.
const ENTRY_MARK: [u8; 3] = [0, 12 + 2 * 32, 12 + 2 * 16];

/// How the enrolment's columns begin: no value, 16 bytes.
const ENROLMENT_MARK: [u8; 2] = [0, 12 + 2 * 16];

/// A whole entry.
#[derive(Clone, Debug)]
pub(super) struct FoundEntry {
    pub(super) rowid: i64,
    pub(super) entry: Entry,
    pub(super) author: u16,
    pub(super) received_at: Option<i64>,
    pub(super) state: u8,
    pub(super) held_code: Option<u8>,
}

/// What the database knew of a blob.
#[derive(Clone, Debug)]
pub(super) struct FoundBlob {
    pub(super) kind: BlobKind,
    pub(super) preview_of: Option<BlobHash>,
    pub(super) size_bytes: i64,
    pub(super) captured_at: i64,
    pub(super) stored_epoch: Option<[u8; 16]>,
    pub(super) trimmed_at: Option<i64>,
}

/// An enrolment's row.
#[derive(Clone, Debug)]
pub(super) struct FoundEnrolment {
    pub(super) township: Vec<u8>,
    pub(super) township_name: String,
    pub(super) device: Vec<u8>,
    pub(super) secret_key: Vec<u8>,
    pub(super) relay_key: Vec<u8>,
    pub(super) pin: Option<Vec<u8>>,
    pub(super) addresses: String,
    pub(super) membership: Vec<u8>,
    pub(super) is_revoked: i64,
    pub(super) enrolled_at: i64,
}

/// All that was recognised.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) enrolment: Option<FoundEnrolment>,
    pub(super) settings: Option<(i64, Vec<u8>)>,
    pub(super) entries: BTreeMap<EntryId, FoundEntry>,
    pub(super) blobs: BTreeMap<BlobHash, FoundBlob>,
    /// Row ids of own entries whose bytes are not what their id says.
    damaged: BTreeSet<i64>,
    /// Row ids that logs name.
    logged: BTreeSet<i64>,
    /// Row ids that the index of entry ids names.
    indexed: BTreeSet<i64>,
}

impl FoundEntry {
    fn is_own(&self) -> bool {
        self.state != state::FEED
    }

    /// The blobs that it names, with what they are.
    pub(super) fn names(&self) -> Vec<(BlobHash, BlobKind)> {
        let voice = match (self.entry.header.body_type, self.entry.body.as_deref()) {
            (BodyType::Note, Some(body)) => decode::<Note>(body, "a note").ok().and_then(|note| note.voice),
            (BodyType::Record, Some(body)) => {
                Record::read(self.entry.header.kind, body).ok().and_then(|record| record.voice())
            }
            _ => None,
        };
        let kind = |hash: BlobHash| match self.entry.header.body_type {
            BodyType::Change => BlobKind::Track,
            _ if Some(hash) == voice => BlobKind::Voice,
            _ => BlobKind::Photo,
        };
        referred(&self.entry).into_iter().map(|hash| (hash, kind(hash))).collect()
    }
}

impl Found {
    /// Reads all pages of a database.
    pub(super) fn read(database: &Path) -> Self {
        let mut found = Self::default();
        rows(database, &[&ENTRY_MARK, &ENROLMENT_MARK], &mut |row| found.take(&row));
        found
    }

    /// Own entries that are whole.
    pub(super) fn own(&self) -> impl Iterator<Item = &FoundEntry> {
        self.entries.values().filter(|one| one.is_own())
    }

    /// No own entry is whole.
    pub(super) fn own_is_empty(&self) -> bool {
        self.own().next().is_none()
    }

    /// Own entries that were there and are not: each has two witnesses, or is there itself and not whole.
    pub(super) fn entries_lost(&self) -> u64 {
        let whole: BTreeSet<i64> = self.entries.values().map(|one| one.rowid).collect();
        let witnessed = self.logged.intersection(&self.indexed);
        witnessed.chain(&self.damaged).filter(|row| !whole.contains(row)).collect::<BTreeSet<_>>().len()
            as u64
    }

    fn take(&mut self, row: &Row) {
        match (row.rowid, row.values.as_slice()) {
            (Some(rowid), values) if self.take_entry(rowid, values, row.is_newest) => {}
            (Some(1), values) => self.take_once(values),
            (None, [Value::Int(_), Value::Int(_), Value::Blob(hash), Value::Int(entry)])
                if hash.len() == 32 && row.is_newest =>
            {
                self.logged.insert(*entry);
            }
            (None, [Value::Blob(id), Value::Int(entry)]) if id.len() == 32 && row.is_newest => {
                self.indexed.insert(*entry);
            }
            (None, values) => self.take_blob(values),
            _ => {}
        }
    }

    /// Takes a row that has the shape of an entry's; a stale copy only of an own entry that is not whole elsewhere.
    fn take_entry(&mut self, rowid: i64, values: &[Value], is_newest: bool) -> bool {
        let [
            Value::Null,
            Value::Blob(id),
            Value::Blob(document),
            Value::Int(kind),
            Value::Int(body_type),
            Value::Int(claimed_at),
            received_at,
            Value::Int(author),
            Value::Blob(body),
            Value::Int(state),
            held_code,
            ..,
        ] = values
        else {
            return false;
        };
        if id.len() != 32 || document.len() != 16 {
            return false;
        }
        let is_of_feed = [state::FEED, state::DOUBTFUL].map(i64::from).contains(state);
        let is_own = !is_of_feed || *author == 0;
        let built = whole(id, document, *kind, *claimed_at, *body_type, body);
        match built {
            Some(entry) if is_newest || is_own => {
                let id = entry.id();
                let one = FoundEntry {
                    rowid,
                    entry,
                    author: u16::try_from(*author).unwrap_or(0),
                    received_at: number(received_at),
                    // A state that is none is that of an own entry which may be unsent.
                    state: if is_own { u8::try_from(*state).unwrap_or(0).max(state::PENDING) } else { 0 },
                    held_code: number(held_code)
                        .and_then(|code| u8::try_from(code).ok())
                        .filter(|code| HeldCode::from_number(*code).is_some()),
                };
                self.entries.entry(id).or_insert(one);
            }
            None if is_newest && is_own => {
                self.damaged.insert(rowid);
            }
            _ => {}
        }
        true
    }

    /// Takes what there is one row of: the settings or the enrolment, each from its newest readable copy.
    fn take_once(&mut self, values: &[Value]) {
        if let [Value::Null, Value::Int(version), Value::Blob(bundle), ..] = values
            && self.settings.is_none()
            && Settings::from_bytes(bundle).is_ok()
        {
            self.settings = Some((*version, bundle.clone()));
        }
        let [
            Value::Null,
            Value::Blob(township),
            Value::Text(township_name),
            Value::Blob(device),
            Value::Blob(secret_key),
            Value::Blob(relay_key),
            pin,
            Value::Text(addresses),
            Value::Blob(membership),
            Value::Int(is_revoked),
            Value::Int(enrolled_at),
            ..,
        ] = values
        else {
            return;
        };
        if self.enrolment.is_some() {
            return;
        }
        let pin = match pin {
            Value::Null => None,
            Value::Blob(pin) if pin.len() == 32 => Some(pin.clone()),
            _ => return,
        };
        let has_sizes = [(township, 16), (device, 16), (secret_key, 32), (relay_key, 32)]
            .iter()
            .all(|(bytes, size)| bytes.len() == *size);
        if !has_sizes || decode::<Membership>(membership, "a membership").is_err() {
            return;
        }
        self.enrolment = Some(FoundEnrolment {
            township: township.clone(),
            township_name: township_name.clone(),
            device: device.clone(),
            secret_key: secret_key.clone(),
            relay_key: relay_key.clone(),
            pin,
            addresses: addresses.clone(),
            membership: membership.clone(),
            is_revoked: *is_revoked,
            enrolled_at: *enrolled_at,
        });
    }

    fn take_blob(&mut self, values: &[Value]) {
        let [
            Value::Blob(hash),
            Value::Text(kind),
            preview_of,
            Value::Int(size_bytes),
            Value::Int(captured_at),
            stored_epoch,
            Value::Int(_),
            rest @ ..,
        ] = values
        else {
            return;
        };
        let (Ok(hash), Some(kind)) = (BlobHash::from_slice(hash), BlobKind::from_word(kind)) else { return };
        let preview_of = match preview_of {
            Value::Blob(photo) => BlobHash::from_slice(photo).ok(),
            _ => None,
        };
        let stored_epoch = match stored_epoch {
            Value::Blob(epoch) => epoch.as_slice().try_into().ok(),
            _ => None,
        };
        let blob = FoundBlob {
            kind,
            preview_of,
            size_bytes: *size_bytes,
            captured_at: *captured_at,
            stored_epoch,
            trimmed_at: rest.first().and_then(number),
        };
        self.blobs.entry(hash).or_insert(blob);
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

/// The entry, if these bytes are what its id was made of.
fn whole(
    id: &[u8],
    document: &[u8],
    kind: i64,
    claimed_at: i64,
    body_type: i64,
    body: &[u8],
) -> Option<Entry> {
    let document = DocumentId::from_slice(document).ok()?;
    let kind = DocumentKind::from_number(u8::try_from(kind).ok()?)?;
    let body_type = BodyType::from_number(u8::try_from(body_type).ok()?)?;
    let at = Timestamp::from_millis(claimed_at);
    let entry = Entry::new(document, kind, at, body_type, body.to_vec()).ok()?;
    (entry.id().as_ref() == id).then_some(entry)
}
