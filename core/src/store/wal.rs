//! SQLite's write-ahead log, read without SQLite: which frames it has, and whether SQLite would pass over some.
//!
//! SQLite ends at the first frame whose checksum is wrong and takes it for the end of the log; all that was
//! committed behind it would be gone without a word.
//!
//! A power cut leaves the same in the last transaction, if the disk wrote its end before its middle: that one was not
//! synced, so nobody was told that it is kept, and nothing is damaged. What was synced stands in the index of the log
//! (`-shm`), which SQLite renews after the sync. A process that is killed leaves it; after a power cut it may say
//! less, never more.

use std::path::Path;

use super::carve::PAGE_BYTES;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const FRAME_BYTES: usize = FRAME_HEADER_BYTES + PAGE_BYTES;
/// The index begins with two copies of its head.
const INDEX_HEAD_BYTES: usize = 48;
/// The magic number's last bit says in which byte order checksums are computed.
const MAGIC: u32 = 0x377f_0682;

/// A log's frames of its present round.
#[derive(Debug, Default)]
pub(super) struct Wal {
    bytes: Vec<u8>,
    /// Page numbers of the frames that belong together by their salt, in order.
    pages: Vec<u32>,
    /// So many frames were synced for certain.
    synced: usize,
}

impl Wal {
    /// Reads a log; one that is not there has no frames.
    pub(super) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_default();
        let mut wal = Self { bytes, pages: Vec::new(), synced: 0 };
        let Some(salt) = wal.salt().map(<[u8]>::to_vec) else { return wal };
        wal.synced = synced_frames(path, &salt);
        let has_salt = |wal: &Self, frame: usize| wal.salt_of(frame) == Some(salt.as_slice());
        let mut frame = 0;
        // A salt alone that is another was hit by the damage; two of them are an older round's.
        while has_salt(&wal, frame) || has_salt(&wal, frame + 1) {
            wal.pages.push(number(&wal.bytes, start(frame)).unwrap_or(0));
            frame += 1;
        }
        wal
    }

    /// The frames: page number and content, oldest first.
    pub(super) fn frames(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.pages.iter().enumerate().filter_map(|(frame, page)| Some((*page, self.frame(frame)?)))
    }

    /// The content of one frame.
    pub(super) fn frame(&self, frame: usize) -> Option<&[u8]> {
        let from = start(frame) + FRAME_HEADER_BYTES;
        self.bytes.get(from..from + PAGE_BYTES)
    }

    /// A commit that somebody may have been told of stands behind the place at which SQLite would stop.
    pub(super) fn is_damaged(&self) -> bool {
        let sound = self.sound_frames();
        let is_commit =
            |frame: &usize| number(&self.bytes, start(*frame) + 4).is_some_and(|commit| commit != 0);
        match (sound..self.pages.len()).find(is_commit) {
            None => false,
            // What is the last transaction may not have been synced; with anything behind it, it was: by its own
            // process, or at the next start (`open::sync_left`).
            Some(commit) => commit + 1 < self.pages.len() || sound < self.synced,
        }
    }

    /// How many frames are whole by their checksums, from the first.
    fn sound_frames(&self) -> usize {
        let Some(magic) = number(&self.bytes, 0) else { return 0 };
        if magic & !1 != MAGIC {
            return 0;
        }
        let order = if magic & 1 == 1 { u32::from_be_bytes } else { u32::from_le_bytes };
        let check = |sum, from: usize, len: usize| {
            self.bytes.get(from..from + len).map(|bytes| checksum(sum, bytes, order))
        };
        let kept = |from: usize| Some((number(&self.bytes, from)?, number(&self.bytes, from + 4)?));
        let mut sum = check((0, 0), 0, 24);
        if sum != kept(24) {
            return 0;
        }
        for frame in 0..self.pages.len() {
            let from = start(frame);
            sum = sum.and_then(|sum| check(sum, from, 8));
            sum = sum.and_then(|sum| check(sum, from + FRAME_HEADER_BYTES, PAGE_BYTES));
            let has_salt = self.salt_of(frame) == self.bytes.get(16..24);
            if !has_salt || sum.is_none() || sum != kept(from + 16) {
                return frame;
            }
        }
        self.pages.len()
    }

    /// The salt of the present round: what two of the header and the first frames say.
    fn salt(&self) -> Option<&[u8]> {
        let (header, first, second) = (self.bytes.get(16..24)?, self.salt_of(0)?, self.salt_of(1));
        let is_header_right = header == first || Some(header) == second || Some(first) != second;
        Some(if is_header_right { header } else { first })
    }

    fn salt_of(&self, frame: usize) -> Option<&[u8]> {
        let from = start(frame);
        self.bytes.get(from..from + FRAME_BYTES)?.get(8..16)
    }
}

