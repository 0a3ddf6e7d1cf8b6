//! What a blob is: photo, preview, voice or track, known by the hash of its bytes.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// What a blob is; the order is the order in which they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum BlobKind {
    /// A photo's small version, at most 20 KB.
    #[n(1)]
    Preview,
    /// A developed photo.
    #[n(2)]
    Photo,
    /// A voice recording.
    #[n(3)]
    Voice,
    /// A track segment.
    #[n(4)]
    Track,
}

impl BlobKind {
    /// The word in SQL and in tus metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Photo => "photo",
            Self::Voice => "voice",
            Self::Track => "track",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Preview, Self::Photo, Self::Voice, Self::Track].into_iter().find(|kind| kind.as_str() == word)
    }
}
