//! What the guides say is true: their examples compile, their errors are those that are told, their outputs those that are
//! printed, and their tables are complete.
//!
//! Fenced blocks are held to their tags:
//!
//! | tag | the block is |
//! |---|---|
//! | `audience` | a workspace by itself, without errors and warnings |
//! | `audience,part` | conditions, each put into [`frame`]; a line that is not indented begins the next one, or a comment |
//! | `audience,error` | a workspace with errors; the `text` block after it is what is told |
//! | `audience,warning` | the same with warnings alone |
//! | `console` | commands and what they print, run in a folder with the blocks tagged `file=NAME` above (feature `cli`) |
//!
//! Those of an example's README are run in the folder of the project; `2>/dev/null` leaves out standard error.

mod grammar_forms;

use std::fs;
use std::path::{Path, PathBuf};

use volens::diagnostic::{Code, Diagnostic};
use volens::ingest::RejectCode;
use volens::{ConsentState, Engine, Error};

use grammar_forms::Grammar;

/// A fenced block of a page.
struct Block {
    /// `docs/language.md:12`
    place: String,
    tags: Vec<String>,
    text: String,
}

impl Block {
    fn is(&self, tags: &[&str]) -> bool {
        let own = self.tags.iter().filter(|tag| !tag.starts_with("file="));
        own.eq(tags)
    }

