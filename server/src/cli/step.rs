//! What an operator does to an incident, as the form that `/api` takes.

use serde_json::{Map, Value, json};

use super::args::{Dispatch, Incident, OfDispatch, Step};

/// A step for `/api/incidents/{id}/steps`.
#[derive(Debug)]
pub(super) struct Form {
    /// The incident as it was given.
    pub id: String,
    /// The other incident of a duplicate, as it was given.
    pub of: Option<String>,
    /// Print JSON.
    pub json: bool,
    fields: Map<String, Value>,
}

impl Form {
    /// The form of a command that takes a step; none of those that only show.
    pub(super) fn of(command: Incident) -> Option<Self> {
        Some(match command {
            Incident::Accept(step) => Self::new(Some("accepted"), step),
            Incident::Verify(step) => Self::new(Some("verified"), step),
            Incident::Close(close) => Self::new(Some("closed"), close.step).with("answer", close.template),
            Incident::Remind(step) => Self::of_dispatch("reminded", step),
            Incident::Correct(correct) => {
                let mut form = Self::new(None, correct.step);
                let kept = correct.keep_state.then(|| ("keep_state".to_owned(), Value::Bool(true)));
                form.fields.extend(kept);
                form
            }
            Incident::Dispatch(dispatch) => Self::dispatch(dispatch),
            Incident::Handle(step) => Self::of_dispatch("handling", step),
            Incident::Resolve(step) => Self::of_dispatch("resolved", step),
            Incident::Return(step) => Self::of_dispatch("returned", step.of).with("reason", step.reason),
            Incident::Reject(step) => {
                Self::new(Some("rejected"), step.step).with("reason", Some(step.reason))
            }
            Incident::Reopen(step) => Self::new(Some("reopened"), step.step).with("reason", step.reason),
            Incident::Duplicate(step) => {
                Self { of: Some(step.of), ..Self::new(Some("duplicate"), step.step) }
            }
            Incident::List(_)
            | Incident::Show(_)
            | Incident::Note(_)
            | Incident::Report(_)
            | Incident::Merge(_) => return None,
        })
    }

    fn new(kind: Option<&str>, step: Step) -> Self {
        let form = Self { id: step.id, of: None, json: step.format.json, fields: Map::new() };
        form.with("kind", kind.map(str::to_owned))
            .with("remark", step.remark)
            .with("category", step.category)
            .with("severity", step.severity)
            .with("grid", step.grid)
    }

    fn dispatch(dispatch: Dispatch) -> Self {
        let mut form = Self::new(Some("dispatched"), dispatch.step)
            .with("member", dispatch.member)
            .with("due_at", dispatch.due_at);
        let orders: Vec<Value> = dispatch.to.iter().filter_map(|to| order(to)).collect();
        let plain: Vec<&String> = dispatch.to.iter().filter(|to| !to.contains('=')).collect();
        form.fields.insert("departments".to_owned(), json!(plain));
        if !orders.is_empty() {
            form.fields.insert("dispatches".to_owned(), Value::Array(orders));
        }
        if let Some(hours) = dispatch.due_hours {
            form.fields.insert("due_hours".to_owned(), json!(hours));
        }
        form
    }

    fn of_dispatch(kind: &str, step: OfDispatch) -> Self {
        Self::new(Some(kind), step.step).with("dispatch", step.dispatch)
    }

    fn with(mut self, name: &str, value: Option<String>) -> Self {
        self.fields.extend(value.map(|value| (name.to_owned(), Value::String(value))));
        self
    }

    /// The body, with the other incident's whole id.
    pub(super) fn body(self, of: Option<String>) -> Value {
        Value::Object(self.with("of", of).fields)
    }
}

/// A department with hours or a time of its own.
fn order(to: &str) -> Option<Value> {
    let (department, due) = to.split_once('=')?;
    Some(match due.parse::<u16>() {
        Ok(hours) => json!({ "department": department, "due_hours": hours }),
        Err(_) => json!({ "department": department, "due_at": due }),
    })
}

#[cfg(test)]
mod tests {
    use crate::cli::{args::Command, help};

    use super::*;

    fn body(line: &str) -> Value {
        let Command::Incident(command) = help::parse(line.split(' ').map(Into::into)).unwrap().command else {
            panic!("{line}");
        };
        Form::of(command).unwrap().body(None)
    }

    #[test]
    fn commands_become_the_forms_of_the_api() {
        assert_eq!(
            body("suishou incident dispatch abcdef --to police,market --due-hours 24 --remark 请尽快处理"),
            json!({ "kind": "dispatched", "departments": ["police", "market"], "due_hours": 24, "remark": "请尽快处理" })
        );
        assert_eq!(
            body("suishou incident return abcdef --reason not_ours --dispatch 01020304050607"),
            json!({ "kind": "returned", "reason": "not_ours", "dispatch": "01020304050607" })
        );
        assert_eq!(body("suishou incident correct abcdef --severity high"), json!({ "severity": "high" }));
        assert_eq!(body("suishou incident correct abcdef --keep-state"), json!({ "keep_state": true }));
    }
}
