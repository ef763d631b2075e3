//! Slips in schemas: `event "Order Completed" { total: number }`, `trait plan: string`.

use super::computed;
use super::site::Site;
use super::words::nearest;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

const TYPES: &str =
    "the types are `string`, `number`, `boolean`, `timestamp`, `list of` another type, and `one of [\"…\"]`";

/// A type by another name.
pub(super) fn kind(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "string" | "text" | "str" | "varchar" | "char" | "uuid" | "email" | "url" => "string",
        "number" | "int" | "integer" | "float" | "double" | "decimal" | "numeric" | "long" | "bigint" | "money" => {
            "number"
        }
        "boolean" | "bool" | "flag" => "boolean",
        "timestamp" | "date" | "datetime" | "time" | "instant" => "timestamp",
        _ => return None,
    })
}

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let of_event = site.chunk.piece == Piece::Declaration(Declares::Event);
    if !of_event && computed::head(site).is_none() {
        return None;
    }
    if site.wants(&[Rule::value_type, Rule::element_type]) {
        return Some(value_type(site));
    }
    if site.wants(&[Rule::kw_of]) && matches!(site.word(-1), "list" | "one") && site.word(-2) != "unique" {
        return Some(without_of(site));
    }
    if site.wants(&[Rule::open_square]) {
        return Some(one_of(site));
    }
    if !of_event {
        return behind_type(site);
    }
    if site.wants(&[Rule::string]) && site.index == site.chunk.first + 1 {
        return Some(name(site));
    }
    if site.wants(&[Rule::open_brace]) {
        return Some(block(site));
    }
    if site.wants(&[Rule::colon]) {
        return Some(behind_property(site));
    }
    if site.wants(&[Rule::comma]) && site.wants(&[Rule::close_brace]) {
        return Some(between_properties(site));
    }
    if site.wants(&[Rule::property_schema, Rule::first_key, Rule::close_brace]) {
        return Some(property(site));
    }
    None
}

// ---- the event

fn name(site: &Site<'_, '_>) -> Diagnostic {
    if site.kind(0) == Some(Kind::Word) && !site.is_first(0) {
        let mut last = 0;
        while site.kind(last + 1) == Some(Kind::Word) && !site.is_first(last + 1) {
            last += 1;
        }
        return site
            .error(0, last, "the name of an event needs quotes")
            .help(format!("write `event \"{}\" {{`", site.text(0, last)));
    }
    site.error(-1, -1, "this event has no name")
        .help("write the name of the event in quotes after it, such as `event \"Order Completed\" {`")
}

/// `{` is wanted behind the name.
fn block(site: &Site<'_, '_>) -> Diagnostic {
    let (found, name) = (site.found(), site.word(-1));
    let bare = name.trim_matches('"');
    match found {
        "(" | "[" => site
            .error(
                0,
                0,
                format!("the properties of an event stand in `{{ }}`, not in `{found}`"),
            )
            .help(format!("write `event {name} {{ … }}`")),
        ":" | "=" => site
            .error(0, 0, format!("no `{found}` stands after the name of an event"))
            .help(format!("write `event {name} {{`")),
        "" | "}" => site
            .error(-2, -1, format!("the event `{bare}` has no `{{ }}` with its properties"))
            .help(format!(
                "write `event {name} {{ … }}`, or `event {name} {{}}` if it has none"
            )),
        _ if site.kind(0) == Some(Kind::String) => site
            .error(0, 0, "an event has one name, and no text to show")
            .help(format!("write `event {name} {{`")),
        _ if site.is_first(0) || site.word(1) == ":" => site
            .error(-2, -1, format!("the event `{bare}` has no `{{` before its properties"))
            .help(format!("write `event {name} {{`")),
        _ => site
            .error(
                0,
                0,
                format!("`{found}` cannot stand between an event and its properties"),
            )
            .help(format!("write `event {name} {{`")),
    }
}

