//! The feed: who sees what, gain, loss, paging, and what a page costs.

use suishou_core::{
    id::DepartmentId,
    model::{
        Role, encode,
        incident::{IncidentStep, StepKind},
        step::Author,
    },
    sync::wire::FeedNotice,
};

use super::phone::{World, feature, member};
use crate::relay::{Act, grids::Import};

fn dispatched_to(department: &str) -> IncidentStep {
    IncidentStep {
        department: Some(DepartmentId::new(department).unwrap()),
        ..IncidentStep::plain(StepKind::Dispatched)
    }
}

fn act(steps: Vec<IncidentStep>, fields: &[(&str, &str)]) -> Act {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Act { steps: steps.into_iter().map(Into::into).collect(), fields, ..Act::default() }
}

#[test]
fn a_report_is_seen_by_its_grid_and_those_above_and_by_nobody_else() {
    let mut world = World::new(21);
    let (mut ann, mut ben, mut lea) = (world.phone("ann"), world.phone("ben"), world.phone("lea"));
    let (mut ina, mut han) = (world.phone("ina"), world.phone("han"));
    let document = ina.report("a");
    ina.sync(&mut world);
    for phone in [&mut ann, &mut ben, &mut lea, &mut han] {
        phone.sync(&mut world);
    }
    assert!(ann.sees(document) && lea.sees(document));
    assert!(!ben.sees(document) && !han.sees(document));
    assert_eq!(ann.authors(document), [Author::Alias(1)]);
    assert_eq!(ina.received, 0, "the own entries are not sent back");
}

#[test]
fn a_persons_other_phone_sees_their_reports_as_their_own() {
    let mut world = World::new(22);
    let (mut first, mut second) = (world.phone("ina"), world.phone("ina"));
    let document = first.report("b");
    first.sync(&mut world);
    second.sync(&mut world);
    assert_eq!(second.authors(document), [Author::You]);
    assert_eq!(second.membership.as_ref().unwrap().role, Role::Informant);
}

#[test]
fn nothing_new_is_small() {
    let mut world = World::new(23);
    let mut ann = world.phone("ann");
    ann.report("a");
    ann.sync(&mut world);
    let mut request = ann.request();
    request.settings_version = world.engine().shared().settings().version;
    let response = world.engine().sync(&ann.sign(&request)).unwrap();
    assert!(response.page.is_none() && response.membership.is_none());
    let len = encode(&response).len();
    assert!(len < 400, "{len}");
}

#[test]
fn a_dispatch_brings_the_whole_history_and_its_end_takes_it_away() {
    let mut world = World::new(24);
    let (mut ann, mut han) = (world.phone("ann"), world.phone("han"));
    let document = ann.report("a");
    ann.note(document, "before");
    ann.sync(&mut world);
    han.sync(&mut world);
    assert!(!han.sees(document));
    let steps = vec![IncidentStep::plain(StepKind::Accepted), dispatched_to("police")];
    world.engine().act(document, &act(steps, &[])).unwrap();
    han.sync(&mut world);
    assert_eq!(han.seen[&document].len(), 3);
    assert_eq!(han.authors(document), [Author::Centre, Author::Alias(1), Author::Alias(1)]);
    ann.note(document, "after");
    ann.sync(&mut world);
    han.sync(&mut world);
    assert_eq!((han.seen[&document].len(), han.received), (4, 4), "each once");
    han.note(document, "on my way");
    han.sync(&mut world);

    world.engine().act(document, &act(vec![IncidentStep::plain(StepKind::Returned)], &[])).unwrap();
    let steps = vec![
        IncidentStep::plain(StepKind::Accepted),
        IncidentStep::plain(StepKind::Closed),
        IncidentStep::plain(StepKind::Reopened),
    ];
    world.engine().act(document, &act(steps, &[])).unwrap();
    han.sync(&mut world);
    assert_eq!(han.forgotten, [document]);
    assert_eq!(han.authors(document), [Author::You], "the own note stays");
    ann.sync(&mut world);
    assert_eq!(ann.forgotten, []);
}

