//! The township's settings as a file that people read, compare and change: everything but the grids, which
//! have a map file of their own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::{Error, Problem},
    id::{CategoryId, DepartmentId, GridId, HazardId, PurposeId, ThemeId, TownshipId},
    model::{
        DocumentKind,
        settings::{
            Answer, Category, Checkpoint, Department, Form, Named, QuestionKind, Reason, Reminders, Settings,
            StepHours, Words,
        },
    },
    time::Timestamp,
};

use super::{
    engine::Engine,
    error::{RelayError, Result},
    shown::Imported,
};
use crate::db::{self, Connection};

/// Longest words in bytes.
const MAX_WORDS_BYTES: usize = 200;
/// Longest time for a step in hours: a year.
const MAX_HOURS: u16 = 8_784;

/// The settings without the grids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsFile {
    /// Whose; another township's file can be taken over without this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub township: Option<TownshipId>,
    /// The version that was exported: an import on top of a newer one is refused. A file without this line
    /// is taken over in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// What an incident can be about.
    pub categories: Vec<Category>,
    /// Hours that each step of an incident may take.
    pub step_hours: StepHours,
    /// Why something is refused or sent back.
    pub reasons: Vec<Reason>,
    /// The departments.
    pub departments: Vec<Department>,
    /// Places to visit on patrol.
    pub checkpoints: Vec<Checkpoint>,
    /// Why people are visited.
    pub purposes: Vec<Named<PurposeId>>,
    /// The forms of visits and inspections.
    pub forms: Vec<Form>,
    /// What warnings are about.
    pub hazards: Vec<Named<HazardId>>,
    /// Themes of publicity.
    pub themes: Vec<Named<ThemeId>>,
    /// Answers kept ready; a file without them leaves those that are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Vec<Answer>>,
    /// Whether the relay reminds by itself; a file without this leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Reminders>,
}

/// One version of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct VersionShown {
    /// Counts up.
    pub version: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// Its size as it travels.
    pub size_bytes: u64,
}

impl SettingsFile {
    /// Of these settings.
    pub fn of(settings: &Settings) -> Self {
        let settings = settings.clone().completed();
        Self {
            township: Some(settings.township),
            version: Some(settings.version),
            categories: settings.categories,
            step_hours: settings.step_hours.unwrap_or(StepHours {
                accept: [0; 4],
                dispatch: [0; 4],
                verify: [0; 4],
                close: [0; 4],
            }),
            reasons: settings.reasons,
            departments: settings.departments,
            checkpoints: settings.checkpoints,
            purposes: settings.purposes.unwrap_or_default(),
            forms: settings.forms.unwrap_or_default(),
            hazards: settings.hazards.unwrap_or_default(),
            themes: settings.themes.unwrap_or_default(),
            answers: settings.answers,
            reminders: settings.reminders,
        }
    }

    fn into_settings(self, before: &Settings) -> Settings {
        Settings {
            categories: self.categories,
            step_hours: Some(self.step_hours),
            reasons: self.reasons,
            departments: self.departments,
            checkpoints: self.checkpoints,
            purposes: Some(self.purposes),
            forms: Some(self.forms),
            hazards: Some(self.hazards),
            themes: Some(self.themes),
            answers: self.answers.or_else(|| before.answers.clone()),
            reminders: self.reminders.or(before.reminders),
            ..before.clone()
        }
    }
}

