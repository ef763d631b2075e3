//! What an explanation says would change: every claim is true, and no smaller change does it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;
use volens::compile::{Form, Outline};
use volens::eval::{Row, evaluate, holds};
use volens::explain::{Explanation, WouldChange};
use volens::ir::{Node, NodeId};
use volens::{ConsentState, Engine, Profile, Timestamp};

use ConsentState::{Conflicted, Denied, Granted, NotCollected};

const CATEGORIES: [&str; 3] = ["A", "B", "C"];

fn now() -> Timestamp {
    "2026-06-30T00:00:00Z".parse().unwrap()
}

const FRAME: &str = r#"category A
category B
category C disabled
destination ads requires A
destination both requires A, B
destination off requires C
destination crm requires nothing
"#;

fn engine(text: &str) -> Engine {
    Engine::from_text("w.audience", &format!("{FRAME}{text}")).unwrap_or_else(|error| panic!("{error}"))
}

fn person(states: [ConsentState; 3]) -> Profile {
    let mut profile = Profile::builder().user_id("u1").trait_("plan", "pro").trait_("n", 5);
    for (category, state) in CATEGORIES.into_iter().zip(states) {
        profile = profile.consent(category, state);
    }
    profile.build()
}

/// What is said of an audience `a`.
fn said(text: &str, profile: &Profile) -> Vec<String> {
    let why = engine(text).explain("a", profile, now()).unwrap();
    why.would_change.iter().map(ToString::to_string).collect()
}

#[test]
fn each_change_is_a_sentence() {
    let none = [NotCollected; 3];
    let all = [Granted; 3];
    let pro = "`trait plan = \"pro\"`";
    let cases: &[(&str, [ConsentState; 3], &[&str])] = &[
        (
            "send to ads, both, off, crm",
            none,
            &[
                "consent to A would deliver to ads",
                "consent to A and B would deliver to both",
            ],
        ),
        (
            "send to ads, both, off, crm",
            all,
            &[
                "refusing A would stop delivery to ads",
                "refusing A would stop delivery to both",
            ],
        ),
        (
            "send to both",
            [Granted, Conflicted, Denied],
            &["consent to B would deliver to both"],
        ),
        // Consent that makes a member and delivers is one change.
        (
            "consent to A send to ads, both, crm",
            none,
            &[
                "consent to A would make it a member and deliver to ads",
                "consent to A and B would make it a member and deliver to both",
                "consent to A would make it a member and deliver to crm",
            ],
        ),
        (
            "consent to A send to ads, both",
            all,
            &[
                "refusing A would end its membership and stop delivery to ads",
                "refusing A would end its membership and stop delivery to both",
            ],
        ),
        ("consent to A", none, &["consent to A would make it a member"]),
        ("consent to C", [Granted; 3], &["refusing C would end its membership"]),
        // Who refuses is asked for, and may not be delivered.
        (
            "who consent A is denied send to ads, crm",
            [Granted, Granted, Granted],
            &["refusing A would make it a member and deliver to crm"],
        ),
        // Nobody can bring a conflict about.
        ("who consent A is conflicted", none, &[]),
        (
            "who consent A is conflicted",
            [Conflicted, Denied, Denied],
            &["consent to A would end its membership"],
        ),
        (
            "who trait plan = \"pro\" send to crm",
            none,
            &[&format!("{pro} would have to no longer hold to end its membership")],
        ),
        (
            "who trait plan = \"free\"",
            none,
            &["`trait plan = \"free\"` would have to hold to make it a member"],
        ),
        (
            "who trait plan = \"free\" and trait n = 6 and not trait n = 5",
            none,
            &[
                "`trait plan = \"free\"` and `trait n = 6` would have to hold and `trait n = 5` to no longer hold, to make it a member",
            ],
        ),
        // The nearer of two ways, and of two that are as near the first.
        (
            "who (trait x = 1 and trait y = 1) or trait z = 1",
            none,
            &["`trait z = 1` would have to hold to make it a member"],
        ),
        (
            "who trait x = 1 or trait z = 1",
            none,
            &["`trait x = 1` would have to hold to make it a member"],
        ),
        // However often it is written, it is one.
        (
            "who trait x = 1 and (trait y = 1 or trait x = 1) and not trait x != 1 and not not trait x = 1",
            none,
            &["`trait x = 1` would have to hold to make it a member"],
        ),
        // `does not exist` is the other side of `exists`.
        (
            "who trait x exists and (trait x does not exist or trait n = 5)",
            none,
            &["`trait x exists` would have to hold to make it a member"],
        ),
        (
            "who trait plan does not exist",
            none,
            &["`trait plan does not exist` would have to hold to make it a member"],
        ),
        // Conditions and consent together.
        (
            "who trait plan = \"free\" consent to A and B send to ads",
            none,
            &["`trait plan = \"free\"` would have to hold and consent to A and B to be given, to make it a member"],
        ),
        (
            "who trait plan = \"free\" and consent A is denied",
            all,
            &["`trait plan = \"free\"` would have to hold and consent to A to be refused, to make it a member"],
        ),
        // A funnel is told with its steps.
        (
            "who performed \"E\" then not performed \"F\" within 1 day",
            none,
            &["`performed \"E\" then not performed \"F\" within 1 day` would have to hold to make it a member"],
        ),
        ("", none, &[]),
    ];
    for (clauses, states, expected) in cases {
        let text = format!("audience a {{ {clauses} }}");
        assert_eq!(&said(&text, &person(*states)), expected, "{clauses}");
    }
}

