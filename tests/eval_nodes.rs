//! Conditions and membership, as language.md ("Conditions") says: counts, groups, consent, elements, accounts.

mod eval_support;

use eval_support::*;
use volens::eval::{Fact, Record, Row, Trace, deliverable, evaluate, evaluate_audience, holds, trace_user};
use volens::ir::{CategorySlot, Count, Node, NodeId, Operand, Program, Quantifier, Reference, Subject, Test, ValueRef};
use volens::time::Window;
use volens::value::Object;
use volens::{ConsentState, Profile};

fn is(word: &str) -> Test {
    Test::Equals(literal(text(word)))
}

fn user() -> volens::model::ProfileBuilder {
    Profile::builder().identifier("user_id", "u1")
}

#[test]
fn counts() {
    for (count, answers) in [
        (at_least(1), [false, true, true, true]),
        (at_least(2), [false, false, true, true]),
        (at_most(0), [true, false, false, false]),
        (at_most(1), [true, true, false, false]),
        (exactly(0), [true, false, false, false]),
        (exactly(2), [false, false, true, false]),
        (exactly(u32::MAX), [false; 4]),
        (at_most(u32::MAX), [true; 4]),
    ] {
        for (n, expected) in answers.into_iter().enumerate() {
            let mut s = Space::default();
            let all = s.performed("E", Window::ALL, count);
            let filter = s.filter("E", "x", is("y"));
            let filtered = s.funnel("E", Window::ALL, filter, count, vec![]);
            let mut profile = user().event("E", NOW, [("x", "n".into())]).event("F", NOW, []);
            for _ in 0..n {
                profile = profile.event("E", at(-1), [("x", "y".into())]);
            }
            let program = s.finish();
            let profile = profile.build();
            assert_eq!(holds_of(&program, filtered, &profile), expected, "{count:?} of {n}");
            assert_eq!(
                holds_of(&program, all, &profile),
                count.holds(n + 1),
                "{count:?} of {n} + 1"
            );
        }
    }
}

#[test]
fn a_filter_is_about_one_event_at_a_time() {
    let mut s = Space::default();
    let (a, b) = (s.filter("E", "a", is("1")), s.filter("E", "b", is("2")));
    let both = s.b.and([a, b]);
    let node = s.funnel("E", Window::ALL, both, at_least(1), vec![]);
    let program = s.finish();
    let apart = user()
        .event("E", at(-1), [("a", 1.into())])
        .event("E", at(-2), [("b", 2.into())]);
    assert!(!holds_of(&program, node, &apart.build()));
    let together = user().event("E", at(-1), [("a", 1.into()), ("b", 2.into())]);
    assert!(holds_of(&program, node, &together.build()));
}

#[test]
fn a_filter_can_refer_to_a_trait() {
    let mut s = Space::default();
    let plan = s.trait_slot(Subject::User, "plan");
    let filter = s.filter("E", "plan", Test::Equals(Operand::Reference(Reference::Trait(plan))));
    let node = s.funnel("E", Window::ALL, filter, at_least(1), vec![]);
    let program = s.finish();
    let event = user().event("E", NOW, [("plan", "pro".into())]);
    assert!(holds_of(&program, node, &event.clone().trait_("plan", "pro").build()));
    assert!(!holds_of(&program, node, &event.clone().trait_("plan", "free").build()));
    assert!(!holds_of(&program, node, &event.build()));
}

#[test]
fn groups_and_negations() {
    for bits in 0..8u32 {
        let mut s = Space::default();
        let tests = ["a", "b", "c"].map(|name| s.trait_(name, Test::Exists));
        let (all, any) = (s.b.and(tests), s.b.or(tests));
        let not_all = s.b.not(all);
        let (yes, no) = (s.b.constant(true), s.b.constant(false));
        let program = s.finish();
        let mut profile = user();
        for (i, name) in ["a", "b", "c"].iter().enumerate() {
            if bits >> i & 1 == 1 {
                profile = profile.trait_(name, true);
            }
        }
        let profile = profile.build();
        assert_eq!(holds_of(&program, all, &profile), bits == 7);
        assert_eq!(holds_of(&program, not_all, &profile), bits != 7);
        assert_eq!(holds_of(&program, any, &profile), bits != 0);
        assert!(holds_of(&program, yes, &profile) && !holds_of(&program, no, &profile));
    }
}

