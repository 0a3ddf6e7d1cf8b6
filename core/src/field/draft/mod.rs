//! Reports that are being filled in, and the report of one tap.

use super::{Field, ReportDraft};
use crate::{
    capture,
    error::{Error, HeldCode, Problem, Result},
    id::{CategoryId, DocumentId, DraftId},
    model::{
        DocumentKind, Severity,
        draft::{Draft, DraftBody},
        place::Fix,
    },
    view::DraftView,
};

impl Field {
    /// A new draft with nothing in it. It is on this phone from the first [`Field::save_draft`] on.
    pub fn start_draft(&self, kind: DocumentKind) -> Draft {
        let now = self.now();
        let id = DraftId::at(now, self.inner().store.random_bytes());
        Draft { id, kind, started_at: now, changed_at: now, body: DraftBody::default() }
    }

    /// Keeps a draft: to be called as often as something was entered. It is durable when this returns; one that
    /// did not change is not written again. A draft that was reported meanwhile is refused.
    pub fn save_draft(&self, draft: &Draft) -> Result<()> {
        let now = self.now();
        self.inner().store.save_draft(draft, now)
    }

    /// All drafts, the one that was changed last first.
    pub fn drafts(&self) -> Result<Vec<Draft>> {
        self.inner().store.drafts()
    }

    /// One draft, and which of its attachments are gone from this phone.
    pub fn draft(&self, id: DraftId) -> Result<DraftView> {
        let inner = self.inner();
        let draft = inner.store.draft(id)?.ok_or(Error::DraftNotFound { draft: id })?;
        let missing = draft.body.blobs().filter(|blob| !inner.is_here(blob)).collect();
        Ok(DraftView { draft, missing })
    }

    /// Removes a draft, with its photos and recording where nothing else names them.
    pub fn discard_draft(&self, id: DraftId) -> Result<()> {
        self.inner().store.discard_draft(id)
    }

    /// Keeps the report that a draft became and removes the draft, both or neither. What is missing is told all
    /// at once, and the draft stays. Asked again after it succeeded, it tells the same document.
    pub fn report_draft(&self, id: DraftId) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        let document = id.document();
        let Some(draft) = inner.store.draft(id)? else {
            return match inner.store.document(document) {
                Ok(_) => Ok(document),
                Err(Error::NotFound { .. }) => Err(Error::DraftNotFound { draft: id }),
                Err(error) => Err(error),
            };
        };
        if draft.kind != DocumentKind::Incident {
            return Err(Error::Refused { code: HeldCode::WrongKind });
        }
        let is_gone = draft.body.blobs().any(|blob| !inner.is_here(&blob));
        let report = report(draft.body, is_gone)?;
        let made = inner.report(document, report, now)?;
        let rights = inner.rights()?;
        inner.store.append_draft(id, made, &rights)?;
        Ok(document)
    }

    /// The report of one tap: a photo, what it is about, and where the phone is. It is durable when this
    /// returns; of one that can't be kept nothing stays.
    pub fn quick_report(
        &self,
        original_photo: &[u8],
        category: CategoryId,
        fix: Option<Fix>,
    ) -> Result<DocumentId> {
        let photo = capture::develop(original_photo, &[])?;
        let now = self.now();
        let mut inner = self.inner();
        let rights = inner.rights()?;
        let document = DocumentId::at(now, inner.store.random_bytes());
        let kept = inner.keep_photo(&photo, now).and_then(|hash| {
            let draft = ReportDraft {
                text: String::new(),
                category,
                severity: Severity::default(),
                fix,
                grid: None,
                photos: vec![hash],
                voice: None,
                is_anonymous: false,
                matter: None,
            };
            let made = inner.report(document, draft, now)?;
            inner.store.append(made, &rights)
        });
        if let Err(error) = kept {
            if let Err(left) = inner.store.remove_unnamed(&[photo.hash]) {
                tracing::warn!(blob = %photo.hash, error = %left, "a photo of no report stays");
            }
            return Err(error);
        }
        Ok(document)
    }
}

/// The report that a draft amounts to, or everything that keeps it from being one.
fn report(body: DraftBody, is_attachment_gone: bool) -> Result<ReportDraft> {
    let mut problems = Vec::new();
    if body.text.trim().is_empty() && body.photos.is_empty() && body.voice.is_none() {
        problems.push(Problem::Missing("a text, a photo or a voice recording"));
    }
    if is_attachment_gone {
        problems.push(Problem::Missing("the file of a photo or voice recording"));
    }
    match body.category {
        Some(category) if problems.is_empty() => Ok(ReportDraft {
            text: body.text,
            category,
            severity: body.severity,
            fix: body.fix,
            grid: body.grid,
            photos: body.photos,
            voice: body.voice,
            is_anonymous: body.is_anonymous,
            matter: body.matter,
        }),
        Some(_) => Err(Error::Invalid { problems }),
        None => {
            problems.insert(0, Problem::Missing("the category"));
            Err(Error::Invalid { problems })
        }
    }
}

#[cfg(test)]
mod tests;