#[test]
fn with_enforcement_off_a_destination_asks_for_nothing() {
    let text = "consent enforcement off\naudience a { send to ads, both }";
    assert!(said(text, &person([NotCollected; 3])).is_empty());
    let text = "consent enforcement off\naudience a { consent to B send to ads }";
    assert_eq!(
        said(text, &person([NotCollected; 3])),
        ["consent to B would make it a member and deliver to ads"]
    );
}

#[test]
fn another_audience_is_one_condition_and_its_consent_counts() {
    let text = "audience inner { who trait plan = \"free\" consent to A }\n\
                audience a { who member of inner and consent to B send to both }";
    assert_eq!(
        said(text, &person([NotCollected; 3])),
        ["`member of inner` would have to hold and consent to B to be given, to make it a member"]
    );
    let text = "audience inner { who trait plan = \"pro\" consent to A }\n\
                audience a { who member of inner send to both }";
    assert_eq!(
        said(text, &person([NotCollected; 3])),
        [
            "consent to A and B would make it a member and deliver to both",
            "consent to A would make it a member",
            "`member of inner` would have to hold to make it a member",
        ]
    );
    assert_eq!(
        said(text, &person([Granted; 3])),
        [
            "refusing A would end its membership and stop delivery to both",
            "`member of inner` would have to no longer hold to end its membership",
        ]
    );
    // A refusal that another audience must not have.
    let text = "audience inner { consent to A }\naudience a { who not member of inner send to crm }";
    assert_eq!(
        said(text, &person([Granted; 3])),
        [
            "refusing A would make it a member and deliver to crm",
            "`member of inner` would have to no longer hold to make it a member",
        ]
    );
}

#[test]
fn without_an_identifier_one_is_asked_for() {
    let visitor = Profile::builder().identifier("anonymous_id", "a1").build();
    assert_eq!(
        said("audience a { who trait x = 1 send to crm }", &visitor),
        ["an identifier of a person would have to be known and `trait x = 1` to hold, to make it a member"]
    );
    assert_eq!(
        said("audience a { include anonymous send to ads }", &visitor),
        ["consent to A would deliver to ads"]
    );
}

