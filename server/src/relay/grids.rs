//! New grids in place of the present ones. What is open in a grid that goes is moved by its place into one that
//! stays, as an entry of the relay's own log; if something finds none, nothing changes and its ids are told. What
//! arrives later, from a phone that was away meanwhile, moves when it arrives; without a place it stays with the
//! command centre, and no later map waits for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use suishou_core::{
    document::Document,
    error::Problem,
    geo::GridFeature,
    id::{DocumentId, GridId},
    model::{DocumentKind, household, incident, settings::Settings},
    store::tables::load_document,
};

use super::{
    Relay,
    act::Act,
    engine::{Engine, PROJECTED_AT_ONCE, Work},
    error::{RelayError, Result},
    shown::Imported,
};
use crate::db;

/// Most ids that one problem names.
const MAX_NAMED: usize = 20;

/// What an import of grids did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct GridsImported {
    /// How many grids.
    #[serde(flatten)]
    pub imported: Imported,
    /// Open work that moved out of a grid which is not any more.
    pub moved: Vec<Moved>,
    /// Nothing was changed.
    pub is_dry_run: bool,
}

/// Something open that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Moved {
    /// Which.
    pub document: DocumentId,
    /// An incident or a household.
    pub kind: &'static str,
    /// Out of this grid.
    #[schema(value_type = String)]
    pub from: GridId,
    /// Into this one.
    #[schema(value_type = String)]
    pub to: GridId,
}

/// Whether an import is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Import {
    /// It is.
    Do,
    /// Only what it would do.
    Foresee,
}

impl Engine {
    /// Takes grids in place of the present ones; open documents are put under their new keys. All of it or nothing.
    pub fn import_grids(&mut self, features: Vec<GridFeature>, import: Import) -> Result<GridsImported> {
        // What arrived before the new grids is judged and placed by the old ones.
        self.follow()?;
        let before = self.shared().settings();
        let mut after = Settings::clone(&before);
        after.set_grids(features);
        let (mut imported, removed) = compare(&before, &after);
        let mut moved = self.moves(&after, &removed)?;
        let finder = after.finder();
        for checkpoint in &mut after.checkpoints {
            if checkpoint.grid.as_ref().is_some_and(|grid| removed.contains(grid)) {
                checkpoint.grid = finder.find(checkpoint.position);
            }
        }
        let is_change = imported.added + imported.changed + imported.removed > 0;
        if !is_change {
            moved.clear();
        }
        if is_change && import == Import::Do {
            imported.settings_version = self.set_settings(after, |work| {
                work.move_home(&moved)?;
                work.rehome()
            })?;
            tracing::info!(removed = imported.removed, moved = moved.len(), "new grids");
        }
        Ok(GridsImported { imported, moved, is_dry_run: import == Import::Foresee })
    }

    /// Where what is open in a grid goes that is not in the new map; everything that finds no place because of this
    /// import is told at once.
    fn moves(&self, after: &Settings, removed: &BTreeSet<GridId>) -> Result<Vec<Moved>> {
        let kept: BTreeSet<&GridId> = after.grids.iter().map(|grid| &grid.id).collect();
        let finder = after.finder();
        let (mut moved, mut stranded) = (Vec::new(), Stranded::default());
        for lying in db::home::lying(self.connection())? {
            if kept.contains(&lying.grid) {
                continue;
            }
            match lying.position.and_then(|position| finder.find(position)) {
                Some(to) => moved.push(Moved {
                    document: lying.document,
                    kind: lying.kind.as_str(),
                    from: lying.grid,
                    to,
                }),
                None if removed.contains(&lying.grid) => {
                    stranded.add(&lying.grid, lying.kind, lying.document.to_string());
                }
                // Its grid went long ago.
                None => {}
            }
        }
        for (document, kind, grid) in db::home::addressed(self.connection(), self.shared().clock.now())? {
            if removed.contains(&grid) {
                stranded.add(&grid, kind, document.to_string());
            }
        }
        for member in db::member::all(self.connection())? {
            for grid in member.grids.iter().filter(|grid| removed.contains(*grid)) {
                stranded.add_member(grid, member.id.to_string());
            }
        }
        let problems = stranded.into_problems();
        if problems.is_empty() {
            Ok(moved)
        } else {
            Err(RelayError::Core(suishou_core::error::Error::Invalid { problems }))
        }
    }
}

