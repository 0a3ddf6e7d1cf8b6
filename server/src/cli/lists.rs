//! The commands about the township, its phones and patrols: import, list, show, revoke.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{
    args::{Department, Format, Grid, GridImport, Import, Member, Named, Patrol},
    client::{Client, Payload, encoded, query},
    failure::Failure,
    output::{Table, cut, say, say_json, tell},
    value::{is_whole, items, joined, named, number, resolve, short, text, time, word},
};
use crate::words::Words;

/// Largest file that an import reads; the relay has its own limits below it.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// `grid …`
pub(super) async fn grid(client: &Client, grid: Grid, words: &'static Words) -> Result<(), Failure> {
    let format = match grid {
        Grid::Import(import) => return import_grids(client, &import, words).await,
        Grid::Export(export) => {
            let map = client.get("/api/grids").await?;
            return write(&export.file, &map, words);
        }
        Grid::List(format) => format,
    };
    let settings = client.get("/api/settings").await?;
    let grids = json!({ "grids": items(&settings, "grids") });
    let mut table = Table::new(words, &["id", "name", "kind", "parent"]);
    for grid in items(&settings, "grids") {
        table.row([
            text(grid, "id"),
            text(grid, "name"),
            word(words, "grid", grid, "kind"),
            text(grid, "parent"),
        ]);
    }
    show(&grids, &table, format, words)
}

async fn import_grids(client: &Client, of: &GridImport, words: &'static Words) -> Result<(), Failure> {
    let file = Payload::GeoJson(read(&of.import.file)?);
    let query = query(&[("dry_run", of.dry_run.then_some("true"))]);
    let answer = client.put(&format!("/api/grids{query}"), file).await?;
    if of.import.format.json {
        return say_json(&answer);
    }
    let moved = items(&answer, "moved");
    if !moved.is_empty() {
        let mut table = Table::new(words, &["id", "kind", "from", "to"]);
        for one in moved {
            let kind = word(words, "watch", one, "kind");
            table.row([text(one, "document"), kind, text(one, "from"), text(one, "to")]);
        }
        say(&table.lines(words))?;
    }
    let key = if of.dry_run { "import.foreseen" } else { "import.done" };
    tell_imported(&answer, key, words)
}

/// `department …`
pub(super) async fn department(
    client: &Client,
    command: Department,
    words: &'static Words,
) -> Result<(), Failure> {
    let format = match command {
        Department::Import(import) => {
            let file = Payload::Csv(read(&import.file)?);
            return imported(&client.put("/api/departments", file).await?, &import, words);
        }
        Department::List(format) => format,
    };
    let settings = client.get("/api/settings").await?;
    let departments = json!({ "departments": items(&settings, "departments") });
    let mut table = Table::new(words, &["id", "name", "categories"]);
    for department in items(&settings, "departments") {
        let categories = items(department, "categories").iter().filter_map(Value::as_str);
        let names = categories.map(|category| named(&settings, "categories", category, words));
        table.row([text(department, "id"), text(department, "name"), names.collect::<Vec<_>>().join(" ")]);
    }
    show(&departments, &table, format, words)
}

/// `member …`
pub(super) async fn member(client: &Client, member: Member, words: &'static Words) -> Result<(), Failure> {
    let format = match member {
        Member::Import(import) => {
            let file = Payload::Csv(read(&import.file)?);
            return imported(&client.put("/api/members", file).await?, &import, words);
        }
        Member::List(format) => format,
    };
    let members = client.get("/api/members").await?;
    let mut table = Table::new(words, &["id", "name", "role", "grids", "department", "phone"]);
    for member in items(&members, "members") {
        table.row([
            text(member, "id"),
            super::identity::called(words, member),
            word(words, "role", member, "role"),
            cut(&joined(member, "grids"), 40),
            text(member, "department"),
            text(member, "phone"),
        ]);
    }
    show(&members, &table, format, words)
}

/// `patrol …`
pub(super) async fn patrol(client: &Client, patrol: Patrol, words: &'static Words) -> Result<(), Failure> {
    let list = match patrol {
        Patrol::Show(named) => return one_patrol(client, &named, words).await,
        Patrol::List(list) => list,
    };
    let patrols = client.get(&format!("/api/patrols?limit={}", list.limit)).await?;
    let columns =
        ["id", "state", "member", "grid", "started_at", "finished_at", "distance", "visited", "gaps"];
    let mut table = Table::new(words, &columns);
    for patrol in items(&patrols, "patrols") {
        table.row([
            short(&text(patrol, "document")),
            word(words, "patrol", patrol, "state"),
            text(patrol, "member"),
            text(patrol, "grid"),
            time(patrol, "started_at"),
            time(patrol, "finished_at"),
            kilometres(number(patrol, "distance_m")),
            format!("{}/{}", number(patrol, "visited"), number(patrol, "visited") + number(patrol, "left")),
            text(patrol, "gaps"),
        ]);
    }
    show(&patrols, &table, list.format, words)
}

