//! Statistics: what became of what came in, defined once. Nothing here names, counts or orders people.
//!
//! A period is that of receipt: every figure is about the incidents that reached the relay in it, and tells
//! where they stand now. So each part adds up to the whole: received is handled, rejected, duplicate and open;
//! handled is in time, late and without a due time. Each figure's definition in words stands in the words
//! files under `figure.NAME`.

pub mod count;
mod grid;
mod page;
mod published;

use std::{collections::BTreeMap, str::FromStr};

use serde::Serialize;
use suishou_core::{
    error::{Error, Problem},
    id::GridId,
    time::Timestamp,
};

pub use grid::{GridSheet, sheet};
pub use page::page;
pub use published::Published;

use super::{Relay, error::Result, project::within};
use crate::{
    db::{
        self, Connection,
        figures::{Column, Key, Outcome, Seen, Wanted},
    },
    times,
};

/// Milliseconds of an hour.
const HOUR_MS: f64 = 3_600_000.0;

/// The names of all figures, in the order in which they are shown.
pub const FIGURES: [&str; 20] = [
    "received",
    "accepted",
    "handled",
    "in_time",
    "late",
    "without_due",
    "rejected",
    "duplicates",
    "open",
    "overdue",
    "reopened",
    "shared",
    "accept_hours",
    "accept_hours_median",
    "handle_hours",
    "handle_hours_median",
    "close_hours",
    "close_hours_median",
    "ratings",
    "rating",
];

/// By what figures are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FigureGrouping)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The incident's grid.
    Grid,
    /// Its category.
    Category,
    /// Each department that was given it.
    Department,
    /// Who brought it.
    Source,
    /// The day of receipt, in Beijing.
    Day,
    /// The week of receipt, by its Monday.
    Week,
    /// The month of receipt.
    Month,
}

impl By {
    /// All.
    pub const ALL: [Self; 7] =
        [Self::Grid, Self::Category, Self::Department, Self::Source, Self::Day, Self::Week, Self::Month];

    /// The word in queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Category => "category",
            Self::Department => "department",
            Self::Source => "source",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    const fn column(self) -> Column {
        match self {
            Self::Grid => Column::Grid,
            Self::Category => Column::Category,
            Self::Department => Column::Department,
            Self::Source => Column::Source,
            Self::Day | Self::Week | Self::Month => Column::Day,
        }
    }

    fn key(self, key: Key) -> Option<String> {
        match (self, key) {
            (_, Key::None) => None,
            (_, Key::Code(code)) => Some(code),
            (Self::Week, Key::Day(day)) => Some(times::date(times::monday(day))),
            (Self::Month, Key::Day(day)) => Some(times::date(day).chars().take("2026-01".len()).collect()),
            (_, Key::Day(day)) => Some(times::date(day)),
        }
    }
}

impl FromStr for By {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let unknown = || Problem::Unknown { what: "grouping", code: word.chars().take(20).collect() };
        Self::ALL.into_iter().find(|by| by.as_str() == word).ok_or_else(|| Error::invalid(unknown()))
    }
}

/// The figures of a group, or of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Figures {
    /// Incidents that reached the relay in the period.
    pub received: u64,
    /// Of these, taken up at least once.
    pub accepted: u64,
    /// Of these, closed with an answer.
    pub handled: u64,
    /// Of those handled: every order was done by its due time.
    pub in_time: u64,
    /// Of those handled: an order was done after its due time.
    pub late: u64,
    /// Of those handled: no order had a due time.
    pub without_due: u64,
    /// Not taken up, with a reason.
    pub rejected: u64,
    /// Repeat another one.
    pub duplicates: u64,
    /// Something is left to do.
    pub open: u64,
    /// Of those open: what is next is due since before now.
    pub overdue: u64,
    /// Taken up again at least once after they were settled.
    pub reopened: u64,
    /// Given to several departments; in a department's row: to it and others, so that they stand in several.
    pub shared: u64,
    /// From receipt to being taken up, on average.
    pub accept_hours: Option<f64>,
    /// The middle one.
    pub accept_hours_median: Option<f64>,
    /// Of those handled: from receipt to the work's end, on average.
    pub handle_hours: Option<f64>,
    /// The middle one.
    pub handle_hours_median: Option<f64>,
    /// Of those handled: from receipt to the answer, on average.
    pub close_hours: Option<f64>,
    /// The middle one.
    pub close_hours_median: Option<f64>,
    /// Of those handled: rated by who reported them.
    pub ratings: u64,
    /// The average of these, 1 to 5.
    pub rating: Option<f64>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = FigureGroup)]
