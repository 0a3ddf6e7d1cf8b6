//! What is counted of one incident, read off its steps. Times are the relay's.

use suishou_core::{
    document::{Document, Record, Work as Amount},
    id::MemberId,
    model::{
        Role,
        incident::{Incident, IncidentState, Matter, StepKind, StepShown},
        step::{Author, StepId},
    },
    store::tables::load_document,
    time::Timestamp,
};

use crate::{
    db::{
        self, Transaction,
        figures::{Counted, Outcome, Share},
    },
    relay::{engine::Work, error::Result},
    times,
};

/// Taken down by the command centre, from the telephone or the counter.
const FROM_CENTRE: &str = "centre";

/// An order on its way to being done.
struct Order<'s> {
    step: StepId,
    department: Option<&'s str>,
    due_at: Option<Timestamp>,
    done_at: Option<Timestamp>,
    is_returned: bool,
}

impl Order<'_> {
    fn is_in_time(&self, closed_at: Option<Timestamp>) -> Option<bool> {
        let due_at = self.due_at.filter(|_| !self.is_returned)?;
        Some(self.done_at.or(closed_at).is_some_and(|done_at| done_at <= due_at))
    }
}

/// What is counted of an incident; none of any other document.
pub fn count(document: &Document, source: &str) -> Option<Counted> {
    let captured = document.captured()?;
    let (Record::Incident(record), Some(Amount::Incident(incident))) = (&captured.record, document.work())
    else {
        return None;
    };
    let received_at = captured.origin.at();
    let mut counted = Counted {
        document: document.id(),
        day: times::day(received_at),
        received_at,
        source: source.to_owned(),
        grid: incident.grid.value.as_ref().map(ToString::to_string),
        category: incident.category.value.to_string(),
        outcome: outcome(&incident),
        matter: record.matter.map(|matter| match matter {
            Matter::Complaint => "complaint",
            Matter::Suggestion => "suggestion",
        }),
        accepted_at: None,
        handled_at: None,
        closed_at: None,
        is_in_time: None,
        is_reopened: false,
        rating: incident.rating,
        shares: Vec::new(),
    };
    let mut orders = Vec::new();
    for step in incident.steps.iter().filter(|step| step.took_effect) {
        take(&mut counted, &mut orders, step, step.origin.at().max(received_at));
    }
    if counted.outcome == Outcome::Handled {
        // Answered at once: the answer was the work.
        counted.handled_at = counted.handled_at.or(counted.closed_at);
        let verdicts: Vec<bool> =
            orders.iter().filter_map(|order| order.is_in_time(counted.closed_at)).collect();
        counted.is_in_time = (!verdicts.is_empty()).then(|| verdicts.iter().all(|is_in_time| *is_in_time));
    }
    for share in &mut counted.shares {
        let own = orders.iter().rev().find(|order| order.department == Some(share.department.as_str()));
        share.is_in_time = own
            .filter(|_| counted.outcome == Outcome::Handled)
            .and_then(|order| order.is_in_time(counted.closed_at));
    }
    Some(counted)
}

fn take<'s>(counted: &mut Counted, orders: &mut Vec<Order<'s>>, step: &'s StepShown, at: Timestamp) {
    let concerns = |order: &Order<'_>| {
        step.dispatch.map_or(order.done_at.is_none() && !order.is_returned, |known| known == order.step)
    };
    match step.kind {
        StepKind::Accepted | StepKind::Handling => {
            counted.accepted_at.get_or_insert(at);
        }
        StepKind::Dispatched => {
            counted.accepted_at.get_or_insert(at);
            let department = step.department.as_ref().map(suishou_core::id::DepartmentId::as_str);
            if let Some(department) = department
                && !counted.shares.iter().any(|share| share.department == department)
            {
                counted.shares.push(Share { department: department.to_owned(), is_in_time: None });
            }
            let (step, due_at) = (step.id, step.due_at);
            orders.push(Order { step, department, due_at, done_at: None, is_returned: false });
        }
        StepKind::Resolved => {
            counted.handled_at = Some(at);
            for order in orders.iter_mut().filter(|order| concerns(order)) {
                order.done_at = Some(at);
            }
        }
        StepKind::Returned => {
            for order in orders.iter_mut().filter(|order| concerns(order)) {
                order.is_returned = true;
            }
        }
        StepKind::Closed => counted.closed_at = Some(at),
        StepKind::Reopened => {
            counted.is_reopened = true;
            (counted.handled_at, counted.closed_at) = (None, None);
            orders.clear();
        }
        StepKind::Verified
        | StepKind::Rated
        | StepKind::Rejected
        | StepKind::Duplicate
        | StepKind::Reminded => {}
    }
}

fn outcome(incident: &Incident) -> Outcome {
    match incident.state {
        _ if incident.duplicate_of.is_some() => Outcome::Duplicate,
        IncidentState::Closed | IncidentState::Rated => Outcome::Handled,
        IncidentState::Rejected => Outcome::Rejected,
        IncidentState::Duplicate => Outcome::Duplicate,
        _ => Outcome::Open,
    }
}

/// Who brought it: by the role of whoever reported it, never by name.
fn source(
    transaction: &Transaction<'_>,
    document: &Document,
    author: Option<&MemberId>,
) -> Result<&'static str> {
    let Some(author) = author else { return Ok(FROM_CENTRE) };
    let is_centre = document.captured().is_some_and(|captured| captured.origin.author == Author::Centre);
    Ok(match db::member::find(transaction, author)?.map(|member| member.role) {
        _ if is_centre => FROM_CENTRE,
        Some(Role::Informant) => "informant",
        Some(Role::Handler) => "department",
        Some(Role::Dispatcher) | None => FROM_CENTRE,
        Some(Role::Member | Role::Leader) => "grid",
    })
}

impl Work<'_> {
    /// Keeps what is counted of a document that changed.
    pub(in crate::relay) fn count(&mut self, document: &Document, author: Option<&MemberId>) -> Result<()> {
        let source = source(self.transaction, document, author)?;
        if let Some(counted) = count(document, source) {
            db::figures::keep(self.transaction, &counted)?;
        }
        Ok(())
    }

    /// Works all figures out anew, if they are another version's.
    pub(in crate::relay) fn renew_figures(&mut self) -> Result<()> {
        for id in db::figures::to_renew(self.transaction)? {
            let Some(document) = load_document(self.transaction, id)? else { continue };
            let aliases = db::member::aliases(self.transaction, id)?;
            let author = document.captured().map(|captured| captured.origin.author);
            let row = aliases.iter().find(|(_, alias)| Some(Author::Alias(*alias)) == author);
            let author = match row {
                Some((row, _)) => Some(db::member::get(self.transaction, *row)?.id),
                None => None,
            };
            self.count(&document, author.as_ref())?;
        }
        Ok(db::figures::set_renewed(self.transaction)?)
    }
}
