//! `identity { … }`.

use super::doc::Doc;
use super::word::Printer;
use crate::syntax::ast::{Identifier, Identity, Period, Root, Source, Text};

/// A line of the block.
enum Line<'a> {
    Identifier(&'a Identifier),
    Blocked(&'a [Text]),
}

impl<'t> Printer<'t> {
    pub(super) fn identity(&mut self, identity: &Identity) -> Doc<'t> {
        let header = self.word("identity");
        let mut lines: Vec<Line<'_>> = identity.identifiers.iter().map(Line::Identifier).collect();
        if !identity.blocked.is_empty() {
            lines.push(Line::Blocked(&identity.blocked));
        }
        let block = self.block(&lines, |printer, line| match line {
            Line::Identifier(identifier) => printer.identifier(identifier),
            Line::Blocked(values) => {
                let word = printer.word("block");
                let values = printer.commas(values, |printer, value| printer.string(value));
                Doc::nest(2, vec![word, Doc::Space, values])
            }
        });
        Doc::All(vec![header, block])
    }

    fn identifier(&mut self, identifier: &Identifier) -> Doc<'t> {
        let mut parts = vec![self.name(&identifier.name)];
        if !identifier.from.is_empty() {
            parts.extend([Doc::Space, self.word("from"), Doc::Space]);
            parts.push(self.commas(&identifier.from, |printer, source| printer.source(source)));
        }
        parts.extend([Doc::Space, self.word("limit")]);
        parts.extend([Doc::Space, self.word(identifier.limit.value.to_string())]);
        let period = match identifier.period {
            Period::Ever => None,
            Period::Week => Some("per week"),
            Period::Month => Some("per month"),
            Period::Year => Some("per year"),
        };
        if let Some(words) = period {
            parts.extend([Doc::Space, self.words(words)]);
        }
        Doc::nest(2, parts)
    }

    fn source(&mut self, source: &Source) -> Doc<'t> {
        // Behind a dot every word is a name.
        let (path, count) = self.keys_text(Root::Event, &source.keys, 2);
        let text = format!("{}.{path}", source.root.as_str());
        Doc::All(vec![self.bare_word(text, count + 2), self.behind()])
    }
}
