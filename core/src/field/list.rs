//! Lists, counts, search, and incidents that may be the same.

use super::{Field, Inner};
use crate::{
    document::Record,
    error::{Error, Result},
    id::{CategoryId, DocumentId},
    rows::IncidentRow,
    store::{Asker, Listed, Page, Query, Similar, SimilarIncident, TallyBy},
    time::Timestamp,
};

impl Field {
    /// One page of a list, with how many rows it has in all.
    pub fn list(&self, query: &Query) -> Result<Page<Listed>> {
        let now = self.now();
        let mut inner = self.inner();
        let asker = inner.asker(query, now)?;
        inner.store.page(query, &asker)
    }

    /// How many rows a list has.
    pub fn count(&self, query: &Query) -> Result<u64> {
        let now = self.now();
        let mut inner = self.inner();
        let asker = inner.asker(query, now)?;
        inner.store.count_rows(query, &asker)
    }

    /// How many rows of a list have which code, most first; under "" those that have none.
    pub fn tally(&self, query: &Query, by: TallyBy) -> Result<Vec<(String, u64)>> {
        let now = self.now();
        let mut inner = self.inner();
        let asker = inner.asker(query, now)?;
        inner.store.tally(query, &asker, by)
    }

    /// Incidents that may be the same as one that is being written, most alike first.
    pub fn similar(&self, to: &Similar) -> Result<Vec<SimilarIncident>> {
        let mut inner = self.inner();
        let related = inner.related(&to.category)?;
        let found = match (&to.grid, to.position) {
            (None, Some(position)) => inner.find_grid(position)?,
            _ => None,
        };
        match found {
            Some(grid) => inner.store.similar(&Similar { grid: Some(grid), ..to.clone() }, &related),
            None => inner.store.similar(to, &related),
        }
    }

    /// Incidents that may be the same as this one.
    pub fn similar_to(&self, document: DocumentId) -> Result<Vec<SimilarIncident>> {
        let to = {
            let inner = self.inner();
            let found = inner.store.document(document)?;
            let Some(Record::Incident(record)) = found.captured().map(|captured| &captured.record) else {
                return Err(Error::NotFound { document });
            };
            let row: IncidentRow = inner.store.row(document)?;
            Similar {
                position: row.position,
                grid: row.grid,
                category: row.category,
                at: row.reported_at,
                text: record.text.clone(),
                except: Some(document),
            }
        };
        self.similar(&to)
    }
}

impl Inner {
    /// What a query means for this phone and now.
    fn asker(&mut self, query: &Query, now: Timestamp) -> Result<Asker> {
        let mut grids = Vec::from_iter(query.grid.clone());
        if let (Some(grid), Some(township)) = (&query.grid, self.township()?) {
            grids.extend(township.settings.within(std::slice::from_ref(grid)));
        }
        let rights = if query.for_me { Some(self.rights()?) } else { None };
        Ok(Asker { grids, rights, now: self.store.relay_now(now)? })
    }

    /// The category, and those that a department handles together with it.
    fn related(&mut self, category: &CategoryId) -> Result<Vec<CategoryId>> {
        let mut related = vec![category.clone()];
        if let Some(township) = self.township()? {
            let departments = &township.settings.departments;
            let together = departments.iter().filter(|department| department.categories.contains(category));
            for other in together.flat_map(|department| &department.categories) {
                if !related.contains(other) {
                    related.push(other.clone());
                }
            }
        }
        Ok(related)
    }
}
