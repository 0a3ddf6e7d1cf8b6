//! Fields of a working document: values that several people may set at once.
//!
//! Nothing is won by being last: values set at the same time stand side by side until a person chooses,
//! and the choice is a change like any other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The fields of a working document, each with all values that stand side by side; what every device
/// shows comes first.
pub type Fields = BTreeMap<String, Vec<String>>;

/// A value that several people may have set at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Choice<T> {
    /// What every device shows until a person chooses.
    pub value: T,
    /// The other values set at the same time; empty in the usual case.
    pub others: Vec<T>,
}

impl<T> Choice<T> {
    /// A value that nobody disputes.
    pub fn single(value: T) -> Self {
        Self { value, others: Vec::new() }
    }

    /// Several values stand side by side and a person should choose.
    pub fn is_clash(&self) -> bool {
        !self.others.is_empty()
    }

    /// All values, the shown one first.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.value).chain(&self.others)
    }
}

/// Reads a field; words that can't be read are left out.
pub fn choice<T>(fields: &Fields, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<Choice<T>> {
    let mut values = fields.get(name)?.iter().filter_map(|word| read(word));
    let value = values.next()?;
    Some(Choice { value, others: values.collect() })
}