impl Engine {
    /// Takes a settings file in place of the present settings, as a new version.
    pub fn import_settings(&mut self, file: SettingsFile) -> Result<Imported> {
        self.follow()?;
        let before = self.shared().settings();
        let mut problems = check(&file, &before);
        if problems.is_empty() {
            problems = used_and_gone(self.connection(), &before, &file)?;
        }
        if !problems.is_empty() {
            return Err(RelayError::Core(Error::Invalid { problems }));
        }
        let present = SettingsFile::of(&before);
        let mut imported = Imported { settings_version: before.version, ..Imported::default() };
        count(&present.categories, &file.categories, |item| item.id.to_string(), &mut imported);
        count(&present.reasons, &file.reasons, |item| item.id.to_string(), &mut imported);
        count(&present.departments, &file.departments, |item| item.id.to_string(), &mut imported);
        count(&present.checkpoints, &file.checkpoints, |item| item.id.to_string(), &mut imported);
        count(&present.purposes, &file.purposes, |item| item.id.to_string(), &mut imported);
        count(&present.forms, &file.forms, |item| item.id.to_string(), &mut imported);
        count(&present.hazards, &file.hazards, |item| item.id.to_string(), &mut imported);
        count(&present.themes, &file.themes, |item| item.id.to_string(), &mut imported);
        if let (Some(present), Some(answers)) = (&present.answers, &file.answers) {
            count(present, answers, |item| item.id.to_string(), &mut imported);
        }
        imported.changed += usize::from(present.step_hours != file.step_hours);
        imported.changed += usize::from(file.reminders.is_some() && present.reminders != file.reminders);
        // The order of a list counts too: it is the order on the phones.
        if file.clone().into_settings(&before) != before.as_ref().clone().completed() {
            imported.settings_version = self.set_settings(file.into_settings(&before), |_| Ok(()))?;
        }
        Ok(imported)
    }

    /// Adds or changes checkpoints; none is removed by not being named.
    pub fn import_checkpoints(&mut self, checkpoints: Vec<Checkpoint>) -> Result<Imported> {
        let before = self.shared().settings();
        let mut problems = Vec::new();
        twice("checkpoint", checkpoints.iter().map(|checkpoint| checkpoint.id.to_string()), &mut problems);
        check_grids(&checkpoints, &before, &mut problems);
        if !problems.is_empty() {
            return Err(RelayError::Core(Error::Invalid { problems }));
        }
        let mut after = Settings::clone(&before);
        let mut imported = Imported { settings_version: before.version, ..Imported::default() };
        for checkpoint in checkpoints {
            match after.checkpoints.iter_mut().find(|known| known.id == checkpoint.id) {
                None => {
                    imported.added += 1;
                    after.checkpoints.push(checkpoint);
                }
                Some(known) if *known == checkpoint => imported.unchanged += 1,
                Some(known) => {
                    imported.changed += 1;
                    *known = checkpoint;
                }
            }
        }
        if imported.added + imported.changed > 0 {
            imported.settings_version = self.set_settings(after, |_| Ok(()))?;
        }
        Ok(imported)
    }
}

/// The settings of a version.
pub fn version(connection: &Connection, version: u64) -> Result<SettingsFile> {
    let bundle = db::meta::settings_of(connection, version)?.ok_or(RelayError::NotFound)?;
    Ok(SettingsFile::of(&Settings::from_bytes(&bundle)?))
}

/// Every version, newest first.
pub fn history(connection: &Connection) -> Result<Vec<VersionShown>> {
    let shown = |(version, made_at, size_bytes)| VersionShown { version, made_at, size_bytes };
    Ok(db::meta::settings_history(connection)?.into_iter().map(shown).collect())
}

fn count<T: PartialEq>(before: &[T], after: &[T], id: impl Fn(&T) -> String, imported: &mut Imported) {
    for item in after {
        match before.iter().find(|known| id(known) == id(item)) {
            None => imported.added += 1,
            Some(known) if known == item => imported.unchanged += 1,
            Some(_) => imported.changed += 1,
        }
    }
    let is_gone = |known: &&T| !after.iter().any(|item| id(item) == id(known));
    imported.removed += before.iter().filter(is_gone).count();
}

