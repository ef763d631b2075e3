//! Slips in what a file declares: names, titles, requirements, settings, enforcement.

use super::site::Site;
use super::words::{RESERVED, nearest};
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Declares;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::Kind;
use crate::syntax::split::Piece;

const BEGINNINGS: &str = "what can stand here begins with `category`, `destination`, `audience`, `trait`, `event`, `identity` or `consent enforcement`";

/// A piece that begins with nothing that an item begins with.
pub(super) fn garbage(site: &Site<'_, '_>) -> Diagnostic {
    // From the beginning of the piece, wherever the grammar stopped.
    let site = Site {
        index: site.chunk.first,
        ..*site
    };
    let word = site.found();
    if let Some(error) = super::computed::item(&site).or_else(|| super::accounts::item(&site)) {
        return error;
    }
    let keyword = nearest(
        word,
        &[
            "category",
            "destination",
            "audience",
            "consent",
            "event",
            "trait",
            "identity",
        ],
    )
    .filter(|_| site.kind(0) == Some(Kind::Word));
    match keyword {
        Some(keyword) if keyword == word.to_lowercase() => site
            .error(0, 0, format!("`{word}` has to be written in small letters"))
            .help(format!("write `{keyword}`")),
        Some(keyword) => site
            .error(0, 0, format!("`{word}` is not something a file can declare"))
            .help(format!("did you mean `{keyword}`?")),
        None if let Some(error) = super::requires::on_a_line_of_its_own(&site) => error,
        None if word == "test" && site.kind(1) == Some(Kind::String) && site.word(2) == "{" => site
            .error(0, 1, "this is a test, and no definition")
            .help("`volens test` runs tests; they stand in files with names that end in `.test.audience`"),
        None if matches!(word, "schema" | "type" | "track" | "define" | "properties")
            && site.kind(1) == Some(Kind::String)
            && site.word(2) == "{" =>
        {
            site.error(0, 0, format!("`{word}` is not something a file can declare"))
                .help(format!("write `event {} {{`", site.word(1)))
        }
        None if matches!(
            word,
            "segment" | "cohort" | "group" | "list" | "purpose" | "target" | "integration"
        ) && site.is_name(1)
            && matches!(site.word(2), "{" | "") =>
        {
            let meant = match word {
                "purpose" => "category",
                "target" | "integration" => "destination",
                _ => "audience",
            };
            site.error(0, 0, format!("`{word}` is not something a file can declare"))
                .help(format!("did you mean `{meant}`?"))
        }
        None => {
            let mut last = 0;
            while !site.is_first(last + 1) {
                last += 1;
            }
            let line = site.text(0, last);
            for sign in ["--", "/*", "%", "*", "'"] {
                if let Some(comment) = line.strip_prefix(sign) {
                    let comment = comment.trim_end_matches("*/").trim();
                    return site
                        .error(0, last, format!("a comment begins with `#`, not with `{sign}`"))
                        .help(format!("write `# {comment}`"));
                }
            }
            site.error(0, last, "this is neither a comment nor something a file can declare")
                .help(format!(
                    "put `#` in front to make it a comment, or remove it; {BEGINNINGS}"
                ))
        }
    }
}

pub(super) fn diagnose(site: &Site<'_, '_>) -> Option<Diagnostic> {
    if site.chunk.piece == Piece::Enforcement {
        return enforcement(site);
    }
    if let Some(error) = super::requires::diagnose(site) {
        return Some(error);
    }
    if site.wants(&[Rule::name, Rule::bare_name]) {
        return name(site);
    }
    if let Some(after) = after_name(site) {
        return Some(after);
    }
    let of_type = site.word(-1) == "type" && site.wants(&[Rule::setting_type, Rule::string]);
    if of_type || site.wants(&[Rule::setting, Rule::message_form, Rule::removal_form]) {
        return setting(site);
    }
    match site.chunk.piece {
        Piece::Declaration(Declares::Destination) => destination(site),
        Piece::Declaration(Declares::Category) => category(site),
        _ => None,
    }
}

