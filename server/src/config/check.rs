//! Every key of `config.toml`: its place in the environment, what it may be, and all that is wrong at once.

use std::path::Path;

use toml::{Table, Value};

use super::checked_address;
use crate::error::ConfigProblem;

/// Beginning of the environment's names.
const PREFIX: &str = "SUISHOU_";

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `ADDR:PORT`.
    Socket,
    /// Base addresses for phones.
    Addresses,
    /// A whole number between two.
    Number(i64, i64),
    /// A folder.
    Path,
    /// A public key of age.
    Recipient,
    /// On or off.
    Switch,
}

/// All keys; those that must be there first.
const KEYS: &[(&str, Kind, bool)] = &[
    ("listen", Kind::Socket, true),
    ("api_listen", Kind::Socket, true),
    ("addresses", Kind::Addresses, true),
    ("connections", Kind::Number(1, 1_000_000), false),
    ("connections_per_address", Kind::Number(1, 1_000_000), false),
    ("backup.to", Kind::Path, false),
    ("backup.every_hours", Kind::Number(0, 24 * 31), false),
    ("backup.keep", Kind::Number(0, 10_000), false),
    ("backup.encrypt_to", Kind::Recipient, false),
    ("disk.attachments_free_mb", Kind::Number(0, 1_000_000_000), false),
    ("disk.entries_free_mb", Kind::Number(0, 1_000_000_000), false),
    ("console_listen", Kind::Socket, false),
    ("daily_retention", Kind::Switch, false),
    ("quotas.entries_per_hour", Kind::Number(1, i64::MAX), false),
    ("quotas.entries_per_day", Kind::Number(1, i64::MAX), false),
    ("quotas.attachment_bytes_per_day", Kind::Number(1, i64::MAX), false),
    ("quotas.uploads", Kind::Number(1, i64::MAX), false),
];

/// The name of a key in the environment.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "_"))
}

/// Puts what the environment says over the file's table, and tells all that is wrong.
pub(super) fn complete(
    mut table: Table,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Table, Vec<ConfigProblem>> {
    let mut problems = Vec::new();
    for name in names(&table, "") {
        if !KEYS.iter().any(|(key, ..)| *key == name) {
            let nearest = nearest(&name);
            problems.push(ConfigProblem::new(name, "unknown", nearest));
        }
    }
    for (key, kind, is_needed) in KEYS {
        let name = variable(key);
        if let Some(text) = environment(&name) {
            match from_text(&text, *kind) {
                Some(value) if problem(&value, *kind).is_none() => put(&mut table, key, value),
                _ => problems.push(ConfigProblem::new(name, expected(*kind), text)),
            }
            continue;
        }
        match find(&table, key) {
            None if *is_needed => problems.push(ConfigProblem::new(*key, "missing", name)),
            None => {}
            Some(value) => problems.extend(
                problem(value, *kind).map(|detail| ConfigProblem::new(*key, expected(*kind), detail)),
            ),
        }
    }
    if problems.is_empty() { Ok(table) } else { Err(problems) }
}

fn names(table: &Table, before: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        let name = format!("{before}{key}");
        match value {
            Value::Table(inner) if before.is_empty() => found.extend(names(inner, &format!("{name}."))),
            _ => found.push(name),
        }
    }
    found
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        Some((section, key)) => table.get(section)?.as_table()?.get(key),
        None => table.get(key),
    }
}

fn put(table: &mut Table, key: &str, value: Value) {
    let Some((section, inner)) = key.split_once('.') else {
        table.insert(key.to_owned(), value);
        return;
    };
    let section = table.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(inner.to_owned(), value);
    }
}

