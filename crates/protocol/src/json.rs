//! JSON as it is accepted from strangers: UTF-8, no member twice, nesting bounded (RFC 8259, RFC 7493 §2.3).
//!
//! Two readers of one text must not see two documents, so a repeated member is an error here and never
//! «the last one wins».

use std::fmt;

use crate::description::quoted;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may stand in each other. Client metadata needs four (`jwks` → `keys` → key → `x5c`).
pub const MAX_DEPTH: usize = 8;

/// Why bytes were not taken for a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

impl JsonError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// Reads one JSON object and nothing behind it.
///
/// # Errors
/// Not UTF-8, not JSON, not an object, a member twice, deeper than [`MAX_DEPTH`], or text behind the object.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    if bytes.starts_with(b"\xef\xbb\xbf") || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
    {
        return Err(JsonError::new(
            "it begins with a byte order mark: send UTF-8 without one (RFC 8259 section 8.1)",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Nested { depth: MAX_DEPTH }.deserialize(&mut reader)?;
    reader.end()?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::new("the body is not a JSON object")),
    }
}

/// A value at most `depth` levels deep, in which no object has a member twice.
pub(crate) struct Nested {
    pub(crate) depth: usize,
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Nested {
    fn inner<E: de::Error>(&self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth }),
            None => Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels"))),
        }
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inner()?)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inner()?)?;
            if members.contains_key(&name) {
                return Err(de::Error::custom(format_args!("the member {} stands twice", quoted(&name))));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        object(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth() {
        assert!(refused(r#"{"a":1,"a":2}"#).contains("'a' stands twice"));
        assert!(refused(r#"{"x":{"b":[{"a":1,"a":1}]}}"#).contains("'a' stands twice"));
        assert!(object(br#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |n: usize| format!("{{\"a\":{}1{}}}", "[".repeat(n), "]".repeat(n));
        assert!(object(deep(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert!(refused(&deep(MAX_DEPTH)).contains("nested deeper"));
        assert!(refused(&deep(100_000)).contains("nested deeper"));
    }

    #[test]
    fn what_is_not_one_utf8_object_is_refused() {
        assert!(refused("[1]").contains("not a JSON object"));
        assert!(refused("").contains("EOF"));
        assert!(refused("{} {}").contains("trailing"));
        assert!(object(b"{\"a\":\"\xff\"}").is_err());
        assert!(object("{\"a\":\"\u{feff}é\"}".as_bytes()).is_ok());
    }
}
