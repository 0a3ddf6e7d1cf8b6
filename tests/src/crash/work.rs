//! What is recorded: the real programs' code at work, saying on its output what it promises as soon as it does.
//!
//! Each line begins with whose promise it is. `track` names a folder in which power is cut, `over` ends the recording.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use suishou_core::{
    error::{Error, Result},
    field::{Field, ReportDraft, StepDraft},
    geo::Position,
    id::{BlobHash, CategoryId, DocumentId},
    model::{
        DocumentKind, Severity, decode,
        incident::{IncidentStep, StepKind},
        track::TrackFix,
    },
    sync::{
        exchange::Response,
        session::{Session, Step},
        wire::{RECEIPT_HEADER, SignedBlobReceipt, SyncResponse, path},
    },
    time::{Clock as _, Random},
};
use suishou_server::{
    folder::Folder,
    relay::{Act, Engine, backup::Order},
};

use super::check::identity;
use crate::harness::{Phone, TestClock, Township, copy_folder};

/// Reports of the phone alone.
const REPORTS: u64 = 6;
/// Drafts of the phone alone.
const DRAFTS: u64 = 7;

/// Says a line: from then on it is a promise.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("somebody listens");
}

/// The end of what is recorded; nothing is tidied up.
fn over() -> ! {
    say("over");
    std::process::exit(0)
}

/// Puts an enrolled phone into `folder`.
pub(super) async fn prepare_phone(folder: &Path, seed: u64) {
    let township = Township::new(seed).await;
    let mut phone = township.phone("m1", seed).await;
    phone.kill();
    copy_folder(phone.folder(), folder);
    township.relay.stop().await;
}

/// A phone that reports with photos, adds steps and walks; closed in order and opened again in between.
pub(super) fn phone(folder: &Path, seed: u64) -> Result<()> {
    say("track phone phone phone");
    let time = Arc::new(TestClock::new());
    let open = |life: u64| Field::open(folder, Arc::<TestClock>::clone(&time), Random::seeded(seed + life));
    let mut field = open(1)?;
    let patrol = field.start_patrol("", None, Vec::new())?;
    let mut fixes = 0;
    for number in 0..REPORTS {
        if number == REPORTS / 2 {
            drop(field);
            field = open(2)?;
        }
        time.advance(Duration::from_secs(5));
        let photo = field.add_photo(&picture(seed, number, 64), &[])?;
        say(&format!("phone photo {photo}"));
        let document = field.report(report(format!("{number}"), vec![photo])?)?;
        say(&format!("phone saved {document} {photo}"));
        let remark = Some(format!("remark {number}"));
        field.step(document, StepDraft { remark, ..StepDraft::plain(StepKind::Handling) })?;
        say(&format!("phone entries {document} 3"));
        let position = Position::new(29.0 + 0.0001 * f64::from(u32::try_from(number).unwrap_or(0)), 119.605)?;
        field.patrol_fix(TrackFix { at: time.now(), position, accuracy_m: 5 })?;
        fixes += 1;
        say(&format!("phone fixes {patrol} {fixes}"));
    }
    field.finish_patrol()?;
    say(&format!("phone finished {patrol}"));
    drop(field);
    say("phone closed");
    over()
}

/// A phone that reports once, with the same photo in every life.
pub(super) fn capture(folder: &Path, seed: u64, life: u64) -> Result<()> {
    say("track phone phone phone");
    let time = Arc::new(TestClock::new());
    time.advance(Duration::from_secs(life));
    let field = Field::open(folder, time, Random::seeded(seed + life))?;
    let photo = field.add_photo(&picture(seed, 1_000, 64), &[])?;
    say(&format!("phone photo {photo}"));
    let document = field.report(report(format!("life {life}"), vec![photo])?)?;
    say(&format!("phone saved {document} {photo}"));
    over()
}

/// A phone on which drafts are written, saved again and again, reported or discarded.
pub(super) fn drafts(folder: &Path, seed: u64) -> Result<()> {
    say("track phone phone phone");
    let time = Arc::new(TestClock::new());
    let field = Field::open(folder, Arc::<TestClock>::clone(&time), Random::seeded(seed))?;
    for number in 0..DRAFTS {
        time.advance(Duration::from_secs(5));
        let mut draft = field.start_draft(DocumentKind::Incident);
        if number % 2 == 0 {
            draft.body.photos.push(field.add_photo(&picture(seed, number, 64), &[])?);
        }
        for _ in 0..3 {
            draft.body.text.push('x');
            field.save_draft(&draft)?;
            say(&format!("phone draft {} {}", draft.id, draft.body.text.len()));
        }
        match number % 3 {
            0 => {}
            1 => {
                // From now on it may be gone, and is when this returns.
                say(&format!("phone discarding {}", draft.id));
                field.discard_draft(draft.id)?;
                say(&format!("phone discarded {}", draft.id));
            }
            _ => {
                draft.body.category = Some(CategoryId::new("order")?);
                field.save_draft(&draft)?;
                field.report_draft(draft.id)?;
                say(&format!("phone reported {}", draft.id));
            }
        }
    }
    over()
}

