//! What is held about one person: handed out to them, or erased with a certificate.
//!
//! Erased are words, names, positions, photos and recordings; headers, steps and counts stay, so that logs still
//! lead to their signed heads and figures do not change. Phones that see a document drop what they have of it and
//! get it anew.

mod caller;
mod certificate;
mod export;

use std::collections::BTreeSet;

use serde::Serialize;
use suishou_core::{
    document::erased_body,
    entry::BodyType,
    error::Problem,
    id::{BlobHash, BodyHash, DocumentId, MemberId},
    model::{DocumentKind, step::Author},
    store::{
        referred,
        tables::{load_document, save_document},
    },
};

pub use certificate::{Certificate, SignedCertificate, Subject};
pub use export::Exported;

use super::{
    Relay,
    engine::{Engine, Work},
    error::{RelayError, Result},
    held::named_by_held,
};
use crate::db::{
    self, Connection,
    blob::Unnamed,
    entry::{State, Stored},
    member::Kept,
};

/// What an erasure would do, or did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ErasurePlan {
    /// Records whose text goes.
    pub records: u64,
    /// Remarks whose text goes.
    pub notes: u64,
    /// Attachments that go.
    pub blobs: u64,
    /// Documents that these belong to.
    pub documents: u64,
    /// Of these, with something left to do.
    pub open_documents: u64,
    /// Phones that are revoked.
    pub devices: u64,
    /// A sealed identity goes.
    pub has_identity: bool,
    /// Names and phones of a caller that go.
    pub contacts: u64,
    /// A caller's: the incidents of which this is; of nobody else, for it would say which reports are theirs.
    pub incidents: Vec<DocumentId>,
}

/// An erasure that was asked for.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// About whom.
    pub subject: Subject,
    /// A caller's: those of [`ErasurePlan::incidents`] that are meant, and no other.
    pub incidents: Vec<DocumentId>,
    /// Why.
    pub reason: String,
    /// The operator; none for this machine.
    pub by: Option<i64>,
}

/// Everything that an erasure touches.
struct Found {
    member: Option<Kept>,
    /// A caller's incidents.
    called: Vec<DocumentId>,
    entries: Vec<Stored>,
    documents: BTreeSet<DocumentId>,
    blobs: BTreeSet<BlobHash>,
    /// Which documents name which attachments no more, whether or not others do.
    unnamed: BTreeSet<(BlobHash, DocumentId)>,
    plan: ErasurePlan,
}

impl Relay {
    /// What an erasure would do.
    pub async fn plan_erasure(&self, subject: Subject) -> Result<ErasurePlan> {
        self.with(move |connection, _| {
            let snapshot = db::snapshot(connection)?;
            plan(&snapshot, &subject)
        })
        .await
    }

    /// Erases what is held about somebody.
    pub async fn erase(&self, erasure: Erasure) -> Result<SignedCertificate> {
        if erasure.reason.trim().is_empty() {
            return Err(RelayError::invalid(Problem::Missing("reason")));
        }
        self.call(move |engine| engine.erase(&erasure)).await
    }
}

impl Engine {
    /// Erases what is held about somebody; when this returns, it is in no file of the folder.
    pub fn erase(&mut self, erasure: &Erasure) -> Result<SignedCertificate> {
        while self.project()? {}
        let (certificate, uploads) = self.write(|work| work.erase(erasure))?;
        for upload in uploads {
            self.blobs().discard(upload)?;
        }
        self.drop_doomed_blobs()?;
        self.scrub();
        self.drop_old_copies()?;
        tracing::info!(entries = certificate.certificate.bodies.len(), "erased");
        Ok(certificate)
    }

    /// Removes the files of erased attachments; also at the start, should an erasure have been cut short.
    pub(super) fn drop_doomed_blobs(&mut self) -> Result<()> {
        for blob in db::subject::doomed(self.connection())? {
            self.blobs().remove(&blob)?;
            self.write(|work| Ok(db::subject::forget_doomed(work.transaction, blob)?))?;
        }
        Ok(())
    }
}

