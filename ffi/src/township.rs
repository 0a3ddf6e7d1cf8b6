//! The township's settings as a phone shows them: grids with their outlines, and codes with their words.

use suishou_core::{
    geo::{GridKind, Position},
    id::{CheckpointId, DepartmentId, FormId, GridId, PurposeId, QuestionId},
    model::settings::{Form, Named, Question, QuestionKind, Settings, Words},
};

/// What a phone needs of the settings.
#[derive(uniffi::Record)]
pub struct TownshipView {
    pub version: u64,
    pub name: String,
    pub grids: Vec<GridView>,
    pub departments: Vec<DepartmentView>,
    pub categories: Vec<CategoryView>,
    pub checkpoints: Vec<CheckpointView>,
    pub reasons: Vec<Worded>,
    pub purposes: Vec<Worded>,
    pub hazards: Vec<Worded>,
    pub themes: Vec<Worded>,
    pub answers: Vec<Worded>,
    pub forms: Vec<FormView>,
}

/// A grid; its outline is a GeoJSON geometry.
#[derive(uniffi::Record)]
pub struct GridView {
    pub id: GridId,
    pub name: String,
    pub kind: GridKind,
    pub parent: Option<GridId>,
    pub outline: String,
    pub centre: Position,
}

#[derive(uniffi::Record)]
pub struct DepartmentView {
    pub id: DepartmentId,
    pub name: String,
}

/// A code with its words.
#[derive(uniffi::Record)]
pub struct Worded {
    pub id: String,
    pub zh: String,
    pub en: String,
}

#[derive(uniffi::Record)]
pub struct CategoryView {
    pub words: Worded,
    pub is_for_informants: bool,
}

#[derive(uniffi::Record)]
pub struct CheckpointView {
    pub id: CheckpointId,
    pub name: String,
    pub position: Position,
    pub grid: Option<GridId>,
}

#[derive(uniffi::Record)]
pub struct FormView {
    pub id: FormId,
    pub words: Worded,
    pub purposes: Vec<PurposeId>,
    pub questions: Vec<QuestionView>,
}

#[derive(uniffi::Record)]
pub struct QuestionView {
    pub id: QuestionId,
    pub words: Worded,
    pub kind: QuestionKind,
    pub options: Vec<Worded>,
    pub is_required: bool,
}

fn worded(id: &impl ToString, words: Words) -> Worded {
    Worded { id: id.to_string(), zh: words.zh, en: words.en }
}

fn named<Id: ToString>(all: Option<Vec<Named<Id>>>) -> Vec<Worded> {
    all.unwrap_or_default().into_iter().map(|one| worded(&one.id, one.name)).collect()
}

impl From<Settings> for TownshipView {
    fn from(settings: Settings) -> Self {
        let grids = settings.grids.into_iter().map(|grid| GridView {
            outline: grid.boundary.to_geojson().to_string(),
            centre: grid.boundary.centre(),
            id: grid.id,
            name: grid.name,
            kind: grid.kind,
            parent: grid.parent,
        });
        let departments = settings.departments.into_iter();
        let categories = settings.categories.into_iter();
        let checkpoints = settings.checkpoints.into_iter();
        Self {
            version: settings.version,
            name: settings.name,
            grids: grids.collect(),
            departments: departments.map(|of| DepartmentView { id: of.id, name: of.name }).collect(),
            categories: categories
                .map(|of| CategoryView {
                    words: worded(&of.id, of.name),
                    is_for_informants: of.is_for_informants,
                })
                .collect(),
            checkpoints: checkpoints
                .map(|of| CheckpointView { id: of.id, name: of.name, position: of.position, grid: of.grid })
                .collect(),
            reasons: settings.reasons.into_iter().map(|reason| worded(&reason.id, reason.words)).collect(),
            purposes: named(settings.purposes),
            hazards: named(settings.hazards),
            themes: named(settings.themes),
            answers: settings.answers.into_iter().flatten().map(|of| worded(&of.id, of.words)).collect(),
            forms: settings.forms.into_iter().flatten().map(form).collect(),
        }
    }
}

fn form(form: Form) -> FormView {
    FormView {
        words: worded(&form.id, form.name),
        id: form.id,
        purposes: form.purposes,
        questions: form.questions.into_iter().map(question).collect(),
    }
}

fn question(question: Question) -> QuestionView {
    QuestionView {
        words: worded(&question.id, question.words),
        id: question.id,
        kind: question.kind,
        options: named(Some(question.options)),
        is_required: question.is_required,
    }
}
