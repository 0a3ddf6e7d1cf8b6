//! A patrol under way: started by the person, every fix kept, every gap declared.

use std::time::Duration;

use super::{Field, Inner};
use crate::{
    document::{Document, Record},
    entry::{BodyType, Entry},
    error::{Error, HeldCode, Result},
    id::{CheckpointId, DocumentId, GridId},
    model::{
        DocumentKind,
        consent::ConsentKind,
        encode,
        patrol::{GapReason, PatrolRecord, PatrolState, PatrolStep},
        step::Author,
        track::{GAP_AFTER_S, TrackFix},
    },
    rows::PatrolRow,
    seeded::{self, Seeded},
    store::Mine,
    time::Timestamp,
    view::PatrolView,
};

/// A segment is closed after so many fixes: 20 minutes at one each five seconds.
const SEGMENT_FIXES: usize = 240;
/// A patrol that is under way for longer was probably forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);
/// So many changes of a patrol's document are kept for pausing and ending it.
const ROOM_FOR_THE_END: usize = 256;

impl Field {
    /// Begins a patrol. There can be one at a time; one that was forgotten for more than a day is ended first.
    pub fn start_patrol(
        &self,
        purpose: &str,
        grid: Option<GridId>,
        route: Vec<CheckpointId>,
    ) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        inner.check_consent(ConsentKind::Position)?;
        if let Some(open) = inner.store.open_patrol()? {
            inner.leave_forgotten(open, now)?;
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

    /// Keeps one fix of the patrol under way. A silence before it becomes a gap with its reason. Refused without
    /// consent, and when the patrol has room for its end alone.
    pub fn patrol_fix(&self, fix: TrackFix) -> Result<()> {
        let mut inner = self.inner();
        inner.check_consent(ConsentKind::Position)?;
        let document = inner.running()?;
        Inner::check_room(&document)?;
        let patrol = document.id();
        let last = inner.last_known(patrol)?;
        // The phone's clock was set back: no stretch reaches from one reckoning into the other.
        let is_set_back = last.since(fix.at).as_secs() > GAP_AFTER_S;
        let silence = inner.silence(last, fix.at)?;
        if (is_set_back || silence.is_some()) && !seeded::is_on(Seeded::GapCounted) {
            // Of what stood still between two silences there is one change for each, and not two.
            inner.track(patrol, Overlap::None, silence.as_slice(), fix.at)?;
        }
        inner.was_killed = false;
        inner.store.add_fix(patrol, fix)?;
        if inner.store.fixes(patrol)?.len() >= SEGMENT_FIXES {
            inner.track(patrol, Overlap::LastFix, &[], fix.at)?;
        }
        Ok(())
    }

    /// The person pauses: the leg ends and nothing is recorded.
    pub fn pause_patrol(&self) -> Result<()> {
        let now = self.now();
        self.inner().pause(now)
    }

    /// The person goes on; the pause becomes a gap.
    pub fn resume_patrol(&self) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let patrol = inner.store.open_patrol()?.ok_or(Error::Refused { code: HeldCode::WrongState })?;
        inner.check_consent(ConsentKind::Position)?;
        Inner::check_room(&inner.store.document(patrol)?)?;
        let paused_at = inner.leg_end(patrol)?.ok_or(Error::Refused { code: HeldCode::WrongState })?;
        let is_refused = inner.refused_at()?.is_some_and(|at| at >= paused_at);
        let reason = if is_refused { GapReason::ConsentWithdrawn } else { GapReason::Paused };
        let gap = PatrolStep::Gap { reason, from: paused_at, to: now };
        inner.patrol_steps(patrol, &[PatrolStep::Resumed, gap], None, now)?;
        inner.was_killed = false;
        Ok(())
    }

    /// Notes a visit to a checkpoint.
    pub fn visit_checkpoint(&self, checkpoint: CheckpointId, distance_m: Option<u32>) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let document = inner.running()?;
        Inner::check_room(&document)?;
        let visited = PatrolStep::Visited { checkpoint, distance_m };
        inner.patrol_steps(document.id(), &[visited], None, now)
    }

    /// Ends the patrol.
    pub fn finish_patrol(&self) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let patrol = inner.store.open_patrol()?.ok_or(Error::Refused { code: HeldCode::WrongState })?;
        inner.finish(patrol, now)
    }

    /// One patrol with everything that this phone may know of it.
    pub fn patrol(&self, document: DocumentId) -> Result<PatrolView> {
        let now = self.now();
        let inner = self.inner();
        let found = inner.store.document(document)?;
        let row: PatrolRow = inner.store.row(document)?;
        let (Some(patrol), Some(captured)) = (found.patrol(), found.captured()) else {
            return Err(Error::NotFound { document });
        };
        let Record::Patrol(record) = &captured.record else { return Err(Error::NotFound { document }) };
        Ok(PatrolView {
            is_forgotten: is_forgotten(&row, now),
            row,
            purpose: record.purpose.clone(),
            patrol,
            stored: inner.store.stored(document)?,
        })
    }

    /// Patrols, newest first.
    pub fn patrols(&self, whose: Mine, limit: u32, offset: u32) -> Result<Vec<PatrolView>> {
        let rows = self.inner().store.patrols(whose, limit, offset)?;
        rows.into_iter().map(|row| self.patrol(row.document)).collect()
    }
}

