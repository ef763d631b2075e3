//! Consent in an author's own words: `not refused Advertising`, `never asked`, `unless they agreed`.
//!
//! Whoever speaks of consent is answered with conditions on consent alone, and in the same sense: a `not` stays, and what
//! is not sure gets no rewrite. Every other form of the language would hold for other people.

use super::condition;
use super::site::Site;
use super::words::RESERVED;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

/// What people did when they were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stance {
    Granted,
    Denied,
    Answered,
    Conflicted,
}

impl Stance {
    /// The condition for one category.
    fn condition(self, not: bool, name: &str) -> String {
        let (state, not) = match self {
            Stance::Granted => (format!("consent to {name}"), not),
            Stance::Denied => (format!("consent {name} is denied"), not),
            Stance::Conflicted => (format!("consent {name} is conflicted"), not),
            // Nobody has answered whose consent is not collected.
            Stance::Answered => (format!("consent {name} is not collected"), !not),
        };
        if not { format!("not {state}") } else { state }
    }
}

/// The stance that a word or two tell, and how many they are.
fn stance(word: &str, next: &str) -> Option<(Stance, isize)> {
    let two = match (word, next) {
        ("opt" | "opts" | "opted", "in") | ("say" | "says" | "said", "yes") => Some(Stance::Granted),
        ("opt" | "opts" | "opted", "out") | ("say" | "says" | "said", "no") => Some(Stance::Denied),
        _ => None,
    };
    if let Some(stance) = two {
        return Some((stance, 2));
    }
    let one = match word {
        "consent" | "consents" | "consented" | "consenting" | "agree" | "agrees" | "agreed" | "agreeing"
        | "agreement" | "accepting" | "acceptance" | "accept" | "accepts" | "accepted" | "allow" | "allows"
        | "allowed" | "permit" | "permits" | "permitted" | "permission" | "permissions" | "grant" | "grants"
        | "granted" | "opt-in" | "opt_in" | "optin" | "opted-in" | "opted_in" => Stance::Granted,
        "refuse" | "refuses" | "refused" | "refusing" | "refusal" | "denial" | "denying" | "withdrawal"
        | "withdrawing" | "deny" | "denies" | "denied" | "decline" | "declines" | "declined" | "reject" | "rejects"
        | "rejected" | "revoke" | "revokes" | "revoked" | "withdraw" | "withdraws" | "withdrew" | "withdrawn"
        | "disagree" | "disagrees" | "disagreed" | "objected" | "opt-out" | "opt_out" | "optout" | "opted-out"
        | "opted_out" => Stance::Denied,
        "asked" | "answered" | "responded" | "collected" => Stance::Answered,
        "conflicted" => Stance::Conflicted,
        _ => return None,
    };
    Some((one, 1))
}

fn negates(word: &str) -> bool {
    matches!(
        word,
        "not"
            | "never"
            | "no"
            | "without"
            | "unless"
            | "except"
            | "exclude"
            | "excludes"
            | "excluding"
            | "minus"
            | "omit"
            | "suppress"
            | "nobody"
            | "none"
            | "dont"
            | "doesnt"
            | "didnt"
            | "hasnt"
            | "havent"
    )
}

/// Words that stand around a stance and change nothing.
fn fills(word: &str) -> bool {
    const FILLERS: [&str; 55] = [
        "longer",
        "who",
        "those",
        "people",
        "users",
        "user",
        "persons",
        "customers",
        "everyone",
        "everybody",
        "anyone",
        "all",
        "they",
        "has",
        "have",
        "had",
        "having",
        "did",
        "do",
        "does",
        "was",
        "were",
        "is",
        "are",
        "been",
        "be",
        "only",
        "that",
        "if",
        "when",
        "where",
        "as",
        "long",
        "provided",
        "with",
        "give",
        "gives",
        "gave",
        "given",
        "the",
        "a",
        "an",
        "their",
        "explicitly",
        "already",
        "yet",
        "ever",
        "to",
        "for",
        "of",
        "from",
        "but",
        "must",
        "members",
        "requires",
    ];
    FILLERS.contains(&word)
}

