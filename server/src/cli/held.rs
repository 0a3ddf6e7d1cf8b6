//! `held …`: entries that take no effect, looked at, tried again, turned down.

use serde_json::{Value, json};

use super::{
    args::{Held, HeldReject, HeldRelease, HeldShow},
    client::Client,
    device::released,
    failure::Failure,
    lists,
    output::{Table, say, say_json, tell},
    value::{is, items, resolve, short, text, time, word},
};
use crate::{folder, words::Words};

/// `held …`
pub(super) async fn held(client: &Client, held: Held, words: &'static Words) -> Result<(), Failure> {
    match held {
        Held::List(list) => {
            let path = if list.all { "/api/held?all=true" } else { "/api/held" };
            let held = client.get(path).await?;
            lists::show(&held, &table(&held, words), list.format, words)
        }
        Held::Show(wanted) => show(client, &wanted, words).await,
        Held::Release(wanted) => release(client, &wanted, words).await,
        Held::Reject(wanted) => reject(client, &wanted, words).await,
    }
}

fn table(held: &Value, words: &'static Words) -> Table {
    let columns = ["entry", "document", "kind", "device", "author", "received_at", "reason", "reply"];
    let mut table = Table::new(words, &columns);
    for entry in items(held, "held") {
        table.row([
            short(&text(entry, "entry")),
            short(&text(entry, "document")),
            word(words, "document", entry, "kind"),
            short(&text(entry, "device")),
            text(entry, "author"),
            time(entry, "received_at"),
            word(words, "held", entry, "code"),
            text(entry, "reply"),
        ]);
    }
    table
}

/// A whole id as it is; a short one must be that of one entry in the list.
async fn find(client: &Client, given: &str) -> Result<String, Failure> {
    let given = given.trim();
    if given.len() == 64 && given.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(given.to_ascii_lowercase());
    }
    let held = client.get("/api/held?all=true").await?;
    resolve(given, items(&held, "held").iter().map(|entry| text(entry, "entry")))
}

async fn show(client: &Client, wanted: &HeldShow, words: &'static Words) -> Result<(), Failure> {
    let id = find(client, &wanted.id).await?;
    if let Some(path) = &wanted.raw {
        let bytes = client.bytes(&format!("/api/held/{id}/raw")).await?;
        folder::replace_private(path, &bytes).map_err(Failure::from)?;
    }
    let entry = client.get(&format!("/api/held/{id}")).await?;
    if wanted.format.json {
        return say_json(&entry);
    }
    let mut lines = Vec::new();
    let mut line = |key: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{}: {value}", words.word(&format!("column.{key}"))));
        }
    };
    line("entry", text(&entry, "entry"));
    line("document", format!("{} {}", word(words, "document", &entry, "kind"), text(&entry, "document")));
    line("what", word(words, "entry", &entry, "what"));
    line("reason", word(words, "held", &entry, "code"));
    line("device", text(&entry, "device"));
    line("author", text(&entry, "author"));
    line("claimed_at", time(&entry, "claimed_at"));
    line("received_at", time(&entry, "received_at"));
    line("bytes", text(&entry, "size_bytes"));
    line("text", text(&entry, "text"));
    line("reply", text(&entry, "reply"));
    line("replied_at", time(&entry, "replied_at"));
    say(&lines.join("\n"))?;
    match &wanted.raw {
        Some(path) => tell(words, "held.saved", &[("path", &path.display())]),
        None => Ok(()),
    }
}

async fn release(client: &Client, wanted: &HeldRelease, words: &'static Words) -> Result<(), Failure> {
    if let Some(device) = &wanted.device {
        let devices = client.get("/api/devices").await?;
        let id = resolve(device, items(&devices, "devices").iter().map(|device| text(device, "id")))?;
        let answer = client.post(&format!("/api/devices/{id}/release"), json!({})).await?;
        return if wanted.format.json { say_json(&answer) } else { released(&answer, words) };
    }
    let id = find(client, wanted.id.as_deref().unwrap_or_default()).await?;
    let answer = client.post(&format!("/api/held/{id}/release"), json!({})).await?;
    if wanted.format.json {
        return say_json(&answer);
    }
    if is(&answer, "is_released") {
        return tell(words, "held.released", &[("id", &short(&id))]);
    }
    let reason = word(words, "held", &answer, "code");
    tell(words, "held.not_released", &[("id", &short(&id)), ("reason", &reason)])
}

async fn reject(client: &Client, wanted: &HeldReject, words: &'static Words) -> Result<(), Failure> {
    let id = find(client, &wanted.id).await?;
    let answer = client.post(&format!("/api/held/{id}/reject"), json!({ "reply": wanted.word })).await?;
    if wanted.format.json { say_json(&answer) } else { tell(words, "held.rejected", &[("id", &short(&id))]) }
}
