//! The audit log: who did what to which id, each entry chained to the one before by its hash.
//!
//! It carries ids only. Nothing of it is ever changed; an entry that was changed or taken out of the middle
//! breaks the chain, and [`verify`] says where. The end can be cut off unseen: so the newest hash is told,
//! and whoever writes it down can compare.

use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Serialize;
use suishou_core::time::Timestamp;

use super::{Relay, engine::Engine, error::Result};
use crate::db::{
    self, Connection,
    audit::{Filter, Kept},
};

/// What happened, or is about to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happening {
    /// Which operator; none for a program of this machine, or somebody who did not log in.
    pub operator: Option<i64>,
    /// From where.
    pub address: Option<String>,
    /// GET, POST …
    pub method: String,
    /// As the router has it.
    pub route: String,
    /// The ids in the path.
    pub target: Option<String>,
    /// The entry whose outcome this is.
    pub began: Option<u64>,
    /// How it ended; none while it is only begun.
    pub status: Option<u16>,
    /// Why, if that was asked for.
    pub reason: Option<String>,
    /// Refusals before it that were only counted.
    pub unwritten: u64,
}

/// An entry, for the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditShown {
    /// Its place, from 1 without a gap.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Which operator; none for a program of this machine, or somebody who did not log in.
    pub operator: Option<i64>,
    /// From where.
    pub address: Option<String>,
    /// GET, POST …
    pub method: String,
    /// As the router has it.
    pub route: String,
    /// The ids in the path.
    pub target: Option<String>,
    /// The entry whose outcome this one tells.
    pub began: Option<u64>,
    /// How it ended; none while it is only begun.
    pub status: Option<u16>,
    /// Why, if that was asked for.
    pub reason: Option<String>,
    /// Refusals before this entry that were only counted.
    pub unwritten: u64,
    /// Its hash.
    pub hash: String,
}

impl From<Kept> for AuditShown {
    fn from(kept: Kept) -> Self {
        Self {
            number: kept.number,
            at: kept.at,
            operator: kept.operator,
            address: kept.address,
            method: kept.method,
            route: kept.route,
            target: kept.target,
            began: kept.began,
            status: kept.status,
            reason: kept.reason,
            unwritten: kept.unwritten,
            hash: HEXLOWER.encode(&kept.hash),
        }
    }
}

/// What came of walking the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditVerified {
    /// How many entries hold, from the first on.
    pub entries: u64,
    /// The place of the first that does not; none if all do.
    pub broken_at: Option<u64>,
    /// The hash of the last that holds, to be written down.
    pub head: Option<String>,
}

impl Relay {
    /// Appends an entry; answers with its place. When this returns, it is on the disk.
    pub async fn note(&self, happening: Happening) -> Result<u64> {
        self.call(move |engine| engine.note(happening)).await
    }

    /// Entries of the audit log, newest first.
    pub async fn audit(&self, filter: Filter) -> Result<Vec<AuditShown>> {
        let kept = self.with(move |connection, _| Ok(db::audit::list(connection, &filter)?)).await?;
        Ok(kept.into_iter().map(Into::into).collect())
    }

    /// Walks the chain.
    pub async fn verify_audit(&self) -> Result<AuditVerified> {
        self.with(|connection, _| verify(connection)).await
    }
}

impl Engine {
    /// Appends an entry; answers with its place.
    pub fn note(&mut self, happening: Happening) -> Result<u64> {
        self.write(|work| {
            let (last, previous_hash) = db::audit::head(work.transaction)?.unwrap_or_default();
            let mut kept = Kept {
                number: last + 1,
                at: work.now,
                operator: happening.operator,
                address: happening.address,
                method: happening.method,
                route: happening.route,
                target: happening.target,
                began: happening.began,
                status: happening.status,
                reason: happening.reason,
                unwritten: happening.unwritten,
                previous_hash,
                hash: [0; 32],
            };
            kept.hash = hash(&kept);
            db::audit::append(work.transaction, &kept)?;
            Ok(kept.number)
        })
    }
}

/// Walks the chain of a folder whose relay does not run.
pub fn verify_folder(folder: &Path) -> Result<AuditVerified> {
    verify(&db::readable(folder)?)
}

/// Walks the chain.
pub fn verify(connection: &Connection) -> Result<AuditVerified> {
    let snapshot = db::snapshot(connection)?;
    let (mut entries, mut broken_at, mut head) = (0, None, [0; 32]);
    db::audit::walk(&snapshot, |kept| {
        let next = entries + 1;
        let holds = kept
            .as_ref()
            .is_some_and(|kept| kept.number == next && kept.previous_hash == head && kept.hash == hash(kept));
        match kept.filter(|_| holds) {
            Some(kept) => (entries, head) = (next, kept.hash),
            None => broken_at = Some(next),
        }
        holds
    })?;
    Ok(AuditVerified { entries, broken_at, head: (entries > 0).then(|| HEXLOWER.encode(&head)) })
}

