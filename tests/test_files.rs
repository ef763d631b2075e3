//! Test files: what their authors are told, what their cases mean, and that nothing breaks their reader.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use volens::cases::{self, FailureKind, Inputs, Report, Suite, SuiteReport};
use volens::span::FileId;
use volens::syntax;
use volens::{Engine, Timestamp};

const WORKSPACE: &str = r#"
category Advertising
category Analytics disabled
destination google_ads requires Advertising, Analytics
destination crm requires nothing
destination warehouse requires nothing
audience pros { who trait plan = "pro"  send to google_ads, crm }
audience basics { who trait plan = "basic"  send to crm }
audience buyers { who performed "Order Completed" within 30 days  send to google_ads }
audience staff { who trait email ends with "@acme.example" }
"#;

fn engine() -> Engine {
    Engine::from_text("shop.audience", WORKSPACE).unwrap()
}

fn run(text: &str) -> SuiteReport {
    let suite = Suite::from_text(&engine(), "shop.test.audience", text);
    suite.run(&mut Inputs::default(), &mut || {})
}

fn text(report: SuiteReport) -> String {
    Report { suites: vec![report] }.to_string()
}

/// One case with these statements, and whether it passed.
fn passes(statements: &str) -> bool {
    let report = run(&format!("test \"one\" {{\n now 2026-06-30\n {statements}\n}}"));
    let file = &report.files[0];
    assert_eq!(file.errors(), 0, "{statements}: {:?}", file.problems);
    file.cases[0].passed()
}

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("test_files").join(name);
    let _ = fs::remove_dir_all(&folder);
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

const PEOPLE: &str = r#"
event {"type": "identify", "userId": "u1", "timestamp": "2026-06-01", "traits": {"plan": "pro", "email": "Anna@Example.org"},
       "context": {"consent": {"categoryPreferences": {"Advertising": true}}}}
event {"type": "identify", "userId": "u2", "timestamp": "2026-06-01", "traits": {"plan": "pro"},
       "context": {"consent": {"categoryPreferences": {"Advertising": false}}}}
event {"type": "track", "event": "Order Completed", "userId": "u2", "timestamp": "2026-06-02"}
event {"type": "identify", "userId": "u3", "timestamp": "2026-06-01", "traits": {"plan": "basic"}}
"#;

