//! Writes profiles as JSON in any way that a sender may have, and in some that no profile is written in.

use serde_json::Value as Json;

use crate::choices::Choices;

/// How bad a text may be.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Care {
    /// The same profile.
    Same,
    /// Something may be amiss, anywhere: the text may be no profile, or no JSON.
    None,
}

pub(crate) struct Writer<'c> {
    choices: &'c mut Choices,
    care: Care,
    out: String,
}

/// The text of a profile.
pub(crate) fn written(profile: &Json, choices: &mut Choices, care: Care) -> String {
    let mut writer = Writer {
        choices,
        care,
        out: String::new(),
    };
    writer.profile(profile);
    let mut out = writer.out;
    if care == Care::None && choices.once_in(3) {
        spoil(&mut out, choices);
    }
    out
}

/// Changes a text in one place: something goes, something else comes.
fn spoil(text: &mut String, choices: &mut Choices) {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = places[(choices.below(256) * 256 + choices.below(256)) % places.len()];
    let more = [
        "",
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "0",
        "-",
        ".",
        "e",
        "1e999",
        "null",
        "true",
        "\u{1}",
        "\\u00",
        "\u{feff}",
        "\\ud83d\\ude00",
        "\\ud83d",
        "x",
        " ",
        "/",
    ];
    let more = choices.pick(&more);
    if choices.once_in(2) {
        text.remove(at);
    }
    if choices.once_in(8) {
        text.truncate(at);
    }
    text.insert_str(at.min(text.len()), more);
}

