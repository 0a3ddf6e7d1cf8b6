//! When an incident's next step is due: by category, severity and state.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Severity, incident::IncidentState, settings::Settings};
use crate::id::CategoryId;

/// How long an incident may stay in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRule {
    /// Of this category.
    pub category: CategoryId,
    /// Of this severity.
    pub severity: Severity,
    /// In this state.
    pub state: IncidentState,
    /// So many hours.
    pub hours: u16,
}

/// Hours that each step may take, by severity: low, normal, high, urgent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct StepHours {
    /// From the report to its acceptance.
    #[n(0)]
    pub accept: [u16; 4],
    /// From acceptance, return or reopening to the dispatch.
    #[n(1)]
    pub dispatch: [u16; 4],
    /// From resolution to verification.
    #[n(2)]
    pub verify: [u16; 4],
    /// From verification to the answer.
    #[n(3)]
    pub close: [u16; 4],
}

/// Whether the relay reminds by itself of what is overdue: once for each step and day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// It does.
    #[n(0)]
    pub is_on: bool,
    /// So many hours after something was due.
    #[n(1)]
    #[serde(default)]
    pub after_hours: u16,
}

impl Settings {
    /// Hours from dispatch to done.
    pub fn due_hours(&self, category: &CategoryId, severity: Severity) -> u16 {
        const OTHERWISE: [u16; 4] = [168, 72, 24, 2];
        let hours = self
            .categories
            .iter()
            .find(|known| known.id == *category)
            .map_or(OTHERWISE, |known| known.due_hours);
        let [low, normal, high, urgent] = hours;
        match severity {
            Severity::Low => low,
            Severity::Normal => normal,
            Severity::High => high,
            Severity::Urgent => urgent,
        }
    }

    /// How long an incident may stay in each state, for every category and severity.
    pub fn due_rules(&self) -> Vec<DueRule> {
        use IncidentState as S;
        let Some(step_hours) = &self.step_hours else { return Vec::new() };
        let mut rules = Vec::new();
        for category in &self.categories {
            for (severity, at) in Severity::ALL.into_iter().zip(0_usize..) {
                let step_hours = category.step_hours.as_ref().unwrap_or(step_hours);
                let hours = |of: &[u16; 4]| of.get(at).copied().unwrap_or_default();
                for (state, of) in [
                    (S::Reported, &step_hours.accept),
                    (S::Accepted, &step_hours.dispatch),
                    (S::Returned, &step_hours.dispatch),
                    (S::Reopened, &step_hours.dispatch),
                    (S::Dispatched, &category.due_hours),
                    (S::Handling, &category.due_hours),
                    (S::Resolved, &step_hours.verify),
                    (S::Verified, &step_hours.close),
                ] {
                    let category = category.id.clone();
                    rules.push(DueRule { category, severity, state, hours: hours(of) });
                }
            }
        }
        rules
    }
}
