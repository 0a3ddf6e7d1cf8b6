//! `retention …`: how long what is kept, holds, and runs.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{
    args::Retention,
    client::{Client, Payload},
    failure::Failure,
    form::whole,
    lists::show,
    output::{Table, say, say_json, tell},
    value::{items, number, short, text, time},
};
use crate::words::Words;

/// Between two looks at a run.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Lists in which a document is looked for.
const LISTS: [&str; 7] = ["incidents", "patrols", "households", "visits", "tasks", "warnings", "notices"];

/// Runs one of the commands about retention.
pub(super) async fn retention(
    client: &Client,
    command: Retention,
    words: &'static Words,
) -> Result<(), Failure> {
    match command {
        Retention::Show(format) => {
            let all = client.get("/api/retention").await?;
            if format.json { say_json(&all) } else { say(&shown(&all, words)) }
        }
        Retention::Set(set) => {
            let body = json!({ "kind": set.kind, "amount": set.amount });
            let all = client.put("/api/retention", Payload::Json(body)).await?;
            if set.format.json { say_json(&all) } else { say(&rules(&all, words)) }
        }
        Retention::Run(run) if run.dry_run => {
            let due = client.get("/api/retention/due").await?;
            let mut table = table(words, &["kind", "documents", "oldest", "newest", "unnamed_blobs"]);
            for kind in items(&due, "due") {
                table.row([
                    words.word(&format!("retain.{}", text(kind, "kind"))).to_owned(),
                    text(kind, "documents"),
                    short(&text(kind, "oldest")),
                    short(&text(kind, "newest")),
                    text(kind, "unnamed_blobs"),
                ]);
            }
            show(&due, &table, run.format, words)
        }
        Retention::Run(run) => {
            let begun = client.post("/api/retention/runs", json!({})).await?;
            let path = format!("/api/retention/runs/{}", number(&begun, "run"));
            let mut done = begun;
            while text(&done, "ended_at").is_empty() {
                tokio::time::sleep(LOOK_AGAIN).await;
                done = client.get(&path).await?;
            }
            show(&done, &gone(&done, words), run.format, words)
        }
        Retention::Hold(hold) => {
            let id = find(client, &hold.document).await?;
            let body = Payload::Json(json!({ "reason": hold.reason }));
            client.put(&format!("/api/retention/holds/{id}"), body).await?;
            tell(words, "retain.held", &[("id", &id)])
        }
        Retention::Release(named) => {
            let id = find(client, &named.id).await?;
            let answer = client.call(Method::DELETE, &format!("/api/retention/holds/{id}")).await?;
            if named.format.json { say_json(&answer) } else { tell(words, "retain.released", &[("id", &id)]) }
        }
    }
}

/// The document of whichever kind.
async fn find(client: &Client, given: &str) -> Result<String, Failure> {
    let mut last = None;
    for list in LISTS {
        match whole(client, list, given).await {
            Err(failure @ Failure::Id { key: "fail.id_unknown", .. }) => last = Some(failure),
            found => return found,
        }
    }
    Err(last.unwrap_or(Failure::Id { key: "fail.id_unknown", given: given.to_owned() }))
}

fn table(words: &Words, columns: &[&str]) -> Table {
    Table::with_heads(columns.iter().map(|column| words.word(&format!("retain.column.{column}")).to_owned()))
}

fn rules(all: &Value, words: &Words) -> String {
    let mut table = table(words, &["kind", "amount"]);
    for rule in items(all, "rules") {
        let kept = match number(rule, "amount") {
            0 => words.word("retain.for_ever").to_owned(),
            amount => format!("{amount} {}", words.word(&format!("retain.{}", text(rule, "unit")))),
        };
        table.row([words.word(&format!("retain.{}", text(rule, "kind"))).to_owned(), kept]);
    }
    table.lines(words)
}

fn gone(run: &Value, words: &Words) -> Table {
    let mut table = table(words, &["kind", "documents", "bodies", "blobs"]);
    for (kind, gone) in run.get("counts").and_then(Value::as_object).into_iter().flatten() {
        let cells = ["documents", "bodies", "blobs"].map(|name| text(gone, name));
        table.row([words.word(&format!("retain.{kind}")).to_owned()].into_iter().chain(cells));
    }
    table
}

fn shown(all: &Value, words: &Words) -> String {
    let mut holds = table(words, &["document", "since", "reason"]);
    for hold in items(all, "holds") {
        holds.row([short(&text(hold, "document")), time(hold, "held_at"), text(hold, "reason")]);
    }
    let mut runs = table(words, &["run", "started", "ended", "documents"]);
    for run in items(all, "runs") {
        let counts = run.get("counts").and_then(Value::as_object).into_iter().flatten();
        let documents: u64 = counts.map(|(_, gone)| number(gone, "documents")).sum();
        runs.row([text(run, "run"), time(run, "started_at"), time(run, "ended_at"), documents.to_string()]);
    }
    let title = |key: &str| words.word(key).to_owned();
    [
        rules(all, words),
        title("retain.note"),
        String::new(),
        title("retain.holds"),
        holds.lines(words),
        String::new(),
        title("retain.runs"),
        runs.lines(words),
    ]
    .join("\n")
}
