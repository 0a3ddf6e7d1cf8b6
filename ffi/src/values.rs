//! Values that travel in another form: ids and codes as text, times in milliseconds, and what other languages have no
//! shape for.

use std::{collections::BTreeMap, path::PathBuf, str::FromStr};

use suishou_core::{
    capture::text::SensitiveKind,
    error::{Error, HeldCode},
    geo::{GridKind, Position, shift::Shifted},
    id::{
        AnswerId, BlobHash, CategoryId, CheckpointId, DepartmentId, DocumentId, DraftId, EntryId, FormId,
        GridId, HazardId, MemberId, PurposeId, QuestionId, ReasonId, Salt, SourceId, ThemeId,
    },
    model::{
        Severity,
        choice::Choice,
        step::{Origin, StepId},
        task::{ItemState, Part, Task},
        track::{TrackFix, TrackSegment},
    },
    store::{Listed, Page, PageKey, RevokedNote},
    sync::check::CheckCode,
    time::Timestamp,
};

use crate::error::FieldError;

fn read<T: FromStr<Err = Error>>(text: &str) -> uniffi::Result<T> {
    text.parse().map_err(|error| FieldError::from(error).into())
}

/// For values that only ever go out.
fn outward<T>() -> uniffi::Result<T> {
    Err(FieldError::report("outward").into())
}