/// Whether a file declares the name, as far as its beginning tells.
pub(super) fn declares(site: &Site<'_, '_>, kind: &str, name: &str) -> bool {
    const SEARCHED: usize = 2000;
    let tokens = site.tokens.tokens.iter().take(SEARCHED).enumerate();
    let bare = name.trim_matches('"');
    tokens
        .filter(|(_, token)| token.kind == Kind::Word && site.tokens.text(**token) == kind)
        .any(|(index, _)| site.tokens.at(index + 1).trim_matches('"') == bare)
}

/// Whether a word is a category, or is written as they are.
pub(super) fn is_category(site: &Site<'_, '_>, at: isize) -> bool {
    let word = site.word(at);
    if !site.is_name(at) || site.kind(at) == Some(Kind::Word) && RESERVED.contains(&word) {
        return false;
    }
    let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
    is_declared_category(site, at) || capital && !declares(site, "audience", word)
}

pub(super) fn is_declared_category(site: &Site<'_, '_>, at: isize) -> bool {
    declares(site, "category", site.word(at))
}

/// What an author says of consent, from one offset to another.
struct Said {
    from: isize,
    last: isize,
    /// The condition that says the same; nothing where that is not sure.
    condition: Option<String>,
    /// A category, for an example.
    name: String,
    /// It is a name alone, and no category that is known.
    bare: bool,
}

/// How many `not`s stand directly before an offset.
pub(super) fn nots(site: &Site<'_, '_>, from: isize) -> isize {
    let mut count = 0;
    while site.word(from - count - 1) == "not" && site.kind(from - count - 1) == Some(Kind::Word) && count < 24 {
        count += 1;
    }
    count
}

/// The condition with so many `not`s more.
pub(super) fn denied(condition: String, nots: isize) -> String {
    let joined = !in_one_bracket(&condition) && (condition.contains(" and ") || condition.contains(" or "));
    match nots {
        ..=0 => condition,
        1 if joined || condition.starts_with("not ") => format!("not ({condition})"),
        1 => format!("not {condition}"),
        // Two of them undo each other, so of many only whether they are odd is kept.
        _ => denied(denied(condition, 1), 1 + nots % 2),
    }
}

