//! `incident …`: the queue, one incident with its history, and every step of its life.

use serde_json::{Value, json};

use super::{
    args::{Incident, IncidentList, Merge, Named, Note, Report},
    client::{Client, query},
    failure::Failure,
    form::whole,
    identity::called,
    output::{Table, clean, cut, say, say_json},
    step::Form,
    value::{is, items, joined, named, number, short, text, time, word},
};
use crate::words::Words;

/// Runs one of the commands.
pub(super) async fn incident(
    client: &Client,
    command: Incident,
    words: &'static Words,
) -> Result<(), Failure> {
    match command {
        Incident::List(list) => self::list(client, &list, words).await,
        Incident::Show(named) => show(client, &named, words).await,
        Incident::Note(note) => self::note(client, note, words).await,
        Incident::Report(report) => self::report(client, *report, words).await,
        Incident::Merge(merge) => self::merge(client, merge, words).await,
        command => match Form::of(command) {
            Some(form) => step(client, form, words).await,
            None => Ok(()),
        },
    }
}

async fn list(client: &Client, list: &IncidentList, words: &'static Words) -> Result<(), Failure> {
    let limit = list.limit.to_string();
    let before = list.before.map(|before| before.to_string());
    let query = query(&[
        ("state", list.state.as_deref()),
        ("grid", list.grid.as_deref()),
        ("department", list.department.as_deref()),
        ("category", list.category.as_deref()),
        ("member", list.member.as_deref()),
        ("matter", list.matter.as_deref()),
        ("source", list.source.as_deref()),
        ("anonymous", list.anonymous.then_some("true")),
        ("overdue", list.overdue.then_some("true")),
        ("limit", Some(&limit)),
        ("before", before.as_deref()),
    ]);
    let incidents = client.get(&format!("/api/incidents{query}")).await?;
    if list.format.json {
        return say_json(&incidents);
    }
    let settings = client.get("/api/settings").await?;
    let columns =
        ["id", "state", "severity", "category", "grid", "received_at", "due_at", "departments", "text"];
    let mut table = Table::new(words, &columns);
    for incident in items(&incidents, "incidents") {
        let overdue = if is(incident, "is_overdue") { words.word("say.overdue") } else { "" };
        table.row([
            short(&text(incident, "document")),
            word(words, "state", incident, "state"),
            word(words, "severity", incident, "severity"),
            named(&settings, "categories", &text(incident, "category"), words),
            text(incident, "grid"),
            time(incident, "received_at"),
            format!("{} {overdue}", time(incident, "due_at")).trim().to_owned(),
            joined(incident, "departments"),
            cut(&format!("{}{}", marks(incident, words), text(incident, "excerpt")), 40),
        ]);
    }
    say(&table.lines(words))
}

/// What must be known before the text is read: in confidence, a complaint, a suggestion.
fn marks(incident: &Value, words: &Words) -> String {
    let anonymous = if is(incident, "is_anonymous") { words.word("say.anonymous") } else { "" };
    let matter = word(words, "matter", incident, "matter");
    let source = text(incident, "source");
    let marks: Vec<&str> =
        [source.as_str(), anonymous, matter.as_str()].into_iter().filter(|mark| !mark.is_empty()).collect();
    if marks.is_empty() { String::new() } else { format!("[{}] ", marks.join(" ")) }
}

async fn report(client: &Client, report: Report, words: &'static Words) -> Result<(), Failure> {
    let body = json!({
        "text": report.text,
        "category": report.category,
        "severity": report.severity,
        "grid": report.grid,
        "matter": report.matter,
        "anonymous": report.anonymous,
    });
    let incident = client.post("/api/incidents", body).await?;
    told(client, &incident, report.format.json, words).await
}

async fn merge(client: &Client, merge: Merge, words: &'static Words) -> Result<(), Failure> {
    let primary = whole(client, "incidents", &merge.into).await?;
    let mut others = Vec::new();
    for other in &merge.others {
        others.push(whole(client, "incidents", other).await?);
    }
    let body = json!({ "incidents": others, "remark": merge.remark });
    let incident = client.post(&format!("/api/incidents/{primary}/merge"), body).await?;
    told(client, &incident, merge.format.json, words).await
}

