//! The township's settings: grids, departments, categories, checkpoints and wording, as one
//! versioned bundle that only operators write and the relay signs. Not a CRDT.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Problem, Result},
    geo::{Boundary, GridFeature, GridFinder, GridKind, Position},
    id::{
        AnswerId, CategoryId, CheckpointId, DepartmentId, FormId, GridId, HazardId, PurposeId, QuestionId,
        ReasonId, ThemeId, TownshipId,
    },
};

pub use super::due::{DueRule, Reminders, StepHours};

/// Largest bundle in bytes, inflated.
pub const MAX_BUNDLE_BYTES: usize = 32 * 1024 * 1024;

/// A text in the two languages of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(array)]
pub struct Words {
    /// Simplified Chinese.
    #[n(0)]
    pub zh: String,
    /// English.
    #[n(1)]
    pub en: String,
}

/// An area with members.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Grid {
    /// Its number.
    #[n(0)]
    pub id: GridId,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// Which sort of grid.
    #[n(2)]
    pub kind: GridKind,
    /// The grid it is part of.
    #[n(3)]
    pub parent: Option<GridId>,
    /// Its outline, WGS-84.
    #[n(4)]
    pub boundary: Boundary,
}

/// A department that handles.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct Department {
    /// Its short name.
    #[n(0)]
    pub id: DepartmentId,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// What it handles.
    #[n(2)]
    pub categories: Vec<CategoryId>,
}

/// What an incident can be about.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct Category {
    /// Its short name.
    #[n(0)]
    pub id: CategoryId,
    /// What people call it.
    #[n(1)]
    pub name: Words,
    /// Hours from dispatch to done, by severity: low, normal, high, urgent.
    #[n(2)]
    pub due_hours: [u16; 4],
    /// Informants choose among these.
    #[n(3)]
    pub is_for_informants: bool,
    /// Hours that each step of such an incident may take, if not those of all.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_hours: Option<StepHours>,
}

/// A place to visit on patrol.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct Checkpoint {
    /// Its number.
    #[n(0)]
    pub id: CheckpointId,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// Where.
    #[n(2)]
    pub position: Position,
    /// The grid it belongs to.
    #[n(3)]
    pub grid: Option<GridId>,
}

/// Why something is refused or sent back, in words that the reporter reads.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct Reason {
    /// Its short name.
    #[n(0)]
    pub id: ReasonId,
    /// The words.
    #[n(1)]
    pub words: Words,
}

/// What the reporter is answered, in words that the township keeps ready.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AnswerTemplate))]
#[cbor(map)]
pub struct Answer {
    /// Its short name.
    #[n(0)]
    pub id: AnswerId,
    /// The words.
    #[n(1)]
    pub words: Words,
}

/// A code with the words that people read: a purpose, hazard or theme.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
#[serde(bound(serialize = "Id: Serialize", deserialize = "Id: Deserialize<'de>"))]
pub struct Named<Id> {
    /// Its short name.
    #[n(0)]
    pub id: Id,
    /// The words.
    #[n(1)]
    pub name: Words,
}

/// How a question is answered. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Yes or no.
    #[n(1)]
    Yes,
    /// One of its options.
    #[n(2)]
    Option,
    /// A whole number.
    #[n(3)]
    Number,
    /// In words.
    #[n(4)]
    Text,
}

/// One question of a form.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct Question {
    /// Its short name.
    #[n(0)]
    pub id: QuestionId,
    /// The words.
    #[n(1)]
    pub words: Words,
    /// How it is answered.
    #[n(2)]
    pub kind: QuestionKind,
    /// The answers to choose from.
    #[n(3)]
    #[serde(default)]
    pub options: Vec<Named<QuestionId>>,
    /// The form can't be kept without it.
    #[n(4)]
    #[serde(default)]
    pub is_required: bool,
}

/// A form that is filled in on a visit or an inspection.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct Form {
    /// Its short name.
    #[n(0)]
    pub id: FormId,
    /// What people call it.
    #[n(1)]
    pub name: Words,
    /// For visits with these purposes; for any if empty.
    #[n(2)]
    #[serde(default)]
    pub purposes: Vec<PurposeId>,
    /// The questions.
    #[n(3)]
    pub questions: Vec<Question>,
}

