//! No route shows an informant to anybody, and an identity opens to two people and a passphrase alone.

use std::{fs, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use suishou_core::{
    id::{DocumentId, Pin},
    model::{
        Role,
        incident::{IncidentStep, StepKind},
    },
    time::{Random, SharedClock},
};
use tower::ServiceExt as _;

use super::*;
use crate::{
    console::{Invitations, matrix, routes},
    relay::{
        Member, Relay, RelayError, WorkFilter,
        identity::{KeeperError, RevealAsk, Viewer},
        tests::phone::{Hand, World, member},
    },
};

const NAME: &str = "CanaryNameOfTheVendor";
const PHONE: &str = "13899990077";
const ID: &str = "canary-speaking-id";
const PASSPHRASE: &str = "correct horse battery";

struct Town {
    relay: Relay,
    clock: Arc<Hand>,
    folder: std::path::PathBuf,
    invitations: Invitations,
    incident: DocumentId,
    confidential: DocumentId,
    world: World,
}

fn vendor(role: Role) -> Member {
    Member { name: NAME.to_owned(), phone: PHONE.to_owned(), ..member(ID, role, &[]) }
}

/// An informant reported and remarked, and a member of the staff; one entry of the informant's is held.
fn town(seed: u64) -> Town {
    let mut world = World::new(seed);
    world.engine().import_members(vec![vendor(Role::Informant)]).unwrap();
    let (mut informant, mut ann) = (world.phone(ID), world.phone("ann"));
    let incident = informant.report("a");
    informant.note(incident, "the neighbours do it at night");
    informant.change(incident, &[IncidentStep::plain(StepKind::Closed)], &[]);
    informant.sync(&mut world);
    let confidential = ann.report("a");
    ann.sync(&mut world);
    world.stop();
    let clock: SharedClock = world.clock.clone();
    let invitations = Invitations {
        addresses: vec!["https://192.168.1.20:8443".to_owned()],
        pin: Some(Pin::ZERO),
        relay_key: world.identity.key.public(),
        township: world.identity.township,
    };
    let folder = world.folder.path().to_owned();
    let relay = Relay::start(&folder, world.identity.clone(), clock, Random::seeded(9)).unwrap();
    let clock = world.clock.clone();
    Town { relay, clock, folder, invitations, incident, confidential, world }
}

impl Town {
    fn router(&self, roles: &[OperatorRole], operator: Option<i64>) -> Router {
        let clock: SharedClock = self.clock.clone();
        let desk = Desk::new(self.relay.clone(), "token", self.invitations.clone(), clock);
        let caller = Caller { operator, roles: roles.to_vec(), department: None, is_confirmed: true };
        routes(desk).layer(Extension(caller))
    }

    async fn ask(&self, router: Router, method: &str, path: &str, body: &Value) -> (StatusCode, String) {
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    fn files_have(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for file in fs::read_dir(folder).unwrap().flatten() {
                if file.path().is_dir() {
                    folders.push(file.path());
                } else if fs::read(file.path())
                    .unwrap()
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
                {
                    found.push(file.file_name().to_string_lossy().into_owned());
                }
            }
        }
        found
    }
}

#[tokio::test]
async fn no_route_shows_an_informant_to_any_role() {
    let town = town(901);
    for is_sealed in [false, true] {
        if is_sealed {
            town.relay.init_identity(Passphrase::new(PASSPHRASE)).await.unwrap();
        }
        // A stream has no end; what it tells is a kind, an id and a number.
        let is_answered = |rule: &&matrix::Rule| rule.method == "GET" && rule.path != "/api/events";
        for rule in matrix::RULES.iter().filter(is_answered) {
            let id = if rule.path.starts_with("/api/incidents") { town.incident } else { DocumentId::ZERO };
            let path = rule.path.replace("{id}", &id.to_string()).replace("{version}", "1");
            let path = path.replace("{hash}", &"0".repeat(64));
            for role in OperatorRole::ALL.into_iter().filter(|role| rule.roles.contains(role)) {
                let (status, body) =
                    town.ask(town.router(&[role], Some(1)), "GET", &path, &Value::Null).await;
                assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{path}: {body}");
                // Who keeps the list sees it whole until it is sealed, and then without names.
                let is_list = matches!(rule.path, "/api/members" | "/api/enrolments")
                    && role == OperatorRole::Administrator;
                if is_sealed || !is_list {
                    assert!(!body.contains(NAME) && !body.contains(PHONE), "{path} {role}: {body}");
                }
                let is_kept = matches!(rule.path, "/api/members" | "/api/enrolments" | "/api/devices");
                if !(is_kept && role == OperatorRole::Administrator) {
                    assert!(!body.contains(ID), "{path} {role}: {body}");
                }
            }
        }
        let list = format!("/api/incidents?member={ID}");
        let (status, body) =
            town.ask(town.router(&[OperatorRole::Dispatcher], Some(1)), "GET", &list, &Value::Null).await;
        let found: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &found["incidents"]),
            (StatusCode::OK, &json!([])),
            "a filter is no way to ask who"
        );
        for (path, form) in [
            (format!("/api/incidents/{}/notes", town.incident), json!({ "text": "seen" })),
            (format!("/api/incidents/{}/steps", town.incident), json!({ "category": "other" })),
        ] {
            for role in [OperatorRole::Dispatcher, OperatorRole::Handler] {
                let (_, body) = town.ask(town.router(&[role], Some(1)), "POST", &path, &form).await;
                assert!(![NAME, PHONE, ID].iter().any(|canary| body.contains(canary)), "{path}: {body}");
            }
        }
    }
    let (_, shown) = town
        .ask(
            town.router(&[OperatorRole::Dispatcher], Some(1)),
            "GET",
            &format!("/api/incidents/{}", town.incident),
            &Value::Null,
        )
        .await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["reporter"]["author"], "person 1", "the alias is what there is to speak of");
    assert_eq!(shown["reporter"]["is_hidden"], true);
    let staff = town.relay.incident(town.confidential).await.unwrap();
    assert_eq!(staff.work.reporter.unwrap().name, "name of ann", "staff are shown by name");
    assert_eq!(town.relay.held().await.unwrap().len(), 1, "there was a held entry to look at");
}

