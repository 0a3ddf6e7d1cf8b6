//! What the facade does, method by method, without the network: each is one expression, and what it means stands at
//! its namesake in core. A test compares the names.

use std::path::PathBuf;

use suishou_core::{
    capture::Blur,
    field::{BaseMapView, Field as Phone, Need, Remark, ReportDraft, StepDraft, VisitDraft, Visited, VoiceKept},
    geo::Position,
    id::{BlobHash, CategoryId, CheckpointId, DocumentId, DraftId, EntryId, GridId, MemberId, ReasonId},
    model::{
        DocumentKind, Severity,
        consent::{Consent, ConsentKind},
        draft::Draft,
        household::HouseholdCard,
        notice::NoticeRecord,
        place::Fix,
        task::{ItemState, TaskAnswer, TaskRecord},
        track::TrackFix,
        warning::PostReport,
    },
    store::{Counts, Exported, HeldEntry, Mine, Query, SalvageReport, Similar, SimilarIncident, StorageReport, TallyBy,
        Trimmed},
    sync::check::CheckCode,
    view::{DraftView, EnrolmentView, HouseholdView, IncidentListed, IncidentView, NoticeView, PatrolView, TaskView,
        VisitView, WarningView},
};

use crate::{
    field::{Field, Result},
    township::TownshipView,
    values::{Listing, RevokedPhone, Stretch, Tally},
};

/// Who this phone is, what it holds, its room and its end.
#[uniffi::export]
impl Field {
    fn enrolment(&self) -> Result<EnrolmentView> { self.read(Phone::enrolment) }
    fn check_code(&self) -> Result<Option<CheckCode>> { self.read(Phone::check_code) }
    fn settings(&self) -> Result<Option<TownshipView>> { self.read(|p| Ok(p.settings()?.map(TownshipView::from))) }
    fn find_grid(&self, position: Position) -> Result<Option<GridId>> { self.read(|p| p.find_grid(position)) }
    fn counts(&self) -> Result<Counts> { self.read(Phone::counts) }
    fn held(&self) -> Result<Vec<HeldEntry>> { self.read(Phone::held) }
    fn try_again(&self, entry: EntryId) -> Result<()> { self.change(|p| p.try_again(entry)) }
    fn trim(&self) -> Result<Trimmed> { self.change(Phone::trim) }
    fn storage(&self) -> Result<StorageReport> { self.read(Phone::storage) }
    fn base_map(&self) -> Result<Option<BaseMapView>> { self.read(Phone::base_map) }
    fn base_map_tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Vec<u8>>> { self.read(|p| p.base_map_tile(z, x, y)) }
    fn export_held(&self, to: PathBuf) -> Result<Exported> { self.read(|p| p.export_held(&to)) }
    fn salvage(&self) -> Result<Option<SalvageReport>> { self.read(|p| Ok(p.salvage())) }
    fn salvage_seen(&self) -> Result<()> { self.change(Phone::salvage_seen) }
    fn revoked(&self) -> Result<Option<RevokedPhone>> { self.read(|p| Ok(p.revoked().map(RevokedPhone::from))) }
    fn give_consent(&self, kind: ConsentKind, version: u32) -> Result<()> { self.change(|p| p.give_consent(kind, version)) }
    fn withdraw_consent(&self, kind: ConsentKind) -> Result<()> { self.change(|p| p.withdraw_consent(kind)) }
    fn consents(&self) -> Result<Vec<Consent>> { self.read(Phone::consents) }
}

/// Lists and attachments.
#[uniffi::export]
impl Field {
    fn list(&self, query: &Query) -> Result<Listing> { self.read(|p| Ok(p.list(query)?.into())) }
    fn count(&self, query: &Query) -> Result<u64> { self.read(|p| p.count(query)) }
    fn tally(&self, query: &Query, by: TallyBy) -> Result<Vec<Tally>> { self.read(|p| Ok(Tally::all(p.tally(query, by)?))) }
    fn similar(&self, to: &Similar) -> Result<Vec<SimilarIncident>> { self.read(|p| p.similar(to)) }
    fn similar_to(&self, document: DocumentId) -> Result<Vec<SimilarIncident>> { self.read(|p| p.similar_to(document)) }
    fn add_photo(&self, original: Vec<u8>, blurs: Vec<Blur>) -> Result<BlobHash> { self.read(|p| p.add_photo(&original, &blurs)) }
    fn add_voice(&self, bytes: Vec<u8>) -> Result<VoiceKept> { self.read(|p| p.add_voice(&bytes)) }
    fn blob_file(&self, blob: BlobHash) -> Result<Option<PathBuf>> { self.read(|p| p.blob_file(&blob)) }
    fn preview_file(&self, photo: BlobHash) -> Result<Option<PathBuf>> { self.read(|p| p.preview_file(&photo)) }
}

