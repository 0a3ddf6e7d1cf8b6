//! A phone's app that reports as fast as it can, and says of each report that it is saved: to be killed by a
//! test at any moment. With `full` it works on a disk without a byte left and says how that went.

mod full;

use std::{io::Write as _, path::Path, process::ExitCode, sync::Arc};

use suishou_core::{
    error::Result,
    field::{Field, ReportDraft, StepDraft},
    geo::Position,
    id::CategoryId,
    model::{Severity, incident::StepKind, track::TrackFix},
    time::{Clock as _, Random, SystemClock},
};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(seed)) = (arguments.next(), arguments.next()) else { return ExitCode::from(2) };
    let folder = Path::new(&folder);
    let done = match arguments.next().as_deref() {
        Some("full") => full::work(folder),
        _ => work(folder, seed.parse().unwrap_or(0)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn work(folder: &Path, seed: u64) -> Result<()> {
    let field = Field::open(folder, Arc::new(SystemClock), Random::seeded(seed))?;
    if field.open_patrol()?.is_none() {
        field.start_patrol("", None, Vec::new())?;
    }
    for number in 0..10_000_u64 {
        let shade = seed.wrapping_mul(31).wrapping_add(number);
        let photo = field.add_photo(&picture(shade))?;
        let draft = ReportDraft {
            text: format!("{number}"),
            category: CategoryId::new("order")?,
            severity: Severity::Normal,
            fix: None,
            grid: None,
            photos: vec![photo],
            patrol: field.open_patrol()?,
        };
        let document = field.report(draft)?;
        field.step(
            document,
            StepDraft { remark: Some("…".to_owned()), ..StepDraft::plain(StepKind::Handling) },
        )?;
        let position = Position::new(29.0, 119.6)?;
        field.patrol_fix(TrackFix { at: SystemClock.now(), position, accuracy_m: 5 })?;
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{document}").and_then(|()| out.flush()).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// A small picture that no other number makes.
fn picture(shade: u64) -> Vec<u8> {
    let bytes = shade.to_le_bytes();
    let pixels: Vec<u8> = bytes.iter().cycle().take(64 * 64 * 3).copied().collect();
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
    drop(encoder.encode(&pixels, 64, 64, jpeg_encoder::ColorType::Rgb));
    jpeg
}