#[tokio::test]
async fn the_files_do_not_hold_what_is_sealed() {
    let town = town(902);
    fs::write(town.folder.join("township.before-3.db"), NAME).unwrap();
    assert!(town.files_have(NAME).contains(&"township.db".to_owned()));
    let made = town.relay.init_identity(Passphrase::new(PASSPHRASE)).await.unwrap();
    assert_eq!((made.sealed, made.copies_removed), (2, 1), "and ina, whom every township here has");
    for canary in [NAME, PHONE, PASSPHRASE, &made.recovery_code, "name of ina"] {
        assert_eq!(town.files_have(canary), Vec::<String>::new(), "{canary}");
    }
    let later = Member { name: "CanaryOfALaterOne".to_owned(), ..member("later", Role::Informant, &[]) };
    town.relay.import_members(vec![later]).await.unwrap();
    let staff = Member { name: "CanaryOfOneOfTheStaff".to_owned(), ..member("staff", Role::Member, &["a"]) };
    town.relay.import_members(vec![staff.clone()]).await.unwrap();
    assert_eq!(town.files_have("CanaryOfALaterOne"), Vec::<String>::new());
    assert_eq!(town.files_have("CanaryOfOneOfTheStaff"), ["township.db"]);
    town.relay.import_members(vec![Member { role: Role::Informant, ..staff }]).await.unwrap();
    assert_eq!(town.files_have("CanaryOfOneOfTheStaff"), Vec::<String>::new(), "who becomes an informant");
    let status = town.relay.status().await.unwrap().identities;
    assert_eq!((status.has_keeper_key, status.sealed, status.in_clear), (true, 4, 0));
}

#[tokio::test]
async fn who_was_an_informant_stays_hidden_in_what_came_then() {
    let town = town(903);
    town.relay.init_identity(Passphrase::new(PASSPHRASE)).await.unwrap();
    town.relay.import_members(vec![vendor(Role::Member)]).await.unwrap();
    let shown =
        town.relay.show_to::<suishou_core::rows::IncidentRow>(town.incident, Viewer::Dispatcher).await;
    let shown = serde_json::to_string(&shown.unwrap()).unwrap();
    assert!(![NAME, PHONE, ID].iter().any(|canary| shown.contains(canary)), "{shown}");
    let listed = serde_json::to_string(&town.relay.incidents(WorkFilter::default()).await.unwrap()).unwrap();
    assert!(!listed.contains(ID), "{listed}");
}