/// The bundle.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Settings {
    /// Counts up with every change.
    #[n(0)]
    pub version: u64,
    /// Whose.
    #[n(1)]
    pub township: TownshipId,
    /// What the township is called.
    #[n(2)]
    pub name: String,
    /// The grids.
    #[n(3)]
    pub grids: Vec<Grid>,
    /// The departments.
    #[n(4)]
    pub departments: Vec<Department>,
    /// The categories.
    #[n(5)]
    pub categories: Vec<Category>,
    /// The checkpoints.
    #[n(6)]
    pub checkpoints: Vec<Checkpoint>,
    /// The reasons.
    #[n(7)]
    pub reasons: Vec<Reason>,
    /// Hours that each step of an incident may take.
    #[n(8)]
    pub step_hours: Option<StepHours>,
    /// Why people are visited.
    #[n(9)]
    pub purposes: Option<Vec<Named<PurposeId>>>,
    /// The forms of visits and inspections.
    #[n(10)]
    pub forms: Option<Vec<Form>>,
    /// What warnings are about.
    #[n(11)]
    pub hazards: Option<Vec<Named<HazardId>>>,
    /// Themes of publicity.
    #[n(12)]
    pub themes: Option<Vec<Named<ThemeId>>>,
    /// Answers kept ready.
    #[n(13)]
    pub answers: Option<Vec<Answer>>,
    /// Whether the relay reminds by itself; it does not if this is missing.
    #[n(14)]
    pub reminders: Option<Reminders>,
}

/// The words of a new township's categories and reasons: text for people is never in code.
const DEFAULTS: &str = include_str!("defaults.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    categories: Vec<Category>,
    reasons: Vec<Reason>,
    step_hours: StepHours,
    purposes: Vec<Named<PurposeId>>,
    forms: Vec<Form>,
    hazards: Vec<Named<HazardId>>,
    themes: Vec<Named<ThemeId>>,
    answers: Vec<Answer>,
}

#[expect(clippy::expect_used, reason = "the file is part of the program and a test reads it")]
fn defaults() -> Defaults {
    serde_json::from_str(DEFAULTS).expect("the defaults are readable")
}

impl Settings {
    /// A new township's settings: the ten fields of work, the informants' five, and common reasons.
    pub fn new(township: TownshipId, name: String) -> Self {
        let defaults = defaults();
        Self {
            version: 1,
            township,
            name,
            grids: Vec::new(),
            departments: Vec::new(),
            categories: defaults.categories,
            checkpoints: Vec::new(),
            reasons: defaults.reasons,
            step_hours: Some(defaults.step_hours),
            purposes: Some(defaults.purposes),
            forms: Some(defaults.forms),
            hazards: Some(defaults.hazards),
            themes: Some(defaults.themes),
            answers: Some(defaults.answers),
            reminders: Some(Reminders::default()),
        }
    }

    /// With what a bundle of an older version does not have yet, as a new township has it.
    #[must_use]
    pub fn completed(mut self) -> Self {
        let defaults = defaults();
        self.step_hours.get_or_insert(defaults.step_hours);
        self.purposes.get_or_insert(defaults.purposes);
        self.forms.get_or_insert(defaults.forms);
        self.hazards.get_or_insert(defaults.hazards);
        self.themes.get_or_insert(defaults.themes);
        self.answers.get_or_insert(defaults.answers);
        self.reminders.get_or_insert_default();
        self
    }

