//! Mirrors of core's values, for uniffi to read their shapes. They say nothing of their own: what each means stands
//! in core, and the compiler refuses a mirror that differs. Packed, because nobody reads them one by one.

use std::path::PathBuf;

use suishou_core::{
    error::HeldCode,
    geo::Position,
    id::{AnswerId, BlobHash, CategoryId, CheckpointId, DepartmentId, DocumentId, DraftId, EntryId, FormId, GridId,
        HazardId, MemberId, PurposeId, QuestionId, ReasonId, Salt, SourceId, ThemeId},
    model::step::{Origin, StepId},
    store::PageKey,
    sync::check::CheckCode,
    time::Timestamp,
    model::{DocumentKind, Role, Severity},
    model::audience::Audience,
    model::consent::{ConsentKind, Consent},
    model::draft::{Draft, DraftBody},
    model::household::{HouseholdCard, HouseholdState, Household},
    model::incident::{Matter, StepKind, IncidentState, DispatchState, Dispatch, StepShown, Incident},
    model::notice::{NoticeRecord, NoticeState},
    model::patrol::{GapReason, PatrolState, Leg, Gap, Visited as CheckpointVisit, Patrol},
    model::place::{FixSource, Fix, GridSource, Place},
    model::step::Author,
    model::task::{TaskForm, TaskItem, TaskRecord, ItemState, TaskAnswer, TaskState, Part, Mark, Item, TaskCounts, Task},
    model::track::TrackFix,
    model::visit::{VisitOutcome, AnswerValue, Answer, VisitRecord, Visit},
    model::warning::{WarningLevel, RiskPost, PostReport, WarningState, Issue, Heard, Warning},
    model::settings::QuestionKind,
    capture::Blur,
    capture::text::SensitiveKind,
    entry::BodyType,
    outbox::Stored,
    rows::{IncidentRow, PatrolRow, HouseholdRow, VisitRow, TaskRow, WarningRow, NoticeRow, Row},
    store::{Counts, HeldEntry, Mine, Exported, Trimmed, KindStorage, StorageReport, SalvageReport, Similar, SimilarIncident, Query, Sort, Listed, TallyBy},
    sync::session::Figures,
    field::{BaseMapView, VoiceKept, Need, VisitDraft, Visited, Remark, ReportDraft, StepDraft},
    view::{IncidentListed, IncidentView, PhotoView, VoiceView, DraftView, NoteView, About, HouseholdView, CardView, VisitView, TaskPossible, TaskItemView, TaskView, PostView, WarningView, NoticeView, PatrolView, EnrolmentView},
};

use crate::values::{
    Acknowledged, ByShelter, ByState, CardChoice, CategoryChoice, Extras, GridChoice, ItemChoice, Near,
    SeverityChoice,
};

#[uniffi::remote(Enum)] enum DocumentKind { Incident, Patrol, Household, Visit, Task, Warning, Notice }
#[uniffi::remote(Enum)] enum Role { Member, Leader, Informant, Handler, Dispatcher }
#[uniffi::remote(Enum)] enum Severity { Low, Normal, High, Urgent }
#[uniffi::remote(Record)] struct Audience { is_everyone: bool, grids: Vec<GridId>, members: Vec<MemberId>,
    departments: Vec<DepartmentId>, roles: Vec<Role> }
#[uniffi::remote(Enum)] enum ConsentKind { Position, Photos }
#[uniffi::remote(Record)] struct Consent { kind: ConsentKind, version: u32, given_at: Option<Timestamp>,
    withdrawn_at: Option<Timestamp> }
#[uniffi::remote(Record)] struct Draft { id: DraftId, kind: DocumentKind, started_at: Timestamp,
    changed_at: Timestamp, body: DraftBody }
#[uniffi::remote(Record)] struct DraftBody { text: String, category: Option<CategoryId>, severity: Severity,
    fix: Option<Fix>, grid: Option<GridId>, photos: Vec<BlobHash>, voice: Option<BlobHash>,
    is_anonymous: bool, extra: Extras, matter: Option<Matter> }
