//! The counts that the five townships publish of themselves, under the names that they use.
//!
//! Reports are counted by the day of receipt; patrols, visits, orders, warnings and notices by the day on
//! which they were made. Everything is a sum over the township: no count is of a person.

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};
use suishou_core::{
    error::{Error, Result as CoreResult},
    model::{DocumentKind, Role, settings::Settings, task::TaskForm, visit::VisitOutcome},
    rows::{HouseholdRow, NoticeRow, PatrolRow, TaskRow, VisitRow, WarningRow},
    time::Timestamp,
};

use super::Period;
use crate::{
    db::{
        self, Connection,
        figures::{Wanted, Worked},
    },
    relay::error::Result,
};

/// How many came and how many of them are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ClosedCount)]
pub struct Closed {
    /// Received.
    pub received: u64,
    /// Of these, closed with an answer.
    pub settled: u64,
}

impl Closed {
    fn add(&mut self, count: u64, is_settled: bool) {
        self.received += count;
        self.settled += if is_settled { count } else { 0 };
    }
}

/// Patrols of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = PatrolCounts)]
pub struct Patrols {
    /// How many.
    pub count: u64,
    /// Metres walked, gaps and pauses not counted.
    pub distance_m: u64,
    /// Minutes tracked, gaps and pauses not counted.
    pub minutes: u64,
    /// Checkpoints visited.
    pub checkpoints: u64,
    /// Incidents reported on the way.
    pub incidents: u64,
}

/// Visits to people to care for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = VisitCounts)]
pub struct Visits {
    /// How many.
    pub count: u64,
    /// Of these, somebody was met.
    pub met: u64,
    /// By purpose.
    pub by_purpose: BTreeMap<String, u64>,
    /// Households looked after now.
    pub households: u64,
    /// People who live there.
    pub people: u64,
}

/// Warnings of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = WarningCounts)]
pub struct Warnings {
    /// How many.
    pub count: u64,
    /// Acknowledgements of the last issue of each.
    pub acknowledged: u64,
    /// Reports of how it is.
    pub heard: u64,
    /// Of these, help is needed.
    pub need_help: u64,
    /// Places watched.
    pub posts: u64,
}

/// Musters and what was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = MusterCounts)]
pub struct Musters {
    /// How many.
    pub count: u64,
    /// Answers that they come, or that they can't.
    pub answered: u64,
    /// Of these, that they come.
    pub coming: u64,
    /// Who have come.
    pub arrived: u64,
}

/// Evacuation lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = EvacuationCounts)]
pub struct Evacuations {
    /// How many lists.
    pub count: u64,
    /// People on them.
    pub people: u64,
    /// Of these, one knows where they are.
    pub accounted: u64,
    /// Of these, in a shelter.
    pub moved: u64,
}

/// Orders of a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = OrderCounts)]
pub struct Orders {
    /// How many.
    pub count: u64,
    /// Of these, done or closed.
    pub done: u64,
}

