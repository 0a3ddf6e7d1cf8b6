//! Schemas of documents in lists and in full: they are put together of parts, as serde does it.

use std::borrow::Cow;

use suishou_core::{
    id::MemberId,
    model::{DocumentKind, step::Origin, warning::WarningState},
    time::Timestamp,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{AllOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, Type},
    },
};

use crate::relay::{Kind, Label, Listed, NoteShown, PersonShown, Shown, operators::HandShown};

type Named = Vec<(String, RefOr<Schema>)>;

fn whole(minimum: u8) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(f64::from(minimum)))
}

fn refer<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

fn or_null<T: ToSchema>() -> OneOfBuilder {
    OneOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::Null)).item(refer::<T>())
}

fn word<R: Kind>() -> String {
    let mut word = R::KIND.as_str().to_owned();
    word.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
    word
}

fn collect<T: ToSchema>(schemas: &mut Named) {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
}

impl<R: Kind> PartialSchema for Listed<R> {
    fn schema() -> RefOr<Schema> {
        let mut beside = ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("seq", whole(0).description(Some("Its place in the order of arrival.")))
            .property(
                "member",
                or_null::<MemberId>().description(Some("Whose record; null: the command centre's.")),
            )
            .property("is_overdue", ObjectBuilder::new().schema_type(Type::Boolean))
            .required("seq")
            .required("is_overdue");
        if R::KIND == DocumentKind::Warning {
            beside =
                beside.property("state", refer::<WarningState>()).property("level_label", refer::<Label>());
        }
        AllOfBuilder::new().item(refer::<R>()).item(beside).into()
    }
}

impl<R: Kind> ToSchema for Listed<R> {
    fn name() -> Cow<'static, str> {
        format!("{}InList", word::<R>()).into()
    }

    fn schemas(schemas: &mut Named) {
        collect::<R>(schemas);
        collect::<MemberId>(schemas);
        collect::<WarningState>(schemas);
        collect::<Label>(schemas);
    }
}

impl<R: Kind> PartialSchema for Shown<R> {
    fn schema() -> RefOr<Schema> {
        let beside = ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("origin", refer::<Origin>())
            .property(
                "by",
                or_null::<PersonShown>().description(Some("Whose record; null: the command centre's.")),
            )
            .property("operators", ArrayBuilder::new().items(refer::<HandShown>()))
            .property("participants", ArrayBuilder::new().items(refer::<PersonShown>()))
            .property("notes", ArrayBuilder::new().items(refer::<NoteShown>()))
            .property("held", whole(0).description(Some("How many entries of it are held.")))
            .property("changes", whole(0).description(Some("How many take effect; `seen` of a step.")))
            .property(
                "seen_at",
                or_null::<Timestamp>().description(Some("When the command centre first looked at it.")),
            );
        let beside = ["origin", "operators", "participants", "notes", "held", "changes"]
            .into_iter()
            .fold(beside, utoipa::openapi::ObjectBuilder::required);
        AllOfBuilder::new().item(refer::<Listed<R>>()).item(refer::<R::Shown>()).item(beside).into()
    }
}

impl<R: Kind> ToSchema for Shown<R> {
    fn name() -> Cow<'static, str> {
        format!("{}InFull", word::<R>()).into()
    }

    fn schemas(schemas: &mut Named) {
        collect::<Listed<R>>(schemas);
        collect::<R::Shown>(schemas);
        collect::<Origin>(schemas);
        collect::<PersonShown>(schemas);
        collect::<NoteShown>(schemas);
        collect::<HandShown>(schemas);
    }
}
