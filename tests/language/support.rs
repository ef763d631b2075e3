//! From a text and events to an answer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is no test function here serves tests alone"
)]

use volens::diagnostic::Diagnostic;
use volens::{Engine, Error, Profiles, Timestamp};

pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// 2026-06-30T00:00:00Z.
pub(crate) fn now() -> Timestamp {
    "2026-06-30T00:00:00Z".parse().unwrap()
}

/// So many milliseconds from [`now`], as it is written.
pub(crate) fn at(millis: i64) -> String {
    Timestamp::from_millis(now().as_millis() + millis).to_string()
}

pub(crate) fn engine(text: &str) -> Engine {
    Engine::from_text("w.audience", text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The errors of a definition; none if it is sound.
pub(crate) fn errors(text: &str) -> Vec<Diagnostic> {
    match Engine::from_text("w.audience", text) {
        Ok(_) => Vec::new(),
        Err(Error::Definitions(errors)) => errors.diagnostics().iter().filter(|d| d.is_error()).cloned().collect(),
        Err(error) => panic!("{text}\n{error}"),
    }
}

/// That a definition has exactly one error, and what it underlines.
#[track_caller]
pub(crate) fn one_error(text: &str, underlined: &str) -> Diagnostic {
    let found = errors(text);
    assert_eq!(found.len(), 1, "{text}\n{found:?}");
    assert_eq!(&text[found[0].span.range()], underlined, "{text}\n{found:?}");
    found.into_iter().next().unwrap()
}

/// That a condition is refused with one error, and what it underlines.
#[track_caller]
pub(crate) fn refused(condition: &str, underlined: &str) -> Diagnostic {
    one_error(&format!("audience a {{ who {condition} }}"), underlined)
}

/// A call of user `u1`, at a time from [`now`]; `rest` are further members of the object.
pub(crate) fn call(kind: &str, millis: i64, rest: &str) -> String {
    let at = at(millis);
    format!(r#"{{"type":"{kind}","userId":"u1","timestamp":"{at}","receivedAt":"{at}",{rest}}}"#)
}

pub(crate) fn track(name: &str, millis: i64, properties: &str) -> String {
    call(
        "track",
        millis,
        &format!(r#""event":"{name}","properties":{properties}"#),
    )
}

pub(crate) fn identify(traits: &str) -> String {
    call("identify", -99 * DAY, &format!(r#""traits":{traits}"#))
}

/// The people of these events, none of which may be refused.
pub(crate) fn people(engine: &Engine, events: &[String]) -> Profiles {
    let lines = events.join("\n");
    // Taken in as of a later day, so that what an audience may not see yet is there.
    let later = Timestamp::from_millis(now().as_millis() + 1000 * DAY);
    let ingested = engine.ingest(lines.as_bytes(), later).unwrap();
    assert_eq!(ingested.counts.rejected, 0, "{lines}\n{:?}", ingested.rejects);
    ingested.profiles
}

/// Whether `u1` is in the audience `a` of a workspace.
pub(crate) fn member(text: &str, events: &[String]) -> bool {
    let engine = engine(text);
    let people = people(&engine, events);
    let u1 = people
        .find("user_id", "u1")
        .unwrap_or_else(|| panic!("nobody in {events:?}"));
    engine.among(&people).is_member("a", u1, now()).unwrap()
}

/// Whether each of the conditions holds of `u1`; where it does, its negation must not.
#[track_caller]
pub(crate) fn each_holds(conditions: &[String], events: &[String]) -> Vec<bool> {
    let audience = |(at, condition): (usize, &String)| {
        format!("audience a{at} {{ who {condition} }}\naudience not_a{at} {{ who not ({condition}) }}\n")
    };
    let engine = engine(&conditions.iter().enumerate().map(audience).collect::<String>());
    let mut events = events.to_vec();
    events.push(identify(r#"{"present":true}"#));
    let people = people(&engine, &events);
    let u1 = people.find("user_id", "u1").unwrap();
    let member = |audience: String| engine.is_member(&audience, u1, now()).unwrap();
    let answer = |(at, condition)| {
        let found = member(format!("a{at}"));
        assert_ne!(
            found,
            member(format!("not_a{at}")),
            "not ({condition}) is no complement: {events:?}"
        );
        found
    };
    conditions.iter().enumerate().map(answer).collect()
}

/// Whether a condition holds of `u1`, and its negation does not.
#[track_caller]
pub(crate) fn holds(condition: &str, events: &[String]) -> bool {
    each_holds(&[condition.to_owned()], events)[0]
}

/// Whether a test holds of a value (JSON, or `absent`): of a trait, of an event's property and of an element's field, which
/// must all answer alike; and where it does, not with `not` in front.
#[track_caller]
pub(crate) fn test_holds(test: &str, value: &str) -> bool {
    let object = match value {
        "absent" => "{}".to_owned(),
        value => format!(r#"{{"x":{value}}}"#),
    };
    let events = [
        identify(&object),
        track("E", -1, &object),
        call("identify", -98 * DAY, &format!(r#""traits":{{"list":[{object}]}}"#)),
    ];
    let conditions = [
        format!("trait x {test}"),
        format!(r#"performed "E" where (x {test})"#),
        format!("any trait list (x {test})"),
        format!(r#"performed "E" exactly 0 times where (not not x {test})"#),
        format!("not any trait list (not not x {test})"),
        format!(r#"performed "E" where (not x {test})"#),
        format!("any trait list (not x {test})"),
    ];
    let [plain @ .., a, b, c, d] = &*each_holds(&conditions, &events) else {
        panic!("{test}")
    };
    let answer = plain[0];
    assert!(plain.iter().all(|found| *found == answer), "{value} {test}: {plain:?}");
    assert!([a, b, c, d].iter().all(|found| **found != answer), "{value} not {test}");
    answer
}
