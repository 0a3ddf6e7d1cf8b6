//! The commands as an operator types them: the real program beside a real relay, with its exit codes and
//! what it says. Bad input stores nothing.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "all of this is test code")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_suishou");
const GRIDS: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"id":"v1","name":"桥头村","kind":"village"},"geometry":{"type":"Polygon","coordinates":[[[119.60,29.00],[119.62,29.00],[119.62,29.01],[119.60,29.01],[119.60,29.00]]]}},
 {"type":"Feature","properties":{"id":"g1","name":"一网格","kind":"micro","parent":"v1"},"geometry":{"type":"Polygon","coordinates":[[[119.60,29.00],[119.61,29.00],[119.61,29.01],[119.60,29.01],[119.60,29.00]]]}},
 {"type":"Feature","properties":{"id":"g2","name":"二网格","kind":"micro","parent":"v1"},"geometry":{"type":"Polygon","coordinates":[[[119.61,29.00],[119.62,29.00],[119.62,29.01],[119.61,29.01],[119.61,29.00]]]}}]}"#;
const MEMBERS: &str = "编号,姓名,角色,网格,部门\nm1,王芳,网格员,g1,\nm2,李强,网格员,g2,\nl1,陈刚,网格长,v1,\ni1,赵敏,信息员,,\nh1,周勇,经办人,,police\n";

/// A township with its relay, until it goes out of scope.
struct Town {
    folder: TempDir,
    relay: Child,
}

impl Drop for Town {
    fn drop(&mut self) {
        drop(self.relay.kill());
        drop(self.relay.wait());
    }
}