impl Work<'_> {
    fn erase(&mut self, erasure: &Erasure) -> Result<(SignedCertificate, Vec<db::blob::UploadId>)> {
        let Erasure { subject, reason, by, .. } = erasure;
        let found = find(self.transaction, subject, meant(self.transaction, erasure)?)?;
        let mut bodies = Vec::with_capacity(found.entries.len());
        for stored in &found.entries {
            let Some(body) = stored.entry.body.as_deref() else { continue };
            let header = &stored.entry.header;
            let left = match stored.state {
                State::Held(_) => None,
                State::Stored | State::Passed => erased_body(header.kind, header.body_type, body),
            };
            let hash = BodyHash::of(body);
            db::entry::erase(self.transaction, stored.seq, hash, left.as_deref())?;
            bodies.push(hash);
        }
        for (blob, document) in &found.unnamed {
            db::subject::unname(self.transaction, *blob, *document)?;
        }
        for blob in &found.blobs {
            for preview in db::subject::previews_of(self.transaction, *blob)? {
                db::subject::doom(self.transaction, preview)?;
            }
            db::subject::doom(self.transaction, *blob)?;
        }
        for document in &found.documents {
            self.show_anew(*document)?;
        }
        for document in &found.called {
            db::intake::forget_contact(self.transaction, *document)?;
        }
        let mut uploads = Vec::new();
        if let Some(member) = &found.member {
            uploads = db::subject::uploads(self.transaction, member.row)?;
            for upload in &uploads {
                db::blob::delete_upload(self.transaction, *upload)?;
            }
            db::subject::forget_member(self.transaction, member.row)?;
        }
        let identity = &self.shared.identity;
        let certificate = Certificate {
            format: certificate::FORMAT,
            township: identity.township,
            relay_key: identity.key.public(),
            subject: subject.clone(),
            reason: reason.trim().to_owned(),
            by: *by,
            erased_at: self.now,
            records: found.plan.records,
            notes: found.plan.notes,
            blobs: found.plan.blobs,
            documents: found.plan.documents,
            contacts: found.plan.contacts,
            devices_revoked: found.plan.devices,
            had_identity: found.plan.has_identity,
            bodies,
            blob_hashes: found.blobs.into_iter().collect(),
        };
        let signed = certificate.sign(&identity.key)?;
        db::subject::add_erasure(self.transaction, &signed.to_json()?, self.now)?;
        Ok((signed, uploads))
    }

    /// Works a document's row out anew, and has phones drop the document and get it again.
    fn show_anew(&mut self, id: DocumentId) -> Result<()> {
        let Some(document) = load_document(self.transaction, id)? else { return Ok(()) };
        save_document(self.transaction, &document, None)?;
        let keys: BTreeSet<i64> =
            db::scope::of_document(self.transaction, id)?.iter().map(|held| held.key).collect();
        self.rescope(&document, &keys, &BTreeSet::new())?;
        self.rescope(&document, &BTreeSet::new(), &keys)
    }
}

/// What an erasure would do.
pub(super) fn plan(connection: &Connection, subject: &Subject) -> Result<ErasurePlan> {
    let called = called(connection, subject)?;
    Ok(find(connection, subject, called)?.plan)
}

/// Everything about somebody that can be erased and is not.
fn find(connection: &Connection, subject: &Subject, called: Vec<DocumentId>) -> Result<Found> {
    let (member, entries) = entries_of(connection, subject, &called)?;
    let entries: Vec<Stored> = entries
        .into_iter()
        .filter(|stored| {
            let header = &stored.entry.header;
            stored.entry.body.is_some()
                && stored.same_as.is_none()
                && header.body_hash == BodyHash::ZERO
                && header.body_type != BodyType::Change
        })
        .collect();
    let documents: BTreeSet<DocumentId> = entries.iter().map(|stored| stored.entry.header.document).collect();
    let mut named: BTreeSet<BlobHash> = entries.iter().flat_map(|stored| referred(&stored.entry)).collect();
    for stored in &entries {
        // A track stands in steps, and is whoever's the patrol is.
        let header = &stored.entry.header;
        if header.kind == DocumentKind::Patrol && header.body_type == BodyType::Record {
            named.extend(db::subject::blobs_of(connection, header.document)?);
        }
    }
    let erased: BTreeSet<i64> = entries.iter().map(|stored| stored.seq).collect();
    let mut still_named = BTreeSet::new();
    for document in &documents {
        for stored in db::entry::of_document(connection, *document)? {
            if !erased.contains(&stored.seq) && stored.entry.header.body_type != BodyType::Change {
                still_named.extend(referred(&stored.entry).into_iter().map(|blob| (blob, *document)));
            }
        }
    }
    let (mut blobs, mut unnamed) = (BTreeSet::new(), BTreeSet::new());
    for blob in named {
        let is_here =
            |document: &DocumentId| documents.contains(document) && !still_named.contains(&(blob, *document));
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            db::blob::documents(connection, blob)?.into_iter().partition(is_here);
        unnamed.extend(here.into_iter().map(|document| (blob, document)));
        if elsewhere.is_empty() {
            blobs.insert(blob);
        }
    }
    if let Some(member) = &member {
        blobs.extend(unnamed_of(connection, member, &erased)?);
    }
    let count = |wanted: BodyType| {
        entries.iter().filter(|stored| stored.entry.header.body_type == wanted).count() as u64
    };
    let mut contacts = 0;
    for document in &called {
        contacts += u64::from(db::intake::contact(connection, *document)?.is_some());
    }
    let mut plan = ErasurePlan {
        contacts,
        incidents: called.clone(),
        records: count(BodyType::Record),
        notes: count(BodyType::Note),
        blobs: blobs.len() as u64,
        documents: documents.len() as u64,
        ..ErasurePlan::default()
    };
    for document in &documents {
        plan.open_documents += u64::from(db::subject::is_open(connection, *document)?);
    }
    if let Some(member) = &member {
        let devices = db::subject::devices(connection, member.row)?;
        plan.devices = devices.iter().filter(|(.., is_revoked)| !is_revoked).count() as u64;
        plan.has_identity = db::identity::get(connection, member.row)?.is_some();
    }
    Ok(Found { member, called, entries, documents, blobs, unnamed, plan })
}