pub struct Group {
    /// Its code or day; none for incidents without one.
    pub key: Option<String>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// All groups of a period.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Statement {
    /// Received from then on; none for the beginning.
    pub from: Option<Timestamp>,
    /// Received before then.
    pub to: Timestamp,
    /// As things stood then.
    pub at: Timestamp,
    /// By what.
    pub by: By,
    /// Each incident once.
    pub total: Figures,
    /// In the order of their keys.
    pub groups: Vec<Group>,
}

/// Which incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Received from then on.
    pub from: Option<Timestamp>,
    /// Received before then; now if none.
    pub to: Option<Timestamp>,
    /// In this grid or one within it.
    pub grid: Option<GridId>,
}

impl Period {
    /// The period as the database is asked for it.
    pub(super) fn wanted(
        &self,
        settings: &suishou_core::model::settings::Settings,
        now: Timestamp,
    ) -> Wanted {
        Wanted {
            from: self.from.unwrap_or_default(),
            // What is received within this millisecond belongs to it.
            to: self.to.unwrap_or(Timestamp::from_millis(now.millis().saturating_add(1))),
            now,
            grids: self
                .grid
                .as_ref()
                .map(|grid| within(settings, std::slice::from_ref(grid)).into_iter().collect())
                .unwrap_or_default(),
        }
    }
}

/// A group being counted: durations are kept for their middle.
#[derive(Debug, Default)]
struct Tally {
    figures: Figures,
    accept: Vec<i64>,
    handle: Vec<i64>,
    close: Vec<i64>,
    stars: u64,
}

impl Tally {
    fn take(&mut self, seen: &Seen, is_in_time: Option<bool>) {
        let figures = &mut self.figures;
        figures.received += 1;
        figures.accepted += u64::from(seen.accepted_at.is_some());
        figures.reopened += u64::from(seen.is_reopened);
        figures.shared += u64::from(seen.is_shared);
        let since = |at: Option<i64>| at.map(|at| at.saturating_sub(seen.received_at).max(0));
        self.accept.extend(since(seen.accepted_at));
        match seen.outcome {
            Outcome::Open => {
                figures.open += 1;
                figures.overdue += u64::from(seen.is_overdue);
            }
            Outcome::Rejected => figures.rejected += 1,
            Outcome::Duplicate => figures.duplicates += 1,
            Outcome::Handled => {
                figures.handled += 1;
                match is_in_time {
                    Some(true) => figures.in_time += 1,
                    Some(false) => figures.late += 1,
                    None => figures.without_due += 1,
                }
                self.handle.extend(since(seen.handled_at));
                self.close.extend(since(seen.closed_at));
                if let Some(rating) = seen.rating {
                    figures.ratings += 1;
                    self.stars += u64::from(rating);
                }
            }
        }
    }

    fn done(mut self) -> Figures {
        let (accept, handle, close) =
            (hours(&mut self.accept), hours(&mut self.handle), hours(&mut self.close));
        let rating = (self.figures.ratings > 0).then(|| rounded(ratio(self.stars, self.figures.ratings)));
        Figures {
            accept_hours: accept.map(|(mean, _)| mean),
            accept_hours_median: accept.map(|(_, median)| median),
            handle_hours: handle.map(|(mean, _)| mean),
            handle_hours_median: handle.map(|(_, median)| median),
            close_hours: close.map(|(mean, _)| mean),
            close_hours_median: close.map(|(_, median)| median),
            rating,
            ..self.figures
        }
    }
}

