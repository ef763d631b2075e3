//! What Volens knows about people: profiles, their identifiers, traits, history and consent; and accounts.
//!
//! Nothing here reads files or a clock.

mod consent;
mod identifier;
mod identity;
mod passage;
mod preferences;
mod profile;
mod profiles;

pub use consent::{Consent, ConsentChange};
pub(crate) use identifier::{Identifier, Named};
pub(crate) use identity::{
    ANONYMOUS_ID, BadType, EMAIL, GROUP_ID, USER_ID, check_type, is_nothing, is_spelling, matched, standard_type,
};
pub use identity::{IdentifierRule, IdentifierSource, IdentityRules, Period, SourceRoot, label};
pub(crate) use passage::{Parts, pass};
pub(crate) use preferences::{Preference, Preferences, Rest, consent_object, is_preference_update};
pub(crate) use profile::is_known;
pub use profile::{History, Identifiers, PastEvent, Profile, ProfileBuilder, account_label};
pub use profiles::{Account, Profiles};
