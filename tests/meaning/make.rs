//! Makes workspaces that are well typed, over the whole language, from few names and values, so that things meet often.

use crate::choices::Choices;

pub(crate) const EVENTS: [&str; 3] = ["E", "F", "G"];
pub(crate) const CATEGORIES: [&str; 3] = ["A", "B", "C"];
/// Of computed traits, which may or may not be declared; `a` is sent as well.
const COMPUTED: [&str; 3] = ["n", "m", "a"];
const SENT: [&str; 5] = ["b", "c", "o.a", "l", "o"];
const PROPERTIES: [&str; 5] = ["p", "q", "o.p", "l", "o"];
const FIELDS: [&str; 4] = ["p", "q", "\"item\"", "l"];
pub(crate) const TEXTS: [&str; 9] = ["5", "5.0", "true", "pro", "p", "", "2026-06-29", "ü5", "b"];
const NUMBERS: [&str; 9] = ["5", "5.0", "0", "5.5", "-1", "0.1", "1e3", "1", "9007199254740993"];
const DATES: [&str; 5] = [
    "2026-06-29",
    "2026-06-29T02:00+02:00",
    "2026-06-30",
    "2026-06-30T00:00:00.001Z",
    "2026-06-28T23:59:59.9999Z",
];
const DURATIONS: [&str; 6] = ["1 day", "24 hours", "2 days", "1 hour", "30 minutes", "1 week"];

/// Whom a condition asks about.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Whom {
    User,
    Account,
    UserOfAccount,
}

/// Schemas of one kind for all that a workspace names. They fit whatever looks into no list.
pub(crate) fn schemas(workspace: &str, choices: &mut Choices) -> String {
    let declares = |start: String| workspace.lines().any(|line| line.starts_with(&start));
    let traits = |keyword: &str| {
        let names = ["a", "b", "c", "l", "m", "n", "o"].into_iter();
        let sent = names.filter(|name| !declares(format!("{keyword} {name} =")));
        sent.map(|name| format!("{keyword} {name}: string\n")).collect()
    };
    match choices.below(3) {
        0 => traits("trait"),
        1 => traits("account trait"),
        _ => {
            let event = |name| format!("event \"{name}\" {{ p: string, q: string, l: string, o: string }}\n");
            EVENTS.map(event).concat()
        }
    }
}

/// One audience with a funnel, to be asked of many events.
pub(crate) fn funnel(choices: &mut Choices) -> String {
    funnel_called("x", choices)
}

/// So many of them.
pub(crate) fn funnels(audiences: usize, choices: &mut Choices) -> String {
    (0..audiences)
        .map(|at| funnel_called(&format!("x{at}"), choices))
        .collect()
}

fn funnel_called(name: &str, choices: &mut Choices) -> String {
    let mut maker = Maker {
        choices,
        counts: 16,
        computed: [0, 0],
        audiences: Vec::new(),
    };
    let scope = Scope {
        whose: Whom::User,
        before: None,
        names: &[],
        anys: 0,
    };
    let funnel = maker.funnel(scope);
    format!("audience {name} {{\n  who {funnel}\n  include anonymous\n}}\n")
}

/// A text, and whether it joins conditions, so that it needs brackets in another.
struct Made {
    text: String,
    chain: bool,
}

impl Made {
    fn plain(text: String) -> Self {
        Made { text, chain: false }
    }
}

/// What may stand in a filter.
#[derive(Clone, Copy)]
struct Scope<'s> {
    whose: Whom,
    /// Of a computed trait: which of its kind come before it.
    before: Option<usize>,
    /// Names of earlier events of the funnel.
    names: &'s [&'static str],
    /// How many `any` are around it.
    anys: usize,
}

impl Scope<'_> {
    fn inside(self) -> Self {
        Scope {
            anys: self.anys + 1,
            ..self
        }
    }
}

struct Maker<'c> {
    choices: &'c mut Choices,
    /// Below how many counts stay.
    counts: usize,
    /// How many of [`COMPUTED`] are declared, of users and of accounts.
    computed: [usize; 2],
    /// The audiences so far, and which of them are of accounts.
    audiences: Vec<(String, bool)>,
}

/// A workspace.
pub(crate) fn workspace(choices: &mut Choices) -> String {
    let computed = [choices.below(4), choices.below(3)];
    let audiences = 1 + choices.below(4);
    workspace_of(audiences, computed, choices)
}

/// A workspace of so many audiences.
pub(crate) fn large_workspace(audiences: usize, choices: &mut Choices) -> String {
    let computed = [choices.below(4), choices.below(3)];
    workspace_of(audiences, computed, choices)
}

