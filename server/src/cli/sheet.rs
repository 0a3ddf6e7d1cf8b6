//! One document on the terminal: lines of a name and a value, and people.

use serde_json::Value;

use super::{
    failure::Failure,
    identity::called,
    output::{clean, say},
    value::{items, joined, named, text, time, word},
};
use crate::words::Words;

/// Lines under way.
pub(super) struct Sheet<'a> {
    words: &'static Words,
    settings: &'a Value,
    document: &'a Value,
    lines: Vec<String>,
}

impl<'a> Sheet<'a> {
    /// Of a document.
    pub(super) fn of(document: &'a Value, settings: &'a Value, words: &'static Words) -> Self {
        Self { words, settings, document, lines: Vec::new() }
    }

    /// A line, unless the value is empty.
    pub(super) fn line(&mut self, key: &str, value: &str) -> &mut Self {
        let value = clean(value);
        if !value.trim().is_empty() {
            self.lines.push(format!("{}: {}", self.words.word(&format!("column.{key}")), value.trim_end()));
        }
        self
    }

    /// A field as it is.
    pub(super) fn text(&mut self, key: &str, field: &str) -> &mut Self {
        self.line(key, &text(self.document, field))
    }

    /// A time.
    pub(super) fn time(&mut self, key: &str) -> &mut Self {
        self.line(key, &time(self.document, key))
    }

    /// What the settings call a code.
    pub(super) fn named(&mut self, key: &str, list: &str) -> &mut Self {
        self.line(key, &named(self.settings, list, &text(self.document, key), self.words))
    }

    /// A word of the wire.
    pub(super) fn word(&mut self, key: &str, kind: &str) -> &mut Self {
        self.line(key, &word(self.words, kind, self.document, key))
    }

    /// Whom it is for.
    pub(super) fn audience(&mut self) -> &mut Self {
        let Some(audience) = self.document.get("audience") else { return self };
        let mut said = Vec::new();
        if super::value::is(audience, "is_everyone") {
            said.push(self.words.word("say.everyone").to_owned());
        }
        said.extend(["grids", "members", "departments"].map(|part| joined(audience, part)));
        let roles = items(audience, "roles").iter().filter_map(Value::as_str);
        said.extend(roles.map(|role| self.words.word(&format!("role.{role}")).to_owned()));
        said.retain(|part| !part.is_empty());
        let said = said.join(" ");
        self.line("audience", if said.is_empty() { self.words.word("author.centre") } else { &said })
    }

    /// Whose record it is.
    pub(super) fn by(&mut self) -> &mut Self {
        let by = self.document.get("by").filter(|by| by.is_object()).map(|by| person(self.words, by));
        self.line("by", &by.unwrap_or_else(|| self.words.word("author.centre").to_owned()))
    }

    /// People of a list.
    pub(super) fn people(&mut self, key: &str, list: &str) -> &mut Self {
        let people: Vec<String> =
            items(self.document, list).iter().map(|one| person(self.words, one)).collect();
        let count = people.len();
        if count == 0 {
            return self;
        }
        self.line(key, &format!("({count}) {}", people.join("  ")))
    }

    /// The remarks.
    pub(super) fn notes(&mut self) -> &mut Self {
        for note in items(self.document, "notes").iter().filter(|note| !text(note, "text").is_empty()) {
            let origin = note.get("origin").unwrap_or(&Value::Null);
            let said = format!("{}  {}  {}", time(origin, "received_at"), self.who(note), text(note, "text"));
            self.line("note", &said);
        }
        self
    }

    /// A person's name by the alias that a remark carries.
    pub(super) fn who(&self, of: &Value) -> String {
        let author = text(of, "origin.author");
        let person =
            items(self.document, "participants").iter().find(|person| text(person, "author") == author);
        person.map_or_else(
            || self.words.word(&format!("author.{author}")).to_owned(),
            |person| called(self.words, person),
        )
    }

    /// Prints it.
    pub(super) fn say(&self) -> Result<(), Failure> {
        say(&self.lines.join("\n"))
    }
}

/// Name and number of somebody.
pub(super) fn person(words: &Words, person: &Value) -> String {
    format!("{} {}", called(words, person), text(person, "member")).trim().to_owned()
}
