//! `household …` and `visit …`: who is looked after, and what was found.

use serde_json::{Value, json};

use super::{
    args::{Household, HouseholdAdd, HouseholdList, Visit, VisitList},
    client::{Client, Payload},
    failure::Failure,
    form::{page, send, whole},
    lists::{imported, read, show},
    output::{Table, cut, say_json},
    sheet::Sheet,
    value::{is, items, joined, named, short, text, time, word},
};
use crate::words::Words;

/// Runs one of the commands about households.
pub(super) async fn household(
    client: &Client,
    command: Household,
    words: &'static Words,
) -> Result<(), Failure> {
    let (household, json) = match command {
        Household::Import(import) => {
            let file = Payload::Csv(read(&import.file)?);
            return imported(&client.put("/api/households", file).await?, &import, words);
        }
        Household::List(list) => return self::list(client, &list, words).await,
        Household::Add(order) => (add(client, &order).await?, order.format.json),
        Household::Show(named) => {
            let id = whole(client, "households", &named.id).await?;
            (client.get(&format!("/api/households/{id}")).await?, named.format.json)
        }
        Household::End(deed) => {
            (send(client, "households", &deed, json!({ "kind": "ended" })).await?, deed.format.json)
        }
    };
    if json {
        return say_json(&household);
    }
    told(client, &household, words).await
}

async fn add(client: &Client, order: &HouseholdAdd) -> Result<Value, Failure> {
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let body = json!({
        "name": order.name,
        "address": given(&order.address),
        "phone": given(&order.phone),
        "people": order.people.to_string(),
        "purposes": order.purposes,
        "needs": given(&order.needs),
        "every_days": order.every_days.to_string(),
        "grid": given(&order.grid),
    });
    client.post("/api/households", body).await
}

async fn list(client: &Client, list: &HouseholdList, words: &'static Words) -> Result<(), Failure> {
    let more = [("purpose", list.purpose.as_deref()), ("overdue", list.overdue.then_some("true"))];
    let households = page(client, "households", &list.which, &more).await?;
    let settings = client.get("/api/settings").await?;
    let columns = ["id", "state", "name", "address", "grid", "purposes", "last_visit_at", "due_at"];
    let mut table = Table::new(words, &columns);
    for household in items(&households, "households") {
        let overdue = if is(household, "is_overdue") { words.word("say.overdue") } else { "" };
        table.row([
            short(&text(household, "document")),
            word(words, "household", household, "state"),
            cut(&text(household, "name"), 20),
            cut(&text(household, "address"), 30),
            text(household, "grid"),
            purposes(household, &settings, words),
            time(household, "last_visit_at"),
            format!("{} {overdue}", time(household, "due_at")).trim().to_owned(),
        ]);
    }
    show(&households, &table, list.which.format, words)
}

fn purposes(of: &Value, settings: &Value, words: &Words) -> String {
    let purposes = items(of, "purposes").iter().filter_map(Value::as_str);
    purposes.map(|purpose| named(settings, "purposes", purpose, words)).collect::<Vec<_>>().join(" ")
}

async fn told(client: &Client, household: &Value, words: &'static Words) -> Result<(), Failure> {
    let settings = client.get("/api/settings").await?;
    let mut sheet = Sheet::of(household, &settings, words);
    sheet.text("id", "document").word("state", "household").named("reason", "reasons").by();
    sheet.text("name", "card.name").text("address", "card.address").text("phone", "card.phone");
    sheet.text("people", "card.people").line("purposes", &purposes(household, &settings, words));
    sheet.text("needs", "card.needs").named("grid", "grids").text("every_days", "card.every_days");
    let overdue = if is(household, "is_overdue") { words.word("say.overdue") } else { "" };
    sheet.time("last_visit_at").line("due_at", &format!("{} {overdue}", time(household, "due_at")));
    for card in items(household, "cards").iter().filter(|card| !is(card, "is_in_use")) {
        let parts = ["name", "address", "phone", "people", "needs"].map(|field| text(card, field));
        sheet.line("older_card", &parts.join("  "));
    }
    for visit in items(household, "visits") {
        let said = format!(
            "{}  {}  {}  {}  {}",
            time(visit, "at"),
            text(visit, "member"),
            word(words, "visit", visit, "outcome"),
            text(visit, "excerpt"),
            short(&text(visit, "document")),
        );
        sheet.line("visit", &said);
    }
    sheet.notes();
    sheet.say()
}

/// Runs one of the commands about visits.
pub(super) async fn visit(client: &Client, command: Visit, words: &'static Words) -> Result<(), Failure> {
    let named = match command {
        Visit::List(list) => return visits(client, &list, words).await,
        Visit::Show(named) => named,
    };
    let id = whole(client, "visits", &named.id).await?;
    let visit = client.get(&format!("/api/visits/{id}")).await?;
    if named.format.json {
        return say_json(&visit);
    }
    let settings = client.get("/api/settings").await?;
    let mut sheet = Sheet::of(&visit, &settings, words);
    sheet.text("id", "document").word("outcome", "visit").named("purpose", "purposes");
    sheet.text("household", "household_name").named("grid", "grids").time("at").by().text("text", "text");
    let form = text(&visit, "form");
    let form = items(&settings, "forms").iter().find(|known| text(known, "id") == form);
    for answer in items(&visit, "answers") {
        let question = text(answer, "question");
        let asked = form.map_or_else(
            || question.clone(),
            |form| super::value::named(form, "questions", &question, words),
        );
        sheet.line("answer", &format!("{asked}  {}", answered(answer, form, words)));
    }
    sheet.line("led_to", &joined(&visit, "led_to_list")).notes();
    sheet.say()
}

/// An answer in words.
fn answered(answer: &Value, form: Option<&Value>, words: &Words) -> String {
    let value = answer.get("value").unwrap_or(&Value::Null);
    let question = text(answer, "question");
    if let Some(yes) = value.get("yes").and_then(Value::as_bool) {
        return words.word(if yes { "say.yes" } else { "say.no" }).to_owned();
    }
    let option = text(value, "option");
    if option.is_empty() {
        return format!("{}{}", text(value, "number"), text(value, "text"));
    }
    let asked =
        form.and_then(|form| items(form, "questions").iter().find(|known| text(known, "id") == question));
    asked.map_or_else(|| option.clone(), |asked| named(asked, "options", &option, words))
}

async fn visits(client: &Client, list: &VisitList, words: &'static Words) -> Result<(), Failure> {
    let household = match &list.household {
        Some(given) => Some(whole(client, "households", given).await?),
        None => None,
    };
    let more = [("household", household.as_deref()), ("purpose", list.purpose.as_deref())];
    let visits = page(client, "visits", &list.which, &more).await?;
    let settings = client.get("/api/settings").await?;
    let mut table = Table::new(words, &["id", "at", "outcome", "purpose", "member", "grid", "text"]);
    for visit in items(&visits, "visits") {
        table.row([
            short(&text(visit, "document")),
            time(visit, "at"),
            word(words, "visit", visit, "outcome"),
            named(&settings, "purposes", &text(visit, "purpose"), words),
            text(visit, "member"),
            text(visit, "grid"),
            cut(&text(visit, "excerpt"), 40),
        ]);
    }
    show(&visits, &table, list.which.format, words)
}
