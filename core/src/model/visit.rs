//! A visit: who was seen, what was answered, and what came of it.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Problem, Result},
    id::{BlobHash, DocumentId, FormId, PurposeId, QuestionId, Salt},
    model::{
        MAX_TEXT_BYTES,
        incident::MAX_PHOTOS,
        note::too_long,
        place::Place,
        settings::{Form, QuestionKind},
        step::{Origin, RawStep},
    },
    time::Timestamp,
};

/// Most answers of one visit.
pub const MAX_ANSWERS: usize = 200;

/// How a visit went. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum VisitOutcome {
    /// Somebody was met.
    #[n(1)]
    Met,
    /// Nobody was there.
    #[n(2)]
    NotHome,
    /// They did not want it.
    #[n(3)]
    Refused,
    /// They live there no more.
    #[n(4)]
    Moved,
}

impl VisitOutcome {
    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotHome => "not_home",
            Self::Refused => "refused",
            Self::Moved => "moved",
        }
    }
}

/// The answer to a question of a form. Numbers are wire format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnswerValue {
    /// Yes or no.
    #[n(1)]
    Yes(#[n(0)] bool),
    /// One of the given answers.
    #[n(2)]
    Option(#[n(0)] QuestionId),
    /// A number.
    #[n(3)]
    Number(#[n(0)] i64),
    /// In words.
    #[n(4)]
    Text(#[n(0)] String),
}

/// An answered question.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(array)]
pub struct Answer {
    /// Which question.
    #[n(0)]
    pub question: QuestionId,
    /// What was answered.
    #[n(1)]
    pub value: AnswerValue,
}

/// The body of a visit's record entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct VisitRecord {
    /// Random.
    #[n(0)]
    #[serde(skip)]
    pub salt: Salt,
    /// Whose home; none for somebody who is on no list.
    #[n(1)]
    pub household: Option<DocumentId>,
    /// What for.
    #[n(2)]
    pub purpose: Option<PurposeId>,
    /// Which form was filled in.
    #[n(3)]
    pub form: Option<FormId>,
    /// The answers.
    #[n(4)]
    pub answers: Vec<Answer>,
    /// In the visitor's words.
    #[n(5)]
    pub text: String,
    /// Where.
    #[n(6)]
    pub place: Place,
    /// Photos.
    #[n(7)]
    pub photos: Vec<BlobHash>,
    /// A voice recording.
    #[n(8)]
    pub voice: Option<BlobHash>,
    /// How it went.
    #[n(9)]
    pub outcome: VisitOutcome,
    /// Incidents and tasks that were made of it on the spot.
    #[n(10)]
    pub led_to: Vec<DocumentId>,
}

impl VisitRecord {
    /// Refuses what no reader would take.
    pub fn check(&self) -> Result<()> {
        let texts = self.answers.iter().map(|answer| match &answer.value {
            AnswerValue::Text(text) => text.len(),
            AnswerValue::Yes(_) | AnswerValue::Option(_) | AnswerValue::Number(_) => 0,
        });
        let bytes = self.text.len() + texts.sum::<usize>();
        if bytes > MAX_TEXT_BYTES {
            return Err(too_long(bytes));
        }
        for (what, found, limit) in [
            ("the number of photos", self.photos.len(), MAX_PHOTOS),
            ("the number of answers", self.answers.len(), MAX_ANSWERS),
            ("the number of matters", self.led_to.len(), MAX_PHOTOS),
        ] {
            if found > limit {
                let (found, limit) = (found as u64, limit as u64);
                return Err(Error::invalid(Problem::TooLarge { what, found, limit }));
            }
        }
        Ok(())
    }
}

impl Form {
    /// Refuses answers that the form does not take, and an answer that it needs and that is missing.
    pub fn check(&self, answers: &[Answer]) -> Result<()> {
        let mut problems = Vec::new();
        for answer in answers {
            let fits = self.questions.iter().any(|question| {
                question.id == answer.question
                    && match &answer.value {
                        AnswerValue::Yes(_) => question.kind == QuestionKind::Yes,
                        AnswerValue::Number(_) => question.kind == QuestionKind::Number,
                        AnswerValue::Text(_) => question.kind == QuestionKind::Text,
                        AnswerValue::Option(code) => question.options.iter().any(|known| known.id == *code),
                    }
            });
            if !fits {
                let code = answer.question.to_string();
                problems.push(Problem::Unknown { what: "the answer to question", code });
            }
        }
        for question in self.questions.iter().filter(|question| question.is_required) {
            if !answers.iter().any(|answer| answer.question == question.id) {
                let code = question.id.to_string();
                problems.push(Problem::Unanswered { code });
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid { problems }) }
    }
}

/// One step of a visit. Numbers are wire format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum VisitStep {
    /// Something was made of it later.
    #[n(1)]
    LedTo {
        /// An incident or task.
        #[n(0)]
        document: DocumentId,
    },
}

/// What a visit amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Visit {
    /// Incidents and tasks that were made of it.
    pub led_to: Vec<DocumentId>,
    /// When it was: the visitor's time, but not later than the relay's.
    pub at: Timestamp,
}

impl Visit {
    /// Folds the steps over the record.
    pub fn fold(record: &VisitRecord, origin: &Origin, steps: &[RawStep]) -> Self {
        let at = origin.received_at.map_or(origin.claimed_at, |received| received.min(origin.claimed_at));
        let mut visit = Self { led_to: record.led_to.clone(), at };
        for raw in steps {
            let Ok(VisitStep::LedTo { document }) = super::decode(&raw.body, "a visit's step") else {
                continue;
            };
            if !visit.led_to.contains(&document) {
                visit.led_to.push(document);
            }
        }
        visit
    }
}
