//! Orders of the command centre: tasks, warnings and notices, and what is said about them on the telephone.

use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use suishou_core::{
    document::Record,
    error::Problem,
    id::{DocumentId, HazardId, MemberId, ReasonId, Salt, ThemeId},
    model::{
        audience::Audience,
        notice::{NoticeRecord, NoticeStep},
        task::{ItemState, TaskAnswer, TaskForm, TaskItem, TaskRecord, TaskStep},
        warning::{PostReport, RiskPost, WarningLevel, WarningRecord, WarningState, WarningStep},
    },
    rows::{NoticeRow, TaskRow, WarningRow},
    time::Timestamp,
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, Spot, id},
    matrix::Caller,
    sheet::{items, posts},
    works::{done_by, shown},
};
use crate::relay::{Act, Listed, Step};

/// A task to give.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskOrder {
    form: TaskForm,
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    audience: Audience,
    #[serde(default)]
    items: Vec<TaskItem>,
    /// In place of the items: a sheet with the columns text, address, people.
    #[serde(default)]
    items_csv: Option<String>,
    #[serde(default)]
    shelters: Vec<String>,
    #[serde(default)]
    from_at: Option<Timestamp>,
    #[serde(default)]
    due_at: Option<Timestamp>,
    #[serde(default)]
    source: Option<DocumentId>,
    #[serde(default)]
    needs_proof: bool,
    #[serde(flatten)]
    spot: Spot,
}

/// `POST /api/tasks`
pub(super) async fn give_task(
    State(desk): State<Desk>,
    Form(order): Form<TaskOrder>,
) -> Answer<(StatusCode, Shown)> {
    let settings = desk.relay.settings().await;
    let items = match &order.items_csv {
        Some(sheet) => items::read(sheet.as_bytes()).map_err(ApiError::invalid)?,
        None => order.items,
    };
    if let (Some(from_at), Some(due_at)) = (order.from_at, order.due_at)
        && due_at <= from_at
    {
        return Err(ApiError::invalid(vec![Problem::Missing("an end after the beginning")]));
    }
    let record = TaskRecord {
        salt: Salt::ZERO,
        form: order.form,
        title: order.title,
        text: order.text,
        items,
        audience: order.audience,
        from_at: order.from_at,
        due_at: order.due_at,
        place: order.spot.into_place(&settings)?,
        source: order.source,
        photos: Vec::new(),
        shelters: order.shelters,
        needs_proof: order.needs_proof,
    };
    let document = desk.relay.issue(Record::Task(record)).await?;
    Ok((StatusCode::CREATED, shown::<TaskRow>(&desk, document).await?))
}

/// A step of a task; for members, on behalf of whoever telephoned.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum TaskDeed {
    /// A member answers.
    Answered { member: MemberId, answer: TaskAnswer, reason: Option<ReasonId>, remark: Option<String> },
    /// A member hands it to another.
    HandedOver { member: MemberId, to: MemberId, remark: Option<String> },
    /// An item was seen to, as a member or the command centre says.
    Marked {
        member: Option<MemberId>,
        item: u16,
        state: ItemState,
        shelter: Option<u8>,
        remark: Option<String>,
    },
    /// A member or the command centre has done it.
    Finished { member: Option<MemberId>, remark: Option<String> },
    /// Called off.
    Cancelled { reason: Option<ReasonId>, remark: Option<String> },
    /// The command centre is content.
    Closed { remark: Option<String> },
    /// Taken up again.
    Reopened { reason: Option<ReasonId>, remark: Option<String> },
}

impl TaskDeed {
    fn into_act(self) -> Act {
        let (step, remark) = match self {
            Self::Answered { member, answer, reason, remark } => {
                (TaskStep::Answered { member, answer, reason }, remark)
            }
            Self::HandedOver { member, to, remark } => (TaskStep::HandedOver { member, to }, remark),
            Self::Marked { member, item, state, shelter, remark } => {
                (TaskStep::Marked { member, item, state, shelter }, remark)
            }
            Self::Finished { member, remark } => (TaskStep::Finished { member }, remark),
            Self::Cancelled { reason, remark } => (TaskStep::Cancelled { reason }, remark),
            Self::Closed { remark } => (TaskStep::Closed, remark),
            Self::Reopened { reason, remark } => (TaskStep::Reopened { reason }, remark),
        };
        Act { remark: said(remark), ..Act::step(Step::Task(step)) }
    }
}

