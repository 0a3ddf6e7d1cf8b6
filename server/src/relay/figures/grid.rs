//! The overview sheet of a grid: on one page who is in charge, who is looked after, what is open and due, and
//! what was done in the last 30 days. Homes stand here by number and purpose, never by name.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use suishou_core::{
    document::{Record, Work as Amount},
    error::{Error, Problem, Result as CoreResult},
    id::{DocumentId, GridId},
    model::{
        DocumentKind,
        settings::Settings,
        warning::{WarningLevel, WarningState},
    },
    rows::{HouseholdRow, PatrolRow, WarningRow},
    store::tables::load_document,
    time::Timestamp,
};

use super::{
    By, Figures, Period,
    published::{Patrols, Visits, patrols, visits},
    statement,
};
use crate::{
    db::{
        self, Connection,
        figures::{Wanted, Worked},
    },
    relay::error::{RelayError, Result},
};

/// Most lines of a list on the sheet; how many there are stands beside it.
const MAX_LINES: usize = 20;
const PERIOD: Duration = Duration::from_hours(30 * 24);

/// Somebody in charge of the grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct InCharge {
    /// What people call them.
    pub name: String,
    /// What they do.
    #[schema(value_type = suishou_core::model::Role)]
    pub role: &'static str,
    /// How to reach them.
    pub phone: String,
}

/// Something that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SheetLine)]
pub struct Line {
    /// Which.
    pub document: DocumentId,
    /// Category, form or purpose.
    pub category: Option<String>,
    /// Where it stands.
    pub state: String,
    /// Due then.
    pub due_at: Option<Timestamp>,
    /// Due since before now.
    pub is_overdue: bool,
}

/// A list cut to what a page holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SheetLines)]
pub struct Lines {
    /// How many there are.
    pub count: u64,
    /// Of these, overdue.
    pub overdue: u64,
    /// Those due first.
    pub first: Vec<Line>,
}

impl Lines {
    fn of(mut lines: Vec<Line>) -> Self {
        lines.sort_by_key(|line| (line.due_at.is_none(), line.due_at, line.document));
        let count = lines.len() as u64;
        let overdue = lines.iter().filter(|line| line.is_overdue).count() as u64;
        lines.truncate(MAX_LINES);
        Self { count, overdue, first: lines }
    }
}

/// A place that is watched under a warning in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SheetPost)]
pub struct Post {
    /// What people call it.
    pub name: String,
    /// The warning's level.
    pub level: WarningLevel,
    /// The warning's title.
    pub warning: String,
}

/// The last patrol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LastPatrol {
    /// When it began.
    pub started_at: Timestamp,
    /// Metres, never across a gap.
    pub distance_m: u64,
    /// Minutes, never across a gap.
    pub minutes: u64,
    /// Holes in the track.
    pub gaps: u32,
}

/// One page about a grid and those within it.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct GridSheet {
    /// Which.
    pub grid: GridId,
    /// What people call it.
    pub name: String,
    /// Which sort of grid.
    #[schema(value_type = suishou_core::geo::GridKind)]
    pub kind: &'static str,
    /// The grid it is part of.
    pub parent: Option<GridId>,
    /// Grids within it.
    pub grids_within: u64,
    /// As things stood then.
    pub at: Timestamp,
    /// Who is in charge, by name.
    pub in_charge: Vec<InCharge>,
    /// Households looked after.
    pub households: u64,
    /// People who live there.
    pub people: u64,
    /// Households by purpose; one with two purposes stands under both.
    pub by_purpose: BTreeMap<String, u64>,
    /// Incidents with something left to do.
    pub incidents: Lines,
    /// Tasks under way.
    pub tasks: Lines,
    /// Visits that are due within a week, or overdue.
    pub visits_due: Lines,
    /// Places watched now.
    pub posts: Vec<Post>,
    /// Checkpoints of patrols.
    pub checkpoints: Vec<String>,
    /// The last patrol.
    pub last_patrol: Option<LastPatrol>,
    /// The last 30 days: incidents.
    pub figures: Figures,
    /// The last 30 days: patrols.
    pub patrols: Patrols,
    /// The last 30 days: visits.
    pub visits: Visits,
}

fn line(worked: &Worked, now: Timestamp) -> Line {
    Line {
        document: worked.document,
        category: worked.category.clone(),
        state: worked.state.clone(),
        due_at: worked.due_at,
        is_overdue: worked.due_at.is_some_and(|due_at| due_at < now),
    }
}