/// Whether the bracket that a condition begins with ends with it.
fn in_one_bracket(condition: &str) -> bool {
    let mut depth = 0u32;
    let closes = condition.char_indices().find(|(_, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    closes.is_some_and(|(at, _)| at > 0 && at + 1 == condition.len())
}

/// Reads the words at an offset as a saying about consent.
fn said(site: &Site<'_, '_>, from: isize) -> Option<Said> {
    const LONGEST: isize = 14;
    let begins_none = |at: isize| {
        matches!(
            site.word(at),
            "trait" | "performed" | "member" | "send" | "include" | "account" | "event"
        ) || matches!(site.word(at), "(" | ")" | "[" | "]" | "{" | "}" | "")
    };
    let mut negations = nots(site, from);
    let begin = from - negations;
    let mut told: Option<Stance> = None;
    let mut names: Vec<&str> = Vec::new();
    let mut joiner = "and";
    let mut sure = true;
    let mut excluding = false;
    let mut bare = false;
    let (mut at, mut last) = (from, from);
    while at < from + LONGEST {
        let word = site.word(at).to_lowercase();
        let over = at > from && (site.is_first(at) || site.is_end(at));
        if over || begins_none(at) {
            sure &= over || matches!(site.word(at), ")" | "}" | "");
            break;
        }
        if matches!(word.as_str(), "and" | "or" | ",") {
            // Further categories belong to it, other conditions do not.
            let end = site.is_end_or_joiner(at + 2) || site.is_first(at + 2) || site.word(at + 2) == ",";
            if names.is_empty() || !is_category(site, at + 1) || !end {
                // What else must not hold belongs inside of the negation.
                let refuses = negations > 0 && told != Some(Stance::Answered);
                let more = stance(&site.word(at + 1).to_lowercase(), &site.word(at + 2).to_lowercase()).is_some();
                sure &= word != "," && !(word == "or" && (excluding || refuses && more));
                break;
            }
            if word == "or" {
                joiner = "or";
            }
            names.push(site.word(at + 1));
            last = at + 1;
            at += 2;
            continue;
        }
        if let Some((stance, words)) = stance(&word, &site.word(at + 1).to_lowercase()) {
            told = match told {
                None | Some(Stance::Granted) => Some(stance),
                Some(before) if stance == Stance::Granted || stance == before => Some(before),
                Some(before) => {
                    sure = false;
                    Some(before)
                }
            };
            at += words;
            last = at - 1;
            continue;
        }
        if negates(&word) {
            negations += 1;
            excluding |= !matches!(word.as_str(), "not" | "never" | "no" | "nobody");
            last = at;
        } else if matches!(word.as_str(), "=" | "==") && told.is_some() {
            match site.word(at + 1).trim_matches('"') {
                "true" | "yes" => {}
                "false" | "no" => negations += 1,
                _ => sure = false,
            }
            at += 1;
            last = at;
        } else if is_category(site, at)
            || told.is_some()
                && matches!(site.word(at - 1), "to" | "for")
                && site.kind(at) == Some(Kind::Word)
                && (site.is_end_or_joiner(at + 1) || site.is_first(at + 1))
                && !RESERVED.contains(&site.word(at))
        {
            sure &= names.is_empty();
            names.push(site.word(at));
            last = at;
        } else if fills(&word) {
            last = at;
        } else if told.is_some() {
            sure = false;
            if site.kind(at) == Some(Kind::String) && told == Some(Stance::Answered) {
                return None;
            }
            break;
        } else {
            return None;
        }
        at += 1;
    }
    let told = match told {
        Some(told) => told,
        // A bare category. An audience may be called like one, so what leaves people out is sure of it alone.
        None => {
            let name = (from..=last).find(|at| is_category(site, *at))?;
            if excluding && !is_declared_category(site, name) || !is_category(site, last) {
                return None;
            }
            bare = !is_declared_category(site, name);
            Stance::Granted
        }
    };
    let name = names
        .first()
        .copied()
        .or_else(|| named_before(site, begin))
        .unwrap_or("Advertising");
    if names.is_empty() {
        names.push(name);
    }
    let not = negations == 1;
    sure &= negations < 2;
    let condition = if names.len() > 1 && not && told != Stance::Answered {
        let each: Vec<String> = names.iter().map(|name| told.condition(false, name)).collect();
        format!("not ({})", each.join(" or "))
    } else {
        let each: Vec<String> = names.iter().map(|name| told.condition(not, name)).collect();
        let all = each.join(&format!(" {joiner} "));
        if names.len() > 1 { format!("({all})") } else { all }
    };
    Some(Said {
        from: begin,
        last,
        condition: sure.then_some(condition),
        bare,
        name: name.to_owned(),
    })
}

/// The category that the same condition has named before: `consent to A or not asked`.
fn named_before<'t>(site: &Site<'_, 't>, from: isize) -> Option<&'t str> {
    for at in (from - 12..from).rev() {
        match (site.word(at), site.word(at + 1), site.word(at + 2)) {
            ("send" | "include" | "who" | "{", ..) => return None,
            ("consent", "to", name) if site.is_name(at + 2) => return Some(name),
            ("consent", name, "is") => return Some(name),
            _ => {}
        }
    }
    None
}

/// What an author says of consent in words of their own, where a condition, a joiner or a clause is wanted.
pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.chunk.piece != Piece::Declaration(Declares::Audience) || condition::wants_filter(site) {
        return None;
    }
    let condition = condition::wants_condition(site);
    let joiner = site.wants(&[Rule::joiner]);
    let clause = site.wants(&[Rule::clause]);
    if !condition && !joiner && !clause || site.wants(&[Rule::test, Rule::operand]) {
        return None;
    }
    let found = site.found();
    let own = matches!(found, "and" | "or" | "," | "is" | "=" | "==") || found == "not" && site.word(1) == "consent";
    if !condition && (own || whole(site).is_some()) {
        return None;
    }
    let lower = found.to_lowercase();
    let name = !fills(&lower) && !negates(&lower) && stance(&lower, "").is_none();
    if condition
        && name
        && let Some((text, last)) = state_of(site, 0).filter(|_| is_category(site, 0) || is_state(site, 2))
    {
        let nots = nots(site, 0);
        let written = site.text(-nots, last);
        return Some(
            site.error(-nots, last, format!("`{written}` is not how consent is asked for"))
                .help(format!("write `{}`", denied(text, nots))),
        );
    }
    let no = matches!(site.word(1), "=" | "==" | "is") && matches!(site.word(2).trim_matches('"'), "false" | "no");
    if condition && name && no && is_category(site, 0) {
        let nots = nots(site, 0);
        let written = site.text(-nots, 2);
        let error = site.error(-nots, 2, format!("`{written}` is not how consent is asked for"));
        return Some(error.help(if nots > 0 { forms(found) } else { refused(found) }));
    }
    let said = said(site, 0)?;
    let second = matches!(site.word(-1), "and" | "or") && matches!(site.word(-4), "consent");
    if (second || !condition && !site.is_first(0)) && is_category(site, 0) {
        return None;
    }
    let written = site.text(said.from, said.last);
    let error = site.error(
        said.from,
        said.last,
        format!("`{written}` is not how consent is asked for"),
    );
    let Some(text) = said.condition else {
        return Some(error.help(forms(&said.name)));
    };
    let bare_clause = clause && site.is_first(0) && text == format!("consent to {}", said.name);
    Some(error.help(if condition || bare_clause {
        format!("write `{text}`")
    } else if joiner && !site.is_first(0) {
        format!("write `and {text}`")
    } else {
        format!("write `who … and {text}`")
    }))
}

/// The two that a bare no can mean.
pub(super) fn refused(name: &str) -> String {
    format!("write `consent {name} is denied` for those who said no, or `not consent to {name}` for all but yes")
}

/// Whether a word says something of consent and is hardly the name of a category.
pub(super) fn speaks(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower == word && (negates(word) || fills(word) || stance(word, "").is_some())
}

/// The forms there are, for those who have to choose one.
pub(super) fn forms(name: &str) -> String {
    format!(
        "the conditions on consent are `consent to {name}`, `consent {name} is denied`, `consent {name} is conflicted` and \
         `consent {name} is not collected`, each also with `not` in front"
    )
}

/// The condition that a saying behind a joiner stands for, if it is one.
pub(super) fn meant(site: &Site<'_, '_>, from: isize) -> Option<String> {
    said(site, from).filter(|said| !said.bare)?.condition
}

// ---- `consent X is …`, nearly right

fn is_state(site: &Site<'_, '_>, at: isize) -> bool {
    let at = at + isize::from(site.word(at) == "not");
    matches!(
        site.word(at).trim_matches('"'),
        "granted" | "denied" | "conflicted" | "collected" | "refused" | "withdrawn" | "revoked"
    )
}

/// The condition that a category at the offset and the state behind it say, and its last word.
fn state_of(site: &Site<'_, '_>, name: isize) -> Option<(String, isize)> {
    let category = site.word(name);
    if !site.is_name(name) || site.kind(name) == Some(Kind::Word) && RESERVED.contains(&category) {
        return None;
    }
    let mut at = name + 1;
    let mut not = false;
    match site.word(at) {
        "is" | "=" | "==" | ":" | "are" | "was" | "has" => at += 1,
        "!=" => {
            not = true;
            at += 1;
        }
        _ => {}
    }
    while matches!(site.word(at), "been" | "a" | "yet") {
        at += 1;
    }
    let never = matches!(site.word(at), "not" | "never");
    if never {
        at += 1;
    }
    if let Some((text, last)) = listed(site, category, at) {
        return Some((denied(text, isize::from(not != never)), last));
    }
    let word = site.word(at).trim_matches('"').replace(['_', '-'], " ").to_lowercase();
    if site.is_first(at) && site.word(at - 1) == category {
        return None;
    }
    let (state, never) = match (word.as_str(), never) {
        ("collected" | "asked" | "answered", true) => ("not collected", false),
        ("collected" | "asked" | "answered", false) => ("not collected", true),
        (
            "not collected" | "missing" | "absent" | "uncollected" | "unasked" | "unanswered" | "unset" | "unknown"
            | "not asked",
            never,
        ) => ("not collected", never),
        ("granted", never) => ("granted", never),
        ("true" | "yes" | "given" | "on" | "accepted" | "agreed", never) => ("", never),
        ("denied" | "refused" | "declined" | "rejected" | "revoked" | "withdrawn", never) => ("denied", never),
        ("conflicted", never) => ("conflicted", never),
        _ => return None,
    };
    let mut last = at;
    if state == "not collected" && site.word(at + 1) == "yet" {
        last += 1;
    }
    let mut states = vec![format!("consent {category} is {state}")];
    while !state.is_empty() && site.word(last + 1) == "or" && states.len() < 4 {
        let Some((other, end)) = another(site, last + 2) else {
            break;
        };
        states.push(format!("consent {category} is {other}"));
        last = end;
    }
    if states.len() > 1 {
        let text = format!("({})", states.join(" or "));
        return Some((denied(text, isize::from(not != never)), last));
    }
    let text = match state {
        "" => format!("consent to {category}"),
        _ => format!("consent {category} is {state}"),
    };
    let nots = isize::from(not != never);
    Some((denied(text, nots), last))
}

/// A further state at the offset, behind `or`: `denied or not asked`.
fn another(site: &Site<'_, '_>, at: isize) -> Option<(&'static str, isize)> {
    let (state, last) = match (site.word(at), site.word(at + 1)) {
        ("granted", _) => ("granted", at),
        ("denied" | "refused" | "withdrawn" | "revoked", _) => ("denied", at),
        ("conflicted", _) => ("conflicted", at),
        ("not" | "never", "collected" | "asked" | "answered") => ("not collected", at + 1),
        _ => return None,
    };
    let last = last + isize::from(site.word(last + 1) == "yet");
    (site.is_end_or_joiner(last + 1) || site.is_first(last + 1)).then_some((state, last))
}

/// One of the states that a list behind `in` has.
fn listed(site: &Site<'_, '_>, category: &str, at: isize) -> Option<(String, isize)> {
    let open = match (site.word(at), site.word(at + 1)) {
        ("in", "[" | "(") => at + 1,
        ("one" | "any", "of") => at + 2,
        _ => return None,
    };
    let close = (open + 1..open + 12).find(|at| matches!(site.word(*at), "]" | ")"))?;
    let states: Option<Vec<String>> = site
        .text(open + 1, close - 1)
        .split(',')
        .map(|state| {
            let state = state.trim().trim_matches('"').replace(['_', '-'], " ");
            matches!(state.as_str(), "granted" | "denied" | "conflicted" | "not collected")
                .then(|| format!("consent {category} is {state}"))
        })
        .collect();
    let states = states.filter(|states| matches!(site.word(open), "[" | "(") && !states.is_empty())?;
    let text = states.join(" or ");
    Some((if states.len() > 1 { format!("({text})") } else { text }, close))
}

/// `consent to (A or B)`: the place is at the bracket.
pub(super) fn in_brackets(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let close = (1..14).find(|at| site.word(*at) == ")")?;
    let names: Vec<&str> = (1..close).step_by(2).map(|at| site.word(at)).collect();
    let joiners: Vec<&str> = (2..close).step_by(2).map(|at| site.word(at)).collect();
    let error = site.error(
        0,
        close,
        "`consent to` is followed by the name of a category, not by brackets",
    );
    let named = close % 2 == 0
        && (1..close)
            .step_by(2)
            .all(|at| site.is_name(at) && !RESERVED.contains(&site.word(at)));
    let or = joiners.iter().all(|joiner| *joiner == "or") && names.len() > 1;
    if !named || !or && !joiners.iter().all(|joiner| matches!(*joiner, "and" | ",")) {
        return Some(error.help(forms("Advertising")));
    }
    let clause = site.wants_clause_of_consent();
    if clause && !or {
        return Some(error.help(format!("write `consent to {}`", names.join(" and "))));
    }
    let each: Vec<String> = names.iter().map(|name| format!("consent to {name}")).collect();
    let all = each.join(if or { " or " } else { " and " });
    let nots = nots(site, -2);
    let text = match (nots, names.len()) {
        (0, 2..) => format!("({all})"),
        _ => denied(all, nots),
    };
    Some(error.help(if clause {
        format!("make it part of the condition: `who … and {text}`")
    } else {
        format!("write `{text}`")
    }))
}

/// A condition that begins with `consent` at the offset, as it has to be written; and its last word.
pub(super) fn read(site: &Site<'_, '_>, from: isize) -> Option<(String, isize)> {
    if site.word(from) != "consent" {
        return None;
    }
    let to = matches!(site.word(from + 1), "to" | "for");
    let name = if to { from + 2 } else { from + 1 };
    state_of(site, name).or_else(|| {
        let ends = site.is_end_or_joiner(name + 1) || site.is_first(name + 1) || site.word(name + 1) == ",";
        let reserved = site.kind(name) == Some(Kind::Word) && RESERVED.contains(&site.word(name));
        (to && ends && site.is_name(name) && !reserved).then(|| (format!("consent to {}", site.word(name)), name))
    })
}

/// The condition on consent that the place lies in, with the `not`s before it; where it begins and ends.
fn whole(site: &Site<'_, '_>) -> Option<(String, isize, isize)> {
    let from = (-6..0)
        .rev()
        .find(|at| site.word(*at) == "consent" && site.kind(*at) == Some(Kind::Word))?;
    if matches!(site.word(from - 1), "trait" | ".") {
        return None;
    }
    let (text, last) = read(site, from)?;
    let nots = nots(site, from);
    let mut depth = 0;
    for at in (from - 24..from).rev() {
        match site.word(at) {
            ")" => depth += 1,
            "(" if depth > 0 => depth -= 1,
            "(" if site.word(at - 1) == "where" => return None,
            _ => {}
        }
    }
    (last >= 0).then(|| (denied(text, nots), from - nots, last))
}

/// `consent refused`, `consent not given`: no category is named.
fn nameless(site: &Site<'_, '_>) -> Option<(String, isize, isize)> {
    let from = (-3..0)
        .rev()
        .find(|at| site.word(*at) == "consent" && site.kind(*at) == Some(Kind::Word))?;
    let next = site.word(from + 1);
    if matches!(site.word(from - 1), "trait" | ".")
        || !speaks(next)
        || matches!(next, "to" | "for" | "of" | "from" | "with" | "is" | "are")
    {
        return None;
    }
    // `consent not to A`, and its like, are told elsewhere.
    let said = said(site, from).filter(|said| said.last > from)?;
    let stands =
        (from + 1..=said.last).any(|at| stance(site.word(at), site.word(at + 1)).is_some() || site.word(at) == "given");
    (stands && said.last >= -1).then(|| (said.condition.unwrap_or_default(), said.from, said.last))
}

/// The help for a state of consent that is nearly right: the whole condition, with every `not`.
pub(super) fn help(site: &Site<'_, '_>) -> Option<String> {
    if condition::wants_filter(site) || site.chunk.piece != Piece::Declaration(Declares::Audience) {
        return None;
    }
    let (text, from, _) = whole(site).or_else(|| nameless(site))?;
    if text.is_empty() {
        return Some(forms("Advertising"));
    }
    let clause = site.is_first(from) && !matches!(site.word(from - 1), "and" | "or" | "who" | "(");
    Some(if clause && !text.starts_with("consent to ") {
        if text.ends_with("is granted") && !text.starts_with("not") {
            return None;
        }
        format!("make it part of the condition: `who … and {text}`")
    } else {
        format!("write `{text}`")
    })
}
