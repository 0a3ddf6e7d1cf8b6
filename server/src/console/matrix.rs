//! Who may do what: one line for each route of `/api`, checked before a handler runs.
//!
//! A route that has no line is refused to everybody, so none can be forgotten.

use axum::http::Method;
use serde::Serialize;
use suishou_core::id::DepartmentId;

pub use crate::relay::OperatorRole;
use Guard::{Audited, Confirmed, Open, Plain, Signed};
use OperatorRole::{Administrator, Dispatcher, Handler, IdentityKeeper, Leader, Reader};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Which operator; none for a program that shows the folder's token.
    pub operator: Option<i64>,
    /// What the operator does here.
    pub roles: Vec<OperatorRole>,
    /// Whose work a handler sees.
    pub department: Option<DepartmentId>,
    /// Whether the password was given within the last minutes.
    pub is_confirmed: bool,
}

impl Caller {
    /// Who can read the folder's token owns the machine: every role but the identity keeper's, for the seal
    /// opens to a password alone.
    pub fn of_this_machine() -> Self {
        let roles = vec![Dispatcher, Leader, Administrator, Reader];
        Self { operator: None, roles, department: None, is_confirmed: true }
    }

    /// Whether one of these roles is the caller's.
    pub fn is_one_of(&self, roles: &[OperatorRole]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }

    /// The department to which this caller's eyes are bound: a handler who is nothing more.
    pub fn bound_to(&self) -> Option<&DepartmentId> {
        if self.is_one_of(&[Dispatcher, Leader, Administrator, Reader]) {
            None
        } else {
            self.department.as_ref()
        }
    }
}

/// What a route asks for beside the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Whoever comes: nobody is known yet. Written into the audit log.
    Open,
    /// Nothing; not written into the audit log.
    Plain,
    /// Written into the audit log.
    Audited,
    /// Written into the audit log, and the password is asked for again.
    Confirmed,
    /// No login: whoever asks signs the request, and the handler checks that. Nobody's roles count.
    Signed,
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// GET, POST, PUT, PATCH or DELETE.
    pub method: &'static str,
    /// As the router has it.
    pub path: &'static str,
    /// Any of these may.
    pub roles: &'static [OperatorRole],
    /// What else is asked for.
    pub guard: Guard,
}

const fn rule(
    method: &'static str,
    path: &'static str,
    roles: &'static [OperatorRole],
    guard: Guard,
) -> Rule {
    Rule { method, path, roles, guard }
}

/// Everybody who has a login, of whatever role.
const ALL: &[OperatorRole] = &OperatorRole::ALL;
/// Who sees all of the work.
const SEEING: &[OperatorRole] = &[Dispatcher, Leader, Administrator, Reader];
/// Who sees incidents: a handler those of the own department.
const WORKING: &[OperatorRole] = &[Dispatcher, Leader, Handler, Administrator, Reader];
/// Who takes steps of incidents: a handler in the own department's name.
const ACTING: &[OperatorRole] = &[Dispatcher, Handler];
/// Who gives orders.
const ORDERING: &[OperatorRole] = &[Dispatcher, Leader];
/// Who keeps house.
const KEEPING: &[OperatorRole] = &[Administrator];

/// Who has to do with sealed identities; of operators with a login only the keeper opens them.
const SEALING: &[OperatorRole] = &[IdentityKeeper, Administrator];
/// Nobody's role: the route asks for a password or a link itself.
const ANYBODY: &[OperatorRole] = &[];