fn workspace_of(audiences: usize, computed: [usize; 2], choices: &mut Choices) -> String {
    let mut maker = Maker {
        choices,
        counts: 3,
        computed,
        audiences: Vec::new(),
    };
    let mut items = Vec::new();
    for at in 0..audiences {
        items.push(maker.audience(&format!("x{at}")));
    }
    for (whose, count) in [(Whom::User, computed[0]), (Whom::Account, computed[1])] {
        for at in 0..count {
            items.push(maker.computed_trait(whose, at));
        }
    }
    for category in CATEGORIES {
        let disabled = if maker.choices.once_in(4) { " disabled" } else { "" };
        items.push(format!("category {category}{disabled}"));
    }
    items.extend(
        [
            "destination ads requires A",
            "destination both requires B, A { removal never message identify }",
            "destination crm requires nothing { receives consent }",
            "destination silent",
            "destination store { storage }",
            "destination \"of c\" \"C\" requires C { type \"c\" }",
        ]
        .map(str::to_owned),
    );
    if maker.choices.once_in(8) {
        items.push("consent enforcement off".to_owned());
    }
    let items = maker.choices.turned(items);
    items.join("\n") + "\n"
}

impl Maker<'_> {
    fn audience(&mut self, name: &str) -> String {
        let of_accounts = self.choices.once_in(3);
        let whom = if of_accounts { Whom::Account } else { Whom::User };
        let mut clauses = vec![format!("who {}", self.condition(whom, 3).text)];
        if self.choices.once_in(4) {
            clauses.push("include anonymous".to_owned());
        }
        if self.choices.once_in(5) {
            clauses.push(format!("consent to {}", self.choices.pick(&["A", "B", "C", "A and B"])));
        }
        if self.choices.once_in(6) {
            clauses.push(format!("lookback {}", self.choices.pick(&["2 days", "1 week"])));
        }
        if !self.choices.once_in(4) {
            let to = [
                "ads, crm",
                "both, ads",
                "silent",
                "\"of c\", store",
                "crm, ads, both, \"of c\"",
            ];
            clauses.push(format!("send to {}", self.choices.pick(&to)));
        }
        if self.choices.once_in(8) {
            clauses.push("send to ads".to_owned());
        }
        let clauses = self.choices.turned(clauses).join("\n  ");
        self.audiences.push((name.to_owned(), of_accounts));
        let of = match of_accounts {
            true => " of accounts",
            false => self.choices.pick(&["", " of users"]),
        };
        format!("audience {name}{of} {{\n  {clauses}\n}}")
    }

    fn computed_trait(&mut self, whose: Whom, at: usize) -> String {
        let scope = Scope {
            whose,
            before: Some(at),
            names: &[],
            anys: 0,
        };
        const FUNCTIONS: [&str; 9] = [
            "sum",
            "average",
            "minimum",
            "maximum",
            "first",
            "last",
            "most frequent",
            "unique list",
            "unique count",
        ];
        let mut modifiers = self.windows();
        let function = match self.choices.below(FUNCTIONS.len() + 1) {
            0 => "count of".to_owned(),
            function => {
                let function = FUNCTIONS[function - 1];
                if function == "most frequent" && self.choices.once_in(2) {
                    modifiers.push(format!("at least {} times", 1 + self.choices.below(3)));
                }
                format!("{function} of {} from", self.choices.pick(&PROPERTIES))
            }
        };
        if self.choices.once_in(2) {
            modifiers.push(self.where_(scope));
        }
        let modifiers = self.choices.turned(modifiers).join(" ");
        let (kind, name, event) = (
            if whose == Whom::Account { "account " } else { "" },
            COMPUTED[at],
            self.event(),
        );
        format!("{kind}trait {name} = {function} \"{event}\" {modifiers}")
    }

    fn event(&mut self) -> &'static str {
        self.choices.pick(&EVENTS)
    }

    /// Conditions joined, up to so many levels deep.
    fn condition(&mut self, whom: Whom, depth: usize) -> Made {
        let form = if depth == 0 { 0 } else { self.choices.below(6) };
        match form {
            1 | 2 => {
                let operands = self.operands(|maker| maker.condition(whom, depth - 1));
                Made {
                    text: operands.join([" and ", " or "][form - 1]),
                    chain: true,
                }
            }
            3 => {
                let inner = self.condition(whom, depth - 1);
                Made::plain(format!("not {}", bracketed(inner)))
            }
            _ => Made::plain(self.leaf(whom, depth)),
        }
    }

    fn operands(&mut self, mut operand: impl FnMut(&mut Self) -> Made) -> Vec<String> {
        let more = 2 + self.choices.below(2);
        (0..more).map(|_| bracketed(operand(self))).collect()
    }

    fn leaf(&mut self, whom: Whom, depth: usize) -> String {
        let scope = Scope {
            whose: whom,
            before: None,
            names: &[],
            anys: 0,
        };
        let category = self.choices.pick(&CATEGORIES);
        if whom == Whom::Account {
            return match self.choices.below(6) {
                2 => self.member_of(whom),
                0 | 1 => self.trait_test("account trait", scope),
                _ => {
                    let quantifier = self.choices.pick(&["any user", "all users", "no user"]);
                    let inside = self.condition(Whom::UserOfAccount, depth.saturating_sub(1));
                    format!("{quantifier} ({})", inside.text)
                }
            };
        }
        match self.choices.below(12) {
            1 | 2 => self.performed(scope),
            3..=6 => self.funnel(scope),
            7 => self.member_of(whom),
            8 => format!("consent to {category}"),
            9 => {
                let state = self.choices.pick(&["granted", "denied", "conflicted", "not collected"]);
                format!("consent {category} is {state}")
            }
            10 if whom == Whom::UserOfAccount => self.trait_test("account trait", scope),
            _ => self.trait_test("trait", scope),
        }
    }

    fn member_of(&mut self, whom: Whom) -> String {
        let names = self.audiences.iter();
        let names: Vec<&String> = names
            .filter(|(_, of_accounts)| *of_accounts || whom != Whom::Account)
            .map(|(name, _)| name)
            .collect();
        match names.len() {
            0 if whom == Whom::Account => "account trait b exists".to_owned(),
            0 => "trait b exists".to_owned(),
            count => format!("member of {}", names[self.choices.below(count)]),
        }
    }

    /// A trait that a condition or a reference can name.
    fn trait_(&mut self, scope: Scope<'_>) -> &'static str {
        let declared = self.computed[usize::from(scope.whose == Whom::Account)];
        let computed = scope.before.unwrap_or(COMPUTED.len());
        match self.choices.below(8) {
            at @ 1..=3 if at <= computed => COMPUTED[at - 1],
            // Among the sent ones `a`, where none that is computed hides it.
            4 if declared < COMPUTED.len() => "a",
            at => SENT[at % SENT.len()],
        }
    }

    fn trait_test(&mut self, keyword: &str, scope: Scope<'_>) -> String {
        let whose = if keyword == "trait" { scope.whose } else { Whom::Account };
        let name = self.trait_(Scope { whose, ..scope });
        if self.choices.once_in(5) {
            let filter = self.filter(scope.inside(), 1);
            return format!("any {keyword} {name} ({})", filter.text);
        }
        format!("{keyword} {name} {}", self.test(scope))
    }

    fn windows(&mut self) -> Vec<String> {
        let mut windows = Vec::new();
        match self.choices.below(8) {
            3 => windows.push(format!("within {}", self.choices.pick(&DURATIONS))),
            4 => windows.push(format!("within last {}", self.choices.pick(&DURATIONS))),
            5 => windows.push(
                self.choices
                    .pick(&[
                        "between 1 and 2 days ago",
                        "between 0 and 1 day ago",
                        "between 1 and 7 days ago",
                        "between 30 and 60 minutes ago",
                    ])
                    .to_owned(),
            ),
            6 => windows.extend(["within 2 days", "between 1 and 7 days ago"].map(str::to_owned)),
            7 => windows.push(format!("before {}", self.choices.pick(&DATES))),
            _ => {}
        }
        if self.choices.once_in(6) {
            windows.push(format!(
                "after {}",
                self.choices.pick(&["2026-06-28", "2026-06-23T00:00Z"])
            ));
        }
        windows
    }

    fn count(&mut self) -> String {
        let (bound, least) = [("at least", 1), ("at most", 0), ("exactly", 0)][self.choices.below(3)];
        format!("{bound} {} times", least + self.choices.below(self.counts))
    }

    fn where_(&mut self, scope: Scope<'_>) -> String {
        format!("where ({})", self.filter(scope, 2).text)
    }

    fn performed(&mut self, scope: Scope<'_>) -> String {
        let mut modifiers = self.windows();
        if self.choices.once_in(2) {
            modifiers.push(self.count());
        }
        if self.choices.once_in(2) {
            modifiers.push(self.where_(scope));
        }
        let modifiers = self.choices.turned(modifiers).join(" ");
        format!("performed \"{}\" {modifiers}", self.event())
    }

    fn funnel(&mut self, scope: Scope<'_>) -> String {
        let mut text = self.performed(scope);
        let mut names = Vec::new();
        let steps = 1 + self.choices.below(3);
        for step in 1..=steps {
            if !self.choices.once_in(3) {
                let name = ["x", "y", "z"][step - 1];
                text += &format!(" as {name}");
                names.push(name);
            }
            let last = step == steps;
            let negated = last && self.choices.once_in(2);
            let mut modifiers = Vec::new();
            if self.choices.once_in(2) {
                let within = ["1 hour", "1 day", "30 minutes", "60 minutes"];
                modifiers.push(format!("within {}", self.choices.pick(&within)));
            }
            if !self.choices.once_in(3) {
                modifiers.push(self.where_(Scope { names: &names, ..scope }));
            }
            if last && self.choices.once_in(3) {
                modifiers.push(self.count());
            }
            let not = if negated { "not " } else { "" };
            let modifiers = self.choices.turned(modifiers).join(" ");
            text += &format!("\n    then {not}performed \"{}\" {modifiers}", self.event());
        }
        text
    }

    /// A filter on an event, or inside an `any` on an element.
    fn filter(&mut self, scope: Scope<'_>, depth: usize) -> Made {
        let form = if depth == 0 { 0 } else { self.choices.below(7) };
        match form {
            1 | 2 => {
                let operands = self.operands(|maker| maker.filter(scope, depth - 1));
                Made {
                    text: operands.join([" and ", " or "][form - 1]),
                    chain: true,
                }
            }
            3 => {
                let inner = self.filter(scope, depth - 1);
                Made::plain(format!("not {}", bracketed(inner)))
            }
            4 if scope.anys < 3 => {
                let list = match scope.anys {
                    0 => self.choices.pick(&["l", "p", "o.p"]),
                    _ => self.choices.pick(&["item", "l", "p"]),
                };
                let inside = self.filter(scope.inside(), depth - 1);
                Made::plain(format!("any {list} ({})", inside.text))
            }
            _ => {
                let path = match scope.anys {
                    0 => self.choices.pick(&PROPERTIES),
                    _ if self.choices.once_in(2) => self.choices.pick(&FIELDS),
                    _ => "item",
                };
                Made::plain(format!("{path} {}", self.test(scope)))
            }
        }
    }

    fn reference(&mut self, scope: Scope<'_>) -> String {
        if !scope.names.is_empty() && !self.choices.once_in(4) {
            let name = self.choices.pick(scope.names);
            return format!("{name}.{}", self.choices.pick(&PROPERTIES));
        }
        format!("trait {}", self.trait_(scope))
    }

    fn literal(&mut self, dates: bool) -> String {
        match self.choices.below(if dates { 7 } else { 6 }) {
            0 | 1 => format!("\"{}\"", self.choices.pick(&TEXTS)),
            2..=4 => self.choices.pick(&NUMBERS).to_owned(),
            5 => self.choices.pick(&["true", "false"]).to_owned(),
            _ => self.choices.pick(&DATES).to_owned(),
        }
    }

    fn operand(&mut self, scope: Scope<'_>, dates: bool) -> String {
        let often = if scope.names.is_empty() { 3 } else { 2 };
        match self.choices.once_in(often) {
            true => self.reference(scope),
            false => self.literal(dates),
        }
    }

    fn list(&mut self) -> String {
        let length = 1 + self.choices.below(3);
        let values: Vec<String> = (0..length).map(|_| self.literal(true)).collect();
        format!("[{}]", values.join(", "))
    }

    fn test(&mut self, scope: Scope<'_>) -> String {
        let form = if !scope.names.is_empty() && self.choices.once_in(2) {
            1
        } else {
            self.choices.below(17)
        };
        match form {
            0 => "exists".to_owned(),
            1 | 2 => format!("= {}", self.operand(scope, true)),
            3 => format!("!= {}", self.operand(scope, true)),
            4 | 5 => {
                let sign = self.choices.pick(&["<", "<=", ">", ">="]);
                let number = match self.choices.once_in(3) {
                    true => self.reference(scope),
                    false => self.choices.pick(&NUMBERS).to_owned(),
                };
                format!("{sign} {number}")
            }
            6 => format!("in {}", self.list()),
            7 => format!("not in {}", self.list()),
            8 => format!("contains {}", self.operand(scope, true)),
            9 => format!("does not contain {}", self.operand(scope, true)),
            10 => format!("contains any of {}", self.list()),
            11 => format!("starts with {}", self.operand(scope, false)),
            12 => format!("ends with {}", self.operand(scope, false)),
            13 => "does not exist".to_owned(),
            14 => {
                let sign = self.choices.pick(&["before", "after"]);
                let date = match self.choices.once_in(3) {
                    true => self.reference(scope),
                    false => self.choices.pick(&DATES).to_owned(),
                };
                format!("{sign} {date}")
            }
            form => {
                let forms = [["within last", "within next"], ["before last", "after next"]];
                let form = self.choices.pick(&forms[form - 15]);
                format!("{form} {}", self.choices.pick(&DURATIONS))
            }
        }
    }
}

fn bracketed(made: Made) -> String {
    match made.chain {
        true => format!("({})", made.text),
        false => made.text,
    }
}
