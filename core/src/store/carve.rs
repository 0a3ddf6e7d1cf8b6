//! Reads rows out of a damaged database page by page, without SQLite and without trusting any page.
//!
//! Every page that looks like one with rows is read, whatever tree it belongs to; the newest version of each page
//! first, from the write-ahead log, then the older ones. Which table a row is of, and whether its bytes are what
//! was written, is the caller's to know: by the row's shape and by its own hash.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

use super::wal::{Wal, number};

/// Pages of a store are of SQLite's own size; no version made others.
pub(super) const PAGE_BYTES: usize = 4096;
/// The first page begins with the file's header.
const FILE_HEADER_BYTES: usize = 100;
/// Two numbers of at most nine bytes, and one byte.
const MOST_BEFORE_MARK: usize = 19;
/// A longer row is none of ours.
const MAX_ROW_BYTES: u64 = 16 * 1024 * 1024;

/// A column of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
    /// A number with a fraction, or text that is none: no table of ours has it.
    Foreign,
}

/// A row that was found.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Of a table with row ids.
    pub(super) rowid: Option<i64>,
    pub(super) values: Vec<Value>,
    /// From the newest version of its page.
    pub(super) is_newest: bool,
}

/// The pages of a database and its write-ahead log.
#[derive(Debug)]
struct Pages {
    file: Option<File>,
    count: u32,
    wal: Wal,
    /// Of each page in the log, which frame is the newest.
    newest: BTreeMap<u32, usize>,
}

/// Hands every readable row of a database to `visit`. Rows whose columns begin with one of `marks` (their kinds and
/// sizes, as they are written) are also looked for where no page's index of its cells leads.
pub(super) fn rows(database: &Path, marks: &[&[u8]], visit: &mut impl FnMut(Row)) {
    let mut wal_name = database.as_os_str().to_owned();
    wal_name.push("-wal");
    let wal = Wal::read(Path::new(&wal_name));
    let file = File::open(database).ok();
    let bytes = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |found| found.len());
    let in_file = u32::try_from(bytes / PAGE_BYTES as u64).unwrap_or(u32::MAX);
    let newest: BTreeMap<u32, usize> =
        wal.frames().enumerate().map(|(frame, (page, _))| (page, frame)).collect();
    let mut pages = Pages { file, count: in_file, wal, newest };
    let in_log: Vec<u32> = pages.newest.keys().copied().filter(|page| *page > in_file).collect();
    for page in (1..=in_file).chain(in_log) {
        if let Some(bytes) = pages.page(page) {
            pages.visit(page, &bytes, true, visit);
            for mark in marks {
                pages.search(&bytes, mark, visit);
            }
        }
    }
    let overwritten: Vec<(u32, Vec<u8>)> = pages
        .wal
        .frames()
        .enumerate()
        .filter(|(frame, (page, _))| pages.newest.get(page) != Some(frame))
        .map(|(_, (page, bytes))| (page, bytes.to_vec()))
        .collect();
    for (page, bytes) in overwritten.into_iter().rev() {
        pages.visit(page, &bytes, false, visit);
    }
    let shadowed: Vec<u32> = pages.newest.keys().copied().collect();
    for page in shadowed {
        if let Some(bytes) = pages.in_file(page) {
            pages.visit(page, &bytes, false, visit);
        }
    }
}

impl Pages {
    fn page(&mut self, page: u32) -> Option<Vec<u8>> {
        if let Some(frame) = self.newest.get(&page) {
            return self.wal.frame(*frame).map(<[u8]>::to_vec);
        }
        self.in_file(page)
    }

