//! Who took which step, what a department's handler sees and does, and who can't be taken away.

use super::{
    house::{Browser, PASSWORD, asking, code, house},
    *,
};
use crate::relay::OperatorRole::{Administrator, Dispatcher, Handler, Reader};

#[tokio::test]
async fn steps_and_remarks_carry_the_name_of_who_wrote_them() {
    let house = house();
    let wang = house.hire("wang", &[Dispatcher], None).await;
    let li = house.hire("li", &[Dispatcher], None).await;
    let incident = house.incident().await;
    let path = format!("/api/incidents/{incident}");
    let step = json!({ "kind": "accepted", "remark": "seen" });
    let (status, answer) = house.ask(&wang, "POST", &format!("{path}/steps"), step).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let note = json!({ "text": "a second remark" });
    assert_eq!(house.ask(&li, "POST", &format!("{path}/notes"), note.clone()).await.0, StatusCode::OK);
    assert_eq!(house.machine("POST", &format!("{path}/notes"), note).await.0, StatusCode::OK);

    let shown = house.ask(&wang, "GET", &path, Value::Null).await.1;
    let name = |of: &Value| {
        let hands = shown["operators"].as_array().unwrap();
        let hand = hands.iter().find(|hand| hand["entry"] == of["origin"]["entry"]);
        hand.map(|hand| hand["name"].as_str().unwrap().to_owned())
    };
    assert_eq!(name(&shown["steps"][0]).as_deref(), Some("shown wang"));
    assert_eq!(name(&shown["notes"][0]).as_deref(), Some("shown wang"));
    assert_eq!(name(&shown["notes"][1]).as_deref(), Some("shown li"));
    assert_eq!(name(&shown["notes"][2]), None, "a program of this machine is nobody");
    assert_eq!(name(&shown), None, "the record was the machine's");

    // Also what is made anew.
    let settings = house.machine("GET", "/api/settings", Value::Null).await.1;
    let form = json!({ "text": "y", "category": settings["categories"][0]["id"] });
    let (_, made) = house.ask(&li, "POST", "/api/incidents", form).await;
    assert_eq!(made["operators"][0]["name"], "shown li");
    assert_eq!(made["operators"][0]["entry"], made["origin"]["entry"]);
}

#[tokio::test]
async fn a_handler_sees_and_does_what_was_dispatched_to_the_department() {
    let house = house();
    let dispatched = house.incident().await;
    let other = house.incident().await;
    let police = house.hire("police1", &[Handler], Some("police")).await;
    let path = |incident: &str, rest: &str| format!("/api/incidents/{incident}{rest}");
    for (incident, departments) in [(&dispatched, json!(["police", "market"])), (&other, json!(["market"]))] {
        for step in
            [json!({ "kind": "accepted" }), json!({ "kind": "dispatched", "departments": departments })]
        {
            let (status, answer) = house.machine("POST", &path(incident, "/steps"), step).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
        }
    }
    let (_, list) = house.ask(&police, "GET", "/api/incidents", Value::Null).await;
    let ids: Vec<_> = list["incidents"].as_array().unwrap().iter().map(|row| &row["document"]).collect();
    assert_eq!(ids, [&json!(dispatched)]);
    let (_, list) = house.ask(&police, "GET", "/api/incidents?department=market", Value::Null).await;
    assert_eq!(list["incidents"].as_array().unwrap().len(), 1, "a filter narrows and never widens");

    assert_eq!(house.ask(&police, "GET", &path(&other, ""), Value::Null).await.0, StatusCode::NOT_FOUND);
    for (rest, body) in [("/notes", json!({ "text": "x" })), ("/steps", json!({ "kind": "handling" }))] {
        let (status, _) = house.ask(&police, "POST", &path(&other, rest), body).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{rest}");
    }
    let (_, shown) = house.ask(&police, "GET", &path(&dispatched, ""), Value::Null).await;
    let market =
        shown["dispatches"].as_array().unwrap().iter().find(|dispatch| dispatch["department"] == "market");
    let market = &market.unwrap()["step"];

    for step in [
        json!({ "kind": "closed" }),
        json!({ "kind": "verified" }),
        json!({ "kind": "dispatched", "department": "police" }),
        json!({ "kind": "rejected", "reason": "outside" }),
        json!({ "kind": "handling", "dispatch": market }),
        json!({ "kind": "handling", "severity": "low" }),
        json!({ "severity": "low" }),
    ] {
        let (status, answer) = house.ask(&police, "POST", &path(&dispatched, "/steps"), step.clone()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{step}: {answer}");
    }
    for (kind, state) in [("handling", "handling"), ("resolved", "resolved")] {
        let step = json!({ "kind": kind, "remark": "x" });
        let (status, answer) = house.ask(&police, "POST", &path(&dispatched, "/steps"), step).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let of = |department: &str| {
            let dispatches = answer["dispatches"].as_array().unwrap();
            dispatches.iter().find(|dispatch| dispatch["department"] == department).unwrap()["state"].clone()
        };
        assert_eq!((of("police"), of("market")), (json!(state), json!("sent")), "in its own name alone");
    }
    let (status, _) = house.ask(&police, "GET", &path(&dispatched, ""), Value::Null).await;
    assert_eq!(status, StatusCode::OK, "what is done stays in sight");
}

#[tokio::test]
async fn a_handler_needs_a_department_that_there_is() {
    let house = house();
    house.incident().await;
    for department in [Value::Null, json!("fire")] {
        let form = json!({ "name": "h1", "shown_name": "h", "roles": ["handler"], "department": department });
        let (status, answer) = house.machine("POST", "/api/operators", form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    }
    for (name, shown, roles) in [
        ("", "x", json!(["reader"])),
        ("a b", "x", json!(["reader"])),
        ("ab", " ", json!(["reader"])),
        ("ab", "x", json!([])),
        ("ab", "x", json!(["boss"])),
    ] {
        let form = json!({ "name": name, "shown_name": shown, "roles": roles });
        let (status, answer) = house.machine("POST", "/api/operators", form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    }
    house.invite("ab", &[Reader], None).await;
    let form = json!({ "name": "AB", "shown_name": "x", "roles": ["reader"] });
    let (status, answer) = house.machine("POST", "/api/operators", form).await;
    assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "name_taken"));
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let house = house();
    let boss = house.hire("boss", &[Administrator, Reader], None).await;
    house.confirm(&boss).await;
    let id = house.ask(&boss, "GET", "/api/session", Value::Null).await.1["operator"]["id"].clone();
    let refused = async |rest: &str, form: Value| {
        let (status, answer) = house.ask(&boss, "POST", &format!("/api/operators/{id}/{rest}"), form).await;
        (status, code(&answer).to_owned()) == (StatusCode::CONFLICT, "last_administrator".to_owned())
    };
    assert!(refused("disable", json!({})).await);
    assert!(refused("roles", json!({ "roles": ["reader"] })).await);
    // Somebody who never came in can't let anybody in.
    let link = house.invite("second", &[Administrator], None).await;
    assert!(refused("disable", json!({})).await);
    let form = json!({ "code": link, "password": PASSWORD });
    house.entered(asking(&Browser::default(), "POST", "/api/session/join", &form)).await;
    let (status, answer) =
        house.ask(&boss, "POST", &format!("/api/operators/{id}/roles"), json!({ "roles": ["reader"] })).await;
    assert_eq!((status, &answer["roles"]), (StatusCode::OK, &json!(["reader"])));
    let (status, _) = house.ask(&boss, "GET", "/api/operators", Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "from the next request on");
}