/// Everything that is wrong with a file in itself.
fn check(file: &SettingsFile, before: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    if file.township.is_some_and(|township| township != before.township) {
        problems.push(Problem::Malformed("this township's settings"));
    }
    if file.version.is_some_and(|version| version != before.version) {
        problems.push(Problem::Malformed("the present version of the settings"));
    }
    if file.categories.is_empty() {
        problems.push(Problem::Missing("a category"));
    }
    check_list("category", &file.categories, |item| (item.id.to_string(), &item.name), &mut problems);
    check_list("reason", &file.reasons, |item| (item.id.to_string(), &item.words), &mut problems);
    check_list("purpose", &file.purposes, |item| (item.id.to_string(), &item.name), &mut problems);
    check_list("form", &file.forms, |item| (item.id.to_string(), &item.name), &mut problems);
    check_list("hazard", &file.hazards, |item| (item.id.to_string(), &item.name), &mut problems);
    check_list("theme", &file.themes, |item| (item.id.to_string(), &item.name), &mut problems);
    let answers = file.answers.as_deref().unwrap_or_default();
    check_list("answer", answers, |item| (item.id.to_string(), &item.words), &mut problems);
    let departments = file.departments.iter().map(|department| department.id.to_string());
    twice("department", departments, &mut problems);
    twice("checkpoint", file.checkpoints.iter().map(|item| item.id.to_string()), &mut problems);
    let hours = &file.step_hours;
    let of_steps = file.categories.iter().filter_map(|category| category.step_hours.as_ref()).chain([hours]);
    let hours = of_steps.flat_map(|hours| [&hours.accept, &hours.dispatch, &hours.verify, &hours.close]);
    let hours = hours.chain(file.categories.iter().map(|category| &category.due_hours));
    for found in hours.flatten().copied().filter(|hours| *hours == 0 || *hours > MAX_HOURS) {
        let (found, limit) = (found.into(), MAX_HOURS.into());
        problems.push(Problem::TooLarge { what: "the number of hours", found, limit });
    }
    let categories: BTreeSet<&CategoryId> = file.categories.iter().map(|category| &category.id).collect();
    for (number, department) in (1..).zip(&file.departments) {
        if department.name.trim().is_empty() || department.name.len() > MAX_WORDS_BYTES {
            problems.push(at("department", number, Problem::BadName));
        }
        for category in department.categories.iter().filter(|category| !categories.contains(category)) {
            let code = category.to_string();
            problems.push(at("department", number, Problem::Unknown { what: "category", code }));
        }
    }
    for (number, form) in (1..).zip(&file.forms) {
        check_form(form, &file.purposes, &mut |problem| problems.push(at("form", number, problem)));
    }
    check_grids(&file.checkpoints, before, &mut problems);
    problems
}

fn check_form(form: &Form, purposes: &[Named<PurposeId>], add: &mut impl FnMut(Problem)) {
    for purpose in form.purposes.iter().filter(|id| !purposes.iter().any(|known| known.id == **id)) {
        add(Problem::Unknown { what: "purpose", code: purpose.to_string() });
    }
    if form.questions.is_empty() {
        add(Problem::Missing("a question"));
    }
    let mut problems = Vec::new();
    let questions = form.questions.as_slice();
    check_list("question", questions, |item| (item.id.to_string(), &item.words), &mut problems);
    for (number, question) in (1..).zip(questions) {
        let options = question.options.as_slice();
        let mut found = Vec::new();
        check_list("option", options, |item| (item.id.to_string(), &item.name), &mut found);
        let needs_options = question.kind == QuestionKind::Option;
        if needs_options && options.len() < 2 {
            found.push(Problem::Missing("two options to choose from"));
        }
        if !needs_options && !options.is_empty() {
            found.push(Problem::Malformed("a question without options"));
        }
        problems.extend(found.into_iter().map(|problem| at("question", number, problem)));
    }
    problems.into_iter().for_each(add);
}