fn enforcement(site: &Site<'_, '_>) -> Option<Diagnostic> {
    const ON_OR_OFF: &str = "write `consent enforcement on` or `consent enforcement off`";
    let found = site.found();
    if site.wants(&[Rule::on_or_off]) {
        return Some(if found.is_empty() {
            site.error(-2, -1, "`consent enforcement` says neither `on` nor `off`")
                .help(ON_OR_OFF)
        } else {
            let last = if matches!(found, "=" | ":" | "is") && site.kind(1) == Some(Kind::Word) {
                1
            } else {
                0
            };
            let help = match site.word(last) {
                "on" | "true" | "yes" | "enabled" => "write `consent enforcement on`",
                _ => ON_OR_OFF,
            };
            site.error(
                0,
                last,
                format!("`consent enforcement` cannot be `{}`", site.text(0, last)),
            )
            .help(help)
        });
    }
    if site.wants(&[Rule::kw_enforcement]) {
        let message = format!("`{}` is not something a file can declare", site.text(-1, 0));
        let help = match nearest(found, &["enforcement"]) {
            Some(_) => "did you mean `consent enforcement`?".to_owned(),
            None => format!("{BEGINNINGS}; `consent to` stands inside an audience"),
        };
        return Some(site.error(0, 0, message).help(help));
    }
    None
}

// ---- names

/// What a name is of, and the words that it stands after.
struct Naming {
    what: &'static str,
    lead: &'static str,
}

fn naming(site: &Site<'_, '_>) -> Naming {
    let (before, word) = (site.word(-2), site.word(-1));
    let (what, lead) = match (before, word) {
        (_, "audience") => ("audience", "audience "),
        (_, "category") => ("category", "category "),
        (_, "destination") => ("destination", "destination "),
        ("member", "of") => ("audience", "member of "),
        ("consent", "to") => ("category", "consent to "),
        ("send", "to") => ("destination", "send to "),
        (_, "requires") => ("category", "requires "),
        (_, "consent") => ("category", "consent "),
        (_, ",") if site.chunk.piece == Piece::Declaration(Declares::Destination) => ("category", ""),
        (_, ",") => ("destination", ""),
        _ => ("category", ""),
    };
    Naming { what, lead }
}

fn name(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let declared = site.index == site.chunk.first + 1;
    let found = site.found();
    if !declared && let Some(error) = no_name(site) {
        return Some(error);
    }
    if RESERVED.contains(&found) && !site.is_first(0) && is_meant_as_name(site, declared) {
        let tail = if declared && site.word(-1) == "audience" {
            " {"
        } else {
            ""
        };
        let message = format!("`{found}` is a word of the language, so as a name it needs quotes");
        let help = format!("write `{}\"{found}\"{tail}`", naming(site).lead);
        return Some(site.error(0, 0, message).help(help));
    }
    match site.kind(0) {
        Some(Kind::Number) if found.starts_with(|c: char| c.is_ascii_digit()) => Some(digit_first(site)),
        Some(Kind::Word) if !RESERVED.contains(&found) => Some(odd_letters(site)),
        _ if declared => Some(nameless(site)),
        _ => Some(missing(site)),
    }
}