#[uniffi::remote(Record)] struct HouseholdCard { salt: Salt, name: String, address: String, phone: String,
    people: u16, purposes: Vec<PurposeId>, needs: String, every_days: u16, place: Place }
#[uniffi::remote(Enum)] enum HouseholdState { Active, Ended }
#[uniffi::remote(Record)] struct Household { state: HouseholdState, card: CardChoice, grid: GridChoice,
    reason: Option<ReasonId>, state_since: Timestamp, without_effect: Vec<StepId> }
#[uniffi::remote(Enum)] enum Matter { Complaint, Suggestion }
#[uniffi::remote(Enum)] enum StepKind { Accepted, Dispatched, Handling, Resolved, Verified, Closed, Rated,
    Returned, Rejected, Duplicate, Reopened, Reminded }
#[uniffi::remote(Enum)] enum IncidentState { Reported, Accepted, Dispatched, Handling, Resolved, Verified,
    Closed, Rated, Returned, Rejected, Duplicate, Reopened }
#[uniffi::remote(Enum)] enum DispatchState { Sent, Handling, Resolved, Returned }
#[uniffi::remote(Record)] struct Dispatch { step: StepId, department: Option<DepartmentId>,
    member: Option<MemberId>, due_at: Option<Timestamp>, state: DispatchState }
#[uniffi::remote(Record)] struct StepShown { id: StepId, kind: StepKind, origin: Origin,
    department: Option<DepartmentId>, member: Option<MemberId>, due_at: Option<Timestamp>,
    reason: Option<ReasonId>, rating: Option<u8>, of: Option<DocumentId>, dispatch: Option<StepId>,
    answer: Option<AnswerId>, took_effect: bool }
#[uniffi::remote(Record)] struct Incident { state: IncidentState, category: CategoryChoice,
    severity: SeverityChoice, grid: GridChoice, dispatches: Vec<Dispatch>, duplicate_of: Option<DocumentId>,
    reason: Option<ReasonId>, rating: Option<u8>, state_since: Timestamp, steps: Vec<StepShown>,
    lost: Vec<StepId> }
#[uniffi::remote(Record)] struct NoticeRecord { salt: Salt, theme: Option<ThemeId>, title: String,
    text: String, audience: Audience, photos: Vec<BlobHash>, from_at: Option<Timestamp>,
    until_at: Option<Timestamp>, asks_read: bool }
#[uniffi::remote(Enum)] enum NoticeState { Published, Withdrawn }
#[uniffi::remote(Enum)] enum GapReason { Paused, Killed, NoFix, ConsentWithdrawn }
#[uniffi::remote(Enum)] enum PatrolState { Running, Paused, Finished }
#[uniffi::remote(Record)] struct Leg { from: Timestamp, to: Option<Timestamp> }
#[uniffi::remote(Record)] struct Gap { reason: GapReason, from: Timestamp, to: Timestamp }
#[uniffi::remote(Record)] struct CheckpointVisit { checkpoint: CheckpointId, at: Timestamp,
    distance_m: Option<u32> }
#[uniffi::remote(Record)] struct Patrol { state: PatrolState, legs: Vec<Leg>, visited: Vec<CheckpointVisit>,
    left: Vec<CheckpointId>, segments: Vec<BlobHash>, distance_m: u64, tracked_s: u64,
    tracked_until: Option<Timestamp>, gaps: Vec<Gap>, incidents: Vec<DocumentId>, without_effect: Vec<StepId> }
#[uniffi::remote(Enum)] enum FixSource { Satellite, Network, Fused, Manual }
#[uniffi::remote(Record)] struct Fix { position: Position, accuracy_m: u32, taken_at: Timestamp,
    source: FixSource, is_mock: bool }