/// Codes that stand twice, and words that can't be shown.
fn check_list<T>(
    what: &'static str,
    items: &[T],
    parts: impl Fn(&T) -> (String, &Words),
    problems: &mut Vec<Problem>,
) {
    twice(what, items.iter().map(|item| parts(item).0), problems);
    for (number, item) in (1..).zip(items) {
        let (_, words) = parts(item);
        let is_bad = |word: &String| word.len() > MAX_WORDS_BYTES || word.chars().any(char::is_control);
        if words.zh.trim().is_empty() || is_bad(&words.zh) || is_bad(&words.en) {
            problems.push(at(what, number, Problem::BadName));
        }
    }
}

fn check_grids(checkpoints: &[Checkpoint], settings: &Settings, problems: &mut Vec<Problem>) {
    let grids: BTreeSet<&GridId> = settings.grids.iter().map(|grid| &grid.id).collect();
    for (number, checkpoint) in (1..).zip(checkpoints) {
        if checkpoint.name.trim().is_empty() || checkpoint.name.len() > MAX_WORDS_BYTES {
            problems.push(at("checkpoint", number, Problem::BadName));
        }
        if let Some(grid) = checkpoint.grid.as_ref().filter(|grid| !grids.contains(grid)) {
            let code = grid.to_string();
            problems.push(at("checkpoint", number, Problem::Unknown { what: "grid", code }));
        }
    }
}

fn twice(what: &'static str, codes: impl Iterator<Item = String>, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for code in codes {
        if seen.contains(&code) {
            problems.push(Problem::Twice { what, code });
        } else {
            seen.insert(code);
        }
    }
}

fn at(what: &'static str, number: usize, problem: Problem) -> Problem {
    Problem::At { what, number, problem: Box::new(problem) }
}

/// Codes that would go although something open has them.
fn used_and_gone(connection: &Connection, before: &Settings, file: &SettingsFile) -> Result<Vec<Problem>> {
    let after = file.clone().into_settings(before);
    let mut problems = Vec::new();
    let mut find = |what, used: Vec<(String, u64)>, codes: BTreeSet<String>| {
        let gone = used.into_iter().filter(|(code, _)| !codes.contains(code));
        problems.extend(gone.map(|(code, count)| Problem::InUse { what, code, count }));
    };
    let in_use = |kind| db::work::categories_in_use(connection, kind);
    let codes = |ids: Vec<String>| ids.into_iter().collect::<BTreeSet<_>>();
    // What was not in the settings before is no loss: a phone with an older bundle may have brought it.
    let kept = |used: Vec<(String, u64)>, known: BTreeSet<String>| -> Vec<(String, u64)> {
        used.into_iter().filter(|(code, _)| known.contains(code)).collect()
    };
    let categories = |settings: &Settings| {
        codes(settings.categories.iter().map(|category| category.id.to_string()).collect())
    };
    find("the category", kept(in_use(DocumentKind::Incident)?, categories(before)), categories(&after));
    find("the hazard", in_use(DocumentKind::Warning)?, named_codes(after.hazards.as_ref()));
    find("the theme", in_use(DocumentKind::Notice)?, named_codes(after.themes.as_ref()));
    find("the purpose", db::work::purposes_in_use(connection)?, named_codes(after.purposes.as_ref()));
    let departments: BTreeSet<String> =
        after.departments.iter().map(|department| department.id.to_string()).collect();
    find("the department", db::work::departments_in_use(connection)?, departments.clone());
    let members = db::member::all(connection)?;
    let handlers: BTreeSet<&DepartmentId> =
        members.iter().filter_map(|member| member.department.as_ref()).collect();
    let gone = handlers.into_iter().filter(|department| !departments.contains(department.as_str()));
    problems.extend(gone.map(|department| {
        let count = members.iter().filter(|member| member.department.as_ref() == Some(department)).count();
        let code = department.to_string();
        Problem::InUse { what: "the department of members", code, count: count as u64 }
    }));
    Ok(problems)
}

fn named_codes<Id: ToString>(list: Option<&Vec<Named<Id>>>) -> BTreeSet<String> {
    list.into_iter().flatten().map(|item| item.id.to_string()).collect()
}