/// A whole township from its beginning: a relay, phones that enrol and sync, the command centre's orders; relay and
/// phones are stopped and started in between.
pub(super) async fn township(seed: u64) -> Result<()> {
    let mut township = Township::new(seed).await;
    tell_track("relay", "relay", township.folder());
    say("relay members 7");
    let mut phones = Vec::new();
    for (name, member) in [("first", "m1"), ("second", "h1"), ("third", "i1")] {
        let mut phone = Phone::new(&township, seed);
        tell_track(name, "phone", phone.folder());
        phone.enrol(&township.invitation(member).await).await?;
        say(&format!("{name} enrolled"));
        say("relay enrolled");
        sync(&mut phone).await?;
        phones.push((name, phone));
    }
    let mut reported: Vec<DocumentId> = Vec::new();
    for round in 0..3_u64 {
        for (index, (name, phone)) in (0_u64..).zip(&mut phones) {
            township.time.advance(Duration::from_secs(20));
            if index != 1 {
                // The first one's pictures take several pieces.
                let side = if (round, index) == (0, 0) { 464 } else { 64 };
                let photo = phone.field().add_photo(&picture(seed, round * 10 + index, side), &[])?;
                let document = phone.field().report(report(format!("{name} {round}"), vec![photo])?)?;
                say(&format!("{name} saved {document} {photo}"));
                reported.push(document);
            }
            sync(phone).await?;
        }
        township.settled().await;
        if let Some(document) = reported.last().copied() {
            let act = Act::step(IncidentStep::plain(StepKind::Accepted));
            let act = Act { remark: Some("now".to_owned()), ..act };
            let before = heard(township.relay.status().await)?.stored_seq;
            heard(township.relay.act(document, act).await)?;
            say(&format!("relay stored {}", before + 1));
        }
        for (_, phone) in &mut phones {
            sync(phone).await?;
        }
        if round == 0 {
            township.restart().await;
        }
        for (_, phone) in &mut phones {
            phone.kill();
            phone.start();
            township.reconnect(phone);
        }
    }
    township.relay.stop().await;
    say("relay stopped");
    over()
}

/// A phone that the township revokes before it has sent anything: what is taken goes to the relay, the rest is sealed,
/// and the phone is wiped.
pub(super) async fn revoked(seed: u64) -> Result<()> {
    let township = Township::new(seed).await;
    let mut phone = township.phone("m1", seed).await;
    tell_track("phone", "revoked", phone.folder());
    let photo = phone.field().add_photo(&picture(seed, 1, 64), &[])?;
    say(&format!("phone photo {photo}"));
    let document = phone.field().report(report("unsent".to_owned(), vec![photo])?)?;
    say(&format!("phone saved {document} {photo}"));
    let mut draft = phone.field().start_draft(DocumentKind::Incident);
    draft.body.text.push('x');
    phone.field().save_draft(&draft)?;
    say(&format!("phone draft {} 1", draft.id));
    let devices = heard(township.relay.devices().await)?;
    let device = devices.iter().find(|device| device.member.as_str() == "m1").map(|device| device.id);
    heard(township.relay.revoke(device.ok_or(Error::Corrupt("the phone is not known"))?).await)?;
    let mut session = Session::default();
    let ended = loop {
        let asked = match phone.field().ask(&mut session) {
            Ok(Step::Send(request)) => request,
            other => break other.map(|_| ()),
        };
        let response = phone.network.carry(asked).await?;
        // What the relay took need not be sealed.
        say("phone pushed");
        if let Err(error) = phone.field().answer(&mut session, &response) {
            break Err(error);
        }
    };
    if !matches!(ended, Err(Error::Revoked)) {
        return Err(Error::Corrupt("the phone was not revoked"));
    }
    say("phone ended");
    phone.kill();
    phone.start();
    over()
}

