//! `backup`, `restore`, `check`, `doctor`, `install`: what keeps a relay alive. They go through the running relay
//! if there is one, and work on the folder itself if there is none.

mod backup;
mod check;
mod doctor;
mod install;

use std::{io::BufRead as _, path::Path, time::Duration};

use serde_json::Value;

pub(super) use self::{
    backup::{backup, restore},
    check::check,
    doctor::doctor,
    install::install,
};
use super::{
    client::Client,
    failure::Failure,
    lists::mebibytes,
    output::{complain, is_terminal, tell},
    value::{number, text, time},
};
use crate::words::Words;

/// How often it is asked whether something has ended.
const ASK: Duration = Duration::from_millis(150);

/// A runtime for asking the relay.
fn wait_for<T>(asking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::Output(error.kind()))?.block_on(asking)
}

/// Begins something in the running relay and waits for its end; none if no relay runs.
async fn through_relay(
    folder: &Path,
    path: &str,
    form: Value,
    words: &'static Words,
) -> Result<Option<Value>, Failure> {
    let client = match Client::find(folder, words) {
        Ok(client) => client,
        Err(Failure::NotRunning { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    let begun = match client.post(path, form).await {
        Err(Failure::NotRunning { .. }) => return Ok(None),
        other => other?,
    };
    let after = number(&begun, "after");
    let mut told = 0;
    loop {
        let state = client.get("/api/backups").await?;
        if let Some(ended) = state.get("ended").filter(|ended| number(ended, "number") > after) {
            let code = text(ended, "error");
            if !code.is_empty() {
                return Err(Failure::Keeping { code, detail: text(ended, "detail") });
            }
            return Ok(Some(ended.clone()));
        }
        let (done, total) = (number(&state, "running.done"), number(&state, "running.total"));
        if is_terminal() && total > 0 && done * 20 / total > told {
            told = done * 20 / total;
            complain(&words.say("keeping.progress", &[("done", &done), ("total", &total)]));
        }
        tokio::time::sleep(ASK).await;
    }
}

/// The end of `status`: room on the disk, and the last backup.
pub(super) fn say_status(status: &Value, words: &'static Words) -> Result<(), Failure> {
    let level = match (text(status, "disk.is_full") == "true", text(status, "disk.is_low") == "true") {
        (true, _) => "status.disk_full",
        (_, true) => "status.disk_low",
        _ => "status.disk_ok",
    };
    let backup = match text(status, "keeping.kept.backup_at") {
        at if at.is_empty() => words.word("status.backup_never").to_owned(),
        _ => time(status, "keeping.kept.backup_at"),
    };
    let overdue =
        if text(status, "keeping.is_overdue") == "true" { words.word("status.backup_overdue") } else { "" };
    tell(
        words,
        "status.keeping",
        &[
            ("free", &mebibytes(number(status, "disk.free_bytes"))),
            ("level", &words.word(level)),
            ("backup", &backup),
            ("overdue", &overdue),
        ],
    )
}

/// The first line of standard input.
fn passphrase() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| Failure::Output(error.kind()))?;
    let line = line.trim_end_matches(['\r', '\n']).to_owned();
    if line.is_empty() {
        return Err(Failure::Keeping { code: "no_key".to_owned(), detail: String::new() });
    }
    Ok(line)
}
