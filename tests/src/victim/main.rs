//! A phone's app that reports, or writes drafts, as fast as it can, and says of each that it is saved: to be
//! killed by a test at any moment. With `full` it works on a disk without a byte left and says how that went, with
//! `old` it opens an older database where no copy of it fits.

mod full;

use std::{io::Write as _, path::Path, process::ExitCode, sync::Arc};

use suishou_core::{
    error::Result,
    field::{Field, ReportDraft, StepDraft},
    geo::Position,
    id::CategoryId,
    model::{DocumentKind, Severity, incident::StepKind, track::TrackFix},
    time::{Clock as _, Random, SystemClock},
};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(seed)) = (arguments.next(), arguments.next()) else { return ExitCode::from(2) };
    let folder = Path::new(&folder);
    let seed = seed.parse().unwrap_or(0);
    let done = match arguments.next().as_deref() {
        Some("full") => full::work(folder),
        Some("old") => full::open_old(folder),
        Some("drafts") => write_drafts(folder, seed),
        _ => work(folder, seed),
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
        let photo = field.add_photo(&picture(shade), &[])?;
        let draft = ReportDraft {
            text: format!("{number}"),
            category: CategoryId::new("order")?,
            severity: Severity::Normal,
            fix: None,
            grid: None,
            photos: vec![photo],
            voice: None,
            is_anonymous: false,
            matter: None,
        };
        let document = field.report(draft)?;
        field.step(
            document,
            StepDraft { remark: Some("…".to_owned()), ..StepDraft::plain(StepKind::Handling) },
        )?;
        let position = Position::new(29.0, 119.6)?;
        field.patrol_fix(TrackFix { at: SystemClock.now(), position, accuracy_m: 5 })?;
        if !say(&document.to_string()) {
            return Ok(());
        }
    }
    Ok(())
}

/// Drafts, each saved several times, two of three reported: `saved <draft> <length of its text>`,
/// `reported <draft>`.
fn write_drafts(folder: &Path, seed: u64) -> Result<()> {
    let field = Field::open(folder, Arc::new(SystemClock), Random::seeded(seed))?;
    for number in 0..10_000_u64 {
        let mut draft = field.start_draft(DocumentKind::Incident);
        if number % 2 == 0 {
            let shade = seed.wrapping_mul(31).wrapping_add(number);
            draft.body.photos.push(field.add_photo(&picture(shade), &[])?);
        }
        for _ in 0..3 {
            draft.body.text.push('x');
            field.save_draft(&draft)?;
            if !say(&format!("saved {} {}", draft.id, draft.body.text.len())) {
                return Ok(());
            }
        }
        if number % 3 == 0 {
            continue;
        }
        draft.body.category = Some(CategoryId::new("order")?);
        field.save_draft(&draft)?;
        field.report_draft(draft.id)?;
        if !say(&format!("reported {}", draft.id)) {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether anybody listens still.
fn say(line: &str) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
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
