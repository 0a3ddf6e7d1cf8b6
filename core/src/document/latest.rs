//! Which decisions were taken at the same time: the steps that nobody who decided later knew of.
//!
//! The set is that of the largest elements of "knew of", so it is the same in any order of arrival. It is kept with
//! the facts, because Automerge, which alone knows who knew of what, does not run when a document is shown.

use automerge::ChangeHash;

use super::{Facts, record::is_decision, working::Working};
use crate::{
    guard::{Checked, Edit},
    model::{DocumentKind, step::StepId},
};

/// Takes changes into account that were applied in this order to a document with these heads; `after` has them.
pub(super) fn follow(
    facts: &mut Facts,
    kind: DocumentKind,
    changes: &[Checked],
    mut heads: Vec<ChangeHash>,
    after: &Working,
) {
    for checked in changes {
        let deps = checked.change.deps();
        let knew_all = heads.iter().all(|head| deps.contains(head));
        heads.retain(|head| !deps.contains(head));
        heads.push(checked.change.hash());
        let Some(decided) = decision(kind, checked) else { continue };
        let latest = facts.latest.take().unwrap_or_else(|| last_before(facts, kind, checked));
        let mut latest = if knew_all { Vec::new() } else { unknown_to(facts, latest, deps, after) };
        latest.push(decided);
        latest.sort();
        facts.latest = Some(latest);
    }
}

/// The last step of a change that decides.
fn decision(kind: DocumentKind, checked: &Checked) -> Option<StepId> {
    checked.edits.iter().rev().find_map(|edit| match edit {
        Edit::Step { id, body, .. } if is_decision(kind, body) => Some(*id),
        Edit::Step { .. } | Edit::Field { .. } => None,
    })
}

/// In a document that an older program kept the last decision stands for all before it.
fn last_before(facts: &Facts, kind: DocumentKind, checked: &Checked) -> Vec<StepId> {
    let is_other = |id: StepId, actor: [u8; 16]| actor != checked.actor || id.sequence() != checked.sequence;
    let mut before = facts.steps.iter().rev();
    let last = before.find(|step| is_other(step.id, step.actor) && is_decision(kind, &step.body));
    last.map(|step| step.id).into_iter().collect()
}

/// Those of them that somebody who knew of `deps` did not know of.
fn unknown_to(facts: &Facts, latest: Vec<StepId>, deps: &[ChangeHash], after: &Working) -> Vec<StepId> {
    let unknown = after.unknown_to(deps);
    let is_unknown = |id: &StepId| {
        let step = facts.steps.iter().find(|step| step.id == *id);
        step.is_some_and(|step| unknown.contains(&(step.actor, id.sequence().into())))
    };
    latest.into_iter().filter(is_unknown).collect()
}