#[test]
fn consent_states_are_told_apart() {
    for stored in ConsentState::ALL {
        let mut s = Space::default();
        s.category("Other");
        let category = s.category("Advertising");
        let states = ConsentState::ALL.map(|state| s.b.leaf(Node::Consent { category, state }));
        let program = s.finish();
        let profile = user()
            .consent("Advertising", stored)
            .consent("Unknown", ConsentState::Granted)
            .build();
        for (node, state) in states.into_iter().zip(ConsentState::ALL) {
            assert_eq!(holds_of(&program, node, &profile), state == stored);
        }
        let row = Row::new(&program, &profile, NOW);
        assert_eq!(row.consent(category), stored);
        assert_eq!(row.consent(CategorySlot(0)), ConsentState::NotCollected);
        assert_eq!(row.consent(CategorySlot(9)), ConsentState::NotCollected);
    }
}

#[test]
fn consent_is_read_as_stored_also_of_a_disabled_category() {
    let mut s = Space::default();
    let category = s.category("Advertising");
    let node = s.b.leaf(Node::Consent {
        category,
        state: ConsentState::Granted,
    });
    let mut program = s.finish();
    program.categories[0].enabled = false;
    assert!(holds_of(
        &program,
        node,
        &user().consent("Advertising", ConsentState::Granted).build()
    ));
    assert!(!holds_of(&program, node, &user().build()));
}

#[test]
fn only_some_identifiers_make_a_member() {
    let mut s = Space::default();
    let yes = s.yes();
    let known = s.audience(Subject::User, yes);
    let anyone = s.audience_with(Subject::User, yes, vec![], true);
    let program = s.checked();
    for (kinds, is_known, is_anyone) in [
        (vec!["user_id"], true, true),
        (vec!["email"], true, true),
        (vec!["android.idfa"], true, true),
        (vec!["ios.idfa"], true, true),
        (vec!["anonymous_id"], false, true),
        (vec!["anonymous_id", "email"], true, true),
        (vec!["anonymous_id", "phone"], false, true),
        (vec!["phone"], false, false),
        (vec!["ios.id", "android.id", "ios.push_token", "User_id"], false, false),
        (vec![], false, false),
    ] {
        let profile = kinds
            .iter()
            .fold(Profile::builder(), |p, kind| p.identifier(kind, "x"))
            .build();
        let mut row = Row::new(&program, &profile, NOW);
        evaluate(&program, &mut row, &[]);
        assert_eq!(row.is_member(known), is_known, "{kinds:?}");
        assert_eq!(row.is_member(anyone), is_anyone, "{kinds:?}");
    }
}

#[test]
fn consent_clauses_all_must_be_granted() {
    let mut s = Space::default();
    let (a, b) = (s.category("A"), s.category("B"));
    let yes = s.yes();
    let both = s.audience_with(Subject::User, yes, vec![a, b], false);
    let program = s.checked();
    for first in ConsentState::ALL {
        for second in ConsentState::ALL {
            let profile = user().consent("A", first).consent("B", second).build();
            let mut row = Row::new(&program, &profile, NOW);
            let member = evaluate_audience(&program, both, &mut row, &[]);
            assert_eq!(member, first.is_granted() && second.is_granted(), "{first} {second}");
            assert_eq!(row.is_member(both), member);
        }
    }
}

