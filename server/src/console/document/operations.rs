//! Which types belong to which route: one line for each, in the order of the matrix.

use suishou_core::rows::{HouseholdRow, IncidentRow, NoticeRow, PatrolRow, TaskRow, VisitRow, WarningRow};

use super::Document;
use crate::{
    console::{
        care,
        events::LiveEvent,
        incidents, members, orders, settings,
        sheet::HouseholdLine,
        bundles, township,
        works::{self, NoteForm, Size, Wanted},
    },
    relay::{
        BundleImported, GridsImported, Imported, Kind, Listed, Member, SettingsFile, Shown, VersionShown,
    },
};

/// Pictures as they are kept, and bytes that are none.
const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "application/octet-stream"];

/// Files for other programs.
const EXPORTS: [&str; 4] = [
    "text/csv",
    "application/geo+json",
    "application/json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
];

/// Every route.
pub(super) fn describe(api: &mut Document) {
    // Incidents.
    of_kind::<IncidentRow>(api, ["/api/incidents", "/api/incidents/{id}", "/api/incidents/{id}/notes"]);
    api.get("/api/incidents/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    api.post("/api/incidents").takes::<incidents::Report>().creates::<Shown<IncidentRow>>();
    api.post("/api/incidents/{id}/steps").takes::<incidents::Step>().answers::<Shown<IncidentRow>>();
    api.post("/api/incidents/{id}/merge").takes::<incidents::Merge>().answers::<Shown<IncidentRow>>();
    // Patrols.
    of_kind::<PatrolRow>(api, ["/api/patrols", "/api/patrols/{id}", "/api/patrols/{id}/notes"]);
    api.get("/api/patrols/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    // Households and visits.
    of_kind::<HouseholdRow>(api, ["/api/households", "/api/households/{id}", "/api/households/{id}/notes"]);
    api.get("/api/households/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    api.post("/api/households").takes::<HouseholdLine>().creates::<Shown<HouseholdRow>>();
    api.put("/api/households").takes_raw("text/csv").answers::<Imported>();
    api.post("/api/households/{id}/steps").takes::<care::Deed>().answers::<Shown<HouseholdRow>>();
    of_kind::<VisitRow>(api, ["/api/visits", "/api/visits/{id}", "/api/visits/{id}/notes"]);
    api.get("/api/visits/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    // Orders.
    of_kind::<TaskRow>(api, ["/api/tasks", "/api/tasks/{id}", "/api/tasks/{id}/notes"]);
    api.get("/api/tasks/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    api.post("/api/tasks").takes::<orders::TaskOrder>().creates::<Shown<TaskRow>>();
    api.post("/api/tasks/{id}/steps").takes::<orders::TaskDeed>().answers::<Shown<TaskRow>>();
    of_kind::<WarningRow>(api, ["/api/warnings", "/api/warnings/{id}", "/api/warnings/{id}/notes"]);
    api.get("/api/warnings/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    api.post("/api/warnings").takes::<orders::WarningOrder>().creates::<Shown<WarningRow>>();
    api.post("/api/warnings/{id}/steps").takes::<orders::WarningDeed>().answers::<Shown<WarningRow>>();
    of_kind::<NoticeRow>(api, ["/api/notices", "/api/notices/{id}", "/api/notices/{id}/notes"]);
    api.get("/api/notices/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    api.post("/api/notices").takes::<orders::NoticeOrder>().creates::<Shown<NoticeRow>>();
    api.post("/api/notices/{id}/steps").takes::<orders::NoticeDeed>().answers::<Shown<NoticeRow>>();
    // The township.
    api.get("/api/status").answers::<township::Status<'_>>();
    api.get("/api/settings").answers::<township::Summary<'_>>();
    api.put("/api/settings").takes::<SettingsFile>().answers::<Imported>();
    api.get("/api/settings/versions").lists::<VersionShown>("versions");
    api.get("/api/settings/versions/{version}").answers::<SettingsFile>();
    api.get("/api/grids").answers::<settings::Map>();
    api.put("/api/grids")
        .query::<township::GridImport>()
        .takes_raw("application/geo+json")
        .answers::<GridsImported>();
    api.put("/api/departments").takes_sheet::<township::DepartmentList>().answers::<Imported>();
    api.put("/api/checkpoints").takes_raw("text/csv").answers::<Imported>();
    // People and phones.
    api.get("/api/members").lists::<Member>("members");
    api.put("/api/members").takes_sheet::<members::MemberList>().answers::<Imported>();
    api.post("/api/bundles")
        .query::<bundles::Wanted>()
        .takes_raw("application/octet-stream")
        .answers::<BundleImported>();
    // Files.
    for path in [
        "/api/exports/incidents",
        "/api/exports/patrols",
        "/api/exports/tasks",
        "/api/exports/visits",
        "/api/exports/warnings",
        "/api/exports/figures",
    ] {
        api.get(path).sends(&EXPORTS);
    }
    api.get("/api/figures/grids/{id}").sends(&["application/json", "text/html"]);
    api.get("/api/held/{id}/raw").sends(&["application/octet-stream"]);
    api.operation("POST", "/api/subjects/exports").sends(&["application/json", "application/zip"]);
    // What changes, and this document.
    api.schema_of::<LiveEvent>();
    api.get("/api/events").sends(&["text/event-stream"]);
    api.get("/api/openapi.json").sends_object();
    api.describe_the_rest();
}

/// What every kind has: a list, one in full, remarks.
fn of_kind<R: Kind>(api: &mut Document, [list, one, notes]: [&'static str; 3]) {
    api.get(list).query::<Wanted>().lists::<Listed<R>>(works::name(R::KIND));
    api.get(one).answers::<Shown<R>>();
    api.post(notes).takes::<NoteForm>().answers::<Shown<R>>();
}
