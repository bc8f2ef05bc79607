//! A checker for the part of JSON Schema (draft 2020-12) that the published schemas use. Keywords it does not know are an
//! error, so that nothing goes unchecked.
#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;

/// What is wrong with `value`: places and reasons; empty if nothing.
pub(crate) fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    Checker { root: schema }.check(schema, value, "$", &mut errors);
    errors
}

struct Checker<'a> {
    root: &'a Value,
}

impl Checker<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        for (keyword, rule) in schema.as_object().expect("a schema is an object") {
            let wrong = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "format" | "required" => continue,
                "$ref" => {
                    let name = rule.as_str().and_then(|r| r.strip_prefix("#/$defs/")).expect("a local reference");
                    self.check(&self.root["$defs"][name], value, at, errors);
                    continue;
                }
                "properties" => {
                    self.properties(schema, value, at, errors);
                    continue;
                }
                "additionalProperties" => {
                    self.additional(schema, rule, value, at, errors);
                    continue;
                }
                "items" => {
                    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{at}[{n}]"), errors);
                    }
                    continue;
                }
                "anyOf" => self.matching(rule, value) == 0,
                "oneOf" => self.matching(rule, value) != 1,
                "type" => !types(rule).any(|name| is(value, name)),
                "enum" => !rule.as_array().expect("an enum is a list").contains(value),
                "const" => rule != value,
                "uniqueItems" if rule == false => continue,
                "uniqueItems" => value.as_array().is_some_and(|all| (1..all.len()).any(|n| all[..n].contains(&all[n]))),
                "minimum" => value.as_f64() < rule.as_f64() && value.is_number(),
                "maximum" => value.as_f64() > rule.as_f64() && value.is_number(),
                unknown => panic!("the checker does not know {unknown}"),
            };
            if wrong {
                errors.push(format!("{at}: {value} is against {keyword} {rule}"));
            }
        }
    }

    fn properties(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        let Some(object) = value.as_object() else { return };
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                errors.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, rule) in schema["properties"].as_object().expect("properties are an object") {
            if let Some(inner) = object.get(name) {
                self.check(rule, inner, &format!("{at}.{name}"), errors);
            }
        }
    }

    fn additional(&self, schema: &Value, rule: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        let named = |name: &str| schema["properties"].get(name).is_some();
        for (name, inner) in value.as_object().into_iter().flatten().filter(|(name, _)| !named(name)) {
            match rule {
                Value::Bool(true) => {}
                Value::Bool(false) => errors.push(format!("{at}: {name} is not in the schema")),
                rule => self.check(rule, inner, &format!("{at}.{name}"), errors),
            }
        }
    }

    fn matching(&self, rule: &Value, value: &Value) -> usize {
        let fits = |schema: &&Value| {
            let mut errors = Vec::new();
            self.check(schema, value, "", &mut errors);
            errors.is_empty()
        };
        rule.as_array().expect("a list of schemas").iter().filter(fits).count()
    }
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice).iter().filter_map(Value::as_str)
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("{unknown} is not a type of JSON"),
    }
}

#[test]
fn what_differs_from_a_schema_is_found() {
    let schema = serde_json::json!({
        "$defs": {"n": {"type": "integer", "minimum": 0, "maximum": 9}},
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"type": ["string", "null"]}, "c": {"items": {"enum": ["x", "y"]}, "uniqueItems": true}},
        "required": ["a"],
        "additionalProperties": false,
    });
    let rows = [
        (r#"{"a": 1, "b": null, "c": ["x"]}"#, 0),
        ("{}", 1),
        (r#"{"a": 10}"#, 1),
        (r#"{"a": -1}"#, 1),
        (r#"{"a": "1"}"#, 1),
        (r#"{"a": 1, "b": 2}"#, 1),
        (r#"{"a": 1, "c": ["y", "x"]}"#, 0),
        (r#"{"a": 1, "c": ["x", "y", "x"]}"#, 1),
        (r#"{"a": 1, "c": ["z", "x"]}"#, 1),
        (r#"{"a": 1, "d": 0}"#, 1),
        ("[]", 1),
    ];
    for (text, expected) in rows {
        let found = errors(&schema, &serde_json::from_str(text).unwrap());
        assert_eq!(found.len(), expected, "{text}: {found:?}");
    }
}
