//! The fifteen ways in which apps like this one lost people's work, one test for each: none happens here.
//!
//! The threads that tell of them are named in the project's lessons; the tests run on the real core and relay.

mod kept;
mod others;
mod places;
mod weight;

use suishou_core::{
    error::Error,
    field::{ReportDraft, StepDraft},
    id::{BlobHash, DocumentId, GridId, MemberId},
    model::{incident::StepKind, place::Place},
    sync::session::{Session, Step},
};
use suishou_tests::harness::{Phone, Township};

pub(crate) use others::notice_for;

use crate::scenarios::{photo, report};

/// Syncs until it holds, as an app with a retry timer does.
pub(crate) async fn insist(phone: &mut Phone) {
    let mut session = Session::default();
    for _ in 0..200 {
        match phone.sync_with(&mut session).await {
            Ok(()) => return,
            Err(Error::Offline(_) | Error::RelayRefused { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("it does not converge");
}

pub(crate) fn member(code: &str) -> MemberId {
    MemberId::new(code).unwrap()
}

pub(crate) fn grid(code: &str) -> GridId {
    GridId::new(code).unwrap()
}

/// A place of which only the grid is known.
pub(crate) fn in_grid(code: &str) -> Place {
    Place { grid: Some(grid(code)), ..Place::default() }
}

/// A report with photos.
fn report_with(township: &Township, phone: &Phone, text: &str, seeds: &[u64]) -> (DocumentId, Vec<BlobHash>) {
    let photos: Vec<BlobHash> =
        seeds.iter().map(|seed| phone.field().add_photo(&photo(*seed), &[]).unwrap()).collect();
    let draft = ReportDraft { photos: photos.clone(), ..report(text, township, 119.605) };
    (phone.field().report(draft).unwrap(), photos)
}

/// Exchanges until `enough` says so or nothing is left; tells whether it was enough.
async fn exchange_until(
    phone: &mut Phone,
    session: &mut Session,
    mut enough: impl FnMut(&Phone) -> bool,
) -> bool {
    while !enough(phone) {
        let Step::Send(request) = phone.field().ask(session).unwrap() else { return enough(phone) };
        let response = phone.network.carry(request).await.unwrap();
        phone.field().answer(session, &response).unwrap();
    }
    true
}

fn step(kind: StepKind) -> StepDraft {
    StepDraft::plain(kind)
}
