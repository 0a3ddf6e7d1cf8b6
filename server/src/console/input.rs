//! Reads what a program sent: ids in paths, JSON bodies, and answers in JSON.

use std::str::FromStr;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use suishou_core::{
    error::{Error, Problem},
    geo::Position,
    id::GridId,
    model::{
        place::{FixSource, GridSource, Place},
        settings::Settings,
    },
};

use super::error::ApiError;

/// What every route answers.
pub(super) type Answer<T = Shown> = Result<T, ApiError>;

/// A JSON body.
pub(super) struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await?;
        from_json(&bytes).map(Self)
    }
}

/// Reads JSON; says where it is not readable.
pub(super) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::malformed(error.to_string()))
}

/// Reads an id or code from a path or query.
pub(super) fn id<T: FromStr<Err = Error>>(text: &str) -> Answer<T> {
    Ok(text.parse()?)
}

/// An answer in JSON.
#[derive(Debug)]
pub(super) struct Shown(Value);

impl Shown {
    /// Shows one value.
    pub(super) fn of<T: Serialize>(value: T) -> Answer {
        Ok(Self(serde_json::to_value(value).map_err(|error| ApiError::malformed(error.to_string()))?))
    }

    /// Shows a list under its name.
    pub(super) fn list<T: Serialize>(name: &str, items: Vec<T>) -> Answer {
        Self::of(serde_json::Map::from_iter([(name.to_owned(), Self::of(items)?.0)]))
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

/// A number outside of what is allowed.
pub(super) fn too_large(what: &'static str, found: u64, limit: u64) -> ApiError {
    ApiError::invalid(vec![Problem::TooLarge { what, found, limit }])
}

/// Where something is, as somebody at a desk knows it: a grid, a position, or both.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = SpotForm)]
#[serde(default)]
pub(super) struct Spot {
    grid: Option<GridId>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

impl Spot {
    /// The place; the grid is found from the position if none is given.
    pub(super) fn into_place(self, settings: &Settings) -> Answer<Place> {
        let position = match (self.latitude, self.longitude) {
            (Some(latitude), Some(longitude)) => Some(Position::new(latitude, longitude)?),
            (None, None) => None,
            _ => return Err(ApiError::invalid(vec![Problem::BadPosition])),
        };
        let (grid, grid_source) = if let Some(grid) = self.grid {
            settings.check_grid(&grid)?;
            (Some(grid), Some(GridSource::Chosen))
        } else {
            let found = position.and_then(|position| settings.finder().find(position));
            let source = found.as_ref().map(|_| GridSource::Found);
            (found, source)
        };
        let source = position.map(|_| FixSource::Manual);
        Ok(Place { position, source, grid, grid_source, ..Place::default() })
    }
}