    fn in_file(&mut self, page: u32) -> Option<Vec<u8>> {
        if page == 0 || page > self.count {
            return None;
        }
        let file = self.file.as_mut()?;
        file.seek(SeekFrom::Start(u64::from(page - 1) * PAGE_BYTES as u64)).ok()?;
        let mut bytes = vec![0; PAGE_BYTES];
        // A sector that can't be read is a page that is not there.
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Reads the rows of one page, if it is one with rows.
    fn visit(&mut self, page: u32, bytes: &[u8], is_newest: bool, visit: &mut impl FnMut(Row)) {
        let head = if page == 1 { FILE_HEADER_BYTES } else { 0 };
        let tree = match bytes.get(head) {
            Some(0x0d) => Tree { cells_from: 8, child_bytes: 0, has_rowid: true },
            Some(0x0a) => Tree { cells_from: 8, child_bytes: 0, has_rowid: false },
            Some(0x02) => Tree { cells_from: 12, child_bytes: 4, has_rowid: false },
            _ => return,
        };
        let cells = pair(bytes, head + 3).unwrap_or(0);
        for cell in 0..cells.min(PAGE_BYTES / 2) {
            let Some(at) = pair(bytes, head + tree.cells_from + cell * 2) else { break };
            if let Some((rowid, values)) = self.cell(bytes, at + tree.child_bytes, tree.has_rowid) {
                visit(Row { rowid, values, is_newest });
            }
        }
    }

    /// Reads marked rows wherever they stand in a page: the page's own head may be what is damaged.
    fn search(&mut self, bytes: &[u8], mark: &[u8], visit: &mut impl FnMut(Row)) {
        let places = bytes.windows(mark.len().max(1)).enumerate();
        for place in places.filter(|(_, window)| *window == mark).map(|(place, _)| place) {
            // Before the mark: the length of the row, its number, and the length of the row's head.
            for start in place.saturating_sub(MOST_BEFORE_MARK)..place.saturating_sub(2) {
                let Some(mut rest) = bytes.get(start..place) else { continue };
                let leads_here =
                    varint(&mut rest).is_some() && varint(&mut rest).is_some() && rest.len() == 1;
                if leads_here && let Some((rowid, values)) = self.cell(bytes, start, true) {
                    visit(Row { rowid, values, is_newest: false });
                }
            }
        }
    }

    fn cell(&mut self, page: &[u8], at: usize, has_rowid: bool) -> Option<(Option<i64>, Vec<Value>)> {
        let mut rest = page.get(at..)?;
        let len = varint(&mut rest)?;
        let rowid = if has_rowid { Some(varint(&mut rest)?.cast_signed()) } else { None };
        if len > MAX_ROW_BYTES {
            return None;
        }
        let len = usize::try_from(len).ok()?;
        let local = local_bytes(len, has_rowid);
        let mut payload = rest.get(..local)?.to_vec();
        let mut next = if local < len { number(rest, local)? } else { 0 };
        while payload.len() < len {
            let overflow = self.page(next)?;
            next = number(&overflow, 0)?;
            let wanted = (len - payload.len()).min(PAGE_BYTES - 4);
            payload.extend_from_slice(overflow.get(4..4 + wanted)?);
        }
        Some((rowid, columns(&payload)?))
    }
}

/// How a kind of page is laid out.
struct Tree {
    cells_from: usize,
    child_bytes: usize,
    has_rowid: bool,
}

/// A number of two bytes, high first.
fn pair(bytes: &[u8], from: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(bytes.get(from..from + 2)?.try_into().ok()?)))
}