/// Over every field with its length, so that nothing can move from one into the next.
fn hash(kept: &Kept) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("suishou 2026 audit entry");
    let mut add = |field: Option<&[u8]>| match field {
        Some(bytes) => {
            hasher.update(&[1]);
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
        None => {
            hasher.update(&[0]);
        }
    };
    let text = |field: &Option<String>| field.as_ref().map(|text| text.as_bytes().to_vec());
    add(Some(&kept.number.to_le_bytes()));
    add(Some(&kept.at.millis().to_le_bytes()));
    add(kept.operator.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
    add(text(&kept.address).as_deref());
    add(Some(kept.method.as_bytes()));
    add(Some(kept.route.as_bytes()));
    add(text(&kept.target).as_deref());
    add(kept.began.map(u64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
    add(kept.status.map(u16::to_le_bytes).as_ref().map(<[u8; 2]>::as_slice));
    add(text(&kept.reason).as_deref());
    add(Some(&kept.unwritten.to_le_bytes()));
    add(Some(&kept.previous_hash));
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use suishou_core::time::{Random, SystemClock};
    use tempfile::TempDir;

    use super::*;
    use crate::identity::Identity;

    fn engine() -> (Engine, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::new("x", &mut Random::seeded(1)).unwrap();
        let engine = Engine::open(folder.path(), identity, Arc::new(SystemClock), Random::seeded(2)).unwrap();
        (engine, folder)
    }

    fn filled() -> (Engine, TempDir) {
        let (mut engine, folder) = engine();
        for number in 1..=5 {
            let happening = Happening {
                operator: Some(number),
                address: Some("10.0.0.7".to_owned()),
                method: "POST".to_owned(),
                route: "/api/devices/{id}/revoke".to_owned(),
                target: Some("ab12".to_owned()),
                status: Some(200),
                reason: Some("lost".to_owned()),
                began: Some(7),
                unwritten: 3,
            };
            assert_eq!(engine.note(happening).unwrap(), number.unsigned_abs());
        }
        (engine, folder)
    }

    #[test]
    fn an_untouched_chain_holds_also_when_it_is_empty_or_the_relay_stopped() {
        let (engine, _folder) = engine();
        let nothing = AuditVerified { entries: 0, broken_at: None, head: None };
        assert_eq!(verify(engine.connection()).unwrap(), nothing);
        let (engine, folder) = filled();
        let whole = verify(engine.connection()).unwrap();
        assert_eq!((whole.entries, whole.broken_at), (5, None));
        drop(engine);
        assert_eq!(verify_folder(folder.path()).unwrap(), whole);
    }

    #[test]
    fn whatever_is_changed_breaks_the_chain_there() {
        for change in [
            "at = at + 1",
            "operator = 9",
            "operator = NULL",
            "address = '10.0.0.8'",
            "method = 'PUT'",
            "route = '/api/devices'",
            "target = 'ab13'",
            "target = NULL",
            "began = 8",
            "status = 403",
            "status = NULL",
            "reason = ''",
            "unwritten = 0",
            "previous_hash = zeroblob(32)",
            "hash = zeroblob(32)",
            "hash = x'00'",
        ] {
            let (engine, _folder) = filled();
            let changed = format!("UPDATE audit SET {change} WHERE number = 3");
            assert_eq!(engine.connection().execute(&changed, []).unwrap(), 1);
            let found = verify(engine.connection()).unwrap();
            assert_eq!((found.entries, found.broken_at), (2, Some(3)), "{change}");
        }
    }

    #[test]
    fn what_is_taken_out_or_forged_anew_shows() {
        let (engine, _folder) = filled();
        engine.connection().execute("DELETE FROM audit WHERE number = 2", []).unwrap();
        assert_eq!(verify(engine.connection()).unwrap().broken_at, Some(2));

        // Renumbered behind the gap, with hashes left as they were.
        engine.connection().execute("UPDATE audit SET number = number - 1 WHERE number > 2", []).unwrap();
        assert_eq!(verify(engine.connection()).unwrap().broken_at, Some(2));

        let (engine, _folder) = filled();
        let head = verify(engine.connection()).unwrap().head;
        engine.connection().execute("DELETE FROM audit WHERE number = 5", []).unwrap();
        let cut = verify(engine.connection()).unwrap();
        assert_eq!((cut.entries, cut.broken_at), (4, None), "the end can be cut off,");
        assert_ne!(cut.head, head, "but the hash that was written down is gone");
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let (mut engine, _folder) = engine();
        let of = |method: &str, route: &str| Happening {
            method: method.to_owned(),
            route: route.to_owned(),
            ..Happening::default()
        };
        engine.note(of("AB", "C")).unwrap();
        engine.connection().execute("UPDATE audit SET method = 'A', route = 'BC'", []).unwrap();
        assert_eq!(verify(engine.connection()).unwrap().broken_at, Some(1));
    }
}
