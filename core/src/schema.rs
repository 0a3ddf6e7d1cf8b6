//! How ids, codes, times and positions stand in an API's document; the derived schemas of all other values
//! refer to these by name.

use std::{any::type_name, borrow::Cow};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat,
        schema::{OneOfBuilder, SchemaType, Type},
    },
};

use crate::{
    geo::Position,
    id::{Bytes, Code},
    model::step::{Author, StepId},
    sync::check::CheckCode,
    time::Timestamp,
};

fn text(description: &str, pattern: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .pattern(Some(pattern))
        .examples([example])
}

/// The last part of a type's name.
fn word<Kind>() -> &'static str {
    let name = type_name::<Kind>();
    name.rsplit("::").next().unwrap_or(name)
}

impl<const N: usize, Kind> PartialSchema for Bytes<N, Kind> {
    fn schema() -> RefOr<Schema> {
        let pattern = format!("^[0-9a-fA-F]{{{}}}$", N * 2);
        text(&format!("{N} bytes in hex."), &pattern, &"0f".repeat(N)).into()
    }
}

impl<const N: usize, Kind> ToSchema for Bytes<N, Kind> {
    fn name() -> Cow<'static, str> {
        format!("{}Id", word::<Kind>()).into()
    }
}

impl<Kind> PartialSchema for Code<Kind> {
    fn schema() -> RefOr<Schema> {
        let schema = text("A short name that the township gave: letters, digits and - _ . /", "", "g-01");
        schema.pattern(None::<String>).min_length(Some(1)).max_length(Some(Self::MAX_LEN)).into()
    }
}

impl<Kind> ToSchema for Code<Kind> {
    fn name() -> Cow<'static, str> {
        format!("{}Code", word::<Kind>()).into()
    }
}

impl PartialSchema for StepId {
    fn schema() -> RefOr<Schema> {
        text("A step of a document, in hex.", "^[0-9a-fA-F]+$", &"0f".repeat(16)).into()
    }
}

impl ToSchema for StepId {}

impl PartialSchema for CheckCode {
    fn schema() -> RefOr<Schema> {
        text("Six digits that operator and person compare.", "^[0-9]{3} [0-9]{3}$", "012 345").into()
    }
}

impl ToSchema for CheckCode {}

impl PartialSchema for Author {
    fn schema() -> RefOr<Schema> {
        text("Who, as far as the reader may know.", "^(you|centre|person [0-9]+)$", "person 1").into()
    }
}

impl ToSchema for Author {}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let written = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-01-31T08:30:00.000Z"]);
        let number = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some("Milliseconds since 1970, for a claim beyond the years that can be written."));
        let either = OneOfBuilder::new().item(written).item(number);
        either.description(Some("RFC 3339; answers are in UTC with milliseconds.")).into()
    }
}

impl ToSchema for Timestamp {}

impl PartialSchema for Position {
    fn schema() -> RefOr<Schema> {
        let degrees = |limit: f64| {
            ObjectBuilder::new().schema_type(Type::Number).minimum(Some(-limit)).maximum(Some(limit))
        };
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .description(Some("WGS-84, in degrees."))
            .property("latitude", degrees(90.0))
            .property("longitude", degrees(180.0))
            .required("latitude")
            .required("longitude")
            .into()
    }
}

impl ToSchema for Position {}
