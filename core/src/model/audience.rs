//! Whom an order, a warning or a notice is for.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Problem, Result},
    id::{DepartmentId, GridId, MemberId},
    model::Role,
};

/// Most codes of one kind in an audience.
pub const MAX_NAMED: usize = 2_000;

/// Whom something is for; the parts add up. An empty one is the command centre alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
#[serde(default, deny_unknown_fields)]
pub struct Audience {
    /// Everyone in the township.
    #[n(0)]
    pub is_everyone: bool,
    /// Those who work in these grids or in grids within them.
    #[n(1)]
    pub grids: Vec<GridId>,
    /// These people.
    #[n(2)]
    pub members: Vec<MemberId>,
    /// Those who work in these departments.
    #[n(3)]
    pub departments: Vec<DepartmentId>,
    /// Those who have one of these roles.
    #[n(4)]
    pub roles: Vec<Role>,
}

impl Audience {
    /// Everyone.
    pub fn everyone() -> Self {
        Self { is_everyone: true, ..Self::default() }
    }

    /// These people.
    pub fn of(members: impl IntoIterator<Item = MemberId>) -> Self {
        Self { members: members.into_iter().collect(), ..Self::default() }
    }

    /// Nobody but the command centre.
    pub fn is_centre_alone(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses what no reader would take.
    pub fn check(&self) -> Result<()> {
        let largest = [self.grids.len(), self.members.len(), self.departments.len(), self.roles.len()]
            .into_iter()
            .max()
            .unwrap_or(0);
        if largest > MAX_NAMED {
            return Err(Error::invalid(Problem::TooLarge {
                what: "the audience",
                found: largest as u64,
                limit: MAX_NAMED as u64,
            }));
        }
        Ok(())
    }
}
