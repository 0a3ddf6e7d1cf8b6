//! Words for people, in the two languages of the project: looked up by key, with values put in.
//!
//! The texts are in `zh/` and `en/`, a file for each area; code has none. Chinese is the default.

mod problem;

use std::{collections::BTreeMap, fmt::Display, sync::LazyLock};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Simplified Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Lang {
    /// From a tag such as `zh-CN`, `en_GB.UTF-8` or an `Accept-Language` header: English only if it
    /// comes first.
    pub fn from_tag(tag: &str) -> Self {
        let first = tag.split([',', ';']).next().unwrap_or_default().trim();
        let is_english = first.get(..2).is_some_and(|language| language.eq_ignore_ascii_case("en"));
        if is_english { Self::English } else { Self::Chinese }
    }

    /// The tag for an `Accept-Language` header.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

/// The words of one language.
#[derive(Debug)]
pub struct Words {
    lang: Lang,
    table: BTreeMap<String, String>,
}

macro_rules! texts {
    ($($file:literal),+) => {
        [$((include_str!(concat!("zh/", $file)), include_str!(concat!("en/", $file)))),+]
    };
}

/// Each area's texts, Chinese and English.
const TEXTS: &[(&str, &str)] = &texts![
    "base.json",
    "document.json",
    "operators.json",
    "identity.json",
    "enrolment.json",
    "intake.json",
    "figures.json",
    "keeping.json"
];

static CHINESE: LazyLock<Words> =
    LazyLock::new(|| Words::read(Lang::Chinese, TEXTS.iter().map(|(chinese, _)| *chinese)));
static ENGLISH: LazyLock<Words> =
    LazyLock::new(|| Words::read(Lang::English, TEXTS.iter().map(|(_, english)| *english)));

impl Words {
    /// The words of a language.
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Chinese => &CHINESE,
            Lang::English => &ENGLISH,
        }
    }

    #[expect(clippy::expect_used, reason = "the files are part of the program and a test reads them")]
    fn read(lang: Lang, texts: impl Iterator<Item = &'static str>) -> Self {
        let mut table = BTreeMap::new();
        for json in texts {
            table.extend(
                serde_json::from_str::<BTreeMap<String, String>>(json).expect("the words are readable"),
            );
        }
        Self { lang, table }
    }

    /// Which language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// The text of `key` with each `{name}` replaced by its value.
    pub fn say(&self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        let mut rest = self.find(key).unwrap_or(key);
        let mut text = String::with_capacity(rest.len());
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
        {
            text.push_str(before);
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => text.push_str(&value.to_string()),
                None => text.push_str(name),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }

    /// The text of `key` as it is; the last part of the key if there is none.
    pub fn word<'a>(&'a self, key: &'a str) -> &'a str {
        self.find(key).unwrap_or_else(|| key.rsplit('.').next().unwrap_or(key))
    }

    /// The text of `key`, if there is one.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.table.get(key).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn holes(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|tail| Some(tail.split_once('}')?.0)).collect()
    }

    #[test]
    fn both_languages_have_the_same_keys_and_values_to_fill_in() {
        let keys = |words: &Words| -> BTreeSet<String> {
            words.table.keys().filter(|key| !key.starts_with("what.")).cloned().collect()
        };
        assert_eq!(keys(&CHINESE), keys(&ENGLISH));
        for (key, chinese) in &CHINESE.table {
            if let Some(english) = ENGLISH.find(key) {
                assert_eq!(holes(chinese), holes(english), "{key}");
            }
        }
    }

    #[test]
    fn values_are_put_in_and_never_read_as_holes() {
        let words = Words::of(Lang::English);
        let said = words.say("a {b} {c} {d", &[("b", &"{c}"), ("c", &1)]);
        assert_eq!(said, "a {c} 1 {d");
    }

    #[test]
    fn english_must_be_asked_for_first() {
        assert_eq!(Lang::from_tag("en_GB.UTF-8"), Lang::English);
        for tag in ["", "C.UTF-8", "zh-CN,en;q=0.8", "中"] {
            assert_eq!(Lang::from_tag(tag), Lang::Chinese, "{tag}");
        }
    }
}