/// Reports.
#[uniffi::export]
impl Field {
    fn start_draft(&self, kind: DocumentKind) -> Result<Draft> { self.read(|p| Ok(p.start_draft(kind))) }
    fn save_draft(&self, draft: &Draft) -> Result<()> { self.change(|p| p.save_draft(draft)) }
    fn drafts(&self) -> Result<Vec<Draft>> { self.read(Phone::drafts) }
    fn draft(&self, id: DraftId) -> Result<DraftView> { self.read(|p| p.draft(id)) }
    fn discard_draft(&self, id: DraftId) -> Result<()> { self.change(|p| p.discard_draft(id)) }
    fn report_draft(&self, id: DraftId) -> Result<DocumentId> { self.change(|p| p.report_draft(id)) }
    fn quick_report(&self, original_photo: Vec<u8>, category: CategoryId, fix: Option<Fix>) -> Result<DocumentId> {
        self.change(|p| p.quick_report(&original_photo, category, fix))
    }
    fn report(&self, draft: ReportDraft) -> Result<DocumentId> { self.change(|p| p.report(draft)) }
    fn add_note(&self, document: DocumentId, remark: &Remark) -> Result<()> { self.change(|p| p.add_note(document, remark)) }
    fn correct_text(&self, document: DocumentId, text: &str) -> Result<()> { self.change(|p| p.correct_text(document, text)) }
    fn answer_note(&self, document: DocumentId, note: EntryId, text: &str) -> Result<()> {
        self.change(|p| p.answer_note(document, note, text))
    }
    fn step(&self, document: DocumentId, draft: StepDraft) -> Result<()> { self.change(|p| p.step(document, draft)) }
    fn correct(&self, document: DocumentId, category: Option<CategoryId>, severity: Option<Severity>,
        grid: Option<GridId>, remark: Option<String>) -> Result<()> {
        self.change(|p| p.correct(document, category, severity, grid, remark.as_deref()))
    }
    fn keep_state(&self, document: DocumentId, remark: Option<String>) -> Result<()> {
        self.change(|p| p.keep_state(document, remark.as_deref()))
    }
    fn incidents(&self, whose: Mine, limit: u32, offset: u32) -> Result<Vec<IncidentListed>> {
        self.read(|p| p.incidents(whose, limit, offset))
    }
    fn incident(&self, document: DocumentId) -> Result<IncidentView> { self.read(|p| p.incident(document)) }
}

/// Patrols.
#[uniffi::export]
impl Field {
    fn start_patrol(&self, purpose: &str, grid: Option<GridId>, route: Vec<CheckpointId>) -> Result<DocumentId> {
        self.change(|p| p.start_patrol(purpose, grid, route))
    }
    fn open_patrol(&self) -> Result<Option<DocumentId>> { self.read(Phone::open_patrol) }
    fn patrol_fix(&self, fix: TrackFix) -> Result<()> { self.change(|p| p.patrol_fix(fix)) }
    fn pause_patrol(&self) -> Result<()> { self.change(Phone::pause_patrol) }
    fn resume_patrol(&self) -> Result<()> { self.change(Phone::resume_patrol) }
    fn visit_checkpoint(&self, checkpoint: CheckpointId, distance_m: Option<u32>) -> Result<()> {
        self.change(|p| p.visit_checkpoint(checkpoint, distance_m))
    }
    fn finish_patrol(&self) -> Result<()> { self.change(Phone::finish_patrol) }
    fn patrol(&self, document: DocumentId) -> Result<PatrolView> { self.read(|p| p.patrol(document)) }
    fn patrols(&self, whose: Mine, limit: u32, offset: u32) -> Result<Vec<PatrolView>> {
        self.read(|p| p.patrols(whose, limit, offset))
    }
    fn track(&self, patrol: DocumentId) -> Result<Vec<Stretch>> { self.read(|p| Ok(Stretch::all(p.track(patrol)?))) }
}

