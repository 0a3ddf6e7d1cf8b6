//! Which types belong to which route: one line for each, in the order of the matrix.

use suishou_core::rows::{HouseholdRow, IncidentRow, NoticeRow, PatrolRow, TaskRow, VisitRow, WarningRow};

use super::Document;
use crate::{
    console::{
        backups, basemap, care, devices, enrolments,
        events::LiveEvent,
        exports, figures, held, identity, incidents, intake, members, operators, orders, retention, session,
        settings,
        sheet::HouseholdLine,
        subject, township, webhooks,
        works::{self, Look, NoteForm, Size, Wanted},
    },
    relay::{
        BundleDrafts, BundleImported, DeviceShown, GridsImported, HeldShown, Imported, Kind, Listed, Member,
        SettingsFile, Shown, VersionShown,
        audit::{AuditShown, AuditVerified},
        basemap::{BaseMapShown, TileAddress},
        devices::{DeviceDetail, Restored},
        enrolment::InvitationShown,
        figures::{GridSheet, Published, Statement},
        held::{HeldDetail, Released, Tried},
        identity::{KeeperMade, RevealShown, Revealed},
        intake::{Contact, ItemShown, Secret, SourceForm, SourceShown, Taken},
        operators::{OperatorShown, SignedIn},
        picture::PhotoAdded,
        retention::{DueShown, RetentionShown, RunShown},
        subject::Exported,
        webhooks::{DeadShown, HookForm, HookShown, Tested},
    },
};

/// Pictures and recordings as they are kept, and bytes that are none.
const PICTURES: [&str; 6] =
    ["image/jpeg", "image/png", "image/webp", "audio/ogg", "audio/mp4", "application/octet-stream"];

/// Tiles of a base map.
const TILES: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];

/// Files for other programs.
const EXPORTS: [&str; 3] =
    ["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/geo+json"];

/// Every route.
pub(super) fn describe(api: &mut Document) {
    logins(api);
    works(api);
    township(api);
    phones(api);
    people(api);
    others(api);
    numbers(api);
    // What changes, and this document.
    api.schema_of::<LiveEvent>();
    api.get("/api/events").sends(&["text/event-stream"]);
    api.get("/api/openapi.json").sends_object();
}

/// Logins, operators and what they did.
fn logins(api: &mut Document) {
    api.post("/api/session").takes::<session::Login>().answers::<SignedIn>();
    api.post("/api/session/join").takes::<session::Join>().creates::<SignedIn>();
    api.get("/api/session").answers::<session::Who>();
    api.delete("/api/session").answers::<session::Ended>();
    api.post("/api/session/confirm").takes::<session::Confirm>().answers::<session::Confirmed>();
    api.post("/api/session/password").takes::<session::NewPassword>().answers::<SignedIn>();
    api.get("/api/operators").lists::<OperatorShown>("operators");
    api.post("/api/operators").takes::<operators::Add>().creates::<operators::Linked<'_>>();
    api.post("/api/operators/{id}/disable").answers::<OperatorShown>();
    api.post("/api/operators/{id}/enable").answers::<OperatorShown>();
    api.post("/api/operators/{id}/roles").takes::<operators::Roles>().answers::<OperatorShown>();
    api.post("/api/operators/{id}/reset").answers::<operators::Linked<'_>>();
    api.get("/api/audit").query::<operators::Wanted>().lists::<AuditShown>("audit");
    api.get("/api/audit/verify").answers::<AuditVerified>();
}

