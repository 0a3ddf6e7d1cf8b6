//! The outer structure of an Automerge change chunk, read without Automerge.
//!
//! A relay must be able to carry a change without running CRDT code on it, and the guard must judge
//! one before Automerge sees it. Nothing here allocates by a declared length.
//! Source: Automerge's binary format specification, "change chunk".

use sha2::{Digest, Sha256};

use super::varint::{self, put_prefixed, take_bytes, take_prefixed};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// The chunk type of an uncompressed change.
pub const CHANGE_CHUNK: u8 = 1;
/// Most dependencies of one change: all members of a large township may have answered one order out of reach
/// of each other, and the next word depends on every one of theirs.
pub const MAX_DEPS: usize = 1_536;
/// Most other actors that one change names.
pub const MAX_ACTORS: usize = 1_536;
/// Most columns of one change.
pub const MAX_COLUMNS: usize = 16;

/// The parts of a change chunk, borrowed from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Hashes of the changes it depends on.
    pub deps: Vec<&'a [u8]>,
    /// Who made it, for this document only.
    pub actor: &'a [u8],
    /// Number of this change among its actor's, from 1.
    pub sequence: u64,
    /// Counter of its first operation.
    pub start_op: u64,
    /// Seconds, claimed; signed, as the bits of an `i64`.
    pub time: i64,
    /// Commit message.
    pub message: &'a [u8],
    /// Other actors that its operations name.
    pub others: Vec<&'a [u8]>,
    /// Specification and length of each column.
    pub columns: Vec<(u64, u64)>,
    /// The columns' bytes, one after the other, and whatever stands behind them.
    pub data: &'a [u8],
}

/// A rebuilt chunk and the hash by which others depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The whole chunk.
    pub bytes: Vec<u8>,
    /// SHA-256 over type, length and contents: Automerge's change hash.
    pub hash: [u8; 32],
}

impl<'a> Chunk<'a> {
    /// Takes a chunk apart; `None` if it is not one uncompressed change within the limits. The
    /// checksum is not looked at: [`Chunk::seal`] and a comparison do that.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        let (_checksum, rest) = rest.split_at_checked(4)?;
        let (&chunk_type, mut rest) = rest.split_first()?;
        if chunk_type != CHANGE_CHUNK {
            return None;
        }
        let len = varint::take(&mut rest)?;
        if u64::try_from(rest.len()).ok()? != len {
            return None;
        }
        Self::parse_contents(rest)
    }

    fn parse_contents(mut rest: &'a [u8]) -> Option<Self> {
        let deps = take_list(&mut rest, MAX_DEPS, |rest| take_bytes(rest, 32))?;
        let actor = take_prefixed(&mut rest)?;
        let sequence = varint::take(&mut rest)?;
        let start_op = varint::take(&mut rest)?;
        let time = varint::take_signed(&mut rest)?;
        let message = take_prefixed(&mut rest)?;
        let others = take_list(&mut rest, MAX_ACTORS, take_prefixed)?;
        let columns =
            take_list(&mut rest, MAX_COLUMNS, |rest| Some((varint::take(rest)?, varint::take(rest)?)))?;
        let declared = columns.iter().try_fold(0_u64, |sum, (_, len)| sum.checked_add(*len))?;
        if declared > u64::try_from(rest.len()).ok()? {
            return None;
        }
        Some(Self { deps, actor, sequence, start_op, time, message, others, columns, data: rest })
    }

    /// Puts the parts together again, with length and checksum computed.
    pub fn seal(&self) -> Sealed {
        let mut contents = Vec::with_capacity(self.data.len() + 128);
        varint::put(&mut contents, self.deps.len() as u64);
        for dep in &self.deps {
            contents.extend_from_slice(dep);
        }
        put_prefixed(&mut contents, self.actor);
        varint::put(&mut contents, self.sequence);
        varint::put(&mut contents, self.start_op);
        varint::put_signed(&mut contents, self.time);
        put_prefixed(&mut contents, self.message);
        varint::put(&mut contents, self.others.len() as u64);
        for other in &self.others {
            put_prefixed(&mut contents, other);
        }
        varint::put(&mut contents, self.columns.len() as u64);
        for (specification, len) in &self.columns {
            varint::put(&mut contents, *specification);
            varint::put(&mut contents, *len);
        }
        contents.extend_from_slice(self.data);

        let mut hashed = vec![CHANGE_CHUNK];
        varint::put(&mut hashed, contents.len() as u64);
        hashed.append(&mut contents);
        let hash: [u8; 32] = Sha256::digest(&hashed).into();
        let mut bytes = Vec::with_capacity(hashed.len() + 8);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend(hash.iter().take(4));
        bytes.append(&mut hashed);
        Sealed { bytes, hash }
    }
}

fn take_list<'a, T>(
    rest: &mut &'a [u8],
    limit: usize,
    mut take: impl FnMut(&mut &'a [u8]) -> Option<T>,
) -> Option<Vec<T>> {
    let len = usize::try_from(varint::take(rest)?).ok()?;
    if len > limit {
        return None;
    }
    (0..len).map(|_| take(rest)).collect()
}

#[cfg(test)]
mod tests {
    use automerge::{ActorId, AutoCommit, ROOT, transaction::Transactable};

    use super::*;

    fn change() -> automerge::Change {
        let mut document = AutoCommit::new().with_actor(ActorId::from([7; 16]));
        document.put(ROOT, "category", "fire").unwrap();
        document.commit();
        document.put(ROOT, "severity", "high").unwrap();
        document.get_last_local_change().unwrap().clone()
    }

    #[test]
    fn a_real_change_comes_apart_and_together_again() {
        let change = change();
        let chunk = Chunk::parse(change.raw_bytes()).unwrap();
        assert_eq!((chunk.actor, chunk.sequence, chunk.deps.len()), ([7; 16].as_slice(), 2, 1));
        let sealed = chunk.seal();
        assert_eq!(sealed.bytes, change.raw_bytes());
        assert_eq!(sealed.hash, change.hash().0);
    }

    #[test]
    fn every_truncation_is_refused() {
        let change = change();
        for len in 0..change.raw_bytes().len() {
            assert!(Chunk::parse(&change.raw_bytes()[..len]).is_none());
        }
    }
}
