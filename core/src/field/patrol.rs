//! A patrol under way: started by the person, every fix kept, every gap declared.

use super::{Field, Inner};
use crate::{
    document::Record,
    entry::{BodyType, Entry},
    error::{Error, HeldCode, Result},
    id::{CheckpointId, DocumentId, GridId},
    model::{
        DocumentKind,
        blob::BlobKind,
        encode,
        patrol::{GapReason, PatrolRecord, PatrolState, PatrolStep},
        track::{GAP_AFTER_S, TrackFix, TrackSegment},
    },
    store::Mine,
    time::Timestamp,
    view::PatrolView,
};

/// A segment is closed after so many fixes: 20 minutes at one each five seconds.
const SEGMENT_FIXES: usize = 240;

impl Field {
    /// Begins a patrol. There can be one at a time.
    pub fn start_patrol(
        &self,
        purpose: &str,
        grid: Option<GridId>,
        route: Vec<CheckpointId>,
    ) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        if inner.store.open_patrol()?.is_some() {
            return Err(Error::Refused { code: HeldCode::WrongState });
        }
        let record = PatrolRecord { salt: inner.salt(), purpose: purpose.trim().to_owned(), grid, route };
        record.check()?;
        let document = DocumentId::at(now, inner.store.random_bytes());
        let entry = Entry::new(document, DocumentKind::Patrol, now, BodyType::Record, encode(&record))?;
        let rights = inner.rights()?;
        inner.store.append(vec![entry], &rights)?;
        inner.was_killed = false;
        Ok(document)
    }

    /// The patrol that is not finished; after a restart of the app it is still this one.
    pub fn open_patrol(&self) -> Result<Option<DocumentId>> {
        self.inner().store.open_patrol()
    }

    /// Keeps one fix of the patrol under way. A silence before it becomes a gap with its reason.
    pub fn patrol_fix(&self, fix: TrackFix) -> Result<()> {
        let mut inner = self.inner();
        let patrol = inner.running()?;
        let last = inner.last_known(patrol)?;
        if fix.at.since(last).as_secs() > GAP_AFTER_S {
            inner.close_segment(patrol, fix.at, Overlap::None)?;
            let reason = if inner.was_killed { GapReason::Killed } else { GapReason::NoFix };
            inner.patrol_step(patrol, &PatrolStep::Gap { reason, from: last, to: fix.at }, fix.at)?;
        } else if last.since(fix.at).as_secs() > GAP_AFTER_S {
            // The phone's clock was set back: no stretch reaches from one reckoning into the other.
            inner.close_segment(patrol, fix.at, Overlap::None)?;
        }
        inner.was_killed = false;
        inner.store.add_fix(patrol, fix)?;
        if inner.store.fixes(patrol)?.len() >= SEGMENT_FIXES {
            inner.close_segment(patrol, fix.at, Overlap::LastFix)?;
        }
        Ok(())
    }

    /// The person pauses: the leg ends and nothing is recorded.
    pub fn pause_patrol(&self) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let patrol = inner.running()?;
        inner.close_segment(patrol, now, Overlap::None)?;
        inner.patrol_step(patrol, &PatrolStep::Paused, now)
    }

    /// The person goes on; the pause becomes a gap.
    pub fn resume_patrol(&self) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let patrol = inner.store.open_patrol()?.ok_or(Error::Refused { code: HeldCode::WrongState })?;
        let paused_at = inner.leg_end(patrol)?.ok_or(Error::Refused { code: HeldCode::WrongState })?;
        inner.patrol_step(patrol, &PatrolStep::Resumed, now)?;
        inner.was_killed = false;
        inner.patrol_step(
            patrol,
            &PatrolStep::Gap { reason: GapReason::Paused, from: paused_at, to: now },
            now,
        )
    }

    /// Notes a visit to a checkpoint.
    pub fn visit_checkpoint(&self, checkpoint: CheckpointId, distance_m: Option<u32>) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let patrol = inner.running()?;
        inner.patrol_step(patrol, &PatrolStep::Visited { checkpoint, distance_m }, now)
    }

    /// Ends the patrol.
    pub fn finish_patrol(&self) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let patrol = inner.store.open_patrol()?.ok_or(Error::Refused { code: HeldCode::WrongState })?;
        if inner.leg_end(patrol)?.is_none() {
            let last = inner.last_known(patrol)?;
            inner.close_segment(patrol, now, Overlap::None)?;
            if now.since(last).as_secs() > GAP_AFTER_S {
                let reason = if inner.was_killed { GapReason::Killed } else { GapReason::NoFix };
                inner.patrol_step(patrol, &PatrolStep::Gap { reason, from: last, to: now }, now)?;
            }
        }
        inner.was_killed = false;
        inner.patrol_step(patrol, &PatrolStep::Finished, now)
    }

    /// One patrol with everything that this phone may know of it.
    pub fn patrol(&self, document: DocumentId) -> Result<PatrolView> {
        let inner = self.inner();
        let found = inner.store.document(document)?;
        let row = inner.store.row(document)?;
        let (Some(patrol), Some(captured)) = (found.patrol(), found.captured()) else {
            return Err(Error::NotFound { document });
        };
        let Record::Patrol(record) = &captured.record else { return Err(Error::NotFound { document }) };
        Ok(PatrolView { row, purpose: record.purpose.clone(), patrol, stored: inner.store.stored(document)? })
    }

    /// Patrols, newest first.
    pub fn patrols(&self, whose: Mine, limit: u32, offset: u32) -> Result<Vec<PatrolView>> {
        let rows = self.inner().store.patrols(whose, limit, offset)?;
        rows.into_iter().map(|row| self.patrol(row.document)).collect()
    }
}

