//! Events: made with the entry, in order, without what they must not say, and given up in the end.

use std::time::Duration;

use suishou_core::{
    id::DepartmentId,
    model::incident::{IncidentStep, StepKind},
};

use super::{send::Failed, *};
use crate::relay::{
    Act,
    intake::tests::{hotline, source_form, ticket},
    tests::phone::World,
};

fn hook(id: &str) -> HookForm {
    HookForm {
        id: id.to_owned(),
        url: "http://127.0.0.1:9/hook".to_owned(),
        events: Vec::new(),
        with_text: false,
        authority: None,
    }
}

fn pending(world: &mut World, hook: &str) -> Vec<db::webhook::Item> {
    let mut items = Vec::new();
    // Settles nothing: looks at what is there in a transaction that is not kept.
    let connection = world.engine().connection();
    let snapshot = db::snapshot(connection).unwrap();
    let mut row = 0;
    while let Some(item) = (row + 1..row + 50).find_map(|row| db::webhook::item(&snapshot, row).unwrap()) {
        row = item.row;
        if item.hook == hook {
            items.push(item);
        }
    }
    items
}

fn kinds(world: &mut World, hook: &str) -> Vec<String> {
    pending(world, hook).into_iter().map(|item| item.kind).collect()
}

fn step(kind: StepKind) -> Act {
    Act { remark: Some("CANARYREMARK".to_owned()), ..Act::step(IncidentStep::plain(kind)) }
}

#[test]
fn the_life_of_a_ticket_is_told_to_its_source_and_to_who_wants_to_know() {
    let mut world = World::new(701);
    world.engine().add_source(source_form(Some("http://127.0.0.1:9/callback"))).unwrap();
    world.engine().add_hook(hook("all")).unwrap();
    let closed = HookForm { events: vec![EventKind::Closed], ..hook("closed") };
    world.engine().add_hook(closed).unwrap();
    let mut ann = world.phone("ann");
    ann.report("a");
    ann.sync(&mut world);
    let taken = world.engine().take_in(&hotline(), &[ticket("A-1", 1)], None).unwrap().pop().unwrap();
    world.engine().act(taken.incident, &step(StepKind::Accepted)).unwrap();
    let dispatched = IncidentStep {
        department: DepartmentId::new("police").ok(),
        ..IncidentStep::plain(StepKind::Dispatched)
    };
    world.engine().act(taken.incident, &Act::step(dispatched)).unwrap();
    for kind in [StepKind::Resolved, StepKind::Verified, StepKind::Closed] {
        world.engine().act(taken.incident, &step(kind)).unwrap();
    }
    assert_eq!(kinds(&mut world, "hotline"), ["incident.accepted", "incident.closed"]);
    assert_eq!(kinds(&mut world, "closed"), ["incident.closed"]);
    let all = kinds(&mut world, "all");
    assert_eq!(all.iter().filter(|kind| *kind == "incident.reported").count(), 2);
    assert_eq!(all.iter().filter(|kind| *kind == "incident.step").count(), 5);
    let last = pending(&mut world, "hotline").pop().unwrap();
    let told: serde_json::Value = serde_json::from_str(&last.payload).unwrap();
    assert_eq!(told["event"], last.event);
    assert_eq!(told["incident"]["id"], taken.incident.to_string());
    assert_eq!(told["incident"]["external_id"], "A-1");
    assert_eq!(told["incident"]["state"], "closed");
    assert_eq!(told["incident"]["step"]["kind"], "closed");
}

#[test]
fn names_numbers_and_words_stay_here_unless_words_were_asked_for() {
    let mut world = World::new(702);
    world.engine().add_source(source_form(None)).unwrap();
    world.engine().add_hook(hook("bare")).unwrap();
    world.engine().add_hook(HookForm { with_text: true, ..hook("text") }).unwrap();
    let taken = world.engine().take_in(&hotline(), &[ticket("A-1", 1)], None).unwrap().pop().unwrap();
    world.engine().act(taken.incident, &step(StepKind::Accepted)).unwrap();
    let bodies = |world: &mut World, hook| -> String {
        pending(world, hook).into_iter().map(|item| item.payload).collect()
    };
    let (bare, text) = (bodies(&mut world, "bare"), bodies(&mut world, "text"));
    assert!(bare.contains("incident.accepted") && !bare.contains("CANARY"), "{bare}");
    assert!(text.contains("CANARYTEXT 1") && text.contains("CANARYREMARK"), "{text}");
    for body in [bare, text] {
        assert!(!body.contains("CANARYNAME") && !body.contains("13900001234"), "{body}");
    }
}

