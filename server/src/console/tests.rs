//! The routes as a program on this machine meets them, without a socket.

mod auditing;
mod handlers;
mod house;
mod logins;
mod queue;
mod roles;

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use suishou_core::time::{Random, SystemClock};
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::identity::Identity;

const TOKEN: &str = "0123456789abcdef";
const GRIDS: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"g1","name":"西关"},
    "geometry":{"type":"Polygon","coordinates":[[[119,29],[119.1,29],[119.1,29.1],[119,29]]]}}]}"#;

struct Town {
    router: Router,
    relay: Relay,
    folder: TempDir,
}

fn town() -> Town {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::new("金华镇", &mut Random::seeded(1)).unwrap();
    let clock: SharedClock = Arc::new(SystemClock);
    let invitations = Invitations {
        addresses: vec!["https://192.168.1.20:8443".to_owned()],
        pin: Some(Pin::ZERO),
        relay_key: identity.key.public(),
        township: identity.township,
    };
    let relay = Relay::start(folder.path(), identity, Arc::clone(&clock), Random::seeded(2)).unwrap();
    let router = router(Desk::new(relay.clone(), TOKEN, invitations, clock));
    Town { router, relay, folder }
}

impl Town {
    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, Value) {
        self.send(request(method, path, "localhost:8444", TOKEN, kind, body.into())).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, "", Body::empty()).await
    }

    async fn set_up(&self) {
        let (status, _) = self.ask(Method::PUT, "/api/grids", "application/geo+json", GRIDS).await;
        assert_eq!(status, StatusCode::OK);
        let departments = "编号,名称,类别\npolice,派出所,涉毒\n";
        let (status, _) = self.ask(Method::PUT, "/api/departments", "text/csv", departments).await;
        assert_eq!(status, StatusCode::OK);
        let members = "id,name,role,grids\nm1,王芳,member,g1\n";
        let (status, _) = self.ask(Method::PUT, "/api/members", "text/csv", members).await;
        assert_eq!(status, StatusCode::OK);
    }
}

