//! Who may add a remark: whoever may see the document, as the relay's scope keys say it.

use super::{Rights, allow, orders::is_for};
use crate::{
    document::{Document, Record, Work},
    error::HeldCode,
    id::GridId,
    model::{Role, audience::Audience, note::Note},
};

pub(super) fn judge(
    document: &Document,
    note: &Note,
    is_author: bool,
    rights: &Rights,
) -> Result<(), HeldCode> {
    if is_author || rights.is_centre() {
        return Ok(());
    }
    // What a record should have said is said by whoever said it.
    allow(note.is_correction != Some(true) && may_see(document, rights))
}

/// Those who look after its grid, those whom it is for, those who were sent or are named. The grid it was captured
/// in counts beside the one it has now: a remark may have been written before it was moved.
fn may_see(document: &Document, rights: &Rights) -> bool {
    let (Some(captured), Some(work)) = (document.captured(), document.work()) else { return false };
    let is_near = |grid: Option<&GridId>| rights.is_on_the_ground() && rights.has_grid(grid);
    match (&captured.record, &work) {
        (Record::Incident(record), Work::Incident(incident)) => {
            let is_in_grid =
                is_near(record.place.grid.as_ref()) || incident.grid.all().any(|grid| is_near(grid.as_ref()));
            let is_sent = incident.dispatches.iter().any(|dispatch| {
                (dispatch.member.is_some() && dispatch.member == rights.member)
                    || (dispatch.department.is_some() && dispatch.department == rights.department)
            });
            is_sent || (!record.is_confidential() && is_in_grid)
        }
        (Record::Patrol(record), _) => rights.role == Role::Leader && rights.has_grid(record.grid.as_ref()),
        (Record::Household(card), Work::Household(household)) => {
            is_near(card.place.grid.as_ref()) || household.grid.all().any(|grid| is_near(grid.as_ref()))
        }
        (Record::Visit(record), _) => is_near(record.place.grid.as_ref()),
        (Record::Task(record), Work::Task(task)) => {
            is_reached(&record.audience, rights)
                || rights.member.as_ref().is_some_and(|member| task.named.contains(member))
        }
        (Record::Warning(record), _) => {
            is_reached(&record.audience, rights)
                || record.posts.iter().any(|post| post.member.is_some() && post.member == rights.member)
        }
        (Record::Notice(record), _) => is_reached(&record.audience, rights),
        _ => false,
    }
}

/// It is for them, or they lead those whom it is for.
fn is_reached(audience: &Audience, rights: &Rights) -> bool {
    let leads = rights.role == Role::Leader && audience.grids.iter().any(|grid| rights.grids.contains(grid));
    is_for(audience, rights) || leads
}