#[test]
fn audiences_follow_those_they_refer_to() {
    let mut s = Space::default();
    // Declared the wrong way round, so the order must be followed.
    let member = s.b.leaf(Node::Member(volens::ir::AudienceSlot(1)));
    let outer = s.audience(Subject::User, member);
    let plan = s.trait_("plan", is("pro"));
    let inner = s.audience(Subject::User, plan);
    let not = s.b.not(member);
    let others = s.audience(Subject::User, not);
    let mut program = s.finish();
    program.order = vec![inner, others, outer];
    for (plan, expected) in [("pro", true), ("free", false)] {
        let profile = user().trait_("plan", plan).build();
        let mut row = Row::new(&program, &profile, NOW);
        evaluate(&program, &mut row, &[]);
        assert_eq!(row.is_member(inner), expected);
        assert_eq!(row.is_member(outer), expected);
        assert_eq!(row.is_member(others), !expected);
        // Evaluated again, nothing sticks.
        evaluate(&program, &mut row, &[]);
        assert_eq!(row.is_member(outer), expected);
    }
}

#[test]
fn memberships_of_many_audiences_stay_apart() {
    let mut s = Space::default();
    let slots: Vec<_> = (0..150)
        .map(|i| {
            let test = s.trait_("n", Test::Equals(literal(number(&i.to_string()))));
            s.audience(Subject::User, test)
        })
        .collect();
    let program = s.checked();
    let profiles: Vec<Profile> = [0, 63, 64, 127, 128, 149].map(|n| user().trait_("n", n).build()).into();
    let mut row = Row::default();
    for profile in &profiles {
        row.bind(&program, profile, NOW);
        assert!(slots.iter().all(|slot| !row.is_member(*slot)));
        evaluate(&program, &mut row, &[]);
        let members: Vec<usize> = slots
            .iter()
            .filter(|slot| row.is_member(**slot))
            .map(|s| s.index())
            .collect();
        assert_eq!(members.len(), 1);
        assert_eq!(
            profile.traits().get("n"),
            Some(&volens::Value::from(i64::try_from(members[0]).unwrap()))
        );
    }
}

fn element(s: &mut Space, list: ValueRef, filter: NodeId) -> NodeId {
    let _ = &s;
    s.b.leaf(Node::Element { list, filter })
}

fn item(path: &[&str]) -> ValueRef {
    ValueRef::Item(path.iter().map(|key| (*key).into()).collect())
}

