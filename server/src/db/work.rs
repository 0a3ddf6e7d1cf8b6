//! Rows of work for operators' lists: one builder of conditions for every kind.

use rusqlite::{Connection, Row, params, params_from_iter, types::Value};
use serde::de::DeserializeOwned;
use suishou_core::{
    entry::BodyType,
    error::Result,
    id::{DepartmentId, DocumentId, GridId, MemberId, SourceId},
    model::{DocumentKind, incident::IncidentState},
    store::{optional, rows::read_json, sql},
    time::Timestamp,
};

use super::{count, id, int, unreadable};

/// Where a warning stands, which its row does not say: it depends on the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// Announced for later.
    Announced,
    /// In force.
    InForce,
    /// Its time has passed.
    Expired,
}

/// Which documents of a kind; every condition narrows the list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this kind.
    pub kind: DocumentKind,
    /// At this moment.
    pub now: Timestamp,
    /// In one of these states, by their words.
    pub states: Vec<String>,
    /// Or with something left to do; with no states, only those.
    pub is_open: bool,
    /// Warnings: or standing so.
    pub force: Vec<Force>,
    /// In one of these grids; in any if empty.
    pub grids: Vec<GridId>,
    /// With this department to act.
    pub department: Option<DepartmentId>,
    /// Standing under this scope key.
    pub key: Option<i64>,
    /// Of this category, form, hazard, theme or purpose.
    pub category: Option<String>,
    /// By this member or with this member to act.
    pub member: Option<MemberId>,
    /// About this document: a household's visits, an incident's repetitions.
    pub about: Option<DocumentId>,
    /// Complaints or suggestions, by their word.
    pub matter: Option<&'static str>,
    /// Taken over from this system.
    pub source: Option<SourceId>,
    /// Reported in confidence.
    pub is_anonymous: bool,
    /// Whose due time has passed.
    pub is_overdue: bool,
    /// At most so many.
    pub limit: usize,
    /// Those that arrived before this place.
    pub before: Option<u64>,
    /// With these words in the record or a remark, or with this id.
    pub text: Option<String>,
    /// In the order in which it is due, without so many of the first.
    pub by_due: Option<usize>,
}

impl Filter {
    /// All of a kind.
    pub fn of(kind: DocumentKind, now: Timestamp, limit: usize) -> Self {
        Self {
            kind,
            now,
            states: Vec::new(),
            is_open: false,
            force: Vec::new(),
            grids: Vec::new(),
            department: None,
            key: None,
            category: None,
            member: None,
            about: None,
            matter: None,
            source: None,
            is_anonymous: false,
            is_overdue: false,
            limit,
            before: None,
            text: None,
            by_due: None,
        }
    }
}

/// A row with what stands beside it.
#[derive(Clone, Debug)]
pub struct Placed<R> {
    /// Its place in the order of arrival.
    pub seq: u64,
    /// The row.
    pub row: R,
    /// Whose record; none if it is the command centre's.
    pub member: Option<MemberId>,
    /// When it is due, by its own word, by how often, or by the township's rules.
    pub due_at: Option<Timestamp>,
    /// A household: when somebody was last met.
    pub last_at: Option<Timestamp>,
}

/// Whether a list may say whose record it is: not an informant's, not one's who was an informant when it came,
/// not what was reported in confidence.
const IS_NAMED: &str = "(m.role <> 'informant' AND coalesce(i.until, 0) < coalesce(w.received_at, w.at)
    AND NOT coalesce(json_extract(w.json, '$.is_anonymous'), 0))";

fn select() -> String {
    format!(
        "SELECT w.json, d.record_row, CASE WHEN {IS_NAMED} THEN m.member END, w.due, w.last_at
         FROM document d JOIN work_due w ON w.document = d.document
         LEFT JOIN document_author a ON a.document = d.document AND a.alias = w.author - 1
         LEFT JOIN member m ON m.row = a.member LEFT JOIN informant_until i ON i.member = a.member"
    )
}

fn read<R: DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<Placed<R>> {
    let member: Option<String> = row.get(2)?;
    Ok(Placed {
        row: read_json(row, 0)?,
        seq: count(row.get(1)?),
        member: member.map(|member| MemberId::new(&member)).transpose().map_err(|_| unreadable(2))?,
        due_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
        last_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
    })
}

