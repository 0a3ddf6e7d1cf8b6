//! What kind of grid a grid is.
//!
//! The kind is the township's word for a grid; where it stands in the tree is said by its parent
//! alone, so no kind may be read as a depth.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// The kind of a grid. Numbers are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GridKind {
    /// 村级网格: a village or neighbourhood.
    #[n(1)]
    Village,
    /// 片区: a part of a village.
    #[n(2)]
    Sub,
    /// 微网格: some dozen households or one building.
    #[n(3)]
    Micro,
    /// 专属网格: a market, school or enterprise with a grid of its own.
    #[n(4)]
    Dedicated,
    /// 应急网格: an area of an emergency plan.
    #[n(5)]
    Emergency,
    /// 线上网格: the area that a chat group stands for.
    #[n(6)]
    Online,
}

impl GridKind {
    /// Every kind, in the order of the wire numbers.
    pub const ALL: [Self; 6] =
        [Self::Village, Self::Sub, Self::Micro, Self::Dedicated, Self::Emergency, Self::Online];

    /// The kind as it stands in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Village => "village",
            Self::Sub => "sub",
            Self::Micro => "micro",
            Self::Dedicated => "dedicated",
            Self::Emergency => "emergency",
            Self::Online => "online",
        }
    }

    /// Reads a kind as an operator's file writes it: the code's own word in any case, or the
    /// Chinese one with or without 网格 behind it.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.strip_suffix("网格").unwrap_or(text) {
            "村级" | "村" => Some(Self::Village),
            "片区" => Some(Self::Sub),
            "微" => Some(Self::Micro),
            "专属" => Some(Self::Dedicated),
            "应急" => Some(Self::Emergency),
            "线上" => Some(Self::Online),
            word => Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word)),
        }
    }
}

impl fmt::Display for GridKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_in_both_languages() {
        for kind in GridKind::ALL {
            assert_eq!(GridKind::from_text(&kind.as_str().to_uppercase()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        assert_eq!(GridKind::from_text(" 微网格 "), Some(GridKind::Micro));
        assert_eq!(GridKind::from_text("村级"), Some(GridKind::Village));
        assert_eq!(GridKind::from_text("网格"), None);
    }
}