#[test]
fn a_documents_events_go_in_order_and_a_failure_holds_up_only_its_document() {
    let mut world = World::new(703);
    world.engine().add_source(source_form(None)).unwrap();
    world
        .engine()
        .add_hook(HookForm { events: vec![EventKind::Reported, EventKind::Accepted], ..hook("h") })
        .unwrap();
    let both = [ticket("A-1", 1), ticket("A-2", 1)];
    let taken = world.engine().take_in(&hotline(), &both, None).unwrap();
    world.engine().act(taken[0].incident, &step(StepKind::Accepted)).unwrap();
    let due = |world: &mut World| {
        let now = world.engine().shared().clock.now();
        db::webhook::due(world.engine().connection(), "h", now).unwrap()
    };
    let first = due(&mut world).unwrap();
    assert_eq!((first.document, first.kind.as_str()), (taken[0].incident, "incident.reported"));
    world.engine().settle_event(first.row, Err(Failed::Timeout)).unwrap().unwrap();
    let other = due(&mut world).unwrap();
    assert_eq!(other.document, taken[1].incident, "the failed one's next event waits behind it");
    world.engine().settle_event(other.row, Ok(())).unwrap();
    assert_eq!(due(&mut world), None);
    world.clock.pass(Duration::from_secs(13));
    let again = due(&mut world).unwrap();
    assert_eq!((again.row, again.attempts, again.error.as_deref()), (first.row, 1, Some("timeout")));
    world.engine().settle_event(again.row, Ok(())).unwrap();
    assert_eq!(due(&mut world).unwrap().kind, "incident.accepted");
    let sent = db::webhook::item(world.engine().connection(), first.row).unwrap().unwrap();
    assert_eq!((sent.state, sent.payload.as_str()), (2, ""), "what was said is not kept");
}

#[test]
fn what_nobody_takes_for_three_days_is_given_up_and_can_be_tried_again() {
    let mut world = World::new(704);
    world.engine().add_source(source_form(None)).unwrap();
    world.engine().add_hook(HookForm { events: vec![EventKind::Reported], ..hook("h") }).unwrap();
    world.engine().take_in(&hotline(), &[ticket("A-1", 1)], None).unwrap();
    let began = world.engine().shared().clock.now();
    let mut attempts = 0;
    loop {
        let now = world.engine().shared().clock.now();
        let Some(item) = db::webhook::due(world.engine().connection(), "h", now).unwrap() else {
            let next = db::webhook::next_at(world.engine().connection(), "h", now).unwrap();
            let Some(next) = next else { break };
            world.clock.pass(next.since(now));
            continue;
        };
        world.engine().settle_event(item.row, Err(Failed::Connect)).unwrap();
        attempts += 1;
        assert!(attempts < 40, "it comes to an end");
    }
    let took = world.engine().shared().clock.now().since(began);
    assert!(took > Duration::from_hours(60) && took <= Duration::from_hours(72), "{took:?}");
    let connection = world.engine().connection();
    assert_eq!(db::webhook::counts(connection, None).unwrap(), (0, 1));
    let dead = db::webhook::dead(connection, None, 10).unwrap().pop().unwrap();
    assert_eq!((dead.attempts, dead.error.as_deref()), (attempts, Some("not_reachable")));
    assert!(!dead.payload.is_empty());
    assert_eq!(world.engine().retry_hook("h", Some(dead.row)).unwrap(), 1);
    assert_eq!(db::webhook::counts(world.engine().connection(), None).unwrap(), (1, 0));
    assert!(world.engine().retry_hook("nobody", None).is_err());
}

