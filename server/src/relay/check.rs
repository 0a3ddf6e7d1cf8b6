//! Looks whether what the relay keeps is what it was: SQLite's structure, the chains of all logs, rows against
//! entries, every attachment against its hash.
//!
//! Reads only, beside the running relay. What is found is told by id and count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use suishou_core::{
    document::{Document, Work},
    id::{BlobHash, DocumentId, TownshipId},
    log::{Head, LogHead, verify},
    model::step::Origin,
    project::{Incoming, project},
    rows::Row,
    store::rows::card,
};

use super::backup::{Progress, error::Result, with_hash};
use crate::{
    blobs::{Blobs, Found},
    db::{
        self, Connection,
        keeping::{KeptRun, SignedLog},
    },
};

/// Rows that are compared unless all are asked for.
const SAMPLE: u64 = 500;
/// Looked at together.
const AT_ONCE: u32 = 1_000;
/// Most ids that are told of each kind of damage.
const MAX_TOLD: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckReport {
    /// Everything was looked at, and not a sample.
    pub is_deep: bool,
    /// What SQLite says of its structure.
    pub structure: Vec<String>,
    /// Logs that were followed.
    pub logs: u64,
    /// Entries whose place in the chain was computed anew.
    pub entries: u64,
    /// Logs whose chain or signature does not hold.
    pub broken_logs: Vec<String>,
    /// Documents whose row was made anew.
    pub documents: u64,
    /// Documents whose row is not what follows from their entries.
    pub wrong_documents: Vec<String>,
    /// Attachments that were read.
    pub blobs: u64,
    /// Attachments that are gone.
    pub missing_blobs: Vec<BlobHash>,
    /// Attachments that are not what their hash says.
    pub damaged_blobs: Vec<BlobHash>,
    /// Files that the database does not know: no damage.
    pub orphans: u64,
    /// Damaged attachments were put aside and the phones are asked for them again.
    pub is_repaired: bool,
}

impl CheckReport {
    /// How many damages.
    pub fn damage(&self) -> u64 {
        let logs = self.broken_logs.len() + self.wrong_documents.len() + self.structure.len();
        (logs + self.missing_blobs.len() + self.damaged_blobs.len()) as u64
    }
}

/// Looks at everything.
pub fn check(
    connection: &Connection,
    blobs: &Blobs,
    township: TownshipId,
    is_deep: bool,
    progress: &Progress,
) -> Result<CheckReport> {
    let mut report = CheckReport { is_deep, ..CheckReport::default() };
    progress.set_total(db::keeping::count_blobs(connection)?);
    report.structure = db::keeping::structure(connection, is_deep)?;
    check_logs(connection, township, &mut report)?;
    check_documents(connection, &mut report, progress)?;
    check_blobs(connection, blobs, &mut report, progress)?;
    Ok(report)
}

fn tell<T>(told: &mut Vec<T>, what: T) {
    if told.len() < MAX_TOLD {
        told.push(what);
    }
}

fn check_logs(connection: &Connection, township: TownshipId, report: &mut CheckReport) -> Result<()> {
    for log in db::keeping::logs(connection)? {
        report.logs += 1;
        let mut head = Head::START;
        let runs: Vec<KeptRun> = db::keeping::runs_after(connection, log.log.row, 0)?
            .into_iter()
            .filter(|run| run.to.counter <= log.log.head.counter)
            .collect();
        let mut is_whole = true;
        let last = runs.len().saturating_sub(1);
        for (number, run) in runs.iter().enumerate() {
            is_whole &= run.from == head;
            if report.is_deep || number == last {
                is_whole &= is_sound(connection, township, &log, run)?;
                report.entries += run.to.counter - run.from.counter.min(run.to.counter);
            }
            head = run.to;
        }
        if !is_whole || head != log.log.head {
            tell(&mut report.broken_logs, log.id.to_string());
        }
    }
    Ok(())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a run that can't be read is unsound, and asked like the others"
)]
/// Its entries lead from its beginning to its end, and the device signed that.
fn is_sound(connection: &Connection, township: TownshipId, log: &SignedLog, run: &KeptRun) -> Result<bool> {
    let count = run.to.counter.saturating_sub(run.from.counter);
    let Ok(entries) = db::keeping::ids_of_run(connection, run.first_seq, count) else { return Ok(false) };
    let mut head = run.from;
    for entry in &entries {
        if entry.header.id() != entry.entry_id {
            return Ok(false);
        }
        head = head.then(&entry.header);
    }
    let signed = LogHead { township, device: log.device, log: log.id, head };
    Ok(head == run.to && verify(&log.public_key, &signed, &run.signature).is_ok())
}

