//! `identity …` and `reveal …`: sealing who informants are, and asking for it. Home of `rpassword`.

use std::io::{self, BufRead as _};

use serde_json::{Value, json};

use super::{
    args::{FromInput, Identity, Reveal, RevealAsk},
    client::Client,
    failure::Failure,
    output::{Table, cut, say_json, tell},
    value::{is, items, short, text, time, word},
};
use crate::words::Words;

/// `identity …`
pub(super) async fn identity(
    client: &Client,
    command: Identity,
    words: &'static Words,
) -> Result<(), Failure> {
    match command {
        Identity::Init(input) => {
            let mut asked = Asked::new(input, words);
            let form = json!({ "passphrase": asked.new_one()? });
            let made = client.post("/api/identity", form).await?;
            if input.format.json {
                return say_json(&made);
            }
            let status = client.get("/api/status").await?;
            tell(
                words,
                "identity.done",
                &[("sealed", &text(&made, "sealed")), ("copies", &text(&made, "copies_removed"))],
            )?;
            tell(
                words,
                "identity.recovery_sheet",
                &[("name", &text(&status, "name")), ("code", &text(&made, "recovery_code"))],
            )
        }
        Identity::ChangePassphrase(input) => {
            let mut asked = Asked::new(input, words);
            let form = json!({ "present": asked.one("identity.ask_present")?, "next": asked.new_one()? });
            let changed = client.post("/api/identity/passphrase", form).await?;
            if input.format.json { say_json(&changed) } else { tell(words, "identity.changed", &[]) }
        }
    }
}

/// `reveal …`
pub(super) async fn reveal(client: &Client, command: Reveal, words: &'static Words) -> Result<(), Failure> {
    match command {
        Reveal::Ask(ask) => self::ask(client, &ask, words).await,
        Reveal::List(format) => {
            let reveals = client.get("/api/reveals").await?;
            let columns =
                ["reveal", "state", "document", "member", "asked_by", "asked_at", "settled_by", "reason"];
            let mut table = Table::new(words, &columns);
            for reveal in items(&reveals, "reveals") {
                table.row([
                    text(reveal, "id"),
                    word(words, "reveal", reveal, "state"),
                    short(&text(reveal, "document")),
                    text(reveal, "member"),
                    operator(reveal, "asked_by", true, words),
                    time(reveal, "asked_at"),
                    operator(reveal, "settled_by", !text(reveal, "settled_at").is_empty(), words),
                    cut(&text(reveal, "reason"), 40),
                ]);
            }
            super::lists::show(&reveals, &table, format, words)
        }
        Reveal::Open(open) => {
            let passphrase = Asked::new(open.input, words).one("identity.ask_present")?;
            let path = format!("/api/reveals/{}/open", open.id);
            let opened = client.post(&path, json!({ "passphrase": passphrase })).await?;
            if open.input.format.json {
                return say_json(&opened);
            }
            let values = ["id", "member", "name", "phone"].map(|name| text(&opened, name));
            let [id, member, name, phone] = &values;
            tell(
                words,
                "reveal.opened_text",
                &[("id", id), ("member", member), ("name", name), ("phone", phone)],
            )
        }
        Reveal::Refuse(refuse) => {
            let refused = client.post(&format!("/api/reveals/{}/refuse", refuse.id), json!({})).await?;
            if refuse.format.json {
                say_json(&refused)
            } else {
                tell(words, "reveal.refused_text", &[("id", &refuse.id)])
            }
        }
    }
}

async fn ask(client: &Client, ask: &RevealAsk, words: &'static Words) -> Result<(), Failure> {
    let form = match (&ask.document, &ask.member) {
        (Some(document), _) => json!({ "reason": ask.reason, "document": document, "author": ask.author }),
        (None, Some(member)) => json!({ "reason": ask.reason, "member": member }),
        (None, None) => json!({ "reason": ask.reason }),
    };
    let asked = client.post("/api/reveals", form).await?;
    if ask.format.json {
        return say_json(&asked);
    }
    tell(words, "reveal.asked_text", &[("id", &text(&asked, "id")), ("until", &time(&asked, "expires_at"))])
}

/// An operator by number; this machine has none.
fn operator(reveal: &Value, field: &str, has_acted: bool, words: &Words) -> String {
    match text(reveal, field) {
        number if number.is_empty() && has_acted => words.word("reveal.machine").to_owned(),
        number => number,
    }
}

/// What to call somebody: staff by name, an informant by the number or alias that is shown.
pub(super) fn called(words: &Words, person: &Value) -> String {
    let name = text(person, "name");
    let is_informant = text(person, "role") == "informant";
    if !name.is_empty() || !(is(person, "is_hidden") || is_informant) {
        return name;
    }
    let author = text(person, "author");
    let number = author.strip_prefix("person ").map(str::to_owned);
    let number = number.or_else(|| Some(text(person, "id"))).filter(|number| !number.is_empty());
    let key = if is(person, "is_hidden") && text(person, "role").is_empty() && !author.is_empty() {
        "identity.in_confidence"
    } else {
        "identity.informant"
    };
    words.say(key, &[("number", &number.unwrap_or_else(|| "–".to_owned()))])
}

/// The warning of `status`, if names stand in clear.
pub(super) fn warning(status: &Value, words: &Words) -> Option<String> {
    let identities = status.get("identities")?;
    let clear = super::value::number(identities, "in_clear");
    (!is(identities, "has_keeper_key")).then(|| words.say("identity.warning", &[("count", &clear)]))
}

/// Passphrases as they are typed, or line by line from standard input.
pub(super) struct Asked {
    is_from_input: bool,
    words: &'static Words,
}

impl Asked {
    pub(super) fn new(input: FromInput, words: &'static Words) -> Self {
        Self { is_from_input: input.passphrase_stdin, words }
    }

    /// One, without echo.
    pub(super) fn one(&mut self, key: &str) -> Result<String, Failure> {
        let failed = |error: io::Error| Failure::Output(error.kind());
        if self.is_from_input {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map_err(failed)?;
            return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        rpassword::prompt_password(self.words.word(key)).map_err(failed)
    }

    /// A new one; typed twice.
    fn new_one(&mut self) -> Result<String, Failure> {
        let first = self.one("identity.ask_new")?;
        if !self.is_from_input && self.one("identity.ask_again")? != first {
            return Err(Failure::Id { key: "fail.passphrases_differ", given: String::new() });
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Lang;

    #[test]
    fn an_informant_has_no_name_and_staff_have() {
        let words = Words::of(Lang::Chinese);
        let staff = json!({ "author": "person 1", "name": "王芳", "role": "member", "is_hidden": false });
        assert_eq!(called(words, &staff), "王芳");
        let informant = json!({ "author": "person 2", "name": "", "role": "informant", "is_hidden": true });
        assert_eq!(called(words, &informant), "信息员 #2");
        let listed = json!({ "id": "v07", "name": "", "role": "informant" });
        assert_eq!(called(words, &listed), "信息员 #v07");
        let in_confidence = json!({ "author": "person 1", "name": "", "role": null, "is_hidden": true });
        assert!(!called(words, &in_confidence).contains("信息员"));
    }
}
