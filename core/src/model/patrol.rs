//! A patrol: one person's tour with legs, pauses, checkpoints, track segments and honest gaps.
//!
//! Distance and duration come from segments alone: nothing is counted across a pause or a gap.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{
    error::{Error, HeldCode, Problem, Result},
    id::{BlobHash, CheckpointId, DocumentId, GridId, Salt},
    model::{
        MAX_TEXT_BYTES,
        note::too_long,
        step::{Origin, RawStep, StepId},
    },
    time::Timestamp,
};

/// Most checkpoints of one route.
pub const MAX_ROUTE: usize = 200;

/// The body of a patrol's record entry: what was set out to do.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PatrolRecord {
    /// Random.
    #[n(0)]
    pub salt: Salt,
    /// What the tour is for, in the member's words; may be empty.
    #[n(1)]
    pub purpose: String,
    /// Where it belongs.
    #[n(2)]
    pub grid: Option<GridId>,
    /// The checkpoints to visit, in order.
    #[n(3)]
    pub route: Vec<CheckpointId>,
}

impl PatrolRecord {
    /// Refuses what no reader would take.
    pub fn check(&self) -> Result<()> {
        if self.purpose.len() > MAX_TEXT_BYTES {
            return Err(too_long(self.purpose.len()));
        }
        if self.route.len() > MAX_ROUTE {
            return Err(Error::invalid(Problem::TooLarge {
                what: "the number of checkpoints",
                found: self.route.len() as u64,
                limit: MAX_ROUTE as u64,
            }));
        }
        Ok(())
    }
}

/// Why the track has a hole. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The person paused.
    #[n(1)]
    Paused,
    /// The phone ended the app, or it crashed, or the phone was off.
    #[n(2)]
    Killed,
    /// No fix could be had.
    #[n(3)]
    NoFix,
    /// The person withdrew the consent to be tracked.
    #[n(4)]
    ConsentWithdrawn,
}

/// One step of a patrol. Numbers are wire format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PatrolStep {
    /// The person paused; the leg ends.
    #[n(1)]
    Paused,
    /// The person went on; a new leg begins.
    #[n(2)]
    Resumed,
    /// A checkpoint was visited.
    #[n(3)]
    Visited {
        /// Which.
        #[n(0)]
        checkpoint: CheckpointId,
        /// How far from it the phone was in metres, if it had a fix.
        #[n(1)]
        distance_m: Option<u32>,
    },
    /// A stretch of path; the positions are in the blob.
    #[n(4)]
    Segment {
        /// The blob with the fixes.
        #[n(0)]
        blob: BlobHash,
        /// How many.
        #[n(1)]
        fixes: u32,
        /// Length in metres.
        #[n(2)]
        distance_m: u32,
        /// Time of the first fix.
        #[n(3)]
        from: Timestamp,
        /// Time of the last fix.
        #[n(4)]
        to: Timestamp,
    },
    /// A hole in the track.
    #[n(5)]
    Gap {
        /// Why.
        #[n(0)]
        reason: GapReason,
        /// Since when.
        #[n(1)]
        from: Timestamp,
        /// Until when.
        #[n(2)]
        to: Timestamp,
    },
    /// The tour is over.
    #[n(6)]
    Finished,
    /// An incident was reported on the way.
    #[n(7)]
    Found {
        /// Which.
        #[n(0)]
        incident: DocumentId,
    },
}

/// Where a patrol stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PatrolState {
    /// Under way.
    Running,
    /// Paused by the person.
    Paused,
    /// Over.
    Finished,
}

impl PatrolState {
    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
        }
    }

    /// The state with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Running, Self::Paused, Self::Finished].into_iter().find(|state| state.as_str() == word)
    }
}

/// A part between pauses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Leg {
    /// Claimed start.
    pub from: Timestamp,
    /// Claimed end; none while it lasts.
    pub to: Option<Timestamp>,
}

