//! Whether what is there is what was said.

use std::collections::{BTreeMap, BTreeSet};

use suishou_core::{
    id::{BlobHash, DocumentId},
    rows::IncidentRow,
    store::{Mine, Query},
    view::PatrolView,
};
use suishou_server::relay::{Listed, Shown, WorkFilter};

use super::{
    ledger::{Numbers, Said},
    plan::Deed,
    sight,
    world::{Carried, Judged, World},
};

/// What the relay lists, by document.
type OnRelay = BTreeMap<DocumentId, Listed<IncidentRow>>;
/// All that the relay shows, by document.
pub(super) type OnScreen = BTreeMap<DocumentId, Shown<IncidentRow>>;

/// Everything that the relay lists.
async fn on_relay(world: &World) -> Judged<OnRelay> {
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let listed = world.township.settled().await.incidents(filter).await.map_err(|error| error.to_string())?;
    Ok(listed.into_iter().map(|listed| (listed.row.document, listed)).collect())
}

/// Documents of which something is held.
async fn held(world: &World) -> Judged<BTreeSet<DocumentId>> {
    let held = world.township.relay.held_items(true).await.map_err(|error| error.to_string())?;
    Ok(held.into_iter().map(|held| held.document).collect())
}

/// Looks at a phone after something happened to it or by it.
pub(super) async fn after(world: &mut World, at: usize, deed: Deed) -> Judged {
    let is_talk = matches!(deed, Deed::Exchange | Deed::Sync | Deed::StaleAnswer);
    let is_start = matches!(deed, Deed::Restart | Deed::Crash | Deed::RollBack | Deed::Clone | Deed::Trim);
    if world.carried(at).is_wiped || !(is_talk || is_start) {
        return Ok(());
    }
    let carried = world.carried(at);
    let field = carried.phone.field();
    let own = field.incidents(Mine::Only, 500, 0).map_err(|error| format!("listing: {error}"))?;
    let own: BTreeMap<DocumentId, bool> =
        own.into_iter().map(|listed| (listed.row.document, listed.stored.is_whole())).collect();
    if is_start {
        drafts(carried)?;
    } else {
        counts(carried)?;
    }
    let (member, has, before) = (carried.member, carried.has.clone(), carried.told.clone());
    let mut no_more = Numbers::new();
    let mut told: BTreeSet<DocumentId> = BTreeSet::new();
    for number in &has {
        let Some(said) = world.ledger.said.get(*number).filter(|said| said.is_report) else { continue };
        match own.get(&said.document) {
            None => return Err(format!("{member}'s phone lost {} ({})", said.text, said.document)),
            Some(true) if !before.contains(number) => drop(told.insert(said.document)),
            Some(true) => {}
            Some(false) => drop(no_more.insert(*number)),
        }
    }
    world.carried(at).told.retain(|number| !no_more.contains(number));
    if told.is_empty() {
        return Ok(());
    }
    let held = held(world).await?;
    for document in told {
        let numbers: Vec<usize> = world.ledger.of_document(&has, document).collect();
        for number in numbers {
            let Some(said) = world.ledger.said.get(number).cloned() else { continue };
            if said.is_report && !held.contains(&document) {
                is_there(world, &said).await.map_err(|what| format!("a receipt lies: {what}"))?;
            }
            world.ledger.receipted.insert(number);
            world.carried(at).told.insert(number);
        }
    }
    Ok(())
}

/// Drafts that were called saved are there as they were.
fn drafts(carried: &Carried) -> Judged {
    let drafts = carried.phone.field().drafts().map_err(|error| format!("drafts: {error}"))?;
    let there: BTreeMap<_, _> = drafts.into_iter().map(|draft| (draft.id, draft.body.text)).collect();
    for (id, text) in &carried.drafts {
        if there.get(id) != Some(text) {
            return Err(format!(
                "{}'s phone: draft {id} was {text:?} and is {:?}",
                carried.member,
                there.get(id)
            ));
        }
    }
    Ok(())
}

/// What a screen counts is what it lists.
fn counts(carried: &Carried) -> Judged {
    let field = carried.phone.field();
    let query = Query { limit: 500, ..Query::default() };
    let (page, count) = (field.list(&query), field.count(&query));
    let page = page.map_err(|error| format!("a list: {error}"))?;
    let count = count.map_err(|error| format!("a count: {error}"))?;
    if page.next.is_none() && (page.total != count || page.items.len() as u64 != count) {
        return Err(format!(
            "{}'s phone counts {count}, says {} and lists {}",
            carried.member,
            page.total,
            page.items.len()
        ));
    }
    Ok(())
}

