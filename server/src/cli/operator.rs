//! `operator` and `audit`: who may log in, and what they did.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    args::{Audit, AuditList, OfOperator, Operator, OperatorAdd, OperatorRoles},
    client::{Client, query},
    failure::Failure,
    output::{Table, say, say_json, tell},
    value::{is, items, number, short, text, time},
};
use crate::{
    relay::{RelayError, audit::verify_folder},
    words::Words,
};

/// `operator …`
pub(super) async fn operator(
    client: &Client,
    command: Operator,
    words: &'static Words,
) -> Result<(), Failure> {
    match command {
        Operator::Add(add) => self::add(client, add, words).await,
        Operator::Roles(roles) => self::roles(client, roles, words).await,
        Operator::Disable(of) => changed(client, &of, "disable", words).await,
        Operator::Enable(of) => changed(client, &of, "enable", words).await,
        Operator::Reset(of) => {
            let id = find(client, &of.name).await?;
            let reset = client.post(&format!("/api/operators/{id}/reset"), json!({})).await?;
            linked(&reset, of.format.json, words)
        }
        Operator::List(format) => {
            let operators = client.get("/api/operators").await?;
            if format.json {
                return say_json(&operators);
            }
            let columns = ["name", "shown_name", "roles", "department", "state", "last_login_at"];
            let mut table = Table::new(words, &columns);
            for operator in items(&operators, "operators") {
                table.row([
                    text(operator, "name"),
                    text(operator, "shown_name"),
                    role_words(operator, words),
                    text(operator, "department"),
                    state(operator, words).to_owned(),
                    time(operator, "last_login_at"),
                ]);
            }
            say(&table.lines(words))
        }
    }
}

fn state<'a>(operator: &Value, words: &'a Words) -> &'a str {
    words.word(match (is(operator, "is_disabled"), is(operator, "has_password")) {
        (true, _) => "operator.disabled",
        (false, true) => "operator.active",
        (false, false) => "operator.invited",
    })
}

fn role_words(operator: &Value, words: &Words) -> String {
    let roles = items(operator, "roles").iter().filter_map(Value::as_str);
    let roles = roles.map(|role| words.word(&format!("operator_role.{role}")).to_owned());
    roles.collect::<Vec<_>>().join(" ")
}

async fn add(client: &Client, add: OperatorAdd, words: &'static Words) -> Result<(), Failure> {
    let form = json!({
        "name": add.name, "shown_name": add.shown, "roles": add.roles, "department": add.department,
    });
    linked(&client.post("/api/operators", form).await?, add.format.json, words)
}

async fn roles(client: &Client, of: OperatorRoles, words: &'static Words) -> Result<(), Failure> {
    let id = find(client, &of.name).await?;
    let form = json!({ "roles": of.roles, "department": of.department });
    let operator = client.post(&format!("/api/operators/{id}/roles"), form).await?;
    done(&operator, of.format.json, words)
}

async fn changed(client: &Client, of: &OfOperator, verb: &str, words: &'static Words) -> Result<(), Failure> {
    let id = find(client, &of.name).await?;
    let operator = client.post(&format!("/api/operators/{id}/{verb}"), json!({})).await?;
    done(&operator, of.format.json, words)
}

fn done(operator: &Value, is_json: bool, words: &'static Words) -> Result<(), Failure> {
    if is_json {
        return say_json(operator);
    }
    tell(
        words,
        "operator.done",
        &[
            ("name", &text(operator, "name")),
            ("state", &state(operator, words)),
            ("roles", &role_words(operator, words)),
        ],
    )
}

fn linked(answer: &Value, is_json: bool, words: &'static Words) -> Result<(), Failure> {
    if is_json {
        return say_json(answer);
    }
    tell(
        words,
        "operator.link",
        &[
            ("name", &text(answer, "operator.name")),
            ("link", &text(answer, "link")),
            ("code", &text(answer, "code")),
            ("until", &time(answer, "expires_at")),
        ],
    )
}

