//! A page: many entries in one frame, in columns, as they travel in either direction.
//!
//! What the receiver can compute does not travel: body hashes, entry ids, a change's checksum, its
//! length, its actor when named before and its dependency when that is in the same page. Headers,
//! structure, text and opaque bytes lie apart and are compressed apart. Decoding is bounded: nothing
//! is allocated by a declared size, and no frame inflates beyond [`MAX_INFLATED`].

use std::collections::BTreeMap;

use super::{
    BodyType, Entry, Header, MAX_BODY_BYTES,
    chunk::Chunk,
    split,
    split::{Readers, Streams},
    varint::{self, put_prefixed, take_prefixed},
};
use crate::{
    error::{Error, Problem, Result},
    id::{BodyHash, DocumentId},
    model::{DocumentKind, step::Author},
    time::Timestamp,
};

/// Version of the page format.
pub const VERSION: u8 = 1;
/// Most entries in one page.
pub const MAX_ENTRIES: usize = 16_384;
/// Most bytes that a page's streams may inflate to, all together.
pub const MAX_INFLATED: usize = 8 * 1024 * 1024;
/// How large a page should be on the wire: 200 reports fit into one, and a cut link loses little.
pub const TARGET_BYTES: usize = 72 * 1024;

const WHOLE: u8 = 0;
const SPLIT: u8 = 1;
const CHANGE: u8 = 2;
const ERASED: u8 = 3;

/// What the relay tells about an entry that it passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Who, as far as this reader may know.
    pub author: Author,
    /// When it reached the relay.
    pub received_at: Timestamp,
}

/// Builds a page entry by entry.
#[derive(Debug, Default)]
pub struct Packer {
    documents: Vec<(DocumentId, DocumentKind)>,
    index: BTreeMap<DocumentId, usize>,
    columns: Vec<Column>,
    streams: Streams,
    changes: Vec<u8>,
    references: References,
}

#[derive(Debug)]
struct Column {
    document: usize,
    body_type: BodyType,
    mode: u8,
    claimed_at: Timestamp,
    beside: Option<Beside>,
}

/// Actors and change hashes that a page has named so far, the same on both sides.
#[derive(Debug, Default)]
struct References {
    actors: Vec<[u8; 16]>,
    actor_index: BTreeMap<[u8; 16], usize>,
    changes: BTreeMap<DocumentId, Vec<[u8; 32]>>,
}

impl References {
    fn learn(&mut self, document: DocumentId, actor: &[u8], hash: [u8; 32]) {
        if let Ok(actor) = <[u8; 16]>::try_from(actor)
            && !self.actor_index.contains_key(&actor)
        {
            self.actor_index.insert(actor, self.actors.len());
            self.actors.push(actor);
        }
        self.changes.entry(document).or_default().push(hash);
    }
}

impl Packer {
    /// Adds an entry; `beside` is for the relay's feed.
    pub fn push(&mut self, entry: &Entry, beside: Option<Beside>) {
        let header = &entry.header;
        let next = self.documents.len();
        let document = *self.index.entry(header.document).or_insert(next);
        if document == next {
            self.documents.push((header.document, header.kind));
        }
        let mode = match &entry.body {
            None => {
                self.streams.opaque.extend_from_slice(header.body_hash.as_ref());
                ERASED
            }
            Some(body) => self.push_body(header, body),
        };
        self.columns.push(Column {
            document,
            body_type: header.body_type,
            mode,
            claimed_at: header.claimed_at,
            beside,
        });
    }

    fn push_body(&mut self, header: &Header, body: &[u8]) -> u8 {
        match header.body_type {
            BodyType::Change if self.push_change(header.document, body) => return CHANGE,
            BodyType::Record | BodyType::Note if split::split(body, &mut self.streams) => return SPLIT,
            _ => {}
        }
        varint::put(&mut self.streams.structure, body.len() as u64);
        self.streams.opaque.extend_from_slice(body);
        WHOLE
    }

