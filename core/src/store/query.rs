//! What a list is asked for and what it answers.

use serde::{Deserialize, Serialize};

use super::Mine;
use crate::{
    geo::Position,
    id::{DocumentId, GridId},
    model::DocumentKind,
    outbox::Stored,
    policy::Rights,
    rows::Row,
    time::Timestamp,
};

/// Most rows of one page.
pub const MAX_LISTED: u32 = 200;

/// Which rows, and in which order. What is empty or none is no condition; all conditions hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Of these kinds.
    pub kinds: Vec<DocumentKind>,
    /// In one of these states, by the words that rows have.
    pub states: Vec<String>,
    /// Something is left to do, or nothing is.
    pub is_open: Option<bool>,
    /// In this grid or in one within it.
    pub grid: Option<GridId>,
    /// With one of these categories: purpose, hazard, theme or form for the other kinds.
    pub categories: Vec<String>,
    /// At least so bad.
    pub min_level: Option<u8>,
    /// Whose.
    pub whose: Mine,
    /// Only what this member is to do or to know: dispatched to them, addressed to them, in their grids.
    pub for_me: bool,
    /// Captured then or later.
    pub from: Option<Timestamp>,
    /// Captured before.
    pub to: Option<Timestamp>,
    /// At most so many metres from there.
    pub near: Option<(Position, u32)>,
    /// With all of these words in the record or its remarks. Punctuation alone is no condition.
    pub text: String,
    /// About this document.
    pub about: Option<DocumentId>,
    /// Only what should have been done by now. Warnings and notices expire; they are never overdue.
    pub overdue: bool,
    /// Several values stand side by side, or none do.
    pub has_clash: Option<bool>,
    /// Only what the relay does not hold all of.
    pub unsent_only: bool,
    /// In which order.
    pub sort: Sort,
    /// Rows of a page, 1 to [`MAX_LISTED`].
    pub limit: u32,
    /// Goes on behind this row.
    pub after: Option<PageKey>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            states: Vec::new(),
            is_open: None,
            grid: None,
            categories: Vec::new(),
            min_level: None,
            whose: Mine::OrOthers,
            for_me: false,
            from: None,
            to: None,
            near: None,
            text: String::new(),
            about: None,
            overdue: false,
            has_clash: None,
            unsent_only: false,
            sort: Sort::Newest,
            limit: 50,
            after: None,
        }
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Newest first.
    Newest,
    /// Oldest first.
    Oldest,
    /// What is due first; what is never due last.
    DueFirst,
    /// Nearest to [`Query::near`], which must be given.
    Nearest,
    /// The highest level first, then the newest.
    WorstFirst,
}

/// The last row of a page, by which the next one is found. Good for the same query alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageKey {
    pub(super) sort: Sort,
    pub(super) value: i64,
    pub(super) at: i64,
    pub(super) document: DocumentId,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none after the last.
    pub next: Option<PageKey>,
    /// How many rows all pages have.
    pub total: u64,
}

/// A row in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// What it is.
    pub kind: DocumentKind,
    /// What the list shows.
    pub row: Row,
    /// On this phone, stored.
    pub stored: Stored,
    /// Due, or holding, until then.
    pub due_at: Option<Timestamp>,
    /// It should have been done by now.
    pub is_overdue: bool,
    /// How far from [`Query::near`], metres.
    pub distance_m: Option<u32>,
}

/// What rows are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TallyBy {
    /// Incident, task and so on.
    Kind,
    /// State.
    State,
    /// Category, purpose, hazard, theme or form.
    Category,
    /// Grid, each for itself.
    Grid,
    /// Severity or a warning's level.
    Level,
}

/// Who asks, and when: what a query means for this phone.
#[derive(Clone, Debug)]
pub struct Asker {
    /// [`Query::grid`] and all grids within it.
    pub grids: Vec<GridId>,
    /// For [`Query::for_me`].
    pub rights: Option<Rights>,
    /// The relay's time as far as it is known.
    pub now: Timestamp,
}
