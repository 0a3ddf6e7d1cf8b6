//! What people were told, and who has it: the model that stores are compared with.

use std::collections::BTreeSet;

use suishou_core::id::{BlobHash, DocumentId};

/// Something that a screen called saved.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// In which document.
    pub document: DocumentId,
    /// Its text, which nothing else has.
    pub text: String,
    /// Who said it.
    pub member: &'static str,
    /// The report itself, and not a remark on one.
    pub is_report: bool,
    /// It was said in confidence.
    pub is_anonymous: bool,
    /// Its photos.
    pub photos: Vec<BlobHash>,
}

/// Numbers of [`Said`].
pub(super) type Numbers = BTreeSet<usize>;

/// All that was said, and what the relay told it has.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Everything.
    pub said: Vec<Said>,
    /// What the relay told that it has and, since, nobody put an older copy of the relay in its place.
    pub receipted: Numbers,
    /// Photos whose files were removed by somebody else before the relay had them.
    pub lost_photos: BTreeSet<BlobHash>,
}

impl Ledger {
    /// Notes what was said; answers with its number.
    pub(super) fn note(&mut self, said: Said) -> usize {
        self.said.push(said);
        self.said.len() - 1
    }

    /// The numbers of those of a document that are among these.
    pub(super) fn of_document<'a>(
        &'a self,
        among: &'a Numbers,
        document: DocumentId,
    ) -> impl Iterator<Item = usize> + 'a {
        among
            .iter()
            .copied()
            .filter(move |number| self.said.get(*number).is_some_and(|said| said.document == document))
    }
}