#[test]
fn long_lists_are_told_by_their_number() {
    let conditions: Vec<String> = (0..300).map(|n| format!("trait x{n} = 1")).collect();
    let text = format!("audience a {{ who {} }}", conditions.join(" and "));
    let why = engine(&text).explain("a", &person([NotCollected; 3]), now()).unwrap();
    assert_eq!(why.would_change[0].conditions.len(), 300);
    assert_eq!(
        why.would_change[0].to_string(),
        "`trait x0 = 1`, `trait x1 = 1`, `trait x2 = 1`, `trait x3 = 1`, `trait x4 = 1` and 295 others would have to hold \
         to make it a member"
    );
}

#[test]
fn many_conditions_in_common_are_no_matter() {
    // Three of 300 conditions in each of 600 groups, and half of them turned round.
    let group = |n: usize| {
        let parts = [n, n * 7 + 1, n * 31 + 5].map(|x| {
            let not = if (n + x).is_multiple_of(4) { "not " } else { "" };
            format!("{not}trait x{} = 1", x % 300)
        });
        format!("({})", parts.join(" or "))
    };
    let groups: Vec<String> = (0..600).map(group).collect();
    let text = format!("audience a {{ who {} }}", groups.join(" and "));
    let engine = engine(&text);
    let profile = person([NotCollected; 3]);
    let why = engine.explain("a", &profile, now()).unwrap();
    let [change] = why.would_change.as_slice() else {
        panic!("{:?}", why.would_change)
    };
    let mut asked = Asked::new(&engine, &profile);
    asked.apply(change);
    assert!(asked.member());
}

#[test]
fn a_definition_as_large_as_may_be_is_explained() {
    // A chain in which each condition stands twice.
    let groups: Vec<String> = (0..12_000)
        .map(|n| format!("(trait x{n} = 1 or trait x{} = 1)", n + 1))
        .collect();
    let text = format!("audience a {{ who {} }}", groups.join(" and "));
    let engine = engine(&text);
    let profile = person([NotCollected; 3]);
    let why = engine.explain("a", &profile, now()).unwrap();
    for change in &why.would_change {
        let mut asked = Asked::new(&engine, &profile);
        asked.apply(change);
        assert!(asked.member());
    }
}

#[test]
fn audiences_that_refer_to_one_another_many_times_are_no_matter() {
    // Each asks for the one before in two ways, so that the whole is 2⁴⁰ conditions.
    let mut text = "audience a0 { who consent to A or trait x = 1 }\n".to_owned();
    for n in 1..40 {
        let before = n - 1;
        text += &format!(
            "audience a{n} {{ who (member of a{before} or trait x = {n}) and (member of a{before} or trait m = {n}) }}\n"
        );
    }
    text += "audience a { who member of a39 send to ads }";
    let profile = person([NotCollected; 3]);
    assert_eq!(
        said(&text, &profile),
        ["`member of a39` would have to hold to make it a member"]
    );
    // A long way from one to the other.
    let mut text = "audience a0 { consent to A }\n".to_owned();
    for n in 1..2000 {
        text += &format!("audience a{n} {{ who not member of a{} or trait m = {n} }}\n", n - 1);
    }
    text += "audience a { who member of a1999 send to ads }";
    engine(&text).explain("a", &profile, now()).unwrap();
}

#[test]
fn where_an_account_decides_nothing_is_said_of_what_it_asks() {
    let engine = engine(
        "audience led of accounts { who any user (trait role = \"admin\" and consent to A) }\n\
         audience a { who member of led send to ads, both, crm }",
    );
    let event = |kind: &str, rest: serde_json::Value| {
        let mut event = json!({"type": kind, "userId": "u1", "timestamp": "2026-06-01T00:00:00Z"});
        for (key, value) in rest.as_object().unwrap() {
            event[key] = value.clone();
        }
        event.to_string() + "\n"
    };
    let consent = json!({"categoryPreferences": {"A": true, "B": false}});
    let events = event(
        "identify",
        json!({"traits": {"role": "admin"}, "context": {"consent": consent}}),
    ) + &event("group", json!({"groupId": "acme"}));
    let people = engine.ingest(events.as_bytes(), now()).unwrap().profiles;
    let profile = people.find("user_id", "u1").unwrap();
    let among = engine.among(&people);
    let said = |why: Explanation| -> Vec<String> { why.would_change.iter().map(ToString::to_string).collect() };
    // To refuse A would change the account, too; B is this user's alone.
    assert_eq!(
        said(among.explain("a", profile, now()).unwrap()),
        [
            "consent to B would deliver to both",
            "`member of led` would have to no longer hold to end its membership",
        ]
    );
    let account = among.explain_account("led", "acme", now()).unwrap();
    assert_eq!(
        said(account),
        ["`any user (trait role = \"admin\" and consent to A)` would have to no longer hold to end its membership"]
    );
}

