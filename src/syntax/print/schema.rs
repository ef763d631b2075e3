//! Schemas and computed traits.

use super::doc::Doc;
use super::word::Printer;
use crate::syntax::ast::{ComputedTrait, ElementType, EventSchema, PropertySchema, Root, TraitSchema, Type};

impl<'t> Printer<'t> {
    pub(super) fn event_schema(&mut self, schema: &EventSchema) -> Doc<'t> {
        let header = Doc::nest(4, vec![self.word("event"), Doc::Space, self.string(&schema.name)]);
        let mut left = schema.properties.len();
        let block = self.block(&schema.properties, |printer, property| {
            left = left.saturating_sub(1);
            printer.property_schema(property, left == 0)
        });
        Doc::All(vec![header, block])
    }

    /// Each property ends with a comma, so that adding one changes one line.
    fn property_schema(&mut self, property: &PropertySchema, last: bool) -> Doc<'t> {
        let path = self.path(&property.path);
        let mut parts = vec![path, self.word(":"), Doc::Space, self.value_type(&property.kind, last)];
        if !last {
            parts.push(self.word(","));
        }
        Doc::nest(2, parts)
    }

    pub(super) fn trait_schema(&mut self, schema: &TraitSchema) -> Doc<'t> {
        let words = match schema.path.root {
            Root::AccountTrait => "account trait",
            _ => "trait",
        };
        let words = self.words(words);
        let path = self.path(&schema.path);
        let parts = vec![words, Doc::Space, path, self.word(":"), Doc::Space];
        let kind = self.value_type(&schema.kind, false);
        Doc::nest(4, parts.into_iter().chain([kind]).collect())
    }

    /// `ends`: with a comma that the text need not have.
    fn value_type(&mut self, kind: &Type, ends: bool) -> Doc<'t> {
        let mut parts = Vec::new();
        for _ in 0..kind.lists {
            parts.extend([self.words("list of"), Doc::Space]);
        }
        let word = match &kind.element {
            ElementType::String => "string",
            ElementType::Number => "number",
            ElementType::Boolean => "boolean",
            ElementType::Timestamp => "timestamp",
            ElementType::OneOf(values) => {
                parts.extend([self.words("one of"), Doc::Space, self.list(values)]);
                if ends {
                    parts.push(Doc::text(","));
                }
                return Doc::All(parts);
            }
        };
        if ends {
            // Before the comment behind the word, which goes on to the end of the line.
            let word = self.bare_word(format!("{word},"), 1);
            parts.extend([word, self.behind()]);
        } else {
            parts.push(self.word(word));
        }
        Doc::All(parts)
    }

    pub(super) fn computed_trait(&mut self, computed: &ComputedTrait) -> Doc<'t> {
        let mut parts = vec![
            self.words(computed.of.trait_keyword()),
            Doc::Space,
            self.name(&computed.name),
        ];
        if let Some(label) = &computed.label {
            parts.extend([Doc::Space, self.string(label)]);
        }
        parts.extend([Doc::Space, self.word("="), Doc::Space]);
        parts.extend([self.words(computed.function.as_str()), Doc::Space, self.word("of")]);
        if let Some(property) = &computed.property {
            parts.extend([Doc::Space, self.path(property), Doc::Space, self.word("from")]);
        }
        parts.extend([Doc::Space, self.string(&computed.event)]);
        parts.push(self.modifiers(&computed.modifiers, 0));
        Doc::nest(4, parts)
    }
}
