//! The JSON Schema (draft-07) of scenario files, from the tables they are checked with.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::shape::{Keys, Shape};
use crate::profiles;
use crate::profiles::settings;
use crate::scenario::host::bare_numbers;
use crate::scenario::host::settings::shape_of;
use crate::scenario::host::transports;
use crate::scenario::keys::TOP;
use crate::scenario::traffic::distributions::DISTRIBUTION;

/// Returns the JSON Schema of scenario files.
#[must_use]
pub fn schema() -> Value {
    schema_of(&TOP, "mailsim scenario")
}

pub(crate) fn schema_of(keys: &Keys, title: &str) -> Value {
    let mut definitions = Definitions::default();
    let mut root = definitions.table(keys);
    let object = root.as_object_mut().expect("a table's schema is an object");
    object.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
    object.insert("title".into(), json!(title));
    object.insert("definitions".into(), Value::Object(definitions.0.into_iter().collect()));
    root
}

/// Schemas that are used more than once, by name.
#[derive(Default)]
struct Definitions(BTreeMap<String, Value>);

impl Definitions {
    fn table(&mut self, keys: &Keys) -> Value {
        let mut properties = Map::new();
        for key in keys.keys {
            let mut schema = self.shape(key.shape);
            if let Some(object) = schema.as_object_mut() {
                // In draft-07 what stands beside a reference is ignored.
                if object.contains_key("$ref") {
                    schema = json!({ "allOf": [schema], "description": key.about });
                } else {
                    object.insert("description".into(), json!(key.about));
                }
            }
            properties.insert(key.name.into(), schema);
        }
        let required: Vec<&str> =
            keys.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let mut table = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if !required.is_empty() {
            table["required"] = json!(required);
        }
        table
    }

    fn shape(&mut self, shape: Shape) -> Value {
        match shape {
            Shape::Text => json!({ "type": "string" }),
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Count(least, most) => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
            Shape::Number => json!({ "type": "number" }),
            Shape::Anything => json!({}),
            Shape::Duration => self.quantity("duration", DURATION, "20ms, 15m, 2h30m, 5d"),
            Shape::SignedDuration => self.quantity("signed_duration", SIGNED_DURATION, "+90s, -2d"),
            Shape::Size => self.quantity("size", SIZE, "75kB, 10MiB"),
            Shape::SizeOrOctets => {
                let size = self.shape(Shape::Size);
                json!({ "anyOf": [size, { "type": "integer", "minimum": 0 }] })
            }
            Shape::BitRate => self.quantity("bit_rate", BIT_RATE, "100Mbit/s"),
            Shape::EventRate => self.quantity("event_rate", EVENT_RATE, "30/h"),
            Shape::Parameter => json!({ "type": ["string", "number"] }),
            Shape::Distribution(unit) => {
                let constant = self.shape(unit.shape());
                let table = self.shape(Shape::Table(&DISTRIBUTION));
                json!({ "anyOf": [constant, table] })
            }
            Shape::Word(words) => json!({ "type": "string", "enum": words }),
            Shape::List(of) => json!({ "type": "array", "items": self.shape(*of) }),
            Shape::Table(keys) => self.table(keys),
            Shape::Map(of) => {
                json!({ "type": "object", "additionalProperties": self.shape(*of) })
            }
            Shape::Either(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| self.shape(*shape)).collect();
                json!({ "anyOf": shapes })
            }
            Shape::Mta => self.mta(),
        }
    }

    fn quantity(&mut self, name: &str, pattern: &str, examples: &str) -> Value {
        let mut definition = json!({
            "type": "string",
            "pattern": pattern,
            "description": format!("for example {examples}"),
        });
        // Nothing at all needs no unit, in quotes or without.
        if pattern.contains("(0|") {
            definition["type"] = json!(["string", "number"]);
            (definition["minimum"], definition["maximum"]) = (json!(0), json!(0));
        }
        self.0.insert(name.to_owned(), definition);
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    fn mta(&mut self) -> Value {
        let profiles = profiles::all();
        let names: Vec<&str> = profiles.iter().map(|profile| profile.name).collect();
        let profile = json!({ "type": "string", "enum": names });
        if !self.0.contains_key("mta_settings") {
            let mut properties = Map::new();
            properties.insert("profile".into(), profile.clone());
            for mut known in profiles {
                let family = known.family;
                for setting in settings::all() {
                    let Some(slot) = setting.slot(&mut known) else {
                        continue;
                    };
                    let mut schema = self.shape(shape_of(&slot));
                    if bare_numbers::has_meaning(setting.name, family, &slot) {
                        schema = json!({ "anyOf": [schema, bare_number()] });
                    }
                    if schema.get("$ref").is_some() {
                        schema = json!({ "allOf": [schema] });
                    }
                    schema["description"] = json!(setting.about);
                    properties.insert(setting.name_in(&known).into(), schema);
                }
            }
            for key in transports::TABLES.keys {
                let mut schema = self.shape(key.shape);
                schema["description"] = json!(key.about);
                properties.insert(key.name.into(), schema);
            }
            let mut patterns = Map::new();
            for (pattern, shape) in transports::patterns() {
                patterns.insert(pattern, self.shape(shape));
            }
            let table = json!({
                "type": "object",
                "properties": properties,
                "patternProperties": patterns,
                "additionalProperties": false,
            });
            self.0.insert("mta_settings".to_owned(), table);
        }
        json!({ "anyOf": [profile, { "$ref": "#/definitions/mta_settings" }] })
    }
}

/// A number without unit, in quotes or without.
fn bare_number() -> Value {
    json!({ "type": ["integer", "string"], "minimum": 0, "pattern": "^\\s*[0-9]+\\s*$" })
}

const DURATION: &str = r"^\s*(0|([0-9]+(\.[0-9]+)?\s*(ns|us|µs|μs|ms|s|min|m|h|d|w)\s*)+)\s*$";
const SIGNED_DURATION: &str =
    r"^\s*[+-]?\s*(0|([0-9]+(\.[0-9]+)?\s*(ns|us|µs|μs|ms|s|min|m|h|d|w)\s*)+)\s*$";
const SIZE: &str = r"^\s*(0|[0-9]+(\.[0-9]+)?\s*(B|octets?|[kMGT]B|[KMGT]iB))\s*$";
const BIT_RATE: &str = r"^\s*[0-9]+(\.[0-9]+)?\s*[kMG]?bit/s\s*$";
const EVENT_RATE: &str = r"^\s*[0-9]+(\.[0-9]+)?\s*/\s*(s|min|h|d|w)\s*$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_top_has_a_description() {
        let schema = schema();
        let properties = schema["properties"].as_object().unwrap();
        assert_eq!(properties.len(), TOP.keys.len());
        for (name, property) in properties {
            assert!(property["description"].is_string(), "{name}");
        }
        assert_eq!(schema["required"], json!(["duration", "host"]));
    }

    #[test]
    fn every_reference_has_its_definition() {
        let schema = schema();
        let text = schema.to_string();
        for part in text.split("#/definitions/").skip(1) {
            let name = &part[..part.find('"').unwrap()];
            assert!(schema["definitions"][name].is_object(), "{name}");
        }
    }
}
