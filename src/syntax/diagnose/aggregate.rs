//! Slips in what a trait is computed by: the function, the property it is of, and the event it is from.

use super::computed::{Head, condition_outside, rest};
use super::performed;
use super::site::Site;
use super::words::nearest;
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

const FUNCTIONS: &str = "the functions are `count`, `sum`, `average`, `minimum`, `maximum`, `first`, `last`, `most \
                         frequent`, `unique list` and `unique count`";

/// The words that begin one.
pub(super) const BEGIN: [&str; 9] = [
    "count", "sum", "average", "minimum", "maximum", "first", "last", "most", "unique",
];

const COUNT: &str = "write `count of` and the name of an event in quotes, such as `count of \"Order Completed\"`";

/// A function, `of` with what it is of, or `from` with its event is wanted.
pub(super) fn diagnose(site: &Site<'_, '_>, head: &Head<'_>) -> Option<Diagnostic> {
    if site.wants(&[Rule::function]) {
        return Some(function(site, head));
    }
    if site.wants(&[Rule::kw_frequent, Rule::kw_list, Rule::kw_count]) {
        return Some(half_a_function(site));
    }
    if site.wants(&[Rule::kw_of]) {
        return Some(of(site));
    }
    if site.wants(&[Rule::first_key]) {
        return Some(property(site));
    }
    if site.wants(&[Rule::kw_from]) {
        return Some(from(site));
    }
    if site.wants(&[Rule::string]) && matches!(site.word(-1), "from" | "of") {
        return Some(event(site));
    }
    None
}

/// Whether the line goes on as a computed trait does: with a function.
pub(super) fn computes(site: &Site<'_, '_>, at: isize) -> bool {
    let word = site.word(at);
    (BEGIN.contains(&word) || alias(word).is_some()) && site.word(at + 1) != ":"
        || nearest(word, &BEGIN).is_some() && matches!(site.word(at + 1), "of" | "(")
}

// ---- the function

/// How a function is called elsewhere.
pub(super) fn alias(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "total" | "sums" => "sum",
        "avg" | "mean" => "average",
        "min" | "smallest" | "lowest" | "least" => "minimum",
        "max" | "largest" | "biggest" | "highest" | "greatest" => "maximum",
        "earliest" | "oldest" => "first",
        "latest" | "newest" | "recent" => "last",
        "mode" | "favourite" | "favorite" | "top" => "most frequent",
        "distinct" | "list" | "set" | "array" | "collect" | "all" | "values" => "unique list",
        _ => return None,
    })
}

/// A function is wanted.
fn function(site: &Site<'_, '_>, head: &Head<'_>) -> Diagnostic {
    let found = site.found();
    let last = isize::from(matches!(site.word(1), "frequent" | "common" | "recent"));
    let no_function = |last: isize| {
        let written = site.text(0, last);
        site.error(0, last, format!("`{written}` is not something a trait is computed by"))
    };
    let lower = found.to_lowercase();
    if BEGIN.contains(&&*lower) {
        return site
            .error(0, 0, format!("`{found}` has to be written in small letters"))
            .help(format!("write `{lower}`"));
    }
    match found {
        "" => {
            return site
                .error(-1, -1, "it is not said what the trait is computed by")
                .help(format!(
                    "write for example `{} {} = sum of revenue from \"Order Completed\"`; {FUNCTIONS}",
                    head.keyword, head.name
                ));
        }
        _ if site.is_value(0) || site.kind(0) == Some(Kind::Number) || found == "[" => {
            return condition_outside(site, head);
        }
        "(" | "{" | "[" => {
            let end = (1..24).find(|at| matches!(site.word(*at), "}") || site.is_first(at + 1));
            let inside = site.text(1, end.unwrap_or(1) - 1);
            return site
                .error(0, 0, "what a trait is computed from stands without brackets")
                .help(format!("write `{} {} = {inside}`", head.keyword, head.name));
        }
        "trait" | "account" => {
            let last = if found == "trait" { 1 } else { 2 };
            return site
                .error(0, last, "a trait is computed from events, not from another trait")
                .help(format!("write `{}` where it is asked for", site.text(0, last)));
        }
        _ if site.is_first(1)
            && let Some(kind) = super::schema::kind(found) =>
        {
            return site
                .error(-1, 0, "the type of a trait stands after `:`, not after `=`")
                .help(format!("write `{} {}: {kind}`", head.keyword, head.name));
        }
        "list" | "one" if site.word(1) == "of" && site.word(3) != "from" => {
            return site
                .error(-1, -1, "the type of a trait stands after `:`, not after `=`")
                .help(format!("write `{} {}: {}`", head.keyword, head.name, rest(site, 0)));
        }
        "number" | "how" | "times" | "amount" | "quantity" => return number_of(site),
        "performed" if site.kind(1) == Some(Kind::String) => {
            return no_function(0).help(format!(
                "write `count of {}` for how often it was done; whether it was done, ask in an audience: `who {}`",
                site.word(1),
                site.condition(0)
            ));
        }
        "select" | "SELECT" | "compute" | "calculate" if computes(site, 1) => {
            let function = alias(site.word(1)).unwrap_or(site.word(1));
            let at = match (function, site.word(2)) {
                ("most", "frequent") | ("unique", "list" | "count") => 2,
                _ => 1,
            };
            let words = if at == 2 { site.text(1, 2) } else { function.to_owned() };
            return no_function(0).help(format!("write `{words} {}`", called(site, at + 1)));
        }
        "distinct" | "unique" if matches!(site.word(1), "count" | "values" | "list" | "number") => {
            let function = match site.word(1) {
                "count" | "number" => "unique count",
                _ => "unique list",
            };
            return no_function(1).help(format!("write `{function} {}`", called(site, 2)));
        }
        "median" | "percentile" | "stddev" | "variance" | "concat" | "join" | "rank" | "ratio" => {
            return no_function(0).help(FUNCTIONS);
        }
        _ => {}
    }
    if let Some(function) = alias(found) {
        return no_function(last).help(format!("write `{function} {}`", called(site, last + 1)));
    }
    if let Some(meant) = nearest(found, &BEGIN) {
        return no_function(0).help(format!("did you mean `{meant}`?"));
    }
    if site.kind(0) == Some(Kind::Word) && site.is_first(1) {
        return no_function(0).help(format!(
            "for a property, write for example `last of {found} from \"Order Completed\"`; {FUNCTIONS}"
        ));
    }
    no_function(last).help(FUNCTIONS)
}

