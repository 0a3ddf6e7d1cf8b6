//! The day of the demo township, hour by hour.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use suishou_core::{
    id::GridId,
    sync::wire::Invitation,
    time::{Clock as _, SystemClock, Timestamp},
};
use suishou_tests::world::{
    camera::Camera,
    dice::Dice,
    texts::{self, Step},
};
use tokio::task::JoinSet;

use super::{
    Failed,
    link::Link,
    office::{Desk, Office},
    phones::Phone,
    photos::Photos,
    words::Words,
};

/// The bad link cuts every connection after so many bytes.
const CUT_AFTER_BYTES: u64 = 200_000;
/// The phones' day begins so long before now.
const DAY: Duration = Duration::from_secs(8 * 3_600);

/// What came of the day.
#[derive(Debug)]
pub(crate) struct Day {
    /// The phones, as they are at the end of it.
    pub(crate) phones: Vec<Phone>,
    /// Bytes up, bytes down, cuts.
    pub(crate) wire: (u64, u64, u64),
}

/// Lives through the day.
pub(crate) async fn live(
    office: &Office,
    folder: &Path,
    photos: &Photos,
    seed: u64,
    members_out: usize,
    words: &Words,
) -> Result<Day, Failed> {
    let mut dice = Dice::new(seed ^ 0x00da_11ed);
    let link =
        Link::to(office.phones_connect_to()?).await.map_err(|error| Failed::new("the link", &error))?;
    link.set_open(true);
    let mut phones = enrol(office, &link, folder, &mut dice, members_out, words).await?;

    link.set_open(false);
    phones = work_offline(phones, photos, seed, words).await?;

    link.cut_after(CUT_AFTER_BYTES);
    link.set_open(true);
    phones = sync_all(phones, &words.get("syncing")).await?;

    link.cut_after(0);
    dispatch_all(office, &mut dice, words).await?;
    phones = handle_all(phones, photos, seed, words).await?;
    close_all(office, &mut dice, words).await?;

    phones = sync_all(phones, &words.get("answering")).await?;
    for phone in &mut phones {
        phone.rate()?;
    }
    phones = sync_all(phones, &words.get("answering")).await?;
    Ok(Day { phones, wire: link.counted() })
}

fn bar(len: usize, label: &str) -> ProgressBar {
    let bar = ProgressBar::new(len as u64);
    if let Ok(style) = ProgressStyle::with_template("{wide_msg} [{bar:24}] {pos}/{len} {elapsed}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(label.to_owned());
    // Where nobody looks at a terminal the line alone says how far it is.
    if bar.is_hidden() {
        super::say(label);
    }
    bar
}

/// Chooses who goes out: all informants, one handler for each department, some members with a grid.
fn choose(people: &[Value], members_out: usize, dice: &mut Dice) -> Vec<(String, String, Vec<GridId>)> {
    let text =
        |person: &Value, key: &str| person.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut chosen = Vec::new();
    let mut members = Vec::new();
    let mut departments = BTreeMap::new();
    for person in people {
        let grids: Vec<GridId> = person
            .get("grids")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|grid| GridId::new(grid.as_str()?).ok())
            .collect();
        let found = (text(person, "id"), text(person, "role"), grids);
        match found.1.as_str() {
            "informant" => chosen.push(found),
            "handler" => drop(departments.entry(text(person, "department")).or_insert(found)),
            "member" => members.push(found),
            _ => {}
        }
    }
    dice.shuffle(&mut members);
    chosen.extend(members.into_iter().take(members_out));
    chosen.extend(departments.into_values());
    chosen
}