    fn push_change(&mut self, document: DocumentId, body: &[u8]) -> bool {
        let Some(chunk) = Chunk::parse(body) else { return false };
        let sealed = chunk.seal();
        if sealed.bytes != body || chunk.actor.len() != 16 {
            return false;
        }
        let to = &mut self.changes;
        let actor = <[u8; 16]>::try_from(chunk.actor).ok();
        if let Some(known) = actor.and_then(|actor| self.references.actor_index.get(&actor)) {
            varint::put(to, (self.references.actors.len() - known) as u64);
        } else {
            varint::put(to, 0);
            self.streams.opaque.extend_from_slice(chunk.actor);
        }
        let known = self.references.changes.get(&document).map_or(&[][..], Vec::as_slice);
        varint::put(to, chunk.deps.len() as u64);
        for dep in &chunk.deps {
            if let Some(back) = known.iter().rev().position(|hash| hash == dep) {
                varint::put(to, back as u64 + 1);
            } else {
                varint::put(to, 0);
                self.streams.opaque.extend_from_slice(dep);
            }
        }
        varint::put(to, chunk.sequence);
        varint::put(to, chunk.start_op);
        varint::put_signed(to, chunk.time);
        put_prefixed(to, chunk.message);
        varint::put(to, chunk.others.len() as u64);
        for other in &chunk.others {
            put_prefixed(to, other);
        }
        varint::put(to, chunk.columns.len() as u64);
        for (specification, len) in &chunk.columns {
            varint::put(to, *specification);
            varint::put(to, *len);
        }
        put_prefixed(to, chunk.data);
        self.references.learn(document, chunk.actor, sealed.hash);
        true
    }

    /// How many entries are in it.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// About how many bytes the page will have on the wire: text and structure shrink to some 30 %,
    /// hashes not at all.
    pub fn estimated_bytes(&self) -> usize {
        let shrinking = self.streams.structure.len()
            + self.streams.text.len()
            + self.changes.len()
            + 4 * self.columns.len();
        self.streams.opaque.len() + 10 * self.documents.len() + shrinking * 3 / 10
    }

    /// Whether another entry would make it larger than a page should be.
    pub fn is_full(&self) -> bool {
        self.estimated_bytes() >= TARGET_BYTES || self.columns.len() >= MAX_ENTRIES
    }

    /// The page's bytes, compressed at the given zstd level.
    pub fn finish(self, level: i32) -> Result<Vec<u8>> {
        let mut columns = Vec::new();
        let mut opaque = Vec::new();
        varint::put(&mut columns, self.documents.len() as u64);
        let mut last = 0;
        for (document, kind) in &self.documents {
            columns.push(kind.number());
            let (time, random) = split_id(*document);
            varint::put_difference(&mut columns, last, time);
            last = time;
            opaque.extend_from_slice(&random);
        }
        let has_beside = self.columns.iter().all(|column| column.beside.is_some());
        varint::put(&mut columns, self.columns.len() as u64);
        columns.push(u8::from(has_beside));
        let mut last = 0;
        for column in &self.columns {
            let document = i64::try_from(column.document).unwrap_or(i64::MAX);
            varint::put_difference(&mut columns, last, document);
            last = document;
        }
        columns.extend(self.columns.iter().map(|column| column.body_type.number() << 4 | column.mode));
        put_times(&mut columns, self.columns.iter().map(|column| column.claimed_at));
        if has_beside {
            for beside in self.columns.iter().filter_map(|column| column.beside) {
                varint::put(&mut columns, beside.author.number().into());
            }
            let received = self.columns.iter().filter_map(|column| column.beside);
            put_times(&mut columns, received.map(|beside| beside.received_at));
        }
        opaque.extend_from_slice(&self.streams.opaque);

        let mut bytes = vec![VERSION];
        for stream in [&columns, &self.streams.structure, &self.changes, &self.streams.text] {
            let frame =
                zstd::bulk::compress(stream, level).map_err(|_| Error::Corrupt("compression failed"))?;
            varint::put(&mut bytes, stream.len() as u64);
            put_prefixed(&mut bytes, &frame);
        }
        put_prefixed(&mut bytes, &opaque);
        Ok(bytes)
    }
}

/// Packs entries that fit into one page, in order; returns the page and how many it holds.
pub fn pack<'a>(entries: impl IntoIterator<Item = &'a Entry>, level: i32) -> Result<(Vec<u8>, usize)> {
    let mut packer = Packer::default();
    for entry in entries {
        if packer.is_full() {
            break;
        }
        packer.push(entry, None);
    }
    let len = packer.len();
    Ok((packer.finish(level)?, len))
}

