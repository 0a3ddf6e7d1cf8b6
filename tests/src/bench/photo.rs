//! A 12-megapixel photo through the whole pipeline, beside libvips doing the same.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use suishou_core::{capture, geo::Position, time::Timestamp};
use suishou_tests::world::camera::Camera;

use super::{
    figures::{Figures, tell},
    proc::{cost, memory},
};

const PHOTOS: u32 = 4;
const RUNS: u32 = 12;

/// The part in a process of its own.
pub(crate) fn develop(file: &Path) -> ExitCode {
    let developed = std::fs::read(file).map(|original| capture::develop(&original, &[]));
    match developed {
        Ok(Ok(photo)) => {
            tell(&format!("{} {}", memory("self", "VmHWM"), photo.jpeg.len()));
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}

pub(crate) fn measure(figures: &mut Figures) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut camera = Camera::new(1);
    let at = Timestamp::from_millis(1_763_800_000_000);
    let position = Position::new(29.08, 119.65).expect("on Earth");
    let files: Vec<PathBuf> = (0..PHOTOS)
        .map(|number| {
            let orientation = camera.any_orientation();
            let path = folder.path().join(format!("{number}.jpg"));
            std::fs::write(&path, camera.shoot(at, position, orientation)).expect("the photo is written");
            path
        })
        .collect();
    let pick = |run: u32| files.get((run % PHOTOS) as usize).expect("a photo").clone();
    let own = std::env::current_exe().expect("this program");
    let (ours, said) = cost(RUNS, |run| {
        let mut command = Command::new(&own);
        command.arg("develop").arg(pick(run));
        command
    });
    let vips = |size: &'static str, out: &'static str, quality: u8| {
        let out = format!("{}[Q={quality},strip]", folder.path().join(out).display());
        move |from: PathBuf| {
            let mut command = Command::new("vipsthumbnail");
            command.arg(from).args(["--size", size, "-o", &out]);
            command
        }
    };
    let large = vips("1600x1600", "large.jpg", 80);
    let (theirs_large, _) = cost(RUNS, |run| large(pick(run)));
    let small = vips("480x480", "small.jpg", 60);
    let (theirs_small, _) = cost(RUNS, |_| small(folder.path().join("large.jpg")));
    let theirs = theirs_large + theirs_small;
    figures.ratio(
        "12-MP photo, CPU of a process that makes photo and preview, beside vipsthumbnail",
        ours.as_secs_f64() * 1e3,
        "ms",
        theirs.as_secs_f64() * 1e3,
        1.3,
    );
    let peak: f64 = said.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).unwrap_or(f64::MAX);
    figures.at_most("12-MP photo, peak memory of that process", peak / 1e6, "MB", 120.0);
}