/// A hole in the track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Gap {
    /// Why.
    pub reason: GapReason,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

/// A visited checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Visited {
    /// Which.
    pub checkpoint: CheckpointId,
    /// When, as claimed.
    pub at: Timestamp,
    /// How far from it the phone was in metres, if it had a fix.
    pub distance_m: Option<u32>,
}

/// What a patrol's working document amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Patrol {
    /// Where it stands.
    pub state: PatrolState,
    /// Parts between pauses.
    pub legs: Vec<Leg>,
    /// Checkpoints visited, each once.
    pub visited: Vec<Visited>,
    /// Checkpoints of the route not visited yet. With [`Patrol::visited`] the coverage.
    pub left: Vec<CheckpointId>,
    /// Blobs of the track.
    pub segments: Vec<BlobHash>,
    /// Sum over segments, in metres.
    pub distance_m: u64,
    /// Sum over segments, in seconds.
    pub tracked_s: u64,
    /// Claimed time of the last fix in a segment.
    pub tracked_until: Option<Timestamp>,
    /// Holes, with their reasons.
    pub gaps: Vec<Gap>,
    /// Incidents reported on the way.
    pub incidents: Vec<DocumentId>,
    /// Which steps took no effect, because the patrol was over or paused.
    pub without_effect: Vec<StepId>,
}

impl Patrol {
    /// Folds the steps over the record.
    pub fn fold(record: &PatrolRecord, origin: &Origin, steps: &[RawStep]) -> Self {
        let mut patrol = Self {
            state: PatrolState::Running,
            legs: vec![Leg { from: origin.claimed_at, to: None }],
            visited: Vec::new(),
            left: record.route.clone(),
            segments: Vec::new(),
            distance_m: 0,
            tracked_s: 0,
            tracked_until: None,
            gaps: Vec::new(),
            incidents: Vec::new(),
            without_effect: Vec::new(),
        };
        for raw in steps {
            let Ok(step) = super::decode::<PatrolStep>(&raw.body, "a patrol's step") else { continue };
            if patrol.allows(&step).is_err() {
                patrol.without_effect.push(raw.id);
                continue;
            }
            patrol.take(step, raw.origin.claimed_at);
        }
        patrol
    }

    /// Whether the step is possible now. Segments and gaps may come late, from before a pause.
    pub fn allows(&self, step: &PatrolStep) -> Result<(), HeldCode> {
        let is_possible = match step {
            PatrolStep::Paused => self.state == PatrolState::Running,
            PatrolStep::Resumed => self.state == PatrolState::Paused,
            PatrolStep::Visited { .. } | PatrolStep::Finished => self.state != PatrolState::Finished,
            PatrolStep::Segment { .. } | PatrolStep::Gap { .. } | PatrolStep::Found { .. } => true,
        };
        if is_possible { Ok(()) } else { Err(HeldCode::WrongState) }
    }

    /// The patrol as it would be after a step that [`Patrol::allows`]; for judging several steps of one
    /// change.
    pub fn foresee(&mut self, step: PatrolStep, at: Timestamp) {
        self.take(step, at);
    }

    fn take(&mut self, step: PatrolStep, at: Timestamp) {
        match step {
            PatrolStep::Paused => {
                self.end_leg(at);
                self.state = PatrolState::Paused;
            }
            PatrolStep::Resumed => {
                self.legs.push(Leg { from: at, to: None });
                self.state = PatrolState::Running;
            }
            PatrolStep::Visited { checkpoint, distance_m } => {
                self.left.retain(|left| *left != checkpoint);
                if !self.visited.iter().any(|visited| visited.checkpoint == checkpoint) {
                    self.visited.push(Visited { checkpoint, at, distance_m });
                }
            }
            PatrolStep::Segment { blob, distance_m, from, to, .. } => {
                if !self.segments.contains(&blob) {
                    self.segments.push(blob);
                    self.tracked_until = self.tracked_until.max(Some(to));
                    self.distance_m = self.distance_m.saturating_add(distance_m.into());
                    self.tracked_s = self.tracked_s.saturating_add(to.since(from).as_secs());
                }
            }
            PatrolStep::Gap { reason, from, to } => self.gaps.push(Gap { reason, from, to }),
            PatrolStep::Found { incident } => {
                if !self.incidents.contains(&incident) {
                    self.incidents.push(incident);
                }
            }
            PatrolStep::Finished => {
                self.end_leg(at);
                self.state = PatrolState::Finished;
            }
        }
    }