/// Reads the page of a grid.
pub fn sheet(connection: &Connection, settings: &Settings, now: Timestamp, id: &GridId) -> Result<GridSheet> {
    let unknown = || RelayError::invalid(Problem::Unknown { what: "the grid", code: id.to_string() });
    let grid = settings.grids.iter().find(|grid| grid.id == *id).ok_or_else(unknown)?;
    let since = now.millis().saturating_sub(i64::try_from(PERIOD.as_millis()).unwrap_or(0));
    let period = Period { from: Some(Timestamp::from_millis(since)), to: None, grid: Some(id.clone()) };
    let month = period.wanted(settings, now);
    let ever = Wanted {
        from: Timestamp::from_millis(i64::MIN),
        to: Timestamp::from_millis(i64::MAX),
        ..month.clone()
    };
    let open = |kind| -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        db::figures::each_work(connection, kind, &ever, |worked| {
            lines.extend(worked.is_open.then(|| line(&worked, now)));
            Ok(())
        })?;
        Ok(lines)
    };
    let mut last_patrol: Option<LastPatrol> = None;
    db::figures::each_work(connection, DocumentKind::Patrol, &ever, |worked| {
        if last_patrol.is_none_or(|last| last.started_at < worked.at) {
            let row: PatrolRow = serde_json::from_str(&worked.json).map_err(|_| Error::Corrupt("a row"))?;
            let minutes = row.tracked_s / 60;
            let (distance_m, gaps) = (row.distance_m, row.gaps);
            last_patrol = Some(LastPatrol { started_at: worked.at, distance_m, minutes, gaps });
        }
        Ok(())
    })?;
    let (mut by_purpose, mut due) = (BTreeMap::<String, u64>::new(), Vec::new());
    let soon = now.after(Duration::from_hours(7 * 24));
    db::figures::each_work(connection, DocumentKind::Household, &ever, |worked| {
        if worked.is_open {
            let row: HouseholdRow =
                serde_json::from_str(&worked.json).map_err(|_| Error::Corrupt("a row"))?;
            for purpose in row.purposes {
                *by_purpose.entry(purpose.to_string()).or_default() += 1;
            }
            due.extend(worked.due_at.is_some_and(|due_at| due_at < soon).then(|| line(&worked, now)));
        }
        Ok(())
    })?;
    let members = db::member::all(connection)?;
    let mut in_charge: Vec<InCharge> = members
        .into_iter()
        .filter(|member| member.grids.contains(id))
        .map(|member| InCharge { name: member.name, role: member.role.as_str(), phone: member.phone })
        .collect();
    in_charge.sort_by(|one, other| one.name.cmp(&other.name));
    let visits = visits(connection, &month)?;
    let named = |checkpoint: &suishou_core::model::settings::Checkpoint| {
        checkpoint.grid.as_ref().is_some_and(|of| ever.grids.contains(of)).then(|| checkpoint.name.clone())
    };
    Ok(GridSheet {
        grid: id.clone(),
        name: grid.name.clone(),
        kind: grid.kind.as_str(),
        parent: grid.parent.clone(),
        grids_within: (ever.grids.len() as u64).saturating_sub(1),
        at: now,
        in_charge,
        households: visits.households,
        people: visits.people,
        by_purpose,
        incidents: Lines::of(open(DocumentKind::Incident)?),
        tasks: Lines::of(open(DocumentKind::Task)?),
        visits_due: Lines::of(due),
        posts: posts(connection, &ever, now)?,
        checkpoints: settings.checkpoints.iter().filter_map(named).collect(),
        last_patrol,
        figures: statement(connection, settings, now, By::Category, &period)?.total,
        patrols: patrols(connection, &month)?,
        visits,
    })
}

/// Places of the grid under warnings in force.
fn posts(connection: &Connection, ever: &Wanted, now: Timestamp) -> Result<Vec<Post>> {
    let everywhere = Wanted { grids: Vec::new(), ..ever.clone() };
    let mut warnings = Vec::new();
    db::figures::each_work(connection, DocumentKind::Warning, &everywhere, |worked| -> CoreResult<()> {
        if worked.is_open {
            let row: WarningRow = serde_json::from_str(&worked.json).map_err(|_| Error::Corrupt("a row"))?;
            warnings.extend((row.state_at(now) == WarningState::InForce).then_some(row));
        }
        Ok(())
    })?;
    let mut posts = Vec::new();
    for row in warnings {
        let Some(document) = load_document(connection, row.document)? else { continue };
        let Some(Amount::Warning(warning)) = document.work() else { continue };
        let Some(Record::Warning(record)) = document.captured().map(|captured| &captured.record) else {
            continue;
        };
        let here = record
            .posts
            .iter()
            .filter(|post| post.grid.as_ref().is_some_and(|grid| ever.grids.contains(grid)));
        posts.extend(here.map(|post| Post {
            name: post.name.clone(),
            level: warning.level,
            warning: record.title.clone(),
        }));
    }
    Ok(posts)
}
