//! What all kinds of work have in common: records, and changes with their remark, ready to be appended.

use super::Inner;
use crate::{
    entry::{BodyType, Entry},
    error::Result,
    guard::{Edit, check},
    id::{BlobHash, DocumentId, GridId},
    model::{
        DocumentKind,
        consent::ConsentKind,
        note::Note,
        place::{Fix, FixSource, GridSource, Place},
        step::StepId,
    },
    store::NoteShown,
    time::Timestamp,
    view::{About, NoteView, PhotoView, VoiceView},
};

/// What a person adds to a step in their own words and pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remark {
    /// Words; may be empty.
    pub text: String,
    /// Photos that [`Field::add_photo`](super::Field::add_photo) kept.
    pub photos: Vec<BlobHash>,
    /// A recording that this phone kept.
    pub voice: Option<BlobHash>,
}

impl Remark {
    /// Words alone.
    pub fn text(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.photos.is_empty() && self.voice.is_none()
    }
}

impl Inner {
    /// A new document's record as an entry.
    pub(super) fn record(
        &mut self,
        kind: DocumentKind,
        body: Vec<u8>,
        now: Timestamp,
    ) -> Result<(DocumentId, Entry)> {
        let document = DocumentId::at(now, self.store.random_bytes());
        Ok((document, Entry::new(document, kind, now, BodyType::Record, body)?))
    }

    /// A change with its remark, as entries.
    pub(super) fn change(
        &mut self,
        document: DocumentId,
        kind: DocumentKind,
        steps: &[Vec<u8>],
        fields: &[(&str, String)],
        remark: &Remark,
        now: Timestamp,
    ) -> Result<Vec<Entry>> {
        let change = self.store.edit(document, steps, fields)?;
        let mut entries = Vec::new();
        if !remark.is_empty() {
            let step = first_step(&change);
            entries.push(self.remark(document, kind, remark, step, now)?);
        }
        entries.push(Entry::new(document, kind, now, BodyType::Change, change)?);
        Ok(entries)
    }

    /// A remark as an entry.
    pub(super) fn remark(
        &mut self,
        document: DocumentId,
        kind: DocumentKind,
        remark: &Remark,
        step: Option<StepId>,
        now: Timestamp,
    ) -> Result<Entry> {
        self.check_attached(&remark.photos, remark.voice)?;
        let note = Note {
            step,
            photos: (!remark.photos.is_empty()).then(|| remark.photos.clone()),
            voice: remark.voice,
            ..Note::plain(self.salt(), remark.text.trim().to_owned())
        };
        self.note_entry(document, kind, &note, now)
    }

    /// A note as an entry.
    #[expect(clippy::unused_self, reason = "reads as the other entries of its module")]
    pub(super) fn note_entry(
        &self,
        document: DocumentId,
        kind: DocumentKind,
        note: &Note,
        now: Timestamp,
    ) -> Result<Entry> {
        note.check()?;
        Entry::new(document, kind, now, BodyType::Note, crate::model::encode(note))
    }

    /// Where something is: the grid that the person chose, else the one found from the fix.
    pub(super) fn place(&mut self, fix: Option<&Fix>, grid: Option<GridId>, now: Timestamp) -> Result<Place> {
        // A place that the person set by hand is their word; all others need their consent.
        let is_kept = |fix: &&Fix| fix.source == FixSource::Manual;
        let fix = if self.is_refused(ConsentKind::Position)? { fix.filter(is_kept) } else { fix };
        let found = match fix {
            Some(fix) => self.find_grid(fix.position)?,
            None => None,
        };
        let mut place = Place::captured(fix, found, now);
        if grid.is_some() && grid != place.grid {
            place.grid = grid;
            place.grid_source = Some(GridSource::Chosen);
        }
        Ok(place)
    }

    /// Remarks, what the relay holds, and what took no effect.
    pub(super) fn about(&self, document: DocumentId) -> Result<About> {
        let held = self.store.held()?.into_iter().filter(|held| held.document == document).collect();
        let notes = self.store.notes(document)?;
        Ok(About {
            notes: notes.into_iter().map(|note| self.note_view(note)).collect::<Result<_>>()?,
            stored: self.store.stored(document)?,
            held,
        })
    }

    fn note_view(&self, shown: NoteShown) -> Result<NoteView> {
        let NoteShown { note, origin } = shown;
        Ok(NoteView {
            entry: origin.entry,
            text: note.text,
            photos: self.photos(note.photos.as_deref().unwrap_or_default())?,
            voice: note.voice.map(|voice| self.voice(voice)),
            author: origin.author,
            at: origin.claimed_at,
            step: note.step,
            answers: note.answers,
            is_correction: note.is_correction == Some(true),
        })
    }

    pub(super) fn photos(&self, hashes: &[BlobHash]) -> Result<Vec<PhotoView>> {
        let photo = |hash: &BlobHash| {
            let is_on_relay = self.store.is_on_relay(hash)?;
            Ok(PhotoView { hash: *hash, is_here: self.is_here(hash), is_on_relay })
        };
        hashes.iter().map(photo).collect()
    }

    pub(super) fn voice(&self, hash: BlobHash) -> VoiceView {
        VoiceView { hash, is_here: self.is_here(&hash) }
    }
}

/// The first step of a change, which a remark explains.
pub(super) fn first_step(change: &[u8]) -> Option<StepId> {
    check(change).ok()?.edits.into_iter().find_map(|edit| match edit {
        Edit::Step { id, .. } => Some(id),
        Edit::Field { .. } => None,
    })
}
