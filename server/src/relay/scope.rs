//! Scope keys: which words a document stands under, and which words a member holds.
//!
//! Somebody sees a document if they hold one of its keys. Nothing else decides it.

use std::collections::BTreeSet;

use suishou_core::{
    document::{Document, Record, Work as Amount},
    id::{DepartmentId, DeviceId, GridId, MemberId},
    model::{Role, audience::Audience, place::Place, settings::Settings},
};

use super::{engine::Work, error::Result, project::within};
use crate::db::{self, feed::Item, member::Kept};

/// The key of a member's own documents.
pub(super) fn member_key(member: &MemberId) -> String {
    format!("member:{member}")
}

/// The key of notices to one device.
pub(super) fn device_key(device: DeviceId) -> String {
    format!("device:{device}")
}

/// The key of what everyone sees.
const EVERYONE: &str = "all";

fn role_key(role: Role) -> String {
    format!("role:{}", role.as_str())
}

pub(super) fn department_key(department: &DepartmentId) -> String {
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
    let mut keys = vec![member_key(&member.id), EVERYONE.to_owned(), role_key(member.role)];
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

/// The words under which something stands for those whom it is for.
fn of_audience(settings: &Settings, audience: &Audience) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = within(settings, &audience.grids).iter().map(grid_key).collect();
    if audience.is_everyone {
        keys.insert(EVERYONE.to_owned());
    }
    keys.extend(audience.members.iter().map(member_key));
    keys.extend(audience.departments.iter().map(department_key));
    keys.extend(audience.roles.iter().map(|role| role_key(*role)));
    keys
}

/// Those among `members` whom something is for: they hold one of its words. Whoever only leads them sees it
/// too, and is not asked.
pub(super) fn covered<'m>(
    settings: &Settings,
    audience: &Audience,
    members: &'m [Kept],
) -> impl Iterator<Item = &'m Kept> {
    let keys = of_audience(settings, audience);
    members.iter().filter(move |member| of_member(member).iter().any(|key| keys.contains(key)))
}

impl Work<'_> {
    /// The words a document stands under; `author` is whose record it is.
    fn of_document(&mut self, document: &Document, author: Option<&MemberId>) -> Result<BTreeSet<String>> {
        let mut keys: BTreeSet<String> = author.map(member_key).into_iter().collect();
        let Some((captured, work)) = document.captured().zip(document.work()) else { return Ok(keys) };
        match (&captured.record, work) {
            (Record::Incident(record), Amount::Incident(incident)) => {
                if !record.is_confidential() {
                    self.add_home(&mut keys, incident.grid.value.as_ref(), &record.place);
                }
                for dispatch in &incident.dispatches {
                    keys.extend(dispatch.department.iter().map(department_key));
                    keys.extend(dispatch.member.iter().map(member_key));
                }
            }
            (Record::Patrol(record), _) => self.add_route(&mut keys, record.grid.as_ref(), author)?,
            // Those who look after somebody, and nobody else.
            (Record::Household(card), Amount::Household(household)) => {
                self.add_home(&mut keys, household.grid.value.as_ref(), &card.place);
            }
            (Record::Visit(record), _) => {
                self.add_home(&mut keys, record.place.grid.as_ref(), &record.place);
            }
            (Record::Task(record), Amount::Task(task)) => {
                self.add_audience(&mut keys, &record.audience);
                keys.extend(task.named.iter().map(member_key));
            }
            (Record::Warning(record), _) => {
                self.add_audience(&mut keys, &record.audience);
                keys.extend(record.posts.iter().filter_map(|post| post.member.as_ref()).map(member_key));
            }
            (Record::Notice(record), _) => self.add_audience(&mut keys, &record.audience),
            _ => {}
        }
        Ok(keys)
    }

    /// For those who work where something lies. A record's grid stays what it was when the grids change: what lies
    /// in one that is not any more stands where its place is now.
    fn add_home(&mut self, keys: &mut BTreeSet<String>, grid: Option<&GridId>, place: &Place) {
        let home = grid.map(|grid| self.home(grid, place.position));
        self.add_grid(keys, home.as_ref(), grid_key);
    }

    /// For those who lead where somebody walks: a patrol has no place, so that its walker's grids of now stand
    /// for one that is not any more.
    fn add_route(
        &mut self,
        keys: &mut BTreeSet<String>,
        grid: Option<&GridId>,
        walker: Option<&MemberId>,
    ) -> Result<()> {
        self.add_grid(keys, grid, lead_key);
        let is_gone = grid.is_some_and(|grid| self.settings.check_grid(grid).is_err());
        if let Some(walker) = walker.filter(|_| is_gone)
            && let Some(walker) = db::member::find(self.transaction, walker)?
        {
            for grid in &walker.grids {
                self.add_grid(keys, Some(grid), lead_key);
            }
        }
        Ok(())
    }

    /// A grid and those it is part of.
    fn add_grid(&mut self, keys: &mut BTreeSet<String>, grid: Option<&GridId>, key: fn(&GridId) -> String) {
        if let Some(grid) = grid {
            keys.extend(self.ancestry(grid).iter().map(key));
        }
    }

    /// Those whom something is for, and those who lead them.
    fn add_audience(&mut self, keys: &mut BTreeSet<String>, audience: &Audience) {
        keys.extend(of_audience(&self.settings, audience));
        for grid in &audience.grids {
            self.add_grid(keys, Some(grid), lead_key);
        }
    }

    /// The numbers of the keys that a document should stand under.
    pub(super) fn scope_of(
        &mut self,
        document: &Document,
        author: Option<&MemberId>,
    ) -> Result<BTreeSet<i64>> {
        let words = self.of_document(document, author)?;
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

    /// Gives everybody the keys that this version of the program would give them, if an older one gave
    /// others. Nothing is written for those who hold what they should.
    pub(super) fn renew_member_keys(&mut self) -> Result<usize> {
        let mut renewed = 0;
        for member in db::member::all(self.transaction)? {
            let held = db::scope::of_member(self.transaction, member.row)?;
            let held: BTreeSet<i64> = held.iter().map(|held| held.key).collect();
            let mut wanted = BTreeSet::new();
            for word in of_member(&member) {
                wanted.insert(self.key(&word)?);
            }
            if held != wanted {
                self.rescope_member(member.row, &member)?;
                renewed += 1;
            }
        }
        Ok(renewed)
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