/// The number of somebody by the login name.
async fn find(client: &Client, name: &str) -> Result<u64, Failure> {
    let operators = client.get("/api/operators").await?;
    let wanted = name.trim().to_lowercase();
    let found = items(&operators, "operators").iter().find(|operator| text(operator, "name") == wanted);
    let unknown = || Failure::Id { key: "fail.operator_unknown", given: name.to_owned() };
    found.map(|operator| number(operator, "id")).ok_or_else(unknown)
}

/// `audit …` of a running relay.
pub(super) async fn audit(client: &Client, command: Audit, words: &'static Words) -> Result<(), Failure> {
    match command {
        Audit::List(list) => audit_list(client, list, words).await,
        Audit::Verify(format) => verified(&client.get("/api/audit/verify").await?, format.json, words),
    }
}

/// `audit verify` of a folder whose relay does not run.
pub(super) fn verify_stopped(folder: &Path, is_json: bool, words: &'static Words) -> Result<(), Failure> {
    let verified_folder = verify_folder(folder);
    let verified_folder =
        verified_folder.map_err(|error: RelayError| Failure::BadAnswer(error.to_string()))?;
    let answer =
        serde_json::to_value(verified_folder).map_err(|error| Failure::BadAnswer(error.to_string()))?;
    verified(&answer, is_json, words)
}

/// A broken chain is a failure: a script sees it by the exit code.
fn verified(answer: &Value, is_json: bool, words: &'static Words) -> Result<(), Failure> {
    if is_json {
        say_json(answer)?;
    }
    let (entries, broken_at) = (number(answer, "entries"), text(answer, "broken_at"));
    if !broken_at.is_empty() {
        return Err(Failure::AuditBroken { entries, broken_at });
    }
    if is_json {
        return Ok(());
    }
    tell(words, "audit.whole", &[("entries", &entries), ("head", &text(answer, "head"))])
}

async fn audit_list(client: &Client, list: AuditList, words: &'static Words) -> Result<(), Failure> {
    let operator = match &list.operator {
        Some(name) => Some(find(client, name).await?.to_string()),
        None => None,
    };
    let limit = list.limit.to_string();
    let asked = query(&[
        ("since", list.since.as_deref()),
        ("operator", operator.as_deref()),
        ("limit", Some(&limit)),
    ]);
    let entries = client.get(&format!("/api/audit{asked}")).await?;
    if list.format.json {
        return say_json(&entries);
    }
    let operators = client.get("/api/operators").await?;
    let columns = ["number", "at", "operator", "address", "action", "target", "outcome", "reason"];
    let mut table = Table::new(words, &columns);
    for entry in items(&entries, "audit") {
        table.row([
            text(entry, "number"),
            time(entry, "at"),
            who(entry, &operators, words),
            text(entry, "address"),
            format!("{} {}", text(entry, "method"), text(entry, "route")),
            text(entry, "target").split('/').map(short).collect::<Vec<_>>().join("/"),
            outcome(entry, words),
            text(entry, "reason"),
        ]);
    }
    say(&table.lines(words))
}

fn who(entry: &Value, operators: &Value, words: &Words) -> String {
    let id = text(entry, "operator");
    if id.is_empty() {
        return words.word("audit.machine").to_owned();
    }
    let known = items(operators, "operators").iter().find(|operator| text(operator, "id") == id);
    known.map_or(id, |operator| text(operator, "name"))
}

fn outcome(entry: &Value, words: &Words) -> String {
    let (status, began, unwritten) =
        (text(entry, "status"), text(entry, "began"), number(entry, "unwritten"));
    let mut said = match (status.is_empty(), began.is_empty()) {
        (true, _) => words.word("audit.begun").to_owned(),
        (false, true) => status,
        (false, false) => format!("{status} (#{began})"),
    };
    if unwritten > 0 {
        said.push_str("  ");
        said.push_str(&words.say("audit.unwritten", &[("count", &unwritten)]));
    }
    said
}