fn check_documents(connection: &Connection, report: &mut CheckReport, progress: &Progress) -> Result<()> {
    let all = db::keeping::count_documents(connection)?;
    let every = if report.is_deep { 1 } else { all.div_ceil(SAMPLE).max(1) };
    let (mut after, mut number) = (DocumentId::ZERO, 0_u64);
    loop {
        let page = db::keeping::documents_after(connection, after, AT_ONCE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        for document in page {
            number += 1;
            if !number.is_multiple_of(every) {
                continue;
            }
            report.documents += 1;
            if !is_row_right(connection, document)? {
                tell(&mut report.wrong_documents, document.to_string());
            }
        }
        if progress.is_cancelled.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(super::backup::KeepingError::Cancelled);
        }
    }
}

/// The row is what follows from the entries that take effect.
fn is_row_right(connection: &Connection, id: DocumentId) -> Result<bool> {
    let snapshot = db::snapshot(connection)?;
    let entries = db::keeping::effective(&snapshot, id)?;
    let Some(kind) = entries.first().map(|stored| stored.entry.header.kind) else { return Ok(false) };
    if entries.iter().any(|stored| stored.entry.body.is_none()) {
        // Erased by law: what it said can't be made anew.
        return Ok(true);
    }
    let incoming: Vec<Incoming> = entries
        .into_iter()
        .map(|stored| Incoming {
            origin: Origin {
                entry: stored.entry_id,
                author: stored.author,
                claimed_at: stored.entry.header.claimed_at,
                received_at: Some(stored.received_at),
            },
            entry: with_hash(stored.entry),
            rights: None,
        })
        .collect();
    let mut document = Document::new(id, kind);
    if project(&mut document, &incoming).iter().any(std::result::Result::is_err) {
        return Ok(false);
    }
    let card = match document.work() {
        Some(Work::Household(household)) => match household.card.value {
            Some(entry) => card(&snapshot, id, entry)?,
            None => None,
        },
        _ => None,
    };
    let kept = db::keeping::kept_row(&snapshot, id)?;
    let made = Row::of(&document, card.as_ref()).map(|row| serde_json::to_value(&row).unwrap_or_default());
    let kept = kept.map(|json| serde_json::from_str(&json).unwrap_or(serde_json::Value::Null));
    Ok(made == kept)
}

fn check_blobs(
    connection: &Connection,
    blobs: &Blobs,
    report: &mut CheckReport,
    progress: &Progress,
) -> Result<()> {
    let mut after = BlobHash::ZERO;
    loop {
        let page = db::keeping::blobs_after(connection, after, AT_ONCE)?;
        let Some(last) = page.last() else { break };
        after = last.hash;
        for blob in page {
            report.blobs += 1;
            progress.step()?;
            match blobs.look(&blob.hash)? {
                Found::Whole => {}
                Found::Missing => tell(&mut report.missing_blobs, blob.hash),
                Found::Damaged => tell(&mut report.damaged_blobs, blob.hash),
            }
        }
    }
    let mut known = BTreeMap::new();
    for shelf in 0..=u8::MAX {
        known.clear();
        for hash in blobs.in_shelf(shelf) {
            known.insert(hash, db::blob::find(connection, hash)?.is_some());
        }
        report.orphans += known.values().filter(|is_known| !**is_known).count() as u64;
    }
    Ok(())
}
