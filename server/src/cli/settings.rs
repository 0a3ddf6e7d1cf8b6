//! `settings …` and `checkpoint …`: the township's wording and rules as a file.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    args::{Checkpoint, Diff, Format, Settings},
    client::{Client, Payload},
    failure::Failure,
    lists::{imported, read, show, write},
    output::{Table, say, say_json},
    value::{items, text, time},
};
use crate::words::{Lang, Words};

/// The lists of a settings file.
const LISTS: [&str; 9] = [
    "categories",
    "reasons",
    "answers",
    "departments",
    "checkpoints",
    "purposes",
    "forms",
    "hazards",
    "themes",
];

/// Runs one of the commands about settings.
pub(super) async fn settings(
    client: &Client,
    command: Settings,
    words: &'static Words,
) -> Result<(), Failure> {
    match command {
        Settings::Show(format) => summary(client, format, words).await,
        Settings::Export(export) => {
            let version = export.version.map_or_else(|| "current".to_owned(), |version| version.to_string());
            let file = client.get(&format!("/api/settings/versions/{version}")).await?;
            write(&export.file, &file, words)
        }
        Settings::Import(import) => {
            let bytes = read(&import.file)?;
            let file: Value = serde_json::from_slice(&bytes).map_err(|error| Failure::Refused {
                reason: words.say("api.malformed", &[("detail", &error)]),
                problems: Vec::new(),
            })?;
            imported(&client.put("/api/settings", Payload::Json(file)).await?, &import, words)
        }
        Settings::History(format) => {
            let versions = client.get("/api/settings/versions").await?;
            let mut table = Table::new(words, &["version", "made_at", "size"]);
            for version in items(&versions, "versions") {
                table.row([text(version, "version"), time(version, "made_at"), text(version, "size_bytes")]);
            }
            show(&versions, &table, format, words)
        }
        Settings::Diff(diff) => compare(client, &diff, words).await,
    }
}

async fn summary(client: &Client, format: Format, words: &'static Words) -> Result<(), Failure> {
    let settings = client.get("/api/settings/versions/current").await?;
    if format.json {
        return say_json(&settings);
    }
    let language = match words.lang() {
        Lang::Chinese => "zh",
        Lang::English => "en",
    };
    let mut lines = vec![format!("{}: {}", words.word("column.version"), text(&settings, "version"))];
    for list in LISTS {
        lines.push(format!("{}:", words.word(&format!("settings.{list}"))));
        for item in items(&settings, list) {
            let name = [format!("name.{language}"), format!("words.{language}"), "name".to_owned()];
            let name = name.iter().map(|path| text(item, path)).find(|name| !name.is_empty());
            let hours = items(item, "due_hours").iter().map(Value::to_string).collect::<Vec<_>>().join("/");
            let line = format!("  {}  {}  {hours}", text(item, "id"), name.unwrap_or_default());
            lines.push(line.trim_end().to_owned());
        }
    }
    say(&lines.join("\n"))
}

async fn compare(client: &Client, diff: &Diff, words: &'static Words) -> Result<(), Failure> {
    let old = client.get(&format!("/api/settings/versions/{}", diff.old)).await?;
    let new = client.get(&format!("/api/settings/versions/{}", diff.new)).await?;
    let changes = changes(&old, &new);
    if diff.format.json {
        return say_json(&json!({ "changes": changes }));
    }
    if changes.is_empty() {
        return say(words.word("say.none"));
    }
    let lines = changes.iter().map(|change| {
        let side = |name: &str| change.get(name).filter(|value| !value.is_null()).map(ToString::to_string);
        let path = text(change, "path");
        match (side("old"), side("new")) {
            (None, Some(new)) => format!("+ {path}: {new}"),
            (Some(old), None) => format!("- {path}: {old}"),
            (old, new) => format!("~ {path}: {} → {}", old.unwrap_or_default(), new.unwrap_or_default()),
        }
    });
    say(&lines.collect::<Vec<_>>().join("\n"))
}

/// What is different, by path; items of lists go by their codes, so that one more in the middle is one change.
fn changes(old: &Value, new: &Value) -> Vec<Value> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    flatten("", old, &mut before);
    flatten("", new, &mut after);
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    let different =
        paths.into_iter().filter(|path| *path != "version" && before.get(*path) != after.get(*path));
    different.map(|path| json!({ "path": path, "old": before.get(path), "new": after.get(path) })).collect()
}

fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "id") {
                flatten(&join(name), value, into);
            }
        }
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_object) => {
            for (place, item) in list.iter().enumerate() {
                let code = text(item, "id");
                let name = if code.is_empty() { place.to_string() } else { code };
                flatten(&join(&name), item, into);
            }
        }
        other => {
            into.insert(path.to_owned(), other.clone());
        }
    }
}

/// Runs one of the commands about checkpoints.
pub(super) async fn checkpoint(
    client: &Client,
    command: Checkpoint,
    words: &'static Words,
) -> Result<(), Failure> {
    let format = match command {
        Checkpoint::Import(import) => {
            let file = Payload::Csv(read(&import.file)?);
            return imported(&client.put("/api/checkpoints", file).await?, &import, words);
        }
        Checkpoint::List(format) => format,
    };
    let settings = client.get("/api/settings").await?;
    let checkpoints = json!({ "checkpoints": items(&settings, "checkpoints") });
    let mut table = Table::new(words, &["id", "name", "grid", "place"]);
    for checkpoint in items(&checkpoints, "checkpoints") {
        let place =
            format!("{}, {}", text(checkpoint, "position.latitude"), text(checkpoint, "position.longitude"));
        table.row([text(checkpoint, "id"), text(checkpoint, "name"), text(checkpoint, "grid"), place]);
    }
    show(&checkpoints, &table, format, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_in_the_middle_is_one_change() {
        let old = json!({ "version": 1, "reasons": [{ "id": "a", "words": { "zh": "甲" } }, { "id": "c", "words": { "zh": "丙" } }] });
        let new = json!({ "version": 2, "reasons": [{ "id": "a", "words": { "zh": "甲" } }, { "id": "b", "words": { "zh": "乙" } }, { "id": "c", "words": { "zh": "丁" } }] });
        let changes = changes(&old, &new);
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert_eq!(changes[0], json!({ "path": "reasons.b.words.zh", "old": null, "new": "乙" }));
        assert_eq!(changes[1], json!({ "path": "reasons.c.words.zh", "old": "丙", "new": "丁" }));
    }
}
