//! The document of `/api`, OpenAPI 3.1: which paths there are, what they take and answer, and who may.
//!
//! Schemas come from the types that the handlers use; roles and guards from the matrix; summaries from the words
//! files. `operations` only says which types belong to which route: one line for each.

mod kinds;
mod nulls;
mod operations;

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema, openapi::path::ParameterIn};

use super::{
    error::{CODES, Refusal},
    matrix::{Guard, RULES, Rule},
};
use crate::{
    relay::signature::{SIGNATURE, TIMESTAMP},
    words::{Lang, Words},
};

/// As it is served; `server/openapi.json` is the same, and a test holds it so.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", made()));

/// `GET /api/openapi.json`
pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Document {
    paths: BTreeMap<&'static str, Map<String, Value>>,
    schemas: BTreeMap<String, Value>,
    /// Names that stand for different types.
    #[cfg(test)]
    clashes: Vec<String>,
}

/// What a route takes or answers: a media type with a schema.
#[derive(Clone, Debug)]
pub(super) struct Body {
    kind: &'static str,
    schema: Value,
}

impl Body {
    /// Bytes or text without a schema of its own.
    fn raw(kind: &'static str) -> Self {
        Self { kind, schema: json!({ "type": "string" }) }
    }
}

/// One operation, to be filled in.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    document: &'a mut Document,
    method: &'static str,
    path: &'static str,
    value: Map<String, Value>,
}

impl Document {
    /// Begins the operation of a method and path.
    fn operation(&mut self, method: &'static str, path: &'static str) -> Operation<'_> {
        Operation { document: self, method, path, value: Map::new() }
    }

    fn get(&mut self, path: &'static str) -> Operation<'_> {
        self.operation("GET", path)
    }

    fn post(&mut self, path: &'static str) -> Operation<'_> {
        self.operation("POST", path)
    }

    fn put(&mut self, path: &'static str) -> Operation<'_> {
        self.operation("PUT", path)
    }

    fn delete(&mut self, path: &'static str) -> Operation<'_> {
        self.operation("DELETE", path)
    }

    /// A reference to the schema of a type, which is kept with all that it names.
    fn schema_of<T: ToSchema>(&mut self) -> Value {
        let mut named = Vec::new();
        T::schemas(&mut named);
        named.push((T::name().into_owned(), T::schema()));
        for (name, schema) in named {
            let schema = json!(schema);
            #[cfg(test)]
            if self.schemas.get(&name).is_some_and(|known| *known != schema) {
                self.clashes.push(name.clone());
            }
            self.schemas.insert(name, schema);
        }
        reference(&T::name())
    }

    /// All of it.
    fn finished(self) -> Value {
        let words = Words::of(Lang::English);
        let mut tags: Vec<&str> = self.paths.keys().map(|path| tag(path)).collect();
        tags.dedup();
        let tag = |name: &&str| json!({ "name": name, "description": told(&format!("document.tag.{name}")) });
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": words.word("document.title"),
                "version": env!("CARGO_PKG_VERSION"),
                "description": words.word("document.description"),
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "servers": [{ "url": "/" }],
            "tags": tags.iter().map(tag).collect::<Vec<_>>(),
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "responses": {
                    "Refusal": {
                        "description": words.word("document.refusal"),
                        "content": { "application/json": { "schema": reference("Refusal") } },
                    },
                },
                "securitySchemes": {
                    "folder_token": {
                        "type": "http", "scheme": "bearer",
                        "description": words.word("document.folder_token"),
                    },
                    "session": {
                        "type": "apiKey", "in": "cookie", "name": "__Host-suishou",
                        "description": words.word("document.session"),
                    },
                    "csrf_token": {
                        "type": "apiKey", "in": "header", "name": "X-CSRF-Token",
                        "description": words.word("document.csrf_token"),
                    },
                },
            },
        })
    }
}

