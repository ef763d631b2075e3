//! What Volens knows about people: profiles, their identifiers, traits, history and consent; and accounts.
//!
//! Nothing here reads text, files or a clock.

mod consent;
mod identity;
mod profile;
mod profiles;

pub use consent::{Consent, ConsentChange};
pub(crate) use identity::matched;
pub use identity::{IdentifierRule, IdentityRules, Period, label};
pub use profile::{History, Identifiers, PastEvent, Profile, ProfileBuilder, account_label};
pub use profiles::{Account, Profiles};
