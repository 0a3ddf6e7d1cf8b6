//! `kill -9` of the real programs at random moments: what was called saved is there, what was receipted too.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use suishou_core::{
    error::Error,
    field::Field,
    id::{DocumentId, DraftId},
    store::Mine,
    sync::{session::Session, wire::Invitation},
    time::{Random, SystemClock},
};
use suishou_tests::harness::Township;

/// A program of the workspace, beside this test's own.
pub(crate) fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().unwrap().parent().unwrap().join(name);
    assert!(
        path.exists(),
        "{} is missing: cargo build --workspace --bins (make test does it)",
        path.display()
    );
    path
}

#[tokio::test]
async fn a_phone_killed_at_any_moment_has_everything_it_called_saved() {
    let township = Township::new(301).await;
    let mut phone = township.phone("m1", 1).await;
    phone.kill();
    let mut saved: BTreeSet<DocumentId> = BTreeSet::new();
    let mut random = Random::seeded(301);
    for cycle in 0..25_u64 {
        let mut child = Command::new(program("victim"))
            .arg(phone.folder())
            .arg(cycle.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = 1 + random.below(6);
        for line in lines.by_ref().take(usize::try_from(enough).unwrap()) {
            saved.insert(line.unwrap().parse().unwrap());
        }
        // Somewhere within the next report: photo, preview, record, step or fix.
        tokio::time::sleep(Duration::from_micros(random.below(20_000))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        saved.extend(lines.map_while(Result::ok).filter_map(|line| line.parse::<DocumentId>().ok()));
    }
    phone.start();
    let listed = phone.field().incidents(Mine::Only, 100_000, 0).unwrap();
    let there: BTreeSet<DocumentId> = listed.into_iter().map(|incident| incident.row.document).collect();
    assert!(saved.is_subset(&there), "{} saved reports are gone", saved.difference(&there).count());
    assert!(there.len() - saved.len() <= 25, "at most one report a kill was saved without being said");
    assert!(phone.field().open_patrol().unwrap().is_some(), "the patrol is still under way");
    phone.sync().await.unwrap();
    let counts = phone.field().counts().unwrap();
    assert_eq!((counts.entries_pending, counts.blobs_pending, counts.blobs_lost), (0, 0, 0));
    assert_eq!(township.settled().await.status().await.unwrap().documents["incident"], there.len() as u64);
    for incident in &saved {
        assert!(phone.field().incident(*incident).unwrap().about.stored.is_whole());
    }
}

/// What a killed app said of its drafts: how long the text was that it called saved, and which it reported.
#[derive(Default)]
struct Said {
    saved: BTreeMap<DraftId, usize>,
    reported: BTreeSet<DraftId>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        // The last line may be cut.
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["saved", draft, length] => {
                if let (Ok(draft), Ok(length)) = (draft.parse(), length.parse()) {
                    self.saved.insert(draft, length);
                }
            }
            ["reported", draft] => self.reported.extend(draft.parse::<DraftId>().ok()),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_draft_of_a_killed_phone_is_there_or_is_a_report_and_never_both() {
    let township = Township::new(303).await;
    let mut phone = township.phone("m1", 1).await;
    phone.kill();
    let mut said = Said::default();
    let mut random = Random::seeded(303);
    for cycle in 0..30_u64 {
        let mut child = Command::new(program("victim"))
            .arg(phone.folder())
            .args([cycle.to_string().as_str(), "drafts"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = usize::try_from(1 + random.below(12)).unwrap();
        for line in lines.by_ref().take(enough) {
            said.hear(&line.unwrap());
        }
        // Somewhere within the next save or report.
        tokio::time::sleep(Duration::from_micros(random.below(6_000))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            said.hear(&line);
        }
    }
    phone.start();
    let drafts: BTreeMap<DraftId, usize> =
        phone.field().drafts().unwrap().into_iter().map(|draft| (draft.id, draft.body.text.len())).collect();
    let reports: BTreeSet<DocumentId> =
        phone.field().incidents(Mine::Only, 100_000, 0).unwrap().iter().map(|one| one.row.document).collect();
    assert!(said.saved.len() >= 30 && said.reported.len() > 10, "the phone was at work");
    for (draft, length) in &said.saved {
        let (is_draft, is_report) = (drafts.contains_key(draft), reports.contains(&draft.document()));
        assert!(is_draft != is_report, "{draft}: draft {is_draft}, report {is_report}");
        assert!(
            drafts.get(draft).is_none_or(|kept| kept >= length),
            "{draft}: what was called saved is gone"
        );
        assert!(is_report || !said.reported.contains(draft), "{draft} was called reported");
    }
    let is_whole = |draft| phone.field().draft(draft).unwrap().missing.is_empty();
    assert!(drafts.keys().copied().all(is_whole), "photos of drafts are there");
    phone.sync().await.unwrap();
    let counts = phone.field().counts().unwrap();
    assert_eq!((counts.entries_pending, counts.blobs_pending, counts.blobs_lost), (0, 0, 0));
    assert_eq!(counts.entries, reports.len() as u64, "of a draft nothing was sent");
    let status = township.settled().await.status().await.unwrap();
    assert_eq!(status.documents["incident"], reports.len() as u64);
    for draft in drafts.into_keys() {
        phone.field().discard_draft(draft).unwrap();
    }
    assert!(phone.field().drafts().unwrap().is_empty());
    for report in reports {
        assert!(phone.field().incident(report).unwrap().photos.iter().all(|photo| photo.is_here));
    }
}

pub(crate) struct Relay {
    child: Child,
    folder: PathBuf,
}

impl Relay {
    fn start(folder: &Path) -> Self {
        drop(std::fs::remove_file(folder.join("serving.json")));
        let child = Command::new(program("suishou"))
            .args(["serve", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..400 {
            if folder.join("serving.json").exists() {
                return Self { child, folder: folder.to_owned() };
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the relay does not start");
    }

    /// A new township with its relay running.
    pub(crate) fn set_up(folder: &Path) -> Self {
        let made = Command::new(program("suishou"))
            .args(["township", "init", "--name", "x", "--address", "https://127.0.0.1:1", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        Self::start(folder)
    }

    /// Where phones find it.
    pub(crate) fn address(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("serving.json")).unwrap();
        let serving: serde_json::Value = serde_json::from_str(&text).unwrap();
        serving["device"].as_str().unwrap().to_owned()
    }

    /// What a command says that fails, with its exit code.
    pub(crate) fn refused(&self, arguments: &[&str]) -> (i32, String) {
        let output =
            Command::new(program("suishou")).args(arguments).arg("--dir").arg(&self.folder).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = Command::new(program("suishou"))
            .args(arguments)
            .args(["--json", "--dir"])
            .arg(&self.folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_killed_at_any_moment_holds_everything_it_receipted() {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("relay");
    let members = kept.path().join("members.csv");
    std::fs::write(&members, "id,name,role,grids,department,phone\ni1,x,informant,,,\n").unwrap();
    let mut relay = Relay::set_up(&folder);
    relay.json(&["member", "import", members.to_str().unwrap()]);
    let invitation = relay.json(&["enrol", "i1"])["invitation"].as_str().unwrap().to_owned();
    let invitation = Invitation::from_text(&invitation).unwrap();
    let link = kept.path().join("phone");
    let field = Field::open(&link, Arc::new(SystemClock), Random::seeded(1)).unwrap();
    // The relay's port changes at every start: the phone goes through a port that does not.
    let port = forward(&folder);
    let invitation = Invitation { addresses: vec![format!("https://127.0.0.1:{port}")], ..invitation };
    field.enrol(&invitation.to_text()).await.unwrap();
    let mut random = Random::seeded(302);
    let mut receipted: BTreeSet<DocumentId> = BTreeSet::new();
    for cycle in 0..12_u64 {
        for number in 0..40 {
            let draft = suishou_core::field::ReportDraft {
                text: format!("{cycle}-{number}"),
                category: suishou_core::id::CategoryId::new("order").unwrap(),
                severity: suishou_core::model::Severity::Normal,
                fix: None,
                grid: None,
                photos: vec![field.add_photo(&crate::scenarios::photo(cycle * 100 + number), &[]).unwrap()]
                    .into_iter()
                    .filter(|_| number == 0)
                    .collect(),
                voice: None,
                is_anonymous: false,
                matter: None,
            };
            field.report(draft).unwrap();
        }
        let killing = tokio::time::sleep(Duration::from_millis(random.below(60)));
        let mut session = Session::default();
        tokio::select! {
            outcome = field.run(&mut session) => {
                if let Err(error) = outcome { assert!(matches!(error, Error::Offline(_)), "{error}"); }
            }
            () = killing => {}
        }
        relay.kill();
        // What the phone believes is stored by now must be there in the next life of the process.
        for incident in field.incidents(Mine::Only, 100_000, 0).unwrap() {
            if incident.stored.entries == incident.stored.entries_stored {
                receipted.insert(incident.row.document);
            }
        }
        relay = Relay::start(&folder);
        for incident in receipted.iter().rev().take(3) {
            relay.json(&["incident", "show", &incident.to_string()]);
        }
    }
    let mut synced = false;
    for _ in 0..100 {
        let mut session = Session::default();
        if field.run(&mut session).await.is_ok() {
            synced = true;
            break;
        }
        // A relay that has too much to do on a busy machine says when to come again.
        tokio::time::sleep(session.retry_after().unwrap_or(Duration::from_millis(100))).await;
    }
    assert!(synced);
    let status = relay.json(&["status"]);
    assert_eq!(status["documents"]["incident"].as_u64(), Some(12 * 40), "each exactly once");
    assert!(receipted.len() <= 480);
    let counts = field.counts().unwrap();
    assert_eq!((counts.entries_pending, counts.blobs_pending, counts.blobs_lost), (0, 0, 0));
}

/// Forwards a port of its own to wherever the relay of this folder listens at the moment.
fn forward(folder: &Path) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for phone in listener.incoming().flatten() {
            let Ok(text) = std::fs::read_to_string(folder.join("serving.json")) else { continue };
            let Ok(serving) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            let target =
                serving["device"].as_str().unwrap_or_default().trim_start_matches("https://").to_owned();
            let Ok(relay) = std::net::TcpStream::connect(target.trim_end_matches('/')) else { continue };
            let pipe = |mut from: std::net::TcpStream, mut to: std::net::TcpStream| {
                std::thread::spawn(move || {
                    drop(std::io::copy(&mut from, &mut to));
                    drop(to.shutdown(std::net::Shutdown::Both));
                });
            };
            pipe(phone.try_clone().unwrap(), relay.try_clone().unwrap());
            pipe(relay, phone);
        }
    });
    port
}
