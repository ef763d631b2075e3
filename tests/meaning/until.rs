//! Until when a membership stays as it is: what the engine says, beside what it says of the instants before and at it.

use std::collections::{BTreeMap, BTreeSet};

use volens::ir::Subject;
use volens::model::account_label;
use volens::{Engine, Profiles, Timestamp};

use crate::choices::Choices;
use crate::people::NOW;

const MINUTE: i64 = 60_000;
/// All lengths that definitions are made with, and some that they are not.
const LENGTHS: [i64; 8] = [
    0,
    1,
    30 * MINUTE,
    60 * MINUTE,
    24 * 60 * MINUTE,
    48 * 60 * MINUTE,
    168 * 60 * MINUTE,
    90 * 60 * MINUTE,
];
/// Dates among the values that people are made with.
const DATES: [&str; 5] = [
    "2026-06-28",
    "2026-06-29",
    "2026-06-30T00:00:00.001Z",
    "2026-07-01T00:00+00:01",
    "2026-06-30",
];

/// By audience, who is in it.
type Members = BTreeMap<String, BTreeSet<String>>;

fn members(engine: &Engine, profiles: &Profiles, at: Timestamp) -> Members {
    let run = engine.run(profiles, at).unwrap_or_else(|error| panic!("{error}"));
    let audiences = run.audiences.iter();
    audiences
        .map(|audience| {
            let members = audience.members.iter().map(|label| label.to_string());
            (audience.name.to_string(), members.collect())
        })
        .collect()
}

/// Instants after [`NOW`] at which something could change, and those beside them.
fn probes(profiles: &Profiles, choices: &mut Choices) -> BTreeSet<Timestamp> {
    let events = profiles.users().iter().flat_map(|user| user.history().iter());
    let events = events.flat_map(|(_, events)| events.iter().map(|event| event.timestamp.as_millis()));
    let dates = DATES.iter().map(|date| date.parse::<Timestamp>().unwrap().as_millis());
    let mut bounds: Vec<i64> = Vec::new();
    for time in events.chain(dates) {
        bounds.extend(LENGTHS.iter().flat_map(|length| [time + length, time - length]));
    }
    bounds.retain(|bound| *bound >= NOW.as_millis());
    bounds.sort_unstable();
    bounds.dedup();
    let mut probes = BTreeSet::new();
    for bound in choices.turned(bounds).into_iter().take(6) {
        probes.extend([bound - 1, bound, bound + 1]);
    }
    let some = [1, 1000, 7 * MINUTE, 500 * MINUTE, 3000 * MINUTE, 400 * 24 * 60 * MINUTE];
    probes.extend(some.map(|later| NOW.as_millis() + later));
    probes
        .into_iter()
        .map(Timestamp::from_millis)
        .filter(|probe| *probe > NOW)
        .collect()
}

/// What is wrong with what is said, if anything is.
pub(crate) fn wrong(engine: &Engine, profiles: &Profiles, choices: &mut Choices) -> Option<String> {
    let among = engine.among(profiles);
    // Who, in which audience, until when.
    let mut said: Vec<(String, String, Option<Timestamp>)> = Vec::new();
    for audience in &engine.program().audiences {
        let name = audience.name.to_string();
        match audience.of {
            Subject::User => {
                for user in profiles.users() {
                    let until = among.until(&name, user, NOW).unwrap();
                    said.push((engine.label(user), name.clone(), until));
                }
            }
            Subject::Account => {
                for id in profiles.accounts().keys() {
                    let until = among.account_until(&name, id, NOW).unwrap();
                    said.push((account_label(id), name.clone(), until));
                }
            }
        }
    }
    let mut at = probes(profiles, choices);
    for until in said.iter().filter_map(|(_, _, until)| *until) {
        at.extend([Timestamp::from_millis(until.as_millis() - 1), until]);
    }
    let now = members(engine, profiles, NOW);
    let then: BTreeMap<Timestamp, Members> = at.into_iter().map(|at| (at, members(engine, profiles, at))).collect();
    for (who, audience, until) in &said {
        let is_in = |members: &Members| members[audience].contains(who);
        for (at, members) in &then {
            let same = is_in(members) == is_in(&now);
            let wanted = match until {
                Some(until) if at == until => Some(false),
                Some(until) if at > until => None,
                _ => Some(true),
            };
            if *at > NOW && wanted.is_some_and(|wanted| wanted != same) {
                return Some(format!("{who} in {audience} until {until:?}, but at {at} {same}"));
            }
        }
    }
    None
}
