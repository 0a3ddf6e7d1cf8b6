//! Tasks, warnings and notices: what the command centre and leaders ask, and what is answered.

use super::{Field, Inner, entries::Remark};
use crate::{
    document::{Record, Work},
    entry::Entry,
    error::{Error, Problem, Result},
    id::{DocumentId, MemberId, ReasonId},
    model::{
        DocumentKind, encode,
        notice::{NoticeRecord, NoticeState, NoticeStep},
        place::Fix,
        step::Author,
        task::{ItemState, Task, TaskAnswer, TaskRecord, TaskStep},
        warning::{PostReport, WarningStep},
    },
    policy::{is_for, may_hand_over},
    rows::NoticeRow,
    time::Timestamp,
    view::{NoticeView, PostView, TaskItemView, TaskPossible, TaskView, WarningView},
};

impl Field {
    /// Gives a task: leaders to those in their grids, everyone to themselves or, for nobody in particular,
    /// to the command centre. Its place is worked out from the fix, if there is one.
    pub fn give_task(&self, mut record: TaskRecord, fix: Option<&Fix>) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        if fix.is_some() {
            record.place = inner.place(fix, record.place.grid.clone(), now)?;
        }
        let (document, entry) = inner.task_entry(record, now)?;
        let rights = inner.rights()?;
        inner.store.append(vec![entry], &rights)?;
        Ok(document)
    }

    /// Answers a task for oneself: taken, declined with a reason, arrived.
    pub fn answer_task(
        &self,
        document: DocumentId,
        answer: TaskAnswer,
        reason: Option<ReasonId>,
        remark: &Remark,
    ) -> Result<()> {
        if answer == TaskAnswer::Declined && reason.is_none() && remark.is_empty() {
            return Err(Error::invalid(Problem::Missing("the reason")));
        }
        let member = self.inner().me()?;
        self.task_step(document, &TaskStep::Answered { member, answer, reason }, remark)
    }

    /// Hands a task to somebody else.
    pub fn hand_over_task(&self, document: DocumentId, to: MemberId, remark: &Remark) -> Result<()> {
        let member = self.inner().me()?;
        self.task_step(document, &TaskStep::HandedOver { member, to }, remark)
    }

    /// Says what became of an item: done, faulty, moved to which shelter, absent.
    pub fn mark_item(
        &self,
        document: DocumentId,
        item: u16,
        state: ItemState,
        shelter: Option<u8>,
        remark: &Remark,
    ) -> Result<()> {
        let member = Some(self.inner().me()?);
        if state == ItemState::Moved {
            let shelters = self.task(document)?.shelters.len();
            if shelter.is_none_or(|shelter| usize::from(shelter) >= shelters) {
                return Err(Error::invalid(Problem::Missing("the shelter")));
            }
        }
        self.task_step(document, &TaskStep::Marked { member, item, state, shelter }, remark)
    }

    /// Says that a task is done, with proof where it is asked for.
    pub fn finish_task(&self, document: DocumentId, proof: &Remark) -> Result<()> {
        if self.task(document)?.needs_proof && proof.photos.is_empty() {
            return Err(Error::invalid(Problem::Missing("a photo of the result")));
        }
        let member = Some(self.inner().me()?);
        self.task_step(document, &TaskStep::Finished { member }, proof)
    }

    /// Calls off a task that one gave.
    pub fn cancel_task(&self, document: DocumentId, reason: Option<ReasonId>, remark: &Remark) -> Result<()> {
        self.task_step(document, &TaskStep::Cancelled { reason }, remark)
    }

    /// Whoever gave a task is content.
    pub fn close_task(&self, document: DocumentId, remark: &Remark) -> Result<()> {
        self.task_step(document, &TaskStep::Closed, remark)
    }

    /// Takes a task up again.
    pub fn reopen_task(&self, document: DocumentId, reason: Option<ReasonId>, remark: &Remark) -> Result<()> {
        self.task_step(document, &TaskStep::Reopened { reason }, remark)
    }

    fn task_step(&self, document: DocumentId, step: &TaskStep, remark: &Remark) -> Result<()> {
        let field = step.field();
        let fields: Vec<(&str, String)> =
            field.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        self.order_step(document, DocumentKind::Task, encode(step), &fields, remark)
    }

    /// Says that one has read a warning as it stands now.
    pub fn acknowledge_warning(&self, document: DocumentId) -> Result<()> {
        let issue = self.warning(document)?.warning.issue;
        let member = self.inner().me()?;
        let step = WarningStep::Acknowledged { member, issue };
        self.order_step(document, DocumentKind::Warning, encode(&step), &[], &Remark::default())
    }

    /// Says how it is at a post of a warning, or at one's own place.
    pub fn report_post(
        &self,
        document: DocumentId,
        post: Option<u16>,
        report: PostReport,
        people: Option<u16>,
        remark: &Remark,
    ) -> Result<()> {
        let member = self.inner().me()?;
        let step = WarningStep::Reported { member, post, report, people };
        self.order_step(document, DocumentKind::Warning, encode(&step), &[], remark)
    }

    /// Publishes a notice: leaders to those in their grids.
    pub fn publish_notice(&self, mut record: NoticeRecord) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        record.salt = inner.salt();
        record.check()?;
        inner.check_attached(&record.photos, None)?;
        let (document, entry) = inner.record(DocumentKind::Notice, encode(&record), now)?;
        let rights = inner.rights()?;
        inner.store.append(vec![entry], &rights)?;
        Ok(document)
    }

    /// Says that one has read a notice. Said once, however often it is read.
    pub fn read_notice(&self, document: DocumentId) -> Result<()> {
        if self.notice(document)?.is_read {
            return Ok(());
        }
        let member = self.inner().me()?;
        let step = encode(&NoticeStep::Read { member });
        self.order_step(document, DocumentKind::Notice, step, &[], &Remark::default())
    }

    fn order_step(
        &self,
        document: DocumentId,
        kind: DocumentKind,
        step: Vec<u8>,
        fields: &[(&str, String)],
        remark: &Remark,
    ) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let entries = inner.change(document, kind, &[step], fields, remark, now)?;
        let rights = inner.rights()?;
        inner.store.append(entries, &rights)
    }

    /// One task with everything that this phone may know of it.
    pub fn task(&self, document: DocumentId) -> Result<TaskView> {
        let mut inner = self.inner();
        let rights = inner.rights()?;
        let found = inner.store.document(document)?;
        let missing = || Error::NotFound { document };
        let (Some(captured), Some(Work::Task(task))) = (found.captured(), found.work()) else {
            return Err(missing());
        };
        let Record::Task(record) = &captured.record else { return Err(missing()) };
        let me = rights.member.clone();
        let is_named = me.as_ref().is_some_and(|me| task.named.contains(me));
        let is_for_me = is_named || is_for(&record.audience, &rights);
        let is_author = captured.origin.author == Author::You;
        let items = record.items.iter().filter_map(|item| {
            let state = task.items.iter().find(|known| known.id == item.id)?.clone();
            Some(TaskItemView { item: item.clone(), state })
        });
        Ok(TaskView {
            row: inner.store.row(document)?,
            text: record.text.clone(),
            items: items.collect(),
            shelters: record.shelters.clone(),
            place: record.place.clone(),
            photos: inner.photos(&record.photos)?,
            needs_proof: record.needs_proof,
            my_part: me.as_ref().and_then(|me| task.parts.get(me).cloned()),
            possible: possible(
                &task,
                is_for_me || is_author,
                may_hand_over(is_for_me, is_author, &rights),
                is_author,
            ),
            is_for_me,
            is_mine: is_author,
            task,
            about: inner.about(document)?,
        })
    }

    /// One warning with everything that this phone may know of it.
    pub fn warning(&self, document: DocumentId) -> Result<WarningView> {
        let now = self.now();
        let mut inner = self.inner();
        // By the relay's time: a phone whose clock is wrong must not say that a warning is over.
        let now = inner.store.relay_now(now)?;
        let rights = inner.rights()?;
        let found = inner.store.document(document)?;
        let missing = || Error::NotFound { document };
        let (Some(captured), Some(Work::Warning(warning))) = (found.captured(), found.work()) else {
            return Err(missing());
        };
        let Record::Warning(record) = &captured.record else { return Err(missing()) };
        let posts: Vec<PostView> = record
            .posts
            .iter()
            .map(|post| PostView {
                is_mine: post.member.is_some() && post.member == rights.member,
                last: warning.heard.iter().rev().find(|heard| heard.post == Some(post.id)).cloned(),
                post: post.clone(),
            })
            .collect();
        let acknowledged = rights.member.as_ref().and_then(|me| warning.acknowledged.get(me));
        Ok(WarningView {
            row: inner.store.row(document)?,
            state: warning.state_at(now),
            text: record.text.clone(),
            is_for_me: is_for(&record.audience, &rights) || posts.iter().any(|post| post.is_mine),
            posts,
            photos: inner.photos(&record.photos)?,
            asks_report: record.asks_report,
            is_acknowledged: acknowledged.is_some_and(|(issue, _)| *issue >= warning.issue),
            warning,
            about: inner.about(document)?,
        })
    }

    /// One notice with everything that this phone may know of it.
    pub fn notice(&self, document: DocumentId) -> Result<NoticeView> {
        let now = self.now();
        let mut inner = self.inner();
        let now = inner.store.relay_now(now)?;
        let rights = inner.rights()?;
        let found = inner.store.document(document)?;
        let missing = || Error::NotFound { document };
        let (Some(captured), Some(Work::Notice(notice))) = (found.captured(), found.work()) else {
            return Err(missing());
        };
        let Record::Notice(record) = &captured.record else { return Err(missing()) };
        let row: NoticeRow = inner.store.row(document)?;
        Ok(NoticeView {
            is_past: row.until_at.is_some_and(|until_at| until_at <= now),
            row,
            text: record.text.clone(),
            photos: inner.photos(&record.photos)?,
            is_read: rights.member.as_ref().is_some_and(|me| notice.readers.contains_key(me)),
            is_withdrawn: notice.state == NoticeState::Withdrawn,
            is_for_me: is_for(&record.audience, &rights),
            about: inner.about(document)?,
        })
    }
}