impl Operation<'_> {
    /// Takes JSON.
    fn takes<T: ToSchema>(self) -> Self {
        let schema = self.document.schema_of::<T>();
        self.takes_one_of(&[Body { kind: "application/json", schema }])
    }

    /// Takes one of several kinds of files.
    fn takes_raw(self, kind: &'static str) -> Self {
        self.takes_one_of(&[Body::raw(kind)])
    }

    /// Takes a sheet, or the same in JSON.
    fn takes_sheet<T: ToSchema>(self) -> Self {
        let schema = self.document.schema_of::<T>();
        self.takes_one_of(&[Body::raw("text/csv"), Body { kind: "application/json", schema }])
    }

    /// Takes JSON, or nothing at all.
    fn may_take<T: ToSchema>(self) -> Self {
        let mut taken = self.takes::<T>();
        if let Some(Value::Object(body)) = taken.value.get_mut("requestBody") {
            body.insert("required".to_owned(), json!(false));
        }
        taken
    }

    fn takes_one_of(mut self, bodies: &[Body]) -> Self {
        let content = content(bodies);
        self.value.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        self
    }

    /// Takes the signature of another system.
    fn takes_signature(mut self) -> Self {
        let parameter = |name: &str| {
            let key = format!("document.parameter.{name}");
            let description = Words::of(Lang::English).word(&key);
            let schema = json!({ "type": "string", "minLength": 1 });
            json!({ "name": name, "in": "header", "required": true, "description": description, "schema": schema })
        };
        self.value.insert("parameters".to_owned(), json!([TIMESTAMP, SIGNATURE].map(parameter)));
        self
    }

    /// Takes a query.
    fn query<T: IntoParams>(mut self) -> Self {
        let query = T::into_params(|| Some(ParameterIn::Query));
        let list = self.value.entry("parameters").or_insert_with(|| json!([]));
        if let (Value::Array(list), Ok(Value::Array(query))) = (list, serde_json::to_value(query)) {
            list.extend(query);
        }
        self
    }

    /// Answers 200 with JSON.
    fn answers<T: ToSchema>(self) -> Self {
        self.ends_as::<T>(&[200])
    }

    /// Answers 201 with JSON.
    fn creates<T: ToSchema>(self) -> Self {
        self.ends_as::<T>(&[201])
    }

    /// Answers 201 with JSON, or 200 if it was there.
    fn creates_or_knows<T: ToSchema>(self) -> Self {
        self.ends_as::<T>(&[200, 201])
    }

    /// Answers 202 with JSON, and goes on by itself.
    fn begins<T: ToSchema>(self) -> Self {
        self.ends_as::<T>(&[202])
    }

    fn ends_as<T: ToSchema>(self, statuses: &[u16]) -> Self {
        let schema = self.document.schema_of::<T>();
        self.ends(statuses, &[Body { kind: "application/json", schema }])
    }

    /// Answers 200 with JSON, or the same as a file of another kind.
    fn answers_or_sends<T: ToSchema>(self, kind: &'static str) -> Self {
        let schema = self.document.schema_of::<T>();
        self.ends(&[200], &[Body { kind: "application/json", schema }, Body::raw(kind)])
    }

    /// Answers 200 with a list under its name.
    fn lists<T: ToSchema>(mut self, name: &str) -> Self {
        let list = self.list::<T>(name);
        self.ends(&[200], &[list])
    }

    /// Answers 201 with a list under its name.
    fn creates_list<T: ToSchema>(mut self, name: &str) -> Self {
        let list = self.list::<T>(name);
        self.ends(&[201], &[list])
    }

    fn list<T: ToSchema>(&mut self, name: &str) -> Body {
        let items = self.document.schema_of::<T>();
        let list = json!({ "type": "array", "items": items });
        let schema = json!({ "type": "object", "properties": { name: list }, "required": [name] });
        Body { kind: "application/json", schema }
    }

    /// Answers 200 with a file of one of these kinds.
    fn sends(self, kinds: &[&'static str]) -> Self {
        let bodies: Vec<Body> = kinds.iter().map(|kind| Body::raw(kind)).collect();
        self.ends(&[200], &bodies)
    }

    /// Answers 200 with JSON that has a document of its own.
    fn sends_object(self) -> Self {
        self.ends(&[200], &[Body { kind: "application/json", schema: json!({ "type": "object" }) }])
    }

    /// Finishes the operation with what only the matrix and the words know.
    fn ends(mut self, statuses: &[u16], bodies: &[Body]) -> Self {
        let Self { method, path, .. } = self;
        let key = format!("document.{method} {path}");
        let (summary, chinese) = (Words::of(Lang::English).word(&key), Words::of(Lang::Chinese).word(&key));
        let done = json!({ "description": summary, "content": content(bodies) });
        let mut responses: Map<String, Value> =
            statuses.iter().map(|status| (status.to_string(), done.clone())).collect();
        responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Refusal" }));
        let value = &mut self.value;
        let mut parameters = path_parameters(path);
        if let Some(Value::Array(query)) = value.remove("parameters") {
            parameters.extend(query);
        }
        if !parameters.is_empty() {
            value.insert("parameters".to_owned(), Value::Array(parameters));
        }
        value.insert("operationId".to_owned(), json!(operation_id(method, path)));
        value.insert("summary".to_owned(), json!(summary));
        value.insert("description".to_owned(), json!(chinese));
        value.insert("tags".to_owned(), json!([tag(path)]));
        value.insert("responses".to_owned(), Value::Object(responses));
        let rule = RULES.iter().find(|rule| (rule.method, rule.path) == (method, path));
        value.insert("security".to_owned(), security(method, rule));
        if let Some(rule) = rule {
            value.insert("x-roles".to_owned(), json!(rule.roles));
            value.insert("x-guard".to_owned(), json!(rule.guard));
            value.insert("x-asks-confirmation".to_owned(), json!(rule.guard == Guard::Confirmed));
        }
        let operation = Value::Object(std::mem::take(value));
        self.document.paths.entry(path).or_default().insert(method.to_ascii_lowercase(), operation);
        self
    }
}

