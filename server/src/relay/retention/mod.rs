//! Retention: what has been kept long enough goes, kind by kind, in small batches on the writer's thread.
//!
//! What is due is found beside the writer; the writer looks at each document again before it goes. Each batch
//! is one commit with what it counts, so that a run that was cut short goes on where it stopped. Open work,
//! held entries and what is on hold are never touched. Statistics and audit log are not retention's affair.

pub mod rule;
mod track;
mod unnamed;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::{Error, Problem},
    id::DocumentId,
    sync::wire::BlobKind,
    time::Timestamp,
};
use tokio::sync::watch;

use self::rule::{Amount, Rule};
pub use self::{
    track::{Piece, pieces},
    unnamed::unnamed,
};
use super::{
    Relay,
    engine::{Engine, Work},
    error::{RelayError, Result},
    shared::Shared,
};
use crate::db::{
    self, Connection,
    retention::{Due, What},
};

/// Documents looked up at a time.
const LOOKED_UP: usize = 256;
/// Documents in one commit: some milliseconds of the writer's time.
const BATCH: usize = 16;
/// Longest reason of a hold in bytes.
const MAX_REASON_BYTES: usize = 500;
/// Runs that are shown.
const SHOWN_RUNS: u32 = 20;
/// Before the first daily run, so that a start is not burdened.
const FIRST_AFTER: Duration = Duration::from_mins(10);
const EVERY: Duration = Duration::from_hours(24);

/// What went of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RetentionGone)]
pub struct Gone {
    /// Documents, or documents whose photos or tracks went.
    pub documents: u64,
    /// Bodies of entries.
    pub bodies: u64,
    /// Files.
    pub blobs: u64,
}

/// What would go of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RetentionDue)]
pub struct DueShown {
    /// Of which kind.
    pub kind: Rule,
    /// How many documents.
    pub documents: u64,
    /// The smallest id.
    pub oldest: Option<DocumentId>,
    /// The largest.
    pub newest: Option<DocumentId>,
    /// Beside these, files that no document names.
    pub unnamed_blobs: u64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RetentionRun)]
pub struct RunShown {
    /// Counts up.
    pub run: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it came to its end; none while it is under way or if it was cut short.
    pub ended_at: Option<Timestamp>,
    /// Begun by itself.
    pub is_daily: bool,
    /// What went, by kind.
    pub counts: BTreeMap<Rule, Gone>,
}

/// Something that is not to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HoldShown {
    /// Which.
    pub document: DocumentId,
    /// Why.
    pub reason: String,
    /// Since when.
    pub held_at: Timestamp,
}

/// Everything about retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RetentionShown {
    /// How long each kind is kept.
    pub rules: Vec<Amount>,
    /// What is on hold.
    pub holds: Vec<HoldShown>,
    /// The last runs, newest first.
    pub runs: Vec<RunShown>,
}

/// What is due of each kind, by today's rules; kinds that are kept for ever are left out.
pub fn dues(connection: &Connection, now: Timestamp) -> Result<Vec<(Rule, Due)>> {
    let amounts = rule::amounts(connection)?;
    let before =
        |rule: Rule| amounts.iter().find(|known| known.kind == rule).and_then(|known| known.before(now));
    let due = |rule: Rule| {
        let what = match rule {
            Rule::Media => What::Blobs(BlobKind::Photo, before(Rule::Incidents)),
            Rule::Tracks => What::Blobs(BlobKind::Track, before(Rule::Patrols)),
            Rule::Contacts => What::Contact(before(Rule::Incidents)),
            _ => What::Whole,
        };
        Some((rule, Due { kind: rule.document(), what, before: before(rule)? }))
    };
    Ok(Rule::ALL.into_iter().filter_map(due).collect())
}

/// What a run would take out.
pub fn dry_run(connection: &Connection, now: Timestamp) -> Result<Vec<DueShown>> {
    let snapshot = db::snapshot(connection)?;
    let mut shown = Vec::new();
    for (kind, due) in dues(&snapshot, now)? {
        let (documents, oldest, newest) = db::retention::count_due(&snapshot, &due)?;
        let unnamed_blobs = unnamed(&snapshot, kind, now)?.len() as u64;
        shown.push(DueShown { kind, documents, oldest, newest, unnamed_blobs });
    }
    Ok(shown)
}