/// A property is wanted.
fn property(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    match found {
        "," | ";" => site
            .error(0, 0, format!("before this `{found}` a property is missing"))
            .help("remove it"),
        "" => site
            .error(-1, -1, format!("after `{before}` a property is missing"))
            .help("write for example `total: number`, and `}` at the end"),
        _ if site.kind(0) == Some(Kind::Number) => site
            .error(0, 0, "a name that begins with a digit needs quotes")
            .help(format!("write `\"{found}\": …`")),
        _ if site.kind(0) == Some(Kind::Word) && found.is_ascii() => site
            .error(
                0,
                0,
                format!("`{found}` is a word of the language, so as the first word of a property it needs quotes"),
            )
            .help(format!("write `\"{found}\": {}`", named(site, 2))),
        _ if site.kind(0) == Some(Kind::Word) => site
            .error(0, 0, "a name with letters other than a to z needs quotes")
            .help(format!("write `\"{found}\"`")),
        _ => site
            .error(0, 0, format!("`{found}` is not the name of a property"))
            .help("write for example `total: number`"),
    }
}

/// `:` is wanted.
fn behind_property(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    let first = site.path_start(-1);
    let property = site.text(first, -1);
    if matches!(found, "=" | "is" | "->" | "=>" | "as" | "?") {
        let at = if site.word(1) == ":" { 2 } else { 1 };
        let last = if at == 2 { 1 } else { 0 };
        if found == "?" {
            return site
                .error(0, 0, "any property can be absent, so nothing marks it")
                .help(format!("write `{property}: {}`", named(site, at)));
        }
        return site
            .error(0, last, format!("`{}` is written `:` here", site.text(0, last)))
            .help(format!("write `{property}: {}`", named(site, at)));
    }
    if found == "." && site.is_name(1) {
        return site
            .error(-1, 1, "no blank stands beside the dot of a path")
            .help(format!("write `{property}.{}`", site.word(1)));
    }
    // The words up to the colon are one name, unless the first says what it is.
    let colon = (0..4).find(|at| site.word(*at) == ":");
    if let Some(colon) = colon.filter(|at| *at > 0 && (0..*at).all(|at| site.kind(at) == Some(Kind::Word)))
        && !site.is_first(0)
    {
        if kind(site.word(-1)).is_some() || matches!(site.word(-1), "property" | "field" | "optional" | "required") {
            return site
                .error(-1, -1, format!("`{}` cannot stand before a property", site.word(-1)))
                .help(format!(
                    "write `{}: {}`",
                    site.text(0, colon - 1),
                    named(site, colon + 1)
                ));
        }
        let name = site.text(first, colon - 1);
        return site
            .error(
                first,
                colon - 1,
                "the name of a property with a space in it needs quotes",
            )
            .help(format!("write `\"{name}\": {}`", named(site, colon + 1)));
    }
    if let Some(kind) = kind(site.word(-1))
        && first == -1
        && site.kind(0) == Some(Kind::Word)
        && matches!(site.word(1), "," | "}")
        && !site.is_first(0)
    {
        return site
            .error(-1, 0, "a type stands behind its property, after `:`")
            .help(format!("write `{found}: {kind}`"));
    }
    let typed = !site.is_first(0) && (kind(found).is_some() || matches!(found, "list" | "one"));
    if typed {
        return site
            .error(first, -1, format!("between `{property}` and its type, `:` is missing"))
            .help(format!("write `{property}: {}`", named(site, 0)));
    }
    if found == "{" {
        return site.error(0, 0, PARTS).help(parts(site, &property, 0));
    }
    if property == "list" && found == "of" && site.is_name(1) && site.word(site.path_end(1) + 1) == "{" {
        let end = site.path_end(1);
        return site
            .error(-1, end, PARTS)
            .help(parts(site, &site.text(1, end), end + 1));
    }
    site.error(first, -1, format!("it is not said of what type `{property}` is"))
        .help(format!("write for example `{property}: string`; {TYPES}"))
}