/// Media types with their schemas.
fn content(bodies: &[Body]) -> Map<String, Value> {
    bodies.iter().map(|body| (body.kind.to_owned(), json!({ "schema": body.schema }))).collect()
}

/// The first part behind `/api/`.
fn tag(path: &str) -> &str {
    path.trim_start_matches("/api").trim_start_matches('/').split('/').next().unwrap_or(path)
}

/// English with the Chinese behind it.
fn told(key: &str) -> String {
    format!("{} {}", Words::of(Lang::English).word(key), Words::of(Lang::Chinese).word(key))
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn operation_id(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/").replace('/', "_");
    let path: String = path.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    format!("{}_{path}", method.to_ascii_lowercase())
}

/// Who has no login may read what has no line in the matrix.
fn security(method: &str, rule: Option<&Rule>) -> Value {
    match (rule, method) {
        (None, _) => json!([]),
        (Some(rule), _) if matches!(rule.guard, Guard::Open | Guard::Signed) => json!([]),
        (Some(_), "GET") => json!([{ "folder_token": [] }, { "session": [] }]),
        (Some(_), _) => json!([{ "folder_token": [] }, { "session": [], "csrf_token": [] }]),
    }
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let parameter = |name: &str| {
        let of_path = format!("document.parameter.{name}");
        let description = Words::of(Lang::English).word(&of_path);
        let schema = match name {
            "hash" => json!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}$" }),
            "version" => json!({ "type": "string", "pattern": "^([0-9]{1,18}|current)$" }),
            "number" | "run" => json!({ "type": "integer", "format": "int64", "minimum": 1 }),
            "z" | "x" | "y" => json!({ "type": "integer", "format": "int64", "minimum": 0 }),
            "id" if ["/api/operators/", "/api/reveals/"].iter().any(|of| path.starts_with(of)) => {
                json!({ "type": "integer", "format": "int64", "minimum": 1 })
            }
            "id" => json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
            _ => json!({ "type": "string", "minLength": 1 }),
        };
        json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema })
    };
    names.map(parameter).collect()
}