/// A report is on the relay, with its author and its photos.
async fn is_there(world: &World, said: &Said) -> Judged {
    let shown = world.township.settled().await.incident(said.document).await;
    is_whole(world, &shown.map_err(|error| format!("{} ({}): {error}", said.text, said.document))?, said)
}

fn is_whole(world: &World, shown: &Shown<IncidentRow>, said: &Said) -> Judged {
    let (text, document) = (&said.text, said.document);
    let author = shown.listed.member.as_ref().map(suishou_core::id::MemberId::as_str);
    // Who reported in confidence stands nowhere but under the keeper's seal.
    let is_sealed = said.is_anonymous || said.member.starts_with('i');
    if author.map_or(!is_sealed, |author| author != said.member) {
        return Err(format!("{text} ({document}) is {author:?}'s and not {}'s", said.member));
    }
    if shown.work.text != *text {
        return Err(format!("{document} says {:?} and not {text:?}", shown.work.text));
    }
    let stored: BTreeSet<BlobHash> =
        shown.work.photo_blobs.iter().filter(|photo| photo.is_stored).map(|photo| photo.hash).collect();
    let missing =
        said.photos.iter().find(|photo| !stored.contains(photo) && !world.ledger.lost_photos.contains(photo));
    match missing {
        Some(photo) if !world.was_restored_whole => {
            Err(format!("{text} ({document}) is without its photo {photo}"))
        }
        _ => Ok(()),
    }
}

/// After everybody had their say.
pub(super) async fn at_the_end(world: &mut World) -> Judged {
    let (there, held) = (on_relay(world).await?, held(world).await?);
    let mut owed: Numbers = world.ledger.receipted.clone();
    for carried in &world.phones {
        // A wiped phone can't give an older relay again what it had sent.
        if !carried.is_wiped || carried.wiped_after == world.restores {
            owed.extend(&carried.has);
        }
    }
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    let mut shown: OnScreen = BTreeMap::new();
    for document in there.keys() {
        let one = world.township.relay.incident(*document).await.map_err(|error| error.to_string())?;
        *texts.entry(one.work.text.clone()).or_default() += 1;
        shown.insert(*document, one);
    }
    for number in owed {
        let Some(said) = world.ledger.said.get(number) else { continue };
        if said.is_report {
            let shown = shown.get(&said.document);
            let shown =
                shown.ok_or_else(|| format!("{} ({}) is not on the relay", said.text, said.document))?;
            if shown.work.text != said.text && held.contains(&said.document) {
                // A phone that was set back reported its draft again: the second record waits for an operator.
                continue;
            }
            is_whole(world, shown, said)?;
            if texts.get(&said.text) != Some(&1) {
                return Err(format!("{} is there {:?} times", said.text, texts.get(&said.text)));
            }
            continue;
        }
        let remarks = shown.get(&said.document).into_iter().flat_map(|shown| &shown.notes);
        let found = remarks.filter(|note| note.text == said.text).count();
        match found {
            1 => {}
            0 if held.contains(&said.document) => {}
            found => {
                return Err(format!(
                    "{} of {}, a remark by {}, is there {found} times",
                    said.text, said.document, said.member
                ));
            }
        }
    }
    for carried in world.phones.iter().filter(|carried| !carried.is_wiped) {
        drafts(carried)?;
        counts(carried)?;
        patrols(world, carried)?;
    }
    sight::at_the_end(world, &shown).await
}

/// No patrol claims more than was walked.
fn patrols(world: &World, carried: &Carried) -> Judged {
    let shown =
        carried.phone.field().patrols(Mine::Only, 100, 0).map_err(|error| format!("patrols: {error}"))?;
    for PatrolView { row, .. } in shown {
        let walked_m = world.walked.get(&row.document).copied().unwrap_or(0);
        if row.distance_m > walked_m + walked_m / 5 + 30 {
            let (patrol, claimed) = (row.document, row.distance_m);
            return Err(format!("{}'s patrol {patrol} claims {claimed} m of {walked_m} m", carried.member));
        }
    }
    Ok(())
}
