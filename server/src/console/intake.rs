//! Intake from elsewhere: tickets that another system signs, files of them, and the sources themselves.

use axum::{
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use suishou_core::{
    error::{Error, Problem},
    geo::{
        GridFinder, Position,
        shift::{Shifted, bd09_to_gcj02, gcj02_to_wgs84},
    },
    id::{CategoryId, DocumentId, GridId, Salt, SourceId},
    model::{
        MAX_TEXT_BYTES, Severity,
        incident::IncidentRecord,
        place::{FixSource, GridSource, Place},
        settings::Settings,
    },
    time::Timestamp,
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, from_json, id, too_large},
    sheet,
};
use crate::{
    relay::{
        intake::{Contact, MAX_EXTERNAL_ID_BYTES, Outcome, Rules, Secret, SourceForm, Ticket},
        signature::{BadSignature, SIGNATURE, TIMESTAMP},
    },
    words::{Lang, Words},
};

/// Longest name or telephone number of a contact in bytes.
const MAX_CONTACT_BYTES: usize = 200;
/// Most items of one answer.
const MAX_LIMIT: usize = 500;
/// Items of one answer unless another number is asked for.
const LIMIT: usize = 100;

/// One ticket as another system sends it.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TicketForm {
    /// Its id there.
    pub external_id: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub text: String,
    /// A category of the township, or a word that the source's rules know.
    #[serde(default)]
    pub category: Option<String>,
    #[serde(default)]
    pub severity: Option<String>,
    /// In words.
    #[serde(default)]
    pub address: String,
    #[serde(default)]
    pub grid: Option<String>,
    #[serde(default)]
    pub latitude: Option<f64>,
    #[serde(default)]
    pub longitude: Option<f64>,
    /// Of the coordinates: `wgs84`, `gcj02` or `bd09`.
    #[serde(default)]
    pub system: Option<String>,
    /// When it was reported there, RFC 3339.
    #[serde(default)]
    pub reported_at: Option<String>,
    /// Personal data: kept apart.
    #[serde(default)]
    pub contact: Option<ContactForm>,
}

/// Whom to call.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
}

impl std::fmt::Debug for ContactForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContactForm")
    }
}

/// What is done about a category or grid that the township does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    /// A person is at the file and can mend it.
    IsRefused,
    /// Nobody is there: what the source's rules say stands in, and the word is kept in the text.
    IsReplaced,
}

/// What tickets are read by.
struct Reading<'a> {
    settings: &'a Settings,
    finder: GridFinder,
    rules: &'a Rules,
    unknown: Unknown,
}

impl TicketForm {
    pub(super) fn set_contact(&mut self, name: Option<String>, phone: Option<String>) {
        if name.is_some() || phone.is_some() {
            let (name, phone) = (name.unwrap_or_default(), phone.unwrap_or_default());
            self.contact = Some(ContactForm { name, phone });
        }
    }
}

impl<'a> Reading<'a> {
    fn new(settings: &'a Settings, rules: &'a Rules, unknown: Unknown) -> Self {
        Self { settings, finder: settings.finder(), rules, unknown }
    }

    /// Checks a ticket and says it in the township's words; tells everything that is wrong.
    fn read(&self, mut form: TicketForm) -> Result<Ticket, Vec<Problem>> {
        let mut problems = Vec::new();
        form.external_id = String::from(form.external_id.trim());
        check_external_id(&form.external_id, &mut problems);
        let hash =
            serde_json::to_vec(&form).map(|bytes| *blake3::hash(&bytes).as_bytes()).unwrap_or_default();
        let words = Words::of(Lang::Chinese);
        let mut lines: Vec<String> = [&form.title, &form.text]
            .into_iter()
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect();
        if lines.is_empty() {
            problems.push(Problem::Missing("title or text"));
        }
        if !form.address.trim().is_empty() {
            lines.push(words.say("intake.address", &[("address", &form.address.trim())]));
        }
        let category = self.category(form.category.as_deref(), &mut lines, &mut problems);
        let severity = self.severity(form.severity.as_deref(), &mut lines, &mut problems);
        let place = self.place(&form, &mut lines, &mut problems);
        let reported_at = form.reported_at.as_deref().map(str::trim).filter(|at| !at.is_empty());
        let reported_at = reported_at.map(str::parse::<Timestamp>).transpose();
        if reported_at.is_err() {
            problems.push(Problem::Malformed("a time (reported_at)"));
        }
        let contact = contact(form.contact, &mut problems);
        let text = lines.join("\n");
        let update = words.say("intake.updated", &[("text", &text)]);
        if update.len() > MAX_TEXT_BYTES {
            let (found, limit) = (update.len() as u64, MAX_TEXT_BYTES as u64);
            problems.push(Problem::TooLarge { what: "the text in bytes", found, limit });
        }
        let (Some(category), Ok(reported_at), true) = (category, reported_at, problems.is_empty()) else {
            return Err(problems);
        };
        let record = IncidentRecord {
            salt: Salt::ZERO,
            text,
            category,
            severity,
            place,
            photos: Vec::new(),
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        };
        Ok(Ticket { external_id: form.external_id, hash, record, update, reported_at, contact })
    }