/// How many frames of a round the log's index calls committed: it says so after they are synced.
fn synced_frames(log: &Path, salt: &[u8]) -> usize {
    let name = log.to_string_lossy();
    let index = name.strip_suffix("-wal").map(|name| std::fs::read(format!("{name}-shm")));
    let Some(Ok(index)) = index else { return 0 };
    let frames = |copy: usize| {
        let head = index.get(copy * INDEX_HEAD_BYTES..(copy + 1) * INDEX_HEAD_BYTES)?;
        let word = |from: usize| Some(u32::from_ne_bytes(head.get(from..from + 4)?.try_into().ok()?));
        let is_whole = checksum((0, 0), head.get(..40)?, u32::from_ne_bytes) == (word(40)?, word(44)?);
        if is_whole && head.get(32..40)? == salt { usize::try_from(word(16)?).ok() } else { None }
    };
    frames(0).max(frames(1)).unwrap_or(0)
}

fn start(frame: usize) -> usize {
    HEADER_BYTES + frame * FRAME_BYTES
}

/// SQLite's: two running sums over pairs of words.
fn checksum(sum: (u32, u32), bytes: &[u8], order: fn([u8; 4]) -> u32) -> (u32, u32) {
    let (mut first, mut second) = sum;
    for pair in bytes.chunks_exact(8) {
        let Some((one, rest)) = pair.split_first_chunk::<4>() else { continue };
        let Some(two) = rest.first_chunk::<4>() else { continue };
        first = first.wrapping_add(order(*one)).wrapping_add(second);
        second = second.wrapping_add(order(*two)).wrapping_add(first);
    }
    (first, second)
}

pub(super) fn number(bytes: &[u8], from: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(from..from + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open::{Migration, Schema, writer};

    const TEST: Schema = Schema {
        application_id: 9,
        migrations: &[Migration { number: 1, sql: &["CREATE TABLE a (x BLOB) STRICT;"] }],
    };

    #[test]
    fn every_flipped_bit_in_front_of_a_commit_is_noticed_and_a_sound_log_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = writer(&path, TEST).unwrap();
        for number in 0..20_u8 {
            connection.execute("INSERT INTO a VALUES (?1)", [vec![number; 700]]).unwrap();
        }
        let bytes = std::fs::read(folder.path().join("a.db-wal")).unwrap();
        let copy = folder.path().join("copy-wal");
        let damaged = |bytes: &[u8]| {
            std::fs::write(&copy, bytes).unwrap();
            Wal::read(&copy).is_damaged()
        };
        // As a killed process leaves it: with the log's index.
        std::fs::copy(folder.path().join("a.db-shm"), folder.path().join("copy-shm")).unwrap();
        assert!(!damaged(&bytes));
        let frames = Wal::read(&folder.path().join("a.db-wal")).frames().count();
        assert!(frames >= 20);
        // All but a bit of the last frame's own commit mark, and the header's count of checkpoints, which
        // nothing but its checksum reads.
        for place in (0..bytes.len() - FRAME_BYTES).step_by(37) {
            let mut flipped = bytes.clone();
            flipped[place] ^= 4;
            assert!(damaged(&flipped), "{place}");
        }
        // A log that ends in the middle of a frame is one whose last write was cut: nothing of it was committed.
        assert!(!damaged(&bytes[..bytes.len() - 100]));
        assert!(!damaged(&[]) && !damaged(&bytes[..20]));
    }

    #[test]
    fn a_power_cut_in_the_last_transaction_is_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = writer(&path, TEST).unwrap();
        let log = folder.path().join("a.db-wal");
        let frames = || Wal::read(&log).frames().count();
        let insert = |bytes: usize| connection.execute("INSERT INTO a VALUES (?1)", [vec![7_u8; bytes]]);
        insert(50_000).unwrap();
        let before = frames();
        insert(50_000).unwrap();
        let bytes = std::fs::read(&log).unwrap();
        assert!(frames() > before + 5, "a transaction of several frames");
        let copy = folder.path().join("copy-wal");
        let damaged_at = |frame: usize| {
            let mut torn = bytes.clone();
            // A sector that the disk did not write: what an older round left there.
            torn[start(frame) + 512..start(frame) + 1_024].fill(0xee);
            std::fs::write(&copy, torn).unwrap();
            Wal::read(&copy).is_damaged()
        };
        assert!((before..frames() - 1).all(|frame| !damaged_at(frame)), "nobody was told of it");
        assert!((2..before).all(damaged_at), "a later transaction says that it was synced");
        // The index says that it was synced.
        std::fs::copy(folder.path().join("a.db-shm"), folder.path().join("copy-shm")).unwrap();
        assert!((before..frames() - 1).all(damaged_at));
        // An index of another round says nothing.
        let mut index = std::fs::read(folder.path().join("copy-shm")).unwrap();
        index[33] ^= 1;
        index[33 + INDEX_HEAD_BYTES] ^= 1;
        std::fs::write(folder.path().join("copy-shm"), index).unwrap();
        assert!(!damaged_at(before + 1));
    }
}