// ---- what must always hold

fn leaf() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "consent to A",
        "consent to B",
        "consent A is denied",
        "consent B is conflicted",
        "consent C is granted",
        "consent B is not collected",
        "member of plain",
        "member of asks",
        "member of asks_too",
        r#"trait plan = "pro""#,
        "trait plan exists",
        "trait plan does not exist",
        "trait n = 6",
        "trait x exists",
        r#"performed "E" exactly 0 times"#,
    ])
    .prop_map(str::to_owned)
}

fn condition() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 12, 3, |inner| {
        let joined = |word: &'static str| move |parts: Vec<String>| format!("({})", parts.join(word));
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(joined(" and ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(joined(" or ")),
            inner.prop_map(|inner| format!("not {inner}")),
        ]
    })
}

fn workspace() -> impl Strategy<Value = String> {
    (condition(), 0..4usize, any::<bool>(), any::<bool>()).prop_map(|(who, clauses, anonymous, enforcement)| {
        let clauses = ["", "consent to A", "consent to C", "consent to B and A"][clauses];
        let anonymous = if anonymous { "include anonymous" } else { "" };
        let enforcement = if enforcement { "" } else { "consent enforcement off\n" };
        format!(
            "{enforcement}audience plain {{ who trait n = 5 }}\n\
             audience asks {{ who trait plan = \"pro\" or consent A is denied consent to B include anonymous }}\n\
             audience asks_too {{ who not member of asks and (consent to C or trait n = 6) }}\n\
             audience a {{ who {who} {clauses} {anonymous} send to ads, both, off, crm }}"
        )
    })
}

fn profile() -> impl Strategy<Value = Profile> {
    let state = || prop::sample::select(&ConsentState::ALL[..]);
    ([state(), state(), state()], any::<bool>(), 0..7, any::<bool>()).prop_map(|(states, known, n, plan)| {
        let mut profile = Profile::builder().trait_("n", n);
        profile = profile.identifier(if known { "user_id" } else { "anonymous_id" }, "u1");
        if plan {
            profile = profile.trait_("plan", "pro");
        }
        for (category, state) in CATEGORIES.into_iter().zip(states) {
            profile = profile.consent(category, state);
        }
        profile.build()
    })
}

/// The profile with other consent, and how many categories changed.
fn changed(profile: &Profile, consent: &[(String, ConsentState)]) -> (usize, Profile) {
    let mut builder = profile.to_builder();
    let mut count = 0;
    for (category, state) in consent {
        count += usize::from(profile.consent().state(category) != *state);
        builder = builder.consent(category, *state);
    }
    (count, builder.build())
}

/// Every way in which consent can be given and refused.
fn all_consents() -> Vec<Vec<(String, ConsentState)>> {
    let mut all = vec![Vec::new()];
    for category in CATEGORIES {
        all = all
            .iter()
            .flat_map(|set: &Vec<(String, ConsentState)>| {
                [None, Some(Granted), Some(Denied)].into_iter().map(move |state| {
                    let mut set = set.clone();
                    set.extend(state.map(|state| (category.to_owned(), state)));
                    set
                })
            })
            .collect();
    }
    all
}

