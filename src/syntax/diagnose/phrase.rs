//! Conditions as they are said or written elsewhere: where one begins, and where one is tested.

use super::audience::{negated, negated_up_to_and};
use super::literal;
use super::moment;
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::syntax::lex::Kind;

/// A condition is wanted, and this is not how one begins.
pub(super) fn begin(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, next) = (site.found(), site.word(1));
    let begins_none = |last: isize| {
        let written = site.text(0, last);
        site.error(0, last, format!("`{written}` does not begin a condition"))
    };
    match found {
        "everyone" | "everybody" | "all" | "anyone" | "anybody" | "any" | "users" | "people" => everybody(site),
        "without" | "no" | "except" | "excluding" | "unless" | "exclude" => {
            Some(begins_none(0).help(format!("write `{}`", without(site, 1))))
        }
        "has" | "have" | "had" | "is" | "are" | "was" | "were" | "user" | "they" => has(site),
        "count" | "number" if matches!(next, "of" | "(") => count(site),
        "audience" | "segment" | "list" | "group" if site.is_name(1) && site.is_end_or_joiner(2) => {
            Some(begins_none(0).help(format!("write `member of {next}`")))
        }
        "in" if matches!(next, "audience" | "segment" | "list" | "group" | "the") && site.is_name(2) => {
            let mut name = 2;
            while matches!(site.word(name), "audience" | "segment" | "list" | "group") && site.is_name(name + 1) {
                name += 1;
            }
            Some(begins_none(0).help(format!("write `member of {}`", site.word(name))))
        }
        "who" => Some(begins_none(0).help("remove this `who`: one is enough")),
        "agreed" | "opted" | "accepted" | "allowed" | "granted" | "gave" | "given" | "denied" | "refused"
        | "declined"
            if site.kind(1) == Some(Kind::Word) =>
        {
            let name = (2..5).find(|at| site.word(*at - 1) == "to" && site.is_name(*at));
            let name = name.map_or("Advertising", |at| site.word(at));
            let out = matches!(found, "denied" | "refused" | "declined") || next == "out";
            Some(begins_none(0).help(if out {
                format!("write `consent {name} is denied`")
            } else {
                format!("write `consent to {name}`")
            }))
        }
        "event" if site.word(1) == "=" && site.kind(2) == Some(Kind::String) => {
            Some(begins_none(0).help(format!("write `performed {}`", site.word(2))))
        }
        "event" | "did" | "does" | "done" | "made" | "bought" | "purchased" | "visited" | "viewed" | "clicked"
        | "opened" | "completed" | "triggered" | "fired" | "performs" | "perform"
            if site.kind(1) == Some(Kind::String) =>
        {
            Some(begins_none(0).help(format!("for an event, write `performed {next}`")))
        }
        "<" | "<=" | ">" | ">=" | "=" | "!=" if matches!(site.word(-1), "and" | "or") && site.is_value(-2) => {
            let subject = literal::tested(site, -3);
            Some(
                site.error(0, 0, format!("before `{found}` it is not said what to compare"))
                    .help(format!("write `{subject} {found} {next}`")),
            )
        }
        _ => None,
    }
}

fn everybody(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    let message = format!("`{found}` does not begin a condition");
    if site.is_end(1) && site.word(-1) == "who" {
        return Some(site.error(-1, 0, message).help(format!(
            "leave out `who {found}`: an audience without `who` has everybody"
        )));
    }
    let mut from = 1;
    if super::audience::excludes(site, from) {
        from += if site.word(from) == "but" { 2 } else { 1 };
        return Some(
            site.error(0, 0, message)
                .help(format!("write `{}`", negated(site, from))),
        );
    }
    while matches!(
        site.word(from),
        "who" | "with" | "whose" | "where" | "that" | "users" | "people"
    ) {
        from += 1;
    }
    let condition = matches!(
        site.word(from),
        "performed" | "trait" | "member" | "consent" | "not" | "("
    );
    if from > 1 && !condition {
        return Some(
            site.error(
                0,
                from - 1,
                format!("`{}` does not begin a condition", site.text(0, from - 1)),
            )
            .help("leave it out, and write what is known of them or what they did"),
        );
    }
    (from > 1 && condition).then(|| {
        site.error(0, from - 1, message)
            .help(format!("write `{}`", site.condition(from)))
    })
}

