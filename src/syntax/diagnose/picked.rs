//! Elements of a list as they are reached elsewhere: `products[].price`, `products.$.price`, `products.any(price > 50)`.

use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    // The last word of the list, and the first behind what picks elements of it.
    let (last, behind) = if site.wants(&[Rule::key]) && before == "." && matches!(found, "$" | "*" | "[" | "@") {
        (-2, behind(site, 0)?)
    } else if site.wants(&[Rule::test]) && matches!(found, "[" | "*" | "$") {
        (-1, behind(site, 0)?)
    } else if site.wants(&[Rule::test])
        && found == "("
        && site.word(-2) == "."
        && matches!(
            before,
            "any" | "some" | "exists" | "find" | "filter" | "has" | "contains" | "where"
        )
    {
        return Some(called(site));
    } else {
        return None;
    };
    let first = site.path_start(last);
    let list = listed(site, first, last);
    let end = site.condition_end(behind);
    let test = site.text(behind, end);
    let again = (behind..=end).any(|at| matches!(site.word(at), "[" | "*" | "$" | "@") && !site.is_value(at + 1));
    let field = site.word(behind - 1) == ".";
    let asks = if again || behind > end || site.is_end_or_joiner(behind) {
        format!("any {list} (…)")
    } else if field {
        format!("any {list} ({test})")
    } else {
        format!("any {list} (item {test})")
    };
    let numbered = (last..behind).any(|at| site.kind(at) == Some(Kind::Number));
    Some(if numbered {
        site.error(first, behind - 1, "no element of a list is reached by its number")
            .help(format!(
                "to ask whether there is one among all elements, write `{asks}`"
            ))
    } else {
        site.error(
            first,
            end.max(behind - 1),
            "the elements of a list are looked at with `any`",
        )
        .help(format!("write `{asks}`"))
    })
}

/// Where what follows `[]`, `[0]`, `.$` and their like begins; nothing where a key stands in the brackets.
fn behind(site: &Site<'_, '_>, from: isize) -> Option<isize> {
    let mut at = from;
    while at < from + 4
        && (matches!(site.word(at), "[" | "]" | "*" | "$" | "@" | "?") || site.kind(at) == Some(Kind::Number))
        && (at == from || site.touch(at - 1))
    {
        at += 1;
    }
    let closed = site.word(from) != "[" || site.word(at - 1) == "]";
    closed.then(|| at + isize::from(site.word(at) == "."))
}

/// `products.any(price > 50)`
fn called(site: &Site<'_, '_>) -> Diagnostic {
    let first = site.path_start(-1);
    let list = listed(site, first, -3);
    let end = site.condition_end(0);
    let inside = site.text(1, end - 1);
    let asks = if site.word(end) == ")" && site.is_name(1) && !inside.contains("=>") && !inside.is_empty() {
        format!("any {list} ({inside})")
    } else {
        format!("any {list} (…)")
    };
    site.error(first, end, "`any` stands before the list")
        .help(format!("write `{asks}`"))
}

/// The list from one offset to another, as `any` takes it.
fn listed(site: &Site<'_, '_>, first: isize, last: isize) -> String {
    let path = site.text(first, last);
    match (site.word(first - 2), site.word(first - 1)) {
        ("account", "trait") => format!("account trait {path}"),
        (_, "trait") => format!("trait {path}"),
        _ => path,
    }
}
