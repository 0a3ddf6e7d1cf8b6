//! Chooses crash points, tries them on all cores, and keeps what is needed to try one again.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::{Forget, Source, Track, Work, record, scratch};
use crate::harness::copy_folder;

/// How often every operation is tried at most, each time with another seed.
const ROUNDS: u64 = 64;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What is recorded.
    pub work: Work,
    /// How many crash points, in all.
    pub points: usize,
    /// Decides what becomes of what is not synced.
    pub seed: u64,
    /// Which syncs the disk ignores.
    pub forget: Forget,
}

/// How it went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Crash points that were tried: each another disk, or another set of promises.
    pub points: u64,
    /// Operations on files and folders among which power was cut.
    pub operations: u64,
}

/// A crash point after which a promise did not hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failed {
    source: Source,
    track: String,
    place: usize,
    seed: u64,
    forget: String,
    /// The last operation before the cut.
    operation: String,
    /// How much had been said, and the last of it.
    said: String,
    /// What did not hold.
    pub found: String,
    /// Where all of it is kept.
    pub kept: PathBuf,
}

#[derive(Clone, Copy)]
struct Point {
    track: usize,
    place: usize,
    seed: u64,
}

/// Records and tries; the first error is a failed point or a machine on which nothing can be recorded.
pub fn run(settings: Settings, progress: bool) -> Result<Result<Outcome, Box<Failed>>, String> {
    let kept = scratch()?;
    let mut tracks = Vec::new();
    for work in settings.work.parts() {
        let folder = kept.path().join(format!("{work:?}").to_lowercase());
        tracks.extend(record(work, &folder)?);
    }
    let points = choose(&tracks, settings);
    let outcome = Outcome {
        points: points.len() as u64,
        operations: tracks.iter().map(|track| track.events.len() as u64).sum(),
    };
    let bar = if progress { ProgressBar::new(outcome.points) } else { ProgressBar::hidden() };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {pos}/{len} crash points, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    let first = Mutex::new(None);
    let is_failed = AtomicBool::new(false);
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let own = next.fetch_add(1, Ordering::Relaxed);
                let mine =
                    points.iter().zip((0..threads as u64).cycle()).filter(|(_, thread)| *thread == own);
                let mine: Vec<Point> = mine.map(|(point, _)| *point).collect();
                let tried = try_all(&tracks, &mine, settings.forget, &is_failed, &bar);
                if let Err(failed) = tried {
                    is_failed.store(true, Ordering::Relaxed);
                    first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failed);
                }
            });
        }
    });
    bar.finish_and_clear();
    match first.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(Ok(outcome)),
        Some(failed) => Ok(Err(Box::new(failed.keep()?))),
    }
}

/// The points, in the order of the recordings: round by round another seed for every operation, until there are
/// enough. Two that leave the same disk after the same promises are one.
fn choose(tracks: &[Track], settings: Settings) -> Vec<Point> {
    let operations: usize = tracks.iter().map(|track| track.events.len()).sum();
    let stride = (operations / settings.points.max(1)).max(1);
    let mut seen = std::collections::BTreeSet::new();
    let mut chosen = Vec::new();
    for round in 0..ROUNDS {
        let seed = if round < 2 { round } else { settings.seed.wrapping_mul(1_000) + round };
        let mut found = Vec::new();
        for (index, track) in tracks.iter().enumerate() {
            let mut disk = track.disk(settings.forget);
            let mut said = 0_u64;
            for (place, event) in track.events.iter().enumerate() {
                disk.take(event);
                said += u64::from(matches!(event.what, super::What::Says(_)));
                let offset = usize::try_from(round).unwrap_or(0) * 7;
                if (place + offset) % stride == 0 && seen.insert((index, said, disk.cut(seed).mark)) {
                    found.push(Point { track: index, place, seed });
                }
            }
        }
        let left = settings.points.saturating_sub(chosen.len());
        if found.len() > left {
            // Of the last round as many as are asked for, from everywhere.
            let all = found.len();
            let taken = (0..left).filter_map(|number| found.get(number * all / left).copied());
            chosen.extend(taken.collect::<Vec<_>>());
            break;
        }
        chosen.extend(found);
    }
    chosen.sort_by_key(|point| (point.track, point.place, point.seed));
    chosen
}

