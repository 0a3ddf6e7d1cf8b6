//! What came of the day, counted from the phones and from the relay, and one report's story.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use suishou_core::{id::DocumentId, model::step::Author, store::Mine};
use unicode_width::UnicodeWidthStr as _;

use super::{Failed, day, day::Day, office::Office, phones::Phone, say, words::Words};

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    phones: u64,
    captured: u64,
    stored: u64,
    answered: u64,
    photos: u64,
    photos_stored: u64,
    patrols: u64,
    held: u64,
    requests: u64,
}

/// Prints the table and the story; an error if anything that a phone saved is not on the relay.
pub(crate) fn tell(day: &Day, office: &Office, words: &Words) -> Result<(), Failed> {
    let desk = office.desk();
    let mut on_relay: BTreeMap<String, u64> = BTreeMap::new();
    for incident in day::listed(&desk)? {
        let document = incident.get("document").and_then(Value::as_str).unwrap_or_default();
        *on_relay.entry(document.to_owned()).or_default() += 1;
    }
    let mut lines: BTreeMap<&str, Line> = BTreeMap::new();
    let (mut missing_reports, mut missing_photos) = (0_u64, 0_u64);
    for phone in &day.phones {
        let line = lines.entry(phone.role.as_str()).or_default();
        line.phones += 1;
        line.requests += phone.requests;
        let counted = count(phone)?;
        line.captured += counted.captured;
        line.patrols += counted.patrols;
        line.held += counted.held;
        line.answered += phone.answered()?;
        for report in &phone.reported {
            let there = on_relay.get(&report.to_string()).copied().unwrap_or_default();
            line.stored += u64::from(there == 1);
            missing_reports += u64::from(there == 0);
            if there == 0 {
                continue;
            }
            let (photos, stored) = photos_of(office, *report)?;
            line.photos += photos;
            line.photos_stored += stored;
            missing_photos += photos - stored;
        }
    }
    table(&lines, words);
    let (up, down, cuts) = day.wire;
    let retries: u64 = day.phones.iter().map(|phone| phone.retries).sum();
    say(&words.fill("bytes", &[("up", &up), ("down", &down), ("cuts", &cuts), ("retries", &retries)]));
    relay_line(office, words)?;
    story(day, words)?;
    let twice = on_relay.values().filter(|count| **count > 1).count();
    if missing_reports + missing_photos == 0 && twice == 0 {
        say(&words.get("whole"));
        return Ok(());
    }
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("reports", &missing_reports), ("photos", &missing_photos), ("twice", &twice)];
    Err(Failed::new("demo", &words.fill("missing", &values)))
}

/// What the phone itself has: every list entry must be one that the app called saved.
fn count(phone: &Phone) -> Result<Line, Failed> {
    let fail = |error: suishou_core::error::Error| Failed::new(&phone.member, &error);
    let own = phone.field().incidents(Mine::Only, 10_000, 0).map_err(fail)?;
    let own: BTreeSet<DocumentId> = own.into_iter().map(|incident| incident.row.document).collect();
    let said: BTreeSet<DocumentId> = phone.reported.iter().copied().collect();
    if own != said {
        return Err(Failed::new(&phone.member, &"the phone's list is not what was reported on it"));
    }
    let patrols = phone.field().patrols(Mine::Only, 10_000, 0).map_err(fail)?;
    if patrols.len() != phone.patrols.len() {
        return Err(Failed::new(&phone.member, &"the phone's patrols are not those that were walked"));
    }
    let counts = phone.field().counts().map_err(fail)?;
    if counts.entries_pending + counts.blobs_pending > 0 {
        return Err(Failed::new(&phone.member, &"something is still waiting on the phone"));
    }
    Ok(Line {
        captured: own.len() as u64,
        patrols: patrols.len() as u64,
        held: counts.entries_held,
        ..Line::default()
    })
}

fn photos_of(office: &Office, report: DocumentId) -> Result<(u64, u64), Failed> {
    let shown = office.json(&["incident", "show", &report.to_string()])?;
    let blobs = shown.get("photo_blobs").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_true = |blob: &Value, key: &str| blob.get(key).and_then(Value::as_bool).unwrap_or_default();
    let stored =
        blobs.iter().filter(|blob| is_true(blob, "is_stored") && is_true(blob, "has_preview")).count();
    Ok((blobs.len() as u64, stored as u64))
}

