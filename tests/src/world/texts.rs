//! What people write: reports of 20 to 300 characters and remarks on steps, put together from
//! phrases so that hardly two are alike.
//!
//! The phrases stand in `phrases.zh-CN.json`; `{2-9}` in one is a number to be rolled. No text names
//! anybody.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::dice::Dice;

/// The ten fields of a member's work, then the five that informants choose from.
pub const CATEGORIES: [&str; 15] = [
    "drugs",
    "ecology",
    "smuggling",
    "counterfeit",
    "fire",
    "epidemic",
    "disaster",
    "relief",
    "dispute",
    "order",
    "food_safety",
    "fire_risk",
    "sanitation",
    "illegal_trading",
    "elder_care",
];

/// The step of an incident that a remark is written at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// 受理
    Accept,
    /// 派遣
    Dispatch,
    /// 处置
    Handle,
    /// 退回
    Return,
    /// 办结
    Finish,
    /// 结案
    Close,
}

impl Step {
    /// All steps in the order in which they usually come.
    pub const ALL: [Self; 6] =
        [Self::Accept, Self::Dispatch, Self::Handle, Self::Return, Self::Finish, Self::Close];
}

#[derive(Debug, Deserialize)]
struct Phrases {
    times: Vec<String>,
    places: Vec<String>,
    people: Vec<String>,
    notes: Vec<String>,
    asks: Vec<String>,
    categories: BTreeMap<String, Happening>,
    remarks: BTreeMap<Step, Remark>,
}

#[derive(Debug, Deserialize)]
struct Happening {
    seen: Vec<String>,
    detail: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Remark {
    heads: Vec<String>,
    tails: Vec<String>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    serde_json::from_str(include_str!("phrases.zh-CN.json")).expect("the phrases are well-formed")
});

/// A report of `min_chars` to `max_chars` characters about a matter of `category`; an unknown
/// category reads like public order.
pub fn report_text(dice: &mut Dice, category: &str, min_chars: usize, max_chars: usize) -> String {
    let happening = PHRASES.categories.get(category).or_else(|| PHRASES.categories.get("order"));
    let Some(happening) = happening else { return String::new() };
    let span = max_chars.saturating_sub(min_chars) + 1;
    let wanted = min_chars + dice.below(span);
    let mut text = opening(dice, happening, wanted);
    let mut details: Vec<&String> = happening.detail.iter().collect();
    let mut notes: Vec<&String> = PHRASES.notes.iter().collect();
    dice.shuffle(&mut details);
    dice.shuffle(&mut notes);
    let ask = ended(dice.word(&PHRASES.asks), dice);
    let mut more = details.iter().take(2).chain(&notes).chain(details.iter().skip(2));
    while text.chars().count() + ask.chars().count() < wanted {
        let Some(phrase) = more.next() else { break };
        text.push_str(&joined(phrase, dice));
    }
    if text.ends_with('，') {
        text.pop();
        text.push('。');
    }
    if text.chars().count() + ask.chars().count() <= max_chars || text.chars().count() < min_chars {
        text.push_str(&ask);
    }
    text.chars().take(max_chars).collect()
}

/// Who saw what, where and when: as much of it as `room` characters allow.
fn opening(dice: &mut Dice, happening: &Happening, room: usize) -> String {
    let time = filled(dice.word(&PHRASES.times), dice);
    let place = filled(dice.word(&PHRASES.places), dice);
    let person = dice.word(&PHRASES.people);
    let seen = ended(dice.word(&happening.seen), dice);
    let choices = match dice.below(5) {
        0 => [format!("{place}，{time}，{person}，{seen}"), format!("{place}，{person}，{seen}")],
        1 => [format!("{time}{person}，{place}{seen}"), format!("{person}，{place}{seen}")],
        2 => [format!("{time}在{place}，{person}{seen}"), format!("{time}，{place}{seen}")],
        _ => [format!("{time}，{place}，{seen}"), format!("{place}，{seen}")],
    };
    let fallback = format!("{place}{seen}");
    choices.into_iter().find(|text| text.chars().count() <= room).unwrap_or(fallback)
}

/// A remark of 10 to 60 characters, as the person at this step writes it.
pub fn remark(dice: &mut Dice, step: Step) -> String {
    let Some(phrases) = PHRASES.remarks.get(&step) else { return String::new() };
    let mut tails: Vec<&String> = phrases.tails.iter().collect();
    dice.shuffle(&mut tails);
    let wanted = 10 + dice.below(28);
    let mut text = dice.word(&phrases.heads).to_owned();
    for (index, tail) in tails.into_iter().take(4).enumerate() {
        if index > 0 && text.chars().count() >= wanted {
            break;
        }
        text.push('，');
        text.push_str(&filled(tail, dice));
    }
    text.push('。');
    text
}

fn ended(phrase: &str, dice: &mut Dice) -> String {
    let mark = if dice.chance(0.08) { '！' } else { '。' };
    format!("{}{mark}", filled(phrase, dice))
}

fn joined(phrase: &str, dice: &mut Dice) -> String {
    let mark = if dice.chance(0.4) { '，' } else { '。' };
    format!("{}{mark}", filled(phrase, dice))
}

/// Rolls each `{low-high}` of a phrase.
fn filled(phrase: &str, dice: &mut Dice) -> String {
    let mut text = String::new();
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (range, after) = after.split_once('}').unwrap_or((after, ""));
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let (low, high) = (low.parse().unwrap_or(1), high.parse().unwrap_or(1));
        text.push_str(&dice.within(low, high).to_string());
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_thousand_reports_all_differ_and_keep_their_length() {
        let mut dice = Dice::new(11);
        let mut texts = BTreeSet::new();
        for index in 0..1_000 {
            let (min, max) = if index % 3 == 0 { (20, 60) } else { (20, 300) };
            let text = report_text(&mut dice, CATEGORIES[index % 15], min, max);
            let length = text.chars().count();
            assert!((min..=max).contains(&length), "{length}: {text}");
            assert!(!text.contains(['{', '}']) && !text.contains("。。") && !text.contains("，。"), "{text}");
            texts.insert(text);
        }
        assert_eq!(texts.len(), 1_000);
    }

    #[test]
    fn narrow_lengths_are_kept() {
        let mut dice = Dice::new(12);
        for category in CATEGORIES {
            for (min, max) in [(20, 20), (100, 105), (290, 300)] {
                let length = report_text(&mut dice, category, min, max).chars().count();
                assert!((min..=max).contains(&length), "{category}: {length} for {min} to {max}");
            }
        }
    }

    #[test]
    fn every_category_and_step_has_phrases_enough() {
        let shared = [&PHRASES.times, &PHRASES.places, &PHRASES.people, &PHRASES.notes, &PHRASES.asks];
        assert!(shared.iter().all(|group| group.len() >= 40));
        for category in CATEGORIES {
            let happening = &PHRASES.categories[category];
            assert!(happening.seen.len() + happening.detail.len() >= 40, "{category}");
        }
        for step in Step::ALL {
            let remark = &PHRASES.remarks[&step];
            assert!(remark.heads.len() + remark.tails.len() >= 40, "{step:?}");
        }
    }

    #[test]
    fn remarks_are_ten_to_sixty_characters() {
        let mut dice = Dice::new(13);
        for step in Step::ALL.iter().cycle().take(600) {
            let text = remark(&mut dice, *step);
            assert!((10..=60).contains(&text.chars().count()), "{text}");
        }
    }
}
