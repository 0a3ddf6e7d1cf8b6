//! Tasks in full: every item with what became of it, every answer by name, and who is missing.

use std::collections::BTreeSet;

use serde::Serialize;
use suishou_core::{
    document::{Record, Work},
    id::{MemberId, ReasonId},
    model::{
        DocumentKind,
        place::Place,
        task::{ItemState, Task, TaskAnswer, TaskRecord, TaskState},
    },
    rows::TaskRow,
    time::Timestamp,
};

use super::{Context, Kind};
use crate::relay::{
    error::Result,
    shown::{BlobShown, NamedShown},
};

/// Somebody's word about an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MarkShown {
    /// Who; none for the command centre.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub by: Option<NamedShown>,
    /// What became of it.
    pub state: ItemState,
    /// To which shelter.
    pub shelter: Option<u8>,
    /// When.
    pub at: Timestamp,
}

/// What became of an item, as one person has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Became {
    /// What became of it.
    pub state: ItemState,
    /// To which shelter.
    pub shelter: Option<u8>,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ItemShown {
    /// Its number.
    pub id: u16,
    /// What or who.
    pub text: String,
    /// Where, in words.
    pub address: String,
    /// How many people.
    pub people: u16,
    /// What became of it.
    #[serde(flatten)]
    pub became: Became,
    /// What others said at the same time: a person should choose.
    pub others: Vec<Became>,
    /// One knows what became of it.
    pub is_accounted: bool,
    /// Every word about it.
    pub marks: Vec<MarkShown>,
}

/// Where people are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ShelterShown {
    /// Its number.
    pub id: u8,
    /// What people call it.
    pub name: String,
    /// How many were taken there.
    pub people: u32,
}

/// What one person said and did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AnswerShown {
    /// Who.
    #[serde(flatten)]
    pub by: NamedShown,
    /// The last answer.
    pub answer: Option<TaskAnswer>,
    /// Why not.
    pub reason: Option<ReasonId>,
    /// To whom it was handed.
    pub handed_to: Option<NamedShown>,
    /// Their part is done.
    pub is_finished: bool,
    /// When the last of these was said.
    pub at: Timestamp,
}

/// What a task in full has beside its row.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TaskShown {
    /// In words.
    pub text: String,
    /// Where.
    pub place: Place,
    /// The photos.
    pub photo_blobs: Vec<BlobShown>,
    /// Finishing it takes a photo.
    pub needs_proof: bool,
    /// The list.
    pub items: Vec<ItemShown>,
    /// Where people are taken.
    pub shelters: Vec<ShelterShown>,
    /// People of whom one does not know where they are.
    pub people_missing: u32,
    /// What each person said and did.
    pub answers: Vec<AnswerShown>,
    /// Those it is for who have not answered; those who handed it on have.
    pub waiting: Vec<NamedShown>,
    /// Why it was called off or taken up again.
    pub reason: Option<ReasonId>,
}

impl Kind for TaskRow {
    type Shown = TaskShown;
    const KIND: DocumentKind = DocumentKind::Task;

    fn states() -> Vec<&'static str> {
        TaskState::ALL.into_iter().map(TaskState::as_str).collect()
    }

    fn shown(context: &Context<'_>, record: &Record, work: Work) -> Result<Option<Self::Shown>> {
        let (Record::Task(record), Work::Task(task)) = (record, work) else { return Ok(None) };
        let counts = task.counts();
        let shelters = (0_u8..).zip(&record.shelters).map(|(id, name)| ShelterShown {
            id,
            name: name.clone(),
            people: counts.by_shelter.get(&id).copied().unwrap_or_default(),
        });
        Ok(Some(TaskShown {
            text: record.text.clone(),
            place: record.place.clone(),
            photo_blobs: context.blobs(&record.photos)?,
            needs_proof: record.needs_proof,
            shelters: shelters.collect(),
            people_missing: counts.people.saturating_sub(counts.people_accounted),
            answers: answers(context, &task)?,
            waiting: waiting(context, record, &task)?,
            items: items(context, record, &task)?,
            reason: task.reason,
        }))
    }
}

fn items(context: &Context<'_>, record: &TaskRecord, task: &Task) -> Result<Vec<ItemShown>> {
    let became = |(state, shelter): &(ItemState, Option<u8>)| Became { state: *state, shelter: *shelter };
    let mut shown = Vec::with_capacity(task.items.len());
    for (said, item) in record.items.iter().zip(&task.items) {
        let mut marks = Vec::with_capacity(item.marks.len());
        for mark in &item.marks {
            marks.push(MarkShown {
                by: mark.member.as_ref().map(|member| context.named(member)).transpose()?,
                state: mark.state,
                shelter: mark.shelter,
                at: mark.at,
            });
        }
        shown.push(ItemShown {
            id: item.id,
            text: said.text.clone(),
            address: said.address.clone(),
            people: item.people,
            became: became(&item.state.value),
            others: item.state.others.iter().map(became).collect(),
            is_accounted: item.state.all().any(|(state, _)| state.is_accounted()),
            marks,
        });
    }
    Ok(shown)
}

fn answers(context: &Context<'_>, task: &Task) -> Result<Vec<AnswerShown>> {
    let mut shown = Vec::with_capacity(task.parts.len());
    for (member, part) in &task.parts {
        shown.push(AnswerShown {
            by: context.named(member)?,
            answer: part.answer,
            reason: part.reason.clone(),
            handed_to: part.handed_to.as_ref().map(|to| context.named(to)).transpose()?,
            is_finished: part.is_finished,
            at: part.at,
        });
    }
    Ok(shown)
}

fn waiting(context: &Context<'_>, record: &TaskRecord, task: &Task) -> Result<Vec<NamedShown>> {
    if task.state.is_over() {
        return Ok(Vec::new());
    }
    let has_said = |member: &MemberId| {
        task.parts
            .get(member)
            .is_some_and(|part| part.answer.is_some() || part.handed_to.is_some() || part.is_finished)
    };
    let mut waiting = context.missing(&record.audience, |member| !has_said(member))?;
    // Those to whom it was handed are in no audience.
    let listed: BTreeSet<MemberId> = waiting.iter().map(|named| named.of.clone()).collect();
    for member in task.named.iter().filter(|member| !listed.contains(*member) && !has_said(member)) {
        waiting.push(context.named(member)?);
    }
    Ok(waiting)
}
