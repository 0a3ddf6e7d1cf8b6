//! How long each kind is kept: what a careful clerk would choose, unless the township says otherwise.

use std::{str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::{Error, Problem},
    model::DocumentKind,
    time::Timestamp,
};

use crate::{
    db::{self, Connection},
    relay::error::Result,
};

const DAY: Duration = Duration::from_hours(24);
/// A twelfth of a year.
const MONTH: Duration = Duration::from_mins(43_830);
/// A hundred years.
const MOST: u64 = 1_200;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RetentionKind)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Settled incidents.
    Incidents,
    /// Photos and recordings of settled incidents.
    Media,
    /// Names and phones of callers in settled incidents that other systems handed over.
    Contacts,
    /// Finished patrols.
    Patrols,
    /// Exact tracks of finished patrols: coarse ones stand for them afterwards.
    Tracks,
    /// Visits.
    Visits,
    /// Households that are no longer looked after.
    Households,
    /// Tasks that are closed or called off.
    Tasks,
    /// Warnings that are over.
    Warnings,
    /// Notices that are withdrawn or over.
    Notices,
}

/// What a rule's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RetentionUnit)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Days.
    Days,
    /// Months.
    Months,
}

impl Rule {
    /// All.
    pub const ALL: [Self; 10] = [
        Self::Incidents,
        Self::Media,
        Self::Contacts,
        Self::Patrols,
        Self::Tracks,
        Self::Visits,
        Self::Households,
        Self::Tasks,
        Self::Warnings,
        Self::Notices,
    ];

    /// The word in SQL, JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incidents => "incidents",
            Self::Media => "media",
            Self::Contacts => "contacts",
            Self::Patrols => "patrols",
            Self::Tracks => "tracks",
            Self::Visits => "visits",
            Self::Households => "households",
            Self::Tasks => "tasks",
            Self::Warnings => "warnings",
            Self::Notices => "notices",
        }
    }

    /// What its number counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Tracks => Unit::Days,
            _ => Unit::Months,
        }
    }

    /// Unless the township says otherwise.
    pub const fn default_amount(self) -> u64 {
        match self {
            Self::Incidents | Self::Warnings => 60,
            Self::Media | Self::Patrols | Self::Visits | Self::Tasks => 36,
            Self::Tracks => 90,
            Self::Households | Self::Contacts => 12,
            Self::Notices => 24,
        }
    }

    /// Of which kind of document.
    pub const fn document(self) -> DocumentKind {
        match self {
            Self::Incidents | Self::Media | Self::Contacts => DocumentKind::Incident,
            Self::Patrols | Self::Tracks => DocumentKind::Patrol,
            Self::Visits => DocumentKind::Visit,
            Self::Households => DocumentKind::Household,
            Self::Tasks => DocumentKind::Task,
            Self::Warnings => DocumentKind::Warning,
            Self::Notices => DocumentKind::Notice,
        }
    }

    /// The shortest time: nobody loses by a slip of the hand what was closed last week. 0 keeps for ever.
    pub const fn least(self) -> u64 {
        match self {
            Self::Tracks => 30,
            _ => 3,
        }
    }

    /// Refuses a time that is too short or too long.
    pub fn check(self, amount: u64) -> Result<(), Error> {
        if amount > MOST {
            return Err(Error::invalid(Problem::TooLarge {
                what: "how long it is kept",
                found: amount,
                limit: MOST,
            }));
        }
        if amount > 0 && amount < self.least() {
            return Err(Error::invalid(Problem::Malformed("a longer time, or 0 for ever")));
        }
        Ok(())
    }
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let unknown = || Problem::Unknown { what: "kind", code: word.chars().take(20).collect() };
        Self::ALL.into_iter().find(|rule| rule.as_str() == word).ok_or_else(|| Error::invalid(unknown()))
    }
}

/// How long a kind is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RetentionRule)]
pub struct Amount {
    /// What.
    pub kind: Rule,
    /// So many; 0 keeps for ever.
    pub amount: u64,
    /// Days or months.
    pub unit: Unit,
    /// Nobody has set it.
    pub is_default: bool,
}

impl Amount {
    /// What has not been touched since then is due; none if it is kept for ever.
    pub fn before(&self, now: Timestamp) -> Option<Timestamp> {
        let each = match self.unit {
            Unit::Days => DAY,
            Unit::Months => MONTH,
        };
        let millis = i64::try_from(each.as_millis()).ok()?.checked_mul(i64::try_from(self.amount).ok()?)?;
        (self.amount > 0).then(|| Timestamp::from_millis(now.millis().saturating_sub(millis)))
    }
}

/// How long each kind is kept.
pub fn amounts(connection: &Connection) -> Result<Vec<Amount>> {
    let set = db::retention::rules(connection)?;
    let amount = |kind: Rule| {
        let found = set.iter().find(|(word, _)| word == kind.as_str()).map(|(_, amount)| *amount);
        Amount {
            kind,
            amount: found.unwrap_or(kind.default_amount()),
            unit: kind.unit(),
            is_default: found.is_none(),
        }
    };
    Ok(Rule::ALL.into_iter().map(amount).collect())
}
