//! The routes as a program on this machine meets them, without a socket.

mod auditing;
mod handlers;
mod house;
mod logins;
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
    _folder: TempDir,
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
    Town { router: router(Desk::new(relay, TOKEN, invitations, clock)), _folder: folder }
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
    for path in ["/api/figures?member=m1", "/api/figures?author=1", "/api/exports/patrols?member=m1"] {
        assert_eq!(town.get(path).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in ["/api/figures?by=member", "/api/figures/published?by=grid", "/api/exports/tasks?format=pdf"]
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
