//! Every kind of document the same way: lists, one in full, remarks and photos.

use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderName, header},
};
use serde::Deserialize;
use suishou_core::{
    capture::picture_type,
    error::Problem,
    id::{BlobHash, DocumentId, EntryId},
    model::{DocumentKind, incident::Matter},
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, id, too_large},
    matrix::{Caller, OperatorRole},
};
use crate::relay::{Act, Kind, WorkFilter, identity::Viewer};

/// Most items of one answer.
const MAX_LIMIT: usize = 500;
/// Items of one answer unless the program asks for another number.
const LIMIT: usize = 100;
/// Longest text to look for.
const MAX_TEXT_CHARS: usize = 100;

/// What to list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// States with commas between; `open` stands for all with something left to do.
    state: String,
    grid: Option<String>,
    department: Option<String>,
    /// A category, a task's form, a warning's hazard, a notice's theme, or a purpose.
    category: Option<String>,
    form: Option<String>,
    hazard: Option<String>,
    theme: Option<String>,
    purpose: Option<String>,
    member: Option<String>,
    /// Visits: of this household.
    household: Option<String>,
    matter: Option<Matter>,
    /// Incidents: taken over from this system.
    source: Option<String>,
    anonymous: bool,
    overdue: bool,
    /// Words of the record or of a remark, or a document's id.
    text: Option<String>,
    #[param(inline)]
    order: WorkOrder,
    limit: Option<usize>,
    /// Newest first: those before this `seq`.
    before: Option<u64>,
    /// By due time: those after so many.
    skip: Option<usize>,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WorkOrder {
    /// What came last comes first.
    #[default]
    Newest,
    /// What is due first comes first.
    Due,
}

/// `GET /api/incidents` and the like.
pub(super) async fn list<R: Kind>(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let Query(wanted) = wanted?;
    let settings = desk.relay.settings().await;
    let category = wanted.of_kind(R::KIND)?;
    let filter = WorkFilter {
        states: states::<R>(&wanted.state)?,
        grid: wanted.grid.as_deref().map(id).transpose()?,
        department: wanted.department.as_deref().map(id).transpose()?,
        bound_to: caller.bound_to().cloned(),
        category,
        member: wanted.member.as_deref().map(id).transpose()?,
        about: wanted.household.as_deref().map(id).transpose()?,
        matter: wanted.matter,
        source: wanted.source.as_deref().map(id).transpose()?,
        is_anonymous: wanted.anonymous,
        is_overdue: wanted.overdue,
        limit: checked_limit(wanted.limit)?,
        before: wanted.before,
        text: wanted.text()?,
        by_due: wanted.by_due()?,
    };
    if R::KIND == DocumentKind::Incident
        && let Some(category) = &filter.category
    {
        settings.check_category(&id(category)?)?;
    }
    let checks = [
        filter.grid.as_ref().map(|grid| settings.check_grid(grid)),
        filter.department.as_ref().map(|department| settings.check_department(department)),
    ];
    checks.into_iter().flatten().collect::<Result<(), _>>()?;
    Shown::list(name(R::KIND), desk.relay.list::<R>(filter).await?)
}

/// The list's name in the answer and in the path.
pub(super) fn name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Incident => "incidents",
        DocumentKind::Patrol => "patrols",
        DocumentKind::Household => "households",
        DocumentKind::Visit => "visits",
        DocumentKind::Task => "tasks",
        DocumentKind::Warning => "warnings",
        DocumentKind::Notice => "notices",
    }
}

impl Wanted {
    /// How many of what is due are skipped; none in the order of arrival. Each order has its own way of turning pages.
    fn by_due(&self) -> Answer<Option<usize>> {
        match (self.order, self.skip, self.before) {
            (WorkOrder::Newest, None, _) => Ok(None),
            (WorkOrder::Due, skip, None) => Ok(Some(skip.unwrap_or(0))),
            (WorkOrder::Newest, Some(_), _) => {
                Err(ApiError::invalid(vec![Problem::Malformed("skip without order=due")]))
            }
            (WorkOrder::Due, _, Some(_)) => {
                Err(ApiError::invalid(vec![Problem::Malformed("before with order=due")]))
            }
        }
    }

