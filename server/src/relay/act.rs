//! An operator's action: entries in the relay's own log, through the same commit and projection as a
//! phone's. What is not possible is refused before anything is stored.

use suishou_core::{
    document::Document,
    entry::{BodyType, Entry},
    error::Problem,
    guard::{Edit, check},
    id::{CategoryId, DocumentId, GridId, Salt},
    model::{
        Severity, encode,
        incident::{FIELD_CATEGORY, FIELD_GRID, FIELD_SEVERITY, IncidentStep},
        note::Note,
        settings::Settings,
        step::{Author, Origin, StepId},
    },
    policy::Rights,
    project::{Incoming, project},
    store::tables::load_document,
};

use super::{
    engine::{Engine, PROJECTED_AT_ONCE, Work},
    error::{RelayError, Result},
    shown::Act,
};
use crate::db;

impl Engine {
    /// Does what an operator asked for, in one commit with its projection.
    pub fn act(&mut self, document: DocumentId, act: &Act) -> Result<()> {
        check_act(&self.shared().settings(), act)?;
        // On what is known now, not on what was known some commits ago.
        while self.project()? {}
        self.write(|work| work.act(document, act))
    }
}

impl Work<'_> {
    fn act(&mut self, id: DocumentId, act: &Act) -> Result<()> {
        let mut document = load_document(self.transaction, id)?.ok_or(RelayError::NotFound)?;
        if document.incident().is_none() {
            return Err(RelayError::NotFound);
        }
        for member in act.steps.iter().filter_map(|step| step.member.as_ref()) {
            if db::member::find(self.transaction, member)?.is_none() {
                let code = member.as_str().to_owned();
                return Err(RelayError::invalid(Problem::Unknown { what: "the member", code }));
            }
        }
        let mut entries = Vec::new();
        let mut step = None;
        if !act.steps.is_empty() || !act.fields.is_empty() {
            let change = self.change(&mut document, act)?;
            step = first_step(&change);
            entries.push(Entry::new(id, document.kind(), self.now, BodyType::Change, change)?);
        }
        if let Some(remark) = &act.remark {
            let salt = Salt::new(self.random.bytes());
            let note = Note { step, ..Note::plain(salt, remark.clone()) };
            note.check()?;
            entries.push(Entry::new(id, document.kind(), self.now, BodyType::Note, encode(&note))?);
        }
        for verdict in
            project(&mut document, &entries.iter().map(|entry| self.own(entry)).collect::<Vec<_>>())
        {
            verdict.map_err(|code| RelayError::Refused { code })?;
        }
        self.append_own(&entries)?;
        self.project(PROJECTED_AT_ONCE)
    }

    fn own(&self, entry: &Entry) -> Incoming {
        let origin = Origin {
            entry: entry.id(),
            author: Author::Centre,
            claimed_at: self.now,
            received_at: Some(self.now),
        };
        Incoming { entry: entry.clone(), origin, rights: Some(Rights::centre()) }
    }

    fn change(&mut self, document: &mut Document, act: &Act) -> Result<Vec<u8>> {
        let random = &mut *self.random;
        let actor = *self.state.actors.entry(document.id()).or_insert_with(|| random.bytes());
        let steps: Vec<Vec<u8>> = act.steps.iter().map(encode).collect();
        let fields: Vec<(&str, String)> =
            act.fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        Ok(document.edit(actor, &steps, &fields)?)
    }
}

/// The first step of a change, which a remark explains.
fn first_step(change: &[u8]) -> Option<StepId> {
    let checked = check(change).ok()?;
    checked.edits.into_iter().find_map(|edit| match edit {
        Edit::Step { id, .. } => Some(id),
        Edit::Field { .. } => None,
    })
}

/// Refuses codes that the township does not have, before anything is made of them.
fn check_act(settings: &Settings, act: &Act) -> Result<()> {
    if act.steps.is_empty() && act.fields.is_empty() && act.remark.is_none() {
        return Err(RelayError::invalid(Problem::Missing("a step, a field or a remark")));
    }
    for step in &act.steps {
        check_step(settings, step)?;
    }
    for (name, value) in &act.fields {
        match name.as_str() {
            FIELD_CATEGORY => settings.check_category(&CategoryId::new(value)?)?,
            FIELD_GRID => settings.check_grid(&GridId::new(value)?)?,
            FIELD_SEVERITY if Severity::from_word(value).is_some() => {}
            FIELD_SEVERITY => {
                return Err(RelayError::invalid(Problem::Malformed("a severity")));
            }
            _ => return Err(RelayError::invalid(Problem::Malformed("a field of an incident"))),
        }
    }
    Ok(())
}

fn check_step(settings: &Settings, step: &IncidentStep) -> Result<()> {
    step.check()?;
    if let Some(department) = &step.department {
        settings.check_department(department)?;
    }
    if let Some(reason) = &step.reason {
        settings.check_reason(reason)?;
    }
    Ok(())
}
