//! The example workspaces: between them every form of the language occurs, nothing in them is warned of or out of form,
//! what they promise holds, and every audience has members and leaves somebody out.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use volens::cases;
use volens::ir::Subject;
use volens::span::Sources;
use volens::syntax::ast::{
    ClauseKind, Condition, ConditionKind, Item, Modifier, ModifierKind, Operand, Performed, Requires, Root,
    SettingKind, Test, TestKind, Type, ValuePath,
};
use volens::syntax::parse;
use volens::{ConsentState, Engine, Timestamp};

const WORKSPACES: [&str; 3] = ["media", "saas", "shop"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder(workspace: &str) -> PathBuf {
    root().join("examples").join(workspace)
}

/// The definitions of a workspace, by name.
fn definitions(workspace: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder(workspace)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.filter_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        let is_definitions = name.ends_with(".audience") && !name.ends_with(".test.audience");
        is_definitions.then(|| (format!("{workspace}/{name}"), fs::read_to_string(&path).unwrap()))
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

// ---- every form

/// The variants of the syntax tree that were met, as `TestKind::Equals`, and the words that are no variants.
#[derive(Default)]
struct Forms(BTreeSet<String>);

impl Forms {
    /// The variant is the first word of what is printed of it.
    fn meet(&mut self, kind: &str, variant: &impl Debug) {
        let printed = format!("{variant:?}");
        let end = printed.find(|c: char| !c.is_alphanumeric()).unwrap_or(printed.len());
        self.0.insert(format!("{kind}::{}", &printed[..end]));
    }

    fn item(&mut self, item: &Item) {
        self.meet("Item", item);
        match item {
            Item::Destination(destination) => {
                destination
                    .requires
                    .iter()
                    .for_each(|requires: &Requires| self.meet("Requires", requires));
                for setting in &destination.settings {
                    self.meet("SettingKind", &setting.kind);
                    match &setting.kind {
                        SettingKind::Message(form) => self.meet("MessageForm", form),
                        SettingKind::Removal(removal) => self.meet("Removal", removal),
                        _ => {}
                    }
                }
            }
            Item::Audience(audience) => {
                self.meet("Subject", &audience.of.map_or(Subject::User, |of| of.subject));
                for clause in &audience.clauses {
                    self.meet("ClauseKind", &clause.kind);
                    match &clause.kind {
                        ClauseKind::Who(condition) => self.condition(condition),
                        ClauseKind::Lookback(duration) => self.meet("Unit", &duration.unit),
                        _ => {}
                    }
                }
            }
            Item::Event(event) => event
                .properties
                .iter()
                .for_each(|property| self.of_type(&property.kind)),
            Item::Trait(schema) => {
                self.meet("Root", &schema.path.root);
                self.of_type(&schema.kind);
            }
            Item::Computed(computed) => {
                self.meet("Subject", &computed.of);
                self.meet("Function", &computed.function);
                self.modifiers(&computed.modifiers);
            }
            Item::Category(category) => self.0.extend(category.disabled.map(|_| "disabled".to_owned())),
            Item::Identity(identity) => {
                self.0
                    .extend((!identity.blocked.is_empty()).then(|| "block".to_owned()));
                for identifier in &identity.identifiers {
                    self.meet("Period", &identifier.period);
                    identifier
                        .from
                        .iter()
                        .for_each(|from| self.meet("SourceRoot", &from.root));
                }
            }
            _ => {}
        }
    }

    fn of_type(&mut self, declared: &Type) {
        self.meet("ElementType", &declared.element);
        self.0.extend((declared.lists > 0).then(|| "list of".to_owned()));
    }

    fn condition(&mut self, condition: &Condition) {
        self.meet("ConditionKind", &condition.kind);
        match &condition.kind {
            ConditionKind::And(all) | ConditionKind::Or(all) => all.iter().for_each(|one| self.condition(one)),
            ConditionKind::Not(inner) | ConditionKind::Brackets(inner) => self.condition(inner),
            ConditionKind::Test { value, test } => {
                self.path(value);
                self.test(test);
            }
            ConditionKind::Any { list, filter } => {
                self.0
                    .extend((list.root == Root::Property).then(|| "any in where".to_owned()));
                self.path(list);
                self.condition(filter);
            }
            ConditionKind::Performed(performed) => self.performed(performed),
            ConditionKind::Users { quantifier, condition } => {
                self.meet("Quantifier", quantifier);
                self.condition(condition);
            }
            ConditionKind::ConsentIs { state, .. } => self.meet("ConsentState", state),
            _ => {}
        }
    }

    fn path(&mut self, path: &ValuePath) {
        self.meet("Root", &path.root);
    }

    fn performed(&mut self, performed: &Performed) {
        self.modifiers(&performed.modifiers);
        for step in &performed.steps {
            let form = if step.not.is_some() { "then not" } else { "then" };
            self.0.insert(form.to_owned());
            self.modifiers(&step.modifiers);
        }
    }

    fn modifiers(&mut self, modifiers: &[Modifier]) {
        for modifier in modifiers {
            self.meet("ModifierKind", &modifier.kind);
            match &modifier.kind {
                ModifierKind::Count { bound, .. } => self.meet("Bound", bound),
                ModifierKind::Within { last, duration } => {
                    self.0.extend(last.then(|| "within last".to_owned()));
                    self.meet("Unit", &duration.unit);
                }
                ModifierKind::Between { unit, .. } => self.meet("Unit", unit),
                ModifierKind::Where(filter) => self.condition(filter),
                _ => {}
            }
        }
    }

    fn test(&mut self, test: &Test) {
        self.meet("TestKind", &test.kind);
        if let TestKind::Compare(comparison, _) = &test.kind {
            self.meet("Comparison", comparison);
        }
        let Some(operand) = test.kind.operand() else {
            return;
        };
        self.meet("Operand", operand);
        match operand {
            Operand::Literal(literal) => self.meet("LiteralValue", &literal.value),
            Operand::Trait(path) | Operand::Event { path, .. } => self.path(path),
            _ => {}
        }
    }
}

/// The variants of an enum, as its source has them.
fn variants(kind: &str, source: &str) -> Vec<String> {
    let path = root().join(source);
    let text = match path.is_dir() {
        true => fs::read_dir(path)
            .unwrap()
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect(),
        false => fs::read_to_string(path).unwrap(),
    };
    let (_, rest) = text
        .split_once(&format!("pub enum {kind} {{\n"))
        .unwrap_or_else(|| panic!("{source} has no {kind}"));
    let (body, _) = rest.split_once("\n}").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names
        .map(|line| format!("{kind}::{}", line.split(['(', '{', ',', ' ']).next().unwrap()))
        .collect()
}

#[test]
fn every_form_of_the_language_occurs() {
    let mut forms = Forms::default();
    for (name, text) in WORKSPACES.into_iter().flat_map(definitions) {
        let mut sources = Sources::default();
        let id = sources.add(name.as_str(), text.as_str());
        let (file, errors) = parse(id, &text);
        assert!(errors.is_empty(), "{name}: {errors:?}");
        file.items.iter().for_each(|item| forms.item(item));
    }
    let ast = [
        "Item",
        "Requires",
        "SettingKind",
        "ClauseKind",
        "ConditionKind",
        "Root",
        "ModifierKind",
        "Bound",
        "TestKind",
        "Operand",
        "LiteralValue",
        "ElementType",
        "Function",
    ];
    let elsewhere = [
        ("Comparison", "src/ir/mod.rs"),
        ("MessageForm", "src/ir/mod.rs"),
        ("Quantifier", "src/ir/mod.rs"),
        ("Removal", "src/ir/mod.rs"),
        ("Subject", "src/ir/mod.rs"),
        ("Period", "src/model/identity.rs"),
        ("SourceRoot", "src/model/identity.rs"),
        ("ConsentState", "src/consent.rs"),
        ("Unit", "src/time.rs"),
    ];
    let enums = ast.map(|kind| (kind, "src/syntax/ast")).into_iter().chain(elsewhere);
    let mut all: Vec<String> = enums.flat_map(|(kind, source)| variants(kind, source)).collect();
    let without_enum = [
        "then",
        "then not",
        "any in where",
        "within last",
        "list of",
        "disabled",
        "block",
    ];
    all.extend(without_enum.map(str::to_owned));
    assert!(all.len() > 90, "{all:?}");
    let missing: Vec<_> = all.iter().filter(|form| !forms.0.contains(*form)).collect();
    assert!(missing.is_empty(), "no example has {missing:?}");
    // A form that was met and is not known would mean that the sources were misread.
    let unknown: Vec<_> = forms.0.iter().filter(|form| !all.contains(form)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

// ---- nothing to find fault with

#[test]
fn nothing_is_warned_of() {
    for workspace in WORKSPACES {
        let engine = Engine::load(folder(workspace)).unwrap_or_else(|error| panic!("{error}"));
        let told: Vec<_> = engine.warnings().iter().map(|w| w.to_text(engine.sources())).collect();
        assert!(told.is_empty(), "{told:?}");
    }
}

#[test]
fn all_are_in_canonical_form() {
    for (name, text) in WORKSPACES.into_iter().flat_map(definitions) {
        let formatted = volens::format(&name, &text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(formatted, text, "{name}");
    }
}

#[test]
fn what_they_count_on_holds() {
    let report = cases::run(root().join("examples")).unwrap();
    assert!(report.is_success(), "{report}");
    for workspace in WORKSPACES {
        assert!(
            report.to_string().contains(&format!("examples/{workspace}/")),
            "{report}"
        );
    }
}

// ---- audiences that teach something

#[test]
fn every_audience_has_members_and_leaves_somebody_out() {
    let now: Timestamp = "2026-06-30T00:00:00Z".parse().unwrap();
    for workspace in WORKSPACES {
        let engine = Engine::load(folder(workspace)).unwrap();
        let events = BufReader::new(File::open(folder(workspace).join("events.jsonl")).unwrap());
        let people = engine.ingest(events, now).unwrap().profiles;
        let run = engine.run(&people, now).unwrap();
        assert!(run.audiences.len() > 10, "{workspace}");
        for audience in &run.audiences {
            let all = match audience.of {
                Subject::User => people.users().len(),
                Subject::Account => people.accounts().len(),
            };
            let (name, size) = (&audience.name, audience.size);
            assert!(0 < size && size < all, "{workspace}, {name}: {size} of {all}");
        }
        // What is sent somewhere arrives with somebody.
        for audience in &run.audiences {
            for destination in &audience.destinations {
                let (from, to) = (&audience.name, &destination.name);
                assert!(
                    !destination.delivered.is_empty(),
                    "{workspace}: nobody of {from} reaches {to}"
                );
            }
        }
        // Where consent matters, it is seen to: each destination that requires it has somebody held back.
        let all = run.audiences.iter().flat_map(|audience| &audience.destinations);
        let held_back: BTreeSet<_> = all
            .clone()
            .filter(|d| !d.filtered.is_empty())
            .map(|d| &d.name)
            .collect();
        for destination in all.filter(|d| !d.requires.is_empty()) {
            assert!(
                held_back.contains(&destination.name),
                "{workspace}: {}",
                destination.name
            );
        }
    }
}

/// Each state of consent, users of two accounts, a refused line, a repeat, an event after `now`, and something that
/// was left out: what a real file has.
#[test]
fn the_events_have_what_real_ones_have() {
    let now: Timestamp = "2026-06-30T00:00:00Z".parse().unwrap();
    for workspace in WORKSPACES {
        let engine = Engine::load(folder(workspace)).unwrap();
        let path = folder(workspace).join("events.jsonl");
        let events = fs::read_to_string(&path).unwrap();
        let ingested = engine.ingest(events.as_bytes(), now).unwrap();
        let counts = &ingested.counts;
        assert!(
            counts.duplicate > 0 && counts.later > 0 && counts.rejected > 0,
            "{workspace}: {counts:?}"
        );
        assert!(!ingested.violations.is_empty(), "{workspace}: no device is shared");
        assert!(events.contains("{\"batch\":["), "{workspace}");
        for state in ConsentState::ALL {
            let users = ingested.profiles.users();
            let mut categories = engine.program().categories.iter();
            let has = categories.any(|category| users.iter().any(|user| user.consent().state(&category.id) == state));
            assert!(has, "{workspace}: nobody's answer is {state}");
        }
        let mut accounts = ingested.profiles.accounts().values();
        let both = |user: &usize| {
            ingested
                .profiles
                .accounts()
                .values()
                .filter(|a| a.users.contains(user))
                .count()
                > 1
        };
        assert_eq!(
            accounts.any(|a| a.users.iter().any(both)),
            workspace == "saas",
            "{workspace}"
        );
    }
}