    fn end_leg(&mut self, at: Timestamp) {
        if let Some(leg) = self.legs.last_mut() {
            leg.to.get_or_insert(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::EntryId,
        model::{encode, step::Author},
    };

    fn origin(second: i64) -> Origin {
        Origin {
            entry: EntryId::ZERO,
            author: Author::You,
            claimed_at: Timestamp::from_millis(second * 1_000),
            received_at: None,
        }
    }

    fn fold(steps: &[PatrolStep]) -> Patrol {
        let record = PatrolRecord {
            salt: Salt::ZERO,
            purpose: String::new(),
            grid: None,
            route: vec![CheckpointId::new("a").unwrap(), CheckpointId::new("b").unwrap()],
        };
        let raw: Vec<RawStep> = steps
            .iter()
            .enumerate()
            .map(|(index, step)| RawStep {
                id: StepId::derive(&[0; 16], u16::try_from(index).unwrap(), 0),
                body: encode(step),
                origin: origin(60 * (1 + i64::try_from(index).unwrap())),
                is_latest: false,
            })
            .collect();
        Patrol::fold(&record, &origin(0), &raw)
    }

    fn segment(hash: u8, from: i64, to: i64) -> PatrolStep {
        PatrolStep::Segment {
            blob: BlobHash::new([hash; 32]),
            fixes: 10,
            distance_m: 100,
            from: Timestamp::from_millis(from * 1_000),
            to: Timestamp::from_millis(to * 1_000),
        }
    }

    #[test]
    fn nothing_is_counted_across_a_gap() {
        let gap = PatrolStep::Gap {
            reason: GapReason::Killed,
            from: Timestamp::from_millis(60_000),
            to: Timestamp::from_millis(6_000_000),
        };
        let patrol = fold(&[segment(1, 0, 60), gap, segment(2, 6_000, 6_060), PatrolStep::Finished]);
        assert_eq!((patrol.distance_m, patrol.tracked_s), (200, 120));
        assert_eq!(patrol.gaps.len(), 1);
    }

    #[test]
    fn a_pause_ends_a_leg_and_a_resume_begins_one() {
        let patrol = fold(&[PatrolStep::Paused, PatrolStep::Resumed, PatrolStep::Finished]);
        let legs: Vec<_> = patrol.legs.iter().map(|leg| leg.to.unwrap().since(leg.from).as_secs()).collect();
        assert_eq!(legs, [60, 60]);
    }

    #[test]
    fn a_checkpoint_counts_once_and_nothing_counts_after_the_end() {
        let visit = |code: &str| PatrolStep::Visited {
            checkpoint: CheckpointId::new(code).unwrap(),
            distance_m: Some(12),
        };
        let patrol = fold(&[visit("a"), visit("a"), PatrolStep::Finished, visit("b")]);
        assert_eq!(patrol.visited.len(), 1);
        assert_eq!(patrol.left, [CheckpointId::new("b").unwrap()]);
        assert_eq!(patrol.without_effect.len(), 1);
    }

    #[test]
    fn the_same_segment_twice_counts_once() {
        let patrol = fold(&[segment(1, 0, 60), segment(1, 0, 60)]);
        assert_eq!((patrol.distance_m, patrol.tracked_s), (100, 60));
    }
}