fn from_text(text: &str, kind: Kind) -> Option<Value> {
    Some(match kind {
        Kind::Number(..) => Value::Integer(text.trim().parse().ok()?),
        Kind::Switch => Value::Boolean(text.trim().parse().ok()?),
        Kind::Addresses => {
            let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        Kind::Socket | Kind::Path | Kind::Recipient => Value::String(text.trim().to_owned()),
    })
}

/// What is given in place of what is expected; none if that is right.
fn problem(value: &Value, kind: Kind) -> Option<String> {
    let shown = || value.to_string();
    let is_right = match (kind, value) {
        (Kind::Switch, Value::Boolean(_)) => true,
        (Kind::Socket, Value::String(text)) => text.parse::<std::net::SocketAddr>().is_ok(),
        (Kind::Addresses, Value::Array(list)) => {
            let is_one = |value: &Value| value.as_str().is_some_and(|text| checked_address(text).is_ok());
            return if list.is_empty() {
                Some(shown())
            } else {
                list.iter().find(|one| !is_one(one)).map(ToString::to_string)
            };
        }
        (Kind::Number(least, most), Value::Integer(number)) => (least..=most).contains(number),
        (Kind::Path, Value::String(text)) => Path::new(text).is_absolute(),
        (Kind::Recipient, Value::String(text)) => text.starts_with("age1") && text.len() > 20,
        _ => false,
    };
    (!is_right).then(shown)
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Socket => "socket",
        Kind::Addresses => "addresses",
        Kind::Number(..) => "number",
        Kind::Switch => "switch",
        Kind::Path => "path",
        Kind::Recipient => "recipient",
    }
}

/// The known key that looks most like this one.
fn nearest(name: &str) -> String {
    let found = KEYS.iter().min_by_key(|(key, ..)| distance(name, key));
    found.map_or_else(String::new, |(key, ..)| (*key).to_owned())
}

/// How many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (line, left) in (1..).zip(a.chars()) {
        let mut before = std::mem::replace(row.first_mut().unwrap_or(&mut 0), line);
        let mut last = line;
        for (cell, right) in row.iter_mut().skip(1).zip(b.chars()) {
            let changed = before + usize::from(left != right);
            before = *cell;
            last = changed.min(before + 1).min(last + 1);
            *cell = last;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "listen = \"0.0.0.0:8443\"\napi_listen = \"127.0.0.1:8444\"\naddresses = [\"https://10.0.0.2:8443\"]\n";

    fn problems(text: &str, variables: &[(&str, &str)]) -> Vec<(String, &'static str, String)> {
        let environment = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let found = complete(text.parse().unwrap(), environment).err().unwrap_or_default();
        found.into_iter().map(|problem| (problem.name, problem.what, problem.detail)).collect()
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_unknown_keys_with_what_was_meant() {
        assert_eq!(problems(GOOD, &[]), []);
        let bad = "lisen = 1\napi_listen = 5\naddresses = [\"http://x\"]\nconnections = 0\n[backup]\nevry_hours = 2\n";
        let own = |name: &str, what, detail: &str| (name.to_owned(), what, detail.to_owned());
        assert_eq!(
            problems(bad, &[("SUISHOU_DISK_ENTRIES_FREE_MB", "viel")]),
            [
                own("backup.evry_hours", "unknown", "backup.every_hours"),
                own("lisen", "unknown", "listen"),
                own("listen", "missing", "SUISHOU_LISTEN"),
                own("api_listen", "socket", "5"),
                own("addresses", "addresses", "\"http://x\""),
                own("connections", "number", "0"),
                own("SUISHOU_DISK_ENTRIES_FREE_MB", "number", "viel"),
            ]
        );
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let environment = |name: &str| match name {
            "SUISHOU_LISTEN" => Some("0.0.0.0:9".to_owned()),
            "SUISHOU_ADDRESSES" => Some("https://a:1,https://b:2".to_owned()),
            "SUISHOU_BACKUP_KEEP" => Some("3".to_owned()),
            _ => None,
        };
        let table = complete(GOOD.parse().unwrap(), environment).unwrap();
        assert_eq!(table["listen"].as_str(), Some("0.0.0.0:9"));
        assert_eq!(table["addresses"].as_array().map(Vec::len), Some(2));
        assert_eq!(table["backup"]["keep"].as_integer(), Some(3));
    }
}