/// The type at the offset as the language has it, as far as it can be told.
fn named(site: &Site<'_, '_>, at: isize) -> String {
    let word = site.word(at);
    match word {
        "list" if site.word(at + 1) == "of" => format!("list of {}", named(site, at + 2)),
        "one" if site.word(at + 1) == "of" && site.word(at + 2) == "[" => {
            site.text(at, site.condition_end(at + 2).max(at + 2))
        }
        _ => kind(word).unwrap_or("string").to_owned(),
    }
}

/// Behind a type: `,` or `}`.
fn between_properties(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    match found {
        ";" => {
            let last = site.is_end(1) || site.word(1) == "}";
            let help = if last { "remove it" } else { "write `,` in its place" };
            return site
                .error(0, 0, "properties are separated by commas, not by `;`")
                .help(help);
        }
        "" => {
            return site
                .error(-1, -1, format!("after `{before}` something is missing"))
                .help("add `}`");
        }
        "and" => {
            return site
                .error(0, 0, "properties are separated by commas")
                .help("write `,` in its place");
        }
        _ => {}
    }
    let name = site.path_end(0) + 1;
    if site.is_name(0) && (site.word(name) == ":" || site.is_first(0)) {
        return site
            .error(-1, -1, format!("between `{before}` and `{found}` a comma is missing"))
            .help(format!("write `,` behind `{before}`"));
    }
    more_of_a_type(site).unwrap_or_else(|| {
        site.error(0, 0, format!("`{found}` cannot stand behind a type"))
            .help("write `,` and the next property, or `}`")
    })
}

// ---- types

fn value_type(site: &Site<'_, '_>) -> Diagnostic {
    let (found, before) = (site.found(), site.word(-1));
    let in_list = before == "of";
    let lower = found.to_lowercase();
    let no_type = |last: isize| {
        let written = site.text(0, last);
        site.error(0, last, format!("`{written}` is not a type"))
    };
    if let "string" | "number" | "boolean" | "timestamp" | "list" | "one" = &*lower {
        return site
            .error(0, 0, format!("`{found}` has to be written in small letters"))
            .help(format!("write `{lower}`"));
    }
    if let Some(head) = computed::head(site)
        && let Some(error) = not_computed(site, &head)
    {
        return error;
    }
    if let Some(kind) = kind(found) {
        let last = if site.word(1) == "(" {
            (2..6).find(|at| site.word(*at) == ")").unwrap_or(0)
        } else {
            0
        };
        return no_type(last).help(format!("write `{kind}`"));
    }
    match found {
        "array" | "lists" | "arrays" | "set" | "collection" => {
            let last = isize::from(site.word(1) == "of");
            let item = site.word(last + 1);
            if last == 1 && is_object(item) {
                return no_type(2).help(parts(site, &site.text(site.path_start(-2), -2), 3));
            }
            let of = kind(item.trim_end_matches('s'))
                .filter(|_| last == 1)
                .unwrap_or("string");
            return no_type(0).help(format!("write `list of {of}`"));
        }
        _ if found == "{" || is_object(found) => {
            let colon = (-8..0).rev().find(|at| site.word(*at) == ":").unwrap_or(-1);
            let path = site.text(site.path_start(colon - 1), colon - 1);
            return if found == "{" {
                site.error(0, 0, PARTS).help(parts(site, &path, 0))
            } else {
                no_type(0).help(parts(site, &path, 1))
            };
        }
        "enum" | "oneof" | "one_of" | "choice" | "either" => {
            let list = list(site, 1).unwrap_or_else(|| "[\"…\", \"…\"]".to_owned());
            return no_type(0).help(format!("write `one of {list}`"));
        }
        "[" if site.word(1) == "{" && before == ":" => {
            let path = site.text(site.path_start(-2), -2);
            return site.error(0, 1, PARTS).help(parts(site, &path, 1));
        }
        "[" | "(" => {
            let inner = kind(site.word(1)).filter(|_| matches!(site.word(2), "]" | ")"));
            let help = match inner {
                Some(kind) => format!("write `list of {kind}`"),
                None => format!(
                    "write `one of {}`",
                    list(site, 0).unwrap_or_else(|| "[\"…\"]".to_owned())
                ),
            };
            return site.error(0, 0, "a type begins with a word").help(help);
        }
        "any" | "anything" | "unknown" | "null" | "nil" | "mixed" => {
            return no_type(0).help("write `string`, which goes with every test");
        }
        "optional" | "required" | "nullable" => {
            return site
                .error(0, 0, "any property can be absent, so nothing marks it")
                .help(format!("write `{}`", named(site, 1)));
        }
        _ => {}
    }
    if site.kind(0) == Some(Kind::String) {
        let bare = found.trim_matches('"');
        if let Some(kind) = kind(bare).filter(|_| site.word(1) != "|") {
            return site
                .error(0, 0, "a type stands without quotes")
                .help(format!("write `{kind}`"));
        }
    }
    if site.is_value(0) || site.kind(0) == Some(Kind::Number) {
        let mut last = 0;
        while matches!(site.word(last + 1), "," | "|" | "or") && site.is_value(last + 2) {
            last += 2;
        }
        let values: Vec<&str> = (0..=last).step_by(2).map(|at| site.word(at)).collect();
        return site.error(0, last, "a value is not a type").help(format!(
            "for certain values alone, write `one of [{}]`; {TYPES}",
            values.join(", ")
        ));
    }
    if site.kind(0) == Some(Kind::Word) && (!site.is_first(0) || site.word(1) != ":") {
        let known = ["string", "number", "boolean", "timestamp", "list", "one"];
        return match nearest(found, &known) {
            Some(meant) => no_type(0).help(format!("did you mean `{meant}`?")),
            None => no_type(0).help(TYPES),
        };
    }
    site.error(if in_list { -2 } else { -1 }, -1, {
        let before = if in_list { site.text(-2, -1) } else { before.to_owned() };
        format!("after `{before}` a type is missing")
    })
    .help(TYPES)
}

