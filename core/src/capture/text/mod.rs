//! Finds what looks like a person's number in free text, so that a screen can warn before it is sent. It only
//! warns: nothing is changed, and nobody is kept from sending it.
//!
//! A number is looked for in groups of digits with blanks, hyphens or closing brackets between them, as people
//! write them; a part of a longer string of digits is none. Citizens' numbers are told by date and check digit
//! (GB 11643), telephone numbers by the mainland's numbering plan.

mod number;

use self::number::{is_citizen_id, telephone};

/// What a number seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SensitiveKind {
    /// An 18-digit citizen's number.
    CitizenId,
    /// A mobile number, or a landline's with its area code.
    Phone,
}

/// Where a number stands in a text, counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensitive {
    /// What it seems to be.
    pub kind: SensitiveKind,
    /// The first character.
    pub start: usize,
    /// The character behind the last one.
    pub end: usize,
}

/// Digits without anything in between.
struct Group {
    start: usize,
    end: usize,
    /// A last letter X, the check digit for ten.
    has_x: bool,
    digits: Vec<u8>,
    /// A plus sign stands before it.
    has_plus: bool,
    /// What stands between it and the group before; `None` if that is anything else than a gap.
    gap: Option<Gap>,
    /// A part of a number with a decimal point.
    is_fraction: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    Blank,
    Hyphen,
}

/// Most groups in one number: a citizen's number in fours and twos, or a telephone number with its country.
const MAX_GROUPS: usize = 6;
/// Most characters between two groups.
const MAX_GAP: usize = 3;

/// Every citizen's number and telephone number in a text, in order, none within another.
pub fn sensitive(text: &str) -> Vec<Sensitive> {
    let chars: Vec<char> = text.chars().collect();
    let groups = groups(&chars);
    let mut found = Vec::new();
    let mut rest = groups.as_slice();
    let mut before = None;
    while let Some(first) = rest.first() {
        let linked = 1 + rest.iter().skip(1).take_while(|group| group.gap.is_some()).count();
        let number = (1..=linked.min(MAX_GROUPS)).rev().find_map(|count| {
            let (groups, after) = rest.split_at_checked(count)?;
            let kind = kind(groups, before, after.first())?;
            let last = groups.last()?;
            // The X belongs to a citizen's number only.
            let end = last.end - usize::from(last.has_x && kind == SensitiveKind::Phone);
            Some((count, Sensitive { kind, start: first.start - usize::from(first.has_plus), end }))
        });
        let count = number.as_ref().map_or(1, |(count, _)| *count);
        before = number.is_none().then_some(first);
        found.extend(number.map(|(_, number)| number));
        rest = rest.get(count..).unwrap_or_default();
    }
    found
}

/// What the groups are together, between two others.
fn kind(groups: &[Group], before: Option<&Group>, after: Option<&Group>) -> Option<SensitiveKind> {
    let (first, last) = (groups.first()?, groups.last()?);
    let others = groups.iter().take(groups.len() - 1);
    if groups.iter().any(|group| group.is_fraction) || others.clone().any(|group| group.has_x) {
        return None;
    }
    let digits: Vec<u8> = groups.iter().flat_map(|group| group.digits.iter().copied()).collect();
    if is_citizen_id(&digits, last.has_x) {
        return Some(SensitiveKind::CitizenId);
    }
    let parts: Vec<&[u8]> = groups.iter().map(|group| group.digits.as_slice()).collect();
    let phone = telephone(&parts, first.has_plus)?;
    if phone.is_usual {
        return Some(SensitiveKind::Phone);
    }
    let mut gaps = groups.iter().skip(1 + phone.prefix_groups).map(|group| group.gap);
    let gap = gaps.next()?;
    let goes_on = |there: Option<Gap>, group: &Group| {
        there == gap && (group.has_plus || (3..11).contains(&group.digits.len()))
    };
    let is_part = before.is_some_and(|group| goes_on(first.gap, group))
        || after.is_some_and(|group| goes_on(group.gap, group));
    (gaps.all(|other| other == gap) && !is_part).then_some(SensitiveKind::Phone)
}

fn groups(chars: &[char]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let digits: Vec<u8> = chars.iter().skip(at).map_while(|c| digit(*c)).collect();
        if digits.is_empty() {
            at += 1;
            continue;
        }
        let (start, mut end) = (at, at + digits.len());
        let char_at = |index: usize| chars.get(index).copied();
        let has_x = char_at(end).is_some_and(|c| matches!(c, 'x' | 'X' | '\u{ff38}' | '\u{ff58}'))
            && !char_at(end + 1).is_some_and(|c| c.is_ascii_alphanumeric() || digit(c).is_some());
        end += usize::from(has_x);
        let is_digit = |index: usize| char_at(index).and_then(digit).is_some();
        let is_point = |index: usize| char_at(index).is_some_and(|c| matches!(c, '.' | '\u{ff0e}'));
        let previous = groups.last();
        let is_after_point = start.checked_sub(1).is_some_and(is_point)
            && previous.is_some_and(|group| group.end + 1 == start && !is_item_number(&group.digits));
        groups.push(Group {
            start,
            end,
            has_x,
            has_plus: start.checked_sub(1).and_then(char_at).is_some_and(|c| matches!(c, '+' | '\u{ff0b}')),
            gap: previous.and_then(|group| gap(chars.get(group.end..start)?)),
            is_fraction: is_after_point || (is_point(end) && is_digit(end + 1) && !is_item_number(&digits)),
            digits,
        });
        at = end;
    }
    groups
}

/// "1." or "12." before something is the number of an item in a list and not the whole part of a fraction.
fn is_item_number(digits: &[u8]) -> bool {
    digits.len() <= 2 && digits.first().is_some_and(|first| *first != 0)
}

/// Plain and full-width digits.
fn digit(c: char) -> Option<u8> {
    let plain = match c {
        '\u{ff10}'..='\u{ff19}' => u32::from(c) - 0xff10 + u32::from('0'),
        _ => u32::from(c),
    };
    char::from_u32(plain)?.to_digit(10).and_then(|digit| u8::try_from(digit).ok())
}

fn gap(between: &[char]) -> Option<Gap> {
    let is_blank =
        |c: &char| (c.is_whitespace() && *c != '\n' && *c != '\r') || matches!(c, ')' | '\u{ff09}');
    let is_hyphen = |c: &char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '_');
    if between.is_empty() || between.len() > MAX_GAP || !between.iter().all(|c| is_blank(c) || is_hyphen(c)) {
        return None;
    }
    Some(if between.iter().any(is_hyphen) { Gap::Hyphen } else { Gap::Blank })
}

#[cfg(test)]
mod tests;
