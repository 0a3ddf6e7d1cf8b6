//! `device …`: phones, from the first contact to the next one.

use serde_json::{Value, json};

use super::{
    args::{Device, Replace},
    client::Client,
    enrol::{Pictures, show as show_code},
    failure::Failure,
    lists,
    output::{Table, say, say_json, tell},
    value::{is, items, number, resolve, short, text, time},
};
use crate::words::Words;

/// `device …`
pub(super) async fn device(client: &Client, device: Device, words: &'static Words) -> Result<(), Failure> {
    let devices = client.get("/api/devices").await?;
    let find =
        |given: &str| resolve(given, items(&devices, "devices").iter().map(|device| text(device, "id")));
    match device {
        Device::List(format) => lists::show(&devices, &list(&devices, words), format, words),
        Device::Show(named) => {
            let shown = client.get(&format!("/api/devices/{}", find(&named.id)?)).await?;
            if named.format.json { say_json(&shown) } else { say(&sheet(&shown, words)) }
        }
        Device::Revoke(named) => {
            let id = find(&named.id)?;
            let revoked = client.post(&format!("/api/devices/{id}/revoke"), json!({})).await?;
            if named.format.json { say_json(&revoked) } else { tell(words, "device.done", &[("id", &id)]) }
        }
        Device::Restore(named) => {
            let id = find(&named.id)?;
            let restored = client.post(&format!("/api/devices/{id}/restore"), json!({})).await?;
            if named.format.json {
                return say_json(&restored);
            }
            let key = if is(&restored, "is_wiped") { "device.restored_wiped" } else { "device.restored" };
            tell(words, key, &[("id", &id)])?;
            released(&restored, words)
        }
        Device::Replace(wanted) => replace(client, &find(&wanted.id)?, &wanted, words).await,
    }
}

fn state(device: &Value) -> &'static str {
    match (is(device, "is_revoked"), is(device, "is_wiped")) {
        (true, false) => "device.revoked",
        (true, true) => "device.revoked_told",
        (false, true) => "device.wiped",
        (false, false) => "device.active",
    }
}

fn list(devices: &Value, words: &'static Words) -> Table {
    let columns =
        ["id", "member", "enrolled_at", "last_contact_at", "entries", "held", "forks", "check", "state"];
    let mut table = Table::new(words, &columns);
    for device in items(devices, "devices") {
        table.row([
            short(&text(device, "id")),
            text(device, "member"),
            time(device, "enrolled_at"),
            time(device, "last_contact_at"),
            text(device, "entries"),
            text(device, "held"),
            text(device, "forks"),
            text(device, "check"),
            words.word(state(device)).to_owned(),
        ]);
    }
    table
}

fn sheet(device: &Value, words: &'static Words) -> String {
    let mut lines = Vec::new();
    let mut line = |key: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{}: {value}", words.word(&format!("column.{key}"))));
        }
    };
    line("id", text(device, "id"));
    line("member", text(device, "member"));
    line("state", words.word(state(device)).to_owned());
    let how = if is(device, "is_typed") { "device.by_typed" } else { "device.by_qr" };
    line("check", format!("{}  {}", text(device, "check"), words.word(how)).trim().to_owned());
    for key in ["enrolled_at", "last_contact_at", "revoked_at", "restored_at"] {
        line(key, time(device, key));
    }
    line("entries", text(device, "entries"));
    line("uploads", text(device, "uploads"));
    line("held", held(device, "held_by_code", words));
    if device.get("used").is_some_and(Value::is_object) {
        line(
            "used",
            format!("{} / {}", number(device, "used.entries_hour"), number(device, "used.entries_day")),
        );
    }
    for log in items(device, "logs") {
        let mut said = format!("{}  {}", short(&text(log, "log")), text(log, "entries"));
        let forked_at = time(log, "forked_at");
        if !forked_at.is_empty() {
            said = format!("{said}  {}", words.say("device.forked", &[("at", &forked_at)]));
        }
        line("log", said);
    }
    lines.join("\n")
}

/// Reasons with how many there are of each.
fn held(value: &Value, field: &str, words: &Words) -> String {
    let codes = value.get(field).and_then(Value::as_object).into_iter().flatten();
    let said = codes.map(|(code, count)| format!("{} {count}", words.word(&format!("held.{code}"))));
    said.collect::<Vec<_>>().join("  ")
}

/// What came of trying a phone's work again.
pub(super) fn released(answer: &Value, words: &Words) -> Result<(), Failure> {
    let (count, left) = (number(answer, "released"), held(answer, "still_held", words));
    if count == 0 && left.is_empty() {
        return tell(words, "held.none_waited", &[]);
    }
    tell(words, "held.released_many", &[("count", &count)])?;
    if left.is_empty() { Ok(()) } else { tell(words, "held.still", &[("reasons", &left)]) }
}

async fn replace(client: &Client, id: &str, wanted: &Replace, words: &'static Words) -> Result<(), Failure> {
    let form = json!({ "valid_for_s": u64::from(wanted.valid_hours) * 3_600 });
    let replaced = client.post(&format!("/api/devices/{id}/replace"), form).await?;
    let pictures = Pictures { png: wanted.png.as_ref(), svg: wanted.svg.as_ref() };
    pictures.save(&replaced)?;
    if wanted.format.json {
        return say_json(&replaced);
    }
    tell(words, "device.done", &[("id", &id)])?;
    show_code(&replaced, words)?;
    pictures.tell(words)?;
    tell(words, "device.replaced", &[("id", &id)])
}
