//! Whom an expectation names.

use crate::diagnostic::visible;
use crate::engine::Engine;
use crate::model::{Profile, Profiles};

/// Whom an expectation names.
pub(super) struct Who<'r> {
    /// As written.
    pub(super) written: String,
    /// The profile that has this identifier.
    pub(super) profile: Option<&'r Profile>,
    /// What lists call it.
    pub(super) label: Option<String>,
    /// The id of the account that it is.
    pub(super) account: Option<&'r str>,
}

impl<'r> Who<'r> {
    pub(super) fn find(engine: &Engine, profiles: &'r Profiles, written: &str) -> Self {
        let (kind, value) = written.split_once(':').unwrap_or((written, ""));
        let profile = profiles.find(kind, value);
        let account = profiles.accounts().get_key_value(value).filter(|_| kind == "group_id");
        Who {
            written: visible(written),
            profile,
            label: profile.map(|profile| engine.label(profile)),
            account: account.map(|(id, _)| &**id),
        }
    }

    /// What it is called in an answer: as written, with its label where that is another.
    pub(super) fn shown(&self) -> String {
        match &self.label {
            Some(label) if visible(label) != self.written => format!("{} ({})", visible(label), self.written),
            _ => self.written.clone(),
        }
    }

    /// Whether it is one of these, which are sorted as every list of a run is.
    pub(super) fn is_in(&self, labels: &[impl AsRef<str>]) -> bool {
        let label = self.label.as_deref();
        label.is_some_and(|label| labels.binary_search_by(|other| other.as_ref().cmp(label)).is_ok())
    }
}
