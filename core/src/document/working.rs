//! The Automerge document itself, behind `catch_unwind`: whatever panics is thrown away.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use automerge::{
    ActorId, Automerge, Change, ChangeHash, ROOT, ReadDoc as _, ScalarValue, legacy,
    transaction::{CommitOptions, Transactable as _},
};

use crate::{
    guard::{STEP_PREFIX, step_key},
    model::step::StepId,
};

/// A loaded working document.
#[derive(Clone, Debug)]
pub struct Working(Automerge);

/// The outcome of a trial that held.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) working: Working,
    pub(super) snapshot: Vec<u8>,
    pub(super) fields: BTreeMap<String, Vec<String>>,
}

impl Working {
    /// From a snapshot; from nothing if it is empty.
    pub(super) fn load(snapshot: &[u8]) -> Option<Self> {
        if snapshot.is_empty() {
            return Some(Self(Automerge::new()));
        }
        catch_unwind(AssertUnwindSafe(|| Automerge::load(snapshot).ok())).ok().flatten().map(Self)
    }

    /// The last operation counter of a change, if the document has it.
    pub(super) fn max_op_of(&self, hash: &ChangeHash) -> Option<u64> {
        self.0.get_change_meta_by_hash(hash).map(|change| change.max_op)
    }

    /// The changes that no other one follows.
    pub(super) fn heads(&self) -> Vec<ChangeHash> {
        self.0.get_heads()
    }

    /// Actor and number of every change that somebody who knew just these, and what they depend on, did not know.
    pub(super) fn unknown_to(&self, known: &[ChangeHash]) -> BTreeSet<([u8; 16], u64)> {
        let unknown = catch_unwind(AssertUnwindSafe(|| self.0.get_changes(known)));
        let unknown = unknown.unwrap_or_default();
        let named = unknown.iter().filter_map(|change| {
            let actor: [u8; 16] = change.actor_id().to_bytes().try_into().ok()?;
            Some((actor, change.seq()))
        });
        named.collect()
    }

    /// Applies to a copy, saves, loads and compares; `None` if anything is not as it must be.
    pub(super) fn try_apply(&self, changes: Vec<Change>, has_fields: bool) -> Option<Trial> {
        catch_unwind(AssertUnwindSafe(|| {
            let hashes: Vec<ChangeHash> = changes.iter().map(Change::hash).collect();
            let mut copy = self.0.clone();
            copy.apply_changes(changes).ok()?;
            let snapshot = copy.save_nocompress();
            let loaded = Automerge::load(&snapshot).ok()?;
            let is_whole = loaded.get_heads() == copy.get_heads()
                && loaded.get_missing_deps(&[]).is_empty()
                && hashes.iter().all(|hash| loaded.get_change_meta_by_hash(hash).is_some());
            if !is_whole {
                return None;
            }
            let fields = if has_fields { read_fields(&loaded) } else { BTreeMap::new() };
            Some(Trial { working: Self(loaded), snapshot, fields })
        }))
        .ok()
        .flatten()
    }

    /// The bytes of a change made on a copy.
    pub(super) fn edit(
        &self,
        actor: [u8; 16],
        sequence: u16,
        steps: &[Vec<u8>],
        fields: &[(&str, String)],
    ) -> Option<Vec<u8>> {
        catch_unwind(AssertUnwindSafe(|| {
            let mut copy = self.0.clone().with_actor(ActorId::from(actor));
            let mut transaction = copy.transaction();
            for (index, body) in (0_u8..=u8::MAX).zip(steps) {
                let key = step_key(StepId::derive(&actor, sequence, index));
                transaction.put(ROOT, key, ScalarValue::Bytes(body.clone())).ok()?;
            }
            for (name, value) in fields {
                transaction.put(ROOT, *name, format!("{value}{UNLIKE}")).ok()?;
            }
            let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(0));
            let change = copy.get_change_by_hash(&hash?)?;
            Some(if fields.is_empty() { change.raw_bytes().to_vec() } else { as_said(&change) })
        }))
        .ok()
        .flatten()
    }
}

/// What no field's value ends with.
const UNLIKE: char = '\u{1}';

/// The change with the values as they were said. Automerge would leave out a value that is shown already,
/// and choose among values that stand side by side with a delete: here whoever says a word, says it, so that
/// values are put unlike any other and made what they should be afterwards.
fn as_said(change: &Change) -> Vec<u8> {
    let mut expanded = change.decode();
    for op in &mut expanded.operations {
        if let legacy::OpType::Put(ScalarValue::Str(word)) = &mut op.action
            && let Some(said) = word.strip_suffix(UNLIKE)
        {
            *word = said.into();
        }
    }
    Change::from(expanded).raw_bytes().to_vec()
}

/// Every field with all values that stand side by side, the one that all devices show first.
fn read_fields(document: &Automerge) -> BTreeMap<String, Vec<String>> {
    let mut fields = BTreeMap::new();
    for key in document.keys(ROOT).filter(|key| !key.starts_with(STEP_PREFIX) || key.len() != 15) {
        let mut values = Vec::new();
        if let Ok(Some((shown, _))) = document.get(ROOT, &key) {
            values.extend(shown.as_str().map(ToOwned::to_owned));
        }
        for (value, _) in document.get_all(ROOT, &key).unwrap_or_default() {
            if let Some(word) = value.as_str().filter(|word| values.iter().all(|known| known != word)) {
                values.push(word.to_owned());
            }
        }
        fields.insert(key, values);
    }
    fields
}
