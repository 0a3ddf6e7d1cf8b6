//! Scope keys: which words a document stands under, and which words a member holds.
//!
//! Somebody sees a document if they hold one of its keys. Nothing else decides it.

use std::collections::BTreeSet;

use suishou_core::{
    document::{Document, Record},
    id::{DepartmentId, DeviceId, GridId, MemberId},
    model::Role,
};

use super::{engine::Work, error::Result};
use crate::db::{self, feed::Item, member::Kept};

/// The key of a member's own documents.
pub(super) fn member_key(member: &MemberId) -> String {
    format!("member:{member}")
}

/// The key of notices to one device.
pub(super) fn device_key(device: DeviceId) -> String {
    format!("device:{device}")
}

fn department_key(department: &DepartmentId) -> String {
    format!("dept:{department}")
}

/// For those who work in the grid.
fn grid_key(grid: &GridId) -> String {
    format!("grid:{grid}")
}

/// For those who lead the grid.
fn lead_key(grid: &GridId) -> String {
    format!("lead:{grid}")
}

/// The words a member holds.
pub(super) fn of_member(member: &Kept) -> Vec<String> {
    // Their own first: the news of the others stand under it.
    let mut keys = vec![member_key(&member.id), "all".to_owned()];
    if matches!(member.role, Role::Member | Role::Leader | Role::Dispatcher) {
        keys.extend(member.grids.iter().map(grid_key));
    }
    if matches!(member.role, Role::Leader | Role::Dispatcher) {
        keys.extend(member.grids.iter().map(lead_key));
    }
    if member.role == Role::Handler {
        keys.extend(member.department.iter().map(department_key));
    }
    keys
}

impl Work<'_> {
    /// The words a document stands under; `author` is whose record it is.
    fn of_document(&mut self, document: &Document, author: Option<&MemberId>) -> BTreeSet<String> {
        let mut keys: BTreeSet<String> = author.map(member_key).into_iter().collect();
        match document.captured().map(|captured| &captured.record) {
            Some(Record::Incident(_)) => {
                let Some(incident) = document.incident() else { return keys };
                if let Some(grid) = &incident.grid.value {
                    keys.extend(self.ancestry(grid).iter().map(grid_key));
                }
                for dispatch in &incident.dispatches {
                    keys.extend(dispatch.department.iter().map(department_key));
                    keys.extend(dispatch.member.iter().map(member_key));
                }
            }
            Some(Record::Patrol(record)) => {
                if let Some(grid) = &record.grid {
                    keys.extend(self.ancestry(grid).iter().map(lead_key));
                }
            }
            None => {}
        }
        keys
    }

    /// The numbers of the keys that a document should stand under.
    pub(super) fn scope_of(
        &mut self,
        document: &Document,
        author: Option<&MemberId>,
    ) -> Result<BTreeSet<i64>> {
        let words = self.of_document(document, author);
        words.iter().map(|word| self.key(word)).collect()
    }

    /// Puts a document under the keys it gained and takes it from under those it lost.
    pub(super) fn rescope(
        &mut self,
        document: &Document,
        before: &BTreeSet<i64>,
        after: &BTreeSet<i64>,
    ) -> Result<()> {
        if before == after {
            return Ok(());
        }
        let id = document.id();
        let places = db::entry::feed_seqs(self.transaction, id)?;
        for key in after.difference(before) {
            let since = self.tell(Item::DocumentGained { document: id })?;
            self.show(*key, since)?;
            for place in &places {
                db::feed::show(self.transaction, *key, *place)?;
            }
            db::scope::give_document(self.transaction, id, *key, since)?;
        }
        for key in before.difference(after) {
            let at = self.tell(Item::DocumentLost { document: id })?;
            self.show(*key, at)?;
            for place in &places {
                db::feed::hide(self.transaction, *key, *place)?;
            }
            db::scope::take_document(self.transaction, id, *key, at)?;
        }
        Ok(())
    }

    /// Gives a member the keys they should hold and takes the others; the member's phones are told.
    pub(super) fn rescope_member(&mut self, row: i64, member: &Kept) -> Result<()> {
        let own = self.key(&member_key(&member.id))?;
        let held = db::scope::of_member(self.transaction, row)?;
        let mut wanted = Vec::new();
        for word in of_member(member) {
            wanted.push(self.key(&word)?);
        }
        for key in &wanted {
            if held.iter().any(|held| held.key == *key) {
                continue;
            }
            let since = self.tell(Item::MemberGained { key: *key })?;
            self.show(own, since)?;
            db::scope::give_member(self.transaction, row, *key, since)?;
        }
        for held in held.iter().filter(|held| !wanted.contains(&held.key)) {
            let at = self.tell(Item::MemberLost { key: held.key })?;
            self.show(own, at)?;
            db::scope::take_member(self.transaction, row, held.key, at)?;
        }
        // Also when only the role changed: the phone learns it from the page that passes this place.
        let seq = self.tell(Item::MemberGained { key: own })?;
        self.show(own, seq)
    }
}
