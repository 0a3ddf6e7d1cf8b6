//! `intake …`: the systems from which matters come, and what came.

use serde_json::{Map, Value, json};

use super::{
    args::{Intake, IntakeImport, IntakeList, Source, SourceAdd},
    client::{Client, Payload, encoded, query},
    failure::Failure,
    form::whole,
    lists::{read, show},
    output::{Table, say_json, tell},
    sheet::Sheet,
    value::{items, number, short, text, time, word},
};
use crate::words::Words;

/// Runs one of the commands.
pub(super) async fn intake(client: &Client, command: Intake, words: &'static Words) -> Result<(), Failure> {
    match command {
        Intake::Source(source) => self::source(client, source, words).await,
        Intake::List(list) => self::list(client, &list, words).await,
        Intake::Import(import) => self::import(client, &import, words).await,
        Intake::Contact(named) => {
            let id = whole(client, "incidents", &named.id).await?;
            let contact = client.get(&format!("/api/incidents/{id}/contact")).await?;
            if named.format.json {
                return say_json(&contact);
            }
            Sheet::of(&contact, &Value::Null, words).text("name", "name").text("phone", "phone").say()
        }
    }
}

async fn source(client: &Client, command: Source, words: &'static Words) -> Result<(), Failure> {
    match command {
        Source::Add(add) => {
            let made = client.post("/api/intake-sources", form(&add, words)?).await?;
            secret(&made, add.format.json, words)
        }
        Source::Rotate(named) => {
            let path = format!("/api/intake-sources/{}/rotate", encoded(&named.id));
            secret(&client.post(&path, json!({})).await?, named.format.json, words)
        }
        Source::Disable(named) => {
            switch(client, "intake-sources", &named.id, false, named.format.json, words).await
        }
        Source::Enable(named) => {
            switch(client, "intake-sources", &named.id, true, named.format.json, words).await
        }
        Source::List(format) => {
            let sources = client.get("/api/intake-sources").await?;
            let mut table =
                Table::new(words, &["id", "kind", "name", "category", "grid", "state", "callback"]);
            for source in items(&sources, "sources") {
                table.row([
                    text(source, "id"),
                    word(words, "source", source, "kind"),
                    text(source, "name"),
                    text(source, "rules.category"),
                    text(source, "rules.grid"),
                    enabled(source, words),
                    text(source, "callback"),
                ]);
            }
            show(&sources, &table, format, words)
        }
    }
}

/// Whether something is in use.
pub(super) fn enabled(value: &Value, words: &Words) -> String {
    let key = if super::value::is(value, "is_enabled") { "use.enabled" } else { "use.disabled" };
    words.word(key).to_owned()
}

/// Turns a source or a hook on or off.
pub(super) async fn switch(
    client: &Client,
    list: &str,
    id: &str,
    is_enabled: bool,
    json: bool,
    words: &'static Words,
) -> Result<(), Failure> {
    let path = format!("/api/{list}/{}/enabled", encoded(id));
    let done = client.post(&path, json!({ "is_enabled": is_enabled })).await?;
    if json {
        return say_json(&done);
    }
    let state = enabled(&done, words);
    tell(words, "use.done", &[("id", &text(&done, "id")), ("state", &state)])
}

/// Shows a secret, this once.
pub(super) fn secret(made: &Value, json: bool, words: &'static Words) -> Result<(), Failure> {
    if json {
        return say_json(made);
    }
    tell(words, "secret.made", &[("id", &text(made, "id")), ("secret", &text(made, "secret"))])
}

fn form(add: &SourceAdd, words: &Words) -> Result<Value, Failure> {
    Ok(json!({
        "id": add.id,
        "kind": add.kind,
        "name": add.name,
        "rules": {
            "category": add.category,
            "severity": add.severity,
            "grid": add.grid,
            "categories": pairs(&add.categories, words)?,
            "severities": pairs(&add.severities, words)?,
            "grids": pairs(&add.grids, words)?,
        },
        "callback": add.callback,
        "authority": authority(add.ca.as_deref())?,
        "with_text": add.with_text,
    }))
}

/// Words of another system with the township's.
fn pairs(given: &[String], words: &Words) -> Result<Map<String, Value>, Failure> {
    let pair = |pair: &String| match pair.rsplit_once('=') {
        Some((word, code)) if !word.trim().is_empty() && !code.trim().is_empty() => {
            Ok((word.trim().to_owned(), Value::from(code.trim())))
        }
        _ => Err(Failure::Refused {
            reason: words.say("intake.no_pair", &[("given", pair)]),
            problems: Vec::new(),
        }),
    };
    given.iter().map(pair).collect()
}

/// A file with certificates.
pub(super) fn authority(file: Option<&std::path::Path>) -> Result<Option<String>, Failure> {
    file.map(|file| Ok(String::from_utf8_lossy(&read(file)?).into_owned())).transpose()
}

async fn list(client: &Client, list: &IntakeList, words: &'static Words) -> Result<(), Failure> {
    let limit = list.limit.to_string();
    let before = list.before.map(|before| before.to_string());
    let query =
        query(&[("source", list.source.as_deref()), ("limit", Some(&limit)), ("before", before.as_deref())]);
    let found = client.get(&format!("/api/intake-items{query}")).await?;
    let columns = ["source", "external_id", "id", "state", "updates", "received_at", "updated_at"];
    let mut table = Table::new(words, &columns);
    for item in items(&found, "items") {
        table.row([
            text(item, "source"),
            text(item, "external_id"),
            short(&text(item, "incident")),
            word(words, "state", item, "incident_state"),
            text(item, "updates"),
            time(item, "received_at"),
            time(item, "updated_at"),
        ]);
    }
    show(&found, &table, list.format, words)
}

async fn import(client: &Client, import: &IntakeImport, words: &'static Words) -> Result<(), Failure> {
    let query =
        query(&[("source", Some(import.source.as_str())), ("dry_run", import.dry_run.then_some("true"))]);
    let file = Payload::Csv(read(&import.file)?);
    let done = client.send(&format!("/api/intake-items{query}"), file).await?;
    if import.format.json {
        return say_json(&done);
    }
    let key = if import.dry_run { "intake.foreseen" } else { "intake.imported" };
    let count = |name| number(&done, name);
    tell(
        words,
        key,
        &[("added", &count("added")), ("updated", &count("updated")), ("unchanged", &count("unchanged"))],
    )
}
