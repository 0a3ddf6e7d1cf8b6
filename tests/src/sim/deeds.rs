//! What people do with their phones, and what happens to phones.

use suishou_core::{
    field::{Field, Remark, ReportDraft, StepDraft},
    geo::Position,
    id::{BlobHash, CategoryId, DocumentId, DraftId, GridId, ReasonId},
    model::{
        DocumentKind, Severity,
        incident::StepKind,
        place::{Fix, FixSource},
    },
    store::Mine,
    time::{Clock as _, Random, Timestamp},
};

use super::{
    ledger::Said,
    patrol,
    plan::Deed,
    world::{Carried, Judged, World},
};

/// Ten years.
const YEARS_MS: i64 = 10 * 365 * 86_400_000;
/// Most phones of a run, with those that were made by copying.
const MOST_PHONES: usize = 11;

const CATEGORIES: [&str; 4] = ["food_safety", "order", "counterfeit", "order"];
const GRIDS: [&str; 2] = ["g1", "g2"];

pub(super) fn pick<T: Copy>(dice: &mut Random, among: &[T]) -> Option<T> {
    let count = among.len() as u64;
    if count == 0 { None } else { among.get(usize::try_from(dice.below(count)).unwrap_or(0)).copied() }
}

/// One in so many.
pub(super) fn one_in(dice: &mut Random, many: u64) -> bool {
    dice.below(many) == 0
}

pub(super) fn category(dice: &mut Random) -> CategoryId {
    CategoryId::new(pick(dice, &CATEGORIES).unwrap_or("order")).expect("a code")
}

pub(super) fn grid(dice: &mut Random) -> GridId {
    GridId::new(pick(dice, &GRIDS).unwrap_or("g1")).expect("a code")
}

/// Somewhere in one of the two grids, or outside of both.
fn place(dice: &mut Random) -> Position {
    let east = [119.605, 119.609, 119.611, 119.615, 119.7];
    Position::new(29.005, pick(dice, &east).unwrap_or(119.605)).expect("on Earth")
}

/// A small picture like no other.
fn picture(dice: &mut Random) -> Vec<u8> {
    let noise: Vec<u8> = (0..12).flat_map(|_| dice.bytes::<32>()).collect();
    let pixels: Vec<u8> =
        (0..48 * 48 * 3).map(|at| noise.get(at / 18 % noise.len()).copied().unwrap_or(0)).collect();
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 80);
    encoder.encode(&pixels, 48, 48, jpeg_encoder::ColorType::Rgb).expect("a picture can be encoded");
    jpeg
}

