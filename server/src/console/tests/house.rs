//! A command centre with a clock of its own, and browsers that ask it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::http::Response;
use suishou_core::time::{Clock, Timestamp};

use super::*;
use crate::relay::OperatorRole;

pub(super) const PASSWORD: &str = "three geese crossing";

/// A clock that stands until it is told.
#[derive(Debug)]
pub(super) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Hand {
    pub(super) fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

/// What a browser keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    pub(super) cookie: String,
    pub(super) csrf: String,
}

pub(super) struct House {
    pub(super) desk: Desk,
    pub(super) router: Router,
    pub(super) clock: Arc<Hand>,
    pub(super) folder: TempDir,
}

pub(super) fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::new("x", &mut Random::seeded(1)).unwrap();
    let hand = Arc::new(Hand(AtomicI64::new(1_800_000_000_000)));
    let clock: SharedClock = hand.clone();
    let invitations = Invitations {
        addresses: Vec::new(),
        pin: None,
        relay_key: identity.key.public(),
        township: identity.township,
    };
    let relay = Relay::start(folder.path(), identity, Arc::clone(&clock), Random::seeded(2)).unwrap();
    let desk = Desk::new(relay, TOKEN, invitations, clock).found_at("https://town:8445".to_owned());
    House { router: router(desk.clone()), desk, clock: hand, folder }
}

/// The answer's status and JSON.
pub(super) async fn read(response: Response<Body>) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

pub(super) fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

/// A request of a browser, before it is changed for the worse.
pub(super) fn asking(browser: &Browser, method: &str, path: &str, body: &Value) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:8444")
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::CONTENT_TYPE, "application/json");
    if !browser.cookie.is_empty() {
        request = request.header(header::COOKIE, format!("other=1; __Host-suishou={}", browser.cookie));
    }
    if !browser.csrf.is_empty() {
        request = request.header("x-csrf-token", &browser.csrf);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

impl House {
    pub(super) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn ask(
        &self,
        browser: &Browser,
        method: &str,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        read(self.send(asking(browser, method, path, &body)).await).await
    }

    /// As a program with the folder's token.
    pub(super) async fn machine(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = asking(&Browser::default(), method, path, &body);
        let token = format!("Bearer {TOKEN}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, token);
        read(self.send(request).await).await
    }

    /// The code of the link for somebody new.
    pub(super) async fn invite(
        &self,
        name: &str,
        roles: &[OperatorRole],
        department: Option<&str>,
    ) -> String {
        let form = json!({ "name": name, "shown_name": format!("shown {name}"), "roles": roles, "department": department });
        let (status, answer) = self.machine("POST", "/api/operators", form).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    /// Somebody who has chosen a password, with the browser in which they did.
    pub(super) async fn hire(&self, name: &str, roles: &[OperatorRole], department: Option<&str>) -> Browser {
        let code = self.invite(name, roles, department).await;
        let form = json!({ "code": code, "password": PASSWORD });
        let request = asking(&Browser::default(), "POST", "/api/session/join", &form);
        let (browser, status, answer) = self.entered(request).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        browser
    }

    /// What a browser has after a request that logs in.
    pub(super) async fn entered(&self, request: Request<Body>) -> (Browser, StatusCode, Value) {
        let response = self.send(request).await;
        let cookie = response.headers().get(header::SET_COOKIE).map(|line| line.to_str().unwrap().to_owned());
        let (status, answer) = read(response).await;
        let token = cookie.as_deref().and_then(|line| line.split(';').next()?.split_once('='));
        let browser = Browser {
            cookie: token.map(|(_, token)| token.to_owned()).unwrap_or_default(),
            csrf: answer["csrf"].as_str().unwrap_or_default().to_owned(),
        };
        (browser, status, answer)
    }

    pub(super) async fn login(&self, name: &str, password: &str) -> (Browser, StatusCode, Value) {
        let form = json!({ "name": name, "password": password });
        self.entered(asking(&Browser::default(), "POST", "/api/session", &form)).await
    }

    pub(super) async fn confirm(&self, browser: &Browser) {
        let form = json!({ "password": PASSWORD });
        let (status, answer) = self.ask(browser, "POST", "/api/session/confirm", form).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    pub(super) async fn is_in(&self, browser: &Browser) -> bool {
        let (status, _) = self.ask(browser, "GET", "/api/session", Value::Null).await;
        assert!(matches!(status, StatusCode::OK | StatusCode::UNAUTHORIZED), "{status}");
        status == StatusCode::OK
    }

    pub(super) async fn audit(&self) -> Vec<Value> {
        let (status, answer) = self.machine("GET", "/api/audit?limit=1000", Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["audit"].as_array().unwrap().clone()
    }

    /// A grid, two departments and an incident; answers with its id.
    pub(super) async fn incident(&self) -> String {
        for department in ["police", "market"] {
            let form = json!({ "departments": [{ "id": department, "name": department }] });
            let (status, answer) = self.machine("PUT", "/api/departments", form).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
        }
        let settings = self.machine("GET", "/api/settings", Value::Null).await.1;
        let form = json!({ "text": "x", "category": settings["categories"][0]["id"] });
        let (status, answer) = self.machine("POST", "/api/incidents", form).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["document"].as_str().unwrap().to_owned()
    }
}
