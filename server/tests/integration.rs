//! Other systems beside the real program: tickets in, events out, whatever is killed or hangs in between.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::unused_self,
    reason = "all of this is test code"
)]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use suishou_core::time::{Clock as _, SystemClock};
use suishou_server::relay::signature;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_suishou");
/// Longer than anything here takes: a test that waits so long fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// Largest ticket.
const MAX_BYTES: usize = 64 * 1024;
const GRIDS: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"id":"g1","name":"一网格","kind":"micro"},"geometry":{"type":"Polygon","coordinates":[[[119.60,29.00],[119.61,29.00],[119.61,29.01],[119.60,29.01],[119.60,29.00]]]}}]}"#;

struct Town {
    folder: TempDir,
    relay: Child,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn serve(dir: &std::path::Path) -> Child {
    let mut relay = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0"])
        .args(["--insecure-http-on-loopback", "--dir"])
        .arg(dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(relay.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert!(!ready.is_empty(), "the relay says when it serves");
    relay
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("relay");
        let made = Command::new(PROGRAM)
            .args(["township", "init", "--name", "桥头镇", "--address", "https://127.0.0.1:1", "--dir"])
            .arg(&dir)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let town = Self { relay: serve(&dir), folder };
        for (command, name, content) in [
            ("grid", "grids.geojson", GRIDS),
            ("department", "departments.csv", "编号,名称,类别\npolice,派出所,社会治安\n"),
        ] {
            let file = town.file(name, content);
            town.done(&[command, "import", &file]);
        }
        town
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("relay")
    }

    fn kill(&mut self) {
        drop(self.relay.kill());
        drop(self.relay.wait());
    }

    fn start(&mut self) {
        self.relay = serve(&self.dir());
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn say(&self, arguments: &[&str]) -> Said {
        let output = Command::new(PROGRAM)
            .args(arguments)
            .args(["--lang", "en", "--dir"])
            .arg(self.dir())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn done(&self, arguments: &[&str]) -> String {
        let said = self.say(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
        said.out
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let said = self.say(arguments);
        assert_eq!(said.code, Some(1), "{arguments:?}: {}{}", said.out, said.err);
        said.err
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        serde_json::from_str(&self.done(&arguments)).unwrap()
    }

    /// The two doors: for phones and other systems, and for this machine.
    fn doors(&self) -> [SocketAddr; 2] {
        let serving: Value =
            serde_json::from_str(&fs::read_to_string(self.dir().join("serving.json")).unwrap()).unwrap();
        let device = serving["device"].as_str().unwrap().trim_start_matches("http://");
        [device.parse().unwrap(), serving["api"].as_str().unwrap().parse().unwrap()]
    }

    /// A request of another system; status and answer.
    fn send(&self, door: SocketAddr, source: &str, headers: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(door).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST /api/intake/{source} HTTP/1.1\r\nhost: relay.example\r\naccept-language: en\r\n\
             content-length: {}\r\nconnection: close\r\n{headers}\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // What is refused for its length is refused before it comes.
        if body.len() <= MAX_BYTES {
            stream.write_all(body.as_bytes()).unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn signed(&self, secret: &str, body: &str) -> (u16, Value) {
        self.send(self.doors()[0], "hotline", &headers(secret, 0, body), body)
    }
}

fn headers(secret: &str, off: i64, body: &str) -> String {
    let seconds = signature::seconds(SystemClock.now()) + off;
    let signature = signature::sign(secret, seconds, body.as_bytes());
    format!("{}: {seconds}\r\n{}: {signature}\r\n", signature::TIMESTAMP, signature::SIGNATURE)
}

fn ticket(id: &str, text: &str) -> String {
    json!({
        "external_id": id, "title": "夜间施工", "text": text, "category": "噪音扰民", "address": "桥头路12号",
        "latitude": 29.005, "longitude": 119.605, "system": "wgs84",
        "contact": { "name": "CANARYNAME", "phone": "13900001234" },
    })
    .to_string()
}

/// An event as a receiver got it.
#[derive(Debug)]
struct Got {
    event: String,
    kind: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn is_signed_with(&self, secret: &str) -> bool {
        let now = SystemClock.now();
        signature::verify(secret, &self.timestamp, &self.signature, self.body.as_bytes(), now).is_ok()
    }
}

/// One request, answered with `status`; none if whoever asked has gone.
fn receive(stream: TcpStream, status: u16) -> Option<Got> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut head, mut line) = (Vec::new(), String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        head.push(line.trim_end().to_owned());
        line.clear();
    }
    let field = |name: &str| {
        let found = head.iter().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; field("content-length").parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 {status} x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    drop(reader.get_mut().write_all(answer.as_bytes()));
    Some(Got {
        event: field("x-suishou-event"),
        kind: field("x-suishou-kind"),
        timestamp: field(signature::TIMESTAMP),
        signature: field(signature::SIGNATURE),
        body: String::from_utf8(body).unwrap(),
    })
}

/// A receiver that takes everything.
fn receiver(listener: TcpListener, status: u16) -> Receiver<Got> {
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if let Some(got) = receive(stream.unwrap(), status)
                && tell.send(got).is_err()
            {
                break;
            }
        }
    });
    told
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    (listener, url)
}

fn add_hotline(town: &Town, more: &[&str]) -> String {
    let mut add = vec![
        "intake",
        "source",
        "add",
        "hotline",
        "--kind",
        "hotline",
        "--name",
        "12345热线",
        "--category",
        "order",
        "--map-category",
        "噪音扰民=order",
    ];
    add.extend(more);
    town.json(&add)["secret"].as_str().unwrap().to_owned()
}

#[test]
fn a_ticket_of_the_hotline_comes_in_is_dispatched_closed_and_answered_back() {
    let town = Town::new();
    let (listener, url) = listener();
    let told = receiver(listener, 200);
    let secret = add_hotline(&town, &["--callback", &url]);
    let (status, taken) = town.signed(&secret, &ticket("GD-137", "凌晨仍在施工"));
    assert_eq!((status, &taken["outcome"]), (201, &json!("added")), "{taken}");
    let id = taken["incident"].as_str().unwrap();

    let listed = town.json(&["incident", "list", "--source", "hotline"]);
    assert_eq!(listed["incidents"][0]["document"], id);
    assert_eq!(listed["incidents"][0]["grid"], "g1");
    assert_eq!(listed["incidents"][0]["category"], "order");
    assert_eq!(town.json(&["incident", "list", "--source", "petition"])["incidents"], json!([]));
    let shown = town.json(&["incident", "show", id]);
    assert!(shown["text"].as_str().unwrap().contains("桥头路12号"));
    assert!(!shown.to_string().contains("CANARYNAME") && !shown.to_string().contains("13900001234"));
    assert_eq!(town.json(&["intake", "contact", id])["phone"], "13900001234");

    // Idempotent, and never silently dropped.
    let (status, again) = town.signed(&secret, &ticket("GD-137", "凌晨仍在施工"));
    assert_eq!((status, &again["outcome"]), (200, &json!("unchanged")));
    let (status, again) = town.signed(&secret, &ticket("GD-137", "今晚又在施工"));
    assert_eq!((status, &again["outcome"], &again["incident"]), (200, &json!("updated"), &json!(id)));
    let notes = town.json(&["incident", "show", id])["notes"].to_string();
    assert!(notes.contains("今晚又在施工"), "{notes}");

    town.done(&["incident", "accept", id]);
    let accepted = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(accepted.kind, "incident.accepted");
    town.done(&["incident", "dispatch", id, "--to", "police"]);
    for step in ["resolve", "verify", "close"] {
        town.done(&["incident", step, id, "--remark", "CANARYREMARK"]);
    }
    let closed = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(closed.kind, "incident.closed");
    assert!(closed.is_signed_with(&secret) && accepted.is_signed_with(&secret));
    let body = closed.json();
    assert_eq!(body["event"], closed.event);
    assert_eq!(body["incident"]["external_id"], "GD-137");
    assert_eq!(body["incident"]["state"], "closed");
    for canary in ["CANARY", "13900001234", "施工", "29.005", "119.605"] {
        assert!(!closed.body.contains(canary) && !accepted.body.contains(canary), "{canary}");
    }
    let items = town.json(&["intake", "list", "--source", "hotline"]);
    assert_eq!(items["items"][0]["incident_state"], "closed");
    assert_eq!(items["items"][0]["updates"], 1);
}

#[test]
fn what_is_not_signed_well_is_refused_at_both_doors_and_stores_nothing() {
    let town = Town::new();
    let secret = add_hotline(&town, &[]);
    let body = ticket("GD-1", "x");
    let good = headers(&secret, 0, &body);
    for door in town.doors() {
        let code = |source: &str, headers: &str, body: &str| {
            let (status, answer) = town.send(door, source, headers, body);
            (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
        };
        let bad = (401, "bad_signature".to_owned());
        assert_eq!(code("hotline", "", &body), bad);
        assert_eq!(code("nobody", &good, &body), bad);
        assert_eq!(code("hotline", &headers("other", 0, &body), &body), bad);
        assert_eq!(code("hotline", &good, &ticket("GD-2", "x")), bad);
        assert_eq!(
            code("hotline", &headers(&secret, -310, &body), &body),
            (401, "stale_signature".to_owned())
        );
        for (wrong, status, found) in [
            ("{", 400, "malformed"),
            (r#"{"external_id":"1","text":"x","latitud":1}"#, 400, "malformed"),
            (r#"{"external_id":"1"}"#, 422, "invalid"),
            (r#"{"external_id":"1","text":"x","latitude":29.0,"longitude":119.0}"#, 422, "invalid"),
        ] {
            assert_eq!(
                code("hotline", &headers(&secret, 0, wrong), wrong),
                (status, found.to_owned()),
                "{wrong}"
            );
        }
        let large = "x".repeat(70_000);
        assert_eq!(code("hotline", &headers(&secret, 0, &large), &large), (413, "too_large".to_owned()));
    }
    assert_eq!(town.json(&["status"])["entries"], 0);
    let rotated = town.json(&["intake", "source", "rotate", "hotline"]);
    assert_eq!(town.signed(&secret, &body).0, 401);
    let secret = rotated["secret"].as_str().unwrap();
    assert_eq!(town.signed(secret, &body).0, 201);
    town.done(&["intake", "source", "disable", "hotline"]);
    assert_eq!(town.signed(secret, &body).0, 401);
    town.done(&["intake", "source", "enable", "hotline"]);
    assert_eq!(town.signed(secret, &body).0, 200);
}

#[test]
fn a_source_that_sends_too_much_is_told_to_wait() {
    let town = Town::new();
    let secret = add_hotline(&town, &[]);
    let body = ticket("GD-1", "x");
    let found = (0..2_000).map(|_| town.signed(&secret, &body).0).find(|status| *status == 429);
    assert_eq!(found, Some(429));
}

#[test]
fn a_file_of_tickets_is_taken_whole_or_not_at_all() {
    let town = Town::new();
    add_hotline(&town, &[]);
    let import = |file: &str, more: &[&str]| {
        let mut arguments = vec!["intake", "import", file, "--source", "hotline"];
        arguments.extend(more);
        town.json(&arguments)
    };
    let bad = town.file(
        "bad.csv",
        "工单编号,内容,类别,轻重,纬度,经度,坐标系,时间\n1,a,order,,,,,\n2,,order,,,,,\n3,b,nothing,,,,,\n1,c,order,,,,,\n",
    );
    let why = town.refused(&["intake", "import", &bad, "--source", "hotline"]);
    for line in ["line 3", "line 4", "line 5"] {
        assert!(why.contains(line) && !why.contains("line 2:"), "{line}: {why}");
    }
    let bad = town.file(
        "bad2.csv",
        "external_id,text,category,severity,latitude,longitude,system,reported_at\n1,a,order,,,,,\n2,,order,,,,,\n3,b,nothing,,,,,\n4,c,order,worst,29,119,,x\n5,c,order,,29,119,mars,2999-01-01T00:00:00Z\n",
    );
    let why = town.refused(&["intake", "import", &bad, "--source", "hotline"]);
    for line in ["line 3", "line 4", "line 5", "line 6"] {
        assert!(why.contains(line), "{line}: {why}");
    }
    let gbk = town.file("gbk.csv", [&b"external_id,text\n1,"[..], &[0xb9, 0xa4, 0xb5, 0xa5]].concat());
    assert!(town.refused(&["intake", "import", &gbk, "--source", "hotline"]).contains("GBK"));
    assert_eq!(town.json(&["status"])["entries"], 0);

    let mut all = "\u{feff}external_id,text,category,contact_name,contact_phone\n".to_owned();
    for number in 0..10_000 {
        writeln!(all, "GD-{number},工单{number},噪音扰民,CANARYNAME,1390000{number:04}").unwrap();
    }
    let file = town.file("all.csv", &all);
    let counts = |answer: &Value| {
        [&answer["added"], &answer["updated"], &answer["unchanged"]].map(|n| n.as_u64().unwrap())
    };
    assert_eq!(counts(&import(&file, &["--dry-run"])), [10_000, 0, 0]);
    assert_eq!(town.json(&["status"])["entries"], 0);
    assert_eq!(counts(&import(&file, &[])), [10_000, 0, 0]);
    assert_eq!(town.json(&["status"])["documents"]["incident"], 10_000);
    let changed = town.file("changed.csv", all.replace("工单7,", "工单七,"));
    assert_eq!(counts(&import(&changed, &["--dry-run"])), [0, 1, 9_999]);
    assert_eq!(counts(&import(&changed, &[])), [0, 1, 9_999]);
    assert_eq!(town.json(&["status"])["documents"]["incident"], 10_000);
    assert_eq!(counts(&import(&changed, &[])), [0, 0, 10_000]);
}

#[test]
fn a_relay_killed_before_an_event_is_taken_sends_it_after_its_start() {
    let mut town = Town::new();
    let (listener, url) = listener();
    let added = town.json(&["webhook", "add", "board", "--url", &url, "--event", "incident.reported"]);
    let secret = added["secret"].as_str().unwrap();
    town.done(&["incident", "report", "--text", "CANARYTEXT", "--category", "order", "--grid", "g1"]);
    // The relay is at it: it has connected, and nobody answers.
    let (hanging, _) = listener.accept().unwrap();
    town.kill();
    let before = receive(hanging, 200);
    town.start();
    let told = receiver(listener, 200);
    let after = told.recv_timeout(PATIENCE).unwrap();
    assert!(after.is_signed_with(secret) && !after.body.contains("CANARY"));
    // What got through before is known by its id.
    let ids: BTreeSet<String> = before.into_iter().chain([after]).map(|got| got.event).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(town.json(&["webhook", "list"])["webhooks"][0]["dead"], 0);
}

#[test]
fn a_receiver_that_hangs_or_sends_elsewhere_holds_up_nobody_else() {
    let town = Town::new();
    let (_hanging, hanging_url) = listener();
    let (elsewhere, elsewhere_url) = listener();
    let (good, good_url) = listener();
    let (asked, told) = (receiver(elsewhere, 307), receiver(good, 204));
    for (id, url) in [("hanging", &hanging_url), ("elsewhere", &elsewhere_url), ("good", &good_url)] {
        town.done(&["webhook", "add", id, "--url", url, "--event", "incident.reported"]);
    }
    for number in 0..5 {
        let text = format!("report {number}");
        town.done(&["incident", "report", "--text", &text, "--category", "order", "--grid", "g1"]);
    }
    let events: BTreeSet<String> = (0..5).map(|_| told.recv_timeout(PATIENCE).unwrap().event).collect();
    assert_eq!(events.len(), 5);
    assert_eq!(asked.recv_timeout(PATIENCE).unwrap().kind, "incident.reported");
    let refused = town.refused(&["webhook", "test", "elsewhere"]);
    assert!(refused.contains("http_307"), "{refused}");
    assert!(asked.iter().any(|got| got.kind == "test"));
    assert!(town.done(&["webhook", "test", "good"]).contains("took"));
    assert!(town.done(&["status"]).contains("events wait"));
    let hooks = town.json(&["webhook", "list"]);
    let of = |id: &str| {
        hooks["webhooks"].as_array().unwrap().iter().find(|hook| hook["id"] == id).unwrap().clone()
    };
    assert_eq!(of("hanging")["pending"], 5);
    assert!(!hooks.to_string().contains("secret"));
}

#[test]
fn hooks_to_where_nothing_may_go_are_refused() {
    let town = Town::new();
    for url in ["http://169.254.169.254/x", "ftp://a/", "http://[fe80::1]/", "https://a@b/"] {
        town.refused(&["webhook", "add", "x", "--url", url]);
    }
    for door in town.doors() {
        let url = format!("http://{door}/api/status");
        let id = format!("own{}", door.port());
        town.done(&["webhook", "add", &id, "--url", &url]);
        assert!(town.refused(&["webhook", "test", &id]).contains("forbidden_address"));
    }
    let unknown = town.refused(&["webhook", "add", "x", "--url", "https://a/", "--event", "incident.lost"]);
    assert!(unknown.contains("incident.lost"), "{unknown}");
    assert!(town.refused(&["webhook", "test", "nobody"]).contains("not found"));
    assert_eq!(town.json(&["webhook", "dead"])["items"], json!([]));
}
