//! Reading JSON text into [`Value`]s: what is refused, and why, in one pass that cannot exhaust the stack.

use serde::de::{Deserializer, Error};

use super::Value;
use super::keys::Keys;
use super::look::Look;
use super::tree::Tree;

/// How many containers may stand in one another.
pub const MAX_DEPTH: u32 = 127;

/// Why a text is not a JSON value that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON, or a number beyond the doubles, or a lone surrogate.
    #[error("not JSON: {0}")]
    Invalid(String),
    /// An object has a key twice.
    #[error("an object has the key `{0}` twice")]
    DuplicateKey(String),
    /// More than [`MAX_DEPTH`] containers in one another.
    #[error("more than {MAX_DEPTH} containers in one another")]
    TooDeep,
}

/// Reads one JSON value and nothing after it. Duplicate keys and too deep nesting are refused, in this order, once the text
/// is known to be JSON.
///
/// ```
/// use volens::value::{self, JsonError};
///
/// assert!(value::parse(r#"{"plan": "pro"}"#).is_ok());
/// assert_eq!(value::parse(r#"{"a": 1, "a": 2}"#), Err(JsonError::DuplicateKey("a".into())));
/// ```
///
/// # Errors
/// See [`JsonError`].
pub fn parse(text: &str) -> Result<Value, JsonError> {
    Ok(Tree::default().read(text)?.to_value(&mut Keys::default()))
}

impl<'de> serde::Deserialize<'de> for Value {
    /// A duplicate key or too deep nesting is an error here as well.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut tree = Tree::default();
        tree.take(deserializer)?;
        let node = tree.checked().map_err(D::Error::custom)?;
        Ok(node.to_value(&mut Keys::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        "[".repeat(levels) + &"]".repeat(levels)
    }

    #[test]
    fn depth_ends_at_127_without_recursion_beyond() {
        assert!(parse(&nested(127)).is_ok());
        assert_eq!(parse(&nested(128)), Err(JsonError::TooDeep));
        assert_eq!(parse(&nested(1_000_000)), Err(JsonError::TooDeep));
        assert!(matches!(parse(&"[".repeat(1_000_000)), Err(JsonError::Invalid(_))));
    }

    #[test]
    fn what_is_not_json_comes_before_what_is_not_taken() {
        assert!(matches!(parse(r#"{"a":1,"a":2"#), Err(JsonError::Invalid(_))));
        assert_eq!(
            parse(&format!(r#"{{"d":{},"a":1,"a":2}}"#, nested(200))),
            Err(JsonError::DuplicateKey("a".into()))
        );
        for bad in ["", "{} x", "1e999", r#""\ud800""#, "nul", "[1,]", "{'a':1}", "01"] {
            assert!(matches!(parse(bad), Err(JsonError::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn integers_are_exact_and_doubles_nearest() {
        for (text, canonical) in [
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551616", "18446744073709552000"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("1e-400", "0"),
        ] {
            assert_eq!(parse(text).map(|v| v.canonical()), Ok(canonical.to_owned()));
        }
    }
}