#[uniffi::remote(Enum)] enum GridSource { Found, Chosen }
#[uniffi::remote(Record)] struct Place { position: Option<Position>, accuracy_m: Option<u32>,
    age_s: Option<u32>, source: Option<FixSource>, is_mock: Option<bool>, grid: Option<GridId>,
    grid_source: Option<GridSource> }
#[uniffi::remote(Enum)] enum Author { You, Centre, Alias(u16) }
#[uniffi::remote(Enum)] enum TaskForm { Errand, Reminder, Plan, Inspection, Muster, Evacuation, Relief }
#[uniffi::remote(Record)] struct TaskItem { id: u16, text: String, address: String, people: u16 }
#[uniffi::remote(Record)] struct TaskRecord { salt: Salt, form: TaskForm, title: String, text: String,
    items: Vec<TaskItem>, audience: Audience, from_at: Option<Timestamp>, due_at: Option<Timestamp>,
    place: Place, source: Option<DocumentId>, photos: Vec<BlobHash>, shelters: Vec<String>, needs_proof: bool }
#[uniffi::remote(Enum)] enum ItemState { Open, Done, Faulty, Moved, Elsewhere, Absent, Refused }
#[uniffi::remote(Enum)] enum TaskAnswer { Accepted, Declined, Arrived }
#[uniffi::remote(Enum)] enum TaskState { Open, Underway, Declined, Finished, Closed, Cancelled }
#[uniffi::remote(Record)] struct Part { answer: Option<TaskAnswer>, reason: Option<ReasonId>,
    handed_to: Option<MemberId>, is_finished: bool, at: Timestamp }
#[uniffi::remote(Record)] struct Mark { step: StepId, member: Option<MemberId>, state: ItemState,
    shelter: Option<u8>, at: Timestamp }
#[uniffi::remote(Record)] struct Item { id: u16, people: u16, state: ItemChoice, marks: Vec<Mark> }
#[uniffi::remote(Record)] struct TaskCounts { items: u32, accounted: u32, people: u32, people_accounted: u32,
    by_state: ByState, by_shelter: ByShelter, clashes: u32, accepted: u32, declined: u32, arrived: u32,
    finished: u32 }
#[uniffi::remote(Record)] struct TrackFix { at: Timestamp, position: Position, accuracy_m: u32 }
#[uniffi::remote(Enum)] enum VisitOutcome { Met, NotHome, Refused, Moved }
#[uniffi::remote(Enum)] enum AnswerValue { Yes(bool), Option(QuestionId), Number(i64), Text(String) }
#[uniffi::remote(Record)] struct Answer { question: QuestionId, value: AnswerValue }
#[uniffi::remote(Record)] struct VisitRecord { salt: Salt, household: Option<DocumentId>,
    purpose: Option<PurposeId>, form: Option<FormId>, answers: Vec<Answer>, text: String, place: Place,
    photos: Vec<BlobHash>, voice: Option<BlobHash>, outcome: VisitOutcome, led_to: Vec<DocumentId> }
#[uniffi::remote(Record)] struct Visit { led_to: Vec<DocumentId>, at: Timestamp }
#[uniffi::remote(Enum)] enum WarningLevel { Blue, Yellow, Orange, Red }
#[uniffi::remote(Record)] struct RiskPost { id: u16, name: String, grid: Option<GridId>,
    member: Option<MemberId>, position: Option<Position> }
#[uniffi::remote(Enum)] enum PostReport { Safe, Watching, Moving, NeedHelp }
#[uniffi::remote(Enum)] enum WarningState { Announced, InForce, Expired, Ended }
#[uniffi::remote(Record)] struct Issue { issue: u16, level: Option<WarningLevel>, until_at: Timestamp,
    at: Timestamp }
#[uniffi::remote(Record)] struct Heard { member: MemberId, post: Option<u16>, report: PostReport,
    people: Option<u16>, at: Timestamp }
