//! `task …`: orders, their items and their answers.

use serde_json::{Value, json};

use super::{
    args::{Task, TaskGive, TaskList},
    client::Client,
    failure::Failure,
    form::{audience, maybe_time, page, send, sheet, whole},
    lists,
    output::{Table, cut, say_json},
    sheet::{Sheet, person},
    value::{is, items, named, number, short, text, time, word},
};
use crate::words::Words;

/// Runs one of the commands.
pub(super) async fn task(client: &Client, command: Task, words: &'static Words) -> Result<(), Failure> {
    let (task, json) = match command {
        Task::List(list) => return self::list(client, &list, words).await,
        Task::Give(order) => (give(client, &order, words).await?, order.format.json),
        Task::Show(named) => {
            let id = whole(client, "tasks", &named.id).await?;
            (client.get(&format!("/api/tasks/{id}")).await?, named.format.json)
        }
        Task::Close(deed) => {
            (send(client, "tasks", &deed, json!({ "kind": "closed" })).await?, deed.format.json)
        }
        Task::Cancel(deed) => {
            (send(client, "tasks", &deed, json!({ "kind": "cancelled" })).await?, deed.format.json)
        }
        Task::Reopen(deed) => {
            (send(client, "tasks", &deed, json!({ "kind": "reopened" })).await?, deed.format.json)
        }
        Task::Mark(mark) => {
            let body = json!({
                "kind": "marked",
                "member": mark.member,
                "item": mark.item,
                "state": mark.state,
                "shelter": mark.shelter.map(|shelter| shelter - 1),
            });
            (send(client, "tasks", &mark.deed, body).await?, mark.deed.format.json)
        }
        Task::Answer(answer) => {
            let body = match answer.answer.as_str() {
                "finished" => json!({ "kind": "finished", "member": answer.member }),
                said => json!({ "kind": "answered", "member": answer.member, "answer": said }),
            };
            (send(client, "tasks", &answer.deed, body).await?, answer.deed.format.json)
        }
    };
    if json {
        return say_json(&task);
    }
    told(client, &task, words).await
}

async fn give(client: &Client, order: &TaskGive, words: &Words) -> Result<Value, Failure> {
    let body = json!({
        "form": order.form,
        "title": order.title,
        "text": order.text.as_deref().unwrap_or_default(),
        "audience": audience(&order.audience),
        "items_csv": sheet(order.items.as_deref(), words)?,
        "shelters": order.shelters,
        "from_at": maybe_time(order.from.as_ref(), words)?,
        "due_at": maybe_time(order.due.as_ref(), words)?,
        "source": order.source,
        "needs_proof": order.proof,
    });
    client.post("/api/tasks", body).await
}

async fn list(client: &Client, list: &TaskList, words: &'static Words) -> Result<(), Failure> {
    let more = [("form", list.form.as_deref()), ("overdue", list.overdue.then_some("true"))];
    let tasks = page(client, "tasks", &list.which, &more).await?;
    let mut table =
        Table::new(words, &["id", "form", "state", "title", "due_at", "done", "answers", "received_at"]);
    for task in items(&tasks, "tasks") {
        let overdue = if is(task, "is_overdue") { words.word("say.overdue") } else { "" };
        let counts = |name: &str| number(task, &format!("counts.{name}"));
        let items = match counts("items") {
            0 => String::new(),
            items => format!("{}/{items}", counts("accounted")),
        };
        table.row([
            short(&text(task, "document")),
            word(words, "form", task, "form"),
            word(words, "task", task, "state"),
            cut(&text(task, "title"), 40),
            format!("{} {overdue}", time(task, "due_at")).trim().to_owned(),
            items,
            format!("{} ✓  {} ✗  {} ⌂", counts("accepted"), counts("declined"), counts("arrived")),
            time(task, "received_at"),
        ]);
    }
    lists::show(&tasks, &table, list.which.format, words)
}

async fn told(client: &Client, task: &Value, words: &'static Words) -> Result<(), Failure> {
    let settings = client.get("/api/settings").await?;
    let mut sheet = Sheet::of(task, &settings, words);
    sheet.text("id", "document").word("form", "form").text("title", "title").text("text", "text");
    let state = format!("{}  {}", word(words, "task", task, "state"), time(task, "state_since"));
    sheet.line("state", &state).named("reason", "reasons").by().audience();
    sheet.text("grid", "place.grid").time("from_at");
    let overdue = if is(task, "is_overdue") { words.word("say.overdue") } else { "" };
    sheet.line("due_at", &format!("{} {overdue}", time(task, "due_at")));
    let people = number(task, "counts.people");
    if people > 0 {
        let accounted = number(task, "counts.people_accounted");
        let missing = number(task, "people_missing");
        let said = words
            .say("say.accounted", &[("accounted", &accounted), ("people", &people), ("missing", &missing)]);
        sheet.line("people", &said);
    }
    for shelter in items(task, "shelters") {
        let said = format!(
            "{}. {}  {}",
            number(shelter, "id") + 1,
            text(shelter, "name"),
            number(shelter, "people")
        );
        sheet.line("shelter", &said);
    }
    for item in items(task, "items") {
        let mut said = format!(
            "{}. {}  {}  {}  {}",
            number(item, "id"),
            text(item, "text"),
            text(item, "address"),
            number(item, "people"),
            became(item, words)
        );
        for other in items(item, "others") {
            said = format!("{said}  / {}", became(other, words));
        }
        if let Some(mark) = items(item, "marks").last() {
            let by = if text(mark, "member").is_empty() && !is(mark, "is_hidden") {
                words.word("author.centre").to_owned()
            } else {
                person(words, mark)
            };
            said = format!("{said}  {by} {}", time(mark, "at"));
        }
        sheet.line("item", &said);
    }
    for answer in items(task, "answers") {
        let reason = named(&settings, "reasons", &text(answer, "reason"), words);
        let handed =
            answer.get("handed_to").filter(|to| to.is_object()).map(|to| format!("→ {}", person(words, to)));
        let finished = if is(answer, "is_finished") { words.word("task.finished") } else { "" };
        let parts = [
            time(answer, "at"),
            person(words, answer),
            word(words, "answer", answer, "answer"),
            reason,
            handed.unwrap_or_default(),
            finished.to_owned(),
        ];
        sheet.line(
            "answer",
            &parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  "),
        );
    }
    sheet.people("waiting", "waiting").notes();
    sheet.say()
}

fn became(item: &Value, words: &Words) -> String {
    let state = word(words, "item", item, "state");
    match item.get("shelter").and_then(Value::as_u64) {
        Some(shelter) => format!("{state} {}", shelter + 1),
        None => state,
    }
}
