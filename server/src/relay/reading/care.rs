//! Households and visits in full.

use serde::Serialize;
use suishou_core::{
    document::{Record, Work},
    id::{DocumentId, ReasonId},
    model::{
        DocumentKind,
        household::{HouseholdCard, HouseholdState},
        place::Place,
        step::Origin,
        visit::{Answer, VisitOutcome},
    },
    rows::{HouseholdRow, VisitRow},
    store::tables::load_document,
    time::Timestamp,
};

use super::{Context, Kind, Listed, listed, origin};
use crate::{
    db::{self, Connection},
    relay::{error::Result, shown::BlobShown},
};

/// Visits shown with a household.
const VISITS: usize = 50;

/// One card of a household.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct CardShown {
    /// Which entry brought it, whose and when; none for the record itself.
    pub origin: Option<Origin>,
    /// It is the one in use, or one of several set at the same time.
    pub is_in_use: bool,
    /// The card.
    #[serde(flatten)]
    pub card: HouseholdCard,
}

/// What a household in full has beside its row.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct HouseholdShown {
    /// Who they are and what they need: the card in use.
    pub card: HouseholdCard,
    /// Every card, the first first.
    pub cards: Vec<CardShown>,
    /// The last visits, the newest first.
    #[schema(value_type = Vec<VisitRow>)]
    pub visits: Vec<Listed<VisitRow>>,
    /// Why it ended.
    pub reason: Option<ReasonId>,
}

impl Kind for HouseholdRow {
    type Shown = HouseholdShown;
    const KIND: DocumentKind = DocumentKind::Household;

    fn states() -> Vec<&'static str> {
        [HouseholdState::Active, HouseholdState::Ended].map(HouseholdState::as_str).to_vec()
    }

    fn set_due(&mut self, last_at: Option<Timestamp>, due_at: Option<Timestamp>) {
        (self.last_visit_at, self.due_at) = (last_at, due_at);
    }

    fn shown(context: &Context<'_>, record: &Record, work: Work) -> Result<Option<Self::Shown>> {
        let (Record::Household(record), Work::Household(household)) = (record, work) else {
            return Ok(None);
        };
        let is_in_use = |entry| household.card.all().any(|used| *used == entry);
        let mut cards = vec![CardShown { origin: None, is_in_use: is_in_use(None), card: record.clone() }];
        let mut card = record;
        for (stored, note) in &context.notes {
            let Some(noted) = &note.card else { continue };
            if household.card.value == Some(stored.entry_id) {
                card = noted;
            }
            let is_in_use = is_in_use(Some(stored.entry_id));
            cards.push(CardShown { origin: Some(origin(stored)), is_in_use, card: noted.clone() });
        }
        let filter = db::work::Filter {
            about: Some(context.id),
            ..db::work::Filter::of(DocumentKind::Visit, context.now, VISITS)
        };
        let visits = db::work::list(context.connection, &filter)?;
        Ok(Some(HouseholdShown {
            card: card.clone(),
            cards,
            visits: visits.into_iter().map(|placed| listed(placed, context.now)).collect(),
            reason: household.reason,
        }))
    }
}

/// A household's card in use.
pub(in crate::relay) fn card_of(connection: &Connection, id: DocumentId) -> Result<Option<HouseholdCard>> {
    let Some(document) = load_document(connection, id)? else { return Ok(None) };
    let (Some(captured), Some(Work::Household(household))) = (document.captured(), document.work()) else {
        return Ok(None);
    };
    let noted = match household.card.value {
        Some(entry) => suishou_core::store::rows::card(connection, id, entry)?,
        None => None,
    };
    Ok(noted.or(match &captured.record {
        Record::Household(card) => Some(card.clone()),
        _ => None,
    }))
}

/// What a visit in full has beside its row.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct VisitShown {
    /// In the visitor's words.
    pub text: String,
    /// Where.
    pub place: Place,
    /// The photos.
    pub photo_blobs: Vec<BlobShown>,
    /// The voice recording.
    pub voice: Option<BlobShown>,
    /// What the household is called.
    pub household_name: Option<String>,
    /// Which form was filled in.
    pub form: Option<suishou_core::id::FormId>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// Incidents and tasks that came of it.
    pub led_to_list: Vec<DocumentId>,
}

impl Kind for VisitRow {
    type Shown = VisitShown;
    const KIND: DocumentKind = DocumentKind::Visit;

    fn states() -> Vec<&'static str> {
        [VisitOutcome::Met, VisitOutcome::NotHome, VisitOutcome::Refused, VisitOutcome::Moved]
            .map(VisitOutcome::as_str)
            .to_vec()
    }

    fn shown(context: &Context<'_>, record: &Record, work: Work) -> Result<Option<Self::Shown>> {
        let (Record::Visit(record), Work::Visit(visit)) = (record, work) else { return Ok(None) };
        let household = match record.household {
            Some(id) => db::work::find::<HouseholdRow>(context.connection, DocumentKind::Household, id)?,
            None => None,
        };
        Ok(Some(VisitShown {
            text: record.text.clone(),
            place: record.place.clone(),
            photo_blobs: context.blobs(&record.photos)?,
            voice: record.voice.map(|voice| context.blob(voice)).transpose()?,
            household_name: household.map(|found| found.row.name),
            form: record.form.clone(),
            answers: record.answers.clone(),
            led_to_list: visit.led_to,
        }))
    }
}
