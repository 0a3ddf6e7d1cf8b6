//! A warning: a hazard, its level, and who watches which place.
//!
//! Every word of the command centre about the level carries its number and everything that then holds, so
//! that the right level shows whatever came late or in another order.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, HeldCode, Problem, Result},
    geo::Position,
    id::{BlobHash, GridId, HazardId, MemberId, Salt},
    model::{
        MAX_TEXT_BYTES,
        audience::Audience,
        incident::MAX_PHOTOS,
        note::too_long,
        step::{Origin, RawStep, StepId},
    },
    time::Timestamp,
};

/// Most places to watch in one warning.
pub const MAX_POSTS: usize = 500;

/// How bad it is. A label stands beside the colour wherever one is shown. Numbers are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum WarningLevel {
    /// 蓝
    #[n(1)]
    Blue,
    /// 黄
    #[n(2)]
    Yellow,
    /// 橙
    #[n(3)]
    Orange,
    /// 红
    #[n(4)]
    Red,
}

impl WarningLevel {
    /// All, mildest first.
    pub const ALL: [Self; 4] = [Self::Blue, Self::Yellow, Self::Orange, Self::Red];

    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }

    /// The number in SQL; larger is worse.
    pub const fn number(self) -> u8 {
        match self {
            Self::Blue => 1,
            Self::Yellow => 2,
            Self::Orange => 3,
            Self::Red => 4,
        }
    }

    /// The level with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

/// A place to watch, and who watches it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct RiskPost {
    /// Its number within the warning.
    #[n(0)]
    pub id: u16,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// Its grid.
    #[n(2)]
    pub grid: Option<GridId>,
    /// Who answers for it.
    #[n(3)]
    pub member: Option<MemberId>,
    /// Where.
    #[n(4)]
    pub position: Option<Position>,
}

/// The body of a warning's record entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct WarningRecord {
    /// Random.
    #[n(0)]
    #[serde(skip)]
    pub salt: Salt,
    /// What it is about.
    #[n(1)]
    pub hazard: HazardId,
    /// How bad at first.
    #[n(2)]
    pub level: WarningLevel,
    /// In a line.
    #[n(3)]
    pub title: String,
    /// What to do.
    #[n(4)]
    pub text: String,
    /// In force from then on.
    #[n(5)]
    pub from_at: Timestamp,
    /// In force until then, at first.
    #[n(6)]
    pub until_at: Timestamp,
    /// Whom it is for.
    #[n(7)]
    pub audience: Audience,
    /// Places to watch.
    #[n(8)]
    pub posts: Vec<RiskPost>,
    /// Those who watch are asked how it is there.
    #[n(9)]
    pub asks_report: bool,
    /// Photos and maps.
    #[n(10)]
    pub photos: Vec<BlobHash>,
}

impl WarningRecord {
    /// Refuses what no reader would take.
    pub fn check(&self) -> Result<()> {
        let bytes =
            self.title.len() + self.text.len() + self.posts.iter().map(|post| post.name.len()).sum::<usize>();
        if bytes > 4 * MAX_TEXT_BYTES {
            return Err(too_long(bytes));
        }
        let mut problems = Vec::new();
        if self.title.trim().is_empty() {
            problems.push(Problem::Missing("the title"));
        }
        if self.until_at <= self.from_at {
            problems.push(Problem::Missing("an end after the beginning"));
        }
        for (what, found, limit) in [
            ("the number of photos", self.photos.len(), MAX_PHOTOS),
            ("the number of places to watch", self.posts.len(), MAX_POSTS),
        ] {
            if found > limit {
                problems.push(Problem::TooLarge { what, found: found as u64, limit: limit as u64 });
            }
        }
        if !problems.is_empty() {
            return Err(Error::Invalid { problems });
        }
        self.audience.check()
    }
}

/// How it is at a post. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum PostReport {
    /// Nothing is wrong.
    #[n(1)]
    Safe,
    /// It is watched.
    #[n(2)]
    Watching,
    /// People are being moved.
    #[n(3)]
    Moving,
    /// Help is needed.
    #[n(4)]
    NeedHelp,
}

/// One step of a warning. Numbers are wire format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum WarningStep {
    /// The command centre raises, lowers or extends it.
    #[n(1)]
    Set {
        /// Counts up from 1; the record is issue 0.
        #[n(0)]
        issue: u16,
        /// The level from now on.
        #[n(1)]
        level: WarningLevel,
        /// In force until then.
        #[n(2)]
        until_at: Timestamp,
    },
    /// The command centre ends it before its time.
    #[n(2)]
    Ended {
        /// Counts with the others.
        #[n(0)]
        issue: u16,
    },
    /// Somebody has read it.
    #[n(3)]
    Acknowledged {
        /// Who.
        #[n(0)]
        member: MemberId,
        /// Up to which issue.
        #[n(1)]
        issue: u16,
    },
    /// How it is at a post.
    #[n(4)]
    Reported {
        /// Who says so.
        #[n(0)]
        member: MemberId,
        /// Where; none for their own place.
        #[n(1)]
        post: Option<u16>,
        /// How it is.
        #[n(2)]
        report: PostReport,
        /// How many people are safe there.
        #[n(3)]
        people: Option<u16>,
    },
}

