//! Entries into a document: guard, policy, trial. The same on phone and relay.
//!
//! What does not pass is reported with its code, in the order of the entries, and leaves the document as
//! if it had never come.

use crate::{
    document::Document,
    entry::Entry,
    error::HeldCode,
    model::step::Origin,
    policy::{Rights, judge},
};

/// An entry on its way into a document.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The entry.
    pub entry: Entry,
    /// Who and when.
    pub origin: Origin,
    /// What the author brings along; none if the relay has judged already.
    pub rights: Option<Rights>,
}

/// Takes entries of one document in order; says of each whether it took effect.
pub fn project(document: &mut Document, incoming: &[Incoming]) -> Vec<Result<(), HeldCode>> {
    let mut together = document.clone();
    let verdicts: Vec<_> = incoming.iter().map(|one| take(&mut together, one)).collect();
    if together.settle().is_ok() {
        *document = together;
        return verdicts;
    }
    // Something passed the guard and failed the trial: find it one by one.
    incoming
        .iter()
        .map(|one| {
            let mut alone = document.clone();
            take(&mut alone, one)?;
            alone.settle()?;
            *document = alone;
            Ok(())
        })
        .collect()
}

fn take(document: &mut Document, incoming: &Incoming) -> Result<(), HeldCode> {
    let arrival = document.read(&incoming.entry, incoming.origin.author)?;
    if let Some(rights) = &incoming.rights {
        judge(document, &arrival, incoming.origin.author, rights)?;
    }
    document.take(arrival, incoming.origin);
    Ok(())
}
