//! Finding and doing in the queue: words, due times, two operators at once, photos from a browser, the base map.

use suishou_core::store::tiles;

use super::*;

async fn report(town: &Town, text: &str) -> String {
    let form = json!({ "text": text, "category": "order", "grid": "g1" }).to_string();
    let (status, made) = town.ask(Method::POST, "/api/incidents", "application/json", form).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made["document"].as_str().unwrap().to_owned()
}

async fn step(town: &Town, incident: &str, form: Value) -> (StatusCode, Value) {
    let path = format!("/api/incidents/{incident}/steps");
    town.ask(Method::POST, &path, "application/json", form.to_string()).await
}

async fn found(town: &Town, query: &str) -> Vec<String> {
    let (status, list) = town.get(&format!("/api/incidents?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    let rows = list["incidents"].as_array().unwrap();
    rows.iter().map(|row| row["document"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_incident_is_found_by_what_was_said_of_it_and_by_its_id() {
    let town = town();
    town.set_up().await;
    let long = "路".repeat(200);
    let (lamp, ditch) =
        (report(&town, &format!("{long}灯不亮")).await, report(&town, "水沟 100% 堵_住").await);
    // %E7%81%AF%E4%B8%8D%E4%BA%AE is 灯不亮, beyond what a row shows of the text.
    assert_eq!(found(&town, "text=%E7%81%AF%E4%B8%8D%E4%BA%AE").await, std::slice::from_ref(&lamp));
    // What would stand for any letter elsewhere stands for itself.
    assert_eq!(found(&town, "text=100%25").await, std::slice::from_ref(&ditch));
    assert_eq!(found(&town, "text=%25").await, std::slice::from_ref(&ditch));
    assert_eq!(found(&town, "text=_").await, std::slice::from_ref(&ditch));
    assert_eq!(found(&town, &format!("text={lamp}")).await, std::slice::from_ref(&lamp));
    assert!(found(&town, "text=%E7%8B%97").await.is_empty());
    let remark = json!({ "text": "已联系供电所" }).to_string();
    let path = format!("/api/incidents/{ditch}/notes");
    assert_eq!(town.ask(Method::POST, &path, "application/json", remark).await.0, StatusCode::OK);
    assert_eq!(found(&town, "text=%E4%BE%9B%E7%94%B5").await, [ditch]);
    let (status, _) = town.get(&format!("/api/incidents?text={}", "a".repeat(101))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_is_due_first_comes_first_page_by_page() {
    let town = town();
    town.set_up().await;
    let (slow, soon) = (report(&town, "a").await, report(&town, "b").await);
    for (incident, hours) in [(&slow, 90), (&soon, 3)] {
        let order = json!({ "kind": "dispatched", "department": "police", "due_hours": hours });
        assert_eq!(step(&town, incident, json!({ "kind": "accepted" })).await.0, StatusCode::OK);
        let (status, done) = step(&town, incident, order).await;
        assert_eq!(status, StatusCode::OK, "{done}");
    }
    assert_eq!(found(&town, "order=due").await, [soon.clone(), slow.clone()]);
    assert_eq!(found(&town, "order=due&limit=1&skip=1").await, std::slice::from_ref(&slow));
    assert_eq!(found(&town, "order=newest").await, [soon, slow]);
    for misfit in ["order=due&before=9", "skip=1", "order=best"] {
        let (status, _) = town.get(&format!("/api/incidents?{misfit}")).await;
        assert!(status.is_client_error(), "{misfit}: {status}");
    }
}

#[tokio::test]
async fn a_step_is_taken_on_what_was_seen_or_not_at_all() {
    let town = town();
    town.set_up().await;
    let (incident, other) = (report(&town, "a").await, report(&town, "b").await);
    let (_, shown) = town.get(&format!("/api/incidents/{incident}")).await;
    let seen = shown["changes"].as_u64().unwrap();
    let (status, first) = step(&town, &incident, json!({ "kind": "accepted", "seen": seen })).await;
    assert_eq!(status, StatusCode::OK);
    assert!(first["changes"].as_u64().unwrap() > seen);
    let reject = json!({ "kind": "rejected", "reason": "not_ours", "remark": "no", "seen": seen });
    let (status, refused) = step(&town, &incident, reject).await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::CONFLICT, &json!("changed")));
    let merge = json!({ "incidents": [other], "seen": seen }).to_string();
    let path = format!("/api/incidents/{incident}/merge");
    let (status, refused) = town.ask(Method::POST, &path, "application/json", merge).await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::CONFLICT, &json!("changed")));
    let (_, now) = town.get(&format!("/api/incidents/{incident}")).await;
    assert_eq!((&now["state"], &now["changes"]), (&json!("accepted"), &first["changes"]));
    assert!(now["notes"].as_array().unwrap().is_empty());
}

fn png(side: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let shade = |at: u32| u8::try_from(at % 256).unwrap();
    let picture = image::RgbImage::from_fn(side, side / 2, |x, y| image::Rgb([shade(x), shade(y), 9]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_photo_from_a_browser_stands_beside_its_step_and_beside_no_other() {
    let town = town();
    town.set_up().await;
    let (incident, other) = (report(&town, "a").await, report(&town, "b").await);
    let (status, added) = town.ask(Method::POST, "/api/photos", "image/png", png(2000)).await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    assert_eq!((&added["width"], &added["height"]), (&json!(1600), &json!(800)));
    let hash = added["hash"].as_str().unwrap();
    let accept = json!({ "kind": "accepted", "photos": [hash] });
    let (status, done) = step(&town, &incident, accept.clone()).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let photo = &done["notes"][0]["photos"][0];
    assert_eq!(
        (&photo["hash"], &photo["is_stored"], &photo["has_preview"]),
        (&json!(hash), &json!(true), &json!(true))
    );
    for size in ["", "?preview=true"] {
        let path = format!("/api/incidents/{incident}/photos/{hash}{size}");
        let response = town
            .router
            .clone()
            .oneshot(request(Method::GET, &path, "localhost", TOKEN, "", Body::empty()))
            .await
            .unwrap();
        assert_eq!(
            (response.status(), &response.headers()["content-type"]),
            (StatusCode::OK, &"image/jpeg".parse().unwrap())
        );
    }
    // Whoever knows a hash can't show the picture elsewhere, and one that nobody added is none.
    for bad in [hash, &"00".repeat(32)] {
        let accept = json!({ "kind": "accepted", "photos": [bad] });
        let (status, refused) = step(&town, &other, accept).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    }
    let (status, _) = town.ask(Method::POST, "/api/photos", "image/jpeg", "no picture").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// One PNG at zoom 0.
fn mbtiles(folder: &std::path::Path) -> Vec<u8> {
    let path = folder.join("made.mbtiles");
    tiles::write(&path, &[("name", "桥头镇底图")], &[(0, 0, 0, png(8))]).unwrap();
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn a_base_map_is_loaded_served_and_removed() {
    let town = town();
    let made = tempfile::tempdir().unwrap();
    assert_eq!(town.get("/api/basemap").await.1["kind"], "none");
    assert_eq!(town.get("/tiles/0/0/0").await.0, StatusCode::NOT_FOUND);
    let (status, loaded) = town
        .ask(Method::PUT, "/api/basemap/file?is_gcj02=true", "application/octet-stream", mbtiles(made.path()))
        .await;
    assert_eq!(status, StatusCode::OK, "{loaded}");
    assert_eq!(
        (&loaded["kind"], &loaded["name"], &loaded["is_gcj02"], &loaded["is_missing"]),
        (&json!("file"), &json!("桥头镇底图"), &json!(true), &json!(false))
    );
    let tile = request(Method::GET, "/tiles/0/0/0", "localhost", TOKEN, "", Body::empty());
    let response = town.router.clone().oneshot(tile).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::OK, &"image/png".parse().unwrap())
    );
    assert!(response.headers()["cache-control"].to_str().unwrap().contains("max-age"));
    for nowhere in ["/tiles/0/1/0", "/tiles/-1/0/0", "/tiles/999/0/0", "/tiles/a/0/0"] {
        assert_eq!(town.get(nowhere).await.0, StatusCode::NOT_FOUND, "{nowhere}");
    }
    let stranger = request(Method::GET, "/tiles/0/0/0", "localhost", "", "", Body::empty());
    assert_eq!(town.send(stranger).await.0, StatusCode::UNAUTHORIZED);
    // What can't be drawn is refused, and the map that was there stays.
    let (status, refused) =
        town.ask(Method::PUT, "/api/basemap/file", "application/octet-stream", "no map").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    assert_eq!(town.get("/api/basemap").await.1, loaded);
    let service =
        json!({ "address": "https://t0.example.org/{z}/{x}/{y}?tk=1", "attribution": "天地图" }).to_string();
    let (status, set) = town.ask(Method::PUT, "/api/basemap/address", "application/json", service).await;
    assert_eq!((status, &set["kind"]), (StatusCode::OK, &json!("address")));
    assert_eq!(town.get("/tiles/0/0/0").await.0, StatusCode::NOT_FOUND);
    let (_, removed) = town.ask(Method::DELETE, "/api/basemap", "", Body::empty()).await;
    assert_eq!(removed["kind"], "none");
    assert_eq!(std::fs::read_dir(town.folder.path().join("maps")).unwrap().count(), 0);
}