fn shown(run: db::retention::Run) -> Result<RunShown> {
    let db::retention::Run { run, started_at, ended_at, is_daily, counts } = run;
    let counts = serde_json::from_str(&counts).map_err(|_| Error::Corrupt("a run's counts"))?;
    Ok(RunShown { run, started_at, ended_at, is_daily, counts })
}

fn all(connection: &Connection, _shared: &Shared) -> Result<RetentionShown> {
    let snapshot = db::snapshot(connection)?;
    let hold = |(document, reason, held_at)| HoldShown { document, reason, held_at };
    Ok(RetentionShown {
        rules: rule::amounts(&snapshot)?,
        holds: db::retention::holds(&snapshot)?.into_iter().map(hold).collect(),
        runs: db::retention::runs(&snapshot, SHOWN_RUNS)?.into_iter().map(shown).collect::<Result<_>>()?,
    })
}

impl Engine {
    /// Goes on with the run that was cut short, or begins one.
    pub fn begin_retention(&mut self, is_daily: bool) -> Result<i64> {
        self.drop_files()?;
        self.write(|work| Ok(db::retention::begin_run(work.transaction, is_daily, work.now)?))
    }

    /// Takes out those of these documents that are still due: one commit, and then the files.
    pub fn retain(&mut self, run: i64, rule: Rule, due: &Due, documents: &[DocumentId]) -> Result<()> {
        let blobs = Arc::clone(self.blobs());
        self.write(|work| {
            let mut gone = Gone::default();
            for document in documents {
                if db::retention::is_due(work.transaction, due, *document)? {
                    work.take_out(due, *document, &blobs, &mut gone)?;
                }
            }
            work.count_gone(run, rule, gone)
        })?;
        self.drop_files()
    }

    /// Ends a run, and empties the write-ahead log of what it held.
    pub fn end_retention(&mut self, run: i64) -> Result<RunShown> {
        self.write(|work| Ok(db::retention::end_run(work.transaction, run, work.now)?))?;
        self.rest()?;
        shown(db::retention::run(self.connection(), run)?.ok_or(RelayError::NotFound)?)
    }

    /// Sets how long a kind is kept.
    pub fn set_retention(&mut self, kind: Rule, amount: u64) -> Result<()> {
        kind.check(amount)?;
        self.write(|work| Ok(db::retention::set_rule(work.transaction, kind.as_str(), amount, work.now)?))
    }

    /// Puts a document on hold: it stays whatever the rules say.
    pub fn hold(&mut self, document: DocumentId, reason: &str) -> Result<()> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(RelayError::invalid(Problem::Missing("reason")));
        }
        if reason.len() > MAX_REASON_BYTES {
            let (found, limit) = (reason.len() as u64, MAX_REASON_BYTES as u64);
            return Err(RelayError::invalid(Problem::TooLarge { what: "text in bytes", found, limit }));
        }
        self.write(|work| {
            suishou_core::store::tables::load_document(work.transaction, document)?
                .ok_or(RelayError::NotFound)?;
            Ok(db::retention::hold(work.transaction, document, reason, work.now)?)
        })
    }

    /// Ends a hold.
    pub fn release_hold(&mut self, document: DocumentId) -> Result<()> {
        let was_held = self.write(|work| Ok(db::retention::release(work.transaction, document)?))?;
        if was_held { Ok(()) } else { Err(RelayError::NotFound) }
    }
}

impl Work<'_> {
    /// Keeps what went, with the commit in which it goes.
    fn count_gone(&mut self, run: i64, rule: Rule, gone: Gone) -> Result<()> {
        let kept = db::retention::run(self.transaction, run)?.ok_or(RelayError::NotFound)?;
        let mut counts = shown(kept)?.counts;
        let sum = counts.entry(rule).or_default();
        sum.documents += gone.documents;
        sum.bodies += gone.bodies;
        sum.blobs += gone.blobs;
        let counts = serde_json::to_string(&counts).map_err(|_| Error::Corrupt("a run's counts"))?;
        Ok(db::retention::set_counts(self.transaction, run, &counts)?)
    }

    fn take_out(
        &mut self,
        due: &Due,
        document: DocumentId,
        blobs: &crate::blobs::Blobs,
        gone: &mut Gone,
    ) -> Result<()> {
        gone.documents += 1;
        let kind = match due.what {
            What::Whole => {
                let erased = self.erase_document(document)?;
                gone.bodies += erased.bodies;
                gone.blobs += erased.blobs;
                return Ok(());
            }
            What::Contact(_) => return Ok(db::intake::forget_contact(self.transaction, document)?),
            What::Blobs(kind, _) => kind,
        };
        for hash in db::retention::stored_blobs(self.transaction, document, kind)? {
            if kind == BlobKind::Track {
                // What can't be read is not kept in any form.
                let coarse = blobs.read(&hash).ok().and_then(|bytes| track::coarse(&bytes));
                let coarse = coarse.unwrap_or_default();
                db::retention::keep_coarse(self.transaction, document, hash, &coarse)?;
            }
            gone.blobs += db::erase::named_blob(self.transaction, hash)?;
        }
        Ok(())
    }
}