#[uniffi::remote(Record)] struct Warning { level: WarningLevel, from_at: Timestamp, until_at: Timestamp,
    is_ended: bool, issue: u16, issues: Vec<Issue>, acknowledged: Acknowledged, heard: Vec<Heard>,
    without_effect: Vec<StepId> }
#[uniffi::remote(Enum)] enum QuestionKind { Yes, Option, Number, Text }
#[uniffi::remote(Record)] struct Blur { left: f32, top: f32, width: f32, height: f32 }
#[uniffi::remote(Enum)] enum SensitiveKind { CitizenId, Phone }
#[uniffi::remote(Enum)] enum BodyType { Record, Note, Change }
#[uniffi::remote(Record)] struct Stored { entries: u32, entries_stored: u32, blobs: u32, blobs_stored: u32,
    entries_seen: u32, seen_at: Option<Timestamp> }
#[uniffi::remote(Record)] struct IncidentRow { document: DocumentId, state: IncidentState,
    category: CategoryId, severity: Severity, grid: Option<GridId>, position: Option<Position>,
    excerpt: String, photos: u32, author: Author, reported_at: Timestamp, received_at: Option<Timestamp>,
    state_since: Timestamp, due_at: Option<Timestamp>, departments: Vec<DepartmentId>, members: Vec<MemberId>,
    has_clash: bool, is_anonymous: bool, matter: Option<Matter>, source: Option<SourceId>,
    duplicate_of: Option<DocumentId>, rating: Option<u8> }
#[uniffi::remote(Record)] struct PatrolRow { document: DocumentId, state: PatrolState, grid: Option<GridId>,
    author: Author, started_at: Timestamp, finished_at: Option<Timestamp>, distance_m: u64, tracked_s: u64,
    visited: u32, left: u32, gaps: u32, incidents: u32 }
#[uniffi::remote(Record)] struct HouseholdRow { document: DocumentId, state: HouseholdState, name: String,
    address: String, grid: Option<GridId>, position: Option<Position>, purposes: Vec<PurposeId>, people: u16,
    every_days: u16, last_visit_at: Option<Timestamp>, due_at: Option<Timestamp>, author: Author,
    at: Timestamp, received_at: Option<Timestamp>, has_clash: bool }
#[uniffi::remote(Record)] struct VisitRow { document: DocumentId, household: Option<DocumentId>,
    purpose: Option<PurposeId>, outcome: VisitOutcome, excerpt: String, grid: Option<GridId>,
    position: Option<Position>, photos: u32, led_to: u32, author: Author, at: Timestamp,
    received_at: Option<Timestamp> }
#[uniffi::remote(Record)] struct TaskRow { document: DocumentId, form: TaskForm, state: TaskState,
    state_since: Timestamp, title: String, grid: Option<GridId>, position: Option<Position>,
    audience: Audience, named: Vec<MemberId>, from_at: Option<Timestamp>, due_at: Option<Timestamp>,
    counts: TaskCounts, source: Option<DocumentId>, author: Author, at: Timestamp,
    received_at: Option<Timestamp> }
#[uniffi::remote(Record)] struct WarningRow { document: DocumentId, hazard: HazardId, level: WarningLevel,
    title: String, from_at: Timestamp, until_at: Timestamp, is_ended: bool, issue: u16,
    state_since: Timestamp, audience: Audience, posts: u32, acknowledged: u32, heard: u32, need_help: u32,
    author: Author, at: Timestamp, received_at: Option<Timestamp> }
#[uniffi::remote(Record)] struct NoticeRow { document: DocumentId, state: NoticeState, state_since: Timestamp,
    theme: Option<ThemeId>, title: String, audience: Audience, from_at: Option<Timestamp>,
    until_at: Option<Timestamp>, asks_read: bool, readers: u32, author: Author, at: Timestamp,
    received_at: Option<Timestamp> }