    fn file(&self) -> Option<&str> {
        self.tags.iter().find_map(|tag| tag.strip_prefix("file="))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The README, those of the examples, and every page below `docs`.
fn pages() -> Vec<String> {
    let entries = fs::read_dir(root().join("docs")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let name = |path: PathBuf| format!("docs/{}", path.file_name().unwrap().to_str().unwrap());
    let mut names: Vec<String> = pages.map(name).collect();
    names.push("README.md".to_owned());
    names.extend(["media", "saas", "shop"].map(|example| format!("examples/{example}/README.md")));
    // Its command writes Parquet.
    if cfg!(feature = "parquet") {
        names.push("examples/warehouse/README.md".to_owned());
    }
    names.sort();
    names
}

fn blocks(name: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in page(name).lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(tags), None) => {
                open = Some(Block {
                    place: format!("{name}:{}", at + 1),
                    tags: tags.split(',').map(|tag| tag.trim().to_owned()).collect(),
                    text: String::new(),
                });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    blocks
}

/// A workspace in which a condition can stand: two categories, each required by one destination, an audience to refer to
/// that goes there, and a destination that requires nothing, so that any condition may ask for those who refused.
fn frame(condition: &str) -> String {
    format!(
        r#"
category Advertising
category Analytics
destination google_ads requires Advertising
destination onsite requires Analytics
destination crm requires nothing
audience employees {{
  who trait email ends with "@acme.example"
  send to google_ads, onsite
}}
audience example {{
  who {condition}
  send to crm
}}
"#
    )
}

/// The conditions of a part.
fn conditions(part: &str) -> Vec<String> {
    let mut conditions: Vec<String> = Vec::new();
    let lines = part
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    for line in lines {
        match conditions.last_mut() {
            Some(last) if line.starts_with(' ') => {
                last.push('\n');
                last.push_str(line);
            }
            _ => conditions.push(line.to_owned()),
        }
    }
    conditions
}

fn told(diagnostics: &[Diagnostic], sources: &volens::span::Sources) -> String {
    let texts: Vec<String> = diagnostics.iter().map(|d| d.to_text(sources)).collect();
    texts.join("\n")
}

/// The errors and warnings of a text.
fn problems(name: &str, text: &str) -> String {
    match Engine::from_text(name, text) {
        Ok(engine) => told(engine.warnings(), engine.sources()),
        Err(Error::Definitions(errors)) => told(errors.diagnostics(), errors.sources()),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn examples_compile_without_errors_and_warnings() {
    let mut count = 0;
    for block in pages().iter().flat_map(|name| blocks(name)) {
        if block.is(&["audience"]) {
            count += 1;
            assert_eq!(problems("example.audience", &block.text), "", "{}", block.place);
        }
    }
    assert!(count >= 10, "{count}");
}

#[test]
fn parts_compile_in_their_frame() {
    let mut count = 0;
    for block in pages().iter().flat_map(|name| blocks(name)) {
        if block.is(&["audience", "part"]) {
            for condition in conditions(&block.text) {
                count += 1;
                let text = frame(&condition);
                assert_eq!(problems("example.audience", &text), "", "{}: {condition}", block.place);
            }
        }
    }
    assert!(count >= 30, "{count}");
}

#[test]
fn errors_and_warnings_are_told_as_shown() {
    let mut count = 0;
    for name in pages() {
        let mut blocks = blocks(&name).into_iter();
        while let Some(block) = blocks.next() {
            for (tag, severity) in [("error", "error["), ("warning", "warning[")] {
                if !block.is(&["audience", tag]) {
                    continue;
                }
                count += 1;
                let shown = blocks
                    .next()
                    .filter(|next| next.is(&["text"]))
                    .unwrap_or_else(|| panic!("{}: no text block after it", block.place));
                let file = block.file().unwrap_or("example.audience");
                let text = problems(file, &block.text);
                assert!(text.contains(severity), "{}: {text}", block.place);
                assert_eq!(text, shown.text.trim_end(), "{}", block.place);
            }
        }
    }
    assert!(count >= 3, "{count}");
}

#[test]
fn every_block_of_definitions_is_held_to_something() {
    for block in pages().iter().flat_map(|name| blocks(name)) {
        if block.tags.iter().any(|tag| tag.starts_with("audience")) {
            let known = [
                &["audience"][..],
                &["audience", "part"],
                &["audience", "error"],
                &["audience", "warning"],
            ];
            assert!(
                known.iter().any(|tags| block.is(tags)),
                "{}: {:?}",
                block.place,
                block.tags
            );
        }
    }
}

#[cfg(feature = "cli")]
#[test]
fn commands_print_what_is_shown() {
    use std::process::Command;

    let mut count = 0;
    for name in pages() {
        let folder = if name.starts_with("examples/") {
            root().to_owned()
        } else {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name.replace(['/', '.'], "_"));
            // What an earlier run has stored there would be found by this one.
            let _ = fs::remove_dir_all(&folder);
            folder
        };
        fs::create_dir_all(&folder).unwrap();
        for block in blocks(&name) {
            if let Some(file) = block.file() {
                assert_ne!(folder, root(), "{}: an example is made of its own files", block.place);
                fs::write(folder.join(file), &block.text).unwrap();
            }
            if !block.is(&["console"]) {
                continue;
            }
            let mut printed = String::new();
            // A command may go on in the next line, as in a shell.
            for command in block.text.replace("\\\n", " ").lines() {
                let Some(command) = command
                    .strip_prefix("$ volens ")
                    .or(command.strip_prefix("$ cargo volens "))
                else {
                    continue;
                };
                count += 1;
                let (command, is_quiet) = match command.strip_suffix(" 2>/dev/null") {
                    Some(command) => (command, true),
                    None => (command, false),
                };
                let done = Command::new(env!("CARGO_BIN_EXE_volens"))
                    .args(words(command))
                    .current_dir(&folder)
                    .output()
                    .unwrap();
                let streams = [done.stderr, done.stdout];
                for stream in streams.into_iter().skip(usize::from(is_quiet)) {
                    printed.push_str(&String::from_utf8(stream).unwrap());
                }
            }
            let mut continued = false;
            let mut is_command = |line: &&str| {
                let command = continued || line.starts_with("$ ");
                continued = command && line.ends_with('\\');
                command
            };
            let shown: Vec<&str> = block.text.lines().filter(|line| !is_command(line)).collect();
            assert_eq!(printed.trim_end(), shown.join("\n").trim_end(), "{}", block.place);
        }
    }
    assert!(count >= 3, "{count}");
}

/// The words of a command; what stands in double quotes is one.
#[cfg(feature = "cli")]
fn words(command: &str) -> Vec<&str> {
    let parts = command.split('"').enumerate();
    let words = parts.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().collect(),
        _ => vec![part],
    });
    words.collect()
}

/// The words in backticks in a stretch of a page.
fn quoted<'p>(page: &'p str, from: &str, to: &str) -> Vec<&'p str> {
    let (_, rest) = page.split_once(from).unwrap();
    let (stretch, _) = rest.split_once(to).unwrap();
    stretch.split('`').skip(1).step_by(2).collect()
}

