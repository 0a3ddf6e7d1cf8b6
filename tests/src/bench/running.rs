//! The released relay in a process of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use suishou_core::sync::{
    client::Client,
    exchange::{Method, Request},
    wire::Invitation,
};

use super::proc::memory;

/// Variables of the environment with their values.
pub(crate) type Variables = &'static [(&'static str, &'static str)];

/// A relay that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    program: PathBuf,
    dir: PathBuf,
    child: Child,
    set: Variables,
}

impl Running {
    /// Makes a township and serves it.
    pub(crate) fn start(program: &Path, dir: PathBuf) -> Self {
        Self::start_with(program, dir, &[])
    }

    /// The same, set by these variables.
    pub(crate) fn start_with(program: &Path, dir: PathBuf, set: Variables) -> Self {
        let made = Command::new(program)
            .args(["township", "init", "--name", "x", "--address", "https://127.0.0.1:1", "--dir"])
            .arg(&dir)
            .stdout(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "suishou township init");
        let child = serve(program, &dir, "127.0.0.1:0", set);
        Self { program: program.to_owned(), dir, child, set }
    }

    /// Ends it without a warning and serves again under the same address.
    pub(crate) fn kill_and_restart(&mut self) {
        let address = self.phones_connect_to();
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_file(self.dir.join("serving.json")));
        self.child = serve(&self.program, &self.dir, address.trim_start_matches("https://"), self.set);
    }

    /// The process.
    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// The most memory that it has had, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        memory(&self.pid(), "VmHWM")
    }

    /// What a command prints as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(&self.program);
        let output = command.args(arguments).args(["--json", "--dir"]).arg(&self.dir).output();
        let output = output.expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn serving(&self, key: &str) -> String {
        let text = fs::read(self.dir.join("serving.json")).expect("it is serving");
        let serving: Value = serde_json::from_slice(&text).expect("JSON");
        serving[key].as_str().expect("an address").to_owned()
    }

    /// Its address for phones.
    pub(crate) fn phones_connect_to(&self) -> String {
        self.serving("device")
    }

    /// Asks `/api`, as its programs on this machine do.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Value {
        let token = fs::read_to_string(self.dir.join("api.token")).expect("a token");
        let request = Request::new(Method::Post, path)
            .content("application/json", body.to_string().into_bytes())
            .bearer(token.trim());
        let client = Client::new(None).expect("a client");
        let answer = client.send(&format!("http://{}", self.serving("api")), request).await;
        let answer = answer.expect("the relay answers");
        assert!(answer.status < 300, "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// An invitation for a phone of the member, to the address at which it runs.
    pub(crate) async fn invitation(&self, member: &str) -> Invitation {
        let answer = self.ask("/api/enrolments", &serde_json::json!({ "member": member })).await;
        let invitation = Invitation::from_text(answer["invitation"].as_str().expect("a text"));
        Invitation { addresses: vec![self.phones_connect_to()], ..invitation.expect("an invitation") }
    }

    /// Waits until documents have caught up with the log.
    pub(crate) fn settle(&self) {
        for _ in 0..6_000 {
            let status = self.json(&["status"]);
            if status["projected_seq"] == status["stored_seq"] {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn serve(program: &Path, dir: &Path, listen: &str, set: Variables) -> Child {
    let child = Command::new(program)
        .args(["serve", "--listen", listen, "--api-listen", "127.0.0.1:0", "--dir"])
        .arg(dir)
        .envs(set.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the relay starts");
    for _ in 0..400 {
        if dir.join("serving.json").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    child
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
