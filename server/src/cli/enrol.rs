//! `enrol`: a one-time code for a member's phone, as a QR.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    args::Enrol,
    client::Client,
    failure::Failure,
    output::{is_terminal, say, say_json, tell},
    qr::Qr,
    value::{items, text, time, word},
};
use crate::{folder, words::Words};

/// Asks for a code and shows it.
pub(super) async fn enrol(client: &Client, enrol: Enrol, words: &'static Words) -> Result<(), Failure> {
    let members = client.get("/api/members").await?;
    let member = find(&members, &enrol.member)?;
    let form = json!({ "member": member, "valid_for_s": u64::from(enrol.valid_hours) * 3_600 });
    let invited = client.post("/api/enrolments", form).await?;
    let qr = Qr::of(&text(&invited, "invitation")).ok_or(Failure::Qr)?;
    if let Some(path) = &enrol.png {
        save(path, &qr.png().ok_or(Failure::Qr)?)?;
    }
    if let Some(path) = &enrol.svg {
        save(path, qr.svg().as_bytes())?;
    }
    if enrol.format.json {
        return say_json(&invited);
    }
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
            ("id", &text(&invited, "member.id")),
            ("role", &role.unwrap_or_default()),
        ],
    )?;
    say(&qr.blocks(is_terminal()))?;
    let addresses =
        items(&invited, "addresses").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    tell(words, "enrol.foot", &[("until", &time(&invited, "expires_at")), ("addresses", &addresses)])?;
    for path in enrol.png.iter().chain(&enrol.svg) {
        tell(words, "enrol.saved", &[("path", &path.display())])?;
    }
    Ok(())
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