async fn show(client: &Client, wanted: &Named, words: &'static Words) -> Result<(), Failure> {
    let id = whole(client, "incidents", &wanted.id).await?;
    let incident = client.get(&format!("/api/incidents/{id}")).await?;
    told(client, &incident, wanted.format.json, words).await
}

async fn note(client: &Client, note: Note, words: &'static Words) -> Result<(), Failure> {
    let id = whole(client, "incidents", &note.id).await?;
    let incident = client.post(&format!("/api/incidents/{id}/notes"), json!({ "text": note.text })).await?;
    told(client, &incident, note.format.json, words).await
}

async fn step(client: &Client, form: Form, words: &'static Words) -> Result<(), Failure> {
    let id = whole(client, "incidents", &form.id).await?;
    let of = match &form.of {
        Some(of) => Some(whole(client, "incidents", of).await?),
        None => None,
    };
    let json = form.json;
    let incident = client.post(&format!("/api/incidents/{id}/steps"), form.body(of)).await?;
    told(client, &incident, json, words).await
}

async fn told(client: &Client, incident: &Value, json: bool, words: &'static Words) -> Result<(), Failure> {
    if json {
        return say_json(incident);
    }
    let settings = client.get("/api/settings").await?;
    say(&Sheet { incident, settings: &settings, words }.lines().join("\n"))
}

/// One incident on the terminal.
struct Sheet<'a> {
    incident: &'a Value,
    settings: &'a Value,
    words: &'static Words,
}

