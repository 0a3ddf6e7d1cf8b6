//! A notice: policy and publicity, who has read it, and what they asked back.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, HeldCode, Problem, Result},
    id::{BlobHash, MemberId, Salt, ThemeId},
    model::{
        MAX_TEXT_BYTES,
        audience::Audience,
        incident::MAX_PHOTOS,
        note::too_long,
        step::{Origin, RawStep, StepId},
    },
    time::Timestamp,
};

/// The body of a notice's record entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct NoticeRecord {
    /// Random.
    #[n(0)]
    #[serde(skip)]
    pub salt: Salt,
    /// The theme that it is part of.
    #[n(1)]
    pub theme: Option<ThemeId>,
    /// In a line.
    #[n(2)]
    pub title: String,
    /// In words that people use.
    #[n(3)]
    pub text: String,
    /// Whom it is for.
    #[n(4)]
    pub audience: Audience,
    /// Photos and posters.
    #[n(5)]
    pub photos: Vec<BlobHash>,
    /// To be passed on from then.
    #[n(6)]
    pub from_at: Option<Timestamp>,
    /// To be passed on until then, such as the end of its week.
    #[n(7)]
    pub until_at: Option<Timestamp>,
    /// Everyone is asked to say that they have read it.
    #[n(8)]
    pub asks_read: bool,
}

impl NoticeRecord {
    /// Refuses what no reader would take.
    pub fn check(&self) -> Result<()> {
        let bytes = self.title.len() + self.text.len();
        if bytes > MAX_TEXT_BYTES {
            return Err(too_long(bytes));
        }
        if self.title.trim().is_empty() {
            return Err(Error::invalid(Problem::Missing("the title")));
        }
        if self.photos.len() > MAX_PHOTOS {
            return Err(Error::invalid(Problem::TooLarge {
                what: "the number of photos",
                found: self.photos.len() as u64,
                limit: MAX_PHOTOS as u64,
            }));
        }
        self.audience.check()
    }
}

/// One step of a notice. Numbers are wire format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum NoticeStep {
    /// Somebody has read it.
    #[n(1)]
    Read {
        /// Who.
        #[n(0)]
        member: MemberId,
    },
    /// It holds no more.
    #[n(2)]
    Withdrawn,
}

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// It holds.
    Published,
    /// It holds no more.
    Withdrawn,
}

impl NoticeState {
    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a notice's working document amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Where it stands.
    pub state: NoticeState,
    /// Since when.
    pub state_since: Timestamp,
    /// Who has read it, and when first.
    pub readers: BTreeMap<MemberId, Timestamp>,
    /// Steps that took no effect.
    pub without_effect: Vec<StepId>,
}

impl Notice {
    /// Folds the steps over the record.
    pub fn fold(origin: &Origin, steps: &[RawStep]) -> Self {
        let mut notice = Self {
            state: NoticeState::Published,
            state_since: origin.at(),
            readers: BTreeMap::new(),
            without_effect: Vec::new(),
        };
        for raw in steps {
            let Ok(step) = super::decode::<NoticeStep>(&raw.body, "a notice's step") else { continue };
            if notice.allows(&step).is_err() {
                notice.without_effect.push(raw.id);
                continue;
            }
            notice.take(step, raw.origin.at());
        }
        notice
    }

    /// Whether the step is possible now.
    pub fn allows(&self, step: &NoticeStep) -> Result<(), HeldCode> {
        match step {
            NoticeStep::Withdrawn if self.state == NoticeState::Withdrawn => Err(HeldCode::WrongState),
            NoticeStep::Read { .. } | NoticeStep::Withdrawn => Ok(()),
        }
    }

    /// The notice after a step that [`Notice::allows`].
    pub fn take(&mut self, step: NoticeStep, at: Timestamp) {
        match step {
            NoticeStep::Read { member } => {
                self.readers.entry(member).or_insert(at);
            }
            NoticeStep::Withdrawn => {
                self.state = NoticeState::Withdrawn;
                self.state_since = at;
            }
        }
    }
}