/// Whether the next segment begins with the fix that this one ends with, because nothing is missing in
/// between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overlap {
    LastFix,
    None,
}

impl Inner {
    fn running(&self) -> Result<DocumentId> {
        let refused = Error::Refused { code: HeldCode::WrongState };
        let Some(document) = self.store.open_patrol()? else { return Err(refused) };
        match self.store.document(document)?.patrol() {
            Some(patrol) if patrol.state == PatrolState::Running => Ok(document),
            _ => Err(refused),
        }
    }

    /// End of the last leg, if the patrol is paused.
    fn leg_end(&self, patrol: DocumentId) -> Result<Option<Timestamp>> {
        let found = self.store.document(patrol)?.patrol();
        Ok(found.and_then(|patrol| patrol.legs.last().and_then(|leg| leg.to)))
    }

    /// The last moment of which this patrol knows where it was: the last fix; without one the end of a
    /// segment or gap, or the beginning of the leg.
    fn last_known(&self, document: DocumentId) -> Result<Timestamp> {
        if let Some(fix) = self.store.fixes(document)?.last() {
            return Ok(fix.at);
        }
        let patrol = self.store.document(document)?.patrol().ok_or(Error::NotFound { document })?;
        let leg = patrol.legs.last().map(|leg| leg.from);
        let gap = patrol.gaps.iter().map(|gap| gap.to).max();
        let known = [leg, gap, patrol.tracked_until].into_iter().flatten().max();
        known.ok_or(Error::Corrupt("a patrol without a leg"))
    }

    /// Makes a segment of the fixes that are in none. Done again after a crash it makes the same blob,
    /// which counts once.
    fn close_segment(&mut self, patrol: DocumentId, at: Timestamp, overlap: Overlap) -> Result<()> {
        let fixes = self.store.fixes(patrol)?;
        let (Some(first), Some(last)) = (fixes.first().copied(), fixes.last().copied()) else {
            return Ok(());
        };
        // The end of the last segment, kept to begin this one, is no stretch of its own; any other fix is one,
        // even alone: phones that end the app after each fix leave no others.
        let until = self.store.document(patrol)?.patrol().and_then(|patrol| patrol.tracked_until);
        if fixes.len() > 1 || until != Some(first.at) {
            let segment = TrackSegment { fixes };
            let blob = self.store.add_blob(&segment.to_bytes(), BlobKind::Track, None, at)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a walk's metres")]
            let distance_m = segment.distance_m().round() as u32;
            let fixes = u32::try_from(segment.fixes.len()).unwrap_or(u32::MAX);
            let step = PatrolStep::Segment { blob, fixes, distance_m, from: first.at, to: last.at };
            self.patrol_step(patrol, &step, at)?;
        }
        let keep_from = match overlap {
            Overlap::LastFix => last.at,
            Overlap::None => Timestamp::from_millis(last.at.millis().saturating_add(1)),
        };
        self.store.drop_fixes(patrol, keep_from)
    }

    fn patrol_step(&mut self, patrol: DocumentId, step: &PatrolStep, at: Timestamp) -> Result<()> {
        let change = self.store.edit(patrol, &[encode(step)], &[])?;
        let entry = Entry::new(patrol, DocumentKind::Patrol, at, BodyType::Change, change)?;
        let rights = self.rights()?;
        self.store.append(vec![entry], &rights)
    }
}