fn try_all(
    tracks: &[Track],
    points: &[Point],
    forget: Forget,
    is_failed: &AtomicBool,
    bar: &ProgressBar,
) -> Result<(), Box<Failed>> {
    for (index, track) in tracks.iter().enumerate() {
        let mut disk = track.disk(forget);
        let mut points = points.iter().filter(|point| point.track == index).peekable();
        for (place, event) in track.events.iter().enumerate() {
            disk.take(event);
            while let Some(point) = points.next_if(|point| point.place == place) {
                if is_failed.load(Ordering::Relaxed) {
                    return Ok(());
                }
                try_point(track, &disk, *point, forget)?;
                bar.inc(1);
            }
        }
    }
    Ok(())
}

fn try_point(track: &Track, disk: &super::Disk, point: Point, forget: Forget) -> Result<(), Box<Failed>> {
    let said = track.said(point.place);
    let tried = opened(track, disk, point.seed, &said);
    let failed = |found| Failed {
        source: track.source.clone(),
        track: track.name.clone(),
        place: point.place,
        seed: point.seed,
        forget: format!("{forget:?}"),
        operation: track.events.get(point.place).map(|event| event.text.clone()).unwrap_or_default(),
        said: format!("{} promises, the last: {}", said.len(), said.last().unwrap_or(&"none")),
        found,
        kept: PathBuf::new(),
    };
    tried.map_err(|found| Box::new(failed(found)))
}

/// Makes the folder that the cut leaves, and opens it.
fn opened(track: &Track, disk: &super::Disk, seed: u64, said: &[&str]) -> Result<(), String> {
    let kept = scratch()?;
    let folder = kept.path().join("left");
    // A folder that is not there at all is a phone or a relay that has never been started.
    if let Some(left) = disk.left(&disk.cut(seed), &track.path) {
        left.write(&folder).map_err(|error| error.to_string())?;
    }
    track.kind.check(&folder, said, &track.content)
}

impl Failed {
    /// Keeps the recording and the disk as the cut left it.
    fn keep(mut self) -> Result<Self, String> {
        let kept =
            tempfile::Builder::new().prefix("suishou-crash-").tempdir().map_err(|error| error.to_string())?;
        self.kept = kept.keep();
        copy_folder(&self.source.before, &self.kept.join("before"));
        self.source.before = self.kept.join("before");
        for (number, log) in self.source.logs.iter_mut().enumerate() {
            let to = self.kept.join(format!("log-{number}"));
            fs::copy(&*log, &to).map_err(|error| error.to_string())?;
            *log = to;
        }
        let (track, disk) = self.stand()?;
        if let Some(left) = disk.left(&disk.cut(self.seed), &track.path) {
            left.write(&self.kept.join("disk")).map_err(|error| error.to_string())?;
        }
        let json = serde_json::to_vec_pretty(&self).map_err(|error| error.to_string())?;
        fs::write(self.kept.join("point.json"), json).map_err(|error| error.to_string())?;
        Ok(self)
    }

    /// The track, and the disk at the moment of the cut.
    fn stand(&self) -> Result<(Track, super::Disk), String> {
        let recording = self.source.read()?;
        // Some have a name of their own for each recording, which has only one folder.
        let is_it = |track: &Track| track.name == self.track || self.track.contains('-');
        let track = self.source.tracks(&recording)?.into_iter().find(is_it).ok_or("no such track")?;
        let forget = match self.forget.as_str() {
            "Syncs" => Forget::Syncs,
            "FolderSyncs" => Forget::FolderSyncs,
            _ => Forget::Nothing,
        };
        let mut disk = track.disk(forget);
        track.events.iter().take(self.place + 1).for_each(|event| disk.take(event));
        Ok((track, disk))
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "a power cut breaks a promise")?;
        writeln!(f, "  work       {:?}, folder of {}", self.source.work, self.track)?;
        writeln!(f, "  operation  {}: {}", self.place, self.operation)?;
        writeln!(f, "  seed       {}", self.seed)?;
        writeln!(f, "  said       {}", self.said)?;
        writeln!(f, "  found      {}", self.found)?;
        writeln!(f, "  kept in    {}", self.kept.display())?;
        write!(f, "  again      crash --again {}", self.kept.display())
    }
}

/// Tries a point that was kept; the error says what does not hold.
pub fn again(kept: &Path) -> Result<Result<(), Box<Failed>>, String> {
    let json = fs::read(kept.join("point.json")).map_err(|error| format!("{}: {error}", kept.display()))?;
    let failed: Failed = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
    let (track, disk) = failed.stand()?;
    match opened(&track, &disk, failed.seed, &track.said(failed.place)) {
        Ok(()) => Ok(Ok(())),
        Err(found) => Ok(Err(Box::new(Failed { found, ..failed }))),
    }
}
