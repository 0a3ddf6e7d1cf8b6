//! `enrol`: a one-time code for a member's phone, as a QR and to be typed; a sheet of them; what became of them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    args::{Enrol, EnrolCommand},
    client::{Client, Payload},
    enrol_sheet,
    failure::Failure,
    lists,
    output::{Table, is_terminal, say, say_json, tell},
    qr::Qr,
    value::{items, text, time, word},
};
use crate::{folder, words::Words};

/// How often the relay is asked whether the phone has come.
const POLL: Duration = Duration::from_secs(1);

/// `enrol …`
pub(super) async fn enrol(client: &Client, enrol: Enrol, words: &'static Words) -> Result<(), Failure> {
    match &enrol.command {
        Some(EnrolCommand::List(format)) => {
            let listed = client.get("/api/enrolments").await?;
            let columns = ["number", "member", "name", "made_at", "expires_at", "state", "check"];
            let mut table = Table::new(words, &columns);
            for invitation in items(&listed, "enrolments") {
                table.row([
                    text(invitation, "number"),
                    text(invitation, "member"),
                    text(invitation, "name"),
                    time(invitation, "made_at"),
                    time(invitation, "expires_at"),
                    word(words, "invitation", invitation, "state"),
                    text(invitation, "check"),
                ]);
            }
            lists::show(&listed, &table, *format, words)
        }
        Some(EnrolCommand::Withdraw(withdraw)) => {
            let path = format!("/api/enrolments/{}/withdraw", withdraw.number);
            let withdrawn = client.post(&path, json!({})).await?;
            if withdraw.format.json {
                return say_json(&withdrawn);
            }
            let key = if text(&withdrawn, "state") == "used" { "enrol.too_late" } else { "enrol.withdrawn" };
            tell(words, key, &[("number", &withdraw.number), ("device", &text(&withdrawn, "device"))])
        }
        None => match (&enrol.csv, &enrol.sheet) {
            (Some(csv), Some(sheet)) => batch(client, csv, sheet, &enrol, words).await,
            (_, sheet) => one(client, sheet.as_deref(), &enrol, words).await,
        },
    }
}

fn seconds(hours: u16) -> u64 {
    u64::from(hours) * 3_600
}

async fn one(
    client: &Client,
    sheet: Option<&Path>,
    enrol: &Enrol,
    words: &'static Words,
) -> Result<(), Failure> {
    let members = client.get("/api/members").await?;
    let member = find(&members, enrol.member.as_deref().unwrap_or_default())?;
    let form = json!({ "member": member, "valid_for_s": seconds(enrol.valid_hours) });
    let invited = client.post("/api/enrolments", form).await?;
    if let Some(sheet) = sheet {
        let township = text(&client.get("/api/status").await?, "name");
        save(sheet, enrol_sheet::html(&township, std::slice::from_ref(&invited))?.as_bytes())?;
    }
    let pictures = Pictures { png: enrol.png.as_ref(), svg: enrol.svg.as_ref() };
    pictures.save(&invited)?;
    if enrol.format.json {
        return say_json(&invited);
    }
    show(&invited, words)?;
    pictures.tell(words)?;
    if let Some(sheet) = sheet {
        tell(words, "enrol.saved", &[("path", &sheet.display())])?;
    }
    if enrol.wait { wait(client, &invited, words).await } else { Ok(()) }
}

async fn batch(
    client: &Client,
    csv: &Path,
    sheet: &Path,
    enrol: &Enrol,
    words: &'static Words,
) -> Result<(), Failure> {
    let path = format!("/api/enrolments/batch?valid_for_s={}", seconds(enrol.valid_hours));
    let invited = client.send(&path, Payload::Csv(lists::read(csv)?)).await?;
    let township = text(&client.get("/api/status").await?, "name");
    save(sheet, enrol_sheet::html(&township, items(&invited, "enrolments"))?.as_bytes())?;
    if enrol.format.json {
        return say_json(&invited);
    }
    let count = items(&invited, "enrolments").len();
    let until = items(&invited, "enrolments").first().map(|first| time(first, "expires_at"));
    tell(
        words,
        "enrol.sheet",
        &[("count", &count), ("path", &sheet.display()), ("until", &until.unwrap_or_default())],
    )
}

