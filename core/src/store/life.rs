//! What stands beside the database: whether it was closed in order, what a salvage came to, and the note that is
//! left of a phone that was wiped.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    ballast::give_up_ballast,
    blobs::sync_folder,
    open::{sync_left, writer},
    salvage::{self, SalvageReport},
    schema::PHONE,
};
use crate::{
    error::{Error, Result},
    id::{DeviceId, MemberId, TownshipId},
    model::Role,
    time::Random,
};

/// The database.
pub(super) const DATABASE: &str = "field.db";
/// There from opening to closing in order.
const RUNNING: &str = "running";
/// What is left of a wiped phone.
const NOTE: &str = "revoked.json";

/// What is left of a phone that was wiped because the township revoked it: who may open what it had not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedNote {
    /// Version of this note.
    pub(super) format: u8,
    /// Which township must open the bundle.
    pub township: TownshipId,
    /// What it is called.
    pub township_name: String,
    /// This phone's id in it.
    pub device: DeviceId,
    /// Whose phone it was.
    pub member: MemberId,
    /// What they do.
    pub role: Role,
    /// The bundle's file beside the note; none if everything had been sent.
    pub bundle: Option<String>,
    /// Entries in it.
    pub entries: u64,
    /// Attachments in it.
    pub blobs: u64,
    /// Drafts in it: what was begun and never sent.
    #[serde(default)]
    pub drafts: u64,
    /// The bundle is whole and nothing else is left.
    pub(super) is_wiped: bool,
}

/// What stands beside an open database.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) note: Option<RevokedNote>,
    pub(super) salvage: Option<SalvageReport>,
    _running: Running,
}

/// Removes its file when everything that was declared before it is closed.
#[derive(Debug)]
struct Running(PathBuf);

impl Drop for Running {
    fn drop(&mut self) {
        // If it stays, the next start looks more closely than it had to.
        drop(fs::remove_file(&self.0));
    }
}

impl Life {
    /// Opens the database of a folder, finishing what an earlier process began: a wipe, a salvage.
    pub(super) fn open(folder: &Path, random: &mut Random) -> Result<(Connection, Self)> {
        let mut note = read_json::<RevokedNote>(&folder.join(NOTE));
        if note.as_ref().is_some_and(|note| !note.is_wiped) {
            wipe(folder)?;
        }
        salvage::finish(folder)?;
        // A log that was not taken into the database says the same, should the mark be missing.
        let log = fs::metadata(folder.join(format!("{DATABASE}-wal"))).is_ok_and(|log| log.len() > 0);
        let was_running = log || folder.join(RUNNING).exists();
        if was_running {
            sync_left(&folder.join(DATABASE))?;
        }
        // A disk without a byte left must not keep the phone from opening.
        let marked = fs::write(folder.join(RUNNING), b"").map_err(Error::file("marking the store as open"));
        if let Err(error) = marked.and_then(|()| sync_folder(folder)) {
            tracing::warn!(%error, "the store can't be marked as open");
        }
        let running = Running(folder.join(RUNNING));
        let opened = match salvage::open(folder, was_running, random) {
            Err(error) if is_full(&error) && give_up_ballast(folder) => {
                salvage::open(folder, was_running, random)
            }
            other => other,
        };
        let connection = opened?;
        if let Some(found) = &mut note {
            if is_enrolled(&connection) && found.is_wiped {
                // Enrolled anew since.
                remove_note(folder)?;
                note = None;
            } else if !found.is_wiped {
                found.is_wiped = true;
                write_json(&folder.join(NOTE), found)?;
            }
        }
        let salvage = salvage::last_report(folder);
        Ok((connection, Self { note, salvage, _running: running }))
    }
}

/// Keeps a note; durable when this returns.
pub(super) fn write_note(folder: &Path, note: &RevokedNote) -> Result<()> {
    write_json(&folder.join(NOTE), note)
}

/// Drops the note, once the phone is enrolled anew.
pub(super) fn remove_note(folder: &Path) -> Result<()> {
    match fs::remove_file(folder.join(NOTE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("removing a note")(error))
        }
        _ => sync_folder(folder),
    }
}

/// Removes everything from the folder but its lock, the note and sealed bundles.
pub(super) fn wipe(folder: &Path) -> Result<()> {
    let failed = Error::file("wiping");
    for item in fs::read_dir(folder).map_err(&failed)? {
        let item = item.map_err(&failed)?;
        let name = item.file_name();
        let name = name.to_string_lossy();
        let is_bundle = name.starts_with("bundle-") && name.ends_with(".sealed");
        if is_bundle || name == NOTE || name == "lock" {
            continue;
        }
        let is_folder = item.file_type().map_err(&failed)?.is_dir();
        if is_folder { fs::remove_dir_all(item.path()) } else { fs::remove_file(item.path()) }
            .map_err(&failed)?;
    }
    sync_folder(folder)
}

/// A database in memory: stands in while the real one is closed.
pub(super) fn nowhere() -> Result<Connection> {
    writer(Path::new(":memory:"), PHONE)
}

/// What SQLite says when a file can't grow.
fn is_full(error: &Error) -> bool {
    match error {
        Error::StorageFull => true,
        Error::Store(what) => what == "SystemIoFailure",
        _ => false,
    }
}

fn is_enrolled(connection: &Connection) -> bool {
    connection.query_row("SELECT 1 FROM enrolment WHERE id = 1", [], |_| Ok(())).is_ok()
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

pub(super) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let json = serde_json::to_vec_pretty(value).map_err(|_| Error::Corrupt("a note"))?;
    write_file(path, &json)
}

/// Writes a file whole; durable when this returns.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = Error::file("writing a file");
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    });
    if let Err(error) = written {
        drop(fs::remove_file(&part));
        return Err(failed(error));
    }
    path.parent().map_or(Ok(()), sync_folder)
}