/// A word that says which names are meant, where a name is wanted.
fn no_name(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, Naming { what, lead }) = (site.found(), naming(site));
    let of_item = site.chunk.piece == Piece::Declaration(Declares::Destination);
    let next = site.word(1);
    Some(match (lead, found) {
        ("send to ", "nothing") => site
            .error(-2, 0, "`send to nothing` names no destination")
            .help("leave out `send to` to send the audience nowhere"),
        _ if of_item && found == "any" => requires_all(site, 0),
        ("consent ", "not") => {
            let name = if matches!(next, "to" | "for") {
                site.word(2)
            } else {
                next
            };
            site.error(0, 0, "`not` stands before `consent`")
                .help(format!("write `not consent to {name}`"))
        }
        ("send to ", "all") | ("consent to " | "requires ", "all" | "any")
            if site.is_first(1) || matches!(next, "" | "}" | "of") =>
        {
            let names = if what == "destination" {
                "destinations"
            } else {
                "categories"
            };
            let joiner = if lead == "consent to " { "`and`" } else { "commas" };
            site.error(0, 0, format!("no word stands for several {names}"))
                .help(format!(
                    "name each of them, with {joiner} between them; one that is called `{found}` is written `\"{found}\"`"
                ))
        }
        _ if of_item && found == "nothing" && site.word(-1) == "," => site
            .error(-1, 0, "`nothing` cannot stand beside a category")
            .help("leave it out; only if nobody has to agree to anything, write `requires nothing` alone"),
        _ if of_item && found == "not" => site
            .error(0, 0, "a destination cannot require that consent is not given")
            .help(format!(
                "name what it requires; in an audience, `who … and not consent to {next}` asks for people without it"
            )),
        ("consent to ", "(") => super::consent::in_brackets(site)?,
        ("consent to ", "not") if site.wants_clause_of_consent() => not_in_consent(site),
        ("consent to ", "not") => site
            .error(0, 0, "`not` stands before `consent to`")
            .help(format!("write `not consent to {next}`")),
        ("requires ", ":" | "=") => {
            let mut last = 1;
            while site.word(last + 1) == "," && site.is_name(last + 2) {
                last += 2;
            }
            let error = site.error(0, 0, format!("no `{found}` stands after `requires`"));
            if site.is_end(last + 1) || site.is_first(last + 1) || site.word(last + 1) == "{" {
                error.help(format!("write `requires {}`", site.text(1, last)))
            } else {
                error.help("remove it")
            }
        }
        ("requires ", "consent") if site.is_first(1) || matches!(next, "" | "{") => site
            .error(0, 0, "`requires` is followed by the categories of consent")
            .help("name what people must have agreed to, such as `requires Advertising`"),
        ("requires ", "consent") if matches!(next, "to" | "for" | "of") => site
            .error(0, 1, "`requires` is followed by the categories alone")
            .help(format!("write `requires {}`", site.word(2))),
        ("requires ", "[" | "(") => {
            let end = (1..12).find(|at| matches!(site.word(*at), "]" | ")")).unwrap_or(1);
            if let Some(at) = (1..end).find(|at| matches!(site.word(*at), "or" | "|" | "||")) {
                let or = site.word(at);
                return Some(
                    site.error(
                        at,
                        at,
                        format!("a destination requires all that it lists; there is no `{or}`"),
                    )
                    .help(
                        "list with commas what has to be granted together, or make a destination of its own for each",
                    ),
                );
            }
            let names = site.text(1, end - 1).replace(" and ", ", ");
            site.error(0, 0, "what a destination requires stands without brackets")
                .help(format!("write `requires {names}`"))
        }
        ("", "not" | "trait" | "performed" | "member" | "consent") if !of_item && site.word(-1) == "and" => {
            if found == "not" && site.is_name(1) && !RESERVED.contains(&next) {
                not_in_consent(site)
            } else {
                let condition = site.condition(0);
                site.error(0, 0, "`consent to` joins categories, and this is a condition")
                    .help(format!("write it behind `who`: `who … and {condition}`"))
            }
        }
        _ => return None,
    })
}

fn not_in_consent(site: &Site<'_, '_>) -> Diagnostic {
    site.error(0, 0, "`consent to` cannot ask for consent that is not given")
        .help(format!(
            "make it part of the condition: `who … and not consent to {}`",
            site.word(1)
        ))
}

fn requires_all(site: &Site<'_, '_>, last: isize) -> Diagnostic {
    site.error(
        0,
        last,
        format!(
            "a destination requires all that it lists; there is no `{}`",
            site.text(0, last)
        ),
    )
    .help("list with commas what has to be granted together, or make a destination of its own for each")
}

/// Whether a reserved word stands where only a name can: nothing follows that the word would begin.
fn is_meant_as_name(site: &Site<'_, '_>, declared: bool) -> bool {
    if declared {
        return site.found() != "requires";
    }
    site.is_first(1) || matches!(site.word(1), "" | "}" | ")" | "," | "{" | "and" | "or" | "is")
}

fn digit_first(site: &Site<'_, '_>) -> Diagnostic {
    let found = site.found();
    if naming(site).what == "category" {
        return site
            .error(
                0,
                0,
                "the id of a category begins with a letter or `_`, not with a digit",
            )
            .help(format!("write for example `_{found}`; quotes do not help here"));
    }
    site.error(0, 0, "a name that begins with a digit needs quotes")
        .help(format!("write `\"{found}\"`"))
}

