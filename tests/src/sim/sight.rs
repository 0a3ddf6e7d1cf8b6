//! Who sees what: each phone shows what its member may see, as the relay has it, and no more.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use data_encoding::HEXLOWER;
use suishou_core::{
    id::{DepartmentId, DocumentId},
    model::{Role, step::Author},
    rows::IncidentRow,
    store::Mine,
};
use suishou_server::relay::{Listed, Member, Shown, WorkFilter};

use super::{
    check::OnScreen,
    ledger::Said,
    relay::CENTRE,
    world::{Judged, World},
};

/// Compares every phone with the relay.
pub(super) async fn at_the_end(world: &World, there: &OnScreen) -> Judged {
    let relay = world.township.relay.clone();
    let members = relay.members().await.map_err(|error| error.to_string())?;
    let mut bound: BTreeMap<String, BTreeSet<DocumentId>> = BTreeMap::new();
    for department in ["police", "market"] {
        let bound_to = DepartmentId::new(department).ok();
        let filter = WorkFilter { limit: 500, bound_to, ..WorkFilter::default() };
        let listed = relay.incidents(filter).await.map_err(|error| error.to_string())?;
        bound.insert(department.to_owned(), listed.into_iter().map(|listed| listed.row.document).collect());
    }
    let reports: BTreeMap<DocumentId, &Said> =
        world.ledger.said.iter().filter(|said| said.is_report).map(|said| (said.document, said)).collect();
    for (at, carried) in world.phones.iter().enumerate() {
        if carried.is_wiped {
            continue;
        }
        let Some(member) = members.iter().find(|member| member.id.as_str() == carried.member) else {
            continue;
        };
        let field = carried.phone.field();
        let listed = field.incidents(Mine::OrOthers, 500, 0).map_err(|error| format!("listing: {error}"))?;
        let seen: BTreeSet<DocumentId> = listed.iter().map(|listed| listed.row.document).collect();
        for (document, Shown { listed: on_relay, .. }) in there {
            let shows = seen.contains(document);
            let may = sees(member, on_relay, &bound, reports.get(document).copied());
            // What somebody was sent to see in an earlier life of the relay stays on their phone.
            let is_remembered = world.was_restored && shows && member.role != Role::Informant;
            if may != shows && !is_remembered {
                let grid = on_relay.row.grid.as_ref();
                return Err(format!(
                    "{}'s phone shows {document} of {grid:?}: {} instead of {may}",
                    carried.member, !may
                ));
            }
        }
        for listed in &listed {
            let (row, document) = (&listed.row, listed.row.document);
            let on_relay = there.get(&document);
            let is_ours = on_relay.is_some_and(|on_relay| {
                sees(member, &on_relay.listed, &bound, reports.get(&document).copied())
            });
            if world.was_restored && !is_ours && member.role != Role::Informant {
                continue;
            }
            let Some(on_relay) = on_relay else {
                return Err(format!(
                    "{}'s phone shows {document}, of which the relay knows nothing",
                    carried.member
                ));
            };
            let ours = (row.state, &row.category, row.severity, &row.grid, row.has_clash);
            let theirs = &on_relay.listed.row;
            let theirs = (theirs.state, &theirs.category, theirs.severity, &theirs.grid, theirs.has_clash);
            if ours != theirs {
                let held = field.incident(document).map(|view| view.about.held.len()).unwrap_or_default();
                return Err(format!(
                    "{}'s phone {at} has {document} as {ours:?} with {held} held, the relay as {theirs:?} with {}",
                    carried.member, on_relay.held
                ));
            }
            let view = field.incident(document).map_err(|error| format!("opening {document}: {error}"))?;
            let mut here: Vec<&String> = view.about.notes.iter().map(|note| &note.text).collect();
            let mut remarks: Vec<&String> = on_relay.notes.iter().map(|note| &note.text).collect();
            if world.was_restored {
                here.retain(|text| remarks.contains(text) && !text.starts_with(CENTRE));
                remarks.retain(|text| !text.starts_with(CENTRE));
            }
            here.sort();
            remarks.sort();
            if here != remarks {
                return Err(format!(
                    "{}'s phone has remarks {here:?} of {document}, the relay {remarks:?}",
                    carried.member
                ));
            }
            // The stranger's held remarks have an alias too; and what an earlier life of the relay gave stays.
            let people = on_relay.people.len() + 1;
            let aliases = view.about.notes.iter().map(|note| note.author).chain([view.author]);
            for author in aliases {
                if let Author::Alias(alias) = author
                    && usize::from(alias) > people
                    && !world.was_restored
                {
                    return Err(format!("alias {alias} in {document}, where {people} people took part"));
                }
            }
        }
    }
    leaks(world)
}

/// What the rules say, from the members' list and what the relay lists.
fn sees(
    member: &Member,
    listed: &Listed<IncidentRow>,
    bound: &BTreeMap<String, BTreeSet<DocumentId>>,
    report: Option<&Said>,
) -> bool {
    let document = listed.row.document;
    let is_own = report.is_some_and(|report| report.member == member.id.as_str());
    let is_bound = member.department.as_ref().is_some_and(|department| {
        bound.get(department.as_str()).is_some_and(|bound| bound.contains(&document))
    });
    let is_open = report.is_none_or(|report| !report.is_anonymous);
    let is_near = match (member.role, &listed.row.grid) {
        (Role::Member, Some(grid)) => member.grids.contains(grid),
        // The village of both grids.
        (Role::Leader, Some(_)) => true,
        _ => false,
    };
    is_own || is_bound || (is_open && is_near)
}

/// No phone's files hold the number by which the relay knows somebody else's phone.
fn leaks(world: &World) -> Judged {
    for carried in &world.phones {
        let mut files = Vec::new();
        read_all(carried.phone.folder(), &mut files);
        for other in world.phones.iter().filter(|other| other.member != carried.member) {
            let needle = HEXLOWER.encode(other.device.as_ref());
            if files.iter().any(|file| file.contains(&needle)) {
                return Err(format!("{}'s phone holds the number of {}'s", carried.member, other.member));
            }
        }
    }
    Ok(())
}

/// As text, in which is searched quickly.
fn read_all(folder: &Path, files: &mut Vec<String>) {
    for item in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = item.file_name();
        if name.to_string_lossy().starts_with("field.db") {
            files.extend(fs::read(item.path()).map(|bytes| HEXLOWER.encode(&bytes)));
        }
    }
}
