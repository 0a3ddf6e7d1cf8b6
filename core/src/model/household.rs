//! A household: a person or home to look after, and how often.
//!
//! Who they are stands on a card: the record, and later notes that carry a new card. The working document
//! says only which card is in use, so that an erased card is gone.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, HeldCode, Problem, Result},
    id::{EntryId, GridId, PurposeId, ReasonId, Salt},
    model::{
        MAX_TEXT_BYTES,
        choice::{Choice, Fields, choice},
        note::too_long,
        place::Place,
        step::{Origin, RawStep, StepId},
    },
    time::Timestamp,
};

/// Working-document field: the entry with the card in use.
pub const FIELD_CARD: &str = "card";
/// Working-document field: grid.
pub const FIELD_GRID: &str = "grid";
/// The fields that a household's working document may have beside its steps.
pub const FIELDS: [&str; 2] = [FIELD_CARD, FIELD_GRID];
/// Longest time between two visits in days.
pub const MAX_DAYS: u16 = 366;

/// Who is looked after, why and how often. The record's body, and a part of later notes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct HouseholdCard {
    /// Random; keeps an erased card from being guessed by its hash.
    #[n(0)]
    #[serde(skip)]
    pub salt: Salt,
    /// What they are called.
    #[n(1)]
    pub name: String,
    /// Where they live, in words.
    #[n(2)]
    pub address: String,
    /// How to reach them; may be empty.
    #[n(3)]
    pub phone: String,
    /// How many live there.
    #[n(4)]
    pub people: u16,
    /// Why they are visited.
    #[n(5)]
    pub purposes: Vec<PurposeId>,
    /// What they need, in words; may be empty.
    #[n(6)]
    pub needs: String,
    /// Days from one visit to the next; 0 if there is no rule.
    #[n(7)]
    pub every_days: u16,
    /// Where.
    #[n(8)]
    pub place: Place,
}

impl HouseholdCard {
    /// Refuses what no reader would take.
    pub fn check(&self) -> Result<()> {
        let bytes = self.name.len() + self.address.len() + self.phone.len() + self.needs.len();
        if bytes > MAX_TEXT_BYTES {
            return Err(too_long(bytes));
        }
        let mut problems = Vec::new();
        if self.name.trim().is_empty() {
            problems.push(Problem::Missing("the name of the person or household"));
        }
        if self.every_days > MAX_DAYS {
            problems.push(Problem::TooLarge {
                what: "the number of days between visits",
                found: self.every_days.into(),
                limit: MAX_DAYS.into(),
            });
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid { problems }) }
    }
}

/// One step of a household. Numbers are wire format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum HouseholdStep {
    /// No longer looked after: moved, died, in no need.
    #[n(1)]
    Ended {
        /// Why.
        #[n(0)]
        reason: Option<ReasonId>,
    },
    /// Looked after again.
    #[n(2)]
    Resumed,
}

/// Whether a household is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HouseholdState {
    /// It is.
    Active,
    /// It was.
    Ended,
}

impl HouseholdState {
    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Ended => "ended",
        }
    }
}

/// What a household's working document amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Household {
    /// Whether it is looked after.
    pub state: HouseholdState,
    /// The entry with the card in use: a note's, or none for the record itself.
    pub card: Choice<Option<EntryId>>,
    /// Where it belongs.
    pub grid: Choice<Option<GridId>>,
    /// Why it ended.
    pub reason: Option<ReasonId>,
    /// Since when it is in this state.
    pub state_since: Timestamp,
    /// Steps that took no effect.
    pub without_effect: Vec<StepId>,
}

impl Household {
    /// Folds the steps and fields over the record.
    pub fn fold(record: &HouseholdCard, origin: &Origin, steps: &[RawStep], fields: &Fields) -> Self {
        let mut household = Self {
            state: HouseholdState::Active,
            card: choice(fields, FIELD_CARD, |word| word.parse().ok().map(Some))
                .unwrap_or(Choice::single(None)),
            grid: choice(fields, FIELD_GRID, |word| GridId::new(word).ok().map(Some))
                .unwrap_or_else(|| Choice::single(record.place.grid.clone())),
            reason: None,
            state_since: origin.at(),
            without_effect: Vec::new(),
        };
        for raw in steps {
            let Ok(step) = super::decode::<HouseholdStep>(&raw.body, "a household's step") else { continue };
            if household.allows(&step).is_err() {
                household.without_effect.push(raw.id);
                continue;
            }
            household.take(step, raw.origin.at());
        }
        household
    }

    /// Whether the step is possible now.
    pub fn allows(&self, step: &HouseholdStep) -> Result<(), HeldCode> {
        let is_possible = match step {
            HouseholdStep::Ended { .. } => self.state == HouseholdState::Active,
            HouseholdStep::Resumed => self.state == HouseholdState::Ended,
        };
        if is_possible { Ok(()) } else { Err(HeldCode::WrongState) }
    }

    /// The household after a step that [`Household::allows`].
    pub fn take(&mut self, step: HouseholdStep, at: Timestamp) {
        (self.state, self.reason) = match step {
            HouseholdStep::Ended { reason } => (HouseholdState::Ended, reason),
            HouseholdStep::Resumed => (HouseholdState::Active, None),
        };
        self.state_since = at;
    }
}