/// The opposite of what stands at the offset; a bare word may be a trait.
fn without(site: &Site<'_, '_>, from: isize) -> String {
    let first = site.word(from);
    if matches!(site.word(0), "without" | "no") {
        if first == "trait" && site.is_end_or_joiner(from + 2) {
            return format!("trait {} does not exist", site.word(from + 1));
        }
        if site.kind(from) == Some(Kind::Word) && site.is_end_or_joiner(from + 1) {
            return format!("not member of {first}` for another audience, or `trait {first} does not exist");
        }
        return negated_up_to_and(site, from);
    }
    negated(site, from)
}

/// `has trait x`, `has performed "A"`, `is member of x`.
fn has(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let mut from = 1;
    while matches!(site.word(from), "has" | "have" | "is" | "are" | "a" | "an" | "the") {
        from += 1;
    }
    let not = matches!(site.word(from), "not" | "never" | "no");
    from += isize::from(not);
    while matches!(site.word(from), "a" | "an") {
        from += 1;
    }
    let error = site.error(0, 0, format!("`{}` does not begin a condition", site.found()));
    let help = match site.word(from) {
        "trait" if site.is_end_or_joiner(from + 2) => {
            let test = if not { "does not exist" } else { "exists" };
            format!("write `trait {} {test}`", site.word(from + 1))
        }
        "performed" | "trait" | "consent" | "member" | "members" if not => {
            format!("write `{}`", negated_up_to_and(site, from))
        }
        "performed" | "trait" | "consent" | "member" => format!("write `{}`", site.condition(from)),
        "done" | "did" | "made" | "bought" | "purchased" | "visited" | "viewed" | "clicked" | "opened"
        | "completed" | "triggered"
            if site.kind(from + 1) == Some(Kind::String) =>
        {
            let event = site.condition(from + 1);
            let done = site.error(0, from, format!("`{}` does not begin a condition", site.text(0, from)));
            return Some(done.help(format!("write `{}performed {event}`", if not { "not " } else { "" })));
        }
        "consented" | "given" | "agreed" | "granted" => {
            let name = (from + 1..from + 4).find(|at| site.word(*at - 1) == "to" && site.is_name(*at));
            let name = name.map_or("Advertising", |at| site.word(at));
            format!("write `{}consent to {name}`", if not { "not " } else { "" })
        }
        "in" if site.is_name(from + 1) => format!(
            "write `{}member of {}`",
            if not { "not " } else { "" },
            site.word(from + 1)
        ),
        word if matches!(site.found(), "has" | "have")
            && site.kind(from) == Some(Kind::Word)
            && site.is_end_or_joiner(from + 1) =>
        {
            let test = if not { "does not exist" } else { "exists" };
            format!("write `trait {word} {test}`")
        }
        _ => return None,
    };
    Some(error.help(help))
}

/// `count of "A" > 3`
fn count(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let event = (2..5).find(|at| site.kind(*at) == Some(Kind::String))?;
    let mut operator = event + 1;
    while site.word(operator) == ")" {
        operator += 1;
    }
    let bound = bound(site, operator);
    // How often is not to be guessed.
    let (times, last) = bound.unwrap_or(("at least … times".to_owned(), event));
    let last = last.max(event);
    Some(
        site.error(0, last, "events are counted behind `performed`")
            .help(format!("write `performed {} {times}`", site.word(event))),
    )
}

/// A count as the language has it, of an operator and a number.
fn bound(site: &Site<'_, '_>, at: isize) -> Option<(String, isize)> {
    let (lead, number) = match (site.word(at), site.word(at + 1)) {
        ("at", "least" | "most") => (site.text(at, at + 1), at + 2),
        ("exactly", _) => ("exactly".to_owned(), at + 1),
        (">" | ">=", _) => ("at least".to_owned(), at + 1),
        ("<" | "<=", _) => ("at most".to_owned(), at + 1),
        ("=" | "==", _) => ("exactly".to_owned(), at + 1),
        _ => return None,
    };
    let value = site.word(number).parse::<u64>().ok()?;
    let value = match site.word(at) {
        ">" => value.saturating_add(1),
        "<" => value.checked_sub(1)?,
        _ => value,
    };
    let times = if value == 1 { "time" } else { "times" };
    Some((format!("{lead} {value} {times}"), number))
}

// ---- tests

