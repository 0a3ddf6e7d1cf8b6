//! Photos, recordings and tracks that no document names: of drafts that came in a bundle, or of a report that never
//! came. They belong to no document that could be due, and go when they have been here for the time of their kind.

use std::collections::BTreeSet;

use suishou_core::{id::BlobHash, time::Timestamp};

use super::{
    Gone,
    rule::{self, Rule},
};
use crate::{
    db::{self, Connection},
    relay::{engine::Engine, error::Result, held::named_by_held},
};

/// Files in one commit.
pub(super) const BATCH: usize = 64;

/// Those that are due of a rule; none of rules that are about documents alone.
pub fn unnamed(connection: &Connection, rule: Rule, now: Timestamp) -> Result<Vec<BlobHash>> {
    if !matches!(rule, Rule::Media | Rule::Tracks) {
        return Ok(Vec::new());
    }
    let amounts = rule::amounts(connection)?;
    let Some(before) = amounts.iter().find(|known| known.kind == rule).and_then(|known| known.before(now))
    else {
        return Ok(Vec::new());
    };
    let found = db::blob::unnamed_before(connection, rule == Rule::Tracks, before)?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let waited_for = named_by_held(connection, &BTreeSet::new())?;
    Ok(found.into_iter().filter(|one| !one.is_among(&waited_for)).map(|one| one.hash).collect())
}

impl Engine {
    /// Takes out those of these blobs that still nothing names: one commit, and then the files.
    pub fn retain_unnamed(&mut self, run: i64, rule: Rule, blobs: &[BlobHash]) -> Result<()> {
        self.follow()?;
        let waited_for = named_by_held(self.connection(), &BTreeSet::new())?;
        self.write(|work| {
            let mut gone = Gone::default();
            for blob in blobs.iter().filter(|blob| !waited_for.contains(blob)) {
                gone.blobs += db::erase::blob(work.transaction, *blob)?;
            }
            work.count_gone(run, rule, gone)
        })?;
        self.drop_files()
    }
}
