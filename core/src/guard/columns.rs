//! Walks a change's columns and counts their rows without expanding a single run.
//!
//! A run-length column of 69 bytes can declare ten million rows. Here a run costs one step and its
//! length one addition.

use crate::entry::varint;

const DEFLATE: u64 = 0b1000;

/// `None` if a column is compressed, unknown, malformed or declares more rows than allowed.
pub(super) fn check(columns: &[(u64, u64)], data: &[u8], max_rows: u64) -> Option<()> {
    let mut rest = data;
    let mut last = None;
    for &(specification, len) in columns {
        if specification & DEFLATE != 0 || last.is_some_and(|last| specification <= last) {
            return None;
        }
        last = Some(specification);
        let (column, tail) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        rest = tail;
        let rows = match specification & 0b111 {
            0..=2 | 6 => count_runs(column, |rest| varint::take(rest).map(drop))?,
            3 => count_runs(column, |rest| varint::take_signed(rest).map(drop))?,
            4 => count_booleans(column)?,
            5 => count_runs(column, take_text)?,
            _ => 0,
        };
        if rows > max_rows {
            return None;
        }
    }
    rest.is_empty().then_some(())
}

fn count_runs(mut column: &[u8], take_value: impl Fn(&mut &[u8]) -> Option<()>) -> Option<u64> {
    let mut rows = 0_u64;
    while !column.is_empty() {
        let count = varint::take_signed(&mut column)?;
        let run = match count {
            1.. => {
                take_value(&mut column)?;
                count.unsigned_abs()
            }
            0 => varint::take(&mut column)?,
            _ => {
                let literals = count.unsigned_abs();
                if literals > u64::try_from(column.len()).ok()? {
                    return None;
                }
                for _ in 0..literals {
                    take_value(&mut column)?;
                }
                literals
            }
        };
        rows = rows.checked_add(run)?;
    }
    Some(rows)
}

fn count_booleans(mut column: &[u8]) -> Option<u64> {
    let mut rows = 0_u64;
    while !column.is_empty() {
        rows = rows.checked_add(varint::take(&mut column)?)?;
    }
    Some(rows)
}

fn take_text(rest: &mut &[u8]) -> Option<()> {
    let len = usize::try_from(varint::take(rest)?).ok()?;
    let (_, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(())
}