fn table(lines: &BTreeMap<&str, Line>, words: &Words) {
    let heads = [
        "who",
        "phones",
        "captured",
        "stored",
        "answered",
        "photos",
        "photos_stored",
        "patrols",
        "held",
        "requests",
    ];
    let mut rows: Vec<Vec<String>> = vec![heads.iter().map(|head| words.get(head)).collect()];
    let cells = |who: String, line: &Line| {
        let numbers = [
            line.phones,
            line.captured,
            line.stored,
            line.answered,
            line.photos,
            line.photos_stored,
            line.patrols,
            line.held,
            line.requests,
        ];
        std::iter::once(who).chain(numbers.iter().map(u64::to_string)).collect::<Vec<_>>()
    };
    let mut total = Line::default();
    for (role, line) in lines {
        rows.push(cells(words.get(role), line));
        total.phones += line.phones;
        total.captured += line.captured;
        total.stored += line.stored;
        total.answered += line.answered;
        total.photos += line.photos;
        total.photos_stored += line.photos_stored;
        total.patrols += line.patrols;
        total.held += line.held;
        total.requests += line.requests;
    }
    rows.push(cells(words.get("total"), &total));
    let widths: Vec<usize> = (0..heads.len())
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    say("");
    for row in &rows {
        let mut text = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            let padded = if column == 0 { format!("{cell}{gap}") } else { format!("  {gap}{cell}") };
            text.push_str(&padded);
        }
        say(&text);
    }
}

fn relay_line(office: &Office, words: &Words) -> Result<(), Failed> {
    let status = office.json(&["status"])?;
    let number = |path: &str| status.pointer(path).and_then(Value::as_u64).unwrap_or_default();
    let sum = |key: &str, inner: Option<&str>| -> u64 {
        let values = status.get(key).and_then(Value::as_object).into_iter().flatten();
        values.filter_map(|(_, value)| inner.map_or(Some(value), |inner| value.get(inner))?.as_u64()).sum()
    };
    let values: [(&str, &dyn std::fmt::Display); 5] = [
        ("incidents", &number("/documents/incident")),
        ("patrols", &number("/documents/patrol")),
        ("entries", &number("/entries")),
        ("blobs", &sum("blobs", Some("count"))),
        ("held", &sum("held", None)),
    ];
    say(&words.fill("relay", &values));
    Ok(())
}

/// The report with the longest history, as its reporter's phone shows it.
fn story(day: &Day, words: &Words) -> Result<(), Failed> {
    let mut longest = None;
    for phone in &day.phones {
        for report in &phone.reported {
            let view = phone.field().incident(*report).map_err(|error| Failed::new(&phone.member, &error))?;
            let length = (view.photos.len().min(1), view.incident.steps.len(), view.about.notes.len());
            if longest.as_ref().is_none_or(|(known, _)| length > *known) {
                longest = Some((length, view));
            }
        }
    }
    let Some((_, view)) = longest else { return Ok(()) };
    let who = |author: Author| match author {
        Author::You => words.get("you"),
        Author::Centre => words.get("centre"),
        Author::Alias(_) => words.get("person"),
    };
    let time = |at: suishou_core::time::Timestamp| {
        at.to_rfc3339().replace('T', " ").chars().take(16).collect::<String>()
    };
    say("");
    say(&words.get("story"));
    say(&format!("  {}  {}  {}", time(view.reported_at), words.get("step_reported"), words.get("you")));
    say(&format!("      「{}」", view.text));
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("stored", &view.about.stored.blobs_stored),
        ("blobs", &view.about.stored.blobs),
        ("entries_stored", &view.about.stored.entries_stored),
        ("entries", &view.about.stored.entries),
    ];
    say(&format!("      {}", words.fill("photo_stored", &values)));
    for step in &view.incident.steps {
        let kind = serde_json::to_value(step.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
        let name = words.get(&format!("step_{}", kind.unwrap_or_default()));
        let to = step.department.as_ref().map(|department| format!(" → {department}")).unwrap_or_default();
        let rating = step.rating.map(|rating| format!(" {}", "★".repeat(rating.into()))).unwrap_or_default();
        say(&format!("  {}  {name}{to}{rating}  {}", time(step.origin.claimed_at), who(step.origin.author)));
        for note in view.about.notes.iter().filter(|note| note.step == Some(step.id) && !note.text.is_empty())
        {
            say(&format!("      「{}」", note.text));
        }
    }
    Ok(())
}
