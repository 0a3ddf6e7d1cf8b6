//! The demo's texts, from its resource file.

use std::{collections::BTreeMap, fmt::Display};

/// Texts by key; Chinese first, English second.
#[derive(Debug)]
pub(crate) struct Words(BTreeMap<String, String>);

impl Words {
    pub(crate) fn read() -> Self {
        Self(serde_json::from_str(include_str!("words.json")).expect("the words are JSON"))
    }

    /// A text; one that is missing shows its key, so that somebody notices.
    pub(crate) fn get(&self, key: &str) -> String {
        self.0.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// A text with values in place of `{name}`.
    pub(crate) fn fill(&self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        values.iter().fold(self.get(key), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), &value.to_string())
        })
    }
}
