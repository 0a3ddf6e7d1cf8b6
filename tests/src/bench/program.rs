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
    store::Query,
    time::{Random, SystemClock},
};
use suishou_tests::harness::Township;

use super::{
    figures::{Figures, tell},
    proc::memory,
    running::Running,
};

const REPORTS: usize = 100;
const SYNCED: usize = 10_000;

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
    let relay = Running::start(program, folder.path().join("relay"));
    std::thread::sleep(Duration::from_secs(2));
    let resident = memory(&relay.pid(), "VmRSS");
    figures.at_most("relay, idle memory", to_f64(resident) / 1e6, "MB", 30.0);
    syncing(figures, &relay, folder.path()).await;
}

/// The part in a process of its own: syncs and says its peak memory and how many incidents it has.
pub(crate) fn sync(folder: &Path) -> ExitCode {
    let field = Field::open(folder, Arc::new(SystemClock), Random::system()).expect("the store opens");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(field.sync()).expect("the sync works");
    let incidents = field.count(&Query::default()).expect("a count");
    tell(&format!("{} {incidents}", memory("self", "VmHWM")));
    ExitCode::SUCCESS
}

/// Peak memory of a phone's process that pushes 10,000 reports, and of another that pulls them.
async fn syncing(figures: &mut Figures, relay: &Running, folder: &Path) {
    let members = folder.join("members.csv");
    std::fs::write(&members, "id,name,role,grids,department,phone\nm1,x,member,,,\n").expect("a sheet");
    relay.json(&["member", "import", members.to_str().expect("a path")]);
    let (first, second) = (folder.join("first"), folder.join("second"));
    for phone in [&first, &second] {
        let field = Field::open(phone, Arc::new(SystemClock), Random::system()).expect("the store opens");
        field.enrol(&relay.invitation("m1").await.to_text()).await.expect("the phone joins");
    }
    let own = std::env::current_exe().expect("this program");
    let part = |arguments: &[&str], phone: &Path| {
        let mut command = Command::new(&own);
        command.arg(arguments.first().expect("a part")).arg(phone).args(arguments.iter().skip(1));
        let output = command.output().expect("this program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    part(&["capture", &SYNCED.to_string()], &first);
    for (phone, name) in
        [(&first, "pushing 10,000 reports, peak memory"), (&second, "pulling 10,000 reports, peak memory")]
    {
        for _ in 0..600 {
            let status = relay.json(&["status"]);
            if status["projected_seq"] == status["stored_seq"] {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let said = part(&["sync"], phone);
        let numbers: Vec<u64> = said.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [peak, incidents] = numbers.as_slice() else { panic!("{said}") };
        assert_eq!(*incidents, SYNCED as u64, "all are there");
        figures.at_most(name, to_f64(*peak) / 1e6, "MB", 40.0);
    }
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
