//! Whatever happens in whatever order: in the end a phone has exactly what its member may see.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use suishou_core::{
    id::{DepartmentId, DocumentId, EntryId},
    model::{
        Role,
        incident::{IncidentStep, StepKind},
        step::Author,
    },
};

use super::phone::{Phone, World, feature, member};
use crate::{
    db,
    relay::{Act, Step, feed::Reader, grids::Import},
};

const GRIDS: [&str; 3] = ["a", "b", "town"];

fn step(kind: StepKind) -> Step {
    let is_dispatch = kind == StepKind::Dispatched;
    IncidentStep {
        department: DepartmentId::new("police").ok().filter(|_| is_dispatch),
        ..IncidentStep::plain(kind)
    }
    .into()
}

fn act_somehow(world: &mut World, document: DocumentId) {
    let grid = GRIDS[usize::try_from(world.random.below(3)).unwrap()];
    let act = match world.random.below(4) {
        0 => Act { fields: vec![("grid".to_owned(), grid.to_owned())], ..Act::default() },
        1 => Act { steps: vec![step(StepKind::Accepted), step(StepKind::Dispatched)], ..Act::default() },
        2 => Act { steps: vec![step(StepKind::Returned)], ..Act::default() },
        _ => Act {
            steps: vec![step(StepKind::Accepted), step(StepKind::Closed), step(StepKind::Reopened)],
            ..Act::default()
        },
    };
    // Refused where it is not possible.
    drop(world.engine().act(document, &act));
}

fn change_somebody(world: &mut World) {
    let mut grids = vec![GRIDS[usize::try_from(world.random.below(3)).unwrap()]];
    grids.truncate(usize::try_from(world.random.below(2)).unwrap() + 1);
    let changed = match world.random.below(3) {
        0 => member("ann", Role::Member, &grids),
        1 => member("ben", Role::Leader, &grids),
        _ => member("lea", Role::Leader, &grids),
    };
    world.engine().import_members(vec![changed]).unwrap();
}

fn move_a_grid(world: &mut World) {
    let parent = ["town"].into_iter().find(|_| world.random.below(2) == 0);
    let grids = vec![feature("town", None), feature("a", parent), feature("b", Some("town"))];
    world.engine().import_grids(grids, Import::Do).unwrap();
}

fn passed(world: &mut World, document: DocumentId) -> BTreeSet<EntryId> {
    let connection = world.engine().connection();
    let entries = db::entry::history(connection, document, 0, i64::MAX, i64::MAX).unwrap();
    entries.into_iter().map(|stored| stored.entry_id).collect()
}

fn check(world: &mut World, phone: &Phone, documents: &[DocumentId], seed: u64) {
    let device = db::device::find(world.engine().connection(), phone.device).unwrap().unwrap();
    let reader = Reader::of_device(world.engine().connection(), &device).unwrap().unwrap();
    for document in documents {
        let may_see = reader.sees(world.engine().connection(), *document).unwrap();
        let has = phone.seen.get(document).cloned().unwrap_or_default();
        if may_see {
            for entry in passed(world, *document) {
                assert!(has.contains_key(&entry), "seed {seed}: an entry is missing");
            }
        } else {
            let is_own = has.values().all(|(_, author)| *author == Author::You);
            assert!(is_own, "seed {seed}: a document should be forgotten");
        }
    }
}

#[test]
fn a_phone_has_exactly_what_its_member_may_see() {
    for seed in 0..60 {
        let mut world = World::new(1_000 + seed);
        world.engine().shared().max_places.store(1 + usize::try_from(seed % 7).unwrap(), Ordering::Relaxed);
        let mut phones: Vec<_> =
            ["ann", "ben", "lea", "ina", "han", "ann"].into_iter().map(|whose| world.phone(whose)).collect();
        let mut documents = Vec::new();
        for _ in 0..60 {
            let which = usize::try_from(world.random.below(6)).unwrap();
            let grid = GRIDS[usize::try_from(world.random.below(3)).unwrap()];
            let phone = &mut phones[which];
            match world.random.below(12) {
                0..=2 => documents.push(phone.report(grid)),
                3 => {
                    if let Some(document) = phone.seen.keys().nth(which).copied() {
                        phone.note(document, "more");
                    }
                }
                4..=6 => drop(phone.exchange(world.engine()).unwrap()),
                7..=9 if !documents.is_empty() => {
                    let which = usize::try_from(world.random.below(documents.len() as u64)).unwrap();
                    act_somehow(&mut world, documents[which]);
                }
                10 => change_somebody(&mut world),
                11 => move_a_grid(&mut world),
                _ => {}
            }
        }
        for phone in &mut phones {
            phone.sync(&mut world);
        }
        let mut fresh = world.phone("lea");
        fresh.sync(&mut world);
        phones.push(fresh);
        for phone in &mut phones {
            // Again, for what the others pushed last.
            phone.sync(&mut world);
            check(&mut world, phone, &documents, seed);
        }
    }
}
