//! Who may give orders, warnings and notices, and who may answer them.

use super::{Rights, allow};
use crate::{
    document::{Document, Record, Work},
    error::HeldCode,
    guard::Edit,
    id::MemberId,
    model::{
        Role,
        audience::Audience,
        decode,
        notice::NoticeStep,
        task::{Task, TaskStep},
        warning::WarningStep,
    },
    time::Timestamp,
};

/// Whether something is for this person.
pub fn is_for(audience: &Audience, rights: &Rights) -> bool {
    audience.is_everyone
        || audience.roles.contains(&rights.role)
        || rights.member.as_ref().is_some_and(|member| audience.members.contains(member))
        || rights.department.as_ref().is_some_and(|department| audience.departments.contains(department))
        || audience.grids.iter().any(|grid| rights.grids.contains(grid) || rights.above.contains(grid))
}

/// The command centre orders everyone; leaders those in their grids and people by name; everyone may put
/// something before the command centre or keep a task for themselves.
pub(super) fn may_order(audience: &Audience, rights: &Rights) -> bool {
    let is_wide = audience.is_everyone || !audience.departments.is_empty() || !audience.roles.is_empty();
    let is_within = audience.grids.iter().all(|grid| rights.grids.contains(grid));
    let is_own = audience.members.iter().all(|member| Some(member) == rights.member.as_ref());
    match rights.role {
        Role::Dispatcher => true,
        Role::Leader => !is_wide && is_within,
        Role::Member | Role::Informant | Role::Handler => !is_wide && audience.grids.is_empty() && is_own,
    }
}

/// What somebody says they say for themselves; the command centre may say it for them, on the telephone.
fn speaks_for(member: Option<&MemberId>, rights: &Rights) -> bool {
    rights.is_centre() || (member.is_some() && member == rights.member.as_ref())
}

pub(super) fn judge_task(
    document: &Document,
    edits: &[Edit],
    is_author: bool,
    rights: &Rights,
) -> Result<(), HeldCode> {
    let (Some(Work::Task(mut task)), Some(captured)) = (document.work(), document.captured()) else {
        return Err(HeldCode::NoRecord);
    };
    let Record::Task(record) = &captured.record else { return Err(HeldCode::WrongKind) };
    let mut fields = Vec::new();
    for edit in edits {
        match edit {
            Edit::Step { id, body, .. } => {
                let step: TaskStep = decode(body, "a step").map_err(|_| HeldCode::Malformed)?;
                let is_asked = is_asked(&task, &record.audience, rights);
                allow(may_take(&step, is_asked, is_author, rights))?;
                task.allows(&step)?;
                fields.extend(step.field());
                task.take(*id, step, Timestamp::default());
            }
            Edit::Field { .. } => {}
        }
    }
    // What became of an item is said by a step, and the field is that step's shadow.
    let said = edits.iter().filter_map(|edit| match edit {
        Edit::Field { name, value } => Some((name.clone(), value.clone())),
        Edit::Step { .. } => None,
    });
    let mut said: Vec<_> = said.collect();
    said.sort();
    fields.sort();
    if said == fields { Ok(()) } else { Err(HeldCode::Malformed) }
}

/// It is for them, or was handed to them.
fn is_asked(task: &Task, audience: &Audience, rights: &Rights) -> bool {
    rights.is_centre()
        || is_for(audience, rights)
        || rights.member.as_ref().is_some_and(|member| task.named.contains(member))
}

/// Whether this person may hand a task on to somebody by name. Whoever was asked may; whoever gave it only if
/// they may give orders to people by name, or anybody could order anybody by way of a task for themselves.
pub fn may_hand_over(is_asked: bool, is_author: bool, rights: &Rights) -> bool {
    if is_author { matches!(rights.role, Role::Leader | Role::Dispatcher) } else { is_asked }
}

fn may_take(step: &TaskStep, is_asked: bool, is_author: bool, rights: &Rights) -> bool {
    match step {
        TaskStep::HandedOver { .. } => {
            may_hand_over(is_asked, is_author, rights) && speaks_for(step.member(), rights)
        }
        TaskStep::Answered { .. } | TaskStep::Marked { .. } | TaskStep::Finished { .. } => {
            (is_asked || is_author) && speaks_for(step.member(), rights)
        }
        TaskStep::Cancelled { .. } | TaskStep::Closed | TaskStep::Reopened { .. } => {
            is_author || rights.is_centre()
        }
    }
}

pub(super) fn judge_warning(document: &Document, edits: &[Edit], rights: &Rights) -> Result<(), HeldCode> {
    let (Some(Work::Warning(mut warning)), Some(captured)) = (document.work(), document.captured()) else {
        return Err(HeldCode::NoRecord);
    };
    let Record::Warning(record) = &captured.record else { return Err(HeldCode::WrongKind) };
    let is_asked = is_for(&record.audience, rights)
        || record.posts.iter().any(|post| post.member.is_some() && post.member == rights.member);
    for edit in edits {
        let Edit::Step { body, .. } = edit else { return Err(HeldCode::Malformed) };
        let step: WarningStep = decode(body, "a step").map_err(|_| HeldCode::Malformed)?;
        allow(match &step {
            WarningStep::Set { .. } | WarningStep::Ended { .. } => rights.is_centre(),
            WarningStep::Acknowledged { member, .. } | WarningStep::Reported { member, .. } => {
                (is_asked || rights.is_centre()) && speaks_for(Some(member), rights)
            }
        })?;
        if let WarningStep::Reported { post: Some(post), .. } = &step
            && !record.posts.iter().any(|known| known.id == *post)
        {
            return Err(HeldCode::Malformed);
        }
        warning.allows(&step)?;
        warning.take(step, Timestamp::default());
    }
    Ok(())
}

pub(super) fn judge_notice(
    document: &Document,
    edits: &[Edit],
    is_author: bool,
    rights: &Rights,
) -> Result<(), HeldCode> {
    let (Some(Work::Notice(mut notice)), Some(captured)) = (document.work(), document.captured()) else {
        return Err(HeldCode::NoRecord);
    };
    let Record::Notice(record) = &captured.record else { return Err(HeldCode::WrongKind) };
    for edit in edits {
        let Edit::Step { body, .. } = edit else { return Err(HeldCode::Malformed) };
        let step: NoticeStep = decode(body, "a step").map_err(|_| HeldCode::Malformed)?;
        allow(match &step {
            NoticeStep::Read { member } => {
                (is_for(&record.audience, rights) || rights.is_centre()) && speaks_for(Some(member), rights)
            }
            NoticeStep::Withdrawn => is_author || rights.is_centre(),
        })?;
        notice.allows(&step)?;
        notice.take(step, Timestamp::default());
    }
    Ok(())
}