/// People to look after.
#[uniffi::export]
impl Field {
    fn add_household(&self, card: HouseholdCard, fix: Option<Fix>) -> Result<DocumentId> {
        self.change(|p| p.add_household(card, fix.as_ref()))
    }
    fn change_household(&self, document: DocumentId, card: HouseholdCard, fix: Option<Fix>) -> Result<()> {
        self.change(|p| p.change_household(document, card, fix.as_ref()))
    }
    fn choose_card(&self, document: DocumentId, entry: EntryId) -> Result<()> { self.change(|p| p.choose_card(document, entry)) }
    fn end_household(&self, document: DocumentId, reason: Option<ReasonId>, remark: &Remark) -> Result<()> {
        self.change(|p| p.end_household(document, reason, remark))
    }
    fn resume_household(&self, document: DocumentId, remark: &Remark) -> Result<()> {
        self.change(|p| p.resume_household(document, remark))
    }
    fn household(&self, document: DocumentId) -> Result<HouseholdView> { self.read(|p| p.household(document)) }
    fn keep_visit(&self, draft: VisitDraft) -> Result<Visited> { self.change(|p| p.keep_visit(draft)) }
    fn follow_up(&self, visit: DocumentId, need: Need) -> Result<DocumentId> { self.change(|p| p.follow_up(visit, need)) }
    fn visit(&self, document: DocumentId) -> Result<VisitView> { self.read(|p| p.visit(document)) }
}

/// Tasks, warnings and notices.
#[uniffi::export]
impl Field {
    fn give_task(&self, record: TaskRecord, fix: Option<Fix>) -> Result<DocumentId> {
        self.change(|p| p.give_task(record, fix.as_ref()))
    }
    fn answer_task(&self, document: DocumentId, answer: TaskAnswer, reason: Option<ReasonId>, remark: &Remark) -> Result<()> {
        self.change(|p| p.answer_task(document, answer, reason, remark))
    }
    fn hand_over_task(&self, document: DocumentId, to: MemberId, remark: &Remark) -> Result<()> {
        self.change(|p| p.hand_over_task(document, to, remark))
    }
    fn mark_item(&self, document: DocumentId, item: u16, state: ItemState, shelter: Option<u8>, remark: &Remark) -> Result<()> {
        self.change(|p| p.mark_item(document, item, state, shelter, remark))
    }
    fn finish_task(&self, document: DocumentId, proof: &Remark) -> Result<()> { self.change(|p| p.finish_task(document, proof)) }
    fn cancel_task(&self, document: DocumentId, reason: Option<ReasonId>, remark: &Remark) -> Result<()> {
        self.change(|p| p.cancel_task(document, reason, remark))
    }
    fn close_task(&self, document: DocumentId, remark: &Remark) -> Result<()> { self.change(|p| p.close_task(document, remark)) }
    fn reopen_task(&self, document: DocumentId, reason: Option<ReasonId>, remark: &Remark) -> Result<()> {
        self.change(|p| p.reopen_task(document, reason, remark))
    }
    fn task(&self, document: DocumentId) -> Result<TaskView> { self.read(|p| p.task(document)) }
    fn acknowledge_warning(&self, document: DocumentId) -> Result<()> { self.change(|p| p.acknowledge_warning(document)) }
    fn report_post(&self, document: DocumentId, post: Option<u16>, report: PostReport, people: Option<u16>,
        remark: &Remark) -> Result<()> {
        self.change(|p| p.report_post(document, post, report, people, remark))
    }
    fn warning(&self, document: DocumentId) -> Result<WarningView> { self.read(|p| p.warning(document)) }
    fn publish_notice(&self, record: NoticeRecord) -> Result<DocumentId> { self.change(|p| p.publish_notice(record)) }
    fn read_notice(&self, document: DocumentId) -> Result<()> { self.change(|p| p.read_notice(document)) }
    fn notice(&self, document: DocumentId) -> Result<NoticeView> { self.read(|p| p.notice(document)) }
}