/// What a member's phones sent and nothing names: photos and recordings of what was begun and never reported. What
/// somebody else's entry names that did not take effect stays theirs.
fn unnamed_of(connection: &Connection, member: &Kept, erased: &BTreeSet<i64>) -> Result<Vec<BlobHash>> {
    let unnamed = db::blob::unnamed_of(connection, member.row)?;
    if unnamed.is_empty() {
        return Ok(Vec::new());
    }
    let waited_for = named_by_held(connection, erased)?;
    let photos: BTreeSet<BlobHash> = unnamed.iter().map(|one| one.hash).collect();
    // A preview goes with its photo.
    let is_with_photo = |one: &Unnamed| one.preview_of.is_some_and(|photo| photos.contains(&photo));
    let alone = unnamed.iter().filter(|one| !is_with_photo(one) && !one.is_among(&waited_for));
    Ok(alone.map(|one| one.hash).collect())
}

/// The incidents about which the same person called.
fn called(connection: &Connection, subject: &Subject) -> Result<Vec<DocumentId>> {
    match subject {
        Subject::Caller(document) => caller::incidents(connection, *document),
        Subject::Member(_) | Subject::Household(_) => Ok(Vec::new()),
    }
}

/// Those of a caller's incidents that somebody looked at before and means, all of which must still be theirs.
fn meant(connection: &Connection, erasure: &Erasure) -> Result<Vec<DocumentId>> {
    let called = called(connection, &erasure.subject)?;
    if called.is_empty() {
        return Ok(called);
    }
    if erasure.incidents.is_empty() {
        return Err(RelayError::invalid(Problem::Missing("the incidents of the dry run")));
    }
    if let Some(stranger) = erasure.incidents.iter().find(|meant| !called.contains(meant)) {
        let code = stranger.to_string();
        return Err(RelayError::invalid(Problem::Unknown { what: "the incident of this caller", code }));
    }
    Ok(called.into_iter().filter(|one| erasure.incidents.contains(one)).collect())
}

/// A member's own entries, all of a household and its visits, or what a caller said by way of another system.
fn entries_of(
    connection: &Connection,
    subject: &Subject,
    called: &[DocumentId],
) -> Result<(Option<Kept>, Vec<Stored>)> {
    match subject {
        Subject::Member(id) => {
            let member = db::member::find(connection, id)?.ok_or(RelayError::NotFound)?;
            let entries = db::entry::of_member(connection, member.row)?;
            Ok((Some(member), entries))
        }
        Subject::Household(id) => {
            if !db::subject::is_kind(connection, *id, DocumentKind::Household)? {
                return Err(RelayError::NotFound);
            }
            let mut entries = db::entry::of_document(connection, *id)?;
            for visit in db::work::documents_about(connection, *id, DocumentKind::Visit, None)? {
                entries.extend(db::entry::of_document(connection, visit)?);
            }
            Ok((None, entries))
        }
        Subject::Caller(_) => {
            let mut entries = Vec::new();
            for document in called {
                entries.extend(db::entry::of_document(connection, *document)?.into_iter().filter(is_centres));
            }
            if entries.is_empty() {
                return Err(RelayError::NotFound);
            }
            Ok((None, entries))
        }
    }
}

/// What another system handed over and said later stands in the command centre's name; so does what operators wrote
/// of it. What phones wrote is theirs who did.
fn is_centres(stored: &Stored) -> bool {
    stored.author == Author::Centre
}

/// The member with this number, the household, or who called about the incident.
pub fn subject_of(
    member: Option<MemberId>,
    household: Option<DocumentId>,
    caller: Option<DocumentId>,
) -> Result<Subject> {
    match (member, household, caller) {
        (Some(member), None, None) => Ok(Subject::Member(member)),
        (None, Some(household), None) => Ok(Subject::Household(household)),
        (None, None, Some(caller)) => Ok(Subject::Caller(caller)),
        _ => Err(RelayError::invalid(Problem::Missing("member, household or caller"))),
    }
}
