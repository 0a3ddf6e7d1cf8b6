//! A township with a real relay in this process: a village with two grids, a few people, one department.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::Router;
use suishou_core::{
    geo::read_geojson,
    id::{CategoryId, DepartmentId, DeviceId, GridId, MemberId, TownshipId},
    log::Key,
    model::{Role, settings::Department},
    sync::wire::{Invitation, VERSION},
    time::{Random, SharedClock},
};
use suishou_server::{
    identity::Identity,
    relay::{Member, Relay, RelayError},
};
use tempfile::TempDir;

use super::{
    Phone, TestClock,
    folder::{copy_folder, crashed, replace},
};

/// A township.
#[derive(Debug)]
pub struct Township {
    /// The relay, as operators command it.
    pub relay: Relay,
    /// Everybody's clock.
    pub time: Arc<TestClock>,
    identity: Identity,
    folder: PathBuf,
    seed: u64,
    _kept: TempDir,
}

/// Two grids side by side in one village, each about a kilometre wide.
const GRIDS: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"id":"v1","name":"桥头村","kind":"village"},"geometry":{"type":"Polygon","coordinates":[[[119.60,29.00],[119.62,29.00],[119.62,29.01],[119.60,29.01],[119.60,29.00]]]}},
 {"type":"Feature","properties":{"id":"g1","name":"一网格","kind":"micro","parent":"v1"},"geometry":{"type":"Polygon","coordinates":[[[119.60,29.00],[119.61,29.00],[119.61,29.01],[119.60,29.01],[119.60,29.00]]]}},
 {"type":"Feature","properties":{"id":"g2","name":"二网格","kind":"micro","parent":"v1"},"geometry":{"type":"Polygon","coordinates":[[[119.61,29.00],[119.62,29.00],[119.62,29.01],[119.61,29.01],[119.61,29.00]]]}}]}"#;

impl Township {
    /// A township with members `m1` (grid g1), `m2` (grid g2), leader `l1` (village v1), informants `i1`
    /// and `i2`, handlers `h1` (police) and `h2` (market).
    pub async fn new(seed: u64) -> Self {
        let township = Self::empty(seed, "桥头镇");
        township.settle_in().await;
        township
    }

    /// A township of which nothing has been imported.
    pub(super) fn empty(seed: u64, name: &str) -> Self {
        let kept = tempfile::tempdir().expect("a folder for the relay can be made");
        let identity = Self::identity_of(seed, name);
        let time = Arc::new(TestClock::new());
        let folder = kept.path().join("relay");
        let relay = start(&folder, &identity, &time, seed);
        Self { relay, time, identity, folder, seed, _kept: kept }
    }

    /// Who the relay of a seed's township is.
    pub fn identity_of(seed: u64, name: &str) -> Identity {
        let mut random = Random::seeded(seed);
        Identity {
            township: TownshipId::new(random.bytes()),
            name: name.to_owned(),
            device: DeviceId::new(random.bytes()),
            key: Key::generate(&mut random),
        }
    }

    async fn settle_in(&self) {
        let code = |text: &str| CategoryId::new(text).expect("a code");
        let department = |id: &str, name: &str, categories: &[&str]| Department {
            id: DepartmentId::new(id).expect("a code"),
            name: name.to_owned(),
            categories: categories.iter().map(|category| code(category)).collect(),
        };
        let departments = vec![
            department("police", "派出所", &["order", "counterfeit"]),
            department("market", "市场监管所", &["food_safety"]),
        ];
        let person = |id: &str, role: Role, grid: Option<&str>, department: Option<&str>| Member {
            id: MemberId::new(id).expect("a code"),
            name: format!("秘密姓名{id}"),
            role,
            grids: grid.map(|grid| GridId::new(grid).expect("a code")).into_iter().collect(),
            department: department.map(|department| DepartmentId::new(department).expect("a code")),
            phone: "10000000000".to_owned(),
        };
        let members = vec![
            person("m1", Role::Member, Some("g1"), None),
            person("m2", Role::Member, Some("g2"), None),
            person("l1", Role::Leader, Some("v1"), None),
            person("i1", Role::Informant, None, None),
            person("i2", Role::Informant, None, None),
            person("h1", Role::Handler, None, Some("police")),
            person("h2", Role::Handler, None, Some("market")),
        ];
        let grids = read_geojson(GRIDS.as_bytes()).expect("the test's map is a map");
        self.relay.import_grids(grids).await.expect("grids are imported");
        self.relay.import_departments(departments).await.expect("departments are imported");
        self.relay.import_members(members).await.expect("members are imported");
    }

    /// What a phone's requests go to.
    pub fn router(&self) -> Router {
        self.relay.device_router()
    }

    /// Everybody's clock.
    pub fn clock(&self) -> SharedClock {
        Arc::<TestClock>::clone(&self.time)
    }

