//! Words that stand in answers as plain text: the document names every one of them, taken from the types that
//! write them.

use suishou_core::{error::HeldCode, model::DocumentKind};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
}

/// What a document is, also one of a newer program.
pub(super) fn kind_or_other() -> RefOr<Schema> {
    one_of((0..=u8::MAX).filter_map(DocumentKind::from_number).map(DocumentKind::as_str).chain(["other"]))
}

/// Why something is held, also for a reason of a newer program.
pub(super) fn held_code() -> RefOr<Schema> {
    one_of((0..=u8::MAX).filter_map(HeldCode::from_number).map(HeldCode::as_str).chain(["unknown"]))
}

/// What an entry carries.
pub(super) fn body_type() -> RefOr<Schema> {
    one_of(["record", "note", "change"])
}

/// What an entry carries, also one of a newer program.
pub(super) fn body_type_or_other() -> RefOr<Schema> {
    one_of(["record", "note", "change", "other"])
}

/// Where a reveal stands.
pub(super) fn reveal_state() -> RefOr<Schema> {
    one_of(["pending", "opened", "refused", "expired"])
}

/// Whether a matter came once or was changed later.
pub(super) fn item_state() -> RefOr<Schema> {
    one_of(["taken", "updated"])
}