/// How much of a payload stands in the page itself, by the file format.
fn local_bytes(len: usize, has_rowid: bool) -> usize {
    let usable = PAGE_BYTES;
    let most = if has_rowid { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
    if len <= most {
        return len;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let local = least + (len - least) % (usable - 4);
    if local <= most { local } else { least }
}

/// SQLite's: seven bits a byte, high first; a ninth byte has eight.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if place == 8 {
            return Some(value << 8 | u64::from(*byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn columns(payload: &[u8]) -> Option<Vec<Value>> {
    let mut rest = payload;
    let header_len = usize::try_from(varint(&mut rest)?).ok()?;
    let varint_len = payload.len() - rest.len();
    let mut header = rest.get(..header_len.checked_sub(varint_len)?)?;
    let mut body = payload.get(header_len..)?;
    let mut values = Vec::new();
    while !header.is_empty() {
        let kind = varint(&mut header)?;
        let len = match kind {
            0 | 8 | 9 | 10 | 11 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            _ => usize::try_from((kind - 12) / 2).ok()?,
        };
        let bytes = body.get(..len)?;
        body = body.get(len..)?;
        values.push(match kind {
            0 => Value::Null,
            1..=6 => Value::Int(integer(bytes)),
            8 => Value::Int(0),
            9 => Value::Int(1),
            7 | 10 | 11 => Value::Foreign,
            _ if kind % 2 == 0 => Value::Blob(bytes.to_vec()),
            _ => String::from_utf8(bytes.to_vec()).map_or(Value::Foreign, Value::Text),
        });
    }
    Some(values)
}

fn integer(bytes: &[u8]) -> i64 {
    let sign = bytes.first().map_or(0, |first| if first & 0x80 == 0 { 0 } else { -1 });
    bytes.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::open::{Migration, Schema, writer};

    const TEST: Schema = Schema {
        application_id: 9,
        migrations: &[Migration {
            number: 1,
            sql: &["CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, t TEXT, b BLOB) STRICT;
                    CREATE TABLE w (k BLOB PRIMARY KEY, n INTEGER) STRICT, WITHOUT ROWID;"],
        }],
    };

    #[test]
    fn every_row_is_found_whether_it_is_in_the_log_in_one_page_or_in_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = writer(&path, TEST).unwrap();
        let numbers = [0, 1, -1, 200, -40_000, 1 << 20, -(1 << 30), 1 << 40, i64::MIN, i64::MAX];
        for (round, is_checkpointed) in [(0_i64, true), (1, false)] {
            for index in 0..600_i64 {
                let id = round * 600 + index + 1;
                let len = if index % 50 == 0 { 20_000 } else { index };
                let body = vec![u8::try_from(id % 251).unwrap(); usize::try_from(len).unwrap()];
                let number = numbers[usize::try_from(id % 10).unwrap()];
                connection.execute("INSERT INTO a VALUES (?1, ?2, '文', ?3)", (id, number, &body)).unwrap();
                connection.execute("INSERT INTO w VALUES (?1, ?2)", (id.to_be_bytes(), number)).unwrap();
            }
            if is_checkpointed {
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
            }
        }
        let mut by_rowid = BTreeMap::new();
        let mut by_key = BTreeMap::new();
        rows(&path, &[&[0, 76, 44]], &mut |row| match (row.rowid, row.values.as_slice()) {
            (Some(id), [Value::Null, Value::Int(number), Value::Text(text), Value::Blob(body)]) => {
                assert_eq!((text.as_str(), *number), ("文", numbers[usize::try_from(id % 10).unwrap()]));
                by_rowid.insert(id, body.len());
            }
            (None, [Value::Blob(key), Value::Int(number)]) if key.len() == 8 => {
                by_key.insert(key.clone(), *number);
            }
            _ => {}
        });
        assert_eq!((by_rowid.len(), by_key.len()), (1_200, 1_200));
        assert!(by_rowid.iter().all(|(id, len)| {
            let index = (id - 1) % 600;
            i64::try_from(*len).unwrap() == if index % 50 == 0 { 20_000 } else { index }
        }));
    }

    proptest! {
        #[test]
        fn no_page_whatever_it_holds_makes_it_panic_or_hang(
            start in prop_oneof![Just(0x0d_u8), Just(0x0a), Just(0x02)],
            bytes in proptest::collection::vec(any::<u8>(), 3 * PAGE_BYTES),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.db");
            let mut bytes = bytes;
            bytes[PAGE_BYTES] = start;
            bytes[100] = start;
            std::fs::write(&path, bytes).unwrap();
            rows(&path, &[&[0, 76, 44], &[0, 44]], &mut |_| {});
        }
    }
}
