//! What can go wrong in core, named for the fact, and what the person in front of it can do next.
//!
//! An error carries ids and counts, never names, phone numbers, report text or coordinates.

use std::fmt;

use crate::id::{DocumentId, DraftId};

/// The result of nearly everything in core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A fact that kept something from happening. Conflicts, held entries and weak fixes are not
/// errors but values in a view.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input breaks a rule; every broken rule is listed.
    #[error("invalid input: {}", Problems(.problems))]
    Invalid {
        /// Each broken rule.
        problems: Vec<Problem>,
    },
    /// The document is not on this device.
    #[error("document {document} is not on this device")]
    NotFound {
        /// Which one.
        document: DocumentId,
    },
    /// The draft is not on this device: reported or discarded.
    #[error("draft {draft} is not on this device")]
    DraftNotFound {
        /// Which one.
        draft: DraftId,
    },
    /// The blob is not on this device.
    #[error("the attachment is not on this device")]
    BlobMissing,
    /// The step is not possible in the state the document is in, or not for this role.
    #[error("this step is not possible now: {code}")]
    Refused {
        /// Why.
        code: HeldCode,
    },
    /// No enrolment on this device yet.
    #[error("this device is not enrolled")]
    NotEnrolled,
    /// An operator revoked this device; what it holds is kept.
    #[error("this device was revoked by the township")]
    Revoked,
    /// The relay knows no such enrolment code.
    #[error("there is no such enrolment code: compare it with what the operator shows, or ask for a new one")]
    BadEnrolCode,
    /// Another phone used the enrolment code: perhaps somebody else's.
    #[error("the enrolment code was used by another phone: tell the operator, and ask for a new one")]
    EnrolCodeUsed,
    /// The enrolment code is out of date, or was withdrawn.
    #[error("the enrolment code is no longer good: ask the operator for a new one")]
    EnrolCodeExpired,
    /// The relay can't be reached, or what answered is not the relay.
    #[error("the relay can't be reached: {0}")]
    Offline(Unreachable),
    /// The relay answered, and refused the request as such.
    #[error("the relay refused the request: {code}")]
    RelayRefused {
        /// The relay's typed code.
        code: String,
    },
    /// Another process has the store open.
    #[error("another process has this store open")]
    Busy,
    /// No space is left.
    #[error("no space is left on this device")]
    StorageFull,
    /// Stored bytes are not what was stored.
    #[error("stored data is damaged: {0}")]
    Corrupt(&'static str),
    /// The database was written by a newer version.
    #[error("the store was written by a newer version of the app (schema {found}, known {known})")]
    TooNew {
        /// Its schema.
        found: i64,
        /// The newest schema this version knows.
        known: i64,
    },
    /// The database refused.
    #[error("the store failed: {0}")]
    Store(String),
    /// A file operation failed.
    #[error("file {action} failed: {kind}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The operating system's word for it.
        kind: std::io::ErrorKind,
    },
}

/// What the person can do: the only thing a screen branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Try again later; nothing is lost meanwhile.
    Retry,
    /// Change the input.
    FixInput,
    /// Get a new enrolment code from the operator.
    EnrolAgain,
    /// Make room on the phone.
    FreeSpace,
    /// Tell the makers: this should not happen.
    Report,
}

/// Why the relay can't be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// No connection.
    #[error("no connection")]
    NoConnection,
    /// The connection was cut in the middle.
    #[error("the connection was cut")]
    Cut,
    /// Something that is not the relay answered (a captive portal, a proxy).
    #[error("something else answered, perhaps the network wants a login")]
    NotTheRelay,
    /// The answer is not one the relay could have signed for this request.
    #[error("the answer is not signed by the township's relay")]
    BadSignature,
    /// The relay said to come back later.
    #[error("the relay is busy")]
    Overloaded,
}