/// The matrix.
pub const RULES: &[Rule] = &[
    // Logging in.
    rule("POST", "/api/session", ANYBODY, Open),
    rule("POST", "/api/session/join", ANYBODY, Open),
    rule("GET", "/api/session", ALL, Plain),
    rule("DELETE", "/api/session", ALL, Audited),
    rule("POST", "/api/session/confirm", ALL, Audited),
    rule("POST", "/api/session/password", ALL, Audited),
    // Operators and what they did.
    rule("GET", "/api/operators", KEEPING, Plain),
    rule("POST", "/api/operators", KEEPING, Confirmed),
    rule("POST", "/api/operators/{id}/disable", KEEPING, Confirmed),
    rule("POST", "/api/operators/{id}/enable", KEEPING, Confirmed),
    rule("POST", "/api/operators/{id}/roles", KEEPING, Confirmed),
    rule("POST", "/api/operators/{id}/reset", KEEPING, Confirmed),
    rule("GET", "/api/audit", KEEPING, Audited),
    rule("GET", "/api/audit/verify", KEEPING, Plain),
    // Incidents.
    rule("GET", "/api/incidents", WORKING, Plain),
    rule("POST", "/api/incidents", &[Dispatcher], Audited),
    rule("GET", "/api/incidents/{id}", WORKING, Plain),
    rule("POST", "/api/incidents/{id}/steps", ACTING, Audited),
    rule("POST", "/api/incidents/{id}/merge", &[Dispatcher], Audited),
    rule("POST", "/api/incidents/{id}/notes", ACTING, Audited),
    rule("GET", "/api/incidents/{id}/photos/{hash}", WORKING, Plain),
    rule("POST", "/api/photos", ACTING, Audited),
    // Patrols.
    rule("GET", "/api/patrols", SEEING, Plain),
    rule("GET", "/api/patrols/{id}", SEEING, Plain),
    rule("GET", "/api/patrols/{id}/track", SEEING, Audited),
    rule("POST", "/api/patrols/{id}/notes", ORDERING, Audited),
    rule("GET", "/api/patrols/{id}/photos/{hash}", SEEING, Plain),
    // Households and visits: personal data, each look is written down.
    rule("GET", "/api/households", ORDERING, Audited),
    rule("POST", "/api/households", &[Dispatcher], Audited),
    rule("PUT", "/api/households", &[Dispatcher], Audited),
    rule("GET", "/api/households/{id}", ORDERING, Audited),
    rule("POST", "/api/households/{id}/steps", &[Dispatcher], Audited),
    rule("POST", "/api/households/{id}/notes", ORDERING, Audited),
    rule("GET", "/api/households/{id}/photos/{hash}", ORDERING, Audited),
    rule("GET", "/api/visits", ORDERING, Audited),
    rule("GET", "/api/visits/{id}", ORDERING, Audited),
    rule("POST", "/api/visits/{id}/notes", ORDERING, Audited),
    rule("GET", "/api/visits/{id}/photos/{hash}", ORDERING, Audited),
    // Orders.
    rule("GET", "/api/tasks", SEEING, Plain),
    rule("POST", "/api/tasks", ORDERING, Audited),
    rule("GET", "/api/tasks/{id}", SEEING, Plain),
    rule("POST", "/api/tasks/{id}/steps", ORDERING, Audited),
    rule("POST", "/api/tasks/{id}/notes", ORDERING, Audited),
    rule("GET", "/api/tasks/{id}/photos/{hash}", SEEING, Plain),
    rule("GET", "/api/warnings", SEEING, Plain),
    rule("POST", "/api/warnings", ORDERING, Audited),
    rule("GET", "/api/warnings/{id}", SEEING, Plain),
    rule("POST", "/api/warnings/{id}/steps", ORDERING, Audited),
    rule("POST", "/api/warnings/{id}/notes", ORDERING, Audited),
    rule("GET", "/api/warnings/{id}/photos/{hash}", SEEING, Plain),
    rule("GET", "/api/notices", SEEING, Plain),
    rule("POST", "/api/notices", ORDERING, Audited),
    rule("GET", "/api/notices/{id}", SEEING, Plain),
    rule("POST", "/api/notices/{id}/steps", ORDERING, Audited),
    rule("POST", "/api/notices/{id}/notes", ORDERING, Audited),
    rule("GET", "/api/notices/{id}/photos/{hash}", SEEING, Plain),
    // The township.
    rule("GET", "/api/status", ALL, Plain),
    rule("GET", "/api/settings", ALL, Plain),
    rule("PUT", "/api/settings", KEEPING, Audited),
    rule("GET", "/api/settings/versions", KEEPING, Plain),
    rule("GET", "/api/settings/versions/{version}", KEEPING, Plain),
    rule("GET", "/api/grids", ALL, Plain),
    rule("PUT", "/api/grids", KEEPING, Audited),
    rule("PUT", "/api/departments", KEEPING, Audited),
    rule("GET", "/api/basemap", ALL, Plain),
    rule("DELETE", "/api/basemap", KEEPING, Audited),
    rule("PUT", "/api/basemap/file", KEEPING, Audited),
    rule("PUT", "/api/basemap/address", KEEPING, Audited),
    rule("GET", "/tiles/{z}/{x}/{y}", ALL, Plain),
    rule("PUT", "/api/checkpoints", KEEPING, Audited),
    // People and phones.
    rule("GET", "/api/members", SEEING, Audited),
    rule("PUT", "/api/members", KEEPING, Audited),
    rule("GET", "/api/enrolments", KEEPING, Plain),
    rule("POST", "/api/enrolments", KEEPING, Audited),
    rule("POST", "/api/enrolments/batch", KEEPING, Audited),
    rule("GET", "/api/enrolments/{number}", KEEPING, Plain),
    rule("POST", "/api/enrolments/{number}/withdraw", KEEPING, Audited),
    rule("GET", "/api/devices", KEEPING, Plain),
    rule("GET", "/api/devices/{id}", KEEPING, Plain),
    rule("POST", "/api/devices/{id}/revoke", KEEPING, Confirmed),
    rule("POST", "/api/devices/{id}/restore", KEEPING, Confirmed),
    rule("POST", "/api/devices/{id}/release", KEEPING, Confirmed),
    rule("POST", "/api/devices/{id}/replace", KEEPING, Confirmed),
    rule("POST", "/api/bundles", KEEPING, Audited),
    // What nobody sent: an informant's only by the keeper, which the handler sees to.
    rule("POST", "/api/bundles/drafts", SEALING, Confirmed),
    // Held entries: what is in one is read under its author's alias, each look is written down.
    rule("GET", "/api/held", SEEING, Plain),
    // Housekeeping.
    rule("GET", "/api/backups", KEEPING, Plain),
    rule("POST", "/api/backups", KEEPING, Confirmed),
    rule("POST", "/api/checks", KEEPING, Confirmed),
    // Who informants are.
    rule("POST", "/api/identity", SEALING, Confirmed),
    rule("POST", "/api/identity/passphrase", SEALING, Confirmed),
    rule("POST", "/api/subjects/exports", KEEPING, Confirmed),
    rule("POST", "/api/subjects/erasures", KEEPING, Confirmed),
    rule("GET", "/api/reveals", &[Dispatcher, Leader, IdentityKeeper, Administrator], Plain),
    rule("POST", "/api/reveals", ORDERING, Audited),
    rule("POST", "/api/reveals/{id}/open", SEALING, Confirmed),
    rule("POST", "/api/reveals/{id}/refuse", SEALING, Audited),
    rule("GET", "/api/held/{id}", SEEING, Audited),
    rule("GET", "/api/held/{id}/raw", SEEING, Audited),
    rule("POST", "/api/held/{id}/release", &[Dispatcher, Administrator], Confirmed),
    rule("POST", "/api/held/{id}/reject", &[Dispatcher, Administrator], Audited),
    // Other systems: what comes from them, and what they are told.
    rule("POST", "/api/intake/{id}", &[], Signed),
    rule("GET", "/api/intake-sources", SEEING, Plain),
    rule("POST", "/api/intake-sources", KEEPING, Confirmed),
    rule("POST", "/api/intake-sources/{id}/enabled", KEEPING, Audited),
    rule("POST", "/api/intake-sources/{id}/rotate", KEEPING, Confirmed),
    rule("GET", "/api/intake-items", SEEING, Plain),
    rule("POST", "/api/intake-items", &[Dispatcher], Audited),
    rule("GET", "/api/incidents/{id}/contact", &[Dispatcher], Audited),
    rule("GET", "/api/webhooks", KEEPING, Plain),
    rule("POST", "/api/webhooks", KEEPING, Confirmed),
    rule("POST", "/api/webhooks/{id}/enabled", KEEPING, Audited),
    rule("POST", "/api/webhooks/{id}/test", KEEPING, Audited),
    rule("POST", "/api/webhooks/{id}/retry", KEEPING, Audited),
    rule("GET", "/api/webhook-items", KEEPING, Plain),
    // Figures, exports, retention. What carries texts of people is asked for with the password.
    rule("GET", "/api/figures", SEEING, Plain),
    rule("GET", "/api/figures/definitions", SEEING, Plain),
    rule("GET", "/api/figures/published", SEEING, Plain),
    rule("GET", "/api/figures/grids/{id}", SEEING, Audited),
    rule("GET", "/api/exports/incidents", ORDERING, Confirmed),
    rule("GET", "/api/exports/patrols", ORDERING, Audited),
    rule("GET", "/api/exports/tasks", ORDERING, Confirmed),
    rule("GET", "/api/exports/visits", ORDERING, Confirmed),
    rule("GET", "/api/exports/warnings", ORDERING, Audited),
    rule("GET", "/api/exports/figures", SEEING, Audited),
    rule("GET", "/api/retention", SEEING, Plain),
    rule("PUT", "/api/retention", KEEPING, Confirmed),
    rule("GET", "/api/retention/due", KEEPING, Plain),
    rule("POST", "/api/retention/runs", KEEPING, Confirmed),
    rule("GET", "/api/retention/runs/{run}", KEEPING, Plain),
    rule("PUT", "/api/retention/holds/{id}", ORDERING, Audited),
    rule("DELETE", "/api/retention/holds/{id}", KEEPING, Confirmed),
    rule("GET", "/api/events", ALL, Plain),
];

/// The line of a route; the answer to HEAD is that to GET.
pub fn find(method: &Method, path: &str) -> Option<&'static Rule> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    RULES.iter().find(|rule| rule.method == method && rule.path == path)
}

/// The methods that a path takes, as a header has them.
pub fn methods(path: &str) -> String {
    let of_path: Vec<&str> = RULES.iter().filter(|rule| rule.path == path).map(|rule| rule.method).collect();
    of_path.join(", ")
}