#[test]
fn reserved_words_are_those_that_need_quotes() {
    let page = page("docs/language.md");
    let words = quoted(&page, "These words always need quotes", "A dot goes one level down");
    let (reserved, rest) = words.split_at(words.iter().position(|word| word.contains(' ')).unwrap());
    assert_eq!(reserved.len(), 25);
    for word in reserved {
        assert_ne!(problems("a", &format!("audience {word} {{}}")), "", "{word}");
        assert_eq!(problems("a", &format!("audience \"{word}\" {{}}")), "", "{word}");
    }
    // After the example `trait event = "x"` and the word `where ( )`.
    let first_words = &rest[2..];
    assert_eq!(first_words.len(), 8);
    for word in first_words {
        let of = |property: &str| format!("audience a {{ who performed \"E\" where ({property} = 1) }}");
        assert_ne!(problems("a", &of(word)), "", "{word}");
        assert_eq!(problems("a", &of(&format!("\"{word}\""))), "", "{word}");
        assert_eq!(problems("a", &of(&format!("x.{word}"))), "", "{word}");
    }
}

#[test]
fn every_refusal_has_its_row_and_no_other() {
    let page = page("docs/events.md");
    let (_, table) = page.split_once("| code |").unwrap();
    let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("| `"));
    let codes: Vec<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    // In the order in which they are looked for.
    let all: Vec<&str> = RejectCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes, all);
}

#[test]
fn every_warning_has_its_row_and_no_other() {
    let page = page("docs/language.md");
    let (_, table) = page.split_once("| code | warns of |").unwrap();
    let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("| `"));
    let codes: Vec<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let all: Vec<&str> = Code::WARNINGS.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes, all);
}

#[test]
fn only_states_that_exist_are_named() {
    let states: Vec<&str> = ConsentState::ALL.iter().map(|state| state.as_str()).collect();
    let page = page("docs/consent.md");
    let (_, table) = page.split_once("| state |").unwrap();
    let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("| `"));
    let listed: Vec<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    assert_eq!(listed, states);
    // So do the conditions that are quoted, and the outputs.
    for (at, _) in page.match_indices("consent Advertising is ") {
        let named = &page[at + "consent Advertising is ".len()..];
        let known = states.iter().any(|state| named.starts_with(state));
        assert!(known || named.starts_with('…'), "{}", &named[..20]);
    }
    for (_, to) in page.lines().filter_map(|line| line.split_once(" → ")) {
        assert!(
            states.iter().any(|state| to.starts_with(state)) || to.starts_with("conflicted`"),
            "{to}"
        );
    }
}

#[test]
fn every_rule_of_the_consent_history_is_explained() {
    let mut used: Vec<String> = Vec::new();
    // What an object says is read in the one, what becomes of it is decided in the other.
    let folders = ["src/model", "src/ingest"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let entries = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    for file in entries.filter(|path| path.is_file()) {
        let source = fs::read_to_string(file).unwrap();
        let rules = source
            .split('"')
            .filter(|text| text.starts_with("CP-") && text.len() < 8);
        used.extend(rules.map(str::to_owned));
    }
    used.sort();
    used.dedup();
    assert!(used.len() >= 8, "{used:?}");
    let page = page("docs/consent.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `CP-"));
    let mut explained: Vec<String> = rows
        .map(|row| format!("CP-{}", row.split('`').next().unwrap()))
        .collect();
    explained.sort();
    assert_eq!(explained, used);
}

/// The rows of the table after a heading: for each of its cells, what stands in backticks, or all of it where nothing does.
fn table<'p>(page: &'p str, heading: &str) -> Vec<Vec<Vec<&'p str>>> {
    let (_, rest) = page
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("there is no {heading}"));
    let lines = rest.lines().skip_while(|line| !line.starts_with("| ")).skip(2);
    let rows = lines.map_while(|line| line.strip_prefix("| "));
    let cell = |cell: &'p str| match cell.contains('`') {
        true => cell.split('`').skip(1).step_by(2).collect(),
        false => vec![cell.trim()],
    };
    rows.map(|row| row.trim_end_matches('|').split(" | ").map(cell).collect())
        .collect()
}

/// Whether somewhere in a text stands a form: its words as they are, one word or more for each of its symbols.
fn shows(example: &str, form: &str) -> bool {
    fn begins(words: &[&str], form: &[&str]) -> bool {
        match (form.split_first(), words.split_first()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((symbol, rest)), Some(_)) if grammar_forms::is_symbol(symbol) => {
                (1..=words.len()).any(|taken| begins(&words[taken..], rest))
            }
            (Some((part, rest)), Some((word, after))) => part == word && begins(after, rest),
        }
    }
    let spaced = |text: &str| text.replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
    let (example, form) = (spaced(example), spaced(form));
    let words: Vec<&str> = example.split_whitespace().collect();
    let form: Vec<&str> = form.split_whitespace().collect();
    (0..words.len()).any(|from| begins(&words[from..], &form))
}

