//! From a document to its row.

use super::{HouseholdRow, IncidentRow, NoticeRow, PatrolRow, Row, TaskRow, VisitRow, WarningRow};
use crate::{
    document::{Captured, Document, Record, Work},
    id::{DepartmentId, MemberId},
    model::{
        household::HouseholdCard,
        incident::{Dispatch, Incident},
        patrol::PatrolState,
    },
};

/// Most characters of a text in a list.
const EXCERPT_CHARS: usize = 60;

impl Row {
    /// The row of a document whose record has arrived. `card` is a household's card in use, if it is not
    /// the record.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind, field by field")]
    pub fn of(document: &Document, card: Option<&HouseholdCard>) -> Option<Self> {
        let Captured { record, origin } = document.captured()?;
        let id = document.id();
        let (author, at, received_at) = (origin.author, origin.claimed_at, origin.received_at);
        Some(match (record, document.work()?) {
            (Record::Incident(record), Work::Incident(incident)) => {
                let (departments, members) = open_orders(&incident);
                Self::Incident(IncidentRow {
                    document: id,
                    state: incident.state,
                    due_at: incident.due_at(),
                    has_clash: incident.has_clash(),
                    category: incident.category.value,
                    severity: incident.severity.value,
                    grid: incident.grid.value,
                    position: record.place.position,
                    excerpt: excerpt(&record.text),
                    photos: count(record.photos.len()),
                    author,
                    reported_at: at,
                    received_at,
                    state_since: incident.state_since,
                    departments,
                    members,
                    is_anonymous: record.is_anonymous == Some(true),
                    matter: record.matter,
                    source: record.source.clone(),
                    duplicate_of: incident.duplicate_of,
                    rating: incident.rating,
                })
            }
            (Record::Patrol(record), Work::Patrol(patrol)) => Self::Patrol(PatrolRow {
                document: id,
                state: patrol.state,
                grid: record.grid.clone(),
                author,
                started_at: at,
                finished_at: match patrol.state {
                    PatrolState::Finished => patrol.legs.last().and_then(|leg| leg.to),
                    PatrolState::Running | PatrolState::Paused => None,
                },
                distance_m: patrol.distance_m,
                tracked_s: patrol.tracked_s,
                visited: count(patrol.visited.len()),
                left: count(patrol.left.len()),
                gaps: count(patrol.gaps.len()),
                incidents: count(patrol.incidents.len()),
            }),
            (Record::Household(record), Work::Household(household)) => {
                let card = card.unwrap_or(record);
                Self::Household(HouseholdRow {
                    document: id,
                    state: household.state,
                    has_clash: household.card.is_clash() || household.grid.is_clash(),
                    name: card.name.clone(),
                    address: card.address.clone(),
                    grid: household.grid.value,
                    position: card.place.position,
                    purposes: card.purposes.clone(),
                    people: card.people,
                    every_days: card.every_days,
                    last_visit_at: None,
                    due_at: None,
                    author,
                    at,
                    received_at,
                })
            }
            (Record::Visit(record), Work::Visit(visit)) => Self::Visit(VisitRow {
                document: id,
                household: record.household,
                purpose: record.purpose.clone(),
                outcome: record.outcome,
                excerpt: excerpt(&record.text),
                grid: record.place.grid.clone(),
                position: record.place.position,
                photos: count(record.photos.len()),
                led_to: count(visit.led_to.len()),
                author,
                at: visit.at,
                received_at,
            }),
            (Record::Task(record), Work::Task(task)) => Self::Task(TaskRow {
                document: id,
                form: record.form,
                state: task.state,
                state_since: task.state_since,
                title: record.title.clone(),
                grid: record.place.grid.clone(),
                position: record.place.position,
                audience: record.audience.clone(),
                counts: task.counts(),
                named: task.named,
                from_at: record.from_at,
                due_at: record.due_at,
                source: record.source,
                author,
                at,
                received_at,
            }),
            (Record::Warning(record), Work::Warning(warning)) => Self::Warning(WarningRow {
                document: id,
                hazard: record.hazard.clone(),
                level: warning.level,
                title: record.title.clone(),
                from_at: warning.from_at,
                until_at: warning.until_at,
                is_ended: warning.is_ended,
                issue: warning.issue,
                state_since: warning.issues.last().map_or(at, |issue| issue.at),
                audience: record.audience.clone(),
                posts: count(record.posts.len()),
                acknowledged: count(
                    warning.acknowledged.values().filter(|(issue, _)| *issue >= warning.issue).count(),
                ),
                heard: count(warning.heard.len()),
                need_help: count(warning.need_help().count()),
                author,
                at,
                received_at,
            }),
            (Record::Notice(record), Work::Notice(notice)) => Self::Notice(NoticeRow {
                document: id,
                state: notice.state,
                state_since: notice.state_since,
                theme: record.theme.clone(),
                title: record.title.clone(),
                audience: record.audience.clone(),
                from_at: record.from_at,
                until_at: record.until_at,
                asks_read: record.asks_read,
                readers: count(notice.readers.len()),
                author,
                at,
                received_at,
            }),
            _ => return None,
        })
    }
}

fn open_orders(incident: &Incident) -> (Vec<DepartmentId>, Vec<MemberId>) {
    let open: Vec<&Dispatch> = incident.dispatches.iter().filter(|dispatch| dispatch.is_open()).collect();
    (
        open.iter().filter_map(|dispatch| dispatch.department.clone()).collect(),
        open.iter().filter_map(|dispatch| dispatch.member.clone()).collect(),
    )
}

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