impl Sheet<'_> {
    fn lines(&self) -> Vec<String> {
        let (incident, words) = (self.incident, self.words);
        let category = named(self.settings, "categories", &text(incident, "category"), words);
        let mut lines = vec![
            self.line("id", &text(incident, "document")),
            self.line(
                "state",
                &format!(
                    "{}  {}{}",
                    word(words, "state", incident, "state"),
                    time(incident, "state_since"),
                    self.lost()
                ),
            ),
            self.line("category", &format!("{category}{}", self.others("category_choice"))),
            self.line(
                "severity",
                &format!(
                    "{}{}",
                    word(words, "severity", incident, "severity"),
                    self.others("severity_choice")
                ),
            ),
            self.line(
                "grid",
                &format!(
                    "{}{}",
                    named(self.settings, "grids", &text(incident, "grid"), words),
                    self.others("grid_choice")
                ),
            ),
            self.line("place", &self.place()),
            self.line("reported_at", &time(incident, "reported_at")),
            self.line("received_at", &time(incident, "received_at")),
            self.line("reporter", &self.reporter()),
            self.line("text", &format!("{}{}", marks(incident, words), text(incident, "text"))),
        ];
        for (key, about) in [
            ("duplicate_of", text(incident, "duplicate_of")),
            ("repeated_by", joined(incident, "repeated_by")),
            ("seen_at", time(incident, "seen_at")),
        ] {
            if !about.is_empty() {
                lines.push(self.line(key, &about));
            }
        }
        let due = time(incident, "due_at");
        if !due.is_empty() {
            let overdue = if is(incident, "is_overdue") { words.word("say.overdue") } else { "" };
            lines.push(self.line("due_at", format!("{due} {overdue}").trim_end()));
        }
        for photo in items(incident, "photo_blobs") {
            let state = match (is(photo, "is_stored"), is(photo, "has_preview")) {
                (true, _) => "photo.stored",
                (false, true) => "photo.preview",
                (false, false) => "photo.coming",
            };
            lines.push(self.line("photo", &format!("{}  {}", words.word(state), text(photo, "hash"))));
        }
        if number(incident, "held") > 0 {
            lines.push(self.line("held", &text(incident, "held")));
        }
        lines.extend(items(incident, "dispatches").iter().map(|dispatch| self.dispatch(dispatch)));
        lines.extend(items(incident, "steps").iter().map(|step| self.step(step)));
        lines.extend(items(incident, "notes").iter().map(|note| {
            let said = format!(
                "{}  {}  {}",
                time(note_origin(note), "received_at"),
                self.who(note),
                text(note, "text")
            );
            self.line("note", &said)
        }));
        let possible = items(incident, "possible").iter().filter_map(Value::as_str);
        let possible: Vec<&str> =
            possible.map(|kind| words.find(&format!("command.{kind}")).unwrap_or(kind)).collect();
        if !possible.is_empty() {
            lines.push(self.line("possible", &possible.join("  ")));
        }
        lines
    }

    fn line(&self, key: &str, value: &str) -> String {
        format!("{}: {}", self.words.word(&format!("column.{key}")), clean(value)).trim_end().to_owned()
    }

    /// What stands beside a value that several people set at once.
    fn others(&self, choice: &str) -> String {
        let others = self.incident.get(choice).map_or_else(String::new, |choice| joined(choice, "others"));
        if others.is_empty() {
            return others;
        }
        format!("  {}", self.words.say("say.or", &[("others", &others)]))
    }

    /// The states that others chose at the same time.
    fn lost(&self) -> String {
        let lost = items(self.incident, "lost_steps");
        let steps = items(self.incident, "steps")
            .iter()
            .filter(|step| step.get("id").is_some_and(|id| lost.contains(id)));
        let kinds: Vec<String> = steps.map(|step| word(self.words, "state", step, "kind")).collect();
        if kinds.is_empty() {
            return String::new();
        }
        format!("  {}", self.words.say("say.or_state", &[("others", &kinds.join(", "))]))
    }

    fn place(&self) -> String {
        let Some(position) = self.incident.get("position").filter(|position| position.is_object()) else {
            return self.words.word("say.no_fix").to_owned();
        };
        let accuracy = text(self.incident, "place.accuracy_m");
        format!("{}, {} (±{accuracy} m)", text(position, "latitude"), text(position, "longitude"))
    }

    fn reporter(&self) -> String {
        let Some(reporter) = self.incident.get("reporter").filter(|reporter| reporter.is_object()) else {
            return self.words.word("author.centre").to_owned();
        };
        let role = word(self.words, "role", reporter, "role");
        format!(
            "{} {} {role} {}",
            called(self.words, reporter),
            text(reporter, "member"),
            text(reporter, "phone")
        )
    }

    fn dispatch(&self, dispatch: &Value) -> String {
        let department = named(self.settings, "departments", &text(dispatch, "department"), self.words);
        let state = word(self.words, "dispatch", dispatch, "state");
        let said = format!(
            "{department}{}  {state}  {}  {}",
            text(dispatch, "member"),
            time(dispatch, "due_at"),
            text(dispatch, "step"),
        );
        self.line("dispatch", &said)
    }

    fn step(&self, step: &Value) -> String {
        let words = self.words;
        let mut said = format!(
            "{}  {}  {}",
            time(note_origin(step), "received_at"),
            self.who(step),
            word(words, "state", step, "kind")
        );
        let details = [
            named(self.settings, "departments", &text(step, "department"), words),
            text(step, "member"),
            named(self.settings, "reasons", &text(step, "reason"), words),
            named(self.settings, "answers", &text(step, "answer"), words),
            text(step, "rating"),
            short(&text(step, "of")),
        ];
        for detail in details.iter().filter(|detail| !detail.is_empty()) {
            said.push_str("  ");
            said.push_str(detail);
        }
        if !is(step, "took_effect") {
            said.push_str("  ");
            said.push_str(words.word("say.without_effect"));
        }
        self.line("step", &said)
    }

    /// A person's name by the alias that the step or note carries; the operator's, if the command centre acted.
    fn who(&self, of: &Value) -> String {
        let entry = text(note_origin(of), "entry");
        let hand = items(self.incident, "operators").iter().find(|hand| text(hand, "entry") == entry);
        if let Some(hand) = hand {
            return text(hand, "name");
        }
        let author = text(note_origin(of), "author");
        let person =
            items(self.incident, "participants").iter().find(|person| text(person, "author") == author);
        person.map_or_else(
            || self.words.word(&format!("author.{author}")).to_owned(),
            |person| called(self.words, person),
        )
    }
}

fn note_origin(of: &Value) -> &Value {
    of.get("origin").unwrap_or(&Value::Null)
}