/// Under way, the person's own, and for so long that they have probably forgotten it.
fn is_forgotten(row: &PatrolRow, now: Timestamp) -> bool {
    let is_own = row.author == Author::You && row.state != PatrolState::Finished;
    is_own && now.since(row.started_at) > FORGOTTEN_AFTER
}

/// Whether the next segment begins with the fix that this one ends with, because nothing is missing in
/// between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overlap {
    LastFix,
    None,
}

impl Inner {
    /// A patrol is under way and not paused.
    pub(super) fn is_walking(&self) -> Result<bool> {
        match self.running() {
            Ok(_) => Ok(true),
            Err(Error::Refused { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn pause(&mut self, now: Timestamp) -> Result<()> {
        let patrol = self.running()?.id();
        let last = self.last_known(patrol)?;
        let mut steps: Vec<PatrolStep> = self.silence(last, now)?.into_iter().collect();
        steps.push(PatrolStep::Paused);
        self.track(patrol, Overlap::None, &steps, now)?;
        self.was_killed = false;
        Ok(())
    }

    fn finish(&mut self, patrol: DocumentId, now: Timestamp) -> Result<()> {
        let mut steps = Vec::new();
        if self.leg_end(patrol)?.is_none() {
            let last = self.last_known(patrol)?;
            steps.extend(self.silence(last, now)?);
        }
        steps.push(PatrolStep::Finished);
        self.track(patrol, Overlap::None, &steps, now)?;
        self.was_killed = false;
        Ok(())
    }

    /// Ends a patrol that was forgotten, so that another can begin. One that can't be ended any more, because it is
    /// damaged, is left as it is: it must not keep the person from their work.
    fn leave_forgotten(&mut self, patrol: DocumentId, now: Timestamp) -> Result<()> {
        let is_forgotten = match self.store.document(patrol) {
            Ok(_) => is_forgotten(&self.store.row(patrol)?, now),
            Err(Error::Corrupt(_)) => true,
            Err(error) => return Err(error),
        };
        if !is_forgotten {
            return Err(Error::Refused { code: HeldCode::WrongState });
        }
        if let Err(error) = self.finish(patrol, now) {
            tracing::warn!(document = %patrol, %error, "a forgotten patrol could not be ended");
        }
        Ok(())
    }

    /// Refuses what is not the end of a patrol while there is room for little else: that always fits.
    pub(super) fn check_room(patrol: &Document) -> Result<()> {
        match patrol.room() {
            room if room > ROOM_FOR_THE_END => Ok(()),
            _ => Err(Error::Refused { code: HeldCode::Quota }),
        }
    }

    fn running(&self) -> Result<Document> {
        let refused = Error::Refused { code: HeldCode::WrongState };
        let Some(document) = self.store.open_patrol()? else { return Err(refused) };
        let document = self.store.document(document)?;
        match document.patrol() {
            Some(patrol) if patrol.state == PatrolState::Running => Ok(document),
            _ => Err(refused),
        }
    }

    /// The gap between two moments, if they are so far apart that there is one.
    fn silence(&self, from: Timestamp, to: Timestamp) -> Result<Option<PatrolStep>> {
        if to.since(from).as_secs() <= GAP_AFTER_S {
            return Ok(None);
        }
        let is_refused = self.refused_at()?.is_some_and(|at| (from..to).contains(&at));
        let reason = match (is_refused, self.was_killed) {
            (true, _) => GapReason::ConsentWithdrawn,
            (false, true) => GapReason::Killed,
            (false, false) => GapReason::NoFix,
        };
        Ok(Some(PatrolStep::Gap { reason, from, to }))
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

    /// Makes a segment of the fixes that are in none and takes these steps after it, all in one change.
    fn track(
        &mut self,
        patrol: DocumentId,
        overlap: Overlap,
        then: &[PatrolStep],
        at: Timestamp,
    ) -> Result<()> {
        let fixes = self.store.fixes(patrol)?;
        let (Some(first), Some(last)) = (fixes.first().copied(), fixes.last().copied()) else {
            return self.patrol_steps(patrol, then, None, at);
        };
        let mut steps = Vec::new();
        // The end of the last segment, kept to begin this one, is no stretch of its own; any other fix is one,
        // even alone: phones that end the app after each fix leave no others.
        let until = self.store.document(patrol)?.patrol().and_then(|patrol| patrol.tracked_until);
        if fixes.len() > 1 || until != Some(first.at) {
            steps.extend(self.store.add_segment(fixes, at)?);
        }
        steps.extend_from_slice(then);
        let keep_from = match overlap {
            Overlap::LastFix => last.at,
            Overlap::None => Timestamp::from_millis(last.at.millis().saturating_add(1)),
        };
        self.patrol_steps(patrol, &steps, Some(keep_from), at)
    }

    /// Takes steps in one change and drops the fixes before `keep_from`, both or neither.
    fn patrol_steps(
        &mut self,
        patrol: DocumentId,
        steps: &[PatrolStep],
        keep_from: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<()> {
        if steps.is_empty() {
            return keep_from.map_or(Ok(()), |before| self.store.drop_fixes(patrol, before));
        }
        let rights = self.rights()?;
        self.store.append_patrol_steps(patrol, steps, keep_from, at, &rights)
    }
}
