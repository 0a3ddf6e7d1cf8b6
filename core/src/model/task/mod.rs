//! A task: an order with its items, for one person or for many. What its steps amount to is worked out in
//! the fold.
//!
//! Errands, daily reminders, weekly plans, inspection lists, musters, evacuation lists and relief cases are
//! one kind of document: they differ in what is asked of those they are for.

mod fold;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

pub use fold::{Item, Mark, Part, Task, TaskCounts, TaskState};

use crate::{
    error::{Error, Problem, Result},
    id::{BlobHash, DocumentId, MemberId, ReasonId, Salt},
    model::{MAX_TEXT_BYTES, audience::Audience, incident::MAX_PHOTOS, note::too_long, place::Place},
    time::Timestamp,
};

/// Most items of one list.
pub const MAX_ITEMS: usize = 1_000;
/// Most shelters of one list.
pub const MAX_SHELTERS: usize = 64;

/// What sort of order it is. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum TaskForm {
    /// Something to do.
    #[n(1)]
    Errand,
    /// 每日提醒: what to keep in mind today.
    #[n(2)]
    Reminder,
    /// 周计划: what to do this week.
    #[n(3)]
    Plan,
    /// 检查: a list to go through.
    #[n(4)]
    Inspection,
    /// 集结: everyone comes and answers.
    #[n(5)]
    Muster,
    /// 转移: person by person to a shelter.
    #[n(6)]
    Evacuation,
    /// 救助: a person's case until it is settled.
    #[n(7)]
    Relief,
}

impl TaskForm {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Errand,
        Self::Reminder,
        Self::Plan,
        Self::Inspection,
        Self::Muster,
        Self::Evacuation,
        Self::Relief,
    ];

    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Errand => "errand",
            Self::Reminder => "reminder",
            Self::Plan => "plan",
            Self::Inspection => "inspection",
            Self::Muster => "muster",
            Self::Evacuation => "evacuation",
            Self::Relief => "relief",
        }
    }

    /// The form with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }

    /// It ends when one of those it is for has done it; the others are answered by each.
    pub const fn is_done_once(self) -> bool {
        matches!(self, Self::Errand | Self::Inspection | Self::Evacuation | Self::Relief)
    }
}

/// One item: a thing to look at, or a household to move.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct TaskItem {
    /// Its number within the task.
    #[n(0)]
    pub id: u16,
    /// What or who.
    #[n(1)]
    pub text: String,
    /// Where, in words; may be empty.
    #[n(2)]
    pub address: String,
    /// How many people; 1 for a person, 0 for a thing.
    #[n(3)]
    pub people: u16,
}

/// The body of a task's record entry. Names stand here and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct TaskRecord {
    /// Random.
    #[n(0)]
    #[serde(skip)]
    pub salt: Salt,
    /// What sort of order.
    #[n(1)]
    pub form: TaskForm,
    /// In a line.
    #[n(2)]
    pub title: String,
    /// In words; may be empty.
    #[n(3)]
    pub text: String,
    /// The list.
    #[n(4)]
    pub items: Vec<TaskItem>,
    /// Whom it is for; nobody for a matter put before the command centre.
    #[n(5)]
    pub audience: Audience,
    /// Counts from then on.
    #[n(6)]
    pub from_at: Option<Timestamp>,
    /// To be done by then.
    #[n(7)]
    pub due_at: Option<Timestamp>,
    /// Where: where to come, what to inspect.
    #[n(8)]
    pub place: Place,
    /// The incident, visit or warning it came from.
    #[n(9)]
    pub source: Option<DocumentId>,
    /// Photos and maps.
    #[n(10)]
    pub photos: Vec<BlobHash>,
    /// Where people are taken; steps name them by their place in this list.
    #[n(11)]
    pub shelters: Vec<String>,
    /// Finishing it takes a photo.
    #[n(12)]
    pub needs_proof: bool,
}

impl TaskRecord {
    /// A task with nothing beside its form and title.
    pub fn plain(form: TaskForm, title: &str) -> Self {
        Self {
            salt: Salt::ZERO,
            form,
            title: title.to_owned(),
            text: String::new(),
            items: Vec::new(),
            audience: Audience::default(),
            from_at: None,
            due_at: None,
            place: Place::default(),
            source: None,
            photos: Vec::new(),
            shelters: Vec::new(),
            needs_proof: false,
        }
    }

    /// Refuses what no reader would take.
    pub fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        let items: usize = self.items.iter().map(|item| item.text.len() + item.address.len()).sum();
        let shelters: usize = self.shelters.iter().map(String::len).sum();
        let bytes = self.title.len() + self.text.len() + items + shelters;
        if bytes > 4 * MAX_TEXT_BYTES {
            return Err(too_long(bytes));
        }
        if self.title.trim().is_empty() {
            problems.push(Problem::Missing("the title"));
        }
        for (what, found, limit) in [
            ("the number of items", self.items.len(), MAX_ITEMS),
            ("the number of photos", self.photos.len(), MAX_PHOTOS),
            ("the number of shelters", self.shelters.len(), MAX_SHELTERS),
        ] {
            if found > limit {
                problems.push(Problem::TooLarge { what, found: found as u64, limit: limit as u64 });
            }
        }
        let mut ids: Vec<u16> = self.items.iter().map(|item| item.id).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair.first() == pair.last()) {
            let code = twice.first().copied().unwrap_or_default().to_string();
            problems.push(Problem::Twice { what: "the item", code });
        }
        if self.form == TaskForm::Evacuation && self.shelters.is_empty() {
            problems.push(Problem::Missing("a shelter"));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid { problems });
        }
        self.audience.check()
    }
}