/// What the example of a table is.
#[derive(Clone, Copy)]
enum Kind {
    Clause,
    Condition,
    Trait,
}

impl Kind {
    /// A workspace with the example: a condition on users in an audience of accounts, if it is one of these.
    fn framed(self, example: &str) -> String {
        const OF_ACCOUNTS: [&str; 5] = [
            "account trait ",
            "any account ",
            "any user (",
            "all users (",
            "no user (",
        ];
        match self {
            Kind::Clause => frame("trait x = 1").replace("who trait x = 1", example),
            Kind::Trait => {
                let name = example.split(' ').nth(1).unwrap();
                format!("{example}\n{}", frame(&format!("trait {name} exists")))
            }
            Kind::Condition if OF_ACCOUNTS.iter().any(|form| example.starts_with(form)) => {
                frame(example).replace("audience example {", "audience example of accounts {")
            }
            Kind::Condition => frame(example),
        }
    }
}

#[test]
fn the_operator_reference_has_every_form_of_the_grammar_and_each_example_is_one() {
    // The tables, what their examples are, and the rules of the grammar whose forms they hold.
    let tables: &[(&str, Kind, &[&str])] = &[
        ("### Clauses of an audience", Kind::Clause, &["clause"]),
        ("### Conditions", Kind::Condition, &["unary", "joiner"]),
        ("### Behind an event", Kind::Condition, &["modifier"]),
        ("### Steps of a funnel", Kind::Condition, &["step"]),
        ("### Inside `where`", Kind::Condition, &["filter_unary"]),
        ("### Inside `any`", Kind::Condition, &["element_unary"]),
        ("### Tests of a value", Kind::Condition, &["test"]),
        ("### What a value can be", Kind::Condition, &["operand"]),
        (
            "### Functions of computed traits",
            Kind::Trait,
            &["count_of", "function_of"],
        ),
    ];
    let grammar = Grammar::read(&(page("grammar/words.pest") + &page("grammar/audience.pest")));
    let page = page("docs/language.md");
    let (_, page) = page.split_once("\n## Operator reference\n").unwrap();
    for (heading, kind, rules) in tables {
        let rows = table(page, heading);
        let mut listed: Vec<&str> = rows.iter().flat_map(|row| row[0].clone()).collect();
        let mut allowed: Vec<String> = rules.iter().flat_map(|rule| grammar.forms(rule)).collect();
        listed.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(listed, allowed, "{heading}");

        for row in &rows {
            let (forms, examples) = (&row[0], &row[1]);
            for example in examples {
                let text = kind.framed(example);
                assert_eq!(problems("example.audience", &text), "", "{heading}: {example}");
            }
            for form in forms {
                let shown = examples.iter().any(|example| shows(example, form));
                assert!(shown, "{heading}: no example of {form}");
            }
        }
    }
}

#[test]
fn what_other_tools_say_compiles_here() {
    let page = page("docs/coming_from.md");
    let lines: Vec<&str> = page.lines().collect();
    let mut count = 0;
    for table in lines.split(|line| !line.starts_with('|')) {
        let cells = |row: &'_ str| -> Vec<String> {
            row.split(" | ")
                .map(|cell| cell.trim_matches(['|', ' ']).to_owned())
                .collect()
        };
        let Some(column) = table
            .first()
            .and_then(|header| cells(header).iter().position(|cell| cell == "in Volens"))
        else {
            continue;
        };
        for row in table.iter().skip(2) {
            let cells = cells(row);
            let written: Vec<&str> = cells[column].split('`').skip(1).step_by(2).collect();
            assert!(!written.is_empty(), "{row}");
            for text in written {
                count += 1;
                let kind = if text.starts_with("trait ") && text.contains(" from \"") || text.contains("= count of") {
                    Kind::Trait
                } else {
                    Kind::Condition
                };
                assert_eq!(problems("example.audience", &kind.framed(text)), "", "{text}");
            }
        }
    }
    assert!(count >= 90, "{count}");
}
