//! What all rows have in common: the columns that lists are filtered, sorted and counted by.

use super::Row;
use crate::{
    geo::Position,
    id::{DepartmentId, DocumentId, GridId, MemberId, PurposeId, ThemeId},
    model::{
        DocumentKind, household::HouseholdState, notice::NoticeState, patrol::PatrolState, step::Author,
        task::TaskState, visit::VisitOutcome,
    },
    time::Timestamp,
};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The columns of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns<'r> {
    /// Which.
    pub document: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// In which state, as a word.
    pub state: &'static str,
    /// Something is left to do, or it still holds.
    pub is_open: bool,
    /// Where it belongs.
    pub grid: Option<&'r GridId>,
    /// Category, purpose, hazard, theme, or a task's form.
    pub category: Option<&'r str>,
    /// Severity, a warning's level; larger is worse.
    pub level: Option<u8>,
    /// Whose, as far as this reader may know.
    pub author: Author,
    /// When, by the author's clock.
    pub at: Timestamp,
    /// When it reached the relay.
    pub received_at: Option<Timestamp>,
    /// Since when it has been in this state, by the relay's clock where it is known.
    pub state_since: Timestamp,
    /// Due, or holding, until then, if it says so itself.
    pub due_at: Option<Timestamp>,
    /// It is due so often: milliseconds from one visit to the next.
    pub every_ms: Option<i64>,
    /// Where, WGS-84.
    pub position: Option<Position>,
    /// What it is about: a visit's household, a task's source, the incident that one repeats.
    pub about: Option<DocumentId>,
    /// Departments that have to act.
    pub departments: &'r [DepartmentId],
    /// Persons who have to act.
    pub members: &'r [MemberId],
    /// Several values stand side by side and a person should choose.
    pub has_clash: bool,
}

impl Row {
    /// Its columns.
    pub fn columns(&self) -> Columns<'_> {
        let plain = |document, kind, state, author, at| Columns {
            document,
            kind,
            state,
            is_open: false,
            grid: None,
            category: None,
            level: None,
            author,
            at,
            received_at: None,
            state_since: at,
            due_at: None,
            every_ms: None,
            position: None,
            about: None,
            departments: &[],
            members: &[],
            has_clash: false,
        };
        match self {
            Self::Incident(row) => Columns {
                is_open: !row.state.is_settled(),
                grid: row.grid.as_ref(),
                category: Some(row.category.as_str()),
                level: Some(row.severity.number()),
                received_at: row.received_at,
                state_since: row.state_since,
                due_at: row.due_at,
                position: row.position,
                about: row.duplicate_of,
                departments: &row.departments,
                members: &row.members,
                has_clash: row.has_clash,
                ..plain(row.document, DocumentKind::Incident, row.state.as_str(), row.author, row.reported_at)
            },
            Self::Patrol(row) => Columns {
                is_open: row.state != PatrolState::Finished,
                grid: row.grid.as_ref(),
                state_since: row.finished_at.unwrap_or(row.started_at),
                ..plain(row.document, DocumentKind::Patrol, row.state.as_str(), row.author, row.started_at)
            },
            Self::Household(row) => Columns {
                is_open: row.state == HouseholdState::Active,
                grid: row.grid.as_ref(),
                category: row.purposes.first().map(PurposeId::as_str),
                received_at: row.received_at,
                every_ms: (row.every_days > 0 && row.state == HouseholdState::Active)
                    .then_some(i64::from(row.every_days) * DAY_MS),
                position: row.position,
                has_clash: row.has_clash,
                ..plain(row.document, DocumentKind::Household, row.state.as_str(), row.author, row.at)
            },
            Self::Visit(row) => Columns {
                grid: row.grid.as_ref(),
                category: row.purpose.as_ref().map(PurposeId::as_str),
                received_at: row.received_at,
                position: row.position,
                about: row.household,
                ..plain(row.document, DocumentKind::Visit, row.outcome.as_str(), row.author, row.at)
            },
            Self::Task(row) => Columns {
                is_open: !row.state.is_over() && row.state != TaskState::Finished,
                grid: row.grid.as_ref(),
                category: Some(row.form.as_str()),
                received_at: row.received_at,
                state_since: row.state_since,
                due_at: row.due_at,
                position: row.position,
                about: row.source,
                departments: &row.audience.departments,
                members: &row.named,
                has_clash: row.counts.clashes > 0,
                ..plain(row.document, DocumentKind::Task, row.state.as_str(), row.author, row.at)
            },
            Self::Warning(row) => Columns {
                is_open: !row.is_ended,
                category: Some(row.hazard.as_str()),
                level: Some(row.level.number()),
                received_at: row.received_at,
                state_since: row.state_since,
                due_at: Some(row.until_at),
                ..plain(
                    row.document,
                    DocumentKind::Warning,
                    if row.is_ended { "ended" } else { row.level.as_str() },
                    row.author,
                    row.at,
                )
            },
            Self::Notice(row) => Columns {
                is_open: row.state == NoticeState::Published,
                category: row.theme.as_ref().map(ThemeId::as_str),
                received_at: row.received_at,
                state_since: row.state_since,
                due_at: row.until_at,
                ..plain(row.document, DocumentKind::Notice, row.state.as_str(), row.author, row.at)
            },
        }
    }

    /// The household whose next visit this row moves.
    pub fn visited(&self) -> Option<DocumentId> {
        match self {
            Self::Visit(row) => row.household,
            Self::Household(row) => Some(row.document),
            _ => None,
        }
    }
}

/// The word of a visit that counts as one.
pub(crate) const MET: &str = VisitOutcome::Met.as_str();
