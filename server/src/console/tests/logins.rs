//! Coming in, staying in, going out, and everything by which somebody else could.

use super::{
    house::{Browser, PASSWORD, asking, code, house, read},
    *,
};
use crate::relay::OperatorRole::{Administrator, Dispatcher};

#[tokio::test]
async fn the_cookie_is_for_this_host_alone_and_no_script_reads_it() {
    let house = house();
    house.hire("wang", &[Dispatcher], None).await;
    let form = json!({ "name": " Wang ", "password": PASSWORD });
    let response = house.send(asking(&Browser::default(), "POST", "/api/session", &form)).await;
    let line = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(line.starts_with("__Host-suishou="), "{line}");
    for part in ["; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(line.contains(part), "{line}");
    }
    let (status, answer) = read(response).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&answer["operator"]["name"], &answer["operator"]["shown_name"]),
        (&json!("wang"), &json!("shown wang"))
    );
    let token = line.split(['=', ';']).nth(1).unwrap();
    assert!(!answer.to_string().contains(token), "the token stands in the cookie alone");
}

#[tokio::test]
async fn a_planted_cookie_is_never_taken_over() {
    let house = house();
    house.hire("wang", &[Dispatcher], None).await;
    let planted = Browser { cookie: "a".repeat(64), csrf: String::new() };
    let form = json!({ "name": "wang", "password": PASSWORD });
    let (own, status, _) = house.entered(asking(&planted, "POST", "/api/session", &form)).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(own.cookie, planted.cookie);
    assert!(house.is_in(&own).await && !house.is_in(&planted).await);
    // Whoever logs in again leaves the session that the browser had.
    let (next, _, _) = house.entered(asking(&own, "POST", "/api/session", &form)).await;
    assert!(house.is_in(&next).await && !house.is_in(&own).await);
}

#[tokio::test]
async fn a_session_ends_by_logging_out_by_rest_and_by_age() {
    let house = house();
    let first = house.hire("wang", &[Dispatcher], None).await;
    let (other, _, _) = house.login("wang", PASSWORD).await;
    let (status, _) = house.ask(&first, "DELETE", "/api/session", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!house.is_in(&first).await && house.is_in(&other).await, "only this one ended");

    house.clock.pass(Duration::from_hours(12) - Duration::from_secs(1));
    assert!(house.is_in(&other).await);
    house.clock.pass(Duration::from_hours(12));
    assert!(!house.is_in(&other).await, "unused for twelve hours");

    let (worker, _, _) = house.login("wang", PASSWORD).await;
    for _ in 0..15 {
        house.clock.pass(Duration::from_hours(11));
        assert!(house.is_in(&worker).await);
    }
    house.clock.pass(Duration::from_hours(3));
    assert!(!house.is_in(&worker).await, "seven days old");
}