/// One rule that the input breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Bytes of the wrong length.
    #[error("{found} bytes where {expected} are needed")]
    WrongLength {
        /// Needed.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// Not hexadecimal.
    #[error("not hexadecimal")]
    NotHex,
    /// Not a code.
    #[error("a code is 1 to 64 letters, digits, '-', '_', '.' or '/'")]
    BadCode,
    /// A typed enrolment code that can't be one.
    #[error("the code is mistyped: it has 20 letters and digits; compare it with the sheet")]
    Mistyped,
    /// Not an address of a relay.
    #[error("not an address: it looks like 192.168.1.20:8443")]
    BadAddress,
    /// Not what the wire format or a file format allows.
    #[error("not readable as {0}")]
    Malformed(&'static str),
    /// Written by a newer version.
    #[error("{what} has version {found}, newest known is {known}")]
    UnknownVersion {
        /// Of what.
        what: &'static str,
        /// The version found.
        found: u64,
        /// The newest known.
        known: u64,
    },
    /// Larger than allowed.
    #[error("{what} is {found}, at most {limit} is allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// Needed and missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Latitude, longitude or accuracy out of range or not a number.
    #[error("not a position on Earth")]
    BadPosition,
    /// Latitude and longitude in the wrong order.
    #[error("latitude and longitude are swapped; GeoJSON wants longitude first")]
    SwappedAxes,
    /// Coordinates of another reference system, or in metres.
    #[error("coordinates are not WGS-84 degrees; export the layer as WGS-84 (EPSG:4326)")]
    NotWgs84,
    /// A ring that encloses nothing.
    #[error("a ring needs at least three positions that span an area")]
    BadRing,
    /// A ring that meets itself elsewhere than at its ends.
    #[error("a ring crosses or touches itself")]
    CrossingRing,
    /// A hole that is not one.
    #[error("a hole must lie within the outer ring and share no edge or area with another ring")]
    BadHole,
    /// A name that can't be shown.
    #[error("a name is at most 200 bytes without control characters")]
    BadName,
    /// Something that is its own ancestor.
    #[error("{what} {code} stands above itself")]
    Cycle {
        /// What.
        what: &'static str,
        /// Which; a code, never a name.
        code: String,
    },
    /// A name that stands twice.
    #[error("{what} {code} stands twice")]
    Twice {
        /// What.
        what: &'static str,
        /// Which; a code, never a name.
        code: String,
    },
    /// A code that nothing in the settings has.
    #[error("{what} {code} is not known in this township")]
    Unknown {
        /// What.
        what: &'static str,
        /// Which; a code, never a name.
        code: String,
    },
    /// A question that must be answered.
    #[error("question {code} must be answered")]
    Unanswered {
        /// Which.
        code: String,
    },
    /// A code that can't go, because something open still has it.
    #[error("{what} {code} is used by {count} open documents and can't be taken away")]
    InUse {
        /// What.
        what: &'static str,
        /// Which; a code, never a name.
        code: String,
        /// By how many.
        count: u64,
    },
    /// A grid that can't go, because something in it would be left without one.
    #[error("the grid {code} can't be taken away, {count} {what}: {ids}; {remedy}")]
    LeftBehind {
        /// Which grid.
        code: String,
        /// How many.
        count: u64,
        /// What they are.
        what: &'static str,
        /// Their ids, some of them if they are many.
        ids: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Not a picture this app can read.
    #[error("not a JPEG, PNG or WebP picture")]
    NotAPhoto,
    /// Not a rectangle, or none within the picture.
    #[error("a rectangle to blur has a width and a height and lies within the picture, in fractions of it")]
    BadBlur,
    /// Not a recording this app can take.
    #[error("not an Opus (Ogg) or AAC (ADTS, MP4) recording")]
    NotAVoice,
    /// An attachment of one kind where another is meant.
    #[error("an attachment is not a {expected}")]
    WrongBlobKind {
        /// The kind that is needed.
        expected: &'static str,
    },
    /// Work of another person or of another township: it must never be sent as this one's.
    #[error(
        "{entries} entries or drafts of the former enrolment are on this phone; open a new folder for this person"
    )]
    FormerWork {
        /// How many.
        entries: u64,
    },
    /// Something about one line or feature of a file.
    #[error("{what} {number}: {problem}")]
    At {
        /// "line", "feature".
        what: &'static str,
        /// Counted from 1.
        number: usize,
        /// What is wrong there.
        problem: Box<Problem>,
    },
}