/// Seven kinds of documents.
fn works(api: &mut Document) {
    // Incidents.
    of_kind::<IncidentRow>(api, ["/api/incidents", "/api/incidents/{id}", "/api/incidents/{id}/notes"]);
    api.get("/api/incidents/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    api.post("/api/photos").takes_raw("image/jpeg").creates::<PhotoAdded>();
    api.post("/api/incidents").takes::<incidents::Report>().creates::<Shown<IncidentRow>>();
    api.post("/api/incidents/{id}/steps").takes::<incidents::Step>().answers::<Shown<IncidentRow>>();
    api.post("/api/incidents/{id}/merge").takes::<incidents::Merge>().answers::<Shown<IncidentRow>>();
    // Patrols.
    of_kind::<PatrolRow>(api, ["/api/patrols", "/api/patrols/{id}", "/api/patrols/{id}/notes"]);
    api.get("/api/patrols/{id}/photos/{hash}").query::<Size>().sends(&PICTURES);
    api.get("/api/patrols/{id}/track").answers::<retention::Track>();
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
}

/// The township and its housekeeping.
fn township(api: &mut Document) {
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
    api.get("/api/backups").answers::<backups::Backups>();
    api.post("/api/backups").may_take::<backups::TakeForm>().answers::<backups::Begun>();
    api.post("/api/checks").may_take::<backups::CheckForm>().answers::<backups::Begun>();
    api.get("/api/retention").answers::<RetentionShown>();
    api.put("/api/retention").takes::<retention::Setting>().answers::<RetentionShown>();
    api.get("/api/retention/due").lists::<DueShown>("due");
    api.post("/api/retention/runs").begins::<RunShown>();
    api.get("/api/retention/runs/{run}").answers::<RunShown>();
    api.put("/api/retention/holds/{id}").takes::<retention::Hold>().answers::<retention::OnHold>();
    api.delete("/api/retention/holds/{id}").answers::<retention::OnHold>();
}

/// People, their phones, and what of these takes no effect.
fn phones(api: &mut Document) {
    api.get("/api/members").lists::<Member>("members");
    api.put("/api/members").takes_sheet::<members::MemberList>().answers::<Imported>();
    api.get("/api/basemap").answers::<BaseMapShown>();
    api.delete("/api/basemap").answers::<BaseMapShown>();
    api.put("/api/basemap/file")
        .query::<basemap::About>()
        .takes_raw("application/octet-stream")
        .answers::<BaseMapShown>();
    api.put("/api/basemap/address").takes::<TileAddress>().answers::<BaseMapShown>();
    api.get("/tiles/{z}/{x}/{y}").sends(&TILES);
    api.post("/api/bundles").takes_raw("application/octet-stream").answers::<BundleImported>();
    api.post("/api/bundles/drafts").takes_raw("application/octet-stream").answers::<BundleDrafts>();
    api.get("/api/enrolments").lists::<enrolments::Listed>("enrolments");
    api.post("/api/enrolments").takes::<enrolments::Enrolment>().creates::<enrolments::Handed<'_>>();
    api.post("/api/enrolments/batch")
        .query::<enrolments::Validity>()
        .takes_sheet::<enrolments::Batch>()
        .creates_list::<enrolments::Handed<'_>>("enrolments");
    api.get("/api/enrolments/{number}").answers::<InvitationShown>();
    api.post("/api/enrolments/{number}/withdraw").answers::<InvitationShown>();
    api.get("/api/devices").lists::<DeviceShown>("devices");
    api.get("/api/devices/{id}").answers::<DeviceDetail>();
    api.post("/api/devices/{id}/revoke").answers::<devices::Revoked>();
    api.post("/api/devices/{id}/restore").answers::<Restored>();
    api.post("/api/devices/{id}/release").answers::<Released>();
    api.post("/api/devices/{id}/replace")
        .takes::<enrolments::Validity>()
        .creates::<enrolments::Replacement<'_>>();
    api.get("/api/held").query::<held::Wanted>().lists::<HeldShown>("held");
    api.get("/api/held/{id}").answers::<HeldDetail>();
    api.get("/api/held/{id}/raw").sends(&["application/octet-stream"]);
    api.post("/api/held/{id}/release").answers::<Tried>();
    api.post("/api/held/{id}/reject").takes::<held::Rejection>().answers::<HeldShown>();
}

/// Who informants are, and what is held about somebody.
fn people(api: &mut Document) {
    api.post("/api/identity").takes::<identity::Init>().creates::<KeeperMade>();
    api.post("/api/identity/passphrase").takes::<identity::Change>().answers::<identity::Changed>();
    api.get("/api/reveals").lists::<RevealShown>("reveals");
    api.post("/api/reveals").takes::<identity::Ask>().creates::<RevealShown>();
    api.post("/api/reveals/{id}/open").takes::<identity::Open>().answers::<Revealed>();
    api.post("/api/reveals/{id}/refuse").answers::<RevealShown>();
    api.post("/api/subjects/exports").takes::<subject::Export>().answers::<Exported>();
    api.post("/api/subjects/erasures").takes::<subject::Erasure>().answers::<subject::Erased>();
}

/// Other systems.
fn others(api: &mut Document) {
    api.post("/api/intake/{id}").takes_signature().takes::<intake::TicketForm>().creates_or_knows::<Taken>();
    api.get("/api/intake-sources").lists::<SourceShown>("sources");
    api.post("/api/intake-sources").takes::<SourceForm>().creates::<Secret>();
    api.post("/api/intake-sources/{id}/enabled").takes::<intake::Enabled>().answers::<intake::EnabledShown>();
    api.post("/api/intake-sources/{id}/rotate").answers::<Secret>();
    api.get("/api/intake-items").query::<intake::Wanted>().lists::<ItemShown>("items");
    api.post("/api/intake-items")
        .query::<intake::OfFile>()
        .takes_raw("text/csv")
        .answers::<intake::TicketsImported>();
    api.get("/api/incidents/{id}/contact").answers::<Contact>();
    api.get("/api/webhooks").lists::<HookShown>("webhooks");
    api.post("/api/webhooks").takes::<HookForm>().creates::<Secret>();
    api.post("/api/webhooks/{id}/enabled").takes::<intake::Enabled>().answers::<intake::EnabledShown>();
    api.post("/api/webhooks/{id}/test").answers::<Tested>();
    api.post("/api/webhooks/{id}/retry").takes::<webhooks::Retry>().answers::<webhooks::Retried>();
    api.get("/api/webhook-items").query::<webhooks::Of>().lists::<DeadShown>("items");
}

/// Figures and files of them.
fn numbers(api: &mut Document) {
    api.get("/api/figures").query::<figures::Wanted>().answers::<Statement>();
    api.get("/api/figures/definitions").answers::<figures::Definitions>();
    api.get("/api/figures/published").query::<figures::Between>().answers::<Published>();
    api.get("/api/figures/grids/{id}").query::<figures::Form>().answers_or_sends::<GridSheet>("text/html");
    api.get("/api/exports/incidents").query::<exports::Wanted>().sends(&EXPORTS);
    api.get("/api/exports/patrols").query::<exports::Wanted>().sends(&EXPORTS);
    api.get("/api/exports/tasks").query::<exports::Wanted>().sends(&EXPORTS);
    api.get("/api/exports/visits").query::<exports::Wanted>().sends(&EXPORTS);
    api.get("/api/exports/warnings").query::<exports::Wanted>().sends(&EXPORTS);
    api.get("/api/exports/figures").query::<exports::Grouped>().sends(&EXPORTS[..2]);
}

/// What every kind has: a list, one in full, remarks.
fn of_kind<R: Kind>(api: &mut Document, [list, one, notes]: [&'static str; 3]) {
    api.get(list).query::<Wanted>().lists::<Listed<R>>(works::name(R::KIND));
    api.get(one).query::<Look>().answers::<Shown<R>>();
    api.post(notes).takes::<NoteForm>().answers::<Shown<R>>();
}