#[test]
fn one_element_must_pass_the_whole_filter() {
    let mut s = Space::default();
    let category = s.test(item(&["category"]), is("shoes"));
    let price = s.test(
        item(&["price", "net"]),
        Test::Compare(volens::ir::Comparison::Greater, literal(number("50"))),
    );
    let both = s.b.and([category, price]);
    let list = ValueRef::Trait(s.trait_slot(Subject::User, "products"));
    let node = element(&mut s, list, both);
    s.audience(Subject::User, node);
    let program = s.checked();
    for (products, expected) in [
        (r#"[{"category":"shoes","price":{"net":60}}]"#, true),
        (
            r#"[{"category":"hats"},{"category":"shoes","price":{"net":"60"}}]"#,
            true,
        ),
        (
            r#"[{"category":"shoes","price":{"net":40}},{"category":"hats","price":{"net":60}}]"#,
            false,
        ),
        (r#"{"category":"shoes","price":{"net":60}}"#, false),
        (r#""shoes""#, false),
        ("[]", false),
        ("null", false),
    ] {
        assert_eq!(
            holds_of(&program, node, &user().trait_("products", json(products)).build()),
            expected,
            "{products}"
        );
    }
    assert!(!holds_of(&program, node, &user().build()));
}

#[test]
fn item_is_the_element_itself_and_may_be_a_list() {
    let mut s = Space::default();
    let starts = s.test(item(&[]), Test::StartsWith(literal(text("vip"))));
    let tags = ValueRef::Trait(s.trait_slot(Subject::User, "tags"));
    let flat = element(&mut s, tags.clone(), starts);
    let inner = element(&mut s, item(&[]), starts);
    let nested = element(&mut s, tags.clone(), inner);
    let in_field = element(&mut s, item(&["names"]), starts);
    let field = element(&mut s, tags.clone(), in_field);
    let absent = s.test(item(&["x"]), Test::Exists);
    let absent = s.b.not(absent);
    let lacks = element(&mut s, tags, absent);
    let program = s.finish();
    for (tags, answers) in [
        (r#"["new","vip-1"]"#, [true, false, false, true]),
        (r#"[["new","vip-1"]]"#, [false, true, false, true]),
        (r#"[{"names":["vip"]}]"#, [false, false, true, true]),
        (r#"[{"names":["vip"],"x":1}]"#, [false, false, true, false]),
        (r#"[{"item":"vip"}]"#, [false, false, false, true]),
        // `does not exist` holds of an element that is null, but there must be one.
        ("[null]", [false, false, false, true]),
        ("[]", [false, false, false, false]),
    ] {
        let profile = user().trait_("tags", json(tags)).build();
        let found = [flat, nested, field, lacks].map(|node| holds_of(&program, node, &profile));
        assert_eq!(found, answers, "{tags}");
    }
}

#[test]
fn elements_of_an_events_property() {
    let mut s = Space::default();
    let sku = s.step_reference(0, "Viewed", "sku");
    let same = s.test(item(&["sku"]), Test::Equals(Operand::Reference(sku)));
    let (_, items) = s.property("Ordered", "items");
    let filter = element(&mut s, ValueRef::Property(items), same);
    let mut step = s.then("Ordered");
    step.filter = filter;
    let yes = s.yes();
    let node = s.funnel("Viewed", Window::ALL, yes, at_least(1), vec![step]);
    s.audience(Subject::User, node);
    let program = s.checked();
    let of = |viewed: &str, ordered: &str| {
        let viewed = user().event("Viewed", at(-5), [("sku", viewed.into())]);
        viewed.event("Ordered", at(-4), [("items", json(ordered))]).build()
    };
    assert!(holds_of(&program, node, &of("s1", r#"[{"sku":"s0"},{"sku":"s1"}]"#)));
    assert!(!holds_of(&program, node, &of("s2", r#"[{"sku":"s0"},{"sku":"s1"}]"#)));
}

fn quantified(s: &mut Space, condition: NodeId) -> [NodeId; 3] {
    [Quantifier::Any, Quantifier::All, Quantifier::No].map(|quantifier| s.b.leaf(Node::Users { quantifier, condition }))
}

#[test]
fn quantifiers() {
    let mut s = Space::default();
    let pro = s.trait_("plan", is("pro"));
    let ordered = s.performed("Ordered", Window::ALL, Count::ONCE);
    let both = s.b.and([pro, ordered]);
    let nodes = quantified(&mut s, both);
    for node in nodes {
        s.audience(Subject::Account, node);
    }
    let program = s.checked();
    let traits = Object::default();
    let yes = user().trait_("plan", "pro").event("Ordered", NOW, []).build();
    let half = user().trait_("plan", "pro").build();
    let rest = user().event("Ordered", NOW, []).build();
    for (users, answers) in [
        (vec![], [false, false, true]),
        (vec![&yes], [true, true, false]),
        (vec![&yes, &yes], [true, true, false]),
        (vec![&half, &yes], [true, false, false]),
        (vec![&yes, &half], [true, false, false]),
        // Two users that meet half of it each are not one that meets it.
        (vec![&half, &rest], [false, false, true]),
    ] {
        let users: Vec<Row> = users.into_iter().map(|user| Row::new(&program, user, NOW)).collect();
        let mut row = Row::account(&program, &traits, &refs(&users), NOW);
        assert_eq!(nodes.map(|node| holds_of_row(&program, node, &row, &users)), answers);
        evaluate(&program, &mut row, &refs(&users));
        let members = [0, 1, 2].map(|i| row.is_member(volens::ir::AudienceSlot(i)));
        assert_eq!(members, answers);
    }
}

#[test]
fn inside_a_quantifier_the_account_can_be_asked_about() {
    let mut s = Space::default();
    let tier = s.trait_slot(Subject::Account, "tier");
    let big = s.test(ValueRef::Trait(tier), is("big"));
    let bigs = s.audience(Subject::Account, big);
    let member = s.b.leaf(Node::Member(bigs));
    // `trait plan = account's tier` cannot be written; a reference inside a quantifier is the user's.
    let plan = s.trait_slot(Subject::User, "plan");
    let want = s.trait_("want", Test::Equals(Operand::Reference(Reference::Trait(plan))));
    let all = s.b.and([big, member, want]);
    let any = quantified(&mut s, all)[0];
    let outer = s.audience(Subject::Account, any);
    let program = s.checked();
    let satisfied = user()
        .trait_("plan", "x")
        .trait_("want", "x")
        .trait_("tier", "small")
        .build();
    let users = [Row::new(&program, &satisfied, NOW)];
    for (tier, expected) in [("big", true), ("small", false)] {
        let traits: Object = [("tier", tier.into())].into_iter().collect();
        let mut row = Row::account(&program, &traits, &refs(&users), NOW);
        evaluate(&program, &mut row, &refs(&users));
        assert_eq!(row.is_member(bigs), expected);
        assert_eq!(row.is_member(outer), expected);
        // And alone, with the account beside it.
        let trace = trace_user(&program, all, &row, &users[0]).unwrap();
        assert_eq!(trace.records()[0].holds, expected);
    }
}

#[test]
fn members_of_user_audiences_inside_a_quantifier() {
    let mut s = Space::default();
    let pro = s.trait_("plan", is("pro"));
    let pros = s.audience(Subject::User, pro);
    let member = s.b.leaf(Node::Member(pros));
    let [any, all, no] = quantified(&mut s, member);
    let accounts = [any, all, no].map(|node| s.audience(Subject::Account, node));
    let in_account = s.b.leaf(Node::Member(accounts[0]));
    let colleagues = s.audience(Subject::User, in_account);
    let program = s.checked();

    let profiles = [
        user().trait_("plan", "pro").build(),
        user().trait_("plan", "free").build(),
    ];
    let traits = Object::default();
    let mut users: Vec<Row> = profiles
        .iter()
        .map(|profile| Row::new(&program, profile, NOW))
        .collect();
    let mut account = Row::account(&program, &traits, &refs(&users), NOW);
    for slot in &program.order {
        match program.audiences[slot.index()].of {
            Subject::User => users.iter_mut().for_each(|user| {
                evaluate_audience(&program, *slot, user, &[]);
            }),
            Subject::Account => {
                let member = evaluate_audience(&program, *slot, &mut account, &refs(&users));
                users.iter_mut().for_each(|user| user.set_member(*slot, member));
            }
        }
    }
    assert_eq!(accounts.map(|slot| account.is_member(slot)), [true, false, false]);
    assert_eq!([0, 1].map(|i: usize| users[i].is_member(pros)), [true, false]);
    // Both, by their account.
    assert_eq!([0, 1].map(|i: usize| users[i].is_member(colleagues)), [true, true]);
}

#[test]
fn clauses_of_an_account_audience_restrict_who_is_delivered_alone() {
    let mut s = Space::default();
    let category = s.category("Advertising");
    let yes = s.yes();
    let any = quantified(&mut s, yes)[0];
    let slot = s.audience_with(Subject::Account, any, vec![category], false);
    let program = s.checked();
    let granted = user().consent("Advertising", ConsentState::Granted).build();
    let denied = user().consent("Advertising", ConsentState::Denied).build();
    let anonymous = Profile::builder()
        .identifier("anonymous_id", "a")
        .consent("Advertising", ConsentState::Granted)
        .build();
    let traits = Object::default();
    let users = [&denied, &anonymous, &granted].map(|profile| Row::new(&program, profile, NOW));
    let mut account = Row::account(&program, &traits, &refs(&users[..1]), NOW);
    assert!(evaluate_audience(&program, slot, &mut account, &refs(&users[..1])));
    let audience = &program.audiences[slot.index()];
    assert_eq!(
        [0, 1, 2].map(|i: usize| deliverable(audience, &users[i])),
        [false, false, true]
    );
    // The condition's own users count all of them.
    let mut account = Row::account(&program, &traits, &refs(&users), NOW);
    assert!(evaluate_audience(&program, slot, &mut account, &refs(&users)));
}

#[test]
fn an_account_has_no_events_consent_or_user_traits_of_its_own() {
    let mut s = Space::default();
    let category = s.category("A");
    let nodes = [
        s.trait_("plan", Test::Exists),
        s.performed("E", Window::ALL, Count::ONCE),
        s.b.leaf(Node::Consent {
            category,
            state: ConsentState::Granted,
        }),
    ];
    let program = s.finish();
    let profile = user()
        .trait_("plan", "x")
        .event("E", NOW, [])
        .consent("A", ConsentState::Granted)
        .build();
    let users = [Row::new(&program, &profile, NOW)];
    let traits: Object = [("plan", "x".into())].into_iter().collect();
    let account = Row::account(&program, &traits, &refs(&users), NOW);
    for node in nodes {
        assert!(!holds_of_row(&program, node, &account, &users));
        assert!(holds_of_row(&program, node, &users[0], &[]));
    }
}

#[test]
fn a_row_is_bound_again_without_a_trace_of_the_one_before() {
    let mut s = Space::default();
    let category = s.category("A");
    let nodes = [
        s.trait_("plan", Test::Exists),
        s.performed("E", Window::ALL, Count::ONCE),
        s.b.leaf(Node::Consent {
            category,
            state: ConsentState::Granted,
        }),
    ];
    let any = s.b.or(nodes);
    let slot = s.audience_with(Subject::User, any, vec![], true);
    let program = s.checked();
    let full = user()
        .trait_("plan", "x")
        .event("E", NOW, [])
        .consent("A", ConsentState::Granted)
        .build();
    let empty = Profile::builder().build();
    let mut row = Row::new(&program, &full, NOW);
    evaluate(&program, &mut row, &[]);
    assert!(row.is_member(slot) && row.is_eligible(false));
    row.bind(&program, &empty, NOW);
    assert!(!row.is_member(slot) && !row.is_eligible(true));
    assert!(nodes.iter().all(|node| !holds_of_row(&program, *node, &row, &[])));
}

#[test]
fn ids_that_lead_nowhere_hold_nothing() {
    let program = Space::default().finish();
    let profile = user().build();
    let mut row = Row::new(&program, &profile, NOW);
    row.set_member(volens::ir::AudienceSlot(7), true);
    assert!(!row.is_member(volens::ir::AudienceSlot(7)));
    assert!(!evaluate_audience(&program, volens::ir::AudienceSlot(7), &mut row, &[]));
    assert!(!holds(&program, NodeId(9), &row, &[], &mut ()));
}

fn record<'r>(program: &Program, records: &[Record<'r>], wanted: impl Fn(&Node) -> bool) -> Option<Record<'r>> {
    records.iter().find(|record| wanted(program.node(record.node))).copied()
}

#[test]
fn a_recorder_is_told_of_every_node_and_what_decided_it() {
    let mut s = Space::default();
    let category = s.category("A");
    let consent = s.b.leaf(Node::Consent {
        category,
        state: ConsentState::Granted,
    });
    let other = s.trait_slot(Subject::User, "other");
    let test = s.trait_("plan", Test::Equals(Operand::Reference(Reference::Trait(other))));
    let filter = s.filter("E", "x", is("y"));
    let performed = s.funnel("E", within(days(1)), filter, at_least(1), vec![]);
    let tags = ValueRef::Trait(s.trait_slot(Subject::User, "tags"));
    let vip = s.test(item(&[]), is("vip"));
    let elements = element(&mut s, tags, vip);
    let not = s.b.not(test);
    let all = s.b.and([consent, not, performed, elements]);
    let program = s.finish();
    let profile = user()
        .trait_("plan", "pro")
        .trait_("other", "pro")
        .trait_("tags", json(r#"["vip","new","vip"]"#))
        .consent("A", ConsentState::Conflicted)
        .event("E", at(0), [("x", "y".into())])
        .event("E", at(-1), [("x", "y".into())])
        .event("E", at(-2), [("x", "n".into())])
        .event("E", NOW.minus(days(1)), [("x", "y".into())])
        .build();
    let row = Row::new(&program, &profile, NOW);
    let mut trace = Trace::new();
    assert!(!holds(&program, all, &row, &[], &mut trace));
    let records = trace.records();
    // All children, though the first one decides; the filters are told as a number, and on one example each.
    let of_the_profile = |record: &&Record| record.example.is_none();
    assert_eq!(records.iter().filter(of_the_profile).count(), 6);
    assert_eq!(records.len(), 8);
    assert_eq!((records[0].node, records[0].depth, records[0].holds), (all, 0, false));
    assert!(
        records[1..]
            .iter()
            .all(|record| record.depth > 0 && record.user.is_none())
    );

    let consent = record(&program, records, |n| matches!(n, Node::Consent { .. })).unwrap();
    assert_eq!(
        (consent.holds, consent.fact),
        (false, Fact::Consent(ConsentState::Conflicted))
    );
    let test = record(&program, records, |n| matches!(n, Node::Test { .. })).unwrap();
    let pro = profile.traits().get("plan");
    let other = profile.traits().get("other");
    assert_eq!(
        (test.holds, test.depth, test.fact),
        (
            true,
            2,
            Fact::Value {
                value: pro,
                reference: other
            }
        )
    );
    let elements = record(&program, records, |n| matches!(n, Node::Element { .. })).unwrap();
    let value = profile.traits().get("tags");
    assert_eq!(
        elements.fact,
        Fact::Elements {
            passed: 2,
            of: Some(3),
            value
        }
    );
    let performed = record(&program, records, |n| matches!(n, Node::Performed(_))).unwrap();
    assert_eq!(
        performed.fact,
        Fact::Events {
            counted: 2,
            of: 3,
            after: NOW.minus(days(1)),
            until: NOW,
        }
    );
}

#[test]
fn a_recorder_is_told_of_every_user() {
    let mut s = Space::default();
    let pro = s.trait_("plan", is("pro"));
    let [any, _, _] = quantified(&mut s, pro);
    let tier = ValueRef::Trait(s.trait_slot(Subject::Account, "tier"));
    let big = s.test(tier, Test::Exists);
    let all = s.b.and([any, big]);
    let program = s.finish();
    let profiles = ["pro", "free", "pro"].map(|plan| user().trait_("plan", plan).build());
    let users: Vec<Row> = profiles
        .iter()
        .map(|profile| Row::new(&program, profile, NOW))
        .collect();
    let traits = Object::default();
    let account = Row::account(&program, &traits, &refs(&users), NOW);
    let mut trace = Trace::new();
    let of_account = refs(&users);
    assert!(!holds(&program, all, &account, &of_account, &mut trace));
    let users: Vec<(Option<usize>, bool)> = trace.records().iter().map(|r| (r.user, r.holds)).collect();
    // The account's own trait stands first: it is cheaper.
    let expected = [
        (None, false),
        (None, false),
        (None, true),
        (Some(0), true),
        (Some(1), false),
        (Some(2), true),
    ];
    assert_eq!(users, expected);
    assert_eq!(trace.records()[2].fact, Fact::Users { met: 2, of: 3 });
    assert_eq!(trace.users(pro).collect::<Vec<_>>(), [(0, true), (1, false), (2, true)]);
}