/// Why the relay keeps an entry apart instead of letting it take effect. Numbers are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HeldCode {
    /// The body is not readable as what its header says.
    #[n(1)]
    Malformed,
    /// The Automerge change breaks the guard's rules.
    #[n(2)]
    Guard,
    /// The change applied, but the document did not survive save and load.
    #[n(3)]
    Trial,
    /// It depends on a change that is held or unknown.
    #[n(4)]
    DependsOnHeld,
    /// Another author used this actor id first.
    #[n(5)]
    ActorTaken,
    /// This role may not do this.
    #[n(6)]
    NotAllowed,
    /// Not possible in the state the document is in.
    #[n(7)]
    WrongState,
    /// The document has a record already.
    #[n(8)]
    SecondRecord,
    /// The document's record has not arrived.
    #[n(9)]
    NoRecord,
    /// The device was revoked before this arrived.
    #[n(10)]
    Revoked,
    /// A limit per document or device is used up.
    #[n(11)]
    Quota,
    /// The entry's kind contradicts the document's.
    #[n(12)]
    WrongKind,
}

impl HeldCode {
    /// The code as it stands in JSON, SQL and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Guard => "guard",
            Self::Trial => "trial",
            Self::DependsOnHeld => "depends_on_held",
            Self::ActorTaken => "actor_taken",
            Self::NotAllowed => "not_allowed",
            Self::WrongState => "wrong_state",
            Self::SecondRecord => "second_record",
            Self::NoRecord => "no_record",
            Self::Revoked => "revoked",
            Self::Quota => "quota",
            Self::WrongKind => "wrong_kind",
        }
    }

    /// The number that stands in SQL and on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::Malformed => 1,
            Self::Guard => 2,
            Self::Trial => 3,
            Self::DependsOnHeld => 4,
            Self::ActorTaken => 5,
            Self::NotAllowed => 6,
            Self::WrongState => 7,
            Self::SecondRecord => 8,
            Self::NoRecord => 9,
            Self::Revoked => 10,
            Self::Quota => 11,
            Self::WrongKind => 12,
        }
    }

    /// The code with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        [
            Self::Malformed,
            Self::Guard,
            Self::Trial,
            Self::DependsOnHeld,
            Self::ActorTaken,
            Self::NotAllowed,
            Self::WrongState,
            Self::SecondRecord,
            Self::NoRecord,
            Self::Revoked,
            Self::Quota,
            Self::WrongKind,
        ]
        .into_iter()
        .find(|code| code.number() == number)
    }
}

impl fmt::Display for HeldCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// One broken rule.
    pub fn invalid(problem: Problem) -> Self {
        Self::Invalid { problems: vec![problem] }
    }

    /// Bytes that are not what they should be.
    pub fn malformed(what: &'static str) -> Self {
        Self::invalid(Problem::Malformed(what))
    }

    /// What the person can do.
    pub fn action(&self) -> Action {
        match self {
            Self::Invalid { .. } | Self::Refused { .. } => Action::FixInput,
            Self::NotEnrolled
            | Self::Revoked
            | Self::BadEnrolCode
            | Self::EnrolCodeUsed
            | Self::EnrolCodeExpired => Action::EnrolAgain,
            Self::Offline(_) | Self::Busy | Self::RelayRefused { .. } => Action::Retry,
            Self::StorageFull => Action::FreeSpace,
            Self::NotFound { .. }
            | Self::DraftNotFound { .. }
            | Self::BlobMissing
            | Self::Corrupt(_)
            | Self::TooNew { .. }
            | Self::Store(_)
            | Self::File { .. } => Action::Report,
        }
    }

    /// A failed file operation; a full disk is told apart.
    pub fn file(action: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |error| match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::StorageFull,
            kind => Self::File { action, kind },
        }
    }
}

struct Problems<'a>(&'a [Problem]);

impl fmt::Display for Problems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}
