//! The facade: everything that a phone's app does, and nothing else is needed by one.
//!
//! Every method that keeps something has kept it durably when it returns. All but `enrol`, `sync` and
//! `wait` work without any network.

mod attach;
mod attached;
mod basemap;
mod care;
mod consent;
mod draft;
mod enrol;
mod entries;
mod incident;
mod life;
mod list;
mod orders;
mod patrol;
mod relay;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

pub use attach::VoiceKept;
pub use basemap::BaseMapView;
pub use care::{Need, VisitDraft, Visited};
pub use entries::Remark;
pub use incident::{ReportDraft, StepDraft};

use crate::{
    error::Result,
    geo::{GridFinder, Position},
    id::{GridId, Salt},
    model::settings::Settings,
    policy::Rights,
    store::{Counts, HeldEntry, KeyGuard, Store},
    sync::client::Client,
    time::{Random, SharedClock, Timestamp},
    view::EnrolmentView,
};

/// One phone.
#[derive(Debug)]
pub struct Field {
    clock: SharedClock,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    township: Option<Township>,
    client: Option<Client>,
    base_map: Option<basemap::OpenMap>,
    /// A patrol was under way when the app ended: the next gap is its fault.
    was_killed: bool,
}

/// What is worked out from the settings once.
#[derive(Debug)]
struct Township {
    settings: Settings,
    finder: GridFinder,
}

impl Field {
    /// Opens the phone's store in `folder`, or makes one.
    pub fn open(folder: &Path, clock: SharedClock, random: Random) -> Result<Self> {
        Self::with(Store::open(folder, random)?, clock)
    }

    fn with(store: Store, clock: SharedClock) -> Result<Self> {
        let was_killed = store.open_patrol()?.is_some();
        let mut inner = Inner { store, township: None, client: None, base_map: None, was_killed };
        inner.pause_without_consent();
        Ok(Self { clock, inner: Mutex::new(inner) })
    }

    /// Like [`Field::open`], with 32 bytes that the phone's own key store guards: without them the key that this phone
    /// signs with can't be read from its files.
    pub fn open_guarded(folder: &Path, clock: SharedClock, random: Random, secret: &[u8]) -> Result<Self> {
        Self::with(Store::open_guarded(folder, random, KeyGuard::new(secret)?)?, clock)
    }

    /// Who this phone belongs to.
    pub fn enrolment(&self) -> Result<EnrolmentView> {
        self.inner().enrolment()
    }

    /// The township's settings, if they have arrived.
    pub fn settings(&self) -> Result<Option<Settings>> {
        let mut inner = self.inner();
        Ok(inner.township()?.map(|township| township.settings.clone()))
    }

    /// The grid of a position, found offline.
    pub fn find_grid(&self, position: Position) -> Result<Option<GridId>> {
        self.inner().find_grid(position)
    }

    /// The honest figures: on this phone, stored, held.
    pub fn counts(&self) -> Result<Counts> {
        self.inner().store.counts()
    }

    /// Own entries that take no effect.
    pub fn held(&self) -> Result<Vec<HeldEntry>> {
        self.inner().store.held()
    }

    /// Lets the database not grow any more, or grow again, as a full disk does.
    #[cfg(feature = "seeded-faults")]
    pub fn fill_disk(&self, is_full: bool) -> Result<()> {
        self.inner().store.fill_disk(is_full)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A panic in another thread leaves a store that is whole: everything is in transactions.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn township(&mut self) -> Result<Option<&Township>> {
        let version = self.store.settings_version()?;
        if self.township.as_ref().is_none_or(|known| known.settings.version != version) {
            self.township = self.store.settings()?.map(|settings| {
                let finder = settings.finder();
                Township { settings, finder }
            });
        }
        Ok(self.township.as_ref())
    }

    fn find_grid(&mut self, position: Position) -> Result<Option<GridId>> {
        Ok(self.township()?.and_then(|township| township.finder.find(position)))
    }

    /// What this phone's member brings along: own grids and all that lie within them.
    fn rights(&mut self) -> Result<Rights> {
        let membership = self.store.identity()?.membership;
        let mut grids: BTreeSet<GridId> = membership.grids.iter().cloned().collect();
        let mut above = BTreeSet::new();
        if let Some(township) = self.township()? {
            grids.extend(township.settings.within(&membership.grids));
            above = township.settings.above(&membership.grids);
        }
        Ok(Rights {
            role: membership.role,
            member: Some(membership.member),
            department: membership.department,
            grids,
            above,
        })
    }

    fn salt(&mut self) -> Salt {
        Salt::new(self.store.random_bytes())
    }
}

#[cfg(test)]
mod tests;