impl Writer<'_> {
    fn is_odd(&mut self, once_in: usize) -> bool {
        self.care == Care::None && self.choices.once_in(once_in)
    }

    fn space(&mut self) {
        let space = self.choices.pick(&["", "", "", "", " ", "\n\t", "\r\n  "]);
        self.out.push_str(space);
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        let escapes = self.choices.once_in(6);
        for c in text.chars() {
            match c {
                '"' | '\\' => self.out.extend(['\\', c]),
                c if c < ' ' || escapes && self.choices.once_in(2) => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.out.push('[');
        self.space();
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.out.push(',');
                self.space();
            }
            write(self, item);
            self.space();
        }
        self.out.push(']');
    }

    /// Entries in any order; where there is no care, some are missing, stand twice, or are called something else.
    fn object<'j>(
        &mut self,
        entries: impl IntoIterator<Item = (&'j str, &'j Json)>,
        mut write: impl FnMut(&mut Self, &'j str, &'j Json),
    ) {
        let mut entries: Vec<_> = entries.into_iter().collect();
        if self.choices.once_in(3) {
            entries = self.choices.turned(entries);
        }
        if self.is_odd(20) && !entries.is_empty() {
            let at = self.choices.below(entries.len());
            let key = self.choices.pick(&["a", "p", "A", "message_id", "audiences", "other"]);
            match self.choices.below(3) {
                0 => entries.push(entries[at]),
                1 => drop(entries.remove(at)),
                _ => entries[at].0 = key,
            }
        }
        self.out.push('{');
        self.space();
        for (at, (key, value)) in entries.into_iter().enumerate() {
            if at > 0 {
                self.out.push(',');
                self.space();
            }
            self.string(key);
            self.space();
            self.out.push(':');
            self.space();
            if self.is_odd(60) {
                let odd = [
                    "null",
                    "1",
                    "\"x\"",
                    "[]",
                    "{}",
                    "[1]",
                    "true",
                    "[\"user_id\",\"u\"]",
                    "\"granted\"",
                ];
                let odd = self.choices.pick(&odd);
                self.out.push_str(odd);
            } else {
                write(self, key, value);
            }
            self.space();
        }
        self.out.push('}');
    }

    fn value(&mut self, value: &Json) {
        match value {
            Json::Object(entries) => self.object(entries_of(entries), |out, _, value| out.value(value)),
            Json::Array(items) => self.list(items, Self::value),
            Json::String(text) => self.string(text),
            Json::Number(number) => self.number(&number.to_string()),
            other => self.out.push_str(&other.to_string()),
        }
    }

    /// The number in one of its spellings.
    fn number(&mut self, text: &str) {
        let is_short_integer = text.bytes().all(|b| b.is_ascii_digit() || b == b'-') && text.len() < 15;
        let spelt = match self.choices.below(8) {
            0 if is_short_integer => format!("{text}.0"),
            1 if is_short_integer => format!("{text}e0"),
            2 if is_short_integer && text != "0" => format!("{text}00E-2"),
            3 if text == "0" => "-0".to_owned(),
            4 if text.contains('.') && !text.contains('e') => format!("{text}000"),
            5 if text.contains('.') && !text.contains('e') => format!("{text}0000000000000000000000000"),
            _ => text.to_owned(),
        };
        self.out.push_str(&spelt);
    }

    /// Some that nobody reads, of every kind.
    fn more(&mut self, depth: usize) -> Json {
        match self.choices.below(if depth == 0 { 6 } else { 9 }) {
            0 => Json::Null,
            1 => Json::from("any \"text\" \\ at all, ünd\nlonger than most"),
            2 => Json::from(-12.75e-3),
            3 => Json::from(true),
            4 => Json::from(u64::MAX),
            5 => Json::from(""),
            6 => (0..self.choices.below(4)).map(|_| self.more(depth - 1)).collect(),
            _ => {
                let many = if self.choices.once_in(4) { 25 } else { 4 };
                let keys = 0..self.choices.below(many);
                Json::Object(keys.map(|at| (format!("key {at}"), self.more(depth - 1))).collect())
            }
        }
    }

    fn profile(&mut self, profile: &Json) {
        let mut profile = profile.clone();
        let entries = profile.as_object_mut().unwrap();
        for passed in ["profile", "audiences", "account_audiences", "computed_traits"] {
            if self.choices.once_in(6) {
                entries.insert(passed.into(), self.more(3));
            }
        }
        for empty in ["external_ids", "traits", "accounts", "consent", "events"] {
            let is_empty = match &entries[empty] {
                Json::Array(items) => items.is_empty(),
                Json::Object(entries) => entries.is_empty(),
                _ => false,
            };
            if is_empty && self.choices.once_in(2) {
                entries.remove(empty);
            }
        }
        if let Some(Json::Object(traits)) = entries.get_mut("traits") {
            for at in 0..self.choices.below(5) {
                traits.insert(format!("unread {at}"), self.more(3));
            }
        }
        if let Some(Json::Array(events)) = entries.get_mut("events") {
            *events = self.choices.turned(std::mem::take(events));
            if self.choices.once_in(3) {
                events.sort_by_key(|event| event["timestamp"].to_string());
            }
            for event in events.iter_mut() {
                if self.choices.once_in(4) {
                    event["properties"]["unread"] = self.more(3);
                }
                if self.choices.once_in(8) {
                    event.as_object_mut().unwrap().remove("message_id");
                }
            }
            if self.choices.once_in(3) {
                let name = self.choices.pick(&["Page Viewed", "H", ""]);
                let properties = self.more(2);
                let mut event = serde_json::json!({"name": name, "timestamp": "2026-06-29T10:00:00+02:00"});
                if properties.is_object() {
                    event["properties"] = properties;
                }
                events.push(event);
            }
        }
        if let Some(consent) = entries.get_mut("consent") {
            if self.choices.once_in(2) {
                consent["categories"]["D"] = "not collected".into();
            }
            if self.choices.once_in(3) {
                let change = serde_json::json!({
                    "time": "2026-06-01T00:00:00.123Z", "message_id": "m", "category": "A",
                    "from": "not collected", "to": "denied", "rule": "CP-1",
                });
                consent["history"] = vec![change; self.choices.below(3)].into();
            }
        }
        if let Some(Json::Array(ids)) = entries.get_mut("external_ids") {
            for _ in 0..self.choices.below(3) {
                let kind = self.choices.pick(&["email", "user_id", "anonymous_id", "phone"]);
                let id = self.choices.pick(&["", " ", "\u{a0}", "İ", "x"]);
                ids.push(serde_json::json!({"type": kind, "id": id}));
            }
        }
        self.space();
        self.value(&profile);
        self.space();
    }
}

fn entries_of(entries: &serde_json::Map<String, Json>) -> impl Iterator<Item = (&str, &Json)> {
    entries.iter().map(|(key, value)| (key.as_str(), value))
}
