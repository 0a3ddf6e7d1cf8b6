//! What an operator does in the command centre.

use std::fmt;

use serde::{Deserialize, Serialize};

use OperatorRole::{Administrator, Dispatcher, Handler, IdentityKeeper, Leader, Reader};

/// What an operator does in the command centre; a person may have several.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OperatorRole {
    /// Works the queue: accepts, dispatches, orders, answers.
    Dispatcher,
    /// Sees everything of the work and issues warnings and tasks; reads the figures.
    Leader,
    /// Works on what was dispatched to the own department, and sees no more.
    Handler,
    /// Opens sealed identities, with a second person.
    IdentityKeeper,
    /// Grids, members, phones, settings, operators, backups.
    Administrator,
    /// Looks on.
    Reader,
}

impl OperatorRole {
    /// All, in the order of the documents.
    pub const ALL: [Self; 6] = [Dispatcher, Leader, Handler, IdentityKeeper, Administrator, Reader];

    /// As in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Dispatcher => "dispatcher",
            Leader => "leader",
            Handler => "handler",
            IdentityKeeper => "identity_keeper",
            Administrator => "administrator",
            Reader => "reader",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Several, as they stand in one column.
    pub(super) fn column(roles: &[Self]) -> String {
        let mut roles = roles.to_vec();
        roles.sort();
        roles.dedup();
        roles.into_iter().map(Self::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Reads a column; a role that this version does not know gives no right.
    pub(in crate::relay) fn read(column: &str) -> Vec<Self> {
        column.split(' ').filter_map(Self::from_name).collect()
    }
}

impl fmt::Display for OperatorRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