impl Relay {
    /// The path of a patrol, piece by piece: as it was walked, or the coarse one that stands for it.
    pub async fn track(&self, document: DocumentId) -> Result<Vec<Piece>> {
        let blobs = Arc::clone(&self.inner.blobs);
        self.with(move |connection, _| track::pieces(connection, &blobs, document)).await
    }

    /// Rules, holds and the last runs.
    pub async fn retention(&self) -> Result<RetentionShown> {
        self.with(all).await
    }

    /// What a run would take out now.
    pub async fn retention_due(&self) -> Result<Vec<DueShown>> {
        self.with(|connection, shared| dry_run(connection, shared.clock.now())).await
    }

    /// One run.
    pub async fn retention_run(&self, run: i64) -> Result<RunShown> {
        self.with(move |connection, _| {
            shown(db::retention::run(connection, run)?.ok_or(RelayError::NotFound)?)
        })
        .await
    }

    /// Sets how long a kind is kept.
    pub async fn set_retention(&self, kind: Rule, amount: u64) -> Result<()> {
        self.call(move |engine| engine.set_retention(kind, amount)).await
    }

    /// Puts a document on hold.
    pub async fn hold(&self, document: DocumentId, reason: String) -> Result<()> {
        self.call(move |engine| engine.hold(document, &reason)).await
    }

    /// Ends a hold.
    pub async fn release_hold(&self, document: DocumentId) -> Result<()> {
        self.call(move |engine| engine.release_hold(document)).await
    }

    /// Begins a run that goes on by itself; answers with its number. One at a time.
    pub async fn begin_retention(&self, is_daily: bool) -> Result<i64> {
        let turn = Arc::clone(&self.inner.retaining).try_lock_owned().map_err(|_| RelayError::Running)?;
        let run = self.call(move |engine| engine.begin_retention(is_daily)).await?;
        let relay = self.clone();
        tokio::spawn(async move {
            match relay.retain(run).await {
                Ok(shown) => {
                    let documents: u64 = shown.counts.values().map(|gone| gone.documents).sum();
                    tracing::info!(run, documents, "retention: a run came to its end");
                }
                Err(error) => tracing::error!(run, %error, "retention: a run was cut short and will go on"),
            }
            drop(turn);
        });
        Ok(run)
    }

    /// As if a run were under way, until this is dropped.
    #[cfg(test)]
    pub(in crate::relay) async fn hold_retention(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.inner.retaining).lock_owned().await
    }

    async fn retain(&self, run: i64) -> Result<RunShown> {
        let dues = self.with(|connection, shared| dues(connection, shared.clock.now())).await?;
        for (rule, due) in dues {
            let mut after = None;
            loop {
                let found = self
                    .with(move |connection, _| Ok(db::retention::due(connection, &due, after, LOOKED_UP)?))
                    .await?;
                let Some(last) = found.last().copied() else { break };
                for batch in found.chunks(BATCH) {
                    let batch = batch.to_vec();
                    self.call(move |engine| engine.retain(run, rule, &due, &batch)).await?;
                }
                after = Some(last);
            }
            let unnamed =
                self.with(move |connection, shared| unnamed(connection, rule, shared.clock.now())).await?;
            for batch in unnamed.chunks(unnamed::BATCH) {
                let batch = batch.to_vec();
                self.call(move |engine| engine.retain_unnamed(run, rule, &batch)).await?;
            }
        }
        self.call(move |engine| engine.end_retention(run)).await
    }

    /// Runs once a day until the relay stops.
    pub async fn retain_daily(self, mut stopped: watch::Receiver<bool>) {
        let mut wait = FIRST_AFTER;
        while tokio::time::timeout(wait, stopped.wait_for(|is_stopping| *is_stopping)).await.is_err() {
            wait = EVERY;
            if let Err(error) = self.begin_retention(true).await {
                tracing::warn!(%error, "retention: the daily run could not begin");
            }
        }
    }
}