/// Reads a page. Every body is rebuilt and hashed here; nothing of it is trusted.
pub fn unpack(bytes: &[u8]) -> Result<Vec<(Entry, Option<Beside>)>> {
    let mut rest = bytes;
    let (&version, tail) = rest.split_first().ok_or_else(malformed)?;
    rest = tail;
    if version != VERSION {
        return Err(Error::invalid(Problem::UnknownVersion {
            what: "the page",
            found: version.into(),
            known: VERSION.into(),
        }));
    }
    let mut budget = MAX_INFLATED;
    let columns = inflate(&mut rest, &mut budget)?;
    let structure = inflate(&mut rest, &mut budget)?;
    let changes = inflate(&mut rest, &mut budget)?;
    let text = inflate(&mut rest, &mut budget)?;
    let opaque = take_prefixed(&mut rest).ok_or_else(malformed)?;
    if !rest.is_empty() {
        return Err(malformed());
    }
    let mut unpacker = Unpacker {
        columns: &columns,
        changes: &changes,
        readers: Readers { structure: &structure, text: &text, opaque },
        references: References::default(),
    };
    let entries = unpacker.entries().ok_or_else(malformed)?;
    let Unpacker { columns, changes, readers, .. } = unpacker;
    let is_used_up = [columns, changes, readers.structure, readers.text, readers.opaque]
        .iter()
        .all(|stream| stream.is_empty());
    if is_used_up { Ok(entries) } else { Err(malformed()) }
}

struct Unpacker<'a> {
    columns: &'a [u8],
    changes: &'a [u8],
    readers: Readers<'a>,
    references: References,
}

impl Unpacker<'_> {
    fn entries(&mut self) -> Option<Vec<(Entry, Option<Beside>)>> {
        let documents = self.documents()?;
        let len = self.count(MAX_ENTRIES)?;
        let has_beside = self.byte()? == 1;
        let mut owners = Vec::new();
        let mut last = 0;
        for _ in 0..len {
            last = varint::take_difference(&mut self.columns, last)?;
            owners.push(documents.get(usize::try_from(last).ok()?)?);
        }
        let modes: Vec<u8> = (0..len).map(|_| self.byte()).collect::<Option<_>>()?;
        let claimed = self.times(len)?;
        let beside = if has_beside {
            let authors: Vec<u64> =
                (0..len).map(|_| varint::take(&mut self.columns)).collect::<Option<_>>()?;
            let received = self.times(len)?;
            let pairs = authors.into_iter().zip(received).map(|(author, received_at)| {
                let author = Author::from_number(u16::try_from(author).ok()?);
                Some(Some(Beside { author, received_at }))
            });
            pairs.collect::<Option<Vec<_>>>()?
        } else {
            vec![None; len]
        };
        let mut entries = Vec::new();
        for (((&(document, kind), mode), claimed_at), beside) in
            owners.into_iter().zip(modes).zip(claimed).zip(beside)
        {
            let body_type = BodyType::from_number(mode >> 4)?;
            let (body, body_hash) = match mode & 0x0f {
                ERASED => (None, BodyHash::from_slice(self.opaque(32)?).ok()?),
                mode => {
                    let body = self.body(document, mode)?;
                    let hash = BodyHash::of(&body);
                    (Some(body), hash)
                }
            };
            let header = Header { document, kind, claimed_at, body_type, body_hash };
            entries.push((Entry { header, body }, beside));
        }
        Some(entries)
    }

    fn documents(&mut self) -> Option<Vec<(DocumentId, DocumentKind)>> {
        let len = self.count(MAX_ENTRIES)?;
        let mut last = 0;
        let mut documents = Vec::new();
        for _ in 0..len {
            let kind = DocumentKind::from_number(self.byte()?)?;
            last = varint::take_difference(&mut self.columns, last)?;
            documents.push((join_id(last, self.opaque(10)?)?, kind));
        }
        Some(documents)
    }

    fn body(&mut self, document: DocumentId, mode: u8) -> Option<Vec<u8>> {
        match mode {
            WHOLE => {
                let len = usize::try_from(varint::take(&mut self.readers.structure)?).ok()?;
                if len > MAX_BODY_BYTES {
                    return None;
                }
                self.opaque(len).map(<[u8]>::to_vec)
            }
            SPLIT => split::join(&mut self.readers, MAX_BODY_BYTES),
            CHANGE => self.change(document),
            _ => None,
        }
    }

    fn change(&mut self, document: DocumentId) -> Option<Vec<u8>> {
        let actor: [u8; 16] = match usize::try_from(varint::take(&mut self.changes)?).ok()? {
            0 => self.opaque(16)?.try_into().ok()?,
            back => *self.references.actors.get(self.references.actors.len().checked_sub(back)?)?,
        };
        let deps_len = usize::try_from(varint::take(&mut self.changes)?).ok()?;
        if deps_len > super::chunk::MAX_DEPS {
            return None;
        }
        let mut deps: Vec<[u8; 32]> = Vec::new();
        for _ in 0..deps_len {
            deps.push(match usize::try_from(varint::take(&mut self.changes)?).ok()? {
                0 => self.opaque(32)?.try_into().ok()?,
                back => {
                    let known = self.references.changes.get(&document)?;
                    *known.get(known.len().checked_sub(back)?)?
                }
            });
        }
        let rest = &mut self.changes;
        let sequence = varint::take(rest)?;
        let start_op = varint::take(rest)?;
        let time = varint::take_signed(rest)?;
        let message = take_prefixed(rest)?;
        let others_len = usize::try_from(varint::take(rest)?).ok()?;
        if others_len > super::chunk::MAX_ACTORS {
            return None;
        }
        let others = (0..others_len).map(|_| take_prefixed(rest)).collect::<Option<Vec<_>>>()?;
        let columns_len = usize::try_from(varint::take(rest)?).ok()?;
        if columns_len > super::chunk::MAX_COLUMNS {
            return None;
        }
        let columns = (0..columns_len)
            .map(|_| Some((varint::take(rest)?, varint::take(rest)?)))
            .collect::<Option<Vec<_>>>()?;
        let data = take_prefixed(rest)?;
        let chunk = Chunk {
            deps: deps.iter().map(<[u8; 32]>::as_slice).collect(),
            actor: &actor,
            sequence,
            start_op,
            time,
            message,
            others,
            columns,
            data,
        };
        let sealed = chunk.seal();
        if sealed.bytes.len() > MAX_BODY_BYTES {
            return None;
        }
        self.references.learn(document, &actor, sealed.hash);
        Some(sealed.bytes)
    }

    fn times(&mut self, len: usize) -> Option<Vec<Timestamp>> {
        let mut last = 0;
        (0..len)
            .map(|_| {
                last = varint::take_difference(&mut self.columns, last)?;
                Some(Timestamp::from_millis(last))
            })
            .collect()
    }

    fn count(&mut self, limit: usize) -> Option<usize> {
        usize::try_from(varint::take(&mut self.columns)?).ok().filter(|count| *count <= limit)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.columns.split_first()?;
        self.columns = rest;
        Some(byte)
    }

    fn opaque(&mut self, len: usize) -> Option<&[u8]> {
        let (taken, rest) = self.readers.opaque.split_at_checked(len)?;
        self.readers.opaque = rest;
        Some(taken)
    }
}

