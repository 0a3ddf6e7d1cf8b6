//! The township's settings: grids, departments, categories, checkpoints and wording, as one
//! versioned bundle that only operators write and the relay signs. Not a CRDT.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Problem, Result},
    geo::{Boundary, GridFeature, GridFinder, GridKind, Position},
    id::{CategoryId, CheckpointId, DepartmentId, GridId, ReasonId, TownshipId},
    model::Severity,
};

/// Largest bundle in bytes, inflated.
pub const MAX_BUNDLE_BYTES: usize = 32 * 1024 * 1024;

/// A text in the two languages of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
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
}

/// A place to visit on patrol.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
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
#[cbor(map)]
pub struct Reason {
    /// Its short name.
    #[n(0)]
    pub id: ReasonId,
    /// The words.
    #[n(1)]
    pub words: Words,
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
}

/// The words of a new township's categories and reasons: text for people is never in code.
const DEFAULTS: &str = include_str!("defaults.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    categories: Vec<Category>,
    reasons: Vec<Reason>,
}

impl Settings {
    /// A new township's settings: the ten fields of work, the informants' five, and common reasons.
    ///
    /// # Panics
    ///
    /// Never: the file of defaults is part of the program.
    #[expect(clippy::expect_used, reason = "the file is part of the program and a test reads it")]
    pub fn new(township: TownshipId, name: String) -> Self {
        let defaults: Defaults = serde_json::from_str(DEFAULTS).expect("the defaults are readable");
        Self {
            version: 1,
            township,
            name,
            grids: Vec::new(),
            departments: Vec::new(),
            categories: defaults.categories,
            checkpoints: Vec::new(),
            reasons: defaults.reasons,
        }
    }

    /// The bundle as it travels and is signed: zstd of CBOR.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        zstd::bulk::compress(&super::encode(self), 9).map_err(|_| Error::Corrupt("compression failed"))
    }

    /// Reads a bundle; refuses one that inflates beyond [`MAX_BUNDLE_BYTES`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let inflated = zstd::bulk::decompress(bytes, MAX_BUNDLE_BYTES)
            .map_err(|_| Error::malformed("a settings bundle"))?;
        super::decode(&inflated, "a settings bundle")
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

    /// What finds the grid of a position.
    pub fn finder(&self) -> GridFinder {
        let parents = self.parents();
        GridFinder::new(self.grids.iter().map(|grid| {
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

    fn parents(&self) -> BTreeMap<GridId, GridId> {
        self.grids.iter().filter_map(|grid| Some((grid.id.clone(), grid.parent.clone()?))).collect()
    }

    /// Hours from dispatch to done.
    pub fn due_hours(&self, category: &CategoryId, severity: Severity) -> u16 {
        const OTHERWISE: [u16; 4] = [168, 72, 24, 2];
        let hours = self
            .categories
            .iter()
            .find(|known| known.id == *category)
            .map_or(OTHERWISE, |known| known.due_hours);
        let [low, normal, high, urgent] = hours;
        match severity {
            Severity::Low => low,
            Severity::Normal => normal,
            Severity::High => high,
            Severity::Urgent => urgent,
        }
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
