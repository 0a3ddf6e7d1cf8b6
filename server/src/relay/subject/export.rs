//! All that is held about one person, to be handed to them.
//!
//! Nobody else is in it: of a household, who visited is not told; of a member, only what they did themselves. What
//! an informant did is told to the keeper's passphrase alone, for it says whose reports these are.

use serde::Serialize;
use suishou_core::{
    document::Record,
    entry::BodyType,
    error::Problem,
    id::{BlobHash, BodyHash, DeviceId, DocumentId, EntryId},
    model::{DocumentKind, Role, decode, note::Note},
    store::referred,
    time::Timestamp,
};

use super::{Subject, called, entries_of};
use crate::{
    db::{
        self,
        entry::{State, Stored},
    },
    relay::{
        Member, Relay,
        error::{RelayError, Result},
        identity::{KeeperError, Passphrase, Person, open_box},
        intake::Contact,
    },
};

/// All that is held.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SubjectExported)]
pub struct Exported {
    /// About whom.
    pub subject: Subject,
    /// When it was put together.
    pub exported_at: Timestamp,
    /// The line in the township's list.
    pub member: Option<Member>,
    /// What is sealed.
    pub identity: Option<Person>,
    /// Whom to call, as another system said.
    pub contact: Option<Contact>,
    /// Their phones.
    pub devices: Vec<DeviceExported>,
    /// What they wrote, or what was written about them.
    pub entries: Vec<EntryExported>,
}

/// A phone.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DeviceExported {
    /// Which.
    pub id: DeviceId,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// When it last synced.
    pub last_contact_at: Option<Timestamp>,
    /// It gets nothing more.
    pub is_revoked: bool,
}

/// An entry.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EntryExported {
    /// Which.
    pub entry: EntryId,
    /// Of which document.
    pub document: DocumentId,
    /// What that is.
    #[schema(value_type = suishou_core::model::DocumentKind)]
    pub kind: &'static str,
    /// `record`, `note` or `change`.
    #[schema(schema_with = crate::relay::schema::body_type)]
    pub body_type: &'static str,
    /// When, by the phone's clock.
    pub claimed_at: Timestamp,
    /// When it reached the relay.
    pub received_at: Timestamp,
    /// It takes no effect.
    pub is_held: bool,
    /// Its text was erased.
    pub is_erased: bool,
    /// What it says first.
    pub text: String,
    /// All of it, in CBOR's diagnostic notation.
    pub content: String,
    /// The attachments it names.
    pub blobs: Vec<BlobHash>,
}

impl Relay {
    /// Puts together what is held about somebody.
    pub async fn export_subject(&self, subject: Subject, passphrase: Option<Passphrase>) -> Result<Exported> {
        let about = subject.clone();
        let is_guarded = self.with(move |connection, _| is_guarded(connection, &about)).await?;
        let key = match (is_guarded, passphrase) {
            (false, _) => None,
            (true, Some(passphrase)) => Some(self.unlock(passphrase).await?),
            (true, None) => {
                let has_key = self.status().await?.identities.has_keeper_key;
                let missing = RelayError::invalid(Problem::Missing("passphrase"));
                return Err(if has_key { missing } else { KeeperError::NoKey.into() });
            }
        };
        self.with(move |connection, shared| {
            let snapshot = db::snapshot(connection)?;
            let called = called(&snapshot, &subject)?;
            let (member, entries) = entries_of(&snapshot, &subject, &called)?;
            let mut exported = Exported {
                subject,
                exported_at: shared.clock.now(),
                member: None,
                identity: None,
                contact: None,
                devices: Vec::new(),
                entries: entries.iter().map(entry).collect(),
            };
            if let Subject::Caller(document) = &exported.subject
                && let Some((name, phone)) = db::intake::contact(&snapshot, *document)?
            {
                exported.contact = Some(Contact { name, phone });
            }
            if let Some(member) = member {
                let sealed = db::identity::get(&snapshot, member.row)?;
                exported.identity = match (sealed, &key) {
                    (Some(sealed), Some(key)) => Some(open_box(&sealed, &member.id, key)?),
                    _ => None,
                };
                let device = |(id, enrolled_at, last_contact_at, is_revoked)| DeviceExported {
                    id,
                    enrolled_at,
                    last_contact_at,
                    is_revoked,
                };
                exported.devices =
                    db::subject::devices(&snapshot, member.row)?.into_iter().map(device).collect();
                exported.member = Some(member.into());
            }
            Ok(exported)
        })
        .await
    }
}

/// What somebody did who is or was an informant says which reports are theirs.
fn is_guarded(connection: &db::Connection, subject: &Subject) -> Result<bool> {
    let Subject::Member(member) = subject else { return Ok(false) };
    let member = db::member::find(connection, member)?.ok_or(RelayError::NotFound)?;
    Ok(member.role == Role::Informant || db::identity::until(connection, member.row)?.is_some())
}

fn entry(stored: &Stored) -> EntryExported {
    let header = &stored.entry.header;
    let body = stored.entry.body.as_deref().unwrap_or_default();
    EntryExported {
        entry: stored.entry_id,
        document: header.document,
        kind: header.kind.as_str(),
        body_type: match header.body_type {
            BodyType::Record => "record",
            BodyType::Note => "note",
            BodyType::Change => "change",
        },
        claimed_at: header.claimed_at,
        received_at: stored.received_at,
        is_held: matches!(stored.state, State::Held(_)),
        is_erased: header.body_hash != BodyHash::ZERO,
        text: text(header.kind, header.body_type, body),
        content: minicbor::display(body).to_string(),
        blobs: referred(&stored.entry),
    }
}

fn text(kind: DocumentKind, body_type: BodyType, body: &[u8]) -> String {
    match body_type {
        BodyType::Record => {
            Record::read(kind, body).map(|record| record.text().to_owned()).unwrap_or_default()
        }
        BodyType::Note => decode::<Note>(body, "a note").map(|note| note.text).unwrap_or_default(),
        BodyType::Change => String::new(),
    }
}