/// Lets a deed of a phone happen.
pub(super) fn perform(world: &mut World, at: usize, dice: &mut Random, deed: Deed) -> Judged {
    if world.carried(at).full_for > 0 {
        let carried = world.carried(at);
        carried.full_for -= 1;
        if carried.full_for == 0 {
            carried.phone.field().fill_disk(false).map_err(|error| error.to_string())?;
        }
    }
    match deed {
        Deed::Report => report(world, at, dice),
        Deed::Draft => draft(world, at, dice),
        Deed::Note => note(world, at, dice),
        Deed::Step => step(world, at, dice),
        Deed::Correct => correct(world, at, dice),
        Deed::Patrol => patrol::perform(world, at, dice),
        Deed::Restart => {
            let carried = world.carried(at);
            carried.phone.kill();
            carried.phone.start();
            carried.full_for = 0;
            carried.is_new();
            Ok(())
        }
        Deed::Crash => {
            let carried = world.carried(at);
            carried.phone.crash();
            carried.full_for = 0;
            carried.is_new();
            Ok(())
        }
        Deed::FullDisk => {
            let carried = world.carried(at);
            carried.full_for = 3;
            carried.phone.field().fill_disk(true).map_err(|error| error.to_string())
        }
        Deed::Clock => {
            let off = match dice.below(4) {
                0 => YEARS_MS,
                1 => -YEARS_MS,
                2 => i64::try_from(dice.below(7_200_000)).unwrap_or(0) - 3_600_000,
                _ => 0,
            };
            world.carried(at).clock.set_off(off);
            world.tell_more(|| format!("{} s", off / 1000));
            Ok(())
        }
        Deed::Trim => {
            let carried = world.carried(at);
            let trimmed = carried.excused(carried.phone.field().trim(), "making room")?;
            world.tell_more(|| format!("{trimmed:?}"));
            Ok(())
        }
        Deed::Snapshot => {
            let carried = world.carried(at);
            let copy = carried.phone.snapshot();
            carried.full_for = 0;
            carried.is_new();
            carried.copy = Some((copy, carried.known()));
            Ok(())
        }
        Deed::RollBack => {
            let carried = world.carried(at);
            if carried.is_wiped {
                return Ok(());
            }
            let Some((copy, known)) = carried.copy.take() else { return Ok(()) };
            carried.phone.roll_back(&copy);
            carried.full_for = 0;
            carried.is_new();
            carried.knows(known);
            Ok(())
        }
        Deed::Clone => {
            clone(world, at);
            Ok(())
        }
        Deed::LoseBlob => {
            lose_blob(world, at, dice);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn fix(carried: &Carried, dice: &mut Random) -> Option<Fix> {
    let age = i64::try_from(dice.below(600_000)).unwrap_or(0);
    let taken_at = Timestamp::from_millis(carried.clock.now().millis() - age);
    let position = place(dice);
    (!one_in(dice, 5)).then_some(Fix {
        position,
        accuracy_m: 8,
        taken_at,
        source: FixSource::Satellite,
        is_mock: false,
    })
}

fn photos(carried: &Carried, dice: &mut Random) -> Judged<Vec<BlobHash>> {
    let mut photos = Vec::new();
    for _ in 0..pick(dice, &[0, 0, 0, 1, 1, 2]).unwrap_or(0) {
        let added = carried.phone.field().add_photo(&picture(dice), &[]);
        photos.extend(carried.excused(added, "adding a photo")?);
    }
    Ok(photos)
}

fn report(world: &mut World, at: usize, dice: &mut Random) -> Judged {
    let text = world.text("报告");
    let carried = world.carried(at);
    let photos = photos(carried, dice)?;
    let is_anonymous = one_in(dice, 5);
    let draft = ReportDraft {
        text: text.clone(),
        category: category(dice),
        severity: Severity::Normal,
        fix: fix(carried, dice),
        grid: one_in(dice, 4).then(|| grid(dice)),
        photos: photos.clone(),
        voice: None,
        is_anonymous,
        matter: None,
    };
    let kept = carried.excused(carried.phone.field().report(draft), "reporting")?;
    if let Some(document) = kept {
        said(world, at, Said { document, text, member: "", is_report: true, is_anonymous, photos });
    }
    Ok(())
}

fn said(world: &mut World, at: usize, said: Said) {
    let member = world.carried(at).member;
    let (document, text) = (said.document, said.text.clone());
    let number = world.ledger.note(Said { member, ..said });
    world.carried(at).has.insert(number);
    world.tell_more(|| format!("{member}: {text} in {document}"));
}

fn draft(world: &mut World, at: usize, dice: &mut Random) -> Judged {
    let choice = dice.below(4);
    let text = world.text("草稿");
    let carried = world.carried(at);
    let known: Vec<DraftId> = carried.drafts.keys().copied().collect();
    match pick(dice, &known) {
        None => {
            let mut draft = carried.phone.field().start_draft(DocumentKind::Incident);
            draft.body.text.clone_from(&text);
            draft.body.category = Some(category(dice));
            draft.body.photos = photos(carried, dice)?;
            if carried.excused(carried.phone.field().save_draft(&draft), "saving a draft")?.is_some() {
                carried.drafts.insert(draft.id, text);
            }
        }
        Some(id) if choice == 0 => {
            if carried.excused(carried.phone.field().discard_draft(id), "discarding a draft")?.is_some() {
                carried.drafts.remove(&id);
            }
        }
        Some(id) if choice == 1 => {
            let view = carried.phone.field().draft(id);
            let Some(view) = carried.excused(view, "opening a draft")? else { return Ok(()) };
            let mut draft = view.draft;
            draft.body.text.clone_from(&text);
            if carried.excused(carried.phone.field().save_draft(&draft), "saving a draft")?.is_some() {
                carried.drafts.insert(id, text);
            }
        }
        Some(id) => {
            let view = carried.phone.field().draft(id);
            let Some(view) = carried.excused(view, "opening a draft")? else { return Ok(()) };
            let reported = carried.excused(carried.phone.field().report_draft(id), "reporting a draft")?;
            if let (Some(document), Some(text)) = (reported, carried.drafts.get(&id).cloned()) {
                carried.drafts.remove(&id);
                let photos = view.draft.body.photos;
                said(
                    world,
                    at,
                    Said { document, text, member: "", is_report: true, is_anonymous: false, photos },
                );
            }
        }
    }
    Ok(())
}

/// Something that the phone shows.
fn shown(carried: &Carried, dice: &mut Random) -> Judged<Option<DocumentId>> {
    let listed = carried.phone.field().incidents(Mine::OrOthers, 400, 0);
    let listed = carried.excused(listed, "listing")?.unwrap_or_default();
    let shown: Vec<DocumentId> = listed.iter().map(|listed| listed.row.document).collect();
    Ok(pick(dice, &shown))
}

fn note(world: &mut World, at: usize, dice: &mut Random) -> Judged {
    let text = world.text("备注");
    let carried = world.carried(at);
    let Some(document) = shown(carried, dice)? else { return Ok(()) };
    let remark = Remark { photos: photos(carried, dice)?, ..Remark::text(&text) };
    let kept = carried.excused(carried.phone.field().add_note(document, &remark), "a remark")?;
    if kept.is_some() {
        let photos = remark.photos;
        said(world, at, Said { document, text, member: "", is_report: false, is_anonymous: false, photos });
    }
    Ok(())
}

fn step(world: &mut World, at: usize, dice: &mut Random) -> Judged {
    let carried = world.carried(at);
    let Some(document) = shown(carried, dice)? else { return Ok(()) };
    let view = carried.phone.field().incident(document);
    let Some(view) = carried.excused(view, "opening an incident")? else { return Ok(()) };
    let Some(kind) = pick(dice, &view.possible) else { return Ok(()) };
    let needs_reason = matches!(kind, StepKind::Returned | StepKind::Rejected | StepKind::Reopened);
    let draft = StepDraft {
        dispatch: view.my_dispatch,
        reason: needs_reason.then(|| reason(carried.phone.field())).flatten(),
        rating: (kind == StepKind::Rated).then_some(4),
        ..StepDraft::plain(kind)
    };
    let member = carried.member;
    let done = carried.excused(carried.phone.field().step(document, draft), "a step")?;
    world.tell_more(|| format!("{member}: {kind:?} {} in {document}", done.is_some()));
    Ok(())
}

fn reason(field: &Field) -> Option<ReasonId> {
    field.settings().ok().flatten()?.reasons.first().map(|reason| reason.id.clone())
}

fn correct(world: &mut World, at: usize, dice: &mut Random) -> Judged {
    let carried = world.carried(at);
    let Some(document) = shown(carried, dice)? else { return Ok(()) };
    let (new_category, new_grid) = (category(dice), grid(dice));
    let is_grid = one_in(dice, 2);
    let (to_category, to_grid) = if is_grid { (None, Some(new_grid)) } else { (Some(new_category), None) };
    let corrected = carried.phone.field().correct(document, to_category, None, to_grid, None);
    let done = carried.excused(corrected, "a correction")?.is_some();
    world.tell_more(|| format!("{done} in {document}"));
    Ok(())
}

fn clone(world: &mut World, at: usize) {
    if world.phones.len() >= MOST_PHONES || world.carried(at).is_wiped {
        return;
    }
    let time = std::sync::Arc::new(super::clock::OwnClock::new(&world.township.time));
    let count = world.phones.len();
    let Some(carried) = world.phones.get_mut(at % count) else { return };
    let phone = carried.phone.cloned(&world.township);
    carried.full_for = 0;
    carried.is_new();
    let mut clone = Carried::new(phone, time, carried.member, carried.device);
    clone.knows(carried.known());
    clone.north_e7 = carried.north_e7;
    world.phones.push(clone);
}

/// A cleaner app removes a photo that nobody else has.
fn lose_blob(world: &mut World, at: usize, dice: &mut Random) {
    let known: Vec<BlobHash> = {
        let carried = world.carried(at);
        let numbers = carried.has.clone();
        let said = &world.ledger.said;
        numbers.iter().filter_map(|number| said.get(*number)).flat_map(|said| said.photos.clone()).collect()
    };
    let Some(blob) = pick(dice, &known) else { return };
    if world.carried(at).is_wiped {
        return;
    }
    world.carried(at).phone.lose_blob(&blob);
    world.ledger.lost_photos.insert(blob);
}
