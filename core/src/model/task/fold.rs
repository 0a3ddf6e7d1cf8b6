//! What a task's steps and fields amount to, the same on every device in any order of arrival.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ItemState, TaskAnswer, TaskForm, TaskRecord, TaskStep, item_field, read_item_word};
use crate::{
    error::HeldCode,
    id::{MemberId, ReasonId},
    model::{
        choice::{Choice, Fields, choice},
        decode,
        step::{Origin, RawStep, StepId},
    },
    time::Timestamp,
};

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Nobody has taken it up.
    Open,
    /// Somebody is on it.
    Underway,
    /// All whom it names said that they can't.
    Declined,
    /// Done, as those say who did it.
    Finished,
    /// Whoever gave the order is content.
    Closed,
    /// Called off.
    Cancelled,
}

impl TaskState {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Underway, Self::Declined, Self::Finished, Self::Closed, Self::Cancelled];

    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Underway => "underway",
            Self::Declined => "declined",
            Self::Finished => "finished",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing more is asked of anybody.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

/// What one person said and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The last answer.
    pub answer: Option<TaskAnswer>,
    /// Why not.
    pub reason: Option<ReasonId>,
    /// To whom it was handed.
    pub handed_to: Option<MemberId>,
    /// Their part is done.
    pub is_finished: bool,
    /// When the last of these was said.
    pub at: Timestamp,
}

/// Somebody's word about an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The step.
    pub step: StepId,
    /// Who; none for the command centre.
    pub member: Option<MemberId>,
    /// What became of it.
    pub state: ItemState,
    /// To which shelter.
    pub shelter: Option<u8>,
    /// When.
    pub at: Timestamp,
}

/// One item with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its number.
    pub id: u16,
    /// How many people.
    pub people: u16,
    /// What became of it, and to which shelter; with what others said at the same time.
    pub state: Choice<(ItemState, Option<u8>)>,
    /// Every word about it, in the document's order.
    pub marks: Vec<Mark>,
}

/// Counts over a task's items, each person once whoever marked them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TaskCounts {
    /// Items in all.
    pub items: u32,
    /// Items of which one knows what became of them.
    pub accounted: u32,
    /// People in all.
    pub people: u32,
    /// People of whom one knows where they are.
    pub people_accounted: u32,
    /// People by what became of them.
    pub by_state: BTreeMap<String, u32>,
    /// People in each shelter.
    pub by_shelter: BTreeMap<u8, u32>,
    /// Items about which people say different things.
    pub clashes: u32,
    /// People who answered that they take it or come.
    pub accepted: u32,
    /// People who said that they can't.
    pub declined: u32,
    /// People who have come.
    pub arrived: u32,
    /// People whose part is done.
    pub finished: u32,
}

/// What a task's working document amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Task {
    /// What sort of order.
    pub form: TaskForm,
    /// Where it stands.
    pub state: TaskState,
    /// Since when.
    pub state_since: Timestamp,
    /// Why it was called off or taken up again.
    pub reason: Option<ReasonId>,
    /// Whom it names: those of the record, and those to whom it was handed.
    pub named: Vec<MemberId>,
    /// What each person said and did.
    pub parts: BTreeMap<MemberId, Part>,
    /// The list.
    pub items: Vec<Item>,
    /// Steps that took no effect.
    pub without_effect: Vec<StepId>,
    is_finished: bool,
}

impl Task {
    /// Folds the steps and fields over the record.
    pub fn fold(record: &TaskRecord, origin: &Origin, steps: &[RawStep], fields: &Fields) -> Self {
        let items = record.items.iter().map(|item| Item {
            id: item.id,
            people: item.people,
            state: choice(fields, &item_field(item.id), read_item_word)
                .unwrap_or(Choice::single((ItemState::Open, None))),
            marks: Vec::new(),
        });
        let mut task = Self {
            form: record.form,
            state: TaskState::Open,
            state_since: origin.at(),
            reason: None,
            named: record.audience.members.clone(),
            parts: BTreeMap::new(),
            items: items.collect(),
            without_effect: Vec::new(),
            is_finished: false,
        };
        for raw in steps {
            let Ok(step) = decode::<TaskStep>(&raw.body, "a task's step") else { continue };
            if task.allows(&step).is_err() {
                task.without_effect.push(raw.id);
                continue;
            }
            task.take(raw.id, step, raw.origin.at());
        }
        task
    }