/// `number of "Order Completed"`, `how often "A"`, `number of unique category`.
fn number_of(site: &Site<'_, '_>) -> Diagnostic {
    let mut last = 0;
    while matches!(
        site.word(last + 1),
        "of" | "often" | "many" | "times" | "performed" | "did" | "was" | "events" | "event"
    ) {
        last += 1;
    }
    let written = site.text(0, last);
    let error = site.error(0, last, format!("`{written}` is not something a trait is computed by"));
    let next = site.word(last + 1);
    if matches!(next, "unique" | "distinct" | "different") {
        return error.help(format!("write `unique count {}`", called(site, last + 2)));
    }
    if site.kind(last + 1) == Some(Kind::String) {
        return error.help(format!("write `count of {next}`"));
    }
    error.help(COUNT)
}

/// Behind a function: `of revenue from "A"`, whether `of`, brackets or nothing stands there.
pub(super) fn called(site: &Site<'_, '_>, from: isize) -> String {
    let (mut first, mut closed) = (from, false);
    while matches!(site.word(first), "of" | "(" | "for" | "values") {
        closed |= site.word(first) == "(";
        first += 1;
    }
    let last = site.path_end(first);
    if !site.is_name(first) || site.is_first(first) && first > from {
        return "of … from \"…\"".to_owned();
    }
    let what = site.text(first, last);
    let behind = last + 1 + isize::from(closed && site.word(last + 1) == ")");
    let event = match site.word(behind) {
        "from" | "in" | "on" | "of" if site.kind(behind + 1) == Some(Kind::String) => site.word(behind + 1),
        _ => "\"…\"",
    };
    format!("of {what} from {event}")
}

/// `most` or `unique` is only half of a function.
fn half_a_function(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    let meant = match before {
        "most" => "most frequent",
        _ if matches!(found, "number" | "counts" | "amount" | "total") => "unique count",
        _ => "unique list",
    };
    let other = !matches!(found, "of" | "(") && site.word(1) == "of";
    if before == "most" && matches!(found, "recent" | "last" | "latest") {
        return site
            .error(-1, 0, format!("`most {found}` is not something a trait is computed by"))
            .help(format!("write `last {}`", called(site, 1)));
    }
    let popular =
        before == "most" && matches!(found, "common" | "often" | "popular" | "used" | "frequently" | "viewed");
    let other = other || popular && site.is_name(1) && !site.is_first(1) && site.word(1) != "from";
    let call = called(site, isize::from(other));
    let help = if before == "most" || meant == "unique count" {
        format!("write `{meant} {call}`")
    } else {
        format!("write `unique list {call}` for the values, or `unique count {call}` for how many there are")
    };
    if other {
        let written = site.text(-1, 0);
        return site
            .error(-1, 0, format!("`{written}` is not something a trait is computed by"))
            .help(help);
    }
    let missing = if before == "most" {
        "`frequent`"
    } else {
        "`list` or `count`"
    };
    site.error(-1, -1, format!("after `{before}`, {missing} is missing"))
        .help(help)
}

