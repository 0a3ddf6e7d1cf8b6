//! Power is cut at every operation on files: what was promised before must hold after the next start.
//!
//! Real processes of ours are recorded under strace (`strace.rs`, `record.rs`, `work.rs`), their operations replayed
//! in a model of a disk (`disk.rs`), and what a power cut leaves is opened with the real code and compared with what
//! the process had said by then (`check.rs`). A crash point is an operation, and a seed that decides what became of
//! everything that was not synced.

mod check;
mod disk;
mod ends;
mod record;
mod run;
mod strace;
mod work;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::harness::{copy_folder, memory};
use check::{Content, Kind, SEED};
use disk::Disk;
use record::{Event, ROOT, Recording, What};

pub use disk::Forget;
pub use run::{Failed, Outcome, Settings, again, run};

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A phone that reports with photos, walks, is closed and opened.
    Phone,
    /// A phone that writes drafts.
    Drafts,
    /// A township from its first start: its relay, and three phones that enrol and sync.
    Relay,
    /// Every old database of a phone and of a relay, opened by today's programs.
    Migrations,
    /// A phone that is revoked with a report, a draft and photos that it has not sent.
    Revoked,
    /// A relay's backups, taken and dropped.
    Backup,
    /// All of these.
    All,
}

impl Work {
    fn parts(self) -> Vec<Self> {
        match self {
            Self::All => {
                vec![Self::Phone, Self::Drafts, Self::Relay, Self::Migrations, Self::Revoked, Self::Backup]
            }
            one => vec![one],
        }
    }
}

/// The recorded part, in a process of its own.
pub fn part(name: &str, folder: &Path) -> Result<(), String> {
    let done = match name {
        "phone" => work::phone(folder, SEED),
        "drafts" => work::drafts(folder, SEED),
        "capture-1" => work::capture(folder, SEED, 1),
        "capture-2" => work::capture(folder, SEED, 2),
        "old-phone" => work::open_old(folder, false),
        "old-relay" => work::open_old(folder, true),
        "township" => block_on(work::township(SEED))?,
        "revoked" => block_on(work::revoked(SEED))?,
        "backup" => block_on(work::back_up(folder, SEED))?,
        other => return Err(format!("there is no part {other}")),
    };
    done.map_err(|error| error.to_string())
}

fn block_on<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    Ok(runtime.map_err(|error| error.to_string())?.block_on(future))
}

/// A recording on disk, from which it can be read again.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Source {
    work: Work,
    /// The folder in which the process worked, as its operations name it.
    root: PathBuf,
    /// What was in it before.
    before: PathBuf,
    /// What strace wrote.
    logs: Vec<PathBuf>,
}

/// A folder in which power is cut: one phone's or the relay's, with what its process did there.
#[derive(Debug)]
struct Track {
    source: Source,
    name: String,
    kind: Kind,
    path: PathBuf,
    recording: Recording,
    /// What of the recording concerns this folder.
    events: Vec<Event>,
    /// What must be there at every moment.
    content: Content,
}

impl Track {
    fn disk(&self, forget: Forget) -> Disk {
        Disk::new(&self.recording, forget)
    }

    /// What was said before a place.
    fn said(&self, place: usize) -> Vec<&str> {
        let heard = self.events.iter().take(place + 1).filter_map(|event| match &event.what {
            What::Says(line) => Some(line.as_str()),
            _ => None,
        });
        heard.collect()
    }
}

/// Where things are recorded and opened: in memory if there is room.
fn scratch() -> Result<TempDir, String> {
    let made = memory().map_or_else(tempfile::tempdir, tempfile::tempdir_in);
    made.map_err(|error| format!("a folder can't be made: {error}"))
}

/// Records a work; what it returns stands in `folder`.
fn record(work: Work, folder: &Path) -> Result<Vec<Track>, String> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut tracks = Vec::new();
    match work {
        Work::Phone | Work::Drafts => {
            let before = folder.join("before");
            make(&before)?;
            block_on(work::prepare_phone(&before.join("phone"), SEED))?;
            let name = if work == Work::Phone { "phone" } else { "drafts" };
            tracks.extend(recorded(work, &[name], "phone", folder, &before, None)?);
            if work == Work::Phone {
                tracks.extend(killed(&before, folder)?);
            }
        }
        Work::Relay | Work::Revoked | Work::Backup => {
            let before = folder.join("before");
            make(&before)?;
            let name = match work {
                Work::Relay => "township",
                Work::Revoked => "revoked",
                _ => "backup",
            };
            tracks.extend(recorded(work, &[name], "", folder, &before, None)?);
        }
        Work::Migrations => {
            for (part, database, fixture) in
                [("old-phone", "field.db", "phone"), ("old-relay", "township.db", "township")]
            {
                for number in 1_u8.. {
                    let old = golden.join(format!("{fixture}-{number}.sqlite"));
                    if !old.exists() {
                        break;
                    }
                    let folder = folder.join(format!("{part}-{number}"));
                    let before = folder.join("before");
                    make(&before.join("old"))?;
                    let copied = fs::copy(&old, before.join("old").join(database));
                    copied.map_err(|error| format!("{}: {error}", old.display()))?;
                    for mut track in recorded(work, &[part], "old", &folder, &before, None)? {
                        track.name = format!("{part}-{number}");
                        tracks.push(track);
                    }
                }
            }
        }
        Work::All => return Err("one after the other".to_owned()),
    }
    Ok(tracks)
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// A phone that is killed at each of its syncs in turn, which then do not happen, and does the same once more: what the
/// second process finds, the first may have left unsynced.
fn killed(before: &Path, folder: &Path) -> Result<Vec<Track>, String> {
    let mut tracks = Vec::new();
    for at in 1.. {
        let folder = folder.join(format!("killed-{at}"));
        let lives = ["capture-1", "capture-2"];
        let found = recorded(Work::Phone, &lives, "phone", &folder, before, Some(at))?;
        if found.is_empty() {
            break;
        }
        tracks.extend(found.into_iter().map(|track| Track { name: format!("killed-{at}"), ..track }));
    }
    Ok(tracks)
}

