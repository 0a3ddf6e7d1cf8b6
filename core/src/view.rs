//! What a screen shows: values, ready to be laid out. No view is an error; clashes, held entries and weak
//! fixes are values here.

use serde::Serialize;

use crate::{
    id::{BlobHash, DocumentId, EntryId, GridId},
    model::{
        Role,
        draft::Draft,
        household::{Household, HouseholdCard},
        incident::{Incident, Matter, StepKind},
        patrol::Patrol,
        place::Place,
        step::{Author, StepId},
        task::{Item, Part, Task, TaskItem},
        visit::{Visit, VisitRecord},
        warning::{Heard, RiskPost, Warning, WarningState},
    },
    outbox::Stored,
    rows::{HouseholdRow, IncidentRow, NoticeRow, PatrolRow, TaskRow, VisitRow, WarningRow},
    store::HeldEntry,
    sync::check::CheckCode,
    time::Timestamp,
};

/// An incident in a list, with how much of it the relay holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentListed {
    /// What the list shows.
    #[serde(flatten)]
    pub row: IncidentRow,
    /// On this phone, stored.
    pub stored: Stored,
}

/// An incident with everything that this phone may know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentView {
    /// Which.
    pub document: DocumentId,
    /// What the reporter wrote.
    pub text: String,
    /// Where, as the reporter's phone knew it.
    pub place: Place,
    /// The photos.
    pub photos: Vec<PhotoView>,
    /// The voice recording.
    pub voice: Option<VoiceView>,
    /// Who reported it.
    pub author: Author,
    /// When, by the reporter's clock.
    pub reported_at: Timestamp,
    /// Only the command centre and those who handle it see it.
    pub is_anonymous: bool,
    /// A complaint or suggestion; none for an incident.
    pub matter: Option<Matter>,
    /// State, dispatches, steps.
    pub incident: Incident,
    /// Remarks and how much of it is stored.
    #[serde(flatten)]
    pub about: About,
    /// What this member may do now.
    pub possible: Vec<StepKind>,
    /// The dispatch that went to this member or their department and is not done: handling, resolving and
    /// handing back are about it.
    pub my_dispatch: Option<StepId>,
}

/// A photo of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PhotoView {
    /// Which.
    pub hash: BlobHash,
    /// Its bytes are on this phone.
    pub is_here: bool,
    /// The relay can be expected to have them: not here does not mean lost.
    pub is_on_relay: bool,
}

/// A voice recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VoiceView {
    /// Which.
    pub hash: BlobHash,
    /// Its bytes are on this phone.
    pub is_here: bool,
}

/// A draft, and which of its attachments are gone from this phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftView {
    /// What was entered.
    pub draft: Draft,
    /// Photos and recordings whose bytes are gone: to be taken again or left out.
    pub missing: Vec<BlobHash>,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteView {
    /// Its entry.
    pub entry: EntryId,
    /// What was said.
    pub text: String,
    /// Its photos.
    pub photos: Vec<PhotoView>,
    /// Its voice recording.
    pub voice: Option<VoiceView>,
    /// Who.
    pub author: Author,
    /// When, by the author's clock.
    pub at: Timestamp,
    /// The step that it explains.
    pub step: Option<StepId>,
    /// The remark that it answers.
    pub answers: Option<EntryId>,
    /// It says what the record's text should have said.
    pub is_correction: bool,
}

/// What is shown beside work of every kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct About {
    /// Remarks, in the order in which they came.
    pub notes: Vec<NoteView>,
    /// On this phone, stored.
    pub stored: Stored,
    /// Own steps that took no effect, to be seen and tried again.
    pub held: Vec<HeldEntry>,
}

/// A household with its cards and visits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HouseholdView {
    /// What the list shows.
    pub row: HouseholdRow,
    /// The card in use.
    pub card: HouseholdCard,
    /// Every card, the first one first.
    pub cards: Vec<CardView>,
    /// State, and what stands side by side.
    pub household: Household,
    /// The visits that this phone knows, newest first.
    pub visits: Vec<VisitRow>,
    /// Remarks and how much of it is stored.
    #[serde(flatten)]
    pub about: About,
}

/// One card of a household.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CardView {
    /// The entry that brought it.
    pub entry: EntryId,
    /// What it says.
    pub card: HouseholdCard,
    /// Who wrote it.
    pub author: Author,
    /// When, by the author's clock.
    pub at: Timestamp,
    /// It is the one in use.
    pub is_in_use: bool,
}

