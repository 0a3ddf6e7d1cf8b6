//! `warning …`: its levels, its posts and who has read it. The colour's word always stands beside its rank.

use serde_json::{Value, json};

use super::{
    args::{Warning, WarningIssue, WarningList},
    client::Client,
    failure::Failure,
    form::{audience, maybe_time, page, send, sheet, time as moment, whole},
    lists,
    output::{Table, cut, say_json},
    sheet::{Sheet, person},
    value::{items, named, number, short, text, time, word},
};
use crate::words::Words;

/// Runs one of the commands.
pub(super) async fn warning(client: &Client, command: Warning, words: &'static Words) -> Result<(), Failure> {
    let (warning, json) = match command {
        Warning::List(list) => return self::list(client, &list, words).await,
        Warning::Issue(order) => (issue(client, &order, words).await?, order.format.json),
        Warning::Show(named) => {
            let id = whole(client, "warnings", &named.id).await?;
            (client.get(&format!("/api/warnings/{id}")).await?, named.format.json)
        }
        Warning::Raise(set) => {
            let until = maybe_time(set.until.as_ref(), words)?;
            let body = json!({ "kind": "raised", "level": set.level, "until_at": until });
            (send(client, "warnings", &set.deed, body).await?, set.deed.format.json)
        }
        Warning::Lower(set) => {
            let until = maybe_time(set.until.as_ref(), words)?;
            let body = json!({ "kind": "lowered", "level": set.level, "until_at": until });
            (send(client, "warnings", &set.deed, body).await?, set.deed.format.json)
        }
        Warning::Extend(extend) => {
            let body = json!({ "kind": "extended", "until_at": moment(&extend.until, words)? });
            (send(client, "warnings", &extend.deed, body).await?, extend.deed.format.json)
        }
        Warning::End(deed) => {
            (send(client, "warnings", &deed, json!({ "kind": "ended" })).await?, deed.format.json)
        }
    };
    if json {
        return say_json(&warning);
    }
    told(client, &warning, words).await
}

async fn issue(client: &Client, order: &WarningIssue, words: &Words) -> Result<Value, Failure> {
    let body = json!({
        "hazard": order.hazard,
        "level": order.level,
        "title": order.title,
        "text": order.text,
        "from_at": maybe_time(order.from.as_ref(), words)?,
        "until_at": moment(&order.until, words)?,
        "audience": audience(&order.audience),
        "posts_csv": sheet(order.posts.as_deref(), words)?,
        "asks_report": order.ask_report,
    });
    client.post("/api/warnings", body).await
}

async fn list(client: &Client, list: &WarningList, words: &'static Words) -> Result<(), Failure> {
    let warnings = page(client, "warnings", &list.which, &[("hazard", list.hazard.as_deref())]).await?;
    let settings = client.get("/api/settings").await?;
    let columns = ["id", "level", "hazard", "state", "title", "until_at", "acknowledged", "need_help"];
    let mut table = Table::new(words, &columns);
    for warning in items(&warnings, "warnings") {
        table.row([
            short(&text(warning, "document")),
            word(words, "level", warning, "level"),
            named(&settings, "hazards", &text(warning, "hazard"), words),
            word(words, "warning", warning, "state"),
            cut(&text(warning, "title"), 40),
            time(warning, "until_at"),
            text(warning, "acknowledged"),
            text(warning, "need_help"),
        ]);
    }
    lists::show(&warnings, &table, list.which.format, words)
}

async fn told(client: &Client, warning: &Value, words: &'static Words) -> Result<(), Failure> {
    let settings = client.get("/api/settings").await?;
    let mut sheet = Sheet::of(warning, &settings, words);
    sheet.text("id", "document").word("level", "level").named("hazard", "hazards");
    sheet.word("state", "warning").text("title", "title").text("text", "text");
    sheet.time("from_at").time("until_at").audience();
    for issue in items(warning, "issues") {
        let level = match text(issue, "level") {
            level if level.is_empty() => words.word("warning.ended").to_owned(),
            level => words.word(&format!("level.{level}")).to_owned(),
        };
        let said = format!(
            "{}. {}  {level}  → {}",
            number(issue, "issue"),
            time(issue, "at"),
            time(issue, "until_at")
        );
        sheet.line("issue", &said);
    }
    for post in items(warning, "post_list") {
        let keeper =
            post.get("keeper").filter(|keeper| keeper.is_object()).map(|keeper| person(words, keeper));
        let last = post.get("last").filter(|last| last.is_object()).map(|last| report(last, words));
        let last = last.unwrap_or_else(|| words.word("say.nothing_heard").to_owned());
        let said = format!(
            "{}. {}  {}  {}  {last}",
            number(post, "id"),
            text(post, "name"),
            text(post, "grid"),
            keeper.unwrap_or_default(),
        );
        sheet.line("post", &said);
    }
    for report in items(warning, "reports").iter().filter(|report| text(report, "post").is_empty()) {
        sheet.line("report", &self::report(report, words));
    }
    for read in items(warning, "acknowledgements") {
        let said = format!("{}  {}  {}", time(read, "at"), person(words, read), number(read, "issue"));
        sheet.line("acknowledged", &said);
    }
    sheet.people("waiting", "waiting").notes();
    sheet.say()
}

fn report(report: &Value, words: &Words) -> String {
    let people = text(report, "people");
    let said = format!(
        "{}  {}  {}",
        time(report, "at"),
        person(words, report),
        word(words, "report", report, "report")
    );
    if people.is_empty() { said } else { format!("{said}  {people}") }
}
