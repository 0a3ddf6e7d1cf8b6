//! Notices in full: who has read it, and what people asked back.

use serde::Serialize;
use suishou_core::{
    document::{Record, Work},
    model::{
        DocumentKind,
        notice::{NoticeRecord, NoticeState},
        step::Author,
    },
    rows::NoticeRow,
    time::Timestamp,
};

use super::{Context, Kind};
use crate::relay::{
    error::Result,
    shown::{BlobShown, NamedShown, NoteShown, PersonShown},
};

/// Somebody has read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ReaderShown {
    /// Who.
    #[serde(flatten)]
    pub by: NamedShown,
    /// When first.
    pub at: Timestamp,
}

/// A question with its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QuestionShown {
    /// Who asks.
    pub by: Option<NamedShown>,
    /// What.
    #[serde(flatten)]
    pub note: NoteShown,
    /// What was answered.
    pub answered: Vec<NoteShown>,
}

/// What a notice in full has beside its row.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct NoticeShown {
    /// In words that people use.
    pub text: String,
    /// The photos.
    pub photo_blobs: Vec<BlobShown>,
    /// Who has read it.
    pub reader_list: Vec<ReaderShown>,
    /// Those it is for who have not read it.
    pub waiting: Vec<NamedShown>,
    /// What people asked back.
    pub questions: Vec<QuestionShown>,
}

impl Kind for NoticeRow {
    type Shown = NoticeShown;
    const KIND: DocumentKind = DocumentKind::Notice;

    fn states() -> Vec<&'static str> {
        [NoticeState::Published, NoticeState::Withdrawn].map(NoticeState::as_str).to_vec()
    }

    fn shown(context: &Context<'_>, record: &Record, work: Work) -> Result<Option<Self::Shown>> {
        let (Record::Notice(record), Work::Notice(notice)) = (record, work) else { return Ok(None) };
        let mut reader_list = Vec::with_capacity(notice.readers.len());
        for (member, at) in &notice.readers {
            reader_list.push(ReaderShown { by: context.named(member)?, at: *at });
        }
        let NoticeRecord { text, photos, audience, .. } = record;
        let waiting = match notice.state {
            NoticeState::Published => {
                context.missing(audience, |member| !notice.readers.contains_key(member))?
            }
            NoticeState::Withdrawn => Vec::new(),
        };
        Ok(Some(NoticeShown {
            text: text.clone(),
            photo_blobs: context.blobs(photos)?,
            reader_list,
            waiting,
            questions: questions(context)?,
        }))
    }
}

/// Remarks of members that answer no other.
fn questions(context: &Context<'_>) -> Result<Vec<QuestionShown>> {
    let mut questions = Vec::new();
    for (stored, note) in &context.notes {
        if stored.author == Author::Centre || note.answers.is_some() {
            continue;
        }
        let answered = context.notes.iter().filter(|(_, other)| other.answers == Some(stored.entry_id));
        let by = context.people.iter().find(|person| person.author == stored.author);
        let asker = |person: &PersonShown| match &person.member {
            Some(member) => context.named(member).map(Some),
            None => Ok(None),
        };
        questions.push(QuestionShown {
            by: by.map(asker).transpose()?.flatten(),
            note: context.note(stored, note)?,
            answered: answered.map(|(stored, note)| context.note(stored, note)).collect::<Result<_>>()?,
        });
    }
    Ok(questions)
}
