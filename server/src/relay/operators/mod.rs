//! The people of the command centre: who they are, how they come in, and in whose name the relay acts.
//!
//! Whose hand writes is carried by the task ([`in_name_of`]), not by every function's arguments: so no way
//! to the writer can forget it. The relay's own entries of such a call are noted as that operator's, in the
//! same transaction.

mod error;
mod login;
mod password;
mod role;
mod throttle;

use serde::Serialize;
use suishou_core::{
    error::Problem,
    id::{DepartmentId, DocumentId, EntryId},
    model::settings::Settings,
    time::Timestamp,
};

pub use error::LoginError;
pub(super) use login::Gate;
pub use login::{JoinLink, Joining, Session, SessionKey, SignedIn, new_link};
pub use password::MIN_CHARS;
pub use role::OperatorRole;

use super::{
    Relay,
    engine::{Engine, Work},
    error::{RelayError, Result},
    reading,
};
use crate::db::{self, Transaction, operator::Kept};

/// Longest login name in bytes.
const MAX_NAME_BYTES: usize = 40;
/// Longest shown name in bytes.
const MAX_SHOWN_BYTES: usize = 100;

tokio::task_local! {
    static ACTING: Option<i64>;
}

/// Whatever `work` has the relay do is done in the name of this operator.
pub async fn in_name_of<F: Future>(operator: Option<i64>, work: F) -> F::Output {
    ACTING.scope(operator, work).await
}

/// In whose name the present task works.
pub(super) fn acting() -> Option<i64> {
    ACTING.try_with(|operator| *operator).ok().flatten()
}

/// An operator, for the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OperatorShown {
    /// Their number; never given to somebody else.
    pub id: i64,
    /// What they log in with.
    pub name: String,
    /// What colleagues call them.
    pub shown_name: String,
    /// What they do.
    pub roles: Vec<OperatorRole>,
    /// A handler's department.
    pub department: Option<DepartmentId>,
    /// May not log in.
    pub is_disabled: bool,
    /// They have chosen a password.
    pub has_password: bool,
    /// Since when they are known.
    pub made_at: Timestamp,
    /// When they last logged in.
    pub last_login_at: Option<Timestamp>,
}

impl From<Kept> for OperatorShown {
    fn from(kept: Kept) -> Self {
        Self {
            id: kept.row,
            roles: OperatorRole::read(&kept.roles),
            has_password: kept.password_hash.is_some(),
            name: kept.name,
            shown_name: kept.shown_name,
            department: kept.department,
            is_disabled: kept.is_disabled,
            made_at: kept.made_at,
            last_login_at: kept.last_login_at,
        }
    }
}

/// Who took a step or wrote a remark, by its entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HandShown {
    /// The entry.
    pub entry: EntryId,
    /// The operator's number.
    pub id: i64,
    /// What colleagues call them.
    pub name: String,
    /// What they do here, today.
    pub roles: Vec<OperatorRole>,
}

/// Somebody who is to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOperator {
    /// What they log in with.
    pub name: String,
    /// What colleagues call them.
    pub shown_name: String,
    /// What they do.
    pub roles: Vec<OperatorRole>,
    /// A handler's department.
    pub department: Option<DepartmentId>,
}

impl Relay {
    /// Everyone who may log in or might.
    pub async fn operators(&self) -> Result<Vec<OperatorShown>> {
        let kept = self.with(|connection, _| Ok(db::operator::all(connection)?)).await?;
        Ok(kept.into_iter().map(Into::into).collect())
    }

    /// Whether an incident was ever dispatched to a department.
    pub async fn is_dispatched_to(&self, document: DocumentId, department: DepartmentId) -> Result<bool> {
        self.with(move |connection, _| reading::is_dispatched_to(connection, document, &department)).await
    }

    /// Adds somebody; the link is for them alone.
    pub async fn add_operator(&self, new: NewOperator) -> Result<(OperatorShown, JoinLink)> {
        self.call(move |engine| engine.add_operator(&new)).await
    }

    /// Takes the login away, or gives it back.
    pub async fn set_operator_disabled(&self, operator: i64, is_disabled: bool) -> Result<OperatorShown> {
        self.call(move |engine| engine.set_operator_disabled(operator, is_disabled)).await
    }

    /// Gives somebody other roles.
    pub async fn set_operator_roles(
        &self,
        operator: i64,
        roles: Vec<OperatorRole>,
        department: Option<DepartmentId>,
    ) -> Result<OperatorShown> {
        self.call(move |engine| engine.set_operator_roles(operator, &roles, department)).await
    }

    /// The password is good for nothing any more; the link lets them choose another.
    pub async fn reset_operator(&self, operator: i64) -> Result<(OperatorShown, JoinLink)> {
        self.call(move |engine| engine.reset_operator(operator)).await
    }
}

