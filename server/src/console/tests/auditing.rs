//! What is written down of requests, and that nothing happens that can't be.

use super::{
    house::{Browser, PASSWORD, house},
    *,
};
use crate::{
    console::ledger::REFUSALS_A_MINUTE,
    relay::OperatorRole::{Administrator, Dispatcher, Reader},
};

fn line(entry: &Value) -> (String, Option<u64>, Option<i64>) {
    let route = format!("{} {}", entry["method"].as_str().unwrap(), entry["route"].as_str().unwrap());
    (route, entry["status"].as_u64(), entry["operator"].as_i64())
}

#[tokio::test]
async fn what_is_done_is_written_before_and_after_and_a_look_once() {
    let house = house();
    let wang = house.hire("wang", &[Dispatcher], None).await;
    let incident = house.incident().await;
    let before = house.audit().await.len();
    let path = format!("/api/incidents/{incident}/notes");
    house.ask(&wang, "POST", &path, json!({ "text": "the text of the remark" })).await;
    house.ask(&wang, "POST", &path, json!({ "text": "" })).await;
    house.ask(&wang, "GET", "/api/households", Value::Null).await;
    house.ask(&wang, "GET", "/api/incidents", Value::Null).await;
    let entries = house.audit().await;
    let notes = "POST /api/incidents/{id}/notes".to_owned();
    let expected = [
        ("GET /api/households".to_owned(), Some(200), Some(1)),
        (notes.clone(), Some(422), Some(1)),
        (notes.clone(), None, Some(1)),
        (notes.clone(), Some(200), Some(1)),
        (notes, None, Some(1)),
    ];
    // The newest is that of reading the log before.
    let newer = entries.len() - before - 1;
    assert_eq!(entries[..newer].iter().map(line).collect::<Vec<_>>(), expected);
    let (ended, began) = (&entries[newer - 2], &entries[newer - 1]);
    assert_eq!(ended["began"], began["number"]);
    assert_eq!((&began["target"], &ended["target"]), (&json!(incident), &json!(incident)));
    let text = json!(entries).to_string();
    for word in ["the text of the remark", "wang", PASSWORD, wang.cookie.as_str(), wang.csrf.as_str()] {
        assert!(!text.contains(word), "ids only: {word}");
    }
    let (_, verified) = house.machine("GET", "/api/audit/verify", Value::Null).await;
    assert_eq!(verified["broken_at"], Value::Null);
    assert!(verified["entries"].as_u64().unwrap() > entries.len() as u64);
}

#[tokio::test]
async fn logins_and_refusals_are_written() {
    let house = house();
    let reader = house.hire("li", &[Reader], None).await;
    house.login("li", "not the password").await;
    house.login("li", PASSWORD).await;
    house.ask(&reader, "PUT", "/api/settings", json!({})).await;
    house.ask(&Browser::default(), "PUT", "/api/settings", json!({})).await;
    let entries = house.audit().await;
    let lines: Vec<_> = entries.iter().take(4).map(line).collect();
    assert_eq!(
        lines,
        [
            ("PUT /api/settings".to_owned(), Some(401), None),
            ("PUT /api/settings".to_owned(), Some(403), Some(1)),
            ("POST /api/session".to_owned(), Some(200), Some(1)),
            ("POST /api/session".to_owned(), Some(401), None),
        ]
    );
    let (_, by_operator) = house.machine("GET", "/api/audit?operator=1", Value::Null).await;
    assert!(by_operator["audit"].as_array().unwrap().iter().all(|entry| entry["operator"] == 1));
    let (status, _) = house.machine("GET", "/api/audit?since=yesterday", Value::Null).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    house.clock.pass(Duration::from_hours(1));
    let since = house.desk.clock.now().to_rfc3339();
    let (_, newer) = house.machine("GET", &format!("/api/audit?since={since}"), Value::Null).await;
    assert_eq!(newer["audit"], json!([]));
}

#[tokio::test]
async fn a_flood_of_refusals_is_counted_and_not_written() {
    let house = house();
    let before = house.audit().await.len();
    for _ in 0..200 {
        let (status, _) = house.ask(&Browser::default(), "PUT", "/api/settings", json!({})).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let entries = house.audit().await;
    // One more is that of reading the log before.
    assert_eq!(entries.len() - before, REFUSALS_A_MINUTE as usize + 1);
    let newest = &house.audit().await[0];
    assert_eq!(
        newest["unwritten"],
        json!(200 - u64::from(REFUSALS_A_MINUTE)),
        "the count is not lost: {newest}"
    );
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done_and_not_shown() {
    let house = house();
    let boss = house.hire("boss", &[Administrator, Dispatcher], None).await;
    let incident = house.incident().await;
    let damaged = crate::db::writer(house.folder.path()).unwrap();
    damaged.execute_batch("ALTER TABLE audit RENAME TO audit_away").unwrap();

    let path = format!("/api/incidents/{incident}");
    let (status, answer) = house.ask(&boss, "POST", &format!("{path}/notes"), json!({ "text": "x" })).await;
    assert!(status.is_server_error(), "{status} {answer}");
    let (status, answer) = house.ask(&boss, "GET", "/api/members", Value::Null).await;
    assert!(status.is_server_error() && answer.get("members").is_none(), "{status} {answer}");
    let (browser, status, _) = house.login("boss", PASSWORD).await;
    assert!(status.is_server_error() && browser.cookie.is_empty(), "{status}");

    damaged.execute_batch("ALTER TABLE audit_away RENAME TO audit").unwrap();
    let (_, shown) = house.ask(&boss, "GET", &path, Value::Null).await;
    assert_eq!(shown["notes"], json!([]));
    let (status, answer) = house.ask(&boss, "POST", &format!("{path}/notes"), json!({ "text": "x" })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}
