//! What stands between bytes from a device and Automerge.
//!
//! Automerge 0.12 can be made to panic, to allocate gigabytes or to save what it can't load by changes
//! with valid checksums. So a change passes here first: structure and sizes without any allocation by a
//! declared length, then Automerge's own parser inside `catch_unwind`, then the one shape of content
//! that working documents have: strings and bytes under flat keys. What the guard refuses is held, never
//! dropped, and never reaches a document.

mod columns;

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Change, ExpandedChange, ScalarValue, legacy};

use crate::{entry::chunk::Chunk, error::HeldCode, model::step::StepId};

/// Largest change in bytes. An honest one has some 150.
pub const MAX_CHANGE_BYTES: usize = 64 * 1024;
/// Most operations in one change.
pub const MAX_OPS: u64 = 256;
/// Largest operation counter; far above any honest document, far below overflow.
pub const MAX_OP_COUNTER: u64 = 1 << 30;
/// Longest key in bytes.
pub const MAX_KEY_BYTES: usize = 64;
/// Largest step or field in bytes.
pub const MAX_VALUE_BYTES: usize = 1024;
/// Steps are kept under this letter and their id in hex.
pub const STEP_PREFIX: char = 's';

/// One thing that a change does to a working document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Adds a step.
    Step {
        /// Derived from the change itself, so that no change can touch another's step.
        id: StepId,
        /// Counter of the operation: the document's causal order.
        counter: u64,
        /// CBOR of the step.
        body: Vec<u8>,
    },
    /// Sets a field.
    Field {
        /// Which.
        name: String,
        /// To what.
        value: String,
    },
}

/// A change that may be shown to Automerge.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Automerge's form of it.
    pub change: Change,
    /// Who made it, for this document only.
    pub actor: [u8; 16],
    /// Number among its actor's changes, from 1.
    pub sequence: u16,
    /// What it does.
    pub edits: Vec<Edit>,
}

/// Judges the bytes of a change.
pub fn check(bytes: &[u8]) -> Result<Checked, HeldCode> {
    check_structure(bytes).ok_or(HeldCode::Guard)?;
    let parsed = catch_unwind(AssertUnwindSafe(|| parse_canonical(bytes)));
    let (change, expanded) = parsed.ok().flatten().ok_or(HeldCode::Guard)?;
    read_edits(change, &expanded).ok_or(HeldCode::Guard)
}

/// Sizes, counts and columns, without Automerge and without expanding anything.
fn check_structure(bytes: &[u8]) -> Option<()> {
    if bytes.len() > MAX_CHANGE_BYTES {
        return None;
    }
    let chunk = Chunk::parse(bytes)?;
    let is_sane = chunk.actor.len() == 16
        && chunk.others.iter().all(|other| other.len() == 16)
        && (1..=u64::from(u16::MAX)).contains(&chunk.sequence)
        && (1..=MAX_OP_COUNTER).contains(&chunk.start_op)
        && chunk.message.is_empty()
        && (chunk.sequence == 1 || !chunk.deps.is_empty());
    if !is_sane {
        return None;
    }
    columns::check(&chunk.columns, chunk.data, MAX_OPS)
}

/// Automerge's parser, and the demand that it would write the same bytes.
fn parse_canonical(bytes: &[u8]) -> Option<(Change, ExpandedChange)> {
    let change = Change::from_bytes(bytes.to_vec()).ok()?;
    let expanded = change.decode();
    let is_canonical = Change::from(expanded.clone()).raw_bytes() == bytes;
    is_canonical.then_some((change, expanded))
}

fn read_edits(change: Change, expanded: &ExpandedChange) -> Option<Checked> {
    let actor: [u8; 16] = expanded.actor_id.to_bytes().try_into().ok()?;
    let sequence = u16::try_from(expanded.seq).ok()?;
    if expanded.operations.is_empty() {
        return None;
    }
    let mut edits = Vec::with_capacity(expanded.operations.len());
    let mut steps = 0_u8;
    for (counter, op) in (expanded.start_op.get()..).zip(&expanded.operations) {
        let legacy::Key::Map(key) = &op.key else { return None };
        if !matches!(op.obj, legacy::ObjectId::Root) || op.insert || key.len() > MAX_KEY_BYTES {
            return None;
        }
        let legacy::OpType::Put(value) = &op.action else { return None };
        edits.push(match value {
            ScalarValue::Bytes(body) if body.len() <= MAX_VALUE_BYTES => {
                let id = StepId::derive(&actor, sequence, steps);
                steps = steps.checked_add(1)?;
                if *key != step_key(id) || !op.pred.is_empty() {
                    return None;
                }
                Edit::Step { id, counter, body: body.clone() }
            }
            ScalarValue::Str(value) if value.len() <= MAX_VALUE_BYTES && !looks_like_step(key) => {
                Edit::Field { name: key.to_string(), value: value.to_string() }
            }
            _ => return None,
        });
    }
    Some(Checked { change, actor, sequence, edits })
}

/// The key under which a step lies.
pub fn step_key(id: StepId) -> String {
    format!("{STEP_PREFIX}{id}")
}

/// No field may pass for a step: the prefix and 14 hexadecimal digits.
fn looks_like_step(key: &str) -> bool {
    let mut letters = key.chars();
    letters.next() == Some(STEP_PREFIX) && key.len() == 15 && letters.all(|letter| letter.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