#[test]
fn an_event_is_made_once_and_survives_a_stop() {
    let mut world = World::new(705);
    world.engine().add_source(source_form(None)).unwrap();
    world.engine().add_hook(hook("h")).unwrap();
    world.engine().take_in(&hotline(), &[ticket("A-1", 1)], None).unwrap();
    let before = pending(&mut world, "h");
    assert_eq!(before.len(), 1);
    world.start();
    while world.engine().project().unwrap() {}
    assert_eq!(pending(&mut world, "h"), before);
}

#[test]
fn a_disabled_hook_is_told_nothing() {
    let mut world = World::new(706);
    world.engine().add_source(source_form(None)).unwrap();
    world.engine().add_hook(hook("h")).unwrap();
    world.engine().enable_hook("h", false).unwrap();
    world.engine().take_in(&hotline(), &[ticket("A-1", 1)], None).unwrap();
    assert!(pending(&mut world, "h").is_empty());
    assert!(world.engine().enable_hook("nobody", true).is_err());
}

#[test]
fn hooks_that_can_not_be_are_refused() {
    let mut world = World::new(707);
    let url = |url: &str| HookForm { url: url.to_owned(), ..hook("h") };
    for bad in ["http://169.254.169.254/", "file:///etc/passwd", "https://[fe80::1]/"] {
        assert!(world.engine().add_hook(url(bad)).is_err(), "{bad}");
    }
    let authority = Some("no certificate".to_owned());
    assert!(world.engine().add_hook(HookForm { authority: authority.clone(), ..url("https://a/") }).is_err());
    assert!(world.engine().add_hook(HookForm { authority, ..url("http://a/") }).is_err());
    assert!(world.engine().add_hook(HookForm { id: "a b".to_owned(), ..url("https://a/") }).is_err());
    world.engine().add_hook(url("https://a/")).unwrap();
    assert!(world.engine().add_hook(url("https://a/")).is_err(), "a name stands once");
}

/// A receiver on this machine with a certificate of its own making; answers the certificate as PEM and the address.
async fn receiver() -> (String, std::net::SocketAddr, tokio::task::JoinHandle<Vec<String>>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let taken = tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(tls));
        let mut taken = Vec::new();
        // Whoever does not trust the certificate never says anything; the first who does ends this.
        while taken.is_empty() {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut said = vec![0; 64 * 1024];
            let mut length = 0;
            while !said[..length].windows(2).any(|part| part == b"{}") {
                let Ok(more @ 1..) = stream.read(&mut said[length..]).await else { break };
                length += more;
            }
            if length > 0 {
                taken.push(String::from_utf8_lossy(&said[..length]).into_owned());
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            }
        }
        taken
    });
    (cert.pem(), address, taken)
}

#[tokio::test]
async fn a_receiver_is_believed_by_the_authority_that_was_given_and_by_no_other() {
    let (authority, address, taken) = receiver().await;
    let (stranger, _, unused) = receiver().await;
    let packet = |authority: Option<&str>| send::Packet {
        url: format!("https://{address}/hook"),
        secret: "s".repeat(64),
        authority: authority.map(str::to_owned),
        event: "e".to_owned(),
        kind: "incident.closed".to_owned(),
        payload: "{}".to_owned(),
    };
    for other in [None, Some(stranger.as_str())] {
        assert_eq!(send::send(&packet(other), 1_800_000_000, &[]).await, Err(Failed::Tls), "{other:?}");
    }
    assert_eq!(
        send::send(&packet(Some(&authority)), 1_800_000_000, &[address]).await,
        Err(Failed::Forbidden)
    );
    assert_eq!(send::send(&packet(Some(&authority)), 1_800_000_000, &[]).await, Ok(()));
    let told = taken.await.unwrap().pop().unwrap();
    assert!(told.starts_with("POST /hook HTTP/1.1") && told.contains("x-suishou-signature: "), "{told}");
    unused.abort();
    // What `--ca` takes is what was sent with.
    let mut world = World::new(708);
    let form = HookForm { url: format!("https://{address}/hook"), authority: Some(authority), ..hook("ca") };
    world.engine().add_hook(form).unwrap();
}