/// Which buttons to show.
fn possible(task: &Task, may_answer: bool, may_hand_over: bool, may_decide: bool) -> Vec<TaskPossible> {
    let mut possible = Vec::new();
    let is_over = task.state.is_over();
    if may_answer && !is_over {
        possible.extend([TaskPossible::Answer, TaskPossible::Finish]);
        if may_hand_over {
            possible.push(TaskPossible::HandOver);
        }
        if !task.items.is_empty() {
            possible.push(TaskPossible::Mark);
        }
    }
    if may_decide && !is_over {
        possible.extend([TaskPossible::Close, TaskPossible::Cancel]);
    }
    if may_decide && task.allows(&TaskStep::Reopened { reason: None }).is_ok() {
        possible.push(TaskPossible::Reopen);
    }
    possible
}

impl Inner {
    /// This phone's member.
    pub(super) fn me(&mut self) -> Result<MemberId> {
        Ok(self.store.identity()?.membership.member)
    }

    pub(super) fn task_entry(
        &mut self,
        mut record: TaskRecord,
        now: Timestamp,
    ) -> Result<(DocumentId, Entry)> {
        record.salt = self.salt();
        record.check()?;
        self.check_attached(&record.photos, None)?;
        self.record(DocumentKind::Task, encode(&record), now)
    }
}
