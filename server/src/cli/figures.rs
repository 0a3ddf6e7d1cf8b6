//! `figures …`: statistics, what townships publish, and a grid's sheet.

use serde_json::Value;

use super::{
    args::{Figures, FiguresGrid, FiguresOf, FiguresPublished},
    client::{Client, encoded, query},
    export::save,
    failure::Failure,
    output::{Table, say, say_json},
    value::{items, named, text, time},
};
use crate::words::Words;

/// What a terminal has room for; `--json` has all.
const SHOWN: [&str; 13] = [
    "received",
    "accepted",
    "handled",
    "in_time",
    "rejected",
    "duplicates",
    "open",
    "overdue",
    "reopened",
    "shared",
    "accept_hours_median",
    "close_hours_median",
    "rating",
];

/// Runs one of the commands about figures.
pub(super) async fn figures(client: &Client, command: Figures, words: &'static Words) -> Result<(), Failure> {
    match command {
        Figures::Show(of) => show(client, &of, words).await,
        Figures::Published(of) => published(client, &of, words).await,
        Figures::Grid(of) => grid(client, &of, words).await,
        Figures::Definitions(format) => {
            let known = client.get("/api/figures/definitions").await?;
            if format.json {
                return say_json(&known);
            }
            let lines = crate::relay::figures::FIGURES.iter().map(|name| {
                format!(
                    "{} ({name})\n    {}",
                    words.word(&format!("fig.{name}")),
                    words.word(&format!("figure.{name}"))
                )
            });
            say(&lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

async fn show(client: &Client, of: &FiguresOf, words: &'static Words) -> Result<(), Failure> {
    let asked = query(&[
        ("from", of.when.from.as_deref()),
        ("to", of.when.to.as_deref()),
        ("by", Some(&of.by)),
        ("grid", of.grid.as_deref()),
    ]);
    let statement = client.get(&format!("/api/figures{asked}")).await?;
    if of.format.json {
        return say_json(&statement);
    }
    let settings = client.get("/api/settings").await?;
    let heads: Vec<String> = SHOWN.iter().map(|name| words.word(&format!("fig.{name}")).to_owned()).collect();
    let mut table =
        Table::with_heads([words.word(&format!("by.{}", of.by)).to_owned()].into_iter().chain(heads));
    for group in items(&statement, "groups") {
        table.row([name(group, &of.by, &settings, words)].into_iter().chain(cells(group)));
    }
    if let Some(total) = statement.get("total") {
        table.row([words.word("fig.total").to_owned()].into_iter().chain(cells(total)));
    }
    say(&table.lines(words))
}

fn cells(figures: &Value) -> impl Iterator<Item = String> {
    SHOWN.iter().map(|name| match text(figures, name) {
        empty if empty.is_empty() => "–".to_owned(),
        number => number,
    })
}

fn name(group: &Value, by: &str, settings: &Value, words: &Words) -> String {
    let key = text(group, "key");
    match by {
        _ if key.is_empty() => words.word("fig.none").to_owned(),
        "grid" => named(settings, "grids", &key, words),
        "category" => named(settings, "categories", &key, words),
        "department" => named(settings, "departments", &key, words),
        "source" => words.find(&format!("source.{key}")).unwrap_or(&key).to_owned(),
        _ => key,
    }
}

async fn published(client: &Client, of: &FiguresPublished, words: &'static Words) -> Result<(), Failure> {
    let asked = query(&[("from", of.when.from.as_deref()), ("to", of.when.to.as_deref())]);
    let published = client.get(&format!("/api/figures/published{asked}")).await?;
    if of.format.json {
        return say_json(&published);
    }
    let settings = client.get("/api/settings").await?;
    let mut table =
        Table::with_heads(["published", "count"].map(|head| words.word(&format!("pub.{head}")).to_owned()));
    let sections = published.as_object().into_iter().flatten();
    for (section, value) in sections.filter(|(_, value)| value.is_object()) {
        lines(&mut table, section, value, &settings, words);
    }
    say(&table.lines(words))
}

/// A number a line; what stands below a word of the settings is named by it.
fn lines(table: &mut Table, path: &str, value: &Value, settings: &Value, words: &Words) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let below = format!("{path}.{name}");
        if value.is_object() {
            lines(table, &below, value, settings, words);
            continue;
        }
        let label = below.split('.').map(|part| label(part, path, settings, words)).collect::<Vec<_>>();
        table.row([label.join(" · "), value.to_string()]);
    }
}

fn label(part: &str, path: &str, settings: &Value, words: &Words) -> String {
    let section = path.split('.').next().unwrap_or_default();
    let kinds = match section {
        "grids" => "gridkind",
        "people" => "role",
        "by_source" => "source",
        "warnings" => "level",
        _ => "pub",
    };
    for key in [format!("pub.{part}"), format!("{kinds}.{part}")] {
        if let Some(found) = words.find(&key) {
            return found.to_owned();
        }
    }
    let lists = ["categories", "purposes", "themes"];
    lists
        .map(|list| named(settings, list, part, words))
        .into_iter()
        .find(|name| name != part)
        .unwrap_or_else(|| part.to_owned())
}

async fn grid(client: &Client, of: &FiguresGrid, words: &'static Words) -> Result<(), Failure> {
    let path = format!("/api/figures/grids/{}", encoded(&of.grid));
    if let Some(html) = &of.html {
        return save(client, &format!("{path}?format=html"), html, words).await;
    }
    let sheet = client.get(&path).await?;
    if of.format.json {
        return say_json(&sheet);
    }
    let line = |key: &str, value: String| format!("{}  {value}", words.word(&format!("sheet.{key}")));
    let counted = |key: &str| {
        let (count, overdue) =
            (text(&sheet, &format!("{key}.count")), text(&sheet, &format!("{key}.overdue")));
        line(key, format!("{count} · {} {overdue}", words.word("sheet.overdue")))
    };
    let people = items(&sheet, "in_charge").iter().map(|person| text(person, "name")).collect::<Vec<_>>();
    say(&[
        format!("{} {}", text(&sheet, "name"), text(&sheet, "grid")),
        line("in_charge", people.join(" ")),
        line("households", text(&sheet, "households")),
        line("people", text(&sheet, "people")),
        counted("incidents"),
        counted("tasks"),
        counted("visits_due"),
        line("posts", items(&sheet, "posts").len().to_string()),
        line("last_patrol", time(&sheet, "last_patrol.started_at")),
        line("month", format!("{} · {}", text(&sheet, "figures.received"), text(&sheet, "figures.handled"))),
    ]
    .join("\n"))
}
