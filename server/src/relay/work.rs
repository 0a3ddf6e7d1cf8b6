//! One transaction under way, and what the engine knows of the database without asking it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use suishou_core::{
    error::Error,
    geo::{GridFinder, Position},
    id::{DeviceId, DocumentId, GridId},
    model::settings::Settings,
    time::{Random, Timestamp},
};

use super::{
    error::Result,
    marker::Marker,
    shared::{Shared, Touched},
};
use crate::db::{self, Connection, Transaction, meta::Meta};

/// Most documents for which the relay remembers its own actor id.
const MAX_ACTORS: usize = 4_096;

/// What the engine knows of the database without asking it.
#[derive(Debug)]
pub(super) struct State {
    pub(super) meta: Meta,
    pub(super) stored_seq: i64,
    pub(super) feed_seq: i64,
    /// Places that are left out before the next one.
    pub(super) leap: i64,
    pub(super) keys: BTreeMap<String, i64>,
    pub(super) ancestry: BTreeMap<GridId, Vec<GridId>>,
    /// Made when it is first needed.
    finder: Option<GridFinder>,
    pub(super) actors: BTreeMap<DocumentId, [u8; 16]>,
    pub(super) touched: BTreeMap<i64, Touched>,
    /// What came late into a grid that is not any more, and may be moved.
    pub(super) astray: BTreeSet<DocumentId>,
    /// Something waits for a webhook.
    pub(super) is_announced: bool,
}

/// One transaction under way.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) state: &'a mut State,
    pub(super) shared: &'a Shared,
    pub(super) random: &'a mut Random,
    pub(super) settings: Arc<Settings>,
    pub(super) now: Timestamp,
    pub(super) operator: Option<i64>,
}

impl State {
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let meta = db::meta::read(connection)?.ok_or(Error::Corrupt("the relay's first row"))?;
        Ok(Self {
            meta,
            stored_seq: db::meta::stored_seq(connection)?,
            feed_seq: db::meta::feed_seq(connection)?,
            leap: 0,
            keys: BTreeMap::new(),
            ancestry: BTreeMap::new(),
            finder: None,
            actors: BTreeMap::new(),
            touched: BTreeMap::new(),
            astray: BTreeSet::new(),
            is_announced: false,
        })
    }

    pub(super) fn marker(&self) -> Marker {
        Marker { epoch: self.meta.epoch, stored_seq: self.stored_seq, feed_seq: self.feed_seq }
    }

    /// What was learnt within a transaction that did not happen.
    pub(super) fn forget(&mut self) {
        self.keys.clear();
        self.forget_grids();
        self.actors.clear();
        self.touched.clear();
        self.is_announced = false;
    }

    /// What was worked out from grids that are not those of now.
    pub(super) fn forget_grids(&mut self) {
        self.ancestry.clear();
        self.finder = None;
    }

    pub(super) fn actors_within_limit(&mut self) {
        if self.actors.len() > MAX_ACTORS {
            self.actors.clear();
        }
    }
}

impl Work<'_> {
    /// The number of a scope key.
    pub(super) fn key(&mut self, name: &str) -> Result<i64> {
        if let Some(key) = self.state.keys.get(name) {
            return Ok(*key);
        }
        let key = db::scope::intern(self.transaction, name)?;
        self.state.keys.insert(name.to_owned(), key);
        Ok(key)
    }

    /// Puts an item at the end of the feed; returns its place.
    pub(super) fn tell(&mut self, item: db::feed::Item) -> Result<i64> {
        self.state.feed_seq += 1 + std::mem::take(&mut self.state.leap);
        db::feed::add(self.transaction, self.state.feed_seq, item)?;
        Ok(self.state.feed_seq)
    }

    /// Shows a place of the feed under a key.
    pub(super) fn show(&mut self, key: i64, seq: i64) -> Result<()> {
        self.show_from(key, seq, None)
    }

    /// The same with what a phone brought, which is no news to that one.
    pub(super) fn show_from(&mut self, key: i64, seq: i64, by: Option<DeviceId>) -> Result<()> {
        db::feed::show(self.transaction, key, seq)?;
        let next = Touched::at(seq, by);
        self.state.touched.entry(key).and_modify(|last| *last = last.then(next)).or_insert(next);
        Ok(())
    }

    /// The grid and those it is part of; a grid that is not in the settings is at least itself.
    pub(super) fn ancestry(&mut self, grid: &GridId) -> Vec<GridId> {
        if let Some(known) = self.state.ancestry.get(grid) {
            return known.clone();
        }
        let mut found = self.settings.ancestry(grid);
        if found.is_empty() {
            found.push(grid.clone());
        }
        self.state.ancestry.insert(grid.clone(), found.clone());
        found
    }

    /// Where something lies: in the grid that it names, else, if that is not any more, in the one of its position.
    pub(super) fn home(&mut self, grid: &GridId, position: Option<Position>) -> GridId {
        let is_within_another = self.ancestry(grid).len() > 1;
        if is_within_another || self.settings.check_grid(grid).is_ok() {
            return grid.clone();
        }
        let Some(position) = position else { return grid.clone() };
        let finder = self.state.finder.get_or_insert_with(|| self.settings.finder());
        finder.find(position).unwrap_or_else(|| grid.clone())
    }
}
