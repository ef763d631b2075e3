//! How long an answer stays as it is.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::time::Timestamp;

/// How long a membership stays as it is, if no further event arrives. In JSON `null` stands for never; what is not known is
/// left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Until {
    /// It changes at this instant, and not before.
    At(Timestamp),
    /// It never changes.
    Never,
    /// Nobody asked, or to find out would cost too much.
    #[default]
    Unknown,
}

impl Until {
    pub(super) fn is_unknown(&self) -> bool {
        *self == Until::Unknown
    }
}

impl From<Option<Timestamp>> for Until {
    /// `None` is never.
    fn from(instant: Option<Timestamp>) -> Self {
        instant.map_or(Until::Never, Until::At)
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Until::At(instant) => write!(f, "until {instant}, if nothing else happens"),
            Until::Never => f.write_str("for good, if nothing else happens"),
            Until::Unknown => f.write_str("until when is not known"),
        }
    }
}

impl Serialize for Until {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Until::At(instant) => serializer.serialize_some(instant),
            Until::Never | Until::Unknown => serializer.serialize_none(),
        }
    }
}