/// A test is wanted behind `subject`, and this is how it is said elsewhere.
pub(super) fn test(site: &Site<'_, '_>, subject: &str, what: &str) -> Option<Diagnostic> {
    let lower = |at: isize| site.word(at).to_lowercase();
    let is = matches!(
        lower(0).as_str(),
        "is" | "are" | "was" | "has" | "equals" | "isn't" | "must" | "should"
    );
    let mut at = isize::from(is);
    while is && matches!(lower(at).as_str(), "be" | "value") {
        at += 1;
    }
    let mut not = false;
    if lower(at) == "not" {
        not = true;
        at += 1;
    }
    let negated = |test: String| {
        if not {
            format!("not {subject} {test}")
        } else {
            format!("{subject} {test}")
        }
    };
    let told = |last: isize, help: String| {
        let written = site.text(0, last);
        Some(
            site.error(0, last, format!("`{written}` cannot stand behind {what}"))
                .help(format!("write `{help}`")),
        )
    };
    let word = lower(at);
    if let Some(error) = moment::diagnose(site, subject) {
        return Some(error);
    }
    if let Some(help) = relative(site, at, not, subject) {
        return Some(
            site.error(0, at, format!("`{}` cannot stand behind {what}", site.text(0, at)))
                .help(help),
        );
    }
    match word.as_str() {
        "empty" | "blank" if is => told(at, empty(site, subject, not, at)),
        "null" | "nil" | "none" | "empty" | "blank" | "missing" | "unset" | "unknown" if is || not => {
            let test = if not { "exists" } else { "does not exist" };
            told(at, format!("{subject} {test}"))
        }
        "set" | "equal" if is && lower(at + 1) == "to" && site.is_value(at + 2) => {
            let sign = if not { "!=" } else { "=" };
            told(at + 1, format!("{subject} {sign} {}", site.word(at + 2)))
        }
        "set" | "known" | "present" | "there" | "defined" | "filled" if is => {
            let test = if not { "does not exist" } else { "exists" };
            told(at, format!("{subject} {test}"))
        }
        "in" if is => {
            let not = if not { "not " } else { "" };
            told(at, format!("{subject} {not}in {}", list(site, at + 1)))
        }
        "one" | "any" if lower(at + 1) == "of" && (is || word == "one") => {
            let not = if not { "not " } else { "" };
            told(at + 1, format!("{subject} {not}in {}", list(site, at + 2)))
        }
        "greater" | "more" | "larger" | "bigger" | "higher" | "less" | "smaller" | "lower" | "fewer" | "over"
        | "above" | "under" | "below" => {
            let than = isize::from(lower(at + 1) == "than");
            let or_equal = if matches!(lower(at + 1 + than).as_str(), "or") && lower(at + 2 + than) == "equal" {
                2 + isize::from(lower(at + 3 + than) == "to")
            } else {
                0
            };
            let less = matches!(
                word.as_str(),
                "less" | "smaller" | "lower" | "fewer" | "under" | "below"
            );
            let sign = sign(less, or_equal > 0, not);
            let value = at + 1 + than + or_equal;
            site.is_value(value)
                .then(|| told(value - 1, format!("{subject} {sign} {}", site.word(value))))?
        }
        "at" if is && matches!(lower(at + 1).as_str(), "least" | "most") && site.is_value(at + 2) => {
            let sign = sign(lower(at + 1) == "most", true, not);
            told(at + 1, format!("{subject} {sign} {}", site.word(at + 2)))
        }
        "before" | "after" | "within" | "contains" | "starts" | "ends" | "exists" if is => {
            told(at - 1, negated(site.condition(at)))
        }
        "~" | "=~" | "like" | "ilike" | "matches" | "match" | "includes" | "include" | "containing" | "begins" => {
            like(site, at, &word, subject, not)
        }
        _ => None,
    }
}

/// A text that is absent or has no letters, or the opposite; the place is behind `subject`, its last word at the offset.
fn empty(site: &Site<'_, '_>, subject: &str, not: bool, last: isize) -> String {
    if !not {
        return format!("({subject} does not exist or {subject} = \"\")");
    }
    let all = format!("{subject} exists and {subject} != \"\"");
    let first = site.path_start(-1);
    let first = match (site.word(first - 2), site.word(first - 1)) {
        ("account", "trait") => first - 2,
        (_, "trait") => first - 1,
        _ => first,
    };
    let alone = !matches!(site.word(first - 1), "not" | "or") && site.word(last + 1) != "or";
    if alone { all } else { format!("({all})") }
}

/// The sign of a comparison. A negated one is turned round, not put behind `not`, which would take in those without a
/// value.
fn sign(less: bool, or_equal: bool, not: bool) -> &'static str {
    match (less != not, or_equal != not) {
        (true, true) => "<=",
        (true, false) => "<",
        (false, true) => ">=",
        (false, false) => ">",
    }
}