/// Where the QR goes beside the terminal.
pub(super) struct Pictures<'a> {
    /// As a picture.
    pub(super) png: Option<&'a PathBuf>,
    /// As a drawing.
    pub(super) svg: Option<&'a PathBuf>,
}

impl Pictures<'_> {
    pub(super) fn save(&self, invited: &Value) -> Result<(), Failure> {
        let qr = Qr::of(&text(invited, "invitation")).ok_or(Failure::Qr)?;
        if let Some(path) = self.png {
            save(path, &qr.png().ok_or(Failure::Qr)?)?;
        }
        if let Some(path) = self.svg {
            save(path, qr.svg().as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn tell(&self, words: &Words) -> Result<(), Failure> {
        for path in self.png.iter().chain(&self.svg) {
            tell(words, "enrol.saved", &[("path", &path.display())])?;
        }
        Ok(())
    }
}

/// The code on the terminal.
pub(super) fn show(invited: &Value, words: &Words) -> Result<(), Failure> {
    let qr = Qr::of(&text(invited, "invitation")).ok_or(Failure::Qr)?;
    let role = invited.get("member").map(|member| word(words, "role", member, "role"));
    tell(
        words,
        "enrol.head",
        &[
            (
                "name",
                &invited
                    .get("member")
                    .map(|member| super::identity::called(words, member))
                    .unwrap_or_default(),
            ),
            ("id", &text(invited, "member.id")),
            ("role", &role.unwrap_or_default()),
        ],
    )?;
    say(&qr.blocks(is_terminal()))?;
    let addresses =
        items(invited, "addresses").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    tell(words, "enrol.foot", &[("until", &time(invited, "expires_at")), ("addresses", &addresses)])?;
    let address = items(invited, "addresses").first().and_then(Value::as_str).unwrap_or_default();
    tell(
        words,
        "enrol.typed",
        &[
            ("address", &address.trim_start_matches("https://")),
            ("code", &text(invited, "typed_code")),
            ("number", &text(invited, "number")),
        ],
    )
}

/// Until the phone has come, or can't come any more.
async fn wait(client: &Client, invited: &Value, words: &'static Words) -> Result<(), Failure> {
    tell(words, "enrol.waiting", &[])?;
    let path = format!("/api/enrolments/{}", text(invited, "number"));
    loop {
        let now = client.get(&path).await?;
        match text(&now, "state").as_str() {
            "open" => tokio::time::sleep(POLL).await,
            "used" => {
                return tell(
                    words,
                    "enrol.compare",
                    &[("check", &text(&now, "check")), ("device", &text(&now, "device"))],
                );
            }
            _ => {
                let state = word(words, "invitation", &now, "state");
                return tell(words, "enrol.over", &[("state", &state)]);
            }
        }
    }
}

/// By number, else by a name that only one person has.
fn find(members: &Value, wanted: &str) -> Result<String, Failure> {
    let wanted = wanted.trim();
    let members = items(members, "members");
    if members.iter().any(|member| text(member, "id") == wanted) {
        return Ok(wanted.to_owned());
    }
    let fail = |key| Failure::Id { key, given: wanted.to_owned() };
    let mut namesakes = members.iter().filter(|member| text(member, "name") == wanted);
    match (namesakes.next(), namesakes.next()) {
        (None, _) => Err(fail("fail.member_unknown")),
        (Some(member), None) => Ok(text(member, "id")),
        (Some(_), Some(_)) => Err(fail("fail.member_ambiguous")),
    }
}

/// The picture is as good as the code: only its owner reads it.
fn save(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    folder::replace_private(path, bytes).map_err(Failure::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_goes_by_number_or_by_a_name_of_one() {
        let members = json!({ "members": [
            { "id": "m1", "name": "王芳" }, { "id": "m2", "name": "王芳" }, { "id": "m3", "name": "李强" },
        ] });
        assert_eq!(find(&members, "m2").unwrap(), "m2");
        assert_eq!(find(&members, " 李强 ").unwrap(), "m3");
        assert!(find(&members, "王芳").is_err());
        assert!(find(&members, "x").is_err());
    }
}