/// Runs parts, one after the other, in a copy of `before` under the recorder. With `killed_at` the first is killed at
/// that sync; nothing if it has not so many.
fn recorded(
    work: Work,
    parts: &[&str],
    inside: &str,
    folder: &Path,
    before: &Path,
    killed_at: Option<u32>,
) -> Result<Vec<Track>, String> {
    let root = folder.join("run");
    copy_folder(before, &root);
    let root = fs::canonicalize(&root).map_err(|error| error.to_string())?;
    let mut logs = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let log = folder.join(format!("log-{number}"));
        let arguments = ["part".to_owned(), (*part).to_owned(), root.join(inside).display().to_string()];
        if strace::record(&arguments, &root, &log, killed_at.filter(|_| number == 0))?.is_none() {
            return Ok(Vec::new());
        }
        logs.push(log);
    }
    let source = Source { work, root: root.clone(), before: before.to_owned(), logs };
    let recording = source.read()?;
    // What the model believes must be what is there, or it overlooked something.
    let mut disk = Disk::new(&recording, Forget::Nothing);
    recording.events.iter().for_each(|event| disk.take(event));
    let left = disk.left(&disk.cut(1), Path::new("")).ok_or("an empty recording")?;
    match left.difference(&root) {
        None => source.tracks(&recording),
        Some(path) => Err(format!("the recorder overlooked a change of {path}")),
    }
}

impl Source {
    fn read(&self) -> Result<Recording, String> {
        let mut recording = Recording::of(&self.before)?;
        for log in &self.logs {
            let text = fs::read_to_string(log).map_err(|error| format!("{}: {error}", log.display()))?;
            recording = recording.add(&self.root, &strace::read(&text)?)?;
        }
        Ok(recording)
    }

    /// The folders that the process named.
    fn tracks(&self, recording: &Recording) -> Result<Vec<Track>, String> {
        let mut tracks = Vec::new();
        for (_, line) in recording.said() {
            let words: Vec<&str> = line.split(' ').collect();
            let ["track", name, kind, path] = words[..] else { continue };
            if tracks.iter().any(|track: &Track| track.name == name) {
                continue;
            }
            let kind = Kind::from_word(kind).ok_or_else(|| format!("{kind} is no kind"))?;
            tracks.push(self.track(recording, name, kind, Path::new(path))?);
        }
        if tracks.is_empty() { Err("the process named no folder".to_owned()) } else { Ok(tracks) }
    }

    fn track(&self, recording: &Recording, name: &str, kind: Kind, path: &Path) -> Result<Track, String> {
        let own = recording.find(path).ok_or_else(|| format!("{} is not there", path.display()))?;
        let parent = path.parent().and_then(|parent| recording.find(parent)).unwrap_or(ROOT);
        let mut inside = vec![own];
        let mut folders = vec![own];
        while let Some(folder) = folders.pop() {
            if let Some(record::Item::Folder(names)) = recording.before.get(folder) {
                inside.extend(names.values());
                folders.extend(names.values());
            }
        }
        let mut events = Vec::new();
        for event in &recording.events {
            let is_here = match &event.what {
                What::Enters { folder, node, .. } => {
                    let is_inside = inside.contains(folder);
                    if is_inside {
                        inside.push(*node);
                    }
                    is_inside || *node == own
                }
                What::Leaves { folder, .. } => inside.contains(folder),
                What::Moves { to, .. } => inside.contains(&to.0),
                What::Writes { node, .. } | What::Resizes { node, .. } => inside.contains(node),
                What::SyncBegins { node } | What::SyncEnds { node } => {
                    inside.contains(node) || *node == parent
                }
                What::Says(line) => line.split(' ').next() == Some(name),
            };
            if is_here {
                events.push(event.clone());
            }
        }
        let mut recording = recording.clone();
        recording.events = Vec::new();
        let mut track = Track {
            source: self.clone(),
            name: name.to_owned(),
            kind,
            path: path.to_owned(),
            recording,
            events,
            content: Content::new(),
        };
        track.stand_above()?;
        if matches!(track.kind, Kind::OldPhone | Kind::OldRelay) {
            let kept = scratch()?;
            copy_folder(&self.before.join(path), kept.path());
            track.content = track.kind.content(kept.path())?;
        }
        Ok(track)
    }
}

impl Track {
    /// Gives the folders above their names before anything happens: only the folder's own can be lost.
    fn stand_above(&mut self) -> Result<(), String> {
        let Some(above) = self.path.parent() else { return Ok(()) };
        let mut folder = ROOT;
        for part in above.components() {
            let name: std::sync::Arc<str> = part.as_os_str().to_string_lossy().into();
            let node = self.recording.names.get(folder).and_then(|names| names.get(&name)).copied();
            let node = node.ok_or("a folder above is not there")?;
            if let Some(record::Item::Folder(names)) = self.recording.before.get_mut(folder) {
                names.insert(name, node);
            }
            folder = node;
        }
        Ok(())
    }
}