impl Work<'_> {
    /// Remembers what was projected and lies in a grid that is not any more.
    pub(super) fn note_astray(&mut self, document: DocumentId) -> Result<()> {
        if let Some(lying) = db::home::lying_of(self.transaction, document)?
            && self.home_of(&lying).is_some()
        {
            self.state.astray.insert(document);
        }
        Ok(())
    }

    /// Moves what came late into the grid in which its place is now.
    pub(super) fn bring_home(&mut self) -> Result<()> {
        for document in self.state.astray.clone() {
            // What has arrived for it is looked at first; then this is asked again.
            if db::entry::is_behind(self.transaction, document)? {
                continue;
            }
            let lying = db::home::lying_of(self.transaction, document)?;
            let home = lying.and_then(|lying| self.home_of(&lying));
            match home {
                Some(home) if self.say_home(document, &home)? => {
                    tracing::info!(%document, "moved into a grid of now");
                }
                _ => {}
            }
            self.state.astray.remove(&document);
        }
        Ok(())
    }

    /// At the start: what came late to an older version, or before a stop. Returns how many.
    pub(super) fn bring_left_over_home(&mut self) -> Result<usize> {
        for lying in db::home::lying(self.transaction)? {
            if self.home_of(&lying).is_some() {
                self.state.astray.insert(lying.document);
            }
        }
        let found = self.state.astray.len();
        self.bring_home()?;
        Ok(found)
    }

    /// Another grid than the one that it names and that is not any more.
    fn home_of(&mut self, lying: &db::home::Lying) -> Option<GridId> {
        let home = self.home(&lying.grid, lying.position);
        (home != lying.grid).then_some(home)
    }

    /// Sets a document's grid; false if it can't be.
    fn say_home(&mut self, id: DocumentId, home: &GridId) -> Result<bool> {
        let Some(mut document) = load_document(self.transaction, id)? else { return Ok(false) };
        let act = into_grid(document_field(&document), home);
        match self.append_act(&mut document, &act) {
            Err(RelayError::Refused { code }) => {
                tracing::warn!(document = %id, %code, "what came late could not be moved");
                Ok(false)
            }
            done => done.map(|()| true),
        }
    }

    /// Says of each document in which grid it lies now.
    fn move_home(&mut self, moved: &[Moved]) -> Result<()> {
        for one in moved {
            let mut document = load_document(self.transaction, one.document)?.ok_or(RelayError::NotFound)?;
            let act = into_grid(document_field(&document), &one.to);
            self.append_act(&mut document, &act)?;
        }
        while self.state.meta.projected < self.state.stored_seq {
            self.project(PROJECTED_AT_ONCE)?;
        }
        Ok(())
    }
}

impl Relay {
    /// Takes grids in place of the present ones.
    pub async fn import_grids(&self, features: Vec<GridFeature>) -> Result<GridsImported> {
        self.call(move |engine| engine.import_grids(features, Import::Do)).await
    }

    /// What taking them would do.
    pub async fn foresee_grids(&self, features: Vec<GridFeature>) -> Result<GridsImported> {
        self.call(move |engine| engine.import_grids(features, Import::Foresee)).await
    }
}

fn document_field(document: &Document) -> &'static str {
    match document.kind() {
        DocumentKind::Household => household::FIELD_GRID,
        _ => incident::FIELD_GRID,
    }
}

fn into_grid(field: &str, grid: &GridId) -> Act {
    Act { fields: vec![(field.to_owned(), grid.to_string())], ..Act::default() }
}

fn compare(before: &Settings, after: &Settings) -> (Imported, BTreeSet<GridId>) {
    let mut imported = Imported { settings_version: before.version, ..Imported::default() };
    let old: BTreeMap<_, _> = before.grids.iter().map(|grid| (&grid.id, grid)).collect();
    for grid in &after.grids {
        match old.get(&grid.id) {
            None => imported.added += 1,
            Some(known) if **known == *grid => imported.unchanged += 1,
            Some(_) => imported.changed += 1,
        }
    }
    let new: BTreeSet<_> = after.grids.iter().map(|grid| &grid.id).collect();
    let removed = old.into_keys().filter(|grid| !new.contains(grid)).cloned().collect::<BTreeSet<_>>();
    imported.removed = removed.len();
    (imported, removed)
}

/// What would be left in a grid that is not any more, by grid, what it is and what to do about it.
#[derive(Debug, Default)]
struct Stranded(BTreeMap<(GridId, &'static str, &'static str), Vec<String>>);

impl Stranded {
    fn add(&mut self, grid: &GridId, kind: DocumentKind, id: String) {
        let (what, remedy) = match kind {
            DocumentKind::Incident => {
                ("open incidents without a place in another grid", "correct their grid or close them first")
            }
            DocumentKind::Household => {
                ("households without a place in another grid", "correct their grid first")
            }
            DocumentKind::Task => ("tasks for it that are not closed", "close or cancel them first"),
            DocumentKind::Warning => ("warnings in force for it", "end them first"),
            _ => ("notices for it that are not withdrawn", "withdraw them first"),
        };
        self.0.entry((grid.clone(), what, remedy)).or_default().push(id);
    }

    fn add_member(&mut self, grid: &GridId, id: String) {
        let remedy = "import a map that has the old grid and the new ones, give them new grids (member import), \
                      and then import the map without it";
        self.0.entry((grid.clone(), "members work in it", remedy)).or_default().push(id);
    }

    fn into_problems(self) -> Vec<Problem> {
        let problem = |((grid, what, remedy), ids): ((GridId, _, _), Vec<String>)| {
            let count = ids.len() as u64;
            let more = if ids.len() > MAX_NAMED { " …" } else { "" };
            let named: Vec<String> = ids.into_iter().take(MAX_NAMED).collect();
            let ids = format!("{}{more}", named.join(" "));
            Problem::LeftBehind { code: grid.to_string(), count, what, ids, remedy }
        };
        self.0.into_iter().map(problem).collect()
    }
}