/// `in the last 30 days`, `more than 30 days ago`, `30 days ago` behind a value.
fn relative(site: &Site<'_, '_>, at: isize, not: bool, subject: &str) -> Option<String> {
    let length = |from: isize| {
        let unit = super::words::of(crate::syntax::grammar::Rule::unit).contains(&site.word(from + 1));
        (site.kind(from) == Some(Kind::Number) && unit).then(|| site.text(from, from + 1))
    };
    let lead = if not { "not " } else { "" };
    // Behind the length it is said which way it goes.
    let ahead = |from: isize| {
        let word = site.word(from + 2).to_lowercase();
        matches!(word.as_str(), "from" | "ahead" | "away" | "later" | "hence")
    };
    match site.word(at) {
        "in" | "during" | "within" => {
            let from = at + 1 + isize::from(site.word(at + 1) == "the");
            let direction = match site.word(from) {
                "last" | "past" => "last",
                "next" | "coming" => "next",
                _ => return None,
            };
            let length = length(from + 1)?;
            Some(format!("write `{lead}{subject} within {direction} {length}`"))
        }
        "more" | "less" | "longer" | "older" | "over" | "under" | "earlier" | "newer" | "younger" => {
            let from = at + 1 + isize::from(site.word(at + 1) == "than");
            let length = length(from)?;
            let near = matches!(site.word(at), "less" | "under" | "newer" | "younger");
            let test = match (near, ahead(from)) {
                (true, false) => "within last",
                (false, false) => "before last",
                (true, true) => "within next",
                (false, true) => "after next",
            };
            Some(format!("write `{lead}{subject} {test} {length}`"))
        }
        _ => {
            let length = length(at)?;
            if ahead(at) {
                return Some(format!(
                    "write `{lead}{subject} within next {length}`, or for later `{lead}{subject} after next {length}`"
                ));
            }
            Some(format!(
                "write `{lead}{subject} within last {length}`, or for longer ago `{lead}{subject} before last {length}`"
            ))
        }
    }
}

/// The list at the offset, in square brackets.
fn list(site: &Site<'_, '_>, from: isize) -> String {
    match site.word(from) {
        "[" => site.text(from, site.condition_end(from)),
        "(" => {
            let end = site.condition_end(from);
            format!("[{}]", site.text(from + 1, end - 1))
        }
        _ => {
            let mut last = from;
            while site.word(last + 1) == "," && site.is_value(last + 2) {
                last += 2;
            }
            format!("[{}]", site.text(from, last))
        }
    }
}

/// `like "%x%"`: where the signs stand that stand for anything says which test it is.
fn like(site: &Site<'_, '_>, at: isize, word: &str, subject: &str, not: bool) -> Option<Diagnostic> {
    let value_at = at + 1 + isize::from(site.word(at + 1) == "with");
    let written = site.text(0, at);
    let value = site.word(value_at);
    let bare = value.trim_matches('"');
    let inner = bare.trim_matches(['%', '*']);
    let (begins, ends) = (bare.starts_with(['%', '*']), bare.ends_with(['%', '*']));
    let error = site.error(0, at, format!("there is no `{written}`"));
    if site.kind(value_at) != Some(Kind::String) || inner.is_empty() {
        return Some(error.help("there are `contains`, `starts with` and `ends with`, each with a text behind it"));
    }
    let plain = !inner.contains(['%', '*', '_', '^', '$', '\\', '[', '(', '.', '?']);
    let sure = match word {
        "like" | "ilike" => plain,
        "matches" | "match" | "~" | "=~" => plain && (begins || ends),
        _ => true,
    };
    let lead = if not { "not " } else { "" };
    if !sure {
        return Some(error.help(format!(
            "a pattern cannot be asked for; there are `{lead}{subject} contains …`, `{lead}{subject} starts with …` and \
             `{lead}{subject} ends with …`"
        )));
    }
    let contains = if not {
        format!("{subject} does not contain \"{inner}\"")
    } else {
        format!("{subject} contains \"{inner}\"")
    };
    let help = match (word, begins, ends) {
        ("begins", ..) | (_, false, true) => format!("write `{lead}{subject} starts with \"{inner}\"`"),
        ("like" | "ilike", false, false) => {
            let equals = if not { "!=" } else { "=" };
            format!("write `{subject} {equals} {value}` for the whole text, or `{contains}` for a part of it")
        }
        (_, true, false) => format!("write `{lead}{subject} ends with \"{inner}\"`"),
        _ => format!("write `{contains}`"),
    };
    Some(error.help(help))
}
