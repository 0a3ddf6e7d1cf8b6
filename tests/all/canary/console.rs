//! The command centre's routes, asked with canaries in good input and in bad: what they log is searched like the rest.

use serde_json::{Value, json};
use suishou_core::id::DocumentId;
use suishou_server::console::{Desk, Invitations, router};
use suishou_tests::harness::{Township, send};

use super::{ADDRESS, Errors, LATITUDE, LONGITUDE, NAME, NOTE, PHONE, TEXT};

/// Every route of the command centre that takes words, names or numbers, with good input and with bad: operators,
/// invitations, other systems, webhooks, reveals, retention, exports, what is held, subjects.
pub(super) async fn ask(township: &Township, incident: DocumentId, errors: &mut Errors) {
    const TOKEN: &str = "0123456789abcdef";
    let identity = township.identity();
    let invitations = Invitations {
        addresses: Vec::new(),
        pin: None,
        relay_key: identity.key.public(),
        township: identity.township,
    };
    let desk = Desk::new(township.relay.clone(), TOKEN, invitations, township.clock());
    let router = router(desk);
    let ask = async |method: &str, path: &str, kind: &str, body: String| {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", kind)
            .body(axum::body::Body::from(body))
            .unwrap();
        let answer = send(&router, request).await;
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    };
    let json = async |method: &str, path: &str, body: Value| {
        ask(method, path, "application/json", body.to_string()).await
    };
    let held = township.relay.held_items(true).await.unwrap();
    let held = held.first().expect("something is held").entry;
    let contact = json!({ "name": NAME, "phone": PHONE });
    let rows = format!(
        "工单编号,标题,内容,类别,地址,联系人,联系电话\n{TEXT},{TEXT},{NOTE},order,{ADDRESS},{NAME},{PHONE}\n"
    );
    let good = [
        (
            "POST",
            "/api/operators".to_owned(),
            json!({ "name": "boss", "shown_name": NAME, "roles": ["leader"] }),
        ),
        ("POST", "/api/identity".to_owned(), json!({ "passphrase": TEXT.repeat(2) })),
        ("POST", "/api/reveals".to_owned(), json!({ "document": incident, "reason": NOTE })),
        ("PUT", format!("/api/retention/holds/{incident}"), json!({ "reason": NOTE })),
        ("POST", format!("/api/held/{held}/reject"), json!({ "reply": NOTE })),
        (
            "POST",
            "/api/intake-sources".to_owned(),
            json!({ "id": "hotline", "kind": "hotline", "name": NAME,
            "rules": { "category": "order", "categories": { TEXT: "order" } } }),
        ),
        (
            "POST",
            "/api/webhooks".to_owned(),
            json!({ "id": "h", "url": format!("http://127.0.0.1:1/{PHONE}"),
            "with_text": true }),
        ),
        ("POST", "/api/subjects/exports".to_owned(), json!({ "member": "c2" })),
        (
            "POST",
            "/api/subjects/erasures".to_owned(),
            json!({ "member": "c3", "reason": NOTE, "is_dry_run": true }),
        ),
        ("GET", "/api/exports/incidents?format=geojson".to_owned(), Value::Null),
        ("GET", "/api/audit".to_owned(), Value::Null),
    ];
    for (method, path, body) in good {
        let (status, answer) = json(method, &path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    }
    let (status, answer) = ask("POST", "/api/intake-items?source=hotline", "text/csv", rows).await;
    assert_eq!(status, 200, "{answer}");
    let spaced = format!("{NAME} {PHONE}");
    let bad = [
        ("POST", "/api/session", json!({ "name": NAME, "password": TEXT })),
        ("POST", "/api/session/join", json!({ "code": TEXT, "name": NAME, "password": TEXT })),
        ("POST", "/api/session", json!({ NAME: PHONE })),
        ("POST", "/api/operators", json!({ "name": NAME, "shown_name": NAME, "roles": [TEXT] })),
        ("POST", "/api/enrolments", json!({ "member": spaced })),
        ("POST", "/api/intake-items?source=hotline", json!({ "external_id": NAME, "contact": contact })),
        (
            "POST",
            "/api/intake/hotline",
            json!({ "external_id": NAME, "text": TEXT, "contact": contact,
            "latitude": LATITUDE, "longitude": LONGITUDE, "system": "wgs84" }),
        ),
        ("POST", "/api/webhooks", json!({ "id": NAME, "url": TEXT })),
        ("POST", "/api/reveals", json!({ "member": spaced, "reason": NOTE })),
        ("POST", "/api/identity", json!({ "passphrase": NAME })),
        ("POST", "/api/subjects/erasures", json!({ "member": spaced, "reason": NOTE, "is_dry_run": false })),
        ("PUT", "/api/retention", json!({ "kind": NAME, "amount": 3 })),
        ("PUT", "/api/retention/holds/00", json!({ "reason": NOTE.repeat(1_000) })),
    ];
    for (method, path, body) in bad {
        let (status, answer) = json(method, path, body).await;
        assert!((400..500).contains(&status), "{method} {path}: {status} {answer}");
    }
    // What an outsider is told holds nothing of what was said.
    let (status, answer) = json("POST", "/api/session", json!({ "name": NAME, "password": PHONE })).await;
    assert_eq!(status, 401, "{answer}");
    errors.0.push(answer);
}