#[test]
fn a_corrected_grid_moves_the_document() {
    let mut world = World::new(25);
    let (mut ann, mut ben, mut lea) = (world.phone("ann"), world.phone("ben"), world.phone("lea"));
    let mut ina = world.phone("ina");
    let document = ina.report("a");
    ina.sync(&mut world);
    for phone in [&mut ann, &mut ben, &mut lea] {
        phone.sync(&mut world);
    }
    world.engine().act(document, &act(Vec::new(), &[("grid", "b")])).unwrap();
    for phone in [&mut ann, &mut ben, &mut lea, &mut ina] {
        phone.sync(&mut world);
    }
    assert_eq!(ann.forgotten, [document]);
    assert!(!ann.sees(document));
    assert_eq!(ben.seen[&document].len(), 2);
    assert_eq!((lea.received, lea.forgotten.len()), (2, 0), "seen all along, sent once");
    assert_eq!((ina.received, ina.forgotten.len()), (1, 0));
    // And back, while a phone is away: what is visible now decides.
    world.engine().act(document, &act(Vec::new(), &[("grid", "a")])).unwrap();
    world.engine().act(document, &act(Vec::new(), &[("grid", "b")])).unwrap();
    ann.sync(&mut world);
    ben.sync(&mut world);
    assert!(!ann.sees(document));
    assert_eq!(ben.seen[&document].len(), 4);
    assert_eq!(ben.forgotten, [document], "what was lost in between comes anew");
}

#[test]
fn a_member_who_changes_grids_gets_one_history_and_forgets_the_other() {
    let mut world = World::new(26);
    let (mut ann, mut ina) = (world.phone("ann"), world.phone("ina"));
    let here: Vec<_> = (0..5).map(|_| ina.report("a")).collect();
    let there: Vec<_> = (0..5).map(|_| ina.report("b")).collect();
    ina.sync(&mut world);
    let own = ann.report("a");
    ann.sync(&mut world);
    assert_eq!(ann.seen.len(), 6);
    world.engine().import_members(vec![member("ann", Role::Member, &["b"])]).unwrap();
    // One of them leaves the lost key before the phone hears of the loss.
    world.engine().act(here[0], &act(Vec::new(), &[("grid", "town")])).unwrap();
    ann.sync(&mut world);
    assert!(there.iter().all(|document| ann.sees(*document)));
    assert!(here.iter().all(|document| !ann.sees(*document)), "also the one that left before");
    assert!(ann.sees(own), "the own one stays");
    assert_eq!(ann.membership.as_ref().unwrap().grids, [super::phone::grid("b")]);
    let again = world.engine().import_members(vec![member("ann", Role::Member, &["b"])]).unwrap();
    assert_eq!((again.unchanged, again.changed), (1, 0));
    world.engine().import_members(vec![member("ann", Role::Member, &["a", "b"])]).unwrap();
    ann.sync(&mut world);
    assert!(here.iter().skip(1).all(|document| ann.sees(*document)));
    assert!(!ann.sees(here[0]));
}