/// `of` is wanted behind a function.
fn of(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let from = match (site.word(-2), site.word(-1)) {
        ("most", "frequent") | ("unique", "list" | "count") => -2,
        _ => -1,
    };
    let function = site.text(from, -1);
    let counts = function == "count";
    if counts && matches!(found, "distinct" | "unique" | "different") {
        return site
            .error(from, 0, format!("`{function} {found}` is written `unique count`"))
            .help(format!("write `unique count {}`", called(site, 1)));
    }
    let help = match (counts, found) {
        (true, "(") if site.kind(1) == Some(Kind::String) => format!("write `count of {}`", site.word(1)),
        (true, _) if site.kind(0) == Some(Kind::String) => format!("write `count of {found}`"),
        (true, _) => COUNT.to_owned(),
        (false, "(") => format!("write `{function} {}`", called(site, 0)),
        _ if site.is_name(0) && !site.is_first(0) => format!("write `{function} {}`", called(site, 0)),
        _ => format!("write for example `{function} of revenue from \"Order Completed\"`"),
    };
    if found == "(" {
        let close = (1..12).find(|at| site.word(*at) == ")").unwrap_or(1);
        let message = format!("what `{function}` is computed of stands after `of`, without brackets");
        return site.error(0, close, message).help(help);
    }
    site.error(from, -1, format!("after `{function}`, `of` is missing"))
        .help(help)
}

// ---- the property and the event

/// A property is wanted behind `of`.
fn property(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    if found == "trait" && site.is_name(1) && site.word(1) != "from" {
        return site
            .error(
                0,
                0,
                "a trait is computed from a property of events, not from another trait",
            )
            .help(format!(
                "write the name of the property alone, such as `{}`; one that is called `trait` is written `\"trait\"`",
                site.word(1)
            ));
    }
    if site.kind(0) == Some(Kind::Word) && !site.is_first(0) {
        return if found.is_ascii() {
            site.error(
                0,
                0,
                format!("`{found}` is a word of the language, so as the first word of a property it needs quotes"),
            )
            .help(format!("write `\"{found}\"`"))
        } else {
            site.error(0, 0, "a name with letters other than a to z needs quotes")
                .help(format!("write `\"{found}\"`"))
        };
    }
    if site.kind(0) == Some(Kind::Number) {
        return site
            .error(0, 0, "a name that begins with a digit needs quotes")
            .help(format!("write `\"{found}\"`"));
    }
    site.error(-1, -1, "after `of` the name of a property is missing")
        .help("write for example `of revenue from \"Order Completed\"`")
}

/// `from` is wanted behind a property.
fn from(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    let first = site.path_start(-1);
    let property = site.text(first, -1);
    // `sum of from "A"`: the `from` was read as a property.
    if before == "from" && site.kind(0) == Some(Kind::String) {
        return site
            .error(-2, -2, "after `of` the name of a property is missing")
            .help(format!("write for example `of revenue from {found}`"));
    }
    let without = || format!("it is not said from which event `{property}` is taken");
    let event = names_event(site, 0);
    match found {
        "of" | "in" | "on" | "by" | "at" | "with" | "form" | "frm" | "From" | "FROM" | "during" | "per"
            if site.kind(1) == Some(Kind::String) =>
        {
            return site
                .error(0, 0, format!("the event stands after `from`, not after `{found}`"))
                .help(format!("write `of {property} from {}`", site.word(1)));
        }
        "," | "and" | "&" => {
            return site
                .error(0, 0, "a trait is computed of one property")
                .help("declare a trait for each property");
        }
        "*" | "/" | "+" | "-" | "%" => {
            return site
                .error(0, 0, "a computed trait cannot calculate with properties")
                .help("send the result as a property of its own, and compute the trait of that");
        }
        "." if site.is_name(1) => {
            return site
                .error(-1, 1, "no blank stands beside the dot of a path")
                .help(format!("write `{property}.{}`", site.word(1)));
        }
        _ => {}
    }
    if site.kind(0) == Some(Kind::String) {
        return site
            .error(
                first,
                -1,
                format!("between `{property}` and the event, `from` is missing"),
            )
            .help(format!("write `of {property} from {found}`"));
    }
    if performed::begins_modifier(found)
        && let Some(event) = event.filter(|event| site.word(event - 1) == "from")
    {
        return site
            .error(0, event - 2, "the event stands before windows and `where`")
            .help(format!(
                "write `of {property} from {} {}`",
                site.word(event),
                site.text(0, event - 2)
            ));
    }
    // The words up to `from` are one name.
    let end = (0..5).find(|at| site.word(*at) == "from" && !site.is_first(*at));
    if let Some(end) = end
        && (0..end).all(|at| site.kind(at) == Some(Kind::Word))
    {
        if before == "the" || before == "property" {
            let name = site.text(0, end - 1);
            return site
                .error(-1, -1, format!("`{before}` cannot stand before the name of a property"))
                .help(format!("write `of {name}`"));
        }
        let name = site.text(first, end - 1);
        return site
            .error(first, end - 1, "the name of a property with a space in it needs quotes")
            .help(format!("write `of \"{name}\"`"));
    }
    if site.kind(-1) == Some(Kind::String) && before == property {
        return site.error(first, -1, without()).help(format!(
            "if {property} is the event, name a property before it, such as `of revenue from {property}`"
        ));
    }
    site.error(first, -1, without()).help(format!(
        "write `from` and the name of the event directly behind it, such as `of {property} from \"Order Completed\"`"
    ))
}

