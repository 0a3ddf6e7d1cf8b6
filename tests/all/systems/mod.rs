//! The five systems of the mission, one story each, with its own people and numbers, end to end.

mod bomei;
mod dadong;
mod duhu;
mod haitang;
mod jinhua;

use std::path::Path;

use serde::Serialize;
use suishou_core::{
    field::{ReportDraft, StepDraft},
    id::{CategoryId, DepartmentId, DocumentId},
    model::{
        Severity,
        incident::{IncidentStep, StepKind},
        place::{Fix, FixSource},
    },
    time::Clock as _,
};
use suishou_server::relay::{Act, WorkFilter};
use suishou_tests::harness::{Phone, Township, cell};

/// A report from a cell of the plan.
fn seen(township: &Township, category: &str, text: &str, at: (u16, u16)) -> ReportDraft {
    ReportDraft {
        text: text.to_owned(),
        category: CategoryId::new(category).unwrap(),
        severity: Severity::Normal,
        fix: Some(fix(township, at)),
        grid: None,
        photos: Vec::new(),
        voice: None,
        is_anonymous: false,
        matter: None,
    }
}

fn fix(township: &Township, at: (u16, u16)) -> Fix {
    Fix {
        position: cell(at.0, at.1),
        accuracy_m: 9,
        taken_at: township.time.now(),
        source: FixSource::Satellite,
        is_mock: false,
    }
}

/// What the command centre says of an incident, with an answer.
async fn say(township: &Township, incident: DocumentId, step: IncidentStep, answer: &str) {
    let act = Act { remark: Some(answer.to_owned()), ..Act::step(step) };
    township.settled().await.act(incident, act).await.unwrap();
}

fn to_department(department: &str) -> IncidentStep {
    IncidentStep {
        department: Some(DepartmentId::new(department).unwrap()),
        ..IncidentStep::plain(StepKind::Dispatched)
    }
}

/// Takes the command centre's order to one's department up and settles it, with a photo of the result.
async fn settle(handler: &mut Phone, incident: DocumentId, result: &str, photo: Vec<u8>) {
    handler.sync().await.unwrap();
    let dispatch = handler.field().incident(incident).unwrap().my_dispatch.unwrap();
    let photo = handler.field().add_photo(&photo, &[]).unwrap();
    let step = |kind, remark: &str, photos| StepDraft {
        dispatch: Some(dispatch),
        remark: Some(remark.to_owned()),
        photos,
        ..StepDraft::plain(kind)
    };
    handler.field().step(incident, step(StepKind::Handling, "已到现场", Vec::new())).unwrap();
    handler.field().step(incident, step(StepKind::Resolved, result, vec![photo])).unwrap();
    handler.sync().await.unwrap();
}

async fn incidents(township: &Township) -> Vec<DocumentId> {
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let listed = township.settled().await.incidents(filter).await.unwrap();
    listed.into_iter().map(|incident| incident.row.document).collect()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Some file below the folder has these bytes in it.
fn is_written(folder: &Path, needle: &str) -> bool {
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    };
    let mut items = std::fs::read_dir(folder).unwrap().flatten();
    items.any(
        |item| {
            if item.path().is_dir() { is_written(&item.path(), needle) } else { holds(&item.path()) }
        },
    )
}

/// Two rows are the same, but for who is "you" to whom.
fn same_row(here: &impl Serialize, there: &impl Serialize) {
    let bare = |row: serde_json::Value| {
        let serde_json::Value::Object(mut row) = row else { panic!("a row") };
        row.remove("author");
        row
    };
    assert_eq!(bare(serde_json::to_value(here).unwrap()), bare(serde_json::to_value(there).unwrap()));
}
