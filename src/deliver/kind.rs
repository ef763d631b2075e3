//! The types of identifiers by which destinations are told of people.

use serde::{Deserialize, Serialize};

/// The default identifiers of people (ID-2, AO-7). Those of accounts and those that a workspace invents are never sent: no
/// destination knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub(super) enum Kind {
    #[default]
    #[serde(rename = "user_id")]
    UserId,
    #[serde(rename = "email")]
    Email,
    #[serde(rename = "anonymous_id")]
    AnonymousId,
    #[serde(rename = "android.id")]
    AndroidId,
    #[serde(rename = "ios.id")]
    IosId,
    #[serde(rename = "android.idfa")]
    AndroidIdfa,
    #[serde(rename = "ios.idfa")]
    IosIdfa,
    #[serde(rename = "android.push_token")]
    AndroidPushToken,
    #[serde(rename = "ios.push_token")]
    IosPushToken,
    #[serde(rename = "ga_client_id")]
    GaClientId,
}

impl Kind {
    pub(super) const ALL: [Kind; 10] = [
        Kind::UserId,
        Kind::Email,
        Kind::AnonymousId,
        Kind::AndroidId,
        Kind::IosId,
        Kind::AndroidIdfa,
        Kind::IosIdfa,
        Kind::AndroidPushToken,
        Kind::IosPushToken,
        Kind::GaClientId,
    ];

    /// The type as profiles call it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::UserId => "user_id",
            Kind::Email => "email",
            Kind::AnonymousId => "anonymous_id",
            Kind::AndroidId => "android.id",
            Kind::IosId => "ios.id",
            Kind::AndroidIdfa => "android.idfa",
            Kind::IosIdfa => "ios.idfa",
            Kind::AndroidPushToken => "android.push_token",
            Kind::IosPushToken => "ios.push_token",
            Kind::GaClientId => "ga_client_id",
        }
    }

    /// `None` for a type that is not sent.
    pub(super) fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GROUP_ID, standard_type};

    #[test]
    fn they_are_standard_types_of_people() {
        for kind in Kind::ALL {
            assert_eq!(standard_type(kind.as_str()), Some(kind.as_str()));
            assert_eq!(Kind::named(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for other in [GROUP_ID, "phone", "userId", "USER_ID", ""] {
            assert_eq!(Kind::named(other), None, "{other}");
        }
    }
}