#[test]
fn what_authors_are_told() {
    let slips = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/test_files/slips.txt")).unwrap();
    let mut told = String::new();
    for slip in slips.split("---\n") {
        let report = run(slip);
        let problems = &report.files[0].problems;
        assert!(!problems.is_empty(), "{slip}");
        writeln!(told, "{}", slip.trim_end()).unwrap();
        for problem in problems {
            // Every place is in the text, and nothing about grammars gets out.
            assert!(
                (problem.span.end as usize) <= slip.len() && problem.span.start < problem.span.end,
                "{slip}: {problem:?}"
            );
            assert!(!problem.message.contains("kw_"), "{}", problem.message);
            let shown = problem.to_text(&report.sources);
            for line in shown.lines() {
                writeln!(told, "    {line}").unwrap();
            }
        }
        writeln!(told).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn expectations_hold_or_not() {
    for (expectation, holds) in [
        (r#""user_id:u1" in pros"#, true),
        (r#""user_id:u1" not in pros"#, false),
        // Any identifier, as it is matched.
        (r#""email:anna@example.org" in pros"#, true),
        (r#""email: ANNA@example.org " in "pros""#, true),
        (r#""user_id:u3" in pros"#, false),
        (r#""user_id:u3" not in pros"#, true),
        // Nobody: in no audience, and at no destination.
        (r#""user_id:nobody" in pros"#, false),
        (r#""user_id:nobody" not in pros"#, true),
        (r#""user_id:nobody" filtered at google_ads"#, false),
        (r#""user_id:nobody" delivered to crm"#, false),
        (r#""user_id:u1" delivered to google_ads"#, true),
        (r#""user_id:u1" delivered to google_ads from pros"#, true),
        (r#""user_id:u1" filtered at google_ads"#, false),
        // A member of one of the audiences that are sent there is not one of the other.
        (r#""user_id:u1" delivered to google_ads from buyers"#, false),
        (r#""user_id:u1" filtered at google_ads from buyers"#, false),
        (r#""user_id:u2" filtered at google_ads"#, true),
        (r#""user_id:u2" filtered at google_ads from buyers"#, true),
        (r#""user_id:u2" delivered to google_ads"#, false),
        (r#""user_id:u2" delivered to crm from pros"#, true),
        (r#""user_id:u3" delivered to crm"#, true),
        (r#""user_id:u3" delivered to crm from pros"#, false),
        // No member is filtered nowhere.
        (r#""user_id:u3" filtered at google_ads"#, false),
        ("size of pros = 2", true),
        ("size of pros < 2", false),
        ("size of pros <= 2", true),
        ("size of pros > 1", true),
        ("size of pros >= 3", false),
        ("size of staff = 0", true),
    ] {
        assert_eq!(
            passes(&format!("{PEOPLE} expect {expectation}")),
            holds,
            "{expectation}"
        );
    }
}

/// Acme has u1, who agrees, u2, who does not, and a visitor; beta has u2.
const ACCOUNTS: &str = r#"
category Advertising
destination ads requires Advertising
destination crm requires nothing
audience buying of accounts { who any user (performed "Order Completed")  send to ads, crm }
audience free of accounts { who account trait plan = "free"  consent to Advertising  send to crm }
audience their_people { who member of buying  send to crm }
"#;

const GROUPS: &str = r#"
event {"type": "group", "userId": "u1", "groupId": "acme", "timestamp": "2026-06-01", "messageId": "g1",
       "context": {"consent": {"categoryPreferences": {"Advertising": true}}}}
event {"type": "group", "userId": "u2", "groupId": "acme", "timestamp": "2026-06-01", "messageId": "g2",
       "context": {"consent": {"categoryPreferences": {"Advertising": false}}}}
event {"type": "group", "anonymousId": "a1", "groupId": "acme", "timestamp": "2026-06-01", "messageId": "g3"}
event {"type": "group", "userId": "u2", "groupId": "beta", "timestamp": "2026-06-01", "messageId": "g4", "traits": {"plan": "free"}}
event {"type": "track", "event": "Order Completed", "userId": "u1", "timestamp": "2026-06-02", "messageId": "o1"}
event {"type": "identify", "userId": "u3", "timestamp": "2026-06-01", "messageId": "i1"}
"#;

fn run_accounts(text: &str) -> SuiteReport {
    let engine = Engine::from_text("accounts.audience", ACCOUNTS).unwrap();
    Suite::from_text(&engine, "accounts.test.audience", text).run(&mut Inputs::default(), &mut || {})
}

#[test]
fn expectations_about_accounts_hold_or_not() {
    for (expectation, holds) in [
        (r#""group_id:acme" in buying"#, true),
        (r#""group_id:acme" not in buying"#, false),
        (r#""group_id:beta" in buying"#, false),
        (r#""group_id:beta" in free"#, true),
        (r#""user_id:u2" in their_people"#, true),
        (r#""user_id:u3" in their_people"#, false),
        (r#""group_id:nowhere" in buying"#, false),
        (r#""group_id:nowhere" not in buying"#, true),
        ("size of buying = 1", true),
        ("size of free = 1", true),
        ("size of their_people = 2", true),
        // What is delivered are users, by their own consent.
        (r#""user_id:u1" delivered to ads from buying"#, true),
        (r#""user_id:u2" filtered at ads from buying"#, true),
        (r#""user_id:u2" delivered to crm from buying"#, true),
        (r#""anonymous_id:a1" delivered to crm from buying"#, false),
        (r#""anonymous_id:a1" filtered at ads"#, false),
        // A clause leaves u2 out.
        (r#""user_id:u2" delivered to crm from free"#, false),
        (r#""user_id:u2" filtered at crm from free"#, false),
    ] {
        let report = run_accounts(&format!(
            "test \"one\" {{ now 2026-06-30 {GROUPS} expect {expectation} }}"
        ));
        let file = &report.files[0];
        assert_eq!(file.errors(), 0, "{expectation}: {:?}", file.problems);
        assert_eq!(file.cases[0].passed(), holds, "{expectation}: {:?}", file.cases[0]);
    }
}

/// `not in` of the wrong kind would always hold, also of somebody who is delivered.
#[test]
fn accounts_and_people_are_not_mixed_up() {
    for (expectation, message) in [
        (r#""user_id:u1" in buying"#, "the members of `buying` are accounts"),
        (r#""user_id:u1" not in buying"#, "the members of `buying` are accounts"),
        (
            r#""group_id:acme" not in their_people"#,
            "the members of `their_people` are people, and `group_id` names an account",
        ),
        (
            r#""group_id:acme" delivered to crm"#,
            "what is delivered are people, not accounts",
        ),
        (
            r#""group_id:acme" filtered at ads from buying"#,
            "what is delivered are people, not accounts",
        ),
    ] {
        let report = run_accounts(&format!(
            "test \"one\" {{ now 2026-06-30 {GROUPS} expect {expectation} }}"
        ));
        let problems = &report.files[0].problems;
        assert_eq!(problems.len(), 1, "{expectation}: {problems:?}");
        assert_eq!(problems[0].message, message);
    }
}

#[test]
fn a_failure_about_accounts_says_what_was_found() {
    let mut file = String::new();
    for (title, expectations) in [
        ("members", r#"expect "group_id:beta" in buying"#),
        ("people of members", r#"expect "user_id:u2" not in their_people"#),
        ("held back", r#"expect "user_id:u2" delivered to ads"#),
        ("left out", r#"expect "user_id:u2" delivered to crm from free"#),
        ("no account", r#"expect "user_id:u3" delivered to ads"#),
        ("sizes", "expect size of buying = 3"),
    ] {
        writeln!(file, "test \"{title}\" {{ now 2026-06-30 {GROUPS} {expectations} }}").unwrap();
    }
    insta::assert_snapshot!(text(run_accounts(&file)));
}

#[test]
fn a_long_explanation_is_cut() {
    let tests: Vec<String> = (0..60).map(|n| format!("trait t{n} = {n}")).collect();
    let engine = Engine::from_text("a.audience", &format!("audience a {{ who {} }}", tests.join(" and "))).unwrap();
    let case = r#"test "a" { now 2026-06-30 event {"type": "identify", "userId": "u1"} expect "user_id:u1" in a }"#;
    let report = Suite::from_text(&engine, "a.test.audience", case).run(&mut Inputs::default(), &mut || {});
    let lines = &report.files[0].cases[0].failures[0].explanation;
    assert_eq!(lines.len(), 41);
    // The first line, `all of`, and two for each of the 60.
    assert_eq!(lines[40], "… and 82 lines more, which `volens explain` shows");
}

#[test]
fn a_failure_says_what_was_found() {
    let cases = [
        ("sizes", r#"expect size of pros = 1   expect size of staff >= 1"#),
        (
            "membership",
            r#"expect "user_id:u3" in pros   expect "email:anna@example.org" not in pros"#,
        ),
        (
            "nobody",
            r#"expect "user_id:u9" in pros   expect "user_id:u9" filtered at google_ads"#,
        ),
        ("kept away", r#"expect "user_id:u2" delivered to google_ads"#),
        ("let through", r#"expect "user_id:u1" filtered at crm"#),
        (
            "no member",
            r#"expect "user_id:u3" filtered at google_ads   expect "user_id:u3" delivered to crm from pros"#,
        ),
        ("all is well", r#"expect "user_id:u1" in pros"#),
    ];
    let mut file = String::new();
    for (title, expectations) in cases {
        writeln!(file, "test \"{title}\" {{ now 2026-06-30 {PEOPLE} {expectations} }}").unwrap();
    }
    let shown = text(run(&file));
    insta::assert_snapshot!(shown);
    // The same text every time.
    assert_eq!(text(run(&file)), shown);
}

#[test]
fn a_refused_event_never_passes_silently() {
    let report = run(r#"
test "an event without a user" {
  now 2026-06-30
  event {"type": "track", "event": "Order Completed"}
  expect size of pros = 0
}
test "an event of tomorrow" {
  now 2026-06-30
  event {"type": "track", "event": "Order Completed", "userId": "u1", "timestamp": "2026-07-01"}
  expect size of buyers = 0
}
"#);
    let cases = &report.files[0].cases;
    assert_eq!(cases[0].failures[0].kind, FailureKind::Refused);
    assert_eq!(cases[0].failures[0].place.line, 4);
    assert!(
        cases[0].failures[0].found.contains("no_user_anon_id"),
        "{:?}",
        cases[0].failures
    );
    assert!(cases[1].passed());
    assert_eq!(cases[1].notes, ["1 event is later than `now`, so not seen"]);
}

#[test]
fn that_nobody_is_left_out_is_told() {
    let report = run(&format!(
        "test \"a\" {{ now 2026-06-30 {PEOPLE} expect \"user_id:u9\" not in pros expect \"user_id:u3\" not in pros }}"
    ));
    let case = &report.files[0].cases[0];
    assert!(case.passed());
    assert_eq!(
        case.notes,
        ["`not in pros` holds for user_id:u9 as no event of this test has made such a profile"]
    );
    // A type that a rule names is one, however it is written.
    let engine = Engine::from_text(
        "a.audience",
        "identity {\n  \"userid\" limit 1\n}\naudience a { include anonymous }",
    );
    let case = |kind: &str| {
        let text = format!("test \"a\" {{ now 2026-06-30 expect \"{kind}:u1\" not in a }}");
        let suite = Suite::from_text(engine.as_ref().unwrap(), "a.test.audience", &text);
        suite.run(&mut Inputs::default(), &mut || {}).files[0].errors()
    };
    assert_eq!(["userid", "user_id", "userId", "loyalty"].map(case), [0, 0, 1, 0]);
}

#[test]
fn files_of_events_lie_beside_the_test_and_are_read_once() {
    let test = |title: &str| {
        format!(
            "test \"{title}\" {{ now 2026-06-30 events \"fixtures/people.jsonl\" expect \"user_id:u1\" in pros }}\n"
        )
    };
    let tests = [test("one"), test("two"), test("three")].concat();
    let people = "{\"type\": \"identify\", \"userId\": \"u1\", \"traits\": {\"plan\": \"pro\"}}\nno event\n";
    let folder = folder(
        "events",
        &[
            ("shop.audience", WORKSPACE),
            ("shop.test.audience", &tests),
            ("fixtures/people.jsonl", people),
        ],
    );
    let suites = Suite::load(&folder).unwrap();
    assert_eq!(suites[0].len(), 3);
    let mut opened = Vec::new();
    let mut inputs = Inputs::opened_by(|path| {
        opened.push(path.to_owned());
        Ok(Box::new(std::io::Cursor::new(fs::read(path)?)))
    });
    let mut done = 0;
    let report = suites[0].run(&mut inputs, &mut || done += 1);
    drop(inputs);
    assert_eq!(opened, [folder.join("fixtures/people.jsonl")]);
    assert_eq!(done, 3);
    let cases = &report.files[0].cases;
    assert!(cases.iter().all(|case| case.passed()));
    // What a file has to be refused is told, and no failure: files are shared, and may be as bad as real ones.
    assert!(
        cases[2].notes[0].contains("people.jsonl:2: bad_request"),
        "{:?}",
        cases[2].notes
    );
}

#[test]
fn a_file_that_cannot_be_read_fails_its_cases_alone() {
    let report = run(
        r#"test "a" { now 2026-06-30 events "fixtures/none.jsonl" expect size of pros = 0 }
           test "b" { now 2026-06-30 expect size of pros = 0 }"#,
    );
    let cases = &report.files[0].cases;
    let failures = &cases[0].failures;
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].kind, FailureKind::Input);
    assert!(failures[0].found.starts_with("cannot read `fixtures/none.jsonl`"));
    assert!(cases[1].passed());
    let packed = folder(
        "packed",
        &[
            ("a.audience", "audience a {}"),
            (
                "a.test.audience",
                r#"test "a" { now 2026-06-30 events "e.jsonl.gz" expect size of a = 0 }"#,
            ),
        ],
    );
    fs::write(packed.join("e.jsonl.gz"), [0x1f, 0x8b, 8, 0]).unwrap();
    let report = cases::run(&packed).unwrap();
    assert!(
        report.suites[0].files[0].cases[0].failures[0]
            .found
            .ends_with("it is packed with gzip")
    );
}

#[test]
fn each_folder_with_definitions_is_a_namespace() {
    let audience = |plan: &str| format!("audience pros {{ who trait plan = \"{plan}\" }}");
    let test = |plan: &str| {
        format!(
            "test \"{plan}\" {{ now 2026-06-30 event {{\"type\": \"identify\", \"userId\": \"u1\", \"traits\": \
             {{\"plan\": \"{plan}\"}}}} expect size of pros = 1 }}"
        )
    };
    let folder = folder(
        "side_by_side",
        &[
            ("shop/a.audience", &audience("shop")),
            ("shop/nested/shop.test.audience", &test("shop")),
            ("media/deep/b.audience", &audience("media")),
            ("media/media.test.audience", &test("media")),
            ("untested/c.audience", "audience"),
        ],
    );
    let report = cases::run(&folder).unwrap();
    assert!(report.is_success(), "{report}");
    let workspaces: Vec<PathBuf> = report.suites.iter().map(|suite| suite.workspace.clone()).collect();
    assert_eq!(workspaces, [folder.join("media"), folder.join("shop")]);
}

#[test]
fn where_there_is_no_test_nothing_passes() {
    let empty = folder(
        "no_tests",
        &[("a.audience", "audience a {}"), ("b.audience", "audience b {}")],
    );
    let told = cases::run(&empty).unwrap_err().to_string();
    assert!(told.starts_with("there is no `.test.audience` file in `"), "{told}");
    let told = cases::run(empty.join("a.audience")).unwrap_err().to_string();
    assert!(
        told.contains("a.test.audience`, which would hold the tests of"),
        "{told}"
    );
    let blank = folder(
        "blank_tests",
        &[("a.audience", "audience a {}"), ("a.test.audience", "# none yet")],
    );
    assert!(!cases::run(&blank).unwrap().is_success());
    let orphan = folder("orphan", &[("a.test.audience", "# no definitions")]);
    assert!(
        cases::run(&orphan)
            .unwrap_err()
            .to_string()
            .starts_with("there is no `.audience` file")
    );
}

#[test]
fn errors_in_definitions_or_tests_are_no_success() {
    let sound = r#"test "sound" { now 2026-06-30 expect size of a = 0 }"#;
    let broken = folder(
        "broken",
        &[
            ("a.audience", "audience a { send to nowhere }"),
            ("a.test.audience", sound),
        ],
    );
    let report = cases::run(&broken).unwrap();
    assert!(report.suites[0].definitions.is_some());
    assert_eq!(report.totals().to_string(), "0 passed, 0 failed, 1 error");
    assert!(!report.is_success());

    // The sound tests of a file are run, whatever is wrong with the others.
    let half = format!("{sound}\ntest \"b\" {{ now 2026-06-30 expect size of b = 0 }}\ntest \"c\" {{ nwo }}");
    let half = folder("half", &[("a.audience", "audience a {}"), ("a.test.audience", &half)]);
    assert_eq!(
        cases::run(&half).unwrap().totals().to_string(),
        "1 passed, 0 failed, 2 errors"
    );
    let bytes = folder("bytes", &[("a.audience", "audience a {}")]);
    fs::write(bytes.join("a.test.audience"), [sound.as_bytes(), b"\n# \xff"].concat()).unwrap();
    let report = cases::run(&bytes).unwrap();
    assert_eq!(report.suites[0].files[0].problems[0].message, "this is not UTF-8 text");
}

#[test]
fn the_words_of_tests_are_those_of_definitions() {
    // Byte order mark, CRLF, comments, quoted names, dates with an offset.
    let text = "\u{feff}# tests\r\ntest \"a # b\" { # here\r\n now 2026-06-30T02:00:00.5+02:00\r\n expect size of \"pros\" = 0 }\r\n";
    let report = run(text);
    assert!(report.files[0].problems.is_empty(), "{:?}", report.files[0].problems);
    assert!(report.files[0].cases[0].passed());
    let (file, _) = syntax::cases::parse(FileId(0), text);
    let now: Timestamp = "2026-06-30T00:00:00.500Z".parse().unwrap();
    assert_eq!(file.tests[0].now(), Some(now));
    assert_eq!(file.comments.len(), 2);
    assert_eq!(&text[file.tests[0].span.range()][..4], "test");
}

#[test]
fn limits_are_told_and_take_no_time() {
    let first = |text: &str| run(text).files[0].problems[0].message.clone();
    assert!(first(&" ".repeat(1 << 20).replacen(' ', "#", 1).repeat(2)).starts_with("a file has at most 1 MiB"));
    let nested = |open: &str, close: &str, depth: usize| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!(
            "test \"a\" {{ now 2026-06-30 event {{\"type\": \"track\", \"x\": {open}1{close}}} expect size of pros = 0 }}"
        )
    };
    let too_deep = "an event has at most 127 objects and lists in one another";
    for (open, close) in [("[", "]"), ("{\"a\": ", "}")] {
        assert_ne!(first(&(nested(open, close, 126) + "}")), too_deep);
        assert_eq!(first(&nested(open, close, 127)), too_deep);
        assert_eq!(first(&nested(open, close, 100_000)), too_deep);
    }
    // As large as a file can be, of what could be slow: openings, unknown names, doubled names, braces in texts.
    let head = "test \"a\" { now 2026-06-30 ";
    for part in [
        "event {",
        "event {\"a\": ",
        "expect \"user_id:u1\" in x ",
        "test \"a\" {} ",
        "event {\"}\": \"{\"} ",
        "{",
        "}",
        "test ",
        "\"",
        "now 2026-06-30 ",
        "event {\"a\": 1, \"a\": 2} ",
        "'",
    ] {
        let text = head.to_owned() + &part.repeat(((1 << 20) - head.len()) / part.len());
        let report = run(&text);
        assert!(report.files[0].errors() > 0, "{part}");
    }
}

const PIECES: [&str; 36] = [
    "test",
    "\"a\"",
    "\"b\"",
    "{",
    "}",
    "now",
    "2026-06-30",
    "events",
    "event",
    "{\"type\":\"track\"}",
    "{\"a\":{\"}\":1}}",
    "expect",
    "\"user_id:u1\"",
    "in",
    "not",
    "delivered",
    "to",
    "filtered",
    "at",
    "google_ads",
    "crm",
    "pros",
    "from",
    "size",
    "of",
    "=",
    "<=",
    "5",
    "-1",
    "\n",
    "# x\n",
    "\"",
    ",",
    ":",
    "é",
    "\u{202e}",
];

proptest! {
    #[test]
    fn no_text_breaks_the_reader(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        let text = pieces.join(" ");
        let (file, problems) = syntax::cases::parse(FileId(0), &text);
        for problem in &problems {
            prop_assert!(text.get(problem.span.range()).is_some(), "{:?} in {:?}", problem, text);
        }
        for test in &file.tests {
            prop_assert!(text[test.span.range()].starts_with("test"));
        }
        prop_assert_eq!((file, problems), syntax::cases::parse(FileId(0), &text));
    }

    #[test]
    fn any_bytes_can_be_given(text in "\\PC{0,80}") {
        let wrapped = format!("test \"a\" {{ now 2026-06-30 event {{{text}}} expect \"user_id:u1\" in {text} }}");
        for text in [&text, &wrapped] {
            let (_, problems) = syntax::cases::parse(FileId(0), text);
            for problem in &problems {
                prop_assert!(text.get(problem.span.range()).is_some(), "{:?} in {:?}", problem, text);
            }
        }
    }

    /// A list of sound tests is read as it was written, and says the same each time it is run.
    #[test]
    fn a_printed_list_of_cases_is_deterministic(sizes in prop::collection::vec((0u32..4, prop::sample::select(&["=", "<", "<=", ">", ">="][..])), 1..8)) {
        let mut file = String::new();
        for (at, (size, operator)) in sizes.iter().enumerate() {
            writeln!(file, "test \"{at}\" {{ now 2026-06-30 {PEOPLE} expect size of pros {operator} {size} }}").unwrap();
        }
        let report = run(&file);
        prop_assert_eq!(report.files[0].cases.len(), sizes.len());
        for (case, (size, operator)) in report.files[0].cases.iter().zip(&sizes) {
            let holds = match *operator {
                "=" => 2 == *size,
                "<" => 2 < *size,
                "<=" => 2 <= *size,
                ">" => 2 > *size,
                _ => 2 >= *size,
            };
            prop_assert_eq!(case.passed(), holds);
        }
        prop_assert_eq!(text(report), text(run(&file)));
    }
}
