//! The town hall's machine: the real `suishou` program, as an operator would use it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::Failed;

/// A running relay and the command line beside it.
#[derive(Debug)]
pub(crate) struct Office {
    program: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    relay: Child,
}

impl Office {
    /// Makes a township and starts its relay; port 0 is not used, so that the address is the same each time
    /// unless somebody else has it.
    pub(crate) fn open(program: &Path, folder: &Path, name: &str) -> Result<Self, Failed> {
        std::fs::create_dir_all(folder).map_err(|error| Failed::new("making the folder", &error))?;
        let folder = folder.join("relay");
        let made = Command::new(program)
            .args(["township", "init", "--name", name, "--address", "https://127.0.0.1:8443", "--dir"])
            .arg(&folder)
            .stdout(Stdio::null())
            .status();
        match made {
            Ok(status) if status.success() => {}
            other => return Err(Failed::new("suishou township init", &format!("{other:?}"))),
        }
        let log = folder.with_file_name("relay.log");
        let file = std::fs::File::create(&log).map_err(|error| Failed::new("making the log", &error))?;
        let listen = |port: u16| {
            let is_free = std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
            format!("127.0.0.1:{}", if is_free { port } else { 0 })
        };
        let relay = Command::new(program)
            .args(["serve", "--listen", &listen(8443), "--api-listen", &listen(8444), "--dir"])
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| Failed::new("suishou serve", &error))?;
        let mut office = Self { program: program.to_owned(), folder, log, relay };
        office.await_relay()?;
        Ok(office)
    }

    fn await_relay(&mut self) -> Result<(), Failed> {
        for _ in 0..200 {
            if self.folder.join("serving.json").exists() && self.json(&["status"]).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.relay.try_wait() {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                return Err(Failed::new("suishou serve", &format!("{status}\n{log}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Failed::new("suishou serve", &"the relay does not answer after 10 s"))
    }

    /// Where the relay listens for phones, as host and port.
    pub(crate) fn phones_connect_to(&self) -> Result<String, Failed> {
        let serving = std::fs::read_to_string(self.folder.join("serving.json"));
        let serving: Value = serving
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or_else(|| Failed::new("reading serving.json", &"not readable"))?;
        let device = serving.get("device").and_then(Value::as_str).unwrap_or_default();
        Ok(device.trim_start_matches("https://").trim_end_matches('/').to_owned())
    }

    /// Where the township's files lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the relay writes its log.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Runs a command of the operator's and reads its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Result<Value, Failed> {
        run(&self.program, &self.folder, arguments)
    }

    /// The same, from another thread.
    pub(crate) fn desk(&self) -> Desk {
        Desk { program: self.program.clone(), folder: self.folder.clone() }
    }

    /// Stops the relay as Ctrl-C does, and waits for its end.
    pub(crate) fn close(&mut self) {
        if matches!(self.relay.try_wait(), Ok(Some(_))) {
            return;
        }
        let asked = Command::new("kill").arg(self.relay.id().to_string()).status();
        if asked.is_ok_and(|status| status.success()) {
            for _ in 0..400 {
                if let Ok(Some(_)) = self.relay.try_wait() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        drop(self.relay.kill());
        drop(self.relay.wait());
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.close();
    }
}

/// One operator at the command line.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    program: PathBuf,
    folder: PathBuf,
}

impl Desk {
    /// Runs a command of the operator's and reads its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Result<Value, Failed> {
        run(&self.program, &self.folder, arguments)
    }
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Result<Value, Failed> {
    let what = || format!("suishou {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .args(["--json", "--dir"])
        .arg(folder)
        .output()
        .map_err(|error| Failed::new(&what(), &error))?;
    if !output.status.success() {
        return Err(Failed::new(&what(), &String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| Failed::new(&what(), &error))
}