    /// The words to look for.
    fn text(&self) -> Answer<Option<String>> {
        let text = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        match text.map_or(0, |text| text.chars().count()) {
            chars if chars > MAX_TEXT_CHARS => Err(too_large("text", chars as u64, MAX_TEXT_CHARS as u64)),
            _ => Ok(text.map(str::to_owned)),
        }
    }

    /// The category, whatever this kind calls it; another kind's filter is refused, not ignored.
    fn of_kind(&self, kind: DocumentKind) -> Answer<Option<String>> {
        use DocumentKind as K;
        let named = [
            ("category", self.category.as_ref(), [K::Incident].as_slice()),
            ("form", self.form.as_ref(), &[K::Task]),
            ("hazard", self.hazard.as_ref(), &[K::Warning]),
            ("theme", self.theme.as_ref(), &[K::Notice]),
            ("purpose", self.purpose.as_ref(), &[K::Household, K::Visit]),
        ];
        let others = [
            ("household", self.household.is_some(), [K::Visit].as_slice()),
            ("department", self.department.is_some(), &[K::Incident, K::Task]),
            ("matter", self.matter.is_some(), &[K::Incident]),
            ("source", self.source.is_some(), &[K::Incident]),
            ("anonymous", self.anonymous, &[K::Incident]),
            ("overdue", self.overdue, &[K::Incident, K::Household, K::Task]),
        ];
        let used =
            named.iter().filter(|(_, value, _)| value.is_some()).map(|(name, _, kinds)| (*name, *kinds));
        let used = used
            .chain(others.iter().filter(|(_, is_used, _)| *is_used).map(|(name, _, kinds)| (*name, *kinds)));
        for (name, kinds) in used {
            if !kinds.contains(&kind) {
                let code = name.to_owned();
                return Err(ApiError::invalid(vec![Problem::Unknown { what: "filter for this list", code }]));
            }
        }
        Ok(named.into_iter().find_map(|(_, value, _)| value.cloned()))
    }
}

fn states<R: Kind>(words: &str) -> Answer<Vec<String>> {
    let known = R::states();
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    let checked = words.map(|word| {
        if word == "open" || known.contains(&word) {
            return Ok(word.to_owned());
        }
        let code = word.chars().take(20).collect();
        Err(ApiError::invalid(vec![Problem::Unknown { what: "state", code }]))
    });
    checked.collect()
}

fn checked_limit(limit: Option<usize>) -> Answer<usize> {
    match limit.unwrap_or(LIMIT) {
        limit if limit > MAX_LIMIT => Err(too_large("limit", limit as u64, MAX_LIMIT as u64)),
        limit => Ok(limit),
    }
}

/// How to look at one.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Look {
    /// For programs: nobody reads it, so that it does not count as seen by the command centre.
    glance: bool,
}

/// `GET /api/incidents/{id}[?glance=true]` and the like, with what this caller may see of who reported in confidence.
pub(super) async fn show<R: Kind>(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(document): Path<String>,
    look: Result<Query<Look>, QueryRejection>,
) -> Answer {
    let (Query(look), document) = (look?, id(&document)?);
    let viewer =
        if caller.is_one_of(&[OperatorRole::Dispatcher]) { Viewer::Dispatcher } else { Viewer::Other };
    if look.glance {
        return Shown::of(desk.relay.show_to::<R>(document, viewer).await?);
    }
    shown_as::<R>(&desk, document, viewer, &caller).await
}

/// One in full after something was done to it, as everybody may see it.
pub(super) async fn done_by<R: Kind>(desk: &Desk, document: DocumentId, caller: &Caller) -> Answer {
    shown_as::<R>(desk, document, Viewer::Other, caller).await
}

