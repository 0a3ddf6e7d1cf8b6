//! What several commands make of their arguments: whole ids, queries, audiences, times, sheets.

use std::path::Path;

use serde_json::{Value, json};
use suishou_core::{error::Problem, time::Timestamp};

use super::{
    args::{Audience, Deed, Which},
    client::{Client, encoded, query},
    failure::Failure,
    lists::read,
    value::{is_whole, items, number, resolve, text},
};
use crate::words::Words;

/// The whole id: as given, or the one document of this list whose id begins or ends so.
pub(super) async fn whole(client: &Client, list: &str, given: &str) -> Result<String, Failure> {
    if is_whole(given) {
        return Ok(given.to_ascii_lowercase());
    }
    // Refuses what can't be an id before asking for all there are.
    if let Err(failure @ Failure::Id { key: "fail.id_short", .. }) = resolve(given, []) {
        return Err(failure);
    }
    let mut ids = Vec::new();
    let mut before = None;
    loop {
        let query = query(&[("limit", Some("500")), ("before", before.as_deref())]);
        let page = client.get(&format!("/api/{list}{query}")).await?;
        let found = items(&page, list);
        ids.extend(found.iter().map(|document| text(document, "document")));
        match found.last() {
            Some(last) if found.len() == 500 => before = Some(number(last, "seq").to_string()),
            _ => return resolve(given, ids).map(|id| encoded(&id)),
        }
    }
}

/// A page of a list, as its filters want it.
pub(super) async fn page(
    client: &Client,
    list: &str,
    which: &Which,
    more: &[(&str, Option<&str>)],
) -> Result<Value, Failure> {
    let (limit, before) = (which.limit.to_string(), which.before.map(|before| before.to_string()));
    let mut values = vec![
        ("state", which.state.as_deref()),
        ("grid", which.grid.as_deref()),
        ("member", which.member.as_deref()),
        ("limit", Some(limit.as_str())),
        ("before", before.as_deref()),
    ];
    values.extend(more);
    client.get(&format!("/api/{list}{}", query(&values))).await
}

/// Sends a step of the document that a command names.
pub(super) async fn send(
    client: &Client,
    list: &str,
    deed: &Deed,
    mut body: Value,
) -> Result<Value, Failure> {
    let id = whole(client, list, &deed.id).await?;
    if let Some(fields) = body.as_object_mut() {
        let said = [("reason", &deed.reason), ("remark", &deed.remark)];
        for (name, value) in said.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    client.post(&format!("/api/{list}/{id}/steps"), body).await
}

/// Whom something is for.
pub(super) fn audience(audience: &Audience) -> Value {
    json!({
        "is_everyone": audience.everyone,
        "grids": audience.grids,
        "members": audience.members,
        "departments": audience.departments,
        "roles": audience.roles,
    })
}

/// A time as it travels; one without an offset is Beijing time.
pub(super) fn time(given: &str, words: &Words) -> Result<String, Failure> {
    let given = given.trim();
    let read = given.parse::<Timestamp>().or_else(|_| format!("{given}+08:00").parse());
    let read = read.map_err(|_| invalid(&Problem::Malformed("a time"), words))?;
    Ok(read.to_rfc3339())
}

/// The same, if there is one.
pub(super) fn maybe_time(given: Option<&String>, words: &Words) -> Result<Option<String>, Failure> {
    given.map(|given| time(given, words)).transpose()
}

/// A sheet as it travels in a form.
pub(super) fn sheet(path: Option<&Path>, words: &Words) -> Result<Option<String>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let text = String::from_utf8(read(path)?);
    text.map(Some).map_err(|_| invalid(&Problem::Malformed("UTF-8"), words))
}

/// Something that is wrong before the relay is asked.
pub(super) fn invalid(problem: &Problem, words: &Words) -> Failure {
    Failure::Refused { reason: words.problem(problem), problems: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Lang;

    #[test]
    fn a_time_without_an_offset_is_beijing_time() {
        let words = Words::of(Lang::English);
        assert_eq!(time("2026-01-31T18:00", words).unwrap(), "2026-01-31T10:00:00.000Z");
        assert_eq!(time("2026-01-31T18:00Z", words).unwrap(), "2026-01-31T18:00:00.000Z");
        assert!(time("tomorrow", words).is_err());
    }
}