impl WarningStep {
    /// Who speaks, if it is a member.
    pub fn member(&self) -> Option<&MemberId> {
        match self {
            Self::Acknowledged { member, .. } | Self::Reported { member, .. } => Some(member),
            Self::Set { .. } | Self::Ended { .. } => None,
        }
    }
}

/// Where a warning stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WarningState {
    /// Announced for later.
    Announced,
    /// In force.
    InForce,
    /// Its time has passed.
    Expired,
    /// The command centre ended it.
    Ended,
}

impl WarningState {
    /// Where a warning with these times stands at `now`.
    pub fn at(now: Timestamp, from_at: Timestamp, until_at: Timestamp, is_ended: bool) -> Self {
        if is_ended {
            Self::Ended
        } else if now >= until_at {
            Self::Expired
        } else if now < from_at {
            Self::Announced
        } else {
            Self::InForce
        }
    }
}

/// One word of the command centre about the level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Issue {
    /// Its number; 0 is the record.
    pub issue: u16,
    /// The level from then on; none if it ended the warning.
    pub level: Option<WarningLevel>,
    /// In force until then.
    pub until_at: Timestamp,
    /// When it was said.
    pub at: Timestamp,
}

/// What was last heard of a post or person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Who said so.
    pub member: MemberId,
    /// Where; none for their own place.
    pub post: Option<u16>,
    /// How it is.
    pub report: PostReport,
    /// How many people are safe there.
    pub people: Option<u16>,
    /// When.
    pub at: Timestamp,
}

/// What a warning's working document amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The level now; the last one if it ended.
    pub level: WarningLevel,
    /// In force from then on.
    pub from_at: Timestamp,
    /// In force until then.
    pub until_at: Timestamp,
    /// The command centre ended it.
    pub is_ended: bool,
    /// The last issue.
    pub issue: u16,
    /// Every issue, in order of their numbers.
    pub issues: Vec<Issue>,
    /// Who has read it, up to which issue and when.
    pub acknowledged: BTreeMap<MemberId, (u16, Timestamp)>,
    /// The last report of each person about each post, in the document's order.
    pub heard: Vec<Heard>,
    /// Steps that took no effect.
    pub without_effect: Vec<StepId>,
}

impl Warning {
    /// Folds the steps over the record.
    pub fn fold(record: &WarningRecord, origin: &Origin, steps: &[RawStep]) -> Self {
        let first = Issue { issue: 0, level: Some(record.level), until_at: record.until_at, at: origin.at() };
        let mut warning = Self {
            level: record.level,
            from_at: record.from_at,
            until_at: record.until_at,
            is_ended: false,
            issue: 0,
            issues: vec![first],
            acknowledged: BTreeMap::new(),
            heard: Vec::new(),
            without_effect: Vec::new(),
        };
        for raw in steps {
            let Ok(step) = super::decode::<WarningStep>(&raw.body, "a warning's step") else { continue };
            warning.take(step, raw.origin.at());
        }
        warning.settle();
        warning
    }

    /// Whether the step is possible now. What members say always is: it must not get lost over the order of
    /// arrival.
    pub fn allows(&self, step: &WarningStep) -> Result<(), HeldCode> {
        let is_possible = match step {
            WarningStep::Set { issue, .. } | WarningStep::Ended { issue } => *issue > 0 && !self.is_ended,
            WarningStep::Acknowledged { .. } | WarningStep::Reported { .. } => true,
        };
        if is_possible { Ok(()) } else { Err(HeldCode::WrongState) }
    }

    /// The warning after one more step.
    pub fn take(&mut self, step: WarningStep, at: Timestamp) {
        match step {
            WarningStep::Set { issue, level, until_at } => {
                self.issues.push(Issue { issue, level: Some(level), until_at, at });
                self.settle();
            }
            WarningStep::Ended { issue } => {
                self.issues.push(Issue { issue, level: None, until_at: at, at });
                self.settle();
            }
            WarningStep::Acknowledged { member, issue } => {
                let known = self.acknowledged.entry(member).or_insert((issue, at));
                if known.0 < issue {
                    *known = (issue, at);
                }
            }
            WarningStep::Reported { member, post, report, people } => {
                self.heard.retain(|heard| heard.member != member || heard.post != post);
                self.heard.push(Heard { member, post, report, people, at });
            }
        }
    }

    /// The highest issue holds; of two with one number the more severe, and a level before an end.
    fn settle(&mut self) {
        self.issues.sort_by_key(|issue| (issue.issue, issue.level, issue.until_at));
        let Some(last) = self.issues.last() else { return };
        self.issue = last.issue;
        self.until_at = last.until_at;
        self.is_ended = last.level.is_none();
        let level = self.issues.iter().rev().find_map(|issue| issue.level);
        self.level = level.unwrap_or(self.level);
    }

    /// Where it stands at `now`.
    pub fn state_at(&self, now: Timestamp) -> WarningState {
        WarningState::at(now, self.from_at, self.until_at, self.is_ended)
    }

    /// Posts from which help was asked for last.
    pub fn need_help(&self) -> impl Iterator<Item = &Heard> {
        self.heard.iter().filter(|heard| heard.report == PostReport::NeedHelp)
    }
}
