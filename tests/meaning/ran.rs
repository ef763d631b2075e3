//! What the crate makes of a workspace: by the engine, and of a program alone by the evaluator.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use volens::enforce::{self, Decision};
use volens::engine::{Execution, Executor, Run};
use volens::eval::{self, Row};
use volens::ir::{Audience, Program, Subject};
use volens::{Engine, Profiles, Timestamp};

use crate::choices::Choices;
use crate::oracle::{Delivery, Outcome, label};
use crate::people::NOW;

/// An engine; what is generated has no errors.
pub(crate) fn engine(text: &str) -> Engine {
    Engine::from_text("made.audience", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What the engine says of each audience.
pub(crate) fn by_engine(engine: &Engine, profiles: &Profiles) -> BTreeMap<String, Outcome> {
    let by = |executor| {
        let threads = NonZeroUsize::new(2);
        let run = engine.run_with(profiles, NOW, Execution { executor, threads });
        run.unwrap_or_else(|error| panic!("{error}"))
    };
    let run: Run = by(Executor::Scalar);
    assert_eq!(by(Executor::Columnar), run);
    let outcome = |audience: &volens::engine::AudienceRun| Outcome {
        members: audience.members.iter().map(|label| label.to_string()).collect(),
        destinations: audience
            .destinations
            .iter()
            .map(|destination| Delivery {
                name: destination.name.to_string(),
                delivered: destination.delivered.iter().map(|label| label.to_string()).collect(),
                filtered: destination
                    .filtered
                    .iter()
                    .map(|filtered| {
                        assert_eq!(filtered.reason, "FILTERED_BY_END_USER_CONSENT");
                        let states = filtered.categories.iter().map(|(id, state)| (id.to_string(), *state));
                        (filtered.profile.to_string(), states.collect())
                    })
                    .collect(),
            })
            .collect(),
    };
    let audiences = run.audiences.iter();
    audiences
        .map(|audience| (audience.name.to_string(), outcome(audience)))
        .collect()
}

/// What a program says of each audience, all people and accounts laid out at once.
pub(crate) fn by_program(program: &Program, profiles: &Profiles) -> BTreeMap<String, Outcome> {
    let mut users: Vec<Row<'_>> = profiles
        .users()
        .iter()
        .map(|user| Row::new(program, user, NOW))
        .collect();
    let mut accounts: Vec<Row<'_>> = Vec::new();
    for account in profiles.accounts().values() {
        let of: Vec<&Row<'_>> = account.users.iter().map(|at| &users[*at]).collect();
        accounts.push(Row::account(program, &account.traits, &of, NOW));
    }
    for slot in &program.order {
        if program.audiences[slot.index()].of == Subject::User {
            for row in &mut users {
                eval::evaluate_audience(program, *slot, row, &[]);
            }
            continue;
        }
        for (account, row) in profiles.accounts().values().zip(&mut accounts) {
            let of: Vec<&Row<'_>> = account.users.iter().map(|at| &users[*at]).collect();
            if eval::evaluate_audience(program, *slot, row, &of) {
                account.users.iter().for_each(|at| users[*at].set_member(*slot, true));
            }
        }
    }
    assert!(users.iter().all(|row| !row.is_exhausted()));
    let audiences = program.audiences.iter().map(|audience| {
        let slot = program.audience(&audience.name).unwrap();
        let of =
            |rows: &[Row<'_>]| -> BTreeSet<usize> { (0..rows.len()).filter(|at| rows[*at].is_member(slot)).collect() };
        let (mut members, reached): (Vec<String>, BTreeSet<usize>) = match audience.of {
            Subject::User => {
                let members = of(&users);
                (
                    members.iter().map(|at| label(&profiles.users()[*at])).collect(),
                    members,
                )
            }
            Subject::Account => {
                let ids: Vec<_> = profiles.accounts().keys().collect();
                let members = of(&accounts).into_iter().map(|at| format!("group_id:{}", ids[at]));
                let reached = of(&users)
                    .into_iter()
                    .filter(|at| eval::deliverable(audience, &users[*at]));
                (members.collect(), reached.collect())
            }
        };
        members.sort();
        let outcome = Outcome {
            members,
            destinations: deliveries(program, audience, &reached, profiles),
        };
        (audience.name.to_string(), outcome)
    });
    audiences.collect()
}

fn deliveries(program: &Program, audience: &Audience, reached: &BTreeSet<usize>, profiles: &Profiles) -> Vec<Delivery> {
    let deliver = |slot: &volens::ir::DestinationSlot| {
        let mut delivery = Delivery {
            name: program.destinations[slot.index()].name.to_string(),
            delivered: Vec::new(),
            filtered: Vec::new(),
        };
        for user in reached.iter().map(|at| &profiles.users()[*at]) {
            match enforce::decide(program, *slot, user.consent()) {
                Decision::Delivered => delivery.delivered.push(label(user)),
                Decision::Filtered(missing) => {
                    let states = missing
                        .iter()
                        .map(|(slot, state)| (program.category_id(*slot).to_owned(), *state));
                    delivery.filtered.push((label(user), states.collect()));
                }
            }
        }
        delivery.delivered.sort();
        delivery.filtered.sort();
        delivery
    };
    audience.destinations.iter().map(deliver).collect()
}

/// An audience and a person of whom instructions and nodes say different things, at one of a few instants around the present.
pub(crate) fn instructions_and_nodes_differ(
    program: &Program,
    profiles: &Profiles,
    choices: &mut Choices,
) -> Option<(String, String)> {
    for profile in profiles.users() {
        let mut row = Row::new(program, profile, NOW);
        for _ in 0..3 {
            let halves = i64::try_from(choices.below(40)).unwrap() - 20;
            row.set_now(
                program,
                &[],
                Timestamp::from_millis(NOW.as_millis() + halves * 43_200_000),
            );
            for slot in &program.order {
                let audience = &program.audiences[slot.index()];
                if audience.of == Subject::User {
                    let by_nodes =
                        eval::deliverable(audience, &row) && eval::holds(program, audience.who, &row, &[], &mut ());
                    if eval::evaluate_audience(program, *slot, &mut row, &[]) != by_nodes {
                        return Some((audience.name.to_string(), label(profile)));
                    }
                }
            }
        }
    }
    None
}