/// A relay that is backed up again and again, of which two snapshots are kept.
pub(super) async fn back_up(folder: &Path, seed: u64) -> Result<()> {
    say("track shelf shelf shelf");
    let township = Township::new(seed).await;
    let keys = Folder::new(township.folder());
    township.identity().create(&keys).map_err(|_| Error::Corrupt("the relay's keys"))?;
    let mut phone = township.phone("m1", seed).await;
    let mut taken: Vec<String> = Vec::new();
    for number in 0..3 {
        township.time.advance(Duration::from_secs(100));
        let photo = phone.field().add_photo(&picture(seed, number, 64), &[])?;
        let document = phone.field().report(report(format!("{number}"), vec![photo])?)?;
        sync(&mut phone).await?;
        let act = Act { remark: Some("now".to_owned()), ..Act::default() };
        heard(township.settled().await.act(document, act).await)?;
        if number == 2 {
            say(&format!("shelf dropping {}", taken.first().map_or("", String::as_str)));
        }
        let order = Order { to: folder.join("shelf"), keep: Some(2), ..Order::default() };
        let snapshot = township.relay.back_up(order).await;
        let snapshot = snapshot.map_err(|error| {
            drop(writeln!(std::io::stderr(), "{error:?}"));
            Error::Corrupt("a backup")
        })?;
        say(&format!("shelf snapshot {}", snapshot.name));
        taken.push(snapshot.name);
        let act = Act { remark: Some("later".to_owned()), ..Act::default() };
        heard(township.settled().await.act(document, act).await)?;
        if township.relay.ship_journal().await.is_err() {
            return Err(Error::Corrupt("a journal"));
        }
    }
    township.relay.stop().await;
    over()
}

/// Opens an older database as today's programs do.
pub(super) fn open_old(folder: &Path, is_relay: bool) -> Result<()> {
    let time = Arc::new(TestClock::new());
    if is_relay {
        say("track old old-relay old");
        let mut engine = heard(Engine::open(folder, identity(), time, Random::seeded(1)))?;
        say("old opened");
        heard(engine.rest())?;
    } else {
        say("track old old-phone old");
        let field = Field::open(folder, time, Random::seeded(1))?;
        say("old opened");
        drop(field);
    }
    over()
}

/// What the relay refuses is said.
fn heard<T>(answer: suishou_server::relay::Result<T>) -> Result<T> {
    answer.map_err(|error| {
        drop(writeln!(std::io::stderr(), "{error}"));
        Error::Corrupt("what the relay was asked")
    })
}

fn tell_track(name: &str, kind: &str, folder: &Path) {
    let temporary = std::env::temp_dir();
    let path: PathBuf = folder.strip_prefix(&temporary).unwrap_or(folder).to_owned();
    say(&format!("track {name} {kind} {}", path.display()));
}

/// One session; what the relay answers is its promise from the moment at which the phone has it.
async fn sync(phone: &mut Phone) -> Result<()> {
    let mut session = Session::default();
    loop {
        let Step::Send(request) = phone.field().ask(&mut session)? else { return Ok(()) };
        let path = request.path.clone();
        let response = phone.network.carry(request).await?;
        tell_answer(&path, &response);
        phone.field().answer(&mut session, &response)?;
    }
}

fn tell_answer(asked: &str, response: &Response) {
    if asked == path::SYNC && response.status == 200 {
        let Ok(answer) = decode::<SyncResponse>(&response.body, "an answer") else { return };
        let receipt = answer.receipt;
        let (log, head) = (receipt.log_head.log, receipt.log_head.head);
        say(&format!("relay receipt {log} {} {} {} {}", head.counter, head.hash, receipt.epoch, receipt.seq));
        if let Some(cursor) = answer.cursor {
            say(&format!("relay fed {}", cursor.seq));
        }
    }
    let header = |wanted: &str| {
        response.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    if let Some(receipt) = header(RECEIPT_HEADER) {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(receipt.as_bytes()).unwrap_or_default();
        if let Ok(receipt) = decode::<SignedBlobReceipt>(&bytes, "a receipt") {
            say(&format!("relay blob {} {}", receipt.receipt.blob, receipt.receipt.size_bytes));
        }
    } else if let (Some(offset), Some(upload)) = (header("upload-offset"), asked.rsplit('/').next())
        && asked.matches('/').count() == 3
    {
        say(&format!("relay offset {upload} {offset}"));
    }
}

fn report(text: String, photos: Vec<BlobHash>) -> Result<ReportDraft> {
    Ok(ReportDraft {
        text,
        category: CategoryId::new("order")?,
        severity: Severity::Normal,
        fix: None,
        grid: None,
        photos,
        voice: None,
        is_anonymous: false,
        matter: None,
    })
}

/// A picture of noise that no other number makes.
fn picture(seed: u64, number: u64, side: u32) -> Vec<u8> {
    let mut random = Random::seeded(seed ^ (number << 32));
    let pixels: Vec<u8> = (0..=side * side * 3 / 32).flat_map(|_| random.bytes::<32>()).collect();
    let pixels = pixels.get(..(side * side * 3) as usize).unwrap_or_default();
    let side = u16::try_from(side).unwrap_or(u16::MAX);
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
    encoder.encode(pixels, side, side, jpeg_encoder::ColorType::Rgb).expect("a picture");
    jpeg
}