#[uniffi::remote(Enum)] enum Row { Incident(IncidentRow), Patrol(PatrolRow), Household(HouseholdRow),
    Visit(VisitRow), Task(TaskRow), Warning(WarningRow), Notice(NoticeRow) }
#[uniffi::remote(Record)] struct Counts { entries: u64, entries_pending: u64, entries_held: u64, blobs: u64,
    blobs_pending: u64, blobs_lost: u64 }
#[uniffi::remote(Record)] struct HeldEntry { entry: EntryId, document: DocumentId, body_type: BodyType,
    claimed_at: Timestamp, code: HeldCode, reply: Option<String> }
#[uniffi::remote(Enum)] enum Mine { Only, OrOthers }
#[uniffi::remote(Record)] struct Exported { entries: u64, files: u64 }
#[uniffi::remote(Record)] struct BaseMapView { name: String, attribution: String, min_zoom: u8, max_zoom: u8,
    is_gcj02: bool, size_bytes: u64 }
#[uniffi::remote(Record)] struct Trimmed { blobs: u64, bytes: u64 }
#[uniffi::remote(Record)] struct KindStorage { count: u64, bytes: u64 }
#[uniffi::remote(Record)] struct StorageReport { database_bytes: u64, copies_bytes: u64, base_map_bytes: u64, photos: KindStorage,
    previews: KindStorage, voice: KindStorage, tracks: KindStorage, unsent_bytes: u64, trimmable_bytes: u64,
    free_bytes: u64, is_low: bool }
#[uniffi::remote(Record)] struct SalvageReport { entries: u64, entries_lost: u64, blobs: u64,
    is_enrolment_lost: bool, set_aside: PathBuf }
#[uniffi::remote(Record)] struct Similar { position: Option<Position>, grid: Option<GridId>,
    category: CategoryId, at: Timestamp, text: String, except: Option<DocumentId> }
#[uniffi::remote(Record)] struct SimilarIncident { row: IncidentRow, distance_m: Option<u32>, apart_s: u64,
    score: u8 }
#[uniffi::remote(Record)] struct Query { kinds: Vec<DocumentKind>, states: Vec<String>, is_open: Option<bool>,
    grid: Option<GridId>, categories: Vec<String>, min_level: Option<u8>, whose: Mine, for_me: bool,
    from: Option<Timestamp>, to: Option<Timestamp>, near: Option<Near>, text: String,
    about: Option<DocumentId>, overdue: bool, has_clash: Option<bool>, unsent_only: bool, sort: Sort,
    limit: u32, after: Option<PageKey> }
#[uniffi::remote(Enum)] enum Sort { Newest, Oldest, DueFirst, Nearest, WorstFirst }
#[uniffi::remote(Record)] struct Listed { kind: DocumentKind, row: Row, stored: Stored,
    due_at: Option<Timestamp>, is_overdue: bool, distance_m: Option<u32> }
#[uniffi::remote(Enum)] enum TallyBy { Kind, State, Category, Grid, Level }
#[uniffi::remote(Record)] struct Figures { requests: u64, entries_receipted: u64, entries_received: u64,
    blobs_receipted: u64, forks: u64, blobs_refused: u64 }
#[uniffi::remote(Record)] struct VoiceKept { hash: BlobHash, duration_ms: u32 }
#[uniffi::remote(Enum)] enum Need { Incident(ReportDraft), Task(TaskRecord) }
#[uniffi::remote(Record)] struct VisitDraft { household: Option<DocumentId>, purpose: Option<PurposeId>,
    form: Option<FormId>, answers: Vec<Answer>, text: String, fix: Option<Fix>, grid: Option<GridId>,
    photos: Vec<BlobHash>, voice: Option<BlobHash>, outcome: VisitOutcome, found: Vec<Need> }