async fn enrol(
    office: &Office,
    link: &Arc<Link>,
    folder: &Path,
    dice: &mut Dice,
    members_out: usize,
    words: &Words,
) -> Result<Vec<Phone>, Failed> {
    let listed = office.json(&["member", "list"])?;
    let people = listed.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
    let chosen = choose(&people, members_out, dice);
    let bar = bar(chosen.len(), &words.get("enrolling"));
    let started_at = Timestamp::from_millis(
        SystemClock.now().millis() - i64::try_from(DAY.as_millis()).unwrap_or_default(),
    );
    let mut phones = Vec::new();
    for (member, role, grids) in chosen {
        let enrolment = office.json(&["enrol", &member])?;
        let text = enrolment.get("invitation").and_then(Value::as_str).unwrap_or_default();
        let invitation =
            Invitation::from_text(text).map_err(|error| Failed::new("the invitation", &error))?;
        // The phone's way to the relay leads over the link that can be cut.
        let invitation = Invitation { addresses: vec![link.address()], ..invitation };
        let phone = Phone::new(member, role, grids, &folder.join("phones"), started_at, dice.fork())?;
        let enrolled = phone.field().enrol(&invitation.to_text()).await;
        enrolled.map_err(|error| Failed::new("enrolling", &error))?;
        phones.push(phone);
        bar.inc(1);
    }
    bar.finish();
    sync_all(phones, &words.get("enrolling")).await
}

async fn work_offline(
    phones: Vec<Phone>,
    photos: &Photos,
    seed: u64,
    words: &Words,
) -> Result<Vec<Phone>, Failed> {
    let bar = bar(phones.len(), &words.get("offline"));
    let photos = photos.clone();
    let done = each(phones, 2, move |index, mut phone| {
        let (photos, bar) = (photos.clone(), bar.clone());
        async move {
            let worked = tokio::task::spawn_blocking(move || {
                let mut camera = Camera::new(seed.wrapping_mul(1_000).wrapping_add(index));
                phone.start_day();
                match phone.role.as_str() {
                    "informant" => phone.vendors_day(&photos, &mut camera)?,
                    "member" => phone.members_day(&photos, &mut camera)?,
                    _ => {}
                }
                Ok(phone)
            });
            let worked = worked.await.map_err(|error| Failed::new("a phone's day", &error))?;
            bar.inc(1);
            worked
        }
    });
    done.await
}

async fn sync_all(phones: Vec<Phone>, label: &str) -> Result<Vec<Phone>, Failed> {
    let bar = bar(phones.len(), label);
    let done = each(phones, 8, move |_, mut phone| {
        let bar = bar.clone();
        async move {
            phone.sync(SystemClock.now()).await?;
            bar.inc(1);
            Ok(phone)
        }
    });
    done.await
}

async fn handle_all(
    phones: Vec<Phone>,
    photos: &Photos,
    seed: u64,
    words: &Words,
) -> Result<Vec<Phone>, Failed> {
    let bar = bar(phones.iter().filter(|phone| phone.role == "handler").count(), &words.get("departments"));
    let photos = photos.clone();
    let done = each(phones, 2, move |index, mut phone| {
        let (photos, bar) = (photos.clone(), bar.clone());
        async move {
            if phone.role != "handler" {
                return Ok(phone);
            }
            phone.sync(SystemClock.now()).await?;
            let worked = tokio::task::spawn_blocking(move || {
                let mut camera = Camera::new(seed.wrapping_mul(2_000).wrapping_add(index));
                phone.handlers_day(&photos, &mut camera)?;
                Ok(phone)
            });
            let worked: Result<Phone, Failed> =
                worked.await.map_err(|error| Failed::new("a handler's day", &error))?;
            let mut phone = worked?;
            phone.sync(SystemClock.now()).await?;
            bar.inc(1);
            Ok(phone)
        }
    });
    done.await
}

