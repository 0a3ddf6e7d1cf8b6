//! People and settings: imports.

use std::collections::BTreeSet;

use suishou_core::{
    error::{Error, Problem},
    model::{
        Role,
        settings::{Department, Settings},
    },
    store::rows::set_due_rules,
};

use super::{
    engine::{Engine, Work},
    error::Result,
    shown::{Imported, Member},
};
use crate::db::{self, member::Kept};

impl From<Kept> for Member {
    fn from(kept: Kept) -> Self {
        Self {
            id: kept.id,
            name: kept.name,
            role: kept.role,
            grids: kept.grids,
            department: kept.department,
            phone: kept.phone,
        }
    }
}

impl Engine {
    /// Adds or changes departments.
    pub fn import_departments(&mut self, departments: Vec<Department>) -> Result<Imported> {
        let mut after = Settings::clone(&self.shared().settings());
        let mut imported = Imported { settings_version: after.version, ..Imported::default() };
        refuse_twice("department", departments.iter().map(|department| department.id.as_str()))?;
        for department in departments {
            for category in &department.categories {
                after.check_category(category)?;
            }
            match after.departments.iter_mut().find(|known| known.id == department.id) {
                None => {
                    imported.added += 1;
                    after.departments.push(department);
                }
                Some(known) if *known == department => imported.unchanged += 1,
                Some(known) => {
                    imported.changed += 1;
                    *known = department;
                }
            }
        }
        if imported.added + imported.changed > 0 {
            imported.settings_version = self.set_settings(after, |_| Ok(()))?;
        }
        Ok(imported)
    }

    /// Keeps the next version of the settings, and does `then` with them in the same transaction.
    pub(super) fn set_settings(
        &mut self,
        mut settings: Settings,
        then: impl FnOnce(&mut Work<'_>) -> Result<()>,
    ) -> Result<u64> {
        settings.version += 1;
        let bundle = settings.to_bytes()?;
        let version = settings.version;
        let kept = std::sync::Arc::new(settings.clone());
        self.write(|work| {
            db::meta::add_settings(work.transaction, version, &bundle, work.now)?;
            set_due_rules(work.transaction, &settings)?;
            work.settings = kept;
            work.state.forget_grids();
            then(work)
        })?;
        self.shared().set_settings(settings, bundle);
        tracing::info!(version, "new settings");
        Ok(version)
    }

    /// Adds or changes members.
    pub fn import_members(&mut self, members: Vec<Member>) -> Result<Imported> {
        let settings = self.shared().settings();
        check_members(&settings, &members)?;
        self.write(|work| {
            let mut imported = Imported { settings_version: work.settings.version, ..Imported::default() };
            for member in members {
                let known = db::member::find(work.transaction, &member.id)?;
                let mut kept = Kept {
                    row: known.as_ref().map_or(0, |known| known.row),
                    id: member.id,
                    name: member.name,
                    role: member.role,
                    department: member.department,
                    phone: member.phone,
                    grids: member.grids,
                };
                kept.grids.sort();
                kept.grids.dedup();
                match &known {
                    None => imported.added += 1,
                    Some(known) if *known == kept => {
                        imported.unchanged += 1;
                        continue;
                    }
                    Some(_) => imported.changed += 1,
                }
                let sealed = work.seal_member(&mut kept)?;
                let row = db::member::put(work.transaction, &kept)?;
                work.keep_identity(row, known.as_ref(), &kept, sealed.as_deref())?;
                work.rescope_member(row, &kept)?;
            }
            Ok(imported)
        })
        .inspect(|_| {
            // Whoever became an informant just now stood there in clear.
            self.scrub();
        })
    }
}

/// Every problem with the number of its line, so that a list is corrected once.
fn check_members(settings: &Settings, members: &[Member]) -> Result<()> {
    refuse_twice("member", members.iter().map(|member| member.id.as_str()))?;
    let mut problems = Vec::new();
    for (number, member) in (1..).zip(members) {
        let mut add =
            |problem| problems.push(Problem::At { what: "member", number, problem: Box::new(problem) });
        if member.name.trim().is_empty() || member.name.len() > 200 || member.phone.len() > 200 {
            add(Problem::BadName);
        }
        for grid in &member.grids {
            if settings.check_grid(grid).is_err() {
                add(Problem::Unknown { what: "grid", code: grid.as_str().to_owned() });
            }
        }
        match &member.department {
            Some(department) if settings.check_department(department).is_err() => {
                add(Problem::Unknown { what: "department", code: department.as_str().to_owned() });
            }
            None if member.role == Role::Handler => add(Problem::Missing("the handler's department")),
            _ => {}
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid { problems }.into()) }
}

fn refuse_twice<'a>(what: &'static str, codes: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for (number, code) in (1..).zip(codes) {
        if !seen.insert(code) {
            let problem = Box::new(Problem::Twice { what, code: code.to_owned() });
            problems.push(Problem::At { what, number, problem });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid { problems }.into()) }
}
