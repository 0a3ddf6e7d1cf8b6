//! Logs and runs: which entries came from which device, under which signed heads.

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    entry::{BodyType, Header},
    error::{Error, Result},
    id::{BodyHash, LogId, Signature},
    log::Head,
    model::DocumentKind,
    store::{optional, sql},
    time::Timestamp,
};

use super::{count, id, int};

/// A device's log as far as the relay holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its row.
    pub row: i64,
    /// The row of its device.
    pub device: i64,
    /// Up to where.
    pub head: Head,
}

/// The log with this id.
pub fn find(connection: &Connection, log: LogId) -> Result<Option<Log>> {
    optional(
        connection
            .prepare_cached("SELECT row, device, counter, hash FROM log WHERE log = ?1")
            .map_err(sql)?
            .query_row([log.as_ref()], |row| {
                let head = Head { counter: count(row.get(2)?), hash: id(row, 3)? };
                Ok(Log { row: row.get(0)?, device: row.get(1)?, head })
            }),
    )
}

/// The row of a log's device.
pub fn device_of(connection: &Connection, log: i64) -> Result<i64> {
    connection
        .prepare_cached("SELECT device FROM log WHERE row = ?1")
        .and_then(|mut find| find.query_row([log], |row| row.get(0)))
        .map_err(sql)
}

/// Adds an empty log.
pub fn add(transaction: &Transaction<'_>, log: LogId, device: i64) -> Result<Log> {
    transaction
        .prepare_cached("INSERT INTO log (log, device, counter, hash) VALUES (?1, ?2, 0, ?3)")
        .and_then(|mut insert| insert.execute(params![log.as_ref(), device, Head::START.hash.as_ref()]))
        .map_err(sql)?;
    Ok(Log { row: transaction.last_insert_rowid(), device, head: Head::START })
}

/// Consecutive entries that came together, with the head their device signed: the evidence.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Where it begins.
    pub from: Head,
    /// Where it ends.
    pub to: Head,
    /// The device's signature of the end.
    pub signature: Signature,
    /// The first entry's place; the others follow it.
    pub first_seq: i64,
    /// When it came.
    pub received_at: Timestamp,
}

/// Appends a run and moves the log's head.
pub fn append(transaction: &Transaction<'_>, log: i64, run: &Run) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO run (log, from_counter, from_hash, to_counter, first_seq, head_hash,
                head_signature, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                log,
                int(run.from.counter),
                run.from.hash.as_ref(),
                int(run.to.counter),
                run.first_seq,
                run.to.hash.as_ref(),
                run.signature.as_ref(),
                run.received_at.millis(),
            ])
        })
        .map_err(sql)?;
    transaction
        .prepare_cached("UPDATE log SET counter = ?2, hash = ?3 WHERE row = ?1")
        .and_then(|mut update| update.execute(params![log, int(run.to.counter), run.to.hash.as_ref()]))
        .map_err(sql)?;
    Ok(())
}

/// The place among all entries of a log's last entry up to a counter.
pub fn seq_at(connection: &Connection, log: i64, counter: u64) -> Result<i64> {
    let found = optional(connection.query_row(
        "SELECT from_counter, to_counter, first_seq
         FROM run WHERE log = ?1 AND from_counter < ?2 ORDER BY from_counter DESC LIMIT 1",
        params![log, int(counter)],
        |row| {
            let (from, to): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(row.get::<_, i64>(2)? + int(counter).min(to) - from - 1)
        },
    ))?;
    Ok(found.unwrap_or(0))
}

/// The chain of a log at a counter that the relay holds, computed from the run it lies in.
pub fn head_at(connection: &Connection, log: i64, counter: u64) -> Result<Head> {
    if counter == 0 {
        return Ok(Head::START);
    }
    let found = optional(connection.query_row(
        "SELECT from_counter, from_hash, to_counter, head_hash, first_seq
         FROM run WHERE log = ?1 AND from_counter < ?2 ORDER BY from_counter DESC LIMIT 1",
        params![log, int(counter)],
        |row| {
            let from = Head { counter: count(row.get(0)?), hash: id(row, 1)? };
            let to = Head { counter: count(row.get(2)?), hash: id(row, 3)? };
            Ok((from, to, row.get::<_, i64>(4)?))
        },
    ))?;
    let (mut head, to, first_seq) = found.ok_or(Error::Corrupt("a run that must be there"))?;
    if to.counter == counter {
        return Ok(to);
    }
    let mut statement = connection
        .prepare(
            "SELECT e.document, e.kind, e.claimed_at, e.body_type, coalesce(e.body, o.body),
                coalesce(e.erased_hash, o.erased_hash)
             FROM entry e LEFT JOIN entry o ON o.seq = e.same_as
             WHERE e.seq >= ?1 AND e.seq < ?2 ORDER BY e.seq",
        )
        .map_err(sql)?;
    let end = first_seq.saturating_add(int(counter - head.counter));
    let mut rows = statement.query(params![first_seq, end]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        head = head.then(&header(row)?);
    }
    if head.counter == counter { Ok(head) } else { Err(Error::Corrupt("entries of a run")) }
}

fn header(row: &Row<'_>) -> Result<Header> {
    let read = || -> rusqlite::Result<_> {
        let body: Option<Vec<u8>> = row.get(4)?;
        let erased: Option<[u8; 32]> = row.get(5)?;
        Ok((id(row, 0)?, row.get::<_, u8>(1)?, row.get(2)?, row.get::<_, u8>(3)?, body, erased))
    };
    let (document, kind, claimed_at, body_type, body, erased) = read().map_err(sql)?;
    let body_hash = match (erased, body) {
        // What is left of an erased body is not what was signed.
        (Some(hash), _) => BodyHash::new(hash),
        (None, Some(body)) => BodyHash::of(&body),
        (None, None) => return Err(Error::Corrupt("an entry without body and hash")),
    };
    Ok(Header {
        document,
        kind: DocumentKind::from_number(kind).ok_or(Error::Corrupt("a document's kind"))?,
        claimed_at: Timestamp::from_millis(claimed_at),
        body_type: BodyType::from_number(body_type).ok_or(Error::Corrupt("a body type"))?,
        body_hash,
    })
}

/// An entry of a run: the id it is kept under, and its header as it follows from what is kept.
#[derive(Clone, Debug)]
pub struct Chained {
    /// Its place.
    pub seq: i64,
    /// The id it is kept under.
    pub entry_id: suishou_core::id::EntryId,
    /// Its header.
    pub header: Header,
}

/// The entries from a place to before another, for whoever computes the chain anew.
pub fn chained(connection: &Connection, from: i64, before: i64) -> Result<Vec<Chained>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT e.document, e.kind, e.claimed_at, e.body_type, coalesce(e.body, o.body),
                coalesce(e.erased_hash, o.erased_hash), e.seq, e.entry_id
             FROM entry e LEFT JOIN entry o ON o.seq = e.same_as
             WHERE e.seq >= ?1 AND e.seq < ?2 ORDER BY e.seq",
        )
        .map_err(sql)?;
    let mut rows = statement.query(params![from, before]).map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let (seq, entry_id) = row.get(6).and_then(|seq| Ok((seq, id(row, 7)?))).map_err(sql)?;
        found.push(Chained { seq, entry_id, header: header(row)? });
    }
    Ok(found)
}
