//! Tickets into incidents: each id of another system once, whatever is sent how often.

use std::time::Duration;

use suishou_core::{document::Record, error::Problem, id::SourceId, time::Timestamp};

use super::{Outcome, Taken, Ticket};
use crate::{
    db,
    relay::{
        Relay,
        act::Act,
        engine::{Engine, PROJECTED_AT_ONCE, Work},
        error::{RelayError, Result},
        signature::SKEW_S,
    },
};

/// Most tickets in one transaction: between two of them phones get their receipts.
pub(crate) const AT_ONCE: usize = 200;
/// How much later than now something may have been reported, by another system's clock.
const AHEAD: Duration = Duration::from_secs(SKEW_S.unsigned_abs());
/// Seen signatures are remembered longer than they are good.
const REMEMBERED_MS: i64 = 3 * SKEW_S * 1_000;

/// A signature that was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed(pub(super) Vec<u8>);

impl Engine {
    /// Takes tickets of a source in one transaction: all of them or none. A request that was taken before
    /// changes nothing.
    pub fn take_in(
        &mut self,
        source: &SourceId,
        tickets: &[Ticket],
        signed: Option<&Signed>,
    ) -> Result<Vec<Taken>> {
        self.follow()?;
        self.write(|work| {
            let is_new = match signed {
                Some(Signed(signature)) => {
                    let since = Timestamp::from_millis(work.now.millis().saturating_sub(REMEMBERED_MS));
                    db::intake::note_seen(work.transaction, source, signature, work.now, since)?
                }
                None => true,
            };
            let taken: Result<_> =
                tickets.iter().map(|ticket| work.take_in(source, ticket, is_new)).collect();
            work.project(PROJECTED_AT_ONCE)?;
            taken
        })
    }
}

impl Work<'_> {
    fn take_in(&mut self, source: &SourceId, ticket: &Ticket, is_new: bool) -> Result<Taken> {
        let external_id = ticket.external_id.clone();
        let Some(known) = db::intake::item(self.transaction, source, &external_id)? else {
            let incident = self.add_ticket(source, ticket)?;
            return Ok(Taken { external_id, incident, outcome: Outcome::Added });
        };
        let incident = known.document;
        if known.hash == ticket.hash || !is_new {
            return Ok(Taken { external_id, incident, outcome: Outcome::Unchanged });
        }
        let remark = Act { remark: Some(ticket.update.clone()), ..Act::default() };
        self.act(incident, &remark)?;
        db::intake::update_item(self.transaction, source, &external_id, &ticket.hash, self.now)?;
        self.keep_contact(incident, ticket)?;
        Ok(Taken { external_id, incident, outcome: Outcome::Updated })
    }

    fn add_ticket(&mut self, source: &SourceId, ticket: &Ticket) -> Result<suishou_core::id::DocumentId> {
        let reported_at = ticket.reported_at.unwrap_or(self.now);
        if reported_at > self.now.after(AHEAD) {
            return Err(RelayError::invalid(Problem::Malformed("a time that has passed (reported_at)")));
        }
        let mut record = ticket.record.clone();
        record.source = Some(source.clone());
        let document = self.issue_at(&Record::Incident(record), reported_at.min(self.now))?;
        // Before the document is projected: its figures say from the first on who brought it.
        if let Some(known) = db::intake::source(self.transaction, source)? {
            db::figures::set_source(self.transaction, document, &known.kind)?;
        }
        db::intake::add_item(
            self.transaction,
            source,
            &ticket.external_id,
            &ticket.hash,
            document,
            self.now,
        )?;
        self.keep_contact(document, ticket)?;
        Ok(document)
    }

    fn keep_contact(&self, document: suishou_core::id::DocumentId, ticket: &Ticket) -> Result<()> {
        if let Some(contact) = &ticket.contact {
            db::intake::keep_contact(self.transaction, document, &contact.name, &contact.phone, self.now)?;
        }
        Ok(())
    }
}

impl Relay {
    /// One ticket that its source signed.
    pub async fn take_in(&self, source: SourceId, ticket: Ticket, signed: Signed) -> Result<Taken> {
        let taken = self.call(move |engine| engine.take_in(&source, &[ticket], Some(&signed))).await?;
        taken.into_iter().next().ok_or(RelayError::Stopped)
    }

    /// Tickets of a file, checked before; in pieces, so that phones do not wait. After a stop in the middle
    /// the same file goes on where it ended, for what is known is not taken again.
    pub async fn import_tickets(&self, source: SourceId, mut tickets: Vec<Ticket>) -> Result<Vec<Taken>> {
        let mut taken = Vec::with_capacity(tickets.len());
        while !tickets.is_empty() {
            let rest = tickets.split_off(tickets.len().min(AT_ONCE));
            let piece = std::mem::replace(&mut tickets, rest);
            let source = source.clone();
            taken.extend(self.call(move |engine| engine.take_in(&source, &piece, None)).await?);
        }
        Ok(taken)
    }

    /// What an import would do: nothing is written.
    pub async fn foresee_tickets(&self, source: SourceId, tickets: Vec<Ticket>) -> Result<Vec<Outcome>> {
        self.with(move |connection, _| {
            let outcome = |ticket: &Ticket| {
                let known = db::intake::item(connection, &source, &ticket.external_id)?;
                Ok(match known {
                    None => Outcome::Added,
                    Some(known) if known.hash == ticket.hash => Outcome::Unchanged,
                    Some(_) => Outcome::Updated,
                })
            };
            tickets.iter().map(outcome).collect()
        })
        .await
    }
}