fn malformed() -> Error {
    Error::malformed("a page of entries")
}

fn put_times(to: &mut Vec<u8>, times: impl Iterator<Item = Timestamp>) {
    let mut last = 0;
    for time in times {
        varint::put_difference(to, last, time.millis());
        last = time.millis();
    }
}

/// Inflates one stream, never beyond what it declares nor beyond what is left of the budget.
fn inflate(rest: &mut &[u8], budget: &mut usize) -> Result<Vec<u8>> {
    let declared = varint::take(rest).ok_or_else(malformed)?;
    let frame = take_prefixed(rest).ok_or_else(malformed)?;
    let len = usize::try_from(declared).unwrap_or(usize::MAX);
    if len > *budget {
        return Err(Error::invalid(Problem::TooLarge {
            what: "the inflated page in bytes",
            found: declared,
            limit: MAX_INFLATED as u64,
        }));
    }
    *budget -= len;
    let stream = zstd::bulk::decompress(frame, len).map_err(|_| malformed())?;
    if stream.len() == len { Ok(stream) } else { Err(malformed()) }
}

/// A `UUIDv7` as its time and the rest: ids made together differ little in the former.
#[expect(clippy::many_single_char_names, reason = "six bytes of one number")]
fn split_id(document: DocumentId) -> (i64, [u8; 10]) {
    let [a, b, c, d, e, f, random @ ..] = document.to_array();
    (i64::from_be_bytes([0, 0, a, b, c, d, e, f]), random)
}