    /// Whether the step is possible now, whoever takes it.
    pub fn allows(&self, step: &TaskStep) -> Result<(), HeldCode> {
        let is_possible = match step {
            TaskStep::HandedOver { member, to } => !self.state.is_over() && member != to,
            TaskStep::Marked { item, .. } => {
                if !self.items.iter().any(|known| known.id == *item) {
                    return Err(HeldCode::Malformed);
                }
                !self.state.is_over()
            }
            TaskStep::Answered { .. }
            | TaskStep::Finished { .. }
            | TaskStep::Cancelled { .. }
            | TaskStep::Closed => !self.state.is_over(),
            TaskStep::Reopened { .. } => self.state.is_over() || self.state == TaskState::Finished,
        };
        if is_possible { Ok(()) } else { Err(HeldCode::WrongState) }
    }

    /// The task after a step that [`Task::allows`].
    pub fn take(&mut self, id: StepId, step: TaskStep, at: Timestamp) {
        let mut next = None;
        match step {
            TaskStep::Answered { member, answer, reason } => {
                let part = self.part(member, at);
                part.answer = Some(answer);
                part.reason = reason;
                part.handed_to = None;
            }
            TaskStep::HandedOver { member, to } => {
                if !self.named.contains(&to) {
                    self.named.push(to.clone());
                }
                self.part(member, at).handed_to = Some(to);
            }
            TaskStep::Marked { member, item, state, shelter } => {
                let marked = self.items.iter_mut().find(|known| known.id == item);
                if let Some(item) = marked {
                    item.marks.push(Mark { step: id, member: member.clone(), state, shelter, at });
                }
                if let Some(member) = member {
                    self.part(member, at).answer.get_or_insert(TaskAnswer::Accepted);
                }
            }
            TaskStep::Finished { member } => {
                self.is_finished = true;
                if let Some(member) = member {
                    self.part(member, at).is_finished = true;
                }
            }
            TaskStep::Cancelled { reason } => {
                self.reason = reason;
                next = Some(TaskState::Cancelled);
            }
            TaskStep::Closed => next = Some(TaskState::Closed),
            TaskStep::Reopened { reason } => {
                self.reason = reason;
                self.is_finished = false;
                for part in self.parts.values_mut() {
                    part.is_finished = false;
                }
                next = Some(self.state_of_parts());
            }
        }
        let state = next.unwrap_or_else(|| self.state_of_parts());
        if state != self.state {
            self.state = state;
            self.state_since = at;
        }
    }

    fn part(&mut self, member: MemberId, at: Timestamp) -> &mut Part {
        let part = self.parts.entry(member).or_default();
        part.at = at;
        part
    }

    fn state_of_parts(&self) -> TaskState {
        let is_refused = |member: &MemberId| {
            self.parts
                .get(member)
                .is_some_and(|part| part.answer == Some(TaskAnswer::Declined) || part.handed_to.is_some())
        };
        let is_finished = self.is_finished && self.form.is_done_once();
        let is_taken_up = self.parts.values().any(|part| {
            part.handed_to.is_none()
                && matches!(part.answer, Some(TaskAnswer::Accepted | TaskAnswer::Arrived))
        });
        if is_finished {
            TaskState::Finished
        } else if is_taken_up || self.is_finished {
            TaskState::Underway
        } else if !self.named.is_empty() && self.named.iter().all(is_refused) {
            TaskState::Declined
        } else {
            TaskState::Open
        }
    }

    /// Counts over items and answers. An item about which people say different things counts once, as
    /// accounted for if any of them says so.
    pub fn counts(&self) -> TaskCounts {
        let mut counts = TaskCounts::default();
        for item in &self.items {
            let people = u32::from(item.people);
            let (shown, shelter) = item.state.value;
            let is_accounted = item.state.all().any(|(state, _)| state.is_accounted());
            counts.items += 1;
            counts.people += people;
            counts.accounted += u32::from(is_accounted);
            counts.people_accounted += if is_accounted { people } else { 0 };
            counts.clashes += u32::from(item.state.is_clash());
            *counts.by_state.entry(shown.as_str().to_owned()).or_default() += people.max(1);
            if let Some(shelter) = shelter.filter(|_| shown == ItemState::Moved) {
                *counts.by_shelter.entry(shelter).or_default() += people;
            }
        }
        for part in self.parts.values().filter(|part| part.handed_to.is_none()) {
            match part.answer {
                Some(TaskAnswer::Accepted) => counts.accepted += 1,
                Some(TaskAnswer::Declined) => counts.declined += 1,
                Some(TaskAnswer::Arrived) => counts.arrived += 1,
                None => {}
            }
            counts.finished += u32::from(part.is_finished);
        }
        counts
    }
}
