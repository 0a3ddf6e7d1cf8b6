//! Reads the relay's JSON answers for printing: a missing value is an empty cell.

use serde_json::Value;

use super::{failure::Failure, output::clean};
use crate::{times, words::Words};

/// Fewest characters of a shortened id.
const MIN_ID_CHARS: usize = 6;
/// Characters of an id in a table: its end, for the beginning is a time and the same in many.
const SHORT_ID_CHARS: usize = 8;

/// A text, number or yes at `path` (fields with dots between).
pub(super) fn text(value: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(value, |value, name| value.get(name));
    match found {
        Some(Value::String(text)) => clean(text),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(is)) => is.to_string(),
        _ => String::new(),
    }
}

/// A number at `path`; 0 if there is none.
pub(super) fn number(value: &Value, path: &str) -> u64 {
    let found = path.split('.').try_fold(value, |value, name| value.get(name));
    found.and_then(Value::as_u64).unwrap_or(0)
}

/// Whether something is said to be so.
pub(super) fn is(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// The items of a list.
pub(super) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of a list on one line.
pub(super) fn joined(value: &Value, name: &str) -> String {
    items(value, name).iter().filter_map(Value::as_str).map(clean).collect::<Vec<_>>().join(" ")
}

/// A time as people here read it.
pub(super) fn time(value: &Value, name: &str) -> String {
    text(value, name).parse().map(times::beijing).unwrap_or_default()
}

/// A word of the wire in the operator's language: `state`, `role`, `severity` and so on.
pub(super) fn word(words: &Words, kind: &str, value: &Value, name: &str) -> String {
    match text(value, name) {
        word if word.is_empty() => word,
        word => words.word(&format!("{kind}.{word}")).to_owned(),
    }
}

/// What the settings call a code, such as a category.
pub(super) fn named(settings: &Value, list: &str, code: &str, words: &Words) -> String {
    let language = match words.lang() {
        crate::words::Lang::Chinese => "zh",
        crate::words::Lang::English => "en",
    };
    let found = items(settings, list).iter().find(|item| text(item, "id") == code);
    let name = found.map(|item| {
        [format!("name.{language}"), format!("words.{language}"), "name".to_owned()]
            .iter()
            .map(|path| text(item, path))
            .find(|name| !name.is_empty())
            .unwrap_or_default()
    });
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| code.to_owned())
}

/// The end of an id, enough to tell it apart.
pub(super) fn short(id: &str) -> String {
    let skipped = id.chars().count().saturating_sub(SHORT_ID_CHARS);
    id.chars().skip(skipped).collect()
}

/// Whether an id is given whole.
pub(super) fn is_whole(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The one id that begins or ends with what was given.
pub(super) fn resolve(given: &str, ids: impl IntoIterator<Item = String>) -> Result<String, Failure> {
    let wanted = given.trim().to_ascii_lowercase();
    let fail = |key| Failure::Id { key, given: clean(given) };
    if wanted.len() < MIN_ID_CHARS || !wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(fail("fail.id_short"));
    }
    let mut matching = ids.into_iter().filter(|id| id.starts_with(&wanted) || id.ends_with(&wanted));
    match (matching.next(), matching.next()) {
        (None, _) => Err(fail("fail.id_unknown")),
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => Err(fail("fail.id_ambiguous")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_must_be_one_and_of_one() {
        let ids = || ["0190aaaabbbbcccc", "0190aaaaddddeeee"].map(str::to_owned);
        assert_eq!(resolve("0190aaaab", ids()).unwrap(), "0190aaaabbbbcccc");
        assert_eq!(resolve("DDEEEE", ids()).unwrap(), "0190aaaaddddeeee");
        let key = |given| match resolve(given, ids()) {
            Err(Failure::Id { key, .. }) => key,
            other => panic!("{other:?}"),
        };
        assert_eq!(key("0190aa"), "fail.id_ambiguous");
        assert_eq!(key("0190a"), "fail.id_short");
        assert_eq!(key("ffffff"), "fail.id_unknown");
    }
}