fn join_id(time: i64, random: &[u8]) -> Option<DocumentId> {
    let [0, 0, time @ ..] = time.to_be_bytes() else { return None };
    let bytes: Vec<u8> = time.into_iter().chain(random.iter().copied()).collect();
    DocumentId::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use automerge::{ActorId, AutoCommit, ROOT, transaction::Transactable};
    use proptest::prelude::*;

    use super::*;

    fn id(number: u8) -> DocumentId {
        DocumentId::at(Timestamp::from_millis(1_763_800_000_000 + i64::from(number)), [number; 10])
    }

    fn entry(number: u8, body_type: BodyType, body: Vec<u8>) -> Entry {
        let at = Timestamp::from_millis(1_763_800_000_500);
        Entry::new(id(number), DocumentKind::Incident, at, body_type, body).unwrap()
    }

    fn changes() -> Vec<Vec<u8>> {
        let mut document = AutoCommit::new().with_actor(ActorId::from([7; 16]));
        (0..4_u64)
            .map(|value| {
                document.put(ROOT, "category", value).unwrap();
                document.commit();
                document.get_last_local_change().unwrap().raw_bytes().to_vec()
            })
            .collect()
    }

    #[test]
    fn entries_of_all_types_round_trip() {
        let mut entries = vec![
            entry(1, BodyType::Record, crate::model::encode(&("文字", 5_u8))),
            entry(2, BodyType::Note, b"not cbor at all".to_vec()),
            entry(1, BodyType::Change, b"not a change".to_vec()),
            Entry { body: None, ..entry(3, BodyType::Note, vec![1, 2, 3]) },
        ];
        entries.extend(changes().into_iter().map(|change| entry(1, BodyType::Change, change)));
        let (page, len) = pack(&entries, 3).unwrap();
        assert_eq!(len, entries.len());
        let back: Vec<Entry> = unpack(&page).unwrap().into_iter().map(|(entry, _)| entry).collect();
        assert_eq!(back, entries);
    }

    #[test]
    fn what_the_relay_tells_travels_too() {
        let beside = Beside { author: Author::Alias(3), received_at: Timestamp::from_millis(77) };
        let mut packer = Packer::default();
        packer.push(&entry(1, BodyType::Record, vec![1]), Some(beside));
        let page = packer.finish(3).unwrap();
        assert_eq!(unpack(&page).unwrap()[0].1, Some(beside));
    }

    #[test]
    fn later_changes_of_one_actor_cost_little() {
        let entries: Vec<Entry> =
            changes().into_iter().map(|change| entry(1, BodyType::Change, change)).collect();
        let raw: usize = entries.iter().map(|entry| entry.body.as_ref().unwrap().len()).sum();
        let mut packer = Packer::default();
        for entry in &entries {
            packer.push(entry, None);
        }
        assert!(packer.streams.opaque.len() == 16 && packer.changes.len() * 2 < raw);
    }

    #[test]
    fn a_bomb_is_refused_before_it_inflates() {
        let frame = zstd::bulk::compress(&vec![0; 64 * 1024 * 1024], 3).unwrap();
        let mut page = vec![VERSION];
        varint::put(&mut page, 64 * 1024 * 1024);
        put_prefixed(&mut page, &frame);
        assert!(
            matches!(unpack(&page), Err(Error::Invalid { problems }) if matches!(problems[0], Problem::TooLarge { .. }))
        );
        let mut lying = vec![VERSION];
        varint::put(&mut lying, 1_000);
        put_prefixed(&mut lying, &frame);
        assert!(unpack(&lying).is_err());
    }

    #[test]
    fn every_truncation_is_refused() {
        let (page, _) =
            pack(&[entry(1, BodyType::Record, vec![1]), entry(2, BodyType::Note, vec![2])], 3).unwrap();
        for len in 0..page.len() {
            assert!(unpack(&page[..len]).is_err());
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(&bytes);
        }

        #[test]
        fn mutated_pages_never_panic(position in 0_usize..400, value: u8) {
            let mut entries = vec![entry(1, BodyType::Record, crate::model::encode(&("文字", 5_u8)))];
            entries.extend(changes().into_iter().map(|change| entry(1, BodyType::Change, change)));
            let (mut page, _) = pack(&entries, 3).unwrap();
            let position = position % page.len();
            page[position] = value;
            let _ = unpack(&page);
        }
    }
}