/// `POST /api/tasks/{id}/steps`
pub(super) async fn task_step(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(document): Path<String>,
    Form(deed): Form<TaskDeed>,
) -> Answer {
    let document = id(&document)?;
    if let TaskDeed::Marked { state: ItemState::Moved, shelter: None, .. } = &deed {
        return Err(ApiError::invalid(vec![Problem::Missing("the shelter")]));
    }
    desk.relay.act(document, deed.into_act()).await?;
    done_by::<TaskRow>(&desk, document, &caller).await
}

/// A warning to issue.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WarningOrder {
    hazard: HazardId,
    level: WarningLevel,
    title: String,
    text: String,
    #[serde(default)]
    from_at: Option<Timestamp>,
    until_at: Timestamp,
    #[serde(default)]
    audience: Audience,
    #[serde(default)]
    posts: Vec<RiskPost>,
    /// In place of the posts: a sheet with the columns name, grid, member, latitude, longitude.
    #[serde(default)]
    posts_csv: Option<String>,
    #[serde(default)]
    asks_report: bool,
}

/// `POST /api/warnings`
pub(super) async fn issue_warning(
    State(desk): State<Desk>,
    Form(order): Form<WarningOrder>,
) -> Answer<(StatusCode, Shown)> {
    let now = desk.clock.now();
    let posts = match &order.posts_csv {
        Some(sheet) => {
            let members = desk.relay.members().await?.into_iter().map(|member| member.id).collect();
            let settings = desk.relay.settings().await;
            posts::read(sheet.as_bytes(), &settings, &members).map_err(ApiError::invalid)?
        }
        None => order.posts,
    };
    check_until(order.until_at, now)?;
    let record = WarningRecord {
        salt: Salt::ZERO,
        hazard: order.hazard,
        level: order.level,
        title: order.title,
        text: order.text,
        from_at: order.from_at.unwrap_or(now),
        until_at: order.until_at,
        audience: order.audience,
        posts,
        asks_report: order.asks_report,
        photos: Vec::new(),
    };
    if record.audience.is_centre_alone() && record.posts.iter().all(|post| post.member.is_none()) {
        return Err(ApiError::invalid(vec![Problem::Missing("whom it is for")]));
    }
    let document = desk.relay.issue(Record::Warning(record)).await?;
    Ok((StatusCode::CREATED, shown::<WarningRow>(&desk, document).await?))
}

/// What no longer holds when it is said helps nobody.
fn check_until(until_at: Timestamp, now: Timestamp) -> Answer<()> {
    if until_at > now {
        return Ok(());
    }
    Err(ApiError::invalid(vec![Problem::Missing("an end in the future")]))
}

/// A word of the command centre about a warning, or of a member who telephoned.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum WarningDeed {
    /// Worse than before.
    Raised { level: WarningLevel, until_at: Option<Timestamp>, remark: Option<String> },
    /// Less bad than before.
    Lowered { level: WarningLevel, until_at: Option<Timestamp>, remark: Option<String> },
    /// Until another time.
    Extended { until_at: Timestamp, remark: Option<String> },
    /// Before its time.
    Ended { remark: Option<String> },
    /// A member has read it.
    Acknowledged { member: MemberId },
    /// A member says how it is.
    Reported {
        member: MemberId,
        post: Option<u16>,
        report: PostReport,
        people: Option<u16>,
        remark: Option<String>,
    },
}

