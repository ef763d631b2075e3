//! Slips in `any`: the list, its brackets, and what stands inside of them.

use super::condition;
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    if found == "." && before == "item" && site.word(-2) != "." && site.wants(&[Rule::test, Rule::open]) {
        let rest = if site.is_name(1) { site.word(1) } else { "…" };
        return Some(
            site.error(
                -1,
                isize::from(site.is_name(1)),
                "inside `any` a path starts at the element",
            )
            .help(format!(
                "write `{rest}`; below a field that is itself called `item`, `\"item\".{rest}`"
            )),
        );
    }
    if site.wants(&[Rule::open])
        && let Some(any) = any_before(site, -1)
    {
        return Some(without_brackets(site, any));
    }
    if before == "any" && site.wants(&[Rule::kw_trait]) {
        return Some(in_condition(site));
    }
    if before == "trait" && site.word(-2) == "any" && found == "(" {
        return Some(
            site.error(-2, -1, "after `any trait` the name of a trait is missing")
                .help("write for example `any trait tags (item = \"vip\")`"),
        );
    }
    if site.wants(&[Rule::test])
        && matches!(site.word(-2), "(" | "and" | "or" | "not")
        && inside(site)
        && let Some(error) = test_alone(site)
    {
        return Some(error);
    }
    // `every x (` is first read as a property called `every`.
    if site.wants(&[Rule::test]) && others(before) && site.word(-2) != "." && opens(site, 0) {
        return Some(other_word(site, -1));
    }
    if condition::wants_condition(site) && others(found) && site.word(1) == "trait" && opens(site, 2) {
        return Some(other_word(site, 0));
    }
    if condition::wants_filter(site) {
        return filter(site);
    }
    None
}

/// Words that other languages have in the place of `any`.
fn others(word: &str) -> bool {
    matches!(word, "every" | "all" | "each" | "some" | "none" | "no")
}

/// Whether a path stands at the offset and a `(` behind it.
fn opens(site: &Site<'_, '_>, from: isize) -> bool {
    site.is_name(from) && site.word(path_end(site, from) + 1) == "("
}

fn path_end(site: &Site<'_, '_>, mut from: isize) -> isize {
    while site.word(from + 1) == "." && site.is_name(from + 2) {
        from += 2;
    }
    from
}

/// Where the `any` stands whose path ends at the offset.
fn any_before(site: &Site<'_, '_>, last: isize) -> Option<isize> {
    if !site.is_name(last) {
        return None;
    }
    let first = site.path_start(last);
    match (site.word(first - 2), site.word(first - 1)) {
        ("account", "trait") if site.word(first - 3) == "any" => Some(first - 3),
        ("any", "trait") => Some(first - 2),
        (_, "any") => Some(first - 1),
        _ => None,
    }
}

/// Whether the place is inside the brackets of an `any`.
pub(super) fn inside(site: &Site<'_, '_>) -> bool {
    let mut depth = 0;
    for at in (-200..0).rev() {
        match site.word(at) {
            ")" => depth += 1,
            "(" if depth > 0 => depth -= 1,
            "(" if any_before(site, at - 1).is_some() => return true,
            "(" if site.word(at - 1) == "where" => return false,
            "" => return false,
            _ => {}
        }
    }
    false
}

fn begins_test(word: &str) -> bool {
    matches!(word, "=" | "!=" | "<" | "<=" | ">" | ">=" | "==") || super::words::of(Rule::test).contains(&word)
}

/// `("vip")`, `(contains "vip")`: what stands before the place was read as the name of a field.
fn test_alone(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    if site.kind(-1) == Some(Kind::String) && site.is_end_or_joiner(0) {
        return Some(
            site.error(-1, -1, format!("`{before}` does not say what it is compared with"))
                .help(format!("write `item = {before}` for the element itself")),
        );
    }
    let test = match before {
        "starts" | "ends" => found == "with",
        "contains" => site.is_value(0) || found == "any",
        "does" => found == "not",
        "before" | "after" | "within" => site.kind(0) == Some(Kind::Number) || matches!(found, "last" | "next"),
        "in" => found == "[",
        _ => false,
    };
    test.then(|| {
        let written = site.text(-1, site.condition_end(0));
        site.error(-1, -1, format!("before `{before}` it is not said what to compare"))
            .help(format!("write `item {written}` for the element itself"))
    })
}

/// Behind the path of `any`, no bracket.
fn without_brackets(site: &Site<'_, '_>, any: isize) -> Diagnostic {
    let found = site.found();
    let lead = site.text(any, -1);
    let end = site.condition_end(0);
    match found {
        "where" | "with" | "has" | "having" | "which" if site.word(1) == "(" => {
            return site
                .error(0, 0, format!("no `{found}` stands before the brackets of `any`"))
                .help(format!("write `{lead} {}`", site.text(1, end)));
        }
        "in" if opens(site, 1) => {
            let trait_ = if site.word(any + 1) == "trait" { "trait " } else { "" };
            let path = site.text(1, path_end(site, 1));
            return site
                .error(any, end.min(path_end(site, 1)), "`any` is followed by the list alone")
                .help(format!(
                    "write `any {trait_}{path} (…)`; inside, paths start at the element"
                ));
        }
        "[" | "{" => {
            return site
                .error(
                    0,
                    0,
                    format!("what an element must pass stands in `( )`, not in `{found}`"),
                )
                .help(format!("write `{lead} (…)`"));
        }
        _ => {}
    }
    if begins_test(found) {
        let test = site.text(0, end);
        let first = site.path_start(-1);
        let help = if first < -1 {
            let (list, field) = (site.text(any, -3), site.word(-1));
            format!(
                "write `{list} ({field} {test})`; if the list is `{}` itself, `{lead} (item {test})`",
                site.text(first, -1)
            )
        } else {
            format!("write `{lead} (item {test})`")
        };
        return site
            .error(0, end, format!("what follows `{lead}` stands in brackets"))
            .help(help);
    }
    site.error(any, -1, format!("after `{lead}` a condition in brackets is missing"))
        .help(format!("write for example `{lead} (item = \"shoes\")`"))
}

