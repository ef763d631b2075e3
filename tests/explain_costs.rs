//! Explanations of funnels over many events: showing one of them must not cost the answer.

use volens::{Engine, Profile, Timestamp, Value};

#[test]
fn a_funnel_that_can_be_decided_can_be_explained() {
    let engine = Engine::from_text(
        "a.audience",
        r#"audience a { who performed "A" as a exactly 0 times then performed "B" then performed "C" where (k < a.k) }"#,
    )
    .unwrap_or_else(|error| panic!("{error}"));
    let start: Timestamp = "2026-06-01".parse().unwrap();
    let mut profile = Profile::builder().user_id("u1");
    // Of a hundred A nobody gets to a C: to look at one is to look at each B, and at each C after it.
    for (name, of, at) in [("A", 100i64, 0i64), ("B", 1_100, 1_000), ("C", 1_100, 3_000)] {
        for n in 0..of {
            let time = Timestamp::from_millis(start.as_millis() + at + n);
            profile = profile.event(name, time, [("k", Value::from(at + n))]);
        }
    }
    let now: Timestamp = "2026-06-30".parse().unwrap();
    let why = engine.explain("a", &profile.build(), now).unwrap();
    assert!(why.member);
    let funnel = &why.conditions.children[1];
    assert_eq!(
        funnel.because,
        r#"none of 100 "A" events was followed by "B", then by "C""#
    );
    let told: Vec<(Option<bool>, &str)> = funnel
        .children
        .iter()
        .map(|step| (step.holds, &*step.because))
        .collect();
    let too_many = "too many events follow one another to show one";
    assert_eq!(told, [(None, too_many), (None, too_many)]);
    // Nor is anything said of the filter of a step.
    assert_eq!(funnel.children[1].children[0].because, too_many);
}