/// The name of an event is wanted, behind `from` or `count of`.
fn event(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    let counts = before == "of";
    let lead = if counts { "count of" } else { "from" };
    if matches!(found, "event" | "events" | "performed" | "the" | "all" | "every") && site.kind(1) == Some(Kind::String)
    {
        return site
            .error(0, 0, format!("no `{found}` stands before the name of the event"))
            .help(format!("write `{lead} {}`", site.word(1)));
    }
    if counts
        && site.is_name(0)
        && let Some(event) = (1..6).find(|at| site.word(at - 1) == "from" && site.kind(*at) == Some(Kind::String))
    {
        let (event, property) = (site.word(event), site.text(0, event - 2));
        return site
            .error(-2, event_end(site, 0), "`count` counts events, not the values of a property")
            .help(format!(
                "write `count of {event}` for how many events there are, or `unique count of {property} from {event}` for \
                 how many different values"
            ));
    }
    if counts
        && matches!(
            found,
            "users"
                | "people"
                | "profiles"
                | "customers"
                | "persons"
                | "visitors"
                | "members"
                | "accounts"
                | "everyone"
        )
        && site.kind(1) != Some(Kind::String)
    {
        return site
            .error(-2, 0, format!("a trait is one value of each user, and counts events, not {found}"))
            .help(
                "for how many people there are, declare an audience: its size is told when it is run; of one user's events, \
                 write for example `count of \"Order Completed\"`",
            );
    }
    if matches!(found, "[" | "(") {
        return site
            .error(0, 0, "the event stands without brackets, and there is one")
            .help("write the name of one event in quotes, and declare a trait for each other one");
    }
    let missing = !matches!(site.kind(0), Some(Kind::Word | Kind::Number))
        || site.is_first(0) && performed::begins_modifier(found)
        || performed::begins_modifier(found) && site.kind(1) != Some(Kind::Word);
    if missing {
        return site
            .error(if counts { -2 } else { -1 }, -1, format!("`{lead}` names no event"))
            .help(format!(
                "write the name of the event in quotes after it, such as `{lead} \"Order Completed\"`"
            ));
    }
    let mut last = 0;
    while matches!(site.kind(last + 1), Some(Kind::Word | Kind::Number))
        && !performed::begins_modifier(site.word(last + 1))
        && !site.is_first(last + 1)
        && !matches!(
            site.word(last + 1),
            "and" | "or" | "in" | "over" | "since" | "during" | "per" | "group"
        )
    {
        last += 1;
    }
    site.error(0, last, "the name of an event needs quotes")
        .help(format!("write `{lead} \"{}\"`", site.text(0, last)))
}

fn event_end(site: &Site<'_, '_>, from: isize) -> isize {
    (from..from + 8).find(|at| site.word(at + 1) == "from").unwrap_or(from)
}

/// Whether the words from the offset to the end of the item hold `from "…"` or `of "…"`.
fn names_event(site: &Site<'_, '_>, from: isize) -> Option<isize> {
    (from..from + 16).find(|at| site.kind(*at) == Some(Kind::String) && matches!(site.word(at - 1), "from" | "of"))
}