/// Mean and middle of durations, in hours; the middle of an even number is the mean of the two.
fn hours(millis: &mut [i64]) -> Option<(f64, f64)> {
    let len = millis.len();
    if len == 0 {
        return None;
    }
    millis.sort_unstable();
    let at = |place: usize| float(millis.get(place).copied().unwrap_or_default());
    let median = f64::midpoint(at((len - 1) / 2), at(len / 2));
    let sum: f64 = millis.iter().copied().map(float).sum();
    let mean = sum / float(i64::try_from(len).unwrap_or(i64::MAX));
    Some((rounded(mean / HOUR_MS), rounded(median / HOUR_MS)))
}

#[expect(clippy::cast_precision_loss, reason = "durations and counts are far below 2^52")]
fn float(number: i64) -> f64 {
    number as f64
}

fn ratio(part: u64, whole: u64) -> f64 {
    float(i64::try_from(part).unwrap_or(i64::MAX)) / float(i64::try_from(whole).unwrap_or(i64::MAX))
}

/// To the hundredth.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// The figures of a period.
pub fn statement(
    connection: &Connection,
    settings: &suishou_core::model::settings::Settings,
    now: Timestamp,
    by: By,
    period: &Period,
) -> Result<Statement> {
    let wanted = period.wanted(settings, now);
    let mut total = Tally::default();
    let mut groups: BTreeMap<Option<String>, Tally> = BTreeMap::new();
    // Incidents come in no order: the group of each day is looked up by its number, and named once.
    let mut by_key: BTreeMap<Key, Tally> = BTreeMap::new();
    db::figures::each(connection, by.column(), &wanted, |seen| {
        if seen.is_first {
            total.take(&seen, seen.is_in_time);
        }
        if let Some(tally) = by_key.get_mut(&seen.key) {
            tally.take(&seen, seen.is_own_in_time);
        } else {
            let mut tally = Tally::default();
            tally.take(&seen, seen.is_own_in_time);
            by_key.insert(seen.key, tally);
        }
    })?;
    for (key, tally) in by_key {
        groups.entry(by.key(key)).or_default().add(tally);
    }
    Ok(Statement {
        from: period.from,
        to: wanted.to,
        at: now,
        by,
        total: total.done(),
        groups: groups.into_iter().map(|(key, tally)| Group { key, figures: tally.done() }).collect(),
    })
}

impl Tally {
    /// Days into weeks and months.
    fn add(&mut self, other: Self) {
        let (sum, more) = (&mut self.figures, other.figures);
        for (sum, more) in [
            (&mut sum.received, more.received),
            (&mut sum.accepted, more.accepted),
            (&mut sum.handled, more.handled),
            (&mut sum.in_time, more.in_time),
            (&mut sum.late, more.late),
            (&mut sum.without_due, more.without_due),
            (&mut sum.rejected, more.rejected),
            (&mut sum.duplicates, more.duplicates),
            (&mut sum.open, more.open),
            (&mut sum.overdue, more.overdue),
            (&mut sum.reopened, more.reopened),
            (&mut sum.shared, more.shared),
            (&mut sum.ratings, more.ratings),
            (&mut self.stars, other.stars),
        ] {
            *sum += more;
        }
        self.accept.extend(other.accept);
        self.handle.extend(other.handle);
        self.close.extend(other.close);
    }
}

impl Relay {
    /// The figures of a period.
    pub async fn figures(&self, by: By, period: Period) -> Result<Statement> {
        self.with(move |connection, shared| {
            statement(connection, &shared.settings(), shared.clock.now(), by, &period)
        })
        .await
    }

    /// The counts that townships publish.
    pub async fn published(&self, period: Period) -> Result<Published> {
        self.with(move |connection, shared| {
            let snapshot = db::snapshot(connection)?;
            published::published(&snapshot, &shared.settings(), shared.clock.now(), &period)
        })
        .await
    }

    /// One page about a grid.
    pub async fn grid_sheet(&self, grid: GridId) -> Result<GridSheet> {
        self.with(move |connection, shared| {
            let snapshot = db::snapshot(connection)?;
            grid::sheet(&snapshot, &shared.settings(), shared.clock.now(), &grid)
        })
        .await
    }
}