#[tokio::test]
async fn what_changes_something_must_come_from_a_page_of_ours() {
    let house = house();
    let browser = house.hire("wang", &[Dispatcher], None).await;
    let other = house.hire("li", &[Dispatcher], None).await;
    let incident = house.incident().await;
    let path = format!("/api/incidents/{incident}/notes");
    let form = json!({ "text": "on the way" });
    let with = |name: &'static str, value: &str| {
        let mut request = asking(&browser, "POST", &path, &form);
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let mut missing = asking(&browser, "POST", &path, &form);
    missing.headers_mut().remove("x-csrf-token");
    for (what, request) in [
        ("no token", missing),
        ("a wrong one", with("x-csrf-token", &"0".repeat(64))),
        ("an empty one", with("x-csrf-token", "")),
        ("somebody else's", with("x-csrf-token", &other.csrf)),
        ("another origin", with("origin", "http://evil.example")),
        ("another scheme", with("origin", "https://localhost:8444")),
        ("a page without origin", with("origin", "null")),
        ("another site", with("sec-fetch-site", "cross-site")),
        ("another port", with("sec-fetch-site", "same-site")),
    ] {
        let (status, answer) = read(house.send(request).await).await;
        assert_eq!((status, code(&answer)), (StatusCode::FORBIDDEN, "csrf"), "{what}: {answer}");
    }
    let shown = house.ask(&browser, "GET", &format!("/api/incidents/{incident}"), Value::Null).await.1;
    assert_eq!(shown["notes"], json!([]), "nothing was done");
    for request in [with("origin", "http://localhost:8444"), with("sec-fetch-site", "same-origin")] {
        let (status, answer) = read(house.send(request).await).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    // Logging somebody else in from a foreign page is one too.
    let mut foreign =
        asking(&Browser::default(), "POST", "/api/session", &json!({ "name": "li", "password": PASSWORD }));
    foreign.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(read(house.send(foreign).await).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn guessing_is_slow_and_tells_nothing() {
    let house = house();
    house.hire("wang", &[Dispatcher], None).await;
    let mut answers = Vec::new();
    for name in ["wang", "nobody"] {
        let mut said = Vec::new();
        for _ in 0..7 {
            let (_, status, answer) = house.login(name, "not the password").await;
            said.push((status, answer.to_string()));
        }
        answers.push(said);
    }
    assert_eq!(answers[0], answers[1], "a name that nobody has gets the same answers");
    let statuses: Vec<u16> = answers[0].iter().map(|(status, _)| status.as_u16()).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    let form = json!({ "name": "wang", "password": PASSWORD });
    let response = house.send(asking(&Browser::default(), "POST", "/api/session", &form)).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "not even the right one");
    assert_eq!(response.headers()[header::RETRY_AFTER], "31");

    house.clock.pass(Duration::from_secs(31));
    let (_, status, answer) = house.login("wang", PASSWORD).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (_, status, _) = house.login("wang", "not the password").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "success cleared the count");
}

#[tokio::test]
async fn a_hundred_guesses_at_once_are_five() {
    let house = Arc::new(house());
    house.hire("wang", &[Dispatcher], None).await;
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..100 {
        let house = Arc::clone(&house);
        guesses.spawn(async move { house.login("wang", &format!("guess number {number}")).await.1 });
    }
    let statuses = guesses.join_all().await;
    let looked_at = statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
    let sent_away = statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!((looked_at, sent_away), (5, 95));
}

#[tokio::test]
async fn what_weighs_heavily_asks_for_the_password_again() {
    let house = house();
    let browser = house.hire("wang", &[Administrator], None).await;
    let path = "/api/operators";
    let form = |name: &str| json!({ "name": name, "shown_name": name, "roles": ["reader"] });
    let (status, answer) = house.ask(&browser, "POST", path, form("li")).await;
    assert_eq!(
        (status, code(&answer)),
        (StatusCode::FORBIDDEN, "confirm_needed"),
        "logging in is not enough"
    );

    let wrong = json!({ "password": "not the password" });
    let (status, answer) = house.ask(&browser, "POST", "/api/session/confirm", wrong).await;
    assert_eq!((status, code(&answer)), (StatusCode::FORBIDDEN, "wrong_password"));
    assert_eq!(house.ask(&browser, "POST", path, form("li")).await.0, StatusCode::FORBIDDEN);

    house.confirm(&browser).await;
    house.clock.pass(Duration::from_secs(299));
    assert_eq!(house.ask(&browser, "POST", path, form("li")).await.0, StatusCode::CREATED);
    let (other, _, _) = house.login("wang", PASSWORD).await;
    assert_eq!(
        house.ask(&other, "POST", path, form("zhao")).await.0,
        StatusCode::FORBIDDEN,
        "another session is not"
    );
    house.clock.pass(Duration::from_secs(1));
    assert_eq!(
        house.ask(&browser, "POST", path, form("zhao")).await.0,
        StatusCode::FORBIDDEN,
        "five minutes"
    );
}

#[tokio::test]
async fn a_link_is_good_once_for_three_days_and_for_one_person() {
    let house = house();
    let join = async |form: Value| {
        let request = asking(&Browser::default(), "POST", "/api/session/join", &form);
        let (_, status, answer) = house.entered(request).await;
        (status, code(&answer).to_owned())
    };
    let bad = (StatusCode::FORBIDDEN, "bad_link".to_owned());
    let invalid = (StatusCode::UNPROCESSABLE_ENTITY, "invalid".to_owned());
    assert_eq!(join(json!({ "code": "AAAA", "password": PASSWORD })).await, bad);

    let link = house.invite("wang", &[Administrator], None).await;
    assert_eq!(house.login("wang", PASSWORD).await.1, StatusCode::UNAUTHORIZED, "no password yet");
    for weak in ["", "ninechars", "password123", "1234567890", "wang", "aaaaaaaaaaaa"] {
        assert_eq!(join(json!({ "code": link, "password": weak })).await, invalid, "{weak}");
    }
    assert_eq!(join(json!({ "code": link, "name": "li", "password": PASSWORD })).await, invalid);
    // As it is typed from paper.
    let (first, rest) = link.split_at(6);
    let typed = format!("{} {rest}", first.to_lowercase());
    assert_eq!(join(json!({ "code": typed, "password": PASSWORD })).await.0, StatusCode::CREATED);
    assert_eq!(join(json!({ "code": link, "password": "another password" })).await, bad, "it was used");
    assert_eq!(house.login("wang", PASSWORD).await.1, StatusCode::OK, "the password is the first one's");

    let late = house.invite("li", &[Dispatcher], None).await;
    house.clock.pass(Duration::from_hours(72));
    assert_eq!(join(json!({ "code": late, "password": PASSWORD })).await, bad, "out of date");

    let (_, listed) = house.machine("GET", "/api/operators", Value::Null).await;
    let li = &listed["operators"][1]["id"];
    let (_, first) = house.machine("POST", &format!("/api/operators/{li}/reset"), json!({})).await;
    let (_, second) = house.machine("POST", &format!("/api/operators/{li}/reset"), json!({})).await;
    assert_eq!(
        second["link"],
        json!(format!("https://town:8445/#/join/{}", second["code"].as_str().unwrap()))
    );
    assert_eq!(
        join(json!({ "code": first["code"], "password": PASSWORD })).await,
        bad,
        "a newer one was made"
    );
    assert_eq!(join(json!({ "code": second["code"], "password": PASSWORD })).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn the_first_administrator_chooses_the_name() {
    let house = house();
    let (link, hash) = crate::relay::operators::new_link(&mut Random::seeded(9), house.desk.clock.now());
    house.desk.relay.take_first_link(hash, link.expires_at).await.unwrap();
    let join = async |form: Value| {
        house.entered(asking(&Browser::default(), "POST", "/api/session/join", &form)).await
    };
    let nameless = json!({ "code": link.code, "password": PASSWORD });
    assert_eq!(join(nameless).await.1, StatusCode::UNPROCESSABLE_ENTITY);
    let form = json!({ "code": link.code, "name": "Boss.1", "shown_name": "the boss", "password": PASSWORD });
    let (browser, status, answer) = join(form).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    assert_eq!(
        (&answer["operator"]["name"], &answer["operator"]["roles"]),
        (&json!("boss.1"), &json!(["administrator"]))
    );
    assert!(house.is_in(&browser).await);
    // The file is still there after a power cut: the link stays used.
    house.desk.relay.take_first_link(hash, link.expires_at).await.unwrap();
    let again = json!({ "code": link.code, "name": "boss2", "password": PASSWORD });
    assert_eq!(join(again).await.1, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sessions_end_with_the_password_and_with_the_login() {
    let house = house();
    let browser = house.hire("wang", &[Dispatcher], None).await;
    let (other, _, _) = house.login("wang", PASSWORD).await;
    let change = |old: &str, new: &str| json!({ "password": old, "new_password": new });
    let path = "/api/session/password";
    let (status, _) = house.ask(&browser, "POST", path, change("not the password", "another password")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = house.ask(&browser, "POST", path, change(PASSWORD, "short")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let request = asking(&browser, "POST", path, &change(PASSWORD, "another password"));
    let (fresh, status, answer) = house.entered(request).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(house.is_in(&fresh).await && !house.is_in(&browser).await && !house.is_in(&other).await);
    assert_eq!(house.login("wang", PASSWORD).await.1, StatusCode::UNAUTHORIZED);

    let id = &answer["operator"]["id"];
    let (status, _) = house.machine("POST", &format!("/api/operators/{id}/disable"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!house.is_in(&fresh).await);
    assert_eq!(house.login("wang", "another password").await.1, StatusCode::UNAUTHORIZED);
    house.machine("POST", &format!("/api/operators/{id}/enable"), json!({})).await;
    assert!(!house.is_in(&fresh).await, "what ended does not come back");
    assert_eq!(house.login("wang", "another password").await.1, StatusCode::OK);
}

#[tokio::test]
async fn from_the_network_only_sessions_count_and_only_under_the_towns_names() {
    let house = house();
    let browser = house.hire("wang", &[Dispatcher], None).await;
    let network = router(house.desk.for_network(vec!["town".to_owned(), "10.0.0.2".to_owned()]));
    let send = async |host: &str, change: &dyn Fn(&mut Request<Body>)| {
        let mut request = asking(&browser, "POST", "/api/session/confirm", &json!({ "password": PASSWORD }));
        request.headers_mut().insert(header::HOST, host.parse().unwrap());
        change(&mut request);
        read(network.clone().oneshot(request).await.unwrap()).await.0
    };
    for host in ["town:8445", "10.0.0.2", "TOWN"] {
        assert_eq!(send(host, &|_| {}).await, StatusCode::OK, "{host}");
    }
    for host in ["localhost", "evil.example", "town.evil.example", ""] {
        assert_eq!(send(host, &|_| {}).await, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    let token: fn(&mut Request<Body>) = |request| {
        request.headers_mut().remove(header::COOKIE);
        let token = format!("Bearer {TOKEN}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, token);
    };
    assert_eq!(
        send("town:8445", &token).await,
        StatusCode::UNAUTHORIZED,
        "the folder's token is for this machine"
    );
    let origin = |origin: &'static str| {
        move |request: &mut Request<Body>| {
            request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        }
    };
    assert_eq!(send("town:8445", &origin("https://town:8445")).await, StatusCode::OK);
    assert_eq!(send("town:8445", &origin("http://town:8445")).await, StatusCode::FORBIDDEN);
}