/// The document, made anew from types, matrix and words.
fn made() -> Value {
    let mut document = Document::default();
    operations::describe(&mut document);
    document.schema_of::<Refusal>();
    let mut made = document.finished();
    nulls::require(&mut made);
    nulls::open_parts(&mut made);
    if let Some(code) = made.pointer_mut("/components/schemas/RefusalDetail/properties/code") {
        *code = json!({ "type": "string", "description": "Why, for a program.", "examples": CODES });
    }
    made
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn walk<'v>(value: &'v Value, found: &mut Vec<&'v Map<String, Value>>) {
        match value {
            Value::Object(map) => {
                found.push(map);
                map.values().for_each(|value| walk(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }

    #[test]
    fn the_committed_document_is_what_the_types_say() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        if std::env::var_os("SUISHOU_WRITE_DOCS").is_some() {
            fs::write(&file, DOCUMENT.as_str()).unwrap();
        }
        let committed = fs::read_to_string(file).unwrap_or_default();
        let hint = "run the tests with SUISHOU_WRITE_DOCS=1 and commit server/openapi.json";
        assert!(committed == *DOCUMENT, "{hint}");
    }

    #[test]
    fn every_line_of_the_matrix_has_an_operation_and_every_operation_a_line() {
        let made = made();
        let mut described = BTreeSet::new();
        for (path, methods) in made["paths"].as_object().unwrap() {
            described
                .extend(methods.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())));
        }
        // What is read without a login.
        assert!(described.remove(&("/api/openapi.json".to_owned(), "get".to_owned())));
        let rules = RULES.iter().map(|rule| (rule.path.to_owned(), rule.method.to_ascii_lowercase()));
        assert_eq!(described, rules.collect());
    }

    #[test]
    fn nothing_refers_to_what_is_not_there_and_everything_has_words() {
        let made = made();
        let mut maps = Vec::new();
        walk(&made, &mut maps);
        for reference in maps.iter().filter_map(|map| map.get("$ref")?.as_str()) {
            assert!(made.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        let mut ids = BTreeSet::new();
        for operation in maps.iter().filter(|map| map.contains_key("operationId")) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} stands twice");
            let summary = operation["summary"].as_str().unwrap();
            assert!(!summary.starts_with('/') && !summary.starts_with("json"), "{id} has no words");
            assert!(!operation["description"].as_str().unwrap().is_ascii(), "{id} has no Chinese");
        }
        for code in CODES {
            assert!(Words::of(Lang::English).find(&format!("api.{code}")).is_some(), "{code} has no words");
        }
        for tag in made["tags"].as_array().unwrap() {
            assert!(tag["description"].as_str().unwrap().contains(' '), "{tag} has no words");
        }
    }

    #[test]
    fn every_answer_and_every_body_in_json_has_a_type() {
        let made = made();
        for rule in RULES {
            let operation = &made["paths"][rule.path][rule.method.to_ascii_lowercase()];
            let where_ = format!("{} {}", rule.method, rule.path);
            let takes_none = matches!(rule.method, "GET" | "DELETE") || TAKE_NOTHING.contains(&rule.path);
            assert_eq!(operation["requestBody"].is_null(), takes_none, "{where_}");
            let responses = operation["responses"].as_object().unwrap();
            let answers: Vec<&Value> = responses
                .iter()
                .filter(|(status, _)| status.starts_with('2'))
                .map(|(_, answer)| answer)
                .collect();
            assert!(!answers.is_empty(), "{where_}");
            for content in answers.into_iter().chain(operation.get("requestBody")) {
                let content = content["content"].as_object().unwrap();
                assert!(!content.is_empty() && !content.contains_key("*/*"), "{where_}");
                for (kind, content) in content {
                    let schema = &content["schema"];
                    let is_typed = ["$ref", "properties"].iter().any(|key| schema.get(key).is_some());
                    let is_file = kind != "application/json" && schema["type"] == "string";
                    assert!(is_typed || is_file, "{where_}: {kind} {schema}");
                }
            }
        }
    }

    /// Orders that need no words.
    const TAKE_NOTHING: [&str; 12] = [
        "/api/operators/{id}/disable",
        "/api/operators/{id}/enable",
        "/api/operators/{id}/reset",
        "/api/enrolments/{number}/withdraw",
        "/api/devices/{id}/revoke",
        "/api/devices/{id}/restore",
        "/api/devices/{id}/release",
        "/api/reveals/{id}/refuse",
        "/api/held/{id}/release",
        "/api/retention/runs",
        "/api/intake-sources/{id}/rotate",
        "/api/webhooks/{id}/test",
    ];

    /// The names of a schema's fields, with those of all its parts.
    fn fields(made: &Value, schema: &Value) -> Vec<String> {
        if let Some(reference) = schema["$ref"].as_str() {
            return fields(made, made.pointer(reference.trim_start_matches('#')).unwrap());
        }
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let own = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
        own.chain(parts.flat_map(|part| fields(made, part))).collect()
    }

    #[test]
    fn no_part_of_an_answer_hides_a_field_of_another() {
        let made = made();
        for (name, schema) in made["components"]["schemas"].as_object().unwrap() {
            let mut seen = BTreeSet::new();
            for field in fields(&made, schema) {
                assert!(seen.insert(field.clone()), "{name} has {field} twice");
            }
        }
    }

    #[test]
    fn no_two_types_have_the_same_name() {
        let mut document = Document::default();
        operations::describe(&mut document);
        assert!(document.clashes.is_empty(), "{:?}", document.clashes);
    }
}