/// Does something with every phone, so many at a time; the order stays.
async fn each<F, Fut>(phones: Vec<Phone>, at_once: usize, work: F) -> Result<Vec<Phone>, Failed>
where
    F: Fn(u64, Phone) -> Fut,
    Fut: Future<Output = Result<Phone, Failed>> + Send + 'static,
{
    let mut waiting = phones.into_iter().enumerate();
    let mut running: JoinSet<(usize, Result<Phone, Failed>)> = JoinSet::new();
    let mut done = BTreeMap::new();
    loop {
        while running.len() < at_once {
            let Some((index, phone)) = waiting.next() else { break };
            let working = work(index as u64, phone);
            running.spawn(async move { (index, working.await) });
        }
        let Some(finished) = running.join_next().await else { break };
        let (index, phone) = finished.map_err(|error| Failed::new("a phone", &error))?;
        done.insert(index, phone?);
    }
    Ok(done.into_values().collect())
}

/// Every incident that the relay lists.
pub(crate) fn listed(desk: &Desk) -> Result<Vec<Value>, Failed> {
    let listed = desk.json(&["incident", "list", "--limit", "500"])?;
    Ok(listed.get("incidents").and_then(Value::as_array).cloned().unwrap_or_default())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The command centre takes every report on, or refuses it, and sends it to whoever handles such things.
async fn dispatch_all(office: &Office, dice: &mut Dice, words: &Words) -> Result<(), Failed> {
    let incidents = listed(&office.desk())?;
    let departments = office.json(&["department", "list"])?;
    let departments = departments.get("departments").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut orders = Vec::new();
    for incident in &incidents {
        let (id, category) = (text(incident, "document").to_owned(), text(incident, "category").to_owned());
        if text(incident, "state") != "reported" {
            continue;
        }
        let handles = |department: &&Value| {
            let categories = department.get("categories").and_then(Value::as_array);
            categories.is_some_and(|known| known.iter().any(|known| known.as_str() == Some(&category)))
        };
        let to = departments.iter().find(handles).or_else(|| dice.choose(&departments));
        let to = to.map(|department| text(department, "id").to_owned()).unwrap_or_default();
        let (accept, send) = (texts::remark(dice, Step::Accept), texts::remark(dice, Step::Dispatch));
        let step = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        orders.push(if dice.chance(0.08) {
            vec![step(&["incident", "reject", &id, "--reason", "not_found", "--remark", &accept])]
        } else {
            vec![
                step(&["incident", "accept", &id, "--remark", &accept]),
                step(&["incident", "dispatch", &id, "--to", &to, "--remark", &send]),
            ]
        });
    }
    order(office, orders, &words.get("handling")).await
}

/// The command centre looks at what was done, and answers the reporters.
async fn close_all(office: &Office, dice: &mut Dice, words: &Words) -> Result<(), Failed> {
    let mut orders = Vec::new();
    for incident in listed(&office.desk())? {
        if text(&incident, "state") != "resolved" {
            continue;
        }
        let id = text(&incident, "document").to_owned();
        let answer = texts::remark(dice, Step::Close);
        let step = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        orders.push(vec![
            step(&["incident", "verify", &id]),
            step(&["incident", "close", &id, "--remark", &answer]),
        ]);
    }
    order(office, orders, &words.get("closing")).await
}

/// Runs the operator's commands, those of one incident in order, four incidents at a time.
async fn order(office: &Office, orders: Vec<Vec<Vec<String>>>, label: &str) -> Result<(), Failed> {
    let bar = bar(orders.len(), label);
    let desk = office.desk();
    let mut waiting = orders.into_iter();
    let mut running: JoinSet<Result<(), Failed>> = JoinSet::new();
    loop {
        while running.len() < 4 {
            let Some(commands) = waiting.next() else { break };
            let desk = desk.clone();
            running.spawn_blocking(move || {
                for command in commands {
                    let words: Vec<&str> = command.iter().map(String::as_str).collect();
                    desk.json(&words)?;
                }
                Ok(())
            });
        }
        let Some(done) = running.join_next().await else { break };
        done.map_err(|error| Failed::new("a command", &error))??;
        bar.inc(1);
    }
    bar.finish();
    Ok(())
}
