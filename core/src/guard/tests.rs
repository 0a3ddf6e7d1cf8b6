//! The hostile changes of `reliability.md`, by hand, and mutants of honest ones.

use automerge::{ActorId, AutoCommit, ROOT, ReadDoc as _, transaction::Transactable};
use proptest::prelude::*;

use super::*;
use crate::entry::varint;

const ACTOR: [u8; 16] = [7; 16];

fn honest() -> Vec<Vec<u8>> {
    let mut document = AutoCommit::new().with_actor(ActorId::from(ACTOR));
    (1..=3_u16)
        .map(|sequence| {
            let key = step_key(StepId::derive(&ACTOR, sequence, 0));
            document.put(ROOT, key, ScalarValue::Bytes(vec![0xa1, 0x00, 0x01])).unwrap();
            document.put(ROOT, "category", format!("fire{sequence}")).unwrap();
            document.commit();
            document.get_last_local_change().unwrap().raw_bytes().to_vec()
        })
        .collect()
}

/// A chunk with a valid length and checksum around anything.
fn sealed(change: impl FnOnce(&mut Chunk<'_>)) -> Vec<u8> {
    let bytes = honest().remove(0);
    let mut chunk = Chunk::parse(&bytes).unwrap();
    change(&mut chunk);
    chunk.seal().bytes
}

#[test]
fn honest_changes_pass_and_say_what_they_do() {
    for (sequence, bytes) in (1_u16..).zip(honest()) {
        let checked = check(&bytes).unwrap();
        assert_eq!((checked.actor, checked.sequence), (ACTOR, sequence));
        assert_eq!(checked.edits.len(), 2);
    }
}

#[test]
fn a_run_length_bomb_is_refused() {
    let mut run = Vec::new();
    varint::put_signed(&mut run, 10_000_000);
    run.push(1);
    let data = run.clone();
    let bytes = sealed(|chunk| {
        chunk.columns = vec![(0x42, data.len() as u64)];
        chunk.data = Box::leak(data.clone().into_boxed_slice());
    });
    assert_eq!(check(&bytes).unwrap_err(), HeldCode::Guard);
}

#[test]
fn a_null_run_bomb_is_refused() {
    let mut run = vec![0];
    varint::put(&mut run, u64::MAX);
    assert!(columns::check(&[(0x42, run.len() as u64)], &run, MAX_OPS).is_none());
    assert!(columns::check(&[(0x34, run.len() as u64)], &run, MAX_OPS).is_none());
}

#[test]
fn a_second_change_without_its_first_is_refused() {
    let bytes = sealed(|chunk| {
        chunk.sequence = 2;
        chunk.deps.clear();
    });
    assert_eq!(check(&bytes).unwrap_err(), HeldCode::Guard);
}

#[test]
fn a_counter_at_its_end_is_refused() {
    let bytes = sealed(|chunk| chunk.start_op = u64::from(u32::MAX));
    assert_eq!(check(&bytes).unwrap_err(), HeldCode::Guard);
}

#[test]
fn compressed_and_other_chunks_are_refused() {
    let mut document = AutoCommit::new();
    document.put(ROOT, "category", "x".repeat(2_000)).unwrap();
    document.commit();
    let compressed = document.get_last_local_change().unwrap().clone().bytes().into_owned();
    assert_eq!(compressed[8], 2);
    assert_eq!(check(&compressed).unwrap_err(), HeldCode::Guard);
    assert_eq!(check(&document.save()).unwrap_err(), HeldCode::Guard);
    for nonsense in [&b""[..], b"<html>login</html>", &[0; 4_096]] {
        assert_eq!(check(nonsense).unwrap_err(), HeldCode::Guard);
    }
}

#[test]
fn a_deflated_column_is_refused() {
    let bytes = sealed(|chunk| chunk.columns[0].0 |= 0b1000);
    assert_eq!(check(&bytes).unwrap_err(), HeldCode::Guard);
}

#[test]
fn lists_objects_counters_and_deletes_are_refused() {
    let edits: [fn(&mut AutoCommit); 4] = [
        |document| drop(document.put_object(ROOT, "list", automerge::ObjType::List)),
        |document| drop(document.put(ROOT, "count", ScalarValue::counter(1))),
        |document| drop(document.put(ROOT, "number", 1)),
        |document| {
            document.put(ROOT, "gone", "x").unwrap();
            document.delete(ROOT, "gone").unwrap();
        },
    ];
    for edit in edits {
        let mut document = AutoCommit::new();
        edit(&mut document);
        document.commit();
        let bytes = document.get_last_local_change().unwrap().raw_bytes().to_vec();
        assert_eq!(check(&bytes).unwrap_err(), HeldCode::Guard);
    }
}

#[test]
fn a_step_under_a_foreign_key_is_refused() {
    let mut document = AutoCommit::new().with_actor(ActorId::from(ACTOR));
    let foreign = step_key(StepId::derive(&[8; 16], 1, 0));
    document.put(ROOT, foreign.clone(), ScalarValue::Bytes(vec![1])).unwrap();
    document.commit();
    let bytes = document.get_last_local_change().unwrap().raw_bytes().to_vec();
    assert_eq!(check(&bytes).unwrap_err(), HeldCode::Guard);
    document.put(ROOT, foreign, "a field that looks like a step").unwrap();
    document.commit();
    let bytes = document.get_last_local_change().unwrap().raw_bytes().to_vec();
    assert_eq!(check(&bytes).unwrap_err(), HeldCode::Guard);
    assert_eq!(document.keys(ROOT).count(), 1);
}

proptest! {
    #[test]
    fn mutants_never_escape(which in 0_usize..3, edits in proptest::collection::vec((12_usize..400, any::<u8>()), 1..6)) {
        let mut bytes = honest().remove(which);
        for (position, value) in edits {
            let position = 12 + position % (bytes.len() - 12);
            bytes[position] = value;
        }
        // With its checksum made right, as an attacker would.
        if let Some(chunk) = Chunk::parse(&bytes) {
            bytes = chunk.seal().bytes;
        }
        let _ = check(&bytes);
    }
}