/// A visit with everything that this phone may know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VisitView {
    /// What the list shows.
    pub row: VisitRow,
    /// What was said and answered.
    pub record: VisitRecord,
    /// The photos.
    pub photos: Vec<PhotoView>,
    /// The recording.
    pub voice: Option<VoiceView>,
    /// What came of it.
    pub visit: Visit,
    /// Remarks and how much of it is stored.
    #[serde(flatten)]
    pub about: About,
}

/// What this member may do to a task now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskPossible {
    /// Take it, decline it, say that one has come.
    Answer,
    /// Hand it to somebody.
    HandOver,
    /// Say what became of an item.
    Mark,
    /// Say that it is done.
    Finish,
    /// Be content with it.
    Close,
    /// Call it off.
    Cancel,
    /// Take it up again.
    Reopen,
}

/// One item of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskItemView {
    /// What or who.
    pub item: TaskItem,
    /// What became of it.
    pub state: Item,
}

/// A task with everything that this phone may know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskView {
    /// What the list shows, counts with it.
    pub row: TaskRow,
    /// In words.
    pub text: String,
    /// The list.
    pub items: Vec<TaskItemView>,
    /// Where people are taken.
    pub shelters: Vec<String>,
    /// Where.
    pub place: Place,
    /// Photos and maps.
    pub photos: Vec<PhotoView>,
    /// Finishing it takes a photo.
    pub needs_proof: bool,
    /// Answers and steps.
    pub task: Task,
    /// It is for this member.
    pub is_for_me: bool,
    /// This member gave it.
    pub is_mine: bool,
    /// What this member said and did.
    pub my_part: Option<Part>,
    /// What this member may do now.
    pub possible: Vec<TaskPossible>,
    /// Remarks and how much of it is stored.
    #[serde(flatten)]
    pub about: About,
}

/// A place to watch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PostView {
    /// Which, where and whose.
    pub post: RiskPost,
    /// This member answers for it.
    pub is_mine: bool,
    /// What was last heard of it.
    pub last: Option<Heard>,
}

/// A warning with everything that this phone may know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WarningView {
    /// What the list shows.
    pub row: WarningRow,
    /// Where it stands now, by this phone's clock.
    pub state: WarningState,
    /// What to do.
    pub text: String,
    /// Places to watch.
    pub posts: Vec<PostView>,
    /// Photos and maps.
    pub photos: Vec<PhotoView>,
    /// Those who watch are asked how it is there.
    pub asks_report: bool,
    /// It is for this member.
    pub is_for_me: bool,
    /// This member has read its last issue.
    pub is_acknowledged: bool,
    /// Issues, acknowledgements, reports.
    pub warning: Warning,
    /// Remarks and how much of it is stored.
    #[serde(flatten)]
    pub about: About,
}

/// A notice with everything that this phone may know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is shown by itself")]
pub struct NoticeView {
    /// What the list shows.
    pub row: NoticeRow,
    /// In words that people use.
    pub text: String,
    /// Photos and posters.
    pub photos: Vec<PhotoView>,
    /// This member has read it.
    pub is_read: bool,
    /// It was taken back.
    pub is_withdrawn: bool,
    /// Its time is over, by the relay's clock.
    pub is_past: bool,
    /// It is for this member.
    pub is_for_me: bool,
    /// Questions and answers, and how much of it is stored.
    #[serde(flatten)]
    pub about: About,
}

/// A patrol with everything that this phone may know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatrolView {
    /// What the list shows.
    pub row: PatrolRow,
    /// What it is for.
    pub purpose: String,
    /// Legs, checkpoints, gaps.
    pub patrol: Patrol,
    /// It is this person's, and under way for more than a day: to be asked whether it is over.
    pub is_forgotten: bool,
    /// On this phone, stored.
    pub stored: Stored,
}

/// Who this phone belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnrolmentView {
    /// What the township is called.
    pub township_name: String,
    /// The member's number.
    pub member: String,
    /// What they do.
    pub role: Role,
    /// Their grids and all that lie within them, by number: to whom a leader may give orders.
    pub grids: Vec<GridId>,
    /// The township revoked this phone.
    pub is_revoked: bool,
    /// The six digits that the person and the operator compare.
    pub check: Option<CheckCode>,
}