#[tokio::test]
async fn an_identity_opens_once_to_another_person_with_the_passphrase() {
    let town = town(904);
    let relay = &town.relay;
    let ask = || RevealAsk::Document(town.incident, None);
    let error = |error: RelayError| match error {
        RelayError::Keeper(error) => error,
        other => panic!("{other}"),
    };
    let why = || "an ambulance must find them".to_owned();
    assert_eq!(error(relay.ask_reveal(ask(), why(), Some(1)).await.unwrap_err()), KeeperError::NotSealed);
    assert_eq!(
        error(relay.init_identity(Passphrase::new("elevenchars")).await.unwrap_err()),
        KeeperError::TooShort(12)
    );
    let made = relay.init_identity(Passphrase::new(PASSPHRASE)).await.unwrap();
    assert_eq!(
        error(relay.init_identity(Passphrase::new(PASSPHRASE)).await.unwrap_err()),
        KeeperError::KeyExists
    );
    let staff = relay.ask_reveal(RevealAsk::Document(town.confidential, None), why(), Some(1)).await;
    assert_eq!(error(staff.unwrap_err()), KeeperError::NotSealed);
    assert!(relay.ask_reveal(ask(), "  ".to_owned(), Some(1)).await.is_err(), "a reason is needed");

    let asked = relay.ask_reveal(ask(), why(), Some(1)).await.unwrap();
    assert_eq!((asked.member, asked.state), (None, "pending"));
    let open = |by, passphrase: &str| relay.open_reveal(asked.id, by, Passphrase::new(passphrase));
    assert_eq!(error(open(Some(1), PASSPHRASE).await.unwrap_err()), KeeperError::SamePerson);
    assert_eq!(error(open(Some(2), "wrong horse battery").await.unwrap_err()), KeeperError::WrongPassphrase);
    let revealed = open(Some(2), PASSPHRASE).await.unwrap();
    assert_eq!((revealed.person.name.as_str(), revealed.person.phone.as_str()), (NAME, PHONE));
    assert_eq!(error(open(Some(2), PASSPHRASE).await.unwrap_err()), KeeperError::Settled);
    let listed = serde_json::to_string(&relay.reveals().await.unwrap()).unwrap();
    assert!(listed.contains("ambulance") && ![NAME, PHONE, ID].iter().any(|canary| listed.contains(canary)));

    // This machine counts as one person: what it asked it does not open, what an operator asked it may.
    let of_machine = relay.ask_reveal(ask(), why(), None).await.unwrap();
    let opened = relay.open_reveal(of_machine.id, None, Passphrase::new(PASSPHRASE)).await;
    assert_eq!(error(opened.unwrap_err()), KeeperError::SamePerson);
    relay.refuse_reveal(of_machine.id, None).await.unwrap();
    let opened = relay.open_reveal(of_machine.id, Some(2), Passphrase::new(PASSPHRASE)).await;
    assert_eq!(error(opened.unwrap_err()), KeeperError::Settled);

    let late = relay.ask_reveal(ask(), why(), Some(1)).await.unwrap();
    town.clock.pass(Duration::from_hours(24));
    let opened = relay.open_reveal(late.id, Some(2), Passphrase::new(PASSPHRASE)).await;
    assert_eq!(error(opened.unwrap_err()), KeeperError::Settled);
    assert_eq!(relay.reveals().await.unwrap()[0].state, "expired");

    let next = Passphrase::new("another long passphrase");
    relay.change_passphrase(Passphrase::new(made.recovery_code.to_lowercase()), next.clone()).await.unwrap();
    let asked = relay.ask_reveal(ask(), why(), Some(1)).await.unwrap();
    let opened = relay.open_reveal(asked.id, None, Passphrase::new(PASSPHRASE)).await;
    assert_eq!(error(opened.unwrap_err()), KeeperError::WrongPassphrase, "the old one is none any more");
    assert_eq!(relay.open_reveal(asked.id, None, next).await.unwrap().person.name, NAME);
}

#[tokio::test]
async fn guessing_takes_longer_and_longer_and_a_restart_does_not_help() {
    let town = town(905);
    town.relay.init_identity(Passphrase::new(PASSPHRASE)).await.unwrap();
    let by_member = RevealAsk::Member(vendor(Role::Informant).id);
    let asked = town.relay.ask_reveal(by_member, "why".to_owned(), Some(1)).await.unwrap();
    let router = |town: &Town| town.router(&[OperatorRole::IdentityKeeper], Some(2));
    let path = format!("/api/reveals/{}/open", asked.id);
    let wrong = json!({ "passphrase": "wrong horse battery" });
    for _ in 0..4 {
        assert_eq!(town.ask(router(&town), "POST", &path, &wrong).await.0, StatusCode::FORBIDDEN);
    }
    let right = json!({ "passphrase": PASSPHRASE });
    let (status, _) = town.ask(router(&town), "POST", &path, &right).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "even the right one waits");
    town.relay.stop().await;
    let clock: SharedClock = town.clock.clone();
    let relay = Relay::start(&town.folder, town.world.identity.clone(), clock, Random::seeded(10)).unwrap();
    let town = Town { relay, ..town };
    assert_eq!(town.ask(router(&town), "POST", &path, &right).await.0, StatusCode::TOO_MANY_REQUESTS);
    town.clock.pass(Duration::from_secs(6));
    let leader = town.router(&[OperatorRole::Administrator], Some(3));
    assert_eq!(town.ask(leader, "POST", &path, &right).await.0, StatusCode::FORBIDDEN, "no keeper");
    let (status, body) = town.ask(router(&town), "POST", &path, &right).await;
    assert_eq!((status, body.contains(NAME)), (StatusCode::OK, true), "{body}");
}

#[tokio::test]
async fn a_look_of_who_only_looks_on_or_a_glance_is_not_the_command_centres() {
    let town = town(915);
    let path = format!("/api/incidents/{}", town.incident);
    let seen_at = async |roles: &[OperatorRole], path: &str| {
        let (status, body) = town.ask(town.router(roles, Some(1)), "GET", path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["seen_at"].clone()
    };
    assert_eq!(seen_at(&[OperatorRole::Reader], &path).await, Value::Null);
    assert_eq!(seen_at(&[OperatorRole::Handler, OperatorRole::Reader], &path).await, Value::Null);
    assert_eq!(seen_at(&[OperatorRole::Dispatcher], &format!("{path}?glance=true")).await, Value::Null);
    assert_eq!(seen_at(&[OperatorRole::Reader], &path).await, Value::Null, "and none of them counted");
    assert!(seen_at(&[OperatorRole::Leader], &path).await.is_string());
}
