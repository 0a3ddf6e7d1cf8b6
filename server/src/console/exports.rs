//! Exports: a file that is made whole and then sent in pieces.

use axum::{
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use suishou_core::error::Problem;
use tokio::io::AsyncReadExt as _;

use super::{
    Desk,
    error::{ApiError, language},
    figures::bound,
    input::Answer,
};
use crate::{
    relay::{
        export::{Format, Order, What},
        figures::By,
    },
    words::Words,
};

/// How much of a file is sent at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// As which file, and of when.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// `csv`, `xlsx` or `geojson`.
    format: Option<String>,
    /// CSV for Excel: with a mark that it is UTF-8, and words.
    excel: bool,
    /// A moment, or a day in Beijing.
    from: Option<String>,
    /// Before this moment, or to the end of this day.
    to: Option<String>,
}

/// The same of figures.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Grouped {
    /// `csv` or `xlsx`.
    format: Option<String>,
    /// CSV for Excel: with a mark that it is UTF-8, and words.
    excel: bool,
    /// A moment, or a day in Beijing.
    from: Option<String>,
    /// Before this moment, or to the end of this day.
    to: Option<String>,
    #[param(value_type = Option<By>)]
    by: Option<String>,
}

type Asked<W = Wanted> = Result<Query<W>, QueryRejection>;

/// `GET /api/exports/incidents`
pub(super) async fn incidents(
    State(desk): State<Desk>,
    headers: HeaderMap,
    wanted: Asked,
) -> Answer<Response> {
    let Query(wanted) = wanted?;
    export(&desk, &headers, "incidents", What::Incidents, wanted).await
}

/// `GET /api/exports/patrols`
pub(super) async fn patrols(State(desk): State<Desk>, headers: HeaderMap, wanted: Asked) -> Answer<Response> {
    let Query(wanted) = wanted?;
    export(&desk, &headers, "patrols", What::Patrols, wanted).await
}

/// `GET /api/exports/tasks`
pub(super) async fn tasks(State(desk): State<Desk>, headers: HeaderMap, wanted: Asked) -> Answer<Response> {
    let Query(wanted) = wanted?;
    export(&desk, &headers, "tasks", What::Tasks, wanted).await
}

/// `GET /api/exports/visits`
pub(super) async fn visits(State(desk): State<Desk>, headers: HeaderMap, wanted: Asked) -> Answer<Response> {
    let Query(wanted) = wanted?;
    export(&desk, &headers, "visits", What::Visits, wanted).await
}

/// `GET /api/exports/warnings`
pub(super) async fn warnings(
    State(desk): State<Desk>,
    headers: HeaderMap,
    wanted: Asked,
) -> Answer<Response> {
    let Query(wanted) = wanted?;
    export(&desk, &headers, "warnings", What::Warnings, wanted).await
}

/// `GET /api/exports/figures?by=`
pub(super) async fn figures(
    State(desk): State<Desk>,
    headers: HeaderMap,
    wanted: Asked<Grouped>,
) -> Answer<Response> {
    let Query(Grouped { format, excel, from, to, by }) = wanted?;
    let what = What::Figures(by.as_deref().unwrap_or("category").parse()?);
    export(&desk, &headers, "figures", what, Wanted { format, excel, from, to }).await
}

async fn export(
    desk: &Desk,
    headers: &HeaderMap,
    name: &'static str,
    what: What,
    wanted: Wanted,
) -> Answer<Response> {
    let format = match (wanted.format.as_deref().unwrap_or("csv").parse()?, wanted.excel) {
        (Format::Csv, true) => Format::ExcelCsv,
        (format, _) => format,
    };
    let (from, to) = (bound(wanted.from.as_deref(), false)?, bound(wanted.to.as_deref(), true)?);
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        return Err(ApiError::invalid(vec![Problem::Missing("an end after the beginning")]));
    }
    let words = Words::of(language(headers));
    let (file, rows) = desk.relay.export(Order { what, format, from, to, words }).await?;
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.ending());
    let heads: [(HeaderName, String); 3] = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (HeaderName::from_static("x-rows"), rows.to_string()),
    ];
    Ok((heads, in_pieces(tokio::fs::File::from_std(file))).into_response())
}

fn in_pieces(file: tokio::fs::File) -> Body {
    Body::from_stream(futures_util::stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
    }))
}