/// What became of an item. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Nothing yet, or taken back.
    #[n(1)]
    Open,
    /// Done; nothing is wrong with it.
    #[n(2)]
    Done,
    /// Looked at, and something is wrong.
    #[n(3)]
    Faulty,
    /// Moved to a shelter.
    #[n(4)]
    Moved,
    /// Gone already, to relatives for instance.
    #[n(5)]
    Elsewhere,
    /// Nobody was there.
    #[n(6)]
    Absent,
    /// They do not want to.
    #[n(7)]
    Refused,
}

impl ItemState {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::Done, Self::Faulty, Self::Moved, Self::Elsewhere, Self::Absent, Self::Refused];

    /// The word in the working document, SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Faulty => "faulty",
            Self::Moved => "moved",
            Self::Elsewhere => "elsewhere",
            Self::Absent => "absent",
            Self::Refused => "refused",
        }
    }

    /// The state with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// One knows where these people are, or that this thing was seen to.
    pub const fn is_accounted(self) -> bool {
        matches!(self, Self::Done | Self::Faulty | Self::Moved | Self::Elsewhere)
    }
}

/// What somebody answers to a call. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum TaskAnswer {
    /// I take it, I have read it, I am coming.
    #[n(1)]
    Accepted,
    /// I can't.
    #[n(2)]
    Declined,
    /// I have come.
    #[n(3)]
    Arrived,
}

/// One step of a task. Numbers are wire format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum TaskStep {
    /// Somebody answers for themselves.
    #[n(1)]
    Answered {
        /// Who.
        #[n(0)]
        member: MemberId,
        /// What.
        #[n(1)]
        answer: TaskAnswer,
        /// Why not.
        #[n(2)]
        reason: Option<ReasonId>,
    },
    /// Somebody hands it to another.
    #[n(2)]
    HandedOver {
        /// Who had it.
        #[n(0)]
        member: MemberId,
        /// Who has it now.
        #[n(1)]
        to: MemberId,
    },
    /// An item was seen to. The field of the item is set in the same change.
    #[n(3)]
    Marked {
        /// Who says so; none for the command centre.
        #[n(0)]
        member: Option<MemberId>,
        /// Which item.
        #[n(1)]
        item: u16,
        /// What became of it.
        #[n(2)]
        state: ItemState,
        /// Moved: to which shelter.
        #[n(3)]
        shelter: Option<u8>,
    },
    /// Somebody has done it; for most forms the whole of it, else their own part.
    #[n(4)]
    Finished {
        /// Who; none for the command centre.
        #[n(0)]
        member: Option<MemberId>,
    },
    /// It was called off.
    #[n(5)]
    Cancelled {
        /// Why.
        #[n(0)]
        reason: Option<ReasonId>,
    },
    /// Whoever gave the order is content.
    #[n(6)]
    Closed,
    /// Taken up again.
    #[n(7)]
    Reopened {
        /// Why.
        #[n(0)]
        reason: Option<ReasonId>,
    },
}

impl TaskStep {
    /// Who acts, if it is a member.
    pub fn member(&self) -> Option<&MemberId> {
        match self {
            Self::Answered { member, .. } | Self::HandedOver { member, .. } => Some(member),
            Self::Marked { member, .. } | Self::Finished { member } => member.as_ref(),
            Self::Cancelled { .. } | Self::Closed | Self::Reopened { .. } => None,
        }
    }

    /// The field that stands beside the step in one change.
    pub fn field(&self) -> Option<(String, String)> {
        match self {
            Self::Marked { item, state, shelter, .. } => {
                Some((item_field(*item), item_word(*state, *shelter)))
            }
            _ => None,
        }
    }
}

/// The field of an item.
pub fn item_field(item: u16) -> String {
    format!("i{item}")
}

/// The item that a field is of.
pub fn field_item(name: &str) -> Option<u16> {
    let item = name.strip_prefix('i')?.parse().ok()?;
    (item_field(item) == name).then_some(item)
}

/// `moved:2`: moved to the third shelter.
fn item_word(state: ItemState, shelter: Option<u8>) -> String {
    match shelter {
        Some(shelter) => format!("{}:{shelter}", state.as_str()),
        None => state.as_str().to_owned(),
    }
}

/// Reads the value of an item's field.
pub fn read_item_word(word: &str) -> Option<(ItemState, Option<u8>)> {
    let (state, shelter) = match word.split_once(':') {
        Some((state, shelter)) => (state, Some(shelter.parse().ok()?)),
        None => (word, None),
    };
    Some((ItemState::from_word(state)?, shelter))
}

#[cfg(test)]
mod tests;
