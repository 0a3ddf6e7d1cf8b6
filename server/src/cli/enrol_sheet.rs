//! A sheet of enrolment codes to print on A4 and cut apart: one file, with nothing to load from elsewhere.
//!
//! Chinese first and English small, whatever the operator's language: the sheet is for those who get it.

use serde_json::Value;

use super::{
    failure::Failure,
    qr::Qr,
    value::{items, text, time, word},
};
use crate::words::{Lang, Words};

const PAGE: &str = include_str!("enrol_sheet.html");
/// What to do, step by step.
const STEPS: [&str; 3] = ["sheet.step_1", "sheet.step_2", "sheet.step_3"];

/// The sheet for these codes.
pub(super) fn html(township: &str, invited: &[Value]) -> Result<String, Failure> {
    let cards = invited.iter().map(|one| card(township, one)).collect::<Result<String, _>>()?;
    let title = Words::of(Lang::Chinese).say("sheet.title", &[("township", &township)]);
    Ok(filled(PAGE, &[("title", &escaped(&title)), ("cards", &cards)]))
}

fn card(township: &str, invited: &Value) -> Result<String, Failure> {
    let (chinese, english) = (Words::of(Lang::Chinese), Words::of(Lang::English));
    let qr = Qr::of(&text(invited, "invitation")).ok_or(Failure::Qr)?.svg();
    // Within a page the drawing begins with its own element.
    let drawing = qr.find("<svg").and_then(|at| qr.get(at..)).ok_or(Failure::Qr)?;
    let whose = invited.get("member").unwrap_or(&Value::Null);
    let name = match text(whose, "name") {
        name if name.is_empty() => format!("{} {}", word(chinese, "role", whose, "role"), text(whose, "id")),
        name => name,
    };
    let address = items(invited, "addresses").first().and_then(Value::as_str).unwrap_or_default();
    let address = address.trim_start_matches("https://");
    let code = text(invited, "typed_code");
    let until = time(invited, "expires_at");
    let steps: Vec<String> = STEPS
        .iter()
        .map(|key| {
            let line = |words: &Words| escaped(&words.say(key, &[("code", &code), ("address", &address)]));
            format!("<li>{}<div class=\"en\">{}</div></li>\n", line(chinese), line(english))
        })
        .collect();
    let both = |key: &str| {
        let line = |words: &Words| escaped(words.word(key));
        format!("{} <span class=\"en\">{}</span>", line(chinese), line(english))
    };
    let head = chinese.say("sheet.head", &[("township", &township)]);
    Ok(format!(
        "<section class=\"card\">\n<div class=\"top\"><div class=\"qr\">{drawing}</div>\n<div class=\"who\">\
         <h1>{}</h1><h2>{}</h2>\n<p class=\"until\">{}<b>{}</b></p></div></div>\n\
         <p class=\"typed\">{}</p>\n<p class=\"typed\">{} <span class=\"code\">{}</span></p>\n<ol>\n{}</ol>\n</section>\n",
        escaped(&head),
        escaped(&name),
        both("sheet.until"),
        escaped(&until),
        format_args!("{} <b>{}</b>", both("sheet.address"), escaped(address)),
        both("sheet.code"),
        escaped(&code),
        steps.concat(),
    ))
}

/// A page with its holes filled; what is put in is not looked at again.
fn filled(page: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((at, name, value)) = values
        .iter()
        .filter_map(|(name, value)| Some((rest.find(&format!("{{{name}}}"))?, *name, *value)))
        .min_by_key(|(at, ..)| *at)
    {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        text.push_str(value);
        rest = after.get(name.len() + 2..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// A text that is no markup.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn invited(name: &str) -> Value {
        json!({
            "invitation": "SUISHOU:1:ABCDEF", "typed_code": "AAAA-BBBB-CCCC-DDDD-EEEE",
            "expires_at": "2026-01-31T10:00:00.000Z", "addresses": ["https://192.168.1.20:8443"],
            "member": { "id": "v7", "name": name, "role": "informant" },
        })
    }

    #[test]
    fn each_card_has_what_a_person_needs_and_names_are_no_markup() {
        let sheet = html("桥头镇", &[invited("<b>王&芳</b>{cards}"), invited("")]).unwrap();
        assert_eq!(sheet.matches("<section").count(), 2);
        assert_eq!(sheet.matches("<svg").count(), 2);
        assert_eq!(sheet.matches("AAAA-BBBB-CCCC-DDDD-EEEE").count(), 2);
        assert_eq!(sheet.matches("192.168.1.20:8443").count(), 2);
        assert!(sheet.contains("&lt;b&gt;王&amp;芳&lt;/b&gt;{cards}") && !sheet.contains("<b>王"));
        assert!(sheet.contains("信息员 v7"), "without a name the role and number stand there");
        for outside in ["http://", "https://", "src=", "href=", "url(", "<script", "<?xml", "{title}"] {
            let found = sheet.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(outside), "{outside}");
        }
    }
}