    fn category(
        &self,
        given: Option<&str>,
        lines: &mut Vec<String>,
        problems: &mut Vec<Problem>,
    ) -> Option<CategoryId> {
        let given = given.map(str::trim).filter(|word| !word.is_empty());
        let Some(word) = given else {
            if self.rules.category.is_none() {
                problems.push(Problem::Missing("category"));
            }
            return self.rules.category.clone();
        };
        let by_rule = self.rules.categories.get(word).cloned();
        let by_code = || CategoryId::new(word).ok().filter(|code| self.settings.check_category(code).is_ok());
        let by_name = || {
            let named = |category: &&suishou_core::model::settings::Category| {
                category.name.zh == word || category.name.en == word
            };
            self.settings.categories.iter().find(named).map(|category| category.id.clone())
        };
        if let Some(known) = by_rule.or_else(by_code).or_else(by_name) {
            return Some(known);
        }
        if let (Unknown::IsReplaced, Some(category)) = (self.unknown, &self.rules.category) {
            lines.push(Words::of(Lang::Chinese).say("intake.category", &[("category", &word)]));
            return Some(category.clone());
        }
        problems.push(Problem::Unknown { what: "the category", code: cut(word) });
        None
    }

    fn severity(
        &self,
        given: Option<&str>,
        lines: &mut Vec<String>,
        problems: &mut Vec<Problem>,
    ) -> Severity {
        let Some(word) = given.map(str::trim).filter(|word| !word.is_empty()) else {
            return self.rules.severity;
        };
        let known = self.rules.severities.get(word).copied().or_else(|| Severity::from_word(word));
        match (known, self.unknown) {
            (Some(known), _) => known,
            (None, Unknown::IsReplaced) => {
                lines.push(Words::of(Lang::Chinese).say("intake.severity", &[("severity", &word)]));
                self.rules.severity
            }
            (None, Unknown::IsRefused) => {
                problems.push(Problem::Unknown { what: "the severity", code: cut(word) });
                self.rules.severity
            }
        }
    }

    fn place(&self, form: &TicketForm, lines: &mut Vec<String>, problems: &mut Vec<Problem>) -> Place {
        let position = position(form).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let chosen = self.grid(form.grid.as_deref(), lines, problems);
        let (grid, grid_source) = match (chosen, position.and_then(|position| self.finder.find(position))) {
            (Some(grid), _) => (Some(grid), Some(GridSource::Chosen)),
            (None, Some(grid)) => (Some(grid), Some(GridSource::Found)),
            (None, None) => (self.rules.grid.clone(), self.rules.grid.as_ref().map(|_| GridSource::Chosen)),
        };
        let source = position.map(|_| FixSource::Manual);
        Place { position, source, grid, grid_source, ..Place::default() }
    }

    fn grid(
        &self,
        given: Option<&str>,
        lines: &mut Vec<String>,
        problems: &mut Vec<Problem>,
    ) -> Option<GridId> {
        let word = given.map(str::trim).filter(|word| !word.is_empty())?;
        let by_rule = self.rules.grids.get(word).cloned();
        let by_code = || GridId::new(word).ok().filter(|code| self.settings.check_grid(code).is_ok());
        if let Some(known) = by_rule.or_else(by_code) {
            return Some(known);
        }
        match self.unknown {
            Unknown::IsReplaced => {
                lines.push(Words::of(Lang::Chinese).say("intake.grid", &[("grid", &word)]));
            }
            Unknown::IsRefused => {
                problems.push(Problem::Unknown { what: "the grid", code: cut(word) });
            }
        }
        None
    }
}

