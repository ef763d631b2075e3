//! Numbers as they are written in letters and on bills: `€1.000,50`, `1 000`, `50,-`.

use super::site::Site;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::lex::Kind;

/// A number that the place lies in, or that begins at it, and that has signs between its digits.
pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    // Behind `[` and in lists, a comma separates values.
    if site.wants(&[crate::syntax::grammar::Rule::close_square]) {
        return None;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let part = |at: isize| match site.kind(at) {
        Some(Kind::Number) => site.word(at).bytes().all(|b| b.is_ascii_digit() || b == b'.'),
        Some(Kind::Sign) => matches!(site.word(at), "." | "," | ",-" | "-"),
        _ => false,
    };
    // A blank separates thousands where three digits follow it.
    let joined = |at: isize| {
        let thousands = site.word(at + 1).len() == 3 && digits(site.word(at + 1));
        let short = site.word(at).len() <= 3 || site.word(at).starts_with(|c: char| !c.is_ascii());
        site.touch(at) || (thousands && short && !site.is_first(at + 1) && site.kind(at) == Some(Kind::Number))
    };
    let mut first = 0;
    while first > -6 && part(first - 1) && joined(first - 1) {
        first -= 1;
    }
    let leading: String = site.word(first).chars().skip(1).collect();
    let money = site.kind(first) == Some(Kind::Word) && !site.word(first).is_ascii() && digits(&leading);
    if !money && site.kind(first) != Some(Kind::Number) {
        return None;
    }
    let mut last = first;
    while last < first + 8 && joined(last) && part(last + 1) {
        last += 1;
    }
    if last < 0 || last == first && site.word(first).matches('.').count() < 2 {
        return None;
    }
    let mut text = if money { leading } else { site.word(first).to_owned() };
    for at in first + 1..=last {
        if !site.touch(at - 1) {
            text.push(' ');
        }
        text.push_str(site.word(at));
    }
    let number = plain(&text)?;
    let span = site.span(first, last);
    let message = "a number stands without thousands separators and currency, with a decimal point";
    Some(Diagnostic::error(Code::BadLiteral, span, message).help(format!("write `{number}`")))
}

/// The number, if only one can be meant.
fn plain(text: &str) -> Option<String> {
    let text = text.strip_suffix(",-").unwrap_or(text);
    let decimal = match (text.rfind(','), text.rfind('.')) {
        (Some(comma), Some(point)) => Some(comma.max(point)),
        (Some(comma), None) if text.matches(',').count() == 1 && text.len() - comma != 4 => Some(comma),
        (None, Some(point)) if text.matches('.').count() == 1 && text.contains(' ') => Some(point),
        _ => None,
    };
    let (whole, decimals) = match decimal {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, ""),
    };
    let groups: Vec<&str> = whole.split([',', '.', ' ']).collect();
    let grouped = groups.iter().skip(1).all(|group| group.len() == 3);
    let first = groups
        .first()
        .is_some_and(|group| (1..=3).contains(&group.len()) || groups.len() == 1);
    let all = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !grouped || !first || !all(decimals) || !groups.iter().all(|group| all(group)) {
        return None;
    }
    let whole = groups.concat();
    if whole.is_empty() || whole.len() > 1 && whole.starts_with('0') || decimal.is_some() && decimals.is_empty() {
        return None;
    }
    Some(if decimals.is_empty() {
        whole
    } else {
        format!("{whole}.{decimals}")
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn numbers_of_bills_are_read_if_only_one_can_be_meant() {
        for (text, number) in [
            ("1.000,50", Some("1000.50")),
            ("1,000.50", Some("1000.50")),
            ("1.000.000", Some("1000000")),
            ("1 000", Some("1000")),
            ("1 000,5", Some("1000.5")),
            ("50,-", Some("50")),
            ("1,000", Some("1000")),
            ("12,5", Some("12.5")),
            ("01.05.2026", None),
            ("1.2.3", None),
            ("1,00,000", None),
        ] {
            assert_eq!(plain(text).as_deref(), number, "{text}");
        }
    }
}
