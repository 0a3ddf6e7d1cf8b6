//! The released program: its size, its idle memory; and what a capture costs in fsyncs.

use std::{
    path::Path,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};

use suishou_core::{
    field::{Field, ReportDraft},
    id::CategoryId,
    model::{DocumentKind, Severity},
    time::{Random, SystemClock},
};
use suishou_tests::harness::Township;

use super::{
    figures::{Figures, tell},
    proc::memory,
};

const REPORTS: usize = 100;

/// The part in a process of its own.
pub(crate) fn capture(folder: &Path, reports: usize) -> ExitCode {
    let field = Field::open(folder, Arc::new(SystemClock), Random::system()).expect("the store opens");
    for number in 0..reports {
        let draft = ReportDraft {
            text: format!("report {number}"),
            category: CategoryId::new("order").expect("a code"),
            severity: Severity::Normal,
            fix: None,
            grid: None,
            photos: Vec::new(),
            voice: None,
            is_anonymous: false,
            matter: None,
        };
        field.report(draft).expect("the report is kept");
    }
    // Not an orderly end, whose checkpoint has fsyncs of its own.
    std::process::exit(0)
}

/// The part in a process of its own.
pub(crate) fn draft(folder: &Path, saves: usize) -> ExitCode {
    let field = Field::open(folder, Arc::new(SystemClock), Random::system()).expect("the store opens");
    let mut draft = field.start_draft(DocumentKind::Incident);
    for _ in 0..saves {
        draft.body.text.push('x');
        field.save_draft(&draft).expect("the draft is kept");
    }
    std::process::exit(0)
}

pub(crate) async fn measure(figures: &mut Figures, program: Option<&Path>) {
    fsyncs(figures).await;
    let Some(program) = program else { return tell("no --program: its size and memory are not measured") };
    let size = std::fs::metadata(program).map_or(u64::MAX, |found| found.len());
    figures.at_most("relay binary, stripped", to_f64(size) / 1e6, "MB", 25.0);
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("relay");
    let made = Command::new(program)
        .args(["township", "init", "--name", "x", "--address", "https://127.0.0.1:1", "--dir"])
        .arg(&dir)
        .stdout(Stdio::null())
        .status();
    assert!(made.is_ok_and(|status| status.success()), "suishou township init");
    let mut relay = Command::new(program)
        .args(["serve", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0", "--dir"])
        .arg(&dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the relay starts");
    for _ in 0..200 {
        if dir.join("serving.json").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_secs(2));
    let resident = memory(&relay.id().to_string(), "VmRSS");
    drop(relay.kill());
    drop(relay.wait());
    figures.at_most("relay, idle memory", to_f64(resident) / 1e6, "MB", 30.0);
}

/// Counts the fsyncs of 100 captures and of 100 saves of a draft with strace, less those of opening the store.
async fn fsyncs(figures: &mut Figures) {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return tell("strace is not here: fsyncs are not counted");
    }
    let township = Township::new(901).await;
    let mut phone = township.phone("m1", 1).await;
    phone.kill();
    let own = std::env::current_exe().expect("this program");
    let count = |part: &str, times: usize| {
        let output = Command::new("strace")
            .args(["-f", "-e", "trace=fsync,fdatasync"])
            .arg(&own)
            .arg(part)
            .arg(phone.folder())
            .arg(times.to_string())
            .output()
            .expect("strace runs");
        String::from_utf8_lossy(&output.stderr).lines().filter(|line| line.contains("sync(")).count()
    };
    for (part, name) in [
        ("capture", "capture of a report, fsyncs until durable"),
        ("draft", "saving a changed draft, fsyncs until durable"),
    ] {
        let (without, with) = (count(part, 0), count(part, REPORTS));
        let each = to_f64(with.saturating_sub(without) as u64) / to_f64(REPORTS as u64);
        figures.at_most(name, each, "fsyncs", 2.0);
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn to_f64(count: u64) -> f64 {
    count as f64
}