fn request(method: Method, path: &str, host: &str, token: &str, kind: &str, body: Body) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::CONTENT_TYPE, kind)
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn only_this_machine_with_the_token_gets_an_answer() {
    let town = town();
    let get = |host: &str, token: &str| request(Method::GET, "/api/status", host, token, "", Body::empty());
    assert_eq!(town.send(get("localhost:8444", TOKEN)).await.0, StatusCode::OK);
    let (status, body) = town.send(get("evil.example", TOKEN)).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::MISDIRECTED_REQUEST, &json!("wrong_host")));
    let reason = body["error"]["reason"].as_str().unwrap();
    assert!(reason.contains("127.0.0.1") && !reason.contains("evil"), "{reason}");
    for token in ["", "0123456789abcde", "0123456789abcdef0"] {
        let (status, body) = town.send(get("127.0.0.1:8444", token)).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")));
    }
    let nowhere = request(Method::GET, "/api/nothing", "localhost", "", "", Body::empty());
    assert_eq!(town.send(nowhere).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_refusal_is_typed_json() {
    let town = town();
    for (method, path, body, status, code) in [
        (Method::GET, "/api/nothing", "", StatusCode::NOT_FOUND, "not_found"),
        (Method::DELETE, "/api/members", "", StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        (Method::POST, "/api/enrolments", "{", StatusCode::BAD_REQUEST, "malformed"),
        (Method::POST, "/api/enrolments", r#"{"member":"m9"}"#, StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        (Method::GET, "/api/incidents?limit=x", "", StatusCode::BAD_REQUEST, "malformed"),
        (Method::GET, "/api/incidents?limit=501", "", StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        (Method::GET, "/api/incidents?state=lost", "", StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        (Method::GET, "/api/incidents/..%2f..", "", StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        (
            Method::GET,
            "/api/incidents/00000000000000000000000000000000",
            "",
            StatusCode::NOT_FOUND,
            "not_found",
        ),
    ] {
        let (found, answer) = town.ask(method, path, "application/json", body).await;
        assert_eq!((found, &answer["error"]["code"]), (status, &json!(code)), "{path} {body}: {answer}");
        assert!(answer["error"]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{answer}");
    }
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_tells_every_line() {
    let town = town();
    town.set_up().await;
    let file = "id,name,role,grids\nm2,李强,member,g1\nm3,,boss,g9\n";
    let (status, answer) = town.ask(Method::PUT, "/api/members", "text/csv", file).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let problems: Vec<&str> =
        answer["error"]["problems"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(
        problems,
        ["line 3: name is missing", "line 3: there is no role boss", "line 3: there is no grid g9"]
    );
    let (_, members) = town.get("/api/members").await;
    assert_eq!(members["members"].as_array().unwrap().len(), 1);

    let json = json!({ "members": [{ "id": "m2", "name": "李强", "role": "informant" }] }).to_string();
    assert_eq!(town.ask(Method::PUT, "/api/members", "application/json", json).await.0, StatusCode::OK);
    assert_eq!(town.get("/api/members").await.1["members"].as_array().unwrap().len(), 2);

    let (status, answer) = town.ask(Method::PUT, "/api/grids", "", GRIDS.replace("119,29", "29,119")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
}

#[tokio::test]
async fn an_invitation_carries_what_the_phone_needs() {
    use suishou_core::sync::wire::Invitation;
    let town = town();
    town.set_up().await;
    let form = json!({ "member": "m1", "valid_for_s": 3600 }).to_string();
    let (status, answer) = town.ask(Method::POST, "/api/enrolments", "application/json", form).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let invitation = Invitation::from_text(answer["invitation"].as_str().unwrap()).unwrap();
    assert_eq!(invitation.addresses, ["https://192.168.1.20:8443"]);
    assert_eq!(invitation.code.to_string(), answer["code"].as_str().unwrap());
    assert_eq!(answer["member"]["name"], "王芳");
    assert!(answer["expires_at"].as_str().unwrap().parse::<suishou_core::time::Timestamp>().is_ok());
    let long = json!({ "member": "m1", "valid_for_s": 8 * 24 * 3600 }).to_string();
    let (status, _) = town.ask(Method::POST, "/api/enrolments", "application/json", long).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_refused() {
    let town = town();
    let large = "x".repeat(MAX_FORM_BYTES + 1);
    let (status, answer) = town.ask(Method::POST, "/api/enrolments", "application/json", large).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
}

#[tokio::test]
async fn every_line_of_the_matrix_has_a_route_and_a_handler() {
    let town = town();
    // Who listens for events gets an end too.
    town.relay.release_waiting();
    for rule in matrix::RULES {
        let path = rule
            .path
            .replace("{id}", "nothing")
            .replace("{hash}", "nothing")
            .replace("{version}", "0")
            .replace("{number}", "0");
        let method = Method::from_bytes(rule.method.as_bytes()).unwrap();
        let (status, body) = town.ask(method, &path, "application/json", "").await;
        let code = body["error"]["code"].as_str().unwrap_or_default();
        assert!(status != StatusCode::METHOD_NOT_ALLOWED, "{} {}: {status}", rule.method, rule.path);
        assert!(
            !(code == "not_found" && body["error"]["reason"].to_string().contains("path")),
            "{}",
            rule.path
        );
    }
}

#[tokio::test]
async fn figures_take_no_person_and_exports_are_files() {
    let town = town();
    town.set_up().await;
    for path in [
        "/api/figures?member=m1",
        "/api/figures?author=1",
        "/api/exports/patrols?member=m1",
        "/api/figures/published?by=grid",
        "/api/exports/tasks?by=grid",
    ] {
        assert_eq!(town.get(path).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in ["/api/figures?by=member", "/api/exports/figures?by=member", "/api/exports/tasks?format=pdf"]
    {
        assert_eq!(town.get(path).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    let (status, body) = town.get("/api/figures/definitions").await;
    assert_eq!((status, body["figures"].as_object().unwrap().len()), (StatusCode::OK, 20));
    let sent =
        request(Method::GET, "/api/exports/incidents?format=xlsx", "localhost", TOKEN, "", Body::empty());
    let response = town.router.clone().oneshot(sent).await.unwrap();
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"incidents.xlsx\"");
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert!(bytes.starts_with(b"PK"));
    let sent =
        request(Method::GET, "/api/figures/grids/g1?format=html", "localhost", TOKEN, "", Body::empty());
    let response = town.router.clone().oneshot(sent).await.unwrap();
    assert!(
        response.headers()["content-security-policy"].to_str().unwrap().contains("style-src 'unsafe-inline'")
    );
}

#[tokio::test]
async fn each_of_several_departments_gets_its_own_due_time() {
    let town = town();
    town.set_up().await;
    let departments = "id,name,categories\nmarket,Market,food_safety\n";
    town.ask(Method::PUT, "/api/departments", "text/csv", departments).await;
    let report = json!({ "text": "x", "category": "order", "grid": "g1" }).to_string();
    let (_, incident) = town.ask(Method::POST, "/api/incidents", "application/json", report).await;
    let path = format!("/api/incidents/{}/steps", incident["document"].as_str().unwrap());
    let step = async |body: Value| town.ask(Method::POST, &path, "application/json", body.to_string()).await;
    step(json!({ "kind": "accepted" })).await;
    let orders = json!([
        { "department": "police", "due_at": "2099-01-31T08:00Z" },
        { "department": "market", "due_at": "2099-02-28T08:00Z" },
    ]);
    let (status, shown) = step(json!({ "kind": "dispatched", "dispatches": orders })).await;
    assert_eq!(status, StatusCode::OK, "{shown}");
    let due: Vec<_> = shown["dispatches"].as_array().unwrap().iter().map(|order| &order["due_at"]).collect();
    assert_eq!(due, ["2099-01-31T08:00:00.000Z", "2099-02-28T08:00:00.000Z"]);
    let (status, _) = step(json!({ "kind": "verified", "dispatches": orders })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let nobody = json!([{ "department": "nobody" }]);
    let (status, _) = step(json!({ "kind": "dispatched", "dispatches": nobody })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, shown) = step(json!({ "kind": "reminded" })).await;
    assert_eq!((status, &shown["state"]), (StatusCode::OK, &json!("dispatched")));
}

/// A stream of events, read one at a time.
struct Listener(axum::body::BodyDataStream);

impl Listener {
    async fn to(town: &Town, last_event: Option<&str>) -> Self {
        let mut request = request(Method::GET, "/api/events", "localhost", TOKEN, "", Body::empty());
        if let Some(last_event) = last_event {
            request.headers_mut().insert("last-event-id", HeaderValue::from_str(last_event).unwrap());
        }
        let response = town.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self(response.into_body().into_data_stream())
    }

    /// The next event's id and data; none at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        use futures_util::StreamExt as _;
        let text = String::from_utf8(self.0.next().await?.unwrap().to_vec()).unwrap();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        Some((field("id:").to_owned(), serde_json::from_str(field("data:")).unwrap()))
    }
}

#[tokio::test]
async fn two_listeners_see_what_another_does_and_who_comes_back_misses_nothing() {
    let town = town();
    town.set_up().await;
    let (mut first, mut second) = (Listener::to(&town, None).await, Listener::to(&town, None).await);
    let report = json!({ "text": "x", "category": "order", "grid": "g1" }).to_string();
    let (_, incident) = town.ask(Method::POST, "/api/incidents", "application/json", report).await;
    let (id, told) = first.next().await.unwrap();
    assert_eq!((&told["event"], &told["kind"]), (&json!("changed"), &json!("incident")));
    assert_eq!(told["document"], incident["document"]);
    assert_eq!(second.next().await.unwrap(), (id.clone(), told));
    drop(first);
    let path = format!("/api/incidents/{}/steps", incident["document"].as_str().unwrap());
    let accepted = json!({ "kind": "accepted" }).to_string();
    town.ask(Method::POST, &path, "application/json", accepted).await;
    town.ask(Method::PUT, "/api/departments", "text/csv", "id,name\nfire,Fire\n").await;
    let mut back = Listener::to(&town, Some(&id)).await;
    for listener in [&mut back, &mut second] {
        let (_, told) = listener.next().await.unwrap();
        assert_eq!((&told["event"], &told["document"]), (&json!("changed"), &incident["document"]));
        assert_eq!(listener.next().await.unwrap().1["event"], "settings");
    }
    let mut stranger = Listener::to(&town, Some("0.1.2")).await;
    assert_eq!(stranger.next().await.unwrap().1["event"], "reset");
    town.relay.release_waiting();
    assert!(back.next().await.is_none() && second.next().await.is_none(), "a stop ends the waiting");
}
