//! The base map: loaded by an operator, brought by a phone in pieces, drawn without a network.

use std::path::Path;

use suishou_core::{
    field::Field,
    store::tiles,
    sync::{session::Session, wire::Invitation},
    time::{Random, SystemClock},
};

use crate::killed::Relay;

/// A picture as far as its first bytes go, and large.
fn tile(fill: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![fill; 600_000]].concat()
}

fn load(relay: &Relay, fill: u8) {
    let made = tempfile::tempdir().unwrap();
    let path = made.path().join("map.mbtiles");
    tiles::write(&path, &[("name", "桥头")], &[(1, 0, 0, tile(fill)), (1, 1, 0, tile(fill + 1))]).unwrap();
    let loaded = relay.json(&["basemap", "load", path.to_str().unwrap(), "--gcj02"]);
    assert_eq!(loaded["kind"], "file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_brings_the_base_map_in_pieces_and_the_next_one_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::set_up(&folder.path().join("relay"));
    let members = folder.path().join("members.csv");
    std::fs::write(&members, "id,name,role,grids\nm1,x,member,\n").unwrap();
    relay.json(&["member", "import", members.to_str().unwrap()]);
    let invitation = relay.json(&["enrol", "m1"])["invitation"].as_str().unwrap().to_owned();
    let phone_folder = folder.path().join("phone");
    let open = || Field::open(&phone_folder, std::sync::Arc::new(SystemClock), Random::seeded(9)).unwrap();
    let phone = open();
    let addresses = vec![relay.address()];
    let invitation = Invitation { addresses, ..Invitation::from_text(&invitation).unwrap() };
    phone.enrol(&invitation.to_text()).await.unwrap();
    let mut session = Session::default();
    phone.run(&mut session).await.unwrap();
    assert!(!phone.fetch_base_map(session.token().unwrap()).await.unwrap(), "the township has none");

    load(&relay, 1);
    assert!(phone.fetch_base_map(session.token().unwrap()).await.unwrap());
    let map = phone.base_map().unwrap().unwrap();
    assert_eq!((map.name.as_str(), map.is_gcj02, map.max_zoom), ("桥头", true, 1));
    assert!(map.size_bytes > 1_100_000, "more than one piece");
    assert_eq!(phone.base_map_tile(1, 1, 0).unwrap(), Some(tile(2)));
    assert_eq!(phone.base_map_tile(1, 1, 1).unwrap(), None);
    assert!(phone.storage().unwrap().base_map_bytes >= map.size_bytes);

    // Another one, of which a cut left the beginning: it goes on there, and the first stays until it is whole.
    load(&relay, 3);
    drop(phone);
    let phone = open();
    assert_eq!(phone.base_map_tile(1, 0, 0).unwrap(), Some(tile(1)), "without a network, after a restart");
    phone.run(&mut session).await.unwrap();
    assert!(phone.fetch_base_map(session.token().unwrap()).await.unwrap());
    assert_eq!(phone.base_map_tile(1, 0, 0).unwrap(), Some(tile(3)));
    let files = std::fs::read_dir(phone_folder.join("basemap")).unwrap().count();
    assert_eq!(files, 2, "the map and what is known of it");

    // A part that is not what was promised is brought anew.
    load(&relay, 5);
    let offered = std::fs::read_dir(folder.path().join("relay/maps")).unwrap().next().unwrap().unwrap();
    let part = Path::new(&offered.file_name()).with_extension("part");
    let part = phone_folder.join("basemap").join(part);
    std::fs::write(&part, vec![7; 500_000]).unwrap();
    assert!(phone.fetch_base_map(session.token().unwrap()).await.is_err(), "the hash says so");
    assert!(!part.exists());
    assert!(phone.fetch_base_map(session.token().unwrap()).await.unwrap());
    assert_eq!(phone.base_map_tile(1, 0, 0).unwrap(), Some(tile(5)));

    assert_eq!(relay.json(&["basemap", "remove"])["kind"], "none");
    assert!(!phone.fetch_base_map(session.token().unwrap()).await.unwrap());
    assert!(phone.base_map().unwrap().is_none());
    assert_eq!(phone.storage().unwrap().base_map_bytes, 0);
}
