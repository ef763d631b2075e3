//! What Volens knows about people: profiles, their identifiers, traits, history and consent; and accounts.
//!
//! Nothing here reads text, files or a clock.

mod consent;
mod identifier;
mod identity;
mod preferences;
mod profile;
mod profiles;

pub use consent::{Consent, ConsentChange};
pub(crate) use identifier::{Identifier, Named};
pub(crate) use identity::{BadType, EMAIL, GROUP_ID, USER_ID, check_type, is_spelling, matched, standard_type};
pub use identity::{IdentifierRule, IdentifierSource, IdentityRules, Period, SourceRoot, label};
pub(crate) use preferences::{Preference, Preferences, Rest, consent_object, is_preference_update};
pub use profile::{History, Identifiers, PastEvent, Profile, ProfileBuilder, account_label};
pub use profiles::{Account, Profiles};