#[test]
fn a_grid_that_moves_takes_its_open_documents_along() {
    let mut world = World::new(27);
    let (mut ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    let document = ann.report("a");
    ann.sync(&mut world);
    lea.sync(&mut world);
    assert!(lea.sees(document));
    let grids = || vec![feature("town", None), feature("a", None), feature("b", Some("town"))];
    world.engine().import_grids(grids(), Import::Do).unwrap();
    lea.sync(&mut world);
    assert_eq!(lea.forgotten, [document]);
    let version = world.engine().shared().settings().version;
    world.engine().import_grids(grids(), Import::Do).unwrap();
    assert_eq!(world.engine().shared().settings().version, version, "the same again is nothing new");
}

#[test]
fn a_big_history_comes_in_pages_whole_and_once() {
    let mut world = World::new(28);
    let (mut ann, mut han) = (world.phone("ann"), world.phone("han"));
    let document = ann.report("a");
    for number in 0..60_u8 {
        // Eight kilobytes that do not shrink.
        let noise: String = (0..128)
            .map(|place| data_encoding::HEXLOWER.encode(blake3::hash(&[number, place]).as_bytes()))
            .collect();
        ann.note(document, &noise);
    }
    ann.page_entries = 20;
    ann.sync(&mut world);
    han.sync(&mut world);
    let steps = vec![IncidentStep::plain(StepKind::Accepted), dispatched_to("police")];
    world.engine().act(document, &act(steps, &[])).unwrap();
    ann.note(document, "after the gain");
    ann.sync(&mut world);
    let (mut pages, mut was_inside) = (0, false);
    loop {
        let response = han.exchange(world.engine()).unwrap();
        pages += 1;
        was_inside |= response.cursor.unwrap().inside > 0;
        if !response.has_more {
            break;
        }
    }
    assert!(pages > 1 && was_inside, "{pages}");
    assert_eq!(han.seen[&document].len(), 63);
    assert_eq!(han.received, 63, "each once");
    let mut fresh = world.phone("han");
    fresh.sync(&mut world);
    assert_eq!(fresh.received, 63);
}

#[test]
fn a_history_that_is_taken_away_half_way_does_not_shorten_the_next() {
    let mut world = World::new(32);
    let (mut ann, mut han) = (world.phone("ann"), world.phone("han"));
    let documents: Vec<_> = (0..2).map(|_| ann.report("a")).collect();
    for number in 0..100_u8 {
        let noise: String = (0..128)
            .map(|place| data_encoding::HEXLOWER.encode(blake3::hash(&[number, place]).as_bytes()))
            .collect();
        ann.note(documents[usize::from(number % 2)], &noise);
    }
    ann.page_entries = 20;
    ann.sync(&mut world);
    han.sync(&mut world);
    let order = || act(vec![IncidentStep::plain(StepKind::Accepted), dispatched_to("police")], &[]);
    world.engine().act(documents[0], &order()).unwrap();
    let response = han.exchange(world.engine()).unwrap();
    assert!(response.has_more && response.cursor.unwrap().inside > 0);
    let end = [StepKind::Returned, StepKind::Accepted, StepKind::Closed, StepKind::Reopened];
    let end = end.into_iter().map(IncidentStep::plain).collect();
    world.engine().act(documents[0], &act(end, &[])).unwrap();
    world.engine().act(documents[1], &order()).unwrap();
    han.sync(&mut world);
    assert!(!han.sees(documents[0]));
    assert_eq!(han.seen[&documents[1]].len(), 52);
}

#[test]
fn a_member_added_late_gets_all_that_is_there_in_pages() {
    let mut world = World::new(29);
    let mut ina = world.phone("ina");
    let documents: Vec<_> =
        (0..1_500).map(|number| ina.report(if number % 2 == 0 { "a" } else { "b" })).collect();
    ina.sync(&mut world);
    world.engine().import_members(vec![member("new", Role::Leader, &["a", "town"])]).unwrap();
    let mut new = world.phone("new");
    new.sync(&mut world);
    assert!(documents.iter().all(|document| new.sees(*document)));
    assert_eq!(new.received, 1_500, "each once, though both keys show it");
}

#[test]
fn a_page_can_be_cut_anywhere_and_taken_again() {
    let mut world = World::new(30);
    let (mut ina, mut lea) = (world.phone("ina"), world.phone("lea"));
    for _ in 0..900 {
        ina.report("a");
    }
    ina.sync(&mut world);
    let mut lost = 0;
    loop {
        let request = lea.request();
        let response = world.engine().sync(&lea.sign(&request)).unwrap();
        lost += 1;
        if lost % 2 == 0 {
            lea.take(&request, &response);
            if !response.has_more {
                break;
            }
        }
    }
    assert_eq!((lea.seen.len(), lea.received), (900, 900));
}

#[test]
fn held_notices_go_to_the_phones_of_the_member_who_sent_the_entry() {
    let mut world = World::new(31);
    let (mut first, mut second) = (world.phone("ann"), world.phone("ann"));
    let mut other = world.phone("lea");
    let document = first.report("a");
    first.sync(&mut world);
    second.sync(&mut world);
    let closed = second.change(document, &[IncidentStep::plain(StepKind::Closed)], &[]);
    let response = second.sync(&mut world);
    assert!(matches!(response.notices[..], [FeedNotice::Held { entry, .. }] if entry == closed));
    // After a life of the relay was lost the other phone may show it as done, and have sent it too.
    let response = first.sync(&mut world);
    assert!(matches!(response.notices[..], [FeedNotice::Held { entry, .. }] if entry == closed));
    other.sync(&mut world);
    assert!(other.held.is_empty());
}