fn odd_letters(site: &Site<'_, '_>) -> Diagnostic {
    let mut last = 0;
    while naming(site).lead == "audience "
        && site.kind(last + 1) == Some(Kind::Word)
        && !site.is_first(last + 1)
        && !RESERVED.contains(&site.word(last + 1))
    {
        last += 1;
    }
    let found = site.text(0, last);
    let odd = found.chars().find(|c| !c.is_ascii()).unwrap_or(' ');
    site.error(
        0,
        last,
        format!(
            "a name with `{odd}` needs quotes: without them, names consist of the letters a to z and A to Z, digits, \
             `_` and `-`"
        ),
    )
    .help(format!("write `\"{found}\"`"))
}

fn nameless(site: &Site<'_, '_>) -> Diagnostic {
    let keyword = site.word(-1);
    let help = match keyword {
        "audience" => "write a name after `audience`, such as `audience readers {`",
        "category" => "write a name after `category`, such as `category Advertising`, or remove the line",
        _ if site.found() == "requires" => {
            "write a name between `destination` and `requires`, such as `destination google_ads requires Advertising`; a \
             destination called `requires` is written `\"requires\"`"
        }
        _ => "write a name after `destination`, such as `destination google_ads requires Advertising`",
    };
    site.error(-1, -1, format!("this {keyword} has no name")).help(help)
}

fn missing(site: &Site<'_, '_>) -> Diagnostic {
    let Naming { what, lead } = naming(site);
    match (lead, site.word(-1)) {
        ("member of ", _) => site
            .error(-2, -1, "`member of` names no audience")
            .help("write the name of an audience after it"),
        ("consent to ", _) => site
            .error(-2, -1, "`consent to` names no category")
            .help("name a category, or remove `consent to`"),
        ("send to ", _) => site
            .error(-2, -1, "`send to` names no destination")
            .help("name one or more destinations, or remove `send to`"),
        ("requires ", _) if site.found() == "no" => site
            .error(-1, 0, "`requires no` names no category")
            .help("name what has to be granted; only if nobody has to agree to anything, write `requires nothing`"),
        ("requires ", _) => site
            .error(-1, -1, "`requires` names no category")
            .help("name one or more categories, or write `requires nothing`"),
        ("consent ", _) => site
            .error(-1, -1, "`consent` names no category")
            .help("write `consent to Advertising`, or `consent Advertising is denied`"),
        (_, ",") => site
            .error(-1, -1, format!("after this comma a {what} is missing"))
            .help(format!("remove the comma, or name another {what}")),
        (_, word) => site
            .error(-1, -1, format!("after `{word}` a {what} is missing"))
            .help(format!("remove `{word}`, or name another {what}")),
    }
}

// ---- behind a declared name

/// What stands between the name of a declaration and its title, `{` or requirement.
fn after_name(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let Piece::Declaration(kind) = site.chunk.piece else {
        return None;
    };
    let keyword = kind.as_str();
    let name = site.word(1 - place(site));
    let found = site.found();
    if site.wants(&[Rule::open_brace]) && kind == Declares::Audience {
        match found {
            "(" => {
                return Some(
                    site.error(0, 0, "what belongs to an audience stands in `{ }`, not in `( )`")
                        .help(format!("write `audience {name} {{ … }}`")),
                );
            }
            "=" | ":" => {
                return Some(
                    site.error(
                        0,
                        0,
                        format!("no `{found}` stands between the name of an audience and its `{{`"),
                    )
                    .help(format!("write `audience {name} {{`")),
                );
            }
            "" | "who" | "consent" | "include" | "send" | "trait" | "performed" | "}" => {
                let last = if site.is_first(0) || found == "}" {
                    1
                } else {
                    place(site) - 1
                };
                return Some(
                    site.error(
                        -place(site),
                        last - place(site),
                        format!("the audience `{name}` has no `{{` before its conditions"),
                    )
                    .help(format!("write `audience {name} {{`")),
                );
            }
            _ => {}
        }
    }
    if place(site) != 2 {
        return None;
    }
    if found == "." {
        let last = if site.is_name(1) { 1 } else { 0 };
        let (whole, joined) = (site.text(-1, last), site.text(-1, last).replace('.', "_"));
        return Some(
            site.error(-1, last, "a name with `.` needs quotes")
                .help(format!("write `\"{whole}\"`, or `{joined}`")),
        );
    }
    if found == "=" || found == ":" {
        return Some(
            site.error(0, 0, format!("no `{found}` stands after the name of a {keyword}"))
                .help("remove it"),
        );
    }
    (site.kind(0) == Some(Kind::Word) && !site.is_first(0)).then(|| word_after_name(site, kind, name))?
}