/// `trait x: sum of …`, `trait x: = 5`
fn not_computed(site: &Site<'_, '_>, head: &computed::Head<'_>) -> Option<Diagnostic> {
    if site.word(-1) != ":" {
        return None;
    }
    let assigned = isize::from(site.found() == "=");
    let function = matches!(
        site.word(assigned),
        "count"
            | "sum"
            | "average"
            | "avg"
            | "minimum"
            | "min"
            | "maximum"
            | "max"
            | "first"
            | "last"
            | "most"
            | "unique"
    );
    if !function {
        return (assigned == 1).then(|| {
            site.error(-1, 0, "`:=` stands nowhere in the language").help(format!(
                "write `{} {} = …` for what it is computed from, or `{0} {1}: …` for its type",
                head.keyword,
                site.text(head.at, -2)
            ))
        });
    }
    let mut last = assigned;
    while !site.is_first(last + 1) && last < 24 {
        last += 1;
    }
    let written = site.text(-1, assigned - 1);
    Some(
        site.error(
            -1,
            assigned - 1,
            format!("what a trait is computed from stands after `=`, not after `{written}`"),
        )
        .help(format!(
            "write `{} {} = {}`",
            head.keyword,
            site.text(head.at, -2),
            site.text(assigned, last)
        )),
    )
}

fn is_object(word: &str) -> bool {
    matches!(
        word.trim_end_matches('s'),
        "object" | "json" | "map" | "struct" | "record" | "dict"
    )
}

const PARTS: &str = "the parts of a property are named by its path";

/// An object has no type: its parts have, those of a list's elements too. The first of them may stand behind a `{`.
fn parts(site: &Site<'_, '_>, path: &str, brace: isize) -> String {
    let colon = site.path_end(brace + 1) + 1;
    if site.word(brace) == "{" && site.is_name(brace + 1) && site.word(colon) == ":" {
        let part = site.text(brace + 1, colon - 1);
        return format!(
            "write each part with its path, such as `{path}.{part}: {}`",
            named(site, colon + 1)
        );
    }
    format!("write each part with its path, such as `{path}.name: string`")
}

