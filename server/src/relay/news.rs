//! What changed, for operators who watch: documents and held entries, from the feed, and new settings.

use suishou_core::{
    id::{DepartmentId, DocumentId, Epoch},
    model::DocumentKind,
};
use tokio::sync::watch;

use super::{Relay, error::Result, scope::department_key};
use crate::db;

/// Most places of the feed that are read at once.
const AT_ONCE: usize = 500;

/// A change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The last place of the feed at which it stands.
    pub seq: i64,
    /// Of which document.
    pub document: DocumentId,
    /// Of which kind.
    pub kind: DocumentKind,
    /// An entry was held or released, and the document is as it was.
    pub is_held: bool,
}

/// Changes up to a place of the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Each document once, in order.
    pub changes: Vec<Change>,
    /// Where to go on.
    pub upto: i64,
}

impl Relay {
    /// Tells how far the feed is, and wakes with it and with new settings.
    pub fn watch_feed(&self) -> watch::Receiver<i64> {
        self.inner.shared.watch()
    }

    /// Becomes true when the relay stops.
    pub fn watch_end(&self) -> watch::Receiver<bool> {
        self.inner.shared.ending.subscribe()
    }

    /// Sends away everybody who only waits for something to happen.
    pub fn release_waiting(&self) {
        self.inner.shared.ending.send_replace(true);
    }

    /// The version of the settings.
    pub fn current_version(&self) -> u64 {
        self.inner.shared.settings().version
    }

    /// Counts up when a phone joined.
    pub fn devices_touched(&self) -> u64 {
        self.inner.shared.devices_touched()
    }

    /// The relay's life, to which places of the feed belong.
    pub async fn epoch(&self) -> Result<Epoch> {
        let meta = self.with(|connection, _| Ok(db::meta::read(connection)?)).await?;
        Ok(meta.map_or(Epoch::ZERO, |meta| meta.epoch))
    }

    /// What changed after a place of the feed; for a department only the incidents it has to do with.
    pub async fn news(&self, after: i64, upto: i64, department: Option<DepartmentId>) -> Result<News> {
        self.with(move |connection, _| {
            let key = department.as_ref().map(department_key);
            let read = db::feed::changes(connection, after, upto, key.as_deref(), AT_ONCE)?;
            let upto = match read.last() {
                Some((last, ..)) if read.len() == AT_ONCE => *last,
                _ => upto,
            };
            let mut changes: Vec<Change> = Vec::new();
            for (seq, document, kind, is_held) in read {
                changes.retain(|known| (known.document, known.is_held) != (document, is_held));
                changes.push(Change { seq, document, kind, is_held });
            }
            Ok(News { changes, upto })
        })
        .await
    }
}