    /// The relay, once it has taken into documents all that it stored: documents follow behind the log.
    pub async fn settled(&self) -> &Relay {
        settle(&self.relay).await;
        &self.relay
    }

    /// Who the relay is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where the relay's files lie.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// The text of a QR for a member.
    pub async fn invitation(&self, member: &str) -> String {
        let member = MemberId::new(member).expect("a code");
        let invited =
            self.relay.invite(member, Duration::from_secs(3_600)).await.expect("the member is known");
        let invitation = Invitation {
            version: VERSION,
            addresses: vec!["http://127.0.0.1:1".to_owned()],
            pin: None,
            relay_key: self.identity.key.public(),
            township: self.identity.township,
            code: invited.code,
        };
        invitation.to_text()
    }

    /// An enrolled phone that has read the settings.
    pub async fn phone(&self, member: &str, seed: u64) -> Phone {
        self.phone_with(member, seed, self.clock()).await
    }

    /// An enrolled phone with a clock of its own.
    pub async fn phone_with(&self, member: &str, seed: u64, clock: SharedClock) -> Phone {
        let mut phone = Phone::with_clock(self, seed, clock);
        phone.enrol(&self.invitation(member).await).await.expect("the invitation is valid");
        phone.sync().await.expect("the network works");
        phone
    }

    /// Stops the relay and copies its folder.
    pub async fn backup(&mut self) -> TempDir {
        self.relay.stop().await;
        let kept = tempfile::tempdir().expect("a folder for the copy can be made");
        copy_folder(&self.folder, kept.path());
        self.restart().await;
        kept
    }

    /// Stops the relay and puts an older copy of its database and blobs in place, as somebody in a hurry does;
    /// what lies beside them (the marker) stays.
    pub async fn copy_back(&mut self, backup: &TempDir) {
        self.relay.stop().await;
        for item in std::fs::read_dir(&self.folder).expect("the folder can be read").flatten() {
            let name = item.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("township.db") {
                std::fs::remove_file(item.path()).expect("a file can be removed");
            } else if name == "blobs" {
                std::fs::remove_dir_all(item.path()).expect("a folder can be removed");
            }
        }
        for item in std::fs::read_dir(backup.path()).expect("the copy can be read").flatten() {
            let name = item.file_name();
            let text = name.to_string_lossy().into_owned();
            if text.starts_with("township.db") {
                std::fs::copy(item.path(), self.folder.join(&name)).expect("a file can be copied");
            } else if text == "blobs" {
                copy_folder(&item.path(), &self.folder.join(&name));
            }
        }
        self.restart().await;
    }

    /// Stops the relay and puts the older blobs beside today's database, without the marker.
    pub async fn lose_blobs_and_marker(&mut self, backup: &TempDir) {
        self.relay.stop().await;
        drop(std::fs::remove_dir_all(self.folder.join("blobs")));
        drop(std::fs::remove_file(self.folder.join("marker")));
        if backup.path().join("blobs").is_dir() {
            copy_folder(&backup.path().join("blobs"), &self.folder.join("blobs"));
        }
        self.restart().await;
    }

    /// Starts the relay again on the same folder; phones must be given the new router.
    pub async fn restart(&mut self) {
        self.relay.stop().await;
        self.seed += 1;
        self.relay = start(&self.folder, &self.identity, &self.time, self.seed);
    }

    /// Ends the relay as a kill does: what is on the disk at this moment is all that its next run finds.
    pub async fn crash(&mut self) {
        // Files are copied one after the other: nothing may be written meanwhile.
        settle(&self.relay).await;
        let kept = crashed(&self.folder);
        self.relay.stop().await;
        replace(&self.folder, kept.path());
        self.restart().await;
    }

    /// Stops the relay and puts an older copy of the whole folder in its place, the marker too.
    pub async fn copy_back_whole(&mut self, backup: &TempDir) {
        self.relay.stop().await;
        replace(&self.folder, backup.path());
        self.restart().await;
    }

    /// Gives a phone the relay as it runs now.
    pub fn reconnect(&self, phone: &mut Phone) {
        phone.reconnect(self);
    }
}

/// Lets a relay take into documents all that it stored.
pub(super) async fn settle(relay: &Relay) {
    let done = match relay.follow().await {
        // One that has stopped takes in nothing more.
        Err(RelayError::Stopped) => Ok(()),
        other => other,
    };
    done.expect("the relay takes in what it stored");
}

fn start(folder: &std::path::Path, identity: &Identity, time: &Arc<TestClock>, seed: u64) -> Relay {
    let clock: SharedClock = Arc::<TestClock>::clone(time);
    Relay::start(folder, identity.clone(), clock, Random::seeded(seed ^ 0x5555)).expect("the relay starts")
}