async fn one_patrol(client: &Client, wanted: &Named, words: &'static Words) -> Result<(), Failure> {
    let id = if is_whole(&wanted.id) {
        wanted.id.clone()
    } else {
        let patrols = client.get("/api/patrols?limit=500").await?;
        resolve(&wanted.id, items(&patrols, "patrols").iter().map(|patrol| text(patrol, "document")))?
    };
    let patrol = client.get(&format!("/api/patrols/{}", encoded(&id))).await?;
    if wanted.format.json {
        return say_json(&patrol);
    }
    let line = |key: &str, value: String| format!("{}: {value}", words.word(&format!("column.{key}")));
    let mut lines = vec![
        line("id", text(&patrol, "document")),
        line("state", word(words, "patrol", &patrol, "state")),
        line(
            "member",
            format!(
                "{} {}",
                patrol.get("walker").map(|walker| super::identity::called(words, walker)).unwrap_or_default(),
                text(&patrol, "member")
            ),
        ),
        line("grid", text(&patrol, "grid")),
        line("purpose", text(&patrol, "purpose")),
        line("started_at", time(&patrol, "started_at")),
        line("finished_at", time(&patrol, "finished_at")),
        line("distance", kilometres(number(&patrol, "distance_m"))),
    ];
    for visit in items(&patrol, "visits") {
        lines.push(line("visited", format!("{} {}", time(visit, "at"), text(visit, "checkpoint"))));
    }
    if !items(&patrol, "left_over").is_empty() {
        lines.push(line("left", joined(&patrol, "left_over")));
    }
    for gap in items(&patrol, "gap_list") {
        let reason = word(words, "gap", gap, "reason");
        lines.push(line("gaps", format!("{} – {} {reason}", time(gap, "from"), time(gap, "to"))));
    }
    say(&lines.join("\n"))
}

/// `status`
pub(super) async fn status(client: &Client, format: Format, words: &'static Words) -> Result<(), Failure> {
    let status = client.get("/api/status").await?;
    let warning = super::identity::warning(&status, words);
    if format.json {
        return say_json(&status);
    }
    let counts = |field: &str, kind: &str| {
        let counts = status.get(field).and_then(Value::as_object).into_iter().flatten();
        let said = counts.map(|(name, count)| {
            let count = count.get("count").unwrap_or(count);
            format!("{} {count}", words.word(&format!("{kind}.{name}")))
        });
        let said = said.collect::<Vec<_>>().join("  ");
        if said.is_empty() { words.word("say.none").to_owned() } else { said }
    };
    let sizes = status.get("blobs").and_then(Value::as_object).into_iter().flatten();
    let bytes: u64 = sizes.map(|(_, blobs)| number(blobs, "bytes")).sum();
    tell(
        words,
        "status.text",
        &[
            ("name", &text(&status, "name")),
            ("started", &time(&status, "started_at")),
            ("addresses", &joined(&status, "addresses")),
            ("members", &text(&status, "members")),
            ("devices", &text(&status, "devices")),
            ("entries", &text(&status, "entries")),
            ("behind", &number(&status, "stored_seq").saturating_sub(number(&status, "projected_seq"))),
            ("documents", &counts("documents", "document")),
            ("incidents", &counts("incidents", "state")),
            ("held", &counts("held", "held")),
            ("blobs", &counts("blobs", "blob")),
            ("size", &mebibytes(bytes)),
        ],
    )?;
    super::keeping::say_status(&status, words)?;
    if let Some(warning) = warning {
        say(&warning)?;
    }
    match (number(&status, "events_pending"), number(&status, "events_dead")) {
        (0, 0) => Ok(()),
        (pending, dead) => tell(words, "webhook.status", &[("pending", &pending), ("dead", &dead)]),
    }
}

fn kilometres(metres: u64) -> String {
    format!("{}.{:02} km", metres / 1_000, metres % 1_000 / 10)
}

pub(super) fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

pub(super) fn show(
    answer: &Value,
    table: &Table,
    format: Format,
    words: &'static Words,
) -> Result<(), Failure> {
    if format.json { say_json(answer) } else { say(&table.lines(words)) }
}

/// Writes pretty JSON, the same for the same content.
pub(super) fn write(path: &Path, value: &Value, words: &Words) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::File { path: path.to_owned(), kind: error.kind() };
    fs::write(path, format!("{value:#}\n")).map_err(failed)?;
    tell(words, "export.done", &[("path", &path.display())])
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::File { path: path.to_owned(), kind: error.kind() };
    if fs::metadata(path).map_err(failed)?.len() > MAX_FILE_BYTES {
        return Err(Failure::File { path: path.to_owned(), kind: std::io::ErrorKind::FileTooLarge });
    }
    fs::read(path).map_err(failed)
}

pub(super) fn imported(answer: &Value, import: &Import, words: &'static Words) -> Result<(), Failure> {
    if import.format.json {
        return say_json(answer);
    }
    tell_imported(answer, "import.done", words)
}

fn tell_imported(answer: &Value, key: &str, words: &'static Words) -> Result<(), Failure> {
    tell(
        words,
        key,
        &[
            ("added", &text(answer, "added")),
            ("changed", &text(answer, "changed")),
            ("unchanged", &text(answer, "unchanged")),
            ("removed", &text(answer, "removed")),
        ],
    )
}