fn check_external_id(external_id: &str, problems: &mut Vec<Problem>) {
    if external_id.is_empty() {
        problems.push(Problem::Missing("external_id"));
    } else if external_id.len() > MAX_EXTERNAL_ID_BYTES || external_id.chars().any(char::is_control) {
        problems.push(Problem::Malformed("an external_id of at most 128 bytes"));
    }
}

fn contact(form: Option<ContactForm>, problems: &mut Vec<Problem>) -> Option<Contact> {
    let form = form?;
    let (name, phone) = (form.name.trim().to_owned(), form.phone.trim().to_owned());
    if [&name, &phone].iter().any(|text| text.len() > MAX_CONTACT_BYTES || text.chars().any(char::is_control))
    {
        problems.push(Problem::Malformed("a contact of at most 200 bytes"));
    }
    (!name.is_empty() || !phone.is_empty()).then_some(Contact { name, phone })
}

/// In WGS-84, whichever way it was written.
fn position(form: &TicketForm) -> Result<Option<Position>, Problem> {
    let (latitude, longitude) = match (form.latitude, form.longitude) {
        (Some(latitude), Some(longitude)) => (latitude, longitude),
        (None, None) => return Ok(None),
        _ => return Err(Problem::BadPosition),
    };
    let shifted = Shifted { latitude, longitude };
    let read = match form.system.as_deref().map(|system| system.trim().to_ascii_lowercase()).as_deref() {
        Some("wgs84") => Position::new(latitude, longitude),
        Some("gcj02") => gcj02_to_wgs84(shifted),
        Some("bd09") => gcj02_to_wgs84(bd09_to_gcj02(shifted)),
        // To guess would put it half a kilometre away.
        None | Some("") => return Err(Problem::Missing("system (wgs84, gcj02 or bd09)")),
        Some(_) => return Err(Problem::Malformed("a system (wgs84, gcj02 or bd09)")),
    };
    read.map(Some).map_err(|error| match error {
        Error::Invalid { problems } => problems.into_iter().next().unwrap_or(Problem::BadPosition),
        _ => Problem::BadPosition,
    })
}

fn cut(word: &str) -> String {
    word.chars().take(20).collect()
}

/// `POST /api/intake/{id}`: a ticket that its source signed; no login.
pub(super) async fn take(
    State(desk): State<Desk>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<(StatusCode, Shown)> {
    // Who is unknown and who signed wrongly are told the same.
    let Ok(source) = source.parse::<SourceId>() else { return Err(ApiError::bad_signature()) };
    let header =
        |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let signed =
        desk.relay.signed_by(source.clone(), header(TIMESTAMP), header(SIGNATURE), body.clone()).await?;
    let (rules, signed) = signed.map_err(|bad| match bad {
        BadSignature::Wrong => ApiError::bad_signature(),
        BadSignature::Stale => ApiError::stale_signature(),
    })?;
    if !desk.buckets.take(&source, desk.clock.now()) {
        return Err(ApiError::too_many());
    }
    let form: TicketForm = from_json(&body)?;
    let settings = desk.relay.settings().await;
    let ticket =
        Reading::new(&settings, &rules, Unknown::IsReplaced).read(form).map_err(ApiError::invalid)?;
    let taken = desk.relay.take_in(source, ticket, signed).await?;
    let status = if taken.outcome == Outcome::Added { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Shown::of(taken)?))
}

/// What a file is of.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct OfFile {
    source: String,
    #[serde(default)]
    dry_run: bool,
}

/// What a file did, or would do.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TicketsImported {
    /// Incidents now.
    added: usize,
    /// Remarks on incidents that were known.
    updated: usize,
    /// Known with this content.
    unchanged: usize,
    /// Nothing was written.
    is_dry_run: bool,
}