/// How far the place is behind the keyword.
fn place(site: &Site<'_, '_>) -> isize {
    isize::try_from(site.index - site.chunk.first).unwrap_or(isize::MAX)
}

fn word_after_name(site: &Site<'_, '_>, kind: Declares, name: &str) -> Option<Diagnostic> {
    let found = site.found();
    let follows: &[&str] = match kind {
        Declares::Category => &["disabled"],
        Declares::Destination => &["requires"],
        Declares::Audience => &["of"],
        Declares::Event => &[],
        Declares::Trait | Declares::AccountTrait => &[],
    };
    if let Some(meant) = nearest(found, follows) {
        return Some(
            site.error(0, 0, format!("`{found}` cannot stand here"))
                .help(format!("did you mean `{meant}`?")),
        );
    }
    let mut last = 0;
    while site.kind(last + 1) == Some(Kind::Word) && !site.is_first(last + 1) && site.word(last + 1) != "requires" {
        last += 1;
    }
    let needs = matches!(
        found,
        "needs"
            | "need"
            | "require"
            | "required"
            | "requiring"
            | "with"
            | "if"
            | "when"
            | "consent"
            | "only"
            | "for"
            | "must"
            | "asks"
            | "without"
            | "no"
    );
    if kind == Declares::Destination && needs {
        let without = matches!(found, "without" | "no");
        let help = if without {
            format!("write `destination {name} requires nothing` only if nobody has to agree to anything")
        } else {
            format!("write `destination {name} requires {}`", site.word(last))
        };
        return Some(
            site.error(0, 0, "what people must have agreed to stands after `requires`")
                .help(help),
        );
    }
    let words = site.text(0, last);
    if kind == Declares::Category && last == 0 {
        let help = match found {
            "required" | "optional" | "mandatory" | "on" | "enabled" | "active" => {
                Some("remove it: each destination says with `requires` what it requires".to_owned())
            }
            "off" | "inactive" => Some(format!(
                "remove it; only if no destination is to require it for now, write `category {name} disabled`"
            )),
            _ => None,
        };
        if let Some(help) = help {
            return Some(site.error(0, 0, format!("a category cannot be `{found}`")).help(help));
        }
    }
    if kind == Declares::Category {
        return Some(
            site.error(0, last, format!("the name to show for `{name}` needs quotes"))
                .help(format!("write `category {name} \"{words}\"`")),
        );
    }
    if found == "of" || site.kind(-1) == Some(Kind::String) {
        return None;
    }
    let whole = site.text(-1, last);
    Some(
        site.error(-1, last, "a name of several words needs quotes")
            .help(format!(
                "write `\"{whole}\"`, or one word: `{}`",
                whole.replace(' ', "_")
            )),
    )
}

fn category(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let found = site.found();
    if site.word(-1) == "disabled" && site.kind(0) == Some(Kind::String) {
        let name = site.word(-2);
        return Some(
            site.error(0, 0, "the name of a category stands before `disabled`")
                .help(format!("write `category {name} {found} disabled`")),
        );
    }
    let meant = nearest(found, &["disabled"])?;
    Some(
        site.error(0, 0, format!("`{found}` cannot stand here"))
            .help(format!("did you mean `{meant}`?")),
    )
}

