//! `notice …`: publicity, its readers, and what they asked back.

use serde_json::{Value, json};
use suishou_core::error::Problem;

use super::{
    args::{Notice, NoticeAnswer, NoticeList, NoticePublish},
    client::Client,
    failure::Failure,
    form::{audience, invalid, maybe_time, page, send, whole},
    lists,
    output::{Table, cut, say_json},
    sheet::{Sheet, person},
    value::{items, named, short, text, time, word},
};
use crate::words::Words;

/// Runs one of the commands.
pub(super) async fn notice(client: &Client, command: Notice, words: &'static Words) -> Result<(), Failure> {
    let (notice, json) = match command {
        Notice::List(list) => return self::list(client, &list, words).await,
        Notice::Publish(order) => (publish(client, &order, words).await?, order.format.json),
        Notice::Show(named) => {
            let id = whole(client, "notices", &named.id).await?;
            (client.get(&format!("/api/notices/{id}")).await?, named.format.json)
        }
        Notice::Withdraw(deed) => {
            (send(client, "notices", &deed, json!({ "kind": "withdrawn" })).await?, deed.format.json)
        }
        Notice::Answer(answer) => (self::answer(client, &answer, words).await?, answer.format.json),
    };
    if json {
        return say_json(&notice);
    }
    told(client, &notice, words).await
}

async fn publish(client: &Client, order: &NoticePublish, words: &Words) -> Result<Value, Failure> {
    let body = json!({
        "title": order.title,
        "text": order.text.as_deref().unwrap_or_default(),
        "theme": order.theme,
        "audience": audience(&order.audience),
        "from_at": maybe_time(order.from.as_ref(), words)?,
        "until_at": maybe_time(order.until.as_ref(), words)?,
        "asks_read": order.ask_read,
    });
    client.post("/api/notices", body).await
}

async fn answer(client: &Client, answer: &NoticeAnswer, words: &Words) -> Result<Value, Failure> {
    let id = whole(client, "notices", &answer.id).await?;
    let mut body = json!({ "text": answer.text });
    if let Some(number) = answer.to {
        let notice = client.get(&format!("/api/notices/{id}")).await?;
        let question = items(&notice, "questions").get(usize::from(number) - 1);
        let Some(question) = question else {
            let code = number.to_string();
            return Err(invalid(&Problem::Unknown { what: "the question", code }, words));
        };
        body = json!({ "text": answer.text, "answers": text(question, "origin.entry") });
    }
    client.post(&format!("/api/notices/{id}/notes"), body).await
}

async fn list(client: &Client, list: &NoticeList, words: &'static Words) -> Result<(), Failure> {
    let notices = page(client, "notices", &list.which, &[("theme", list.theme.as_deref())]).await?;
    let settings = client.get("/api/settings").await?;
    let mut table =
        Table::new(words, &["id", "state", "theme", "title", "readers", "until_at", "received_at"]);
    for notice in items(&notices, "notices") {
        table.row([
            short(&text(notice, "document")),
            word(words, "notice", notice, "state"),
            named(&settings, "themes", &text(notice, "theme"), words),
            cut(&text(notice, "title"), 40),
            text(notice, "readers"),
            time(notice, "until_at"),
            time(notice, "received_at"),
        ]);
    }
    lists::show(&notices, &table, list.which.format, words)
}

async fn told(client: &Client, notice: &Value, words: &'static Words) -> Result<(), Failure> {
    let settings = client.get("/api/settings").await?;
    let mut sheet = Sheet::of(notice, &settings, words);
    sheet.text("id", "document").word("state", "notice").named("theme", "themes");
    sheet.text("title", "title").text("text", "text").by().audience();
    sheet.time("from_at").time("until_at");
    for reader in items(notice, "reader_list") {
        sheet.line("reader", &format!("{}  {}", time(reader, "at"), person(words, reader)));
    }
    sheet.people("unread", "waiting");
    for (number, question) in (1..).zip(items(notice, "questions")) {
        let by = question.get("by").map(|by| person(words, by)).unwrap_or_default();
        sheet.line("question", &format!("{number}. {by}  {}", text(question, "text")));
        for answered in items(question, "answered") {
            sheet.line("answer", &format!("{}  {}", sheet.who(answered), text(answered, "text")));
        }
    }
    sheet.notes();
    sheet.say()
}
