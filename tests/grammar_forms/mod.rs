//! The forms that the grammar allows, written out: `{ kw_within ~ kw_last? ~ duration }` is `within D` and `within last D`.

use std::collections::{BTreeMap, BTreeSet};

/// What a rule is called in a form, where a form does not go into it.
const SYMBOLS: &[(&str, &str)] = &[
    ("condition", "…"),
    ("date", "T"),
    ("duration", "D"),
    ("element", "…"),
    ("event", "\"E\""),
    ("event_path", "X.p"),
    ("filter", "…"),
    ("instant", "T"),
    ("integer", "N"),
    ("list", "[ … ]"),
    // The events' own tables have them.
    ("modifier", ""),
    ("name", "X"),
    ("number", "N"),
    ("operand", "V"),
    ("path", "p"),
    ("property", "p"),
    ("step", ""),
    ("string", "\"…\""),
    ("test", "…"),
    ("times", "times"),
    ("unit", "days"),
];

/// Whether a word of a form stands for something else.
pub(crate) fn is_symbol(word: &str) -> bool {
    word != "times"
        && SYMBOLS
            .iter()
            .any(|(_, symbol)| symbol.split(' ').any(|part| part == word))
}

pub(crate) struct Grammar {
    rules: BTreeMap<String, Vec<String>>,
}

impl Grammar {
    pub(crate) fn read(text: &str) -> Grammar {
        let mut rules = BTreeMap::new();
        let text: String = text
            .lines()
            .map(|line| if line.starts_with("//") { "\n" } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        let mut words = words(&text).into_iter();
        while let Some(name) = words.next() {
            assert_eq!(words.next().as_deref(), Some("="), "{name}");
            let mut body: Vec<String> = Vec::new();
            let mut depth = 0;
            for word in words.by_ref().skip_while(|word| word != "{") {
                match word.as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                body.push(word);
            }
            body.remove(0);
            rules.insert(name, body);
        }
        Grammar { rules }
    }

    /// The forms of a rule, sorted. A `not` in front of other forms is the one form `not …`.
    pub(crate) fn forms(&self, rule: &str) -> Vec<String> {
        let body = &self.rules[rule];
        let mut at = 0;
        let forms = self.choice(body, &mut at);
        assert_eq!(at, body.len(), "{rule}: {body:?}");
        let negations = body.first().is_some_and(|first| first == "kw_not") && body[1] == "*";
        let forms = forms.into_iter().map(|form| match form.strip_prefix("not ") {
            Some(_) if negations => "not …".to_owned(),
            _ => form,
        });
        forms.collect::<BTreeSet<String>>().into_iter().collect()
    }

    fn choice(&self, body: &[String], at: &mut usize) -> Vec<String> {
        let mut forms = self.sequence(body, at);
        while body.get(*at).is_some_and(|word| word == "|") {
            *at += 1;
            forms.extend(self.sequence(body, at));
        }
        forms
    }

    fn sequence(&self, body: &[String], at: &mut usize) -> Vec<String> {
        let mut forms = self.repeated(body, at);
        while body.get(*at).is_some_and(|word| word == "~") {
            *at += 1;
            let next = self.repeated(body, at);
            forms = forms
                .iter()
                .flat_map(|form| next.iter().map(|more| join(form, more)))
                .collect();
        }
        forms
    }

    /// What may repeat stands once or not at all.
    fn repeated(&self, body: &[String], at: &mut usize) -> Vec<String> {
        let mut forms = if body[*at] == "(" {
            *at += 1;
            let forms = self.choice(body, at);
            assert_eq!(body[*at], ")");
            *at += 1;
            forms
        } else {
            *at += 1;
            self.word(&body[*at - 1])
        };
        if body.get(*at).is_some_and(|word| word == "?" || word == "*") {
            *at += 1;
            forms.push(String::new());
        }
        forms
    }

    fn word(&self, word: &str) -> Vec<String> {
        if let Some(keyword) = word.strip_prefix("kw_") {
            return vec![keyword.to_owned()];
        }
        if let Some(literal) = word.strip_prefix('"') {
            return vec![literal.trim_end_matches('"').to_owned()];
        }
        if let Some((_, symbol)) = SYMBOLS.iter().find(|(rule, _)| *rule == word) {
            return vec![(*symbol).to_owned()];
        }
        // An operator and what may not follow it.
        if word.starts_with("op_") {
            return self.word(&self.rules[word][0]);
        }
        let mut at = 0;
        self.choice(&self.rules[word], &mut at)
    }
}

fn join(form: &str, more: &str) -> String {
    match (form, more) {
        ("", _) => more.to_owned(),
        (_, "") => form.to_owned(),
        _ if more.starts_with(',') => format!("{form}{more}"),
        _ => format!("{form} {more}"),
    }
}

/// Names, quoted literals and signs.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let escaped = rest.starts_with("\"\\");
                let from = if escaped { 3 } else { 1 };
                from + rest[from..].find('"').unwrap() + 1
            }
            _ if first.is_ascii_alphabetic() || first == '_' => rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    words
}
