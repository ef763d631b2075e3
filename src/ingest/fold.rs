//! The reference: events sorted into canonical order, then folded one by one. That the order of arrival leaves no trace
//! needs no further care here; [`State`](super::State), which takes events as they arrive, is held against it.
//!
//! Events that share no identifier, directly or through others, do not see each other, so those that do are folded by
//! themselves, set by set, on several threads. What is needed to go on is there for a few sets at a time.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::accounts::Accounts;
use super::connected::Connected;
use super::events::{EventId, Events, Kept};
use super::in_order::{Work, in_order};
use super::people::People;
use super::violations::{Limits, Violations};
use crate::model::{IdentityRules, Profile, Profiles};
use crate::time::Timestamp;

/// The events, and what they are resolved and folded by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fold<'s> {
    pub(super) events: &'s Events,
    pub(super) rules: &'s IdentityRules,
    /// The ids of the categories that the workspace declares.
    pub(super) configured: &'s [Box<str>],
}

/// A profile, and where the event that created it stands.
type Created = ((Timestamp, Timestamp), Arc<str>, Arc<Profile>);

/// How many events are folded together at least, unless they are the last.
const PORTION: usize = 4096;
/// How many of them each thread may have before it.
const AHEAD: usize = 4;

/// Some connected sets, with all that they need, and nothing of others: what is read together lies together, and several can
/// be folded at once.
#[derive(Default)]
struct Portion {
    people: People,
    events: Events,
    /// The events of each set.
    sets: Vec<Vec<EventId>>,
}

impl Portion {
    /// Moves a set here.
    fn take(&mut self, set: &[(u32, EventId)], people: &mut People, events: &mut Events) {
        let mut kept: Vec<Kept> = set.iter().filter_map(|(_, id)| events.take(*id)).collect();
        self.people.adopt(people, &mut kept);
        let ids = kept.into_iter().filter_map(|event| self.events.insert(event));
        self.sets.push(ids.collect());
    }

    /// The profiles that the events lead to.
    fn fold(mut self, rules: &IdentityRules, configured: &[Box<str>]) -> (Vec<Created>, Violations) {
        let mut limits = Limits::default();
        let mut violations = Violations::default();
        let mut created = Vec::new();
        for mut set in self.sets {
            set.sort_by(|a, b| self.events.order(*a, *b));
            for id in &set {
                let by = Fold {
                    events: &self.events,
                    rules,
                    configured,
                };
                self.people.apply(*id, by, &mut limits);
            }
            self.people.take_profiles(|by: EventId, profile| {
                if let Some(event) = self.events.get(by) {
                    created.push((event.times.order(), event.message_id.clone(), profile));
                }
            });
            for event in set.into_iter().filter_map(|id| self.events.take(id)) {
                violations.add_left_out(event.left_out);
            }
        }
        violations.add_limits(limits);
        (created, violations)
    }
}

/// The profiles that these events lead to.
pub(super) fn fold(
    people: People,
    events: Events,
    by: (&IdentityRules, &[Box<str>]),
    threads: NonZeroUsize,
    violations: &mut Violations,
) -> Profiles {
    // What is little is folded before a thread has begun.
    let threads = if events.len() <= PORTION { 1 } else { threads.get() };
    fold_in_portions(people, events, by, (threads, PORTION), violations)
}

