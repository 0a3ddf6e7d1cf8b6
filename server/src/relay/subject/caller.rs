//! Whom a caller is: the incidents about which the same person called another system.
//!
//! Rather one too few than a stranger's: what is not found is named by its own incident.

use suishou_core::{document::Record, id::DocumentId, store::tables::load_document};

use crate::{
    db::{self, Connection},
    relay::error::Result,
};

/// Fewer digits are an extension or a slip, and belong to many.
const MIN_DIGITS: usize = 7;
/// A mobile number of this country.
const MOBILE_DIGITS: usize = 11;

/// This incident, if another system handed it over, and those of which the same person is kept: by telephone, and
/// by name where both have one. A name alone, or no number to speak of, says nobody.
pub(super) fn incidents(connection: &Connection, named: DocumentId) -> Result<Vec<DocumentId>> {
    let mut found = Vec::new();
    // Also when nobody is kept for it any more: what they said is still theirs.
    if is_handed_over(connection, named)? {
        found.push(named);
    }
    let Some((name, phone)) = db::intake::contact(connection, named)? else { return Ok(found) };
    let Some(number) = number(&phone) else { return Ok(found) };
    for (document, other_name, other_phone) in db::intake::contacts(connection)? {
        let is_same = self::number(&other_phone).as_ref() == Some(&number) && agree(&name, &other_name);
        if is_same && document != named {
            found.push(document);
        }
    }
    Ok(found)
}

fn is_handed_over(connection: &Connection, id: DocumentId) -> Result<bool> {
    let document = load_document(connection, id)?;
    let captured = document.as_ref().and_then(|document| document.captured());
    Ok(captured.is_some_and(|captured| match &captured.record {
        Record::Incident(record) => record.source.is_some(),
        _ => false,
    }))
}

/// A telephone's digits, if there are enough of them to be somebody's.
fn number(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter_map(digit).collect();
    let without_zeros = digits.trim_start_matches('0');
    let local = without_zeros.strip_prefix("86").filter(|rest| rest.len() == MOBILE_DIGITS);
    let number = local.unwrap_or(&digits);
    (number.len() >= MIN_DIGITS).then(|| number.to_owned())
}

/// Also as a Chinese keyboard writes it.
fn digit(c: char) -> Option<char> {
    let narrow = match c {
        '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(c) - 0xff10 + u32::from('0'))?,
        other => other,
    };
    narrow.is_ascii_digit().then_some(narrow)
}

fn agree(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    one.is_empty() || other.is_empty() || one == other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_digits_and_a_short_one_is_nobodys() {
        for same in [
            "13900001234",
            "139-0000-1234",
            "+86 139 0000 1234",
            "0086 13900001234",
            "１３９００００１２３４",
        ] {
            assert_eq!(number(same).as_deref(), Some("13900001234"), "{same}");
        }
        assert_eq!(number("0571-8800 1234").as_deref(), Some("057188001234"));
        for none in ["", "无", "不详", "12345", "110", "000-123"] {
            assert_eq!(number(none), None, "{none}");
        }
        assert!(agree("王芳", " 王芳 ") && agree("", "王芳") && !agree("王芳", "李强"));
    }
}
