//! Who may do what to households and visits.

use super::{Rights, allow};
use crate::{
    document::{Document, Work},
    error::HeldCode,
    guard::Edit,
    id::{EntryId, GridId},
    model::{
        Role, decode,
        household::{FIELD_CARD, FIELD_GRID, Household, HouseholdStep},
    },
    time::Timestamp,
};

fn household(document: &Document) -> Result<Household, HeldCode> {
    match document.work() {
        Some(Work::Household(household)) => Ok(household),
        _ => Err(HeldCode::NoRecord),
    }
}

/// The command centre, and those in whose grid the household lies.
fn looks_after(household: &Household, rights: &Rights) -> bool {
    let is_near = household.grid.all().any(|grid| rights.has_grid(grid.as_ref()));
    rights.is_centre() || (rights.is_on_the_ground() && is_near)
}

/// Those who look after it; and whoever put it on the list, who alone can put right one that lies nowhere.
fn may_change(household: &Household, is_author: bool, rights: &Rights) -> bool {
    (is_author && rights.is_on_the_ground()) || looks_after(household, rights)
}

pub(super) fn judge_card(document: &Document, is_author: bool, rights: &Rights) -> Result<(), HeldCode> {
    let Ok(household) = household(document) else { return Err(HeldCode::Malformed) };
    allow(may_change(&household, is_author, rights))
}

pub(super) fn judge_household(
    document: &Document,
    edits: &[Edit],
    is_author: bool,
    rights: &Rights,
) -> Result<(), HeldCode> {
    let mut household = household(document)?;
    allow(may_change(&household, is_author, rights))?;
    for edit in edits {
        match edit {
            Edit::Step { body, .. } => {
                let step: HouseholdStep = decode(body, "a step").map_err(|_| HeldCode::Malformed)?;
                household.allows(&step)?;
                household.take(step, Timestamp::default());
            }
            // Nobody hands a household to a grid by a code that is none.
            Edit::Field { name, value } if name == FIELD_GRID => {
                GridId::new(value).map_err(|_| HeldCode::Malformed)?;
            }
            // A card that is not here yet may still come; one that was held never counts.
            Edit::Field { name, value } if name == FIELD_CARD => {
                let card: EntryId = value.parse().map_err(|_| HeldCode::Malformed)?;
                if !document.has_card(card) {
                    return Err(HeldCode::DependsOnHeld);
                }
            }
            Edit::Field { .. } => {}
        }
    }
    Ok(())
}

/// What came of a visit is said by the visitor, those above and the command centre.
pub(super) fn judge_visit(is_author: bool, rights: &Rights) -> Result<(), HeldCode> {
    allow(is_author || matches!(rights.role, Role::Leader | Role::Dispatcher))
}