/// What a command said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
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
        let mut relay = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0"])
            .args(["--insecure-http-on-loopback", "--dir"])
            .arg(&dir)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(relay.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert!(!ready.is_empty(), "the relay says when it serves");
        let town = Self { folder, relay };
        for (command, name, content) in [
            ("grid", "grids.geojson", GRIDS),
            ("department", "departments.csv", "编号,名称,类别\npolice,派出所,社会治安\n"),
            ("member", "members.csv", MEMBERS),
        ] {
            let file = town.file(name, content);
            town.done(&[command, "import", &file]);
        }
        town
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn say(&self, arguments: &[&str]) -> Said {
        let output = Command::new(PROGRAM)
            .args(arguments)
            .args(["--lang", "en", "--dir"])
            .arg(self.folder.path().join("relay"))
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// A command that does what it should; what it printed for people.
    fn done(&self, arguments: &[&str]) -> String {
        let said = self.say(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
        said.out
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        serde_json::from_str(&self.done(&arguments)).unwrap()
    }

    /// A command that is refused by the relay (1) or by the command line (2); why.
    fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let said = self.say(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}{}", said.out, said.err);
        assert!(said.out.is_empty(), "{arguments:?}: {}", said.out);
        said.err
    }

    fn entries(&self) -> u64 {
        self.json(&["status"])["entries"].as_u64().unwrap()
    }
}

fn id(document: &Value) -> &str {
    document["document"].as_str().unwrap()
}

/// The end of its id, as lists show it.
fn short(document: &Value) -> &str {
    id(document).get(24..).unwrap()
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn tasks_are_given_answered_and_closed() {
    let town = Town::new();
    let items = town.file("items.csv", "内容,地址,人数\n张家,河边1号,4\n王家,河边2号,3\n");
    let mut give = words(
        "task give --form evacuation --title 河边转移 --grid v1 --shelter 镇小学 --due 2099-01-31T18:00 --items",
    );
    give.push(&items);
    let task = town.json(&give);
    assert_eq!(task["due_at"], "2099-01-31T10:00:00.000Z", "Beijing time");
    assert_eq!((&task["counts"]["people"], &task["people_missing"]), (&json!(7), &json!(7)));
    let waiting: Vec<_> =
        task["waiting"].as_array().unwrap().iter().map(|named| named["member"].clone()).collect();
    assert_eq!(waiting, ["l1", "m1", "m2"]);
    let short = short(&task);

    let marked = town.json(&[
        "task",
        "mark",
        short,
        "--item",
        "1",
        "--state",
        "moved",
        "--shelter",
        "1",
        "--member",
        "m1",
    ]);
    assert_eq!(
        (&marked["items"][0]["state"], &marked["items"][0]["marks"][0]["name"]),
        (&json!("moved"), &json!("王芳"))
    );
    assert_eq!(marked["people_missing"], 3);
    let answered =
        town.json(&["task", "answer", short, "--member", "m2", "--answer", "declined", "--reason", "unwell"]);
    assert_eq!(answered["counts"]["declined"], 1);
    let sheet = town.done(&["task", "show", short]);
    for part in [
        "4 of 7 people accounted for, 3 missing",
        "王芳 m1",
        "moved to 1",
        "Not well",
        "镇小学  4",
        "陈刚 l1",
    ] {
        assert!(sheet.contains(part), "{part} in\n{sheet}");
    }

    let before = town.entries();
    for (bad, why) in [
        (vec!["task", "mark", short, "--item", "9", "--state", "done"], "there is no item 9"),
        (
            vec!["task", "mark", short, "--item", "1", "--state", "moved", "--shelter", "2"],
            "there is no shelter 1",
        ),
        (vec!["task", "mark", short, "--item", "1", "--state", "moved"], "shelter is missing"),
        (vec!["task", "answer", short, "--member", "m9", "--answer", "accepted"], "there is no member m9"),
        (vec!["task", "cancel", short, "--reason", "nothing"], "there is no reason nothing"),
        (vec!["task", "reopen", short], "not possible in the present state"),
        (words("task give --form errand --title x --grid g9 --department none"), "there is no grid g9"),
        (words("task give --form errand --title x --member m9"), "there is no member m9"),
        (words("task give --form evacuation --title x --grid g1"), "a shelter is missing"),
        (words("task give --form errand --title x --due tomorrow"), "not readable as a time"),
        (words("task show 000000"), "No id begins or ends with"),
        (words("task list --state lost"), "there is no state lost"),
    ] {
        let said = town.refused(1, &bad);
        assert!(said.contains(why), "{bad:?}: {said}");
    }
    town.refused(2, &words("task give --form errand"));
    town.refused(2, &["task", "mark", short, "--item", "1", "--state", "gone"]);
    for (name, content, why) in [
        ("gbk.csv", &[0xb1, 0xe0][..], "not UTF-8"),
        ("bad.csv", "text,people\n,1\nx,many\n".as_bytes(), "line 3"),
    ] {
        let file = town.file(name, content);
        let said =
            town.refused(1, &["task", "give", "--form", "inspection", "--title", "x", "--items", &file]);
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(town.entries(), before, "nothing was stored");

    assert_eq!(town.json(&["task", "close", short, "--remark", "谢谢"])["state"], "closed");
    assert_eq!(town.json(&["task", "list", "--state", "open"])["tasks"], json!([]));
    assert_eq!(town.json(&["task", "reopen", short])["state"], "underway");
    assert_eq!(town.json(&["task", "cancel", short])["state"], "cancelled");
    assert!(town.done(&words("task list --form evacuation")).contains("河边转移"));
    assert_eq!(town.json(&words("task list --form errand"))["tasks"], json!([]));
}

#[test]
fn warnings_are_issued_raised_and_ended() {
    let town = Town::new();
    let hazard = town.json(&["settings", "show"])["hazards"][0]["id"].as_str().unwrap().to_owned();
    let posts = town.file("posts.csv", "name,grid,member,latitude,longitude\n后山,g1,m2,29.005,119.605\n");
    let issue = ["warning", "issue", "--hazard", &hazard, "--title", "暴雨", "--text", "避险"];
    let mut good = issue.to_vec();
    good.extend([
        "--level",
        "yellow",
        "--until",
        "2099-07-01T20:00",
        "--grid",
        "g1",
        "--ask-report",
        "--posts",
        &posts,
    ]);
    let warning = town.json(&good);
    assert_eq!((&warning["state"], &warning["level"]), (&json!("in_force"), &json!("yellow")));
    assert_eq!(warning["level_label"]["zh"], "黄色·Ⅲ级（较重）", "a colour never stands alone");
    assert_eq!(warning["post_list"][0]["keeper"]["name"], "李强");
    let short = short(&warning);
    let raised = town.json(&["warning", "raise", short, "--level", "red"]);
    assert_eq!((&raised["issue"], &raised["level"]), (&json!(1), &json!("red")));
    let lowered = town.json(&["warning", "lower", short, "--level", "orange", "--until", "2099-07-02T20:00"]);
    assert_eq!(lowered["issue"], 2);
    let extended = town.json(&["warning", "extend", short, "--until", "2099-07-03T20:00+08:00"]);
    assert_eq!(
        (&extended["until_at"], &extended["level"]),
        (&json!("2099-07-03T12:00:00.000Z"), &json!("orange"))
    );
    let sheet = town.done(&["warning", "show", short]);
    for part in ["orange, level II (severe)", "后山", "李强 m2", "nothing heard yet", "王芳 m1"] {
        assert!(sheet.contains(part), "{part} in\n{sheet}");
    }
    assert!(town.done(&words("warning list --state in_force")).contains("orange, level II"));

    let before = town.entries();
    let with = |more: &[&'static str]| {
        [&issue[..], more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for (bad, why) in [
        (with(&["--level", "red", "--until", "2020-01-01T00:00", "--everyone"]), "an end in the future"),
        (with(&["--level", "red", "--until", "2099-01-01T00:00"]), "whom it is for"),
        (words("warning issue --hazard none --level red --title x --text y --until 2099-01-01T00:00 --everyone").into_iter().map(str::to_owned).collect(), "there is no hazard none"),
        (["warning", "raise", short, "--level", "blue"].map(str::to_owned).to_vec(), "a higher level"),
        (["warning", "lower", short, "--level", "red"].map(str::to_owned).to_vec(), "a lower level"),
        (words("warning list --state lost").into_iter().map(str::to_owned).collect(), "there is no state lost"),
    ] {
        let bad: Vec<&str> = bad.iter().map(String::as_str).collect();
        let said = town.refused(1, &bad);
        assert!(said.contains(why), "{bad:?}: {said}");
    }
    assert_eq!(town.entries(), before, "nothing was stored");

    assert_eq!(town.json(&["warning", "end", short])["state"], "ended");
    let said = town.refused(1, &["warning", "raise", short, "--level", "red"]);
    assert!(said.contains("not possible in the present state"), "{said}");
    assert_eq!(town.json(&words("warning list --state open"))["warnings"], json!([]));
}

#[test]
fn notices_are_published_answered_and_withdrawn() {
    let town = Town::new();
    let notice =
        town.json(&words("notice publish --title 医保缴费 --text 月底截止 --role informant --ask-read"));
    assert_eq!((notice["waiting"].as_array().unwrap().len(), &notice["waiting"][0]["name"]), (1, &json!("")));
    let short = short(&notice);
    let answered = town.json(&["notice", "answer", short, "可以在手机上办理"]);
    assert_eq!(answered["notes"][0]["text"], "可以在手机上办理");
    let before = town.entries();
    for (bad, why) in [
        (vec!["notice", "answer", short, "x", "--to", "1"], "there is no question 1"),
        (vec!["notice", "answer", short, " "], "is missing"),
        (words("notice publish --title x --text y"), "whom it is for"),
        (words("notice publish --title x --everyone --theme none"), "there is no theme none"),
    ] {
        let said = town.refused(1, &bad);
        assert!(said.contains(why), "{bad:?}: {said}");
    }
    assert_eq!(town.entries(), before);
    assert!(town.done(&["notice", "list"]).contains("医保缴费"));
    assert_eq!(town.json(&["notice", "withdraw", short])["state"], "withdrawn");
    town.refused(1, &["notice", "withdraw", short]);
    assert!(town.done(&["notice", "show", short]).contains("withdrawn"));
}

#[test]
fn households_are_added_imported_and_ended() {
    let town = Town::new();
    let added = town.json(&words(
        "household add --name 李奶奶 --address 桥头3号 --purpose alone --every-days 14 --grid g1",
    ));
    assert_eq!((&added["card"]["every_days"], &added["is_overdue"]), (&json!(14), &json!(false)));
    let sheet = "姓名,地址,人数,对象类别,走访间隔天数,网格\n李奶奶,桥头3号,2,独居老人,14,g1\n赵爷爷,桥头5号,1,ill,7,g2\n";
    let file = town.file("households.csv", sheet);
    let imported = town.json(&["household", "import", &file]);
    assert_eq!((&imported["added"], &imported["changed"]), (&json!(1), &json!(1)));
    let again = town.json(&["household", "import", &file]);
    assert_eq!(again["unchanged"], 2);
    let before = town.entries();
    let bad = town.file("bad.csv", "name,grid,purposes\n甲,g9,alone\n,g1,nothing\n");
    let said = town.refused(1, &["household", "import", &bad]);
    assert!(
        said.contains("line 2: there is no grid g9") && said.contains("line 3: name is missing"),
        "{said}"
    );
    let said = town.refused(1, &words("household add --name x --every-days 400"));
    assert!(said.contains("at most 366"), "{said}");
    assert_eq!(town.entries(), before);
    let short = short(&added);
    let shown = town.done(&["household", "show", short]);
    assert!(shown.contains("桥头3号") && shown.contains("OLDER CARD"), "{shown}");
    let ended = town.json(&["household", "end", short, "--reason", "moved_away"]);
    assert_eq!((&ended["state"], &ended["reason"]), (&json!("ended"), &json!("moved_away")));
    assert_eq!(town.json(&words("household list --state active"))["households"].as_array().unwrap().len(), 1);
    assert_eq!(town.json(&words("visit list --limit 5"))["visits"], json!([]));
    town.refused(1, &words("visit show abcdef"));
}

#[test]
fn incidents_are_taken_down_corrected_and_merged() {
    let town = Town::new();
    let report = |text: &str| {
        town.json(&["incident", "report", "--text", text, "--category", "order", "--grid", "g1"])
    };
    let (first, second) = (report("打架"), report("有人打架"));
    let complaint =
        town.json(&words("incident report --text 态度差 --category order --matter complaint --anonymous"));
    assert_eq!((&complaint["is_anonymous"], &complaint["matter"]), (&json!(true), &json!("complaint")));
    let complaints = town.done(&words("incident list --matter complaint"));
    assert!(
        complaints.contains("[anonymous complaint] 态度差") && !complaints.contains("打架"),
        "{complaints}"
    );
    assert_eq!(town.json(&words("incident list --anonymous"))["incidents"].as_array().unwrap().len(), 1);
    assert!(first["due_at"].is_string(), "every step has a due time by the settings");
    let corrected = town.json(&["incident", "correct", id(&first), "--severity", "urgent", "--grid", "g2"]);
    assert_eq!((&corrected["severity"], &corrected["grid"]), (&json!("urgent"), &json!("g2")));
    assert!(corrected["due_at"].as_str() < first["due_at"].as_str(), "urgent is due earlier");

    let merged = town.json(&["incident", "merge", id(&second), "--into", id(&first)]);
    assert_eq!(merged["repeated_by"], json!([id(&second)]));
    town.done(&["incident", "accept", id(&first)]);
    let dispatched = town.json(&["incident", "dispatch", id(&first), "--to", "police"]);
    assert!(dispatched["dispatches"][0]["due_at"].is_string(), "by category and severity");
    town.done(&["incident", "resolve", id(&first)]);
    town.done(&["incident", "close", id(&first), "--remark", "已处理"]);
    let closed = town.json(&["incident", "show", id(&second)]);
    assert_eq!((&closed["state"], &closed["notes"][0]["text"]), (&json!("closed"), &json!("已处理")));

    let before = town.entries();
    for (bad, why) in [
        (vec!["incident", "merge", id(&first), "--into", id(&first)], "another incident"),
        (vec!["incident", "reject", id(&complaint), "--reason", "none"], "there is no reason none"),
        (words("incident report --text x --category none"), "there is no category none"),
        (words("incident list --category none"), "there is no category none"),
    ] {
        let said = town.refused(1, &bad);
        assert!(said.contains(why), "{bad:?}: {said}");
    }
    town.refused(2, &["incident", "reject", id(&complaint)]);
    town.refused(2, &["incident", "merge", "--into", id(&first)]);
    assert_eq!(town.entries(), before);
}

#[test]
fn settings_go_out_and_come_back_checked() {
    let town = Town::new();
    let file = town.file("settings.json", "");
    town.done(&["settings", "export", &file]);
    let exported = fs::read_to_string(&file).unwrap();
    let mut settings: Value = serde_json::from_str(&exported).unwrap();
    let version = settings["version"].as_u64().unwrap();
    assert_eq!(town.json(&["settings", "import", &file])["settings_version"], version, "nothing changed");

    let refused = |change: &dyn Fn(&mut Value), why: &str| {
        let mut bad: Value = serde_json::from_str(&exported).unwrap();
        change(&mut bad);
        let file = town.file("bad.json", bad.to_string());
        let said = town.refused(1, &["settings", "import", &file]);
        assert!(said.contains(why), "{why}: {said}");
    };
    town.json(&words("incident report --text 打架 --category order --grid g1"));
    let remove = |settings: &mut Value, list: &str, code: &str| {
        settings[list].as_array_mut().unwrap().retain(|item| item["id"] != code);
    };
    refused(&|bad| remove(bad, "departments", "police"), "department of members police is in use (1)");
    refused(
        &|bad| {
            remove(bad, "categories", "order");
            bad["departments"][0]["categories"] = json!([]);
        },
        "category order is in use (1)",
    );
    refused(&|bad| bad["departments"][0]["categories"] = json!(["none"]), "there is no category none");
    refused(&|bad| bad["forms"][0]["questions"] = json!([]), "form 1: a question is missing");
    refused(&|bad| bad["forms"][0]["questions"][0]["options"] = json!([]), "two options to choose from");
    refused(&|bad| bad["reasons"][1]["id"] = bad["reasons"][0]["id"].clone(), "stands twice");
    refused(&|bad| bad["reasons"][0]["words"]["zh"] = json!(" "), "reason 1");
    refused(&|bad| bad["step_hours"]["accept"][0] = json!(0), "number of hours");
    refused(&|bad| bad["version"] = json!(version - 1), "present version");
    refused(&|bad| bad["surprise"] = json!(1), "not readable");

    settings["reasons"][0]["words"]["zh"] = json!("不在辖区");
    let file = town.file("new.json", settings.to_string());
    let imported = town.json(&["settings", "import", &file]);
    assert_eq!((&imported["changed"], &imported["settings_version"]), (&json!(1), &json!(version + 1)));
    let (old, new) = (version.to_string(), (version + 1).to_string());
    let diff = town.done(&["settings", "diff", &old, &new]);
    assert!(diff.starts_with("~ reasons.outside.words.zh: ") && diff.lines().count() == 1, "{diff}");
    assert!(town.done(&["settings", "history"]).lines().count() > 2);
    assert!(town.done(&["settings", "show"]).contains("Reasons:"));
    town.refused(1, &["settings", "diff", &old, "999"]);

    let checkpoints = town.file("checkpoints.csv", "编号,名称,纬度,经度\nc1,古樟树,29.005,119.605\n");
    assert_eq!(town.json(&["checkpoint", "import", &checkpoints])["added"], 1);
    assert_eq!(town.json(&["checkpoint", "list"])["checkpoints"][0]["grid"], "g1", "found from the position");
    let bad = town.file("bad.csv", "id,name,latitude,longitude\nc2,x,,\n");
    assert!(town.refused(1, &["checkpoint", "import", &bad]).contains("line 2"));
    let map = town.file("map.geojson", "");
    town.done(&["grid", "export", &map]);
    assert_eq!(town.json(&["grid", "import", &map])["unchanged"], 3, "the map comes back as it went");
}

/// A command with something on its standard input, in no township's name.
fn fed(input: &str, arguments: &[&str]) -> Said {
    use std::io::Write as _;
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .args(["--lang", "en"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who does not read it may be gone already.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn a_township_is_backed_up_while_it_runs_and_restored_beside_it() {
    let town = Town::new();
    town.done(&["incident", "report", "--category", "order", "--grid", "g1", "--text", "河水上涨"]);
    let path = |name: &str| town.folder.path().join(name).to_str().unwrap().to_owned();
    let (dir, to, new) = (path("relay"), path("backup"), path("new"));

    let said =
        fed("四海之内九州之外\n", &["backup", "--to", &to, "--passphrase-stdin", "--json", "--dir", &dir]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let taken: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&taken["is_encrypted"], &taken["is_same_disk"]), (&json!(true), &json!(true)));
    let plain = town.done(&["backup", "--to", &to]);
    assert!(plain.contains("is whole") && plain.contains("disk"), "{plain}");
    assert_eq!(town.json(&["backup", "list", "--from", &to])["snapshots"].as_array().unwrap().len(), 2);
    let status = town.json(&["status"]);
    assert!(status["keeping"]["kept"]["backup_at"].is_string() && status["disk"]["free_bytes"].is_u64());

    assert!(town.done(&["backup", "verify", "--from", &to]).contains("Without the key"));
    let wrong = fed("别的\n", &["backup", "verify", "--from", &to, "--passphrase-stdin"]);
    assert!(wrong.code == Some(1) && wrong.err.contains("does not open"), "{}", wrong.err);
    let right = fed("四海之内九州之外\n", &["backup", "verify", "--from", &to, "--passphrase-stdin"]);
    assert!(right.code == Some(0) && right.out.contains("is sound"), "{}{}", right.out, right.err);

    let closed = fed("", &["restore", "--from", &to, "--dir", &new]);
    assert!(closed.code == Some(1) && closed.err.contains("encrypted"), "{}", closed.err);
    let over = fed("四海之内九州之外\n", &["restore", "--from", &to, "--dir", &dir, "--passphrase-stdin"]);
    assert!(over.code == Some(1) && over.err.contains("not empty"), "{}", over.err);
    let done = fed("四海之内九州之外\n", &["restore", "--from", &to, "--dir", &new, "--passphrase-stdin"]);
    assert!(done.code == Some(0) && done.out.contains("桥头镇"), "{}{}", done.out, done.err);
    let checked = fed("", &["check", "--deep", "--dir", &new]);
    assert!(checked.code == Some(0) && checked.out.contains("Everything is what it was"), "{}", checked.out);
    let offline = fed("", &["backup", "--to", &to, "--dir", &new, "--json"]);
    assert_eq!(offline.code, Some(0), "without a relay the folder itself is read: {}", offline.err);

    let inside = path("relay/backup");
    assert!(town.refused(1, &["backup", "--to", &inside]).contains("within the data folder"));
    assert!(town.refused(1, &["backup"]).contains("config.toml"));
    assert!(town.refused(1, &["backup", "list", "--from", &dir]).contains("no backup"));
    town.refused(2, &["backup", "--to", &to, "--keep", "0"]);
}

#[test]
fn doctor_says_line_by_line_what_is_well_and_what_is_not() {
    let town = Town::new();
    assert!(town.done(&["check"]).contains("Everything is what it was"));
    let doctor = town.say(&["doctor", "--json"]);
    assert_eq!(doctor.code, Some(1), "there was never a backup");
    let found: Value = serde_json::from_str(&doctor.out).unwrap();
    let codes: Vec<&str> =
        found["lines"].as_array().unwrap().iter().map(|line| line["code"].as_str().unwrap()).collect();
    for code in [
        "clock_ok",
        "config_ok",
        "relay_ok",
        "port_ok",
        "database_ok",
        "certificate_ok",
        "keys_ok",
        "backup_never",
        "keeper_none",
    ] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    let config = town.folder.path().join("relay/config.toml");
    let sound = fs::read_to_string(&config).unwrap();
    fs::write(&config, sound.replace("listen =", "lisen =")).unwrap();
    let doctor = town.say(&["doctor"]);
    assert!(doctor.code == Some(1) && doctor.out.contains("was listen meant"), "{}", doctor.out);
}

#[test]
fn doctor_says_whether_two_people_could_open_an_identity() {
    let town = Town::new();
    let made = town.typed(&["identity", "init"], "correct horse battery\n");
    assert_eq!(made.code, Some(0), "{}", made.err);
    let doctor = town.say(&["doctor"]);
    assert!(doctor.out.contains("there are not two people"), "{}", doctor.out);
    let identities = town.json(&["status"])["identities"].clone();
    assert!(identities["keeper_key_since"].is_string(), "{identities}");
    assert_eq!((&identities["keepers"], &identities["in_clear"]), (&json!(0), &json!(0)));
}

#[test]
fn every_line_that_a_request_logs_has_its_number_whichever_thread_writes_it() {
    let town = Town::new();
    let log = fs::read_to_string(town.folder.path().join("log")).unwrap();
    let number = |line: &str| {
        line.split_once("request{request.id=").and_then(|(_, rest)| Some(rest.get(..16)?.to_owned()))
    };
    // Three imports, each written by the writer's thread.
    let numbers: Vec<String> =
        log.lines().filter(|line| line.contains("new settings")).filter_map(number).collect();
    let different: std::collections::BTreeSet<&String> = numbers.iter().collect();
    assert!(numbers.len() >= 2 && different.len() == numbers.len(), "{log}");
    assert!(log.lines().any(|line| line.contains("serving") && number(line).is_none()), "{log}");
}

#[test]
fn install_writes_below_its_root_only_and_prints_how_to_undo_it() {
    let town = Town::new();
    let root = town.folder.path().join("root");
    let said = town.done(&["install", "--root", root.to_str().unwrap()]);
    assert!(said.contains("systemctl disable --now suishou"), "{said}");
    let unit = fs::read_to_string(root.join("etc/systemd/system/suishou.service")).unwrap();
    for line in [
        "User=suishou",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "LimitNOFILE=65536",
        "Restart=on-failure",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    assert!(unit.contains(PROGRAM) && !unit.contains('{'), "{unit}");
    let printed = town.done(&["install", "--print"]);
    assert!(printed.contains("ProtectSystem=strict") && printed.contains("sysusers.d"));
    let plain = town.done(&["install", "--plain"]);
    let script = town.file("run.sh", &plain);
    assert!(Command::new("sh").args(["-n", &script]).status().unwrap().success(), "{plain}");
}

impl Town {
    fn typed(&self, arguments: &[&str], input: &str) -> Said {
        use std::io::Write as _;
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .args(["--passphrase-stdin", "--lang", "zh", "--dir"])
            .arg(self.folder.path().join("relay"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

#[test]
fn an_informants_name_is_sealed_and_what_is_held_is_erased() {
    let town = Town::new();
    assert!(town.done(&["status"]).contains("names and phones of 1 informants stand in clear"));
    assert!(town.done(&["member", "list"]).contains("赵敏"));
    assert!(town.typed(&["identity", "init"], "short\n").err.contains("12"));
    let made = town.typed(&["identity", "init"], "correct horse battery\n");
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert!(made.out.contains("恢复码") && made.out.contains("找不回来"), "{}", made.out);
    assert!(town.typed(&["identity", "init"], "correct horse battery\n").err.contains("已经有了"));
    assert!(!town.done(&["status"]).contains("WARNING"));
    let list = town.done(&["member", "list"]);
    assert!(!list.contains("赵敏") && list.contains("informant #i1") && list.contains("王芳"), "{list}");
    assert!(town.done(&["enrol", "i1"]).contains("informant #i1"));

    town.refused(1, &["reveal", "ask", "--member", "m1", "--reason", "why"]);
    town.refused(2, &["reveal", "ask", "--member", "i1"]);
    let asked = town.json(&["reveal", "ask", "--member", "i1", "--reason", "court order"]);
    let id = asked["id"].to_string();
    let opened = town.typed(&["reveal", "open", &id], "correct horse battery\n");
    assert!(opened.err.contains("两个人") && !opened.out.contains("赵敏"), "{}", opened.err);
    town.done(&["reveal", "refuse", &id]);
    let listed = town.done(&["reveal", "list"]);
    assert!(listed.contains("refused") && listed.contains("court order") && !listed.contains("赵敏"));
    let changed =
        town.typed(&["identity", "change-passphrase"], "correct horse battery\nanother long passphrase\n");
    assert_eq!(changed.code, Some(0), "{}", changed.err);

    let dir = |name: &str| town.folder.path().join(name).to_str().unwrap().to_owned();
    town.refused(1, &["subject", "export", "i1", "--out", &dir("none")]);
    let out = dir("out");
    let exported =
        town.typed(&["subject", "export", "i1", "--unseal", "--out", &out], "another long passphrase\n");
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    let exported: Value = serde_json::from_slice(&fs::read(format!("{out}/subject.json")).unwrap()).unwrap();
    assert_eq!(exported["identity"]["name"], "赵敏");
    assert!(
        town.done(&["subject", "erase", "i1", "--reason", "asked for it"]).contains("Nothing was changed")
    );
    let file = dir("erased.json");
    town.done(&["subject", "erase", "i1", "--reason", "asked for it", "--yes", "--out", &file]);
    assert!(town.done(&["subject", "verify", &file]).contains("this township's"));
    let forged = fs::read_to_string(&file).unwrap().replace("asked for it", "no reason");
    let forged = town.file("forged.json", forged);
    assert!(town.refused(1, &["subject", "verify", &forged]).contains("signature"));
    town.refused(1, &["reveal", "ask", "--member", "i1", "--reason", "too late"]);
}

#[test]
fn figures_exports_and_retention_run_from_the_command_line() {
    let town = Town::new();
    let report = |text: &str| {
        town.json(&["incident", "report", "--text", text, "--category", "order", "--grid", "g1"])
    };
    let (first, second) = (report("=1+1"), report("打架"));
    town.done(&["incident", "accept", id(&first)]);
    town.done(&["incident", "dispatch", id(&first), "--to", "police"]);
    town.done(&["incident", "resolve", id(&first)]);
    town.done(&["incident", "close", id(&first)]);
    let figures = town.json(&["figures", "show", "--by", "grid"]);
    assert_eq!((&figures["total"]["received"], &figures["total"]["handled"]), (&json!(2), &json!(1)));
    assert_eq!(figures["groups"][0]["key"], "g1");
    assert!(town.done(&["figures", "show", "--by", "department"]).contains("派出所"));
    assert!(
        town.done(&["figures", "published"]).contains("micro-grid")
            || town.done(&["figures", "published"]).contains("Micro-grid")
    );
    assert_eq!(town.json(&["figures", "published"])["people"]["informant"], 1);
    assert!(town.done(&["figures", "definitions"]).contains("Closed with an answer"));
    let page = town.file("g1.html", "");
    town.done(&["figures", "grid", "g1", "--html", &page]);
    assert!(fs::read_to_string(&page).unwrap().contains("一网格"));
    assert_eq!(town.json(&["figures", "grid", "g1"])["incidents"]["count"], 1);

    for (bad, code, why) in [
        (words("figures show --from tomorrow"), 1, "not readable as a time"),
        (words("figures show --from 2026-02-01 --to 2026-01-01"), 1, "an end after the beginning"),
        (words("figures show --by member"), 2, "member"),
        (words("figures show --grid nowhere"), 1, "there is no grid nowhere"),
        (words("figures grid nowhere"), 1, "there is no grid nowhere"),
        (words("retention set visits 1"), 1, "a longer time"),
        (words("retention hold abcdef --reason x"), 1, "abcdef"),
    ] {
        let said = town.refused(code, &bad);
        assert!(said.contains(why), "{bad:?}: {said}");
    }

    let out = town.file("out.csv", "");
    for (format, rows) in [("csv", 3), ("geojson", 4)] {
        town.done(&["export", "incidents", "--format", format, "--out", &out]);
        assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), rows, "{format}");
    }
    town.done(&["export", "incidents", "--excel", "--out", &out]);
    let text = fs::read_to_string(&out).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains("'=1+1"), "{text}");
    town.done(&["export", "figures", "--by", "grid", "--format", "xlsx", "--out", &out]);
    assert!(fs::read(&out).unwrap().starts_with(b"PK"));
    let said = town.refused(1, &["export", "figures", "--format", "geojson", "--out", &out]);
    assert!(said.contains("position"), "{said}");
    assert!(fs::read(&out).unwrap().starts_with(b"PK"), "what was there stays");
    assert!(town.done(&["export", "visits", "--columns"]).contains("household id"));

    assert!(town.done(&["retention", "show"]).contains("60 months"));
    // Whatever the relay keeps by a rule can be set from here.
    for rule in town.json(&["retention", "show"])["rules"].as_array().unwrap() {
        let (kind, amount) = (rule["kind"].as_str().unwrap(), rule["amount"].to_string());
        town.done(&["retention", "set", kind, &amount]);
    }
    town.done(&["retention", "set", "incidents", "120"]);
    assert_eq!(town.json(&["retention", "show"])["rules"][0]["amount"], 120);
    town.done(&["retention", "hold", short(&second), "--reason", "信访复查"]);
    assert!(town.done(&["retention", "show"]).contains("信访复查"));
    town.done(&["retention", "release", short(&second)]);
    assert_eq!(town.json(&["retention", "run", "--dry-run"])["due"][0]["documents"], 0);
    let run = town.json(&["retention", "run"]);
    assert!(run["ended_at"].is_string());
    assert_eq!(town.json(&["retention", "show"])["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn operators_are_added_changed_and_what_was_done_is_listed() {
    let town = Town::new();
    let said = town.done(&words("operator add wangfang --shown 王芳 --roles dispatcher,leader"));
    assert!(said.contains("/#/join/") && said.contains("wangfang"), "{said}");
    assert!(
        town.refused(1, &words("operator add WangFang --shown x --roles reader")).contains("choose another")
    );
    assert!(town.refused(1, &words("operator add a --shown x --roles reader")).contains("2 to 40"));
    assert!(town.refused(1, &words("operator add h1 --shown x --roles handler")).contains("--department"));
    assert!(town.refused(1, &words("operator add h1 --shown x --roles boss")).contains("no role boss"));
    town.refused(2, &words("operator add h1 --shown x"));
    town.done(&words("operator add h1 --shown x --roles handler --department police"));
    assert!(town.refused(1, &words("operator disable nobody")).contains("operator list"));
    assert_eq!(town.json(&words("operator disable h1"))["is_disabled"], true);
    assert!(town.refused(1, &words("operator reset h1")).contains("operator enable"));
    assert_eq!(town.json(&words("operator enable h1"))["is_disabled"], false);
    assert_eq!(town.json(&words("operator roles wangfang administrator"))["roles"], json!(["administrator"]));
    assert!(town.refused(1, &words("operator disable wangfang")).contains("last administrator"));
    let listed = town.done(&words("operator list"));
    for word in ["wangfang", "王芳", "administrator", "handler", "police", "no password yet"] {
        assert!(listed.contains(word), "{word}: {listed}");
    }

    let audit = town.done(&words("audit list"));
    for word in ["POST /api/operators/{id}/disable", "this machine", "begun", "409", "200"] {
        assert!(audit.contains(word), "{word}: {audit}");
    }
    assert!(!audit.contains("王芳"), "ids only");
    let entries = town.json(&words("audit list --limit 1"))["audit"][0]["number"].as_u64().unwrap();
    assert!(town.refused(1, &words("audit list --operator nobody")).contains("operator list"));
    // The list itself was a look, and is written down.
    assert!(town.done(&words("audit verify")).contains(&format!("{} entries", entries + 1)));
}
