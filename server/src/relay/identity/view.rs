//! What is shown of people: staff by name, informants by nothing but the alias they have in a document.

use suishou_core::{model::Role, time::Timestamp};

use crate::{
    db::{self, Connection, member::Kept},
    relay::{
        error::Result,
        shown::{NamedShown, PersonShown},
    },
};

/// For whose eyes a document is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// A dispatcher: sees who of the staff reported in confidence.
    Dispatcher,
    /// Everybody else.
    Other,
}

/// Whether a member stays without name in a document that came at this time: is an informant, or was one then.
pub fn is_hidden(connection: &Connection, member: &Kept, came_at: Option<Timestamp>) -> Result<bool> {
    if member.role == Role::Informant {
        return Ok(true);
    }
    let until = db::identity::until(connection, member.row)?;
    Ok(until.is_some_and(|until| came_at.is_none_or(|at| at <= until)))
}

impl PersonShown {
    /// Leaves nothing but the alias, and that this is an informant if it is one.
    pub fn hide(&mut self, role: Option<Role>) {
        self.member = None;
        self.name.clear();
        self.phone.clear();
        self.role = role;
        self.is_hidden = true;
    }
}

impl NamedShown {
    /// Somebody whom an order or an audience names.
    pub(in crate::relay) fn of(member: &Kept) -> Self {
        if member.role == Role::Informant {
            return Self {
                of: member.id.clone(),
                member: None,
                name: String::new(),
                phone: String::new(),
                is_hidden: true,
            };
        }
        Self {
            of: member.id.clone(),
            member: Some(member.id.clone()),
            name: member.name.clone(),
            phone: member.phone.clone(),
            is_hidden: false,
        }
    }
}