uniffi::custom_type!(AnswerId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(BlobHash, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(CategoryId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(CheckCode, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(CheckpointId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(DepartmentId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(DocumentId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(DraftId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(EntryId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(FormId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(GridId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(HazardId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(MemberId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(PurposeId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(QuestionId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(ReasonId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(SourceId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(StepId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
uniffi::custom_type!(ThemeId, String, { remote, try_lift: |text| read(&text), lower: |id| id.to_string() });
// Core fills it in: it never comes from outside.
uniffi::custom_type!(Salt, String, { remote, try_lift: |_of| Ok(Salt::ZERO), lower: |_of| String::new() });
uniffi::custom_type!(HeldCode, String, { remote, try_lift: |_of| outward(), lower: |code| code.as_str().to_owned() });
uniffi::custom_type!(GridKind, String, { remote, try_lift: |_of| outward(), lower: |kind| kind.to_string() });
uniffi::custom_type!(Timestamp, i64, {
    remote,
    try_lift: |millis| Ok(Timestamp::from_millis(millis)),
    lower: |at| at.millis(),
});
uniffi::custom_type!(PathBuf, String, {
    remote,
    try_lift: |path| Ok(PathBuf::from(path)),
    lower: |path| path.to_string_lossy().into_owned(),
});
uniffi::custom_type!(PageKey, String, {
    remote,
    try_lift: |key| serde_json::from_str(&key).map_err(Into::into),
    lower: |key| serde_json::to_string(&key).unwrap_or_default(),
});

/// WGS-84 degrees.
#[derive(uniffi::Record)]
pub struct Degrees {
    pub latitude: f64,
    pub longitude: f64,
}

uniffi::custom_type!(Position, Degrees, {
    remote,
    try_lift: |at| Position::new(at.latitude, at.longitude).map_err(|error| FieldError::from(error).into()),
    lower: |at| Degrees { latitude: at.latitude(), longitude: at.longitude() },
});

impl From<Shifted> for Degrees {
    fn from(at: Shifted) -> Self {
        Self { latitude: at.latitude, longitude: at.longitude }
    }
}

/// Within so many metres of a place.
#[derive(uniffi::Record)]
pub struct Circle {
    pub centre: Position,
    pub radius_m: u32,
}

pub(crate) type Near = (Position, u32);
uniffi::custom_type!(Near, Circle, {
    remote,
    try_lift: |near| Ok((near.centre, near.radius_m)),
    lower: |near| Circle { centre: near.0, radius_m: near.1 },
});

/// A value, and others that stand beside it because people chose differently at the same time.
#[derive(uniffi::Record)]
pub struct CodeChoice {
    pub value: Option<String>,
    pub others: Vec<String>,
}

fn codes<T: ToString>(choice: Choice<Option<T>>) -> CodeChoice {
    let others = choice.others.into_iter().flatten().map(|other| other.to_string());
    CodeChoice { value: choice.value.map(|value| value.to_string()), others: others.collect() }
}

fn certain<T>(choice: Choice<T>) -> Choice<Option<T>> {
    Choice { value: Some(choice.value), others: choice.others.into_iter().map(Some).collect() }
}

fn words(choice: Choice<Severity>) -> CodeChoice {
    let others = choice.others.into_iter().map(|other| other.as_str().to_owned()).collect();
    CodeChoice { value: Some(choice.value.as_str().to_owned()), others }
}

pub(crate) type CategoryChoice = Choice<CategoryId>;
uniffi::custom_type!(CategoryChoice, CodeChoice, { remote, try_lift: |_of| outward(), lower: |of| codes(certain(of)) });
pub(crate) type SeverityChoice = Choice<Severity>;
uniffi::custom_type!(SeverityChoice, CodeChoice, { remote, try_lift: |_of| outward(), lower: |of| words(of) });
pub(crate) type GridChoice = Choice<Option<GridId>>;
uniffi::custom_type!(GridChoice, CodeChoice, { remote, try_lift: |_of| outward(), lower: |of| codes(of) });
pub(crate) type CardChoice = Choice<Option<EntryId>>;
uniffi::custom_type!(CardChoice, CodeChoice, { remote, try_lift: |_of| outward(), lower: |of| codes(of) });

/// What became of an item, and to which shelter.
#[derive(uniffi::Record)]
pub struct ItemMark {
    pub state: ItemState,
    pub shelter: Option<u8>,
}

pub(crate) type ItemChoice = Choice<(ItemState, Option<u8>)>;
uniffi::custom_type!(ItemChoice, Vec<ItemMark>, {
    remote,
    try_lift: |_of| outward(),
    lower: |of| of.all().map(|(state, shelter)| ItemMark { state: *state, shelter: *shelter }).collect(),
});

/// How many there are of something.
#[derive(uniffi::Record)]
pub struct Tally {
    pub code: String,
    pub count: u64,
}

impl Tally {
    pub(crate) fn all(counts: Vec<(String, u64)>) -> Vec<Self> {
        counts.into_iter().map(|(code, count)| Self { code, count }).collect()
    }
}

fn tallies<K: ToString>(counts: BTreeMap<K, u32>) -> Vec<Tally> {
    counts.into_iter().map(|(code, count)| Tally { code: code.to_string(), count: count.into() }).collect()
}

pub(crate) type ByState = BTreeMap<String, u32>;
uniffi::custom_type!(ByState, Vec<Tally>, { remote, try_lift: |_of| outward(), lower: |of| tallies(of) });
pub(crate) type ByShelter = BTreeMap<u8, u32>;
uniffi::custom_type!(ByShelter, Vec<Tally>, { remote, try_lift: |_of| outward(), lower: |of| tallies(of) });

/// A field of a form by its name.
#[derive(uniffi::Record)]
pub struct Extra {
    pub name: String,
    pub value: String,
}

pub(crate) type Extras = BTreeMap<String, String>;
uniffi::custom_type!(Extras, Vec<Extra>, {
    remote,
    try_lift: |of| Ok(of.into_iter().map(|extra| (extra.name, extra.value)).collect()),
    lower: |of| of.into_iter().map(|(name, value)| Extra { name, value }).collect(),
});

/// What one person said and did about a task.
#[derive(uniffi::Record)]
pub struct MemberPart {
    pub member: MemberId,
    pub part: Part,
}

/// What a task's steps amount to.
#[derive(uniffi::Record)]
pub struct TaskWork {
    pub parts: Vec<MemberPart>,
    pub without_effect: Vec<StepId>,
    pub reason: Option<ReasonId>,
}

uniffi::custom_type!(Task, TaskWork, {
    remote,
    try_lift: |_of| outward(),
    lower: |of| TaskWork {
        parts: of.parts.into_iter().map(|(member, part)| MemberPart { member, part }).collect(),
        without_effect: of.without_effect,
        reason: of.reason,
    },
});

/// Who has read a warning, up to which issue and when.
#[derive(uniffi::Record)]
pub struct Acknowledgement {
    pub member: MemberId,
    pub issue: u16,
    pub at: Timestamp,
}

pub(crate) type Acknowledged = BTreeMap<MemberId, (u16, Timestamp)>;
uniffi::custom_type!(Acknowledged, Vec<Acknowledgement>, {
    remote,
    try_lift: |_of| outward(),
    lower: |of| of.into_iter().map(|(member, (issue, at))| Acknowledgement { member, issue, at }).collect(),
});

/// When something was said, and by whom.
#[derive(uniffi::Record)]
pub struct Said {
    pub author: suishou_core::model::step::Author,
    pub claimed_at: Timestamp,
    pub received_at: Option<Timestamp>,
}

uniffi::custom_type!(Origin, Said, {
    remote,
    try_lift: |_of| outward(),
    lower: |of| Said { author: of.author, claimed_at: of.claimed_at, received_at: of.received_at },
});

/// One page of a list.
#[derive(uniffi::Record)]
pub struct Listing {
    pub items: Vec<Listed>,
    pub next: Option<PageKey>,
    pub total: u64,
}

impl From<Page<Listed>> for Listing {
    fn from(page: Page<Listed>) -> Self {
        Self { items: page.items, next: page.next, total: page.total }
    }
}

/// A number in a text that looks like a person's; places count characters.
#[derive(uniffi::Record)]
pub struct SensitiveNumber {
    pub kind: SensitiveKind,
    pub start: u32,
    pub end: u32,
}

/// What is left of a phone that the township revoked.
#[derive(uniffi::Record)]
pub struct RevokedPhone {
    pub township_name: String,
    pub member: MemberId,
    pub bundle: Option<String>,
    pub entries: u64,
    pub blobs: u64,
    pub drafts: u64,
}

impl From<RevokedNote> for RevokedPhone {
    fn from(note: RevokedNote) -> Self {
        let RevokedNote { township_name, member, bundle, entries, blobs, drafts, .. } = note;
        Self { township_name, member, bundle, entries, blobs, drafts }
    }
}

/// A stretch of a patrol's path, and how long it is.
#[derive(uniffi::Record)]
pub struct Stretch {
    pub fixes: Vec<TrackFix>,
    pub distance_m: f64,
}

impl Stretch {
    pub(crate) fn all(segments: Vec<TrackSegment>) -> Vec<Self> {
        let stretch = |segment: TrackSegment| Self { distance_m: segment.distance_m(), fixes: segment.fixes };
        segments.into_iter().map(stretch).collect()
    }
}
