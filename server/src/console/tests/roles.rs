//! The matrix against the real router, and as the document that people read.

use std::{env, fmt::Write as _, fs, path::Path as FilePath};

use axum::middleware::from_fn;

use super::{
    house::{Browser, asking, code, house, read},
    *,
};
use crate::{
    console::matrix::{Guard, OperatorRole, RULES},
    words::{Lang, Words},
};

fn path(route: &str) -> String {
    route
        .split('/')
        .map(|part| if part.starts_with('{') { "nothing" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

/// Ends the session that asks.
fn ends(rule: &matrix::Rule) -> bool {
    (rule.method, rule.path) == ("DELETE", "/api/session")
}

#[tokio::test]
async fn every_rule_lets_in_its_roles_and_nobody_else() {
    let house = house();
    house.incident().await;
    for role in OperatorRole::ALL {
        let department = (role == OperatorRole::Handler).then_some("police");
        let browser = house.hire(&format!("the.{role}").replace('_', "-"), &[role], department).await;
        let ask = async |rule: &matrix::Rule| {
            let response = house.send(asking(&browser, rule.method, &path(rule.path), &json!({}))).await;
            let status = response.status();
            // An open stream has no end; a refusal has.
            let code =
                if status.is_success() { String::new() } else { code(&read(response).await.1).to_owned() };
            (status, code)
        };
        let is_heavy = |rule: &&matrix::Rule| rule.guard == Guard::Confirmed && rule.roles.contains(&role);
        for rule in RULES.iter().filter(is_heavy) {
            let expected = (StatusCode::FORBIDDEN, "confirm_needed".to_owned());
            assert_eq!(ask(rule).await, expected, "{role} {} {}", rule.method, rule.path);
        }
        house.confirm(&browser).await;
        // The machine itself stands there as an administrator; one who logged in is not enough.
        let is_keepers = |rule: &&matrix::Rule| {
            role == OperatorRole::Administrator && rule.path.starts_with("/api/reveals/{id}/")
        };
        let others =
            RULES.iter().filter(|rule| !ends(rule) && rule.guard != Guard::Signed && !is_keepers(rule));
        for rule in others {
            let (status, code) = ask(rule).await;
            let is_in = status != StatusCode::UNAUTHORIZED
                && !matches!(code.as_str(), "forbidden" | "confirm_needed" | "csrf" | "method_not_allowed");
            let is_right = rule.guard == Guard::Open || rule.roles.contains(&role);
            assert_eq!(is_in, is_right, "{role} {} {}: {status} {code}", rule.method, rule.path);
            assert!(is_right || code == "forbidden", "{role} {} {}: {status} {code}", rule.method, rule.path);
        }
        for rule in RULES.iter().filter(|rule| ends(rule)) {
            assert_eq!(ask(rule).await.0, StatusCode::OK, "{role}");
        }
        assert!(!house.is_in(&browser).await);
    }
}

#[tokio::test]
async fn only_who_keeps_house_reads_where_backups_lie_and_which_phones_send_too_much() {
    let house = house();
    let disk = tempfile::tempdir().unwrap();
    let to = disk.path().join("CANARYDISK");
    let (status, answer) = house.machine("POST", "/api/backups", json!({ "to": to })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let is_done = async || {
        let keeping = house.machine("GET", "/api/backups", Value::Null).await.1;
        keeping["ended"]["number"].as_u64() > answer["after"].as_u64()
    };
    while !is_done().await {
        tokio::task::yield_now().await;
    }
    for role in OperatorRole::ALL {
        let department = (role == OperatorRole::Handler).then_some("police");
        if department.is_some() {
            house.incident().await;
        }
        let browser = house.hire(&format!("the.{role}").replace('_', "-"), &[role], department).await;
        let (status, answer) = house.ask(&browser, "GET", "/api/status", Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{role}");
        let may = role == OperatorRole::Administrator;
        assert_eq!(answer.to_string().contains("CANARYDISK"), may, "{role}: {answer}");
        assert_eq!(answer["quota"]["waiting"].is_array(), may, "{role}");
        assert_eq!(answer["keeping"]["kept"]["backup_to"].is_string(), may, "{role}");
        assert!(
            answer["keeping"]["kept"]["backup_at"].is_string(),
            "{role}: that there is one, everybody reads"
        );
    }
}

#[tokio::test]
async fn without_a_login_only_what_logs_in_answers() {
    let house = house();
    for rule in RULES {
        let request = asking(&Browser::default(), rule.method, &path(rule.path), &json!({}));
        let (status, answer) = read(house.send(request).await).await;
        let is_refused = status == StatusCode::UNAUTHORIZED && code(&answer) == "unauthorized";
        let is_open = matches!(rule.guard, Guard::Open | Guard::Signed);
        assert_eq!(is_refused, !is_open, "{} {}: {status}", rule.method, rule.path);
    }
}

#[tokio::test]
async fn a_route_without_a_line_is_refused_to_everybody() {
    let house = house();
    let forgotten = Router::new()
        .route("/api/forgotten", get(async || "open"))
        .layer(middleware::from_fn_with_state(house.desk.access.clone(), access::check))
        .layer(from_fn(error::in_words));
    let browser = house.hire("wang", &OperatorRole::ALL[..2], None).await;
    let of_session = asking(&browser, "GET", "/api/forgotten", &Value::Null);
    let of_machine = request(Method::GET, "/api/forgotten", "localhost", TOKEN, "", Body::empty());
    for request in [of_session, of_machine] {
        let (status, answer) = read(forgotten.clone().oneshot(request).await.unwrap()).await;
        assert_eq!((status, code(&answer)), (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
    }
}

#[test]
fn no_route_has_two_lines_and_only_logins_are_open() {
    for (number, rule) in RULES.iter().enumerate() {
        let twins = RULES.iter().skip(number + 1);
        let is_twin = |twin: &matrix::Rule| (twin.method, twin.path) == (rule.method, rule.path);
        assert!(!twins.into_iter().any(is_twin), "{} {}", rule.method, rule.path);
        let is_open = matches!(rule.guard, Guard::Open | Guard::Signed);
        assert_eq!(rule.roles.is_empty(), is_open, "{} {}", rule.method, rule.path);
    }
}

/// The matrix as people read it.
fn document() -> String {
    let (chinese, english) = (Words::of(Lang::Chinese), Words::of(Lang::English));
    let both = |key: &str| format!("{} {}", chinese.word(key), english.word(key));
    let mut text = format!(
        "# {}\n\n{}\n\n{}\n\n",
        both("roles.title"),
        chinese.word("roles.intro"),
        english.word("roles.intro")
    );
    for role in OperatorRole::ALL {
        let key = format!("roles.does.{role}");
        let name = both(&format!("operator_role.{role}"));
        writeln!(text, "- **{name}** (`{role}`): {} {}", chinese.word(&key), english.word(&key)).unwrap();
    }
    let names = OperatorRole::ALL.map(|role| both(&format!("operator_role.{role}")).replace(' ', "<br>"));
    writeln!(text, "\n| {} | {} | {} |", both("roles.route"), names.join(" | "), both("roles.guard"))
        .unwrap();
    writeln!(text, "|---|{}---|", ":-:|".repeat(names.len())).unwrap();
    for rule in RULES {
        let may = OperatorRole::ALL.map(|role| match rule.guard {
            Guard::Open | Guard::Signed => "–",
            _ if rule.roles.contains(&role) => "●",
            _ => "",
        });
        let guard = match rule.guard {
            Guard::Open => both("roles.guard.open"),
            Guard::Signed => both("roles.guard.signed"),
            Guard::Plain => String::new(),
            Guard::Audited => both("roles.guard.audited"),
            Guard::Confirmed => both("roles.guard.confirmed"),
        };
        writeln!(text, "| `{} {}` | {} | {guard} |", rule.method, rule.path, may.join(" | ")).unwrap();
    }
    text
}

#[test]
fn the_document_of_roles_is_current() {
    let path = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../docs/roles.md");
    let document = document();
    if env::var_os("SUISHOU_WRITE_DOCS").is_some() {
        fs::write(&path, &document).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == document, "docs/roles.md is stale: run this test with SUISHOU_WRITE_DOCS=1");
}