/// Those who act for the command centre: what they are shown counts as seen. A department is not, nor who only looks on.
const CENTRE: [OperatorRole; 3] =
    [OperatorRole::Dispatcher, OperatorRole::Leader, OperatorRole::Administrator];

/// One in full; what of it is new to the command centre is noted as seen.
async fn shown_as<R: Kind>(desk: &Desk, document: DocumentId, viewer: Viewer, caller: &Caller) -> Answer {
    let unseen = if caller.is_one_of(&CENTRE) { desk.relay.unseen(document).await? } else { None };
    let shown = desk.relay.show_to::<R>(document, viewer).await?;
    let Some(upto) = unseen else { return Shown::of(shown) };
    let noted = async {
        desk.relay.note_seen(document, upto).await?;
        desk.relay.show_to::<R>(document, viewer).await
    };
    match noted.await {
        Ok(noted) => Shown::of(noted),
        Err(error) => {
            // What was looked at is shown all the same.
            tracing::warn!(%document, %error, "that it was seen could not be kept");
            Shown::of(shown)
        }
    }
}

/// One in full, as everybody may see it.
pub(super) async fn shown<R: Kind>(desk: &Desk, document: DocumentId) -> Answer {
    Shown::of(desk.relay.show::<R>(document).await?)
}

/// A remark for everyone who sees the document.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteForm {
    text: String,
    /// The remark that it answers, by its entry.
    #[serde(default)]
    answers: Option<EntryId>,
}

/// `POST /api/incidents/{id}/notes` and the like.
pub(super) async fn note<R: Kind>(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(document): Path<String>,
    Form(note): Form<NoteForm>,
) -> Answer {
    let document = id(&document)?;
    if note.text.trim().is_empty() {
        return Err(ApiError::invalid(vec![Problem::Missing("the text of the note")]));
    }
    let present = desk.relay.show::<R>(document).await?;
    if let Some(answers) = note.answers
        && !present.notes.iter().any(|known| known.origin.entry == answers)
    {
        let code = answers.to_string();
        return Err(ApiError::invalid(vec![Problem::Unknown { what: "the remark", code }]));
    }
    let act = Act { remark: Some(note.text), answers: note.answers, ..Act::default() };
    desk.relay.act(document, act).await?;
    done_by::<R>(&desk, document, &caller).await
}

/// Which size of a photo.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Size {
    preview: Option<bool>,
}

type File = ([(HeaderName, String); 2], Vec<u8>);

/// `GET /api/incidents/{id}/photos/{hash}[?preview=true]` and the like: a photo or recording of the record or of a
/// remark, as a file to be saved and never as a page.
pub(super) async fn photo<R: Kind>(
    State(desk): State<Desk>,
    Path((document, hash)): Path<(String, String)>,
    size: Result<Query<Size>, QueryRejection>,
) -> Answer<File> {
    let hash: BlobHash = id(&hash)?;
    let document: DocumentId = id(&document)?;
    desk.relay.show::<R>(document).await?;
    if !desk.relay.names_blob(document, hash).await? {
        return Err(ApiError::not_found("photo"));
    }
    let Query(size) = size?;
    let read = match size.preview {
        Some(true) => desk.relay.preview(hash).await?,
        _ => desk.relay.blob(hash).await?,
    };
    let (kind, ending) = media(&read.bytes);
    let disposition = format!("attachment; filename=\"{hash}.{ending}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], read.bytes))
}

/// By its first bytes; what is none of these is only bytes.
fn media(bytes: &[u8]) -> (&'static str, &'static str) {
    picture_type(bytes).unwrap_or(match bytes {
        [b'O', b'g', b'g', b'S', ..] => ("audio/ogg", "ogg"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => ("audio/mp4", "m4a"),
        _ => ("application/octet-stream", "bin"),
    })
}
