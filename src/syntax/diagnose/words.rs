//! The grammar's rules in users' words, and words that were meant to be others.

use crate::diagnostic::distance;
use crate::syntax::grammar::Rule;

/// The words that a wanted rule can begin with.
pub(super) fn of(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::condition | Rule::unary => &[
            "performed",
            "trait",
            "account",
            "any",
            "all",
            "no",
            "member",
            "consent",
            "not",
        ],
        Rule::function => &[
            "sum", "average", "minimum", "maximum", "first", "last", "most", "unique",
        ],
        Rule::kw_count => &["count"],
        Rule::kw_from => &["from"],
        Rule::kw_frequent => &["frequent"],
        Rule::value_type | Rule::element_type => &["string", "number", "boolean", "timestamp", "list", "one"],
        Rule::kw_account => &["account"],
        Rule::kw_accounts => &["accounts"],
        Rule::kw_user => &["user"],
        Rule::kw_users => &["users"],
        Rule::kw_performed => &["performed"],
        Rule::kw_trait => &["trait"],
        Rule::kw_member => &["member"],
        Rule::kw_not => &["not"],
        Rule::joiner => &["and", "or"],
        Rule::kw_and => &["and"],
        Rule::kw_or => &["or"],
        Rule::clause => &["who", "consent", "include", "lookback", "send"],
        Rule::modifier => &["as", "at", "exactly", "within", "between", "before", "after", "where"],
        Rule::step | Rule::kw_then => &["then"],
        Rule::kw_as => &["as"],
        Rule::kw_lookback => &["lookback"],
        Rule::test => &[
            "in", "not", "contains", "does", "starts", "ends", "exists", "before", "after", "within",
        ],
        Rule::operand | Rule::literal => &["true", "false", "trait"],
        Rule::instant => &["trait"],
        Rule::setting => &["type", "message", "removal", "receives", "storage"],
        Rule::message_form => &["track", "identify"],
        Rule::removal_form => &["once", "never"],
        Rule::on_or_off => &["on", "off"],
        Rule::consent_state => &["granted", "denied", "conflicted", "not"],
        Rule::unit => &["minutes", "minute", "hours", "hour", "days", "day", "weeks", "week"],
        Rule::times => &["times", "time"],
        Rule::requires | Rule::kw_requires => &["requires"],
        Rule::kw_disabled => &["disabled"],
        Rule::kw_enforcement => &["enforcement"],
        Rule::kw_nothing => &["nothing"],
        Rule::kw_to => &["to"],
        Rule::kw_of => &["of"],
        Rule::kw_is => &["is"],
        Rule::kw_in => &["in"],
        Rule::kw_with => &["with"],
        Rule::kw_last => &["last"],
        Rule::kw_next => &["next"],
        Rule::kw_least => &["least"],
        Rule::kw_most => &["most"],
        Rule::kw_ago => &["ago"],
        Rule::kw_any => &["any"],
        Rule::kw_contain => &["contain"],
        Rule::kw_exist => &["exist"],
        Rule::kw_anonymous => &["anonymous"],
        Rule::kw_collected => &["collected"],
        Rule::kw_consent => &["consent"],
        Rule::kw_where => &["where"],
        Rule::kw_within => &["within"],
        Rule::sources => &["from"],
        Rule::kw_limit => &["limit"],
        Rule::per | Rule::kw_per => &["per"],
        Rule::period => &["week", "month", "year"],
        Rule::block | Rule::kw_block => &["block"],
        Rule::source | Rule::source_root => &["traits", "context", "properties"],
        _ => &[],
    }
}

/// What a user calls a wanted rule; nothing for those that are never worth a word.
fn name(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::name | Rule::bare_name => "a name",
        Rule::label => "a text to show, in quotes",
        Rule::condition | Rule::unary => "a condition",
        Rule::filter | Rule::filter_unary | Rule::property_test | Rule::property => "the name of a property",
        Rule::element | Rule::element_unary | Rule::element_test => "`item` or the name of a field",
        Rule::path | Rule::key => "the name of a trait",
        Rule::test => "a test, such as `=`, `in` or `exists`",
        Rule::operand => "a value",
        Rule::literal => "a value",
        Rule::instant | Rule::date => "a date",
        Rule::integer => "a whole number",
        Rule::event => "the name of an event, in quotes",
        Rule::joiner => "`and` or `or`",
        Rule::clause => "`who`, `consent to`, `include anonymous`, `lookback` or `send to`",
        Rule::modifier => "a count, a window of time or `where`",
        Rule::of_whom => "`of accounts`",
        Rule::setting => "a setting",
        Rule::setting_type => "a text in quotes",
        Rule::unit => "minutes, hours, days or weeks",
        Rule::times => "`times`",
        Rule::comma => "`,`",
        Rule::open | Rule::brackets | Rule::filter_brackets | Rule::element_brackets => "`(`",
        Rule::close => "`)`",
        Rule::list | Rule::open_square => "`[`",
        Rule::close_square => "`]`",
        Rule::open_brace | Rule::settings => "`{`",
        Rule::close_brace => "`}`",
        Rule::identifier => "a type of identifier",
        Rule::blocked => "a text in quotes",
        _ => return None,
    })
}

/// A short list of what is wanted, the most telling first.
pub(super) fn listed(wants: &[Rule]) -> Option<String> {
    let mut list: Vec<String> = Vec::new();
    for rule in wants {
        let entries: Vec<String> = match name(*rule) {
            Some(name) => vec![name.to_owned()],
            None => of(*rule).iter().map(|word| format!("`{word}`")).collect(),
        };
        for entry in entries {
            if !list.contains(&entry) {
                list.push(entry);
            }
        }
    }
    // Closing signs last: they are always possible and rarely what is missing.
    list.sort_by_key(|entry| matches!(entry.as_str(), "`}`" | "`)`" | "`]`" | "`,`"));
    list.truncate(5);
    let last = list.pop()?;
    Some(if list.is_empty() {
        last
    } else {
        format!("{}, or {last}", list.join(", "))
    })
}

/// The known word that a word was probably meant to be: at most two letters wrong, and fewer than a third.
pub(in crate::syntax) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.chars().count() > 24 {
        return None;
    }
    known
        .iter()
        .map(|known| (distance(word, known), *known))
        .filter(|(distance, known)| *distance <= 2 && distance * 3 <= known.chars().count() + 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The words of language.md that a declared name may not be without quotes.
pub(in crate::syntax) const RESERVED: [&str; 25] = [
    "account",
    "all",
    "and",
    "any",
    "audience",
    "category",
    "consent",
    "destination",
    "event",
    "identity",
    "include",
    "is",
    "lookback",
    "member",
    "no",
    "not",
    "nothing",
    "or",
    "performed",
    "requires",
    "send",
    "then",
    "to",
    "trait",
    "who",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["performed", "trait", "member", "send"];
        assert_eq!(nearest("preformed", &known), Some("performed"));
        assert_eq!(nearest("Performed", &known), Some("performed"));
        assert_eq!(nearest("traits", &known), Some("trait"));
        assert_eq!(nearest("sned", &known), Some("send"));
        assert_eq!(nearest("plan", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