/// Whether it is a member, and delivered at each destination.
fn outcome(engine: &Engine, profile: &Profile) -> (bool, BTreeMap<String, bool>) {
    let deliveries = engine.deliveries("a", profile, now()).unwrap();
    let delivered = deliveries
        .iter()
        .map(|to| (to.destination.to_owned(), to.outcome.to_string() == "delivered"));
    (engine.is_member("a", profile, now()).unwrap(), delivered.collect())
}

/// The conditions of `a` on a profile whose consent and conditions can be turned round.
struct Asked<'e> {
    engine: &'e Engine,
    profile: Profile,
    turned: BTreeSet<NodeId>,
    known: bool,
    /// Whether each condition holds as things are.
    now: BTreeMap<NodeId, bool>,
}

impl<'e> Asked<'e> {
    fn new(engine: &'e Engine, profile: &Profile) -> Self {
        let mut asked = Asked {
            engine,
            profile: profile.clone(),
            turned: BTreeSet::new(),
            known: false,
            now: BTreeMap::new(),
        };
        asked.now = asked.naturally();
        asked
    }

    fn who(&self) -> &'e Outline {
        let audience = self.engine.program().audience("a").unwrap();
        self.engine.places().outline(audience).unwrap().who.as_ref().unwrap()
    }

    /// The node of a condition, and whether it is written the other way round.
    fn node(&self, outline: &Outline) -> (NodeId, bool) {
        match self.engine.program().node(outline.node) {
            Node::Not(inner) => (*inner, true),
            _ => (outline.node, false),
        }
    }

    fn leaves(&self) -> Vec<&'e Outline> {
        fn add<'e>(outline: &'e Outline, leaves: &mut Vec<&'e Outline>) {
            match outline.form {
                Form::And | Form::Or | Form::Not => outline.children.iter().for_each(|child| add(child, leaves)),
                _ => leaves.push(outline),
            }
        }
        let mut leaves = Vec::new();
        add(self.who(), &mut leaves);
        leaves
    }

    fn naturally(&self) -> BTreeMap<NodeId, bool> {
        let mut row = Row::new(self.engine.program(), &self.profile, now());
        evaluate(self.engine.program(), &mut row, &[]);
        let nodes = self.leaves().into_iter().map(|leaf| self.node(leaf).0);
        nodes
            .map(|node| (node, holds(self.engine.program(), node, &row, &[], &mut ())))
            .collect()
    }

    /// The conditions that can turn round.
    fn conditions(&self) -> BTreeSet<NodeId> {
        let nodes = self.leaves().into_iter().map(|leaf| self.node(leaf).0);
        let free =
            nodes.filter(|node| !matches!(self.engine.program().node(*node), Node::Const(_) | Node::Consent { .. }));
        free.collect()
    }

    fn apply(&mut self, change: &WouldChange) {
        for (line, wanted) in &change.conditions {
            let leaf = self.leaves().into_iter().find(|leaf| {
                let source = self.engine.sources().slice(leaf.span);
                source == line
            });
            let (node, negated) = self.node(leaf.unwrap());
            assert_eq!(self.now[&node] == negated, *wanted, "{line}");
            self.turned.insert(node);
        }
        self.known = change.identifier;
        self.profile = changed(&self.profile, &change.consent).1;
    }

    fn member(&self) -> bool {
        let natural = self.naturally();
        fn holds(asked: &Asked<'_>, outline: &Outline, natural: &BTreeMap<NodeId, bool>) -> bool {
            let mut parts = outline.children.iter().map(|child| holds(asked, child, natural));
            match outline.form {
                Form::And => parts.all(|part| part),
                Form::Or => parts.any(|part| part),
                Form::Not => !parts.next().unwrap(),
                _ => {
                    let (node, negated) = asked.node(outline);
                    let holds = if asked.turned.contains(&node) {
                        !asked.now[&node]
                    } else {
                        natural[&node]
                    };
                    holds != negated
                }
            }
        }
        let audience = self.engine.program().audience("a").unwrap();
        let declared = &self.engine.program().audiences[audience.index()];
        let mut row = Row::new(self.engine.program(), &self.profile, now());
        evaluate(self.engine.program(), &mut row, &[]);
        let granted = declared
            .consent
            .iter()
            .all(|category| row.consent(*category).is_granted());
        (self.known || row.is_eligible(declared.include_anonymous)) && granted && holds(self, self.who(), &natural)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_of_consent_do_what_is_said_and_no_fewer_do(text in workspace(), profile in profile()) {
        let engine = engine(&text);
        let why = engine.explain("a", &profile, now()).unwrap();
        let (member, delivered) = outcome(&engine, &profile);
        let mut fewest: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for consent in all_consents() {
            let (count, other) = changed(&profile, &consent);
            let (becomes, then) = outcome(&engine, &other);
            let flips = then.iter().filter(|(name, is)| delivered[*name] != **is).map(|(name, _)| Some(name.clone()));
            for about in flips.chain((becomes != member).then_some(None)) {
                let best = fewest.entry(about).or_insert(count);
                *best = count.min(*best);
            }
        }
        let by_consent = why.would_change.iter().filter(|change| change.conditions.is_empty() && !change.identifier);
        let mut claimed: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for change in by_consent {
            let (count, other) = changed(&profile, &change.consent);
            prop_assert_eq!(count, change.consent.len(), "{}", change);
            let (becomes, then) = outcome(&engine, &other);
            prop_assert_eq!(change.member, (becomes != member).then_some(becomes), "{} {}", change, text);
            if let Some((name, is)) = &change.destination {
                prop_assert_eq!(then[name], *is, "{} {}", change, text);
                prop_assert_ne!(delivered[name], *is, "{} {}", change, text);
                claimed.insert(Some(name.clone()), count);
            }
            // A change that makes a member and delivers is said once.
            if change.member.is_some() {
                let best = claimed.entry(None).or_insert(count);
                *best = count.min(*best);
            }
        }
        prop_assert_eq!(claimed, fewest, "{}", text);
    }

    #[test]
    fn changes_of_conditions_do_what_is_said_and_no_fewer_do(text in workspace(), profile in profile()) {
        let engine = engine(&text);
        let why = engine.explain("a", &profile, now()).unwrap();
        let mut asked = Asked::new(&engine, &profile);
        prop_assert_eq!(asked.member(), why.member);
        let conditions: Vec<NodeId> = asked.conditions().into_iter().collect();
        let known = engine.is_member("plain", &profile.to_builder().trait_("n", 5).build(), now()).unwrap();
        let mut fewest: Option<usize> = None;
        for consent in all_consents() {
            let (count, other) = changed(&profile, &consent);
            asked.profile = other;
            for turned in 0..1usize << conditions.len() {
                asked.turned = conditions.iter().enumerate().filter(|(at, _)| turned >> at & 1 == 1).map(|(_, node)| *node).collect();
                for gains in [false, true] {
                    asked.known = gains;
                    let count = count + asked.turned.len() + usize::from(gains);
                    if (known && gains) || fewest.is_some_and(|best| best <= count) {
                        continue;
                    }
                    if asked.member() != why.member {
                        fewest = Some(count);
                    }
                }
            }
        }
        let size = |change: &WouldChange| change.consent.len() + change.conditions.len() + usize::from(change.identifier);
        let flips = why.would_change.iter().filter(|change| change.member.is_some());
        prop_assert_eq!(flips.map(size).min(), fewest, "{} {:?}", text, why.would_change);
        for change in why.would_change.iter().filter(|change| change.identifier || !change.conditions.is_empty()) {
            prop_assert_eq!(Some(size(change)), fewest, "{}", change);
            let mut asked = Asked::new(&engine, &profile);
            asked.apply(change);
            prop_assert_eq!(asked.member(), !why.member, "{} {}", change, text);
            prop_assert_eq!(change.member, Some(!why.member));
        }
    }
}
