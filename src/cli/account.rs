//! `volens profile` of an account.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use super::arguments::Format;
use super::profile::section;
use super::{Failure, Streams, json};
use crate::diagnostic::visible;
use crate::engine::{Among, Error};
use crate::model::{Profiles, account_label};
use crate::time::Timestamp;
use crate::value::{Object, Value};

/// An account, in the words of a profile.
#[derive(Serialize)]
struct Report<'a> {
    profile: &'a str,
    traits: &'a Object,
    computed_traits: BTreeMap<&'a str, Value>,
    audiences: BTreeMap<&'a str, bool>,
    users: &'a [String],
}

pub(super) fn account(
    profiles: &Profiles,
    among: &Among<'_>,
    id: &str,
    now: Timestamp,
    format: Format,
    streams: &mut Streams,
) -> Result<u8, Failure> {
    let found = profiles.accounts().get(id);
    let account = found.ok_or_else(|| Error::UnknownAccount(id.to_owned()))?;
    let label = account_label(id);
    let computed = among.account_computed_traits(id, now)?;
    let audiences = among.account_memberships(id, now)?;
    let users = among.account_users(id)?;
    match format {
        Format::Json => {
            let report = Report {
                profile: &label,
                traits: &account.traits,
                computed_traits: computed.into_iter().collect(),
                audiences: audiences.iter().map(|audience| (*audience, true)).collect(),
                users: &users,
            };
            json(&report, streams)?;
        }
        Format::Text => {
            let out = &mut streams.out;
            writeln!(out, "{}", visible(&label))?;
            let traits = account.traits.iter().filter(|(_, value)| value.present().is_some());
            let traits = traits.map(|(key, value)| vec![visible(key), visible(&value.canonical())]);
            section(out, "Traits", &traits.collect::<Vec<_>>())?;
            let computed = computed
                .iter()
                .map(|(name, value)| vec![visible(name), visible(&value.canonical())]);
            let computed: Vec<_> = computed.collect();
            if !computed.is_empty() {
                section(out, "Computed traits", &computed)?;
            }
            let audiences = audiences.iter().map(|audience| vec![visible(audience)]);
            section(out, "Audiences of accounts", &audiences.collect::<Vec<_>>())?;
            let users = users.iter().map(|user| vec![visible(user)]);
            section(out, "Users", &users.collect::<Vec<_>>())?;
        }
    }
    Ok(0)
}
