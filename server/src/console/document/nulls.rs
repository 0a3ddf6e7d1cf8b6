//! What an answer has no value for it says as `null`: it never leaves the field out. So a field of an answer that
//! may be null is there, and programs made from the document need not ask twice. What is sent to the relay may leave
//! such a field out, and so may a type that goes both ways.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Says of every field that may be null, in what is answered and never taken, that it is there.
pub(super) fn require(made: &mut Value) {
    let mut taken = BTreeSet::new();
    for methods in made.get("paths").and_then(Value::as_object).into_iter().flat_map(|paths| paths.values()) {
        for operation in methods.as_object().into_iter().flat_map(|methods| methods.values()) {
            reach(made, operation.get("requestBody").unwrap_or(&Value::Null), &mut taken);
        }
    }
    let Some(schemas) = made.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    for (_, schema) in schemas.iter_mut().filter(|(name, _)| !taken.contains(*name)) {
        require_in(schema);
    }
}

fn schemas(made: &Value) -> Option<&Map<String, Value>> {
    made.pointer("/components/schemas")?.as_object()
}

/// A part of a whole can't forbid what the other parts say: what takes no unknown field by itself lies beside others
/// in an answer.
pub(super) fn open_parts(made: &mut Value) {
    let mut parts = BTreeSet::new();
    for schema in schemas(made).into_iter().flat_map(|schemas| schemas.values()) {
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let named = part
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| path.strip_prefix("#/components/schemas/"));
            parts.extend(named.map(str::to_owned));
        }
    }
    for part in parts {
        if let Some(schema) =
            made.pointer_mut(&format!("/components/schemas/{part}")).and_then(Value::as_object_mut)
        {
            schema.remove("additionalProperties");
        }
    }
}

/// Every schema that a value names, and those that these name.
fn reach(made: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| reach(made, value, found)),
        Value::Object(map) => {
            let named = map.get("$ref").and_then(Value::as_str);
            if let Some(name) = named.and_then(|path| path.strip_prefix("#/components/schemas/"))
                && found.insert(name.to_owned())
            {
                reach(
                    made,
                    schemas(made).and_then(|schemas| schemas.get(name)).unwrap_or(&Value::Null),
                    found,
                );
            }
            map.values().for_each(|value| reach(made, value, found));
        }
        _ => {}
    }
}

fn require_in(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    for part in ["allOf", "oneOf"] {
        map.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten().for_each(require_in);
    }
    let properties = map.get("properties").and_then(Value::as_object).into_iter().flatten();
    let maybe: Vec<String> =
        properties.filter(|(_, field)| may_be_null(field)).map(|(name, _)| name.clone()).collect();
    if maybe.is_empty() {
        return;
    }
    let required = map.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        let new = maybe.into_iter().map(Value::String).filter(|name| !required.contains(name));
        let new: Vec<Value> = new.collect();
        required.extend(new);
    }
}

fn may_be_null(field: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null";
    field.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(is_null))
        || field
            .get("oneOf")
            .and_then(Value::as_array)
            .is_some_and(|kinds| kinds.iter().any(|kind| kind.get("type").is_some_and(is_null)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_may_be_null_is_always_in_an_answer_and_may_be_left_out_of_a_question() {
        let maybe =
            json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] }, "b": {} } });
        let list = json!({ "schema": { "$ref": "#/components/schemas/Asked" } });
        let mut made = json!({
            "paths": { "/api/x": { "post": { "requestBody": { "content": { "application/json": list } } } } },
            "components": { "schemas": { "Asked": maybe, "Answered": { "allOf": [maybe] } } },
        });
        require(&mut made);
        let schemas = &made["components"]["schemas"];
        assert_eq!(schemas["Answered"]["allOf"][0]["required"], json!(["a"]));
        assert_eq!(schemas["Asked"].get("required"), None);
    }

    #[test]
    fn a_part_of_a_whole_forbids_nothing_beside_it() {
        let closed = json!({ "type": "object", "additionalProperties": false });
        let part = json!({ "$ref": "#/components/schemas/Part" });
        let mut made = json!({
            "components": { "schemas": { "Part": closed, "Alone": closed, "Whole": { "allOf": [part, {}] } } },
        });
        open_parts(&mut made);
        let schemas = &made["components"]["schemas"];
        assert_eq!(schemas["Part"], json!({ "type": "object" }));
        assert_eq!(schemas["Alone"], closed);
    }
}
