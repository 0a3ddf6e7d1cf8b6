//! A phone of the comparison in `tests/peers`: the real core, told what to do in the words used with every engine there.
//!
//! `enrol` joins the township, `capture` writes the reports of a file offline, `device` says `ready`, syncs when it
//! reads `go …`, says `acknowledged` when every entry has its receipt and `done` when all has come, and counts the
//! reports that are the file's at `end`.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, StdinLock},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Subcommand;
use serde::Deserialize;
use serde_json::json;
use suishou_core::{
    field::{Field, ReportDraft, StepDraft},
    geo::Position,
    id::CategoryId,
    model::{
        Severity,
        blob::BlobKind,
        incident::StepKind,
        place::{Fix, FixSource},
    },
    store::{Mine, Store},
    sync::wire::Invitation,
    time::{Clock as _, Random, SharedClock, SystemClock, Timestamp},
};
use suishou_tests::harness::TestClock;

use super::figures::tell;

/// What the phone does.
#[derive(Debug, Subcommand)]
pub(crate) enum Deed {
    /// Joins the township of an invitation; the relay is reached at another address.
    Enrol { folder: PathBuf, invitation: String, address: String },
    /// Keeps the reports of a file, without a network.
    Capture { folder: PathBuf, work: PathBuf },
    /// Waits for `go`, syncs, waits for `end`, counts.
    Device { folder: PathBuf, work: PathBuf },
}

#[derive(Debug, Deserialize)]
struct Report {
    category: CategoryId,
    severity: Severity,
    text: String,
    place: Place,
    photos: Vec<String>,
    steps: Vec<Done>,
}

#[derive(Debug, Deserialize)]
struct Place {
    latitude: f64,
    longitude: f64,
    accuracy_m: u32,
}

/// The report itself, which has no remark, or a later step.
#[derive(Debug, Deserialize)]
struct Done {
    kind: String,
    at: Timestamp,
    remark: Option<String>,
}

pub(crate) fn act(deed: &Deed) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match deed {
        Deed::Enrol { folder, invitation, address } => {
            let invitation = Invitation::from_text(invitation).expect("an invitation");
            let invitation = Invitation { addresses: vec![address.clone()], ..invitation };
            let field = open(folder, Arc::new(SystemClock));
            runtime.block_on(field.enrol(&invitation.to_text())).expect("the phone joins");
        }
        Deed::Capture { folder, work } => capture(folder, &reports(work)),
        Deed::Device { folder, work } => runtime.block_on(device(folder, work)),
    }
    ExitCode::SUCCESS
}

fn open(folder: &Path, clock: SharedClock) -> Field {
    Field::open(folder, clock, Random::system()).expect("the store opens")
}

fn reports(work: &Path) -> Vec<Report> {
    serde_json::from_slice(&fs::read(work).expect("a file of reports")).expect("reports")
}

/// The photos' bytes are no part of the comparison: they are marked as lost and never sent.
fn capture(folder: &Path, reports: &[Report]) {
    let last = reports.iter().flat_map(|report| &report.steps).map(|step| step.at.millis()).max();
    let shift = SystemClock.now().millis() - last.expect("a step");
    let mut store = Store::open(folder, Random::system()).expect("the store opens");
    let photos: Vec<Vec<_>> = reports
        .iter()
        .map(|report| {
            let kept = report.photos.iter().map(|photo| {
                let at = SystemClock.now();
                let hash = store.add_blob(photo.as_bytes(), BlobKind::Photo, None, at).expect("it is kept");
                store.set_blob_lost(&hash).expect("it is marked");
                hash
            });
            kept.collect()
        })
        .collect();
    drop(store);
    let clock = Arc::new(TestClock::new());
    let field = open(folder, Arc::<TestClock>::clone(&clock));
    for (report, photos) in reports.iter().zip(photos) {
        let (first, later) = report.steps.split_first().expect("a report is its first step");
        clock.set(Timestamp::from_millis(first.at.millis() + shift));
        let position = Position::new(report.place.latitude, report.place.longitude).expect("on Earth");
        let fix = Fix {
            position,
            accuracy_m: report.place.accuracy_m,
            taken_at: clock.now(),
            source: FixSource::Satellite,
            is_mock: false,
        };
        let draft = ReportDraft {
            text: report.text.clone(),
            category: report.category.clone(),
            severity: report.severity,
            fix: Some(fix),
            grid: None,
            photos,
            voice: None,
            is_anonymous: false,
            matter: None,
        };
        let document = field.report(draft).expect("the report is kept");
        for step in later {
            clock.set(Timestamp::from_millis(step.at.millis() + shift));
            let kind = if step.kind == "resolved" { StepKind::Resolved } else { StepKind::Handling };
            let draft = StepDraft { remark: step.remark.clone(), ..StepDraft::plain(kind) };
            field.step(document, draft).expect("the step is possible");
        }
    }
}

async fn device(folder: &Path, work: &Path) {
    let field = open(folder, Arc::new(SystemClock));
    let mut lines = std::io::stdin().lock();
    say("ready");
    if !is_told(&mut lines) {
        return;
    }
    field.sync().await.expect("the sync works");
    let is_stored = field.counts().expect("counts").entries_pending == 0;
    if is_stored {
        say("acknowledged");
    }
    say("done");
    if is_told(&mut lines) {
        tell(&json!({ "event": "ended", "documents": count(&field, &reports(work)) }).to_string());
    }
}

/// How many reports of the file are here with every remark and as many photos.
fn count(field: &Field, reports: &[Report]) -> usize {
    let wanted: BTreeSet<_> = reports
        .iter()
        .map(|report| {
            let remarks: Vec<String> = report.steps.iter().filter_map(|step| step.remark.clone()).collect();
            (report.text.clone(), report.photos.len(), remarks)
        })
        .collect();
    let limit = u32::try_from(reports.len() + 1).expect("no such file");
    let listed = field.incidents(Mine::OrOthers, limit, 0).expect("a list");
    let here = listed.iter().filter(|listed| {
        let view = field.incident(listed.row.document).expect("it is here");
        let remarks: Vec<String> = view.about.notes.iter().map(|note| note.text.clone()).collect();
        wanted.contains(&(view.text, view.photos.len(), remarks))
    });
    here.count()
}

fn say(event: &str) {
    tell(&json!({ "event": event }).to_string());
}

/// Waits for a line; false if nobody is there any more.
fn is_told(lines: &mut StdinLock<'_>) -> bool {
    lines.read_line(&mut String::new()).is_ok_and(|read| read > 0)
}