impl Engine {
    /// Adds somebody; the link is for them alone.
    pub fn add_operator(&mut self, new: &NewOperator) -> Result<(OperatorShown, JoinLink)> {
        let name = checked_name(&new.name)?;
        let shown_name = checked_shown_name(&new.shown_name)?;
        let department = checked_roles(&self.shared().settings(), &new.roles, new.department.clone())?;
        self.write(|work| {
            if db::operator::find(work.transaction, &name)?.is_some() {
                return Err(LoginError::NameTaken.into());
            }
            let mut kept = Kept {
                row: 0,
                name,
                shown_name,
                roles: OperatorRole::column(&new.roles),
                department,
                password_hash: None,
                is_disabled: false,
                made_at: work.now,
                last_login_at: None,
            };
            kept.row = db::operator::add(work.transaction, &kept)?;
            let link = work.link(kept.row)?;
            Ok((kept.into(), link))
        })
    }

    /// Takes the login away, or gives it back; sessions and links end.
    pub fn set_operator_disabled(&mut self, operator: i64, is_disabled: bool) -> Result<OperatorShown> {
        self.write(|work| {
            let mut kept = work.operator(operator)?;
            if is_disabled {
                work.keep_an_administrator(&kept)?;
                db::operator::end_sessions(work.transaction, operator)?;
                db::operator::drop_links(work.transaction, operator)?;
            }
            kept.is_disabled = is_disabled;
            db::operator::set(work.transaction, &kept)?;
            Ok(kept.into())
        })
    }

    /// Gives somebody other roles, from the next request on.
    pub fn set_operator_roles(
        &mut self,
        operator: i64,
        roles: &[OperatorRole],
        department: Option<DepartmentId>,
    ) -> Result<OperatorShown> {
        let department = checked_roles(&self.shared().settings(), roles, department)?;
        self.write(|work| {
            let mut kept = work.operator(operator)?;
            if !roles.contains(&OperatorRole::Administrator) {
                work.keep_an_administrator(&kept)?;
            }
            kept.roles = OperatorRole::column(roles);
            kept.department = department;
            db::operator::set(work.transaction, &kept)?;
            Ok(kept.into())
        })
    }

    /// The password is good for nothing any more, sessions end; the link lets them choose another.
    pub fn reset_operator(&mut self, operator: i64) -> Result<(OperatorShown, JoinLink)> {
        self.write(|work| {
            let mut kept = work.operator(operator)?;
            if kept.is_disabled {
                return Err(RelayError::invalid(Problem::Malformed("an operator who may log in")));
            }
            kept.password_hash = None;
            db::operator::set(work.transaction, &kept)?;
            db::operator::end_sessions(work.transaction, operator)?;
            db::operator::drop_links(work.transaction, operator)?;
            let link = work.link(operator)?;
            Ok((kept.into(), link))
        })
    }
}

impl Work<'_> {
    pub(super) fn operator(&self, operator: i64) -> Result<Kept> {
        db::operator::get(self.transaction, operator)?.ok_or(RelayError::NotFound)
    }

    /// Refuses to take the last one away who can let others in.
    fn keep_an_administrator(&self, without: &Kept) -> Result<()> {
        let is_one = |kept: &Kept| {
            !kept.is_disabled && OperatorRole::read(&kept.roles).contains(&OperatorRole::Administrator)
        };
        if !is_one(without) {
            return Ok(());
        }
        let others = db::operator::all(self.transaction)?;
        let mut others = others.iter().filter(|kept| kept.row != without.row && kept.password_hash.is_some());
        if others.any(is_one) { Ok(()) } else { Err(LoginError::LastAdministrator.into()) }
    }
}

/// Notes in whose name an entry of the relay was written.
pub(super) fn attribute(transaction: &Transaction<'_>, entry: EntryId, operator: Option<i64>) -> Result<()> {
    if let Some(operator) = operator {
        db::operator::add_entry(transaction, entry, operator)?;
    }
    Ok(())
}

/// A login name is typed by hand and stands in no other alphabet than the keyboard's.
fn checked_name(name: &str) -> Result<String> {
    let name = name.trim().to_lowercase();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if (2..=MAX_NAME_BYTES).contains(&name.len()) && name.chars().all(is_plain) {
        return Ok(name);
    }
    Err(RelayError::invalid(Problem::Malformed("a login name of 2 to 40 letters, digits, - _ .")))
}

fn checked_shown_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.len() > MAX_SHOWN_BYTES || name.chars().any(char::is_control) {
        return Err(RelayError::invalid(Problem::Malformed("a shown name of 1 to 100 bytes")));
    }
    Ok(name.to_owned())
}

/// The department that is kept: a handler has one, others none.
fn checked_roles(
    settings: &Settings,
    roles: &[OperatorRole],
    department: Option<DepartmentId>,
) -> Result<Option<DepartmentId>> {
    if roles.is_empty() {
        return Err(RelayError::invalid(Problem::Missing("a role")));
    }
    match (roles.contains(&OperatorRole::Handler), department) {
        (true, None) => Err(RelayError::invalid(Problem::Missing("the handler's department"))),
        (_, Some(department)) => {
            settings.check_department(&department)?;
            Ok(Some(department))
        }
        (false, None) => Ok(None),
    }
}