/// The list of values at the offset, in square brackets.
fn list(site: &Site<'_, '_>, at: isize) -> Option<String> {
    let first = at + isize::from(matches!(site.word(at), "[" | "(" | "{"));
    if !site.is_value(first) {
        return None;
    }
    let mut values = vec![site.word(first)];
    let mut last = first;
    while matches!(site.word(last + 1), "," | "|" | "or") && site.is_value(last + 2) && values.len() < 24 {
        last += 2;
        values.push(site.word(last));
    }
    Some(format!("[{}]", values.join(", ")))
}

/// `list string`, `one ["a"]`
fn without_of(site: &Site<'_, '_>) -> Diagnostic {
    let before = site.word(-1);
    let help = match before {
        "list" => format!("write `list of {}`", kind(site.found()).unwrap_or("string")),
        _ => format!(
            "write `one of {}`",
            list(site, 0).unwrap_or_else(|| "[\"…\"]".to_owned())
        ),
    };
    let message = match (before, site.found()) {
        ("list", "" | "," | "}") => "a list says of what it is".to_owned(),
        _ => format!("after `{before}`, `of` is missing"),
    };
    site.error(-1, -1, message).help(help)
}

/// A list is wanted behind `one of`.
fn one_of(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    if let Some(list) = list(site, 0) {
        let last = if matches!(found, "(" | "{") {
            0
        } else {
            let mut last = 0;
            while matches!(site.word(last + 1), "," | "|" | "or")
                && site.is_value(last + 2)
                && site.word(last + 3) != ":"
            {
                last += 2;
            }
            last
        };
        return site
            .error(0, last, "the values of `one of` stand in square brackets")
            .help(format!("write `one of {list}`"));
    }
    if site.kind(0) == Some(Kind::Word) && !site.is_first(0) {
        let mut last = 0;
        let mut values = format!("\"{found}\"");
        while matches!(site.word(last + 1), "," | "|" | "or")
            && site.kind(last + 2) == Some(Kind::Word)
            && site.word(last + 3) != ":"
            && !site.is_first(last + 2)
            && last < 24
        {
            last += 2;
            values.push_str(&format!(", \"{}\"", site.word(last)));
        }
        return site
            .error(
                0,
                last,
                "the values of `one of` stand in square brackets, text in quotes",
            )
            .help(format!("write `one of [{values}]`"));
    }
    site.error(-2, -1, "`one of` names no values")
        .help("write for example `one of [\"free\", \"pro\"]`")
}

/// What other languages say of a type behind it.
fn more_of_a_type(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    Some(match found {
        "[" if site.word(1) == "]" => site
            .error(-1, 1, format!("`{before}[]` is written `list of {before}`"))
            .help(format!("write `list of {before}`")),
        "?" | "!" | "optional" | "required" | "nullable" | "mandatory" => site
            .error(0, 0, "any value can be absent, so nothing marks it")
            .help("remove it"),
        "not" if matches!(site.word(1), "null" | "nil") => site
            .error(0, 1, "any value can be absent, so nothing marks it")
            .help("remove it"),
        "=" | "default" => site
            .error(
                0,
                isize::from(!site.is_first(1)),
                "a type takes no value that stands for an absent one",
            )
            .help("remove it; a condition can ask `does not exist`"),
        "|" | "or" | "||" => site
            .error(0, isize::from(!site.is_first(1)), "a value has one type")
            .help("write `string`, which goes with every test"),
        "(" => site
            .error(0, 0, "a type takes no brackets")
            .help(format!("write `{before}`")),
        _ => return None,
    })
}

/// Behind the type of a trait.
fn behind_type(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let head = computed::head(site)?;
    let colon = (head.at..0).any(|at| site.word(at) == ":");
    if !colon || !site.wants(&[Rule::EOI]) {
        return None;
    }
    let found = site.found();
    if found == "," {
        return Some(
            site.error(0, 0, "no comma stands between declarations")
                .help("remove it, and begin the next one on a line of its own"),
        );
    }
    if site.kind(0) == Some(Kind::String) {
        return Some(
            site.error(0, 0, "a trait whose type is declared has no text to show")
                .help("remove it"),
        );
    }
    more_of_a_type(site)
}
