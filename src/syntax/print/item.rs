//! Declarations, and the empty lines between them.

use super::doc::Doc;
use super::word::Printer;
use crate::ir::{MessageForm, Removal, Subject};
use crate::syntax::ast::{
    Audience, Category, Clause, ClauseKind, Condition, ConditionKind, Destination, File, Item, Name, Requires, Setting,
    SettingKind,
};

/// Conditions that are joined stay on one line up to this length; beyond it, one a line is easier to read, and to change.
const SHORT: usize = 60;

impl<'t> Printer<'t> {
    pub(super) fn file(&mut self, file: &File) -> Doc<'t> {
        let mut parts = Vec::new();
        let mut before = None;
        for item in &file.items {
            let apart = before.is_some_and(|before| self.stand_apart(before, item));
            parts.push(self.begin(before.is_none(), apart));
            parts.push(self.item(item));
            before = Some(item);
        }
        parts.push(self.end(before.is_none()));
        Doc::All(parts)
    }

    /// Whether an empty line has to stand between two items. Where none has to, the author's stays.
    fn stand_apart(&self, before: &Item, item: &Item) -> bool {
        let kinds_differ = std::mem::discriminant(before) != std::mem::discriminant(item);
        has_lines(before) || has_lines(item) || (kinds_differ && !self.words.are_read())
    }

    // ---- lines

    /// Begins the line of an item, clause or setting: what stands above it, with at most one empty line in a row. The first
    /// of a file or block has none above it.
    fn begin(&mut self, first: bool, apart: bool) -> Doc<'t> {
        let gap = self.words.before();
        let mut parts = vec![Doc::HardLine];
        let parted = gap.blank || gap.remarks.iter().any(|remark| remark.blank);
        if apart && !parted {
            parts.push(Doc::EmptyLine);
        }
        let mut top = first;
        for remark in &gap.remarks {
            if remark.blank && !top {
                parts.push(Doc::EmptyLine);
            }
            parts.push(Doc::OwnRemark(remark.text.into()));
            top = false;
        }
        if gap.blank && !top {
            parts.push(Doc::EmptyLine);
        }
        Doc::All(parts)
    }

    /// What stands below the last line of a file or block.
    fn end(&mut self, empty: bool) -> Doc<'t> {
        let gap = self.words.before();
        let mut parts = Vec::new();
        for (index, remark) in gap.remarks.iter().enumerate() {
            parts.push(if remark.blank && !(empty && index == 0) {
                Doc::EmptyLine
            } else {
                Doc::HardLine
            });
            parts.push(Doc::OwnRemark(remark.text.into()));
        }
        Doc::All(parts)
    }

    /// Braces, with one thing a line.
    pub(super) fn block<T>(&mut self, things: &[T], mut thing: impl FnMut(&mut Self, &T) -> Doc<'t>) -> Doc<'t> {
        let remarks = self.words.has_remarks(1);
        let mut parts = vec![Doc::Space, self.word("{")];
        if !things.is_empty() || remarks {
            let mut inside = Vec::new();
            for (index, one) in things.iter().enumerate() {
                inside.push(self.begin(index == 0, false));
                inside.push(thing(self, one));
            }
            inside.push(self.end(things.is_empty()));
            parts.push(Doc::nest(2, inside));
            parts.push(Doc::HardLine);
        }
        parts.push(self.word("}"));
        Doc::All(parts)
    }

    // ---- items

    fn item(&mut self, item: &Item) -> Doc<'t> {
        match item {
            Item::Category(category) => self.category(category),
            Item::Destination(destination) => self.destination(destination),
            Item::Audience(audience) => self.audience(audience),
            Item::Event(schema) => self.event_schema(schema),
            Item::Trait(schema) => self.trait_schema(schema),
            Item::Computed(computed) => self.computed_trait(computed),
            Item::Identity(identity) => self.identity(identity),
            Item::Enforcement(enforcement) => {
                let words = if enforcement.on {
                    "consent enforcement on"
                } else {
                    "consent enforcement off"
                };
                Doc::nest(4, vec![self.words(words)])
            }
        }
    }

    fn category(&mut self, category: &Category) -> Doc<'t> {
        let mut parts = vec![self.word("category"), Doc::Space, self.name(&category.name)];
        if let Some(label) = &category.label {
            parts.extend([Doc::Space, self.string(label)]);
        }
        if category.disabled.is_some() {
            parts.extend([Doc::Space, self.word("disabled")]);
        }
        Doc::nest(4, parts)
    }

    fn destination(&mut self, destination: &Destination) -> Doc<'t> {
        let mut parts = vec![self.word("destination"), Doc::Space, self.name(&destination.name)];
        if let Some(label) = &destination.label {
            parts.extend([Doc::Space, self.string(label)]);
        }
        match &destination.requires {
            Some(Requires::Nothing(_)) => parts.extend([Doc::Space, self.words("requires nothing")]),
            Some(Requires::Categories(names)) => {
                parts.extend([Doc::Space, self.word("requires"), Doc::Space, self.listed(names)]);
            }
            None => {}
        }
        let header = Doc::nest(4, parts);
        let written = self.words.next() == Some("{");
        if destination.settings.is_empty() && !(written && self.words.has_remarks(1)) {
            // Empty braces say nothing.
            if written {
                self.words.leave_out(2);
            }
            return Doc::All(vec![header, self.behind()]);
        }
        let block = self.block(&destination.settings, |printer, setting| printer.setting(setting));
        Doc::All(vec![header, block])
    }

    fn setting(&mut self, setting: &Setting) -> Doc<'t> {
        let mut parts = vec![self.words(setting.kind.as_str())];
        let value = match &setting.kind {
            SettingKind::Type(text) => Some(self.string(text)),
            SettingKind::Message(MessageForm::Track) => Some(self.word("track")),
            SettingKind::Message(MessageForm::Identify) => Some(self.word("identify")),
            SettingKind::Removal(Removal::Once) => Some(self.word("once")),
            SettingKind::Removal(Removal::Never) => Some(self.word("never")),
            SettingKind::ReceivesConsent | SettingKind::Storage => None,
        };
        if let Some(value) = value {
            parts.extend([Doc::Space, value]);
        }
        Doc::nest(2, parts)
    }

    fn audience(&mut self, audience: &Audience) -> Doc<'t> {
        let mut parts = vec![self.word("audience"), Doc::Space, self.name(&audience.name)];
        if let Some(label) = &audience.label {
            parts.extend([Doc::Space, self.string(label)]);
        }
        if let Some(of) = &audience.of {
            let words = match of.subject {
                Subject::User => "of users",
                Subject::Account => "of accounts",
            };
            parts.extend([Doc::Space, self.words(words)]);
        }
        let header = Doc::nest(4, parts);
        let block = self.block(&audience.clauses, |printer, clause| printer.clause(clause));
        Doc::All(vec![header, block])
    }

    fn clause(&mut self, clause: &Clause) -> Doc<'t> {
        match &clause.kind {
            ClauseKind::Who(condition) => {
                let indent = if is_enclosed(condition) { 0 } else { 2 };
                let who = self.word("who");
                let condition = Doc::group_within(SHORT, vec![self.chain(condition)]);
                Doc::nest(indent, vec![who, Doc::Space, condition])
            }
            ClauseKind::ConsentTo(categories) => {
                let mut parts = vec![self.words("consent to"), Doc::Space];
                for (index, category) in categories.iter().enumerate() {
                    if index > 0 {
                        let and = self.joiner("and");
                        parts.push(Doc::group(vec![and, self.name(category)]));
                    } else {
                        parts.push(self.name(category));
                    }
                }
                Doc::nest(2, parts)
            }
            ClauseKind::IncludeAnonymous => Doc::nest(2, vec![self.words("include anonymous")]),
            ClauseKind::Lookback(duration) => {
                Doc::nest(2, vec![self.word("lookback"), Doc::Space, self.duration(duration)])
            }
            ClauseKind::SendTo(destinations) => {
                Doc::nest(2, vec![self.words("send to"), Doc::Space, self.listed(destinations)])
            }
        }
    }

    /// Names with commas between them, as many on a line as there is room for.
    fn listed(&mut self, names: &[Name]) -> Doc<'t> {
        self.commas(names, |printer, name| printer.name(name))
    }

    /// With a comma between two, as many on a line as there is room for.
    pub(super) fn commas<T>(&mut self, things: &[T], mut thing: impl FnMut(&mut Self, &T) -> Doc<'t>) -> Doc<'t> {
        let mut parts = Vec::new();
        for (index, one) in things.iter().enumerate() {
            let one = if index > 0 {
                let comma = self.word(",");
                parts.push(comma);
                Doc::group(vec![Doc::Line, thing(self, one)])
            } else {
                thing(self, one)
            };
            parts.push(one);
        }
        Doc::All(parts)
    }
}

/// Whether an item has lines of its own, and is no line among others.
fn has_lines(item: &Item) -> bool {
    match item {
        Item::Audience(_) | Item::Event(_) | Item::Identity(_) => true,
        Item::Destination(destination) => !destination.settings.is_empty(),
        Item::Category(_) | Item::Enforcement(_) | Item::Trait(_) | Item::Computed(_) => false,
    }
}

/// Whether a condition ends with a bracket that goes back to where the line began.
fn is_enclosed(condition: &Condition) -> bool {
    match &condition.kind {
        ConditionKind::Brackets(_) | ConditionKind::Any { .. } | ConditionKind::Users { .. } => true,
        ConditionKind::Not(inner) => is_enclosed(inner),
        _ => false,
    }
}