#[uniffi::remote(Record)] struct Visited { visit: DocumentId, led_to: Vec<DocumentId> }
#[uniffi::remote(Record)] struct Remark { text: String, photos: Vec<BlobHash>, voice: Option<BlobHash> }
#[uniffi::remote(Record)] struct ReportDraft { text: String, category: CategoryId, severity: Severity,
    fix: Option<Fix>, grid: Option<GridId>, photos: Vec<BlobHash>, voice: Option<BlobHash>,
    is_anonymous: bool, matter: Option<Matter> }
#[uniffi::remote(Record)] struct StepDraft { kind: StepKind, dispatch: Option<StepId>,
    reason: Option<ReasonId>, rating: Option<u8>, remark: Option<String>, photos: Vec<BlobHash>,
    #[uniffi(default = None)] voice: Option<BlobHash> }
#[uniffi::remote(Record)] struct IncidentListed { row: IncidentRow, stored: Stored }
#[uniffi::remote(Record)] struct IncidentView { document: DocumentId, text: String, place: Place,
    photos: Vec<PhotoView>, voice: Option<VoiceView>, author: Author, reported_at: Timestamp,
    is_anonymous: bool, matter: Option<Matter>, incident: Incident, about: About, possible: Vec<StepKind>,
    my_dispatch: Option<StepId> }
#[uniffi::remote(Record)] struct PhotoView { hash: BlobHash, is_here: bool, is_on_relay: bool }
#[uniffi::remote(Record)] struct VoiceView { hash: BlobHash, is_here: bool }
#[uniffi::remote(Record)] struct DraftView { draft: Draft, missing: Vec<BlobHash> }
#[uniffi::remote(Record)] struct NoteView { entry: EntryId, text: String, photos: Vec<PhotoView>,
    voice: Option<VoiceView>, author: Author, at: Timestamp, step: Option<StepId>, answers: Option<EntryId>,
    is_correction: bool }
#[uniffi::remote(Record)] struct About { notes: Vec<NoteView>, stored: Stored, held: Vec<HeldEntry> }
#[uniffi::remote(Record)] struct HouseholdView { row: HouseholdRow, card: HouseholdCard, cards: Vec<CardView>,
    household: Household, visits: Vec<VisitRow>, about: About }
#[uniffi::remote(Record)] struct CardView { entry: EntryId, card: HouseholdCard, author: Author,
    at: Timestamp, is_in_use: bool }
#[uniffi::remote(Record)] struct VisitView { row: VisitRow, record: VisitRecord, photos: Vec<PhotoView>,
    voice: Option<VoiceView>, visit: Visit, about: About }
#[uniffi::remote(Enum)] enum TaskPossible { Answer, HandOver, Mark, Finish, Close, Cancel, Reopen }
#[uniffi::remote(Record)] struct TaskItemView { item: TaskItem, state: Item }
#[uniffi::remote(Record)] struct TaskView { row: TaskRow, text: String, items: Vec<TaskItemView>,
    shelters: Vec<String>, place: Place, photos: Vec<PhotoView>, needs_proof: bool, task: Task,
    is_for_me: bool, is_mine: bool, my_part: Option<Part>, possible: Vec<TaskPossible>, about: About }
#[uniffi::remote(Record)] struct PostView { post: RiskPost, is_mine: bool, last: Option<Heard> }
#[uniffi::remote(Record)] struct WarningView { row: WarningRow, state: WarningState, text: String,
    posts: Vec<PostView>, photos: Vec<PhotoView>, asks_report: bool, is_for_me: bool, is_acknowledged: bool,
    warning: Warning, about: About }
#[uniffi::remote(Record)] struct NoticeView { row: NoticeRow, text: String, photos: Vec<PhotoView>,
    is_read: bool, is_withdrawn: bool, is_past: bool, is_for_me: bool, about: About }
#[uniffi::remote(Record)] struct PatrolView { row: PatrolRow, purpose: String, patrol: Patrol,
    is_forgotten: bool, stored: Stored }
#[uniffi::remote(Record)] struct EnrolmentView { township_name: String, member: String, role: Role,
    is_revoked: bool, check: Option<CheckCode> }