/// Notices passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = NoticeCounts)]
pub struct Notices {
    /// How many.
    pub count: u64,
    /// Times that one was read.
    pub readers: u64,
    /// How many of each theme.
    pub by_theme: BTreeMap<String, u64>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Published {
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub to: Timestamp,
    /// Grids by kind, now (Haitang, Duhu, Jinhua).
    pub grids: BTreeMap<&'static str, u64>,
    /// People by role, now (Bomei's 84 members, Dadong's 13 informants).
    pub people: BTreeMap<&'static str, u64>,
    /// Leads of roaming informants and the cases made of them (Dadong).
    pub leads: Closed,
    /// All that came, by who brought it: street, hotline, petitions, enforcement (Duhu's one net).
    pub by_source: BTreeMap<String, Closed>,
    /// All that came, by category: the ten fields (Bomei).
    pub by_category: BTreeMap<String, Closed>,
    /// Quarrels settled (Haitang).
    pub disputes: Closed,
    /// Hazards found and removed (Haitang).
    pub hazards: Closed,
    /// Suggestions collected (Haitang).
    pub suggestions: Closed,
    /// Complaints.
    pub complaints: Closed,
    /// Patrols (Bomei).
    pub patrols: Patrols,
    /// Visits (Bomei, Dadong).
    pub visits: Visits,
    /// Relief cases (Bomei).
    pub relief: Orders,
    /// Inspections (Bomei's forests and reservoirs, Duhu's dangerous houses).
    pub inspections: Orders,
    /// Daily reminders and weekly plans (Haitang).
    pub reminders: Orders,
    /// Weekly plans.
    pub plans: Orders,
    /// Musters (Bomei).
    pub musters: Musters,
    /// Evacuations (Duhu, Jinhua).
    pub evacuations: Evacuations,
    /// Warnings by level (Jinhua).
    pub warnings: BTreeMap<&'static str, Warnings>,
    /// Publicity (Dadong, Haitang).
    pub notices: Notices,
}

/// Categories of quarrels and of hazards, as a new township has them.
const DISPUTES: [&str; 1] = ["dispute"];
const HAZARDS: [&str; 3] = ["fire_risk", "fire", "disaster"];

fn read<R: DeserializeOwned>(worked: &Worked) -> CoreResult<R> {
    serde_json::from_str(&worked.json).map_err(|_| Error::Corrupt("a row"))
}

/// Counts a period.
pub(super) fn published(
    connection: &Connection,
    settings: &Settings,
    now: Timestamp,
    period: &Period,
) -> Result<Published> {
    let wanted = period.wanted(settings, now);
    let mut published = Published { from: period.from, to: wanted.to, ..Published::default() };
    for grid in &settings.grids {
        *published.grids.entry(grid.kind.as_str()).or_default() += 1;
    }
    for role in [Role::Member, Role::Leader, Role::Informant, Role::Handler] {
        published.people.insert(role.as_str(), 0);
    }
    for member in db::member::all(connection)? {
        *published.people.entry(member.role.as_str()).or_default() += 1;
    }
    for (source, category, matter, is_settled, count) in db::figures::counts(connection, &wanted)? {
        match matter.as_deref() {
            Some("complaint") => published.complaints.add(count, is_settled),
            Some(_) => published.suggestions.add(count, is_settled),
            None => {
                if source == "informant" {
                    published.leads.add(count, is_settled);
                }
                if DISPUTES.contains(&category.as_str()) {
                    published.disputes.add(count, is_settled);
                }
                if HAZARDS.contains(&category.as_str()) {
                    published.hazards.add(count, is_settled);
                }
                published.by_source.entry(source).or_default().add(count, is_settled);
                published.by_category.entry(category).or_default().add(count, is_settled);
            }
        }
    }
    published.patrols = patrols(connection, &wanted)?;
    published.visits = visits(connection, &wanted)?;
    tasks(connection, &wanted, &mut published)?;
    db::figures::each_work(connection, DocumentKind::Warning, &wanted, |worked| {
        let row: WarningRow = read(&worked)?;
        let warnings = published.warnings.entry(row.level.as_str()).or_default();
        warnings.count += 1;
        warnings.acknowledged += u64::from(row.acknowledged);
        warnings.heard += u64::from(row.heard);
        warnings.need_help += u64::from(row.need_help);
        warnings.posts += u64::from(row.posts);
        Ok(())
    })?;
    db::figures::each_work(connection, DocumentKind::Notice, &wanted, |worked| {
        let row: NoticeRow = read(&worked)?;
        published.notices.count += 1;
        published.notices.readers += u64::from(row.readers);
        if let Some(theme) = row.theme {
            *published.notices.by_theme.entry(theme.to_string()).or_default() += 1;
        }
        Ok(())
    })?;
    Ok(published)
}

/// Patrols of a period.
pub(super) fn patrols(connection: &Connection, wanted: &Wanted) -> Result<Patrols> {
    let mut patrols = Patrols::default();
    let mut seconds = 0;
    db::figures::each_work(connection, DocumentKind::Patrol, wanted, |worked| {
        let row: PatrolRow = read(&worked)?;
        patrols.count += 1;
        patrols.distance_m += row.distance_m;
        seconds += row.tracked_s;
        patrols.checkpoints += u64::from(row.visited);
        patrols.incidents += u64::from(row.incidents);
        Ok(())
    })?;
    patrols.minutes = seconds / 60;
    Ok(patrols)
}

/// Visits of a period, and households now.
pub(super) fn visits(connection: &Connection, wanted: &Wanted) -> Result<Visits> {
    let mut visits = Visits::default();
    db::figures::each_work(connection, DocumentKind::Visit, wanted, |worked| {
        let row: VisitRow = read(&worked)?;
        visits.count += 1;
        visits.met += u64::from(row.outcome == VisitOutcome::Met);
        if let Some(purpose) = row.purpose {
            *visits.by_purpose.entry(purpose.to_string()).or_default() += 1;
        }
        Ok(())
    })?;
    let ever = Wanted {
        from: Timestamp::from_millis(i64::MIN),
        to: Timestamp::from_millis(i64::MAX),
        ..wanted.clone()
    };
    db::figures::each_work(connection, DocumentKind::Household, &ever, |worked| {
        if worked.is_open {
            let row: HouseholdRow = read(&worked)?;
            visits.households += 1;
            visits.people += u64::from(row.people);
        }
        Ok(())
    })?;
    Ok(visits)
}

fn tasks(connection: &Connection, wanted: &Wanted, published: &mut Published) -> Result<()> {
    db::figures::each_work(connection, DocumentKind::Task, wanted, |worked| {
        let row: TaskRow = read(&worked)?;
        let is_done = matches!(worked.state.as_str(), "finished" | "closed");
        let counts = &row.counts;
        let orders = match row.form {
            TaskForm::Muster => {
                let musters = &mut published.musters;
                musters.count += 1;
                musters.coming += u64::from(counts.accepted);
                musters.answered += u64::from(counts.accepted) + u64::from(counts.declined);
                musters.arrived += u64::from(counts.arrived);
                return Ok(());
            }
            TaskForm::Evacuation => {
                let lists = &mut published.evacuations;
                lists.count += 1;
                lists.people += u64::from(counts.people);
                lists.accounted += u64::from(counts.people_accounted);
                lists.moved += counts.by_state.get("moved").copied().map_or(0, u64::from);
                return Ok(());
            }
            TaskForm::Relief => &mut published.relief,
            TaskForm::Inspection => &mut published.inspections,
            TaskForm::Reminder => &mut published.reminders,
            TaskForm::Plan => &mut published.plans,
            TaskForm::Errand => return Ok(()),
        };
        orders.count += 1;
        orders.done += u64::from(is_done);
        Ok(())
    })?;
    Ok(())
}
