//! A remark on a document: text or a voice recording, by anyone who may see it.

use minicbor::{Decode, Encode};

use crate::{
    error::{Error, Problem, Result},
    id::{BlobHash, EntryId, Salt},
    model::{MAX_TEXT_BYTES, household::HouseholdCard, step::StepId},
};

/// The body of a note entry. The salt keeps an erased text from being guessed by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Note {
    /// Random.
    #[n(0)]
    pub salt: Salt,
    /// What was said; may be empty if there is a voice recording or a photo.
    #[n(1)]
    pub text: String,
    /// The step that this remark explains.
    #[n(2)]
    pub step: Option<StepId>,
    /// A voice recording.
    #[n(3)]
    pub voice: Option<BlobHash>,
    /// Photos, such as that of the result.
    #[n(4)]
    pub photos: Option<Vec<BlobHash>>,
    /// A household's new card.
    #[n(5)]
    pub card: Option<HouseholdCard>,
    /// The remark that this one answers.
    #[n(6)]
    pub answers: Option<EntryId>,
    /// This one says what the record's text should have said.
    #[n(7)]
    pub is_correction: Option<bool>,
}

impl Note {
    /// A remark of words alone.
    pub fn plain(salt: Salt, text: String) -> Self {
        Self {
            salt,
            text,
            step: None,
            voice: None,
            photos: None,
            card: None,
            answers: None,
            is_correction: None,
        }
    }

    /// Every blob that it names.
    pub fn blobs(&self) -> Vec<BlobHash> {
        self.photos.iter().flatten().copied().chain(self.voice).collect()
    }

    /// Refuses what no reader would take.
    pub fn check(&self) -> Result<()> {
        if self.text.len() > MAX_TEXT_BYTES {
            return Err(too_long(self.text.len()));
        }
        if let Some(card) = &self.card {
            return card.check();
        }
        if self.text.trim().is_empty() && self.voice.is_none() && self.photos.is_none() {
            return Err(Error::invalid(Problem::Missing("the text of the note")));
        }
        Ok(())
    }
}

/// A text that is too long, in bytes.
pub(crate) fn too_long(len: usize) -> Error {
    Error::invalid(Problem::TooLarge {
        what: "the text in bytes",
        found: len as u64,
        limit: MAX_TEXT_BYTES as u64,
    })
}