impl WarningDeed {
    fn into_act(self, present: &Listed<WarningRow>, now: Timestamp) -> Answer<Act> {
        let row = &present.row;
        let set = |level, until_at: Option<Timestamp>| {
            let until_at = until_at.unwrap_or(row.until_at);
            check_until(until_at, now)?;
            // 0 stands for the next issue.
            Ok::<_, ApiError>(WarningStep::Set { issue: 0, level, until_at })
        };
        let wrong_level = |needed| Err(ApiError::invalid(vec![Problem::Missing(needed)]));
        let (step, remark) = match self {
            Self::Raised { level, .. } if level <= row.level => return wrong_level("a higher level"),
            Self::Lowered { level, .. } if level >= row.level => return wrong_level("a lower level"),
            Self::Raised { level, until_at, remark } | Self::Lowered { level, until_at, remark } => {
                (set(level, until_at)?, remark)
            }
            Self::Extended { until_at, remark } => (set(row.level, Some(until_at))?, remark),
            Self::Ended { remark } => (WarningStep::Ended { issue: 0 }, remark),
            Self::Acknowledged { member } => (WarningStep::Acknowledged { member, issue: row.issue }, None),
            Self::Reported { member, post, report, people, remark } => {
                (WarningStep::Reported { member, post, report, people }, remark)
            }
        };
        Ok(Act { remark: said(remark), ..Act::step(Step::Warning(step)) })
    }
}

/// `POST /api/warnings/{id}/steps`
pub(super) async fn warning_step(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(document): Path<String>,
    Form(deed): Form<WarningDeed>,
) -> Answer {
    let document = id(&document)?;
    let present = desk.relay.show::<WarningRow>(document).await?;
    let is_over = present.listed.warning_state == Some(WarningState::Ended);
    let act = match deed {
        // The relay's own refusal says that it has ended; a level would only hide that.
        WarningDeed::Raised { remark, .. } | WarningDeed::Lowered { remark, .. } if is_over => {
            let until_at = present.listed.row.until_at;
            let step = WarningStep::Set { issue: 0, level: present.listed.row.level, until_at };
            Act { remark, ..Act::step(Step::Warning(step)) }
        }
        deed => deed.into_act(&present.listed, desk.clock.now())?,
    };
    desk.relay.act(document, act).await?;
    done_by::<WarningRow>(&desk, document, &caller).await
}

/// A notice to publish.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeOrder {
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    theme: Option<ThemeId>,
    audience: Audience,
    #[serde(default)]
    from_at: Option<Timestamp>,
    #[serde(default)]
    until_at: Option<Timestamp>,
    #[serde(default)]
    asks_read: bool,
}

/// `POST /api/notices`
pub(super) async fn publish_notice(
    State(desk): State<Desk>,
    Form(order): Form<NoticeOrder>,
) -> Answer<(StatusCode, Shown)> {
    if order.audience.is_centre_alone() {
        return Err(ApiError::invalid(vec![Problem::Missing("whom it is for")]));
    }
    if let Some(until_at) = order.until_at {
        check_until(until_at, order.from_at.unwrap_or_else(|| desk.clock.now()))?;
    }
    let record = NoticeRecord {
        salt: Salt::ZERO,
        theme: order.theme,
        title: order.title,
        text: order.text,
        audience: order.audience,
        photos: Vec::new(),
        from_at: order.from_at,
        until_at: order.until_at,
        asks_read: order.asks_read,
    };
    let document = desk.relay.issue(Record::Notice(record)).await?;
    Ok((StatusCode::CREATED, shown::<NoticeRow>(&desk, document).await?))
}

/// A word about a notice.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum NoticeDeed {
    /// It holds no more.
    Withdrawn { remark: Option<String> },
    /// A member says that they have read it.
    Read { member: MemberId },
}

/// `POST /api/notices/{id}/steps`
pub(super) async fn notice_step(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(document): Path<String>,
    Form(deed): Form<NoticeDeed>,
) -> Answer {
    let document = id(&document)?;
    let act = match deed {
        NoticeDeed::Withdrawn { remark } => {
            Act { remark: said(remark), ..Act::step(Step::Notice(NoticeStep::Withdrawn)) }
        }
        NoticeDeed::Read { member } => Act::step(Step::Notice(NoticeStep::Read { member })),
    };
    desk.relay.act(document, act).await?;
    done_by::<NoticeRow>(&desk, document, &caller).await
}

fn said(remark: Option<String>) -> Option<String> {
    remark.filter(|remark| !remark.trim().is_empty())
}
