//! The outcome of tests as JUnit XML, which build servers read.
//!
//! One `testsuite` for each test file, one `testcase` for each test; what is wrong with a file or with definitions is a
//! `testcase` of its own, with an `error`. No times: the same tests give the same file.

use std::fmt::Write;

use crate::cases::{CaseReport, FailureKind, FileReport, Report, SuiteReport};
use crate::diagnostic::Diagnostic;

pub(super) fn xml(report: &Report) -> String {
    let mut suites = String::new();
    let mut sum = Counts::default();
    for suite in &report.suites {
        if let Some(definitions) = &suite.definitions {
            let mut body = String::new();
            problem(
                &mut body,
                &suite.workspace.display().to_string(),
                "definitions",
                &definitions.to_string(),
            );
            let counts = Counts {
                tests: 1,
                errors: 1,
                failures: 0,
            };
            testsuite(&mut suites, &suite.workspace.display().to_string(), counts, &body);
            sum.add(counts);
        }
        for file in &suite.files {
            let (counts, body) = testcases(suite, file);
            testsuite(&mut suites, &file.name, counts, &body);
            sum.add(counts);
        }
    }
    let Counts {
        tests,
        failures,
        errors,
    } = sum;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"volens\" tests=\"{tests}\" failures=\"{failures}\" \
         errors=\"{errors}\">\n{suites}</testsuites>\n"
    )
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
    }
}

// A String takes whatever is written to it, so the results of writing say nothing.

fn testsuite(out: &mut String, name: &str, counts: Counts, body: &str) {
    let Counts {
        tests,
        failures,
        errors,
    } = counts;
    let name = escaped(name);
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\">"
    );
    out.push_str(body);
    out.push_str("  </testsuite>\n");
}

fn testcases(suite: &SuiteReport, file: &FileReport) -> (Counts, String) {
    let mut counts = Counts::default();
    let mut body = String::new();
    for diagnostic in file.problems.iter().filter(|problem| problem.is_error()) {
        counts.tests += 1;
        counts.errors += 1;
        let line = suite.sources.position(diagnostic.span).line;
        let name = format!("line {line}: {}", first_line(diagnostic));
        problem(&mut body, &file.name, &name, &diagnostic.to_text(&suite.sources));
    }
    for case in &file.cases {
        counts.tests += 1;
        // Of a test that is not even begun nothing failed.
        let is_error = case
            .failures
            .first()
            .is_some_and(|failure| failure.kind == FailureKind::Input);
        counts.errors += usize::from(is_error);
        counts.failures += usize::from(!case.passed() && !is_error);
        testcase(&mut body, case, &file.name, is_error);
    }
    (counts, body)
}

fn first_line(diagnostic: &Diagnostic) -> &str {
    diagnostic.message.lines().next().unwrap_or("")
}

fn problem(out: &mut String, class: &str, name: &str, text: &str) {
    let (class, name, text) = (escaped(class), escaped(name), escaped(text));
    let message = text.split("&#10;").next().unwrap_or("");
    let _ = writeln!(
        out,
        "    <testcase classname=\"{class}\" name=\"{name}\">\n      <error message=\"{message}\" type=\"definition\">{text}</error>\n    </testcase>"
    );
}

fn testcase(out: &mut String, case: &CaseReport, file: &str, is_error: bool) {
    let (class, name, line) = (escaped(file), escaped(&case.name), case.place.line);
    let _ = write!(
        out,
        "    <testcase classname=\"{class}\" name=\"{name}\" file=\"{class}\" line=\"{line}\""
    );
    if case.passed() && case.notes.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    if let Some(first) = case.failures.first() {
        let element = if is_error { "error" } else { "failure" };
        let message = escaped(&first.found);
        let kind = first.kind.as_str();
        let text = escaped(&case.to_text(file));
        let _ = writeln!(
            out,
            "      <{element} message=\"{message}\" type=\"{kind}\">{text}</{element}>"
        );
    } else {
        let _ = writeln!(
            out,
            "      <system-out>{}</system-out>",
            escaped(&case.notes.join("\n"))
        );
    }
    out.push_str("    </testcase>\n");
}

/// A text as it can stand in XML, in quotes too. Characters that XML cannot hold at all, not even escaped, are written out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_written_out() {
        assert_eq!(
            escaped("a<b> & \"c\"\n\u{1b}\u{0}\u{ffff}"),
            "a&lt;b&gt; &amp; &quot;c&quot;&#10;\\u{1b}\\u{0}\\u{ffff}"
        );
    }
}