fn destination(site: &Site<'_, '_>) -> Option<Diagnostic> {
    let (found, before) = (site.found(), site.word(-1));
    match found {
        "," if before == "nothing" => {
            let last = if site.is_name(1) { 1 } else { 0 };
            let names = site.word(1);
            Some(
                site.error(0, last, "`requires nothing` cannot be followed by a category")
                    .help(format!(
                        "write `requires {names}`, or `requires nothing` if nobody has to agree"
                    )),
            )
        }
        "or" | "|" | "||" | "/" if site.wants(&[Rule::comma]) => Some(requires_all(site, 0)),
        "except" | "but" | "unless" | "without" | "excluding" if site.wants(&[Rule::comma]) && !site.is_first(0) => {
            Some(
                site.error(
                    0,
                    0,
                    format!("a destination requires all that it lists; there is no `{found}`"),
                )
                .help("list with commas what has to be granted, and nothing else"),
            )
        }
        "and" | "&" | "&&" | "+" if site.wants(&[Rule::comma]) => Some(
            site.error(
                0,
                0,
                "the categories that a destination requires are separated by commas",
            )
            .help(format!("write `requires {}, {}`", before, site.word(1))),
        ),
        "requires" if before == "}" => {
            let mut last = 0;
            while !site.is_first(last + 1) {
                last += 1;
            }
            let first = -place(site);
            let mut open = first;
            while open < -1 && site.word(open) != "{" {
                open += 1;
            }
            let moved = format!(
                "{} {} {}",
                site.text(first, open - 1),
                site.text(0, last),
                site.text(open, -1)
            );
            Some(
                site.error(0, last, "`requires` stands before the settings in `{ }`")
                    .help(format!("write `{moved}`")),
            )
        }
        _ if site.wants(&[Rule::comma])
            && matches!(
                before,
                "optional" | "optionally" | "required" | "only" | "also" | "explicit"
            )
            && site.word(-2) == "requires"
            && site.is_name(0)
            && !site.is_first(0) =>
        {
            Some(
                site.error(-1, -1, format!("`{before}` cannot stand after `requires`"))
                    .help(format!("write `requires {found}`")),
            )
        }
        _ if site.wants(&[Rule::comma]) && site.is_name(0) && !site.is_first(0) => Some(
            site.error(0, 0, format!("between `{before}` and `{found}` a comma is missing"))
                .help(format!("write `{before}, {found}`")),
        ),
        _ if site.wants(&[Rule::kw_consent]) && before == "receives" => Some(
            site.error(-1, -1, "after `receives`, `consent` is missing")
                .help("write `receives consent`"),
        ),
        _ => None,
    }
}

// ---- settings

fn setting(site: &Site<'_, '_>) -> Option<Diagnostic> {
    const SETTINGS: &str = "The settings are `type`, `message`, `removal`, `receives consent` and `storage`";
    let (found, before) = (site.found(), site.word(-1));
    if matches!(found, ":" | "=") && matches!(before, "type" | "message" | "removal") {
        return Some(
            site.error(0, 0, format!("no `{found}` stands between a setting and its value"))
                .help(format!("write `{before} {}`", site.word(1))),
        );
    }
    if found == "," {
        return Some(site.error(0, 0, "no comma stands between settings").help("remove it"));
    }
    let missing = matches!(found, "" | "}");
    let values = match before {
        "type" if site.wants(&[Rule::setting_type, Rule::string]) => {
            return Some(if missing {
                site.error(-1, -1, "after `type` a text is missing")
                    .help("write for example `type \"Google Ads\"`")
            } else {
                site.error(0, 0, "the type of a destination needs quotes")
                    .help(format!("write `type \"{found}\"`"))
            });
        }
        "message" if site.wants(&[Rule::message_form]) => ["track", "identify"],
        "removal" if site.wants(&[Rule::removal_form]) => ["once", "never"],
        _ if missing => return None,
        _ => {
            let settings = ["type", "message", "removal", "receives", "storage"];
            let help = match nearest(found, &settings) {
                _ if found == "requires" => {
                    let first = if matches!(site.word(1), "=" | ":") { 2 } else { 1 };
                    let mut last = first;
                    while site.word(last + 1) == "," {
                        last += 2;
                    }
                    format!("write `requires {}` before the `{{`", site.text(first, last))
                }
                _ if super::consent::is_declared_category(site, 0) => {
                    format!("write `requires {found}` before the `{{`")
                }
                Some("receives") => format!("did you mean `receives consent`? {SETTINGS}"),
                Some(meant) => format!("did you mean `{meant}`? {SETTINGS}"),
                None => SETTINGS.replace("The", "the"),
            };
            return Some(
                site.error(0, 0, format!("a destination has no setting `{found}`"))
                    .help(help),
            );
        }
    };
    let [a, b] = values;
    let bare = found.trim_matches('"');
    Some(if missing {
        site.error(-1, -1, format!("after `{before}` its value is missing"))
            .help(format!("write `{before} {a}` or `{before} {b}`"))
    } else if bare != found && values.contains(&bare) {
        site.error(0, 0, format!("`{found}` stands without quotes here"))
            .help(format!("write `{before} {bare}`"))
    } else {
        site.error(0, 0, format!("`{before}` cannot be `{found}`"))
            .help(format!("write `{before} {a}` or `{before} {b}`"))
    })
}