/// `any` in a condition, and no `trait` behind it.
fn in_condition(site: &Site<'_, '_>) -> Diagnostic {
    let from_any = Site {
        index: site.index.saturating_sub(1),
        ..*site
    };
    let path = path_end(site, 0);
    let people = matches!(
        site.found(),
        "user" | "users" | "person" | "people" | "one" | "body" | "members" | "member"
    );
    if site.found() == "of" && site.is_name(1) {
        let name = if site.word(1) == "trait" { 2 } else { 1 };
        return site
            .error(0, 0, "no `of` stands behind `any`")
            .help(format!("write `any trait {} (…)`", site.word(name)));
    }
    if site.is_name(0) && !people && !site.is_end_or_joiner(0) {
        let rest = match site.word(path + 1) {
            "(" => site.text(path + 1, site.condition_end(path + 1)),
            word if begins_test(word) => {
                format!("(item {})", site.text(path + 1, site.condition_end(path + 1)))
            }
            _ => "(item = \"shoes\")".to_owned(),
        };
        return site
            .error(-1, path, "outside of `where`, `any` looks at a trait")
            .help(format!("write `any trait {} {rest}`", site.text(0, path)));
    }
    if site.word(0) == "(" || site.is_end_or_joiner(0) {
        return site
            .error(-1, -1, "after `any` a list is missing")
            .help("write for example `any trait tags (item = \"vip\")`");
    }
    condition::begin(&from_any, false)
}

/// `every trait tags (…)`, the word at the offset.
fn other_word(site: &Site<'_, '_>, at: isize) -> Diagnostic {
    let word = site.word(at);
    let path = path_end(site, if site.word(at + 1) == "trait" { at + 2 } else { at + 1 });
    let list = site.text(at + 1, path);
    let help = match word {
        "some" => format!("write `any {list} (…)`"),
        "none" | "no" => format!("write `not any {list} (…)`, which holds for those without such a list, too"),
        _ => format!("write `not any {list} (not (…))`, which holds for those without such a list, too"),
    };
    site.error(at, at, format!("there is no `{word}` for the elements of a list"))
        .help(help)
}

/// A property or an element is wanted.
fn filter(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    if before == "any" {
        let what = match found {
            "(" => "after `any` a list is missing",
            "item" => {
                return Some(
                    site.error(0, 0, "`item` is the element of a list, and there is no `any` around it")
                        .help("write the property that holds the list, such as `any products (price > 50)`"),
                );
            }
            "trait" if site.is_name(1) => {
                return Some(
                    site.error(
                        0,
                        0,
                        "inside of brackets, `any` looks at a list of the event or element, not at a trait",
                    )
                    .help(format!(
                        "join it outside of the brackets: `and any {}`",
                        site.condition(0)
                    )),
                );
            }
            _ => return None,
        };
        return Some(
            site.error(-1, -1, what)
                .help("write for example `any products (price > 50)`"),
        );
    }
    let inside = inside(site);
    if inside && before == "(" && found == ")" {
        return Some(
            site.error(-1, 0, "there is no condition between these brackets")
                .help("write one, such as `(price > 50)`, or `(item = \"shoes\")` for plain values"),
        );
    }
    let bare = site.is_value(0) && site.is_end_or_joiner(1) && !matches!(found, "true" | "false");
    if inside && matches!(before, "(" | "and" | "or" | "not") && bare {
        return Some(
            site.error(0, 0, format!("`{found}` does not say what it is compared with"))
                .help(format!("write `item = {found}` for the element itself")),
        );
    }
    let sign = site.kind(0) == Some(Kind::Sign) && begins_test(found);
    if inside && before == "(" && sign {
        return Some(
            site.error(0, 0, format!("before `{found}` it is not said what to compare"))
                .help(format!("write `item {}` for the element itself", site.condition(0))),
        );
    }
    if inside && found == "trait" {
        return Some(
            site.error(
                0,
                0,
                "inside `any` stand the fields of the element, not the traits of the person",
            )
            .help(
                "join it outside of the brackets; to compare with a trait, write it behind the operator; a field \
                     called `trait` is written `\"trait\"`",
            ),
        );
    }
    if !inside && found == "item" {
        return Some(
            site.error(0, 0, "`item` is the element of a list, and there is no `any` around it")
                .help(format!(
                    "write for example `any tags ({})`; a property called `item` is written `\"item\"`",
                    site.condition(0)
                )),
        );
    }
    None
}
