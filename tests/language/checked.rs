//! language.md, What is checked before anything runs, Tests and Limits.

use volens::diagnostic::Code;
use volens::syntax::MAX_FILE;

use crate::support::*;

fn warned(text: &str) -> Vec<String> {
    let engine = engine(text);
    let told = engine.warnings().iter();
    told.map(|w| format!("{} {}", w.code, engine.sources().slice(w.span)))
        .collect()
}

#[test]
fn every_error_says_where_what_and_what_to_write_instead() {
    let text = "category Advertising\naudience a {\n  who trait x = 1\n  consent to Advertizing\n}\n";
    let Err(error) = volens::Engine::from_text("shop.audience", text) else {
        panic!("sound");
    };
    let told = error.to_string();
    for part in [
        "shop.audience:4:14",
        "there is no category `Advertizing`",
        "did you mean `Advertising`?",
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn all_is_told_in_one_go_and_broken_items_declare_their_names() {
    let text = "category A\n\
        audience broken { who trait x = }\n\
        destination worse requires A, { typ \"x\" }\n\
        audience a { who member of broken and member of nobody send to worse, nowhere }\n\
        audience b { who performed \"E\" within 0 days consent to B }\n\
        trait t = sum x from \"E\"\n\
        audience c { who trait t.x = 1 }";
    let found = errors(text);
    let lines: Vec<usize> = found
        .iter()
        .map(|e| text[..e.span.range().start].matches('\n').count() + 1)
        .collect();
    for broken in [2, 3, 6] {
        assert!(lines.contains(&broken), "{found:?}");
    }
    let sound: Vec<&str> = found
        .iter()
        .zip(&lines)
        .filter(|(_, line)| [4, 5].contains(line))
        .map(|(e, _)| &text[e.span.range()])
        .collect();
    assert_eq!(sound, ["nobody", "nowhere", "within 0 days", "B"]);
    // Of each kind.
    for (broken, uses) in [
        (
            "category B disable",
            "audience a { who consent B is denied consent to B }",
        ),
        ("destination d requires B,", "audience a { send to d }"),
        ("audience b { who }", "audience a { who member of b }"),
        (
            "trait t = sum x from \"E\"",
            "trait u: string audience a { who trait t = 1 }",
        ),
        ("trait t: strin", "trait u: string audience a { who trait t = 1 }"),
        (
            "event \"E\" { x strin }",
            "event \"F\" {} audience a { who performed \"E\" where (x = 1) }",
        ),
    ] {
        assert!(
            errors(broken).len() == 1 && !errors(uses).is_empty(),
            "{broken}: {uses}"
        );
        let text = format!("{broken}\n{uses}");
        let found = errors(&text);
        assert!(
            found.iter().all(|e| e.span.range().start < broken.len()),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn each_mistake_of_meaning_is_found() {
    for (text, code, underlined) in [
        ("audience a { consent to A }", Code::UnknownName, "A"),
        ("audience a { who consent A is denied }", Code::UnknownName, "A"),
        ("destination d requires A", Code::UnknownName, "A"),
        ("audience a { send to d }", Code::UnknownName, "d"),
        ("audience a { who member of b }", Code::UnknownName, "b"),
        (
            "audience a { who performed \"E\" then performed \"F\" where (x = e.x) }",
            Code::UnknownName,
            "e",
        ),
        ("audience a { who member of a }", Code::Cycle, "a"),
        ("category A category A", Code::DuplicateName, "A"),
        ("category A \"n\" category B \"n\"", Code::DuplicateName, "\"n\""),
        ("category \"1a\"", Code::BadCategory, "\"1a\""),
        ("category \"a b\"", Code::BadCategory, "\"a b\""),
        (
            "category A \"123456789012345678901\"",
            Code::BadCategory,
            "\"123456789012345678901\"",
        ),
        ("category A \"\"", Code::BadCategory, "\"\""),
        (
            "category abcdefghijklmnopqrstuvwxyzabcdefghi",
            Code::BadCategory,
            "abcdefghijklmnopqrstuvwxyzabcdefghi",
        ),
        (
            "destination d requires nothing { removal once removal never }",
            Code::Repeated,
            "removal never",
        ),
        (
            "consent enforcement on consent enforcement on",
            Code::Repeated,
            "consent enforcement on",
        ),
        ("identity {} identity {}", Code::Repeated, "identity"),
        ("identity { phone limit 1 phone limit 1 }", Code::Repeated, "phone"),
    ] {
        let found = errors(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].code, code, "{text}");
        assert!(
            text[found[0].span.range()].contains(underlined),
            "{text}: {}",
            &text[found[0].span.range()]
        );
    }
    assert!(errors("category abcdefghijklmnopqrstuvwxyzabcdefgh \"12345678901234567890\"").is_empty());
    assert!(errors("category _a-1").is_empty());
}

#[test]
fn consent_is_never_read_as_a_trait() {
    for path in [
        "segment_consent_preference.A",
        "Segment_Consent_Preference.A",
        "SEGMENT_CONSENT_PREFERENCE.A.b",
        "segment_consent_preference",
        "\"segment_consent_preference\".A",
    ] {
        for place in [
            "audience a { who trait $ = true }",
            "audience a { who any trait $ (item = 1) }",
            "audience a { who trait x = trait $ }",
        ] {
            let found = errors(&place.replace('$', path));
            assert_eq!((found.len(), found[0].code), (1, Code::ReservedTrait), "{place} {path}");
            assert!(found[0].help.as_deref().unwrap().contains("consent to"), "{path}");
        }
    }
    assert!(
        errors("audience a { who trait segment_consent_preferences = 1 and trait x.segment_consent_preference = 1 }")
            .is_empty()
    );
}

#[test]
fn a_path_is_known_if_it_or_one_above_or_below_it_is_declared() {
    let schema = "event \"E\" { p.q: string, l: list of number, page_name: string }\nevent \"Page Viewed\" { url: string }\n\
        trait t.u: number\n";
    for (who, sound) in [
        ("performed \"E\" where (p.q = \"x\")", true),
        ("performed \"E\" where (p exists)", true),
        ("performed \"E\" where (p.q.r exists)", true),
        ("performed \"E\" where (p.r exists)", false),
        ("performed \"E\" where (q exists)", false),
        ("performed \"F\"", false),
        ("performed \"E\" then performed \"F\"", false),
        // `page_name` like any other.
        ("performed \"E\" where (page_name = \"x\")", true),
        ("performed \"Page Viewed\" where (page_name = \"x\")", false),
        ("performed \"Screen Viewed\"", false),
        ("trait t exists", true),
        ("trait t.u = 1", true),
        ("trait t.v = 1", false),
        ("trait x = 1", false),
        // Through a reference, too.
        ("trait t.u = trait t.u", true),
        ("trait t.u = trait x", false),
        ("performed \"E\" as e then performed \"E\" where (p.q = e.p.q)", true),
        ("performed \"E\" as e then performed \"E\" where (p.q = e.r)", false),
    ] {
        let text = format!("{schema}audience a {{ who {who} }}");
        assert_eq!(errors(&text).len(), usize::from(!sound), "{who}: {:?}", errors(&text));
    }
    // Without any schema everything is known.
    assert!(errors("audience a { who performed \"F\" where (x = 1) and trait y = 1 }").is_empty());
}

#[test]
fn each_warning_is_told() {
    let d = "category A destination d requires nothing destination ads requires A\n";
    let used = "audience used { who trait used = 1 send to d, ads }\n";
    for (text, expected) in [
        (
            "destination s audience z { send to s }".to_owned(),
            "silent-destination s",
        ),
        (
            "audience z { who trait x > 5 and trait x < 3 }".to_owned(),
            "never-holds trait x < 3",
        ),
        (
            "audience z { who trait x = 1 and trait x = 2 }".to_owned(),
            "never-holds trait x = 2",
        ),
        (
            "audience z { who performed \"E\" and performed \"E\" exactly 0 times }".to_owned(),
            "never-holds performed \"E\" exactly 0 times",
        ),
        (
            "audience z { who consent A is denied and consent to A }".to_owned(),
            "never-holds consent to A",
        ),
        (
            "audience z { who trait x exists or trait x does not exist }".to_owned(),
            "always-holds trait x does not exist",
        ),
        (
            "audience z { who not performed \"E\" then performed \"F\" }".to_owned(),
            "negated-funnel not",
        ),
        ("destination e requires nothing".to_owned(), "unused-destination e"),
        (
            "audience z { who consent A is denied send to ads }".to_owned(),
            "nobody-delivered ads",
        ),
        ("trait t = count of \"E\"".to_owned(), "unused-trait t"),
        ("category B".to_owned(), "unused-category B"),
    ] {
        assert_eq!(warned(&format!("{d}{used}{text}")), [expected], "{text}");
    }
    assert!(warned(&format!("{d}{used}")).is_empty());
    // A setting says nothing of what is required.
    let silent = "destination s { storage } audience z { send to s }";
    assert_eq!(warned(silent), ["silent-destination s"]);
}

#[test]
fn limits_are_named_and_hold_to_the_last() {
    let condition = |condition: &str| format!("audience a {{ who {condition} }}");
    let any = |n: usize| {
        let inner = (1..n).fold("item = 1".to_owned(), |inner, _| format!("any l ({inner})"));
        condition(&format!("any trait l ({inner})"))
    };
    let mixed = |n: usize| {
        // `any` and its brackets are two, a quantifier and its brackets are two, `not` and brackets one each.
        let rest = n - 4;
        format!(
            "audience a of accounts {{ who any user ({}{}any trait l (item = 1){}) }}",
            "(".repeat(rest / 2),
            "not ".repeat(rest - rest / 2),
            ")".repeat(rest / 2)
        )
    };
    let in_where = |n: usize| {
        let inner = (0..n).fold("item = 1".to_owned(), |inner, _| format!("any l ({inner})"));
        condition(&format!("performed \"E\" where (x = 1 or {inner})"))
    };
    for (sound, broken, named) in [
        (
            format!("#{}", "x".repeat(1024 * 1024 - 1)),
            format!("#{}", "x".repeat(1024 * 1024)),
            "1 MiB",
        ),
        (
            condition(&format!("{}trait x = 1{}", "(".repeat(64), ")".repeat(64))),
            condition(&format!("{}trait x = 1{}", "(".repeat(65), ")".repeat(65))),
            "64",
        ),
        (
            condition(&format!("{}trait x = 1", "not ".repeat(64))),
            condition(&format!("{}trait x = 1", "not ".repeat(65))),
            "64",
        ),
        (mixed(64), mixed(65), "64"),
        (
            condition(&format!("trait x in [{}]", vec!["1"; 10_000].join(","))),
            condition(&format!("trait x in [{}]", vec!["1"; 10_001].join(","))),
            "10000",
        ),
        (any(4), any(5), "4"),
        (in_where(4), in_where(5), "4"),
    ] {
        assert!(errors(&sound).is_empty(), "{named}: {:?}", errors(&sound));
        let found = errors(&broken);
        assert_eq!(found.len(), 1, "{named}: {found:?}");
        assert_eq!(found[0].code, Code::Limit);
        assert!(found[0].message.contains(named), "{}", found[0].message);
    }
}

/// As long as a file may be, and hostile: quadratic time would take hours, which no run of the tests would outlast.
#[test]
fn time_is_linear_in_the_text() {
    for piece in [
        "(",
        "not ",
        "audience a { who (",
        "[1,",
        "any l (",
        "\"",
        "{",
        "trait x = 1 and ",
        "# x\n",
        "or ",
    ] {
        let begins = "audience a { who ";
        let text = format!("{begins}{}", piece.repeat((MAX_FILE - begins.len()) / piece.len()));
        assert!(!errors(&text).is_empty(), "{piece}");
    }
}
