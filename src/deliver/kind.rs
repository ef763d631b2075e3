//! The types of identifiers by which destinations are told of people.

use std::fmt;

/// The default identifiers of people (ID-2, AO-7). Those of accounts and those that a workspace invents are never sent: no
/// destination knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    UserId,
    Email,
    AnonymousId,
    AndroidId,
    IosId,
    AndroidIdfa,
    IosIdfa,
    AndroidPushToken,
    IosPushToken,
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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        }
        for other in [GROUP_ID, "phone", "userId", "USER_ID", ""] {
            assert_eq!(Kind::named(other), None, "{other}");
        }
    }
}