    /// The bundle as it travels and is signed: zstd of CBOR.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        zstd::bulk::compress(&super::encode(self), 9).map_err(|_| Error::Corrupt("compression failed"))
    }

    /// Reads a bundle; refuses one that inflates beyond [`MAX_BUNDLE_BYTES`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let inflated = zstd::bulk::decompress(bytes, MAX_BUNDLE_BYTES)
            .map_err(|_| Error::malformed("a settings bundle"))?;
        super::decode(&inflated, "a settings bundle").map(Self::completed)
    }

    /// Takes the grids of a map file in place of the present ones.
    pub fn set_grids(&mut self, features: Vec<GridFeature>) {
        self.grids = features
            .into_iter()
            .map(|feature| Grid {
                id: feature.id,
                name: feature.name,
                kind: feature.kind,
                parent: feature.parent,
                boundary: feature.boundary,
            })
            .collect();
    }

    /// What finds the grid of a position. Nothing happens in a chat group: what is found on the street lies in
    /// the grid whose homes the group is of.
    pub fn finder(&self) -> GridFinder {
        let parents = self.parents();
        GridFinder::new(self.grids.iter().filter(|grid| grid.kind != GridKind::Online).map(|grid| {
            let depth = u8::try_from(ancestry(&parents, &grid.id).len() - 1).unwrap_or(u8::MAX);
            (grid.id.clone(), depth, grid.boundary.clone())
        }))
    }

    /// The grid and those it is part of, smallest first; empty if there is no such grid.
    pub fn ancestry(&self, grid: &GridId) -> Vec<GridId> {
        if self.grids.iter().any(|known| known.id == *grid) {
            ancestry(&self.parents(), grid)
        } else {
            Vec::new()
        }
    }

    /// All grids that lie within these, at whatever depth; not these themselves.
    pub fn within(&self, grids: &[GridId]) -> Vec<GridId> {
        let parents = self.parents();
        let is_within =
            |grid: &&Grid| ancestry(&parents, &grid.id).iter().skip(1).any(|above| grids.contains(above));
        self.grids.iter().filter(is_within).map(|grid| grid.id.clone()).collect()
    }

    /// All grids that these lie within, at whatever depth; not these themselves.
    pub fn above(&self, grids: &[GridId]) -> BTreeSet<GridId> {
        let parents = self.parents();
        grids.iter().flat_map(|grid| ancestry(&parents, grid).into_iter().skip(1)).collect()
    }

    fn parents(&self) -> BTreeMap<GridId, GridId> {
        self.grids.iter().filter_map(|grid| Some((grid.id.clone(), grid.parent.clone()?))).collect()
    }

    /// Refuses a category that the township does not have.
    pub fn check_category(&self, category: &CategoryId) -> Result<()> {
        self.check(
            self.categories.iter().any(|known| known.id == *category),
            "the category",
            category.as_str(),
        )
    }

    /// Refuses a department that the township does not have.
    pub fn check_department(&self, department: &DepartmentId) -> Result<()> {
        let is_known = self.departments.iter().any(|known| known.id == *department);
        self.check(is_known, "the department", department.as_str())
    }

    /// Refuses a grid that the township does not have.
    pub fn check_grid(&self, grid: &GridId) -> Result<()> {
        self.check(self.grids.iter().any(|known| known.id == *grid), "the grid", grid.as_str())
    }

    /// Refuses a reason that the township does not have.
    pub fn check_reason(&self, reason: &ReasonId) -> Result<()> {
        self.check(self.reasons.iter().any(|known| known.id == *reason), "the reason", reason.as_str())
    }

    /// Refuses an answer that the township does not keep ready.
    pub fn check_answer(&self, answer: &AnswerId) -> Result<()> {
        let mut answers = self.answers.iter().flatten();
        self.check(answers.any(|known| known.id == *answer), "the answer", answer.as_str())
    }

    #[expect(clippy::unused_self, reason = "reads as one of the checks above")]
    fn check(&self, is_known: bool, what: &'static str, code: &str) -> Result<()> {
        if is_known {
            return Ok(());
        }
        Err(Error::invalid(Problem::Unknown { what, code: code.to_owned() }))
    }
}

/// From a grid up to the top; a cycle, which the import refuses, ends it.
fn ancestry(parents: &BTreeMap<GridId, GridId>, grid: &GridId) -> Vec<GridId> {
    let mut seen = BTreeSet::from([grid.clone()]);
    let mut chain = vec![grid.clone()];
    let mut at = grid;
    while let Some(parent) = parents.get(at) {
        if !seen.insert(parent.clone()) {
            break;
        }
        chain.push(parent.clone());
        at = parent;
    }
    chain
}