/// Rows in the order of arrival, newest first, or in that in which they are due.
pub fn list<R: DeserializeOwned>(connection: &Connection, filter: &Filter) -> Result<Vec<Placed<R>>> {
    let Conditions { words, values } = Conditions::of(filter);
    let order = match filter.by_due {
        Some(_) => "w.due IS NULL, w.due, d.record_row DESC",
        None => "d.record_row DESC",
    };
    let statement = format!("{} WHERE {} ORDER BY {order} LIMIT ? OFFSET ?", select(), words.join(" AND "));
    let mut statement = connection.prepare_cached(&statement).map_err(sql)?;
    let rows = statement.query_map(params_from_iter(values), read).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// One row of this kind.
pub fn find<R: DeserializeOwned>(
    connection: &Connection,
    kind: DocumentKind,
    document: DocumentId,
) -> Result<Option<Placed<R>>> {
    let statement = format!("{} WHERE d.document = ?1 AND d.kind = ?2", select());
    optional(
        connection
            .prepare_cached(&statement)
            .map_err(sql)?
            .query_row(params![document.as_ref(), kind.number()], read),
    )
}

/// The conditions of a statement, with the values that go into it.
struct Conditions {
    words: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn of(filter: &Filter) -> Self {
        let mut conditions = Self { words: Vec::new(), values: Vec::new() };
        conditions.add("d.kind = ?", i64::from(filter.kind.number()));
        if let Some(before) = filter.before {
            conditions.add("d.record_row < ?", int(before));
        }
        conditions.add_states(filter);
        conditions.add_one_of("w.grid", filter.grids.iter().map(GridId::as_str));
        conditions.add_one_of("w.category", filter.category.iter().map(String::as_str));
        if let Some(department) = &filter.department {
            conditions.add("instr(' ' || w.departments || ' ', ?) > 0", format!(" {department} "));
        }
        if let Some(key) = filter.key {
            conditions.add(
                "EXISTS (SELECT 1 FROM document_key k
                 WHERE k.document = d.document AND k.lost_at IS NULL AND k.key = ?)",
                key,
            );
        }
        if let Some(member) = &filter.member {
            // Asking for what an informant reported would be asking who reported it.
            let words = format!("((m.member = ? AND {IS_NAMED}) OR instr(' ' || w.members || ' ', ?) > 0)");
            conditions.words.push(words);
            conditions.values.extend([member.to_string().into(), format!(" {member} ").into()]);
        }
        if let Some(about) = &filter.about {
            conditions.add("w.about = ?", about.as_ref().to_vec());
        }
        if let Some(matter) = filter.matter {
            conditions.add("json_extract(w.json, '$.matter') = ?", matter.to_owned());
        }
        if let Some(source) = &filter.source {
            conditions.add("json_extract(w.json, '$.source') = ?", source.to_string());
        }
        if filter.is_anonymous {
            conditions.words.push("json_extract(w.json, '$.is_anonymous')".to_owned());
        }
        if filter.is_overdue {
            conditions.add("w.due < ?", filter.now.millis());
        }
        if let Some(text) = &filter.text {
            conditions.add_text(text);
        }
        let number = |number: usize| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        conditions.values.extend([number(filter.limit), number(filter.by_due.unwrap_or(0))]);
        conditions
    }

    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.words.push(condition.to_owned());
        self.values.push(value.into());
    }

    fn add_one_of<'a>(&mut self, column: &str, words: impl ExactSizeIterator<Item = &'a str>) {
        if words.len() > 0 {
            self.words.push(format!("{column} IN ({})", marks(words.len())));
            self.values.extend(words.map(|word| Value::from(word.to_owned())));
        }
    }

    /// Text stands in a body as it was written: its bytes are looked for there, and nothing is kept beside it that
    /// would have to be erased with it.
    fn add_text(&mut self, text: &str) {
        let says = "EXISTS (SELECT 1 FROM entry e WHERE e.document = d.document AND e.state = 2
            AND e.body_type IN (?, ?) AND instr(e.body, ?) > 0)";
        self.words.push(format!("({says} OR d.document = ?)"));
        self.values
            .extend([BodyType::Record, BodyType::Note].map(|body| Value::from(i64::from(body.number()))));
        self.values.push(text.as_bytes().to_vec().into());
        let id = text.parse::<DocumentId>().map_or(Value::Null, |id| Value::from(id.as_ref().to_vec()));
        self.values.push(id);
    }

    /// States that the row says, those that the time says, and what is open: any of them.
    fn add_states(&mut self, filter: &Filter) {
        let mut any = Vec::new();
        if !filter.states.is_empty() {
            any.push(format!("w.state IN ({})", marks(filter.states.len())));
            self.values.extend(filter.states.iter().cloned().map(Value::from));
        }
        if filter.is_open {
            // A notice does not change by itself when its time is over.
            any.push("(w.is_open = 1 AND (w.kind <> ? OR w.due_at IS NULL OR w.due_at > ?))".to_owned());
            self.values.push(DocumentKind::Notice.number().into());
            self.values.push(filter.now.millis().into());
        }
        // Times in a row's JSON are RFC 3339 in UTC with milliseconds: their order is that of the text.
        let (now, now_text) = (filter.now.millis(), filter.now.to_rfc3339());
        for force in &filter.force {
            let from = "json_extract(w.json, '$.from_at')";
            let (condition, values): (String, Vec<Value>) = match force {
                Force::Announced => {
                    (format!("{from} > ? AND w.due_at > ?"), vec![now_text.clone().into(), now.into()])
                }
                Force::InForce => {
                    (format!("{from} <= ? AND w.due_at > ?"), vec![now_text.clone().into(), now.into()])
                }
                Force::Expired => ("w.due_at <= ?".to_owned(), vec![now.into()]),
            };
            any.push(format!("(w.is_open = 1 AND {condition})"));
            self.values.extend(values);
        }
        if !any.is_empty() {
            self.words.push(format!("({})", any.join(" OR ")));
        }
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Incidents that still stand as repetitions of this one.
pub fn merged_into(connection: &Connection, primary: DocumentId) -> Result<Vec<DocumentId>> {
    documents_about(connection, primary, DocumentKind::Incident, Some(IncidentState::Duplicate.as_str()))
}

/// Documents of a kind that are about another.
pub fn documents_about(
    connection: &Connection,
    about: DocumentId,
    kind: DocumentKind,
    state: Option<&str>,
) -> Result<Vec<DocumentId>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT document FROM work WHERE about = ?1 AND kind = ?2 AND (?3 IS NULL OR state = ?3)
             ORDER BY at, document",
        )
        .map_err(sql)?;
    let rows =
        statement.query_map(params![about.as_ref(), kind.number(), state], |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// The categories, hazards or themes that open documents of a kind have, with how many.
pub fn categories_in_use(connection: &Connection, kind: DocumentKind) -> Result<Vec<(String, u64)>> {
    in_use(
        connection,
        "SELECT category, count(*) FROM work
         WHERE kind = ?1 AND is_open = 1 AND category IS NOT NULL GROUP BY category",
        kind,
    )
}

/// The purposes for which households are looked after, with how many.
pub fn purposes_in_use(connection: &Connection) -> Result<Vec<(String, u64)>> {
    in_use(
        connection,
        "SELECT p.value, count(*) FROM work w, json_each(w.json, '$.purposes') p
         WHERE w.kind = ?1 AND w.is_open = 1 GROUP BY p.value",
        DocumentKind::Household,
    )
}

/// The departments with something to do in open incidents, with how many.
pub fn departments_in_use(connection: &Connection) -> Result<Vec<(String, u64)>> {
    in_use(
        connection,
        "SELECT p.value, count(*) FROM work w, json_each(w.json, '$.departments') p
         WHERE w.kind = ?1 AND w.is_open = 1 GROUP BY p.value",
        DocumentKind::Incident,
    )
}

fn in_use(connection: &Connection, statement: &str, kind: DocumentKind) -> Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare(statement).map_err(sql)?;
    let rows =
        statement.query_map([kind.number()], |row| Ok((row.get(0)?, count(row.get(1)?)))).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// In which state a document is, and which other it is about.
pub fn standing(
    connection: &Connection,
    document: DocumentId,
) -> Result<Option<(String, Option<DocumentId>)>> {
    optional(
        connection
            .prepare_cached("SELECT state, about FROM work WHERE document = ?1")
            .map_err(sql)?
            .query_row([document.as_ref()], |row| {
                Ok((row.get(0)?, row.get::<_, Option<[u8; 16]>>(1)?.map(DocumentId::new)))
            }),
    )
}

/// Incidents that still stand as repetitions of one in these states, with that.
pub fn repeating(connection: &Connection, states: &[&str]) -> Result<Vec<(DocumentId, DocumentId)>> {
    let statement = format!(
        "SELECT w.document, w.about FROM work w JOIN work p ON p.document = w.about
         WHERE w.kind = ? AND w.state = ? AND p.state IN ({}) ORDER BY w.at, w.document",
        marks(states.len())
    );
    let mut values = vec![
        Value::from(i64::from(DocumentKind::Incident.number())),
        Value::from(IncidentState::Duplicate.as_str().to_owned()),
    ];
    values.extend(states.iter().map(|state| Value::from((*state).to_owned())));
    let mut statement = connection.prepare(&statement).map_err(sql)?;
    let rows =
        statement.query_map(params_from_iter(values), |row| Ok((id(row, 0)?, id(row, 1)?))).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}
