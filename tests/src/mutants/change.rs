//! The parts of an Automerge change as it travels, and how they are put together again with valid lengths and checksum.

use sha2::{Digest as _, Sha256};
use suishou_core::time::Random;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHANGE: u8 = 1;
/// Numbers at which code tends to break.
const NUMBERS: [u64; 16] = [
    0,
    1,
    2,
    15,
    16,
    127,
    128,
    255,
    65_535,
    65_536,
    1 << 24,
    u32::MAX as u64,
    1 << 33,
    1 << 53,
    i64::MAX as u64,
    u64::MAX,
];

/// A change, part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    deps: Vec<Vec<u8>>,
    actor: Vec<u8>,
    /// Sequence, first operation, time.
    numbers: [u64; 3],
    message: Vec<u8>,
    others: Vec<Vec<u8>>,
    /// Specification and bytes.
    columns: Vec<(u64, Vec<u8>)>,
    rest: Vec<u8>,
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self, length: u64) -> Option<Vec<u8>> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(bytes.to_vec())
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let length = self.number()?;
        self.bytes(length)
    }
}

fn put(to: &mut Vec<u8>, mut value: u64) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            return to.push(byte);
        }
        to.push(byte | 0x80);
    }
}

fn put_text(to: &mut Vec<u8>, bytes: &[u8]) {
    put(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

impl Parts {
    /// Reads a change.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes.get(9..)?);
        let length = reader.number()?;
        let data = reader.bytes(length)?;
        let mut reader = Reader(&data);
        let deps = (0..reader.number()?).map(|_| reader.bytes(32)).collect::<Option<_>>()?;
        let actor = reader.text()?;
        let numbers = [reader.number()?, reader.number()?, reader.number()?];
        let message = reader.text()?;
        let others = (0..reader.number()?).map(|_| reader.text()).collect::<Option<_>>()?;
        let count = reader.number()?;
        let heads: Vec<(u64, u64)> =
            (0..count).map(|_| Some((reader.number()?, reader.number()?))).collect::<Option<_>>()?;
        let columns = heads
            .into_iter()
            .map(|(spec, length)| Some((spec, reader.bytes(length)?)))
            .collect::<Option<_>>()?;
        Some(Self { deps, actor, numbers, message, others, columns, rest: reader.0.to_vec() })
    }

    /// The change with valid lengths and checksum.
    pub fn write(&self) -> Vec<u8> {
        let mut data = Vec::new();
        put(&mut data, self.deps.len() as u64);
        self.deps.iter().for_each(|dep| data.extend_from_slice(dep));
        put_text(&mut data, &self.actor);
        self.numbers.iter().for_each(|number| put(&mut data, *number));
        put_text(&mut data, &self.message);
        put(&mut data, self.others.len() as u64);
        self.others.iter().for_each(|other| put_text(&mut data, other));
        put(&mut data, self.columns.len() as u64);
        for (spec, column) in &self.columns {
            put(&mut data, *spec);
            put(&mut data, column.len() as u64);
        }
        self.columns.iter().for_each(|(_, column)| data.extend_from_slice(column));
        data.extend_from_slice(&self.rest);
        seal(&data)
    }

    fn mutate(&mut self, random: &mut Random, other: &Self) {
        let many = self.columns.len() as u64;
        let at = if many == 0 { 0 } else { usize::try_from(random.below(many)).unwrap_or(0) };
        match random.below(12) {
            0 => {
                let which = usize::try_from(random.below(3)).unwrap_or(0);
                if let Some(number) = self.numbers.get_mut(which) {
                    *number = interesting(random);
                }
            }
            1 => self.actor.resize(usize::try_from(random.below(40)).unwrap_or(0), 7),
            2 => self.deps = if random.below(2) == 0 { other.deps.clone() } else { Vec::new() },
            3 => self.others.push(random.bytes::<16>().to_vec()),
            4 => drop((!self.columns.is_empty()).then(|| self.columns.remove(at))),
            5 => {
                if let Some(column) = self.columns.get(at).cloned() {
                    self.columns.insert(at, column);
                }
            }
            6 => {
                let theirs = other.columns.get(at).cloned();
                if let (Some(column), Some(theirs)) = (self.columns.get_mut(at), theirs) {
                    *column = theirs;
                }
            }
            7 => {
                if let Some((spec, _)) = self.columns.get_mut(at) {
                    *spec = interesting(random) & 0xff;
                }
            }
            8 => self.message = random.bytes::<8>().to_vec(),
            // What a column says: runs, lengths, deltas.
            _ => {
                if let Some((_, column)) = self.columns.get_mut(at) {
                    spoil(random, column);
                }
            }
        }
    }
}

fn interesting(random: &mut Random) -> u64 {
    let at = usize::try_from(random.below(NUMBERS.len() as u64)).unwrap_or(0);
    let number = NUMBERS.get(at).copied().unwrap_or(0);
    if random.below(4) == 0 { number.wrapping_add(random.below(3)).wrapping_sub(1) } else { number }
}

/// Other bytes in place of some.
fn spoil(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = usize::try_from(random.below(bytes.len() as u64 + 1)).unwrap_or(0);
    match random.below(5) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => {
            let mut number = Vec::new();
            put(&mut number, interesting(random));
            let end = (at + 1).min(bytes.len());
            drop(bytes.splice(at..end, number));
        }
        2 => bytes.truncate(at),
        3 => bytes.insert(at, random.bytes::<1>()[0]),
        _ => bytes.extend_from_within(at..),
    }
}

fn seal(data: &[u8]) -> Vec<u8> {
    let mut body = vec![CHANGE];
    put_text(&mut body, data);
    let digest = Sha256::digest(&body);
    let mut bytes = MAGIC.to_vec();
    bytes.extend(digest.iter().take(4));
    bytes.extend(body);
    bytes
}

/// A change that is like an honest one, but for one to three things.
pub(super) fn mutant(random: &mut Random, change: &[u8], other: &[u8]) -> Vec<u8> {
    let (Some(mut parts), Some(other)) = (Parts::read(change), Parts::read(other)) else {
        return change.to_vec();
    };
    for _ in 0..=random.below(3) {
        parts.mutate(random, &other);
    }
    let mut bytes = parts.write();
    // Now and then something that no part knows of.
    if random.below(8) == 0 {
        let mut data = bytes.split_off(9.min(bytes.len()));
        spoil(random, &mut data);
        return seal(&data);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_is_taken_apart_is_put_together_again() {
        for base in super::super::bases(1) {
            let parts = Parts::read(&base.change).expect("an honest change has all its parts");
            assert_eq!(parts.write(), base.change);
        }
    }
}
