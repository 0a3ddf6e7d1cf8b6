//! What a person agrees to on their own phone. It never leaves it.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What is agreed to, each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// To be located: tracks while a patrol runs, the place of a report.
    Position,
    /// That photos are kept and sent.
    Photos,
}

impl ConsentKind {
    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Photos => "photos",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Position, Self::Photos].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One consent as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Consent {
    /// To what.
    pub kind: ConsentKind,
    /// To which version of the privacy notice; 0 if it was only ever taken back.
    pub version: u32,
    /// Since when it is given; none if it is not.
    pub given_at: Option<Timestamp>,
    /// When it was last taken back.
    pub withdrawn_at: Option<Timestamp>,
}

impl Consent {
    /// The person said no.
    pub fn is_refused(&self) -> bool {
        self.given_at.is_none()
    }
}