/// `POST /api/intake-items?source=hotline`: a CSV file, all of it or nothing.
pub(super) async fn import(
    State(desk): State<Desk>,
    of: Result<Query<OfFile>, QueryRejection>,
    body: Bytes,
) -> Answer {
    let Query(of) = of?;
    let source: SourceId = id(&of.source)?;
    let rules = desk.relay.source_rules(source.clone()).await?;
    let settings = desk.relay.settings().await;
    let now = desk.clock.now();
    let read = tokio::task::spawn_blocking(move || {
        let (rows, mut problems) = sheet::tickets::read(&body)?;
        let reading = Reading::new(&settings, &rules, Unknown::IsRefused);
        let mut tickets = Vec::with_capacity(rows.len());
        for (line, row) in rows {
            match reading.read(row) {
                Ok(ticket) if ticket.reported_at.is_some_and(|at| at > now) => {
                    problems.push(at_line(line, Problem::Malformed("a time that has passed (reported_at)")));
                }
                Ok(ticket) => tickets.push(ticket),
                Err(found) => problems.extend(found.into_iter().map(|problem| at_line(line, problem))),
            }
        }
        if problems.is_empty() { Ok(tickets) } else { Err(problems) }
    });
    let tickets = read.await.map_err(|_| crate::relay::RelayError::Stopped)?.map_err(ApiError::invalid)?;
    let outcomes: Vec<Outcome> = if of.dry_run {
        desk.relay.foresee_tickets(source, tickets).await?
    } else {
        let taken = desk.relay.import_tickets(source, tickets).await?;
        taken.into_iter().map(|taken| taken.outcome).collect()
    };
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    Shown::of(TicketsImported {
        added: count(Outcome::Added),
        updated: count(Outcome::Updated),
        unchanged: count(Outcome::Unchanged),
        is_dry_run: of.dry_run,
    })
}

fn at_line(number: usize, problem: Problem) -> Problem {
    Problem::At { what: "line", number, problem: Box::new(problem) }
}

/// What to list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    source: Option<String>,
    before: Option<u64>,
    limit: Option<usize>,
}

/// `GET /api/intake-items`
pub(super) async fn items(State(desk): State<Desk>, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let Query(wanted) = wanted?;
    let source = wanted.source.as_deref().map(id).transpose()?;
    let limit = wanted.limit.unwrap_or(LIMIT);
    if limit > MAX_LIMIT {
        return Err(too_large("limit", limit as u64, MAX_LIMIT as u64));
    }
    Shown::list("items", desk.relay.intake_items(source, wanted.before, limit).await?)
}

/// `GET /api/intake-sources`
pub(super) async fn sources(State(desk): State<Desk>) -> Answer {
    Shown::list("sources", desk.relay.sources().await?)
}

/// `POST /api/intake-sources`: the answer has the secret, this once.
pub(super) async fn add(
    State(desk): State<Desk>,
    Form(form): Form<SourceForm>,
) -> Answer<(StatusCode, Shown)> {
    let secret: Secret = desk.relay.add_source(form).await?;
    Ok((StatusCode::CREATED, Shown::of(secret)?))
}

/// Whether something is in use.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = EnabledForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Enabled {
    pub(super) is_enabled: bool,
}

/// Whether something is in use now.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct EnabledShown {
    pub(super) id: String,
    pub(super) is_enabled: bool,
}

/// `POST /api/intake-sources/{id}/enabled`
pub(super) async fn enable(
    State(desk): State<Desk>,
    Path(source): Path<String>,
    Form(form): Form<Enabled>,
) -> Answer {
    desk.relay.enable_source(id(&source)?, form.is_enabled).await?;
    Shown::of(EnabledShown { id: source, is_enabled: form.is_enabled })
}

/// `POST /api/intake-sources/{id}/rotate`: the answer has the new secret, this once.
pub(super) async fn rotate(State(desk): State<Desk>, Path(source): Path<String>) -> Answer {
    Shown::of(desk.relay.rotate_source(id(&source)?).await?)
}

/// `GET /api/incidents/{id}/contact`: whom to call; each look is written down.
pub(super) async fn contact_of(State(desk): State<Desk>, Path(document): Path<String>) -> Answer {
    let document: DocumentId = id(&document)?;
    Shown::of(desk.relay.contact(document).await?)
}