fn fold_in_portions(
    mut people: People,
    mut events: Events,
    (rules, configured): (&IdentityRules, &[Box<str>]),
    (threads, portion_size): (usize, usize),
    violations: &mut Violations,
) -> Profiles {
    let mut accounts = Accounts::default();
    events.ids().for_each(|id| accounts.take(id, &events));
    let accounts = accounts.into_traits();

    let mut created: Vec<Created> = Vec::new();
    let mut connected = Connected::of(&events);
    let mut sets = connected.sets().peekable();
    let (all_people, all_events) = (&mut people, &mut events);
    let portions = std::iter::from_fn(move || {
        sets.peek()?;
        let mut portion = Portion::default();
        while portion.events.len() < portion_size
            && let Some(set) = sets.next()
        {
            portion.take(set, all_people, all_events);
        }
        Some(Ok(portion))
    });
    let work = Work {
        weight: |portion: &Portion| portion.events.len(),
        room: AHEAD * portion_size,
        do_: |(): &mut (), portion: Portion| portion.fold(rules, configured),
    };
    let Ok(()) = in_order(&mut vec![(); threads], portions, &work, |(profiles, found)| {
        created.extend(profiles);
        violations.add_all(found);
        Ok::<(), Infallible>(())
    });
    drop((people, events, connected));
    created.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    Profiles::new(created.into_iter().map(|(_, _, profile)| profile).collect(), accounts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decode::{Content, decode};
    use super::super::gather::Gathered;
    use super::super::input::Raw;
    use super::super::order::Place;
    use super::super::shared::Shared;
    use super::*;
    use crate::value;

    fn event() -> impl Strategy<Value = String> {
        let who = (
            prop::option::of(0..4u32),
            0..8u32,
            prop::option::weighted(0.3, 0..4u32),
            0..3u32,
        );
        let what = prop::sample::select(vec!["track", "identify", "group", "alias"]);
        let consent = prop::option::of((any::<bool>(), any::<bool>()));
        (what, who, consent, 0..30u32).prop_map(|(what, (user, device, email, n), consent, minute)| {
            let user = user.map_or("null".to_owned(), |user| format!("\"u{user}\""));
            let email = email.map_or("null".to_owned(), |email| format!("\"{email}@x.com\""));
            let consent = consent.map_or(String::new(), |(a, b)| {
                format!(r#","consent":{{"categoryPreferences":{{"A":{a},"B":{b}}}}}"#)
            });
            format!(
                r#"{{"type":"{what}","event":"E{n}","userId":{user},"anonymousId":"a{device}","groupId":"g{n}",
                "previousId":"p","traits":{{"n":{n},"m{n}":1,"email":{email}}},"properties":{{"n":{n}}},
                "context":{{"traits":{{"email":{email}}}{consent}}},"timestamp":"2026-01-01T00:{minute:02}:00Z"}}"#
            )
        })
    }

    fn gathered(texts: &[String], rules: &IdentityRules) -> (People, Events) {
        let mut gathered = Gathered::default();
        let place = Place {
            source: 0,
            item: 0,
            line: 0,
        };
        for text in texts {
            let decoded = decode(
                &value::parse(text).unwrap(),
                rules,
                Timestamp::EPOCH,
                Content::Kept,
                &mut Shared::default(),
            );
            if let Ok(event) = decoded {
                gathered.push(event, place, Raw::of_text(text.as_str()));
            }
        }
        gathered.done(|repeat| assert!(repeat.conflict.is_none()), None)
    }

    /// All events one after the other, as the rules tell it.
    fn fold_at_once(
        (mut people, events): (People, Events),
        rules: &IdentityRules,
        configured: &[Box<str>],
        violations: &mut Violations,
    ) -> Profiles {
        let mut sorted: Vec<EventId> = events.ids().collect();
        sorted.sort_by(|a, b| events.order(*a, *b));
        let (mut accounts, mut limits) = (Accounts::default(), Limits::default());
        for id in sorted {
            let by = Fold {
                events: &events,
                rules,
                configured,
            };
            people.apply(id, by, &mut limits);
            accounts.take(id, &events);
            violations.add_left_out(events.get(id).unwrap().left_out);
        }
        violations.add_limits(limits);
        Profiles::new(people.profiles(&events), accounts.traits())
    }

    proptest! {
        #[test]
        fn sets_folded_by_themselves_come_to_the_same(
            texts in prop::collection::vec(event(), 0..40),
            threads in 1..4_usize,
            portion_size in 1..9_usize,
        ) {
            let rules = IdentityRules::default();
            let configured = ["A".into(), "C".into()];
            let (mut by_set, mut at_once) = (Violations::default(), Violations::default());
            let (people, events) = gathered(&texts, &rules);
            let folded =
                fold_in_portions(people, events, (&rules, &configured), (threads, portion_size), &mut by_set);
            let expected = fold_at_once(gathered(&texts, &rules), &rules, &configured, &mut at_once);
            prop_assert_eq!(folded.users(), expected.users());
            prop_assert_eq!(folded.accounts(), expected.accounts());
            prop_assert_eq!(by_set.done(), at_once.done());
        }
    }
}
