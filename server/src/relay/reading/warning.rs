//! Warnings in full: every issue, who has read it, who has not, and how it is at each post.

use serde::Serialize;
use suishou_core::{
    document::{Record, Work},
    geo::Position,
    id::GridId,
    model::{
        DocumentKind,
        warning::{Heard, Issue, PostReport, WarningLevel, WarningState},
    },
    rows::WarningRow,
    time::Timestamp,
};

use super::{Context, Kind};
use crate::relay::{
    error::Result,
    shown::{BlobShown, NamedShown},
};

/// Somebody has read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AcknowledgedShown {
    /// Who.
    #[serde(flatten)]
    pub by: NamedShown,
    /// Up to which issue.
    pub issue: u16,
    /// When.
    pub at: Timestamp,
}

/// What was heard of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ReportShown {
    /// Who said so.
    #[serde(flatten)]
    pub by: NamedShown,
    /// Where; none for their own place.
    pub post: Option<u16>,
    /// How it is.
    pub report: PostReport,
    /// How many people are safe there.
    pub people: Option<u16>,
    /// When.
    pub at: Timestamp,
}

/// A place to watch with what was last heard of it.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PostShown {
    /// Its number.
    pub id: u16,
    /// What people call it.
    pub name: String,
    /// Its grid.
    pub grid: Option<GridId>,
    /// Where.
    pub position: Option<Position>,
    /// Who answers for it.
    pub keeper: Option<NamedShown>,
    /// The last report from there.
    pub last: Option<ReportShown>,
}

/// What a warning in full has beside its row.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct WarningShown {
    /// What to do.
    pub text: String,
    /// The photos.
    pub photo_blobs: Vec<BlobShown>,
    /// Those who watch are asked how it is there.
    pub asks_report: bool,
    /// Every issue, the first first.
    pub issues: Vec<Issue>,
    /// Who has read it.
    pub acknowledgements: Vec<AcknowledgedShown>,
    /// Those it is for who have not read the last issue.
    pub waiting: Vec<NamedShown>,
    /// The places to watch.
    pub post_list: Vec<PostShown>,
    /// Every last report, of posts and of people's own places.
    pub reports: Vec<ReportShown>,
}

impl Kind for WarningRow {
    type Shown = WarningShown;
    const KIND: DocumentKind = DocumentKind::Warning;

    fn states() -> Vec<&'static str> {
        vec!["announced", "in_force", "expired", "ended"]
    }

    fn warning(&self, now: Timestamp) -> Option<(WarningLevel, WarningState)> {
        Some((self.level, self.state_at(now)))
    }

    fn shown(context: &Context<'_>, record: &Record, work: Work) -> Result<Option<Self::Shown>> {
        let (Record::Warning(record), Work::Warning(warning)) = (record, work) else { return Ok(None) };
        let mut acknowledgements = Vec::with_capacity(warning.acknowledged.len());
        for (member, (issue, at)) in &warning.acknowledged {
            acknowledgements.push(AcknowledgedShown { by: context.named(member)?, issue: *issue, at: *at });
        }
        let mut post_list = Vec::with_capacity(record.posts.len());
        for post in &record.posts {
            let last = warning.heard.iter().rev().filter(|heard| heard.post == Some(post.id));
            let last = last.max_by_key(|heard| heard.at);
            post_list.push(PostShown {
                id: post.id,
                name: post.name.clone(),
                grid: post.grid.clone(),
                position: post.position,
                keeper: post.member.as_ref().map(|member| context.named(member)).transpose()?,
                last: last.map(|heard| report(context, heard)).transpose()?,
            });
        }
        let keepers = record.posts.iter().filter_map(|post| post.member.clone());
        let mut asked = record.audience.clone();
        asked.members.extend(keepers);
        let has_read =
            |member: &_| warning.acknowledged.get(member).is_some_and(|(issue, _)| *issue >= warning.issue);
        let is_over = warning.state_at(context.now) == WarningState::Ended;
        Ok(Some(WarningShown {
            text: record.text.clone(),
            photo_blobs: context.blobs(&record.photos)?,
            asks_report: record.asks_report,
            acknowledgements,
            waiting: if is_over {
                Vec::new()
            } else {
                context.missing(&asked, |member| !has_read(member))?
            },
            post_list,
            reports: warning.heard.iter().map(|heard| report(context, heard)).collect::<Result<_>>()?,
            issues: warning.issues,
        }))
    }
}

fn report(context: &Context<'_>, heard: &Heard) -> Result<ReportShown> {
    Ok(ReportShown {
        by: context.named(&heard.member)?,
        post: heard.post,
        report: heard.report,
        people: heard.people,
        at: heard.at,
    })
}
